"""Branches whose rules require signed commits: the forge creates and signs the commit."""

from collections.abc import Callable
from typing import Any

from bot.adapters.forges.new_commit import FileChange, NewCommit
from bot.adapters.git import trees
from bot.adapters.git.errors import SignaturesRequiredError
from bot.adapters.git.objects import read_blobs
from bot.adapters.git.repository import GitRepository
from bot.i18n.catalogue import repository as texts
from bot.i18n.language import LocalizedText
from bot.ports.forge import ForgeError
from bot.ports.git import PushRejectedError

_SUBMODULE = "160000"


class SignedRepository(GitRepository):
    """A GitRepository whose commits the forge creates if an unsigned push is rejected.

    `create_commit` returns the sha of the commit, which is then the tip of its new branch. It may raise ForgeError.
    """

    def __init__(self, *arguments: Any, create_commit: Callable[[NewCommit], str], **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        self._create_commit = create_commit

    def push_commit(self, *, branch: str, tree: str, parent: str, message: str, head: str | None = None) -> str:
        try:
            return super().push_commit(branch=branch, tree=tree, parent=parent, message=message, head=head)
        except SignaturesRequiredError:
            pass
        base_tree, new_tree = (str(self.tree_id(revision, "")) for revision in (parent, tree))
        try:
            changes = self._changes(parent, tree)
            return self._create_commit(NewCommit(branch, parent, base_tree, new_tree, message, changes))
        except ForgeError as error:
            raise PushRejectedError(error.text) from error
        except UnicodeDecodeError as error:
            raise PushRejectedError(LocalizedText(texts.NOT_UTF8, url=self.url)) from error

    def _changes(self, parent: str, tree: str) -> tuple[FileChange, ...]:
        changes = trees.changes(self._mirror, parent, tree)
        files = [change.sha for change in changes if change.status != "D" and change.mode != _SUBMODULE]
        contents = read_blobs(self._mirror, files)
        return tuple(
            FileChange(change.path, change.old_mode)
            if change.status == "D"
            else FileChange(change.path, change.mode, submodule=change.sha)
            if change.mode == _SUBMODULE
            else FileChange(change.path, change.mode, contents[change.sha])
            for change in changes
        )

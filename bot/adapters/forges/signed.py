"""Branches whose rules want signed commits: the forge makes the commit then, and signs it."""

from collections.abc import Callable
from typing import Any

from bot.adapters.forges.forge import Change, NewCommit
from bot.adapters.git.repository import GitRepository, SignaturesRequiredError
from bot.i18n.catalogue import repository as texts
from bot.i18n.language import LocalizedText
from bot.ports.forge import ForgeError
from bot.ports.git import PushRejectedError

_SUBMODULE = "160000"


class SignedRepository(GitRepository):
    """A GitRepository whose commits the forge makes where a push is refused unsigned.

    `make` gives the sha of the commit, which then is the tip of its new branch. ForgeError.
    """

    def __init__(self, *arguments: Any, make: Callable[[NewCommit], str], **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._make_commit = make

    def push_commit(self, *, branch: str, tree: str, parent: str, message: str) -> str:
        try:
            return super().push_commit(branch=branch, tree=tree, parent=parent, message=message)
        except SignaturesRequiredError:
            pass
        trees = [self.tree_id(revision, "") for revision in (parent, tree)]
        try:
            changes = self._changes(parent, tree)
            return self._make_commit(NewCommit(branch, parent, str(trees[0]), str(trees[1]), message, changes))
        except ForgeError as error:
            raise PushRejectedError(str(error)) from error
        except UnicodeDecodeError as error:
            raise PushRejectedError(LocalizedText(texts.NOT_UTF8, url=self.url)) from error

    def _changes(self, parent: str, tree: str) -> tuple[Change, ...]:
        argv = ("diff-tree", "-r", "-z", "--raw", "--no-renames", "--no-abbrev", "--no-commit-id", "--end-of-options")
        fields = iter(self._git(*argv, parent, tree).stdout.split(b"\0")[:-1])
        # ":old-mode new-mode old-id new-id letter", then the path: git-diff-tree(1), RAW OUTPUT FORMAT
        told = [
            (*header.decode().lstrip(":").split(), path.decode()) for header, path in zip(fields, fields, strict=True)
        ]
        blobs = self._blobs([new for _, mode, _, new, letter, _ in told if letter != "D" and mode != _SUBMODULE])
        return tuple(
            Change(path, old_mode)
            if letter == "D"
            else Change(path, mode, submodule=new)
            if mode == _SUBMODULE
            else Change(path, mode, blobs[new])
            for old_mode, mode, _, new, letter, path in told
        )

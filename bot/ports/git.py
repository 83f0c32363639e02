"""Git: one repository, read at exact commits, and branches pushed to it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from bot.core.git.commit import Commit
from bot.core.git.target_revision import ResolvedRevision
from bot.ports.errors import PortError


class RepositoryError(PortError):
    """Git could not answer: unreachable, refused, not a repository, unknown branch."""


class RevisionNotFoundError(RepositoryError):
    """No such commit, or not one commit: `candidates` lists several that a prefix could mean."""

    def __init__(self, message: str, candidates: Sequence[Commit] = ()) -> None:
        super().__init__(message)
        self.candidates = tuple(candidates)


class PushRejectedError(RepositoryError):
    """The remote refused the push (branch exists, protected, no permission)."""


@dataclass(frozen=True, slots=True)
class File:
    """One blob of a tree: path from the repository's root, and its bytes."""

    path: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Merged:
    """A three-way merge of trees: `tree` is the result's id; with `conflicts` (paths) it must not be used.

    `kinds` stands beside `conflicts`: what kind each is in git's words ("contents", "modify/delete", "binary").
    """

    tree: str
    conflicts: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()


class Repository(Protocol):
    """One repository's bare mirror, read at exact commits. Revisions are full shas unless a method says otherwise."""

    name: str

    @property
    def branch(self) -> str:
        """The name of what is tracked: the branch, or that of `resolved_revision`. RepositoryError."""
        ...

    @property
    def is_branch(self) -> bool:
        """Whether one branch is tracked, by its name, and not a tag, a commit or the newest of several."""
        ...

    def fetch(self) -> str:
        """Bring the mirror up to date; the sha of what is tracked. RepositoryError when the remote is silent."""
        ...

    def head(self) -> str:
        """The sha of what is tracked as last fetched; fetches when nothing was fetched yet."""
        ...

    def resolved_revision(self) -> ResolvedRevision:
        """The branch, tag or commit that the tracked revision stands for, as last fetched. RepositoryError."""
        ...

    def tip(self, branch: str) -> str | None:
        """The sha of any branch as last fetched; None when there is none."""
        ...

    def resolve(self, text: str) -> Commit:
        """A full or abbreviated sha (7 to 64 hex digits) as one commit.

        By object name alone: a branch of that name does not win. Fetches once when it is unknown.
        RevisionNotFoundError when there is none, several, or no commit of that name.
        """
        ...

    def commit(self, sha: str) -> Commit:
        """The commit of a full sha. RevisionNotFoundError."""
        ...

    def is_ancestor(self, sha: str, of: str) -> bool:
        """Whether `sha` is reachable from `of`."""
        ...

    def first_parent(self, since: str | None, until: str, *, path: str | None = None, limit: int = 100) -> list[Commit]:
        """First-parent commits of since..until (newest first); with `path` only those that changed it."""
        ...

    def commits(self, since: str | None, until: str, *, limit: int = 100) -> list[Commit]:
        """All commits of since..until, not those on the first-parent line alone (newest first)."""
        ...

    def tree_id(self, revision: str, path: str) -> str | None:
        """The id of the tree or blob at `path` ("" or "." is the root); None when there is nothing at that path.

        `revision` may be a tree too, such as that of a merge.
        """
        ...

    def tree_ids(self, revision: str, paths: Sequence[str]) -> list[str | None]:
        """The same of many paths at once, in their order."""
        ...

    def files(self, revision: str, path: str) -> list[File]:
        """Every regular file below `path`, no symlinks or submodules. RepositoryError when there is no such path."""
        ...

    def files_of(self, revision: str, paths: Sequence[str]) -> Iterator[list[File] | None]:
        """The same of many paths, in their order and read as they are asked for, with few gits.

        None where there is none, or `files` says why it does not read them. RepositoryError when no path can be read.
        """
        ...

    def changed_paths(self, base: str | None, revision: str) -> list[str]:
        """Paths that differ between two commits or trees; with base None those of a root commit."""
        ...

    def merge_trees(self, base: str, ours: str, theirs: str) -> Merged:
        """A three-way merge of the trees of three commits, leaving the mirror untouched."""
        ...

    def fetch_commit(self, sha: str) -> bool:
        """Whether this commit is at hand, asking the remote for it by its name if need be: no branch may hold it.

        False when the remote has it no more, or does not give it.
        """
        ...

    def merge(self, ours: str, theirs: str) -> Merged:
        """What merging two commits at hand gives, as `git merge` has it; the mirror is left untouched."""
        ...

    def edited_tree(self, revision: str, files: Mapping[str, bytes | None]) -> str:
        """The id of a commit's tree with these files (paths from the root) written anew, or taken out where None.

        A file keeps its mode. The mirror is left untouched, as by `merge_trees`.
        """
        ...

    def push_commit(self, *, branch: str, tree: str, parent: str, message: str) -> str:
        """Create a commit of `tree` on `parent` and push it as a new branch `gitops-bot/…`; the commit's sha.

        PushRejectedError when the branch already exists there or the remote refuses it.
        """
        ...

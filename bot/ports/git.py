"""Git: one repository, read at exact commits, and branches pushed to it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from bot.core.git.commit import Commit
from bot.core.git.target_revision import ResolvedRevision
from bot.i18n.language import Text
from bot.ports.errors import PortError


class RepositoryError(PortError):
    """Git failed: unreachable, rejected, not a repository, or an unknown branch."""


class RevisionNotFoundError(RepositoryError):
    """There is no such commit, or the prefix is ambiguous: `candidates` lists the matching commits."""

    def __init__(self, text: Text, candidates: Sequence[Commit] = ()) -> None:
        super().__init__(text)
        self.candidates = tuple(candidates)


class PushRejectedError(RepositoryError):
    """The remote rejected the push: the branch exists or is protected, or the bot lacks the permission."""


class UnreadablePathError(RepositoryError):
    """A path is missing, too large to read, or outside of the repository; the same commit will fail again."""


class LimitExceededError(RepositoryError):
    """Git needs more CPU time, memory, or output than it may use; it would again."""


class OutputTooLargeError(UnreadablePathError, LimitExceededError):
    """Git printed too much, such as a list of more files than any application has; it would again."""


@dataclass(frozen=True, slots=True)
class File:
    """One blob of a tree: its path from the repository's root, and its bytes."""

    path: str
    content: bytes


@dataclass(frozen=True, slots=True)
class LinkedFiles:
    """Files behind the symbolic `links` in a tree, by their paths through these links.

    `targets` are the paths that the links lead to, including links on the way. `broken` are the links that are
    dangling, circular, or lead out of the tree; those in `dangling` lead to a missing path in the tree.
    """

    files: tuple[File, ...] = ()
    links: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    broken: tuple[str, ...] = ()
    dangling: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LinksBelow:
    """The paths of symbolic links, and of submodules, whose files are in other repositories. Both are sorted."""

    links: tuple[str, ...] = ()
    submodules: tuple[str, ...] = ()


class Links(Protocol):
    """The symbolic links and submodules of one commit or tree.

    Each method reads only the directories above the path, and `below` also those in it, so what another path contains
    never keeps this one from being read. Each raises RepositoryError.
    """

    def target(self, path: str) -> str | None:
        """The target of the symbolic link at `path`, as stored; None if there is no link, or it is behind another."""
        ...

    def submodule(self, path: str) -> str | None:
        """The submodule at or above `path`."""
        ...

    def below(self, path: str) -> LinksBelow:
        """All of them in the directory at `path` ("" is the root); none if there is no directory."""
        ...


@dataclass(frozen=True, slots=True)
class Merged:
    """A three-way merge of trees: `tree` is the result's id; with `conflicts` (paths), it must not be committed.

    The conflicts are the paths that `git status` lists as unmerged. `kinds` has git's name for each, in the same order:
    "content", "modify/delete", "add/add".
    """

    tree: str
    conflicts: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()


class Repository(Protocol):
    """One repository's bare mirror, read at exact commits. Revisions are full shas unless noted otherwise."""

    name: str
    url: str  # without credentials

    @property
    def branch(self) -> str:
        """The name of the tracked branch, or of `resolved_revision`. Raises RepositoryError."""
        ...

    @property
    def is_branch(self) -> bool:
        """Whether one branch is tracked by name, and not a tag, a commit or the newest of several branches."""
        ...

    def fetch(self) -> str:
        """Update the mirror, and return the tracked sha. Raises RepositoryError."""
        ...

    def update_mirror(self) -> None:
        """Update the mirror, even if it then lacks the tracked revision. Raises RepositoryError.

        If a branch or tag makes that fail, later calls of `fetched_revision` and `tip` fetch only what they return.
        """
        ...

    def fetched_revision(self) -> ResolvedRevision:
        """The branch, tag or commit that is tracked, after `update_mirror`. Raises RepositoryError."""
        ...

    def fetch_if_moved(self) -> str:
        """Like `fetch`, but only if the tracked branch has moved since the last fetch. Raises RepositoryError."""
        ...

    def head(self) -> str:
        """The tracked sha as of the last fetch. Fetches if there was none."""
        ...

    def resolved_revision(self) -> ResolvedRevision:
        """The branch, tag or commit that is tracked, as of the last fetch. Fetches if there was none.

        Raises RepositoryError.
        """
        ...

    def known_revision(self) -> ResolvedRevision | None:
        """Like `resolved_revision`, but never fetches: None if the mirror doesn't have it. Raises RepositoryError."""
        ...

    def tip(self, branch: str) -> str | None:
        """The sha of any branch, as of the last fetch; None if it does not exist. Raises RepositoryError."""
        ...

    def has_branch(self, branch: str) -> bool:
        """Whether a branch exists, as of the last fetch, even if it can't be fetched. Raises RepositoryError."""
        ...

    def has_branches_under(self, branch: str) -> bool:
        """Whether there are branches `branch/…`, as of the last fetch; git then can't create one named `branch`."""
        ...

    def resolve(self, text: str) -> Commit:
        """The commit of a full or abbreviated sha (7 to 64 hex digits).

        Only object names count, even if a branch has the same name. Of several commits, those that are reachable from
        the tracked one count. Fetches once if the sha is unknown. Raises RevisionNotFoundError if there is no match,
        several commits, or an object that is not a commit.
        """
        ...

    def commit(self, sha: str) -> Commit:
        """The commit of a full sha. Raises RevisionNotFoundError."""
        ...

    def read_commits(self, shas: Sequence[str]) -> list[Commit]:
        """The commits of full shas, in any order. Raises RevisionNotFoundError."""
        ...

    def is_ancestor(self, sha: str, of: str) -> bool:
        """Whether `sha` is reachable from `of`."""
        ...

    def merge_base(self, one: str, other: str) -> str | None:
        """The best common ancestor of two commits; None for unrelated histories."""
        ...

    def first_parent(self, since: str | None, until: str, *, path: str | None = None, limit: int = 100) -> list[Commit]:
        """First-parent commits of since..until (newest first); with `path`, only those that changed it."""
        ...

    def mainline(self, since: str, until: str, *, limit: int) -> list[tuple[str | None, Commit]]:
        """The commits that moved a branch from `since` to `until`, newest first, each after what the branch had before.

        That is its first parent, unless only another one contains `since`: someone merged the branch into another one,
        and then set it to the result. If `until` doesn't contain `since`, it is always the first parent.
        """
        ...

    def changes(self, since: str, until: str, *, limit: int) -> list[tuple[str, list[str]]]:
        """The shas of the first-parent commits of since..until (newest first), and the paths that each changed."""
        ...

    def differs(self, one: str | None, other: str, paths: Sequence[str]) -> bool:
        """Whether two commits differ at any of these paths; None is an empty tree. Links are not followed."""
        ...

    def commits(self, since: str | None, until: str, *, limit: int = 100) -> list[Commit]:
        """All commits of since..until, including those from merges (newest first)."""
        ...

    def tree_id(self, revision: str, path: str) -> str | None:
        """The id of the tree or blob at `path` ("" or "." is the root); None if there is none.

        `revision` may also be a tree, such as the result of a merge.
        """
        ...

    def tree_ids(self, revision: str, paths: Sequence[str]) -> list[str | None]:
        """`tree_id` for many paths at once, in their order."""
        ...

    def files(self, revision: str, path: str) -> list[File]:
        """The regular files below `path`, without symlinks and submodules. Raises RepositoryError if it is missing."""
        ...

    def links(self, revision: str) -> Links:
        """The symbolic links and submodules of a commit or tree. Raises RepositoryError."""
        ...

    def files_of(
        self, revision: str, paths: Sequence[str], *, most_bytes: int | None = None
    ) -> Iterator[list[File] | None]:
        """`files` for many paths, in their order, read lazily with few git processes.

        None for a path that does not exist, that `files` rejects, or whose files have more than `most_bytes` together.
        Raises RepositoryError if nothing can be read.
        """
        ...

    def changed_paths(self, base: str | None, revision: str) -> list[str]:
        """Paths that differ between two commits or trees; if base is None, all paths."""
        ...

    def merge_trees(self, base: str, ours: str, theirs: str) -> Merged:
        """A three-way merge of the trees of three commits. The mirror does not change.

        Raises LimitExceededError if it is too large to compute, such as with thousands of renames.
        """
        ...

    def fetch_commit(self, sha: str) -> bool:
        """Make a commit available, even if no branch contains it. Returns whether that succeeded.

        Fetches it by sha if needed. False if the remote no longer has it or does not serve it.
        """
        ...

    def merge(self, ours: str, theirs: str, *, follow_directories: bool = True) -> Merged:
        """The result of `git merge` for two available commits. The mirror does not change.

        With `follow_directories`, a new file in a directory that the other side renamed is a conflict. Conflicts
        aren't listed: they are reported as one in `.`. Raises LimitExceededError as above; that is remembered.
        """
        ...

    def edited_tree(self, revision: str, files: Mapping[str, bytes | None]) -> str:
        """The id of a commit's tree with these files (by path from the root) replaced, or removed if None.

        Files keep their modes. The mirror does not change.
        """
        ...

    def push_commit(self, *, branch: str, tree: str, parent: str, message: str, head: str | None = None) -> str:
        """Create a commit of `tree` on `parent`, push it as a new branch `gitops-bot/…`, and return its sha.

        Raises PushRejectedError if the branch exists, if the tracked branch is no longer at `head` (default: `parent`),
        or if the remote rejects the push.
        """
        ...

"""A commit to create through a forge's API when a push is rejected."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FileChange:
    """One path: its git mode, and its content or submodule commit. A removed path has neither."""

    path: str
    mode: str
    content: bytes | None = None
    submodule: str | None = None


@dataclass(frozen=True, slots=True)
class NewCommit:
    """A commit on a new branch: the changes turn `base_tree` into `tree`, both tree ids."""

    branch: str
    parent: str
    base_tree: str
    tree: str
    message: str
    changes: tuple[FileChange, ...]

"""Remote bases of kustomizations: directories in mirrors of other git repositories, and files over HTTPS."""

from typing import Protocol

from bot.core.rendering.remote_base import RemoteBase
from bot.core.rendering.remote_file import RemoteFile
from bot.ports.git import Repository, RepositoryError


class BaseUnavailableError(RepositoryError):
    """A base or file cannot be fetched, which may last."""


class LastingBaseError(BaseUnavailableError):
    """There is no such branch, tag, commit or file, or it is too large; it would fail again."""


class Bases(Protocol):
    """Mirrors the repositories of bases, and downloads files, only from allowed locations. Thread-safe."""

    def is_allowed(self, base: RemoteBase | RemoteFile) -> bool:
        """Whether the operator allows the bot to fetch this base or file."""
        ...

    def repository(self, base: RemoteBase) -> Repository:
        """The mirror of the base's repository."""
        ...

    def revision(self, base: RemoteBase) -> str:
        """The full sha that the base's ref resolves to. Fetches, unless it did so recently. Raises RepositoryError."""
        ...

    def content(self, file: RemoteFile) -> bytes:
        """The file's content. Downloads it, unless it did so recently or it is pinned. Raises RepositoryError."""
        ...

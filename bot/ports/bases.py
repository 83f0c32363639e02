"""Remote bases of kustomizations: directories in other git repositories, which are mirrored, and files over HTTPS."""

from typing import Protocol

from bot.core.rendering.remote_base import RemoteBase
from bot.core.rendering.remote_file import RemoteFile
from bot.ports.git import Repository


class Bases(Protocol):
    """Mirrors the repositories of bases, and downloads files, from allowed places only. Any thread may call."""

    def is_allowed(self, base: RemoteBase | RemoteFile) -> bool:
        """Whether the operator allows the bot to fetch this base or file."""
        ...

    def repository(self, base: RemoteBase) -> Repository:
        """The mirror of the base's repository."""
        ...

    def revision(self, base: RemoteBase) -> str:
        """The full sha that the base's ref resolves to; fetches unless it did so recently. RepositoryError."""
        ...

    def content(self, file: RemoteFile) -> bytes:
        """What is at the file's URL; downloads unless it did so recently, or the file is pinned. RepositoryError."""
        ...

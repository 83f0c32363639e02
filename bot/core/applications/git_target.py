"""What a deployer's resource deploys from git, and where to."""

from dataclasses import dataclass
from typing import Self

from bot.core.git.git_url import normalize
from bot.core.rendering.source import normalize_path


@dataclass(frozen=True, slots=True)
class GitTarget:
    """A path in the repository at a normalized URL, and the namespace that it is deployed to.

    `namespace` is "" if each manifest names its own.
    """

    url: str
    path: str
    namespace: str

    @classmethod
    def of(cls, url: str, path: str, namespace: str) -> Self:
        """The target of a URL and path, however they are written."""
        return cls(normalize(url), normalize_path(path), namespace)

"""A kustomization's reference to a file at an HTTPS URL."""

import hashlib
import re
from dataclasses import dataclass
from typing import Final, Self
from urllib.parse import unquote, urlsplit

from bot.core.rendering.remote_base import FILE_EXTENSIONS, MOUNTS

_FULL_SHA: Final = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """The file at a URL with TLS and without credentials."""

    url: str

    @classmethod
    def parse(cls, entry: str) -> Self | None:
        """The file that an entry of `resources` names; None for anything else."""
        url = entry.strip()
        is_file = (location_of(url) or "").endswith(FILE_EXTENSIONS)
        return cls(url) if is_file else None

    @property
    def is_pinned(self) -> bool:
        """Whether the URL contains a full commit sha, so that its content does not change."""
        return any(_FULL_SHA.fullmatch(part) for part in urlsplit(self.url).path.split("/"))

    @property
    def location(self) -> str:
        """The URL as `host/path` in lower case, for an allow-list and for people."""
        return location_of(self.url) or ""

    @property
    def title(self) -> str:
        """The file to show, without the query, which may contain a token."""
        return self.url.partition("?")[0]

    @property
    def root(self) -> str:
        """Where the file is mounted: a directory with a kustomization, the only place Kustomize loads files from."""
        digest = hashlib.sha256(self.url.encode()).hexdigest()[:16]
        return f"{MOUNTS}/{re.sub(r'[^a-z0-9.]+', '-', self.location)[:60]}-{digest}"

    @property
    def mount(self) -> str:
        """The path that replaces the URL."""
        return self.root


def location_of(url: str) -> str | None:
    """A URL as `host/path` in lower case; None without TLS, with credentials, or with a path that leads upward."""
    try:
        parts = urlsplit(url)
        path = unquote(parts.path)
        is_plain = parts.hostname and not parts.username and not parts.password and not parts.fragment
    except ValueError:
        return None
    if parts.scheme != "https" or not is_plain or not url.isprintable() or " " in url:
        return None
    if "\\" in parts.netloc + path or not path.isprintable() or any(part in (".", "..") for part in path.split("/")):
        return None
    return f"{parts.netloc}{path}".lower()

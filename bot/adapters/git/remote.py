"""Validates and parses the URLs given to git."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Self
from urllib.parse import SplitResult, unquote, urlsplit

from bot.adapters.git.credential import Credential
from bot.i18n.catalogue import repository as texts
from bot.i18n.language import LocalizedText
from bot.ports.git import RepositoryError

_HTTP = ("http", "https")
_SCP_LIKE = re.compile(r"(?:[\w.-]+@)?[\w.-]+:(?!/?/)\S+", re.ASCII)


@dataclass(frozen=True, slots=True)
class Remote:
    """A repository to fetch from and push to. `url` is without the `credential` that it may have contained.

    `scheme` is file, http, https or ssh.
    """

    url: str
    scheme: str
    credential: Credential | None = None

    @classmethod
    def parse(cls, url: str) -> Self:
        """Parse a URL that git accepts, or a local path. Raises RepositoryError, without the URL, for others."""
        invalid = RepositoryError(LocalizedText(texts.BAD_URL))
        if not url or url.startswith("-") or not url.isprintable() or "::" in url:
            raise invalid
        if "://" not in url:
            if not url.startswith(("/", ".")) and _SCP_LIKE.fullmatch(url):
                return cls(url, "ssh")
            return cls(str(Path(url).absolute()), "file")
        parts = _parse(url)
        if parts is None:
            raise invalid
        if parts.scheme not in _HTTP:
            if parts.password is not None:
                raise RepositoryError(LocalizedText(texts.PASSWORD_IN_URL))
            return cls(url, parts.scheme)
        if parts.query or parts.fragment or "@" in parts.path:  # it may be part of a password
            raise RepositoryError(LocalizedText(texts.PLAIN_PATH))
        userinfo, _, host = parts.netloc.rpartition("@")
        return cls(parts._replace(netloc=host).geturl(), parts.scheme, _credential(unquote(userinfo)))

    @property
    def is_http(self) -> bool:
        """Whether git authenticates with a header."""
        return self.scheme in _HTTP

    @property
    def origin(self) -> str:
        """Scheme, host and port: git sends a header set for this URL only there."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc}/"


def _parse(url: str) -> SplitResult | None:
    """The parts of a URL with an allowed scheme; None for any other."""
    try:
        parts = urlsplit(url)
        _ = parts.port  # ValueError unless it is a number
    except ValueError:
        return None
    is_remote = parts.scheme in (*_HTTP, "ssh") and bool(parts.hostname)
    return parts if is_remote or parts.scheme == "file" else None


def _credential(userinfo: str) -> Credential | None:
    if not userinfo:
        return None
    user, _, password = userinfo.partition(":")
    # Forges accept any user name with a token.
    return Credential(password or user, user if password else "x-access-token")

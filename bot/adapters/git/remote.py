"""Which URLs git may be given, and what is in one."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Self
from urllib.parse import unquote, urlsplit

from bot.adapters.git.credential import Credential
from bot.i18n.catalogue import repository as texts
from bot.i18n.language import LocalizedText
from bot.ports.git import RepositoryError

_HTTP = {"http": "http:https", "https": "https"}  # a redirect may lead to https, never away from it
_PROTOCOLS = {"file": "file", "ssh": "ssh", **_HTTP}
_SCP_LIKE = re.compile(r"(?:[\w.-]+@)?[\w.-]+:(?!/?/)\S+", re.ASCII)


@dataclass(frozen=True, slots=True)
class Remote:
    """A repository to fetch from and push to: `url` is without the `credential` that may have been in it.

    `scheme` is file, http, https or ssh.
    """

    url: str
    scheme: str
    credential: Credential | None = None

    @classmethod
    def parse(cls, url: str) -> Self:
        """Parse any URL that git accepts, or a local path. RepositoryError, which never repeats the URL, for others."""
        invalid = RepositoryError(LocalizedText(texts.BAD_URL))
        if not url or url.startswith("-") or not url.isprintable() or "::" in url:
            raise invalid
        if "://" not in url:
            if not url.startswith(("/", ".")) and _SCP_LIKE.fullmatch(url):
                return cls(url, "ssh")
            return cls(str(Path(url).absolute()), "file")
        parts = urlsplit(url)
        if parts.scheme not in _PROTOCOLS or (parts.scheme != "file" and not parts.hostname):
            raise invalid
        if parts.scheme in _HTTP and "@" in parts.netloc:
            userinfo, _, host = parts.netloc.rpartition("@")
            return cls(parts._replace(netloc=host).geturl(), parts.scheme, _credential(unquote(userinfo)))
        if parts.password is not None:
            raise RepositoryError(LocalizedText(texts.PASSWORD_IN_URL))
        return cls(url, parts.scheme)

    @property
    def is_http(self) -> bool:
        """Whether git authenticates there with a header."""
        return self.scheme in _HTTP

    @property
    def allowed_protocols(self) -> str:
        """The value of GIT_ALLOW_PROTOCOL."""
        return _PROTOCOLS[self.scheme]

    @property
    def origin(self) -> str:
        """Scheme, host and port: git sends a header set for this URL to no other host."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc}/"


def _credential(userinfo: str) -> Credential | None:
    if not userinfo:
        return None
    user, _, password = userinfo.partition(":")
    # Forges accept any user name with a token.
    return Credential(password or user, user if password else "x-access-token")

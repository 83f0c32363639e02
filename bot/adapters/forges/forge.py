"""What the adapters of all forges share: how long they wait, and what a refusal means in words for people."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from bot.i18n.catalogue import forge as texts
from bot.i18n.language import LocalizedText
from bot.ports.forge import ForgeError

SECONDS = 15  # one answer may take so long
PAGE = 100  # the most that `open_pull_requests` gives
MOST_PULLS = 1000  # looked through for a prefix, so that a busy repository does not eat the rate limit
NO_SHA = "0" * 40

# The libraries' own retries sleep in the thread until a rate limit is over, and take a Retry-After of any length.
# Here a rate limit is an answer at once, with the time to come back. A POST is repeated too: see create_pull.
RETRY = Retry(
    total=3,
    backoff_factor=0.2,
    status_forcelist={500, 502, 503, 504},
    allowed_methods={"GET", "POST"},
    respect_retry_after_header=False,
    raise_on_status=False,
)

_ARCHIVED = re.compile(r"\barchived\b", re.IGNORECASE)


def session() -> requests.Session:
    """An HTTP session with these retries; one for each thread."""
    made = requests.Session()
    for scheme in ("https://", "http://"):
        made.mount(scheme, HTTPAdapter(max_retries=RETRY))
    return made


@dataclass(frozen=True, slots=True)
class Probe:
    """One thing the bot must be able to do, whether it can, and if not, what to do about it."""

    what: str
    ok: bool
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """One path of a commit: its git mode, and its content, or a submodule's commit; what is removed has neither."""

    path: str
    mode: str
    content: bytes | None = None
    submodule: str | None = None


@dataclass(frozen=True, slots=True)
class NewCommit:
    """A commit for the forge to make, on a new branch: `tree` is what the changes make of `base_tree`, by their ids."""

    branch: str
    parent: str
    base_tree: str
    tree: str
    message: str
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer that is not the one asked for: `headers` by lower-case name, `said` are the forge's own words."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    said: str = ""

    @classmethod
    def of(cls, status: int | None, headers: Mapping[str, str] | None, said: object) -> "Refusal":
        """The same, as libraries tell it."""
        lowered = {name.lower(): value for name, value in (headers or {}).items()}
        return cls(status or 0, lowered, " ".join(str(said or "").split())[:200].rstrip("."))


@dataclass(frozen=True, slots=True)
class ForgeErrorMapper:
    """Says in one sentence what a forge's refusal means, and what to do about it.

    `forge` is its name, `repository` its repository's, `address` the form of an api_url, `token_name` what people set
    the token by.
    """

    forge: str
    repository: str
    api_url: str
    address: str
    token_name: str

    def no_token(self) -> ForgeError:
        """There is no token to ask with."""
        return ForgeError(LocalizedText(texts.NO_TOKEN, variable=self.token_name, repository=self.repository))

    def silent(self) -> ForgeError:
        """Nobody answers."""
        return ForgeError(LocalizedText(texts.SILENT, forge=self.forge, host=urlsplit(self.api_url).netloc))

    def not_the_api(self) -> ForgeError:
        """Somebody answers, and not as the API does: a login page, a redirect elsewhere."""
        return ForgeError(LocalizedText(texts.NOT_THE_API, url=self.api_url, forge=self.forge, address=self.address))

    def archived(self) -> ForgeError:
        """It can be read and no more."""
        return ForgeError(LocalizedText(texts.ARCHIVED, repository=self.repository, forge=self.forge))

    def refused(self, refusal: Refusal, doing: str, permission: str) -> ForgeError:
        """Any other answer, by its status; `doing` is what was asked for and `permission` what it takes."""
        if _ARCHIVED.search(refusal.said):
            return self.archived()
        status = str(refusal.status)
        detail: str | None = (
            LocalizedText(texts.SAID, repository=self.repository, said=refusal.said) if refusal.said else None
        )
        match refusal.status:
            case 401:
                phrase = texts.BAD_TOKEN
            case 403:
                phrase, detail = texts.FORBIDDEN, detail or self.repository
            case 404:
                phrase = texts.NOT_SHOWN
            case server if server >= 500:
                phrase = texts.BROKEN
            case _:
                phrase = texts.WOULD_NOT
        return ForgeError(
            LocalizedText(
                phrase,
                forge=self.forge,
                repository=self.repository,
                variable=self.token_name,
                doing=doing,
                said=detail or LocalizedText(texts.STATUS, repository=self.repository, status=status),
                permission=permission,
                status=status,
            )
        )

    def limited(self, retry_at: datetime) -> ForgeError:
        """The rate limit is used up until then."""
        return ForgeError(LocalizedText(texts.LIMITED, forge=self.forge, time=f"{retry_at:%H:%M}"), retry_at)


def retry_at(headers: Mapping[str, str], reset: str, now: datetime) -> datetime:
    """When a rate limit lets one in again: `Retry-After` in seconds, else the header `reset` in seconds since 1970.

    A minute from now where the forge names no time, and never later than in a day: then the header is not believed.
    """
    wait, at = headers.get("retry-after", ""), headers.get(reset, "")
    told = now + timedelta(minutes=1)
    if wait.isdigit():
        told = now + timedelta(seconds=min(int(wait), 10**6))
    elif at.isdigit():
        told = datetime.fromtimestamp(min(int(at), 10**11), UTC)
    return min(told, now + timedelta(days=1))

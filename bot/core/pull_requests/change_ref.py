"""The change that a person names after `/gitops revert`, parsed into a closed set of forms.

`str()` of each form gives text that parses to the same change.
"""

import re
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from bot.i18n.catalogue import change_ref as texts
from bot.i18n.language import LocalizedText, Text

MAX_LENGTH = 500  # URLs are long on servers with nested groups


@dataclass(frozen=True, slots=True)
class Sha:
    """One commit, by 7 to 64 lower-case hex digits."""

    digits: str

    def __str__(self) -> str:
        return self.digits


@dataclass(frozen=True, slots=True)
class Latest:
    """The latest commit of the tracked branch at the time of the request."""

    def __str__(self) -> str:
        return "HEAD"


@dataclass(frozen=True, slots=True)
class PullNumber:
    """A pull request, with every commit it brought."""

    number: int

    def __str__(self) -> str:
        return f"#{self.number}"


@dataclass(frozen=True, slots=True)
class Range:
    """`since`..`until` as in git: the commits after `since` up to and including `until`; digits as in Sha."""

    since: str
    until: str

    def __str__(self) -> str:
        return f"{self.since}..{self.until}"


@dataclass(frozen=True, slots=True)
class CommitUrl:
    """A commit's page at `url`, without user, query and fragment. `repository_url` is as that function returns it."""

    repository_url: str
    digits: str
    url: str = field(compare=False)  # different URLs of a commit are the same change

    def __str__(self) -> str:
        return self.url


@dataclass(frozen=True, slots=True)
class PullUrl:
    """A pull request's page; fields as in CommitUrl."""

    repository_url: str
    number: int
    url: str = field(compare=False)

    def __str__(self) -> str:
        return self.url


@dataclass(frozen=True, slots=True)
class InvalidChangeRef:
    """The text does not name a change; `reason` is a sentence with the valid forms."""

    reason: Text


ChangeRef = Sha | Latest | PullNumber | Range | CommitUrl | PullUrl

_NOT_ONE = InvalidChangeRef(LocalizedText(texts.NOT_ONE))
_HEX = "[0-9a-f]{7,64}"
_LATEST = frozenset({"head", "last", "latest"})
_NUMBER = "[1-9][0-9]{0,8}"
# Pages of GitHub, GitLab, Bitbucket Cloud and Data Center. A commit shown inside a pull request is that commit.
_PAGE = re.compile(
    r"(?>(?P<repository>/[\w.~/-]+?)(?:/-)?"
    rf"/(?:(?:pull|pull-requests|merge_requests)/(?P<number>{_NUMBER})|commits?/(?P<digits>{_HEX}))(?![\w-]))"
    rf"(?(number)(?:/commits/(?P<inside>{_HEX})|(?:/[\w-]++)*+))/?",
    re.ASCII | re.IGNORECASE,
)


def parse_change_ref(text: str) -> ChangeRef | InvalidChangeRef:
    """Parse what a person typed. Digits and numbers in the result are ASCII; only a URL may have other characters."""
    typed = text.strip().strip("`")
    if len(typed) > MAX_LENGTH or not typed.isascii() or not typed.isprintable():
        return _NOT_ONE
    if re.fullmatch(r"https?://.*", typed, re.IGNORECASE):
        return _parse_url(typed)
    lowered = typed.lower()
    if lowered in _LATEST:
        return Latest()
    if re.fullmatch(_HEX, lowered):
        return Sha(lowered)
    if re.fullmatch(f"#{_NUMBER}", typed):
        return PullNumber(int(typed[1:]))
    if ends := re.fullmatch(f"({_HEX})\\.\\.({_HEX})", lowered):
        return Range(ends[1], ends[2])
    if re.fullmatch(_NUMBER, typed):
        return InvalidChangeRef(LocalizedText(texts.PERHAPS_PULL, number=typed))
    return _NOT_ONE


def repository_url(page: str) -> str | None:
    """The repository of a commit's or pull request's page, as `host/owner/name` in lower case; None for other pages."""
    parsed = _parse_url(page)
    return None if isinstance(parsed, InvalidChangeRef) else parsed.repository_url


def _parse_url(url: str) -> CommitUrl | PullUrl | InvalidChangeRef:
    try:
        parts = urlsplit(url)
    except ValueError:
        return _NOT_ONE
    page = _PAGE.fullmatch(parts.path)
    if page is None:
        return _NOT_ONE
    host = parts.netloc.rpartition("@")[2]
    repository = f"{host}{page['repository']}".lower()
    page_url = f"{parts.scheme}://{host}{parts.path}"  # a user, a query or a fragment may hold a token
    if digits := page["inside"] or page["digits"]:
        return CommitUrl(repository, digits.lower(), page_url)
    return PullUrl(repository, int(page["number"]), page_url)

"""What people type to name a change, read into a closed set of meanings before anything else sees it."""

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from bot.i18n.catalogue import revision as texts
from bot.i18n.language import LocalizedText

LONGEST = 200


@dataclass(frozen=True, slots=True)
class Sha:
    """One commit by 7 to 64 lower-case hex digits."""

    digits: str


@dataclass(frozen=True, slots=True)
class PullNumber:
    """A pull request, everything it brought."""

    number: int


@dataclass(frozen=True, slots=True)
class Range:
    """`since`..`until` as git means it: what came after `since`, up to and with `until`; digits as in Sha."""

    since: str
    until: str


@dataclass(frozen=True, slots=True)
class CommitUrl:
    """A commit's page; `home` is the repository's place on the forge, as `home_of` gives it."""

    home: str
    digits: str


@dataclass(frozen=True, slots=True)
class PullUrl:
    """A pull request's page; `home` as in CommitUrl."""

    home: str
    number: int


@dataclass(frozen=True, slots=True)
class Unreadable:
    """It names no change: one sentence that says what would."""

    reason: str


ChangeRef = Sha | PullNumber | Range | CommitUrl | PullUrl

_NOT_ONE = Unreadable(LocalizedText(texts.NOT_ONE))
_HEX = "[0-9a-f]{7,64}"
_NUMBER = "[1-9][0-9]{0,8}"
# The pages of GitHub, GitLab, Bitbucket Cloud and Data Center. A commit seen inside a pull request is that commit.
_PAGE = re.compile(
    r"(?P<home>/[\w.~/-]+?)(?:/-)?"
    rf"(?:/(?:pull|pull-requests|merge_requests)/(?P<number>{_NUMBER})(?:/commits/(?P<inside>{_HEX})|(?:/[\w-]+)*)"
    rf"|/commits?/(?P<digits>{_HEX}))/?",
    re.ASCII | re.IGNORECASE,
)


def parse_revision(text: str) -> ChangeRef | Unreadable:
    """Read what was typed behind `/gitops revert`. Nothing but ASCII digits and letters is left in what comes back."""
    typed = text.strip().strip("`")
    if len(typed) > LONGEST or not typed.isascii() or not typed.isprintable():
        return _NOT_ONE
    if re.fullmatch(r"https?://.*", typed, re.IGNORECASE):
        return _url(typed)
    lowered = typed.lower()
    if re.fullmatch(_HEX, lowered):
        return Sha(lowered)
    if re.fullmatch(f"#{_NUMBER}", typed):
        return PullNumber(int(typed[1:]))
    if ends := re.fullmatch(f"({_HEX})\\.\\.({_HEX})", lowered):
        return Range(ends[1], ends[2])
    if re.fullmatch(_NUMBER, typed):
        return Unreadable(LocalizedText(texts.PERHAPS_PULL, number=typed))
    return _NOT_ONE


def home_of(url: str) -> str | None:
    """The repository a commit's or pull request's page belongs to, as `host/owner/name`; None for any other page."""
    page = _url(url)
    return None if isinstance(page, Unreadable) else page.home


def _url(url: str) -> CommitUrl | PullUrl | Unreadable:
    try:
        parts = urlsplit(url)
    except ValueError:
        return _NOT_ONE
    page = _PAGE.fullmatch(parts.path)
    if page is None:
        return _NOT_ONE
    home = f"{parts.netloc.rpartition('@')[2]}{page['home']}".lower()
    if digits := page["inside"] or page["digits"]:
        return CommitUrl(home, digits.lower())
    return PullUrl(home, int(page["number"]))

"""Commits, pull requests and approvals, as git and the forge report them."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Final
from unicodedata import normalize

from bot.core.objects.credentials import redact_prose

_MAX_SUBJECT: Final = 500
# At most three words, without letters that look like a `·`.
_PLAIN_NAME: Final = re.compile(r"(?:(?:[^\W\u1427\u318d\ua78f]|[.'\u2019@+\[\]-])++ ?+){0,3}+")
# What the bot says of a change: `by Ana, approved by bo, merged by carla`, in English and Spanish.
_BOT_WORDS: Final = re.compile(r"approve[dr]|merged|aprob(?:ado|ó)|fusionado|\b(?:by|por)\b", re.IGNORECASE)
_WITHOUT_QUOTES: Final = str.maketrans("", "", '"“”„«»')
_redacted: Final = lru_cache(maxsize=4096)(redact_prose)


@dataclass(frozen=True, slots=True)
class Commit:
    """One commit. `sha` and `parents` are full SHAs, first parent first; `message` is the full message, as written.

    `author` is a name to show: see `shown_name`. `authored_at` is when it was written: rebasing keeps it, and squashing
    doesn't. None if unknown.
    """

    sha: str
    parents: tuple[str, ...]
    message: str
    author: str
    email: str
    committed_at: datetime
    authored_at: datetime | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "author", shown_name(self.author))

    @property
    def subject(self) -> str:
        """The first line of the message, without credentials."""
        return _redacted(self.message.partition("\n")[0][:_MAX_SUBJECT])

    @property
    def short_sha(self) -> str:
        """The SHA to show: its first eight digits."""
        return self.sha[:8]


@dataclass(frozen=True, slots=True)
class Account:
    """An account on the forge. `ids` are its permanent IDs if people choose its login freely, as on Bitbucket Cloud."""

    login: str
    ids: tuple[str, ...] = ()

    @property
    def identifiers(self) -> frozenset[str]:
        """What identifies it, in lower case: its IDs, or its login if it has none."""
        return frozenset(identifier.lower() for identifier in self.ids or (self.login,))


@dataclass(frozen=True, slots=True)
class PullRequest:
    """One pull request (GitLab: merge request) on the forge.

    `head` is the source branch's name and `head_sha` its tip, "" if the forge no longer knows it; `base` is the target
    branch. `merge_sha` is the commit that merged it. `author` and `merged_by` are logins; `author_ids` are the author's
    `Account.ids`. `title` has no credentials.
    """

    number: int
    title: str
    url: str
    author: str
    state: str  # "open", "merged" or "closed"
    base: str
    head: str
    head_sha: str
    merge_sha: str | None = None
    merged_at: datetime | None = None
    merged_by: str | None = None
    author_ids: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "title", _redacted(self.title[:_MAX_SUBJECT]))

    @property
    def opened_by(self) -> Account:
        """The author's account."""
        return Account(self.author, self.author_ids)


def shown_name(name: str) -> str:
    """An author's name to show, without credentials. Everyone chooses their own.

    One that could be read as more than a name, such as `Ana, approved by bea`, is in quotation marks.
    """
    name = _redacted(name[:_MAX_SUBJECT]).translate(_WITHOUT_QUOTES)
    is_plain = _PLAIN_NAME.fullmatch(name) and not _BOT_WORDS.search(normalize("NFKC", name))
    return name if is_plain else f"“{name}”"


def change_title(commit: Commit, pull: PullRequest | None) -> str:
    """A commit's title: for a merge, its pull request's, instead of "Merge pull request #7"."""
    return pull.title if pull and len(commit.parents) > 1 else commit.subject


@dataclass(frozen=True, slots=True)
class Approval:
    """An approving review. `by` is a login, `sha` the head that was approved, "" if the forge doesn't report it.

    `is_bot` is whether the forge identifies the account as an app, a bot, or an access token. `can_write` is whether it
    has write access to the repository; True also if the forge doesn't report access. `by_ids` are `Account.ids`.
    `retargeted` is whether the pull request's target branch was another one then, or has been changed since.
    """

    by: str
    sha: str
    at: datetime | None = None
    is_bot: bool = False
    can_write: bool = True
    by_ids: tuple[str, ...] = ()
    retargeted: bool = False

    @property
    def account(self) -> Account:
        """The approver's account."""
        return Account(self.by, self.by_ids)

    def is_of_head(self, pull: PullRequest) -> bool:
        """Whether it is an approval of the final head."""
        return bool(self.sha) and self.sha == pull.head_sha


@dataclass(frozen=True, slots=True)
class PullRequestCommit:
    """One commit of a pull request, with accounts; None if the forge doesn't connect an account with it.

    The forge knows who pushed it, but finds its author and committer by the email or name that the commit states. If
    the pusher is unknown, `possible_pushers` are those whose pushes could contain it.
    """

    sha: str
    author: Account | None = None
    committer: Account | None = None
    pushed_by: Account | None = None
    possible_pushers: tuple[Account, ...] = ()

    @property
    def contributors(self) -> frozenset[Account]:
        """All of these accounts."""
        accounts = (self.author, self.committer, self.pushed_by, *self.possible_pushers)
        return frozenset(account for account in accounts if account)


def contributors(pull: PullRequest, commits: Iterable[PullRequestCommit]) -> frozenset[Account]:
    """The accounts behind a pull request: its author's, and those of its commits."""
    return frozenset({pull.opened_by}.union(*(commit.contributors for commit in commits)))


def is_late(approval: Approval, pull: PullRequest) -> bool:
    """Whether an approval came only after the merge."""
    return approval.at is not None and pull.merged_at is not None and approval.at > pull.merged_at

"""What all forge adapters share: limits of lists, validated values, and the choice of a commit's pull request."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from itertools import islice
from typing import Annotated, Any, Final, TypeVar

from pydantic import AfterValidator, HttpUrl, TypeAdapter

from bot.core.git.commit import Account, Approval, PullRequest, PullRequestCommit
from bot.core.git.commit_check import CheckState, CommitCheck
from bot.core.git.push import Push

PAGE_SIZE = 100  # at most, in `open_pull_requests`
MAX_PULL_REQUESTS = 1000  # to search for a prefix, so that a busy repository doesn't use up the rate limit
MAX_COMMITS = 250  # of one pull request; GitHub lists no more
NULL_SHA = "0" * 40
Rank = tuple[bool, bool, bool]
_MAX_NAME, _MAX_URL = 200, 2_000  # characters of a check
_Listed = TypeVar("_Listed")

_YEARS: Final = range(1970, 2200)  # outside of these, time arithmetic can fail


def make_pull_request(**fields: Any) -> PullRequest:
    """A pull request from response values. Raises ValueError if one has the wrong type or a time is impossible."""
    fields["merged_at"] = _TIME.validate_python(fields.get("merged_at"))
    fields["head_sha"] = fields["head_sha"] or ""
    return _PULL_REQUEST.validate_python(fields)


def make_approval(**fields: Any) -> Approval:
    """An approval from response values. Raises the same."""
    fields["at"] = _TIME.validate_python(fields.get("at"))
    fields["sha"] = fields["sha"] or ""
    return _APPROVAL.validate_python(fields)


def make_commit(**fields: Any) -> PullRequestCommit:
    """The same for a commit of a pull request. Its accounts can be given as logins."""
    accounts = {role: Account(value) if isinstance(value, str) else value for role, value in fields.items()}
    return _COMMIT.validate_python(accounts | {"sha": fields["sha"]})


def all_commits(listed: Iterable[_Listed]) -> list[_Listed]:
    """Those of a pull request; none if there are more than MAX_COMMITS, since some forges list the newest first."""
    commits = list(islice(listed, MAX_COMMITS + 1))
    return commits if len(commits) <= MAX_COMMITS else []


def make_push(**fields: Any) -> Push:
    """The same for a push."""
    return _PUSH.validate_python(fields)


def make_check(name: object, state: CheckState, url: object) -> CommitCheck:
    """A check from response values. A URL that isn't on the web, or that Slack would reject, is left out."""
    text = " ".join(str(name or "").split()) or "?"
    try:
        page = str(_WEB_PAGE.validate_python(url))
    except ValueError:
        page = ""
    return CommitCheck(text[:_MAX_NAME], state, page if 0 < len(page) <= _MAX_URL else None)


def parse_time(text: str) -> datetime:
    """Parse an ISO 8601 time. Raises TypeError or ValueError."""
    return _checked_time(datetime.fromisoformat(text))


def _checked_time(time: datetime) -> datetime:
    if time.tzinfo is None or time.year not in _YEARS:
        raise ValueError("not a time with a zone, between 1970 and 2200")
    return time.astimezone(UTC)


_TIME: Final[TypeAdapter[datetime | None]] = TypeAdapter(Annotated[datetime, AfterValidator(_checked_time)] | None)
_PULL_REQUEST: Final = TypeAdapter(PullRequest)
_APPROVAL: Final = TypeAdapter(Approval)
_COMMIT: Final = TypeAdapter(PullRequestCommit)
_PUSH: Final = TypeAdapter(Push)
_WEB_PAGE: Final = TypeAdapter(HttpUrl)


def best_match(pulls: Iterable[PullRequest], sha: str, parents: Sequence[str]) -> PullRequest | None:
    """The merged or open pull request with the best rank."""

    def pull_rank(pull: PullRequest) -> Rank:
        return rank(sha, parents, merged=pull.state == "merged", head=pull.head_sha, merge=pull.merge_sha)

    return min((pull for pull in pulls if pull.state in {"merged", "open"}), key=pull_rank, default=None)


def rank(sha: str, parents: Sequence[str], *, merged: bool, head: object, merge: object) -> Rank:
    """How well a pull request matches a commit, lowest first: one that it merged, then a merged one, then an open one.

    Of those with the same merge, the best is the one whose head was merged. The others are below it in a stack.
    """
    return not (merged and merge == sha), not merged, head not in {merge, *parents[1:]}

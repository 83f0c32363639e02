"""Decides whether each first-parent commit on a tracked branch was approved.

Only git and the forge's records count as evidence, never `(#N)` in a subject or an author's email.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from itertools import count

from bot.core.git.author import Author
from bot.core.git.commit import Account, Approval, PullRequest, PullRequestCommit, contributors, is_late
from bot.core.git.commit_list import CommitList
from bot.core.git.people import ChangePeople
from bot.core.globs import matches_path_glob
from bot.i18n.catalogue import approval as texts
from bot.i18n.language import LocalizedText, Text

MAX_COMMITS = 500  # to review of those that reach a branch at once; the older ones share one record
_CLOCK_SKEW = timedelta(minutes=5)  # between the forge and the bot


class ApprovalStatus(StrEnum):
    """How a commit reached its branch. The values appear in the audit export."""

    APPROVED = "approved"
    AUTOMATION = "allowed automation"
    SELF = "self-approved"
    INELIGIBLE = "no eligible approver"
    BYPASSED = "merged without approval"
    STALE = "final head not approved"
    RETARGETED = "target branch changed"
    TOO_FEW = "too few approvals"
    DIRECT = "direct push"
    TAMPERED = "content differs"
    REWRITTEN = "history rewritten"
    TOO_MANY = "too many commits"
    FAILED = "review failed"
    UNKNOWN = "unknown"


APPROVED = frozenset({ApprovalStatus.APPROVED, ApprovalStatus.AUTOMATION})
UNAPPROVED = frozenset(ApprovalStatus) - APPROVED - {ApprovalStatus.UNKNOWN}
# No verdict yet.
PENDING = frozenset({ApprovalStatus.UNKNOWN, ApprovalStatus.FAILED})
# Final when the commits are recorded.
NOT_REVIEWED = frozenset({ApprovalStatus.REWRITTEN, ApprovalStatus.TOO_MANY})


class ContentMatch(StrEnum):
    """Whether a commit's content is exactly the result of merging a given head."""

    SAME = "same"
    DIFFERS = "differs"
    UNKNOWN = "unknown"  # the head can no longer be fetched, or the verdict doesn't depend on it
    TOO_LARGE = "too large"  # the merge is too large to compute


@dataclass(frozen=True, slots=True)
class AllowedAutomation:
    """An account that may change certain paths without approval.

    `actor` is a forge login, or an account ID where people choose logins freely; `paths` are patterns from the
    repository's root. `*` and `?` match within a directory, `**` matches any number of directories.
    """

    actor: str
    paths: tuple[str, ...]

    def allows(self, actor: Account | None, paths: Sequence[str]) -> bool:
        """Whether `actor` may change all of these paths; False if the actor is unknown."""
        return (
            actor is not None
            and self.is_account(actor)
            and bool(paths)
            and all(any(matches_path_glob(pattern, path) for pattern in self.paths) for path in paths)
        )

    def is_account(self, account: Account) -> bool:
        """Whether an account is `actor`; forges ignore the case."""
        return self.actor.lower() in account.identifiers


@dataclass(frozen=True, slots=True)
class ApprovalRules:
    """What a repository requires: a number of approvals, and the automation that needs none."""

    required_approvals: int = 1
    automation: tuple[AllowedAutomation, ...] = ()


@dataclass(frozen=True, slots=True)
class Evidence:
    """What git and the forge know about one commit.

    `paths` are the ones it changed; `pull` is the pull request that merged it, if any. `content` is, by head SHA,
    whether merging that head produces the commit's content. `pushed_by` is the pusher's login, if the forge reports it.
    `commits` are those of `pull` that change something of their own; None if the forge doesn't list all of them.
    `requester` is the Slack user ID of the person who had the bot open `pull`, "" if no one did. `people` maps logins
    and account IDs, in lower case, to Slack user IDs.
    """

    paths: tuple[str, ...]
    pull: PullRequest | None = None
    approvals: tuple[Approval, ...] = ()
    content: Mapping[str, ContentMatch] = field(default_factory=dict)
    pushed_by: str | None = None
    commits: tuple[PullRequestCommit, ...] | None = ()
    requester: str = ""
    people: Mapping[str, str] = field(default_factory=dict)

    @property
    def independent_approvals(self) -> tuple[Approval, ...]:
        """The approvals by people who neither contributed to the pull request nor requested it, with any account."""
        accounts = contributors(self.pull, self.commits or ()) if self.pull else ()
        contributed = {self.requester}.union(*map(self.identities, accounts))
        return tuple(
            approval for approval in self.approvals if contributed.isdisjoint(self.identities(approval.account))
        )

    def identities(self, account: Account) -> frozenset[str]:
        """What identifies the person behind an account. All accounts of one person share one if `people` has them."""
        users = (self.people.get(name) for name in {*account.identifiers, account.login.lower()})
        return account.identifiers.union(user for user in users if user)


@dataclass(frozen=True, slots=True)
class ApprovalResult:
    """The verdict on one commit.

    `approvers` are the logins whose approvals count; `later` are those who approved only after the merge. `verified`
    means that the commit's content is what merging the pull request produces, `too_large` that it can't be
    computed.
    """

    verdict: ApprovalStatus
    approvers: tuple[str, ...] = ()
    later: tuple[str, ...] = ()
    verified: bool = False
    too_large: bool = False


def evaluate(evidence: Evidence, rules: ApprovalRules) -> ApprovalResult:
    """Judge one commit by its evidence."""
    pull = evidence.pull
    by_automation = any(allowed.allows(_only_actor(evidence), evidence.paths) for allowed in rules.automation)
    if pull is None:
        return ApprovalResult(ApprovalStatus.AUTOMATION if by_automation else ApprovalStatus.DIRECT)
    of_target = [approval for approval in _by_eligible_others(evidence, rules) if not approval.retargeted]
    valid = [approval for approval in of_target if _covers_merged_content(approval, pull, evidence)]
    approvers, later = _approvers(valid, pull, evidence)
    match = evidence.content.get(pull.head_sha, ContentMatch.UNKNOWN)
    verified, too_large = match is ContentMatch.SAME, match is ContentMatch.TOO_LARGE
    if by_automation and match is not ContentMatch.DIFFERS:
        # Otherwise, a merge could hide any content by being expensive.
        verdict = ApprovalStatus.FAILED if too_large else ApprovalStatus.AUTOMATION
        return ApprovalResult(verdict, verified=verified, too_large=too_large)
    in_time = tuple(approval for approval in evidence.approvals if not is_late(approval, pull))
    verdict = _verdict(replace(evidence, approvals=in_time), rules, match, approvers)
    if too_large:
        later = ()  # it closes an alert only for verified content
    return ApprovalResult(verdict, approvers, later, verified=verified, too_large=too_large)


def depends_on_content(evidence: Evidence, rules: ApprovalRules) -> bool:
    """Whether the commit's content can change the verdict: not if nobody's approval counts, even a later one."""
    heads = {approval.sha for approval in evidence.approvals} | {evidence.pull.head_sha if evidence.pull else ""}
    best = evaluate(replace(evidence, content=dict.fromkeys(heads, ContentMatch.SAME)), rules)
    return best.verdict not in UNAPPROVED or bool(best.approvers or best.later)


def _only_actor(evidence: Evidence) -> Account | None:
    """Who opened the pull request and pushed all of its commits, or pushed the commit; None if unknown."""
    if evidence.pull is None:
        return Account(evidence.pushed_by) if evidence.pushed_by else None
    author = evidence.pull.opened_by
    pushers = [commit.pushed_by for commit in evidence.commits or ()]
    is_only = all(pusher and not author.identifiers.isdisjoint(pusher.identifiers) for pusher in pushers)
    return author if pushers and is_only else None


def _verdict(
    evidence: Evidence,
    rules: ApprovalRules,
    match: ContentMatch,
    approvers: Sequence[str],
) -> ApprovalStatus:
    """The verdict on a pull request by its approvals in `evidence`, those that came in time, and its `approvers`."""
    by_others = _by_eligible_others(evidence, rules)
    if match is ContentMatch.DIFFERS:
        return ApprovalStatus.TAMPERED
    if len(approvers) >= rules.required_approvals:
        if evidence.commits is None:
            return ApprovalStatus.UNKNOWN
        return ApprovalStatus.FAILED if match is ContentMatch.TOO_LARGE else ApprovalStatus.APPROVED
    if any(not (approval.sha or approval.retargeted) for approval in by_others):
        return ApprovalStatus.UNKNOWN  # the forge doesn't say which head was approved
    if approvers:
        return ApprovalStatus.TOO_FEW
    if any(approval.retargeted for approval in by_others):
        return ApprovalStatus.RETARGETED
    if by_others:
        return ApprovalStatus.STALE
    if evidence.independent_approvals:
        return ApprovalStatus.INELIGIBLE
    return ApprovalStatus.SELF if evidence.approvals else ApprovalStatus.BYPASSED


def _by_eligible_others(evidence: Evidence, rules: ApprovalRules) -> list[Approval]:
    return [approval for approval in evidence.independent_approvals if _is_eligible(approval, evidence, rules)]


def _is_eligible(approval: Approval, evidence: Evidence, rules: ApprovalRules) -> bool:
    """Whether the account may approve: one with write access that isn't a bot, or automation for all of the paths."""
    by_automation = any(allowed.allows(approval.account, evidence.paths) for allowed in rules.automation)
    return by_automation or (approval.can_write and not approval.is_bot)


def _covers_merged_content(approval: Approval, pull: PullRequest, evidence: Evidence) -> bool:
    """Whether the approved head is the final one, or an earlier one that merges to the same content."""
    is_final = approval.is_of_head(pull)
    match = evidence.content.get(approval.sha, ContentMatch.SAME if is_final else ContentMatch.DIFFERS)
    return match is ContentMatch.SAME or (match is not ContentMatch.DIFFERS and is_final)


def _approvers(
    approvals: Iterable[Approval], pull: PullRequest, evidence: Evidence
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The logins that approved before and after the merge, the first one of each person."""
    logins: tuple[list[str], list[str]] = ([], [])
    people: set[str] = set()
    for approval in sorted(approvals, key=lambda approval: is_late(approval, pull)):
        identities = evidence.identities(approval.account)
        if people.isdisjoint(identities):
            logins[is_late(approval, pull)].append(approval.by)
        people |= identities
    return tuple(logins[False]), tuple(logins[True])


# ---------------------------------------------------------------- over time


@dataclass(frozen=True, slots=True)
class ApprovalRecord:
    """The approval record of one arrival of a commit on a tracked branch.

    - `id` is that of the arrival: a commit can be removed from a branch and reach it again.
    - `batch` is the same for commits that were first seen together; `order` is the position among them, oldest first.
    - `author` is from the commit itself, so it proves nothing; `authors`, `more_authors` and `requester` are as in
      ChangePeople. `pushed_by` is the pusher's login.
    - `look_at` is when to check the forge again, `why` the reason that there is no verdict.
    - `asked_at` is when the forge was last asked for the commit's pull request.
    - `failing_since` is when its review began to fail while the forge answered other requests; None if it doesn't.
    - `approvers`, `later` and `verified` are as in ApprovalResult.
    - `alert` is the ID of the alert that reports it, `flagged_at` the time it was found to be unapproved.
    - `diff` is the start of its redacted diff; `more` means that it was cut off.
    - `removed` and `added` are the first-parent commits that a history rewrite removed and added, newest first; None if
      unknown, and then `why` says why. Its `parent` is the old head, and its `applications` those that differ.
    """

    id: str
    repository: str
    branch: str
    sha: str
    parent: str | None
    subject: str
    author: str
    seen_at: datetime
    batch: str
    order: int
    look_at: datetime
    verdict: ApprovalStatus = ApprovalStatus.UNKNOWN
    why: Text | None = None
    approvers: tuple[str, ...] = ()
    later: tuple[str, ...] = ()
    verified: bool = False
    pushed_by: str | None = None
    pull: PullRequest | None = None
    url: str | None = None
    applications: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    diff: str = ""
    more: bool = False
    alert: str | None = None
    flagged_at: datetime | None = None
    authors: tuple[Author, ...] = ()
    more_authors: int = 0
    requester: str = ""
    asked_at: datetime | None = None
    failing_since: datetime | None = None
    removed: CommitList | None = None
    added: CommitList | None = None

    @property
    def people(self) -> ChangePeople:
        """The people behind the commit; approvers are unknown until there is a verdict."""
        return ChangePeople(
            authors=self.authors,
            more_authors=self.more_authors,
            tool=self.author,
            requester=self.requester,
            pull_author=self.pull.author if self.pull else "",
            approvers=self.approvers if self.is_judged else None,
            merger=(self.pull and self.pull.merged_by) or "",
        )

    @property
    def is_judged(self) -> bool:
        """Whether there is a verdict on this commit's approval."""
        return self.verdict not in PENDING | NOT_REVIEWED

    @property
    def is_too_large(self) -> bool:
        """Whether it was reported because merging its pull request is too large to compute."""
        return bool(self.flagged_at) and self.why == LocalizedText(texts.TOO_LARGE_TO_VERIFY)

    @property
    def reached_at(self) -> datetime:
        """When it reached the branch: when it was merged, or else when the bot first saw it there."""
        merged_at = self.pull.merged_at if self.pull else None
        return merged_at if merged_at and merged_at <= self.seen_at else self.seen_at

    @property
    def approved_later(self) -> bool:
        """Whether someone has approved it since it was reported as unapproved, or it turned out to be approved."""
        return bool(self.later) or self.verdict in APPROVED


def arrival_id(record_id: str, stored: Collection[str]) -> str:
    """`record_id`, with the number of the arrival if the commit has reached the branch before."""
    ids = (record_id if number == 1 else f"{record_id}:{number}" for number in count(1))
    return next(id_ for id_ in ids if id_ not in stored)


def history_rewrite(record: ApprovalRecord, stored: Collection[str]) -> ApprovalRecord:
    """The record of a history rewrite, based on one of the change from the old head to the new one.

    `stored` are the IDs of the head's earlier records.
    """
    id_ = arrival_id(f"{record.repository}!{record.sha}", stored)
    return replace(record, id=id_, verdict=ApprovalStatus.REWRITTEN, flagged_at=record.seen_at)


def too_many_commits(record: ApprovalRecord) -> ApprovalRecord:
    """The record of the newest commit of a series that is too long to review, as the record of the whole series.

    Its parent is already that of the series. The diff is left to the file in the alert's thread.
    """
    return replace(record, verdict=ApprovalStatus.TOO_MANY, flagged_at=record.seen_at, more=True)


def is_merge_of(pull: PullRequest | None, record: ApprovalRecord, rewritten_at: datetime | None) -> bool:
    """Whether a pull request can have brought a commit to its branch: one that was merged by the time it arrived.

    `rewritten_at` is when the branch's history was next rewritten: the commit may have been removed, and merged later.
    """
    if pull is None or pull.state != "merged":
        return False
    arrived_by = min(record.seen_at + _CLOCK_SKEW, rewritten_at or datetime.max.replace(tzinfo=UTC))
    return pull.merged_at is None or pull.merged_at <= arrived_by

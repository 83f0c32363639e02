"""Whether what reached a tracked branch was approved: a verdict on each first-parent commit, and the alerts of them.

Only git and the forge's own record count: never `(#N)` in a subject, never an author's e-mail.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import groupby

from bot.core.git.commit import Approval, PullRequest
from bot.core.globs import matches_path_glob

# Of what was told as unapproved: for so long an approval that comes later is noticed.
LATE_APPROVAL_WINDOW = timedelta(days=7)
_MIN_RECHECK = timedelta(minutes=1)
_MAX_RECHECK = timedelta(hours=1)


class ApprovalStatus(StrEnum):
    """How one commit came to its branch. The words are those of the audit export."""

    APPROVED = "approved"
    AUTOMATION = "allowed automation"
    SELF = "self-approved"
    BYPASSED = "merged without approval"
    STALE = "final head not approved"
    TOO_FEW = "too few approvals"
    DIRECT = "direct push"
    TAMPERED = "content differs"
    REWRITTEN = "history rewritten"
    UNKNOWN = "unknown"


UNAPPROVED = frozenset(ApprovalStatus) - {ApprovalStatus.APPROVED, ApprovalStatus.AUTOMATION, ApprovalStatus.UNKNOWN}


class ContentMatch(StrEnum):
    """Whether a commit holds what a merge of some head gives, and nothing else."""

    SAME = "same"
    DIFFERS = "differs"
    UNKNOWN = "unknown"  # that head cannot be had any more


@dataclass(frozen=True, slots=True)
class AllowedAutomation:
    """Who may change these paths unseen: `actor` is an account of the forge, `paths` are patterns from the root.

    In a pattern, `*` and `?` stay within a folder, and `**` is any number of folders.
    """

    actor: str
    paths: tuple[str, ...]

    def allows(self, actor: str | None, paths: Sequence[str]) -> bool:
        """Whether all of these paths may be changed by that account. Nobody who is not known may."""
        return (
            actor == self.actor
            and bool(paths)
            and all(any(matches_path_glob(p, path) for p in self.paths) for path in paths)
        )


@dataclass(frozen=True, slots=True)
class ApprovalRules:
    """What a repository's owners ask for: so many approvals, and the automation that needs none."""

    required_approvals: int = 1
    automation: tuple[AllowedAutomation, ...] = ()


@dataclass(frozen=True, slots=True)
class Evidence:
    """What git and the forge say of one commit.

    `paths` are those it changed; `pull` is the pull request that brought it to this branch, if any; `content` says of
    each head that matters whether the commit holds what its merge gives. `pushed_by` is who pushed it, where the forge
    tells.
    """

    paths: tuple[str, ...]
    pull: PullRequest | None = None
    approvals: tuple[Approval, ...] = ()
    content: Mapping[str, ContentMatch] = field(default_factory=dict)
    pushed_by: str | None = None


@dataclass(frozen=True, slots=True)
class ApprovalResult:
    """A verdict: `approvers` count, `later` approved what had been merged already; `verified` is that the content is
    what the pull request's merge gives.
    """

    verdict: ApprovalStatus
    approvers: tuple[str, ...] = ()
    later: tuple[str, ...] = ()
    verified: bool = False


def evaluate(evidence: Evidence, rules: ApprovalRules) -> ApprovalResult:
    """What one commit is, by its evidence alone."""
    pull = evidence.pull
    actor = pull.author if pull else evidence.pushed_by
    if any(allowed.allows(actor, evidence.paths) for allowed in rules.automation):
        return ApprovalResult(ApprovalStatus.AUTOMATION)
    if pull is None:
        return ApprovalResult(ApprovalStatus.DIRECT)
    others = [each for each in evidence.approvals if each.by != pull.author]
    good = [each for each in others if _of_what_landed(each, pull, evidence)]
    in_time = _names(each for each in good if not _is_late(each, pull))
    later = tuple(name for name in _names(good) if name not in in_time)
    final = evidence.content.get(pull.head_sha, ContentMatch.UNKNOWN)
    return ApprovalResult(
        _verdict(evidence, rules, final, in_time, others), in_time, later, verified=final is ContentMatch.SAME
    )


def _verdict(
    evidence: Evidence, rules: ApprovalRules, final: ContentMatch, in_time: Sequence[str], others: Sequence[Approval]
) -> ApprovalStatus:
    if final is ContentMatch.DIFFERS:
        return ApprovalStatus.TAMPERED
    if len(in_time) >= rules.required_approvals:
        return ApprovalStatus.APPROVED
    if any(not each.sha for each in others):
        return ApprovalStatus.UNKNOWN  # the forge does not say which head they approved
    if in_time:
        return ApprovalStatus.TOO_FEW
    if any(not _is_late(each, evidence.pull) for each in others):
        return ApprovalStatus.STALE
    return ApprovalStatus.SELF if evidence.approvals and not others else ApprovalStatus.BYPASSED


def _of_what_landed(approval: Approval, pull: PullRequest, evidence: Evidence) -> bool:
    """Whether what they saw is what landed: the final head, or an earlier one whose merge gives the very same."""
    default = ContentMatch.SAME if approval.sha == pull.head_sha else ContentMatch.DIFFERS
    content = evidence.content.get(approval.sha, default)
    return content is ContentMatch.SAME or (content is ContentMatch.UNKNOWN and approval.sha == pull.head_sha)


def _is_late(approval: Approval, pull: PullRequest | None) -> bool:
    merged_at = pull.merged_at if pull else None
    return approval.at is not None and merged_at is not None and approval.at > merged_at


def _names(approvals: Iterable[Approval]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(each.by for each in approvals))


# ---------------------------------------------------------------- over time


@dataclass(frozen=True, slots=True)
class ApprovalRecord:
    """What is known of one commit on a tracked branch.

    `batch` is the newest commit of those that were first seen together and `order` its place among them, from the
    oldest. `author` is what the commit says, which proves nothing. `why` says what hinders a verdict. `alert` is the
    alert it is told in; `diff` is what of its diff may be shown, and `more` that there is more of it.
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
    why: str | None = None
    approvers: tuple[str, ...] = ()
    later: tuple[str, ...] = ()
    verified: bool = False
    pushed_by: str | None = None
    pull: PullRequest | None = None
    url: str | None = None
    applications: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    diff: str = ""
    more: bool = False
    alert: str | None = None
    flagged_at: datetime | None = None

    @property
    def reached_at(self) -> datetime:
        """When it came to the branch: when it was merged, else when it was first seen there."""
        merged_at = self.pull.merged_at if self.pull else None
        return merged_at if merged_at and merged_at <= self.seen_at else self.seen_at

    @property
    def approved_later(self) -> bool:
        """Whether somebody has looked at what was told as unapproved: an approval that came later."""
        return bool(self.later) or self.verdict is ApprovalStatus.APPROVED


def history_rewrite(previous_head: str, record: ApprovalRecord) -> ApprovalRecord:
    """The alarm that a branch was moved away from `known`, made of the judgement of its new head."""
    return replace(
        record,
        id=f"{record.repository}!{record.sha}",
        parent=previous_head,
        verdict=ApprovalStatus.REWRITTEN,
        flagged_at=record.seen_at,
        alert=f"{record.repository}!{record.sha}",
    )


def apply_result(
    record: ApprovalRecord, result: ApprovalResult, pull: PullRequest | None, now: datetime, *, grace: timedelta
) -> ApprovalRecord:
    """What is known after a look: what is not approved counts only when the forge has had time to say otherwise."""
    if result.verdict in UNAPPROVED and now < record.seen_at + grace:
        return replace(record, why=None, look_at=min(record.seen_at + grace, now + _MIN_RECHECK))
    verdict = result.verdict
    if record.flagged_at and verdict is ApprovalStatus.UNKNOWN:
        return replace(record, look_at=next_check_at(record, now))
    if record.flagged_at and verdict is ApprovalStatus.APPROVED and record.pull:
        # It was told as unapproved, and was when it came: an approval of later does not undo that.
        verdict, result = record.verdict, replace(result, later=result.approvers)
    flagged_at = record.flagged_at or (now if verdict in UNAPPROVED else None)
    return replace(
        record,
        verdict=verdict,
        why=None,
        pull=pull or record.pull,
        approvers=result.approvers if verdict is result.verdict else record.approvers,
        later=result.later,
        verified=result.verified,
        flagged_at=flagged_at,
        look_at=next_check_at(record, now),
    )


def next_check_at(record: ApprovalRecord, now: datetime) -> datetime:
    """When to look again: less and less often."""
    return now + min(max((now - record.seen_at) / 4, _MIN_RECHECK), _MAX_RECHECK)


def is_settled(record: ApprovalRecord, now: datetime) -> bool:
    """Whether nothing more is expected: approved, or looked at for long enough."""
    approved = record.verdict in {ApprovalStatus.APPROVED, ApprovalStatus.AUTOMATION} or record.approved_later
    return (approved and record.alert is None) or now >= record.seen_at + LATE_APPROVAL_WINDOW


# ---------------------------------------------------------------- alerts


@dataclass(frozen=True, slots=True)
class ApprovalAlert:
    """Commits of one kind that came one after another, oldest first: one push, or one pull request."""

    id: str
    commits: tuple[ApprovalRecord, ...]

    @property
    def newest(self) -> ApprovalRecord:
        """The newest of them."""
        return self.commits[-1]

    @property
    def channels(self) -> tuple[str, ...]:
        """Where it is told."""
        return tuple(sorted({channel for each in self.commits for channel in each.channels}))

    @property
    def applications(self) -> tuple[str, ...]:
        """What they touch."""
        return tuple(dict.fromkeys(name for each in self.commits for name in each.applications))

    @property
    def approved_later_by(self) -> tuple[str, ...]:
        """Who approved all of it afterwards; nobody as long as something is left."""
        if not all(each.approved_later for each in self.commits):
            return ()
        return tuple(dict.fromkeys(name for each in self.commits for name in (each.later or each.approvers)))


def assign_alerts(records: Sequence[ApprovalRecord]) -> list[ApprovalRecord]:
    """The same of one batch, oldest first, each unapproved one with the alert it is told in."""
    told: list[ApprovalRecord] = []

    def kind(each: ApprovalRecord) -> tuple[ApprovalStatus, int | None, bool]:
        return each.verdict, each.pull.number if each.pull else None, each.alert is None and not each.approved_later

    for (verdict, _, is_new), run in groupby(sorted(records, key=lambda each: each.order), kind):
        members = list(run)
        if verdict in UNAPPROVED and is_new:
            alert = f"{members[-1].repository}?{members[-1].sha}"
            members = [replace(each, alert=alert) for each in members]
        told += members
    return told


def collect_alerts(records: Sequence[ApprovalRecord]) -> list[ApprovalAlert]:
    """The alerts of all that is to be told."""
    found: dict[str, list[ApprovalRecord]] = {}
    for each in sorted(records, key=lambda each: (each.seen_at, each.order)):
        if each.alert:
            found.setdefault(each.alert, []).append(each)
    return [ApprovalAlert(id_, tuple(members)) for id_, members in found.items()]

"""How a record changes with each review."""

from dataclasses import replace
from datetime import datetime, timedelta

from bot.core.approvals.approval import (
    PENDING,
    UNAPPROVED,
    ApprovalRecord,
    ApprovalResult,
    ApprovalStatus,
)
from bot.core.approvals.schedule import MIN_RECHECK, next_check_at
from bot.core.git.commit import PullRequest
from bot.i18n.catalogue import approval as texts
from bot.i18n.language import LocalizedText


def apply_result(
    record: ApprovalRecord, result: ApprovalResult, pull: PullRequest | None, now: datetime, *, grace: timedelta
) -> ApprovalRecord:
    """The record after another evaluation. What may change counts only after `grace`, since forges lag behind git."""
    grace_ends_at = record.seen_at + grace
    if _may_change(record, result, pull, now, grace_ends_at):
        soon = now + MIN_RECHECK
        look_at = min(grace_ends_at, soon) if now < grace_ends_at else soon
        return replace(record, why=None, failing_since=None, pull=pull or record.pull, look_at=look_at)
    verdict = result.verdict
    if record.flagged_at and _shows_less(record, result):
        why = LocalizedText(texts.TOO_LARGE_TO_VERIFY) if result.too_large else record.why
        return replace(record, why=why, look_at=next_check_at(record, now))
    if record.flagged_at and _keeps_verdict(record, result, pull):
        # It was merged unapproved: a later approval closes the alert but doesn't change the verdict.
        later = result.approvers if verdict is ApprovalStatus.APPROVED else result.later
        verdict, result = record.verdict, replace(result, approvers=record.approvers, later=later)
    flagged_at = record.flagged_at or (now if verdict in UNAPPROVED else None)
    return replace(
        record,
        verdict=verdict,
        why=None,
        failing_since=None,
        pull=pull or record.pull,
        approvers=result.approvers,
        later=result.later,
        verified=result.verified,
        flagged_at=flagged_at,
        look_at=next_check_at(record, now),
    )


def _was_merged(record: ApprovalRecord) -> bool:
    """Whether the verdict is on a pull request."""
    return record.verdict not in PENDING | {ApprovalStatus.DIRECT}


def _keeps_verdict(record: ApprovalRecord, result: ApprovalResult, pull: PullRequest | None) -> bool:
    """Whether the verdict is on this pull request, and a result shows nothing about it but what happened since then."""
    if not _was_merged(record) or result.verdict is ApprovalStatus.APPROVED:
        return _was_merged(record)
    is_same = record.pull is not None and pull is not None and record.pull.number == pull.number
    shown = {ApprovalStatus.TAMPERED, ApprovalStatus.AUTOMATION}
    return is_same and shown.isdisjoint({record.verdict, result.verdict})


def _shows_less(record: ApprovalRecord, result: ApprovalResult) -> bool:
    """Whether a result shows less than what was reported: without the content, it neither replaces nor closes that."""
    if record.is_too_large or record.verdict is ApprovalStatus.TAMPERED:
        return not result.verified and result.verdict is not ApprovalStatus.TAMPERED
    return result.verdict is ApprovalStatus.UNKNOWN or (result.too_large and _was_merged(record))


def _may_change(
    record: ApprovalRecord, result: ApprovalResult, pull: PullRequest | None, now: datetime, grace_ends_at: datetime
) -> bool:
    """Whether the forge may still report the approval or, for automation, the pull request that it merged."""
    if result.verdict is ApprovalStatus.AUTOMATION and pull is None:
        return (record.asked_at or record.seen_at) < grace_ends_at
    return result.verdict in UNAPPROVED and now < grace_ends_at

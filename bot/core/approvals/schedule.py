"""When a commit is reviewed again, when a failing review is reported, and when a commit needs no more reviews."""

from dataclasses import replace
from datetime import datetime, timedelta

from bot.core.approvals.approval import ApprovalRecord, ApprovalStatus
from bot.core.waiting import is_waiting
from bot.i18n.catalogue import approval as texts
from bot.i18n.language import LocalizedText

# How long after a commit was reported as unapproved a late approval still closes its alert.
LATE_APPROVAL_WINDOW = timedelta(days=7)
MIN_RECHECK = timedelta(minutes=1)
_MAX_RECHECK = timedelta(hours=1)
_LONGEST_FAILING = timedelta(hours=1)  # after which a failing review is reported
_LONGEST_WAIT = timedelta(days=1)  # that a forge can request


def is_due(record: ApprovalRecord, now: datetime) -> bool:
    """Whether to check now."""
    return not is_waiting(record.look_at, now, _LONGEST_WAIT)


def next_check_at(record: ApprovalRecord, now: datetime) -> datetime:
    """When to check again: less and less often as the record ages."""
    return now + min(max((now - record.seen_at) / 4, MIN_RECHECK), _MAX_RECHECK)


def is_settled(record: ApprovalRecord, now: datetime) -> bool:
    """Whether no more checks are needed: it is approved and has no alert, or it was watched long enough.

    A commit that could not be reviewed yet, because the forge or the bot was down, is reviewed however late, unless its
    repository has no forge. Some forges never say which head was approved.
    """
    if record.why == LocalizedText(texts.NO_FORGE) or (record.approved_later and record.alert is None):
        return True
    return is_reviewed(record) and now >= (record.flagged_at or record.seen_at) + LATE_APPROVAL_WINDOW


def is_reviewed(record: ApprovalRecord) -> bool:
    """Whether the review of a commit has a result, even if only that the forge doesn't say which head was approved."""
    return record.verdict is not ApprovalStatus.UNKNOWN or record.why == LocalizedText(texts.WHICH_HEAD)


def without_forge(record: ApprovalRecord, now: datetime) -> ApprovalRecord:
    """The record of a commit in a repository without a forge, which can't be reviewed. An earlier verdict stays."""
    if record.verdict is ApprovalStatus.UNKNOWN:
        record = replace(record, why=LocalizedText(texts.NO_FORGE))
    return replace(record, look_at=next_check_at(record, now))


def has_failed_for_long(record: ApprovalRecord, now: datetime) -> bool:
    """Whether the review of a commit has failed for so long that it must be reported."""
    since = record.failing_since
    return record.verdict is ApprovalStatus.UNKNOWN and since is not None and now >= since + _LONGEST_FAILING


def failed_review(record: ApprovalRecord, now: datetime) -> ApprovalRecord:
    """The record of a commit that cannot be reviewed, for the reason in `why`. It is reported, and reviewed again."""
    return replace(record, verdict=ApprovalStatus.FAILED, flagged_at=now)

"""The export of commits that reached a tracked branch: how each got there, and who approved it."""

from bot.core.access.audit import Row, instant
from bot.core.approvals.approval import ApprovalRecord

COLUMNS = (
    "at",
    "repository",
    "branch",
    "sha",
    "author",
    "pushed_by",
    "pull",
    "verdict",
    "approvers",
    "approved_later_by",
    "content",
    "applications",
)


def row(record: ApprovalRecord) -> Row:
    """One commit, keyed by `COLUMNS`. `content` tells whether it was verified to match its pull request."""
    pull = record.pull
    return {
        "at": instant(record.reached_at),
        "repository": record.repository,
        "branch": record.branch,
        "sha": record.sha,
        "author": record.author,
        "pushed_by": record.pushed_by or "",
        "pull": pull.url if pull else "",
        "verdict": record.verdict.value,
        "approvers": list(record.approvers),
        "approved_later_by": list(record.later),
        "content": "verified" if record.verified else "not verified" if pull else "",
        "applications": list(record.applications),
    }

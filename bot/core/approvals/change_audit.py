"""The export of commits that reached a tracked branch: how each got there, and who approved it."""

from bot.core.access.audit_export import Row, instant
from bot.core.approvals.approval import ApprovalRecord

COLUMNS = (
    "at",
    "repository",
    "branch",
    "sha",
    "author",
    "requester",
    "pushed_by",
    "pull",
    "pull_author",
    "verdict",
    "approvers",
    "merged_by",
    "approved_later_by",
    "content",
    "applications",
)


def row(record: ApprovalRecord) -> Row:
    """One commit, keyed by `COLUMNS`. `content` is whether it was verified to match its pull request."""
    pull, people = record.pull, record.people
    return {
        "at": instant(record.reached_at),
        "repository": record.repository,
        "branch": record.branch,
        "sha": record.sha,
        "author": people.written_by,
        "requester": people.requester,
        "pushed_by": record.pushed_by or "",
        "pull": pull.url if pull else "",
        "pull_author": people.pull_author,
        "verdict": record.verdict.value,
        "approvers": list(people.approvers or ()),
        "merged_by": people.merger,
        "approved_later_by": list(record.later),
        "content": "verified" if record.verified else "not verified" if pull else "",
        "applications": list(record.applications),
    }

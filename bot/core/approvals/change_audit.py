"""The export of commits that reached a tracked branch: how each got there, and who approved it."""

from bot.core.access.audit import Row, instant
from bot.core.approvals.approval import Judgement

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


def row(judgement: Judgement) -> Row:
    """One commit, keyed by `COLUMNS`. `content` tells whether it was verified to match its pull request."""
    pull = judgement.pull
    return {
        "at": instant(judgement.reached_at),
        "repository": judgement.repository,
        "branch": judgement.branch,
        "sha": judgement.sha,
        "author": judgement.author,
        "pushed_by": judgement.pushed_by or "",
        "pull": pull.url if pull else "",
        "verdict": judgement.verdict.value,
        "approvers": list(judgement.approvers),
        "approved_later_by": list(judgement.later),
        "content": "verified" if judgement.verified else "not verified" if pull else "",
        "applications": list(judgement.applications),
    }

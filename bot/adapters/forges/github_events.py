"""What the events of a GitHub pull request say about its approvals.

https://docs.github.com/en/rest/using-the-rest-api/issue-event-types
"""

from collections.abc import Collection, Iterable
from datetime import datetime

from github.IssueEvent import IssueEvent

# By a person, or because the branch was merged and deleted. GitHub doesn't report from which branch.
_RETARGETING = frozenset({"base_ref_changed", "automatic_base_change_succeeded"})


def last_retargeting(events: Iterable[IssueEvent]) -> datetime | None:
    """When the target branch was last changed, if ever."""
    return max((event.created_at for event in events if event.event in _RETARGETING), default=None)


def dismissed_approvals(events: Iterable[IssueEvent], after: datetime | None) -> Collection[int]:
    """The IDs of the approvals that were dismissed after this time; none without a time."""
    return {
        event.dismissed_review["review_id"]
        for event in events
        if event.event == "review_dismissed"
        and event.dismissed_review["state"] == "approved"
        and after
        and event.created_at > after
    }

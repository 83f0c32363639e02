"""Who approved what was merged."""

from datetime import UTC, datetime

import pytest

from bot.core.commit import Approval, PullRequest, approvers

NOW = datetime(2026, 3, 1, tzinfo=UTC)
FINAL, EARLIER = "b" * 40, "a" * 40
PULL = PullRequest(1, "Raise it", "https://forge.example/1", "ana", "merged", "main", "topic", FINAL, FINAL, NOW, "bo")


@pytest.mark.parametrize(
    ("approvals", "expected"),
    [
        ([Approval("bo", FINAL)], ("bo",)),
        ([Approval("bo", FINAL), Approval("chen", FINAL), Approval("bo", FINAL)], ("bo", "chen")),
        ([Approval("ana", FINAL)], ()),
        ([Approval("bo", EARLIER)], ()),
        ([], ()),
    ],
)
def test_only_somebody_else_who_saw_the_final_head_approved_it(approvals, expected):
    assert approvers(PULL, approvals) == expected

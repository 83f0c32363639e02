"""A pull request that the bot opened, to revert or to adopt, followed until it is merged or closed."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from bot.core.git.commit import PullRequest


@dataclass(frozen=True, slots=True)
class RevertPullRequest:
    """`by` is the Slack user who asked, `what` what was asked for; `state` as in PullRequest.

    `purpose`: to undo a change in git, or to make git say what the cluster says; an
    open one of these is `moot` once the difference is gone by itself.
    """

    id: str
    repository: str
    number: int
    url: str
    title: str
    by: str
    what: str
    channels: tuple[str, ...]
    applications: tuple[str, ...]
    opened_at: datetime
    state: str = "open"
    merged_by: str | None = None
    ended_at: datetime | None = None
    purpose: Literal["revert", "adopt"] = "revert"
    moot: bool = False


def follow(known: RevertPullRequest, pull: PullRequest, now: datetime) -> RevertPullRequest:
    """What is known after one more look at the forge."""
    if pull.state == known.state:
        return known
    ended_at = None if pull.state == "open" else pull.merged_at or now
    return replace(known, state=pull.state, merged_by=pull.merged_by, ended_at=ended_at, title=pull.title)

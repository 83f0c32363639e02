"""A pull request the bot opened, to revert or to adopt, and tracks until it is merged or closed."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from bot.core.git.commit import PullRequest


@dataclass(frozen=True, slots=True)
class TrackedPullRequest:
    """`by` is the Slack user who asked for it and `what` the change or application; `state` as in PullRequest.

    `repository` is the key of a RepositoryRef. `purpose` is to revert a change, or to adopt what the cluster has; an
    open one of these is `moot` once the drift is gone.
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


def refreshed(tracked: TrackedPullRequest, pull: PullRequest, now: datetime) -> TrackedPullRequest:
    """The tracked pull request with its state on the forge."""
    if pull.state == tracked.state:
        return tracked
    ended_at = None if pull.state == "open" else pull.merged_at or now
    return replace(tracked, state=pull.state, merged_by=pull.merged_by, ended_at=ended_at, title=pull.title)

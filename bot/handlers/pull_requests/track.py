"""Tracks the pull requests the bot opened until they are merged or closed."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Literal

from bot.core.drift.model import Check, Status
from bot.core.git.commit import PullRequest
from bot.core.pull_requests.tracked_pull_request import TrackedPullRequest, refreshed
from bot.ports import Ports
from bot.ports.forge import ForgeError
from bot.ports.isolation import UnexpectedError, unexpected_as_port_error

_log = logging.getLogger(__name__)


def track(
    ports: Ports,
    pull: PullRequest,
    repository: str,
    *,
    by: str,
    what: str,
    channels: Sequence[str],
    applications: Sequence[str],
    purpose: Literal["revert", "adopt"] = "revert",
) -> None:
    """Store a pull request so that its card is posted and kept current, unless it is stored already. StoreError.

    `repository` is the key of a RepositoryRef; the rest as in TrackedPullRequest.
    """
    id_ = f"{repository}#{pull.number}"
    if id_ in {tracked.id for tracked in ports.store.pull_requests.unsettled()}:
        return
    ports.store.pull_requests.save(
        TrackedPullRequest(
            id=id_,
            repository=repository,
            number=pull.number,
            url=pull.url,
            title=pull.title,
            by=by,
            what=what,
            channels=tuple(channels),
            applications=tuple(applications),
            opened_at=ports.clock(),
            purpose=purpose,
        )
    )


def poll(ports: Ports) -> None:
    """Read the state of open pull requests from their forges; a forge that fails is read next time. StoreError."""
    checks = ports.store.checks.latest()
    for tracked in ports.store.pull_requests.unsettled():
        forge = ports.forges.get(tracked.repository)
        if forge is None or tracked.state != "open":
            continue
        try:
            with unexpected_as_port_error(f"pull request {tracked.id}"):
                pull = forge.get_pull_request(tracked.number)
                current = _current(tracked, pull, checks, ports.clock())
        except (ForgeError, UnexpectedError) as error:
            _log.warning("cannot read pull request #%d of %s: %s", tracked.number, tracked.repository, error)
            continue
        if current != tracked:
            ports.store.pull_requests.save(current)


def _current(
    tracked: TrackedPullRequest, pull: PullRequest | None, checks: Mapping[str, Check], now: datetime
) -> TrackedPullRequest:
    current = refreshed(tracked, pull, now) if pull else tracked
    if tracked.purpose != "adopt":
        return current
    check = checks.get(tracked.what)
    synced = check is not None and check.at > tracked.opened_at and check.status is Status.SYNCED
    return replace(current, moot=synced and current.state == "open")

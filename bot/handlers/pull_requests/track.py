"""Tracks the pull requests that the bot opened until they are merged or closed."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final, Literal

from bot.core.access.requester import Requester
from bot.core.applications.application import Application
from bot.core.drift.differences import still_live
from bot.core.drift.model import Check, Status
from bot.core.git.commit import PullRequest
from bot.core.git.commit_check import CommitChecks
from bot.core.pull_requests.tracked_pull_request import (
    NOTHING_KNOWN,
    ProposedChange,
    TrackedPullRequest,
    refreshed,
    tracked_id,
)
from bot.handlers.contributions import read_approvers
from bot.ports import Ports
from bot.ports.forge import Forge, ForgeError
from bot.ports.git import Repository, RepositoryError
from bot.ports.isolation import UnexpectedError, unexpected_as_port_error

_log = logging.getLogger(__name__)

_WAIT_FOR_APPROVERS: Final = timedelta(minutes=10)  # since the merge; then its card says that they are unknown


def track(
    ports: Ports,
    pull: PullRequest,
    repository: str,
    *,
    requester: Requester,
    what: str,
    applications: Sequence[Application],
    channel: str,
    purpose: Literal["revert", "adopt"] = "revert",
    change: ProposedChange = NOTHING_KNOWN,
) -> None:
    """Store a pull request, unless it is already stored, so that its card is posted and updated. Raises StoreError.

    `repository` is the key of a RepositoryRef; the rest is as in TrackedPullRequest. The card is posted in the
    applications' channels, or in `channel` if there are none.
    """
    id_ = tracked_id(repository, pull.number)
    if id_ in {tracked.id for tracked in ports.store.pull_requests.unsettled()}:
        return
    ports.store.pull_requests.save(
        TrackedPullRequest(
            id=id_,
            repository=repository,
            number=pull.number,
            url=pull.url,
            title=pull.title,
            by=requester.user,
            requester=requester.name,
            origin=requester.origin,
            what=what,
            channels=tuple(sorted({application.channel for application in applications})) or (channel,),
            applications=tuple(application.name for application in applications),
            owners=tuple(dict.fromkeys(owner for application in applications for owner in application.owners)),
            opened_at=ports.clock(),
            purpose=purpose,
            change=change,
            author=pull.author,
            base=pull.base,
            parent=_parent(ports.repositories[repository], pull),
        )
    )


def _parent(repository: Repository, pull: PullRequest) -> str:
    """The sha where a pull request's branch starts, or what it was last updated to; "" if it cannot be read."""
    try:
        repository.fetch_commit(pull.head_sha)  # the forge, or another replica, may have created it
        return next(reversed(repository.commit(pull.head_sha).parents), "")
    except RepositoryError as error:
        _log.warning("cannot read the commit of pull request #%d: %s", pull.number, error)
        return ""


def poll(ports: Ports, slack_users: Mapping[str, str]) -> None:
    """Read the state of open pull requests from the forges. One that fails is read next time.

    `slack_users` maps logins and account IDs to Slack user IDs. Raises StoreError.
    """
    checks = ports.store.checks.latest()
    for tracked in ports.store.pull_requests.unsettled():
        forge = ports.forges.get(tracked.repository)
        if forge is None or tracked.state != "open":
            continue
        try:
            with unexpected_as_port_error(f"pull request {tracked.id}"):
                pull = forge.get_pull_request(tracked.number)
                repository = ports.repositories[tracked.repository]
                approved_by = _approvers(repository, forge, pull, tracked, slack_users, ports.clock()) if pull else ()
                current = _current(tracked, pull, approved_by, checks, ports.clock())
                if pull and current.state == "open":
                    current = replace(
                        current,
                        rewritten=_is_rewritten(ports, tracked, pull),
                        checks=_checks(forge, pull, tracked.checks),
                    )
        except (ForgeError, RepositoryError, UnexpectedError) as error:
            _log.warning("cannot read pull request #%d of %s: %s", tracked.number, tracked.repository, error)
            continue
        if current != tracked:
            ports.store.pull_requests.save(current)


def _approvers(
    repository: Repository,
    forge: Forge,
    pull: PullRequest,
    tracked: TrackedPullRequest,
    slack_users: Mapping[str, str],
    now: datetime,
) -> tuple[str, ...] | None:
    """Who approved it; if that can't be read, the previous ones, or None if it was merged.

    A merged one isn't read again: until some time after the merge, it raises ForgeError or RepositoryError instead.
    """
    try:
        return read_approvers(repository, forge, pull, tracked, slack_users)
    except (ForgeError, RepositoryError) as error:
        if pull.merged_at and now - pull.merged_at < _WAIT_FOR_APPROVERS:
            raise
        _log.warning("cannot read who approved pull request #%d: %s", pull.number, error)
        return None if pull.state == "merged" else tracked.approved_by


def _checks(forge: Forge, pull: PullRequest, previous: CommitChecks | None) -> CommitChecks:
    """The checks of the pull request; if they cannot be read, the previous ones and why."""
    try:
        return CommitChecks.of(forge.checks(pull.head_sha))
    except ForgeError as error:
        _log.warning("cannot read the checks of pull request #%d: %s", pull.number, error)
        return replace(previous or CommitChecks(), error=error.text)


def _is_rewritten(ports: Ports, tracked: TrackedPullRequest, pull: PullRequest) -> bool:
    """Whether the pull request has a commit that was removed from the branch that it changes. Raises RepositoryError.

    The newest of several branches may be another one by now.
    """
    repository = ports.repositories.get(tracked.repository)
    if not tracked.parent or repository is None:
        return False
    is_tracked = tracked.base in ("", repository.branch)
    tip = repository.head() if is_tracked else repository.tip(tracked.base)
    if tip is None or repository.is_ancestor(tracked.parent, tip):
        return False
    # If someone rebased it, it no longer has the commit.
    return not repository.fetch_commit(pull.head_sha) or repository.is_ancestor(tracked.parent, pull.head_sha)


def _current(
    tracked: TrackedPullRequest,
    pull: PullRequest | None,
    approved_by: tuple[str, ...] | None,
    checks: Mapping[str, Check],
    now: datetime,
) -> TrackedPullRequest:
    current = refreshed(tracked, pull, approved_by, now) if pull else tracked
    if tracked.purpose != "adopt":
        return current
    check = checks.get(tracked.what)
    if check is None or check.at <= tracked.opened_at:
        return current
    # The drift of a pull request that was already open when it was stored is unknown.
    is_live = check.status is not Status.SYNCED and still_live(tracked.change.drift, check)
    is_moot = tracked.moot if is_live is None else not is_live
    return replace(current, moot=is_moot and current.state == "open")

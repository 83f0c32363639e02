"""Starts a rollout for each merge to a tracked branch that changes an application."""

import logging
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta

from bot.core.applications.application import Application
from bot.core.approvals.approval import arrival_id
from bot.core.drift.model import Check
from bot.core.git.author import MAX_AUTHORS
from bot.core.git.commit import Commit, PullRequest
from bot.core.git.commit_check import CommitCheck, CommitChecks
from bot.core.pull_requests.revert import reverted_in, reverted_on
from bot.core.rollouts.rollout import ENDED_STATES, ApplicationRollout, Rollout
from bot.handlers.change_people import read_authors, tracked_pull_request
from bot.handlers.contributions import read_approvers
from bot.handlers.rendering.affected import affected_applications
from bot.handlers.rendering.manifest_cache import ManifestCache
from bot.handlers.rollouts.missed import missed_merges
from bot.handlers.rollouts.reverted import reverted
from bot.handlers.slack.people import People
from bot.handlers.tracked_branch import base_of
from bot.ports import Ports
from bot.ports.errors import PortError
from bot.ports.forge import Forge, ForgeError
from bot.ports.git import Repository, RepositoryError
from bot.ports.isolation import skip_unexpected

_log = logging.getLogger(__name__)

# More merges than this at once, such as after downtime, become one rollout, since no one would read them one by one.
# So do changes to one target revision from more than this many others.
MAX_MERGES = 10
_CLOCK_SKEW = timedelta(minutes=1)  # between the forge and the bot
_MAX_COMMITS = 100  # of one merge
_MAX_CHECK_AGE = timedelta(days=1)  # to say what an application tracked until now
# A forge creates the commit of a squash merge when it merges; a commit that it only rebased is older.
_SQUASH_TAKES = timedelta(minutes=1)


def record_merges(
    ports: Ports,
    name: str,
    recorded: str | None,
    head: str,
    applications: Sequence[Application],
    manifest_cache: ManifestCache,
    people: People,
    *,
    is_lost: bool = False,
    since: datetime | None = None,
    first_seen: Collection[str] = (),
) -> bool:
    """Store a rollout for each new merge in one repository, up to its tracked `head` (a full sha).

    `recorded` is the stored head from before `head` was fetched: another replica may have stored a later one since.
    `since` is when the bot last recorded the merges up to its head then; None if it hasn't. `first_seen` are the names
    of the applications that it hadn't discovered then, which get the rollouts of the merges that they missed.
    False, and nothing is stored, if it has. Applications that tracked another revision until now get a rollout, too.
    The first call stores only the head and these rollouts, as does one whose `recorded` head `is_lost`. Raises
    RepositoryError, StoreError.
    """
    repository, checks = ports.repositories[name], _checks_of_others(ports, name, recorded, head, applications)
    stored = ports.store.rollouts.of_revisions([head]) if checks else []
    retargeted = {application: check for application, check in checks.items() if not _has_rollout_since(check, stored)}
    others = [application for application in applications if application.name not in retargeted]
    behind: dict[str, list[Application]] = {}
    if recorded is not None and not is_lost:
        new = [application for application in others if application.name in first_seen]
        behind = missed_merges(ports, repository, recorded, new, manifest_cache)
    if head in (recorded, ports.store.rollouts.head(name)) and not retargeted and not behind:
        return True
    rollouts: list[Rollout] = []
    if recorded is not None and not is_lost:
        late = {application.name for some in behind.values() for application in some}
        up_to_date = [application for application in others if application.name not in late]
        for begin, some in [(recorded, up_to_date), *behind.items()]:
            known_since = since if begin == recorded else None
            found = _rollouts(ports, repository, begin, head, some, manifest_cache, people, known_since)
            rollouts = _united(rollouts, found)
    if retargeted:
        changed = [application for application in applications if application.name in retargeted]
        ids = {rollout.id for rollout in (*stored, *rollouts)}
        rollouts += _changes_of_target_revision(ports, repository, head, changed, retargeted, manifest_cache, ids)
    for index, rollout in enumerate(rollouts):
        # A rollout without them is better than none.
        with suppress(RepositoryError), skip_unexpected(f"authors of {rollout.id}"):
            rollouts[index] = _with_authors(rollout, repository, people)
        with suppress(RepositoryError), skip_unexpected(f"commits of {rollout.id}"):
            rollouts[index] = _with_commits(rollouts[index], repository)
    advanced = ports.store.rollouts.advance(name, recorded, head, rollouts)
    for rollout in rollouts if advanced else ():
        _log.info("rollout of %s in %s: %s", rollout.revision, rollout.repository, rollout.subject)
    return advanced


def _rollouts(
    ports: Ports,
    repository: Repository,
    recorded: str,
    head: str,
    applications: Sequence[Application],
    manifest_cache: ManifestCache,
    people: People,
    since: datetime | None,
) -> list[Rollout]:
    now = ports.clock()
    tip = repository.commit(head)
    rewritten, merges = not repository.is_ancestor(recorded, head), 1
    if rewritten or not repository.is_branch:  # moving to another tag or branch is one step
        steps = [(recorded, tip)]
        rewritten = rewritten and repository.is_branch
    else:
        mainline = repository.mainline(recorded, head, limit=1_000)[::-1]
        steps = [(parent or recorded, commit) for parent, commit in mainline]
        if len(steps) > MAX_MERGES:
            steps, merges = [(recorded, tip)], len(steps)
    stored = {rollout.id for rollout in ports.store.rollouts.of_revisions([commit.sha for _, commit in steps])}
    forge = ports.forges.get(repository.name)
    rollouts: list[Rollout] = []
    for parent, commit in steps:
        rollout = None
        with skip_unexpected(f"merge {commit.sha} in {repository.name}"):  # the merge is skipped
            rollout = _rollout(repository, parent, commit, applications, manifest_cache, now)
        if rollout is None:
            continue
        rollout = replace(rollout, merges=merges, rewritten=rewritten)
        with skip_unexpected(f"pull request of {commit.sha} in {repository.name}"):
            rollout = _with_pull(rollout, repository, forge, ports, people, since)
        rollout = _with_arrival(rollout, stored, now)
        if rollouts and rollout.pull_number is not None and rollout.pull_number == rollouts[-1].pull_number:
            rollouts[-1] = _as_one(rollouts[-1], rollout)
        else:
            rollouts.append(rollout)
    return _in_order(rollouts)


def _united(rollouts: Sequence[Rollout], others: Sequence[Rollout]) -> list[Rollout]:
    """The rollouts, with one for each merge: the parts of the `others` keep their parents."""
    by_id = {rollout.id: rollout for rollout in rollouts}
    for other in others:
        rollout = by_id.get(other.id)
        parts = (replace(part, parent=other.parent) for part in other.parts)
        by_id[other.id] = replace(rollout, parts=(*rollout.parts, *parts)) if rollout else other
    return sorted(by_id.values(), key=lambda rollout: rollout.merged_at)


def _in_order(rollouts: Sequence[Rollout]) -> list[Rollout]:
    """The rollouts of one branch, oldest first, each merged before the next: only forges report when a merge was."""
    ordered: list[Rollout] = []
    for rollout in reversed(rollouts):
        latest = ordered[-1].merged_at - timedelta.resolution if ordered else rollout.merged_at
        ordered.append(replace(rollout, merged_at=min(rollout.merged_at, latest)))
    return ordered[::-1]


def _checks_of_others(
    ports: Ports, name: str, recorded: str | None, head: str, applications: Sequence[Application]
) -> Mapping[str, Check]:
    """The latest checks of the applications that tracked another revision then, by application."""
    now, latest = ports.clock(), ports.store.checks.latest([application.name for application in applications])
    return {
        application: check
        for application, check in latest.items()
        if check.revision not in (None, head)
        and timedelta() <= now - check.at <= _MAX_CHECK_AGE
        and check.repository != name
        and (check.repository or recorded is None)
    }


def _has_rollout_since(check: Check, rollouts: Sequence[Rollout]) -> bool:
    """Whether one of the rollouts in the application began or went live after the check, or is in progress.

    A replica that doesn't know the new target revision yet may check the earlier one in the meantime.
    """
    return any(
        (part.is_pending and rollout.state not in ENDED_STATES)
        or max(rollout.merged_at, part.live_at or rollout.merged_at) >= check.at
        for rollout in rollouts
        for part in rollout.parts
        if (part.application, part.cluster) == (check.application, check.cluster)
    )


def _changes_of_target_revision(
    ports: Ports,
    repository: Repository,
    head: str,
    applications: Sequence[Application],
    checks: Mapping[str, Check],
    manifest_cache: ManifestCache,
    stored: Collection[str],
) -> list[Rollout]:
    """A rollout from each revision that the applications tracked at these checks, unless it changes nothing.

    If there are too many, they are one rollout, in which each application has its own parent.

    `stored` are the IDs of the other rollouts of this head. An application can return to a revision, so the revision
    doesn't identify the rollout. Another replica that has read the same gives it the same ID.
    """
    now, forge = ports.clock(), ports.forges.get(repository.name)
    by_revision = defaultdict[str, list[Application]](list)
    for application in applications:
        by_revision[checks[application.name].revision or ""].append(application)
    rollouts: list[Rollout] = []
    for parent, some in by_revision.items():
        # The repository may be another one, and the old revision may no longer exist.
        with suppress(PortError), skip_unexpected(f"change to {head} in {repository.name}"):
            rollout = _rollout(repository, parent, repository.commit(head), some, manifest_cache, now)
            if rollout is not None:
                id_ = arrival_id(rollout.id, {*stored, *(other.id for other in rollouts)})
                url = forge.commit_url(head) if forge else None
                rollouts.append(replace(rollout, id=id_, merged_at=now, url=url, retargeted=True))
    if len(rollouts) <= MAX_MERGES:
        return rollouts
    parts = tuple(replace(part, parent=rollout.parent) for rollout in rollouts for part in rollout.parts)
    parents = repository.commit(head).parents
    return [replace(rollouts[0], parent=parents[0] if parents else None, parts=parts)]


def _rollout(
    repository: Repository,
    parent: str,
    commit: Commit,
    applications: Sequence[Application],
    manifest_cache: ManifestCache,
    now: datetime,
) -> Rollout | None:
    affected = affected_applications(repository, parent, commit.sha, applications, manifest_cache)
    if not affected:
        return None
    return Rollout(
        id=f"{repository.name}@{commit.sha}",
        repository=repository.name,
        branch=repository.branch,
        revision=commit.sha,
        parent=parent,
        subject=commit.subject,
        author=commit.author,
        merged_at=now,
        parts=tuple(
            ApplicationRollout(application.name, application.cluster, application.channel) for application in affected
        ),
    )


def _with_arrival(rollout: Rollout, stored: Collection[str], now: datetime) -> Rollout:
    """The rollout with its own ID and time if it isn't its commit's first arrival: `stored` are the earlier ones' IDs.

    A branch can be rewritten to any commit, and a removed commit can return, long after it was merged.
    """
    if rollout.rewritten:
        # Not `REPOSITORY!SHA`: that is the alert for the rewrite, and two cards of one key overwrite each other.
        return replace(rollout, id=arrival_id(f"{rollout.id}!", stored), merged_at=now)
    if rollout.id in stored:
        return replace(rollout, id=arrival_id(rollout.id, stored), merged_at=now)
    return rollout


def _as_one(older: Rollout, newer: Rollout) -> Rollout:
    """One rollout for two commits of the same pull request, from "rebase and merge"."""
    parts = {part.application: part for part in (*older.parts, *newer.parts)}
    return replace(newer, parent=older.parent, parts=tuple(parts.values()), merged_at=older.merged_at)


def _with_authors(rollout: Rollout, repository: Repository, people: People) -> Rollout:
    """The rollout with the authors of its commits and their Slack users; merge commits do not count."""
    authors = read_authors(repository, rollout.parent, rollout.revision)
    first = people.known(authors[:MAX_AUTHORS])
    return replace(rollout, authors=first, more_authors=len(authors) - len(first))


def _with_commits(rollout: Rollout, repository: Repository) -> Rollout:
    """The rollout with the time of its first commit, and the commits that it reverts.

    Its messages and the branch of its pull request name them, but anyone can write those: the files count.
    """
    commits = repository.commits(rollout.parent, rollout.revision, limit=_MAX_COMMITS)
    named = [sha for commit in commits for sha in reverted_in(commit.message)]
    first_commit_at = _first_commit_time(commits, rollout) if len(commits) < _MAX_COMMITS else None
    reverts = reverted(repository, rollout.parent, rollout.revision, (*rollout.reverts, *named))
    return replace(rollout, reverts=reverts, first_commit_at=first_commit_at)


def _first_commit_time(commits: Sequence[Commit], rollout: Rollout) -> datetime | None:
    """When the earliest commit was written; None for a squash merge, which replaces the commits with a new one."""
    times = [commit.authored_at for commit in commits if commit.authored_at]
    if not times:
        return None
    is_squashed = (
        rollout.pull_number is not None
        and len(commits) == 1
        and len(commits[0].parents) == 1
        and times[0] >= rollout.merged_at - _SQUASH_TAKES
    )
    return None if is_squashed else min(times)


def _with_pull(
    rollout: Rollout,
    repository: Repository,
    forge: Forge | None,
    ports: Ports,
    people: People,
    since: datetime | None,
) -> Rollout:
    """The rollout with its pull request; unchanged if the forge does not respond.

    A rewrite has none, even if it returns to a commit that a pull request once merged.
    """
    if forge is None:
        return rollout
    rollout = replace(rollout, url=forge.commit_url(rollout.revision))
    if rollout.rewritten:
        return rollout
    try:
        parents = repository.commit(rollout.revision).parents
        pull = forge.pull_request_for(rollout.revision, base_of(repository), parents=parents)
        if pull is None or pull.state != "merged":
            return rollout
        tracked = tracked_pull_request(ports, rollout.repository, pull)
        approved_by = read_approvers(repository, forge, pull, tracked, people.configured)
        merged_at = _merge_time(repository, pull, since, seen_at=rollout.merged_at)
    except (ForgeError, RepositoryError) as error:
        _log.warning("cannot read the pull request of %s: %s", rollout.revision, error)
        return rollout
    return replace(
        rollout,
        subject=pull.title,
        pull_author=pull.author,
        reverts=reverted_on(pull.head),
        requester=tracked.people.requester if tracked else "",
        pull_number=pull.number,
        pull_url=pull.url,
        merged_by=pull.merged_by,
        merged_at=merged_at,
        approved_by=approved_by,
        failed_checks=_failed_checks(forge, pull),
    )


def _merge_time(repository: Repository, pull: PullRequest, since: datetime | None, *, seen_at: datetime) -> datetime:
    """When a pull request brought a commit to the tracked revision; `seen_at` if it was merged long before.

    It can be on the branch before a pattern or HEAD moves to that branch, or before a removed commit returns; a tag can
    be set at any time. Raises RepositoryError.
    """
    is_known = base_of(repository) is not None and (since is not None or repository.is_branch)
    if pull.merged_at is None or not is_known or (since and pull.merged_at < since - _CLOCK_SKEW):
        return seen_at
    return min(max(pull.merged_at, since or pull.merged_at), seen_at)


def _failed_checks(forge: Forge, pull: PullRequest) -> tuple[CommitCheck, ...]:
    """The failed checks of a merged pull request; none if they cannot be read."""
    try:
        return CommitChecks.of(forge.checks(pull.head_sha)).failed
    except ForgeError as error:
        _log.warning("cannot read the checks of pull request #%d: %s", pull.number, error)
        return ()

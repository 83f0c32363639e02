"""Fetches repositories and records their new commits: the rollouts and reviews that they start."""

import logging
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from bot.context_pool import run_for_at_most, run_in_thread
from bot.core.applications.application import Application
from bot.core.git.repository_ref import RepositoryRef
from bot.core.git.target_revision import ResolvedRevision
from bot.handlers.approvals.review import ApprovalReviewer
from bot.handlers.drift.later_sources import Revision
from bot.handlers.rendering.manifest_cache import ManifestCache
from bot.handlers.rollouts import merges
from bot.handlers.rollouts.lost_heads import LostHeads
from bot.handlers.slack.people import People
from bot.handlers.tracked_branch import group_by_fetch, key_of_branch, known_branch_key
from bot.ports import Ports
from bot.ports.errors import PortError
from bot.ports.isolation import skip_unexpected, unexpected_as_port_error
from bot.ports.tenant import for_tenant

_log = logging.getLogger(__name__)

WAIT_SECONDS: Final = 10.0  # of a check for one fetch; then it goes on without the fetch
_MAX_FETCHES: Final = 3  # of a repository whose commits several replicas record at the same time


@dataclass(frozen=True, slots=True)
class Fetched:
    """The revisions of fetched repositories, and the fetches that still run, by key."""

    revisions: dict[str, Revision] = field(default_factory=dict)
    running: dict[str, Future[dict[str, Revision]]] = field(default_factory=dict)

    def all_revisions(self) -> dict[str, Revision]:
        """The revisions once all fetches have ended."""
        return self.revisions | {key: fetch.result()[key] for key, fetch in self.running.items()}


@dataclass(frozen=True, slots=True)
class _RecordedHeads:
    """Up to where commits have been recorded. `branch` is the `known_branch_key`."""

    branch: str | None
    rollouts: str | None
    approvals: str | None


class RepositoryFetcher:
    """Fetches repositories and records their new commits. Thread-safe. `applications` must be kept up to date.

    Until a repository's applications are discovered, nothing is recorded: no one would look for their merges again.
    `has_discovered` says whether they are, by the repository's name, and may use the network.
    """

    def __init__(
        self,
        ports: Ports,
        applications: Mapping[str, Application],
        *,
        approvals: ApprovalReviewer,
        people: People,
        manifest_cache: ManifestCache,
        has_discovered: Callable[[str], bool],
    ) -> None:
        self._ports = ports
        self._applications = applications
        self._has_discovered = has_discovered
        self._approvals = approvals
        self._people = people
        self._manifest_cache = manifest_cache
        self._recording: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)  # by the key of a RepositoryRef
        self.heads: dict[str, str] = {}  # the last fetched ones, by the key of a RepositoryRef
        self._recorded_at: dict[str, datetime] = {}  # the merges of each, by the key of its RepositoryRef
        self._seen: defaultdict[str, frozenset[str]] = defaultdict(frozenset)  # the applications then, by the same key
        self._lost_heads = LostHeads(ports.clock)

    def fetch(self, tenants: Mapping[str, str], *, must_record: bool = False) -> Fetched:
        """Fetch repositories in parallel, and record their new commits. `tenants` are by key.

        A fetch that takes longer than WAIT_SECONDS goes on in the background. Without `must_record`, what could not be
        recorded is only logged.
        """
        fetched = Fetched()

        def start(keys: Sequence[str]) -> Future[dict[str, Revision]]:
            return run_in_thread("fetch", self._fetch_group, keys, tenants=tenants, must_record=must_record)

        for keys, fetch in run_for_at_most(WAIT_SECONDS, group_by_fetch(sorted(tenants)), start):
            if fetch.done():
                fetched.revisions.update(fetch.result())
            else:
                fetched.running.update(dict.fromkeys(keys, fetch))
        return fetched

    def _fetch_group(
        self, keys: Sequence[str], *, tenants: Mapping[str, str], must_record: bool
    ) -> dict[str, Revision]:
        """Fetch one repository, and record the new commits of several revisions.

        If another replica has recorded some meanwhile, they may be later ones than those that were fetched, so fetch
        again.
        """
        revisions: dict[str, Revision] = {}
        for _ in range(_MAX_FETCHES):
            recorded: dict[str, _RecordedHeads] = {}
            for key in keys:
                with _error_as_revision(revisions, key):
                    recorded[key] = self._recorded_heads(key)
            if not recorded:
                break
            fetched = next(iter(recorded))
            try:
                with unexpected_as_port_error(f"fetch of {fetched}"), for_tenant(tenants[fetched]):
                    self._ports.repositories[fetched].update_mirror()
                    has_discovered = self._has_discovered(RepositoryRef.parse(fetched).name)
            except PortError as error:
                return {**revisions, **dict.fromkeys(recorded, error)}
            keys = []
            for key, heads in recorded.items():
                with _error_as_revision(revisions, key), for_tenant(tenants[key]), self._recording[key]:
                    resolved = self._ports.repositories[key].fetched_revision()
                    revisions[key] = self.heads[key] = resolved.sha
                    if not has_discovered:
                        _log.info("not looking for merges in %s before the applications are discovered", key)
                    elif not self._record(key, heads, resolved, must_record=must_record):
                        keys.append(key)
        return revisions

    def _recorded_heads(self, key: str) -> _RecordedHeads:
        branch, store = known_branch_key(self._ports, key), self._ports.store
        return _RecordedHeads(branch, store.rollouts.head(key), store.approvals.head(branch) if branch else None)

    def _record(self, key: str, recorded: _RecordedHeads, resolved: ResolvedRevision, *, must_record: bool) -> bool:
        try:
            with unexpected_as_port_error(f"merges of {key}"):
                return self._record_commits(key, recorded, resolved, may_skip=must_record)
        except PortError as error:
            if must_record:
                raise
            _log.warning("cannot look for merges in %s: %s", key, error)
            return True

    def _record_commits(self, key: str, before: _RecordedHeads, resolved: ResolvedRevision, *, may_skip: bool) -> bool:
        """Start rollouts of new merges and reviews of new commits.

        `before` was read before the fetch. False if another replica has recorded them meanwhile or the branch is
        another one now. Raises RepositoryError while the remote may only lag behind the recorded head.
        """
        branch, recorded = key_of_branch(self._ports, key, resolved), True
        repository = self._ports.repositories[key]
        is_lost = self._lost_heads.is_lost(repository, before.rollouts, resolved.sha, may_fetch=may_skip)
        try:
            with skip_unexpected(f"rollouts of {key}"):
                recorded = self._record_merges(key, before.rollouts, resolved.sha, is_lost=is_lost)
        finally:  # a merge that cannot be read must not keep unapproved commits from being reported
            reviewed = self._record_for_review(branch, before, resolved)
        return recorded and reviewed

    def _record_merges(self, key: str, before: str | None, head: str, *, is_lost: bool) -> bool:
        applications = [application for application in self._applications.values() if application.repository.key == key]
        merged = (key, before, head, applications, self._manifest_cache, self._people)
        names, since = frozenset(application.name for application in applications), self._recorded_at.get(key)
        recorded = merges.record_merges(
            self._ports, *merged, is_lost=is_lost, since=since, first_seen=names - self._seen[key]
        )
        if recorded:
            self._recorded_at[key] = self._ports.clock()
            self._seen[key] |= names
        return recorded

    def _record_for_review(self, branch: str, before: _RecordedHeads, resolved: ResolvedRevision) -> bool:
        if branch != before.branch:
            return False
        # Tags move by design.
        return resolved.kind != "branch" or self._approvals.record_commits(branch, before.approvals, resolved.sha)


@contextmanager
def _error_as_revision(revisions: dict[str, Revision], key: str) -> Iterator[None]:
    """Store a PortError or an unexpected error in the block as the revision of `key`."""
    try:
        with unexpected_as_port_error(f"fetch of {key}"):
            yield
    except PortError as error:
        revisions[key] = error

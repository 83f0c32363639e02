"""Finds the commits behind what is wrong: a drift alert, or a merge that does not go live."""

import logging
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from bot.core.applications.application import Application
from bot.core.changes.rendered_change import rendered_change
from bot.core.changes.suspect import (
    LATELY,
    MOST_NAMED,
    MOST_SUSPECTS,
    ExplainedDrift,
    Suspect,
    SuspectReason,
    explained,
    unexplained,
)
from bot.core.drift.model import ObjectDrift
from bot.core.git.commit import Commit
from bot.core.incidents.incident import ACTIVE_STATES, Incident
from bot.core.objects.manifest import ManifestError
from bot.core.rollouts.rollout import Rollout
from bot.handlers.change_people import read_people
from bot.handlers.incidents.control import change
from bot.handlers.rendering.manifest_cache import ManifestCache
from bot.ports import Ports
from bot.ports.errors import PortError
from bot.ports.forge import ForgeError
from bot.ports.git import Repository
from bot.ports.isolation import skip_unexpected, unexpected_as_port_error

_log = logging.getLogger(__name__)

MOST_WALKED = 8  # commits looked into, of the newest _WINDOW
_WINDOW = 200
_MOST_PATHS = 8
# So long for all alerts that open together: the others are looked into after the next check.
_PATIENCE = 10.0  # seconds


@dataclass(frozen=True, slots=True)
class Suspects:
    """Walks the commits that changed what an application is made of, newest first and few of them.

    `manifest_cache` is its own: the walk must not push out what the checks remember.
    """

    ports: Ports
    applications: Mapping[str, Application]
    manifest_cache: ManifestCache
    by_hand: Sequence[str]

    def name(self, names: Iterable[str]) -> None:
        """Find and keep the suspects of these applications' incidents, once each. StoreError."""
        until = time.monotonic() + _PATIENCE
        requested = frozenset(names)
        for incident in self.ports.store.incidents.unsettled():
            if (
                incident.application not in requested
                or incident.state not in ACTIVE_STATES
                or incident.suspects is not None
            ):
                continue
            if time.monotonic() > until:
                return
            try:
                with unexpected_as_port_error(f"suspects of {incident.id}"):
                    suspects = self.of_drift(self.applications[incident.application], incident)
            except (PortError, ManifestError) as error:
                _log.warning("cannot find suspects for %s: %s", incident.id, error)
                suspects = ()
            with skip_unexpected(f"suspects of {incident.id}"):
                change(self.ports.store, incident, partial(replace, suspects=suspects))

    def of_drift(self, application: Application, incident: Incident) -> tuple[Suspect, ...]:
        """The commits before which git said what the cluster has. Nobody where a tool's write explains it.

        RepositoryError, RenderError, ManifestError.
        """
        repository = self.ports.repositories[application.repository.key]
        after = self.manifest_cache.declared(repository, incident.revision, application.source)
        unexplained_drift: list[ObjectDrift] = list(incident.drift)
        suspects: list[tuple[Commit, list[ExplainedDrift]]] = []
        for commit in self._touching(repository, incident.revision, application):
            before = self.manifest_cache.declared(repository, _before(commit), application.source)
            since = rendered_change(before, after, namespace=application.namespace)
            explanations = explained(
                unexplained_drift, since, commit, namespace=application.namespace, interactive=self.by_hand
            )
            unexplained_drift = unexplained(unexplained_drift, explanations)
            if explanations and self._may_be_on_its_way(commit, application, incident):
                suspects.append((commit, explanations))
            if not unexplained_drift or len(suspects) == MOST_SUSPECTS:
                break
        return tuple(
            self._suspect(repository, commit, explanations[0].why, [explanation.place for explanation in explanations])
            for commit, explanations in suspects
        )

    def of_rollout(self, rollout: Rollout) -> tuple[Suspect, ...]:
        """The last commits in which what does not run changed; else the last that changed what it is made of.

        RepositoryError, RenderError, ManifestError.
        """
        repository = self.ports.repositories.get(rollout.repository)
        if repository is None:
            return ()  # it left the configuration
        commits_by_sha: dict[str, tuple[Commit, SuspectReason, list[str]]] = {}
        for part in rollout.parts:
            application = self.applications.get(part.application)
            if application is None or part.live_at is not None:
                continue
            unexplained_objects = {f"{workload.kind} {workload.name}" for workload in part.lacking.unready}
            commits = self._touching(repository, rollout.revision, application)
            for commit in commits if unexplained_objects else ():
                changed = self._changed(repository, commit, application) & unexplained_objects
                if changed:
                    commits_by_sha.setdefault(commit.sha, (commit, SuspectReason.OBJECT, []))[2].extend(sorted(changed))
                unexplained_objects -= changed
                if not unexplained_objects:
                    break
            if commits and (unexplained_objects or not part.lacking.unready):
                commits_by_sha.setdefault(commits[0].sha, (commits[0], SuspectReason.PATH, []))[2].append(
                    application.name
                )
        newest = sorted(
            commits_by_sha.values(),
            key=lambda workload: (workload[1] is SuspectReason.PATH, -workload[0].committed_at.timestamp()),
        )
        return tuple(self._suspect(repository, commit, why, places) for commit, why, places in newest[:MOST_SUSPECTS])

    def _changed(self, repository: Repository, commit: Commit, application: Application) -> frozenset[str]:
        before, after = (
            self.manifest_cache.declared(repository, revision, application.source)
            for revision in (_before(commit), commit.sha)
        )
        objects = rendered_change(before, after, namespace=application.namespace).objects
        return frozenset(f"{manifest.kind} {manifest.name}" for manifest in objects)

    def _touching(self, repository: Repository, revision: str, application: Application) -> list[Commit]:
        """The newest first-parent commits that changed a path the application is made of, newest first."""
        window = repository.first_parent(None, revision, limit=_WINDOW)
        oldest = window[-1].parents[0] if window and window[-1].parents else None
        paths = [
            path
            for path, _ in self.manifest_cache.inputs(repository, revision, [application.source])[application.source]
        ]
        touching = {
            commit.sha
            for path in paths[:_MOST_PATHS]
            for commit in repository.first_parent(oldest, revision, path=path, limit=MOST_WALKED)
        }
        return [commit for commit in window if commit.sha in touching][:MOST_WALKED]

    def _may_be_on_its_way(self, commit: Commit, application: Application, incident: Incident) -> bool:
        """Whether it may not have arrived: what was live once, and is not now, somebody has taken away since."""
        parts = [
            part
            for rollout in self.ports.store.rollouts.of_revisions([commit.sha])
            for part in rollout.parts
            if part.application == application.name
        ]
        if parts:
            return all(part.live_at is None for part in parts)
        return incident.since - commit.committed_at <= LATELY

    def _suspect(self, repository: Repository, commit: Commit, why: SuspectReason, places: Sequence[str]) -> Suspect:
        forge = self.ports.forges.get(repository.name)
        try:
            pull, people = read_people(self.ports.store, repository, forge, commit)
        except ForgeError as error:
            _log.warning("cannot read the pull request of %s: %s", commit.sha, error)
            pull, people = read_people(self.ports.store, repository, None, commit)
        return Suspect(
            sha=commit.sha,
            subject=commit.subject[:200],
            author=people.written_by[:100],
            at=commit.committed_at,
            why=why,
            places=tuple(dict.fromkeys(places))[:MOST_NAMED],
            url=forge.commit_url(commit.sha) if forge else None,
            pull_number=pull.number if pull else None,
            pull_url=pull.url if pull else None,
            approved_by=people.approvers,
        )


def _before(commit: Commit) -> str | None:
    return commit.parents[0] if commit.parents else None

"""Finds the commits that may have caused drift, or that keep a rollout from going live."""

import logging
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from bot.core.applications.application import Application
from bot.core.changes.rendered_change import rendered_change
from bot.core.changes.suspect import (
    MAX_PLACES,
    MAX_SUSPECTS,
    RECENT,
    ExplainedDrift,
    Suspect,
    SuspectReason,
    explained,
    unexplained,
)
from bot.core.drift.model import ObjectDrift
from bot.core.git.commit import Commit
from bot.core.incidents.incident import ACTIVE_STATES, Incident
from bot.core.objects.documents import ManifestError
from bot.core.rollouts.rollout import Rollout
from bot.handlers.change_people import read_people
from bot.handlers.incidents.transition import change
from bot.handlers.mainline import Step, mainline
from bot.handlers.rendering.manifest_cache import ManifestCache
from bot.ports import Ports
from bot.ports.errors import PortError
from bot.ports.forge import ForgeError
from bot.ports.git import Repository
from bot.ports.isolation import skip_unexpected, unexpected_as_port_error

_log = logging.getLogger(__name__)

MAX_COMMITS_READ = 8  # rendered and compared, among the newest _WINDOW
_WINDOW = 200
_MAX_PATHS = 8
# For all incidents of one check; the others are searched after the next check.
_TIMEOUT = 10.0  # seconds


@dataclass(frozen=True, slots=True)
class Suspects:
    """Searches the newest commits that changed an application's inputs.

    `manifest_cache` must not be the one that checks use: the search would evict their manifests. `interactive` are
    patterns of field managers that people use by hand. `slack_users` maps logins and account IDs to Slack user IDs.
    """

    ports: Ports
    applications: Mapping[str, Application]
    manifest_cache: ManifestCache
    interactive: Sequence[str]
    slack_users: Mapping[str, str]

    def find(self, names: Iterable[str]) -> None:
        """Find and store the suspects of these applications' active incidents, each once. Raises StoreError."""
        deadline = time.monotonic() + _TIMEOUT
        requested = frozenset(names)
        for incident in self.ports.store.incidents.unsettled():
            if (
                incident.application not in requested
                or incident.state not in ACTIVE_STATES
                or incident.suspects is not None
            ):
                continue
            if time.monotonic() > deadline:
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
        """The commits before which git declared what the cluster has, unless a person's later write explains it.

        Raises RepositoryError, RenderError, ManifestError.
        """
        repository = self.ports.repositories[application.repository.key]
        after = self.manifest_cache.declared(repository, incident.revision, application.source)
        unexplained_drift: list[ObjectDrift] = list(incident.drift)
        suspects: list[tuple[Step, list[ExplainedDrift]]] = []
        for parent, commit in self._steps_touching(repository, incident.revision, application):
            before = self.manifest_cache.declared(repository, parent, application.source)
            since = rendered_change(before, after, namespace=application.namespace)
            explanations = explained(
                unexplained_drift, since, commit, namespace=application.namespace, interactive=self.interactive
            )
            unexplained_drift = unexplained(unexplained_drift, explanations)
            if explanations and self._may_not_be_live_yet(commit, application, incident):
                suspects.append(((parent, commit), explanations))
            if not unexplained_drift or len(suspects) == MAX_SUSPECTS:
                break
        return tuple(
            self._suspect(repository, step, explanations[0].why, [explanation.place for explanation in explanations])
            for step, explanations in suspects
        )

    def of_rollout(self, rollout: Rollout) -> tuple[Suspect, ...]:
        """The last commits that changed the workloads that are not ready, else the last one that changed the inputs.

        Raises RepositoryError, RenderError, ManifestError.
        """
        repository = self.ports.repositories.get(rollout.repository)
        if repository is None:
            return ()  # no longer configured
        steps_by_sha: dict[str, tuple[Step, SuspectReason, list[str]]] = {}
        for part in rollout.parts:
            application = self.applications.get(part.application)
            if application is None or not part.is_pending:
                continue
            unexplained_objects = {f"{workload.kind} {workload.name}" for workload in part.pending.unready}
            steps = self._steps_touching(repository, rollout.revision, application)
            for step in steps if unexplained_objects else ():
                changed = self._changed_objects(repository, step, application) & unexplained_objects
                if changed:
                    steps_by_sha.setdefault(step[1].sha, (step, SuspectReason.OBJECT, []))[2].extend(sorted(changed))
                unexplained_objects -= changed
                if not unexplained_objects:
                    break
            if steps and (unexplained_objects or not part.pending.unready):
                newest = steps[0]
                steps_by_sha.setdefault(newest[1].sha, (newest, SuspectReason.PATH, []))[2].append(application.name)
        candidates = sorted(
            steps_by_sha.values(),
            key=lambda candidate: (candidate[1] is SuspectReason.PATH, -candidate[0][1].committed_at.timestamp()),
        )
        return tuple(self._suspect(repository, step, why, places) for step, why, places in candidates[:MAX_SUSPECTS])

    def _changed_objects(self, repository: Repository, step: Step, application: Application) -> frozenset[str]:
        parent, commit = step
        before, after = (
            self.manifest_cache.declared(repository, revision, application.source) for revision in (parent, commit.sha)
        )
        objects = rendered_change(before, after, namespace=application.namespace).objects
        return frozenset(f"{manifest.kind} {manifest.name}" for manifest in objects)

    def _steps_touching(self, repository: Repository, revision: str, application: Application) -> list[Step]:
        """The newest commits of the branch that changed an input of the application, newest first."""
        paths = [
            path
            for path, _ in self.manifest_cache.inputs(repository, revision, [application.source])[application.source]
        ]
        line = mainline(self.ports, repository.name)
        return line.touching(revision, paths[:_MAX_PATHS], window=_WINDOW, limit=MAX_COMMITS_READ)

    def _may_not_be_live_yet(self, commit: Commit, application: Application, incident: Incident) -> bool:
        """Whether the commit may not have been live yet. One that was live before does not explain the drift."""
        parts = [
            part
            for rollout in self.ports.store.rollouts.of_revisions([commit.sha])
            for part in rollout.parts
            if part.application == application.name
        ]
        if parts:
            return all(part.live_at is None for part in parts)
        return incident.since - commit.committed_at <= RECENT

    def _suspect(self, repository: Repository, step: Step, why: SuspectReason, places: Sequence[str]) -> Suspect:
        parent, commit = step
        forge = self.ports.forges.get(repository.name)
        read = partial(read_people, self.ports, repository, commit=commit, slack_users=self.slack_users, parent=parent)
        try:
            pull, people = read(forge)
        except ForgeError as error:
            _log.warning("cannot read the pull request of %s: %s", commit.sha, error)
            pull, people = read(None)
        return Suspect(
            sha=commit.sha,
            subject=commit.subject[:200],
            author=people.written_by[:100],
            at=commit.committed_at,
            why=why,
            places=tuple(dict.fromkeys(places))[:MAX_PLACES],
            url=forge.commit_url(commit.sha) if forge else None,
            pull_number=pull.number if pull else None,
            pull_url=pull.url if pull else None,
            approved_by=people.approvers,
        )

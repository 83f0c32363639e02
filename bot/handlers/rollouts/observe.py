"""Observes rollouts on one cluster: whether the objects that each merge changed are applied and ready."""

import re
from collections.abc import Callable, Collection, Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.core.applications.application import Application
from bot.core.drift.attribution import RESTART, written_by
from bot.core.drift.ignore_rules import IgnoreRule
from bot.core.drift.model import FieldDrift, ObjectDrift
from bot.core.drift.short_path import short_path
from bot.core.health.status import HealthStatus
from bot.core.objects.documents import ManifestError
from bot.core.objects.managed_fields import APPLYING_MANAGERS
from bot.core.objects.manifest import Manifest
from bot.core.objects.resolve import resolve
from bot.core.objects.scalar_equality import parse_time
from bot.core.rollouts.pending import MAX_LISTED, NOTHING_PENDING, PendingState
from bot.core.rollouts.rollout import ApplicationRollout, Observation, Rollout, RolloutState
from bot.handlers.discovery.deployers import DeployerReader, Failure
from bot.handlers.drift.comparison_cache import CompareOptions
from bot.handlers.drift.live_comparison import LiveComparison, compare_live
from bot.handlers.drift.result import ComparisonResult, comparison_result, join_sentences, still_present
from bot.handlers.drift.served_kinds import scope_of
from bot.handlers.rendering.manifest_cache import ManifestCache
from bot.handlers.rollouts.change import ChangedManifests, changed_manifests, without_overridden
from bot.handlers.rollouts.health import ObjectKey, ObjectState, read_states
from bot.handlers.rollouts.removals import Removals
from bot.i18n.catalogue import check as texts
from bot.i18n.language import LocalizedText
from bot.ports import Ports
from bot.ports.errors import PortError
from bot.ports.git import Repository
from bot.ports.isolation import UnexpectedError, skip_unexpected, unexpected_as_port_error

# Until a deployer has had time to try this commit, an error without a revision may be about an earlier one.
_DEPLOYER_DELAY = timedelta(minutes=1)
_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")  # not the version of a chart

Observations = dict[str, dict[str, Observation]]  # by rollout ID, then by application


@dataclass(frozen=True, slots=True)
class _Target:
    """One application in one rollout, with the `manifests` that the merge changed.

    One that is already live is only `watched`: its health counts, but not whether it still matches git, even if the
    application tracks another revision now. If a newer merge changed the same objects, `newer` is its revision, and the
    manifests are as it declares them.
    """

    rollout: Rollout
    application: Application
    manifests: ChangedManifests
    watched: bool
    newer: str | None


def observe(
    ports: Ports,
    cluster: str,
    rollouts: Sequence[Rollout],
    applications: Mapping[str, Application],
    manifest_cache: ManifestCache,
    deployers: DeployerReader,
    ignore: Sequence[IgnoreRule] = (),
    *,
    is_complete: Callable[[str], bool],
) -> Observations:
    """Observe the applications on the cluster that aren't live yet or are still watched. Lists each kind once.

    `is_complete` is whether an application, by its name, is in `applications` if it is watched. Fields that a rule
    ignores do not delay a rollout. A PortError becomes the `error` of an observation.
    """
    observations: Observations = {rollout.id: {} for rollout in rollouts}
    targets: list[_Target] = []
    for rollout, part, later in _observed_parts(ports, rollouts, cluster, applications):
        is_known = is_complete(part.application)  # asked first, or the application could be discovered in between
        application = applications.get(part.application)
        if (
            application is None
            or application.cluster != cluster
            or (part.newer is None and part.is_unresolved and application.repository.key != rollout.repository)
        ):
            observation = _observe_unwatched(part, application, is_complete=is_known)
            observations[rollout.id][part.application] = observation
            continue
        for newer in _newer_revisions(part, rollout, later):
            try:
                target = _target(ports, rollout, part, application, manifest_cache, newer)
            except (PortError, ManifestError) as error:
                if newer == part.newer:
                    observations[rollout.id][part.application] = Observation(error=error.text)
                continue
            if target is not None:
                targets.append(target)
    removals = Removals(ports, cluster, applications, manifest_cache, deployers)
    observed = _observe(ports, cluster, targets, removals, ignore) if targets else ()
    for target, observation in zip(targets, observed, strict=True):
        results, name = observations[target.rollout.id], target.application.name
        if name not in results or (_is_live(observation) and not _is_live(results[name])):
            results[name] = replace(observation, superseded_by=target.newer)
    return observations


def _observed_parts(
    ports: Ports, rollouts: Sequence[Rollout], cluster: str, applications: Mapping[str, Application]
) -> Iterator[tuple[Rollout, ApplicationRollout, Sequence[Rollout]]]:
    """The parts to observe on the cluster, each with its rollout and the later rollouts.

    `newer` is the revision of the application if it now tracks another one than the rollout. Only a check since the
    merge counts, since another replica may have read a target revision first.
    """
    observed = [
        (index, part)
        for index, rollout in enumerate(rollouts)
        for part in rollout.parts
        if part.cluster == cluster and part.is_observed
    ]
    keys = {
        application.name: application.repository.key
        for application in (applications.get(part.application) for _, part in observed)
        if application is not None and application.cluster == cluster
    }

    def is_retargeted(rollout: Rollout, part: ApplicationRollout) -> bool:
        return part.is_unresolved and keys.get(part.application, rollout.repository) != rollout.repository

    retargeted = {part.application for index, part in observed if is_retargeted(rollouts[index], part)}
    checks = ports.store.checks.latest(retargeted) if retargeted else {}
    for index, part in observed:
        rollout, check, newer = rollouts[index], checks.get(part.application), part.newer
        if (
            check is not None
            and is_retargeted(rollout, part)
            and check.repository == keys[part.application]
            and check.at > rollout.merged_at
        ):
            newer = check.revision or newer
        yield rollout, replace(part, newer=newer), rollouts[index + 1 :]


def _target(
    ports: Ports,
    rollout: Rollout,
    part: ApplicationRollout,
    application: Application,
    manifest_cache: ManifestCache,
    newer: str | None,
) -> _Target | None:
    """What to compare with the revision `newer`; None if a merge that isn't live yet changed other objects.

    Raises PortError, ManifestError.
    """
    with unexpected_as_port_error(f"change of {application.name} in {rollout.id}"):
        repository = ports.repositories[application.repository.key if newer else rollout.repository]
        manifests = changed_manifests(repository, rollout, part, application, manifest_cache, newer)
        manifests = without_overridden(manifests, part, application)
    if newer != part.newer and not manifests.is_superseded:
        return None
    superseded_by = newer if manifests.is_superseded else None
    return _Target(rollout, application, manifests, watched=part.live_at is not None, newer=superseded_by)


def _newer_revisions(part: ApplicationRollout, rollout: Rollout, later: Sequence[Rollout]) -> Collection[str | None]:
    """The revisions to compare an application with: None is the merge's own. The last merge may not be live yet."""
    revisions = [
        newer.revision
        for newer in later
        if newer.repository == rollout.repository
        and any(newer_part.application == part.application for newer_part in newer.parts)
    ]
    return dict.fromkeys((part.newer, *(revisions[-1:] if part.is_pending else ())))


def _is_live(observation: Observation) -> bool:
    return observation.pending == NOTHING_PENDING and observation.error is None


def _observe_unwatched(part: ApplicationRollout, application: Application | None, *, is_complete: bool) -> Observation:
    """An application that can't be compared: it tracks another revision, has moved, was removed, or isn't known yet."""
    if application is not None and application.cluster == part.cluster:
        return Observation(error=LocalizedText(texts.NOT_TRACKED))
    if not is_complete and application is None:
        return Observation(error=LocalizedText(texts.NOT_DISCOVERED))
    if part.newer:
        return Observation(superseded_by=part.newer)
    if application is None and part.is_pending and part.change is not None and part.change.is_removal:
        return Observation()
    return Observation(error=LocalizedText(texts.NOT_CONFIGURED), is_gone=is_complete)


def _observe(
    ports: Ports, name: str, targets: Sequence[_Target], removals: Removals, ignore: Sequence[IgnoreRule]
) -> Sequence[Observation]:
    cluster = ports.clusters[name]
    manifests = [
        (manifest, target.application)
        for target in targets
        if not target.watched
        for manifest in (*target.manifests.changed, *target.manifests.earlier, *target.manifests.removed)
    ]
    try:
        with unexpected_as_port_error(f"rollouts on {name}"):
            live = compare_live(cluster, manifests, options=CompareOptions(tuple(ignore)))
            observed = [
                (Observation(), target.manifests.changed) if target.watched else _observe_target(target, live, removals)
                for target in targets
            ]
            applied = [
                (manifest, target.application.namespace)
                for target, (_, objects) in zip(targets, observed, strict=True)
                for manifest in objects
            ]
            states = read_states(cluster, live.discovery, applied)
    except PortError as error:
        return [Observation(error=error.text)] * len(targets)
    observations = [
        _with_states(target, observation, objects, states)
        for target, (observation, objects) in zip(targets, observed, strict=True)
    ]
    return _with_failures(ports.repositories, removals.deployers, ports.clock(), targets, observations)


def _observe_target(
    target: _Target, live: LiveComparison, removals: Removals
) -> tuple[Observation, Sequence[Manifest]]:
    try:
        with unexpected_as_port_error(f"arrival of {target.rollout.id} in {target.application.name}"):
            return _observe_applied(target, live, removals)
    except UnexpectedError as error:
        return Observation(error=error.text), ()


def _observe_applied(
    target: _Target, live: LiveComparison, removals: Removals
) -> tuple[Observation, Sequence[Manifest]]:
    """Whether the merge is applied: changed objects match their manifests, and removed objects and fields are gone.

    Also the changed objects that are applied, whose states count; none if some could not be compared.
    """
    manifests, application = target.manifests, target.application
    result = comparison_result(manifests.changed, application, live)
    earlier = comparison_result(manifests.earlier, application, live)
    present, unknown = still_present(manifests.removed, application, live)
    missing = [(drift.key, line) for drift in result.drift for line in _missing(drift)]
    namespaced = scope_of(live.discovery)
    awaited = removals.awaited(present, target.rollout, application, namespaced)
    remaining = [(manifest.key, f"{manifest.kind} {manifest.name}") for manifest in awaited]
    remaining += [(drift.key, _title(drift, field)) for drift, field in _remaining_fields(result, earlier)]
    changed = resolve(manifests.earlier, namespace=application.namespace, namespaced=namespaced)
    for drift, field in _pending_restarts(result, earlier, {manifest.key for manifest in changed}):
        (remaining if field.change == "added" else missing).append((drift.key, _title(drift, field)))
    error = join_sentences(dict.fromkeys((*result.unknown, *earlier.unknown, *unknown)))
    pending = {key for key, _ in (*missing, *remaining)}
    declared = resolve(manifests.changed, namespace=application.namespace, namespaced=namespaced)
    applied = [] if error else [manifest for manifest in declared if manifest.key not in pending]
    if not pending:
        return Observation(error=error), applied
    total = len(missing) + len(remaining)
    return Observation(PendingState(_titles(missing), _titles(remaining), total=total)), applied


def _titles(pending: Sequence[tuple[ObjectKey, str]]) -> tuple[str, ...]:
    return tuple(title for _, title in pending[:MAX_LISTED])


def _with_states(
    target: _Target, observation: Observation, applied: Sequence[Manifest], states: Mapping[ObjectKey, ObjectState]
) -> Observation:
    """The observation with the unhealthy objects among those that are applied; the running images if it is live."""
    namespace = target.application.namespace
    keys = (manifest.in_namespace(manifest.namespace or namespace).key for manifest in applied)
    reported = [states[key] for key in keys if key in states]
    unready = [state.unready for state in reported if state.unready is not None]
    if target.watched:  # what differs now is drift
        unready = [candidate for candidate in unready if candidate.health is not HealthStatus.MISSING]
    total = observation.pending.total + len(unready)
    if not total and observation.error is None:
        observation = replace(observation, error=join_sentences(dict.fromkeys(s.error for s in reported if s.error)))
    pending = replace(observation.pending, unready=tuple(unready[:MAX_LISTED]), total=total)
    if total or observation.error is not None:
        return replace(observation, pending=pending)
    return Observation(images=tuple(dict.fromkeys(image for state in reported for image in state.images))[:MAX_LISTED])


def _with_failures(
    repositories: Mapping[str, Repository],
    deployers: DeployerReader,
    now: datetime,
    targets: Sequence[_Target],
    observations: Sequence[Observation],
) -> Sequence[Observation]:
    """The observations with their deployer's error, if changes are pending after `_DEPLOYER_DELAY`.

    An error that is only about commits without the merge does not count, but what else the deployer reports does.
    """
    waiting = {
        target.application.name: target.application
        for target, observation in zip(targets, observations, strict=True)
        if observation.pending != NOTHING_PENDING
        and not target.watched
        and (target.rollout.state is RolloutState.LATE or now - target.rollout.merged_at >= _DEPLOYER_DELAY)
    }
    failures: Mapping[str, Failure] = {}
    with skip_unexpected("deployers of rollouts"):
        failures = deployers.failures(list(waiting.values()))

    def with_failure(target: _Target, observation: Observation) -> Observation:
        if observation.pending == NOTHING_PENDING or target.application.name not in failures:
            return observation
        failure, attempted, current = failures[target.application.name]
        counted = current if _is_earlier(repositories, target, attempted) else failure
        return replace(observation, pending=replace(observation.pending, failure=counted))

    return list(map(with_failure, targets, observations))


def _is_earlier(repositories: Mapping[str, Repository], target: _Target, attempted: Sequence[str]) -> bool:
    """Whether none of the revisions that a deployer attempted contains the merge. If one is unknown, it may."""
    repository = repositories.get(target.rollout.repository)
    if repository is None or not attempted or not all(map(_COMMIT.fullmatch, attempted)):
        return False
    try:
        return not any(repository.is_ancestor(target.rollout.revision, commit) for commit in attempted)
    except PortError:
        return False


def _missing(drift: ObjectDrift) -> list[str]:
    """The object or fields that are not applied yet."""
    if drift.change == "missing":
        return [f"{drift.kind} {drift.name}"]
    return [_title(drift, field) for field in drift.fields if field.change != "added"]


def _pending_restarts(
    result: ComparisonResult, earlier: ComparisonResult, earlier_keys: Container[ObjectKey]
) -> Iterator[tuple[ObjectDrift, FieldDrift]]:
    """The restart annotations that the merge changed, unless a person has restarted the pods since.

    `earlier_keys` are the objects that `earlier` is about.
    """
    before = {(drift.key, field.path): field for drift in earlier.set_aside for field in drift.fields}
    for drift in result.set_aside:
        for field in drift.fields:
            if field.reason != RESTART:
                continue
            earlier_field = before.get((drift.key, field.path))
            if earlier_field is None and drift.key in earlier_keys:  # the cluster still has the earlier value
                yield drift, field
            elif field.change != "added" and (earlier_field is None or earlier_field.desired != field.desired):
                live, desired = (parse_time(str(value)) for value in (field.live, field.desired))
                if live is None or desired is None or live < desired:
                    yield drift, field


def _remaining_fields(result: ComparisonResult, earlier: ComparisonResult) -> list[tuple[ObjectDrift, FieldDrift]]:
    """The fields that the merge removed and the cluster still has.

    An added field that the `earlier` manifests don't declare either is drift, and does not delay a rollout.
    """
    undeclared = {
        (drift.key, field.path) for drift in (*earlier.drift, *earlier.set_aside) for field in _added_fields(drift)
    }
    remaining = [(drift, field) for drift in result.drift for field in _added_fields(drift)]
    # Helm removes its fields too, but doesn't use server-side apply, so they aren't drift.
    remaining += [
        (drift, field)
        for drift in result.set_aside
        for field in _added_fields(drift)
        if field.manager in APPLYING_MANAGERS and field.reason == written_by(field.manager)
    ]
    return [(drift, field) for drift, field in remaining if (drift.key, field.path) not in undeclared]


def _added_fields(drift: ObjectDrift) -> Iterator[FieldDrift]:
    return (field for field in drift.fields if field.change == "added")


def _title(drift: ObjectDrift, field: FieldDrift) -> str:
    return f"{drift.kind} {drift.name}: {short_path(drift.kind, drift.name, field.path)}"

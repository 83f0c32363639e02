"""How far rollouts have come on one cluster: what their merges changed, against what the cluster holds and runs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from bot.core.applications.application import Application
from bot.core.applications.deployer_status import DeployerFailure
from bot.core.drift.ignore import IgnoreRule
from bot.core.drift.model import ObjectDrift
from bot.core.drift.short_path import short_path
from bot.core.objects.health import Unready
from bot.core.objects.manifest import Manifest, ManifestError
from bot.core.rollouts.rollout import MAX_LISTED, NOTHING_PENDING, Observation, PendingState, Rollout, RolloutState
from bot.handlers.discovery.deployers import failing
from bot.handlers.drift.comparison_cache import CompareOptions
from bot.handlers.drift.live_comparison import LiveComparison, compare_live
from bot.handlers.drift.result import comparison_result, join_sentences, still_present
from bot.handlers.rendering.manifest_cache import ManifestCache
from bot.handlers.rollouts.change import merged
from bot.handlers.rollouts.workloads import Key, not_running
from bot.i18n.catalogue import check as texts
from bot.i18n.language import LocalizedText
from bot.ports import Ports
from bot.ports.cluster import Cluster
from bot.ports.errors import PortError
from bot.ports.isolation import UnexpectedError, skip_unexpected, unexpected_as_port_error

# A deployer that has failed is asked what it says; before that it may still speak of what came before the merge.
_DEPLOYERS_TAKE = timedelta(minutes=1)

Seen = dict[str, dict[str, Observation]]  # by rollout's id, then by application


@dataclass(frozen=True, slots=True)
class _Target:
    """One application's share of one rollout, with what has to be there and what must not."""

    rollout: Rollout
    application: Application
    changed: Sequence[Manifest]
    removed: Sequence[Manifest]


def observe(
    ports: Ports,
    cluster: str,
    rollouts: Sequence[Rollout],
    applications: Mapping[str, Application],
    manifest_cache: ManifestCache,
    ignore: Sequence[IgnoreRule] = (),
) -> Seen:
    """One look at a cluster for every part there that is not live yet; each kind is listed once for all of them.

    What a rule ignores does not hold up a rollout. Raises nothing of the outside: what fails is an observation's error.
    """
    seen: Seen = {rollout.id: {} for rollout in rollouts}
    targets: list[_Target] = []
    for rollout in rollouts:
        for part in rollout.parts:
            if part.cluster != cluster or part.live_at is not None:
                continue
            application = applications.get(part.application)
            if application is None or (application.cluster, application.repository.key) != (
                cluster,
                rollout.repository,
            ):
                seen[rollout.id][part.application] = Observation(error=LocalizedText(texts.NOT_CONFIGURED))
                continue
            try:
                with unexpected_as_port_error(f"change of {application.name} in {rollout.id}"):
                    repository = ports.repositories[rollout.repository]
                    changed, removed = merged(repository, rollout, application, manifest_cache)
            except (PortError, ManifestError) as error:
                seen[rollout.id][part.application] = Observation(error=error.text)
            else:
                targets.append(_Target(rollout, application, changed, removed))
    if targets:
        for target, observation in zip(targets, _observe(ports, cluster, targets, ignore), strict=True):
            seen[target.rollout.id][target.application.name] = observation
    return seen


def _observe(
    ports: Ports, name: str, targets: Sequence[_Target], ignore: Sequence[IgnoreRule]
) -> Sequence[Observation]:
    cluster = ports.clusters[name]
    manifests = [(each, target.application) for target in targets for each in (*target.changed, *target.removed)]
    try:
        with unexpected_as_port_error(f"rollouts on {name}"):
            live = compare_live(cluster, manifests, options=CompareOptions(tuple(ignore)))
            observations = [_arrived_or_unknown(target, live) for target in targets]
            arrived = [target for target, seen in zip(targets, observations, strict=True) if seen == Observation()]
            running = [(each, target.application.namespace) for target in arrived for each in target.changed]
            lacking = not_running(cluster, live.discovery, running)
    except PortError as error:
        return [Observation(error=error.text)] * len(targets)
    observations = [_running(target, seen, lacking) for target, seen in zip(targets, observations, strict=True)]
    return _with_failures(ports, cluster, targets, observations)


def _arrived_or_unknown(target: _Target, live: LiveComparison) -> Observation:
    try:
        with unexpected_as_port_error(f"arrival of {target.rollout.id} in {target.application.name}"):
            return _arrived(target, live)
    except UnexpectedError as error:
        return Observation(error=error.text)


def _arrived(target: _Target, live: LiveComparison) -> Observation:
    """Whether the cluster has what the merge says."""
    namespace = target.application.namespace
    result = comparison_result(target.changed, namespace=namespace, live=live)
    present, unknown = still_present(target.removed, namespace=namespace, live=live)
    missing = [line for drift in result.drift for line in _missing(drift)]
    undeleted = [f"{manifest.kind} {manifest.name}" for manifest in present]
    if missing or undeleted:
        lacking = PendingState(
            tuple(missing[:MAX_LISTED]), tuple(undeleted[:MAX_LISTED]), total=len(missing) + len(undeleted)
        )
        return Observation(lacking)
    blind = (*result.unknown, *unknown)
    return Observation(error=join_sentences(blind))


def _running(target: _Target, seen: Observation, lacking: Mapping[Key, Unready]) -> Observation:
    """Whether what has arrived runs, too."""
    if seen != Observation():
        return seen
    namespace = target.application.namespace
    keys = ((manifest.kind, manifest.namespace or namespace, manifest.name) for manifest in target.changed)
    unready = tuple(lacking[key] for key in keys if key in lacking)
    return Observation(PendingState(unready=unready[:MAX_LISTED], total=len(unready))) if unready else seen


def _with_failures(
    ports: Ports, cluster: Cluster, targets: Sequence[_Target], observations: Sequence[Observation]
) -> Sequence[Observation]:
    """With what the deployer says of those that have not arrived, once it has had time to look at the merge."""
    now = ports.clock()
    waiting = {
        target.application.name: target.application
        for target, seen in zip(targets, observations, strict=True)
        if seen.pending != NOTHING_PENDING
        and (target.rollout.state is RolloutState.LATE or now - target.rollout.merged_at >= _DEPLOYERS_TAKE)
    }
    failures: Mapping[str, DeployerFailure] = {}
    with skip_unexpected(f"deployers of {cluster.name}"):
        failures = failing(cluster, list(waiting.values())) if waiting else {}
    return [
        replace(seen, pending=replace(seen.pending, failure=failures.get(target.application.name)))
        if seen.pending != NOTHING_PENDING and target.application.name in failures
        else seen
        for target, seen in zip(targets, observations, strict=True)
    ]


def _missing(drift: ObjectDrift) -> list[str]:
    """What has not arrived. What somebody added by hand is drift and does not hold up a rollout."""
    if drift.change == "missing":
        return [f"{drift.kind} {drift.name}"]
    paths = [short_path(drift.kind, drift.name, field.path) for field in drift.fields if field.change != "added"]
    return [f"{drift.kind} {drift.name}: {path}" for path in paths]

"""What Flux reports about a Kustomization or HelmRelease: whether it is ready, and if not, why."""

import re
from collections.abc import Container, Iterable, Mapping
from datetime import datetime
from typing import Final

from bot.core.applications.deployer_status import DeployerFailure, DeployerStatus, SyncMode
from bot.core.applications.flux_artifact import EXTERNAL_ARTIFACT
from bot.core.objects.resource import Object, items, mapping, text
from bot.core.objects.scalar_equality import parse_time

DEPLOYER: Final = "Flux"

# Reasons of a Ready condition that is False. A check is canceled to apply a newer revision at once.
_WAITING: Final = "DependencyNotReady"
_CANCELED: Final = "HealthCheckCanceled"
_NO_SOURCE: Final = "SourceNotReady"
_READY: Final = {"True": "Ready", "False": "NotReady"}
# Reasons that Flux reports after it tried to apply a revision. With others, the attempt may be an earlier one.
_ATTEMPTED: Final = frozenset(("BuildFailed", "HealthCheckFailed", "PruneFailed", "ReconciliationFailed"))
_SHA: Final = re.compile(r"sha\d+:([0-9a-f]{40,64})")
_CONTENT_DIGEST: Final = "latest@"  # of an ExternalArtifact, before a digest that isn't a commit


def read_status(resource: Object, ready: Container[tuple[str, str]]) -> DeployerStatus:
    """The status of a resource; `ready` are the keys of those of its kind that are ready."""
    conditions = {text(condition, "type"): text(condition, "status") for condition in _conditions(resource)}
    return DeployerStatus(
        DEPLOYER,
        sync=_READY.get(conditions.get("Ready", ""), ""),
        health="Healthy" if conditions.get("Healthy") == "True" else "",
        revision=_commit(resource, "lastAppliedRevision"),
        sync_mode=SyncMode.SUSPENDED if is_suspended(resource) else SyncMode.AUTOMATIC,
        failure=failure(resource, ready),
    )


def is_suspended(resource: Object) -> bool:
    """Whether someone has suspended reconciliation."""
    return mapping(resource, "spec").get("suspend") is True


def prunes(resource: Object) -> bool:
    """Whether objects that are removed from git are deleted; a HelmRelease always does that."""
    return mapping(resource, "spec").get("prune", True) is True


def is_reconciling(resource: Object) -> bool:
    """Whether Flux is applying a revision. After a failed attempt, it isn't until the next one.

    https://fluxcd.io/flux/components/kustomize/kustomizations/#conditions
    """
    return _is_marked_reconciling(resource) and not _has_stopped(resource)


def is_retrying(resource: Object) -> bool:
    """Whether Flux failed to apply a revision and will retry."""
    return _is_marked_reconciling(resource) and _has_stopped(resource)


def _has_stopped(resource: Object) -> bool:
    """Whether an attempt failed. A HelmRelease that waits for a dependency or its chart hasn't tried."""
    failed = _failed(resource)
    return failed is not None and text(failed, "reason") not in (_WAITING, _NO_SOURCE)


def _is_marked_reconciling(resource: Object) -> bool:
    """Whether Flux has seen a revision that it has not applied yet, also while it waits to retry."""
    return not is_suspended(resource) and any(
        (text(condition, "type"), text(condition, "status")) == ("Reconciling", "True")
        for condition in _conditions(resource)
    )


def reconciling_since(resource: Object) -> datetime | None:
    """When Flux began to reconcile a revision; None if it does not say."""
    conditions = (condition for condition in _conditions(resource) if text(condition, "type") == "Reconciling")
    return next((parse_time(text(condition, "lastTransitionTime")) for condition in conditions), None)


def failure(resource: Object, ready: Container[tuple[str, str]] = ()) -> DeployerFailure | None:
    """Why Flux could not apply a resource: it waits for some that aren't `ready`, or the last attempt failed."""
    condition = _failed(resource)
    if condition is None:
        return None
    reason = text(condition, "reason")
    if reason == _WAITING and (waits_for := _unready_dependencies(resource, ready)):
        return DeployerFailure(DEPLOYER, reason, waits_for=waits_for)
    return DeployerFailure.reported(DEPLOYER, reason or "NotReady", condition.get("message"))


def _failed(resource: Object) -> Object | None:
    """The Ready condition of a resource that Flux could not apply. During the next attempt, it's usually Unknown."""
    for condition in _conditions(resource):
        is_failed = (text(condition, "type"), text(condition, "status")) == ("Ready", "False")
        if is_failed and text(condition, "reason") != _CANCELED:
            return condition
    return None


def attempted(resource: Object) -> list[str]:
    """The commit that Flux failed to apply; empty if it did not try, or if that is unknown, as for a HelmRelease.

    https://fluxcd.io/flux/components/kustomize/kustomizations/#last-attempted-revision
    """
    reasons = {text(condition, "reason") for condition in _conditions(resource) if text(condition, "type") == "Ready"}
    commit = _commit(resource, "lastAttemptedRevision")
    return [commit] if commit and reasons <= _ATTEMPTED else []


def _commit(resource: Object, field: str) -> str:
    """The commit of a revision in the status; "" if it has none.

    An artifact's revision is the digest of its content, unless its generator copies that of a source:
    https://fluxcd.io/flux/components/source/artifactgenerators/
    """
    revision = text(mapping(resource, "status"), field)
    is_artifact = text(mapping(resource, "spec", "sourceRef"), "kind") == EXTERNAL_ARTIFACT
    commit = None if is_artifact and revision.startswith(_CONTENT_DIGEST) else _SHA.search(revision)
    return commit[1] if commit else ""


def _unready_dependencies(resource: Object, ready: Container[tuple[str, str]]) -> tuple[str, ...]:
    """The resources in `dependsOn` that are not ready, as NAMESPACE/NAME.

    https://fluxcd.io/flux/components/kustomize/kustomizations/#dependencies
    """
    namespace, _ = resource_key(resource)
    entries = [entry for entry in items(mapping(resource, "spec"), "dependsOn") if isinstance(entry, Mapping)]
    wanted = [(text(entry, "namespace") or namespace, text(entry, "name")) for entry in entries]
    return tuple("/".join(key) for key in wanted if key not in ready)


def ready_keys(resources: Iterable[Object]) -> frozenset[tuple[str, str]]:
    """The keys of the resources that are ready."""
    return frozenset(resource_key(resource) for resource in resources if _is_ready(resource))


def _is_ready(resource: Object) -> bool:
    generation, status = mapping(resource, "metadata").get("generation"), mapping(resource, "status")
    is_observed = generation is None or status.get("observedGeneration") == generation
    ready = ("Ready", "True")
    return is_observed and any(
        (text(condition, "type"), text(condition, "status")) == ready for condition in _conditions(resource)
    )


def resource_key(resource: Object) -> tuple[str, str]:
    """The namespace and name of a resource."""
    metadata = mapping(resource, "metadata")
    return text(metadata, "namespace"), text(metadata, "name")


def _conditions(resource: Object) -> list[Object]:
    conditions = items(mapping(resource, "status"), "conditions")
    return [condition for condition in conditions if isinstance(condition, Mapping)]

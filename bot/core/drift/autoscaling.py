"""Which objects an autoscaler scales, and to how many replicas: within that range, their number is not drift."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeGuard

from bot.core.objects.manifest import Manifest
from bot.core.objects.resource import mapping

Object = Mapping[str, Any]

# https://keda.sh/docs/latest/reference/scaledobject-spec/
_KEDA_MAX: Final = 100
_KEDA_PAUSED: Final = "autoscaling.keda.sh/paused"
_KEDA_PAUSED_AT: Final = "autoscaling.keda.sh/paused-replicas"

_Target = tuple[str, str, str, str]  # API group, kind, namespace, name


@dataclass(frozen=True, slots=True)
class ReplicaRange:
    """The numbers of replicas that an autoscaler sets."""

    least: float
    most: float


_ANY_NUMBER: Final = ReplicaRange(0, float("inf"))


@dataclass(frozen=True, slots=True)
class ScaleTargets:
    """The targets of the autoscalers of one cluster, each with the range of every autoscaler that scales it."""

    ranges: Mapping[_Target, tuple[ReplicaRange, ...]] = field(default_factory=dict)

    def ranges_of(self, manifest: Manifest) -> tuple[ReplicaRange, ...]:
        """The ranges of the object of a manifest that `resolve` has put in its namespace; none if nothing scales it."""
        target = (_group(manifest.api_version), manifest.kind, manifest.namespace or "", manifest.name)
        return self.ranges.get(target, ())


def scale_targets(live_objects: Iterable[Object]) -> ScaleTargets:
    """The targets of the HorizontalPodAutoscalers and KEDA ScaledObjects among live objects; skips other kinds."""
    ranges: dict[_Target, tuple[ReplicaRange, ...]] = {}
    for scaler in live_objects:
        is_keda = scaler.get("kind") == "ScaledObject"
        if not is_keda and scaler.get("kind") != "HorizontalPodAutoscaler":
            continue
        reference = mapping(scaler, "spec", "scaleTargetRef")
        namespace = mapping(scaler, "metadata").get("namespace")
        # https://keda.sh/docs/latest/reference/scaledobject-spec/#scaletargetref
        api_version = reference.get("apiVersion", "apps/v1" if is_keda else "")
        kind, name = reference.get("kind", "Deployment" if is_keda else None), reference.get("name")
        if isinstance(kind, str) and isinstance(name, str):
            target = (_group(api_version), kind, namespace if isinstance(namespace, str) else "", name)
            ranges[target] = (*ranges.get(target, ()), _keda_range(scaler) if is_keda else _hpa_range(scaler))
    return ScaleTargets(ranges)


def is_autoscaled(replicas: object, ranges: Iterable[ReplicaRange]) -> bool:
    """Whether an autoscaler with one of these ranges may have set this number of replicas."""
    return any(not _is_number(replicas) or scope.least <= replicas <= scope.most for scope in ranges)


def _hpa_range(scaler: Object) -> ReplicaRange:
    # It sets 0 replicas only with `minReplicas: 0`, and leaves a target alone that somebody else has scaled to 0.
    # https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/#implicit-maintenance-mode-deactivation
    spec = mapping(scaler, "spec")
    return _range(spec.get("minReplicas", 1), spec.get("maxReplicas"))


def _keda_range(scaler: Object) -> ReplicaRange:
    spec, annotations = mapping(scaler, "spec"), mapping(scaler, "metadata", "annotations")
    if {_KEDA_PAUSED, _KEDA_PAUSED_AT} & annotations.keys() or "fallback" in spec:
        return _ANY_NUMBER
    return _range(spec.get("idleReplicaCount", spec.get("minReplicaCount", 0)), spec.get("maxReplicaCount", _KEDA_MAX))


def _range(least: object, most: object) -> ReplicaRange:
    return ReplicaRange(least, most) if _is_number(least) and _is_number(most) else _ANY_NUMBER


def _is_number(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


def _group(api_version: object) -> str:
    return api_version.rpartition("/")[0] if isinstance(api_version, str) else ""

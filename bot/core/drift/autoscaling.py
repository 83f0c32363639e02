"""Which objects an autoscaler scales, and to how many replicas: within that range, their number is not drift.

An autoscaler that a person created by hand doesn't count. Any other one counts for numbers that an autoscaler can have
set; for all others only if a deployer applied it and no person has edited it.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, TypeGuard

from bot.core.drift.exclusions import has_deployer_mark
from bot.core.objects.managed_fields import APPLYING_MANAGERS, INTERACTIVE, Ownership, Writer
from bot.core.objects.manifest import Manifest
from bot.core.objects.resource import items, mapping, text
from bot.core.objects.step_budget import StepBudget, TooManyStepsError

Object = Mapping[str, Any]

# https://keda.sh/docs/latest/reference/scaledobject-spec/
_KEDA_MAX: Final = 100
_KEDA_PAUSED_AT: Final = "autoscaling.keda.sh/paused-replicas"

_HPA: Final = "HorizontalPodAutoscaler"
_SCALED_OBJECT: Final = "ScaledObject"

_Name = tuple[str, str, str]  # kind, namespace, name
_Target = tuple[str, str, str, str]  # API group, kind, namespace, name


@dataclass(frozen=True, slots=True)
class ReplicaRange:
    """The numbers of replicas that an autoscaler sets; with `for_any_writer`, also those that a person has set.

    `leaves_zero` is whether the autoscaler also scales a workload that has no replicas.
    """

    least: float
    most: float
    for_any_writer: bool = False
    leaves_zero: bool = True


_ANY_NUMBER: Final = ReplicaRange(0, float("inf"))


@dataclass(frozen=True, slots=True)
class _Scaler:
    """A live autoscaler, and who has written it.

    `is_by_hand`: only people have chosen what it scales, without applying a manifest. `is_edited`: a person has
    written part of it. `is_deployed`: a deployer has applied it. `is_paused_by_hand`: a person has set the number of
    replicas to pause at.
    """

    object: Object
    is_by_hand: bool = True
    is_edited: bool = True
    is_deployed: bool = False
    is_paused_by_hand: bool = True

    @classmethod
    def read(cls, scaler: Object, interactive: Sequence[str]) -> "_Scaler":
        ownership = Ownership(scaler, {}, interactive, StepBudget())

        def is_edit(writer: Writer) -> bool:
            return ownership.is_person(writer) and not writer.is_apply

        try:
            owners = ownership.owners(("spec", "scaleTargetRef", "name"))
            pausing = ownership.owners(("metadata", "annotations", _KEDA_PAUSED_AT))
            return cls(
                scaler,
                is_by_hand=bool(owners) and all(map(is_edit, owners)),
                is_edited=any(map(ownership.is_person, ownership.writers)),
                is_deployed=has_deployer_mark(scaler) or any(writer.manager in APPLYING_MANAGERS for writer in owners),
                is_paused_by_hand=any(map(ownership.is_person, pausing)),
            )
        except TooManyStepsError:  # only someone who writes managedFields on purpose gets there
            return cls(scaler)

    @property
    def name(self) -> _Name:
        metadata = mapping(self.object, "metadata")
        return text(self.object, "kind"), text(metadata, "namespace"), text(metadata, "name")


@dataclass(frozen=True, slots=True)
class ScaleTargets:
    """The targets of the autoscalers of one cluster, each with the range of every autoscaler that scales it."""

    ranges: Mapping[_Target, tuple[ReplicaRange, ...]] = field(default_factory=dict)

    def ranges_of(self, manifest: Manifest) -> tuple[ReplicaRange, ...]:
        """The ranges of the object of a manifest that `resolve` has put in its namespace; none if nothing scales it."""
        target = (_group(manifest.api_version), manifest.kind, manifest.namespace or "", manifest.name)
        return self.ranges.get(target, ())


def scale_targets(live_objects: Iterable[Object], interactive: Sequence[str] = INTERACTIVE) -> ScaleTargets:
    """The targets of the HorizontalPodAutoscalers and KEDA ScaledObjects among live objects; skips other kinds.

    `interactive` are patterns of field managers that people use by hand.
    """
    scalers = [_Scaler.read(item, interactive) for item in live_objects if item.get("kind") in (_HPA, _SCALED_OBJECT)]
    by_hand = {scaler.name for scaler in scalers if scaler.is_by_hand}
    deployed = {scaler.name for scaler in scalers if scaler.is_deployed and not scaler.is_edited}
    ranges: defaultdict[_Target, list[ReplicaRange]] = defaultdict(list)
    for scaler in scalers:
        target, names = _target(scaler.object), (scaler.name, *_owners(scaler.object))
        if target is not None and by_hand.isdisjoint(names):
            for_any_writer = not scaler.is_edited and not deployed.isdisjoint(names)
            is_keda = scaler.object["kind"] == _SCALED_OBJECT
            ranges[target] += (
                replace(allowed, for_any_writer=for_any_writer, leaves_zero=is_keda or allowed.least == 0)
                for allowed in _ranges(scaler)
            )
    return ScaleTargets({target: tuple(found) for target, found in ranges.items()})


def is_autoscaled(replicas: object, ranges: Iterable[ReplicaRange], *, declared: object, by_autoscaler: bool) -> bool:
    """Whether an autoscaler with one of these ranges may have set this number of replicas.

    `declared` is the number in git, None if there is none. `by_autoscaler`: git declares none, or the number was set as
    autoscalers do.
    """
    is_stopped = _is_number(declared) and declared == 0
    counting = (
        allowed
        for allowed in ranges
        if (allowed.for_any_writer or by_autoscaler) and (allowed.leaves_zero or not is_stopped)
    )
    return any(not _is_number(replicas) or allowed.least <= replicas <= allowed.most for allowed in counting)


def _target(scaler: Object) -> _Target | None:
    # https://keda.sh/docs/latest/reference/scaledobject-spec/#scaletargetref
    is_keda = scaler["kind"] == _SCALED_OBJECT
    reference = mapping(scaler, "spec", "scaleTargetRef")
    namespace = mapping(scaler, "metadata").get("namespace")
    api_version = reference.get("apiVersion", "apps/v1" if is_keda else "")
    kind, name = reference.get("kind", "Deployment" if is_keda else None), reference.get("name")
    if isinstance(kind, str) and isinstance(name, str):
        return _group(api_version), kind, namespace if isinstance(namespace, str) else "", name
    return None


def _owners(scaler: Object) -> Iterator[_Name]:
    """The objects that control an autoscaler: KEDA creates an HPA for each ScaledObject."""
    metadata = mapping(scaler, "metadata")
    for owner in items(metadata, "ownerReferences"):
        if isinstance(owner, Mapping):
            yield text(owner, "kind"), text(metadata, "namespace"), text(owner, "name")


def _ranges(scaler: _Scaler) -> Iterator[ReplicaRange]:
    spec = mapping(scaler.object, "spec")
    if scaler.object["kind"] == _HPA:
        # It sets 0 replicas only with `minReplicas: 0`, and leaves a target alone that somebody else has scaled to 0.
        # https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/#implicit-maintenance-mode-deactivation
        yield _range(spec.get("minReplicas", 1), spec.get("maxReplicas"))
        return
    least = spec.get("idleReplicaCount", spec.get("minReplicaCount", 0))
    yield _range(least, spec.get("maxReplicaCount", _KEDA_MAX))
    fallback = mapping(spec, "fallback").get("replicas")
    yield from [ReplicaRange(fallback, fallback)] if _is_number(fallback) else []
    # Pausing without a number keeps the current one.
    # https://keda.sh/docs/latest/concepts/scaling-deployments/#pausing-autoscaling
    paused_at = text(mapping(scaler.object, "metadata", "annotations"), _KEDA_PAUSED_AT)[:9]
    if paused_at.isdecimal() and not scaler.is_paused_by_hand:
        yield ReplicaRange(int(paused_at), int(paused_at))


def _range(least: object, most: object) -> ReplicaRange:
    return ReplicaRange(least, most) if _is_number(least) and _is_number(most) else _ANY_NUMBER


def _is_number(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


def _group(api_version: object) -> str:
    return api_version.rpartition("/")[0] if isinstance(api_version, str) else ""

"""The health of one object, and helpers to read its status."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from bot.core.health.cause import Cause
from bot.core.objects.resource import Object, items, mapping, text

MAX_REASON: Final = 256  # characters; custom resources may have any reason


class HealthStatus(StrEnum):
    """Health as Argo CD names it."""

    HEALTHY = "Healthy"
    PROGRESSING = "Progressing"
    DEGRADED = "Degraded"
    SUSPENDED = "Suspended"
    MISSING = "Missing"
    UNKNOWN = "Unknown"


@dataclass(frozen=True, slots=True)
class Health:
    """The health of one object.

    `reason` is the object's own, in CamelCase if Kubernetes provides it. If the object has pods, `ready` of `wanted`
    run the current template. `failed` means that its controller has given up. `cause` is set if it is known.
    """

    status: HealthStatus
    reason: str = ""
    ready: int = 0
    wanted: int = 0
    failed: bool = False
    cause: Cause | None = None

    @property
    def is_settled(self) -> bool:
        """Whether there is nothing left to wait for. A suspended workload is settled once its pods are up to date."""
        if self.status is HealthStatus.SUSPENDED:
            return self.ready >= self.wanted
        return self.status in (HealthStatus.HEALTHY, HealthStatus.UNKNOWN)


HEALTHY = Health(HealthStatus.HEALTHY)
PROGRESSING = Health(HealthStatus.PROGRESSING)
SUSPENDED = Health(HealthStatus.SUSPENDED)
MISSING = Health(HealthStatus.MISSING)
UNKNOWN = Health(HealthStatus.UNKNOWN)


@dataclass(frozen=True, slots=True)
class Condition:
    """One of an object's `status.conditions`. `observed_generation` is None if the controller does not set it."""

    type: str
    status: str
    reason: str
    message: str
    severity: str
    observed_generation: int | None

    def is_stale(self, generation: int) -> bool:
        """Whether it is about an earlier spec. https://pkg.go.dev/k8s.io/apimachinery/pkg/apis/meta/v1#Condition"""
        return self.observed_generation is not None and self.observed_generation < generation


def conditions(live: Object) -> Iterator[Condition]:
    """The conditions of an object, in its order."""
    return read_conditions(items(mapping(live, "status"), "conditions"))


def read_conditions(values: object) -> Iterator[Condition]:
    """The conditions in a list."""
    for value in values if isinstance(values, list) else ():
        if isinstance(value, Mapping):
            observed = value.get("observedGeneration")
            yield Condition(
                type=text(value, "type")[:MAX_REASON],
                status=text(value, "status"),
                reason=reason_of(value),
                message=text(value, "message"),
                severity=text(value, "severity"),
                observed_generation=observed if isinstance(observed, int) else None,
            )


def reason_of(state: Object) -> str:
    """The reason of a condition or a state, up to MAX_REASON characters."""
    return text(state, "reason")[:MAX_REASON]


def find_condition(live: Object, kind: str) -> Condition | None:
    """The condition of one type; None if the object does not have it."""
    return next((condition for condition in conditions(live) if condition.type == kind), None)


def count(parent: Object, key: str, default: int = 0) -> int:
    """The integer at a key; the default if there is none."""
    value = parent.get(key)
    return value if isinstance(value, int) else default


def is_observed(live: Object) -> bool:
    """Whether the controller has seen the current spec; until then, the status is that of an earlier one."""
    return count(mapping(live, "status"), "observedGeneration") >= count(mapping(live, "metadata"), "generation")


def group_of(live: Object) -> str:
    """The API group of an object: "" for the core group."""
    group, slash, _ = text(live, "apiVersion").rpartition("/")
    return group if slash else ""

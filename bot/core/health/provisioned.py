"""Health of objects that a controller provisions: Services, Ingresses, volume claims, autoscalers, APIs."""

import json
from contextlib import suppress
from typing import Final

from bot.core.health.status import (
    HEALTHY,
    PROGRESSING,
    UNKNOWN,
    Condition,
    Health,
    HealthStatus,
    conditions,
    find_condition,
    is_observed,
    read_conditions,
)
from bot.core.objects.resource import Object, items, mapping, text

# The conditions of an autoscaling/v1 object.
_V1_CONDITIONS: Final = "autoscaling.alpha.kubernetes.io/conditions"


def service(live: Object) -> Health:
    """A load balancer is healthy once it has an address; any other Service always is."""
    return ingress(live) if text(mapping(live, "spec"), "type") == "LoadBalancer" else HEALTHY


def ingress(live: Object) -> Health:
    """Healthy once it has an address."""
    return HEALTHY if items(mapping(live, "status", "loadBalancer"), "ingress") else PROGRESSING


def persistent_volume_claim(live: Object) -> Health:
    """Healthy once it is bound; degraded if its volume is lost."""
    phases = {
        "Bound": HEALTHY,
        "Pending": Health(HealthStatus.PROGRESSING, "Pending"),
        "Lost": Health(HealthStatus.DEGRADED, "Lost", failed=True),
    }
    return phases.get(text(mapping(live, "status"), "phase"), UNKNOWN)


def horizontal_pod_autoscaler(live: Object) -> Health:
    """Healthy once it can scale; degraded if it cannot read its metrics or its target."""
    values = list(conditions(live))
    if not values:
        with suppress(ValueError, RecursionError):
            values = list(read_conditions(json.loads(text(mapping(live, "metadata", "annotations"), _V1_CONDITIONS))))
    for condition in values:
        if condition.reason.startswith("Failed") or condition.reason == "InvalidSelector":
            return _degraded(condition)
    met = {condition.type for condition in values if condition.status == "True"}
    return HEALTHY if met & {"AbleToScale", "ScalingLimited"} else PROGRESSING


def pod_disruption_budget(live: Object) -> Health:
    """Healthy once disruptions are computed, even if none is allowed; degraded if that fails."""
    values = list(conditions(live))
    if not is_observed(live) or not values:
        return PROGRESSING
    not_allowed = (condition for condition in values if condition.status == "False")
    failures = (condition for condition in not_allowed if condition.reason != "InsufficientPods")
    return next(map(_degraded, failures), HEALTHY)


def custom_resource_definition(live: Object) -> Health:
    """Healthy once it is established, with accepted names and a structural schema."""
    values = {condition.type: condition for condition in conditions(live)}
    names, schema, established, terminating = (
        values.get(kind) for kind in ("NamesAccepted", "NonStructuralSchema", "Established", "Terminating")
    )
    if terminating and terminating.status == "True":
        return PROGRESSING
    if names and names.status == "False":
        return _degraded(names)
    if schema and schema.status == "True":
        return _degraded(schema)
    if established is None or (established.status != "True" and established.reason == "Installing"):
        return Health(HealthStatus.DEGRADED, "NotEstablished") if values and established is None else PROGRESSING
    return HEALTHY if established.status == "True" else _degraded(established)


def api_service(live: Object) -> Health:
    """Healthy once it is available."""
    available = find_condition(live, "Available")
    if available is None:
        return PROGRESSING
    return HEALTHY if available.status == "True" else Health(HealthStatus.PROGRESSING, available.reason)


def _degraded(cause: Condition) -> Health:
    return Health(HealthStatus.DEGRADED, cause.reason or cause.type)

"""Health of the Gateway API's kinds: a problem with one listener or one parent is the object's problem.

https://gateway-api.sigs.k8s.io/geps/gep-1364/
"""

from collections.abc import Iterator

from bot.core.health.conditions import without_conditions
from bot.core.health.status import (
    HEALTHY,
    PROGRESSING,
    Condition,
    Health,
    HealthStatus,
    conditions,
    count,
    read_conditions,
)
from bot.core.objects.resource import Object, items, mapping


def gateway_api(live: Object) -> Health:
    """Healthy once it is accepted and programmed everywhere; degraded where it is not accepted or not resolved."""
    generation = count(mapping(live, "metadata"), "generation")
    values = [condition for condition in _all_conditions(live) if not condition.is_stale(generation)]
    for condition in values:
        if condition.type in ("Accepted", "ResolvedRefs") and condition.status == "False":
            return Health(HealthStatus.DEGRADED, condition.reason)
    is_ready = all(condition.status == "True" for condition in values if condition.type in ("Accepted", "Programmed"))
    if not values:
        return without_conditions(live)
    return HEALTHY if is_ready else PROGRESSING


def _all_conditions(live: Object) -> Iterator[Condition]:
    yield from conditions(live)
    status = mapping(live, "status")
    for key in ("listeners", "parents", "ancestors"):
        for part in items(status, key):
            if isinstance(part, dict):
                yield from read_conditions(part.get("conditions"))

"""Health of Cluster API's kinds, from their phases. https://cluster-api.sigs.k8s.io/"""

from typing import Final

from bot.core.health.conditions import KSTATUS, READY, by_conditions
from bot.core.health.status import HEALTHY, PROGRESSING, SUSPENDED, Health, HealthStatus, find_condition
from bot.core.objects.resource import Object, mapping, text

_HEALTHY: Final = frozenset(("Provisioned", "Running", "Scaling"))
_DEGRADED: Final = frozenset(("Failed", "Unknown"))


def provisioned(live: Object) -> Health:
    """A Cluster, a Machine or a set of them, by its phase; degraded if its Ready condition reports an error."""
    if mapping(live, "spec").get("paused") is True:
        return SUSPENDED
    phase, ready = text(mapping(live, "status"), "phase"), find_condition(live, "Ready")
    if phase in _DEGRADED:
        return Health(HealthStatus.DEGRADED, phase, failed=phase == "Failed")
    if text(live, "kind") == "Cluster" and ready and ready.status == "False" and ready.severity != "Info":
        return Health(HealthStatus.DEGRADED, ready.reason)
    if not phase:
        return by_conditions(live, READY if ready and ready.severity == "Error" else KSTATUS)
    return Health(HealthStatus.HEALTHY if phase in _HEALTHY else HealthStatus.PROGRESSING, phase)


def machine_health_check(live: Object) -> Health:
    """Healthy once all expected machines are."""
    status = mapping(live, "status")
    expected, healthy = status.get("expectedMachines"), status.get("currentHealthy")
    if not isinstance(healthy, int):
        return PROGRESSING
    return HEALTHY if healthy == expected else Health(HealthStatus.DEGRADED, "UnhealthyMachines")

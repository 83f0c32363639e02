"""Health of Crossplane's kinds and of the resources that it manages.

https://docs.crossplane.io/latest/guides/crossplane-with-argo-cd/
"""

from typing import Final

from bot.core.health.conditions import Rules, by_conditions
from bot.core.health.status import HEALTHY, PROGRESSING, SUSPENDED, Health, HealthStatus, find_condition
from bot.core.objects.resource import Object, mapping, text

_RULES: Final[Rules] = (
    ("LastAsyncOperation", "False", HealthStatus.DEGRADED),
    ("Synced", "False", HealthStatus.DEGRADED),
    ("Installed", "False", HealthStatus.DEGRADED),
    ("Healthy", "False", HealthStatus.DEGRADED),
    ("Ready", "True", HealthStatus.HEALTHY),
    ("Healthy", "True", HealthStatus.HEALTHY),
    ("Offered", "True", HealthStatus.HEALTHY),
    ("Established", "True", HealthStatus.HEALTHY),
    ("ValidPipeline", "True", HealthStatus.HEALTHY),
    ("RevisionHealthy", "True", HealthStatus.HEALTHY),
)
_WITHOUT_CONDITIONS: Final = frozenset(
    (
        "ClusterProviderConfig",
        "Composition",
        "CompositionRevision",
        "ControllerConfig",
        "DeploymentRuntimeConfig",
        "EnvironmentConfig",
        "ProviderConfig",
        "ProviderConfigUsage",
    )
)


def crossplane(live: Object) -> Health:
    """Degraded if it cannot be synced, healthy once it is ready; suspended if its reconciliation is paused."""
    synced = find_condition(live, "Synced")
    if synced and synced.reason == "ReconcilePaused":
        return SUSPENDED
    if text(live, "kind") in _WITHOUT_CONDITIONS and not mapping(live, "status").get("conditions"):
        return HEALTHY
    return by_conditions(live, _RULES) if mapping(live, "status").get("conditions") else PROGRESSING

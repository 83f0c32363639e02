"""Health of objects with conditions: by kstatus, or by the conditions of a project.

https://github.com/kubernetes-sigs/cli-utils/blob/master/pkg/kstatus/README.md
"""

from typing import Final

from bot.core.health.cause import cause_of
from bot.core.health.status import (
    HEALTHY,
    PROGRESSING,
    SUSPENDED,
    UNKNOWN,
    Condition,
    Health,
    HealthStatus,
    conditions,
    count,
)
from bot.core.objects.resource import Object, mapping, text

_H, _P, _D = HealthStatus.HEALTHY, HealthStatus.PROGRESSING, HealthStatus.DEGRADED

# Kinds whose controllers always set conditions. Others in their groups have no status, such as a ReferenceGrant.
_WITH_CONDITIONS: Final = frozenset(
    (
        *("Certificate", "CertificateRequest", "ClusterIssuer", "Issuer"),
        *("Cluster", "ClusterResourceSet", "Machine", "MachineDeployment", "MachinePool", "MachineSet"),
        *("ClusterExternalSecret", "ClusterSecretStore", "ExternalSecret", "PushSecret", "SecretStore", "SealedSecret"),
        *("Bucket", "GitRepository", "HelmChart", "HelmRelease", "Kustomization", "OCIRepository", "Receiver"),
        *("ImagePolicy", "ImageRepository", "ImageUpdateAutomation"),
        *("GRPCRoute", "Gateway", "GatewayClass", "HTTPRoute", "TLSRoute", "BackendTLSPolicy"),
        *("Configuration", "KnativeEventing", "KnativeServing", "Route", "Service"),
    )
)

# A condition's type, its status, and the resulting health. The first one that an object has counts.
Rules = tuple[tuple[str, str, HealthStatus], ...]

# Ready=False may mean "not yet" or "never": kstatus assumes "not yet".
KSTATUS: Final[Rules] = (
    ("Reconciling", "True", _P),
    ("Stalled", "True", _D),
    ("Ready", "True", _H),
    ("Ready", "False", _P),
    ("Ready", "Unknown", _P),
)
# For kinds where Ready=False is an error, and Ready=Unknown means "not yet".
READY: Final[Rules] = (
    ("Issuing", "True", _P),  # a certificate; its Ready is False meanwhile
    ("Stalled", "True", _D),
    ("Ready", "False", _D),
    ("Reconciling", "True", _P),
    ("Ready", "True", _H),
)
EXTERNAL_SECRETS: Final[Rules] = (("NotReady", "True", _D), ("PartiallyReady", "True", _D), *READY)
RESOURCES_APPLIED: Final[Rules] = (("ResourcesApplied", "False", _D), ("ResourcesApplied", "True", _H))
SYNCED: Final[Rules] = (("Synced", "False", _D), ("Synced", "True", _H))


def by_conditions(live: Object, rules: Rules) -> Health:
    """The health that results from the object's conditions; progressing if it has others, or none yet."""
    return _first_match(live, rules) or without_conditions(live)


def without_conditions(live: Object) -> Health:
    """The health of an object without a relevant condition: unknown if its kind may not have any."""
    has_conditions = bool(mapping(live, "status").get("conditions"))
    return PROGRESSING if has_conditions or text(live, "kind") in _WITH_CONDITIONS else UNKNOWN


def kstatus(live: Object) -> Health:
    """The health of an object of any kind; unknown if it has none of the standard conditions."""
    return _first_match(live, KSTATUS) or UNKNOWN


def flux(live: Object) -> Health:
    """The health of one of Flux's own objects, which `spec.suspend` stops."""
    return SUSPENDED if mapping(live, "spec").get("suspend") is True else by_conditions(live, READY)


def _first_match(live: Object, rules: Rules) -> Health | None:
    generation = count(mapping(live, "metadata"), "generation")
    current = [condition for condition in conditions(live) if not condition.is_stale(generation)]
    for kind, status, health in rules:
        for condition in current:
            if (condition.type, condition.status) == (kind, status):
                return _health(health, condition)
    return None


def _health(status: HealthStatus, cause: Condition) -> Health:
    if status is HealthStatus.HEALTHY:
        return HEALTHY
    return Health(
        status,
        cause.reason or cause.type,
        failed=cause.type == "Stalled",
        cause=cause_of(cause.reason, cause.message),
    )

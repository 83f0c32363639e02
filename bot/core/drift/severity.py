"""How bad a difference is: what it lets somebody do, or stops, and not how many fields it has.

The first rule of the table that covers a place decides. What was added or removed as a whole is looked through, so
that a privileged container is one however much of it came at once. What no rule knows is minor in a kind of Kubernetes'
own and serious in a custom resource, of which nobody here can tell what its fields do.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import IntEnum, StrEnum
from functools import lru_cache
from typing import Any, Final

from bot.core.drift.model import FieldDrift, ObjectDrift
from bot.core.objects.path import PathError, parse_path


class Severity(IntEnum):
    """The greater, the worse. MINOR can wait, SERIOUS changes what runs, CRITICAL opens a door."""

    MINOR = 1
    SERIOUS = 2
    CRITICAL = 3


class Reason(StrEnum):
    """Why a difference is as bad as it is; the catalogue has the words."""

    PRIVILEGED = "privileged"
    ESCALATION = "escalation"
    ROOT = "root"
    CAPABILITIES = "capabilities"
    HOST_NAMESPACE = "host_namespace"
    HOST_PATH = "host_path"
    ACCESS = "access"
    ADMISSION = "admission"
    NETWORK_POLICY = "network_policy"
    EXPOSED = "exposed"
    POD_SECURITY = "pod_security"
    SECURITY_CONTEXT = "security_context"
    IDENTITY = "identity"
    SECRET = "secret"  # noqa: S105  a word, not a secret
    CONTAINER = "container"
    IMAGE = "image"
    COMMAND = "command"
    ENVIRONMENT = "environment"
    CONFIGURATION = "configuration"
    TRAFFIC = "traffic"
    TLS = "tls"
    STOPPED = "stopped"
    STORAGE = "storage"
    TIMETABLE = "timetable"
    DEFINITION = "definition"
    MISSING = "missing"
    CUSTOM = "custom"
    SCALE = "scale"
    RESOURCES = "resources"
    PROBES = "probes"
    SCHEDULING = "scheduling"
    LABELS = "labels"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Rating:
    """How bad, and why."""

    severity: Severity
    reason: Reason


When = Callable[[Any, Any], bool]  # of the values in git and in the cluster, None for nothing


def _always(_desired: Any, _live: Any) -> bool:
    return True


def _on(_desired: Any, live: Any) -> bool:
    return live is True


def _not_off(_desired: Any, live: Any) -> bool:
    return live is not False


def _there(_desired: Any, live: Any) -> bool:
    return live is not None


def _zero(_desired: Any, live: Any) -> bool:
    return live == 0 and live is not False


def _outside(_desired: Any, live: Any) -> bool:
    return live in ("LoadBalancer", "NodePort")


@dataclass(frozen=True, slots=True)
class _Rule:
    severity: Severity
    reason: Reason
    path: str  # a pattern of the names on the way there, dotted, without the items of lists
    kinds: frozenset[str] = field(default=frozenset())  # none: every kind
    when: When = _always


def _kinds(names: str) -> frozenset[str]:
    return frozenset(names.split())


_RBAC: Final = _kinds("Role ClusterRole RoleBinding ClusterRoleBinding")
_ADMISSION: Final = _kinds(
    "ValidatingWebhookConfiguration MutatingWebhookConfiguration ValidatingAdmissionPolicy"
    " ValidatingAdmissionPolicyBinding MutatingAdmissionPolicy MutatingAdmissionPolicyBinding APIService"
)
_POLICIES: Final = _kinds("NetworkPolicy AdminNetworkPolicy BaselineAdminNetworkPolicy ClusterNetworkPolicy")
_ROUTES: Final = _kinds("Ingress IngressClass Gateway HTTPRoute GRPCRoute TCPRoute TLSRoute UDPRoute")
_VOLUMES: Final = _kinds("PersistentVolumeClaim PersistentVolume StorageClass")
_DEFINITIONS: Final = _kinds("CustomResourceDefinition")

_CRITICAL, _SERIOUS, _MINOR = Severity.CRITICAL, Severity.SERIOUS, Severity.MINOR

_RULES: Final = (
    _Rule(_SERIOUS, Reason.POD_SECURITY, r"metadata\.labels\.pod-security\.kubernetes\.io/.*", _kinds("Namespace")),
    _Rule(_MINOR, Reason.LABELS, r"(.*\.)?metadata\.(labels|annotations)(\..*)?"),
    # https://kubernetes.io/docs/concepts/security/pod-security-standards/
    _Rule(_CRITICAL, Reason.PRIVILEGED, r".*\.securityContext\.privileged", when=_on),
    _Rule(_CRITICAL, Reason.ESCALATION, r".*\.securityContext\.allowPrivilegeEscalation", when=_not_off),
    _Rule(_CRITICAL, Reason.ROOT, r".*\.securityContext\.runAs(User|Group)", when=_zero),
    _Rule(_CRITICAL, Reason.CAPABILITIES, r".*\.securityContext\.capabilities(\..*)?"),
    _Rule(_SERIOUS, Reason.SECURITY_CONTEXT, r".*\.securityContext(\..*)?"),
    _Rule(_CRITICAL, Reason.HOST_NAMESPACE, r"(.*\.)?spec\.host(Network|PID|IPC)", when=_on),
    _Rule(_CRITICAL, Reason.HOST_PATH, r".*\.volumes\.hostPath(\..*)?", when=_there),
    _Rule(_SERIOUS, Reason.IDENTITY, r"(.*\.)?spec\.(serviceAccount(Name)?|automountServiceAccountToken)"),
    _Rule(_CRITICAL, Reason.ACCESS, r"(rules|subjects|roleRef|aggregationRule)(\..*)?", _RBAC),
    _Rule(_CRITICAL, Reason.ADMISSION, r"(webhooks|spec)(\..*)?", _ADMISSION),
    _Rule(_CRITICAL, Reason.NETWORK_POLICY, r"spec(\..*)?", _POLICIES),
    _Rule(_CRITICAL, Reason.EXPOSED, r"spec\.type", _kinds("Service"), _outside),
    _Rule(_CRITICAL, Reason.EXPOSED, r"spec\.(externalIPs|loadBalancerSourceRanges)", _kinds("Service")),
    _Rule(_SERIOUS, Reason.TRAFFIC, r"spec(\..*)?", _kinds("Service")),
    _Rule(_SERIOUS, Reason.TLS, r"spec\.(.*\.)?tls(\..*)?", _ROUTES),
    _Rule(_SERIOUS, Reason.TRAFFIC, r"spec(\..*)?", _ROUTES),
    _Rule(_SERIOUS, Reason.SECRET, r"(data|stringData|type)(\..*)?", _kinds("Secret")),
    _Rule(_SERIOUS, Reason.CONFIGURATION, r"(data|binaryData)(\..*)?", _kinds("ConfigMap")),
    _Rule(_SERIOUS, Reason.STORAGE, r"(spec|parameters|provisioner|reclaimPolicy)(\..*)?", _VOLUMES),
    _Rule(_SERIOUS, Reason.DEFINITION, r"spec(\..*)?", _DEFINITIONS),
    _Rule(_SERIOUS, Reason.CONTAINER, r"(.*\.)?spec\.(c|initC|ephemeralC)ontainers(\.name)?"),
    _Rule(_SERIOUS, Reason.IMAGE, r".*ontainers\.image"),
    _Rule(_SERIOUS, Reason.COMMAND, r".*ontainers\.(command|args|lifecycle|workingDir)(\..*)?"),
    _Rule(_SERIOUS, Reason.ENVIRONMENT, r".*ontainers\.env(From)?(\..*)?"),
    _Rule(_SERIOUS, Reason.TRAFFIC, r".*ontainers\.ports(\..*)?"),
    _Rule(
        _SERIOUS, Reason.STORAGE, r".*(ontainers\.volume(Mount|Device)s|spec\.volumes|\.volumeClaimTemplates)(\..*)?"
    ),
    _Rule(_MINOR, Reason.RESOURCES, r".*ontainers\.resources(\..*)?"),
    _Rule(_MINOR, Reason.PROBES, r".*ontainers\.(liveness|readiness|startup)Probe(\..*)?"),
    _Rule(_SERIOUS, Reason.STOPPED, r"spec\.replicas", when=_zero),
    _Rule(_SERIOUS, Reason.STOPPED, r"spec\.suspend", when=_on),
    _Rule(_MINOR, Reason.SCALE, r"spec\.((min|max)?[rR]eplicas|parallelism|completions)"),
    _Rule(_SERIOUS, Reason.TIMETABLE, r"spec\.(schedule|timeZone|suspend)", _kinds("CronJob")),
    _Rule(
        _MINOR,
        Reason.SCHEDULING,
        r".*\.(tolerations|affinity|nodeSelector|nodeName|topologySpreadConstraints|priorityClassName)(\..*)?",
    ),
)

_MISSING: Final = {
    **dict.fromkeys(_RBAC, Reason.ACCESS),
    **dict.fromkeys(_ADMISSION, Reason.ADMISSION),
    **dict.fromkeys(_POLICIES, Reason.NETWORK_POLICY),
}


def rate_field(found: ObjectDrift, differing: FieldDrift) -> Rating:
    """How bad one difference of an object is."""
    return max(
        (
            _rate(found, ".".join(names), desired, live)
            for names, desired, live in _places(_names(differing.path), differing.desired, differing.live)
        ),
        key=_severity,
    )


def rate_object(found: ObjectDrift) -> Rating:
    """How bad an object's worst difference is."""
    if found.change == "missing" or not found.fields:
        reason = _MISSING.get(found.kind)
        return Rating(_CRITICAL, reason) if reason else Rating(_SERIOUS, Reason.MISSING)
    return max((rate_field(found, each) for each in found.fields), key=_severity)


def rate(drift: Iterable[ObjectDrift]) -> Rating:
    """How bad the worst difference is. ValueError when there is none."""
    return max(map(rate_object, drift), key=_severity)


def worst_first(drift: Iterable[ObjectDrift]) -> tuple[ObjectDrift, ...]:
    """The same, the worst objects first and in each the worst fields; what is equally bad stays in its order."""
    rated = [
        (rate_object(found).severity, replace(found, fields=tuple(sorted(found.fields, key=_by_field(found)))))
        for found in drift
    ]
    return tuple(found for _, found in sorted(rated, key=lambda each: -each[0]))


def _by_field(found: ObjectDrift) -> Callable[[FieldDrift], int]:
    return lambda differing: -rate_field(found, differing).severity


def _severity(rating: Rating) -> Severity:
    return rating.severity


def _rate(found: ObjectDrift, path: str, desired: Any, live: Any) -> Rating:
    for rule, pattern in _COMPILED:
        covered = not rule.kinds or found.kind in rule.kinds
        if covered and pattern.fullmatch(path) and rule.when(desired, live):
            return Rating(rule.severity, rule.reason)
    group, slash, _ = found.api_version.partition("/")
    own = not slash or "." not in group or group.endswith(".k8s.io")
    return Rating(_MINOR, Reason.OTHER) if own else Rating(_SERIOUS, Reason.CUSTOM)


_COMPILED: Final = tuple((rule, re.compile(rule.path)) for rule in _RULES)


@lru_cache(maxsize=4096)
def _names(path: str) -> tuple[str, ...]:
    try:
        return tuple(segment for segment in parse_path(path) if isinstance(segment, str))
    except PathError:  # an alert is never lost over how its path is written
        return (path,)


def _places(names: tuple[str, ...], desired: Any, live: Any) -> Iterator[tuple[tuple[str, ...], Any, Any]]:
    """The place itself and all below it; the items of a list stand at the list's own place."""
    yield names, desired, live
    sides = desired, live
    for key in dict.fromkeys(key for side in sides if isinstance(side, Mapping) for key in side):
        below = [side.get(key) if isinstance(side, Mapping) else None for side in sides]
        if below[0] != below[1]:
            yield from _places((*names, str(key)), *below)
    for index, side in enumerate(sides):
        for item in side if isinstance(side, list | tuple) else ():
            other = sides[1 - index]
            if not (isinstance(other, list | tuple) and item in other):
                yield from _places(names, *((item, None) if index == 0 else (None, item)))

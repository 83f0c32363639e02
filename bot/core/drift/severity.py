"""How severe a difference is: by what it allows or breaks, not by how many fields differ.

The first rule of the table that matches a path decides. A value that was added or removed as a whole is rated by its
parts too, so a privileged container is critical even if the whole pod template is new. A difference that matches no
rule is minor in a built-in kind, and serious in a custom resource, whose fields may mean anything.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from itertools import repeat
from typing import Any, Final

from bot.core.drift.exclusions import DELETION_PATH
from bot.core.drift.model import FieldDrift, ObjectDrift
from bot.core.drift.short_path import clipped_names, names
from bot.core.objects.builtin import section
from bot.core.objects.deep_equality import lost_and_gained
from bot.core.text_cache import cache_texts


class Severity(IntEnum):
    """Greater is worse. MINOR can wait, SERIOUS changes what runs, CRITICAL is a security risk."""

    MINOR = 1
    SERIOUS = 2
    CRITICAL = 3


class Reason(StrEnum):
    """Why a difference has its severity; the catalogue has the texts."""

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
    ISOLATION = "isolation"
    IDENTITY = "identity"
    CLOUD_ROLE = "cloud_role"
    SECRET = "secret"  # noqa: S105  a word, not a secret
    CONTAINER = "container"
    IMAGE = "image"
    COMMAND = "command"
    ENVIRONMENT = "environment"
    CONFIGURATION = "configuration"
    TRAFFIC = "traffic"
    TLS = "tls"
    STOPPED = "stopped"
    PAUSED = "paused"
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
    """A severity and the reason for it."""

    severity: Severity
    reason: Reason


Condition = Callable[[Any, Any], bool]  # of the values in git and in the cluster; None if there is none


def _always(_desired: Any, _live: Any) -> bool:
    return True


def _is_true(_desired: Any, live: Any) -> bool:
    return live is True


def _is_not_false(_desired: Any, live: Any) -> bool:
    return live is not False


def _exists(_desired: Any, live: Any) -> bool:
    return live is not None


def _was_false(desired: Any, live: Any) -> bool:
    return desired is False and live is not False


def _is_zero(_desired: Any, live: Any) -> bool:
    return live == 0 and live is not False


def _is_exposed(_desired: Any, live: Any) -> bool:
    return live in ("LoadBalancer", "NodePort")


@dataclass(frozen=True, slots=True)
class _Rule:
    severity: Severity
    reason: Reason
    path: str  # a regular expression for the dotted field names, without list items
    kinds: frozenset[str] = field(default=frozenset())  # empty: every kind
    when: Condition = _always


def _kinds(names: str) -> frozenset[str]:
    return frozenset(names.split())


_RBAC: Final = _kinds("Role ClusterRole RoleBinding ClusterRoleBinding")
_ADMISSION: Final = _kinds(
    "ValidatingWebhookConfiguration MutatingWebhookConfiguration ValidatingAdmissionPolicy"
    " ValidatingAdmissionPolicyBinding MutatingAdmissionPolicy MutatingAdmissionPolicyBinding APIService"
)
_POLICIES: Final = _kinds("NetworkPolicy AdminNetworkPolicy BaselineAdminNetworkPolicy ClusterNetworkPolicy")
_ROUTES: Final = _kinds("Ingress IngressClass Gateway HTTPRoute GRPCRoute TCPRoute TLSRoute UDPRoute")
_ENDPOINTS: Final = _kinds("Endpoints EndpointSlice")
_VOLUMES: Final = _kinds("PersistentVolumeClaim PersistentVolume StorageClass")
_DEFINITIONS: Final = _kinds("CustomResourceDefinition")

MAX_STEPS: Final = 30_000  # to rate one difference, of up to 10 microseconds each
_SCALARS: Final = (str, int, float, type(None))

_CRITICAL, _SERIOUS, _MINOR = Severity.CRITICAL, Severity.SERIOUS, Severity.MINOR

_RULES: Final = (
    _Rule(_SERIOUS, Reason.POD_SECURITY, r"metadata\.labels\.pod-security\.kubernetes\.io/.*", _kinds("Namespace")),
    # https://kubernetes.io/docs/reference/access-authn-authz/rbac/#aggregated-clusterroles
    _Rule(_CRITICAL, Reason.ACCESS, r"metadata\.labels\..*aggregate-to-.*", _kinds("ClusterRole")),
    # https://docs.aws.amazon.com/eks/latest/userguide/associate-service-account-role.html
    # https://cloud.google.com/kubernetes-engine/docs/how-to/workload-identity
    # https://azure.github.io/azure-workload-identity/docs/topics/service-account-labels-and-annotations.html
    _Rule(
        _CRITICAL,
        Reason.CLOUD_ROLE,
        r"metadata\.annotations\.(eks\.amazonaws\.com/role-arn|iam\.gke\.io/gcp-service-account"
        r"|azure\.workload\.identity/(client|tenant)-id)",
        _kinds("ServiceAccount"),
    ),
    _Rule(_SERIOUS, Reason.IDENTITY, r"(.*\.)?metadata\.labels\.azure\.workload\.identity/use"),
    _Rule(_SERIOUS, Reason.ISOLATION, r"(.*\.)?metadata\.annotations\.container\.apparmor\.security\..*"),
    _Rule(_SERIOUS, Reason.TRAFFIC, r"metadata\.annotations\..*", _kinds("Ingress")),
    _Rule(_SERIOUS, Reason.TRAFFIC, r"metadata\.annotations\..*load-balancer.*", _kinds("Service")),
    _Rule(_SERIOUS, Reason.OTHER, r"metadata\.managedFields"),
    _Rule(_MINOR, Reason.LABELS, r"(.*\.)?metadata\.(labels|annotations)(\..*)?"),
    # https://kubernetes.io/docs/concepts/security/pod-security-standards/
    _Rule(_CRITICAL, Reason.PRIVILEGED, r".*\.securityContext\.privileged", when=_is_true),
    _Rule(_CRITICAL, Reason.ESCALATION, r".*\.securityContext\.allowPrivilegeEscalation", when=_is_not_false),
    _Rule(_CRITICAL, Reason.ROOT, r".*\.securityContext\.runAs(User|Group)", when=_is_zero),
    _Rule(_CRITICAL, Reason.CAPABILITIES, r".*\.securityContext\.capabilities(\..*)?"),
    _Rule(_SERIOUS, Reason.SECURITY_CONTEXT, r".*\.securityContext(\..*)?"),
    _Rule(_CRITICAL, Reason.HOST_NAMESPACE, r"(.*\.)?spec\.host(Network|PID|IPC)", when=_is_true),
    _Rule(_CRITICAL, Reason.HOST_NAMESPACE, r"(.*\.)?spec\.hostUsers", when=_was_false),
    _Rule(_SERIOUS, Reason.ISOLATION, r"(.*\.)?spec\.shareProcessNamespace", when=_is_true),
    _Rule(_SERIOUS, Reason.ISOLATION, r"(.*\.)?spec\.runtimeClassName"),
    _Rule(_CRITICAL, Reason.HOST_PATH, r".*\.volumes\.hostPath(\..*)?", when=_exists),
    _Rule(_SERIOUS, Reason.IDENTITY, r"(.*\.)?spec\.(serviceAccount(Name)?|automountServiceAccountToken)"),
    _Rule(_SERIOUS, Reason.IDENTITY, r"(automountServiceAccountToken|secrets)(\..*)?", _kinds("ServiceAccount")),
    _Rule(_CRITICAL, Reason.ACCESS, r"(rules|subjects|roleRef|aggregationRule)(\..*)?", _RBAC),
    _Rule(_CRITICAL, Reason.ADMISSION, r"(webhooks|spec)(\..*)?", _ADMISSION),
    _Rule(_CRITICAL, Reason.NETWORK_POLICY, r"spec(\..*)?", _POLICIES),
    _Rule(_CRITICAL, Reason.EXPOSED, r"spec\.type", _kinds("Service"), _is_exposed),
    _Rule(_CRITICAL, Reason.EXPOSED, r"spec\.(externalIPs|loadBalancerSourceRanges)", _kinds("Service")),
    _Rule(_SERIOUS, Reason.TRAFFIC, r"spec(\..*)?", _kinds("Service")),
    _Rule(_SERIOUS, Reason.TRAFFIC, r"(subsets|endpoints|ports|addressType)(\..*)?", _ENDPOINTS),
    _Rule(_SERIOUS, Reason.TRAFFIC, r"(.*\.)?spec\.(hostAliases|dnsConfig|dnsPolicy)(\..*)?"),
    _Rule(_SERIOUS, Reason.TLS, r"spec\.(.*\.)?tls(\..*)?", _ROUTES),
    _Rule(_SERIOUS, Reason.TRAFFIC, r"spec(\..*)?", _ROUTES),
    _Rule(_SERIOUS, Reason.SECRET, r"(data|stringData|type)(\..*)?", _kinds("Secret")),
    _Rule(_SERIOUS, Reason.CONFIGURATION, r"(data|binaryData)(\..*)?", _kinds("ConfigMap")),
    _Rule(_SERIOUS, Reason.STORAGE, r"(spec|parameters|provisioner|reclaimPolicy)(\..*)?", _VOLUMES),
    _Rule(_SERIOUS, Reason.DEFINITION, r"spec(\..*)?", _DEFINITIONS),
    _Rule(_SERIOUS, Reason.STORAGE, r"spec\.persistentVolumeClaimRetentionPolicy(\..*)?", _kinds("StatefulSet")),
    _Rule(_SERIOUS, Reason.CONTAINER, r"(.*\.)?spec\.(c|initC|ephemeralC)ontainers(\.(name|restartPolicy))?"),
    _Rule(_SERIOUS, Reason.IMAGE, r".*ontainers\.image(PullPolicy)?"),
    _Rule(_SERIOUS, Reason.COMMAND, r".*ontainers\.(command|args|lifecycle|workingDir)(\..*)?"),
    _Rule(_SERIOUS, Reason.ENVIRONMENT, r".*ontainers\.env(From)?(\..*)?"),
    _Rule(_SERIOUS, Reason.TRAFFIC, r".*ontainers\.ports(\..*)?"),
    _Rule(
        _SERIOUS, Reason.STORAGE, r".*(ontainers\.volume(Mount|Device)s|spec\.volumes|\.volumeClaimTemplates)(\..*)?"
    ),
    _Rule(_MINOR, Reason.RESOURCES, r".*ontainers\.resources(\..*)?"),
    _Rule(_MINOR, Reason.PROBES, r".*ontainers\.(liveness|readiness|startup)Probe(\..*)?"),
    _Rule(_SERIOUS, Reason.STOPPED, r"spec\.replicas", when=_is_zero),
    _Rule(_SERIOUS, Reason.STOPPED, r"spec\.suspend", when=_is_true),
    _Rule(_SERIOUS, Reason.PAUSED, r"spec\.paused", when=_is_true),
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


def rate_field(object_drift: ObjectDrift, field_drift: FieldDrift) -> Rating:
    """How severe one difference of an object is. One that takes more than MAX_STEPS is CRITICAL, since it may be."""
    path, desired, live = names(field_drift.path), field_drift.desired, field_drift.live
    own = worst = _rate(object_drift, path, desired, live)
    for step, part in enumerate(_parts(path, desired, live)):
        if worst.severity is _CRITICAL:
            break
        if step >= MAX_STEPS:
            return Rating(_CRITICAL, own.reason)
        if part and (rating := _rate(object_drift, *part)).severity > worst.severity:
            worst = rating
    return worst


def rate_object(object_drift: ObjectDrift) -> Rating:
    """How severe an object's worst difference is."""
    if object_drift.change == "missing" or not object_drift.fields:
        return _rate_missing(object_drift)
    return _worst(rate_field(object_drift, field_drift) for field_drift in object_drift.fields)


def _rate_missing(object_drift: ObjectDrift) -> Rating:
    reason = _MISSING.get(object_drift.kind)
    return Rating(_CRITICAL, reason) if reason else Rating(_SERIOUS, Reason.MISSING)


def rate(drift: Iterable[ObjectDrift]) -> Rating:
    """How severe the worst difference is. Raises ValueError if there is none."""
    return _worst(map(rate_object, drift))


def _worst(ratings: Iterable[Rating]) -> Rating:
    """The first of the most severe ratings. Raises ValueError if there is none."""
    worst = None
    for rating in ratings:
        if worst is None or rating.severity > worst.severity:
            worst = rating
        if worst.severity is _CRITICAL:
            break
    if worst is None:
        raise ValueError("nothing differs")
    return worst


def _rate(object_drift: ObjectDrift, path: str, desired: Any, live: Any) -> Rating:
    if path == DELETION_PATH:
        return _rate_missing(object_drift)
    for rule in _matching(object_drift.kind, path):
        if rule.when(desired, live):
            return Rating(rule.severity, rule.reason)
    if section(object_drift.api_version) is None:
        return Rating(_SERIOUS, Reason.CUSTOM)
    return Rating(_MINOR, Reason.OTHER)


_COMPILED: Final = tuple((rule, re.compile(rule.path, re.DOTALL)) for rule in _RULES)


@cache_texts  # often the same fields differ in many objects, and are rated repeatedly
def _matching(kind: str, path: str) -> tuple[_Rule, ...]:
    """The rules for this path, in order, for any values."""
    return tuple(
        rule for rule, pattern in _COMPILED if (not rule.kinds or kind in rule.kinds) and pattern.fullmatch(path)
    )


def _parts(path: str, desired: Any, live: Any) -> Iterator[tuple[str, Any, Any] | None]:
    """Every part of a value that differs, with their `names`; a list item has those of its list.

    None is a step without a part.
    """
    sides = desired, live
    for key in dict.fromkeys(key for side in sides if isinstance(side, Mapping) for key in side):
        below = [side.get(key) if isinstance(side, Mapping) else None for side in sides]
        if below[0] == below[1]:
            yield None
        else:
            yield from _with_parts(clipped_names(f"{path}.{key}"), *below)
    if isinstance(desired, list | tuple) and isinstance(live, list | tuple):
        yield from repeat(None, min(len(desired) + len(live), MAX_STEPS + 1))  # comparing them takes as long
    lost, gained = lost_and_gained(desired, live)
    for item in lost:
        yield from _with_parts(path, item, None)
    for item in gained:
        yield from _with_parts(path, None, item)


def _with_parts(path: str, desired: Any, live: Any) -> Iterator[tuple[str, Any, Any] | None]:
    yield path, desired, live
    if not (isinstance(desired, _SCALARS) and isinstance(live, _SCALARS)):
        yield from _parts(path, desired, live)

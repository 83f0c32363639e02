"""The health of any live object: its kind's own rule, or kstatus."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

from bot.core.health import argo_rollouts, cluster_api, jobs, pods, provisioned, workloads
from bot.core.health.conditions import EXTERNAL_SECRETS, READY, RESOURCES_APPLIED, SYNCED, by_conditions, flux, kstatus
from bot.core.health.crossplane import crossplane
from bot.core.health.gateway_api import gateway_api
from bot.core.health.status import HEALTHY, MISSING, PROGRESSING, UNKNOWN, Health, HealthStatus, count, group_of
from bot.core.objects.resource import Object, mapping, text

Rule = Callable[[Object], Health]

_ready = partial(by_conditions, rules=READY)

# By group and kind: the rules read the same fields in every version.
KINDS: Final[Mapping[tuple[str, str], Rule]] = {
    ("", "PersistentVolumeClaim"): provisioned.persistent_volume_claim,
    ("", "Pod"): pods.pod,
    ("", "Service"): provisioned.service,
    ("addons.cluster.x-k8s.io", "ClusterResourceSet"): partial(by_conditions, rules=RESOURCES_APPLIED),
    ("apiextensions.k8s.io", "CustomResourceDefinition"): provisioned.custom_resource_definition,
    ("apiregistration.k8s.io", "APIService"): provisioned.api_service,
    ("apps", "DaemonSet"): workloads.daemon_set,
    ("apps", "Deployment"): workloads.deployment,
    ("apps", "ReplicaSet"): workloads.replica_set,
    ("apps", "StatefulSet"): workloads.stateful_set,
    ("argoproj.io", "AnalysisRun"): argo_rollouts.analysis,
    ("argoproj.io", "Experiment"): argo_rollouts.analysis,
    ("argoproj.io", "Rollout"): argo_rollouts.rollout,
    ("autoscaling", "HorizontalPodAutoscaler"): provisioned.horizontal_pod_autoscaler,
    ("batch", "CronJob"): jobs.cron_job,
    ("batch", "Job"): jobs.job,
    ("bitnami.com", "SealedSecret"): partial(by_conditions, rules=SYNCED),
    ("cluster.x-k8s.io", "MachineHealthCheck"): cluster_api.machine_health_check,
    ("networking.k8s.io", "Ingress"): provisioned.ingress,
    ("policy", "PodDisruptionBudget"): provisioned.pod_disruption_budget,
}
# By group, including its subgroups, such as `s3.aws.crossplane.io`.
GROUPS: Final[Mapping[str, Rule]] = {
    "cert-manager.io": _ready,
    "cluster.x-k8s.io": cluster_api.provisioned,
    "crossplane.io": crossplane,
    "external-secrets.io": partial(by_conditions, rules=EXTERNAL_SECRETS),
    "gateway.networking.k8s.io": gateway_api,
    "knative.dev": _ready,
    "toolkit.fluxcd.io": flux,
    "upbound.io": crossplane,
}
# https://argo-cd.readthedocs.io/en/stable/user-guide/annotations-and-labels/
_IGNORE: Final = "argocd.argoproj.io/ignore-healthcheck"
# The groups of Kubernetes itself: a kind without a rule above is healthy once it exists.
_BUILT_IN: Final = frozenset(
    (
        "",
        "admissionregistration.k8s.io",
        "apiextensions.k8s.io",
        "apiregistration.k8s.io",
        "apps",
        "autoscaling",
        "batch",
        "coordination.k8s.io",
        "discovery.k8s.io",
        "events.k8s.io",
        "flowcontrol.apiserver.k8s.io",
        "networking.k8s.io",
        "node.k8s.io",
        "policy",
        "rbac.authorization.k8s.io",
        "resource.k8s.io",
        "scheduling.k8s.io",
        "storage.k8s.io",
    )
)


def assess(live: Object | None) -> Health:
    """The health of a live object with its apiVersion and kind; None if the object is missing."""
    if live is None:
        return MISSING
    metadata = mapping(live, "metadata")
    if metadata.get("deletionTimestamp"):
        return Health(HealthStatus.PROGRESSING, "Terminating")
    if mapping(metadata, "annotations").get(_IGNORE) == "true":
        return UNKNOWN
    group, kind = group_of(live), text(live, "kind")
    if (group, kind) in KINDS:
        return KINDS[group, kind](live)
    if group in _BUILT_IN:
        return HEALTHY
    observed = mapping(live, "status").get("observedGeneration")
    if isinstance(observed, int) and observed < count(metadata, "generation"):
        return PROGRESSING
    return _group_rule(group)(live)


def may_be_unhealthy(group: str, kind: str) -> bool:
    """Whether objects of a kind can be unhealthy: Kubernetes' own kinds without a rule cannot."""
    return (group, kind) in KINDS or group not in _BUILT_IN


def _group_rule(group: str) -> Rule:
    labels = group.split(".")
    suffixes = (".".join(labels[start:]) for start in range(len(labels)))
    return next((GROUPS[suffix] for suffix in suffixes if suffix in GROUPS), kstatus)

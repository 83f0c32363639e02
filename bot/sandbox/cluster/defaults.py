"""The values that the API server fills in: defaults of the built-in kinds, and allocated addresses."""

import base64
import itertools
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from bot.sandbox.cluster.kinds import Kind

Object = dict[str, Any]

# https://github.com/kubernetes/kubernetes/tree/master/pkg/apis: the v1/defaults.go of each group
CONTAINER = {"terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File"}
POD = {
    "dnsPolicy": "ClusterFirst",
    "restartPolicy": "Always",
    "schedulerName": "default-scheduler",
    "securityContext": {},
    "terminationGracePeriodSeconds": 30,
}
PROBE = {"failureThreshold": 3, "periodSeconds": 10, "successThreshold": 1, "timeoutSeconds": 1}
DEFAULT_MODE = 420  # 0644
HOOK = {"matchPolicy": "Equivalent", "failurePolicy": "Fail", "timeoutSeconds": 10}


def fill(target: Object, values: Mapping[str, Any]) -> None:
    """Set missing keys."""
    for key, value in values.items():
        if key not in target:
            target[key] = dict(value) if isinstance(value, dict) else value


def converted(kind: Kind, document: Object) -> Object:
    """Conversions when decoding: a Secret's stringData becomes data."""
    if kind.kind != "Secret" or kind.group or "stringData" not in document:
        return document
    encoded = {k: base64.b64encode(str(v).encode()).decode() for k, v in (document["stringData"] or {}).items()}
    rest = {key: value for key, value in document.items() if key != "stringData"}
    return rest | {"data": (document.get("data") or {}) | encoded}


def complete(kind: Kind, document: Object) -> Object:
    """Fill in an object's defaults, in place: it must be the caller's own copy."""
    if not kind.custom and kind.kind in DEFAULTS:
        DEFAULTS[kind.kind](document)
    return document


def _pod_template(template: Object) -> None:
    _pod(template["spec"])


def _pod(spec: Object) -> None:
    fill(spec, POD)
    if "serviceAccountName" in spec:
        fill(spec, {"serviceAccount": spec["serviceAccountName"]})
    for container in (*spec.get("initContainers", ()), *spec.get("containers", ())):
        _container(container)
    for volume in spec.get("volumes", ()):
        _volume(volume)


def _container(container: Object) -> None:
    fill(container, CONTAINER)
    tag = container.get("image", "").rpartition("/")[2].partition("@")
    latest = not tag[1] and (":" not in tag[0] or tag[0].endswith(":latest"))
    fill(container, {"imagePullPolicy": "Always" if latest else "IfNotPresent"})
    for port in container.get("ports", ()):
        fill(port, {"protocol": "TCP"})
    for name in ("livenessProbe", "readinessProbe", "startupProbe"):
        if probe := container.get(name):
            fill(probe, PROBE)
            _handler(probe)
    for hook in container.get("lifecycle", {}).values():
        if isinstance(hook, dict):
            _handler(hook)
    for variable in container.get("env", ()):
        if field := variable.get("valueFrom", {}).get("fieldRef"):
            fill(field, {"apiVersion": "v1"})
    limits = container.get("resources", {}).get("limits", {})
    if limits and "requests" in container["resources"]:
        fill(container["resources"]["requests"], limits)


def _handler(handler: Object) -> None:
    if http := handler.get("httpGet"):
        fill(http, {"path": "/", "scheme": "HTTP"})
    if grpc := handler.get("grpc"):
        fill(grpc, {"service": ""})


def _volume(volume: Object) -> None:
    if set(volume) == {"name"}:
        volume["emptyDir"] = {}
    for name in ("configMap", "secret", "downwardAPI", "projected"):
        if name in volume:
            fill(volume[name], {"defaultMode": DEFAULT_MODE})
    if "hostPath" in volume:
        fill(volume["hostPath"], {"type": ""})
    for source in volume.get("projected", {}).get("sources", ()):
        if token := source.get("serviceAccountToken"):
            fill(token, {"expirationSeconds": 3600})
    for item in volume.get("downwardAPI", {}).get("items", ()):
        if field := item.get("fieldRef"):
            fill(field, {"apiVersion": "v1"})


def _deployment(document: Object) -> None:
    spec = document["spec"]
    fill(spec, {"replicas": 1, "revisionHistoryLimit": 10, "progressDeadlineSeconds": 600})
    fill(spec["strategy"], {"type": "RollingUpdate"})
    if spec["strategy"]["type"] == "RollingUpdate":
        fill(spec["strategy"], {"rollingUpdate": {}})
        fill(spec["strategy"]["rollingUpdate"], {"maxSurge": "25%", "maxUnavailable": "25%"})
    _pod_template(spec["template"])


def _stateful_set(document: Object) -> None:
    spec = document["spec"]
    fill(spec, {"replicas": 1, "revisionHistoryLimit": 10, "podManagementPolicy": "OrderedReady"})
    fill(spec, {"persistentVolumeClaimRetentionPolicy": {}})
    fill(spec["persistentVolumeClaimRetentionPolicy"], {"whenDeleted": "Retain", "whenScaled": "Retain"})
    fill(spec["updateStrategy"], {"type": "RollingUpdate"})
    if spec["updateStrategy"]["type"] == "RollingUpdate":
        fill(spec["updateStrategy"], {"rollingUpdate": {}})
        fill(spec["updateStrategy"]["rollingUpdate"], {"partition": 0})
    for claim in spec.get("volumeClaimTemplates", ()):
        fill(claim, {"apiVersion": "v1", "kind": "PersistentVolumeClaim"})
        _claim(claim)
    _pod_template(spec["template"])


def _daemon_set(document: Object) -> None:
    spec = document["spec"]
    fill(spec, {"revisionHistoryLimit": 10})
    fill(spec["updateStrategy"], {"type": "RollingUpdate"})
    if spec["updateStrategy"]["type"] == "RollingUpdate":
        fill(spec["updateStrategy"], {"rollingUpdate": {}})
        fill(spec["updateStrategy"]["rollingUpdate"], {"maxSurge": 0, "maxUnavailable": 1})
    _pod_template(spec["template"])


def _replica_set(document: Object) -> None:
    fill(document["spec"], {"replicas": 1})
    _pod_template(document["spec"]["template"])


def _job(document: Object) -> None:
    spec = document["spec"]
    fill(spec, {"backoffLimit": 6, "completionMode": "NonIndexed", "manualSelector": False, "suspend": False})
    if "completions" not in spec and "parallelism" not in spec:
        spec["completions"] = 1
    fill(spec, {"parallelism": 1})
    if "podFailurePolicy" not in spec:
        fill(spec, {"podReplacementPolicy": "TerminatingOrFailed"})
    _pod_template(spec["template"])


def _cron_job(document: Object) -> None:
    spec = document["spec"]
    limits = {"failedJobsHistoryLimit": 1, "successfulJobsHistoryLimit": 3}
    fill(spec, {"concurrencyPolicy": "Allow", "suspend": False, **limits})
    _pod_template(spec["jobTemplate"]["spec"]["template"])


def _bare_pod(document: Object) -> None:
    _pod(document["spec"])
    fill(document["spec"], {"enableServiceLinks": True})


def _service(document: Object) -> None:
    spec = document["spec"]
    fill(spec, {"sessionAffinity": "None", "type": "ClusterIP"})
    if spec["sessionAffinity"] == "ClientIP":
        fill(spec, {"sessionAffinityConfig": {"clientIP": {"timeoutSeconds": 10800}}})
    if spec["type"] != "ExternalName":
        fill(spec, {"internalTrafficPolicy": "Cluster"})
    if spec["type"] in ("NodePort", "LoadBalancer"):
        fill(spec, {"externalTrafficPolicy": "Cluster"})
    else:
        spec.pop("externalTrafficPolicy", None)
    if spec["type"] == "LoadBalancer":
        fill(spec, {"allocateLoadBalancerNodePorts": True})
    for port in spec.get("ports", ()):
        fill(port, {"protocol": "TCP"})
        fill(port, {"targetPort": port.get("port")})


def _claim(document: Object) -> None:
    fill(document["spec"], {"volumeMode": "Filesystem"})
    document.setdefault("status", {})
    fill(document["status"], {"phase": "Pending"})


def _namespace(document: Object) -> None:
    labels = document["metadata"].setdefault("labels", {})
    labels["kubernetes.io/metadata.name"] = document["metadata"]["name"]


def _secret(document: Object) -> None:
    fill(document, {"type": "Opaque"})


def _ingress(document: Object) -> None:
    for rule in document["spec"].get("rules", ()):
        for path in rule.get("http", {}).get("paths", ()):
            fill(path, {"pathType": "ImplementationSpecific"})


def _network_policy(document: Object) -> None:
    spec = document["spec"]
    for rule in (*spec.get("ingress", ()), *spec.get("egress", ())):
        for port in rule.get("ports", ()):
            fill(port, {"protocol": "TCP"})
    fill(spec, {"policyTypes": ["Ingress", "Egress"] if "egress" in spec else ["Ingress"]})


def _autoscaler(document: Object) -> None:
    spec = document["spec"]
    fill(spec, {"minReplicas": 1})
    if not spec.get("metrics"):
        target = {"type": "Utilization", "averageUtilization": 80}
        spec["metrics"] = [{"type": "Resource", "resource": {"name": "cpu", "target": target}}]


def _binding(document: Object) -> None:
    fill(document["roleRef"], {"apiGroup": "rbac.authorization.k8s.io"})
    for subject in document.get("subjects", ()):
        if subject.get("kind") in ("User", "Group"):
            fill(subject, {"apiGroup": "rbac.authorization.k8s.io"})
        if subject.get("apiGroup") == "":
            del subject["apiGroup"]


def _webhooks(document: Object) -> None:
    for hook in document.get("webhooks", ()):
        fill(hook, HOOK)
        fill(hook, {"namespaceSelector": {}, "objectSelector": {}})
        if document["kind"] == "MutatingWebhookConfiguration":
            fill(hook, {"reinvocationPolicy": "Never"})
        for rule in hook.get("rules", ()):
            fill(rule, {"scope": "*"})
        if service := hook["clientConfig"].get("service"):
            fill(service, {"port": 443})


def _definition(document: Object) -> None:
    names = document["spec"]["names"]
    fill(names, {"singular": names["kind"].lower(), "listKind": f"{names['kind']}List"})
    fill(document["spec"], {"conversion": {"strategy": "None"}})


DEFAULTS: Mapping[str, Callable[[Object], None]] = {
    "ClusterRoleBinding": _binding,
    "CronJob": _cron_job,
    "CustomResourceDefinition": _definition,
    "DaemonSet": _daemon_set,
    "Deployment": _deployment,
    "HorizontalPodAutoscaler": _autoscaler,
    "Ingress": _ingress,
    "Job": _job,
    "MutatingWebhookConfiguration": _webhooks,
    "Namespace": _namespace,
    "NetworkPolicy": _network_policy,
    "PersistentVolumeClaim": _claim,
    "Pod": _bare_pod,
    "PriorityClass": lambda document: fill(document, {"preemptionPolicy": "PreemptLowerPriority"}),
    "ReplicaSet": _replica_set,
    "RoleBinding": _binding,
    "Secret": _secret,
    "Service": _service,
    "StatefulSet": _stateful_set,
    "StorageClass": lambda document: fill(document, {"reclaimPolicy": "Delete", "volumeBindingMode": "Immediate"}),
    "ValidatingWebhookConfiguration": _webhooks,
}


class Addresses:
    """Allocates cluster IPs, node ports and the like, after ownership is recorded: no manager owns them."""

    def __init__(self) -> None:
        self._hosts: Iterator[int] = itertools.count(10)
        self._ports: Iterator[int] = itertools.cycle(range(30000, 32768))

    def allocate(self, kind: Kind, document: Object, live: Object | None) -> None:
        """Fill in the fields that the server sets itself, in place; `live` is the object before the write."""
        match (kind.group, kind.kind):
            case ("", "Service"):
                self._service(document["spec"], (live or {}).get("spec", {}))
            case ("", "Namespace"):
                document["spec"] = {"finalizers": ["kubernetes"]}
                document["status"] = {"phase": "Active"}
            case ("", "Pod"):
                fill(document["spec"], {"serviceAccountName": "default", "serviceAccount": "default"})
                fill(document["spec"], {"priority": 0, "preemptionPolicy": "PreemptLowerPriority"})
            case ("batch", "Job") if not document["spec"]["manualSelector"]:
                self._job(document["spec"], document["metadata"])

    @staticmethod
    def _job(spec: Object, metadata: Object) -> None:
        uid = {"batch.kubernetes.io/controller-uid": metadata["uid"]}
        spec["selector"] = {"matchLabels": uid}
        names = {"batch.kubernetes.io/job-name": metadata["name"], "job-name": metadata["name"]}
        labels = spec["template"]["metadata"].setdefault("labels", {})
        labels |= uid | names | {"controller-uid": metadata["uid"]}

    def _service(self, spec: Object, live: Object) -> None:
        if spec["type"] == "ExternalName":
            for name in ("clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"):
                spec.pop(name, None)
            return
        host = next(self._hosts) if not (spec.get("clusterIP") or live.get("clusterIP")) else 0
        address = spec.get("clusterIP") or live.get("clusterIP") or f"10.96.{host // 256 % 256}.{host % 256}"
        spec["clusterIP"] = address
        fill(spec, {"clusterIPs": [address], "ipFamilies": ["IPv4"], "ipFamilyPolicy": "SingleStack"})
        wants_ports = spec["type"] == "NodePort" or (
            spec["type"] == "LoadBalancer" and spec.get("allocateLoadBalancerNodePorts", True)
        )
        live_node_ports = {(port["port"], port["protocol"]): port.get("nodePort") for port in live.get("ports", ())}
        for port in spec.get("ports", ()):
            if wants_ports and not port.get("nodePort"):
                port["nodePort"] = live_node_ports.get((port["port"], port["protocol"])) or next(self._ports)
            elif not wants_ports:
                port.pop("nodePort", None)

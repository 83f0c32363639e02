"""How bad a difference is, and in which order differences are shown."""

import pytest

from bot.core.drift.model import FieldDrift, ObjectDrift
from bot.core.drift.severity import Reason, Severity, rate_field, rate_object

POD = "spec.template.spec"
WEB = f"{POD}.containers[name=web]"
LABELS = "spec.template.metadata.labels"
AGGREGATED = "rbac.authorization.k8s.io/aggregate-to-admin"
ROLE_ARN = "eks.amazonaws.com/role-arn"
RETENTION = "spec.persistentVolumeClaimRetentionPolicy"
APPARMOR = "container.apparmor.security.beta.kubernetes.io"
INTERNAL = "service.beta.kubernetes.io/aws-load-balancer-internal"
CRITICAL, SERIOUS, MINOR = Severity.CRITICAL, Severity.SERIOUS, Severity.MINOR


def found(kind, path, desired, live, api_version="apps/v1"):
    change = "added" if desired is None else "removed" if live is None else "changed"
    return ObjectDrift(api_version, kind, "shop", "web", "modified", (FieldDrift(change, path, desired, live),))


@pytest.mark.parametrize(
    ("kind", "path", "desired", "live", "severity", "reason"),
    [
        ("Deployment", f"{WEB}.securityContext.privileged", None, True, CRITICAL, Reason.PRIVILEGED),
        ("Deployment", f"{WEB}.securityContext", None, {"privileged": True}, CRITICAL, Reason.PRIVILEGED),
        ("Deployment", f"{WEB}.securityContext", None, {"privileged": False}, SERIOUS, Reason.SECURITY_CONTEXT),
        ("Pod", "spec.containers[name=web].securityContext.privileged", False, True, CRITICAL, Reason.PRIVILEGED),
        ("CronJob", "spec.jobTemplate.spec.template.spec.hostPID", None, True, CRITICAL, Reason.HOST_NAMESPACE),
        ("Deployment", f"{POD}.hostNetwork", True, None, MINOR, Reason.OTHER),
        ("Deployment", f"{WEB}.securityContext.allowPrivilegeEscalation", False, None, CRITICAL, Reason.ESCALATION),
        (
            "Deployment",
            f"{WEB}.securityContext.allowPrivilegeEscalation",
            True,
            False,
            SERIOUS,
            Reason.SECURITY_CONTEXT,
        ),
        ("Deployment", f"{POD}.securityContext.runAsUser", 1000, 0, CRITICAL, Reason.ROOT),
        ("Deployment", f"{POD}.securityContext.runAsUser", 1000, 1001, SERIOUS, Reason.SECURITY_CONTEXT),
        (
            "Deployment",
            f"{WEB}.securityContext.capabilities.add",
            ["A"],
            ["A", "SYS_ADMIN"],
            CRITICAL,
            Reason.CAPABILITIES,
        ),
        (
            "Deployment",
            f"{POD}.volumes[name=x]",
            None,
            {"name": "x", "hostPath": {"path": "/"}},
            CRITICAL,
            Reason.HOST_PATH,
        ),
        ("Deployment", f"{POD}.volumes[name=x]", None, {"name": "x", "emptyDir": {}}, SERIOUS, Reason.STORAGE),
        (
            "Deployment",
            f"{POD}.containers[name=miner]",
            None,
            {"name": "miner", "image": "m"},
            SERIOUS,
            Reason.CONTAINER,
        ),
        (
            "Deployment",
            f"{POD}.initContainers[name=x]",
            None,
            {"image": "m", "securityContext": {"capabilities": {"add": ["NET_ADMIN"]}}},
            CRITICAL,
            Reason.CAPABILITIES,
        ),
        ("Deployment", f"{WEB}.image", "a:1", "a:2", SERIOUS, Reason.IMAGE),
        ("Deployment", f"{WEB}.args", ["-a"], ["-b"], SERIOUS, Reason.COMMAND),
        ("Deployment", f"{WEB}.env[name=DEBUG]", None, {"name": "DEBUG", "value": "1"}, SERIOUS, Reason.ENVIRONMENT),
        ("Deployment", f"{WEB}.resources.limits.cpu", "1", "2", MINOR, Reason.RESOURCES),
        ("Deployment", f"{WEB}.livenessProbe.periodSeconds", 1, 5, MINOR, Reason.PROBES),
        ("Deployment", f"{POD}.tolerations", None, [{"key": "a"}], MINOR, Reason.SCHEDULING),
        ("Deployment", f"{POD}.serviceAccountName", "web", "admin", SERIOUS, Reason.IDENTITY),
        ("Deployment", "spec.replicas", 2, 7, MINOR, Reason.SCALE),
        ("Deployment", "spec.replicas", 2, 0, SERIOUS, Reason.STOPPED),
        ("CronJob", "spec.suspend", False, True, SERIOUS, Reason.STOPPED),
        ("CronJob", "spec.schedule", "0 * * * *", "1 * * * *", SERIOUS, Reason.TIMETABLE),
        ("Deployment", 'metadata.labels["securityContext.privileged"]', None, "true", MINOR, Reason.LABELS),
        ("Deployment", "spec.template.metadata.annotations.x", None, "y", MINOR, Reason.LABELS),
        ("Deployment", "spec.revisionHistoryLimit", 10, 2, MINOR, Reason.OTHER),
        (
            "Namespace",
            'metadata.labels["pod-security.kubernetes.io/enforce"]',
            "restricted",
            "privileged",
            SERIOUS,
            Reason.POD_SECURITY,
        ),
        ("ClusterRole", f'metadata.labels["{AGGREGATED}"]', None, "true", CRITICAL, Reason.ACCESS),
        ("ClusterRole", "metadata.labels", None, {AGGREGATED: "true"}, CRITICAL, Reason.ACCESS),
        ("Deployment", f'metadata.labels["{AGGREGATED}"]', None, "true", MINOR, Reason.LABELS),
        ("ServiceAccount", f'metadata.annotations["{ROLE_ARN}"]', "a", "b", CRITICAL, Reason.CLOUD_ROLE),
        ("ServiceAccount", 'metadata.annotations["example.com/owner"]', "a", "b", MINOR, Reason.LABELS),
        ("ServiceAccount", "automountServiceAccountToken", False, None, SERIOUS, Reason.IDENTITY),
        ("Deployment", f"{POD}.automountServiceAccountToken", False, True, SERIOUS, Reason.IDENTITY),
        ("Deployment", f'{LABELS}["azure.workload.identity/use"]', None, "true", SERIOUS, Reason.IDENTITY),
        ("Deployment", f"{POD}.hostUsers", False, None, CRITICAL, Reason.HOST_NAMESPACE),
        ("Deployment", f"{POD}.hostUsers", None, False, MINOR, Reason.OTHER),
        ("Deployment", f"{POD}.shareProcessNamespace", None, True, SERIOUS, Reason.ISOLATION),
        ("Deployment", f"{POD}.shareProcessNamespace", True, None, MINOR, Reason.OTHER),
        ("CronJob", "spec.jobTemplate.spec.template.spec.runtimeClassName", "a", None, SERIOUS, Reason.ISOLATION),
        ("Pod", f'metadata.annotations["{APPARMOR}/web"]', None, "unconfined", SERIOUS, Reason.ISOLATION),
        ("Ingress", 'metadata.annotations["nginx.ingress.kubernetes.io/auth-url"]', "a", None, SERIOUS, Reason.TRAFFIC),
        ("Service", f'metadata.annotations["{INTERNAL}"]', "true", "false", SERIOUS, Reason.TRAFFIC),
        ("Service", 'metadata.annotations["example.com/owner"]', "a", "b", MINOR, Reason.LABELS),
        ("ClusterRole", "rules", [{"verbs": ["get"]}], [{"verbs": ["*"]}], CRITICAL, Reason.ACCESS),
        ("RoleBinding", "subjects", [], [{"kind": "User", "name": "eve"}], CRITICAL, Reason.ACCESS),
        ("NetworkPolicy", "spec.ingress", [], [{}], CRITICAL, Reason.NETWORK_POLICY),
        (
            "ValidatingWebhookConfiguration",
            "webhooks[name=a].failurePolicy",
            "Fail",
            "Ignore",
            CRITICAL,
            Reason.ADMISSION,
        ),
        ("Service", "spec.type", "ClusterIP", "LoadBalancer", CRITICAL, Reason.EXPOSED),
        ("Service", "spec.type", "ClusterIP", "NodePort", CRITICAL, Reason.EXPOSED),
        ("Service", "spec.type", "LoadBalancer", "ClusterIP", SERIOUS, Reason.TRAFFIC),
        ("Service", "spec.ports[port=80,protocol=TCP]", None, {"port": 80}, SERIOUS, Reason.TRAFFIC),
        ("Ingress", "spec.tls", [{"hosts": ["a"]}], None, SERIOUS, Reason.TLS),
        ("Ingress", "spec.rules", [{"host": "a"}], [{"host": "b"}], SERIOUS, Reason.TRAFFIC),
        ("Secret", "data.password", "(hidden)", "(hidden)", SERIOUS, Reason.SECRET),
        ("ConfigMap", 'data["app.properties"]', "a", "b", SERIOUS, Reason.CONFIGURATION),
        ("Deployment", f"{POD}.hostAliases", None, [{"ip": "192.0.2.1"}], SERIOUS, Reason.TRAFFIC),
        ("CronJob", "spec.jobTemplate.spec.template.spec.dnsConfig.nameservers", [], ["a"], SERIOUS, Reason.TRAFFIC),
        ("Pod", "spec.dnsPolicy", "ClusterFirst", "None", SERIOUS, Reason.TRAFFIC),
        ("Endpoints", "subsets", [{"addresses": []}], [{"addresses": [{"ip": "a"}]}], SERIOUS, Reason.TRAFFIC),
        ("EndpointSlice", "endpoints", [], [{"addresses": ["a"]}], SERIOUS, Reason.TRAFFIC),
        ("ServiceAccount", "secrets[name=a]", None, {"name": "a"}, SERIOUS, Reason.IDENTITY),
        ("StatefulSet", f"{RETENTION}.whenDeleted", "Retain", "Delete", SERIOUS, Reason.STORAGE),
        ("Deployment", f"{POD}.initContainers[name=x].restartPolicy", None, "Always", SERIOUS, Reason.CONTAINER),
        ("Deployment", f"{WEB}.imagePullPolicy", "Always", "Never", SERIOUS, Reason.IMAGE),
        ("Deployment", "spec.paused", None, True, SERIOUS, Reason.PAUSED),
        ("Deployment", "spec.paused", True, None, MINOR, Reason.OTHER),
        ("PersistentVolumeClaim", "spec.resources.requests.storage", "1Gi", "2Gi", SERIOUS, Reason.STORAGE),
    ],
)
def test_how_bad_a_difference_is(kind, path, desired, live, severity, reason):
    drift = found(kind, path, desired, live)
    rating = rate_field(drift, drift.fields[0])
    assert (rating.severity, rating.reason) == (severity, reason)


@pytest.mark.parametrize(
    ("api_version", "severity"),
    [
        ("example.com/v1", SERIOUS),
        ("gateway.networking.k8s.io/v1", SERIOUS),
        ("v1", MINOR),
        ("batch/v1", MINOR),
        ("policy/v1", MINOR),
        ("discovery.k8s.io/v1", MINOR),
    ],
)
def test_what_no_rule_knows_is_serious_in_a_custom_resource(api_version, severity):
    assert rate_object(found("Widget", "spec.mode", "a", "b", api_version)).severity is severity


@pytest.mark.parametrize(
    ("kind", "severity", "reason"),
    [
        ("Deployment", SERIOUS, Reason.MISSING),
        ("NetworkPolicy", CRITICAL, Reason.NETWORK_POLICY),
        ("RoleBinding", CRITICAL, Reason.ACCESS),
    ],
)
def test_how_bad_a_missing_object_is(kind, severity, reason):
    rating = rate_object(ObjectDrift("v1", kind, "shop", "web", "missing"))
    assert (rating.severity, rating.reason) == (severity, reason)

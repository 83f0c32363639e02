"""What a change cannot bring back, and what Kubernetes will refuse: one row a rule, and as many that are none."""

import pytest
import yaml

from bot.core.changes.irreversible import IrreversibleChange, IrreversibleReason, irreversible
from bot.core.objects.manifest import read_manifests


def made(kind, version, name="web", **more):
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name}, **more}


def warned(before, after):
    sides = [read_manifests("x.yaml", yaml.safe_dump_all(side).encode()) for side in (before, after)]
    return irreversible(*sides, namespace="shop")


CRD = "apiextensions.k8s.io/v1"
SET = {"serviceName": "db", "replicas": 1, "volumeClaimTemplates": [{"metadata": {"name": "data"}}]}
GONE_WITH_SET = {**SET, "persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Delete"}}
HOLDERS = [
    (made("CustomResourceDefinition", CRD, "a.b"), IrreversibleReason.DEFINITION),
    (made("Namespace", "v1"), IrreversibleReason.NAMESPACE),
    (made("PersistentVolumeClaim", "v1"), IrreversibleReason.VOLUME),
    (made("PersistentVolume", "v1"), IrreversibleReason.VOLUME),
    (made("StatefulSet", "apps/v1", spec=GONE_WITH_SET), IrreversibleReason.VOLUME),
]


@pytest.mark.parametrize(("held", "reason"), HOLDERS)
def test_what_goes_takes_with_it_what_it_holds_and_comes_back_empty(held, reason):
    kind, name = held["kind"], held["metadata"]["name"]
    assert warned([held], []) == (IrreversibleChange(reason, kind, "shop", name),)
    assert warned([], [held]) == (IrreversibleChange(IrreversibleReason.RETURNING, kind, "shop", name),)
    assert warned([held], [held]) == ()


@pytest.mark.parametrize(
    "harmless",
    [
        made("StatefulSet", "apps/v1", spec=SET),
        made("Deployment", "apps/v1", spec={"replicas": 1}),
        made("ConfigMap", "v1", data={"a": "b"}),
        made("Namespace", "example.com/v1"),
    ],
)
def test_other_objects_come_and_go(harmless):
    assert warned([harmless], []) == warned([], [harmless]) == ()


def selecting(app):
    return {"selector": {"matchLabels": {"app": app, "app.kubernetes.io/name": app}}}


IMMUTABLE = [
    ("Deployment", "apps/v1", {"spec": selecting("a")}, {"spec": selecting("b")}, "spec.selector"),
    ("DaemonSet", "apps/v1", {"spec": selecting("a")}, {"spec": selecting("b")}, "spec.selector"),
    ("StatefulSet", "apps/v1", {"spec": {"serviceName": "a"}}, {"spec": {"serviceName": "b"}}, "spec.serviceName"),
    ("StatefulSet", "apps/v1", {"spec": {}}, {"spec": {"podManagementPolicy": "Parallel"}}, "spec.podManagementPolicy"),
    ("Job", "batch/v1", {"spec": {"template": {"a": 1}}}, {"spec": {"template": {"a": 2}}}, "spec.template"),
    ("Service", "v1", {"spec": {"clusterIP": "10.0.0.1"}}, {"spec": {"clusterIP": "None"}}, "spec.clusterIP"),
    ("Secret", "v1", {"type": "Opaque"}, {"type": "kubernetes.io/tls"}, "type"),
    ("ConfigMap", "v1", {"immutable": True, "data": {"a": "1"}}, {"immutable": True, "data": {"a": "2"}}, "data"),
    ("ConfigMap", "v1", {"immutable": True}, {"immutable": False}, "immutable"),
    ("Secret", "v1", {"immutable": True, "data": {"a": "MQ=="}}, {"immutable": True, "data": {"a": "Mg=="}}, "data"),
    (
        "RoleBinding",
        "rbac.authorization.k8s.io/v1",
        {"roleRef": {"name": "view"}},
        {"roleRef": {"name": "edit"}},
        "roleRef",
    ),
    ("StorageClass", "storage.k8s.io/v1", {"provisioner": "a"}, {"provisioner": "b"}, "provisioner"),
    ("StorageClass", "storage.k8s.io/v1", {"parameters": {"a": "1"}}, {"parameters": {"a": "2"}}, "parameters"),
    (
        "PersistentVolumeClaim",
        "v1",
        {"spec": {"storageClassName": "a"}},
        {"spec": {"storageClassName": "b"}},
        "spec.storageClassName",
    ),
    ("PriorityClass", "scheduling.k8s.io/v1", {"value": 1}, {"value": 2}, "value"),
    ("CustomResourceDefinition", CRD, {"spec": {"scope": "Namespaced"}}, {"spec": {"scope": "Cluster"}}, "spec.scope"),
]


@pytest.mark.parametrize(("kind", "version", "before", "after", "path"), IMMUTABLE)
def test_a_field_that_never_changes_is_named_once_either_way(kind, version, before, after, path):
    sides = [made(kind, version, **side) for side in (before, after)]
    assert warned(sides[:1], sides[1:]) == (
        IrreversibleChange(IrreversibleReason.IMMUTABLE, kind, "shop", "web", path),
    )
    if path not in ("data", "immutable"):
        assert warned(sides[1:], sides[:1]) == (
            IrreversibleChange(IrreversibleReason.IMMUTABLE, kind, "shop", "web", path),
        )


@pytest.mark.parametrize(
    ("kind", "version", "before", "after"),
    [
        ("Deployment", "apps/v1", {"spec": {"replicas": 1}}, {"spec": {"replicas": 2}}),
        ("Deployment", "apps/v1", {"spec": {"selectorLike": 1}}, {"spec": {"selectorLike": 2}}),
        ("StatefulSet", "apps/v1", {"spec": {"template": {"a": 1}}}, {"spec": {"template": {"a": 2}}}),
        ("ConfigMap", "v1", {"data": {"a": "1"}}, {"data": {"a": "2"}}),
        ("ConfigMap", "v1", {"data": {"a": "1"}}, {"immutable": True, "data": {"a": "2"}}),
        ("Service", "v1", {"spec": {"ports": [{"port": 1}]}}, {"spec": {"ports": [{"port": 2}]}}),
        (
            "PersistentVolumeClaim",
            "v1",
            {"spec": {"resources": {"requests": {"storage": "900Mi"}}}},
            {"spec": {"resources": {"requests": {"storage": "1Gi"}}}},
        ),
    ],
)
def test_what_may_change_is_not_warned_of(kind, version, before, after):
    assert warned([made(kind, version, **before)], [made(kind, version, **after)]) == ()


def test_a_volume_is_never_shrunk():
    small, large = (
        made("PersistentVolumeClaim", "v1", spec={"resources": {"requests": {"storage": size}}})
        for size in ("900Mi", "1Gi")
    )
    path = "spec.resources.requests.storage"
    assert warned([large], [small]) == (
        IrreversibleChange(IrreversibleReason.SHRUNK, "PersistentVolumeClaim", "shop", "web", path),
    )


def test_a_version_of_a_definition_that_goes_may_still_be_stored():
    both, one = (
        made("CustomResourceDefinition", CRD, "a.b", spec={"versions": [{"name": name} for name in names]})
        for names in (("v1", "v2"), ("v1",))
    )
    assert warned([both], [one]) == (
        IrreversibleChange(IrreversibleReason.VERSION, "CustomResourceDefinition", "shop", "a.b", "spec.versions v2"),
    )
    assert warned([one], [both]) == ()


def test_what_loses_data_comes_first():
    before = [made("Deployment", "apps/v1", spec=selecting("a")), made("Namespace", "v1", "z"), HOLDERS[0][0]]
    after = [made("Deployment", "apps/v1", spec=selecting("b"))]
    assert [warning.reason for warning in warned(before, after)] == [
        IrreversibleReason.DEFINITION,
        IrreversibleReason.NAMESPACE,
        IrreversibleReason.IMMUTABLE,
    ]


@pytest.mark.parametrize("odd", [None, [], "x", {"resources": "x"}, {"versions": [1, {"name": None}]}])
def test_objects_of_an_odd_shape_are_no_trouble(odd):
    kinds = (("PersistentVolumeClaim", "v1"), ("CustomResourceDefinition", CRD), ("StatefulSet", "apps/v1"))
    before = [made(kind, version, spec=odd) for kind, version in kinds]
    after = [made(kind, version, spec={}) for kind, version in kinds]
    assert all(
        warning.reason is not IrreversibleReason.SHRUNK for warning in warned(before, after) + warned(before, [])
    )

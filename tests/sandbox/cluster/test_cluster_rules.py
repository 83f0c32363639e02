"""The rules behind the sandbox cluster, as tables: quantities, patches, field ownership, statuses."""

import pytest

from bot.core.health.assess import assess
from bot.core.health.pods import pod_problem
from bot.sandbox.cluster import SandboxCluster
from bot.sandbox.cluster.errors import ApiError
from bot.sandbox.cluster.failures import FAILURES
from bot.sandbox.cluster.kinds import builtin_kinds
from bot.sandbox.cluster.patch import json_patch, merge_patch, strategic_merge_patch
from bot.sandbox.cluster.protobuf import decode
from bot.sandbox.cluster.schema import builtin, canonical_quantity

DEPLOYMENT = "/apis/apps/v1/namespaces/shop/deployments/web"


@pytest.mark.parametrize(
    ("written", "held"),
    [
        ("0.5", "500m"),
        ("1000m", "1"),
        ("1024Mi", "1Gi"),
        ("1536Mi", "1536Mi"),
        ("1.5Gi", "1536Mi"),
        ("1G", "1G"),
        ("2000", "2k"),
        ("1e3", "1e3"),
        ("512", "512"),
        ("0Gi", "0"),
        ("1n", "1n"),
        ("0.1n", "1n"),
        ("-1500m", "-1500m"),
        ("no quantity", "no quantity"),
    ],
)
def test_quantities_take_their_canonical_form(written, held):
    assert canonical_quantity(written) == held


def test_every_kind_has_its_fields():
    assert all(kind.schema.fields["metadata"] is builtin()["ObjectMeta"] for kind in builtin_kinds())


@pytest.mark.parametrize(
    ("operations", "result"),
    [
        ([{"op": "add", "path": "/a/-", "value": 3}], {"a": [1, 2, 3]}),
        ([{"op": "add", "path": "/a/0", "value": 3}], {"a": [3, 1, 2]}),
        ([{"op": "replace", "path": "/a/1", "value": 3}], {"a": [1, 3]}),
        ([{"op": "remove", "path": "/a/0"}], {"a": [2]}),
        ([{"op": "copy", "from": "/a", "path": "/b~1c"}], {"a": [1, 2], "b/c": [1, 2]}),
        ([{"op": "move", "from": "/a/0", "path": "/b"}], {"a": [2], "b": 1}),
        ([{"op": "test", "path": "/a/0", "value": 1}], {"a": [1, 2]}),
        ([{"op": "replace", "path": "", "value": {}}], {}),
    ],
)
def test_json_patch(operations, result):
    document = {"a": [1, 2]}
    assert json_patch(document, operations) == result
    assert document == {"a": [1, 2]}


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "test", "path": "/a/0", "value": 9},
        {"op": "add", "path": "/a/7", "value": 9},
        {"op": "remove", "path": "/b"},
        {"op": "replace", "path": "b", "value": 1},
        {"op": "leap", "path": "/a"},
        {"path": "/a"},
        "no operation",
    ],
)
def test_a_json_patch_that_does_not_fit_is_refused(operation):
    with pytest.raises(ApiError) as refused:
        json_patch({"a": [1, 2]}, [operation])
    assert refused.value.code == 422


def test_merge_patch_removes_with_null_and_replaces_lists():
    assert merge_patch({"a": {"b": 1, "c": 2}, "d": [1]}, {"a": {"b": None}, "d": [2]}) == {"a": {"c": 2}, "d": [2]}


@pytest.mark.parametrize(
    ("patch", "containers"),
    [
        ({"containers": [{"name": "b", "image": "2"}]}, [{"name": "b", "image": "2"}, {"name": "a", "image": "1"}]),
        ({"containers": [{"name": "a", "image": "2"}]}, [{"name": "a", "image": "2"}]),
        ({"containers": [{"name": "a", "$patch": "delete"}]}, []),
        ({"containers": [{"$patch": "replace"}, {"name": "c"}]}, [{"name": "c"}]),
        (
            {"$setElementOrder/containers": [{"name": "a"}, {"name": "b"}], "containers": [{"name": "b"}]},
            [{"name": "a", "image": "1"}, {"name": "b"}],
        ),
    ],
)
def test_strategic_merge_patch_merges_lists_by_key(patch, containers):
    live = {"containers": [{"name": "a", "image": "1"}]}
    assert strategic_merge_patch(builtin()["PodSpec"], live, patch)["containers"] == containers


def test_strategic_merge_patch_directives():
    metadata = builtin()["ObjectMeta"]
    live = {"finalizers": ["a", "b"], "labels": {"x": "1"}}
    assert strategic_merge_patch(metadata, live, {"$deleteFromPrimitiveList/finalizers": ["a"]})["finalizers"] == ["b"]
    assert strategic_merge_patch(metadata, live, {"finalizers": ["c"]})["finalizers"] == ["a", "b", "c"]
    strategy = {"strategy": {"$retainKeys": ["type"], "type": "Recreate"}}
    before = {"strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}}}
    assert strategic_merge_patch(builtin()["DeploymentSpec"], before, strategy)["strategy"] == {"type": "Recreate"}


def test_protobuf_that_is_none_is_refused():
    for body in (b"", b"k8s\x00", b"k8s\x00\x0a\xff", b"{}", b"k8s\x00\x0b"):
        with pytest.raises(ApiError) as refused:
            decode(body)
        assert refused.value.code == 400


# ---------------------------------------------------------------- ownership


def config_map(**data):
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}, "data": data}


def owners(live):
    return {
        entry["manager"]: sorted(entry["fieldsV1"].get("f:data", {})) for entry in live["metadata"]["managedFields"]
    }


def test_what_an_applier_no_longer_sends_goes_unless_others_own_it_too(cluster):
    cluster.api.apply(config_map(a="1", b="1", c="1"), manager="one", namespace="shop")
    cluster.api.apply(config_map(b="1"), manager="two", namespace="shop")
    live = cluster.api.apply(config_map(c="2"), manager="one", namespace="shop")
    assert live["data"] == {"b": "1", "c": "2"}
    assert owners(live) == {"one": ["f:c"], "two": ["f:b"]}


def test_keys_are_escaped_as_by_go(cluster):
    container = {"name": "a", "image": "i", "volumeMounts": [{"name": "v", "mountPath": "/a&<b>\u2028"}]}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {"containers": [container]}}
    (entry,) = cluster.api.apply(pod, manager="one", namespace="shop")["metadata"]["managedFields"]
    mounts = entry["fieldsV1"]["f:spec"]["f:containers"]['k:{"name":"a"}']["f:volumeMounts"]
    assert list(mounts) == [r'k:{"mountPath":"/a\u0026\u003cb\u003e\u2028"}']


def test_past_ten_updaters_the_oldest_become_one(cluster):
    cluster.api.apply(config_map(a="1"), manager="deployer", namespace="shop")
    for number in range(12):
        live = cluster.api.call(
            "PATCH",
            "/api/v1/namespaces/shop/configmaps/c",
            {"data": {f"k{number}": "1"}},
            query={"fieldManager": f"m{number:02}"},
            content_type="application/merge-patch+json",
        )
    updates = [entry["manager"] for entry in live["metadata"]["managedFields"] if entry["operation"] == "Update"]
    assert len(updates) == 10
    assert "ancient-changes" in updates
    assert "m11" in updates


# ---------------------------------------------------------------- controllers


@pytest.fixture
def cluster(clock):
    return SandboxCluster(clock=clock, rollout=4.0, memory_use={"web": 180})


def patched(cluster, patch):
    return cluster.api.call("PATCH", DEPLOYMENT, patch, content_type="application/strategic-merge-patch+json")


def after(cluster, clock, seconds):
    clock.advance(seconds=seconds)
    cluster.controllers.reconcile()
    return cluster.api.call("GET", DEPLOYMENT)["status"]


def image(name):
    return {"spec": {"template": {"spec": {"containers": [{"name": "web", "image": name}]}}}}


def conditions(status):
    return {condition["type"]: (condition["status"], condition["reason"]) for condition in status["conditions"]}


def test_a_rollout_takes_its_time(cluster, clock, web):
    """New: replicas become ready one by one. Changed: old ones serve until new ones replace them."""
    assert "readyReplicas" not in after(cluster, clock, 0)
    assert conditions(after(cluster, clock, 0))["Available"] == ("False", "MinimumReplicasUnavailable")
    assert after(cluster, clock, 2)["readyReplicas"] == 1
    assert conditions(after(cluster, clock, 2))["Progressing"] == ("True", "NewReplicaSetAvailable")
    patched(cluster, image("example.com/web:2.0"))
    after(cluster, clock, 0)
    moving = after(cluster, clock, 1)
    assert (moving["observedGeneration"], moving["updatedReplicas"], moving["readyReplicas"]) == (2, 1, 2)
    assert conditions(moving)["Progressing"] == ("True", "ReplicaSetUpdated")
    assert after(cluster, clock, 4)["updatedReplicas"] == 2
    assert cluster.api.call("GET", DEPLOYMENT)["metadata"]["annotations"]["deployment.kubernetes.io/revision"] == "2"


def test_a_broken_image_never_gets_there(cluster, clock, web):
    after(cluster, clock, 10)
    after(cluster, clock, 10)
    patched(cluster, image("example.com/web:broken"))
    after(cluster, clock, 0)
    assert after(cluster, clock, 60)["updatedReplicas"] == 1
    failed = after(cluster, clock, 600)
    assert conditions(failed)["Progressing"] == ("False", "ProgressDeadlineExceeded")
    assert failed["readyReplicas"] == 2
    patched(cluster, image("example.com/web:1.0"))
    after(cluster, clock, 0)
    assert conditions(after(cluster, clock, 5))["Progressing"] == ("True", "NewReplicaSetAvailable")


@pytest.mark.parametrize(
    ("container", "problem"),
    [
        ({"image": "example.com/web:broken"}, "ImagePullBackOff"),
        ({"resources": {"limits": {"memory": "64Mi"}}}, "CrashLoopBackOff, OOMKilled"),
        ({"resources": {"limits": {"memory": "1Gi"}}}, None),
    ],
)
def test_a_pod_says_why_a_deployment_is_stuck_until_it_is_not(cluster, clock, web, container, problem):
    patched(cluster, {"spec": {"template": {"spec": {"containers": [{"name": "web", **container}]}}}})

    def problems():
        after(cluster, clock, 60)
        after(cluster, clock, 60)
        return [pod_problem(pod).reason for pod in cluster.api.call("GET", "/api/v1/namespaces/shop/pods")["items"]]

    assert problems() == ([problem] if problem else [])
    healthy = {"name": "web", "image": "example.com/web:1.0", "resources": {"limits": {"memory": "512Mi"}}}
    patched(cluster, {"spec": {"template": {"spec": {"containers": [healthy]}}}})
    assert problems() == []


@pytest.mark.parametrize("cause", FAILURES)
def test_a_deployment_fails_as_it_is_told_until_it_recovers(cluster, clock, web, cause):
    after(cluster, clock, 10)
    after(cluster, clock, 10)
    cluster.controllers.fail("web", cause)
    failed = after(cluster, clock, 1)
    pods = cluster.api.call("GET", "/api/v1/namespaces/shop/pods")["items"]
    causes = [assess({"apiVersion": "v1", "kind": "Pod", **pod}).cause for pod in pods]
    live = cluster.api.call("GET", DEPLOYMENT)
    assert failed.get("readyReplicas", 0) == 0
    assert causes == [cause] or (causes == [] and assess(live).cause is cause)
    cluster.controllers.recover("web")
    after(cluster, clock, 10)
    assert after(cluster, clock, 10)["readyReplicas"] == 2
    assert cluster.api.call("GET", "/api/v1/namespaces/shop/pods")["items"] == []


def test_statuses_rest_once_they_have_arrived(cluster, clock, web):
    after(cluster, clock, 10)
    after(cluster, clock, 10)
    version = cluster.api.store.version
    after(cluster, clock, 3600)
    assert cluster.api.store.version == version


@pytest.mark.parametrize(
    ("document", "field", "value"),
    [
        ({"apiVersion": "batch/v1", "kind": "Job", "spec": {}}, "succeeded", 1),
        ({"apiVersion": "apps/v1", "kind": "DaemonSet", "spec": {}}, "numberReady", 1),
        ({"apiVersion": "apps/v1", "kind": "StatefulSet", "spec": {"replicas": 3}}, "readyReplicas", 3),
        ({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "spec": {}}, "phase", "Bound"),
        ({"apiVersion": "v1", "kind": "Pod", "spec": {}}, "phase", "Running"),
    ],
    ids=lambda value: value["kind"] if isinstance(value, dict) else None,
)
def test_every_workload_arrives(cluster, clock, document, field, value):
    document = document | {"metadata": {"name": "x"}}
    cluster.api.apply(document, manager="test", namespace="shop")
    for _ in range(2):
        cluster.controllers.reconcile()
        clock.advance(seconds=5)
    cluster.controllers.reconcile()
    path = cluster.api.path_of(document, "shop")
    assert cluster.api.call("GET", path)["status"][field] == value

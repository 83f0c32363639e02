"""The API as programs see it: the official Python client, and plain requests where a client hides the bytes."""

import gzip
import json
import threading
from http.client import HTTPConnection, IncompleteRead
from typing import NamedTuple

import pytest
from kubernetes import client, config, watch

from bot.sandbox.cluster import Fault, write_kubeconfig
from bot.sandbox.cluster.errors import ApiError


@pytest.fixture
def as_bot(url, tmp_path):
    path = write_kubeconfig(tmp_path / "bot", url, identity="bot")
    with config.new_client_from_config(str(path)) as made:
        yield made


@pytest.fixture
def as_admin(url, tmp_path):
    path = write_kubeconfig(tmp_path / "admin", url, identity="admin")
    with config.new_client_from_config(str(path)) as made:
        yield made


class Answer(NamedTuple):
    status: int
    body: dict
    packed: bool


def get(url, path, **headers):
    """An answer's JSON, status and headers."""
    server = HTTPConnection(url.removeprefix("http://"), timeout=10)
    try:
        server.request("GET", path, headers={"Authorization": "Bearer bot", "User-Agent": "test", **headers})
        answer = server.getresponse()
        body = answer.read()
    finally:
        server.close()
    packed = answer.headers["Content-Encoding"] == "gzip"
    return Answer(answer.status, json.loads(gzip.decompress(body) if packed else body), packed)


def fill(cluster, count, namespace="shop"):
    for number in range(count):
        document = {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": f"c{number:04}"},
            "data": {"a": "b" * 50},
        }
        cluster.api.apply(document, manager="argocd-controller", namespace=namespace)


# ---------------------------------------------------------------- reading


def test_lists_come_in_pages_that_hold_one_state(cluster, as_bot):
    """What changes between two pages is not seen, as with the real server's snapshots."""
    fill(cluster, 25)
    core = client.CoreV1Api(as_bot)
    first = core.list_namespaced_config_map("shop", limit=10)
    cluster.api.call("DELETE", "/api/v1/namespaces/shop/configmaps/c0024")
    names, token = [item.metadata.name for item in first.items], first.metadata._continue
    while token:
        page = core.list_namespaced_config_map("shop", limit=10, _continue=token)
        names, token = names + [item.metadata.name for item in page.items], page.metadata._continue
    assert names == [f"c{number:04}" for number in range(25)]
    assert len(core.list_namespaced_config_map("shop").items) == 24


def test_an_expired_page_is_gone(cluster, as_bot):
    fill(cluster, 3)
    core = client.CoreV1Api(as_bot)
    token = core.list_config_map_for_all_namespaces(limit=1).metadata._continue
    cluster.api.expire_lists()
    with pytest.raises(client.ApiException) as refused:
        core.list_config_map_for_all_namespaces(limit=1, _continue=token)
    assert refused.value.status == 410
    assert json.loads(refused.value.body)["reason"] == "Expired"


@pytest.mark.parametrize(
    "query", ["?continue=nonsense", "?limit=many", "?labelSelector=a%20b%20c", "?watch=1&resourceVersion=x"]
)
def test_a_question_that_cannot_be_read_is_a_bad_request(url, query):
    answer = get(url, "/api/v1/configmaps" + query)
    assert (answer.status, answer.body["kind"]) == (400, "Status")


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        ("app=web", ["one"]),
        ("app!=web", ["three", "two"]),
        ("app in (web, api)", ["one", "two"]),
        ("app notin (web,api)", ["three"]),
        ("tier", ["two"]),
        ("!tier,app==web", ["one"]),
    ],
)
def test_labels_select(cluster, as_bot, selector, expected):
    for name, labels in (("one", {"app": "web"}), ("two", {"app": "api", "tier": "back"}), ("three", None)):
        document = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "labels": labels}}
        cluster.api.apply(document, manager="test", namespace="shop")
    found = client.CoreV1Api(as_bot).list_namespaced_config_map("shop", label_selector=selector)
    assert [item.metadata.name for item in found.items] == expected


def test_a_field_selector_finds_one_name(cluster, as_bot):
    fill(cluster, 3)
    found = client.CoreV1Api(as_bot).list_namespaced_config_map("shop", field_selector="metadata.name=c0001")
    assert [item.metadata.name for item in found.items] == ["c0001"]


def test_items_of_builtin_lists_name_no_kind_and_custom_ones_do(cluster, url, widgets):
    fill(cluster, 1)
    widget = {"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": "w"}, "spec": {}}
    cluster.api.apply(widget, manager="test", namespace="shop")
    assert "kind" not in get(url, "/api/v1/configmaps").body["items"][0]
    assert get(url, "/apis/example.com/v1/widgets").body["items"][0]["kind"] == "Widget"


def test_ten_thousand_objects_come_quickly_and_packed(cluster, url):
    fill(cluster, 10_000)
    answer = get(url, "/api/v1/configmaps", **{"Accept-Encoding": "gzip"})
    assert answer.packed
    assert len(answer.body["items"]) == 10_000


def test_a_watch_tells_every_change_since_the_list(cluster, as_bot):
    fill(cluster, 1)
    core = client.CoreV1Api(as_bot)
    version = core.list_namespaced_config_map("shop").metadata.resource_version
    path = "/api/v1/namespaces/shop/configmaps/c0000"

    def change():
        fill(cluster, 2)
        cluster.api.call("PATCH", path, {"data": {"a": "c"}}, content_type="application/merge-patch+json")
        cluster.api.call("DELETE", path)

    threading.Timer(0.2, change).start()
    seen = []
    watching = watch.Watch()
    for event in watching.stream(core.list_namespaced_config_map, "shop", resource_version=version, timeout_seconds=10):
        seen.append((event["type"], event["object"].metadata.name))
        if event["type"] == "DELETED":
            watching.stop()
    assert seen == [("ADDED", "c0001"), ("MODIFIED", "c0000"), ("DELETED", "c0000")]


# ---------------------------------------------------------------- discovery and OpenAPI


def test_discovery_says_the_same_in_both_forms(url, widgets):
    accept = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
    together = {
        (f"{group['metadata']['name']}/{version['version']}", resource["resource"])
        for group in get(url, "/apis", Accept=accept).body["items"]
        for version in group["versions"]
        for resource in version["resources"]
    }
    single = {
        (version["groupVersion"], resource["name"])
        for group in get(url, "/apis").body["groups"]
        for version in group["versions"]
        for resource in get(url, f"/apis/{version['groupVersion']}").body["resources"]
        if "/" not in resource["name"]
    }
    assert together == single
    assert ("example.com/v1", "widgets") in single


def test_a_broken_group_version_leaves_the_others_alone(cluster, url, widgets):
    cluster.api.break_version("example.com/v1")
    for path in ("/apis/example.com/v1", "/apis/example.com/v1/widgets"):
        assert get(url, path).status == 503
    accept = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
    groups = {group["metadata"]["name"]: group for group in get(url, "/apis", Accept=accept).body["items"]}
    assert groups["example.com"]["versions"] == [{"version": "v1", "resources": [], "freshness": "Stale"}]
    assert groups["apps"]["versions"][0]["freshness"] == "Current"
    cluster.api.restore_version("example.com/v1")
    assert get(url, "/apis/example.com/v1").body["resources"]


def test_openapi_tells_how_lists_merge(url):
    index = get(url, "/openapi/v3").body["paths"]
    document = get(url, index["apis/apps/v1"]["serverRelativeURL"]).body
    container = document["components"]["schemas"]["io.k8s.api.core.v1.Container"]["properties"]
    assert container["ports"]["x-kubernetes-list-map-keys"] == ["containerPort", "protocol"]
    assert container["ports"]["x-kubernetes-patch-merge-key"] == "containerPort"
    assert container["args"]["x-kubernetes-list-type"] == "atomic"
    deployment = document["components"]["schemas"]["io.k8s.api.apps.v1.Deployment"]
    assert deployment["x-kubernetes-group-version-kind"] == [{"group": "apps", "version": "v1", "kind": "Deployment"}]


def test_the_openapi_address_changes_with_its_content(cluster, url, widget_definition):
    cluster.api.apply(widget_definition, manager="test")
    before = get(url, "/openapi/v3").body["paths"]
    properties = widget_definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"][
        "properties"
    ]
    changed = json.loads(json.dumps(widget_definition))
    changed["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"] = {
        **properties,
        "colour": {"type": "string"},
    }
    cluster.api.apply(changed, manager="test")
    after = get(url, "/openapi/v3").body["paths"]
    assert before["apis/example.com/v1"] != after["apis/example.com/v1"]
    assert before["apis/apps/v1"] == after["apis/apps/v1"]


# ---------------------------------------------------------------- rights, records and trouble


def test_the_bot_may_read_and_nothing_else(cluster, as_bot, web):
    apps = client.AppsV1Api(as_bot)
    assert [item.metadata.name for item in apps.list_namespaced_deployment("shop").items] == ["web"]
    for write in (
        lambda: apps.delete_namespaced_deployment("web", "shop"),
        lambda: apps.patch_namespaced_deployment("web", "shop", {"spec": {"replicas": 0}}, dry_run="All"),
        lambda: client.CoreV1Api(as_bot).create_namespace({"metadata": {"name": "x"}}),
    ):
        with pytest.raises(client.ApiException) as refused:
            write()
        assert refused.value.status == 403
        assert 'User "bot" cannot' in json.loads(refused.value.body)["message"]
    assert {request.method for request in cluster.requests if request.identity == "bot"} == {
        "GET",
        "DELETE",
        "PATCH",
        "POST",
    }


def test_every_request_is_remembered_with_who_sent_it(cluster, url, as_bot, kubectl):
    kubectl("get", "pods")
    client.VersionApi(as_bot).get_code()
    assert get(url, "/api/v1/pods", Authorization="Bearer stolen").status == 401
    seen = {(request.identity, request.user_agent.partition("/")[0], request.path) for request in cluster.requests}
    assert ("admin", "kubectl", "/api/v1/namespaces/default/pods") in seen
    assert ("bot", "OpenAPI-Generator", "/version") in seen
    assert ("system:anonymous", "test", "/api/v1/pods") in seen


@pytest.mark.parametrize("status", [401, 403, 410, 429, 500, 503])
def test_a_fault_answers_for_the_server(cluster, url, status):
    cluster.faults.add(Fault("/api/v1/*configmaps", status=status, times=1))
    answer = get(url, "/api/v1/namespaces/default/configmaps")
    assert answer.status == answer.body["code"] == status
    assert get(url, "/api/v1/namespaces/default/configmaps").status == 200


def test_a_fault_may_spare_the_first_page_and_other_people(cluster, url):
    cluster.faults.add(Fault("/api/v1/configmaps", status=410, after=1, identity="bot"))
    paths = ["/api/v1/configmaps", "/api/v1/configmaps", "/as/admin/api/v1/configmaps"]
    assert [get(url, path).status for path in paths] == [200, 410, 200]
    cluster.faults.clear()
    assert get(url, "/api/v1/configmaps").status == 200


def test_a_body_can_be_cut_off(cluster, url):
    fill(cluster, 10)
    cluster.faults.add(Fault("/api/v1/configmaps", cut=True))
    with pytest.raises((IncompleteRead, ConnectionResetError)):
        get(url, "/api/v1/configmaps")


def test_a_slow_answer_outlasts_an_impatient_client(cluster, as_bot):
    cluster.faults.add(Fault("/version", delay=5))
    with pytest.raises(Exception, match="timed out"):
        client.VersionApi(as_bot).get_code(_request_timeout=0.2)


# ---------------------------------------------------------------- writing


def test_a_stale_update_is_refused(cluster, as_admin):
    fill(cluster, 1)
    core = client.CoreV1Api(as_admin)
    old = core.read_namespaced_config_map("c0000", "shop")
    core.patch_namespaced_config_map("c0000", "shop", {"data": {"a": "c"}})
    old.data = {"a": "mine"}
    with pytest.raises(client.ApiException) as refused:
        core.replace_namespaced_config_map("c0000", "shop", old)
    assert refused.value.status == 409
    assert "the object has been modified" in refused.value.body


def test_what_changes_nothing_is_no_new_version(cluster, as_admin, web):
    apps = client.AppsV1Api(as_admin)
    before = apps.read_namespaced_deployment("web", "shop").metadata
    after = apps.patch_namespaced_deployment("web", "shop", {"metadata": {"labels": {"app": "web"}}}).metadata
    assert (after.resource_version, after.managed_fields) == (before.resource_version, before.managed_fields)


def test_generation_counts_specs_alone(cluster, as_admin, web):
    apps = client.AppsV1Api(as_admin)
    apps.patch_namespaced_deployment("web", "shop", {"metadata": {"labels": {"x": "y"}}})
    assert apps.read_namespaced_deployment("web", "shop").metadata.generation == 1
    apps.patch_namespaced_deployment_status("web", "shop", {"status": {"replicas": 5}, "spec": {"replicas": 9}})
    live = apps.read_namespaced_deployment("web", "shop")
    assert (live.metadata.generation, live.spec.replicas) == (1, 2)
    apps.patch_namespaced_deployment_scale("web", "shop", {"spec": {"replicas": 3}})
    assert apps.read_namespaced_deployment("web", "shop").metadata.generation == 2


def test_finalizers_hold_an_object_until_they_are_gone(cluster, as_admin):
    fill(cluster, 1)
    core = client.CoreV1Api(as_admin)
    core.patch_namespaced_config_map("c0000", "shop", {"metadata": {"finalizers": ["example.com/hold"]}})
    core.delete_namespaced_config_map("c0000", "shop")
    assert core.read_namespaced_config_map("c0000", "shop").metadata.deletion_timestamp
    core.patch_namespaced_config_map("c0000", "shop", {"metadata": {"finalizers": None}})
    assert core.list_namespaced_config_map("shop").items == []


def test_a_namespace_takes_its_objects_with_it(cluster, as_admin):
    fill(cluster, 2)
    core = client.CoreV1Api(as_admin)
    core.delete_namespace("shop")
    assert core.list_config_map_for_all_namespaces().items == []


@pytest.mark.parametrize(
    ("method", "path", "document", "kind", "code"),
    [
        ("POST", "/api/v1/namespaces/nowhere/configmaps", {"metadata": {"name": "a"}}, "application/json", 404),
        ("POST", "/api/v1/namespaces/default/configmaps", {"metadata": {}}, "application/json", 422),
        ("POST", "/api/v1/namespaces/default/configmaps", ["no object"], "application/json", 400),
        ("POST", "/api/v1/namespaces/default/rockets", {"metadata": {"name": "a"}}, "application/json", 404),
        ("POST", "/api/v1/namespaces", {"metadata": {"name": "default"}}, "application/json", 409),
        ("PUT", "/api/v1/namespaces/default", {"metadata": {"name": "other"}}, "application/json", 400),
        ("PATCH", "/api/v1/namespaces/default", {}, "application/json", 415),
        ("PATCH", "/api/v1/namespaces/default", [], "application/merge-patch+json", 400),
        ("PATCH", "/api/v1/namespaces/default", {}, "application/json-patch+json", 400),
        ("PATCH", "/api/v1/namespaces/default", [{"op": "remove", "path": "/x"}], "application/json-patch+json", 422),
        ("PATCH", "/api/v1/namespaces/default", {"metadata": {}}, "application/apply-patch+yaml", 400),
        ("DELETE", "/api/v1/namespaces/default/configmaps/none", None, "application/json", 404),
        ("DELETE", "/api/v1/namespaces/default/configmaps", None, "application/json", 405),
        ("GET", "/apis/nobody.example.com/v1", None, "application/json", 404),
    ],
)
def test_bad_input_is_refused_as_the_real_server_does(cluster, method, path, document, kind, code):
    with pytest.raises(ApiError) as refused:
        cluster.api.call(method, path, document, content_type=kind)
    assert refused.value.code == code
    assert refused.value.status()["message"]

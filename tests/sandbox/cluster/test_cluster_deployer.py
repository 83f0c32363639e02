"""The stand-in deployer: real git in, server-side apply out."""

import json

import pytest

from bot.sandbox.cluster import Deployer
from bot.sandbox.cluster.errors import ApiError
from tests.common.wait import wait_for

SETTINGS = """
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {mode: "%s"}
"""


def push(source, **files):
    """Commit these files (None deletes one), shop__settings as apps/shop/settings.yaml; the commit's sha."""
    paths = {f"apps/{name.replace('__', '/')}.yaml": content for name, content in files.items()}
    return source.commit("change", paths)


@pytest.fixture
def deployer(source, cluster):
    applications = [("apps/shop", "shop"), ("apps/cart", "cart")]
    deployer = Deployer(source.url, "main", cluster.api, applications, interval=0.05, delay=0.05)
    yield deployer
    deployer.stop()


def settings(cluster, namespace="shop"):
    try:
        return cluster.api.call("GET", f"/api/v1/namespaces/{namespace}/configmaps/settings")
    except ApiError:
        return None


def test_what_reaches_the_branch_reaches_the_cluster(source, cluster, deployer):
    """Under the deployer's own field manager, in a namespace made for it, and again with each new revision."""
    push(source, shop__settings=SETTINGS % "a", cart__settings=SETTINGS % "c")
    with deployer:
        wait_for(lambda: settings(cluster))
        entries = settings(cluster)["metadata"]["managedFields"]
        assert [(entry["manager"], entry["operation"]) for entry in entries] == [("argocd-controller", "Apply")]
        revision = push(source, shop__settings=SETTINGS % "b")
        wait_for(lambda: settings(cluster)["data"] == {"mode": "b"})
        wait_for(lambda: deployer.revision == revision)
    assert deployer.errors == {}


def test_what_git_no_longer_has_is_deleted_and_nothing_else(source, cluster, deployer):
    push(source, shop__settings=SETTINGS % "a", shop__other=SETTINGS.replace("settings", "other") % "x")
    deployer.sync()
    cluster.api.apply(
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "hand"}}, manager="kubectl", namespace="shop"
    )
    push(source, shop__settings=None)
    deployer.sync()
    names = [
        item["metadata"]["name"] for item in cluster.api.call("GET", "/api/v1/namespaces/shop/configmaps")["items"]
    ]
    assert names == ["hand", "other"]


def test_manual_drift_stays_until_the_application_changes(source, cluster, deployer):
    push(source, shop__settings=SETTINGS % "a", cart__settings=SETTINGS % "c")
    deployer.sync()
    path = "/api/v1/namespaces/shop/configmaps/settings"
    cluster.api.call("PATCH", path, {"data": {"mode": "hand"}}, content_type="application/merge-patch+json")
    push(source, cart__settings=SETTINGS % "d")
    deployer.sync()
    assert settings(cluster)["data"] == {"mode": "hand"}
    push(source, shop__settings=SETTINGS % "b")
    deployer.sync()
    assert settings(cluster)["data"] == {"mode": "b"}


def test_a_broken_manifest_stops_its_own_application_alone(source, cluster, deployer):
    push(source, shop__settings="kind: [", cart__settings=SETTINGS % "c")
    deployer.sync()
    assert settings(cluster, "cart")["data"] == {"mode": "c"}
    assert list(deployer.errors) == ["apps/shop"]
    assert "apps/shop/settings.yaml:" in deployer.errors["apps/shop"]


def test_definitions_come_before_their_objects(source, cluster, deployer, widget_definition):
    widget = json.dumps({"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": "w"}, "spec": {}})
    push(source, shop__a=widget, shop__z=json.dumps(widget_definition), cart__settings=SETTINGS % "c")
    deployer.sync()
    assert deployer.errors == {}
    assert cluster.api.call("GET", "/apis/example.com/v1/namespaces/shop/widgets/w")["spec"]["mode"] == "auto"


def test_an_empty_repository_is_waited_for(source, cluster, deployer):
    deployer.sync()
    assert list(deployer.errors) == [""]
    with deployer:
        push(source, shop__settings=SETTINGS % "a", cart__settings=SETTINGS % "c")
        wait_for(lambda: settings(cluster))

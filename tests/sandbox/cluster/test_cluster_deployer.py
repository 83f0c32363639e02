"""The stand-in deployer: real git in, server-side apply out."""

import json
import subprocess

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


class Repository:
    def __init__(self, folder):
        self.bare, self.work = folder / "platform.git", folder / "work"
        self.git("init", "--quiet", "--bare", "--initial-branch=main", str(self.bare), at=folder)
        self.git("clone", "--quiet", str(self.bare), str(self.work), at=folder)

    def git(self, *arguments, at=None):
        identity = ["-c", "user.name=Ana", "-c", "user.email=ana@example.com", "-c", "commit.gpgsign=false"]
        command = ["git", "-C", str(at or self.work), *identity, *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True, timeout=30).stdout.strip()

    def push(self, **files):
        """Commit these files (None deletes one) and push; the commit's sha."""
        for name, content in files.items():
            path = self.work / "apps" / f"{name.replace('__', '/')}.yaml"
            path.parent.mkdir(parents=True, exist_ok=True)
            if content is None:
                path.unlink()
            else:
                path.write_text(content)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", "change")
        self.git("push", "--quiet", "origin", "HEAD:main")
        return self.git("rev-parse", "HEAD")


@pytest.fixture
def repository(tmp_path):
    return Repository(tmp_path)


@pytest.fixture
def deployer(repository, cluster):
    applications = [("apps/shop", "shop"), ("apps/cart", "cart")]
    made = Deployer(str(repository.bare), "main", cluster.api, applications, interval=0.05, delay=0.05)
    yield made
    made.stop()


def settings(cluster, namespace="shop"):
    try:
        return cluster.api.call("GET", f"/api/v1/namespaces/{namespace}/configmaps/settings")
    except ApiError:
        return None


def test_what_reaches_the_branch_reaches_the_cluster(repository, cluster, deployer):
    """Under the deployer's own field manager, in a namespace made for it, and again with each new revision."""
    repository.push(shop__settings=SETTINGS % "a", cart__settings=SETTINGS % "c")
    with deployer:
        wait_for(lambda: settings(cluster))
        entries = settings(cluster)["metadata"]["managedFields"]
        assert [(entry["manager"], entry["operation"]) for entry in entries] == [("argocd-controller", "Apply")]
        revision = repository.push(shop__settings=SETTINGS % "b")
        wait_for(lambda: settings(cluster)["data"] == {"mode": "b"})
        wait_for(lambda: deployer.revision == revision)
    assert deployer.errors == {}


def test_what_git_no_longer_has_is_deleted_and_nothing_else(repository, cluster, deployer):
    repository.push(shop__settings=SETTINGS % "a", shop__other=SETTINGS.replace("settings", "other") % "x")
    deployer.sync()
    cluster.api.apply(
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "hand"}}, manager="kubectl", namespace="shop"
    )
    repository.push(shop__settings=None)
    deployer.sync()
    names = [
        item["metadata"]["name"] for item in cluster.api.call("GET", "/api/v1/namespaces/shop/configmaps")["items"]
    ]
    assert names == ["hand", "other"]


def test_manual_drift_stays_until_the_application_changes(repository, cluster, deployer):
    repository.push(shop__settings=SETTINGS % "a", cart__settings=SETTINGS % "c")
    deployer.sync()
    path = "/api/v1/namespaces/shop/configmaps/settings"
    cluster.api.call("PATCH", path, {"data": {"mode": "hand"}}, content_type="application/merge-patch+json")
    repository.push(cart__settings=SETTINGS % "d")
    deployer.sync()
    assert settings(cluster)["data"] == {"mode": "hand"}
    repository.push(shop__settings=SETTINGS % "b")
    deployer.sync()
    assert settings(cluster)["data"] == {"mode": "b"}


def test_a_broken_manifest_stops_its_own_application_alone(repository, cluster, deployer):
    repository.push(shop__settings="kind: [", cart__settings=SETTINGS % "c")
    deployer.sync()
    assert settings(cluster, "cart")["data"] == {"mode": "c"}
    assert list(deployer.errors) == ["apps/shop"]
    assert "apps/shop/settings.yaml:" in deployer.errors["apps/shop"]


def test_definitions_come_before_their_objects(repository, cluster, deployer, widget_definition):
    widget = json.dumps({"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": "w"}, "spec": {}})
    repository.push(shop__a=widget, shop__z=json.dumps(widget_definition), cart__settings=SETTINGS % "c")
    deployer.sync()
    assert deployer.errors == {}
    assert cluster.api.call("GET", "/apis/example.com/v1/namespaces/shop/widgets/w")["spec"]["mode"] == "auto"


def test_an_empty_repository_is_waited_for(repository, cluster, deployer):
    deployer.sync()
    assert list(deployer.errors) == [""]
    with deployer:
        repository.push(shop__settings=SETTINGS % "a", cart__settings=SETTINGS % "c")
        wait_for(lambda: settings(cluster))

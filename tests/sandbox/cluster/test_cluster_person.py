"""The page's buttons: drift as kubectl would make it, and back."""

import pytest

from bot.sandbox.cluster import Person

SETTINGS = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "metadata": {"name": "settings"},
    "data": {"mode": "a", "size": "3"},
}
DEPLOYMENT = "/apis/apps/v1/namespaces/shop/deployments/web"


@pytest.fixture
def person(cluster, web):
    cluster.api.apply(SETTINGS, manager="argocd-controller", namespace="shop")
    return Person(cluster.api, "shop")


def state(cluster):
    """What was declared: specs and data of everything in the namespace."""
    with cluster.api.store.lock:
        return {
            key: (entry.object.get("spec"), entry.object.get("data"))
            for _, key, entry in cluster.api.store.everything()
            if key[0] == "shop"
        }


@pytest.mark.parametrize(
    ("key", "command", "manager"),
    [
        ("scale", "kubectl -n shop scale deploy/web --replicas=7", ("kubectl", "scale")),
        ("image", "kubectl -n shop set image deploy/web web=example.com/web:latest", ("kubectl-set", None)),
        ("env", "kubectl -n shop set env deploy/web DEBUG=1", ("kubectl-set", None)),
        ("privileged", "kubectl -n shop edit deploy/web", ("kubectl-edit", None)),
        ("edit", "kubectl -n shop edit configmap/settings", ("kubectl-edit", None)),
        ("delete", "kubectl -n shop delete configmap/settings", None),
    ],
)
def test_each_button_drifts_and_can_be_taken_back(cluster, person, key, command, manager):
    before = state(cluster)
    assert person.do(key).command == command
    assert state(cluster) != before
    entries = [
        (entry["manager"], entry.get("subresource"))
        for _, found, item in cluster.api.store.everything()
        if found[0] == "shop"
        for entry in item.object["metadata"]["managedFields"]
    ]
    assert manager is None or manager in entries
    assert person.choices()[-1].key == "undo"
    person.do("undo")
    assert state(cluster) == before
    assert [choice.key for choice in person.choices()] == ["scale", "image", "env", "privileged", "edit", "delete"]


def test_several_are_taken_back_latest_first(cluster, person):
    before = state(cluster)
    for key in ("scale", "edit", "delete"):
        person.do(key)
    for _ in range(3):
        person.do("undo")
    assert state(cluster) == before


def test_what_cannot_be_done_is_not_offered(cluster, person):
    person.do("delete")
    assert [choice.key for choice in person.choices()] == ["scale", "image", "env", "privileged", "undo"]
    with pytest.raises(LookupError, match="namespace shop"):
        person.do("edit")
    assert Person(cluster.api, "empty").choices() == []


@pytest.mark.parametrize("key", ["scale", "image", "env"])
def test_the_command_shown_does_what_the_button_does(cluster, person, kubectl, key):
    """The real kubectl, given the text beside the button, leaves the same object and the same owners."""
    declared = cluster.api.call("GET", DEPLOYMENT)
    command = next(choice.command for choice in person.choices() if choice.key == key)
    kubectl(*command.split()[1:])
    by_kubectl = spec_and_owners(cluster)
    cluster.api.call("DELETE", DEPLOYMENT)
    fresh = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": declared["spec"]}
    cluster.api.apply(fresh, manager="argocd-controller", namespace="shop")
    person.do(key)
    assert spec_and_owners(cluster) == by_kubectl


def spec_and_owners(cluster):
    """The spec, and what everybody but the deployer and the controllers owns."""
    live = cluster.api.call("GET", DEPLOYMENT)
    owners = {
        entry["manager"]: entry["fieldsV1"]
        for entry in live["metadata"]["managedFields"]
        if entry["manager"].startswith("kubectl")
    }
    return live["spec"], owners

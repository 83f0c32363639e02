"""People's own tool, the real kubectl, against the sandbox cluster."""

import json

import pytest

MANIFEST = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: api}
spec:
  selector: {matchLabels: {app: api}}
  template:
    metadata: {labels: {app: api}}
    spec: {containers: [{name: api, image: "example.com/api:1.0"}]}
"""


def managers(kubectl, what):
    live = json.loads(kubectl("-n", "shop", "get", what, "-o", "json", "--show-managed-fields"))
    return {
        (entry["manager"], entry["operation"], entry.get("subresource")) for entry in live["metadata"]["managedFields"]
    }


def live(kubectl, what):
    return json.loads(kubectl("-n", "shop", "get", what, "-o", "json"))


@pytest.mark.parametrize(
    ("command", "manager"),
    [
        (["scale", "deploy/web", "--replicas=7"], ("kubectl", "Update", "scale")),
        (["set", "image", "deploy/web", "web=example.com/web:2.0"], ("kubectl-set", "Update", None)),
        (["set", "env", "deploy/web", "DEBUG=1"], ("kubectl-set", "Update", None)),
        (["set", "resources", "deploy/web", "--limits=cpu=2"], ("kubectl-set", "Update", None)),
        (["label", "deploy/web", "owner=eve"], ("kubectl-label", "Update", None)),
        (["annotate", "deploy/web", "example.com/hold=yes"], ("kubectl-annotate", "Update", None)),
        (["patch", "deploy/web", "-p", '{"spec":{"paused":true}}'], ("kubectl-patch", "Update", None)),
        (["rollout", "restart", "deploy/web"], ("kubectl-rollout", "Update", None)),
        (["rollout", "pause", "deploy/web"], ("kubectl-rollout", "Update", None)),
    ],
    ids=lambda value: " ".join(value[:2]) if isinstance(value, list) else None,
)
def test_each_command_is_recorded_under_its_own_manager(web, kubectl, command, manager):
    before = live(kubectl, "deploy/web")
    kubectl("-n", "shop", *command)
    assert manager in managers(kubectl, "deploy/web")
    now = live(kubectl, "deploy/web")
    assert int(now["metadata"]["resourceVersion"]) > int(before["metadata"]["resourceVersion"])


def test_edit_changes_what_the_editor_changed(web, kubectl):
    kubectl("-n", "shop", "edit", "deploy/web", editor="sed -i s/web:1.0/web:9.9/")
    assert live(kubectl, "deploy/web")["spec"]["template"]["spec"]["containers"][0]["image"] == "example.com/web:9.9"
    assert ("kubectl-edit", "Update", None) in managers(kubectl, "deploy/web")


def test_a_config_map_is_created_edited_and_deleted(cluster, kubectl):
    cluster.api.create_namespace("shop")
    kubectl("-n", "shop", "create", "configmap", "settings", "--from-literal=mode=a")
    assert ("kubectl-create", "Update", None) in managers(kubectl, "cm/settings")
    kubectl("-n", "shop", "edit", "cm", "settings", editor="sed -i s/mode:.a/mode:\\ b/")
    assert live(kubectl, "cm/settings")["data"] == {"mode": "b"}
    kubectl("-n", "shop", "delete", "cm", "settings")
    assert "not found" in kubectl.run("-n", "shop", "get", "cm", "settings").stderr


def test_the_simple_kinds_can_be_created_without_a_file(kubectl):
    """kubectl create sends protobuf, whatever the server says it likes."""
    kubectl("create", "namespace", "shop")
    kubectl("-n", "shop", "create", "secret", "generic", "db", "--from-literal=password=correct horse")
    kubectl("-n", "shop", "create", "serviceaccount", "robot")
    assert live(kubectl, "secret/db")["data"] == {"password": "Y29ycmVjdCBob3JzZQ=="}
    refused = kubectl.run("-n", "shop", "create", "deployment", "web", "--image=example.com/web:1.0")
    assert refused.returncode == 1
    assert "kubectl apply -f" in refused.stderr


def test_apply_creates_changes_prunes_fields_and_rests(cluster, kubectl):
    cluster.api.create_namespace("shop")
    assert "created" in kubectl("-n", "shop", "apply", "-f", "-", stdin=MANIFEST)
    assert "unchanged" in kubectl("-n", "shop", "apply", "-f", "-", stdin=MANIFEST)
    with_args = MANIFEST.replace("name: api, image", "args: [-v], name: api, image")
    assert "configured" in kubectl("-n", "shop", "apply", "-f", "-", stdin=with_args)
    kubectl("-n", "shop", "apply", "-f", "-", stdin=MANIFEST)
    assert "args" not in live(kubectl, "deploy/api")["spec"]["template"]["spec"]["containers"][0]


def test_server_side_apply_refuses_what_others_own_unless_forced(web, kubectl):
    kubectl("-n", "shop", "set", "image", "deploy/web", "web=example.com/web:2.0")
    manifest = (
        MANIFEST.replace("api", "web")
        .replace("apiVersion: webs", "apiVersion: apps")
        .replace("webVersion", "apiVersion")
    )
    refused = kubectl.run("-n", "shop", "apply", "--server-side", "-f", "-", stdin=manifest)
    assert refused.returncode == 1
    assert 'conflict with "kubectl-set"' in refused.stderr
    assert '.spec.template.spec.containers[name="web"].image' in refused.stderr
    kubectl("-n", "shop", "apply", "--server-side", "--force-conflicts", "-f", "-", stdin=manifest)
    assert ("kubectl-set", "Update", None) not in managers(kubectl, "deploy/web")


def test_dry_runs_change_nothing(web, kubectl):
    kubectl("-n", "shop", "scale", "deploy/web", "--replicas=9", "--dry-run=server")
    kubectl("-n", "shop", "delete", "deploy/web", "--dry-run=server")
    assert live(kubectl, "deploy/web")["spec"]["replicas"] == 2


def test_get_prints_the_columns_people_know(web, kubectl):
    assert kubectl("-n", "shop", "get", "deploy").split()[:5] == ["NAME", "READY", "UP-TO-DATE", "AVAILABLE", "AGE"]
    assert "deployment.apps/web" in kubectl("-n", "shop", "get", "all")
    assert "web" in kubectl("get", "deploy", "-A", "-l", "app=web", "--chunk-size=1")
    assert "web" not in kubectl("get", "deploy", "-A", "-l", "app!=web")


def test_a_rollout_is_waited_for(web, kubectl):
    kubectl("-n", "shop", "rollout", "status", "deploy/web", "--timeout=20s")
    kubectl("-n", "shop", "set", "image", "deploy/web", "web=example.com/web:2.0")
    assert "successfully rolled out" in kubectl("-n", "shop", "rollout", "status", "deploy/web", "--timeout=20s")
    assert live(kubectl, "deploy/web")["metadata"]["annotations"]["deployment.kubernetes.io/revision"] == "2"


def test_a_custom_resource_is_a_kind_like_any_other(cluster, kubectl, widgets):
    cluster.api.create_namespace("shop")
    manifest = (
        '{"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": "w"}, "spec": {"tags": ["red"]}}'
    )
    kubectl("-n", "shop", "apply", "-f", "-", stdin=manifest)
    assert live(kubectl, "widget/w")["spec"] == {"mode": "auto", "size": 3, "tags": ["red"]}
    kubectl("delete", "crd", "widgets.example.com")
    assert kubectl.run("-n", "shop", "get", "widgets").returncode == 1


def test_what_is_not_there_is_said_in_kubernetes_own_words(cluster, kubectl):
    refused = kubectl.run("-n", "nowhere", "apply", "-f", "-", stdin=MANIFEST)
    assert 'namespaces "nowhere" not found' in refused.stderr
    assert 'deployments.apps "web" not found' in kubectl.run("get", "deploy", "web").stderr


def test_a_stranger_is_told_to_log_in(url, kubectl_at, tmp_path):
    refused = kubectl_at(url, tmp_path, identity="nobody").run("get", "pods")
    assert refused.returncode == 1
    assert "must be logged in" in refused.stderr

"""What is applied to a real cluster and pasted into a real Slack."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml

from bot.config.load import load
from bot.core.commands.command import Command, parse
from bot.core.rendering.limits import MAX_BYTES, MAX_FILES
from bot.handlers.slack_probes import OPTIONAL_SCOPES, SCOPES

ROOT = Path(__file__).parents[1]
MANIFESTS = ROOT / "manifests"
READS = {"get", "list", "watch"}


def build(folder):
    """What `kubectl apply -k` would send."""
    done = subprocess.run(["kubectl", "kustomize", folder], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return list(yaml.safe_load_all(done.stdout))


def one(objects, kind):
    found = [object_ for object_ in objects if object_["kind"] == kind]
    assert len(found) == 1
    return found[0]


def resources(objects):
    return {
        resource
        for object_ in objects
        if object_["kind"] == "ClusterRole"
        for rule in object_["rules"]
        for resource in rule["resources"]
    }


def pod_of(objects):
    return one(objects, "Deployment")["spec"]["template"]["spec"]


@pytest.fixture(scope="module")
def base():
    return build(MANIFESTS / "base")


@pytest.fixture(scope="module")
def example():
    return build(MANIFESTS / "overlays" / "example")


def test_the_bot_may_read_and_nothing_else(base, example):
    for objects in (base, example):
        roles = [object_ for object_ in objects if object_["kind"] in {"ClusterRole", "Role"}]
        rules = [rule for role in roles for rule in role["rules"]]
        assert {verb for rule in rules for verb in rule["verbs"]} == READS
        assert not any("*" in rule.get(key, ()) for rule in rules for key in ("apiGroups", "resources"))
        bound = {object_["roleRef"]["name"] for object_ in objects if object_["kind"] == "ClusterRoleBinding"}
        assert bound == {role["metadata"]["name"] for role in roles}
        subjects = [object_["subjects"] for object_ in objects if object_["kind"] == "ClusterRoleBinding"]
        assert all(
            listed == [{"kind": "ServiceAccount", "name": "gitops-bot", "namespace": "gitops-bot"}]
            for listed in subjects
        )


def test_no_manifest_grants_anything_but_reading():
    """Not even Leases in the bot's own namespace: replicas coordinate in their database."""
    objects = [
        object_
        for file in MANIFESTS.rglob("*.yaml")
        for object_ in yaml.safe_load_all(file.read_text())
        if isinstance(object_, dict)
    ]
    kinds = {object_.get("kind") for object_ in objects}
    assert "ClusterRole" in kinds
    assert not kinds & {"Role", "RoleBinding"}
    rules = [rule for object_ in objects if object_.get("kind") == "ClusterRole" for rule in object_["rules"]]
    assert {verb for rule in rules for verb in rule["verbs"]} == READS


def test_every_rule_says_why():
    text = (MANIFESTS / "base" / "cluster-role.yaml").read_text()
    rules = text.partition("rules:\n")[2].partition("---")[0]

    explained = re.split(r"(?m)^  # ", rules)[1:]

    assert len(explained) > 5
    assert all("apiGroups" in field for field in explained)


def test_secrets_are_read_only_when_granted(base, example):
    assert "secrets" not in resources(base)
    assert "secrets" in resources(example)


def test_the_pod_is_restricted(base):
    pod = pod_of(base)
    (container,) = pod["containers"]

    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert f"USER {pod['securityContext']['runAsUser']}:" in (ROOT / "Dockerfile").read_text()
    assert one(base, "Namespace")["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"


def test_the_image_is_built_from_images_with_digests():
    images = re.findall(r"^FROM (\S+)(?: AS (\w+))?$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    stages = {stage for _, stage in images}
    unpinned = [image for image, _ in images if image not in stages and not re.search("@sha256:[0-9a-f]{64}$", image)]
    assert len(images) == 5
    assert unpinned == []


def test_one_writer_at_a_time(base):
    spec = one(base, "Deployment")["spec"]

    assert (spec["replicas"], spec["strategy"]) == (1, {"type": "Recreate"})


def test_what_is_mounted_is_there_and_writable_where_the_bot_writes(base, tmp_path):
    pod = pod_of(base)
    volumes = {volume["name"]: volume for volume in pod["volumes"]}
    mounts = {mount["mountPath"]: mount for mount in pod["containers"][0]["volumeMounts"]}
    config_map = one(base, "ConfigMap")
    (tmp_path / "config.yaml").write_text(config_map["data"]["config.yaml"])
    config = load(tmp_path / "config.yaml", {})

    assert volumes["config"]["configMap"]["name"] == config_map["metadata"]["name"]
    claim = one(base, "PersistentVolumeClaim")["metadata"]["name"]
    assert volumes["state"]["persistentVolumeClaim"]["claimName"] == claim
    assert {path for path, mount in mounts.items() if not mount.get("readOnly")} == {"/var/lib/gitops-bot", "/tmp"}  # noqa: S108
    assert config.store == "sqlite:////var/lib/gitops-bot/state.db"
    assert config.mirrors.is_relative_to("/var/lib/gitops-bot")
    assert config.slack.mode == "socket"
    probes = [pod["containers"][0][f"{name}Probe"]["httpGet"] for name in ("startup", "liveness", "readiness")]
    ports = {port["name"]: port["containerPort"] for port in pod["containers"][0]["ports"]}
    assert [probe["path"] for probe in probes] == ["/healthz", "/healthz", "/readyz"]
    assert {probe["port"] for probe in probes} == {"health"}
    assert (config.slack.listen[1], config.slack.health_listen[1]) == (ports["http"], ports["health"])


def test_the_copies_of_two_renderers_fit_on_disk(base):
    """Otherwise, the kubelet evicts the pod."""
    volumes = pod_of(base)["volumes"]
    (gibibytes,) = [volume["emptyDir"]["sizeLimit"].removesuffix("Gi") for volume in volumes if volume["name"] == "tmp"]
    blocks_of_files_and_directories = MAX_FILES * 4096  # which MAX_FILES bounds together
    assert int(gibibytes) * 2**30 > 2 * (MAX_BYTES + blocks_of_files_and_directories)


def test_the_network_policy_lets_nobody_in(base):
    policy = one(base, "NetworkPolicy")["spec"]

    assert policy["policyTypes"] == ["Egress", "Ingress"]
    assert policy.get("ingress") == []
    assert {port["port"] for rule in policy["egress"] for port in rule["ports"]} == {53, 443, 6443}


def test_the_example_has_its_own_configuration_and_image(example, tmp_path):
    (tmp_path / "config.yaml").write_text(one(example, "ConfigMap")["data"]["config.yaml"])
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]

    assert set(load(tmp_path / "config.yaml", {}).applications) == {"payments", "shop"}
    image = one(example, "Deployment")["spec"]["template"]["spec"]["containers"][0]["image"]
    assert image == f"registry.example.com/platform/gitops-bot:{version}"


def build_with(folder, *components):
    """The base with these components."""
    overlay = folder / "overlay"
    overlay.mkdir()
    up = Path("../" * len(overlay.resolve().parts[1:])) / MANIFESTS.relative_to("/")
    (overlay / "kustomization.yaml").write_text(
        yaml.safe_dump({"resources": [f"{up}/base"], "components": [f"{up}/components/{name}" for name in components]})
    )
    return build(overlay)


def test_http_mode_opens_one_port(tmp_path):
    objects = build_with(tmp_path, "http-mode")

    assert one(objects, "NetworkPolicy")["spec"]["ingress"] == [{"ports": [{"port": 3000, "protocol": "TCP"}]}]
    assert one(objects, "Service")["spec"]["ports"][0]["targetPort"] == "http"


def test_replicas_share_a_database_and_no_volume(tmp_path):
    objects = build_with(tmp_path, "replicas")
    spec = one(objects, "Deployment")["spec"]
    assert spec["replicas"] > 1
    assert {"name": "state", "emptyDir": {"sizeLimit": "2Gi"}} in spec["template"]["spec"]["volumes"]
    assert "PersistentVolumeClaim" not in {object_["kind"] for object_ in objects}
    assert {"ports": [{"port": 5432, "protocol": "TCP"}]} in one(objects, "NetworkPolicy")["spec"]["egress"]
    assert one(objects, "PodDisruptionBudget")["spec"]["selector"] == spec["selector"]


def test_prometheus_may_scrape_beside_http_mode(base, tmp_path):
    objects = build_with(tmp_path, "http-mode", "prometheus")
    ports = {port["name"]: port["containerPort"] for port in pod_of(base)["containers"][0]["ports"]}
    http, metrics = one(objects, "NetworkPolicy")["spec"]["ingress"]

    assert http == {"ports": [{"port": 3000, "protocol": "TCP"}]}
    assert metrics["from"] == [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}]
    (endpoint,) = one(objects, "PodMonitor")["spec"]["podMetricsEndpoints"]
    assert metrics["ports"] == [{"port": ports[endpoint["port"]], "protocol": "TCP"}]
    selector = one(objects, "PodMonitor")["spec"]["selector"]["matchLabels"].items()
    assert selector <= one(base, "Deployment")["spec"]["template"]["metadata"]["labels"].items()
    (dashboard,) = [object_ for object_ in objects if object_["metadata"]["name"] == "gitops-bot-dashboard"]
    assert dashboard["metadata"]["labels"]["grafana_dashboard"] == "1"


def test_the_slack_app_asks_for_what_it_needs_and_nothing_more():
    text = (MANIFESTS / "slack-app.yaml").read_text()
    app = yaml.safe_load(text)
    (command,) = app["features"]["slash_commands"]

    assert app["oauth_config"] == {"scopes": {"bot": ["commands", "chat:write", "files:write", "app_mentions:read"]}}
    assert all(re.search(rf"- {scope} # \S+", text) for scope in SCOPES)
    assert re.search(r"- app_mentions:read # optional", text)
    described = (MANIFESTS.parent / "docs" / "slack-app.md").read_text()
    assert all(re.search(rf"`{scope}`.*\*\*optional\*\*", described) for scope in OPTIONAL_SCOPES)
    assert app["settings"]["event_subscriptions"] == {"bot_events": ["app_home_opened", "app_mention"]}
    assert app["settings"]["socket_mode_enabled"] is True
    assert app["settings"]["interactivity"] == {"is_enabled": True}
    assert app["features"]["bot_user"]["display_name"] == "gitops"
    # https://docs.slack.dev/reference/app-manifest
    assert len(app["display_information"]["name"]) <= 35
    assert len(app["display_information"]["description"]) <= 140
    assert command["command"] == "/gitops"
    assert not {"request_url", "url"} & {*app["settings"]["interactivity"], *command}


def test_the_example_needs_no_scope_that_the_slack_app_lacks():
    """A user group needs usergroups:read: without it, nobody in the group could revert."""
    slack = yaml.safe_load((MANIFESTS / "overlays/example/config.yaml").read_text())["slack"]
    scopes = yaml.safe_load((MANIFESTS / "slack-app.yaml").read_text())["oauth_config"]["scopes"]["bot"]
    groups = [entry for entry in slack.get("revert_allowed", ()) if entry.startswith("S")]
    assert not groups or "usergroups:read" in scopes


def test_every_command_in_the_usage_hint_is_known():
    (command,) = yaml.safe_load((MANIFESTS / "slack-app.yaml").read_text())["features"]["slash_commands"]
    examples = [
        hint.replace("[APP]", "").replace("APP", "shop").replace("REV", "4f2a9c1e").strip()
        for hint in command["usage_hint"].split(" | ")
    ]

    parsed = [parse(example, ["shop"]) for example in examples]

    assert len(parsed) == 10
    assert [document for document in parsed if not isinstance(document, Command)] == []

"""What real kubectl commands leave behind here, against what a real API server recorded for the same commands."""

import re
import shlex
from pathlib import Path

import pytest
import yaml

from bot.core.objects.manifest import read_manifests
from bot.sandbox.cluster import SandboxCluster
from bot.sandbox.cluster.errors import ApiError
from bot.sandbox.server import Server

CORPUS = Path(__file__).parents[2] / "data" / "drift"
# The sandbox has no controller or admission plugin for these, or the record leaves out a step.
OTHERWISE = {
    "clusterrole-aggregated": "no aggregation of ClusterRoles",
    "drift-applied-by-hand": "the second apply is not in the record",
    "pod-service-account-volume": "no service account admission",
    "replicas-owned-by-hpa": "no autoscaler",
    "replicas-owned-by-hpa-ssa": "no autoscaler",
}
CASES = sorted(path.stem for path in CORPUS.glob("*.yaml") if path.stem not in OTHERWISE)
# What no two servers agree on.
CHANCE = ("uid", "resourceVersion", "creationTimestamp", "clusterIP", "clusterIPs", "nodePort", "time")
CONTROLLER = "kube-controller-manager"
REVISION = "deployment.kubernetes.io/revision"
RESTARTED = "kubectl.kubernetes.io/restartedAt"


@pytest.fixture(scope="module")
def server():
    sandbox = SandboxCluster(rollout=3600)
    with Server(sandbox.app) as running:
        yield sandbox, running.url


@pytest.fixture(scope="module")
def kubectl(server, kubectl_at, widget_definition, tmp_path_factory):
    server[0].api.apply(widget_definition, manager="kubectl")
    return kubectl_at(server[1], tmp_path_factory.mktemp("kubectl"))


def comparable(live):
    """An object without chance, status and the controllers' part."""
    if live is None:
        return None
    live = without_chance({key: value for key, value in live.items() if key != "status"})
    metadata = live["metadata"]
    metadata["annotations"] = {k: v for k, v in metadata.get("annotations", {}).items() if k != REVISION}
    managers = [entry for entry in metadata.pop("managedFields") if entry["manager"] != CONTROLLER]
    metadata["managedFields"] = sorted(managers, key=lambda entry: (entry["manager"], entry["operation"]))
    template = live.get("spec", {}).get("template", {}).get("metadata", {})
    if RESTARTED in template.get("annotations", {}):
        template["annotations"][RESTARTED] = "some time"
    return live


def without_chance(value):
    match value:
        case dict():
            return {key: without_chance(item) for key, item in value.items() if key not in CHANCE}
        case list():
            return [without_chance(item) for item in value]
    return value


def words(command):
    """A recorded command as arguments; the value of -p is recorded without quotes."""
    patch = re.fullmatch(r"(.*) -p (.*?)((?: --\S+ \S+)*)", command, re.DOTALL)
    return [*shlex.split(patch[1]), "-p", patch[2], *shlex.split(patch[3])] if patch else shlex.split(command)


@pytest.mark.parametrize("name", CASES)
def test_kubectl_leaves_behind_what_the_real_server_recorded(name, server, kubectl):
    """Values, defaults, generation and every manager's field set are the recorded ones."""
    case = yaml.load((CORPUS / f"{name}.yaml").read_text(), yaml.CSafeLoader)
    api = server[0].api
    namespace = case["namespace"] or "default"
    api.create_namespace(namespace)
    how, _, manager = case["applied"].partition(":")
    arguments = {
        "client": ["apply"],
        "ssa": ["apply", "--server-side", "--field-manager", manager],
        "create": ["create", "--field-manager", manager],
    }[how]
    kubectl("-n", namespace, *arguments, "-f", "-", stdin=case["desired"])
    for command in case["then"] or ():
        kubectl("-n", namespace, *words(command))
    declared = read_manifests(name, case["desired"].encode())[0]
    try:
        live = api.call("GET", api.path_of(declared.object, namespace))
    except ApiError:
        live = None
    assert comparable(live) == comparable(case["live"])


def test_the_whole_corpus_is_replayed():
    """The table of exceptions names cases that exist, so that none goes missing unseen."""
    assert set(OTHERWISE) < {path.stem for path in CORPUS.glob("*.yaml")}
    assert len(CASES) == 83

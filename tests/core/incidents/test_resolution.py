"""Why drift is gone."""

from dataclasses import replace

import pytest

from bot.core.drift.model import FieldDrift, ObjectDrift
from bot.core.incidents.incident import Resolution
from bot.core.incidents.resolution import resolution
from bot.core.objects.credentials import HIDDEN
from bot.core.objects.manifest import read_manifests

WEB = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: REPLICAS
  template:
    spec:
      containers:
      - {name: web, image: nginx, ports: [{containerPort: 80}]}
"""
ADDED = WEB + "      - {name: extra, image: busybox}\n"
EXTRA = {"name": "extra", "image": "busybox", "imagePullPolicy": "Always"}
CONTAINER = FieldDrift("added", "spec.template.spec.containers[name=extra]", None, EXTRA)
SCALED = FieldDrift("changed", "spec.replicas", 2, 7)
IMAGE_GONE = FieldDrift("removed", "spec.template.spec.containers[name=web].image", "nginx", None)
PORT = FieldDrift(
    "changed", "spec.template.spec.containers[name=web].ports[containerPort=80,protocol=TCP].name", "http", "web"
)


def deployment(*fields, change="modified", namespace="shop"):
    return ObjectDrift("apps/v1", "Deployment", namespace, "web", change, fields)


def git(text, replicas=2):
    return read_manifests("web.yaml", text.replace("REPLICAS", str(replicas)).encode())


LABELED = FieldDrift("added", "metadata.labels.mode", None, "b")
TOKEN = ObjectDrift(
    "v1", "Secret", "shop", "token", "modified", (FieldDrift("changed", "data.token", HIDDEN, HIDDEN, reason="edited"),)
)
HOOK = "metadata: {name: web, annotations: {helm.sh/hook: test}}"


def secret(value):
    return git("{apiVersion: v1, kind: Secret, metadata: {name: token}, stringData: {token: " + value + "}}")


def aside(path, change="changed", reason="a rule"):
    return [deployment(FieldDrift(change, path, reason=reason))]


@pytest.mark.parametrize(
    ("drift", "before", "after", "cause"),
    [
        ([deployment(SCALED)], git(WEB), git(WEB), "cluster"),
        ([deployment(SCALED)], git(WEB), git(ADDED), "cluster"),
        ([deployment(SCALED)], git(WEB), git(WEB, 7), "adopted"),
        ([deployment(SCALED)], git(WEB), git(WEB, 5), "git"),
        ([deployment(SCALED)], git(WEB), [], "undeclared"),
        ([deployment(SCALED)], git(WEB), git(WEB.replace("metadata: {name: web}", HOOK)), "undeclared"),
        ([deployment(SCALED)], git(WEB, 7), git(WEB, 7), "adopted"),  # the application has another source
        ([deployment(SCALED)], git(WEB, 3), git(WEB, 3), "unknown"),
        ([deployment(SCALED)], [], git(WEB), "cluster"),
        ([deployment(SCALED)], [], git(WEB, 3), "unknown"),
        ([TOKEN], [], secret("one"), "unknown"),
        ([deployment(CONTAINER)], git(WEB), git(ADDED), "adopted"),
        ([deployment(CONTAINER)], git(WEB), git(WEB, 3), "cluster"),
        ([deployment(SCALED, CONTAINER)], git(WEB), git(ADDED, 7), "adopted"),
        ([deployment(SCALED, CONTAINER)], git(WEB), git(ADDED, 2), "git"),
        ([deployment(SCALED), TOKEN], git(WEB), git(WEB), "unknown"),
        ([deployment(IMAGE_GONE)], git(WEB), git(WEB.replace(", image: nginx", "")), "adopted"),
        ([deployment(IMAGE_GONE)], git(WEB), [], "undeclared"),
        ([deployment(PORT)], git(WEB), git(WEB.replace("80}", "80, name: web}")), "adopted"),
        ([deployment(change="missing")], git(WEB), [], "adopted"),
        ([deployment(change="missing")], [], [], "undeclared"),
        ([deployment(change="missing")], git(WEB), git(WEB, 3), "cluster"),
        ([deployment(SCALED, namespace="other")], git(WEB), git(WEB, 7), "undeclared"),
        ([TOKEN], secret("one"), secret("one"), "cluster"),
        ([TOKEN], secret("one"), secret("two"), "git"),
        ([], git(WEB), git(WEB), "unknown"),
    ],
)
def test_the_cause_of_a_resolution(drift, before, after, cause):
    assert resolution(drift, (), before, after, "shop") == Resolution(cause)


SET_ASIDE = Resolution("set_aside", "a rule")


@pytest.mark.parametrize(
    ("drift", "set_aside", "result"),
    [
        ([deployment(SCALED)], aside("spec.replicas"), SET_ASIDE),
        ([deployment(SCALED)], aside("spec.replicas", "added"), SET_ASIDE),
        ([deployment(SCALED)], aside("spec", "added"), SET_ASIDE),
        ([deployment(SCALED)], aside("spec.replicasMore"), Resolution("cluster")),
        ([deployment(SCALED, LABELED)], aside("spec.replicas"), SET_ASIDE),
        (
            [deployment(SCALED, LABELED)],
            [deployment(*aside("spec.replicas")[0].fields, replace(LABELED, reason="another rule"))],
            Resolution("set_aside"),
        ),
        ([deployment(CONTAINER)], aside(f"{CONTAINER.path}.image", "added"), SET_ASIDE),
        ([deployment(IMAGE_GONE)], aside(f"{IMAGE_GONE.path}.part", "added"), Resolution("cluster")),
        ([deployment(SCALED)], [replace(deployment(change="missing"), reason="a rule")], SET_ASIDE),
        ([deployment(change="missing")], [replace(deployment(change="missing"), reason="a rule")], SET_ASIDE),
        ([deployment(change="missing")], aside("spec.replicas"), Resolution("cluster")),
        ([deployment(SCALED)], [replace(aside("spec.replicas")[0], name="other")], Resolution("cluster")),
    ],
)
def test_what_still_differs_was_not_restored(drift, set_aside, result):
    assert resolution(drift, set_aside, git(WEB), git(WEB), "shop") == result

"""Why drift is gone after git changed."""

import pytest

from bot.core.drift.model import FieldDrift, ObjectDrift
from bot.core.incidents.resolution import resolution_cause
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


@pytest.mark.parametrize(
    ("drift", "before", "after", "cause"),
    [
        ([deployment(SCALED)], git(WEB), git(ADDED), "cluster"),
        ([deployment(SCALED)], git(WEB), git(WEB, 7), "adopted"),
        ([deployment(SCALED)], git(WEB), git(WEB, 5), "git"),
        ([deployment(SCALED)], git(WEB), [], "git"),
        ([deployment(CONTAINER)], git(WEB), git(ADDED), "adopted"),
        ([deployment(CONTAINER)], git(WEB), git(WEB, 3), "cluster"),
        ([deployment(SCALED, CONTAINER)], git(WEB), git(ADDED, 7), "adopted"),
        ([deployment(SCALED, CONTAINER)], git(WEB), git(ADDED, 2), "git"),
        ([deployment(IMAGE_GONE)], git(WEB), git(WEB.replace(", image: nginx", "")), "adopted"),
        ([deployment(IMAGE_GONE)], git(WEB), [], "git"),
        ([deployment(PORT)], git(WEB), git(WEB.replace("80}", "80, name: web}")), "adopted"),
        ([deployment(change="missing")], git(WEB), [], "adopted"),
        ([deployment(change="missing")], git(WEB), git(WEB, 3), "cluster"),
        ([deployment(SCALED, namespace="other")], git(WEB), git(WEB, 7), "cluster"),
    ],
)
def test_the_cause_of_a_resolution(drift, before, after, cause):
    assert resolution_cause(drift, before, after, "shop") == cause

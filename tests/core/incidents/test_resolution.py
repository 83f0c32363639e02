"""Why drift is gone."""

import time
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
# The key has a default that git omits.
UNREADABLE = FieldDrift("removed", "spec.rules[name=a,mode=default]", {"name": "a"}, None)


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
        ([deployment(UNREADABLE)], git(WEB), git(WEB), "unknown"),
        ([], git(WEB), git(WEB), "unknown"),
    ],
)
def test_the_cause_of_a_resolution(drift, before, after, cause):
    assert resolution(drift, (), (), before, after, "shop") == Resolution(cause)


@pytest.mark.parametrize(
    ("earlier", "drift", "after", "cause"),
    [
        ([TOKEN], [deployment(SCALED)], [*git(WEB), *secret("two")], "unknown"),  # git may have adopted the token
        ([deployment(LABELED)], [deployment(SCALED)], git(WEB), "cluster"),
        ([deployment(replace(SCALED, live=9))], [deployment(SCALED)], git(WEB, 7), "adopted"),
    ],
)
def test_git_may_have_changed_after_an_earlier_difference(earlier, drift, after, cause):
    assert resolution(drift, earlier, (), after, after, "shop") == Resolution(cause)


def test_many_differences_take_linear_time():
    """Checks of all applications wait for the recorder."""
    keys = [f"k{number}" for number in range(5_000)]
    drift, aside = (
        ObjectDrift(
            "v1", "ConfigMap", "shop", "big", "modified", tuple(FieldDrift(change, f"data.{key}") for key in keys)
        )
        for change in ("changed", "added")
    )
    (big,) = git("{apiVersion: v1, kind: ConfigMap, metadata: {name: big}}")
    manifests = [big, *(replace(big, name=f"n{number}") for number in range(5_000))]
    start = time.process_time()
    assert resolution([drift], (), [replace(aside, name="n1")], manifests, manifests, "shop").cause == "cluster"
    assert resolution([drift], (), [aside], manifests, manifests, "shop").cause == "set_aside"
    deep = replace(drift, fields=(FieldDrift("changed", "spec" + "." * 300_000),))
    assert resolution([deep], (), [replace(aside, fields=(SCALED,))], manifests, manifests, "shop").cause == "unknown"
    assert time.process_time() - start < 3


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
    assert resolution(drift, (), set_aside, git(WEB), git(WEB), "shop") == result

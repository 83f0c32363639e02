"""Which changes of an object need a comparison."""

import copy

import pytest

from bot.core.drift.digest import comparison_digest

ENTRY = {"manager": "argocd", "operation": "Apply", "time": "2026-11-20T20:29:42Z", "fieldsV1": {"f:spec": {}}}
STATUS_ENTRY = {"manager": "kubelet", "operation": "Update", "subresource": "status", "time": "2026-11-20T20:29:43Z"}
LIVE = {
    "apiVersion": "v1",
    "kind": "Thing",
    "metadata": {"name": "web", "resourceVersion": "7", "managedFields": [ENTRY, STATUS_ENTRY]},
    "spec": {"replicas": 2},
    "status": {"ready": 2},
}


def changed(path, value):
    live = copy.deepcopy(LIVE)
    *parents, last = path
    target = live
    for key in parents:
        target = target[key]
    target[last] = value
    return live


@pytest.mark.parametrize(
    ("path", "value", "matters"),
    [
        (["metadata", "resourceVersion"], "8", False),
        (["status"], {"ready": 1}, False),
        (["metadata", "managedFields", 1], {**STATUS_ENTRY, "time": "2026-11-20T20:30:00Z"}, False),
        (["metadata", "managedFields", 0], {**ENTRY, "time": "2026-11-20T20:30:00Z"}, True),
        (["metadata", "managedFields"], "none", True),
        (["metadata", "labels"], {"by": "hand"}, True),
        (["spec", "replicas"], 3, True),
        (["spec", "replicas"], "2", True),
        (["data"], {}, True),
    ],
)
def test_only_what_is_compared_counts(path, value, matters):
    assert (comparison_digest(changed(path, value)) != comparison_digest(LIVE)) is matters


def test_what_is_nested_too_deeply_changes_with_its_version():
    deep = []
    for _ in range(400):
        deep = [deep]
    first, same, second = (changed(["spec"], deep), changed(["spec"], deep), changed(["spec"], deep))
    second["metadata"]["resourceVersion"] = "8"
    assert comparison_digest(first) == comparison_digest(same) != comparison_digest(second)

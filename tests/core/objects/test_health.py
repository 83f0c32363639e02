"""Whether workloads run, from statuses as Kubernetes writes them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.objects.health import WORKLOADS, Unready, pod_problem, selects, unready


def live(kind, status=None, generation=2, **spec):
    version = next(version for version, name in WORKLOADS if name == kind)
    return {
        "apiVersion": version,
        "kind": kind,
        "metadata": {"name": "web", "generation": generation},
        "spec": spec,
        **({"status": status} if status is not None else {}),
    }


def deployment(updated=3, available=3, replicas=3, observed=2, conditions=(), wanted=3, **spec):
    status = {
        "observedGeneration": observed,
        "replicas": replicas,
        "updatedReplicas": updated,
        "availableReplicas": available,
        "conditions": list(conditions),
    }
    return live("Deployment", status, replicas=wanted, **spec)


def condition(kind, status="True", reason=""):
    return {"type": kind, "status": status, "reason": reason}


EXCEEDED = condition("Progressing", "False", "ProgressDeadlineExceeded")


@pytest.mark.parametrize(
    ("given_", "expected"),
    [
        (deployment(), None),
        (deployment(wanted=0, updated=0, available=0, replicas=0), None),
        (deployment(observed=1), (0, 3, "", False)),
        (deployment(updated=1, available=3), (1, 3, "", False)),
        (deployment(replicas=4), (3, 3, "", False)),
        (deployment(available=2), (2, 3, "", False)),
        (deployment(available=2, conditions=[EXCEEDED]), (2, 3, "ProgressDeadlineExceeded", True)),
        (deployment(observed=1, conditions=[EXCEEDED]), (0, 3, "", False)),
        (deployment(updated=0, paused=True), (0, 3, "paused", False)),
        (live("Deployment"), (0, 1, "", False)),
        (live("StatefulSet", {"observedGeneration": 2, "readyReplicas": 2, "updatedReplicas": 2}, replicas=2), None),
        (
            live(
                "StatefulSet",
                {
                    "observedGeneration": 2,
                    "readyReplicas": 2,
                    "updatedReplicas": 1,
                    "currentRevision": "a",
                    "updateRevision": "b",
                },
                replicas=2,
            ),
            (1, 2, "", False),
        ),
        (
            live(
                "StatefulSet",
                {
                    "observedGeneration": 2,
                    "readyReplicas": 2,
                    "updatedReplicas": 1,
                    "currentRevision": "a",
                    "updateRevision": "b",
                },
                replicas=2,
                updateStrategy={"rollingUpdate": {"partition": 1}},
            ),
            None,
        ),
        (live("StatefulSet", {}, replicas=2, updateStrategy={"type": "OnDelete"}), None),
        (
            live(
                "DaemonSet",
                {
                    "observedGeneration": 2,
                    "desiredNumberScheduled": 3,
                    "updatedNumberScheduled": 3,
                    "numberAvailable": 1,
                },
            ),
            (1, 3, "", False),
        ),
        (live("DaemonSet", {"observedGeneration": 2, "desiredNumberScheduled": 0}), None),
        (live("Job", {"active": 1}), None),
        (live("Job", {"conditions": [condition("Complete")]}), None),
        (
            live("Job", {"conditions": [condition("Failed", reason="BackoffLimitExceeded")]}),
            (0, 1, "BackoffLimitExceeded", True),
        ),
        (live("Pod", {"phase": "Running"}), None),
        (live("Pod", {"phase": "Pending"}), (0, 1, "", False)),
        (live("Pod", {"phase": "Failed", "reason": "Evicted"}), (0, 1, "Evicted", True)),
        ({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "web"}}, None),
    ],
)
def test_what_a_workload_lacks(given_, expected):
    found = unready(given_)
    assert (found and (found.ready, found.wanted, found.reason, found.failed)) == expected
    assert found is None or isinstance(found, Unready)


def pod(*, state=None, last=None, **status):
    container = {"name": "web", "state": state or {}, "lastState": last or {}}
    return {"metadata": {"labels": {"app": "web", "hash": "1"}}, "status": {"containerStatuses": [container], **status}}


@pytest.mark.parametrize(
    ("given_", "trouble"),
    [
        (pod(state={"running": {}}), ""),
        (pod(state={"waiting": {"reason": "ContainerCreating"}}), ""),
        (pod(state={"waiting": {"reason": "ImagePullBackOff", "message": "secret"}}), "ImagePullBackOff"),
        (
            pod(state={"waiting": {"reason": "CrashLoopBackOff"}}, last={"terminated": {"reason": "OOMKilled"}}),
            "CrashLoopBackOff, OOMKilled",
        ),
        (
            pod(state={"waiting": {"reason": "CrashLoopBackOff"}}, last={"terminated": {"reason": "Error"}}),
            "CrashLoopBackOff",
        ),
        (pod(state={"terminated": {"reason": "Completed"}}), ""),
        (pod(state={"terminated": {"reason": "Error"}}), "Error"),
        (pod(conditions=[condition("PodScheduled", "False", "Unschedulable")]), "Unschedulable"),
        (pod(phase="Failed", reason="Evicted"), "Evicted"),
    ],
)
def test_why_a_pod_does_not_run(given_, trouble):
    assert pod_problem(given_) == trouble


@pytest.mark.parametrize(
    ("labels", "expected"), [({"app": "web"}, True), ({"app": "web", "hash": "2"}, False), ({}, False), (None, False)]
)
def test_whose_a_pod_is(labels, expected):
    assert selects({"spec": {"selector": {"matchLabels": labels}}}, pod()) is expected


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda below: (
        st.lists(below, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["spec", "status", "conditions", "type", "reason", "state", "waiting", "containerStatuses"]
            ),
            below,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(st.sampled_from(sorted(WORKLOADS)), st.dictionaries(st.sampled_from(["spec", "status", "metadata"]), ANYTHING))
def test_no_shape_raises(kind, value):
    unready({"apiVersion": kind[0], "kind": kind[1], **value})
    pod_problem(value)
    selects(value, value)

"""The health of each kind, from objects as their controllers write them."""

from collections import Counter
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from bot.core.health.assess import GROUPS, KINDS, assess, may_be_unhealthy
from bot.core.health.pods import pod_problem, selects
from bot.core.health.status import HealthStatus

TABLE = yaml.safe_load((Path(__file__).parents[2] / "data" / "health.yaml").read_text(encoding="utf-8"))
CASES = [(*title.split(), case) for title, cases in TABLE.items() for case in cases]


def live(api_version, kind, case):
    metadata = {"name": "web", "generation": 2, "annotations": case.get("annotations", {})}
    if case.get("deleted"):
        metadata["deletionTimestamp"] = "2026-03-01T00:00:00Z"
    parts = {key: case[key] for key in ("spec", "status") if key in case}
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, **parts}


@pytest.mark.parametrize(("api_version", "kind", "case"), CASES)
def test_its_health(api_version, kind, case):
    health = assess(live(api_version, kind, case))
    assert {
        "is": health.status,
        "reason": health.reason,
        "ready": health.ready,
        "of": health.wanted,
        "failed": health.failed,
        "cause": health.cause,
        "settled": health.is_settled,
    } == {
        "is": case["is"],
        "reason": case.get("reason", ""),
        "ready": case.get("ready", 0),
        "of": case.get("of", 0),
        "failed": case.get("failed", False),
        "cause": case.get("cause"),
        "settled": case.get("settled", case["is"] == "Healthy"),
    }


def test_each_rule_has_four_cases():
    counts = Counter()
    for api_version, kind, _ in CASES:
        group = api_version.rpartition("/")[0]
        counts[group, kind] += 1
        for suffix in GROUPS:
            counts[suffix] += f".{group}".endswith(f".{suffix}")
    assert [rule for rule in (*KINDS, *GROUPS) if counts[rule] < 4] == []


def test_an_object_that_does_not_exist_is_missing():
    assert assess(None).status is HealthStatus.MISSING


@pytest.mark.parametrize(
    ("group", "kind", "expected"),
    [
        ("", "Secret", False),
        ("apps", "Deployment", True),
        ("rbac.authorization.k8s.io", "Role", False),
        ("a.b", "C", True),
    ],
)
def test_kinds_that_are_always_healthy_are_not_listed(group, kind, expected):
    assert may_be_unhealthy(group, kind) is expected


@pytest.mark.parametrize(
    ("match_labels", "expected"), [({"app": "web"}, True), ({"app": "web", "hash": "2"}, False), ({}, False)]
)
def test_whose_a_pod_is(match_labels, expected):
    assert selects(match_labels, {"app": "web", "hash": "1"}) is expected


KEYS = ["spec", "status", "conditions", "type", "reason", "state", "waiting", "containerStatuses", "listeners", "phase"]
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda below: st.lists(below, max_size=3) | st.dictionaries(st.sampled_from(KEYS), below, max_size=4),
    max_leaves=12,
)


@given(
    st.sampled_from(sorted({tuple(title.split()) for title in TABLE})),
    st.dictionaries(st.sampled_from(["spec", "status", "metadata"]), ANYTHING),
)
def test_no_shape_raises(kind, value):
    assess({"apiVersion": kind[0], "kind": kind[1], **value})
    pod_problem(value)

"""The jq expressions of Argo CD's rules: what they select, and what is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.drift.jq import JqError, parse_jq

DEPLOYMENT = {
    "metadata": {"annotations": {"example.com/hash": "1", "plain": "2"}},
    "spec": {
        "replicas": 3,
        "paused": None,
        "containers": [
            {"name": "web", "image": "web:1", "env": [{"name": "A"}, {"name": "B", "value": "1"}]},
            {"name": "istio-proxy", "image": "proxy:2"},
        ],
    },
}
WEB, PROXY = ("spec", "containers", 0), ("spec", "containers", 1)


@pytest.mark.parametrize(
    ("expression", "places"),
    [
        (".spec.replicas", [("spec", "replicas")]),
        (".spec.nothing.there", [("spec", "nothing", "there")]),
        (".spec.replicas.deeper", []),
        ('.metadata.annotations["example.com/hash"]', [("metadata", "annotations", "example.com/hash")]),
        ('.metadata.annotations."example.com/hash"', [("metadata", "annotations", "example.com/hash")]),
        ('."metadata".annotations.plain', [("metadata", "annotations", "plain")]),
        (".spec.containers[].image", [(*WEB, "image"), (*PROXY, "image")]),
        (".spec.containers.[].image", [(*WEB, "image"), (*PROXY, "image")]),
        (".spec.containers[]?.env[]?.value", [(*WEB, "env", 0, "value"), (*WEB, "env", 1, "value")]),
        (".spec.containers[-1], .spec.containers[0].name", [PROXY, (*WEB, "name")]),
        (".spec.containers[7]", []),
        (".spec.paused[]?.x", []),
        ('.spec.containers[] | select(.name == "web").image', [(*WEB, "image")]),
        ('.spec.containers[] | select(.name == "web") | .env[] | select(.name == "B")', [(*WEB, "env", 1)]),
        ('.spec.containers[] | select(.name | startswith("istio-"))', [PROXY]),
        ('.spec.containers[] | select(.name | endswith("eb"))', [WEB]),
        ('.spec.containers[] | select(.image | contains("proxy"))', [PROXY]),
        ('.spec.containers[] | select(.name != "web" and .image == "proxy:2")', [PROXY]),
        ('.spec.containers[] | select(.name == "x" or (.env | not))', [PROXY]),
        ('.spec.containers[] | select(has("env"))', [WEB]),
        (".spec.containers[] | select(.env != null)", [WEB]),
        ('.spec.containers[] | select(.env | any(.value == "1"))', [WEB]),
        ('.spec | select(.containers | all(has("image"))) | .replicas', [("spec", "replicas")]),
        (".spec | select(.replicas >= 3 and .replicas < 4).replicas", [("spec", "replicas")]),
        ('.spec | select(.replicas < "x").replicas', []),
        ("(.spec, .metadata).name", [("spec", "name"), ("metadata", "name")]),
        (".", [()]),
    ],
)
def test_it_selects(expression, places):
    assert list(parse_jq(expression).places(DEPLOYMENT)) == places


@pytest.mark.parametrize(
    ("expression", "problem"),
    [
        ("", "at character 1"),
        (".spec | keys", "at character 9"),
        ("del(.spec)", "at character 1"),
        (".spec[", "at character 7"),
        (".spec[1:2]", "at character 8"),
        (".spec-replicas", "at character 6"),
        ('.["spec', "at character 3"),
        (r'.["\x"]', "at character 3"),
        ("select()", "at character 8"),
        (".spec)", "at character 6"),
        (".. | .name", "at character 4"),
        (".spec.replicas == 3", "computes a value instead"),
        ('"spec"', "computes a value instead"),
        ("(" * 60 + "." + ")" * 60, "nested too deeply"),
        (".a" * 251, "longer than 500"),
    ],
)
def test_what_is_beyond_the_subset_is_refused_with_the_place(expression, problem):
    with pytest.raises(JqError, match=problem):
        parse_jq(expression)


def test_an_expression_that_would_never_end_selects_what_it_came_to():
    bomb = parse_jq("(.,.)|" * 70 + ".spec")
    assert list(bomb.places(DEPLOYMENT)) in ([], [("spec",)])
    endless = parse_jq(".[] | select(" + " or ".join(["(.[] == .[])"] * 20) + ")")
    assert list(endless.places([list(range(500))])) == []


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda below: st.lists(below, max_size=4) | st.dictionaries(st.sampled_from("abc"), below, max_size=3),
    max_leaves=20,
)


@given(JSON)
def test_it_raises_nothing_whatever_the_object(value):
    for expression in ('.a[]?.b, .[0], .[] | select(.a == .b or (.c | contains("x")))', ".a.b | select(any(.c > 1))"):
        list(parse_jq(expression).places(value))

"""The jq expressions of Argo CD's rules: what they select, and what is refused."""

import jq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.drift.jq import JqError, _OwnSteps, _TooLongError, parse_jq
from bot.core.objects.step_budget import StepBudget

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
        (".spec.containers[7].image", [("spec", "containers", 7, "image")]),
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
        ('.spec.containers[] | select((.env | any(.value == "1"))?)', [WEB]),
        ('.spec.containers[] | select(.env | any(.value == "1"))', []),  # raises: the second has no env
        (".spec.containers[], .spec.replicas[]", []),
        ('.spec | select(.containers | all(has("image"))) | .replicas', [("spec", "replicas")]),
        (".spec | select(.replicas >= 3 and .replicas < 4).replicas", [("spec", "replicas")]),
        ('.spec | select(.replicas < "x").replicas', [("spec", "replicas")]),
        (".spec | select(.nothing < 2).replicas", [("spec", "replicas")]),
        ("(.spec, .metadata).name", [("spec", "name"), ("metadata", "name")]),
        (".", [()]),
    ],
)
def test_it_selects(expression, places):
    assert list(parse_jq(expression).places(DEPLOYMENT, StepBudget())) == places


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


def test_an_expression_that_would_never_end_selects_nothing():
    bomb = parse_jq("(.,.)|" * 70 + ".spec")
    assert list(bomb.places(DEPLOYMENT, StepBudget())) == []
    endless = parse_jq(".[] | select(" + " or ".join(["(.[] == .[])"] * 20) + ")")
    assert list(endless.places([list(range(500))], StepBudget())) == []


def test_an_expression_is_as_long_as_allowed_and_takes_as_many_steps():
    assert parse_jq(".a" * 250)
    steps = _OwnSteps(StepBudget())
    steps.take(100_000)
    with pytest.raises(_TooLongError):
        steps.take()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 2) | st.just(0.5) | st.sampled_from(["", "a", "ab", "b"]),
    lambda below: st.lists(below, max_size=4) | st.dictionaries(st.sampled_from("abc"), below, max_size=3),
)
STEPS = st.builds(
    "{}{}".format,
    st.sampled_from([".a", ".b", '."c"', '.["a"]', ".[0]", ".[-1]", ".[3]", ".[]"]),
    st.sampled_from(["", "", "?"]),
)
CHAINS = st.just(".") | st.lists(STEPS, min_size=1, max_size=3).map("".join)
LITERALS = st.sampled_from(["null", "true", "false", "0", "-1", "0.5", '"a"', '"ab"'])
OPERATORS = st.sampled_from(["and", "or", "==", "!=", "<", "<=", ">", ">=", "|", ","])
FUNCTIONS = st.sampled_from(["has", "startswith", "endswith", "contains", "any", "all"])
CONDITIONS = st.recursive(
    CHAINS | LITERALS,
    lambda below: st.one_of(
        st.builds("({} {} {})".format, below, OPERATORS, below),
        st.builds("({} | {}({}))".format, below, FUNCTIONS, below),
        st.builds("({} | not)".format, below),
        st.builds("({})?".format, below),
    ),
    max_leaves=4,
)
PATHS = st.recursive(
    CHAINS | st.builds("({} | select({}))".format, CHAINS, CONDITIONS),
    lambda below: st.one_of(
        st.builds("({} {} {})".format, below, st.sampled_from("|,"), below), st.builds("({})?".format, below)
    ),
    max_leaves=3,
)


def jq_places(expression, value):
    """What jq selects: nothing where it raises an error."""
    try:
        places = jq.first(f"[path({expression})]", value)
    except ValueError:
        return set()
    return {from_the_start(place, value) for place in places}


def from_the_start(place, value):
    """A place as jq gives it, with the negative indexes of items that exist counted from the start."""
    counted = []
    for key in place:
        item = isinstance(value, list) and -len(value) <= key < len(value)
        counted.append(key % len(value) if item else key)
        value = value[key] if item else value.get(key) if isinstance(value, dict) else None
    return tuple(counted)


@settings(deadline=None)
@given(PATHS, JSON)
def test_it_selects_what_jq_selects(expression, value):
    assert set(parse_jq(expression).places(value, StepBudget())) == jq_places(expression, value)

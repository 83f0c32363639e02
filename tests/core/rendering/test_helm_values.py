"""Helm's values from files, inline values and parameters, against Helm's own parser."""

import json

import pytest
from helm_python import HelmError, _native
from hypothesis import given
from hypothesis import strategies as st

from bot.core.objects.documents import ManifestError
from bot.core.rendering import helm_values
from bot.core.rendering.helm_values import merge_values
from bot.core.rendering.source import HelmParameters


def merged(files=(), **parameters):
    try:
        return json.loads(merge_values(files, "Chart.yaml", HelmParameters(**parameters)))
    except ManifestError as error:
        return str(error)


NAMES = st.text(st.sampled_from("ab.[]01-\\"), max_size=10)
VALUES = st.one_of(
    st.text(st.sampled_from("ab.,{}[]\\0-1 "), max_size=10),
    st.sampled_from(["Null", "TRUE", "007", "-0", "9" * 19, "1e3"]),
)


@given(NAMES, VALUES, st.booleans())
def test_a_parameter_is_read_as_by_helm(name, value, is_string):
    parser = "helm_strvals_parse_string" if is_string else "helm_strvals_parse"
    try:
        expected = json.loads(_native.call_string(parser, f"{name}={helm_values._escaped(value)}"))
    except HelmError:
        expected = None
    result = merged(**{"set_string" if is_string else "set": ((name, value),)})
    assert result == expected if expected is not None else "Helm cannot set the parameter" in result


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({}, {"a": [1, {"b": 2}], "c": {"d": "x", "e": "x"}}),
        ({"set": (("a[1].b", "3"), ("c.d", "y"))}, {"a": [1, {"b": 3}], "c": {"d": "y", "e": "x"}}),
        ({"set": (("a[3]", "4"),)}, {"a": [1, {"b": 2}, None, 4], "c": {"d": "x", "e": "x"}}),
        ({"inline_values": "c: {d: null}\na: z"}, {"a": "z", "c": {"d": None, "e": "x"}}),
        ({"set": (("a.b", "1"),)}, "Chart.yaml:1: Helm cannot set the parameter a.b"),
        ({"inline_values": "c:\n  - [x"}, "Chart.yaml:1: The inline Helm values are not valid (line "),
        ({"inline_values": "- x"}, "Chart.yaml:1: The inline Helm values are not valid (line 1): Helm values must be"),
    ],
)
def test_parameters_change_the_values_of_files(parameters, expected):
    files = [("a.yaml", b"a: [1, {b: 2}]\nc: {d: &x x, e: *x}\n"), ("empty.yaml", b"# nothing\n")]
    result = merged(files, **parameters)
    assert result.startswith(expected) if isinstance(expected, str) else result == expected


def test_what_yaml_does_not_allow_is_escaped():
    result = merge_values(
        [("a.json", b'{"a": "\\u0085\\u2028\\ud800\\ufeff\xc3\xa9"}')], "Chart.yaml", HelmParameters()
    )
    assert result == '{"a": "\\u0085\\u2028\ufffd\\ufeffé"}'


def test_values_are_as_large_as_allowed_and_no_larger(monkeypatch):
    monkeypatch.setattr(helm_values, "MAX_VALUES_BYTES", 1_000)
    assert merged(inline_values=f"a: {'x' * 991}") == {"a": "x" * 991}  # and nine more characters in JSON
    assert "larger than" in merged(inline_values=f"a: {'x' * 992}")
    assert "larger than" in merged(inline_values=f"a: &a {'x' * 90}\nb: [{'*a, ' * 20}]")
    assert merged(set=(("a", "x" * 499), ("a", "y" * 499)))["a"] == "y" * 499
    assert "larger than" in merged(set=(("a", "x" * 499), ("a", "y" * 500)))

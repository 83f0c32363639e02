"""What differs inside a value that is compared as a whole."""

import copy
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.drift.model import FieldDrift
from bot.core.drift.parts import MAX_ALIGNED, Difference, Line, differences, split
from bot.core.objects.deep_equality import canonical, deep_equal

TEXTS = st.sampled_from(["", "a", "b", "a\nb", "a\nb\nc", "c\n", "1.0", "1"])
SCALARS = st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from([1.0, -0.0, 0.5, 1e22]) | TEXTS
VALUES = st.recursive(
    SCALARS,
    lambda below: st.lists(below, max_size=4) | st.dictionaries(st.sampled_from("abc"), below, max_size=3),
    max_leaves=12,
)


def applied(desired, parts):
    """Git's value with the parts applied, innermost first: changed, then removed, last first, then added."""
    whole = [copy.deepcopy(desired)]
    order = {"changed": 0, "removed": 1, "added": 2}
    for part in sorted(parts, key=lambda part: (-len(part.path), order[part.change], _place(part))):
        _apply(whole, (0, *part.path), part)
    return _joined(whole[0])


class _Text(list):
    """The lines of a text."""


def _joined(value):
    if isinstance(value, dict):
        return {key: _joined(entry) for key, entry in value.items()}
    joined = [_joined(item) for item in value] if isinstance(value, list) else value
    return "\n".join(joined) if isinstance(value, _Text) else joined


def _place(part):
    last = part.path[-1] if part.path else 0
    number = last.number if isinstance(last, Line) else last
    return (number if part.change == "added" else -number) if isinstance(number, int) else 0


def _apply(parent, path, part):
    first, *rest = path
    if rest and isinstance(rest[0], Line):
        parent[first] = parent[first] if isinstance(parent[first], _Text) else _Text(parent[first].split("\n"))
        _change(parent[first], rest[0].number, part)
    elif rest:
        _apply(parent[first], rest, part)
    else:
        _change(parent, first, part)


def _change(parent, key, part):
    if part.change == "removed":
        del parent[key]
    elif part.change == "added" and isinstance(parent, list):
        parent.insert(key, part.live)
    else:
        parent[key] = part.live


@given(VALUES, VALUES)
def test_applied_to_gits_value_the_parts_give_the_live_one(desired, live):
    assert deep_equal(applied(desired, split(desired, live)), live) or deep_equal(desired, live)


@given(VALUES, VALUES)
def test_the_canonical_texts_of_two_values_are_the_same_only_if_the_values_are(one, other):
    assert (canonical(one) == canonical(other)) == deep_equal(one, other)


RULES = [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}, {"resources": ["secrets"], "verbs": ["list"]}]
TEXT = "".join(f"line {number}\n" for number in range(2_000))


@pytest.mark.parametrize(
    ("desired", "live", "expected"),
    [
        (RULES, [RULES[0], {**RULES[1], "verbs": ["list", "delete"]}], [("at[1].verbs", (), ("delete",), True, None)]),
        (["--a", "--b"], ["--b", "--a"], [("at", (["--a", "--b"],), (["--b", "--a"],), False, None)]),
        (["--a", "--b"], ["--c", "--b"], [("at", ("--a",), ("--c",), True, None)]),
        ({"a": 1, "b": 2}, {"a": 1, "b": True}, [("at.b", (2,), (True,), False, None)]),
        (1, "1", [("at", (1,), ("1",), False, None)]),
        (TEXT, TEXT.replace("line 700\n", "line x\n"), [("at", ("line 700",), ("line x",), True, 701)]),
        ("(hidden)", "(hidden)", [("at", ("(hidden)",), ("(hidden)",), False, None)]),
        (
            [{"host": "a.example", "http": {"paths": [1]}}],
            [{"host": "b.example", "http": {"paths": [1]}}],
            [("at[0].host", ("a.example",), ("b.example",), False, None)],
        ),
    ],
)
def test_differences_name_the_place_and_what_differs_there(desired, live, expected):
    field = FieldDrift("changed", "at", desired, live)
    assert differences(field) == tuple(Difference(*values) for values in expected)


def test_what_is_too_long_to_align_is_replaced_as_a_whole():
    desired, live = ([f"{side}{number}" for number in range(MAX_ALIGNED + 1)] for side in "ab")
    assert json.dumps(applied(desired, split(desired, live))) == json.dumps(live)

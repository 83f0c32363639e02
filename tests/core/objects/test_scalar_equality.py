"""When two spellings of one value mean the same."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.objects.scalar_equality import parse_quantity, same_scalar

SAME = [
    ("0.5", "500m", "quantity"),
    (0.5, "500m", "quantity"),
    (1, "1", "quantity"),
    ("1024Mi", "1Gi", "quantity"),
    ("1e3", "1k", "quantity"),
    ("1E3", "1000", "quantity"),
    ("1E", "1000P", "quantity"),
    (".5", "500m", "quantity"),
    ("-1", "-1000m", "quantity"),
    ("100n", "0.1u", "quantity"),
    ("90m", "1h30m0s", "duration"),
    ("1.5h", "90m", "duration"),
    ("0", "0s", "duration"),
    ("-1s", "-1000ms", "duration"),
    ("aGVs\nbG8=", "aGVsbG8=", "bytes"),
    ("2026-01-01T01:00:00+01:00", "2026-01-01T00:00:00Z", "time"),
    (1.0, 1, ""),
    (12345678901234567890, 12345678901234567000, ""),
    (math.nan, float("nan"), ""),
]
OTHER = [
    ("1G", "1Gi", "quantity"),
    ("1m", "1M", "quantity"),
    (80, "80", ""),
    (True, 1, ""),
    (True, "true", ""),
    (0, False, ""),
    (2**53, 2**53 + 1, ""),
    (math.nan, 1.0, ""),
    (1.0, math.nan, ""),
    ("90m", "1h30m", ""),
    ("not", "quantities", "quantity"),
    ("1h", "soon", "duration"),
    ("YQ==", "Yg==", "bytes"),
    ("a!", "a", "bytes"),
    ("2026-01-01T00:00:00Z", "2026-01-01T00:00:01Z", "time"),
    ("", None, ""),
    (10**400, 1.0, ""),
]


@pytest.mark.parametrize(("one", "other", "kind"), SAME)
def test_they_mean_the_same(one, other, kind):
    assert same_scalar(one, other, kind)
    assert same_scalar(other, one, kind)


@pytest.mark.parametrize(("one", "other", "kind"), OTHER)
def test_they_mean_something_else(one, other, kind):
    assert not same_scalar(one, other, kind)
    assert not same_scalar(other, one, kind)


ANYTHING = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)


@settings(deadline=None)
@given(ANYTHING, ANYTHING, st.sampled_from(["", "quantity", "duration", "bytes", "time"]))
def test_any_two_values_compare_the_same_both_ways(one, other, kind):
    assert same_scalar(one, one, kind)
    assert same_scalar(one, other, kind) == same_scalar(other, one, kind)


@pytest.mark.parametrize("text", ["1e999999999", "9" * 1000, "1" + "0" * 70, "Ki", "", "1 Gi", "1gi", "\u0661"])
def test_what_is_no_quantity_costs_nothing(text):
    assert parse_quantity(text) is None

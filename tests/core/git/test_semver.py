"""Versions and ranges of them, against the words of https://semver.org and of the ranges that Argo CD and Flux read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.git.semver import Version, VersionRange

NUMBERS = st.tuples(*[st.integers(0, 40)] * 3)


@pytest.mark.parametrize(
    ("text", "inside", "outside"),
    [
        ("1.2.3", ["1.2.3", "v1.2.3", "1.2.3+build"], ["1.2.4", "1.2.2", "1.2.3-rc.1"]),
        ("1.2", ["1.2.0", "1.2.9"], ["1.3.0", "1.1.9"]),
        ("1.x", ["1.0.0", "1.9.9"], ["2.0.0", "0.9.0", "1.0.0-rc.1"]),
        ("*", ["0.0.0", "99.0.0"], ["1.0.0-alpha"]),
        ("=1.2.3", ["1.2.3"], ["1.2.4"]),
        ("!=1.2.3", ["1.2.4", "1.2.2"], ["1.2.3"]),
        (">=1.2 <2", ["1.2.0", "1.9.9"], ["2.0.0", "1.1.9", "2.0.0-rc.1"]),
        (">= 1.2, < 2", ["1.2.0", "1.9.9"], ["2.0.0"]),
        (">1.2", ["1.3.0"], ["1.2.0", "1.2.9"]),
        (">1.2.3", ["1.2.4"], ["1.2.3"]),
        ("<=1.2", ["1.2.9", "0.1.0"], ["1.3.0"]),
        ("<=1.2.3", ["1.2.3"], ["1.2.4"]),
        ("~1.4", ["1.4.0", "1.4.9"], ["1.5.0", "1.3.9"]),
        ("~1.4.2", ["1.4.2", "1.4.9"], ["1.4.1", "1.5.0"]),
        ("~1", ["1.0.0", "1.9.0"], ["2.0.0"]),
        ("^1.2.3", ["1.2.3", "1.9.0"], ["1.2.2", "2.0.0"]),
        ("^0.2.3", ["0.2.3", "0.2.9"], ["0.3.0"]),
        ("^0.0.3", ["0.0.3"], ["0.0.4"]),
        ("^0", ["0.0.1", "0.9.0"], ["1.0.0"]),
        ("1.2 - 1.4", ["1.2.0", "1.4.9"], ["1.5.0", "1.1.9"]),
        ("1.x || >=3", ["1.4.0", "3.0.0", "4.1.0"], ["2.0.0"]),
        (">=1.0.0-0", ["1.0.0-rc.1", "2.0.0"], ["0.9.0"]),
        ("^1.2.0-rc.1", ["1.2.0-rc.2", "1.2.0", "1.5.0"], ["1.2.0-beta", "2.0.0"]),
        ("2.0.0-rc.1", ["2.0.0-rc.1"], ["2.0.0-rc.2", "2.0.0"]),
        ("v1.2.x", ["1.2.0"], ["1.3.0"]),
    ],
)
def test_what_a_range_means(text, inside, outside):
    known = VersionRange.parse(text)
    assert [each for each in inside if not known.holds(Version.parse(each))] == []
    assert [each for each in outside if known.holds(Version.parse(each))] == []


@pytest.mark.parametrize("text", ["main", "release-*", "", " ", "1.2 main", ">=", "feature/1.2", "1.0 ||", "=>x.y.z.w"])
def test_what_is_no_range(text):
    assert VersionRange.parse(text) is None


def test_the_order_is_that_of_the_standard():
    told = ["1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta", "1.0.0-beta.2", "1.0.0-beta.11"]
    versions = [Version.parse(each) for each in [*told, "1.0.0-rc.1", "1.0.0", "1.0.1", "1.1.0", "2.0.0"]]
    assert sorted({*versions}) == versions


@given(NUMBERS, NUMBERS)
def test_a_caret_and_a_tilde_never_reach_below_their_version(low, other):
    text = ".".join(map(str, low))
    for operator in ("^", "~", ">="):
        inside = VersionRange.parse(f"{operator}{text}").holds(Version(other))
        assert not inside or other >= low
    assert VersionRange.parse(f"^{text}").holds(Version(low))


@given(st.lists(NUMBERS, min_size=1))
def test_the_newest_of_anything_is_the_highest(versions):
    names = ["v" + ".".join(map(str, each)) for each in versions]
    assert VersionRange.parse("*").newest(["latest", *names]) == "v" + ".".join(map(str, max(versions)))

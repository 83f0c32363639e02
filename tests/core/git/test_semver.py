"""Versions and ranges, checked against https://semver.org, the ranges of Argo CD and Flux, and node-semver."""

import time
import tracemalloc

import nodesemver
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
        (">=1.0.0-0 <2", ["1.0.0-rc.1", "1.5.0-rc.1", "2.0.0-rc.1"], ["0.9.0", "2.0.0"]),
        (">=1.0.0-0 || 0.9", ["1.0.0-rc.1", "0.9.1"], ["0.9.1-rc.1"]),
        ("^1.2.0-rc.1", ["1.2.0-rc.2", "1.2.0", "1.5.0"], ["1.2.0-beta", "2.0.0"]),
        ("2.0.0-rc.1", ["2.0.0-rc.1"], ["2.0.0-rc.2", "2.0.0"]),
        ("v1.2.x", ["1.2.0"], ["1.3.0"]),
    ],
)
def test_what_a_range_contains(text, inside, outside):
    version_range = VersionRange.parse(text)
    assert [version for version in inside if not version_range.contains(Version.parse(version))] == []
    assert [version for version in outside if version_range.contains(Version.parse(version))] == []


@pytest.mark.parametrize("text", ["main", "release-*", "", " ", "1.2 main", ">=", "feature/1.2", "1.0 ||", "=>x.y.z.w"])
def test_invalid_ranges(text):
    assert VersionRange.parse(text) is None


def test_a_range_has_a_bounded_number_of_comparators():
    assert VersionRange.parse(" ".join([">1"] * 10 + ["<2"] * 10))
    for separator in (" ", "||"):
        assert VersionRange.parse(separator.join(["1"] * 21)) is None


def test_the_highest_of_many_long_versions_takes_little_memory_and_time():
    names = (f"1.0.{number}-" + ".".join(["10"] * 80) for number in range(5_000))
    tracemalloc.start()
    started = time.process_time()
    try:
        assert VersionRange.parse(" ".join([">0-0"] * 20)).highest(names).startswith("1.0.4999-")
        assert tracemalloc.get_traced_memory()[1] < 2**20
    finally:
        tracemalloc.stop()
    assert time.process_time() - started < 5


def test_versions_sort_by_precedence():
    prereleases = ["1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta", "1.0.0-beta.2", "1.0.0-beta.11"]
    versions = [Version.parse(text) for text in [*prereleases, "1.0.0-rc.1", "1.0.0", "1.0.1", "1.1.0", "2.0.0"]]
    assert sorted({*versions}) == versions


NUMBER = st.integers(0, 3).map(str)
IDENTIFIERS = st.lists(st.sampled_from(["0", "1", "10", "rc", "alpha", "-"]), min_size=1, max_size=3).map(".".join)
RELEASES = st.builds("{}.{}.{}".format, NUMBER, NUMBER, NUMBER)
VERSIONS = RELEASES | st.builds("{}-{}".format, RELEASES, IDENTIFIERS)


@given(VERSIONS, VERSIONS)
def test_versions_sort_as_in_node_semver(one, other):
    order = nodesemver.compare(one, other, loose=False)
    assert order == (Version.parse(one) > Version.parse(other)) - (Version.parse(one) < Version.parse(other))


OPERANDS = RELEASES | st.builds("{}.{}".format, NUMBER, NUMBER | st.just("x")) | NUMBER
OPERATORS = ("", "=", ">", ">=", "<", "<=")
COMPARATORS = st.builds("{}{}".format, st.sampled_from([*OPERATORS, "~", "^"]), OPERANDS)
GROUPS = st.lists(COMPARATORS, min_size=1, max_size=3).map(" ".join) | st.builds("{} - {}".format, OPERANDS, OPERANDS)


@given(st.lists(GROUPS, min_size=1, max_size=2).map(" || ".join), RELEASES)
def test_ranges_match_node_semver(text, version):
    assert VersionRange.parse(text).contains(Version.parse(version)) == nodesemver.satisfies(version, text)


# Of one version only: of the pre-releases of others, node-semver takes fewer than the library of Argo CD and Flux.
CANDIDATES = st.just("1.2.3") | st.builds("1.2.3-{}".format, IDENTIFIERS)
BOUNDS = st.lists(st.builds("{}{}".format, st.sampled_from(OPERATORS), CANDIDATES), min_size=1, max_size=3)


@given(BOUNDS.map(" ".join), CANDIDATES)
def test_ranges_with_pre_releases_match_node_semver(text, version):
    assert VersionRange.parse(text).contains(Version.parse(version)) == nodesemver.satisfies(version, text)


@given(st.lists(NUMBERS, min_size=1))
def test_the_highest_of_any_version(versions):
    names = ["v" + ".".join(map(str, numbers)) for numbers in versions]
    assert VersionRange.parse("*").highest(["latest", *names]) == "v" + ".".join(map(str, max(versions)))

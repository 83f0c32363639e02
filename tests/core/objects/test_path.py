"""Paths: written as people and JSON have them, read back for rules."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.objects.path import (
    ANY,
    Item,
    Member,
    PathError,
    PathIndex,
    format_path,
    is_related,
    matches,
    parse_path,
)

WRITTEN = [
    (("spec", "replicas"), "spec.replicas"),
    (("metadata", "labels", "app.kubernetes.io/name"), 'metadata.labels["app.kubernetes.io/name"]'),
    (("a", Item((("name", "web"),)), "env", Item((("name", "DEBUG"),))), "a[name=web].env[name=DEBUG]"),
    (("spec", "ports", Item((("port", 53), ("protocol", "UDP")))), "spec.ports[port=53,protocol=UDP]"),
    (("spec", "tags", Member("green")), "spec.tags[=green]"),
    (("a", 0, "b"), "a[0].b"),
    (("x.y",), '["x.y"]'),
    (("", 'q"'), '[""]["q\\""]'),
    (("a", Item((("k", "odd], value"),))), 'a[k="odd], value"]'),
]


@pytest.mark.parametrize(("path", "text"), WRITTEN)
def test_a_path_is_written_by_the_grammar(path, text):
    assert format_path(path) == text


@pytest.mark.parametrize(("path", "text"), WRITTEN)
def test_a_written_path_is_read_back(path, text):
    pattern = parse_path(text)
    assert len(pattern) == len(path)
    assert all(matches(part, segment) for part, segment in zip(pattern, path, strict=True))


def test_a_rule_covers_any_item_or_those_with_the_keys_it_names():
    item = Item((("containerPort", 80), ("protocol", "TCP")))
    assert matches(ANY, item)
    assert matches(parse_path("[containerPort=80]")[0], item)
    assert not matches(parse_path("[containerPort=81]")[0], item)
    assert not matches(parse_path("[name=80]")[0], item)
    assert not matches(parse_path("[=80]")[0], item)
    assert parse_path("a[*].b") == ("a", ANY, "b")


@pytest.mark.parametrize("text", ["", ".", "a..b", "a[", "a[]", "a[x", "a.[0]", "a b", "a[name]", 'a["x]'])
def test_what_is_no_path_says_where(text):
    with pytest.raises(PathError):
        parse_path(text)


@settings(deadline=None)
@given(st.text(max_size=30))
def test_any_text_is_a_path_or_a_path_error(text):
    try:
        parse_path(text)
    except PathError:
        return


@settings(deadline=None)
@given(st.lists(st.text(max_size=8) | st.integers(0, 999), min_size=1, max_size=5))
def test_fields_and_indexes_come_back_as_they_were(path):
    assert parse_path(format_path(path)) == tuple(path)


PATHS = st.text("ab.[", max_size=6)


@given(st.sets(PATHS, max_size=12), PATHS)
def test_related_paths_are_found_without_comparing_all(paths, path):
    assert sorted(PathIndex(paths).related(path)) == sorted(other for other in paths if is_related(other, path))

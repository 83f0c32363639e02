"""What later sources of a resource override: which objects, and how often git is read for them."""

from dataclasses import replace
from unittest.mock import Mock

import pytest

from bot.core.rendering.plain import render_plain
from bot.core.rendering.source import Source
from bot.handlers.drift.later_sources import LaterSources
from bot.handlers.rendering.render import Rendering
from bot.ports.errors import PortError
from tests.common.kubernetes import as_yaml, config_map
from tests.common.samples import application


def manifest(name, namespace=None):
    declared = config_map(name)
    if namespace:
        declared["metadata"]["namespace"] = namespace
    (result,) = render_plain([("a.yaml", as_yaml(declared).encode())], "a.yaml")
    return result


def later_sources(app, outcome):
    sources = tuple((app.repository, Source(f"later/{number}")) for number in range(50))
    app, cache = replace(app, later_sources=sources), Mock()
    cache.rendering.side_effect = outcome if isinstance(outcome, Exception) else [outcome] * len(sources)
    return app, cache, LaterSources(lambda _: "0a" * 20, {app.repository.key: Mock()}, cache)


@pytest.mark.parametrize(
    ("own", "later", "overridden"),
    [
        (manifest("a"), manifest("a"), True),
        (manifest("a", "shop"), manifest("a"), True),
        (manifest("a"), manifest("a", "shop"), True),
        (manifest("a", "other"), manifest("a"), False),
        (manifest("a"), manifest("a", "other"), False),
        (manifest("a"), manifest("b"), False),
    ],
)
def test_each_later_source_is_read_once_for_all_applications(own, later, overridden):
    app, cache, sources = later_sources(application("shop", namespace="shop"), Rendering((later,)))
    assert [sources.overrides(replace(app, name=f"shop.{number}"))(own) for number in range(50)] == [overridden] * 50
    assert cache.rendering.call_count == len(app.later_sources)


def test_a_later_source_that_cannot_be_read_is_read_once():
    app, cache, sources = later_sources(application("shop"), PortError("no such path"))
    for _ in range(50):
        with pytest.raises(PortError, match=r"no such path"):
            sources.overrides(app)
    assert cache.rendering.call_count == 1

"""A source's digest stands for the source in caches, which would otherwise keep its values."""

from dataclasses import fields, is_dataclass, replace

import pytest

from bot.core.rendering.source import FluxBuild, KustomizeParameters, Source

OTHER = {str: "\udc80'", bool: True, tuple: (("a", "b"),), type(None): "other"}


def variants(value):
    """The value with another value in each of its fields, also in nested ones."""
    for field in fields(value):
        before = getattr(value, field.name)
        if is_dataclass(before):
            yield from (replace(value, **{field.name: variant}) for variant in variants(before))
        elif field.compare:
            yield replace(value, **{field.name: not before if isinstance(before, bool) else OTHER[type(before)]})


@pytest.mark.parametrize("source", [Source("a"), Source("a", kustomize=KustomizeParameters(flux=FluxBuild()))])
def test_sources_have_the_same_digest_if_they_are_equal(source):
    sources = [source, *variants(source)]
    assert len({source.digest for source in sources}) == len(set(sources)) == len(sources) > 40
    assert replace(source, path="b").digest == replace(source, path="b", tenant="prod/shop").digest != source.digest

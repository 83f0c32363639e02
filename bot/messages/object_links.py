"""Links for an object that differs: where git declares it, and its page in the deployer's UI."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bot.core.drift.model import Check, ObjectDrift
from bot.messages.blocks import Element, clip, link, paragraph, words

_MAX_LABEL = 100


@dataclass(frozen=True, slots=True)
class ObjectLink:
    """A page: a label such as `apps/shop/web.yaml:3`, and its URL."""

    label: str
    url: str


# The links of an object in a check, most important first.
ObjectLinks = Callable[[Check, ObjectDrift], Sequence[ObjectLink]]


def line(links: Sequence[ObjectLink]) -> list[Element]:
    """The links as a paragraph of a rich_text block; nothing without links."""
    parts: list[Element] = []
    for item in links:
        parts += [words(" · "), link(item.url, clip(item.label, _MAX_LABEL))]
    return [paragraph(*parts[1:])] if parts else []

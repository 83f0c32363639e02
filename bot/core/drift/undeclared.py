"""Values in the cluster that git does not declare: which parts are defaults, and who wrote the others."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from bot.core.drift.attribution import Attribution, Verdict
from bot.core.drift.defaults import MAX_DEPTH, default_mapping, is_default
from bot.core.drift.exclusions import ADDED_LATER, holds_labels, is_filled_in_label, is_in_template, uncompared_keys
from bot.core.drift.ignore_rules import IgnoredPaths
from bot.core.drift.lists import items_by_key, members, typed_by_ownership
from bot.core.objects.managed_fields import Ownership
from bot.core.objects.path import Item, Path, Segment
from bot.core.objects.schema import MISSING, Node
from bot.core.objects.step_budget import StepBudget
from bot.i18n.catalogue import set_aside as texts
from bot.i18n.language import LocalizedText, Text

Object = Mapping[str, Any]

_DEFAULT: Final = LocalizedText(texts.DEFAULT)
_FILLED_IN: Final = LocalizedText(texts.FILLED_IN)
_NO_PARENT: Final[Object] = {}


@dataclass(slots=True)  # not frozen: creating those takes three times as long
class Undeclared:
    """One value that git does not declare. `is_default` is whether the server filled it in."""

    path: Path
    value: Any
    verdict: Verdict
    is_default: bool = False


class UndeclaredFields:
    """Examines the undeclared values of one object. Calls change the given path, and restore it."""

    def __init__(self, attribution: Attribution, ownership: Ownership, steps: StepBudget, *, of_job: bool) -> None:
        self._attribution = attribution
        self._ownership = ownership
        self._steps = steps
        self._of_job = of_job

    def find(
        self,
        path: list[Segment],
        live: Any,
        node: Node,
        desired_parent: Object,
        live_parent: Object,
        ignored: IgnoredPaths | None,
        parent_default: Any = MISSING,
    ) -> list[Undeclared]:
        """Split a value by the origin of its parts into the largest parts that have only one origin.

        The parents are the mappings around it in git and in the cluster; `parent_default` is the value at this key in
        the parent's default, MISSING if there is none. Raises TooManyStepsError.
        """
        self._steps.take()
        if live is None:
            return []
        if ignored is not None and ignored.reason:
            values = self.find(path, live, node, desired_parent, live_parent, None, parent_default)
            return [_without_drift(value, ignored.reason) for value in values]
        if is_default(live, node, desired_parent, live_parent, parent_default):
            return [_from_server(path, live, _DEFAULT)]
        is_by_hand = tuple(path) in ADDED_LATER and self._ownership.has_person_below(tuple(path))
        is_filled = node.filled and not is_in_template(path) and not is_by_hand
        if is_filled or is_filled_in_label(path, of_job=self._of_job):
            return [_from_server(path, live, _FILLED_IN)]
        if isinstance(live, dict) and len(path) < MAX_DEPTH:
            default = default_mapping(node, desired_parent, live_parent, parent_default)
            parts = self._in_mapping(path, live, node, ignored, default or _NO_PARENT)
            if default is not None or path[-1] == "metadata" or holds_labels(path):
                return parts  # the mapping exists by default, so only its parts can be drift
            return self._as_one(path, live, node, parts)
        if isinstance(live, list) and len(path) < MAX_DEPTH:
            return self._as_one(path, live, node, self._in_list(path, live, node, ignored))
        return [self._attributed(path, live, node)]

    def _in_mapping(
        self, path: list[Segment], live: Object, node: Node, ignored: IgnoredPaths | None, default: Object
    ) -> list[Undeclared]:
        parts: list[Undeclared] = []
        uncompared = uncompared_keys(path)
        for key, value in live.items():
            if key in uncompared:
                continue
            path.append(key)
            below = ignored.below(key) if ignored else None
            parts += self.find(path, value, node.field(key), _NO_PARENT, live, below, default.get(key, MISSING))
            path.pop()
        return parts

    def _in_list(
        self, path: list[Segment], live: list[Any], node: Node, ignored: IgnoredPaths | None
    ) -> list[Undeclared]:
        """Nothing for a list that is compared as a whole."""
        node = typed_by_ownership(node, path, self._ownership)
        items: Iterator[tuple[Segment, Any]] = iter(())
        if node.list_type == "map":
            by_key = items_by_key(live, node) or {}
            items = ((Item(keys), item) for keys, several in by_key.items() for item in several)
        elif node.list_type == "set":
            items = ((member, member.value) for member in members(live) or ())
        item_node = replace(node.item, keeps_zero=True)
        parts: list[Undeclared] = []
        for segment, item in items:
            path.append(segment)
            below = ignored.below(segment) if ignored else None
            parts += self.find(path, item, item_node, _NO_PARENT, _NO_PARENT, below)
            path.pop()
        return parts

    def _as_one(self, path: list[Segment], live: Any, node: Node, parts: list[Undeclared]) -> list[Undeclared]:
        """The whole value at its own path, unless some of its parts are drift and others are not."""
        written = [part for part in parts if not part.is_default]
        if not written:
            return [self._attributed(path, live, node)]
        if len({part.verdict.is_drift for part in written}) > 1:
            return parts
        latest = max(written, key=_written_at)
        return [Undeclared(tuple(path), live, latest.verdict)]

    def _attributed(self, path: list[Segment], live: Any, node: Node) -> Undeclared:
        whole_path = tuple(path)
        verdict = self._attribution.added(whole_path, is_described=node.described)
        return Undeclared(whole_path, live, verdict)


def _from_server(path: list[Segment], live: Any, reason: Text) -> Undeclared:
    return Undeclared(tuple(path), live, Verdict(is_drift=False, reason=reason), is_default=True)


def _without_drift(value: Undeclared, reason: Text) -> Undeclared:
    if not value.verdict.is_drift:
        return value
    return replace(value, verdict=replace(value.verdict, is_drift=False, reason=reason))


def _written_at(value: Undeclared) -> float:
    """Seconds since the epoch, 0 if unknown."""
    writer = value.verdict.writer
    return writer.time.timestamp() if writer and writer.time else 0.0

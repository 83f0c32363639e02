"""Walks through an object in git and in the cluster side by side, and records what differs."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from bot.core.drift.attribution import DROPPED, Attribution, Verdict
from bot.core.drift.defaults import MAX_DEPTH, PLAIN_SCALARS, is_default, is_dropped, means_the_same
from bot.core.drift.exclusions import holds_labels, uncompared_keys
from bot.core.drift.findings import Findings
from bot.core.drift.ignore_rules import IgnoredPaths
from bot.core.drift.item_order import order
from bot.core.drift.lists import (
    items_by_key,
    match_whole,
    members,
    typed_by_ownership,
    undeclared_item_node,
    without_automatic_tolerations,
    without_ignored,
)
from bot.core.drift.undeclared import UndeclaredFields
from bot.core.objects.deep_equality import deep_equal
from bot.core.objects.managed_fields import Ownership
from bot.core.objects.path import Item, Segment
from bot.core.objects.schema import MISSING, Node
from bot.core.objects.step_budget import StepBudget

Object = Mapping[str, Any]

_DROPPED: Final = Verdict(is_drift=False, reason=DROPPED)
_NO_PARENT: Final[Object] = {}


@dataclass(slots=True)  # not frozen: creating those takes three times as long
class _UndeclaredValue:
    path: list[Segment]
    value: Any
    node: Node
    desired_parent: Object
    live_parent: Object
    ignored: IgnoredPaths | None


class Walk:
    """A comparison of one object; `findings` has the result.

    First call `mappings`, which compares what git declares, then `undeclared`, which examines the other values.

    In every method, the parents are the mappings around a value in git and in the cluster, which its default may depend
    on; a list item has none. MISSING is a value that the cluster doesn't have. Without `explain`, the defaults that the
    server filled in are not recorded. `kind` is the object's API group and kind. Methods raise TooManyStepsError.
    """

    def __init__(
        self,
        ownership: Ownership,
        attribution: Attribution,
        findings: Findings,
        steps: StepBudget,
        *,
        kind: tuple[str, str],
        explain: bool,
    ) -> None:
        self.findings = findings
        self._ownership = ownership
        self._attribution = attribution
        self._undeclared_fields = UndeclaredFields(attribution, ownership, steps, of_job=kind == ("batch", "Job"))
        self._is_pod = kind == ("", "Pod")
        self._explain = explain
        self._steps = steps
        self._path: list[Segment] = []  # of the current value
        self._undeclared: list[_UndeclaredValue] = []

    def mappings(self, desired: Object, live: Object, node: Node, ignored: IgnoredPaths | None = None) -> None:
        """Compare two mappings, starting with the whole objects."""
        path = self._path
        self._steps.take(len(desired) + len(live))
        if len(path) >= MAX_DEPTH:
            if not deep_equal(desired, live):
                self._changed(desired, live)
            return
        uncompared = uncompared_keys(path)
        for key, desired_value in desired.items():
            if key in uncompared:
                continue
            live_value = live.get(key, MISSING)
            value_type = type(desired_value)
            if value_type in PLAIN_SCALARS and type(live_value) is value_type and live_value == desired_value:
                continue  # the usual case
            path.append(key)
            if value_type is dict and type(live_value) is dict and ignored is None:
                self.mappings(desired_value, live_value, node.field(key))
            else:
                below = ignored.below(key) if ignored else None
                self._values(desired_value, live_value, node.field(key), desired, live, below)
            path.pop()
        for key, live_value in live.items():
            if key in desired or key in uncompared:
                continue
            field = node.field(key)
            if not self._explain and is_default(live_value, field, desired, live):
                continue  # the usual case
            path.append(key)
            self._add_undeclared(live_value, field, desired, live, ignored.below(key) if ignored else None)
            path.pop()

    def undeclared(self) -> None:
        """Examine the values that `mappings` found only in the cluster."""
        for only_live in self._undeclared:
            values = self._undeclared_fields.find(
                only_live.path,
                only_live.value,
                only_live.node,
                only_live.desired_parent,
                only_live.live_parent,
                only_live.ignored,
            )
            for value in values:
                if self._explain or not value.is_default:
                    self.findings.add("added", value.path, None, value.value, value.verdict)

    def _values(
        self,
        desired: Any,
        live: Any,
        node: Node,
        desired_parent: Object,
        live_parent: Object,
        ignored: IgnoredPaths | None,
    ) -> None:
        if ignored is not None and ignored.reason:
            count, undeclared = len(self.findings.drift), len(self._undeclared)
            try:
                self._values(desired, live, node, desired_parent, live_parent, None)
            finally:
                self.findings.set_aside_since(count, ignored.reason)
            for only_live in self._undeclared[undeclared:]:
                only_live.ignored = ignored
        elif desired is None:
            if live is not MISSING:
                self._add_undeclared(live, node, desired_parent, live_parent, ignored)
        elif live is MISSING or live is None:
            if isinstance(desired, dict) and holds_labels(self._path):  # these are always reported one by one
                self.mappings(desired, _NO_PARENT, node, ignored)
            else:
                self._removed(desired, node, ignored)
        elif isinstance(desired, dict) and isinstance(live, dict):
            self.mappings(desired, live, node, ignored)
        elif isinstance(desired, list) and isinstance(live, list):
            self._lists(desired, live, node, ignored)
        elif not means_the_same(desired, live, node, desired_parent, live_parent):
            self._changed(desired, live)

    def _lists(self, desired: list[Any], live: list[Any], node: Node, ignored: IgnoredPaths | None) -> None:
        self._steps.take(len(desired) + len(live))
        if not (node.list_type or node.described):
            if deep_equal(desired, live):
                return
            node = typed_by_ownership(node, self._path, self._ownership)
        if self._is_pod and self._path == ["spec", "tolerations"]:
            live = without_automatic_tolerations(desired, live)
        if node.list_type == "map" and self._keyed_lists(desired, live, node, ignored):
            return
        if node.list_type == "set" and self._sets(desired, live, node, ignored):
            return
        self._whole_lists(desired, live, node, ignored)

    def _keyed_lists(self, desired: list[Any], live: list[Any], node: Node, ignored: IgnoredPaths | None) -> bool:
        """Compare item by item; False if an item lacks the keys in the schema."""
        desired_items, live_items = items_by_key(desired, node), items_by_key(live, node)
        if desired_items is None or live_items is None:
            return False
        path, item_node = self._path, node.item
        for keys, items in desired_items.items():
            # Several items with the same keys are matched by position.
            candidates = live_items.get(keys, ())
            for index, item in enumerate(items):
                live_item = candidates[index] if index < len(candidates) else MISSING
                path.append(Item(keys))
                below = ignored.below(path[-1]) if ignored else None
                self._values(item, live_item, item_node, _NO_PARENT, _NO_PARENT, below)
                path.pop()
        for keys, items in live_items.items():
            for item in items[len(desired_items.get(keys, ())) :]:
                self._undeclared_item(Item(keys), item, node, ignored)
        if not (ignored is not None and ignored.reason):
            orders = order(path[-1], desired, live, desired_items, live_items)
            if orders is not None:
                self._changed(*orders)
        return True

    def _sets(self, desired: list[Any], live: list[Any], node: Node, ignored: IgnoredPaths | None) -> bool:
        """Compare member by member; False if a member is not a scalar."""
        desired_members, live_members = members(desired), members(live)
        if desired_members is None or live_members is None:
            return False
        for member in desired_members - live_members:
            self._path.append(member)
            below = ignored.below(member) if ignored else None
            self._values(member.value, MISSING, replace(node.item, keeps_zero=True), _NO_PARENT, _NO_PARENT, below)
            self._path.pop()
        for member in live_members - desired_members:
            self._undeclared_item(member, member.value, node, ignored)
        return True

    def _whole_lists(self, desired: list[Any], live: list[Any], node: Node, ignored: IgnoredPaths | None) -> None:
        path, findings = self._path, self.findings
        extras = match_whole(desired, live, node, ignored, path, self._steps)
        if extras is None:
            self._changed(desired, live)
            return
        if ignored is not None and match_whole(desired, live, node, None, path, self._steps) is None:
            writer = self._attribution.likely_writer(path)
            findings.add("changed", path, desired, live, Verdict(is_drift=False, reason=ignored.reasons, writer=writer))
        for extra in extras:
            verdict = self._attribution.added_in_list(extra.live_path, path, is_described=node.described)
            if verdict is None:
                self._changed(desired, live)
                return
            findings.add("added", extra.path, None, extra.value, verdict, extra.live_path)

    def _changed(self, desired: Any, live: Any) -> None:
        self.findings.add("changed", self._path, desired, live, self._attribution.changed(self._path))

    def _removed(self, desired: Any, node: Node, ignored: IgnoredPaths | None) -> None:
        verdict = _DROPPED
        if not is_dropped(desired, node):
            verdict = self._attribution.removed(self._path)
            if ignored is not None and is_dropped(without_ignored(desired, node, ignored, self._steps), node):
                verdict = replace(verdict, is_drift=False, reason=ignored.reasons)
        elif desired in (None, {}, []):
            return
        self.findings.add("removed", self._path, desired, None, verdict)

    def _add_undeclared(
        self, live: Any, node: Node, desired_parent: Object, live_parent: Object, ignored: IgnoredPaths | None
    ) -> None:
        self._undeclared.append(_UndeclaredValue(self._path[:], live, node, desired_parent, live_parent, ignored))

    def _undeclared_item(self, segment: Segment, item: Any, node: Node, ignored: IgnoredPaths | None) -> None:
        self._path.append(segment)
        below = ignored.below(segment) if ignored else None
        self._add_undeclared(item, undeclared_item_node(node), _NO_PARENT, _NO_PARENT, below)
        self._path.pop()

"""What a change in git means: the objects that two revisions of one application declare, side by side.

Objects, list items and values are told apart as the drift engine does, so what means the same is no change, and no
value out of a Secret is ever shown.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

from bot.core.drift.compare import compare_declarations
from bot.core.drift.model import FieldDrift
from bot.core.objects.equality import deep_equal
from bot.core.objects.manifest import Manifest, resolve
from bot.core.objects.schema import Schemas

Change = Literal["removed", "changed", "added"]

MOST_FIELDS: Final = 3
MOST_VALUE: Final = 120  # characters
_ORDER: Final[Sequence[Change]] = ("removed", "changed", "added")  # what hurts most comes first
_BUILT_IN: Final = Schemas()


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field, at a path as docs/drift.md writes them: `before` is None where it was added, `after` where removed."""

    change: Change
    path: str
    before: Any = None
    after: Any = None


@dataclass(frozen=True, slots=True)
class ObjectChange:
    """One object; `namespace` is None where it is the application's own, and for what lives in none.

    Of a changed object `fields` are the first ones and `total` says how many there are; others have none.
    """

    change: Change
    api_version: str
    kind: str
    namespace: str | None
    name: str
    fields: tuple[FieldChange, ...] = ()
    total: int = 0


@dataclass(frozen=True, slots=True)
class RenderedChange:
    """How many objects are added, changed and removed; `objects` are all of them, or the first ones of a bounded one.

    What is removed comes first, then what is changed, then what is added.
    """

    added: int = 0
    changed: int = 0
    removed: int = 0
    objects: tuple[ObjectChange, ...] = ()

    @property
    def total(self) -> int:
        """How many objects it touches."""
        return self.added + self.changed + self.removed

    def bounded(self, objects: int, fields: int = MOST_FIELDS, value: int = MOST_VALUE) -> "RenderedChange":
        """At most so many objects, fields of each, and characters of a value. Long texts begin where they differ."""
        return replace(self, objects=tuple(_bounded(each, fields, value) for each in self.objects[:objects]))


NO_CHANGE: Final = RenderedChange()


def rendered_change(
    before: Iterable[Manifest], after: Iterable[Manifest], *, namespace: str, schema: Schemas = _BUILT_IN
) -> RenderedChange:
    """What changes from the objects of one application to those of a later revision; nothing when they mean the same.

    `namespace` is the application's. Without a `schema` of the cluster, lists in custom resources are compared whole.
    """
    found = [change for pair in paired(before, after, namespace) if (change := _change(*pair, namespace, schema))]
    found.sort(key=lambda each: (_ORDER.index(each.change), each.kind, each.namespace or "", each.name))
    counts = {change: sum(each.change == change for each in found) for change in _ORDER}
    return RenderedChange(counts["added"], counts["changed"], counts["removed"], tuple(found))


def paired(
    before: Iterable[Manifest], after: Iterable[Manifest], namespace: str
) -> Iterator[tuple[Manifest | None, Manifest | None]]:
    """Every object at both revisions, None where it is not there: known by API group, kind, namespace and name.

    The version is left out: to the cluster `autoscaling/v1` and `autoscaling/v2` of a name are one object. Hooks and
    generated names, which no deployer keeps, are left out too.
    """
    sides = [{_identity(each): each for each in _placed(manifests, namespace)} for manifests in (before, after)]
    for key in dict.fromkeys((*sides[0], *sides[1])):
        yield sides[0].get(key), sides[1].get(key)


def _placed(manifests: Iterable[Manifest], namespace: str) -> list[Manifest]:
    return resolve(manifests, namespace=namespace, namespaced=lambda _version, _kind: None)


def _identity(manifest: Manifest) -> tuple[str, str, str | None, str]:
    return manifest.api_version.rpartition("/")[0], manifest.kind, manifest.namespace, manifest.name


def _change(before: Manifest | None, after: Manifest | None, namespace: str, schema: Schemas) -> ObjectChange | None:
    there = after or before
    if there is None:
        return None
    fields = field_changes(before, after, schema) if before and after else ()
    if before and after and not fields:
        return None
    change: Change = "changed" if before and after else "added" if after else "removed"
    where = None if there.namespace == namespace else there.namespace
    return ObjectChange(change, there.api_version, there.kind, where, there.name, fields, len(fields))


def field_changes(before: Manifest, after: Manifest, schema: Schemas) -> tuple[FieldChange, ...]:
    """What `after` says anew or otherwise, and what only `before` says."""
    if deep_equal(before.object, after.object):
        return ()  # as nearly all are
    found: dict[tuple[str, str], FieldChange] = {}
    if before.api_version != after.api_version:
        version = FieldChange("changed", "apiVersion", before.api_version, after.api_version)
        found["apiVersion", ""] = version
    forth = (_forth(field) for field in compare_declarations(after, before.object, schema=schema))
    back = (_back(field) for field in compare_declarations(before, after.object, schema=schema))
    for field in (*forth, *back):
        # Of two items with one key there may be two changes at one path; what both ways tell is one.
        found.setdefault((field.path, _text([field.change, field.before, field.after])), field)
    return tuple(sorted(found.values(), key=lambda field: (not field.path.endswith(".image"), field.path)))


def _forth(field: FieldDrift) -> FieldChange:
    if field.change == "removed":  # declared by the later one, and not held by the earlier one
        return FieldChange("added", field.path, None, field.desired)
    return FieldChange("changed", field.path, field.live, field.desired)


def _back(field: FieldDrift) -> FieldChange:
    if field.change == "removed":
        return FieldChange("removed", field.path, field.desired, None)
    return FieldChange("changed", field.path, field.desired, field.live)


# ---------------------------------------------------------------- bounds


def _bounded(found: ObjectChange, fields: int, value: int) -> ObjectChange:
    return replace(found, fields=tuple(_shortened(field, value) for field in found.fields[:fields]))


def _shortened(field: FieldChange, most: int) -> FieldChange:
    before, after = _from_where_they_differ(field.before, field.after)
    return replace(field, before=_clipped(before, most), after=_clipped(after, most))


def _from_where_they_differ(before: Any, after: Any) -> tuple[Any, Any]:
    """The lines of two texts, or the items of two lists, without those that both begin and end with."""
    if isinstance(before, str) and isinstance(after, str) and "\n" in before + after:
        one, other = _from_where_they_differ(before.splitlines(), after.splitlines())
        return "\n".join(one), "\n".join(other)
    if not (isinstance(before, list) and isinstance(after, list)):
        return before, after
    shorter = min(len(before), len(after))
    start = next((at for at in range(shorter) if _text(before[at]) != _text(after[at])), shorter)
    ends = range(shorter - start)
    end = next((at for at in ends if _text(before[-1 - at]) != _text(after[-1 - at])), len(ends))
    return before[start : len(before) - end], after[start : len(after) - end]


def _clipped(value: Any, most: int) -> Any:
    if value is None or isinstance(value, bool | int | float):
        return value
    text = value if isinstance(value, str) else _text(value)
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _text(value: Any) -> str:
    try:
        return json.dumps(value, sort_keys=True, ensure_ascii=False, default=str)
    except RecursionError:
        return "…"

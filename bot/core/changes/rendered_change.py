"""What a change in git means once rendered: the objects of one application at two revisions, compared.

They are compared as in a drift check: equivalent values are not a change, and no value of a Secret is shown.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

from bot.core.drift.compare import compare_declarations
from bot.core.drift.model import FieldDrift
from bot.core.objects.credential_search import CredentialSearch
from bot.core.objects.credentials import HIDDEN
from bot.core.objects.deep_equality import deep_equal
from bot.core.objects.manifest import Manifest, UnnamedManifest
from bot.core.objects.path import format_path
from bot.core.objects.resolve import resolve
from bot.core.objects.resource import Object
from bot.core.objects.schema import Schemas
from bot.core.objects.step_budget import SharedStepBudget, StepBudget, TooManyStepsError, json_size

Change = Literal["removed", "changed", "unknown", "added"]

MAX_FIELDS: Final = 3  # of an object
MAX_VALUE: Final = 120  # characters
_ORDER: Final[Sequence[Change]] = ("removed", "changed", "unknown", "added")  # worst first
_BUILT_IN: Final = Schemas()


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field, at a path as in docs/drift.md. `before` is None if it was added, `after` if it was removed."""

    change: Change
    path: str
    before: Any = None
    after: Any = None


@dataclass(frozen=True, slots=True)
class ObjectChange:
    """One object. `namespace` is None if it is the application's own, or if the object is cluster-scoped.

    An "unknown" one may have changed, but the bot can't render it before the change, or after it.

    `fields` are those of a changed object, or the first ones of a bounded change; `total` is how many there are.
    """

    change: Change
    api_version: str
    kind: str
    namespace: str | None
    name: str
    fields: tuple[FieldChange, ...] = ()
    total: int = 0

    @property
    def identity(self) -> tuple[str, str, str | None, str]:
        """What identifies the object in its application, whatever its version."""
        return self.api_version.rpartition("/")[0], self.kind, self.namespace, self.name


@dataclass(frozen=True, slots=True)
class RenderedChange:
    """How many objects are added, changed, removed, and unknown. `objects` are these, or the first ones if bounded.

    Removed objects come first, then changed ones, then unknown ones, then added ones. `unnamed` is how many of the
    unknown ones aren't listed, since their names may come from a Secret.
    """

    added: int = 0
    changed: int = 0
    removed: int = 0
    objects: tuple[ObjectChange, ...] = ()
    unknown: int = 0
    unnamed: int = 0

    @property
    def total(self) -> int:
        """How many objects differ, or may differ."""
        return self.added + self.changed + self.removed + self.unknown

    @property
    def named(self) -> int:
        """How many of these objects can be listed."""
        return self.total - self.unnamed

    def may_overlap(self, other: "RenderedChange") -> bool:
        """Whether both change some of the same objects. True if one of them doesn't list all that can be listed."""
        if len(self.objects) < self.named or len(other.objects) < other.named:
            return True
        return not {change.identity for change in self.objects}.isdisjoint(change.identity for change in other.objects)

    def bounded(self, objects: int, fields: int = MAX_FIELDS, value: int = MAX_VALUE) -> "RenderedChange":
        """Cut to this many objects, fields of each, and characters of a value. Long values start where they differ."""
        return replace(self, objects=tuple(_bounded(change, fields, value) for change in self.objects[:objects]))


NO_CHANGE: Final = RenderedChange()


def rendered_change(
    before: Iterable[Manifest], after: Iterable[Manifest], *, namespace: str, schema: Schemas = _BUILT_IN
) -> RenderedChange:
    """What changes between the manifests of one application at two revisions.

    `namespace` is the application's. Without the cluster's `schema`, lists in custom resources are compared as a whole.
    """
    shared = SharedStepBudget()
    objects: list[ObjectChange] = []
    unnamed = 0
    for pair in all_paired(before, after, namespace):
        change = _change(*pair, namespace, schema, shared)
        if change and all(manifest is None or isinstance(manifest, UnnamedManifest) for manifest in pair):
            unnamed += 1
        elif change:
            objects.append(change)
    objects.sort(key=lambda change: (_ORDER.index(change.change), change.kind, change.namespace or "", change.name))
    counts = Counter(change.change for change in objects)
    return RenderedChange(
        counts["added"],
        counts["changed"],
        counts["removed"],
        tuple(objects),
        unknown=counts["unknown"] + unnamed,
        unnamed=unnamed,
    )


def paired(
    before: Iterable[Manifest], after: Iterable[Manifest], namespace: str
) -> Iterator[tuple[Manifest | None, Manifest | None]]:
    """Every object at both revisions, None where it does not exist; without those that are unknown at either one."""
    for pair in all_paired(before, after, namespace):
        if not _is_unknown(*pair):
            yield pair


def all_paired(
    before: Iterable[Manifest], after: Iterable[Manifest], namespace: str
) -> Iterator[tuple[Manifest | None, Manifest | None]]:
    """Every object at both revisions, None where it does not exist.

    Two manifests declare one object if they have the same API group, kind, namespace and name, whatever the version.
    Hooks and objects with generated names are left out.
    """
    objects_before, objects_after = (_by_identity(manifests, namespace) for manifests in (before, after))
    for identity in dict.fromkeys((*objects_before, *objects_after)):
        yield objects_before.get(identity), objects_after.get(identity)


def _is_unknown(*pair: Manifest | None) -> bool:
    return any(manifest is not None and manifest.is_unknown for manifest in pair)


def _by_identity(manifests: Iterable[Manifest], namespace: str) -> dict[tuple[str, str, str | None, str], Manifest]:
    return {
        manifest.identity: manifest
        for manifest in resolve(manifests, namespace=namespace, namespaced=lambda _version, _kind: None)
    }


def _change(
    before: Manifest | None, after: Manifest | None, namespace: str, schema: Schemas, shared: SharedStepBudget
) -> ObjectChange | None:
    manifest = before if isinstance(after, UnnamedManifest) and before else after or before
    if manifest is None:
        return None
    fields: tuple[FieldChange, ...] = ()
    change: Change = "added" if after else "removed"
    if _is_unknown(before, after):
        if before and after and before.is_unknown and after.is_unknown and deep_equal(before.object, after.object):
            return None
        change = "unknown"
    elif before and after:
        fields, change = field_changes(before, after, schema, shared), "changed"
        if not fields:
            return None
    other_namespace = None if manifest.namespace == namespace else manifest.namespace
    return ObjectChange(
        change, manifest.api_version, manifest.kind, other_namespace, manifest.name, fields, len(fields)
    )


def field_changes(
    before: Manifest, after: Manifest, schema: Schemas, shared: SharedStepBudget
) -> tuple[FieldChange, ...]:
    """The fields that differ between two manifests of one object, images first, then by path.

    If that takes too many steps, only the top-level fields, without their values.
    """
    if deep_equal(before.object, after.object):
        return ()  # the usual case
    changes: dict[tuple[str, str], FieldChange] = {}
    if before.api_version != after.api_version:
        version = FieldChange("changed", "apiVersion", before.api_version, after.api_version)
        changes["apiVersion", ""] = version
    search = CredentialSearch(StepBudget(lambda: json_size(before.object) + json_size(after.object), shared))
    try:
        forward = compare_declarations(after, before.object, schema=schema, search=search)
        backward = compare_declarations(before, after.object, schema=schema, search=search)
    except TooManyStepsError:
        return tuple(_top_level_changes(before.object, after.object))
    for change in (*map(_forward, forward), *map(_backward, backward)):
        # Both directions find a changed value. Two items with the same keys may have two changes at one path.
        changes.setdefault((change.path, _text([change.change, change.before, change.after])), change)
    return tuple(sorted(changes.values(), key=lambda change: (not change.path.endswith(".image"), change.path)))


def _top_level_changes(before: Object, after: Object) -> Iterator[FieldChange]:
    for key in sorted({**before, **after}):
        if not deep_equal(before.get(key), after.get(key)):
            yield FieldChange("changed", format_path((key,)), HIDDEN, HIDDEN)


def _forward(field: FieldDrift) -> FieldChange:
    if field.change == "removed":  # only the later manifest declares it
        return FieldChange("added", field.path, None, field.desired)
    return FieldChange("changed", field.path, field.live, field.desired)


def _backward(field: FieldDrift) -> FieldChange:
    if field.change == "removed":
        return FieldChange("removed", field.path, field.desired, None)
    return FieldChange("changed", field.path, field.desired, field.live)


# ---------------------------------------------------------------- bounds


def _bounded(change: ObjectChange, fields: int, value: int) -> ObjectChange:
    return replace(change, fields=tuple(_shortened(field, value) for field in change.fields[:fields]))


def _shortened(field: FieldChange, most: int) -> FieldChange:
    before, after = _from_where_they_differ(field.before, field.after)
    return replace(field, before=_clipped(before, most), after=_clipped(after, most))


def _from_where_they_differ(before: Any, after: Any) -> tuple[Any, Any]:
    """Two texts or lists without their common leading and trailing lines or items."""
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

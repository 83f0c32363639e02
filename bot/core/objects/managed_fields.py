"""Finds who wrote a field, from `metadata.managedFields` and the last-applied annotation.

The API server records ownership before mutating admission webhooks run, so values that they add have no owner. An
Update writer owns the defaults filled in with its write, an Apply writer only what it sent. A changed value gets a new
owner.
https://kubernetes.io/docs/reference/using-api/server-side-apply/
"""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import orjson

from bot.core.globs import matches_glob
from bot.core.objects.path import Item, Member, Path, Segment
from bot.core.objects.resource import items, mapping, text
from bot.core.objects.scalar_equality import parse_time
from bot.core.objects.step_budget import StepBudget

LAST_APPLIED: Final = "kubectl.kubernetes.io/last-applied-configuration"

# Field managers that people use by hand. By default, the API server names a manager after the start of its User-Agent;
# `Mozilla` and `node-fetch` are dashboards.
INTERACTIVE: Final = ("kubectl", "kubectl-*", "Mozilla", "node-fetch", "k9s", "oc", "unknown")

# The manager for `kubectl apply`, by a deployer or a person. The annotation has what was applied.
_CLIENT_SIDE_APPLY: Final = ("kubectl-client-side-apply", "kubectl-last-applied")

# The managers of Argo CD and Flux.
DEPLOYERS: Final = (
    "argocd-controller",
    "argocd-application-controller",
    "kustomize-controller",
    "helm-controller",
    "flux-client-side-apply",
    "flux",
)

_LAST_APPLIED_PATH: Final = ("metadata", "annotations", LAST_APPLIED)
_IDENTITY: Final = ("apiVersion", "kind", "metadata")
_MISSING: Final = object()


@dataclass(frozen=True, slots=True)
class Writer:
    """One entry of managedFields. `time` is that of its last write; an entry for the scale subresource has none.

    `is_apply` is whether it used server-side apply. `fields` is a FieldsV1 document.
    """

    manager: str
    is_apply: bool
    subresource: str
    time: datetime | None
    fields: Mapping[str, Any]


class Ownership:
    """The writers of one live object, read when first needed.

    `desired` is what git declares; `interactive` are patterns of field managers that people use by hand. Methods raise
    TooManyStepsError if `steps` are used up.
    """

    def __init__(
        self, live: Mapping[str, Any], desired: Mapping[str, Any], interactive: Sequence[str], steps: StepBudget
    ) -> None:
        self._live = live
        self._desired = desired
        self._interactive = interactive
        self._steps = steps
        self._writers: tuple[Writer, ...] | None = None
        self._last_applied: _Tree | None = None
        self._deployers: frozenset[str] | None = None

    def owners(self, path: Path) -> list[Writer]:
        """Who owns the value at a path, or a list or mapping around it as a whole; the latest writer first."""
        self._steps.take(1 + len(self.writers) * (1 + len(path) // 4))
        owners = [writer for writer in self.writers if _owns(writer.fields, path)]
        owners.sort(key=lambda writer: (writer.time is None, -(writer.time.timestamp() if writer.time else 0)))
        return owners

    def is_owned_by(self, path: Path, pattern: str) -> bool:
        """Whether the value at a path has an owner whose name matches a pattern."""
        return any(matches_glob(pattern, owner.manager) for owner in self.owners(path))

    def is_person(self, writer: Writer) -> bool:
        """Whether this is a tool that people use by hand, through any subresource: /status also takes annotations."""
        if writer.manager in _CLIENT_SIDE_APPLY:
            return False
        return any(matches_glob(pattern, writer.manager) for pattern in self._interactive)

    def is_deployer(self, writer: Writer) -> bool:
        """Whether the writer applies what git declares: by its name, or because git declares most of its fields."""
        if self._deployers is None:
            self._deployers = frozenset(
                writer.manager
                for writer in self.writers
                if writer.is_apply and not writer.subresource and self._mostly_declared(writer)
            )
        return writer.is_apply and writer.manager in self._deployers

    def is_client_side_apply(self, writer: Writer) -> bool:
        """Whether the writer is kubectl's client-side apply, whose manager is the same for people and deployers."""
        return writer.manager in _CLIENT_SIDE_APPLY

    def is_in_last_applied(self, path: Path) -> bool:
        """Whether the last-applied annotation holds a value at a path."""
        value = self._applied.at(path)
        return value is not _MISSING and value is not None

    def has_lost_last_applied(self, path: Path) -> bool:
        """Whether `kubectl apply` wrote a value, and a person then removed or replaced the annotation."""
        if not any(map(self.is_client_side_apply, self.owners(path))):
            return False
        owners = self.owners(_LAST_APPLIED_PATH)
        return not owners or any(map(self.is_person, owners))

    def has_person_below(self, path: Path) -> bool:
        """Whether a tool that people use by hand owns the value at a path, or anything in it."""
        self._steps.take(1 + len(self.writers))
        return any(self.is_person(writer) and _fields_at(writer.fields, path) is not None for writer in self.writers)

    def list_keys(self, path: Path) -> tuple[str, ...] | None:
        """The keys of a list, from who owns its items; () for a set, None if it is atomic or no one owns an item."""
        for writer in self.writers:
            fields = _fields_at(writer.fields, path)
            self._steps.take()
            for name in fields or ():
                self._steps.take()
                if name.startswith("k:"):
                    keys = _json(name[2:])
                    return tuple(sorted(keys)) if isinstance(keys, dict) else None
                if name.startswith("v:"):
                    return ()
        return None

    @property
    def writers(self) -> tuple[Writer, ...]:
        """Every entry of managedFields that can be read; none if the API server does not track the object."""
        if self._writers is None:
            self._writers = tuple(_writers(self._live))
        return self._writers

    @property
    def _applied(self) -> "_Tree":
        """What `kubectl apply` last applied; empty if the annotation is missing or invalid."""
        if self._last_applied is None:
            applied = _json(text(mapping(self._live, "metadata", "annotations"), LAST_APPLIED))
            applied = applied if isinstance(applied, dict) else {}
            if string_data := mapping(applied, "stringData"):
                applied["data"] = {**mapping(applied, "data"), **string_data}
            self._last_applied = _Tree(applied, self._steps)
        return self._last_applied

    @property
    def is_placeholder(self) -> bool:
        """Whether git declares only the metadata of the object, to be filled in inside the cluster."""
        return not any(value for key, value in self._desired.items() if key not in _IDENTITY)

    def _mostly_declared(self, writer: Writer) -> bool:
        if writer.manager in DEPLOYERS:
            return True
        paths = list(_leaves(writer.fields))
        desired = _Tree(self._desired, self._steps)
        declared = sum(desired.at(path) is not _MISSING for path in paths)
        return declared > 0 and 2 * declared >= len(paths)


class _Tree:
    """Looks up the values of an object by path."""

    def __init__(self, root: Any, steps: StepBudget) -> None:
        self._root = root
        self._steps = steps
        self._items: dict[tuple[int, str], dict[Any, list[Mapping[str, Any]]]] = {}  # by a list's id, and a key

    def at(self, path: Path) -> Any:
        """The value at a path; _MISSING if there is none."""
        self._steps.take(1 + len(path))
        value = self._root
        for segment in path:
            value = self._below(value, segment)
            if value is _MISSING:
                return _MISSING
        return value

    def _below(self, value: Any, segment: Segment) -> Any:
        if isinstance(segment, str):
            return value.get(segment, _MISSING) if isinstance(value, Mapping) else _MISSING
        if not isinstance(value, list):
            return _MISSING
        if isinstance(segment, int):
            return value[segment] if segment < len(value) else _MISSING
        if isinstance(segment, Member):
            self._steps.take(len(value) // 10)
            return segment.value if segment.value in value else _MISSING
        return self._item(value, segment)

    def _item(self, values: list[Any], segment: Item) -> Any:
        """The item of a list with these keys; an item may leave out a key with its default value."""
        name, value = segment.keys[0] if segment.keys else ("", None)
        by_value = self._items.get((id(values), name))
        if by_value is None:
            self._steps.take(len(values))
            by_value = self._items[id(values), name] = defaultdict(list)
            for item in values:
                if isinstance(item, Mapping):
                    by_value[_hashable(item.get(name, _MISSING))].append(item)
        candidates = [*by_value.get(_hashable(value), ()), *by_value.get(_MISSING, ())]
        self._steps.take(len(candidates))
        matching = (item for item in candidates if all(item.get(key, wanted) == wanted for key, wanted in segment.keys))
        return next(matching, _MISSING)


def _hashable(value: Any) -> Any:
    return _MISSING if isinstance(value, dict | list) else value


# ---------------------------------------------------------------- FieldsV1


def _owns(fields: Mapping[str, Any], path: Path) -> bool:
    for segment in path:
        if not fields:
            return True  # the owner of a leaf owns everything below it
        below = _below(fields, segment)
        if below is None:
            return False
        fields = below
    return not fields or "." in fields


def _fields_at(fields: Mapping[str, Any], path: Path) -> Mapping[str, Any] | None:
    below: Mapping[str, Any] | None = fields
    for segment in path:
        below = _below(below, segment) if below is not None else None
    return below


def _below(fields: Mapping[str, Any], segment: Segment) -> Mapping[str, Any] | None:
    if isinstance(segment, str):
        name = f"f:{segment}"
    elif isinstance(segment, Item):
        name = f"k:{_compact(dict(sorted(segment.keys)))}"
    elif isinstance(segment, Member):
        name = f"v:{_compact(segment.value)}"
    else:
        name = f"i:{segment}"
    below = fields.get(name)
    return below if isinstance(below, Mapping) else None


def _leaves(fields: Mapping[str, Any], path: Path = (), depth: int = 0) -> Iterator[Path]:
    if depth > 100:  # deeper than any schema: counts as one field
        yield path
        return
    for name, below in fields.items():
        segment = _segment(name)
        if segment is None:
            continue
        if isinstance(below, Mapping) and any(key != "." for key in below):
            yield from _leaves(below, (*path, segment), depth + 1)
        else:
            yield (*path, segment)


def _segment(name: str) -> Segment | None:
    kind, rest = name[:2], name[2:]
    if kind == "f:":
        return rest
    value = _json(rest)
    if kind == "k:" and isinstance(value, dict):
        return Item(tuple(value.items()))
    if kind == "v:":
        return Member(value)
    return value if kind == "i:" and isinstance(value, int) else None


def _writers(live: Mapping[str, Any]) -> Iterator[Writer]:
    for entry in items(mapping(live, "metadata"), "managedFields"):
        if isinstance(entry, dict) and entry.get("fieldsV1"):
            yield Writer(
                manager=text(entry, "manager"),
                is_apply=entry.get("operation") == "Apply",
                subresource=text(entry, "subresource"),
                time=parse_time(text(entry, "time")),
                fields=mapping(entry, "fieldsV1"),
            )


def _json(source: str) -> Any:
    try:
        return orjson.loads(source)
    except ValueError:  # also for a lone surrogate, which cannot be encoded
        return None


def _compact(value: object) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False, default=str)

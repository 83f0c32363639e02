"""Finds who wrote a field, from `metadata.managedFields` and the last-applied annotation.

The API server records ownership before mutating admission webhooks run, so values that they add have no owner. An
Update writer owns the defaults filled in with its write, an Apply writer only what it sent. A changed value gets a new
owner.
https://kubernetes.io/docs/reference/using-api/server-side-apply/
"""

import json
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
from bot.core.objects.tree import NOWHERE, Tree

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
# And that of the `helm` command, which a pipeline or a person may have run.
APPLYING_MANAGERS: Final = (*DEPLOYERS, "helm")

_LAST_APPLIED_PATH: Final = ("metadata", "annotations", LAST_APPLIED)
_IDENTITY: Final = ("apiVersion", "kind", "metadata")


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
        self._fields: _Fields | None = None
        self._last_applied: Tree | None = None
        self._deployers: frozenset[str] | None = None

    def owners(self, path: Path) -> list[Writer]:
        """Who owns the value at a path, or a list or mapping around it as a whole; the latest writer first."""
        owners: list[Writer] = []
        fields: _Fields | None = self._root
        for segment in path:
            if fields is None:
                break
            owners += fields.owners_of_all
            fields = fields.below(segment)
        owners += fields.owners if fields else ()
        self._steps.take(1 + len(path) // 4 + len(owners))
        return sorted(owners, key=_recency)

    def is_owned_by(self, path: Path, pattern: str) -> bool:
        """Whether the value at a path has an owner whose name matches a pattern."""
        return any(matches_glob(pattern, owner.manager, self._steps.take) for owner in self.owners(path))

    def is_person(self, writer: Writer) -> bool:
        """Whether this is a tool that people use by hand, through any subresource: /status also takes annotations."""
        if writer.manager in _CLIENT_SIDE_APPLY:
            return False
        return any(matches_glob(pattern, writer.manager) for pattern in self._interactive)

    def is_deployer(self, writer: Writer) -> bool:
        """Whether the writer applies what git declares: by its name, or because git declares most of its fields."""
        if self._deployers is None:
            desired = Tree(self._desired, self._steps)
            self._deployers = frozenset(
                writer.manager
                for writer in self.writers
                if writer.is_apply and not writer.subresource and _mostly_declared(writer, desired)
            )
        return writer.is_apply and writer.manager in self._deployers

    def is_client_side_apply(self, writer: Writer) -> bool:
        """Whether the writer is kubectl's client-side apply, whose manager is the same for people and deployers."""
        return writer.manager in _CLIENT_SIDE_APPLY

    def is_in_last_applied(self, path: Path) -> bool:
        """Whether the last-applied annotation holds a value at a path."""
        value = self._applied.at(path)
        return value is not NOWHERE and value is not None

    def has_lost_last_applied(self, path: Path) -> bool:
        """Whether `kubectl apply` wrote a value, and a person then removed or replaced the annotation."""
        if not any(map(self.is_client_side_apply, self.owners(path))):
            return False
        owners = self.owners(_LAST_APPLIED_PATH)
        return not owners or any(map(self.is_person, owners))

    def has_person_below(self, path: Path) -> bool:
        """Whether `kubectl apply` or a tool that people use by hand owns the value at a path, or anything in it."""
        entries = self._entries_at(path)
        self._steps.take(1 + len(entries))
        return any(self.is_person(writer) or self.is_client_side_apply(writer) for writer, _ in entries)

    def list_keys(self, path: Path) -> tuple[str, ...] | None:
        """The keys of a list, from who owns its items; () for a set, None if it is atomic or no one owns an item."""
        for _, fields in self._entries_at(path):
            self._steps.take()
            for name in fields:
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
    def _root(self) -> "_Fields":
        if self._fields is None:
            self._fields = _Fields([(writer, writer.fields) for writer in self.writers], self._steps)
        return self._fields

    def _entries_at(self, path: Path) -> "_Entries":
        """The writers that own the field at a path or anything in it, each with what it owns there."""
        fields: _Fields | None = self._root
        for segment in path:
            fields = fields.below(segment) if fields else None
        return fields.entries if fields else ()

    @property
    def _applied(self) -> Tree:
        """What `kubectl apply` last applied; empty if the annotation is missing or invalid."""
        if self._last_applied is None:
            applied = _json(text(mapping(self._live, "metadata", "annotations"), LAST_APPLIED))
            applied = applied if isinstance(applied, dict) else {}
            if string_data := mapping(applied, "stringData"):
                applied["data"] = {**mapping(applied, "data"), **string_data}
            self._last_applied = Tree(applied, self._steps)
        return self._last_applied

    @property
    def is_placeholder(self) -> bool:
        """Whether git declares only the metadata of the object, to be filled in inside the cluster."""
        return not any(value for key, value in self._desired.items() if key not in _IDENTITY)


def _mostly_declared(writer: Writer, desired: Tree) -> bool:
    if writer.manager in DEPLOYERS:
        return True
    paths = list(_leaves(writer.fields))
    declared = sum(desired.at(path) is not NOWHERE for path in paths)
    return declared > 0 and 2 * declared >= len(paths)


# ---------------------------------------------------------------- FieldsV1


class _Fields:
    """The FieldsV1 documents of all writers at one path.

    `owners` own the field, and `owners_of_all` everything below it too. Each level is merged when it is first needed,
    which takes time in proportion to its size, however many writers there are.
    """

    __slots__ = ("_below", "_entries_below", "_steps", "entries", "owners", "owners_of_all")

    def __init__(self, entries: "_Entries", steps: StepBudget) -> None:
        self.entries = entries
        self.owners = [writer for writer, fields in entries if not fields or "." in fields]
        self.owners_of_all = [writer for writer, fields in entries if not fields]
        self._entries_below: dict[str, list[_Entry]] | None = None
        self._below: dict[str, _Fields] = {}
        self._steps = steps

    def below(self, segment: Segment) -> "_Fields | None":
        """The fields one segment further down; None if no one owns any. Raises TooManyStepsError."""
        if self._entries_below is None:
            entries_below: dict[str, list[_Entry]] = {}
            for writer, fields in self.entries:
                self._steps.take(1 + len(fields))
                for name, below in fields.items():
                    if isinstance(below, Mapping):
                        entries_below.setdefault(_unescaped(name), []).append((writer, below))
            self._entries_below = entries_below
        name = _name(segment)
        if name not in self._below and name in self._entries_below:
            self._below[name] = _Fields(self._entries_below[name], self._steps)
        return self._below.get(name)


_Entry = tuple[Writer, Mapping[str, Any]]
_Entries = Sequence[_Entry]


def _recency(writer: Writer) -> tuple[bool, float]:
    """The latest writer comes first, and those without a time last."""
    return writer.time is None, -writer.time.timestamp() if writer.time else 0


def _name(segment: Segment) -> str:
    if isinstance(segment, str):
        return f"f:{segment}"
    if isinstance(segment, Item):
        return f"k:{_compact(dict(sorted(segment.keys)))}"
    if isinstance(segment, Member):
        return f"v:{_compact(segment.value)}"
    return f"i:{segment}"


def _unescaped(name: str) -> str:
    """A name as `_name` writes it: in keys and members, the API server escapes `&`, `<`, `>`, U+2028 and U+2029.

    https://pkg.go.dev/encoding/json#HTMLEscape
    """
    if "\\" in name and name.startswith(("k:", "v:")):
        return name[:2] + _compact(_json(name[2:]))
    return name


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

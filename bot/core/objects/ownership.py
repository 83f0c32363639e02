"""Who put a field there: what `metadata.managedFields` and the last-applied annotation say about it.

Ownership is recorded before mutating admission webhooks run, so what they put in has no owner. An Update writer owns
the defaults filled in at its write, an Apply writer what it sent; a changed value leaves its former owner's set.
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
from bot.core.objects.scalar import instant

LAST_APPLIED: Final = "kubectl.kubernetes.io/last-applied-configuration"

# The tools people use by hand, as the API server names them after the first word of the User-Agent. `Mozilla` and
# `node-fetch` are dashboards.
INTERACTIVE: Final = ("kubectl", "kubectl-*", "Mozilla", "node-fetch", "k9s", "oc", "unknown")

# Writes for whoever runs `kubectl apply`: the deployer itself, or a person. The annotation tells what was applied.
_CLIENT_SIDE_APPLY: Final = ("kubectl-client-side-apply", "kubectl-last-applied")

_DEPLOYERS: Final = (
    "argocd-controller",
    "argocd-application-controller",
    "kustomize-controller",
    "helm-controller",
    "flux-client-side-apply",
    "flux",
)

_MISSING: Final = object()


@dataclass(frozen=True, slots=True)
class Writer:
    """One entry of managedFields. `time` is its latest write, so "no later than"; a scale entry has none."""

    manager: str
    applied: bool
    subresource: str
    time: datetime | None
    fields: Mapping[str, Any]


class Ownership:
    """Answers of one live object; what it reads of it is read at the first question."""

    def __init__(self, live: Mapping[str, Any], declared: Mapping[str, Any], interactive: Sequence[str]) -> None:
        self._live = live
        self._declared = declared
        self._interactive = interactive
        self._writers: tuple[Writer, ...] | None = None
        self._applied: Mapping[str, Any] | None = None
        self._deployers: frozenset[str] | None = None

    def owners(self, path: Path) -> list[Writer]:
        """Who owns the value at a path, the latest write first; a list or mapping that is owned whole counts."""
        owners = [writer for writer in self.writers if _owns(writer.fields, path)]
        owners.sort(key=lambda writer: (writer.time is None, -(writer.time.timestamp() if writer.time else 0)))
        return owners

    def by_hand(self, writer: Writer) -> bool:
        """Whether this is a tool that people use by hand."""
        if writer.subresource == "status" or writer.manager in _CLIENT_SIDE_APPLY:
            return False
        return any(matches_glob(pattern, writer.manager) for pattern in self._interactive)

    def deploys(self, writer: Writer) -> bool:
        """Whether this writer applied what git declares: by its name, or because most of what it owns is declared."""
        if self._deployers is None:
            self._deployers = frozenset(
                writer.manager
                for writer in self.writers
                if writer.applied and not writer.subresource and self._mostly_declared(writer)
            )
        return writer.applied and writer.manager in self._deployers

    def by_kubectl_apply(self, writer: Writer) -> bool:
        """Whether this is kubectl's client-side apply, whose manager name tells nobody apart."""
        return writer.manager in _CLIENT_SIDE_APPLY

    def was_applied(self, path: Path) -> bool:
        """Whether the last-applied annotation holds something at a path."""
        found = look_up(self.last_applied, path)
        return found is not _MISSING and found is not None

    def list_keys(self, path: Path) -> tuple[str, ...] | None:
        """The keys of a list that no schema describes, from how its items are owned; () for a set, None for atomic."""
        for writer in self.writers:
            node = _descend(writer.fields, path)
            for name in node or ():
                if name.startswith("k:"):
                    keys = _json(name[2:])
                    return tuple(sorted(keys)) if isinstance(keys, dict) else None
                if name.startswith("v:"):
                    return ()
        return None

    @property
    def writers(self) -> tuple[Writer, ...]:
        """Every entry of managedFields that can be read."""
        if self._writers is None:
            self._writers = tuple(_writers(self._live))
        return self._writers

    @property
    def last_applied(self) -> Mapping[str, Any]:
        """What kubectl apply was last given; empty when nobody did, or it cannot be read."""
        if self._applied is None:
            annotations = _mapping(_mapping(self._live.get("metadata")).get("annotations"))
            text = annotations.get(LAST_APPLIED)
            self._applied = _mapping(_json(text)) if isinstance(text, str) else {}
            secrets = self._applied.get("stringData")
            if isinstance(secrets, Mapping):
                self._applied = {**self._applied, "data": {**_mapping(self._applied.get("data")), **secrets}}
        return self._applied

    def _mostly_declared(self, writer: Writer) -> bool:
        if writer.manager in _DEPLOYERS:
            return True
        leaves = list(_leaves(writer.fields))
        declared = sum(look_up(self._declared, path) is not _MISSING for path in leaves)
        return declared > 0 and 2 * declared >= len(leaves)


def look_up(value: Any, path: Path) -> Any:
    """What an object holds at a path; a marker that is not None when it holds nothing there."""
    for segment in path:
        value = _step(value, segment)
        if value is _MISSING:
            return _MISSING
    return value


def _step(value: Any, segment: Segment) -> Any:
    if isinstance(segment, str):
        return value.get(segment, _MISSING) if isinstance(value, Mapping) else _MISSING
    if not isinstance(value, list):
        return _MISSING
    if isinstance(segment, int):
        return value[segment] if segment < len(value) else _MISSING
    if isinstance(segment, Member):
        return segment.value if segment.value in value else _MISSING
    # A key that is left out holds its default, and the path has it filled in.
    return next(
        (item for item in value if isinstance(item, Mapping) and all(item.get(k, v) == v for k, v in segment.keys)),
        _MISSING,
    )


# ---------------------------------------------------------------- FieldsV1


def _owns(fields: Mapping[str, Any], path: Path) -> bool:
    node: Mapping[str, Any] = fields
    for segment in path:
        if not node:
            return True  # a leaf: everything below it is owned with it
        below = _below(node, segment)
        if below is None:
            return False
        node = below
    return not node or "." in node


def _descend(fields: Mapping[str, Any], path: Path) -> Mapping[str, Any] | None:
    node: Mapping[str, Any] | None = fields
    for segment in path:
        node = _below(node, segment) if node is not None else None
    return node


def _below(node: Mapping[str, Any], segment: Segment) -> Mapping[str, Any] | None:
    if isinstance(segment, str):
        found = node.get(f"f:{segment}")
    elif isinstance(segment, Item):
        found = node.get(f"k:{_compact(dict(sorted(segment.keys)))}")
    elif isinstance(segment, Member):
        found = node.get(f"v:{_compact(segment.value)}")
    else:
        found = node.get(f"i:{segment}")
    return found if isinstance(found, Mapping) else None


def _leaves(node: Mapping[str, Any], path: Path = (), depth: int = 0) -> Iterator[Path]:
    if depth > 100:  # deeper than any schema: counted as one field
        yield path
        return
    for name, below in node.items():
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
    entries = _mapping(live.get("metadata")).get("managedFields")
    for entry in entries if isinstance(entries, list) else ():
        if not isinstance(entry, Mapping):
            continue
        time = entry.get("time")
        yield Writer(
            manager=_text(entry.get("manager")),
            applied=entry.get("operation") == "Apply",
            subresource=_text(entry.get("subresource")),
            time=instant(time) if isinstance(time, str) else None,
            fields=_mapping(entry.get("fieldsV1")),
        )


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _json(text: str) -> Any:
    try:
        return orjson.loads(text)
    except ValueError:  # also for a lone surrogate, which cannot be encoded
        return None


def _compact(value: object) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False, default=str)

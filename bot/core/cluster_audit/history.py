"""The last states of objects, from which follows which fields each request changed, removals too.

The states are in memory only, and hold digests instead of values. The result doesn't depend on the order in which the
events arrive, as long as the states of an object are kept.
"""

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from bot.core.cluster_audit.event import ObjectState
from bot.core.cluster_audit.object_fields import Digests
from bot.core.cluster_audit.write import ClusterWrite, ObjectKey
from bot.core.objects.path import is_related

MAX_DIGESTS: Final = 200_000  # of all objects together; the objects that changed least recently are forgotten first
MAX_STATES: Final = 32  # of one object
MAX_FIELDS: Final = 500  # that one request changed


@dataclass(slots=True)
class _Entry:
    """A request as it was read, and its fields as they were last worked out."""

    read: ClusterWrite
    state: ObjectState
    known: ClusterWrite


class ObjectHistories:
    """The states of the objects of one cluster. Not for concurrent use."""

    def __init__(self) -> None:
        self._objects: OrderedDict[ObjectKey, dict[str, _Entry]] = OrderedDict()
        self._size = 0

    def add(self, write: ClusterWrite, state: ObjectState | None) -> list[ClusterWrite]:
        """Record a request; returns it, and every earlier one of which more is known now."""
        if state is None or write.version is None:
            return [write]
        entries = self._objects.setdefault(write.key, {})
        self._objects.move_to_end(write.key)
        if write.id in entries:
            return [entries[write.id].known]
        entries[write.id] = _Entry(write, state, write)
        self._size += len(state.digests)
        changed = _work_out(entries.values())
        self._evict(write.key)
        return changed if any(item.id == write.id for item in changed) else [write, *changed]

    def _evict(self, latest: ObjectKey) -> None:
        entries = self._objects[latest]
        if len(entries) > MAX_STATES:
            oldest = min(entries.values(), key=_order)
            self._size -= len(entries.pop(oldest.read.id).state.digests)
        while self._size > MAX_DIGESTS and len(self._objects) > 1:
            _, forgotten = self._objects.popitem(last=False)
            self._size -= sum(len(entry.state.digests) for entry in forgotten.values())


def _order(entry: _Entry) -> tuple[int, datetime, str]:
    """A request that changes nothing leaves the object's version as it is, so the time counts too."""
    return entry.read.version or 0, entry.read.time, entry.read.id


def _work_out(entries: Iterable[_Entry]) -> list[ClusterWrite]:
    """Compare each state with the one before; returns the requests of which that changes what is known."""
    before: Digests | None = None
    generation: int | None = None
    changed = []
    for entry in sorted(entries, key=_order):
        write, state = entry.read, entry.state
        after: Digests | None = state.digests
        if state.is_partial:
            after = None if before is None else {**before, **state.digests}
        fields = None if before is None or after is None else _changed(entry, before, after)
        if state.is_partial:
            generation = generation + 1 if generation is not None and fields else generation
        else:
            if generation is None or state.generation is None or state.generation > generation + 1:
                # Requests that are not in the log changed the object in between. Objects without a generation, such
                # as ConfigMaps, do not say so.
                fields = fields if generation is None and state.generation is None else None
            generation = state.generation
        before = after
        known = write if fields is None or write.is_exact else replace(write, fields=fields, is_exact=True)
        if known != entry.known:
            entry.known = known
            changed.append(known)
    return changed


def _changed(entry: _Entry, before: Digests, after: Digests) -> tuple[str, ...] | None:
    """The fields that differ, if the request can have changed them. None if they are too many."""
    differing = [path for path in {**before, **after} if before.get(path) != after.get(path)]
    if len(differing) > MAX_FIELDS:
        return None
    named, owned = entry.read.fields, entry.state.owned
    return tuple(
        sorted(
            path
            for path in differing
            if (named is None or any(is_related(path, name) for name in named))
            and (owned is None or path not in after or path in owned)
        )
    )

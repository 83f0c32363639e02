"""The last states of objects. Comparing them shows which fields each request changed or removed.

The states are in memory only, and hold digests instead of values. The result doesn't depend on the order in which the
events arrive, as long as the states of an object are kept.
"""

from collections import OrderedDict
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from bot.core.cluster_audit.event import ObjectState
from bot.core.cluster_audit.object_fields import MAX_FIELDS, Digests, bounded
from bot.core.cluster_audit.write import ClusterWrite, ObjectKey
from bot.core.objects.path import PathIndex

MAX_DIGESTS: Final = 200_000  # of all objects together; the objects that changed least recently are forgotten first
MAX_STATES: Final = 32  # of one object

_Order = tuple[int, datetime, str]


@dataclass(slots=True)
class _Entry:
    """A request as it was read, and with the fields that comparing states has found so far."""

    read: ClusterWrite
    state: ObjectState
    resolved: ClusterWrite

    @property
    def order(self) -> _Order:
        """A request that changes nothing keeps the object's version, so the time counts too."""
        return self.read.version or 0, self.read.time, self.read.id


@dataclass(frozen=True, slots=True)
class _Snapshot:
    """What is known about an object between two requests; `digests` is None if nothing is known."""

    digests: Digests | None = None
    api_version: str = ""
    generation: int | None = None


@dataclass(slots=True)
class _History:
    """The last requests for one object, and its state `before` and `after` them.

    `start` is the last request before them.
    """

    entries: dict[str, _Entry] = field(default_factory=dict)
    before: _Snapshot = _Snapshot()
    after: _Snapshot = _Snapshot()
    start: _Order | None = None

    @property
    def size(self) -> int:
        return sum(len(entry.state.digests) for entry in self.entries.values()) + len(self.before.digests or ())

    def work_out(self, new: _Entry) -> list[ClusterWrite]:
        """Compare each state from the new one with the one before; returns the requests whose changes this reveals.

        Requests usually arrive in order, so the others seldom have to be compared again.
        """
        ordered, changed = self._ordered(), list[ClusterWrite]()
        state, rest = (self.after, [new]) if ordered[-1] is new else (self.before, ordered)
        for entry in rest:
            state, resolved = _follow(state, entry)
            if resolved != entry.resolved:
                entry.resolved = resolved
                changed.append(resolved)
        self.after = state
        return changed

    def forget_oldest(self) -> None:
        oldest = self._ordered()[0]
        self.before, _ = _follow(self.before, oldest)
        self.start = oldest.order
        del self.entries[oldest.read.id]

    def _ordered(self) -> list[_Entry]:
        return sorted(self.entries.values(), key=lambda entry: entry.order)


class ObjectHistories:
    """The states of the objects of one cluster. Not thread-safe."""

    def __init__(self) -> None:
        self._histories: OrderedDict[ObjectKey, _History] = OrderedDict()
        self._size = 0

    def add(self, write: ClusterWrite, state: ObjectState | None) -> list[ClusterWrite]:
        """Record a request. Returns it, and every other request whose changes are now better known."""
        if state is None or write.version is None:
            return [write]
        history = self._histories.setdefault(write.key, _History())
        self._histories.move_to_end(write.key)
        entry = _Entry(write, state, write)
        if write.id in history.entries:
            return [history.entries[write.id].resolved]
        if history.start is not None and entry.order <= history.start:
            return [write]  # it is older than the remembered states
        before = history.size
        history.entries[write.id] = entry
        changed = history.work_out(entry)
        if len(history.entries) > MAX_STATES:
            history.forget_oldest()
        self._size += history.size - before
        while self._size > MAX_DIGESTS and len(self._histories) > 1:
            _, forgotten = self._histories.popitem(last=False)
            self._size -= forgotten.size
        return changed if any(item.id == write.id for item in changed) else [write, *changed]


def _follow(before: _Snapshot, entry: _Entry) -> tuple[_Snapshot, ClusterWrite]:
    """What is known about an object after a request, and about the request."""
    write, state = entry.read, entry.state
    if state.is_partial:
        if before.digests is None:
            return before, write
        after = {**before.digests, **state.digests}
        fields = _changed(entry, before.digests, after)
        api_version, generation = before.api_version, before.generation
        if generation is not None and fields:
            generation += 1
    else:
        after, api_version, generation = state.digests, state.api_version, state.generation
        is_next = generation is None or before.generation is None or generation <= before.generation + 1
        # If not, requests that are not in the log changed the object in between. Objects without a generation, such as
        # ConfigMaps, don't show this.
        is_comparable = before.digests is not None and before.api_version == api_version and is_next
        fields = _changed(entry, before.digests or {}, after) if is_comparable else None
    if fields is not None and not write.is_exact:
        removed = tuple(path for path in fields if path not in after)
        write = replace(write, fields=fields, removed=removed, is_exact=True)
    return _Snapshot(after, api_version, generation), write


def _changed(entry: _Entry, before: Digests, after: Digests) -> tuple[str, ...] | None:
    """The fields that differ, if the request can have changed them; None if there are too many."""
    differing = [path for path in {**before, **after} if before.get(path) != after.get(path)]
    if len(differing) > MAX_FIELDS:
        return None
    owned = entry.state.owned
    named = None if entry.read.fields is None else PathIndex(entry.read.fields)
    return bounded(
        sorted(
            path
            for path in differing
            if (named is None or named.has_related(path)) and (owned is None or path not in after or path in owned)
        )
    )

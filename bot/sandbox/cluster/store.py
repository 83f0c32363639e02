"""Objects in memory, by kind, namespace and name, with a growing resourceVersion and a log for watches."""

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import orjson

from bot.sandbox.cluster.errors import not_found

Object = dict[str, Any]
Key = tuple[str, str]  # namespace ("" for cluster-scoped), name
Collection = tuple[str, str]  # group, plural

LOG_LENGTH = 20_000


@dataclass(frozen=True, slots=True)
class Entry:
    """One version of one object, never changed in place; `body` is its JSON without apiVersion and kind."""

    object: Object
    body: bytes


@dataclass(frozen=True, slots=True)
class Event:
    """One write: `type` is ADDED, MODIFIED or DELETED."""

    version: int
    type: str
    collection: Collection
    key: Key
    entry: Entry


def entry_of(document: Object) -> Entry:
    """An object with its JSON, serialized once for all lists."""
    return Entry(document, orjson.dumps({k: v for k, v in document.items() if k not in ("apiVersion", "kind")}))


class Store:
    """Callers must hold `lock`; listeners are called with it held and must only send signals."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.version = 1
        self.log: deque[Event] = deque(maxlen=LOG_LENGTH)
        self._forgotten = 0  # the version up to which events were forgotten
        self.listeners: set[Callable[[], None]] = set()
        self._collections: dict[Collection, dict[Key, Entry]] = {}
        self._sorted: dict[Collection, list[Key]] = {}

    def get(self, collection: Collection, key: Key) -> Entry | None:
        """The current version of an object."""
        return self._collections.get(collection, {}).get(key)

    def require(self, collection: Collection, key: Key, resource: str) -> Entry:
        """The current version of an object. Raises ApiError 404 with the name of `resource` if it does not exist."""
        entry = self.get(collection, key)
        if entry is None:
            raise not_found(resource, key[1])
        return entry

    def items(self, collection: Collection, namespace: str | None = None) -> list[tuple[Key, Entry]]:
        """Objects, ordered by namespace and name."""
        entries = self._collections.get(collection, {})
        if collection not in self._sorted:
            self._sorted[collection] = sorted(entries)
        return [(key, entries[key]) for key in self._sorted[collection] if namespace is None or key[0] == namespace]

    def everything(self) -> list[tuple[Collection, Key, Entry]]:
        """All objects of all kinds."""
        return [(collection, *item) for collection in list(self._collections) for item in self.items(collection)]

    def put(self, collection: Collection, key: Key, document: Object) -> Entry:
        """Write an object and set its resourceVersion."""
        entries = self._collections.setdefault(collection, {})
        self.version += 1
        document["metadata"]["resourceVersion"] = str(self.version)
        entry = entry_of(document)
        added = key not in entries
        if added:
            self._sorted.pop(collection, None)
        entries[key] = entry
        self._record("ADDED" if added else "MODIFIED", collection, key, entry)
        return entry

    def remove(self, collection: Collection, key: Key) -> Entry:
        """Delete an object and return its last state, at the deletion's version. Raises KeyError if there is none."""
        removed = self._collections[collection].pop(key)
        self._sorted.pop(collection, None)
        self.version += 1
        metadata = removed.object["metadata"] | {"resourceVersion": str(self.version)}
        entry = entry_of(removed.object | {"metadata": metadata})
        self._record("DELETED", collection, key, entry)
        return entry

    def since(self, version: int) -> list[Event] | None:
        """Writes after this version, oldest first; None if the log does not reach back that far."""
        if version < (self.log[0].version - 1 if self.log else self._forgotten):
            return None
        events = []
        for event in reversed(self.log):
            if event.version <= version:
                break
            events.append(event)
        return events[::-1]

    def forget_events(self) -> None:
        """Forget every event, as etcd does after a while."""
        self.log.clear()
        self._forgotten = self.version

    def _record(self, kind: str, collection: Collection, key: Key, entry: Entry) -> None:
        self.log.append(Event(self.version, kind, collection, key, entry))
        for listener in tuple(self.listeners):
            listener()

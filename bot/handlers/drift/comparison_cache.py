"""Caches comparisons, so that a drift check compares only what has changed since the last one.

It contains no live objects, and at most as many differences as one check keeps.
"""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from bot.core.drift.autoscaling import ReplicaRange
from bot.core.drift.compare import Comparison
from bot.core.drift.ignore_rules import IgnoreRule
from bot.core.objects.managed_fields import INTERACTIVE
from bot.core.objects.step_budget import MAX_KEPT
from bot.handlers.rendering.manifest_cache import ManifestCache

# If no check has compared an object for this long, the object or its application no longer exists.
_EVICTED_AFTER = timedelta(days=1)

Object = Mapping[str, Any]
ObjectKey = tuple[object, ...]  # cluster, apiVersion, kind, namespace, name


@dataclass(frozen=True, slots=True)
class CompareOptions:
    """How to judge differences: ignore rules, and patterns of field managers that people use by hand.

    With `explain`, the comparison also has the defaults that the server filled in.
    """

    ignore: tuple[IgnoreRule, ...] = ()
    interactive: tuple[str, ...] = INTERACTIVE
    explain: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class CacheKey:
    """Everything that a comparison depends on.

    `desired` is the manifest's object, `live_version` identifies the live object and its last write, `openapi` is the
    OpenAPI document that describes both, and `replica_ranges` are those of the autoscalers that target the object.
    """

    desired: Object
    live_version: tuple[str, ...]
    openapi: Object | None
    replica_ranges: tuple[ReplicaRange, ...]
    options: CompareOptions

    def matches(self, other: "CacheKey") -> bool:
        """Whether both give the same comparison.

        Objects are compared by identity, which is fast, and because Python's `1` equals `True`.
        """
        return (
            self.live_version == other.live_version != ()
            and self.desired is other.desired
            and self.openapi is other.openapi
            and self.replica_ranges == other.replica_ranges
            and self.options == other.options
        )


@dataclass(slots=True)
class _Entry:
    cache_key: CacheKey
    comparison: Comparison
    used_at: datetime | None = None  # None: since the last eviction


class ComparisonCache:
    """The latest comparison of each object. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entries: dict[ObjectKey, _Entry] = {}
        self._size = 0  # of all comparisons

    def __len__(self) -> int:
        """How many comparisons it holds."""
        return len(self._entries)

    def get_or_compare(
        self, object_key: ObjectKey, cache_key: CacheKey, compare: Callable[[], Comparison]
    ) -> Comparison:
        """The cached comparison of an object if its key still matches, else a new one, which is cached if final."""
        entry = self._entries.get(object_key)
        if entry is None or not entry.cache_key.matches(cache_key):
            entry = _Entry(cache_key, compare())
            if not entry.comparison.is_final:
                return entry.comparison
            with self._lock:
                self._put(object_key, entry)
        entry.used_at = None
        return entry.comparison

    def evict(self, now: datetime) -> None:
        """Drop comparisons that no check has used for a day."""
        with self._lock:
            # Don't copy the items: ten thousand new tuples would trigger a full garbage collection.
            for entry in self._entries.values():
                entry.used_at = entry.used_at or now
            oldest = now - _EVICTED_AFTER
            unused = [key for key, entry in self._entries.items() if entry.used_at and entry.used_at < oldest]
            for object_key in unused:
                self._size -= self._entries.pop(object_key).comparison.size

    def _put(self, object_key: ObjectKey, entry: _Entry) -> None:
        replaced = self._entries.pop(object_key, None)
        self._size += entry.comparison.size - (replaced.comparison.size if replaced else 0)
        if self._size > MAX_KEPT:
            self._entries.clear()
            self._size = entry.comparison.size
        self._entries[object_key] = entry


@dataclass(frozen=True, slots=True)
class Caches:
    """The caches that a series of drift checks shares: rendered manifests, and comparisons."""

    manifest_cache: ManifestCache = field(default_factory=ManifestCache)
    comparison_cache: ComparisonCache = field(default_factory=ComparisonCache)

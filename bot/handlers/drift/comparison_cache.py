"""What earlier drift checks worked out, so that a check works on what moved and on nothing else.

Whoever checks again and again owns one `Caches` and passes it in. No live object is held.
"""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from bot.core.drift.compare import Comparison
from bot.core.drift.ignore import IgnoreRule
from bot.core.objects.ownership import INTERACTIVE
from bot.handlers.rendering.manifest_cache import ManifestCache

# An object that no check has met for so long is gone, or its application is.
_FORGOTTEN_AFTER = timedelta(days=1)

Object = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Rules:
    """What the operator says of differences: which to ignore, and which field managers are tools that people use.

    `explain` asks for everything that was set aside, the server's defaults too.
    """

    ignore: tuple[IgnoreRule, ...] = ()
    interactive: tuple[str, ...] = INTERACTIVE
    explain: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class CacheKey:
    """All that a comparison rests on. `declared` is a manifest's object, `version` the live one's resourceVersion.

    `document` is the OpenAPI document that describes it; `scaled` says whether an autoscaler has it as its target.
    """

    declared: Object
    version: str
    document: Object | None
    scaled: bool
    rules: Rules

    def is_still(self, other: "CacheKey") -> bool:
        """Whether the same comes out. What was read anew counts as another: `1` and `true` are equal in Python."""
        return (
            self.version == other.version != ""
            and self.declared is other.declared
            and self.document is other.document
            and self.scaled == other.scaled
            and self.rules == other.rules
        )


@dataclass(slots=True)
class _Known:
    basis: CacheKey
    comparison: Comparison
    used: datetime


class ComparisonCache:
    """The latest comparison of each object, for as long as its basis is what it was. Any thread may call."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[tuple[object, ...], _Known] = {}

    def __len__(self) -> int:
        """How many comparisons are held."""
        return len(self._known)

    def recall(
        self, key: tuple[object, ...], basis: CacheKey, compare: Callable[[], Comparison], *, now: datetime
    ) -> Comparison:
        """The comparison under a key: the one that is known where it still holds, else a new one."""
        known = self._known.get(key)
        if known is None or not known.basis.is_still(basis):
            known = _Known(basis, compare(), now)
            with self._lock:
                self._known[key] = known
        known.used = now
        return known.comparison

    def forget(self, now: datetime) -> None:
        """Drop what no check has met for a day."""
        with self._lock:
            gone = [key for key, known in self._known.items() if now - known.used > _FORGOTTEN_AFTER]
            for key in gone:
                del self._known[key]


@dataclass(frozen=True, slots=True)
class Caches:
    """Both, for one owner."""

    manifest_cache: ManifestCache = field(default_factory=ManifestCache)
    compared: ComparisonCache = field(default_factory=ComparisonCache)

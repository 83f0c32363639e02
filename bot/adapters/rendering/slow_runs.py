"""Limits the time that slow renderings of one tenant, and of all tenants, take from the checks of the others."""

import math
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Final

from cachetools import LRUCache

from bot.core.rendering.limits import SLOW_SECONDS, SLOW_WINDOW_SECONDS, Limits
from bot.i18n.catalogue import render as texts
from bot.i18n.language import LocalizedText
from bot.ports.rendering import RenderPostponedError, RenderStoppedError
from bot.ports.tenant import CURRENT_TENANT

_MAX_TENANTS: Final = 1_000


class _Usage:
    """The seconds that slow runs have used; `budget` seconds are forgotten in each SLOW_WINDOW_SECONDS."""

    def __init__(self, budget: float) -> None:
        self._rate = budget / SLOW_WINDOW_SECONDS
        self._used = 0.0
        self._at = time.monotonic()

    def add(self, seconds: float) -> float:
        """Add to the seconds, and return all of them."""
        now = time.monotonic()
        self._used = max(0.0, self._used - (now - self._at) * self._rate) + seconds
        self._at = now
        return self._used


class SlowRuns:
    """The time taken by runs longer than SLOW_SECONDS. Thread-safe.

    Once those of a tenant have taken `budget` seconds, its runs are stopped after SLOW_SECONDS; once those of all
    tenants have taken three times as much, a third of `budget` is enough for that. Once those of a tenant have taken
    twice `budget`, none of its runs start. A `budget` of infinity is for a single check.
    """

    def __init__(self, budget: float = math.inf) -> None:
        self._budget = budget
        self._usage: LRUCache[str, _Usage] = LRUCache(_MAX_TENANTS)  # by tenant
        self._usage_of_all = _Usage(budget)
        self._lock = threading.Lock()

    @contextmanager
    def limited(self, limits: Limits, what: str) -> Iterator[Limits]:
        """The limits for a run of the current tenant, which is inside. Raises RenderPostponedError."""
        if math.isinf(self._budget):
            yield limits
            return
        postponed = RenderPostponedError(LocalizedText(texts.POSTPONED, what=what))
        used, used_by_all = self._add(0.0)
        if used >= 2 * self._budget:
            raise postponed
        share = self._budget if used_by_all < 3 * self._budget else self._budget / 3
        is_short = used >= share
        start = time.monotonic()
        try:
            yield replace(limits, seconds=min(SLOW_SECONDS, limits.seconds)) if is_short else limits
        except RenderStoppedError as error:
            if is_short:
                raise postponed from error
            raise
        finally:
            seconds = time.monotonic() - start
            if seconds >= SLOW_SECONDS:
                self._add(seconds)

    def _add(self, seconds: float) -> tuple[float, float]:
        """Add to the seconds that the current tenant has used. Returns them, and those of all tenants."""
        with self._lock:
            usage = self._usage.setdefault(CURRENT_TENANT.get(), _Usage(self._budget))
            return usage.add(seconds), self._usage_of_all.add(seconds)

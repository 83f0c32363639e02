"""Limits the time that slow and failed renderings of one tenant, and of all tenants, take from the checks of others."""

import math
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Final

from cachetools import LRUCache

from bot.core.leaky_bucket import LeakyBucket
from bot.core.rendering.limits import SLOW_SECONDS, SLOW_WINDOW_SECONDS, Limits
from bot.i18n.catalogue import render as texts
from bot.i18n.language import LocalizedText
from bot.ports.rendering import RenderPostponedError, RenderStoppedError
from bot.ports.tenant import CURRENT_TENANT

_MAX_TENANTS: Final = 1_000


@dataclass(slots=True)
class LimitedRun:
    """A run with its limits; `succeeded` is set once it has ended with a result."""

    limits: Limits
    succeeded: bool = False


class SlowRuns:
    """The time taken by runs that last SLOW_SECONDS or that fail, which are tried again and again. Thread-safe.

    Once those of a tenant have taken `budget` seconds, its runs are stopped after SLOW_SECONDS; once those of all
    tenants have taken three times as much, a third of `budget` is enough for that. Once those of a tenant have taken
    twice `budget`, none of its runs start. A `budget` of infinity is for a single check.
    """

    def __init__(self, budget: float = math.inf) -> None:
        self._budget = budget
        self._used: LRUCache[str, LeakyBucket] = LRUCache(_MAX_TENANTS)  # by tenant
        self._used_by_all = self._bucket()
        self._lock = threading.Lock()

    @contextmanager
    def limited(self, limits: Limits, what: str) -> Iterator[LimitedRun]:
        """Measure a run of the current tenant, made in the `with` block, and yield its limits.

        Raises RenderPostponedError if the tenant has used up its time.
        """
        if math.isinf(self._budget):
            yield LimitedRun(limits)
            return
        postponed = RenderPostponedError(LocalizedText(texts.POSTPONED, what=what))
        used, used_by_all = self._add(0.0)
        if used >= 2 * self._budget:
            raise postponed
        share = self._budget if used_by_all < 3 * self._budget else self._budget / 3
        is_short = used >= share
        run = LimitedRun(replace(limits, seconds=min(SLOW_SECONDS, limits.seconds)) if is_short else limits)
        start = time.monotonic()
        try:
            yield run
        except RenderStoppedError as error:
            if is_short:
                raise postponed from error
            raise
        finally:
            seconds = time.monotonic() - start
            if seconds >= SLOW_SECONDS or not run.succeeded:
                self._add(seconds)

    def _add(self, seconds: float) -> tuple[float, float]:
        """Add to the seconds that the current tenant has used. Returns them, and those of all tenants."""
        now = time.monotonic()
        with self._lock:
            used = self._used.setdefault(CURRENT_TENANT.get(), self._bucket())
            used.add(seconds, now)
            self._used_by_all.add(seconds, now)
            return used.level(now), self._used_by_all.level(now)

    def _bucket(self) -> LeakyBucket:
        return LeakyBucket(math.inf, self._budget / SLOW_WINDOW_SECONDS, time.monotonic())

"""Keeps the cards of incidents from one pass to the next: to build those of a large incident takes seconds."""

from collections.abc import Callable, Hashable
from hashlib import sha256
from typing import Any

from bot.core.incidents.incident import Incident


class KeptCards:
    """What the latest two passes built, by all that it depends on. Not thread-safe."""

    def __init__(self) -> None:
        self._current: dict[Hashable, Any] = {}
        self._last: dict[Hashable, Any] = {}

    def begin_pass(self) -> None:
        """Forget what the last pass didn't use."""
        self._last, self._current = self._current, {}

    def get(self, key: Hashable, build: Callable[[], Any]) -> Any:
        """What `build` returns, or returned for this key."""
        if key not in self._current:
            self._current[key] = self._last[key] if key in self._last else build()
        return self._current[key]


def fingerprint(incident: Incident) -> bytes:
    """The same only for incidents that are the same in every respect: `==` takes `1` for `true`."""
    return sha256(repr(incident).encode(errors="backslashreplace")).digest()

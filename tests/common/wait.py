"""Waits for a state that another thread or process causes."""

import threading
import time
from collections.abc import Callable
from typing import TypeVar

Value = TypeVar("Value")

DEADLINE = 60.0  # seconds; only a failing test waits this long
_INTERVAL = 0.05
_SHARE = 0.1  # of the time that is spent on looking, so that what is waited for gets the processor
_never = threading.Event()


def wait_for(
    condition: Callable[[], Value | None], *, seconds: float = DEADLINE, failure: Callable[[], object] | None = None
) -> Value:
    """The first true value of `condition`. Raises AssertionError at the deadline, with what `failure` returns."""
    deadline = time.monotonic() + seconds
    while True:
        looked_at = time.monotonic()
        if value := condition():
            return value
        now = time.monotonic()
        assert now < deadline, failure() if failure else f"nothing after {seconds:g} s"
        _never.wait(max(_INTERVAL, (now - looked_at) / _SHARE))

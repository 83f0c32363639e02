"""Waits for a state that another thread or process causes."""

import threading
import time
from collections.abc import Callable
from typing import TypeVar

Value = TypeVar("Value")

DEADLINE = 60.0  # seconds; only a failing test waits this long
_INTERVAL = 0.05
_never = threading.Event()


def wait_for(
    condition: Callable[[], Value | None], *, seconds: float = DEADLINE, failure: Callable[[], object] | None = None
) -> Value:
    """The first true value of `condition`. Raises AssertionError at the deadline, with what `failure` returns."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < deadline, failure() if failure else f"nothing after {seconds:g} s"
        _never.wait(_INTERVAL)
    return value

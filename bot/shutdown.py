"""Ends the bot in time: the grace period in manifests/base/deployment.yaml is longer than all of these together.

What hangs, such as a request to a server that sends a byte now and then, is left behind.
"""

import logging
import os
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Final

from bot.ports.errors import PortError
from bot.ports.isolation import unexpected_as_port_error
from bot.work_pool import WorkPool

_log = logging.getLogger(__name__)

_DRAIN_SECONDS: Final = 20.0
_REPORT_SECONDS: Final = 10.0
_CLOSE_SECONDS: Final = 8.0
_EXIT_SECONDS: Final = 2.0


def stop(jobs: Callable[[], object], work: WorkPool, report: Callable[[], object], close: Callable[[], object]) -> None:
    """Stop the jobs and drain the work at the same time; then report, then close. Logs what fails or takes too long."""
    _finish(_DRAIN_SECONDS, "running work", jobs, partial(work.drain, _DRAIN_SECONDS))
    _finish(_REPORT_SECONDS, "the last messages", report)
    _finish(_CLOSE_SECONDS, "the end of the bot", close)


def exit_in_time() -> None:
    """End the process with status 0 if it doesn't end by itself. At its end, Python waits for threads of every pool."""
    timer = threading.Timer(_EXIT_SECONDS, os._exit, [0])
    timer.daemon = True
    timer.start()


def _finish(seconds: float, what: str, *steps: Callable[[], object]) -> None:
    """Run these steps at the same time, and wait up to `seconds` for them."""
    threads = [threading.Thread(target=_run, args=(what, step), name="shutdown", daemon=True) for step in steps]
    for thread in threads:
        thread.start()
    until = time.monotonic() + seconds
    for thread in threads:
        thread.join(max(0.0, until - time.monotonic()))
    if any(thread.is_alive() for thread in threads):
        _log.warning("stopping: %s did not finish within %.0f s", what, seconds)


def _run(what: str, step: Callable[[], object]) -> None:
    try:
        with unexpected_as_port_error(what):
            step()
    except PortError as error:
        _log.warning("stopping: %s failed: %s", what, error)

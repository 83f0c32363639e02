"""Threads that carry the submitter's context, so that a job's spans belong to the same trace."""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextvars import copy_context
from functools import partial
from typing import Final, ParamSpec, TypeVar

_TURN_SECONDS: Final = 1.0  # then a job no longer keeps others from starting
_MAX_STARTING: Final = 4  # jobs of one caller that have not run for that long

_Item = TypeVar("_Item")
_Parameters = ParamSpec("_Parameters")
_Result = TypeVar("_Result")


class ContextThreadPool(ThreadPoolExecutor):
    """A ThreadPoolExecutor whose jobs run in a copy of the submitter's context variables."""

    def submit(
        self, fn: Callable[_Parameters, _Result], /, *args: _Parameters.args, **kwargs: _Parameters.kwargs
    ) -> Future[_Result]:
        """Run the job as soon as a thread is free."""
        return super().submit(partial(copy_context().run, fn, *args, **kwargs))


def run_in_thread(
    name: str, fn: Callable[_Parameters, _Result], /, *args: _Parameters.args, **kwargs: _Parameters.kwargs
) -> Future[_Result]:
    """Run the job in a thread of its own, for which the process doesn't wait when it ends."""
    result: Future[_Result] = Future()
    context = copy_context()

    def run() -> None:
        try:
            result.set_result(context.run(fn, *args, **kwargs))
        except Exception as error:  # noqa: BLE001  raised where the result is used
            result.set_exception(error)

    threading.Thread(target=run, name=name, daemon=True).start()
    return result


def run_for_at_most(
    seconds: float, items: Iterable[_Item], start: Callable[[_Item], Future[_Result]]
) -> Iterator[tuple[_Item, Future[_Result]]]:
    """Start a job for each item, a few at a time. Yields each once it has ended, or taken this long and goes on."""
    waiting = deque(items)
    started: dict[Future[_Result], tuple[_Item, float]] = {}
    while waiting or started:
        now = time.monotonic()
        while waiting and sum(now - began < _TURN_SECONDS for _, began in started.values()) < _MAX_STARTING:
            item = waiting.popleft()
            started[start(item)] = item, now
        wait(started, _TURN_SECONDS, FIRST_COMPLETED)
        for job, (item, began) in list(started.items()):
            if job.done() or time.monotonic() - began >= seconds:
                del started[job]
                yield item, job

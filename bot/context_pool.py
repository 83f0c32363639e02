"""Threads that carry the submitter's context, so that a job's spans belong to the same trace."""

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from functools import partial
from typing import ParamSpec, TypeVar

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

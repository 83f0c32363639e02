"""A thread pool that carries the submitter's context, so that a job's spans belong to the same trace."""

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

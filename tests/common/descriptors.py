"""A process with many open files, as that of a large fleet."""

import os
import resource
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager


@contextmanager
def many_open_files() -> Iterator[None]:
    """In the block, new descriptors of this process are above 1,023, the largest that select(2) can wait for."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with ExitStack() as stack:
        stack.callback(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 2048), hard))
        while (descriptor := os.open(os.devnull, os.O_RDONLY)) < 1100:
            stack.callback(os.close, descriptor)
        os.close(descriptor)
        yield

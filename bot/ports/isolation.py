"""Isolates failures: an unexpected error in one item of a batch makes only that item unknown.

The item's error has a reference to the traceback in the log. The same failure always has the same reference, so that
cards that show it do not change.
"""

import logging
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from hashlib import sha256
from traceback import extract_tb
from typing import Final, TypeVar

from bot.i18n.catalogue import error as texts
from bot.i18n.language import LocalizedError, LocalizedText
from bot.ports.errors import PortError

_log = logging.getLogger(__name__)
_MAX_LOGGED: Final = 1024  # logged failures to remember

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


class UnexpectedError(PortError):
    """A bug in the bot affects one item. The text has the reference in the log."""


@contextmanager
def unexpected_as_port_error(what: str) -> Iterator[None]:
    """Turn an unexpected error in the block, which works on `what`, into an UnexpectedError.

    Expected errors, which have a text for people, are raised unchanged.
    """
    try:
        yield
    except LocalizedError:
        raise
    except Exception as error:
        # Without the cause, since its traceback would keep everything that the block has read in memory.
        raise UnexpectedError(LocalizedText(texts.UNEXPECTED, reference=_log_failure(what, error))) from None


@contextmanager
def skip_unexpected(what: str) -> Iterator[None]:
    """Log an unexpected error in the block, which works on `what`, and continue after the block."""
    with suppress(UnexpectedError), unexpected_as_port_error(what):
        yield


def without_failing(
    items: Iterable[_Item], work: Callable[[Sequence[_Item]], _Result], name: Callable[[_Item], str]
) -> _Result:
    """`work(items)`; if that fails unexpectedly, `work` on the items for which it succeeds one by one."""
    batch = list(items)
    try:
        return work(batch)
    except LocalizedError:
        raise
    except Exception:
        sound = []
        for item in batch:
            with skip_unexpected(name(item)):
                work([item])
                sound.append(item)
        if len(sound) == len(batch):
            raise
        return work(sound)


_logged: deque[str] = deque(maxlen=_MAX_LOGGED)


def _log_failure(what: str, error: Exception) -> str:
    """Log the error, with its traceback the first time, and return its reference."""
    frames = extract_tb(error.__traceback__)
    place = f"{frames[-1].filename}:{frames[-1].lineno}" if frames else ""
    # A recursion can fail in any of its frames.
    place = "" if isinstance(error, RecursionError) else place
    reference = sha256(f"{what}\n{type(error).__name__}\n{place}".encode(errors="replace")).hexdigest()[:8]
    if reference not in _logged:
        _logged.append(reference)  # two threads may log it twice, which is harmless
        _log.error("%s failed (reference %s)", what, reference, exc_info=error)
    else:
        _log.debug("%s failed again with %s (reference %s)", what, type(error).__name__, reference)
    return reference

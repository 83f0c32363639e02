"""Bounds the time of the merges that verify one change, which people can make arbitrarily slow."""

import time
from collections.abc import Callable
from typing import Final

from bot.i18n.catalogue import repository as texts
from bot.i18n.language import LocalizedText
from bot.ports.git import Merged, Repository, RepositoryError

MAX_SECONDS: Final = 300.0  # after which no more merges start


class MergeTimeExceededError(RepositoryError):
    """The merges for one change took too long together; the slow ones are remembered for the next time."""


class MergeTime:
    """The time that the merges for one change have taken."""

    def __init__(self) -> None:
        self._spent = 0.0

    def produces(self, repository: Repository, revision: str, merge: Callable[[], Merged]) -> bool:
        """Whether a merge has no conflicts, and exactly the content of `revision`.

        Raises RepositoryError, and MergeTimeExceededError if earlier merges have used up the time.
        """
        if self._spent >= MAX_SECONDS:
            raise MergeTimeExceededError(LocalizedText(texts.SLOW_MERGES, name=repository.name, n=f"{MAX_SECONDS:g}"))
        started = time.monotonic()
        try:
            merged = merge()
        finally:
            self._spent += time.monotonic() - started
        return not merged.conflicts and merged.tree == repository.tree_id(revision, "")

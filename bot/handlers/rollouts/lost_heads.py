"""Recorded heads that neither the mirror nor the remote has: the branch was rewritten, and the mirror is a new one."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from bot.core.waiting import is_waiting
from bot.ports.git import Repository, RepositoryError

_PATIENCE: Final = timedelta(minutes=10)  # a remote that lags behind what another replica fetched catches up in less


class LostHeads:
    """When each recorded head was first found missing, by the key of its RepositoryRef. One thread for each key."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._missing: dict[str, tuple[str, datetime]] = {}

    def is_lost(self, repository: Repository, recorded: str | None, head: str) -> bool:
        """Whether the recorded head has been missing for 10 minutes. Fetches it if the remote has it."""
        if recorded in (None, head) or _is_available(repository, recorded):
            self._missing.pop(repository.name, None)
            return False
        now = self._clock()
        sha, since = self._missing.get(repository.name, (recorded, now))
        if sha != recorded:
            since = now
        self._missing[repository.name] = recorded, since
        return not is_waiting(since + _PATIENCE, now, _PATIENCE)


def _is_available(repository: Repository, sha: str) -> bool:
    try:
        return repository.fetch_commit(sha)
    except RepositoryError:  # the branch was fetched, so this commit is the problem
        return False

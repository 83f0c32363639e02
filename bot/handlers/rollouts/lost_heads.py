"""Recorded heads that neither the mirror nor the remote has: the branch was rewritten, and the mirror is a new one."""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from bot.core.waiting import is_waiting
from bot.ports.git import Repository, RepositoryError

_log = logging.getLogger(__name__)

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
        if is_waiting(since + _PATIENCE, now, _PATIENCE):
            return False
        _log.warning("commit %s of %s is lost; merges since then are not reported", recorded, repository.name)
        return True


def _is_available(repository: Repository, sha: str) -> bool:
    try:
        return repository.fetch_commit(sha)
    except RepositoryError:  # the branch was fetched, so this commit is the problem
        return False

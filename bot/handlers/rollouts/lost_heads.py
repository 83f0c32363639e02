"""Recorded heads that a remote no longer has in the branch: it was rewritten, or the remote lags behind."""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from bot.core.git.repository_ref import RepositoryRef
from bot.i18n.catalogue import repository as texts
from bot.i18n.language import LocalizedText
from bot.ports.git import Repository, RepositoryError, RevisionNotFoundError

_log = logging.getLogger(__name__)

# A remote that lags behind what another replica fetched catches up in less.
_PATIENCE: Final = timedelta(minutes=10)  # without the commit
_PATIENCE_WITH_COMMIT: Final = timedelta(minutes=2)
_PATIENCE_WITH_ERRORS: Final = timedelta(hours=1)  # if the fetch of the recorded head fails for an unknown reason


class LostHeads:
    """Since when each remote may lag behind the recorded head, by the key of its RepositoryRef. One thread for each."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._since: dict[str, dict[str, datetime]] = {}  # by the repository and its state

    def is_lost(self, repository: Repository, recorded: str | None, head: str, *, may_fetch: bool) -> bool:
        """Whether neither the mirror nor the remote has the recorded head. If False, the mirror has it now.

        Raises RepositoryError while it's missing, or `head` is an earlier commit of the branch, and the remote may only
        lag behind; or, unless it `may_fetch` the recorded head, whenever that is missing.
        """
        name = repository.name
        shown = RepositoryRef.parse(name).name
        if recorded in (None, head):
            self._since.pop(name, None)
            return False
        try:
            is_available = repository.fetch_commit(recorded) if may_fetch else bool(repository.commit(recorded))
        except RepositoryError:  # some servers refuse to serve a commit that no branch has
            if not may_fetch or self._waited(name, f"{recorded} fails") < _PATIENCE_WITH_ERRORS:
                raise
            _log.warning("commit %s of %s cannot be fetched; merges since then are not reported", recorded, name)
            return True
        if is_available and not (repository.is_branch and repository.is_ancestor(head, recorded)):
            self._since.pop(name, None)
            return False
        if self._waited(name, recorded) < (_PATIENCE_WITH_COMMIT if is_available else _PATIENCE):
            if is_available:
                values = {"head": head[:8], "recorded": recorded[:8]}
                raise RepositoryError(LocalizedText(texts.MAY_LAG, name=shown, **values))
            raise RevisionNotFoundError(LocalizedText(texts.NO_COMMIT, text=recorded, name=shown))
        if not is_available:
            _log.warning("commit %s of %s is lost; merges since then are not reported", recorded, name)
        return not is_available

    def _waited(self, name: str, state: str) -> timedelta:
        """How long ago a repository was first in this state. Servers of a forge may differ, so it may alternate."""
        now = self._clock()
        since = self._since.setdefault(name, {})
        since[state] = min(since.get(state, now), now)  # the clock may have been set back
        return now - since[state]

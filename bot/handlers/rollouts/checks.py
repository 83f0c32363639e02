"""Reads the checks of merges from their forges, often while they run, and rarely once they have finished."""

import logging
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from bot.core.git.commit_check import CommitChecks
from bot.core.rollouts.rollout import Rollout
from bot.ports import Ports
from bot.ports.forge import ForgeError
from bot.ports.isolation import UnexpectedError, unexpected_as_port_error

_log = logging.getLogger(__name__)

_INTERVAL: Final = timedelta(seconds=30)
# Some systems start minutes after the merge, and some never finish.
_MAY_START: Final = timedelta(minutes=5)
_MAY_RUN: Final = timedelta(hours=1)


class ChecksReader:
    """Reads the checks of each merge when they are due. Not thread-safe."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports
        self._next: dict[str, datetime] = {}  # by rollout ID

    def read(self, rollout: Rollout) -> CommitChecks | None:
        """The checks of the merge, or None if they are not due. If the forge fails, the last ones are kept."""
        forge, now = self._ports.forges.get(rollout.repository), self._ports.clock()
        if forge is None or now < self._next.get(rollout.id, now) or not _may_change(rollout, now):
            return None
        self._next[rollout.id] = now + _INTERVAL
        try:
            with unexpected_as_port_error(f"checks of {rollout.id}"):
                return CommitChecks.of(forge.checks(rollout.revision))
        except (ForgeError, UnexpectedError) as error:
            _log.warning("cannot read the checks of %s: %s", rollout.revision, error)
            if isinstance(error, ForgeError) and error.retry_at:
                self._next[rollout.id] = max(error.retry_at, now + _INTERVAL)
            return replace(rollout.checks or CommitChecks(), error=error.text)

    def forget(self, ids: set[str]) -> None:
        """Forget all merges but those with these IDs."""
        self._next = {id_: at for id_, at in self._next.items() if id_ in ids}


def _may_change(rollout: Rollout, now: datetime) -> bool:
    age = now - rollout.merged_at
    return age < _MAY_START or (age < _MAY_RUN and not (rollout.checks and rollout.checks.is_settled))

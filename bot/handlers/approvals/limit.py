"""Limits the lookups at a forge, so that a flood of commits doesn't use up its rate limit."""

from datetime import datetime, timedelta

from bot.core.waiting import is_waiting
from bot.i18n.catalogue import approval as texts
from bot.i18n.language import LocalizedText
from bot.ports.forge import ForgeError

MAX_LOOKUPS = 600  # per hour, for the branch of a repository; one takes about two requests
MAX_OTHER_LOOKUPS = 300  # for its other branches together, which anyone who may create applications can have tracked
_HOUR = timedelta(hours=1)


class LookupLimit:
    """The lookups for the configured branch of a repository, or for its other branches, in the current hour."""

    def __init__(self, maximum: int) -> None:
        self._maximum = maximum
        self._hour_ends_at: datetime | None = None
        self._count = self._repeats = 0

    def spend(self, now: datetime, *, is_repeat: bool) -> None:
        """Count a lookup that is about to be made. Raises ForgeError if it has to wait for the next hour.

        Those for commits that have a verdict, to find a late approval, leave half of the lookups for new commits.
        """
        if self._hour_ends_at is None or not is_waiting(self._hour_ends_at, now, _HOUR):
            self._hour_ends_at, self._count, self._repeats = now + _HOUR, 0, 0
        if self._count >= self._maximum or (is_repeat and self._repeats >= self._maximum // 2):
            raise ForgeError(LocalizedText(texts.MANY_LOOKUPS, limit=str(self._maximum)), self._hour_ends_at)
        self._count += 1
        self._repeats += is_repeat

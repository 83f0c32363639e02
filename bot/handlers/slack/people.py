"""Finds the Slack users of authors, from the configuration, or else by email if the bot has the scope."""

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta

from cachetools import TLRUCache

from bot.core.git.author import Author
from bot.ports.chat import Chat, ChatError

_log = logging.getLogger(__name__)

_FOUND_TTL = timedelta(hours=12)
_NOT_FOUND_TTL = timedelta(hours=1)  # the person may join or change their address
_RETRY_AFTER_ERROR = timedelta(minutes=5)  # cards must not wait for an unresponsive Slack
_RETRY_WITHOUT_SCOPE = timedelta(hours=1)
_MAX_CACHED = 4096


class People:
    """Looks up Slack users, and caches the results. `overrides` maps emails and forge logins to Slack user IDs.

    If Slack does not respond, authors keep their names from git; that is not an error. Thread-safe.
    """

    def __init__(self, chat: Chat, overrides: Mapping[str, str], clock: Callable[[], datetime]) -> None:
        self._chat = chat
        self._overrides = {key.lower(): user for key, user in overrides.items()}
        self._clock = clock
        self._lock = threading.Lock()
        self._answers: TLRUCache[str, str | None, datetime] = TLRUCache(_MAX_CACHED, _expires_at, clock)
        self._retry_at: dict[str, datetime] = {}  # by the name of the lookup

    @property
    def configured(self) -> Mapping[str, str]:
        """The configured Slack user IDs, by email, forge login, or account ID in lower case."""
        return self._overrides

    def known(self, authors: Sequence[Author]) -> tuple[Author, ...]:
        """The authors with their Slack user IDs, if found and still in the workspace."""
        return tuple(replace(author, user=self._user(author)) for author in authors)

    def _user(self, author: Author) -> str | None:
        override = self._overrides.get(author.email) or self._overrides.get((author.login or "").lower())
        if override:
            # Without the scope to see whether the user is active, trust the configuration.
            return override if self._cached(override, self._active_user, unknown=override) else None
        return self._cached(author.email, self._chat.user_by_email) if author.has_personal_email else None

    def _active_user(self, user: str) -> str | None:
        return user if self._chat.is_member(user) else None

    def _cached(self, key: str, look_up: Callable[[str], str | None], unknown: str | None = None) -> str | None:
        now, lookup = self._clock(), look_up.__name__
        with self._lock:
            with suppress(KeyError):
                return self._answers[key]
            if now < self._retry_at.get(lookup, now):
                return unknown
        try:
            user = look_up(key)
        except ChatError as error:
            _log.info("cannot look up authors in Slack: %s", error)
            with self._lock:
                self._retry_at[lookup] = now + _retry_after(error)
            return unknown
        with self._lock:
            self._answers[key] = user
        return user


def _expires_at(_key: str, user: str | None, now: datetime) -> datetime:
    return now + (_FOUND_TTL if user else _NOT_FOUND_TTL)


def _retry_after(error: ChatError) -> timedelta:
    if error.retry_after is not None:
        return timedelta(seconds=error.retry_after)
    return _RETRY_WITHOUT_SCOPE if error.code == "missing_scope" else _RETRY_AFTER_ERROR

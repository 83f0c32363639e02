"""Who in Slack an author is: by the configuration's map, else by e-mail, where Slack may be asked."""

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

_KNOWN_FOR = timedelta(hours=12)
_UNKNOWN_FOR = timedelta(hours=1)  # somebody may join, or change the address
_SILENT_FOR = timedelta(minutes=5)  # Slack does not answer: whoever waits for a card is not to wait for this too
_MAY_NOT_FOR = timedelta(hours=1)
_REMEMBERED = 4096


class People:
    """Answers from memory while it may; `overrides` maps an e-mail or a forge's login to a Slack user id.

    Slack not answering is never an error: the author keeps the name that git has. Any thread may call.
    """

    def __init__(self, chat: Chat, overrides: Mapping[str, str], clock: Callable[[], datetime]) -> None:
        self._chat = chat
        self._overrides = {key.lower(): user for key, user in overrides.items()}
        self._clock = clock
        self._lock = threading.Lock()
        self._answers: TLRUCache[str, str | None, datetime] = TLRUCache(_REMEMBERED, _until, clock)
        self._ask_again: dict[str, datetime] = {}  # by what is asked

    def known(self, authors: Sequence[Author]) -> tuple[Author, ...]:
        """The same authors with their Slack ids, where they are known and still in the workspace."""
        return tuple(replace(author, user=self._user(author)) for author in authors)

    def _user(self, author: Author) -> str | None:
        given = self._overrides.get(author.email) or self._overrides.get((author.login or "").lower())
        if given:
            # Whether somebody named in the configuration has left takes a scope; without it the word there counts.
            return given if self._remembered(given, self._still_there, unknown=given) else None
        return self._remembered(author.email, self._chat.user_by_email) if author.has_personal_email else None

    def _still_there(self, user: str) -> str | None:
        return user if self._chat.is_member(user) else None

    def _remembered(self, key: str, ask: Callable[[str], str | None], unknown: str | None = None) -> str | None:
        now, question = self._clock(), ask.__name__
        with self._lock:
            with suppress(KeyError):
                return self._answers[key]
            if now < self._ask_again.get(question, now):
                return unknown
        try:
            user = ask(key)
        except ChatError as error:
            _log.info("cannot look up authors in Slack: %s", error)
            with self._lock:
                self._ask_again[question] = now + _patience(error)
            return unknown
        with self._lock:
            self._answers[key] = user
        return user


def _until(_key: str, user: str | None, now: datetime) -> datetime:
    return now + (_KNOWN_FOR if user else _UNKNOWN_FOR)


def _patience(error: ChatError) -> timedelta:
    if error.retry_after is not None:
        return timedelta(seconds=error.retry_after)
    return _MAY_NOT_FOR if error.code == "missing_scope" else _SILENT_FOR

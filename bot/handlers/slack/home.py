"""Keeps the Home tab of those who look at it current, like a card: what it should show against what Slack was given."""

import hashlib
import json
import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from cachetools import TTLCache

from bot.config.model import Config
from bot.core import home as homes
from bot.core.access.permission import Members
from bot.core.drift.freshness import current_checks
from bot.core.home import WorkspaceOverview
from bot.core.incidents.incident import Incident
from bot.core.pull_requests.tracked_pull_request import TrackedPullRequest
from bot.core.rollouts.rollout import Rollout
from bot.core.waiting import is_waiting
from bot.handlers.access.authorizer import Groups
from bot.messages import home as home_message
from bot.messages.blocks import Block, Message
from bot.messages.home import Notice
from bot.ports import Ports
from bot.ports.chat import ChatError
from bot.ports.isolation import skip_unexpected
from bot.ports.store import Home, StoreError

_log = logging.getLogger(__name__)

# Who owns what gives nobody a right, so it may be older than what decides about one.
_GROUPS_KNOWN_FOR = timedelta(minutes=15)
# Of what has ended in the week: so many of each are read, at most so often.
_MOST_ENDED = 1_000
_ENDED_KNOWN_FOR = timedelta(minutes=1)

# Slack takes views.publish 100 times a minute or so, for everybody together (tier 4).
MOST_VIEWERS = 50
LATELY = timedelta(hours=1)
AT_MOST_EVERY = timedelta(minutes=1)
_LONGEST_RETRY = timedelta(hours=1)
_ATTEMPTS = 3


class Homes:
    """Publishes Home tabs. Any thread, and any replica, may call.

    Whoever gets an event or a click publishes at once; the replica that leads follows the state for those who have
    looked lately. Of two that publish at the same time it is not known which Slack shows: whoever finds that out
    publishes again, from the state of then.
    """

    def __init__(self, config: Config, ports: Ports) -> None:
        self._config = config
        self._ports = ports
        self._say = config.slack.translator("")
        self._groups = Groups(ports.chat, ports.clock, _GROUPS_KNOWN_FOR)
        self._lock = threading.Lock()
        self._notices = TTLCache[str, Notice](
            MOST_VIEWERS, AT_MOST_EVERY.total_seconds(), timer=lambda: ports.clock().timestamp()
        )
        self._ended: tuple[datetime, list[Incident], list[Rollout], list[TrackedPullRequest]] | None = None
        self._wait_until: datetime | None = None

    def opened(self, user: str) -> None:
        """Somebody looks at their Home. StoreError."""
        now = self._ports.clock()
        given = self._ports.store.homes.get(user)
        again = given is None or now - given.at >= AT_MOST_EVERY
        self._try(user, lambda: self._publish(user, self._survey(now), seen=now, again=again))

    def answer(self, user: str, message: Message, about: str) -> None:
        """Show the result of a click on someone's Home tab there for `AT_MOST_EVERY`."""
        with self._lock:
            self._notices[user] = Notice(message, about)
        try:
            now = self._ports.clock()
            self._try(user, lambda: self._publish(user, self._survey(now), seen=now, again=True))
        except StoreError as error:
            _log.warning("cannot update the Home tab of %s: %s", user, error)
            self._try(user, lambda: self._send(user, home_message.error_blocks(message)))

    def acted(self, user: str) -> None:
        """Somebody did something, and may be looking at their Home: it shows what has come of it. StoreError."""
        given, now = self._ports.store.homes.get(user), self._ports.clock()
        if given and now - given.seen < LATELY:
            self._try(user, lambda: self._publish(user, self._survey(now), seen=given.seen))

    def refresh(self) -> None:
        """Bring up to date what those see who have looked lately, each once a minute at most. StoreError."""
        now = self._ports.clock()
        if self._wait_until and is_waiting(self._wait_until, now, _LONGEST_RETRY):
            return
        viewers = self._ports.store.homes.seen_since(now - LATELY, MOST_VIEWERS)
        due = [viewer for viewer in viewers if not is_waiting(viewer.at + AT_MOST_EVERY, now, AT_MOST_EVERY)]
        if not due:
            return
        overview = self._survey(now)
        for viewer in due:
            publish = partial(self._publish, viewer.user, overview, seen=viewer.seen, shown=viewer)
            goes_on = True
            with skip_unexpected(f"Home tab of {viewer.user}"):
                goes_on = self._try(viewer.user, publish)
            if not goes_on:
                return

    def _try(self, user: str, publish: Callable[[], None]) -> bool:
        """Whether Slack may be given more. What it did not take stays in doubt, and is given again."""
        try:
            publish()
        except ChatError as error:
            _log.warning("cannot update the Home tab of %s: %s", user, error)
            if error.retry_after is not None:
                self._wait_until = self._ports.clock() + timedelta(seconds=error.retry_after)
            return error.retry_after is None and error.code != "unreachable"
        return True

    def _survey(self, now: datetime) -> WorkspaceOverview:
        store = self._ports.store
        incidents, rollouts, pulls = self._ended_lately(now)
        complete = max(len(incidents), len(rollouts), len(pulls)) < _MOST_ENDED
        return homes.build_overview(
            list(self._config.applications.values()),
            current_checks(store.checks.latest(), now, self._config.schedule.drift),
            [*incidents, *store.incidents.unsettled()],
            [*rollouts, *store.rollouts.unsettled()],
            [*pulls, *store.pull_requests.unsettled()],
            now=now,
            complete=complete,
        )

    def _ended_lately(self, now: datetime) -> tuple[list[Incident], list[Rollout], list[TrackedPullRequest]]:
        with self._lock:
            if self._ended is None or not is_waiting(self._ended[0] + _ENDED_KNOWN_FOR, now, _ENDED_KNOWN_FOR):
                store, since = self._ports.store, now - homes.WEEK
                self._ended = (
                    now,
                    store.incidents.ended(since, _MOST_ENDED),
                    store.rollouts.ended(since, _MOST_ENDED),
                    store.pull_requests.ended(since, _MOST_ENDED),
                )
            return self._ended[1:]

    def _members(self) -> Mapping[str, Members]:
        owners = homes.owning_groups(self._config.applications.values())
        return {group: self._groups.members(group) for group in owners}

    def _publish(
        self,
        user: str,
        overview: WorkspaceOverview,
        *,
        seen: datetime,
        shown: Home | None = None,
        again: bool = False,
    ) -> None:
        """Publish the Home tab if it changed, or whether it changed or not (`again`). ChatError, StoreError.

        With `shown`, only if nobody has published since: a refresh must not replace the answer to a click.
        """
        blocks, store = self._blocks(user, overview), self._ports.store
        given = store.homes.get(user)
        if shown and given and given.at != shown.at:
            return
        if given and given.digest == _digest(blocks) and not again:
            if given.seen < seen:
                store.homes.save(replace(given, seen=seen))
            return
        for _ in range(_ATTEMPTS):
            at = self._ports.clock()
            store.homes.save(Home(user, seen, "", at))
            self._send(user, blocks)
            if store.homes.confirm(user, at, _digest(blocks)):
                return
            blocks = self._blocks(user, self._survey(at))
        store.homes.save(Home(user, seen, "", self._ports.clock()))

    def _blocks(self, user: str, overview: WorkspaceOverview) -> list[Block]:
        with self._lock:
            notice = self._notices.get(user)
        return home_message.content(self._say, homes.build_home(user, overview, self._members()), notice)

    def _send(self, user: str, blocks: Sequence[Block]) -> None:
        self._ports.chat.publish_home(user, home_message.view(self._say, blocks, self._ports.clock()))


def _digest(blocks: Sequence[Block]) -> str:
    return hashlib.sha256(json.dumps(blocks, sort_keys=True, ensure_ascii=False).encode()).hexdigest()

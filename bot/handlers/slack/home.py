"""Keeps the Home tabs of recent viewers up to date: compares each with what was last published."""

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
from bot.ports.isolation import skip_unexpected, without_failing
from bot.ports.store import Home, StoreError

_log = logging.getLogger(__name__)

# Ownership doesn't grant permissions, so members may be cached longer than for those.
_GROUPS_TTL = timedelta(minutes=15)
# Objects that ended within the last week: how many of each type to read, and how long to cache them.
_MAX_ENDED = 1_000
_ENDED_TTL = timedelta(minutes=1)

# Slack allows about 100 calls of views.publish a minute, for all users together (tier 4).
MAX_VIEWERS = 50
VIEWED_WITHIN = timedelta(hours=1)
MIN_INTERVAL = timedelta(minutes=1)
_MAX_RETRY_AFTER = timedelta(hours=1)
_ATTEMPTS = 3


class HomePublisher:
    """Publishes Home tabs. Thread-safe; any replica may use it.

    A replica that receives an event or a click publishes at once; the leader refreshes the tabs of recent viewers. If
    two replicas publish at the same time, either version may be shown, so the one that detects this publishes the
    current state again.
    """

    def __init__(self, config: Config, ports: Ports) -> None:
        self._config = config
        self._ports = ports
        self._translator = config.slack.translator("")
        self._groups = Groups(ports.chat, ports.clock, _GROUPS_TTL)
        self._lock = threading.Lock()
        self._notices = TTLCache[str, Notice](
            MAX_VIEWERS, MIN_INTERVAL.total_seconds(), timer=lambda: ports.clock().timestamp()
        )
        self._ended: tuple[datetime, list[Incident], list[Rollout], list[TrackedPullRequest]] | None = None
        self._wait_until: datetime | None = None

    def opened(self, user: str) -> None:
        """A user opened their Home tab. Raises StoreError."""
        now = self._ports.clock()
        published = self._ports.store.homes.get(user)
        again = published is None or now - published.at >= MIN_INTERVAL
        self._attempt(user, lambda: self._publish(user, self._overview(now), seen=now, again=again))

    def answer(self, user: str, message: Message, about: str) -> None:
        """Show the result of a click on a user's Home tab there for `MIN_INTERVAL`."""
        with self._lock:
            self._notices[user] = Notice(message, about)
        try:
            now = self._ports.clock()
            self._attempt(user, lambda: self._publish(user, self._overview(now), seen=now, again=True))
        except StoreError as error:
            _log.warning("cannot update the Home tab of %s: %s", user, error)
            self._attempt(user, lambda: self._send(user, home_message.error_blocks(message)))

    def acted(self, user: str) -> None:
        """A user did something: update their Home tab if they viewed it recently. Raises StoreError."""
        published, now = self._ports.store.homes.get(user), self._ports.clock()
        if published and now - published.seen < VIEWED_WITHIN:
            self._attempt(user, lambda: self._publish(user, self._overview(now), seen=published.seen))

    def refresh(self) -> None:
        """Publish the Home tabs of recent viewers, each at most once per `MIN_INTERVAL`. Raises StoreError."""
        now = self._ports.clock()
        if self._wait_until and is_waiting(self._wait_until, now, _MAX_RETRY_AFTER):
            return
        viewers = self._ports.store.homes.seen_since(now - VIEWED_WITHIN, MAX_VIEWERS)
        due = [viewer for viewer in viewers if not is_waiting(viewer.at + MIN_INTERVAL, now, MIN_INTERVAL)]
        if not due:
            return
        overview = self._overview(now)
        for viewer in due:
            publish = partial(self._publish, viewer.user, overview, seen=viewer.seen, shown=viewer)
            accepts_more = True
            with skip_unexpected(f"Home tab of {viewer.user}"):
                accepts_more = self._attempt(viewer.user, publish)
            if not accepts_more:
                return

    def _attempt(self, user: str, publish: Callable[[], None]) -> bool:
        """Publish a Home tab, and return whether Slack accepts more. After an error, it is retried later."""
        try:
            publish()
        except ChatError as error:
            _log.warning("cannot update the Home tab of %s: %s", user, error)
            if error.retry_after is not None:
                self._wait_until = self._ports.clock() + timedelta(seconds=error.retry_after)
            return error.retry_after is None and error.code != "unreachable"
        return True

    def _overview(self, now: datetime) -> WorkspaceOverview:
        store = self._ports.store
        incidents, rollouts, pulls = self._recently_ended(now)
        complete = max(len(incidents), len(rollouts), len(pulls)) < _MAX_ENDED
        build = partial(
            homes.build_overview,
            list(self._config.applications.values()),
            current_checks(store.checks.latest(), now, self._config.schedule.drift),
            rollouts=[*rollouts, *store.rollouts.unsettled()],
            pulls=[*pulls, *store.pull_requests.unsettled()],
            now=now,
            complete=complete,
        )
        incidents = [*incidents, *store.incidents.unsettled()]
        return without_failing(incidents, build, lambda incident: f"{incident.id} on Home tabs")

    def _recently_ended(self, now: datetime) -> tuple[list[Incident], list[Rollout], list[TrackedPullRequest]]:
        with self._lock:
            if self._ended is None or not is_waiting(self._ended[0] + _ENDED_TTL, now, _ENDED_TTL):
                store, since = self._ports.store, now - homes.WEEK
                self._ended = (
                    now,
                    store.incidents.ended(since, _MAX_ENDED),
                    store.rollouts.ended(since, _MAX_ENDED),
                    store.pull_requests.ended(since, _MAX_ENDED),
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
        """Publish the Home tab if it changed, or always with `again`. Raises ChatError, StoreError.

        With `shown`, only if nothing else was published since: a refresh must not replace the answer to a click.
        """
        blocks, store = self._blocks(user, overview), self._ports.store
        published = store.homes.get(user)
        if shown and published and published.at != shown.at:
            return
        if published and published.digest == _digest(blocks) and not again:
            if published.seen < seen:
                store.homes.save(replace(published, seen=seen))
            return
        for _ in range(_ATTEMPTS):
            at = self._ports.clock()
            store.homes.save(Home(user, seen, "", at))
            self._send(user, blocks)
            if store.homes.confirm(user, at, _digest(blocks)):
                return
            blocks = self._blocks(user, self._overview(at))
        store.homes.save(Home(user, seen, "", self._ports.clock()))

    def _blocks(self, user: str, overview: WorkspaceOverview) -> list[Block]:
        with self._lock:
            notice = self._notices.get(user)
        return home_message.content(self._translator, homes.build_home(user, overview, self._members()), notice)

    def _send(self, user: str, blocks: Sequence[Block]) -> None:
        self._ports.chat.publish_home(user, home_message.view(self._translator, blocks, self._ports.clock()))


def _digest(blocks: Sequence[Block]) -> str:
    return hashlib.sha256(json.dumps(blocks, sort_keys=True, ensure_ascii=False).encode()).hexdigest()

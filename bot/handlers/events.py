"""Sends events to the configured receiver, each at least once, and those of one subject in order."""

import logging
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Final

from bot.core.approvals.alert import collect_alerts
from bot.core.events import (
    MAX_AGE,
    MAX_WAIT,
    Event,
    QueuedEvent,
    approval_events,
    incident_events,
    next_retry,
    pull_request_events,
    recent,
    rollout_events,
)
from bot.core.waiting import is_waiting
from bot.ports.errors import PortError
from bot.ports.events import DeliveryError, EventReceiver
from bot.ports.isolation import skip_unexpected, unexpected_as_port_error, without_failing
from bot.ports.store import Store
from bot.ports.telemetry import EVENT_DELIVERY, Telemetry

_log = logging.getLogger(__name__)

_ENDED_BEFORE: Final = timedelta(hours=1)  # the latest run, which may have missed what was being stored
_MAX_ENDED: Final = 1_000
_MAX_SENT: Final = 100  # in one run
_RUN_SECONDS: Final = 5.0  # when the bot stops, it waits for a run to end
_KEPT: Final = timedelta(days=30)  # of the IDs of sent events


class EventDispatcher:
    """Derives events from the stored state, queues the new ones in the store, and sends what is due.

    It runs as its own job, so nothing else waits for it.
    """

    def __init__(
        self, store: Store, receiver: EventReceiver, clock: Callable[[], datetime], telemetry: Telemetry
    ) -> None:
        self._store = store
        self._receiver = receiver
        self._clock = clock
        self._telemetry = telemetry
        self._enabled_at: datetime | None = None
        self._latest_run: datetime | None = None
        self._queued: dict[str, datetime] = {}  # the IDs of recent events, to avoid reading the store

    def run(self) -> None:
        """Queue new events and send those that are due. Raises StoreError."""
        now = self._clock()
        self._queue(now)
        self._send(now)

    def prune(self) -> None:
        """Forget old events. Raises StoreError."""
        self._store.events.prune(self._clock() - _KEPT)

    def _queue(self, now: datetime) -> None:
        self._enabled_at = self._enabled_at or self._store.events.enabled_at(now)
        events = recent(self._derive(now), now, self._enabled_at)
        new = [event for event in events if event.id not in self._queued]
        self._store.events.add(new)
        self._latest_run = now
        queued_times = {**self._queued, **{event.id: event.time for event in new}}
        self._queued = {id_: time for id_, time in queued_times.items() if time >= now - MAX_AGE}

    def _derive(self, now: datetime) -> Iterator[Event]:
        store, since = self._store, (self._latest_run or now - MAX_AGE) - _ENDED_BEFORE
        for incident in (*store.incidents.unsettled(), *store.incidents.ended(since, _MAX_ENDED)):
            with skip_unexpected(f"events of {incident.id}"):
                yield from incident_events(incident)
        for rollout in (*store.rollouts.unsettled(), *store.rollouts.ended(since, _MAX_ENDED)):
            with skip_unexpected(f"events of {rollout.id}"):
                yield from rollout_events(rollout, now)
        for pull in (*store.pull_requests.unsettled(), *store.pull_requests.ended(since, _MAX_ENDED)):
            with skip_unexpected(f"events of {pull.id}"):
                yield from pull_request_events(pull)
        for alert in without_failing(store.approvals.unsettled(), collect_alerts, lambda record: f"alert {record.id}"):
            with skip_unexpected(f"events of {alert.id}"):
                yield from approval_events(alert)

    def _send(self, now: datetime) -> None:
        waiting_subjects = set()
        sent, started_at = 0, time.monotonic()
        for queued in self._store.events.waiting():
            if sent >= _MAX_SENT or time.monotonic() - started_at >= _RUN_SECONDS:
                return
            event = queued.event
            if now - event.time >= MAX_AGE:
                _log.error("dropped event %s (%s) after %d attempts", event.id, event.type, queued.attempts)
                self._store.events.finish(event.id)
                continue
            is_later = queued.retry_at is not None and is_waiting(queued.retry_at, now, MAX_WAIT)
            if is_later or event.subject in waiting_subjects:
                waiting_subjects.add(event.subject)
                continue
            sent += 1
            try:
                with (
                    self._telemetry.measure(EVENT_DELIVERY, type=event.type),
                    unexpected_as_port_error(f"event {event.id}"),
                ):
                    self._receiver.send(event)
            except PortError as error:
                waiting_subjects.add(event.subject)
                self._retry(queued, error, now)
                if isinstance(error, DeliveryError) and not error.answered:
                    return  # the other events would have to wait just as long
            else:
                self._store.events.finish(event.id)

    def _retry(self, queued: QueuedEvent, error: PortError, now: datetime) -> None:
        event, attempts = queued.event, queued.attempts + 1
        wait = next_retry(attempts, error.retry_after if isinstance(error, DeliveryError) else None)
        _log.warning("cannot send event %s (%s), next attempt in %s: %s", event.id, event.type, wait, error)
        self._store.events.save(QueuedEvent(event, attempts, now + wait))

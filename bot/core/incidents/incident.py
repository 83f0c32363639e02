"""One episode of drift on one application, from detection to resolution.

An incident changes through checks (see `detection`), people (`acknowledge`, `release`, `snooze`, `cancel_snooze`) and
time (`expire_snooze`, `mark_announced`, `remind`, `escalate`). Each transition is pure and idempotent, returns the
incident unchanged if it does not apply, such as to a resolved one, and records what happens in the history.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import chain
from typing import Literal

from bot.core.changes.suspect import Suspect
from bot.core.drift.kept_ratings import kept_rating
from bot.core.drift.model import ObjectDrift
from bot.core.drift.severity import Rating
from bot.core.incidents.hold import HeldDifference
from bot.i18n.language import Text


class IncidentState(StrEnum):
    """The lifecycle of an incident.

    SUSPECTED: too few checks have seen the drift to open it. OPEN: someone is needed. ACKNOWLEDGED and SNOOZED: silent.
    RESOLVED: over.
    """

    SUSPECTED = "suspected"
    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    SNOOZED = "snoozed"
    RESOLVED = "resolved"


ACTIVE_STATES = frozenset({IncidentState.OPEN, IncidentState.ACKNOWLEDGED, IncidentState.SNOOZED})
SILENCED_STATES = frozenset({IncidentState.ACKNOWLEDGED, IncidentState.SNOOZED})


class IncidentEventType(StrEnum):
    """What can happen to an incident. The values are stored."""

    WORSENED = "grew"
    JOINED = "joined"
    ACKNOWLEDGED = "acknowledged"
    RELEASED = "released"
    SNOOZED = "snoozed"
    SNOOZE_ENDED = "woke"
    REMINDED = "reminded"
    ESCALATED = "escalated"
    RESOLVED = "resolved"


_CLOCK_SKEW = timedelta(minutes=1)  # between replicas
MAX_EVENTS = 60


@dataclass(frozen=True, slots=True)
class IncidentEvent:
    """Something that happened to an incident.

    `id` is unique within the incident. `by` is the Slack user ID of the person who did it; for SNOOZE_ENDED, who had
    snoozed; for WORSENED, whose acknowledgement or snooze it ended. `name` is their name, if they did it themselves,
    and `previous` the person who had it until someone else ACKNOWLEDGED it. `until` is the end of a snooze, `drift` the
    new differences of WORSENED. JOINED: it joined a card that showed only less severe ones. Events with `in_thread` are
    posted in the card's thread.
    """

    id: str
    at: datetime
    kind: IncidentEventType
    by: str | None = None
    until: datetime | None = None
    drift: tuple[ObjectDrift, ...] = ()
    in_thread: bool = True
    name: str = ""
    previous: str | None = None


# "cluster": the live objects match git again. "adopted": git was updated to match the cluster. "git": git changed to
# something else, and the cluster too. "set_aside": something still differs, but no longer counts as drift.
# "undeclared": the application no longer declares the objects. "unwatched": the application is no longer watched.
ResolutionCause = Literal["cluster", "adopted", "git", "set_aside", "undeclared", "unknown", "unwatched"]


@dataclass(frozen=True, slots=True)
class Resolution:
    """Why an incident was resolved. With "set_aside", `reason` is the rule, None if there are several."""

    cause: ResolutionCause = "unknown"
    reason: Text | None = None


UNKNOWN_RESOLUTION = Resolution()


@dataclass(frozen=True, slots=True)
class Incident:
    """One episode of drift on one application.

    - `since` and `checked_at` are the times of the first and the latest check that saw it; `check_error` is why the
      latest check failed, if it did. `looks` is the number of consecutive checks that saw it before it opened.
    - `drift` is the current drift; `worst` is every difference the incident ever had, each at its worst.
    - `opened_at` is when it opened; reminders and escalation count from then. `announced_at` is when it was announced,
      and `group` the card it shares, if any.
    - `namespace` is the application's, None if an earlier version stored the incident.
    - `chart` is the name and version of the chart, if `revision` is a fetched chart's.
    - `ended` and `ended_reason` are why it was resolved: see Resolution.
    - `history` holds the most recent MAX_EVENTS events, but keeps older escalations; `events` counts all events.
    - `held` are differences that it has not reported, since rollouts hold them back.
    - `is_gone` if an incomplete check found none of `drift`: only a complete one resolves the incident.
    - `omitted` is how many current, less severe differences are not in `drift`.
    - `suspects` are the commits that may have caused it; None until the bot has searched for them.
    """

    id: str
    application: str
    cluster: str
    channel: str
    state: IncidentState
    since: datetime
    checked_at: datetime
    revision: str
    drift: tuple[ObjectDrift, ...]
    looks: int = 1
    worst: tuple[ObjectDrift, ...] = ()
    check_error: Text | None = None
    resolved_at: datetime | None = None
    ended: ResolutionCause | None = None
    repository: str = ""
    opened_at: datetime | None = None
    announced_at: datetime | None = None
    group: str | None = None
    acknowledged_by: str | None = None
    acknowledged_at: datetime | None = None
    snoozed_by: str | None = None
    snoozed_until: datetime | None = None
    history: tuple[IncidentEvent, ...] = ()
    events: int = 0
    suspects: tuple[Suspect, ...] | None = None
    chart: str = ""
    held: tuple[HeldDifference, ...] = ()
    is_gone: bool = False
    namespace: str | None = None
    omitted: int = 0
    ended_reason: Text | None = None

    @property
    def rating(self) -> Rating:
        """The severity of the current drift; for a resolved incident, its worst severity."""
        return kept_rating(self.worst or self.drift if self.state is IncidentState.RESOLVED else self.drift)

    @property
    def present(self) -> tuple[ObjectDrift, ...]:
        """The drift that exists, as far as checks could see."""
        return () if self.is_gone else self.drift

    @property
    def card_id(self) -> str:
        """The ID of the card that shows it: the shared one, or its own."""
        return self.group or self.id


# ---------------------------------------------------------------- people


def acknowledge(incident: Incident, *, by: str, at: datetime, name: str = "", take_over: bool = False) -> Incident:
    """Silence reminders and escalation unless it gets worse: `by` (a Slack user ID) and their `name` are on it.

    Ends a snooze. Unchanged if they already acknowledged it, or if someone else did, unless they `take_over`.
    """
    owner = incident.acknowledged_by
    is_taken = owner is not None and owner != by
    if incident.state not in ACTIVE_STATES or (is_taken and not take_over):
        return incident
    if incident.state is IncidentState.ACKNOWLEDGED and not is_taken:
        return incident
    acknowledged = replace(
        incident,
        state=IncidentState.ACKNOWLEDGED,
        acknowledged_by=by,
        acknowledged_at=at,
        snoozed_by=None,
        snoozed_until=None,
    )
    previous = owner or incident.snoozed_by
    previous = None if previous == by else previous
    return add_event(acknowledged, IncidentEventType.ACKNOWLEDGED, at, by=by, name=name, previous=previous)


def release(incident: Incident, *, by: str, at: datetime, name: str = "") -> Incident:
    """Undo an acknowledgement: reminders and escalation resume unless it is snoozed.

    Unchanged unless `by` acknowledged it.
    """
    if incident.state not in ACTIVE_STATES or incident.acknowledged_by != by:
        return incident
    released = add_event(incident, IncidentEventType.RELEASED, at, by=by, name=name)
    if incident.state is IncidentState.ACKNOWLEDGED:
        return reopen(released, at)
    return replace(released, acknowledged_by=None, acknowledged_at=None)


def snooze(incident: Incident, *, by: str, until: datetime, at: datetime, name: str = "") -> Incident:
    """Silence the incident until then unless it gets worse. An acknowledgement outlasts the snooze.

    Unchanged if `until` has passed, or the incident is already snoozed until then.
    """
    if incident.state not in ACTIVE_STATES or until <= at or incident.snoozed_until == until:
        return incident
    snoozed = replace(incident, state=IncidentState.SNOOZED, snoozed_by=by, snoozed_until=until)
    return add_event(snoozed, IncidentEventType.SNOOZED, at, by=by, until=until, name=name)


def cancel_snooze(incident: Incident, now: datetime) -> Incident:
    """End a snooze now: the incident is acknowledged if it was before, else open."""
    if incident.state is not IncidentState.SNOOZED:
        return incident
    ended = add_event(incident, IncidentEventType.SNOOZE_ENDED, now, by=incident.snoozed_by)
    if incident.acknowledged_by is None:
        return reopen(ended, now)
    return replace(ended, state=IncidentState.ACKNOWLEDGED, snoozed_by=None, snoozed_until=None)


# ---------------------------------------------------------------- time


def without_future(incident: Incident, now: datetime) -> Incident:
    """The incident with now in place of times to come, from a clock that was ahead; a snooze keeps its length.

    Events keep their times, which identify the replies that were posted about them.
    """

    def corrected(at: datetime | None) -> datetime | None:
        return now if at is not None and _is_future(at, now) else at

    until = incident.snoozed_until
    if until is not None:
        snoozed_at = (event.at for event in incident.history if event.until == until and _is_future(event.at, now))
        until -= next(snoozed_at, now) - now
    times = incident.since, incident.opened_at, incident.announced_at, incident.acknowledged_at
    if until == incident.snoozed_until and all(corrected(at) == at for at in times):
        return incident
    return replace(
        incident,
        since=corrected(incident.since) or now,
        opened_at=corrected(incident.opened_at),
        announced_at=corrected(incident.announced_at),
        acknowledged_at=corrected(incident.acknowledged_at),
        snoozed_until=until,
    )


def _is_future(at: datetime, now: datetime) -> bool:
    return at > now + _CLOCK_SKEW


def expire_snooze(incident: Incident, now: datetime) -> Incident:
    """End a snooze whose time is up."""
    if incident.snoozed_until is None or now < incident.snoozed_until:
        return incident
    return cancel_snooze(incident, now)


def mark_announced(incident: Incident, now: datetime, card_id: str | None = None, *, worst: bool = False) -> Incident:
    """Announce an active incident that is not snoozed, on the shared card `card_id` or on a card of its own.

    `worst` means that it is more severe than all incidents that the card already shows.
    """
    if incident.state not in ACTIVE_STATES - {IncidentState.SNOOZED} or incident.announced_at is not None:
        return incident
    opened_at = now if incident.state is IncidentState.OPEN else incident.opened_at
    announced = replace(incident, announced_at=now, group=card_id, opened_at=opened_at)
    return add_event(announced, IncidentEventType.JOINED, now) if worst else announced


def remind(incident: Incident, now: datetime, interval: timedelta) -> Incident:
    """Record a reminder once per `interval` while the incident is announced and open."""
    unattended_since = _unattended_since(incident)
    if unattended_since is None:
        return incident
    reminders = (event.at for event in incident.history if event.kind is IncidentEventType.REMINDED)
    if now - max([unattended_since, *(at for at in reminders if not _is_future(at, now))]) < interval:
        return incident
    return add_event(incident, IncidentEventType.REMINDED, now)


def escalate(incident: Incident, now: datetime, after: timedelta) -> Incident:
    """Escalate once the incident has been announced and open for this long; only once, unless it reopens."""
    unattended_since = _unattended_since(incident)
    if unattended_since is None or now - unattended_since < after:
        return incident
    if any(event.kind is IncidentEventType.ESCALATED for event in _since_opened(incident, unattended_since)):
        return incident
    return add_event(incident, IncidentEventType.ESCALATED, now)


def _since_opened(incident: Incident, opened_at: datetime) -> Iterable[IncidentEvent]:
    """The events since the incident was opened or reopened, if possible by their order: a clock may have been ahead."""
    starts = (index for index, event in enumerate(incident.history) if event.at == opened_at)
    start = next(starts, None)
    if start is not None:
        return incident.history[start:]
    return (event for event in incident.history if event.at >= opened_at)


def _unattended_since(incident: Incident) -> datetime | None:
    is_unattended = incident.state is IncidentState.OPEN and incident.announced_at is not None
    return incident.opened_at if is_unattended else None


def reopen(incident: Incident, at: datetime) -> Incident:
    """The incident as an open one that nobody has acknowledged or snoozed."""
    return replace(
        incident,
        state=IncidentState.OPEN,
        opened_at=at,
        acknowledged_by=None,
        acknowledged_at=None,
        snoozed_by=None,
        snoozed_until=None,
    )


def add_event(
    incident: Incident,
    kind: IncidentEventType,
    at: datetime,
    *,
    by: str | None = None,
    until: datetime | None = None,
    drift: tuple[ObjectDrift, ...] = (),
    in_thread: bool = True,
    name: str = "",
    previous: str | None = None,
) -> Incident:
    """The incident with one more event in its history. The arguments are the fields of IncidentEvent."""
    event = IncidentEvent(str(incident.events), at, kind, by, until, drift, in_thread, name, previous)
    return replace(incident, events=incident.events + 1, history=_bounded((*incident.history, event)))


def _bounded(history: tuple[IncidentEvent, ...]) -> tuple[IncidentEvent, ...]:
    """The history, without its least important old event if it is too long.

    Otherwise, a stream of new differences would make the bot forget that it escalated, and how much it posted.
    """
    if len(history) <= MAX_EVENTS:
        return history
    old = list(enumerate(history[:-1]))
    silent = (index for index, event in old if not event.in_thread)
    others = (index for index, event in old if event.kind is not IncidentEventType.ESCALATED)
    index = next(chain(silent, others), 0)
    return history[:index] + history[index + 1 :]

"""One episode of drift on one application, from detection to resolution.

What checks see moves it (`advance`), what people say of it (`acknowledge`, `snooze`) and what time alone does (`wake`,
`announce`, `remind`, `escalate`). Each is pure and idempotent: an incident that it does not concern, a resolved one
above all, comes back unchanged. What happens is an event of its history.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Literal

from bot.core.changes.suspect import Suspect
from bot.core.drift.differences import identities, merge_worst, new_or_escalated, severities, with_unseen
from bot.core.drift.model import Check, ObjectDrift, Status
from bot.core.drift.severity import Rating, Severity, rate


class IncidentState(StrEnum):
    """SUSPECTED has been seen and told to nobody; OPEN asks for somebody; ACKNOWLEDGED has somebody and SNOOZED a time,
    and both keep quiet until then; RESOLVED is over.
    """

    SUSPECTED = "suspected"
    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    SNOOZED = "snoozed"
    RESOLVED = "resolved"


# It drifts, and that is known.
ACTIVE_STATES = frozenset({IncidentState.OPEN, IncidentState.ACKNOWLEDGED, IncidentState.SNOOZED})
_SILENCED = frozenset({IncidentState.ACKNOWLEDGED, IncidentState.SNOOZED})


class IncidentEventType(StrEnum):
    """What can happen to an incident."""

    WORSENED = "grew"
    ACKNOWLEDGED = "acknowledged"
    SNOOZED = "snoozed"
    SNOOZE_ENDED = "woke"
    REMINDED = "reminded"
    ESCALATED = "escalated"
    RESOLVED = "resolved"


# So many growths are told one by one; after that only what is serious, and the card alone says what differs.
MAX_THREAD_UPDATES = 10
# So many events are kept, the newest; each was told long before it is dropped.
MAX_EVENTS = 60


@dataclass(frozen=True, slots=True)
class IncidentEvent:
    """Something that happened, and is `told` in the card's thread or only kept. `id` is its own within the incident.

    `by` is the Slack user id of who did it; of WOKE who had snoozed, of GREW whose silence it ended. `until` is how
    long it was snoozed; `drift` what GREW brought.
    """

    id: str
    at: datetime
    kind: IncidentEventType
    by: str | None = None
    until: datetime | None = None
    drift: tuple[ObjectDrift, ...] = ()
    told: bool = True


# Which side moved: live went back to what git says; git took over what live had; git moved to something else; or
# nobody knows, since nobody looks any more.
ResolutionCause = Literal["cluster", "adopted", "git", "unwatched"]


@dataclass(frozen=True, slots=True)
class Incident:
    """`since` is the first look that saw it, `checked_at` the latest; `blind` says why the latest look could not see.

    `looks` is how many in a row have seen it before it opened. `drift` is what differs now, `worst` all that ever
    did in this incident, each difference at its worst. `opened_at` is since when it asks for somebody, and reminders
    count from there; `announced_at` is when it might be told, None until then, and `group` the card it shares, if any.
    `events` counts all that ever happened; `history` holds the newest. `suspects` are the commits that explain it, None
    until they were looked for.
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
    blind: str | None = None
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

    @property
    def rating(self) -> Rating:
        """How bad it is: what differs now, and of a resolved one the worst that ever did."""
        return rate(self.worst or self.drift if self.state is IncidentState.RESOLVED else self.drift)

    @property
    def card_id(self) -> str:
        """The card it is shown on: its own, or the one it shares."""
        return self.group or self.id


def active_incidents(incidents: Iterable[Incident], applications: Iterable[str] | None = None) -> list[Incident]:
    """Those that are known and not resolved, of these applications or of all."""
    wanted = None if applications is None else frozenset(applications)
    return [
        each for each in incidents if each.state in ACTIVE_STATES and (wanted is None or each.application in wanted)
    ]


def incidents_on_card(incidents: Iterable[Incident], card_id: str) -> list[Incident]:
    """Those that a card shows, by the value of its buttons: one by its id, or all that share the card."""
    return [each for each in incidents if card_id in (each.id, each.group)]


# ---------------------------------------------------------------- what checks see


def apply_check(
    incident: Incident | None,
    check: Check,
    *,
    channel: str,
    rolling: bool,
    required_looks: int = 2,
    repository: str = "",
    cause_if_git_moved: ResolutionCause = "git",
) -> Incident | None:
    """An incident that is not resolved after one more check; None where there is none, or a suspicion came to nothing.

    A difference opens an incident once so many `looks` in a row, at the same revision, have seen it.
    While a rollout moves (`rolling`) nothing is opened and an open card keeps what it says, since git and cluster
    differ then by design. A check that could not look never resolves anything. `moved` is what a move of git would
    mean (`how_ended` tells).
    """
    if check.status is Status.SYNCED:
        return _resolve(incident, check, cause_if_git_moved)
    if not check.drift or check.revision is None:
        return incident and replace(incident, blind=check.error, checked_at=check.at)
    if rolling:
        return incident
    if incident is None or (incident.state is IncidentState.SUSPECTED and incident.revision != check.revision):
        return _new_incident(
            check, check.revision, channel=channel, repository=repository, required_looks=required_looks
        )
    seen = check.drift if check.error is None else with_unseen(incident.drift, check.drift)
    looked = replace(incident, checked_at=check.at, revision=check.revision, drift=seen, blind=check.error)
    if incident.state in ACTIVE_STATES:
        return replace(_record_worsening(looked, check), worst=merge_worst(incident.worst, seen))
    same = bool(identities(incident.drift) & identities(check.drift))
    seen_by = incident.looks + 1 if same else 1
    opens = seen_by >= required_looks
    return replace(
        looked,
        state=IncidentState.OPEN if opens else IncidentState.SUSPECTED,
        opened_at=check.at if opens else None,
        looks=seen_by,
        since=incident.since if same else check.at,
        worst=merge_worst(incident.worst, seen) if same else seen,
    )


def resolve_unwatched(incident: Incident, at: datetime) -> Incident | None:
    """Of an application that is not watched any more: over, whatever it was; None for what was only suspected."""
    if incident.state is IncidentState.SUSPECTED:
        return None
    if incident.state is IncidentState.RESOLVED:
        return incident
    ended = replace(incident, state=IncidentState.RESOLVED, resolved_at=at, blind=None, ended="unwatched")
    return _add_event(ended, IncidentEventType.RESOLVED, at)


def _new_incident(check: Check, revision: str, *, channel: str, repository: str, required_looks: int) -> Incident:
    opens = required_looks <= 1
    return Incident(
        id=f"{check.application}@{check.at.isoformat()}",
        application=check.application,
        cluster=check.cluster,
        channel=channel,
        state=IncidentState.OPEN if opens else IncidentState.SUSPECTED,
        since=check.at,
        checked_at=check.at,
        revision=revision,
        drift=check.drift,
        worst=check.drift,
        blind=check.error,
        repository=repository,
        opened_at=check.at if opens else None,
    )


def _record_worsening(incident: Incident, check: Check) -> Incident:
    """With what this check saw and none before it, or not so bad: an event, and the end of a silence if it is bad."""
    new = new_or_escalated(incident.worst, check.drift)
    if not new:
        return incident
    severity = rate(new).severity
    bad = severity >= Severity.SERIOUS or severity > max(severities(incident.worst).values(), default=0)
    growths = sum(event.kind is IncidentEventType.WORSENED and event.told for event in incident.history)
    told = bad or (incident.state is IncidentState.OPEN and growths < MAX_THREAD_UPDATES)
    ends = bad and incident.state in _SILENCED
    by = incident.snoozed_by or incident.acknowledged_by if ends else None
    grown = _add_event(incident, IncidentEventType.WORSENED, check.at, by=by, drift=new, told=told)
    return _reopen(grown, check.at) if ends else grown


def _resolve(incident: Incident | None, check: Check, moved: ResolutionCause) -> Incident | None:
    if incident is None or incident.state is IncidentState.SUSPECTED:
        return None
    ended = replace(
        incident,
        state=IncidentState.RESOLVED,
        checked_at=check.at,
        resolved_at=check.at,
        blind=None,
        ended="cluster" if check.revision == incident.revision else moved,
    )
    return _add_event(ended, IncidentEventType.RESOLVED, check.at)


# ---------------------------------------------------------------- what people say of it


def acknowledge(incident: Incident, *, by: str, at: datetime) -> Incident:
    """Somebody (a Slack user id) has it: no reminders, no escalation, until something worse comes.

    Unchanged when somebody has it already. Of a snoozed one it ends the snooze.
    """
    if incident.state not in (IncidentState.OPEN, IncidentState.SNOOZED):
        return incident
    taken = replace(
        incident,
        state=IncidentState.ACKNOWLEDGED,
        acknowledged_by=by,
        acknowledged_at=at,
        snoozed_by=None,
        snoozed_until=None,
    )
    return _add_event(taken, IncidentEventType.ACKNOWLEDGED, at, by=by)


def snooze(incident: Incident, *, by: str, until: datetime, at: datetime) -> Incident:
    """Quiet until then, or until something worse comes; an acknowledgement holds on behind it.

    Unchanged when `until` has passed, or it is snoozed until then already.
    """
    if incident.state not in ACTIVE_STATES or until <= at or incident.snoozed_until == until:
        return incident
    asleep = replace(incident, state=IncidentState.SNOOZED, snoozed_by=by, snoozed_until=until)
    return _add_event(asleep, IncidentEventType.SNOOZED, at, by=by, until=until)


# ---------------------------------------------------------------- what time alone does


def expire_snooze(incident: Incident, now: datetime) -> Incident:
    """Once its snooze has ended: acknowledged again, or open, and said once."""
    if incident.snoozed_until is None or now < incident.snoozed_until:
        return incident
    return cancel_snooze(incident, now)


def cancel_snooze(incident: Incident, now: datetime) -> Incident:
    """The end of a snooze, whether its time has come or somebody wants it to end."""
    if incident.state is not IncidentState.SNOOZED:
        return incident
    woken = _add_event(incident, IncidentEventType.SNOOZE_ENDED, now, by=incident.snoozed_by)
    if incident.acknowledged_by is None:
        return _reopen(woken, now)
    return replace(woken, state=IncidentState.ACKNOWLEDGED, snoozed_by=None, snoozed_until=None)


def mark_announced(incident: Incident, now: datetime, card_id: str | None = None) -> Incident:
    """It may be told from now on, on a card of its own or on the one it shares. What is snoozed is not new."""
    if incident.state not in ACTIVE_STATES - {IncidentState.SNOOZED} or incident.announced_at is not None:
        return incident
    opened_at = now if incident.state is IncidentState.OPEN else incident.opened_at
    return replace(incident, announced_at=now, group=card_id, opened_at=opened_at)


def remind(incident: Incident, now: datetime, interval: timedelta) -> Incident:
    """Once in every such period in which it was told, and nobody has taken it."""
    asks_since = _unattended_since(incident)
    if asks_since is None:
        return incident
    reminded = (event.at for event in incident.history if event.kind is IncidentEventType.REMINDED)
    if now - max([asks_since, *reminded]) < interval:
        return incident
    return _add_event(incident, IncidentEventType.REMINDED, now)


def escalate(incident: Incident, now: datetime, after: timedelta) -> Incident:
    """Once, when it was told so long ago and nobody has taken it; again only after it has been silenced and is back."""
    asks_since = _unattended_since(incident)
    if asks_since is None or now - asks_since < after:
        return incident
    if any(event.kind is IncidentEventType.ESCALATED and event.at >= asks_since for event in incident.history):
        return incident
    return _add_event(incident, IncidentEventType.ESCALATED, now)


def _unattended_since(incident: Incident) -> datetime | None:
    told = incident.state is IncidentState.OPEN and incident.announced_at is not None
    return incident.opened_at if told else None


def _reopen(incident: Incident, at: datetime) -> Incident:
    return replace(
        incident,
        state=IncidentState.OPEN,
        opened_at=at,
        acknowledged_by=None,
        acknowledged_at=None,
        snoozed_by=None,
        snoozed_until=None,
    )


def _add_event(
    incident: Incident,
    kind: IncidentEventType,
    at: datetime,
    *,
    by: str | None = None,
    until: datetime | None = None,
    drift: tuple[ObjectDrift, ...] = (),
    told: bool = True,
) -> Incident:
    event = IncidentEvent(str(incident.events), at, kind, by, until, drift, told)
    return replace(incident, events=incident.events + 1, history=(*incident.history, event)[-MAX_EVENTS:])

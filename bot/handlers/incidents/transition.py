"""Acknowledges, releases, snoozes and unsnoozes stored incidents. The caller checks permissions.

Any replica may receive a click while another one records a check, so a change is computed from the stored incident, and
again if the incident has changed in the meantime.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from bot.core.incidents import incident as transitions
from bot.core.incidents.incident import ACTIVE_STATES, Incident, IncidentState
from bot.core.incidents.selection import incidents_on_card
from bot.ports import Ports
from bot.ports.store import Store

MAX_ATTEMPTS = 50  # to change an incident while others change it


@dataclass(frozen=True, slots=True)
class Changed:
    """The incidents that have changed."""

    incidents: tuple[Incident, ...]


@dataclass(frozen=True, slots=True)
class AlreadyDone:
    """Nothing changed: `by` (a Slack user ID) acknowledged or snoozed them before."""

    by: str
    incidents: tuple[Incident, ...]


@dataclass(frozen=True, slots=True)
class AllResolved:
    """All of the incidents are resolved."""

    incidents: tuple[Incident, ...]


@dataclass(frozen=True, slots=True)
class UnknownSubject:
    """There is no such card, or its incidents are no longer stored."""


@dataclass(frozen=True, slots=True)
class NotDone:
    """Nothing changed: no one had acknowledged or snoozed them."""

    incidents: tuple[Incident, ...]


Outcome = Changed | AlreadyDone | NotDone | AllResolved | UnknownSubject


def acknowledge(
    ports: Ports, subject: str, by: str, now: datetime, *, name: str = "", take_over: bool = False
) -> Outcome:
    """Acknowledge one incident, or all that share a card. Raises StoreError."""
    return _change_all(
        ports.store,
        subject,
        lambda incident: transitions.acknowledge(incident, by=by, at=now, name=name, take_over=take_over),
        lambda incident: incident.acknowledged_by,
    )


def release(ports: Ports, subject: str, by: str, now: datetime, *, name: str = "") -> Outcome:
    """Release one incident, or those on a shared card that `by` acknowledged. Raises StoreError."""
    return _change_all(
        ports.store,
        subject,
        lambda incident: transitions.release(incident, by=by, at=now, name=name),
        lambda incident: incident.acknowledged_by,
    )


def snooze(ports: Ports, subject: str, by: str, until: datetime, now: datetime, *, name: str = "") -> Outcome:
    """Snooze one incident, or all that share a card. Raises StoreError; ValueError if `until` has passed."""
    if until <= now:
        raise ValueError(until)
    return _change_all(
        ports.store,
        subject,
        lambda incident: transitions.snooze(incident, by=by, until=until, at=now, name=name),
        lambda incident: incident.snoozed_by,
    )


def cancel_snooze(ports: Ports, subject: str, now: datetime) -> Outcome:
    """End the snooze of one incident, or of all that share a card. Raises StoreError."""
    return _change_all(
        ports.store,
        subject,
        lambda incident: transitions.cancel_snooze(incident, now),
        lambda incident: incident.snoozed_by,
    )


def change(store: Store, incident: Incident, decide: Callable[[Incident], Incident]) -> tuple[Incident, bool]:
    """Apply `decide` to the stored incident. Returns the incident, and whether it changed. Raises StoreError.

    An incident that was resolved or deleted in the meantime is returned unchanged.
    """
    for _ in range(MAX_ATTEMPTS):
        current = store.incidents.open_for(incident.application)
        if current is None or current.id != incident.id:
            return incident, False
        decided = decide(current)
        if decided == current:
            return current, False
        if store.incidents.exchange(current, decided):
            return decided, True
    raise RuntimeError(f"the incident {incident.id} changes all the time")


def _change_all(
    store: Store,
    subject: str,
    decide: Callable[[Incident], Incident],
    done_by: Callable[[Incident], str | None],
) -> Outcome:
    unsettled = incidents_on_card(store.incidents.unsettled(), subject)
    announced = [incident for incident in unsettled if incident.state is not IncidentState.SUSPECTED]
    results = [change(store, incident, decide) for incident in announced if incident.state in ACTIVE_STATES]
    changed = tuple(incident for incident, is_changed in results if is_changed)
    if changed:
        return Changed(changed)
    unchanged = tuple(incident for incident, _ in results)
    for incident in unchanged:
        if by := done_by(incident):
            return AlreadyDone(by, unchanged)
    if unchanged:
        return NotDone(unchanged)
    # A settled incident is only known by its card.
    return AllResolved(tuple(announced)) if announced or store.cards.get(subject) else UnknownSubject()

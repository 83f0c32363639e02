"""Acknowledges, releases, snoozes and unsnoozes stored incidents. The caller checks permissions.

Any replica may receive a click while another one records a check, so a change is computed from the stored incident, and
again if the incident has changed in the meantime. `subjects` are the IDs of incidents or shared cards. All of their
incidents change in one transaction: a shared card gets one reply, which names them all and is never updated.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime

from bot.core.incidents import incident as transitions
from bot.core.incidents.incident import ACTIVE_STATES, Incident, IncidentState
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
    ports: Ports, subjects: Collection[str], by: str, now: datetime, *, name: str = "", take_over: bool = False
) -> Outcome:
    """Acknowledge incidents. Raises StoreError."""
    return _change_all(
        ports.store,
        subjects,
        lambda incident: transitions.acknowledge(incident, by=by, at=now, name=name, take_over=take_over),
        lambda incident: incident.acknowledged_by,
    )


def release(ports: Ports, subjects: Collection[str], by: str, now: datetime, *, name: str = "") -> Outcome:
    """Release those incidents that `by` acknowledged. Raises StoreError."""
    return _change_all(
        ports.store,
        subjects,
        lambda incident: transitions.release(incident, by=by, at=now, name=name),
        lambda incident: incident.acknowledged_by,
    )


def snooze(
    ports: Ports, subjects: Collection[str], by: str, until: datetime, now: datetime, *, name: str = ""
) -> Outcome:
    """Snooze incidents. Raises StoreError; ValueError if `until` has passed."""
    if until <= now:
        raise ValueError(until)
    return _change_all(
        ports.store,
        subjects,
        lambda incident: transitions.snooze(incident, by=by, until=until, at=now, name=name),
        lambda incident: incident.snoozed_by,
    )


def cancel_snooze(ports: Ports, subjects: Collection[str], now: datetime) -> Outcome:
    """End the snoozes of incidents. Raises StoreError."""
    return _change_all(
        ports.store,
        subjects,
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
    subjects: Collection[str],
    decide: Callable[[Incident], Incident],
    done_by: Callable[[Incident], str | None],
) -> Outcome:
    with store.transaction():
        announced = [
            incident
            for incident in store.incidents.unsettled()
            if not {incident.id, incident.group}.isdisjoint(subjects) and incident.state is not IncidentState.SUSPECTED
        ]
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
    is_known = announced or any(map(store.cards.get, subjects))
    return AllResolved(tuple(announced)) if is_known else UnknownSubject()

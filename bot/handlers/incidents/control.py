"""What people say of what they see on a card: somebody has it, or not now. Whoever may is decided before this.

A click reaches any replica, and a check may be recorded at the same instant: a change is decided on what is stored, and
decided again when that has changed meanwhile.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from bot.core.incidents import incident as incidents
from bot.core.incidents.incident import ACTIVE_STATES, Incident, IncidentState, under
from bot.ports import Ports
from bot.ports.store import Store


@dataclass(frozen=True, slots=True)
class Done:
    """It is so now; these have changed."""

    incidents: tuple[Incident, ...]


@dataclass(frozen=True, slots=True)
class Already:
    """It was so before: `by` (a Slack user id) has acknowledged or snoozed it."""

    by: str
    incidents: tuple[Incident, ...]


@dataclass(frozen=True, slots=True)
class Over:
    """All of it is resolved."""

    incidents: tuple[Incident, ...]


@dataclass(frozen=True, slots=True)
class UnknownSubject:
    """There is no such card, or it is so long over that nothing of it is left."""


Outcome = Done | Already | Over | UnknownSubject


def acknowledge(ports: Ports, subject: str, by: str, now: datetime) -> Outcome:
    """Somebody has it: one incident, or all that share a card. StoreError."""
    return _all(ports.store, subject, lambda incident: incidents.acknowledge(incident, by=by, at=now))


def snooze(ports: Ports, subject: str, by: str, until: datetime, now: datetime) -> Outcome:
    """Quiet until then: one incident, or all that share a card. StoreError; ValueError when that has passed."""
    if until <= now:
        raise ValueError(until)
    return _all(ports.store, subject, lambda incident: incidents.snooze(incident, by=by, until=until, at=now))


def cancel_snooze(ports: Ports, subject: str, now: datetime) -> Outcome:
    """The end of a snooze before its time: of one incident, or of all that share a card. StoreError."""
    return _all(ports.store, subject, lambda incident: incidents.cancel_snooze(incident, now))


def change(store: Store, known: Incident, decide: Callable[[Incident], Incident]) -> tuple[Incident, bool]:
    """What `decide` makes of an incident as it is stored now, kept, and whether that changed it. StoreError.

    One that was resolved meanwhile, or forgotten, stays as it was known.
    """
    while True:
        current = store.incidents.open_for(known.application)
        if current is None or current.id != known.id:
            return known, False
        decided = decide(current)
        if decided == current:
            return current, False
        if store.incidents.exchange(current, decided):
            return decided, True


def _all(store: Store, subject: str, decide: Callable[[Incident], Incident]) -> Outcome:
    found = [each for each in under(store.incidents.unsettled(), subject) if each.state is not IncidentState.SUSPECTED]
    authorizer = [each for each in found if each.state in ACTIVE_STATES]
    results = [change(store, each, decide) for each in authorizer]
    changed = tuple(incident for incident, done in results if done)
    if changed:
        return Done(changed)
    kept = tuple(incident for incident, _ in results)
    for incident in kept:
        if by := incident.snoozed_by or incident.acknowledged_by:
            return Already(by, kept)
    # What has ended and been told is only known by its card.
    return Over(tuple(found)) if found or store.cards.get(subject) else UnknownSubject()

"""One episode of drift on one application, from detection to resolution."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Literal

from bot.core.drift import Check, ObjectDrift, Status


class IncidentState(StrEnum):
    """SUSPECTED has been seen once and told to nobody; OPEN has a card; RESOLVED has told how it ended."""

    SUSPECTED = "suspected"
    OPEN = "open"
    RESOLVED = "resolved"


# So many are told one by one; after that the card alone says what differs.
MOST_GROWTHS = 10


@dataclass(frozen=True, slots=True)
class Growth:
    """Differences that came while the incident was open, seen first at `at`."""

    at: datetime
    drift: tuple[ObjectDrift, ...]


@dataclass(frozen=True, slots=True)
class Incident:
    """`since` is the first look that saw it, `checked_at` the latest; `blind` says why the latest look could not see.

    `looks` is how many in a row have seen it before it opened. `drift` is what differs now, `worst` all that ever
    did in this incident, and `grown` what came after it was told.
    `ended` is how it was resolved: `cluster`: live went back to what git says; `git`: the tracked branch moved.
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
    grown: tuple[Growth, ...] = ()
    blind: str | None = None
    resolved_at: datetime | None = None
    ended: Literal["cluster", "git"] | None = None


def advance(incident: Incident | None, check: Check, *, channel: str, rolling: bool, looks: int = 2) -> Incident | None:
    """The incident after one more check; None where there is none, or a suspicion came to nothing.

    A difference opens an incident once so many `looks` in a row, at the same revision, have seen it.
    While a rollout moves (`rolling`) nothing is opened and an open card keeps what it says, since git and cluster
    differ then by design. A check that could not look never resolves anything.
    """
    if check.status is Status.SYNCED:
        return _in_sync(incident, check)
    if not check.drift or check.revision is None:
        return incident and replace(incident, blind=check.error, checked_at=check.at)
    if rolling:
        return incident
    if incident is None or (incident.state is IncidentState.SUSPECTED and incident.revision != check.revision):
        return Incident(
            id=f"{check.application}@{check.at.isoformat()}",
            application=check.application,
            cluster=check.cluster,
            channel=channel,
            state=IncidentState.OPEN if looks <= 1 else IncidentState.SUSPECTED,
            since=check.at,
            checked_at=check.at,
            revision=check.revision,
            drift=check.drift,
            worst=check.drift,
            blind=check.error,
        )
    seen = check.drift if check.error is None else _with_unseen(incident.drift, check.drift)
    is_open = incident.state is IncidentState.OPEN
    same = is_open or bool(differences(incident.drift) & differences(check.drift))
    seen_by = incident.looks if is_open else incident.looks + 1 if same else 1
    return replace(
        incident,
        state=IncidentState.OPEN if is_open or seen_by >= looks else IncidentState.SUSPECTED,
        looks=seen_by,
        since=incident.since if same else check.at,
        checked_at=check.at,
        revision=check.revision,
        drift=seen,
        worst=_union(incident.worst, seen) if same else seen,
        grown=_grown(incident, check) if is_open else (),
        blind=check.error,
    )


def _grown(incident: Incident, check: Check) -> tuple[Growth, ...]:
    """With what this check saw and none before it, which the person on call should hear of."""
    known = differences(incident.worst)
    new = tuple(
        replace(found, fields=tuple(field for field in found.fields if _identity(found, field.path) not in known))
        for found in check.drift
        if differences((found,)) - known
    )
    if not new or len(incident.grown) >= MOST_GROWTHS:
        return incident.grown
    return (*incident.grown, Growth(check.at, new))


def _union(before: tuple[ObjectDrift, ...], now: tuple[ObjectDrift, ...]) -> tuple[ObjectDrift, ...]:
    """All differences of both, each as it was seen last."""
    found = {_identity(each): each for each in before}
    for each in now:
        old = found.get(_identity(each))
        fields = {field.path: field for field in (*(old.fields if old else ()), *each.fields)}
        found[_identity(each)] = replace(each, fields=tuple(fields.values()))
    return tuple(found.values())


def _identity(found: ObjectDrift, path: str = "") -> tuple[str, str | None, str, str]:
    return found.kind, found.namespace, found.name, path


def differences(drift: tuple[ObjectDrift, ...]) -> frozenset[tuple[str, str | None, str, str]]:
    """Each difference's identity: kind, namespace, name and path ("" for a missing object)."""
    return frozenset(
        _identity(found, path) for found in drift for path in ([field.path for field in found.fields] or [""])
    )


def _in_sync(incident: Incident | None, check: Check) -> Incident | None:
    if incident is None or incident.state is IncidentState.SUSPECTED:
        return None
    return replace(
        incident,
        state=IncidentState.RESOLVED,
        checked_at=check.at,
        resolved_at=check.at,
        blind=None,
        ended="cluster" if check.revision == incident.revision else "git",
    )


def _with_unseen(before: tuple[ObjectDrift, ...], now: tuple[ObjectDrift, ...]) -> tuple[ObjectDrift, ...]:
    """What was seen now, and of before what a check that could not see everything does not speak about."""
    seen = {(found.kind, found.namespace, found.name) for found in now}
    return now + tuple(found for found in before if (found.kind, found.namespace, found.name) not in seen)

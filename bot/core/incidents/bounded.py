"""Bounds what an incident stores, however often its differences change."""

from dataclasses import replace

from bot.core.drift.bounded import MAX_VALUES, MAX_WORST, count, most_severe, values_size, with_bounded_values
from bot.core.drift.differences import identities
from bot.core.incidents.hold import HeldDifference
from bot.core.incidents.incident import Incident, IncidentEvent


def bounded_incident(incident: Incident) -> Incident:
    """The incident with at most MAX_VALUES characters of values: the current ones, then the worst, then the newest.

    Its events and what it holds back have at most MAX_WORST differences each, and at least one of each event.
    """
    remaining = MAX_VALUES
    drift = with_bounded_values(incident.drift, remaining)
    remaining -= values_size(drift)
    worst = with_bounded_values(incident.worst, remaining)
    remaining -= values_size(worst)
    held = _bounded_held(incident.held, remaining)
    remaining -= values_size(item.drift for item in held)
    history: list[IncidentEvent] = []
    differences = MAX_WORST
    for event in reversed(incident.history):
        kept = with_bounded_values(most_severe(event.drift, max(1, differences)), remaining)
        differences -= count(kept)
        remaining -= values_size(kept)
        history.append(replace(event, drift=kept))
    return replace(incident, drift=drift, held=held, history=tuple(reversed(history)), worst=worst)


def _bounded_held(held: tuple[HeldDifference, ...], limit: int) -> tuple[HeldDifference, ...]:
    kept = identities(most_severe([item.drift for item in held], MAX_WORST))
    held = tuple(item for item in held if not kept.isdisjoint(identities([item.drift])))
    bounded = with_bounded_values([item.drift for item in held], limit)
    return tuple(replace(item, drift=drift) for item, drift in zip(held, bounded, strict=True))

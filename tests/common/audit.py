"""The recorded audit log of a real API server, and what really happened."""

import gzip
import json
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from bot.core.cluster_audit.event import read_write
from bot.core.cluster_audit.history import ObjectHistories
from bot.core.cluster_audit.write import ClusterWrite, ObjectKey

AUDIT = Path(__file__).parents[1] / "data" / "audit"
KEY = b"k" * 32

Event = Mapping[str, Any]


@cache
def recorded_events() -> tuple[Event, ...]:
    """Every event in the log, in order."""
    with gzip.open(AUDIT / "events.jsonl.gz", "rt") as file:
        return tuple(map(json.loads, file))


@cache
def recorded_steps() -> tuple[Mapping[str, Any], ...]:
    """What really happened, in the order of the steps."""
    with gzip.open(AUDIT / "steps.json.gz", "rt") as file:
        return tuple(json.load(file))


def at_metadata(event: Event) -> Event:
    """The event as an audit policy of level Metadata records it."""
    bodies = ("requestObject", "responseObject")
    return {**{name: value for name, value in event.items() if name not in bodies}, "level": "Metadata"}


class Recording:
    """What the bot stores from audit events, without a database."""

    def __init__(self, events: Iterable[Event] = ()) -> None:
        self.histories = ObjectHistories()
        self.writes: dict[str, ClusterWrite] = {}
        self.add(events)

    def add(self, events: Iterable[Event]) -> None:
        for event in events:
            read = read_write(event, KEY, keep_users=True)
            if read is not None:
                self.writes |= {write.id: write for write in self.histories.add(*read)}

    def by_object(self) -> dict[ObjectKey, list[ClusterWrite]]:
        grouped: dict[ObjectKey, list[ClusterWrite]] = {}
        for write in self.writes.values():
            grouped.setdefault(write.key, []).append(write)
        return grouped

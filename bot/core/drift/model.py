"""The outcome of a drift check: what differs, at which path, by which tool, no later than when."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal


class Status(StrEnum):
    """An application's status. A check that could not look is UNKNOWN, never SYNCED."""

    SYNCED = "Synced"
    OUT_OF_SYNC = "OutOfSync"
    UNKNOWN = "Unknown"


@dataclass(frozen=True, slots=True)
class FieldDrift:
    """One difference inside an object that exists on both sides.

    `path` is written as docs/drift.md says (`spec.template.spec.containers[name=web].image`). `desired` is None for
    `added`, `live` is None for `removed`. Values out of a Secret are replaced before this is built.
    `manager` is the field manager (a tool, not a person) and `time` its latest write, so "no later than"; both are None
    when nobody is recorded. `reason` is the rule that made it drift, in a few words.
    """

    change: Literal["changed", "removed", "added"]
    path: str
    desired: Any = None
    live: Any = None
    manager: str | None = None
    time: datetime | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ObjectDrift:
    """One object that differs: `missing` from the cluster, or `modified` in the fields listed.

    `reason` says why a missing object is drift, or is none; of a modified one each field says it.
    """

    api_version: str
    kind: str
    namespace: str | None  # None: cluster-scoped
    name: str
    change: Literal["modified", "missing"]
    fields: tuple[FieldDrift, ...] = ()
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Check:
    """One drift check of one application at one instant.

    `revision` is the full sha that was compared, None when git could not be read. `error` is one sentence for people
    when the status is UNKNOWN, naming what could not be looked at and what to do. `drift` may be non-empty
    beside an error: what was seen is shown even when a part could not be looked at.
    `set_aside` are differences that are no drift, each with its reason (ignore rules, controllers' fields, and where
    the check was to explain itself the server's defaults). `notes` are sentences about git itself, which are no drift
    either: an object that is declared twice.
    """

    application: str
    cluster: str
    revision: str | None
    status: Status
    error: str | None
    objects: int
    at: datetime
    drift: tuple[ObjectDrift, ...] = ()
    set_aside: tuple[ObjectDrift, ...] = field(default=(), compare=False)
    notes: tuple[str, ...] = ()

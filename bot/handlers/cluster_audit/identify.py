"""Finds who made the differences that checks see, from the recorded requests of the clusters' audit logs."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

from bot.config.sections.cluster_audit import ClusterAuditConfig
from bot.core.cluster_audit.actor import Window, object_keys, with_actors
from bot.core.cluster_audit.write import UNREADABLE, ClusterWrite, ObjectKey
from bot.core.drift.exclusions import DELETION_PATH
from bot.core.drift.model import Actor, Check, FieldDrift, Identity, ObjectDrift, Status
from bot.core.objects.scalar_equality import parse_time
from bot.ports.store import ClusterWrites

MAX_REMEMBERED: Final = 1_000  # differences that earlier checks of an unknown application found
_MAX_LENGTH: Final = 100  # characters of a path or value; of longer ones, only the digest is remembered
_CLOCK_SKEW: Final = timedelta(seconds=5)  # between the bot and the API servers

_Identity = tuple[*Identity, str]  # with the live value; a long path or value as its digest


class ActorFinder:
    """Finds who made the differences on the clusters in `audits`. Thread-safe for different applications."""

    def __init__(self, audits: Mapping[str, ClusterAuditConfig], writes: ClusterWrites) -> None:
        self._audits = audits
        self._writes = writes
        self._windows: dict[str, dict[_Identity, Window | None]] = {}  # by application

    def identify(self, checks: Sequence[Check], previous: Mapping[str, Check], now: datetime) -> list[Check]:
        """The checks with the actor of each difference. `previous` are the last checks of the applications.

        Raises StoreError.
        """
        return [self._identify(check, previous.get(check.application), now) for check in checks]

    def _identify(self, check: Check, previous: Check | None, now: datetime) -> Check:
        if previous and not _is_of_same_objects(previous, check):
            previous = None
            self._windows.pop(check.application, None)
        audit = self._audits.get(check.cluster)
        if audit is None:
            return replace(check, drift=tuple(map(_without_users, _with_previous_actors(check, previous))))
        windows = self._windows[check.application] = self._windows_of(check, previous, now)
        if not check.drift:
            return check
        writes: dict[ObjectKey, list[ClusterWrite]] = {}
        keys = {key for object_drift in check.drift for key in object_keys(object_drift)}
        for write in self._writes.of_objects(check.cluster, {*keys, UNREADABLE}):
            writes.setdefault(write.key, []).append(write)
        drift = with_actors(
            _with_previous_actors(check, previous),
            writes,
            lambda object_drift, field: windows.get(_identity(object_drift, field)),
            complete_until=now - audit.delay,
        )
        if not audit.show_users:
            drift = tuple(map(_without_users, drift))
        return replace(check, drift=drift)

    def _windows_of(self, check: Check, previous: Check | None, now: datetime) -> dict[_Identity, Window | None]:
        """When each difference may have been made; None for those older than the bot's memory."""
        window = Window(None, now + _CLOCK_SKEW)
        if previous and previous.status is not Status.UNKNOWN and previous.revision == check.revision:
            window = replace(window, after=previous.at - _CLOCK_SKEW)
        earlier = self._windows.get(check.application)
        if earlier is None:
            earlier = dict.fromkeys(_identities(previous), None)
        windows = {identity: earlier.get(identity, window) for identity in _identities(check)}
        deletions = {
            identity[:-2]: _of_deletion(identity, known, now)
            for identity, known in {**earlier, **windows}.items()
            if identity[-2] == DELETION_PATH
        }
        # Finalizers can keep an object long after the request that deleted it.
        windows |= {
            identity: deletions[identity[:-2]]
            for identity in windows
            if identity[-2] == DELETION_PATH
            or (not identity[-2] and identity not in earlier and identity[:-2] in deletions)
        }
        if check.error is None:
            return windows
        unseen = [(identity, known) for identity, known in earlier.items() if identity not in windows]
        return {**dict(unseen[-MAX_REMEMBERED:]), **windows}


def _of_deletion(identity: _Identity, window: Window | None, now: datetime) -> Window:
    """When an object that is being deleted was deleted: no later than its deletionTimestamp, which is the live value.

    Later requests to delete it change nothing.
    """
    at = parse_time(identity[-1].strip('"')) or now
    after = window.after if window else None
    return Window(after or datetime.min.replace(tzinfo=UTC), min(at, now) + _CLOCK_SKEW)


def _is_of_same_objects(previous: Check, check: Check) -> bool:
    """Whether the application has not moved since."""
    return previous.cluster == check.cluster and previous.namespace in (None, check.namespace)


def _with_previous_actors(check: Check, previous: Check | None) -> tuple[ObjectDrift, ...]:
    fields = _differences(previous)
    objects = {_identity(item): item for item in (previous.drift if previous else ()) if item.change == "missing"}

    def earlier(object_drift: ObjectDrift, field: FieldDrift) -> FieldDrift:
        known = fields.get(_identity(object_drift, field))
        return replace(field, actor=known.actor) if known else field

    return tuple(
        replace(item, actor=objects[_identity(item)].actor)
        if _identity(item) in objects and item.change == "missing"
        else replace(item, fields=tuple(earlier(item, field) for field in item.fields))
        for item in check.drift
    )


def _without_users(object_drift: ObjectDrift) -> ObjectDrift:
    """The difference without users, in case it was found before the configuration hid them, or without `audit`."""

    def hidden(actor: Actor | None) -> Actor | None:
        return replace(actor, users=()) if actor else None

    fields = tuple(replace(field, actor=hidden(field.actor)) for field in object_drift.fields)
    return replace(object_drift, fields=fields, actor=hidden(object_drift.actor))


def _identities(check: Check | None) -> list[_Identity]:
    """The differences in fields, and the missing objects."""
    missing = [_identity(item) for item in (check.drift if check else ()) if item.change == "missing"]
    return [*missing, *_differences(check)]


def _differences(check: Check | None) -> dict[_Identity, FieldDrift]:
    return {
        _identity(object_drift, field): field
        for object_drift in (check.drift if check else ())
        for field in object_drift.fields
    }


def _identity(object_drift: ObjectDrift, field: FieldDrift | None = None) -> _Identity:
    path, live = (field.path, json.dumps(field.live, default=str)) if field else ("", "")
    return *object_drift.identity, _short(path), _short(live)


def _short(text: str) -> str:
    if len(text) <= _MAX_LENGTH:
        return text
    return hashlib.blake2b(text.encode(errors="surrogatepass"), digest_size=16).hexdigest()

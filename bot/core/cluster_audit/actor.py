"""Finds who made a difference, from the requests for the object in the audit log.

A request made a difference if the states before and after it show that it was the last one to change the field. Without
the states, every request that may have changed it is a candidate, except those that the field manager and the time in
managedFields rule out. No one is named if the log contradicts managedFields or may begin too late, and no one with
certainty if a later request cannot be read.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from bot.core.cluster_audit.event import REPLICAS
from bot.core.cluster_audit.write import EVERYTHING, UNREADABLE, ClusterWrite, ObjectKey, guess_resource
from bot.core.drift.exclusions import DELETION_PATH
from bot.core.drift.model import Actor, Confidence, FieldDrift, ObjectDrift
from bot.core.objects.path import is_related

_MAX_USERS: Final = 3


@dataclass(frozen=True, slots=True)
class Window:
    """When a field got its live value: after the last check with another value, and before the first with this one."""

    after: datetime
    before: datetime


Windows = Callable[[ObjectDrift, FieldDrift], Window | None]  # None if unknown


def object_keys(object_drift: ObjectDrift) -> tuple[ObjectKey, ObjectKey]:
    """The key of the object, and the key of requests for its whole collection."""
    group = object_drift.api_version.rpartition("/")[0]
    key = ObjectKey(group, guess_resource(object_drift.kind), object_drift.namespace or "", object_drift.name)
    return key, replace(key, name="")


def with_actors(
    drift: Iterable[ObjectDrift],
    writes: Mapping[ObjectKey, Sequence[ClusterWrite]],
    windows: Windows,
    *,
    complete_until: datetime,
) -> tuple[ObjectDrift, ...]:
    """The differences with the actor of each. One that the log does not explain keeps its current actor.

    The log has every request until `complete_until`; later ones may be missing. Requests that cannot be read have the
    key `UNREADABLE`.
    """
    unreadable = writes.get(UNREADABLE, ())

    def with_actor(object_drift: ObjectDrift) -> ObjectDrift:
        ordered = [
            _with_fields_of(object_drift.api_version, write)
            for write in _in_order(write for key in object_keys(object_drift) for write in writes.get(key, ()))
        ]
        if object_drift.change == "missing":
            actor = deleter(ordered, unreadable)
            is_better = actor and (actor.confidence is Confidence.CERTAIN or object_drift.actor is None)
            return replace(object_drift, actor=actor) if is_better else object_drift
        fields = tuple(with_writer(object_drift, field, ordered) for field in object_drift.fields)
        return replace(object_drift, fields=fields)

    def with_writer(object_drift: ObjectDrift, field: FieldDrift, ordered: Sequence[ClusterWrite]) -> FieldDrift:
        if _is_content_of_secret(object_drift, field):
            return field
        if field.path == DELETION_PATH:
            return replace(field, actor=deleter(ordered, unreadable) or field.actor)
        window = windows(object_drift, field)
        actor = writer(field, ordered, window, unreadable)
        if actor is None or actor.confidence is Confidence.CERTAIN:
            return replace(field, actor=actor or field.actor)
        if window is None or window.before > complete_until:
            return replace(field, actor=field.actor or (actor if window is None else None))
        return replace(field, actor=actor)

    return tuple(map(with_actor, drift))


def deleter(writes: Sequence[ClusterWrite], unreadable: Iterable[ClusterWrite] = ()) -> Actor | None:
    """Who deleted an object, from the requests for it, in order; None if the log doesn't show it."""
    last = next((write for write in reversed(writes) if write.is_deletion or write.is_creation), None)
    if last is None or last.is_creation:
        return None
    is_certain = last.is_exact and _is_readable_since([last], None, unreadable)
    return _actor(Confidence.CERTAIN if is_certain else Confidence.LIKELY, [last])


def writer(
    field: FieldDrift,
    writes: Iterable[ClusterWrite],
    window: Window | None = None,
    unreadable: Iterable[ClusterWrite] = (),
) -> Actor | None:
    """Who gave a field its live value, from the requests for the object, in order; None if the log doesn't show it."""
    writes = _of_this_object(writes)
    if not _explains_managed_fields(field, writes):
        return None
    last_by_path: dict[str, ClusterWrite] = {}
    uncertain: list[ClusterWrite] = []
    at_last_state = 0  # number of uncertain requests when the object's state was last known
    for write in writes:
        if not write.is_exact:
            if _may_have_changed(field, write):
                uncertain.append(write)
            at_last_state = len(uncertain) if write.api_version else at_last_state
            continue
        paths = [path for path in write.fields or () if is_related(path, field.path)]
        if any(len(path) <= len(field.path) for path in paths):  # the whole field, so earlier ones no longer count
            last_by_path, uncertain = {}, uncertain[at_last_state:]  # these may have made the changes seen in `write`
        at_last_state = len(uncertain)
        last_by_path |= dict.fromkeys(paths, write)
    covers_creation = bool(last_by_path)
    if field.change == "removed" and any(len(path) > len(field.path) for path in last_by_path):
        last_by_path = {path: write for path, write in last_by_path.items() if len(path) > len(field.path)}
    exact = [write for write in dict.fromkeys(last_by_path.values()) if _agrees(field, write)]
    if window:
        exact, uncertain = ([write for write in group if _is_within(write, window)] for group in (exact, uncertain))
    elif not covers_creation:  # the log may begin after the change
        uncertain = [write for write in uncertain if write.fields is not None]
    is_certain = not uncertain and _is_readable_since(exact, window, unreadable)
    return _actor(Confidence.CERTAIN if is_certain else Confidence.LIKELY, exact + uncertain)


def _is_readable_since(
    writes: Sequence[ClusterWrite], window: Window | None, unreadable: Iterable[ClusterWrite]
) -> bool:
    """Whether no unreadable request may have come after these and before the live value was seen."""
    return not any(
        (window is None or window.before >= gap.time) and any(write.time <= gap.completed for write in writes)
        for gap in unreadable
    )


def _in_order(writes: Iterable[ClusterWrite]) -> list[ClusterWrite]:
    unique = list({write.id: write for write in writes}.values())
    if all(write.version is not None for write in unique):
        return sorted(unique, key=lambda write: (write.version or 0, write.time, write.id))
    return sorted(unique, key=lambda write: (write.time, write.completed, write.id))


def _with_fields_of(api_version: str, write: ClusterWrite) -> ClusterWrite:
    """The request; without its fields if they are of another API version, whose paths may differ."""
    if EVERYTHING in (write.fields or ()) or write.api_version in ("", api_version):
        return write
    return replace(write, fields=None, is_exact=False)


def _of_this_object(writes: Iterable[ClusterWrite]) -> Sequence[ClusterWrite]:
    """Drop the requests for an earlier object of the same name."""
    writes = list(writes)
    start = max((index for index, write in enumerate(writes) if write.is_creation), default=0)
    return [write for write in writes[start:] if not write.is_deletion]


def _explains_managed_fields(field: FieldDrift, writes: Iterable[ClusterWrite]) -> bool:
    """Whether the log has the manager's latest request, at the time in managedFields."""
    if field.manager is None or field.time is None:
        return True
    return any(write.manager == field.manager and _is_at(write, field.time) for write in writes)


def _agrees(field: FieldDrift, write: ClusterWrite) -> bool:
    """Whether a request may have written the live value, according to managedFields."""
    if field.manager is None:
        return True
    return write.manager == field.manager and (field.time is None or _second(write.time) <= field.time)


def _may_have_changed(field: FieldDrift, write: ClusterWrite) -> bool:
    if not _agrees(field, write) or (write.subresource == "scale" and not is_related(field.path, REPLICAS)):
        return False
    return write.fields is None or any(is_related(path, field.path) for path in write.fields)


def _is_at(write: ClusterWrite, time: datetime) -> bool:
    """Whether a request ran at a time of managedFields, which has no fractions of a second."""
    return _second(write.time) <= time <= write.completed


def _is_within(write: ClusterWrite, window: Window) -> bool:
    return write.completed >= window.after and write.time <= window.before


def _second(time: datetime) -> datetime:
    return time.replace(microsecond=0)


def _is_content_of_secret(object_drift: ObjectDrift, field: FieldDrift) -> bool:
    is_secret = (object_drift.api_version, object_drift.kind) == ("v1", "Secret")
    return is_secret and any(is_related(field.path, path) for path in ("data", "stringData"))


def _actor(confidence: Confidence, writes: Sequence[ClusterWrite]) -> Actor | None:
    """The actor behind requests; one of several if their users differ."""
    users = list(dict.fromkeys(write.user for write in writes))
    tools = {write.tool for write in writes}
    if not users or len(users) > _MAX_USERS:
        return None
    return Actor(
        confidence=confidence if len(users) == 1 else Confidence.ONE_OF_SEVERAL,
        users=tuple(user for user in users if user),
        tool=tools.pop() if len(tools) == 1 else "",
        time=writes[0].time if len(writes) == 1 else None,
    )

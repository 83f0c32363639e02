"""Finds who made a difference, from the requests for the object in the audit log.

A request made a difference if the states before and after it show that it was the last one to change the field. Without
the states, every request that may have changed it is a candidate, except those that the field manager and the time in
managedFields rule out. No one is named if the log contradicts managedFields or may begin too late, or if a candidate
was not read, and no one with certainty if a later request cannot be read.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from bot.core.cluster_audit.object_fields import EMPTY
from bot.core.cluster_audit.write import EVERYTHING, UNREADABLE, ClusterWrite, ObjectKey, guess_resource
from bot.core.drift.exclusions import DELETION_PATH
from bot.core.drift.model import Actor, Confidence, FieldDrift, ObjectDrift
from bot.core.objects.path import PathIndex, is_related

_MAX_USERS: Final = 3


@dataclass(frozen=True, slots=True)
class Window:
    """When a difference was made: after the last check without it, and before the first with it.

    `after` is None if no check shows that it is new.
    """

    after: datetime | None
    before: datetime


# None if the bot no longer knows when it was first seen; without a field, for an object that is missing.
Windows = Callable[[ObjectDrift, FieldDrift | None], Window | None]


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
            if write.key.name or write.fields is None or object_drift.name in write.fields
        ]
        if object_drift.change == "missing":
            window = windows(object_drift, None)
            return replace(object_drift, actor=latest(object_drift.actor, deleter(ordered, window, unreadable), window))
        own = _Writes(_in_order(_of_this_object(ordered)))
        fields = tuple(with_writer(object_drift, field, ordered, own) for field in object_drift.fields)
        return replace(object_drift, fields=fields)

    def with_writer(
        object_drift: ObjectDrift, field: FieldDrift, ordered: Sequence[ClusterWrite], own: "_Writes"
    ) -> FieldDrift:
        if _is_content_of_secret(object_drift, field):
            return field
        window = windows(object_drift, field)
        is_deletion = field.path == DELETION_PATH
        actor = deleter(ordered, window, unreadable) if is_deletion else writer(field, own, window, unreadable)
        return replace(field, actor=latest(field.actor, actor, window))

    def latest(current: Actor | None, actor: Actor | None, window: Window | None) -> Actor | None:
        """The actor, unless a request that is not in the log yet may have made the difference."""
        if actor is None:
            return current
        if actor.confidence is Confidence.CERTAIN:
            return actor
        if window and window.before > complete_until:
            return current
        # Without a start, the log may no longer have all candidates.
        return actor if _has_start(window) else current or actor

    return tuple(map(with_actor, drift))


def deleter(
    writes: Sequence[ClusterWrite], window: Window | None = None, unreadable: Iterable[ClusterWrite] = ()
) -> Actor | None:
    """Who deleted an object, from the requests for it, in order; None if the log doesn't show it."""
    candidates: list[ClusterWrite] = []
    is_gone = covers_creation = False
    for write in writes:
        if write.is_creation:
            candidates, is_gone, covers_creation = [], False, True
        elif (write.is_deletion or write.is_unread) and not (is_gone and not write.key.name):
            # A collection may have lacked the object. Without finalizers, the response is a status, which has no
            # version. What has finalizers can be deleted again until it is gone.
            is_gone = write.is_exact and write.version is None
            candidates = [write] if is_gone else [*candidates, write]
    if window:
        candidates = [write for write in candidates if _is_within(write, window)]
    # If not, the log may begin after the request that deleted an object with finalizers.
    is_covered = is_gone or covers_creation or _has_start(window)
    is_exact = is_covered and all(write.is_exact for write in candidates)
    is_certain = is_exact and _is_readable_since(candidates, window, unreadable)
    return _actor(Confidence.CERTAIN if is_certain else Confidence.LIKELY, candidates)


class _Writes:
    """The requests that changed an object, in order, by the paths that they changed or named."""

    def __init__(self, ordered: Sequence[ClusterWrite]) -> None:
        self.ordered = ordered
        self._ids: dict[str, list[str]] = {}
        for write in ordered:
            for path in write.fields or ():
                self._ids.setdefault(path, []).append(write.id)
        self._paths = PathIndex(self._ids)

    def related(self, path: str) -> Mapping[str, Sequence[str]]:
        """The related paths of each request that has some, by its id."""
        found: dict[str, list[str]] = {}
        for other in self._paths.related(path):
            for id_ in self._ids[other]:
                found.setdefault(id_, []).append(other)
        return found


def writer(
    field: FieldDrift,
    writes: _Writes,
    window: Window | None = None,
    unreadable: Iterable[ClusterWrite] = (),
) -> Actor | None:
    """Who gave a field its live value, from the requests that changed this object, in order.

    None if the log doesn't show it.
    """
    if not _explains_managed_fields(field, writes.ordered):
        return None
    paths_by_id = writes.related(field.path)
    last_by_path: dict[str, ClusterWrite] = {}
    uncertain: list[ClusterWrite] = []
    at_last_state = 0  # number of uncertain requests when the object's state was last known
    for write in writes.ordered:
        paths = paths_by_id.get(write.id, ())
        if not write.is_exact:
            if (paths or write.fields is None) and _may_have_written(field, write, window):
                uncertain.append(write)
            at_last_state = len(uncertain) if write.api_version else at_last_state
            continue
        if _keeps(field, write, paths):  # so a later request removed it
            last_by_path, uncertain, paths = {}, [], ()
        if any(len(path) <= len(field.path) for path in paths):  # the whole field, so earlier ones no longer count
            last_by_path, uncertain = {}, uncertain[at_last_state:]  # these may have made the changes seen in `write`
        at_last_state = len(uncertain)
        last_by_path |= dict.fromkeys(paths, write)
    covers_creation = any(window is None or write.time <= window.before for write in last_by_path.values())
    if field.change == "removed" and any(len(path) > len(field.path) for path in last_by_path):
        last_by_path = {path: write for path, write in last_by_path.items() if len(path) > len(field.path)}
    exact = [write for write in dict.fromkeys(last_by_path.values()) if _may_have_written(field, write, window)]
    if window:
        exact, uncertain = ([write for write in group if _is_within(write, window)] for group in (exact, uncertain))
    if not _has_start(window) and not covers_creation and any(write.fields is None for write in uncertain):
        return None  # the log may begin after the change
    is_created = field.change == "removed" and any(write.is_creation for write in exact)
    is_certain = not (uncertain or is_created) and _is_readable_since(exact, window, unreadable)
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
    return [write for write in writes[start:] if write.key.name and not write.is_deletion]


def _explains_managed_fields(field: FieldDrift, writes: Iterable[ClusterWrite]) -> bool:
    """Whether the log has the manager's latest request, at the time in managedFields."""
    if field.manager is None or field.time is None:
        return True
    return any(write.manager == field.manager and _is_at(write, field.time) for write in writes)


def _may_have_written(field: FieldDrift, write: ClusterWrite, window: Window | None) -> bool:
    """Whether a request that can change a field may have written its live value, according to managedFields.

    Whoever created an object without a field removed it only if the object had it before.
    """
    if field.change == "removed" and write.is_creation and not _has_start(window):
        return False
    if field.manager is None or write.is_unread:
        return True
    return write.manager == field.manager and (field.time is None or _second(write.time) <= field.time)


def _keeps(field: FieldDrift, write: ClusterWrite, paths: Iterable[str]) -> bool:
    """Whether the object still had a field that it lacks now, after a request that changed these parts of it."""
    if field.change != "removed":
        return False
    removed = paths if write.removed is None else write.removed
    return any(path.startswith(field.path) and path not in removed and not path.endswith(EMPTY) for path in paths)


def _is_at(write: ClusterWrite, time: datetime) -> bool:
    """Whether a request ran at a time of managedFields, which has no fractions of a second."""
    return _second(write.time) <= time <= write.completed


def _is_within(write: ClusterWrite, window: Window) -> bool:
    return (window.after is None or write.completed >= window.after) and write.time <= window.before


def _has_start(window: Window | None) -> bool:
    return window is not None and window.after is not None


def _second(time: datetime) -> datetime:
    return time.replace(microsecond=0)


def _is_content_of_secret(object_drift: ObjectDrift, field: FieldDrift) -> bool:
    is_secret = (object_drift.api_version, object_drift.kind) == ("v1", "Secret")
    return is_secret and any(is_related(field.path, path) for path in ("data", "stringData"))


def _actor(confidence: Confidence, writes: Sequence[ClusterWrite]) -> Actor | None:
    """The actor behind requests; one of several if their users differ. None if some were not read.

    If only some of the users are known, none is named.
    """
    users = list(dict.fromkeys(write.user for write in writes))
    tools = {write.tool for write in writes}
    if not users or len(users) > _MAX_USERS or any(write.is_unread for write in writes):
        return None
    return Actor(
        confidence=confidence if len(users) == 1 else Confidence.ONE_OF_SEVERAL,
        users=() if None in users else tuple(user for user in users if user),
        tool=tools.pop() if len(tools) == 1 else "",
        time=writes[0].time if len(writes) == 1 else None,
    )

"""Determines why drift is gone: the cluster or git changed, or what still differs no longer counts as drift."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from bot.core.drift.model import FieldDrift, ObjectDrift
from bot.core.drift.stored_secret import is_secret, with_string_data
from bot.core.incidents.incident import Resolution, ResolutionCause
from bot.core.objects.deep_equality import deep_equal
from bot.core.objects.manifest import Manifest
from bot.core.objects.path import Item, Member, PathError, matches, parse_path
from bot.core.objects.redaction import has_hidden
from bot.core.objects.resolve import is_hook
from bot.i18n.language import Text

_ABSENT: Final = object()
_UNREADABLE: Final = object()
# The only key of a keyed list that the API server defaults.
_KEY_DEFAULTS: Final = {"protocol": "TCP"}


def resolution(
    drift: Iterable[ObjectDrift],
    set_aside: Iterable[ObjectDrift],
    before: Sequence[Manifest],
    after: Sequence[Manifest],
    namespace: str,
) -> Resolution:
    """Why a complete check no longer reports `drift`; if it has a difference twice, the last one counts.

    `set_aside` are the differences that the check set aside. `after` are the manifests that it compared, and `before`
    those at the revision with the drift, if known. `namespace` is the default for objects without one.

    A difference that is not set aside no longer exists, if git still declares the object. So if git declares the same
    value as when it differed, the cluster was restored.
    """
    asides = {object_drift.identity: object_drift for object_drift in set_aside}
    differences = {
        (object_drift.identity, field and field.path): (object_drift, field)
        for object_drift in drift
        for field in (object_drift.fields or (None,))
    }
    reasons = {
        reason
        for object_drift, field in differences.values()
        if (reason := _set_aside_reason(asides.get(object_drift.identity), field)) is not None
    }
    if reasons:
        return Resolution("set_aside", reasons.pop() if len(reasons) == 1 else None)
    causes = {
        _cause(field, _declared(before, object_drift, namespace), _declared(after, object_drift, namespace))
        for object_drift, field in differences.values()
    }
    if len(causes) == 1:
        return Resolution(causes.pop())
    return Resolution("git" if causes and causes <= {"cluster", "adopted", "git"} else "unknown")


def _set_aside_reason(aside: ObjectDrift | None, field: FieldDrift | None) -> Text | None:
    """Why a difference (None: a missing object) no longer counts, if a check set it aside in the object's `aside`."""
    if aside is None:
        return None
    if aside.change == "missing":
        return aside.reason
    if field is None:
        return None
    paths = ((other.path, other.reason) for other in aside.fields)
    return next((reason for path, reason in paths if _concerns(path, field)), None)


def _concerns(path: str, field: FieldDrift) -> bool:
    """Whether what is set aside at a path is the difference, all of which may be there, or be part of what is there."""
    return _is_within(field.path, path) or (field.change == "added" and _is_within(path, field.path))


def _is_within(path: str, outer: str) -> bool:
    return path.startswith(outer) and path[len(outer) : len(outer) + 1] in {"", ".", "["}


def _cause(field: FieldDrift | None, before: Any, after: Any) -> ResolutionCause:
    """Why a difference in a field no longer exists; None if the object was missing."""
    if after is _ABSENT:
        return "adopted" if field is None and before is not _ABSENT else "undeclared"
    if field is None:
        return "cluster"
    old, new = (_value_at(declared, field.path) for declared in (before, after))
    if old is _UNREADABLE or new is _UNREADABLE:
        return "unknown"
    is_known = before is not _ABSENT
    is_same = deep_equal(old, new)
    if has_hidden(field.desired):
        is_as_before = is_known and is_same and new is not _ABSENT
    else:
        is_as_before = deep_equal(None if new is _ABSENT else new, field.desired)
    if is_as_before:
        return "cluster"
    if (new is _ABSENT) if field.change == "removed" else _is_subset(new, field.live):
        return "adopted"
    return "git" if is_known and not is_same else "unknown"


def _declared(manifests: Sequence[Manifest], drift: ObjectDrift, namespace: str) -> Any:
    """The object as manifests declare it; if more than one does, the last one wins, as in a check."""
    return next(
        (
            with_string_data(manifest.object) if is_secret(manifest) else manifest.object
            for manifest in reversed(manifests)
            if (manifest.identity[:2], manifest.name) == (drift.identity[:2], drift.name)
            and drift.namespace in (None, manifest.namespace or namespace)
            and not is_hook(manifest.object)
        ),
        _ABSENT,
    )


def _value_at(declared: Any, path: str) -> Any:
    try:
        segments = parse_path(path)
    except PathError:
        return _UNREADABLE
    value = declared
    for segment in segments:
        if isinstance(segment, str) and isinstance(value, Mapping):
            value = value.get(segment, _ABSENT)
        elif isinstance(value, Sequence) and not isinstance(value, str):
            value = next((item for index, item in enumerate(value) if _selects(segment, index, item)), _ABSENT)
        else:
            return _ABSENT
    return value


def _selects(segment: object, index: int, item: Any) -> bool:
    if isinstance(segment, Item) and isinstance(item, Mapping):
        return matches(segment, Item(tuple((key, item.get(key, _KEY_DEFAULTS.get(key))) for key, _ in segment.keys)))
    if isinstance(segment, Member):
        return matches(segment, Member(item))
    return segment == index


def _is_subset(declared: Any, live: Any) -> bool:
    """Whether `live` has every declared value; the API server may have added defaults."""
    if isinstance(declared, Mapping) and isinstance(live, Mapping):
        return all(key in live and _is_subset(value, live[key]) for key, value in declared.items())
    if isinstance(declared, list | tuple) and isinstance(live, list | tuple):
        return len(declared) == len(live) and all(map(_is_subset, declared, live))
    return bool(declared == live)

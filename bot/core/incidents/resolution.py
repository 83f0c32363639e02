"""How drift ended once git has moved: put back in the cluster all the same, taken over by git, or neither."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from bot.core.drift.model import FieldDrift, ObjectDrift
from bot.core.incidents.incident import ResolutionCause
from bot.core.objects.manifest import Manifest
from bot.core.objects.path import Item, Member, PathError, matches, parse_path

_NOTHING: Final = object()
_UNREADABLE: Final = object()
# What an item of a keyed list has where it does not say: list keys with a default are these alone.
_KEY_DEFAULTS: Final = {"protocol": "TCP"}


def resolution_cause(
    drift: Sequence[ObjectDrift], before: Sequence[Manifest], after: Sequence[Manifest], namespace: str
) -> ResolutionCause:
    """What became of `drift` that is gone, by what git said `before` and says `after`.

    `namespace` is that of objects that name none. "cluster": git still says the same of each difference; "adopted": git
    says of each what the cluster had; "git" for everything else, and for values that are hidden.
    """
    verdicts = {
        verdict
        for found in drift
        for verdict in _of_object(found, _declared(before, found, namespace), _declared(after, found, namespace))
    }
    return verdicts.pop() if len(verdicts) == 1 else "git"


def _of_object(found: ObjectDrift, before: Any, after: Any) -> list[ResolutionCause]:
    if found.change == "missing" or not found.fields:
        return ["adopted" if after is _NOTHING else "cluster"]
    return [_of_field(field, before, after) for field in found.fields]


def _of_field(field: FieldDrift, before: Any, after: Any) -> ResolutionCause:
    was, now = (_value(side, field.path) for side in (before, after))
    if was is _UNREADABLE or now is _UNREADABLE:
        return "git"
    if was == now:
        return "cluster"
    if field.change == "removed":
        return "adopted" if now is _NOTHING and after is not _NOTHING else "git"
    return "adopted" if _covers(now, field.live) else "git"


def _declared(manifests: Sequence[Manifest], found: ObjectDrift, namespace: str) -> Any:
    wanted = found.kind, found.name
    here = (each for each in manifests if (each.kind, each.name) == wanted)
    return next(
        (each.object for each in here if found.namespace in (None, each.namespace or namespace)),
        _NOTHING,
    )


def _value(declared: Any, path: str) -> Any:
    try:
        segments = parse_path(path)
    except PathError:
        return _UNREADABLE
    for segment in segments:
        if isinstance(segment, str) and isinstance(declared, Mapping):
            declared = declared.get(segment, _NOTHING)
        elif isinstance(declared, Sequence) and not isinstance(declared, str):
            items = list(enumerate(declared))
            declared = next((item for index, item in items if _is(segment, index, item)), _NOTHING)
        else:
            return _NOTHING
    return declared


def _is(segment: object, index: int, item: Any) -> bool:
    if isinstance(segment, Item) and isinstance(item, Mapping):
        return matches(segment, Item(tuple((key, item.get(key, _KEY_DEFAULTS.get(key))) for key, _ in segment.keys)))
    if isinstance(segment, Member):
        return matches(segment, Member(item))
    return segment == index


def _covers(declared: Any, live: Any) -> bool:
    """Whether live holds all that is declared; what it has besides are the server's defaults."""
    if isinstance(declared, Mapping) and isinstance(live, Mapping):
        return all(key in live and _covers(value, live[key]) for key, value in declared.items())
    if isinstance(declared, list | tuple) and isinstance(live, list | tuple):
        return len(declared) == len(live) and all(map(_covers, declared, live))
    return bool(declared == live)

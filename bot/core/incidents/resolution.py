"""Determines why drift is gone: the cluster or git changed, or what still differs no longer counts as drift."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from bot.core.drift.model import FieldDrift, ObjectDrift
from bot.core.drift.stored_secret import is_secret, with_string_data
from bot.core.incidents.incident import Resolution, ResolutionCause
from bot.core.objects.deep_equality import deep_equal
from bot.core.objects.manifest import Manifest
from bot.core.objects.path import Item, Member, PathError, PathIndex, format_path, parse_path
from bot.core.objects.redaction import has_hidden
from bot.core.objects.resolve import is_hook
from bot.i18n.language import Text

_Key = tuple[tuple[str, str, str | None, str], str | None]  # identity of an object, and path of a field

_ABSENT: Final = object()
_UNREADABLE: Final = object()
# The only key of a keyed list that the API server defaults.
_KEY_DEFAULTS: Final = {"protocol": "TCP"}


def resolution(
    drift: Iterable[ObjectDrift],
    earlier: Iterable[ObjectDrift],
    set_aside: Iterable[ObjectDrift],
    before: Sequence[Manifest],
    after: Sequence[Manifest],
    namespace: str,
) -> Resolution:
    """Why a complete check no longer reports `drift`, nor differences that ended `earlier`, unless they are in `drift`.

    `set_aside` are the differences that the check set aside. `after` are the manifests that it compared, and `before`
    those at the revision with the drift, if known. `namespace` is the default for objects without one.

    A difference that is not set aside no longer exists, if git still declares the object. So if git declares the same
    value as when it differed, the cluster was restored.
    """
    current = _by_path(drift)
    differences = _by_path(earlier) | current
    objects = {identity for identity, _ in differences}
    asides = {aside.identity: _AsidesByPath(aside) for aside in set_aside if aside.identity in objects}
    reasons = {
        reason
        for (identity, _), (_, field) in differences.items()
        if identity in asides and (reason := asides[identity].reason(field)) is not None
    }
    if reasons:
        return Resolution("set_aside", reasons.pop() if len(reasons) == 1 else None)
    old, new = _by_name(before), _by_name(after)
    causes = {
        _cause(
            field,
            # Git may have changed between an earlier difference and `before`.
            _declared(old, object_drift, namespace) if key in current else None,
            _declared(new, object_drift, namespace),
        )
        for key, (object_drift, field) in differences.items()
    }
    if len(causes) == 1:
        return Resolution(causes.pop())
    return Resolution("git" if causes and causes <= {"cluster", "adopted", "git"} else "unknown")


def _by_path(drift: Iterable[ObjectDrift]) -> dict[_Key, tuple[ObjectDrift, FieldDrift | None]]:
    return {
        (object_drift.identity, field.path if field else None): (object_drift, field)
        for object_drift in drift
        for field in (object_drift.fields or (None,))
    }


class _AsidesByPath:
    """What a check set aside in one object."""

    def __init__(self, aside: ObjectDrift) -> None:
        self._reasons = {field.path: field.reason for field in aside.fields}
        if aside.change == "missing":
            self._reasons = {"": aside.reason}
        self._paths = PathIndex(self._reasons)

    def reason(self, field: FieldDrift | None) -> Text | None:
        """Why a difference (None: a missing object) no longer counts; None if it was not set aside."""
        if field is None or "" in self._reasons:
            return self._reasons.get("")
        # All of the difference is set aside at or above its path. Only an added one may have parts below it.
        related = self._paths.related(field.path)
        paths = (path for path in related if len(path) <= len(field.path) or field.change == "added")
        return next((self._reasons[path] for path in paths), None)


class _Declared:
    """An object that git declares. Its lists are read once, however many paths lead into them."""

    def __init__(self, manifest: Manifest) -> None:
        self.namespace = manifest.namespace
        self._object = with_string_data(manifest.object) if is_secret(manifest) else manifest.object
        self._lists: dict[tuple[int, tuple[str, ...]], dict[str, Any]] = {}

    def value(self, path: str) -> Any:
        """The value at a path, `_ABSENT`, or `_UNREADABLE`."""
        try:
            segments = parse_path(path)
        except PathError:
            return _UNREADABLE
        value: Any = self._object
        for segment in segments:
            if isinstance(segment, str) and isinstance(value, Mapping):
                value = value.get(segment, _ABSENT)
            elif isinstance(segment, Item | Member) and isinstance(value, list):
                value = self._items(value, segment).get(format_path((segment,)), _ABSENT)
            elif isinstance(segment, int) and isinstance(value, list):
                value = value[segment] if segment < len(value) else _ABSENT
            else:
                return _ABSENT
        return value

    def _items(self, items: list[Any], like: Item | Member) -> dict[str, Any]:
        """The items of a list by the last segment of their paths; the first if several have the same."""
        keys = tuple(key for key, _ in like.keys) if isinstance(like, Item) else ()
        if (id(items), keys) not in self._lists:
            by_path = {format_path((_segment(item, keys),)): item for item in reversed(items)}
            self._lists[id(items), keys] = by_path
        return self._lists[id(items), keys]


def _segment(item: Any, keys: Sequence[str]) -> Item | Member:
    if keys and isinstance(item, Mapping):
        return Item(tuple((key, item.get(key, _KEY_DEFAULTS.get(key))) for key in keys))
    return Member(item)


def _by_name(manifests: Sequence[Manifest]) -> dict[tuple[str, ...], list[_Declared]]:
    """Objects by API group, kind, and name, the last first: it wins if two declare one object, as in checks."""
    objects: defaultdict[tuple[str, ...], list[_Declared]] = defaultdict(list)
    for manifest in reversed(manifests):
        if not is_hook(manifest.object):
            objects[*manifest.identity[:2], manifest.name].append(_Declared(manifest))
    return objects


def _declared(
    objects: Mapping[tuple[str, ...], Sequence[_Declared]], drift: ObjectDrift, namespace: str
) -> _Declared | None:
    candidates = objects.get((*drift.identity[:2], drift.name), ())
    matching = (item for item in candidates if drift.namespace in (None, item.namespace or namespace))
    return next(matching, None)


def _cause(field: FieldDrift | None, before: _Declared | None, after: _Declared | None) -> ResolutionCause:
    """Why a difference in a field no longer exists; None if the object was missing.

    `before` and `after` are how git declared the object; None if it didn't or if that's unknown.
    """
    if after is None:
        return "adopted" if field is None and before else "undeclared"
    if field is None:
        return "cluster"
    old, new = before.value(field.path) if before else _ABSENT, after.value(field.path)
    if old is _UNREADABLE or new is _UNREADABLE:
        return "unknown"
    is_same = deep_equal(old, new)
    if has_hidden(field.desired):
        is_as_before = before is not None and is_same and new is not _ABSENT
    else:
        is_as_before = deep_equal(None if new is _ABSENT else new, field.desired)
    if is_as_before:
        return "cluster"
    # The path has a key that git omits or that is hidden, or it's unknown what git declared.
    if old is new is _ABSENT and field.desired is not None:
        return "unknown"
    if (new is _ABSENT) if field.change == "removed" else _is_subset(new, field.live):
        return "adopted"
    return "git" if before and not is_same else "unknown"


def _is_subset(declared: Any, live: Any) -> bool:
    """Whether `live` has every declared value; the API server may have added defaults."""
    if isinstance(declared, Mapping) and isinstance(live, Mapping):
        return all(key in live and _is_subset(value, live[key]) for key, value in declared.items())
    if isinstance(declared, list | tuple) and isinstance(live, list | tuple):
        return len(declared) == len(live) and all(map(_is_subset, declared, live))
    return bool(declared == live)

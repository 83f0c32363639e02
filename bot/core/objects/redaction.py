"""Hides credentials in objects: every value of a Secret, and other values by their name or form.

The annotation `gitops-bot/hide` of an object lists more paths to hide.
"""

import json
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise, zip_longest
from typing import Any, Final, Self

from bot.core.objects.credential_names import (
    groups_credentials,
    is_credential_name,
    lists_credentials,
    names_credential,
)
from bot.core.objects.credential_search import CredentialSearch
from bot.core.objects.credentials import HIDDEN, redact_arguments, redact_text
from bot.core.objects.managed_fields import LAST_APPLIED
from bot.core.objects.path import ANY, Item, Member, Path, PathError, Pattern, Segment, matches, parse_path
from bot.core.objects.resource import Object, mapping
from bot.core.objects.step_budget import StepBudget, json_size
from bot.core.objects.tree import Tree

MAX_PATHS: Final = 100  # in an annotation: every difference is compared with each
HIDE: Final = "gitops-bot/hide"  # the annotation: paths, separated by spaces

_MAX_DEPTH: Final = 100
_CHARACTERS_PER_STEP: Final = 2

_SHOWN_OF_SECRET: Final = frozenset({"apiVersion", "kind", "type", "immutable"})
_IDENTITY: Final = frozenset({("apiVersion",), ("kind",), ("metadata", "name"), ("metadata", "namespace")})
_NONE: Final[Collection[str]] = ()

_Search = Callable[[str], str]  # such as `redact_text`


@dataclass(frozen=True, slots=True)
class Redaction:
    """What to hide in one object besides values that look like credentials: values at, below and around `paths`."""

    kind: str = ""
    paths: tuple[Pattern, ...] = ()

    @classmethod
    def of(cls, kind: str, declared: Object) -> Self:
        """The redaction for an object as git declares it. Invalid paths hide the whole object."""
        paths = dict.fromkeys(str(mapping(declared, "metadata", "annotations").get(HIDE, "")).split())
        if len(paths) > MAX_PATHS:
            return cls(kind, ((),))
        try:
            return cls(kind, (*map(parse_path, paths), *_nested_secrets(declared, (), _MAX_DEPTH)))
        except PathError:
            return cls(kind, ((),))


def redact(path: Sequence[Segment], value: Any, redaction: Redaction, search: _Search = redact_text) -> Any:
    """The value at a path of an object, with `HIDDEN` in place of each credential. `search` redacts a text."""
    if value is None:
        return None
    if _is_of_secret(path, redaction.kind) or any(all(map(matches, pattern, path)) for pattern in redaction.paths):
        return HIDDEN
    if _is_named_credential(path) and _is_scalar(value):
        return HIDDEN
    name = path[-1] if isinstance(path[-1], str) else ""
    return _with_redacted_keys(_redacted(value, _MAX_DEPTH, _data_of(redaction.kind), search, name), search)


def is_marked(declared: Tree, live: Tree, path: Sequence[Segment], live_path: Sequence[Segment]) -> bool:
    """Whether what is around a value in either object marks it as a credential; also if it's in neither.

    The value may have other indexes in the live object, so that its `live_path` differs. Raises TooManyStepsError.
    """
    if isinstance(path[-1], int) or isinstance(live_path[-1], int):
        return True  # a single item of a whole list, such as arguments: what it means depends on the others
    parents, live_parents = declared.parents(path), live.parents(live_path)
    is_found = len(path) in (len(parents), len(live_parents))
    return not is_found or _is_marked(declared, parents, path) or _is_marked(live, live_parents, live_path)


def _is_marked(tree: Tree, parents: Sequence[Any], path: Sequence[Segment]) -> bool:
    """Whether a path leads into a Secret inside the object, or next to a credential's name."""
    for depth, (parent, segment) in enumerate(zip(parents, path, strict=False)):
        if isinstance(parent, Mapping):
            is_shown = depth == 0 or parent.get("kind") != "Secret" or segment in _SHOWN_OF_SECRET
            if not is_shown and _is_of_secret(path[depth:], "Secret"):
                return True
            if segment == "value" and tree.names_credential(parent):
                return True
    return False


def redact_scalars(value: Object, redaction: Redaction, steps: StepBudget, search: CredentialSearch) -> Object:
    """The object with `HIDDEN` in place of each credential, but with the keys and lists that contain them.

    It is the same whatever the credentials are. Raises TooManyStepsError.
    """
    steps.take(json_size(value) // _CHARACTERS_PER_STEP)
    is_secret = redaction.kind == "Secret"  # every value is hidden by its path
    redacted = value if is_secret else _redacted(value, _MAX_DEPTH, _data_of(redaction.kind), search.redact)
    patterns = tuple(tuple(part if isinstance(part, str) else ANY for part in path) for path in redaction.paths)
    shaped: Object = _redacted_scalars((), value, redacted, replace(redaction, paths=patterns), steps, search.redact)
    return shaped


def _redacted_scalars(
    path: Path, value: Any, redacted: Any, redaction: Redaction, steps: StepBudget, search: _Search
) -> Any:
    """The value at a path, in which list items have indexes; `redacted` is what is left of it, or HIDDEN."""
    if len(path) >= _MAX_DEPTH:
        return HIDDEN
    if isinstance(value, Mapping):
        return {
            key: _redacted_scalars((*path, key), below, _below(redacted, key), redaction, steps, search)
            for key, below in value.items()
        }
    if isinstance(value, list | tuple):
        return [
            _redacted_scalars((*path, index), below, _below(redacted, index), redaction, steps, search)
            for index, below in enumerate(value)
        ]
    steps.take(1 + len(redaction.paths))
    if path in _IDENTITY:
        return value
    return HIDDEN if path[-1:] == (LAST_APPLIED,) else redact(path, redacted, redaction, search)


def _below(redacted: Any, segment: str | int) -> Any:
    return HIDDEN if isinstance(redacted, str) else redacted[segment]


def _with_redacted_keys(value: Any, search: _Search) -> Any:
    """The value with `HIDDEN` for each credential in the keys of its mappings, as in a path."""
    if isinstance(value, Mapping):
        return {_redacted_name(key, search): _with_redacted_keys(below, search) for key, below in value.items()}
    return [_with_redacted_keys(below, search) for below in value] if isinstance(value, list | tuple) else value


def redact_path(path: Sequence[Segment], search: _Search = redact_text) -> tuple[Segment, ...]:
    """The path with `HIDDEN` for each credential in it: a mapping's key, an item's key, or a member of a set."""
    return tuple(_redacted_segment(segment, parent, search) for parent, segment in pairwise(("", *path)))


def _redacted_segment(segment: Segment, parent: Segment, search: _Search) -> Segment:
    if isinstance(segment, Item):
        return Item(tuple((name, _redacted_key(name, value, search)) for name, value in segment.keys))
    if isinstance(segment, Member):
        is_credential = isinstance(parent, str) and lists_credentials(parent)
        return Member(HIDDEN if is_credential else _redacted_name(segment.value, search))
    return search(segment) if isinstance(segment, str) else segment


def _redacted_key(name: str, value: Any, search: _Search) -> Any:
    return HIDDEN if is_credential_name(name) and _is_scalar(value) else _redacted_name(value, search)


def _redacted_name(value: Any, search: _Search) -> Any:
    return search(value) if isinstance(value, str) else value


def has_hidden(value: Any) -> bool:
    """Whether `redact` has hidden a credential in a value."""
    if isinstance(value, str):
        return HIDDEN in value
    if isinstance(value, Mapping):
        return any(has_hidden(key) or has_hidden(below) for key, below in value.items())
    return isinstance(value, list | tuple) and any(map(has_hidden, value))


def credential_lines(value: Any) -> Iterator[str]:
    """The lines with credentials in an object's texts, also in JSON encoding."""
    for text, redacted in _texts(value, _redacted(value, _MAX_DEPTH, _NONE, redact_text)):
        if redacted == HIDDEN:
            yield json.dumps(text, ensure_ascii=False)[1:-1]
        lines, shown = text.splitlines(), redacted.splitlines()
        yield from (line for line, other in zip_longest(lines, shown) if line and line != other)


# ---------------------------------------------------------------- objects


def _is_of_secret(path: Sequence[Segment], kind: str) -> bool:
    """Whether a path is one of a Secret's values: all are, except its type and its labels.

    Deployers keep copies of the data in annotations, and a mistyped key may have what belongs in `data`. For kinds that
    create Secrets, such as SealedSecret, only the data counts.
    """
    if kind == "Secret":
        return not (path[0] in ("type", "immutable") or tuple(path[:2]) == ("metadata", "labels"))
    return any(part in _data_of(kind) for part in path)


def _nested_secrets(declared: Any, path: Pattern, depth: int) -> Iterator[Pattern]:
    """The paths of the values of Secrets inside an object, such as a ManifestWork; list items match any index."""
    if isinstance(declared, Mapping) and depth:
        if path and declared.get("kind") == "Secret":
            yield from ((*path, *keys) for keys in (("data",), ("stringData",), ("metadata", "annotations")))
        for key, below in declared.items():
            yield from _nested_secrets(below, (*path, str(key)), depth - 1)
    elif isinstance(declared, list | tuple) and depth:
        for below in declared:
            yield from _nested_secrets(below, (*path, ANY), depth - 1)


def _data_of(kind: str) -> Collection[str]:
    return ("data", "stringData", "encryptedData") if "secret" in kind.lower() else _NONE


def _is_named_credential(path: Sequence[Segment]) -> bool:
    if path[-1] == "value" and len(path) > 1 and isinstance(path[-2], Item):
        return any(isinstance(name, str) and is_credential_name(name) for _, name in path[-2].keys)
    if isinstance(path[-1], str) and is_credential_name(path[-1]):
        return True
    parent = path[-2] if len(path) > 1 else None
    is_item = isinstance(path[-1], int | Member)
    return isinstance(parent, str) and (groups_credentials(parent) or (is_item and lists_credentials(parent)))


def _redacted(value: Any, depth: int, hidden_keys: Collection[str], search: _Search, name: str = "") -> Any:
    """The value without credentials, and with nothing below `hidden_keys`. The `name` is its key."""
    if isinstance(value, str):
        return search(value)
    if not isinstance(value, Mapping | list | tuple):
        return value
    if not depth:
        return HIDDEN
    if isinstance(value, Mapping):
        return _redacted_mapping(value, depth, hidden_keys, search, is_group=groups_credentials(name))
    is_list = lists_credentials(name)
    before = (None, *value)
    redacted = [
        HIDDEN
        if _is_scalar(item) and (is_list or (isinstance(item, str) and _is_flag(previous)))
        else _redacted(item, depth - 1, hidden_keys, search)
        for previous, item in zip(before, value, strict=False)
    ]
    arguments = [str(item) if _is_scalar(item) else "" for item in redacted]
    pairs = zip(redacted, arguments, redact_arguments(arguments), strict=True)
    return [item if shown == argument else shown for item, argument, shown in pairs]


def _redacted_mapping(
    value: Mapping[str, Any], depth: int, hidden_keys: Collection[str], search: _Search, *, is_group: bool
) -> dict[str, Any]:
    if value.get("kind") == "Secret":
        return {key: below if key in _SHOWN_OF_SECRET else HIDDEN for key, below in value.items()}
    is_credential = "value" in value and names_credential(value)
    return {
        key: HIDDEN
        if key in hidden_keys
        or (_is_scalar(below) and (is_group or is_credential_name(str(key)) or (is_credential and key == "value")))
        else _redacted(below, depth - 1, hidden_keys, search, str(key))
        for key, below in value.items()
    }


def _is_scalar(value: Any) -> bool:
    return isinstance(value, str | int | float) and not isinstance(value, bool) and value != ""


def _is_flag(argument: Any) -> bool:
    """Whether the next argument is a credential: `--password`."""
    if not isinstance(argument, str) or "=" in argument:
        return False
    return argument.startswith("-") and is_credential_name(argument)


def _texts(value: Any, redacted: Any) -> Iterator[tuple[str, str]]:
    """Every scalar as a text, before and after."""
    if isinstance(value, Mapping):
        for key, below in value.items():
            yield from _texts(below, _below(redacted, key))
    elif isinstance(value, list | tuple):
        for index, below in enumerate(value):
            yield from _texts(below, _below(redacted, index))
    elif _is_scalar(value):
        yield str(value), str(redacted)

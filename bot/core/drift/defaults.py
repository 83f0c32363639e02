"""What the API server does to a manifest: the defaults it fills in, and the declared values it drops or rewrites."""

from collections.abc import Mapping
from typing import Any, Final

from bot.core.objects.deep_equality import CONTAINERS
from bot.core.objects.scalar_equality import same_scalar
from bot.core.objects.schema import MISSING, Node

Object = Mapping[str, Any]

# No real object is nested this deeply; a value at this depth is compared as a whole.
MAX_DEPTH: Final = 100
# The types of scalars that need no conversion: values of one type mean the same if they are equal.
PLAIN_SCALARS: Final = frozenset((str, int, bool))
# A newline and a space in base64: placeholders that generators write.
_BLANK_BUNDLES: Final = ("Cg==", "IA==")


def is_default(
    live: Any, node: Node, desired_parent: Object, live_parent: Object, parent_default: Any = MISSING
) -> bool:
    """Whether a value that git does not declare is the server's default.

    The parents are the mappings around it in git and in the cluster; `parent_default` is the value at this key in the
    parent's default, MISSING if there is none.
    """
    if parent_default is not MISSING and _equals_default(live, parent_default, node):
        return True
    # A loop, here and below: a generator expression takes twice as long.
    live_type = type(live)
    for default in node.defaults_beside(desired_parent, live_parent) if node.derive else node.defaults:
        if live_type in PLAIN_SCALARS and live_type is type(default) and live == default:
            return True
        if _equals_default(live, default, node):
            return True
    if live or node.custom:
        return False
    return isinstance(live, list) or (not node.keeps_zero if isinstance(live, dict) else _is_zero(live, node))


def _equals_default(live: Any, default: Any, node: Node) -> bool:
    """Whether a value equals this default. A mapping may also have fields with their own defaults."""
    if isinstance(live, dict) and isinstance(default, dict):
        for key, value in live.items():
            if not is_default(value, node.field(key), {}, live, default.get(key, MISSING)):
                return False
        return True
    if isinstance(live, list) and isinstance(default, list):
        return len(live) == len(default) and all(
            _equals_default(item, default_item, node.item) for item, default_item in zip(live, default, strict=True)
        )
    if isinstance(live, CONTAINERS) or isinstance(default, CONTAINERS):
        return False
    return same_scalar(live, default, node.scalar)


def default_mapping(node: Node, desired_parent: Object, live_parent: Object, parent_default: Any) -> Object | None:
    """The mapping that the server fills in here by default, whatever it contains now; None if there is none."""
    defaults = (parent_default, *node.defaults_beside(desired_parent, live_parent))
    return next((default for default in defaults if isinstance(default, dict)), None)


def is_dropped(desired: Any, node: Node, depth: int = 0) -> bool:
    """Whether the server stores nothing for a declared value: null, and in built-in kinds also empty and zero ones."""
    if desired is None:
        return True
    if node.custom:
        return False
    if isinstance(desired, dict):
        return (
            depth < MAX_DEPTH
            and not node.keeps_zero
            and all(is_dropped(value, node.field(key), depth + 1) for key, value in desired.items())
        )
    if isinstance(desired, list):
        return not desired
    return _is_zero(desired, node)


def means_the_same(desired: Any, live: Any, node: Node, desired_parent: Object, live_parent: Object) -> bool:
    """Whether a live scalar is equivalent to the declared one, or what the server changes it to."""
    if isinstance(desired, CONTAINERS) or isinstance(live, CONTAINERS):
        return False
    if same_scalar(desired, live, node.scalar):
        return True
    if _is_zero(desired, node) and is_default(live, node, desired_parent, live_parent):
        return True
    # `nodePort: 0` requests any port, and an empty caBundle is one for a controller to fill in.
    to_fill_in = _is_blank(desired, node) or (node.filled and _is_zero(desired, node))
    return to_fill_in and (node.filled or node.filled_if_empty)


def _is_zero(value: Any, node: Node) -> bool:
    """Whether the server treats this scalar as unset: the zero of a field that is not a pointer."""
    return not node.keeps_zero and not isinstance(value, CONTAINERS) and value in ("", 0)


def _is_blank(value: Any, node: Node) -> bool:
    if node.keeps_zero or not isinstance(value, str):
        return False
    return not value.strip() or (node.scalar == "bytes" and value in _BLANK_BUNDLES)

"""Short paths for people: `image` for `spec.template.spec.containers[name=web].image` of web."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Final

from bot.core.objects.path import Item, Member, PathError, Wildcard, parse_path
from bot.core.text_cache import cache_texts

Segments = tuple[Any, ...]

_MAX_NAMES: Final = 600  # characters; those that rules name have fewer, also in templates of custom resources

WORKLOADS: Final = frozenset(
    ("CronJob", "DaemonSet", "Deployment", "Job", "Pod", "ReplicaSet", "ReplicationController", "StatefulSet")
)
CONTAINER_LISTS: Final = frozenset(("containers", "initContainers", "ephemeralContainers"))
# A Job has a field of this name too.
_IN_JOB_TOO: Final = "activeDeadlineSeconds"
_POD_SPECS: Final[tuple[Segments, ...]] = (
    ("spec", "jobTemplate", "spec", "template", "spec"),
    ("spec", "template", "spec"),
)
_OBJECT_SPECS: Final[tuple[Segments, ...]] = (("spec", "jobTemplate", "spec"), ("spec",))
# The kinds of probes: their other fields show which one it is.
_PROBE_KINDS: Final = frozenset(("httpGet", "tcpSocket", "grpc"))


@cache_texts
def segments(path: str) -> Segments:
    """The segments of a path; one that cannot be read is one segment."""
    try:
        return parse_path(path)
    except PathError:  # an unusual path must not lose an alert
        return (path,)


def names(path: str) -> str:
    """The `clipped_names` of a path, dotted, without list items."""
    return clipped_names(".".join(segment for segment in segments(path) if isinstance(segment, str)))


def clipped_names(dotted: str) -> str:
    """Field names to compare with the patterns of rules: only the start and the end of long ones."""
    return dotted if len(dotted) <= _MAX_NAMES else f"{dotted[: _MAX_NAMES // 2]}…{dotted[-_MAX_NAMES // 2 :]}"


def container(path: str) -> str | None:
    """The name of the container that a path leads into; None if it does not."""
    for name, item in pairwise(segments(path)):
        if name in CONTAINER_LISTS and isinstance(item, Item):
            return str(item.keys[0][1])
    return None


def short_path(kind: str, name: str, path: str) -> str:
    """A path without what the object implies: its pod spec, and a container with the object's name."""
    rest = segments(path)
    if kind in WORKLOADS:
        for prefix in _POD_SPECS:
            if len(rest) > len(prefix) and rest[: len(prefix)] == prefix and rest[len(prefix)] != _IN_JOB_TOO:
                rest = rest[len(prefix) :]
                break
    for prefix in _OBJECT_SPECS:
        if len(rest) > len(prefix) and rest[: len(prefix)] == prefix:
            rest = rest[len(prefix) :]
            break
    if rest[0] == "metadata" and len(rest) > 1:
        rest = rest[1:]
    if len(rest) > 2 and rest[0] in CONTAINER_LISTS and isinstance(rest[1], Item) and rest[1].keys[0][1] == name:
        rest = rest[2:]
    return spelled(rest)


def spelled(path: Sequence[Any]) -> str:
    """Segments as people read them: `env[DEBUG]`, `ports[53/UDP].targetPort`, `livenessProbe.path`."""
    text = ""
    for index, segment in enumerate(path):
        before = path[index - 1] if index else None
        if isinstance(segment, str):
            is_probe = isinstance(before, str) and before.endswith("Probe")
            is_env_value = segment == "value" and isinstance(before, Item) and path[index - 2 : index - 1] == ("env",)
            if (segment in _PROBE_KINDS and is_probe and index + 1 < len(path)) or is_env_value:
                continue
            plain = segment.replace("_", "").replace("-", "").isalnum()
            text += f".{segment}" if plain else f"[{segment}]"
        else:
            text += f"[{item_name(segment)}]"
    return text.removeprefix(".")


def item_name(segment: Any) -> str:
    """The usual name of a list item: `web`, `80`, `53/UDP`."""
    match segment:
        case Item(keys):
            return "/".join(str(value) for key, value in keys if (key, value) != ("protocol", "TCP"))
        case Member(value):
            return str(value)
        case Wildcard():
            return "*"
    return str(segment)

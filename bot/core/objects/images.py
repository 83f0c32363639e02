"""Images that workloads run, and whether each is pinned: to a digest, which is one image for ever."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from bot.core.objects.manifest import Manifest

# Where images stand in a PodSpec, and a PodSpec anywhere in an object: its lists of containers, and of volumes.
# https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/#PodSpec
_PLACES: Final[Mapping[str, tuple[str, ...]]] = {
    "containers": ("image",),
    "initContainers": ("image",),
    "ephemeralContainers": ("image",),
    "volumes": ("image", "reference"),
}
# https://github.com/opencontainers/image-spec/blob/main/descriptor.md#digests
_DIGEST: Final = re.compile(r"@(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$")


class Pin(StrEnum):
    """DIGEST is one image for ever; a TAG may be moved; FLOATING, `latest` or no tag at all, is meant to move."""

    DIGEST = "digest"
    TAG = "tag"
    FLOATING = "floating"


@dataclass(frozen=True, slots=True)
class Unpinned:
    """An image that is not pinned to a digest, and the object that runs it (`Deployment web`)."""

    image: str
    pin: Pin
    used_by: str


def pin_of(image: str) -> Pin:
    """How far a reference names one image."""
    if _DIGEST.search(image):
        return Pin.DIGEST
    tag = image.partition("@")[0].rpartition("/")[2].partition(":")[2]  # a colon before a slash is a registry's port
    return Pin.FLOATING if tag in ("", "latest") else Pin.TAG


def images_of(declared: Mapping[str, Any]) -> list[str]:
    """Every image that an object runs, each once, in the order of the object; in custom resources too."""
    return list(dict.fromkeys(_found(declared)))


def newly_unpinned(pairs: Iterable[tuple[Manifest | None, Manifest | None]]) -> list[Unpinned]:
    """The images without a digest that objects run at the later revision and did not run before; `latest` first.

    `pairs` are objects before and after. What an object ran before is no news, however it is named.
    """
    found: dict[str, Unpinned] = {}
    for before, after in pairs:
        if after is None:
            continue
        known = set(images_of(before.object)) if before else set()
        for image in images_of(after.object):
            if image not in known and (pin := pin_of(image)) is not Pin.DIGEST:
                found.setdefault(image, Unpinned(image, pin, f"{after.kind} {after.name}"))
    return sorted(found.values(), key=lambda each: (each.pin is not Pin.FLOATING, each.image))


def _found(declared: Mapping[str, Any]) -> Iterator[str]:
    left: list[Any] = [declared]
    while left:  # a loop, for any depth
        value = left.pop()
        if isinstance(value, list):
            left += reversed(value)
        elif isinstance(value, dict):
            for name, path in _PLACES.items():
                items = value.get(name)
                yield from _images(items, path) if isinstance(items, list) else ()
            left += reversed(value.values())


def _images(items: Iterable[Any], path: tuple[str, ...]) -> Iterator[str]:
    for item in items:
        value = item
        for key in path:
            value = value.get(key) if isinstance(value, dict) else None
        if isinstance(value, str) and value:
            yield value

"""Images that workloads run, and whether each is pinned to a digest, which never refers to another image."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from bot.core.objects.manifest import Manifest
from bot.core.objects.resource import items

# The lists in a PodSpec, and where their items name an image.
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
    """A DIGEST never moves, a TAG may be moved, and a FLOATING image (`latest`, or no tag) is meant to move."""

    DIGEST = "digest"
    TAG = "tag"
    FLOATING = "floating"


@dataclass(frozen=True, slots=True)
class Unpinned:
    """An image without a digest, and the object that runs it (`Deployment web`)."""

    image: str
    pin: Pin
    used_by: str


def pin_of(image: str) -> Pin:
    """How an image reference is pinned."""
    if _DIGEST.search(image):
        return Pin.DIGEST
    tag = image.partition("@")[0].rpartition("/")[2].partition(":")[2]  # a colon before a slash is the registry's port
    return Pin.FLOATING if tag in ("", "latest") else Pin.TAG


def contrast(image: str, other: str) -> tuple[str, str]:
    """Two image references, shortened to where they differ: only tags for the same repository, digests of 8 digits.

    A reference without a tag keeps its repository.
    """
    (name, tag, digest), (other_name, other_tag, other_digest) = _reference(image), _reference(other)
    if name == other_name:
        if tag and other_tag and tag != other_tag:
            return tag, other_tag
        if digest and other_digest and tag == other_tag:
            return digest, other_digest
    parts, other_parts = name.split("/"), other_name.split("/")
    common = 0
    while common < min(len(parts), len(other_parts)) - 1 and parts[common] == other_parts[common]:
        common += 1
    return _joined("/".join(parts[common:]), tag, digest), _joined(
        "/".join(other_parts[common:]), other_tag, other_digest
    )


def short_image(image: str) -> str:
    """The reference with its digest cut to 8 digits."""
    return _joined(*_reference(image))


def _reference(image: str) -> tuple[str, str, str]:
    """The repository, the tag and the shortened digest of an image reference; "" for missing parts."""
    rest, _, digest = image.partition("@")
    directory, slash, last = rest.rpartition("/")
    name, _, tag = last.partition(":")  # a colon before a slash is the registry's port
    algorithm, colon, digits = digest.partition(":")
    return f"{directory}{slash}{name}", tag, f"{algorithm}{colon}{digits[:8]}…" if len(digits) > 8 else digest


def _joined(name: str, tag: str, digest: str) -> str:
    return f"{name}{':' if tag else ''}{tag}{'@' if digest else ''}{digest}"


def images_of(desired: Mapping[str, Any]) -> list[str]:
    """Every image that an object runs, including custom resources, each once, in the order of the object."""
    return list(dict.fromkeys(_images(desired)))


def newly_unpinned(pairs: Iterable[tuple[Manifest | None, Manifest | None]]) -> list[Unpinned]:
    """The images without a digest that objects run after a change and did not run before, floating ones first.

    `pairs` are the objects before and after a change, None where there is none.
    """
    unpinned: dict[str, Unpinned] = {}
    for before, after in pairs:
        if after is None:
            continue
        images_before = set(images_of(before.object)) if before else set()
        for image in images_of(after.object):
            if image not in images_before and (pin := pin_of(image)) is not Pin.DIGEST:
                unpinned.setdefault(image, Unpinned(image, pin, f"{after.kind} {after.name}"))
    return sorted(unpinned.values(), key=lambda image: (image.pin is not Pin.FLOATING, image.image))


def _images(desired: Mapping[str, Any]) -> Iterator[str]:
    unvisited: list[Any] = [desired]
    while unvisited:  # no recursion, so any depth is fine
        value = unvisited.pop()
        if isinstance(value, list):
            unvisited += reversed(value)
        elif isinstance(value, dict):
            for name, path in _PLACES.items():
                yield from _item_images(items(value, name), path)
            unvisited += reversed(value.values())


def _item_images(containers: Iterable[Any], path: tuple[str, ...]) -> Iterator[str]:
    for container in containers:
        value = container
        for key in path:
            value = value.get(key) if isinstance(value, dict) else None
        if isinstance(value, str) and value:
            yield value

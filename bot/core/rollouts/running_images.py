"""Compares the images that pods run, by the digests that nodes report, with those that the merge declares."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from bot.core.objects.resource import Object, items, mapping, text

MAX_IMAGES: Final = 100  # of one workload or pod
# `imageID` is `docker-pullable://repository@sha256:…` or `repository@sha256:…`. Without a repository, it is the digest
# of the image's configuration, which manifests don't use.
_DIGEST: Final = re.compile(r"@(sha256:[0-9a-f]{64})$")


@dataclass(frozen=True, slots=True)
class PodImage:
    """What one container of a pod runs: the image in its spec, and the digest that the node reports."""

    image: str
    digest: str


@dataclass(frozen=True, slots=True)
class ImageMismatch:
    """A declared image that pods run with several digests, or only with others than declared.

    `digests` are those that pods run, the most frequent first.
    """

    image: str
    digests: tuple[str, ...]


def pod_images(pod: Object) -> tuple[PodImage, ...]:
    """What the first MAX_IMAGES containers of a pod run, as far as the node has reported it."""
    images = {text(container, "name"): text(container, "image") for container in _objects(pod, "spec", "containers")}
    running = []
    for status in _objects(pod, "status", "containerStatuses")[:MAX_IMAGES]:
        image, digest = images.get(text(status, "name"), ""), _DIGEST.search(text(status, "imageID"))
        if image and digest:
            running.append(PodImage(image, digest[1]))
    return tuple(running)


def count_digests(running: Iterable[PodImage]) -> Mapping[str, Counter[str]]:
    """How many containers run each digest of an image, by image."""
    digests: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for container in running:
        digests[container.image][container.digest] += 1
    return digests


def mismatches(declared: Iterable[str], running: Mapping[str, Counter[str]]) -> tuple[ImageMismatch, ...]:
    """The declared images that pods run with several digests, or with a different one than declared."""
    result = []
    for image in dict.fromkeys(declared):
        digests, pinned = running.get(image, Counter()), _DIGEST.search(image)
        if len(digests) > 1 or (pinned and digests and pinned[1] not in digests):
            result.append(ImageMismatch(image, tuple(digest for digest, _ in digests.most_common())))
    return tuple(result)


def _objects(pod: Object, part: str, key: str) -> list[Object]:
    return [value for value in items(mapping(pod, part), key) if isinstance(value, dict)]

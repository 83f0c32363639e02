"""Finds objects that are encrypted with SOPS, which the bot cannot compare.

https://fluxcd.io/flux/components/kustomize/kustomizations/#decryption
"""

import base64
import binascii
import json
import re
from bisect import bisect_right
from collections.abc import Collection, Iterable, Mapping
from typing import Final

from bot.core.objects.manifest import Manifest
from bot.core.objects.resource import mapping

# What SOPS writes into a file of each format. A generated Secret may contain such a file.
_MARKERS: Final = re.compile(rb'"mac": "ENC\[|sops_mac=ENC\[|\[sops\]|mac: ENC\[')
_GENERATED: Final = re.compile(r".+-[0-9a-z]{10}")
_HASHES: Final = re.compile(r"(?=(-[0-9a-z]{10}))")
_HASH_LENGTH: Final = 11  # with the hyphen
_MAX_NAME: Final = 253  # of an object in a cluster


def split_encrypted(manifests: Iterable[Manifest]) -> tuple[list[Manifest], list[Manifest]]:
    """The objects that can be compared, and those that are encrypted.

    The name of a generated Secret ends with a hash of its decrypted content, so objects that refer to an encrypted one
    count as encrypted too.
    """
    readable: list[Manifest] = []
    encrypted: list[Manifest] = []
    for manifest in manifests:
        (encrypted if _is_encrypted(manifest) else readable).append(manifest)
    generated = [
        manifest.name
        for manifest in encrypted
        if _GENERATED.fullmatch(manifest.name) and not mapping(manifest.object, "sops")
    ]
    if not generated:
        return readable, encrypted
    names = _Names(generated)
    others: list[Manifest] = []
    for manifest in readable:
        (encrypted if names.occur_in(manifest.object) else others).append(manifest)
    return others, encrypted


class _Names:
    """Names that end with a hash, to be found in a value in a time that doesn't grow with their number."""

    def __init__(self, names: Collection[str]) -> None:
        self._hashes = {name[-_HASH_LENGTH:] for name in names}
        self._reversed: list[str] = []  # sorted, without those that begin with another one
        for name in sorted(name[::-1] for name in names if len(name) <= _MAX_NAME):
            if not self._reversed or not name.startswith(self._reversed[-1]):
                self._reversed.append(name)

    def occur_in(self, value: Mapping[str, object]) -> bool:
        """Whether a value contains one of the names."""
        text = json.dumps(value, default=str)
        return any(
            self._is_end(text[max(match.end(1) - _MAX_NAME, 0) : match.end(1)][::-1])
            for match in _HASHES.finditer(text)
            if match[1] in self._hashes
        )

    def _is_end(self, reversed_text: str) -> bool:
        at = bisect_right(self._reversed, reversed_text)
        return at > 0 and reversed_text.startswith(self._reversed[at - 1])


def _is_encrypted(manifest: Manifest) -> bool:
    if mapping(manifest.object, "sops"):
        return True
    if manifest.kind != "Secret":
        return False
    return any(_MARKERS.search(_decode(value)) for value in mapping(manifest.object, "data").values())


def _decode(value: object) -> bytes:
    try:
        return base64.b64decode(value) if isinstance(value, str) else b""
    except (binascii.Error, ValueError):
        return b""

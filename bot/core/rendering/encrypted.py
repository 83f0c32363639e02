"""Finds objects that are encrypted with SOPS, which the bot cannot compare.

https://fluxcd.io/flux/components/kustomize/kustomizations/#decryption
"""

import base64
import binascii
import json
import re
from collections.abc import Iterable, Mapping
from typing import Final

from bot.core.objects.manifest import Manifest
from bot.core.objects.resource import mapping

# What SOPS writes into a file of each format. A generated Secret may contain such a file.
_MARKERS: Final = re.compile(rb'"mac": "ENC\[|sops_mac=ENC\[|\[sops\]|mac: ENC\[')
_GENERATED: Final = re.compile(r".+-[0-9a-z]{10}")
_NAMES: Final = re.compile(r"(?:\\[nrt])?([\w.-]+)")  # in JSON


def split_encrypted(manifests: Iterable[Manifest]) -> tuple[list[Manifest], list[Manifest]]:
    """The objects that can be compared, and those that are encrypted.

    The name of a generated Secret ends with a hash of its decrypted content, so objects that refer to an encrypted one
    count as encrypted too.
    """
    readable: list[Manifest] = []
    encrypted: list[Manifest] = []
    for manifest in manifests:
        (encrypted if _is_encrypted(manifest) else readable).append(manifest)
    generated = {
        manifest.name
        for manifest in encrypted
        if _GENERATED.fullmatch(manifest.name) and not mapping(manifest.object, "sops")
    }
    if not generated:
        return readable, encrypted
    others: list[Manifest] = []
    for manifest in readable:
        (encrypted if _mentions(manifest.object, generated) else others).append(manifest)
    return others, encrypted


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


def _mentions(value: Mapping[str, object], names: set[str]) -> bool:
    return not names.isdisjoint(_NAMES.findall(json.dumps(value, default=str)))

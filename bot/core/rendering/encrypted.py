"""Finds objects that are encrypted with SOPS, which the bot cannot compare.

https://fluxcd.io/flux/components/kustomize/kustomizations/#decryption
"""

import base64
import binascii
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from bot.core.objects.manifest import Manifest
from bot.core.objects.resource import mapping

# What SOPS writes into a file of each format. A generated Secret may contain such a file.
_MARKERS: Final = re.compile(rb'"mac": "ENC\[|sops_mac=ENC\[|\[sops\]|mac: ENC\[')
_GENERATED: Final = re.compile(r".+-[0-9a-z]{10}")


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
    referring = [manifest for manifest in readable if _mentions(manifest.object, generated)]
    return [manifest for manifest in readable if manifest not in referring], [*encrypted, *referring]


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


def _mentions(value: Mapping[str, object], names: Sequence[str]) -> bool:
    text = json.dumps(value, default=str)
    return any(name in text for name in names)

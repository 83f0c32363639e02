"""A digest of what comparing a live object depends on."""

from collections.abc import Mapping
from hashlib import blake2b
from typing import Any, Final

import orjson

from bot.core.objects.resource import mapping

_BYTES: Final = 16


def comparison_digest(live: Mapping[str, Any]) -> bytes:
    """The same for states of an object that differ only in the status, its field managers, and the resourceVersion."""
    metadata = {name: value for name, value in mapping(live, "metadata").items() if name != "resourceVersion"}
    managed_fields = metadata.get("managedFields")
    if isinstance(managed_fields, list):
        metadata["managedFields"] = [entry for entry in managed_fields if not _is_of_status(entry)]
    content = {name: value for name, value in live.items() if name not in {"metadata", "status"}}
    try:
        body = orjson.dumps([metadata, content])
    except orjson.JSONEncodeError:  # nested too deeply: use the version, which changes with each write
        body = orjson.dumps(str(mapping(live, "metadata").get("resourceVersion")))
    return blake2b(body, digest_size=_BYTES).digest()


def _is_of_status(entry: object) -> bool:
    return isinstance(entry, Mapping) and entry.get("subresource") == "status"

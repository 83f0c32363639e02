"""Secrets as the API server stores them."""

import base64
from collections.abc import Mapping
from typing import Any

from bot.core.objects.manifest import Manifest
from bot.core.objects.resource import mapping


def is_secret(manifest: Manifest) -> bool:
    """Whether it declares a core/v1 Secret."""
    return manifest.api_version == "v1" and manifest.kind == "Secret"


def with_string_data(secret: Mapping[str, Any]) -> Mapping[str, Any]:
    """A Secret as the API server stores it: `stringData` merged into `data`, in base64."""
    if "stringData" not in secret:
        return secret
    stored = {key: value for key, value in secret.items() if key != "stringData"}
    encoded = {
        key: base64.b64encode(value.encode("utf-8", "surrogatepass")).decode() if isinstance(value, str) else value
        for key, value in mapping(secret, "stringData").items()
    }
    if encoded:
        stored["data"] = {**mapping(secret, "data"), **encoded}
    return stored

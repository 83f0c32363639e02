"""The values of a HelmRelease, and the ConfigMaps that Flux resources refer to.

The rules are those of fluxcd/pkg/chartutil. https://fluxcd.io/flux/components/helm/helmreleases/#values
"""

import copy
import json
from collections.abc import Callable, Mapping
from typing import Any

import yaml

from bot.core.applications.discovery import ResourceRef, UnsupportedResourceError
from bot.core.objects.manifest import ManifestError, read_documents
from bot.core.objects.resource import Object, items, mapping, text
from bot.core.rendering.helm_values import set_parameter
from bot.i18n.catalogue import discovery as texts
from bot.i18n.language import LocalizedText

# The data of a ConfigMap by namespace and name; None if there is none.
ConfigMapReader = Callable[[str, str], Mapping[str, str] | None]


def config_map_data(reference: Object, origin: ResourceRef, config_maps: ConfigMapReader) -> Mapping[str, str] | None:
    """The data of a referenced ConfigMap; None if it is optional and missing. UnsupportedResourceError."""
    name = text(reference, "name")
    if text(reference, "kind") != "ConfigMap":
        raise UnsupportedResourceError(LocalizedText(texts.FROM_SECRET, name=name[:100]))
    data = config_maps(origin.namespace, name)
    if data is None and reference.get("optional") is not True:
        raise UnsupportedResourceError(LocalizedText(texts.NO_CONFIG_MAP, name=f"{origin.namespace}/{name}"[:150]))
    return data


def release_values(spec: Object, origin: ResourceRef, config_maps: ConfigMapReader) -> str:
    """The values of `valuesFrom`, each merged over the ones before, and the inline `values` over them, as JSON.

    A value with a `targetPath` overrides inline values too. UnsupportedResourceError.
    """
    merged: dict[str, Any] = {}
    inline = copy.deepcopy(dict(mapping(spec, "values")))  # `set_parameter` changes what merging shares
    for entry in items(spec, "valuesFrom"):
        reference = entry if isinstance(entry, Mapping) else {}
        data = config_map_data(reference, origin, config_maps)
        key, name = text(reference, "valuesKey") or "values.yaml", text(reference, "name")
        if data is None or key not in data:
            if data is None or reference.get("optional") is True:
                continue
            missing = f"{origin.namespace}/{name} ({key})"[:150]
            raise UnsupportedResourceError(LocalizedText(texts.NO_CONFIG_MAP, name=missing))
        if path := text(reference, "targetPath"):
            merged = _merged(merged, inline)
            _set(merged, path, data[key], is_literal=reference.get("literal") is True)
        else:
            merged = _merged(merged, _parsed(name, data[key]))
    merged = _merged(merged, inline)
    return json.dumps(merged) if merged else ""


def _set(values: dict[str, Any], path: str, value: str, *, is_literal: bool) -> None:
    """Set a value as Flux does: a quoted one is a string. UnsupportedResourceError."""
    is_quoted = value[:1] in ("'", '"') and value[-1:] == value[:1]
    value = value.strip("'\"") if is_quoted and not is_literal else value
    if is_literal:
        value = "".join(f"\\{character}" if character in "\\,{" else character for character in value)
    try:
        set_parameter(values, f"{path}={value}", is_string=is_quoted or is_literal)
    except ValueError as error:
        raise UnsupportedResourceError(LocalizedText(texts.TARGET_PATH, path=path[:100])) from error


def _parsed(name: str, values: str) -> Object:
    try:
        documents = [value for _, value in read_documents(name, values.encode()) if isinstance(value, dict)]
    except (ManifestError, yaml.YAMLError) as error:
        raise UnsupportedResourceError(LocalizedText(texts.BAD_VALUES, name=name[:100])) from error
    return documents[0] if documents else {}


def _merged(base: Object, override: Object) -> dict[str, Any]:
    """Values merged as Helm merges them: mappings key by key, anything else replaced."""
    merged = dict(base)
    for key, value in override.items():
        below = merged.get(key)
        merged[key] = _merged(below, value) if isinstance(below, Mapping) and isinstance(value, Mapping) else value
    return merged

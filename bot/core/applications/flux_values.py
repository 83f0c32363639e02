"""The values of a HelmRelease, and the ConfigMaps and Secrets that Flux resources refer to.

The rules are those of fluxcd/pkg/chartutil. https://fluxcd.io/flux/components/helm/helmreleases/#values
"""

import copy
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain
from typing import Any, Final

import yaml
from cachetools import LRUCache

from bot.core.applications.discovery import UnsupportedResourceError
from bot.core.applications.resource_ref import ResourceRef
from bot.core.objects.manifest import ManifestError, NodeBudget, read_documents
from bot.core.objects.resource import Object, items, mapping, text
from bot.core.rendering.helm_values import SizeBudget, set_parameter
from bot.core.rendering.secret_mask import mask_value
from bot.i18n.catalogue import discovery as texts
from bot.i18n.language import LocalizedText

# The data of a ConfigMap or Secret by kind, namespace and name; None if it doesn't exist.
# Raises UnsupportedResourceError if the bot is not allowed to read it.
DataReader = Callable[[str, str, str], Mapping[str, str] | None]

_MAX_REFERENCES: Final = 50  # to ConfigMaps and Secrets with values, in one HelmRelease
_MAX_NODES: Final = 300_000  # in all of them together
_MAX_CACHED: Final = 64 * 2**20  # characters of parsed values
_ENTRY_SIZE: Final = 200
_CONFIG_MAP: Final = "ConfigMap"
_SECRET: Final = "Secret"  # noqa: S105  the kind


@dataclass(frozen=True, slots=True)
class _Parsed:
    """Values as JSON, and how many nodes they have; more than _MAX_NODES if they are invalid or too many."""

    values: str
    nodes: int


class ValuesCache(LRUCache[str, _Parsed]):
    """Values that were parsed, by their YAML: parsing takes long, and many releases may share them."""

    def __init__(self) -> None:
        super().__init__(_MAX_CACHED, getsizeof=lambda parsed: len(parsed.values) + _ENTRY_SIZE)


@dataclass(frozen=True, slots=True)
class ReleaseValues:
    """The values of a HelmRelease as JSON, as they are and with those from Secrets masked; "" if there are none.

    `secret_keys` are the keys that only Secrets contain.
    """

    values: str
    masked: str = ""
    secret_keys: tuple[str, ...] = ()


def data_references(resources: Mapping[Any, Sequence[Object]]) -> set[tuple[str, str, str]]:
    """The kind, namespace and name of each ConfigMap and Secret from which resources take values or variables."""
    references: set[tuple[str, str, str]] = set()
    for resource in chain.from_iterable(resources.values()):
        namespace, spec = text(mapping(resource, "metadata"), "namespace"), mapping(resource, "spec")
        for entry in (*items(spec, "valuesFrom"), *items(mapping(spec, "postBuild"), "substituteFrom")):
            if isinstance(entry, Mapping):
                references.add((text(entry, "kind"), namespace, text(entry, "name")))
    return references


def config_map_data(reference: Object, origin: ResourceRef, read_data: DataReader) -> Mapping[str, str] | None:
    """The data of a referenced ConfigMap; None if it is optional and missing. Raises UnsupportedResourceError."""
    if text(reference, "kind") != _CONFIG_MAP:
        raise UnsupportedResourceError(LocalizedText(texts.FROM_SECRET, name=text(reference, "name")[:100]))
    return _data(reference, origin, read_data)


def release_values(
    spec: Object, origin: ResourceRef, read_data: DataReader, cache: ValuesCache | None = None
) -> ReleaseValues:
    """The values of `valuesFrom`, merged in order, and the inline `values` merged over them.

    A value with a `targetPath` overrides inline values too. An object that renders the same with masked values and
    renamed `secret_keys` contains nothing from a Secret. Raises UnsupportedResourceError.
    """
    references = [entry for entry in items(spec, "valuesFrom") if isinstance(entry, Mapping)]
    if len(references) > _MAX_REFERENCES:
        raise UnsupportedResourceError(LocalizedText(texts.MANY_REFERENCES, most=str(_MAX_REFERENCES)))
    cache = ValuesCache() if cache is None else cache
    read_values = partial(_release_values, spec, origin=origin, read_data=read_data, cache=cache)
    values = read_values(references, is_masked=False)
    if all(text(reference, "kind") == _CONFIG_MAP for reference in references):
        return ReleaseValues(values)
    public = [entry for entry in references if text(entry, "kind") == _CONFIG_MAP or text(entry, "targetPath")]
    public_keys = _keys(read_values(public, is_masked=True))
    masked = read_values(references, is_masked=True)
    return ReleaseValues(values, masked, tuple(sorted(_keys(values) - public_keys)))


def _keys(values: str) -> set[str]:
    """All keys in values, on every level."""
    keys: set[str] = set()
    remaining = [json.loads(values or "{}")]
    while remaining:
        value = remaining.pop()
        if isinstance(value, dict):
            keys |= value.keys()
            remaining += value.values()
        elif isinstance(value, list):
            remaining += value
    return keys


def _release_values(
    spec: Object,
    references: Sequence[Object],
    *,
    origin: ResourceRef,
    read_data: DataReader,
    cache: ValuesCache,
    is_masked: bool,
) -> str:
    merged: dict[str, Any] = {}
    inline = copy.deepcopy(dict(mapping(spec, "values")))  # `set_parameter` changes parts that are shared
    budget, size_budget = NodeBudget(_MAX_NODES), SizeBudget()
    for reference in references:
        data = _data(reference, origin, read_data)
        key, name = text(reference, "valuesKey") or "values.yaml", text(reference, "name")
        if data is None or key not in data:
            if data is None or reference.get("optional") is True:
                continue
            missing = f"{origin.namespace}/{name} ({key})"[:150]
            raise UnsupportedResourceError(LocalizedText(texts.NO_DATA, kind=text(reference, "kind"), name=missing))
        mask = mask_value if is_masked and text(reference, "kind") != _CONFIG_MAP else _unchanged
        if path := text(reference, "targetPath"):
            merged = _merged(merged, inline)
            _set(merged, path, mask(data[key]), size_budget, is_literal=reference.get("literal") is True)
        else:
            merged = _merged(merged, mask(_parsed(name, data[key], budget, cache)))
    merged = _merged(merged, inline)
    return json.dumps(merged) if merged else ""


def _data(reference: Object, origin: ResourceRef, read_data: DataReader) -> Mapping[str, str] | None:
    kind, name = text(reference, "kind"), text(reference, "name")
    data = read_data(kind, origin.namespace, name) if kind in (_CONFIG_MAP, _SECRET) else None
    if data is None and reference.get("optional") is not True:
        name = f"{origin.namespace}/{name}"[:150]
        raise UnsupportedResourceError(LocalizedText(texts.NO_DATA, kind=kind[:50], name=name))
    return data


def _unchanged(value: Any) -> Any:
    return value


def _set(values: dict[str, Any], path: str, value: str, size_budget: SizeBudget, *, is_literal: bool) -> None:
    """Set a value as Flux does: a quoted one is a string. Raises UnsupportedResourceError."""
    is_quoted = value[:1] in ("'", '"') and value[-1:] == value[:1]
    value = value.strip("'\"") if is_quoted and not is_literal else value
    if is_literal:
        value = "".join(f"\\{character}" if character in "\\,{" else character for character in value)
    try:
        set_parameter(values, f"{path}={value}", size_budget, is_string=is_quoted or is_literal)
    except ValueError as error:
        raise UnsupportedResourceError(LocalizedText(texts.TARGET_PATH, path=path[:100])) from error


def _parsed(name: str, values: str, budget: NodeBudget, cache: ValuesCache) -> Object:
    """The values as new objects, since `_set` changes them."""
    parsed = cache.get(values)
    if parsed is None:
        parsed = _parse(values)
        if len(parsed.values) < cache.maxsize // 2:
            cache[values] = parsed
    if parsed.nodes > budget.left:
        raise UnsupportedResourceError(LocalizedText(texts.BAD_VALUES, name=name[:100]))
    budget.left -= parsed.nodes
    document: Object = json.loads(parsed.values)
    return document


def _parse(values: str) -> _Parsed:
    budget = NodeBudget(_MAX_NODES)
    try:
        documents = [value for _, value in read_documents("", values.encode(), budget) if isinstance(value, dict)]
    except (ManifestError, yaml.YAMLError):
        return _Parsed("", _MAX_NODES + 1)
    return _Parsed(json.dumps(documents[0] if documents else {}), _MAX_NODES - budget.left)


def _merged(base: Object, override: Object) -> dict[str, Any]:
    """Values merged as Helm merges them: mappings key by key, anything else replaced."""
    merged = dict(base)
    for key, value in override.items():
        below = merged.get(key)
        merged[key] = _merged(below, value) if isinstance(below, Mapping) and isinstance(value, Mapping) else value
    return merged

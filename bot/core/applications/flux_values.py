"""The values of a HelmRelease, and the ConfigMaps and Secrets that Flux resources refer to.

The rules are those of fluxcd/pkg/chartutil. https://fluxcd.io/flux/components/helm/helmreleases/#values
"""

import copy
import json
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain
from typing import Any, Final

import yaml
from cachetools import LRUCache

from bot.core.applications.discovery import DiscoveredApplication, UnsupportedResource, UnsupportedResourceError
from bot.core.applications.resource_ref import ResourceRef
from bot.core.objects.documents import ManifestError, NodeBudget, read_documents
from bot.core.objects.fair_budget import FairBudget
from bot.core.objects.resource import Object, items, mapping, text
from bot.core.rendering.helm_values import SizeBudget, set_parameter
from bot.core.rendering.limits import MAX_VALUES_BYTES
from bot.core.rendering.secret_mask import mask_value
from bot.core.rendering.source import Source
from bot.i18n.catalogue import discovery as texts
from bot.i18n.language import LocalizedText

# The data of a ConfigMap or Secret by kind, namespace and name; None if it doesn't exist.
# Raises UnsupportedResourceError if the bot is not allowed to read it.
DataReader = Callable[[str, str, str], Mapping[str, str] | None]

_MAX_REFERENCES: Final = 50  # of one resource to ConfigMaps and Secrets with values or variables
_MAX_NODES: Final = 300_000  # of the values in all of them together
MAX_NAMESPACE_BYTES: Final = 64 * 2**20  # of the values and variables of all resources in a namespace
MAX_CLUSTER_BYTES: Final = 128 * 2**20  # of those in all namespaces of a cluster
_MAX_CACHED: Final = 64 * 2**20  # characters of parsed values
_ENTRY_SIZE: Final = 200  # bytes that a variable, or an entry of the cache, takes besides its text
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


class ValuesBudget:
    """The resources of a cluster whose values and variables the bot keeps.

    If all of them take more than MAX_CLUSTER_BYTES, the namespace that uses most loses its largest.
    """

    def __init__(self) -> None:
        self._total = FairBudget[ResourceRef](MAX_CLUSTER_BYTES)
        self._namespaces = defaultdict[str, _NamespaceBudget](_NamespaceBudget)

    def most(self, namespace: str) -> int:
        """What one resource in a namespace may take."""
        return self._namespaces[namespace].most

    def keep(self, application: DiscoveredApplication) -> list[UnsupportedResource]:
        """Keep an application. Returns what takes the place of those that are dropped for it, maybe of itself."""
        namespace = application.origin.namespace
        dropped = self._namespaces[namespace].keep(application)
        for unsupported in dropped:
            self._total.discard(unsupported.origin)
        if any(unsupported.origin == application.origin for unsupported in dropped):
            return dropped
        why = LocalizedText(texts.LARGE_IN_CLUSTER, most=str(MAX_CLUSTER_BYTES >> 20))
        for origin in self._total.keep(application.origin, namespace, _size(application.source)):
            if other := self._namespaces[origin.namespace].discard(origin):
                dropped.append(other.unsupported(why))
        return dropped


class _NamespaceBudget:
    """The resources of a namespace whose values and variables the bot keeps.

    `most` is what one resource may take. If all of them take more than MAX_NAMESPACE_BYTES, the largest is dropped, and
    no other that is as large is kept from then on.
    """

    def __init__(self) -> None:
        self.most = MAX_VALUES_BYTES
        self._total = 0
        self._kept: dict[ResourceRef, tuple[DiscoveredApplication, int]] = {}

    def keep(self, application: DiscoveredApplication) -> list[UnsupportedResource]:
        """Keep an application. Returns what takes the place of those that are dropped for it, maybe of itself."""
        size = _size(application.source)
        self._kept[application.origin] = application, size
        self._total += size
        dropped = []
        while self._total > MAX_NAMESPACE_BYTES:
            origin = max(self._kept, key=lambda origin: self._kept[origin][1])
            other, size = self._kept.pop(origin)
            self._total -= size
            self.most = size - 1
            dropped.append(other.unsupported(_why_large(self.most)))
        return dropped

    def discard(self, origin: ResourceRef) -> DiscoveredApplication | None:
        """Keep a resource no longer."""
        application, size = self._kept.pop(origin, (None, 0))
        self._total -= size
        return application


def _size(source: Source) -> int:
    """The characters of values and variables that a source keeps."""
    build = source.kustomize.flux
    variables = dict(build.substitutions) if build else {}
    keys = dict.fromkeys(source.helm.secret_keys, "")
    return (
        len(source.helm.inline_values) + len(source.helm.masked_values) + size_of_data(variables) + size_of_data(keys)
    )


def size_of_data(data: Mapping[str, str]) -> int:
    """The characters that variables take."""
    return len(data) * _ENTRY_SIZE + sum(map(len, data)) + sum(map(len, data.values()))


def check_size(size: int, most: int) -> None:
    """Raise UnsupportedResourceError if a resource's values or variables take more than `most` characters."""
    if size > most:
        raise UnsupportedResourceError(_why_large(most))


def _why_large(most: int) -> LocalizedText:
    if most < MAX_VALUES_BYTES:
        return LocalizedText(texts.LARGE_IN_NAMESPACE, most=str(MAX_NAMESPACE_BYTES >> 20))
    return LocalizedText(texts.LARGE_VALUES, most=str(MAX_VALUES_BYTES >> 20))


def references_in(section: Object, name: str) -> list[Object]:
    """The references to ConfigMaps and Secrets in a list. Raises UnsupportedResourceError if there are too many."""
    references = [entry for entry in items(section, name) if isinstance(entry, Mapping)]
    if len(references) > _MAX_REFERENCES:
        raise UnsupportedResourceError(LocalizedText(texts.MANY_REFERENCES, field=name, most=str(_MAX_REFERENCES)))
    return references


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
    spec: Object,
    origin: ResourceRef,
    read_data: DataReader,
    cache: ValuesCache | None = None,
    most: int = MAX_VALUES_BYTES,
) -> ReleaseValues:
    """The values of `valuesFrom`, merged in order, and the inline `values` merged over them.

    A value with a `targetPath` overrides inline values too. An object that renders the same with masked values and
    renamed `secret_keys` contains nothing from a Secret. Raises UnsupportedResourceError, also if the values take more
    than `most` characters.
    """
    references = references_in(spec, "valuesFrom")
    cache = ValuesCache() if cache is None else cache
    read_values = partial(_release_values, spec, origin=origin, read_data=read_data, cache=cache, most=most)
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
    most: int,
    is_masked: bool,
) -> str:
    budget, size_budget = NodeBudget(_MAX_NODES), SizeBudget()
    given: list[tuple[Object, str]] = []  # the text that each reference leads to, as JSON if it has no `targetPath`
    size = 0
    for reference in references:
        data = _data(reference, origin, read_data)
        key, name = text(reference, "valuesKey") or "values.yaml", text(reference, "name")
        if data is None or key not in data:
            if data is None or reference.get("optional") is True:
                continue
            missing = f"{origin.namespace}/{name} ({key})"[:150]
            raise UnsupportedResourceError(LocalizedText(texts.NO_DATA, kind=text(reference, "kind"), name=missing))
        value = data[key] if text(reference, "targetPath") else _parsed(name, data[key], budget, cache)
        size += len(value)
        check_size(size, most)  # before anything is merged, which takes time and memory
        given.append((reference, value))
    merged: dict[str, Any] = {}
    inline = copy.deepcopy(dict(mapping(spec, "values")))  # `set_parameter` changes parts that are shared
    for reference, value in given:
        mask = mask_value if is_masked and text(reference, "kind") != _CONFIG_MAP else _unchanged
        if path := text(reference, "targetPath"):
            merged = _merged(merged, inline)
            _set(merged, path, mask(value), size_budget, is_literal=reference.get("literal") is True)
        else:
            merged = _merged(merged, mask(json.loads(value)))
    merged = _merged(merged, inline)
    values = json.dumps(merged) if merged else ""
    check_size(len(values), most)
    return values


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


def _parsed(name: str, values: str, budget: NodeBudget, cache: ValuesCache) -> str:
    """The values as JSON."""
    parsed = cache.get(values)
    if parsed is None:
        parsed = _parse(values)
        if len(parsed.values) < cache.maxsize // 2:
            cache[values] = parsed
    if parsed.nodes > budget.left:
        raise UnsupportedResourceError(LocalizedText(texts.BAD_VALUES, name=name[:100]))
    budget.left -= parsed.nodes
    return parsed.values


def _parse(values: str) -> _Parsed:
    budget = NodeBudget(_MAX_NODES)
    try:
        first = next((value for _, value in read_documents("", values.encode(), budget)), None)
    except (ManifestError, yaml.YAMLError):
        first = ()
    if not isinstance(first, dict | None):
        return _Parsed("", _MAX_NODES + 1)
    return _Parsed(json.dumps(first or {}), _MAX_NODES - budget.left)


def _merged(base: Object, override: Object) -> dict[str, Any]:
    """Values merged as Helm merges them: mappings key by key, anything else replaced."""
    merged = dict(base)
    for key, value in override.items():
        below = merged.get(key)
        merged[key] = _merged(below, value) if isinstance(below, Mapping) and isinstance(value, Mapping) else value
    return merged

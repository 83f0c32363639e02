"""The schemas of a cluster's kinds: which lists have keys, how to read a value, and what its default is.

They come from the API server's OpenAPI v3 documents, one for each group version, and are read only as needed. For
built-in kinds, the table in `builtin.py` has more than OpenAPI, so no document is read.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from bot.core.objects import builtin
from bot.core.objects.builtin import Derive, Field

MISSING: Final[Any] = object()
_LABEL_SELECTOR: Final = ("meta/v1", "LabelSelector")
_MAX_FIELDS: Final = 1_000  # cached names of a type: objects may have any number of fields that it does not define


class Struct(dict[str, "Node"]):
    """The fields of a type by name, each resolved on first use."""

    __slots__ = ("_resolve",)

    def __init__(self, resolve: "Callable[[str], Node]") -> None:
        super().__init__()
        self._resolve = resolve

    def __missing__(self, name: str) -> "Node":
        """Resolve a field on first use."""
        node = self._resolve(name)
        if len(self) < _MAX_FIELDS:
            self[name] = node
        return node


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """The schema of one value.

    `list_type` is "map", "set", "atomic", "unordered" (compared as a whole, in any order) or "" if it is not known.
    `scalar` is how to read a scalar (see `same_scalar`). In `custom` resources the server stores values as
    written, even zeros; in built-in kinds, a zero or an empty struct only where `keeps_zero`. `filled`: the server or a
    controller fills it in if it is not declared, `filled_if_empty`: if it is declared empty.
    """

    custom: bool = False
    keeps_zero: bool = False
    struct: Struct | None = None
    items: "Node | None" = None  # of a list, or the values of a mapping
    list_type: str = ""
    keys: tuple[str, ...] = ()
    scalar: str = ""
    defaults: tuple[Any, ...] = ()
    derive: Derive | None = None
    filled: bool = False
    filled_if_empty: bool = False
    described: bool = field(default=True)  # if False, there is no schema, so any value may be the default

    def field(self, name: str) -> "Node":
        """The field of a struct, or the value at a key of a mapping."""
        if self.struct is not None:
            return self.struct[name]
        return self.item

    @property
    def item(self) -> "Node":
        """An item of a list, or a value of a mapping."""
        return self.items or (_UNDESCRIBED if self.custom else _PLAIN)

    def default_of(self, key: str) -> Any:
        """The default of an item's field; MISSING if it has none."""
        defaults = self.item.field(key).defaults
        return defaults[0] if defaults else MISSING

    def defaults_beside(self, desired: Mapping[str, Any], live: Mapping[str, Any]) -> Sequence[Any]:
        """Every possible default, given the mappings around the value in git and in the cluster."""
        return (*self.defaults, *self.derive(desired, live)) if self.derive else self.defaults


_PLAIN: Final = Node()
_UNDESCRIBED: Final = Node(custom=True, keeps_zero=True, described=False)
_FREE: Final = Node(custom=True, keeps_zero=True)  # x-kubernetes-preserve-unknown-fields

_WELL_KNOWN: Final[Mapping[str, Node]] = {
    "io.k8s.apimachinery.pkg.api.resource.Quantity": Node(scalar="quantity"),
    "io.k8s.apimachinery.pkg.apis.meta.v1.Time": Node(scalar="time"),
    "io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime": Node(scalar="time"),
    "io.k8s.apimachinery.pkg.apis.meta.v1.Duration": Node(scalar="duration"),
    "io.k8s.apimachinery.pkg.runtime.RawExtension": _FREE,
}
_FORMATS: Final[Mapping[str, str]] = {"byte": "bytes", "date-time": "time", "duration": "duration"}
_QUANTITY_PATTERN: Final = "[KMGTPE]i"  # part of controller-gen's pattern for quantities


class Schemas:
    """The schemas of kinds, from OpenAPI v3 documents by apiVersion. Without any, only of the built-in kinds."""

    def __init__(self, documents: Mapping[str, Mapping[str, Any]] | None = None) -> None:
        self._kinds: dict[tuple[str, str], str] = {}
        self._definitions: dict[str, Mapping[str, Any]] = {}  # of built-in groups
        self._other_definitions: dict[str, Mapping[str, Any]] = {}
        self._builtin: dict[tuple[str, str], Mapping[str, Any]] = {}
        self._nodes: dict[tuple[str, str], Node] = {}
        self._structs: dict[tuple[str, str] | str, Struct] = {}
        for api_version, document in (documents or {}).items():
            self.add(api_version, document)

    def add(self, api_version: str, document: Mapping[str, Any]) -> None:
        """Add the OpenAPI v3 document of one group version, or replace it.

        A custom resource can have the name of a built-in type, so only documents of built-in groups define those types.
        """
        components = _mapping(document.get("components"))
        is_builtin = builtin.section(api_version) is not None
        definitions = self._definitions if is_builtin else self._other_definitions
        for name, definition in _mapping(components.get("schemas")).items():
            definitions[name] = _mapping(definition)
            type_key = builtin.type_of(name)
            if is_builtin and type_key is not None:
                self._builtin[type_key] = definitions[name]
            for described in _sequence(definitions[name].get("x-kubernetes-group-version-kind")):
                group, version, kind = (_mapping(described).get(key) for key in ("group", "version", "kind"))
                served = f"{group}/{version}" if group else version
                if served == api_version and isinstance(kind, str):
                    self._kinds[api_version, kind] = name
        self._nodes.clear()
        self._structs.clear()

    def node(self, api_version: str, kind: str) -> Node:
        """The schema of a kind; an empty one if the kind is unknown."""
        key = api_version, kind
        node = self._nodes.get(key)
        if node is None:
            node = self._nodes[key] = self._node(api_version, kind)
        return node

    def _node(self, api_version: str, kind: str) -> Node:
        section = builtin.section(api_version)
        if section is not None and (type_key := builtin.find_type(section, kind)):
            return Node(struct=self._builtin_struct(*type_key))
        definition = self._kinds.get((api_version, kind))
        if definition is None:
            return (
                _PLAIN
                if section is not None
                else Node(custom=True, keeps_zero=True, struct=Struct(self._undescribed_field), described=False)
            )
        return self._node_of(self._definition(definition), custom=section is None)

    def _definition(self, name: str) -> Mapping[str, Any]:
        return self._definitions.get(name) or self._other_definitions.get(name, {})

    def _undescribed_field(self, name: str) -> Node:
        return Node(struct=self._builtin_struct("meta/v1", "ObjectMeta")) if name == "metadata" else _UNDESCRIBED

    # ------------------------------------------------------------ built-in kinds

    def _builtin_struct(self, section: str, name: str) -> Struct:
        key = section, name
        struct = self._structs.get(key)
        if struct is None:
            struct = self._structs[key] = Struct(lambda field: self._builtin_field(section, name, field))
        return struct

    def _builtin_field(self, section: str, name: str, field: str) -> Node:
        type_key = builtin.find_type(section, name)
        entry = builtin.fields(*type_key).get(field) if type_key == (section, name) else None
        if entry is not None:
            return self._of_field(section, entry)
        properties = _mapping(self._builtin.get((section, name), {}).get("properties"))
        return self._node_of(properties[field], custom=False) if field in properties else _PLAIN

    def _of_field(self, section: str, entry: Field) -> Node:
        value = Node()
        if entry.items == "any":
            value = _FREE
        elif entry.items[:1].isupper():
            type_key = builtin.find_type(section, entry.items)
            value = Node(struct=self._builtin_struct(*type_key) if type_key else None)
        elif entry.items:
            value = Node(scalar=entry.items)
        if entry.shape:
            value = Node(
                items=replace(value, keeps_zero=True),
                list_type=entry.list_type if entry.shape == "list" else "",
                keys=entry.keys,
            )
        return replace(
            value,
            keeps_zero=entry.pointer or value.keeps_zero,
            defaults=entry.defaults,
            derive=entry.derive,
            filled=entry.filled,
            filled_if_empty=entry.filled_if_empty,
        )

    # ------------------------------------------------------------ OpenAPI

    def _node_of(self, schema: object, *, custom: bool) -> Node:
        """The node of an OpenAPI schema. Go types come as a $ref, which a CRD never has."""
        schema = _mapping(schema)
        node = self._shape(schema, custom)
        return replace(node, defaults=(schema["default"],)) if "default" in schema else node

    def _shape(self, schema: Mapping[str, Any], custom: bool) -> Node:
        reference = schema.get("$ref") or next(
            (_mapping(part).get("$ref") for part in _sequence(schema.get("allOf"))), None
        )
        if isinstance(reference, str):
            return self._referenced(reference.rpartition("/")[2])
        kind = schema.get("type")
        if kind == "array":
            items = self._node_of(schema.get("items"), custom=custom)
            keys = _sequence(schema.get("x-kubernetes-list-map-keys"))
            return Node(
                custom=custom,
                keeps_zero=custom,
                items=replace(items, keeps_zero=True),
                list_type=str(schema.get("x-kubernetes-list-type") or "atomic"),
                keys=tuple(key for key in keys if isinstance(key, str)),
            )
        properties = _mapping(schema.get("properties"))
        if properties:
            free = schema.get("x-kubernetes-preserve-unknown-fields") is True
            other = _FREE if custom and free else Node(custom=custom, keeps_zero=custom)

            def resolve(name: str) -> Node:
                return self._node_of(properties[name], custom=custom) if name in properties else other

            return Node(custom=custom, keeps_zero=custom, struct=Struct(resolve))
        values = schema.get("additionalProperties")
        if isinstance(values, Mapping):
            items = replace(self._node_of(values, custom=custom), keeps_zero=True)
            return Node(custom=custom, keeps_zero=custom, items=items)
        if kind == "object":
            return _FREE if custom else _PLAIN
        scalar = _FORMATS.get(str(schema.get("format")), "")
        if _QUANTITY_PATTERN in str(schema.get("pattern", "")):
            scalar = "quantity"
        return Node(custom=custom, keeps_zero=custom, scalar=scalar)

    def _referenced(self, name: str) -> Node:
        well_known = _WELL_KNOWN.get(name)
        if well_known is not None:
            return well_known
        type_key = builtin.type_of(name)
        definition = self._definition(name)
        if type_key is not None and (builtin.find_type(*type_key) == type_key or type_key in self._builtin):
            # An empty selector selects everything. The default says where a missing one does too.
            return Node(struct=self._builtin_struct(*type_key), keeps_zero=type_key == _LABEL_SELECTOR)
        if "properties" not in definition:
            return self._shape({**definition, "$ref": None, "allOf": None}, custom=False) if definition else _PLAIN
        struct = self._structs.get(name)
        if struct is None:
            properties = _mapping(definition["properties"])
            struct = self._structs[name] = Struct(
                lambda field: self._node_of(properties[field], custom=False) if field in properties else _PLAIN
            )
        return Node(struct=struct)


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _sequence(value: object) -> Sequence[Any]:
    return value if isinstance(value, list | tuple) else ()

"""The types of fields: how lists and maps are merged, how values are normalized, and the keys of list items."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cache
from importlib import resources
from math import ceil
from typing import Any, Literal

import yaml

Shape = Literal["scalar", "struct", "map", "list", "any"]

SCALARS: dict[str, dict[str, Any]] = {
    "s": {"type": "string"},
    "y": {"type": "string", "format": "byte"},
    "i": {"type": "integer", "format": "int32"},
    "l": {"type": "integer", "format": "int64"},
    "n": {"type": "number", "format": "double"},
    "b": {"type": "boolean"},
}
NAMED_SCALARS: dict[str, tuple[str, dict[str, Any]]] = {
    "q": ("io.k8s.apimachinery.pkg.api.resource.Quantity", {"type": "string"}),
    "x": (
        "io.k8s.apimachinery.pkg.util.intstr.IntOrString",
        {"format": "int-or-string", "oneOf": [{"type": "integer"}, {"type": "string"}]},
    ),
    "t": ("io.k8s.apimachinery.pkg.apis.meta.v1.Time", {"type": "string", "format": "date-time"}),
    "u": ("io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime", {"type": "string", "format": "date-time"}),
}


@dataclass(slots=True, eq=False)
class Schema:
    """The type of one value. `fields` are those of a struct, `of` is the element type of a list or map.

    `keys` are the keys of a list of type map, `is_set` marks a list of type set, `atomic` a value with a single owner;
    `merges` and `merge_key` are the same for strategic merge patches. For a struct: `required` fields, fields that are
    `always` present, fields patched with `retain_keys`, fields that the server drops when they are zero (`drops_zero`),
    and field `defaults`. `custom` marks a type from a CustomResourceDefinition, which keeps zeros and empty values.
    """

    shape: Shape
    name: str = ""  # the OpenAPI component of a struct; a scalar's letter in schema.yaml
    fields: "dict[str, Schema]" = field(default_factory=dict)
    required: tuple[str, ...] = ()
    always: tuple[str, ...] = ()
    retain_keys: tuple[str, ...] = ()
    drops_zero: set[str] = field(default_factory=set)
    defaults: dict[str, Any] = field(default_factory=dict)
    of: "Schema | None" = None
    keys: tuple[str, ...] = ()
    is_set: bool = False
    atomic: bool = False
    merges: bool = False
    merge_key: str = ""
    custom: bool = False
    keeps_unknown: bool = False

    def child(self, key: str) -> "Schema":
        """The type of a struct's field or of a map's value; ANY for an unknown field."""
        return self.fields.get(key) or self.of or ANY

    @property
    def element(self) -> "Schema":
        """The type of a list's items."""
        return self.of or ANY


ANY = Schema("any", keeps_unknown=True)


WORD = re.compile(
    r"(?P<name>[^*!?:]+)(?P<required>\*?)(?P<always>!?)(?P<pointer>\??):(?P<type>[^@~^=]+)"
    r"(?:@(?P<keys>[^~^=]*))?(?:~(?P<merge>[^^=]*))?(?P<retain>\^?)(?:=(?P<default>.*))?",
)


@cache
def builtin() -> Mapping[str, Schema]:
    """All built-in structs of schema.yaml, by short name."""
    table = yaml.load(resources.files(__package__).joinpath("schema.yaml").read_bytes(), yaml.CSafeLoader)
    structs: dict[str, Schema] = {}
    for package, types in table.items():
        for name in types:
            bare = name.rstrip("!")
            structs[bare] = Schema("struct", name=f"{package}.{bare}", atomic=name.endswith("!"))
    for types in table.values():
        for name, words in types.items():
            _fill(structs[name.rstrip("!")], words, structs)
    return structs


def _fill(struct: Schema, words: str, structs: Mapping[str, Schema]) -> None:
    for word in words.split():
        match = WORD.fullmatch(word)
        if match is None:
            raise ValueError(f"schema.yaml: cannot read {word!r} in {struct.name}")
        name = match["name"]
        schema = _type(match["type"], structs)
        if schema.shape == "list":
            schema.keys = tuple(filter(None, (match["keys"] or "").split(",")))
            schema.is_set = match["keys"] == ""
            schema.atomic = match["keys"] is None
            schema.merges = match["merge"] is not None
            schema.merge_key = match["merge"] or ""
        struct.fields[name] = schema
        struct.required += (name,) * bool(match["required"])
        struct.always += (name,) * bool(match["always"])
        if match["type"] in SCALARS and not (match["required"] or match["pointer"]):
            struct.drops_zero.add(name)
        struct.retain_keys += (name,) * bool(match["retain"])
        if match["default"]:
            struct.defaults[name] = match["default"]


def _type(text: str, structs: Mapping[str, Schema]) -> Schema:
    if text.startswith("["):
        return Schema("list", of=_type(text[1:-1], structs))
    if text.startswith("{"):
        return Schema("map", of=_type(text.rstrip("!")[1:-1], structs), atomic=text.endswith("!"))
    if text == "o":
        return ANY
    if text in SCALARS or text in NAMED_SCALARS:
        return Schema("scalar", name=text)
    return structs[text]


def from_crd(document: Mapping[str, Any], name: str = "") -> Schema:
    """The type for an OpenAPI schema in a CustomResourceDefinition; only the root has a `name`."""
    keeps_unknown = bool(document.get("x-kubernetes-preserve-unknown-fields"))
    if document.get("x-kubernetes-int-or-string"):
        return Schema("scalar", name="x", custom=True)
    kind = document.get("type")
    if kind == "array":
        list_type = document.get("x-kubernetes-list-type", "atomic")
        return Schema(
            "list",
            of=from_crd(document.get("items", {})),
            keys=tuple(document.get("x-kubernetes-list-map-keys", ())) if list_type == "map" else (),
            is_set=list_type == "set",
            atomic=list_type == "atomic",
            custom=True,
        )
    if kind == "object" or "properties" in document:
        values = document.get("additionalProperties")
        properties = document.get("properties", {})
        if isinstance(values, Mapping) and not properties:
            return Schema("map", of=from_crd(values), atomic=_atomic(document), custom=True)
        struct = Schema(
            "struct",
            name=name,
            fields={key: from_crd(value) for key, value in properties.items()},
            required=tuple(document.get("required", ())),
            defaults={key: value["default"] for key, value in properties.items() if "default" in value},
            atomic=_atomic(document),
            custom=True,
            keeps_unknown=keeps_unknown or values is True,
        )
        if name:
            builtins = builtin()
            struct.fields |= {
                "apiVersion": Schema("scalar", name="s"),
                "kind": Schema("scalar", name="s"),
                "metadata": builtins["ObjectMeta"],
            }
        return struct
    letter = {"string": "s", "integer": "l", "boolean": "b", "number": "n"}.get(str(kind))
    return Schema("scalar", name=letter, custom=True) if letter else ANY


def _atomic(document: Mapping[str, Any]) -> bool:
    return document.get("x-kubernetes-map-type") == "atomic"


def normalise(schema: Schema, value: Any, *, fill: bool = True) -> Any:
    """A copy of the value as the API server stores it.

    Nulls and unknown fields are dropped, as are empty lists, empty maps and most zeros of built-in types; quantities
    get their canonical form. With `fill`, structs that are always present and defaults of custom types are added.
    """
    if schema.shape == "scalar":
        return canonical_quantity(str(value)) if schema.name == "q" else value
    match value:
        case dict():
            allowed = schema.fields if schema.shape == "struct" and not schema.keeps_unknown else value
            result = {
                key: normalise(schema.child(key), item, fill=fill)
                for key, item in value.items()
                if item is not None and key in allowed and not _is_dropped(schema, key, item)
            }
            if fill:
                _fill_in(schema, result)
            return result
        case list():
            return [normalise(schema.element, item, fill=fill) for item in value if item is not None]
    return value


def _is_dropped(schema: Schema, key: str, value: Any) -> bool:
    """Whether Go's `omitempty` omits this value of a struct's field."""
    if value in ([], {}):
        child = schema.child(key)
        return schema.shape == "struct" and child.shape in ("list", "map") and not child.custom
    return key in schema.drops_zero and value in ("", 0)


def _fill_in(schema: Schema, value: dict[str, Any]) -> None:
    for key in schema.always:
        if key not in value and schema.fields[key].shape == "struct":
            value[key] = normalise(schema.fields[key], {})
    if schema.custom:
        for key, default in schema.defaults.items():
            if key not in value:
                value[key] = normalise(schema.fields[key], default)


def empty(schema: Schema) -> dict[str, Any]:
    """A new, unfilled object of a type: ownership at creation is based on the difference from it."""
    return {key: empty(child) if (child := schema.fields[key]).shape == "struct" else None for key in schema.always}


QUANTITY = re.compile(r"(?P<number>[+-]?(?:\d++(?:\.\d*)?|\.\d+))(?P<suffix>[eE][+-]?\d+|[KMGTPE]i|[numkMGTPE]?)")
DECIMAL_SUFFIXES = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
BINARY_SUFFIXES = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}


def canonical_quantity(text: str) -> str:
    """The canonical form: no fraction, with the largest possible suffix. Invalid quantities are returned unchanged.

    https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
    """
    match = QUANTITY.fullmatch(text)
    if match is None:
        return text
    suffix = match["suffix"]
    binary = suffix in BINARY_SUFFIXES
    exponential = suffix[:1] in ("e", "E") and suffix not in ("E", "Ei")
    value = Fraction(match["number"])
    if binary:
        value *= 2 ** BINARY_SUFFIXES[suffix]
    else:
        value *= Fraction(10) ** (int(suffix[1:]) if exponential else DECIMAL_SUFFIXES[suffix])
    if value == 0:
        return "0"
    if binary and value.denominator == 1 and abs(value) >= 1024:
        power = max(power for power in (0, *BINARY_SUFFIXES.values()) if value % 2**power == 0)
        name = next((name for name, of in BINARY_SUFFIXES.items() if of == power), "")
        return f"{value / 2**power}{name}"
    value = Fraction(ceil(value * 10**9), 10**9)  # at most nano precision
    power = max(power for power in DECIMAL_SUFFIXES.values() if (value / Fraction(10) ** power).denominator == 1)
    number = value / Fraction(10) ** power
    if exponential:
        return f"{number}e{power}" if power else str(number)
    return f"{number}{next(name for name, of in DECIMAL_SUFFIXES.items() if of == power)}"

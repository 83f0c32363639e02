"""OpenAPI v3 as published by the API server: an index, and one document per group version."""

import hashlib
from collections.abc import Iterable, Sequence
from typing import Any

from bot.sandbox.cluster.kinds import Kind
from bot.sandbox.cluster.schema import NAMED_SCALARS, SCALARS, Schema

Document = dict[str, Any]

PREFIX = "#/components/schemas/"
PATCH_TYPES = (
    "application/apply-patch+yaml",
    "application/json-patch+json",
    "application/merge-patch+json",
    "application/strategic-merge-patch+json",
)


def index(digests: Iterable[tuple[str, str]]) -> Document:
    """`/openapi/v3`: the URL of each group version's document, by its path without the leading slash."""
    return {
        "paths": {path.strip("/"): {"serverRelativeURL": f"/openapi/v3{path}?hash={hash_}"} for path, hash_ in digests}
    }


def digest(document: bytes) -> str:
    """A hash of the document."""
    return hashlib.sha256(document).hexdigest().upper()


def document(kinds: Sequence[Kind]) -> Document:
    """The document for the kinds of one group version."""
    schemas: Document = {}
    for kind in kinds:
        _component(kind.schema, schemas)
        schemas[kind.schema.name]["x-kubernetes-group-version-kind"] = [
            {"group": kind.group, "version": kind.version, "kind": kind.kind}
        ]
    return {
        "openapi": "3.0.0",
        "info": {"title": "Kubernetes", "version": "v1.36.2"},
        "paths": {path: item for kind in kinds for path, item in _paths(kind)},
        "components": {"schemas": schemas},
    }


def _paths(kind: Kind) -> list[tuple[str, Document]]:
    """The path of one object with its patch, which tells kubectl whether the server validates fields."""
    scope = "/namespaces/{namespace}" if kind.namespaced else ""
    parameters = [
        {"name": name, "in": "query", "schema": {"type": of, "uniqueItems": True}}
        for name, of in (
            ("dryRun", "string"),
            ("fieldManager", "string"),
            ("fieldValidation", "string"),
            ("force", "boolean"),
        )
    ]
    of = {"group": kind.group, "version": kind.version, "kind": kind.kind}
    ok = {"200": {"description": "OK", "content": {"application/json": {"schema": _reference(kind.schema.name)}}}}
    operation: Document = {"responses": ok, "x-kubernetes-group-version-kind": of}
    patch = operation | {
        "parameters": parameters,
        "requestBody": {"content": {name: {"schema": {"type": "object"}} for name in PATCH_TYPES}},
        "x-kubernetes-action": "patch",
    }
    return [
        (
            f"{kind.path}{scope}/{kind.plural}/{{name}}",
            {"get": operation | {"x-kubernetes-action": "get"}, "patch": patch},
        )
    ]


def _reference(name: str) -> Document:
    return {"$ref": PREFIX + name}


def _component(schema: Schema, schemas: Document) -> None:
    if schema.name in schemas:
        return
    body: Document = {"type": "object"}
    schemas[schema.name] = body
    body |= _struct(schema, schemas)


def _struct(schema: Schema, schemas: Document) -> Document:
    body: Document = {"type": "object"}
    properties = {}
    for name, child in schema.fields.items():
        text = _inline(child, schemas)
        if "$ref" in text:  # siblings of a $ref are ignored, so wrap it
            text = {"allOf": [text]}
        if name in schema.retain_keys:
            strategies = [text.get("x-kubernetes-patch-strategy", ""), "retainKeys"]
            text["x-kubernetes-patch-strategy"] = ",".join(filter(None, strategies))
        if name in schema.defaults:
            text["default"] = schema.defaults[name]
        properties[name] = text
    if properties:
        body["properties"] = properties
    if schema.required:
        body["required"] = list(schema.required)
    if schema.atomic:
        body["x-kubernetes-map-type"] = "atomic"
    if schema.keeps_unknown:
        body["x-kubernetes-preserve-unknown-fields"] = True
    return body


def _inline(schema: Schema, schemas: Document) -> Document:
    match schema.shape:
        case "scalar" if schema.custom and schema.name == "x":
            return {"x-kubernetes-int-or-string": True}
        case "scalar" if schema.custom:
            return {"type": SCALARS[schema.name]["type"]}
        case "scalar" if schema.name in SCALARS:
            return dict(SCALARS[schema.name])
        case "scalar":
            name, body = NAMED_SCALARS[schema.name]
            schemas[name] = body
            return _reference(name)
        case "struct" if not schema.name:
            return _struct(schema, schemas)
        case "struct":
            _component(schema, schemas)
            return _reference(schema.name)
        case "map":
            body = {"type": "object", "additionalProperties": _inline(schema.element, schemas)}
            return body | ({"x-kubernetes-map-type": "atomic"} if schema.atomic else {})
        case "list":
            return {"type": "array", "items": _inline(schema.element, schemas)} | _list_marks(schema)
        case "any":
            return {"type": "object", "x-kubernetes-preserve-unknown-fields": True}


def _list_marks(schema: Schema) -> Document:
    marks: Document = {"x-kubernetes-list-type": "map" if schema.keys else "set" if schema.is_set else "atomic"}
    if schema.keys:
        marks["x-kubernetes-list-map-keys"] = list(schema.keys)
    if schema.merges:
        marks["x-kubernetes-patch-strategy"] = "merge"
    if schema.merge_key:
        marks["x-kubernetes-patch-merge-key"] = schema.merge_key
    return marks

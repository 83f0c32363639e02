"""Kubernetes' protobuf, for `kubectl create`, which sends simple kinds only in this format.

The envelope: https://kubernetes.io/docs/reference/using-api/api-concepts/#protobuf-encoding. Field numbers are those of
the generated.proto files of k8s.io/api and k8s.io/apimachinery.
"""

import base64
from collections.abc import Iterator, Mapping
from typing import Any

from bot.sandbox.cluster.errors import ApiError

MEDIA_TYPE = "application/vnd.kubernetes.protobuf"
MAGIC = b"k8s\x00"

# Message: {field number: (name, type)}. A type is a message, text, bytes or flag; [] is repeated, {} is a map.
MESSAGES: Mapping[str, Mapping[int, tuple[str, str]]] = {
    "Unknown": {1: ("typeMeta", "TypeMeta"), 2: ("raw", "raw")},
    "TypeMeta": {1: ("apiVersion", "text"), 2: ("kind", "text")},
    "ObjectMeta": {
        1: ("name", "text"),
        2: ("generateName", "text"),
        3: ("namespace", "text"),
        11: ("labels", "{text}"),
        12: ("annotations", "{text}"),
        14: ("finalizers", "[text]"),
    },
    "ConfigMap": {
        1: ("metadata", "ObjectMeta"),
        2: ("data", "{text}"),
        3: ("binaryData", "{bytes}"),
        4: ("immutable", "flag"),
    },
    "Namespace": {1: ("metadata", "ObjectMeta")},
    "Secret": {
        1: ("metadata", "ObjectMeta"),
        2: ("data", "{bytes}"),
        3: ("type", "text"),
        4: ("stringData", "{text}"),
        5: ("immutable", "flag"),
    },
    "ServiceAccount": {1: ("metadata", "ObjectMeta")},
}


def decode(body: bytes) -> dict[str, Any]:
    """The object in an envelope. Raises ApiError 415 for an unsupported kind, 400 for an invalid body."""
    try:
        envelope = _message("Unknown", body.removeprefix(MAGIC))
        kind = envelope["typeMeta"]["kind"]
        if kind not in MESSAGES:
            message = f"this sandbox reads {kind} only as JSON: use kubectl apply -f"
            raise ApiError(415, "UnsupportedMediaType", message)
        return {**envelope["typeMeta"], **_message(kind, envelope["raw"])}
    except (KeyError, IndexError, UnicodeDecodeError, ValueError) as error:
        raise ApiError(400, "BadRequest", "the request body is not Kubernetes protobuf") from error


def _message(name: str, body: bytes) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for number, value in _fields(body):
        if number not in MESSAGES[name]:
            continue
        key, kind = MESSAGES[name][number]
        if kind.startswith("["):
            result.setdefault(key, []).append(_value(kind[1:-1], value))
        elif kind.startswith("{"):
            pair = dict(_fields(value))
            result.setdefault(key, {})[pair[1].decode()] = _value(kind[1:-1], pair.get(2, b""))
        elif value != b"" or kind == "raw":  # Go writes empty strings that JSON omits
            result[key] = _value(kind, value)
    return result


def _value(kind: str, value: Any) -> Any:
    match kind:
        case "text":
            return value.decode()
        case "bytes":
            return base64.b64encode(value).decode()
        case "raw":
            return value
        case "flag":
            return bool(value)
    return _message(kind, value)


def _fields(body: bytes) -> Iterator[tuple[int, Any]]:
    position = 0
    while position < len(body):
        tag, position = _varint(body, position)
        match tag & 7:
            case 0:
                value, position = _varint(body, position)
                yield tag >> 3, value
            case 2:
                length, position = _varint(body, position)
                if position + length > len(body):
                    raise ValueError("cut off")
                yield tag >> 3, body[position : position + length]
                position += length
            case other:
                raise ValueError(f"wire type {other}")


def _varint(body: bytes, position: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = body[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
        shift += 7

"""Parses the JSON events that the audit log and the webhook of an API server send.

Users choose the content of requests, and the API server accepts some that a JSON parser refuses, such as 10,000 levels.
Only the request or object of such an event is left out, so that no one can hide an event that way.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

import orjson

Object = Mapping[str, Any]

BODIES: Final = ("requestObject", "responseObject")  # the parts of an event that users control
_API_VERSION: Final = "audit.k8s.io/v1"
_TOKEN: Final = re.compile(rb'("(?:request|response)Object"\s*+:\s*+)(?=[\[{])|"(?:[^"\\]|\\.)*+"?|[][{}]', re.DOTALL)
_EVENT_DEPTHS: Final = (1, 3)  # of an event's fields, by itself and in the items of a list


class NotAnEventError(ValueError):
    """The text is not an audit event."""


def parse_events(body: bytes) -> Iterator[Object]:
    """The events in a line of an audit log, or in the body of a webhook. Raises NotAnEventError."""
    try:
        document = orjson.loads(body)
    except ValueError:
        yield from _events_without_broken_bodies(body)
    else:
        yield from _events(document)


def _events(document: object) -> Iterator[Object]:
    if not isinstance(document, Mapping) or document.get("apiVersion") != _API_VERSION:
        raise NotAnEventError
    if document.get("kind") == "Event":
        yield document
    elif document.get("kind") == "EventList" and isinstance(document.get("items"), list):
        yield from (event for event in document["items"] if isinstance(event, Mapping))
    else:
        raise NotAnEventError


def _events_without_broken_bodies(body: bytes) -> Iterator[Object]:
    """The events, with only those bodies that can be parsed. Raises NotAnEventError."""
    bodies: list[bytes] = []
    rest, position = bytearray(), 0
    for start, end in _spans_of_bodies(body):
        rest += body[position:start] + b"[%d]" % len(bodies)
        bodies.append(body[start:end])
        position = end
    try:
        events = list(_events(orjson.loads(bytes(rest) + body[position:])))
    except ValueError:
        raise NotAnEventError from None
    for event in events:
        indexes = {name: event[name][0] for name in BODIES if isinstance(event.get(name), list)}
        yield {**event, **{name: _parsed(bodies[index]) for name, index in indexes.items()}}


def _parsed(body: bytes) -> object:
    try:
        return orjson.loads(body)
    except ValueError:
        return None


def _spans_of_bodies(document: bytes) -> Iterator[tuple[int, int]]:
    """Where the bodies of events start and end."""
    depth, start, outside = 0, None, 0
    for token in _TOKEN.finditer(document):
        if token[0] in (b"{", b"["):
            depth += 1
        elif token[0] in (b"}", b"]"):
            depth -= 1
            if start is not None and depth == outside:
                yield start, token.end()
                start = None
        elif token[1] and start is None and depth in _EVENT_DEPTHS:
            start, outside = token.end(), depth

"""Watches: streaming responses with one event per line.

https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes

The client's own `watch.Watch` isn't used: it can't be stopped from another thread (kubernetes-client/python#422), waits
forever for a server that has gone silent (#1148, #2462), and parses each object into a typed model.
"""

import random
from collections.abc import Iterator
from contextlib import closing, suppress
from typing import Any, Final
from urllib.parse import urlencode

import orjson
import urllib3
from urllib3.exceptions import HTTPError

from bot.adapters.kubernetes import bounds
from bot.adapters.kubernetes.api import KubernetesApi
from bot.i18n.catalogue import cluster as texts
from bot.i18n.language import LocalizedText
from bot.ports.cluster import Kind, Watch, WatchEvent

_CHUNK_BYTES: Final = 2**16
_MARGIN: Final = 30.0  # seconds that a server may be late to end a watch


def open_watch(
    api: KubernetesApi, path: str, kind: Kind, action: LocalizedText, resource_version: str, *, idle: float
) -> Watch:
    """Open a watch that the server ends after a random time, so that clients don't all reconnect at once."""
    seconds = random.uniform(bounds.WATCH_SECONDS, 2 * bounds.WATCH_SECONDS)  # noqa: S311  spreads load
    query = {
        "watch": "true",
        "allowWatchBookmarks": "true",
        "resourceVersion": resource_version,
        "timeoutSeconds": int(seconds),
    }
    response = api.open(f"{path}?{urlencode(query)}", action, idle=idle, seconds=seconds + _MARGIN)
    return KubernetesWatch(api, response, kind, action)


class KubernetesWatch:
    """`ports.Watch` on one response."""

    def __init__(
        self, api: KubernetesApi, response: urllib3.BaseHTTPResponse, kind: Kind, action: LocalizedText
    ) -> None:
        self._api = api
        self._response = response
        self._kind = kind
        self._action = action

    def __iter__(self) -> Iterator[WatchEvent]:
        with closing(self._response):
            for line in self._lines():
                event = self._event(line)
                if event is not None:
                    yield event

    def close(self) -> None:
        with suppress(ValueError, RuntimeError, OSError):  # it has ended
            self._response.shutdown()

    def _lines(self) -> Iterator[bytes]:
        """The complete lines; the rest of a broken connection is dropped."""
        pending = bytearray()
        while chunk := self._read():
            searched = len(pending)
            pending += chunk
            while (end := pending.find(b"\n", searched)) >= 0:
                yield bytes(pending[:end])
                del pending[: end + 1]
                searched = 0
            if len(pending) > bounds.EVENT_BYTES:
                raise self._api.errors.too_large(self._action, bounds.EVENT_BYTES)

    def _read(self) -> bytes:
        """The data that has arrived, at least a byte; b"" at the end."""
        try:
            return self._response.read1(_CHUNK_BYTES)
        except HTTPError as error:
            raise self._api.errors.unreachable(self._action, error) from error

    def _event(self, line: bytes) -> WatchEvent | None:
        """The event in a line; None for an unknown type of event."""
        event = self._api.parse(line, self._action)
        try:
            type_, item = event["type"], event["object"]
            if type_ == "ERROR":
                raise self._api.errors.rejected(self._action, item.get("code", 500), orjson.dumps(item))
            resource_version = str(item["metadata"]["resourceVersion"])
            if type_ == "BOOKMARK":
                return WatchEvent(resource_version)
            if type_ not in {"ADDED", "MODIFIED", "DELETED"}:
                return None
            return WatchEvent(resource_version, self._identified(item), is_deletion=type_ == "DELETED")
        except (AttributeError, KeyError, TypeError) as error:
            raise self._api.errors.could_not(self._action, LocalizedText(texts.NO_EVENT)) from error

    def _identified(self, item: dict[str, Any]) -> dict[str, Any]:
        """The object with its apiVersion and kind, as in a list. Raises KeyError without a name."""
        item["metadata"]["name"]
        return {**item, "apiVersion": self._kind.api_version, "kind": self._kind.kind}

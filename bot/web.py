"""The HTTP server: health checks, webhooks from forges, and Slack's requests in HTTP mode. Runs on waitress."""

import logging
import threading
from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING, Self, cast

from slack_bolt import App
from slack_bolt.adapter.wsgi import SlackRequestHandler
from waitress.server import TcpWSGIServer, create_server

from bot.handlers.webhooks import Received, Webhooks

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

_log = logging.getLogger(__name__)

SLACK_PATH = "/slack/events"
WEBHOOKS_PATH = "/webhooks/"
MAX_BYTES = 25 * 2**20  # per request: the most that GitHub sends

_ANSWERS = {
    Received.UNKNOWN: ("404 Not Found", "not found"),
    Received.REFUSED: ("401 Unauthorized", "unauthorized"),
    Received.TAKEN: ("202 Accepted", "accepted"),
}


class Web:
    """`ready` returns None when the bot is ready, otherwise the reason. Without `webhooks`, none are accepted.

    OSError when the address is not available.
    """

    def __init__(
        self,
        address: tuple[str, int],
        ready: Callable[[], str | None],
        slack: App | None,
        webhooks: Webhooks | None = None,
    ) -> None:
        self._ready = ready
        self._webhooks = webhooks
        self._slack = SlackRequestHandler(slack, SLACK_PATH) if slack else None
        # Few threads are enough: Bolt acks within milliseconds and works elsewhere.
        server = create_server(
            self._answer,
            host=address[0],
            port=address[1],
            threads=8,
            ident=None,
            max_request_body_size=MAX_BYTES,
        )
        self._server = cast("TcpWSGIServer", server)  # more than one only for a host name with several addresses
        self._thread = threading.Thread(target=self._serve, name="web", daemon=True)
        self.port: int = server.effective_port  # type: ignore[union-attr]  # not in the stubs

    def start(self) -> Self:
        """Serve on a background thread."""
        self._thread.start()
        return self

    def stop(self) -> None:
        """Stop accepting requests."""
        self._server.close()
        self._thread.join(timeout=5)

    def _serve(self) -> None:
        try:
            self._server.run()
        except OSError:
            _log.debug("web server socket closed")

    def _answer(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if path == "/healthz":
            return _plain(start_response, "200 OK", "ok")
        if path == "/readyz":
            why = self._ready()
            return _plain(start_response, "503 Service Unavailable" if why else "200 OK", why or "ok")
        if self._webhooks and path.startswith(WEBHOOKS_PATH):
            return _webhook(self._webhooks, path.removeprefix(WEBHOOKS_PATH), environ, start_response)
        if path != SLACK_PATH or self._slack is None:
            return _plain(start_response, "404 Not Found", "not found")
        # Bolt answers 500 to a timestamp that is not a number.
        if not environ.get("HTTP_X_SLACK_REQUEST_TIMESTAMP", "").isdecimal():
            return _plain(start_response, "401 Unauthorized", "not signed by Slack")
        return self._slack(environ, start_response)


def _webhook(
    webhooks: Webhooks, name: str, environ: "WSGIEnvironment", start_response: "StartResponse"
) -> Iterable[bytes]:
    if environ["REQUEST_METHOD"] != "POST":
        return _plain(start_response, "405 Method Not Allowed", "webhooks must use POST")
    headers = {
        key.removeprefix("HTTP_").replace("_", "-").lower(): value
        for key, value in environ.items()
        if key.startswith("HTTP_")
    }
    body = iter(partial(environ["wsgi.input"].read, 65_536), b"")
    return _plain(start_response, *_ANSWERS[webhooks.receive(name, headers, body)])


def _plain(start_response: "StartResponse", status: str, text: str) -> list[bytes]:
    start_response(status, [("Content-Type", "text/plain; charset=utf-8"), ("Cache-Control", "no-store")])
    return [text.encode()]

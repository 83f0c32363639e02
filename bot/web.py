"""HTTP's edge: the health page in both modes, and Slack's requests in HTTP mode. Served by waitress."""

import logging
import threading
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Self, cast

from slack_bolt import App
from slack_bolt.adapter.wsgi import SlackRequestHandler
from waitress.server import TcpWSGIServer, create_server

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

_log = logging.getLogger(__name__)

SLACK_PATH = "/slack/events"


class Web:
    """`ready` gives None when the bot can do its work, else why not. OSError when the address cannot be taken."""

    def __init__(self, address: tuple[str, int], ready: Callable[[], str | None], slack: App | None) -> None:
        self._ready = ready
        self._slack = SlackRequestHandler(slack, SLACK_PATH) if slack else None
        # Few threads: Bolt acks within milliseconds and works elsewhere.
        server = create_server(self._answer, host=address[0], port=address[1], threads=8, ident=None)
        self._server = cast("TcpWSGIServer", server)  # several only for a host name with several addresses
        self._thread = threading.Thread(target=self._serve, name="web", daemon=True)
        self.port: int = server.effective_port  # type: ignore[union-attr]  # not in the stubs

    def start(self) -> Self:
        """Serve on a thread of its own."""
        self._thread.start()
        return self

    def stop(self) -> None:
        """Take no more requests."""
        self._server.close()
        self._thread.join(timeout=5)

    def _serve(self) -> None:
        try:
            self._server.run()
        except OSError:
            _log.debug("the web server's socket was closed")

    def _answer(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if path == "/healthz":
            return _plain(start_response, "200 OK", "ok")
        if path == "/readyz":
            why = self._ready()
            return _plain(start_response, "503 Service Unavailable" if why else "200 OK", why or "ok")
        if path != SLACK_PATH or self._slack is None:
            return _plain(start_response, "404 Not Found", "not found")
        # Bolt turns a timestamp that is no number into a 500.
        if not environ.get("HTTP_X_SLACK_REQUEST_TIMESTAMP", "").isdecimal():
            return _plain(start_response, "401 Unauthorized", "not signed by Slack")
        return self._slack(environ, start_response)


def _plain(start_response: "StartResponse", status: str, text: str) -> list[bytes]:
    start_response(status, [("Content-Type", "text/plain; charset=utf-8"), ("Cache-Control", "no-store")])
    return [text.encode()]

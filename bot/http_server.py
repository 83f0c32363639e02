"""A public HTTP server: waitress, with bounds on what it reads before the application does."""

import logging
import threading
from typing import TYPE_CHECKING, Final, Self

from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser
from waitress.server import BaseWSGIServer, create_server

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication
    from waitress.wasyncore import _SocketMap

_log = logging.getLogger(__name__)

MAX_HEADER_BYTES: Final = 16 * 2**10  # of one request, ten times what Slack and the forges send
MAX_BODY_BYTES: Final = 2**20  # of one request; Slack's are far smaller, and polling finds a push that is too large
MAX_CONNECTIONS: Final = 100  # at once
REQUEST_SECONDS: Final = 10  # from accepting a connection to the end of its request
_CLEANUP_SECONDS: Final = 1
_OWN_SOCKETS: Final = 2  # waitress counts its listener and its trigger as connections


class _Parser(HTTPRequestParser):
    """Parses the only request on a connection."""

    def parse_header(self, header_plus: bytes) -> None:
        super().parse_header(header_plus)
        self.headers = {**self.headers, "CONNECTION": "close"}
        self.connection_close = True


class _Channel(HTTPChannel):
    """A connection with a deadline for its one request. Data that keeps arriving does not extend the deadline.

    Waitress closes a connection that has been inactive for `channel_timeout`; here only a complete request counts as
    activity. A new connection that leaves no room for another closes the oldest one without a complete request, so that
    idle connections never keep a request waiting. All connections may have the same address: that of a proxy.
    """

    parser_class = _Parser

    def handle_read(self) -> None:
        super().handle_read()
        if not self.requests:
            self.last_activity = self.creation_time

    def add_channel(self, map: "_SocketMap | None" = None) -> None:  # noqa: A002  the name in waitress
        super().add_channel(map)
        sockets = self._map  # type: ignore[attr-defined]  # not in the stubs; in the order in which they were opened
        if len(sockets) < self.adj.connection_limit - 1:  # waitress stops accepting at the limit
            return
        others = (socket for socket in sockets.values() if isinstance(socket, _Channel) and socket is not self)
        oldest = next((channel for channel in others if channel.is_receiving), None)
        if oldest:
            oldest.will_close = True

    @property
    def is_receiving(self) -> bool:
        """Whether the request is incomplete."""
        return not (self.requests or self.close_when_flushed or self.will_close)


class HttpServer:
    """Serves a WSGI application at an address (host, port) from a background thread, one request per connection.

    Raises OSError if the address is not available.
    """

    def __init__(
        self, application: "WSGIApplication", address: tuple[str, int], *, name: str, threads: int, connections: int
    ) -> None:
        sockets: dict[int, object] = {}
        server = create_server(
            application,
            map=sockets,  # type: ignore[arg-type]  # in the stubs, of waitress's own dispatchers
            host=address[0],
            port=address[1],
            threads=threads,
            ident=None,
            connection_limit=connections + _OWN_SOCKETS,
            channel_timeout=REQUEST_SECONDS,
            cleanup_interval=_CLEANUP_SECONDS,
            asyncore_use_poll=True,  # select() fails for descriptors above 1,023
            max_request_header_size=MAX_HEADER_BYTES,
            max_request_body_size=MAX_BODY_BYTES + 1,  # waitress refuses this size itself
        )
        listeners = [server_ for server_ in sockets.values() if isinstance(server_, BaseWSGIServer)]
        for listener in listeners:  # one for each address of a host name
            listener.channel_class = _Channel
        self.port = int(listeners[-1].effective_port)  # type: ignore[attr-defined]  # not in the stubs
        self._server = server
        self._thread = threading.Thread(target=self._serve, name=name, daemon=True)

    @property
    def is_serving(self) -> bool:
        """Whether it has started, and has neither been stopped nor failed."""
        return self._thread.is_alive()

    def start(self) -> Self:
        """Serve until `stop`."""
        self._thread.start()
        return self

    def stop(self) -> None:
        """Stop accepting requests."""
        self._server.close()
        self._thread.join(timeout=5)

    def _serve(self) -> None:
        try:
            self._server.run()
        except Exception:  # noqa: BLE001  the liveness probe fails from now on
            _log.exception("the HTTP server %s has ended", self._thread.name)

"""Slack's Socket Mode through slack_sdk, whose own client can go deaf when it reconnects and can hang when it closes.

Its receiving thread runs a connection until a state says that it has ended, and looks that state up by itself. A thread
that comes by while connections change hands holds the state of another connection, which nobody ends: it never
receives from the new one, and who joins it to close waits for ever. Here a connection's end is derived from the client.
"""

import socket
from contextlib import suppress

from slack_bolt import App
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_sdk.socket_mode import SocketModeClient
from slack_sdk.socket_mode.builtin.connection import Connection, ConnectionState


class SocketHandler(SocketModeHandler):
    """Bolt's handler over such a client. `ping_interval` is in seconds: four without an answer end a connection."""

    def __init__(self, app: App, app_token: str, *, ping_interval: float) -> None:
        self.app = app
        self.app_token = app_token
        self.client = _Client(
            app_token, logger=app.logger, web_client=app.client, proxy=app.client.proxy, ping_interval=ping_interval
        )
        self.client.socket_mode_request_listeners.append(self.handle)  # type: ignore[arg-type]  # as Bolt itself does

    def connect(self) -> None:
        self.client.connect()

    def close(self) -> None:
        self.client.close()


class _Client(SocketModeClient):
    def close(self) -> None:
        """Stop every thread and leave no connection behind. May be called twice."""
        self.closed = True
        self.enqueue_message("{}")  # wakes the queue's reader, which would sleep out a second
        super().close()
        self.disconnect()  # what was just being connected

    def disconnect(self) -> None:
        with suppress(AttributeError, OSError):  # another thread has closed the same socket at this instant
            # Wakes who receives from it, which would hold the lock that closing needs for up to three seconds.
            self.current_session.sock.shutdown(socket.SHUT_RDWR)  # type: ignore[union-attr]
        with suppress(AttributeError):
            super().disconnect()

    def _run_current_session(self) -> None:
        session = self.current_session
        if session is None or not session.is_active():
            return
        try:
            session.run_until_completion(_Ending(self, session))
        except Exception:  # the thread must live to run the next connection
            self.logger.exception("Socket Mode connection failed")


class _Ending(ConnectionState):
    """Says that a connection has ended: by itself, with its client, or because its client has another."""

    def __init__(self, client: SocketModeClient, session: Connection) -> None:
        self._client = client
        self._session = session
        self._ended = False

    @property
    def terminated(self) -> bool:
        return self._ended or self._client.closed or self._client.current_session is not self._session

    @terminated.setter
    def terminated(self, ended: bool) -> None:
        self._ended = ended

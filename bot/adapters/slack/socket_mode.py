"""Slack's Socket Mode with slack_sdk, with connections that end at once when they are replaced or closed.

slack_sdk's own client closes a connection under a lock that its receiving thread holds for up to three seconds at a
time. Meanwhile, the connection that replaces it can't receive or send acks, so Slack's deadline of three seconds
passes. The receiving thread can also hold the state of another connection that never ends: it never receives again, and
closing the client hangs. Here a connection owns its state, and closing it wakes its receiver.

When Slack or a proxy drops a connection, slack_sdk's client would receive nothing from it in a busy loop until pings
remain unanswered. Here such a connection ends at once.

Before Slack ends a connection, it sends `disconnect`. slack_sdk's client would then request a new one on the only
thread that reads payloads, so Slack's deadline would pass if the response is slow. Here another thread requests it.
"""

import socket
from contextlib import suppress
from threading import Thread
from typing import Any, Final

from slack_bolt import App
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_sdk.socket_mode import SocketModeClient
from slack_sdk.socket_mode.builtin.connection import Connection, ConnectionState

from bot.ports.isolation import skip_unexpected

_OTHER_CONNECTS_SECONDS: Final = 5  # as in slack_sdk


class SocketHandler(SocketModeHandler):
    """Bolt's handler with such a client. Four unanswered pings, `ping_interval` seconds apart, end a connection."""

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
    current_session: "_Connection | None"

    def connect(self) -> None:
        """Connect, then close the replaced connection. If connecting fails, keep the old one."""
        replaced = self.current_session
        connection = _Connection(
            url=self.wss_uri or self.issue_new_wss_url(),
            logger=self.logger,
            ping_interval=self.ping_interval,
            proxy=self.proxy,
            on_message_listener=self._on_message,
            on_error_listener=self._on_error,
            on_close_listener=self._on_close,
            ssl_context=self.web_client.ssl,
        )
        connection.connect()  # logs a failure instead of raising it
        if replaced is None or connection.is_active():
            self.current_session = connection
            if replaced is not None:
                replaced.close()
            if self.closed:  # meanwhile
                connection.close()
        if not self.current_app_monitor_started:
            self.current_app_monitor_started = True
            self.current_app_monitor.start()

    def connect_to_new_endpoint(self, force: bool = False) -> None:
        """Replace a connection that has ended; with `force`, the one that Slack is about to end, while it is in use."""
        if force:
            ending = self.current_session
            Thread(target=self._replace_announced, args=(ending,), name="slack-reconnect", daemon=True).start()
        else:
            self._replace(None)

    def _replace_announced(self, ending: "_Connection | None") -> None:
        with skip_unexpected("a new Socket Mode connection"):  # after an error, `ending` serves until it ends
            self._replace(ending)

    def _replace(self, ending: "_Connection | None") -> None:
        """Connect again if the current connection has ended or is `ending`. One thread at a time does so."""
        if not self.connect_operation_lock.acquire(timeout=_OTHER_CONNECTS_SECONDS):
            return
        try:
            if not self.closed and (self.current_session is ending or not self.is_connected()):
                self.wss_uri = self.issue_new_wss_url()
                self.connect()
        finally:
            self.connect_operation_lock.release()

    def close(self) -> None:
        """Stop all threads and close all connections. May be called twice."""
        self.closed = True
        self.enqueue_message("{}")  # wakes the queue's reader, which would sleep for a second
        super().close()
        self.disconnect()  # also a connection that was just being established

    def _run_current_session(self) -> None:
        connection = self.current_session
        if connection is None or not connection.is_active():
            return
        with skip_unexpected("a Socket Mode connection"):  # the thread must live to run the next one
            connection.run_until_completion(connection.state)
        if connection.is_active():  # the server has ended it
            connection.disconnect()


class _Connection(Connection):
    """A connection that several threads may close while another receives from it."""

    def __init__(self, **settings: Any) -> None:
        self.state = ConnectionState()  # type: ignore[no-untyped-call]
        super().__init__(**settings)

    @property  # type: ignore[override]  # with as much of a socket as slack_sdk uses
    def sock(self) -> "_Socket | None":
        return self._sock

    @sock.setter
    def sock(self, connected: socket.socket | None) -> None:
        self._sock = _Socket(connected, self.state) if connected else None

    def disconnect(self) -> None:
        self.state.terminated = True
        if (sock := self.sock) is not None:
            with suppress(OSError):  # another thread just closed the socket
                # Wakes the receiver, which holds the lock. An SSLSocket's own shutdown would drop its TLS state too.
                socket.socket.shutdown(sock.connected, socket.SHUT_RDWR)
        with suppress(AttributeError):  # another thread is closing it
            super().disconnect()


class _Socket:
    """A connected socket that sets the connection's state to terminated when its peer has closed it."""

    def __init__(self, connected: socket.socket, state: ConnectionState) -> None:
        self.connected = connected
        self._state = state

    def recv(self, size: int) -> bytes:
        received = self.connected.recv(size)
        if not received:
            self._state.terminated = True
        return received

    def __getattr__(self, name: str) -> Any:
        return getattr(self.connected, name)

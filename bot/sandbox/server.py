"""Runs one aiohttp application on its own thread, for blocking clients in the same process."""

import asyncio
import threading
from collections.abc import Coroutine
from concurrent.futures import Future
from typing import Any, Self

from aiohttp import web


class Server:
    """An HTTP server on 127.0.0.1. `port` 0 picks a free port; `url` is its root without a trailing slash.

    Use as a context manager, or call `start` and `stop`. Raises OSError if the port is in use.
    """

    def __init__(self, app: web.Application, port: int = 0) -> None:
        self._app = app
        self._port = port
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="sandbox", daemon=True)
        self._runner: web.AppRunner | None = None
        self.url = ""

    def start(self) -> Self:
        """Start serving; returns once connections are accepted."""
        self._thread.start()
        try:
            self.submit(self._serve()).result()
        except OSError:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """Stop serving, close open connections and end the thread."""
        if self._runner is not None:
            self.submit(self._runner.cleanup()).result(timeout=10)
            self._runner = None
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=10)
        if not self._loop.is_running():
            self._loop.close()

    def submit(self, work: Coroutine[Any, Any, Any]) -> Future[Any]:
        """Run a coroutine on the server's event loop, from any other thread."""
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    async def _serve(self) -> None:
        # A short shutdown timeout: open WebSockets and event streams would otherwise delay it for a minute.
        runner = web.AppRunner(self._app, access_log=None, shutdown_timeout=0.5)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", self._port)
        await site.start()
        self._runner = runner
        server = site._server  # noqa: SLF001  the only way to get the port that was picked
        assert isinstance(server, asyncio.Server)  # noqa: S101
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

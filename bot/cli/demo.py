"""`gitops-bot demo`: the bot in a sandbox."""

import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import click

from bot.cli.errors import CommandError
from bot.cli.stop_signal import StopSignal

if TYPE_CHECKING:
    from bot.sandbox.demo import Demo

DEFAULT_PORT = 8080
_FREE = (0, 0, 0)


def run_demo(port: int | None, *, open_browser: bool) -> None:
    """Run the demo until SIGTERM or Ctrl-C, and restart it when somebody starts over. CommandError if it cannot start.

    Without a port, it uses the default one, or free ones if that or one of the next two is in use. Raises CommandError
    if it cannot start.
    """
    try:
        from bot.sandbox.demo import Demo  # noqa: PLC0415  its libraries are an extra
    except ModuleNotFoundError as error:
        raise CommandError(f"The demo needs {error.name}. Install it: pip install 'gitops-bot[demo]'") from error
    stop_signal = StopSignal()

    def start(ports: Sequence[int]) -> Demo:
        return Demo(ports, story=True, restart=stop_signal.wake).start()

    demo = _first(start, port)
    if not stop_signal.received:
        click.echo(demo.welcome())
        if open_browser and sys.stdout.isatty():
            click.launch(demo.url)
    stop_signal.wait()
    while not stop_signal.received:
        ports = demo.ports_in_use()
        demo.stop()
        demo = start(ports)
        click.echo(demo.welcome())
        stop_signal.wait()
    demo.stop()


def _first(start: Callable[[Sequence[int]], "Demo"], port: int | None) -> "Demo":
    wanted = DEFAULT_PORT if port is None else port
    try:
        return start([wanted + offset for offset in range(3)] if wanted else _FREE)
    except OSError as error:
        if port is None:
            click.echo(f"Port {wanted} or one of the next two is in use, so the demo uses free ports.", err=True)
            return start(_FREE)
        raise CommandError(
            f"The demo could not start on port {port}: {error.strerror}. Choose another port with --port."
        ) from error

"""`gitops-bot demo`: the bot in a sandbox."""

import sys

import click

from bot.cli.errors import CommandError
from bot.cli.stop_signal import StopSignal


def run_demo(port: int, *, open_browser: bool) -> None:
    """Run the demo until SIGTERM or Ctrl-C. CommandError when it cannot start."""
    try:
        from bot.sandbox.demo import Demo  # noqa: PLC0415  its libraries are an extra
    except ModuleNotFoundError as error:
        raise CommandError(f"The demo needs {error.name}. Install it: pip install 'gitops-bot[demo]'") from error
    stop_signal = StopSignal()
    try:
        demo = Demo(port).start()
    except OSError as error:
        raise CommandError(
            f"The demo could not start on port {port}: {error.strerror}. Choose another port with --port."
        ) from error
    if not stop_signal.received:
        click.echo(demo.welcome())
        if open_browser and sys.stdout.isatty():
            click.launch(demo.url)
    stop_signal.wait()
    demo.stop()

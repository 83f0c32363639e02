"""The command line: `run`, `check`, `demo`, `doctor`, `audit`."""

import logging
import os
import signal
import socket
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import NoReturn

import click

from bot.config.errors import ConfigError
from bot.config.load import load
from bot.config.model import Config
from bot.ports.errors import PortError

COULD_NOT_TELL = 2  # as diff does: 0 same, 1 different, 2 trouble

_NO_CONFIG = "Pass a configuration file with --config FILE. See docs/configuration.md."
_CONFIG = click.option(
    "--config",
    "config_path",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Configuration file. See docs/configuration.md.",
)


_LIBRARIES = (
    *("slack_bolt", "slack_sdk", "apscheduler", "urllib3", "waitress"),
    *("github", "gitlab", "atlassian", "git", "kubernetes"),
)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="gitops-bot")
def main() -> None:
    """A ChatOps bot for GitOps: drift alerts, revert pull requests and rollout reports in Slack.

    Git stays the only path that changes state: the bot only reads from clusters.
    """
    # Slack's libraries log whole payloads at DEBUG: LOG_LEVEL does not apply to libraries.
    logging.basicConfig(
        level=os.environ.get("LOG_LEVEL", "INFO").upper(),
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
        stream=sys.stderr,
    )
    for name in _LIBRARIES:
        logging.getLogger(name).setLevel(logging.WARNING)


@main.command()
@_CONFIG
def run(config_path: Path | None) -> None:
    """Run the bot until SIGTERM or Ctrl-C."""
    from bot.app import Bot  # noqa: PLC0415  loaded only by the command that needs it

    config = _load(config_path)
    missing = config.missing_for_run()
    if missing:
        _refuse("\n".join(missing))
    stopping = StopSignal()
    try:
        bot = Bot(config).start()
    except (PortError, OSError) as error:
        _refuse(str(error))
    stopping.wait()
    logging.getLogger(__name__).info("stopping: waiting for running work to finish")
    bot.stop()


@main.command()
@_CONFIG
@click.option(
    "--path",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="Directory of manifests to check, without a configuration file.",
)
@click.option("--context", metavar="CTX", help="With --path: kubeconfig context. Default: the current context.")
@click.option(
    "--namespace", metavar="NS", help="With --path: namespace of objects that don't set one. Default: the context's."
)
@click.option(
    "--ignore",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="With --path: configuration file to read ignore rules from.",
)
@click.option("--output", type=click.Choice(["text", "json"]), default="text", show_default=True, help="Output format.")
@click.option("--explain", is_flag=True, help="Show why each difference is drift, or why it is not.")
@click.argument("applications", nargs=-1, metavar="[APP]...")
def check(
    config_path: Path | None,
    path: Path | None,
    context: str | None,
    namespace: str | None,
    ignore: Path | None,
    output: str,
    explain: bool,
    applications: Sequence[str],
) -> None:
    """Check for drift once. Exits 0 if in sync, 1 on drift, 2 if the state is unknown."""
    from bot.cli import check as checking  # noqa: PLC0415
    from bot.core.drift import report  # noqa: PLC0415

    if (path is None) == (config_path is None):
        raise click.UsageError("Pass either --config FILE or --path DIR.")
    if path is None and (context or namespace or ignore):
        raise click.UsageError("--context, --namespace and --ignore need --path. With --config, set them in the file.")
    if path is not None and applications:
        raise click.UsageError("Application names need --config. --path checks the whole directory.")
    try:
        if path is not None:
            rules = load(ignore, os.environ) if ignore else None
            checks = checking.directory(path, context=context, namespace=namespace, rules=rules, explain=explain)
        else:
            checks = checking.configured(load(config_path or Path(), os.environ), applications, explain=explain)
    except (ConfigError, PortError) as error:
        if output == "json":
            click.echo(report.as_json([]))  # scripts that parse stdout still get an object
        _refuse(str(error))
    if output == "json":
        click.echo(report.as_json(checks, explain=explain))
    else:
        click.echo(report.as_text(checks, explain=explain))
    sys.exit(report.exit_code(checks))


@main.command()
@click.option(
    "--port",
    type=click.IntRange(0, 65_535),
    default=8080,
    show_default=True,
    help="Port of the page. 0 picks a free port.",
)
@click.option("--no-browser", is_flag=True, help="Print the URL without opening it.")
def demo(port: int, no_browser: bool) -> None:
    """Run the bot in a sandbox: a local Slack, forge and cluster. No tokens needed."""
    try:
        from bot.sandbox.demo import Demo  # noqa: PLC0415
    except ModuleNotFoundError as error:
        _refuse(f"The demo needs {error.name}. Install it: pip install 'gitops-bot[demo]'")
    stopping = StopSignal()
    try:
        running = Demo(port).start()
    except OSError as error:
        _refuse(f"The demo could not start on port {port}: {error.strerror}. Choose another port with --port.")
    if not stopping.asked:
        click.echo(running.welcome())
        if not no_browser and sys.stdout.isatty():
            click.launch(running.url)
    stopping.wait()
    running.stop()


@main.command()
@_CONFIG
def doctor(config_path: Path | None) -> None:
    """Test every credential, scope and permission. Prints ok, or what to do, for each."""
    from bot.cli.doctor import examine  # noqa: PLC0415

    failed = False
    for line in examine(_load(config_path)):
        failed |= not line.ok
        click.echo(f"{'ok     ' if line.ok else 'not ok '} {line.what}{'' if line.ok else ': ' + line.remedy}")
    sys.exit(COULD_NOT_TELL if failed else 0)


@main.command()
@_CONFIG
@click.option(
    "--since",
    metavar="TIME",
    help="A date (2026-11-01), a time (2026-11-01T08:00Z) or an age (7d, 12h, 30m). Default: everything.",
)
@click.option("--output", type=click.Choice(["csv", "json"]), default="csv", show_default=True, help="Output format.")
@click.argument("what", type=click.Choice(["actions", "changes"]), default="actions", metavar="[actions|changes]")
def audit(config_path: Path | None, since: str | None, output: str, what: str) -> None:
    """Export the audit log: who did what, and the result.

    With `changes`: every commit on a tracked branch, and who approved it.
    """
    from bot.cli import audit as auditing  # noqa: PLC0415
    from bot.core.access import audit as log  # noqa: PLC0415
    from bot.core.approvals import change_audit  # noqa: PLC0415

    if config_path is None:
        _refuse(_NO_CONFIG)
    try:
        start = log.since(since, datetime.now(tz=UTC)) if since else None
    except ValueError as error:
        raise click.UsageError(str(error)) from None

    def rows(path: Path) -> Iterator[log.Row]:
        config = load(path, os.environ)
        if what == "changes":
            yield from map(change_audit.row, auditing.changes(config, start))
        else:
            yield from map(log.row, auditing.entries(config, start))

    entries = rows(config_path)
    columns = change_audit.COLUMNS if what == "changes" else log.COLUMNS
    text = log.as_json(entries, ConfigError, PortError) if output == "json" else log.as_csv(entries, columns)
    try:
        for piece in text:
            click.echo(piece, nl=False)
    except (ConfigError, PortError) as error:
        _refuse(str(error))


class StopSignal:
    """Waits for SIGTERM or Ctrl-C, and catches one that arrives before `wait` is called.

    A `threading.Event` set by a signal handler is not enough: the handler of a signal that arrives just before the
    wait's system call runs only when something else ends the wait. `wait` reads the byte that the interpreter writes
    on every signal instead: https://docs.python.org/3/library/signal.html#signal.set_wakeup_fd
    """

    def __init__(self) -> None:
        self._woken, self._waker = socket.socketpair()
        self._waker.setblocking(False)
        signal.set_wakeup_fd(self._waker.fileno())
        self.asked = False  # whether a signal has arrived
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._note)

    def wait(self) -> None:
        """Block until a signal arrives."""
        self._woken.recv(1)

    def _note(self, _number: int, _frame: FrameType | None) -> None:
        self.asked = True


def _load(config_path: Path | None) -> Config:
    if config_path is None:
        _refuse(_NO_CONFIG)
    try:
        return load(config_path, os.environ)
    except ConfigError as error:
        _refuse(str(error))


def _refuse(message: str) -> NoReturn:
    click.echo(message, err=True)
    sys.exit(COULD_NOT_TELL)

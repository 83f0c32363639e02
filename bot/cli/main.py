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

from bot.config import Config, ConfigError, load
from bot.ports.errors import PortError

COULD_NOT_TELL = 2  # as diff does: 0 same, 1 different, 2 trouble

_NO_CONFIG = "Give the configuration with --config FILE; docs/configuration.md describes it."
_CONFIG = click.option(
    "--config",
    "config_path",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The configuration file; docs/configuration.md describes it.",
)


_LIBRARIES = (
    *("slack_bolt", "slack_sdk", "apscheduler", "urllib3", "waitress"),
    *("github", "gitlab", "atlassian", "git", "kubernetes"),
)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="gitops-bot")
def main() -> None:
    """A ChatOps bot for GitOps: drift alerts, revert pull requests and rollout reports in Slack.

    Git stays the only path that changes state: on the cluster the bot reads, and does nothing else.
    """
    # Slack's own libraries print whole payloads at DEBUG, so they never get below INFO.
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
    from bot.app import Bot  # noqa: PLC0415  what only one command needs is loaded by that command

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
    logging.getLogger(__name__).info("stopping: no new work is taken, what runs is finished")
    bot.stop()


@main.command()
@_CONFIG
@click.option("--path", type=click.Path(path_type=Path), help="A directory of manifests; no configuration is needed.")
@click.option("--context", help="With --path: the kubeconfig context; the current one if left out.")
@click.option("--namespace", help="With --path: where objects that name no namespace live; the context's if left out.")
@click.option("--ignore", type=click.Path(path_type=Path), help="With --path: a configuration file, for its rules.")
@click.option("--output", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option("--explain", is_flag=True, help="The reason of every difference, and those that are no drift too.")
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
    """One drift check now: exit 0 in sync, 1 drift, 2 could not tell."""
    from bot.cli import check as checking  # noqa: PLC0415
    from bot.core.drift import report  # noqa: PLC0415

    if (path is None) == (config_path is None):
        raise click.UsageError("Give either --config FILE or --path DIR.")
    if path is None and (context or namespace or ignore):
        raise click.UsageError("--context, --namespace and --ignore go with --path; with --config it says all three.")
    if path is not None and applications:
        raise click.UsageError("Names of applications go with --config; with --path there is only the directory.")
    try:
        if path is not None:
            rules = load(ignore, os.environ) if ignore else None
            checks = checking.directory(path, context=context, namespace=namespace, rules=rules, explain=explain)
        else:
            checks = checking.configured(load(config_path or Path(), os.environ), applications, explain=explain)
    except (ConfigError, PortError) as error:
        if output == "json":
            click.echo(report.as_json([]))  # whoever parses stdout gets an object all the same
        _refuse(str(error))
    if output == "json":
        click.echo(report.as_json(checks, explain=explain))
    else:
        click.echo(report.as_text(checks, explain=explain))
    sys.exit(report.exit_code(checks))


@main.command()
@click.option("--port", type=click.IntRange(0, 65_535), default=8080, show_default=True, help="0 takes a free one.")
@click.option("--no-browser", is_flag=True, help="Only print the URL.")
def demo(port: int, no_browser: bool) -> None:
    """The bot in the sandbox: a local Slack, forge and cluster. No token, no cluster, no workspace."""
    try:
        from bot.sandbox.demo import Demo  # noqa: PLC0415
    except ModuleNotFoundError as error:
        _refuse(f"The demo needs {error.name}; install it with: pip install 'gitops-bot[demo]'")
    stopping = StopSignal()
    try:
        running = Demo(port).start()
    except OSError as error:
        _refuse(f"The demo could not start on port {port}: {error.strerror}. Give another with --port.")
    if not stopping.asked:
        click.echo(running.welcome())
        if not no_browser and sys.stdout.isatty():
            click.launch(running.url)
    stopping.wait()
    running.stop()


@main.command()
@_CONFIG
def doctor(config_path: Path | None) -> None:
    """Try every credential, scope and permission: a line each, ok or what to do."""
    from bot.cli.doctor import examine  # noqa: PLC0415

    failed = False
    for line in examine(_load(config_path)):
        failed |= not line.ok
        click.echo(f"{'ok     ' if line.ok else 'not ok '} {line.what}{'' if line.ok else ': ' + line.remedy}")
    sys.exit(COULD_NOT_TELL if failed else 0)


@main.command()
@_CONFIG
@click.option("--since", help="A day (2026-11-01), an instant (2026-11-01T08:00Z), or 7d, 12h, 30m; all if left out.")
@click.option("--output", type=click.Choice(["csv", "json"]), default="csv", show_default=True)
@click.argument("what", type=click.Choice(["actions", "changes"]), default="actions", metavar="[actions|changes]")
def audit(config_path: Path | None, since: str | None, output: str, what: str) -> None:
    """Who asked for what and what came of it; with `changes`, every commit on a tracked branch and who approved it."""
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

    found = rows(config_path)
    columns = change_audit.COLUMNS if what == "changes" else log.COLUMNS
    try:
        for piece in log.as_json(found, ConfigError, PortError) if output == "json" else log.as_csv(found, columns):
            click.echo(piece, nl=False)
    except (ConfigError, PortError) as error:
        _refuse(str(error))


class StopSignal:
    """SIGTERM and Ctrl-C, waited for. One that comes at any instant after this is made is not missed.

    A `threading.Event` set by a handler can miss one: a signal between the interpreter's look for signals and the
    wait's system call is handled only once something else ends the wait. So what is waited for is the byte that the
    interpreter itself writes when the signal comes: https://docs.python.org/3/library/signal.html#signal.set_wakeup_fd
    """

    def __init__(self) -> None:
        self._woken, self._waker = socket.socketpair()
        self._waker.setblocking(False)
        signal.set_wakeup_fd(self._waker.fileno())
        self.asked = False  # whether one of the two has come
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._note)

    def wait(self) -> None:
        """Return once one of the two has come."""
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

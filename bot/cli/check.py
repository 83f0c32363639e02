"""`gitops-bot check`: one drift check now, of configured applications or of a directory."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

import click

from bot.cli import check_report
from bot.cli.errors import CommandError
from bot.cli.output import echo
from bot.core.drift.model import Check, NotFollowed
from bot.ports.errors import PortError


def run_check(
    *,
    config_path: Path | None,
    applications: Sequence[str],
    path: Path | None,
    context: str | None,
    namespace: str | None,
    ignore: Path | None,
    as_json: bool,
    explain: bool,
) -> NoReturn:
    """Check once, print the report, and exit. Raises UsageError, or CommandError if nothing can be checked."""
    checks: list[Check]
    not_followed: Sequence[NotFollowed] | None = None
    try:
        if config_path is not None and path is None:
            if context or namespace or ignore:
                raise click.UsageError(
                    "--context, --namespace and --ignore need --path. With --config, set them in the file."
                )
            from bot.cli.check_configured import check_configured  # noqa: PLC0415  imports git and the forges
            from bot.cli.load_config import load_config  # noqa: PLC0415

            checks, not_followed = check_configured(load_config(config_path), applications, explain=explain)
        elif path is not None and config_path is None:
            if applications:
                raise click.UsageError("Application names need --config. --path checks the whole directory.")
            from bot.cli.check_directory import check_directory  # noqa: PLC0415

            checks = [check_directory(path, context=context, namespace=namespace, ignore=ignore, explain=explain)]
        else:
            raise click.UsageError("Pass either --config FILE or --path DIR.")
    except (CommandError, PortError) as error:
        if as_json:
            echo(check_report.as_json([]))  # scripts that parse stdout still get an object
        if isinstance(error, CommandError):
            raise  # it may have several lines
        raise CommandError(str(error)) from error
    if as_json:
        echo(check_report.as_json(checks, not_followed=not_followed, explain=explain))
    else:
        echo(check_report.as_text(checks, not_followed=not_followed or (), explain=explain))
    sys.exit(check_report.exit_code(checks, not_followed or ()))

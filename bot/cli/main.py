"""Declares the commands and their options. Each command's module is imported only when the command runs."""

from collections.abc import Sequence
from pathlib import Path

import click

from bot.cli.errors import CommandError
from bot.cli.log import configure_logging

_FILE = click.Path(path_type=Path, dir_okay=False)
_CONFIG_HELP = "Configuration file. See docs/configuration.md."


def _require_config(_context: click.Context, _parameter: click.Parameter, path: Path | None) -> Path:
    if path is None:
        raise CommandError("Pass a configuration file with --config FILE. See docs/configuration.md.")
    return path


_CONFIG = click.option("--config", "config_path", type=_FILE, callback=_require_config, help=_CONFIG_HELP)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="gitops-bot")
def main() -> None:
    """A ChatOps bot for GitOps: drift alerts, revert pull requests and rollout reports in Slack.

    Git remains the only way to make changes: the bot only reads from clusters.
    """
    configure_logging()


@main.command()
@_CONFIG
def run(config_path: Path) -> None:
    """Run the bot until SIGTERM or Ctrl-C."""
    from bot.cli.run import run_bot

    run_bot(config_path)


@main.command()
@click.option("--config", "config_path", type=_FILE, help=_CONFIG_HELP)
@click.option(
    "--path",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="Directory of manifests to check, without a configuration file.",
)
@click.option("--context", metavar="CTX", help="With --path: kubeconfig context. Default: the current context.")
@click.option(
    "--namespace", metavar="NS", help="With --path: namespace for objects that do not set one. Default: the context's."
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
    """Check for drift once. The exit code is 0 if in sync, 1 if there is drift and 2 if the state is unknown."""
    from bot.cli.check import run_check

    run_check(
        config_path=config_path,
        applications=applications,
        path=path,
        context=context,
        namespace=namespace,
        ignore=ignore,
        as_json=output == "json",
        explain=explain,
    )


@main.command()
@click.option(
    "--port",
    type=click.IntRange(0, 65_533),
    help="Port for the demo page; the forge and the cluster use the next two. 0 picks free ports.  "
    "[default: 8080, or free ports if 8080 is in use]",
)
@click.option("--no-browser", is_flag=True, help="Print the URL without opening it.")
def demo(port: int | None, no_browser: bool) -> None:
    """Run the bot in a sandbox: a local Slack, forge and cluster. No tokens needed."""
    from bot.cli.demo import run_demo

    run_demo(port, open_browser=not no_browser)


@main.command()
@_CONFIG
def doctor(config_path: Path) -> None:
    """Test every credential, scope and permission, and print how to fix the ones that fail."""
    from bot.cli.doctor import run_doctor

    run_doctor(config_path)


@main.command()
@_CONFIG
@click.option(
    "--since",
    metavar="TIME",
    help="A date (2026-11-01), a time (2026-11-01T08:00Z) or an age (7d, 12h, 30m). Default: everything.",
)
@click.option("--output", type=click.Choice(["csv", "json"]), default="csv", show_default=True, help="Output format.")
@click.argument("what", type=click.Choice(["actions", "changes"]), default="actions", metavar="[actions|changes]")
def audit(config_path: Path, since: str | None, output: str, what: str) -> None:
    """Export the audit log: every request, who made it and the result.

    With `changes`: every commit on a tracked branch and who approved it.
    """
    from bot.cli.audit import run_audit

    run_audit(config_path, changes=what == "changes", since=since, as_json=output == "json")


@main.command()
@_CONFIG
@click.option("--days", type=click.IntRange(1, 365), default=7, show_default=True, help="Number of days to cover.")
@click.option(
    "--format", "form", type=click.Choice(["text", "json", "csv"]), default="text", show_default=True, help="Format."
)
@click.argument("application", required=False, metavar="[APP]")
def report(config_path: Path, days: int, form: str, application: str | None) -> None:
    """Print the delivery metrics.

    The metrics are lead time, deployments, failed changes, and the times to acknowledge and restore. docs/metrics.md
    defines them. JSON and CSV break them down by application, owner and cluster.
    """
    from bot.cli.report import run_report

    run_report(config_path, days=days, application=application, form=form)

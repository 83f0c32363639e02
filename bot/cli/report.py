"""`gitops-bot report`: the delivery metrics from the state database."""

import json
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bot.adapters.database.store import SqlStore
from bot.cli.errors import CommandError
from bot.cli.load_config import load_config
from bot.cli.output import echo
from bot.cli.state_database import require_database
from bot.core.access.audit_export import as_csv
from bot.core.delivery import export
from bot.core.delivery.report import Report
from bot.core.sanitize import escaped
from bot.handlers.queries.report import read_report
from bot.i18n.language import ENGLISH
from bot.messages import report as report_message
from bot.ports.errors import PortError


def run_report(config_path: Path, *, days: int, application: str | None, form: str) -> None:
    """Print the metrics of the last days as text, JSON or CSV. CommandError when they cannot be read."""
    config = load_config(config_path)
    try:
        require_database(config.store)
        with closing(SqlStore(config.store, upgrade=False)) as store:
            only = None if application is None else {application}
            now = datetime.now(tz=UTC)
            report = read_report(store, config.applications, now, timedelta(days=days), only)
    except PortError as error:
        raise CommandError(str(error)) from error
    if application and report.is_empty and application not in config.applications:
        raise CommandError(f"The application {application!r} is not configured and has no stored data.")
    for part in _FORMS[form](report):
        echo(part, newline=False)


def _text(report: Report) -> Iterator[str]:
    yield from (f"{escaped(line)}\n" for line in report_message.lines(ENGLISH, report))


def _json(report: Report) -> Iterator[str]:
    yield f"{json.dumps(export.document(report), ensure_ascii=False, indent=2)}\n"


def _csv(report: Report) -> Iterator[str]:
    yield from as_csv(export.rows(report), export.COLUMNS)


_FORMS = {"text": _text, "json": _json, "csv": _csv}

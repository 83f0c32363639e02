"""`gitops-bot audit`: exports the audit log, or the commits on tracked branches, from the state database."""

import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import click

from bot.adapters.database.store import SqlStore
from bot.cli.errors import CommandError
from bot.cli.load_config import load_config
from bot.cli.output import echo
from bot.cli.state_database import require_database
from bot.core.access import audit_export
from bot.core.approvals import change_audit
from bot.core.git.people import ChangePeople
from bot.core.pull_requests.tracked_pull_request import TrackedPullRequest
from bot.ports.errors import PortError


def run_audit(config_path: Path, *, changes: bool, since: str | None, as_json: bool) -> None:
    """Print the commits if `changes`, else the audit log, as JSON or CSV. On an error, CommandError after some rows."""
    try:
        start = audit_export.since(since, datetime.now(tz=UTC)) if since else None
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    rows = _rows(config_path, start, changes=changes)
    columns = change_audit.COLUMNS if changes else audit_export.COLUMNS
    parts = audit_export.as_json(rows, CommandError, PortError) if as_json else audit_export.as_csv(rows, columns)
    try:
        for part in parts:
            echo(part, newline=False)
    except PortError as error:
        raise CommandError(str(error)) from error


def _rows(config_path: Path, since: datetime | None, *, changes: bool) -> Iterator[audit_export.Row]:
    """The rows, oldest first. Raises CommandError for a bad configuration, PortError if the database fails."""
    url = load_config(config_path).store
    require_database(url)
    with closing(SqlStore(url, upgrade=False)) as store:
        if changes:
            yield from map(change_audit.row, store.approvals.since(since))
        else:
            pulls = {pull.url: pull.people for pull in [*store.pull_requests.unsettled(), *_ended(store)]}
            for entry in store.audit_log.entries(since):
                people = pulls.get(entry.result.rpartition(" ")[2], ChangePeople())
                yield audit_export.row(
                    entry,
                    pull_author=people.pull_author,
                    approvers=people.approvers or (),
                    merged_by=people.merger,
                )


def _ended(store: SqlStore) -> list[TrackedPullRequest]:
    return store.pull_requests.ended(datetime.fromtimestamp(0, tz=UTC), sys.maxsize)

"""The export of the audit log as CSV or JSON."""

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta

from bot.core.access.audit import AuditEntry

Row = dict[str, str | list[str]]

_SINCE = re.compile(r"(\d{1,5})([dhm])", re.ASCII)
_UNITS = {"d": "days", "h": "hours", "m": "minutes"}
COLUMNS = (
    "at",
    "who",
    "what",
    "applications",
    "origin",
    "channel",
    "result",
    "pull_author",
    "approvers",
    "merged_by",
)
# What makes a spreadsheet read a cell as a formula, including full-width forms. Some ignore a leading space. In many
# countries, a semicolon begins a new cell.
# https://owasp.org/www-community/attacks/CSV_Injection
_FORMULA = re.compile(r"(^|;)(?=\s*[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20])")


def since(text: str, now: datetime) -> datetime:
    """Parse an age such as `7d`, `12h` or `30m`, or an ISO 8601 date or time, in UTC unless it has a zone.

    Raises ValueError with a sentence for anything else.
    """
    if match := _SINCE.fullmatch(text):
        try:
            return now - timedelta(**{_UNITS[match[2]]: int(match[1])})
        except OverflowError:
            pass
    else:
        try:
            at = datetime.fromisoformat(text)
        except ValueError:
            pass
        else:
            return at if at.tzinfo else at.replace(tzinfo=UTC)
    raise ValueError("--since takes a date (2026-11-01), a time (2026-11-01T08:00Z) or an age (7d, 12h, 30m).")


def as_csv(rows: Iterable[Row], columns: Sequence[str] = COLUMNS) -> Iterator[str]:
    """Lines of CSV (RFC 4180) with a header. A `'` precedes what a spreadsheet would run as a formula."""
    yield _line(columns)
    for row in rows:
        cells = (" ".join(row[column]) if isinstance(row[column], list) else str(row[column]) for column in columns)
        yield _line([_FORMULA.sub(r"\1'", cell) for cell in cells])


def as_json(rows: Iterable[Row], *errors: type[Exception]) -> Iterator[str]:
    """Parts of one JSON object with `entries`, and `error`: null or a sentence.

    When reading the rows fails with one of `errors`, the object is completed first and the error raised after it.
    """
    yield '{"entries": ['
    separator = "\n"
    failed = None
    try:
        for row in rows:
            yield f"{separator}{json.dumps(row, ensure_ascii=False)}"
            separator = ",\n"
    except errors as error:
        failed = error
    yield f'\n], "error": {json.dumps(failed and str(failed), ensure_ascii=False)}}}\n'
    if failed:
        raise failed


def instant(at: datetime) -> str:
    """The format of times in exports: UTC, to the second."""
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def row(entry: AuditEntry, *, pull_author: str = "", approvers: Sequence[str] = (), merged_by: str = "") -> Row:
    """One entry, keyed by `COLUMNS`, with the people (logins) of the pull request that the request opened, if any."""
    return {
        "at": instant(entry.at),
        "who": entry.who,
        "what": entry.what,
        "applications": list(entry.applications),
        "origin": entry.origin.value,
        "channel": entry.channel,
        "result": entry.result,
        "pull_author": pull_author,
        "approvers": list(approvers),
        "merged_by": merged_by,
    }


def _line(cells: Iterable[str]) -> str:
    text = io.StringIO()
    csv.writer(text).writerow(cells)
    return text.getvalue()

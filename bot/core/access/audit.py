"""Who did what, from where, and what came of it: the entries of the audit log and their export."""

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum


class Origin(StrEnum):
    """Where somebody asked; UNKNOWN in entries of a version that did not keep it."""

    COMMAND = "command"
    MENTION = "mention"
    BUTTON = "button"
    MODAL = "modal"
    HOME = "home"
    QUEUE = "queue"
    CLI = "command line"
    UNKNOWN = ""

    @classmethod
    def _missing_(cls, _value: object) -> "Origin":
        return cls.UNKNOWN


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One thing somebody asked for. `who` is a Slack user id, `what` the request in the words of the command.

    `applications` are names, `channel` a Slack channel id ("" where there is none), `result` what came of it: the
    outcome's name and its link, or `denied`, or `failed`, with the reason.
    """

    at: datetime
    who: str
    what: str
    result: str
    origin: Origin = Origin.UNKNOWN
    channel: str = ""
    applications: tuple[str, ...] = ()


Row = dict[str, str | list[str]]

_SINCE = re.compile(r"(\d{1,5})([dhm])", re.ASCII)
_UNITS = {"d": "days", "h": "hours", "m": "minutes"}
COLUMNS = ("at", "who", "what", "applications", "origin", "channel", "result")
# What makes a spreadsheet read a cell as a formula, full-width forms too; a leading space does not stop every one.
# https://owasp.org/www-community/attacks/CSV_Injection
_FORMULA = re.compile(r"\s*[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")


def since(text: str, now: datetime) -> datetime:
    """`7d`, `12h`, `30m` before now; or a day (its beginning) or an instant as ISO 8601, UTC where no zone is said.

    ValueError with a sentence for anything else.
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
    raise ValueError("--since takes a day such as 2026-11-01, an instant such as 2026-11-01T08:00Z, or 7d, 12h, 30m.")


def as_csv(rows: Iterable[Row], columns: Sequence[str] = COLUMNS) -> Iterator[str]:
    """Lines of CSV (RFC 4180), a header first. What a spreadsheet would run as a formula stands behind a `'`."""
    yield _line(columns)
    for row in rows:
        cells = (" ".join(row[column]) if isinstance(row[column], list) else str(row[column]) for column in columns)
        yield _line([f"'{cell}" if _FORMULA.match(cell) else cell for cell in cells])


def as_json(rows: Iterable[Row], *errors: type[Exception]) -> Iterator[str]:
    """Pieces of one JSON object: `entries`, and `error`, null or a sentence.

    When reading them ends in one of `errors` the object is whole all the same, and the error is raised after it.
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
    """As exports write it: UTC, to the second."""
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def row(entry: AuditEntry) -> Row:
    """One entry by the names of `COLUMNS`."""
    return {
        "at": instant(entry.at),
        "who": entry.who,
        "what": entry.what,
        "applications": list(entry.applications),
        "origin": entry.origin.value,
        "channel": entry.channel,
        "result": entry.result,
    }


def _line(cells: Iterable[str]) -> str:
    text = io.StringIO()
    csv.writer(text).writerow(cells)
    return text.getvalue()

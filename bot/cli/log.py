"""The log on stderr: text or JSON, one line per record, even if untrusted text in it has line breaks."""

import json
import logging
import os
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Final

from bot.cli.errors import CommandError
from bot.core.sanitize import escaped

# LOG_LEVEL does not apply to libraries, since their DEBUG records contain whole payloads.
_LIBRARIES: Final = (
    *("slack_bolt", "slack_sdk", "apscheduler", "alembic", "urllib3", "waitress"),
    *("github", "gitlab", "atlassian", "git", "kubernetes", "opentelemetry"),
)
MAX_RECORD: Final = 8_000  # characters; container runtimes split lines of more than 16 KiB
MAX_TRACEBACK: Final = 200  # lines: half from its beginning, half from its end
_INDENT: Final = "    "
_TRACE_IDS: Final = ("trace_id", "span_id")  # set by adapters/telemetry/log_filter.py


class OneLineFormatter(logging.Formatter):
    """Only a new record starts at the left margin, so no text can imitate one.

    Line breaks and invisible characters are escaped. The lines of a traceback follow the record, indented.
    """

    def format(self, record: logging.LogRecord) -> str:
        """The record, and the traceback if there is one."""
        record.message = record.getMessage()
        record.asctime = self.formatTime(record, self.datefmt)
        first = escaped(_shortened(self.formatMessage(record)))
        return "\n".join([first, *(_INDENT + escaped(line) for line in _traceback(self, record))])


class JsonFormatter(logging.Formatter):
    """One JSON object per line. Nonprintable and non-ASCII characters are escaped.

    Keys: time, level, logger, message, thread; traceback if there is one; trace_id and span_id within a trace.
    """

    def format(self, record: logging.LogRecord) -> str:
        """The record, and the traceback if there is one."""
        fields = {
            "time": datetime.fromtimestamp(record.created, tz=UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": _shortened(record.getMessage()),
            "thread": record.threadName,
            **{name: getattr(record, name) for name in _TRACE_IDS if hasattr(record, name)},
        }
        if traceback := "\n".join(_traceback(self, record)):
            half = MAX_RECORD // 2  # the error is at the end
            is_long = len(traceback) > MAX_RECORD
            fields["traceback"] = f"{traceback[:half]}…{traceback[-half:]}" if is_long else traceback
        return json.dumps(fields).replace("\x7f", "\\u007f")


_FORMATTERS: Final[Mapping[str, Callable[[], logging.Formatter]]] = {
    "text": lambda: OneLineFormatter("%(asctime)s %(levelname)s %(name)s: %(message)s"),
    "json": JsonFormatter,
}


def configure_logging() -> None:
    """Log to stderr at LOG_LEVEL and in LOG_FORMAT. Raises CommandError for an unknown level or format."""
    chosen = os.environ.get("LOG_FORMAT") or "text"
    if chosen not in _FORMATTERS:
        raise CommandError(f"LOG_FORMAT is {chosen}: set it to {' or '.join(_FORMATTERS)}.")
    level = os.environ.get("LOG_LEVEL") or "INFO"
    if level.upper() not in logging.getLevelNamesMapping():
        raise CommandError(f"LOG_LEVEL is {level}: set it to DEBUG, INFO, WARNING or ERROR.")
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_FORMATTERS[chosen]())
    logging.basicConfig(level=level.upper(), handlers=[handler])
    for name in _LIBRARIES:
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.getLogger("urllib3").setLevel(logging.ERROR)  # its warnings quote URLs, which may contain tokens


def _traceback(formatter: logging.Formatter, record: logging.LogRecord) -> list[str]:
    """The lines of the record's traceback, bounded."""
    lines = formatter.formatException(record.exc_info).splitlines() if record.exc_info else []
    if len(lines) > MAX_TRACEBACK:
        lines = [*lines[: MAX_TRACEBACK // 2], "…", *lines[-MAX_TRACEBACK // 2 :]]
    return [_shortened(line) for line in lines]


def _shortened(line: str) -> str:
    return line if len(line) <= MAX_RECORD else f"{line[:MAX_RECORD]}… ({len(line):,} characters)"

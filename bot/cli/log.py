"""The log on stderr: one line per record, whatever strangers wrote into it."""

import logging
import os
import sys
from typing import Final

# Their records at DEBUG hold whole payloads: LOG_LEVEL does not apply to libraries.
_LIBRARIES: Final = (
    *("slack_bolt", "slack_sdk", "apscheduler", "alembic", "urllib3", "waitress"),
    *("github", "gitlab", "atlassian", "git", "kubernetes"),
)
MAX_RECORD: Final = 8_000  # characters; container runtimes split lines of more than 16 KiB
MAX_TRACEBACK: Final = 200  # lines: half from its beginning, half from its end
_INDENT: Final = "    "


class OneLineFormatter(logging.Formatter):
    r"""Only a new record starts at the left margin, so no text can pass for one.

    Line breaks, terminal escapes, bidirectional overrides and other characters that do not print appear as escapes such
    as `\n`. The lines of a traceback follow the record, indented.
    """

    def format(self, record: logging.LogRecord) -> str:
        """The record, and the traceback if there is one."""
        record.message = record.getMessage()
        record.asctime = self.formatTime(record, self.datefmt)
        first = escaped(_shortened(self.formatMessage(record)))
        rest = self.formatException(record.exc_info).splitlines() if record.exc_info else []
        if len(rest) > MAX_TRACEBACK:
            rest = [*rest[: MAX_TRACEBACK // 2], "…", *rest[-MAX_TRACEBACK // 2 :]]
        return "\n".join([first, *(_INDENT + escaped(_shortened(line)) for line in rest)])


def escaped(text: str) -> str:
    """The text on one line, with every character that does not print as its escape in a Python string."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)


def configure_logging() -> None:
    """Log to stderr, from LOG_LEVEL up."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(OneLineFormatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=os.environ.get("LOG_LEVEL", "INFO").upper(), handlers=[handler])
    for name in _LIBRARIES:
        logging.getLogger(name).setLevel(logging.WARNING)


def _shortened(line: str) -> str:
    return line if len(line) <= MAX_RECORD else f"{line[:MAX_RECORD]}… ({len(line):,} characters)"

"""The log as JSON: one object per line, whatever strangers wrote into it."""

import json
import logging
import os
import subprocess
import sys

from bot.cli.log import MAX_RECORD, JsonFormatter

HOSTILE = "ana\n2026-11-22 ERROR forged\x1b[31m \u202egnp.exe \x7f \u2028 \ud800 ñ"


def formatted(message, error=None):
    info = (type(error), error, error.__traceback__) if error else None
    line = JsonFormatter().format(logging.LogRecord("bot.test", logging.WARNING, "", 1, "%s", (message,), info))
    assert line.isascii()
    assert line.isprintable()
    return json.loads(line)


def test_hostile_text_stays_one_line_and_comes_back_whole():
    record = formatted(HOSTILE)
    assert (record["message"], record["level"], record["logger"]) == (HOSTILE, "WARNING", "bot.test")
    assert set(record) == {"time", "level", "logger", "message", "thread"}


def test_a_long_record_is_cut_off_and_a_long_traceback_keeps_its_end():
    error = ValueError("\n".join(["x" * 300] * 40) + "the end")
    record = formatted("x" * 10 * MAX_RECORD, error)
    assert len(record["message"]) < MAX_RECORD + 50
    assert len(record["traceback"]) == MAX_RECORD + 1
    assert record["traceback"].endswith("the end")


def test_an_unknown_format_is_refused_with_what_to_do():
    command = [sys.executable, "-m", "bot", "run", "--config", "missing.yaml"]
    environ = {**os.environ, "LOG_FORMAT": "xml"}
    done = subprocess.run(command, check=False, capture_output=True, text=True, env=environ)
    assert (done.returncode, done.stderr) == (2, "LOG_FORMAT is xml: set it to text or json.\n")

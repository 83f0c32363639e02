"""The audit log's export: what a spreadsheet and a script make of it."""

import csv
import io
import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.access.audit import AuditEntry, Origin
from bot.core.access.audit_export import as_csv, as_json, since
from bot.core.access.audit_export import row as row_of

T0 = datetime(2026, 11, 20, 2, 47, tzinfo=UTC)
ENTRY = AuditEntry(
    T0, "U0ANA", "revert 4f2a", "Opened https://forge.example/1", Origin.BUTTON, "C1", ("shop", "payments")
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("7d", T0 - timedelta(days=7)),
        ("12h", T0 - timedelta(hours=12)),
        ("30m", T0 - timedelta(minutes=30)),
        ("2026-11-01", datetime(2026, 11, 1, tzinfo=UTC)),
        ("2026-11-01T08:00", datetime(2026, 11, 1, 8, tzinfo=UTC)),
        ("2026-11-01T08:00Z", datetime(2026, 11, 1, 8, tzinfo=UTC)),
        ("2026-11-01T08:00-03:00", datetime(2026, 11, 1, 11, tzinfo=UTC)),
    ],
)
def test_since_when(text, expected):
    assert since(text, T0) == expected


@pytest.mark.parametrize("text", ["", "yesterday", "7", "d", "-7d", "7w", "99999999d", "2026-13-01", "\uff17d"])
def test_what_is_no_time_says_what_is(text):
    with pytest.raises(ValueError, match="--since takes a date"):
        since(text, T0)


def test_a_time_before_all_times_is_refused():
    with pytest.raises(ValueError, match="--since takes"):
        since("99999d", datetime(2, 1, 1, tzinfo=UTC))


def test_a_line_of_csv():
    assert list(as_csv([row_of(ENTRY)])) == [
        "at,who,what,applications,origin,channel,result,pull_author,approvers,merged_by\r\n",
        "2026-11-20T02:47:00Z,U0ANA,revert 4f2a,shop payments,button,C1,Opened https://forge.example/1,,,\r\n",
    ]


@pytest.mark.parametrize("formula", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", " =1", "\n=1", "\uff1d1", "\r=1"])
def test_no_cell_of_csv_is_a_formula(formula):
    entry = AuditEntry(T0, formula, formula, formula, Origin.COMMAND, formula, (formula.strip(),))
    _, row = csv.reader(io.StringIO("".join(as_csv([row_of(entry)])), newline=""))
    assert all(cell == f"'{formula}" for cell in (row[1], row[2], row[5], row[6]))
    assert row[3] == f"'{formula.strip()}"


@given(st.lists(st.text(), min_size=3, max_size=3))
def test_csv_gives_back_every_text_and_runs_none(texts):
    who, what, result = texts
    rows = list(csv.reader(io.StringIO("".join(as_csv([row_of(AuditEntry(T0, who, what, result))])), newline="")))
    assert len(rows) == 2
    for cell, text in zip((rows[1][1], rows[1][2], rows[1][6]), texts, strict=True):
        assert cell.replace("'", "") == text.replace("'", "")
        assert not any(part.lstrip().startswith(("=", "+", "-", "@")) for part in cell.split(";"))


def test_a_semicolon_does_not_begin_a_formula():
    """It separates cells in many countries."""
    (_, line) = as_csv([row_of(AuditEntry(T0, "Ana;=1+1", "what; +1", "a;b"))])
    assert line == "2026-11-20T02:47:00Z,Ana;'=1+1,what;' +1,,,,a;b,,,\r\n"


@given(st.lists(st.text(), max_size=5))
def test_json_is_one_object(texts):
    entries = [AuditEntry(T0, "U0ANA", text, "done", applications=("shop",)) for text in texts]
    told = json.loads("".join(as_json(map(row_of, entries), OSError)))
    assert [entry["what"] for entry in told["entries"]] == texts
    assert told["error"] is None


def test_a_log_that_ends_early_is_one_object_too_and_says_so():
    def broken():
        yield ENTRY
        raise OSError("The database went away.")

    pieces = as_json(map(row_of, broken()), OSError)
    told = json.loads("".join(next(pieces) for _ in range(3)))
    with pytest.raises(OSError, match="went away"):
        next(pieces)
    assert [entry["who"] for entry in told["entries"]] == ["U0ANA"]
    assert told["error"] == "The database went away."


def test_reading_is_not_ahead_of_writing():
    """A log of any length is written as it is read."""
    read = []

    def entries():
        for number in range(3):
            read.append(number)
            yield ENTRY

    lines = as_csv(map(row_of, entries()))
    next(lines)
    assert read == []
    next(lines)
    assert read == [0]


def test_an_origin_of_a_later_version_is_unknown():
    assert Origin("telepathy") is Origin.UNKNOWN

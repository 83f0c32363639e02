"""The differences found in one object, with formatted paths and without credentials."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Literal

from bot.core.drift.attribution import Attribution, Verdict
from bot.core.drift.model import FieldDrift
from bot.core.objects.path import Segment, format_path
from bot.core.objects.redaction import Redaction, redact, redact_path
from bot.i18n.language import Text

Change = Literal["changed", "removed", "added"]


class Findings:
    """The differences that are `drift`, and those that are `set_aside`."""

    def __init__(self, attribution: Attribution, redaction: Callable[[], Redaction]) -> None:
        self.drift: list[FieldDrift] = []
        self.set_aside: list[FieldDrift] = []
        self._attribution = attribution
        self._redaction = redaction

    def add(self, change: Change, path: Sequence[Segment], desired: Any, live: Any, verdict: Verdict) -> None:
        """Record a difference, as drift if the verdict says so and no trusted field manager owns the value."""
        reason, writer = verdict.reason, verdict.writer
        trusted = self._attribution.trusted(tuple(path)) if verdict.is_drift else ""
        redaction = self._redaction()
        desired, live = (redact(path, value, redaction) for value in (desired, live))
        manager, time = (writer.manager, writer.time) if writer else (None, None)
        field = FieldDrift(change, format_path(redact_path(path)), desired, live, manager, time, trusted or reason)
        (self.drift if verdict.is_drift and not trusted else self.set_aside).append(field)

    def set_aside_since(self, count: int, reason: Text) -> None:
        """Set aside the drift after the first `count` differences."""
        self.set_aside += (replace(field, reason=reason) for field in self.drift[count:])
        del self.drift[count:]

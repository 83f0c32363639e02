"""The differences found in one object, with formatted paths, without credentials and within the bounds of a check."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from enum import Enum, auto
from typing import Any, Literal

from bot.core.drift.attribution import RESTART, Attribution, Verdict
from bot.core.drift.model import FieldDrift
from bot.core.objects.credential_search import CredentialSearch
from bot.core.objects.credentials import HIDDEN
from bot.core.objects.path import Segment, format_path
from bot.core.objects.redaction import Redaction, is_marked, redact, redact_path
from bot.core.objects.step_budget import StepBudget
from bot.core.objects.tree import Tree
from bot.i18n.language import Text

Change = Literal["changed", "removed", "added"]


class KeptValues(Enum):
    """Which values of the differences are kept: all, only those of drift, or none."""

    ALL = auto()
    DRIFT = auto()
    NONE = auto()


class Findings:
    """The differences between two objects that are `drift`, and those that are `set_aside`."""

    def __init__(
        self,
        objects: tuple[Tree, Tree],
        attribution: Attribution,
        redaction: Callable[[], Redaction],
        search: CredentialSearch,
        steps: StepBudget,
        keep: KeptValues,
    ) -> None:
        self.drift: list[FieldDrift] = []
        self.set_aside: list[FieldDrift] = []
        self._objects = objects
        self._attribution = attribution
        self._redaction = redaction
        self._search = search
        self._steps = steps
        self._keep = keep

    def add(
        self,
        change: Change,
        path: Sequence[Segment],
        desired: Any,
        live: Any,
        verdict: Verdict,
        live_path: Sequence[Segment] = (),
    ) -> None:
        """Record a difference, as drift if that is the verdict and no trusted field manager owns the value.

        The `live_path` is that in the live object if it's another. Raises TooManyStepsError.
        """
        reason, writer = verdict.reason, verdict.writer
        trusted = self._attribution.trusted(tuple(path)) if verdict.is_drift else ""
        is_drift = verdict.is_drift and not trusted
        shown_path = format_path(redact_path(path, self._search.redact))
        if self._keep is not KeptValues.NONE:
            self._steps.keep_difference(shown_path)
        needs_value = is_drift or reason is RESTART  # a rollout compares the times of restarts
        has_values = self._keep is KeptValues.ALL or (self._keep is KeptValues.DRIFT and needs_value)
        left_out = self._search.left_out
        desired, live = (
            self._kept(path, live_path or path, value) if has_values else None for value in (desired, live)
        )
        is_shortened = self._search.left_out > left_out
        if is_shortened:  # both texts, so that stored differences `may_be_same`
            desired, live = (HIDDEN if isinstance(value, str) else value for value in (desired, live))
        manager, time = (writer.manager, writer.time) if writer else (None, None)
        field = FieldDrift(
            change, shown_path, desired, live, manager, time, trusted or reason, is_shortened=is_shortened
        )
        (self.drift if is_drift else self.set_aside).append(field)

    def set_aside_since(self, count: int, reason: Text) -> None:
        """Set aside the drift recorded after the first `count` differences."""
        self.set_aside_drift(self.drift[count:], reason)
        del self.drift[count:]

    def set_aside_drift(self, fields: Iterable[FieldDrift], reason: Text) -> None:
        """Add differences to those that are set aside."""
        if self._keep is not KeptValues.ALL:
            fields = (replace(field, desired=None, live=None) for field in fields)
        self.set_aside += (replace(field, reason=reason) for field in fields)

    def _kept(self, path: Sequence[Segment], live_path: Sequence[Segment], value: Any) -> Any:
        if value is None:
            return None
        redaction = self._redaction()
        self._steps.take(len(redaction.paths))
        if is_marked(*self._objects, path, live_path) or not self._steps.may_keep(value):
            return HIDDEN
        return redact(path, value, redaction, self._search.redact_value)

"""How long the result of a drift check is valid: an old one is never shown as the current state."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from bot.core.drift.model import Check, Status
from bot.i18n.catalogue import check as texts
from bot.i18n.language import LocalizedText

# A check may be late while a cluster is slow or another replica takes over.
_MISSED_CHECKS: Final = 3
_LEAST: Final = timedelta(minutes=10)


def with_last_complete(check: Check, previous: Check | None) -> Check:
    """The check, with the time of the last complete check if it is unknown."""
    if check.status is not Status.UNKNOWN or previous is None:
        return check
    return replace(check, complete_at=_complete_at(previous))


def current_checks(checks: Mapping[str, Check], now: datetime, interval: timedelta) -> dict[str, Check]:
    """The latest checks by application; a check is unknown if several scheduled ones should have replaced it."""
    return {name: check if is_current(check, now, interval) else _outdated(check) for name, check in checks.items()}


def is_current(check: Check, now: datetime, interval: timedelta) -> bool:
    """Whether no scheduled checks should have replaced it."""
    return abs(now - check.at) <= max(_MISSED_CHECKS * interval, _LEAST)  # the clock may have been set back


def last_success(clusters: Iterable[str], checks: Iterable[Check]) -> dict[str, datetime | None]:
    """When an application of each cluster was last checked completely; None if none was."""
    times: dict[str, datetime | None] = dict.fromkeys(clusters)
    for check in checks:
        at, latest = _complete_at(check), times.get(check.cluster)
        if at and (latest is None or at > latest):
            times[check.cluster] = at
    return times


def _outdated(check: Check) -> Check:
    outdated = LocalizedText(texts.OUTDATED)
    return replace(check, status=Status.UNKNOWN, error=outdated, complete_at=_complete_at(check), degraded=())


def _complete_at(check: Check) -> datetime | None:
    return check.complete_at if check.status is Status.UNKNOWN else check.at

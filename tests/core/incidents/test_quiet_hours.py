"""Quiet hours in local time."""

from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

import pytest

from bot.core.drift.model import FieldDrift, ObjectDrift
from bot.core.drift.severity import Severity
from bot.core.incidents.incident import Incident, IncidentState
from bot.core.incidents.quiet_hours import QuietHours

MADRID = ZoneInfo("Europe/Madrid")
NIGHT = QuietHours(MADRID, time(22), time(7))
NOON = QuietHours(MADRID, time(13), time(15, 30))
WEEKEND = QuietHours(MADRID, days=frozenset({"sat", "sun"}))
BOTH = QuietHours(MADRID, time(22), time(7), frozenset({"sat", "sun"}))


def instant(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("hours", "utc", "quiet"),
    [
        # Madrid is one hour ahead of UTC until March 29, then two.
        (NIGHT, "2026-03-02 20:59:59", False),
        (NIGHT, "2026-03-02 21:00:00", True),
        (NIGHT, "2026-03-02 23:30:00", True),
        (NIGHT, "2026-03-03 05:59:59", True),
        (NIGHT, "2026-03-03 06:00:00", False),
        (NIGHT, "2026-03-30 19:59:59", False),
        (NIGHT, "2026-03-30 20:00:00", True),
        (NIGHT, "2026-03-30 05:00:00", False),
        (NOON, "2026-03-02 11:59:59", False),
        (NOON, "2026-03-02 12:00:00", True),
        (NOON, "2026-03-02 14:29:59", True),
        (NOON, "2026-03-02 14:30:00", False),
        (WEEKEND, "2026-03-06 22:59:59", False),
        (WEEKEND, "2026-03-06 23:00:00", True),
        (WEEKEND, "2026-03-08 22:59:59", True),
        (WEEKEND, "2026-03-08 23:00:00", False),
        (BOTH, "2026-03-08 23:00:00", True),
        (BOTH, "2026-03-09 06:00:00", False),
        # There is no 02:30 in the night when clocks go forward, and two when they go back; both nights are all quiet.
        (NIGHT, "2026-03-29 01:00:00", True),
        (NIGHT, "2026-03-29 05:00:00", False),
        (NIGHT, "2026-10-25 00:30:00", True),
        (NIGHT, "2026-10-25 01:30:00", True),
        (NIGHT, "2026-10-25 05:59:59", True),
        (NIGHT, "2026-10-25 06:00:00", False),
    ],
)
def test_when_quiet_hours_are_active(hours, utc, quiet):
    assert hours.is_active(instant(utc)) == quiet


SCALE = FieldDrift("changed", "spec.replicas", 2, 7)
IMAGE = FieldDrift("changed", "spec.template.spec.containers[name=web].image", "a", "b")
HOST = FieldDrift("added", "spec.template.spec.hostNetwork", None, True)


@pytest.mark.parametrize(
    ("field", "exempt", "muted"),
    [
        (SCALE, Severity.CRITICAL, True),
        (IMAGE, Severity.CRITICAL, True),
        (HOST, Severity.CRITICAL, False),
        (IMAGE, Severity.SERIOUS, False),
        (HOST, None, True),
    ],
)
def test_exempt_incidents_are_not_muted(field, exempt, muted):
    drift = (ObjectDrift("apps/v1", "Deployment", "shop", "web", "modified", (field,)),)
    night, day = instant("2026-03-02 23:30:00"), instant("2026-03-02 12:00:00")
    incident = Incident("shop@1", "shop", "prod", "C1", IncidentState.OPEN, night, night, "a" * 40, drift)
    hours = QuietHours(MADRID, time(22), time(7), exempt_severity=exempt)
    assert hours.mutes(incident, night) == muted
    assert not hours.mutes(incident, day)

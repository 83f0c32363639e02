"""A name is held for a week after its resource has gone."""

from datetime import UTC, datetime, timedelta

from bot.core.drift.model import Check, Status
from bot.handlers.discovery.held_names import HeldNames

T0 = datetime(2026, 3, 1, tzinfo=UTC)
RESOURCE = ("prod", "Application", "argocd", "shop")


def test_a_name_is_forgotten_after_a_week():
    now = T0 + timedelta(days=6)
    check = Check("shop", "prod", "a" * 40, Status.SYNCED, None, 1, T0, origin=RESOURCE)
    held_names = HeldNames(lambda: {"shop": check}, lambda: now)
    assert held_names.holders() == {"shop": RESOURCE}
    now = T0 + timedelta(days=7)
    assert held_names.holders() == {}
    now = T0
    assert held_names.holders() == {}, "it is still in memory"

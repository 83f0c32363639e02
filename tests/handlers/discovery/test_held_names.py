"""A name is held for a week after its resource has gone."""

from datetime import UTC, datetime, timedelta

from bot.core.applications.resource_ref import ResourceRef
from bot.core.drift.model import Check, Status
from bot.handlers.discovery import held_names
from bot.handlers.discovery.held_names import HeldNames
from tests.common.samples import application

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


def test_a_namespace_holds_a_bounded_number_of_names_that_are_gone(monkeypatch):
    monkeypatch.setattr(held_names, "MAX_GONE", 3)
    clock = iter(T0 + timedelta(minutes=number) for number in range(100))
    held = HeldNames(clock=lambda: next(clock))

    def hold(*names, namespace="argocd"):
        resources = {name: ResourceRef("Argo CD", "Application", "prod", namespace, name) for name in names}
        held.hold({name: application(name, origin=origin) for name, origin in resources.items()})

    hold("other", namespace="shop")
    hold("a", "b")
    hold("c", "d", "a")
    hold("a", "e", "f", "g", "h")
    assert sorted(held.holders()) == ["a", "b", "c", "d", "e", "f", "g", "h", "other"]
    hold("e", "f", "g", "h")
    assert sorted(held.holders()) == ["a", "c", "d", "e", "f", "g", "h", "other"]

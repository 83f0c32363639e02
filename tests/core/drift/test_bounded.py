"""However much an application differs, what is stored about it is bounded, and the worst of it is kept."""

from datetime import UTC, datetime

import pytest

from bot.core.drift.bounded import (
    MAX_OF_APPLICATION,
    MAX_VALUES,
    MAX_WORST,
    bounded_check,
    count,
)
from bot.core.drift.differences import merge_worst
from bot.core.drift.merge import object_key, with_objects
from bot.core.drift.model import Check, FieldDrift, ObjectDrift, Status
from bot.core.objects.credentials import HIDDEN

AT = datetime(2026, 11, 22, tzinfo=UTC)
PRIVILEGED = ObjectDrift(
    "apps/v1",
    "Deployment",
    "shop",
    "web",
    "modified",
    (FieldDrift("added", "spec.template.spec.containers[name=web].securityContext.privileged", None, True),),
)


def config_map(count, *, name="settings", first=0):
    fields = (FieldDrift("changed", f"metadata.labels.k{index}", "1", "2") for index in range(first, first + count))
    return ObjectDrift("v1", "ConfigMap", "shop", name, "modified", tuple(fields))


def check(*drift):
    return Check("shop", "prod", "a" * 40, Status.OUT_OF_SYNC, None, 2, AT, drift)


def test_the_most_severe_differences_are_kept_and_the_others_counted():
    missing = ObjectDrift("v1", "Service", "shop", "web", "missing")
    bounded = bounded_check(check(config_map(MAX_OF_APPLICATION), missing, PRIVILEGED))
    assert bounded.drift == (config_map(MAX_OF_APPLICATION - 2), missing, PRIVILEGED)
    assert bounded.omitted == 2
    assert bounded_check(bounded) == bounded


@pytest.mark.parametrize("drift", [(config_map(MAX_OF_APPLICATION),), (), (PRIVILEGED,)])
def test_what_is_within_the_bounds_stays_as_it_is(drift):
    assert bounded_check(check(*drift)) == check(*drift)


def test_a_check_with_omitted_differences_is_not_in_sync_without_the_others():
    bounded = bounded_check(check(config_map(MAX_OF_APPLICATION + 1)))
    after = with_objects(bounded, {object_key(item) for item in bounded.drift}, (), AT)
    assert (after.status, after.drift) == (Status.OUT_OF_SYNC, ())


def test_values_that_are_too_large_together_are_hidden():
    large = FieldDrift("changed", "data.large", "x" * MAX_VALUES, "y")
    small = FieldDrift("added", "data.small", None, "z" * 100)
    bounded = bounded_check(check(ObjectDrift("v1", "ConfigMap", "shop", "a", "modified", (large, small))))
    shown = [(field.path, field.desired, field.live) for field in bounded.drift[0].fields]
    assert shown == [("data.large", HIDDEN, HIDDEN), ("data.small", None, "z" * 100)]


def test_values_that_are_as_large_as_allowed_are_kept():
    """Each counts as ten characters more."""
    drift = ObjectDrift(
        "v1", "ConfigMap", "shop", "a", "modified", (FieldDrift("changed", "data.a", "x" * (4_000_000 - 21), "y"),)
    )
    assert bounded_check(check(drift)) == check(drift)


def test_an_incident_that_keeps_changing_does_not_grow_without_end():
    worst = (PRIVILEGED,)
    for first in range(0, 2 * MAX_WORST, MAX_OF_APPLICATION):
        worst = merge_worst(worst, [config_map(MAX_OF_APPLICATION, first=first)])
    assert count(worst) == MAX_WORST
    assert worst[0] == PRIVILEGED

"""However much an application differs, what is stored about it is bounded, and the worst of it is kept."""

from datetime import UTC, datetime

import pytest

from bot.core.drift.bounded import (
    MAX_OF_APPLICATION,
    MAX_OF_CHECK,
    MAX_VALUES,
    MAX_WORST,
    MIN_OF_APPLICATION,
    bounded_checks,
)
from bot.core.drift.differences import merge_worst
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


def count(drift):
    return sum(len(object_drift.fields) or 1 for object_drift in drift)


@pytest.mark.parametrize(
    ("applications", "kept"),
    [
        (1, MAX_OF_APPLICATION),
        (MAX_OF_CHECK // MAX_OF_APPLICATION, MAX_OF_APPLICATION),
        (100, MAX_OF_CHECK // 100),
        (MAX_OF_CHECK // 2, MIN_OF_APPLICATION),
    ],
)
def test_the_most_severe_differences_of_each_application_are_kept(applications, kept):
    missing = ObjectDrift("v1", "Service", "shop", "web", "missing")
    differing = check(config_map(kept), missing, PRIVILEGED)
    bounded = bounded_checks([differing] * applications)
    assert {count(item.drift) for item in bounded} == {kept}
    assert bounded[0].drift == (config_map(kept - 2), missing, PRIVILEGED)


def test_what_is_within_the_bounds_stays_as_it_is():
    checks = [check(config_map(MAX_OF_APPLICATION)), check(), check(PRIVILEGED)]
    assert bounded_checks(checks) == checks


def test_values_that_are_too_large_together_are_hidden():
    large = FieldDrift("changed", "data.large", "x" * MAX_VALUES, "y")
    small = FieldDrift("added", "data.small", None, "z" * 100)
    (bounded,) = bounded_checks([check(ObjectDrift("v1", "ConfigMap", "shop", "a", "modified", (large, small)))])
    shown = [(field.path, field.desired, field.live) for field in bounded.drift[0].fields]
    assert shown == [("data.large", HIDDEN, HIDDEN), ("data.small", None, "z" * 100)]


def test_an_incident_that_keeps_changing_does_not_grow_without_end():
    worst = (PRIVILEGED,)
    for first in range(0, 2 * MAX_WORST, MAX_OF_APPLICATION):
        worst = merge_worst(worst, [config_map(MAX_OF_APPLICATION, first=first)])
    assert count(worst) == MAX_WORST
    assert worst[0] == PRIVILEGED

"""A merge on its way to the clusters."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.core.objects.health import Unready
from bot.core.rollouts.rollout import (
    ApplicationRollout,
    Observation,
    PendingState,
    Rollout,
    RolloutState,
    apply_observations,
    mark_superseded,
    rolling_applications,
)

T0 = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
DEADLINE = timedelta(minutes=10)
LIVE = Observation()
WAITING = Observation(PendingState(missing=("Deployment shop/web: spec.replicas",), total=1))
CRASHING = Observation(PendingState(unready=(Unready("Deployment", "web", 0, 2, "CrashLoopBackOff"),), total=1))
GIVEN_UP = Observation(
    PendingState(unready=(Unready("Job", "migrate", 0, 1, "BackoffLimitExceeded", failed=True),), total=1)
)
BLIND = Observation(error="the cluster does not answer")


def rollout(*names, revision="b" * 40):
    return Rollout(
        id=f"platform@{revision}",
        repository="platform",
        branch="main",
        revision=revision,
        parent="a" * 40,
        subject="Raise the limits",
        author="Ana",
        merged_at=T0,
        parts=tuple(ApplicationRollout(name, "prod", "C1") for name in names or ("shop",)),
    )


def look(given, observed, seconds):
    return apply_observations(given, observed, now=T0 + timedelta(seconds=seconds), deadline=DEADLINE)


@pytest.mark.parametrize(
    ("observation", "seconds", "state"),
    [
        (LIVE, 42, RolloutState.LIVE),
        (LIVE, 6_000, RolloutState.LIVE),
        (WAITING, 42, RolloutState.ROLLING),
        (WAITING, 599, RolloutState.ROLLING),
        (WAITING, 600, RolloutState.LATE),
        (CRASHING, 42, RolloutState.ROLLING),
        (CRASHING, 601, RolloutState.LATE),
        (GIVEN_UP, 42, RolloutState.LATE),
        (BLIND, 42, RolloutState.ROLLING),
        (BLIND, 601, RolloutState.LATE),
    ],
)
def test_the_state_after_one_look(observation, seconds, state):
    assert look(rollout(), {"shop": observation}, seconds).state is state


def test_it_is_live_when_the_last_part_is():
    half = look(rollout("shop", "search"), {"shop": LIVE, "search": WAITING}, 20)
    assert half.state is RolloutState.ROLLING
    whole = look(half, {"shop": LIVE, "search": LIVE}, 42)
    assert (whole.state, whole.ended_at) == (RolloutState.LIVE, T0 + timedelta(seconds=42))
    assert whole.parts[0].live_at == T0 + timedelta(seconds=20)


def test_a_part_once_live_stays_live():
    half = look(rollout("shop", "search"), {"shop": LIVE, "search": WAITING}, 20)
    assert look(half, {"shop": WAITING, "search": WAITING}, 30).parts[0].live_at is not None


def test_a_late_rollout_still_arrives():
    late = look(rollout(), {"shop": WAITING}, 700)
    assert look(late, {"shop": LIVE}, 900).state is RolloutState.LIVE


def test_a_look_that_could_not_see_keeps_what_is_missing():
    part = look(look(rollout(), {"shop": WAITING}, 5), {"shop": BLIND}, 6).parts[0]
    assert (part.lacking, part.error) == (WAITING.pending, BLIND.error)


def test_a_newer_live_merge_supersedes_what_still_waits():
    older, newer = rollout("shop"), look(rollout("shop", revision="c" * 40), {"shop": LIVE}, 9)
    assert mark_superseded(older, newer, now=T0).state is RolloutState.SUPERSEDED


def test_a_newer_merge_of_something_else_supersedes_nothing():
    older, newer = rollout("shop"), look(rollout("search", revision="c" * 40), {"search": LIVE}, 9)
    assert mark_superseded(older, newer, now=T0) == older


def test_only_what_is_within_its_deadline_is_rolling():
    late = replace(rollout("search"), state=RolloutState.LATE)
    half = look(rollout("shop", "payments"), {"payments": LIVE}, 3)
    assert rolling_applications([half, late]) == {"shop"}

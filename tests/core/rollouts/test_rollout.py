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
FAILED = Observation(
    PendingState(unready=(Unready("Job", "migrate", 0, 1, "BackoffLimitExceeded", failed=True),), total=1)
)
UNREACHABLE = Observation(error="the cluster does not answer")


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


def observe(current, observations, seconds):
    return apply_observations(current, observations, now=T0 + timedelta(seconds=seconds), deadline=DEADLINE)


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
        (FAILED, 42, RolloutState.LATE),
        (UNREACHABLE, 42, RolloutState.ROLLING),
        (UNREACHABLE, 601, RolloutState.LATE),
    ],
)
def test_the_state_after_one_observation(observation, seconds, state):
    assert observe(rollout(), {"shop": observation}, seconds).state is state


def test_it_is_live_once_every_application_is():
    partly_live = observe(rollout("shop", "search"), {"shop": LIVE, "search": WAITING}, 20)
    assert partly_live.state is RolloutState.ROLLING
    live = observe(partly_live, {"shop": LIVE, "search": LIVE}, 42)
    assert (live.state, live.ended_at) == (RolloutState.LIVE, T0 + timedelta(seconds=42))
    assert live.parts[0].live_at == T0 + timedelta(seconds=20)


def test_an_application_once_live_stays_live():
    partly_live = observe(rollout("shop", "search"), {"shop": LIVE, "search": WAITING}, 20)
    assert observe(partly_live, {"shop": WAITING, "search": WAITING}, 30).parts[0].live_at is not None


def test_a_late_rollout_can_still_become_live():
    late = observe(rollout(), {"shop": WAITING}, 700)
    assert observe(late, {"shop": LIVE}, 900).state is RolloutState.LIVE


def test_a_failed_observation_keeps_what_is_pending():
    part = observe(observe(rollout(), {"shop": WAITING}, 5), {"shop": UNREACHABLE}, 6).parts[0]
    assert (part.pending, part.error) == (WAITING.pending, UNREACHABLE.error)


def test_a_newer_live_merge_supersedes_an_older_one():
    older, newer = rollout("shop"), observe(rollout("shop", revision="c" * 40), {"shop": LIVE}, 9)
    assert mark_superseded(older, newer, now=T0).state is RolloutState.SUPERSEDED


def test_a_newer_merge_of_another_application_supersedes_nothing():
    older, newer = rollout("shop"), observe(rollout("search", revision="c" * 40), {"search": LIVE}, 9)
    assert mark_superseded(older, newer, now=T0) == older


def test_late_rollouts_are_not_rolling():
    late = replace(rollout("search"), state=RolloutState.LATE)
    partly_live = observe(rollout("shop", "payments"), {"payments": LIVE}, 3)
    assert rolling_applications([partly_live, late]) == {"shop"}

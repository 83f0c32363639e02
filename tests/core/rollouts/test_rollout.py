"""A merge on its way to the clusters."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.core.changes.rendered_change import ObjectChange, RenderedChange
from bot.core.delivery.deployment import DeploymentOutcome, deployments_of
from bot.core.health.cause import Cause
from bot.core.health.unready import Unready
from bot.core.incidents.alerting import AlertPolicy
from bot.core.rollouts.outcome import Outcome, outcome
from bot.core.rollouts.pending import PendingState
from bot.core.rollouts.rollout import (
    ApplicationChange,
    ApplicationRollout,
    Limits,
    Observation,
    Rollout,
    RolloutState,
    apply_observations,
    mark_reverted,
    pending_applications,
    relate_to_newer,
    rolling_applications,
)
from bot.i18n.language import ENGLISH
from bot.messages.desired_cards import desired_cards

T0 = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
LIMITS = Limits(timedelta(minutes=10), timedelta(minutes=30))
LIVE = Observation()
WAITING = Observation(PendingState(missing=("Deployment shop/web: spec.replicas",), total=1))
CRASHING = Observation(PendingState(unready=(Unready("Deployment", "web", 0, 2, "CrashLoopBackOff"),), total=1))
FAILED = Observation(
    PendingState(unready=(Unready("Job", "migrate", 0, 1, "BackoffLimitExceeded", failed=True),), total=1)
)
LOOPING = Observation(
    PendingState(unready=(Unready("Deployment", "web", 0, 2, "CrashLoopBackOff", cause=Cause.CRASH_LOOP),), total=1)
)
SLOW = Observation(PendingState(unready=(Unready("Deployment", "web", 0, 2, cause=Cause.PROBE),), total=1))
UNREACHABLE = Observation(error="the cluster does not answer")
GONE = Observation(error="not configured", is_gone=True)


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
    return apply_observations(current, observations, now=T0 + timedelta(seconds=seconds), limits=LIMITS)


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
        (LOOPING, 42, RolloutState.ROLLING),
        (FAILED, 42, RolloutState.LATE),
        (UNREACHABLE, 42, RolloutState.ROLLING),
        (UNREACHABLE, 601, RolloutState.LATE),
    ],
)
def test_the_state_after_one_observation(observation, seconds, state):
    assert observe(rollout(), {"shop": observation}, seconds).state is state


@pytest.mark.parametrize(
    ("observation", "seconds", "state"),
    [
        (LOOPING, 161, RolloutState.ROLLING),
        (LOOPING, 162, RolloutState.LATE),
        (SLOW, 599, RolloutState.ROLLING),
        (SLOW, 600, RolloutState.LATE),
    ],
)
def test_a_reported_cause_has_two_minutes_to_go_away(observation, seconds, state):
    first = observe(rollout(), {"shop": observation}, 42)
    assert observe(first, {"shop": observation}, seconds).state is state
    recovered = observe(first, {"shop": WAITING}, 100)
    assert observe(recovered, {"shop": LOOPING}, 161).parts[0].stuck_since == T0 + timedelta(seconds=161)


@pytest.mark.parametrize(
    ("observation", "minutes", "degraded"),
    [(FAILED, 1, True), (LOOPING, 1, False), (LOOPING, 2, True), (SLOW, 9, False), (SLOW, 10, True), (LIVE, 29, False)],
)
def test_what_is_unhealthy_while_it_is_watched_is_degraded(observation, minutes, degraded):
    live = observe(rollout(), {"shop": LIVE}, 42)
    unhealthy = observe(live, {"shop": observation}, 60)
    later = observe(unhealthy, {"shop": observation}, 60 + 60 * minutes)
    assert later.state is (RolloutState.DEGRADED if degraded else RolloutState.LIVE)
    assert later.ended_at == live.ended_at
    assert observe(later, {"shop": UNREACHABLE}, 4_000).state is later.state
    assert observe(later, {"shop": LIVE}, 4_000).is_over


def test_each_degradation_and_each_recovery_is_a_reply_of_its_own():
    current, replies = rollout(), []
    for seconds, observation in enumerate((LIVE, FAILED, FAILED, LIVE, LIVE, FAILED, LIVE), 42):
        current = observe(current, {"shop": observation}, seconds)
        _, reply = desired_cards(lambda _: ENGLISH, T0, AlertPolicy(), rollouts=[current])
        replies.append(reply.key.rpartition("/")[2])
        assert reply.message.text.endswith(" Healthy again: shop.") == (replies[-1] in ("ended-1", "ended-2"))
    assert replies == ["ended", "degraded-1", "degraded-1", "ended-1", "ended-1", "degraded-2", "ended-2"]


def test_it_is_live_once_every_application_is():
    partly_live = observe(rollout("shop", "search"), {"shop": LIVE, "search": WAITING}, 20)
    assert partly_live.state is RolloutState.ROLLING
    live = observe(partly_live, {"shop": LIVE, "search": LIVE}, 42)
    assert (live.state, live.ended_at) == (RolloutState.LIVE, T0 + timedelta(seconds=42))
    assert live.parts[0].live_at == T0 + timedelta(seconds=20)


def test_an_application_once_live_stays_live():
    partly_live = observe(rollout("shop", "search"), {"shop": LIVE, "search": WAITING}, 20)
    assert observe(partly_live, {"shop": WAITING, "search": WAITING}, 30).parts[0].live_at is not None


@pytest.mark.parametrize(("observation", "seconds"), [(WAITING, 601), (LOOPING, 121)])
def test_a_rollout_from_a_clock_that_was_ahead_becomes_late(observation, seconds):
    ahead = observe(replace(rollout(), merged_at=T0 + timedelta(days=1)), {"shop": observation}, 86_400)
    current = observe(ahead, {"shop": observation}, 0)
    assert current.state is RolloutState.ROLLING
    assert observe(current, {"shop": observation}, seconds).state is RolloutState.LATE


def test_a_rollout_that_went_live_while_the_clock_was_ahead_has_no_times_to_come():
    day = 86_400
    live = observe(replace(rollout(), merged_at=T0 + timedelta(days=1)), {"shop": LIVE}, day + 1)
    degraded = observe(live, {"shop": FAILED}, day + 2)
    recovered = observe(degraded, {"shop": LIVE}, day + 3)
    at = T0 + timedelta(seconds=9)
    for ahead in (live, degraded, recovered):
        current = observe(ahead, {"shop": LIVE}, 9)
        part = current.parts[0]
        assert (current.merged_at, current.ended_at, part.live_at, part.stuck_since) == (at, at, at, None)
        assert {part.degraded_at, part.recovered_at} <= {at, None}
        assert part.watched_until == at + LIMITS.watch


def test_a_late_rollout_can_still_become_live():
    late = observe(rollout(), {"shop": WAITING}, 700)
    assert observe(late, {"shop": LIVE}, 900).state is RolloutState.LIVE


def test_a_failed_observation_keeps_what_is_pending():
    part = observe(observe(rollout(), {"shop": WAITING}, 5), {"shop": UNREACHABLE}, 6).parts[0]
    assert (part.pending, part.error) == (WAITING.pending, UNREACHABLE.error)


def test_a_newer_merge_supersedes_an_older_one_once_all_that_it_waits_for_is_live():
    older = rollout("shop", "search")
    newer = observe(rollout("shop", "search", revision="c" * 40), {"shop": LIVE, "search": LIVE}, 9)
    related = relate_to_newer(older, newer)
    assert [part.newer for part in related.parts] == [newer.revision] * 2
    superseding = Observation(superseded_by=newer.revision)
    partly = observe(related, {"shop": superseding, "search": replace(LOOPING, superseded_by=newer.revision)}, 300)
    stuck = observe(partly, {"search": replace(LOOPING, superseded_by=newer.revision)}, 500)
    assert (stuck.state, [part.is_observed for part in stuck.parts]) == (RolloutState.LATE, [False, True])
    superseded = observe(stuck, {"search": superseding}, 600)
    assert (superseded.state, superseded.superseded_by) == (RolloutState.SUPERSEDED, newer.revision)
    assert observe(stuck, {"search": LIVE}, 600).state is RolloutState.SUPERSEDED


def test_the_live_applications_of_a_superseded_rollout_are_still_watched():
    fix = observe(rollout("search", revision="c" * 40), {"search": LIVE}, 300)
    current = observe(rollout("shop", "search"), {"shop": LIVE, "search": FAILED}, 9)
    superseding = Observation(superseded_by=fix.revision)
    superseded = observe(relate_to_newer(current, fix), {"search": superseding}, 310)
    assert (superseded.state, superseded.is_over) == (RolloutState.SUPERSEDED, False)
    degraded = observe(superseded, {"shop": FAILED}, 400)
    assert (outcome(degraded), degraded.degradations) == (Outcome.DEGRADED, 1)
    outcomes = [deployment.outcome for deployment in deployments_of(degraded)]
    assert outcomes == [DeploymentOutcome.FAILED, DeploymentOutcome.FAILED]
    recovered = observe(degraded, {"shop": LIVE}, 4_000)
    replies = desired_cards(lambda _: ENGLISH, T0, AlertPolicy(), rollouts=[superseded, degraded, recovered])[1::2]
    assert [reply.key.rpartition("/")[2] for reply in replies] == ["superseded", "degraded-1", "superseded-1"]
    live = "search went live with a newer merge, cccccccc."
    assert [reply.message.text for reply in replies[::2]] == [live, f"{live} Healthy again: shop."]
    assert (recovered.state, recovered.is_over) == (RolloutState.SUPERSEDED, True)
    assert recovered.ended_at == superseded.ended_at
    newer = observe(rollout("shop", revision="d" * 40), {"shop": LIVE}, 320)
    newer = replace(newer, parts=(replace(newer.parts[0], change=changed("web")),))
    assert relate_to_newer(superseded, newer).is_over


@pytest.mark.parametrize(
    ("before", "is_over"),
    [
        ({"shop": LIVE}, True),
        ({"shop": FAILED}, True),
        ({"shop": WAITING}, True),
        ({"shop": LIVE, "search": LIVE}, False),
        ({"shop": WAITING, "search": WAITING}, False),
    ],
)
@pytest.mark.parametrize("later", [LIVE, FAILED])
def test_an_application_that_stays_away_is_observed_until_the_deadline_unless_it_is_live(before, later, is_over):
    current = observe(rollout(*before), before, 5)
    present = dict.fromkeys(before, later) if current.went_live else before
    current = observe(current, present, 6)
    is_live = current.state is RolloutState.LIVE
    for seconds, observations in ((700, {"shop": GONE}), (710, present)):  # someone deletes it and creates it again
        current = observe(current, observations, seconds)
    for seconds in (720, 1_319):
        current = observe(current, {"shop": GONE}, seconds)
        assert (current.is_over, current.parts[0].is_observed) == (False, True)
    gone = observe(current, {"shop": GONE}, 1_320)
    assert (gone.is_over, gone.parts[0].is_observed) == (is_over and not is_live, is_live)
    assert gone.state is current.state
    if is_live:
        assert observe(gone, {"shop": GONE}, 1_805).is_over
    else:
        assert observe(gone, {"shop": later}, 1_321) == gone
        assert "shop" not in pending_applications([gone])


@pytest.mark.parametrize(
    ("seconds", "expected"), [(119, DeploymentOutcome.INTERRUPTED), (120, DeploymentOutcome.FAILED)]
)
def test_a_superseded_deployment_failed_only_if_it_was_stuck_until_then(seconds, expected):
    newer = observe(rollout("shop", "search", revision="c" * 40), {"shop": LIVE, "search": LIVE}, 9)
    superseding = Observation(superseded_by=newer.revision)
    current = relate_to_newer(rollout("shop", "search"), newer)
    current = observe(current, {"shop": LOOPING, "search": WAITING}, 10)
    current = observe(current, {"shop": superseding}, 10 + seconds)
    current = observe(current, {"search": superseding}, 400)
    assert [deployment.outcome for deployment in deployments_of(current)] == [expected, DeploymentOutcome.INTERRUPTED]


@pytest.mark.parametrize("newer", [rollout("shop", revision="c" * 40), rollout("search", revision="c" * 40)])
def test_a_newer_merge_that_is_not_live_in_the_application_changes_nothing(newer):
    older = observe(rollout("shop"), {"shop": WAITING}, 5)
    assert relate_to_newer(older, newer) == older


@pytest.mark.parametrize(
    ("repository", "cluster", "is_related"),
    [
        ("platform", "moved", True),
        ("platform@refs/tags/1.1.0", "prod", True),
        ("platform@refs/tags/1.1.0", "stage", False),  # it may be another application of the same name
    ],
)
def test_a_newer_merge_of_another_target_revision_counts_only_on_the_same_cluster(repository, cluster, is_related):
    newer = observe(replace(rollout(revision="c" * 40), repository=repository), {"shop": LIVE}, 9)
    newer = replace(newer, parts=(replace(newer.parts[0], cluster=cluster),))
    (part,) = relate_to_newer(rollout(), newer).parts
    assert part.newer == (newer.revision if is_related else None)


def changed(*names, total=None, why=None):
    objects = tuple(ObjectChange("changed", "apps/v1", "Deployment", None, name) for name in names)
    return ApplicationChange(RenderedChange(changed=total or len(names), objects=objects), why=why)


@pytest.mark.parametrize(
    ("change", "newer_change", "ends"),
    [
        (changed("web", "api"), changed("api"), True),
        (changed("web"), changed("api"), False),
        (changed("web"), None, False),  # it is not known yet
        (changed("web"), changed(why="cannot be rendered"), True),
        (changed("web", total=2), changed("api"), True),
        (changed("web"), changed("api", total=2), True),
        # What may be named after a Secret isn't watched after the newer merge either.
        (changed("web"), ApplicationChange(RenderedChange(unknown=1, unnamed=1)), False),
    ],
)
def test_a_newer_merge_takes_over_the_watch_of_the_objects_that_it_changes(change, newer_change, ends):
    older, newer = rollout("shop", "search"), rollout("shop", revision="c" * 40)
    older = replace(older, parts=tuple(replace(part, change=change) for part in older.parts))
    newer = replace(newer, parts=(replace(newer.parts[0], change=newer_change),))
    parts = relate_to_newer(observe(older, {"shop": LIVE, "search": LIVE}, 9), newer).parts
    assert [part.watched_until is None for part in parts] == [ends, False]


def test_a_reverted_rollout_keeps_when_it_was_live():
    live = observe(rollout(), {"shop": LIVE}, 42)
    revert = replace(rollout(revision="c" * 40), pull_number=13, pull_url="https://forge/13")
    reverted = mark_reverted(live, revert, now=T0 + timedelta(hours=1))
    assert (reverted.state, reverted.reverted_by, reverted.is_over) == (RolloutState.REVERTED, "#13", True)
    assert reverted.ended_at == live.ended_at
    assert relate_to_newer(reverted, observe(revert, {"shop": LIVE}, 50)) == reverted


def test_late_rollouts_are_not_rolling():
    late = replace(rollout("search"), state=RolloutState.LATE)
    partly_live = observe(rollout("shop", "payments"), {"payments": LIVE}, 3)
    reverted = mark_reverted(rollout("cart"), late, now=T0)
    assert rolling_applications([partly_live, late, reverted]) == {"shop"}
    assert pending_applications([partly_live, late, reverted]) == {"shop", "search"}

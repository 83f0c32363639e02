"""Generated histories of rollouts and incidents."""

from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from bot.core.drift.model import FieldDrift, ObjectDrift
from bot.core.health.cause import Cause
from bot.core.incidents.incident import Incident, IncidentEvent, IncidentEventType, IncidentState
from bot.core.rollouts.pending import NOTHING_PENDING, PendingState, Unready
from bot.core.rollouts.rollout import ApplicationRollout, Rollout, RolloutState

START = datetime(2026, 3, 2, tzinfo=UTC)
DAYS = 16
CRASHING = PendingState(unready=(Unready("Deployment", "web", 0, 2, "CrashLoopBackOff", cause=Cause.CRASH_LOOP),))
NAMES = ("shop", "search", "payments")
TOOLS = ("kubectl", "helm", None)

moments = st.integers(0, DAYS * 24 * 60).map(lambda minute: START + timedelta(minutes=minute))
spans = st.integers(0, 5_000).map(lambda seconds: timedelta(seconds=seconds))


@st.composite
def rollouts(draw, number, merged_at):
    """One merge: on its way, live, watched, degraded, recovered, stuck, superseded or reverted, in any combination."""

    def later(since, *, likely=True):
        return since + draw(spans) if since and (likely or draw(st.booleans())) else None

    state = draw(st.sampled_from(RolloutState))
    parts = []
    for name in sorted(draw(st.sets(st.sampled_from(NAMES), min_size=1))):
        is_live = state in (RolloutState.LIVE, RolloutState.DEGRADED) or draw(st.booleans())
        live_at = later(merged_at) if is_live else None
        degraded_at = later(live_at, likely=False)
        stuck_since = None if is_live else later(merged_at, likely=False)
        parts.append(
            ApplicationRollout(
                name,
                draw(st.sampled_from(("prod", "staging"))),
                "C1",
                live_at=live_at,
                pending=CRASHING if stuck_since else NOTHING_PENDING,
                stuck_since=stuck_since,
                watched_until=later(live_at, likely=False),
                degraded_at=degraded_at,
                recovered_at=later(degraded_at, likely=False),
            )
        )
    has_ended = state in (RolloutState.LIVE, RolloutState.SUPERSEDED, RolloutState.REVERTED)
    return Rollout(
        id=f"platform@{number:040}",
        repository="platform",
        branch="main",
        revision=f"{number:040}",
        parent=None,
        subject="Raise the limits",
        author="Ana",
        merged_at=merged_at,
        parts=tuple(parts),
        state=state,
        ended_at=later(merged_at) if has_ended else None,
        first_commit_at=draw(st.none() | spans.map(lambda span: merged_at - span)),
        merges=draw(st.sampled_from((1, 1, 1, 12))),
        reverts=tuple(f"{older:040}" for older in draw(st.sets(st.integers(0, number), max_size=1)) if older < number),
    )


@st.composite
def incidents(draw, number, since):
    """One incident: suspected or more, announced, acknowledged and resolved, or not."""

    def later(at):
        return at + draw(spans) if at and draw(st.booleans()) else None

    state = draw(st.sampled_from(IncidentState))
    announced_at = later(since)
    acknowledged = [at for at in (later(since), later(since)) if at]
    latest = max(at for at in (since, announced_at, *acknowledged) if at)
    managers = draw(st.sets(st.sampled_from(TOOLS), min_size=1))
    fields = tuple(FieldDrift("changed", "spec.replicas", 2, 7, manager) for manager in managers)
    return Incident(
        id=f"incident {number}",
        application=f"{draw(st.sampled_from(NAMES))}-{number}",  # an application has one unresolved incident
        cluster="prod",
        channel="C1",
        state=state,
        since=since,
        checked_at=since,
        revision="a" * 40,
        drift=(ObjectDrift("apps/v1", "Deployment", "shop", "web", "modified", fields),),
        resolved_at=latest + draw(spans) if state is IncidentState.RESOLVED else None,
        ended=draw(st.sampled_from(("cluster", "adopted", "git", "set_aside", "undeclared", "unknown", "unwatched"))),
        announced_at=announced_at,
        history=tuple(
            IncidentEvent(str(index), at, IncidentEventType.ACKNOWLEDGED, by="U1")
            for index, at in enumerate(acknowledged)
        ),
    )


@st.composite
def histories(draw):
    """Rollouts in the order of their merges, and incidents."""
    merged = sorted(draw(st.lists(moments, max_size=12, unique=True)))
    since = draw(st.lists(moments, max_size=6))
    return (
        [draw(rollouts(number, at)) for number, at in enumerate(merged)],
        [draw(incidents(number, at)) for number, at in enumerate(since)],
    )

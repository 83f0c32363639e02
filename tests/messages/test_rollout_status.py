"""The status of a rollout whose applications are in different states names each of them, and says nothing false."""

from dataclasses import replace

import pytest

from bot.core.health.cause import Cause
from bot.core.health.status import HealthStatus
from bot.core.health.unready import Unready
from bot.core.rollouts.pending import PendingState
from bot.core.rollouts.rollout import RolloutState
from bot.i18n.language import ENGLISH
from bot.messages.rollout_outcome import headline, late_note
from tests.messages.samples import LIVE_AT, MERGED, OLDER, SILENT

PART = MERGED.parts[0]
CRASHING = PendingState(unready=(Unready("Deployment", "web", 0, 2, cause=Cause.CRASH_LOOP),), total=1)
PAUSED = PendingState(unready=(Unready("Rollout", "web", 1, 2, health=HealthStatus.SUSPENDED),), total=1)
NOT_APPLIED = PendingState(missing=("Deployment web: spec.replicas",), total=1)
PARTS = {
    "live": replace(PART, live_at=LIVE_AT),
    "degraded": replace(PART, live_at=LIVE_AT, degraded_at=LIVE_AT, pending=CRASHING),
    "superseded": replace(PART, superseded_by=OLDER),
    "waiting": replace(PART, pending=NOT_APPLIED),
    "crashing": replace(PART, pending=CRASHING),
    "paused": replace(PART, pending=PAUSED),
    "unknown": replace(PART, pending=NOT_APPLIED, error=SILENT),
    "crashed": replace(PART, pending=CRASHING, error=SILENT),
}
CRASH = "web: container keeps crashing"
HEALTHY_BEFORE = "Everything was healthy after the merge."
NOT_APPLIED_YET = "The deployer has not applied the change yet."


@pytest.mark.parametrize(
    ("names", "title", "sentence", "note"),
    [
        (
            "live degraded",
            f"⚠️ Live, but degraded later: degraded · {CRASH}",
            f"degraded went live, but is now degraded ({CRASH}).",
            HEALTHY_BEFORE,
        ),
        (
            "degraded superseded",
            f"⚠️ Live, but degraded later: degraded · {CRASH}",
            f"degraded went live, but is now degraded ({CRASH}).",
            None,
        ),
        (
            "degraded waiting",
            f"⚠️ Live, but degraded later: degraded · {CRASH} · 1 not live yet: waiting",
            f"degraded went live, but is now degraded ({CRASH}). waiting is still not live.",
            None,
        ),
        (
            "degraded unknown",
            f"⚠️ Live, but degraded later: degraded · {CRASH} · 1 unknown: unknown",
            f"degraded went live, but is now degraded ({CRASH}). The bot cannot tell whether unknown is live.",
            None,
        ),
        (
            "degraded paused",
            "⏸️ Paused: paused · web · 1 degraded: degraded",
            f"paused is not live: its rollout is paused. degraded went live, but is now degraded ({CRASH}).",
            "The rollout continues when someone resumes it.",
        ),
        (
            "live waiting",
            "⚠️ Partly live (1 of 2), not live yet: waiting",
            "waiting is still not live.",
            NOT_APPLIED_YET,
        ),
        (
            "live waiting unknown",
            "⚠️ Partly live (1 of 3), not live yet: waiting · 1 unknown: unknown",
            "waiting is still not live. The bot cannot tell whether unknown is live.",
            None,
        ),
        (
            "crashing unknown",
            f"⚠️ Stuck: crashing · {CRASH} · 1 unknown: unknown",
            f"crashing is stuck ({CRASH}). The bot cannot tell whether unknown is live.",
            None,
        ),
        (
            "waiting crashed",
            "⚠️ Timed out: waiting · 1 unknown: crashed",
            "The rollout of waiting timed out. The bot cannot tell whether crashed is live.",
            None,
        ),
        (
            "live unknown",
            "⚠️ Rollout status unknown: unknown",
            "The bot cannot tell whether unknown is live.",
            "The bot keeps checking.",
        ),
        (
            "waiting crashing",
            f"⚠️ Stuck: waiting and crashing · {CRASH}",
            f"waiting and crashing are stuck ({CRASH}).",
            None,
        ),
    ],
)
def test_every_application_is_named_with_its_own_state(names, title, sentence, note):
    parts = tuple(replace(PARTS[name], application=name) for name in names.split())
    rollout = replace(MERGED, state=RolloutState.LATE, parts=parts)
    phrase = late_note(rollout)
    assert headline(ENGLISH, rollout) == (title, sentence)
    assert (phrase and ENGLISH.text(phrase)) == note

"""Rollouts: the card of a merge, and the replies below it."""

from dataclasses import replace
from datetime import timedelta

from bot.core.changes.suspect import SuspectReason
from bot.core.rollouts.rollout import ApplicationRollout, PendingState, RolloutState
from bot.messages import rollout
from tests.messages.samples import (
    DETAILED,
    LIVE,
    LIVE_AT,
    LIVE_PARTS,
    MERGED,
    NOT_APPLIED,
    NOT_READY,
    OLDER,
    SILENT,
    STUCK,
    SUSPECTS,
    T0,
)

REPLICAS = PendingState(("Deployment web: spec.replicas",), total=1)


def part_of_many(number):
    """Of every ten, one waits, one could not be read, two are not live yet, and six are live."""
    part = ApplicationRollout(f"team-{number:03}", f"prod-{number % 3}", "C1")
    match number % 10:
        case 0:
            return part
        case 1:
            return replace(part, error=SILENT)
        case 2 | 3:
            return replace(part, pending=NOT_READY if number % 2 else NOT_APPLIED)
    return replace(part, live_at=T0 + timedelta(seconds=40 + number))


def messages(translator):
    cards = {
        "merged": MERGED,
        "waiting": replace(MERGED, parts=(LIVE_PARTS[0], replace(MERGED.parts[1], pending=REPLICAS))),
        "live": LIVE,
        "late": replace(MERGED, state=RolloutState.LATE, parts=(LIVE_PARTS[0], replace(MERGED.parts[1], error=SILENT))),
        "superseded": replace(MERGED, state=RolloutState.SUPERSEDED, superseded_by=OLDER),
        "written": DETAILED,
        "stuck": STUCK,
        "suspects": replace(
            STUCK, suspects=tuple(replace(suspect, why=SuspectReason.OBJECT) for suspect in SUSPECTS[:2])
        ),
        "dead": replace(STUCK, parts=(LIVE_PARTS[0], STUCK.parts[2])),
        "many": replace(DETAILED, parts=tuple(map(part_of_many, range(300)))),
        "several": replace(MERGED, merges=12, pull_number=None, pull_url=None),
        "rewritten": replace(MERGED, rewritten=True),
    }
    mentions = replace(DETAILED, parts=LIVE_PARTS, state=RolloutState.LIVE, ended_at=LIVE_AT)
    return {
        **{f"rollout-card-{name}": rollout.card(translator, merge) for name, merge in cards.items()},
        "rollout-reply-live": rollout.ended_reply(translator, LIVE),
        "rollout-reply-stuck": rollout.late_reply(translator, STUCK),
        "rollout-reply-mentions": rollout.ended_reply(translator, mentions),
    }

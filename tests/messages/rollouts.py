"""Rollouts: the card of a merge, and the replies below it."""

from dataclasses import replace
from datetime import timedelta

from bot.core.applications.deployer_status import DeployerFailure
from bot.core.changes.suspect import SuspectReason
from bot.core.git.commit_check import CheckState, CommitCheck, CommitChecks
from bot.core.health.cause import Cause
from bot.core.health.status import HealthStatus
from bot.core.health.unready import Unready
from bot.core.rollouts.pending import PendingState
from bot.core.rollouts.rollout import ApplicationRollout, RolloutState
from bot.core.rollouts.running_images import ImageMismatch
from bot.messages import rollout
from tests.messages.samples import (
    CHANGE,
    COMMIT_CHECKS,
    DETAILED,
    FORGE,
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


def stuck(cause):
    """A rollout that is stuck for this cause, as its workload reports it, or its deployer."""
    unready = Unready("Deployment", "web", 3, 5, REASONS.get(cause, ""), cause=cause)
    pending = PendingState(unready=(unready,), total=1)
    if cause is Cause.HOOK_FAILED:
        failure = DeployerFailure("Argo CD", "SyncFailed", "one or more synchronization tasks failed: hook failed")
        pending = PendingState(missing=REPLICAS.missing, failure=failure, total=1)
    return replace(MERGED, state=RolloutState.LATE, parts=(replace(MERGED.parts[0], pending=pending),))


REASONS = {
    Cause.IMAGE_PULL: "ImagePullBackOff",
    Cause.OOM_KILLED: "CrashLoopBackOff, OOMKilled",
    Cause.CRASH_LOOP: "CrashLoopBackOff",
    Cause.QUOTA: "FailedCreate",
    Cause.ADMISSION: "FailedCreate",
    Cause.UNSCHEDULABLE: "Unschedulable",
    Cause.DEPENDENCY: "CreateContainerConfigError",
}
PAUSED = PendingState(unready=(Unready("Rollout", "web", 1, 12, "Paused", health=HealthStatus.SUSPENDED),), total=1)
CRASHING = PendingState(
    unready=(
        Unready("Deployment", "web", 1, 2, "CrashLoopBackOff", cause=Cause.CRASH_LOOP),
        Unready("Ingress", "web"),
    ),
    total=2,
)
IMAGES = (
    ImageMismatch("registry.example/web:1.4", (f"sha256:{'a' * 64}", f"sha256:{'b' * 64}")),
    ImageMismatch(f"registry.example/api@sha256:{'a' * 64}", (f"sha256:{'b' * 64}",)),
)
DEGRADED = replace(
    LIVE,
    state=RolloutState.DEGRADED,
    parts=(LIVE_PARTS[0], replace(LIVE_PARTS[1], pending=CRASHING, degraded_at=LIVE_AT + timedelta(minutes=7))),
)
PENDING_CHECK = CommitChecks.of([CommitCheck("integration", CheckState.PENDING)])
REPLICAS = PendingState(("Deployment web: spec.replicas",), total=1)


# Too much for one card.
MANY_STUCK = replace(
    DETAILED,
    state=RolloutState.LATE,
    checks=CommitChecks.of(
        CommitCheck(f"GitHub Actions: test {number}", CheckState.FAILURE, f"{FORGE}/actions/runs/{number:012}")
        for number in range(6)
    ),
    suspects=tuple(
        replace(
            suspect,
            sha=f"{number}" * 40,
            url=f"{FORGE}/commit/{number:040}",
            pull_number=7 + number,
            subject="Lower the memory limit of web " * 4,
            places=tuple(f"Deployment web-{place} in the namespace shop-{place}" for place in range(3)),
            approved_by=("carla", "bruno-from-platform"),
        )
        for number, suspect in enumerate(SUSPECTS[:1] * 3)
    ),
    parts=tuple(
        ApplicationRollout(
            f"shop-{region}",
            region,
            "C1",
            change=replace(CHANGE, rendered=replace(CHANGE.rendered, changed=number)),
            pending=PendingState(
                ("Deployment web: spec.template.spec.containers[name=web].resources.limits.memory",) * 4,
                failure=DeployerFailure("Argo CD", "SyncFailed", "one or more objects failed to apply. " * 10),
                total=4,
            ),
        )
        for number, region in enumerate(("eu", "us", "asia", "africa", "oceania"))
    ),
)


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
        "superseded": replace(
            MERGED,
            state=RolloutState.SUPERSEDED,
            superseded_by=OLDER,
            parts=(LIVE_PARTS[0], replace(MERGED.parts[1], superseded_by=OLDER)),
        ),
        "written": DETAILED,
        "stuck": STUCK,
        "suspects": replace(
            STUCK, suspects=tuple(replace(suspect, why=SuspectReason.OBJECT) for suspect in SUSPECTS[:2])
        ),
        "many-stuck": MANY_STUCK,
        "dead": replace(STUCK, parts=(LIVE_PARTS[0], STUCK.parts[2])),
        "many": replace(DETAILED, parts=tuple(map(part_of_many, range(300)))),
        "several": replace(MERGED, merges=12),
        "degraded": DEGRADED,
        "checks": replace(LIVE, checks=COMMIT_CHECKS, failed_checks=COMMIT_CHECKS.failed),
        "checks-unknown": replace(LIVE, checks=CommitChecks(error=SILENT)),
        "checks-outdated": replace(LIVE, checks=replace(PENDING_CHECK, error=SILENT)),
        "images": replace(LIVE, parts=(replace(LIVE_PARTS[0], images=IMAGES), LIVE_PARTS[1])),
        "recovered": replace(
            LIVE, parts=(LIVE_PARTS[0], replace(DEGRADED.parts[1], recovered_at=LIVE_AT + timedelta(minutes=9)))
        ),
        "reverted": replace(LIVE, state=RolloutState.REVERTED, reverted_by="#13", reverted_url=f"{FORGE}/pull/13"),
        "paused": replace(MERGED, parts=(replace(MERGED.parts[0], pending=PAUSED), LIVE_PARTS[1])),
        "timed-out": replace(MERGED, state=RolloutState.LATE, parts=(replace(MERGED.parts[0], pending=REPLICAS),)),
        **{f"stuck-{cause.name.lower()}": stuck(cause) for cause in Cause},
        "rewritten": replace(MERGED, rewritten=True),
        "retargeted": replace(MERGED, branch="v1.3.0", retargeted=True),
    }
    mentions = replace(DETAILED, parts=LIVE_PARTS, state=RolloutState.LIVE, ended_at=LIVE_AT)
    return {
        **{f"rollout-card-{name}": rollout.card(translator, merge) for name, merge in cards.items()},
        "rollout-reply-live": rollout.ended_reply(translator, LIVE),
        "rollout-reply-stuck": rollout.problem_reply(translator, STUCK),
        "rollout-reply-degraded": rollout.problem_reply(translator, DEGRADED),
        "rollout-reply-reverted": rollout.ended_reply(
            translator, replace(MERGED, state=RolloutState.REVERTED, reverted_by=OLDER)
        ),
        "rollout-reply-mentions": rollout.ended_reply(translator, mentions),
    }

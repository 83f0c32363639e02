"""Commits that reached the tracked branch without approval: the alert's card."""

from dataclasses import replace

from bot.core.approvals.alert import ApprovalAlert
from bot.core.approvals.approval import ApprovalRecord, ApprovalStatus
from bot.core.git.commit import PullRequest
from bot.core.git.commit_list import CommitList, ListedCommit
from bot.i18n.catalogue import approval as texts
from bot.i18n.language import LocalizedText
from bot.messages import approval
from tests.messages.samples import FORGE, OLDER, SHA, T0

PUSHED = ApprovalRecord(
    id=f"platform@{SHA}",
    repository="platform",
    branch="main",
    sha=SHA,
    parent=OLDER,
    subject="Raise the limit (#12)",
    author="Ana",
    seen_at=T0,
    batch=SHA,
    order=0,
    look_at=T0,
    verdict=ApprovalStatus.DIRECT,
    pushed_by="ana-dev",
    url=f"{FORGE}/commit/{SHA}",
    applications=("shop",),
    channels=("C1",),
    diff="--- a/apps/shop/a.yaml\n+++ b/apps/shop/a.yaml\n@@ -4 +4 @@\n-data: {limit: '1'}\n+data: {limit: '9'}",
    alert="platform?1",
    flagged_at=T0,
)
MERGED = replace(
    PUSHED,
    verdict=ApprovalStatus.BYPASSED,
    pull=PullRequest(
        12, "Raise the limit", "https://forge.example/12", "ana", "merged", "main", "t", OLDER, SHA, T0, "bruno"
    ),
    pushed_by=None,
    diff="~ apps/shop/secret.yaml",
)


CHAIN = [replace(PUSHED, sha=f"{n}" * 40, parent=f"{n - 1}" * 40 if n else OLDER, more=True) for n in range(7)]


REWRITE = replace(
    PUSHED,
    verdict=ApprovalStatus.REWRITTEN,
    pushed_by="bo",
    removed=CommitList((ListedCommit(OLDER, "Fix the limit", "Bea"),), 3),
    added=CommitList((ListedCommit(SHA, "Raise the limit (#12)", "Ana"),), 0),
)


def alert(*commits):
    return ApprovalAlert("platform?1", commits)


ALERTS = {
    "pushed": alert(PUSHED),
    "pushed-several": alert(*CHAIN),
    "pushed-around-a-merge": alert(
        CHAIN[0], replace(CHAIN[1], pull=MERGED.pull, verdict=ApprovalStatus.APPROVED), *CHAIN[2:4]
    ),
    "reviewed-after-failures": alert(CHAIN[0], replace(CHAIN[1], pull=MERGED.pull, verdict=ApprovalStatus.BYPASSED)),
    "touches-nothing": alert(replace(PUSHED, applications=(), url=None)),
    "bypassed": alert(MERGED),
    "self-approved": alert(replace(MERGED, verdict=ApprovalStatus.SELF)),
    "ineligible": alert(replace(MERGED, verdict=ApprovalStatus.INELIGIBLE)),
    "older-head": alert(replace(MERGED, verdict=ApprovalStatus.STALE)),
    "retargeted": alert(replace(MERGED, verdict=ApprovalStatus.RETARGETED)),
    "too-few": alert(replace(MERGED, verdict=ApprovalStatus.TOO_FEW, approvers=("carla",))),
    "tampered": alert(replace(MERGED, verdict=ApprovalStatus.TAMPERED)),
    "too-many": alert(replace(PUSHED, verdict=ApprovalStatus.TOO_MANY, diff="", more=True)),
    "review-failed": alert(replace(PUSHED, verdict=ApprovalStatus.FAILED, why="It sent too much.")),
    "rewritten": alert(replace(PUSHED, verdict=ApprovalStatus.REWRITTEN, diff="")),
    "rewritten-by": alert(REWRITE),
    "rewritten-unknown": alert(
        replace(REWRITE, pushed_by=None, removed=None, added=None, why=LocalizedText(texts.MOVED_UNKNOWN))
    ),
    "seen": alert(replace(MERGED, later=("carla",))),
    "automation-after-all": alert(replace(PUSHED, verdict=ApprovalStatus.AUTOMATION, pushed_by="updater")),
    "approved-after-all": alert(replace(MERGED, verdict=ApprovalStatus.APPROVED, approvers=("carla",))),
}


def messages(translator):
    return {f"approval-card-{name}": approval.card(translator, shown) for name, shown in ALERTS.items()}

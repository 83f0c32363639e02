"""Every message of the four flows, to the letter, and none beyond Slack's limits.

`UPDATE_GOLDEN=1 pytest tests/messages/test_messages.py` writes the golden files anew; read the difference then.
"""

import json
import os
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from slack_sdk.models.blocks import Block
from slack_sdk.models.views import View

from bot.core.access.permission import CouldNotAsk, Denied, Right, Rule
from bot.core.applications.application import Application
from bot.core.applications.deployer import Failure
from bot.core.applications.deployer_status import DeployerStatus as DeployerView
from bot.core.applications.deployer_status import Stop
from bot.core.applications.discovered import Origin, Unreadable
from bot.core.approvals.approval import Alert, ApprovalStatus, Judgement
from bot.core.changes.effect import Effect, bounded
from bot.core.changes.irreversible import Loss, Warned
from bot.core.changes.rendered_change import FieldChange, ObjectChange, RenderedChange
from bot.core.changes.suspect import Suspect, Why
from bot.core.commands import command as commands
from bot.core.drift.model import Check, FieldDrift, ObjectDrift, Status
from bot.core.git.author import Author
from bot.core.git.commit import Commit, PullRequest
from bot.core.home import home, survey
from bot.core.incidents.incident import Event, Incident, IncidentEventType, IncidentState, acknowledge, snooze
from bot.core.objects.health import Unready
from bot.core.objects.images import Pin, Unpinned
from bot.core.pull_requests import revert
from bot.core.pull_requests.queued import QueuedRevert, QueueState
from bot.core.pull_requests.revert import RevertRequest, Target
from bot.core.pull_requests.revert_pull import RevertPullRequest
from bot.core.rollouts.rollout import Change, Part, PendingState, Rollout, RolloutState
from bot.i18n.catalogue import adopt as adopt_texts
from bot.i18n.catalogue import aside, chat, cluster, discovery, effect, forge, repository
from bot.i18n.language import Language, LocalizedText, Translator
from bot.messages import (
    adopt,
    approval,
    control,
    diff_file,
    diff_pages,
    drift,
    history,
    incident,
    incident_group,
    incident_thread,
    revert_pull,
    rollout,
    status,
    trouble,
    who,
)
from bot.messages import help as help_message
from bot.messages import home as home_message
from bot.messages import queued as queued_message
from bot.messages import revert as revert_message
from bot.messages import snooze as snooze_message
from bot.messages import suspect as suspect_message
from bot.sandbox.slack.limits import check_blocks, check_text, check_view

GOLDEN = Path(__file__).parent.parent / "data" / "messages"
T0 = datetime(2026, 3, 1, 2, 47, tzinfo=UTC)
SHA = "4f2a9c1e" + "0" * 32
OLDER = "1b7d3e5a" + "0" * 32
HOSTILE = "<!channel> & *stars* _low_ ~no~ ``` <https://evil.example|ok> <@U0ANA>"


def field(change="changed", path="spec.replicas", desired=2, live=7, manager="kubectl", time=T0):
    return FieldDrift(change, path, desired, live, manager, time, "declared, and live differs")


SILENT = LocalizedText(
    cluster.COULD_NOT,
    cluster="prod",
    what=LocalizedText(cluster.LIST, resource="deployments.apps"),
    why=LocalizedText(cluster.UNREACHABLE, cause=LocalizedText(cluster.SLOW_CONNECTION), host="https://10.0.0.1"),
)
FORGE_SILENT = LocalizedText(forge.SILENT, forge="GitHub", host="api.github.com")
DEPLOYMENT = ObjectDrift(
    "apps/v1",
    "Deployment",
    "shop",
    "web",
    "modified",
    (
        field(),
        field(
            "added", "spec.template.spec.containers[name=web].env[name=DEBUG]", None, {"name": "DEBUG", "value": "1"}
        ),
        field("removed", 'metadata.labels["app.kubernetes.io/part-of"]', "shop", None, None, None),
    ),
)
CONFIG = ObjectDrift("v1", "ConfigMap", "shop", "settings", "missing")
DRIFTED = Check("shop", "prod", SHA, Status.OUT_OF_SYNC, None, 12, T0, (DEPLOYMENT, CONFIG))
SYNCED = Check("search", "prod", SHA, Status.SYNCED, None, 4, T0)
UNKNOWN = Check(
    "payments",
    "prod",
    SHA,
    Status.UNKNOWN,
    LocalizedText(
        cluster.FORBIDDEN,
        cluster="prod",
        account="system:serviceaccount:gitops-bot:bot",
        what=LocalizedText(cluster.LIST_IN, resource="secrets", namespace="payments"),
        grant=LocalizedText(cluster.GRANT_LIST_IN, resource="secrets", namespace="payments"),
    ),
    0,
    T0,
)
ASIDE = (
    ObjectDrift(
        "apps/v1",
        "Deployment",
        "shop",
        "web",
        "modified",
        (
            *(
                FieldDrift(
                    "added",
                    f"spec.template.spec.containers[name=web].{name}",
                    None,
                    1,
                    reason=LocalizedText(aside.DEFAULT),
                )
                for name in ("imagePullPolicy", "terminationMessagePath", *(f"probe{number}" for number in range(9)))
            ),
            FieldDrift(
                "changed",
                "spec.replicas",
                2,
                7,
                "kubectl",
                T0,
                LocalizedText(aside.RULE, rule=LocalizedText(aside.CONFIGURED, n="1"), what="spec.replicas"),
            ),
        ),
    ),
    replace(
        CONFIG, reason=LocalizedText(aside.GIT_SAYS, name="kustomize.toolkit.fluxcd.io/reconcile", value="disabled")
    ),
)
OPEN = Incident("shop@1", "shop", "prod", "C1", IncidentState.OPEN, T0, T0 + timedelta(minutes=5), SHA, DRIFTED.drift)
RESOLVED = replace(OPEN, state=IncidentState.RESOLVED, resolved_at=T0 + timedelta(minutes=9), ended="cluster")
PRIVILEGED = replace(
    DEPLOYMENT,
    name="api",
    fields=(
        field("added", "spec.paused", None, True),
        field("added", "spec.template.spec.containers[name=web].securityContext", None, {"privileged": True}),
    ),
)
SUSPECTS = (
    Suspect(
        SHA,
        "Lower the memory limit of web",
        "Ana",
        T0 - timedelta(minutes=20),
        Why.BEFORE,
        ("Deployment web spec.replicas",),
        f"https://forge.example/acme/platform/commit/{SHA}",
        12,
        "https://forge.example/acme/platform/pull/12",
        ("carla",),
    ),
    Suspect(
        OLDER,
        "Add settings",
        "Bo",
        T0 - timedelta(hours=2),
        Why.NEVER,
        ("ConfigMap settings",),
        f"https://forge.example/acme/platform/commit/{OLDER}",
        approved_by=(),
    ),
    Suspect(OLDER, "Words", "Bo", T0 - timedelta(hours=3), Why.PATH, ("shop",)),
)
CRITICAL = replace(OPEN, drift=(DEPLOYMENT, PRIVILEGED))
TAKEN = acknowledge(OPEN, by="U0ANA", at=T0 + timedelta(minutes=3))
ASLEEP = snooze(OPEN, by="U0ANA", until=T0 + timedelta(hours=4), at=T0 + timedelta(minutes=3))
GREW = Event("1", T0, IncidentEventType.GREW, drift=(CONFIG,))
SEVERAL = [
    replace(each, application=name, repository="platform", group="many")
    for name, each in (("shop", OPEN), ("api", CRITICAL), ("web", TAKEN), ("db", ASLEEP))
]
SEVERAL.append(replace(SEVERAL[0], application="pay", blind="The cluster prod does not answer."))
STORM = [replace(CRITICAL if number == 9 else OPEN, application=f"app-{number}", group="many") for number in range(500)]
UNWATCHED = replace(RESOLVED, ended="unwatched")
ENDED = [replace(RESOLVED, application=name, group="many") for name in ("search", "cart", "mail")]
BACK = Event("2", T0 + timedelta(minutes=9), IncidentEventType.RESOLVED)
MERGE = Rollout(
    id=f"platform@{SHA}",
    repository="platform",
    branch="main",
    revision=SHA,
    parent=OLDER,
    subject="Lower the memory limit of web",
    author="ana",
    merged_at=T0,
    parts=(Part("shop", "prod", "C1"), Part("shop-staging", "prod", "C1")),
    url=f"https://forge.example/acme/platform/commit/{SHA}",
    pull_number=12,
    pull_url="https://forge.example/acme/platform/pull/12",
    merged_by="bruno",
    approved_by=("carla",),
)
LIVE_PARTS = tuple(replace(part, live_at=T0 + timedelta(seconds=42)) for part in MERGE.parts)
CHANGE = Change(
    RenderedChange(
        added=1,
        changed=3,
        removed=1,
        objects=(
            ObjectChange("removed", "v1", "ConfigMap", None, "old"),
            ObjectChange(
                "changed",
                "apps/v1",
                "Deployment",
                None,
                "web",
                (
                    FieldChange("changed", "spec.template.spec.containers[name=web].image", "web:1", "web"),
                    FieldChange("added", "spec.template.spec.containers[name=web].env[name=DEBUG]", None, '{"a": 1}'),
                    FieldChange("removed", "spec.replicas", 2),
                ),
                5,
            ),
            ObjectChange("added", "v1", "Secret", "vault", "token"),
        ),
    ),
    (Unpinned("web", Pin.FLOATING, "Deployment web"), Unpinned("redis:7.2", Pin.TAG, "StatefulSet cache")),
    2,
)
ANA, BEA, CEM = Author("Ana", "ana@shop.example", None, "U0ANA"), Author("Bea", "b@x.y"), Author("Cem", "c@x.y", "cem")
WRITTEN = replace(
    MERGE,
    authors=(ANA, BEA, CEM),
    more_authors=2,
    parts=(
        replace(MERGE.parts[0], change=CHANGE),
        replace(MERGE.parts[1], change=CHANGE),
        Part("search", "prod", "C1", change=Change(why="apps/search/a.yaml:3: This is not valid YAML.")),
        Part("docs", "prod", "C1", change=Change()),
    ),
)
STUCK = replace(
    WRITTEN,
    state=RolloutState.LATE,
    parts=(
        LIVE_PARTS[0],
        Part(
            "shop-staging",
            "staging",
            "C1",
            lacking=PendingState(
                missing=("Deployment web: spec.replicas",),
                remaining=("ConfigMap old",),
                failure=Failure("Flux", "BuildFailed", "kustomization.yaml is missing"),
                total=12,
            ),
        ),
        Part(
            "search",
            "prod",
            "C1",
            lacking=PendingState(unready=(Unready("Deployment", "web", 1, 3, "ImagePullBackOff"),), total=1),
        ),
    ),
)
MANY = replace(
    WRITTEN,
    parts=tuple(
        Part(f"team-{index:03}", f"prod-{index % 3}", "C1", **given)
        for index in range(300)
        for given in [
            {"live_at": T0 + timedelta(seconds=40 + index)}
            if index % 10 > 3
            else {"lacking": STUCK.parts[1 + index % 2].lacking}
            if index % 10 > 1
            else {"error": "The cluster prod does not answer."}
            if index % 10
            else {}
        ]
    ),
)
PULL = RevertPullRequest(
    id="platform#13",
    repository="platform",
    number=13,
    url="https://forge.example/acme/platform/pull/13",
    title='Revert "Lower the memory limit of web"',
    by="U0ANA",
    what="4f2a9c1e",
    channels=("C1",),
    applications=("shop",),
    opened_at=T0,
)
COMMIT = Commit(SHA, (OLDER,), "Lower the memory limit of web\n\nIt was too high.", "Ana", "ana@shop.example", T0)
FORGE_PULL = PullRequest(
    12, "Lower the memory limit of web", MERGE.pull_url, "ana", "merged", "main", "memory", SHA, SHA, T0, "bruno"
)
APPLICATIONS = [
    Application(name, "platform", f"apps/{name}", "prod", name, "C1") for name in ("search", "shop", "payments", "new")
]


SHOP_RESOURCE = Origin("Argo CD", "Application", "prod", "argocd", "shop")
CHART_RESOURCE = replace(SHOP_RESOURCE, name="redis")
NO_CHART = LocalizedText(discovery.CHART_FROM_REGISTRY, chart="redis")
DEPLOYERS = {
    "views": {
        "shop": DeployerView("Argo CD", "Synced", "Healthy", SHA),
        "search": DeployerView("Argo CD", "OutOfSync", "Progressing", OLDER, stop=Stop.MANUAL),
        "payments": DeployerView(
            "Flux", "Ready", stop=Stop.SUSPENDED, failure=Failure("Flux", "BuildFailed", "no such file")
        ),
        "new": DeployerView("Flux"),
    },
    "unreadable": [
        Unreadable(CHART_RESOURCE, DeployerView("Argo CD"), NO_CHART),
        Unreadable(
            SHOP_RESOURCE,
            DeployerView("Argo CD"),
            LocalizedText(discovery.NO_CLUSTER, destination="https://10.1.1.1"),
            "2",
        ),
    ],
}
NOT_THERE = LocalizedText(chat.NOT_TAKEN, why=LocalizedText(chat.NOT_IN_CHANNEL, channel="C0ALERTS01"))


def overview(translator, **given):
    checks = {check.application: check for check in (DRIFTED, SYNCED, UNKNOWN)}
    return status.overview(
        translator,
        status.Overview(
            **{
                "applications": APPLICATIONS,
                "checks": checks,
                "rollouts": [MERGE],
                "pulls": {"platform": [replace(FORGE_PULL, state="open")]},
                "pulls_unknown": {"web": FORGE_SILENT},
                "troubles": [LocalizedText(chat.IN_CHANNEL, channel="C0ALERTS01", why=NOT_THERE)],
                **given,
            }
        ),
    )


def tabled(translator):
    """Of so many applications that there is a table."""
    many = [replace(each, name=f"{each.name}-{number:02}") for number in range(40) for each in APPLICATIONS]
    known = {check.application: check for check in (DRIFTED, SYNCED, UNKNOWN)}
    checks = {each.name: known[name] for each in many if (name := each.name[:-3]) in known}
    for number in range(3, 40):
        checks[f"payments-{number:02}"] = replace(SYNCED, application="payments")
    return overview(translator, applications=many, checks=checks)


def entries(text="Lower the memory limit of web"):
    commit = replace(COMMIT, message=text)
    live = (("shop", T0 + timedelta(seconds=42)),)
    return [
        history.Entry(commit, MERGE.url, FORGE_PULL, ("carla",), live, T0),
        history.Entry(replace(commit, sha=OLDER), None, None, (), (), T0 - timedelta(days=1)),
        history.Entry(replace(commit, sha=OLDER), None, None, None, (), T0 - timedelta(days=2)),
    ]


TARGET = Target((COMMIT,), OLDER, FORGE_PULL)
MERGED = Target((replace(COMMIT, parents=(OLDER, "c" * 40)),), OLDER)
REQUEST = RevertRequest("ana", "4f2a9c1e", "shop")
OPENED = replace(FORGE_PULL, number=13, title=PULL.title, url=PULL.url, state="open")
FILES = ("apps/shop/deployment.yaml", "apps/shop/service.yaml")
LATER = replace(COMMIT, sha="9e8d7c6b" + "0" * 32, message="Raise the limit again")

QUEUED = QueuedRevert(
    "queued-1",
    RevertRequest("jonas", "#12", "shop"),
    "U0JONAS001",
    "C1",
    "C1",
    T0,
    T0 + timedelta(minutes=47),
    "GitHub's rate limit is used up until 03:34 UTC.",
)
TRIED = replace(QUEUED, state=QueueState.DONE, result="Pull request #13 is open.", url="https://forge.example/13")
EFFECTS = (
    Effect(
        "shop",
        "prod",
        "web",
        RenderedChange(
            added=1,
            changed=1,
            removed=1,
            objects=(
                ObjectChange("removed", "v1", "PersistentVolumeClaim", None, "data"),
                ObjectChange(
                    "changed",
                    "apps/v1",
                    "Deployment",
                    None,
                    "web",
                    (FieldChange("changed", "spec.replicas", 9, 1),),
                    3,
                ),
                ObjectChange("added", "v1", "Namespace", None, "jobs"),
            ),
        ),
        tuple(
            Warned(loss, kind, None, name, path)
            for loss, kind, name, path in (
                (Loss.DEFINITION, "CustomResourceDefinition", "backups.example.com", ""),
                (Loss.NAMESPACE, "Namespace", "jobs", ""),
                (Loss.VOLUME, "PersistentVolumeClaim", "data", ""),
                (Loss.RETURNING, "Namespace", "jobs", ""),
                (Loss.IMMUTABLE, "Deployment", "web", "spec.selector"),
            )
        ),
    ),
    Effect("search", "test", "search", why=LocalizedText(effect.TOO_SLOW, seconds="20")),
    Effect("payments", "prod", "payments"),
)
REFUSED = tuple(
    Warned(loss, kind, None, name, path)
    for loss, kind, name, path in (
        (Loss.SHRUNK, "PersistentVolumeClaim", "data", "spec.resources.requests.storage"),
        (Loss.VERSION, "CustomResourceDefinition", "backups.example.com", "spec.versions v2"),
        *((Loss.IMMUTABLE, "Job", f"job-{number}", "spec.template") for number in range(5)),
    )
)

OUTCOMES = {
    "opened-with-effects": revert.Opened(OPENED, TARGET, FILES, ("shop", "search", "payments"), effects=EFFECTS),
    "opened-refused": revert.Opened(
        OPENED, TARGET, FILES, ("shop",), effects=(replace(EFFECTS[0], warned=REFUSED), EFFECTS[2])
    ),
    "opened": revert.Opened(OPENED, TARGET, FILES, ("shop",)),
    "opened-merge": revert.Opened(OPENED, MERGED, FILES, ("shop",), ("README.md",), "Renovate"),
    "already-open": revert.AlreadyOpen(OPENED),
    "already-reverted": revert.AlreadyReverted(TARGET, LATER),
    "nothing-left": revert.NothingToUndo(TARGET, LATER),
    "conflict": revert.Conflict(
        TARGET, (revert.ConflictedFile(FILES[0], "contents", (LATER,)),), ("git fetch origin", "git revert 4f2a9c1e")
    ),
    "inside-pull": revert.InsidePull(COMMIT, "#12", FORGE_PULL, None, only_possible=True),
    "inside-merge": revert.InsidePull(COMMIT, LATER.sha, None, LATER, only_possible=False),
    "across-merges": revert.AcrossMerges("1b7d3e5a..4f2a9c1e", 4, (COMMIT, LATER)),
    "confirm": revert.Confirm(TARGET, FILES * 400, ("shop", "search")),
    "not-found": revert.NotFound(LocalizedText(repository.NO_COMMIT, text="4f2a9c1e", name="platform")),
    "ambiguous": revert.Ambiguous(
        LocalizedText(repository.AMBIGUOUS, text="4f2a9c1", n="2", name="platform"), (COMMIT, LATER)
    ),
    "not-on-branch": revert.NotOnBranch(COMMIT, replace(FORGE_PULL, state="open"), "main"),
    "not-merged": revert.PullNotMerged(replace(FORGE_PULL, state="closed")),
    "never-on-branch": revert.NotOnBranch(COMMIT, None, "main"),
    "nothing-left-since-nothing": revert.NothingToUndo(TARGET, None),
    "across-one-merge": revert.AcrossMerges("1b7d3e5a..4f2a9c1e", 2, (LATER,)),
    "already-undone-in-part": revert.Opened(
        OPENED, replace(TARGET, pull=None, commits=(COMMIT, LATER)), FILES[:1], (), ("README.md",)
    ),
    "root": revert.RootCommit(COMMIT),
    "empty": revert.EmptyCommit(MERGED),
    "refused": revert.Refused(LocalizedText(forge.LIMITED, forge="GitHub", time="02:47"), T0),
    "unfinished": revert.Unfinished("gitops-bot/revert-4f2a9c1e", FORGE_SILENT, T0),
}


RULE = Rule("slack.revert_allowed", ("U0ANA", "S0ONCALL"))
MUCH_DRIFTED = replace(
    DRIFTED,
    drift=tuple(
        replace(DEPLOYMENT, name=f"web-{number}", fields=tuple(field(path=f"spec.field{each}") for each in range(30)))
        for number in range(3)
    ),
)
BEHIND = who.Behind(
    application="shop",
    owners=("U0ANA", "S0ONCALL"),
    incident=replace(
        OPEN, acknowledged_by="U0BO", acknowledged_at=T0, snoozed_by="U0ANA", snoozed_until=T0 + timedelta(hours=4)
    ),
    writers=[("kubectl-edit", T0), ("argocd-controller", None)],
    changes=[
        who.Change(COMMIT, MERGE.url, (Author("Ana", "ana@shop.example", user="U0ANA"),), FORGE_PULL, ("carla", "bo")),
        who.Change(COMMIT, None, (), None, ()),
    ],
    trouble=None,
)


PUSHED = Judgement(
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
    url=f"https://forge.example/acme/platform/commit/{SHA}",
    applications=("shop",),
    channels=("C1",),
    diff="--- a/apps/shop/a.yaml\n+++ b/apps/shop/a.yaml\n@@ -4 +4 @@\n-data: {limit: '1'}\n+data: {limit: '9'}",
    alert="platform?1",
    flagged_at=T0,
)
BROUGHT = PullRequest(
    12, "Raise the limit", "https://forge.example/12", "ana", "merged", "main", "t", OLDER, SHA, T0, "bruno"
)
MERGED = replace(PUSHED, verdict=ApprovalStatus.BYPASSED, pull=BROUGHT, pushed_by=None, diff="~ apps/shop/secret.yaml")


def alert(*commits):
    return Alert("platform?1", commits)


UNAPPROVED = {
    "pushed": alert(PUSHED),
    "pushed-several": alert(*(replace(PUSHED, sha=f"{n}" * 40, more=True) for n in range(7))),
    "touches-nothing": alert(replace(PUSHED, applications=(), url=None)),
    "bypassed": alert(MERGED),
    "self-approved": alert(replace(MERGED, verdict=ApprovalStatus.SELF)),
    "older-head": alert(replace(MERGED, verdict=ApprovalStatus.STALE)),
    "too-few": alert(replace(MERGED, verdict=ApprovalStatus.TOO_FEW, approvers=("carla",))),
    "tampered": alert(replace(MERGED, verdict=ApprovalStatus.TAMPERED)),
    "rewritten": alert(replace(PUSHED, verdict=ApprovalStatus.REWRITTEN, diff="")),
    "seen": alert(replace(MERGED, later=("carla",))),
    "approved-after-all": alert(replace(MERGED, verdict=ApprovalStatus.APPROVED, approvers=("carla",))),
}


def judged_entries():
    """One commit of each verdict."""
    commit = Commit(SHA, (OLDER,), "Raise the limit", "Ana", "ana@shop.example", T0)
    told = [replace(MERGED, verdict=verdict, approvers=("carla",)) for verdict in ApprovalStatus]
    told = [*told, replace(MERGED, verdict=ApprovalStatus.APPROVED, approvers=("carla",), verified=True)]
    told = [replace(MERGED, later=("carla",)), *told]
    judged = [each for each in told if each.verdict is not ApprovalStatus.REWRITTEN]
    return [history.Entry(commit, None, each.pull, None, (), T0, each) for each in judged]


def nasty_alerts(long):
    """Each of those, with the worst that can stand in it."""
    nasty = f"{HOSTILE} {long}"
    for name, each in UNAPPROVED.items():
        commits = tuple(
            replace(
                commit,
                subject=nasty,
                author=nasty,
                branch=nasty,
                pushed_by=nasty,
                applications=(nasty,) * 30,
                diff="\n".join([*[f"~ {nasty}"] * 20, nasty]),
                pull=commit.pull and replace(commit.pull, title=nasty, merged_by=nasty),
                approvers=commit.approvers and (nasty,) * 9,
                later=commit.later and (nasty,) * 9,
            )
            for commit in each.commits
        )
        yield name, Alert(each.id, commits * 20)


def messages(translator):
    """One of each kind."""
    return {
        **{f"revert-{name}": revert_message.answer(translator, outcome, REQUEST) for name, outcome in OUTCOMES.items()},
        "queued-answer": queued_message.answer(translator, QUEUED),
        "queued-card": queued_message.card(translator, QUEUED),
        "queued-card-done": queued_message.card(translator, TRIED),
        "queued-card-given-up": queued_message.card(
            translator, replace(QUEUED, state=QueueState.GIVEN_UP, result=QUEUED.reason)
        ),
        "queued-reply-done": queued_message.reply(translator, TRIED),
        "revert-which-repository": revert_message.which_repository(translator, "#12", ["platform", "web"]),
        "drift-card-open": incident.card(translator, OPEN),
        "drift-card-suspects": incident.card(translator, replace(OPEN, suspects=SUSPECTS)),
        "drift-card-blind": incident.card(translator, replace(OPEN, blind=SILENT)),
        "drift-card-resolved": incident.card(translator, RESOLVED),
        "drift-card-resolved-by-git": incident.card(translator, replace(RESOLVED, ended="git")),
        "drift-card-critical": incident.card(translator, CRITICAL),
        "drift-card-acknowledged": incident.card(translator, TAKEN),
        "drift-card-snoozed": incident.card(translator, ASLEEP),
        "drift-card-adopted": incident.card(translator, replace(RESOLVED, ended="adopted")),
        "drift-card-unwatched": incident.card(translator, UNWATCHED),
        "drift-reply-unwatched": incident_thread.resolved(translator, UNWATCHED),
        "group-card-over": incident_group.card(translator, [*ENDED, UNWATCHED]),
        "group-reply-some-unwatched": incident_thread.some_resolved(
            translator, [UNWATCHED], [*SEVERAL, UNWATCHED], BACK
        ),
        "group-reply-last-unwatched": incident_thread.some_resolved(translator, [UNWATCHED], [*ENDED, UNWATCHED], BACK),
        "drift-reply-grown": incident_thread.grown(translator, OPEN, GREW),
        "drift-reply-grown-awake": incident_thread.grown(translator, OPEN, replace(GREW, by="U0ANA")),
        "drift-reply-acknowledged": incident_thread.silenced(translator, [TAKEN], TAKEN.history[-1]),
        "drift-reply-snoozed": incident_thread.silenced(translator, [ASLEEP], ASLEEP.history[-1]),
        "drift-reply-woken": incident_thread.woken(translator, [OPEN]),
        "drift-reply-reminded": incident_thread.reminded(translator, [OPEN]),
        "drift-reply-escalated": incident_thread.escalated(translator, [CRITICAL], ["U0ANA", "S0ONCALL"]),
        "drift-reply-escalated-elsewhere": incident_thread.escalated(
            translator, [CRITICAL], ["S0ONCALL"], "C0ALERTS01"
        ),
        "drift-reply-resolved": incident_thread.resolved(translator, RESOLVED),
        "group-card-open": incident_group.card(translator, SEVERAL),
        "group-card-acknowledged": incident_group.card(translator, [replace(TAKEN, application=name) for name in "ab"]),
        "group-card-partly": incident_group.card(translator, [*SEVERAL, replace(RESOLVED, application="search")]),
        "group-card-resolved": incident_group.card(translator, [replace(RESOLVED, application=name) for name in "abc"]),
        "group-card-of-a-repository": incident_group.card(translator, [*SEVERAL, replace(OPEN, cluster="test")]),
        "group-card-many": incident_group.card(translator, STORM),
        "group-reply-acknowledged": incident_thread.silenced(translator, STORM, TAKEN.history[-1]),
        "group-reply-reminded": incident_thread.reminded(translator, STORM),
        "group-reply-some-resolved": incident_thread.some_resolved(translator, ENDED[:2], [*SEVERAL, *ENDED], BACK),
        "group-reply-all-resolved": incident_thread.some_resolved(translator, ENDED, ENDED, BACK),
        "drift-answer": drift.checked(translator, [DRIFTED, SYNCED, UNKNOWN]),
        "drift-answer-none": drift.checked(translator, []),
        "diff-answer": drift.diff(translator, DRIFTED, "shop", everything=False),
        "diff-answer-all": drift.diff(translator, replace(DRIFTED, set_aside=ASIDE), "shop", everything=True),
        "diff-answer-all-none": drift.diff(translator, SYNCED, "search", everything=True),
        "diff-answer-synced": drift.diff(translator, SYNCED, "search", everything=False),
        "diff-answer-unknown": drift.diff(translator, UNKNOWN, "payments", everything=False),
        "rollout-card-merged": rollout.card(translator, MERGE),
        "rollout-card-waiting": rollout.card(
            translator,
            replace(
                MERGE,
                parts=(
                    LIVE_PARTS[0],
                    replace(MERGE.parts[1], lacking=PendingState(("Deployment web: spec.replicas",), total=1)),
                ),
            ),
        ),
        "rollout-card-live": rollout.card(
            translator, replace(MERGE, parts=LIVE_PARTS, state=RolloutState.LIVE, ended_at=T0 + timedelta(seconds=42))
        ),
        "rollout-card-late": rollout.card(
            translator,
            replace(
                MERGE,
                state=RolloutState.LATE,
                parts=(LIVE_PARTS[0], replace(MERGE.parts[1], error=SILENT)),
            ),
        ),
        "rollout-card-superseded": rollout.card(
            translator, replace(MERGE, state=RolloutState.SUPERSEDED, superseded_by=OLDER)
        ),
        "rollout-reply-live": rollout.ended_reply(
            translator, replace(MERGE, parts=LIVE_PARTS, state=RolloutState.LIVE, ended_at=T0 + timedelta(seconds=42))
        ),
        "rollout-card-written": rollout.card(translator, WRITTEN),
        "rollout-card-stuck": rollout.card(translator, STUCK),
        "rollout-card-suspects": rollout.card(
            translator, replace(STUCK, suspects=tuple(replace(each, why=Why.OBJECT) for each in SUSPECTS[:2]))
        ),
        "rollout-card-dead": rollout.card(translator, replace(STUCK, parts=(LIVE_PARTS[0], STUCK.parts[2]))),
        "rollout-card-many": rollout.card(translator, MANY),
        "rollout-card-several": rollout.card(translator, replace(MERGE, merges=12, pull_number=None, pull_url=None)),
        "rollout-card-rewritten": rollout.card(translator, replace(MERGE, rewritten=True)),
        "rollout-reply-stuck": rollout.late_reply(translator, STUCK),
        "rollout-reply-mentions": rollout.ended_reply(
            translator, replace(WRITTEN, parts=LIVE_PARTS, state=RolloutState.LIVE, ended_at=T0 + timedelta(seconds=42))
        ),
        "history-answer-judged": history.listing(translator, judged_entries(), "main", None, None),
        **{f"approval-card-{name}": approval.card(translator, alert) for name, alert in UNAPPROVED.items()},
        "revert-card-open": revert_pull.card(translator, PULL),
        "revert-card-merged": revert_pull.card(translator, replace(PULL, state="merged", merged_by="carla")),
        "revert-card-merged-by-nobody-known": revert_pull.card(
            translator, replace(PULL, state="merged", applications=())
        ),
        "diff-file-pointer": diff_file.pointer(translator),
        "revert-card-asked-by-button": revert_pull.card(
            translator, replace(PULL, what=f"https://forge.example/commit/{SHA}")
        ),
        "revert-card-closed": revert_pull.card(translator, replace(PULL, state="closed")),
        **{
            f"adopt-card-{state}": revert_pull.card(translator, replace(PULL, state=state, purpose="adopt"))
            for state in ("open", "merged", "closed")
        },
        "adopt-opened": adopt.opened(
            translator, FORGE_PULL, "shop", ("apps/shop/web.yaml", "apps/shop/settings.yaml"), DRIFTED.drift
        ),
        "adopt-card-moot": revert_pull.card(translator, replace(PULL, purpose="adopt", moot=True)),
        "adopt-already-open": adopt.already_open(translator, FORGE_PULL),
        "adopt-nothing": adopt.nothing(translator, "shop"),
        "adopt-refused": adopt.not_adopted(
            translator,
            LocalizedText(adopt_texts.HELM, application="shop", path="spec.replicas", files="charts/shop/values.yaml"),
        ),
        "adopt-unfinished": adopt.unfinished(translator, "gitops-bot/adopt-shop-0123456789ab", "The forge is away."),
        "status-answer": overview(translator),
        "status-answer-one": overview(translator, applications=APPLICATIONS[:1], pulls={}, troubles=[], rollouts=[]),
        "status-answer-none": overview(translator, applications=[]),
        "status-answer-table": tabled(translator),
        "status-answer-table-refused": tabled(translator).without_table(),
        "status-answer-deployers": overview(translator, pulls={}, troubles=[], rollouts=[], **DEPLOYERS),
        "history-answer": history.listing(translator, entries(), "main", None, None),
        "history-answer-one": history.listing(translator, entries()[:1], "main", "shop", history.no_forge()),
        "history-answer-none-at-all": history.listing(translator, [], "main", None, None),
        "history-answer-unknown": history.listing(translator, entries(), "main", "shop", FORGE_SILENT),
        "history-answer-none": history.listing(translator, [], "main", "shop", None),
        "help-answer": help_message.overview(translator),
        "mistake-command": help_message.mistake(translator, commands.UnknownCommand("statsu", "status"), ["shop"]),
        "mistake-application": help_message.mistake(
            translator, commands.UnknownApplication("shpo", "shop"), ["shop", "search"]
        ),
        "mistake-command-unlike-any": help_message.mistake(
            translator, commands.UnknownCommand("deploy", None), ["shop"]
        ),
        "mistake-application-unlike-any": help_message.mistake(
            translator, commands.UnknownApplication("billing", None), ["shop", "invoices"]
        ),
        "mistake-application-of-none": help_message.mistake(translator, commands.UnknownApplication("shop", None), []),
        "mistake-span": help_message.mistake(translator, commands.WrongSpan(), ["shop"]),
        "help-about-one": help_message.answer(translator, commands.COMMANDS[3]),
        "mistake-arguments": help_message.mistake(translator, commands.WrongArguments(commands.COMMANDS[3]), ["shop"]),
        "trouble-failed": trouble.failed(translator, "a1b2c3d4"),
        "trouble-busy": trouble.busy(translator),
        "trouble-outside": trouble.outside(translator, SILENT),
        "opening-drift": trouble.opening(translator, commands.DriftCommand(None)),
        "opening-drift-one": trouble.opening(translator, commands.DriftCommand("shop")),
        "opening-diff": trouble.opening(translator, commands.DiffCommand("shop")),
        "control-denied-revert": control.denied(translator, Right.REVERT, Denied(RULE)),
        "control-denied-silence": control.denied(translator, Right.SILENCE, Denied(Rule("slack.silence_allowed", ()))),
        "control-could-not-ask": control.denied(
            translator, Right.REVERT, CouldNotAsk(RULE, "S0ONCALL", "Slack did not take it: Slack asks to wait.")
        ),
        "control-acknowledged": control.acknowledged(translator, ["shop"]),
        "control-acknowledged-already": control.acknowledged_already(translator, ["shop", "search"], "U0ANA"),
        "control-snoozed": control.snoozed(translator, ["shop"], T0 + timedelta(days=2)),
        "control-snoozed-already": control.snoozed_already(translator, ["shop"], "U0ANA"),
        "control-nothing-open": control.nothing_open(translator, ["shop"]),
        "control-nothing-open-on-card": control.nothing_open(translator, []),
        "control-stale": control.stale(translator),
        "who-answer": who.answer(translator, BEHIND),
        "who-answer-unknown": who.answer(
            translator, replace(BEHIND, incident=None, owners=(), writers=(), trouble="GitHub does not answer.")
        ),
        "who-answer-nobody": who.answer(translator, who.Behind("shop", (), None, (), (), None)),
        "opening-revert": trouble.opening(translator, commands.RevertCommand("#12", None)),
    }


def hostile_messages(translator):
    """The worst that git, a cluster and people can put into a message."""
    long = "x" * 10_000
    nasty = (field(path=long, desired=long, live={"a": [long]}, manager=long), field("added", HOSTILE, None, HOSTILE))
    objects = tuple(
        ObjectDrift("v1", "ConfigMap", HOSTILE[:20], f"{HOSTILE}-{index}-{long}", "modified", nasty)
        for index in range(100)
    )
    check = replace(DRIFTED, application="shop", drift=objects, error=f"{HOSTILE} {long}", set_aside=objects)
    suspect = replace(SUSPECTS[0], subject=HOSTILE + long, author=long, places=(long,) * 9, approved_by=(long,) * 9)
    bad = replace(OPEN, drift=objects, blind=long, suspects=(suspect,) * 9)
    fields = tuple(FieldChange("changed", long, long, HOSTILE) for _ in range(9))
    change = Change(
        RenderedChange(500, 500, 500, (ObjectChange("changed", "v1", long, long, HOSTILE, fields, 900),) * 24),
        tuple(Unpinned(f"{HOSTILE}{index}{long}", Pin.TAG, long) for index in range(10)),
        900,
    )
    lacking = PendingState(
        (long, HOSTILE) * 5,
        (long, HOSTILE) * 5,
        (Unready(long, HOSTILE, 10**9, 10**9, long),) * 9,
        Failure(HOSTILE, long, HOSTILE + long),
        10**6,
    )
    parts = tuple(
        Part(
            f"application-{index}",
            HOSTILE,
            "C1",
            lacking=lacking,
            error=long if index % 2 else None,
            change=replace(change, images=index),
        )
        for index in range(200)
    )
    authors = tuple(Author(f"{HOSTILE} {long}", long) for _ in range(20))
    merge = replace(
        MERGE, subject=f"{HOSTILE} {long}", author=long, merged_by=HOSTILE, approved_by=(long,) * 9, parts=parts
    )
    merge = replace(merge, authors=authors, more_authors=10**6)
    many = [replace(APPLICATIONS[0], name=f"application-{index}", namespace=HOSTILE) for index in range(500)]
    checks = {each.name: replace(check, application=each.name, drift=objects[:3]) for each in many}
    pulls = {"platform": [replace(FORGE_PULL, title=f"{HOSTILE}{long}", author=HOSTILE)] * 100}
    commit = replace(COMMIT, message=f"{HOSTILE} {long}")
    pull = replace(FORGE_PULL, title=f"{HOSTILE} {long}", number=10**9)
    target = Target((commit,), OLDER, pull)
    paths = tuple(f"{HOSTILE}/{index}/{long}" for index in range(600))
    files = tuple(revert.ConflictedFile(path, long, (commit,) * 9) for path in paths)
    warned = tuple(Warned(Loss.IMMUTABLE, long, None, f"{HOSTILE} {long}", long) for _ in range(500))
    effects = [Effect(f"{HOSTILE}{n}{long}", long, HOSTILE, change.rendered, warned) for n in range(40)]
    effects += [Effect("shop", HOSTILE, long, why=f"{HOSTILE} {n} {long}") for n in range(40)]
    outcomes = [
        revert.Opened(pull, target, paths, (long,) * 99, paths, long, bounded(effects)),
        revert.AlreadyReverted(target, commit),
        revert.Conflict(target, files, (long,) * 9),
        revert.InsidePull(commit, "#12", pull, None, only_possible=True),
        revert.AcrossMerges(f"{HOSTILE}{long}", 400, (commit,) * 400),
        revert.Confirm(target, paths, (long,) * 99),
        revert.Ambiguous(long, (commit,) * 99),
        revert.Refused(f"Git said {HOSTILE} {long}"),
        revert.Unfinished(long, f"{HOSTILE} {long}", None),
    ]
    request = RevertRequest(HOSTILE, f"{HOSTILE} {long}", "shop")
    nasty_words = {"reason": f"{HOSTILE} {long}", "result": f"{HOSTILE} {long}"}
    return {
        **{f"revert {type(each).__name__}": revert_message.answer(translator, each, request) for each in outcomes},
        "drift card": incident.card(translator, bad),
        "adopt opened": adopt.opened(translator, pull, "shop", paths, objects),
        "resolved card": incident.card(
            translator, replace(bad, state=IncidentState.RESOLVED, resolved_at=T0, ended="git")
        ),
        "drift answer": drift.checked(translator, [check] * 10),
        "diff": drift.diff(translator, check, "shop", everything=True),
        "rollout": rollout.card(translator, merge),
        "rollout few": rollout.card(translator, replace(merge, parts=parts[:8])),
        "rollout stuck": rollout.late_reply(translator, replace(merge, state=RolloutState.LATE)),
        "rollout late": rollout.card(translator, replace(merge, state=RolloutState.LATE, suspects=(suspect,) * 9)),
        "status": overview(translator, applications=many, checks=checks, pulls=pulls, troubles=[long, HOSTILE] * 9),
        "status of hostile deployers": overview(
            translator,
            applications=many,
            checks=checks,
            views={
                each.name: DeployerView(HOSTILE, HOSTILE, HOSTILE, SHA, None, Failure(HOSTILE, long, long))
                for each in many
            },
            unreadable=[Unreadable(replace(CHART_RESOURCE, name=f"{HOSTILE}{long}"), DeployerView(""), long, HOSTILE)]
            * 400,
        ),
        "history": history.listing(translator, entries(f"{HOSTILE} {long}") * 40, HOSTILE, "shop", long),
        **{f"alert {name}": approval.card(translator, alert) for name, alert in nasty_alerts(long)},
        **{
            f"queued {name} {state}": tell(translator, replace(QUEUED, **nasty_words, request=request, state=state))
            for name, tell in (("card", queued_message.card), ("reply", queued_message.reply))
            for state in QueueState
        },
        "history of trouble": history.listing(
            translator,
            entries(f"{HOSTILE} {long}") * 40,
            HOSTILE,
            "shop",
            long,
            suspect_message.of_drift(translator, (suspect,) * 9, "shop"),
        ),
        "revert pull": revert_pull.card(
            translator, replace(PULL, title=f"{HOSTILE} {long}", what=long, merged_by=long, state="merged")
        ),
        "unknown command": help_message.mistake(
            translator, commands.UnknownCommand(f"{HOSTILE}{long}", None), [long] * 99
        ),
        "unknown application": help_message.mistake(
            translator, commands.UnknownApplication(f"{HOSTILE}{long}", None), [long] * 99
        ),
        "outside": trouble.outside(translator, f"Git said: {HOSTILE} {long}"),
        "denied": control.denied(translator, Right.REVERT, Denied(replace(RULE, allowed=("U0ANA",) * 500))),
        "could not ask": control.denied(translator, Right.REVERT, CouldNotAsk(RULE, "S0ONCALL", f"{HOSTILE} {long}")),
        "who": who.answer(
            translator,
            who.Behind(
                HOSTILE[:60],
                ("U0ANA", "S0ONCALL") * 50,
                None,
                [(f"{HOSTILE}{long}", None)] * 3,
                [who.Change(commit, None, (Author(f"{HOSTILE} {long}", "x"),) * 20, pull, (long,) * 9)] * 3,
                f"{HOSTILE} {long}",
            ),
        ),
    }


LONG = "x" * 10_000


def hostile_objects():
    """Objects whose every part is as long and as hostile as it can be."""
    fields = (field(path=LONG, desired=LONG, live={"a": [LONG]}, manager=LONG), field("added", HOSTILE, None, HOSTILE))
    names = (f"{HOSTILE}-{index}-{LONG}" for index in range(10))
    return tuple(ObjectDrift("v1", "ConfigMap", HOSTILE[:20], name, "modified", fields * 20) for name in names)


def modals(translator):
    """One of each kind."""
    return {
        "modal-diff": diff_pages.view(translator, [DRIFTED], "shop", 0),
        "modal-diff-synced": diff_pages.view(translator, [SYNCED], "search", 0),
        "modal-diff-first-page": diff_pages.view(translator, [MUCH_DRIFTED], "shop", 0),
        "modal-diff-middle-page": diff_pages.view(translator, [MUCH_DRIFTED], "shop", 1),
        "modal-diff-last-page": diff_pages.view(translator, [MUCH_DRIFTED], "shop", 99),
        "modal-diff-of-several": diff_pages.view(
            translator, [DRIFTED, replace(UNKNOWN, drift=(CONFIG,))], "group-1", 0
        ),
        "modal-diff-outdated": diff_pages.outdated(translator, control.stale(translator)),
        "modal-reading": diff_pages.reading(translator, ["shop"]),
        "modal-reading-a-group": diff_pages.reading(translator, []),
        "modal-snooze": snooze_message.form(translator, ["shop", "search"], subject="shop@1", channel="C1"),
        "modal-snooze-opening": snooze_message.opening(translator),
        "modal-snooze-denied": snooze_message.refusal(
            translator, control.denied(translator, Right.SILENCE, Denied(RULE))
        ),
    }


def hostile_modals(translator):
    """As large as they get, and with names at their longest."""
    many = replace(DRIFTED, drift=DRIFTED.drift * 300)
    worst = replace(many, application="s" * 63, error=f"{HOSTILE} {LONG}", drift=hostile_objects())
    return {
        **{f"modal of much, page {page}": diff_pages.view(translator, [many], "shop", page) for page in (0, 7, 10**5)},
        **{
            f"modal of the worst, page {page}": diff_pages.view(translator, [worst], "shop", page)
            for page in (0, 99, 10**5)
        },
        "modal of many": diff_pages.view(translator, [worst] * 20, f"group {LONG[:500]}", 0),
        "reading long names": diff_pages.reading(translator, ["s" * 63] * 50),
        "snooze of long names": snooze_message.form(translator, ["s" * 63] * 50, subject="s" * 200, channel="C1"),
        "snooze of nothing": snooze_message.refusal(translator, control.nothing_open(translator, [])),
    }


def at_home(translator, about="", said=None, user="U0ANA", groups=None, **given):
    """Somebody's Home tab, of these applications, checks, incidents, rollouts and pull requests."""
    known = {
        "applications": APPLICATIONS,
        "checks": {check.application: check for check in (DRIFTED, SYNCED, UNKNOWN)},
        "incidents": [],
        "rollouts": [],
        "pulls": [],
        "now": T0 + timedelta(hours=1),
    } | given
    notice = home_message.Notice(said, about) if said else None
    shown = home(user, survey(**known), groups or {})
    return home_message.view(translator, home_message.content(translator, shown, notice), T0)


OWNED = [replace(APPLICATIONS[1], owners=("U0ANA",)), replace(APPLICATIONS[0], owners=("S0ONCALL",)), APPLICATIONS[2]]
TWO_HUNDRED = [replace(APPLICATIONS[0], name=f"application-{number:03}") for number in range(200)]
ONE_EACH = [
    replace((OPEN, CRITICAL, TAKEN, ASLEEP)[number % 4], id=f"i{number}", application=f"application-{number:03}")
    for number in range(50)
]
ARRIVED = replace(WRITTEN, id="live", parts=LIVE_PARTS, state=RolloutState.LIVE, ended_at=T0 + timedelta(seconds=42))
ASKED_FOR = [
    PULL,
    replace(PULL, id="p#14", number=14, state="merged", ended_at=T0 + timedelta(minutes=20)),
    replace(PULL, id="p#15", number=15, state="closed", ended_at=T0 + timedelta(minutes=30)),
    replace(PULL, id="p#16", by="U0BO"),
]


def homes(translator):
    """One of each kind, and the largest."""
    typical = {
        "applications": OWNED,
        "incidents": [
            OPEN,
            replace(CRITICAL, id="search@1", application="search", history=TAKEN.history),
            replace(TAKEN, id="payments@1", application="payments", acknowledged_by="U0BO"),
            replace(ASLEEP, id="new@1", application="new"),
            replace(RESOLVED, id="shop@0"),
        ],
        "rollouts": [MERGE, ARRIVED],
        "pulls": ASKED_FOR,
    }
    groups = {"S0ONCALL": frozenset({"U0ANA"})}
    many = {
        "applications": TWO_HUNDRED,
        "checks": {
            each.name: replace((SYNCED, DRIFTED, UNKNOWN)[number % 3], application=each.name)
            for number, each in enumerate(TWO_HUNDRED)
        },
    }
    denied = control.denied(translator, Right.SILENCE, Denied(RULE))
    return {
        "home-empty": at_home(translator, applications=[], checks={}),
        "home-quiet": at_home(translator, applications=APPLICATIONS[:1]),
        "home-typical": at_home(translator, groups=groups, **typical),
        "home-changed": at_home(translator, rollouts=[ARRIVED], whole=False),
        "home-of-others": at_home(translator, user="U0BO", **typical),
        "home-owners-unknown": at_home(translator, user="U0CEM", groups={"S0ONCALL": SILENT}, **typical),
        "home-answered": at_home(translator, "shop@1", denied, groups=groups, **typical),
        "home-answered-of-what-is-over": at_home(
            translator, "gone@1", control.nothing_open(translator, ["shop"]), **typical
        ),
        "home-shared-card": at_home(translator, incidents=[replace(each, id=each.application) for each in SEVERAL]),
        "home-many": at_home(
            translator, incidents=ONE_EACH, pulls=[replace(PULL, id=str(n)) for n in range(20)], **many
        ),
    }


def hostile_homes(translator):
    """As large as they get, and with names at their longest."""
    applications = [
        replace(APPLICATIONS[0], name=f"{number:03}".ljust(63, "s"), cluster=LONG, owners=("U0ANA", "S0ONCALL"))
        for number in range(1_000)
    ]
    worst = replace(UNKNOWN, error=f"{HOSTILE} {LONG}", drift=hostile_objects()[:2])
    asleep = [
        replace(ASLEEP, id=each.name, application=each.name, cluster=LONG, drift=worst.drift[:1])
        for each in applications[:30]
    ]
    loud = [
        replace(each, id=f"loud {each.id}", state=IncidentState.OPEN, group=f"{number // 3}" if number < 21 else None)
        for number, each in enumerate(asleep)
    ]
    return {
        "home of the worst": at_home(
            translator,
            loud[0].id,
            trouble.outside(translator, f"Git said: {HOSTILE} {LONG}"),
            applications=applications,
            checks={each.name: replace(worst, application=each.name) for each in applications},
            incidents=[*loud, *asleep],
            rollouts=[replace(MERGE, parts=tuple(Part(each.name, LONG, "C1") for each in applications))],
            pulls=[replace(PULL, id=str(n), title=f"{HOSTILE} {LONG}", number=10**9) for n in range(90)],
            groups={"S0ONCALL": f"{HOSTILE} {LONG}"},
            whole=False,
        )
    }


def in_every_language(make):
    """What `make` makes, by language and name."""
    return {f"{each}/{name}": made for each in Language for name, made in make(Translator(each)).items()}


MESSAGES = in_every_language(messages)
MODALS = in_every_language(modals)
HOMES = in_every_language(homes)
GOLDEN_TEXTS = {name: {"text": said.text, "blocks": said.blocks} for name, said in MESSAGES.items()} | MODALS | HOMES
ALL = MESSAGES | in_every_language(hostile_messages)
ALL_MODALS = MODALS | in_every_language(hostile_modals)
ALL_HOMES = HOMES | in_every_language(hostile_homes)


@pytest.mark.parametrize("name", GOLDEN_TEXTS)
def test_it_reads_as_its_golden_file_says(name):
    text = json.dumps(GOLDEN_TEXTS[name], indent=1, ensure_ascii=False) + "\n"
    path = GOLDEN / f"{name}.json"
    if os.environ.get("UPDATE_GOLDEN"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


def test_no_golden_file_is_left_over():
    assert {str(path.relative_to(GOLDEN).with_suffix("")) for path in GOLDEN.rglob("*.json")} == set(GOLDEN_TEXTS)


@pytest.mark.parametrize("name", [*MESSAGES, *HOMES])
def test_every_language_says_it_with_the_same_blocks(name):
    """What can be pressed, and what it refers to, does not depend on the language."""
    assert pressed(GOLDEN_TEXTS[name]["blocks"]) == pressed(GOLDEN_TEXTS[f"en/{name.partition('/')[2]}"]["blocks"])


def pressed(blocks):
    """The blocks' types, and of each button all but its words: its label, and what it asks before it acts."""
    return [
        (
            block["type"],
            [{**each, "text": None, "confirm": sorted(each.get("confirm", ()))} for each in block["elements"]]
            if block["type"] == "actions"
            else None,
        )
        for block in blocks
    ]


@pytest.mark.parametrize("name", ALL)
def test_slacks_own_library_reads_back_every_block(name):
    """Its models know limits, and drop or refuse what Slack does not know."""
    blocks = [dict(block) for block in ALL[name].blocks]
    assert [block.to_dict() for block in Block.parse_all(blocks)] == blocks


@pytest.mark.parametrize("view", [pytest.param(view, id=name) for name, view in (ALL_MODALS | ALL_HOMES).items()])
def test_slacks_own_library_reads_back_every_view(view):
    read = View(**view)
    read.validate_json()
    assert read.to_dict() == view


@pytest.mark.parametrize("view", [pytest.param(view, id=name) for name, view in (ALL_MODALS | ALL_HOMES).items()])
def test_a_view_keeps_slacks_limits(view):
    check_view(dict(view), view["type"])


@pytest.mark.parametrize("name", ALL_HOMES)
def test_nothing_people_wrote_becomes_markup_on_a_home(name):
    assert '"mrkdwn"' not in json.dumps(ALL_HOMES[name])


@pytest.mark.parametrize("name", ALL)
def test_it_keeps_slacks_limits(name):
    said = ALL[name]
    check_blocks([dict(block) for block in said.blocks])
    check_text(said.text, 4_000)


@pytest.mark.parametrize("name", ALL)
def test_its_fallback_is_a_sentence_for_a_screen_reader(name):
    said = ALL[name]
    assert said.text[0].isalnum() or said.text[0] == "#"
    assert said.text.rstrip()[-1] in ".…)?"
    assert len(said.text) <= 4_000


@pytest.mark.parametrize("name", ALL)
def test_nothing_people_wrote_becomes_markup(name):
    """Only rich_text and plain_text carry what people wrote; the fallback is escaped."""
    said = ALL[name]
    assert not re.search(r"<[!@#h]", said.text)
    assert '"mrkdwn"' not in json.dumps(said.blocks)

"""The answers to `status`, `history` and `who`."""

from dataclasses import replace
from datetime import timedelta

from bot.core.applications.deployer_status import DeployerFailure, SyncMode
from bot.core.applications.deployer_status import DeployerStatus as DeployerView
from bot.core.approvals.approval import ApprovalStatus
from bot.core.drift.model import NotFollowed
from bot.core.git.author import Author
from bot.core.git.commit import Commit
from bot.core.git.people import ChangePeople
from bot.core.health.status import HealthStatus
from bot.core.health.unready import Unready
from bot.i18n.catalogue import chat, discovery
from bot.i18n.language import LocalizedText
from bot.messages import history, status, who
from bot.messages.writer import Writer
from tests.messages.approvals import MERGED as JUDGED
from tests.messages.samples import (
    APPLICATIONS,
    AS_ANOTHER,
    CHECKS,
    COMMIT,
    FORGE_SILENT,
    LIVE_AT,
    MERGED,
    OLDER,
    OPEN,
    PULL_REQUEST,
    SHA,
    SYNCED,
    T0,
)

DEPLOYERS = {
    "views": {
        "shop": DeployerView("Argo CD", "Synced", "Healthy", SHA),
        "search": DeployerView("Argo CD", "OutOfSync", "Progressing", OLDER, sync_mode=SyncMode.MANUAL),
        "payments": DeployerView(
            "Flux",
            "Ready",
            sync_mode=SyncMode.SUSPENDED,
            failure=DeployerFailure("Flux", "BuildFailed", "no such file"),
        ),
        "new": DeployerView("Flux"),
        "docs": DeployerView(
            "Flux", "NotReady", failure=DeployerFailure("Flux", "DependencyNotReady", waits_for=("flux-system/dns",))
        ),
    },
    "not_followed": [
        NotFollowed(
            "HelmRelease",
            LocalizedText(discovery.NOT_GIT, kind="HelmRepository", name="charts"),
            tuple(f"prod/apps/chart-{number}" for number in range(68)),
        ),
        NotFollowed(
            "Application", LocalizedText(discovery.NO_CLUSTER, destination="https://10.1.1.1"), ("prod/argocd/shop.2",)
        ),
    ],
}
NOT_TAKEN = LocalizedText(chat.NOT_TAKEN, why=LocalizedText(chat.NOT_IN_CHANNEL, channel="C0ALERTS01"))
ANA = ChangePeople((Author("Ana", "ana@shop.example"),))
BEHIND = who.Contacts(
    application="shop",
    owners=("U0ANA", "S0ONCALL"),
    incident=replace(
        OPEN, acknowledged_by="U0BO", acknowledged_at=T0, snoozed_by="U0ANA", snoozed_until=T0 + timedelta(hours=4)
    ),
    writers=[Writer("kubectl-edit", T0), Writer("argocd-controller", None), Writer(None, T0, AS_ANOTHER)],
    changes=[
        who.Change(
            COMMIT,
            MERGED.url,
            PULL_REQUEST,
            ChangePeople((Author("Ana", "ana@shop.example", user="U0ANA"),), approvers=("carla", "bo"), merger="bruno"),
        ),
        who.Change(
            COMMIT, None, PULL_REQUEST, ChangePeople(tool="gitops-bot", requester="dana", approvers=(), merger="bruno")
        ),
        who.Change(COMMIT, None, None, ChangePeople(tool="renovate[bot]")),
    ],
    approvals_error=None,
)


UNREADY = (
    Unready("Deployment", "web", 1, 3, "CrashLoopBackOff", health=HealthStatus.DEGRADED),
    Unready("PersistentVolumeClaim", "data"),
    Unready("Deployment", "api", 0, 1),
    Unready("Deployment", "jobs", 0, 2),
)


def overview(translator, **given):
    shown = {
        "applications": APPLICATIONS,
        "checks": CHECKS,
        "rollouts": [MERGED],
        "incidents": {"shop": replace(OPEN, acknowledged_by="U0BO", acknowledged_at=T0)},
        "pulls": {"platform": [replace(PULL_REQUEST, state="open")]},
        "pulls_unknown": {"web": FORGE_SILENT},
        "unready": {"shop": UNREADY},
        "outages": [LocalizedText(chat.IN_CHANNEL, channel="C0ALERTS01", why=NOT_TAKEN)],
    }
    return status.answer(translator, status.Overview(**(shown | given)))


def table(translator):
    """Of so many applications that there is a table."""
    applications, checks = [], {}
    for number in range(40):
        for application in APPLICATIONS:
            name = f"{application.name}-{number:02}"
            applications.append(replace(application, name=name))
            if application.name in CHECKS:
                checks[name] = CHECKS[application.name]
    for number in range(3, 40):
        checks[f"payments-{number:02}"] = replace(SYNCED, application="payments")
    return overview(translator, applications=applications, checks=checks, unready={"search-01": UNREADY[:1]})


def entries(text="Lower the memory limit of web"):
    commit = replace(COMMIT, message=text)
    older = replace(commit, sha=OLDER)
    return [
        history.Entry(
            commit,
            MERGED.url,
            PULL_REQUEST,
            replace(ANA, approvers=("carla",), merger="bruno"),
            (("shop", LIVE_AT - T0),),
            T0,
        ),
        history.Entry(older, None, None, replace(ANA, approvers=()), (), T0 - timedelta(days=1)),
        history.Entry(older, None, None, ANA, (), T0 - timedelta(days=2)),
    ]


def judged_entries():
    """One commit of each verdict."""
    commit = Commit(SHA, (OLDER,), "Raise the limit", "Ana", "ana@shop.example", T0)
    verdicts = [verdict for verdict in ApprovalStatus if verdict is not ApprovalStatus.REWRITTEN]
    records = [
        replace(JUDGED, later=("carla",)),
        *(replace(JUDGED, verdict=verdict, approvers=("carla",)) for verdict in verdicts),
        replace(JUDGED, verdict=ApprovalStatus.APPROVED, approvers=("carla",), verified=True),
    ]
    return [history.Entry(commit, None, judged.pull, judged.people, (), T0, judged) for judged in records]


def messages(translator):
    only = {"pulls": {}, "outages": [], "rollouts": []}
    of_one = {"pulls_of": "shop", "applications": APPLICATIONS[1:2], "outages": [], "pulls_unknown": {}}
    unknown = replace(BEHIND, incident=None, owners=(), writers=(), approvals_error=FORGE_SILENT)
    return {
        "status-answer": overview(translator),
        "status-answer-one": overview(translator, applications=APPLICATIONS[:1], **only),
        "status-answer-of-shop": overview(translator, **of_one),
        "status-answer-none": overview(translator, applications=[]),
        "status-answer-table": table(translator),
        "status-answer-table-refused": table(translator).without_table_or_chart(),
        "status-answer-deployers": overview(translator, **only, **DEPLOYERS),
        "status-answer-discovering": overview(translator, applications=(), is_discovering=True),
        "status-answer-still-discovering": overview(translator, **only, is_discovering=True),
        "history-answer": history.answer(translator, entries(), "main", None, None),
        "history-answer-one": history.answer(translator, entries()[:1], "main", "shop", history.no_forge()),
        "history-answer-none-at-all": history.answer(translator, [], "main", None, None),
        "history-answer-unknown": history.answer(translator, entries(), "main", "shop", FORGE_SILENT),
        "history-answer-none": history.answer(translator, [], "main", "shop", None),
        "history-answer-judged": history.answer(translator, judged_entries(), "main", None, None),
        "who-answer": who.answer(translator, BEHIND),
        "who-answer-unknown": who.answer(translator, unknown),
        "who-answer-nobody": who.answer(translator, who.Contacts("shop", (), None, (), (), None)),
    }

"""The checks, incidents, rollouts and pull requests that the messages under test are about."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from bot.core.access.audit import Origin
from bot.core.access.permission import Rule
from bot.core.applications.application import Application
from bot.core.applications.deployer_status import DeployerFailure
from bot.core.changes.rendered_change import FieldChange, ObjectChange, RenderedChange
from bot.core.changes.suspect import Suspect, SuspectReason
from bot.core.drift.model import Actor, Check, ClusterUser, Confidence, FieldDrift, ObjectDrift, Status
from bot.core.git.author import Author
from bot.core.git.commit import Commit, PullRequest
from bot.core.git.commit_check import CheckState, CommitCheck, CommitChecks
from bot.core.git.repository_ref import RepositoryRef
from bot.core.health.unready import Unready
from bot.core.incidents.incident import Incident, IncidentState, acknowledge, snooze
from bot.core.objects.images import Pin, Unpinned
from bot.core.pull_requests.tracked_pull_request import TrackedPullRequest
from bot.core.rollouts.pending import PendingState
from bot.core.rollouts.rollout import ApplicationChange, ApplicationRollout, Rollout, RolloutState
from bot.i18n.catalogue import cluster, forge
from bot.i18n.language import LocalizedText
from bot.messages.object_links import ObjectLink

T0 = datetime(2026, 3, 1, 2, 47, tzinfo=UTC)
SHA = "4f2a9c1e" + "0" * 32
OLDER = "1b7d3e5a" + "0" * 32
FORGE = "https://forge.example/acme/platform"
RULE = Rule("slack.revert_allowed", ("U0ANA", "S0ONCALL"))

# What did not answer, and what is not allowed.
SILENT = LocalizedText(
    cluster.COULD_NOT,
    cluster="prod",
    what=LocalizedText(cluster.LIST, resource="deployments.apps"),
    why=LocalizedText(cluster.UNREACHABLE, cause=LocalizedText(cluster.SLOW_CONNECTION), host="https://10.0.0.1"),
)
FORGE_SILENT = LocalizedText(forge.SILENT, forge="GitHub", host="api.github.com")
FORBIDDEN = LocalizedText(
    cluster.FORBIDDEN,
    cluster="prod",
    account="system:serviceaccount:gitops-bot:bot",
    what=LocalizedText(cluster.LIST_IN, resource="secrets", namespace="payments"),
    grant=LocalizedText(cluster.GRANT_LIST_IN, resource="secrets", namespace="payments"),
)


# ---------------------------------------------------------------- drift


def field(change="changed", path="spec.replicas", desired=2, live=7, manager="kubectl", time=T0):
    return FieldDrift(change, path, desired, live, manager, time, "differs from git")


DEBUG = "spec.template.spec.containers[name=web].env[name=DEBUG]"
DEPLOYMENT = ObjectDrift(
    "apps/v1",
    "Deployment",
    "shop",
    "web",
    "modified",
    (
        field(),
        field("added", DEBUG, None, {"name": "DEBUG", "value": "1"}),
        field("removed", 'metadata.labels["app.kubernetes.io/part-of"]', "shop", None, None, None),
    ),
)
PRIVILEGED = replace(
    DEPLOYMENT,
    name="api",
    fields=(
        field("added", "spec.paused", None, True),
        field("added", "spec.template.spec.containers[name=web].securityContext", None, {"privileged": True}),
    ),
)
CONFIG = ObjectDrift("v1", "ConfigMap", "shop", "settings", "missing")
APPLICATIONS = [
    Application(name, RepositoryRef("platform"), f"apps/{name}", "prod", name, "C1")
    for name in ("search", "shop", "payments", "new")
]
DRIFTED = Check("shop", "prod", SHA, Status.OUT_OF_SYNC, None, 12, T0, (DEPLOYMENT, CONFIG))
SYNCED = Check("search", "prod", SHA, Status.SYNCED, None, 4, T0)
UNKNOWN = Check("payments", "prod", SHA, Status.UNKNOWN, FORBIDDEN, 0, T0)


def links(check, object_drift):
    """The line of a Deployment and its page in Argo CD; the directory of anything else."""
    if object_drift.kind != "Deployment":
        return [ObjectLink("apps/shop/", f"{FORGE}/tree/{check.revision}/apps/shop")]
    file = f"apps/shop/{object_drift.name}.yaml"
    node = f"apps/Deployment/shop/{object_drift.name}"
    return [
        ObjectLink(f"{file}:9", f"{FORGE}/blob/{check.revision}/{file}#L9"),
        ObjectLink("Argo CD", f"https://argocd.example/applications/argocd/shop?node={node}"),
    ]


CHECKS = {check.application: check for check in (DRIFTED, SYNCED, UNKNOWN)}

# The same where an audit log says who.
ANA_EDITED = Actor(Confidence.CERTAIN, (ClusterUser("ana@shop.example"),), "kubectl edit", T0 - timedelta(seconds=73))
AS_ANOTHER = Actor(Confidence.LIKELY, (ClusterUser("ana@shop.example", "bo@shop.example"),), "kubectl set", None)
ONE_OF_TWO = Actor(
    Confidence.ONE_OF_SEVERAL,
    (ClusterUser("bo@shop.example"), ClusterUser("system:serviceaccount:ci:deployer")),
    "",
    T0 - timedelta(days=2),
)
ATTRIBUTED = (
    replace(
        DEPLOYMENT,
        fields=tuple(
            replace(drifted, actor=actor)
            for drifted, actor in zip(DEPLOYMENT.fields, (ANA_EDITED, AS_ANOTHER, ONE_OF_TWO), strict=True)
        ),
    ),
    replace(CONFIG, actor=replace(ANA_EDITED, tool="kubectl delete")),
)


# ---------------------------------------------------------------- incidents

OPEN = Incident("shop@1", "shop", "prod", "C1", IncidentState.OPEN, T0, T0 + timedelta(minutes=5), SHA, DRIFTED.drift)
RESOLVED = replace(OPEN, state=IncidentState.RESOLVED, resolved_at=T0 + timedelta(minutes=9), ended="cluster")
CRITICAL = replace(OPEN, drift=(DEPLOYMENT, PRIVILEGED))
ACKNOWLEDGED = acknowledge(OPEN, by="U0ANA", at=T0 + timedelta(minutes=3), name="ana")
SNOOZED = snooze(OPEN, by="U0ANA", until=T0 + timedelta(hours=4), at=T0 + timedelta(minutes=3), name="ana")
# They share a card.
GROUP = [
    replace(incident, application=name, repository="platform", group="many")
    for name, incident in (("shop", OPEN), ("api", CRITICAL), ("web", ACKNOWLEDGED), ("db", SNOOZED))
]
GROUP.append(replace(GROUP[0], application="pay", check_error=SILENT))
GROUP.append(replace(GROUP[0], application="cart", check_error=SILENT, is_gone=True))
SUSPECTS = (
    Suspect(
        SHA,
        "Lower the memory limit of web",
        "Ana",
        T0 - timedelta(minutes=20),
        SuspectReason.BEFORE,
        ("Deployment web replicas",),
        f"{FORGE}/commit/{SHA}",
        12,
        f"{FORGE}/pull/12",
        ("carla",),
    ),
    Suspect(
        OLDER,
        "Add settings",
        "Bo",
        T0 - timedelta(hours=2),
        SuspectReason.NEVER,
        ("ConfigMap settings",),
        f"{FORGE}/commit/{OLDER}",
        approved_by=(),
    ),
    Suspect(OLDER, "Words", "Bo", T0 - timedelta(hours=3), SuspectReason.PATH, ("shop",)),
)


# ---------------------------------------------------------------- commits and pull requests

COMMIT = Commit(SHA, (OLDER,), "Lower the memory limit of web\n\nIt was too high.", "Ana", "ana@shop.example", T0)
PULL_REQUEST = PullRequest(
    12, "Lower the memory limit of web", f"{FORGE}/pull/12", "ana", "merged", "main", "memory", SHA, SHA, T0, "bruno"
)
REVERT_PULL = TrackedPullRequest(
    id="platform#13",
    repository="platform",
    number=13,
    url=f"{FORGE}/pull/13",
    title='Revert "Lower the memory limit of web"',
    by="U0ANA",
    what="4f2a9c1e",
    channels=("C1",),
    applications=("shop",),
    opened_at=T0,
    requester="ana",
    origin=Origin.COMMAND,
    owners=("U0ANA", "U0BO", "S0PLATFORM"),
    author="gitops-bot[bot]",
)


# ---------------------------------------------------------------- rollouts

COMMIT_CHECKS = CommitChecks.of(
    [
        CommitCheck("GitHub Actions: test", CheckState.SUCCESS, "https://ci.example/test"),
        CommitCheck("continuous-integration/jenkins/branch", CheckState.FAILURE, "https://ci.example/jenkins"),
        CommitCheck("ci/circleci: build", CheckState.PENDING, "https://ci.example/circle"),
        CommitCheck("SonarQube Code Analysis", CheckState.NEUTRAL),
        *(CommitCheck(f"Travis CI: job {number}", CheckState.SUCCESS) for number in range(8)),
    ]
)
MERGED = Rollout(
    id=f"platform@{SHA}",
    repository="platform",
    branch="main",
    revision=SHA,
    parent=OLDER,
    subject="Lower the memory limit of web",
    author="ana",
    merged_at=T0,
    parts=(ApplicationRollout("shop", "prod", "C1"), ApplicationRollout("shop-staging", "prod", "C1")),
    url=f"{FORGE}/commit/{SHA}",
    pull_number=12,
    pull_url=f"{FORGE}/pull/12",
    merged_by="bruno",
    approved_by=("carla",),
)
LIVE_AT = T0 + timedelta(seconds=42)
LIVE_PARTS = tuple(replace(part, live_at=LIVE_AT) for part in MERGED.parts)
LIVE = replace(MERGED, parts=LIVE_PARTS, state=RolloutState.LIVE, ended_at=LIVE_AT)
CHANGE = ApplicationChange(
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
                    FieldChange("added", DEBUG, None, '{"a": 1}'),
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
# With authors, and with what changes in each application.
DETAILED = replace(
    MERGED,
    authors=(Author("Ana", "ana@shop.example", None, "U0ANA"), Author("Bea", "b@x.y"), Author("Cem", "c@x.y", "cem")),
    more_authors=2,
    parts=(
        replace(MERGED.parts[0], change=CHANGE),
        replace(MERGED.parts[1], change=CHANGE),
        ApplicationRollout(
            "search", "prod", "C1", change=ApplicationChange(why="apps/search/a.yaml:3: This is not valid YAML.")
        ),
        ApplicationRollout("docs", "prod", "C1", change=ApplicationChange()),
    ),
)
NOT_APPLIED = PendingState(
    missing=("Deployment web: spec.replicas",),
    remaining=("ConfigMap old",),
    failure=DeployerFailure("Flux", "BuildFailed", "kustomization.yaml is missing"),
    total=12,
)
NOT_READY = PendingState(unready=(Unready("Deployment", "web", 1, 3, "ImagePullBackOff"),), total=1)
WAITING = replace(NOT_APPLIED, failure=DeployerFailure("Flux", "DependencyNotReady", waits_for=("flux-system/dns",)))
STUCK = replace(
    DETAILED,
    state=RolloutState.LATE,
    parts=(
        LIVE_PARTS[0],
        ApplicationRollout("shop-staging", "staging", "C1", pending=NOT_APPLIED),
        ApplicationRollout("search", "prod", "C1", pending=NOT_READY),
        ApplicationRollout("docs", "prod", "C1", pending=WAITING),
    ),
)

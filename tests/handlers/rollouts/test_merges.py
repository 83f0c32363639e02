"""What reaches a tracked branch becomes rollouts, looked at until they are live: real git, local cluster."""

from datetime import UTC, datetime, timedelta

import pytest
from slack_sdk import WebClient

from bot.adapters.database.store import SqlStore
from bot.adapters.git.repository import GitRepository
from bot.adapters.kubernetes.cluster import KubernetesCluster
from bot.adapters.rendering.programs import Programs
from bot.adapters.slack.chat import SlackChat
from bot.core.applications.application import Application
from bot.core.git.repository_ref import RepositoryRef
from bot.core.objects.manifest import read_manifests
from bot.core.rollouts.rollout import RolloutState, apply_observations
from bot.handlers.rendering.manifest_cache import ManifestCache
from bot.handlers.rollouts.change import describe
from bot.handlers.rollouts.merges import MOST_MERGES, record_merges
from bot.handlers.rollouts.observe import observe
from bot.handlers.slack.people import People
from bot.ports import Ports
from bot.ports.forge import ForgeError
from bot.sandbox.cluster import Fault, SandboxCluster, write_kubeconfig
from bot.sandbox.cluster.kinds import Kind
from bot.sandbox.server import Server
from bot.sandbox.slack import SandboxSlack

SHOP = "apps/shop/settings.yaml"
CONFIG = """\
apiVersion: v1
kind: ConfigMap
metadata: {{name: {name}}}
data: {{limit: "{limit}"}}
"""
DEADLINE = timedelta(minutes=10)


class SilentForge:
    """A forge that is down."""

    def commit_url(self, sha):
        return f"https://forge.example/commit/{sha}"

    def pull_request_for(self, sha):
        raise ForgeError("GitHub does not answer.")


class Desk:
    def __init__(self, source, tmp_path, cluster_url, slack):
        self.source = source
        self.rendered = ManifestCache(Programs.find())
        self.now = datetime.now(tz=UTC)
        kubeconfig = write_kubeconfig(tmp_path / "kubeconfig", cluster_url, identity="bot")
        names = ("shop", "search")
        self.applications = {
            name: Application(name, RepositoryRef("platform"), f"apps/{name}", "prod", name, "C1") for name in names
        }
        self.ports = Ports(
            repositories={"platform": GitRepository("platform", str(source.path), "main", tmp_path / "mirrors")},
            forges={},
            clusters={"prod": KubernetesCluster("prod", kubeconfig=kubeconfig, context="sandbox")},
            renderer=Programs.find(),
            store=SqlStore(f"sqlite:///{tmp_path}/state.db"),
            chat=SlackChat(WebClient("xoxb-sandbox", base_url=slack.api_url, timeout=5, retry_handlers=[])),
            clock=lambda: self.now,
        )
        self.people = People(self.ports.chat, {"bea-dev": "U0MIRA0001"}, self.ports.clock)

    def notice(self):
        head = self.ports.repositories["platform"].fetch()
        record_merges(self.ports, "platform", head, list(self.applications.values()), self.rendered, self.people)
        return self.ports.store.rollouts.unsettled()

    def look(self, rollout):
        observed = observe(self.ports, "prod", [rollout], self.applications, self.rendered)
        return apply_observations(rollout, observed[rollout.id], now=self.now, deadline=DEADLINE)

    def describe(self, rollout):
        return describe(self.ports, rollout, self.applications, self.rendered)


@pytest.fixture
def cluster():
    made = SandboxCluster()
    with Server(made.app) as server:
        made.url = server.url
        yield made


@pytest.fixture
def desk(source, tmp_path, cluster):
    source.commit(
        "First", {SHOP: CONFIG.format(name="settings", limit=1), "apps/search/a.yaml": CONFIG.format(name="a", limit=1)}
    )
    slack = SandboxSlack()
    with slack.serve():
        made = Desk(source, tmp_path, cluster.url, slack)
        assert made.notice() == []
        yield made
        made.ports.store.close()


def test_the_first_look_reports_nothing_and_a_second_one_nothing_new(desk):
    assert desk.notice() == []


def test_a_merge_names_the_applications_it_changed(desk):
    desk.source.branch("topic")
    desk.source.commit("Raise the limit", {SHOP: CONFIG.format(name="settings", limit=2)})
    desk.source.main()
    sha = desk.source.merge("topic")
    (rollout,) = desk.notice()
    assert rollout.revision == sha
    assert [part.application for part in rollout.parts] == ["shop"]
    assert len(desk.notice()) == 1


def test_a_commit_that_changes_no_application_is_no_rollout(desk):
    desk.source.commit("Words", {"README.md": "hello\n"})
    assert desk.notice() == []


def test_many_merges_at_once_are_told_as_one(desk):
    for limit in range(MOST_MERGES + 1):
        sha = desk.source.commit(f"Limit {limit}", {SHOP: CONFIG.format(name="settings", limit=f"x{limit}")})
    (rollout,) = desk.notice()
    assert (rollout.merges, rollout.revision) == (MOST_MERGES + 1, sha)


def test_a_rewritten_history_is_said_to_be_one(desk):
    desk.source.git("commit", "-q", "--amend", "-m", "Other", "--allow-empty")
    desk.source.commit("Raise the limit", {SHOP: CONFIG.format(name="settings", limit=3)})
    (rollout,) = desk.notice()
    assert rollout.rewritten


def test_a_silent_forge_delays_nothing(desk):
    object.__setattr__(desk.ports, "forges", {"platform": SilentForge()})
    desk.source.commit("Raise the limit", {SHOP: CONFIG.format(name="settings", limit=2)})
    (rollout,) = desk.notice()
    assert rollout.pull_number is None


def test_it_is_live_once_the_cluster_has_what_changed_and_not_what_was_removed(desk, cluster):
    old = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "old"}, "data": {"limit": "1"}}
    settings = {**old, "metadata": {"name": "settings"}}
    desk.source.commit("Add old", {"apps/shop/old.yaml": CONFIG.format(name="old", limit=1)})
    desk.notice()
    for document in (old, settings):
        cluster.api.apply(document, manager="argocd-controller", namespace="shop")
    sha = desk.source.commit(
        "Raise the limit", {SHOP: CONFIG.format(name="settings", limit=2), "apps/shop/old.yaml": None}
    )
    rollout = next(each for each in desk.notice() if each.revision == sha)
    waiting = desk.look(rollout)
    assert waiting.state is RolloutState.ROLLING
    lacking = waiting.parts[0].lacking
    assert (lacking.missing, lacking.remaining) == (("ConfigMap settings: data.limit",), ("ConfigMap old",))
    cluster.api.apply({**settings, "data": {"limit": "2"}}, manager="argocd-controller", namespace="shop")
    cluster.api.call(
        "DELETE", "/api/v1/namespaces/shop/configmaps/old", user_agent="argocd-controller", identity="admin"
    )
    desk.now += timedelta(seconds=42)
    live = desk.look(waiting)
    assert (live.state, live.ended_at) == (RolloutState.LIVE, desk.now)


def test_what_somebody_added_by_hand_does_not_hold_it_up(desk, cluster):
    document = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}, "data": {"limit": "2"}}
    cluster.api.apply(document, manager="argocd-controller", namespace="shop")
    cluster.api.call(
        "PATCH",
        "/api/v1/namespaces/shop/configmaps/settings",
        {"data": {"by": "hand"}},
        query={"fieldManager": "kubectl-edit"},
        content_type="application/merge-patch+json",
        user_agent="kubectl/v1",
        identity="admin",
    )
    desk.source.commit("Raise the limit", {SHOP: CONFIG.format(name="settings", limit=2)})
    (rollout,) = desk.notice()
    assert desk.look(rollout).state is RolloutState.LIVE


def test_a_cluster_that_does_not_answer_is_unknown_and_then_late(desk, cluster):
    desk.source.commit("Raise the limit", {SHOP: CONFIG.format(name="settings", limit=2)})
    (rollout,) = desk.notice()
    cluster.api.break_version("v1")
    desk.now += DEADLINE
    late = desk.look(rollout)
    assert late.state is RolloutState.LATE
    assert late.parts[0].error


def test_a_merge_that_changes_a_base_is_told_for_what_is_built_on_it(desk):
    overlay = {"apps/shop/kustomization.yaml": "resources: [settings.yaml, ../../base]\n"}
    base = {"base/kustomization.yaml": "resources: [limits.yaml]\n"}
    desk.source.commit(
        "Build on a base", {**overlay, **base, "base/limits.yaml": CONFIG.format(name="limits", limit=1)}
    )
    desk.notice()
    sha = desk.source.commit("Raise the limit", {"base/limits.yaml": CONFIG.format(name="limits", limit=2)})
    rollout = next(each for each in desk.notice() if each.revision == sha)
    assert [part.application for part in rollout.parts] == ["shop"]
    assert desk.look(rollout).parts[0].lacking.missing == ("ConfigMap limits",)


# ---------------------------------------------------------------- what it changes, and who wrote it


WEB = """\
apiVersion: apps/v1
kind: Deployment
metadata: {{name: web}}
spec:
  selector: {{matchLabels: {{app: web}}}}
  template:
    metadata: {{labels: {{app: web}}}}
    spec: {{containers: [{{name: web, image: '{image}'}}]}}
"""
WEB_FILE = "apps/shop/web.yaml"
PINNED = f"web@sha256:{'0a' * 32}"


def test_it_tells_what_changes_and_which_images_are_not_pinned(desk):
    desk.source.commit("Add web", {WEB_FILE: WEB.format(image=PINNED)})
    (added,) = desk.notice()
    change = desk.describe(added).parts[0].change
    assert (change.rendered.added, change.rendered.total, change.unpinned) == (1, 1, ())
    sha = desk.source.commit("Use a newer web", {WEB_FILE: WEB.format(image="web:2")})
    rollout = next(each for each in desk.notice() if each.revision == sha)
    change = desk.describe(rollout).parts[0].change
    (found,) = change.rendered.objects
    assert [(field.path, field.before, field.after) for field in found.fields] == [
        ("spec.template.spec.containers[name=web].image", PINNED, "web:2")
    ]
    assert [(each.image, each.used_by) for each in change.unpinned] == [("web:2", "Deployment web")]


def test_what_cannot_be_rendered_says_why_until_it_can(desk):
    desk.source.commit("Break it", {SHOP: "kind: [\n"})
    (broken,) = desk.notice()
    described = desk.describe(broken)
    assert "settings.yaml:2" in described.parts[0].change.why
    assert desk.describe(described) == described


def test_a_path_that_comes_or_goes_is_objects_added_or_removed(desk):
    desk.source.commit("Away with it", {"apps/search/a.yaml": None})
    (gone,) = desk.notice()
    assert desk.describe(gone).parts[0].change.rendered.removed == 1
    sha = desk.source.commit("Back again", {"apps/search/a.yaml": CONFIG.format(name="a", limit=1)})
    back = next(each for each in desk.notice() if each.revision == sha)
    assert desk.describe(back).parts[0].change.rendered.added == 1


def test_a_newer_api_version_of_an_object_is_not_waited_for_as_another_object(desk, cluster):
    """Both versions are served and are one object: the older one in git is no object that has to go."""
    autoscaler = (
        "apiVersion: autoscaling/{}\nkind: HorizontalPodAutoscaler\nmetadata: {{name: web}}\n"
        "spec: {{maxReplicas: 3, scaleTargetRef: {{apiVersion: apps/v1, kind: Deployment, name: web}}}}\n"
    )
    desk.source.commit("Scale web", {"apps/shop/hpa.yaml": autoscaler.format("v1")})
    desk.notice()
    sha = desk.source.commit("As the newer version has it", {"apps/shop/hpa.yaml": autoscaler.format("v2")})
    rollout = next(each for each in desk.notice() if each.revision == sha)
    document = {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "web"},
        "spec": {"maxReplicas": 3, "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}},
    }
    cluster.api.apply(document, manager="argocd-controller", namespace="shop")
    assert desk.look(rollout).state is RolloutState.LIVE


def test_all_who_wrote_it_are_named_and_those_whom_slack_knows_are_known(desk):
    desk.source.branch("topic")
    text = CONFIG.format(name="settings", limit=2)
    desk.source.commit("One", {SHOP: text}, author="Mira <mira@acme.example>")
    desk.source.commit(
        "Two\n\nCo-authored-by: Bea <77+bea-dev@users.noreply.github.com>", {}, author="Jonas <jonas@acme.example>"
    )
    desk.source.commit("Three", {}, author="renovate[bot] <29139614+renovate[bot]@users.noreply.github.com>")
    desk.source.commit("Four", {}, author="Somebody <somebody@elsewhere.example>")
    desk.source.main()
    desk.source.merge("topic")
    (rollout,) = desk.notice()
    assert [(each.name, each.user) for each in rollout.authors] == [
        ("Mira", "U0MIRA0001"),
        ("Jonas", "U0JONAS001"),
        ("Bea", "U0MIRA0001"),
        ("Somebody", None),
    ]
    assert rollout.more_authors == 0


# ---------------------------------------------------------------- whether it runs


class Idle:
    """No controllers: a status is what a test says."""

    def reconcile(self):
        pass


def patch_status(cluster, path, status):
    kind = "application/merge-patch+json"
    cluster.api.call("PATCH", f"{path}/status", {"status": status}, content_type=kind, user_agent="kubelet")


def deploy(desk, cluster, image, status):
    """Have git and the cluster say one thing, and the workload be in some state."""
    cluster.controllers = Idle()
    desk.source.commit(f"Use {image}", {WEB_FILE: WEB.format(image=image)})
    rollout = desk.notice()[-1]
    (manifest,) = (each for each in read_manifests("x", WEB.format(image=image).encode()))
    cluster.api.apply(dict(manifest.object), manager="argocd-controller", namespace="shop")
    patch_status(cluster, "/apis/apps/v1/namespaces/shop/deployments/web", status)
    return rollout


def test_what_has_arrived_and_does_not_run_is_not_live_and_says_why(desk, cluster):
    rollout = deploy(desk, cluster, "web:2", {"observedGeneration": 1, "replicas": 1, "updatedReplicas": 1})
    waiting = desk.look(rollout)
    assert [(each.ready, each.wanted, each.reason) for each in waiting.parts[0].lacking.unready] == [(0, 1, "")]
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "web-1", "labels": {"app": "web"}},
        "spec": {"containers": [{"name": "web", "image": "web:2"}]},
    }
    cluster.api.apply(pod, manager="kube-controller-manager", namespace="shop")
    status = {"containerStatuses": [{"name": "web", "state": {"waiting": {"reason": "ImagePullBackOff"}}}]}
    patch_status(cluster, "/api/v1/namespaces/shop/pods/web-1", status)
    crashing = desk.look(waiting)
    assert [each.reason for each in crashing.parts[0].lacking.unready] == ["ImagePullBackOff"]
    assert crashing.state is RolloutState.ROLLING


def test_a_workload_that_has_given_up_is_stuck_before_the_deadline(desk, cluster):
    conditions = [{"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"}]
    rollout = deploy(desk, cluster, "web:2", {"observedGeneration": 1, "replicas": 1, "conditions": conditions})
    assert desk.look(rollout).state is RolloutState.LATE


def test_why_pods_do_not_run_is_unknown_where_they_may_not_be_read(desk, cluster):
    cluster.faults.add(Fault("*/pods", status=403))
    rollout = deploy(desk, cluster, "web:2", {"observedGeneration": 1, "replicas": 1})
    assert [each.reason for each in desk.look(rollout).parts[0].lacking.unready] == [""]


def test_the_deployers_own_word_is_told_once_it_has_had_time(desk, cluster):
    cluster.api.serve(
        Kind("kustomize.toolkit.fluxcd.io", "v1", "Kustomization", "kustomizations", subresources=("status",))
    )
    flux = {
        "apiVersion": "kustomize.toolkit.fluxcd.io/v1",
        "kind": "Kustomization",
        "metadata": {"name": "shop"},
        "spec": {"path": "./apps/shop"},
    }
    cluster.api.apply(flux, manager="flux", namespace="flux-system")
    said = {"type": "Ready", "status": "False", "reason": "BuildFailed", "message": "no base"}
    patch_status(cluster, cluster.api.path_of(flux, "flux-system"), {"conditions": [said]})
    desk.source.commit("Raise the limit", {SHOP: CONFIG.format(name="settings", limit=2)})
    (rollout,) = desk.notice()
    assert desk.look(rollout).parts[0].lacking.failure is None
    desk.now += timedelta(minutes=2)
    failure = desk.look(rollout).parts[0].lacking.failure
    assert (failure.deployer, failure.reason, failure.message) == ("Flux", "BuildFailed", "no base")

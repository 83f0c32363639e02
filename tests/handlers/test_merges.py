"""What reaches a tracked branch becomes rollouts, looked at until they are live: real git, local cluster."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.adapters.cluster import KubernetesCluster
from bot.adapters.programs import Programs
from bot.adapters.repository import GitRepository
from bot.adapters.store import SqlStore
from bot.core.application import Application
from bot.core.rollout import RolloutState, decide
from bot.handlers.merges import MOST_MERGES, notice
from bot.handlers.rendered import Rendered
from bot.handlers.rollout_look import observe
from bot.ports import ForgeError, Ports
from bot.sandbox.cluster import SandboxCluster, write_kubeconfig
from bot.sandbox.server import Server

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

    def pull_of(self, sha):
        raise ForgeError("GitHub does not answer.")


class Desk:
    def __init__(self, source, tmp_path, cluster_url):
        self.source = source
        self.rendered = Rendered(Programs.find())
        self.now = datetime.now(tz=UTC)
        kubeconfig = write_kubeconfig(tmp_path / "kubeconfig", cluster_url, identity="bot")
        names = ("shop", "search")
        self.applications = {name: Application(name, "platform", f"apps/{name}", "prod", name, "C1") for name in names}
        self.ports = Ports(
            repositories={"platform": GitRepository("platform", str(source.path), "main", tmp_path / "mirrors")},
            forges={},
            clusters={"prod": KubernetesCluster("prod", kubeconfig=kubeconfig, context="sandbox")},
            renderer=Programs.find(),
            store=SqlStore(f"sqlite:///{tmp_path}/state.db"),
            chat=None,
            clock=lambda: self.now,
        )

    def notice(self):
        notice(self.ports, "platform", list(self.applications.values()), self.rendered)
        return self.ports.store.rollouts()

    def look(self, rollout):
        observed = observe(self.ports, rollout, self.applications, self.rendered)
        return decide(rollout, observed, now=self.now, deadline=DEADLINE)


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
    made = Desk(source, tmp_path, cluster.url)
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
    assert rollout.subject.startswith(f"{MOST_MERGES + 1} merges")
    assert rollout.revision == sha


def test_a_rewritten_history_is_said_to_be_one(desk):
    desk.source.git("commit", "-q", "--amend", "-m", "Other", "--allow-empty")
    desk.source.commit("Raise the limit", {SHOP: CONFIG.format(name="settings", limit=3)})
    (rollout,) = desk.notice()
    assert rollout.subject.startswith("History rewritten")


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
    assert set(waiting.parts[0].missing) == {
        "ConfigMap settings: data.limit",
        "ConfigMap old is gone from git and still in the cluster",
    }
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
    assert desk.look(rollout).parts[0].missing == ("ConfigMap limits",)

"""Applications that Argo CD has been told, found on a local cluster: followed, checked, shown, and gone again."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot import build
from bot.cli.check_configured import check_configured
from bot.config.load import load
from bot.core.drift.model import Status
from bot.core.incidents.incident import IncidentState
from bot.handlers.discovery.discover import ApplicationGoneError, Discoverer
from bot.handlers.monitor import Monitor
from bot.handlers.queries.status import status
from bot.handlers.slack.cards import CardReconciler
from bot.i18n.language import Language, Translator
from bot.messages.blocks import Message
from bot.ports.errors import PortError
from bot.sandbox.cluster import Fault, SandboxCluster, write_kubeconfig
from bot.sandbox.cluster.kinds import Kind
from bot.sandbox.server import Server
from bot.sandbox.slack import SandboxSlack

CHANNEL = "C0ALERTS01"
APPLICATIONS = Kind("argoproj.io", "v1alpha1", "Application", "applications", subresources=("status",))
CONFIG_MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {level: info}\n"
SETTINGS = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}, "data": {"level": "info"}}
HERE = "https://kubernetes.default.svc"


def application(name, url, path="apps/shop", *, status=None, annotations=None, namespace="shop", **spec):
    """An Argo CD Application, as its published schema has it."""
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": {"name": name, "annotations": annotations or {}},
        "spec": {
            "project": "default",
            "source": {"repoURL": url, "path": path, "targetRevision": "HEAD"},
            "destination": {"server": HERE, "namespace": namespace},
            "syncPolicy": {"automated": {"prune": True, "selfHeal": True}},
            **spec,
        },
        "status": status or {},
    }


class World:
    """A repository, clusters with deployers, and a bot that has been told nothing of their applications."""

    def __init__(self, source, tmp_path, clusters, slack):
        self.source, self.clusters, self.slack, self.tmp_path = source, clusters, slack, tmp_path
        self.cluster = clusters["prod"]
        self.now = datetime.now(tz=UTC)
        self.url = str(source.path)

    def start(self, more="", applications="", discover="[argocd]"):
        clusters = {
            name: write_kubeconfig(self.tmp_path / f"{name}.kubeconfig", cluster.url, identity="bot")
            for name, cluster in self.clusters.items()
        }
        told = ", ".join(f"{name}: {{kubeconfig: '{file}', discover: {discover}}}" for name, file in clusters.items())
        file = self.tmp_path / "config.yaml"
        file.write_text(
            f"slack: {{channel: {CHANNEL}, api_url: '{self.slack.api_url}'}}\n"
            f"repositories: {{platform: {{url: '{self.url}'}}}}\n"
            f"clusters: {{{told}}}\napplications: {{{applications}}}\n"
            f"store: 'sqlite:///{self.tmp_path}/state.db'\nmirrors: '{self.tmp_path}/mirrors'\n{more}\n"
        )
        self.config = load(file, {"SLACK_BOT_TOKEN": "xoxb-sandbox"})
        self.ports = build.ports(self.config, build.slack_client(self.config), lambda: self.now)
        keeper = CardReconciler(
            self.ports.store,
            self.ports.chat,
            lambda: self.now,
            self.config.slack.translator,
            self.config.alerts.policy(),
        )
        self.discoverer = Discoverer(self.config, self.ports.clusters, self.ports.repositories.__getitem__)
        self.known = self.discoverer.applications
        self.watch = Monitor(self.ports, replace(self.config, applications=self.known), keeper, self.discoverer)
        self.look()

    def look(self):
        for name in self.discoverer.wanted:
            self.discoverer.look(name)

    def argo(self, *resources, on="prod", namespace="argocd"):
        api = self.clusters[on].api
        for each in resources:
            api.apply(each, manager="argocd", namespace=namespace)
            kind, path = "application/merge-patch+json", f"{api.path_of(each, namespace)}/status"
            api.call("PATCH", path, {"status": each["status"]}, content_type=kind, user_agent="argocd")

    def check(self, *names):
        self.now += timedelta(seconds=30)
        return {check.application: check for check in self.watch.check(names or list(self.known))}

    def status(self, language=Language.ENGLISH) -> Message:
        found = self.discoverer.catalogue()
        chosen = list(self.known.values())
        return status(Translator(language), self.ports, chosen, found.notes, found, everything=True)

    def said(self, language=Language.ENGLISH):
        return json.dumps(self.status(language).blocks, ensure_ascii=False)


@pytest.fixture
def world(source, tmp_path):
    clusters, slack = {"prod": SandboxCluster()}, SandboxSlack()
    source.commit("First", {"apps/shop/settings.yaml": CONFIG_MAP})
    with Server(clusters["prod"].app) as at, slack.serve():
        clusters["prod"].url = at.url
        clusters["prod"].api.serve(APPLICATIONS)
        made = World(source, tmp_path, clusters, slack)
        yield made
        made.ports.store.close()


def test_an_application_is_followed_with_no_further_configuration(world):
    synced = {"sync": {"status": "Synced", "revision": world.source.sha()}, "health": {"status": "Healthy"}}
    world.argo(application("shop", world.url, status=synced))
    world.cluster.api.apply(SETTINGS, manager="argocd-controller", namespace="shop")
    world.start()
    assert list(world.known) == ["shop"]
    assert world.check()["shop"].status is Status.SYNCED
    assert f"Argo CD: Synced at {world.source.sha()[:8]} · Healthy" in world.said()
    assert "⚠️" not in world.said()


def test_a_disagreement_is_pointed_out(world):
    """Argo CD does not see what somebody added: that is the finding."""
    synced = {"sync": {"status": "Synced", "revision": world.source.sha()}, "health": {"status": "Healthy"}}
    world.argo(application("shop", world.url, status=synced))
    world.cluster.api.apply(SETTINGS, manager="argocd-controller", namespace="shop")
    path = world.cluster.api.path_of(SETTINGS, "shop")
    kind = "application/merge-patch+json"
    world.cluster.api.call("PATCH", path, {"data": {"more": "x"}}, content_type=kind, user_agent="kubectl/v1.36")
    world.start()
    assert world.check()["shop"].status is Status.OUT_OF_SYNC
    head = world.source.sha()[:8]
    assert f"⚠️ Argo CD reports in sync at {head}, but the bot sees drift in 1 of its objects." in world.said()
    assert (
        f"⚠️ Argo CD informa que está en sincronía en {head}, pero el bot ve drift en 1 de sus objetos."
        in world.said(Language.SPANISH)
    )


def test_a_configured_application_of_the_same_name_wins_and_shows_the_deployers_view(world):
    world.argo(application("shop", world.url, "elsewhere", status={"sync": {"status": "OutOfSync"}}))
    world.start(applications="shop: {repository: platform, path: apps/shop, cluster: prod, namespace: shop}")
    assert world.known["shop"].path == "apps/shop"
    assert "Argo CD: OutOfSync" in world.said()


def test_a_configured_application_of_the_same_place_is_the_same(world):
    world.source.git("branch", "next")
    for name, revision in (("default", "HEAD"), ("again", "main"), ("other", "next")):
        told = {"repoURL": f"file://{world.url}/", "path": "./apps/shop/", "targetRevision": revision}
        world.argo(application(name, world.url, source=told))
    world.start(applications="mine: {repository: platform, path: apps/shop, cluster: prod, namespace: shop}")
    assert {name: each.repository.key for name, each in world.known.items()} == {
        "mine": "platform",
        "other": "platform@next",
    }


def test_applications_come_and_go_while_it_runs(world):
    world.argo(application("shop", world.url))
    world.start()
    world.argo(application("search", world.url, "apps/search"))
    world.look()
    assert set(world.known) == {"shop", "search"}
    path = world.cluster.api.path_of(application("shop", world.url), "argocd")
    world.cluster.api.call("DELETE", path, None, user_agent="argocd")
    world.look()
    assert set(world.known) == {"search"}
    with pytest.raises(ApplicationGoneError, match=r"Application shop no longer exists"):
        world.watch.check(["shop"])


def test_a_deployer_that_does_not_answer_keeps_what_is_known_and_says_so(world):
    world.argo(application("shop", world.url))
    world.start()
    world.cluster.faults.add(Fault("*/applications", status=403))
    world.look()
    assert list(world.known) == ["shop"]
    (trouble,) = world.watch.problems()
    assert trouble.startswith("Could not list the Argo CD applications on prod: ")
    assert "applications.argoproj.io" in trouble
    world.cluster.faults.clear()
    world.look()
    assert world.watch.problems() == []


def test_what_cannot_be_followed_says_why(world):
    world.argo(
        application("elsewhere", "https://ana:secret@git.example/other.git"),
        application("away", world.url, destination={"server": "https://10.1.1.1:6443", "namespace": "x"}),
        application("chart", world.url, source={"repoURL": "https://charts.example", "chart": "redis"}),
        application("plugin", world.url, source={"repoURL": world.url, "path": "a", "plugin": {"name": "x"}}),
        application("loud", world.url, annotations={"gitops-bot/channel": "#general"}),
    )
    world.start()
    assert list(world.known) == []
    said = world.said()
    assert (
        "Application argocd/elsewhere on prod: its repository https://git.example/other.git is not configured" in said
    )
    assert "Application argocd/away on prod: its destination https://10.1.1.1:6443 is not a configured cluster" in said
    assert "Application argocd/chart on prod: its chart redis comes from a Helm repository, but the bot" in said
    assert "Application argocd/plugin on prod: a config management plugin renders it" in said
    assert "Application argocd/loud on prod: its annotation gitops-bot/channel is not a channel ID" in said
    assert "su chart redis viene de un repositorio de Helm" in world.said(Language.SPANISH)
    assert "secret" not in said


def test_each_source_of_several_is_followed_at_its_own_revision(world):
    world.source.branch("next")
    world.source.commit("Next", {"apps/more/settings.yaml": CONFIG_MAP.replace("settings", "more")})
    world.source.main()
    world.argo(
        application(
            "shop",
            world.url,
            source=None,
            sources=[
                {"repoURL": world.url, "path": "apps/shop", "targetRevision": "main"},
                {"repoURL": world.url, "path": "apps/more", "targetRevision": "next", "name": "more"},
                {"repoURL": "https://charts.example", "chart": "redis", "targetRevision": "1.2.3"},
                {"repoURL": world.url, "targetRevision": "main", "ref": "values"},
            ],
            status={"sync": {"status": "OutOfSync", "revisions": ["a" * 40, "b" * 40, "1.2.3", "a" * 40]}},
        )
    )
    world.start()
    assert {name: each.repository.key for name, each in world.known.items()} == {
        "shop.1": "platform",
        "shop.more": "platform@next",
    }
    checks = world.check()
    assert [drift.name for drift in checks["shop.more"].drift] == ["more"]
    assert checks["shop.more"].revision == world.source.sha("next")
    said = world.said()
    assert "Application argocd/shop on prod (3): its chart redis comes from a Helm repository" in said
    assert f"OutOfSync at {'b' * 8}" in said


def test_what_it_says_of_differences_counts_for_it_alone(world):
    rule = {"group": "", "kind": "ConfigMap", "name": "settings", "jsonPointers": ["/data/level"]}
    for namespace in ("shop", "search"):
        world.cluster.api.apply({**SETTINGS, "data": {"level": "debug"}}, manager="helper", namespace=namespace)
    world.argo(
        application("shop", world.url, ignoreDifferences=[rule]), application("search", world.url, namespace="search")
    )
    world.start()
    checks = world.check()
    assert checks["shop"].status is Status.SYNCED
    assert checks["search"].status is Status.OUT_OF_SYNC
    assert "ignoreDifferences in its Application" in checks["shop"].set_aside[0].fields[0].reason


def test_only_the_files_that_it_means_are_read(world):
    deeper = CONFIG_MAP.replace("settings", "deeper")
    world.source.commit("More", {"apps/shop/more/deeper.yaml": deeper, "apps/shop/values.json": '{"no": "manifest"}'})
    directory = {"include": "*.yaml"}
    plain = {"repoURL": world.url, "path": "apps/shop", "targetRevision": "main", "directory": directory}
    world.argo(
        application("flat", world.url, source=plain),
        application("deep", world.url, source={**plain, "directory": {**directory, "recurse": True}}),
        application("less", world.url, source={**plain, "directory": {"recurse": True, "exclude": "{more/*,*.json}"}}),
    )
    world.start()
    checks = world.check()
    assert {name: [each.name for each in check.drift] for name, check in checks.items()} == {
        "flat": ["settings"],
        "deep": ["deeper", "settings"],
        "less": ["settings"],
    }


def test_check_knows_them_by_name_and_all_together(world):
    world.argo(application("shop", world.url))
    world.start()
    (check,) = check_configured(world.config, ["shop"], explain=False)
    assert [drift.name for drift in check.drift] == ["settings"]
    assert [each.application for each in check_configured(world.config, [], explain=False)] == ["shop"]
    with pytest.raises(PortError, match=r"Unknown application shpo; did you mean shop\? Applications: .*shop\."):
        check_configured(world.config, ["shpo"], explain=False)
    world.cluster.faults.add(Fault("*/applications", status=503))
    with pytest.raises(PortError, match="Could not list the Argo CD applications on prod"):
        check_configured(world.config, [], explain=False)


def test_a_branch_for_each_environment_and_the_newest_release(world):
    """One repository, several lines of it, each checked at its own commit; a rollout says where it moved."""
    for branch, level in (("staging", "debug"), ("release-1.9", "warn")):
        world.source.main()
        world.source.branch(branch)
        world.source.commit(branch, {"apps/shop/settings.yaml": CONFIG_MAP.replace("info", level)})
    told = "repository: platform, path: apps/shop, cluster: prod, namespace"
    world.start(
        discover="[]",
        applications=f"live: {{{told}: live}}, stage: {{{told}: stage, revision: staging}}, "
        f"done: {{{told}: done, revision: 'release-*'}}, main: {{{told}: main, revision: main}}",
    )
    checks = world.check()
    assert {name: check.revision for name, check in checks.items()} == {
        "live": world.source.sha("main"),
        "stage": world.source.sha("staging"),
        "done": world.source.sha("release-1.9"),
        "main": world.source.sha("main"),
    }
    assert world.known["main"].repository.key == "platform"
    world.source.git("switch", "-q", "staging")
    world.source.branch("release-1.10")
    newest = world.source.commit("Ten", {"apps/shop/settings.yaml": CONFIG_MAP.replace("info", "error")})
    world.watch.poll_all_refs("platform")
    (rollout,) = world.ports.store.rollouts.unsettled()
    assert (rollout.branch, rollout.revision, rollout.rewritten) == ("release-1.10", newest, False)
    assert [part.application for part in rollout.parts] == ["done"]
    assert world.check("done")["done"].revision == newest
    assert len(list((world.tmp_path / "mirrors").glob("*.git"))) == 1


def test_an_alert_ends_with_its_application_once_discovery_has_looked_and_not_before(world):
    """A restart knows nothing yet, and a cluster that does not answer says nothing: neither ends an alert."""
    gone = application("shop", world.url)
    world.argo(gone)
    world.start("alerts: {looks: 1}")
    world.check()
    assert [each.state for each in world.ports.store.incidents.unsettled()] == [IncidentState.OPEN]
    world.ports.store.close()
    world.cluster.faults.add(Fault("*/applications", status=503))
    world.start("alerts: {looks: 1}")
    assert not world.known
    world.watch.reconcile_cards()
    assert [each.state for each in world.ports.store.incidents.unsettled()] == [IncidentState.OPEN]
    world.cluster.faults.clear()
    world.look()
    world.watch.reconcile_cards()
    assert [each.state for each in world.ports.store.incidents.unsettled()] == [IncidentState.OPEN]
    world.cluster.api.call("DELETE", world.cluster.api.path_of(gone, "argocd"), None, user_agent="argocd")
    world.look()
    world.watch.reconcile_cards()
    (card, reply) = world.slack.messages(CHANNEL)
    assert card.blocks[0]["text"]["text"] == "⚪ No longer watched: shop on prod"
    assert reply.text == "shop on prod is no longer watched."
    assert world.ports.store.incidents.open_for("shop") is None

"""What the configuration says of alerts, people and ignored differences: real git, local cluster, local Slack."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from bot import build
from bot.config.load import load
from bot.core.applications.application import Application
from bot.core.drift.model import Status
from bot.core.drift.report import as_json, as_text
from bot.core.git.repository_ref import RepositoryRef
from bot.core.rollouts.rollout import RolloutState
from bot.handlers.monitor import Monitor
from bot.handlers.slack.cards import CardReconciler
from bot.i18n.language import ENGLISH
from bot.messages.drift import diff
from bot.messages.status import Overview, answer
from bot.sandbox.cluster import Fault, SandboxCluster, write_kubeconfig
from bot.sandbox.cluster.kinds import Kind
from bot.sandbox.server import Server
from bot.sandbox.slack import SandboxSlack

CHANNEL = "C0ALERTS01"
SETTINGS = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}, "data": {"level": "info"}}
GIT = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {level: info}\n"
HERE = "apps/shop/settings.yaml"
SHOP = Application("shop", RepositoryRef("platform"), "apps/shop", "prod", "shop", CHANNEL)


class Desk:
    """One application, deployed, and a bot that looks when it is told to."""

    def __init__(self, source, tmp_path, cluster, slack, more, language):
        self.source, self.cluster, self.slack = source, cluster, slack
        kubeconfig = write_kubeconfig(tmp_path / "kubeconfig", cluster.url, identity="bot")
        file = tmp_path / "config.yaml"
        file.write_text(
            f"slack: {{channel: {CHANNEL}, api_url: '{slack.api_url}', languages: {{{CHANNEL}: {language}}}}}\n"
            f"repositories: {{platform: {{url: '{source.path}'}}}}\n"
            f"clusters: {{prod: {{kubeconfig: '{kubeconfig}'}}}}\n"
            "applications: {shop: {repository: platform, path: apps/shop, cluster: prod, namespace: shop}}\n"
            f"store: 'sqlite:///{tmp_path}/state.db'\nmirrors: '{tmp_path}/mirrors'\n{more}\n"
        )
        self.now = datetime.now(tz=UTC)
        config = load(file, {"SLACK_BOT_TOKEN": "xoxb-sandbox"})
        self.ports = build.ports(config, build.slack_client(config), lambda: self.now)
        keeper = CardReconciler(
            self.ports.store, self.ports.chat, lambda: self.now, config.slack.translator, config.alerts.policy()
        )
        self.watch = Monitor(self.ports, config, keeper)
        source.commit("First", {HERE: GIT})
        cluster.api.apply(SETTINGS, manager="kustomize-controller", namespace="shop")
        assert self.look().status is Status.SYNCED

    def look(self):
        self.now += timedelta(seconds=30)
        (check,) = self.watch.check(["shop"])
        return check

    def edit(self, user_agent="kubectl/v1.36.2", **data):
        path = self.cluster.api.path_of(SETTINGS, "shop")
        kind = "application/merge-patch+json"
        self.cluster.api.call("PATCH", path, {"data": data}, content_type=kind, user_agent=user_agent)

    def cards(self):
        return [message.text for message in self.slack.messages(CHANNEL) if " in shop on prod since" in message.text]


@pytest.fixture
def desk(source, tmp_path):
    cluster, slack = SandboxCluster(), SandboxSlack()
    made = []
    with Server(cluster.app) as at_cluster, slack.serve():
        cluster.url = at_cluster.url

        def make(more="", language="en"):
            made.append(Desk(source, tmp_path, cluster, slack, more, language))
            return made[-1]

        yield make
        for each in made:
            each.ports.store.close()


@pytest.mark.parametrize(("more", "looks"), [("", 2), ("alerts: {looks: 1}", 1), ("alerts: {looks: 4}", 4)])
def test_so_many_looks_come_before_an_alert(desk, more, looks):
    desk = desk(more)
    desk.edit(level="debug")
    for _ in range(looks - 1):
        assert desk.look().status is Status.OUT_OF_SYNC
        assert desk.cards() == []
    desk.look()
    assert len(desk.cards()) == 1


def test_a_channel_reads_its_language_also_of_what_the_cluster_refused(desk):
    desk = desk(language="es")
    desk.edit(level="debug")
    desk.look()
    desk.look()
    desk.cluster.faults.add(Fault("*/configmaps", 403))
    assert desk.look().error.startswith("ConfigMap settings not checked: Cluster prod does not allow ")
    (card,) = desk.slack.messages(CHANNEL)
    assert card.text.startswith("Drift grave de shop en prod desde las ")
    assert "ConfigMap settings sin comprobar: El clúster prod no permite a " in json.dumps(
        card.blocks, ensure_ascii=False
    )


BROKEN = [
    ({HERE: "data: {level: ["}, ": Esto no es YAML válido: "),
    ({HERE: "kind: ConfigMap"}, "apps/shop/settings.yaml:1: Este documento no es un objeto de Kubernetes: no tiene "),
    (
        {"apps/shop/kustomization.yaml": "resources: [nowhere.yaml]"},
        "apps/shop/nowhere.yaml no está en el repositorio ",
    ),
    ({"apps/shop/kustomization.yaml": "namePrefix: [a]"}, "kustomize build apps/shop falló: "),
]


@pytest.mark.parametrize(("files", "told"), BROKEN)
def test_a_channel_reads_its_language_also_of_what_git_cannot_be_read_as(desk, files, told):
    desk = desk(language="es")
    desk.edit(level="debug")
    desk.look()
    desk.look()
    desk.source.commit("Break it", files)
    assert desk.look().status is Status.UNKNOWN
    (card,) = (message for message in desk.slack.messages(CHANNEL) if message.text.startswith("Drift grave de shop"))
    assert told in json.dumps(card.blocks, ensure_ascii=False)


@pytest.mark.parametrize(
    ("namespace", "level", "said"),
    [
        ("", "debug", "apps/shop/zz.yaml:2 is used and apps/shop/settings.yaml:1 is ignored"),
        ("shop", "debug", "apps/shop/zz.yaml:2 is used and apps/shop/settings.yaml:1 is ignored"),
        ("", "info", None),
        ("elsewhere", "debug", None),
    ],
)
def test_an_object_declared_twice_and_not_alike_is_said_and_is_no_drift(desk, namespace, level, said):
    desk = desk()
    again = GIT.replace("name: settings", f"name: settings, namespace: {namespace}" if namespace else "name: settings")
    desk.source.commit("Say it again", {"apps/shop/zz.yaml": f"# Again\n{again.replace('info', level)}"})
    desk.cluster.api.apply(
        {**SETTINGS, "data": {"level": level}}, manager="kustomize-controller", namespace=namespace or "shop"
    )
    check = desk.look()
    assert (check.status, check.drift) == (Status.SYNCED, ())
    stored = desk.ports.store.checks.latest()
    asked = diff(ENGLISH, stored["shop"], "shop", everything=False)
    listed = answer(ENGLISH, Overview([SHOP], stored, (), {}, {}, ()))
    told = [
        json.dumps(asked.blocks),
        json.dumps(listed.blocks),
        as_text([check]),
        as_json([check], explain=True).decode(),
    ]
    assert [said is not None and said in each for each in told] == [said is not None] * 4
    assert said is not None or not any("declared twice" in each for each in told)


def test_a_merge_that_lands_during_a_check_waits_for_the_next_one(desk, monkeypatch):
    desk = desk("alerts: {looks: 1}")
    deployed = desk.source.sha()
    repository = desk.ports.repositories["platform"]
    fetch = repository.fetch

    def fetch_and_then_merge():
        monkeypatch.setattr(repository, "fetch", fetch)
        head = fetch()
        desk.source.commit("Warn", {HERE: GIT.replace("info", "warn")})
        return head

    monkeypatch.setattr(repository, "fetch", fetch_and_then_merge)
    during, after = desk.look(), desk.look()
    assert (during.revision, during.status) == (deployed, Status.SYNCED)
    assert (after.revision, after.status) == (desk.source.sha(), Status.OUT_OF_SYNC)
    assert [rollout.revision for rollout in desk.ports.store.rollouts.unsettled()] == [after.revision]
    assert desk.cards() == []


@pytest.mark.parametrize(("more", "cards"), [("", 0), ("alerts: {quiet_while_rolling: false}", 1)])
def test_whether_a_moving_rollout_keeps_it_quiet(desk, more, cards):
    desk = desk(more)
    desk.source.commit("Warn", {HERE: GIT.replace("info", "warn")})
    for _ in range(3):
        assert desk.look().status is Status.OUT_OF_SYNC
    assert len(desk.cards()) == cards


KUSTOMIZATIONS = Kind("kustomize.toolkit.fluxcd.io", "v1", "Kustomization", "kustomizations", subresources=("status",))
KUSTOMIZATION = {
    "apiVersion": "kustomize.toolkit.fluxcd.io/v1",
    "kind": "Kustomization",
    "metadata": {"name": "shop"},
    "spec": {"path": "./apps/shop"},
}


def reconcile(cluster, status):
    """What Flux says of itself."""
    path = f"{cluster.api.path_of(KUSTOMIZATION, 'flux-system')}/status"
    told = {"status": {"conditions": [{"type": "Reconciling", "status": status}]}}
    cluster.api.call("PATCH", path, told, content_type="application/merge-patch+json", user_agent="flux")


def test_a_deployer_at_work_keeps_it_quiet_until_it_is_done(desk):
    desk = desk()
    desk.cluster.api.serve(KUSTOMIZATIONS)
    desk.cluster.api.apply(KUSTOMIZATION, manager="flux", namespace="flux-system")
    reconcile(desk.cluster, "True")
    desk.edit(level="debug")
    for _ in range(3):
        assert desk.look().status is Status.OUT_OF_SYNC
    assert desk.cards() == []
    reconcile(desk.cluster, "False")
    for _ in range(2):
        desk.look()
    assert len(desk.cards()) == 1


def test_a_deployer_that_may_not_be_read_delays_nothing(desk):
    desk = desk()
    desk.cluster.api.serve(KUSTOMIZATIONS)
    desk.cluster.faults.add(Fault("*/kustomizations", status=403))
    desk.edit(level="debug")
    for _ in range(2):
        desk.look()
    assert len(desk.cards()) == 1


def test_who_counts_as_a_person(desk):
    desk = desk("interactive: [harbour-*]")
    desk.edit("kubectl/v1.36.2", seen="1")
    assert desk.look().status is Status.SYNCED
    desk.edit("harbour-console/2.0", more="1")
    assert [field.path for found in desk.look().drift for field in found.fields] == ["data.more"]


@pytest.mark.parametrize(
    "rule",
    [
        "paths: [data.level]",
        "jsonPointers: [/data/level]",
        "group: '', jqPathExpressions: ['.data | select(has(\"level\")).level']",
        "managedFieldsManagers: [kubectl*]",
    ],
)
def test_a_rule_of_the_configuration_is_named_where_it_ignores(desk, rule):
    desk = desk(f"ignore: [{{kind: ConfigMap, {rule}}}]")
    desk.edit(level="debug")
    check = desk.look()
    assert check.status is Status.SYNCED
    (field,) = [field for found in check.set_aside for field in found.fields if field.path == "data.level"]
    assert field.reason.startswith("ignored by rule 1 in the configuration: ")
    assert (field.desired, field.live) == ("info", "debug")


def test_what_a_rule_ignores_does_not_hold_up_a_rollout(desk):
    desk = desk("ignore: [{kind: ConfigMap, jsonPointers: [/data/level]}]")
    desk.source.commit("Warn", {HERE: GIT.replace("info", "warn")})
    desk.look()
    (rollout,) = desk.ports.store.rollouts.unsettled()
    desk.watch.observe_rollouts()
    (rollout,) = desk.ports.store.rollouts.of_revisions([rollout.revision])
    assert rollout.state is RolloutState.LIVE

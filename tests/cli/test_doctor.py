"""The doctor against a local Slack, forge and cluster, with one thing wrong at a time."""

import re
import shutil
import subprocess
from dataclasses import replace

import pytest
import yaml

from bot.cli.doctor import probes
from bot.config.load import load
from bot.handlers.doctor import OPTIONAL_SCOPES, Clients, Probe, doctor
from bot.sandbox.cluster import SandboxCluster
from bot.sandbox.cluster.faults import Fault
from bot.sandbox.cluster.kubeconfig import write_kubeconfig
from bot.sandbox.forge.server import SandboxForge
from bot.sandbox.server import Server
from bot.sandbox.slack.server import SandboxSlack
from bot.sandbox.slack.web_api import APP_TOKEN, BOT_TOKEN

CONFIG_MAP = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "tides"}, "data": {"high": "06:12"}}


class World:
    """Everything the bot needs, in order."""

    def __init__(self, tmp_path, slack, forge, cluster, urls):
        self.tmp_path, self.slack, self.forge, self.cluster = tmp_path, slack, forge, cluster
        work = tmp_path / "work"
        (work / "ferry").mkdir(parents=True)
        (work / "ferry" / "tides.yaml").write_text(yaml.safe_dump(CONFIG_MAP))
        hosted = forge.create_repository("harbour/platform")
        identity = ["-c", "user.name=Mira", "-c", "user.email=mira@example.org", "-c", "commit.gpgsign=false"]
        for argv in (["init", "-q", "-b", "main"], ["add", "-A"], [*identity, "commit", "-qm", "Tides"]):
            subprocess.run(["git", *argv], cwd=work, check=True)
        subprocess.run(
            ["git", "push", "-q", str(tmp_path / "forge" / "harbour/platform.git"), "main"], cwd=work, check=True
        )
        assert hosted.full_name == "harbour/platform"
        self.channels = [channel.id for channel in slack.workspace.channels.values()][:2]
        self.file = {
            "slack": {"channel": self.channels[0], "api_url": slack.api_url},
            "repositories": {
                "platform": {
                    "url": f"{urls['forge']}/harbour/platform.git",
                    "forge": {
                        "kind": "github",
                        "repository": "harbour/platform",
                        "api_url": f"{urls['forge']}/api/v3",
                    },
                }
            },
            "clusters": {
                "prod": {"kubeconfig": str(write_kubeconfig(tmp_path / "kubeconfig", urls["cluster"], identity="bot"))}
            },
            "applications": {
                "ferry": {"repository": "platform", "path": "ferry", "cluster": "prod", "namespace": "ferry"},
                "quay": {"repository": "platform", "path": "ferry", "cluster": "prod", "namespace": "quay"},
            },
            "store": f"sqlite:///{tmp_path / 'state.db'}",
            "mirrors": str(tmp_path / "mirrors"),
        }
        self.file["applications"]["quay"]["channel"] = self.channels[1]
        self.environ = {"SLACK_BOT_TOKEN": BOT_TOKEN, "SLACK_APP_TOKEN": APP_TOKEN, "GITHUB_TOKEN": forge.token}

    def config(self):
        path = self.tmp_path / "config.yaml"
        path.write_text(yaml.safe_dump(self.file))
        return load(path, self.environ)

    def lines(self):
        return list(probes(self.config()))

    def not_ok(self):
        return {line.what: line.remedy for line in self.lines() if not line.ok}


@pytest.fixture
def world(tmp_path):
    slack, forge, cluster = SandboxSlack(seed=1), SandboxForge(tmp_path / "forge"), SandboxCluster()
    with slack.serve(), Server(forge.app) as forges, Server(cluster.app) as clusters:
        yield World(tmp_path, slack, forge, cluster, {"forge": forges.url, "cluster": clusters.url})


def test_all_is_well_and_nobody_notices(world):
    lines = world.lines()

    assert [line for line in lines if not line.ok] == []
    assert [line.what for line in lines if not line.what.startswith(("git ", "Kustomize: ", "Helm: "))] == [
        "configuration",
        "state database: can be written to",
        "Slack: SLACK_APP_TOKEN can open a Socket Mode connection",
        "Slack: SLACK_BOT_TOKEN is valid",
        "Slack: scope chat:write",
        "Slack: scope commands",
        "Slack: scope files:write",
        *(
            f"Slack: optional scope {scope}: granted"
            for scope in ("app_mentions:read", "users:read", "users:read.email", "channels:history")
        ),
        *(f"Slack: the bot can post in {channel}" for channel in sorted(world.channels)),
        "repository platform: git can fetch",
        "GitHub harbour/platform: read the repository",
        "GitHub harbour/platform: push branches",
        "GitHub harbour/platform: open pull requests",
        "cluster prod: API server responds",
        "application ferry: can be checked",
        "application quay: can be checked",
    ]
    assert {request.method for request in world.cluster.requests} == {"GET"}
    assert not any(world.slack.messages(channel) for channel in world.channels)
    assert world.forge.repositories["harbour/platform"].listed() == []


def test_missing_tokens_are_said_and_not_tried(world):
    world.environ = {}

    not_ok = [line for line in world.lines() if not line.ok]

    assert [line.remedy.partition(" is not set")[0] for line in not_ok if line.what == "configuration"] == [
        "SLACK_BOT_TOKEN",
        "SLACK_APP_TOKEN",
        "GITHUB_TOKEN",
    ]
    assert world.slack.calls == []


def test_refused_tokens_name_the_variable_and_never_show_it(world):
    world.environ = {"SLACK_BOT_TOKEN": "xoxb-sesame", "SLACK_APP_TOKEN": "xapp-sesame", "GITHUB_TOKEN": "ghp_sesame"}
    world.environ["SLACK_BOT_TOKEN"] = world.environ["SLACK_BOT_TOKEN"].replace("xoxb", "xoxe")

    not_ok = world.not_ok()

    assert "invalid_auth" in not_ok["Slack: SLACK_BOT_TOKEN is valid"]
    assert "Check SLACK_BOT_TOKEN" in not_ok["Slack: SLACK_BOT_TOKEN is valid"]
    assert "Check SLACK_APP_TOKEN" in not_ok["Slack: SLACK_APP_TOKEN can open a Socket Mode connection"]
    assert "GITHUB_TOKEN" in not_ok["GitHub harbour/platform: read the repository"]
    assert "sesame" not in str(not_ok)


def test_swapped_slack_tokens_are_seen(world):
    world.environ |= {"SLACK_BOT_TOKEN": APP_TOKEN, "SLACK_APP_TOKEN": BOT_TOKEN}

    assert set(world.not_ok()) == {
        "configuration",
        "Slack: SLACK_BOT_TOKEN is valid",
        "Slack: SLACK_APP_TOKEN can open a Socket Mode connection",
    }


def test_http_mode_needs_no_app_token(world):
    world.file["slack"]["mode"] = "http"
    world.environ |= {"SLACK_APP_TOKEN": "", "SLACK_SIGNING_SECRET": "s"}

    lines = world.lines()

    assert all(line.ok for line in lines)
    assert not any("SLACK_APP_TOKEN" in line.what for line in lines)


def test_a_missing_scope_is_named_with_its_reason(world):
    world.slack.services.scopes -= {"files:write", "usergroups:read"}
    world.file["slack"]["revert_allowed"] = ["S0ONCALL"]

    not_ok = world.not_ok()

    assert set(not_ok) == {"Slack: scope files:write", "Slack: scope usergroups:read"}
    assert "the user groups in revert_allowed" in not_ok["Slack: scope usergroups:read"]


@pytest.mark.parametrize(("scope", "consequence"), OPTIONAL_SCOPES.items())
def test_a_missing_optional_scope_says_what_follows(world, scope, consequence):
    world.slack.services.scopes.discard(scope)

    lines = world.lines()

    assert all(line.ok for line in lines)
    (missing,) = (line.what for line in lines if "optional" in line.what and not line.what.endswith("granted"))
    assert missing == f"Slack: optional scope {scope}: missing; {consequence}"


def test_a_kustomization_can_be_checked_with_what_is_there_and_not_without(world, monkeypatch, tmp_path):
    (world.tmp_path / "work" / "ferry" / "kustomization.yaml").write_text("resources: [tides.yaml]\n")
    identity = ["-c", "user.name=Mira", "-c", "user.email=mira@example.org", "-c", "commit.gpgsign=false"]
    remote = str(world.tmp_path / "forge" / "harbour/platform.git")
    for argv in (["add", "-A"], [*identity, "commit", "-qm", "Kustomize"], ["push", "-q", remote, "main"]):
        subprocess.run(["git", *argv], cwd=world.tmp_path / "work", check=True)

    lines = world.lines()
    assert all(line.ok for line in lines)
    assert any(re.fullmatch(r"Kustomize: \S+ (kustomize|build)", line.what) for line in lines)

    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "git").symlink_to(shutil.which("git"))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    without = world.not_ok()
    assert set(without) == {"application ferry: can be checked", "application quay: can be checked"}
    assert all("neither kustomize nor kubectl is on PATH" in remedy for remedy in without.values())


def test_a_channel_without_the_bot_says_invite(world):
    world.slack.remove_bot(world.channels[1])
    world.file["slack"]["channel"] = "C0NOWHERE"
    world.file["applications"]["ferry"]["channel"] = world.channels[0]

    not_ok = world.not_ok()

    assert set(not_ok) == {f"Slack: the bot can post in {name}" for name in ("C0NOWHERE", world.channels[1])}
    assert all("invite" in remedy for remedy in not_ok.values())


def test_slack_being_away_is_two_lines(world):
    world.file["slack"]["api_url"] = "http://127.0.0.1:9/api/"

    assert all("Slack is not responding" in remedy for remedy in world.not_ok().values())
    assert len(world.not_ok()) == 2


def test_a_repository_that_cannot_be_fetched_hides_no_other(world):
    world.file["repositories"]["charts"] = {"url": str(world.tmp_path / "nowhere.git")}
    world.file["applications"]["quay"]["repository"] = "charts"

    lines = world.lines()

    assert [line.what for line in lines if not line.ok] == ["repository charts: git can fetch"]
    assert Probe("application ferry: can be checked", ok=True) in lines


def test_a_token_that_may_not_write_is_seen_without_writing(world):
    token = world.forge.tokens[world.forge.token]
    world.forge.tokens[world.forge.token] = replace(token, writes=frozenset({"contents"}))

    not_ok = world.not_ok()

    assert set(not_ok) == {"GitHub harbour/platform: open pull requests"}
    assert "Pull requests" in not_ok["GitHub harbour/platform: open pull requests"]


def test_a_broken_app_key_is_a_line(world):
    world.environ |= {"GITHUB_TOKEN": "", "GITHUB_APP_ID": "7", "GITHUB_APP_PRIVATE_KEY": "sesame"}

    not_ok = world.not_ok()

    assert any("GITHUB_APP_PRIVATE_KEY" in remedy for remedy in not_ok.values())
    assert "sesame" not in str(not_ok)


def test_a_cluster_that_cannot_be_reached_hides_no_other(world):
    (world.tmp_path / "stale").write_text(
        (world.tmp_path / "kubeconfig").read_text().replace("http://127.0.0.1:", "http://127.0.0.1:9#")
    )
    kubeconfigs = {"gone": world.tmp_path / "absent", "stale": world.tmp_path / "stale"}
    world.file["clusters"] |= {name: {"kubeconfig": str(path)} for name, path in kubeconfigs.items()}

    assert set(world.not_ok()) == {"cluster gone: API server responds", "cluster stale: API server responds"}


def test_a_kind_that_may_not_be_listed_is_said_with_what_to_grant(world):
    world.cluster.faults.add(Fault("*/configmaps", 403))

    not_ok = world.not_ok()

    assert set(not_ok) == {"application ferry: can be checked", "application quay: can be checked"}
    assert all("configmaps" in remedy for remedy in not_ok.values())


def test_a_database_that_cannot_be_opened_is_a_line(world):
    world.file["store"] = f"sqlite:///{world.tmp_path / 'no' / 'such' / 'folder' / 'state.db'}"

    assert set(world.not_ok()) == {"state database: can be written to"}


@pytest.mark.parametrize(
    ("version", "ok"), [((2, 38), True), ((2, 38, 1), True), ((2, 37, 9), False), ((3, 0), True), ((), False)]
)
def test_git_must_know_merge_tree(world, version, ok):
    config = replace(world.config(), repositories={}, clusters={}, applications={})
    nothing = Clients(
        slack=None,
        chat=None,
        repositories={},
        repository=lambda _: pytest.fail("not asked for here"),
        forges={},
        clusters={},
        renderer=None,
        programs={},
        store=lambda: pytest.fail("not asked for here"),
        git_version=lambda: version,
        clock=lambda: pytest.fail("not asked for here"),
    )

    line = next(line for line in doctor(config, nothing) if line.what.startswith("git"))

    assert line.ok is ok
    assert ok or line.remedy == "install git 2.38 or later."

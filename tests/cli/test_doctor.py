"""The doctor against a local Slack, forge and cluster, with one thing wrong at a time."""

import re
import shutil
from dataclasses import replace
from pathlib import Path
from unittest.mock import Mock

import pytest

from bot.adapters.charts.fetcher import ChartFetcher
from bot.adapters.git.repository import GitRepository
from bot.cli.doctor import probes
from bot.config.load import load
from bot.handlers.doctor import Clients, Probe, doctor
from bot.handlers.slack_probes import OPTIONAL_SCOPES
from bot.ports.git import RepositoryError
from bot.sandbox.slack.web_api import APP_TOKEN, BOT_TOKEN
from tests.common.bot import application_settings, write_config
from tests.common.event_receiver import SECRET, running_receiver
from tests.common.forge import FORGE_KINDS, RunningForge
from tests.common.kubernetes import as_yaml, config_map
from tests.common.slack import ALERTS, DEPLOYS, JONAS, PLATFORM


class Installation:
    """A configuration file with everything it refers to, in order."""

    def __init__(self, tmp_path, slack, forge, cluster):
        self.tmp_path, self.slack, self.forge, self.cluster = tmp_path, slack, forge, cluster
        forge.hosted.commit("main", {"ferry/tides.yaml": as_yaml(config_map("tides", high="06:12"))}, "Tides\n", "mia")
        self.channels = [ALERTS, DEPLOYS]
        kubeconfig = cluster.kubeconfig(tmp_path / "kubeconfig")
        self.file = {
            "slack": {"channel": ALERTS, "api_url": slack.api_url},
            "repositories": {"press": forge.settings()},
            "clusters": {"prod": {"kubeconfig": str(kubeconfig)}},
            "applications": {
                "ferry": application_settings("ferry", repository="press", path="ferry"),
                "quay": application_settings("quay", repository="press", path="ferry", channel=DEPLOYS),
            },
        }
        tokens = {"SLACK_BOT_TOKEN": BOT_TOKEN, "SLACK_APP_TOKEN": APP_TOKEN}
        self.environ = {**tokens, "GITHUB_TOKEN": forge.sandbox.token}

    def config(self):
        return load(write_config(self.tmp_path / "config.yaml", **self.file), self.environ)

    def lines(self):
        return list(probes(self.config()))

    def not_ok(self):
        """What is wrong, each with its remedy."""
        return {line.what: str(line.remedy) for line in self.lines() if not line.ok}


@pytest.fixture
def installation(tmp_path, slack, cluster):
    with RunningForge("github", tmp_path).serve() as forge:
        yield Installation(tmp_path, slack, forge, cluster)


def test_a_complete_installation_passes_and_nothing_is_changed(installation):
    lines = installation.lines()

    assert [line for line in lines if not line.ok] == []
    assert [line.what for line in lines if not line.what.startswith(("git ", "Kustomize", "Helm: "))] == [
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
        "Slack: message blocks are valid",
        *(f"Slack: the bot can post in {channel}" for channel in sorted(installation.channels)),
        "repository press: git can fetch",
        "GitHub paper/press: read the repository",
        "GitHub paper/press: push branches",
        "GitHub paper/press: open pull requests",
        "GitHub paper/press: read checks",
        "GitHub paper/press: check who can approve",
        "repository press: url and forge.repository match",
        "cluster prod: API server responds",
        "application ferry: can be checked",
        "application quay: can be checked",
        "cluster prod: changes can be watched",
    ]
    assert {request.method for request in installation.cluster.sandbox.requests} == {"GET"}
    assert not any(installation.slack.messages(channel) for channel in installation.channels)
    assert installation.forge.hosted.listed() == []


def test_missing_tokens_are_reported_and_not_tried(installation):
    installation.environ = {}

    not_ok = [line for line in installation.lines() if not line.ok]

    assert [line.remedy.partition(" is not set")[0] for line in not_ok if line.what == "configuration"] == [
        "SLACK_BOT_TOKEN",
        "SLACK_APP_TOKEN",
        "GITHUB_TOKEN",
    ]
    assert installation.slack.calls == []


def test_refused_tokens_name_the_variable_and_never_show_it(installation):
    installation.environ = {
        "SLACK_BOT_TOKEN": "xoxb-sesame",
        "SLACK_APP_TOKEN": "xapp-sesame",
        "GITHUB_TOKEN": "ghp_sesame",
    }
    installation.environ["SLACK_BOT_TOKEN"] = installation.environ["SLACK_BOT_TOKEN"].replace("xoxb", "xoxe")

    not_ok = installation.not_ok()

    assert "invalid_auth" in not_ok["Slack: SLACK_BOT_TOKEN is valid"]
    assert "Check SLACK_BOT_TOKEN" in not_ok["Slack: SLACK_BOT_TOKEN is valid"]
    assert "Check SLACK_APP_TOKEN" in not_ok["Slack: SLACK_APP_TOKEN can open a Socket Mode connection"]
    assert "GITHUB_TOKEN" in not_ok["GitHub paper/press: read the repository"]
    assert "sesame" not in str(not_ok)


def test_swapped_slack_tokens_are_reported(installation):
    installation.environ |= {"SLACK_BOT_TOKEN": APP_TOKEN, "SLACK_APP_TOKEN": BOT_TOKEN}

    assert set(installation.not_ok()) == {
        "configuration",
        "Slack: SLACK_BOT_TOKEN is valid",
        "Slack: SLACK_APP_TOKEN can open a Socket Mode connection",
    }


def test_http_mode_needs_no_app_token(installation):
    installation.file["slack"]["mode"] = "http"
    installation.environ |= {"SLACK_APP_TOKEN": "", "SLACK_SIGNING_SECRET": "s"}

    lines = installation.lines()

    assert all(line.ok for line in lines)
    assert not any("SLACK_APP_TOKEN" in line.what for line in lines)


def test_a_missing_scope_is_named_with_its_reason(installation):
    installation.slack.services.scopes -= {"files:write", "usergroups:read"}
    installation.file["slack"]["revert_allowed"] = ["S0ONCALL"]

    not_ok = installation.not_ok()

    assert set(not_ok) == {"Slack: scope files:write", "Slack: scope usergroups:read"}
    assert "the user groups in revert_allowed" in not_ok["Slack: scope usergroups:read"]


def test_missing_optional_scopes_name_the_consequence(installation):
    installation.slack.services.scopes -= OPTIONAL_SCOPES.keys() - {"users:read"}

    lines = installation.lines()

    assert all(line.ok for line in lines)
    assert [line.what.removeprefix("Slack: optional scope ") for line in lines if "optional" in line.what] == [
        f"{scope}: " + ("granted" if scope == "users:read" else f"missing; {consequence}")
        for scope, consequence in OPTIONAL_SCOPES.items()
    ]


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (
            "invalid_blocks",
            Probe("Slack: message blocks are valid", False, "Slack rejects them; update gitops-bot."),
        ),
        (
            "unknown_method",
            Probe("Slack: message blocks are valid: not tested; Slack returned unknown_method", True),
        ),
    ],
)
def test_a_slack_that_rejects_the_blocks_is_told_from_one_that_cannot_say(installation, error, line):
    installation.slack.faults.refuse["blocks.validate"] = error
    found = next(probe for probe in installation.lines() if "blocks" in probe.what)
    assert (found.what, found.ok, str(found.remedy).strip()) == (line.what, line.ok, str(line.remedy))


def test_a_kustomization_needs_kustomize_or_kubectl(installation, monkeypatch, tmp_path):
    files = {"ferry/kustomization.yaml": "resources: [tides.yaml]\n"}
    installation.forge.hosted.commit("main", files, "Kustomize\n", "mia")

    lines = installation.lines()
    assert all(line.ok for line in lines)
    assert any(re.fullmatch(r"Kustomize: \S+ (kustomize|build)", line.what) for line in lines)

    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "git").symlink_to(shutil.which("git"))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    without = installation.not_ok()
    assert set(without) == {"application ferry: can be checked", "application quay: can be checked"}
    assert all("neither kustomize nor kubectl is on PATH" in remedy for remedy in without.values())


@pytest.mark.parametrize(
    ("missing", "state"),
    [("", "isolated by Landlock"), ("Landlock is off", "not isolated (Landlock is off); Helm charts")],
)
def test_isolation_is_reported(installation, monkeypatch, missing, state):
    monkeypatch.setattr("bot.cli.doctor.missing_isolation", lambda: missing)
    assert any(line.what.startswith(f"Kustomize and Helm are {state}") for line in installation.lines())


def test_a_channel_without_the_bot_says_invite(installation):
    installation.slack.remove_bot(installation.channels[1])
    installation.file["slack"]["channel"] = "C0NOWHERE"
    installation.file["applications"]["ferry"]["channel"] = installation.channels[0]

    not_ok = installation.not_ok()

    assert set(not_ok) == {f"Slack: the bot can post in {name}" for name in ("C0NOWHERE", installation.channels[1])}
    assert all("invite" in remedy for remedy in not_ok.values())


def test_every_channel_that_the_configuration_names_is_tested(installation):
    installation.file["clusters"]["prod"]["channel"] = "C0CLUSTER"
    installation.file["alerts"] = {"escalate": {"after": "30m", "to": [JONAS], "channel": "C0ONCALL"}}
    installation.file["slack"]["languages"] = {"C0SPANISH": "es"}

    lines = installation.lines()

    assert [line.what for line in lines if not line.ok] == [
        f"Slack: the bot can post in {channel}" for channel in ("C0CLUSTER", "C0ONCALL")
    ]
    (language,) = (line for line in lines if "C0SPANISH" in line.what)
    assert (language.ok, "invite the bot" in language.what) == (True, True)


def test_unknown_people_and_groups_are_named_with_their_setting(installation):
    installation.file["slack"]["revert_allowed"] = [JONAS, PLATFORM, "S0NOBODY"]
    installation.file["applications"]["ferry"] |= {"owners": ["U0NOBODY", JONAS], "revert_allowed": ["U0GONE"]}
    installation.file["alerts"] = {"escalate": {"after": "30m", "to": ["U0GONE"]}}

    assert set(installation.not_ok()) == {
        "Slack: S0NOBODY in slack.revert_allowed exists",
        "Slack: U0GONE in applications.ferry.revert_allowed, alerts.escalate.to exists",
        "Slack: U0NOBODY in applications.ferry.owners exists",
    }
    assert f"Slack: {PLATFORM} in slack.revert_allowed exists" in {line.what for line in installation.lines()}
    installation.slack.services.scopes -= {"users:read"}
    assert set(installation.not_ok()) == {"Slack: S0NOBODY in slack.revert_allowed exists"}


def test_an_unavailable_slack_is_two_lines(installation):
    installation.file["slack"]["api_url"] = "http://127.0.0.1:9/api/"

    assert all("Slack is not responding" in remedy for remedy in installation.not_ok().values())
    assert len(installation.not_ok()) == 2


@pytest.mark.parametrize("kind", FORGE_KINDS)
def test_a_url_of_another_repository_is_told_from_another_name_of_this_one(tmp_path, slack, cluster, kind):
    with RunningForge(kind, tmp_path).serve() as forge:
        installation = Installation(tmp_path, slack, forge, cluster)
        installation.environ[forge.kind.token_variable] = forge.sandbox.token
        press = installation.file["repositories"]["press"]
        own, host = press["url"], forge.url.removeprefix("http://")
        what = "repository press: url and forge.repository match"

        def line(url):
            press["url"] = url
            return next(line for line in probes(installation.config()) if line.what.startswith(what))

        assert line(own.removesuffix(".git").upper().replace("HTTP", "http")) == Probe(what, ok=True)
        other = line(own.replace("press", "infra"))
        assert (other.what, other.ok, "Correct one of them" in other.remedy) == (what, False, True)
        assert line(f"git@{host.partition(':')[0]}:paper/infra.git").ok is False
        assert line(f"git@alias:{forge.kind.repository}.git") == Probe(what, ok=True)
        assert line("https://mirror.example.com/mirrors/press-copy.git").ok


def test_a_failing_repository_hides_no_other(installation):
    installation.file["repositories"]["charts"] = {"url": str(installation.tmp_path / "nowhere.git")}
    installation.file["applications"]["quay"]["repository"] = "charts"

    lines = installation.lines()

    assert [line.what for line in lines if not line.ok] == ["repository charts: git can fetch"]
    assert Probe("application ferry: can be checked", ok=True) in lines


def test_a_repository_whose_branches_cannot_be_listed_ends_no_other_test(installation, monkeypatch):
    monkeypatch.setattr(GitRepository, "has_branch", Mock(side_effect=RepositoryError("Gone.")))

    assert installation.not_ok() == {"repository press: branches can be created in gitops-bot/": "Gone."}


def test_a_branch_in_the_way_of_the_bots_branches_is_reported(installation):
    installation.forge.hosted.commit("gitops-bot", {"ferry/tides.yaml": "{}"}, "Tides\n", "mia")

    assert installation.not_ok() == {
        "repository press: branches can be created in gitops-bot/": "rename or delete the branch gitops-bot."
    }


def test_a_read_only_token_is_recognized_without_writing(installation):
    sandbox = installation.forge.sandbox
    token = sandbox.tokens[sandbox.token]
    sandbox.tokens[sandbox.token] = replace(token, writes=frozenset({"contents"}))

    not_ok = installation.not_ok()

    assert set(not_ok) == {"GitHub paper/press: open pull requests"}
    assert "Pull requests" in not_ok["GitHub paper/press: open pull requests"]


def test_a_broken_app_key_is_a_line(installation):
    installation.environ |= {"GITHUB_TOKEN": "", "GITHUB_APP_ID": "7", "GITHUB_APP_PRIVATE_KEY": "sesame"}

    not_ok = installation.not_ok()

    assert any("GITHUB_APP_PRIVATE_KEY" in remedy for remedy in not_ok.values())
    assert "sesame" not in str(not_ok)


def test_an_unavailable_cluster_hides_no_other(installation):
    (installation.tmp_path / "stale").write_text(
        (installation.tmp_path / "kubeconfig").read_text().replace("http://127.0.0.1:", "http://127.0.0.1:9#")
    )
    kubeconfigs = {"gone": installation.tmp_path / "absent", "stale": installation.tmp_path / "stale"}
    installation.file["clusters"] |= {name: {"kubeconfig": str(path)} for name, path in kubeconfigs.items()}

    assert set(installation.not_ok()) == {"cluster gone: API server responds", "cluster stale: API server responds"}


def test_each_audit_log_is_read(installation):
    event = '{"kind": "Event", "apiVersion": "audit.k8s.io/v1"}\n'
    contents = {"good": f'{{"written": "half\n{event}', "empty": "", "text": "2026-11-22 GET /api/v1/pods\n"}
    paths = {name: installation.tmp_path / name for name in (*contents, "absent")}
    for name, content in contents.items():
        paths[name].write_text(content)
    installation.file["clusters"]["prod"]["audit"] = {"logs": [str(path) for path in paths.values()]}

    def line(name):
        return f"cluster prod: audit log {paths[name]} can be read"

    assert {line(name) for name in paths} <= {probe.what for probe in installation.lines()}
    not_ok = installation.not_ok()
    assert set(not_ok) == {line("text"), line("absent")}
    assert "--audit-log-format=json" in not_ok[line("text")]
    assert "No such file" in not_ok[line("absent")]


def test_the_receiver_of_events_gets_a_signed_ping(installation):
    with running_receiver() as receiver:
        installation.file["events"] = {"url": receiver.url}
        installation.environ["EVENTS_SECRET"] = SECRET
        assert installation.not_ok() == {}
        assert receiver.types() == ["ping"]
        installation.environ["EVENTS_SECRET"] = "another"
        assert installation.not_ok() == {
            "events: the receiver accepts them": "127.0.0.1 returned 401: it must verify the signature with the same"
            " EVENTS_SECRET."
        }
        del installation.environ["EVENTS_SECRET"]
        assert set(installation.not_ok()) == {"configuration"}


def test_a_forbidden_kind_is_reported_with_what_to_grant(installation):
    installation.cluster.fail("*/configmaps", 403)

    not_ok = installation.not_ok()

    assert set(not_ok) == {"application ferry: can be checked", "application quay: can be checked"}
    assert all("configmaps" in remedy for remedy in not_ok.values())


def test_a_kind_that_cannot_be_watched_is_named_with_what_to_grant(installation):
    installation.file["applications"]["quay"]["namespace"] = "harbor"
    installation.cluster.fail("/api/v1/configmaps", 403, watch=True)
    assert "cluster prod: changes can be watched" in {line.what for line in installation.lines() if line.ok}
    installation.cluster.fail("/api/v1/namespaces/*/configmaps", 403, watch=True)
    assert any(
        line.what.startswith("cluster prod: changes can be watched, except configmaps, which")
        and "Grant it “watch” on configmaps in namespace" in line.what
        for line in installation.lines()
        if line.ok
    )
    installation.file["clusters"]["prod"]["watch"] = False
    assert not any("watched" in line.what for line in installation.lines())


def test_a_database_that_cannot_be_opened_is_a_line(installation):
    installation.file["store"] = f"sqlite:///{installation.tmp_path / 'no' / 'such' / 'folder' / 'state.db'}"

    assert set(installation.not_ok()) == {"state database: can be written to"}


@pytest.mark.parametrize(
    ("version", "ok"), [((2, 38), True), ((2, 38, 1), True), ((2, 37, 9), False), ((3, 0), True), ((), False)]
)
def test_git_must_know_merge_tree(installation, version, ok):
    config = replace(installation.config(), repositories={}, clusters={}, applications={})
    nothing = Clients(
        slack=None,
        chat=None,
        repositories={},
        repository=lambda _: pytest.fail("not asked for here"),
        forges={},
        clusters={},
        charts=ChartFetcher(Path("unused"), None, {}),
        renderer=None,
        bases=None,
        programs={},
        missing_isolation="",
        audit_logs=lambda _: pytest.fail("not asked for here"),
        events=None,
        store=lambda: pytest.fail("not asked for here"),
        git_version=lambda: version,
        clock=lambda: pytest.fail("not asked for here"),
    )

    line = next(line for line in doctor(config, nothing) if line.what.startswith("git"))

    assert line.ok is ok
    assert ok or line.remedy == "install git 2.38 or later."

"""The configuration: what a good one becomes, and what people read about a bad one."""

import dataclasses
import re
import sys
from datetime import time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import yaml

from bot.config.errors import ConfigError
from bot.config.load import load
from bot.config.sections.cluster_audit import ClusterAuditConfig
from bot.core.access.permission import Right, Roles
from bot.core.applications.application import Application
from bot.core.approvals.approval import AllowedAutomation, ApprovalRules
from bot.core.delivery.digest import DigestSchedule
from bot.core.drift.ignore_rules import IgnoreRule
from bot.core.drift.severity import Severity
from bot.core.git.repository_ref import RepositoryRef
from bot.core.incidents.alerting import AlertPolicy, Escalation
from bot.core.incidents.quiet_hours import QuietHours
from bot.core.objects.managed_fields import INTERACTIVE
from bot.core.rendering.source import HelmParameters
from tests.common.english import english

DATA = Path(__file__).parent / "data" / "config"
SMALL = """\
slack: {channel: C0HARBOUR1}
repositories: {platform: {url: /srv/platform.git}}
clusters: {prod: {}}
applications: {ferry: {repository: platform, path: ferry, cluster: prod, namespace: ferry}}
"""
GITHUB = SMALL.replace("/srv/platform.git", "/srv/p.git, forge: {kind: github, repository: harbour/platform}")
GITLAB = GITHUB.replace("github, repository: harbour/platform", "gitlab, repository: harbour/team/platform")
BITBUCKET = GITHUB.replace("kind: github", "kind: bitbucket")
BITBUCKET_SERVER = GITHUB.replace(
    "kind: github", "kind: bitbucket-server, api_url: https://git.example/rest/api/latest"
)


@pytest.fixture
def written(tmp_path, monkeypatch):
    """Writes config.yaml into the working directory, and loads it."""
    monkeypatch.chdir(tmp_path)

    def write(text, environ=None):
        Path("config.yaml").write_bytes(text if isinstance(text, bytes) else text.encode())
        return load(Path("config.yaml"), environ or {})

    return write


def test_every_key_arrives():
    config = load(DATA / "full.yaml", {"HOME": "/home/mira"})

    assert config.slack.channel == "C0HARBOUR1"
    assert config.slack.api_url == "http://127.0.0.1:4010/api/"
    assert config.roles == Roles(
        workspace={Right.REVERT: ("U0MIRA", "S0ONCALL"), Right.SILENCE: ("S0CREW",)},
        applications={"ferry": {Right.REVERT: (), Right.SILENCE: ("*",)}, "quay": {}, "pier": {}},
    )
    assert (config.slack.mode, config.slack.listen) == ("http", ("::1", 8443))
    assert config.zone == ZoneInfo("America/Montevideo")
    platform, charts = config.repositories["platform"], config.repositories["charts"]
    assert (platform.url, platform.branch) == ("https://git.example.org/harbour/platform.git", "1.10")
    assert platform.forge
    assert (platform.forge.kind, platform.forge.repository) == ("github", "harbour/platform")
    assert platform.forge.api_url == "https://git.example.org/api/v3"
    tide = AllowedAutomation("tide[bot]", ("apps/*/images.yaml", "charts/**/values.yaml"))
    assert platform.approvals.rules == ApprovalRules(2, (tide,))
    assert (platform.approvals.alert, platform.approvals.grace) == (False, timedelta(seconds=90))
    assert (charts.branch, charts.forge, charts.approvals.rules) == ("main", None, ApprovalRules())
    assert config.clusters["prod"].kubeconfig == Path("~/kube/prod").expanduser()
    assert config.clusters["prod"].context == "prod-eu"
    assert (config.clusters["prod"].discover, config.clusters["prod"].channel) == (("argocd",), "C0HARBOUR2")
    assert (config.clusters["here"].kubeconfig, config.clusters["here"].context) == (None, None)
    assert config.clusters["here"].audit == ClusterAuditConfig(
        logs=(Path("~/audit.log").expanduser(),),
        webhook=True,
        show_users=True,
        retention=timedelta(hours=2),
        delay=timedelta(minutes=5),
    )
    assert (list(config.audits), list(config.audit_webhooks)) == (["here"], ["here"])
    helm = HelmParameters(
        release_name="harbour",
        values_files=("values-prod.yaml", "/env/all.yaml"),
        set=(("replicas", "3"), ("image.tag", "1.10")),
        set_string=(("build", "007"),),
        api_versions=("monitoring.coreos.com/v1",),
        kube_version="1.33",
        include_crds=False,
    )
    assert config.applications == {
        "ferry": Application(
            "ferry", RepositoryRef("platform"), "apps/ferry", "prod", "on", "G0FERRY", owners=("W0KAI", "S0CREW")
        ),
        "quay": Application("quay", RepositoryRef("charts"), ".", "here", "quay", "C0HARBOUR1", helm=helm),
        "pier": Application("pier", RepositoryRef("charts"), ".", "here", "quay", "C0HARBOUR1", helm=helm),
    }
    assert config.schedule.model_dump() == {
        "drift": timedelta(hours=1, minutes=30),
        "git": timedelta(seconds=45),
        "second_look": timedelta(minutes=1),
        "rollout": timedelta(seconds=5),
        "rollout_deadline": timedelta(minutes=15),
        "discover": timedelta(minutes=2),
    }
    assert config.store == "sqlite:////var/lib/gitops-bot/state.db"
    assert config.mirrors == Path("/var/lib/gitops-bot/mirrors")
    path = 'spec.template.metadata.annotations["example.com/hash"]'
    assert english(config.ignore) == (
        IgnoreRule(kind="Deployment", paths=(path,), title="rule 1 in the configuration"),
        IgnoreRule(
            group="apps",
            kind="Deployment",
            namespace="ferry*",
            json_pointers=("/spec/replicas",),
            jq_path_expressions=('.spec.template.spec.containers[] | select(.name == "proxy")',),
            managed_fields_managers=("tide-operator",),
            title="rule 2 in the configuration",
        ),
    )
    assert (config.alerts.looks, config.alerts.quiet_while_rolling) == (3, False)
    assert config.alerts.policy() == AlertPolicy(
        group_size=8,
        remind_every=timedelta(hours=4),
        escalation=Escalation(timedelta(minutes=30), ("U0MIRA", "S0ONCALL"), "C0SIREN"),
        quiet_hours=QuietHours(
            ZoneInfo("Europe/Madrid"), time(22), time(7), frozenset({"sat", "sun"}), exempt_severity=Severity.SERIOUS
        ),
    )
    assert config.alerts.digest_schedule(config.zone) == DigestSchedule(
        "fri", time(16, 30), ZoneInfo("Europe/Madrid"), config.alerts.policy().quiet_hours
    )
    assert config.interactive == ("kubectl*", "lens")


BOMB = "\n".join(
    ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    + [f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 10)}]" for level in range(1, 9)]
)


def test_an_alias_bomb_is_refused_before_it_is_built(tmp_path):
    (tmp_path / "config.yaml").write_text(BOMB)
    with pytest.raises(ConfigError, match=r"config.yaml:1: the aliases expand to too much content"):
        load(tmp_path / "config.yaml", {})


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (
            "slack: {channel: C0HARBOUR1}",
            "slack:\n  channel: #general",
            "config.yaml:2: slack.channel: no value, because # starts a comment in YAML; expected a channel ID",
        ),
        ("/srv/platform.git", "not a url", "repositories.platform.url: expected a URL or local path"),
    ],
)
def test_what_was_meant_as_a_value_is_not_taken_as_none(written, before, after, said):
    assert before in SMALL
    with pytest.raises(ConfigError, match=re.escape(said)):
        written(SMALL.replace(before, after))


def test_what_is_left_out_has_its_default(written):
    config = written(SMALL)

    assert config.slack.api_url == "https://slack.com/api/"
    assert config.roles == Roles({Right.REVERT: ("*",), Right.SILENCE: ("*",)}, {"ferry": {}})
    assert (config.slack.mode, config.slack.listen) == ("socket", ("0.0.0.0", 3000))  # noqa: S104
    assert config.schedule.drift == timedelta(minutes=5)
    assert config.schedule.git == config.schedule.second_look == timedelta(seconds=30)
    assert config.schedule.rollout == timedelta(seconds=10)
    assert config.schedule.rollout_deadline == timedelta(minutes=10)
    assert (config.store, config.mirrors, config.ignore) == ("sqlite:///state.db", Path("mirrors"), ())
    assert (config.alerts.looks, config.alerts.quiet_while_rolling) == (2, True)
    assert config.alerts.policy() == AlertPolicy()
    assert config.interactive == INTERACTIVE


def test_check_needs_no_slack(written):
    config = written(SMALL.partition("\n")[2])

    assert config.applications["ferry"].channel == config.slack.channel == ""
    assert any(sentence.startswith("slack.channel is not set") for sentence in config.missing_for_run())


def test_every_mistake_is_said_at_once_with_its_line_and_without_its_value(monkeypatch):
    monkeypatch.chdir(DATA)

    with pytest.raises(ConfigError) as refused:
        load(Path("mistakes.yaml"), {})

    assert str(refused.value).splitlines() == (DATA / "mistakes.txt").read_text().splitlines()
    assert "sesame" not in repr(refused.getrepr(style="long", showlocals=False))


@pytest.mark.parametrize(
    ("alerts", "said"),
    [
        ("remind: 4d", "alerts.remind: expected a duration such as 30s, 5m or 1h30m, from 1s to 24h"),
        ("group: 1", "alerts.group: expected a number from 2 to 10000 (simultaneous alerts in a channel that"),
        ("escalate: {to: [U0MIRA]}", "alerts.escalate.after: missing; expected a duration such as 30s, 5m or 1h30m,"),
        ("escalate: {after: 1m, to: []}", "alerts.escalate.to: expected a list of 1 to 20 user IDs (U…, W…) and"),
        ("escalate: {after: 1m, to: ['@mira']}", "alerts.escalate.to[0]: expected a list of 1 to 20 user IDs (U…"),
        ("quiet_hours: {from: '22:00'}", "alerts.quiet_hours: set both from and to, or neither"),
        ("quiet_hours: {zone: UTC}", "alerts.quiet_hours: no time is set; expected from and to, such as"),
        ("quiet_hours: {from: '7:00', to: '22:00'}", "alerts.quiet_hours.from: expected a time of day such as '22:00'"),
        ("quiet_hours: {from: '24:00', to: '07:00'}", "alerts.quiet_hours.from: expected a time of day such as"),
        ("quiet_hours: {from: '07:00', to: '07:00'}", "alerts.quiet_hours: from and to are the same time"),
        ("quiet_hours: {days: [sat], zone: Madrid}", "alerts.quiet_hours.zone: expected a time zone such as"),
        ("quiet_hours: {days: [sat], zone: ../zone}", "alerts.quiet_hours.zone: expected a time zone such as"),
        (
            "quiet_hours: {days: [sabado]}",
            "alerts.quiet_hours.days[0]: expected a list of days that are quiet all day: mon,",
        ),
        (
            "quiet_hours: {days: [sat], except: label}",
            "alerts.quiet_hours.except: expected critical, serious or nothin",
        ),
        ("quiet_hours: {form: '22:00'}", "alerts.quiet_hours.form: unknown key; did you mean 'from'?"),
        (
            "quiet_hours: {start: '22:00'}",
            "alerts.quiet_hours.start: unknown key; expected one of days, except, from, ",
        ),
        ("quiet_hours: night", "alerts.quiet_hours: expected a mapping with the keys from, to, zone, days, except"),
    ],
)
def test_mistakes_in_how_alerts_are_told(written, alerts, said):
    with pytest.raises(ConfigError) as refused:
        written(SMALL + f"alerts: {{{alerts}}}\n")

    assert f": {said}" in str(refused.value)


def test_an_unknown_key_is_said_as_promised(written):
    text = SMALL.replace("namespace: ferry", "namespace: ferry, clustr: prod")

    with pytest.raises(ConfigError) as refused:
        written(text)

    assert str(refused.value) == "config.yaml:4: applications.ferry.clustr: unknown key; did you mean 'cluster'?"


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "config.yaml: empty; expected keys such as slack, repositories, clusters and applications"),
        (b"# nothing\n", "config.yaml: empty; expected keys such as slack, repositories, clusters and applications"),
        (b"- a\n", "config.yaml: not a mapping; expected keys such as slack, repositories, clusters and applications"),
        (b"slack: [\n", "config.yaml:2: invalid YAML: expected the node content, but found '<stream end>'"),
        (b"a: 1\n---\nb: 2\n", "config.yaml:2: invalid YAML: but found another document"),
        (b"a: *nobody\n", "config.yaml:1: invalid YAML: found undefined alias 'nobody'"),
        (b"slack: \xff\n", "config.yaml: invalid YAML: unacceptable character #x00ff: invalid start byte"),
        (b"slack: &s [*s]\n", "config.yaml: nested too deeply, or contains an alias that refers to itself"),
        (b"[" * 2000, "config.yaml: nested too deeply, or contains an alias that refers to itself"),
        (b"applications: {}\n", None),
        (b"applications:\n", None),
    ],
)
def test_what_is_no_configuration_is_one_sentence(written, content, sentence):
    with pytest.raises(ConfigError) as refused:
        written(content)

    nothing_to_check = "no application is configured; add at least one, or set discover on a cluster"
    assert str(refused.value) == (sentence or f"config.yaml:1: applications: {nothing_to_check}")


@pytest.mark.parametrize(("name", "why"), [("absent.yaml", "No such file or directory"), (".", "Is a directory")])
def test_what_cannot_be_read_is_one_sentence(tmp_path, name, why):
    with pytest.raises(ConfigError) as refused:
        load(tmp_path / name, {})

    assert str(refused.value) == f"{tmp_path / name}: cannot be read: {why}"


@pytest.mark.parametrize("branch", ["main", "release/2.x", "1.10", "off", "größe"])
def test_a_branch_is_taken_as_written(written, branch):
    config = written(SMALL.replace("/srv/platform.git", f"/srv/platform.git, branch: {branch}"))

    assert config.repositories["platform"].branch == branch


@pytest.mark.parametrize(
    "branch", ["-main", "a..b", "a b", "x.lock", "a/.b", "a//b", "a/", "HEAD^", "a:b", "a@{1}", "x."]
)
def test_a_branch_that_git_would_refuse_is_refused(written, branch):
    with pytest.raises(ConfigError, match=r"repositories\.platform\.branch: expected the name of the tracked branch"):
        written(SMALL.replace("/srv/platform.git", f"/srv/platform.git, branch: '{branch}'"))


def test_the_database_comes_from_the_environment_first(written):
    assert (
        written(SMALL, {"DATABASE_URL": "postgresql+psycopg://bot@db/bot"}).store == "postgresql+psycopg://bot@db/bot"
    )
    assert written(SMALL, {"DATABASE_URL": ""}).store == "sqlite:///state.db"


@pytest.mark.parametrize("url", ["sesame", "mystery://u:sesame@h/d", "postgresql://u:sesame@h:port/d"])
def test_a_bad_database_url_is_never_repeated(written, url):
    with pytest.raises(ConfigError) as refused:
        written(SMALL, {"DATABASE_URL": url})

    assert str(refused.value).startswith("DATABASE_URL: expected a SQLAlchemy URL such as sqlite:///state.db")
    assert "sesame" not in str(refused.value)


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:"])
def test_a_database_in_memory_is_refused(written, url):
    with pytest.raises(ConfigError, match=r"store: the state must be kept in a file, such as sqlite:///state\.db"):
        written(f"{SMALL}store: '{url}'\n")


def test_a_database_without_its_driver_says_what_to_install(written):
    with pytest.raises(ConfigError, match=r"store: no driver for mysql is installed"):
        written(SMALL + "store: mysql://u:sesame@h/d\n")


SECRETS = {
    "SLACK_BOT_TOKEN": "xoxb-sesame",
    "SLACK_APP_TOKEN": "xapp-sesame\n",
    "SLACK_SIGNING_SECRET": "sesame-signing",
    "GITHUB_TOKEN": "ghp_sesame",
    "GITHUB_APP_ID": "4711-sesame",
    "GITLAB_TOKEN": "glpat-sesame",
    "BITBUCKET_TOKEN": "mira@harbour.example:sesame",
    "GITHUB_APP_PRIVATE_KEY": r"-----BEGIN KEY-----\nsesame\n-----END KEY-----",
    "DATABASE_URL": "postgresql+psycopg://mira:sesame@db/bot",
}


def test_credentials_come_from_the_environment_and_show_in_no_repr(written):
    config = written(SMALL, SECRETS)

    assert config.credentials.slack_app_token == "xapp-sesame"
    assert config.credentials.github_app_private_key == "-----BEGIN KEY-----\nsesame\n-----END KEY-----"
    assert config.missing_for_run() == []
    assert "sesame" in str(dataclasses.astuple(config.credentials))
    assert "sesame" not in f"{config!r} {config} {config.credentials!r} {config.credentials}"


NEEDED = {name: SECRETS[name] for name in ("SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "GITHUB_TOKEN")}


@pytest.mark.parametrize(
    ("text", "environ", "missing"),
    [
        (GITHUB, NEEDED, []),
        (GITHUB, {}, ["SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "GITHUB_TOKEN"]),
        (GITHUB, dict.fromkeys(SECRETS, " "), ["SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "GITHUB_TOKEN"]),
        (GITLAB, NEEDED, ["GITLAB_TOKEN"]),
        (GITLAB, NEEDED | {"GITHUB_TOKEN": "", "GITLAB_TOKEN": "t"}, []),
        (BITBUCKET, NEEDED, ["BITBUCKET_TOKEN"]),
        (BITBUCKET_SERVER, NEEDED | {"BITBUCKET_TOKEN": "t"}, []),
        (SMALL, {}, ["SLACK_BOT_TOKEN", "SLACK_APP_TOKEN"]),
        (GITHUB.replace("1}", "1, mode: http}"), NEEDED, ["SLACK_SIGNING_SECRET"]),
        (GITHUB, NEEDED | {"GITHUB_TOKEN": "", "GITHUB_APP_ID": "7"}, ["GITHUB_APP_PRIVATE_KEY"]),
        (GITHUB, NEEDED | {"GITHUB_TOKEN": "", "GITHUB_APP_PRIVATE_KEY": "k"}, ["GITHUB_APP_ID"]),
        (GITHUB, NEEDED | {"GITHUB_TOKEN": "", "GITHUB_APP_ID": "7", "GITHUB_APP_PRIVATE_KEY": "k"}, []),
    ],
)
def test_missing_tokens_are_named_with_where_to_get_them(written, text, environ, missing):
    sentences = written(text, environ).missing_for_run()

    assert [sentence.partition(" is not set")[0] for sentence in sentences] == missing
    assert all(sentence.endswith(".") and len(sentence) > 100 for sentence in sentences)


@pytest.mark.parametrize(
    ("kind", "api_url"),
    [
        ("github", "https://api.github.com"),
        ("gitlab", "https://gitlab.com/api/v4"),
        ("bitbucket", "https://api.bitbucket.org/2.0"),
    ],
)
def test_the_address_of_a_public_forge_need_not_be_said(written, kind, api_url):
    forge = written(GITHUB.replace("github", kind)).repositories["platform"].forge
    assert forge.api_url == api_url


@pytest.mark.parametrize(
    ("kind", "library", "extra"),
    [
        ("gitlab", "gitlab", "gitlab"),
        ("bitbucket", "atlassian", "bitbucket"),
        ("bitbucket-server, api_url: https://git.example/rest/api/latest", "atlassian", "bitbucket"),
    ],
)
def test_a_forge_whose_library_is_not_installed_says_what_to_install(written, monkeypatch, kind, library, extra):
    monkeypatch.setitem(sys.modules, library, None)
    said = rf"2: repositories\.platform\.forge: .*pip install 'gitops-bot\[{extra}\]'$"
    with pytest.raises(ConfigError, match=said):
        written(GITHUB.replace("kind: github", f"kind: {kind}"))


@pytest.mark.parametrize(
    ("forge", "said"),
    [
        ("kind: github, repository: harbour/team/platform", "repository must have the form owner/name for github"),
        ("kind: bitbucket, repository: a/b/c", "repository must have the form workspace/repository for bitbucket"),
        ("kind: bitbucket-server, repository: HAR/platform", "api_url is missing; .* https://HOST/rest/api/latest"),
    ],
)
def test_a_forge_is_named_as_its_kind_has_it(written, forge, said):
    with pytest.raises(ConfigError, match=rf"2: repositories\.platform\.forge: {said}"):
        written(GITHUB.replace("kind: github, repository: harbour/platform", forge))


def test_the_documentation_shows_every_key_with_its_default(tmp_path):
    """docs/configuration.md holds one whole example; it loads, and states what holds when a key is left out."""
    text = (Path(__file__).parents[1] / "docs" / "configuration.md").read_text()
    example = text.partition("```yaml\n")[2].partition("```")[0]
    (tmp_path / "config.yaml").write_text(example)
    documented, least = load(tmp_path / "config.yaml", {}), yaml.safe_load(example)
    for defaulted in ("schedule", "store", "mirrors"):
        del least[defaulted]
    for key in ("api_url", "revert_allowed", "silence_allowed", "zone", "mode", "listen", "health_listen"):
        del least["slack"][key]
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(least))
    bare = load(tmp_path / "config.yaml", {})

    assert bare == documented
    assert set(type(documented.slack).model_fields) <= set(yaml.safe_load(example)["slack"])
    assert set(type(documented.schedule).model_fields) == set(yaml.safe_load(example)["schedule"])


def test_a_cluster_that_discovers_needs_no_application(written):
    config = written("clusters: {prod: {discover: [argocd]}}\n")
    assert config.applications == {}
    with pytest.raises(ConfigError, match=r"clusters.prod.discover\[0\]: expected a list with argocd, flux or both"):
        written("clusters: {prod: {discover: [spinnaker]}}\n")


def test_an_audit_log_needs_a_source_and_its_webhook_a_token(written):
    with pytest.raises(ConfigError, match=r"config.yaml:3: clusters.prod.audit: set logs, webhook or both"):
        written(SMALL.replace("prod: {}", "prod: {audit: {show_users: true}}"))
    config = written(SMALL.replace("prod: {}", "prod: {audit: {webhook: true}}"))
    assert any(sentence.startswith("AUDIT_WEBHOOK_TOKEN is not set") for sentence in config.missing_for_run())
    config = written(SMALL.replace("prod: {}", "prod: {audit: {webhook: true}}"), {"AUDIT_WEBHOOK_TOKEN": "one"})
    assert not any("AUDIT_WEBHOOK_TOKEN" in sentence for sentence in config.missing_for_run())
    config = written(SMALL.replace("prod: {}", "prod: {audit: {logs: [a]}}"))
    assert not any("AUDIT_WEBHOOK_TOKEN" in sentence for sentence in config.missing_for_run())


@pytest.mark.parametrize(
    ("tokens", "sentence"),
    [
        ({"": "one"}, "AUDIT_WEBHOOK_TOKEN_DEV and AUDIT_WEBHOOK_TOKEN_EU_1 are not set: each cluster"),
        (
            {"_DEV": "one", "": "two"},
            "AUDIT_WEBHOOK_TOKEN_EU_1 is not set: each cluster with audit.webhook needs its own",
        ),
        ({"_DEV": "one", "_EU_1": "one"}, "The audit webhooks of dev and eu-1 share a token"),
        ({"_DEV": "one", "_EU_1": "two"}, None),
    ],
)
def test_each_cluster_with_an_audit_webhook_needs_its_own_token(written, tokens, sentence):
    clusters = "prod: {}, dev: {audit: {webhook: true}}, eu-1: {audit: {webhook: true}}"
    environ = {f"AUDIT_WEBHOOK_TOKEN{suffix}": token for suffix, token in tokens.items()}
    config = written(SMALL.replace("prod: {}", clusters), environ)
    missing = [text for text in config.missing_for_run() if "audit" in text]
    assert len(missing) == (1 if sentence else 0)
    assert sentence is None or sentence in missing[0]

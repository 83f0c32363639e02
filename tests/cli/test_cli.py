"""The command line, as a shell sees it: exit codes, one sentence for what is wrong, and a clean end on SIGTERM."""

import json
import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
from contextlib import closing, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import requests
from click.testing import CliRunner

from bot.adapters.database.store import SqlStore
from bot.adapters.kubernetes.kubeconfig import current_context
from bot.cli.demo import DEFAULT_PORT
from bot.cli.main import main
from bot.config.environment import malformed
from bot.core.access.audit import AuditEntry, Origin
from bot.core.approvals import change_audit
from bot.core.approvals.approval import ApprovalRecord, ApprovalStatus
from bot.core.git.commit import PullRequest
from tests.common.database import create_database
from tests.common.kubernetes import config_map

MANIFEST = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {limit: '1'}\n"
LIVE = config_map(limit="1")
COMMANDS = ("check", "doctor", "run")


@pytest.fixture
def kubeconfig(cluster, tmp_path):
    return str(cluster.kubeconfig(tmp_path / "kubeconfig", namespace="shop"))


@pytest.fixture
def shell(tmp_path):
    def run(*argv, env=None):
        return CliRunner().invoke(main, [str(argument) for argument in argv], env=env or {})

    (tmp_path / "manifests").mkdir()
    (tmp_path / "manifests" / "settings.yaml").write_text(MANIFEST)
    return run


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["check"], "Pass either --config FILE or --path DIR."),
        (["check", "--path", "x", "--config", "y"], "Pass either --config FILE or --path DIR."),
        (["check", "--config", "x", "--namespace", "n"], "need --path."),
        (["check", "--config", "x", "--ignore", "y"], "need --path."),
        (["check", "--path", ".", "--ignore", "/nowhere/config.yaml"], "/nowhere/config.yaml"),
        (["check", "--path", "x", "shop"], "Application names need --config."),
        (["chekc"], "No such command 'chekc'"),
        (["run"], "Pass a configuration file with --config FILE"),
        (["run", "--config", "/nowhere/config.yaml"], "/nowhere/config.yaml"),
        (["doctor", "--config", "/nowhere/config.yaml"], "/nowhere/config.yaml"),
        (["check", "--path", "/nowhere/manifests"], "/nowhere/manifests"),
        (["audit"], "Pass a configuration file with --config FILE"),
        (["audit", "--config", "/nowhere/config.yaml"], "/nowhere/config.yaml"),
        (["audit", "--config", "x", "--since", "yesterday"], "--since takes a date"),
        (["report", "--config", "x", "--days", "0"], "0 is not in the range 1<=x<=365"),
    ],
)
def test_bad_usage_is_one_sentence_and_exit_2(shell, argv, said, kubeconfig):
    done = shell(*argv, env={"KUBECONFIG": kubeconfig})
    assert done.exit_code == 2, done.output
    assert said in done.output
    assert "Traceback" not in done.output


@pytest.mark.parametrize("command", ["check", "doctor"])
def test_each_mistake_in_a_configuration_is_on_its_own_line(shell, tmp_path, command):
    config = tmp_path / "config.yaml"
    config.write_text("slack: {channel: 5}\nrepositories: 7\nfoo: 1\n")
    lines = shell(command, "--config", config).output.splitlines()
    assert len(lines) >= 3
    assert not any("\\u000a" in line for line in lines)


def test_check_of_a_directory_goes_from_missing_to_in_sync_to_drift(shell, tmp_path, cluster, kubeconfig):
    env = {"KUBECONFIG": kubeconfig}
    path = tmp_path / "manifests"
    missing = shell("check", "--path", path, "--output", "json", env=env)
    assert missing.exit_code == 1, missing.output
    (found,) = json.loads(missing.stdout)["applications"]
    assert [drift["change"] for drift in found["drift"]] == ["missing"]
    assert found["cluster"] == current_context(kubeconfig) != "current"

    cluster.apply(LIVE, namespace="shop")
    assert shell("check", "--path", path, env=env).exit_code == 0

    cluster.apply(config_map(limit="9"), namespace="shop", manager="kubectl")
    drifted = shell("check", "--path", path, "--output", "json", env=env)
    assert drifted.exit_code == 1
    (found,) = json.loads(drifted.stdout)["applications"]
    assert set(found) == {"name", "cluster", "revision", "status", "error", "objects", "drift"}
    (thing,) = found["drift"]
    assert set(thing) == {"apiVersion", "kind", "namespace", "name", "change", "fields"}
    (field,) = thing["fields"]
    assert set(field) == {"change", "path", "desired", "live", "manager", "time"}
    assert (field["change"], field["path"], field["desired"], field["live"]) == ("changed", "data.limit", "1", "9")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", field["time"])
    assert "data.limit" in shell("check", "--path", path, env=env).stdout


def test_a_directory_is_checked_with_the_ignore_rules_of_a_configuration(shell, tmp_path, cluster, kubeconfig):
    cluster.apply(config_map(limit="9"), namespace="shop", manager="kubectl")
    config = tmp_path / "config.yaml"
    config.write_text(
        "repositories: {platform: {url: https://git.example/platform.git}}\n"
        "clusters: {prod: {kubeconfig: /nowhere}}\n"
        "applications: {shop: {repository: platform, path: apps/shop, cluster: prod, namespace: shop}}\n"
        "ignore: [{kind: ConfigMap, paths: [data.limit]}]\n"
    )
    env, path = {"KUBECONFIG": kubeconfig}, tmp_path / "manifests"
    assert shell("check", "--path", path, env=env).exit_code == 1
    done = shell("check", "--path", path, "--ignore", config, "--explain", env=env)
    assert done.exit_code == 0, done.output
    assert "ignored by rule 1 in the configuration" in done.stdout


@pytest.mark.parametrize("text", ["a: [", "just words", "kind: ConfigMap\n"])
def test_what_is_no_manifest_is_could_not_tell_with_file_and_line(shell, tmp_path, text, kubeconfig):
    (tmp_path / "manifests" / "bad.yaml").write_text(text)
    done = shell("check", "--path", tmp_path / "manifests", env={"KUBECONFIG": kubeconfig})
    assert done.exit_code == 2
    assert re.search(r"bad\.yaml:[12]: ", done.output)


BROKEN = "import bot.__main__, bot.cli.main; bot.cli.main.main = lambda: 1 / 0; bot.__main__.main()"


@pytest.mark.parametrize(
    ("command", "output", "said"),
    [
        (["-m", "bot", "check", "--path"], "full", "The output could not be written: No space left on device."),
        (["-m", "bot", "check", "--output", "json", "--path"], "full", "The output could not be written:"),
        (["-m", "bot", "check", "--path"], "closed", ""),
        (["-c", BROKEN], "full", "ZeroDivisionError"),
    ],
)
def test_an_unexpected_error_or_a_failed_write_is_not_drift(shell, tmp_path, kubeconfig, command, output, said):
    """1 means drift, also to a pipeline such as `gitops-bot check … | head -1`."""
    read, write = os.pipe()
    os.close(read)
    argv = [sys.executable, *command, *([tmp_path / "manifests"] if "-m" in command else [])]
    with os.fdopen(write, "wb") as pipe, Path("/dev/full").open("wb") as full:
        ended = subprocess.run(
            argv,
            stdout=pipe if output == "closed" else full,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "KUBECONFIG": kubeconfig},
            check=False,
        )
    assert ended.returncode == 2
    assert said in ended.stderr if said else ended.stderr == ""


@pytest.mark.parametrize(
    "argv", [["--path", "/nowhere"], ["--config", "/nowhere"], ["--path", ".", "--context", "none"]]
)
def test_json_is_one_object_even_when_nothing_could_be_looked_at(shell, argv, kubeconfig):
    done = shell("check", *argv, "--output", "json", env={"KUBECONFIG": kubeconfig})
    assert done.exit_code == 2
    assert all(found["status"] == "Unknown" for found in json.loads(done.stdout)["applications"])


def test_one_bad_kubeconfig_leaves_the_other_clusters_checked(shell, tmp_path, cluster, source, kubeconfig):
    source.commit("First", {"apps/shop/settings.yaml": MANIFEST})
    cluster.apply(LIVE, namespace="shop")
    config = tmp_path / "config.yaml"
    config.write_text(
        f"repositories: {{platform: {{url: {source.path}, branch: main}}}}\n"
        f"clusters: {{prod: {{kubeconfig: {kubeconfig}}}, staging: {{kubeconfig: /nowhere}}}}\n"
        f"mirrors: {tmp_path}/mirrors\n"
        "applications:\n"
        "  shop: {repository: platform, path: apps/shop, cluster: prod, namespace: shop}\n"
        "  shop-staging: {repository: platform, path: apps/shop, cluster: staging, namespace: shop}\n"
    )
    done = shell("check", "--config", config, "--output", "json")
    assert done.exit_code == 2
    found = {application["name"]: application for application in json.loads(done.stdout)["applications"]}
    assert (found["shop"]["status"], found["shop-staging"]["status"]) == ("Synced", "Unknown")
    assert "/nowhere" in found["shop-staging"]["error"]


@pytest.mark.parametrize("output", ["text", "json"])
def test_a_cluster_that_cannot_be_discovered_is_not_in_sync(shell, tmp_path, cluster, source, kubeconfig, output):
    source.commit("First", {"apps/shop/settings.yaml": MANIFEST})
    cluster.apply(LIVE, namespace="shop")
    config = tmp_path / "config.yaml"
    config.write_text(
        f"repositories: {{platform: {{url: {source.path}, branch: main}}}}\n"
        f"clusters: {{prod: {{kubeconfig: {kubeconfig}}}, staging: {{kubeconfig: /nowhere, discover: [flux]}}}}\n"
        f"mirrors: {tmp_path}/mirrors\n"
        "applications: {shop: {repository: platform, path: apps/shop, cluster: prod, namespace: shop}}\n"
    )
    done = shell("check", "--config", config, "--output", output)
    assert done.exit_code == 2, done.output
    assert "Cluster staging: there is no kubeconfig at /nowhere." in done.stderr
    if output == "json":
        assert json.loads(done.stdout) == {"applications": []}
    assert shell("check", "--config", config, "shop").exit_code == 0


def test_run_without_tokens_says_which_and_where_to_get_them(shell, tmp_path):
    config = tmp_path / "config.yaml"
    config.write_text(
        "slack: {channel: C0123456789}\n"
        "repositories: {platform: {url: https://git.example/platform.git, branch: main}}\n"
        "clusters: {prod: {}}\n"
        "applications: {shop: {repository: platform, path: apps/shop, cluster: prod, namespace: shop}}\n"
    )
    done = shell("run", "--config", config)
    assert done.exit_code == 2
    assert "SLACK_BOT_TOKEN" in done.output
    assert "SLACK_APP_TOKEN" in done.output
    assert "api.slack.com/apps" in done.output


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        *((variable, "xoxb-canary\nxapp-canary", "one token") for variable in ("SLACK_BOT_TOKEN", "GITHUB_TOKEN")),
        *((variable, "glpat canary", "one token") for variable in ("GITLAB_TOKEN", "BITBUCKET_TOKEN")),
        ("SLACK_APP_TOKEN", "xapp-\u00e9-canary", "one token"),
        ("HTTPS_PROXY", "http://user:canary#pw@127.0.0.1:3128", "Percent-encode"),
        ("https_proxy", "http://user:canary?pw@127.0.0.1:3128", "Percent-encode"),
        ("HTTP_PROXY", "http://user:canary/pw@127.0.0.1:3128", "Percent-encode"),
        ("HTTPS_PROXY", "http://user:12/canary@127.0.0.1:3128", "Percent-encode"),
        ("HTTPS_PROXY", "user:canary#pw@127.0.0.1:3128", "Percent-encode"),
        ("all_proxy", "http://user:canary@127.0.0.1:99999", "Percent-encode"),
        ("HTTP_PROXY", "http://user:canary@:3128", "Percent-encode"),
        ("HTTP_PROXY", "http://user:canary @proxy.example:3128", "Percent-encode"),
        ("HTTP_PROXY", "http://user:canary@[::1", "Percent-encode"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "https://user:canary#pw@otlp.example", "Percent-encode"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "api-key=canary%0Ax", "Percent-encode"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "api-key=canary,canary", "Percent-encode"),
        ("OTEL_EXPORTER_OTLP_METRICS_HEADERS", "api key=canary", "Percent-encode"),
    ],
)
def test_a_malformed_credential_is_named_and_not_shown(shell, tmp_path, variable, value, said, kubeconfig):
    """Libraries quote it in their errors."""
    config = tmp_path / "config.yaml"
    config.write_text(
        "slack: {channel: C0123456789}\n"
        f"repositories: {{platform: {{url: {tmp_path}, branch: main}}}}\n"
        f"clusters: {{prod: {{kubeconfig: {kubeconfig}}}}}\n"
        "applications: {shop: {repository: platform, path: apps/shop, cluster: prod, namespace: shop}}\n"
    )
    for command in (["check", "--path", tmp_path / "manifests"], *([name, "--config", config] for name in COMMANDS)):
        done = shell(*command, env={"KUBECONFIG": kubeconfig, variable: value})
        assert done.exit_code == 2
        (sentence,) = done.output.splitlines()
        assert re.match(f"{variable} is not .*{said}", sentence)
        assert "canary" not in sentence


@pytest.mark.parametrize(
    "environ",
    [
        {"SLACK_BOT_TOKEN": " xoxb-1\r\n", "BITBUCKET_TOKEN": "mira@harbour.example:s/#?", "GITHUB_TOKEN": " "},
        {"HTTPS_PROXY": "http://user:p%23@proxy.example:3128/", "http_proxy": "proxy.example:3128", "ALL_PROXY": ""},
        {"HTTPS_PROXY": "socks5h://[::1]:1080", "https_proxy": "user:p@ss@proxy", "NO_PROXY": "#, .example"},
        {"OTEL_EXPORTER_OTLP_ENDPOINT": "https://otlp.example/receiver/v1/t0ken==?a=b#c"},
        {"OTEL_EXPORTER_OTLP_HEADERS": "api-key=k%33y=, Authorization=Basic dDprMw==,"},
        {
            "WEBHOOK_SECRET": "four words with \u00e9",
            "GITHUB_APP_PRIVATE_KEY": "-----BEGIN KEY-----\nx\n-----END KEY-----",
        },
    ],
)
def test_a_well_formed_credential_is_accepted(environ):
    assert not list(malformed(environ))


def test_an_unknown_key_is_named_with_file_line_and_the_nearest(shell, tmp_path):
    config = tmp_path / "config.yaml"
    config.write_text("slack:\n  chanel: C0123456789\n")
    done = shell("check", "--config", config)
    assert done.exit_code == 2
    assert re.search(r"config\.yaml:2: slack\.chanel: .*channel", done.output)


def test_the_demo_prints_a_url_and_ends_cleanly_on_ctrl_c(tmp_path):
    argv = [sys.executable, "-m", "bot", "demo", "--port", "0", "--no-browser"]
    env = {**os.environ, "TMPDIR": str(tmp_path), "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env) as running:
        for line in running.stdout:
            if re.search(r"http://127\.0\.0\.1:\d+", line):
                break
        running.send_signal(signal.SIGINT)
        _, errors = running.communicate(timeout=60)
    assert running.returncode == 0, errors
    assert "Traceback" not in errors
    assert not list(tmp_path.glob("gitops-bot-demo-*"))


def test_the_demo_finds_free_ports_starts_over_on_the_same_ones_and_ends_cleanly_on_sigterm(tmp_path):
    argv = [sys.executable, "-m", "bot", "demo", "--no-browser"]
    env = {**os.environ, "TMPDIR": str(tmp_path), "PYTHONUNBUFFERED": "1"}

    def url(running):
        return next(found[1] for line in running.stdout if (found := re.search(r"running: (http\S+)", line)))

    with (
        socket.socket() as taken,
        subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env) as running,
    ):
        with suppress(OSError):  # somebody else's
            taken.bind(("127.0.0.1", DEFAULT_PORT))
            taken.listen()
        first = url(running)
        assert not first.endswith(f":{DEFAULT_PORT}")
        requests.post(f"{first}/tour/restart", json={}, timeout=30).raise_for_status()
        assert url(running) == first
        running.send_signal(signal.SIGTERM)
        _, errors = running.communicate(timeout=60)
    assert (running.returncode, "Traceback" in errors) == (0, False), errors
    assert "the demo uses free ports" in errors
    assert not list(tmp_path.glob("gitops-bot-demo-*"))


@pytest.mark.parametrize("loaded", ["click", "bot.sandbox.demo"])
def test_ctrl_c_while_the_demo_is_loaded_or_starts_ends_it_without_a_traceback(tmp_path, loaded):
    argv = [sys.executable, "-X", "importtime", "-m", "bot", "demo", "--port", "0", "--no-browser"]
    env = {**os.environ, "TMPDIR": str(tmp_path), "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env) as running:
        for line in running.stderr:  # a line as each module is loaded
            if line.rpartition("|")[2].strip() == loaded:
                break
        running.send_signal(signal.SIGINT)
        said, errors = running.communicate(timeout=60)
    assert running.returncode in {0, 130}, errors[-2000:]
    assert "Traceback" not in errors
    assert "The demo is running" not in said
    assert not list(tmp_path.glob("gitops-bot-demo-*"))


SLACK = {"slack_bolt", "slack_sdk"}
DATABASE = {"alembic", "sqlalchemy"}


@pytest.mark.parametrize(
    ("command", "used", "unused"),
    [
        ("--version", {"click"}, SLACK | DATABASE | {"git", "github", "kubernetes", "pydantic", "yaml"}),
        ("check --path apps/shop", {"kubernetes"}, SLACK | DATABASE | {"git", "github"}),
        ("check --config config.yaml", {"kubernetes", "git"}, SLACK | DATABASE | {"github"}),
        ("audit --config config.yaml", DATABASE, SLACK | {"git", "github", "kubernetes"}),
    ],
)
def test_a_command_imports_only_the_libraries_it_uses(cluster, source, command, used, unused, kubeconfig):
    source.commit("First", {"apps/shop/settings.yaml": MANIFEST})
    cluster.apply(LIVE, namespace="shop")
    (source.path / "config.yaml").write_text(
        "repositories: {platform: {url: .}}\n"
        f"clusters: {{prod: {{kubeconfig: {kubeconfig}}}}}\n"
        "applications: {shop: {repository: platform, path: apps/shop, cluster: prod, namespace: shop}}\n"
    )
    SqlStore(f"sqlite:///{source.path}/state.db").close()
    argv = [sys.executable, "-X", "importtime", "-m", "bot", *command.split()]
    env = {**os.environ, "KUBECONFIG": kubeconfig}
    done = subprocess.run(argv, cwd=source.path, env=env, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout
    imported, written = [], []
    for line in done.stderr.splitlines():
        (imported if line.startswith("import time:") else written).append(line)
    packages = {line.rpartition("|")[2].strip().partition(".")[0] for line in imported}
    assert packages >= used
    assert packages & unused == set()
    assert written == []


@pytest.fixture
def log(tmp_path):
    """A configuration, and the state database of a bot that was asked for three things."""
    config = tmp_path / "config.yaml"
    config.write_text(
        "repositories: {platform: {url: https://git.example/platform.git}}\n"
        "clusters: {prod: {}}\n"
        "applications: {shop: {repository: platform, path: apps/shop, cluster: prod, namespace: shop}}\n"
        f"store: 'sqlite:///{tmp_path}/state.db'\n"
    )
    with closing(SqlStore(f"sqlite:///{tmp_path}/state.db")) as store:
        for day, what in enumerate(("revert 4f2a", "=HYPERLINK(1)", "snooze shop 1h"), start=1):
            at = datetime(2026, 11, day, 2, 47, tzinfo=UTC)
            store.audit_log.append(AuditEntry(at, "U0ANA", what, "done", Origin.COMMAND, "C1", ("shop",)))
    return config


def test_the_audit_log_is_exported_as_csv(shell, log):
    done = shell("audit", "--config", log)
    assert done.exit_code == 0
    assert done.stdout.splitlines() == [
        "at,who,what,applications,origin,channel,result,pull_author,approvers,merged_by",
        "2026-11-01T02:47:00Z,U0ANA,revert 4f2a,shop,command,C1,done,,,",
        "2026-11-02T02:47:00Z,U0ANA,'=HYPERLINK(1),shop,command,C1,done,,,",
        "2026-11-03T02:47:00Z,U0ANA,snooze shop 1h,shop,command,C1,done,,,",
    ]


def test_the_audit_log_is_exported_as_one_json_object_from_a_day_on(shell, log):
    done = shell("audit", "--config", log, "--since", "2026-11-02", "--output", "json")
    assert done.exit_code == 0
    told = json.loads(done.stdout)
    assert told["error"] is None
    assert [entry["what"] for entry in told["entries"]] == ["=HYPERLINK(1)", "snooze shop 1h"]
    assert told["entries"][0] == {
        "at": "2026-11-02T02:47:00Z",
        "who": "U0ANA",
        "what": "=HYPERLINK(1)",
        "applications": ["shop"],
        "origin": "command",
        "channel": "C1",
        "result": "done",
        "pull_author": "",
        "approvers": [],
        "merged_by": "",
    }


@pytest.mark.parametrize("output", ["csv", "json"])
def test_no_database_is_not_an_empty_audit_log(shell, log, tmp_path, output):
    (tmp_path / "state.db").unlink()
    done = shell("audit", "--config", log, "--output", output)
    assert done.exit_code == 2
    assert "No state database at" in done.stderr
    assert not (tmp_path / "state.db").exists()
    if output == "json":
        assert "No state database" in json.loads(done.stdout)["error"]


def test_what_is_no_database_is_said_in_one_sentence(shell, log, tmp_path):
    (tmp_path / "state.db").write_text("not a database, " * 99)
    done = shell("audit", "--config", log, "--output", "json")
    assert done.exit_code == 2
    assert json.loads(done.stdout)["entries"] == []
    assert "Check the store setting or DATABASE_URL" in done.stderr


def test_commands_that_only_read_leave_the_database_of_an_earlier_version_alone(
    shell, tmp_path, cluster, source, kubeconfig
):
    source.commit("First", {"apps/shop/settings.yaml": MANIFEST})
    cluster.apply(config_map(limit="9"), namespace="shop", manager="kubectl")
    config = tmp_path / "config.yaml"
    config.write_text(
        f"repositories: {{platform: {{url: {source.path}}}}}\n"
        f"clusters: {{prod: {{kubeconfig: {kubeconfig}, audit: {{logs: [audit.log]}}}}}}\n"
        "applications: {shop: {repository: platform, path: apps/shop, cluster: prod, namespace: shop}}\n"
        f"mirrors: {tmp_path}/mirrors\n"
        f"store: {create_database(tmp_path)}\n"
    )
    with closing(sqlite3.connect(tmp_path / "state.db")) as database:
        database.execute("UPDATE alembic_version SET version_num = '0009'")
        database.commit()
        for command in (["audit"], ["audit", "changes"], ["report"], ["doctor"]):
            done = shell(*command, "--config", config)
            assert done.exit_code == 2
            assert "The state database belongs to an earlier version of gitops-bot." in done.output
        done = shell("check", "--config", config)
        assert (done.exit_code, "by kubectl" in done.stdout) == (1, True), done.output
        assert database.execute("SELECT version_num FROM alembic_version").fetchall() == [("0009",)]


def test_every_commit_on_a_tracked_branch_is_exported_with_who_approved_it(shell, log, tmp_path):
    at = datetime(2026, 11, 2, 2, 47, tzinfo=UTC)
    pushed = ApprovalRecord(
        "p@1", "p", "main", "1" * 40, None, "=1", "=Ana", at, "1" * 40, 0, at, ApprovalStatus.DIRECT, pushed_by="ana"
    )
    url = "https://git.example/7"
    pull = PullRequest(7, "Raise", url, "ana", "merged", "main", "t", "2" * 40, merged_at=at - timedelta(minutes=1))
    brought = replace(
        pushed,
        id="p@2",
        sha="2" * 40,
        order=1,
        verdict=ApprovalStatus.APPROVED,
        approvers=("bea", "cem"),
        pull=pull,
        verified=True,
        pushed_by=None,
        applications=("shop",),
    )
    with closing(SqlStore(f"sqlite:///{tmp_path}/state.db")) as store:
        store.approvals.advance("p", None, "2" * 40, [pushed, brought])
    done = shell("audit", "changes", "--config", log)
    assert done.stdout.splitlines() == [
        ",".join(change_audit.COLUMNS),
        f"2026-11-02T02:47:00Z,p,main,{'1' * 40},'=Ana,,ana,,,direct push,,,,,",
        f"2026-11-02T02:46:00Z,p,main,{'2' * 40},'=Ana,,,{url},ana,approved,bea cem,,,verified,shop",
    ]
    done = shell("audit", "changes", "--config", log, "--output", "json", "--since", "2026-11-03")
    assert json.loads(done.stdout) == {"entries": [], "error": None}

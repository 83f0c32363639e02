"""Secrets and other credentials change by hand: everybody hears of it, and no output of the bot holds a value."""

import base64
import json
import logging
import os
import subprocess
import sys

import pytest
import yaml

from bot.core.drift.model import Status
from bot.messages import incident as incident_message
from bot.sandbox.cluster import Fault
from tests.common.demo import remote, wait_until_synced
from tests.common.slack import ALERTS, TOMAS, Person, content
from tests.common.wait import wait_for

FOLDER = "environments/production/shop"

DECLARED = "tidal-lantern-7741"
DECLARED_NEXT = "brass-meridian-2093"
DECLARED_DATA = "copper-anchor-5518"
PATCHED = "velvet-harpoon-6627"
PATCHED_STRING = "quiet-estuary-8034"
ADDED = "amber-halyard-1175"
APPLIED = "granite-sextant-4402"
BROKEN = "hollow-compass-9316"
# Credentials in other kinds: each as git declares it, and after somebody edited it.
DB_PASSWORD = ("cobalt-gangway-3358", "russet-binnacle-7120")
API_TOKEN = ("ivory-capstan-4967", "sable-halliard-2846")
ARGUMENT = ("ochre-bulkhead-6015", "umber-spinnaker-9573")
VALUES = (
    *(DECLARED, DECLARED_NEXT, DECLARED_DATA, PATCHED, PATCHED_STRING, ADDED, APPLIED, BROKEN),
    *(*DB_PASSWORD, *API_TOKEN, *ARGUMENT),
)
# Libraries that say at DEBUG what they send and receive.
VERBOSE_LIBRARIES = ("apscheduler", "slack_bolt", "slack_sdk", "sqlalchemy", "urllib3")


def encoded(text):
    return base64.b64encode(text.encode()).decode()


def secret(name, **values):
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name, "namespace": "shop"}, **values}


def config_map(password):
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "plain", "namespace": "shop"},
        "data": {"DB_PASSWORD": password},
    }


def job(token, password):
    container = {
        "name": "sync",
        "image": "registry.example/sync:1.0.0",
        "env": [{"name": "API_TOKEN", "value": token}],
        "args": [f"--password={password}"],
    }
    template = {"spec": {"containers": [container], "restartPolicy": "Never"}}
    return {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": {"name": "sync", "namespace": "shop"},
        "spec": {"schedule": "0 3 * * *", "jobTemplate": {"spec": {"template": template}}},
    }


class CapturedLog(logging.Handler):
    """Every line that the bot or a library logs, exceptions with their text, and which of them logged."""

    def __init__(self):
        super().__init__(logging.DEBUG)
        self.lines = []
        self.loggers = set()
        self.setFormatter(logging.Formatter())

    def emit(self, record):
        self.lines.append(self.format(record))
        self.loggers.add(record.name.partition(".")[0])


class Operator:
    """Somebody in Slack with a shell, and everything they got to see there."""

    def __init__(self, demo):
        self.demo = demo
        self.person = Person(demo.slack, TOMAS)
        self.seen = {}

    def commit(self, message, **files):
        texts = {
            f"{FOLDER}/{name}.yaml": file if file is None or isinstance(file, str) else yaml.safe_dump(file)
            for name, file in files.items()
        }
        return remote(self.demo).commit(self.demo.shop.branch, texts, message, "ana")

    def kubectl(self, *arguments, stdin=None):
        command = ["kubectl", "--kubeconfig", str(self.demo.stack.kubeconfig), "-n", "shop", *arguments]
        subprocess.run(command, input=stdin, check=True, capture_output=True, text=True)

    def type(self, text):
        answer = self.person.type(text)
        return answer.text + content(answer)

    def run_check(self, *options):
        """`gitops-bot check` of the demo's configuration, with everything logged."""
        config = str(self.demo.stack.folder / "config.yaml")
        command = [sys.executable, "-m", "bot", "check", "--config", config, *options]
        environment = {**os.environ, "LOG_LEVEL": "DEBUG"}
        process = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
        self.seen[f"check {' '.join(options)}"] = process.stdout + process.stderr
        return process

    def cards(self, words):
        return [message for message in self.demo.slack.messages(ALERTS) if words in content(message)]

    @property
    def latest_check(self):
        return self.demo.checks()["shop"]

    def wait_for_status(self, *statuses):
        return wait_for(lambda: self.latest_check.status in statuses)

    def database(self):
        """Every byte that SQLite keeps, the write-ahead log's too."""
        return "".join(path.read_bytes().decode("latin-1") for path in self.demo.stack.folder.glob("state.db*"))


@pytest.fixture(scope="module")
def log():
    """Everything that is logged in this process, at DEBUG."""
    handler = CapturedLog()
    names = (None, "kubernetes", "github", *VERBOSE_LIBRARIES)
    levels = {logger: logger.level for logger in map(logging.getLogger, names)}
    for logger in levels:  # SQLAlchemy sets its own, and reads it when an engine is made
        logger.setLevel(logging.DEBUG)
    logging.getLogger().addHandler(handler)
    yield handler
    logging.getLogger().removeHandler(handler)
    for logger, level in levels.items():
        logger.setLevel(level)


@pytest.fixture(scope="module")
def operator(log, demo):
    """After Secrets and other credentials were declared and changed by hand, in every way that kubectl has."""
    operator = Operator(demo)
    wait_until_synced(demo)
    operator.commit(
        "Declare credentials",
        login=secret("login", stringData={"password": DECLARED}, data={"key": encoded(DECLARED_DATA)}),
        gate=secret("gate", stringData={"password": DECLARED}),
        plain=config_map(DB_PASSWORD[0]),
        sync=job(API_TOKEN[0], ARGUMENT[0]),
    )
    # A rollout holds alerts back, so nothing is edited until it is live.
    wait_for(lambda: any("went live" in message.text for message in demo.slack.messages(ALERTS)))
    wait_for(lambda: (operator.latest_check.objects, operator.latest_check.status) == (8, Status.SYNCED))
    data = {"key": encoded(PATCHED), "more": encoded(ADDED)}
    operator.kubectl("patch", "secret", "login", "-p", json.dumps({"data": data}))
    operator.kubectl("patch", "secret", "login", "-p", json.dumps({"stringData": {"password": PATCHED_STRING}}))
    operator.kubectl("apply", "-f", "-", stdin=json.dumps(secret("gate", stringData={"password": APPLIED})))
    edited = [config_map(DB_PASSWORD[1]), job(API_TOKEN[1], ARGUMENT[1])]
    operator.kubectl("apply", "-f", "-", stdin=yaml.safe_dump_all(edited))
    wait_for(lambda: all(operator.cards(part) for part in ("data.more", "shop/gate", "shop/plain", "shop/sync")))
    operator.seen["cards"] = repr(operator.cards("Secret"))
    operator.seen["database"] = operator.database()
    return operator


def test_a_changed_secret_is_reported_by_its_keys_only(operator):
    diff = operator.type("diff shop")
    for part in ("data.key", "data.more", "data.password", "Secret shop/login", "Secret shop/gate", "(hidden)"):
        assert part in diff
    for part in (
        "data.DB_PASSWORD: (hidden)",
        "CronJob sync arguments --password=(hidden)",
        "CronJob sync env API_TOKEN",
    ):
        assert part in diff
    assert "Secret shop/gate" in operator.type("drift shop")
    assert "Secret" in operator.type("diff shop --all")
    assert "shop" in operator.type("status shop")
    operator.person.click(operator.cards("data.more")[-1], incident_message.SHOW_DIFF)
    operator.person.modal("data.password")


def test_the_command_line_hides_the_values_too(operator):
    process = operator.run_check("--output", "json", "--explain", "shop")
    assert process.returncode == 1
    (application,) = json.loads(process.stdout)["applications"]
    fields = [field for drift in application["drift"] if drift["kind"] == "Secret" for field in drift["fields"]]
    assert {field["path"] for field in fields} == {"data.key", "data.more", "data.password"}
    assert {field[side] for field in fields for side in ("desired", "live")} == {None, "(hidden)"}
    assert operator.run_check("--explain").returncode == 1


def test_a_revert_of_a_changed_secret_shows_no_value(operator):
    sha = operator.commit("Rotate the login", login=secret("login", stringData={"password": DECLARED_NEXT}))
    wait_for(lambda: operator.latest_check.revision == sha)
    assert ": opened #" in operator.type(f"revert {sha[:10]}")
    pull = remote(operator.demo).listed()[0]
    assert pull.head.startswith("gitops-bot/")
    operator.seen["pull request"] = pull.title + pull.body


def test_an_unreadable_manifest_is_named_and_not_quoted(operator):
    operator.commit("Break it", broken=f'apiVersion: v1\nkind: Secret\nstringData: {{password: "{BROKEN}\n')
    operator.wait_for_status(Status.UNKNOWN)
    assert "broken.yaml" in operator.type("drift shop")
    assert operator.run_check("--output", "json", "shop").returncode == 2
    operator.commit("Mend it", broken=None)
    operator.wait_for_status(Status.SYNCED, Status.OUT_OF_SYNC)


def test_secrets_that_cannot_be_read_are_unknown_and_never_in_sync(operator):
    faults, refusal = operator.demo.cluster.faults, "list secrets in namespace shop (403). Grant"
    for fault, is_refused in (({"status": 403}, True), ({"cut": True}, False)):
        faults.clear()
        faults.add(Fault("*/secrets", identity="bot", **fault))

        def has_failed(is_refused=is_refused):
            error = str(operator.latest_check.error)
            return "Secret" in error and (refusal in error) is is_refused

        wait_for(has_failed, failure=lambda: operator.latest_check)
        assert operator.latest_check.status is Status.UNKNOWN
        assert "not checked" in str(operator.latest_check.error)
        assert "in sync" not in operator.type("drift shop")
    process = operator.run_check("--output", "json", "--explain", "shop")
    assert process.returncode == 2
    assert json.loads(process.stdout)["applications"][0]["status"] == "Unknown"
    faults.clear()
    operator.wait_for_status(Status.SYNCED, Status.OUT_OF_SYNC)


def test_no_artifact_holds_a_value(operator, log):
    """Runs last: it searches everything that the tests above left behind."""
    slack = operator.demo.slack
    artifacts = {
        **operator.seen,
        "calls": repr(slack.calls),
        "messages": repr([slack.messages(channel) for channel in slack.workspace.channels]),
        "views": repr(slack.views),
        "ephemerals": repr([slack.ephemerals(user) for user in slack.workspace.users]),
        "answers": repr(slack.interactions),
        "files": repr(slack.workspace.files),
        "log": "\n".join(log.lines),
        "pull requests": repr(remote(operator.demo).listed()),
        "database at the end": operator.database(),
    }
    assert log.loggers >= {"bot", *VERBOSE_LIBRARIES}
    for name in ("calls", "cards", "views", "answers", "database"):
        assert "data.password" in artifacts[name], f"{name} should mention the Secret, or this test sees nothing"
    forms = [form for value in VALUES for form in (value, encoded(value).rstrip("="))]
    assert [(name, form) for name, text in artifacts.items() for form in forms if form in text] == []

"""A Secret changes by hand: everybody hears of it, and nothing that the bot writes anywhere holds one of its values."""

import base64
import json
import logging
import os
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field

import pytest
import yaml

from bot.core.drift.model import Status
from bot.messages import incident as incident_message
from bot.sandbox.cluster import Fault
from bot.sandbox.demo import ALERTS

TOMAS = "U0TOMAS001"
PATIENCE = 60.0
HERE = "environments/production/shop/"

DECLARED = "tidal-lantern-7741"
DECLARED_NEXT = "brass-meridian-2093"
DECLARED_DATA = "copper-anchor-5518"
PATCHED = "velvet-harpoon-6627"
PATCHED_STRING = "quiet-estuary-8034"
ADDED = "amber-halyard-1175"
APPLIED = "granite-sextant-4402"
BROKEN = "hollow-compass-9316"
VALUES = (DECLARED, DECLARED_NEXT, DECLARED_DATA, PATCHED, PATCHED_STRING, ADDED, APPLIED, BROKEN)
# Libraries that say at DEBUG what they send and receive.
TALKATIVE = ("apscheduler", "git", "slack_bolt", "slack_sdk", "sqlalchemy", "urllib3")


def encoded(text):
    return base64.b64encode(text.encode()).decode()


def secret(name, **values):
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name, "namespace": "shop"}, **values}


def is_unknown(check):
    return check.status is Status.UNKNOWN


class Kept(logging.Handler):
    """Every line that the bot or a library logs, exceptions with their text, and which of them spoke."""

    def __init__(self):
        super().__init__(logging.DEBUG)
        self.lines = []
        self.spoke = set()
        self.setFormatter(logging.Formatter())

    def emit(self, record):
        self.lines.append(self.format(record))
        self.spoke.add(record.name.partition(".")[0])


@dataclass
class Desk:
    """One person at the sandbox's Slack with a shell, and all that came to light there."""

    demo: object
    seen: dict[str, str] = field(default_factory=dict)

    def commit(self, message, **files):
        repository = self.demo.forge.repositories[self.demo.shop.repository]
        texts = {
            HERE + name + ".yaml": text and (text if isinstance(text, str) else yaml.safe_dump(text))
            for name, text in files.items()
        }
        return repository.commit(self.demo.shop.branch, texts, message, "ana")

    def kubectl(self, *arguments, stdin=None):
        run = ["kubectl", "--kubeconfig", str(self.demo.stack.kubeconfig), "-n", "shop", *arguments]
        subprocess.run(run, input=stdin, check=True, capture_output=True, text=True)

    def ask(self, text):
        asked = self.demo.slack.command(TOMAS, ALERTS, text)
        self.demo.slack.wait_for(lambda: any(not said.text.endswith("…") for said in asked.responses), PATIENCE)
        return asked.responses[-1].text + json.dumps(asked.responses[-1].blocks, ensure_ascii=False)

    def check(self, *options):
        run = [sys.executable, "-m", "bot", "check", "--config", str(self.demo.stack.folder / "config.yaml"), *options]
        done = subprocess.run(
            run, capture_output=True, text=True, check=False, env={**os.environ, "LOG_LEVEL": "DEBUG"}
        )
        self.seen[f"check {' '.join(options)}"] = done.stdout + done.stderr
        return done

    def cards(self, words):
        return [each for each in self.demo.slack.messages(ALERTS) if words in json.dumps(each.blocks)]

    def until(self, condition):
        """Wait for a check that says so; nobody announces one."""
        deadline = time.monotonic() + PATIENCE
        while not condition(self.demo.checks()["shop"]):
            assert time.monotonic() < deadline, "it never came to be"
            threading.Event().wait(0.05)

    def database(self):
        """Every byte that SQLite keeps, the write-ahead log's too."""
        return "".join(path.read_bytes().decode("latin-1") for path in self.demo.stack.folder.glob("state.db*"))


@pytest.fixture(scope="module")
def log():
    """Everything that is logged in this process, down to what no operator would ask for."""
    kept = Kept()
    levels = {logger: logger.level for logger in map(logging.getLogger, (None, "kubernetes", "github", *TALKATIVE))}
    for logger in levels:  # SQLAlchemy sets its own, and looks at it when an engine is made
        logger.setLevel(logging.DEBUG)
    logging.getLogger().addHandler(kept)
    yield kept
    logging.getLogger().removeHandler(kept)
    for logger, level in levels.items():
        logger.setLevel(level)


@pytest.fixture(scope="module")
def desk(log, demo):
    desk = Desk(demo)
    while "in sync with git" not in desk.ask("drift shop"):
        pass
    desk.commit(
        "Declare two Secrets",
        login=secret("login", stringData={"password": DECLARED}, data={"key": encoded(DECLARED_DATA)}),
        gate=secret("gate", stringData={"password": DECLARED}),
    )
    # While the merge is on its way nothing is alerted, so people keep their hands still until it is live.
    desk.demo.slack.wait_for(lambda: any("went live" in said.text for said in demo.slack.messages(ALERTS)), PATIENCE)
    desk.until(lambda check: check.objects == 6 and check.status is Status.SYNCED)
    return desk


@pytest.fixture(scope="module")
def drifted(desk):
    """The Secrets after people had their hands in them, by every road that kubectl has."""
    desk.kubectl(
        "patch", "secret", "login", "-p", json.dumps({"data": {"key": encoded(PATCHED), "more": encoded(ADDED)}})
    )
    desk.kubectl("patch", "secret", "login", "-p", json.dumps({"stringData": {"password": PATCHED_STRING}}))
    applied = json.dumps(secret("gate", stringData={"password": APPLIED}))
    desk.kubectl("apply", "-f", "-", stdin=applied)
    desk.demo.slack.wait_for(lambda: desk.cards("data.more") and desk.cards("shop/gate"), PATIENCE)
    desk.seen["cards"] = repr(desk.cards("Secret"))
    desk.seen["database"] = desk.database()
    return desk


def test_a_changed_secret_is_told_by_its_keys_alone(drifted):
    said = drifted.ask("diff shop")
    for path in ("data.key", "data.more", "data.password", "Secret shop/login", "Secret shop/gate"):
        assert path in said
    assert "(hidden)" in said
    assert "Secret shop/gate" in drifted.ask("drift shop")
    assert "Secret" in drifted.ask("diff shop --all")
    assert "shop" in drifted.ask("status shop")
    card = drifted.cards("data.more")[-1]
    drifted.demo.slack.click(TOMAS, card, incident_message.SHOW_DIFF)
    drifted.demo.slack.wait_for(
        lambda: any("data.password" in json.dumps(view.blocks) for view in drifted.demo.slack.views), PATIENCE
    )


def test_the_command_line_hides_the_values_too(drifted):
    done = drifted.check("--output", "json", "--explain", "shop")
    assert done.returncode == 1
    (application,) = json.loads(done.stdout)["applications"]
    fields = [each for found in application["drift"] if found["kind"] == "Secret" for each in found["fields"]]
    assert {each["path"] for each in fields} == {"data.key", "data.more", "data.password"}
    assert {value for each in fields for value in (each["desired"], each["live"])} == {None, "(hidden)"}
    assert drifted.check("--explain").returncode == 1


def test_a_revert_of_a_secret_s_change_shows_no_value(drifted):
    sha = drifted.commit("Rotate the login", login=secret("login", stringData={"password": DECLARED_NEXT}))
    drifted.until(lambda check: check.revision == sha)
    assert "is open" in drifted.ask(f"revert {sha[:10]}")
    pull = drifted.demo.forge.repositories[drifted.demo.shop.repository].listed()[0]
    assert pull.head.startswith("gitops-bot/")
    drifted.seen["pull request"] = pull.title + pull.body


def test_a_manifest_that_cannot_be_read_is_named_and_not_quoted(drifted):
    drifted.commit("Break it", broken=f'apiVersion: v1\nkind: Secret\nstringData: {{password: "{BROKEN}\n')
    drifted.until(is_unknown)
    assert "broken.yaml" in drifted.ask("drift shop")
    assert drifted.check("--output", "json", "shop").returncode == 2
    drifted.commit("Mend it", broken=None)
    drifted.until(lambda check: not is_unknown(check))


@pytest.mark.parametrize(
    ("fault", "words"), [({"status": 403}, "list secrets in namespace shop (403). Grant"), ({"cut": True}, "Secret")]
)
def test_secrets_that_cannot_be_read_are_unknown_and_never_in_sync(drifted, fault, words):
    drifted.demo.cluster.faults.add(Fault("*/secrets", identity="bot", **fault))
    drifted.until(is_unknown)
    assert words in drifted.demo.checks()["shop"].error
    assert "not checked" in drifted.demo.checks()["shop"].error
    assert "in sync" not in drifted.ask("drift shop")
    done = drifted.check("--output", "json", "--explain", "shop")
    assert done.returncode == 2
    assert json.loads(done.stdout)["applications"][0]["status"] == "Unknown"
    drifted.demo.cluster.faults.clear()
    drifted.until(lambda check: not is_unknown(check))


def test_no_artefact_holds_a_value(drifted, log):
    """Runs last: it looks through all that the tests above made."""
    slack = drifted.demo.slack
    artefacts = {
        **drifted.seen,
        "calls": repr(slack.calls),
        "messages": repr([slack.messages(channel) for channel in slack.workspace.channels]),
        "views": repr(slack.views),
        "ephemerals": repr([slack.ephemerals(user) for user in slack.workspace.users]),
        "answers": repr(slack.interactions),
        "files": repr(slack.workspace.files),
        "log": "\n".join(log.lines),
        "pull requests": repr(drifted.demo.forge.repositories[drifted.demo.shop.repository].listed()),
        "database at the end": drifted.database(),
    }
    assert log.spoke >= {"bot", *TALKATIVE}
    for name in ("calls", "cards", "views", "answers", "database"):
        assert "data.password" in artefacts[name], f"{name} should speak of the Secret, or this test looks at nothing"
    forms = [form for value in VALUES for form in (value, encoded(value).rstrip("="))]
    assert [(name, form) for name, text in artefacts.items() for form in forms if form in text] == []

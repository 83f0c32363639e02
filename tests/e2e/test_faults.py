"""Things go wrong around the running bot: it says so, stays up, and nothing is lost or told twice."""

import threading
import time

import pytest

from bot.app import Bot
from bot.core.drift.model import Status
from bot.sandbox.cluster import Fault
from bot.sandbox.cluster.person import Person
from bot.sandbox.demo import ALERTS, Demo

QUICK = {"drift": "1s", "git": "1s", "second_look": "1s", "rollout": "1s", "rollout_deadline": "2m"}
JONAS = "U0JONAS001"
TOMAS = "U0TOMAS001"
PATIENCE = 60.0


@pytest.fixture(scope="module")
def demo():
    with Demo(schedule=QUICK, deploy_delay=0.2, revert_allowed=("S0PLATFORM",)) as running:
        until(lambda: running.slack.connections > 0)
        until(lambda: synced(running))
        yield running


def synced(demo):
    checks = demo.checks().values()
    return len(checks) == 6 and all(check.status is Status.SYNCED for check in checks)


def ask(demo, text, user=JONAS):
    asked = demo.slack.command(user, ALERTS, text)
    demo.slack.wait_for(lambda: any(not said.text.endswith("…") for said in asked.responses), PATIENCE)
    return asked.responses[-1].text


def headers(demo):
    blocks = [message.blocks for message in demo.slack.messages(ALERTS) if message.blocks]
    return [each[0]["text"]["text"] for each in blocks if each[0]["type"] == "header"]


def until(condition):
    """Wait for a state that nobody announces."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "it never came to be"
        threading.Event().wait(0.05)


def test_a_dropped_connection_comes_back(demo):
    demo.slack.drop_connections()
    until(lambda: demo.slack.connections == 0)
    until(lambda: demo.slack.connections > 0)
    assert "6 applications" in ask(demo, "status")


def test_a_forge_that_is_down_is_unknown_and_recovers_by_itself(demo):
    demo.forge.faults.down = True
    said = ask(demo, "drift shop")
    assert "could not be fully checked" in said
    assert "in sync" not in said
    assert "unknown" in ask(demo, "status")
    demo.forge.faults.down = False
    until(lambda: synced(demo))


def test_a_cluster_that_is_down_is_unknown_and_opens_no_alert(demo):
    before = headers(demo)
    demo.cluster.faults.add(Fault("*", status=503, identity="bot"))
    until(lambda: all(check.status is Status.UNKNOWN for check in demo.checks().values()))
    assert "could not be fully checked" in ask(demo, "drift")
    demo.cluster.faults.clear()
    until(lambda: synced(demo))
    assert headers(demo) == before


def test_one_kind_that_may_not_be_read_makes_only_its_applications_unknown(demo):
    demo.cluster.faults.add(Fault("*/statefulsets", status=403, identity="bot"))
    until(lambda: demo.checks()["search"].status is Status.UNKNOWN)
    assert demo.checks()["payments"].status is Status.SYNCED
    assert "statefulsets" in (demo.checks()["search"].error or "")
    demo.cluster.faults.clear()
    until(lambda: synced(demo))


def test_a_bad_manifest_is_named_with_file_and_line_and_the_others_are_checked(demo):
    remote = demo.forge.repositories[demo.shop.repository]
    bad = "environments/staging/search/bad.yaml"
    remote.commit("main", {bad: "apiVersion: v1\nkind: [\n"}, "Oops\n", "ana")
    until(lambda: demo.checks()["search-staging"].status is Status.UNKNOWN)
    assert f"{bad}:" in (demo.checks()["search-staging"].error or "")
    assert demo.checks()["search"].status is Status.SYNCED
    remote.commit("main", {bad: None}, "Mend it\n", "ana")
    until(lambda: synced(demo))


def test_who_may_not_revert_is_told_who_may_and_it_is_written_down(demo):
    said = ask(demo, f"revert {demo.shop.bad_commit[:8]}", user=TOMAS)
    assert "You are not allowed to open pull requests here" in said
    remote = demo.forge.repositories[demo.shop.repository]
    assert not [pull for pull in remote.listed() if pull.head.startswith("gitops-bot/")]


@pytest.mark.parametrize(
    "text",
    [
        "--output=/tmp/x",
        "HEAD~1",
        "main",
        "\uff11\uff12\uff13\uff14\uff15\uff16\uff17",
        "x" * 10_000,
        "https://elsewhere.example/a/b/commit/abcdef1",
    ],
)
def test_hostile_revisions_are_refused_in_one_sentence(demo, text):
    assert any(word in ask(demo, f"revert {text}") for word in ("Not a valid revision", "That URL points to"))


def test_a_restart_repeats_nothing_and_carries_on(demo):
    person = Person(demo.cluster.api, "shop")
    person.do("scale")
    until(lambda: headers(demo)[-1:] == ["🟡 Minor drift: shop on prod"])
    before = headers(demo)
    demo.bot.stop()
    person.do("undo")
    demo.bot = Bot(demo.config).start()
    until(lambda: headers(demo)[-1:] == ["✅ Resolved: shop on prod"])
    assert headers(demo)[:-1] == before[:-1]
    assert len(headers(demo)) == len(before)


def test_slack_that_is_down_when_the_bot_starts_is_joined_later(demo, caplog):
    demo.bot.stop()
    demo.slack.inject({"down_for": 3600})
    demo.bot = Bot(demo.config).start()
    person = Person(demo.cluster.api, "payments")
    person.do("image")
    until(lambda: demo.checks()["payments"].status is Status.OUT_OF_SYNC)
    until(lambda: "Slack is not responding" in caplog.text)
    assert "rejected" not in caplog.text
    demo.slack.inject({"down_for": 0})
    until(lambda: demo.slack.connections > 0)
    until(lambda: headers(demo)[-1:] == ["🟠 Serious drift: payments on prod"])
    person.do("undo")
    until(lambda: headers(demo)[-1:] == ["✅ Resolved: payments on prod"])

"""Things go wrong around the running bot: it says so, keeps running, and nothing is lost or repeated."""

import pytest

from bot.app import Bot
from bot.core.drift.model import Status
from bot.sandbox.cluster import Fault
from bot.sandbox.cluster.person import Person as ClusterPerson
from tests.common.demo import remote, running_demo, wait_until_synced
from tests.common.slack import PLATFORM, Person, headlines
from tests.common.wait import wait_for


@pytest.fixture(scope="module")
def demo():
    with running_demo(revert_allowed=(PLATFORM,)) as demo:
        wait_until_synced(demo)
        yield demo


@pytest.fixture
def person(demo):
    return Person(demo.slack)


def test_a_dropped_connection_comes_back(demo, person):
    demo.slack.drop_connections()
    wait_for(lambda: demo.slack.connections == 0)
    wait_for(lambda: demo.slack.connections > 0)
    assert "6 applications" in person.type("status").text


def test_a_forge_that_is_down_is_unknown_and_recovers_by_itself(demo, person):
    demo.forge.faults.down = True
    answer = person.type("drift shop").text
    assert "could not be fully checked" in answer
    assert "in sync" not in answer
    assert "unknown" in person.type("status").text
    demo.forge.faults.down = False
    wait_until_synced(demo)


def test_a_cluster_that_is_down_is_unknown_and_opens_no_alert(demo, person):
    before = headlines(demo.slack)
    demo.cluster.faults.add(Fault("*", status=503, identity="bot"))
    wait_for(lambda: all(check.status is Status.UNKNOWN for check in demo.checks().values()))
    assert "could not be fully checked" in person.type("drift").text
    demo.cluster.faults.clear()
    wait_until_synced(demo)
    assert headlines(demo.slack) == before


def test_one_kind_that_may_not_be_read_makes_only_its_applications_unknown(demo):
    demo.cluster.faults.add(Fault("*/statefulsets", status=403, identity="bot"))
    wait_for(lambda: demo.checks()["search"].status is Status.UNKNOWN)
    assert demo.checks()["payments"].status is Status.SYNCED
    assert "statefulsets" in str(demo.checks()["search"].error)
    demo.cluster.faults.clear()
    wait_until_synced(demo)


def test_a_bad_manifest_is_named_with_file_and_line_and_the_others_are_checked(demo):
    bad = "environments/staging/search/bad.yaml"
    remote(demo).commit("main", {bad: "apiVersion: v1\nkind: [\n"}, "Oops\n", "ana")
    wait_for(lambda: demo.checks()["search-staging"].status is Status.UNKNOWN)
    assert f"{bad}:" in str(demo.checks()["search-staging"].error)
    assert demo.checks()["search"].status is Status.SYNCED
    remote(demo).commit("main", {bad: None}, "Mend it\n", "ana")
    wait_until_synced(demo)


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
def test_hostile_revisions_are_refused_in_one_sentence(person, text):
    answer = person.type(f"revert {text}").text
    assert "Not a valid revision" in answer or "That URL points to" in answer


def test_a_restart_repeats_nothing_and_carries_on(demo):
    on_call = ClusterPerson(demo.cluster.api, "shop")
    on_call.do("scale")
    wait_for(lambda: "".join(headlines(demo.slack)[-1:]).startswith("🟡 shop · prod"))
    before = headlines(demo.slack)
    demo.bot.stop()
    on_call.do("undo")
    demo.bot = Bot(demo.config).start()
    wait_for(lambda: "".join(headlines(demo.slack)[-1:]).startswith("✅ Resolved · shop · prod"))
    assert headlines(demo.slack)[:-1] == before[:-1]
    assert len(headlines(demo.slack)) == len(before)


def test_slack_that_is_down_when_the_bot_starts_is_joined_later(demo, caplog):
    demo.bot.stop()
    demo.slack.inject({"down_for": 3600})
    demo.bot = Bot(demo.config).start()
    on_call = ClusterPerson(demo.cluster.api, "payments")
    on_call.do("image")
    wait_for(lambda: demo.checks()["payments"].status is Status.OUT_OF_SYNC)
    wait_for(lambda: "Slack is not responding" in caplog.text)
    assert "rejected" not in caplog.text
    demo.slack.inject({"down_for": 0})
    wait_for(lambda: demo.slack.connections > 0)
    wait_for(lambda: "".join(headlines(demo.slack)[-1:]).startswith("🟠 payments · prod"))
    on_call.do("undo")
    wait_for(lambda: "".join(headlines(demo.slack)[-1:]).startswith("✅ Resolved · payments · prod"))

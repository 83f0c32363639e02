"""Random trouble that a seed repeats, over real clients."""

import gc
from collections import Counter
from contextlib import suppress
from urllib.error import URLError

import pytest
from hypothesis import given
from hypothesis import strategies as st
from slack_sdk.errors import SlackApiError

from bot.sandbox.slack import Rates, SandboxSlack, Storm
from bot.sandbox.slack.errors import SlackError
from bot.sandbox.slack.faults import CALL_FAULTS
from bot.sandbox.slack.storm import STORM_EVENTS
from tests.common.slack import slack_client
from tests.common.wait import wait_for

DEPLOYS, JONAS = "C0DEPLOYS1", "U0JONAS001"
LASTING = [event for event in STORM_EVENTS if event.end]


def fates(seed, methods):
    storm = Storm(SandboxSlack(), seed)
    drawn = {}
    for method in methods:
        drawn.setdefault(method, []).append(storm.call(method))
    return drawn


@given(seed=st.integers(), methods=st.permutations(["chat.update", "chat.postMessage", "auth.test"] * 40))
def test_a_seed_gives_the_nth_call_of_a_method_its_fate_whatever_the_order(seed, methods):
    assert fates(seed, methods) == fates(seed, sorted(methods))


def test_every_fault_strikes_about_as_often_as_it_is_likely_to():
    struck = Counter(fates(1, ["chat.update"] * 10_000)["chat.update"])
    assert set(struck) == {"", *CALL_FAULTS}
    assert 350 < struck["rate_limited"] < 450
    assert 50 < struck["unanswered"] < 150


@given(seed=st.integers(), steps=st.integers(0, 12))
def test_what_lasts_ends_within_three_steps_and_all_of_it_when_the_storm_does(seed, steps):
    slack = SandboxSlack()
    began = {}
    with Storm(slack, seed, events=LASTING) as storm:
        for step in range(steps):
            for name, target in storm.step():
                for event in LASTING:
                    if name == event.begin:
                        began[event.end, target] = step
                    elif name == event.end:
                        assert step - began.pop((name, target)) <= 3
    rooms = slack.workspace.channels.values()
    assert not any(room.archived or "U0GITOPS01" not in room.members for room in rooms)
    assert slack.faults.down_until <= slack.workspace.clock()
    assert slack.faults.source is None


def test_steps_repeat_with_the_seed_and_are_counted():
    def steps(seed):
        slack = SandboxSlack(seed=1)
        with Storm(slack, seed, events=LASTING) as storm:
            taken = [storm.step() for _ in range(20)]
            begun = Counter(name for step in taken for name, _ in step)
            assert slack.faults.applied == begun
        return taken

    assert steps(3) == steps(3) != steps(4)


# slack_sdk leaves the socket of a connection that failed while it was made to the garbage collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_client_that_asks_again_gets_through_a_storm(slack, app, connect):
    """Every kind of trouble, over HTTP and WebSockets: what was refused was not posted, and afterwards all is well."""
    handled = []

    @app.event("app_mention")
    def mention(event):
        handled.append(event["text"])

    connect(app, ping_interval=0.1)
    client = slack_client(slack, timeout=0.2)
    slack.services.delivery.ack_timeout = 0.2
    answered = []
    with Storm(slack, seed=11) as storm:
        for number in range(120):
            storm.step()
            with suppress(SlackApiError, URLError, ConnectionError, TimeoutError):
                answered.append(client.chat_postMessage(channel=DEPLOYS, text=f"{number}")["ts"])
            with suppress(SlackError):  # archived
                slack.say(JONAS, DEPLOYS, f"@gitops {number}")
    posted = [message for message in slack.posted(DEPLOYS) if message.bot]
    assert set(answered) < {message.ts for message in posted}
    deleted = [message for channel in slack.workspace.channels for message in slack.posted(channel) if message.deleted]
    assert len(deleted) == slack.faults.applied["delete_message"]
    assert {event.begin for event in STORM_EVENTS} < set(slack.faults.applied)
    assert slack.faults.applied["unavailable"] > 0
    wait_for(lambda: slack.connections == 1)
    heard = slack.say(JONAS, DEPLOYS, "@gitops calm again")
    wait_for(lambda: heard.text in handled)
    assert client.chat_postMessage(channel=DEPLOYS, text="calm")["ok"]
    gc.collect()  # while this test's own filter holds


def test_a_storm_may_be_of_one_kind():
    with SandboxSlack(rates=Rates.unlimited()).serve() as slack:
        client = slack_client(slack)
        with Storm(slack, seed=1, calls={"failed_after": 1.0}), suppress(SlackApiError):
            client.chat_postMessage(channel=DEPLOYS, text="done all the same")
        assert slack.faults.applied == {"failed_after": 1}
        assert [message.text for message in slack.messages(DEPLOYS)] == ["done all the same"]

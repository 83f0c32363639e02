"""Faults strike as often as they were asked to, and then Slack works again."""

from urllib.error import URLError

import pytest
import requests
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.builtin_handlers import RateLimitErrorRetryHandler

from tests.common.slack import slack_client

DEPLOYS = "C0DEPLOYS1"


def texts(slack):
    return [message.text for message in slack.messages(DEPLOYS)]


def limited(client, text="x"):
    with pytest.raises(SlackApiError) as refused:
        client.chat_postMessage(channel=DEPLOYS, text=text)
    return refused.value.response


def test_a_429_says_when_to_come_back_and_does_nothing(slack, client):
    slack.faults.rate_limited, slack.faults.retry_after = 2, 7
    for _ in range(2):
        answer = limited(client)
        assert (answer.status_code, answer.headers["Retry-After"], answer["error"]) == (429, "7", "ratelimited")
    client.chat_postMessage(channel=DEPLOYS, text="third")
    assert texts(slack) == ["third"]
    assert [call.status for call in slack.calls] == [429, 429, 200]


def test_slack_sdks_own_retry_handler_gets_through_a_429(slack, client):
    client.retry_handlers.append(RateLimitErrorRetryHandler(max_retry_count=1))
    slack.faults.rate_limited, slack.faults.retry_after = 1, 0
    client.chat_postMessage(channel=DEPLOYS, text="after all")
    assert texts(slack) == ["after all"]


def test_a_429_may_come_though_the_message_was_posted(slack, client):
    slack.faults.rate_limited_after = 1
    assert limited(client, "posted").status_code == 429
    assert texts(slack) == ["posted"]


def test_faults_can_be_kept_to_some_methods(slack, client):
    slack.faults.rate_limited, slack.faults.methods = 1, frozenset({"chat.update"})
    ts = client.chat_postMessage(channel=DEPLOYS, text="x")["ts"]
    with pytest.raises(SlackApiError, match="ratelimited"):
        client.chat_update(channel=DEPLOYS, ts=ts, text="y")


def test_a_connection_cut_before_the_answer_makes_a_retrying_client_post_twice(slack, client):
    slack.faults.cut = 1
    client.chat_postMessage(channel=DEPLOYS, text="doubled")  # slack_sdk repeats a cut call by itself
    assert texts(slack) == ["doubled", "doubled"]


def test_a_connection_cut_without_retries_is_an_error_though_it_was_posted(slack, client):
    client.retry_handlers.clear()
    slack.faults.cut = 1
    with pytest.raises((ConnectionError, URLError)):
        client.chat_postMessage(channel=DEPLOYS, text="once")
    assert texts(slack) == ["once"]


@pytest.mark.parametrize(
    ("fault", "status", "done"),
    [
        ("rate_limited", 429, False),
        ("rate_limited_after", 429, True),
        ("failed", 500, False),
        ("failed_after", 500, True),
        ("cut_before", 0, False),
        ("cut", 0, True),
        ("unanswered", 0, False),
        ("unanswered_after", 0, True),
    ],
)
def test_a_call_fails_before_or_after_it_is_done(slack, fault, status, done):
    client = slack_client(slack, timeout=1)
    setattr(slack.faults, fault, 1)
    with pytest.raises((SlackApiError, ConnectionError, TimeoutError, URLError)):
        client.chat_postMessage(channel=DEPLOYS, text="once")
    assert texts(slack) == ["once"] * done
    assert slack.calls[-1].status == status
    assert slack.faults.applied == {fault: 1}
    client.chat_postMessage(channel=DEPLOYS, text="again")
    assert texts(slack)[-1] == "again"


def test_a_call_that_hears_nothing_is_cut_in_the_end(slack):
    client = slack_client(slack)
    slack.faults.unanswered, slack.faults.silence = 1, 0.1
    with pytest.raises((ConnectionError, URLError)):
        client.chat_postMessage(channel=DEPLOYS, text="x")


def test_slack_is_down_for_a_while(slack, client, clock):
    slack.faults.down_for(60, clock.timestamp)
    assert limited(client).status_code == 503
    clock.advance(seconds=60)
    client.chat_postMessage(channel=DEPLOYS, text="up again")
    assert texts(slack) == ["up again"]


def test_uploads_answers_and_sockets_are_down_with_the_rest(slack, client):
    upload = client.files_getUploadURLExternal(filename="a", length=1)["upload_url"]
    answer = slack.command("U0JONAS001", DEPLOYS, "status").response_url
    slack.inject({"down": True})
    assert [requests.post(url, json={"text": "x"}, timeout=10).status_code for url in (upload, answer)] == [503, 503]
    assert requests.get(f"{slack.url}/link/", timeout=10).status_code == 503
    slack.inject({"up": True})
    assert requests.post(answer, json={"text": "x"}, timeout=10).status_code == 200


def test_a_method_can_be_refused_with_any_error_of_slacks(slack, client):
    ts = client.chat_postMessage(channel=DEPLOYS, text="x")["ts"]
    slack.faults.refuse["chat.update"] = "edit_window_closed"
    with pytest.raises(SlackApiError, match="edit_window_closed"):
        client.chat_update(channel=DEPLOYS, ts=ts, text="y")


def test_answers_can_be_slow(slack):
    slack.faults.delay = 5
    with pytest.raises(TimeoutError):
        slack_client(slack, timeout=1).auth_test()


def test_the_page_switches_faults_by_name(slack, client):
    ts = client.chat_postMessage(channel=DEPLOYS, text="x")["ts"]
    switch = {"rate_limited": 2, "methods": ["chat.update"], "delete_message": {"channel": DEPLOYS, "ts": ts}}
    posted = requests.post(f"{slack.url}/ui/faults", json=switch | {"archive": "#prod-alerts"}, timeout=10)
    assert posted.json() == {"ok": True}
    assert (slack.faults.rate_limited, slack.faults.methods) == (2, frozenset({"chat.update"}))
    assert slack.messages(DEPLOYS) == []
    assert slack.workspace.channel("prod-alerts").archived


def test_what_was_posted_is_remembered_with_every_version_and_who_deleted_it(slack, client):
    metadata = {"event_type": "card", "event_payload": {"key": "incident/7"}}
    card = client.chat_postMessage(channel=DEPLOYS, text="open", metadata=metadata)["ts"]
    client.chat_update(channel=DEPLOYS, ts=card, text="resolved")
    theirs = client.chat_postMessage(channel=DEPLOYS, text="hello")["ts"]
    client.chat_postEphemeral(channel=DEPLOYS, user="U0MIRA0001", text="psst")
    slack.delete_message(DEPLOYS, card, by="U0MIRA0001")
    client.chat_delete(channel=DEPLOYS, ts=theirs)
    first, second = slack.posted(DEPLOYS)
    assert slack.messages(DEPLOYS) == []
    assert (first.payload, [version.text for version in first.versions]) == (
        {"key": "incident/7"},
        ["open", "resolved"],
    )
    assert (first.deleted_by, second.deleted_by, second.payload) == ("U0MIRA0001", "U0GITOPS01", {})


def test_an_update_keeps_metadata_unless_it_is_emptied(slack, client):
    metadata = {"event_type": "card", "event_payload": {"key": "incident/7"}}
    ts = client.chat_postMessage(channel=DEPLOYS, text="x", metadata=metadata)["ts"]
    (message,) = slack.posted(DEPLOYS)
    client.chat_update(channel=DEPLOYS, ts=ts, text="y")
    assert message.metadata == metadata
    client.chat_update(channel=DEPLOYS, ts=ts, text="z", metadata={})
    assert message.payload == {}


@pytest.mark.parametrize("body", [{"rate_limited": 1, "gremlins": 2}, {"rate_limited": "many"}, {"archive": "C0NONE"}])
def test_an_unknown_or_senseless_fault_is_refused(slack, body):
    answer = requests.post(f"{slack.url}/ui/faults", json=body, timeout=10)
    assert (answer.status_code, answer.json()["ok"]) == (400, False)
    assert slack.faults.rate_limited == 0

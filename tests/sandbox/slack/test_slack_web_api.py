"""The Web API through slack_sdk's own client."""

import json

import pytest
import requests
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot.sandbox.slack import Rates, SandboxSlack
from tests.common.slack import slack_client

DEPLOYS, ALERTS = "C0DEPLOYS1", "C0ALERTS01"
JONAS = "U0JONAS001"
SECTION = [{"type": "section", "text": {"type": "mrkdwn", "text": "*hello*"}}]


def refusal(call, *args, **kwargs):
    with pytest.raises(SlackApiError) as refused:
        call(*args, **kwargs)
    return refused.value.response


def raw(slack, method, body=b"", content_type="application/json"):
    headers = {"Content-Type": content_type, "Authorization": "Bearer xoxb-sandbox"}
    return requests.post(f"{slack.api_url}{method}", data=body, headers=headers, timeout=10).json()


@pytest.mark.parametrize(
    ("token", "error"),
    [(None, "not_authed"), ("xoxb-other", "invalid_auth"), ("xapp-sandbox", "not_allowed_token_type")],
)
def test_a_token_that_is_missing_unknown_or_of_the_wrong_kind_is_refused(slack, token, error):
    assert refusal(WebClient(token=token, base_url=slack.api_url).auth_test)["error"] == error


def test_auth_test_tells_who_the_bot_is_and_its_scopes(slack, client):
    answer = client.auth_test()
    assert (answer["user_id"], answer["bot_id"], answer["team"]) == ("U0GITOPS01", "B0GITOPS01", "Acme")
    assert "chat:write" in answer.headers["x-oauth-scopes"].split(",")


def test_a_method_without_its_scope_names_the_scope(slack, client):
    slack.services.scopes = {"commands", "chat:write"}
    answer = refusal(client.users_info, user=JONAS)
    assert (answer["error"], answer["needed"], answer["provided"]) == (
        "missing_scope",
        "users:read",
        "chat:write,commands",
    )


def test_json_form_and_empty_bodies_are_all_understood(slack):
    assert raw(slack, "auth.test")["ok"]
    assert raw(slack, "chat.postMessage", json.dumps({"channel": DEPLOYS, "text": "as json"}).encode())["ok"]
    form = b"channel=C0DEPLOYS1&text=as+form"
    assert raw(slack, "chat.postMessage", form, "application/x-www-form-urlencoded")["ok"]
    assert [message.text for message in slack.messages(DEPLOYS)] == ["as json", "as form"]


@pytest.mark.parametrize(("body", "error"), [(b"{", "invalid_json"), (b"[1]", "json_not_object")])
def test_a_body_that_is_no_json_object_is_refused(slack, body, error):
    assert raw(slack, "auth.test", body) == {"ok": False, "error": error}


def test_an_unknown_method_is_refused(client):
    assert refusal(client.api_call, "chat.shout")["error"] == "unknown_method"


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"channel": "C0NOWHERE1", "text": "x"}, "channel_not_found"),
        ({"channel": DEPLOYS, "text": ""}, "no_text"),
        ({"channel": DEPLOYS, "text": "x" * 40_001}, "msg_too_long"),
        ({"channel": DEPLOYS, "text": "x", "blocks": "["}, "invalid_blocks_format"),
        ({"channel": DEPLOYS, "text": "x", "blocks": [{"type": "poem"}]}, "invalid_blocks"),
        ({"channel": DEPLOYS, "text": "x", "blocks": SECTION * 51}, "invalid_blocks"),
        ({"channel": DEPLOYS, "text": "x", "metadata": {"event_payload": {}}}, "invalid_metadata_schema"),
        ({"channel": DEPLOYS, "text": ["x"]}, "invalid_arguments"),
    ],
)
def test_a_message_slack_would_refuse_is_refused_and_not_posted(slack, client, arguments, error):
    assert refusal(client.api_call, "chat.postMessage", json=arguments)["error"] == error
    assert slack.messages(DEPLOYS) == []


def test_invalid_blocks_say_what_is_wrong_and_where(client):
    answer = refusal(client.chat_postMessage, channel=DEPLOYS, text="x", blocks=[{"type": "poem"}])
    assert answer["response_metadata"]["messages"] == ["[ERROR] unsupported type: poem [json-pointer:/blocks/0/type]"]
    assert answer["errors"] == ["unsupported type: poem [json-pointer:/blocks/0/type]"]


def test_a_channel_may_be_named_by_its_name(slack, client):
    assert client.chat_postMessage(channel="#deploys", text="hi")["channel"] == DEPLOYS


def test_the_bot_writes_only_where_it_is_a_member_of_a_living_channel(slack, client):
    ts = client.chat_postMessage(channel=DEPLOYS, text="card")["ts"]
    slack.remove_bot(DEPLOYS)
    assert refusal(client.chat_postMessage, channel=DEPLOYS, text="x")["error"] == "not_in_channel"
    assert refusal(client.conversations_history, channel=DEPLOYS)["error"] == "not_in_channel"
    slack.invite_bot(DEPLOYS)
    slack.archive(DEPLOYS)
    assert refusal(client.chat_postMessage, channel=DEPLOYS, text="x")["error"] == "is_archived"
    assert refusal(client.chat_update, channel=DEPLOYS, ts=ts, text="x")["error"] == "is_inactive"
    slack.archive(DEPLOYS, archived=False)
    assert client.chat_update(channel=DEPLOYS, ts=ts, text="x")["ok"]


def test_an_update_replaces_and_text_alone_takes_the_blocks_away(slack, client):
    ts = client.chat_postMessage(channel=DEPLOYS, text="one", blocks=SECTION)["ts"]
    client.chat_update(channel=DEPLOYS, ts=ts, text="two", blocks=SECTION)
    (message,) = slack.messages(DEPLOYS)
    assert message.text == "two"
    assert message.blocks[0]["text"]["text"] == "*hello*"
    assert message.edited
    client.chat_update(channel=DEPLOYS, ts=ts, text="three")
    assert (message.text, message.blocks) == ("three", [])


def test_an_update_of_more_than_4000_characters_is_refused(client):
    ts = client.chat_postMessage(channel=DEPLOYS, text="x" * 40_000)["ts"]
    assert client.chat_update(channel=DEPLOYS, ts=ts, text="x" * 4000)["ok"]
    assert refusal(client.chat_update, channel=DEPLOYS, ts=ts, text="x" * 4001)["error"] == "msg_too_long"


def test_what_is_gone_or_anothers_cannot_be_updated(slack, client):
    ts = client.chat_postMessage(channel=DEPLOYS, text="card")["ts"]
    slack.delete_message(DEPLOYS, ts)
    assert refusal(client.chat_update, channel=DEPLOYS, ts=ts, text="x")["error"] == "message_not_found"
    theirs = slack.say(JONAS, DEPLOYS, "mine")
    assert refusal(client.chat_update, channel=DEPLOYS, ts=theirs.ts, text="x")["error"] == "cant_update_message"
    assert refusal(client.chat_delete, channel=DEPLOYS, ts=theirs.ts)["error"] == "cant_delete_message"


def test_a_thread_holds_replies_and_its_parent_counts_them(slack, client):
    parent = client.chat_postMessage(channel=DEPLOYS, text="card")["ts"]
    first = client.chat_postMessage(channel=DEPLOYS, text="one", thread_ts=parent)["ts"]
    client.chat_postMessage(channel=DEPLOYS, text="two", thread_ts=first)
    assert [message.text for message in slack.thread(DEPLOYS, parent)] == ["one", "two"]
    answer = client.conversations_replies(channel=DEPLOYS, ts=parent)["messages"]
    assert [message["text"] for message in answer] == ["card", "one", "two"]
    assert answer[0]["reply_count"] == 2
    assert [message["text"] for message in client.conversations_history(channel=DEPLOYS)["messages"]] == ["card"]
    client.chat_delete(channel=DEPLOYS, ts=first)
    assert client.conversations_replies(channel=DEPLOYS, ts=parent)["messages"][0]["reply_count"] == 1


def test_a_reply_to_a_deleted_parent_lands_in_the_channel_itself(slack, client):
    parent = client.chat_postMessage(channel=DEPLOYS, text="card")["ts"]
    client.chat_postMessage(channel=DEPLOYS, text="before", thread_ts=parent)
    slack.delete_message(DEPLOYS, parent)
    answer = client.chat_postMessage(channel=DEPLOYS, text="after", thread_ts=parent)
    assert "thread_ts" not in answer["message"]
    tombstone = client.conversations_replies(channel=DEPLOYS, ts=parent)["messages"][0]
    assert tombstone["subtype"] == "tombstone"


def test_a_broadcast_reply_stands_in_the_channel_too(slack, client):
    parent = client.chat_postMessage(channel=DEPLOYS, text="card")["ts"]
    client.chat_postMessage(channel=DEPLOYS, text="only here", thread_ts=parent)
    told = client.chat_postMessage(channel=DEPLOYS, text="for all", thread_ts=parent, reply_broadcast=True)
    assert told["message"]["subtype"] == "thread_broadcast"
    assert [message["text"] for message in client.conversations_history(channel=DEPLOYS)["messages"]] == [
        "for all",
        "card",
    ]
    assert [message.text for message in slack.thread(DEPLOYS, parent)] == ["only here", "for all"]
    alone = client.chat_postMessage(channel=DEPLOYS, text="no thread", reply_broadcast=True)["message"]
    assert "subtype" not in alone


def test_history_is_newest_first_in_pages_with_metadata_only_when_asked(client):
    for index in range(5):
        client.chat_postMessage(
            channel=DEPLOYS, text=str(index), metadata={"event_type": "card", "event_payload": {"id": index}}
        )
    first = client.conversations_history(channel=DEPLOYS, limit=2, include_all_metadata=True)
    assert [message["metadata"]["event_payload"]["id"] for message in first["messages"]] == [4, 3]
    cursor = first["response_metadata"]["next_cursor"]
    second = client.conversations_history(channel=DEPLOYS, limit=3, cursor=cursor)
    assert [message["text"] for message in second["messages"]] == ["2", "1", "0"]
    assert not second["has_more"]
    assert "metadata" not in second["messages"][0]
    since = client.conversations_history(channel=DEPLOYS, oldest=first["messages"][1]["ts"])["messages"]
    assert [message["text"] for message in since] == ["4"]
    assert refusal(client.conversations_history, channel=DEPLOYS, cursor="x")["error"] == "invalid_cursor"


def test_an_ephemeral_message_is_seen_by_one_person_and_not_in_history(slack, client):
    client.chat_postEphemeral(channel=DEPLOYS, user=JONAS, text="for you")
    assert [message.text for message in slack.ephemerals(JONAS)] == ["for you"]
    assert slack.ephemerals("U0MIRA0001") == []
    assert slack.messages(DEPLOYS) == []
    assert client.conversations_history(channel=DEPLOYS)["messages"] == []
    stranger = refusal(client.chat_postEphemeral, channel=DEPLOYS, user="U0NOBODY", text="x")
    assert stranger["error"] == "user_not_in_channel"


def test_people_channels_and_groups_can_be_looked_up(slack, client):
    assert client.users_info(user=JONAS)["user"]["real_name"] == "Jonas Weber"
    assert refusal(client.users_info, user="U0NOBODY")["error"] == "user_not_found"
    assert client.users_lookupByEmail(email="mira@acme.example")["user"]["id"] == "U0MIRA0001"
    assert refusal(client.users_lookupByEmail, email="x@y")["error"] == "users_not_found"
    assert JONAS in client.usergroups_users_list(usergroup="S0PLATFORM")["users"]
    assert refusal(client.usergroups_users_list, usergroup="S0NONE")["error"] == "no_such_subteam"
    assert [channel["name"] for channel in client.conversations_list()["channels"]] == ["prod-alerts", "deploys"]
    assert client.conversations_info(channel=ALERTS)["channel"]["is_member"]
    assert JONAS in client.conversations_members(channel=ALERTS)["members"]


def test_a_permalink_leads_to_the_page(slack, client):
    ts = client.chat_postMessage(channel=DEPLOYS, text="card")["ts"]
    link = client.chat_getPermalink(channel=DEPLOYS, message_ts=ts)["permalink"]
    assert link == f"{slack.url}/archives/{DEPLOYS}/p{ts.replace('.', '')}"
    assert refusal(client.chat_getPermalink, channel=DEPLOYS, message_ts="1.2")["error"] == "message_not_found"


def test_a_file_goes_up_in_three_steps_and_shows_in_its_thread(slack, client):
    parent = client.chat_postMessage(channel=DEPLOYS, text="card")["ts"]
    client.files_upload_v2(
        channel=DEPLOYS, thread_ts=parent, filename="shop.diff", title="All of it", content="- 2\n+ 7 ✓\n"
    )
    (reply,) = slack.thread(DEPLOYS, parent)
    (shown,) = reply.page()["files"]
    assert (shown["name"], shown["title"], shown["size"]) == ("shop.diff", "All of it", 12)
    answer = requests.get(slack.url + shown["url"], timeout=10)
    assert answer.text == "- 2\n+ 7 ✓\n"
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"


def test_a_file_is_shared_only_once_whole_and_where_the_bot_is(slack, client):
    announced = client.files_getUploadURLExternal(filename="a.txt", length=3)
    file = [{"id": announced["file_id"]}]
    assert refusal(client.files_completeUploadExternal, files=file, channel_id=DEPLOYS)["error"] == "file_not_found"
    assert requests.post(announced["upload_url"], data=b"four", timeout=10).status_code == 400
    assert requests.post(announced["upload_url"], data=b"abc", timeout=10).text == "OK - 3"
    slack.remove_bot(DEPLOYS)
    assert refusal(client.files_completeUploadExternal, files=file, channel_id=DEPLOYS)["error"] == "not_in_channel"
    slack.invite_bot(DEPLOYS)
    assert client.files_completeUploadExternal(files=file, channel_id=DEPLOYS)["ok"]
    assert refusal(client.files_completeUploadExternal, files=file, channel_id=DEPLOYS)["error"] == "file_not_found"


def test_a_snippet_holds_one_megabyte(client):
    upload = client.files_getUploadURLExternal
    assert upload(filename="a.diff", length=1_000_000, snippet_type="diff")["ok"]
    answer = refusal(upload, filename="a.diff", length=1_000_001, snippet_type="diff")
    assert answer["error"] == "snippet_too_large"


def test_a_thread_can_be_read_from_a_time_on_and_always_with_its_parent(slack, client):
    parent = client.chat_postMessage(channel=DEPLOYS, text="card")["ts"]
    first, second = (client.chat_postMessage(channel=DEPLOYS, text="x", thread_ts=parent)["ts"] for _ in range(2))
    found = client.conversations_replies(channel=DEPLOYS, ts=parent, oldest=first)["messages"]
    assert [message["ts"] for message in found] == [parent, second]


def test_addresses_are_for_those_with_the_scope_for_them(slack, client):
    assert client.users_info(user=JONAS)["user"]["profile"]["email"] == "jonas@acme.example"
    slack.scopes.discard("users:read.email")
    assert "email" not in client.users_info(user=JONAS)["user"]["profile"]
    answer = refusal(client.users_lookupByEmail, email="jonas@acme.example")
    assert (answer["error"], answer["needed"]) == ("missing_scope", "users:read.email")
    assert "users:read.email" not in answer["provided"].split(",")


@pytest.mark.parametrize(
    ("method", "arguments", "a_minute"),
    [
        ("users.lookupByEmail", {"email": "mira@acme.example"}, 50),
        ("users.info", {"user": JONAS}, 100),
        ("usergroups.users.list", {"usergroup": "S0PLATFORM"}, 20),
        ("views.publish", {"user_id": JONAS, "view": {"type": "home", "blocks": []}}, 100),
    ],
)
def test_each_method_has_its_tier(clock, method, arguments, a_minute):
    with SandboxSlack(clock=clock.timestamp).serve() as slack:
        client = slack_client(slack)
        for _ in range(a_minute):
            client.api_call(method, json=arguments)
        limited = refusal(client.api_call, method, json=arguments)
        assert (limited.status_code, limited["error"]) == (429, "ratelimited")
        clock.advance(seconds=int(limited.headers["Retry-After"]))
        assert client.api_call(method, json=arguments)["ok"]


def test_posting_takes_one_a_second_and_channel_after_a_burst(clock):
    with SandboxSlack(clock=clock.timestamp, rates=Rates(post_burst=3)).serve() as slack:
        client = slack_client(slack)
        for channel in ("#deploys", DEPLOYS, DEPLOYS):
            client.chat_postMessage(channel=channel, text="x")
        limited = refusal(client.chat_postMessage, channel=DEPLOYS, text="x")
        assert (limited.status_code, limited["error"], limited.headers["Retry-After"]) == (429, "ratelimited", "1")
        assert client.chat_postMessage(channel=ALERTS, text="x")["ok"]
        clock.advance(seconds=1)
        assert client.chat_postMessage(channel=DEPLOYS, text="x")["ok"]
        assert len(slack.messages(DEPLOYS)) == 4


def test_updates_take_fifty_a_minute_over_all_channels(clock):
    with SandboxSlack(clock=clock.timestamp).serve() as slack:
        client = slack_client(slack)
        ts = client.chat_postMessage(channel=DEPLOYS, text="0")["ts"]
        for index in range(50):
            client.chat_update(channel=DEPLOYS, ts=ts, text=f"{index}")
        limited = refusal(client.chat_update, channel=DEPLOYS, ts=ts, text="x")
        assert (limited.status_code, limited.headers["Retry-After"]) == (429, "2")
        clock.advance(seconds=1.2)
        assert client.chat_update(channel=DEPLOYS, ts=ts, text="x")["ok"]


def test_a_home_is_published_for_one_person(slack, client):
    home = {"type": "home", "blocks": SECTION}
    view = client.views_publish(user_id=JONAS, view=home)["view"]
    assert slack.home(JONAS).blocks[0]["text"]["text"] == "*hello*"
    assert slack.home("U0MIRA0001") is None
    assert refusal(client.views_publish, user_id=JONAS, view=home, hash="old")["error"] == "hash_conflict"
    assert client.views_publish(user_id=JONAS, view=home, hash=view["hash"])["view"]["id"] == view["id"]
    assert refusal(client.views_publish, user_id="U0NOBODY", view=home)["error"] == "invalid_arguments"


@pytest.mark.parametrize("method", ["views.open", "views.push"])
def test_a_modal_needs_a_trigger_that_slack_gave(client, method):
    view = {"type": "modal", "title": {"type": "plain_text", "text": "x"}, "blocks": []}
    answer = refusal(client.api_call, method, json={"trigger_id": "1.2.3", "view": view})
    assert answer["error"] == "invalid_trigger_id"


def test_every_call_is_logged_without_its_token(slack, client):
    client.chat_postMessage(channel=DEPLOYS, text="x", token="xoxb-sandbox-2")
    refusal(client.chat_update, channel=DEPLOYS, ts="1.2", text="x")
    posted, updated = slack.calls
    assert (posted.method, posted.status, posted.error, posted.args["text"]) == ("chat.postMessage", 200, "", "x")
    assert (updated.method, updated.status, updated.error) == ("chat.update", 200, "message_not_found")
    assert "xoxb" not in repr(slack.calls)

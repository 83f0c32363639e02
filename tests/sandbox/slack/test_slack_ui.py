"""What the web page reads and sends."""

import json
from contextlib import contextmanager

import pytest
import requests

from tests.common.wait import wait_for

DEPLOYS = "C0DEPLOYS1"
JONAS, MIRA = "U0JONAS001", "U0MIRA0001"
BUTTON = {"type": "button", "action_id": "ack", "value": "7", "text": {"type": "plain_text", "text": "Acknowledge"}}
BLOCKS = [{"type": "actions", "block_id": "row", "elements": [BUTTON]}]
FORM = {
    "type": "modal",
    "callback_id": "form",
    "title": {"type": "plain_text", "text": "Revert"},
    "submit": {"type": "plain_text", "text": "Go"},
    "blocks": [
        {
            "type": "input",
            "block_id": "why",
            "label": {"type": "plain_text", "text": "Why"},
            "element": {"type": "plain_text_input", "action_id": "reason"},
        }
    ],
}


def get(slack, path, **query):
    return requests.get(slack.url + path, params=query, timeout=10).json()


def post(slack, path, **body):
    return requests.post(slack.url + path, json=body, timeout=10)


@contextmanager
def events(slack):
    """The event stream as parsed objects; the first, "connected", is already taken."""
    with requests.get(f"{slack.url}/ui/events", stream=True, timeout=10) as stream:
        parsed = (json.loads(line[6:]) for line in stream.iter_lines(chunk_size=1) if line)
        assert next(parsed) == {"type": "connected"}
        yield parsed


def test_state_holds_people_channels_messages_and_what_is_open(slack, client):
    ts = client.chat_postMessage(channel=DEPLOYS, text="card", blocks=BLOCKS)["ts"]
    client.chat_postMessage(channel=DEPLOYS, text="reply", thread_ts=ts)
    client.chat_postEphemeral(channel=DEPLOYS, user=MIRA, text="for Mira")
    client.views_publish(user_id=MIRA, view={"type": "home", "blocks": BLOCKS})
    state = get(slack, "/ui/state", user=MIRA)
    assert (state["team"]["name"], state["me"], state["tour"], state["modals"]) == ("Acme", MIRA, None, [])
    assert {"id": JONAS, "name": "jonas", "display": "Jonas Weber", "color": "#2e7d8c", "bot": False} in state["users"]
    assert state["groups"] == [{"id": "S0PLATFORM", "name": "platform"}]
    deploys = next(room for room in state["channels"] if room["id"] == DEPLOYS)
    assert (deploys["id"], deploys["name"], deploys["archived"]) == (DEPLOYS, "deploys", False)
    card, reply, ephemeral = deploys["messages"]
    assert (card["text"], card["bot"], card["reply_count"], card["blocks"]) == ("card", True, 1, BLOCKS)
    assert (reply["text"], reply["thread_ts"]) == ("reply", ts)
    assert (ephemeral["text"], ephemeral["ephemeral_for"]) == ("for Mira", MIRA)
    assert state["home"]["blocks"] == BLOCKS
    assert get(slack, "/ui/state")["home"] is None
    assert [one["text"] for one in get(slack, "/ui/thread", channel=DEPLOYS, ts=ts)["messages"]] == ["card", "reply"]


def test_a_deleted_message_vanishes_unless_replies_hang_on_it(slack, client):
    alone, parent = (client.chat_postMessage(channel=DEPLOYS, text="secret")["ts"] for _ in range(2))
    client.chat_postMessage(channel=DEPLOYS, text="reply", thread_ts=parent)
    slack.delete_message(DEPLOYS, alone)
    slack.delete_message(DEPLOYS, parent)
    rooms = get(slack, "/ui/state")["channels"]
    shown = next(room["messages"] for room in rooms if room["id"] == DEPLOYS)
    assert [(one["text"], one.get("deleted", False)) for one in shown] == [
        ("This message was deleted.", True),
        ("reply", False),
    ]


def test_events_follow_every_change_with_the_whole_object(slack, client):
    with events(slack) as stream:
        ts = client.chat_postMessage(channel=DEPLOYS, text="one")["ts"]
        client.chat_update(channel=DEPLOYS, ts=ts, text="two")
        client.chat_postMessage(channel=DEPLOYS, text="reply", thread_ts=ts)
        client.chat_postEphemeral(channel=DEPLOYS, user=MIRA, text="psst")
        slack.delete_message(DEPLOYS, ts)
        slack.archive(DEPLOYS)
        slack.publish({"type": "tour", "step": 2})
        seen = [next(stream) for _ in range(8)]
    assert [event["type"] for event in seen] == [
        "message",
        "message_changed",
        "message_changed",
        "message",
        "ephemeral",
        "message_deleted",
        "channel",
        "tour",
    ]
    posted, updated, counted, _, whispered, deleted, channel, _ = seen
    assert (posted["channel"], posted["message"]["text"]) == (DEPLOYS, "one")
    assert (updated["message"]["text"], updated["message"]["edited"]) == ("two", True)
    assert counted["message"]["reply_count"] == 1
    assert whispered["message"]["ephemeral_for"] == MIRA
    assert (deleted["ts"], deleted["message"]["text"]) == (ts, "This message was deleted.")
    assert channel["channel"]["archived"]
    assert get(slack, "/ui/state")["tour"] == {"type": "tour", "step": 2}


def test_the_composer_sends_commands_and_plain_words(slack, app, connect):
    @app.command("/gitops")
    def handle(ack, command):
        ack(f"status of {command['text'].split()[1]}")

    connect(app)
    assert post(slack, "/ui/command", user=MIRA, channel=DEPLOYS, text="/gitops status shop").json()["ok"]
    wait_for(lambda: slack.ephemerals(MIRA))
    assert slack.ephemerals(MIRA)[0].text == "status of shop"
    post(slack, "/ui/command", user=MIRA, channel=DEPLOYS, text="deploying now <!channel>")
    (said,) = slack.messages(DEPLOYS)
    assert (said.user, said.text) == (MIRA, "deploying now &lt;!channel&gt;")


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/ui/command", {"channel": DEPLOYS, "text": " "}),
        ("/ui/command", {"channel": DEPLOYS, "text": "/deploy now"}),
        ("/ui/command", {"channel": "C0NONE", "text": "/gitops help"}),
        ("/ui/command", {"user": "U0NONE", "channel": DEPLOYS, "text": "hi"}),
        ("/ui/command", {}),
        ("/ui/action", {"channel": DEPLOYS, "ts": "1.2", "action_id": "ack"}),
        ("/ui/view/submit", {"view_id": "V0NONE", "values": {}}),
        ("/ui/view/close", {"view_id": "V0NONE"}),
    ],
)
def test_what_cannot_be_done_is_answered_400_with_an_error(slack, path, body):
    answer = post(slack, path, **body)
    assert answer.status_code == 400
    assert answer.json()["error"]


def test_a_body_that_is_no_json_object_is_answered_400(slack):
    for body in (b"{", b"7", b'["x"]'):
        assert requests.post(f"{slack.url}/ui/command", data=body, timeout=10).status_code == 400


def test_a_button_on_the_page_reaches_the_app_and_a_toast_says_when_nobody_acks(slack, app, client, connect):
    pressed = []

    @app.action("ack")
    def handle(ack, action):
        pressed.append(action["value"])
        ack()

    connect(app)
    ts = client.chat_postMessage(channel=DEPLOYS, text="card", blocks=BLOCKS)["ts"]
    press = {"user": JONAS, "channel": DEPLOYS, "ts": ts, "block_id": "row", "action_id": "ack", "value": "7"}
    with events(slack) as stream:
        assert post(slack, "/ui/action", **press).json() == {"ok": True, "acked": True}
        assert pressed == ["7"]
        slack.services.delivery.ack_timeout = 0.2
        slack.faults.lost_payloads = 1
        assert post(slack, "/ui/action", **press).json() == {"ok": True, "acked": False}
        toast = next(stream)
    assert toast == {"type": "toast", "user": JONAS, "text": "We had some trouble connecting. Try again?"}


def test_a_form_is_filled_in_and_sent_from_the_page(slack, app, connect):
    @app.command("/gitops")
    def opened(ack, body, client):
        ack()
        client.views_open(trigger_id=body["trigger_id"], view=FORM)

    @app.view("form")
    def submitted(ack, view, client):
        ack()
        client.chat_postMessage(channel=DEPLOYS, text=view["state"]["values"]["why"]["reason"]["value"])

    connect(app)
    with events(slack) as stream:
        post(slack, "/ui/command", user=JONAS, channel=DEPLOYS, text="/gitops revert")
        modal = next(stream)
        assert (modal["type"], modal["user"], modal["view"]["title"]["text"]) == ("modal", JONAS, "Revert")
        view_id = modal["view"]["id"]
        assert get(slack, "/ui/state")["modals"][0]["id"] == view_id
        empty = post(slack, "/ui/view/submit", user=JONAS, view_id=view_id, values={})
        assert empty.json() == {"ok": True}
        assert next(stream)["view"]["errors"] == {"why": "Please complete this required field."}
        values = {"why": {"reason": {"type": "plain_text_input", "value": "it broke"}}}
        sent = post(slack, "/ui/view/submit", user=JONAS, view_id=view_id, values=values)
        assert sent.json() == {"ok": True, "acked": True}
        after = {event["type"]: event for event in (next(stream), next(stream))}
    assert after["modal_closed"]["view_id"] == view_id
    assert after["message"]["message"]["text"] == "it broke"


def test_closing_a_modal_takes_it_away(slack, client):
    opened = slack.command(JONAS, DEPLOYS, "revert")
    view_id = client.views_open(trigger_id=opened.trigger_id, view=FORM)["view"]["id"]
    assert post(slack, "/ui/view/close", user=JONAS, view_id=view_id).json() == {"ok": True}
    assert slack.views == []


def test_opening_the_home_tab_tells_the_app(slack):
    assert post(slack, "/ui/home", user=MIRA).json() == {"ok": True}
    (opened,) = slack.interactions
    assert (opened.payload["event"]["type"], opened.payload["event"]["user"]) == ("app_home_opened", MIRA)
    assert post(slack, "/ui/home", user="U0NONE").status_code == 400


def test_an_uploaded_page_is_served_as_plain_text(slack, client):
    client.files_upload_v2(channel=DEPLOYS, filename="x.html", content="<script>alert(1)</script>")
    (message,) = slack.messages(DEPLOYS)
    answer = requests.get(slack.url + message.page()["files"][0]["url"], timeout=10)
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert requests.get(f"{slack.url}/ui/files/F0NONE", timeout=10).status_code == 404


def test_a_permalink_leads_to_its_message_on_the_page(slack, client):
    ts = client.chat_postMessage(channel=DEPLOYS, text="card")["ts"]
    link = client.chat_getPermalink(channel=DEPLOYS, message_ts=ts)["permalink"]
    answer = requests.get(link, allow_redirects=False, timeout=10)
    assert (answer.status_code, answer.headers["Location"]) == (302, f"/#{DEPLOYS}/{ts}")


def test_only_the_pages_own_files_are_served(slack):
    served = requests.get(f"{slack.url}/", timeout=10)
    assert (served.status_code, served.headers["Cache-Control"]) == (200, "no-cache")
    assert served.headers["Content-Type"].startswith("text/html")
    for path in ("/server.py", "/nothing.js", "/..%2fserver.py"):
        assert requests.get(slack.url + path, timeout=10).status_code == 404

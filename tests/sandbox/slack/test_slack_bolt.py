"""A real Bolt app over real WebSockets: commands, buttons, modals, events, deadlines and response URLs."""

import asyncio
import queue
import threading

import pytest
from aiohttp import ClientSession, WSServerHandshakeError
from slack_sdk.errors import SlackApiError
from slack_sdk.webhook import WebhookClient

DEPLOYS, ALERTS = "C0DEPLOYS1", "C0ALERTS01"
JONAS, MIRA = "U0JONAS001", "U0MIRA0001"


def plain(text):
    return {"type": "plain_text", "text": text}


def button(action_id, **more):
    return {"type": "button", "action_id": action_id, "text": plain("Press"), **more}


def actions(*elements):
    return [{"type": "actions", "block_id": "row", "elements": list(elements)}]


def modal(*blocks, title="Revert", **more):
    return {
        "type": "modal",
        "callback_id": "form",
        "title": plain(title),
        "submit": plain("Go"),
        "blocks": list(blocks),
    } | more


REASON = {
    "type": "input",
    "block_id": "why",
    "label": plain("Why"),
    "element": {"type": "plain_text_input", "action_id": "reason", "max_length": 10},
}


def opens(app, view):
    """`/gitops` opens a modal."""

    @app.command("/gitops")
    def handle(ack, body, client):
        ack()
        client.views_open(trigger_id=body["trigger_id"], view=view)


def open_view(slack):
    slack.command(JONAS, DEPLOYS, "revert")
    return slack.wait_for(lambda: slack.views)[0]


# ---------------------------------------------------------------- commands


def test_a_command_is_acked_and_answered_to_its_person_alone(slack, app, connect):
    @app.command("/gitops")
    def handle(ack, respond, command):
        ack()
        respond(f"{command['user_name']} in {command['channel_name']}: {command['text']}")

    connect(app)
    done = slack.command(JONAS, DEPLOYS, "/gitops status shop")
    slack.wait_for(lambda: done.responses and done.done)
    assert done.acked_after < 3
    assert done.responses[0].text == "jonas in deploys: status shop"
    assert slack.ephemerals(JONAS) == done.responses
    assert slack.messages(DEPLOYS) == []


def test_an_ack_may_carry_the_answer(slack, app, connect):
    @app.command("/gitops")
    def handle(ack):
        ack(text="at once", response_type="in_channel")

    connect(app)
    done = slack.command(JONAS, DEPLOYS, "help")
    slack.wait_for(lambda: done.done)
    assert [message.text for message in slack.messages(DEPLOYS)] == ["at once"]
    assert done.responses == slack.messages(DEPLOYS)


def test_a_command_that_nobody_acks_shows_operation_timeout(slack, app, connect):
    @app.command("/gitops")
    def handle():
        """Forget to ack."""

    connect(app)
    slack.services.delivery.ack_timeout = 0.3
    done = slack.command(JONAS, DEPLOYS, "status")
    slack.wait_for(lambda: done.done)
    assert (done.acked_after, done.error, done.deliveries) == (None, "operation_timeout", 1)
    (told,) = slack.ephemerals(JONAS)
    assert (told.user, told.text) == ("USLACKBOT", "/gitops failed with the error “operation_timeout”")


def test_a_command_with_nobody_connected_shows_dispatch_failed(slack):
    done = slack.command(JONAS, DEPLOYS, "status")
    slack.wait_for(lambda: done.done)
    assert done.error == "dispatch_failed"
    assert "dispatch_failed" in slack.ephemerals(JONAS)[0].text


def test_a_lost_ack_shows_operation_timeout_though_the_bot_did_its_work(app, connect, slack):
    ran = threading.Event()

    @app.command("/gitops")
    def handle(ack):
        ack()
        ran.set()

    connect(app)
    slack.services.delivery.ack_timeout = 0.3
    slack.faults.lost_acks = 1
    lost = slack.command(JONAS, DEPLOYS, "status")
    slack.wait_for(lambda: lost.done)
    assert lost.error == "operation_timeout"
    assert ran.wait(5)
    slack.services.delivery.ack_timeout = 3
    heard = slack.command(JONAS, DEPLOYS, "status")
    slack.wait_for(lambda: heard.acked_after)


def test_a_command_works_where_the_bot_is_no_member_but_not_in_an_archived_channel(slack, app, connect):
    @app.command("/gitops")
    def handle(ack):
        ack("here")

    connect(app)
    slack.remove_bot(ALERTS)
    done = slack.command(JONAS, ALERTS, "status")
    slack.wait_for(lambda: done.responses)
    slack.archive(ALERTS)
    with pytest.raises(Exception, match="is_archived"):
        slack.command(JONAS, ALERTS, "status")


# ---------------------------------------------------------------- response URLs


def test_a_response_url_serves_five_times(slack, app, connect):
    @app.command("/gitops")
    def handle(ack):
        ack()

    connect(app)
    done = slack.command(JONAS, DEPLOYS, "status")
    webhook = WebhookClient(done.response_url)
    codes = [webhook.send(text=str(index)).status_code for index in range(6)]
    assert codes == [200] * 5 + [404]
    assert [message.text for message in done.responses] == ["0", "1", "2", "3", "4"]


def test_a_response_url_serves_for_thirty_minutes(slack, clock):
    done = slack.command(JONAS, DEPLOYS, "status")
    webhook = WebhookClient(done.response_url)
    clock.advance(seconds=30 * 60)
    assert webhook.send(text="just in time").status_code == 200
    clock.advance(seconds=1)
    late = webhook.send(text="late")
    assert (late.status_code, late.body) == (404, '{"ok": false, "error": "expired_url"}')


def test_a_response_url_refuses_what_slack_would(slack):
    webhook = WebhookClient(slack.command(JONAS, DEPLOYS, "status").response_url)
    refused = webhook.send(text="x", blocks=[{"type": "poem"}])
    assert (refused.status_code, "invalid_blocks" in refused.body) == (400, True)
    assert "no_text" in webhook.send(text="").body


def test_a_response_can_replace_and_delete_the_message_it_answers(slack, app, client, connect):
    @app.action("more")
    def handle(ack, respond, action):
        ack()
        if action["value"] == "replace":
            respond(replace_original=True, text="replaced", blocks=actions(button("more", value="delete")))
        else:
            respond(delete_original=True)

    connect(app)
    client.chat_postEphemeral(
        channel=DEPLOYS, user=JONAS, text="original", blocks=actions(button("more", value="replace"))
    )
    (message,) = slack.ephemerals(JONAS)
    slack.click(JONAS, message, "more")
    slack.wait_for(lambda: message.text == "replaced")
    slack.click(JONAS, message, "more")
    slack.wait_for(lambda: slack.ephemerals(JONAS) == [])


# ---------------------------------------------------------------- buttons


def test_a_button_tells_who_pressed_which_value_on_which_message(slack, app, client, connect):
    pressed = []

    @app.action("ack")
    def handle(ack, body, say):
        pressed.append(body)
        ack()
        say(text="noted", thread_ts=body["message"]["ts"])

    connect(app)
    two = [*actions(button("ack", value="1")), {"type": "actions", "elements": [button("ack", value="2")]}]
    ts = client.chat_postMessage(channel=DEPLOYS, text="card", blocks=two)["ts"]
    (card,) = slack.messages(DEPLOYS)
    done = slack.click(MIRA, card, "ack", "2")
    slack.wait_for(lambda: slack.thread(DEPLOYS, ts))
    (body,) = pressed
    assert (body["user"]["id"], body["channel"]["id"], body["container"]["message_ts"]) == (MIRA, DEPLOYS, ts)
    assert (body["actions"][0]["value"], body["actions"][0]["action_id"]) == ("2", "ack")
    assert body["message"]["text"] == "card"
    slack.wait_for(lambda: done.done)
    assert done.acked_after < 3
    with pytest.raises(LookupError, match="no element has the action_id revert"):
        slack.click(MIRA, card, "revert")
    slack.delete_message(DEPLOYS, ts)
    with pytest.raises(LookupError, match="deleted"):
        slack.click(MIRA, card, "ack")


def test_a_select_sends_the_option_that_was_picked(slack, app, client, connect):
    picked = []

    @app.action("app")
    def handle(ack, action):
        picked.append(action["selected_option"]["value"])
        ack()

    connect(app)
    options = [{"text": plain(name), "value": name} for name in ("shop", "cart")]
    client.chat_postMessage(
        channel=DEPLOYS, text="x", blocks=actions({"type": "static_select", "action_id": "app", "options": options})
    )
    (message,) = slack.messages(DEPLOYS)
    done = slack.click(JONAS, message, "app", "cart")
    slack.wait_for(lambda: done.done)
    assert picked == ["cart"]
    with pytest.raises(LookupError, match="no option 'till'"):
        slack.click(JONAS, message, "app", "till")


# ---------------------------------------------------------------- modals


def test_a_modal_opens_and_its_form_arrives(slack, app, connect):
    sent = []

    @app.view("form")
    def submitted(ack, view, body):
        sent.append((body["user"]["id"], view["private_metadata"], view["state"]["values"]["why"]["reason"]["value"]))
        ack()

    opens(app, modal(REASON, private_metadata="incident 7"))
    connect(app)
    view = open_view(slack)
    assert view.content["title"]["text"] == "Revert"
    done = slack.submit_view(JONAS, view, {"reason": "broken"})
    slack.wait_for(lambda: done.done and not slack.views)
    assert sent == [(JONAS, "incident 7", "broken")]


def test_slacks_own_client_keeps_back_a_form_that_lacks_something(slack, app, connect):
    opens(app, modal(REASON))
    connect(app)
    view = open_view(slack)
    assert slack.submit_view(JONAS, view).error == "invalid_input"
    assert view.errors == {"why": "Please complete this required field."}
    assert slack.submit_view(JONAS, view, {"reason": "x" * 11}).error == "invalid_input"
    assert view.errors == {"why": "Please enter no more than 10 characters."}


@pytest.mark.parametrize(
    ("answer", "titles"),
    [
        ({"response_action": "errors", "errors": {"why": "Say more."}}, ["Revert"]),
        ({"response_action": "update", "view": modal(title="Done")}, ["Done"]),
        ({"response_action": "push", "view": modal(title="Sure?")}, ["Revert", "Sure?"]),
        ({"response_action": "clear"}, []),
    ],
    ids=["errors", "update", "push", "clear"],
)
def test_a_form_is_answered_with_a_response_action(slack, app, connect, answer, titles):
    @app.view("form")
    def submitted(ack):
        ack(**answer)

    opens(app, modal(REASON))
    connect(app)
    view = open_view(slack)
    done = slack.submit_view(JONAS, view, {"why": {"reason": {"type": "plain_text_input", "value": "x"}}})
    slack.wait_for(lambda: done.done)
    assert done.error is None
    assert [shown.content["title"]["text"] for shown in slack.views] == titles
    assert view.errors == answer.get("errors", {})


def test_a_response_action_that_names_no_block_is_not_taken(slack, app, connect):
    @app.view("form")
    def submitted(ack):
        ack(response_action="errors", errors={"nothing": "?"})

    opens(app, modal(REASON))
    connect(app)
    view = open_view(slack)
    done = slack.submit_view(JONAS, view, {"reason": "x"})
    slack.wait_for(lambda: done.done)
    assert (done.error, slack.views) == ("invalid_arguments", [view])


def test_the_app_hears_of_a_closed_modal_when_it_asked_to(slack, app, connect):
    closed = []

    @app.view_closed("form")
    def handle(ack, view):
        closed.append(view["id"])
        ack()

    opens(app, modal(REASON, notify_on_close=True))
    connect(app)
    view = open_view(slack)
    done = slack.close_view(JONAS, view)
    slack.wait_for(lambda: done.done)
    assert (closed, slack.views) == ([view.id], [])


def test_a_button_in_a_modal_can_push_two_more_and_update(slack, app, client, connect):
    refusals = queue.Queue()

    @app.action("deeper")
    def handle(ack, body):
        ack()
        try:
            client.views_push(trigger_id=body["trigger_id"], view=modal(*actions(button("deeper"))))
        except SlackApiError as refused:
            refusals.put(refused.response["error"])

    opens(app, modal(*actions(button("deeper"))))
    connect(app)
    open_view(slack)
    for depth in (2, 3):
        slack.click(JONAS, slack.views[-1], "deeper")
        slack.wait_for(lambda depth=depth: len(slack.views) == depth)
    top = slack.views[-1]
    slack.click(JONAS, top, "deeper")
    assert refusals.get(timeout=5) == "push_limit_reached"
    client.views_update(view_id=top.id, view=modal(title="Newer"), hash=top.hash)
    assert top.content["title"]["text"] == "Newer"
    with pytest.raises(SlackApiError, match="hash_conflict"):
        client.views_update(view_id=top.id, view=modal(), hash="old")
    with pytest.raises(SlackApiError, match="not_found"):
        client.views_update(view_id="V0NONE", view=modal())


def test_a_trigger_serves_once_and_for_three_seconds(slack, client, clock):
    used, late = (slack.command(JONAS, DEPLOYS, "revert").trigger_id for _ in range(2))
    clock.advance(seconds=3)
    client.views_open(trigger_id=used, view=modal())
    with pytest.raises(SlackApiError, match="exchanged_trigger_id"):
        client.views_open(trigger_id=used, view=modal())
    clock.advance(seconds=0.1)
    with pytest.raises(SlackApiError, match="expired_trigger_id"):
        client.views_open(trigger_id=late, view=modal())


# ---------------------------------------------------------------- events


def test_a_mention_reaches_the_app_and_is_answered_in_its_thread(slack, app, connect):
    @app.event("app_mention")
    def handle(event, say):
        say(text=f"heard <@{event['user']}>", thread_ts=event["ts"])

    connect(app)
    asked = slack.say(JONAS, DEPLOYS, "@gitops are you <there>?")
    assert asked.text == "<@U0GITOPS01> are you &lt;there&gt;?"
    slack.wait_for(lambda: slack.thread(DEPLOYS, asked.ts))
    slack.say(JONAS, DEPLOYS, "nobody in particular")
    assert [seen.payload["event"]["type"] for seen in slack.interactions] == ["app_mention"]


def test_a_mention_in_a_thread_says_which_thread_and_needs_its_scope(slack, app, client, connect):
    heard = queue.Queue()

    @app.event("app_mention")
    def handle(event):
        heard.put((event["thread_ts"], event["text"]))

    connect(app)
    card = client.chat_postMessage(channel=DEPLOYS, text="card")["ts"]
    slack.say(JONAS, DEPLOYS, "@gitops status shop", thread_ts=card)
    assert heard.get(timeout=5) == (card, "<@U0GITOPS01> status shop")
    slack.services.scopes.discard("app_mentions:read")
    slack.say(JONAS, DEPLOYS, "@gitops status shop", thread_ts=card)
    assert len(slack.interactions) == 1


def test_opening_the_home_tab_lets_the_app_publish_it(slack, app, client, connect):
    @app.event("app_home_opened")
    def handle(event):
        published.put(
            client.views_publish(user_id=event["user"], view={"type": "home", "blocks": actions(button("go"))})
        )

    published = queue.Queue()
    connect(app)
    slack.open_home(MIRA)
    published.get(timeout=5)
    home = slack.home(MIRA)
    assert home.blocks[0]["elements"][0]["action_id"] == "go"
    again = slack.open_home(MIRA)
    published.get(timeout=5)
    slack.wait_for(lambda: again.done)
    assert again.payload["event"]["view"]["id"] == home.id


def test_only_events_are_sent_again_when_nobody_acks(slack, app, connect):
    retries = queue.Queue()

    @app.event("app_mention")
    def mention(request, body):
        (number,), (reason,) = (request.headers.get(f"x-slack-retry-{name}", [""]) for name in ("num", "reason"))
        retries.put((number, reason, body["event_id"]))

    @app.command("/gitops")
    def command(ack):
        ack()

    connect(app)
    slack.services.delivery.ack_timeout = 1.5
    slack.faults.lost_acks = 3
    slack.say(JONAS, DEPLOYS, "@gitops hello")
    (event,) = slack.interactions
    slack.wait_for(lambda: event.done)
    assert (event.deliveries, event.error) == (4, None)
    told = [("0", ""), ("1", "timeout"), ("2", "timeout"), ("3", "timeout")]
    event_id = event.payload["event_id"]
    assert sorted(retries.get(timeout=5) for _ in range(4)) == [(*one, event_id) for one in told]
    assert len({event.payload["event_id"]}) == 1
    slack.faults.lost_acks = 1
    once = slack.command(JONAS, DEPLOYS, "status")
    slack.wait_for(lambda: once.done)
    assert once.deliveries == 1


# ---------------------------------------------------------------- connections


def test_each_payload_takes_one_of_the_connections(slack, app, connect):
    @app.command("/gitops")
    def handle(ack):
        ack()

    for _ in range(3):
        connect(app)
    assert slack.connections == 3
    done = [slack.command(JONAS, DEPLOYS, str(index)) for index in range(30)]
    slack.wait_for(lambda: all(one.done for one in done))
    assert [one.error for one in done] == [None] * 30
    taken = slack.services.sockets.delivered
    assert len(taken) == 30
    assert set(taken) == {0, 1, 2}


def test_hello_counts_the_connections_and_the_eleventh_is_turned_away(slack, client):
    async def open_eleven():
        async with ClientSession() as session:
            tickets = [client.apps_connections_open(app_token="xapp-sandbox")["url"] for _ in range(11)]
            sockets = [await session.ws_connect(ticket) for ticket in tickets]
            first = [await socket.receive_json() for socket in sockets]
            with pytest.raises(WSServerHandshakeError, match="403"):
                await session.ws_connect(tickets[0])
            for socket in sockets:
                await socket.close()
            return first

    *hellos, refused = asyncio.run(open_eleven())
    assert [hello["num_connections"] for hello in hellos] == list(range(1, 11))
    assert (refused["type"], refused["reason"]) == ("disconnect", "too_many_websockets")


def test_a_dropped_connection_comes_back_and_serves(slack, app, connect):
    @app.command("/gitops")
    def handle(ack):
        ack("back")

    connect(app, ping_interval=0.1)
    slack.drop_connections()
    slack.wait_for(lambda: slack.connections == 0)
    slack.wait_for(lambda: slack.connections == 1, timeout=15)
    done = slack.command(JONAS, DEPLOYS, "status")
    slack.wait_for(lambda: done.responses)


def test_a_connection_that_slack_closes_comes_back(slack, app, connect):
    connect(app, ping_interval=0.1)
    slack.close_connections()
    slack.wait_for(lambda: slack.services.sockets.opened == 2 and slack.connections == 1, timeout=15)


def test_an_announced_disconnect_is_followed_by_a_new_connection(slack, app, connect):
    connect(app)
    slack.disconnect("refresh_requested")
    slack.wait_for(lambda: slack.services.sockets.opened == 2 and slack.connections == 1)


def test_a_payload_lost_on_a_healthy_looking_connection_is_a_timeout(slack, app, connect):
    @app.command("/gitops")
    def handle(ack):
        ack()

    connect(app)
    slack.services.delivery.ack_timeout = 0.2
    slack.faults.lost_payloads = 1
    lost = slack.command(JONAS, DEPLOYS, "status")
    slack.wait_for(lambda: lost.done)
    assert lost.error == "operation_timeout"

"""The same payloads as signed HTTP requests, to a Bolt app in HTTP mode."""

import queue
import threading
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest
from slack_bolt import App
from slack_bolt.adapter.wsgi import SlackRequestHandler

DEPLOYS, JONAS = "C0DEPLOYS1", "U0JONAS001"
SECRET = "sandbox-signing-secret"


class Quiet(WSGIRequestHandler):
    def log_message(self, *args):
        """Print nothing."""


@pytest.fixture
def http_app(client):
    return App(client=client, signing_secret=SECRET)


@pytest.fixture
def request_url(http_app):
    with make_server("127.0.0.1", 0, SlackRequestHandler(http_app), handler_class=Quiet) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/slack/events"
        server.shutdown()
        thread.join()


def test_commands_buttons_and_events_arrive_signed(slack, client, http_app, request_url):
    heard = queue.Queue()

    @http_app.command("/gitops")
    def command(ack, command):
        ack(f"you said {command['text']}")

    @http_app.action("go")
    def action(ack, action):
        ack()
        heard.put(action["value"])

    @http_app.event("app_mention")
    def mention(event):
        heard.put(event["type"])

    slack.deliver_http(request_url, SECRET)
    done = slack.command(JONAS, DEPLOYS, "status & more")
    slack.wait_for(lambda: done.responses)
    assert done.responses[0].text == "you said status & more"
    button = {"type": "button", "action_id": "go", "value": "ünï", "text": {"type": "plain_text", "text": "Go"}}
    client.chat_postMessage(channel=DEPLOYS, text="x", blocks=[{"type": "actions", "elements": [button]}])
    clicked = slack.click(JONAS, slack.messages(DEPLOYS)[0], "go")
    slack.wait_for(lambda: clicked.done)
    slack.say(JONAS, DEPLOYS, "@gitops hello")
    slack.wait_for(lambda: all(one.done for one in slack.interactions))
    assert [one.error for one in slack.interactions] == [None] * 3
    assert [heard.get(timeout=5) for _ in range(2)] == ["ünï", "app_mention"]


def test_a_wrong_signing_secret_is_refused_by_the_app_and_seen_by_the_person(slack, http_app, request_url):
    @http_app.command("/gitops")
    def command(ack):
        ack("never")

    slack.deliver_http(request_url, "another secret")
    done = slack.command(JONAS, DEPLOYS, "status")
    slack.wait_for(lambda: done.done)
    assert (done.error, done.responses) == ("dispatch_failed", [])


def test_an_app_that_is_not_there_is_seen_by_the_person(slack):
    slack.deliver_http("http://127.0.0.1:9/slack/events", SECRET)
    done = slack.command(JONAS, DEPLOYS, "status")
    slack.wait_for(lambda: done.done)
    assert done.error == "dispatch_failed"

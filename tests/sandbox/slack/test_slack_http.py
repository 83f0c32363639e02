"""The same payloads as signed HTTP requests, to a Bolt app in HTTP mode."""

import json
import queue
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import ClassVar
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest
from slack_bolt import App
from slack_bolt.adapter.wsgi import SlackRequestHandler

from tests.common.wait import wait_for

DEPLOYS, JONAS = "C0DEPLOYS1", "U0JONAS001"
SECRET = "sandbox-signing-secret"


class Quiet(WSGIRequestHandler):
    def log_message(self, *args):
        """Print nothing."""


@pytest.fixture
def http_app(client):
    return App(client=client, signing_secret=SECRET)


@contextmanager
def serving(server):
    with server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/slack/events"
        server.shutdown()
        thread.join()


@pytest.fixture
def request_url(http_app):
    with serving(make_server("127.0.0.1", 0, SlackRequestHandler(http_app), handler_class=Quiet)) as url:
        yield url


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
    wait_for(lambda: done.responses)
    assert done.responses[0].text == "you said status & more"
    button = {"type": "button", "action_id": "go", "value": "ünï", "text": {"type": "plain_text", "text": "Go"}}
    client.chat_postMessage(channel=DEPLOYS, text="x", blocks=[{"type": "actions", "elements": [button]}])
    clicked = slack.click(JONAS, slack.messages(DEPLOYS)[0], "go")
    wait_for(lambda: clicked.done)
    slack.say(JONAS, DEPLOYS, "@gitops hello")
    wait_for(lambda: all(one.done for one in slack.interactions))
    assert [one.error for one in slack.interactions] == [None] * 3
    assert [heard.get(timeout=5) for _ in range(2)] == ["ünï", "app_mention"]


class Reluctant(BaseHTTPRequestHandler):
    """Notes how each event is said to be a retry, and takes the one after `refusals`."""

    refusals = 2
    no_retry = False
    seen: ClassVar[list[tuple[str, str | None, str | None]]] = []

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        retry = self.headers["X-Slack-Retry-Num"], self.headers["X-Slack-Retry-Reason"]
        self.seen.append((body["event_id"], *retry))
        self.send_response(200 if len(self.seen) > self.refusals else 503)
        self.send_header("Content-Length", "0")
        if self.no_retry:
            self.send_header("X-Slack-No-Retry", "1")
        self.end_headers()

    def log_message(self, *args):
        """Print nothing."""


@pytest.mark.parametrize(("no_retry", "tries"), [(False, 3), (True, 1)])
def test_an_event_is_sent_again_under_the_same_id_until_it_is_taken(slack, monkeypatch, no_retry, tries):
    monkeypatch.setattr(Reluctant, "no_retry", no_retry)
    monkeypatch.setattr(Reluctant, "seen", [])
    with serving(HTTPServer(("127.0.0.1", 0), Reluctant)) as url:
        slack.deliver_http(url, SECRET)
        opened = slack.open_home(JONAS)
        wait_for(lambda: opened.done)
    event = opened.payload["event_id"]
    assert Reluctant.seen == [(event, None, None), (event, "1", "http_error"), (event, "2", "http_error")][:tries]
    assert (opened.deliveries, opened.error) == (tries, "dispatch_failed" if no_retry else None)


def test_a_wrong_signing_secret_is_refused_by_the_app_and_seen_by_the_person(slack, http_app, request_url):
    @http_app.command("/gitops")
    def command(ack):
        ack("never")

    slack.deliver_http(request_url, "another secret")
    done = slack.command(JONAS, DEPLOYS, "status")
    wait_for(lambda: done.done)
    assert (done.error, done.responses) == ("dispatch_failed", [])


def test_an_app_that_is_not_there_is_seen_by_the_person(slack):
    slack.deliver_http("http://127.0.0.1:9/slack/events", SECRET)
    done = slack.command(JONAS, DEPLOYS, "status")
    wait_for(lambda: done.done)
    assert done.error == "dispatch_failed"

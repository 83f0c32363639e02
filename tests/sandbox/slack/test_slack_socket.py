"""The bot's Socket Mode client hears and closes whatever its threads were doing when a connection changed hands."""

import threading

import pytest
from slack_sdk.socket_mode.builtin.connection import ConnectionState

from tests.common.wait import wait_for

DEPLOYS, JONAS = "C0DEPLOYS1", "U0JONAS001"


@pytest.fixture
def heard(slack, app):
    """Says something and waits until the app has heard it."""
    texts = []

    @app.event("app_mention")
    def mention(event):
        texts.append(event["text"])

    def hear(text):
        said = slack.say(JONAS, DEPLOYS, f"@gitops {text}")
        wait_for(lambda: said.text in texts)

    return hear


@pytest.fixture
def changing(app, connect, heard):
    """A client between two connections: its receiving thread looked up a state that is not its connection's."""
    client = connect(app).client
    heard("the thread receives")
    client.current_session_state = ConnectionState()
    return client


def test_it_closes_when_its_receiving_thread_holds_another_connections_state(slack, changing):
    closing = threading.Thread(target=changing.close, daemon=True)
    closing.start()
    closing.join(timeout=10)
    assert not closing.is_alive()
    wait_for(lambda: not slack.connections)


def test_it_hears_from_the_next_connection_when_its_thread_holds_another_ones_state(slack, changing, heard):
    changing.connect_to_new_endpoint(force=True)
    wait_for(lambda: slack.services.sockets.opened == 2 and slack.connections == 1)
    heard("the thread receives from the new one")


def test_it_changes_connections_without_waiting_for_the_receiver_of_the_old_one(slack, app, connect, heard):
    client = connect(app).client
    client.current_session.sock.settimeout(60)  # what a receiver waits for bytes, under the lock that closing needs
    slack.disconnect("refresh_requested")
    wait_for(lambda: slack.services.sockets.opened == 2 and slack.connections == 1)
    heard("the thread receives from the new one")


def test_it_hears_from_the_old_connection_while_the_next_one_is_slow_to_open(slack, app, connect, heard):
    client = connect(app).client
    issue, asked, answered = client.issue_new_wss_url, threading.Event(), threading.Event()
    client.issue_new_wss_url = lambda: (asked.set(), answered.wait(60), issue())[-1]
    slack.disconnect("warning")
    slack.disconnect("refresh_requested")  # one new connection is enough
    assert asked.wait(10)
    heard("the old connection still serves")
    answered.set()
    wait_for(lambda: slack.services.sockets.opened == 2 and slack.connections == 1)
    heard("the thread receives from the new one")
    assert slack.services.sockets.opened == 2


def test_it_keeps_its_connection_when_it_cannot_open_the_next_one(app, connect, heard):
    client = connect(app).client
    client.issue_new_wss_url = lambda: "ws://127.0.0.1:1/"  # nobody listens there
    client.connect_to_new_endpoint(force=True)
    heard("the first connection still serves")


def test_a_dropped_connection_ends_before_a_ping_is_unanswered(slack, app, connect):
    client = connect(app, ping_interval=1_000).client
    slack.drop_connections()
    wait_for(lambda: not client.is_connected())


def test_it_may_be_closed_while_it_reconnects_and_leaves_no_connection(slack, app, connect):
    handler = connect(app, ping_interval=0.01)
    for end in (slack.drop_connections, slack.disconnect, slack.close_connections):
        end()
    handler.close()
    handler.close()
    wait_for(lambda: not slack.connections)
    assert not handler.client.is_connected()

"""A table that Slack refuses is sent as lines, whichever way the answer goes."""

import socket
import threading

import pytest
from slack_bolt import Respond

from bot.adapters.slack.response_url import responded
from bot.messages.blocks import Message, paragraph, rich, table, words
from bot.ports.chat import ChatError
from bot.ports.telemetry import NO_TELEMETRY
from tests.common.slack import ALERTS, JONAS, slack_chat

LINES = (rich(paragraph(words("shop is out of sync"))),)
GOOD, _ = table(["Application"], [["shop"]])
# Slack takes one table a message.
REFUSED = Message("One application.", (GOOD, GOOD), LINES)


def types(message):
    return [block["type"] for block in message.blocks]


def test_an_ephemeral_message(slack):
    chat = slack_chat(slack)
    chat.post_ephemeral(ALERTS, JONAS, REFUSED)
    assert types(slack.ephemerals(JONAS)[-1]) == ["rich_text"]
    chat.post_ephemeral(ALERTS, JONAS, Message("One application.", (GOOD,), LINES))
    assert types(slack.ephemerals(JONAS)[-1]) == ["table"]
    with pytest.raises(ChatError, match="invalid_blocks"):
        chat.post_ephemeral(ALERTS, JONAS, Message("One application.", (GOOD, GOOD)))


def test_an_answer_through_the_response_url(slack):
    asked = slack.command(JONAS, ALERTS, "status")
    respond = Respond(response_url=asked.response_url)
    assert responded(respond, REFUSED, NO_TELEMETRY)
    assert types(asked.responses[-1]) == ["rich_text"]
    assert not responded(respond, Message("One application.", (GOOD, GOOD)), NO_TELEMETRY)
    assert len(asked.responses) == 1


@pytest.mark.parametrize(
    "response", [b"garbage\r\n\r\n", b"HTTP/1.1 502 Bad Gateway\r\n\r\n<p>\xff"], ids=["no HTTP", "a page"]
)
def test_an_answer_through_a_proxy_that_returns_garbage(response):
    """It isn't accepted, so the answer goes another way."""
    with socket.create_server(("127.0.0.1", 0)) as proxy:

        def answer():
            connection, _ = proxy.accept()
            with connection:
                connection.recv(65_536)
                connection.sendall(response)

        thread = threading.Thread(target=answer)
        thread.start()
        respond = Respond(response_url=f"http://127.0.0.1:{proxy.getsockname()[1]}/")
        assert not responded(respond, Message("One application.", LINES), NO_TELEMETRY)
        thread.join()

"""What Slack refuses of a table reaches people in lines, whichever way the answer goes."""

import pytest
from slack_bolt import Respond
from slack_sdk import WebClient

from bot.adapters.slack.chat import SlackChat
from bot.listeners import _responded
from bot.messages.blocks import Message, paragraph, rich, table, words
from bot.ports.chat import ChatError
from bot.sandbox.slack import SandboxSlack

JONAS, ALERTS = "U0JONAS001", "C0ALERTS01"
LINES = (rich(paragraph(words("shop is out of sync"))),)
GOOD, _ = table(["Application"], [["shop"]])
# Slack takes one table a message.
REFUSED = Message("One application.", (GOOD, GOOD), LINES)


@pytest.fixture
def slack():
    with SandboxSlack(seed=1).serve() as served:
        yield served


def types(message):
    return [block["type"] for block in message.blocks]


def test_a_whisper(slack):
    chat = SlackChat(WebClient(token="xoxb-sandbox", base_url=slack.api_url, retry_handlers=[]))
    chat.post_ephemeral(ALERTS, JONAS, REFUSED)
    assert types(slack.ephemerals(JONAS)[-1]) == ["rich_text"]
    chat.post_ephemeral(ALERTS, JONAS, Message("One application.", (GOOD,), LINES))
    assert types(slack.ephemerals(JONAS)[-1]) == ["table"]
    with pytest.raises(ChatError, match="invalid_blocks"):
        chat.post_ephemeral(ALERTS, JONAS, Message("One application.", (GOOD, GOOD)))


def test_an_answer_through_the_response_url(slack):
    asked = slack.command(JONAS, ALERTS, "status")
    respond = Respond(response_url=asked.response_url)
    assert _responded(respond, REFUSED)
    assert types(asked.responses[-1]) == ["rich_text"]
    assert not _responded(respond, Message("One application.", (GOOD, GOOD)))
    assert len(asked.responses) == 1

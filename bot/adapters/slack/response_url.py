"""Answers through a response URL, which works without membership in the channel.

https://docs.slack.dev/interactivity/handling-user-interaction#message_responses
"""

import logging
from http.client import HTTPException

from slack_bolt import Respond
from slack_sdk.errors import SlackClientError

from bot.messages.blocks import Message
from bot.ports.telemetry import SLACK_REQUEST, Outcome, Telemetry

_log = logging.getLogger(__name__)


def responded(respond: Respond, message: Message, telemetry: Telemetry, *, replaces: bool = False) -> bool:
    """Send a message to the response URL; whether there is one and Slack accepted it."""
    if not respond.response_url:
        return False
    with telemetry.measure(SLACK_REQUEST, method="response_url") as operation:
        status = _send(respond, message, replaces=replaces)
        if status != 200:
            operation.outcome = Outcome.RATE_LIMITED if status == 429 else Outcome.ERROR
    if status == 400 and message.plain:  # invalid_blocks, perhaps because of a table
        return responded(respond, message.without_table_or_chart(), telemetry, replaces=replaces)
    return status == 200


def _send(respond: Respond, message: Message, *, replaces: bool) -> int | None:
    """The status of the response; None if there is none."""
    try:
        answer = respond(text=message.text, blocks=[dict(block) for block in message.blocks], replace_original=replaces)
    except (SlackClientError, HTTPException, OSError, ValueError) as error:  # ValueError: a page that isn't UTF-8
        _log.warning("response URL is not responding (%s)", type(error).__name__)
        return None
    if answer.status_code != 200:
        _log.warning("response URL returned %s", answer.status_code)
    return int(answer.status_code)

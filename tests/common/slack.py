"""The sandbox's Slack: what the bot posts, and what people read and do."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from slack_sdk import WebClient

from bot.adapters.slack.chat import SlackChat
from bot.messages.blocks import Message as BlockMessage
from bot.messages.blocks import actions, button
from bot.sandbox.slack import Interaction, Message, SandboxSlack, View
from bot.sandbox.slack.model import BOT_USER
from bot.sandbox.slack.web_api import BOT_TOKEN
from tests.common.wait import wait_for

ALERTS, DEPLOYS = "C0ALERTS01", "C0DEPLOYS1"
JONAS, MIRA, PRIYA, TOMAS = "U0JONAS001", "U0MIRA0001", "U0PRIYA001", "U0TOMAS001"
PLATFORM = "S0PLATFORM"  # the user group of Jonas and Mira


def slack_client(slack: SandboxSlack, *, timeout: int = 5) -> WebClient:
    """A Web API client for this Slack that, like the bot's, never retries."""
    return WebClient(BOT_TOKEN, base_url=slack.api_url, timeout=timeout, retry_handlers=[])


def slack_chat(slack: SandboxSlack, *, timeout: int = 5) -> SlackChat:
    """The bot's own adapter for this Slack."""
    return SlackChat(slack_client(slack, timeout=timeout))


def content(message: Message | View | BlockMessage) -> str:
    """The blocks of a message, modal or Home tab, as JSON text."""
    return json.dumps(message.blocks, ensure_ascii=False)


def headline(message: Message) -> str:
    """The text of a card's header; empty for any other message."""
    first: Mapping[str, Any] = next(iter(message.blocks or ()), {})
    return str(first["text"]["text"]) if first.get("type") == "header" else ""


def cards(slack: SandboxSlack, channel: str = ALERTS) -> list[Message]:
    """Messages in the channel, without replies in threads."""
    return [message for message in slack.messages(channel) if not message.reply]


def headlines(slack: SandboxSlack, channel: str = ALERTS) -> list[str]:
    """The headlines of the cards."""
    return [headline(card) for card in cards(slack, channel)]


def replies(slack: SandboxSlack, channel: str = ALERTS) -> list[Message]:
    """Messages in threads of a channel, oldest first."""
    return [message for message in slack.messages(channel) if message.reply]


def methods_called(slack: SandboxSlack, prefix: str = "") -> list[str]:
    """The Web API methods that the bot has called, in order."""
    return [call.method for call in slack.calls if call.method.startswith(prefix)]


class Person:
    """A person in Slack, who types, clicks, and waits for the bot's answers."""

    def __init__(self, slack: SandboxSlack, user: str = JONAS, channel: str = ALERTS) -> None:
        self.slack, self.user, self.channel = slack, user, channel

    # ---------------------------------------------------------------- actions

    def type(self, text: str) -> Message:
        """Send `/gitops TEXT`, and return the answer."""
        return self.answer(self.slack.command(self.user, self.channel, text))

    def click(self, target: Message | View, action_id: str, value: Any = None) -> Interaction:
        """Click a visible button."""
        return self.slack.click(self.user, target, action_id, value)

    def click_forged(self, action_id: str, value: str) -> Interaction:
        """Click a button that the bot never posted, with any value."""
        workspace = self.slack.workspace
        blocks = [{**actions(button("Press", action_id, value)), "block_id": "forged"}]
        message = workspace.post(Message(self.channel, workspace.ts(), BOT_USER, "A button", blocks))
        return self.slack.click(self.user, message, action_id)

    def open_home(self, part: str) -> View:
        """Open the Home tab, and return it once it contains `part`."""
        self.slack.open_home(self.user)
        return self.home(part)

    def submit(self, view: View, values: Mapping[str, Any]) -> Interaction:
        """Submit a modal."""
        return self.slack.submit_view(self.user, view, values)

    # ---------------------------------------------------------------- waiting

    def answer(self, interaction: Interaction) -> Message:
        """The last answer to a command or click, once it is acknowledged and no longer “Checking…”."""

        def final() -> Message | None:
            answers = [response for response in interaction.responses if not response.text.endswith("…")]
            return answers[-1] if answers and interaction.done else None

        return wait_for(final)

    def card(self, headline_start: str, *parts: str) -> Message:
        """The newest card in the channel with this headline that contains all parts."""

        def shown() -> Message | None:
            for card in reversed(cards(self.slack, self.channel)):
                if headline(card).startswith(headline_start) and all(part in str(card.blocks) for part in parts):
                    return card
            return None

        return wait_for(shown, failure=lambda: (headline_start, parts, headlines(self.slack, self.channel)))

    def reply(self, card: Message, part: str = "") -> Message:
        """The first reply in a card's thread that contains `part`."""

        def shown() -> Message | None:
            thread = self.slack.thread(card.channel, card.ts)
            return next((reply for reply in thread if part in reply.text), None)

        return wait_for(shown)

    def modal(self, *parts: str) -> View:
        """Their topmost modal, once it is filled in and contains all parts."""

        def filled() -> View | None:
            views = [view for view in self.slack.views if view.user == self.user]
            if not views or (len(views[-1].blocks) == 1 and '…"' in content(views[-1])):  # still loading
                return None
            return views[-1] if all(part in content(views[-1]) for part in parts) else None

        return wait_for(filled)

    def home(self, part: str) -> View:
        """Their Home tab, once it contains `part`."""

        def shown() -> View | None:
            view = self.slack.home(self.user)
            return view if view and part in content(view) else None

        return wait_for(shown)

    def ephemeral_after(self, act: Callable[[], object]) -> Message:
        """The message that only they see after `act`; progress messages, which end with an ellipsis, do not count."""
        before = len(self.slack.ephemerals(self.user))
        act()

        def final() -> Message | None:
            new = self.slack.ephemerals(self.user)[before:]
            return next((message for message in new if not message.text.endswith("…")), None)

        return wait_for(final)

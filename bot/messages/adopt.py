"""Adopting drift in git: the button on an alert, and the answers to pressing it."""

from collections.abc import Mapping
from typing import Any

from bot.core.git.commit import PullRequest
from bot.i18n.catalogue import adopt as texts
from bot.i18n.language import Text, Translator
from bot.messages import common
from bot.messages.blocks import (
    MAX_TITLE,
    Element,
    Message,
    clip,
    modal,
    paragraph,
    rich,
    text_message,
    words,
)

# The action id, also of the button on older cards; its value is the application's name.
ADOPT = "adopt"
# The callback id of the modal that asks for confirmation.
VIEW = "adopt"


def confirm_view(translator: Translator, application: str, channel: str) -> Mapping[str, Any]:
    """The modal that asks for confirmation, since an overflow menu can't ask for only one of its entries.

    `channel` is the channel that gets the answer, "" if there is none.
    """
    return {
        **modal(
            translator.text(texts.CONFIRM_TITLE),
            rich(paragraph(words(translator.text(texts.CONFIRM, application=application)))),
            close=translator.text(texts.CONFIRM_NO),
            reference=f"{channel} {application}",
        ),
        "callback_id": VIEW,
        "submit": {"type": "plain_text", "text": clip(translator.text(texts.CONFIRM_YES), MAX_TITLE), "emoji": False},
    }


def parse_reference(view: Mapping[str, Any]) -> tuple[str, str]:
    """The application and channel in a submitted confirmation. They are untrusted."""
    channel, _, application = str(view.get("private_metadata") or "").partition(" ")
    return application, channel


def requested(translator: Translator, application: str) -> list[Element]:
    """What was requested, for the start of the answer."""
    return [words(translator.text(texts.REQUESTED, application=application))]


def opened(translator: Translator, pull: PullRequest) -> Message:
    """The pull request was opened. Its card in the channel shows what it changes."""
    return common.pull_request_message(translator, texts.OPENED, pull)


def already_open(translator: Translator, pull: PullRequest) -> Message:
    """A pull request for the same drift is already open."""
    return common.pull_request_message(translator, texts.ALREADY_OPEN, pull)


def nothing_to_adopt(translator: Translator, application: str) -> Message:
    """Git and the cluster now match."""
    return text_message(translator.text(texts.NOTHING, application=application))


def not_adopted(translator: Translator, why: Text) -> Message:
    """No pull request was opened, and why."""
    return text_message(translator.text(texts.NOT_ADOPTED, why=clip(translator.localize(why), 1_000)))


def unfinished(translator: Translator, branch: str, why: Text) -> Message:
    """The branch was pushed, but its pull request was not opened."""
    return text_message(translator.text(texts.UNFINISHED, branch=branch, why=clip(translator.localize(why), 1_000)))

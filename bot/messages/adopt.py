"""Adopting drift in git: the button on an alert, and the answers to pressing it."""

from collections.abc import Sequence

from bot.core.drift.model import ObjectDrift
from bot.core.git.commit import PullRequest
from bot.i18n.catalogue import adopt as texts
from bot.i18n.catalogue import drift as drift_texts
from bot.i18n.language import Phrase, Text, Translator
from bot.messages import common
from bot.messages.blocks import (
    Block,
    Element,
    Message,
    actions,
    button,
    clip,
    confirm,
    fill,
    link,
    message,
    paragraph,
    rich,
    rich_line,
    text_message,
    words,
)

# The button's action id; its value is the card's subject.
ADOPT = "adopt"


def adopt_button(translator: Translator, subject: str) -> Element:
    """The button that opens a pull request, after a confirmation. `subject` is the card's."""
    confirmation = confirm(
        *(
            translator.text(phrase)
            for phrase in (texts.CONFIRM_TITLE, texts.CONFIRM, texts.CONFIRM_YES, texts.CONFIRM_NO)
        )
    )
    return button(translator.text(texts.BUTTON), ADOPT, subject, confirmation=confirmation)


def opened(
    translator: Translator, pull: PullRequest, application: str, files: Sequence[str], drift: Sequence[ObjectDrift]
) -> Message:
    """The pull request was opened. Lists what it changes: objects removed from git come first."""
    values = {"application": application, "files": common.listed(translator, files, 4)}
    removed = common.listed(
        translator, (common.object_name(object_drift) for object_drift in drift if object_drift.change == "missing"), 4
    )
    lines = [
        common.object_lines(translator, object_drift, 6, 90)
        for object_drift in drift
        if object_drift.change != "missing"
    ]
    removed_block = (
        [rich(paragraph(words(translator.text(texts.REMOVED_OBJECTS, objects=removed), bold=True)))] if removed else []
    )
    more = fill(
        lines,
        common.more(translator, drift_texts.MORE_OBJECTS),
        budget=5_000,
    )
    return _pull_request_message(translator, texts.OPENED, pull, values, *removed_block, *more)


def already_open(translator: Translator, pull: PullRequest) -> Message:
    """A pull request for the same drift is open already."""
    return _pull_request_message(translator, texts.ALREADY_OPEN, pull, {})


def nothing_to_adopt(translator: Translator, application: str) -> Message:
    """Git and the cluster match by now."""
    return text_message(translator.text(texts.NOTHING, application=application))


def not_adopted(translator: Translator, why: Text) -> Message:
    """No pull request was opened, and why."""
    return text_message(translator.text(texts.NOT_ADOPTED, why=clip(translator.localize(why), 1_000)))


def unfinished(translator: Translator, branch: str, why: Text) -> Message:
    """The branch was pushed, but its pull request was not opened."""
    return text_message(translator.text(texts.UNFINISHED, branch=branch, why=clip(translator.localize(why), 1_000)))


def _pull_request_message(
    translator: Translator, phrase: Phrase, pull: PullRequest, values: dict[str, str], *blocks: Block
) -> Message:
    number = f"#{pull.number}"
    text = translator.text(phrase, pull=number, **values)
    line = rich_line(translator, phrase, pull=link(pull.url, f"{number} {clip(pull.title, 150)}"), **values)
    return message(
        text, rich(paragraph(*line)), *blocks, actions(common.review_button(translator, pull.number, pull.url))
    )

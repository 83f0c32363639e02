"""Adopting drift in git: the alert's button, and the answer to who pressed it."""

from collections.abc import Sequence

from bot.core.commit import PullRequest
from bot.core.drift import ObjectDrift
from bot.core.message import wording
from bot.core.message.blocks import (
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
    words,
)
from bot.core.message.catalogue import adopt as texts
from bot.core.message.catalogue import drift as drift_texts
from bot.core.message.language import Phrase, Say

# Its value is the card's subject.
ADOPT = "adopt"


def adopt_button(say: Say, subject: str) -> Element:
    """Asks before it opens a pull request."""
    asks = confirm(
        *(say.text(each) for each in (texts.CONFIRM_TITLE, texts.CONFIRM, texts.CONFIRM_YES, texts.CONFIRM_NO))
    )
    return button(say.text(texts.BUTTON), ADOPT, subject, asks=asks)


def opened(
    say: Say, pull: PullRequest, application: str, files: Sequence[str], drift: Sequence[ObjectDrift]
) -> Message:
    """The pull request is open, and what it changes; what leaves git is said first."""
    told = {"application": application, "files": wording.listed(say, files, 4)}
    gone = wording.listed(say, (wording.object_name(found) for found in drift if found.change == "missing"), 4)
    lines = [wording.object_lines(say, found, 6, 90) for found in drift if found.change != "missing"]
    taken_out = [rich(paragraph(words(say.text(texts.TAKEN_OUT, objects=gone), bold=True)))] if gone else []
    more = fill(
        lines, lambda left: paragraph(words(say.count(drift_texts.MORE_OBJECTS, left), italic=True)), budget=5_000
    )
    return _about(say, texts.OPENED, pull, told, *taken_out, *more)


def already_open(say: Say, pull: PullRequest) -> Message:
    """Somebody has asked for the same before."""
    return _about(say, texts.ALREADY_OPEN, pull, {})


def nothing(say: Say, application: str) -> Message:
    """Git and cluster say the same by now."""
    return _said(say.text(texts.NOTHING, application=application))


def not_adopted(say: Say, why: str) -> Message:
    """Nothing was opened, and why."""
    return _said(say.text(texts.NOT_ADOPTED, why=clip(say.told(why), 1_000)))


def unfinished(say: Say, branch: str, why: str) -> Message:
    """The branch is there, its pull request is not."""
    return _said(say.text(texts.UNFINISHED, branch=branch, why=clip(say.told(why), 1_000)))


def _about(say: Say, phrase: Phrase, pull: PullRequest, told: dict[str, str], *blocks: Block) -> Message:
    number = f"#{pull.number}"
    text = say.text(phrase, pull=number, **told)
    line = say.line(phrase, pull=link(pull.url, f"{number} {clip(pull.title, 150)}"), **told)
    return message(text, rich(paragraph(*line)), *blocks, actions(wording.review(say, pull.number, pull.url)))


def _said(text: str) -> Message:
    return message(text, rich(paragraph(words(text))))

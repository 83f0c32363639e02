"""A revert that waits for the forge: the answer to the requester, and the card in the channel."""

from bot.core.pull_requests.queued import QueuedRevert, QueueState
from bot.i18n.catalogue import queued_revert as texts
from bot.i18n.language import Translator
from bot.messages import LINK
from bot.messages.blocks import (
    Message,
    Value,
    actions,
    button,
    clip,
    code,
    header,
    message,
    paragraph,
    person,
    rich,
    rich_line,
    words,
)

_HEADERS = {
    QueueState.WAITING: texts.WAITING_HEADER,
    QueueState.DONE: texts.DONE_HEADER,
    QueueState.GIVEN_UP: texts.GIVEN_UP_HEADER,
}


def answer(translator: Translator, revert: QueuedRevert) -> Message:
    """The immediate answer to the requester."""
    text = translator.text(texts.ANSWER, reason=_reason(translator, revert))
    return message(text, rich(paragraph(words(text))))


def card(translator: Translator, revert: QueuedRevert) -> Message:
    """The current message in the channel."""
    phrase = texts.WAITING if revert.state is QueueState.WAITING else texts.ENDED
    values = {
        "what": clip(str(revert.request.change), 80),
        "reason": _reason(translator, revert),
    }
    values["result"] = _result(translator, revert)
    text = translator.text(phrase, **values, who=clip(revert.request.who, 60))
    elements: dict[str, Value] = {**values, "what": code(values["what"]), "who": person(revert.by)}
    line = rich_line(translator, phrase, **elements)
    title = header(translator.text(_HEADERS[revert.state]))
    return message(text, title, rich(paragraph(*line)), *_link_button(translator, revert))


def reply(translator: Translator, revert: QueuedRevert) -> Message:
    """The result, in the card's thread; mentions the requester."""
    what, who = clip(str(revert.request.change), 80), clip(revert.request.who, 60)
    text = translator.text(texts.ENDED, what=what, who=who, result=_result(translator, revert))
    line = rich_line(translator, texts.REPLY, who=person(revert.by), result=words(_result(translator, revert)))
    return message(text, rich(paragraph(*line)), *_link_button(translator, revert))


def _link_button(translator: Translator, revert: QueuedRevert) -> list[dict[str, object]]:
    return [dict(actions(button(translator.text(texts.OPEN_IT), LINK, url=revert.url)))] if revert.url else []


def _reason(translator: Translator, revert: QueuedRevert) -> str:
    return clip(translator.localize(revert.reason), 500)


def _result(translator: Translator, revert: QueuedRevert) -> str:
    return clip(translator.localize(revert.result), 1_000)

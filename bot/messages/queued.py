"""What the asker and the channel read of a revert that waits for the forge."""

from bot.core.pull_requests.queued import QueuedRevert, QueueState
from bot.i18n.catalogue import queued as texts
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
    moment,
    paragraph,
    person,
    rich,
    rich_line,
    utc,
    words,
)

_HEADERS = {
    QueueState.WAITING: texts.WAITING_HEADER,
    QueueState.DONE: texts.DONE_HEADER,
    QueueState.GIVEN_UP: texts.GIVEN_UP_HEADER,
}


def answer(translator: Translator, known: QueuedRevert) -> Message:
    """To the person who asked, at once."""
    text = translator.text(texts.ANSWER, time=utc(known.due), reason=_reason(translator, known))
    line = rich_line(translator, texts.ANSWER, time=moment(known.due, "{time}"), reason=_reason(translator, known))
    return message(text, rich(paragraph(*line)))


def card(translator: Translator, known: QueuedRevert) -> Message:
    """The one message in the channel, as it should read now."""
    phrase = texts.WAITING if known.state is QueueState.WAITING else texts.ENDED
    told = {"what": clip(str(known.request.change), 80), "time": utc(known.due), "reason": _reason(translator, known)}
    told["result"] = _result(translator, known)
    text = translator.text(phrase, **told, who=clip(known.request.who, 60))
    elements: dict[str, Value] = {**told, "what": code(told["what"]), "who": person(known.by)}
    line = rich_line(translator, phrase, **elements)
    title = header(translator.text(_HEADERS[known.state], time=utc(known.due)))
    return message(text, title, rich(paragraph(*line)), *_page(translator, known))


def reply(translator: Translator, known: QueuedRevert) -> Message:
    """Told once in its thread: who asked is rung."""
    what, who = clip(str(known.request.change), 80), clip(known.request.who, 60)
    text = translator.text(texts.ENDED, what=what, who=who, result=_result(translator, known))
    line = rich_line(translator, texts.REPLY, who=person(known.by), result=words(_result(translator, known)))
    return message(text, rich(paragraph(*line)), *_page(translator, known))


def _page(translator: Translator, known: QueuedRevert) -> list[dict[str, object]]:
    return [dict(actions(button(translator.text(texts.OPEN_IT), LINK, url=known.url)))] if known.url else []


def _reason(translator: Translator, known: QueuedRevert) -> str:
    return clip(translator.told(known.reason), 500)


def _result(translator: Translator, known: QueuedRevert) -> str:
    return clip(translator.told(known.result), 1_000)

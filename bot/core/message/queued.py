"""What the asker and the channel read of a revert that waits for the forge."""

from bot.core.message import LINK
from bot.core.message.blocks import (
    Message,
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
    utc,
    words,
)
from bot.core.message.catalogue import queued as texts
from bot.core.message.language import Say, Value
from bot.core.queued import QueuedRevert, QueueState

_HEADERS = {
    QueueState.WAITING: texts.WAITING_HEADER,
    QueueState.DONE: texts.DONE_HEADER,
    QueueState.GIVEN_UP: texts.GIVEN_UP_HEADER,
}


def answer(say: Say, known: QueuedRevert) -> Message:
    """To the person who asked, at once."""
    text = say.text(texts.ANSWER, time=utc(known.due), reason=_reason(say, known))
    line = say.line(texts.ANSWER, time=moment(known.due, "{time}"), reason=_reason(say, known))
    return message(text, rich(paragraph(*line)))


def card(say: Say, known: QueuedRevert) -> Message:
    """The one message in the channel, as it should read now."""
    phrase = texts.WAITING if known.state is QueueState.WAITING else texts.ENDED
    told = {"what": clip(known.request.text, 80), "time": utc(known.due), "reason": _reason(say, known)}
    told["result"] = _result(say, known)
    text = say.text(phrase, **told, who=clip(known.request.who, 60))
    elements: dict[str, Value] = {**told, "what": code(told["what"]), "who": person(known.by)}
    line = say.line(phrase, **elements)
    title = header(say.text(_HEADERS[known.state], time=utc(known.due)))
    return message(text, title, rich(paragraph(*line)), *_page(say, known))


def reply(say: Say, known: QueuedRevert) -> Message:
    """Told once in its thread: who asked is rung."""
    what, who = clip(known.request.text, 80), clip(known.request.who, 60)
    text = say.text(texts.ENDED, what=what, who=who, result=_result(say, known))
    line = say.line(texts.REPLY, who=person(known.by), result=words(_result(say, known)))
    return message(text, rich(paragraph(*line)), *_page(say, known))


def _page(say: Say, known: QueuedRevert) -> list[dict[str, object]]:
    return [dict(actions(button(say.text(texts.OPEN_IT), LINK, url=known.url)))] if known.url else []


def _reason(say: Say, known: QueuedRevert) -> str:
    return clip(say.told(known.reason), 500)


def _result(say: Say, known: QueuedRevert) -> str:
    return clip(say.told(known.result), 1_000)

"""The answer to somebody who is not allowed to do what they asked for."""

from bot.core.access.permission import Denied, MembersUnknown, Right
from bot.i18n.catalogue import control as texts
from bot.i18n.language import Translator
from bot.messages.blocks import (
    Message,
    clip,
    code,
    comma_separated,
    mention,
    message,
    paragraph,
    phrase_message,
    rich,
    rich_line,
    words,
)

_MAX_NAMES = 8
_DENIED = {Right.REVERT: texts.DENIED_REVERT, Right.SILENCE: texts.DENIED_SILENCE}


def denied(translator: Translator, right: Right, verdict: Denied | MembersUnknown) -> Message:
    """Names who is allowed, or says why that is unknown."""
    rule = verdict.rule
    if isinstance(verdict, MembersUnknown):
        why = clip(translator.told(verdict.why), 500)
        return phrase_message(
            translator, texts.COULD_NOT_ASK, group=mention(verdict.group), key=code(rule.key), why=why
        )
    ids = rule.allowed[:_MAX_NAMES]
    more = ["…"] if len(rule.allowed) > len(ids) else []
    names = ", ".join([*ids, *more]) or translator.text(texts.NOBODY)
    elements = comma_separated(mention(id_) for id_ in ids) + [words(f", {ellipsis}") for ellipsis in more]
    return message(
        translator.text(_DENIED[right], key=rule.key, who=names),
        rich(paragraph(*rich_line(translator, _DENIED[right], key=code(rule.key), who=elements or names))),
    )

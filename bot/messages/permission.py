"""The answer to someone who is not allowed to do what they asked for."""

from bot.core.access.permission import Denied, MembersUnknown, Right
from bot.i18n.catalogue import silence as texts
from bot.i18n.language import Translator
from bot.messages import common
from bot.messages.blocks import (
    Message,
    clip,
    code,
    mention,
    message,
    paragraph,
    phrase_message,
    plain,
    rich,
    rich_line,
)

_MAX_NAMES = 8
_DENIED = {Right.REVERT: texts.DENIED_REVERT, Right.SILENCE: texts.DENIED_SILENCE}


def denied(translator: Translator, right: Right, verdict: Denied | MembersUnknown) -> Message:
    """The answer with who is allowed, or why that is unknown."""
    rule = verdict.rule
    if isinstance(verdict, MembersUnknown):
        why = clip(translator.localize(verdict.why), 500)
        return phrase_message(
            translator, texts.COULD_NOT_ASK, group=mention(verdict.group), key=code(rule.key), why=why
        )
    phrase = texts.ONLY if rule.allowed else texts.NOBODY
    names = common.listed_elements(translator, [mention(id_) for id_ in rule.allowed], _MAX_NAMES)
    allowed = rich_line(translator, phrase, who=names, key=code(rule.key))
    return message(
        translator.text(_DENIED[right], allowed="".join(map(plain, allowed))),
        rich(paragraph(*rich_line(translator, _DENIED[right], allowed=allowed))),
    )

"""The answer to someone who is not allowed to do what they asked for."""

from collections.abc import Sequence

from bot.core.access.permission import Denied, MembersUnknown, Right
from bot.i18n.catalogue import common as common_texts
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
    words,
)

_MAX_NAMES = 8
_DENIED = {Right.REVERT: texts.DENIED_REVERT, Right.SILENCE: texts.DENIED_SILENCE}


def denied(
    translator: Translator,
    right: Right,
    verdict: Denied | MembersUnknown,
    applications: Sequence[str] = (),
    unreadable: Sequence[str] = (),
) -> Message:
    """The answer with who is allowed, or why that is unknown.

    With the applications that the change affects; `unreadable` are those of them that it only may affect.
    """
    rule = verdict.rule
    affected = _affected(translator, [name for name in applications if name not in unreadable])
    affected += common.may_affect(translator, unreadable)
    if isinstance(verdict, MembersUnknown):
        why = clip(translator.localize(verdict.why), 500)
        return phrase_message(
            translator, texts.COULD_NOT_ASK, group=mention(verdict.group), key=code(rule.key), why=why + affected
        )
    phrase = texts.ONLY if rule.allowed else texts.NOBODY
    names = common.listed_elements(translator, [mention(id_) for id_ in rule.allowed], _MAX_NAMES)
    allowed = rich_line(translator, phrase, who=names, key=code(rule.key))
    return message(
        translator.text(_DENIED[right], allowed="".join(map(plain, allowed))) + affected,
        rich(
            paragraph(*rich_line(translator, _DENIED[right], allowed=allowed), *([words(affected)] if affected else ()))
        ),
    )


def _affected(translator: Translator, names: Sequence[str]) -> str:
    return translator.text(common_texts.AFFECTS, names=common.listed(translator, names, 5)) if names else ""

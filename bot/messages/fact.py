"""Drift in messages: its severity and its facts, and who wrote it."""

from collections.abc import Sequence
from datetime import datetime

from bot.core.drift.fact import Fact
from bot.core.drift.severity import Rating, Severity
from bot.i18n.catalogue import fact_list as texts
from bot.i18n.catalogue import severity as grades
from bot.i18n.language import Translator
from bot.messages.blocks import clip
from bot.messages.writer import MAX_TOOL, actor_text, sole_writer, writer_sentence

# Always shown with the severity in words.
MARKS = {Severity.CRITICAL: "🔴", Severity.SERIOUS: "🟠", Severity.MINOR: "🟡"}

_MAX_FACT = 120


def severity(translator: Translator, rating: Rating) -> str:
    """`Critical`."""
    return translator.text(grades.SEVERITIES[rating.severity.name])


def level(translator: Translator, rating: Rating) -> str:
    """`Critical drift`."""
    return translator.text(grades.LEVELS[rating.severity.name])


def reason(translator: Translator, rating: Rating) -> str:
    """`a container runs as root`."""
    return translator.text(grades.REASONS[rating.reason])


def fact(translator: Translator, shown: Fact) -> str:
    """`web image 4.7.2 → latest`."""
    return clip(translator.localize(shown.text), _MAX_FACT)


def listed(translator: Translator, facts: Sequence[Fact], limit: int = 2) -> str:
    """The first facts: `web image 4.7.2 → latest; web replicas 3 → 5; and 2 more`."""
    return _and_more(translator, [fact(translator, shown) for shown in facts[:limit]], len(facts))


def sentences(translator: Translator, facts: Sequence[Fact], seen: datetime, limit: int = 2) -> str:
    """The same for a notification, with the writer: `web replicas 3 → 5. By kubectl-scale, before 13:01 UTC.`

    If the writers differ, each fact names its own: `ConfigMap settings is missing (writer unknown)`.
    """
    first = facts[:limit]
    if writer := sole_writer(first):
        return f"{listed(translator, facts, limit)}. {writer_sentence(translator, writer, seen)}"
    return f"{_and_more(translator, [_with_writer(translator, shown, seen) for shown in first], len(facts))}."


def _with_writer(translator: Translator, shown: Fact, seen: datetime) -> str:
    text = fact(translator, shown)
    if shown.actor:
        return f"{text} ({actor_text(translator, shown.actor, shown.time, seen)})"
    if shown.manager:
        return translator.text(texts.FACT_BY, fact=text, manager=clip(shown.manager, MAX_TOOL))
    return translator.text(texts.FACT_BY_UNKNOWN, fact=text)


def _and_more(translator: Translator, shown: Sequence[str], total: int) -> str:
    text, left = "; ".join(shown), total - len(shown)
    return translator.text(texts.AND_MORE, facts=text, n=translator.number(left)) if left > 0 else text


def more(translator: Translator, facts: Sequence[Fact], omitted: int) -> str:
    """How many other changes there are besides the first, with the `omitted` ones; empty if none."""
    others = len(facts) - 1 + omitted
    return translator.count(texts.OTHERS, others) if others > 0 else ""

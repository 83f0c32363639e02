"""Drift in messages: its severity and its facts, and who wrote it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from bot.core.drift.fact import Fact
from bot.core.drift.severity import Rating, Severity
from bot.i18n.catalogue import fact_list as texts
from bot.i18n.catalogue import severity as grades
from bot.i18n.language import Translator
from bot.messages.blocks import clip
from bot.messages.writer import MAX_TOOL, Writer, actor_text, writer_sentence

# Always shown with the severity in words.
MARKS = {Severity.CRITICAL: "🔴", Severity.SERIOUS: "🟠", Severity.MINOR: "🟡"}

_MAX_FACT = 120
_MAX_WRITERS = 4


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


def sentences(
    translator: Translator, facts: Sequence[Fact], writer: Writer | None, seen: datetime, limit: int = 2
) -> str:
    """The same for a notification, with the writer: `web replicas 3 → 5. By kubectl-scale, before 13:01 UTC.`

    `writer` is the writer of all the facts. Without one, each fact names its own: `ConfigMap settings is missing
    (writer unknown)`.
    """
    if writer:
        return f"{listed(translator, facts, limit)}. {writer_sentence(translator, writer, seen)}"
    shown = [_with_writer(translator, shown, seen) for shown in facts[:limit]]
    return f"{_and_more(translator, shown, len(facts))}."


def writers(translator: Translator, facts: Sequence[Fact]) -> str:
    """`by helm; by ana@example.com with kubectl edit; some writers unknown`, all of them; empty if none is known."""
    actors = [replace(shown.actor, time=None) for shown in facts if shown.actor]
    tools = {clip(shown.manager, MAX_TOOL) for shown in facts if shown.manager and not shown.actor}
    known = [translator.text(texts.BY, manager=tool) for tool in sorted(tools)]
    known += sorted({actor_text(translator, actor) for actor in actors if actor.users or actor.tool})
    if not known:
        return ""
    text = _and_more(translator, known[:_MAX_WRITERS], len(known))
    is_known = all(shown.actor.users or shown.actor.tool if shown.actor else shown.manager for shown in facts)
    return text if is_known else f"{text}; {translator.text(texts.SOME_UNKNOWN)}"


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

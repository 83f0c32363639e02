"""Drift in messages: its severity, its facts, and which tools wrote it."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from bot.core.drift.fact import Fact
from bot.core.drift.model import ObjectDrift
from bot.core.drift.severity import Rating, Severity
from bot.i18n.catalogue import fact_list as texts
from bot.i18n.catalogue import severity as grades
from bot.i18n.language import Translator
from bot.messages import common
from bot.messages.blocks import Element, clip, code, date, rich_line, utc

# Always shown with the severity in words.
MARKS = {Severity.CRITICAL: "🔴", Severity.SERIOUS: "🟠", Severity.MINOR: "🟡"}

_MAX_FACT = 120
_NEAR = timedelta(hours=12)


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
    """The same for a notification, with the tool: `web replicas 3 → 5. By kubectl-scale, before 13:01 UTC.`

    Facts of different tools each name theirs: `ConfigMap settings is missing (writer unknown)`.
    """
    first = facts[:limit]
    if len({shown.manager for shown in first}) == 1:
        return f"{listed(translator, facts, limit)}. {_writer_sentence(translator, first, seen)}"
    texts_ = [
        translator.text(
            texts.FACT_BY if shown.manager else texts.FACT_BY_UNKNOWN,
            fact=fact(translator, shown),
            manager=clip(shown.manager or "", 60),
        )
        for shown in first
    ]
    return f"{_and_more(translator, texts_, len(facts))}."


def _and_more(translator: Translator, shown: Sequence[str], total: int) -> str:
    text, left = "; ".join(shown), total - len(shown)
    return translator.text(texts.AND_MORE, facts=text, n=translator.number(left)) if left > 0 else text


def more(translator: Translator, facts: Sequence[Fact]) -> str:
    """How many other changes there are beside the first; empty if none."""
    return translator.count(texts.OTHERS, len(facts) - 1) if len(facts) > 1 else ""


def sole_writer(drift: Sequence[ObjectDrift]) -> tuple[str | None, datetime | None] | None:
    """The field manager of every difference, and its latest time; None if there are several.

    The manager is None if Kubernetes recorded none for any of them, as for a deletion.
    """
    fields = [field for object_drift in drift for field in object_drift.fields]
    managers = {field.manager for field in fields}
    if any(not object_drift.fields for object_drift in drift):
        managers.add(None)
    if len(managers) != 1:
        return None
    times = [field.time for field in fields if field.time]
    return managers.pop(), max(times, default=None)


def writer_line(translator: Translator, writer: tuple[str | None, datetime | None], seen: datetime) -> list[Element]:
    """`by kubectl-set, before 13:01`; with the day if that was long before `seen`."""
    manager, time = writer
    if manager is None:
        return rich_line(translator, texts.BY_UNKNOWN)
    name = code(clip(manager, 60))
    if time is None:
        return rich_line(translator, texts.BY, manager=name)
    if _is_near(time, seen):
        return rich_line(translator, texts.BY_BEFORE, manager=name, time=date(time, "{time}"))
    return rich_line(translator, texts.BY_BEFORE_DAY, manager=name, time=common.day_and_time(translator, time))


def _writer_sentence(translator: Translator, facts: Sequence[Fact], seen: datetime) -> str:
    """`By kubectl-set, before 13:01 UTC.`"""
    manager, time = facts[0].manager, max((shown.time for shown in facts if shown.time), default=None)
    if manager is None:
        return translator.text(texts.SENTENCE_BY_UNKNOWN)
    tool = clip(manager, 60)
    if time is None:
        return translator.text(texts.SENTENCE_BY, tool=tool)
    if _is_near(time, seen):
        return translator.text(texts.SENTENCE_BY_BEFORE, tool=tool, time=utc(time))
    return translator.text(
        texts.SENTENCE_BY_BEFORE_DAY, tool=tool, time=time.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")
    )


def _is_near(time: datetime, seen: datetime) -> bool:
    """Whether the time of day is enough to know the day."""
    return abs(seen - time) < _NEAR

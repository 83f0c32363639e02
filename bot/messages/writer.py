"""Who wrote a value: a person, if the cluster's audit log shows it, or else a tool, the field manager."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import reduce
from typing import Protocol

from bot.core.drift.model import Actor, ClusterUser, Confidence, ObjectDrift
from bot.i18n.catalogue import actor as actor_texts
from bot.i18n.catalogue import fact_list as texts
from bot.i18n.language import Phrase, Translator
from bot.messages.blocks import Element, clip, code, date, rich_line
from bot.messages.times import day_and_time, in_utc, is_near

MAX_TOOL = 60
_MAX_NAME = 80
_SERVICE_ACCOUNT = "system:serviceaccount:"


class Attributed(Protocol):
    """A difference, or a fact about one."""

    @property
    def manager(self) -> str | None:  # noqa: D102
        ...

    @property
    def time(self) -> datetime | None:  # noqa: D102
        ...

    @property
    def actor(self) -> Actor | None:  # noqa: D102
        ...


@dataclass(frozen=True, slots=True)
class Writer:
    """Who wrote some values: `actor`, or else `manager`, which wrote the last of them no later than `time`.

    Both are None if no one is recorded, as for a deletion without an audit log.
    """

    manager: str | None
    time: datetime | None
    actor: Actor | None = None


def sole_writer(written: Iterable[Attributed]) -> Writer | None:
    """The writer of all these values; None if there are several."""
    values = list(written)
    actors = [value.actor for value in values if value.actor]
    managers = {value.manager for value in values if value.actor is None}
    if len({replace(actor, time=None) for actor in actors}) + len(managers) != 1:
        return None
    latest = max((value.time for value in values if value.time), default=None)
    if not actors:
        return Writer(managers.pop(), latest)
    times = [actor.time for actor in actors if actor.time]
    return Writer(None, latest, replace(actors[0], time=max(times) if len(times) == len(actors) else None))


def sole_writer_of_drift(drift: Sequence[ObjectDrift]) -> Writer | None:
    """The writer of every difference; None if there are several."""
    missing = [Writer(None, None, object_drift.actor) for object_drift in drift if not object_drift.fields]
    return sole_writer([*missing, *(field for object_drift in drift for field in object_drift.fields)])


def writer_line(translator: Translator, writer: Writer, seen: datetime) -> list[Element]:
    """`by ana@example.com with kubectl edit, 13:01:07`, or only the tool: `by kubectl-set, before 13:01`.

    It includes the day if that was long before `seen`.
    """
    if writer.actor:
        return actor_line(translator, writer.actor, writer.time, seen)
    if writer.manager is None:
        return rich_line(translator, texts.BY_UNKNOWN)
    name, time = code(clip(writer.manager, MAX_TOOL)), writer.time
    if time is None:
        return rich_line(translator, texts.BY, manager=name)
    if is_near(time, seen):
        return rich_line(translator, texts.BY_BEFORE, manager=name, time=date(time, "{time}"))
    return rich_line(translator, texts.BY_BEFORE_DAY, manager=name, time=day_and_time(translator, time))


def writer_text(translator: Translator, writer: Writer, seen: datetime) -> str:
    """The same in plain text: `by kubectl-set, before 13:01 UTC`."""
    if writer.actor:
        return actor_text(translator, writer.actor, writer.time, seen)
    if writer.manager is None:
        return translator.text(texts.BY_UNKNOWN)
    name, time = clip(writer.manager, MAX_TOOL), writer.time
    if time is None:
        return translator.text(texts.BY, manager=name)
    phrase = texts.BY_BEFORE if is_near(time, seen) else texts.BY_BEFORE_DAY
    return translator.text(phrase, manager=name, time=in_utc(time, seen))


def writer_sentence(translator: Translator, writer: Writer, seen: datetime) -> str:
    """The same as a sentence: `By kubectl-set, before 13:01 UTC.`"""
    text = writer_text(translator, writer, seen)
    return f"{text[:1].upper()}{text[1:]}."


def actor_line(translator: Translator, actor: Actor, before: datetime | None, seen: datetime) -> list[Element]:
    """`by ana@example.com with kubectl edit, 13:01:07`. `before` is for an actor without a time.

    It includes the day if the time was long before `seen`.
    """
    line = rich_line(translator, _by(actor), people=_users(translator, actor), tool=code(clip(actor.tool, MAX_TOOL)))
    time = actor.time or before
    if time is None:
        return line
    if is_near(time, seen):
        phrase, shown = (actor_texts.AT, date(time)) if actor.time else (actor_texts.BEFORE, date(time, "{time}"))
    else:
        phrase, shown = actor_texts.AT_DAY if actor.time else actor_texts.BEFORE_DAY, day_and_time(translator, time)
    return line + rich_line(translator, phrase, time=shown)


def actor_text(
    translator: Translator, actor: Actor, before: datetime | None = None, seen: datetime | None = None
) -> str:
    """The same in plain text, with the time in UTC, and the date unless it was shortly before `seen`."""
    by = translator.text(_by(actor), people=_users(translator, actor), tool=clip(actor.tool, MAX_TOOL))
    time = actor.time or before
    if time is None:
        return by
    if seen and is_near(time, seen):
        phrase, form = (actor_texts.AT, "%H:%M:%S UTC") if actor.time else (actor_texts.BEFORE, "%H:%M UTC")
    elif actor.time:
        phrase, form = actor_texts.AT_DAY, "%Y-%m-%d %H:%M:%S UTC"
    else:
        phrase, form = actor_texts.BEFORE_DAY, "%Y-%m-%d %H:%M UTC"
    return by + translator.text(phrase, time=time.astimezone(UTC).strftime(form))


def _users(translator: Translator, actor: Actor) -> str:
    """`ana@example.com`, or `ana@example.com or bo@example.com` if it was one of them; "" if they are not shown."""
    names = [_name(translator, user) for user in actor.users]
    return reduce(lambda some, last: translator.text(actor_texts.OR, people=some, last=last), names) if names else ""


def _name(translator: Translator, user: ClusterUser) -> str:
    name = _short(translator, user.name)
    if not user.impersonated:
        return name
    return translator.text(actor_texts.AS, person=name, other=_short(translator, user.impersonated))


def _short(translator: Translator, name: str) -> str:
    """`service account ci/deployer` for `system:serviceaccount:ci:deployer`; any other name as it is."""
    if name.startswith(_SERVICE_ACCOUNT) and name.count(":") == 3:
        short = clip(name.removeprefix(_SERVICE_ACCOUNT).replace(":", "/"), _MAX_NAME)
        return translator.text(actor_texts.SERVICE_ACCOUNT, name=short)
    return clip(name, _MAX_NAME)


def _by(actor: Actor) -> Phrase:
    is_likely = actor.confidence is Confidence.LIKELY
    if not actor.users and not actor.tool:
        return actor_texts.BY_UNKNOWN
    if not actor.users:
        return actor_texts.LIKELY_TOOL if is_likely else actor_texts.BY_TOOL
    if not actor.tool:
        return actor_texts.LIKELY if is_likely else actor_texts.BY
    return actor_texts.LIKELY_WITH if is_likely else actor_texts.BY_WITH

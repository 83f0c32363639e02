"""What is told once in the thread of an incident's card, since an updated card rings nobody's phone.

Of a card that many share, what happened to several at once is told once, with their names.
"""

from collections.abc import Sequence

from bot.core.incident import Event, Incident
from bot.core.message import wording
from bot.core.message.blocks import (
    Element,
    Message,
    channel,
    fill,
    message,
    moment,
    paragraph,
    people,
    person,
    rich,
    utc,
    words,
)
from bot.core.message.catalogue import incident as card_texts
from bot.core.message.catalogue import incident_thread as texts
from bot.core.message.incident import ending, lasted, level, reason
from bot.core.message.language import Phrase, Say
from bot.core.severity import worst_first

_NAMED = 8


def grown(say: Say, incident: Incident, event: Event) -> Message:
    """More differs than the alert had said."""
    drift = worst_first(event.drift)
    told = wording.summary(say, drift)
    where = _where(say, [incident])
    first = wording.first_difference(say, drift)
    text = say.text(texts.GROWN, where=where, summary=told, first=first)
    lead = say.line(texts.GROWN_LEAD, where=where, summary=told, time=moment(event.at))
    if event.by:
        lead += say.line(texts.SILENCE_ENDED, person=person(event.by))
    lines = fill([wording.object_lines(say, found, 6, 90) for found in drift], _more(say), budget=3_000)
    return message(text, rich(paragraph(*lead)), *lines)


def silenced(say: Say, incidents: Sequence[Incident], event: Event) -> Message:
    """Somebody has them, or has snoozed them."""
    where = _where(say, incidents)
    who = person(event.by) if event.by else words("")
    if event.until is None:
        text = say.text(texts.ACKNOWLEDGED, where=where)
        return message(text, rich(paragraph(*say.line(texts.ACKNOWLEDGED_LEAD, person=who, where=where))))
    text = say.text(texts.SNOOZED, where=where, time=utc(event.until))
    time = wording.day_and_time(say, event.until)
    return message(text, rich(paragraph(*say.line(texts.SNOOZED_LEAD, person=who, where=where, time=time))))


def woken(say: Say, incidents: Sequence[Incident]) -> Message:
    """A snooze has ended."""
    return _plain(say.text(texts.WOKE, where=_where(say, incidents)))


def reminded(say: Say, incidents: Sequence[Incident]) -> Message:
    """Nobody has taken them for so long."""
    return _since(say, texts.REMINDED, incidents)


def escalated(say: Say, incidents: Sequence[Incident], to: Sequence[str], alert_in: str | None = None) -> Message:
    """The same, to those who are called for it: user ids and user group ids. `alert_in` names the card's channel to
    readers of another one.
    """
    worst = max(incidents, key=lambda each: each.rating.severity)
    called = [element for each in to for element in (people(each), words(" "))]
    tail = say.line(texts.ELSEWHERE, channel=channel(alert_in)) if alert_in else []
    return _since(
        say,
        texts.ESCALATED,
        incidents,
        before=called,
        after=tail,
        level=level(say, worst.rating),
        reason=reason(say, worst.rating),
    )


def resolved(say: Say, incident: Incident) -> Message:
    """The end of one that has a card of its own."""
    where = _where(say, [incident])
    if incident.ended == "unwatched":
        return _plain(say.text(texts.UNWATCHED, where=where))
    return _plain(say.text(texts.RESOLVED, where=where, lasted=lasted(incident), ending=ending(say, incident)))


def some_resolved(say: Say, incidents: Sequence[Incident], everyone: Sequence[Incident], event: Event) -> Message:
    """Some of those that share a card have ended, or with these all `everyone`."""
    left = [each for each in everyone if each.resolved_at is None or each.resolved_at > event.at]
    if left or any(each.ended == "unwatched" for each in everyone):
        phrase = texts.SOME_UNWATCHED if incidents[0].ended == "unwatched" else texts.SOME_RESOLVED
        still = say.count(texts.LEFT, len(left)) if left else say.text(texts.NONE_LEFT)
        return _plain(say.text(phrase, where=_where(say, incidents), left=still))
    span = wording.duration(event.at - min(each.since for each in everyone))
    return _plain(say.count(texts.ALL_RESOLVED, len(everyone), lasted=span))


def _since(
    say: Say,
    phrase: Phrase,
    incidents: Sequence[Incident],
    before: Sequence[Element] = (),
    after: Sequence[Element] = (),
    **values: str,
) -> Message:
    since = min(each.since for each in incidents)
    where = _where(say, incidents)
    line = say.line(phrase, where=where, time=wording.day_and_time(say, since), **values)
    text = say.text(phrase, where=where, time=utc(since), **values)
    return message(text, rich(paragraph(*before, *line, *after)))


def _where(say: Say, incidents: Sequence[Incident]) -> str:
    names = wording.listed(say, (each.application for each in incidents), _NAMED)
    clusters = {each.cluster for each in incidents}
    return say.text(texts.MANY, names=names, cluster=clusters.pop()) if len(clusters) == 1 else names


def _plain(text: str) -> Message:
    return message(text, rich(paragraph(words(text))))


def _more(say: Say) -> wording.More:
    return lambda left: paragraph(words(say.count(card_texts.MORE_OBJECTS, left), italic=True))

"""The replies in the thread of an incident's card, since updating a card doesn't notify anyone.

On a shared card, one reply names all incidents with the same event at the same time.
"""

from collections.abc import Sequence
from datetime import datetime

from bot.core.drift.fact import facts, most_important_first
from bot.core.drift.parts import AlignmentBudget
from bot.core.incidents.incident import Incident, IncidentEvent
from bot.i18n.catalogue import incident as card_texts
from bot.i18n.catalogue import incident_thread as texts
from bot.i18n.language import Phrase, Translator
from bot.messages import common
from bot.messages import fact as fact_message
from bot.messages.blocks import (
    Element,
    Message,
    channel,
    fill,
    mention,
    message,
    paragraph,
    person,
    rich,
    rich_line,
    text_message,
    words,
)
from bot.messages.incident import ending, incident_duration
from bot.messages.times import in_utc
from bot.messages.writer import sole_writer_of_drift

_MAX_NAMES = 8


def drift_grew(translator: Translator, incident: Incident, event: IncidentEvent, now: datetime) -> Message:
    """More differs than the alert showed."""
    drift = most_important_first(event.drift)
    drift_facts = facts(drift)
    where = _where(translator, [incident])
    sentences = fact_message.sentences(translator, drift_facts, sole_writer_of_drift(drift), now)
    text = translator.text(texts.GROWN, where=where, facts=sentences)
    lead = rich_line(
        translator,
        texts.GROWN_LEAD,
        where=where,
        facts=fact_message.listed(translator, drift_facts),
        time=common.day_and_time(translator, event.at),
    )
    if event.by:
        lead += rich_line(translator, texts.SILENCE_ENDED, person=person(event.by))
    alignment = AlignmentBudget()
    lines = fill(
        [common.object_lines(translator, object_drift, event.at, 6, 90, alignment=alignment) for object_drift in drift],
        common.more(translator, card_texts.MORE_OBJECTS),
        budget=3_000,
    )
    return message(text, rich(paragraph(*lead)), *lines)


def joined(translator: Translator, incidents: Sequence[Incident], now: datetime) -> Message:
    """They joined a shared card, and are more severe than those that it showed before."""
    worst = max(incidents, key=lambda incident: incident.rating.severity)
    return _since(
        translator,
        texts.JOINED,
        incidents,
        now,
        level=fact_message.level(translator, worst.rating),
        facts=fact_message.listed(translator, facts(worst.drift)),
    )


def silenced(translator: Translator, incidents: Sequence[Incident], event: IncidentEvent, now: datetime) -> Message:
    """The incidents were acknowledged, or snoozed if the event has an end."""
    where = _where(translator, incidents)
    # Not a mention: the person just acted.
    who = words(event.name) if event.name or not event.by else person(event.by)
    if event.until is None and event.previous:
        text = translator.text(texts.ACKNOWLEDGED, where=where)
        previous = person(event.previous)
        line = rich_line(translator, texts.TAKEN_OVER_LEAD, person=who, where=where, previous=previous)
        return message(text, rich(paragraph(*line)))
    if event.until is None:
        text = translator.text(texts.ACKNOWLEDGED, where=where)
        return message(text, rich(paragraph(*rich_line(translator, texts.ACKNOWLEDGED_LEAD, person=who, where=where))))
    text = translator.text(texts.SNOOZED, where=where, time=in_utc(event.until, now))
    time = common.day_and_time(translator, event.until)
    return message(
        text, rich(paragraph(*rich_line(translator, texts.SNOOZED_LEAD, person=who, where=where, time=time)))
    )


def released(translator: Translator, incidents: Sequence[Incident], event: IncidentEvent) -> Message:
    """The person who had acknowledged them released them."""
    where = _where(translator, incidents)
    who = words(event.name) if event.name or not event.by else person(event.by)
    text = translator.text(texts.RELEASED, where=where)
    return message(text, rich(paragraph(*rich_line(translator, texts.RELEASED_LEAD, person=who, where=where))))


def snooze_ended(translator: Translator, incidents: Sequence[Incident]) -> Message:
    """A snooze has ended, but the drift has not."""
    return text_message(translator.text(texts.SNOOZE_ENDED, where=_where(translator, incidents)))


def reminded(translator: Translator, incidents: Sequence[Incident], now: datetime) -> Message:
    """No one has acknowledged them yet."""
    return _since(translator, texts.REMINDED, incidents, now)


def escalated(
    translator: Translator, incidents: Sequence[Incident], now: datetime, to: Sequence[str], alert_in: str | None = None
) -> Message:
    """Mentions `to`, ids of users and user groups. `alert_in` is the card's channel if the reply is in another one."""
    worst = max(incidents, key=lambda incident: incident.rating.severity)
    mentions = [element for id_ in to for element in (mention(id_), words(" "))]
    tail = rich_line(translator, texts.ELSEWHERE, channel=channel(alert_in)) if alert_in else []
    return _since(
        translator,
        texts.ESCALATED,
        incidents,
        now,
        before=mentions,
        after=tail,
        level=fact_message.level(translator, worst.rating),
        facts=fact_message.listed(translator, facts(worst.drift)),
    )


def resolved(translator: Translator, incident: Incident) -> Message:
    """An incident with its own card was resolved."""
    where = _where(translator, [incident])
    if incident.ended == "unwatched":
        return text_message(translator.text(texts.UNWATCHED, where=where))
    return text_message(
        translator.text(
            texts.RESOLVED, where=where, lasted=incident_duration(incident), ending=ending(translator, incident)
        )
    )


def some_resolved(
    translator: Translator, incidents: Sequence[Incident], group: Sequence[Incident], event: IncidentEvent
) -> Message:
    """Some incidents on a shared card were resolved, perhaps the last ones."""
    remaining = [incident for incident in group if incident.resolved_at is None or incident.resolved_at > event.at]
    if remaining or any(incident.ended == "unwatched" for incident in group):
        phrase = texts.SOME_UNWATCHED if incidents[0].ended == "unwatched" else texts.SOME_RESOLVED
        still = translator.count(texts.LEFT, len(remaining)) if remaining else translator.text(texts.NONE_LEFT)
        return text_message(translator.text(phrase, where=_where(translator, incidents), left=still))
    span = common.duration(event.at - min(incident.since for incident in group))
    return text_message(translator.count(texts.ALL_RESOLVED, len(group), lasted=span))


def _since(
    translator: Translator,
    phrase: Phrase,
    incidents: Sequence[Incident],
    now: datetime,
    before: Sequence[Element] = (),
    after: Sequence[Element] = (),
    **values: str,
) -> Message:
    since = min(incident.since for incident in incidents)
    where = _where(translator, incidents)
    line = rich_line(translator, phrase, where=where, time=common.day_and_time(translator, since), **values)
    text = translator.text(phrase, where=where, time=in_utc(since, now), **values)
    return message(text, rich(paragraph(*before, *line, *after)))


def _where(translator: Translator, incidents: Sequence[Incident]) -> str:
    names = common.listed(translator, (incident.application for incident in incidents), _MAX_NAMES)
    clusters = {incident.cluster for incident in incidents}
    return translator.text(texts.MANY, names=names, cluster=clusters.pop()) if len(clusters) == 1 else names

"""The card that several incidents share: how many, which ones, since when, worst first."""

import json
from collections.abc import Sequence
from datetime import datetime

from bot.core.drift.fact import Fact, facts
from bot.core.incidents.incident import ACTIVE_STATES, Incident, IncidentState
from bot.i18n.catalogue import incident_group as texts
from bot.i18n.language import Translator
from bot.messages import common
from bot.messages import fact as fact_message
from bot.messages.blocks import (
    Block,
    Element,
    Message,
    Part,
    bullets,
    fill,
    header,
    message,
    note,
    paragraph,
    person,
    rich,
    rich_line,
    words,
)
from bot.messages.incident import card_actions, ending, incident_header
from bot.messages.times import in_utc

_MAX_NAMES = 6
_RESOLVED_TEXTS = texts.RESOLVED_HEADER, texts.RESOLVED, texts.RESOLVED_LEAD
# At least one is no longer watched, and may still differ.
_UNWATCHED_TEXTS = texts.OVER_HEADER, texts.OVER, texts.OVER_LEAD


def card(translator: Translator, incidents: Sequence[Incident], now: datetime) -> Message:
    """The current message of the incidents (at least one) that share a card."""
    by_name = sorted(incidents, key=lambda incident: incident.application)
    active = sorted(
        (incident for incident in by_name if incident.state in ACTIVE_STATES),
        key=lambda incident: -incident.rating.severity,
    )
    ended = [incident for incident in by_name if incident.state not in ACTIVE_STATES]
    return _open(translator, active, ended, now) if active else _resolved(translator, ended)


def _open(translator: Translator, active: Sequence[Incident], ended: Sequence[Incident], now: datetime) -> Message:
    everyone = [*active, *ended]
    worst = active[0]
    place = where(translator, everyone, len(active))
    since = min(incident.since for incident in everyone)
    names = common.listed(translator, (incident.application for incident in active), _MAX_NAMES)
    drift_facts = [facts(incident.drift) for incident in active]
    headline = _headline(translator, worst, drift_facts)
    writers = fact_message.writers(translator, [fact for several in drift_facts for fact in several])
    text = translator.text(
        texts.OPEN,
        tools=f" {writers[:1].upper()}{writers[1:]}." if writers else "",
        level=fact_message.level(translator, worst.rating),
        where=place,
        time=in_utc(since, now),
        names=names,
        fact=headline,
    )
    lead = rich_line(
        translator,
        texts.LEAD,
        severity=words(fact_message.severity(translator, worst.rating), bold=True),
        where=place,
        time=common.day_and_time(translator, since),
    )
    if writers:
        lead.append(words(f" · {writers}"))
    state = _state(active)
    return message(
        text,
        incident_header(translator, worst.rating, state, place, headline),
        rich(paragraph(*lead)),
        *_list(translator, everyone),
        note(translator.text(texts.SHARED)),
        card_actions(
            translator,
            state,
            worst.card_id,
            worst.card_id,
            is_owned=all(incident.acknowledged_by for incident in active),
            is_shared=True,
        ),
    )


def _headline(translator: Translator, worst: Incident, drift_facts: Sequence[Sequence[Fact]]) -> str:
    """The worst fact, with its application unless the fact names it or all of them have the same first fact."""
    text = fact_message.fact(translator, drift_facts[0][0])
    is_shared = len({fact_message.fact(translator, several[0]) for several in drift_facts}) == 1
    if is_shared or text.startswith(f"{worst.application} "):
        return text
    return translator.text(texts.FACT_IN, fact=text, application=worst.application)


def _resolved(translator: Translator, ended: Sequence[Incident]) -> Message:
    top, short, long = _UNWATCHED_TEXTS if any(incident.ended == "unwatched" for incident in ended) else _RESOLVED_TEXTS
    place = where(translator, ended, len(ended))
    started_at = min(incident.since for incident in ended)
    ended_at = max(incident.resolved_at or incident.checked_at for incident in ended)
    lasted = common.duration(ended_at - started_at)
    names = common.listed(translator, (incident.application for incident in ended), _MAX_NAMES)
    time = common.day_and_time(translator, ended_at)
    lead = rich_line(translator, long, lasted=words(lasted, bold=True), time=time)
    blocks: list[Block] = [header(translator.text(top, where=place))]
    blocks.append(rich(paragraph(*lead)))
    blocks += _list(translator, ended)
    return message(translator.text(short, where=place, lasted=lasted, names=names), *blocks)


def _state(active: Sequence[Incident]) -> IncidentState:
    """Open if any incident is open; snoozed only if all are."""
    states = {incident.state for incident in active}
    order = (IncidentState.OPEN, IncidentState.ACKNOWLEDGED, IncidentState.SNOOZED)
    return next(state for state in order if state in states)


def where(translator: Translator, incidents: Sequence[Incident], shown: int) -> str:
    """`12 applications on prod`, `5 of 12 applications of platform`."""
    applications = translator.count(texts.APPLICATIONS, len(incidents))
    if shown < len(incidents):
        applications = translator.text(texts.SOME_OF, n=translator.number(shown), applications=applications)
    clusters = {incident.cluster for incident in incidents}
    if len(clusters) == 1:
        return translator.text(texts.ON, applications=applications, cluster=clusters.pop())
    return translator.text(texts.OF, applications=applications, repository=incidents[0].repository)


def _list(translator: Translator, incidents: Sequence[Incident]) -> list[Block]:
    """A line for each group of incidents with the same details."""
    clusters = len({incident.cluster for incident in incidents}) > 1
    lines: dict[str, tuple[list[Element], list[str]]] = {}
    for incident in incidents:
        line = _line(translator, incident)
        name = common.where(translator, incident.application, incident.cluster) if clusters else incident.application
        lines.setdefault(json.dumps(line), (line, []))[1].append(name)
    more = common.more(translator, texts.MORE)
    groups = [
        Part(
            [bullets([[words(common.listed(translator, names, _MAX_NAMES), bold=True), *line]])],
            (),
            more,
            count=len(names),
        )
        for line, names in lines.values()
    ]
    return fill(groups, more, budget=8_000)


def _line(translator: Translator, incident: Incident) -> list[Element]:
    """The details that follow an incident's name."""
    if incident.ended == "unwatched":
        return rich_line(translator, texts.UNWATCHED_LINE)
    if incident.state not in ACTIVE_STATES:
        return rich_line(translator, texts.RESOLVED_LINE, ending=ending(translator, incident))
    line = rich_line(
        translator,
        texts.LINE,
        severity=fact_message.severity(translator, incident.rating),
        facts=fact_message.listed(translator, facts(incident.drift)),
    )
    line += handling(translator, incident)
    if incident.check_error:
        line += rich_line(translator, texts.GONE if incident.is_gone else texts.BLIND)
    return line


def handling(translator: Translator, incident: Incident) -> list[Element]:
    """Who has acknowledged an incident, and until when it is snoozed; empty while it is open."""
    line: list[Element] = []
    if incident.acknowledged_by:
        line += rich_line(translator, texts.ACKNOWLEDGED, person=person(incident.acknowledged_by))
    if incident.state is IncidentState.SNOOZED and incident.snoozed_until:
        line += rich_line(translator, texts.SNOOZED, time=common.day_and_time(translator, incident.snoozed_until))
    return line

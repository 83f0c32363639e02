"""The card that several incidents share: how many, which ones, since when; the worst first."""

import json
from collections.abc import Sequence

from bot.core.incidents.incident import ACTIVE_STATES, Incident, IncidentState
from bot.i18n.catalogue import incident as card_texts
from bot.i18n.catalogue import incident_group as texts
from bot.i18n.language import Translator
from bot.messages import common
from bot.messages.blocks import (
    Block,
    Element,
    Message,
    actions,
    bullets,
    button,
    clip,
    fill,
    header,
    message,
    note,
    paragraph,
    person,
    rich,
    rich_line,
    utc,
    words,
)
from bot.messages.incident import CHECK_NOW, ending, incident_header, level, reason, silence_buttons

_MAX_NAMES = 6
_MAX_TOOLS = 4
_RESOLVED_TEXTS = texts.RESOLVED_HEADER, texts.RESOLVED, texts.RESOLVED_LEAD
# At least one is no longer watched, and may still differ.
_UNWATCHED_TEXTS = texts.OVER_HEADER, texts.OVER, texts.OVER_LEAD


def card(translator: Translator, incidents: Sequence[Incident]) -> Message:
    """The message of the incidents (at least one) that share a card, as it should read now."""
    by_name = sorted(incidents, key=lambda incident: incident.application)
    active = sorted(
        (incident for incident in by_name if incident.state in ACTIVE_STATES),
        key=lambda incident: -incident.rating.severity,
    )
    ended = [incident for incident in by_name if incident.state not in ACTIVE_STATES]
    return _open(translator, active, ended) if active else _resolved(translator, ended)


def _open(translator: Translator, active: Sequence[Incident], ended: Sequence[Incident]) -> Message:
    everyone = [*active, *ended]
    worst = active[0]
    place = where(translator, everyone, len(active))
    since = min(incident.since for incident in everyone)
    names = common.listed(translator, (incident.application for incident in active), _MAX_NAMES)
    grade, why = level(translator, worst.rating), reason(translator, worst.rating)
    text = translator.text(
        texts.OPEN, level=grade, where=place, time=utc(since), names=names, worst=worst.application, reason=why
    )
    lead = rich_line(
        translator,
        texts.LEAD,
        where=words(place, bold=True),
        time=common.day_and_time(translator, since),
        worst=words(worst.application, bold=True),
        reason=why,
    )
    writers = (common.latest_writer(incident.drift) for incident in active)
    tools = sorted({clip(writer[0], 60) for writer in writers if writer})
    tools_clause = (
        [words(" "), *rich_line(translator, texts.TOOLS, tools=common.listed(translator, tools, _MAX_TOOLS))]
        if tools
        else []
    )
    state = _state(active)
    return message(
        text,
        incident_header(translator, worst.rating, state, place),
        rich(paragraph(*lead, *tools_clause)),
        *_list(translator, everyone),
        note(translator.text(texts.SHARED), translator.text(card_texts.SOURCE_OF_TRUTH)),
        actions(
            *silence_buttons(translator, state, worst.card_id),
            button(translator.text(card_texts.CHECK_NOW), CHECK_NOW, worst.card_id),
        ),
    )


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
    """Open while any incident is open; snoozed only when all are."""
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
    groups = list(lines.values())
    return fill(
        [
            [bullets([[words(common.listed(translator, names, _MAX_NAMES), bold=True), *line]])]
            for line, names in groups
        ],
        lambda left: paragraph(
            words(translator.count(texts.MORE, sum(len(names) for _, names in groups[-left:])), italic=True)
        ),
        budget=8_000,
    )


def _line(translator: Translator, incident: Incident) -> list[Element]:
    """The details that follow an incident's name."""
    if incident.ended == "unwatched":
        return rich_line(translator, texts.UNWATCHED_LINE)
    if incident.state not in ACTIVE_STATES:
        return rich_line(translator, texts.RESOLVED_LINE, ending=ending(translator, incident))
    line = rich_line(
        translator, texts.LINE, level=level(translator, incident.rating), reason=reason(translator, incident.rating)
    )
    if incident.state is IncidentState.SNOOZED and incident.snoozed_until:
        line += rich_line(translator, texts.SNOOZED, time=common.day_and_time(translator, incident.snoozed_until))
    elif incident.acknowledged_by:
        line += rich_line(translator, texts.ACKNOWLEDGED, person=person(incident.acknowledged_by))
    return line + (rich_line(translator, texts.BLIND) if incident.blind else [])

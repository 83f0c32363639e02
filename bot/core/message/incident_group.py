"""What the bot says on the one card that many incidents share: how many, which, since when, and the worst first."""

import json
from collections.abc import Sequence

from bot.core.incident import STANDING, Incident, IncidentState
from bot.core.message import wording
from bot.core.message.blocks import (
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
    utc,
    words,
)
from bot.core.message.catalogue import incident as card_texts
from bot.core.message.catalogue import incident_group as texts
from bot.core.message.incident import CHECK_NOW, ending, header_of, level, reason, silence_buttons
from bot.core.message.language import Say

_NAMED = 6
_TOOLS = 4
_BACK = texts.RESOLVED_HEADER, texts.RESOLVED, texts.RESOLVED_LEAD
# Some of them may still differ: nobody looks any more.
_OVER = texts.OVER_HEADER, texts.OVER, texts.OVER_LEAD


def card(say: Say, incidents: Sequence[Incident]) -> Message:
    """The message of incidents that share a card, one at least, as it should read now."""
    by_name = sorted(incidents, key=lambda each: each.application)
    standing = sorted((each for each in by_name if each.state in STANDING), key=lambda each: -each.rating.severity)
    over = [each for each in by_name if each.state not in STANDING]
    return _open(say, standing, over) if standing else _resolved(say, over)


def _open(say: Say, standing: Sequence[Incident], over: Sequence[Incident]) -> Message:
    everyone = [*standing, *over]
    worst = standing[0]
    place = where(say, everyone, len(standing))
    since = min(each.since for each in everyone)
    names = wording.listed(say, (each.application for each in standing), _NAMED)
    grade, why = level(say, worst.rating), reason(say, worst.rating)
    text = say.text(
        texts.OPEN, level=grade, where=place, time=utc(since), names=names, worst=worst.application, reason=why
    )
    lead = say.line(
        texts.LEAD,
        where=words(place, bold=True),
        time=wording.day_and_time(say, since),
        worst=words(worst.application, bold=True),
        reason=why,
    )
    writers = (wording.latest_writer(each.drift) for each in standing)
    tools = sorted({clip(writer[0], 60) for writer in writers if writer})
    wrote = [words(" "), *say.line(texts.TOOLS, tools=wording.listed(say, tools, _TOOLS))] if tools else []
    state = _state(standing)
    return message(
        text,
        header_of(say, worst.rating, state, place),
        rich(paragraph(*lead, *wrote)),
        *_list(say, everyone),
        note(say.text(texts.SHARED), say.text(card_texts.WHAT_COUNTS)),
        actions(
            *silence_buttons(say, state, worst.subject),
            button(say.text(card_texts.CHECK_NOW), CHECK_NOW, worst.subject),
        ),
    )


def _resolved(say: Say, over: Sequence[Incident]) -> Message:
    top, short, long = _OVER if any(each.ended == "unwatched" for each in over) else _BACK
    place = where(say, over, len(over))
    began, ended = min(each.since for each in over), max(each.resolved_at or each.checked_at for each in over)
    lasted = wording.duration(ended - began)
    names = wording.listed(say, (each.application for each in over), _NAMED)
    time = wording.day_and_time(say, ended)
    lead = say.line(long, lasted=words(lasted, bold=True), time=time)
    blocks: list[Block] = [header(say.text(top, where=place))]
    blocks.append(rich(paragraph(*lead)))
    blocks += _list(say, over)
    return message(say.text(short, where=place, lasted=lasted, names=names), *blocks)


def _state(standing: Sequence[Incident]) -> IncidentState:
    """Open while one of them is; snoozed only when all are."""
    states = {each.state for each in standing}
    order = (IncidentState.OPEN, IncidentState.ACKNOWLEDGED, IncidentState.SNOOZED)
    return next(state for state in order if state in states)


def where(say: Say, incidents: Sequence[Incident], shown: int) -> str:
    """`12 applications on prod`, `5 of 12 applications of platform`."""
    told = say.count(texts.APPLICATIONS, len(incidents))
    if shown < len(incidents):
        told = say.text(texts.SOME_OF, n=say.number(shown), applications=told)
    clusters = {each.cluster for each in incidents}
    if len(clusters) == 1:
        return say.text(texts.ON, applications=told, cluster=clusters.pop())
    return say.text(texts.OF, applications=told, repository=incidents[0].repository)


def _list(say: Say, incidents: Sequence[Incident]) -> list[Block]:
    """One line for all of which there is the same to tell."""
    clusters = len({each.cluster for each in incidents}) > 1
    told: dict[str, tuple[list[Element], list[str]]] = {}
    for each in incidents:
        line = _line(say, each)
        name = wording.where(say, each.application, each.cluster) if clusters else each.application
        told.setdefault(json.dumps(line), (line, []))[1].append(name)
    groups = list(told.values())
    return fill(
        [[bullets([[words(wording.listed(say, names, _NAMED), bold=True), *line]])] for line, names in groups],
        lambda left: paragraph(
            words(say.count(texts.MORE, sum(len(names) for _, names in groups[-left:])), italic=True)
        ),
        budget=8_000,
    )


def _line(say: Say, incident: Incident) -> list[Element]:
    """What there is to tell of it, after its name."""
    if incident.ended == "unwatched":
        return say.line(texts.UNWATCHED_LINE)
    if incident.state not in STANDING:
        return say.line(texts.RESOLVED_LINE, ending=ending(say, incident))
    line = say.line(texts.LINE, level=level(say, incident.rating), reason=reason(say, incident.rating))
    if incident.state is IncidentState.SNOOZED and incident.snoozed_until:
        line += say.line(texts.SNOOZED, time=wording.day_and_time(say, incident.snoozed_until))
    elif incident.acknowledged_by:
        line += say.line(texts.ACKNOWLEDGED, person=person(incident.acknowledged_by))
    return line + (say.line(texts.BLIND) if incident.blind else [])

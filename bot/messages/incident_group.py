"""What the bot says on the one card that many incidents share: how many, which, since when, and the worst first."""

import json
from collections.abc import Sequence

from bot.core.incidents.incident import ACTIVE_STATES, Incident, IncidentState
from bot.i18n.catalogue import incident as card_texts
from bot.i18n.catalogue import incident_group as texts
from bot.i18n.language import Translator
from bot.messages import wording
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
from bot.messages.incident import CHECK_NOW, ending, header_of, level, reason, silence_buttons

_NAMED = 6
_TOOLS = 4
_BACK = texts.RESOLVED_HEADER, texts.RESOLVED, texts.RESOLVED_LEAD
# Some of them may still differ: nobody looks any more.
_OVER = texts.OVER_HEADER, texts.OVER, texts.OVER_LEAD


def card(translator: Translator, incidents: Sequence[Incident]) -> Message:
    """The message of incidents that share a card, one at least, as it should read now."""
    by_name = sorted(incidents, key=lambda each: each.application)
    authorizer = sorted(
        (each for each in by_name if each.state in ACTIVE_STATES), key=lambda each: -each.rating.severity
    )
    over = [each for each in by_name if each.state not in ACTIVE_STATES]
    return _open(translator, authorizer, over) if authorizer else _resolved(translator, over)


def _open(translator: Translator, authorizer: Sequence[Incident], over: Sequence[Incident]) -> Message:
    everyone = [*authorizer, *over]
    worst = authorizer[0]
    place = where(translator, everyone, len(authorizer))
    since = min(each.since for each in everyone)
    names = wording.listed(translator, (each.application for each in authorizer), _NAMED)
    grade, why = level(translator, worst.rating), reason(translator, worst.rating)
    text = translator.text(
        texts.OPEN, level=grade, where=place, time=utc(since), names=names, worst=worst.application, reason=why
    )
    lead = rich_line(
        translator,
        texts.LEAD,
        where=words(place, bold=True),
        time=wording.day_and_time(translator, since),
        worst=words(worst.application, bold=True),
        reason=why,
    )
    writers = (wording.latest_writer(each.drift) for each in authorizer)
    tools = sorted({clip(writer[0], 60) for writer in writers if writer})
    wrote = (
        [words(" "), *rich_line(translator, texts.TOOLS, tools=wording.listed(translator, tools, _TOOLS))]
        if tools
        else []
    )
    state = _state(authorizer)
    return message(
        text,
        header_of(translator, worst.rating, state, place),
        rich(paragraph(*lead, *wrote)),
        *_list(translator, everyone),
        note(translator.text(texts.SHARED), translator.text(card_texts.SOURCE_OF_TRUTH)),
        actions(
            *silence_buttons(translator, state, worst.card_id),
            button(translator.text(card_texts.CHECK_NOW), CHECK_NOW, worst.card_id),
        ),
    )


def _resolved(translator: Translator, over: Sequence[Incident]) -> Message:
    top, short, long = _OVER if any(each.ended == "unwatched" for each in over) else _BACK
    place = where(translator, over, len(over))
    began, ended = min(each.since for each in over), max(each.resolved_at or each.checked_at for each in over)
    lasted = wording.duration(ended - began)
    names = wording.listed(translator, (each.application for each in over), _NAMED)
    time = wording.day_and_time(translator, ended)
    lead = rich_line(translator, long, lasted=words(lasted, bold=True), time=time)
    blocks: list[Block] = [header(translator.text(top, where=place))]
    blocks.append(rich(paragraph(*lead)))
    blocks += _list(translator, over)
    return message(translator.text(short, where=place, lasted=lasted, names=names), *blocks)


def _state(authorizer: Sequence[Incident]) -> IncidentState:
    """Open while one of them is; snoozed only when all are."""
    states = {each.state for each in authorizer}
    order = (IncidentState.OPEN, IncidentState.ACKNOWLEDGED, IncidentState.SNOOZED)
    return next(state for state in order if state in states)


def where(translator: Translator, incidents: Sequence[Incident], shown: int) -> str:
    """`12 applications on prod`, `5 of 12 applications of platform`."""
    told = translator.count(texts.APPLICATIONS, len(incidents))
    if shown < len(incidents):
        told = translator.text(texts.SOME_OF, n=translator.number(shown), applications=told)
    clusters = {each.cluster for each in incidents}
    if len(clusters) == 1:
        return translator.text(texts.ON, applications=told, cluster=clusters.pop())
    return translator.text(texts.OF, applications=told, repository=incidents[0].repository)


def _list(translator: Translator, incidents: Sequence[Incident]) -> list[Block]:
    """One line for all of which there is the same to tell."""
    clusters = len({each.cluster for each in incidents}) > 1
    told: dict[str, tuple[list[Element], list[str]]] = {}
    for each in incidents:
        line = _line(translator, each)
        name = wording.where(translator, each.application, each.cluster) if clusters else each.application
        told.setdefault(json.dumps(line), (line, []))[1].append(name)
    groups = list(told.values())
    return fill(
        [[bullets([[words(wording.listed(translator, names, _NAMED), bold=True), *line]])] for line, names in groups],
        lambda left: paragraph(
            words(translator.count(texts.MORE, sum(len(names) for _, names in groups[-left:])), italic=True)
        ),
        budget=8_000,
    )


def _line(translator: Translator, incident: Incident) -> list[Element]:
    """What there is to tell of it, after its name."""
    if incident.ended == "unwatched":
        return rich_line(translator, texts.UNWATCHED_LINE)
    if incident.state not in ACTIVE_STATES:
        return rich_line(translator, texts.RESOLVED_LINE, ending=ending(translator, incident))
    line = rich_line(
        translator, texts.LINE, level=level(translator, incident.rating), reason=reason(translator, incident.rating)
    )
    if incident.state is IncidentState.SNOOZED and incident.snoozed_until:
        line += rich_line(translator, texts.SNOOZED, time=wording.day_and_time(translator, incident.snoozed_until))
    elif incident.acknowledged_by:
        line += rich_line(translator, texts.ACKNOWLEDGED, person=person(incident.acknowledged_by))
    return line + (rich_line(translator, texts.BLIND) if incident.blind else [])

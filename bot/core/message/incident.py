"""What the bot says of an incident: its one card in the channel, and what is told in the card's thread."""

from bot.core.incident import Event, Incident, IncidentState
from bot.core.message import wording
from bot.core.message.blocks import (
    Block,
    Message,
    actions,
    button,
    clip,
    code,
    fill,
    header,
    message,
    moment,
    note,
    paragraph,
    rich,
    utc,
    words,
)
from bot.core.message.catalogue import incident as texts
from bot.core.message.language import Say

SHOW_DIFF = "show_diff"
CHECK_NOW = "check_now"
# Their value is the card's subject: an incident's id, or that of several that share a card.
ACKNOWLEDGE = "acknowledge"
SNOOZE = "snooze"

_ENDINGS = {"cluster": texts.ENDED_BY_CLUSTER, "adopted": texts.ENDED_ADOPTED, "git": texts.ENDED_BY_GIT}


def card(say: Say, incident: Incident) -> Message:
    """The incident's one message in the channel, as it should read now."""
    return _resolved(say, incident) if incident.state is IncidentState.RESOLVED else _open(say, incident)


def resolved_reply(say: Say, incident: Incident) -> Message:
    """Told once in the card's thread, since an updated card rings nobody's phone."""
    text = say.text(
        texts.RESOLVED_REPLY, where=_where(say, incident), lasted=_lasted(incident), ending=_ending(say, incident)
    )
    return message(text, rich(paragraph(words(text))))


def grown_reply(say: Say, incident: Incident, growth: Event) -> Message:
    """Told once in the card's thread, when more differs than the alert had said."""
    told = wording.summary(say, growth.drift)
    first = wording.first_difference(say, growth.drift)
    text = say.text(texts.GROWN, where=_where(say, incident), summary=told, first=first)
    lead = paragraph(*say.line(texts.GROWN_LEAD, summary=told, time=moment(growth.at)))
    lines = fill([wording.object_lines(say, found, 6, 90) for found in growth.drift], _more(say), budget=3_000)
    return message(text, rich(lead), *lines)


def _open(say: Say, incident: Incident) -> Message:
    told = wording.summary(say, incident.drift)
    writer = wording.latest_writer(incident.drift)
    tool = clip(writer[0], 60) if writer else ""
    where = _where(say, incident)
    text = say.text(
        texts.OPEN_BY if writer else texts.OPEN,
        where=where,
        time=utc(incident.since),
        summary=told,
        tool=tool,
        first=wording.first_difference(say, incident.drift),
    )
    lead = say.line(
        texts.OPEN_LEAD_BY if writer else texts.OPEN_LEAD,
        summary=f"{told[:1].upper()}{told[1:]}",
        revision=code(wording.short(say, incident.revision)),
        time=wording.day_and_time(say, incident.since),
        tool=code(tool),
    )
    blocks: list[Block] = [header(say.text(texts.OPEN_HEADER, where=where)), rich(paragraph(*lead))]
    blocks += fill([wording.object_lines(say, found, 6, 90) for found in incident.drift], _more(say), budget=6_000)
    if incident.blind:
        blocks.append(note(say.text(texts.BLIND, reason=say.told(incident.blind))))
    checked = say.text(texts.CHECKED, time=utc(incident.checked_at))
    blocks.append(note(say.text(texts.WHAT_COUNTS), checked if incident.blind else say.text(texts.CHANGES_NOTHING)))
    blocks.append(
        actions(
            button(say.text(texts.SHOW_DIFF), SHOW_DIFF, incident.application, style="primary"),
            button(say.text(texts.CHECK_NOW), CHECK_NOW, incident.application),
        )
    )
    return message(text, *blocks)


def _resolved(say: Say, incident: Incident) -> Message:
    worst = incident.worst or incident.drift
    where, lasted, ending = _where(say, incident), _lasted(incident), _ending(say, incident)
    text = say.text(texts.RESOLVED, where=where, lasted=lasted, ending=ending)
    lead = say.line(
        texts.RESOLVED_LEAD, lasted=words(lasted, bold=True), ending=ending, summary=wording.summary(say, worst)
    )
    blocks: list[Block] = [header(say.text(texts.RESOLVED_HEADER, where=where)), rich(paragraph(*lead))]
    blocks += fill([wording.object_lines(say, found, 3, 60) for found in worst[:5]], _more(say), budget=3_000)
    if incident.resolved_at:
        blocks.append(note(say.text(texts.FROM_TO, start=utc(incident.since), end=utc(incident.resolved_at))))
    return message(text, *blocks)


def _more(say: Say) -> wording.More:
    return lambda left: paragraph(words(say.count(texts.MORE_OBJECTS, left), italic=True))


def _where(say: Say, incident: Incident) -> str:
    return wording.where(say, incident.application, incident.cluster)


def _lasted(incident: Incident) -> str:
    return wording.duration((incident.resolved_at or incident.checked_at) - incident.since)


def _ending(say: Say, incident: Incident) -> str:
    return say.text(_ENDINGS[incident.ended or "cluster"])

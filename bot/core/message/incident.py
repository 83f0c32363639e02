"""What the bot says of an incident on its one card in the channel."""

from bot.core.incident import Incident, IncidentState
from bot.core.message import suspect, wording
from bot.core.message.adopt import adopt_button
from bot.core.message.blocks import (
    Block,
    Element,
    Message,
    actions,
    button,
    clip,
    code,
    fill,
    header,
    message,
    note,
    paragraph,
    person,
    rich,
    utc,
    weight,
    words,
)
from bot.core.message.catalogue import incident as texts
from bot.core.message.catalogue import severity as grades
from bot.core.message.language import Phrase, Say
from bot.core.severity import Rating, Severity, worst_first

SHOW_DIFF = "show_diff"
CHECK_NOW = "check_now"
# Their value is the card's subject: an incident's id, or that of several that share a card.
ACKNOWLEDGE = "acknowledge"
SNOOZE = "snooze"

# Beside the words, never instead of them.
MARKS = {Severity.CRITICAL: "🔴", Severity.SERIOUS: "🟠", Severity.MINOR: "🟡"}

_HEADERS = {
    IncidentState.ACKNOWLEDGED: texts.HEADER_ACKNOWLEDGED,
    IncidentState.SNOOZED: texts.HEADER_SNOOZED,
}
# Characters of JSON for the differences: what the suspects take is taken from them, so that the whole fits a message.
_MOST_DRIFT, _LEAST_DRIFT = 8_500, 2_500

_ENDINGS = {
    "cluster": texts.ENDED_BY_CLUSTER,
    "adopted": texts.ENDED_ADOPTED,
    "git": texts.ENDED_BY_GIT,
    "unwatched": texts.ENDED_UNWATCHED,
}
_BACK = texts.RESOLVED_HEADER, texts.RESOLVED, texts.RESOLVED_LEAD
_GONE = texts.UNWATCHED_HEADER, texts.UNWATCHED, texts.UNWATCHED_LEAD


def card(say: Say, incident: Incident) -> Message:
    """The incident's one message in the channel, as it should read now."""
    return _resolved(say, incident) if incident.state is IncidentState.RESOLVED else _open(say, incident)


def header_of(say: Say, rating: Rating, state: IncidentState, where: str) -> Block:
    """The first line: how bad, whether somebody has it, and where."""
    phrase = _HEADERS.get(state, texts.HEADER)
    return header(say.text(phrase, mark=MARKS[rating.severity], level=level(say, rating), where=where))


def level(say: Say, rating: Rating) -> str:
    """`Critical drift`."""
    return say.text(grades.LEVELS[rating.severity])


def reason(say: Say, rating: Rating) -> str:
    """`a container runs as root`."""
    return say.text(grades.REASONS[rating.reason])


def ending(say: Say, incident: Incident) -> str:
    """`git moved to match`."""
    return say.text(_ENDINGS[incident.ended or "cluster"])


def lasted(incident: Incident) -> str:
    """From the first look that saw it to the one that did not any more, or to the latest."""
    return wording.duration((incident.resolved_at or incident.checked_at) - incident.since)


def silence_buttons(say: Say, state: IncidentState, subject: str) -> list[Element]:
    """What somebody may say of it in that state."""
    taken = state is IncidentState.ACKNOWLEDGED
    acknowledge = [] if taken else [button(say.text(texts.ACKNOWLEDGE), ACKNOWLEDGE, subject, style="primary")]
    return [*acknowledge, button(say.text(texts.SNOOZE), SNOOZE, subject)]


def _open(say: Say, incident: Incident) -> Message:
    drift = worst_first(incident.drift)
    rating = incident.rating
    told = wording.summary(say, drift)
    writer = wording.latest_writer(drift)
    tool = clip(writer[0], 60) if writer else ""
    where = wording.where(say, incident.application, incident.cluster)
    text = say.text(
        texts.OPEN_BY if writer else texts.OPEN,
        level=level(say, rating),
        where=where,
        time=utc(incident.since),
        reason=reason(say, rating),
        summary=_sentence(told),
        tool=tool,
    )
    lead = say.line(
        texts.OPEN_LEAD_BY if writer else texts.OPEN_LEAD,
        summary=_sentence(told),
        revision=code(wording.short(say, incident.revision)),
        time=wording.day_and_time(say, incident.since),
        tool=code(tool),
    )
    state, read = _state(say, incident)
    paragraphs = [
        paragraph(words(f"{_sentence(reason(say, rating))}.", bold=True)),
        *([paragraph(*state)] if state else []),
        paragraph(*lead),
    ]
    blocks: list[Block] = [header_of(say, rating, incident.state, where), rich(*paragraphs)]
    suspects = suspect.of_drift(say, incident.suspects, incident.application)
    room = max(_LEAST_DRIFT, _MOST_DRIFT - weight(suspects))
    blocks += fill([wording.object_lines(say, found, 6, 90) for found in drift], _more(say), budget=room)
    blocks += suspects
    if incident.blind:
        blocks.append(note(say.text(texts.BLIND, reason=say.told(incident.blind))))
    checked = say.text(texts.CHECKED, time=utc(incident.checked_at))
    blocks.append(note(say.text(texts.WHAT_COUNTS), checked if incident.blind else say.text(texts.CHANGES_NOTHING)))
    blocks.append(
        actions(
            *silence_buttons(say, incident.state, incident.subject),
            button(say.text(texts.SHOW_DIFF), SHOW_DIFF, incident.application),
            button(say.text(texts.CHECK_NOW), CHECK_NOW, incident.application),
            adopt_button(say, incident.application),
        )
    )
    return message(f"{text} {read}".strip(), *blocks)


def _state(say: Say, incident: Incident) -> tuple[list[Element], str]:
    """Who has it, or until when it is snoozed: for the blocks, and to be read aloud; nothing while it is open."""
    until, since = incident.snoozed_until, incident.acknowledged_at
    if incident.state is IncidentState.SNOOZED and until and incident.snoozed_by:
        line = _who(say, texts.SNOOZED_BY, incident.snoozed_by, wording.day_and_time(say, until))
        return line, say.text(texts.IS_SNOOZED, time=utc(until))
    if incident.state is IncidentState.ACKNOWLEDGED and since and incident.acknowledged_by:
        line = _who(say, texts.ACKNOWLEDGED_BY, incident.acknowledged_by, wording.day_and_time(say, since))
        return line, say.text(texts.IS_ACKNOWLEDGED)
    return [], ""


def _who(say: Say, phrase: Phrase, user: str, time: Element) -> list[Element]:
    return say.line(phrase, person=person(user), time=time)


def _resolved(say: Say, incident: Incident) -> Message:
    unwatched = incident.ended == "unwatched"
    top, short, long = _GONE if unwatched else _BACK
    worst = worst_first(incident.drift if unwatched else incident.worst or incident.drift)
    where = wording.where(say, incident.application, incident.cluster)
    how = ending(say, incident)
    text = say.text(short, where=where, lasted=lasted(incident), ending=how)
    lead = say.line(
        long,
        lasted=words(lasted(incident), bold=True),
        time=wording.day_and_time(say, incident.resolved_at or incident.checked_at),
        ending=how,
        summary=wording.summary(say, worst),
    )
    blocks: list[Block] = [header(say.text(top, where=where)), rich(paragraph(*lead))]
    blocks += fill([wording.object_lines(say, found, 3, 60) for found in worst[:5]], _more(say), budget=3_000)
    return message(text, *blocks)


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}"


def _more(say: Say) -> wording.More:
    return lambda left: paragraph(words(say.count(texts.MORE_OBJECTS, left), italic=True))

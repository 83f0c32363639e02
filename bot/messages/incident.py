"""The card of one incident."""

from bot.core.drift.severity import Rating, Severity, worst_first
from bot.core.incidents.incident import Incident, IncidentState
from bot.i18n.catalogue import incident as texts
from bot.i18n.catalogue import severity as grades
from bot.i18n.language import Phrase, Translator
from bot.messages import common, suspect
from bot.messages.adopt import adopt_button
from bot.messages.blocks import (
    Block,
    Element,
    Message,
    actions,
    button,
    clip,
    code,
    fill,
    header,
    json_size,
    message,
    note,
    paragraph,
    person,
    rich,
    rich_line,
    utc,
    words,
)

SHOW_DIFF = "show_diff"
CHECK_NOW = "check_now"
# Action ids whose value is the card's subject: the id of an incident, or of a group that shares a card.
ACKNOWLEDGE = "acknowledge"
SNOOZE = "snooze"

# Always shown with the severity in words.
MARKS = {Severity.CRITICAL: "🔴", Severity.SERIOUS: "🟠", Severity.MINOR: "🟡"}

_HEADERS = {
    IncidentState.ACKNOWLEDGED: texts.HEADER_ACKNOWLEDGED,
    IncidentState.SNOOZED: texts.HEADER_SNOOZED,
}
# Characters of JSON for the differences: the suspects take from the maximum, so that the card fits a message.
_MAX_DRIFT, _MIN_DRIFT = 8_500, 2_500

_ENDINGS = {
    "cluster": texts.ENDED_BY_CLUSTER,
    "adopted": texts.ENDED_ADOPTED,
    "git": texts.ENDED_BY_GIT,
    "unwatched": texts.ENDED_UNWATCHED,
}
_RESOLVED_TEXTS = texts.RESOLVED_HEADER, texts.RESOLVED, texts.RESOLVED_LEAD
_UNWATCHED_TEXTS = texts.UNWATCHED_HEADER, texts.UNWATCHED, texts.UNWATCHED_LEAD


def card(translator: Translator, incident: Incident) -> Message:
    """The incident's message in the channel, as it should read now."""
    return _resolved(translator, incident) if incident.state is IncidentState.RESOLVED else _open(translator, incident)


def incident_header(translator: Translator, rating: Rating, state: IncidentState, where: str) -> Block:
    """The header: the severity, whether it is acknowledged or snoozed, and where."""
    phrase = _HEADERS.get(state, texts.HEADER)
    return header(translator.text(phrase, mark=MARKS[rating.severity], level=level(translator, rating), where=where))


def level(translator: Translator, rating: Rating) -> str:
    """`Critical drift`."""
    return translator.text(grades.LEVELS[rating.severity.name])


def reason(translator: Translator, rating: Rating) -> str:
    """`a container runs as root`."""
    return translator.text(grades.REASONS[rating.reason])


def ending(translator: Translator, incident: Incident) -> str:
    """`git moved to match`."""
    return translator.text(_ENDINGS[incident.ended or "cluster"])


def incident_duration(incident: Incident) -> str:
    """From the first check that saw the drift until it was resolved, or until the latest check: `2 h 5 min`."""
    return common.duration((incident.resolved_at or incident.checked_at) - incident.since)


def silence_buttons(translator: Translator, state: IncidentState, subject: str) -> list[Element]:
    """The buttons to acknowledge and snooze, as far as the state allows."""
    taken = state is IncidentState.ACKNOWLEDGED
    acknowledge = [] if taken else [button(translator.text(texts.ACKNOWLEDGE), ACKNOWLEDGE, subject, style="primary")]
    return [*acknowledge, button(translator.text(texts.SNOOZE), SNOOZE, subject)]


def _open(translator: Translator, incident: Incident) -> Message:
    drift = worst_first(incident.drift)
    rating = incident.rating
    summary = common.summary(translator, drift)
    writer = common.latest_writer(drift)
    tool = clip(writer[0], 60) if writer else ""
    where = common.where(translator, incident.application, incident.cluster)
    text = translator.text(
        texts.OPEN_BY if writer else texts.OPEN,
        level=level(translator, rating),
        where=where,
        time=utc(incident.since),
        reason=reason(translator, rating),
        summary=_capitalize(summary),
        tool=tool,
    )
    lead = rich_line(
        translator,
        texts.OPEN_LEAD_BY if writer else texts.OPEN_LEAD,
        summary=_capitalize(summary),
        revision=code(common.short_revision(translator, incident.revision)),
        time=common.day_and_time(translator, incident.since),
        tool=code(tool),
    )
    state, state_text = _state(translator, incident)
    paragraphs = [
        paragraph(words(f"{_capitalize(reason(translator, rating))}.", bold=True)),
        *([paragraph(*state)] if state else []),
        paragraph(*lead),
    ]
    blocks: list[Block] = [incident_header(translator, rating, incident.state, where), rich(*paragraphs)]
    suspects = suspect.drift_suspects(translator, incident.suspects, incident.application)
    room = max(_MIN_DRIFT, _MAX_DRIFT - json_size(suspects))
    blocks += fill(
        [common.object_lines(translator, object_drift, 6, 90) for object_drift in drift],
        common.more(translator, texts.MORE_OBJECTS),
        budget=room,
    )
    blocks += suspects
    if incident.blind:
        blocks.append(note(translator.text(texts.BLIND, reason=translator.localize(incident.blind))))
    checked = translator.text(texts.CHECKED, time=utc(incident.checked_at))
    blocks.append(
        note(
            translator.text(texts.SOURCE_OF_TRUTH),
            checked if incident.blind else translator.text(texts.CHANGES_NOTHING),
        )
    )
    blocks.append(
        actions(
            *silence_buttons(translator, incident.state, incident.card_id),
            button(translator.text(texts.SHOW_DIFF), SHOW_DIFF, incident.application),
            button(translator.text(texts.CHECK_NOW), CHECK_NOW, incident.application),
            adopt_button(translator, incident.application),
        )
    )
    return message(f"{text} {state_text}".strip(), *blocks)


def _state(translator: Translator, incident: Incident) -> tuple[list[Element], str]:
    """Who acknowledged it, or until when it is snoozed, for the blocks and the text; empty while it is open."""
    until, since = incident.snoozed_until, incident.acknowledged_at
    if incident.state is IncidentState.SNOOZED and until and incident.snoozed_by:
        line = _who(translator, texts.SNOOZED_BY, incident.snoozed_by, common.day_and_time(translator, until))
        return line, translator.text(texts.IS_SNOOZED, time=utc(until))
    if incident.state is IncidentState.ACKNOWLEDGED and since and incident.acknowledged_by:
        line = _who(translator, texts.ACKNOWLEDGED_BY, incident.acknowledged_by, common.day_and_time(translator, since))
        return line, translator.text(texts.IS_ACKNOWLEDGED)
    return [], ""


def _who(translator: Translator, phrase: Phrase, user: str, time: Element) -> list[Element]:
    return rich_line(translator, phrase, person=person(user), time=time)


def _resolved(translator: Translator, incident: Incident) -> Message:
    unwatched = incident.ended == "unwatched"
    top, short, long = _UNWATCHED_TEXTS if unwatched else _RESOLVED_TEXTS
    worst = worst_first(incident.drift if unwatched else incident.worst or incident.drift)
    where = common.where(translator, incident.application, incident.cluster)
    how = ending(translator, incident)
    text = translator.text(short, where=where, lasted=incident_duration(incident), ending=how)
    lead = rich_line(
        translator,
        long,
        lasted=words(incident_duration(incident), bold=True),
        time=common.day_and_time(translator, incident.resolved_at or incident.checked_at),
        ending=how,
        summary=common.summary(translator, worst),
    )
    blocks: list[Block] = [header(translator.text(top, where=where)), rich(paragraph(*lead))]
    blocks += fill(
        [common.object_lines(translator, object_drift, 3, 60) for object_drift in worst[:5]],
        common.more(translator, texts.MORE_OBJECTS),
        budget=3_000,
    )
    return message(text, *blocks)


def _capitalize(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}"

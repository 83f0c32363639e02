"""The card of one incident."""

from collections.abc import Sequence
from datetime import datetime

from bot.core.drift.fact import Fact, facts, most_important_first
from bot.core.drift.parts import AlignmentBudget
from bot.core.drift.severity import Rating
from bot.core.incidents.incident import Incident, IncidentState
from bot.core.incidents.selection import card_reference
from bot.i18n.catalogue import adopt as adopt_texts
from bot.i18n.catalogue import incident as texts
from bot.i18n.catalogue import rollout as rollout_texts
from bot.i18n.language import Phrase, Translator
from bot.messages import common, suspect
from bot.messages import fact as fact_message
from bot.messages.adopt import ADOPT
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
    overflow,
    paragraph,
    person,
    rich,
    rich_line,
    words,
)
from bot.messages.times import in_utc
from bot.messages.writer import Writer, sole_writer_of_drift, writer_line

SHOW_DIFF = "show_diff"
CHECK_NOW = "check_now"
# Action ids whose value is the card's subject: the id of an incident, or of a group that shares a card.
ACKNOWLEDGE = "acknowledge"
TAKE_OVER = "take_over"
RELEASE = "release"
SNOOZE = "snooze"
END_SNOOZE = "wake"
# The overflow menu. The value of an option is an action ID, a space, and a card reference.
MORE = "more"
EXPLAIN = "explain"

_STATE_MARKS = {IncidentState.ACKNOWLEDGED: "👀 ", IncidentState.SNOOZED: "💤 "}
# Characters of JSON for the differences; suspects reduce the maximum, so that the card fits in a message.
_MAX_DRIFT, _MIN_DRIFT = 8_500, 2_500
_MAX_OBJECTS = 8
_MAX_REASON = 200

_ENDINGS = {
    "cluster": texts.ENDED_BY_CLUSTER,
    "adopted": texts.ENDED_ADOPTED,
    "git": texts.ENDED_BY_GIT,
    "set_aside": texts.ENDED_SET_ASIDE,
    "undeclared": texts.ENDED_UNDECLARED,
    "unknown": texts.ENDED,
    "unwatched": texts.ENDED_UNWATCHED,
}
_RESOLVED_TEXTS = texts.RESOLVED_HEADER, texts.RESOLVED, texts.RESOLVED_LEAD
_UNWATCHED_TEXTS = texts.UNWATCHED_HEADER, texts.UNWATCHED, texts.UNWATCHED_LEAD


def card(translator: Translator, incident: Incident, now: datetime) -> Message:
    """The incident's current message in the channel."""
    if incident.state is IncidentState.RESOLVED:
        return _resolved(translator, incident)
    return _open(translator, incident, now)


def incident_header(translator: Translator, rating: Rating, state: IncidentState, where: str, fact: str) -> Block:
    """The header: severity, whether it is acknowledged or snoozed, where, and the worst fact."""
    mark = f"{_STATE_MARKS.get(state, '')}{fact_message.MARKS[rating.severity]}"
    return header(translator.text(texts.HEADER, mark=mark, where=where, fact=fact))


def ending(translator: Translator, incident: Incident) -> str:
    """`git was updated to match the cluster`."""
    if incident.ended_reason is None:
        return translator.text(_ENDINGS[incident.ended or "unknown"])
    reason = clip(translator.localize(incident.ended_reason), _MAX_REASON)
    return translator.text(texts.ENDED_SET_ASIDE_BY, reason=reason)


def incident_duration(incident: Incident) -> str:
    """From the first check that saw the drift to its resolution, or to the latest check: `2 h 5 min`."""
    return common.duration((incident.resolved_at or incident.checked_at) - incident.since)


def silence_buttons(
    translator: Translator, state: IncidentState, subject: str, *, is_owned: bool, is_yours: bool
) -> list[Element]:
    """The buttons for one person to acknowledge, take over or release, and to snooze or end a snooze."""
    release_button = button(translator.text(texts.RELEASE), RELEASE, subject)
    label, action, _ = _snooze(state, subject)
    return [
        release_button if is_yours else _acknowledge(translator, subject, is_owned=is_owned),
        button(translator.text(label), action, subject),
    ]


def card_actions(
    translator: Translator, state: IncidentState, subject: str, reference: str, *, is_owned: bool, is_shared: bool
) -> Block:
    """The actions of a card: `subject` is its id, `reference` what to check. A shared card has no Adopt.

    `is_owned` is whether someone has acknowledged it.
    """
    entries = [_snooze(state, subject), (texts.CHECK_NOW, CHECK_NOW, reference)]
    if is_owned:
        entries.insert(0, (texts.RELEASE, RELEASE, subject))
    if not is_shared:
        entries.append((adopt_texts.BUTTON, ADOPT, reference))
    entries.append((texts.EXPLAIN, EXPLAIN, reference))
    return actions(
        _acknowledge(translator, subject, is_owned=is_owned),
        button(translator.text(texts.SHOW_DIFF), SHOW_DIFF, reference),
        overflow(MORE, [(translator.text(label), _option(action, value)) for label, action, value in entries]),
    )


def _snooze(state: IncidentState, subject: str) -> tuple[Phrase, str, str]:
    is_snoozed = state is IncidentState.SNOOZED
    return (texts.END_SNOOZE, END_SNOOZE, subject) if is_snoozed else (texts.SNOOZE, SNOOZE, subject)


def _option(action: str, value: str) -> str:
    return f"{action} {card_reference(value)}"


def parse_option(value: str) -> tuple[str, str]:
    """The action id and value of an overflow menu option. They are untrusted."""
    action, _, reference = value.partition(" ")
    return action, reference


def _acknowledge(translator: Translator, subject: str, *, is_owned: bool) -> Element:
    if is_owned:
        return button(translator.text(texts.TAKE_OVER), TAKE_OVER, subject)
    return button(translator.text(texts.ACKNOWLEDGE), ACKNOWLEDGE, subject, style="primary")


def _open(translator: Translator, incident: Incident, now: datetime) -> Message:
    drift, rating = most_important_first(incident.drift), incident.rating
    drift_facts = facts(drift)
    writer = sole_writer_of_drift(drift)
    state, state_text = _state(translator, incident, now)
    text = translator.text(
        texts.OPEN,
        level=fact_message.level(translator, rating),
        where=common.where(translator, incident.application, incident.cluster),
        facts=fact_message.sentences(translator, drift_facts, writer, now),
    )
    where = common.title_where(translator, incident.application, incident.cluster)
    first_seen = rich_line(
        translator,
        texts.FIRST_SEEN_CHART if incident.chart else texts.FIRST_SEEN,
        revision=code(incident.chart or common.short_revision(translator, incident.revision)),
        time=common.day_and_time(translator, incident.since),
    )
    blocks: list[Block] = [
        incident_header(translator, rating, incident.state, where, fact_message.fact(translator, drift_facts[0])),
        rich(
            paragraph(*_lead(translator, rating, drift_facts, writer, incident)),
            *([paragraph(*state)] if state else []),
            paragraph(*first_seen),
        ),
    ]
    suspects = suspect.drift_suspects(translator, incident.suspects, incident.application)
    alignment = AlignmentBudget()
    room = max(_MIN_DRIFT, _MAX_DRIFT - json_size(suspects))
    blocks += fill(
        [
            common.object_lines(
                translator, object_drift, incident.since, 6, 90, writers=writer is None, alignment=alignment
            )
            for object_drift in drift
        ],
        common.more(translator, texts.MORE_OBJECTS),
        budget=room,
        limit=_MAX_OBJECTS,
    )
    blocks += suspects
    if incident.check_error:
        checked = translator.text(texts.CHECKED, time=in_utc(incident.checked_at, now))
        phrase = texts.GONE if incident.is_gone else texts.BLIND
        blocks.append(note(translator.text(phrase, reason=translator.localize(incident.check_error)), checked))
    blocks.append(
        card_actions(
            translator,
            incident.state,
            incident.card_id,
            incident.application,
            is_owned=incident.acknowledged_by is not None,
            is_shared=False,
        )
    )
    return message(f"{text} {state_text}".strip(), *blocks)


def _lead(
    translator: Translator,
    rating: Rating,
    drift_facts: Sequence[Fact],
    writer: Writer | None,
    incident: Incident,
) -> list[Element]:
    """`Serious · by kubectl-set, before 13:01 · and 1 more change`."""
    line = [words(fact_message.severity(translator, rating), bold=True)]
    if writer:
        line += [words(" · "), *writer_line(translator, writer, incident.since)]
    others = fact_message.more(translator, drift_facts, incident.omitted)
    return [*line, words(f" · {others}")] if others else line


def _state(translator: Translator, incident: Incident, now: datetime) -> tuple[list[Element], str]:
    """Who acknowledged it, and until when it is snoozed, for the blocks and the text; empty while it is open."""
    line: list[Element] = []
    states: list[str] = []
    if incident.acknowledged_by and incident.acknowledged_at:
        time = common.day_and_time(translator, incident.acknowledged_at)
        line += _who(translator, texts.ACKNOWLEDGED_BY, incident.acknowledged_by, time)
        states.append(translator.text(texts.IS_ACKNOWLEDGED))
    if incident.snoozed_until and incident.snoozed_by:
        time = common.day_and_time(translator, incident.snoozed_until)
        line += [*([words(" ")] if line else []), *_who(translator, texts.SNOOZED_BY, incident.snoozed_by, time)]
        states.append(translator.text(texts.IS_SNOOZED, time=in_utc(incident.snoozed_until, now)))
    return line, " ".join(states)


def _who(translator: Translator, phrase: Phrase, user: str, time: Element) -> list[Element]:
    return rich_line(translator, phrase, person=person(user), time=time)


def _resolved(translator: Translator, incident: Incident) -> Message:
    unwatched = incident.ended == "unwatched"
    top, short, long = _UNWATCHED_TEXTS if unwatched else _RESOLVED_TEXTS
    worst = most_important_first(incident.drift if unwatched else incident.worst or incident.drift)
    drift_facts = facts(worst)
    how = ending(translator, incident)
    ended_at = incident.resolved_at or incident.checked_at
    text = translator.text(
        short,
        where=common.where(translator, incident.application, incident.cluster),
        lasted=incident_duration(incident),
        ending=how,
        facts=fact_message.listed(translator, drift_facts),
    )
    lead = rich_line(
        translator,
        long,
        lasted=words(incident_duration(incident), bold=True),
        time=common.day_and_time(translator, ended_at),
        ending=how,
    )
    where = common.title_where(translator, incident.application, incident.cluster)
    headline = translator.text(top, where=where, fact=fact_message.fact(translator, drift_facts[0]))
    blocks: list[Block] = [header(headline), rich(paragraph(*lead))]
    alignment = AlignmentBudget()
    blocks += fill(
        [common.object_lines(translator, object_drift, ended_at, 3, 60, alignment=alignment) for object_drift in worst],
        common.more(translator, rollout_texts.MORE_OBJECTS),
        budget=3_000,
        limit=5,
    )
    return message(text, *blocks)

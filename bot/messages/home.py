"""The Home tab: open incidents, then the user's applications and pull requests, then the week. Lines fit a phone."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bot.core.applications.application import Application
from bot.core.drift.fact import Fact, facts
from bot.core.home import ApplicationFilter, Home, OpenCard, WeekSummary
from bot.core.incidents.incident import Incident, IncidentState
from bot.core.pull_requests.tracked_pull_request import TrackedPullRequest
from bot.i18n.catalogue import home as texts
from bot.i18n.catalogue import incident as card_texts
from bot.i18n.language import Phrase, Translator
from bot.messages import common, incident_group, people, status
from bot.messages import fact as fact_message
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
    link,
    note,
    paragraph,
    person,
    rich,
    rich_line,
    words,
)
from bot.messages.incident import END_SNOOZE, SHOW_DIFF, silence_buttons

_MAX_CARDS = 8  # incidents with buttons; the others are one line each
_MAX_LINES = 12
_MAX_PULLS = 8
_MAX_SNOOZES = 5
_MAX_NAMES = 4


@dataclass(frozen=True, slots=True)
class Notice:
    """The answer to a click, shown below the card with the id `about`, or else at the top."""

    message: Message
    about: str = ""


def content(translator: Translator, home: Home, notice: Notice | None = None) -> list[Block]:
    """The content without the time, so that unchanged content is equal."""
    return [
        header(_headline(translator, home)),
        *(_notice(notice) if notice and not _is_shown(home, notice.about) else ()),
        *_incidents(translator, home, notice),
        *_applications(translator, home),
        *_pulls(translator, home.pulls),
        *_snoozes(translator, home.snoozes, notice),
        *_week(translator, home.week),
    ]


def view(translator: Translator, blocks: Sequence[Block], at: datetime) -> Mapping[str, Any]:
    """The view to publish, with the time it was written."""
    written = rich_line(translator, texts.AS_OF, time=common.day_and_time(translator, at))
    return {"type": "home", "blocks": [*blocks, rich(paragraph(*written))]}


def error_blocks(message: Message) -> list[Block]:
    """The content if the state could not be read."""
    return _notice(Notice(message))


def _headline(translator: Translator, home: Home) -> str:
    cards = home.cards
    if not cards and home.snoozes:
        return translator.count(texts.ONLY_SNOOZED, sum(len(card.incidents) for card in home.snoozes))
    if not cards:
        return translator.text(texts.NONE_OPEN)
    worst = max(card.rating.severity for card in cards)
    return translator.count(texts.OPEN, sum(len(card.incidents) for card in cards), mark=fact_message.MARKS[worst])


def _is_shown(home: Home, card_id: str) -> bool:
    shown = (*home.cards[:_MAX_CARDS], *home.snoozes[:_MAX_SNOOZES])
    return card_id in {card.card_id for card in shown}


def _notice(notice: Notice) -> list[Block]:
    blocks = [block for block in notice.message.blocks if block["type"] in ("rich_text", "context")]
    return [*blocks[:3]] or [note(notice.message.text)]


def _below(notice: Notice | None, card: OpenCard) -> list[Block]:
    return _notice(notice) if notice and notice.about == card.card_id else []


# ---------------------------------------------------------------- open incidents


def _incidents(translator: Translator, home: Home, notice: Notice | None) -> Iterator[Block]:
    detailed, rest = home.cards[:_MAX_CARDS], home.cards[_MAX_CARDS:]
    both = len({card.mine for card in home.cards}) > 1
    mine: bool | None = None
    for card in detailed:
        if both and card.mine is not mine:
            yield _heading(translator, texts.YOURS if card.mine else texts.OTHERS)
        mine = card.mine
        yield rich(*(paragraph(*line) for line in _lines(translator, card)))
        buttons = silence_buttons(
            translator, card.state, card.card_id, is_owned=card.is_owned, is_yours=home.user in card.owners
        )
        yield actions(*buttons, button(translator.text(card_texts.SHOW_DIFF), SHOW_DIFF, card.card_id))
        yield from _below(notice, card)
    lines = [
        [bullets([[*_title(translator, card), words(" · "), *_since(translator, card)]])] for card in rest[:_MAX_LINES]
    ]
    more = common.more(translator, texts.MORE_OPEN, italic=False)
    yield from fill(lines, more, omitted=len(rest) - len(lines))


def _lines(translator: Translator, card: OpenCard) -> list[list[Element]]:
    return [
        _title(translator, card),
        [words(_why(translator, card))],
        [*_since(translator, card), *_state(translator, card)],
    ]


def _title(translator: Translator, card: OpenCard) -> list[Element]:
    fact = fact_message.fact(translator, _facts(card.incidents[0])[0])
    mark, where = fact_message.MARKS[card.rating.severity], _where(translator, card)
    return [words(clip(translator.text(texts.TITLE, mark=mark, where=where, fact=fact), 200), bold=True)]


def _facts(incident: Incident) -> Sequence[Fact]:
    return facts(incident.drift)


def _where(translator: Translator, card: OpenCard) -> str:
    first = card.incidents[0]
    if len(card.incidents) == 1:
        return common.title_where(translator, first.application, first.cluster)
    return incident_group.where(translator, card.incidents, len(card.incidents))


def _why(translator: Translator, card: OpenCard) -> str:
    first, severity = card.incidents[0], fact_message.severity(translator, card.rating)
    if len(card.incidents) == 1:
        return " · ".join(filter(None, (severity, fact_message.more(translator, _facts(first), first.omitted))))
    names = common.listed(translator, (incident.application for incident in card.incidents), _MAX_NAMES)
    return translator.text(texts.WHY_MANY, severity=severity, names=names, worst=first.application)


def _since(translator: Translator, card: OpenCard) -> list[Element]:
    return rich_line(translator, texts.SINCE, time=common.day_and_time(translator, card.since))


def _state(translator: Translator, card: OpenCard) -> list[Element]:
    """Who acknowledged or snoozed it; if its incidents differ, the first one in the card's state counts."""
    first = next(incident for incident in card.incidents if incident.state is card.state)
    at, until = first.acknowledged_at, first.snoozed_until
    if card.state is IncidentState.SNOOZED and until and first.snoozed_by:
        line = rich_line(
            translator, texts.SNOOZED, person=person(first.snoozed_by), time=common.day_and_time(translator, until)
        )
    elif card.state is IncidentState.ACKNOWLEDGED and at and first.acknowledged_by:
        line = rich_line(
            translator,
            texts.ACKNOWLEDGED,
            person=person(first.acknowledged_by),
            time=common.day_and_time(translator, at),
        )
    else:
        line = rich_line(translator, texts.NOT_ACKNOWLEDGED)
    differ = (
        len({(incident.state, incident.acknowledged_by, incident.snoozed_until) for incident in card.incidents}) > 1
    )
    return line + (rich_line(translator, texts.NOT_ALL) if differ else [])


# ---------------------------------------------------------------- the user's own


def _applications(translator: Translator, home: Home) -> Iterator[Block]:
    yield header(
        translator.text(
            texts.ALL_APPLICATIONS if home.application_filter is ApplicationFilter.ALL else texts.APPLICATIONS
        )
    )
    ranked = status.ranked(home.applications, home.checks)
    shown = ranked[:_MAX_LINES]
    parts = [[paragraph(words(translator.text(texts.RULES[home.application_filter]), italic=True))]]
    parts += [[bullets([_application(translator, application, home)])] for application in shown]

    def more(left: int) -> Element:
        states = ", ".join(status.tally(translator, ranked[-left:], home.checks))
        return paragraph(words(translator.text(texts.MORE_APPLICATIONS, n=translator.number(left), states=states)))

    yield from fill(parts, more, omitted=len(ranked) - len(shown))
    if home.owners_unknown:
        yield note(translator.text(texts.OWNERS_UNKNOWN, reason=translator.localize(home.owners_unknown)))


def _application(translator: Translator, application: Application, home: Home) -> list[Element]:
    check = home.checks.get(application.name)
    mark, state = status.state(translator, check)
    if check and check.drift:
        listed_facts = fact_message.listed(translator, facts(check.drift), limit=1)
        state = translator.text(texts.DIFFERS, state=state, facts=listed_facts)
    line = rich_line(
        translator,
        texts.APPLICATION,
        mark=mark,
        name=words(application.name, bold=True),
        state=state,
        cluster=clip(application.cluster, 63),
    )
    rolling_out = home.rolling_out.get(application.name)
    return line + (status.rolling_out(translator, rolling_out) if rolling_out else [])


def _pulls(translator: Translator, pulls: Sequence[TrackedPullRequest]) -> Iterator[Block]:
    yield header(translator.text(texts.PULLS))
    if not pulls:
        yield rich(paragraph(words(translator.text(texts.NO_PULL))))
    lines = [[bullets([_pull(translator, pull)])] for pull in pulls[:_MAX_PULLS]]
    more = common.more(translator, texts.MORE_PULLS, italic=False)
    yield from fill(lines, more, omitted=len(pulls) - len(lines))


def _pull(translator: Translator, pull: TrackedPullRequest) -> list[Element]:
    line = rich_line(
        translator,
        texts.PULL_STATES["moot" if pull.state == "open" and pull.moot else pull.state],
        link=link(pull.url, f"#{pull.number}"),
        title=clip(pull.title, 120),
        time=common.day_and_time(translator, pull.ended_at or pull.opened_at),
    )
    return [*line, words(" · "), *people.line(translator, pull.people)]


def _snoozes(translator: Translator, snoozes: Sequence[OpenCard], notice: Notice | None) -> Iterator[Block]:
    yield header(translator.text(texts.SNOOZES))
    if not snoozes:
        yield rich(paragraph(words(translator.text(texts.NO_SNOOZE))))
    for card in snoozes[:_MAX_SNOOZES]:
        until = min(incident.snoozed_until for incident in card.incidents if incident.snoozed_until)
        line = rich_line(
            translator,
            texts.SNOOZE,
            where=words(_where(translator, card), bold=True),
            time=common.day_and_time(translator, until),
        )
        yield rich(paragraph(*line))
        yield actions(
            button(translator.text(card_texts.END_SNOOZE), END_SNOOZE, card.card_id),
            button(translator.text(card_texts.SHOW_DIFF), SHOW_DIFF, card.card_id),
        )
        yield from _below(notice, card)
    if len(snoozes) > _MAX_SNOOZES:
        omitted = len(snoozes) - _MAX_SNOOZES
        yield rich(paragraph(words(translator.count(texts.MORE_OPEN, omitted))))


# ---------------------------------------------------------------- the week


def _week(translator: Translator, week: WeekSummary) -> Iterator[Block]:
    yield header(translator.text(texts.WEEK))
    number = translator.number
    objects = translator.count(texts.OBJECTS, week.objects)
    watched = translator.text(
        texts.WATCHED,
        objects=objects,
        applications=translator.count(texts.IN_APPLICATIONS, week.applications - week.unknown_applications),
    )
    lines = [
        translator.text(texts.INCIDENTS, opened=number(week.opened), resolved=number(week.resolved)),
        translator.text(texts.ACKNOWLEDGE, span=_span(translator, week.time_to_acknowledge, texts.NONE_ACKNOWLEDGED)),
        translator.text(texts.RESOLVE, span=_span(translator, week.time_to_resolve, texts.NONE_RESOLVED)),
        translator.text(
            texts.MERGES, n=number(week.rollouts_completed), span=_span(translator, week.time_to_live, texts.NO_MERGE)
        ),
        translator.text(texts.REVERTS, n=number(week.reverts_opened), merged=number(week.reverts_merged)),
        watched + (translator.count(texts.UNSEEN, week.unknown_applications) if week.unknown_applications else ""),
    ]
    yield rich(bullets([[words(line)] for line in lines]))
    if not week.complete:
        yield note(translator.text(texts.INCOMPLETE_WEEK))


def _span(translator: Translator, span: timedelta | None, unknown: Phrase) -> str:
    return translator.text(unknown) if span is None else common.duration(span)


def _heading(translator: Translator, phrase: Phrase) -> Block:
    return rich(paragraph(words(translator.text(phrase), bold=True)))

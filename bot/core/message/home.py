"""The Home tab: what is open first, then what is one's own, then the week. Read on a phone, so every line is short."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bot.core.application import Application
from bot.core.home import Home, Shown, Week, Whose
from bot.core.incident import IncidentState
from bot.core.message import incident_group, status, wording
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
    link,
    note,
    paragraph,
    person,
    rich,
    words,
)
from bot.core.message.catalogue import home as texts
from bot.core.message.catalogue import incident as card_texts
from bot.core.message.incident import MARKS, SHOW_DIFF, level, reason, silence_buttons
from bot.core.message.language import Phrase, Say
from bot.core.revert_pull import RevertPull
from bot.core.severity import worst_first

# Its value is the card's subject, as of the buttons on the card.
WAKE = "wake"

_MOST_CARDS = 8  # with buttons; so many more are a line each
_MOST_LINES = 12
_MOST_PULLS = 8
_MOST_SNOOZES = 5
_NAMED = 4


@dataclass(frozen=True, slots=True)
class Notice:
    """What came of a click, to be read where it was made: below what is shown of `about`, else on top."""

    said: Message
    about: str = ""


def content(say: Say, home: Home, notice: Notice | None = None) -> list[Block]:
    """All but when it was written, so that what reads the same is the same."""
    return [
        header(_headline(say, home)),
        *(_notice(notice) if notice and not _is_shown(home, notice.about) else ()),
        *_incidents(say, home, notice),
        *_applications(say, home),
        *_pulls(say, home.pulls),
        *_snoozes(say, home.snoozes, notice),
        *_week(say, home.week),
    ]


def view(say: Say, blocks: Sequence[Block], at: datetime) -> Mapping[str, Any]:
    """The view to publish."""
    written = say.line(texts.AS_OF, time=wording.day_and_time(say, at))
    return {"type": "home", "blocks": [*blocks, rich(paragraph(*written))]}


def trouble(said: Message) -> list[Block]:
    """Where what there is to show is not known."""
    return _notice(Notice(said))


def _headline(say: Say, home: Home) -> str:
    every = _every(home)
    if not every:
        return say.text(texts.NONE_OPEN)
    worst = max(each.rating.severity for each in every)
    return say.count(texts.OPEN, sum(len(each.incidents) for each in every), mark=MARKS[worst])


def _every(home: Home) -> list[Shown]:
    return list({each.subject: each for each in (*home.cards, *home.snoozes)}.values())


def _is_shown(home: Home, subject: str) -> bool:
    shown = (*home.cards[:_MOST_CARDS], *home.snoozes[:_MOST_SNOOZES])
    return subject in {each.subject for each in shown}


def _notice(notice: Notice) -> list[Block]:
    said = [block for block in notice.said.blocks if block["type"] in ("rich_text", "context")]
    return [*said[:3]] or [note(notice.said.text)]


def _below(notice: Notice | None, shown: Shown) -> list[Block]:
    return _notice(notice) if notice and notice.about == shown.subject else []


# ---------------------------------------------------------------- open incidents


def _incidents(say: Say, home: Home, notice: Notice | None) -> Iterator[Block]:
    full, rest = home.cards[:_MOST_CARDS], home.cards[_MOST_CARDS:]
    both = len({each.mine for each in home.cards}) > 1
    mine: bool | None = None
    for shown in full:
        if both and shown.mine is not mine:
            yield _heading(say, texts.YOURS if shown.mine else texts.OTHERS)
        mine = shown.mine
        yield rich(*(paragraph(*line) for line in _lines(say, shown)))
        buttons = silence_buttons(say, shown.state, shown.subject)
        yield actions(*buttons, button(say.text(card_texts.SHOW_DIFF), SHOW_DIFF, shown.subject))
        yield from _below(notice, shown)
    lines = [[bullets([[*_title(say, each), words(" · "), *_since(say, each)]])] for each in rest[:_MOST_LINES]]
    left = len(rest) - len(lines)
    if left:
        lines.append([paragraph(words(say.count(texts.MORE_OPEN, left)))])
    yield from fill(lines, lambda cut: paragraph(words(say.count(texts.MORE_OPEN, cut + left))))


def _lines(say: Say, shown: Shown) -> list[list[Element]]:
    return [_title(say, shown), [words(_why(say, shown))], [*_since(say, shown), *_state(say, shown)]]


def _title(say: Say, shown: Shown) -> list[Element]:
    named = say.text(
        texts.TITLE, mark=MARKS[shown.rating.severity], level=level(say, shown.rating), where=_where(say, shown)
    )
    return [words(clip(named, 200), bold=True)]


def _where(say: Say, shown: Shown) -> str:
    first = shown.incidents[0]
    if len(shown.incidents) == 1:
        return wording.where(say, first.application, first.cluster)
    return incident_group.where(say, shown.incidents, len(shown.incidents))


def _why(say: Say, shown: Shown) -> str:
    first, why = shown.incidents[0], reason(say, shown.rating)
    if len(shown.incidents) == 1:
        said = say.text(texts.WHY, reason=why, summary=wording.summary(say, worst_first(first.drift)))
    else:
        names = wording.listed(say, (each.application for each in shown.incidents), _NAMED)
        said = say.text(texts.WHY_MANY, names=names, worst=first.application, reason=why)
    return f"{said[:1].upper()}{said[1:]}"


def _since(say: Say, shown: Shown) -> list[Element]:
    return say.line(texts.SINCE, time=wording.day_and_time(say, shown.since))


def _state(say: Say, shown: Shown) -> list[Element]:
    """Who has it, or until when it is quiet; of many that differ in this, what the first of that state says."""
    one = next(each for each in shown.incidents if each.state is shown.state)
    at, until = one.acknowledged_at, one.snoozed_until
    if shown.state is IncidentState.SNOOZED and until and one.snoozed_by:
        said = say.line(texts.SNOOZED, person=person(one.snoozed_by), time=wording.day_and_time(say, until))
    elif shown.state is IncidentState.ACKNOWLEDGED and at and one.acknowledged_by:
        said = say.line(texts.HAS_IT, person=person(one.acknowledged_by), time=wording.day_and_time(say, at))
    else:
        said = say.line(texts.NOBODY_HAS_IT)
    several = len({(each.state, each.acknowledged_by, each.snoozed_until) for each in shown.incidents}) > 1
    return said + (say.line(texts.NOT_ALL) if several else [])


# ---------------------------------------------------------------- one's own


def _applications(say: Say, home: Home) -> Iterator[Block]:
    yield header(say.text(texts.ALL_APPLICATIONS if home.whose is Whose.ALL else texts.APPLICATIONS))
    ranked = status.ranked(home.applications, home.checks)
    shown, rest = ranked[:_MOST_LINES], ranked[_MOST_LINES:]
    parts = [[paragraph(words(say.text(texts.RULES[home.whose]), italic=True))]]
    parts += [[bullets([_application(say, each, home)])] for each in shown]
    if rest:
        states = ", ".join(status.tally(say, rest, home.checks))
        parts.append([paragraph(words(say.text(texts.MORE_APPLICATIONS, n=say.number(len(rest)), states=states)))])
    yield from fill(parts, lambda left: paragraph(wording.and_more(say, left)))
    if home.unknown:
        yield note(say.text(texts.OWNERS_UNKNOWN, reason=say.told(home.unknown)))


def _application(say: Say, application: Application, home: Home) -> list[Element]:
    check = home.checks.get(application.name)
    mark, state = status.state(say, check)
    if check and check.drift:
        state = say.text(texts.DIFFERS, state=state, objects=say.count(texts.OBJECTS, len(check.drift)))
    line = say.line(
        texts.APPLICATION,
        mark=mark,
        name=words(application.name, bold=True),
        state=state,
        cluster=clip(application.cluster, 63),
    )
    arriving = home.arriving.get(application.name)
    return line + (status.arriving(say, arriving) if arriving else [])


def _pulls(say: Say, pulls: Sequence[RevertPull]) -> Iterator[Block]:
    yield header(say.text(texts.PULLS))
    if not pulls:
        yield rich(paragraph(words(say.text(texts.NO_PULL))))
    lines = [[bullets([_pull(say, each)])] for each in pulls[:_MOST_PULLS]]
    left = len(pulls) - len(lines)
    if left:
        lines.append([paragraph(words(say.count(texts.MORE_PULLS, left)))])
    yield from fill(lines, lambda cut: paragraph(words(say.count(texts.MORE_PULLS, cut + left))))


def _pull(say: Say, pull: RevertPull) -> list[Element]:
    return say.line(
        texts.PULL_STATES[pull.state],
        link=link(pull.url, f"#{pull.number}"),
        title=clip(pull.title, 120),
        time=wording.day_and_time(say, pull.ended_at or pull.opened_at),
    )


def _snoozes(say: Say, snoozes: Sequence[Shown], notice: Notice | None) -> Iterator[Block]:
    yield header(say.text(texts.SNOOZES))
    if not snoozes:
        yield rich(paragraph(words(say.text(texts.NO_SNOOZE))))
    for shown in snoozes[:_MOST_SNOOZES]:
        until = min(each.snoozed_until for each in shown.incidents if each.snoozed_until)
        line = say.line(texts.SNOOZE, where=words(_where(say, shown), bold=True), time=wording.day_and_time(say, until))
        yield rich(paragraph(*line))
        yield actions(
            button(say.text(texts.WAKE), WAKE, shown.subject),
            button(say.text(card_texts.SHOW_DIFF), SHOW_DIFF, shown.subject),
        )
        yield from _below(notice, shown)
    if len(snoozes) > _MOST_SNOOZES:
        left = len(snoozes) - _MOST_SNOOZES
        yield rich(paragraph(words(say.count(texts.MORE_OPEN, left))))


# ---------------------------------------------------------------- the week


def _week(say: Say, week: Week) -> Iterator[Block]:
    yield header(say.text(texts.WEEK))
    number = say.number
    objects = say.count(texts.OBJECTS, week.objects)
    watched = say.text(
        texts.WATCHED,
        objects=objects,
        applications=say.count(texts.IN_APPLICATIONS, week.applications - week.unseen),
    )
    lines = [
        say.text(texts.INCIDENTS, opened=number(week.opened), resolved=number(week.resolved)),
        say.text(texts.ACKNOWLEDGE, span=_span(say, week.acknowledge, texts.NONE_TAKEN)),
        say.text(texts.RESOLVE, span=_span(say, week.resolve, texts.NONE_RESOLVED)),
        say.text(texts.MERGES, n=number(week.live), span=_span(say, week.arrive, texts.NO_MERGE)),
        say.text(texts.REVERTS, n=number(week.reverts), merged=number(week.merged)),
        watched + (say.count(texts.UNSEEN, week.unseen) if week.unseen else ""),
    ]
    yield rich(bullets([[words(line)] for line in lines]))
    if not week.whole:
        yield note(say.text(texts.NOT_WHOLE))


def _span(say: Say, span: timedelta | None, unknown: Phrase) -> str:
    return say.text(unknown) if span is None else wording.duration(span)


def _heading(say: Say, phrase: Phrase) -> Block:
    return rich(paragraph(words(say.text(phrase), bold=True)))

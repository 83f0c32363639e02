"""The diff modal: every difference, page by page, where a message would have to cut."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from bot.core.drift import Check, ObjectDrift
from bot.core.message import wording
from bot.core.message.blocks import Block, Element, Message, actions, button, clip, fill, paragraph, rich, words
from bot.core.message.catalogue import control
from bot.core.message.catalogue import drift as texts
from bot.core.message.drift import found
from bot.core.message.language import Say

# Slack wants the action ids of one view to differ; the value of both is the number of a page, the first being 0.
PREVIOUS = "diff_previous"
NEXT = "diff_next"

_VALUE = 300  # characters of a value
_PAGE = 7_000  # characters of JSON: two or three screens of a phone
_FIELDS = 12  # of one object in a row; the next ones stand below its name again


def view(say: Say, checks: Sequence[Check], reference: str, page: int) -> Mapping[str, Any]:
    """Page `page` (the nearest there is) of what these checks found; `reference` is what its buttons are about."""
    pages = list(_pages(say, checks))
    here = min(max(page, 0), len(pages) - 1)
    blocks = [rich(paragraph(words(clip(found(say, check), 1_000)))) for check in checks[:_FIELDS] if here == 0]
    blocks += fill(pages[here], lambda _: paragraph(words("…")), budget=2 * _PAGE)
    if len(pages) > 1:
        number = say.text(texts.PAGE, n=say.number(here + 1), all=say.number(len(pages)))
        blocks += [rich(paragraph(words(number, italic=True))), _turns(say, here, len(pages))]
    title = _title(say, [check.application for check in checks])
    return wording.dialog(say, title, *blocks, reference=reference)


def reading(say: Say, applications: Sequence[str]) -> Mapping[str, Any]:
    """What the modal shows until the cluster has answered: a trigger expires 3 s after the click."""
    names = wording.listed(say, applications)
    text = wording.reading(say, names) if names else say.text(control.ONE_MOMENT)
    return wording.dialog(say, _title(say, applications), rich(paragraph(words(text))))


def outdated(say: Say, said: Message) -> Mapping[str, Any]:
    """The same modal, when there is nothing to show."""
    return wording.dialog(say, _title(say, ()), *said.blocks)


def _title(say: Say, applications: Sequence[str]) -> str:
    one = applications[0] if len(applications) == 1 else say.count(texts.SEVERAL, len(applications))
    return say.text(texts.TITLE, application=one) if applications else say.text(texts.BARE_TITLE)


def _turns(say: Say, here: int, pages: int) -> Block:
    buttons = []
    if here > 0:
        buttons.append(button(say.text(texts.PREVIOUS), PREVIOUS, str(here - 1)))
    if here < pages - 1:
        buttons.append(button(say.text(texts.NEXT), NEXT, str(here + 1), style="primary"))
    return actions(*buttons)


def _pages(say: Say, checks: Sequence[Check]) -> Iterator[list[list[Element]]]:
    """Parts of rich text, as many as fit each page; at least one page."""
    page: list[list[Element]] = []
    used = 0
    for part in _parts(say, checks):
        size = len(json.dumps(part, ensure_ascii=False))
        if page and used + size > _PAGE:
            yield page
            page, used = [], 0
        page.append(part)
        used += size
    yield page


def _parts(say: Say, checks: Sequence[Check]) -> Iterator[list[Element]]:
    for check in checks:
        if len(checks) > 1 and check.drift:
            where = wording.where(say, check.application, check.cluster)
            yield [paragraph(words(f"\n{where}", bold=True))]
        if check.error and check.drift:
            yield [paragraph(words(say.text(texts.NOT_EVERYTHING, reason=clip(say.told(check.error), 1_000))))]
        for each in check.drift:
            yield from (wording.object_lines(say, part, _FIELDS, _VALUE) for part in _portions(each))


def _portions(each: ObjectDrift) -> Iterator[ObjectDrift]:
    """An object in portions of some fields; one that is missing has none and is one portion."""
    for start in range(0, max(len(each.fields), 1), _FIELDS):
        yield replace(each, fields=each.fields[start : start + _FIELDS])

"""The diff modal: every difference, page by page, since a message would be cut."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from bot.core.drift.fact import most_important_first
from bot.core.drift.model import Check, Status
from bot.core.drift.parts import MAX_DIFF_STEPS, AlignmentBudget
from bot.i18n.catalogue import drift as texts
from bot.i18n.catalogue import silence
from bot.i18n.language import Translator
from bot.messages import common
from bot.messages.blocks import (
    Block,
    Element,
    Message,
    actions,
    button,
    clip,
    in_blocks,
    paragraph,
    portions,
    rich,
    words,
)
from bot.messages.drift import check_sentence
from bot.messages.object_links import ObjectLinks
from bot.messages.unified_diff import object_diff

# Slack requires unique action ids in a view. The value of both buttons is a page number, from 0.
PREVIOUS = "diff_previous"
NEXT = "diff_next"

_MAX_VALUE = 300  # characters of a value
_MAX_PAGE = 7_000  # characters of JSON: two or three screens of a phone


def view(
    translator: Translator, checks: Sequence[Check], links: ObjectLinks, reference: str, page: int
) -> Mapping[str, Any]:
    """Page `page`, from 0, or the nearest that exists. `reference` identifies the card or application shown."""
    pages = list(_pages(translator, checks, links))
    current = min(max(page, 0), len(pages) - 1)
    blocks = in_blocks(pages[current])
    if len(pages) > 1:
        number = translator.text(texts.PAGE, n=translator.number(current + 1), all=translator.number(len(pages)))
        blocks += [rich(paragraph(words(number, italic=True))), _page_buttons(translator, current, len(pages))]
    title = _title(translator, [check.application for check in checks])
    return common.info_modal(translator, title, *blocks, reference=reference)


def loading_view(translator: Translator, applications: Sequence[str]) -> Mapping[str, Any]:
    """The modal until the cluster has responded: a trigger id expires 3 s after the click."""
    names = common.listed(translator, applications)
    text = common.loading(translator, names) if names else translator.text(silence.ONE_MOMENT)
    return common.info_modal(translator, _title(translator, applications), rich(paragraph(words(text))))


def message_view(translator: Translator, message: Message) -> Mapping[str, Any]:
    """The modal with a message in place of a diff."""
    return common.info_modal(translator, _title(translator, ()), *message.blocks)


def _title(translator: Translator, applications: Sequence[str]) -> str:
    one = applications[0] if len(applications) == 1 else translator.count(texts.SEVERAL, len(applications))
    return translator.text(texts.TITLE, application=one) if applications else translator.text(texts.BARE_TITLE)


def _page_buttons(translator: Translator, current: int, pages: int) -> Block:
    buttons = []
    if current > 0:
        buttons.append(button(translator.text(texts.PREVIOUS), PREVIOUS, str(current - 1)))
    if current < pages - 1:
        buttons.append(button(translator.text(texts.NEXT), NEXT, str(current + 1), style="primary"))
    return actions(*buttons)


def _pages(translator: Translator, checks: Sequence[Check], links: ObjectLinks) -> Iterator[list[list[Element]]]:
    """The parts of rich text on each page; at least one page."""
    page: list[list[Element]] = []
    used = 0
    for part in _parts(translator, checks, links):
        size = len(json.dumps(part, ensure_ascii=False))
        if page and used + size > _MAX_PAGE:
            yield page
            page, used = [], 0
        page.append(part)
        used += size
    yield page


def _parts(translator: Translator, checks: Sequence[Check], links: ObjectLinks) -> Iterator[list[Element]]:
    """A sentence for each check, unknown ones first, then the objects; the name of one on several pages is repeated."""
    for check in sorted(checks, key=lambda check: check.status is not Status.UNKNOWN):
        yield [paragraph(words(f"{clip(check_sentence(translator, check), 1_000)}\n"))]
    for check in checks:
        if len(checks) > 1 and check.drift:
            where = common.where(translator, check.application, check.cluster)
            yield [paragraph(words(f"\n{where}", bold=True))]
        if check.error and check.drift:
            yield [
                paragraph(
                    words(translator.text(texts.NOT_EVERYTHING, reason=clip(translator.localize(check.error), 1_000)))
                )
            ]
        alignment = AlignmentBudget(MAX_DIFF_STEPS)
        for object_drift in most_important_first(check.drift):
            shown = object_diff(translator, object_drift, check.at, _MAX_VALUE, links(check, object_drift), alignment)
            yield from portions(shown, _MAX_PAGE)

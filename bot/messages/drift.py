"""The answers to `/gitops drift` and `/gitops diff`."""

import json
from collections.abc import Sequence

from bot.core.drift.fact import facts, most_important_first
from bot.core.drift.model import Check, ObjectDrift, Status
from bot.core.drift.parts import MAX_DIFF_STEPS, AlignmentBudget
from bot.core.drift.severity import rate, rate_field, rate_object
from bot.core.drift.short_path import short_path
from bot.i18n.catalogue import common as shared
from bot.i18n.catalogue import drift as texts
from bot.i18n.language import Text, Translator
from bot.messages import common
from bot.messages import fact as fact_message
from bot.messages.blocks import (
    MAX_JSON,
    Block,
    Element,
    Message,
    Part,
    bullets,
    clip,
    code,
    fill,
    fits,
    message,
    paragraph,
    rich,
    rich_line,
    text_message,
    words,
)
from bot.messages.object_links import ObjectLinks
from bot.messages.unified_diff import is_field_cut, object_diff

_MAX_REASONS = 12
_MAX_PER_REASON = 8

_MAX_VALUE = 300  # characters of a value in the answer to `diff`


def answer(translator: Translator, checks: Sequence[Check]) -> Message:
    """The answer to `/gitops drift`."""
    drifted = [check for check in checks if check.drift]
    unknown = [check for check in checks if check.status is Status.UNKNOWN]
    synced = [check for check in checks if check.status is Status.SYNCED]
    clauses = [
        translator.count(
            phrase, len(group), names=common.listed(translator, (check.application for check in group), limit)
        )
        for phrase, group, limit in (
            (texts.OUT_OF_SYNC, drifted, 3),
            (texts.INCOMPLETE, unknown, 3),
            (texts.SYNCED, synced, 6),
        )
        if group
    ]
    text = (
        translator.text(texts.CHECKED, found="; ".join(clauses)) if clauses else translator.text(texts.NO_APPLICATION)
    )
    alignment = AlignmentBudget()
    parts = [
        Part(
            _head(translator, check, "\n"),
            [
                common.object_lines(translator, object_drift, check.at, alignment=alignment)
                for object_drift in most_important_first(check.drift)
            ],
            common.more(translator, texts.MORE_OBJECTS),
        )
        for check in [*drifted, *(check for check in unknown if not check.drift)]
    ]
    return text_message(text, *fill(parts, common.more(translator, texts.MORE_APPLICATIONS)))


def _head(translator: Translator, check: Check, space: str = "") -> list[Element]:
    """The check's heading, and what could not be checked."""
    lines = [words(f"{space}{_heading(translator, check)}", bold=True)]
    if check.error:
        lines.append(words(translator.text(texts.UNKNOWN, reason=clip(translator.localize(check.error), 600))))
    return [paragraph(line) for line in lines]


def _heading(translator: Translator, check: Check) -> str:
    """`🟠 shop · prod: web image 4.7.2 → latest`."""
    where = common.title_where(translator, check.application, check.cluster)
    if not check.drift:
        return where
    mark = fact_message.MARKS[rate(check.drift).severity]
    return translator.text(
        texts.HEADING, mark=mark, where=where, fact=fact_message.fact(translator, facts(check.drift)[0])
    )


def diff(
    translator: Translator, check: Check | None, application: str, links: ObjectLinks, *, everything: bool
) -> Message:
    """The answer to `/gitops diff`: every difference in the latest check, None if there is none.

    `everything` adds the differences that don't count as drift.
    """
    text, blocks = _diff(translator, check, application, links, everything=everything)
    return message(text, *blocks)


def explain(translator: Translator, checks: Sequence[Check]) -> Message:
    """Why each difference has its severity, which rule made it drift, and how many were set aside by each rule."""
    parts = [
        Part(
            _head(translator, check),
            [_explained(translator, object_drift) for object_drift in most_important_first(check.drift)],
            common.more(translator, texts.MORE_OBJECTS),
            tail=_counts(translator, _by_reason(translator, check.set_aside)),
        )
        for check in checks
    ]
    names = common.listed(translator, (check.application for check in checks))
    text = translator.text(texts.EXPLAINED, applications=names)
    return text_message(text, *fill(parts, common.more(translator, texts.MORE_APPLICATIONS)))


def _explained(translator: Translator, object_drift: ObjectDrift) -> Part:
    """An object and, for each difference, the severity with its reason, and the rule that made it drift."""
    name = words(common.object_name(object_drift), bold=True)
    more = common.more_bullets(translator, shared.MORE_FIELDS)
    if object_drift.change == "missing" or not object_drift.fields:
        rating = rate_object(object_drift)
        line = rich_line(
            translator,
            texts.EXPLAINED_OBJECT,
            object=name,
            severity=fact_message.severity(translator, rating),
            reason=fact_message.reason(translator, rating),
        )
        return Part([paragraph(*line)], (), more)
    lines = []
    for field in object_drift.fields[:_MAX_PER_REASON]:
        rating = rate_field(object_drift, field)
        line = rich_line(
            translator,
            texts.EXPLAINED_FIELD,
            path=code(clip(short_path(object_drift.kind, object_drift.name, field.path), common.MAX_PATH)),
            severity=fact_message.severity(translator, rating),
            reason=fact_message.reason(translator, rating),
            rule=clip(translator.localize(field.reason), 160),
        )
        lines.append([bullets([line])])
    return Part([paragraph(name)], lines, more, omitted=len(object_drift.fields) - len(lines))


def is_cut(translator: Translator, check: Check, links: ObjectLinks) -> bool:
    """Whether `diff` leaves something out."""
    fields = [field for object_drift in check.drift for field in object_drift.fields]
    alignment = AlignmentBudget(MAX_DIFF_STEPS)
    return any(is_field_cut(field, _MAX_VALUE, alignment) for field in fields) or not fits(
        _objects(translator, check, links)
    )


def _diff(
    translator: Translator, check: Check | None, application: str, links: ObjectLinks, *, everything: bool
) -> tuple[str, list[Block]]:
    if check is None:
        text = translator.text(texts.UNCHECKED, application=application)
        return text, [rich(paragraph(words(text)))]
    text = check_sentence(translator, check)
    blocks: list[Block] = [rich(paragraph(words(clip(text, 2_000))))]
    if check.error and check.drift:
        unseen = translator.text(texts.NOT_EVERYTHING, reason=clip(translator.localize(check.error), 1_000))
        blocks.append(rich(paragraph(words(unseen))))
    blocks += [rich(paragraph(words(clip(translator.localize(note), 400)))) for note in check.notes]
    blocks += fill(_objects(translator, check, links), common.more(translator, texts.MORE_IN_DIFF))
    if everything:
        left = MAX_JSON - 1_500 - len(json.dumps(blocks, ensure_ascii=False))
        blocks += _set_aside(translator, check.set_aside, budget=max(left, 1_500))
    return text, blocks


def check_sentence(translator: Translator, check: Check) -> str:
    """The result of a check in one sentence."""
    where = common.where(translator, check.application, check.cluster)
    revision = common.checked_revision(translator, check)
    if check.drift:
        listed_facts = fact_message.listed(translator, facts(check.drift))
        return translator.text(texts.DIFFERS, where=where, facts=listed_facts, revision=revision)
    if check.status is Status.SYNCED:
        return translator.count(texts.IN_SYNC, check.objects, where=where, revision=revision)
    return translator.text(texts.NOT_CHECKED, where=where, reason=translator.localize(check.error or ""))


def _objects(translator: Translator, check: Check, links: ObjectLinks) -> list[Part]:
    alignment = AlignmentBudget(MAX_DIFF_STEPS)
    return [
        object_diff(translator, object_drift, check.at, _MAX_VALUE, links(check, object_drift), alignment)
        for object_drift in most_important_first(check.drift)
    ]


def _set_aside(translator: Translator, objects: Sequence[ObjectDrift], budget: int) -> list[Block]:
    """The differences that don't count as drift: the number for each reason, then a list, rarest reason first."""
    by_reason = _by_reason(translator, objects)
    if not by_reason:
        return [rich(*_counts(translator, by_reason))]
    parts = [_counts(translator, by_reason)]
    for reason, lines in by_reason:
        parts.append([paragraph(words(f"\n{clip(translator.localize(reason), 120)}", bold=True)), bullets(lines[:1])])
        parts += [[bullets([line])] for line in lines[1:]]
    return fill(parts, lambda _: paragraph(words(translator.text(texts.WHOLE_LIST), italic=True)), budget=budget)


def _by_reason(translator: Translator, objects: Sequence[ObjectDrift]) -> list[tuple[Text, list[list[Element]]]]:
    """A line for each difference that was set aside, by reason, rarest first."""
    by_reason: dict[Text, list[list[Element]]] = {}
    for object_drift in objects:
        name = common.object_name(object_drift)
        if object_drift.change == "missing":
            by_reason.setdefault(object_drift.reason, []).append(
                rich_line(translator, texts.NOT_IN_CLUSTER, object=name)
            )
        for field in object_drift.fields:
            line = [words(f"{name} "), code(clip(field.path, common.MAX_PATH))]
            by_reason.setdefault(field.reason, []).append(line)
    return sorted(by_reason.items(), key=lambda item: len(item[1]))


def _counts(translator: Translator, by_reason: Sequence[tuple[Text, Sequence[Sequence[Element]]]]) -> list[Element]:
    """How many differences were set aside, in total and for each reason, most frequent first."""
    if not by_reason:
        return [paragraph(words(translator.text(texts.NOTHING_ASIDE)))]
    lead = translator.count(texts.ASIDE, sum(len(lines) for _, lines in by_reason))
    counts = [
        [words(f"{translator.number(len(lines))}: {clip(translator.localize(reason), 120)}")]
        for reason, lines in by_reason[-_MAX_REASONS:][::-1]
    ]
    return [paragraph(words(lead, bold=True)), bullets(counts)]

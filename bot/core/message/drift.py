"""What the bot says of drift: the answers to `drift` and `diff`, the diff modal."""

import json
from collections.abc import Sequence

from bot.core.drift import Check, ObjectDrift, Status
from bot.core.message import wording
from bot.core.message.blocks import (
    MOST_JSON,
    Block,
    Element,
    Message,
    bullets,
    clip,
    code,
    fill,
    message,
    paragraph,
    rich,
    words,
)
from bot.core.message.catalogue import drift as texts
from bot.core.message.language import Say

_MOST_REASONS = 12
_MOST_OF_A_REASON = 8

# `diff` shows so many fields of an object, and so many characters of a value.
_FIELDS = 40
_VALUE = 300


def checked(say: Say, checks: Sequence[Check]) -> Message:
    """The answer to `/gitops drift`."""
    drifted = [check for check in checks if check.drift]
    unknown = [check for check in checks if check.status is Status.UNKNOWN]
    synced = [check for check in checks if check.status is Status.SYNCED]
    said = [
        say.text(phrase, names=wording.listed(say, (check.application for check in found), most))
        for phrase, found, most in (
            (texts.OUT_OF_SYNC, drifted, 3),
            (texts.INCOMPLETE, unknown, 3),
            (texts.SYNCED, synced, 6),
        )
        if found
    ]
    text = say.text(texts.CHECKED, found="; ".join(said)) if said else say.text(texts.NO_APPLICATION)
    parts: list[list[Element]] = []
    for check in [*drifted, *(check for check in unknown if not check.drift)]:
        parts.append([paragraph(words(f"\n{wording.where(say, check.application, check.cluster)}", bold=True))])
        if check.error:
            parts.append([paragraph(words(say.text(texts.UNKNOWN, reason=clip(say.told(check.error), 600))))])
        parts.extend(wording.object_lines(say, found) for found in check.drift)
    return message(text, rich(paragraph(words(text))), *fill(parts, _more(say)))


def diff(say: Say, check: Check | None, application: str, *, everything: bool) -> Message:
    """The answer to `/gitops diff`: every difference of the latest look."""
    text, blocks = _diff(say, check, application, everything=everything)
    return message(text, *blocks)


def incomplete(say: Say, check: Check) -> bool:
    """Whether `diff` cannot show everything."""
    cut: list[int] = []

    def note_cut(left: int) -> Element:
        cut.append(left)
        return _more(say)(left)

    _lines(say, check, note_cut)
    sides = [side for found in check.drift for each in found.fields for side in (each.desired, each.live)]
    long = any(len(wording.value(say, side, _VALUE + 1)) > _VALUE for side in sides)
    return bool(cut) or long or any(len(found.fields) > _FIELDS for found in check.drift)


def _diff(say: Say, check: Check | None, application: str, *, everything: bool) -> tuple[str, list[Block]]:
    if check is None:
        text = say.text(texts.UNCHECKED, application=application)
        return text, [rich(paragraph(words(text)))]
    text = found(say, check)
    blocks: list[Block] = [rich(paragraph(words(clip(text, 2_000))))]
    if check.error and check.drift:
        unseen = say.text(texts.NOT_EVERYTHING, reason=clip(say.told(check.error), 1_000))
        blocks.append(rich(paragraph(words(unseen))))
    blocks += [rich(paragraph(words(clip(say.told(note), 400)))) for note in check.notes]
    blocks += _lines(say, check, _more(say))
    if everything:
        left = MOST_JSON - 1_500 - len(json.dumps(blocks, ensure_ascii=False))
        blocks += _set_aside(say, check.set_aside, budget=max(left, 1_500))
    return text, blocks


def found(say: Say, check: Check) -> str:
    """What a check found, as a sentence."""
    where = wording.where(say, check.application, check.cluster)
    revision = wording.short(say, check.revision)
    if check.drift:
        return say.text(texts.DIFFERS, where=where, summary=wording.summary(say, check.drift), revision=revision)
    if check.status is Status.SYNCED:
        return say.count(texts.IN_SYNC, check.objects, where=where, revision=revision)
    return say.text(texts.NOT_CHECKED, where=where, reason=say.told(check.error or ""))


def _lines(say: Say, check: Check, more: wording.More) -> list[Block]:
    return fill([wording.object_lines(say, found, _FIELDS, _VALUE) for found in check.drift], more)


def _set_aside(say: Say, found: Sequence[ObjectDrift], budget: int) -> list[Block]:
    """What is no drift: how many for which reason, then which ones, the rare reasons first."""
    by_reason: dict[str, list[list[Element]]] = {}
    for each in found:
        name = wording.object_name(each)
        if each.change == "missing":
            by_reason.setdefault(each.reason, []).append(say.line(texts.NOT_IN_CLUSTER, object=name))
        for field in each.fields:
            line = [words(f"{name} "), code(clip(field.path, wording.MOST_PATH))]
            by_reason.setdefault(field.reason, []).append(line)
    if not by_reason:
        return [rich(paragraph(words(say.text(texts.NOTHING_ASIDE))))]
    rare_first = sorted(by_reason.items(), key=lambda item: len(item[1]))
    lead = say.count(texts.ASIDE, sum(map(len, by_reason.values())))
    counts = [
        [words(f"{say.number(len(lines))}: {clip(say.told(reason), 120)}")]
        for reason, lines in rare_first[-_MOST_REASONS:][::-1]
    ]
    parts: list[list[Element]] = [[paragraph(words(lead, bold=True)), bullets(counts)]]
    for reason, lines in rare_first:
        shown = lines[:_MOST_OF_A_REASON]
        if len(lines) > len(shown):
            shown = [*shown, [wording.and_more(say, len(lines) - len(shown))]]
        parts.append([paragraph(words(f"\n{clip(say.told(reason), 120)}", bold=True)), bullets(shown)])
    return fill(parts, lambda _: paragraph(words(say.text(texts.WHOLE_LIST), italic=True)), budget=budget)


def _more(say: Say) -> wording.More:
    return lambda left: paragraph(words(say.count(texts.MORE_OBJECTS, left), italic=True))

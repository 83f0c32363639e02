"""What the bot says of drift: the answers to `drift` and `diff`, the diff modal."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

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
from bot.core.message.language import ENGLISH as EN

_MOST_REASONS = 12
_MOST_OF_A_REASON = 8

# `diff` shows so many fields of an object, and so many characters of a value.
_FIELDS = 40
_VALUE = 300


def checked(checks: Sequence[Check]) -> Message:
    """The answer to `/gitops drift`."""
    drifted = [check for check in checks if check.drift]
    unknown = [check for check in checks if check.status is Status.UNKNOWN]
    synced = [check for check in checks if check.status is Status.SYNCED]
    said = []
    if drifted:
        said.append(f"{wording.listed(EN, (check.application for check in drifted))} out of sync")
    if unknown:
        said.append(f"{wording.listed(EN, (check.application for check in unknown))} could not be checked completely")
    if synced:
        said.append(f"{wording.listed(EN, [check.application for check in synced], 6)} in sync with git")
    text = "Checked now: " + "; ".join(said) + "." if said else "There is no application to check."
    parts: list[list[Element]] = []
    for check in [*drifted, *(check for check in unknown if not check.drift)]:
        parts.append([paragraph(words(f"\n{check.application} on {check.cluster}", bold=True))])
        if check.error:
            parts.append([paragraph(words(f"Unknown: {clip(check.error, 600)}"))])
        parts.extend(wording.object_lines(EN, found) for found in check.drift)
    return message(text, rich(paragraph(words(text))), *fill(parts, _more))


def diff(check: Check | None, application: str, *, everything: bool) -> Message:
    """The answer to `/gitops diff`: every difference of the latest look."""
    text, blocks = _diff(check, application, everything=everything)
    return message(text, *blocks)


def incomplete(check: Check) -> bool:
    """Whether `diff` cannot show everything."""
    cut: list[int] = []

    def note_cut(left: int) -> Element:
        cut.append(left)
        return _more(left)

    _lines(check, note_cut)
    fields = [field for found in check.drift for field in found.fields]
    sides = [side for each in fields for side in (each.desired, each.live)]
    long = any(len(wording.value(EN, side, _VALUE + 1)) > _VALUE for side in sides)
    return bool(cut) or long or any(len(found.fields) > _FIELDS for found in check.drift)


def diff_modal(check: Check | None, application: str) -> Mapping[str, Any]:
    """The same, behind the card's button."""
    _, blocks = _diff(check, application, everything=False)
    return wording.dialog(EN, f"Diff: {application}", *blocks, reference=application)


def reading_modal(application: str) -> Mapping[str, Any]:
    """What the modal shows until the cluster has answered: a trigger expires 3 s after the click."""
    text = f"Reading {application} from git and the cluster…"
    return wording.dialog(EN, f"Diff: {application}", rich(paragraph(words(text))))


def _diff(check: Check | None, application: str, *, everything: bool) -> tuple[str, list[Block]]:
    if check is None:
        text = f"{application} has not been checked yet; try /gitops drift {application}."
        return text, [rich(paragraph(words(text)))]
    at = f"git {wording.short(EN, check.revision)}"
    if check.drift:
        text = f"{application} on {check.cluster}: {wording.summary(EN, check.drift)} ({at})."
    elif check.status is Status.SYNCED:
        text = f"{application} on {check.cluster} is in sync: {wording.count(check.objects, 'object')} match {at}."
    else:
        text = f"{application} on {check.cluster} could not be checked: {check.error}"
    blocks: list[Block] = [rich(paragraph(words(clip(text, 2_000))))]
    if check.error and check.drift:
        blocks.append(rich(paragraph(words(f"Not everything could be looked at: {clip(check.error, 1_000)}"))))
    blocks += _lines(check, _more)
    if everything:
        left = MOST_JSON - 1_500 - len(json.dumps(blocks, ensure_ascii=False))
        blocks += _set_aside(check.set_aside, budget=max(left, 1_500))
    return text, blocks


def _lines(check: Check, more: Callable[[int], Element]) -> list[Block]:
    return fill([wording.object_lines(EN, found, _FIELDS, _VALUE) for found in check.drift], more)


def _set_aside(found: Sequence[ObjectDrift], budget: int) -> list[Block]:
    """What is no drift: how many for which reason, then which ones, the rare reasons first."""
    by_reason: dict[str, list[list[Element]]] = {}
    for each in found:
        name = wording.object_name(each)
        if each.change == "missing":
            by_reason.setdefault(each.reason, []).append([words(f"{name} is not in the cluster")])
        for field in each.fields:
            line = [words(f"{name} "), code(clip(field.path, wording.MOST_PATH))]
            by_reason.setdefault(field.reason, []).append(line)
    if not by_reason:
        return [rich(paragraph(words("Nothing was set aside.")))]
    rare_first = sorted(by_reason.items(), key=lambda item: len(item[1]))
    total = sum(map(len, by_reason.values()))
    lead = f"{wording.count(total, 'difference')} set aside, which are no drift:"
    counts = [[words(f"{len(lines):,}: {clip(reason, 120)}")] for reason, lines in rare_first[-_MOST_REASONS:][::-1]]
    parts: list[list[Element]] = [[paragraph(words(lead, bold=True)), bullets(counts)]]
    for reason, lines in rare_first:
        shown = lines[:_MOST_OF_A_REASON]
        if len(lines) > len(shown):
            shown = [*shown, [words(f"and {len(lines) - len(shown):,} more", italic=True)]]
        parts.append([paragraph(words(f"\n{clip(reason, 120)}", bold=True)), bullets(shown)])
    return fill(parts, _more_aside, budget=budget)


def _more_aside(_left: int) -> Element:
    return paragraph(words("… the whole list: gitops-bot check --explain", italic=True))


def _more(left: int) -> Element:
    return paragraph(
        words(f"… and {wording.count(left, 'more object')}; see the whole with /gitops diff.", italic=True)
    )

"""Shared parts of messages: names, durations, values and differences in words."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from bot.core.applications.deployer_status import DeployerFailure
from bot.core.drift.fact_values import contrasted
from bot.core.drift.model import Check, FieldDrift, ObjectDrift
from bot.core.drift.parts import AlignmentBudget, Difference, differences, without_keys
from bot.core.drift.short_path import short_path
from bot.core.git.commit import PullRequest
from bot.core.sanitize import escaped
from bot.i18n.catalogue import common as texts
from bot.i18n.catalogue import deployer as deployer_texts
from bot.i18n.language import Phrase, PluralPhrase, Translator
from bot.messages import LINK, times
from bot.messages.blocks import (
    Block,
    Element,
    Message,
    More,
    Part,
    bullets,
    button,
    channel,
    clip,
    code,
    comma_separated,
    escape,
    link,
    message,
    modal,
    paragraph,
    plain,
    rich,
    rich_line,
    words,
)
from bot.messages.writer import Writer, actor_line, writer_line

MAX_NAME = 120
MAX_PATH = 240
MAX_VALUE = 160
MAX_PLACES = 8  # that differ inside one field
MAX_MEMBERS = 5  # of a list, or lines of a text, that differ

day_and_time = times.day_and_time

_CHANNEL = re.compile(r"\b([CG][A-Z0-9]{8,})\b")
# Spanish says "e" for "y" before the sound of i. https://www.rae.es/dpd/y
_SOUNDS_LIKE_I = re.compile(r"h?i(?![aeou])", re.IGNORECASE)


def with_channels(text: str) -> list[Element]:
    """The text with each channel id as an element, which Slack shows as a name."""
    parts = _CHANNEL.split(text)  # alternating text and ids
    return [channel(part) if index % 2 else words(part) for index, part in enumerate(parts) if part]


def listed(translator: Translator, names: Iterable[str], limit: int = 3) -> str:
    """At most `limit` names, clipped: `a, b and 3 more`."""
    shown = [clip(name, MAX_NAME) for name in names]
    if len(shown) > limit:
        rest = translator.number(len(shown) - limit)
        return translator.text(texts.LIST_AND_MORE, names=", ".join(shown[:limit]), n=rest)
    if len(shown) < 2:
        return "".join(shown)
    row = texts.LIST_BEFORE_I if _SOUNDS_LIKE_I.match(shown[-1]) else texts.LIST
    return translator.text(row, names=", ".join(shown[:-1]), last=shown[-1])


def may_affect(translator: Translator, unreadable: Sequence[str]) -> str:
    """A sentence about the applications that a change may affect, since they can't be read in git; "" if none."""
    return translator.text(texts.MAY_AFFECT, names=listed(translator, unreadable, 5)) if unreadable else ""


def more(translator: Translator, phrase: PluralPhrase, *, italic: bool = True) -> More:
    """A function that makes the last paragraph of a cut list from the number of entries left out."""
    return lambda left: paragraph(words(translator.count(phrase, left), italic=italic))


def more_bullets(translator: Translator, phrase: PluralPhrase, indent: int = 0) -> More:
    """The same, as the last bullet of a list."""
    return lambda left: bullets([[words(translator.count(phrase, left), italic=True)]], indent)


def listed_elements(translator: Translator, elements: Sequence[Element], limit: int, omitted: int = 0) -> list[Element]:
    """At most `limit` elements, such as mentions: `a, b and 3 more`. `omitted` counts those not among the elements."""
    shown, omitted = list(elements[:limit]), omitted + len(elements[limit:])
    if omitted:
        return rich_line(translator, texts.LIST_AND_MORE, names=comma_separated(shown), n=translator.number(omitted))
    if len(shown) < 2:
        return shown
    return rich_line(translator, texts.LIST, names=comma_separated(shown[:-1]), last=shown[-1])


def and_more(translator: Translator, left: int) -> Element:
    """The last entry of a list that was cut: how many are left out."""
    return words(translator.text(texts.AND_MORE, n=translator.number(left)), italic=True)


def duration(span: timedelta) -> str:
    """`42 s`, `4 min`, `2 h 5 min`, `3 d`: the symbols are the same in every language."""
    seconds = max(0, round(span.total_seconds()))
    if seconds < 120:
        return f"{seconds} s"
    minutes = seconds // 60
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    return f"{hours // 24} d"


def short_revision(translator: Translator, revision: str | None) -> str:
    """The first 8 characters of a full SHA, or words for no revision."""
    return revision[:8] if revision else translator.text(texts.NO_REVISION)


def checked_revision(translator: Translator, check: Check, *, full: bool = False) -> str:
    """`git 1a2b3c4d`, or `chart podinfo 6.7.1`. With `full`, the whole SHA."""
    if check.chart:
        return translator.text(texts.CHART_REVISION, chart=check.chart)
    revision = check.revision if full and check.revision else short_revision(translator, check.revision)
    return translator.text(texts.GIT_REVISION, revision=revision)


def waits_for(translator: Translator, failure: DeployerFailure) -> str:
    """`waits for flux-system/cert-manager, which is not ready`; "" if it does not wait for another resource."""
    if not failure.waits_for:
        return ""
    resources = listed(translator, failure.waits_for)
    return translator.count(deployer_texts.WAITS_FOR, len(failure.waits_for), resources=resources)


def where(translator: Translator, application: str, cluster: str) -> str:
    """`shop on prod`."""
    return translator.text(texts.WHERE, application=application, cluster=cluster)


def title_where(translator: Translator, application: str, cluster: str) -> str:
    """`shop · prod`, short enough to leave room for a fact."""
    return translator.text(texts.TITLE_WHERE, application=clip(application, 45), cluster=clip(cluster, 45))


def value_text(translator: Translator, content: Any, limit: int = MAX_VALUE) -> str:
    """A field's value on one line."""
    if content is None:
        return translator.text(texts.NOTHING)
    if isinstance(content, str):
        beginning = content[: limit + 1]  # escaping never shortens it
        return clip("\n".join(map(escaped, beginning.split("\n"))), limit) if content else '""'
    return clip(escaped(json.dumps(content, ensure_ascii=False, default=str)), limit)


def object_name(object_drift: ObjectDrift) -> str:
    """`Deployment shop/web`, `ClusterRole viewer`."""
    namespace = f"{object_drift.namespace}/" if object_drift.namespace else ""
    return f"{object_drift.kind} {clip(namespace + object_drift.name, MAX_NAME)}"


def field_lines(
    translator: Translator,
    object_drift: ObjectDrift,
    field: FieldDrift,
    seen: datetime,
    limit: int = MAX_VALUE,
    *,
    writers: bool = True,
    alignment: AlignmentBudget,
) -> Part:
    """A bullet for each place that differs in a field: the path, both values and, with `writers`, who wrote it."""
    tail = _written_by(translator, field, seen) if writers else []
    places = differences(field, alignment)
    lines = [
        [bullets([_place_line(translator, object_drift, field, place, limit) + tail])] for place in places[:MAX_PLACES]
    ]
    return Part((), lines, more_bullets(translator, texts.MORE_PLACES), omitted=len(places) - len(lines))


def _place_line(
    translator: Translator, object_drift: ObjectDrift, field: FieldDrift, place: Difference, limit: int
) -> list[Element]:
    path = code(clip(short_path(object_drift.kind, object_drift.name, place.path), MAX_PATH))
    if place.is_member:
        signed = [("+ ", value) for value in place.added] + [("- ", value) for value in place.removed]
        members = [code(sign + value_text(translator, content, limit)) for sign, content in signed[:MAX_MEMBERS]]
        left = len(signed) - len(members)
        elements = comma_separated([*members, *([and_more(translator, left)] if left else [])])
        if place.line is None:
            return rich_line(translator, texts.MEMBERS, path=path, members=elements)
        return rich_line(translator, texts.LINES, path=path, n=translator.number(place.line), members=elements)
    change = "changed" if place.removed and place.added else "removed" if place.removed else "added"
    phrase = {"changed": texts.CHANGED, "added": texts.ADDED, "removed": texts.REMOVED}[change]
    desired, live = (next(iter(side), None) for side in (place.removed, place.added))
    if isinstance(desired, str) and isinstance(live, str):
        desired, live = contrasted(desired, live, limit)
    return rich_line(
        translator,
        phrase,
        path=path,
        desired=code(value_text(translator, item_content(field, desired), limit)),
        live=code(value_text(translator, item_content(field, live), limit)),
    )


def item_content(field: FieldDrift, item: Any) -> Any:
    """The content of an item of a keyed list, without its keys: for an environment variable, only its value."""
    content = without_keys(field, item)
    return content["value"] if isinstance(content, dict) and content.keys() == {"value"} else content


def _written_by(translator: Translator, field: FieldDrift, seen: datetime) -> list[Element]:
    """Who wrote a field, and when; for a deletion, only an audit log shows it."""
    if not field.actor and field.manager is None and field.change != "removed":
        return []
    return [words(" · "), *writer_line(translator, Writer(field.manager, field.time, field.actor), seen)]


def object_lines(
    translator: Translator,
    object_drift: ObjectDrift,
    seen: datetime,
    max_fields: int = 12,
    max_value: int = MAX_VALUE,
    *,
    writers: bool = True,
    alignment: AlignmentBudget,
) -> Part:
    """One object in a rich_text block: its name, then bullets for each field.

    Times long before `seen` include their day.
    """
    more_fields = more_bullets(translator, texts.MORE_FIELDS)
    name = words(object_name(object_drift), bold=True)
    if object_drift.change == "missing":
        line = rich_line(translator, texts.MISSING, object=name)
        by = [words(" · "), *actor_line(translator, object_drift.actor, None, seen)] if object_drift.actor else []
        return Part([paragraph(*line, *by)], (), more_fields)
    fields = [
        field_lines(translator, object_drift, field, seen, max_value, writers=writers, alignment=alignment)
        for field in object_drift.fields[:max_fields]
    ]
    return Part([paragraph(name)], fields, more_fields, omitted=len(object_drift.fields) - len(fields))


def info_modal(translator: Translator, title: str, *blocks: Block, reference: str = "") -> Mapping[str, Any]:
    """A modal without input, with a Close button. `reference` comes back with its buttons."""
    return modal(title, *blocks, close=translator.text(texts.CLOSE), reference=reference)


def loading(translator: Translator, application: str) -> str:
    """A placeholder until git and the cluster have responded."""
    return translator.text(texts.READING, application=application)


def in_answer_to(requested: Sequence[Element], answer: Message) -> Message:
    """The answer, after what was requested: `/gitops revert 4f2a9c1e: opened #7, awaiting review.`"""
    lead = [*requested, words(": ")]
    first, *rest = answer.blocks
    section, *others = first["elements"]
    block = {**first, "elements": [{**section, "elements": [*lead, *section["elements"]]}, *others]}
    return replace(answer, text=escape("".join(map(plain, lead))) + answer.text, blocks=(block, *rest))


def pull_request_message(translator: Translator, phrase: Phrase, pull: PullRequest, **values: str) -> Message:
    """One sentence about a pull request, with a link."""
    line = rich_line(translator, phrase, pull=link(pull.url, f"#{pull.number}"), **values)
    return message(translator.text(phrase, pull=f"#{pull.number}", **values), rich(paragraph(*line)))


def review_button(translator: Translator, number: int, url: str) -> Element:
    """The button that links to a pull request."""
    return button(translator.text(texts.REVIEW, number=str(number)), LINK, url=url, style="primary")

"""Block Kit as text for review: a line for each part of a message, with all languages side by side.

What people read is in Slack's mrkdwn (*bold*, `code`, <@user>, <url|label>), except dates: `<2026-03-01 02:47 UTC,
{time_secs}>`. `↵` ends a line whose paragraph continues on the next. Ids, values and styles follow as `name=value`.

Nothing is dropped: an element, key or style without a notation here raises UnknownStructureError. Differences that are
not visible, such as the boundaries of text elements and lists, are not shown.
https://docs.slack.dev/reference/block-kit
"""

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import zip_longest
from typing import Any, NamedTuple

_MARKS = {"bold": "*", "italic": "_", "code": "`"}
_MARKUP = re.compile(r"[\\*`<]|\b_|_\b")


class UnknownStructureError(ValueError):
    """This part of Block Kit has no notation."""


class LanguagesDifferError(ValueError):
    """The languages of a message differ in something that must not depend on the language."""


class Line(NamedTuple):
    """The text in one language, and the facts, which are the same in every language."""

    text: str
    facts: str = ""


Section = list[Line]


def side_by_side(content: Mapping[str, Mapping[str, Any]]) -> str:
    """One message, modal or Home view, by language. A line that is the same in every language is written once.

    Raises LanguagesDifferError if blocks or facts differ. Text that was cut may have more lines in one language.
    """
    types, *others = [[block["type"] for block in view["blocks"]] for view in content.values()]
    if any(other != types for other in others):
        raise LanguagesDifferError(f"not the same blocks: {[types, *others]}")
    paired = zip(*map(sections, content.values()), strict=True)
    return "\n".join("".join(_rows(list(content), section)) for section in paired)


def _rows(languages: Sequence[str], section: Sequence[Section]) -> Iterator[str]:
    if any(line.facts for lines in section for line in lines) and len({len(lines) for lines in section}) > 1:
        raise LanguagesDifferError(f"not the same lines: {section}")
    for row in zip_longest(*section, fillvalue=Line("—")):
        facts, *others = [line.facts for line in row]
        if any(other != facts for other in others):
            raise LanguagesDifferError(f"not the same facts: {row}")
        texts = [line.text for line in row]
        named = [("", texts[0])] if len(set(texts)) == 1 else list(zip(languages, texts, strict=True))
        first, *more = [f"{language:<4}{text}".rstrip() for language, text in named]
        yield "\n".join([f"{first}  {facts}" if facts else first, *more, ""])


def sections(content: Mapping[str, Any]) -> list[Section]:
    """The part before the blocks, then each block. `content` is a view, or the arguments of a post."""
    match content:
        case {"text": str(text), "blocks": blocks, **rest} if not rest:
            top = _lines(f"text: {text}")
        case {"type": "home", "blocks": blocks, **rest} if not rest:
            top = [Line("home")]
        case {"type": "modal", "title": title, "close": close, "blocks": blocks, **optional}:
            submit = optional.pop("submit", None)
            top = [
                Line(f"modal: {_plain(title)}", _facts(optional, "callback_id", "private_metadata")),
                *([Line(f"submit: {_plain(submit)}")] if submit else []),
                Line(f"close: {_plain(close)}"),
            ]
        case _:
            raise UnknownStructureError(content)
    return [top, *(list(_block(block)) for block in blocks)]


def _block(block: Mapping[str, Any]) -> Iterator[Line]:
    match block:
        case {"type": "header", "text": text, **rest} if not rest:
            yield Line(f"header: {_plain(text, emoji=True)}")
        case {"type": "context", "elements": texts, **rest} if not rest:
            for text in texts:
                yield Line(f"context: {_plain(text)}")
        case {"type": "rich_text", "elements": parts, **rest} if not rest:
            for part in parts:
                yield from _part(part)
        case {"type": "actions", "elements": buttons, **rest} if not rest:
            for button in buttons:
                yield from _button(button)
        case {"type": "table", "rows": rows, "column_settings": columns, **rest} if not rest:
            for row in rows:
                if columns != [{"is_wrapped": True}] * len(row):
                    raise UnknownStructureError(block)
                yield Line(" | ".join(map(_cell, row)))
        case {"type": "data_visualization", "title": str(title), "chart": chart, **rest} if not rest:
            yield Line(f"chart: {title}")
            yield from _bar_chart(chart)
        case {"type": "input", "label": label, "element": element, **optional}:
            yield Line(f"input: {_plain(label)}", _facts(optional, "block_id", "optional"))
            yield from _input(element)
        case _:
            raise UnknownStructureError(block)


def _bar_chart(chart: Mapping[str, Any]) -> Iterator[Line]:
    match chart:
        case {"type": "bar", "series": series, "axis_config": {"categories": labels, **axes}, **rest} if not (
            axes or rest
        ):
            yield Line(f"categories: {' '.join(labels)}")
            for shown in series:
                points = {point["label"]: point["value"] for point in shown["data"]}
                if shown.keys() != {"name", "data"} or list(points) != labels:
                    raise UnknownStructureError(shown)
                yield Line(f"{shown['name']}: {' '.join(map(str, points.values()))}")
        case _:
            raise UnknownStructureError(chart)


def _part(part: Mapping[str, Any]) -> Iterator[Line]:
    match part:
        case {"type": "rich_text_section", "elements": elements, **rest} if not rest:
            yield from _lines(_inline(elements))
        case {"type": "rich_text_list", "style": "bullet", "indent": int(depth), "elements": items, **rest} if not rest:
            for item in items:
                first, *more = list(_part(item))
                yield Line(f"{'  ' * depth}• {first.text}")
                yield from (Line(f"{'  ' * depth}  {line.text}") for line in more)
        case {"type": "rich_text_preformatted", "elements": [{"text": str(text)} as element], **rest} if not rest:
            if element != {"type": "text", "text": text}:
                raise UnknownStructureError(element)
            yield from map(Line, ["```", *text.split("\n"), "```"])
        case _:
            raise UnknownStructureError(part)


def _inline(elements: Sequence[Mapping[str, Any]]) -> str:
    return "".join(map(_element, elements))


def _element(element: Mapping[str, Any]) -> str:
    match element:
        case {"type": "text", "text": str(text), "style": style, **rest} if not rest:
            return _styled(text, style)
        case {"type": "text", "text": str(text), **rest} if not rest:
            return _MARKUP.sub(r"\\\g<0>", text)
        case {"type": "link", "url": str(url), "text": str(text), **rest} if not rest:
            return f"<{url}|{text}>"
        case {"type": "user", "user_id": str(user), **rest} if not rest:
            return f"<@{user}>"
        case {"type": "usergroup", "usergroup_id": str(group), **rest} if not rest:
            return f"<!subteam^{group}>"
        case {"type": "channel", "channel_id": str(channel), **rest} if not rest:
            return f"<#{channel}>"
        case {"type": "date", "timestamp": int(seconds), "format": str(form), "fallback": fallback, **rest} if not rest:
            at = datetime.fromtimestamp(seconds, UTC)
            if fallback == f"{at:%H:%M} UTC":
                return f"<{f'{at:%Y-%m-%d %H:%M:%S}'.removesuffix(':00')} UTC, {form}>"
    raise UnknownStructureError(element)


def _styled(text: str, style: Mapping[str, bool]) -> str:
    for name, mark in _MARKS.items():
        if style == {name: True}:
            escaped = text.replace("`", r"\`") if mark == "`" else _MARKUP.sub(r"\\\g<0>", text)
            return "\n".join(f"{mark}{line}{mark}" if line else "" for line in escaped.split("\n"))
    raise UnknownStructureError(style)


def _button(button: Mapping[str, Any]) -> Iterator[Line]:
    match button:
        case {"type": "button", "text": text, **optional}:
            asks = optional.pop("confirm", None)
            yield Line(f"[{_plain(text)}]", _facts(optional, "action_id", "value", "url", "style"))
            if asks:
                yield Line(f"  asks: {_confirm(asks)}")
        case {"type": "overflow", "action_id": str(action), "options": options}:
            yield Line("[⋯]", _facts({"action_id": action}, "action_id"))
            for option in options:
                match option:
                    case {"text": label, "value": value}:
                        yield Line(f"  {_plain(label)}", _facts({"value": value}, "value"))
                    case _:
                        raise UnknownStructureError(option)
        case _:
            raise UnknownStructureError(button)


def _confirm(confirm: Mapping[str, Any]) -> str:
    match confirm:
        case {"title": title, "text": text, "confirm": yes, "deny": no, **rest} if not rest:
            return f"{_plain(title)} | {_plain(text)} [{_plain(yes)}] [{_plain(no)}]"
    raise UnknownStructureError(confirm)


def _input(element: Mapping[str, Any]) -> Iterator[Line]:
    match element:
        case {"type": "radio_buttons", "options": options, "initial_option": initial, **optional} if initial in options:
            yield Line("  radio_buttons:", _facts(optional, "action_id"))
            for option in options:
                match option:
                    case {"text": text, "value": value, **rest} if not rest:
                        chosen = "•" if option == initial else " "
                        yield Line(f"  ({chosen}) {_plain(text)}", _facts({"value": value}, "value"))
                    case _:
                        raise UnknownStructureError(option)
        case {"type": "plain_text_input", "placeholder": placeholder, **optional}:
            yield Line(f"  plain_text_input: {_plain(placeholder)}", _facts(optional, "action_id", "max_length"))
        case _:
            raise UnknownStructureError(element)


def _cell(cell: Mapping[str, Any]) -> str:
    match cell:
        case {"type": "raw_text", "text": str(text), **rest} if not rest and "\n" not in text:
            return text.replace("|", r"\|")
    raise UnknownStructureError(cell)


def _plain(text: Mapping[str, Any], *, emoji: bool = False) -> str:
    match text:
        case {"type": "plain_text", "text": str(content), "emoji": flag, **rest} if not rest and flag is emoji:
            if "\n" not in content:
                return content
    raise UnknownStructureError(text)


def _lines(text: str) -> list[Line]:
    """The lines of a text, with `↵` if the next belongs to the same paragraph."""
    *broken, last = text.split("\n")
    return [*(Line(f"{line}↵") for line in broken), *([Line(last)] if last or not broken else [])]


def _facts(values: Mapping[str, Any], *names: str) -> str:
    """`name=value` for each given name, in this order. Raises UnknownStructureError for any other name."""
    if not values.keys() <= set(names):
        raise UnknownStructureError(values)
    return " ".join(f"{name}={shlex.quote(str(values[name]))}" for name in names if name in values)

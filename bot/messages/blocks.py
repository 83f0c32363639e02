"""Block Kit builders within Slack's limits. Text from git or people goes into rich_text, which Slack never parses.

Limits: https://docs.slack.dev/reference/block-kit/blocks and …/reference/methods/chat.update
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import chain
from typing import Any, Self

from bot.core.sanitize import printable
from bot.i18n.language import Phrase, Translator
from bot.messages.elements import joined, size

Element = dict[str, Any]
# A placeholder's value: text, or elements such as code or a link.
Value = str | Element | Sequence[Element]
Block = Mapping[str, Any]
# Makes the last element of a cut list from the number of entries left out.
More = Callable[[int], Element]

MAX_BLOCKS = 50
MAX_HEADER = 150
MAX_CONTEXT = 10
MAX_TITLE = 24
MAX_ROWS = 100  # in a table; a message may have one table
MAX_TABLE = 4_500  # characters in a table; Slack accepts 10,000, which count toward the message
MAX_TEXT = 3_900  # chat.update refuses more than 4,000
MAX_JSON = 12_000  # Slack refuses about 13,000 characters of blocks
MAX_LIST = MAX_JSON - 3_000
MAX_BLOCK = 2_800  # of a list in several blocks


@dataclass(frozen=True, slots=True)
class Message:
    """A Slack message. `text` is a full sentence for notifications and screen readers.

    `plain` are the blocks without a table or chart, in case Slack rejects them.
    """

    text: str
    blocks: tuple[Block, ...] = ()
    plain: tuple[Block, ...] = ()

    def without_table_or_chart(self) -> Self:
        """The message with the blocks in `plain`, if it has any."""
        return replace(self, blocks=self.plain or self.blocks, plain=())


@dataclass(frozen=True, slots=True)
class Part:
    """Elements of a rich_text block: a heading, and lines of which `fill` leaves out the last if not all fit.

    `more(number)` then follows the lines; `omitted` counts lines that were left out before. `tail` is always shown.
    `count` is the number of list entries that the part represents.
    """

    head: Sequence[Element]
    lines: Sequence[Self | Sequence[Element]]
    more: More
    omitted: int = 0
    tail: Sequence[Element] = ()
    count: int = 1


Entry = Part | Sequence[Element]


def message(text: str, *blocks: Block) -> Message:
    """A message whose text is clipped and escaped. Keeps the first MAX_BLOCKS blocks."""
    return Message(escape(clip(text, MAX_TEXT // 2)), blocks[:MAX_BLOCKS])


def text_message(text: str, *blocks: Block) -> Message:
    """A message with the text as its first block."""
    return message(text, rich(paragraph(words(text))), *blocks)


def phrase_message(translator: Translator, phrase: Phrase, /, *blocks: Block, **values: str | Element) -> Message:
    """A message with the phrase as its text and its first block, where values that are elements stay elements."""
    text = translator.text(
        phrase, **{name: value if isinstance(value, str) else plain(value) for name, value in values.items()}
    )
    return message(text, rich(paragraph(*rich_line(translator, phrase, **values))), *blocks)


def join(messages: Sequence[Message]) -> Message:
    """Several messages as one."""
    blocks = [block for message_ in messages for block in message_.blocks]
    return Message(" ".join(message_.text for message_ in messages)[:MAX_TEXT], tuple(blocks[:MAX_BLOCKS]))


def escape(text: str) -> str:
    """Escape the text against mentions and links. https://docs.slack.dev/messaging/formatting-message-text#escaping"""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def clip(text: str, limit: int) -> str:
    """On one line of at most `limit` characters, with `…` at the end if cut."""
    beginning = _one_line(text[: 2 * limit])  # usually enough, and the text may be a megabyte
    line = beginning if len(beginning) > limit else _one_line(text)
    return line if len(line) <= limit else line[: limit - 1] + "…"


def _one_line(text: str) -> str:
    text = printable(text)
    return " ⏎ ".join(text.split("\n")) if "\n" in text else text


def words(text: str, *, bold: bool = False, italic: bool = False) -> Element:
    """A text element."""
    style = {name: True for name, on in (("bold", bold), ("italic", italic)) if on}
    # Slack refuses an element without text.
    return {"type": "text", "text": printable(text) or " ", **({"style": style} if style else {})}


def rich_line(translator: Translator, phrase: Phrase, /, **values: Value) -> list[Element]:
    """A phrase as rich_text elements. Values that are elements, such as code or a link, stay elements."""
    elements: list[Element] = []
    text = ""
    for index, part in enumerate(translator.parts(phrase)):  # alternating text and placeholder names
        value = values[part] if index % 2 else part
        if isinstance(value, str):
            text += value
            continue
        if text:
            elements.append(words(text))
            text = ""
        elements += [value] if isinstance(value, dict) else value
    return [*elements, words(text)] if text else elements


def code(text: str) -> Element:
    """Literal text: a SHA, a path, a value."""
    return {"type": "text", "text": printable(text) or " ", "style": {"code": True}}


def link(url: str, label: str) -> Element:
    """A link."""
    return {"type": "link", "url": url, "text": printable(label) or url}


def person(user: str) -> Element:
    """A mention of a Slack user, by id."""
    return {"type": "user", "user_id": user}


def mention(id_: str) -> Element:
    """A mention of a Slack user or user group (ids that begin with S)."""
    return {"type": "usergroup", "usergroup_id": id_} if id_.startswith("S") else person(id_)


def channel(id_: str) -> Element:
    """A link to a channel, by id."""
    return {"type": "channel", "channel_id": id_}


def date(at: datetime, form: str = "{time_secs}") -> Element:
    """A time in the reader's time zone; in UTC if the client cannot convert it."""
    if at.timestamp() < 0:  # Slack rejects the whole message
        return words(at.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC"))
    return {"type": "date", "timestamp": int(at.timestamp()), "format": form, "fallback": utc(at)}


def utc(at: datetime) -> str:
    """A time in plain text: `14:05 UTC`."""
    return at.astimezone(UTC).strftime("%H:%M UTC")


def plain(element: Element) -> str:
    """An element as plain text."""
    if element["type"] == "date":
        return datetime.fromtimestamp(element["timestamp"], tz=UTC).strftime("%Y-%m-%d %H:%M UTC")
    names = ("text", "user_id", "usergroup_id", "channel_id")
    return next((str(element[name]) for name in names if element.get(name)), "")


def paragraph(*elements: Element) -> Element:
    """One paragraph of a rich_text block."""
    return {"type": "rich_text_section", "elements": list(elements)}


def bullets(items: Iterable[Sequence[Element]], indent: int = 0) -> Element:
    """A bullet list of a rich_text block."""
    return {
        "type": "rich_text_list",
        "style": "bullet",
        "indent": indent,
        "elements": [paragraph(*item) for item in items],
    }


def comma_separated(elements: Iterable[Element]) -> list[Element]:
    """The elements with a comma between them."""
    return [part for element in elements for part in (words(", "), element)][1:]


def preformatted(text: str) -> Element:
    """Preformatted lines of a rich_text block."""
    return {"type": "rich_text_preformatted", "elements": [words(text)]}


def rich(*parts: Element) -> Block:
    """A rich_text block."""
    return {"type": "rich_text", "elements": list(parts)}


def header(text: str) -> Block:
    """A header block; longer text is clipped."""
    return {"type": "header", "text": {"type": "plain_text", "text": clip(text, MAX_HEADER), "emoji": True}}


def note(*texts: str) -> Block:
    """A context block: small plain text, clipped to 300 characters each and MAX_CONTEXT texts."""
    return {
        "type": "context",
        "elements": [{"type": "plain_text", "text": clip(text, 300), "emoji": False} for text in texts[:MAX_CONTEXT]],
    }


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> tuple[Block, int]:
    """A table of as many rows as fit, and how many don't. Cells are plain text; every column wraps."""
    shown, used = [list(heads)], 0
    for row in rows[: MAX_ROWS - 1]:
        used += sum(map(len, row))
        if used > MAX_TABLE:
            break
        shown.append(list(row))
    cells = [[{"type": "raw_text", "text": printable(cell) or " "} for cell in row] for row in shown]
    block = {"type": "table", "rows": cells, "column_settings": [{"is_wrapped": True} for _ in heads]}
    return block, len(rows) + 1 - len(shown)


def actions(*buttons: Element) -> Block:
    """An actions block: a row of buttons."""
    return {"type": "actions", "elements": list(buttons)}


def confirm(title: str, text: str, yes: str, no: str) -> Element:
    """A confirmation dialog for a button."""
    parts = {"title": (title, 100), "text": (text, 300), "confirm": (yes, 30), "deny": (no, 30)}
    return {
        name: {"type": "plain_text", "text": clip(label, limit), "emoji": False}
        for name, (label, limit) in parts.items()
    }


def button(
    label: str,
    action: str,
    value: str = "",
    *,
    url: str | None = None,
    style: str | None = None,
    confirmation: Element | None = None,
) -> Element:
    """A button. `value` is only a reference: the person who clicks is authorized again. `url` opens a page.

    `confirmation` comes from `confirm`.
    """
    element: Element = {
        "type": "button",
        "action_id": action,
        "text": {"type": "plain_text", "text": clip(label, 75), "emoji": False},
    }
    if value:
        element["value"] = value
    if url:
        element["url"] = url
    if style:
        element["style"] = style
    if confirmation:
        element["confirm"] = confirmation
    return element


def overflow(action: str, options: Sequence[tuple[str, str]]) -> Element:
    """An overflow menu (`…`) of two to five entries, each with a label and a value.

    https://docs.slack.dev/reference/block-kit/block-elements/overflow-menu-element
    """
    return {
        "type": "overflow",
        "action_id": action,
        "options": [
            {"text": {"type": "plain_text", "text": clip(label, 75), "emoji": False}, "value": value}
            for label, value in options
        ],
    }


def modal(title: str, *blocks: Block, close: str, reference: str = "") -> Mapping[str, Any]:
    """A modal view; `close` is the label of its Close button, `reference` its private_metadata."""
    return {
        "type": "modal",
        "title": {"type": "plain_text", "text": clip(title, MAX_TITLE), "emoji": False},
        "close": {"type": "plain_text", "text": clip(close, MAX_TITLE), "emoji": False},
        "blocks": list(blocks),
        **({"private_metadata": reference} if reference else {}),
    }


def json_size(blocks: Iterable[Block]) -> int:
    """The length of the blocks as JSON, in characters."""
    return sum(len(json.dumps(block, ensure_ascii=False)) for block in blocks)


def fill(
    parts: Sequence[Entry],
    more: More,
    *,
    budget: int = MAX_LIST,
    block_budget: int = MAX_BLOCK,
    limit: int | None = None,
    omitted: int = 0,
) -> list[Block]:
    """As many parts as fit in the budget (characters of JSON), at most `limit`, in rich_text blocks.

    The first part is always shown, and the last one may be cut. If entries are left out, which includes `omitted` ones
    that are not among the parts, the last element is `more(number)`.
    """
    shown, left = _fitting(parts, budget, limit)
    blocks = in_blocks(shown, block_budget)
    if left + omitted:
        last = blocks.pop()["elements"] if blocks else ()
        blocks.append(rich(*last, more(left + omitted)))
    return blocks


def fits(parts: Iterable[Entry], budget: int = MAX_LIST) -> bool:
    """Whether `fill` shows all of the parts whole."""
    return size([element for part in parts for element in _whole(part)]) <= budget


def portions(part: Part, room: int) -> Iterator[list[Element]]:
    """The part in portions of `room` characters, each with the heading and at least one line."""
    lines = part.lines
    while True:
        shown, _ = _fitting(lines, room - size(part.head))
        yield joined([*part.head, *chain.from_iterable(shown)])
        lines = lines[len(shown) :]
        if not lines:
            return


def in_blocks(parts: Iterable[Sequence[Element]], block_budget: int = MAX_BLOCK) -> list[Block]:
    """All of the parts in rich_text blocks, each part in one block."""
    blocks: list[list[Element]] = []
    room = 0
    for part in parts:
        taken = size(part)
        if not blocks or taken > room:
            blocks.append([])
            room = block_budget
        blocks[-1] += part
        room -= taken
    return [rich(*joined(elements)) for elements in blocks]


def _fitting(parts: Sequence[Entry], room: int, limit: int | None = None) -> tuple[list[list[Element]], int]:
    """The elements of each part that fits, at least of the first, and how many entries are left out."""
    shown: list[list[Element]] = []
    before: Element | None = None
    for index, part in enumerate(parts):
        elements = _whole(part)
        if size(elements, before) > room:
            elements = _cut(part, room)
        taken = size(elements, before)
        if index == limit or (shown and taken > room):
            return shown, sum(left.count if isinstance(left, Part) else 1 for left in parts[index:])
        shown.append(elements)
        room -= taken
        before = elements[-1] if elements else before
    return shown, 0


def _whole(part: Entry) -> list[Element]:
    return _assembled(part, map(_whole, part.lines)) if isinstance(part, Part) else list(part)


def _cut(part: Entry, room: int) -> list[Element]:
    """The heading and the first line, and as many more as fit in `room`."""
    if not isinstance(part, Part):
        return list(part)
    return _assembled(part, *_fitting(part.lines, room - size([*part.head, *part.tail])))


def _assembled(part: Part, lines: Iterable[list[Element]], left: int = 0) -> list[Element]:
    left += part.omitted
    return [*part.head, *chain.from_iterable(lines), *([part.more(left)] if left else ()), *part.tail]

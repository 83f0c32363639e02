"""Block Kit, within Slack's limits. What git or people wrote goes into rich_text elements, which Slack never parses.

Limits: https://docs.slack.dev/reference/block-kit/blocks and …/reference/methods/chat.update
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Self

from bot.i18n.language import Phrase, Translator

Element = dict[str, Any]
# What fills a place of a phrase: text, or elements such as code or a link.
Value = str | Element | Sequence[Element]
Block = Mapping[str, Any]

MAX_BLOCKS = 50
MAX_HEADER = 150
MAX_CONTEXT = 10
MAX_TITLE = 24
MAX_ROWS = 100  # of a table, and one table a message
MAX_TABLE = 4_500  # characters in it; Slack takes 10,000, and they count towards the message
MAX_TEXT = 3_900  # chat.update refuses more than 4,000
MAX_JSON = 12_000  # Slack refuses about 13,000 characters of blocks


@dataclass(frozen=True, slots=True)
class Message:
    """What a Slack message reads: `text` is a whole sentence for screen readers and phones, beside the blocks.

    `plain` are the blocks to give instead where Slack refuses a table.
    """

    text: str
    blocks: tuple[Block, ...] = ()
    plain: tuple[Block, ...] = ()

    def without_table(self) -> Self:
        """The same in lines."""
        return replace(self, blocks=self.plain or self.blocks, plain=())


def message(text: str, *blocks: Block) -> Message:
    """A message whose fallback is safe to send: clipped, and with nothing Slack would read as markup."""
    return Message(escape(clip(text, MAX_TEXT // 2)), blocks[:MAX_BLOCKS])


def text_message(text: str, *blocks: Block) -> Message:
    """A message that opens with the same sentence in its blocks."""
    return message(text, rich(paragraph(words(text))), *blocks)


def phrase_message(translator: Translator, phrase: Phrase, /, *blocks: Block, **values: str | Element) -> Message:
    """A message that opens with this phrase: its values may be elements in the blocks, and are plain in the text."""
    text = translator.text(
        phrase, **{name: value if isinstance(value, str) else plain(value) for name, value in values.items()}
    )
    return message(text, rich(paragraph(*rich_line(translator, phrase, **values))), *blocks)


def join(messages: Sequence[Message]) -> Message:
    """Several messages as one."""
    blocks = [block for message_ in messages for block in message_.blocks]
    return Message(" ".join(message_.text for message_ in messages)[:MAX_TEXT], tuple(blocks[:MAX_BLOCKS]))


def escape(text: str) -> str:
    """Without markup: no mention, no forged link. https://docs.slack.dev/messaging/formatting-message-text#escaping"""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def clip(text: str, most: int) -> str:
    """At most so many characters, on one line, the cut marked."""
    line = " ⏎ ".join(text.split("\n")) if "\n" in text else text
    return line if len(line) <= most else line[: most - 1] + "…"


def words(text: str, *, bold: bool = False, italic: bool = False) -> Element:
    """Plain words."""
    style = {name: True for name, on in (("bold", bold), ("italic", italic)) if on}
    # Slack refuses an element without text.
    return {"type": "text", "text": text or " ", **({"style": style} if style else {})}


def rich_line(translator: Translator, phrase: Phrase, /, **values: Value) -> list[Element]:
    """A phrase as rich_text elements: a value that is one or several elements, such as code or a link, stays so."""
    elements: list[Element] = []
    text = ""
    for index, part in enumerate(translator.parts(phrase)):  # text and names of places in turn
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
    """Something to be read to the letter: a sha, a path, a value."""
    return {"type": "text", "text": text or " ", "style": {"code": True}}


def link(url: str, label: str) -> Element:
    """A link."""
    return {"type": "link", "url": url, "text": label or url}


def person(user: str) -> Element:
    """A Slack user, by id."""
    return {"type": "user", "user_id": user}


def mention(id_: str) -> Element:
    """A Slack user or user group, by id: people read the name."""
    return {"type": "usergroup", "usergroup_id": id_} if id_.startswith("S") else person(id_)


def channel(id_: str) -> Element:
    """A channel, by id."""
    return {"type": "channel", "channel_id": id_}


def date(at: datetime, form: str = "{time_secs}") -> Element:
    """An instant in the reader's own time zone; UTC where the client cannot."""
    return {"type": "date", "timestamp": int(at.timestamp()), "format": form, "fallback": utc(at)}


def utc(at: datetime) -> str:
    """An instant for text that no client converts."""
    return at.astimezone(UTC).strftime("%H:%M UTC")


def plain(element: Element) -> str:
    """An element as text that no client converts."""
    if element["type"] == "date":
        return datetime.fromtimestamp(element["timestamp"], tz=UTC).strftime("%Y-%m-%d %H:%M UTC")
    return str(element.get("text") or element.get("user_id") or element.get("usergroup_id") or "")


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


def preformatted(text: str) -> Element:
    """Lines to be read, or copied, as they stand."""
    return {"type": "rich_text_preformatted", "elements": [words(text)]}


def rich(*parts: Element) -> Block:
    """A rich_text block."""
    return {"type": "rich_text", "elements": list(parts)}


def header(text: str) -> Block:
    """The first line, large."""
    return {"type": "header", "text": {"type": "plain_text", "text": clip(text, MAX_HEADER), "emoji": True}}


def note(*texts: str) -> Block:
    """Small print, in plain text."""
    return {
        "type": "context",
        "elements": [{"type": "plain_text", "text": clip(text, 300), "emoji": False} for text in texts[:MAX_CONTEXT]],
    }


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> tuple[Block, int]:
    """As many of the rows as fit, in plain text below their heads, and how many do not. Every column wraps."""
    shown, used = [list(heads)], 0
    for row in rows[: MAX_ROWS - 1]:
        used += sum(map(len, row))
        if used > MAX_TABLE:
            break
        shown.append(list(row))
    cells = [[{"type": "raw_text", "text": cell or " "} for cell in row] for row in shown]
    block = {"type": "table", "rows": cells, "column_settings": [{"is_wrapped": True} for _ in heads]}
    return block, len(rows) + 1 - len(shown)


def actions(*buttons: Element) -> Block:
    """A row of buttons."""
    return {"type": "actions", "elements": list(buttons)}


def confirm(title: str, text: str, yes: str, no: str) -> Element:
    """What a button asks before it acts."""
    parts = {"title": (title, 100), "text": (text, 300), "confirm": (yes, 30), "deny": (no, 30)}
    return {
        name: {"type": "plain_text", "text": clip(label, most), "emoji": False} for name, (label, most) in parts.items()
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
    """A button. `value` is a reference, never an authority: who clicked is authorised again. `url` opens a page.

    `confirmation` is a `confirm`.
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


def modal(title: str, *blocks: Block, close: str, reference: str = "") -> Mapping[str, Any]:
    """A modal to read and close; `close` is that button's label."""
    return {
        "type": "modal",
        "title": {"type": "plain_text", "text": clip(title, MAX_TITLE), "emoji": False},
        "close": {"type": "plain_text", "text": clip(close, MAX_TITLE), "emoji": False},
        "blocks": list(blocks),
        **({"private_metadata": reference} if reference else {}),
    }


def json_size(blocks: Iterable[Block]) -> int:
    """How much of MAX_JSON these take."""
    return sum(len(json.dumps(block, ensure_ascii=False)) for block in blocks)


def fill(
    parts: Sequence[Sequence[Element]],
    more: Callable[[int], Element],
    *,
    budget: int = MAX_JSON - 3_000,
    block_budget: int = 2_800,
) -> list[Block]:
    """As many of the parts as fit the budget (characters of JSON), in rich_text blocks, then `more(left out)`."""
    blocks: list[Block] = []
    open_block: list[Element] = []
    used = in_block = 0
    for index, part in enumerate(parts):
        size = len(json.dumps(part, ensure_ascii=False))
        if used + size > budget:
            open_block.append(more(len(parts) - index))
            break
        if open_block and in_block + size > block_budget:
            blocks.append(rich(*open_block))
            open_block, in_block = [], 0
        open_block.extend(part)
        used += size
        in_block += size
    return [*blocks, rich(*open_block)] if open_block else blocks

"""Slack's limits: the shapes and sizes of Block Kit, with Slack's error names and JSON pointers.

Rules: https://docs.slack.dev/reference/block-kit/blocks and https://docs.slack.dev/reference/views.
"""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from bot.sandbox.slack.checks import (
    Check,
    anything,
    boolean,
    by_type,
    fields,
    integer,
    items,
    number,
    one_of,
    string,
    wrong,
)
from bot.sandbox.slack.entered_value import elements
from bot.sandbox.slack.errors import SlackError

POST_TEXT = 40_000  # https://docs.slack.dev/changelog/2018-truncating-really-long-messages
UPDATE_TEXT = 4_000
MESSAGE_BLOCKS = 50
VIEW_BLOCKS = 100
BLOCKS_WEIGHT = 13_000  # not documented; measured in https://github.com/slackapi/bolt-js/issues/2509
TABLE_TEXT = 10_000
MARKDOWN_TEXT = 12_000
MAX_CHARTS = 2
MAX_POINTS = 20
VIEW_BYTES = 250_000


def _text(maximum: int, *kinds: str) -> Check:
    shapes = {
        "plain_text": fields({"text": string(maximum)}, {"emoji": boolean}),
        "mrkdwn": fields({"text": string(maximum)}, {"verbatim": boolean}),
    }
    return by_type({kind: shapes[kind] for kind in kinds or shapes})


def _plain(maximum: int) -> Check:
    return _text(maximum, "plain_text")


def _element(required: Mapping[str, Check] | None = None, optional: Mapping[str, Check] | None = None) -> Check:
    shared = {"action_id": string(255), "confirm": _CONFIRM, "focus_on_load": boolean}
    return fields(required or {}, {**shared, **(optional or {})})


_URL = string(3000)
_STYLE = one_of("primary", "danger")
_CONFIRM = fields(
    {"title": _plain(100), "text": _text(300), "confirm": _plain(30), "deny": _plain(30)}, {"style": _STYLE}
)
_PLACEHOLDER = {"placeholder": _plain(150)}
_IMAGE = {"alt_text": string(2000)}, {"image_url": _URL, "slack_file": anything}


def _option(*kinds: str, url: bool = False) -> Check:
    """https://docs.slack.dev/reference/block-kit/composition-objects/option-object; only overflow menus take a URL."""
    optional = {"description": _text(75, *kinds), **({"url": _URL} if url else {})}
    return fields({"text": _text(75, *kinds), "value": string(150)}, optional)


def _among(element: Check) -> Check:
    """That element with exactly one list of options, which must include the initial ones."""

    def check(value: Any, at: str) -> Iterator[str]:
        errors = list(element(value, at))
        yield from errors
        if errors:
            return
        if ("options" in value) == ("option_groups" in value):
            yield wrong("must provide exactly one of: options, option_groups", at)
            return
        options = value.get("options") or [option for group in value["option_groups"] for option in group["options"]]
        initial = value.get("initial_options", [value["initial_option"]] if "initial_option" in value else [])
        if any(option not in options for option in initial):
            name = "initial_option" if "initial_option" in value else "initial_options"
            yield wrong(f"{name} must match one of the options", f"{at}/{name}")

    return check


_PICKED, _TICKED = _option("plain_text"), _option()
_GROUP = fields({"label": _plain(75), "options": items(_PICKED, 100)})
_MENU = {**_PLACEHOLDER, "options": items(_PICKED, 100), "option_groups": items(_GROUP, 100)}
_TICKS = {"options": items(_TICKED, 10)}
_SEVERAL = {**_PLACEHOLDER, "max_selected_items": integer(1)}
_NAME, _NAMES = string(255), items(string(255), 100)

_BUTTON = _element(
    {"text": _plain(75)}, {"value": string(2000), "url": _URL, "style": _STYLE, "accessibility_label": string(75)}
)
_SELECTS = {
    "static_select": _among(_element({}, {**_MENU, "initial_option": _PICKED})),
    "multi_static_select": _among(_element({}, {**_MENU, **_SEVERAL, "initial_options": items(_PICKED, 100)})),
    "users_select": _element({}, {**_PLACEHOLDER, "initial_user": _NAME}),
    "multi_users_select": _element({}, {**_SEVERAL, "initial_users": _NAMES}),
    "conversations_select": _element({}, {**_PLACEHOLDER, "initial_conversation": _NAME, "filter": anything}),
    "channels_select": _element({}, {**_PLACEHOLDER, "initial_channel": _NAME}),
    "checkboxes": _among(_element(_TICKS, {"initial_options": items(_TICKED, 10)})),
    "radio_buttons": _among(_element(_TICKS, {"initial_option": _TICKED})),
    "datepicker": _element({}, {**_PLACEHOLDER, "initial_date": string(10)}),
    "timepicker": _element({}, {**_PLACEHOLDER, "initial_time": string(5), "timezone": string(64)}),
    "datetimepicker": _element({}, {"initial_date_time": integer(1_000_000_000, 9_999_999_999)}),  # ten digits
}
_OVERFLOW = _element({"options": items(_option("plain_text", url=True), 5)})
_ACTIONS = {**_SELECTS, "button": _BUTTON, "overflow": _OVERFLOW}
_DISPATCH = fields({}, {"trigger_actions_on": items(one_of("on_enter_pressed", "on_character_entered"), 2)})
_TYPED = {**_PLACEHOLDER, "initial_value": string(3000, 0), "dispatch_action_config": _DISPATCH}
_LENGTHS = {"multiline": boolean, "min_length": integer(0, 3000), "max_length": integer(1, 3000)}
_INPUTS = {
    **_SELECTS,
    "plain_text_input": _element({}, {**_TYPED, **_LENGTHS}),
    "email_text_input": _element({}, _TYPED),
    "url_text_input": _element({}, _TYPED),
    "number_input": _element(
        {"is_decimal_allowed": boolean}, {**_TYPED, "min_value": string(64), "max_value": string(64)}
    ),
}

_STYLES = fields({}, dict.fromkeys(("bold", "italic", "strike", "code", "underline", "highlight"), boolean))
_STYLED = {"style": _STYLES}
_RICH_INLINE = by_type(
    {
        "text": fields({"text": string(BLOCKS_WEIGHT)}, _STYLED),
        "link": fields({"url": _URL}, {"text": string(BLOCKS_WEIGHT), "unsafe": boolean, **_STYLED}),
        "emoji": fields({"name": string(255)}, {"unicode": string(255), **_STYLED}),
        "user": fields({"user_id": string(255)}, _STYLED),
        "usergroup": fields({"usergroup_id": string(255)}, _STYLED),
        "channel": fields({"channel_id": string(255)}, _STYLED),
        "date": fields({"timestamp": integer(), "format": string(255)}, {"url": _URL, "fallback": string(255)}),
        "broadcast": fields({"range": one_of("here", "channel", "everyone")}),
    }
)
_RICH_SECTION = fields({"elements": items(_RICH_INLINE, 10_000, 0)})
_RICH_BORDERED = fields({"elements": items(_RICH_INLINE, 10_000, 0)}, {"border": integer(0, 1), "language": string(64)})
_RICH = by_type(
    {
        "rich_text_section": _RICH_SECTION,
        "rich_text_preformatted": _RICH_BORDERED,
        "rich_text_quote": _RICH_BORDERED,
        "rich_text_list": fields(
            {
                "style": one_of("bullet", "ordered"),
                "elements": items(by_type({"rich_text_section": _RICH_SECTION}), 1000),
            },
            {"indent": integer(0, 8), "offset": integer(), "border": integer(0, 1)},
        ),
    }
)
_RICH_TEXT = {"elements": items(_RICH, 10_000)}
_CELL = by_type({"raw_text": fields({"text": string(BLOCKS_WEIGHT)}), "rich_text": fields(_RICH_TEXT)})
_SETTINGS = fields({}, {"align": one_of("left", "center", "right"), "is_wrapped": boolean})


def _column(value: Any, at: str) -> Iterator[str]:
    """A column's settings; null keeps the defaults."""
    if value is not None:
        yield from _SETTINGS(value, at)


def _block(required: Mapping[str, Check], optional: Mapping[str, Check] | None = None) -> Check:
    return fields(required, {"block_id": string(255), **(optional or {})})


def _section(value: Any, at: str) -> Iterator[str]:
    if "text" not in value and "fields" not in value:
        yield wrong("missing required field: text", at)
    accessory = by_type({**_ACTIONS, "image": fields(*_IMAGE)})
    yield from _block(
        {}, {"text": _text(3000), "fields": items(_text(2000), 10), "accessory": accessory, "expand": boolean}
    )(value, at)


_EVERYWHERE: dict[str, Check] = {
    "actions": _block({"elements": items(by_type(_ACTIONS), 25)}),
    "context": _block(
        {
            "elements": items(
                by_type(
                    {
                        "plain_text": fields({"text": string(3000)}, {"emoji": boolean}),
                        "mrkdwn": fields({"text": string(3000)}, {"verbatim": boolean}),
                        "image": fields(*_IMAGE),
                    }
                ),
                10,
            )
        }
    ),
    "divider": _block({}),
    "header": _block({"text": _plain(150)}),
    "image": _block({"alt_text": string(2000)}, {"image_url": _URL, "slack_file": anything, "title": _plain(2000)}),
    "input": _block(
        {"label": _plain(2000), "element": by_type(_INPUTS)},
        {"hint": _plain(2000), "optional": boolean, "dispatch_action": boolean},
    ),
    "rich_text": _block(_RICH_TEXT),
    "section": _section,
}
_LABEL = string(20)
_SERIES = fields(
    {"name": _LABEL, "data": items(fields({"label": _LABEL, "value": number}), MAX_POINTS)},
)
_AXES = fields({"categories": items(_LABEL, MAX_POINTS)}, {"x_label": string(50), "y_label": string(50)})
_SERIES_CHART = fields({"series": items(_SERIES, 6), "axis_config": _AXES})
_CHART = by_type(
    {
        "pie": fields({"segments": items(fields({"label": _LABEL, "value": number}), 6)}),
        **dict.fromkeys(("bar", "area", "line"), _SERIES_CHART),
    }
)
_MESSAGE: dict[str, Check] = {
    **_EVERYWHERE,
    "markdown": _block({"text": string(MARKDOWN_TEXT)}),
    "data_visualization": _block({"title": string(50), "chart": _CHART}),
    "table": _block({"rows": items(items(_CELL, 20), 100)}, {"column_settings": items(_column, 20)}),
}


def _unique(blocks: Sequence[Any], at: str) -> Iterator[str]:
    """Unique block_ids in a message or view, unique action_ids in a block, and at most one focused element."""
    yield from _distinct(blocks, "block_id", "block", at)
    interactive = [element for block in blocks if isinstance(block, dict) for element in elements(block)]
    if sum(isinstance(element, dict) and element.get("focus_on_load") is True for element in interactive) > 1:
        yield wrong("only one element may have focus_on_load", at)
    for index, block in enumerate(blocks):
        if isinstance(block, dict):
            yield from _distinct(elements(block), "action_id", "element", f"{at}/{index}/elements")


def _distinct(named: Sequence[Any], key: str, what: str, at: str) -> Iterator[str]:
    seen: set[str] = set()
    for index, item in enumerate(named):
        name = item.get(key) if isinstance(item, dict) else None
        if not isinstance(name, str):
            continue
        if name in seen:
            yield wrong(f"`{key}` {json.dumps(name)} already exists for another {what}", f"{at}/{index}/{key}")
        seen.add(name)


def _characters(value: Any) -> int:
    """The number of characters of visible text."""
    if isinstance(value, list):
        return sum(_characters(item) for item in value)
    if isinstance(value, dict):
        return sum(
            len(item) if name == "text" and isinstance(item, str) else _characters(item) for name, item in value.items()
        )
    return 0


def _weight(block: Mapping[str, Any]) -> int:
    """A block's share of a message's size: the length of its JSON; for a table, only its text."""
    if block["type"] == "table":
        return _characters(block)
    return len(json.dumps(block, ensure_ascii=False, separators=(",", ":")))


def check_blocks(blocks: Any, *, weigh: bool = True, unsupported: Collection[str] = ()) -> list[dict[str, Any]]:
    """Check the blocks of a message. Raises SlackError invalid_blocks, invalid_blocks_format or msg_blocks_too_long.

    `weigh` is off for response_url, which accepts more than chat.postMessage does. Blocks of the types in `unsupported`
    are rejected, as in a workspace that does not have them yet.
    """
    if not isinstance(blocks, list):
        raise SlackError("invalid_blocks_format")
    supported = by_type({name: check for name, check in _MESSAGE.items() if name not in unsupported})
    complaints = [*items(supported, MESSAGE_BLOCKS, 0)(blocks, "/blocks"), *_unique(blocks, "/blocks")]
    if complaints:
        raise SlackError("invalid_blocks", complaints)
    if sum(block["type"] == "data_visualization" for block in blocks) > MAX_CHARTS:
        raise SlackError("invalid_blocks", [wrong("no more than 2 charts allowed", "/blocks")])
    tables = [block for block in blocks if block["type"] == "table"]
    if len(tables) > 1:
        raise SlackError("invalid_blocks", [wrong("only_one_table_allowed", "/blocks")])
    if _characters(tables) > TABLE_TEXT:
        raise SlackError(
            "invalid_blocks", [wrong(f"table text must be less than {TABLE_TEXT + 1} characters", "/blocks")]
        )
    if sum(_characters(block) for block in blocks if block["type"] == "markdown") > MARKDOWN_TEXT:
        raise SlackError("msg_blocks_too_long")
    if weigh and sum(_weight(block) for block in blocks) > BLOCKS_WEIGHT:
        raise SlackError("msg_blocks_too_long")
    return blocks


_VIEW = {
    "blocks": items(by_type(_EVERYWHERE), VIEW_BLOCKS, 0),
}
_VIEW_OPTIONS = {"private_metadata": string(3000, 0), "callback_id": string(255, 0), "external_id": string(255, 0)}
_VIEWS = {
    "home": fields(_VIEW, _VIEW_OPTIONS),
    "modal": fields(
        {**_VIEW, "title": _plain(24)},
        {
            **_VIEW_OPTIONS,
            "submit": _plain(24),
            "close": _plain(24),
            "clear_on_close": boolean,
            "notify_on_close": boolean,
            "submit_disabled": boolean,
        },
    ),
}


def check_view(view: Any, kind: str) -> dict[str, Any]:
    """Check a view of this kind (`modal` or `home`). Raises SlackError invalid_arguments or view_too_large."""
    if not isinstance(view, dict):
        raise SlackError("invalid_arguments", [wrong("must be an object", "/view")])
    if len(json.dumps(view, ensure_ascii=False).encode()) > VIEW_BYTES:
        raise SlackError("view_too_large")
    complaints = list(by_type({kind: _VIEWS[kind]})(view, "/view"))
    blocks = view.get("blocks")
    if isinstance(blocks, list):
        complaints += _unique(blocks, "/view/blocks")
        asks = any(isinstance(block, dict) and block.get("type") == "input" for block in blocks)
        if kind == "modal" and asks and "submit" not in view:
            complaints.append(wrong("missing required field: submit", "/view"))
    if complaints:
        raise SlackError("invalid_arguments", complaints)
    return view


def check_text(text: str, maximum: int) -> str:
    """Check a message's text. Raises SlackError msg_too_long."""
    if len(text) > maximum:
        raise SlackError("msg_too_long")
    return text

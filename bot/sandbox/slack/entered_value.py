"""The value that someone entered or selected in an element, as in actions and view states."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from bot.sandbox.slack.model import Json


class _Kind(NamedTuple):
    member: str
    initial: str = ""


# The members for an element's value and initial value; buttons and overflow menus keep no value between clicks.
# https://docs.slack.dev/reference/block-kit/block-elements
_KINDS = {
    "button": _Kind("value"),
    "channels_select": _Kind("selected_channel", "initial_channel"),
    "checkboxes": _Kind("selected_options", "initial_options"),
    "conversations_select": _Kind("selected_conversation", "initial_conversation"),
    "datepicker": _Kind("selected_date", "initial_date"),
    "datetimepicker": _Kind("selected_date_time", "initial_date_time"),
    "email_text_input": _Kind("value", "initial_value"),
    "multi_static_select": _Kind("selected_options", "initial_options"),
    "multi_users_select": _Kind("selected_users", "initial_users"),
    "number_input": _Kind("value", "initial_value"),
    "overflow": _Kind("selected_option"),
    "plain_text_input": _Kind("value", "initial_value"),
    "radio_buttons": _Kind("selected_option", "initial_option"),
    "static_select": _Kind("selected_option", "initial_option"),
    "timepicker": _Kind("selected_time", "initial_time"),
    "url_text_input": _Kind("value", "initial_value"),
    "users_select": _Kind("selected_user", "initial_user"),
}
_LISTS = {"selected_options", "selected_users"}
_REQUIRED = "Please complete this required field."


def member(element: Json) -> str:
    """The member that holds an element's value: `value`, `selected_option`, …"""
    return _KINDS[element["type"]].member


def elements(block: Mapping[str, Any]) -> list[Any]:
    """The interactive elements of a block, including an image accessory."""
    if block.get("type") == "actions" and isinstance(block.get("elements"), list):
        return list(block["elements"])
    return [block[key] for key in ("accessory", "element") if key in block]


def entered(element: Json, submitted: Any) -> Json:
    """An element's value: `submitted` is text, an option's value, a list of those, or the page's form of them.

    None means the initial value; {"value": None} and the like mean that it was cleared. Raises LookupError for an
    unknown option.
    """
    name, initial = _KINDS[element["type"]]
    empty: list[Any] | None = [] if name in _LISTS else None
    if submitted is None:
        return {"type": element["type"], name: element.get(initial, empty)}
    if isinstance(submitted, Mapping) and name in submitted:
        submitted = submitted[name] or empty
    value: Any
    if not submitted:
        value = empty
    elif name == "selected_option":
        value = _option(element, submitted)
    elif name == "selected_options":
        value = [_option(element, item) for item in submitted]
    else:
        value = submitted
    return {"type": element["type"], name: value}


def state(blocks: Iterable[Json], *values: Mapping[str, Any]) -> Json:
    """`state.values`: every element's value from the last of `values` that has it, or its initial value.

    Each of `values` is keyed by action_id, by block_id, or nested as in a state.
    https://docs.slack.dev/changelog/2020-09-full-state-on-view-submisson-and-block-actions
    """
    return {
        block["block_id"]: by_action_id
        for block in blocks
        if (
            by_action_id := {
                element["action_id"]: _element_value(block, element, values)
                for element in elements(block)
                if _has_value(element)
            }
        )
    }


def _has_value(element: Json) -> bool:
    return bool(_KINDS.get(element["type"], _Kind("")).initial)


def _element_value(block: Json, element: Json, values: Sequence[Mapping[str, Any]]) -> Json:
    candidates = (_value_in(block, element, source) for source in reversed(values))
    return entered(element, next((value for value in candidates if value is not None), None))


def _value_in(block: Json, element: Json, values: Mapping[str, Any]) -> Any:
    nested = values.get(block["block_id"])
    if isinstance(nested, Mapping) and element["action_id"] in nested:
        return nested[element["action_id"]]
    return values.get(element["action_id"], None if isinstance(nested, Mapping) else nested)


def _option(element: Json, submitted: Any) -> Json:
    value = submitted["value"] if isinstance(submitted, Mapping) else submitted
    groups = element.get("option_groups", [])
    options = element.get("options") or [option for group in groups for option in group["options"]]
    for option in options:
        if option["value"] == value:
            return dict(option)
    raise LookupError(f"{element['action_id']} has no option {value!r}")


_FORMS = {
    "email_text_input": (re.compile(r"[^@\s]+@[^@\s.]+(?:\.[^@\s.]+)+"), "Please enter a valid email address."),
    "url_text_input": (re.compile(r"https?://\S+"), "Please enter a valid URL."),
    "number_input": (re.compile(r"-?\d+(\.\d+)?"), "Please enter a valid number."),
}


def input_error(block: Json, element: Json, value: Json) -> str | None:
    """The error that Slack's client shows before it sends a form, or None."""
    content = value[member(element)]
    if not content:
        return None if block.get("optional") else _REQUIRED
    if element["type"] == "plain_text_input":
        if len(content) > element.get("max_length", 3000):
            return f"Please enter no more than {element.get('max_length', 3000)} characters."
        if len(content) < element.get("min_length", 0):
            return f"Please enter at least {element['min_length']} characters."
    if element["type"] in _FORMS:
        form, message = _FORMS[element["type"]]
        return None if form.fullmatch(str(content)) else message
    if member(element) in _LISTS and len(content) > element.get("max_selected_items", len(content)):
        return f"Please select no more than {element['max_selected_items']} items."
    return None

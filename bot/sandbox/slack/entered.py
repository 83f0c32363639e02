"""What somebody entered or picked in an element, as actions and view states carry it."""

from collections.abc import Mapping
from typing import Any

from bot.sandbox.slack.state import Json

# The member that holds an element's value: https://docs.slack.dev/reference/block-kit/block-elements
_MEMBER = {
    "button": "value",
    "channels_select": "selected_channel",
    "checkboxes": "selected_options",
    "conversations_select": "selected_conversation",
    "datepicker": "selected_date",
    "multi_static_select": "selected_options",
    "number_input": "value",
    "overflow": "selected_option",
    "plain_text_input": "value",
    "radio_buttons": "selected_option",
    "static_select": "selected_option",
    "timepicker": "selected_time",
    "users_select": "selected_user",
}
_INITIAL = {
    "selected_channel": "initial_channel",
    "selected_conversation": "initial_conversation",
    "selected_date": "initial_date",
    "selected_option": "initial_option",
    "selected_options": "initial_options",
    "selected_time": "initial_time",
    "selected_user": "initial_user",
    "value": "initial_value",
}


def member(element: Json) -> str:
    """The member an element's value goes by: `value`, `selected_option`, …"""
    return _MEMBER[element["type"]]


def entered(element: Json, given: Any) -> Json:
    """An element's value: `given` is text, an option's value, a list of those, or what the page sends for them.

    None takes what the element starts with. LookupError when there is no such option.
    """
    name = member(element)
    if isinstance(given, Mapping) and name in given:
        given = given[name]
    if given is None:
        start: list[Json] | None = [] if name == "selected_options" else None
        return {"type": element["type"], name: element.get(_INITIAL[name], start)}
    if name == "selected_option":
        return {"type": element["type"], name: _option(element, given)}
    if name == "selected_options":
        return {"type": element["type"], name: [_option(element, item) for item in given]}
    return {"type": element["type"], name: given}


def _option(element: Json, given: Any) -> Json:
    value = given["value"] if isinstance(given, Mapping) else given
    groups = element.get("option_groups", [])
    options = element.get("options") or [option for group in groups for option in group["options"]]
    for option in options:
        if option["value"] == value:
            return dict(option)
    raise LookupError(f"{element['action_id']} has no option {value!r}")


def complaint(block: Json, element: Json, value: Json) -> str | None:
    """What Slack's own client says before it sends a form, or None."""
    content = value[member(element)]
    if not content:
        return None if block.get("optional") else "Please complete this required field."
    if element["type"] == "plain_text_input":
        if len(content) > element.get("max_length", 3000):
            return f"Please enter no more than {element.get('max_length', 3000)} characters."
        if len(content) < element.get("min_length", 0):
            return f"Please enter at least {element['min_length']} characters."
    return None

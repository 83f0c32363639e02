"""The arguments of a Web API call, from form fields or JSON."""

import json
from collections.abc import Mapping
from typing import Any

from bot.sandbox.slack.errors import SlackError


class Arguments:
    """Typed access to the arguments. In a form, lists and objects are JSON text."""

    def __init__(self, raw: Mapping[str, Any]) -> None:
        self.raw = {name: value for name, value in raw.items() if value is not None}

    def __contains__(self, name: str) -> bool:
        return name in self.raw

    def text(self, name: str, default: str = "") -> str:
        """A string. Raises SlackError invalid_arguments for anything else."""
        value = self.raw.get(name, default)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return str(value)
        if not isinstance(value, str):
            raise SlackError("invalid_arguments", [f"[ERROR] must be a string [json-pointer:/{name}]"])
        return value

    def required(self, name: str) -> str:
        """A required string. Raises SlackError invalid_arguments if it is missing."""
        value = self.text(name)
        if not value:
            raise SlackError("invalid_arguments", [f"[ERROR] missing required field: {name}"])
        return value

    def flag(self, name: str) -> bool:
        """A boolean, from a form or JSON."""
        return str(self.raw.get(name, "")).lower() in {"1", "true"}

    def number(self, name: str, default: int) -> int:
        """An integer. Raises SlackError invalid_arguments for anything else."""
        try:
            return int(self.raw.get(name, default))
        except (TypeError, ValueError):
            raise SlackError("invalid_arguments", [f"[ERROR] must be an integer [json-pointer:/{name}]"]) from None

    def structure(self, name: str, refusal: str = "invalid_arguments") -> Any:
        """A list or object; None if not given. Raises SlackError `refusal` if it is not JSON."""
        value = self.raw.get(name)
        if not isinstance(value, str):
            return value
        try:
            return json.loads(value) if value else None
        except ValueError:
            raise SlackError(refusal, [f"[ERROR] must be valid JSON [json-pointer:/{name}]"]) from None

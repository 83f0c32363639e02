"""Stores a `RevertRequest` with its change as people write it."""

from typing import Any

from bot.core.pull_requests.change_ref import parse_change_ref
from bot.core.pull_requests.revert import RevertRequest

EXCLUDED_FIELDS = {"change"}  # left out of the dump


def dump_change(fields: dict[str, Any], request: RevertRequest) -> None:
    """Add the change to the dumped fields."""
    fields["text"] = str(request.change)


def load_change(fields: dict[str, Any]) -> None:
    """Parse the change into the field that validation expects."""
    fields["change"] = parse_change_ref(fields.pop("text"))

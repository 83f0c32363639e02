"""A probe of anything, for `gitops-bot doctor`."""

from collections.abc import Callable
from typing import TypeVar

from bot.ports.errors import PortError
from bot.ports.isolation import unexpected_as_port_error
from bot.ports.probe import Probe

_Result = TypeVar("_Result")


def attempt(what: str, action: Callable[[], _Result]) -> tuple[Probe, _Result | None]:
    """The probe of `what`, and the result of `action` if it succeeded. Raises nothing, whatever goes wrong."""
    try:
        with unexpected_as_port_error(what):
            return Probe(what, ok=True), action()
    except PortError as error:
        return Probe(what, ok=False, remedy=error.text), None

"""`/gitops …` as people type it: text in, a closed command or a mistake out. Help is generated from the table here."""

import difflib
import re
from collections.abc import Collection
from dataclasses import dataclass

from bot.core.message.catalogue import command as texts
from bot.core.message.language import Phrase


@dataclass(frozen=True, slots=True)
class StatusCommand:
    """Every application, or one."""

    application: str | None


@dataclass(frozen=True, slots=True)
class DriftCommand:
    """Check now: every application, or one."""

    application: str | None


@dataclass(frozen=True, slots=True)
class DiffCommand:
    """The differences of one application, field by field; with `everything` also those set aside, with the reason."""

    application: str
    everything: bool = False


@dataclass(frozen=True, slots=True)
class RevertCommand:
    """Undo a revision through a pull request. `revision` is as typed and still to be parsed."""

    revision: str
    application: str | None


@dataclass(frozen=True, slots=True)
class HistoryCommand:
    """What reached the tracked branch: of every repository, or of one application."""

    application: str | None


@dataclass(frozen=True, slots=True)
class HelpCommand:
    """What can be typed."""


Command = StatusCommand | DriftCommand | DiffCommand | RevertCommand | HistoryCommand | HelpCommand


@dataclass(frozen=True, slots=True)
class UnknownCommand:
    """The first word is no command; `nearest` is what was probably meant."""

    word: str
    nearest: str | None


@dataclass(frozen=True, slots=True)
class UnknownApplication:
    """No application of that name is configured; `nearest` is what was probably meant."""

    word: str
    nearest: str | None


@dataclass(frozen=True, slots=True)
class WrongArguments:
    """The command is known, its arguments are too many or too few."""

    spec: "CommandSpec"


Mistake = UnknownCommand | UnknownApplication | WrongArguments


@dataclass(frozen=True, slots=True)
class CommandSpec:
    """One command: `arguments` as help shows them, `least` and `most` words after its name, `flags` besides."""

    name: str
    arguments: str
    summary: Phrase
    least: int
    most: int
    flags: frozenset[str] = frozenset()


# Phones make one long dash of two short ones.
_ALL = frozenset({"--all", "-a", "—all", "\u2013all"})

COMMANDS = (
    CommandSpec("status", "[APP]", texts.STATUS, 0, 1),
    CommandSpec("drift", "[APP]", texts.DRIFT, 0, 1),
    CommandSpec("diff", "APP [--all]", texts.DIFF, 1, 1, _ALL),
    CommandSpec("revert", "REV [APP]", texts.REVERT, 1, 2),
    CommandSpec("history", "[APP]", texts.HISTORY, 0, 1),
    CommandSpec("help", "", texts.HELP, 0, 0),
)

# Slack wraps links and channel names it recognises in a command's text: <https://…|label>.
# https://docs.slack.dev/interactivity/implementing-slash-commands
_WRAPPED = re.compile(r"<([^<>|]+)(?:\|[^<>]*)?>")


def parse(text: str, applications: Collection[str]) -> Command | Mistake:
    """Read what stood behind `/gitops`. Names of applications are matched exactly, then without regard to case."""
    words = _WRAPPED.sub(r"\1", text).split()
    if not words:
        return HelpCommand()
    name = words[0].lower()
    arguments = words[1:]
    spec = next((spec for spec in COMMANDS if spec.name == name), None)
    if spec is None:
        return UnknownCommand(words[0], _nearest(name, [spec.name for spec in COMMANDS]))
    flags = [word for word in arguments if word in spec.flags]
    arguments = [word for word in arguments if word not in spec.flags]
    if not spec.least <= len(arguments) <= spec.most:
        return WrongArguments(spec)
    typed = _typed_application(name, arguments)
    application = None if typed is None else _application(typed, applications)
    if typed is not None and application is None:
        return UnknownApplication(typed, _nearest(typed, applications))
    match name:
        case "status":
            return StatusCommand(application)
        case "drift":
            return DriftCommand(application)
        case "diff":
            return WrongArguments(spec) if application is None else DiffCommand(application, everything=bool(flags))
        case "revert":
            return RevertCommand(arguments[0], application)
        case "history":
            return HistoryCommand(application)
        case _:
            return HelpCommand()


def _typed_application(name: str, arguments: list[str]) -> str | None:
    position = 1 if name == "revert" else 0
    return arguments[position] if len(arguments) > position else None


def _application(typed: str, applications: Collection[str]) -> str | None:
    if typed in applications:
        return typed
    same = [name for name in applications if name.lower() == typed.lower()]
    return same[0] if len(same) == 1 else None


def _nearest(word: str, words: Collection[str]) -> str | None:
    lowered = {known.lower(): known for known in words}
    close = difflib.get_close_matches(word.lower()[:100], lowered, n=1, cutoff=0.6)
    return lowered[close[0]] if close else None

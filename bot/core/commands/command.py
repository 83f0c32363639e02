"""`/gitops …` as people type it: text in, a closed command or a mistake out. Help is generated from the table here."""

import difflib
import re
from collections.abc import Callable, Collection
from dataclasses import dataclass

from bot.core.incidents.snooze import DEFAULT_SNOOZE, SnoozePeriod
from bot.core.incidents.snooze import parse_snooze as parse_span
from bot.core.pull_requests.change_ref import ChangeRef, InvalidChangeRef, parse_change_ref
from bot.i18n.catalogue import command as texts
from bot.i18n.language import Phrase


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
    show_all: bool = False


@dataclass(frozen=True, slots=True)
class RevertCommand:
    """Revert a change through a pull request."""

    change: ChangeRef
    application: str | None


@dataclass(frozen=True, slots=True)
class HistoryCommand:
    """What reached the tracked branch: of every repository, or of one application."""

    application: str | None


@dataclass(frozen=True, slots=True)
class WhoCommand:
    """Whom to ask about one application."""

    application: str


@dataclass(frozen=True, slots=True)
class AcknowledgeCommand:
    """The asker has the application's incident."""

    application: str


@dataclass(frozen=True, slots=True)
class SnoozeCommand:
    """Quiet about the application's incident for a while."""

    application: str
    period: SnoozePeriod = DEFAULT_SNOOZE


@dataclass(frozen=True, slots=True)
class HelpCommand:
    """What can be typed: everything, or one command."""

    spec: "CommandSpec | None" = None


Command = (
    StatusCommand
    | DriftCommand
    | DiffCommand
    | RevertCommand
    | HistoryCommand
    | WhoCommand
    | AcknowledgeCommand
    | SnoozeCommand
    | HelpCommand
)


@dataclass(frozen=True, slots=True)
class UnknownCommand:
    """The first word is no command; `nearest` is what was probably meant."""

    word: str
    suggestion: str | None


@dataclass(frozen=True, slots=True)
class UnknownApplication:
    """No application of that name is configured; `nearest` is what was probably meant."""

    word: str
    suggestion: str | None


@dataclass(frozen=True, slots=True)
class WrongArguments:
    """The command is known, its arguments are too many or too few."""

    spec: "CommandSpec"


@dataclass(frozen=True, slots=True)
class InvalidDuration:
    """What stands where the length of a snooze goes is none."""


InvalidCommand = UnknownCommand | UnknownApplication | WrongArguments | InvalidDuration | InvalidChangeRef


@dataclass(frozen=True, slots=True)
class CommandSpec:
    """One command: `arguments` as help shows them, `least` and `most` words after its name, `flags` besides."""

    name: str
    arguments: str
    summary: Phrase
    min_arguments: int
    max_arguments: int
    flags: frozenset[str] = frozenset()


# Phones make one long dash of two short ones.
_ALL = frozenset({"--all", "-a", "—all", "\u2013all"})
_HELP = frozenset({"--help", "-h", "—help", "\u2013help"})

COMMANDS = (
    CommandSpec("status", "[APP]", texts.STATUS, 0, 1),
    CommandSpec("drift", "[APP]", texts.DRIFT, 0, 1),
    CommandSpec("diff", "APP [--all]", texts.DIFF, 1, 1, _ALL),
    CommandSpec("revert", "REV [APP]", texts.REVERT, 1, 2),
    CommandSpec("history", "[APP]", texts.HISTORY, 0, 1),
    CommandSpec("who", "APP", texts.WHO, 1, 1),
    CommandSpec("ack", "APP", texts.ACKNOWLEDGE, 1, 1),
    CommandSpec("snooze", "APP [DURATION]", texts.SNOOZE, 1, 4),
    CommandSpec("help", "[COMMAND]", texts.HELP, 0, 1),
)

# Slack wraps links and channel names it recognises in a command's text: <https://…|label>.
# https://docs.slack.dev/interactivity/implementing-slash-commands
_WRAPPED = re.compile(r"<([^<>|]+)(?:\|[^<>]*)?>")


def parse(text: str, applications: Collection[str]) -> Command | InvalidCommand:
    """Read what stood behind `/gitops`. Names of applications are matched exactly, then without regard to case."""
    words = _WRAPPED.sub(r"\1", text).split()
    if not words:
        return HelpCommand()
    name = words[0].lower()
    arguments = words[1:]
    spec = _spec(words[0])
    if isinstance(spec, UnknownCommand):
        return spec
    if _HELP.intersection(arguments):
        return HelpCommand(spec)
    flags = [word for word in arguments if word in spec.flags]
    arguments = [word for word in arguments if word not in spec.flags]
    if not spec.min_arguments <= len(arguments) <= spec.max_arguments:
        return WrongArguments(spec)
    if name == "help":
        about = _spec(arguments[0]) if arguments else None
        return about if isinstance(about, UnknownCommand) else HelpCommand(about)
    position = 1 if name == "revert" else 0
    typed = arguments.pop(position) if len(arguments) > position else None
    application = None if typed is None else _application(typed, applications)
    if typed is not None and application is None:
        return UnknownApplication(typed, _nearest(typed, applications))
    return _PARSERS[name](_Arguments(application, tuple(arguments), has_flag=bool(flags))) or WrongArguments(spec)


@dataclass(frozen=True, slots=True)
class _Arguments:
    """What stood behind a command's name: the application, the `others` in their order, and whether a flag did."""

    application: str | None
    arguments: tuple[str, ...]
    has_flag: bool


def _spec(word: str) -> CommandSpec | UnknownCommand:
    name = word.lower()
    found = next((spec for spec in COMMANDS if spec.name == name), None)
    return found or UnknownCommand(word, _nearest(name, [spec.name for spec in COMMANDS]))


def _snooze(typed: _Arguments) -> SnoozeCommand | InvalidDuration | None:
    span = parse_span(" ".join(typed.arguments)) if typed.arguments else DEFAULT_SNOOZE
    if span is None:
        return InvalidDuration()
    return SnoozeCommand(typed.application, span) if typed.application else None


def _revert(typed: _Arguments) -> RevertCommand | InvalidChangeRef:
    change = parse_change_ref(typed.arguments[0])
    return change if isinstance(change, InvalidChangeRef) else RevertCommand(change, typed.application)


# How each is read; None: its arguments are not understood.
_PARSERS: dict[str, Callable[[_Arguments], Command | InvalidCommand | None]] = {
    "status": lambda typed: StatusCommand(typed.application),
    "drift": lambda typed: DriftCommand(typed.application),
    "diff": lambda typed: DiffCommand(typed.application, show_all=typed.has_flag) if typed.application else None,
    "revert": _revert,
    "history": lambda typed: HistoryCommand(typed.application),
    "who": lambda typed: WhoCommand(typed.application) if typed.application else None,
    "ack": lambda typed: AcknowledgeCommand(typed.application) if typed.application else None,
    "snooze": _snooze,
}


def _application(typed: str, applications: Collection[str]) -> str | None:
    if typed in applications:
        return typed
    same = [name for name in applications if name.lower() == typed.lower()]
    return same[0] if len(same) == 1 else None


def _nearest(word: str, words: Collection[str]) -> str | None:
    lowered = {known.lower(): known for known in words}
    close = difflib.get_close_matches(word.lower()[:100], lowered, n=1, cutoff=0.6)
    return lowered[close[0]] if close else None

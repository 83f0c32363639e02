"""Parses the text after `/gitops` into a command, or a typed error. Help is generated from the table of commands."""

import difflib
import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Final

from bot.core.incidents.snooze_period import DEFAULT_SNOOZE, SnoozePeriod, parse_snooze
from bot.core.pull_requests.change_ref import ChangeRef, InvalidChangeRef, parse_change_ref
from bot.i18n.catalogue import command as texts
from bot.i18n.language import Phrase


@dataclass(frozen=True, slots=True)
class StatusCommand:
    """Show the status of every application, or of one."""

    application: str | None


@dataclass(frozen=True, slots=True)
class DriftCommand:
    """Check every application, or one, for drift now."""

    application: str | None


@dataclass(frozen=True, slots=True)
class DiffCommand:
    """Show an application's drift field by field; with `show_all`, ignored differences too, with the reason."""

    application: str
    show_all: bool = False


@dataclass(frozen=True, slots=True)
class RevertCommand:
    """Open a pull request that reverts a change."""

    change: ChangeRef
    application: str | None


@dataclass(frozen=True, slots=True)
class HistoryCommand:
    """Show the commits on the tracked branch, of every repository or of one application's."""

    application: str | None


@dataclass(frozen=True, slots=True)
class ReportCommand:
    """Show the delivery metrics of the last `days`, of all applications or of one."""

    days: int
    application: str | None


@dataclass(frozen=True, slots=True)
class WhoCommand:
    """Show who to ask about an application."""

    application: str


@dataclass(frozen=True, slots=True)
class AcknowledgeCommand:
    """Acknowledge the application's incident."""

    application: str


@dataclass(frozen=True, slots=True)
class ReleaseCommand:
    """Release the application's acknowledged incident."""

    application: str


@dataclass(frozen=True, slots=True)
class UnsnoozeCommand:
    """End the snooze of the application's incident."""

    application: str


@dataclass(frozen=True, slots=True)
class SnoozeCommand:
    """Snooze the application's incident."""

    application: str
    period: SnoozePeriod = DEFAULT_SNOOZE


@dataclass(frozen=True, slots=True)
class HelpCommand:
    """Show help for every command, or for one."""

    spec: "CommandSpec | None" = None


SilenceCommand = AcknowledgeCommand | ReleaseCommand | SnoozeCommand | UnsnoozeCommand
Command = (
    StatusCommand
    | DriftCommand
    | DiffCommand
    | RevertCommand
    | HistoryCommand
    | ReportCommand
    | WhoCommand
    | SilenceCommand
    | HelpCommand
)


@dataclass(frozen=True, slots=True)
class UnknownCommand:
    """The first word is not a command; `suggestion` is the closest one, if any."""

    word: str
    suggestion: str | None


@dataclass(frozen=True, slots=True)
class UnknownApplication:
    """No application has that name; `suggestion` is the closest name, if any."""

    word: str
    suggestion: str | None


@dataclass(frozen=True, slots=True)
class WrongArguments:
    """The command has too many or too few arguments."""

    spec: "CommandSpec"


@dataclass(frozen=True, slots=True)
class InvalidDuration:
    """The snooze duration could not be parsed."""


@dataclass(frozen=True, slots=True)
class InvalidPeriod:
    """The number of days of a report is 0 or above MAX_REPORT_DAYS."""


InvalidCommand = (
    UnknownCommand | UnknownApplication | WrongArguments | InvalidDuration | InvalidPeriod | InvalidChangeRef
)


@dataclass(frozen=True, slots=True)
class CommandSpec:
    """One command: its `arguments` as help shows them, how many it takes, the `flags` it also accepts, and examples.

    In `examples`, APP is replaced by the name of an application.
    """

    name: str
    arguments: str
    summary: Phrase
    min_arguments: int
    max_arguments: int
    flags: frozenset[str] = frozenset()
    examples: tuple[str, ...] = ()


def name_of(command: Command) -> str:
    """A command in one word, such as `status`, for metrics."""
    return type(command).__name__.removesuffix("Command").lower()


# Phone keyboards turn two hyphens into a dash.
_ALL = frozenset({"--all", "-a", "—all", "\u2013all"})
_HELP = frozenset({"--help", "-h", "—help", "\u2013help"})

COMMANDS = (
    CommandSpec("status", "[APP]", texts.STATUS, 0, 1, examples=("", "APP")),
    CommandSpec("drift", "[APP]", texts.DRIFT, 0, 1, examples=("APP",)),
    CommandSpec("diff", "APP [--all]", texts.DIFF, 1, 1, _ALL, ("APP", "APP --all")),
    CommandSpec(
        "revert",
        "REV [APP]",
        texts.REVERT,
        1,
        2,
        examples=("HEAD", "#135", "4f2a91c", "4f2a91c..9b7e0d3", "HEAD APP"),
    ),
    CommandSpec("history", "[APP]", texts.HISTORY, 0, 1, examples=("APP",)),
    CommandSpec("report", "[7d|30d] [APP]", texts.REPORT, 0, 2, examples=("", "30d", "30d APP")),
    CommandSpec("who", "APP", texts.WHO, 1, 1, examples=("APP",)),
    CommandSpec("ack", "APP", texts.ACKNOWLEDGE, 1, 1, examples=("APP",)),
    CommandSpec("release", "APP", texts.RELEASE, 1, 1, examples=("APP",)),
    CommandSpec(
        "snooze",
        "APP [DURATION|off]",
        texts.SNOOZE,
        1,
        4,
        examples=("APP", "APP 4h", "APP until 09:00", "APP off"),
    ),
    CommandSpec("help", "[COMMAND]", texts.HELP, 0, 1, examples=("revert",)),
)

DEFAULT_REPORT_DAYS: Final = 7
MAX_REPORT_DAYS: Final = 365
_DAYS = re.compile(r"\d{1,9}d", re.IGNORECASE | re.ASCII)

# Slack wraps the links and channel names in a command's text: <https://…|label>.
# https://docs.slack.dev/interactivity/implementing-slash-commands
_WRAPPED = re.compile(r"<([^<>|]+)(?:\|[^<>]*)?>")


def parse(text: str, applications: Collection[str]) -> Command | InvalidCommand:
    """Parse the text after `/gitops`. Application names match exactly, or else case-insensitively."""
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
        topic = _spec(arguments[0]) if arguments else None
        return topic if isinstance(topic, UnknownCommand) else HelpCommand(topic)
    if name == "report":
        return _report(spec, arguments, applications)
    position = 1 if name == "revert" else 0
    word = arguments.pop(position) if len(arguments) > position else None
    application = None if word is None else _application(word, applications)
    if word is not None and application is None:
        return UnknownApplication(word, _suggestion(word, applications))
    return _PARSERS[name](_Arguments(application, tuple(arguments), has_flag=bool(flags))) or WrongArguments(spec)


@dataclass(frozen=True, slots=True)
class _Arguments:
    """A command's arguments: the application, the others in order, and whether one of the command's flags was given."""

    application: str | None
    others: tuple[str, ...]
    has_flag: bool


def _spec(word: str) -> CommandSpec | UnknownCommand:
    name = word.lower()
    spec = next((spec for spec in COMMANDS if spec.name == name), None)
    return spec or UnknownCommand(word, _suggestion(name, [spec.name for spec in COMMANDS]))


def _snooze(arguments: _Arguments) -> SnoozeCommand | UnsnoozeCommand | InvalidDuration | None:
    if arguments.application and [other.lower() for other in arguments.others] == ["off"]:
        return UnsnoozeCommand(arguments.application)
    period = parse_snooze(" ".join(arguments.others)) if arguments.others else DEFAULT_SNOOZE
    if period is None:
        return InvalidDuration()
    return SnoozeCommand(arguments.application, period) if arguments.application else None


def _revert(arguments: _Arguments) -> RevertCommand | InvalidChangeRef:
    change = parse_change_ref(arguments.others[0])
    return change if isinstance(change, InvalidChangeRef) else RevertCommand(change, arguments.application)


def _report(spec: CommandSpec, arguments: list[str], applications: Collection[str]) -> Command | InvalidCommand:
    """The period and the application may come in either order."""
    periods = [word for word in arguments if _DAYS.fullmatch(word) and _application(word, applications) is None]
    names = [word for word in arguments if word not in periods]
    if len(periods) > 1 or len(names) > 1:
        return WrongArguments(spec)
    days = int(periods[0][:-1]) if periods else DEFAULT_REPORT_DAYS
    if not 1 <= days <= MAX_REPORT_DAYS:
        return InvalidPeriod()
    application = _application(names[0], applications) if names else None
    if names and application is None:
        return UnknownApplication(names[0], _suggestion(names[0], applications))
    return ReportCommand(days, application)


# Each function builds its command, or returns None for wrong arguments.
_PARSERS: dict[str, Callable[[_Arguments], Command | InvalidCommand | None]] = {
    "status": lambda args: StatusCommand(args.application),
    "drift": lambda args: DriftCommand(args.application),
    "diff": lambda args: DiffCommand(args.application, show_all=args.has_flag) if args.application else None,
    "revert": _revert,
    "history": lambda args: HistoryCommand(args.application),
    "who": lambda args: WhoCommand(args.application) if args.application else None,
    "ack": lambda args: AcknowledgeCommand(args.application) if args.application else None,
    "release": lambda args: ReleaseCommand(args.application) if args.application else None,
    "snooze": _snooze,
}


def _application(word: str, applications: Collection[str]) -> str | None:
    if word in applications:
        return word
    matching = [name for name in applications if name.lower() == word.lower()]
    return matching[0] if len(matching) == 1 else None


def _suggestion(word: str, candidates: Collection[str]) -> str | None:
    by_lower = {candidate.lower(): candidate for candidate in candidates}
    close = difflib.get_close_matches(word.lower()[:100], by_lower, n=1, cutoff=0.6)
    return by_lower[close[0]] if close else None

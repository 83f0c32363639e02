"""What any command may be answered: help, mistakes, trouble, who is not allowed to, and what became of a click."""

from datetime import timedelta

from bot.core.access.permission import Denied, MembersUnknown, Right, Rule
from bot.core.commands import command
from bot.messages import errors, permission, progress, silence
from bot.messages import help as help_message
from tests.messages.samples import ACKNOWLEDGED, OPEN, RULE, SILENT, SNOOZED, T0

REVERT = command.COMMANDS[3]


def messages(translator):
    mistakes = {
        "command": (command.UnknownCommand("statsu", "status"), ["shop"]),
        "application": (command.UnknownApplication("shpo", "shop"), ["shop", "search"]),
        "command-unlike-any": (command.UnknownCommand("deploy", None), ["shop"]),
        "application-unlike-any": (command.UnknownApplication("billing", None), ["shop", "invoices"]),
        "application-of-none": (command.UnknownApplication("shop", None), []),
        "span": (command.InvalidDuration(), ["shop"]),
        "period": (command.InvalidPeriod(), ["shop"]),
        "arguments": (command.WrongArguments(REVERT), ["shop"]),
    }
    openings = {
        "drift": command.DriftCommand(None),
        "drift-one": command.DriftCommand("shop"),
        "diff": command.DiffCommand("shop"),
        "revert": command.RevertCommand("#12", None),
    }
    return {
        "help-answer": help_message.overview(translator),
        "help-about-one": help_message.answer(translator, REVERT, ["shop"]),
        **{f"mistake-{name}": help_message.mistake(translator, *mistake) for name, mistake in mistakes.items()},
        "trouble-failed": errors.internal_error(translator, "a1b2c3d4"),
        "trouble-busy": errors.overloaded(translator),
        "trouble-outside": errors.unavailable(translator, SILENT),
        **{f"opening-{name}": progress.in_progress(translator, asked) for name, asked in openings.items()},
        **controls(translator),
    }


def controls(translator):
    nobody = Rule("slack.silence_allowed", ())
    could_not_ask = MembersUnknown(RULE, "S0ONCALL", "Slack rejected the request: the rate limit has been reached.")
    return {
        "control-denied-revert": permission.denied(translator, Right.REVERT, Denied(RULE)),
        "control-denied-silence": permission.denied(translator, Right.SILENCE, Denied(nobody)),
        "control-could-not-ask": permission.denied(translator, Right.REVERT, could_not_ask),
        "control-acknowledged": silence.acknowledged(translator, ["shop"]),
        "control-acknowledged-already": silence.already_acknowledged(translator, ["shop", "search"], "U0ANA"),
        "control-acknowledged-already-by-you": silence.already_acknowledged(translator, ["shop"], None),
        "control-taken-over": silence.acknowledged(translator, ["shop"], ["U0ANA"]),
        "control-released": silence.released(translator, [OPEN, SNOOZED]),
        "control-snooze-ended": silence.snooze_ended(translator, [ACKNOWLEDGED, OPEN]),
        "control-not-yours": silence.not_yours(translator, ["shop"], "U0ANA"),
        "control-nobody-has": silence.nobody_has(translator, ["shop"]),
        "control-snoozed-already-by-you": silence.already_snoozed(translator, ["shop"], None),
        "control-snoozed": silence.snoozed(translator, ["shop"], T0 + timedelta(days=2)),
        "control-snooze-worsened": silence.worsened(translator, ["shop"]),
        "control-snoozed-already": silence.already_snoozed(translator, ["shop"], "U0ANA"),
        "control-nothing-open": silence.nothing_open(translator, ["shop"]),
        "control-nothing-open-on-card": silence.nothing_open(translator, []),
        "control-stale": errors.outdated_button(translator),
    }

"""What people ask for, however they ask: a command, a mention, a button or a modal. The asker's rights count alone."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bot.config import Config
from bot.core import command as commands
from bot.core.application import Application
from bot.core.asker import Asker
from bot.core.audit import Origin
from bot.core.incident import under
from bot.core.message import control, diff_pages
from bot.core.message import drift as drift_message
from bot.core.message import help as help_message
from bot.core.message.blocks import Message
from bot.core.permission import CouldNotAsk, Denied
from bot.core.queued import QueuedRevert
from bot.core.revert import RevertRequest
from bot.core.snooze import Span
from bot.handlers import silence
from bot.handlers.adopt_command import adopt_command
from bot.handlers.diff import diff
from bot.handlers.history import history
from bot.handlers.people import People
from bot.handlers.queue import Ended, Later, work_off
from bot.handlers.revert_command import revert_command, revert_queued
from bot.handlers.standing import Groups, Standing
from bot.handlers.status import status
from bot.handlers.watch import Watch
from bot.handlers.who import who
from bot.ports import ChatError, Ports


class Desk:
    """Answers people. Nothing here is told apart by how it was asked; the asker's `origin` is only written down."""

    def __init__(self, config: Config, ports: Ports, watch: Watch, people: People) -> None:
        self._config = config
        self._ports = ports
        self._watch = watch
        self._people = people
        self._groups = Groups(ports.chat, ports.clock)

    def answer(self, command: commands.Command, asker: Asker) -> Message:
        """Do what a command says. PortError."""
        say, ports = asker.say, self._ports
        match command:
            case commands.StatusCommand(name):
                found = self._watch.discovered()
                return status(say, ports, self._chosen(name), self._watch.troubles(), found, everything=name is None)
            case commands.DriftCommand(name):
                return self.check_now(asker, [each.name for each in self._chosen(name)])
            case commands.DiffCommand(name, everything):
                check = self._watch.check([name], explain=everything)[0]
                return diff(say, ports, check, everything=everything, say_for=self._config.slack.say)
            case commands.HistoryCommand(name):
                application = self._config.applications[name] if name else None
                repositories = [application.repository] if application else self._lines()
                return help_message.joined([history(say, ports, each, application) for each in repositories])
            case commands.WhoCommand(name):
                return who(say, ports, self._people, self._config.applications[name])
            case commands.RevertCommand(text, name):
                return self.revert(asker, RevertRequest(who=asker.name, text=text, application=name))
            case commands.AcknowledgeCommand(name):
                return self.acknowledge(asker, silence.of_application(ports, name))
            case commands.SnoozeCommand(name, span):
                return self.snooze(asker, silence.of_application(ports, name), span)
            case commands.HelpCommand(spec):
                return help_message.answer(say, spec)

    def revert(self, asker: Asker, request: RevertRequest) -> Message:
        """Open a pull request, if the asker may on everything it touches. PortError."""
        said = revert_command(
            self._ports,
            request,
            asker=asker,
            standing=self._standing(asker),
            applications=self._config.applications,
            channel=self._config.slack.channel,
            rendered=self._watch.rendered,
        )
        self._watch.tell()
        return said

    def work_off(self) -> None:
        """Do the reverts that waited for the forge and are due. StoreError."""
        work_off(self._ports, self._revert_queued)

    def _revert_queued(self, known: QueuedRevert) -> Ended | Later:
        say = self._config.slack.say(known.channel)
        asker = Asker(known.by, known.request.who, known.asked_in, Origin.QUEUE, say)
        return revert_queued(
            self._ports,
            known,
            asker=asker,
            standing=self._standing(asker),
            applications=self._config.applications,
            channel=self._config.slack.channel,
            rendered=self._watch.rendered,
        )

    def adopt(self, asker: Asker, reference: str) -> Message:
        """Open a pull request that makes git say what the cluster says, if the asker may. PortError."""
        names = self.meant(reference)
        if len(names) != 1:
            return control.stale(asker.say)
        application = self._config.applications[names[0]]
        said = adopt_command(self._ports, self._watch, application, asker=asker, standing=self._standing(asker))
        self._watch.tell()
        return said

    def acknowledge(self, asker: Asker, target: silence.Target) -> Message:
        """The asker has it, if they may; the card says so at once. PortError."""
        said = silence.acknowledge(self._ports, self._standing(asker), asker, target)
        self._watch.tell()
        return said

    def snooze(self, asker: Asker, target: silence.Target, span: Span) -> Message:
        """Quiet for a while, if the asker may; the card says so at once. PortError."""
        said = silence.snooze(self._ports, self._standing(asker), asker, target, span, zone=self._config.zone)
        self._watch.tell()
        return said

    def refused_snooze(self, asker: Asker, target: silence.Target) -> Denied | CouldNotAsk | None:
        """Why the asker may not snooze that, before they are asked for how long; None when they may. PortError."""
        return silence.refused(self._ports, self._standing(asker), asker, target)

    def wake(self, asker: Asker, target: silence.Target) -> Message:
        """The end of a snooze before its time, if the asker may; the card says so at once. PortError."""
        said = silence.wake(self._ports, self._standing(asker), asker, target)
        self._watch.tell()
        return said

    def check_now(self, asker: Asker, names: list[str]) -> Message:
        """A drift check of these applications; none: what was pressed is out of date. PortError."""
        if not names:
            return control.stale(asker.say)
        return drift_message.checked(asker.say, self._watch.check(names))

    def meant(self, reference: str) -> list[str]:
        """The applications that a card's button or a modal refers to: one by its name, or those that share a card."""
        if reference in self._config.applications:
            return [reference]
        found = under(self._ports.store.incidents(), reference)
        return [name for name in dict.fromkeys(each.application for each in found) if name in self._config.applications]

    def diff_now(self, asker: Asker, reference: str) -> Mapping[str, Any]:
        """The diff modal's first page, after a check of what `reference` means. PortError."""
        if not (names := self.meant(reference)):
            return diff_pages.outdated(asker.say, control.stale(asker.say))
        return diff_pages.view(asker.say, self._watch.check(names), reference, 0)

    def diff_page(self, asker: Asker, reference: str, page: int) -> Mapping[str, Any]:
        """Any of its pages, as of the latest check. PortError."""
        checks = self._ports.store.checks()
        known = [checks[name] for name in self.meant(reference) if name in checks]
        if not known:
            return diff_pages.outdated(asker.say, control.stale(asker.say))
        return diff_pages.view(asker.say, known, reference, page)

    def named(self, asker: Asker) -> Asker:
        """The same asker by name, where a payload held the id alone and Slack may be asked."""
        try:
            known = self._ports.chat.user(asker.user)
        except ChatError:
            return asker
        return replace(asker, name=known.name) if known else asker

    def _standing(self, asker: Asker) -> Standing:
        return Standing(asker.user, self._config.roles, self._groups)

    def _lines(self) -> list[str]:
        """Every repository, and the other branches and tags of it that applications follow."""
        followed = sorted({each.repository for each in self._config.applications.values()})
        return list(dict.fromkeys((*self._config.repositories, *followed)))

    def _chosen(self, name: str | None) -> list[Application]:
        return [self._config.applications[name]] if name else list(self._config.applications.values())

"""What people ask for, however they ask: a command, a mention, a button or a modal. The asker's rights count alone."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bot.config import Config
from bot.core.access.audit import Origin
from bot.core.access.permission import CouldNotAsk, Denied
from bot.core.access.requester import Requester
from bot.core.applications.application import Application
from bot.core.commands import command as commands
from bot.core.incidents.incident import under
from bot.core.incidents.snooze import Span
from bot.core.pull_requests.queued import QueuedRevert
from bot.core.pull_requests.revert import RevertRequest
from bot.handlers.access.authorizer import Authorizer, Groups
from bot.handlers.incidents import silence
from bot.handlers.monitor import Monitor
from bot.handlers.pull_requests.adopt_command import adopt_command
from bot.handlers.pull_requests.queue import Ended, Later, work_off
from bot.handlers.pull_requests.revert_command import revert_command, revert_queued
from bot.handlers.queries.diff import diff
from bot.handlers.queries.history import history
from bot.handlers.queries.status import status
from bot.handlers.queries.who import who
from bot.handlers.slack.people import People
from bot.messages import control, diff_pages
from bot.messages import drift as drift_message
from bot.messages import help as help_message
from bot.messages.blocks import Message
from bot.ports import Ports
from bot.ports.chat import ChatError


class CommandService:
    """Answers people. Nothing here is told apart by how it was asked; the asker's `origin` is only written down."""

    def __init__(self, config: Config, ports: Ports, monitor: Monitor, people: People) -> None:
        self._config = config
        self._ports = ports
        self._monitor = monitor
        self._people = people
        self._groups = Groups(ports.chat, ports.clock)

    def answer(self, command: commands.Command, requester: Requester) -> Message:
        """Do what a command says. PortError."""
        translator, ports = requester.translator, self._ports
        match command:
            case commands.StatusCommand(name):
                found = self._monitor.discovered()
                return status(
                    translator, ports, self._chosen(name), self._monitor.problems(), found, everything=name is None
                )
            case commands.DriftCommand(name):
                return self.check_now(requester, [each.name for each in self._chosen(name)])
            case commands.DiffCommand(name, everything):
                check = self._monitor.check([name], explain=everything)[0]
                return diff(
                    translator, ports, check, everything=everything, translator_for=self._config.slack.translator
                )
            case commands.HistoryCommand(name):
                application = self._config.applications[name] if name else None
                repositories = [application.repository.key] if application else self._lines()
                return help_message.joined([history(translator, ports, each, application) for each in repositories])
            case commands.WhoCommand(name):
                return who(translator, ports, self._people, self._config.applications[name])
            case commands.RevertCommand(text, name):
                return self.revert(requester, RevertRequest(who=requester.name, text=text, application=name))
            case commands.AcknowledgeCommand(name):
                return self.acknowledge(requester, silence.of_application(ports, name))
            case commands.SnoozeCommand(name, span):
                return self.snooze(requester, silence.of_application(ports, name), span)
            case commands.HelpCommand(spec):
                return help_message.answer(translator, spec)

    def revert(self, requester: Requester, request: RevertRequest) -> Message:
        """Open a pull request, if the asker may on everything it touches. PortError."""
        said = revert_command(
            self._ports,
            request,
            requester=requester,
            authorizer=self._authorizer(requester),
            applications=self._config.applications,
            channel=self._config.slack.channel,
            manifest_cache=self._monitor.manifest_cache,
        )
        self._monitor.reconcile_cards()
        return said

    def work_off(self) -> None:
        """Do the reverts that waited for the forge and are due. StoreError."""
        work_off(self._ports, self._revert_queued)

    def _revert_queued(self, known: QueuedRevert) -> Ended | Later:
        translator = self._config.slack.translator(known.channel)
        requester = Requester(known.by, known.request.who, known.asked_in, Origin.QUEUE, translator)
        return revert_queued(
            self._ports,
            known,
            requester=requester,
            authorizer=self._authorizer(requester),
            applications=self._config.applications,
            channel=self._config.slack.channel,
            manifest_cache=self._monitor.manifest_cache,
        )

    def adopt(self, requester: Requester, reference: str) -> Message:
        """Open a pull request that makes git say what the cluster says, if the asker may. PortError."""
        names = self.meant(reference)
        if len(names) != 1:
            return control.stale(requester.translator)
        application = self._config.applications[names[0]]
        said = adopt_command(
            self._ports,
            application,
            check=self._monitor.check,
            manifest_cache=self._monitor.manifest_cache,
            requester=requester,
            authorizer=self._authorizer(requester),
        )
        self._monitor.reconcile_cards()
        return said

    def acknowledge(self, requester: Requester, target: silence.Target) -> Message:
        """The asker has it, if they may; the card says so at once. PortError."""
        said = silence.acknowledge(self._ports, self._authorizer(requester), requester, target)
        self._monitor.reconcile_cards()
        return said

    def snooze(self, requester: Requester, target: silence.Target, span: Span) -> Message:
        """Quiet for a while, if the asker may; the card says so at once. PortError."""
        said = silence.snooze(self._ports, self._authorizer(requester), requester, target, span, zone=self._config.zone)
        self._monitor.reconcile_cards()
        return said

    def refused_snooze(self, requester: Requester, target: silence.Target) -> Denied | CouldNotAsk | None:
        """Why the asker may not snooze that, before they are asked for how long; None when they may. PortError."""
        return silence.refused(self._ports, self._authorizer(requester), requester, target)

    def wake(self, requester: Requester, target: silence.Target) -> Message:
        """The end of a snooze before its time, if the asker may; the card says so at once. PortError."""
        said = silence.wake(self._ports, self._authorizer(requester), requester, target)
        self._monitor.reconcile_cards()
        return said

    def check_now(self, requester: Requester, names: list[str]) -> Message:
        """A drift check of these applications; none: what was pressed is out of date. PortError."""
        if not names:
            return control.stale(requester.translator)
        return drift_message.checked(requester.translator, self._monitor.check(names))

    def meant(self, reference: str) -> list[str]:
        """The applications that a card's button or a modal refers to: one by its name, or those that share a card."""
        if reference in self._config.applications:
            return [reference]
        found = under(self._ports.store.incidents.unsettled(), reference)
        return [name for name in dict.fromkeys(each.application for each in found) if name in self._config.applications]

    def diff_now(self, requester: Requester, reference: str) -> Mapping[str, Any]:
        """The diff modal's first page, after a check of what `reference` means. PortError."""
        if not (names := self.meant(reference)):
            return diff_pages.outdated(requester.translator, control.stale(requester.translator))
        return diff_pages.view(requester.translator, self._monitor.check(names), reference, 0)

    def diff_page(self, requester: Requester, reference: str, page: int) -> Mapping[str, Any]:
        """Any of its pages, as of the latest check. PortError."""
        checks = self._ports.store.checks.latest()
        known = [checks[name] for name in self.meant(reference) if name in checks]
        if not known:
            return diff_pages.outdated(requester.translator, control.stale(requester.translator))
        return diff_pages.view(requester.translator, known, reference, page)

    def named(self, requester: Requester) -> Requester:
        """The same asker by name, where a payload held the id alone and Slack may be asked."""
        try:
            known = self._ports.chat.user(requester.user)
        except ChatError:
            return requester
        return replace(requester, name=known.name) if known else requester

    def _authorizer(self, requester: Requester) -> Authorizer:
        return Authorizer(requester.user, self._config.roles, self._groups)

    def _lines(self) -> list[str]:
        """The key of every repository, and of the other branches and tags of it that applications track."""
        tracked = sorted({each.repository.key for each in self._config.applications.values()})
        return list(dict.fromkeys((*self._config.repositories, *tracked)))

    def _chosen(self, name: str | None) -> list[Application]:
        return [self._config.applications[name]] if name else list(self._config.applications.values())

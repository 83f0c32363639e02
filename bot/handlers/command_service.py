"""Everything that people can ask for, by command, mention, button or form, and the handler that answers it.

The answer does not depend on how it was asked; the requester's origin is only audited.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from bot.config.model import Config
from bot.core.access.audit import outcome_name
from bot.core.access.requester import Requester
from bot.core.applications.application import Application
from bot.core.commands import command as commands
from bot.core.drift.model import Check
from bot.core.incidents.selection import referenced_applications
from bot.core.incidents.snooze_period import SnoozePeriod
from bot.core.pull_requests.revert import RevertRequest
from bot.handlers.access.audited import audited
from bot.handlers.access.authorizer import Authorizer, Groups
from bot.handlers.incidents.silence_service import ApplicationTarget, SilenceService, SnoozeOffer, Target
from bot.handlers.monitor import Monitor
from bot.handlers.pull_requests.adopt_service import AdoptService
from bot.handlers.pull_requests.intents import Intents
from bot.handlers.pull_requests.resume import ResumeService
from bot.handlers.pull_requests.revert_service import RevertService
from bot.handlers.queries.diff import diff
from bot.handlers.queries.history import history
from bot.handlers.queries.object_links import object_links
from bot.handlers.queries.report import read_report
from bot.handlers.queries.status import status
from bot.handlers.queries.who import who
from bot.handlers.slack.people import People
from bot.handlers.tracked_branch import branch_key
from bot.i18n.language import Text, Translator
from bot.messages import diff_pages, errors
from bot.messages import drift as drift_message
from bot.messages import help as help_message
from bot.messages import history as history_message
from bot.messages import report as report_message
from bot.messages import revert as revert_message
from bot.messages.blocks import Message
from bot.messages.object_links import ObjectLinks
from bot.ports import Ports
from bot.ports.chat import ChatError
from bot.ports.errors import PortError
from bot.ports.git import RepositoryError


class CommandService:
    """Answers people, and updates the cards when an answer has changed something."""

    def __init__(self, config: Config, ports: Ports, monitor: Monitor, people: People) -> None:
        self._config = config
        self._ports = ports
        self._monitor = monitor
        self._people = people
        self._groups = Groups(ports.chat, ports.clock)
        intents = Intents(ports)
        self._reverts = RevertService(
            ports,
            config.applications,
            self._authorizer_for,
            config.slack.translator,
            monitor.manifest_cache,
            config.slack.channel,
            intents,
        )
        self._adoptions = AdoptService(
            ports,
            config.applications,
            self._authorizer_for,
            monitor.manifest_cache,
            self.referenced_applications,
            monitor.check,
            intents,
            monitor.why_unknown,
        )
        self._resume = ResumeService(
            ports,
            intents,
            self._reverts,
            self._adoptions,
            config.slack.translator,
            config.slack.channel,
            monitor.why_unknown,
        )
        self._silences = SilenceService(ports, self._authorizer_for, config.zone)

    def answer(self, command: commands.Command, requester: Requester) -> Message:
        """Answer a command. Raises PortError."""
        translator, ports = requester.translator, self._ports
        match command:
            case commands.StatusCommand(name):
                applications = self._selected(name)
                problems = self._monitor.problems(applications[0] if name else None)
                inventory = self._monitor.inventory()
                interval = self._config.schedule.drift
                return status(
                    translator,
                    ports,
                    self._monitor.manifest_cache,
                    applications,
                    problems,
                    inventory,
                    interval=interval,
                    everything=name is None,
                )
            case commands.DriftCommand(name):
                return self.check_now(requester, [application.name for application in self._selected(name)])
            case commands.DiffCommand(name, everything):
                check = self._monitor.check([name], explain=everything)[0]
                translator_for = self._config.slack.translator
                return diff(
                    translator, ports, check, self._links([check]), everything=everything, translator_for=translator_for
                )
            case commands.HistoryCommand(name):
                if name:
                    application = self._config.applications[name]
                    return history(translator, ports, self._people, application.repository.key, application)
                keys = self._repositories()
                answers = (self._history(translator, key, len(keys)) for key in keys)
                return history_message.answer_of_all(translator, answers, len(keys))
            case commands.ReportCommand(days, name):
                only = None if name is None else {name}
                length, now = timedelta(days=days), ports.clock()
                report = read_report(ports.store, self._config.applications, now, length, only)
                return report_message.answer(translator, report)
            case commands.WhoCommand(name):
                return who(translator, ports, self._people, self._config.applications[name])
            case commands.RevertCommand(change, name):
                return self.revert(requester, RevertRequest(who=requester.name, change=change, application=name))
            case commands.HelpCommand(spec):
                return help_message.answer(translator, spec, list(self._config.applications))
            case _:
                return self._silence(command, requester)

    def _silence(self, command: commands.SilenceCommand, requester: Requester) -> Message:
        """Answer a command that acknowledges, releases, snoozes or unsnoozes an incident. Raises PortError."""
        target = ApplicationTarget(command.application)
        match command:
            case commands.AcknowledgeCommand():
                return self.acknowledge(requester, target, take_over=True)
            case commands.ReleaseCommand():
                return self.release(requester, target)
            case commands.SnoozeCommand(_, period):
                return self.snooze(requester, target, period)
            case commands.UnsnoozeCommand():
                return self.unsnooze(requester, target)

    def revert(self, requester: Requester, request: RevertRequest) -> Message:
        """Open a pull request that reverts a change, if the requester is allowed to. Raises PortError."""
        self._require_known(requester, f"revert {request.change}", request.application)
        return self._with_cards(self._reverts.revert(requester, request))

    def revert_by_button(self, requester: Requester, value: str) -> Message:
        """Revert the change in the value of a button. Raises PortError."""
        request = revert_message.parse_request(value, requester.name)
        if request:
            self._require_known(requester, f"revert {request.change}", request.application)
        if request is None or (request.application and request.application not in self._config.applications):
            with audited(self._ports, requester, "revert") as audit:
                audit.result = outcome_name("StaleButton")
                return errors.outdated_button(requester.translator)
        return self.revert(requester, request)

    def resume_interrupted(self) -> None:
        """Finish the requests that a restart or a failure of the database interrupted. Raises StoreError."""
        self._resume.run()

    def run_queued(self) -> None:
        """Run the queued reverts that are due. Raises StoreError."""
        self._reverts.run_queued(self._monitor.why_unknown)

    def adopt(self, requester: Requester, reference: str) -> Message:
        """Open a pull request to update git to match the cluster, if the requester is allowed to. Raises PortError."""
        return self._with_cards(self._adoptions.adopt(requester, reference))

    def acknowledge(self, requester: Requester, target: Target, *, take_over: bool = False) -> Message:
        """Acknowledge incidents, or take them over, if the requester is allowed to. Raises PortError."""
        return self._with_cards(self._silences.acknowledge(requester, target, take_over=take_over))

    def release(self, requester: Requester, target: Target) -> Message:
        """Release incidents, if the requester is allowed to. Raises PortError."""
        return self._with_cards(self._silences.release(requester, target))

    def offer_snooze(self, requester: Requester, target: Target) -> SnoozeOffer | Message:
        """What to ask a duration for, or the answer if the requester can't snooze. Raises PortError."""
        return self._silences.offer_snooze(requester, target)

    def snooze(
        self, requester: Requester, target: Target, span: SnoozePeriod, *, newest: datetime | None = None
    ) -> Message:
        """Snooze incidents, if the requester is allowed to. Raises PortError.

        With the `newest` of a SnoozeOffer, only if no incident has opened or got worse since the offer.
        """
        return self._with_cards(self._silences.snooze(requester, target, span, newest=newest))

    def unsnooze(self, requester: Requester, target: Target) -> Message:
        """End snoozes, if the requester is allowed to. Raises PortError."""
        return self._with_cards(self._silences.unsnooze(requester, target))

    def check_now(self, requester: Requester, names: Sequence[str]) -> Message:
        """Run a drift check of these applications. If there are none, the button is out of date. Raises PortError."""
        if not names:
            return self._outdated(requester, "")
        return drift_message.answer(requester.translator, self._monitor.check(names))

    def explain(self, requester: Requester, reference: str) -> Message:
        """Run a check, and explain why the drift on a card is drift and what was set aside. Raises PortError."""
        if not (names := self.referenced_applications(reference)):
            return self._outdated(requester, reference)
        return drift_message.explain(requester.translator, self._monitor.check(names, explain=True))

    def referenced_applications(self, reference: str) -> list[str]:
        """The applications that a button or modal refers to: one by its name, or those that share a card."""
        return referenced_applications(reference, self._config.applications, self._ports.store.incidents.unsettled())

    def diff_now(self, requester: Requester, reference: str) -> Mapping[str, Any]:
        """The first page of the diff modal, after a check of the applications it refers to. Raises PortError."""
        if not (names := self.referenced_applications(reference)):
            return diff_pages.message_view(requester.translator, self._outdated(requester, reference))
        checks = self._monitor.check(names)
        return diff_pages.view(requester.translator, checks, self._links(checks), reference, 0)

    def diff_page(self, requester: Requester, reference: str, page: int) -> Mapping[str, Any]:
        """A page of the diff modal, from the latest check if that stored all differences. Raises PortError."""
        latest, names = self._ports.store.checks.latest(), self.referenced_applications(reference)
        checks: Sequence[Check] = [latest[name] for name in names if name in latest]
        if any(check.omitted for check in checks):
            checks = self._monitor.check(names)
        if not checks:
            return diff_pages.message_view(requester.translator, self._outdated(requester, reference))
        return diff_pages.view(requester.translator, checks, self._links(checks), reference, page)

    def named(self, requester: Requester) -> Requester:
        """The requester with their name from Slack, if the payload had only an ID."""
        try:
            user = self._ports.chat.user(requester.user)
        except ChatError:
            return requester
        return replace(requester, name=user.name) if user else requester

    def why_unknown(self, application: str) -> Text | None:
        """Why the bot may not have discovered this application yet; None if it knows all that can be expected."""
        return self._monitor.why_unknown(application)

    def _require_known(self, requester: Requester, what: str, application: str | None) -> None:
        """Refuse a request while its application, or any if None, may not be discovered yet. Raises PortError."""
        if why := self._monitor.why_unknown(application):
            with audited(self._ports, requester, what):
                raise PortError(why)

    def _outdated(self, requester: Requester, reference: str) -> Message:
        """The answer if a button or command refers to no application that the bot knows."""
        if why := self._monitor.why_unknown(reference):
            return errors.unavailable(requester.translator, why)
        return errors.outdated_button(requester.translator)

    def _authorizer_for(self, requester: Requester) -> Authorizer:
        return Authorizer(requester.user, self._config.roles, self._groups)

    def _links(self, checks: Sequence[Check]) -> ObjectLinks:
        return object_links(self._ports, self._config.applications, self._monitor.inventory().deployer_statuses, checks)

    def _with_cards(self, answer: Message) -> Message:
        """The answer, after updating the cards."""
        self._monitor.reconcile_cards()
        return answer

    def _history(self, translator: Translator, key: str, repositories: int) -> Message:
        """The history of one of so many repositories, or why it cannot be read. Raises StoreError."""
        try:
            return history(translator, self._ports, self._people, key, None, repositories=repositories)
        except RepositoryError as error:
            return errors.unavailable(translator, error.text)

    def _repositories(self) -> list[str]:
        """The keys of every repository, and of its other branches and tags that applications track, each once."""
        keys = sorted({application.repository.key for application in self._config.applications.values()})
        return list(dict.fromkeys(map(self._branch_key, (*self._config.repositories, *keys))))

    def _branch_key(self, key: str) -> str:
        """The `branch_key`; `key` itself if its revision cannot be resolved."""
        try:
            return branch_key(self._ports, key)
        except RepositoryError:
            return key

    def _selected(self, name: str | None) -> list[Application]:
        return [self._config.applications[name]] if name else list(self._config.applications.values())

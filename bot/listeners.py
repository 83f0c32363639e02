"""Slack's edge: ack, parse, permit, hand to a worker, respond. One of the two places where any error is caught."""

import logging
import secrets
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any

from slack_bolt import Ack, App, Respond
from slack_sdk import WebClient
from slack_sdk.errors import SlackClientError

from bot.config import Config
from bot.core import command as commands
from bot.core.application import Application
from bot.core.asker import Asker
from bot.core.audit import Origin
from bot.core.message import LINK, trouble
from bot.core.message import drift as drift_message
from bot.core.message import help as help_message
from bot.core.message import incident as incident_message
from bot.core.message import revert as revert_message
from bot.core.message.blocks import Message
from bot.core.message.language import Say
from bot.core.revert import RevertRequest
from bot.core.revision import Unreadable, parse_revision
from bot.handlers.diff import diff
from bot.handlers.history import history
from bot.handlers.revert_command import revert_command
from bot.handlers.standing import Standing
from bot.handlers.status import status
from bot.handlers.watch import Watch
from bot.ports import ChatError, PortError, Ports
from bot.work import FullError, WorkPool

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Person:
    """Who asks, and where: Slack ids, the name people know them by, and what speaks the language of that channel."""

    user: str
    channel: str
    name: str
    say: Say


class Listeners:
    """Answers commands and buttons. Whatever takes longer than parsing runs on `work`."""

    def __init__(self, config: Config, ports: Ports, watch: Watch, work: WorkPool) -> None:
        self._config = config
        self._ports = ports
        self._watch = watch
        self._work = work

    def app(self, client: WebClient, executor: Executor, signing_secret: str | None) -> App:
        """The Bolt app. `executor` runs the listeners: Bolt's own five threads would hold up the sixth ack."""
        app = App(
            client=client,
            signing_secret=signing_secret,
            listener_executor=executor,
            token_verification_enabled=False,  # else the process could not start while Slack is down
        )
        app.command("/gitops")(self.on_command)
        app.action(incident_message.SHOW_DIFF)(self.on_show_diff)
        app.action(incident_message.CHECK_NOW)(self.on_check_now)
        app.action(revert_message.REVERT_THIS)(self.on_revert)
        app.action(revert_message.REVERT_OTHER)(self.on_revert)
        app.action(LINK)(on_link)
        return app

    def on_command(self, ack: Ack, body: Mapping[str, Any], respond: Respond) -> None:
        """`/gitops …`: an answer at once where there is one, else when the work is done."""
        user, channel = str(body.get("user_id", "")), str(body.get("channel_id", ""))
        say = self._config.slack.say(channel)
        person = Person(user, channel, str(body.get("user_name") or user), say)
        parsed = commands.parse(str(body.get("text") or ""), self._config.applications)
        match parsed:
            case commands.HelpCommand():
                _ack(ack, help_message.overview(say))
            case commands.UnknownCommand() | commands.UnknownApplication() | commands.WrongArguments():
                _ack(ack, help_message.mistake(say, parsed, list(self._config.applications)))
            case commands.RevertCommand(text) if isinstance(unreadable := parse_revision(text), Unreadable):
                _ack(ack, trouble.outside(say, unreadable.reason))
            case _:
                _ack(ack, trouble.opening(say, parsed))
                self._soon(person, respond, lambda: self._answer(parsed, person))

    def on_show_diff(self, ack: Ack, body: Mapping[str, Any], action: Mapping[str, Any], respond: Respond) -> None:
        """The card's button: a modal at once, filled in when the cluster has answered."""
        ack()
        name = str(action.get("value", ""))
        if name not in self._config.applications:
            return
        person = self._clicker(body)
        try:
            view_id = self._ports.chat.open_view(str(body["trigger_id"]), drift_message.reading_modal(person.say, name))
        except ChatError as error:
            self._say(person, respond, trouble.outside(person.say, str(error)))
            return

        def fill_in() -> None:
            check = self._watch.check([name])[0]
            self._ports.chat.update_view(view_id, drift_message.diff_modal(person.say, check, name))

        self._soon(person, respond, fill_in)

    def on_check_now(self, ack: Ack, body: Mapping[str, Any], action: Mapping[str, Any], respond: Respond) -> None:
        """The card's button: a drift check of its application."""
        ack()
        name = str(action.get("value", ""))
        if name in self._config.applications:
            person = self._clicker(body)
            self._soon(person, respond, lambda: drift_message.checked(person.say, self._watch.check([name])))

    def on_revert(self, ack: Ack, body: Mapping[str, Any], action: Mapping[str, Any], respond: Respond) -> None:
        """A choice between two reverts: the same as the command, and authorised like it."""
        ack()
        person = self._clicker(body)
        request = revert_message.requested(str(action.get("value", "")), person.name)
        if request and (request.application is None or request.application in self._config.applications):
            self._soon(person, respond, lambda: self._revert(person, request, Origin.BUTTON))

    def _answer(self, command: commands.Command, person: Person) -> Message:
        say, ports = person.say, self._ports
        match command:
            case commands.StatusCommand(name):
                return status(say, ports, self._chosen(name), self._watch.troubles())
            case commands.DriftCommand(name):
                return drift_message.checked(say, self._watch.check([each.name for each in self._chosen(name)]))
            case commands.DiffCommand(name, everything):
                check = self._watch.check([name], explain=everything)[0]
                return diff(say, ports, check, everything=everything, say_for=self._config.slack.say)
            case commands.HistoryCommand(name):
                return self._history(say, name)
            case commands.RevertCommand(text, name):
                return self._revert(person, RevertRequest(who=person.name, text=text, application=name), Origin.COMMAND)
            case commands.HelpCommand():
                return help_message.overview(say)

    def _history(self, say: Say, name: str | None) -> Message:
        application = self._config.applications[name] if name else None
        repositories = [application.repository] if application else list(self._config.repositories)
        return help_message.joined([history(say, self._ports, each, application) for each in repositories])

    def _revert(self, person: Person, request: RevertRequest, origin: Origin) -> Message:
        asker = Asker(person.user, person.name, person.channel, origin)
        said = revert_command(
            person.say,
            self._ports,
            request,
            asker=asker,
            standing=Standing(person.user, self._config.roles, self._ports.chat),
            applications=self._config.applications,
            channel=self._config.slack.channel,
        )
        self._watch.tell()
        return said

    def _chosen(self, name: str | None) -> list[Application]:
        return [self._config.applications[name]] if name else list(self._config.applications.values())

    def _soon(self, person: Person, respond: Respond, work: Callable[[], Message | None]) -> None:
        def job() -> None:
            try:
                said = work()
            except PortError as error:
                _log.warning("asked by %s: %s", person.user, error)
                said = trouble.outside(person.say, str(error))
            except Exception:
                reference = secrets.token_hex(4)
                _log.exception("asked by %s, reference %s", person.user, reference)
                said = trouble.failed(person.say, reference)
            if said is not None:
                self._say(person, respond, said)

        try:
            self._work.submit(job)
        except FullError:
            self._say(person, respond, trouble.busy(person.say))

    def _say(self, person: Person, respond: Respond, said: Message) -> None:
        """Through the response URL, which needs no membership; else as a whisper."""
        try:
            answer = respond(text=said.text, blocks=[dict(block) for block in said.blocks], replace_original=False)
            if answer.status_code == 200:
                return
            _log.warning("the response URL answered %s", answer.status_code)
        except (SlackClientError, OSError) as error:
            _log.warning("the response URL does not answer (%s)", type(error).__name__)
        try:
            self._ports.chat.whisper(person.channel, person.user, said)
        except ChatError as error:
            _log.warning("an answer for %s is lost: %s", person.user, error)

    def _clicker(self, body: Mapping[str, Any]) -> Person:
        user = body["user"]
        channel = str((body.get("channel") or {}).get("id", ""))
        name = str(user.get("username") or user.get("name") or user["id"])
        return Person(str(user["id"]), channel, name, self._config.slack.say(channel))


def on_link(ack: Ack) -> None:
    """A link button reports its click too, and Slack warns the person when nobody answers."""
    ack()


def _ack(ack: Ack, said: Message | None) -> None:
    if said is None:
        ack()
    else:
        ack(text=said.text, blocks=[dict(block) for block in said.blocks], response_type="ephemeral")

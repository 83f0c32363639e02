"""Slack's edge: ack, parse, hand to a worker, respond. One of the two places where any error is caught.

Everybody is authorised where the work is done, by the user id that Slack gives: what a button or a modal carries is a
reference, which may be old, somebody else's, or no reference at all. What would do harm a second time is claimed in the
store, so that of a payload that comes twice, to whichever replica, one is heeded.
"""

import logging
import secrets
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from dataclasses import replace
from typing import Any

from slack_bolt import Ack, App, Respond
from slack_sdk import WebClient
from slack_sdk.errors import SlackClientError

from bot.config import Config
from bot.core import command as commands
from bot.core.asker import Asker
from bot.core.audit import Origin
from bot.core.mention import text_of
from bot.core.message import LINK, control, diff_pages, trouble
from bot.core.message import adopt as adopt_message
from bot.core.message import help as help_message
from bot.core.message import home as home_message
from bot.core.message import incident as incident_message
from bot.core.message import revert as revert_message
from bot.core.message import snooze as snooze_message
from bot.core.message.blocks import Message
from bot.core.permission import Right
from bot.core.revision import Unreadable, parse_revision
from bot.handlers import silence
from bot.handlers.desk import Desk
from bot.handlers.home import Homes
from bot.ports import ChatError, PortError, Ports
from bot.work import FullError, WorkPool

_log = logging.getLogger(__name__)

Payload = Mapping[str, Any]
Work = Callable[[], Message | None]


class Listeners:
    """Answers commands, mentions, buttons and modals. Whatever takes longer than parsing runs on `work`."""

    def __init__(self, config: Config, ports: Ports, desk: Desk, homes: Homes, work: WorkPool) -> None:
        self._config = config
        self._ports = ports
        self._desk = desk
        self._homes = homes
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
        app.event("app_mention")(self.on_mention)
        app.event("app_home_opened")(self.on_home_opened)
        for action, listener in (
            (incident_message.SHOW_DIFF, self.on_show_diff),
            (diff_pages.PREVIOUS, self.on_turn_page),
            (diff_pages.NEXT, self.on_turn_page),
            (incident_message.CHECK_NOW, self.on_check_now),
            (incident_message.ACKNOWLEDGE, self.on_acknowledge),
            (incident_message.SNOOZE, self.on_snooze),
            (adopt_message.ADOPT, self.on_adopt),
            (home_message.WAKE, self.on_wake),
            (revert_message.REVERT_THIS, self.on_revert),
            (revert_message.REVERT_OTHER, self.on_revert),
            *((action, self.on_revert) for action in revert_message.REVERT_SUSPECTS),
            (LINK, on_nothing),
            (snooze_message.PICKED, on_nothing),
        ):
            app.action(action)(listener)
        app.view(snooze_message.VIEW)(self.on_snooze_entered)
        return app

    def on_command(self, ack: Ack, body: Payload, respond: Respond) -> None:
        """`/gitops …`: an answer at once where there is one, else when the work is done."""
        user = str(body["user_id"])
        asker = self._asker(user, str(body.get("user_name") or user), str(body.get("channel_id", "")), Origin.COMMAND)
        asked = self._understood(asker, str(body.get("text") or ""))
        if isinstance(asked, Message):
            _ack(ack, asked)
            return
        _ack(ack, trouble.opening(asker.say, asked))
        self._soon(asker, respond, lambda: self._desk.answer(asked, asker))

    def on_mention(self, body: Payload, event: Payload) -> None:
        """`@gitops …` in a channel or a thread: answered there like the command, to who asked alone."""
        if event.get("bot_id") or not event.get("user"):
            return  # another app's words are no request
        user, thread = str(event["user"]), event.get("thread_ts")
        asker = self._asker(user, user, str(event.get("channel", "")), Origin.MENTION, str(thread) if thread else None)
        own = [str(each["user_id"]) for each in body.get("authorizations") or () if each.get("is_bot")]
        asked = self._understood(asker, text_of(str(event.get("text", "")), own))

        def work() -> Message:
            if isinstance(asked, Message):
                return asked
            if said := trouble.opening(asker.say, asked):
                self._say(asker, None, said)
            return self._desk.answer(asked, self._desk.named(asker))

        # Events alone are sent again, by Slack, when their ack was lost.
        self._soon(asker, None, self._once(f"event {body.get('event_id')}", work))

    def on_home_opened(self, event: Payload) -> None:
        """Somebody looks at the bot's Home tab. Sent again by Slack, the event does no harm."""
        if event.get("tab") == "home":
            user = str(event["user"])
            asker = replace(self._asker(user, user, "", Origin.HOME), about="home")
            self._soon(asker, None, lambda: self._homes.opened(user))

    def on_show_diff(self, ack: Ack, body: Payload, action: Payload, respond: Respond) -> None:
        """The card's button: a modal at once, filled in when the cluster has answered."""
        ack()
        asker, reference = self._clicker(body), str(action.get("value", ""))
        known = [reference] if reference in self._config.applications else []
        if view_id := self._open(asker, respond, body, diff_pages.reading(asker.say, known)):
            self._soon(asker, respond, lambda: self._show(view_id, self._desk.diff_now(asker, reference)))

    def on_turn_page(self, ack: Ack, body: Payload, action: Payload, respond: Respond) -> None:
        """Previous and Next in the diff modal."""
        ack()
        view, page = body.get("view") or {}, str(action.get("value", ""))
        reference = str(view.get("private_metadata", ""))
        if page.isascii() and page.isdigit() and len(page) < 6:
            asker, number = self._clicker(body), int(page)
            self._soon(asker, respond, lambda: self._show(view["id"], self._desk.diff_page(asker, reference, number)))

    def on_check_now(self, ack: Ack, body: Payload, action: Payload, respond: Respond) -> None:
        """The card's button: a drift check of what it shows."""
        ack()
        asker, reference = self._clicker(body), str(action.get("value", ""))
        self._soon(asker, respond, lambda: self._desk.check_now(asker, self._desk.meant(reference)))

    def on_acknowledge(self, ack: Ack, body: Payload, action: Payload, respond: Respond) -> None:
        """The card's button: done at once."""
        ack()
        asker, subject = self._clicker(body), str(action.get("value", ""))

        def work() -> Message:
            return self._desk.acknowledge(asker, silence.of_card(self._ports, subject))

        self._soon(asker, respond, self._once(_click(body, action), work))

    def on_wake(self, ack: Ack, body: Payload, action: Payload, respond: Respond) -> None:
        """The Home's button: a snooze is over before its time."""
        ack()
        asker, subject = self._clicker(body), str(action.get("value", ""))

        def work() -> Message:
            return self._desk.wake(asker, silence.of_card(self._ports, subject))

        self._soon(asker, respond, self._once(_click(body, action), work))

    def on_snooze(self, ack: Ack, body: Payload, action: Payload, respond: Respond) -> None:
        """The card's button: a modal at once, which asks for how long once it is known that the person may."""
        ack()
        asker, subject = self._clicker(body), str(action.get("value", ""))
        view_id = self._open(asker, respond, body, snooze_message.opening(asker.say))
        if view_id is None:
            return

        def work() -> None:
            target = silence.of_card(self._ports, subject)
            refused = self._desk.refused_snooze(asker, target)
            if refused:
                said = control.denied(asker.say, Right.SILENCE, refused)
            elif not target.incidents:
                said = control.nothing_open(asker.say, ())
            else:
                form = snooze_message.form(asker.say, target.applications, subject=subject, channel=asker.channel)
                return self._show(view_id, form)
            return self._show(view_id, snooze_message.refusal(asker.say, said))

        self._soon(asker, respond, work)

    def on_snooze_entered(self, ack: Ack, body: Payload, view: Payload) -> None:
        """The modal's submit: what was entered is read again, and who entered it is authorised again."""
        subject, channel = snooze_message.referred(view)
        user = body["user"]
        asker = self._asker(str(user["id"]), str(user.get("username") or user["id"]), channel, Origin.MODAL)
        asker = asker if channel else replace(asker, about=subject)  # it was opened from the Home tab
        span = snooze_message.entered(view)
        if span is None:
            ack(response_action="errors", errors=snooze_message.wrong(asker.say))
            return
        ack()

        def work() -> Message:
            return self._desk.snooze(asker, silence.of_card(self._ports, subject), span)

        self._soon(asker, None, self._once(f"submit {view.get('id')} {view.get('hash')}", work))

    def on_revert(self, ack: Ack, body: Payload, action: Payload, respond: Respond) -> None:
        """A button that reverts: the same as the command, and authorised like it."""
        ack()
        asker = self._clicker(body)
        request = revert_message.requested(str(action.get("value", "")), asker.name)
        if request is None or (request.application and request.application not in self._config.applications):
            self._say(asker, respond, control.stale(asker.say))
            return
        self._soon(asker, respond, self._once(_click(body, action), lambda: self._desk.revert(asker, request)))

    def on_adopt(self, ack: Ack, body: Payload, action: Payload, respond: Respond) -> None:
        """The alert's other way out: authorised like a revert."""
        ack()
        asker, reference = self._clicker(body), str(action.get("value", ""))
        self._soon(asker, respond, self._once(_click(body, action), lambda: self._desk.adopt(asker, reference)))

    def _understood(self, asker: Asker, text: str) -> commands.Command | Message:
        """What to do, or the answer where nothing needs to be done."""
        match parsed := commands.parse(text, self._config.applications):
            case commands.HelpCommand(spec):
                return help_message.answer(asker.say, spec)
            case parsed if isinstance(parsed, commands.Mistake):
                return help_message.mistake(asker.say, parsed, list(self._config.applications))
            case commands.RevertCommand(text) if isinstance(unreadable := parse_revision(text), Unreadable):
                return trouble.outside(asker.say, unreadable.reason)
            case _:
                return parsed

    def _once(self, key: str, work: Work) -> Work:
        """The work, unless this payload was taken before, here or by another replica."""
        return lambda: work() if self._ports.store.claim(key, self._ports.clock()) else None

    def _open(self, asker: Asker, respond: Respond, body: Payload, view: Payload) -> str | None:
        """A modal's id, opened before anything slow: its trigger expires 3 s after the click."""
        try:
            return self._ports.chat.open_view(str(body["trigger_id"]), view)
        except ChatError as error:
            self._say(asker, respond, trouble.outside(asker.say, str(error)))
            return None

    def _show(self, view_id: str, view: Payload) -> None:
        self._ports.chat.update_view(view_id, view)

    def _soon(self, asker: Asker, respond: Respond | None, work: Work) -> None:
        def job() -> None:
            try:
                said = work()
            except PortError as error:
                _log.warning("asked by %s: %s", asker.user, error)
                said = trouble.outside(asker.say, str(error))
            except Exception:
                reference = secrets.token_hex(4)
                _log.exception("asked by %s, reference %s", asker.user, reference)
                said = trouble.failed(asker.say, reference)
            if said is not None:
                self._say(asker, respond, said)
            self._follow(asker)

        try:
            self._work.submit(job)
        except FullError:
            self._say(asker, respond, trouble.busy(asker.say))

    def _follow(self, asker: Asker) -> None:
        """What somebody did may be what their Home shows; what they did there has been answered there."""
        try:
            if not asker.about:
                self._homes.acted(asker.user)
        except PortError as error:
            _log.warning("Home of %s: %s", asker.user, error)

    def _say(self, asker: Asker, respond: Respond | None, said: Message) -> None:
        """On the Home tab, if asked there; through the response URL, which needs no membership; else as a whisper."""
        if asker.about:
            self._homes.answer(asker.user, said, asker.about)
            return
        if respond is not None and respond.response_url and _responded(respond, said):
            return
        try:
            self._ports.chat.whisper(asker.channel or self._config.slack.channel, asker.user, said, thread=asker.thread)
        except ChatError as error:
            _log.warning("an answer for %s is lost: %s", asker.user, error)

    def _clicker(self, body: Payload) -> Asker:
        user = body["user"]
        name = str(user.get("username") or user.get("name") or user["id"])
        asker = self._asker(str(user["id"]), name, str((body.get("channel") or {}).get("id", "")), _origin(body))
        if asker.origin is not Origin.HOME:
            return asker
        return replace(asker, about=str((body.get("actions") or [{}])[0].get("value") or "?"))

    def _asker(self, user: str, name: str, channel: str, origin: Origin, thread: str | None = None) -> Asker:
        return Asker(user, name, channel, origin, self._config.slack.say(channel), thread)


def on_nothing(ack: Ack) -> None:
    """A link button and a choice in a form report their click too, and Slack warns the person when nobody answers."""
    ack()


def _origin(body: Payload) -> Origin:
    """A button of a message, of a modal or of the home tab."""
    return {"modal": Origin.MODAL, "home": Origin.HOME}.get((body.get("view") or {}).get("type", ""), Origin.BUTTON)


def _click(body: Payload, action: Payload) -> str:
    """What tells one click from every other."""
    container = body.get("container") or {}
    where = [container.get("channel_id"), container.get("message_ts"), container.get("view_id")]
    return " ".join(["click", *(str(each) for each in (*where, action.get("action_id"), action.get("action_ts")))])


def _responded(respond: Respond, said: Message) -> bool:
    try:
        answer = respond(text=said.text, blocks=[dict(block) for block in said.blocks], replace_original=False)
    except (SlackClientError, OSError) as error:
        _log.warning("the response URL does not answer (%s)", type(error).__name__)
        return False
    if answer.status_code != 200:
        _log.warning("the response URL answered %s", answer.status_code)
    if answer.status_code == 400 and said.plain:  # invalid_blocks, perhaps of a table
        return _responded(respond, said.without_table())
    return bool(answer.status_code == 200)


def _ack(ack: Ack, said: Message | None) -> None:
    if said is None:
        ack()
    else:
        ack(text=said.text, blocks=[dict(block) for block in said.blocks], response_type="ephemeral")

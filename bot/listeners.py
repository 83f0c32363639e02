"""Handles Slack's payloads: acks and parses them, and queues the work.

Every request is authorized where the work is done, by Slack's user ID: the value of a button or modal is only a
reference, which may be outdated or forged. Work that must not run twice is claimed in the store, so that only one
replica handles a payload that Slack sends twice.
"""

from concurrent.futures import Executor
from dataclasses import replace
from functools import partial

from slack_bolt import Ack, App, Respond
from slack_sdk import WebClient

from bot.adapters.slack.middleware import log_error, serve_only_own_workspace
from bot.answers import Answers, Modal, Payload, Work
from bot.config.model import Config
from bot.core.access.audit import Origin
from bot.core.access.requester import Requester
from bot.core.commands import command as commands
from bot.core.commands.mention import mentioned_command
from bot.handlers.command_service import CommandService
from bot.handlers.incidents.silence_service import CardTarget
from bot.handlers.slack.home import HomePublisher
from bot.i18n.language import Translator
from bot.messages import LINK, diff_pages, errors, progress
from bot.messages import adopt as adopt_message
from bot.messages import help as help_message
from bot.messages import incident as incident_message
from bot.messages import revert as revert_message
from bot.messages import snooze_modal as snooze_message
from bot.messages.blocks import Message
from bot.ports import Ports
from bot.work_pool import WorkPool


class Listeners:
    """Answers commands, mentions, buttons and modals. Everything slower than parsing runs on `work`."""

    def __init__(
        self, config: Config, ports: Ports, service: CommandService, homes: HomePublisher, work: WorkPool
    ) -> None:
        self._config = config
        self._ports = ports
        self._commands = service
        self._homes = homes
        self._answers = Answers(config, ports, homes, work)

    def app(self, client: WebClient, executor: Executor, signing_secret: str | None) -> App:
        """The Bolt app. `executor` runs the listeners, since Bolt's own five threads would delay the sixth ack."""
        app = App(
            name="gitops-bot",  # otherwise Bolt reads every imported module's source to find the caller's file
            client=client,
            signing_secret=signing_secret,
            listener_executor=executor,
            token_verification_enabled=False,  # otherwise the process can't start while Slack is down
        )
        app.middleware(serve_only_own_workspace(lambda channel: errors.other_workspace(self._translator(channel)).text))
        app.error(log_error)
        app.command("/gitops")(self.on_command)
        app.event("app_mention")(self.on_mention)
        app.event("app_home_opened")(self.on_home_opened)
        for action, listener in (
            (incident_message.SHOW_DIFF, self.on_show_diff),
            (diff_pages.PREVIOUS, self.on_turn_page),
            (diff_pages.NEXT, self.on_turn_page),
            (incident_message.CHECK_NOW, self.on_check_now),
            (incident_message.ACKNOWLEDGE, self.on_silence),
            (incident_message.TAKE_OVER, self.on_silence),
            (incident_message.RELEASE, self.on_silence),
            (incident_message.END_SNOOZE, self.on_silence),
            (incident_message.SNOOZE, self.on_snooze),
            (incident_message.MORE, self.on_more),
            (adopt_message.ADOPT, self.on_adopt),
            (revert_message.REVERT_THIS, self.on_revert),
            (revert_message.REVERT_OTHER, self.on_revert),
            *((action, self.on_revert) for action in revert_message.REVERT_SUSPECTS),
            (LINK, on_nothing),
            (snooze_message.PICKED, on_nothing),
        ):
            app.action(action)(listener)
        app.view(snooze_message.VIEW)(self.on_snooze_entered)
        app.view(adopt_message.VIEW)(self.on_adopt_confirmed)
        return app

    def on_command(self, ack: Ack, body: Payload, respond: Respond) -> None:
        """`/gitops …`: answers at once if possible, or else when the work is done."""
        user = str(body["user_id"])
        requester = self._requester(
            user, str(body.get("user_name") or user), str(body.get("channel_id", "")), Origin.COMMAND
        )
        asked = self._understood(requester, str(body.get("text") or ""))
        if isinstance(asked, Message):
            _ack(ack, asked)
            return
        note = progress.in_progress(requester.translator, asked)
        _ack(ack, note)
        name = commands.name_of(asked)
        work = partial(self._commands.answer, asked, requester)
        self._answers.soon(name, requester, respond, work, replaces=note is not None)

    def on_mention(self, body: Payload, event: Payload) -> None:
        """`@gitops …` in a channel or thread: answers there, like the command, only to the person who asked."""
        if event.get("bot_id") or not event.get("user"):
            return  # messages of other apps are not requests
        user, thread = str(event["user"]), event.get("thread_ts")
        requester = self._requester(
            user, user, str(event.get("channel", "")), Origin.MENTION, str(thread) if thread else None
        )
        own_users = [
            str(authorization["user_id"])
            for authorization in body.get("authorizations") or ()
            if authorization.get("is_bot")
        ]
        asked = self._understood(requester, mentioned_command(str(event.get("text", "")), own_users))

        def work() -> Message:
            if isinstance(asked, Message):
                return asked
            # No progress message, since it couldn't be replaced without a response URL.
            return self._commands.answer(asked, self._commands.named(requester))

        # Slack resends only events, if their ack was lost.
        name = "help" if isinstance(asked, Message) else commands.name_of(asked)
        self._answers.soon(name, requester, None, self._once(f"event {body.get('event_id')}", work))

    def on_home_opened(self, event: Payload) -> None:
        """Someone opened the bot's Home tab. Handling the event twice does no harm."""
        if event.get("tab") == "home":
            user = str(event["user"])
            requester = replace(self._requester(user, user, "", Origin.HOME), about="home")
            self._answers.soon("home", requester, None, lambda: self._homes.opened(user))

    def on_show_diff(self, ack: Ack, body: Payload, action: Payload, respond: Respond) -> None:
        """The card's button: opens a modal at once, and fills it when the cluster has responded."""
        ack()
        requester, reference = self._clicker(body), str(action.get("value", ""))
        names = [reference] if reference in self._config.applications else []
        loading = diff_pages.loading_view(requester.translator, names)
        if view_id := self._answers.open(requester, respond, body, loading):
            work = partial(self._commands.diff_now, requester, reference)
            self._answers.soon("diff", requester, respond, work, modal=Modal(view_id, diff_pages.message_view))

    def on_turn_page(self, ack: Ack, body: Payload, action: Payload, respond: Respond) -> None:
        """Previous and Next in the diff modal."""
        ack()
        view, page = body.get("view") or {}, str(action.get("value", ""))
        reference = str(view.get("private_metadata", ""))
        if page.isascii() and page.isdigit() and len(page) < 6:
            requester, number = self._clicker(body), int(page)
            self._answers.soon(
                "diff",
                requester,
                respond,
                lambda: self._commands.diff_page(requester, reference, number),
                modal=Modal(view["id"], diff_pages.message_view),
            )

    def on_check_now(self, ack: Ack, body: Payload, action: Payload, respond: Respond) -> None:
        """The card's button: checks the applications on the card."""
        ack()
        requester, reference = self._clicker(body), str(action.get("value", ""))
        names = self._commands.referenced_applications
        self._answers.soon("drift", requester, respond, lambda: self._commands.check_now(requester, names(reference)))

    def on_silence(self, ack: Ack, body: Payload, action: Payload, respond: Respond) -> None:
        """Acknowledge, Take over, Release, and End snooze, on a card or the Home tab."""
        ack()
        requester, target = self._clicker(body), CardTarget(str(action.get("value", "")))
        take_over = action.get("action_id") == incident_message.TAKE_OVER
        name, work = {
            incident_message.RELEASE: ("release", self._commands.release),
            incident_message.END_SNOOZE: ("unsnooze", self._commands.unsnooze),
        }.get(action.get("action_id", ""), ("acknowledge", partial(self._commands.acknowledge, take_over=take_over)))
        self._answers.soon(name, requester, respond, self._once(_click(body, action), lambda: work(requester, target)))

    def on_snooze(self, ack: Ack, body: Payload, action: Payload, respond: Respond) -> None:
        """The card's button: opens a modal at once, and asks for a duration if the person is allowed to snooze."""
        ack()
        requester, subject = self._clicker(body), str(action.get("value", ""))
        view_id = self._answers.open(requester, respond, body, snooze_message.loading_view(requester.translator))
        if view_id is None:
            return

        def work() -> Message | Payload:
            translator, channel = requester.translator, requester.channel
            offer = self._commands.offer_snooze(requester, CardTarget(subject))
            if isinstance(offer, Message):
                return offer
            return snooze_message.form(
                translator, offer.applications, subject=subject, channel=channel, newest=offer.newest, zone=offer.zone
            )

        self._answers.soon("snooze", requester, respond, work, modal=Modal(view_id, snooze_message.message_view))

    def on_snooze_entered(self, ack: Ack, body: Payload, view: Payload) -> None:
        """The modal was submitted: parses the input again, and authorizes the person again."""
        subject, channel, newest = snooze_message.parse_reference(view)
        user = body["user"]
        requester = self._requester(str(user["id"]), str(user.get("username") or user["id"]), channel, Origin.MODAL)
        requester = requester if channel else replace(requester, about=subject)  # it was opened from the Home tab
        span = snooze_message.parse_span(view)
        if span is None:
            ack(response_action="errors", errors=snooze_message.field_errors(requester.translator))
            return
        ack()

        def work() -> Message:
            return self._commands.snooze(requester, CardTarget(subject), span, newest=newest)

        self._answers.soon("snooze", requester, None, self._once(f"submit {view.get('id')} {view.get('hash')}", work))

    def on_revert(self, ack: Ack, body: Payload, action: Payload, respond: Respond) -> None:
        """A revert button: the same as the command, with the same authorization."""
        ack()
        requester, value = self._clicker(body), str(action.get("value", ""))
        self._answers.soon(
            "revert",
            requester,
            respond,
            self._once(_click(body, action), lambda: self._commands.revert_by_button(requester, value)),
        )

    def on_more(self, ack: Ack, body: Payload, action: Payload, respond: Respond) -> None:
        """An entry of the card's overflow menu: does the same as the button with that action ID."""
        chosen = action.get("selected_option") or {}
        name, value = incident_message.parse_option(str(chosen.get("value", "")))
        entries = {
            incident_message.RELEASE: self.on_silence,
            incident_message.END_SNOOZE: self.on_silence,
            incident_message.SNOOZE: self.on_snooze,
            incident_message.CHECK_NOW: self.on_check_now,
            incident_message.EXPLAIN: self.on_explain,
            adopt_message.ADOPT: self.on_adopt,
        }
        if name not in entries:  # from another version: EXPLAIN without a value answers that the button is outdated
            name, value = incident_message.EXPLAIN, ""
        entries[name](ack, body, {**action, "action_id": name, "value": value}, respond)

    def on_explain(self, ack: Ack, body: Payload, action: Payload, respond: Respond) -> None:
        """Explains the severity of the drift, which rules decided, and what was set aside."""
        ack()
        requester, reference = self._clicker(body), str(action.get("value", ""))
        self._answers.soon("explain", requester, respond, lambda: self._commands.explain(requester, reference))

    def on_adopt(self, ack: Ack, body: Payload, action: Payload, respond: Respond) -> None:
        """Adopts the drift: the menu asks for confirmation first; buttons on older cards have their own."""
        ack()
        requester, reference = self._clicker(body), str(action.get("value", ""))
        if action.get("type") == "overflow":
            view = adopt_message.confirm_view(requester.translator, reference, requester.channel)
            self._answers.open(requester, respond, body, view)
            return
        work = self._once(_click(body, action), lambda: self._commands.adopt(requester, reference))
        self._answers.soon("adopt", requester, respond, work)

    def on_adopt_confirmed(self, ack: Ack, body: Payload, view: Payload) -> None:
        """The confirmation was submitted: adopts the drift, with the same authorization as a revert."""
        ack()
        reference, channel = adopt_message.parse_reference(view)
        user = body["user"]
        requester = self._requester(str(user["id"]), str(user.get("username") or user["id"]), channel, Origin.MODAL)
        key = f"submit {view.get('id')} {view.get('hash')}"
        work = self._once(key, lambda: self._commands.adopt(requester, reference))
        self._answers.soon("adopt", requester, None, work)

    def _understood(self, requester: Requester, text: str) -> commands.Command | Message:
        """The command, or the answer if it is help or invalid."""
        match parsed := commands.parse(text, self._config.applications):
            case commands.HelpCommand(spec):
                return help_message.answer(requester.translator, spec, list(self._config.applications))
            case parsed if isinstance(parsed, commands.InvalidCommand):
                word = parsed.word if isinstance(parsed, commands.UnknownApplication) else None
                why = self._commands.why_unknown(word) if word else None
                return help_message.mistake(requester.translator, parsed, list(self._config.applications), why)
            case _:
                return parsed

    def _once(self, key: str, work: Work) -> Work:
        """The work, which does nothing if any replica has already handled this payload."""
        return lambda: work() if self._ports.store.claims.claim(key, self._ports.clock()) else None

    def _clicker(self, body: Payload) -> Requester:
        user = body["user"]
        name = str(user.get("username") or user.get("name") or user["id"])
        requester = self._requester(
            str(user["id"]), name, str((body.get("channel") or {}).get("id", "")), _origin(body)
        )
        if requester.origin is not Origin.HOME:
            return requester
        return replace(requester, about=str((body.get("actions") or [{}])[0].get("value") or "?"))

    def _translator(self, channel: str) -> Translator:
        return self._config.slack.translator(channel)

    def _requester(self, user: str, name: str, channel: str, origin: Origin, thread: str | None = None) -> Requester:
        return Requester(user, name, channel, origin, self._translator(channel), thread)


def on_nothing(ack: Ack) -> None:
    """Ack clicks on link buttons and inputs, since Slack shows a warning otherwise."""
    ack()


def _origin(body: Payload) -> Origin:
    """Whether a button is in a message, a modal or the Home tab."""
    return {"modal": Origin.MODAL, "home": Origin.HOME}.get((body.get("view") or {}).get("type", ""), Origin.BUTTON)


def _click(body: Payload, action: Payload) -> str:
    """A unique key for a click."""
    container = body.get("container") or {}
    where = [container.get("channel_id"), container.get("message_ts"), container.get("view_id")]
    return " ".join(["click", *(str(part) for part in (*where, action.get("action_id"), action.get("action_ts")))])


def _ack(ack: Ack, message: Message | None) -> None:
    if message is None:
        ack()
    else:
        ack(text=message.text, blocks=[dict(block) for block in message.blocks], response_type="ephemeral")

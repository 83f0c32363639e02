"""Runs the work of a request on a pool, and answers where it was asked for. Catches unexpected errors."""

import logging
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from slack_bolt import Respond

from bot.adapters.slack.response_url import responded
from bot.config.model import Config
from bot.core.access.requester import Requester
from bot.handlers.slack.home import HomePublisher
from bot.i18n.language import Translator
from bot.messages import errors
from bot.messages.blocks import Message
from bot.ports import Ports
from bot.ports.chat import INVALID_MESSAGE, ChatError
from bot.ports.errors import PortError
from bot.ports.telemetry import COMMAND, Outcome
from bot.work_pool import FullError, WorkPool

_log = logging.getLogger(__name__)

Payload = Mapping[str, Any]
Work = Callable[[], Message | Payload | None]  # a payload is a view


@dataclass(frozen=True, slots=True)
class Modal:
    """The open modal that shows the answer, and how it shows a message."""

    view_id: str
    message_view: Callable[[Translator, Message], Payload]


class Answers:
    """Sends every result and every error to the modal, message, Home tab or thread that the request came from."""

    def __init__(self, config: Config, ports: Ports, homes: HomePublisher, work: WorkPool) -> None:
        self._config = config
        self._ports = ports
        self._homes = homes
        self._work = work

    def open(self, requester: Requester, respond: Respond, body: Payload, view: Payload) -> str | None:
        """Open a modal and return its ID. Call it before anything slow: the trigger expires 3 s after the click."""
        try:
            return self._ports.chat.open_view(str(body["trigger_id"]), view)
        except ChatError as error:
            self._say(requester, respond, errors.unavailable(requester.translator, error.text))
            return None

    def soon(
        self,
        name: str,
        requester: Requester,
        respond: Respond | None,
        work: Work,
        *,
        replaces: bool = False,
        modal: Modal | None = None,
    ) -> None:
        """Queue the work and send its result. With `replaces`, it replaces the command's progress message.

        `name` is the command's name in metrics; a button counts as the equivalent command.
        """
        measured = self._ports.telemetry.measure(COMMAND, command=name)  # started here, so that waiting counts

        def job() -> None:
            with measured as operation:
                try:
                    message = self._shown(modal, work())
                except PortError as error:
                    operation.outcome = Outcome.ERROR
                    _log.warning("request from %s failed: %s", requester.user, error)
                    message = errors.unavailable(requester.translator, error.text)
                except Exception:
                    operation.outcome = Outcome.ERROR
                    reference = secrets.token_hex(4)
                    _log.exception("request from %s failed, reference %s", requester.user, reference)
                    message = errors.internal_error(requester.translator, reference)
                if message is not None:
                    self._say(requester, respond, message, replaces=replaces, modal=modal)
            self._follow(requester)

        try:
            self._work.submit(job, requester.user)
        except FullError:
            with measured as operation:
                operation.outcome = Outcome.ERROR
                self._say(requester, respond, errors.overloaded(requester.translator), replaces=replaces, modal=modal)

    def _follow(self, requester: Requester) -> None:
        """Update the requester's Home tab, which may show what they did elsewhere."""
        try:
            if not requester.about:
                self._homes.acted(requester.user)
        except PortError as error:
            _log.warning("cannot update the Home tab of %s: %s", requester.user, error)

    def _shown(self, modal: Modal | None, result: Message | Payload | None) -> Message | None:
        """Show a view in the modal. Returns what is left to say. Raises ChatError."""
        if result is None or isinstance(result, Message):
            return result
        if modal is not None:
            self._ports.chat.update_view(modal.view_id, result)
        return None

    def _say(
        self,
        requester: Requester,
        respond: Respond | None,
        message: Message,
        *,
        replaces: bool = False,
        modal: Modal | None = None,
    ) -> None:
        """Answer in the modal or on the Home tab if asked there, or else by response URL or ephemerally.

        A response URL needs no membership in the channel.
        """
        if modal is not None:
            try:
                self._shown(modal, modal.message_view(requester.translator, message))
            except ChatError as error:
                _log.warning("cannot show the answer to %s in a modal: %s", requester.user, error)
            else:
                return
        if requester.about:
            self._homes.answer(requester.user, message, requester.about)
            return
        if respond is not None and responded(respond, message, self._ports.telemetry, replaces=replaces):
            return
        try:
            self._ports.chat.post_ephemeral(
                requester.channel or self._config.slack.channel, requester.user, message, thread=requester.thread
            )
        except ChatError as error:
            _log.warning("cannot answer %s: %s", requester.user, error)
            if error.code in INVALID_MESSAGE and message.blocks:
                self._say(requester, None, Message(message.text))

"""Finishes requests that were interrupted before their audit entry, by the end of the process or a database failure."""

import logging
from collections.abc import Callable
from dataclasses import dataclass

from bot.core.access.requester import Requester
from bot.core.pull_requests.intent import AdoptRequest, Intent, is_given_up
from bot.core.pull_requests.revert import RevertRequest
from bot.handlers.access.audited import audited
from bot.handlers.pull_requests.adopt_service import AdoptService
from bot.handlers.pull_requests.intents import Intents, PendingIntent
from bot.handlers.pull_requests.revert_service import RevertService
from bot.i18n.language import Text, Translator
from bot.messages import errors
from bot.messages.blocks import Message
from bot.ports import Ports
from bot.ports.chat import ChatError
from bot.ports.errors import PortError
from bot.ports.isolation import skip_unexpected
from bot.ports.store import StoreError

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ResumeService:
    """Finishes interrupted requests for the same person, checks their permission again, and tells them the outcome.

    People who asked outside a channel get the outcome in `channel`.
    """

    ports: Ports
    intents: Intents
    reverts: RevertService
    adoptions: AdoptService
    translator_for: Callable[[str], Translator]  # by channel
    channel: str
    why_unknown: Callable[[str | None], Text | None]

    def run(self) -> None:
        """Finish every interrupted request, each once. Only the leading replica calls this. Raises StoreError.

        A request whose application, or any if it names none, may not be discovered yet has to wait: `why_unknown`.
        """
        for intent in self.intents.interrupted():
            if self.why_unknown(intent.request.application) and not is_given_up(intent, self.intents.now()):
                continue
            requester = Requester(
                intent.by, intent.name, intent.channel, intent.origin, self.translator_for(intent.channel)
            )
            _log.info("resuming “%s” of %s, interrupted in attempt %d", intent.what, intent.by, intent.attempts)
            with skip_unexpected(f"resuming {intent.what}"):
                self._tell(requester, self._finish(intent, requester))

    def _finish(self, intent: Intent, requester: Requester) -> Message:
        pending = self.intents.resume(intent)
        if is_given_up(intent, self.intents.now()):
            return self._give_up(pending, requester)
        try:
            match intent.request:
                case RevertRequest() as request:
                    return self.reverts.finish(pending, requester, request)
                case AdoptRequest() as request:
                    return self.adoptions.finish(pending, requester, request)
        except StoreError:
            raise
        except PortError as error:
            return errors.unavailable(requester.translator, error.text)

    def _give_up(self, pending: PendingIntent, requester: Requester) -> Message:
        intent = pending.intent
        with audited(self.ports, requester, intent.what, intent.applications) as audit:
            audit.pending = pending
            audit.result = f"failed: interrupted {intent.attempts - 1} times"
        return errors.interrupted(requester.translator, intent.what)

    def _tell(self, requester: Requester, message: Message) -> None:
        try:
            self.ports.chat.post_ephemeral(requester.channel or self.channel, requester.user, message)
        except ChatError as error:
            _log.warning("cannot answer %s: %s", requester.user, error)

"""Delivery of interactions to the app: acks within 3 s, trigger IDs and response URLs."""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from bot.sandbox.slack.errors import SlackError
from bot.sandbox.slack.faults import Faults
from bot.sandbox.slack.model import Json, Message
from bot.sandbox.slack.state import Workspace

# Only the Events API is retried: https://docs.slack.dev/apis/events-api#retries
EVENT_RETRIES = (0.0, 60.0, 300.0)
TRIGGER_SECONDS = 3.0  # https://docs.slack.dev/interactivity/handling-user-interaction
RESPONSE_URL_SECONDS = 30 * 60
RESPONSE_URL_USES = 5


class UndeliveredError(Exception):
    """The app did not accept the payload.

    `shown` is the error that the person sees, `reason` the one that the app gets with the retry. With `final`, there
    is no retry.
    """

    def __init__(self, shown: str, reason: str, *, final: bool = False) -> None:
        super().__init__(shown)
        self.reason = reason
        self.final = final


@dataclass(eq=False)
class Interaction:
    """One action of a person. `kind` is the Socket Mode type: slash_commands, interactive or events_api.

    `acked_after` is in seconds; None without an ack. `error` is the error that the person saw instead. `responses` are
    the messages that the app sent through the ack and the response_url.
    """

    kind: str
    user: str
    channel: str | None
    payload: Json
    started: float = field(default_factory=time.monotonic)
    acked_after: float | None = None
    ack: Json | None = None
    error: str | None = None
    deliveries: int = 0
    responses: list[Message] = field(default_factory=list)
    trigger_id: str = ""
    response_url: str = ""
    settled: asyncio.Event = field(default_factory=asyncio.Event, repr=False)  # set on the server's loop when done

    @property
    def done(self) -> bool:
        """Whether it was acked or has failed."""
        return self.acked_after is not None or self.error is not None


class Transport(Protocol):
    """Socket Mode or signed HTTP requests."""

    timeout_reason: str  # the reason given with a retry after a missed ack

    async def send(self, kind: str, payload: Json, attempt: int, reason: str) -> Json:
        """Deliver one payload, wait for the ack, and return the ack's payload or {}. Raises UndeliveredError.

        `attempt` counts from 0; `reason` is why the previous one failed.
        """
        ...


class Delivery:
    """Delivers interactions to the app, and records the error that the person sees without an ack."""

    def __init__(
        self,
        workspace: Workspace,
        faults: Faults,
        transport: Transport,
        ack_timeout: float,
        event_retries: Sequence[float],
    ) -> None:
        self.workspace = workspace
        self.faults = faults
        self.transport = transport
        self.ack_timeout = ack_timeout
        self.event_retries = event_retries

    async def run(self, interaction: Interaction, then: Callable[[Interaction], None]) -> None:
        """Deliver, record the outcome, call `then` with it, and notify waiters."""
        try:
            await self._run(interaction, then)
        finally:
            interaction.settled.set()

    async def _run(self, interaction: Interaction, then: Callable[[Interaction], None]) -> None:
        pauses = (0.0, *self.event_retries) if interaction.kind == "events_api" else (0.0,)
        error = reason = ""
        for attempt, pause in enumerate(pauses):
            await asyncio.sleep(pause)
            try:
                ack = await self._attempt(interaction, attempt, reason)
            except UndeliveredError as undelivered:
                error, reason = str(undelivered), undelivered.reason
                if undelivered.final:
                    break
                continue
            with self.workspace.changed:
                interaction.ack = ack
                interaction.acked_after = time.monotonic() - interaction.started
                then(interaction)
                self.workspace.changed.notify_all()
            return
        with self.workspace.changed:
            interaction.error = error
            then(interaction)
            self.workspace.changed.notify_all()

    async def _attempt(self, interaction: Interaction, attempt: int, reason: str) -> Json:
        with self.workspace.changed:
            interaction.deliveries += 1
        started = time.monotonic()
        try:
            async with asyncio.timeout(self.ack_timeout):
                ack = await self.transport.send(interaction.kind, interaction.payload, attempt, reason)
        except TimeoutError:
            raise UndeliveredError("operation_timeout", self.transport.timeout_reason) from None
        if self.faults.applies("lost_acks"):
            await asyncio.sleep(self.ack_timeout - (time.monotonic() - started))
            raise UndeliveredError("operation_timeout", self.transport.timeout_reason)
        return ack


@dataclass(slots=True)
class Trigger:
    """A trigger_id; `view_id` is the modal of the interaction, if any."""

    user: str
    expires: float
    view_id: str | None
    used: bool = False


class Triggers:
    """Trigger IDs: valid once, for 3 s."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._known: dict[str, Trigger] = {}

    def issue(self, user: str, view_id: str | None = None) -> str:
        """A new trigger ID for an interaction of this user."""
        with self._workspace.changed:
            name = (
                f"{len(self._known) + 1}.{self._workspace.random.getrandbits(40)}.{self._workspace.new_id('t').lower()}"
            )
            self._known[name] = Trigger(user, self._workspace.clock() + TRIGGER_SECONDS, view_id)
            return name

    def exchange(self, name: str) -> Trigger:
        """Use a trigger ID. Raises SlackError invalid_trigger_id, expired_trigger_id or exchanged_trigger_id."""
        with self._workspace.changed:
            trigger = self._known.get(name)
            if trigger is None:
                raise SlackError("invalid_trigger_id")
            if trigger.used:
                raise SlackError("exchanged_trigger_id")
            if self._workspace.clock() > trigger.expires:
                raise SlackError("expired_trigger_id")
            trigger.used = True
            return trigger


@dataclass(slots=True)
class ResponseUrl:
    """A response_url; `origin` is the message with the clicked button, None for a slash command.

    A command's URL replaces the message of its immediate response.
    """

    interaction: Interaction
    expires: float
    origin: Message | None
    left: int = RESPONSE_URL_USES


class ResponseUrls:
    """Response URLs: valid for 5 uses within 30 minutes."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._known: dict[str, ResponseUrl] = {}

    def issue(self, interaction: Interaction, origin: Message | None) -> str:
        """The path of a new response URL."""
        with self._workspace.changed:
            name = self._workspace.new_id("r")
            expires = self._workspace.clock() + RESPONSE_URL_SECONDS
            self._known[name] = ResponseUrl(interaction, expires, origin)
            return f"/response/{name}"

    def use(self, name: str) -> ResponseUrl:
        """Count one use. Raises SlackError expired_url or used_url."""
        with self._workspace.changed:
            url = self._known.get(name)
            if url is None or self._workspace.clock() > url.expires:
                raise SlackError("expired_url")
            if url.left == 0:
                raise SlackError("used_url")
            url.left -= 1
            return url

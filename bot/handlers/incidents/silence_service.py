"""Acknowledge, snooze and unsnooze: finds the incidents, checks permission, changes them and audits the request."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bot.core.access.audit import outcome_name
from bot.core.access.permission import Denied, Granted, MembersUnknown, Right, denial
from bot.core.access.requester import Requester
from bot.core.incidents.incident import Incident, IncidentState
from bot.core.incidents.selection import active_incidents, incidents_on_card, newest_alert
from bot.core.incidents.snooze_period import SnoozePeriod, SnoozeUntil, snooze_end
from bot.handlers.access.audited import AuditRecord, audited
from bot.handlers.access.authorizer import Authorizer
from bot.handlers.incidents import transition
from bot.handlers.incidents.transition import AlreadyDone, Changed, NotDone, Outcome, UnknownSubject
from bot.i18n.language import Translator
from bot.messages import permission
from bot.messages import silence as silence_message
from bot.messages.blocks import Message
from bot.ports import Ports
from bot.ports.chat import ChatError


@dataclass(frozen=True, slots=True)
class ApplicationTarget:
    """The open incident of an application."""

    name: str


@dataclass(frozen=True, slots=True)
class CardTarget:
    """The open incidents on a card. `subject` is the value of its buttons; there may be no such card."""

    subject: str


Target = ApplicationTarget | CardTarget


@dataclass(frozen=True, slots=True)
class SnoozeOffer:
    """The applications to ask a duration for.

    `newest` is when the newest of their incidents opened or got worse. `zone` is the time zone of "until"; None if it
    is the person's own.
    """

    applications: Sequence[str]
    newest: datetime | None
    zone: str | None


@dataclass(frozen=True, slots=True)
class Worsened:
    """Nothing changed: an incident has opened or got worse since the offer."""


@dataclass(frozen=True, slots=True)
class SilenceService:
    """Silences alerts for people. If a person's time zone is unknown, times of day are in `zone`."""

    ports: Ports
    authorizer_for: Callable[[Requester], Authorizer]
    zone: tzinfo

    def acknowledge(self, requester: Requester, target: Target, *, take_over: bool = False) -> Message:
        """Acknowledge the incidents for the requester, if they are allowed to. Raises StoreError.

        Those acknowledged by someone else don't change, unless the requester asked to `take_over`.
        """
        now = self.ports.clock()
        with audited(self.ports, requester, "acknowledge") as audit:
            outcome = self._silence(
                requester,
                self._incidents(target, audit),
                audit,
                lambda ids: transition.acknowledge(
                    self.ports, ids, requester.user, now, name=requester.name, take_over=take_over
                ),
            )
            return _answer(requester, outcome, audit.applications, _acknowledged, silence_message.already_acknowledged)

    def release(self, requester: Requester, target: Target) -> Message:
        """Release the incidents that the requester acknowledged, if they are allowed to. Raises StoreError."""
        now = self.ports.clock()
        with audited(self.ports, requester, "release") as audit:
            outcome = self._silence(
                requester,
                self._incidents(target, audit),
                audit,
                lambda ids: transition.release(self.ports, ids, requester.user, now, name=requester.name),
            )
            return _answer(requester, outcome, audit.applications, silence_message.released, silence_message.not_yours)

    def snooze(
        self, requester: Requester, target: Target, span: SnoozePeriod, *, newest: datetime | None = None
    ) -> Message:
        """Snooze the incidents, if the requester is allowed to, until a time in their time zone. Raises StoreError.

        With the `newest` of a SnoozeOffer, nothing is snoozed if an incident has opened or got worse since the offer.
        """
        now = self.ports.clock()
        with audited(self.ports, requester, "snooze") as audit:
            until = snooze_end(
                span, now, self._zone_of(requester.user) or self.zone if isinstance(span, SnoozeUntil) else self.zone
            )
            audit.what = f"snooze until {until:%Y-%m-%dT%H:%MZ}"
            outcome = self._silence(
                requester,
                self._incidents(target, audit),
                audit,
                lambda ids: transition.snooze(self.ports, ids, requester.user, until, now, name=requester.name),
                newest=newest,
            )

            def done(translator: Translator, incidents: Sequence[Incident]) -> Message:
                return silence_message.snoozed(translator, _applications(incidents), until)

            return _answer(requester, outcome, audit.applications, done, silence_message.already_snoozed)

    def offer_snooze(self, requester: Requester, target: Target) -> SnoozeOffer | Message:
        """What to ask a duration for, or the answer if the requester can't snooze them. Raises StoreError.

        Only the answer is audited; otherwise the audit entry is that of the submitted form.
        """
        with audited(self.ports, requester, "snooze") as audit:
            incidents = self._incidents(target, audit)
            decision = self.authorizer_for(requester).decide(Right.SILENCE, audit.applications)
            if not isinstance(decision, Granted):
                audit.result = denial(decision)
                return permission.denied(requester.translator, Right.SILENCE, decision)
            if not incidents:
                audit.result = outcome_name(UnknownSubject.__name__)
                return silence_message.nothing_open(requester.translator, ())
            audit.result = None
            zone = None if self._zone_of(requester.user) else str(self.zone)
            return SnoozeOffer(audit.applications, newest_alert(incidents), zone)

    def unsnooze(self, requester: Requester, target: Target) -> Message:
        """End the snoozes of the incidents, if the requester is allowed to. Raises StoreError."""
        now = self.ports.clock()
        with audited(self.ports, requester, "wake") as audit:
            incidents = self._incidents(target, audit)
            snoozed = [incident for incident in incidents if incident.state is IncidentState.SNOOZED]
            if not snoozed:
                audit.result = outcome_name("NotSnoozed")
                return silence_message.not_snoozed(requester.translator)
            audit.applications = _applications(snoozed)
            outcome = self._silence(
                requester, snoozed, audit, lambda ids: transition.cancel_snooze(self.ports, ids, now)
            )
            match outcome:
                case Denied() | MembersUnknown():
                    return permission.denied(requester.translator, Right.SILENCE, outcome)
                case Changed(changed):
                    return silence_message.snooze_ended(requester.translator, changed)
                case _:
                    return silence_message.not_snoozed(requester.translator)

    def _incidents(self, target: Target, audit: AuditRecord) -> Sequence[Incident]:
        """The open incidents of a target. Adds its applications to the audit entry, even if they have no incident.

        Raises StoreError.
        """
        match target:
            case ApplicationTarget(name):
                audit.applications = (name,)
                incident = self.ports.store.incidents.open_for(name)
                return active_incidents([incident]) if incident else []
            case CardTarget(subject):
                incidents = active_incidents(incidents_on_card(self.ports.store.incidents.unsettled(), subject))
                audit.applications = _applications(incidents)
                return incidents

    def _silence(
        self,
        requester: Requester,
        incidents: Sequence[Incident],
        audit: AuditRecord,
        act: Callable[[Collection[str]], Outcome],
        newest: datetime | None = None,
    ) -> Outcome | Worsened | Denied | MembersUnknown:
        """Apply `act` to the IDs of the incidents, if the requester is allowed to. Raises StoreError.

        Without effect if one of them has opened or got worse since `newest`.
        """
        decision = self.authorizer_for(requester).decide(Right.SILENCE, audit.applications)
        if not isinstance(decision, Granted):
            audit.result = denial(decision)
            return decision
        latest = newest_alert(incidents)
        has_worsened = newest and latest and latest > newest
        # By the incidents' own IDs: one that joins the card in the meantime was not authorized.
        outcome = Worsened() if has_worsened else act({incident.id for incident in incidents})
        audit.result = outcome_name(type(outcome).__name__)
        return outcome

    def _zone_of(self, user: str) -> tzinfo | None:
        """The user's time zone, if Slack returns it and this machine has it."""
        try:
            person = self.ports.chat.user(user)
            return ZoneInfo(person.zone) if person and person.zone else None
        except (ChatError, ZoneInfoNotFoundError, ValueError, OSError):
            return None


def _applications(incidents: Sequence[Incident]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(incident.application for incident in incidents))


def _acknowledged(translator: Translator, incidents: Sequence[Incident]) -> Message:
    """The answer, with the people who had acknowledged or snoozed the incidents until now."""
    previous = dict.fromkeys(previous for incident in incidents if (previous := incident.history[-1].previous))
    return silence_message.acknowledged(translator, _applications(incidents), tuple(previous))


def _answer(
    requester: Requester,
    outcome: Outcome | Worsened | Denied | MembersUnknown,
    names: Sequence[str],
    done: Callable[[Translator, Sequence[Incident]], Message],
    already: Callable[[Translator, Sequence[str], str | None], Message],
) -> Message:
    """The answer for an outcome. `done` gets the incidents that have changed.

    `already` gets the user who did it before, or None if that was the requester.
    """
    translator = requester.translator
    match outcome:
        case Changed(changed):
            return done(translator, changed)
        case AlreadyDone(by, _):
            return already(translator, names, by if by != requester.user else None)
        case Worsened():
            return silence_message.worsened(translator, names)
        case NotDone():
            return silence_message.nobody_has(translator, names)
        case Denied() | MembersUnknown():
            return permission.denied(translator, Right.SILENCE, outcome)
        case _:
            return silence_message.nothing_open(translator, names)

"""Acknowledge, snooze and wake: find the incidents, ask whether who asks may, do it, write it down."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bot.core.access.audit import AuditEntry
from bot.core.access.permission import CouldNotAsk, Denied, Granted, Right, refusal
from bot.core.access.requester import Requester
from bot.core.incidents.incident import Incident, IncidentState, open_incidents, under
from bot.core.incidents.snooze import Span, Until, ends
from bot.handlers.access.authorizer import Authorizer
from bot.handlers.incidents import control as incident_control
from bot.handlers.incidents.control import Already, Done, Outcome, Over, UnknownSubject
from bot.i18n.language import Translator
from bot.messages import control as words
from bot.messages.blocks import Message
from bot.ports import Ports
from bot.ports.chat import ChatError


@dataclass(frozen=True, slots=True)
class Target:
    """What is to be silenced: `incidents`, and the `applications` that are named even where nothing is open."""

    incidents: tuple[Incident, ...]
    applications: tuple[str, ...]


def of_application(ports: Ports, name: str) -> Target:
    """An application's incident. StoreError."""
    incident = ports.store.incidents.open_for(name)
    return Target(tuple(open_incidents([incident])) if incident else (), (name,))


def of_card(ports: Ports, subject: str) -> Target:
    """What a card shows, by the value of its buttons; nothing for a value that no card has. StoreError."""
    found = tuple(open_incidents(under(ports.store.incidents.unsettled(), subject)))
    return Target(found, tuple(dict.fromkeys(each.application for each in found)))


def acknowledge(ports: Ports, authorizer: Authorizer, requester: Requester, target: Target) -> Message:
    """The asker has it, if they may. StoreError."""
    now, names = ports.clock(), target.applications

    def act(incident: str) -> Outcome:
        return incident_control.acknowledge(ports, incident, requester.user, now)

    outcome = _silence(ports, authorizer, requester, target, "acknowledge", act)
    return _told(
        requester.translator,
        outcome,
        names,
        words.acknowledged(requester.translator, names),
        words.acknowledged_already,
    )


def snooze(
    ports: Ports, authorizer: Authorizer, requester: Requester, target: Target, span: Span, *, zone: tzinfo
) -> Message:
    """Quiet for a while, if the asker may. A time of day is read by the asker's own clock. StoreError."""
    now, names = ports.clock(), target.applications
    until = ends(span, now, _zone(ports, requester.user, zone) if isinstance(span, Until) else zone)

    def act(incident: str) -> Outcome:
        return incident_control.snooze(ports, incident, requester.user, until, now)

    outcome = _silence(ports, authorizer, requester, target, f"snooze until {until:%Y-%m-%dT%H:%MZ}", act)
    return _told(
        requester.translator, outcome, names, words.snoozed(requester.translator, names, until), words.snoozed_already
    )


def refused(ports: Ports, authorizer: Authorizer, requester: Requester, target: Target) -> Denied | CouldNotAsk | None:
    """Why the asker is not even asked for how long to snooze, which is written down; None when they may. StoreError."""
    verdict = authorizer.verdict(Right.SILENCE, target.applications)
    if isinstance(verdict, Granted):
        return None
    _write_down(ports, requester, target, "snooze", refusal(verdict))
    return verdict


def wake(ports: Ports, authorizer: Authorizer, requester: Requester, target: Target) -> Message:
    """The end of the snoozes of what a card shows, if the asker may. StoreError."""
    asleep = [each for each in target.incidents if each.state is IncidentState.SNOOZED]
    if not asleep:
        return words.awake_already(requester.translator)
    names = tuple(dict.fromkeys(each.application for each in asleep))
    now = ports.clock()

    def act(incident: str) -> Outcome:
        return incident_control.cancel_snooze(ports, incident, now)

    outcome = _silence(ports, authorizer, requester, Target(tuple(asleep), names), "wake", act)
    match outcome:
        case Denied() | CouldNotAsk():
            return words.denied(requester.translator, Right.SILENCE, outcome)
        case Done():
            return words.woken(requester.translator, names)
        case _:
            return words.awake_already(requester.translator)


def _told(
    translator: Translator,
    outcome: Outcome | Denied | CouldNotAsk,
    names: Sequence[str],
    done: Message,
    already: Callable[[Translator, Sequence[str], str], Message],
) -> Message:
    match outcome:
        case Done():
            return done
        case Already(by, _):
            return already(translator, names, by)
        case Denied() | CouldNotAsk():
            return words.denied(translator, Right.SILENCE, outcome)
        case _:
            return words.nothing_open(translator, names)


def _silence(
    ports: Ports, authorizer: Authorizer, requester: Requester, target: Target, what: str, act: Callable[[str], Outcome]
) -> Outcome | Denied | CouldNotAsk:
    """Do it to each incident, if the asker may, and write down what came of it."""
    verdict = authorizer.verdict(Right.SILENCE, target.applications)
    if isinstance(verdict, Granted):
        # One by one, by their own ids: what joins the card meanwhile is not what was authorised.
        outcome: Outcome | Denied | CouldNotAsk = _together([act(incident.id) for incident in target.incidents])
        result = type(outcome).__name__
    else:
        outcome, result = verdict, refusal(verdict)
    _write_down(ports, requester, target, what, result)
    return outcome


def _write_down(ports: Ports, requester: Requester, target: Target, what: str, result: str) -> None:
    ports.store.audit_log.append(
        AuditEntry(
            ports.clock(), requester.user, what, result, requester.origin, requester.channel, target.applications
        )
    )


def _together(outcomes: Sequence[Outcome]) -> Outcome:
    changed = [incident for outcome in outcomes if isinstance(outcome, Done) for incident in outcome.incidents]
    if changed:
        return Done(tuple(changed))
    return next((each for each in outcomes if isinstance(each, Already | Over)), UnknownSubject())


def _zone(ports: Ports, user: str, default: tzinfo) -> tzinfo:
    """The person's time zone, where Slack tells it and this machine knows it."""
    try:
        known = ports.chat.user(user)
        return ZoneInfo(known.zone) if known and known.zone else default
    except (ChatError, ZoneInfoNotFoundError, ValueError, OSError):
        return default

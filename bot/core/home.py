"""What one person's Home shows: what is theirs, what is open, what they asked for, and the week in numbers."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from statistics import median

from bot.core.access.permission import Members
from bot.core.applications.application import Application
from bot.core.drift.model import Check
from bot.core.drift.severity import Rating
from bot.core.incidents.grouping import by_card
from bot.core.incidents.incident import Incident, IncidentEventType, IncidentState, open_incidents
from bot.core.pull_requests.tracked_pull_request import TrackedPullRequest
from bot.core.rollouts.rollout import ENDED, Rollout, RolloutState

WEEK = timedelta(days=7)

_QUIETER = (IncidentState.OPEN, IncidentState.ACKNOWLEDGED, IncidentState.SNOOZED)


class HomeScope(StrEnum):
    """Why these applications are somebody's: OWNED, the configuration says so; CHANGED, they wrote what was merged in
    the last week; ALL, since neither is so of any.
    """

    OWNED = "owned"
    CHANGED = "changed"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class Shown:
    """The open incidents that share a card, the worst first; `subject` is what its buttons refer to.

    `state` is that of the one that asks for most. `mine`: of an application of theirs.
    """

    subject: str
    incidents: tuple[Incident, ...]
    rating: Rating
    state: IncidentState
    since: datetime
    mine: bool = False


@dataclass(frozen=True, slots=True)
class Week:
    """The last seven days. Each span is a median, None where nothing happened that it could be taken of.

    `acknowledge` counts from when it was told to its first acknowledgement, `resolve` from the first look that saw it.
    `reverts` are pull requests that were opened, `merged` those that were merged. `unseen` of the `applications` could
    not be looked at, and how many objects those have is not in `objects`. Without `whole` there was more than was read.
    """

    opened: int
    resolved: int
    acknowledge: timedelta | None
    resolve: timedelta | None
    live: int
    arrive: timedelta | None
    reverts: int
    merged: int
    objects: int
    applications: int
    unseen: int
    whole: bool


@dataclass(frozen=True, slots=True)
class Survey:
    """What everybody's Home is made of. `arriving` is the newest revision on its way to an application, `changed` the
    applications that a Slack user's merges of the last week reached.
    """

    applications: Sequence[Application]
    checks: Mapping[str, Check]
    cards: tuple[Shown, ...]
    arriving: Mapping[str, str]
    changed: Mapping[str, frozenset[str]]
    pulls: Sequence[TrackedPullRequest]
    week: Week


@dataclass(frozen=True, slots=True)
class Home:
    """One person's. `cards` are open incidents, theirs first; `snoozes` those that they have silenced themselves.

    `pulls` are what they asked for, open ones first. `unknown` says why some owners are not known.
    """

    whose: HomeScope
    applications: tuple[Application, ...]
    checks: Mapping[str, Check]
    arriving: Mapping[str, str]
    cards: tuple[Shown, ...]
    snoozes: tuple[Shown, ...]
    pulls: tuple[TrackedPullRequest, ...]
    week: Week
    unknown: str | None = None


def survey(
    applications: Sequence[Application],
    checks: Mapping[str, Check],
    incidents: Iterable[Incident],
    rollouts: Iterable[Rollout],
    pulls: Iterable[TrackedPullRequest],
    *,
    now: datetime,
    whole: bool = True,
) -> Survey:
    """From the stored state: all that has not ended, and what has ended in the last week (`whole` if all of it).

    Each of them may be given twice.
    """
    incidents = list({each.id: each for each in incidents}.values())
    rollouts = list({each.id: each for each in rollouts}.values())
    pulls = list({each.id: each for each in pulls}.values())
    changed: dict[str, frozenset[str]] = {}
    for rollout in rollouts:
        reached = frozenset(part.application for part in rollout.parts)
        for user in {author.user for author in rollout.authors if author.user}:
            changed[user] = changed.get(user, frozenset()) | reached
    going = sorted((each for each in rollouts if each.state not in ENDED), key=lambda each: each.merged_at)
    return Survey(
        applications=applications,
        checks=checks,
        cards=tuple(_shown(subject, group) for subject, group in by_card(open_incidents(incidents)).items()),
        arriving={part.application: each.revision for each in going for part in each.parts if part.live_at is None},
        changed=changed,
        pulls=pulls,
        week=_week(applications, checks, incidents, rollouts, pulls, now - WEEK, whole=whole),
    )


def home(user: str, known: Survey, groups: Mapping[str, Members]) -> Home:
    """A Slack user's Home. `groups` are the members of the user groups that own applications, or why not known."""
    whose, names = _whose(user, known, groups)
    own = frozenset(names) if whose is not HomeScope.ALL else frozenset()
    cards = [
        replace(each, mine=any(incident.application in own for incident in each.incidents)) for each in known.cards
    ]
    snoozes = [each for each in cards if any(_silenced_by(incident, user) for incident in each.incidents)]
    hidden = {each.subject for each in snoozes if all(_silenced_by(incident, user) for incident in each.incidents)}
    why = (groups.get(each) for each in owning_groups(known.applications))
    asked_for = (pull for pull in known.pulls if pull.by == user)
    return Home(
        whose=whose,
        applications=tuple(each for each in known.applications if each.name in names),
        checks=known.checks,
        arriving=known.arriving,
        cards=tuple(sorted((each for each in cards if each.subject not in hidden), key=_urgency)),
        snoozes=tuple(sorted(snoozes, key=_first_end)),
        pulls=tuple(sorted(asked_for, key=lambda pull: (pull.state != "open", -pull.opened_at.timestamp()))),
        week=known.week,
        unknown=next((each for each in why if isinstance(each, str)), None),
    )


def owning_groups(applications: Iterable[Application]) -> list[str]:
    """The user groups that own applications, each once."""
    owners = (owner for application in applications for owner in application.owners)
    return list(dict.fromkeys(owner for owner in owners if owner.startswith("S")))


def _whose(user: str, known: Survey, groups: Mapping[str, Members]) -> tuple[HomeScope, frozenset[str]]:
    in_groups = {name for name, members in groups.items() if not isinstance(members, str) and user in members}
    owned = {each.name for each in known.applications if {user, *in_groups} & set(each.owners)}
    names = frozenset(each.name for each in known.applications)
    changed = known.changed.get(user, frozenset()) & names
    if owned:
        return HomeScope.OWNED, frozenset(owned)
    return (HomeScope.CHANGED, changed) if changed else (HomeScope.ALL, names)


def _shown(subject: str, group: Sequence[Incident]) -> Shown:
    rated = sorted(((each.rating, each) for each in group), key=lambda pair: -pair[0].severity)
    return Shown(
        subject=subject,
        incidents=tuple(each for _, each in rated),
        rating=rated[0][0],
        state=min((each.state for each in group), key=_QUIETER.index),
        since=min(each.since for each in group),
    )


def _silenced_by(incident: Incident, user: str) -> bool:
    return incident.state is IncidentState.SNOOZED and incident.snoozed_by == user


def _urgency(shown: Shown) -> tuple[bool, int, int, datetime]:
    return not shown.mine, _QUIETER.index(shown.state), -shown.rating.severity, shown.since


def _first_end(shown: Shown) -> float:
    return min(each.snoozed_until.timestamp() for each in shown.incidents if each.snoozed_until)


def _week(
    applications: Sequence[Application],
    checks: Mapping[str, Check],
    incidents: Sequence[Incident],
    rollouts: Sequence[Rollout],
    pulls: Sequence[TrackedPullRequest],
    since: datetime,
    *,
    whole: bool,
) -> Week:
    known = [each for each in incidents if each.state is not IncidentState.SUSPECTED]
    resolved = [each.resolved_at - each.since for each in known if each.resolved_at and each.resolved_at >= since]
    taken = [span for each in known if (span := _until_taken(each, since)) is not None]
    live = [
        each.ended_at - each.merged_at
        for each in rollouts
        if each.state is RolloutState.LIVE and each.ended_at and each.ended_at >= since
    ]
    seen = [check for each in applications if (check := checks.get(each.name)) and check.error is None]
    return Week(
        opened=sum(each.since >= since for each in known),
        resolved=len(resolved),
        acknowledge=_median(taken),
        resolve=_median(resolved),
        live=len(live),
        arrive=_median(live),
        reverts=sum(pull.opened_at >= since for pull in pulls),
        merged=sum(pull.state == "merged" and pull.ended_at is not None and pull.ended_at >= since for pull in pulls),
        objects=sum(check.objects for check in seen),
        applications=len(applications),
        unseen=len(applications) - len(seen),
        whole=whole,
    )


def _median(spans: Sequence[timedelta]) -> timedelta | None:
    return timedelta(seconds=median(span.total_seconds() for span in spans)) if spans else None


def _until_taken(incident: Incident, since: datetime) -> timedelta | None:
    """From when it was told to its first acknowledgement, if that was since then.

    Somebody may take it before it was told, in quiet hours.
    """
    first = next((each.at for each in incident.history if each.kind is IncidentEventType.ACKNOWLEDGED), None)
    if first is None or first < since:
        return None
    return max(first - (incident.announced_at or incident.since), timedelta(0))

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
from bot.core.incidents.grouping import group_by_card
from bot.core.incidents.incident import Incident, IncidentEventType, IncidentState, active_incidents
from bot.core.pull_requests.revert_pull import RevertPullRequest
from bot.core.rollouts.rollout import ENDED_STATES, Rollout, RolloutState

WEEK = timedelta(days=7)

_BY_URGENCY = (IncidentState.OPEN, IncidentState.ACKNOWLEDGED, IncidentState.SNOOZED)


class ApplicationFilter(StrEnum):
    """Why these applications are somebody's: OWNED, the configuration says so; CHANGED, they wrote what was merged in
    the last week; ALL, since neither is so of any.
    """

    OWNED = "owned"
    CHANGED = "changed"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class OpenCard:
    """The open incidents that share a card, the worst first; `subject` is what its buttons refer to.

    `state` is that of the one that asks for most. `mine`: of an application of theirs.
    """

    card_id: str
    incidents: tuple[Incident, ...]
    rating: Rating
    state: IncidentState
    since: datetime
    mine: bool = False


@dataclass(frozen=True, slots=True)
class WeekSummary:
    """The last seven days. Each span is a median, None where nothing happened that it could be taken of.

    `acknowledge` counts from when it was told to its first acknowledgement, `resolve` from the first look that saw it.
    `reverts` are pull requests that were opened, `merged` those that were merged. `unseen` of the `applications` could
    not be looked at, and how many objects those have is not in `objects`. Without `whole` there was more than was read.
    """

    opened: int
    resolved: int
    time_to_acknowledge: timedelta | None
    time_to_resolve: timedelta | None
    rollouts_completed: int
    time_to_live: timedelta | None
    reverts_opened: int
    reverts_merged: int
    objects: int
    applications: int
    unknown_applications: int
    complete: bool


@dataclass(frozen=True, slots=True)
class WorkspaceOverview:
    """What everybody's Home is made of. `arriving` is the newest revision on its way to an application, `changed` the
    applications that a Slack user's merges of the last week reached.
    """

    applications: Sequence[Application]
    checks: Mapping[str, Check]
    cards: tuple[OpenCard, ...]
    rolling_out: Mapping[str, str]
    merged_by: Mapping[str, frozenset[str]]
    pulls: Sequence[RevertPullRequest]
    week: WeekSummary


@dataclass(frozen=True, slots=True)
class Home:
    """One person's. `cards` are open incidents, theirs first; `snoozes` those that they have silenced themselves.

    `pulls` are what they asked for, open ones first. `unknown` says why some owners are not known.
    """

    application_filter: ApplicationFilter
    applications: tuple[Application, ...]
    checks: Mapping[str, Check]
    rolling_out: Mapping[str, str]
    cards: tuple[OpenCard, ...]
    snoozes: tuple[OpenCard, ...]
    pulls: tuple[RevertPullRequest, ...]
    week: WeekSummary
    owners_unknown: str | None = None


def build_overview(
    applications: Sequence[Application],
    checks: Mapping[str, Check],
    incidents: Iterable[Incident],
    rollouts: Iterable[Rollout],
    pulls: Iterable[RevertPullRequest],
    *,
    now: datetime,
    complete: bool = True,
) -> WorkspaceOverview:
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
    going = sorted((each for each in rollouts if each.state not in ENDED_STATES), key=lambda each: each.merged_at)
    return WorkspaceOverview(
        applications=applications,
        checks=checks,
        cards=tuple(
            _open_card(subject, group) for subject, group in group_by_card(active_incidents(incidents)).items()
        ),
        rolling_out={part.application: each.revision for each in going for part in each.parts if part.live_at is None},
        merged_by=changed,
        pulls=pulls,
        week=_week(applications, checks, incidents, rollouts, pulls, now - WEEK, complete=complete),
    )


def build_home(user: str, overview: WorkspaceOverview, groups: Mapping[str, Members]) -> Home:
    """A Slack user's Home. `groups` are the members of the user groups that own applications, or why not known."""
    whose, names = _filter_applications(user, overview, groups)
    own = frozenset(names) if whose is not ApplicationFilter.ALL else frozenset()
    cards = [
        replace(each, mine=any(incident.application in own for incident in each.incidents)) for each in overview.cards
    ]
    snoozes = [each for each in cards if any(_snoozed_by(incident, user) for incident in each.incidents)]
    hidden = {each.card_id for each in snoozes if all(_snoozed_by(incident, user) for incident in each.incidents)}
    why = (groups.get(each) for each in owning_groups(overview.applications))
    asked_for = (pull for pull in overview.pulls if pull.by == user)
    return Home(
        application_filter=whose,
        applications=tuple(each for each in overview.applications if each.name in names),
        checks=overview.checks,
        rolling_out=overview.rolling_out,
        cards=tuple(sorted((each for each in cards if each.card_id not in hidden), key=_urgency)),
        snoozes=tuple(sorted(snoozes, key=_snooze_end)),
        pulls=tuple(sorted(asked_for, key=lambda pull: (pull.state != "open", -pull.opened_at.timestamp()))),
        week=overview.week,
        owners_unknown=next((each for each in why if isinstance(each, str)), None),
    )


def owning_groups(applications: Iterable[Application]) -> list[str]:
    """The user groups that own applications, each once."""
    owners = (owner for application in applications for owner in application.owners)
    return list(dict.fromkeys(owner for owner in owners if owner.startswith("S")))


def _filter_applications(
    user: str, known: WorkspaceOverview, groups: Mapping[str, Members]
) -> tuple[ApplicationFilter, frozenset[str]]:
    in_groups = {name for name, members in groups.items() if not isinstance(members, str) and user in members}
    owned = {each.name for each in known.applications if {user, *in_groups} & set(each.owners)}
    names = frozenset(each.name for each in known.applications)
    changed = known.merged_by.get(user, frozenset()) & names
    if owned:
        return ApplicationFilter.OWNED, frozenset(owned)
    return (ApplicationFilter.CHANGED, changed) if changed else (ApplicationFilter.ALL, names)


def _open_card(subject: str, group: Sequence[Incident]) -> OpenCard:
    rated = sorted(((each.rating, each) for each in group), key=lambda pair: -pair[0].severity)
    return OpenCard(
        card_id=subject,
        incidents=tuple(each for _, each in rated),
        rating=rated[0][0],
        state=min((each.state for each in group), key=_BY_URGENCY.index),
        since=min(each.since for each in group),
    )


def _snoozed_by(incident: Incident, user: str) -> bool:
    return incident.state is IncidentState.SNOOZED and incident.snoozed_by == user


def _urgency(shown: OpenCard) -> tuple[bool, int, int, datetime]:
    return not shown.mine, _BY_URGENCY.index(shown.state), -shown.rating.severity, shown.since


def _snooze_end(shown: OpenCard) -> float:
    return min(each.snoozed_until.timestamp() for each in shown.incidents if each.snoozed_until)


def _week(
    applications: Sequence[Application],
    checks: Mapping[str, Check],
    incidents: Sequence[Incident],
    rollouts: Sequence[Rollout],
    pulls: Sequence[RevertPullRequest],
    since: datetime,
    *,
    complete: bool,
) -> WeekSummary:
    known = [each for each in incidents if each.state is not IncidentState.SUSPECTED]
    resolved = [each.resolved_at - each.since for each in known if each.resolved_at and each.resolved_at >= since]
    taken = [span for each in known if (span := _time_to_acknowledge(each, since)) is not None]
    live = [
        each.ended_at - each.merged_at
        for each in rollouts
        if each.state is RolloutState.LIVE and each.ended_at and each.ended_at >= since
    ]
    seen = [check for each in applications if (check := checks.get(each.name)) and check.error is None]
    return WeekSummary(
        opened=sum(each.since >= since for each in known),
        resolved=len(resolved),
        time_to_acknowledge=_median(taken),
        time_to_resolve=_median(resolved),
        rollouts_completed=len(live),
        time_to_live=_median(live),
        reverts_opened=sum(pull.opened_at >= since for pull in pulls),
        reverts_merged=sum(
            pull.state == "merged" and pull.ended_at is not None and pull.ended_at >= since for pull in pulls
        ),
        objects=sum(check.objects for check in seen),
        applications=len(applications),
        unknown_applications=len(applications) - len(seen),
        complete=complete,
    )


def _median(spans: Sequence[timedelta]) -> timedelta | None:
    return timedelta(seconds=median(span.total_seconds() for span in spans)) if spans else None


def _time_to_acknowledge(incident: Incident, since: datetime) -> timedelta | None:
    """From when it was told to its first acknowledgement, if that was since then.

    Somebody may take it before it was told, in quiet hours.
    """
    first = next((each.at for each in incident.history if each.kind is IncidentEventType.ACKNOWLEDGED), None)
    if first is None or first < since:
        return None
    return max(first - (incident.announced_at or incident.since), timedelta(0))

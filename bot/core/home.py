"""Builds a user's Home tab: their applications, open incidents, snoozes and reverts, and the last week in numbers."""

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
from bot.core.incidents.incident import Incident, IncidentEventType, IncidentState
from bot.core.incidents.selection import active_incidents
from bot.core.pull_requests.tracked_pull_request import TrackedPullRequest
from bot.core.rollouts.rollout import ENDED_STATES, Rollout
from bot.i18n.language import LocalizedText, Text

WEEK = timedelta(days=7)

_BY_URGENCY = (IncidentState.OPEN, IncidentState.ACKNOWLEDGED, IncidentState.SNOOZED)


class ApplicationFilter(StrEnum):
    """The applications on a Home tab: those OWNED by the user, else CHANGED by their merges this week, else ALL."""

    OWNED = "owned"
    CHANGED = "changed"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class OpenCard:
    """A card with active incidents, the worst first.

    `card_id` is the value of its buttons. `state` is the most urgent state and `since` the earliest start among its
    incidents. `mine` means that an incident is on one of the user's applications.
    """

    card_id: str
    incidents: tuple[Incident, ...]
    rating: Rating
    state: IncidentState
    since: datetime
    mine: bool = False

    @property
    def owners(self) -> frozenset[str]:
        """The Slack user IDs of those who have acknowledged an incident."""
        return frozenset(incident.acknowledged_by for incident in self.incidents if incident.acknowledged_by)

    @property
    def is_owned(self) -> bool:
        """Whether every incident is acknowledged."""
        return all(incident.acknowledged_by for incident in self.incidents)


@dataclass(frozen=True, slots=True)
class WeekSummary:
    """The last seven days in numbers. Durations are medians; None without any value.

    `time_to_acknowledge` counts from the announcement to the first acknowledgement, `time_to_resolve` from the first
    check that saw the drift, `time_to_live` from the merge. `unknown_applications` counts the `applications` whose
    latest check failed; `objects` doesn't include theirs. Without `complete`, only a part of the week was read.
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
    """What every user's Home tab is built from.

    `rolling_out` is the newest revision that is rolling out, by application. `merged_by` holds the applications that a
    user's merges of the last week changed, by Slack user ID.
    """

    applications: Sequence[Application]
    checks: Mapping[str, Check]
    cards: tuple[OpenCard, ...]
    rolling_out: Mapping[str, str]
    merged_by: Mapping[str, frozenset[str]]
    pulls: Sequence[TrackedPullRequest]
    week: WeekSummary


@dataclass(frozen=True, slots=True)
class Home:
    """One user's Home tab. `cards` has their own incidents first; `snoozes` are the cards that they snoozed themselves.

    `pulls` are the reverts they requested, open ones first. `owners_unknown` is why some owners couldn't be resolved.
    """

    user: str
    application_filter: ApplicationFilter
    applications: tuple[Application, ...]
    checks: Mapping[str, Check]
    rolling_out: Mapping[str, str]
    cards: tuple[OpenCard, ...]
    snoozes: tuple[OpenCard, ...]
    pulls: tuple[TrackedPullRequest, ...]
    week: WeekSummary
    owners_unknown: Text | None = None


def build_overview(
    applications: Sequence[Application],
    checks: Mapping[str, Check],
    incidents: Iterable[Incident],
    rollouts: Iterable[Rollout],
    pulls: Iterable[TrackedPullRequest],
    *,
    now: datetime,
    complete: bool = True,
) -> WorkspaceOverview:
    """The overview from the stored state: everything in progress, and what ended in the last week.

    Duplicate incidents, rollouts and pull requests are allowed. `complete` is whether the whole week is given.
    """
    incidents = list({incident.id: incident for incident in incidents}.values())
    rollouts = list({rollout.id: rollout for rollout in rollouts}.values())
    pulls = list({pull.id: pull for pull in pulls}.values())
    merged_by: dict[str, frozenset[str]] = {}
    for rollout in rollouts:
        changed = frozenset(part.application for part in rollout.parts)
        for user in {author.user for author in rollout.authors if author.user}:
            merged_by[user] = merged_by.get(user, frozenset()) | changed
    in_progress = sorted(
        (rollout for rollout in rollouts if rollout.state not in ENDED_STATES), key=lambda rollout: rollout.merged_at
    )
    cards = group_by_card(active_incidents(incidents))
    return WorkspaceOverview(
        applications=applications,
        checks=checks,
        cards=tuple(_open_card(card_id, on_card) for card_id, on_card in cards.items()),
        rolling_out={
            part.application: rollout.revision for rollout in in_progress for part in rollout.parts if part.is_pending
        },
        merged_by=merged_by,
        pulls=pulls,
        week=_week(applications, checks, incidents, rollouts, pulls, now - WEEK, complete=complete),
    )


def build_home(user: str, overview: WorkspaceOverview, groups: Mapping[str, Members]) -> Home:
    """A Slack user's Home tab. `groups` are the members of each owning user group, or why they are unknown."""
    application_filter, names = _filter_applications(user, overview, groups)
    owned = names if application_filter is not ApplicationFilter.ALL else frozenset()
    cards = [
        replace(card, mine=any(incident.application in owned for incident in card.incidents)) for card in overview.cards
    ]
    snoozes = [card for card in cards if any(_snoozed_by(incident, user) for incident in card.incidents)]
    hidden = {card.card_id for card in snoozes if all(_snoozed_by(incident, user) for incident in card.incidents)}
    owners = (groups.get(group) for group in owning_groups(overview.applications))
    requested = (pull for pull in overview.pulls if pull.by == user)
    return Home(
        user=user,
        application_filter=application_filter,
        applications=tuple(application for application in overview.applications if application.name in names),
        checks=overview.checks,
        rolling_out=overview.rolling_out,
        cards=tuple(sorted((card for card in cards if card.card_id not in hidden), key=_urgency)),
        snoozes=tuple(sorted(snoozes, key=_snooze_end)),
        pulls=tuple(sorted(requested, key=lambda pull: (pull.state != "open", -pull.opened_at.timestamp()))),
        week=overview.week,
        owners_unknown=next((why for why in owners if isinstance(why, LocalizedText | str)), None),
    )


def owning_groups(applications: Iterable[Application]) -> list[str]:
    """The IDs of the user groups that own applications, each once."""
    owners = (owner for application in applications for owner in application.owners)
    return list(dict.fromkeys(owner for owner in owners if owner.startswith("S")))


def _filter_applications(
    user: str, overview: WorkspaceOverview, groups: Mapping[str, Members]
) -> tuple[ApplicationFilter, frozenset[str]]:
    in_groups = {group for group, members in groups.items() if isinstance(members, frozenset) and user in members}
    owned = {application.name for application in overview.applications if {user, *in_groups} & set(application.owners)}
    names = frozenset(application.name for application in overview.applications)
    changed = overview.merged_by.get(user, frozenset()) & names
    if owned:
        return ApplicationFilter.OWNED, frozenset(owned)
    return (ApplicationFilter.CHANGED, changed) if changed else (ApplicationFilter.ALL, names)


def _open_card(card_id: str, incidents: Sequence[Incident]) -> OpenCard:
    rated = sorted(((incident.rating, incident) for incident in incidents), key=lambda pair: -pair[0].severity)
    return OpenCard(
        card_id=card_id,
        incidents=tuple(incident for _, incident in rated),
        rating=rated[0][0],
        state=min((incident.state for incident in incidents), key=_BY_URGENCY.index),
        since=min(incident.since for incident in incidents),
    )


def _snoozed_by(incident: Incident, user: str) -> bool:
    return incident.state is IncidentState.SNOOZED and incident.snoozed_by == user


def _urgency(card: OpenCard) -> tuple[bool, int, int, datetime]:
    return not card.mine, _BY_URGENCY.index(card.state), -card.rating.severity, card.since


def _snooze_end(card: OpenCard) -> float:
    return min(incident.snoozed_until.timestamp() for incident in card.incidents if incident.snoozed_until)


def _week(
    applications: Sequence[Application],
    checks: Mapping[str, Check],
    incidents: Sequence[Incident],
    rollouts: Sequence[Rollout],
    pulls: Sequence[TrackedPullRequest],
    since: datetime,
    *,
    complete: bool,
) -> WeekSummary:
    confirmed = [incident for incident in incidents if incident.state is not IncidentState.SUSPECTED]
    times_to_acknowledge = [
        duration for incident in confirmed if (duration := _time_to_acknowledge(incident, since)) is not None
    ]
    times_to_resolve = [
        incident.resolved_at - incident.since
        for incident in confirmed
        if incident.resolved_at and incident.resolved_at >= since and incident.ended != "unwatched"
    ]
    times_to_live = [
        rollout.ended_at - rollout.merged_at
        for rollout in rollouts
        if rollout.went_live and rollout.ended_at and rollout.ended_at >= since
    ]
    succeeded = [
        check
        for application in applications
        if (check := checks.get(application.name)) is not None and check.error is None
    ]
    return WeekSummary(
        opened=sum(incident.since >= since for incident in confirmed),
        resolved=len(times_to_resolve),
        time_to_acknowledge=_median(times_to_acknowledge),
        time_to_resolve=_median(times_to_resolve),
        rollouts_completed=len(times_to_live),
        time_to_live=_median(times_to_live),
        reverts_opened=sum(pull.opened_at >= since for pull in pulls),
        reverts_merged=sum(
            pull.state == "merged" and pull.ended_at is not None and pull.ended_at >= since for pull in pulls
        ),
        objects=sum(check.objects for check in succeeded),
        applications=len(applications),
        unknown_applications=len(applications) - len(succeeded),
        complete=complete,
    )


def _median(durations: Sequence[timedelta]) -> timedelta | None:
    return timedelta(seconds=median(duration.total_seconds() for duration in durations)) if durations else None


def _time_to_acknowledge(incident: Incident, since: datetime) -> timedelta | None:
    """From the announcement to the first acknowledgement, if that was after `since`.

    Zero for an incident that was acknowledged before it was announced, during quiet hours.
    """
    first = next((event.at for event in incident.history if event.kind is IncidentEventType.ACKNOWLEDGED), None)
    if first is None or first < since:
        return None
    return max(first - (incident.announced_at or incident.since), timedelta(0))

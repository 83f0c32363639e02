"""The demo's history: two weeks of rollouts and incidents, and the channels' latest messages."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.core.applications.application import Application
from bot.core.drift.model import Check, FieldDrift, ObjectDrift, Status
from bot.core.git.author import Author
from bot.core.incidents.alerting import AlertPolicy
from bot.core.incidents.detection import apply_check
from bot.core.incidents.incident import Incident, Resolution, acknowledge, mark_announced
from bot.core.rollouts.rollout import ApplicationRollout, Rollout, RolloutState
from bot.i18n.language import Translator
from bot.messages.desired_cards import desired_cards
from bot.ports.store import Store
from bot.sandbox.forge import HostedRepository, Pull
from bot.sandbox.slack.model import BOT_USER, Message
from bot.sandbox.slack.state import Workspace

_SHOWN = timedelta(hours=48)
_LIVE_AFTER = timedelta(seconds=47)
# By the branch of the pull request: when a live merge became unhealthy, and for how long.
_DEGRADED: Mapping[str, tuple[timedelta, timedelta]] = {
    "web-4.7.0": (timedelta(minutes=6), timedelta(minutes=17)),
}
_MIRA, _JONAS, _PRIYA = "U0MIRA0001", "U0JONAS001", "U0PRIYA001"

# How long ago it was written, by whom, and the text.
_CHAT = (
    (timedelta(hours=22, minutes=40), _PRIYA, "Search is no longer throttled: p95 went from 900 ms to 240 ms. :tada:"),
    (
        timedelta(hours=16, minutes=40),
        _MIRA,
        "That was me: ten web pods for the flash sale. It has ended, so git wins.",
    ),
    (timedelta(hours=1, minutes=5), _JONAS, "Anyone against a lower memory limit for web? Chen's numbers look fine."),
    (timedelta(minutes=48), _PRIYA, "Ana has approved it. If it goes wrong, we revert it."),
)


@dataclass(frozen=True, slots=True)
class _Drift:
    """A manual change that was undone later; `ago` is when a check first saw it."""

    application: str
    ago: timedelta
    took: timedelta
    field: FieldDrift
    acknowledged_after: timedelta | None = None


_SCALED = FieldDrift("changed", "spec.replicas", 5, 10, "kubectl")
_MEMORY = FieldDrift(
    "changed", "spec.template.spec.containers[name=web].resources.limits.memory", "256Mi", "512Mi", "helm"
)
_DRIFT = (
    _Drift("shop", timedelta(hours=17, minutes=12), timedelta(minutes=24), _SCALED, timedelta(minutes=2)),
    _Drift("payments", timedelta(hours=66), timedelta(minutes=51), _MEMORY, timedelta(minutes=6)),
    _Drift("shop", timedelta(hours=93), timedelta(minutes=14), _SCALED, timedelta(minutes=1)),
    _Drift("search", timedelta(hours=131), timedelta(minutes=8), replace(_SCALED, manager=None)),
    _Drift("shop", timedelta(hours=232), timedelta(minutes=95), _SCALED, timedelta(minutes=9)),
    _Drift("payments", timedelta(hours=301), timedelta(minutes=40), _MEMORY, timedelta(minutes=15)),
)


def remember(
    store: Store,
    workspace: Workspace,
    repository: HostedRepository,
    applications: Mapping[str, Application],
    translator_for: Callable[[str], Translator],
    *,
    url: str,
    now: datetime,
) -> None:
    """Store the rollouts and incidents as settled, and post the messages of the latest days at their times.

    `applications` are those in the configuration, and `url` is the repository's on the forge.
    """
    rollouts = list(_rollouts(repository, applications, url, now))
    incidents = [_incident(applications[drift.application], rollouts[0].revision, drift, now) for drift in _DRIFT]
    for rollout in rollouts:
        store.rollouts.save(rollout)
        store.settle(rollout)
    for incident in incidents:
        store.incidents.exchange(None, incident)
        store.settle(incident)
    channel = applications["shop"].channel
    posted = [(now - ago, Message(channel, "", user, text)) for ago, user, text in _CHAT]
    posted += _cards(
        [rollout for rollout in rollouts if now - rollout.merged_at <= _SHOWN],
        [incident for incident in incidents if now - incident.since <= _SHOWN],
        translator_for,
        now,
    )
    for at, message in sorted(posted, key=lambda item: item[0]):
        message.ts = f"{at.timestamp():.6f}"
        workspace.post(message)


def _rollouts(
    repository: HostedRepository,
    applications: Mapping[str, Application],
    url: str,
    now: datetime,
) -> Iterator[Rollout]:
    """A rollout for each merged pull request, all live by now."""
    for pull in repository.listed():
        if pull.merged_at is None or pull.merge_sha is None:
            continue
        live_at = pull.merged_at + _live_after(pull, now)
        degraded_at, recovered_at = _degraded(pull, live_at)
        commit = repository.git.commit(pull.merge_sha)
        changed = repository.git.run("diff", "--name-only", commit.parents[0], commit.sha).split()
        parts = tuple(
            ApplicationRollout(
                application.name,
                application.cluster,
                application.channel,
                live_at,
                degraded_at=degraded_at,
                recovered_at=recovered_at,
            )
            for application in applications.values()
            if any(path.startswith(f"{application.path}/") for path in changed)
        )
        person = repository.person(pull.author)
        yield Rollout(
            id=f"platform:{commit.sha}",
            repository="platform",
            branch=repository.branch,
            revision=commit.sha,
            parent=commit.parents[0],
            subject=pull.title,
            author=person.name,
            merged_at=pull.merged_at,
            parts=parts,
            url=f"{url}/commit/{commit.sha}",
            pull_number=pull.number,
            pull_url=f"{url}/pull/{pull.number}",
            merged_by=pull.merged_by,
            approved_by=_approvers(pull),
            authors=(Author(person.name, person.email),),
            state=RolloutState.LIVE,
            ended_at=live_at,
            pull_author=pull.author,
            first_commit_at=pull.merged_at - timedelta(minutes=90 + pull.number % 7 * 95),
        )


def _live_after(pull: Pull, now: datetime) -> timedelta:
    """How long the merge took: the same for those with visible cards, between 30 s and 6 min for others."""
    is_shown = pull.merged_at is not None and now - pull.merged_at <= _SHOWN
    return _LIVE_AFTER if is_shown else timedelta(seconds=30 + pull.number * 73 % 330)


def _degraded(pull: Pull, live_at: datetime) -> tuple[datetime | None, datetime | None]:
    """When the merge became unhealthy and when it recovered, if it did."""
    if pull.head not in _DEGRADED:
        return None, None
    after, took = _DEGRADED[pull.head]
    return live_at + after, live_at + after + took


def _approvers(pull: Pull) -> tuple[str, ...]:
    return tuple(review.by for review in pull.verdicts.values() if review.state == "APPROVED")


def _incident(application: Application, revision: str, drift: _Drift, now: datetime) -> Incident:
    """Someone changed web manually, Mira may have acknowledged it, and later the drift was gone."""
    began = now - drift.ago
    field = replace(drift.field, time=began - timedelta(seconds=20))
    changed = ObjectDrift("apps/v1", "Deployment", application.namespace, "web", "modified", (field,))
    check = Check(application.name, application.cluster, revision, Status.OUT_OF_SYNC, None, 4, began, (changed,))
    synced = replace(check, status=Status.SYNCED, drift=(), at=began + drift.took)
    channel, repository = application.channel, application.repository.key
    incident = apply_check(None, check, channel=channel, rolling=False, required_looks=1, repository=repository)
    assert incident is not None  # noqa: S101  there is drift
    incident = mark_announced(incident, began)
    if drift.acknowledged_after is not None:
        incident = acknowledge(incident, by=_MIRA, at=began + drift.acknowledged_after, name="Mira Okafor")
    resolved = apply_check(incident, synced, channel=channel, rolling=False, resolution=Resolution("cluster"))
    assert resolved is not None  # noqa: S101  an announced incident is resolved
    return replace(resolved, suspects=())


def _cards(
    rollouts: Sequence[Rollout],
    incidents: Sequence[Incident],
    translator_for: Callable[[str], Translator],
    now: datetime,
) -> Iterator[tuple[datetime, Message]]:
    """The bot's cards, without the replies in their threads, each with the time when it was posted."""
    times = {rollout.id: rollout.merged_at for rollout in rollouts}
    times |= {incident.id: incident.since for incident in incidents}
    cards = desired_cards(translator_for, now, AlertPolicy(), incidents=incidents, rollouts=rollouts)
    for card in cards:
        if card.thread_of is None:
            message = card.message
            blocks = [dict(block) for block in message.blocks]
            yield times[card.subject], Message(card.channel, "", BOT_USER, message.text, blocks)

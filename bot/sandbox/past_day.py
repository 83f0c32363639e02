"""What happened before the demo starts: rollouts and an incident that the bot remembers, and the channels' messages."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from bot.core.applications.application import Application
from bot.core.drift.model import Check, FieldDrift, ObjectDrift, Status
from bot.core.git.author import Author
from bot.core.incidents.alerting import AlertPolicy
from bot.core.incidents.incident import Incident, acknowledge, apply_check, mark_announced
from bot.core.rollouts.rollout import ApplicationRollout, Rollout, RolloutState
from bot.i18n.language import Translator
from bot.messages.desired_cards import desired_cards
from bot.ports.store import Store
from bot.sandbox.forge import HostedRepository, Pull
from bot.sandbox.slack.model import BOT_USER, Message
from bot.sandbox.slack.state import Workspace

_SHOWN = timedelta(hours=48)
_LIVE_AFTER = timedelta(seconds=47)
_DRIFT_BEGAN = timedelta(hours=17, minutes=12)
_DRIFT_TOOK = timedelta(minutes=24)
_MIRA, _JONAS, _PRIYA = "U0MIRA0001", "U0JONAS001", "U0PRIYA001"

# How long ago somebody wrote it, who, and what.
_CHAT = (
    (timedelta(hours=22, minutes=40), _PRIYA, "Search is no longer throttled: p95 went from 900 ms to 240 ms. :tada:"),
    (timedelta(hours=16, minutes=40), _MIRA, "That was me: ten web pods for the flash sale. It is over, so git wins."),
    (timedelta(hours=1, minutes=5), _JONAS, "Anyone against a lower memory limit for web? Chen's numbers look fine."),
    (timedelta(minutes=48), _PRIYA, "Ana has approved it. If it goes wrong, we revert it."),
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
    """Store the rollouts and the incident of the latest days as settled, and post all messages at their times.

    `applications` are those in the configuration, and `url` is the repository's on the forge.
    """
    rollouts = list(_rollouts(repository, applications, url, now))
    incident = _incident(applications["shop"], rollouts[0].revision, now)
    for rollout in rollouts:
        store.rollouts.save(rollout)
    store.incidents.exchange(None, incident)
    for id_ in (incident.id, *(rollout.id for rollout in rollouts)):
        store.settle(id_)
    posted: list[tuple[datetime, Message]] = [
        (now - ago, Message(incident.channel, "", user, text)) for ago, user, text in _CHAT
    ]
    posted += _cards(rollouts, incident, translator_for, now)
    for at, message in sorted(posted, key=lambda item: item[0]):
        message.ts = f"{at.timestamp():.6f}"
        workspace.post(message)


def _rollouts(
    repository: HostedRepository,
    applications: Mapping[str, Application],
    url: str,
    now: datetime,
) -> Iterator[Rollout]:
    """A rollout for each pull request that was merged lately, all of them live."""
    for pull in repository.listed():
        if pull.merged_at is None or pull.merge_sha is None or now - pull.merged_at > _SHOWN:
            continue
        commit = repository.git.commit(pull.merge_sha)
        changed = repository.git.run("diff", "--name-only", commit.parents[0], commit.sha).split()
        parts = tuple(
            ApplicationRollout(application.name, application.cluster, application.channel, pull.merged_at + _LIVE_AFTER)
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
            ended_at=pull.merged_at + _LIVE_AFTER,
            pull_author=pull.author,
        )


def _approvers(pull: Pull) -> tuple[str, ...]:
    return tuple(review.by for review in pull.verdicts.values() if review.state == "APPROVED")


def _incident(application: Application, revision: str, now: datetime) -> Incident:
    """Somebody scaled web by hand, Mira acknowledged it, and the drift was gone 24 minutes later."""
    began = now - _DRIFT_BEGAN
    field = FieldDrift("changed", "spec.replicas", 5, 10, "kubectl", began - timedelta(seconds=20))
    drift = ObjectDrift("apps/v1", "Deployment", application.namespace, "web", "modified", (field,))
    check = Check(application.name, application.cluster, revision, Status.OUT_OF_SYNC, None, 4, began, (drift,))
    synced = replace(check, status=Status.SYNCED, drift=(), at=began + _DRIFT_TOOK)
    channel, repository = application.channel, application.repository.key
    incident = apply_check(None, check, channel=channel, rolling=False, required_looks=1, repository=repository)
    assert incident is not None  # noqa: S101  there is drift
    incident = acknowledge(
        mark_announced(incident, began), by=_MIRA, at=began + timedelta(minutes=2), name="Mira Okafor"
    )
    resolved = apply_check(incident, synced, channel=channel, rolling=False)
    assert resolved is not None  # noqa: S101  an acknowledged incident is resolved
    return replace(resolved, suspects=())


def _cards(
    rollouts: Sequence[Rollout], incident: Incident, translator_for: Callable[[str], Translator], now: datetime
) -> Iterator[tuple[datetime, Message]]:
    """The bot's cards, without the replies in their threads, each with the time when it was posted."""
    times = {rollout.id: rollout.merged_at for rollout in rollouts} | {incident.id: incident.since}
    cards = desired_cards(translator_for, now, AlertPolicy(), incidents=[incident], rollouts=rollouts)
    for card in cards:
        if card.thread_of is None:
            message = card.message
            blocks = [dict(block) for block in message.blocks]
            yield times[card.subject], Message(card.channel, "", BOT_USER, message.text, blocks)

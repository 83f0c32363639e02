"""`/gitops history`: what reached the tracked branch, when it went live, and who approved it."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from bot.core.applications.application import Application
from bot.core.approvals.approval import ApprovalRecord, ApprovalStatus
from bot.core.git.commit import Commit, PullRequest
from bot.core.git.people import ChangePeople
from bot.core.incidents.incident import ACTIVE_STATES
from bot.core.rollouts.rollout import Rollout, RolloutState
from bot.handlers.change_people import read_people
from bot.handlers.mainline import mainline
from bot.handlers.slack.people import People
from bot.handlers.tracked_branch import branch_key
from bot.i18n.language import Text, Translator
from bot.messages import suspect
from bot.messages.blocks import Block, Message
from bot.messages.history import Entry, answer, no_forge
from bot.ports import Ports
from bot.ports.forge import Forge, ForgeError

MOST = 10


def history(
    translator: Translator,
    ports: Ports,
    slack_people: People,
    repository_name: str,
    application: Application | None,
    *,
    repositories: int = 1,
) -> Message:
    """The newest commits of one of several repositories' branches, or those that changed an application.

    Raises RepositoryError.
    """
    repository = ports.repositories[repository_name]
    path = application.path if application else None
    steps = mainline(ports, repository_name).newest(repository.fetch(), path, limit=MOST)
    commits = [commit for _, commit in steps]
    forge, branch = ports.forges.get(repository_name), branch_key(ports, repository_name)
    stored = ports.store.rollouts.of_revisions([commit.sha for commit in commits])
    judged = {
        record.sha: record
        for record in ports.store.approvals.of_commits(branch, [commit.sha for commit in commits])
        if record.verdict is not ApprovalStatus.REWRITTEN
    }
    rollouts, by_pull = defaultdict[str, list[Rollout]](list), defaultdict[int, list[Rollout]](list)
    for rollout in sorted(stored, key=lambda rollout: rollout.merged_at):
        rollouts[rollout.revision].append(rollout)
        if rollout.pull_number:  # for a rebase, the last commit's
            by_pull[rollout.pull_number].append(rollout)
    entries = []
    approvals_error: Text | None = None if forge else no_forge()
    for parent, commit in steps:
        read = partial(
            read_people, ports, repository, commit=commit, slack_users=slack_people.configured, parent=parent
        )
        try:
            pull, people = read(None if approvals_error else forge)
        except ForgeError as error:
            approvals_error = error.text
            pull, people = read(None)
        arrived = rollouts.get(commit.sha) or (by_pull.get(pull.number, []) if pull else [])
        people = replace(people, authors=slack_people.known(people.authors))
        entries.append(_entry(repository_name, commit, forge, pull, people, arrived, judged.get(commit.sha)))
    suspected = _suspected(translator, ports, application) if application else []
    return answer(
        translator,
        entries,
        repository.branch,
        application.name if application else None,
        approvals_error,
        suspected,
        repositories=repositories,
    )


def _suspected(translator: Translator, ports: Ports, application: Application) -> list[Block]:
    """The suspects for the application's current problem: its alert's, or else those of its newest stuck merge."""
    name = application.name
    incident = ports.store.incidents.open_for(name)
    blocks = (
        suspect.drift_suspects(translator, incident.suspects, name)
        if incident and incident.state in ACTIVE_STATES
        else []
    )
    stuck = [
        rollout
        for rollout in ports.store.rollouts.unsettled()
        if rollout.state is RolloutState.LATE
        and any(part.application == name and part.is_pending for part in rollout.parts)
    ]
    # A message can't have the same button twice: the alert's takes precedence over a merge's.
    return blocks or (suspect.rollout_suspects(translator, stuck[-1].suspects or (), name) if stuck else [])


def _entry(
    repository_name: str,
    commit: Commit,
    forge: Forge | None,
    pull: PullRequest | None,
    people: ChangePeople,
    rollouts: Sequence[Rollout],
    record: ApprovalRecord | None,
) -> Entry:
    """The commit, with its rollouts, oldest first: several if it reached other branches or tags later.

    Each is timed from its own merge. A return to the commit by a force push is not shown: what went live then is not
    what the commit changed.
    """
    rollouts = [rollout for rollout in rollouts if not rollout.rewritten] or rollouts
    live = {
        part.application: part.live_at - rollout.merged_at
        for rollout in reversed(rollouts)
        for part in rollout.parts
        if part.live_at
    }
    here = sorted(rollouts, key=lambda rollout: rollout.repository != repository_name)
    return Entry(
        commit=commit,
        url=forge.commit_url(commit.sha) if forge else None,
        pull=pull,
        people=people,
        live=tuple(live.items()),
        merged_at=here[0].merged_at if here else (pull and pull.merged_at) or commit.committed_at,
        record=record,
    )

"""Reads who is behind a change from git, the forge and the store, for every message and export."""

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import replace

from bot.core.approvals.approval import ApprovalRecord, ApprovalStatus
from bot.core.git.author import MAX_AUTHORS, Author, authors_of
from bot.core.git.commit import Commit, PullRequest
from bot.core.git.people import ChangePeople
from bot.core.git.repository_ref import RepositoryRef
from bot.core.pull_requests.tracked_pull_request import TrackedPullRequest, tracked_id
from bot.handlers.contributions import read_approvers
from bot.handlers.tracked_branch import base_of, known_branch_key, names_of
from bot.ports import Ports
from bot.ports.forge import Forge
from bot.ports.git import Repository

_MAX_COMMITS = 250  # of one change, newest first, to find their authors


def read_people(
    ports: Ports,
    repository: Repository,
    forge: Forge | None,
    commit: Commit,
    slack_users: Mapping[str, str],
    *,
    parent: str | None = None,
) -> tuple[PullRequest | None, ChangePeople]:
    """The merged pull request of a commit, if any, and the people behind its change since `parent`.

    Without a parent, it's the change since its first one. `slack_users` maps logins and account IDs to Slack user IDs.
    Without a forge, the approvers are unknown. Raises RepositoryError, StoreError, ForgeError.
    """
    people = git_people(repository, commit, parent)
    if forge is None:
        return None, people
    pull = forge.pull_request_for(commit.sha, base_of(repository), parents=commit.parents)
    if pull is None or pull.state != "merged":
        return None, replace(people, approvers=())
    branch = known_branch_key(ports, repository.name) or repository.name
    record = reviewed_record(ports.store.approvals.of_commits(branch, [commit.sha]))
    tracked = tracked_pull_request(ports, repository.name, pull)
    approved_by = record.approvers if record else read_approvers(repository, forge, pull, tracked, slack_users)
    return pull, replace(
        people,
        requester=tracked.people.requester if tracked else "",
        pull_author=pull.author,
        approvers=approved_by,
        merger=pull.merged_by or "",
    )


def git_people(repository: Repository, commit: Commit, parent: str | None = None) -> ChangePeople:
    """The people behind a commit, with only the authors known. Raises RepositoryError.

    The change is that since `parent` or, if that isn't one of the commit's parents, since its first one.
    """
    before = parent if parent in commit.parents else next(iter(commit.parents), None)
    authors = read_authors(repository, before, commit.sha)
    return ChangePeople(tuple(authors[:MAX_AUTHORS]), max(0, len(authors) - MAX_AUTHORS), commit.author)


def read_authors(repository: Repository, parent: str | None, revision: str) -> list[Author]:
    """Everyone who wrote a part of a change. Merge commits do not count. Raises RepositoryError."""
    commits = repository.commits(parent, revision, limit=_MAX_COMMITS)[::-1]
    return authors_of([commit for commit in commits if len(commit.parents) < 2])


def requester_of(ports: Ports, repository: str, pull: PullRequest) -> str:
    """The name of the person who had the bot open a pull request; "" if the bot did not open it. Raises StoreError."""
    tracked = tracked_pull_request(ports, repository, pull)
    return tracked.people.requester if tracked else ""


def tracked_pull_request(ports: Ports, repository: str, pull: PullRequest) -> TrackedPullRequest | None:
    """A pull request that the bot opened, under any name of the repository; None if it did not. Raises StoreError."""
    names = names_of(ports, RepositoryRef.parse(repository).name)
    candidates = (ports.store.pull_requests.get(tracked_id(name, pull.number)) for name in names)
    return next((tracked for tracked in candidates if tracked), None)


def reviewed_record(records: Iterable[ApprovalRecord]) -> ApprovalRecord | None:
    """The record of who approved a commit when it last reached its branch (oldest first), if there is a verdict."""
    latest = deque((record for record in records if record.verdict is not ApprovalStatus.REWRITTEN), maxlen=1)
    return next((record for record in latest if record.is_judged), None)

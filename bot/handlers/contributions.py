"""Reads who contributed to a pull request, whose approvals don't count, and who approved it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from bot.core.approvals.approval import ApprovalRules, Evidence, evaluate
from bot.core.git.commit import Account, PullRequest, PullRequestCommit
from bot.core.git.push import Pushers, find_pushers
from bot.core.pull_requests.tracked_pull_request import TrackedPullRequest
from bot.handlers.merge_time import MergeTime
from bot.ports.forge import Forge
from bot.ports.git import LimitExceededError, Repository, RevisionNotFoundError


def read_contributions(repository: Repository, forge: Forge, pull: PullRequest) -> tuple[PullRequestCommit, ...] | None:
    """The commits of a pull request that change something of their own; None if the forge doesn't list all of them.

    Merges that only combine their parents are left out, such as those that update a branch from its base, unless they
    are too large to compute. Raises ForgeError and RepositoryError.
    """
    return read_commits(repository, forge, pull)[1]


def read_commits(
    repository: Repository, forge: Forge, pull: PullRequest
) -> tuple[Sequence[PullRequestCommit], tuple[PullRequestCommit, ...] | None]:
    """The commits of a pull request as the forge lists them, and as in `read_contributions`."""
    commits = forge.commits(pull)
    shas = [commit.sha for commit in commits]
    if pull.head_sha not in shas:
        return commits, None
    parents = _parents(repository, pull.head_sha, shas)
    merge_time = MergeTime()
    pushers = find_pushers(parents or dict.fromkeys(shas, ()), forge.pull_request_pushes(pull))
    own = [commit for commit in commits if not _only_merges(repository, commit.sha, parents, merge_time)]
    return commits, tuple(_with_pusher(commit, pushers) for commit in own)


def read_approvers(
    repository: Repository,
    forge: Forge,
    pull: PullRequest,
    tracked: TrackedPullRequest | None,
    slack_users: Mapping[str, str],
) -> tuple[str, ...] | None:
    """The logins whose approvals of the final head count, as far as known before the commit is reviewed.

    `tracked` is the pull request if the bot opened it. `slack_users` maps logins and account IDs to Slack user IDs.
    None if the forge doesn't list all commits. Raises ForgeError and RepositoryError.
    """
    approvals = tuple(forge.approvals(pull.number))
    commits = read_contributions(repository, forge, pull) if approvals else ()
    requester = tracked.by if tracked else ""
    people = {login.lower(): user for login, user in slack_users.items()}
    evidence = Evidence((), pull, approvals, commits=commits, requester=requester, people=people)
    return None if commits is None else evaluate(evidence, ApprovalRules()).approvers


def _parents(repository: Repository, head: str, shas: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """The parents of each commit; none if `head` can no longer be fetched."""
    if not repository.fetch_commit(head):
        return {}
    try:
        return {commit.sha: commit.parents for commit in repository.read_commits(shas)}
    except RevisionNotFoundError:
        return {}


def _with_pusher(commit: PullRequestCommit, pushers: Pushers) -> PullRequestCommit:
    if login := pushers.known.get(commit.sha):
        return replace(commit, pushed_by=Account(login))
    possible = tuple(Account(login) for login in sorted(pushers.possible[commit.sha]))
    return replace(commit, possible_pushers=possible)


def _only_merges(
    repository: Repository, sha: str, parents: Mapping[str, tuple[str, ...]], merge_time: MergeTime
) -> bool:
    """Whether a commit has two parents, and exactly the content that merging them produces, as far as is known."""
    if len(parents.get(sha, ())) != 2:
        return False
    try:
        return merge_time.produces(repository, sha, lambda: repository.merge(*parents[sha]))
    except LimitExceededError:
        return False

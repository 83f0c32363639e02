"""Reads who contributed to a pull request: their approvals don't count."""

from bot.core.git.commit import PullRequest, PullRequestCommit, approvers
from bot.ports.forge import Forge
from bot.ports.git import Repository, RevisionNotFoundError


def read_contributions(repository: Repository, forge: Forge, pull: PullRequest) -> tuple[PullRequestCommit, ...] | None:
    """The commits of a pull request that change something of their own; None if the forge doesn't list all of them.

    Merges that only combine their parents are left out, such as those that update a branch from its base. Raises
    ForgeError and RepositoryError.
    """
    commits = forge.commits(pull)
    if pull.head_sha not in {commit.sha for commit in commits}:
        return None
    if not repository.fetch_commit(pull.head_sha):
        return tuple(commits)
    return tuple(commit for commit in commits if not _only_merges(repository, commit.sha))


def read_approvers(repository: Repository, forge: Forge, pull: PullRequest) -> tuple[str, ...]:
    """The logins that approved the final head before the merge, and didn't contribute to it.

    None of them if the forge doesn't list all commits. Raises ForgeError and RepositoryError.
    """
    approvals = forge.approvals(pull.number)
    commits = read_contributions(repository, forge, pull) if approvals else ()
    return () if commits is None else approvers(pull, approvals, commits)


def _only_merges(repository: Repository, sha: str) -> bool:
    """Whether a commit has two parents, and exactly the content that merging them produces."""
    try:
        parents = repository.commit(sha).parents
    except RevisionNotFoundError:
        return False
    if len(parents) != 2:
        return False
    merged = repository.merge(*parents)
    return not merged.conflicts and merged.tree == repository.tree_id(sha, "")

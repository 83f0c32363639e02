"""Who pushed the commits that have no pull request."""

from collections.abc import Sequence

from bot.core.git.push import find_pushers, newly_reachable
from bot.handlers.approvals.rebased import Delivered
from bot.ports.forge import Forge
from bot.ports.git import Repository

_MAX_PUSHED = 10_000  # commits of one push, including merged ones, whose pushers to find


def find_pushers_of(forge: Forge, repository: Repository, delivered: Sequence[Delivered]) -> dict[str, str]:
    """The login that pushed each commit, by sha. `delivered` has the oldest commit first.

    A merge is left out unless the same account pushed all commits that it merged. Raises ForgeError, RepositoryError.
    """
    pushes = forge.pushes(repository.branch)
    if not pushes:
        return {}
    records = [record for record, _ in delivered]
    commits = repository.commits(records[0].parent, records[-1].sha, limit=_MAX_PUSHED)
    parents = {commit.sha: commit.parents for commit in commits}
    known = find_pushers(parents, pushes).known
    shas = [record.sha for record in records]
    merged = zip(shas, newly_reachable(shas, parents), strict=True)
    pushers = {sha: {known.get(commit, "") for commit in commits} for sha, commits in merged}
    return {sha: next(iter(logins)) for sha, logins in pushers.items() if len(logins) == 1 and "" not in logins}

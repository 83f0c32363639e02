"""Reads the commits that moved a tracked branch, newest first, and what the branch had before each of them.

That is usually, but not always, the commit's first parent: if somebody merges the branch into another one and then sets
it to the result, it is another parent. The bot recorded which one when it saw the commit on the branch.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from bot.core.approvals.approval import ApprovalStatus
from bot.core.git.commit import Commit
from bot.handlers.tracked_branch import known_branch_key
from bot.ports import Ports
from bot.ports.git import Repository

_WINDOW: Final = 200  # first-parent commits among which to look for a recorded merge, after each of them
_MAX_MERGES: Final = 20  # after which the branch continues behind another parent than the first

Step = tuple[str | None, Commit]


@dataclass(frozen=True, slots=True)
class Mainline:
    """The commits of a branch up to `until`, after `since`: as the bot recorded them, or else by their first parents.

    `merges` are those before which the branch had another parent than the first, newest first.
    """

    repository: Repository
    until: str
    merges: Sequence[tuple[str, Commit]]
    since: str | None = None

    def steps(self, *, path: str | None = None, limit: int) -> list[Step]:
        """The newest commits, each after what the branch had; with `path`, only those that changed it.

        Raises RepositoryError.
        """
        steps: list[Step] = []
        until = self.until
        for before, merge in self.merges:
            steps += self._first_parents(merge.sha, until, path, limit - len(steps))
            if len(steps) < limit and (path is None or self._differs(before, merge.sha, path)):
                steps.append((before, merge))
            if len(steps) == limit:
                return steps
            until = before
        return steps + self._first_parents(self.since, until, path, limit - len(steps))

    def _first_parents(self, since: str | None, until: str, path: str | None, limit: int) -> list[Step]:
        commits = self.repository.first_parent(since, until, path=path, limit=limit)
        return [(next(iter(commit.parents), None), commit) for commit in commits]

    def _differs(self, before: str, after: str, path: str) -> bool:
        return self.repository.tree_id(before, path) != self.repository.tree_id(after, path)


def read_mainline(ports: Ports, key: str, until: str) -> Mainline:
    """The mainline of a tracked branch up to a commit. Raises RepositoryError, StoreError."""
    repository, branch = ports.repositories[key], known_branch_key(ports, key) or key
    merges: list[tuple[str, Commit]] = []
    newest = until
    while len(merges) < _MAX_MERGES:
        commits = repository.first_parent(None, newest, limit=_WINDOW)
        candidates = [commit for commit in commits if len(commit.parents) > 1]
        records = ports.store.approvals.of_commits(branch, [commit.sha for commit in candidates])
        recorded = {record.sha: record.parent for record in records if record.verdict is not ApprovalStatus.REWRITTEN}
        others = ((parent, commit) for commit in candidates for parent in commit.parents[1:])
        merge = next(((parent, commit) for parent, commit in others if recorded.get(commit.sha) == parent), None)
        if merge is None:
            break
        merges.append(merge)
        newest = merge[0]
    return Mainline(repository, until, merges)

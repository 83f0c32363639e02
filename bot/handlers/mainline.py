"""Reads the commits that moved a tracked branch, newest first, and what the branch had before each of them.

That is usually, but not always, the commit's first parent: if somebody merges the branch into another one and then sets
it to the result, it is another parent. The bot recorded which one when it saw the commit on the branch.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

from bot.core.approvals.approval import ApprovalStatus
from bot.core.git.commit import Commit
from bot.handlers.tracked_branch import known_branch_key
from bot.ports import Ports
from bot.ports.git import Repository
from bot.ports.store import Approvals

_MAX_RECORDED: Final = 1_000  # commits whose records are read; before these, the mainline is that of the first parents
_MAX_MERGES: Final = 50  # before which the branch had another parent than the first; each takes another call of git
_FEW: Final = 16  # commits of one call of git, doubled with each

Step = tuple[str | None, Commit]


@dataclass(frozen=True, slots=True)
class Mainline:
    """The mainline of a branch: as the bot recorded it under the key `branch`, or else by the first parents."""

    repository: Repository
    approvals: Approvals
    branch: str

    def before(self, commit: Commit) -> str | None:
        """What the branch had before a commit that moved it; None if that is the first one. Raises StoreError."""
        return self._recorded([commit]).get(commit.sha, _first_parent(commit))

    def steps(self, until: str, since: str | None = None) -> Iterator[Step]:
        """The commits that aren't in the history of `since`, each after what the branch had.

        Raises RepositoryError, StoreError.
        """
        newest: str | None = until
        count, merges, size = 0, 0, _FEW
        while newest is not None:
            commits = self.repository.first_parent(since, newest, limit=size)
            is_recorded = count < _MAX_RECORDED and merges < _MAX_MERGES
            recorded = self._recorded(commits) if is_recorded else {}
            is_end, size = len(commits) < size, 2 * size
            for commit in commits:
                newest = recorded.get(commit.sha, _first_parent(commit))
                yield newest, commit
                count += 1
                if newest != _first_parent(commit):
                    merges, size, is_end = merges + 1, _FEW, False
                    break
            if is_end:
                return

    def touching(self, until: str, paths: Sequence[str], *, window: int, limit: int) -> list[Step]:
        """The newest of the last `window` commits that changed any of these paths. Raises as `steps`."""
        recent = islice(self.steps(until), window)
        changed = ((before, commit) for before, commit in recent if self.repository.differs(before, commit.sha, paths))
        return list(islice(changed, limit))

    def newest(self, until: str, path: str | None, *, limit: int) -> list[Step]:
        """The newest commits, or those that changed a path, however old they are. Raises as `steps`."""
        if path is None:
            return list(islice(self.steps(until), limit))
        steps = self.touching(until, [path], window=_MAX_RECORDED, limit=limit)
        if len(steps) == limit or (oldest := next(islice(self.steps(until), _MAX_RECORDED, None), None)) is None:
            return steps
        older = self.repository.first_parent(None, oldest[1].sha, path=path, limit=limit - len(steps))
        return [*steps, *((_first_parent(commit), commit) for commit in older)]

    def _recorded(self, commits: Sequence[Commit]) -> dict[str, str]:
        """The parent that the branch had before each merge, by sha, as far as that is recorded.

        After a rewrite, it's unknown how the branch came to the commits that it brought, so earlier records count.
        """
        parents_by_sha = {commit.sha: commit.parents for commit in commits if len(commit.parents) > 1}
        if not parents_by_sha:
            return {}
        records = [
            record
            for record in self.approvals.of_commits(self.branch, list(parents_by_sha))
            if record.verdict is not ApprovalStatus.REWRITTEN
        ]
        records.sort(key=lambda record: not record.batch.startswith(f"{record.repository}!"))
        return {record.sha: record.parent for record in records if record.parent in parents_by_sha[record.sha]}


def mainline(ports: Ports, key: str) -> Mainline:
    """The mainline of a tracked branch."""
    branch = known_branch_key(ports, key) or key
    return Mainline(ports.repositories[key], ports.store.approvals, branch)


def _first_parent(commit: Commit) -> str | None:
    return next(iter(commit.parents), None)

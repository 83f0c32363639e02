"""Finds the commits that a revert request refers to."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from bot.core.git.commit import Commit, PullRequest
from bot.core.pull_requests.change_ref import (
    CommitUrl,
    Latest,
    PullNumber,
    PullUrl,
    Range,
    Sha,
    repository_url,
)
from bot.core.pull_requests.revert import (
    MAX_COMMITS,
    AcrossMerges,
    EmptyCommit,
    InsidePull,
    NotFound,
    NotOnBranch,
    Outcome,
    PullNotMerged,
    Refused,
    RevertRequest,
    RootCommit,
    Target,
)
from bot.i18n.catalogue import refusal as texts
from bot.i18n.language import LocalizedText
from bot.ports.forge import Forge
from bot.ports.git import Repository, RevisionNotFoundError

_MAX_FIRST_PARENTS: Final = 1_000_000  # to search for the merge of a commit


def find_target(request: RevertRequest, repository: Repository, forge: Forge, head: str) -> Target | Outcome:
    """The commits of the requested change on the tracked branch at `head`; any other outcome says why not.

    Raises RepositoryError, ForgeError.
    """
    return _TargetFinder(request, repository, forge, head).find()


@dataclass(frozen=True, slots=True)
class _TargetFinder:
    """Finds the commits of the requested change on the tracked branch at `head`."""

    request: RevertRequest
    repository: Repository
    forge: Forge
    head: str

    def find(self) -> Target | Outcome:
        match self.request.change:
            case Sha(digits):
                return self._commit(digits)
            case Latest():
                return self._commit(self.head)
            case PullNumber(number):
                return self._pull(number)
            case Range(since, until):
                return self._range(since, until)
            case CommitUrl(page, digits):
                return self._other_repository(page) or self._commit(digits)
            case PullUrl(page, number):
                return self._other_repository(page) or self._pull(number)

    def _other_repository(self, page: str) -> Refused | None:
        ours = repository_url(self.forge.commit_url(self.head))
        if page == ours:
            return None
        return Refused(LocalizedText(texts.OTHER_PAGE, home=page, repository=self.repository.name, ours=ours or ""))

    def _commit(self, digits: str) -> Target | Outcome:
        commit = self.repository.resolve(digits)
        later = self.repository.first_parent(commit.sha, self.head, limit=_MAX_FIRST_PARENTS)
        oldest = later[-1] if later else None
        if commit.sha != self.head and (oldest is None or oldest.parents[:1] != (commit.sha,)):
            if not self.repository.is_ancestor(commit.sha, self.head):
                return self._off_branch(commit)
            return self._inside_merge(commit, later)
        pull = self.forge.pull_request_for(commit.sha, self.repository.branch)
        merge = self._merge_commit(pull)
        if pull is None or merge is None:
            return self._target([commit], None)
        series = self._series(merge, pull)
        if len(series) > 1 and commit in series and not self.request.only:
            return InsidePull(commit, PullNumber(pull.number), pull, None, only_possible=True)
        return self._target([commit], pull if series == [commit] else None)

    def _off_branch(self, commit: Commit) -> Outcome:
        """A commit of a squashed pull request is not on the branch, but its pull request is."""
        pull = self._pull_request_of(commit)
        if pull is not None and self._merge_commit(pull):
            return InsidePull(commit, PullNumber(pull.number), pull, None, only_possible=False)
        return NotOnBranch(commit, pull, self.repository.branch)

    def _pull_request_of(self, commit: Commit) -> PullRequest | None:
        """The pull request of a commit that isn't on the branch: one into the branch, or else into another one."""
        into_branch = self.forge.pull_request_for(commit.sha, self.repository.branch)
        return into_branch or self.forge.pull_request_for(commit.sha)

    def _inside_merge(self, commit: Commit, later: Sequence[Commit]) -> Target | Outcome:
        """The merge of `commit` is the oldest of the `later` commits (newest first) that contains it."""
        oldest_first = later[::-1]
        index = bisect_left(oldest_first, True, key=lambda other: self.repository.is_ancestor(commit.sha, other.sha))
        merge = oldest_first[index]
        pull = self.forge.pull_request_for(merge.sha, self.repository.branch)
        # A merge inside a branch usually merged the tracked branch: reverting it alone would undo other people's work.
        only_possible = len(commit.parents) == 1
        if self.request.only and only_possible:
            return self._target([commit], None, brought_by=merge.sha)
        whole_change = PullNumber(pull.number) if pull and pull.merge_sha == merge.sha else Sha(merge.sha)
        return InsidePull(commit, whole_change, pull, merge, only_possible)

    def _pull(self, number: int) -> Target | Outcome:
        pull = self.forge.get_pull_request(number)
        if pull is None:
            return NotFound(LocalizedText(texts.NO_PULL, number=str(number), repository=self.repository.name))
        if pull.state != "merged":
            return PullNotMerged(pull)
        merge = self._merge_commit(pull)
        if merge is None:
            return NotOnBranch(None, pull, self.repository.branch)
        return self._target(self._series(merge, pull), pull)

    def _merge_commit(self, pull: PullRequest | None) -> Commit | None:
        """The commit that merged a pull request into the tracked branch; None if it is not on the branch."""
        if pull is None or pull.state != "merged" or pull.base != self.repository.branch or not pull.merge_sha:
            return None
        try:
            merge = self.repository.resolve(pull.merge_sha)
        except RevisionNotFoundError:
            return None
        return merge if self.repository.is_ancestor(merge.sha, self.head) else None

    def _series(self, merge: Commit, pull: PullRequest) -> list[Commit]:
        """The commits of a pull request on the branch, newest first, starting with `merge`.

        A merge or squash is one commit; a rebase is all consecutive commits that the forge assigns to the pull request.
        """
        series = [merge]
        if len(merge.parents) != 1:
            return series
        for commit in self.repository.first_parent(None, merge.sha, limit=MAX_COMMITS)[1:]:
            brought_by = self.forge.pull_request_for(commit.sha, self.repository.branch)
            if len(commit.parents) != 1 or brought_by is None or brought_by.number != pull.number:
                break
            series.append(commit)
        return series

    def _range(self, since: str, until: str) -> Target | Outcome:
        first, last = self.repository.resolve(since), self.repository.resolve(until)
        for end in (first, last):
            if not self.repository.is_ancestor(end.sha, self.head):
                return NotOnBranch(end, self._pull_request_of(end), self.repository.branch)
        if first.sha == last.sha:
            return Refused(LocalizedText(texts.EMPTY_RANGE, range=f"{since}..{until}", commit=first.short_sha))
        if not self.repository.is_ancestor(first.sha, last.sha):
            if self.repository.is_ancestor(last.sha, first.sha):
                return Refused(LocalizedText(texts.BACKWARDS, range=f"{since}..{until}", other=f"{until}..{since}"))
            return Refused(LocalizedText(texts.NO_LINE, first=first.short_sha, last=last.short_sha))
        commits = self.repository.first_parent(first.sha, last.sha, limit=MAX_COMMITS + 1)
        if len(commits) > MAX_COMMITS:
            return Refused(LocalizedText(texts.LONG_RANGE, range=f"{since}..{until}", most=str(MAX_COMMITS)))
        if commits[-1].parents[:1] != (first.sha,):
            return Refused(LocalizedText(texts.BEGINS_INSIDE, commit=first.short_sha, branch=self.repository.branch))
        merges = tuple(commit for commit in commits if len(commit.parents) > 1)
        if merges and len(commits) > 1 and not self.request.through_merges:
            return AcrossMerges(f"{since}..{until}", len(commits), merges)
        return self._target(commits, None)

    def _target(
        self, commits: Sequence[Commit], pull: PullRequest | None, *, brought_by: str | None = None
    ) -> Target | Outcome:
        if not (oldest := commits[-1]).parents:
            return RootCommit(oldest)
        target = Target(tuple(commits), oldest.parents[0], pull, brought_by)
        if self.repository.tree_id(target.last.sha, "") == self.repository.tree_id(target.base, ""):
            return EmptyCommit(target)
        return target

"""Finds the commits that a revert request refers to."""

from bisect import bisect_left
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import islice, takewhile
from typing import Final

from bot.core.approvals.approval import ContentMatch
from bot.core.git.commit import Commit, PullRequest
from bot.core.git.repository_ref import RepositoryRef
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
from bot.handlers.approvals.content import ContentVerifier
from bot.handlers.mainline import Mainline, Step
from bot.i18n.catalogue import refusal as texts
from bot.i18n.language import LocalizedText
from bot.ports.forge import Forge
from bot.ports.git import Repository, RevisionNotFoundError

_MAX_LOOKUPS: Final = 50  # commits of a pull request that may belong to an earlier one


def find_target(
    request: RevertRequest, repository: Repository, forge: Forge, head: str, mainline: Mainline
) -> Target | Outcome:
    """The commits of the requested change on the tracked branch at `head`; any other outcome says why not.

    Raises RepositoryError, ForgeError, StoreError.
    """
    return _TargetFinder(request, repository, forge, head, mainline).find()


@dataclass(frozen=True, slots=True)
class _TargetFinder:
    """Finds the commits of the requested change on the tracked branch at `head`."""

    request: RevertRequest
    repository: Repository
    forge: Forge
    head: str
    mainline: Mainline

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
                return self._other_repository(page, number) or self._pull(number)

    @property
    def _name(self) -> str:
        """The repository's name in the configuration."""
        return RepositoryRef.parse(self.repository.name).name

    def _other_repository(self, page: str, number: int | None = None) -> Refused | None:
        ours = repository_url(self.forge.commit_url(self.head))
        if page == ours:
            return None
        # The forge may serve its pages at another address than its API, or has renamed the repository.
        pull = self.forge.get_pull_request(number) if number else None
        if pull and repository_url(pull.url) == page:
            return None
        return Refused(LocalizedText(texts.OTHER_PAGE, home=page, repository=self._name, ours=ours or ""))

    def _commit(self, digits: str) -> Target | Outcome:
        commit = self.repository.resolve(digits)
        if not self._is_on_branch(commit):
            if not self.repository.is_ancestor(commit.sha, self.head):
                return self._off_branch(commit)
            return self._inside_merge(commit, [commit])
        pull = self._pull_request_of(commit)
        merge = self._merge_commit(pull)
        if pull is None or merge is None:
            return self._target([commit], None)
        if commit == merge and not self.request.only and (forwarded := self._fast_forwarded(merge, pull)):
            is_whole = not isinstance(forwarded, Target) or forwarded.base in commit.parents
            if len(commit.parents) > 1 and is_whole:
                return forwarded
            return InsidePull(commit, PullNumber(pull.number), pull, None, only_possible=True)
        series = self._series(merge, pull)
        if len(series) > 1 and commit in series and not self.request.only:
            return InsidePull(commit, PullNumber(pull.number), pull, None, only_possible=True)
        return self._target([commit], pull if series == [commit] else None)

    def _is_on_branch(self, commit: Commit) -> bool:
        """Whether it is on the mainline of the tracked branch."""
        later = self._later(commit)
        return commit.sha == self.head or bool(later and later[-1][0] == commit.sha)

    def _later(self, commit: Commit) -> Sequence[Step]:
        """The mainline of the tracked branch without the commits of a commit's history, newest first."""
        return list(self.mainline.steps(self.head, commit.sha))

    def _off_branch(self, commit: Commit) -> Outcome:
        """A commit of a squashed pull request is not on the branch, but its pull request is."""
        pull = self._pull_request_of(commit)
        if pull is not None and (self._merge_commit(pull) or self._merge_in_history(pull)):
            return InsidePull(commit, PullNumber(pull.number), pull, None, only_possible=False)
        return NotOnBranch(commit, pull, self.repository.branch)

    def _pull_request_of(self, commit: Commit, *bases: str) -> PullRequest | None:
        """The pull request of a commit: one into `bases` or the branch, or else into another one."""
        find = partial(self.forge.pull_request_for, commit.sha, parents=commit.parents)
        return next(filter(None, map(find, dict.fromkeys((*bases, self.repository.branch, None)))), None)

    def _inside_merge(self, commit: Commit, series: Sequence[Commit]) -> Target | Outcome:
        """The merge of `commit` is the oldest later commit that contains it. The request is for all of `series`."""
        oldest_first = [later for _, later in reversed(self._later(commit))]
        index = bisect_left(oldest_first, True, key=lambda other: self.repository.is_ancestor(commit.sha, other.sha))
        merge = oldest_first[index]
        pull = self.forge.pull_request_for(merge.sha, self.repository.branch, parents=merge.parents)
        # A merge inside a branch usually merged the tracked branch: reverting it alone would undo other people's work.
        only_possible = len(series) == len(commit.parents) == 1
        if self.request.only and only_possible:
            return self._target([commit], None, brought_by=merge.sha)
        whole_change = PullNumber(pull.number) if pull and pull.merge_sha == merge.sha else Sha(merge.sha)
        return InsidePull(commit, whole_change, pull, merge, only_possible)

    def _pull(self, number: int) -> Target | Outcome:
        pull = self.forge.get_pull_request(number)
        if pull is None:
            return NotFound(LocalizedText(texts.NO_PULL, number=str(number), repository=self._name))
        if pull.state != "merged":
            return PullNotMerged(pull)
        merge = self._merge_commit(pull)
        if merge is not None:
            return self._fast_forwarded(merge, pull) or self._target(self._series(merge, pull), pull)
        merge = self._merge_in_history(pull)
        if merge is None:
            return NotOnBranch(None, pull, self.repository.branch)
        if self._is_on_branch(merge):
            return self._merged_elsewhere(pull, merge)
        return self._inside_merge(merge, self._series(merge, pull))

    def _merge_commit(self, pull: PullRequest | None) -> Commit | None:
        """The commit of the tracked branch that is the merge of a pull request; None if there is none.

        The pull request may have been merged into another branch that was then promoted by fast-forward. If its own
        merge was a merge commit or a fast-forward, or it came from the tracked branch, the branch may have had its
        commits before.
        """
        if pull is None or pull.state != "merged" or not pull.merge_sha:
            return None
        is_into_branch = self._is_into_branch(pull)
        if not is_into_branch and pull.head == self.repository.branch:
            return None
        try:
            merge = self.repository.resolve(pull.merge_sha)
        except RevisionNotFoundError:
            return self._rebased_head(pull)
        if pull.base == self.repository.branch and self.repository.is_ancestor(merge.sha, self.head):
            return merge
        if not self._is_on_branch(merge):
            return self._rebased_head(pull)
        if len(merge.parents) > 1:
            return None
        return merge if is_into_branch or pull.head_sha not in ("", merge.sha) else None

    def _merge_in_history(self, pull: PullRequest) -> Commit | None:
        """The merge of a pull request that the forge reports, if the tracked branch contains it."""
        if pull.state != "merged" or not pull.merge_sha:
            return None
        try:
            merge = self.repository.resolve(pull.merge_sha)
        except RevisionNotFoundError:
            return None
        return merge if self.repository.is_ancestor(merge.sha, self.head) else None

    def _merged_elsewhere(self, pull: PullRequest, merge: Commit) -> Refused:
        application = f" {self.request.application}" if self.request.application else ""
        return Refused(
            LocalizedText(
                texts.MERGE_COMMIT_ELSEWHERE if len(merge.parents) > 1 else texts.MERGED_ELSEWHERE,
                number=str(pull.number),
                base=pull.base,
                commit=merge.short_sha,
                branch=self.repository.branch,
                command=f"/gitops revert {merge.short_sha}{application}",
            )
        )

    def _is_into_branch(self, pull: PullRequest) -> bool:
        """Whether a pull request is into the tracked branch, or one that no longer exists: its former name."""
        return pull.base == self.repository.branch or not self.repository.has_branch(pull.base)

    def _rebased_head(self, pull: PullRequest) -> Commit | None:
        """The last commit of a pull request as a merge train of GitLab rebased it, which GitLab doesn't report.

        Rebasing keeps the author, time, and message. The forge still links it to the pull request.
        """
        if not self.repository.fetch_commit(pull.head_sha):
            return None
        head = self.repository.commit(pull.head_sha)
        base = self.repository.merge_base(head.sha, self.head)
        later = self.repository.first_parent(base, self.head, limit=MAX_COMMITS) if base else ()
        rebased = (commit for commit in later if _written(commit) == _written(head))
        return next((commit for commit in rebased if self._brought(pull, commit)), None)

    def _brought(self, pull: PullRequest, commit: Commit) -> bool:
        """Whether the forge says that a pull request brought a commit."""
        brought_by = self.forge.pull_request_for(commit.sha, pull.base, parents=commit.parents)
        return brought_by is not None and brought_by.number == pull.number

    def _fast_forwarded(self, merge: Commit, pull: PullRequest) -> Target | Outcome | None:
        """All of a pull request that a fast-forward merged together with merges in it; None if it isn't one.

        What the branch had isn't behind their first parents: it is the parent outside of the pull request that contains
        all others, such as what its author merged to update it.
        """
        if merge.sha != pull.head_sha:
            return None
        shas = [commit.sha for commit in self.forge.commits(pull)]
        line = self.repository.first_parent(None, merge.sha, limit=MAX_COMMITS)
        unknown = Refused(
            LocalizedText(
                texts.NOT_ALL_LISTED, number=str(pull.number), branch=self.repository.branch, commit=merge.short_sha
            )
        )
        if merge.sha not in shas:  # there are more than the forge lists
            return unknown if any(len(commit.parents) > 1 for commit in line) else None
        own = {commit.sha: commit for commit in self.repository.read_commits(shas)}
        if all(len(commit.parents) < 2 for commit in own.values()):
            return None
        if earlier := self._earlier_pull([commit for commit in line[1:] if commit.sha in own], pull):
            later = self.repository.commits(earlier.sha, merge.sha, limit=len(own))
            own = {commit.sha: commit for commit in later if commit.sha in own}
        base = self._base_of(own.values())
        if base is None:
            return unknown
        brought = self.repository.commits(base, merge.sha, limit=len(own) + 1)
        is_complete = all(commit.sha in own for commit in brought)
        if not is_complete:
            return unknown
        commits = [commit for commit in brought if len(commit.parents) < 2] if len(merge.parents) < 2 else [merge]
        return self._target(commits, pull, base)

    def _earlier_pull(self, commits: Sequence[Commit], pull: PullRequest) -> Commit | None:
        """The newest of these commits that is the merge of another pull request: forges may list its commits, too."""
        for commit in commits[:_MAX_LOOKUPS]:
            other = self.forge.pull_request_for(commit.sha, pull.base, parents=commit.parents)
            if other and other.number != pull.number and (other.state, other.merge_sha) == ("merged", commit.sha):
                return commit
        return None

    def _base_of(self, commits: Collection[Commit]) -> str | None:
        """The parent outside of these commits that contains all others outside; None if there is none."""
        own = {commit.sha for commit in commits}
        others = [parent for commit in commits for parent in commit.parents if parent not in own]
        base = next(iter(others), None)
        for other in others:
            if base and self.repository.is_ancestor(base, other):
                base = other
        is_base = base is not None and all(self.repository.is_ancestor(other, base) for other in others)
        return base if is_base else None

    def _is_of_earlier(self, commit: Commit, series: Sequence[Commit], pull: PullRequest) -> bool:
        """Whether the forge says that a commit is from another pull request, which was merged before `series`.

        One into a branch that `pull` promoted doesn't count.
        """
        earlier = self._pull_request_of(commit, pull.base)
        if earlier is None or earlier.state != "merged":
            return False
        if earlier.base != pull.base and not self._is_into_branch(earlier):
            return False
        merge = self._merge_commit(earlier)
        return merge is None or self.repository.is_ancestor(merge.sha, series[-1].parents[0])

    def _series(self, merge: Commit, pull: PullRequest) -> list[Commit]:
        """The commits of a pull request on the branch, newest first, starting with `merge`.

        A merge or squash is one commit; a rebase is all consecutive commits that the forge links to the pull request,
        and those before them that complete it.
        """
        if len(merge.parents) != 1:
            return [merge]
        history = self.repository.first_parent(None, merge.sha, limit=MAX_COMMITS)
        linear = list(takewhile(lambda commit: len(commit.parents) == 1, history))
        series = [merge, *takewhile(partial(self._brought, pull), linear[1:])]
        return [*series, *self._unlinked(series, linear[len(series) :], pull)]

    def _unlinked(self, series: Sequence[Commit], earlier: Sequence[Commit], pull: PullRequest) -> Sequence[Commit]:
        """Those of the earlier commits (newest first) that are the pull request's too.

        Some forges link only the last commit of a rebase. A branch may also contain the commits of an earlier pull
        request, to which the forge links them or the last of them.
        """
        if not earlier or not self.repository.fetch_commit(pull.head_sha):
            return ()
        commits = self.repository.commits(series[-1].parents[0], pull.head_sha, limit=MAX_COMMITS)
        written = set(map(_written, commits))
        rebased = list(
            takewhile(
                lambda commit: _written(commit) in written and not self._is_of_earlier(commit, series, pull), earlier
            )
        )
        if not rebased:
            return ()
        start, last = rebased[-1].parents[0], series[0].sha
        # Anyone can write commits like these: together, they must have the pull request's content.
        match = ContentVerifier(self.repository).compare(start, last, pull.head_sha)
        return rebased if match is ContentMatch.SAME else ()

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
        steps = list(islice(self.mainline.steps(last.sha, first.sha), MAX_COMMITS + 1))
        if len(steps) > MAX_COMMITS:
            return Refused(LocalizedText(texts.LONG_RANGE, range=f"{since}..{until}", most=str(MAX_COMMITS)))
        commits = [commit for _, commit in steps]
        if steps[-1][0] != first.sha:
            return Refused(LocalizedText(texts.BEGINS_INSIDE, commit=first.short_sha, branch=self.repository.branch))
        merges = tuple(commit for commit in commits if len(commit.parents) > 1)
        if merges and len(commits) > 1 and not self.request.through_merges:
            return AcrossMerges(f"{since}..{until}", len(commits), merges)
        return self._target(commits, None)

    def _target(
        self,
        commits: Sequence[Commit],
        pull: PullRequest | None,
        base: str | None = None,
        *,
        brought_by: str | None = None,
    ) -> Target | Outcome:
        oldest = commits[-1]
        base = base or self.mainline.before(oldest)
        if base is None:
            return RootCommit(oldest)
        target = Target(tuple(commits), base, pull, brought_by)
        if self.repository.tree_id(target.last.sha, "") == self.repository.tree_id(target.base, ""):
            return EmptyCommit(target)
        return target


def _written(commit: Commit) -> tuple[str, datetime | None, str]:
    """What rebasing keeps of a commit."""
    return commit.email, commit.authored_at, commit.message

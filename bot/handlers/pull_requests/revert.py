"""Turns "undo that" into a pull request: reads git, decides, pushes one new branch, opens one pull request.

It never merges and never pushes to a tracked branch. However often and by however many it is asked for the same
change, one pull request comes of it: the branch's name follows from the change alone, and who finds it goes on from it.
"""

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import reduce

from bot.core.access.permission import Decision, Granted
from bot.core.applications.application import Application
from bot.core.git.commit import Commit, PullRequest
from bot.core.git.repository_ref import RepositoryRef
from bot.core.pull_requests.change_ref import (
    ChangeRef,
    CommitUrl,
    PullNumber,
    PullUrl,
    Range,
    Sha,
    Unreadable,
    home_of,
    parse_revision,
)
from bot.core.pull_requests.revert import (
    MAX_APPLICATIONS,
    MAX_COMMITS,
    MAX_FILES,
    AcrossMerges,
    AlreadyOpen,
    AlreadyReverted,
    Ambiguous,
    Confirm,
    Conflict,
    ConflictedFile,
    EmptyCommit,
    InsidePull,
    NotFound,
    NothingToUndo,
    NotOnBranch,
    NotPermitted,
    Opened,
    Outcome,
    PullNotMerged,
    Refused,
    RevertRequest,
    RootCommit,
    Target,
    automation,
    branch_name,
    by_hand,
    commit_message,
    is_attempt,
    reverted_by,
)
from bot.handlers.pull_requests.effect import effects, reached
from bot.handlers.pull_requests.propose import Proposal, propose
from bot.handlers.rendering.manifest_cache import ManifestCache
from bot.i18n.catalogue import refusal as texts
from bot.i18n.language import LocalizedText
from bot.messages import pull_request
from bot.ports.forge import Forge, ForgeError
from bot.ports.git import Merged, Repository, RepositoryError, RevisionNotFoundError

# Whether who asked may have changes to these applications (names; none: to no application) undone.
Permit = Callable[[Sequence[str]], Decision]

REBUILDS = 3  # times the revert is made anew because the branch has moved
_LINE = 1_000_000  # first-parent commits looked through
_LATER = 5  # later commits named for each conflicted file
_LOOKED_INTO = 20  # files whose later commits are read for "already reverted by"


def revert(
    request: RevertRequest,
    *,
    repository: Repository,
    forge: Forge | None,
    applications: Sequence[Application],
    permit: Permit,
    manifest_cache: ManifestCache,
) -> Outcome | NotPermitted:
    """Open a pull request that undoes what `request` names on the tracked branch, or say why not.

    `applications` are those of this repository; `permit` is asked about those that the change reaches, before anything
    is pushed. What it does to them is rendered first and told, as far as that is quick. Raises nothing of the ports':
    every error of theirs is an outcome.
    """
    if forge is None:
        return Refused(LocalizedText(texts.NO_FORGE, repository=repository.name))
    revision = parse_revision(request.text)
    if isinstance(revision, Unreadable):
        return Refused(revision.reason)
    try:
        head = repository.fetch()
        followed = repository.followed()
        if followed.kind != "branch":
            name = RepositoryRef.parse(repository.name).name
            return Refused(LocalizedText(texts.NEEDS_BRANCH, name=followed.name, repository=name))
        target = _Finder(request, repository, forge, head).find(revision)
        if not isinstance(target, Target):
            return target
        return _Revert(request, target, repository, forge, applications, permit, manifest_cache).open(head)
    except RevisionNotFoundError as error:
        return Ambiguous(str(error), error.candidates) if error.candidates else NotFound(str(error))
    except RepositoryError as error:
        return Refused(str(error))
    except ForgeError as error:
        return Refused(str(error), error.retry_at)


@dataclass(frozen=True, slots=True)
class _Finder:
    """Finds what a revision means on the tracked branch at `head`."""

    request: RevertRequest
    repository: Repository
    forge: Forge
    head: str

    def find(self, revision: ChangeRef) -> Target | Outcome:
        match revision:
            case Sha(digits):
                return self._commit(digits)
            case PullNumber(number):
                return self._pull(number)
            case Range(since, until):
                return self._range(since, until)
            case CommitUrl(home, digits):
                return self._elsewhere(home) or self._commit(digits)
            case PullUrl(home, number):
                return self._elsewhere(home) or self._pull(number)

    def _elsewhere(self, home: str) -> Refused | None:
        ours = home_of(self.forge.commit_url(self.head))
        if home == ours:
            return None
        return Refused(LocalizedText(texts.OTHER_PAGE, home=home, repository=self.repository.name, ours=ours or ""))

    def _commit(self, digits: str) -> Target | Outcome:
        commit = self.repository.resolve(digits)
        if not self.repository.is_ancestor(commit.sha, self.head):
            return self._off_branch(commit)
        line = self.repository.first_parent(commit.sha, self.head, limit=_LINE)
        if line and line[-1].parents[:1] != (commit.sha,):
            return self._inside_merge(commit, line)
        pull = self.forge.pull_request_for(commit.sha)
        merge = self._reached(pull)
        if pull is None or merge is None:
            return self._target([commit], None)
        series = self._series(merge, pull)
        if len(series) > 1 and commit in series and not self.request.only:
            return InsidePull(commit, f"#{pull.number}", pull, None, only_possible=True)
        return self._target([commit], pull if series == [commit] else None)

    def _off_branch(self, commit: Commit) -> Outcome:
        """A commit of a squashed pull request never reaches the branch by itself; its pull request does."""
        pull = self.forge.pull_request_for(commit.sha)
        if pull is not None and self._reached(pull):
            return InsidePull(commit, f"#{pull.number}", pull, None, only_possible=False)
        return NotOnBranch(commit, pull, self.repository.branch)

    def _inside_merge(self, commit: Commit, line: Sequence[Commit]) -> Target | Outcome:
        """Find the merge that brought `commit`: the oldest commit of `line`, which is newest first, that holds it."""
        oldest_first = line[::-1]
        found = bisect_left(oldest_first, True, key=lambda later: self.repository.is_ancestor(commit.sha, later.sha))
        merge = oldest_first[found]
        pull = self.forge.pull_request_for(merge.sha)
        # A merge inside a branch is mostly one of the tracked branch: undoing it by itself would undo others' work.
        only_possible = len(commit.parents) == 1
        if self.request.only and only_possible:
            return self._target([commit], None)
        whole = f"#{pull.number}" if pull and pull.merge_sha == merge.sha else merge.sha
        return InsidePull(commit, whole, pull, merge, only_possible)

    def _pull(self, number: int) -> Target | Outcome:
        pull = self.forge.get_pull_request(number)
        if pull is None:
            return NotFound(LocalizedText(texts.NO_PULL, number=str(number), repository=self.repository.name))
        if pull.state != "merged":
            return PullNotMerged(pull)
        merge = self._reached(pull)
        if merge is None:
            return NotOnBranch(None, pull, self.repository.branch)
        return self._target(self._series(merge, pull), pull)

    def _reached(self, pull: PullRequest | None) -> Commit | None:
        """The commit by which a pull request reached the tracked branch; None when it never did, or not any more."""
        if pull is None or pull.state != "merged" or pull.base != self.repository.branch or not pull.merge_sha:
            return None
        try:
            merge = self.repository.resolve(pull.merge_sha)
        except RevisionNotFoundError:
            return None
        return merge if self.repository.is_ancestor(merge.sha, self.head) else None

    def _series(self, merge: Commit, pull: PullRequest) -> list[Commit]:
        """The commits by which a pull request reached the branch, newest first, `merge` the last of them.

        A merge or a squash is one; a rebase is the run of commits that the forge counts to the same pull request.
        """
        series = [merge]
        if len(merge.parents) != 1:
            return series
        for commit in self.repository.first_parent(None, merge.sha, limit=MAX_COMMITS)[1:]:
            brought_by = self.forge.pull_request_for(commit.sha)
            if len(commit.parents) != 1 or brought_by is None or brought_by.number != pull.number:
                break
            series.append(commit)
        return series

    def _range(self, since: str, until: str) -> Target | Outcome:
        first, last = self.repository.resolve(since), self.repository.resolve(until)
        for end in (first, last):
            if not self.repository.is_ancestor(end.sha, self.head):
                return NotOnBranch(end, self.forge.pull_request_for(end.sha), self.repository.branch)
        if first.sha == last.sha:
            return Refused(LocalizedText(texts.EMPTY_RANGE, range=f"{since}..{until}", commit=first.short))
        if not self.repository.is_ancestor(first.sha, last.sha):
            if self.repository.is_ancestor(last.sha, first.sha):
                return Refused(LocalizedText(texts.BACKWARDS, range=f"{since}..{until}", other=f"{until}..{since}"))
            return Refused(LocalizedText(texts.NO_LINE, first=first.short, last=last.short))
        line = self.repository.first_parent(first.sha, last.sha, limit=MAX_COMMITS + 1)
        if len(line) > MAX_COMMITS:
            return Refused(LocalizedText(texts.LONG_RANGE, range=f"{since}..{until}", most=str(MAX_COMMITS)))
        if line[-1].parents[:1] != (first.sha,):
            return Refused(LocalizedText(texts.BEGINS_INSIDE, commit=first.short, branch=self.repository.branch))
        merges = tuple(commit for commit in line if len(commit.parents) > 1)
        if merges and len(line) > 1 and not self.request.through_merges:
            return AcrossMerges(f"{since}..{until}", len(line), merges)
        return self._target(line, None)

    def _target(self, commits: Sequence[Commit], pull: PullRequest | None) -> Target | Outcome:
        oldest = commits[-1]
        if not oldest.parents:
            return RootCommit(oldest)
        target = Target(tuple(commits), oldest.parents[0], pull)
        if self.repository.tree_id(target.last.sha, "") == self.repository.tree_id(target.base, ""):
            return EmptyCommit(target)
        return target


@dataclass(frozen=True, slots=True)
class _Revert:
    """Makes the revert of `target` and brings it to the forge."""

    request: RevertRequest
    target: Target
    repository: Repository
    forge: Forge
    applications: Sequence[Application]
    permit: Permit
    manifest_cache: ManifestCache

    def open(self, head: str) -> Outcome | NotPermitted:
        for pull in self.forge.open_pull_requests(branch_name(self.target)):
            if is_attempt(pull.head, self.target):
                return AlreadyOpen(pull)
        for rebuild in range(REBUILDS + 1):
            merged = self._undone(head)
            if merged.conflicts:
                return self._conflict(merged, head)
            if merged.tree == self.repository.tree_id(head, ""):
                return self._nothing_left(head)
            files = self.repository.changed_paths(head, merged.tree)
            known = reached(self.repository, head, merged.tree, self.applications, self.manifest_cache)
            names = tuple(application.name for application in known)
            if self.request.application and self.request.application not in names:
                return Refused(_elsewhere(self.request.application, names))
            if not isinstance(verdict := self.permit(names), Granted):
                return NotPermitted(names, verdict)
            if (len(files) > MAX_FILES or len(names) > MAX_APPLICATIONS) and not self.request.large:
                return Confirm(self.target, tuple(files), names)
            now = self.repository.fetch()
            if now == head or rebuild == REBUILDS:  # made on a branch that never rests, it still merges
                break
            head = now
        return self._publish(merged, head, files, known)

    def _undone(self, head: str) -> Merged:
        """`head` without the target: a three-way merge from the target to what stood before it."""
        return self.repository.merge_trees(self.target.last.sha, head, self.target.base)

    def _conflict(self, merged: Merged, head: str) -> Conflict:
        kinds = merged.kinds or ("contents",) * len(merged.conflicts)
        files = tuple(
            ConflictedFile(path, kind, tuple(self._later(head, path)))
            for path, kind in zip(merged.conflicts[:MAX_FILES], kinds, strict=False)
        )
        return Conflict(self.target, files, by_hand(self.target, self.repository.branch))

    def _later(self, head: str, path: str, limit: int = _LATER) -> list[Commit]:
        return self.repository.first_parent(self.target.last.sha, head, path=path, limit=limit)

    def _nothing_left(self, head: str) -> Outcome:
        later: dict[str, Commit] = {}
        for path in self.repository.changed_paths(self.target.base, self.target.last.sha)[:_LOOKED_INTO]:
            later |= {commit.sha: commit for commit in self._later(head, path, limit=100)}
        newest_first = sorted(later.values(), key=lambda commit: commit.committed_at, reverse=True)
        for commit in newest_first:
            # Merged by a pull request, the revert itself is on the merge's other side.
            told = [commit, *(self.repository.commit(parent) for parent in commit.parents[1:])]
            if by := reverted_by(self.target, told):
                return AlreadyReverted(self.target, by)
        return NothingToUndo(self.target, newest_first[0] if newest_first else None)

    def _publish(self, merged: Merged, head: str, files: Sequence[str], applications: Sequence[Application]) -> Outcome:
        of_target = self.repository.changed_paths(self.target.base, self.target.last.sha)
        already_undone = tuple(sorted(set(of_target) - set(files)))
        told = effects(self.repository, head, merged.tree, applications, self.manifest_cache)
        text = pull_request.body(
            self.target,
            self.request,
            reverts=self._reference(),
            files=files,
            already_undone=already_undone,
            effects=told,
            branch=self.repository.branch,
        )
        proposal = Proposal(
            tree=merged.tree,
            parent=head,
            message=commit_message(self.target, self.request, self._reference()),
            title=pull_request.title(self.target),
            body=text,
            branch=lambda attempt: branch_name(self.target, attempt),
            is_ours=self._is_ours,
        )
        outcome = propose(proposal, self.repository, self.forge)
        if not isinstance(outcome, PullRequest):
            return outcome
        names = tuple(application.name for application in applications)
        return Opened(outcome, self.target, tuple(files), names, already_undone, automation(self.target), told)

    def _is_ours(self, tip: str) -> bool:
        """Whether a branch of the right name holds this very revert, made on this head or an earlier one."""
        commit = self.repository.commit(tip)
        if len(commit.parents) != 1:
            return False
        made = self._undone(commit.parents[0])
        return not made.conflicts and made.tree == self.repository.tree_id(tip, "")

    def _reference(self) -> str | None:
        home = home_of(self.forge.commit_url(self.target.last.sha))
        return pull_request.reference(self.target.pull, home) if self.target.pull and home else None


def _elsewhere(asked: str, names: Sequence[str]) -> str:
    if not names:
        return LocalizedText(texts.NO_APPLICATION, asked=asked)
    touched_instead = reduce(lambda one, other: LocalizedText(texts.AND, one=one, other=other), names)
    return LocalizedText(texts.OTHER_APPLICATION, asked=asked, names=touched_instead)

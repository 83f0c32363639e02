"""Reverts a change in one repository: finds its commits, reverts them on a new branch, and opens a pull request.

It never merges, and never pushes to a tracked branch. All requests to revert one change share one pull request: the
branch's name depends only on the change, and a request that finds the branch continues from it.
"""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from bot.core.access.permission import Granted
from bot.core.applications.application import Application
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
from bot.handlers.pull_requests.propose import BranchMoved, Permit, Proposal, propose, proposes
from bot.handlers.rendering.affected import effects, path_and_parents, possibly_affected
from bot.handlers.rendering.manifest_cache import ManifestCache
from bot.i18n.catalogue import refusal as texts
from bot.i18n.language import LocalizedText, Text, join_texts
from bot.messages import revert_pull_request
from bot.ports.forge import Forge, ForgeError
from bot.ports.git import Merged, Repository, RepositoryError, RevisionNotFoundError

MAX_REBUILDS = 3  # if the branch moves while the revert is built
_MAX_FIRST_PARENTS = 1_000_000  # to search for the merge of a commit
_MAX_LATER = 5  # later commits to list for each conflicted file
_MAX_SEARCHED_COMMITS = 5_000  # for later changes to the same files
_MAX_REVERTS = 100  # later commits of each file that may have reverted the change


def revert(
    request: RevertRequest,
    *,
    repository: Repository,
    forge: Forge | None,
    applications: Sequence[Application],
    permit: Permit,
    manifest_cache: ManifestCache,
) -> Outcome:
    """Open a pull request that reverts a change on the tracked branch; any other outcome says why not.

    `applications` are the repository's. Before anything is pushed, `permit` decides on those that the change affects,
    and the effect on them is rendered unless that takes long. Port errors become outcomes.
    """
    if forge is None:
        return Refused(LocalizedText(texts.NO_FORGE, repository=repository.name))
    try:
        head = repository.fetch()
        tracked = repository.resolved_revision()
        if tracked.kind != "branch":
            name = RepositoryRef.parse(repository.name).name
            return Refused(LocalizedText(texts.NEEDS_BRANCH, name=tracked.name, repository=name))
        target = _TargetFinder(request, repository, forge, head).find()
        if not isinstance(target, Target):
            return target
        return _Revert(request, target, repository, forge, applications, permit, manifest_cache).open(head)
    except RevisionNotFoundError as error:
        return Ambiguous(error.text, error.candidates) if error.candidates else NotFound(error.text)
    except RepositoryError as error:
        return Refused(error.text)
    except ForgeError as error:
        return Refused(error.text, error.retry_at)


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


@dataclass(frozen=True, slots=True)
class _Revert:
    """Builds the revert of `target` and opens its pull request."""

    request: RevertRequest
    target: Target
    repository: Repository
    forge: Forge
    applications: Sequence[Application]
    permit: Permit
    manifest_cache: ManifestCache

    def open(self, head: str) -> Outcome:
        if pull := self._open_pull_request():
            return AlreadyOpen(pull)
        for rebuild in range(MAX_REBUILDS + 1):
            merged = self._without_target(head)
            if merged.conflicts:
                return self._conflict(merged, head)
            if merged.tree == self.repository.tree_id(head, ""):
                return self._nothing_left(head)
            files = self.repository.changed_paths(head, merged.tree)
            # An application that cannot be read counts as affected, since it may be.
            affected = possibly_affected(self.repository, head, files, self.applications, self.manifest_cache)
            names = tuple(application.name for application in affected)
            if self.request.application and self.request.application not in names:
                return Refused(_not_affected(self.request.application, names))
            others = (None,) if names and self._changes_others(files, head, merged.tree, affected) else ()
            if not isinstance(decision := self.permit((*names, *others)), Granted):
                return NotPermitted(names, decision)
            if (len(files) > MAX_FILES or len(names) > MAX_APPLICATIONS) and not self.request.large:
                return Confirm(self.target, tuple(files), names)
            outcome = self._publish(merged, head, files, affected, accept_older=rebuild == MAX_REBUILDS)
            if not isinstance(outcome, BranchMoved):
                return outcome
            head = outcome.head
        return Refused(LocalizedText(texts.REWRITTEN, branch=self.repository.branch))

    def _open_pull_request(self) -> PullRequest | None:
        """The open pull request of any attempt at this revert."""
        message = commit_message(self.target, self.request, self._reference())
        pulls = self.forge.open_pull_requests(branch_name(self.target))
        attempts = (pull for pull in pulls if is_attempt(pull.head, self.target))
        return next((pull for pull in attempts if proposes(pull, self.repository, message, self._is_change)), None)

    def _changes_others(self, files: Sequence[str], head: str, tree: str, affected: Sequence[Application]) -> bool:
        """Whether some of the files are not inputs of the affected applications, before or after the revert."""
        sources = [application.source for application in affected]
        others = files
        for revision in (head, tree):
            inputs = self.manifest_cache.inputs(self.repository, revision, sources)
            paths = {path for of_source in inputs.values() for path, _ in of_source}
            others = [file for file in others if paths.isdisjoint(path_and_parents(file))]
            if not others:
                return False
        return True

    def _without_target(self, head: str) -> Merged:
        """`head` without the target's changes, from a three-way merge with the target as base and its parent."""
        return self.repository.merge_trees(self.target.last.sha, head, self.target.base)

    def _conflict(self, merged: Merged, head: str) -> Conflict:
        kinds = dict(zip(merged.conflicts[:MAX_FILES], merged.kinds, strict=False))
        later = {
            path: [sha for sha in shas if sha != self.target.brought_by][:_MAX_LATER]
            for path, shas in self._later(head, kinds).items()
        }
        commits = self._read(sha for shas in later.values() for sha in shas)
        files = tuple(
            ConflictedFile(path, kind, tuple(commits[sha] for sha in later[path])) for path, kind in kinds.items()
        )
        return Conflict(self.target, files, by_hand(self.target, self.repository.branch))

    def _later(self, head: str, paths: Iterable[str]) -> dict[str, list[str]]:
        """The first-parent commits since the target, by changed path, newest first; none if there are too many."""
        changed_by: dict[str, list[str]] = {path: [] for path in paths}
        with suppress(RepositoryError):
            for sha, changed in self.repository.changes(self.target.last.sha, head, limit=_MAX_SEARCHED_COMMITS):
                for path in changed_by.keys() & changed:
                    changed_by[path].append(sha)
        return changed_by

    def _read(self, shas: Iterable[str]) -> dict[str, Commit]:
        return {commit.sha: commit for commit in self.repository.read_commits(list(dict.fromkeys(shas)))}

    def _nothing_left(self, head: str) -> Outcome:
        paths = self.repository.changed_paths(self.target.base, self.target.last.sha)
        changed_by = self._later(head, paths)
        later = self._read(sha for shas in changed_by.values() for sha in shas[:_MAX_REVERTS])
        newest_first = sorted(later.values(), key=lambda commit: commit.committed_at, reverse=True)
        # If a revert was merged through a pull request, its commit is the merge's second parent.
        merged = self._read(parent for commit in newest_first for parent in commit.parents[1:])
        for commit in newest_first:
            if by := reverted_by(self.target, [commit, *(merged[parent] for parent in commit.parents[1:])]):
                return AlreadyReverted(self.target, by)
        return NothingToUndo(self.target, newest_first[0] if newest_first else None)

    def _publish(
        self,
        merged: Merged,
        head: str,
        files: Sequence[str],
        applications: Sequence[Application],
        *,
        accept_older: bool,
    ) -> Outcome | BranchMoved:
        of_target = self.repository.changed_paths(self.target.base, self.target.last.sha)
        already_undone = tuple(sorted(set(of_target) - set(files)))
        application_effects = effects(self.repository, head, merged.tree, applications, self.manifest_cache)
        reverts = self._reference()
        proposal = Proposal(
            tree=merged.tree,
            parent=head,
            message=commit_message(self.target, self.request, reverts),
            title=revert_pull_request.title(self.target),
            body=revert_pull_request.body(
                self.target,
                self.request,
                reverts=reverts,
                files=files,
                already_undone=already_undone,
                effects=application_effects,
                branch=self.repository.branch,
            ),
            branch=lambda attempt: branch_name(self.target, attempt),
            is_change=self._is_change,
            accept_older=accept_older,
        )
        outcome = propose(proposal, self.repository, self.forge)
        if not isinstance(outcome, PullRequest):
            return outcome
        names = tuple(application.name for application in applications)
        return Opened(
            outcome, self.target, tuple(files), names, already_undone, automation(self.target), application_effects
        )

    def _is_change(self, base: str, tip: str) -> bool:
        """Whether `tip` is `base` without the target's changes."""
        before, after = (self.repository.tree_id(commit, "") for commit in (base, tip))
        if before == after or not self.repository.is_ancestor(self.target.last.sha, base):
            return False
        merged = self._without_target(base)
        return not merged.conflicts and merged.tree == after

    def _reference(self) -> str | None:
        """The forge's reference to the pull request to revert, if it is one."""
        url = repository_url(self.forge.commit_url(self.target.last.sha))
        return revert_pull_request.reference(self.target.pull, url) if self.target.pull and url else None


def _not_affected(application: str, affected: Sequence[str]) -> Text:
    if not affected:
        return LocalizedText(texts.NO_APPLICATION, asked=application)
    names = join_texts(texts.AND, affected)
    return LocalizedText(texts.OTHER_APPLICATION, asked=application, names=names)

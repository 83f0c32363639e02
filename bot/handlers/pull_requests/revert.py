"""Reverts a change in one repository: finds its commits, reverts them on a new branch, and opens a pull request.

It never merges, and never pushes to a tracked branch. All requests to revert one change share one pull request: the
branch's name depends only on the change, and a request that finds the branch continues from it.
"""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from bot.core.access.permission import Granted
from bot.core.applications.application import Application
from bot.core.git.commit import Commit, PullRequest
from bot.core.git.repository_ref import RepositoryRef
from bot.core.pull_requests.change_ref import (
    repository_url,
)
from bot.core.pull_requests.revert import (
    MAX_APPLICATIONS,
    MAX_FILES,
    AlreadyOpen,
    AlreadyReverted,
    Ambiguous,
    Confirm,
    Conflict,
    ConflictedFile,
    NotFound,
    NothingToUndo,
    NotPermitted,
    Opened,
    Outcome,
    Refused,
    RevertRequest,
    Target,
    automation,
    branch_name,
    by_hand,
    commit_message,
    is_attempt,
    reverted_by,
)
from bot.handlers.mainline import Mainline
from bot.handlers.pull_requests.find_target import find_target
from bot.handlers.pull_requests.propose import (
    BranchMoved,
    Permit,
    Proposal,
    is_edited_proposal,
    propose,
    proposed_change,
)
from bot.handlers.rendering.affected import PossiblyAffected, effects, path_and_parents, possibly_affected
from bot.handlers.rendering.manifest_cache import ManifestCache
from bot.i18n.catalogue import refusal as texts
from bot.i18n.language import LocalizedText, Text, join_texts
from bot.messages import revert_pull_request
from bot.ports.forge import Forge, ForgeError
from bot.ports.git import Merged, Repository, RepositoryError, RevisionNotFoundError

MAX_REBUILDS = 3  # if the branch moves while the revert is built
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
    mainline: Mainline,
) -> Outcome:
    """Open a pull request that reverts a change on the tracked branch; any other outcome says why not.

    `applications` are the repository's. Before anything is pushed, `permit` decides on those that the change affects,
    and the effect on them is rendered unless that takes long. Port errors become outcomes.
    """
    name = RepositoryRef.parse(repository.name).name
    if forge is None:
        return Refused(LocalizedText(texts.NO_FORGE, repository=name))
    try:
        head = repository.fetch()
        tracked = repository.resolved_revision()
        if tracked.kind != "branch":
            return Refused(LocalizedText(texts.NEEDS_BRANCH, name=tracked.name, repository=name))
        target = find_target(request, repository, forge, head, mainline)
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
        attempts = [
            pull
            for pull in self.forge.open_pull_requests(branch_name(self.target))
            if is_attempt(pull.head, self.target)
        ]
        if already := self._already_open(attempts, head):
            return already
        for rebuild in range(MAX_REBUILDS + 1):
            merged = self._without_target(head)
            if merged.conflicts:
                return self._conflict(merged, attempts, head)
            if merged.tree == self.repository.tree_id(head, ""):
                return self._nothing_left(head)
            files = self.repository.changed_paths(head, merged.tree)
            affected = self._affected(head, files)
            names = affected.names
            if self.request.application and self.request.application not in names:
                return Refused(_not_affected(self.request.application, affected))
            if denied := self._denied(head, merged.tree, files, affected):
                return denied
            if (len(files) > MAX_FILES or len(names) > MAX_APPLICATIONS) and not self.request.large:
                return Confirm(self.target, tuple(files), names, affected.unreadable)
            outcome = self._publish(merged, head, files, affected.applications, accept_older=rebuild == MAX_REBUILDS)
            if not isinstance(outcome, BranchMoved):
                return outcome
            head = outcome.head
        return Refused(LocalizedText(texts.REWRITTEN, branch=self.repository.branch))

    def _already_open(self, attempts: Sequence[PullRequest], head: str) -> AlreadyOpen | NotPermitted | None:
        """The open pull request of any attempt at this revert, if the requester is allowed to make it."""
        for pull in attempts:
            if change := proposed_change(pull, self.repository, self._message, self._is_change):
                files = self.repository.changed_paths(change.base, change.tip)
                return self._denied(head, change.tip, files, self._affected(head, files)) or AlreadyOpen(pull)
        return None

    def _affected(self, head: str, files: Sequence[str]) -> PossiblyAffected:
        """The applications that use the files. One that can't be read counts, since it may be affected."""
        return possibly_affected(self.repository, head, files, self.applications, self.manifest_cache)

    def _denied(self, head: str, tree: str, files: Sequence[str], affected: PossiblyAffected) -> NotPermitted | None:
        """Why the requester may not change the files of `head` to those of `tree`; None if they may."""
        names = affected.names
        others = (None,) if names and self._changes_others(files, head, tree, affected.applications) else ()
        decision = self.permit((*names, *others))
        return None if isinstance(decision, Granted) else NotPermitted(names, decision, affected.unreadable)

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

    def _conflict(self, merged: Merged, attempts: Sequence[PullRequest], head: str) -> Conflict:
        kinds = dict(zip(merged.conflicts[:MAX_FILES], merged.kinds, strict=False))
        later = {
            path: [sha for sha in shas if sha != self.target.brought_by][:_MAX_LATER]
            for path, shas in self._later(head, kinds).items()
        }
        commits = self._read(sha for shas in later.values() for sha in shas)
        files = tuple(
            ConflictedFile(path, kind, tuple(commits[sha] for sha in later[path])) for path, kind in kinds.items()
        )
        edited = (pull for pull in attempts if is_edited_proposal(pull, self.repository, self._message))
        return Conflict(self.target, files, by_hand(self.target, self.repository.branch), next(edited, None))

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
            message=self._message,
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

    @property
    def _message(self) -> str:
        return commit_message(self.target, self.request, self._reference())

    def _reference(self) -> str | None:
        """The forge's reference to the pull request to revert, if it is one."""
        url = repository_url(self.forge.commit_url(self.target.last.sha))
        return revert_pull_request.reference(self.target.pull, url) if self.target.pull and url else None


def _not_affected(application: str, affected: PossiblyAffected) -> Text:
    if not affected.names:
        return LocalizedText(texts.NO_APPLICATION, asked=application)
    readable = [name for name in affected.names if name not in affected.unreadable]
    phrase = texts.OTHER_APPLICATION if readable else texts.UNREADABLE_APPLICATION
    return LocalizedText(phrase, asked=application, names=join_texts(texts.AND, readable or affected.unreadable))

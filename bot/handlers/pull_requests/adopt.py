"""Adopts drift in one repository: a pull request that updates git to match the cluster."""

import posixpath
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.core.access.permission import Granted
from bot.core.applications.application import Application
from bot.core.changes.effect import Effect
from bot.core.drift.model import Check, ObjectDrift, Status
from bot.core.git.commit import PullRequest
from bot.core.git.repository_ref import RepositoryRef
from bot.core.objects.documents import ManifestError
from bot.core.objects.manifest import Manifest
from bot.core.objects.resolve import resolve
from bot.core.pull_requests.adopt import adopt, is_equivalent
from bot.core.pull_requests.adopt_kustomize import adopt_overlay, expected
from bot.core.pull_requests.edit_budget import EditBudget
from bot.core.pull_requests.not_adoptable import NotAdoptableError
from bot.core.pull_requests.revert import AlreadyOpen, NotPermitted, Refused, Unfinished
from bot.core.rendering.source import CHART_FILE, SourceType, detect_source_type
from bot.handlers.pull_requests.propose import BranchMoved, Permit, Proposal, propose
from bot.handlers.rendering.affected import effects, path_and_parents, possibly_affected
from bot.handlers.rendering.manifest_cache import ManifestCache
from bot.i18n.catalogue import adopt as texts
from bot.i18n.catalogue import refusal
from bot.i18n.language import LocalizedText, Phrase
from bot.messages import adopt_pull_request
from bot.ports.errors import PortError
from bot.ports.forge import Forge, ForgeError
from bot.ports.git import Repository


@dataclass(frozen=True, slots=True)
class Adopted:
    """The pull request is open. It changes `files`; once it is merged, the application is in sync.

    `applications` (names) also include others that use these files; `effects` are those on the others.
    """

    pull: PullRequest
    files: tuple[str, ...]
    applications: tuple[str, ...]
    effects: tuple[Effect, ...]


@dataclass(frozen=True, slots=True)
class NothingDiffers:
    """The cluster matches git."""


Outcome = Adopted | AlreadyOpen | NothingDiffers | NotPermitted | Refused | Unfinished


def adopt_drift(
    application: Application,
    check: Check,
    who: str,
    *,
    repository: Repository,
    forge: Forge | None,
    applications: Sequence[Application],
    permit: Permit,
    manifest_cache: ManifestCache,
) -> Outcome:
    """Open a pull request that adopts the drift of `check`, which should be fresh; else the outcome says why not.

    `who` is the requester's name, and `applications` are those on the same branch. Before anything is pushed, `permit`
    decides on all that use the files. Port errors become outcomes.
    """
    if forge is None:
        return Refused(LocalizedText(texts.NO_FORGE, repository=RepositoryRef.parse(repository.name).name))
    if not check.drift and check.status is Status.SYNCED:
        return NothingDiffers()
    if check.error is not None or check.revision is None:
        return Refused(LocalizedText(texts.NOT_SEEN, application=application.name, why=check.error or ""))
    adoption = _Adoption(application, check, repository, manifest_cache)
    try:
        return adoption.open(check.revision, who, forge, applications, permit)
    except (NotAdoptableError, ManifestError) as error:
        return Refused(error.text)
    except ForgeError as error:
        return Refused(error.text, error.retry_at)
    except PortError as error:
        return Refused(error.text)


@dataclass(frozen=True, slots=True)
class _Adoption:
    """Adopts the drift of `check`: the changed files, at any revision, and their pull request."""

    application: Application
    check: Check
    repository: Repository
    manifest_cache: ManifestCache

    def open(
        self, revision: str, who: str, forge: Forge, applications: Sequence[Application], permit: Permit
    ) -> Outcome:
        """Open the pull request. Raises NotAdoptableError, ManifestError, PortError."""
        application, repository = self.application, self.repository
        tracked = repository.resolved_revision()
        if tracked.kind != "branch":
            return Refused(LocalizedText(texts.NEEDS_BRANCH, application=application.name, name=tracked.name))
        files = self.files(revision)
        tree = repository.edited_tree(revision, files)
        affected = possibly_affected(repository, revision, list(files), applications, self.manifest_cache)
        others = [other for other in affected.applications if other.name != application.name]
        names = (application.name, *(other.name for other in others))
        if not isinstance(decision := permit(names), Granted):
            return NotPermitted(names, decision, affected.unreadable)
        other_effects = effects(repository, revision, tree, others, self.manifest_cache)
        proposal = Proposal(
            tree=tree,
            parent=revision,
            message=adopt_pull_request.commit_message(application, self.check, who),
            title=adopt_pull_request.title(application, self.check.drift),
            body=adopt_pull_request.body(self.check, files, other_effects, who),
            branch=lambda attempt: adopt_pull_request.branch_name(application, self.check.drift, attempt),
            is_change=self.is_change,
        )
        outcome = propose(proposal, repository, forge)
        if isinstance(outcome, BranchMoved):
            return Refused(LocalizedText(refusal.REWRITTEN, branch=repository.branch))
        if isinstance(outcome, PullRequest):
            return Adopted(outcome, tuple(sorted(files)), names, other_effects)
        return outcome

    def files(self, revision: str) -> dict[str, bytes | None]:
        """The new content of files by path; None deletes a file. Raises NotAdoptableError, ManifestError, PortError."""
        source = self.application.source
        files = {file.path: file.content for file in self.repository.files(revision, source.path)}
        source_type = source.type or detect_source_type(files, source.path)
        if source_type is SourceType.HELM:
            raise NotAdoptableError(self._helm_values(files))
        before = self._manifests(revision)
        if source_type is SourceType.KUSTOMIZE:
            adopted = dict[str, bytes | None](adopt_overlay(source.path, files, before, self.check.drift))
            links = self.repository.links(revision)
            for file in adopted:
                if any(links.target(path) is not None for path in path_and_parents(file)):
                    raise NotAdoptableError(LocalizedText(texts.BEHIND_LINK, file=file))
            self._verify(revision, before, adopted, texts.NOT_PATCHABLE)
        else:
            adopted = self._plain(before, files)
            self._verify(revision, before, adopted, texts.OVERRIDDEN)
        return adopted

    def is_change(self, base: str, tip: str) -> bool:
        """Whether `tip` is `base` with the drift adopted. Comments and layout may differ."""
        try:
            files = self.files(base)
        except (NotAdoptableError, ManifestError):
            return False
        if set(self.repository.changed_paths(base, tip)) != files.keys():
            return False
        (actual,) = self.repository.files_of(tip, [self.application.source.path])
        contents = {file.path: file.content for file in actual or ()}
        return all(is_equivalent(path, content, contents.get(path)) for path, content in files.items())

    def _plain(self, manifests: Sequence[Manifest], files: Mapping[str, bytes]) -> dict[str, bytes | None]:
        file_of = {manifest.key: manifest.file for manifest in manifests}
        by_file: dict[str, list[ObjectDrift]] = {}
        for object_drift in self.check.drift:
            by_file.setdefault(file_of.get(object_drift.key, ""), []).append(object_drift)
        if undeclared := by_file.get(""):
            raise NotAdoptableError(LocalizedText(texts.NOT_RENDERED, kind=undeclared[0].kind, name=undeclared[0].name))
        if behind_links := sorted(by_file.keys() - files.keys()):
            raise NotAdoptableError(LocalizedText(texts.BEHIND_LINK, file=behind_links[0]))
        budget = EditBudget()
        return {
            file: adopt(file, files[file], drift, namespace=self.application.namespace, budget=budget)
            for file, drift in by_file.items()
        }

    def _verify(
        self, revision: str, before: Sequence[Manifest], adopted: Mapping[str, bytes | None], reason: Phrase
    ) -> None:
        """Raise NotAdoptableError with `reason` unless the adopted files render to the live objects."""
        tree = self.repository.edited_tree(revision, adopted)
        is_empty = self.repository.tree_id(tree, self.application.source.path) is None
        rendered = () if is_empty else self._manifests(tree)
        actual = {manifest.key: manifest.object for manifest in rendered}
        intended = {manifest.key: manifest.object for manifest in before}
        drift = {object_drift.key: object_drift for object_drift in self.check.drift}
        for manifest in before:
            if (object_drift := drift.get(manifest.key)) is None:
                continue
            if object_drift.change == "missing":
                del intended[manifest.key]
            else:
                intended[manifest.key] = expected(manifest, object_drift)
        for key in intended.keys() | actual.keys():
            if intended.get(key) != actual.get(key):
                raise NotAdoptableError(LocalizedText(reason, kind=key[1], name=key[3]))

    def _manifests(self, revision: str) -> Sequence[Manifest]:
        cluster_scoped = {
            (object_drift.api_version, object_drift.kind)
            for object_drift in self.check.drift
            if object_drift.namespace is None
        }
        return resolve(
            self.manifest_cache.manifests(self.repository, revision, self.application.source),
            namespace=self.application.namespace,
            namespaced=lambda api_version, kind: (api_version, kind) not in cluster_scoped,
        )

    def _helm_values(self, files: Mapping[str, bytes]) -> LocalizedText:
        """Where to find the value to change: the application's own values files, and the defaults of its charts."""
        path = self.application.source.path
        charts = {posixpath.dirname(file) for file in files if posixpath.basename(file) == CHART_FILE}
        values_files = [
            *self.application.source.helm.values_files,
            *(posixpath.join(chart, "values.yaml") for chart in sorted(charts)),
        ]
        paths = (field.path for object_drift in self.check.drift for field in object_drift.fields)
        return LocalizedText(
            texts.HELM,
            application=self.application.name,
            path=next(paths, "") or self.check.drift[0].name,
            files=", ".join(values_files[:4]) or path,
        )

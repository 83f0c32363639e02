"""The other way out of drift: a pull request that makes git say what the cluster says."""

import posixpath
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.core.applications.application import Application
from bot.core.drift.model import Check, ObjectDrift, Status
from bot.core.git.commit import PullRequest
from bot.core.objects.manifest import Manifest, ManifestError, resolve
from bot.core.pull_requests.adopt import NotAdoptableError, adopt
from bot.core.pull_requests.adopt_kustomize import adopt_overlay, expected
from bot.core.pull_requests.revert import AlreadyOpen, Refused, Unfinished
from bot.core.rendering.source import CHART, Kind, detect
from bot.handlers.pull_requests.propose import Proposal, propose
from bot.handlers.rendering.manifest_cache import ManifestCache
from bot.i18n.catalogue import adopt as texts
from bot.i18n.language import LocalizedText
from bot.messages import adopt_pull_request
from bot.ports.errors import PortError
from bot.ports.forge import Forge, ForgeError
from bot.ports.git import Repository


@dataclass(frozen=True, slots=True)
class Adopted:
    """A pull request is open that changes `files`; merged, the application is in sync."""

    pull: PullRequest
    files: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NothingDiffers:
    """Git and cluster say the same."""


Outcome = Adopted | AlreadyOpen | NothingDiffers | Refused | Unfinished


def adopt_drift(
    application: Application,
    check: Check,
    who: str,
    *,
    repository: Repository,
    forge: Forge | None,
    manifest_cache: ManifestCache,
) -> Outcome:
    """Open a pull request that adopts all that `check`, which should be fresh, found; or say why not.

    `who` is the name people know the asker by. Raises nothing of the ports': every error of theirs is an outcome.
    """
    if forge is None:
        return Refused(LocalizedText(texts.NO_FORGE, repository=repository.name))
    if not check.drift and check.status is Status.SYNCED:
        return NothingDiffers()
    if check.error is not None or check.revision is None:
        return Refused(LocalizedText(texts.NOT_SEEN, application=application.name, why=check.error or ""))
    try:
        work = _Adoption(application, check, repository, manifest_cache)
        files = work.files(check.revision)
        tree = repository.edited_tree(check.revision, files)
        proposal = Proposal(
            tree=tree,
            parent=check.revision,
            message=adopt_pull_request.commit_message(application, check, who),
            title=adopt_pull_request.title(application, check.drift),
            body=adopt_pull_request.body(check, files, who),
            branch=lambda attempt: adopt_pull_request.branch_name(application, check.drift, attempt),
            is_ours=work.is_ours,
        )
        outcome = propose(proposal, repository, forge)
    except (NotAdoptableError, ManifestError) as error:
        return Refused(error.args[0])
    except ForgeError as error:
        return Refused(str(error), error.retry_at)
    except PortError as error:
        return Refused(str(error))
    return Adopted(outcome, tuple(sorted(files))) if isinstance(outcome, PullRequest) else outcome


@dataclass(frozen=True, slots=True)
class _Adoption:
    """What is to be written, at any revision that the difference is adopted on."""

    application: Application
    check: Check
    repository: Repository
    manifest_cache: ManifestCache

    def files(self, revision: str) -> dict[str, bytes | None]:
        """The files to write anew, by path; None is taken out. NotAdoptableError, ManifestError, PortError."""
        source = self.application.source
        found = {file.path: file.content for file in self.repository.files(revision, source.path)}
        match source.kind or detect(found, source.path):
            case Kind.HELM:
                raise NotAdoptableError(self._look_into(found))
            case Kind.KUSTOMIZE:
                return self._overlay(revision, found)
            case Kind.PLAIN:
                return self._plain(revision, found)

    def is_ours(self, tip: str) -> bool:
        """Whether a branch's tip adopts just this, on its own parent."""
        commit = self.repository.commit(tip)
        if len(commit.parents) != 1:
            return False
        try:
            tree = self.repository.edited_tree(commit.parents[0], self.files(commit.parents[0]))
        except (NotAdoptableError, ManifestError):
            return False
        return tree == self.repository.tree_id(tip, "")

    def _plain(self, revision: str, files: Mapping[str, bytes]) -> dict[str, bytes | None]:
        declared = {manifest.key: manifest.file for manifest in self._manifests(revision)}
        by_file: dict[str, list[ObjectDrift]] = {}
        for found in self.check.drift:
            by_file.setdefault(declared.get(_key(found), ""), []).append(found)
        if missing := by_file.get(""):
            raise NotAdoptableError(LocalizedText(texts.NOT_RENDERED, kind=missing[0].kind, name=missing[0].name))
        return {
            file: adopt(file, files[file], drift, namespace=self.application.namespace)
            for file, drift in by_file.items()
        }

    def _overlay(self, revision: str, files: Mapping[str, bytes]) -> dict[str, bytes | None]:
        before = self._manifests(revision)
        written: dict[str, bytes | None] = dict(
            adopt_overlay(self.application.source.path, files, before, self.check.drift)
        )
        after = {each.key: each.object for each in self._manifests(self.repository.edited_tree(revision, written))}
        meant = {each.key: each.object for each in before}
        wanted = {_key(found): found for found in self.check.drift}
        for manifest in before:
            if (found := wanted.get(manifest.key)) is None:
                continue
            if found.change == "missing":
                del meant[manifest.key]
            else:
                meant[manifest.key] = expected(manifest, found)
        for key in meant.keys() | after.keys():
            if meant.get(key) != after.get(key):
                raise NotAdoptableError(LocalizedText(texts.NOT_PATCHABLE, kind=key[1], name=key[3]))
        return written

    def _manifests(self, revision: str) -> Sequence[Manifest]:
        nowhere = {(found.api_version, found.kind) for found in self.check.drift if found.namespace is None}
        return resolve(
            self.manifest_cache.manifests(self.repository, revision, self.application.source),
            namespace=self.application.namespace,
            namespaced=lambda api_version, kind: (api_version, kind) not in nowhere,
        )

    def _look_into(self, files: Mapping[str, bytes]) -> LocalizedText:
        """Where to look for the value: the chart's own defaults, and what the application gives it beside them."""
        path = self.application.source.path
        charts = {posixpath.dirname(file) for file in files if posixpath.basename(file) == CHART}
        given = [
            *self.application.source.helm.values,
            *(posixpath.join(each, "values.yaml") for each in sorted(charts)),
        ]
        field = next((field.path for found in self.check.drift for field in found.fields), "")
        return LocalizedText(
            texts.HELM,
            application=self.application.name,
            path=field or self.check.drift[0].name,
            files=", ".join(given[:4]) or path,
        )


def _key(found: ObjectDrift) -> tuple[str, str, str | None, str]:
    return found.api_version, found.kind, found.namespace, found.name

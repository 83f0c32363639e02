"""A simple deployer instead of Argo CD or Flux: applies the tracked branch to the sandbox cluster after a delay.

Like Argo CD without self-heal, it acts when a revision changes an application, and does not revert manual drift.
"""

import io
import subprocess
import tarfile
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Self

from bot.core.objects.documents import ManifestError
from bot.core.objects.manifest import Manifest, read_manifests
from bot.core.objects.resolve import resolve
from bot.sandbox.cluster.api import DEPLOYER, Api
from bot.sandbox.cluster.errors import ApiError

Key = tuple[str, str, str | None, str]

FIRST = {"Namespace": 0, "CustomResourceDefinition": 1}  # other objects need these


class GitError(Exception):
    """A git command failed; the message is git's own."""


@dataclass(slots=True)
class _Applied:
    tree: str = ""
    objects: dict[Key, Manifest] = field(default_factory=dict)


class Deployer:
    """Applies `applications`, pairs of a path in the repository and a namespace, by server-side apply with force.

    `repository` is a local (bare) repository, `interval` the seconds between two polls of its branch, `delay` the
    seconds between seeing a new revision and applying it. Applied objects that are no longer in git are deleted.
    Use as a context manager, or call `start` and `stop`; `sync` syncs once, right away.
    """

    def __init__(
        self,
        repository: str,
        branch: str,
        api: Api,
        applications: Sequence[tuple[str, str]],
        *,
        interval: float = 1.0,
        delay: float = 2.0,
        manager: str = "argocd-controller",
    ) -> None:
        self._repository = repository.removeprefix("file://")
        self._branch = branch
        self._api = api
        self._applied = {application: _Applied() for application in applications}
        self._interval, self._delay, self._manager = interval, delay, manager
        self._stopping = threading.Event()
        self._turn = threading.Lock()
        self._thread: threading.Thread | None = None
        self.revision: str | None = None
        self.errors: dict[str, str] = {}

    def start(self) -> Self:
        """Start polling the branch."""
        self._stopping.clear()
        self._thread = threading.Thread(target=self._follow, name="deployer", daemon=True)
        self._thread.start()
        return self

    def stop(self) -> None:
        """Stop polling; returns when the thread has ended."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(timeout=30)
            self._thread = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def sync(self) -> None:
        """Apply the branch's current tip. Then `errors` maps the paths of failed applications to errors."""
        with self._turn:
            try:
                revision = self._tip()
            except GitError as error:
                self.errors = {"": str(error)}
                return
            errors = {}
            for (path, namespace), applied in self._applied.items():
                try:
                    self._sync(revision, path, namespace, applied)
                except (GitError, ManifestError, ApiError) as error:
                    errors[path] = str(error)
            self.errors = errors
            self.revision = revision

    def _follow(self) -> None:
        while not self._stopping.is_set():
            try:
                moved = self._tip() != self.revision
            except GitError:
                moved = False  # the branch may not exist yet
            if moved and not self._stopping.wait(self._delay):
                self.sync()
            self._stopping.wait(self._interval)

    def _sync(self, revision: str, path: str, namespace: str, applied: _Applied) -> None:
        tree = self._git("rev-parse", "--verify", "--quiet", f"{revision}:{path}").decode().strip()
        if tree == applied.tree:
            return
        manifests = [m for name, content in self._files(tree) for m in read_manifests(f"{path}/{name}", content)]
        desired = {m.key: m for m in resolve(manifests, namespace=namespace, namespaced=self._namespaced)}
        for manifest in sorted(desired.values(), key=lambda m: FIRST.get(m.kind, len(FIRST))):
            document = dict(manifest.object)
            self._api.apply(document, manager=self._manager, namespace=manifest.namespace, identity=DEPLOYER)
            applied.objects[manifest.key] = manifest
        for key in applied.objects.keys() - desired.keys():
            self._delete(applied.objects.pop(key))
        applied.tree = tree

    def _delete(self, manifest: Manifest) -> None:
        try:
            path = self._api.path_of(manifest.object, manifest.namespace)
            self._api.call("DELETE", path, user_agent=self._manager, identity=DEPLOYER)
        except ApiError as error:
            if error.code != 404:  # already deleted
                raise

    def _namespaced(self, api_version: str, kind: str) -> bool | None:
        try:
            return self._api.kind_of(api_version, kind).namespaced
        except ApiError:
            return None

    # ------------------------------------------------------------ git

    def _tip(self) -> str:
        return self._git("rev-parse", "--verify", "--quiet", f"refs/heads/{self._branch}").decode().strip()

    def _files(self, tree: str) -> list[tuple[str, bytes]]:
        """The YAML and JSON files of a tree, sorted by path."""
        files = []
        with tarfile.open(fileobj=io.BytesIO(self._git("archive", "--format=tar", tree))) as archive:
            for member in archive:
                content = archive.extractfile(member) if member.isreg() else None
                if content is not None and member.name.endswith((".yaml", ".yml", ".json")):
                    files.append((member.name, content.read()))
        return sorted(files)

    def _git(self, *arguments: str) -> bytes:
        command = ["git", "-C", self._repository, *arguments]
        try:
            done = subprocess.run(command, capture_output=True, check=True, timeout=60)
        except (subprocess.SubprocessError, OSError) as error:
            stderr = getattr(error, "stderr", b"") or b""
            raise GitError(stderr.decode(errors="replace").strip() or f"git {arguments[0]} failed") from error
        return done.stdout

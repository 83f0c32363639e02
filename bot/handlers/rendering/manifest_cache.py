"""Caches rendered manifests by the git trees that they were rendered from."""

import logging
import os
import threading
import time
from bisect import bisect_left
from collections import OrderedDict, deque
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, replace

from cachetools import LRUCache, TTLCache

from bot.context_pool import ContextThreadPool
from bot.core.objects.documents import ManifestError
from bot.core.objects.manifest import Manifest
from bot.core.rendering.limits import MAX_TREES
from bot.core.rendering.remote_base import mounted_root
from bot.core.rendering.source import Source
from bot.handlers.rendering.bases import BasesOfCommit, MountedBases
from bot.handlers.rendering.gather import gather
from bot.handlers.rendering.gather_failures import GatherFailures, without_traceback
from bot.handlers.rendering.outside_paths import OutsidePaths
from bot.handlers.rendering.own_files import held_files, small_files
from bot.handlers.rendering.render import Rendering, render
from bot.handlers.rendering.render_request import RenderRequest
from bot.handlers.rendering.tree import Commit, RecordedTree, ids_of
from bot.ports.bases import Bases, BaseUnavailableError, LastingBaseError
from bot.ports.charts import ChartError, Charts, LastingChartError
from bot.ports.errors import PortError
from bot.ports.git import File, Repository, UnreadablePathError
from bot.ports.isolation import UnexpectedError, unexpected_as_port_error
from bot.ports.rendering import Renderer, RenderError, RenderPostponedError
from bot.ports.telemetry import NO_TELEMETRY, RENDER, RENDER_CACHE, Outcome, Telemetry
from bot.ports.tenant import for_tenant

_log = logging.getLogger(__name__)

# Per source: the tracked head, and both sides of a few merges.
_MAX_OUTCOMES = 4
_MAX_OUTSIDE = _MAX_OUTCOMES * MAX_TREES
_MAX_SOURCES = 20_000  # an application can have several
_UNUSED_FOR = 3600.0  # seconds until the manifests of a source are forgotten: its parameters may have changed
_MAX_IDS = 8192
_PARALLEL = min(4, os.cpu_count() or 1)
_RETRY_AFTER = 600.0  # seconds, since a failure such as a lack of memory may be temporary
_POSTPONED_FOR = 60.0  # seconds
_CHARTS_FRESH = 60.0  # seconds until charts without an exact version are fetched again
_MAX_COMMITS = 1_000  # among which to look for one with valid manifests

# Why the dependencies of a source cannot be read, for as long as its files or what it fetches stay the same.
_LASTING = (ManifestError, RenderError, ChartError, UnreadablePathError, BaseUnavailableError, UnexpectedError)

# Why a revision has no manifests, for a deployer too, or at least for a while. What is merely pending isn't among them.
INVALID = (ManifestError, RenderError, LastingChartError, LastingBaseError, UnreadablePathError)

# The rendered manifests, or why there are none.
_Outcome = Rendering | ManifestError | RenderError | RenderPostponedError
_SourceKey = tuple[str, str]  # repository, digest of the source
Inputs = tuple[tuple[str, str | None], ...]  # (path, id of the tree or blob) of everything it is rendered from


@dataclass(frozen=True, slots=True)
class LastValid:
    """A `revision` at which a source is valid; None if there is none.

    `was_invalid` means that the source became invalid after it, and `was_unrendered` that then it couldn't be rendered.
    """

    revision: str | None
    was_invalid: bool = False
    was_unrendered: bool = False


class ManifestCache:
    """Renders sources, each again only if a tree that it depends on has changed. Thread-safe.

    Without a `renderer`, only plain manifests can be read; without `charts`, none are fetched; without `bases`, remote
    bases are refused.
    """

    def __init__(
        self,
        renderer: Renderer | None = None,
        charts: Charts | None = None,
        bases: Bases | None = None,
        telemetry: Telemetry = NO_TELEMETRY,
    ) -> None:
        self._telemetry = telemetry
        self._renderer = renderer
        self._charts = charts
        self._bases = MountedBases(bases) if bases else None
        self._lock = threading.Lock()
        self._ids: OrderedDict[tuple[str, str, str], str | None] = OrderedDict()
        self._outside = OutsidePaths(_MAX_OUTSIDE)
        # Each with when it came about, and for which tenant. Whenever a source is used, it is put in again.
        self._outcomes: TTLCache[_SourceKey, LRUCache[Inputs, tuple[_Outcome, float, str]]]
        self._outcomes = TTLCache(_MAX_SOURCES, _UNUSED_FOR, timer=time.monotonic)
        self._gather_failures = GatherFailures()
        self._last_valid: LRUCache[tuple[str, str, str], tuple[LastValid, float]] = LRUCache(_MAX_SOURCES)

    def __len__(self) -> int:
        """The number of cached results."""
        with self._lock:
            return sum(map(len, self._outcomes.values()))

    def prepare(self, repository: Repository, revision: str, sources: Iterable[Source]) -> None:
        """Render many sources at a full sha with few git processes, so that `manifests` finds them in the cache.

        Errors in a source are raised by `manifests`. Raises RepositoryError for an invalid path or an unknown commit.
        """
        unread = self._unread(repository, revision, sources)
        if not unread:
            return
        commit = Commit(repository, revision)
        waiting: deque[Future[None]] = deque()

        def render_one(source: Source, files: Sequence[File] | None) -> None:
            for some in unread[source]:
                with suppress(PortError, ManifestError), unexpected_as_port_error(f"rendering of {source.path}"):
                    outcome = self._render(repository, revision, some, files, commit)
                    if not isinstance(outcome, RenderPostponedError):
                        return

        with ContextThreadPool(_PARALLEL, "render") as pool:
            for source, files in small_files(repository, revision, unread):
                waiting.append(pool.submit(render_one, source, files))
                if len(waiting) > 2 * _PARALLEL:  # bounds the files in memory
                    waiting.popleft().result()
            while waiting:
                waiting.popleft().result()

    def _unread(self, repository: Repository, revision: str, sources: Iterable[Source]) -> dict[Source, list[Source]]:
        """The sources without a result, each for the tenants that have none."""
        by_tenant: dict[Source, dict[str, Source]] = {}
        for source in sources:
            by_tenant.setdefault(source, {})[source.tenant] = source
        inputs = self._locate(repository, revision, list(by_tenant))
        unread: dict[Source, list[Source]] = {}
        for source, same in by_tenant.items():
            missing = [some for some in same.values() if self._cached(repository, some, inputs[source]) is None]
            if missing:
                unread[source] = missing
            self._telemetry.count(RENDER_CACHE, cache="memory", result="miss" if missing else "hit")
        return unread

    def inputs(self, repository: Repository, revision: str, sources: Iterable[Source]) -> dict[Source, Inputs]:
        """The inputs of each source at a full sha. Two commits with equal inputs have the same manifests.

        If its dependencies cannot be read, only the source's own path; see `known_inputs`. If that may be due to a
        failure of git, the path has another id in each commit. Raises RepositoryError.
        """
        inputs_by_source, lasting = self._read_inputs(repository, revision, sources)
        own_ids = {source: self._ids.get((repository.name, revision, source.path)) for source in lasting}
        unknown = f"unknown in {revision}"
        return {
            source: inputs or ((source.path, own_ids.get(source, unknown)),)
            for source, inputs in inputs_by_source.items()
        }

    def known_inputs(
        self, repository: Repository, revision: str, sources: Iterable[Source]
    ) -> dict[Source, Inputs | None]:
        """The `inputs` of each source; None if its dependencies cannot be read. Raises RepositoryError."""
        return self._read_inputs(repository, revision, sources)[0]

    def _read_inputs(
        self, repository: Repository, revision: str, sources: Iterable[Source]
    ) -> tuple[dict[Source, Inputs | None], set[Source]]:
        """See `known_inputs`; and the sources for which that lasts, since git did not fail."""
        unique = list(dict.fromkeys(sources))
        inputs_by_source = self._locate(repository, revision, unique)
        new = [source for source, inputs in inputs_by_source.items() if inputs is None]
        lasting: set[Source] = set()
        if not new:
            return inputs_by_source, lasting
        commit = Commit(repository, revision)
        for source, files in small_files(repository, revision, new):
            try:
                with (
                    unexpected_as_port_error(f"inputs of {source.path}"),
                    held_files(repository, revision, source, files) as own_files,
                ):
                    request = self._gather(repository, revision, source, own_files, commit)
                    self._remember_outside(repository, revision, source, request)
                    del request
            except _LASTING:
                lasting.add(source)
            except PortError as error:
                _log.warning("cannot read the inputs of %s in %s: %s", source.path, repository.name, error)
        return self._locate(repository, revision, unique), lasting

    def local_path(self, repository: Repository, source: Source, path: str) -> str | None:
        """The path of a source's input in its repository, also if a kustomization refers to it by the repository's URL.

        None if it is unknown whether the URL leads to the tracked branch. The base may have to be fetched, in the time
        of the source's tenant.
        """
        if self._bases is None or not mounted_root(path):
            return path
        with for_tenant(source.tenant):
            return self._bases.local_path(path, repository)

    def manifests(self, repository: Repository, revision: str, source: Source) -> tuple[Manifest, ...]:
        """The manifests of a source at a full sha; identical for identical trees. Raises PortError, ManifestError."""
        return self.rendering(repository, revision, source).manifests

    def declared(self, repository: Repository, revision: str | None, source: Source) -> tuple[Manifest, ...]:
        """The manifests, also of unknown objects; none if the path does not exist at the revision, or that is None."""
        if revision is None or repository.tree_id(revision, source.path) is None:
            return ()
        rendering = self.rendering(repository, revision, source)
        return rendering.manifests + rendering.unknown_objects

    def last_valid(self, repository: Repository, revision: str | None, source: Source) -> LastValid:
        """The revision or, if the source is invalid there, the first-parent commit before it became invalid.

        Tries commits at distances that double, and then those between the last two by halves, since most commits don't
        change the source. Raises PortError if it can't be read at one of them.
        """
        if revision is None:
            return LastValid(None)
        key = repository.name, revision, source.digest
        with self._lock:
            last, at = self._last_valid.get(key, (LastValid(revision), 0.0))
        if last.was_unrendered and time.monotonic() - at > _RETRY_AFTER:
            last = LastValid(revision)
        errors: list[Exception] = []
        try:
            self.declared(repository, last.revision, source)
        except INVALID as error:
            errors.append(error)
        else:
            return last
        commits = repository.first_parent(None, revision, limit=_MAX_COMMITS)

        def is_valid(index: int) -> bool:
            try:
                self.declared(repository, commits[index].sha, source)
            except INVALID as error:
                errors.append(error)
                return False
            return True

        low = high = 0
        while high < len(commits) and not is_valid(high):
            low, high = high + 1, 2 * high + 1
        index = low + bisect_left(range(low, min(high, len(commits))), True, key=is_valid)
        last = LastValid(
            commits[index].sha if index < len(commits) else None,
            was_invalid=True,
            was_unrendered=any(not isinstance(error, ManifestError) for error in errors),
        )
        with self._lock:
            self._last_valid[key] = last, time.monotonic()
        return last

    def rendering(self, repository: Repository, revision: str, source: Source) -> Rendering:
        """The manifests, and which objects could not be rendered. Raises PortError, ManifestError."""
        inputs = self._locate(repository, revision, [source])[source]
        outcome = self._cached(repository, source, inputs)
        if outcome is None:
            outcome = self._render(repository, revision, source, None, Commit(repository, revision))
        if not isinstance(outcome, Rendering):
            raise without_traceback(outcome)
        return outcome

    def _locate(self, repository: Repository, revision: str, sources: Sequence[Source]) -> dict[Source, Inputs | None]:
        """The inputs of each source; None if they are known only once it is rendered. Raises RepositoryError."""
        with self._lock:
            while len(self._ids) > _MAX_IDS:
                self._ids.popitem(last=False)
        base_ids: dict[str, str | None] = {}  # read again each time, since a ref may have moved
        while True:
            with self._lock:
                resolved = {
                    source: self._resolve_inputs(repository.name, revision, source, base_ids) for source in sources
                }
            new: dict[str, set[str]] = {}  # the tenants that need each path
            for source, (_, unidentified) in resolved.items():
                for path in unidentified:
                    new.setdefault(path, set()).add(source.tenant)
            if not new:
                return {source: inputs for source, (inputs, _) in resolved.items()}
            if self._bases:
                base_ids |= {
                    path: self._bases.tree_id(path, new[path], repository, revision)
                    for path in new
                    if mounted_root(path)
                }
            self._read_ids(repository, revision, [path for path in new if path not in base_ids])

    def _gather(
        self, repository: Repository, revision: str, source: Source, files: Sequence[File], commit: Commit
    ) -> RenderRequest:
        tree = RecordedTree(commit)
        bases = BasesOfCommit(self._bases, repository, commit) if self._bases else None
        with self._gather_failures.remembered(repository, revision, source, tree, bases):
            return gather(tree, source, files, self._charts, bases)

    def _read_ids(self, repository: Repository, revision: str, paths: Sequence[str]) -> None:
        ids = ids_of(repository, revision, paths)
        with self._lock:
            self._ids.update({(repository.name, revision, path): id_ for path, id_ in ids.items()})

    def _resolve_inputs(
        self, repository: str, revision: str, source: Source, base_ids: Mapping[str, str | None]
    ) -> tuple[Inputs | None, list[str]]:
        """The inputs of a source if all are known, and the paths whose ids are unknown."""
        inputs: dict[str, str | None] = {}
        outside_of = self._outside.of((repository, source.digest))
        todo, unidentified, is_complete = [source.path], [], True
        while todo:
            path = todo.pop()
            if path in inputs:
                continue
            place = repository, revision, path
            if path not in base_ids and place not in self._ids:
                unidentified.append(path)
                continue
            tree = inputs[path] = base_ids[path] if path in base_ids else self._ids[place]
            outside = outside_of.get((path, tree))
            if tree is None:
                continue  # there is nothing at the path
            if outside is None:
                is_complete = False
            else:
                todo += outside
        return (tuple(sorted(inputs.items())) if is_complete and not unidentified else None), unidentified

    def _cached(self, repository: Repository, source: Source, inputs: Inputs | None) -> _Outcome | None:
        key = repository.name, source.digest
        with self._lock:
            outcomes = self._outcomes.get(key)
            if outcomes is None or inputs is None or inputs not in outcomes:
                return None
            self._outcomes[key] = outcomes
            outcome, at, tenant = outcomes[inputs]
        if isinstance(outcome, RenderPostponedError) and tenant != source.tenant:
            return None
        age = time.monotonic() - at
        if isinstance(outcome, Rendering):
            is_due = bool(outcome.floating_digest) and age > _CHARTS_FRESH
        else:
            wait = _POSTPONED_FOR if isinstance(outcome, RenderPostponedError) else _RETRY_AFTER
            is_due = not isinstance(outcome, ManifestError) and age > wait
        return None if is_due else outcome

    def _render(
        self, repository: Repository, revision: str, source: Source, files: Sequence[File] | None, commit: Commit
    ) -> _Outcome:
        outcome: _Outcome
        measured = self._telemetry.measure(RENDER, repository=repository.name, path=source.path)
        with held_files(repository, revision, source, files) as own_files, measured as operation:
            request = self._gather(repository, revision, source, own_files, commit)
            digest = request.floating_digest()
            try:
                outcome = self._from_same_files(repository, source, digest) or replace(
                    render(request, self._renderer), floating_digest=digest
                )
            except (ManifestError, RenderError, RenderPostponedError) as error:
                outcome = without_traceback(error)
            if not isinstance(outcome, Rendering):
                operation.outcome = Outcome.ERROR
        self._remember_outside(repository, revision, source, request)
        inputs = self._locate(repository, revision, [source])[source]
        with self._lock:
            if inputs is not None:  # None if an id was evicted in the meantime
                key = repository.name, source.digest
                outcomes = self._outcomes[key] = self._outcomes.get(key) or LRUCache(_MAX_OUTCOMES)
                outcomes[inputs] = outcome, time.monotonic(), source.tenant
        return outcome

    def _from_same_files(self, repository: Repository, source: Source, digest: str) -> Rendering | None:
        """The last rendering, if fetching its floating charts again changed none of their files."""
        if not digest:
            return None
        with self._lock:
            outcomes = [outcome for outcome, *_ in self._outcomes.get((repository.name, source.digest), {}).values()]
        same = (outcome for outcome in outcomes if isinstance(outcome, Rendering) and outcome.floating_digest == digest)
        return next(same, None)

    def _remember_outside(self, repository: Repository, revision: str, source: Source, request: RenderRequest) -> None:
        """Remember the other paths that the trees of a source depend on."""
        name, base_ids = repository.name, request.base_ids
        local_paths = [path for path in request.outside if path not in base_ids]
        self._read_ids(repository, revision, [path for path in local_paths if (name, revision, path) not in self._ids])
        with self._lock:
            ids = {path: self._ids.get((name, revision, path)) for path in request.outside} | base_ids
            outside_of = {(path, ids[path]): needed for path, needed in request.outside.items()}
            self._outside.add((name, source.digest), outside_of)

"""The manifests of sources at commits, remembered by the git trees that they were made of."""

import os
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress

from cachetools import LRUCache

from bot.core.objects.manifest import Manifest, ManifestError
from bot.core.rendering.source import Source
from bot.handlers.rendering.render import Rendering, gather, make
from bot.handlers.rendering.tree import Commit
from bot.ports.errors import PortError
from bot.ports.git import File, Repository
from bot.ports.isolation import unexpected_as_port_error
from bot.ports.rendering import Renderer, RenderError, RenderStoppedError

# Of one source: the tracked head, and merges on their way with what was before each.
_REMEMBERED_TREES = 4
_REMEMBERED_REVISIONS = 8192
_PARALLEL = min(4, os.cpu_count() or 1)
_TRIED_AGAIN_AFTER = 600.0  # seconds, for what took too long

_Read = Rendering | ManifestError | RenderError  # of some trees, or why they hold none
_Tree = tuple[str, Source | None, str, str | None]  # repository, source where its parameters count, path, id
Inputs = tuple[tuple[str, str | None], ...]  # each path that was read, with the id of what is there


class ManifestCache:
    """Manifests by source and the trees of all paths that it needs: what did not change in git is not made again.

    Any thread may call. Without a `renderer` plain manifests alone can be read.
    """

    def __init__(self, renderer: Renderer | None = None) -> None:
        self._renderer = renderer
        self._lock = threading.Lock()
        self._ids: OrderedDict[tuple[str, str, str], str | None] = OrderedDict()
        # What a tree at a path needs beside itself; that of a source's own path may hang on its parameters.
        self._outside: LRUCache[_Tree, Sequence[str]] = LRUCache(_REMEMBERED_REVISIONS)
        self._made: dict[tuple[str, Source], LRUCache[Inputs, tuple[_Read, float]]] = {}

    def __len__(self) -> int:
        """How many results are held."""
        with self._lock:
            return sum(map(len, self._made.values()))

    def prepare(self, repository: Repository, revision: str, sources: Iterable[Source]) -> None:
        """Make the manifests of many sources at a full sha with few gits, before `manifests` is asked for each.

        RepositoryError when one of the paths cannot be in a repository, or there is no such commit.
        """
        wanted = list(dict.fromkeys(sources))
        inputs = self._locate(repository, revision, wanted)
        unread = [source for source in wanted if self._known(repository, source, inputs[source]) is None]
        if not unread:
            return
        commit = Commit(repository, revision)
        waiting: deque[Future[None]] = deque()

        def one(source: Source, files: Sequence[File]) -> None:
            # It shows when the source is asked for.
            with suppress(PortError, ManifestError), unexpected_as_port_error(f"rendering of {source.path}"):
                self._make(repository, revision, source, files, commit)

        with ThreadPoolExecutor(_PARALLEL, "render") as pool:
            for source, files in zip(
                unread, repository.files_of(revision, [each.path for each in unread]), strict=True
            ):
                if files is not None:
                    waiting.append(pool.submit(one, source, files))
                if len(waiting) > 2 * _PARALLEL:  # so that few files are held
                    waiting.popleft().result()
            while waiting:
                waiting.popleft().result()

    def inputs(self, repository: Repository, revision: str, sources: Iterable[Source]) -> dict[Source, Inputs]:
        """What each source is made of at a full sha; two commits with the same have the same manifests.

        Where it cannot be followed, the source's own path alone; see `unfollowed`. RepositoryError.
        """
        wanted = list(dict.fromkeys(sources))
        found = self._locate(repository, revision, wanted)
        commit = Commit(repository, revision)
        new = [source for source, inputs in found.items() if inputs is None]
        for source, files in zip(new, repository.files_of(revision, [each.path for each in new]), strict=True):
            with suppress(PortError, ManifestError), unexpected_as_port_error(f"inputs of {source.path}"):
                if files is not None:
                    self._keep(repository, revision, source, gather(commit, source, files).outside)
        found = self._locate(repository, revision, wanted)
        own = {source: self._ids.get((repository.name, revision, source.path)) for source in wanted}
        return {source: inputs or ((source.path, own[source]),) for source, inputs in found.items()}

    def unfollowed(self, repository: Repository, revision: str, sources: Iterable[Source]) -> set[Source]:
        """Those of which `inputs` cannot say all they are made of, since they cannot be read. RepositoryError."""
        wanted = list(dict.fromkeys(sources))
        self.inputs(repository, revision, wanted)
        return {source for source, inputs in self._locate(repository, revision, wanted).items() if inputs is None}

    def manifests(self, repository: Repository, revision: str, source: Source) -> tuple[Manifest, ...]:
        """The manifests of a source at a full sha; the same ones for the same trees. PortError, ManifestError."""
        return self.rendering(repository, revision, source).manifests

    def declared(self, repository: Repository, revision: str | None, source: Source) -> tuple[Manifest, ...]:
        """The same, and nothing where the source's path is not there, yet or any more; or there is no revision."""
        if revision is None or dict(self.inputs(repository, revision, [source])[source]).get(source.path) is None:
            return ()
        return self.manifests(repository, revision, source)

    def rendering(self, repository: Repository, revision: str, source: Source) -> Rendering:
        """The same, with what came out differently each time."""
        inputs = self._locate(repository, revision, [source])[source]
        found = self._known(repository, source, inputs)
        if found is None:
            files = repository.files(revision, source.path)
            found = self._make(repository, revision, source, files, Commit(repository, revision))
        if isinstance(found, ManifestError):
            raise ManifestError(found.file, found.line, found.problem)
        if isinstance(found, RenderError):
            raise type(found)(found.text)
        return found

    def _locate(self, repository: Repository, revision: str, sources: Sequence[Source]) -> dict[Source, Inputs | None]:
        """All that each source needs, with ids; None for one of which that is not known before it is read."""
        with self._lock:
            while len(self._ids) > _REMEMBERED_REVISIONS:
                self._ids.popitem(last=False)
        while True:
            with self._lock:
                walked = {source: self._walk(repository.name, revision, source) for source in sources}
            new = list(dict.fromkeys(path for _, without_id in walked.values() for path in without_id))
            if not new:
                return {source: inputs for source, (inputs, _) in walked.items()}
            self._identify(repository, revision, new)

    def _identify(self, repository: Repository, revision: str, paths: Sequence[str]) -> None:
        ids = repository.tree_ids(revision, paths) if paths else []
        with self._lock:
            for path, id_ in zip(paths, ids, strict=True):
                self._ids[repository.name, revision, path] = id_

    def _walk(self, repository: str, revision: str, source: Source) -> tuple[Inputs | None, list[str]]:
        """What a source needs as far as it is known, and the paths among it whose ids are not."""
        inputs: dict[str, str | None] = {}
        todo, without_id, whole = [source.path], [], True
        while todo:
            path = todo.pop()
            if path in inputs:
                continue
            place = repository, revision, path
            if place not in self._ids:
                without_id.append(path)
                continue
            tree = inputs[path] = self._ids[place]
            outside = self._outside.get((repository, source if path == source.path else None, path, tree))
            if tree is None:
                continue  # there is nothing, and it needs nothing
            if outside is None:
                whole = False
            else:
                todo += outside
        return (tuple(sorted(inputs.items())) if whole and not without_id else None), without_id

    def _known(self, repository: Repository, source: Source, inputs: Inputs | None) -> _Read | None:
        with self._lock:
            made = self._made.get((repository.name, source))
            if made is None or inputs is None or inputs not in made:
                return None
            found, at = made[inputs]
        stopped = isinstance(found, RenderStoppedError) and time.monotonic() - at > _TRIED_AGAIN_AFTER
        return None if stopped else found

    def _make(
        self, repository: Repository, revision: str, source: Source, files: Sequence[File], commit: Commit
    ) -> _Read:
        found: _Read
        gathered = gather(commit, source, files)
        try:
            found = make(gathered, self._renderer)
        except ManifestError as error:
            found = ManifestError(error.file, error.line, error.problem)  # the caught one would keep the files' bytes
        except RenderError as error:
            found = type(error)(error.text)
        self._keep(repository, revision, source, gathered.outside)
        inputs = self._locate(repository, revision, [source])[source]
        with self._lock:
            made = self._made.setdefault((repository.name, source), LRUCache(_REMEMBERED_TREES))
            if inputs is not None:  # else it was forgotten meanwhile
                made[inputs] = found, time.monotonic()
        return found

    def _keep(
        self, repository: Repository, revision: str, source: Source, outside: Mapping[str, Sequence[str]]
    ) -> None:
        """Remember what the trees of a source need beside themselves."""
        name = repository.name
        self._identify(repository, revision, [path for path in outside if (name, revision, path) not in self._ids])
        with self._lock:
            for path, needed in outside.items():
                tree = self._ids.get((name, revision, path))
                self._outside[name, source if path == source.path else None, path, tree] = needed

"""A chart as a `ports.Repository`, without history: its revisions are the digests of its packages."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from typing import TypeVar

from bot.core.charts.reference import ChartRef
from bot.core.git.commit import Commit
from bot.core.git.target_revision import ResolvedRevision
from bot.core.rendering.source import is_within, normalize_path
from bot.file_memory import reserve
from bot.i18n.catalogue import chart as texts
from bot.i18n.language import LocalizedText
from bot.ports.charts import Charts, NotCachedError
from bot.ports.git import File, LinksBelow, Merged, Repository, RepositoryError, RevisionNotFoundError

_Read = TypeVar("_Read")


class _NoLinks:
    """`ports.Links` of a package: links are refused when it is unpacked."""

    def target(self, path: str) -> None:
        del path

    def submodule(self, path: str) -> None:
        del path

    def below(self, path: str) -> LinksBelow:
        del path
        return LinksBelow()


class ChartRepository(Repository):
    """The package of one chart; its files are below a directory with the chart's name. Thread-safe."""

    is_branch = False

    def __init__(self, chart: ChartRef, charts: Charts) -> None:
        self.name = chart.ref.key
        self.url = chart.ref.name
        self._chart = chart
        self._charts = charts
        self._head: str | None = None
        self._version = chart.version

    @property
    def branch(self) -> str:
        return self._version

    def fetch(self) -> str:
        fetched = self._charts.fetch(self._chart)
        self._head, self._version = fetched.revision, fetched.version
        return fetched.revision

    def update_mirror(self) -> None:
        self.fetch()

    def fetched_revision(self) -> ResolvedRevision:
        return self.resolved_revision()

    def fetch_if_moved(self) -> str:
        return self.fetch()

    def head(self) -> str:
        return self._head or self.fetch()

    def resolved_revision(self) -> ResolvedRevision:
        return ResolvedRevision("tag", self._version, self.head())

    def known_revision(self) -> ResolvedRevision | None:
        return ResolvedRevision("tag", self._version, self._head) if self._head else None

    def tip(self, branch: str) -> str | None:
        del branch
        return None

    def has_branch(self, branch: str) -> bool:
        del branch
        return False

    def has_branches_under(self, branch: str) -> bool:
        del branch
        return False

    def resolve(self, text: str) -> Commit:
        raise RevisionNotFoundError(self._not_git(), ()) if text else self._error()

    def commit(self, sha: str) -> Commit:
        """The package with this digest, as a commit without parents."""
        at = datetime.fromtimestamp(0, UTC)
        return Commit(sha, (), f"{self._chart.name} {self._version}", self._chart.host, "", at)

    def read_commits(self, shas: Sequence[str]) -> list[Commit]:
        return [self.commit(sha) for sha in shas]

    def is_ancestor(self, sha: str, of: str) -> bool:
        return sha == of

    def merge_base(self, one: str, other: str) -> str | None:
        return one if one == other else None

    def first_parent(self, since: str | None, until: str, *, path: str | None = None, limit: int = 100) -> list[Commit]:
        del since, until, path, limit
        return []

    def mainline(self, since: str, until: str, *, limit: int) -> list[tuple[str | None, Commit]]:
        del since, until, limit
        return []

    def changes(self, since: str, until: str, *, limit: int) -> list[tuple[str, list[str]]]:
        del since, until, limit
        return []

    def differs(self, one: str | None, other: str, paths: Sequence[str]) -> bool:
        return any((self.tree_id(one, path) if one else None) != self.tree_id(other, path) for path in paths)

    def commits(self, since: str | None, until: str, *, limit: int = 100) -> list[Commit]:
        del since, until, limit
        return []

    def tree_id(self, revision: str, path: str) -> str | None:
        files = self._below(revision, path)
        id_ = sha256()
        for file in files:
            id_.update(f"{file.path}\n{len(file.content)}\n".encode() + file.content)
        return id_.hexdigest() if files else None

    def tree_ids(self, revision: str, paths: Sequence[str]) -> list[str | None]:
        return [self.tree_id(revision, path) for path in paths]

    def files(self, revision: str, path: str) -> list[File]:
        reserve(self._size(revision))
        files = self._below(revision, path)
        if not files:
            raise self._error()
        return files

    def links(self, revision: str) -> _NoLinks:
        del revision
        return _NoLinks()

    def files_of(
        self, revision: str, paths: Sequence[str], *, most_bytes: int | None = None
    ) -> Iterator[list[File] | None]:
        is_large = most_bytes is not None and self._size(revision) > most_bytes
        for path in paths:
            yield None if is_large else self._below(revision, path) or None

    def changed_paths(self, base: str | None, revision: str) -> list[str]:
        return [] if base == revision else [self._chart.name]

    def merge_trees(self, base: str, ours: str, theirs: str) -> Merged:
        del base, ours, theirs
        raise self._error()

    def fetch_commit(self, sha: str) -> bool:
        del sha
        return False

    def merge(self, ours: str, theirs: str, *, follow_directories: bool = True) -> Merged:
        del ours, theirs, follow_directories
        raise self._error()

    def edited_tree(self, revision: str, files: Mapping[str, bytes | None]) -> str:
        del revision, files
        raise self._error()

    def push_commit(self, *, branch: str, tree: str, parent: str, message: str, head: str | None = None) -> str:
        del branch, tree, parent, message, head
        raise self._error()

    def _below(self, revision: str, path: str) -> list[File]:
        files = self._read(self._charts.files, revision)
        paths = ((f"{self._chart.name}/{name}", content) for name, content in files.items())
        return [File(name, content) for name, content in paths if is_within(name, normalize_path(path))]

    def _size(self, revision: str) -> int:
        return self._read(self._charts.size, revision)

    def _read(self, read: Callable[[ChartRef, str], _Read], revision: str) -> _Read:
        try:
            return read(self._chart, revision)
        except NotCachedError as error:
            raise RevisionNotFoundError(error.text) from error

    def _error(self) -> RepositoryError:
        return RepositoryError(self._not_git())

    def _not_git(self) -> LocalizedText:
        return LocalizedText(texts.NOT_GIT, chart=self._chart.title, host=self._chart.host)

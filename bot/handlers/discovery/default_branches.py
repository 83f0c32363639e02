"""The default branches of the configured repositories, which identify the applications that track HEAD."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

from bot.core.applications.discovery import DiscoveredApplication, DiscoveryResult
from bot.core.applications.resource_ref import ResourceRef
from bot.core.git.git_url import normalize
from bot.core.git.repository_ref import RepositoryRef
from bot.core.git.target_revision import HEAD, TargetRevision
from bot.handlers.discovery.last_known import LastKnown
from bot.i18n.catalogue import check as texts
from bot.i18n.language import LocalizedText, Text
from bot.ports.errors import PortError
from bot.ports.git import Repository
from bot.ports.isolation import unexpected_as_port_error


class DefaultBranches:
    """The last known default branch of each repository in `urls`, which are by name. Thread-safe.

    `repository` returns a repository by the key of its `RepositoryRef`; `wait_seconds` are as for LastKnown.
    """

    def __init__(
        self, urls: Mapping[str, str], repository: Callable[[str], Repository], wait_seconds: float | None
    ) -> None:
        self._urls = {name: normalize(url) for name, url in urls.items()}
        self._repository = repository
        self._branches = LastKnown("default branch", self._read, wait_seconds)

    def all(self) -> dict[str, str]:
        """Those that are known, by the repository's name. Repositories with the same URL have the same one."""
        branches = self._branches.all()
        by_url = {self._urls[name]: branch for name, branch in branches.items()}
        return {name: branches.get(name, by_url[url]) for name, url in self._urls.items() if url in by_url}

    def waiting(self, results: Sequence[DiscoveryResult]) -> dict[tuple[ResourceRef, str], Text]:
        """The applications whose default branch isn't known yet, with the reason: why it couldn't be read, if so."""
        known = self.all()
        reasons = {
            self._urls[name]: self._branches.error(name) or LocalizedText(texts.STILL_FETCHED, repository=name)
            for name in reversed(self._urls)
            if name not in known
        }
        return {key: reasons[url] for key, url in _urls_at_head(results) if url in reasons}

    def read_unknown(self, results: Sequence[DiscoveryResult]) -> set[str]:
        """Read those that resources wait for, within the limit. Returns the repositories of the others."""
        names = self._at_head(results)
        for name in names:
            self._read_from_mirror(name)
        known = names & self.all().keys()
        self._branches.refresh(names - known)
        return known

    def read_now(self, repository: str, results: Sequence[DiscoveryResult]) -> None:
        """Read that of a repository, without the limit, if resources wait for it."""
        if repository in self._at_head(results) - self.all().keys() and not self._read_from_mirror(repository):
            self._branches.read(repository)

    def refresh(self, repositories: set[str]) -> None:
        """Read those of these repositories again, within the limit."""
        self._branches.refresh(repositories)

    def _at_head(self, results: Sequence[DiscoveryResult]) -> set[str]:
        """The repositories whose default branch matters."""
        urls = {url for _, url in _urls_at_head(results)}
        return {name for name, url in self._urls.items() if url in urls}

    def _read_from_mirror(self, repository: str) -> bool:
        """Whether the default branch was read since the start, or is in the mirror from before."""
        if self._branches[repository] is None:
            with suppress(PortError), unexpected_as_port_error(f"default branch of {repository}"):
                if resolved := self._at(repository).known_revision():
                    self._branches[repository] = resolved.name
        return self._branches[repository] is not None

    def _read(self, repository: str) -> str:
        at_head = self._at(repository)
        at_head.fetch()
        return at_head.resolved_revision().name

    def _at(self, repository: str) -> Repository:
        return self._repository(RepositoryRef(repository, TargetRevision(HEAD)).key)


def _urls_at_head(results: Sequence[DiscoveryResult]) -> list[tuple[tuple[ResourceRef, str], str]]:
    """The keys of the applications that track HEAD, each with the URL of the repository."""
    at_head = [item for item in results if isinstance(item, DiscoveredApplication) and item.revision.text == HEAD]
    return [(item.key, normalize(item.url)) for item in at_head]

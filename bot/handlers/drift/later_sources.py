"""The objects that later sources of the same resource declare: in Argo CD, the last source wins.

https://argo-cd.readthedocs.io/en/stable/user-guide/multiple_sources/
"""

from collections.abc import Callable, Mapping
from dataclasses import replace

from bot.core.applications.application import Application
from bot.core.git.repository_ref import RepositoryRef
from bot.core.objects.documents import ManifestError
from bot.core.objects.manifest import Manifest
from bot.core.rendering.source import Source
from bot.handlers.rendering.manifest_cache import ManifestCache
from bot.i18n.catalogue import check as texts
from bot.i18n.language import LocalizedText
from bot.ports.errors import PortError
from bot.ports.git import Repository
from bot.ports.isolation import unexpected_as_port_error

Revision = str | PortError  # a full sha, or why git didn't answer
Identity = tuple[str, str, str, str]  # API group, kind, namespace, and name
_DeclaredIdentity = tuple[str, str, str | None, str]


class LaterSources:
    """The objects that the later sources of a resource declare, which win. Reads each source once."""

    def __init__(
        self,
        revision_of: Callable[[str], Revision | None],
        repositories: Mapping[str, Repository],
        manifest_cache: ManifestCache,
    ) -> None:
        self._revision_of = revision_of
        self._repositories = repositories
        self._manifest_cache = manifest_cache
        self._declared: dict[tuple[str, Source], frozenset[_DeclaredIdentity] | PortError] = {}

    def overrides(self, application: Application) -> Callable[[Manifest], bool]:
        """Whether a later source declares a manifest of the application, too. Raises PortError if one can't be read."""
        declared = [
            self._of(reference, replace(source, tenant=application.tenant))
            for reference, source in application.later_sources
        ]

        def is_overridden(manifest: Manifest) -> bool:
            group, kind, namespace, name = identity(manifest, application)
            namespaces = (namespace, None) if namespace == application.namespace else (namespace,)
            return any((group, kind, candidate, name) in some for some in declared for candidate in namespaces)

        return is_overridden

    def _of(self, reference: RepositoryRef, source: Source) -> frozenset[_DeclaredIdentity]:
        key = reference.key, source
        if key not in self._declared:
            self._declared[key] = self._read(reference, source)
        if isinstance(declared := self._declared[key], PortError):
            raise declared
        return declared

    def _read(self, reference: RepositoryRef, source: Source) -> frozenset[_DeclaredIdentity] | PortError:
        try:
            with unexpected_as_port_error(f"later source at {source.path} in {reference.key}"):
                revision = self._revision_of(reference.key)
                if not isinstance(revision, str):
                    raise revision or PortError(LocalizedText(texts.NOT_FETCHED, repository=reference.name))
                rendering = self._manifest_cache.rendering(self._repositories[reference.key], revision, source)
        except (ManifestError, PortError) as error:
            return PortError(LocalizedText(texts.LATER_SOURCE, path=source.path or ".", why=error.text))
        return frozenset(manifest.identity for manifest in (*rendering.manifests, *rendering.unknown_objects))


def identity(manifest: Manifest, application: Application) -> Identity:
    """The identity of an object in its namespace, or else in the application's."""
    group, kind, namespace, name = manifest.identity
    return group, kind, namespace or application.namespace, name

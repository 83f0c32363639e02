"""An application: what the bot watches."""

from collections.abc import Collection
from dataclasses import dataclass, replace

from bot.core.applications.resource_ref import ResourceRef
from bot.core.drift.ignore_rules import IgnoreRule
from bot.core.git.repository_ref import RepositoryRef
from bot.core.rendering.source import DirectoryParameters, HelmParameters, Source, SourceType, normalize_path
from bot.i18n.language import Text


@dataclass(frozen=True, slots=True)
class Application:
    """A path in a repository at a tracked revision, aimed at a cluster and namespace.

    `cluster` is a name in the configuration and `channel` a Slack channel ID. `origin` is the resource that declares
    it, None if the configuration does. `owners` are Slack user IDs and user group IDs: people to ask, without
    additional rights. With `helm`, `path` is a chart. `rendered` replaces `path` and `helm` if a deployer declares how
    it renders them. `ignore` are the application's own ignore rules. With `skip_other_yaml`, YAML files in the path
    that aren't Kubernetes objects are skipped. `notes` are sentences about settings of the deployer that the bot does
    not apply. `prunes` is whether the resource deletes objects that are removed from git. `later_sources` are the
    sources that follow in the same resource, which override the objects that they declare too.
    """

    name: str
    repository: RepositoryRef
    path: str
    cluster: str
    namespace: str
    channel: str
    origin: ResourceRef | None = None
    owners: tuple[str, ...] = ()
    helm: HelmParameters | None = None
    rendered: Source | None = None
    ignore: tuple[IgnoreRule, ...] = ()
    skip_other_yaml: bool = False
    notes: tuple[Text, ...] = ()
    prunes: bool = True
    later_sources: tuple[tuple[RepositoryRef, Source], ...] = ()

    def may_be_deployed_by(self, resource: ResourceRef, namespaces: Collection[str]) -> bool:
        """Whether a resource may be the deployer of this configured application.

        Only resources in `namespaces`, which are trusted, or in the application's own namespace can be.
        """
        is_own = (resource.cluster, resource.namespace) == (self.cluster, self.namespace)
        return is_own or resource.namespace in namespaces

    @property
    def repositories(self) -> tuple[RepositoryRef, ...]:
        """The repositories that a check reads, the application's own first."""
        return self.repository, *(repository for repository, _ in self.later_sources)

    @property
    def tenant(self) -> str:
        """Who can declare it: those with rights to a namespace, or "" for the configuration."""
        return f"{self.origin.cluster}/{self.origin.namespace}" if self.origin else ""

    @property
    def source(self) -> Source:
        """Where its manifests come from. A Helm release is named after the application, as in Argo CD."""
        if self.rendered is not None:
            return replace(self.rendered, tenant=self.tenant)
        helm = self.helm or HelmParameters()
        helm = replace(helm, release_name=helm.release_name or self.name, namespace=helm.namespace or self.namespace)
        directory = DirectoryParameters(skip_other_yaml=self.skip_other_yaml)
        source_type = SourceType.HELM if self.helm else None
        return Source(normalize_path(self.path), source_type, helm, directory, tenant=self.tenant)

"""`applications.NAME`: an application, and the parameters of its Helm chart."""

from typing import Annotated

from pydantic import Field

from bot.config.sections.section import Section
from bot.config.values import (
    A_CHANNEL,
    WHO_MAY,
    Allowed,
    Channel,
    Flag,
    Namespace,
    RepositoryPath,
    Revision,
    UserOrGroupId,
    matching,
)
from bot.core.applications.application import Application
from bot.core.git.repository_ref import RepositoryRef
from bot.core.git.target_revision import Newest, TargetRevision
from bot.core.rendering.source import HelmParameters


class HelmConfig(Section):
    """What to pass to Helm for an application whose path is a chart."""

    release: Annotated[str, matching(r"[a-z0-9]([-a-z0-9.]{0,51}[a-z0-9])?")] = Field(
        default="", description="a release name of at most 53 lowercase letters, digits, '-' and '.'"
    )
    namespace: Namespace = ""
    values: tuple[Annotated[str, matching(r"[^\n]+")], ...] = Field(
        default=(),
        description="a list of files, relative to the application's path or, with a leading '/', to the root",
    )
    set: dict[str, str] = Field(default={}, description="a mapping of values, as for helm --set")
    set_string: dict[str, str] = Field(default={}, description="a mapping of values, as for helm --set-string")
    api_versions: tuple[Annotated[str, matching(r"[\w./-]+")], ...] = Field(
        default=(), description="a list of API versions such as monitoring.coreos.com/v1"
    )
    kube_version: Annotated[str, matching(r"v?\d++\.\d++(\.\d++)?[-+.\w]*")] = Field(
        default="", description="a Kubernetes version such as 1.33.0"
    )
    crds: Flag = True

    def parameters(self) -> HelmParameters:
        """As core's type."""
        return HelmParameters(
            release_name=self.release,
            namespace=self.namespace,
            values_files=self.values,
            set=tuple(self.set.items()),
            set_string=tuple(self.set_string.items()),
            api_versions=self.api_versions,
            kube_version=self.kube_version,
            include_crds=self.crds,
        )


class ApplicationConfig(Section):
    """A path in a repository, the cluster and namespace that it is deployed to, and who may act on it in Slack."""

    repository: str = Field(description="the name of a configured repository")
    path: RepositoryPath = Field(
        description="a path inside the repository such as apps/shop, without '..' or a leading '/'"
    )
    revision: Revision = Field(
        default="",
        description="a branch, tag, commit SHA, pattern such as release-* or version range such as '>=1.2 <2'",
    )
    newest: Newest = Field(default=Newest.VERSION, description="version or date")
    cluster: str = Field(description="the name of a configured cluster")
    namespace: Namespace
    channel: Channel | None = Field(default=None, description=A_CHANNEL)
    revert_allowed: Allowed | None = Field(default=None, description=WHO_MAY)
    silence_allowed: Allowed | None = Field(default=None, description=WHO_MAY)
    owners: tuple[UserOrGroupId, ...] = Field(
        default=(), description="a list of user IDs (U…, W…) and user group IDs (S…)"
    )
    skip_other_yaml: Flag = False
    helm: HelmConfig | None = Field(default=None, description="a mapping such as {values: [values-prod.yaml]}")

    def application(self, name: str, branch: str, channel: str) -> Application:
        """As core's type. `branch` is the repository's tracked branch, `channel` the default."""
        revision = TargetRevision(self.revision or branch, self.newest)
        return Application(
            name=name,
            repository=RepositoryRef(self.repository, None if revision.is_branch(branch) else revision),
            path=self.path,
            cluster=self.cluster,
            namespace=self.namespace,
            channel=self.channel or channel,
            owners=self.owners,
            helm=self.helm.parameters() if self.helm else None,
            skip_other_yaml=self.skip_other_yaml,
        )

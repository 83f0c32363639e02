"""`clusters.NAME`: how to reach a cluster, and which deployers' applications to discover."""

from typing import Final, Literal

from pydantic import Field

from bot.config.sections.cluster_audit import ClusterAuditConfig
from bot.config.sections.section import Section
from bot.config.values import Channel, Flag, HttpUrl, LocalPath, Namespace

# Where Argo CD and Flux are usually installed.
_DEPLOYER_NAMESPACES: Final = ("argocd", "argo-cd", "openshift-gitops", "flux-system")


class ClusterConfig(Section):
    """How to reach a cluster. Without kubeconfig and context, the bot uses the cluster that it runs in.

    The bot watches the applications of the deployers in `discover`, and reports them in `channel` unless they name
    another channel.
    The deployer of a configured application is in one of the `deployer_namespaces`, or in the application's namespace.
    `argocd_url` is the address of Argo CD's UI, for links.
    With `watch`, the bot checks a change in the cluster within seconds instead of at the next scheduled check.
    With several `shards`, replicas divide the cluster's applications by namespace.
    """

    kubeconfig: LocalPath | None = Field(default=None, description="the path to a kubeconfig file")
    context: str | None = Field(default=None, description="the name of a context in the kubeconfig")
    discover: tuple[Literal["argocd", "flux"], ...] = Field(default=(), description="a list with argocd, flux or both")
    channel: Channel = ""
    deployer_namespaces: tuple[Namespace, ...] = Field(
        default=_DEPLOYER_NAMESPACES, description="a list of namespaces such as [argocd, flux-system]"
    )
    argocd_url: HttpUrl = ""
    watch: Flag = True
    shards: int = Field(
        default=1, ge=1, le=64, description="a number from 1 to 64 (parts that replicas check independently)"
    )
    audit: ClusterAuditConfig | None = Field(
        default=None, description="a mapping such as {webhook: true, show_users: true}"
    )

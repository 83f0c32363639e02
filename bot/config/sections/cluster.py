"""`clusters.NAME`: how to reach a cluster, and which deployers' applications to discover."""

from typing import Final, Literal

from pydantic import Field

from bot.config.sections.cluster_audit import ClusterAuditConfig
from bot.config.sections.section import Section
from bot.config.values import Channel, Flag, HttpUrl, LocalPath, Namespace

# Where Argo CD and Flux are usually installed.
_DEPLOYER_NAMESPACES: Final = ("argocd", "argo-cd", "openshift-gitops", "flux-system")


class ClusterConfig(Section):
    """How to reach a cluster; without kubeconfig and context, it is the one that the bot runs in.

    `discover` lists the deployers whose applications the bot watches, reported in `channel` unless they name another.
    `deployer_namespaces` are those whose resources may be the deployers of configured applications, in addition to the
    application's own namespace.
    `argocd_url` is the address of Argo CD's UI, for links.
    With `watch`, the bot compares an edit on the cluster within seconds, not only at the next scheduled check.
    With several `shards`, replicas share the cluster's applications, by namespace.
    """

    kubeconfig: LocalPath | None = Field(default=None, description="the path to a kubeconfig file")
    context: str | None = Field(default=None, description="the name of a context in the kubeconfig")
    discover: tuple[Literal["argocd", "flux"], ...] = Field(default=(), description="a list of argocd, flux or both")
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

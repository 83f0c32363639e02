"""What the bot watches."""

from dataclasses import dataclass, replace

from bot.core.source import HelmParameters, Kind, Source, tidy


@dataclass(frozen=True, slots=True)
class Application:
    """A path in a repository at a tracked revision, aimed at a cluster and namespace.

    `repository` and `cluster` are names in the configuration; `channel` is a Slack channel id, `owners` are Slack user
    ids and user group ids: whom to ask about it, which gives them no right. With `helm` its path is a chart.
    """

    name: str
    repository: str
    path: str
    cluster: str
    namespace: str
    channel: str
    owners: tuple[str, ...] = ()
    helm: HelmParameters | None = None

    @property
    def source(self) -> Source:
        """Where its manifests come from. Argo CD too gives a release its application's name."""
        told = self.helm or HelmParameters()
        helm = replace(told, release=told.release or self.name, namespace=told.namespace or self.namespace)
        return Source(tidy(self.path), Kind.HELM if self.helm else None, helm)

"""What the bot watches."""

from dataclasses import dataclass, replace

from bot.core.drift.ignore import IgnoreRule
from bot.core.git.target_revision import TargetRevision
from bot.core.rendering.source import HelmParameters, Kind, Source, tidy


@dataclass(frozen=True, slots=True)
class Application:
    """A path in a repository at a tracked revision, aimed at a cluster and namespace.

    `repository` is a name in the configuration, or a `line` of one; `cluster` is a name there. `channel` is a Slack
    channel id, `owners` are Slack user ids and user group ids: whom to ask about it, which gives them no right. With
    `helm` its path is a chart. `rendered` is what its deployer says of that instead; `ignore` are rules of its own.
    """

    name: str
    repository: str
    path: str
    cluster: str
    namespace: str
    channel: str
    owners: tuple[str, ...] = ()
    helm: HelmParameters | None = None
    rendered: Source | None = None
    ignore: tuple[IgnoreRule, ...] = ()

    @property
    def source(self) -> Source:
        """Where its manifests come from. Argo CD too gives a release its application's name."""
        if self.rendered is not None:
            return self.rendered
        told = self.helm or HelmParameters()
        helm = replace(told, release=told.release or self.name, namespace=told.namespace or self.namespace)
        return Source(tidy(self.path), Kind.HELM if self.helm else None, helm)


def line(repository: str, revision: TargetRevision) -> str:
    """The name of a repository followed elsewhere than at its own branch, such as `platform@1.x`."""
    return f"{repository}@{revision.key}"


def home(name: str) -> tuple[str, TargetRevision | None]:
    """The repository that a line is of, and what it follows; None for the repository itself. Names hold no `@`."""
    repository, _, key = name.partition("@")
    return repository, TargetRevision.of_key(key) if key else None

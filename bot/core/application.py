"""What the bot watches."""

from dataclasses import dataclass

from bot.core.source import Source, tidy


@dataclass(frozen=True, slots=True)
class Application:
    """A path in a repository at a tracked revision, aimed at a cluster and namespace.

    `repository` and `cluster` are names in the configuration; `channel` is a Slack channel id, `owners` are Slack user
    ids and user group ids: whom to ask about it, which gives them no right.
    """

    name: str
    repository: str
    path: str
    cluster: str
    namespace: str
    channel: str
    owners: tuple[str, ...] = ()

    @property
    def source(self) -> Source:
        """Where its manifests come from."""
        return Source(tidy(self.path))

"""The validated configuration."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from zoneinfo import ZoneInfo

from bot.config.credentials import Credentials
from bot.config.sections.alerts import AlertsConfig
from bot.config.sections.bases import BasesConfig
from bot.config.sections.charts import ChartsConfig
from bot.config.sections.cluster import ClusterConfig
from bot.config.sections.cluster_audit import ClusterAuditConfig
from bot.config.sections.events import EventsConfig
from bot.config.sections.repository import RepositoryConfig
from bot.config.sections.rollouts import RolloutsConfig
from bot.config.sections.schedule import ScheduleConfig
from bot.config.sections.slack import SlackConfig
from bot.config.values import A_CHANNEL
from bot.core.access.permission import Roles
from bot.core.applications.application import Application
from bot.core.applications.shard import Shard, shards_of
from bot.core.drift.ignore_rules import IgnoreRule
from bot.core.leases import LEADER


@dataclass(frozen=True, slots=True)
class Config:
    """The whole configuration; in the running bot, `applications` is kept current and includes discovered ones.

    `store` is a SQLAlchemy URL and may contain a password. Relative paths, including `store` and `mirrors`, are
    relative to the working directory. `interactive` has patterns of field managers that people use by hand.
    """

    slack: SlackConfig
    repositories: Mapping[str, RepositoryConfig]
    clusters: Mapping[str, ClusterConfig]
    bases: BasesConfig
    charts: ChartsConfig
    applications: Mapping[str, Application]
    roles: Roles
    schedule: ScheduleConfig
    rollouts: RolloutsConfig
    alerts: AlertsConfig
    events: EventsConfig | None
    store: str = field(repr=False)
    mirrors: Path
    ignore: tuple[IgnoreRule, ...]
    interactive: tuple[str, ...]
    credentials: Credentials

    @property
    def zone(self) -> ZoneInfo:
        """The time zone for people whose own is unknown."""
        return ZoneInfo(self.slack.zone)

    @property
    def channels(self) -> frozenset[str]:
        """The IDs of the Slack channels in the configuration."""
        escalate = self.alerts.escalate
        parts = (self.slack, *self.clusters.values(), *self.applications.values(), *((escalate,) if escalate else ()))
        return frozenset(part.channel for part in parts if part.channel)

    @property
    def shards(self) -> Mapping[str, tuple[Shard, ...]]:
        """The shards of each cluster, in order."""
        return {name: tuple(shards_of(name, cluster.shards)) for name, cluster in self.clusters.items()}

    @property
    def lease_names(self) -> frozenset[str]:
        """The leases that the replicas share out."""
        return frozenset((LEADER, *(shard.lease for shards in self.shards.values() for shard in shards)))

    @property
    def audits(self) -> Mapping[str, ClusterAuditConfig]:
        """The clusters whose audit log the bot reads."""
        return {name: cluster.audit for name, cluster in self.clusters.items() if cluster.audit}

    @property
    def audit_webhooks(self) -> frozenset[str]:
        """The clusters whose API servers send audit events."""
        return frozenset(name for name, audit in self.audits.items() if audit.webhook)

    def missing_for_run(self) -> list[str]:
        """A sentence for each missing setting that `run` needs and `check` does not, with where to get it."""
        forge_kinds = {repository.forge.kind for repository in self.repositories.values() if repository.forge}
        no_channel = f"slack.channel is not set: alerts and reports need a channel. Set it to {A_CHANNEL}."
        return [
            *self.credentials.mixed_up(),
            *([] if self.slack.channel else [no_channel]),
            *self.credentials.missing(
                self.slack.mode, forge_kinds, self.audit_webhooks, events=self.events is not None
            ),
        ]

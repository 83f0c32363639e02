"""The whole configuration file."""

from pathlib import Path

from pydantic import Field

from bot.config.sections.alerts import AlertsConfig
from bot.config.sections.application import ApplicationConfig
from bot.config.sections.bases import BasesConfig
from bot.config.sections.charts import ChartsConfig
from bot.config.sections.cluster import ClusterConfig
from bot.config.sections.events import EventsConfig
from bot.config.sections.ignore import IgnoreConfig
from bot.config.sections.repository import RepositoryConfig
from bot.config.sections.rollouts import RolloutsConfig
from bot.config.sections.schedule import ScheduleConfig
from bot.config.sections.section import Section
from bot.config.sections.slack import SlackConfig
from bot.config.values import A_NAME, DatabaseUrl, FieldManager, LocalPath, Name
from bot.core.objects.managed_fields import INTERACTIVE


class ConfigFile(Section):
    """The whole file."""

    slack: SlackConfig = Field(default=SlackConfig(), description="a mapping with channel")
    repositories: dict[Name, RepositoryConfig] = Field(default={}, description=f"a mapping; each key is {A_NAME}")
    clusters: dict[Name, ClusterConfig] = Field(default={}, description=f"a mapping; each key is {A_NAME}")
    bases: BasesConfig = Field(default=BasesConfig(), description="a mapping such as {allow: [github.com/acme/*]}")
    applications: dict[Name, ApplicationConfig] = Field(
        default={}, description=f"a mapping of at least one application; each key is {A_NAME}"
    )
    charts: ChartsConfig = Field(default=ChartsConfig(), description="a mapping such as {allow: [ghcr.io]}")
    schedule: ScheduleConfig = Field(default=ScheduleConfig(), description="a mapping such as {drift: 5m, git: 30s}")
    rollouts: RolloutsConfig = Field(default=RolloutsConfig(), description="a mapping such as {watch: 30m}")
    alerts: AlertsConfig = Field(
        default=AlertsConfig(), description="a mapping such as {looks: 2, quiet_while_rolling: true}"
    )
    events: EventsConfig | None = Field(
        default=None, description="a mapping such as {url: https://events.example.com/gitops}"
    )
    store: DatabaseUrl = "sqlite:///state.db"
    mirrors: LocalPath = Field(default=Path("mirrors"), description="the path to a directory")
    ignore: tuple[IgnoreConfig, ...] = Field(default=(), description="a list of rules, each with paths")
    interactive: tuple[FieldManager, ...] = Field(
        default=INTERACTIVE, description="a list of field managers or patterns, such as kubectl-*"
    )

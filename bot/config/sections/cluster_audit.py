"""`clusters.NAME.audit`: where to read the cluster's audit log, and what to store."""

from datetime import timedelta
from typing import Self

from pydantic import Field, model_validator

from bot.config.sections.section import Section
from bot.config.values import Duration, Flag, LocalPath


class ClusterAuditConfig(Section):
    """Where to read the audit log: `logs`, `webhook`, or both. `delay` is how late an event may arrive."""

    logs: tuple[LocalPath, ...] = Field(
        default=(), description="a list of paths to audit logs, one for each API server"
    )
    webhook: Flag = False
    show_users: Flag = False
    retention: Duration = timedelta(hours=24)
    # By default, an API server sends a batch to a webhook after 30 s at the latest.
    # https://kubernetes.io/docs/reference/command-line-tools-reference/kube-apiserver/ (--audit-webhook-batch-max-wait)
    delay: Duration = timedelta(seconds=40)

    @model_validator(mode="after")
    def _has_source(self) -> Self:
        if not self.logs and not self.webhook:
            raise ValueError("set logs, webhook or both")
        return self

"""`repositories.NAME.approvals`: what counts as an approved change."""

from datetime import timedelta
from typing import Annotated

from pydantic import Field

from bot.config.sections.section import Section
from bot.config.values import Duration, Flag, RepositoryGlob, matching
from bot.core.approvals.approval import AllowedAutomation, ApprovalRules


class AutomationConfig(Section):
    """An account that may change some paths without an approval."""

    actor: Annotated[str, matching(r"[^\s@]+")] = Field(
        description="a forge account such as image-updater[bot], not an email"
    )
    paths: tuple[RepositoryGlob, ...] = Field(
        description="a list of path patterns inside the repository, such as apps/*/images.yaml"
    )


class ApprovalsConfig(Section):
    """When a commit on the tracked branch counts as approved, and whether an unapproved one raises an alert."""

    required: int = Field(default=1, ge=1, le=10, description="a number from 1 to 10 (approvals that a change needs)")
    automation: tuple[AutomationConfig, ...] = Field(default=(), description="a list of mappings with actor and paths")
    alert: Flag = True
    grace: Duration = timedelta(minutes=2)

    @property
    def rules(self) -> ApprovalRules:
        """As core's type."""
        return ApprovalRules(
            self.required, tuple(AllowedAutomation(account.actor, account.paths) for account in self.automation)
        )

"""`repositories.NAME`: a git repository and its tracked branch."""

from pydantic import Field

from bot.config.sections.approvals import ApprovalsConfig
from bot.config.sections.forge import ForgeConfig
from bot.config.sections.section import Section
from bot.config.values import Branch, GitUrl


class RepositoryConfig(Section):
    """A git repository and its tracked branch; pull requests need a `forge`."""

    url: GitUrl = Field(
        description="a URL or local path that git can fetch, such as https://github.com/acme/platform.git"
    )
    branch: Branch = Field(default="main", description="the name of the tracked branch, such as main")
    forge: ForgeConfig | None = Field(default=None, description="a mapping with kind and repository")
    approvals: ApprovalsConfig = Field(
        default=ApprovalsConfig(), description="a mapping such as {required: 1, alert: true}"
    )

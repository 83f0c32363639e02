"""`slack`: the workspace's settings, and the default channel."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from bot.config.sections.section import Section
from bot.config.values import Address, Allowed, Channel, EmailOrLogin, HttpUrl, TimeZone, UserId
from bot.i18n.language import Language, Translator


class SlackConfig(Section):
    """How the bot connects to Slack, and where it posts. `channel` is "" if not set; `api_url` ends with a slash;
    `listen` is the (host, port) for webhooks, and for Slack's requests in HTTP mode; `health_listen` is for probes.
    """

    channel: Channel = ""
    api_url: Annotated[HttpUrl, AfterValidator(lambda url: f"{url}/")] = "https://slack.com/api/"
    revert_allowed: Allowed = ("*",)
    silence_allowed: Allowed = ("*",)
    mode: Literal["socket", "http"] = Field(default="socket", description="socket or http")
    listen: Address = ("0.0.0.0", 3000)  # noqa: S104  requests come from outside
    health_listen: Address = ("0.0.0.0", 8081)  # noqa: S104  so do the kubelet's probes
    language: Language = Field(default=Language.ENGLISH, description="en or es")
    people: dict[EmailOrLogin, UserId] = Field(
        default={},
        description="a mapping of emails or forge logins to user IDs, such as {ana@example.com: U0123456}",
    )
    zone: TimeZone = "UTC"
    languages: dict[Channel, Language] = Field(
        default={}, description="a mapping of channel IDs to en or es, such as {C0987654321: es}"
    )

    def translator(self, channel: str) -> Translator:
        """The translator for a channel's language; direct messages use the default."""
        return Translator(self.languages.get(channel, self.language))

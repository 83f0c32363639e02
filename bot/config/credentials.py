"""The secrets, which come only from the environment."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Self

_SLACK_BOT_TOKEN = (
    "SLACK_BOT_TOKEN is not set: posting to Slack needs a bot token (xoxb-…)."  # noqa: S105
    " Install the app, then copy the token at api.slack.com/apps > OAuth & Permissions."
)
_SLACK_APP_TOKEN = (
    "SLACK_APP_TOKEN is not set: Socket Mode needs an app-level token (xapp-…) with connections:write."  # noqa: S105
    " Create one at api.slack.com/apps > Basic Information > App-Level Tokens."
)
_SLACK_SIGNING_SECRET = (
    "SLACK_SIGNING_SECRET is not set: HTTP mode verifies Slack's requests with it."  # noqa: S105
    " Copy it at api.slack.com/apps > Basic Information > App Credentials."
)
_GITHUB_APP_PRIVATE_KEY = (
    "GITHUB_APP_PRIVATE_KEY is not set, but GITHUB_APP_ID is. Generate a key in the GitHub App's settings > Private"
    " keys, and set the variable to the whole PEM text."
)
_GITHUB_APP_ID = (
    "GITHUB_APP_ID is not set, but GITHUB_APP_PRIVATE_KEY is. Copy the App ID from the GitHub App's settings > About."
)
_GITHUB_TOKEN = (
    "GITHUB_TOKEN is not set: opening pull requests needs a token that can write contents and pull requests."  # noqa: S105
    " Create one at github.com/settings/personal-access-tokens, or set GITHUB_APP_ID and GITHUB_APP_PRIVATE_KEY of a"
    " GitHub App."
)
_GITLAB_TOKEN = (
    "GITLAB_TOKEN is not set: opening merge requests needs an access token with the scope api and the role"  # noqa: S105
    " Developer. Create one in the project or group at Settings > Access tokens."
)
_BITBUCKET_TOKEN = (
    "BITBUCKET_TOKEN is not set: opening pull requests needs an access token that can write repositories"  # noqa: S105
    " and pull requests. Create one in the repository at Settings > Access tokens (Data Center: HTTP access"
    " tokens)."
)

_AUDIT_WEBHOOK_TOKEN = (
    "AUDIT_WEBHOOK_TOKEN is not set, but a cluster has audit.webhook. Choose a long random token, and set it in the"  # noqa: S105
    " API server's webhook configuration too."
)
_EVENTS_SECRET = (
    "EVENTS_SECRET is not set, but events.url is. Choose a long random string, and give it to the receiver too:"  # noqa: S105
    " it verifies the events with it."
)


@dataclass(frozen=True, slots=True)
class Credentials:
    """Secrets from the environment; None when a variable is unset or empty. No `repr` shows them."""

    slack_bot_token: str | None = field(default=None, repr=False)
    slack_app_token: str | None = field(default=None, repr=False)
    slack_signing_secret: str | None = field(default=None, repr=False)
    github_token: str | None = field(default=None, repr=False)
    github_app_id: str | None = field(default=None, repr=False)
    github_app_private_key: str | None = field(default=None, repr=False)
    gitlab_token: str | None = field(default=None, repr=False)
    bitbucket_token: str | None = field(default=None, repr=False)
    webhook_secret: str | None = field(default=None, repr=False)
    audit_webhook_token: str | None = field(default=None, repr=False)
    events_secret: str | None = field(default=None, repr=False)

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> Self:
        r"""Read the variables named after the fields. A private key may be on one line, with \n for line breaks."""
        values = {name: environ.get(name.upper(), "").strip() or None for name in cls.__slots__}
        if key := values["github_app_private_key"]:
            values["github_app_private_key"] = key.replace("\\n", "\n")
        return cls(**values)

    def mixed_up(self) -> list[str]:
        """A sentence for each Slack token of the wrong kind."""
        kinds = (("SLACK_BOT_TOKEN", self.slack_bot_token, "xoxb-"), ("SLACK_APP_TOKEN", self.slack_app_token, "xapp-"))
        return [
            f"{variable} holds the wrong kind of token: it must start with {prefix}. Are the two tokens swapped?"
            for variable, token, prefix in kinds
            if token and not token.startswith(prefix)
        ]

    def missing(self, slack_mode: str, forge_kinds: Collection[str], *, audit_webhook: bool, events: bool) -> list[str]:
        """A sentence for each secret that these settings need, with where to get it."""
        missing = []
        if not self.slack_bot_token:
            missing.append(_SLACK_BOT_TOKEN)
        if slack_mode == "socket" and not self.slack_app_token:
            missing.append(_SLACK_APP_TOKEN)
        if slack_mode == "http" and not self.slack_signing_secret:
            missing.append(_SLACK_SIGNING_SECRET)
        if "github" in forge_kinds and (sentence := self._missing_for_github()):
            missing.append(sentence)
        if "gitlab" in forge_kinds and not self.gitlab_token:
            missing.append(_GITLAB_TOKEN)
        if {"bitbucket", "bitbucket-server"}.intersection(forge_kinds) and not self.bitbucket_token:
            missing.append(_BITBUCKET_TOKEN)
        if audit_webhook and not self.audit_webhook_token:
            missing.append(_AUDIT_WEBHOOK_TOKEN)
        if events and not self.events_secret:
            missing.append(_EVENTS_SECRET)
        return missing

    def _missing_for_github(self) -> str | None:
        if self.github_token or (self.github_app_id and self.github_app_private_key):
            return None
        if self.github_app_id:
            return _GITHUB_APP_PRIVATE_KEY
        return _GITHUB_APP_ID if self.github_app_private_key else _GITHUB_TOKEN

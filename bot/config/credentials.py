"""The secrets, which come only from the environment."""

import re
from collections.abc import Collection, Mapping, Sequence
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
    "SLACK_SIGNING_SECRET is not set: HTTP mode needs it to verify Slack's requests."  # noqa: S105
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
    "GITHUB_TOKEN is not set: opening pull requests needs a token with write access to contents and pull requests."  # noqa: S105
    " Create one at github.com/settings/personal-access-tokens, or set GITHUB_APP_ID and GITHUB_APP_PRIVATE_KEY for a"
    " GitHub App."
)
_GITLAB_TOKEN = (
    "GITLAB_TOKEN is not set: opening merge requests needs an access token with the api scope and the"  # noqa: S105
    " Developer role. Create one in the project or group at Settings > Access tokens."
)
_BITBUCKET_TOKEN = (
    "BITBUCKET_TOKEN is not set: opening pull requests needs an access token with write access to"  # noqa: S105
    " repositories and pull requests. Create one in the repository at Settings > Access tokens (Data Center: HTTP"
    " access tokens)."
)

_AUDIT_WEBHOOK_TOKEN = "AUDIT_WEBHOOK_TOKEN"  # noqa: S105  a variable's name
_CHOOSE_TOKEN = "Choose a long random token, and also set it in the API server's webhook configuration."  # noqa: S105
_AUDIT_WEBHOOK_TOKEN_MISSING = f"{_AUDIT_WEBHOOK_TOKEN} is not set, but a cluster has audit.webhook. {_CHOOSE_TOKEN}"
_EVENTS_SECRET = (
    "EVENTS_SECRET is not set, but events.url is. Choose a long random string, and also give it to the"  # noqa: S105
    " receiver, which needs it to verify events."
)


@dataclass(frozen=True, slots=True)
class Credentials:
    """Secrets from the environment; None if a variable is unset or empty. They are excluded from `repr`."""

    slack_bot_token: str | None = field(default=None, repr=False)
    slack_app_token: str | None = field(default=None, repr=False)
    slack_signing_secret: str | None = field(default=None, repr=False)
    github_token: str | None = field(default=None, repr=False)
    github_app_id: str | None = field(default=None, repr=False)
    github_app_private_key: str | None = field(default=None, repr=False)
    gitlab_token: str | None = field(default=None, repr=False)
    bitbucket_token: str | None = field(default=None, repr=False)
    webhook_secret: str | None = field(default=None, repr=False)
    events_secret: str | None = field(default=None, repr=False)
    audit_webhook_tokens: Mapping[str, str] = field(default_factory=dict, repr=False)  # by variable

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> Self:
        r"""Read the variables named after the fields. A private key may be on one line, with \n for line breaks."""
        variables = {name: value.strip() for name, value in environ.items() if value.strip()}
        values = {name: variables.get(name.upper()) for name in cls.__slots__ if name != "audit_webhook_tokens"}
        tokens = {name: value for name, value in variables.items() if name.startswith(_AUDIT_WEBHOOK_TOKEN)}
        if key := values["github_app_private_key"]:
            values["github_app_private_key"] = key.replace("\\n", "\n")
        return cls(**values, audit_webhook_tokens=tokens)

    def mixed_up(self) -> list[str]:
        """A sentence for each Slack token of the wrong kind."""
        kinds = (("SLACK_BOT_TOKEN", self.slack_bot_token, "xoxb-"), ("SLACK_APP_TOKEN", self.slack_app_token, "xapp-"))
        return [
            f"{variable} holds the wrong kind of token: it must start with {prefix}. Are the two tokens swapped?"
            for variable, token, prefix in kinds
            if token and not token.startswith(prefix)
        ]

    def audit_webhook_token(self, cluster: str, clusters: Collection[str]) -> str | None:
        """The token of a cluster's audit webhook, if it is set; `clusters` are all clusters with a webhook."""
        shared = self.audit_webhook_tokens.get(_AUDIT_WEBHOOK_TOKEN) if len(clusters) == 1 else None
        return self.audit_webhook_tokens.get(audit_token_variable(cluster), shared)

    def missing(
        self, slack_mode: str, forge_kinds: Collection[str], audit_webhooks: Collection[str], *, events: bool
    ) -> list[str]:
        """A sentence for each missing secret that these settings need, with where to get it.

        `audit_webhooks` are the clusters with an audit webhook.
        """
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
        if sentence := self._missing_for_audit_webhooks(sorted(audit_webhooks)):
            missing.append(sentence)
        if events and not self.events_secret:
            missing.append(_EVENTS_SECRET)
        return missing

    def _missing_for_audit_webhooks(self, clusters: Sequence[str]) -> str | None:
        """A sentence about missing or shared tokens: a cluster must not be able to send another's events."""
        tokens = [self.audit_webhook_token(cluster, clusters) for cluster in clusters]
        if len(clusters) == 1:
            return None if tokens[0] else _AUDIT_WEBHOOK_TOKEN_MISSING
        variables = [audit_token_variable(cluster) for cluster in clusters]
        unset = [variable for variable, token in zip(variables, tokens, strict=True) if not token]
        if unset:
            names = " and ".join(dict.fromkeys(unset))
            verb = "is" if names == unset[0] else "are"
            return f"{names} {verb} not set: each cluster with audit.webhook needs its own token. {_CHOOSE_TOKEN}"
        if len(set(tokens)) < len(tokens):
            names, own = " and ".join(clusters), " and ".join(variables)
            return f"The audit webhooks of {names} share a token. Give each cluster its own token in {own}."
        return None

    def _missing_for_github(self) -> str | None:
        if self.github_token or (self.github_app_id and self.github_app_private_key):
            return None
        if self.github_app_id:
            return _GITHUB_APP_PRIVATE_KEY
        return _GITHUB_APP_ID if self.github_app_private_key else _GITHUB_TOKEN


def audit_token_variable(cluster: str) -> str:
    """The environment variable with the token of a cluster's audit webhook."""
    return f"{_AUDIT_WEBHOOK_TOKEN}_{re.sub('[^A-Z0-9]', '_', cluster.upper())}"

"""Tests the Slack app: its tokens and scopes, and the channels and people in the configuration."""

from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import datetime
from functools import partial
from http.client import HTTPException
from typing import Any, Protocol

from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web import SlackResponse

from bot.config.model import Config
from bot.core.access.permission import EVERYBODY, Right
from bot.handlers.attempt import attempt
from bot.messages import blocks
from bot.messages.blocks import Message
from bot.network import ConnectionProblem, connection_failure
from bot.ports.chat import Chat, ChatError
from bot.ports.probe import Probe

SCOPES = {
    "chat:write": "alerts and reports",
    "commands": "the /gitops command",
    "files:write": "long diffs, uploaded as a file",
}
# The scopes, with what happens without them.
OPTIONAL_SCOPES = {
    "app_mentions:read": "the bot does not answer when it is mentioned",
    "users:read": "times such as “until 09:00” ignore the user's time zone, and people who left are still mentioned",
    "users:read.email": "commit authors are not looked up by email, and only those in slack.people are mentioned",
    "channels:history": "a message can be posted twice when Slack's response is lost",
}
_GROUPS_SCOPE = {"usergroups:read": "the user groups in revert_allowed and silence_allowed"}
_TOKENS = {
    "SLACK_BOT_TOKEN": "the bot token (xoxb-…) at api.slack.com/apps > OAuth & Permissions",
    "SLACK_APP_TOKEN": "the app-level token (xapp-…) at api.slack.com/apps > Basic Information > App-Level Tokens",
}


class SlackClient(Protocol):
    """The methods of slack_sdk's WebClient that the Chat port lacks."""

    def auth_test(self) -> SlackResponse:
        """The token's owner; the x-oauth-scopes header lists its scopes."""
        ...

    def apps_connections_open(self, *, app_token: str) -> SlackResponse:
        """A Socket Mode URL, which need not be used."""
        ...

    def api_call(self, api_method: str, *, json: dict[str, object]) -> SlackResponse:
        """Call a method that slack_sdk has no function for."""
        ...


def slack_probes(config: Config, slack: SlackClient, chat: Chat, clock: Callable[[], datetime]) -> Iterator[Probe]:
    """Yield each probe as soon as it is done. Nobody sees the test messages. Never raises."""
    if (app_token := config.credentials.slack_app_token) and config.slack.mode == "socket":
        yield attempt(
            "Slack: SLACK_APP_TOKEN can open a Socket Mode connection",
            lambda: _call(lambda: slack.apps_connections_open(app_token=app_token), "SLACK_APP_TOKEN"),
        )[0]
    if not config.credentials.slack_bot_token:
        return
    probe, answer = attempt("Slack: SLACK_BOT_TOKEN is valid", lambda: _call(slack.auth_test, "SLACK_BOT_TOKEN"))
    yield probe
    if answer is None:
        return
    if answer.get("is_enterprise_install"):
        remedy = (
            "the token belongs to an organization-wide installation, which is not supported;"
            " install it in one workspace."
        )
        yield Probe("Slack: the app is installed in one workspace", ok=False, remedy=remedy)
    granted = {scope.strip() for scope in answer.headers.get("x-oauth-scopes", "").split(",")}
    for scope, reason in (SCOPES | (_GROUPS_SCOPE if config.roles.groups() else {})).items():
        remedy = (
            f"add this scope (needed for {reason}) at api.slack.com/apps > OAuth & Permissions, then reinstall the app."
        )
        yield Probe(f"Slack: scope {scope}", scope in granted, "" if scope in granted else remedy)
    for scope, consequence in OPTIONAL_SCOPES.items():
        state = "granted" if scope in granted else f"missing; {consequence}"
        yield Probe(f"Slack: optional scope {scope}: {state}", ok=True)
    yield _blocks(slack, clock())
    yield from _channels(config, chat, str(answer["user_id"]))
    yield from _people(config, chat, granted)


def _channels(config: Config, chat: Chat, bot_user: str) -> Iterator[Probe]:
    """Whether the bot can post in each channel. A channel that only `slack.languages` names needs no posts."""
    # An ephemeral message to the bot itself needs the same scopes as a post, and no one sees it.
    message = Message("gitops-bot doctor is testing whether the bot can post here.")
    for channel in sorted(config.channels | config.slack.languages.keys()):
        what = f"Slack: the bot can post in {channel}"
        probe = attempt(what, partial(chat.post_ephemeral, channel, bot_user, message))[0]
        if not probe.ok and channel not in config.channels:
            probe = Probe(f"Slack: the bot cannot post in {channel} (slack.languages). {probe.remedy!s}", ok=True)
        yield probe


def _people(config: Config, chat: Chat, granted: Collection[str]) -> Iterator[Probe]:
    """Whether the users and user groups exist, as far as the granted optional scopes allow the bot to look."""
    escalate = config.alerts.escalate
    settings = [
        *((rule.key, rule.allowed) for right in Right for rule in config.roles.all_rules(right)),
        ("alerts.escalate.to", escalate.to if escalate else ()),
        *((f"applications.{name}.owners", application.owners) for name, application in config.applications.items()),
    ]
    for id_ in sorted({id_ for _, ids in settings for id_ in ids if id_ != EVERYBODY}):
        keys = ", ".join(dict.fromkeys(key for key, ids in settings if id_ in ids))
        is_group = id_.startswith("S")
        if ("usergroups:read" if is_group else "users:read") in granted:
            yield _exists(f"Slack: {id_} in {keys} exists", partial(_group if is_group else _user, chat, id_))


def _exists(what: str, exists: Callable[[], bool]) -> Probe:
    probe, found = attempt(what, exists)
    if not probe.ok:
        return Probe(f"{what}: not tested. {probe.remedy!s}", ok=True)
    return probe if found else Probe(what, ok=False, remedy="no active person or user group has this ID; correct it.")


def _user(chat: Chat, user: str) -> bool:
    return chat.is_member(user)


def _group(chat: Chat, group: str) -> bool:
    try:
        chat.group_members(group)
    except ChatError as error:
        if error.code != "no_such_subteam":
            raise
        return False
    return True


def _blocks(slack: SlackClient, now: datetime) -> Probe:
    """Whether Slack knows every type of block in the bot's messages. Nothing is posted."""
    what = "Slack: message blocks are valid"
    data, _ = blocks.table(["Application", "Status"], [["shop", "synced"]])
    sample = [
        blocks.header("shop · prod"),
        blocks.rich(blocks.paragraph(blocks.code("replicas"), blocks.date(now)), blocks.preformatted("-1\n+2")),
        data,
        blocks.note("Checked."),
        blocks.actions(
            blocks.button("Acknowledge", "ack", "1"), blocks.overflow("more", [("Snooze", "1"), ("Check", "2")])
        ),
    ]
    try:
        slack.api_call("blocks.validate", json={"blocks": sample})
    except SlackApiError as error:
        if error.response.get("error") != "invalid_blocks":
            return Probe(f"{what}: not tested; Slack returned {error.response.get('error')}", ok=True)
        return Probe(what, ok=False, remedy=f"Slack rejects them; update gitops-bot. {_reasons(error.response)}")
    except (SlackClientError, HTTPException, OSError) as error:
        return Probe(f"{what}: not tested; Slack is not responding ({connection_failure(error).detail})", ok=True)
    return Probe(what, ok=True)


def _reasons(response: Mapping[str, Any]) -> str:
    errors = response.get("errors") or ()
    return "; ".join(f"{error.get('pointer')}: {error.get('message')}" for error in errors if isinstance(error, dict))[
        :300
    ]


def _call(request: Callable[[], SlackResponse], variable: str) -> SlackResponse:
    try:
        return request()
    except SlackApiError as error:
        code = error.response.get("error") or "an error"
        raise ChatError(f"Slack returned {code}. Check {variable}: {_TOKENS[variable]}.") from error
    except (SlackClientError, HTTPException, OSError) as error:
        failure = connection_failure(error)
        if failure.problem is ConnectionProblem.CERTIFICATE:
            remedy = "If a proxy or a private CA issued it, set SSL_CERT_FILE to a file with the CA's certificate."
            raise ChatError(f"The certificate of Slack's server is not trusted ({failure.detail}). {remedy}") from error
        remedy = "Check slack.api_url, the network and the proxy."
        raise ChatError(f"Slack is not responding ({failure.detail}). {remedy}") from error

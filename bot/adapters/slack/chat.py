"""`ports.Chat` with slack_sdk: Slack's Web API, with errors mapped to what people can do about them."""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from functools import partial
from http.client import HTTPException
from typing import Any
from urllib.error import URLError

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web import SlackResponse

from bot.core.sanitize import printable
from bot.i18n.catalogue import chat as texts
from bot.i18n.language import LocalizedText, Text
from bot.messages.blocks import Message
from bot.network import ConnectionProblem, connection_failure
from bot.ports.chat import ChatError, User

_METADATA_TYPE = "gitops_bot_card"
_PAGE_SIZE = 200  # messages
_MAX_PAGES = 10  # enough for all messages since a post whose response was lost, even if Slack was down for an hour
_MAX_RETRY_AFTER = 86_400  # seconds; Slack's are up to a few minutes
_CLOCK_SKEW = timedelta(hours=1)  # between the bot and Slack

# https://docs.slack.dev/reference/methods/users.lookupByEmail#errors and …/users.info#errors
_USER_NOT_FOUND = frozenset({"users_not_found", "user_not_found", "user_not_visible"})

_ERROR_CODE = re.compile(r"[a-z0-9_]+")

_CONNECTION_PROBLEMS = {
    ConnectionProblem.NAME: texts.UNKNOWN_NAME,
    ConnectionProblem.CERTIFICATE: texts.UNTRUSTED,
}
_REMEDIES = {
    "channel_not_found": texts.NO_CHANNEL,
    "not_in_channel": texts.NOT_IN_CHANNEL,
    "is_archived": texts.ARCHIVED,
    "is_inactive": texts.ARCHIVED,
    "invalid_auth": texts.INVALID_TOKEN,
    "token_revoked": texts.REVOKED_TOKEN,
    "account_inactive": texts.REMOVED_APP,
    "missing_scope": texts.MISSING_SCOPE,
    "ratelimited": texts.ASKS_TO_WAIT,
    "expired_trigger_id": texts.TOO_LATE,
}


class SlackChat:
    """`ports.Chat`. It never retries: the caller keeps the message and tries again later."""

    def __init__(self, client: WebClient) -> None:
        self._client = client
        self._rejects_charts = False

    def post(
        self, channel: str, message: Message, *, key: str, thread: str | None = None, broadcast: bool = False
    ) -> str:
        answer, sent = self._send(
            message,
            lambda content: self._client.chat_postMessage(
                channel=channel,
                **content,
                thread_ts=thread,
                reply_broadcast=broadcast,
                unfurl_links=False,
                unfurl_media=False,
                metadata={"event_type": _METADATA_TYPE, "event_payload": {"key": key}},
            ),
            channel,
        )
        if any(block["type"] == "data_visualization" for block in message.blocks):
            self._rejects_charts = sent != message
        ts = str(answer["ts"])
        if thread and not (answer.get("message") or {}).get("thread_ts"):
            # Someone just deleted the parent, so Slack posted the reply to the channel instead.
            self.delete(channel, ts)
            raise ChatError(LocalizedText(texts.THREAD_GONE), code="thread_not_found")
        return ts

    def find(self, channel: str, key: str, *, since: datetime, thread: str | None = None) -> str | None:
        oldest = str((since - _CLOCK_SKEW).timestamp())
        try:
            for message in self._messages_since(channel, oldest, thread):
                metadata = message.get("metadata") or {}
                if metadata.get("event_type") == _METADATA_TYPE and metadata.get("event_payload", {}).get("key") == key:
                    return str(message["ts"])
        except ChatError as error:
            if error.code not in {"missing_scope", "thread_not_found"}:
                raise
        return None

    def update(self, channel: str, ts: str, message: Message) -> None:
        self._send(message, lambda content: self._client.chat_update(channel=channel, ts=ts, **content), channel)

    def delete(self, channel: str, ts: str) -> None:
        _call(lambda: self._client.chat_delete(channel=channel, ts=ts), channel)

    def upload(
        self,
        channel: str,
        *,
        filename: str,
        title: str,
        content: str | bytes,
        thread: str | None = None,
        alt_text: str | None = None,
    ) -> None:
        _call(
            lambda: self._client.files_upload_v2(
                channel=channel,
                filename=filename,
                title=printable(title),
                content=content,
                thread_ts=thread,
                alt_txt=alt_text,
            ),
            channel,
        )

    @property
    def rejects_charts(self) -> bool:
        return self._rejects_charts

    def post_ephemeral(self, channel: str, user: str, message: Message, *, thread: str | None = None) -> None:
        self._send(
            message,
            lambda content: self._client.chat_postEphemeral(channel=channel, user=user, thread_ts=thread, **content),
            channel,
        )

    def group_members(self, group: str) -> frozenset[str]:
        answer = _call(lambda: self._client.usergroups_users_list(usergroup=group), group)
        return frozenset(answer["users"])

    def user_by_email(self, email: str) -> str | None:
        profile = self._active_user(lambda: self._client.users_lookupByEmail(email=email))
        return str(profile["id"]) if profile else None

    def is_member(self, user: str) -> bool:
        return self._active_user(lambda: self._client.users_info(user=user)) is not None

    def user(self, user: str) -> User | None:
        profile = self._active_user(lambda: self._client.users_info(user=user))
        return User(str(profile.get("name") or user), profile.get("tz") or None) if profile else None

    def open_view(self, trigger_id: str, view: Mapping[str, Any]) -> str:
        answer = _call(
            lambda: self._client.views_open(trigger_id=trigger_id, view=dict(view)), LocalizedText(texts.MODAL)
        )
        return str(answer["view"]["id"])

    def update_view(self, view_id: str, view: Mapping[str, Any]) -> None:
        try:
            _call(lambda: self._client.views_update(view_id=view_id, view=dict(view)), LocalizedText(texts.MODAL))
        except ChatError as error:
            if error.code != "not_found":  # the person has closed it
                raise

    def publish_home(self, user: str, view: Mapping[str, Any]) -> None:
        _call(lambda: self._client.views_publish(user_id=user, view=dict(view)), LocalizedText(texts.HOME_TAB))

    def _send(
        self, message: Message, request: Callable[[Mapping[str, Any]], SlackResponse], channel: str
    ) -> tuple[SlackResponse, Message]:
        """Send a message, without its table or chart if Slack rejects them. Returns the response and the sent message.

        Raises ChatError.
        """
        content = {"text": message.text, "blocks": [dict(block) for block in message.blocks]}
        try:
            return _call(lambda: request(content), channel), message
        except ChatError as error:
            if error.code != "invalid_blocks" or not message.plain:
                raise
        return self._send(message.without_table_or_chart(), request, channel)

    def _active_user(self, request: Callable[[], SlackResponse]) -> Mapping[str, Any] | None:
        """The user in a response; None if there is none, or if the user has left or is an app."""
        try:
            user: Mapping[str, Any] = _call(request, LocalizedText(texts.WORKSPACE))["user"]
        except ChatError as error:
            if error.code in _USER_NOT_FOUND:
                return None
            raise
        return None if user.get("deleted") or user.get("is_bot") else user

    def _messages_since(self, channel: str, oldest: str, thread: str | None) -> Iterator[Mapping[str, Any]]:
        """The messages of a channel, newest first, or of a thread, oldest first."""
        cursor = ""
        for _ in range(_MAX_PAGES):
            page = _call(partial(self._page, channel, oldest, thread, cursor), channel)
            yield from page["messages"]
            cursor = (page.get("response_metadata") or {}).get("next_cursor") or ""
            if not cursor:
                return

    def _page(self, channel: str, oldest: str, thread: str | None, cursor: str) -> SlackResponse:
        client = self._client
        method = partial(client.conversations_replies, ts=thread) if thread else client.conversations_history
        return method(
            channel=channel, oldest=oldest, limit=_PAGE_SIZE, include_all_metadata=True, cursor=cursor or None
        )


def _call(request: Callable[[], SlackResponse], target: Text) -> SlackResponse:
    """The response to a request about `target`, such as a channel, which errors name. Raises ChatError."""
    try:
        return request()
    except SlackApiError as error:
        answer = error.response
        headers = getattr(answer, "headers", None) or {}
        retry_after = headers.get("Retry-After") or headers.get("retry-after")
        code = str(answer.get("error") or "") if hasattr(answer, "get") else ""
        status = getattr(answer, "status_code", 200)
        if status == 429:
            code = "ratelimited"
        elif _ERROR_CODE.fullmatch(code) is None:  # a proxy's page or a partial response: it may have succeeded
            raise ChatError(LocalizedText(texts.SILENT, kind=f"HTTP {status}"), code="unreachable") from error
        why = LocalizedText(_REMEDIES.get(code, texts.ANSWERED), channel=target, code=code)
        sentence = LocalizedText(texts.NOT_TAKEN, why=why)
        raise ChatError(sentence, code=code, retry_after=_seconds(retry_after)) from error
    except (SlackClientError, URLError, HTTPException, OSError) as error:
        raise ChatError(unreachable(error), code="unreachable") from error


def unreachable(error: Exception) -> LocalizedText:
    """Why Slack's server gave no response, and what to do about it."""
    failure = connection_failure(error)
    return LocalizedText(_CONNECTION_PROBLEMS.get(failure.problem, texts.SILENT), kind=failure.detail)


def _seconds(header: object) -> float | None:
    try:
        seconds = float(str(header))
    except ValueError:
        return None
    return seconds if 0 <= seconds <= _MAX_RETRY_AFTER else None

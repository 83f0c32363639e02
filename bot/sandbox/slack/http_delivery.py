"""Sends payloads as signed HTTP requests, for apps without Socket Mode.

The signature: https://docs.slack.dev/authentication/verifying-requests-from-slack.
"""

import hashlib
import hmac
import json
import time
from urllib.parse import urlencode

from aiohttp import ClientError, ClientSession

from bot.sandbox.slack.interactions import UndeliveredError
from bot.sandbox.slack.model import Json

_JSON = "application/json"
_FORM = "application/x-www-form-urlencoded"


class HttpDelivery:
    """Posts every payload to one request URL."""

    timeout_reason = "http_timeout"

    def __init__(self, url: str, signing_secret: str) -> None:
        self._url = url
        self._secret = signing_secret.encode()

    async def send(self, kind: str, payload: Json, attempt: int, reason: str) -> Json:
        """Post one payload, and return the response's body as the ack's payload. Raises UndeliveredError if not 200.

        Retries, and how to turn them off: https://docs.slack.dev/apis/events-api#retries.
        """
        body, content_type = _encoded(kind, payload)
        stamp = str(int(time.time()))
        signed = hmac.new(self._secret, f"v0:{stamp}:{body}".encode(), hashlib.sha256).hexdigest()
        headers = {
            "Content-Type": content_type,
            "X-Slack-Request-Timestamp": stamp,
            "X-Slack-Signature": f"v0={signed}",
        }
        if attempt:
            headers |= {"X-Slack-Retry-Num": str(attempt), "X-Slack-Retry-Reason": reason}
        try:
            async with (
                ClientSession() as session,
                session.post(self._url, data=body.encode(), headers=headers) as answer,
            ):
                text = await answer.text()
                if answer.status != 200:
                    final = answer.headers.get("X-Slack-No-Retry") == "1"
                    raise UndeliveredError("dispatch_failed", "http_error", final=final)
                if not text:
                    return {}
                return dict(json.loads(text)) if answer.content_type == _JSON else {"text": text}
        except ClientError:
            raise UndeliveredError("dispatch_failed", "connection_failed") from None


def _encoded(kind: str, payload: Json) -> tuple[str, str]:
    if kind == "events_api":
        return json.dumps(payload), _JSON
    if kind == "slash_commands":
        return urlencode(payload), _FORM
    return urlencode({"payload": json.dumps(payload)}), _FORM

"""Sends webhooks as forges do: one signed POST, without retries."""

import hashlib
import hmac
import threading
import urllib.error
import urllib.request
import uuid
from collections.abc import Mapping
from dataclasses import dataclass

import orjson

from bot.sandbox.forge.dialect import HookStyle

_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Hook:
    """A webhook's URL and shared secret."""

    url: str
    secret: str


@dataclass(frozen=True, slots=True)
class Sent:
    """One sent webhook, and the status of the response; None without a response."""

    headers: Mapping[str, str]
    body: bytes
    status: int | None


class Sender:
    """Sends webhooks to `hooks`, each on its own thread; `sent` lists them in the order of the responses."""

    def __init__(self, style: HookStyle) -> None:
        self._style = style
        self.hooks: list[Hook] = []
        self.sent: list[Sent] = []

    def push(self, repository: str, branch: str, after: str) -> None:
        """Send a push event."""
        self._tell(self._style.push, {"ref": f"refs/heads/{branch}", "after": after, "repository": repository})

    def pull(self, repository: str, number: int) -> None:
        """Send a pull request event."""
        self._tell(self._style.pull, {"number": number, "repository": repository})

    def post(self, hook: Hook, headers: Mapping[str, str], body: bytes) -> int | None:
        """Send one webhook and wait for the response."""
        request = urllib.request.Request(hook.url, data=body, headers=dict(headers), method="POST")  # noqa: S310  http
        status: int | None
        try:
            with urllib.request.urlopen(request, timeout=_SECONDS) as answer:  # noqa: S310
                status = answer.status
        except urllib.error.HTTPError as error:
            status = error.code
        except OSError:
            status = None
        self.sent.append(Sent(headers, body, status))
        return status

    def headers(self, event: str, body: bytes, secret: str) -> dict[str, str]:
        """The headers of one delivery."""
        style = self._style
        signature = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
        proof = {style.plain: secret} if style.plain else {style.signature: f"sha256={signature}"}
        metadata = {style.event: event, style.delivery: str(uuid.uuid4()), "Content-Type": "application/json"}
        return {**metadata, **proof}

    def _tell(self, event: str, payload: Mapping[str, object]) -> None:
        body = orjson.dumps(payload)
        for hook in self.hooks:
            headers = self.headers(event, body, hook.secret)
            threading.Thread(target=self.post, args=(hook, headers, body), name="webhook", daemon=True).start()

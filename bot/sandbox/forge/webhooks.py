"""Sends webhooks as each forge does: a POST, signed, once, and not again when nobody takes it."""

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
    """Where webhooks are sent, and the secret that both sides know."""

    url: str
    secret: str


@dataclass(frozen=True, slots=True)
class Sent:
    """One webhook as it was sent, and the status it was answered with; None when nobody answered."""

    headers: Mapping[str, str]
    body: bytes
    status: int | None


class Sender:
    """Sends to `hooks`, each webhook on a thread of its own; `sent` are those that were, in the order of answers."""

    def __init__(self, style: HookStyle) -> None:
        self._style = style
        self.hooks: list[Hook] = []
        self.sent: list[Sent] = []

    def push(self, repository: str, branch: str, after: str) -> None:
        """Somebody moved a branch."""
        self._tell(self._style.push, {"ref": f"refs/heads/{branch}", "after": after, "repository": repository})

    def pull(self, repository: str, number: int) -> None:
        """Something of a pull request has changed."""
        self._tell(self._style.pull, {"number": number, "repository": repository})

    def post(self, hook: Hook, headers: Mapping[str, str], body: bytes) -> int | None:
        """Send one webhook and wait for its answer."""
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
        told = {style.event: event, style.delivery: str(uuid.uuid4()), "Content-Type": "application/json"}
        return {**told, **proof}

    def _tell(self, event: str, payload: Mapping[str, object]) -> None:
        body = orjson.dumps(payload)
        for hook in self.hooks:
            headers = self.headers(event, body, hook.secret)
            threading.Thread(target=self.post, args=(hook, headers, body), name="webhook", daemon=True).start()

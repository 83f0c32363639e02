"""Slack's HTTP mode: a request is neither parsed nor logged before its signature is verified.

Bolt's own WSGI handler decodes and parses first, and logs the body of requests with an invalid signature.
"""

import re
from collections.abc import Mapping
from typing import Final

from slack_bolt import App, BoltRequest, BoltResponse
from slack_sdk.signature import SignatureVerifier

# https://docs.slack.dev/authentication/verifying-requests-from-slack
_TIMESTAMP: Final = re.compile(r"[0-9]{1,12}", re.ASCII)
_SIGNATURE: Final = re.compile(r"v0=[0-9a-f]{64}", re.ASCII)


class HttpMode:
    """Passes only Slack's requests to Bolt."""

    def __init__(self, app: App, signing_secret: str) -> None:
        self._app = app
        self._verifier = SignatureVerifier(signing_secret)

    def respond(self, headers: Mapping[str, str], body: bytes, query: str) -> BoltResponse:
        """The response to a POST: 401 if it is not signed by Slack, 400 if it is not a payload.

        Header names are in lower case.
        """
        timestamp, signature = headers.get("x-slack-request-timestamp", ""), headers.get("x-slack-signature", "")
        if (text := self._verified(timestamp, signature, body)) is None:
            return BoltResponse(status=401, body="not signed by Slack")
        try:
            request = BoltRequest(body=text, query=query, headers=dict(headers))
        except (AttributeError, RecursionError, TypeError, ValueError):
            return BoltResponse(status=400, body="not a payload of Slack")
        return self._app.dispatch(request)

    def _verified(self, timestamp: str, signature: str, body: bytes) -> str | None:
        """The decoded body; None unless it is signed."""
        # The verifier raises errors for malformed values.
        if not (_TIMESTAMP.fullmatch(timestamp) and _SIGNATURE.fullmatch(signature)):
            return None
        try:
            text = body.decode()
        except UnicodeDecodeError:
            return None
        return text if self._verifier.is_valid(text, timestamp, signature) else None

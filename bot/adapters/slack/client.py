"""Slack's Web API client, with each request measured."""

from typing import Any

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.web import SlackResponse

from bot.ports.telemetry import SLACK_REQUEST, Outcome, Telemetry

SLACK_SECONDS = 15


class MeasuredWebClient(WebClient):
    """A WebClient that never retries: cards are reconciled, and a retried post can post twice."""

    def __init__(self, telemetry: Telemetry, *, token: str | None, base_url: str) -> None:
        super().__init__(token=token, base_url=base_url, timeout=SLACK_SECONDS, retry_handlers=[])
        self._telemetry = telemetry

    def api_call(self, api_method: str, **options: Any) -> SlackResponse:
        """Call a method such as chat.postMessage. Every other method of the client calls this one."""
        with self._telemetry.measure(SLACK_REQUEST, method=api_method) as operation:
            try:
                return super().api_call(api_method, **options)
            except SlackApiError as error:
                if getattr(error.response, "status_code", 200) == 429:
                    operation.outcome = Outcome.RATE_LIMITED
                raise

"""Errors with Slack's own error names, as in the Web API's responses."""

from collections.abc import Sequence


class SlackError(Exception):
    """A refused call: `code` is Slack's error name, `details` become `response_metadata.messages`."""

    def __init__(self, code: str, details: Sequence[str] = ()) -> None:
        super().__init__(code)
        self.code = code
        self.details = tuple(details)


class RateLimitedError(SlackError):
    """HTTP 429: retry after `retry_after` seconds."""

    def __init__(self, retry_after: int) -> None:
        super().__init__("ratelimited")
        self.retry_after = retry_after

"""Slack's own error names, as the Web API answers them."""

from collections.abc import Sequence


class SlackError(Exception):
    """The call is refused: `code` is Slack's error name, `details` become `response_metadata.messages`."""

    def __init__(self, code: str, details: Sequence[str] = ()) -> None:
        super().__init__(code)
        self.code = code
        self.details = tuple(details)


class RateLimitedError(SlackError):
    """HTTP 429: come back in `retry_after` whole seconds."""

    def __init__(self, retry_after: int) -> None:
        super().__init__("ratelimited")
        self.retry_after = retry_after

"""What Slack's error codes mean for the delivery of cards."""

from typing import Final

UNREACHABLE: Final = "unreachable"
# After these errors the message may have been posted.
MAYBE_POSTED: Final = frozenset({"ratelimited", UNREACHABLE, "internal_error", "fatal_error", "service_unavailable"})
# The channel accepts no new cards until someone changes the channel or its ID:
# https://docs.slack.dev/reference/methods/chat.postMessage#errors
UNAVAILABLE: Final = frozenset({
    "channel_not_found", "not_in_channel", "is_archived", "is_inactive", "restricted_action",
    "restricted_action_read_only_channel", "restricted_action_thread_only_channel",
})  # fmt: skip
# Slack accepts nothing from the bot until someone fixes its token:
# https://docs.slack.dev/reference/methods/auth.test#errors
UNAUTHORIZED: Final = frozenset({
    "access_denied", "account_inactive", "enterprise_is_restricted", "invalid_auth", "missing_scope", "no_permission",
    "not_allowed_token_type", "not_authed", "org_login_required", "team_access_not_granted", "token_expired",
    "token_revoked",
})  # fmt: skip
# The channel's other cards would be rejected, too. After any other error, such as `cannot_reply_to_message`, they are
# posted.
OF_CHANNEL: Final = MAYBE_POSTED | UNAVAILABLE | UNAUTHORIZED | {"message_limit_exceeded", "rate_limited"}

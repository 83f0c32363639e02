"""Authenticates webhooks, and selects those that may report a change. Their content is never trusted."""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass

from bot.core.globs import matches_glob


@dataclass(frozen=True, slots=True)
class WebhookScheme:
    """How one kind of forge sends webhooks. Header names are in lower case.

    `auth_header` holds an HMAC-SHA256 signature of the body if `is_signed`, else the shared secret itself. `events` are
    patterns of the events that may have moved a branch or changed a pull request.
    """

    event_header: str
    delivery_headers: tuple[str, ...]
    auth_header: str
    events: tuple[str, ...]
    is_signed: bool = True


SCHEMES: Mapping[str, WebhookScheme] = {
    # https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
    "github": WebhookScheme("x-github-event", ("x-github-delivery",), "x-hub-signature-256", ("push", "pull_request*")),
    # https://docs.gitlab.com/user/project/integrations/webhooks/
    "gitlab": WebhookScheme(
        "x-gitlab-event",
        ("idempotency-key", "x-gitlab-event-uuid"),
        "x-gitlab-token",
        ("Push Hook", "Merge Request Hook"),
        is_signed=False,
    ),
    # https://support.atlassian.com/bitbucket-cloud/docs/manage-webhooks/
    "bitbucket": WebhookScheme("x-event-key", ("x-request-uuid",), "x-hub-signature", ("repo:push", "pullrequest:*")),
    # https://confluence.atlassian.com/bitbucketserver/manage-webhooks-938025878.html
    "bitbucket-server": WebhookScheme(
        "x-event-key", ("x-request-id",), "x-hub-signature", ("repo:refs_changed", "pr:*")
    ),
}


def is_authentic(scheme: WebhookScheme, headers: Mapping[str, str], body: bytes, secret: str) -> bool:
    """Whether the sender knows the secret."""
    digest = hmac.digest(secret.encode(), body, hashlib.sha256)
    expected = f"sha256={digest.hex()}" if scheme.is_signed else secret
    return hmac.compare_digest(headers.get(scheme.auth_header, "").encode(), expected.encode())


def delivery_id(scheme: WebhookScheme, headers: Mapping[str, str]) -> str:
    """The ID of a delivery, the same each time the forge retries it; "" if the forge sends none."""
    return next((headers[name] for name in scheme.delivery_headers if headers.get(name)), "")


def is_relevant(scheme: WebhookScheme, headers: Mapping[str, str]) -> bool:
    """Whether its event may have moved a branch or changed a pull request."""
    return any(matches_glob(pattern, headers.get(scheme.event_header, "")) for pattern in scheme.events)

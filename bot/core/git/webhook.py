"""Whether a forge sent a webhook, and whether it tells of something to look at. What it says is never believed."""

import hashlib
import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from bot.core.globs import matches_glob


@dataclass(frozen=True, slots=True)
class WebhookScheme:
    """How one kind of forge signs, by lower-case names of headers. `plain` is a header that holds the secret itself;
    `events` are patterns of the events that may have moved a branch or changed a pull request.
    """

    event_header: str
    delivery_headers: tuple[str, ...]
    events: tuple[str, ...]
    signature: str = ""
    plain: str = ""


SCHEMES: Mapping[str, WebhookScheme] = {
    # https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
    "github": WebhookScheme(
        "x-github-event", ("x-github-delivery",), ("push", "pull_request*"), signature="x-hub-signature-256"
    ),
    # https://docs.gitlab.com/user/project/integrations/webhooks/
    "gitlab": WebhookScheme(
        "x-gitlab-event",
        ("idempotency-key", "x-gitlab-event-uuid"),
        ("Push Hook", "Merge Request Hook"),
        plain="x-gitlab-token",
    ),
    # https://support.atlassian.com/bitbucket-cloud/docs/manage-webhooks/
    "bitbucket": WebhookScheme(
        "x-event-key", ("x-request-uuid",), ("repo:push", "pullrequest:*"), signature="x-hub-signature"
    ),
    # https://confluence.atlassian.com/bitbucketserver/manage-webhooks-938025878.html
    "bitbucket-server": WebhookScheme(
        "x-event-key", ("x-request-id",), ("repo:refs_changed", "pr:*"), signature="x-hub-signature"
    ),
}


def is_authentic(scheme: WebhookScheme, headers: Mapping[str, str], body: Iterable[bytes], secret: str) -> bool:
    """Whether whoever sent these bytes knows the secret. `body` is read to its end."""
    digest = hmac.new(secret.encode(), digestmod=hashlib.sha256)
    for part in body:
        digest.update(part)
    told, wanted = (
        (headers.get(scheme.plain, ""), secret)
        if scheme.plain
        else (headers.get(scheme.signature, ""), f"sha256={digest.hexdigest()}")
    )
    return hmac.compare_digest(told.encode(), wanted.encode())


def delivery_id(scheme: WebhookScheme, headers: Mapping[str, str]) -> str:
    """What tells this delivery from others, however often it is sent; "" where the forge does not say."""
    return next((headers[name] for name in scheme.delivery_headers if headers.get(name)), "")


def is_relevant(scheme: WebhookScheme, headers: Mapping[str, str]) -> bool:
    """Whether its event may have moved a branch or changed a pull request."""
    return any(matches_glob(event, headers.get(scheme.event_header, "")) for event in scheme.events)

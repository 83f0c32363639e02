"""`ports.EventReceiver` over HTTP: CloudEvents in structured JSON mode, signed like GitHub's webhooks.

https://github.com/cloudevents/spec/blob/main/cloudevents/bindings/http-protocol-binding.md
https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
"""

import hashlib
import hmac
from datetime import timedelta
from typing import Final
from urllib.parse import urlsplit

import urllib3
from cloudevents.core.bindings.http import to_structured_event
from cloudevents.core.v1.event import CloudEvent

from bot.core.events import Event
from bot.http_client import connect_through, deadline, obey_deadline, proxy_for
from bot.network import connection_failure
from bot.ports.events import DeliveryError

SIGNATURE_HEADER: Final = "X-Hub-Signature-256"
RESPONSE_SECONDS: Final = 10.0
_IDLE_SECONDS: Final = 5.0
_VERIFY: Final = ": it must verify the signature with the same EVENTS_SECRET."
_CORRECT_URL: Final = ": correct events.url."
_REMEDIES: Final = {
    **dict.fromkeys((401, 403), _VERIFY),
    **dict.fromkeys((301, 302, 303, 307, 308, 404, 405, 410), _CORRECT_URL),
}


class EventWebhook:
    """Sends events to a URL, through the proxy of the environment.

    Errors name only the host, since some receivers have a secret in the path.
    """

    def __init__(self, url: str, secret: str, source: str) -> None:
        self._url = url
        self._host = urlsplit(url).hostname
        self._secret = secret.encode()
        self._source = source
        self._pools = connect_through(proxy_for(url))
        obey_deadline(self._pools)

    def send(self, event: Event) -> None:
        message = to_structured_event(self._cloud_event(event))
        headers = {**message.headers, SIGNATURE_HEADER: self._signature(message.body)}
        try:
            with deadline(RESPONSE_SECONDS):
                response = self._pools.request(
                    "POST",
                    self._url,
                    body=message.body,
                    headers=headers,
                    timeout=_IDLE_SECONDS,
                    retries=False,
                    redirect=False,
                    preload_content=False,
                )
                response.close()  # only the status matters
        except (urllib3.exceptions.HTTPError, OSError) as error:
            detail = connection_failure(error).detail
            raise DeliveryError(f"{self._host} does not respond ({detail}).", answered=False) from None
        if not 200 <= response.status < 300:
            retry_after = _seconds(response.headers.get("Retry-After"))
            remedy = _REMEDIES.get(response.status, ".")
            raise DeliveryError(
                f"{self._host} returned {response.status}{remedy}", answered=True, retry_after=retry_after
            )

    def _cloud_event(self, event: Event) -> CloudEvent:
        attributes = {
            "id": event.id,
            "source": self._source,
            "type": str(event.type),
            "subject": event.subject,
            "time": event.time,
            "datacontenttype": "application/json",
        }
        return CloudEvent(attributes, dict(event.data))

    def _signature(self, body: bytes) -> str:
        return f"sha256={hmac.new(self._secret, body, hashlib.sha256).hexdigest()}"


def _seconds(header: str | None) -> timedelta | None:
    """The wait in a Retry-After header. Six digits of it are more than the bot ever waits."""
    return timedelta(seconds=int(header[:6])) if header and header.isascii() and header.isdigit() else None

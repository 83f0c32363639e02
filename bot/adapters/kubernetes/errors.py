"""Maps the errors of API servers to sentences that say what to do."""

import re
from dataclasses import dataclass

import orjson
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    MaxRetryError,
    NameResolutionError,
    NewConnectionError,
    ProtocolError,
    ProxyError,
    ReadTimeoutError,
    SSLError,
)

from bot.core.objects.credentials import redact_error
from bot.i18n.catalogue import cluster as texts
from bot.i18n.language import LocalizedText, Phrase
from bot.ports.cluster import ClusterError, ExpiredError, ForbiddenError, TooLargeError

_UNREACHABLE: tuple[tuple[type[Exception], Phrase], ...] = (
    (NameResolutionError, texts.UNKNOWN_HOST),
    (NewConnectionError, texts.NO_ROUTE),
    (ConnectTimeoutError, texts.SLOW_CONNECTION),
    (ReadTimeoutError, texts.SLOW_ANSWER),
    (ProxyError, texts.PROXY),
    (SSLError, texts.TLS),
    (ProtocolError, texts.CONNECTION_LOST),
)
# After etcd was restored, a resourceVersion from before can be in the future. client-go lists again, too.
# https://github.com/kubernetes/apimachinery/blob/master/pkg/api/errors/errors.go (IsTooLargeResourceVersion)
_FUTURE_VERSION = "Too large resource version"
_GRANTS = {
    texts.LIST: texts.GRANT_LIST,
    texts.LIST_IN: texts.GRANT_LIST_IN,
    texts.WATCH: texts.GRANT_WATCH,
    texts.WATCH_IN: texts.GRANT_WATCH_IN,
}


@dataclass(frozen=True, slots=True)
class ClusterErrorMapper:
    """`cluster` is the cluster's name, `server` the URL of its API. `action` always completes "could not …"."""

    cluster: str
    server: str

    def could_not(self, action: LocalizedText, why: LocalizedText) -> ClusterError:
        """The error for an action that failed because of `why`."""
        return ClusterError(LocalizedText(texts.COULD_NOT, cluster=self.cluster, what=action, why=why))

    def too_large(self, action: LocalizedText, max_bytes: int, phrase: Phrase = texts.TOO_LARGE) -> TooLargeError:
        """A response has or takes more than `max_bytes`."""
        why = LocalizedText(phrase, size=str(max_bytes >> 20))
        return TooLargeError(LocalizedText(texts.COULD_NOT, cluster=self.cluster, what=action, why=why))

    def unreachable(self, action: LocalizedText, error: HTTPError) -> ClusterError:
        """There was no response, or only part of one."""
        cause = error.reason if isinstance(error, MaxRetryError) and error.reason else error
        phrase = next((phrase for kind, phrase in _UNREACHABLE if isinstance(cause, kind)), None)
        text = LocalizedText(phrase) if phrase else type(cause).__name__
        return self.could_not(action, LocalizedText(texts.UNREACHABLE, cause=text, host=self.server))

    def rejected(self, action: LocalizedText, status: int, body: bytes) -> ClusterError:
        """The response has an error status."""
        message = _status_message(body)
        match status:
            case 401:
                return ClusterError(LocalizedText(texts.BAD_CREDENTIALS, cluster=self.cluster))
            case 403:
                user = re.search(r'User "([^"]+)"', message)
                account = user[1] if user else LocalizedText(texts.BOTS_ACCOUNT)
                grant = LocalizedText(_GRANTS.get(action.phrase, texts.GRANT_DISCOVERY), **dict(action.values))
                return ForbiddenError(
                    LocalizedText(texts.FORBIDDEN, cluster=self.cluster, account=account, what=action, grant=grant)
                )
            case 404:
                return self.could_not(action, LocalizedText(texts.NO_LONGER_SERVED))
            case 410 | 504 if status == 410 or _FUTURE_VERSION in message:
                why = LocalizedText(texts.EXPIRED)
                return ExpiredError(LocalizedText(texts.COULD_NOT, cluster=self.cluster, what=action, why=why))
            case 429:
                return self.could_not(action, LocalizedText(texts.OVERLOADED))
            case _:
                phrase = texts.ANSWERED_SAYING if message else texts.ANSWERED
                return self.could_not(action, LocalizedText(phrase, status=str(status), said=message))


def _status_message(body: bytes) -> str:
    """The message of a Status, on one line; "" if the body is something else."""
    try:
        status = orjson.loads(body)
    except orjson.JSONDecodeError:
        return ""
    message = status.get("message") if isinstance(status, dict) else None
    return redact_error(message)[:200].rstrip(".") if isinstance(message, str) else ""

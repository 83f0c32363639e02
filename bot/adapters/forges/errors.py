"""Maps the errors of forges to sentences for people."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Self
from urllib.parse import urlsplit

import requests

from bot.adapters.forges.transport import LimitError, OtherServerError
from bot.core.objects.credentials import redact_error
from bot.i18n.catalogue import forge as texts
from bot.i18n.language import LocalizedText, Phrase, Text
from bot.network import ConnectionProblem, connection_failure
from bot.ports.forge import ForgeError

_CONNECTION_PROBLEMS = {
    ConnectionProblem.NAME: texts.UNKNOWN_NAME,
    ConnectionProblem.CERTIFICATE: texts.UNTRUSTED,
    ConnectionProblem.TLS: texts.NO_TLS,
    ConnectionProblem.OTHER: texts.SILENT,
}
# What libraries and adapters raise if a response is not the API's: a login page, wrong types, deep nesting.
NOT_THE_API = (ArithmeticError, AssertionError, AttributeError, LookupError, RuntimeError, TypeError, ValueError)
_MAX_DIGITS = 12  # of a number of seconds
_ARCHIVED = re.compile(r"\barchived\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ErrorResponse:
    """An error response: `headers` by lower-case name, `message` in the forge's own words."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    message: str = ""

    @classmethod
    def of(cls, status: int | None, headers: Mapping[str, str] | None, message: object) -> Self:
        """An error response from a client library's values, with the message shortened to one line."""
        lower_case = {name.lower(): value for name, value in (headers or {}).items()}
        return cls(status or 0, lower_case, redact_error(str(message or ""))[:200].rstrip("."))


@dataclass(frozen=True, slots=True)
class ForgeErrorMapper:
    """Describes an error in one sentence, with what to do about it.

    `forge` is the product's name, `repository` the repository's, `api_url_format` an example of its api_url, and
    `token_variable` the environment variable for the token.
    """

    forge: str
    repository: str
    api_url: str
    api_url_format: str
    token_variable: str

    def no_token(self) -> ForgeError:
        """No token is set."""
        return ForgeError(LocalizedText(texts.NO_TOKEN, variable=self.token_variable, repository=self.repository))

    def failed(self, error: requests.RequestException) -> ForgeError:
        """A request got no response within the bounds."""
        match error:
            case OtherServerError():
                return self.not_the_api()
            case LimitError(limit=limit):
                return ForgeError(self._about_server(texts.EXCEEDED, limit=limit))
        failure = connection_failure(error)
        return ForgeError(self._about_server(_CONNECTION_PROBLEMS[failure.problem], reason=failure.detail))

    def _about_server(self, phrase: Phrase, **values: Text) -> LocalizedText:
        return LocalizedText(phrase, forge=self.forge, host=urlsplit(self.api_url).netloc, **values)

    def not_the_api(self) -> ForgeError:
        """Something other than the API answers, such as a login page or a redirect."""
        return ForgeError(
            LocalizedText(texts.NOT_THE_API, url=self.api_url, forge=self.forge, address=self.api_url_format)
        )

    def archived(self) -> ForgeError:
        """The repository is read-only."""
        return ForgeError(LocalizedText(texts.ARCHIVED, repository=self.repository, forge=self.forge))

    def rate_limited(self, retry_at: datetime) -> ForgeError:
        """The rate limit has been reached, until `retry_at`."""
        return ForgeError(LocalizedText(texts.LIMITED, forge=self.forge, time=f"{retry_at:%H:%M}"), retry_at)

    def rejected(self, response: ErrorResponse, action: Text, permission: Text) -> ForgeError:
        """Any other error, by its status. `action` completes "could not …", `permission` is the one it needs."""
        if _ARCHIVED.search(response.message):
            return self.archived()
        status = str(response.status)
        detail: Text | None = (
            LocalizedText(texts.SAID, repository=self.repository, said=response.message) if response.message else None
        )
        match response.status:
            case 401:
                phrase = texts.BAD_TOKEN
            case 403:
                phrase, detail = texts.FORBIDDEN, detail or self.repository
            case 404:
                phrase = texts.NOT_SHOWN
            case server_error if server_error >= 500:
                phrase = texts.BROKEN
            case _:
                phrase = texts.WOULD_NOT
        return ForgeError(
            LocalizedText(
                phrase,
                forge=self.forge,
                repository=self.repository,
                variable=self.token_variable,
                doing=action,
                said=detail or LocalizedText(texts.STATUS, repository=self.repository, status=status),
                permission=permission,
                status=status,
            )
        )


def retry_time(headers: Mapping[str, str], reset_header: str, now: datetime) -> datetime:
    """When a rate limit ends: from `Retry-After` in seconds, or else `reset_header` in seconds since 1970.

    One minute from now if the forge gives no time, and at most one day from now, since a later time isn't plausible.
    """
    wait, reset = headers.get("retry-after", ""), headers.get(reset_header, "")
    time = now + timedelta(minutes=1)
    if wait.isdecimal() and len(wait) <= _MAX_DIGITS:
        time = now + timedelta(seconds=min(int(wait), 10**6))
    elif reset.isdecimal() and len(reset) <= _MAX_DIGITS:
        time = datetime.fromtimestamp(min(int(reset), 10**11), UTC)
    return min(time, now + timedelta(days=1))

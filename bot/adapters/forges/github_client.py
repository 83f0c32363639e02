"""PyGithub for one repository: a client per thread, with every error mapped to a ForgeError."""

import math
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import islice
from typing import Any, Protocol, TypeVar

import requests
from github import BadAttributeException, Github, GithubException, RateLimitExceededException
from github.Repository import Repository
from github.Requester import HTTPRequestsConnectionClass, HTTPSRequestsConnectionClass, Requester

from bot.adapters.forges.errors import NOT_THE_API, ErrorResponse, ForgeErrorMapper, retry_time
from bot.adapters.forges.forge import PAGE_SIZE
from bot.adapters.forges.github_app import CurrentToken
from bot.adapters.forges.transport import BoundedAdapter, bounded_operation
from bot.i18n.catalogue import forge as texts
from bot.i18n.language import LocalizedText, Text
from bot.ports.forge import ForgeError

# "If you are making a large number of POST, PATCH, PUT, or DELETE requests, wait at least one second between each":
# https://docs.github.com/rest/guides/best-practices-for-using-the-rest-api#pause-between-mutative-requests
_SECONDS_BETWEEN_WRITES = 1.0


class _HttpConnection(HTTPRequestsConnectionClass):
    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        self.session.mount("http://", BoundedAdapter())


class _HttpsConnection(HTTPSRequestsConnectionClass):
    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        self.session.mount("https://", BoundedAdapter())


Requester.injectConnectionClasses(_HttpConnection, _HttpsConnection)


class GitHubClient:
    """Access to the repository `owner/name` at `api_url`, with the current token from `token`."""

    def __init__(
        self, repository: str, api_url: str, token: Callable[[], str | None], errors: ForgeErrorMapper
    ) -> None:
        self._name = repository
        self._api_url = api_url
        self._token = token
        self._errors = errors
        self._local = threading.local()

    @contextmanager
    def repository(self, action: Text, permission: Text = "Pull requests: Read-only") -> Iterator[Repository]:
        """The repository for the calling thread; errors inside become a ForgeError.

        `action` completes "could not …", and `permission` is the one it needs.
        """
        with self.mapped_errors(action, permission):
            # PyGithub stores verb, URL and body on the connection, so threads that share one get wrong answers.
            if not hasattr(self._local, "repository"):
                self._local.repository = self._get_repository()
            yield self._local.repository

    @contextmanager
    def mapped_errors(self, action: Text, permission: Text) -> Iterator[None]:
        """Map the errors of PyGithub and of HTTP inside to a ForgeError."""
        try:
            with bounded_operation(self._api_url):
                yield
        except GithubException as error:
            raise self._mapped(error, action, permission) from error
        except requests.RequestException as error:
            raise self._errors.failed(error) from error
        except (BadAttributeException, *NOT_THE_API) as error:
            raise self._errors.not_the_api() from error

    def _get_repository(self) -> Repository:
        """The repository with its current name, since writing to a renamed one requires it."""
        client = Github(
            auth=CurrentToken(self._required_token),
            base_url=self._api_url,
            per_page=PAGE_SIZE,
            seconds_between_requests=None,
            seconds_between_writes=_SECONDS_BETWEEN_WRITES,
        )
        repository = client.get_repo(self._name)
        if not isinstance(repository.id, int):
            raise TypeError("the response is not a repository")
        return repository

    def _required_token(self) -> str:
        token = self._token()
        if not token:
            raise self._errors.no_token()
        return token

    def _mapped(self, error: GithubException, action: Text, permission: Text) -> ForgeError:
        response = ErrorResponse.of(error.status, error.headers, _message(error))
        if _is_rate_limited(error, response.headers):
            return self._errors.rate_limited(retry_time(response.headers, "x-ratelimit-reset", datetime.now(UTC)))
        if error.status == 403 and "x-github-sso" in response.headers:
            return ForgeError(LocalizedText(texts.SSO, repository=self._name))
        return self._errors.rejected(response, action, permission)


_Answer = TypeVar("_Answer")


def none_on_status(status: int, request: Callable[[], _Answer]) -> _Answer | None:
    """The answer to a request; None if it is an error with this status."""
    try:
        return request()
    except GithubException as error:
        if error.status != status:
            raise
        return None


class _HasId(Protocol):
    @property
    def id(self) -> int: ...


_Item = TypeVar("_Item", bound=_HasId)


def first_items(items: Iterable[_Item], limit: int | None = None) -> list[_Item]:
    """The first items of a list. Raises TypeError if the response is something else, such as a login page."""
    first = list(islice(items, limit))
    if not all(isinstance(item.id, int) for item in first):
        raise TypeError("the response is not a list")
    return first


def read_pages(repository: Repository, url: str, limit: int, key: str = "") -> list[Any]:
    """The first items of a list that PyGithub doesn't paginate: the answer, or the list at `key` in it."""
    items: list[Any] = []
    for page in range(1, math.ceil(limit / PAGE_SIZE) + 1):
        parameters = {"per_page": PAGE_SIZE, "page": page}
        _, answer = repository.requester.requestJsonAndCheck("GET", url, parameters=parameters)
        listed = answer[key] if key else answer
        items += listed
        if len(listed) < PAGE_SIZE:
            break
    return items[:limit]


def _message(error: GithubException) -> str:
    """GitHub's message: the first detail of a validation error, or else the error's message."""
    if not isinstance(error.data, dict):
        return ""
    details = [
        detail["message"]
        for detail in error.data.get("errors") or ()
        if isinstance(detail, dict) and "message" in detail
    ]
    return str(details[0] if details else error.data.get("message") or "")


def _is_rate_limited(error: GithubException, headers: Mapping[str, str]) -> bool:
    """https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api"""
    used_up = headers.get("x-ratelimit-remaining") == "0" or "retry-after" in headers
    return error.status == 429 or (error.status == 403 and (used_up or isinstance(error, RateLimitExceededException)))

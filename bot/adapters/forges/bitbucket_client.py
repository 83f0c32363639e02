"""What Bitbucket Cloud and Data Center share: one repository's REST API, with plain requests of atlassian-python-api.

The library's objects for pull requests are not used: they ignore the timeout, sleep for any Retry-After, send another
request for each item of a list, and lack the pull requests of a commit and their activity.
"""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import requests
from atlassian.rest_client import AtlassianRestAPI

from bot.adapters.forges.errors import NOT_THE_API, ErrorResponse, ForgeErrorMapper, retry_time
from bot.adapters.forges.transport import bounded_operation, http_session
from bot.adapters.git.credential import Credential
from bot.core.git.commit_check import CheckState
from bot.i18n.language import Text
from bot.ports.forge import ForgeError
from bot.ports.probe import Probe

BUILD_STATES: Mapping[str, CheckState] = {
    "SUCCESSFUL": CheckState.SUCCESS,
    "FAILED": CheckState.FAILURE,
    "INPROGRESS": CheckState.PENDING,
    "STOPPED": CheckState.NEUTRAL,  # Cloud
    "CANCELLED": CheckState.NEUTRAL,  # Data Center
    "UNKNOWN": CheckState.PENDING,
}
_INVALID_REQUEST = (400, 404, 409, 422)  # permitted, but not valid

Json = Mapping[str, Any]
Parameters = Mapping[str, str | int]


class BitbucketError(Exception):
    """An error response; `exception_name` is that of Data Center, "" on Cloud."""

    def __init__(self, response: ErrorResponse, exception_name: str) -> None:
        super().__init__(response.message)
        self.response = response
        self.exception_name = exception_name


class Api:
    """The REST API at `root`, for one thread. `path` is that of the repository, with its current name."""

    def __init__(self, root: str, credential: Credential) -> None:
        self.path = ""
        self._root = root
        self._client = AtlassianRestAPI(
            root,
            username=credential.user,
            password=credential.secret,
            token=credential.secret,  # used if there is no username
            session=http_session(),
            retry_with_header=False,
        )

    def get(self, path: str, parameters: Parameters | None = None) -> Json:
        """One object. Raises BitbucketError; TypeError or ValueError if the answer isn't the API's."""
        return self._request("GET", path, parameters=parameters)

    def post(self, path: str, body: Json) -> Json:
        """Create and return an object. Raises the same errors as `get`."""
        return self._request("POST", path, body=body)

    def find(self, path: str, parameters: Parameters | None = None) -> Json | None:
        """One object; None if there is none."""
        try:
            return self.get(path, parameters)
        except BitbucketError as error:
            if error.response.status != 404:
                raise
            self.get(self.path)  # an error if the token can no longer see the repository
            return None

    def paginate(self, path: str, parameters: Parameters) -> Iterator[Json]:
        """Every item of a list, page by page."""
        page = self.get(path, parameters)
        while True:
            yield from page["values"]
            if page.get("nextPageStart") is not None:  # Data Center
                page = self.get(path, {**parameters, "start": page["nextPageStart"]})
            elif next_url := page.get("next"):  # Cloud
                if not next_url.startswith(f"{self._root}/"):
                    raise ValueError("the next page is on another server")
                page = self.get(next_url.removeprefix(f"{self._root}/"))
            else:
                return

    def paginate_if_found(self, path: str, parameters: Parameters) -> Iterator[Json]:
        """Every item of a list; none when there is no such list."""
        try:
            yield from self.paginate(path, parameters)
        except BitbucketError as error:
            if error.response.status != 404:
                raise

    def _request(
        self, method: str, path: str, *, parameters: Parameters | None = None, body: Json | None = None
    ) -> Json:
        response = self._client.request(
            method,
            path,
            params=dict(parameters or {}),
            data=dict(body) if body is not None else None,
            advanced_mode=True,
            absolute=path.startswith(("https://", "http://")),
            allow_redirects=method == "GET",  # requests would turn a redirected POST into a GET
        )
        if response.status_code not in (200, 201):  # 202 is "not yet"
            raise _error(response)
        answer: Json = response.json()
        if not isinstance(answer, dict):
            raise TypeError("the response is not an object")
        return answer


class BitbucketClient:
    """Access to one repository: an API client per thread, with every error mapped to a ForgeError.

    `find_path` returns the repository's path with its current name, since writing to a renamed one requires that. It
    may raise BitbucketError, and is called once per thread.
    """

    def __init__(
        self, errors: ForgeErrorMapper, root: str, credential: Credential | None, find_path: Callable[[Api], str]
    ) -> None:
        self._errors = errors
        self._root = root
        self._credential = credential
        self._find_path = find_path
        self._local = threading.local()

    @contextmanager
    def api(self, action: Text, permission: Text) -> Iterator[Api]:
        """The API for the calling thread; errors inside become a ForgeError.

        `action` completes "could not …", and `permission` is the one it needs.
        """
        if self._credential is None:
            raise self._errors.no_token()
        try:
            with bounded_operation(self._root):
                if not hasattr(self._local, "api"):
                    api = Api(self._root, self._credential)
                    api.path = self._find_path(api)
                    self._local.api = api
                yield self._local.api
        except BitbucketError as error:
            raise self._mapped(error, action, permission) from error
        except requests.JSONDecodeError as error:
            raise self._errors.not_the_api() from error
        except requests.RequestException as error:
            raise self._errors.failed(error) from error
        except NOT_THE_API as error:
            raise self._errors.not_the_api() from error

    def probes(self, requests_by_action: Mapping[str, tuple[Text, Callable[[Api], Json]]]) -> list[Probe]:
        """Try requests, each with the permission it needs, by action; the first only reads the repository."""
        probes: list[Probe] = []
        for action, (permission, request) in requests_by_action.items():
            probes.append(self._probe(action, permission, request))
            if not probes[0].ok:
                break
        return probes

    def clone_urls(self, permission: Text) -> list[str]:
        """The URLs of the repository for git, over HTTPS and SSH. Raises ForgeError."""
        with self.api("read the repository", permission) as api:
            return [str(link["href"]) for link in api.get(api.path)["links"].get("clone") or ()]

    def _probe(self, action: str, permission: Text, request: Callable[[Api], Json]) -> Probe:
        def attempt() -> None:
            with self.api(action, permission) as api:
                answer = _none_if_invalid(request, api)
                if answer and answer.get("archived"):
                    raise self._errors.archived()

        return Probe.attempt(f"{self._errors.forge} {self._errors.repository}: {action}", attempt)

    def _mapped(self, error: BitbucketError, action: Text, permission: Text) -> ForgeError:
        response = error.response
        if response.status == 429:
            return self._errors.rate_limited(retry_time(response.headers, "x-ratelimit-reset", datetime.now(UTC)))
        if error.exception_name.endswith("AuthorisationException"):  # Data Center's 401 for a known user
            response = ErrorResponse(403, response.headers, response.message)
        return self._errors.rejected(response, action, permission)


def _none_if_invalid(request: Callable[[Api], Json], api: Api) -> Json | None:
    try:
        return request(api)
    except BitbucketError as error:
        if error.response.status not in _INVALID_REQUEST:
            raise
        return None


def _error(response: requests.Response) -> BitbucketError:
    message, exception_name = "", ""
    try:
        body = response.json()
        first = body.get("error") or (body.get("errors") or [{}])[0]
        message, exception_name = str(first.get("message") or ""), str(first.get("exceptionName") or "")
    except (AttributeError, IndexError, requests.JSONDecodeError):
        message = response.reason
    return BitbucketError(ErrorResponse.of(response.status_code, response.headers, message), exception_name)

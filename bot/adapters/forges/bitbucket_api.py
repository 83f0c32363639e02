"""What Bitbucket Cloud and Data Center share: one repository's REST API, by atlassian-python-api's plain requests.

Its objects for pull requests are not used: they drop the time limit and sleep as long as a Retry-After says, a list
asks once more for each of its items, and the pull requests of a commit and their activity are missing.
"""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import requests
from atlassian.rest_client import AtlassianRestAPI

from bot.adapters.forges.forge import SECONDS, ForgeErrorMapper, Probe, Refusal, retry_at, session
from bot.adapters.git.login import Login
from bot.ports.forge import ForgeError

_NO_SENSE = (400, 404, 409, 422)  # it may, and what was asked for makes no sense

Json = Mapping[str, Any]
Parameters = Mapping[str, str | int]


class RefusedError(Exception):
    """An answer that is not the one asked for; `code` is Data Center's name of the exception, "" on Cloud."""

    def __init__(self, refusal: Refusal, code: str) -> None:
        super().__init__(refusal.said)
        self.refusal = refusal
        self.code = code


class Api:
    """The API at `root`, for one thread. `path` is the repository's own, by the name it has now."""

    def __init__(self, root: str, login: Login) -> None:
        self.path = ""
        self._root = root
        http = session()
        self._client = AtlassianRestAPI(
            root,
            username=login.user,
            password=login.secret,
            token=login.secret,  # of a login without a user
            session=http,
            timeout=SECONDS,
            retry_with_header=False,
        )

    def get(self, path: str, parameters: Parameters | None = None) -> Json:
        """One object. RefusedError; TypeError or ValueError for what is no answer of the API's."""
        return self._ask("GET", path, parameters=parameters)

    def post(self, path: str, body: Json) -> Json:
        """Make something; what was made."""
        return self._ask("POST", path, body=body)

    def find(self, path: str, parameters: Parameters | None = None) -> Json | None:
        """One object; None where there is none."""
        try:
            return self.get(path, parameters)
        except RefusedError as error:
            if error.refusal.status != 404:
                raise
            self.get(self.path)  # told apart from a repository that the token may not see any more
            return None

    def every(self, path: str, parameters: Parameters) -> Iterator[Json]:
        """Every item of a list, page by page."""
        page = self.get(path, parameters)
        while True:
            yield from page["values"]
            if page.get("nextPageStart") is not None:  # Data Center
                page = self.get(path, {**parameters, "start": page["nextPageStart"]})
            elif following := page.get("next"):  # Cloud
                if not following.startswith(f"{self._root}/"):
                    raise ValueError("the next page is on another server")
                page = self.get(following.removeprefix(f"{self._root}/"))
            else:
                return

    def _ask(self, method: str, path: str, *, parameters: Parameters | None = None, body: Json | None = None) -> Json:
        answer = self._client.request(
            method,
            path,
            params=dict(parameters or {}),
            data=dict(body) if body is not None else None,
            advanced_mode=True,
            allow_redirects=method == "GET",  # requests would make a GET of a redirected POST
        )
        if answer.status_code not in (200, 201):  # 202 is "not yet"
            raise _refused(answer)
        found: Json = answer.json()
        if not isinstance(found, dict):
            raise TypeError("the response is not an object")
        return found


class Connection:
    """Asks one repository's API, each thread by a client of its own, and makes a ForgeError of what goes wrong.

    `look_up` gives the repository's path by the name it has now, which is asked for once: renamed, it is written under
    that alone. RefusedError. `login` is what the API is asked with.
    """

    def __init__(
        self, speaker: ForgeErrorMapper, root: str, login: Login | None, look_up: Callable[[Api], str]
    ) -> None:
        self._speaker = speaker
        self._root = root
        self._login = login
        self._look_up = look_up
        self._local = threading.local()

    @contextmanager
    def asking(self, doing: str, permission: str) -> Iterator[Api]:
        """The client of the calling thread; what goes wrong inside becomes a ForgeError."""
        if self._login is None:
            raise self._speaker.no_token()
        try:
            if not hasattr(self._local, "api"):
                api = Api(self._root, self._login)
                api.path = self._look_up(api)
                self._local.api = api
            yield self._local.api
        except RefusedError as error:
            raise self._explained(error, doing, permission) from error
        except (requests.JSONDecodeError, KeyError, TypeError, ValueError) as error:
            raise self._speaker.not_the_api() from error
        except requests.RequestException as error:
            raise self._speaker.silent() from error

    def probes(self, attempts: Mapping[str, tuple[str, Callable[[Api], Json]]]) -> list[Probe]:
        """What the bot needs, each with what it takes, and tried; the first is to see the repository at all."""
        probes: list[Probe] = []
        for doing, (permission, attempt) in attempts.items():
            what = f"{self._speaker.forge} {self._speaker.repository}: {doing}"
            try:
                with self.asking(doing, permission) as api:
                    if (answer := _unless_senseless(attempt, api)) and answer.get("archived"):
                        raise self._speaker.archived()
            except ForgeError as error:
                probes.append(Probe(what, ok=False, remedy=str(error)))
                if len(probes) == 1:
                    break
            else:
                probes.append(Probe(what, ok=True))
        return probes

    def _explained(self, error: RefusedError, doing: str, permission: str) -> ForgeError:
        refusal = error.refusal
        if refusal.status == 429:
            return self._speaker.limited(retry_at(refusal.headers, "x-ratelimit-reset", datetime.now(UTC)))
        if error.code.endswith("AuthorisationException"):  # Data Center says 401 to somebody it knows, too
            refusal = Refusal(403, refusal.headers, refusal.said)
        return self._speaker.refused(refusal, doing, permission)


def _unless_senseless(attempt: Callable[[Api], Json], api: Api) -> Json | None:
    try:
        return attempt(api)
    except RefusedError as error:
        if error.refusal.status not in _NO_SENSE:
            raise
        return None


def _refused(answer: requests.Response) -> RefusedError:
    said, code = "", ""
    try:
        body = answer.json()
        first = body.get("error") or (body.get("errors") or [{}])[0]
        said, code = str(first.get("message") or ""), str(first.get("exceptionName") or "")
    except (AttributeError, IndexError, requests.JSONDecodeError):
        said = answer.reason
    return RefusedError(Refusal.of(answer.status_code, answer.headers, said), code)

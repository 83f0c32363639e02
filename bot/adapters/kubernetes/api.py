"""One API server over HTTP, read-only: GET requests, and responses as raw JSON.

The official client is used for configuration and authentication, but not for its typed models, which take a hundred
times as long as JSON.
"""

import math
import threading
import time
from contextlib import closing
from typing import Any, Final

import orjson
import urllib3
from kubernetes.client import ApiClient, Configuration
from kubernetes.config import ConfigException
from urllib3.exceptions import HTTPError, ProtocolError, ReadTimeoutError

from bot.adapters.kubernetes import bounds
from bot.adapters.kubernetes.depth import cut_off
from bot.adapters.kubernetes.errors import ClusterErrorMapper
from bot.adapters.kubernetes.json_memory import parsed_bytes
from bot.http_client import deadline, restrict, seconds_left
from bot.i18n.catalogue import cluster as texts
from bot.i18n.language import LocalizedText

# One retry if a connection fails or breaks; two if the server is overloaded or briefly unavailable.
_RETRY = urllib3.Retry(
    total=2,
    connect=1,
    read=1,
    redirect=0,
    backoff_factor=0.1,
    status_forcelist=(429, 502, 503, 504),
    allowed_methods=("GET",),
    retry_after_max=2,
    raise_on_status=False,
)
_CHUNK_BYTES: Final = 2**16


class KubernetesApi:
    """The API server of cluster `name` at `server`. Thread-safe. Every error is a ClusterError.

    In all methods, `action` completes "could not …" in errors. `timeout` is for connecting, and between two pieces of a
    response; `bounds` has the other limits.
    """

    def __init__(self, name: str, configuration: Configuration, timeout: urllib3.Timeout) -> None:
        configuration.retries = _RETRY
        configuration.connection_pool_maxsize = (
            bounds.WATCHES
        )  # urllib3 closes additional connections after use, with a warning
        self._client = ApiClient(configuration)
        # Its proxy is decided; otherwise the client looks for one in the environment again before each request.
        configuration.proxy = configuration.proxy
        self.server = str(configuration.host)
        self.errors = ClusterErrorMapper(name, self.server)
        self._pools: urllib3.PoolManager = self._client.rest_client.pool_manager
        restrict(self._pools)
        self._timeout = timeout
        self._authenticating = threading.Lock()
        self._login: dict[str, str] | None = None  # the headers of the last one; None if it failed
        self._login_until = -math.inf

    def get_json(
        self, path: str, action: LocalizedText, *, accept: str = "application/json", on_404: bytes | None = None
    ) -> dict[str, Any]:
        """The JSON object at a path; `on_404`, if given, replaces the body of a 404."""
        return self.parse_document(self.get(path, action, accept=accept, on_404=on_404), action)

    def get(
        self,
        path: str,
        action: LocalizedText,
        *,
        accept: str = "application/json",
        on_404: bytes | None = None,
        max_bytes: int = bounds.DOCUMENT_BYTES,
    ) -> bytes:
        """The body at a path. Raises TooLargeError if it has more than `max_bytes`."""
        headers = {"accept": accept, "accept-encoding": "gzip", "user-agent": "gitops-bot"}
        try:
            with deadline(bounds.REQUEST_SECONDS):
                self._authenticate(path, headers)
                try:
                    status, body = self._send(path, headers, max_bytes)
                except (ProtocolError, ReadTimeoutError):  # urllib3 retries requests, but not reading the body
                    status, body = self._send(path, headers, max_bytes)
        except HTTPError as error:
            raise self.errors.unreachable(action, error) from error
        except (ConfigException, OSError) as error:
            raise self.errors.could_not(action, LocalizedText(texts.NO_LOGIN)) from error
        if status == 404 and on_404 is not None:
            return on_404
        if status != 200:
            raise self.errors.rejected(action, status, body)
        if len(body) > max_bytes:
            raise self.errors.too_large(action, max_bytes)
        return body

    def open(self, path: str, action: LocalizedText, *, idle: float, seconds: float) -> urllib3.BaseHTTPResponse:
        """A streaming response, for at most `seconds`, with at most `idle` seconds between two pieces."""
        headers = {"accept": "application/json", "user-agent": "gitops-bot"}
        timeout = urllib3.Timeout(connect=self._timeout.connect_timeout, read=idle)
        try:
            with deadline(seconds):
                self._authenticate(path, headers)
                response = self._pools.request(
                    "GET", self.server + path, headers=headers, timeout=timeout, redirect=False, preload_content=False
                )
            if response.status == 200:
                return response
            with closing(response):
                body = response.read(bounds.ERROR_BYTES)
        except HTTPError as error:
            raise self.errors.unreachable(action, error) from error
        except (ConfigException, OSError) as error:
            raise self.errors.could_not(action, LocalizedText(texts.NO_LOGIN)) from error
        raise self.errors.rejected(action, response.status, body)

    def _authenticate(self, path: str, headers: dict[str, str]) -> None:
        """Add the credentials. One thread renews an expired token, for which the others wait until their deadlines."""
        if not self._authenticating.acquire(timeout=min(seconds_left(), threading.TIMEOUT_MAX)):
            raise ConfigException("another request still logs in")
        try:
            if time.monotonic() >= self._login_until:
                self._log_in(path)
            if self._login is None:
                raise ConfigException("the last login failed")
            headers |= self._login
        finally:
            self._authenticating.release()

    def _log_in(self, path: str) -> None:
        """Set `_login`. The result of a slow login is used for a while, also if it failed."""
        login: dict[str, str | None] = {}
        self._login, start = None, time.monotonic()
        try:
            self._client.update_params_for_auth(login, [], ["BearerToken"], path, "GET", None)
            self._login = {name: value for name, value in login.items() if value}  # None for an empty token
        finally:
            end = time.monotonic()
            if end - start >= bounds.SLOW_LOGIN_SECONDS:
                self._login_until = end + bounds.LOGIN_REUSED_SECONDS

    def _send(self, path: str, headers: dict[str, str], max_bytes: int) -> tuple[int, bytes]:
        """Status and body, which is cut off above `max_bytes`. Raises HTTPError."""
        response = self._pools.request(
            "GET", self.server + path, headers=headers, timeout=self._timeout, redirect=False, preload_content=False
        )
        try:
            most = max_bytes if response.status == 200 else min(max_bytes, bounds.ERROR_BYTES)
            body = bytearray()
            while len(body) <= most and (chunk := response.read(_CHUNK_BYTES)):
                body += chunk
            return response.status, bytes(body)
        finally:
            response.close()  # if read to the end, it is already back in the pool

    def parse_document(self, body: bytes, action: LocalizedText) -> dict[str, Any]:
        """The JSON object in a body. Raises TooLargeError if it would take more than DOCUMENT_MEMORY."""
        if parsed_bytes(body) > bounds.DOCUMENT_MEMORY:
            raise self.errors.too_large(action, bounds.DOCUMENT_MEMORY, texts.TOO_MUCH_MEMORY)
        return self.parse(body, action)

    def parse(self, body: bytes, action: LocalizedText) -> dict[str, Any]:
        """The JSON object in a body, cut off where it is nested too deeply."""
        try:
            answer = _loads(body)
        except orjson.JSONDecodeError as error:
            raise self.errors.could_not(action, LocalizedText(texts.NO_JSON, host=self.server)) from error
        if not isinstance(answer, dict):
            raise self.errors.could_not(action, LocalizedText(texts.NO_OBJECT))
        return answer


def _loads(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return orjson.loads(cut_off(body, bounds.JSON_DEPTH))

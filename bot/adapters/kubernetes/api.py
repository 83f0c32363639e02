"""One API server over HTTP, read-only: GET requests, and their answers as raw JSON.

The official client configures and authenticates. Its typed models take a hundred times as long as the JSON, so they
are not used.
"""

import threading
from typing import Any

import orjson
import urllib3
from kubernetes.client import ApiClient, Configuration
from kubernetes.config import ConfigException
from urllib3.exceptions import HTTPError

from bot.adapters.kubernetes.errors import ClusterErrorMapper
from bot.i18n.catalogue import cluster as texts
from bot.i18n.language import LocalizedText

# One retry when a connection cannot be made or breaks off; two when the server is overloaded or briefly unavailable.
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


class _GetOnly:
    """Mixed into every connection pool, through which every request passes: anything but a GET without body fails."""

    def urlopen(self, method: str, url: str, body: object = None, *args: Any, **kwargs: Any) -> Any:
        if method != "GET" or body is not None:
            raise PermissionError(f"{method} {url}: the bot sends only GET requests to a cluster")
        return super().urlopen(method, url, body, *args, **kwargs)  # type: ignore[misc]


class KubernetesApi:
    """The API server of cluster `name` at `server`. Any thread may call. Every error is a ClusterError.

    In all methods `action` completes "could not …" in errors. `timeout` is for one request.
    """

    def __init__(self, name: str, configuration: Configuration, timeout: urllib3.Timeout) -> None:
        configuration.retries = _RETRY
        self._client = ApiClient(configuration)
        self.server = str(configuration.host)
        self.errors = ClusterErrorMapper(name, self.server)
        self._pools: urllib3.PoolManager = self._client.rest_client.pool_manager
        self._pools.pool_classes_by_scheme = {
            scheme: type(f"GetOnly{pool.__name__}", (_GetOnly, pool), {})
            for scheme, pool in self._pools.pool_classes_by_scheme.items()
        }
        self._timeout = timeout
        self._authenticating = threading.Lock()

    def get_json(
        self, path: str, action: LocalizedText, *, accept: str = "application/json", on_404: bytes | None = None
    ) -> dict[str, Any]:
        """The JSON object at a path; `on_404`, if given, is the body when there is nothing."""
        return self.parse(self.get(path, action, accept=accept, on_404=on_404), action)

    def get(
        self, path: str, action: LocalizedText, *, accept: str = "application/json", on_404: bytes | None = None
    ) -> bytes:
        """The body at a path."""
        headers = {"accept": accept, "accept-encoding": "gzip", "user-agent": "gitops-bot"}
        try:
            with self._authenticating:  # so that one thread renews an expired token, not all of them
                self._client.update_params_for_auth(headers, [], ["BearerToken"], path, "GET", None)
            response = self._pools.request(
                "GET", self.server + path, headers=headers, timeout=self._timeout, redirect=False
            )
        except HTTPError as error:
            raise self.errors.unreachable(action, error) from error
        except (ConfigException, OSError) as error:
            raise self.errors.could_not(action, LocalizedText(texts.NO_LOGIN)) from error
        if response.status == 404 and on_404 is not None:
            return on_404
        if response.status != 200:
            raise self.errors.rejected(action, response.status, response.data)
        return response.data

    def parse(self, body: bytes, action: LocalizedText) -> dict[str, Any]:
        """The JSON object that a body holds."""
        try:
            answer = orjson.loads(body)
        except orjson.JSONDecodeError as error:
            raise self.errors.could_not(action, LocalizedText(texts.NO_JSON, host=self.server)) from error
        if not isinstance(answer, dict):
            raise self.errors.could_not(action, LocalizedText(texts.NO_OBJECT))
        return answer

"""The HTTP endpoints: probes, metrics, webhooks from forges and API servers, and Slack's requests in HTTP mode."""

import json
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Self

from bot.adapters.slack.http_mode import HttpMode
from bot.handlers.cluster_audit.webhook import AuditResult, AuditWebhook
from bot.handlers.probes import Probe
from bot.handlers.webhooks import WebhookResult, Webhooks
from bot.http_server import MAX_CONNECTIONS, HttpServer

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

_log = logging.getLogger(__name__)

LIVENESS_PATH: Final = "/healthz"
READINESS_PATH: Final = "/readyz"
METRICS_PATH: Final = "/metrics"
SLACK_PATH: Final = "/slack/events"
WEBHOOKS_PATH: Final = "/webhooks/"
AUDIT_PATH: Final = "/audit/"
WEB_THREADS: Final = 8  # few are enough, since Bolt acks within milliseconds and works in other threads
PROBE_THREADS: Final = 3  # a kubelet's two probes, and Prometheus

# Takes an Accept header, and returns the content type and the metrics.
Exposition = Callable[[str], tuple[str, bytes]]
# Takes the name, headers and body of a request, and returns the response.
_Receive = Callable[[str, Mapping[str, str], bytes], tuple[HTTPStatus, str]]

_ONLY_POST: Final = (HTTPStatus.METHOD_NOT_ALLOWED, "use POST", ("Allow", "POST"))
_WEBHOOK_RESPONSES: Final = {
    WebhookResult.UNKNOWN_REPOSITORY: (HTTPStatus.NOT_FOUND, "not found"),
    WebhookResult.UNAUTHORIZED: (HTTPStatus.UNAUTHORIZED, "unauthorized"),
    WebhookResult.ACCEPTED: (HTTPStatus.ACCEPTED, "accepted"),
}
_AUDIT_RESPONSES: Final = {
    AuditResult.UNKNOWN_CLUSTER: (HTTPStatus.NOT_FOUND, "not found"),
    AuditResult.UNAUTHORIZED: (HTTPStatus.UNAUTHORIZED, "unauthorized"),
    AuditResult.MALFORMED: (HTTPStatus.BAD_REQUEST, "expected an audit.k8s.io/v1 EventList"),
    AuditResult.BUSY: (HTTPStatus.TOO_MANY_REQUESTS, "try again"),
    AuditResult.ACCEPTED: (HTTPStatus.OK, "ok"),
}


@contextmanager
def _named(what: str) -> Iterator[None]:
    """Say what failed in an OSError, such as that of a port in use."""
    try:
        yield
    except OSError as error:
        raise OSError(f"{what} ({error.strerror}). Set another address.") from error


class Web:
    """Serves at two addresses (host, port). `health` has only probes and metrics, so that `listen` can't starve them.

    `listen` may be public: it answers probes in one word, and has no metrics, since they name every application and
    cluster and cost database time. `probes` are by path. Endpoints that are not given return 404. Raises OSError if an
    address is not available.
    """

    def __init__(
        self,
        listen: tuple[str, int],
        health: tuple[str, int],
        *,
        probes: Mapping[str, Probe] = MappingProxyType({}),
        metrics: Exposition | None = None,
        slack: HttpMode | None = None,
        webhooks: Webhooks | None = None,
        audit: AuditWebhook | None = None,
    ) -> None:
        self._probes = probes
        self._metrics = metrics
        self._slack = slack
        self._receivers: dict[str, _Receive] = {}  # by the start of the path; the rest is a name
        if webhooks:
            self._receivers[WEBHOOKS_PATH] = lambda *request: _WEBHOOK_RESPONSES[webhooks.receive(*request)]
        if audit:
            self._receivers[AUDIT_PATH] = lambda *request: _AUDIT_RESPONSES[audit.receive(*request)]
        with _named(f"slack.listen: cannot listen on {listen[0]}:{listen[1]}"):
            self._server = HttpServer(
                self._respond, listen, name="web", threads=WEB_THREADS, connections=MAX_CONNECTIONS
            )
        with _named(f"slack.health_listen: cannot listen on {health[0]}:{health[1]}"):
            self._health = HttpServer(
                self._respond_on_health, health, name="health", threads=PROBE_THREADS, connections=MAX_CONNECTIONS
            )
        self.port = self._server.port
        self.health_port = self._health.port

    @property
    def is_serving(self) -> bool:
        """Whether it serves at `listen`. If it doesn't serve at `health`, its probes fail."""
        return self._server.is_serving

    def start(self) -> Self:
        """Serve on background threads."""
        self._server.start()
        self._health.start()
        _log.info("listening on port %d, and for health probes on port %d", self.port, self.health_port)
        return self

    def stop(self) -> None:
        """Stop accepting requests."""
        self._server.stop()
        self._health.stop()

    def _respond_on_health(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if path == METRICS_PATH and self._metrics:
            content_type, text = self._metrics(environ.get("HTTP_ACCEPT", ""))
            return _response(start_response, HTTPStatus.OK, content_type, text)
        if path in self._probes:
            report = self._probes[path].report()
            text = json.dumps(report.as_json(), indent=2).encode() + b"\n"
            return _response(start_response, _probe_status(ok=report.ok), "application/json", text)
        return _plain(start_response, HTTPStatus.NOT_FOUND, "not found")

    def _respond(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if self._slack and path == SLACK_PATH:
            return _slack(self._slack, environ, start_response)
        for prefix, receive in self._receivers.items():
            if path.startswith(prefix):
                return _receive(receive, path.removeprefix(prefix), environ, start_response)
        if path in self._probes:
            ok = self._probes[path].report().ok
            return _plain(start_response, _probe_status(ok=ok), "ok" if ok else "failing")
        return _plain(start_response, HTTPStatus.NOT_FOUND, "not found")


def _slack(slack: HttpMode, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
    query = environ.get("QUERY_STRING", "")
    if environ["REQUEST_METHOD"] == "GET" and "ssl_check=1" in query.split("&"):
        # Slack tests the certificate occasionally. https://docs.slack.dev/interactivity/implementing-slash-commands
        return _plain(start_response, HTTPStatus.OK, "ok")
    if environ["REQUEST_METHOD"] != "POST":
        return _plain(start_response, *_ONLY_POST)
    response = slack.respond(_headers(environ), environ["wsgi.input"].read(), query)
    headers = [(name, value) for name, values in response.headers.items() for value in values]
    start_response(_status(HTTPStatus(response.status)), headers)
    return [response.body.encode()]


def _receive(
    receive: _Receive, name: str, environ: "WSGIEnvironment", start_response: "StartResponse"
) -> Iterable[bytes]:
    if environ["REQUEST_METHOD"] != "POST":
        return _plain(start_response, *_ONLY_POST)
    return _plain(start_response, *receive(name, _headers(environ), environ["wsgi.input"].read()))


def _headers(environ: "WSGIEnvironment") -> Mapping[str, str]:
    """The headers by lower-case name."""
    names = {key.removeprefix("HTTP_"): key for key in environ if key.startswith("HTTP_") or key == "CONTENT_TYPE"}
    return {name.replace("_", "-").lower(): environ[key] for name, key in names.items()}


def _plain(start_response: "StartResponse", status: HTTPStatus, text: str, *headers: tuple[str, str]) -> list[bytes]:
    return _response(start_response, status, "text/plain; charset=utf-8", text.encode(), *headers)


def _response(
    start_response: "StartResponse", status: HTTPStatus, content_type: str, body: bytes, *headers: tuple[str, str]
) -> list[bytes]:
    start_response(_status(status), [("Content-Type", content_type), ("Cache-Control", "no-store"), *headers])
    return [body]


def _probe_status(*, ok: bool) -> HTTPStatus:
    return HTTPStatus.OK if ok else HTTPStatus.SERVICE_UNAVAILABLE


def _status(status: HTTPStatus) -> str:
    return f"{status.value} {status.phrase}"

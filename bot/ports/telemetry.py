"""Telemetry: a table of every metric and span of the bot, and how to record them.

Each combination of a metric's attribute values is a separate time series, so only applications, clusters and closed
sets such as outcomes are attributes, and never users, commits or objects. Spans can have more attributes.
"""

from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Protocol


class Kind(StrEnum):
    """How values of a metric are recorded."""

    COUNTER = "counter"
    GAUGE = "gauge"  # read when the metrics are collected
    HISTOGRAM = "histogram"


class Outcome(StrEnum):
    """How an operation ended."""

    SUCCESS = "success"
    ERROR = "error"
    RATE_LIMITED = "rate_limited"


# The name of each attribute in OpenTelemetry, from its semantic conventions if they have one.
# https://opentelemetry.io/docs/specs/semconv/registry/attributes/
ATTRIBUTES: Final[Mapping[str, str]] = {
    "application": "gitops_bot.application",
    "cache": "gitops_bot.cache",
    "cluster": "k8s.cluster.name",
    "command": "gitops_bot.command",
    "method": "rpc.method",
    "outcome": "gitops_bot.outcome",
    "path": "gitops_bot.path",
    "repository": "vcs.repository.name",
    "resource": "gitops_bot.resource",
    "result": "gitops_bot.result",
    "severity": "gitops_bot.severity",
    "state": "gitops_bot.state",
    "type": "cloudevents.event_type",
    "version": "service.version",
}

_UNIT_SUFFIXES: Final = {"s": "_seconds"}
# In seconds, from a cached answer to a check of a large cluster.
_BUCKETS: Final = (0.01, 0.05, 0.1, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0)


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric, by its OpenTelemetry name. A histogram measures operations; `span` is the name of their spans.

    `unit` is from UCUM: https://opentelemetry.io/docs/specs/semconv/general/metrics/#instrument-units
    """

    name: str
    kind: Kind
    unit: str
    description: str
    attributes: tuple[str, ...] = ()
    span: str = ""

    @property
    def prometheus_name(self) -> str:
        """Its name in Prometheus: https://opentelemetry.io/docs/specs/otel/compatibility/prometheus_and_openmetrics/"""
        total = "_total" if self.kind is Kind.COUNTER else ""
        return self.name.replace(".", "_") + _UNIT_SUFFIXES.get(self.unit, "") + total

    @property
    def buckets(self) -> tuple[float, ...]:
        """The upper bounds of a histogram's buckets, in seconds."""
        return _BUCKETS


def _counter(name: str, unit: str, description: str, *attributes: str) -> Metric:
    return Metric(f"gitops_bot.{name}", Kind.COUNTER, unit, description, attributes)


def _gauge(name: str, unit: str, description: str, *attributes: str) -> Metric:
    return Metric(f"gitops_bot.{name}", Kind.GAUGE, unit, description, attributes)


def _operation(name: str, span: str, description: str, *attributes: str) -> Metric:
    return Metric(f"gitops_bot.{name}.duration", Kind.HISTOGRAM, "s", description, attributes, span)


# ---------------------------------------------------------------- operations

COMMAND: Final = _operation(
    "command", "command {command}", "Time from a command or click in Slack to its answer.", "command", "outcome"
)
CHECK: Final = _operation("check", "check", "One drift check of a cluster, without git fetches.", "cluster", "outcome")
GIT_FETCH: Final = _operation("git.fetch", "git fetch", "Fetching a repository.", "outcome")
RENDER: Final = _operation("render", "render", "Reading and rendering the manifests of one source.", "outcome")
COMPARE: Final = _operation(
    "compare", "compare", "Listing live objects and comparing them with git.", "cluster", "outcome"
)
LIST: Final = _operation("list", "list {resource}", "Listing the objects of one kind.", "cluster", "outcome")
SLACK_REQUEST: Final = _operation(
    "slack.request", "slack {method}", "One request to Slack's Web API.", "method", "outcome"
)
EVENT_DELIVERY: Final = _operation("event.delivery", "event delivery", "Sending one CloudEvent.", "outcome")

# ---------------------------------------------------------------- counters

RENDER_CACHE: Final = _counter(
    "render.cache.lookups",
    "{lookup}",
    "Lookups in the caches of rendered manifests, in memory and on disk.",
    "cache",
    "result",
)
REVERTS_OPENED: Final = _counter("reverts.opened", "{pull_request}", "Pull requests opened to revert a change.")

# ---------------------------------------------------------------- gauges

BUILD_INFO: Final = _gauge("build.info", "", "Always 1; the version is an attribute.", "version")
IS_LEADER: Final = _gauge("leader", "", "1 on the replica that updates Slack, 0 on the others.")
LEASES: Final = _gauge("leases", "{lease}", "Leases that this replica holds.")
QUEUE_LENGTH: Final = _gauge("queue.length", "{request}", "Slack and webhook requests that are waiting for a thread.")
DRIFTED: Final = _gauge(
    "application.drifted",
    "",
    "1 if the latest check found drift, 0 if not; absent if unknown.",
    "application",
    "cluster",
)
UNKNOWN: Final = _gauge(
    "application.unknown",
    "",
    "1 if the latest check could not be completed or is too old, 0 if not.",
    "application",
    "cluster",
)
LAST_SUCCESS: Final = _gauge(
    "check.last_success.timestamp",
    "s",
    "When a check last compared an application on the cluster; 0 if never.",
    "cluster",
)
INCIDENTS: Final = _gauge("incidents.open", "{incident}", "Incidents that are not resolved.", "severity")
ROLLOUTS: Final = _gauge(
    "rollouts.unfinished", "{rollout}", "Merges that are not live yet or are still being watched.", "state"
)
EVENTS_WAITING: Final = _gauge("events.waiting", "{event}", "CloudEvents that the receiver has not accepted yet.")

METRICS: Final = (
    *(COMMAND, CHECK, GIT_FETCH, RENDER, COMPARE, LIST, SLACK_REQUEST, EVENT_DELIVERY),
    *(RENDER_CACHE, REVERTS_OPENED),
    *(BUILD_INFO, IS_LEADER, LEASES, QUEUE_LENGTH, DRIFTED, UNKNOWN, LAST_SUCCESS, INCIDENTS, ROLLOUTS, EVENTS_WAITING),
)


@dataclass(frozen=True, slots=True)
class Sample:
    """The value of a gauge at one time, with these attributes."""

    metric: Metric
    value: float
    attributes: Mapping[str, str] = field(default_factory=dict)


ReadGauges = Callable[[], Iterable[Sample]]


@dataclass(slots=True)
class Operation:
    """An operation that is being measured. Set `outcome` if a failure does not raise an error."""

    outcome: Outcome = Outcome.SUCCESS


class Telemetry(Protocol):
    """Records metrics and traces. Never raises or waits for another system. Thread-safe."""

    def count(self, metric: Metric, **attributes: str) -> None:
        """Add one to a counter."""
        ...

    def measure(self, metric: Metric, **attributes: str) -> AbstractContextManager[Operation]:
        """Measure an operation: from this call until the block ends, which may run in another thread.

        The outcome is an error if the block raises one. Spans that start within the block are children of its span.
        Attributes that the metric lacks appear only in the span.
        """
        ...


class NoTelemetry:
    """Records nothing."""

    def count(self, metric: Metric, **attributes: str) -> None:
        """Do nothing."""

    def measure(self, metric: Metric, **attributes: str) -> AbstractContextManager[Operation]:
        """Only run the block."""
        del metric, attributes
        return nullcontext(Operation())


NO_TELEMETRY: Final = NoTelemetry()

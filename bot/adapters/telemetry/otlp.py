"""Metrics and traces over OTLP, configured only by OpenTelemetry's standard environment variables.

https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/
"""

import logging
import os
import platform
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextvars import Token
from importlib.metadata import version
from typing import Final

from opentelemetry import context
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.metrics import CallbackOptions, Observation
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Span, Status, StatusCode, set_span_in_context

from bot.adapters.telemetry.log_filter import TraceLogFilter
from bot.adapters.telemetry.otlp_http import http_session
from bot.ports.errors import PortError
from bot.ports.telemetry import ATTRIBUTES, METRICS, Kind, Metric, Outcome, ReadGauges

_NAME: Final = "gitops-bot"
_SHUTDOWN_SECONDS: Final = 5.0
_PROTOCOL: Final = "http/protobuf"
_PROTOCOL_VARIABLES: Final = (
    "OTEL_EXPORTER_OTLP_PROTOCOL",
    "OTEL_EXPORTER_OTLP_METRICS_PROTOCOL",
    "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL",
)


class Otlp:
    """Exports from background threads until `close`. Raises PortError for an unsupported protocol."""

    def __init__(self) -> None:
        for variable in _PROTOCOL_VARIABLES:
            if (protocol := os.environ.get(variable, _PROTOCOL)) != _PROTOCOL:
                raise PortError(f"{variable} is {protocol}: the bot supports only {_PROTOCOL}, usually on port 4318.")
        self._filter = TraceLogFilter(os.environ)
        for handler in logging.getLogger().handlers:  # before the exporters, which log a malformed header
            handler.addFilter(self._filter)
        # The instance identifies the replica: in Kubernetes, the node's name is that of the pod.
        names = {"service.name": _NAME, "service.version": version(_NAME), "service.instance.id": platform.node()}
        defaults = Resource.create(names)
        resource = defaults.merge(OTELResourceDetector().detect())  # last, so that the operator's settings win
        self._tracers = TracerProvider(resource=resource, shutdown_on_exit=False)
        if os.environ.get("OTEL_TRACES_EXPORTER") != "none":
            self._tracers.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(session=http_session())))
        has_metrics = os.environ.get("OTEL_METRICS_EXPORTER") != "none"
        exporters = [OTLPMetricExporter(session=http_session())] if has_metrics else []
        readers = [PeriodicExportingMetricReader(exporter) for exporter in exporters]
        self._meters = MeterProvider(readers, resource=resource, shutdown_on_exit=False)
        self._tracer = self._tracers.get_tracer(_NAME)
        self._meter = meter = self._meters.get_meter(_NAME)
        self._counters = {
            metric: meter.create_counter(metric.name, metric.unit, metric.description)
            for metric in METRICS
            if metric.kind is Kind.COUNTER
        }
        self._histograms = {
            metric: meter.create_histogram(
                metric.name, metric.unit, metric.description, explicit_bucket_boundaries_advisory=metric.buckets
            )
            for metric in METRICS
            if metric.kind is Kind.HISTOGRAM
        }

    def read_gauges_from(self, read: ReadGauges) -> None:
        """Read the gauges with this function before each export."""
        for metric in METRICS:
            if metric.kind is Kind.GAUGE:
                self._meter.create_observable_gauge(
                    metric.name, [_observations(metric, read)], metric.unit, metric.description
                )

    def add(self, metric: Metric, attributes: Mapping[str, str]) -> None:
        """Add one to a counter."""
        self._counters[metric].add(1, _named(attributes))

    def record(self, metric: Metric, seconds: float, attributes: Mapping[str, str]) -> None:
        """Record how long an operation took."""
        self._histograms[metric].record(seconds, _named(attributes))

    def start_span(self, metric: Metric, attributes: Mapping[str, str]) -> "ActiveSpan":
        """Start the span of an operation, as a child of the current one."""
        return ActiveSpan(self._tracer.start_span(metric.span.format(**attributes), attributes=_named(attributes)))

    def close(self) -> None:
        """Export the rest, and stop. Takes only a few seconds, even if the receiver does not respond."""
        thread = threading.Thread(target=self._shutdown, name="otlp-shutdown", daemon=True)
        thread.start()
        thread.join(_SHUTDOWN_SECONDS)

    def _shutdown(self) -> None:
        self._tracers.shutdown()
        self._meters.shutdown()
        for handler in logging.getLogger().handlers:
            handler.removeFilter(self._filter)


class ActiveSpan:
    """A started span; from `activate` to `end`, it is the current one of its thread."""

    def __init__(self, span: Span) -> None:
        self._span = span
        self._token: Token[context.Context] | None = None

    def activate(self) -> None:
        """Make it the parent of spans that start in this context from now on."""
        self._token = context.attach(set_span_in_context(self._span))

    def end(self, outcome: Outcome, error: type[BaseException] | None) -> None:
        """End it. Only the type of an error is recorded, since its message may contain anything."""
        if self._token:
            context.detach(self._token)
        if outcome is not Outcome.SUCCESS:
            # https://opentelemetry.io/docs/specs/semconv/general/recording-errors/
            self._span.set_attribute("error.type", error.__name__ if error else outcome)
            self._span.set_status(Status(StatusCode.ERROR))
        self._span.end()


def _observations(metric: Metric, read: ReadGauges) -> Callable[[CallbackOptions], Iterable[Observation]]:
    def observe(_: CallbackOptions) -> Iterator[Observation]:
        for sample in read():
            if sample.metric is metric:
                yield Observation(sample.value, _named(sample.attributes))

    return observe


def _named(attributes: Mapping[str, str]) -> dict[str, str]:
    """The attributes with their OpenTelemetry names."""
    return {ATTRIBUTES[name]: value for name, value in attributes.items()}

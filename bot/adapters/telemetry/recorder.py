"""`ports.Telemetry`: records each measurement for Prometheus, and for OTLP if it is on."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from time import perf_counter
from types import TracebackType
from typing import TYPE_CHECKING

from bot.adapters.telemetry.prometheus import PrometheusMetrics
from bot.ports.telemetry import Metric, Operation, Outcome, ReadGauges

if TYPE_CHECKING:  # an extra
    from bot.adapters.telemetry.otlp import Otlp


class Recorder:
    """`ports.Telemetry`. `close` sends what OTLP hasn't sent yet."""

    def __init__(self, prometheus: PrometheusMetrics, otlp: "Otlp | None" = None) -> None:
        self.prometheus = prometheus
        self._otlp = otlp

    def read_gauges_from(self, read: ReadGauges) -> None:
        """Read the gauges with this function whenever the metrics are collected. It must not raise."""
        self.prometheus.read_gauges_from(read)
        if self._otlp:
            self._otlp.read_gauges_from(read)

    def count(self, metric: Metric, **attributes: str) -> None:
        self.prometheus.add(metric, attributes)
        if self._otlp:
            self._otlp.add(metric, attributes)

    def measure(self, metric: Metric, **attributes: str) -> AbstractContextManager[Operation]:
        return _Measurement(metric, attributes, self.prometheus, self._otlp)

    def close(self) -> None:
        """Send what has not been sent yet, and stop."""
        if self._otlp:
            self._otlp.close()


class _Measurement(AbstractContextManager[Operation]):
    def __init__(
        self, metric: Metric, attributes: Mapping[str, str], prometheus: PrometheusMetrics, otlp: "Otlp | None"
    ) -> None:
        self._metric = metric
        self._attributes = attributes
        self._prometheus = prometheus
        self._otlp = otlp
        self._operation = Operation()
        self._started_at = perf_counter()
        self._span = otlp.start_span(metric, attributes) if otlp else None

    def __enter__(self) -> Operation:
        if self._span:
            self._span.activate()
        return self._operation

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        outcome = self._operation.outcome
        if kind and outcome is Outcome.SUCCESS:
            outcome = Outcome.ERROR
        seconds = perf_counter() - self._started_at
        values = {**self._attributes, "outcome": outcome}
        labels = {name: values[name] for name in self._metric.attributes}
        self._prometheus.record(self._metric, seconds, labels)
        if self._otlp and self._span:
            self._otlp.record(self._metric, seconds, labels)
            self._span.end(outcome, kind)

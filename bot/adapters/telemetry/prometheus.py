"""The metrics in Prometheus' format."""

from collections.abc import Iterator, Mapping
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector, disable_created_metrics
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from bot.ports.telemetry import METRICS, Kind, Metric, ReadGauges


class PrometheusMetrics:
    """Stores the counters and histograms, reads the gauges on demand, and writes all of them as text."""

    def __init__(self) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]  # a second series for each counter and histogram, which few people use
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)  # CPU time, memory and open files, with their usual names
        self._counters = {
            metric: Counter(metric.prometheus_name, metric.description, metric.attributes, registry=self._registry)
            for metric in METRICS
            if metric.kind is Kind.COUNTER
        }
        self._histograms = {
            metric: Histogram(
                metric.prometheus_name,
                metric.description,
                metric.attributes,
                buckets=metric.buckets,
                registry=self._registry,
            )
            for metric in METRICS
            if metric.kind is Kind.HISTOGRAM
        }

    def read_gauges_from(self, read: ReadGauges) -> None:
        """Read the gauges with this function whenever the metrics are collected."""
        self._registry.register(_Gauges(read))

    def add(self, metric: Metric, attributes: Mapping[str, str]) -> None:
        """Add one to a counter."""
        counter = self._counters[metric]
        (counter.labels(**attributes) if attributes else counter).inc()

    def record(self, metric: Metric, seconds: float, attributes: Mapping[str, str]) -> None:
        """Record how long an operation took."""
        self._histograms[metric].labels(**attributes).observe(seconds)

    def exposition(self, accept: str) -> tuple[str, bytes]:
        """The content type for an Accept header, and every metric in it."""
        encode, content_type = choose_encoder(accept)
        return content_type, encode(self._registry)


_GAUGES: Final = tuple(metric for metric in METRICS if metric.kind is Kind.GAUGE)


class _Gauges(Collector):
    def __init__(self, read: ReadGauges) -> None:
        self._read = read

    def collect(self) -> Iterator[GaugeMetricFamily]:
        families = {
            metric: GaugeMetricFamily(metric.prometheus_name, metric.description, labels=metric.attributes)
            for metric in _GAUGES
        }
        for sample in self._read():
            labels = [sample.attributes[name] for name in sample.metric.attributes]
            families[sample.metric].add_metric(labels, sample.value)
        yield from families.values()

    def describe(self) -> list[GaugeMetricFamily]:
        """Empty, since the registry would otherwise read the gauges once at startup."""
        return []

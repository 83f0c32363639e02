"""Metrics and traces by OTLP, as a collector receives them from the running bot."""

import threading
from collections import defaultdict
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from bot import build
from bot.ports.errors import PortError
from bot.ports.telemetry import METRICS
from tests.common.demo import running_demo
from tests.common.slack import Person
from tests.common.wait import wait_for


class Collector:
    """An OTLP receiver, https://opentelemetry.io/docs/specs/otlp/#otlphttp: keeps what it is sent."""

    def __init__(self):
        self.spans, self.metrics, self.resources = [], {}, []
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):  # noqa: N802  http.server's name
                collector.receive(self.path, self.rfile.read(int(self.headers["Content-Length"])))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *arguments):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def receive(self, path, body):
        if path == "/v1/traces":
            for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
                self.resources.append(attributes(resource.resource))
                self.spans += [span for scope in resource.scope_spans for span in scope.spans]
        elif path == "/v1/metrics":
            for resource in ExportMetricsServiceRequest.FromString(body).resource_metrics:
                self.resources.append(attributes(resource.resource))
                for scope in resource.scope_metrics:
                    self.metrics.update({metric.name: metric for metric in scope.metrics})

    def trace_of(self, name):
        """The spans of the trace that begins with the span of this name, by the name of their parent."""
        root = next((span for span in self.spans if span.name == name and not span.parent_span_id), None)
        if root is None:
            return None
        trace = {span.span_id: span for span in self.spans if span.trace_id == root.trace_id}
        children = defaultdict(set)
        for span in trace.values():
            parent = trace.get(span.parent_span_id)
            children[parent.name if parent else ""].add(span.name)
        return children


def attributes(owner):
    return {pair.key: pair.value.string_value for pair in owner.attributes}


@pytest.fixture
def collector(monkeypatch):
    collector = Collector()
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
    monkeypatch.setenv("OTEL_METRIC_EXPORT_INTERVAL", "500")
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "200")
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=test")
    yield collector
    collector.server.shutdown()
    collector.server.server_close()


def test_a_command_is_one_trace_from_slack_to_the_answer(collector):
    with running_demo() as demo:
        Person(demo.slack).type("drift shop")
        wait_for(lambda: collector.trace_of("command drift"))
        children = collector.trace_of("command drift")
        wait_for(lambda: set(collector.metrics) >= {"gitops_bot.command.duration", "gitops_bot.leader"})

    assert children[""] == {"command drift"}
    assert children["command drift"] == {"git fetch", "check", "slack response_url"}
    assert {"render", "compare"} >= children["check"] >= {"compare"}
    assert {name.split()[0] for name in children["compare"]} == {"list"}
    assert all(resource["service.name"] == "gitops-bot" for resource in collector.resources)
    assert all(resource["deployment.environment.name"] == "test" for resource in collector.resources)
    documented = {metric.name: metric for metric in METRICS}
    assert set(collector.metrics) <= set(documented)
    assert all(metric.unit == documented[name].unit for name, metric in collector.metrics.items())


@pytest.mark.parametrize("variable", ["OTEL_EXPORTER_OTLP_PROTOCOL", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL"])
def test_another_protocol_is_refused_with_what_to_do(collector, monkeypatch, variable):
    monkeypatch.setenv(variable, "grpc")
    with pytest.raises(PortError, match=f"{variable} is grpc: the bot supports only http/protobuf, usually on port 4318"):
        build.telemetry()

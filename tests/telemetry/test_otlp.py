"""Metrics and traces by OTLP, as a collector receives them from the running bot."""

import gzip
import io
import itertools
import json
import logging
import os
import subprocess
import sys
import threading
import time
from collections import defaultdict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Status

from bot import build
from bot.cli.log import JsonFormatter
from bot.ports.errors import PortError
from bot.ports.telemetry import ATTRIBUTES, GIT_FETCH, METRICS
from tests.common.demo import IDLE_SCHEDULE, running_demo
from tests.common.slack import Person
from tests.common.wait import wait_for
from tests.hostile.memory import forget_peak, peak_mib


class Collector:
    """An OTLP receiver, https://opentelemetry.io/docs/specs/otlp/#otlphttp: keeps what it is sent."""

    def __init__(self):
        self.spans, self.metrics, self.resources = [], {}, []
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                collector.receive(self.path, self.rfile.read(int(self.headers["Content-Length"])))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *arguments):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

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
        return self.children(root.trace_id)

    def children(self, trace_id=None):
        """The spans of one trace, or of all, by the name of their parent."""
        spans = {span.span_id: span for span in list(self.spans) if trace_id in (None, span.trace_id)}
        children = defaultdict(set)
        for span in spans.values():
            parent = spans.get(span.parent_span_id)
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
    with running_demo(schedule=IDLE_SCHEDULE) as demo:
        Person(demo.slack).type("drift shop")

        def complete_trace():
            """It comes in several batches."""
            children = collector.trace_of("command drift")
            is_complete = (
                children is not None
                and children[""] == {"command drift"}
                and children["command drift"] >= {"git fetch", "check", "slack response_url"}
                and children["check"] >= {"compare"}
                and "list configmaps" in children["compare"]
            )
            return children if is_complete else None

        children = wait_for(complete_trace, failure=lambda: collector.trace_of("command drift"))
        wait_for(lambda: set(collector.metrics) >= {"gitops_bot.command.duration", "gitops_bot.leader"})

    assert {name.split()[0] for name in children["compare"]} == {"list"}
    # The commit was rendered at the start, so the command has nothing to render.
    assert "render" in set().union(*collector.children().values())
    assert all(resource["service.name"] == "gitops-bot" for resource in collector.resources)
    assert all(resource["deployment.environment.name"] == "test" for resource in collector.resources)
    keys = {key for span in collector.spans for key in attributes(span)}
    assert keys - {"error.type"} <= set(ATTRIBUTES.values())
    documented = {metric.name: metric for metric in METRICS}
    assert set(collector.metrics) <= set(documented)
    assert all(metric.unit == documented[name].unit for name, metric in collector.metrics.items())


def test_a_json_log_record_has_the_ids_of_its_trace_and_span(collector):
    """What OTLP has received under these IDs is the operation that logged it."""
    output, root = io.StringIO(), logging.getLogger()
    handler = logging.StreamHandler(output)
    handler.setFormatter(JsonFormatter())
    root.addHandler(handler)
    recorder = build.telemetry()
    log = logging.getLogger("test")
    with recorder.measure(GIT_FETCH, repository="platform"):
        log.warning("inside")
    log.warning("outside")
    recorder.close()
    root.removeHandler(handler)

    inside, outside = map(json.loads, output.getvalue().splitlines())
    (span,) = collector.spans
    assert (inside["message"], inside["trace_id"], inside["span_id"]) == (
        "inside",
        span.trace_id.hex(),
        span.span_id.hex(),
    )
    assert attributes(span) == {"vcs.repository.name": "platform"}
    assert not {"trace_id", "span_id"} & set(outside)


def test_a_failed_operation_is_an_error_span_that_shows_only_the_type_of_the_error(collector):
    recorder = build.telemetry()
    with pytest.raises(ValueError, match="s3cret"), recorder.measure(GIT_FETCH, repository="platform"):
        raise ValueError("s3cret")
    recorder.close()

    (span,) = collector.spans
    assert span.status.code == Status.STATUS_CODE_ERROR
    assert attributes(span)["error.type"] == "ValueError"
    assert "s3cret" not in str(span)
    (point,) = collector.metrics["gitops_bot.git.fetch.duration"].histogram.data_points
    assert attributes(point) == {"gitops_bot.outcome": "error"}


@pytest.mark.parametrize("variable", ["OTEL_EXPORTER_OTLP_PROTOCOL", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL"])
def test_another_protocol_is_refused_with_what_to_do(collector, monkeypatch, variable):
    monkeypatch.setenv(variable, "grpc")
    with pytest.raises(PortError, match=f"{variable} is grpc: the bot supports only http/protobuf"):
        build.telemetry()


@pytest.mark.parametrize(
    ("variable", "value"),
    [("OTEL_BSP_MAX_QUEUE_SIZE", "-5"), ("OTEL_BSP_MAX_QUEUE_SIZE", "5"), ("OTEL_METRIC_EXPORT_INTERVAL", "0")],
)
def test_an_invalid_number_is_one_sentence(collector, monkeypatch, variable, value):
    monkeypatch.setenv(variable, value)
    with pytest.raises(PortError, match=r"^OpenTelemetry rejects a setting in its environment variables"):
        build.telemetry()


def test_the_log_has_no_key_of_a_vendor(monkeypatch, caplog):
    """The exporters quote the URL, in which Sumo Logic has a token, and a header that they cannot parse."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1/receiver/t0ken")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "api-key=k%33y1,k3y2")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "1")
    with caplog.at_level(logging.DEBUG):
        recorder = build.telemetry()
        with recorder.measure(GIT_FETCH, repository="platform"):
            pass
        recorder.close()
    text = caplog.text
    assert "Header format invalid" in text
    assert "***" in text
    assert not [secret for secret in ("t0ken", "k%33y1", "k3y1", "k3y2") if secret in text]


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
GZIP = b"HTTP/1.1 500 Error\r\nContent-Encoding: gzip\r\n\r\n"
REDIRECT = b"HTTP/1.1 307 Redirect\r\nLocation: /elsewhere\r\n\r\n"


@pytest.mark.parametrize(
    ("head", "part", "drip"),
    [
        pytest.param(CHUNKED, b"100000\r\n" + bytes(2**20) + b"\r\n", b"1\r\nx\r\n", id="endless"),
        pytest.param(GZIP, gzip.compress(bytes(2**20)), gzip.compress(b""), id="gzip bomb"),
        pytest.param(REDIRECT, bytes(2**20), b"x", id="redirect"),
        pytest.param(b"HTTP/1.1 200 OK\r\nX: ", b"", b"x", id="endless header"),
    ],
)
def test_a_response_that_does_not_end_takes_neither_memory_nor_time(collector, monkeypatch, head, part, drip):
    paths, closed = [], []

    def respond(handler):
        paths.append(handler.path)
        try:
            handler.wfile.write(head)
            for _ in range(300):
                handler.wfile.write(part)
            for _ in itertools.repeat(None, 1000):
                handler.wfile.write(drip)
                time.sleep(0.02)
        except OSError:
            closed.append(handler.path)

    monkeypatch.setattr(collector.server.RequestHandlerClass, "do_POST", respond)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "1")
    monkeypatch.setenv("OTEL_METRICS_EXPORTER", "none")
    forget_peak()
    before = peak_mib()
    recorder = build.telemetry()
    with recorder.measure(GIT_FETCH, repository="platform"):
        pass
    wait_for(lambda: closed, failure=lambda: paths)
    recorder.close()
    assert set(paths) == {"/v1/traces"}
    assert peak_mib() - before < 50


def test_without_an_endpoint_opentelemetry_is_not_loaded():
    code = "import sys; from bot import build; build.telemetry(); print('opentelemetry' in sys.modules)"
    environ = {name: value for name, value in os.environ.items() if not name.startswith("OTEL_")}
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, env=environ)
    assert done.stdout == "False\n"

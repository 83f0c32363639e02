"""A server that accepts no connection, or asks to wait: every client gives up after its bound."""

import socket
import time
from contextlib import ExitStack

import pytest
import urllib3

from bot.adapters.charts.fetcher import ChartFetcher
from bot.adapters.database import engine
from bot.adapters.downloads import http
from bot.adapters.forges import transport
from bot.adapters.kubernetes.cluster import KubernetesCluster
from bot.core.charts import bounds
from bot.core.charts.reference import ChartRef
from bot.ports.charts import ChartError
from bot.ports.cluster import ClusterError
from bot.ports.forge import ForgeError
from bot.ports.store import StoreError
from tests.common.forge import RunningForge
from tests.hostile.server import HostileServer, send
from tests.hostile.test_cluster import kubeconfig

pytestmark = pytest.mark.timeout(20)  # the system itself gives up after two minutes


@pytest.fixture
def address():
    """The address of a server whose backlog is full: Linux drops what else tries to connect. listen(2)."""
    with ExitStack() as sockets:
        server = sockets.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(4):
            waiting = sockets.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(server.getsockname())
        yield f"127.0.0.1:{server.getsockname()[1]}"


def test_an_api_server(address, tmp_path):
    cluster = KubernetesCluster("prod", kubeconfig=kubeconfig(tmp_path, f"http://{address}"), connect_timeout=0.2)
    with pytest.raises(ClusterError, match="the connection timed out"):
        cluster.version()


def test_a_chart_host(address, tmp_path, monkeypatch):
    monkeypatch.setattr(http, "_TIMEOUT", urllib3.Timeout(connect=0.2, read=60))
    with pytest.raises(ChartError, match="is not responding"):
        ChartFetcher(tmp_path, ["*"], {}).fetch(ChartRef.parse(f"http://{address}", "web", "1.0.0"))


def test_a_chart_host_with_many_addresses(address, tmp_path, monkeypatch):
    monkeypatch.setattr(http, "_TIMEOUT", urllib3.Timeout(connect=0.2, read=60))
    monkeypatch.setattr(bounds, "FETCH_SECONDS", 0.5)
    resolve = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", lambda *arguments: resolve(*arguments) * 1_000)
    started = time.monotonic()
    with pytest.raises(ChartError, match="is not responding"):
        ChartFetcher(tmp_path, ["*"], {}).fetch(ChartRef.parse(f"http://{address}", "web", "1.0.0"))
    assert time.monotonic() - started < 5


def test_a_chart_host_that_stops_responding(tmp_path, monkeypatch):
    monkeypatch.setattr(http, "_TIMEOUT", urllib3.Timeout(connect=60, read=0.2))
    with socket.create_server(("127.0.0.1", 0)) as silent:
        chart = ChartRef.parse(f"http://127.0.0.1:{silent.getsockname()[1]}", "web", "1.0.0")
        with pytest.raises(ChartError, match="is not responding"):
            ChartFetcher(tmp_path, ["*"], {}).fetch(chart)


@pytest.mark.parametrize("status", [413, 429, 503])
def test_a_chart_host_that_asks_to_wait_for_an_hour(tmp_path, status):
    with HostileServer().serve() as server:
        server.respond = lambda handler: send(handler, b"", status, Retry_After="3600")
        started = time.monotonic()
        with pytest.raises(ChartError, match=f"responded with {status}"):
            ChartFetcher(tmp_path, ["*"], {}).fetch(ChartRef.parse(server.url, "web", "1.0.0"))
        assert time.monotonic() - started < 5


def test_a_forge(address, tmp_path, monkeypatch):
    monkeypatch.setattr(transport, "READ_SECONDS", 0.2)
    forge = RunningForge("github", tmp_path).adapter(url=f"http://{address}", token="t")
    with pytest.raises(ForgeError, match="is not responding"):
        forge.get_pull_request(7)


def test_a_database(address, monkeypatch):
    monkeypatch.setitem(engine._POSTGRESQL_OPTIONS, "connect_timeout", 2)  # the least that libpq takes
    database = engine.Database(f"postgresql+psycopg://user@{address}/bot")
    with pytest.raises(StoreError, match="ConnectionTimeout"), database.begin():
        pass
    database.close()

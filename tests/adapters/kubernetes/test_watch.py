"""Watches over real HTTP, and everything that a server can do to one."""

import asyncio
import json
import threading

import pytest
import yaml
from aiohttp import web

from bot.adapters.kubernetes import bounds
from bot.adapters.kubernetes.cluster import KubernetesCluster
from bot.adapters.kubernetes.errors import ClusterErrorMapper
from bot.i18n.catalogue import cluster as texts
from bot.i18n.language import LocalizedText
from bot.ports.cluster import ClusterError, ExpiredError, ForbiddenError, Kind, TooLargeError
from bot.sandbox.server import Server
from tests.common.kubernetes import config_map
from tests.common.wait import wait_for

CONFIG_MAPS = Kind("", "v1", "ConfigMap", "configmaps", namespaced=True)


@pytest.fixture
def client(cluster, tmp_path):
    return cluster.client(tmp_path, watch_timeout=5.0)


@pytest.fixture
def opened(cluster, client):
    """Opens a watch from the current list, of one namespace or of all."""
    watches = []

    def open_(namespace=None):
        listed = client.list_for_watch(CONFIG_MAPS, namespace, lambda live: live["data"])
        watches.append(client.watch(CONFIG_MAPS, namespace, listed.resource_version))
        return listed.objects, watches[-1]

    yield open_
    for watch in watches:
        watch.close()


@pytest.mark.parametrize("namespace", [None, "shop"])
def test_events_follow_the_list(cluster, opened, namespace):
    cluster.apply(config_map(), namespace="shop")
    objects, watch = opened(namespace)
    assert objects == {("shop", "settings"): {"level": "info"}}
    cluster.apply(config_map(), namespace="pay")
    cluster.edit(config_map(), "shop", {"data": {"level": "debug"}})
    cluster.delete(config_map(), "shop")
    events = iter(watch)
    seen = [next(events) for _ in range(2 if namespace else 3)][-2:]
    assert [(event.object["metadata"]["namespace"], event.is_deletion) for event in seen] == [
        ("shop", False),
        ("shop", True),
    ]
    assert seen[0].object["data"] == {"level": "debug"}
    assert {(event.object["apiVersion"], event.object["kind"]) for event in seen} == {("v1", "ConfigMap")}
    assert seen[0].object["metadata"]["resourceVersion"] == seen[0].resource_version


def test_bookmarks_move_the_resource_version(cluster, client, opened, monkeypatch):
    monkeypatch.setattr("bot.sandbox.cluster.server.BOOKMARK_EVERY", 0.05)
    _, watch = opened()
    event = next(iter(watch))
    assert event.object is None
    assert client.watch(CONFIG_MAPS, None, event.resource_version)


def test_one_object_is_read_with_the_permission_to_list(cluster, client):
    cluster.apply(config_map(), config_map("other"), namespace="shop")
    cluster.fail("*/configmaps/*", 403)
    assert client.get(CONFIG_MAPS, "shop", "settings")["data"] == {"level": "info"}
    assert client.get(CONFIG_MAPS, "pay", "settings") is None
    assert client.get(CONFIG_MAPS, "shop", "none,metadata.name=settings") is None


def test_closing_from_another_thread_ends_a_watch_at_once(opened):
    _, watch = opened()
    thread = threading.Thread(target=lambda: list(watch))
    thread.start()
    wait_for(lambda: watch._response._fp is not None)
    watch.close()
    thread.join(timeout=3)
    assert not thread.is_alive()
    watch.close()


@pytest.mark.parametrize(
    ("status", "error", "sentence"),
    [
        (403, ForbiddenError, "does not allow bot to watch configmaps (403). Grant it “watch” on configmaps."),
        (410, ExpiredError, "(410)"),
        (429, ClusterError, "overloaded (429)"),
        (503, ClusterError, "returned 503"),
    ],
)
def test_a_refused_watch_says_why(cluster, client, status, error, sentence):
    cluster.fail("*/configmaps", status, watch=True)
    with pytest.raises(error) as raised:
        client.watch(CONFIG_MAPS, None, "1")
    assert type(raised.value) is error
    assert sentence in str(raised.value)


def test_a_watch_from_a_version_in_the_future_needs_a_new_list():
    """After etcd was restored from a backup, versions are lower than before."""
    body = b'{"kind": "Status", "code": 504, "message": "Timeout: Too large resource version: 1000, current: 500"}'
    mapper, action = ClusterErrorMapper("prod", "https://prod.example"), LocalizedText(texts.READ_SCHEMAS)
    assert isinstance(mapper.rejected(action, 504, body), ExpiredError)
    assert not isinstance(mapper.rejected(action, 504, b"{}"), ExpiredError)


def test_events_that_the_server_forgot_are_an_error_of_the_stream(cluster, client):
    cluster.apply(config_map(), namespace="shop")
    cluster.api.expire_watches()
    with pytest.raises(ExpiredError):
        list(client.watch(CONFIG_MAPS, None, "1"))


def test_a_dropped_connection_is_an_error(cluster, opened):
    _, watch = opened()
    cluster.drop_watches()
    with pytest.raises(ClusterError, match="connection was lost"):
        list(watch)


@pytest.fixture
def answering(tmp_path):
    """A client of a server that answers each watch with some bytes, and then is silent."""
    servers = []

    def start(body, *, goes_silent=False, **options):
        stopping = asyncio.Event()

        async def answer(request):
            response = web.StreamResponse()
            await response.prepare(request)
            await response.write(body)
            if goes_silent:
                await stopping.wait()
            return response

        async def stop(_):
            stopping.set()

        app = web.Application()
        app.router.add_get("/{path:.*}", answer)
        app.on_shutdown.append(stop)
        server = Server(app).start()
        servers.append(server)
        kubeconfig = tmp_path / "kubeconfig"
        kubeconfig.write_text(
            yaml.safe_dump(
                {
                    "current-context": "c",
                    "clusters": [{"name": "k", "cluster": {"server": server.url}}],
                    "users": [{"name": "u", "user": {"token": "sesame"}}],
                    "contexts": [{"name": "c", "context": {"cluster": "k", "user": "u"}}],
                }
            )
        )
        return KubernetesCluster("prod", kubeconfig=kubeconfig, **options).watch(CONFIG_MAPS, None, "1")

    yield start
    for server in servers:
        server.stop()


def line(type_="MODIFIED", **item):
    return json.dumps({"type": type_, "object": item}).encode() + b"\n"


METADATA = {"metadata": {"namespace": "shop", "name": "settings", "resourceVersion": "7"}}


def test_a_silent_server_is_noticed(answering):
    watch = answering(line(**METADATA), goes_silent=True, watch_timeout=0.3)
    events = iter(watch)
    assert next(events).resource_version == "7"
    with pytest.raises(ClusterError, match="timed out"):
        next(events)


def test_a_watch_that_the_server_does_not_end_is_cut_off(answering, monkeypatch):
    monkeypatch.setattr(bounds, "WATCH_SECONDS", 0.1)
    monkeypatch.setattr("bot.adapters.kubernetes.watching._MARGIN", 0.2)
    with pytest.raises(ClusterError, match="timed out"):
        list(answering(line(**METADATA), goes_silent=True))


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b"<html>\n", "not JSON"),
        (b"[]\n", "not a JSON object"),
        (b"{}\n", "not a watch"),
        (line(metadata=None), "not a watch"),
        (line(metadata={"resourceVersion": "7"}), "not a watch"),
        (line("ERROR", code=500, message="etcd is down"), "etcd is down"),
    ],
)
def test_what_is_not_an_event_is_an_error(answering, body, error):
    with pytest.raises(ClusterError, match=error):
        list(answering(body))


def test_unknown_types_and_half_lines_are_left_out(answering):
    body = line("NOTHING", **METADATA) + line(**METADATA) + line(**METADATA)[:-20]
    assert [event.resource_version for event in answering(body)] == ["7"]


def test_an_event_has_a_bound(answering, monkeypatch):
    monkeypatch.setattr(bounds, "EVENT_BYTES", 1_000)
    assert list(answering(b"x" * 1_000)) == []  # the beginning of an event
    with pytest.raises(TooLargeError):
        list(answering(b"x" * 1_001))

"""An API server that is hostile or ill, objects that nobody expected, and a clock that jumps."""

import gzip
import itertools
import json
import socketserver
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import parse_qsl, urlsplit

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.adapters.kubernetes import bounds
from bot.adapters.kubernetes.api import KubernetesApi
from bot.adapters.kubernetes.cluster import KubernetesCluster
from bot.adapters.kubernetes.depth import cut_off
from bot.core.drift.model import Status
from bot.core.health.assess import assess
from bot.core.objects.kept_size import kept_size
from bot.core.objects.manifest import read_manifests
from bot.core.rollouts.rollout import RolloutState
from bot.core.rollouts.running_images import MAX_IMAGES
from bot.handlers.queries.status import status
from bot.handlers.rollouts import health
from bot.i18n.language import ENGLISH
from bot.ports.cluster import ClusterError, Kind
from tests.common.kubernetes import as_yaml, deployment
from tests.common.kubernetes import config_map as config_map_manifest
from tests.common.slack import content, headlines
from tests.common.wait import wait_for

CONFIG_MAPS = Kind("", "v1", "ConfigMap", "configmaps", namespaced=True)
KIND = {"apiVersion": "v1", "kind": "ConfigMap"}
MIB = 2**20

Answer = Callable[[str], Iterable[bytes]]


class _Handler(socketserver.StreamRequestHandler):
    def handle(self):
        path = self.rfile.readline().split(b" ")[1].decode()
        while self.rfile.readline().strip():
            pass
        try:
            for piece in self.server.answer(path):
                self.wfile.write(piece)
        except OSError:
            pass  # the client has had enough


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


@contextmanager
def serving(answer: Answer, certificate=None):
    """The URL of a server that answers each path with these bytes, and then closes the connection."""
    with _Server(("127.0.0.1", 0), _Handler) as server:
        server.answer = answer
        if certificate:
            certificate.use_for(server)
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield f"http{'s' if certificate else ''}://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def kubeconfig(folder, url, user=None, ca=None):
    path = folder / "kubeconfig"
    clusters = [{"name": "k", "cluster": {"server": url, **({"certificate-authority": ca} if ca else {})}}]
    contexts = [{"name": "c", "context": {"cluster": "k", "user": "u"}}]
    users = [{"name": "u", "user": user or {"token": "sesame"}}]
    path.write_text(
        yaml.safe_dump({"current-context": "c", "clusters": clusters, "contexts": contexts, "users": users})
    )
    return path


def head(status=200, **headers):
    lines = [f"HTTP/1.1 {status} Whatever", *(f"{name.replace('_', '-')}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode()


def page(items, token=""):
    return json.dumps({"items": items, "metadata": {"continue": token}}).encode()


def config_map(name, size=0):
    return {"metadata": {"name": name}, "data": {"x": "x" * size}}


def drip(first=b""):
    """One byte at a time, for ever: each of them starts a read timeout again."""
    yield first
    never = threading.Event()
    while not never.wait(0.02):
        yield b" "


def numbered_pages(items):
    numbers = itertools.count()
    return lambda _: [head(), page(items(next(numbers)), f"token-{next(numbers)}")]


ENDLESS = {
    "the same page again and again": (
        lambda _: [head(), page([config_map("a")], "token")],
        "limits on objects and pages",
    ),
    "pages without end": (numbered_pages(lambda number: [config_map(f"c{number}")]), "limits on objects and pages"),
    "empty pages without end": (numbered_pages(lambda _: []), "limits on objects and pages"),
    "objects without end": (
        numbered_pages(lambda number: [config_map(f"c{number}-{index}") for index in range(40)]),
        "limits on objects and pages",
    ),
    "headers that drip": (lambda _: drip(b"HTTP/1.1 200 OK\r\nX: "), "the request timed out"),
    "a body that drips": (lambda _: drip(head(Content_Length=10**6)), "the request timed out"),
    "a chunk that drips": (lambda _: drip(head(Transfer_Encoding="chunked") + b"fffff\r\n"), "the request timed out"),
    "an error that drips": (lambda _: drip(head(500, Content_Length=10**6)), "the request timed out"),
    "a list that takes too long": (
        lambda _: itertools.chain([head()], itertools.islice(drip(), 10), [page([], "token")]),
        "the request timed out",
    ),
}


@pytest.mark.timeout(30)
@pytest.mark.parametrize(
    ("answer", "words", "tls"),
    [
        *(pytest.param(*answer, False, id=name) for name, answer in ENDLESS.items()),
        *(pytest.param(*answer, True, id=f"{name}, over TLS") for name, answer in ENDLESS.items() if "drip" in name),
    ],
)
def test_what_never_ends_is_given_up(tmp_path, monkeypatch, certificate, answer, words, tls):
    limits = {"REQUEST_SECONDS": 0.5, "LIST_SECONDS": 2.0, "PAGES": 30, "OBJECTS": 30}
    if answer is ENDLESS["objects without end"][0]:
        limits["PAGES"] = 10**9
    for name, value in limits.items():
        monkeypatch.setattr(bounds, name, value)
    with serving(answer, certificate if tls else None) as url:
        cluster = KubernetesCluster("prod", kubeconfig=kubeconfig(tmp_path, url, ca=certificate.file))
        with pytest.raises(ClusterError, match=words):
            cluster.list(CONFIG_MAPS, None)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("https://nowhere.invalid", r"the host name does not resolve \(https://nowhere\.invalid\)\.$"),
        ("UNTRUSTED", r"the TLS handshake failed; check the cluster's certificate authority"),
    ],
)
def test_an_api_server_that_cannot_be_reached_or_trusted_is_said(tmp_path, untrusted_server, url, words):
    url = url.replace("UNTRUSTED", untrusted_server[0])
    with pytest.raises(ClusterError, match=words) as error:
        KubernetesCluster("prod", kubeconfig=kubeconfig(tmp_path, url)).discover()
    assert "\n" not in str(error.value)


def page_of_ten(number):
    return page([config_map(f"c{number}{index}", 100) for index in range(10)], str(number + 1) if number < 2 else "")


@pytest.mark.parametrize(
    ("bound", "most", "words"),
    [
        ("PAGES", 3, r"objects and pages \(500,000 / 2\)"),
        ("OBJECTS", 30, r"objects and pages \(29 / 5,000\)"),
        ("PAGE_BYTES", len(page_of_ten(0)), "larger than 0 MiB"),
        ("KEPT_BYTES", 30 * kept_size(config_map("c00", 100) | KIND), "larger than 0 MiB"),
    ],
)
def test_a_list_has_as_much_as_allowed_and_no_more(tmp_path, monkeypatch, bound, most, words):
    def answer(path):
        return [head(), page_of_ten(int(dict(parse_qsl(urlsplit(path).query)).get("continue", 0)))]

    with serving(answer) as url:
        cluster = KubernetesCluster("prod", kubeconfig=kubeconfig(tmp_path, url))
        monkeypatch.setattr(bounds, bound, most)
        assert len(cluster.list(CONFIG_MAPS, None)) == 30
        monkeypatch.setattr(bounds, bound, most - 1)
        with pytest.raises(ClusterError, match=words):
            cluster.list(CONFIG_MAPS, None)


def test_a_discovery_document_is_as_large_as_allowed(tmp_path):
    document = b"".join(discovering("")[1:])
    with serving(lambda _: [head(), document.ljust(64 * MIB)]) as url:
        assert KubernetesCluster("prod", kubeconfig=kubeconfig(tmp_path, url)).discover()


LIST_IN_A_CHILD = """
import re, sys
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from bot.adapters.kubernetes.cluster import KubernetesCluster
from bot.core.applications.application import Application
from bot.core.applications.flux import HELM_RELEASE
from bot.core.git.repository_ref import RepositoryRef
from bot.handlers.discovery.deployers import DeployerReader
from bot.handlers.discovery.resource_data import data_reader
from bot.handlers.discovery.resources import ResourceBudget, list_resources, preferred_kinds
from bot.handlers.queries.status import status
from bot.i18n.language import ENGLISH
from bot.ports.cluster import ClusterError, Kind
cluster = KubernetesCluster("prod", kubeconfig=sys.argv[1])
kind = Kind("", "v1", "ConfigMap", "configmaps", True)
applications = [Application("pay", RepositoryRef("platform"), "apps/pay", "prod", "pay", "C1")]
references = [{"kind": "ConfigMap", "name": f"c{number}"} for number in range(22)]
releases = [
    {"metadata": {"namespace": namespace, "name": "a"}, "spec": {"valuesFrom": references}} for namespace in "ab"
]
try:
    if sys.argv[2] == "discover":
        cluster.discover()
    if sys.argv[2] == "deployers":
        clock = partial(datetime.now, UTC)
        reader = DeployerReader({"prod": cluster}, {"platform": ""}, {}, deadline=timedelta(minutes=10), clock=clock)
        kind = preferred_kinds(cluster.discover())["argoproj.io", "Application"]
        listed = list_resources(cluster, kind, ResourceBudget())
        assert not reader.changing(applications) | reader.changing(applications)
    if sys.argv[2] == "data":
        read_data = data_reader(cluster, {HELM_RELEASE: releases}, set())
        assert all(read_data("ConfigMap", namespace, "c1") for namespace in "ab")
    if sys.argv[2] == "schema":
        result = [len(cluster.schema(f"g{number}/v1")) for number in range(4)]
    else:
        result = len(cluster.list(kind, None, (lambda live: live) if sys.argv[2] == "keep" else (lambda live: 1)))
except ClusterError as error:
    result = error
# Not getrusage: its peak includes the process that started this one.
peak = re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())
print(int(peak[1]) >> 10, result)
"""


def large_objects(number, size):
    """Serves objects of that size, as many at once as are asked for."""
    return listing(
        number, lambda path, index: b'{"metadata": {"name": "c%d"}, "data": {"x": "%s"}}' % (index, b"x" * size)
    )


def listing(number, item):
    """Serves `item` of a path and a number, as many at once as are asked for, and API discovery with Applications."""

    def answer(path):
        if path in ("/api", "/apis"):
            yield head() + json.dumps({"kind": "APIGroupDiscoveryList", "items": [APPLICATIONS]}).encode()
            return
        query = dict(parse_qsl(urlsplit(path).query))
        start = int(query.get("continue", 0))
        end = min(number, start + int(query.get("limit", number)))
        yield head() + b'{"items": ['
        for index in range(start, end):
            yield item(urlsplit(path).path, index) + (b"," if index + 1 < end else b"")
        yield b'], "metadata": {"continue": "%s"}}' % (str(end).encode() if end < number else b"")

    return answer


APPLICATIONS = {
    "metadata": {"name": "argoproj.io"},
    "versions": [
        {
            "version": "v1alpha1",
            "resources": [
                {
                    "resource": "applications",
                    "responseKind": {"kind": "Application"},
                    "scope": "Namespaced",
                    "verbs": ["list"],
                }
            ],
        }
    ],
}


def application(annotations, spec):
    """An Application of a listing, where both are JSON."""
    metadata = b'{"namespace": "evil", "name": "a%d", "annotations": {%s}}'
    return lambda _path, index: b'{"metadata": %s, "spec": {%s}}' % (metadata % (index, annotations), spec)


SHORT_VALUES = b",".join(b'"%d":""' % key for key in range(90_000))


def config_map_of_short_values(path, index):
    namespace = path.split("/")[4].encode() if "/namespaces/" in path else b""
    return b'{"metadata": {"namespace": "%s", "name": "c%d"}, "data": {%s}}' % (namespace, index, SHORT_VALUES)


def bomb(_):
    member = gzip.compress(b" " * (16 * MIB), 9)
    yield head(Content_Encoding="gzip")
    yield from itertools.repeat(member, 200)


def wide(_):
    yield head() + b'{"items": [], "metadata": {}, "rest": ['
    yield from itertools.repeat(b"{}," * 1000, (bounds.PAGE_BYTES - 1000) // 3000)
    yield b"{}]}"


def schemas(number, item=b"{}"):
    """Serves OpenAPI documents of that many items."""
    paths = {f"apis/g{index}/v1": {"serverRelativeURL": f"/openapi/v3/apis/g{index}/v1"} for index in range(4)}

    def answer(path):
        yield head()
        if path == "/openapi/v3":
            yield json.dumps({"paths": paths}).encode()
            return
        yield b'{"components": {"schemas": {}}, "rest": ['
        yield from itertools.repeat((item + b",") * 1000, number // 1000)
        yield b"0]}"

    return answer


LARGE = {
    "a gzip bomb of 3 GB": (bomb, "read", "larger than 16 MiB", 200),
    "an error of any size": (
        lambda _: itertools.chain([head(500)], itertools.repeat(b"x" * MIB, 2000)),
        "read",
        "500",
        200,
    ),
    "200 objects of 1 MB": (large_objects(200, 10**6), "read", "200", 250),
    "200 objects of 1 MB that are kept": (large_objects(200, 10**6), "keep", "larger than 64 MiB", 400),
    "one object without end": (
        lambda _: itertools.chain([head(), b'{"items": [{"x": "'], itertools.repeat(b"x" * MIB, 10_000)),
        "read",
        "larger than 16 MiB",
        200,
    ),
    "a discovery without end": (bomb, "discover", "larger than 64 MiB", 300),
    "discovery with 20 million objects": (
        lambda _: itertools.chain([head(), b'{"items": ['], itertools.repeat(b"{}," * 1000, 20_000), [b"0]}"]),
        "discover",
        "more than 128 MiB of memory",
        250,
    ),
    "schemas of 15 MiB of empty objects": (schemas(5 * 10**6), "schema", "more than 128 MiB of memory", 200),
    "schemas without end": (schemas(10**9), "schema", "larger than 16 MiB", 200),
    "schemas of just under the limit": (schemas(600_000), "schema", "[2, 2, 2, 2]", 600),
    "schemas of long text": (
        schemas(1000, b'"%s"' % ("x" * 10_000 + chr(0x1F600)).encode()),
        "schema",
        "[2, 2, 2, 2]",
        600,
    ),
    "as many Python objects as a page can hold": (wide, "read", "0", 600),
    "Applications with many empty objects": (
        listing(128, application(b"", b'"info": [%s]' % b",".join([b"{}"] * 83_000))),
        "deployers",
        "128",
        600,
    ),
    "Applications with large annotations": (
        listing(1_000, application(b'"gitops-bot/channel": "%s"' % (b"x" * 255_000), b"")),
        "deployers",
        "1000",
        250,
    ),
    "ConfigMaps with many short values": (listing(22, config_map_of_short_values), "data", "22", 600),
}


@pytest.mark.parametrize(("answer", "mode", "words", "most"), LARGE.values(), ids=LARGE)
def test_what_is_too_large_takes_little_memory(tmp_path, answer, mode, words, most):
    """`most` is the peak of the whole process in MiB, of which 90 are the program itself."""
    with serving(answer) as url:
        command = [sys.executable, "-c", LIST_IN_A_CHILD, str(kubeconfig(tmp_path, url)), mode]
        child = subprocess.run(command, capture_output=True, text=True, check=True, timeout=100)
    peak, _, result = child.stdout.partition(" ")
    assert words in result
    assert int(peak) < most


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["items", "metadata", "name", "namespace", "continue", "kind", "groups", "versions", "version"]
            )
            | st.sampled_from(
                ["resources", "verbs", "responseKind", "resource", "scope", "paths", "serverRelativeURL"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)


@pytest.fixture(scope="module")
def saying(tmp_path_factory):
    """A cluster whose server answers whatever is put into a list; the cluster and the list."""
    said = [b""]
    with serving(lambda _: [head(), said[0]]) as url:
        yield KubernetesCluster("prod", kubeconfig=kubeconfig(tmp_path_factory.mktemp("k"), url)), said


@settings(max_examples=150)
@given(answer=JSON)
def test_any_json_is_an_answer_or_a_cluster_error(saying, answer):
    cluster, said = saying
    said[0] = json.dumps(answer).encode()
    kinds = {"kind": "APIGroupDiscoveryList"} | answer if isinstance(answer, dict) else answer
    for body, request in (
        (answer, lambda: cluster.list(CONFIG_MAPS, None, lambda live: live)),
        (answer, lambda: cluster.schema("v1")),
        (answer, cluster.discover),
        (kinds, cluster.discover),
    ):
        said[0] = json.dumps(body).encode()
        with pytest.MonkeyPatch.context() as patch, suppress(ClusterError):
            patch.setattr(bounds, "PAGES", 3)
            request()


# ---------------------------------------------------------------- discovery


def resource(kind="Gadget", plural="gadgets", **changes):
    described = {"resource": plural, "responseKind": {"kind": kind}, "scope": "Namespaced", "verbs": ["list"]}
    return {**described, **changes}


MALFORMED_RESOURCES = [
    None,
    7,
    [None],
    [{}],
    [resource(responseKind=None)],
    [resource(responseKind={"kind": []})],
    [resource(verbs=7)],
    [resource(plural="gadgets?limit=1&")],
    [resource(kind=None)],
]


@pytest.mark.parametrize("resources", MALFORMED_RESOURCES)
@pytest.mark.parametrize("aggregated", [True, False])
def test_an_api_that_describes_itself_wrongly_hurts_no_other(tmp_path, aggregated, resources):
    def legacy(described):
        if not isinstance(described, dict):
            return described
        kind = described.get("responseKind")
        return {**described, "name": described.get("resource"), "kind": kind and kind["kind"], "namespaced": True}

    def answer(path):
        good, bad = [resource("ConfigMap", "configmaps")], resources
        if not aggregated:
            good = [legacy(each) for each in good]
            bad = [legacy(each) for each in bad] if isinstance(bad, list) else bad
            versions = [{"version": "v1"}]
            bodies = {
                "/api": {"versions": ["v1"]},
                "/apis": {"groups": [{"name": "odd.example", "versions": versions}]},
                "/api/v1": {"resources": good},
                "/apis/odd.example/v1": {"resources": bad or 7},
            }
            return [head(), json.dumps(bodies[path]).encode()]
        name, resources_ = ("", good) if path == "/api" else ("odd.example", bad)
        group = {"metadata": {"name": name}, "versions": [{"version": "v1", "resources": resources_}]}
        return [head(), json.dumps({"kind": "APIGroupDiscoveryList", "items": [group]}).encode()]

    with serving(answer) as url:
        discovery = KubernetesCluster("prod", kubeconfig=kubeconfig(tmp_path, url)).discover()
    assert list(discovery.kinds) == [("v1", "ConfigMap")]
    assert list(discovery.broken) == ["odd.example/v1"]


# ---------------------------------------------------------------- exec plugins

PLUGIN = """\
#!{python}
import json, os, sys
open({log!r}, "w").write(json.dumps(dict(os.environ)))
if os.path.exists({broken!r}):
    sys.exit("sesame\\n" * 1000)
status = {{"token": "from-plugin"}}
print(json.dumps({{"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": status}}))
"""


def exec_user(command, *args, **env):
    variables = [{"name": name, "value": value} for name, value in env.items()]
    version = "client.authentication.k8s.io/v1"
    return {"exec": {"apiVersion": version, "command": str(command), "args": list(args), "env": variables}}


def discovering(_):
    return [head(), b'{"kind": "APIGroupDiscoveryList", "items": []}']


@pytest.mark.timeout(30)
def test_an_exec_plugin_that_hangs_is_stopped_with_what_it_started(tmp_path, monkeypatch):
    monkeypatch.setattr(bounds, "LOGIN_SECONDS", 0.5)
    started = tmp_path / "pid"
    user = exec_user("sh", "-c", f"sleep 600 & echo $! > {started}; wait")
    with serving(discovering) as url:
        cluster = KubernetesCluster("prod", kubeconfig=kubeconfig(tmp_path, url, user))
        with pytest.raises(ClusterError, match="credentials could not be renewed"):
            cluster.discover()
    wait_for(lambda: not Path(f"/proc/{started.read_text().strip()}/cmdline").exists())


@pytest.mark.timeout(30)
def test_an_exec_plugin_that_hangs_runs_once_for_all_waiting_requests(tmp_path, monkeypatch):
    monkeypatch.setattr(bounds, "LOGIN_SECONDS", 1.0)
    started = tmp_path / "started"
    user = exec_user("sh", "-c", f"echo >> {started}; exec sleep 600")
    cluster = KubernetesCluster("prod", kubeconfig=kubeconfig(tmp_path, "http://127.0.0.1:9", user))
    started.unlink()

    def fails(_):
        with pytest.raises(ClusterError, match="credentials could not be renewed"):
            cluster.discover()

    with ThreadPoolExecutor(10) as pool:
        list(pool.map(fails, range(10)))
        assert started.read_text() == "\n"
        monkeypatch.setattr(bounds, "REQUEST_SECONDS", 0.1)
        with cluster._api._authenticating:  # another request logs in
            list(pool.map(fails, range(10)))


@pytest.mark.timeout(30)
@pytest.mark.parametrize(
    ("command", "stopped"),
    [(("yes",), True), *((("head", "-c", str(size), "/dev/zero"), size > MIB) for size in (MIB, MIB + 1))],
    ids=["without end", "at the limit", "above the limit"],
)
def test_an_exec_plugin_that_writes_without_end_is_stopped(tmp_path, caplog, command, stopped):
    with serving(discovering) as url:
        cluster = KubernetesCluster("prod", kubeconfig=kubeconfig(tmp_path, url, exec_user(*command)))
        with pytest.raises(ClusterError, match="credentials could not be renewed"):
            cluster.discover()
    assert (f"{command[0]}: more than 1048576 bytes of output" in caplog.text) is stopped


def test_an_exec_plugin_gets_no_secret_of_the_bot_and_is_run_again_after_a_failure(tmp_path, monkeypatch, caplog):
    log, broken, plugin = tmp_path / "env.json", tmp_path / "broken", tmp_path / "plugin"
    plugin.write_text(PLUGIN.format(python=sys.executable, log=str(log), broken=str(broken)))
    plugin.chmod(0o755)
    secrets = ("SLACK_BOT_TOKEN", "GITHUB_TOKEN", "GITHUB_APP_PRIVATE_KEY", "DATABASE_URL", "WEBHOOK_SECRET")
    for name in (*secrets, "AWS_PROFILE"):
        monkeypatch.setenv(name, "secret")
    broken.touch()
    with serving(discovering) as url:
        config = kubeconfig(tmp_path, url, exec_user("./plugin", MY_OWN="1"))
        cluster = KubernetesCluster("prod", kubeconfig=config)
        assert "\n" not in caplog.messages[-1], "a plugin's words are one line of the log"
        with pytest.raises(ClusterError, match="credentials could not be renewed"):
            cluster.discover()
        broken.unlink()
        cluster.discover()
    environment = json.loads(log.read_text())
    assert not set(secrets) & set(environment)
    assert {"MY_OWN", "AWS_PROFILE", "PATH", "KUBERNETES_EXEC_INFO"} <= set(environment)


# ---------------------------------------------------------------- one object among others


SETTINGS = config_map_manifest("settings", level="info")


@pytest.mark.parametrize("depth", [150, 210, 247, 300, 900, 1500, 20_000])
def test_a_live_value_of_any_depth_hurts_no_other_application(fleet, cluster, slack, monkeypatch, depth):
    nest_live_value(monkeypatch, depth)
    cluster.edit(SETTINGS, "cart", {"data": {"level": "DEEP"}})
    cluster.edit(SETTINGS, "shop", {"data": {"level": "debug"}})
    checks = fleet.check()
    assert checks["shop"].status is Status.OUT_OF_SYNC, str(checks["shop"].error)
    assert checks["cart"].status in (Status.OUT_OF_SYNC, Status.UNKNOWN)
    assert any("shop" in line for line in headlines(slack))
    fleet.restart()
    assert {name: check.status for name, check in fleet.store.checks.latest().items()} == {
        name: check.status for name, check in checks.items()
    }
    monkeypatch.undo()
    cluster.edit(SETTINGS, "cart", {"data": {"level": "info"}})
    assert fleet.check()["cart"].status is Status.SYNCED


@pytest.mark.parametrize("value", ['"\\ud800"', '{"a":' * 300 + "1" + "}" * 300], ids=["surrogate", "300 levels"])
def test_a_manifest_of_json_that_is_hard_to_store_hurts_no_other_application(fleet, source, cluster, slack, value):
    settings = json.dumps(SETTINGS).replace('"info"', value)
    source.commit("Odd", {"apps/cart/settings.yaml": settings})
    cluster.edit(SETTINGS, "shop", {"data": {"level": "debug"}})
    checks = fleet.check()
    assert checks["shop"].status is Status.OUT_OF_SYNC
    assert checks["cart"].status in (Status.OUT_OF_SYNC, Status.UNKNOWN)
    assert any("shop" in line for line in headlines(slack))
    fleet.restart()
    assert {name: check.status for name, check in fleet.store.checks.latest().items()} == {
        name: check.status for name, check in checks.items()
    }


def nest_live_value(monkeypatch, depth):
    """Let the API server answer with a nested value for `level: DEEP`, as only a custom resource can have it."""
    get = KubernetesApi.get
    deep = b'{"a":' * depth + b"1" + b"}" * depth
    monkeypatch.setattr(KubernetesApi, "get", lambda *args, **options: get(*args, **options).replace(b'"DEEP"', deep))


# ---------------------------------------------------------------- the clock


JUMPS = pytest.mark.parametrize("jump", [timedelta(days=-365), timedelta(days=365)], ids=["back", "ahead"])


@JUMPS
def test_alerts_and_cards_go_on_when_the_clock_is_set(fleet, cluster, slack, jump):
    cluster.edit(SETTINGS, "shop", {"data": {"level": "debug"}})
    fleet.check()
    fleet.clock.advance(jump)
    cluster.edit(SETTINGS, "shop", {"data": {"level": "info"}})
    fleet.check()
    assert fleet.store.incidents.open_for("shop") is None
    assert any("shop" in line and "resolved" in line.lower() for line in headlines(slack))


@JUMPS
def test_a_rollout_ends_when_the_clock_is_set(fleet, source, cluster, jump):
    warning = config_map_manifest("settings", level="warning")
    sha = source.commit("Warn", {"apps/shop/settings.yaml": as_yaml(warning)})
    fleet.monitor.poll_repository("platform")
    fleet.clock.advance(jump)
    fleet.monitor.observe_rollouts()
    cluster.apply(warning, namespace="shop")
    fleet.clock.advance(seconds=10)
    fleet.monitor.observe_rollouts()
    assert [rollout.state for rollout in fleet.store.rollouts.of_revisions([sha])] == [RolloutState.LIVE]


def test_status_never_shows_an_old_result_as_the_current_state(fleet):
    def answer():
        applications = list(fleet.config.applications.values())
        inventory = fleet.discoverer.inventory()
        interval, cache = fleet.config.schedule.drift, fleet.monitor.manifest_cache
        return status(ENGLISH, fleet.ports, cache, applications, [], inventory, interval=interval, everything=True)

    assert answer().text == "2 applications: 2 synced."
    fleet.clock.advance(hours=1)  # and no check finishes, whatever the reason
    assert answer().text == "2 applications: 2 unknown."
    assert "Last complete check: " in content(answer())


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("Certificate", {"conditions": [{"type": "Ready", "status": "False", "reason": "R" * 1_000_000}]}),
        (
            "Pod",
            {"phase": "Pending", "containerStatuses": [{"state": {"waiting": {"reason": "R" * 1_000_000}}}]},
        ),
    ],
)
def test_a_reason_of_any_length_is_cut(kind, status):
    api_version = "v1" if kind == "Pod" else "cert-manager.io/v1"
    live = {"apiVersion": api_version, "kind": kind, "metadata": {"generation": 1}, "spec": {}, "status": status}
    assert len(assess(live).reason) == 256


# ---------------------------------------------------------------- many workloads and pods


DEPLOYMENTS, PODS = (
    Kind("apps", "v1", "Deployment", "deployments", namespaced=True),
    Kind("", "v1", "Pod", "pods", namespaced=True),
)


class ListedCluster:
    """Lists these Deployments and pods."""

    name = "prod"

    def __init__(self, deployments, pods):
        self.objects = {DEPLOYMENTS: deployments, PODS: pods}

    def list(self, kind, _namespace, read):
        return {("shop", live["metadata"]["name"]): read(live) for live in self.objects[kind]}


def workload(name, labels, containers):
    template = {"spec": {"containers": containers}}
    return {
        "metadata": {"name": name, "namespace": "shop"},
        "spec": {"replicas": 0, "selector": {"matchLabels": labels}, "template": template},
        "status": {"observedGeneration": 1},
    }


def running_pod(name, labels, containers):
    statuses = [{"name": one["name"], "imageID": f"i@sha256:{name[-1] * 64}"} for one in containers]
    return {
        "metadata": {"name": name, "namespace": "shop", "labels": labels},
        "spec": {"containers": containers},
        "status": {"containerStatuses": statuses},
    }


@pytest.mark.parametrize("is_shared", [True, False])
def test_health_takes_as_long_as_there_are_pods_and_workloads_not_their_product(monkeypatch, is_shared):
    many, containers = 200, [{"name": f"c{number}", "image": f"image-{number}"} for number in range(150)]
    labels = [{"tier": "web", "app": "a" if is_shared else f"a{number}"} for number in range(many)]
    deployments = [workload(f"d{number}", labels[number], containers) for number in range(many)]
    pods = [running_pod(f"p{number}", labels[number], containers) for number in range(many)]
    looked_at = []
    monkeypatch.setattr(health, "selects", lambda *both: looked_at.append(both) or both[0] == both[1])
    manifests = [
        (read_manifests("a.yaml", as_yaml(deployment(f"d{number}")).encode())[0], "shop") for number in range(many)
    ]
    discovery = SimpleNamespace(kinds={("apps/v1", "Deployment"): DEPLOYMENTS, ("v1", "Pod"): PODS})
    states = health.read_states(ListedCluster(deployments, pods), discovery, manifests)
    assert len(states) == len(looked_at) == many
    assert {len(state.images) for state in states.values()} == {MAX_IMAGES if is_shared else 0}


def test_as_many_pods_of_a_workload_are_read_as_allowed(monkeypatch):
    monkeypatch.setattr(health, "MAX_PODS", 2)
    pods = [running_pod(f"p{number}", {"app": "web"}, [{"name": "web", "image": f"i:{number}"}]) for number in range(3)]
    web = workload("web", {"app": "web"}, [{"name": "web", "image": "i:0"}])
    selected = []
    monkeypatch.setattr(health, "selects", lambda *both: selected.append(both) or True)
    manifests = [(read_manifests("a.yaml", as_yaml(deployment("web")).encode())[0], "shop")]
    discovery = SimpleNamespace(kinds={("apps/v1", "Deployment"): DEPLOYMENTS, ("v1", "Pod"): PODS})
    assert health.read_states(ListedCluster([web], pods), discovery, manifests)
    assert len(selected) == 2


@pytest.mark.parametrize(("levels", "is_cut"), [(500, False), (501, True)])
def test_a_live_value_is_as_deep_as_allowed(levels, is_cut):
    assert (b"\xe2\x80\xa6" in cut_off(b"[" * levels + b"]" * levels, bounds.JSON_DEPTH)) is is_cut

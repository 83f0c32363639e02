"""Reading a cluster over real HTTP from a small API server that can fail at one path at a time."""

import asyncio
import gzip
import json
import os
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext

import pytest
import yaml
from aiohttp import web
from urllib3.exceptions import InsecureRequestWarning

from bot.adapters.kubernetes import bounds
from bot.adapters.kubernetes.bounds import KUBECONFIG_BYTES
from bot.adapters.kubernetes.cluster import KubernetesCluster
from bot.adapters.kubernetes.kubeconfig import ClusterConfigError, current_context, default_kubeconfig
from bot.ports.cluster import ClusterError, ForbiddenError, Kind, TooLargeError
from bot.sandbox.server import Server

CONFIG_MAP = Kind("", "v1", "ConfigMap", "configmaps", namespaced=True)
DEPLOYMENT = Kind("apps", "v1", "Deployment", "deployments", namespaced=True)
CLUSTER_ROLE = Kind("rbac.authorization.k8s.io", "v1", "ClusterRole", "clusterroles", namespaced=False)

AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"


def _discovered(kind):
    return {
        "resource": kind.plural,
        "responseKind": {"group": "", "version": "", "kind": kind.kind},
        "scope": "Namespaced" if kind.namespaced else "Cluster",
        "verbs": ["get", "list"],
        "subresources": [{"subresource": "status", "verbs": ["get"]}],
    }


def _status(code, message):
    return web.json_response({"kind": "Status", "code": code, "message": message}, status=code)


class ApiServer:
    """Two groups, one of them optionally dead; `faults` maps a path to handlers that answer instead, in turn."""

    def __init__(self):
        self.requests = []
        self.objects = {}
        self.faults = {}
        self.aggregated = True
        self.schema_hash = "1"
        self.release = asyncio.Event()
        self.app = web.Application()
        self.app.router.add_route("*", "/{path:.*}", self._answer)

    def paths(self):
        return [path for _, path, _ in self.requests]

    async def _answer(self, request):
        self.requests.append((request.method, request.path_qs, dict(request.headers)))
        faults = self.faults.get(request.path, [])
        fault = faults.pop(0) if faults else None
        if fault is not None:
            return await fault(request)
        if request.path in ("/api", "/apis"):
            aggregated = self.aggregated and AGGREGATED in request.headers["Accept"]
            return web.json_response(self._aggregated(request.path) if aggregated else self._groups(request.path))
        if request.path == "/openapi/v3":
            url = f"/openapi/v3/apis/apps/v1?hash={self.schema_hash}"
            return web.json_response({"paths": {"apis/apps/v1": {"serverRelativeURL": url}}})
        if request.path == "/openapi/v3/apis/apps/v1":
            return web.json_response({"components": {"schemas": {"hash": request.query["hash"]}}})
        if request.path in ("/api/v1", "/apis/apps/v1"):
            kind = CONFIG_MAP if request.path == "/api/v1" else DEPLOYMENT
            resource = {"name": kind.plural, "kind": kind.kind, "namespaced": True, "verbs": ["get", "list"]}
            status = {**resource, "name": f"{kind.plural}/status"}
            return web.json_response({"kind": "APIResourceList", "resources": [resource, status]})
        if request.path == "/apis/metrics.k8s.io/v1beta1":
            return _status(503, "service unavailable")
        return self._page(request)

    @staticmethod
    def _aggregated(path):
        if path == "/api":
            items = [{"metadata": {}, "versions": [{"version": "v1", "resources": [_discovered(CONFIG_MAP)]}]}]
        else:
            dead = {"version": "v1beta1", "freshness": "Stale"}
            items = [
                {"metadata": {"name": "metrics.k8s.io"}, "versions": [dead]},
                {
                    "metadata": {"name": "apps"},
                    "versions": [{"version": "v1", "freshness": "Current", "resources": [_discovered(DEPLOYMENT)]}],
                },
            ]
        return {"kind": "APIGroupDiscoveryList", "items": items}

    @staticmethod
    def _groups(path):
        if path == "/api":
            return {"kind": "APIVersions", "versions": ["v1"]}
        groups = {"metrics.k8s.io": "v1beta1", "apps": "v1"}
        return {
            "kind": "APIGroupList",
            "groups": [{"name": name, "versions": [{"version": version}]} for name, version in groups.items()],
        }

    def _page(self, request):
        items = self.objects.get(request.path)
        if items is None:
            return _status(404, "the server could not find the requested resource")
        start = int(request.query.get("continue", 0))
        end = start + int(request.query.get("limit", len(items)))
        metadata = {"resourceVersion": "7"} | ({"continue": str(end)} if end < len(items) else {})
        body = json.dumps({"kind": "List", "metadata": metadata, "items": items[start:end]}).encode()
        assert "gzip" in request.headers["Accept-Encoding"]
        return web.Response(
            body=gzip.compress(body, 1), content_type="application/json", headers={"Content-Encoding": "gzip"}
        )


def _config_maps(number):
    return [{"metadata": {"namespace": f"n{i % 3}", "name": f"c{i}"}, "data": {"i": str(i)}} for i in range(number)]


@pytest.fixture
def api():
    return ApiServer()


@pytest.fixture
def url(api):
    with Server(api.app) as server:
        yield server.url


@pytest.fixture
def kubeconfig(url, tmp_path):
    return _kubeconfig(tmp_path / "kubeconfig", url)


@pytest.fixture
def cluster(kubeconfig):
    return KubernetesCluster("prod", kubeconfig=kubeconfig, context="c")


def _kubeconfig(path, url, user=None):
    path.write_text(
        yaml.safe_dump(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "current-context": "c",
                "clusters": [{"name": "k", "cluster": {"server": url}}],
                "users": [{"name": "u", "user": user or {"token": "sesame"}}],
                "contexts": [{"name": "c", "context": {"cluster": "k", "user": "u"}}],
            }
        )
    )
    return path


def test_unverified_certificates_are_reported_once_and_by_us(tmp_path, caplog):
    path = _kubeconfig(tmp_path / "kubeconfig", "https://127.0.0.1:1")
    path.write_text(path.read_text().replace("server:", "insecure-skip-tls-verify: true\n    server:"))
    assert current_context(str(path)) == "c"
    cluster = KubernetesCluster("prod", kubeconfig=path, context="c")
    with pytest.raises(ClusterError):
        cluster.discover()
    with warnings.catch_warnings(record=True) as warned:
        warnings.warn("as urllib3 for each request", InsecureRequestWarning, stacklevel=1)
    assert warned == []
    assert caplog.text.count("TLS certificates are not verified") == 1


_AUTHORITY_MISSING = """
contexts: [{name: c, context: {cluster: k}}]
clusters: [{name: k, cluster: {server: 'https://x.example', certificate-authority: nowhere.crt}}]
"""


async def _cut(_request):
    """Promise 100 bytes, send three, hang up."""
    response = web.StreamResponse(headers={"Content-Length": "100"})
    await response.prepare(_request)
    await response.write(b'{"i')
    _request.transport.close()
    return response


def _answers(code, message="no", headers=None):
    async def answer(_request):
        response = _status(code, message)
        response.headers.update(headers or {})
        return response

    return answer


# ---------------------------------------------------------------- discovery


def test_discovery_takes_two_requests_and_a_dead_group_hurts_no_other(cluster, api):
    discovery = cluster.discover()
    assert discovery.kinds == {("v1", "ConfigMap"): CONFIG_MAP, ("apps/v1", "Deployment"): DEPLOYMENT}
    assert list(discovery.broken) == ["metrics.k8s.io/v1beta1"]
    assert "kubectl get apiservice v1beta1.metrics.k8s.io" in str(discovery.broken["metrics.k8s.io/v1beta1"])
    assert api.paths() == ["/api", "/apis"]


def test_discovery_without_the_aggregated_form_finds_the_same(cluster, api):
    api.aggregated = False
    discovery = cluster.discover()
    assert discovery.kinds == {("v1", "ConfigMap"): CONFIG_MAP, ("apps/v1", "Deployment"): DEPLOYMENT}
    assert "503 (service unavailable)" in str(discovery.broken["metrics.k8s.io/v1beta1"])


def test_discovery_fails_whole_when_the_api_server_does(cluster, api):
    api.faults["/apis"] = [_answers(500)] * 5
    with pytest.raises(
        ClusterError, match=r"^Could not discover API resources on cluster prod: the API server returned 500 \(no\)"
    ):
        cluster.discover()


# ---------------------------------------------------------------- lists


def test_2000_objects_come_in_pages(cluster, api):
    api.objects["/api/v1/configmaps"] = _config_maps(2000)
    objects = cluster.list(CONFIG_MAP, None)
    assert len(objects) == 2000
    assert objects["n1", "c1999"]["data"] == {"i": "1999"}
    assert objects["n1", "c1999"]["kind"] == "ConfigMap"
    assert api.paths() == [
        "/api/v1/configmaps?limit=500",
        *(f"/api/v1/configmaps?limit=500&continue={start}" for start in (500, 1000, 1500)),
    ]


@pytest.mark.parametrize(
    ("kind", "namespace", "path"),
    [
        (CONFIG_MAP, "shop", "/api/v1/namespaces/shop/configmaps"),
        (DEPLOYMENT, "shop", "/apis/apps/v1/namespaces/shop/deployments"),
        (DEPLOYMENT, None, "/apis/apps/v1/deployments"),
        (CLUSTER_ROLE, "shop", "/apis/rbac.authorization.k8s.io/v1/clusterroles"),
    ],
)
def test_each_kind_is_listed_at_its_own_path(cluster, api, kind, namespace, path):
    api.objects[path] = [{"metadata": {"name": "one"}}]
    assert list(cluster.list(kind, namespace)) == [(None, "one")]


@pytest.mark.parametrize(
    "namespace", ["shop/secrets?x=", "shop%2Fsecrets", "..", ".", "shop/", "shop#", "shop\n", "a b", "Shop", "a" * 64]
)
@pytest.mark.parametrize("request_", ["list", "get", "watch"])
def test_a_namespace_in_a_manifest_cannot_change_the_path(cluster, api, request_, namespace):
    arguments = {"list": (), "get": ("one",), "watch": ("1",)}[request_]
    with pytest.raises(ClusterError, match="is not a valid namespace name"):
        getattr(cluster, request_)(CONFIG_MAP, namespace, *arguments)
    assert api.paths() == []


def test_an_expired_list_starts_again_and_keeps_nothing_of_the_first_try(cluster, api):
    api.objects["/api/v1/configmaps"] = [{"metadata": {"name": "gone"}}, *_config_maps(600)]

    async def expire(_request):
        del api.objects["/api/v1/configmaps"][0]
        return _status(410, "The provided continue parameter is too old")

    api.faults["/api/v1/configmaps"] = [None, expire]
    objects = cluster.list(CONFIG_MAP, None)
    assert len(objects) == 600
    assert (None, "gone") not in objects


def test_of_each_object_is_kept_what_is_made_of_it(cluster, api):
    api.objects["/api/v1/configmaps"] = _config_maps(1200)
    expired = asyncio.Event()

    async def expire(request):
        if "continue" not in request.query or expired.is_set():
            return api._page(request)
        expired.set()
        api.objects["/api/v1/configmaps"] = _config_maps(600)
        return _status(410, "too old")

    api.faults["/api/v1/configmaps"] = [expire] * 4
    kinds = cluster.list(CONFIG_MAP, None, lambda item: item["kind"] if item["data"]["i"].endswith("9") else None)
    assert kinds == {(f"n{i % 3}", f"c{i}"): "ConfigMap" for i in range(9, 600, 10)}


def test_a_list_that_keeps_expiring_is_asked_for_whole(cluster, api):
    api.objects["/api/v1/configmaps"] = _config_maps(600)
    api.faults["/api/v1/configmaps"] = [None, _answers(410), None, _answers(410)]
    assert len(cluster.list(CONFIG_MAP, None)) == 600
    assert api.paths()[-1] == "/api/v1/configmaps"


def test_a_connection_cut_once_is_tried_again(cluster, api):
    api.objects["/api/v1/configmaps"] = _config_maps(3)
    api.faults["/api/v1/configmaps"] = [_cut]
    assert len(cluster.list(CONFIG_MAP, None)) == 3


def test_a_connection_that_keeps_being_cut_is_no_short_list(cluster, api):
    api.objects["/api/v1/configmaps"] = _config_maps(600)
    api.faults["/api/v1/configmaps"] = [None, *[_cut] * 5]
    with pytest.raises(ClusterError, match=r"^Could not list configmaps on cluster prod: the connection was lost"):
        cluster.list(CONFIG_MAP, None)


def test_a_403_names_the_account_and_what_to_grant(cluster, api):
    message = 'deployments.apps is forbidden: User "system:serviceaccount:bot:bot" cannot list resource "deployments"'
    api.faults["/apis/apps/v1/namespaces/shop/deployments"] = [_answers(403, message)]
    with pytest.raises(ForbiddenError) as error:
        cluster.list(DEPLOYMENT, "shop")
    assert str(error.value) == (
        "Cluster prod does not allow system:serviceaccount:bot:bot to list deployments.apps in namespace shop (403). "
        "Grant it “list” on deployments.apps in namespace shop."
    )


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (401, "token or certificate in the kubeconfig. If you change the kubeconfig itself, restart"),
        (404, "no longer serves this API (404)"),
        (429, "overloaded (429)"),
        (500, "returned 500"),
        (503, "returned 503"),
        (302, "returned 302"),
    ],
)
def test_any_refusal_is_one_sentence(cluster, api, code, words):
    headers = {"Retry-After": "0", "Location": "https://elsewhere.example/"}
    api.faults["/api/v1/configmaps"] = [_answers(code, headers=headers)] * 5
    with pytest.raises(ClusterError) as error:
        cluster.list(CONFIG_MAP, None)
    assert words in str(error.value)
    assert "\n" not in str(error.value)


def test_a_server_that_asks_for_patience_gets_it(cluster, api):
    api.objects["/api/v1/configmaps"] = _config_maps(1)
    api.faults["/api/v1/configmaps"] = [_answers(429, headers={"Retry-After": "0"})]
    assert len(cluster.list(CONFIG_MAP, None)) == 1


def test_a_slow_server_ends_in_an_error_within_bounds(kubeconfig, api, url):
    async def never(_request):
        await api.release.wait()
        return _status(500, "late")

    api.faults["/api/v1/configmaps"] = [never] * 5
    cluster = KubernetesCluster("prod", kubeconfig=kubeconfig, read_timeout=0.2)
    with pytest.raises(ClusterError, match="the request timed out"):
        cluster.list(CONFIG_MAP, None)
    assert len(api.requests) == 2, "one retry"
    api.release.set()


@pytest.mark.parametrize(
    "body",
    [b"<html>log in</html>", b"[]", b"{}", b'{"items": [7], "metadata": {}}', b'{"items": [{}], "metadata": {}}'],
)
def test_what_is_no_list_is_an_error(cluster, api, body):
    async def odd(_request):
        return web.Response(body=body, content_type="application/json")

    api.faults["/api/v1/configmaps"] = [odd]
    with pytest.raises(ClusterError, match=r"^Could not list configmaps on cluster prod: "):
        cluster.list(CONFIG_MAP, None)


def test_a_dead_address_is_an_error(tmp_path):
    with Server(web.Application()) as server:
        url = server.url
    cluster = KubernetesCluster("prod", kubeconfig=_kubeconfig(tmp_path / "k", url))
    with pytest.raises(ClusterError, match=r"the connection was refused or there is no route to the host \(http://127"):
        cluster.discover()


def test_many_threads_share_one_cluster(cluster, api):
    api.objects["/api/v1/configmaps"] = _config_maps(1200)
    together = threading.Barrier(8)

    def read(_):
        together.wait()
        return len(cluster.list(CONFIG_MAP, None))

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(read, range(8))) == [1200] * 8


# ---------------------------------------------------------------- schema


def test_a_schema_is_fetched_anew_only_when_its_hash_moves(cluster, api):
    first = cluster.schema("apps/v1")
    assert cluster.schema("apps/v1") is first
    cluster.discover()
    assert cluster.schema("apps/v1") is first
    api.schema_hash = "2"
    cluster.discover()
    assert cluster.schema("apps/v1")["components"]["schemas"] == {"hash": "2"}
    assert [path for path in api.paths() if "hash" in path] == [
        "/openapi/v3/apis/apps/v1?hash=1",
        "/openapi/v3/apis/apps/v1?hash=2",
    ]


def test_the_schemas_of_a_cluster_take_bounded_memory(cluster, api, monkeypatch):
    """Those that are replaced, or are no longer served, don't count."""
    cluster.schema("apps/v1")
    monkeypatch.setattr(bounds, "SCHEMAS_MEMORY", cluster._schemas["apps/v1"].memory * 3 // 2)
    for number in range(3):
        api.schema_hash = str(number)
        cluster.discover()
        assert cluster.schema("apps/v1")
    cluster._schemas["batch/v1"] = cluster._schemas.pop("apps/v1")
    with pytest.raises(TooLargeError, match="the schemas of the cluster would take more than"):
        cluster.schema("apps/v1")
    api.schema_hash = "9"
    cluster.discover()
    assert cluster.schema("apps/v1")


def test_a_group_or_a_server_without_schemas_gives_none(cluster, api):
    assert cluster.schema("example.com/v1") is None
    cluster.discover()
    api.faults["/openapi/v3"] = [_answers(404)]
    assert cluster.schema("apps/v1") is None


# ---------------------------------------------------------------- rights and credentials


def test_nothing_but_get_is_ever_sent(cluster, api):
    """Not by this class, nor by the client and the connection pools inside it, whatever asks them to."""
    api.objects["/api/v1/configmaps"] = _config_maps(1)
    cluster.discover()
    cluster.list(CONFIG_MAP, None)
    cluster.schema("apps/v1")
    for method in ("POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD"):
        with pytest.raises(PermissionError, match="only GET"):
            cluster._api._client.rest_client.request(method, f"{cluster.server}/api/v1/configmaps")
        with pytest.raises(PermissionError, match="only GET"):
            cluster._api._pools.request(method, f"{cluster.server}/api/v1/configmaps")
    with pytest.raises(PermissionError, match="only GET"):
        cluster._api._pools.request("GET", f"{cluster.server}/api/v1/configmaps", body=b"{}")
    assert {method for method, _, _ in api.requests} == {"GET"}


def test_the_token_goes_along_and_into_no_error(cluster, api):
    api.faults["/api/v1/configmaps"] = [_answers(401)]
    with pytest.raises(ClusterError) as error:
        cluster.list(CONFIG_MAP, None)
    assert api.requests[0][2]["Authorization"] == "Bearer sesame"
    assert "sesame" not in repr(error.value)


def test_a_login_command_gives_the_token(url, api, tmp_path):
    credential = {"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential"}
    command = {
        "apiVersion": credential["apiVersion"],
        "command": "echo",
        "args": [json.dumps(credential | {"status": {"token": "from-command"}})],
    }
    KubernetesCluster("prod", kubeconfig=_kubeconfig(tmp_path / "k", url, {"exec": command})).discover()
    assert api.requests[0][2]["Authorization"] == "Bearer from-command"


@pytest.mark.parametrize("files", [{}, {"tokenFile": "empty"}], ids=["", "with an empty token file"])
def test_a_login_command_runs_again_when_the_token_has_expired(url, api, tmp_path, files, monkeypatch):
    monkeypatch.setattr(bounds, "SLOW_LOGIN_SECONDS", 60)
    (tmp_path / "empty").touch()
    credential = {"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential"}
    status = {"token": "$(wc -l < runs)", "expirationTimestamp": "2020-01-01T00:00:00Z"}
    script = f"cd {tmp_path}; echo >> runs; cat << END\n{json.dumps(credential | {'status': status})}\nEND"
    command = {"apiVersion": credential["apiVersion"], "command": "sh", "args": ["-c", script]}
    KubernetesCluster("prod", kubeconfig=_kubeconfig(tmp_path / "k", url, {"exec": command} | files)).discover()
    sent = {headers["Authorization"] for _, _, headers in api.requests}
    assert len(sent) == len(api.requests) > 1


def test_a_token_in_a_file_is_read_again_and_kept_while_the_file_cannot_be_read(url, api, tmp_path, monkeypatch):
    file = tmp_path / "token"
    file.write_text("")
    cluster = KubernetesCluster("prod", kubeconfig=_kubeconfig(tmp_path / "k", url, {"tokenFile": "token"}))
    for token, seconds in (("", 0), ("first", 0), ("second", 60), ("third", 0), ("", 0), (None, 0), ("\n fourth\n", 0)):
        monkeypatch.setattr(bounds, "TOKEN_FILE_SECONDS", seconds)
        file.unlink(missing_ok=True)
        if token is not None:
            file.write_text(token)
        cluster.discover()
    sent = [headers.get("Authorization") for _, path, headers in api.requests if path == "/api"]
    tokens = ("first", "first", "third", "third", "third", "fourth")
    assert sent == [None, *(f"Bearer {token}" for token in tokens)]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (None, "there is no kubeconfig at "),
        ("hello", "is not a kubeconfig"),
        ("{", "is not a kubeconfig"),
        ("{contexts: [], clusters: [], current-context: c}", "has no context c. Its contexts: none"),
        (
            "{contexts: [{name: a}, {name: b}], current-context: a, clusters: [], users: []}",
            "has no context c. Its contexts: a, b",
        ),
        (
            "{contexts: [{name: c, context: {cluster: k}}], current-context: c, clusters: []}",
            "not a complete kubeconfig",
        ),
        (_AUTHORITY_MISSING, "refers to "),
    ],
)
def test_a_kubeconfig_that_cannot_be_used_is_named(tmp_path, text, words):
    path = tmp_path / "kubeconfig"
    if text is not None:
        path.write_text(text)
    with pytest.raises(ClusterConfigError) as error:
        KubernetesCluster("prod", kubeconfig=path, context="c")
    assert str(error.value).startswith("Cluster prod: ")
    assert words in str(error.value)


@pytest.mark.parametrize(
    ("user", "problem"),
    [
        ({"tokenFile": "/dev/zero"}, "/dev/zero is not a regular file"),
        ({"tokenFile": "pipe"}, "pipe is not a regular file"),
        ({"tokenFile": "large"}, "large is larger than 5 MiB"),
        ({"tokenFile": "at the limit"}, None),
        ({"tokenFile": "absent"}, "absent cannot be read: No such file or directory"),
        ({"tokenFile": "/dev/zero", "token": "sesame"}, None),
        (None, "kubeconfig is not a regular file"),
    ],
)
def test_only_regular_files_of_bounded_size_are_read(tmp_path, url, user, problem):
    os.mkfifo(tmp_path / "pipe")
    for name, size in (("at the limit", KUBECONFIG_BYTES), ("large", KUBECONFIG_BYTES + 1)):
        (tmp_path / name).touch()
        os.truncate(tmp_path / name, size)
    path = tmp_path / "kubeconfig"
    if user is None:
        os.mkfifo(path)
        assert current_context(str(path)) is None
    else:
        _kubeconfig(path, url, user)
    with pytest.raises(ClusterConfigError, match=problem) if problem else nullcontext():
        KubernetesCluster("prod", kubeconfig=path)


def test_a_kubeconfig_whose_path_cannot_be_searched_is_named(tmp_path):
    path = str(tmp_path / ("k" * 256))  # fails for root, too
    assert current_context(path) is None
    with pytest.raises(ClusterConfigError, match="k cannot be read: File name too long"):
        KubernetesCluster("prod", kubeconfig=path)


def test_a_broken_user_entry_is_not_quoted(tmp_path):
    path = tmp_path / "kubeconfig"
    user = {"name": "u", "user": {"token": "sesame"}}
    path.write_text(
        yaml.safe_dump(
            {
                "current-context": "c",
                "contexts": [{"name": "c", "context": {"cluster": "k", "user": "u"}}],
                "clusters": [],
                "users": [user, {"user": {"token": "sesame"}}],
            }
        )
    )
    with pytest.raises(ClusterConfigError) as error:
        KubernetesCluster("prod", kubeconfig=path)
    assert "sesame" not in str(error.value)
    assert error.value.__suppress_context__


def test_the_default_namespace_is_the_contexts(tmp_path, url):
    path = _kubeconfig(tmp_path / "k", url)
    assert KubernetesCluster("prod", kubeconfig=path).default_namespace() == "default"
    config = yaml.safe_load(path.read_text())
    config["contexts"][0]["context"]["namespace"] = "shop"
    path.write_text(yaml.safe_dump(config))
    assert KubernetesCluster("prod", kubeconfig=path).default_namespace() == "shop"


def test_a_context_is_found_although_the_current_one_is_gone(tmp_path, url):
    path = _kubeconfig(tmp_path / "k", url)
    path.write_text(path.read_text().replace("current-context: c", "current-context: gone"))
    assert KubernetesCluster("prod", kubeconfig=path, context="c").discover().kinds
    with pytest.raises(ClusterConfigError, match=r"has no context gone\. Its contexts: c"):
        KubernetesCluster("prod", kubeconfig=path)


def test_with_nothing_named_outside_a_pod_the_error_says_what_to_name(monkeypatch):
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    with pytest.raises(ClusterConfigError, match="no kubeconfig is configured"):
        KubernetesCluster("prod")


def test_the_default_kubeconfig_is_kubectls(monkeypatch, tmp_path, url):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("KUBECONFIG", raising=False)
    assert default_kubeconfig() is None
    with pytest.raises(ClusterConfigError, match="no kubeconfig was found for context c"):
        KubernetesCluster("prod", context="c")
    (tmp_path / ".kube").mkdir()
    home = _kubeconfig(tmp_path / ".kube" / "config", url)
    assert default_kubeconfig() == str(home)
    monkeypatch.setenv("KUBECONFIG", f"{tmp_path / 'absent'}:{_kubeconfig(tmp_path / 'other', url)}")
    assert KubernetesCluster("prod", context="c").discover().kinds

"""The Kubernetes API, read only: configuration and login by the official client, answers as raw JSON.

The client's typed models cost a hundred times what the JSON costs, so they are not used.
"""

import os
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import orjson
import urllib3
import yaml
from kubernetes.client import ApiClient, Configuration
from kubernetes.config import ConfigException, load_incluster_config, load_kube_config
from kubernetes.config.kube_config import KubeConfigMerger
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    MaxRetryError,
    NameResolutionError,
    NewConnectionError,
    ProtocolError,
    ProxyError,
    ReadTimeoutError,
    SSLError,
)

from bot.garbage import uncollected
from bot.i18n.catalogue import cluster as texts
from bot.i18n.language import LocalizedText, Phrase
from bot.ports.cluster import ClusterError, Discovery, ForbiddenError, Kind, Read

_CONNECT_SECONDS = 5.0
_READ_SECONDS = 30.0

# https://kubernetes.io/docs/reference/using-api/api-concepts/#aggregated-discovery
_DISCOVERY = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json"

# Page sizes of successive attempts when a continue token expires (410). A list that outlives its token twice is asked
# for whole, as client-go's pager does.
_PAGE_SIZES = (500, 500, None)

_UNREACHABLE: tuple[tuple[type[Exception], Phrase], ...] = (
    (NameResolutionError, texts.UNKNOWN_HOST),
    (NewConnectionError, texts.NO_ROUTE),
    (ConnectTimeoutError, texts.SLOW_CONNECTION),
    (ReadTimeoutError, texts.SLOW_ANSWER),
    (ProxyError, texts.PROXY),
    (SSLError, texts.TLS),
    (ProtocolError, texts.CONNECTION_LOST),
)

_GRANTS = {texts.LIST: texts.GRANT_LIST, texts.LIST_IN: texts.GRANT_LIST_IN}

_POD_NAMESPACE = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")


class ClusterConfigError(ClusterError):
    """The kubeconfig, its context or its credentials cannot be used: nothing was sent."""


class _ExpiredError(ClusterError):
    """410: the list outlived its continue token."""


class _GetOnly:
    """Mixed into every connection pool, below all that can send: anything but a GET without a body fails here."""

    def urlopen(self, method: str, url: str, body: object = None, *args: Any, **kwargs: Any) -> Any:
        if method != "GET" or body is not None:
            raise PermissionError(f"{method} {url}: the bot sends only GET requests to a cluster")
        return super().urlopen(method, url, body, *args, **kwargs)  # type: ignore[misc]


def _whole(item: Mapping[str, Any]) -> Mapping[str, Any]:
    return item


def default_kubeconfig() -> str | None:
    """What kubectl would read: KUBECONFIG (maybe several paths) if set, else ~/.kube/config where there is one."""
    if named := os.environ.get("KUBECONFIG"):
        return named
    usual = Path("~/.kube/config").expanduser()
    return str(usual) if usual.is_file() else None


class KubernetesCluster:
    """One cluster's API server; fulfils ports.Cluster. Any thread may call.

    `kubeconfig` is one path, or several as the variable KUBECONFIG holds them; with only a `context` it is the one
    kubectl would read; with neither, the pod's own service account. Times are in seconds, for one request.
    ClusterConfigError when the configuration cannot be used.
    """

    def __init__(
        self,
        name: str,
        *,
        kubeconfig: Path | str | None = None,
        context: str | None = None,
        connect_timeout: float = _CONNECT_SECONDS,
        read_timeout: float = _READ_SECONDS,
    ) -> None:
        self.name = name
        configuration, self._namespace = _configure(name, kubeconfig, context)
        # One retry when a connection cannot be made or breaks off; two when the server asks for patience.
        configuration.retries = urllib3.Retry(
            total=2,
            connect=1,
            read=1,
            redirect=0,
            backoff_factor=0.1,
            status_forcelist=(429, 502, 503, 504),
            allowed_methods=("GET",),
            retry_after_max=2,
            raise_on_status=False,
        )
        self._client = ApiClient(configuration)
        self.server = str(configuration.host)
        self._pools: urllib3.PoolManager = self._client.rest_client.pool_manager
        self._pools.pool_classes_by_scheme = {
            scheme: type(f"GetOnly{pool.__name__}", (_GetOnly, pool), {})
            for scheme, pool in self._pools.pool_classes_by_scheme.items()
        }
        self._timeout = urllib3.Timeout(connect=connect_timeout, read=read_timeout)
        self._login = threading.Lock()
        self._schemas: dict[str, tuple[str, Mapping[str, Any]]] = {}
        self._indexing = threading.Lock()
        self._schema_index: Mapping[str, str] | None = None  # asked once between two discoveries

    def default_namespace(self) -> str:
        """Where kubectl would put what names no namespace: the context's, the pod's own, else `default`."""
        return self._namespace

    def discover(self) -> Discovery:
        """What the cluster serves, asked afresh. ClusterError when the API server does not answer at all."""
        self._schema_index = None
        kinds: dict[tuple[str, str], Kind] = {}
        broken: dict[str, str] = {}
        for path in ("/api", "/apis"):
            answer = self._ask(path, LocalizedText(texts.READ_KINDS), accept=_DISCOVERY)
            try:
                if answer.get("kind") == "APIGroupDiscoveryList":
                    found = self._aggregated(answer, broken)
                else:
                    found = self._by_group(path, answer, broken)
                kinds.update({(kind.api_version, kind.kind): kind for kind in found})
            except (AttributeError, KeyError, TypeError) as error:
                raise ClusterError(
                    LocalizedText(texts.NOT_THE_API, cluster=self.name, path=path, host=self.server)
                ) from error
        return Discovery(kinds, broken)

    def schema(self, api_version: str) -> Mapping[str, Any] | None:
        """The OpenAPI v3 document of one group version, cached by its hash; None when the server gives none."""
        with self._indexing:
            urls = self._schema_index
            if urls is None:
                index = self._ask("/openapi/v3", LocalizedText(texts.READ_SCHEMAS), absent=b"{}")
                urls = {path: entry["serverRelativeURL"] for path, entry in index.get("paths", {}).items()}
                self._schema_index = urls
        url = urls.get(f"apis/{api_version}" if "/" in api_version else f"api/{api_version}")
        if url is None:
            return None
        cached = self._schemas.get(api_version)
        if cached is None or cached[0] != url:  # the URL carries the document's hash
            what = LocalizedText(texts.READ_SCHEMA_OF, version=api_version)
            cached = self._schemas[api_version] = (url, self._ask(url, what))
        return cached[1]

    def list(
        self,
        kind: Kind,
        namespace: str | None,
        read: Callable[[Mapping[str, Any]], Read | None] = _whole,  # type: ignore[assignment]  # Read is then the object
    ) -> Mapping[tuple[str | None, str], Read]:
        """Every object of a kind by (namespace, name), in one namespace or (None) everywhere, complete or ClusterError.

        What `read` makes of each object is kept, and the object is not; None is left out. It may be given one twice.
        Paged; a 410 restarts the list; a cut connection, a timeout, a 403 or a 5xx is a ClusterError with the remedy.
        """
        resource = f"{kind.plural}.{kind.group}" if kind.group else kind.plural
        within = f"namespaces/{namespace}/" if namespace and kind.namespaced else ""
        path = f"/{'apis' if kind.group else 'api'}/{kind.api_version}/{within}{kind.plural}"
        listing = texts.LIST_IN if within else texts.LIST
        what = LocalizedText(listing, resource=resource, namespace=namespace or "")
        for size in _PAGE_SIZES:
            objects: dict[tuple[str | None, str], Read] = {}
            query = {"limit": size, "continue": ""}
            try:
                while True:
                    options = urlencode({key: value for key, value in query.items() if value})
                    body = self._get(f"{path}?{options}", what)
                    with uncollected():
                        query["continue"] = self._page(body, kind, what, read, objects)
                    if not query["continue"]:
                        return objects
            except _ExpiredError:
                continue
        raise self._could_not(what, LocalizedText(texts.EXPIRES))

    def _page(
        self,
        body: bytes,
        kind: Kind,
        what: LocalizedText,
        read: Callable[[Mapping[str, Any]], Read | None],
        objects: dict[tuple[str | None, str], Read],
    ) -> str:
        """Add what `read` makes of a page's objects, all of which are gone afterwards; where the next page begins."""
        answer = self._json(body, what)
        try:
            items = answer["items"] or ()
            page = {(item["metadata"].get("namespace"), item["metadata"]["name"]): item for item in items}
            token: str = answer["metadata"].get("continue", "")
        except (AttributeError, KeyError, TypeError) as error:
            raise self._could_not(what, LocalizedText(texts.NO_LIST)) from error
        for key, item in page.items():
            # The items of a list do not repeat what they are.
            item["apiVersion"], item["kind"] = kind.api_version, kind.kind
            kept = read(item)
            if kept is not None:
                objects[key] = kept
        return token

    def _aggregated(self, answer: Mapping[str, Any], broken: dict[str, str]) -> Iterator[Kind]:
        for item in answer["items"]:
            group = item["metadata"].get("name", "")
            for entry in item["versions"]:
                version = entry["version"]
                if entry.get("freshness") == "Stale":
                    broken[f"{group}/{version}"] = LocalizedText(
                        texts.SERVICE_DOWN,
                        cluster=self.name,
                        version=f"{group}/{version}",
                        service=f"{version}.{group}",
                    )
                    continue
                for resource in entry.get("resources", ()):
                    if "list" in resource["verbs"]:
                        kind, namespaced = resource["responseKind"]["kind"], resource["scope"] == "Namespaced"
                        yield Kind(group, version, kind, resource["resource"], namespaced)

    def _by_group(self, path: str, answer: Mapping[str, Any], broken: dict[str, str]) -> Iterator[Kind]:
        """The older form of discovery: a list of versions, then one request for each."""
        if path == "/api":
            versions = [("", version) for version in answer["versions"]]
        else:
            versions = [(group["name"], each["version"]) for group in answer["groups"] for each in group["versions"]]
        for group, version in versions:
            api_version = f"{group}/{version}" if group else version
            try:
                what = LocalizedText(texts.READ_KINDS_OF, version=api_version)
                resources = self._ask(f"{path}/{api_version}", what)["resources"]
            except ClusterError as error:
                broken[api_version] = str(error)
                continue
            for resource in resources or ():
                if "/" not in resource["name"] and "list" in resource["verbs"]:
                    yield Kind(group, version, resource["kind"], resource["name"], resource["namespaced"])

    def _ask(
        self, path: str, what: LocalizedText, *, accept: str = "application/json", absent: bytes | None = None
    ) -> Any:
        """The JSON object at a path; `absent`, when given, stands for a 404. `what` completes "could not …"."""
        return self._json(self._get(path, what, accept=accept, absent=absent), what)

    def _get(
        self, path: str, what: LocalizedText, *, accept: str = "application/json", absent: bytes | None = None
    ) -> bytes:
        headers = {"accept": accept, "accept-encoding": "gzip", "user-agent": "gitops-bot"}
        try:
            with self._login:  # a token that ran out is renewed once, not once a thread
                self._client.update_params_for_auth(headers, [], ["BearerToken"], path, "GET", None)
            response = self._pools.request(
                "GET", self.server + path, headers=headers, timeout=self._timeout, redirect=False
            )
        except HTTPError as error:
            why = LocalizedText(texts.UNREACHABLE, cause=_unreachable(error), host=self.server)
            raise self._could_not(what, why) from error
        except (ConfigException, OSError) as error:
            raise self._could_not(what, LocalizedText(texts.NO_LOGIN)) from error
        if response.status == 404 and absent is not None:
            return absent
        if response.status != 200:
            raise self._refused(response.status, response.data, what)
        return response.data

    def _json(self, body: bytes, what: LocalizedText) -> dict[str, Any]:
        try:
            answer = orjson.loads(body)
        except orjson.JSONDecodeError as error:
            raise self._could_not(what, LocalizedText(texts.NO_JSON, host=self.server)) from error
        if not isinstance(answer, dict):
            raise self._could_not(what, LocalizedText(texts.NO_OBJECT))
        return answer

    def _could_not(self, what: LocalizedText, why: LocalizedText) -> ClusterError:
        return ClusterError(LocalizedText(texts.COULD_NOT, cluster=self.name, what=what, why=why))

    def _refused(self, status: int, body: bytes, what: LocalizedText) -> ClusterError:
        message = _message(body)
        match status:
            case 401:
                return ClusterError(LocalizedText(texts.BAD_CREDENTIALS, cluster=self.name))
            case 403:
                user = re.search(r'User "([^"]+)"', message)
                account = user[1] if user else LocalizedText(texts.BOTS_ACCOUNT)
                grant = LocalizedText(_GRANTS.get(what.phrase, texts.GRANT_DISCOVERY), **what.values)
                return ForbiddenError(
                    LocalizedText(texts.FORBIDDEN, cluster=self.name, account=account, what=what, grant=grant)
                )
            case 404:
                return self._could_not(what, LocalizedText(texts.NO_LONGER_SERVED))
            case 410:
                return _ExpiredError(
                    LocalizedText(texts.COULD_NOT, cluster=self.name, what=what, why=LocalizedText(texts.EXPIRED))
                )
            case 429:
                return self._could_not(what, LocalizedText(texts.OVERLOADED))
            case _:
                answered = texts.ANSWERED_SAYING if message else texts.ANSWERED
                return self._could_not(what, LocalizedText(answered, status=str(status), said=message))


def _configure(name: str, kubeconfig: Path | str | None, context: str | None) -> tuple[Configuration, str]:
    """The client's configuration, and the namespace where objects go that name none."""
    if kubeconfig is None and context is not None:
        kubeconfig = default_kubeconfig()
        if kubeconfig is None:
            raise ClusterConfigError(
                f"Cluster {name}: no kubeconfig was found for context {context}. "
                "Set KUBECONFIG, or set kubeconfig in the configuration."
            )
    if kubeconfig is None:
        return _in_cluster(name)
    file = str(kubeconfig)
    if not any(Path(part).expanduser().is_file() for part in file.split(os.pathsep) if part):
        raise ClusterConfigError(f"Cluster {name}: there is no kubeconfig at {file}.")
    configuration = Configuration()
    try:
        merged = KubeConfigMerger(file).config  # type: ignore[no-untyped-call]
        contexts = {entry["name"]: entry for entry in merged.value["contexts"]}
        active = context or merged["current-context"]
        if active not in contexts:
            known = ", ".join(sorted(contexts)) or "none"
            raise ClusterConfigError(f"Cluster {name}: {file} has no context {active}. Its contexts: {known}.")
        namespace = contexts[active]["context"].safe_get("namespace")
        # Read only, here too: a renewed token is not written back into the file.
        load_kube_config(file, active, configuration, persist_config=False)  # type: ignore[no-untyped-call]
    except ConfigException as error:
        # The library's other messages may quote a whole user entry, token and all.
        missing = re.fullmatch(r"File does not exist: (.+)", str(error))
        why = f"refers to {missing[1]}, which does not exist" if missing else "is not a complete kubeconfig"
        raise ClusterConfigError(f"Cluster {name}: {file} {why}. Try `kubectl config view`.") from None
    except (OSError, ValueError, TypeError, KeyError, AttributeError, yaml.YAMLError):
        raise ClusterConfigError(f"Cluster {name}: {file} is not a kubeconfig. Try `kubectl config view`.") from None
    return configuration, str(namespace or "default")


def _in_cluster(name: str) -> tuple[Configuration, str]:
    configuration = Configuration()
    try:
        load_incluster_config(configuration)  # type: ignore[no-untyped-call]
        return configuration, _POD_NAMESPACE.read_text().strip()
    except (ConfigException, OSError) as error:
        raise ClusterConfigError(
            f"Cluster {name}: no kubeconfig is configured, and the bot does not run in a pod with a service account. "
            "Set KUBECONFIG, or set kubeconfig in the configuration."
        ) from error


def _unreachable(error: HTTPError) -> str:
    cause = error.reason if isinstance(error, MaxRetryError) and error.reason else error
    return next((LocalizedText(why) for kind, why in _UNREACHABLE if isinstance(cause, kind)), type(cause).__name__)


def _message(body: bytes) -> str:
    """What a Status says, on one line; empty when the body is something else."""
    try:
        status = orjson.loads(body)
    except orjson.JSONDecodeError:
        return ""
    message = status.get("message") if isinstance(status, dict) else None
    return " ".join(message.split())[:200].rstrip(".") if isinstance(message, str) else ""

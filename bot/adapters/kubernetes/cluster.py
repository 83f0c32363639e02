"""`ports.Cluster` by the Kubernetes API, read-only."""

import re
import threading
from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import urllib3

from bot.adapters.kubernetes import bounds
from bot.adapters.kubernetes.api import KubernetesApi
from bot.adapters.kubernetes.discovery import discover
from bot.adapters.kubernetes.json_memory import parsed_bytes
from bot.adapters.kubernetes.kubeconfig import load_configuration
from bot.adapters.kubernetes.listing import list_objects
from bot.adapters.kubernetes.watching import open_watch
from bot.i18n.catalogue import cluster as texts
from bot.i18n.language import LocalizedText, Phrase
from bot.ports.cluster import Discovery, Kind, ObjectList, Read, Watch
from bot.ports.telemetry import LIST, NO_TELEMETRY, Telemetry

# https://github.com/kubernetes/apimachinery/blob/master/pkg/fields/selector.go (EscapeValue)
_SELECTOR_SYNTAX: Final = re.compile(r"[\\,=]")
# https://kubernetes.io/docs/concepts/overview/working-with-objects/namespaces/#namespaces-and-dns
_NAMESPACE: Final = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")


def _unchanged(item: Mapping[str, Any]) -> Mapping[str, Any]:
    return item


@dataclass(frozen=True, slots=True)
class _Schema:
    """An OpenAPI document, its URL, and about how many bytes it takes."""

    url: str
    document: Mapping[str, Any]
    memory: int


class KubernetesCluster:
    """`ports.Cluster` for one API server. Thread-safe.

    `kubeconfig` is one path, or several as in the variable KUBECONFIG; with only a `context`, it is kubectl's default;
    with neither, the pod's service account is used. Timeouts are in seconds, for one request. Raises ClusterConfigError
    if the configuration cannot be used.
    """

    def __init__(
        self,
        name: str,
        *,
        kubeconfig: Path | str | None = None,
        context: str | None = None,
        connect_timeout: float = bounds.CONNECT_SECONDS,
        read_timeout: float = bounds.IDLE_SECONDS,
        watch_timeout: float = bounds.WATCH_IDLE_SECONDS,
        telemetry: Telemetry = NO_TELEMETRY,
    ) -> None:
        self.name = name
        self._telemetry = telemetry
        configuration, self._namespace = load_configuration(name, kubeconfig, context)
        timeout = urllib3.Timeout(connect=connect_timeout, read=read_timeout)
        self._api = KubernetesApi(name, configuration, timeout)
        self._watch_timeout = watch_timeout
        self.server = self._api.server
        self._schemas: dict[str, _Schema] = {}
        self._indexing = threading.Lock()
        self._parsing = threading.Lock()
        self._schema_index: Mapping[str, str] | None = None  # read once between two discoveries

    def default_namespace(self) -> str:
        """The namespace that kubectl uses by default: the context's, the pod's, or else `default`."""
        return self._namespace

    def discover(self) -> Discovery:
        self._schema_index = None
        return discover(self._api, self.name)

    def version(self) -> str:
        return str(self._api.get_json("/version", LocalizedText(texts.READ_VERSION)).get("gitVersion") or "")

    def schema(self, api_version: str) -> Mapping[str, Any] | None:
        with self._indexing:
            urls = self._schema_index
            if urls is None:
                urls = self._schema_index = self._read_schema_index()
                self._drop_schemas(frozenset(urls.values()))
        url = urls.get(f"apis/{api_version}" if "/" in api_version else f"api/{api_version}")
        if url is None:
            return None
        cached = self._schemas.get(api_version)
        if cached is None or cached.url != url:  # the URL contains the document's hash
            action = LocalizedText(texts.READ_SCHEMA_OF, version=api_version)
            body = self._api.get(url, action, max_bytes=bounds.SCHEMA_BYTES)
            with self._parsing:
                document = self._api.parse_document(body, action)
                taken = sum(schema.memory for version, schema in self._schemas.items() if version != api_version)
                memory = parsed_bytes(body)
                if taken + memory > bounds.SCHEMAS_MEMORY:
                    raise self._api.errors.too_large(action, bounds.SCHEMAS_MEMORY, texts.SCHEMAS_TOO_LARGE)
                cached = self._schemas[api_version] = _Schema(url, document, memory)
        return cached.document

    def _drop_schemas(self, served: Container[str]) -> None:
        """Drop the documents that aren't served any longer."""
        with self._parsing:
            self._schemas = {version: schema for version, schema in self._schemas.items() if schema.url in served}

    def _read_schema_index(self) -> Mapping[str, str]:
        """The path of each group version's document, such as `/openapi/v3/apis/apps/v1?hash=…`."""
        action = LocalizedText(texts.READ_SCHEMAS)
        index = self._api.get_json("/openapi/v3", action, on_404=b"{}")
        try:
            paths = {path: entry["serverRelativeURL"] for path, entry in index.get("paths", {}).items()}
        except (AttributeError, KeyError, TypeError) as error:
            raise self._api.errors.could_not(action, LocalizedText(texts.NO_OBJECT)) from error
        # Only paths on this server: `@elsewhere/` would send the token elsewhere.
        return {path: url for path, url in paths.items() if isinstance(url, str) and url.startswith("/")}

    def list(
        self,
        kind: Kind,
        namespace: str | None,
        read: Callable[[Mapping[str, Any]], Read | None] = _unchanged,  # type: ignore[assignment]  # Read is then the object
    ) -> Mapping[tuple[str | None, str], Read]:
        return self.list_for_watch(kind, namespace, read).objects

    def list_for_watch(
        self, kind: Kind, namespace: str | None, read: Callable[[Mapping[str, Any]], Read | None]
    ) -> ObjectList[Read]:
        action = _action(texts.LIST, texts.LIST_IN, kind, namespace)
        with self._telemetry.measure(LIST, cluster=self.name, resource=_resource(kind)):
            return list_objects(self._api, self._path(kind, namespace, action), kind, action, read)

    def get(self, kind: Kind, namespace: str | None, name: str) -> Mapping[str, Any] | None:
        action = _action(texts.LIST, texts.LIST_IN, kind, namespace)
        # A list of one, since a GET needs a permission that checks do not.
        escaped = _SELECTOR_SYNTAX.sub(r"\\\g<0>", name)
        path, selector = self._path(kind, namespace, action), f"metadata.name={escaped}"
        listed = list_objects(self._api, path, kind, action, _unchanged, field_selector=selector)
        return listed.objects.get((namespace if kind.namespaced else None, name))

    def watch(self, kind: Kind, namespace: str | None, resource_version: str) -> Watch:
        action = _action(texts.WATCH, texts.WATCH_IN, kind, namespace)
        path = self._path(kind, namespace, action)
        return open_watch(self._api, path, kind, action, resource_version, idle=self._watch_timeout)

    def _path(self, kind: Kind, namespace: str | None, action: LocalizedText) -> str:
        """The path of a list. Raises ClusterError if no namespace can have this name."""
        within = ""
        if namespace and kind.namespaced:
            if not _NAMESPACE.fullmatch(namespace):  # it may come from a manifest, and would change the path
                raise self._api.errors.could_not(action, LocalizedText(texts.NO_NAMESPACE, namespace=namespace))
            within = f"namespaces/{namespace}/"
        return f"/{'apis' if kind.group else 'api'}/{kind.api_version}/{within}{kind.plural}"


def _resource(kind: Kind) -> str:
    return f"{kind.plural}.{kind.group}" if kind.group else kind.plural


def _action(everywhere: Phrase, in_namespace: Phrase, kind: Kind, namespace: str | None) -> LocalizedText:
    phrase = in_namespace if namespace and kind.namespaced else everywhere
    return LocalizedText(phrase, resource=_resource(kind), namespace=namespace or "")

"""Packages in an OCI registry, with the part of the distribution specification for pulling.

https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pull and, for tokens,
https://distribution.github.io/distribution/spec/auth/token/. Charts have one layer of their own media type:
https://helm.sh/docs/topics/registries/#helm-chart-manifest
"""

import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final
from urllib.parse import quote, urlencode, urljoin, urlsplit

from bot.adapters.charts.helm_repository import checked
from bot.adapters.downloads.http import LOOPBACK, DownloadError, HttpClient, LastingDownloadError, Response, joined
from bot.core.charts import bounds
from bot.core.charts.index import is_exact, resolve_version
from bot.core.charts.reference import ChartRef
from bot.core.objects.resource import items, mapping, text
from bot.i18n.catalogue import chart as texts
from bot.i18n.language import LocalizedText

_CHART_LAYER: Final = re.compile(r"application/(vnd\.cncf\.helm\.chart\.content\.v1\.|tar\+|x-)?(tar\+)?gzip")
_MANIFESTS: Final = "application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.v2+json"
_DIGEST: Final = re.compile(r"sha256:([0-9a-f]{64})")
_CHALLENGE: Final = re.compile(r'\b(\w{1,20})="([^"]{0,2000})"')
_NEXT: Final = re.compile(r'<([^<>]{0,2000})>; {0,9}rel="?next"?')
_TOKEN_SERVICES: Final = {("auth.docker.io", "registry-1.docker.io")}  # that are on another host than their registry
_DOCKER_HUB: Final = {"docker.io": "registry-1.docker.io", "index.docker.io": "registry-1.docker.io"}


@dataclass(frozen=True, slots=True)
class Layer:
    """A chart's package in a registry: the digests of its manifest and of its bytes, each 64 hex digits."""

    version: str
    manifest: str
    digest: str


@dataclass(frozen=True, slots=True)
class Registries:
    """Every OCI registry that charts come from. Thread-safe."""

    http: HttpClient

    def locate(self, chart: ChartRef) -> Layer:
        """The package of a chart, in the version that Helm would install. Raises DownloadError."""
        session = _Session(self.http, chart)
        version = chart.version
        # Tags have no "+": https://github.com/helm/helm/blob/main/pkg/registry/client.go
        if not chart.digest and not is_exact(version) and (chart.version or not chart.is_artifact):
            version = resolve_version([tag.replace("_", "+") for tag in session.tags()], chart.version) or ""
            if not version:
                raise LastingDownloadError(LocalizedText(texts.NO_VERSION, version=chart.version or "*"))
        manifest = session.manifest(f"sha256:{chart.digest}" if chart.digest else version.replace("+", "_") or "latest")
        if chart.digest and manifest.digest != chart.digest:
            raise DownloadError(LocalizedText(texts.DIGEST, digest=chart.digest[:12]))
        return Layer(version, manifest.digest, _chart_layer(manifest.content))

    def download(self, chart: ChartRef, layer: Layer) -> bytes:
        """The bytes of a package, not verified yet. Raises DownloadError."""
        return _Session(self.http, chart).get(f"blobs/sha256:{layer.digest}", bounds.MAX_ARCHIVE_BYTES).body


@dataclass(frozen=True, slots=True)
class _Manifest:
    digest: str
    content: Mapping[str, Any]


class _Session:
    """Requests about one repository in a registry, with the token that it issues."""

    def __init__(self, http: HttpClient, chart: ChartRef) -> None:
        self._http = http
        parts = urlsplit(chart.repository)
        host = _DOCKER_HUB.get(parts.netloc, parts.netloc)
        scheme = "http" if chart.plain_http or (parts.hostname or "") in LOOPBACK else "https"
        self._name = f"{parts.path.strip('/')}/{chart.name}".strip("/")
        self._url = f"{scheme}://{host}/v2/{quote(self._name)}/"
        self._authorization = ""

    def tags(self) -> list[str]:
        """Every tag that is valid: no longer than the specification allows. Raises DownloadError."""
        tags: list[str] = []
        url = f"{self._url}tags/list?n=1000"
        # No `deadline` for all pages together: what they leave to a token service would count as an outage there.
        end = time.monotonic() + bounds.FETCH_SECONDS
        for _ in range(bounds.MAX_TAG_PAGES):
            if time.monotonic() > end:
                host = urlsplit(self._url).netloc[:100]
                raise DownloadError(LocalizedText(texts.TOO_SLOW, host=host, seconds=f"{bounds.FETCH_SECONDS:g}"))
            response = self.get(url, bounds.MAX_DOCUMENT_BYTES)
            tags += [
                tag for tag in items(_json(response), "tags") if isinstance(tag, str) and len(tag) <= bounds.MAX_TAG
            ]
            if len(tags) > bounds.MAX_TAGS:
                break
            following = _NEXT.search(response.headers.get("link", ""))
            if following is None:
                return tags
            url = joined(url, following[1])
            if not url.startswith(self._url):
                break
        raise DownloadError(LocalizedText(texts.TAGS))

    def manifest(self, reference: str) -> _Manifest:
        """The manifest of a tag or digest. Raises DownloadError."""
        response = self.get(f"manifests/{quote(reference)}", bounds.MAX_DOCUMENT_BYTES, accept=_MANIFESTS)
        digest = sha256(response.body).hexdigest()
        header_digest = _DIGEST.fullmatch(response.headers.get("docker-content-digest", ""))
        if header_digest and header_digest[1] != digest:
            raise DownloadError(LocalizedText(texts.DIGEST, digest=header_digest[1][:12]))
        return _Manifest(digest, _json(response))

    def get(self, path: str, most: int, *, accept: str = "*/*") -> Response:
        """The response at a path of the repository. Raises DownloadError."""
        url, accepted = urljoin(self._url, path), {"accept": accept}
        response = self._http.get(url, most, headers=accepted, authorization=self._authorization)
        if response.status == 401 and not self._authorization:
            self._authorization = self._authenticate(response.headers.get("www-authenticate", ""))
            response = self._http.get(url, most, headers=accepted, authorization=self._authorization)
        return checked(response)

    def _authenticate(self, challenge: str) -> str:
        """The Authorization header for a registry's challenge: its credential, or a token. Raises DownloadError."""
        if challenge.lower().startswith("bearer "):
            return f"Bearer {self._token(challenge)}"
        return self._http.credentials.get(urlsplit(self._url).netloc, "")

    def _token(self, challenge: str) -> str:
        """A token from the service that the registry names. The credential is sent only to the registry's own service.

        The registry gets the token, so no other host's credential may be used to obtain it.
        """
        parameters = dict(_CHALLENGE.findall(challenge))
        realm = self._http.referred(self._url, parameters.get("realm", ""))
        query = {"scope": f"repository:{self._name}:pull"}
        if service := parameters.get("service"):
            query["service"] = service
        separator = "&" if urlsplit(realm).query else "?"
        host, registry_host = urlsplit(realm).netloc.lower(), urlsplit(self._url).netloc.lower()
        authorization = (
            self._http.credentials.get(registry_host, "")
            if (host, registry_host) in _TOKEN_SERVICES or host == registry_host
            else ""
        )
        response = self._http.get(
            f"{realm}{separator}{urlencode(query)}", bounds.MAX_DOCUMENT_BYTES, authorization=authorization
        )
        answer = _json(checked(response))
        token = text(answer, "token") or text(answer, "access_token")
        if not token or not token.isascii() or not token.isprintable():
            raise DownloadError(LocalizedText(texts.BAD_ANSWER))
        return token


def _chart_layer(manifest: Mapping[str, Any]) -> str:
    """The digest of the layer that is the package. Raises DownloadError."""
    layers = [layer for layer in items(manifest, "layers") if isinstance(layer, dict)]
    charts = [layer for layer in layers if _CHART_LAYER.fullmatch(text(layer, "mediaType"))]
    digest = _DIGEST.fullmatch(text(charts[0], "digest")) if charts else None
    if digest is None:
        raise DownloadError(LocalizedText(texts.BAD_MANIFEST))
    return digest[1]


def _json(response: Response) -> Mapping[str, Any]:
    try:
        answer = json.loads(response.body)
    except (ValueError, RecursionError) as error:
        raise DownloadError(LocalizedText(texts.BAD_ANSWER)) from error
    return mapping({"answer": answer}, "answer")

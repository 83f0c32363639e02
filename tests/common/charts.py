"""Packaged charts, and a static Helm repository that serves them over HTTP."""

import gzip
import io
import tarfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from hashlib import sha256
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import yaml

TEMPLATE = """\
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .Release.Name }}-{{ .Chart.Name }}
  labels: {chart: "{{ .Chart.Name }}-{{ .Chart.Version | replace "+" "_" }}"}
data:
  level: {{ .Values.level | quote }}
  kubernetes: {{ .Capabilities.KubeVersion.Version }}
  releases: {{ .Capabilities.APIVersions.Has "helm.toolkit.fluxcd.io/v2/HelmRelease" | quote }}
"""


def package(name: str, version: str = "1.0.0", files: Mapping[str, str] | None = None, **metadata: Any) -> bytes:
    """A packaged chart that declares a ConfigMap with its version and the value `level`."""
    chart = {"apiVersion": "v2", "name": name, "version": version, **metadata}
    all_files = {
        "Chart.yaml": yaml.safe_dump(chart),
        "values.yaml": "level: info\n",
        "templates/config.yaml": TEMPLATE,
        **(files or {}),
    }
    return archive({f"{name}/{path}": content.encode() for path, content in all_files.items()})


def archive(files: Mapping[str, bytes]) -> bytes:
    """A reproducible gzipped tar of these files."""
    tar_bytes = io.BytesIO()
    with tarfile.open(fileobj=tar_bytes, mode="w") as tar:
        for path, content in files.items():
            member = tarfile.TarInfo(path)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return gzip.compress(tar_bytes.getvalue(), mtime=0)


class HelmRepository:
    """A directory with packages and their index, served at `url`. `requests` are the requested paths."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._entries: dict[str, list[dict[str, Any]]] = {}
        self.requests: list[str] = []
        repository = self

        class Handler(SimpleHTTPRequestHandler):
            def do_GET(self) -> None:
                repository.requests.append(self.path)
                super().do_GET()

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=folder))
        self.host = f"127.0.0.1:{self._server.server_port}"
        self.url = f"http://{self.host}"

    def add(self, name: str, version: str = "1.0.0", content: bytes | None = None, **entry: Any) -> bytes:
        """Publish a package, and return its bytes. `entry` overrides fields of its entry in the index."""
        content = package(name, version) if content is None else content
        file = f"{name}-{version}.tgz"
        (self._folder / file).write_bytes(content)
        fields = {"apiVersion": "v2", "name": name, "version": version, "urls": [file]}
        digest = sha256(content).hexdigest()
        self._entries.setdefault(name, []).append(
            {**fields, "digest": digest, "created": "2026-01-01T00:00:00Z", **entry}
        )
        index = {"apiVersion": "v1", "entries": self._entries}
        (self._folder / "index.yaml").write_text(yaml.safe_dump(index))
        return content

    @contextmanager
    def serve(self) -> Iterator["HelmRepository"]:
        thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            self._server.server_close()
            thread.join()

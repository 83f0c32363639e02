"""A real OCI registry, with charts as pushed by `helm push`."""

import base64
import json
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

import urllib3

from tests.common.charts import package
from tests.common.wait import wait_for

_CHECKOUT = Path(__file__).parents[2]
_CONFIG = "application/vnd.cncf.helm.config.v1+json"
_LAYER = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"
_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
# "reader" with the password "let-me-in"; the registry accepts only bcrypt.
USER, PASSWORD = "reader", "let-me-in"
_HTPASSWD = "reader:$2y$04$abcdefghijklmnopqrstuudxA/1BY5FxPYA69jUrJOJFmTyoe9T1a"


class Registry:
    """A registry at `host`, whose repositories are URLs such as `oci://HOST/charts`."""

    def __init__(self, host: str, authorization: str = "") -> None:
        self.host = host
        self.url = f"oci://{host}/charts"
        self._authorization = authorization

    def push(
        self, name: str, version: str = "1.0.0", content: bytes | None = None, *, tag: str = "", layer: str = _LAYER
    ) -> str:
        """Push a package, and return the digest of its manifest."""
        content = package(name, version) if content is None else content
        blobs = [(_CONFIG, json.dumps({"name": name, "version": version}).encode()), (layer, content)]
        config, chart = (
            {"mediaType": kind, "digest": f"sha256:{sha256(blob).hexdigest()}", "size": len(blob)}
            for kind, blob in blobs
        )
        for (_, blob), descriptor in zip(blobs, (config, chart), strict=True):
            place = self._send("POST", f"/v2/charts/{name}/blobs/uploads/")["Location"]
            separator = "&" if "?" in place else "?"
            self._send("PUT", f"{place}{separator}digest={descriptor['digest']}", blob, "application/octet-stream")
        manifest = json.dumps(
            {"schemaVersion": 2, "mediaType": _MANIFEST, "config": config, "layers": [chart]}
        ).encode()
        self._send("PUT", f"/v2/charts/{name}/manifests/{(tag or version).replace('+', '_')}", manifest, _MANIFEST)
        return sha256(manifest).hexdigest()

    def _send(self, method: str, path: str, body: bytes = b"", kind: str = "") -> dict[str, str]:
        url = path if "://" in path else f"http://{self.host}{path}"
        headers = {"Content-Type": kind, "Authorization": self._authorization}
        response = urllib3.request(method, url, body=body, headers=headers, timeout=10)
        assert response.status < 300, response.data
        return dict(response.headers)


@contextmanager
def running_registry(folder: Path, *, login: bool = False) -> Iterator[Registry]:
    """A registry on a free port; with `login`, only USER may read and write."""
    program = shutil.which("docker-registry") or str(_CHECKOUT / ".cache/docker-registry/usr/bin/docker-registry")
    assert os.access(program, os.X_OK), "docker-registry is not installed: run scripts/need-docker-registry"
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        host = f"127.0.0.1:{probe.getsockname()[1]}"
    config = {
        "version": 0.1,
        "log": {"level": "error"},
        "storage": {"filesystem": {"rootdirectory": str(folder / "blobs")}},
        "http": {"addr": host},
    }
    if login:
        (folder / "htpasswd").write_text(f"{_HTPASSWD}\n")
        config["auth"] = {"htpasswd": {"realm": "charts", "path": str(folder / "htpasswd")}}
    (folder / "config.yml").write_text(json.dumps(config))
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([program, "serve", str(folder / "config.yml")], stdout=log, stderr=log, env={})
    try:
        wait_for(lambda: _answers(host))
        credential = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        yield Registry(host, f"Basic {credential}" if login else "")
    finally:
        process.kill()
        process.wait()


def _answers(host: str) -> bool:
    address, port = host.split(":")
    with socket.socket() as probe:
        return probe.connect_ex((address, int(port))) == 0

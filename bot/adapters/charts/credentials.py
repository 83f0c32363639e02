"""Credentials of registries and repositories, from a Docker configuration file as written by helm and docker.

https://docs.docker.com/reference/cli/docker/#configuration-files
"""

import base64
import binascii
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from bot.core.objects.resource import mapping, text

_DOCKER_HUB: Final = frozenset({"docker.io", "index.docker.io", "registry-1.docker.io"})
_MAX_BYTES: Final = 2**20


def read_credentials(environ: Mapping[str, str]) -> dict[str, str]:
    """The value of the Authorization header by host.

    The configuration is the JSON in DOCKER_AUTH_CONFIG, or else the file config.json in the directory DOCKER_CONFIG.
    The bot does not read home directories or run credential helpers.
    """
    inline, folder = environ.get("DOCKER_AUTH_CONFIG", ""), environ.get("DOCKER_CONFIG", "")
    try:
        file = Path(folder) / "config.json"
        config = json.loads(inline or (file.read_bytes()[:_MAX_BYTES] if folder else b"{}"))
    except (OSError, ValueError):
        return {}
    entries: Mapping[str, Any] = mapping(config, "auths") if isinstance(config, dict) else {}
    headers = {_host(server): header for server, entry in entries.items() if (header := _header(entry))}
    hub = next((headers[host] for host in _DOCKER_HUB if host in headers), None)
    return headers | (dict.fromkeys(_DOCKER_HUB, hub) if hub else {})


def _host(server: str) -> str:
    """The host of an entry, which may also be a URL such as https://index.docker.io/v1/."""
    return server.rpartition("://")[2].partition("/")[0].lower()


def _header(entry: object) -> str:
    if not isinstance(entry, dict):
        return ""
    user, password = text(entry, "username"), text(entry, "password")
    try:
        login = base64.b64decode(text(entry, "auth"), validate=True).rstrip(b"\0") or f"{user}:{password}".encode()
    except binascii.Error:
        return ""
    return "" if login == b":" else f"Basic {base64.b64encode(login).decode()}"

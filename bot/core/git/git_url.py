"""Normalizes the URLs of git repositories, to compare them."""

import re
from typing import Final
from urllib.parse import unquote, urlsplit

_SCP_LIKE: Final = re.compile(r"(?:[^@/:]+@)?([\w.-]+):(?!/?/)(\S+)", re.ASCII)
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}


def normalize(url: str) -> str:
    """`host/path` in lower case, without scheme, user, `.git` and default ports; a local repository's path.

    https://github.com/Acme/platform.git, git@github.com:acme/platform and ssh://git@github.com:22/acme/platform/ are
    the same repository: forges ignore case. A text that is not a URL is returned as it is.
    """
    text = url.strip()
    scp_like = None if "://" in text else _SCP_LIKE.fullmatch(text)
    if scp_like is not None:
        return _joined(scp_like[1], scp_like[2])
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return text
    if parts.hostname is None:
        return _path(unquote(parts.path) if parts.scheme == "file" else text)
    has_own_port = port and parts.scheme in _DEFAULT_PORTS and port != _DEFAULT_PORTS[parts.scheme]
    return _joined(f"{parts.hostname}:{port}" if has_own_port else parts.hostname, unquote(parts.path))


def _joined(host: str, path: str) -> str:
    return f"{host}/{_path(path).strip('/')}".lower()


def _path(path: str) -> str:
    return path.rstrip("/").removesuffix(".git").rstrip("/")

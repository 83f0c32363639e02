"""Whether two addresses of git repositories mean the same one, however each spells it."""

import re
from typing import Final
from urllib.parse import unquote, urlsplit

_SCP_LIKE: Final = re.compile(r"(?:[^@/:]+@)?([\w.-]+):(?!/?/)(\S+)", re.ASCII)
_USUAL_PORTS: Final = {"http": 80, "https": 443}


def normal(url: str) -> str:
    """`host/path`, without scheme, user, `.git` and the ports of ssh; of a local one its path.

    https://github.com/Acme/platform.git, git@github.com:acme/platform and ssh://git@github.com:22/acme/platform/ are
    one. Forges take names in any case. What can be read as no URL is left as it is.
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
    counts = port and parts.scheme in _USUAL_PORTS and port != _USUAL_PORTS[parts.scheme]
    return _joined(f"{parts.hostname}:{port}" if counts else parts.hostname, unquote(parts.path))


def shown(url: str) -> str:
    """The address for people, without a user and password."""
    return re.sub(r"//[^/@\s]*@", "//", url.strip())[:200]


def _joined(host: str, path: str) -> str:
    return f"{host}/{_path(path).strip('/')}".lower()


def _path(path: str) -> str:
    return path.rstrip("/").removesuffix(".git").rstrip("/")

"""A kustomization's reference to a directory in another git repository, in Kustomize's syntax.

https://github.com/kubernetes-sigs/kustomize/blob/kustomize/v5.8.1/api/internal/git/repospec.go
"""

import hashlib
import posixpath
import re
from dataclasses import dataclass
from typing import Final, Self
from urllib.parse import parse_qs, urlsplit

from bot.core.rendering.source import normalize_path, resolve_path

MOUNTS: Final = ".gitops-bot-bases"  # the directory for bases, next to the files of the repository
FILE_EXTENSIONS: Final = (".yaml", ".yml", ".json")  # of URLs that are read as files, not as git repositories

_SCP_LIKE: Final = re.compile(r"(?:git::)?([\w.-]+@[\w.-]+):(?!/)(\S+)", re.ASCII)
_FULL_SHA: Final = re.compile(r"[0-9a-f]{40}")
_REF: Final = re.compile(r"[\w./+@=-]{1,250}", re.ASCII)
_SCHEMES: Final = ("https", "http", "ssh")


@dataclass(frozen=True, slots=True)
class RemoteBase:
    """The directory at `path` of the repository at a URL without a password, at a branch, tag or commit.

    `ref` is "" for the default branch.
    """

    url: str
    ref: str
    path: str

    @classmethod
    def parse(cls, entry: str) -> Self | None:
        """The base that an entry of `resources` refers to; None for anything else, such as a file over HTTP."""
        location, _, query = entry.strip().removeprefix("git::").partition("?")
        location = re.sub(r"^((www\.)?github\.com)[/:]", r"https://\1/", location, flags=re.IGNORECASE)
        if scp_like := _SCP_LIKE.fullmatch(location):
            host, separator, rest = scp_like[1], ":", scp_like[2]
        else:
            try:
                parts = urlsplit(location)
                is_remote = parts.scheme in _SCHEMES and parts.hostname and not parts.password and not parts.fragment
            except ValueError:
                return None
            if not is_remote or (parts.scheme != "ssh" and parts.username):
                return None
            host, separator, rest = f"{parts.scheme}://{parts.netloc}", "/", parts.path.lstrip("/")
        repository, path = _split(rest)
        parameters = parse_qs(query)
        ref = next((parameters[name][0] for name in ("ref", "version") if name in parameters), "")
        if (
            not repository
            or not _is_canonical(repository)
            or location.endswith(FILE_EXTENSIONS)
            or (ref and not _REF.fullmatch(ref))
            or not location.isprintable()
        ):
            return None
        resolved = resolve_path("", path)
        return None if resolved is None else cls(f"{host}{separator}{repository}", ref, resolved)

    @property
    def is_pinned(self) -> bool:
        """Whether it names a commit by its full sha."""
        return _FULL_SHA.fullmatch(self.ref) is not None

    @property
    def location(self) -> str:
        """The repository as `host/path` in lower case, for an allow-list and for people."""
        _, has_scheme, rest = self.url.partition("://")
        authority, _, path = (rest if has_scheme else self.url.replace(":", "/", 1)).partition("/")
        return f"{authority.rpartition('@')[2]}/{path}".removesuffix(".git").lower()

    @property
    def title(self) -> str:
        """The base to show: `github.com/acme/bases//web?ref=v1`."""
        return f"{self.location}{f'//{self.path}' if self.path else ''}{f'?ref={self.ref}' if self.ref else ''}"

    @property
    def root(self) -> str:
        """Where the repository's root is mounted, with a recognizable name for errors."""
        digest = hashlib.sha256(f"{self.url} {self.ref}".encode()).hexdigest()[:16]
        return f"{MOUNTS}/{re.sub(r'[^a-z0-9.]+', '-', self.location)[:60]}-{digest}"

    @property
    def mount(self) -> str:
        """Where the base itself is mounted."""
        return posixpath.join(self.root, self.path).rstrip("/")


def mounted_root(path: str) -> str:
    """The root of the mounted repository that a path is in; "" for a path in the repository itself."""
    parts = path.split("/")
    return "/".join(parts[:2]) if parts[0] == MOUNTS else ""


def _is_canonical(path: str) -> bool:
    """Whether every server reads the path the same way, so that what is fetched is what was allowed."""
    return not any(part in ("", ".", "..") for part in path.split("/")) and not {"%", "\\"} & {*path}


def _split(path: str) -> tuple[str, str]:
    """The repository's path and the directory in it."""
    before, is_azure, after = path.partition("_git/")
    if is_azure:
        name, _, rest = after.partition("/")
        return f"{before}_git/{name}", normalize_path(rest) if rest else ""
    for marker, kept in (("//", ""), (".git/", ".git")):
        repository, is_marked, rest = path.partition(marker)
        if is_marked:
            return repository + kept, rest
    if path.endswith(".git"):
        return path, ""
    organization, _, rest = path.partition("/")
    name, _, rest = rest.partition("/")
    return (f"{organization}/{name}", rest) if name else ("", "")

"""Which chart to fetch, and from where."""

import re
from dataclasses import dataclass
from typing import Final, Self
from urllib.parse import quote, urlsplit, urlunsplit

from bot.core.git.repository_ref import RepositoryRef
from bot.core.git.target_revision import TargetRevision

OCI: Final = "oci"
_SCHEMES: Final = frozenset({"http", "https", OCI})
_ARTIFACT: Final = "artifact"
_PLAIN_HTTP: Final = "plain-http"
_MAX_HOST: Final = 253  # characters of a name in DNS, without the port
_MAX_REPOSITORY: Final = 1_000  # characters of a URL, which is part of keys in the database
_NAME: Final = re.compile(r"[A-Za-z0-9][\w.-]{0,249}", re.ASCII)
_VERSION: Final = re.compile(r"[^\x00-\x1f\x7f@:]{0,250}")
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class ChartRef:
    """A chart in the Helm repository or OCI registry at a URL, which has no credentials and no trailing slash.

    `version` is a version, a range, or a registry's tag; "" is the newest. `digest` is that of the manifest in a
    registry, if it is pinned: 64 hex digits. `plain_http` is whether to reach a registry without TLS. `is_artifact` is
    set if Flux reads the chart through an OCIRepository, which adds the digest to the chart's version.
    """

    repository: str
    name: str
    version: str = ""
    digest: str = ""
    plain_http: bool = False
    is_artifact: bool = False

    @classmethod
    def parse(cls, url: str, name: str, version: str = "", **options: bool | str) -> Self | None:
        """The chart `name` in the repository at a URL, without its credentials; None if that cannot be fetched.

        In a registry, the name may be a path, or "" if the URL is the chart's own.
        """
        try:
            parts = urlsplit(url.strip())
            host = parts.hostname or ""
            port = f":{parts.port}" if parts.port else ""
        except ValueError:
            return None
        path = parts.path.rstrip("/")
        if parts.scheme == OCI:
            path, _, name = "/".join(part for part in (path, name.strip("/")) if part).rpartition("/")
        host = f"[{host}]" if ":" in host else host
        repository = urlunsplit((parts.scheme, f"{host}{port}".lower(), quote(path, safe="/%+~:!$&'(),;="), "", ""))
        # HTTP clients don't agree on whether a backslash ends the host.
        if (
            parts.scheme not in _SCHEMES
            or not 0 < len(host) <= _MAX_HOST
            or "\\" in host
            or not _NAME.fullmatch(name)
            or not _VERSION.fullmatch(version)
        ):
            return None
        if len(repository) > _MAX_REPOSITORY:
            return None
        if (digest := options.get("digest", "")) and not _DIGEST.fullmatch(str(digest)):
            return None
        return cls(repository, name, version, **options)  # type: ignore[arg-type]

    @property
    def host(self) -> str:
        """Where it is fetched from, with the port if the URL has one."""
        return urlsplit(self.repository).netloc

    @property
    def is_oci(self) -> bool:
        """Whether it is in an OCI registry."""
        return self.repository.startswith(f"{OCI}://")

    @property
    def title(self) -> str:
        """The chart to show: `podinfo 6.5.0`."""
        return f"{self.name} {self.version}".rstrip()

    @property
    def ref(self) -> RepositoryRef:
        """The chart as a repository whose revisions are the digests of its packages."""
        options = [word for word, is_set in ((_ARTIFACT, self.is_artifact), (_PLAIN_HTTP, self.plain_http)) if is_set]
        fragment = f"#{'+'.join(options)}" if options else ""
        version = f"{self.version}@{self.digest}" if self.digest else self.version
        return RepositoryRef(f"{self.repository}/{self.name}{fragment}", TargetRevision(version or "*"))

    @classmethod
    def from_key(cls, key: str) -> Self | None:
        """The chart whose `ref` has this key; None if it is a git repository's."""
        if not is_chart_key(key):
            return None
        ref = RepositoryRef.parse(key)
        url, _, fragment = ref.name.partition("#")
        repository, _, name = url.rpartition("/")
        version, _, digest = (ref.target_revision.text if ref.target_revision else "").partition("@")
        options = fragment.split("+")
        return cls(repository, name, version, digest, _PLAIN_HTTP in options, _ARTIFACT in options)


def is_chart_key(key: str) -> bool:
    """Whether the key of a RepositoryRef is a chart's: the name of a configured repository can't contain a slash."""
    return "://" in key

"""The objects that YAML and JSON files declare."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from bot.core.objects.documents import ManifestError, NodeBudget, read_documents
from bot.core.objects.resource import items, mapping
from bot.i18n.catalogue import manifest as texts
from bot.i18n.language import LocalizedText


@dataclass(frozen=True, slots=True)
class Manifest:
    """One object as git declares it. Never modify `object`: YAML aliases share parts of it.

    `namespace` is None if the manifest has none or, once resolved, if the kind is cluster-scoped. `line` is where its
    document begins in `file`, from 1; None if it was rendered from an unknown file, in which case `file` is the
    kustomization or the chart. `is_unknown` means that the bot can't render all of the content: of the object, only its
    identity is certain, and whether git changed it.
    """

    api_version: str
    kind: str
    namespace: str | None
    name: str
    object: Mapping[str, Any]
    file: str
    line: int | None
    is_unknown: bool = False

    @property
    def key(self) -> tuple[str, str, str | None, str]:
        """What identifies the object in a cluster: apiVersion, kind, namespace and name."""
        return self.api_version, self.kind, self.namespace, self.name

    @property
    def identity(self) -> tuple[str, str, str | None, str]:
        """What identifies the object across the versions of its API: group, kind, namespace and name."""
        return self.api_version.rpartition("/")[0], self.kind, self.namespace, self.name

    @property
    def position(self) -> str:
        """`apps/shop/web.yaml:3`, or only the file."""
        return f"{self.file}:{self.line}" if self.line else self.file

    def in_namespace(self, namespace: str | None) -> "Manifest":
        """The same manifest in another namespace."""
        return type(self)(
            self.api_version, self.kind, namespace, self.name, self.object, self.file, self.line, self.is_unknown
        )


@dataclass(frozen=True, slots=True, repr=False)
class UnnamedManifest(Manifest):
    """An unknown object whose identity may come from a Secret: never show it, only match it with other manifests.

    Its `object` is empty but for a digest of the content.
    """

    def __repr__(self) -> str:
        return "UnnamedManifest()"


def read_manifests(file: str, content: bytes, budget: NodeBudget | None = None) -> list[Manifest]:
    """Every object of a YAML or JSON file, in order; flattens `List` kinds and skips empty documents.

    `file` is only for messages; files that are read together share a `budget`. Raises ManifestError if the content is
    not YAML, a document is not a Kubernetes object, or the content is too large.
    """
    # As kubectl and Argo CD, which read whole lines, so a block scalar always ends with a line break:
    # https://github.com/kubernetes/apimachinery/blob/v0.36.0/pkg/util/yaml/decoder.go (LineReader)
    documents = read_documents(file, content if content.endswith(b"\n") else content + b"\n", budget)
    return [manifest for line, value in documents for manifest in _objects(file, line, value)]


def _objects(file: str, line: int, value: object) -> Iterator[Manifest]:
    if value is None:
        return
    if not isinstance(value, dict):
        raise ManifestError(file, line, LocalizedText(texts.NO_MAPPING))
    for key in ("apiVersion", "kind"):
        if not isinstance(value.get(key), str) or not value[key]:
            raise ManifestError(file, line, LocalizedText(texts.NO_KEY, key=key))
    kind: str = value["kind"]
    metadata = mapping(value, "metadata")
    for name in (value["apiVersion"], kind, metadata.get("name"), metadata.get("namespace")):
        if isinstance(name, str) and not name.isprintable():
            raise ManifestError(file, line, LocalizedText(texts.NOT_PRINTABLE))
    if kind.endswith("List") and "items" in value and "name" not in metadata:
        # The items of a typed list such as RoleList may leave out apiVersion and kind.
        implied = {"apiVersion": value["apiVersion"], "kind": kind.removesuffix("List")} if kind != "List" else {}
        for item in items(value, "items"):
            yield from _objects(file, line, {**implied, **item} if isinstance(item, dict) else item)
        return
    yield Manifest(value["apiVersion"], kind, *_identity(file, line, kind, metadata), value, file, line)


def _identity(file: str, line: int, kind: str, metadata: Mapping[str, Any]) -> tuple[str | None, str]:
    """Namespace and name; the name is "" if the server generates it."""
    name, namespace = metadata.get("name"), metadata.get("namespace")
    if name in (None, "") and isinstance(metadata.get("generateName"), str):
        name = ""
    elif name in (None, ""):
        raise ManifestError(file, line, LocalizedText(texts.NO_NAME, kind=kind))
    if not isinstance(name, str):
        raise ManifestError(file, line, LocalizedText(texts.NO_STRING, kind=kind, key="name"))
    if namespace is not None and not isinstance(namespace, str):
        raise ManifestError(file, line, LocalizedText(texts.NO_STRING, kind=kind, key="namespace"))
    return namespace or None, name

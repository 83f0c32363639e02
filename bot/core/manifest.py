"""Manifests as Kubernetes reads them: YAML in the dialect of Go's parser (sigs.k8s.io/yaml), or JSON, into objects.

PyYAML's C parser gives the events; scalars are resolved by Go's rules, not PyYAML's. Events are consumed in a loop and
not by PyYAML's own composer, which overflows the C stack on deeply nested input.
"""

import base64
import binascii
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from yaml import AliasEvent, DocumentStartEvent, MappingStartEvent, ScalarEvent, YAMLError
from yaml._yaml import CParser
from yaml.events import CollectionEndEvent, CollectionStartEvent, Event

_MAX_DEPTH: Final = 500  # far above any manifest, far below any stack
_MAX_ALIASED: Final = 100_000  # nodes that aliases may stand for in one document: beyond it is a bomb


class ManifestError(ValueError):
    """A file that is no Kubernetes manifest: where, and what is wrong in one sentence that quotes no value."""

    def __init__(self, file: str, line: int, problem: str) -> None:
        super().__init__(f"{file}:{line}: {problem}")
        self.file = file
        self.line = line
        self.problem = problem


@dataclass(frozen=True, slots=True)
class Manifest:
    """One object as git declares it. `object` is shared with YAML aliases: read it, never write to it.

    `namespace` is None where the manifest names none (or, once resolved, where the kind is cluster-scoped). `line` is
    where the object begins in `file`, counted from 1.
    """

    api_version: str
    kind: str
    namespace: str | None
    name: str
    object: Mapping[str, Any]
    file: str
    line: int

    @property
    def key(self) -> tuple[str, str, str | None, str]:
        """What identifies it in a cluster: apiVersion, kind, namespace and name."""
        return self.api_version, self.kind, self.namespace, self.name


def read_manifests(file: str, content: bytes) -> list[Manifest]:
    """Every object of a YAML or JSON file, in order; `List` kinds are flattened and empty documents skipped.

    `file` is only for messages. ManifestError when the content is no YAML, or a document is no Kubernetes object.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ManifestError(file, content.count(b"\n", 0, error.start) + 1, "This file is not UTF-8 text.") from None
    documents = _json_documents(text) if text.lstrip().startswith("{") else None
    if documents is None:
        documents = list(_yaml_documents(file, text))
    return [manifest for line, value in documents for manifest in _objects(file, line, value)]


def resolve(
    manifests: Iterable[Manifest], *, namespace: str, namespaced: Callable[[str, str], bool | None]
) -> list[Manifest]:
    """What a deployer would apply: no hooks, nothing with a generated name, each object in its namespace.

    `namespace` is where objects go that name none. `namespaced` says of an (apiVersion, kind) whether it lives in a
    namespace, None when nobody knows. Of two declarations of one object the last wins, as with kubectl.
    """
    resolved: dict[tuple[str, str, str | None, str], Manifest] = {}
    for manifest in manifests:
        if not manifest.name or _is_hook(manifest.object):
            continue
        scope = namespaced(manifest.api_version, manifest.kind)
        home = None if scope is False else manifest.namespace or namespace
        placed = replace(manifest, namespace=home)
        resolved[placed.key] = placed
    return list(resolved.values())


def _is_hook(declared: Mapping[str, Any]) -> bool:
    metadata = declared.get("metadata")
    annotations = metadata.get("annotations") if isinstance(metadata, dict) else None
    if not isinstance(annotations, dict):
        return False
    # Helm 2's crd-install marks a definition that stays, so Argo CD applies it as any other object.
    helm = annotations.get("helm.sh/hook")
    return "argocd.argoproj.io/hook" in annotations or (helm is not None and helm != "crd-install")


def _objects(file: str, line: int, value: object) -> Iterator[Manifest]:
    if value is None:
        return
    if not isinstance(value, dict):
        raise ManifestError(file, line, "This document is not a Kubernetes object: it should be a mapping.")
    api_version, kind, metadata = value.get("apiVersion"), value.get("kind"), value.get("metadata")
    if not isinstance(api_version, str) or not api_version:
        raise ManifestError(file, line, "This document is not a Kubernetes object: it has no apiVersion.")
    if not isinstance(kind, str) or not kind:
        raise ManifestError(file, line, "This document is not a Kubernetes object: it has no kind.")
    if not isinstance(metadata, dict):
        metadata = {}
    items = value.get("items")
    if kind.endswith("List") and "name" not in metadata and (isinstance(items, list) or "items" in value):
        # A typed list such as RoleList may leave apiVersion and kind to be understood.
        meant = {"apiVersion": api_version, "kind": kind.removesuffix("List")} if kind != "List" else {}
        for item in items or ():
            yield from _objects(file, line, {**meant, **item} if isinstance(item, dict) else item)
        return
    name, namespace = metadata.get("name"), metadata.get("namespace")
    if name is None and isinstance(metadata.get("generateName"), str):
        name = ""
    elif not isinstance(name, str) or not name:
        problem = "its metadata.name is not a string; quote it" if name else "it has no metadata.name"
        raise ManifestError(file, line, f"This {kind} is not complete: {problem}.")
    if namespace is not None and not isinstance(namespace, str):
        raise ManifestError(file, line, f"This {kind} is not valid: its metadata.namespace is not a string; quote it.")
    yield Manifest(api_version, kind, namespace or None, name, value, file, line)


def _json_documents(text: str) -> list[tuple[int, object]] | None:
    """The documents of a JSON stream with their lines; None when this is no JSON (a YAML flow mapping, say)."""
    decoder = json.JSONDecoder(parse_int=_integer)
    documents: list[tuple[int, object]] = []
    at = 0
    try:
        while match := re.compile(r"\S").search(text, at):
            value, at = decoder.raw_decode(text, match.start())
            documents.append((text.count("\n", 0, match.start()) + 1, value))
    except (json.JSONDecodeError, RecursionError):
        return None
    return documents


# ---------------------------------------------------------------- YAML


class _Open:
    """A collection whose end has not come yet."""

    __slots__ = ("anchor", "key", "nodes", "value")

    def __init__(self, value: dict[str, Any] | list[Any], anchor: str | None, nodes: int) -> None:
        self.value = value
        self.anchor = anchor
        self.nodes = nodes  # how many nodes the document had, aliases counted in full, when this one began
        self.key: object = _NO_KEY


_NO_KEY: Final = object()
_MERGE: Final = object()


def _yaml_documents(file: str, text: str) -> Iterator[tuple[int, object]]:
    line = 0
    try:
        parser = CParser(text)
        while parser.check_event():
            event = parser.get_event()
            if isinstance(event, DocumentStartEvent):
                first = parser.peek_event()
                line = first.start_mark.line + 1
                yield line, _document(file, parser)
    except YAMLError as error:
        mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
        problem = getattr(error, "problem", None) or getattr(error, "reason", None) or "it could not be parsed"
        raise ManifestError(
            file, mark.line + 1 if mark else max(line, 1), f"This is not valid YAML: {problem}."
        ) from None


def _document(file: str, parser: CParser) -> object:
    """The value of the document that has just begun."""
    anchors: dict[str, tuple[object, int]] = {}
    stack: list[_Open] = []
    nodes = aliased = 0
    while True:
        event: Event = parser.get_event()
        line = event.start_mark.line + 1
        nodes += 1
        if isinstance(event, ScalarEvent):
            value: object = _scalar(file, line, event)
            size, anchor = 1, event.anchor
        elif isinstance(event, CollectionStartEvent):
            if len(stack) == _MAX_DEPTH:
                raise ManifestError(file, line, f"This document is nested more than {_MAX_DEPTH} levels deep.")
            stack.append(_Open({} if isinstance(event, MappingStartEvent) else [], event.anchor, nodes))
            continue
        elif isinstance(event, CollectionEndEvent):
            closed = stack.pop()
            value, anchor, size = closed.value, closed.anchor, nodes - closed.nodes
        elif isinstance(event, AliasEvent):
            if event.anchor not in anchors:
                raise ManifestError(
                    file, line, f"The alias *{event.anchor} stands for nothing before it, or for itself."
                )
            value, size = anchors[event.anchor]
            nodes, aliased, anchor = nodes + size, aliased + size, None
            if aliased > _MAX_ALIASED:
                raise ManifestError(file, line, "The aliases of this document stand for too much: is it a YAML bomb?")
        else:
            raise ManifestError(file, line, "This is not valid YAML.")
        if anchor:
            anchors[anchor] = (value, size)
        if not stack:
            return None if value is _MERGE else value
        _place(file, line, stack[-1], value)


def _place(file: str, line: int, parent: _Open, value: object) -> None:
    """Put a finished value where it belongs: into its list, or as its mapping's next key or value."""
    if isinstance(parent.value, list):
        parent.value.append("<<" if value is _MERGE else value)
    elif parent.key is _NO_KEY:
        parent.key = value if value is _MERGE else _key(file, line, value)
    elif parent.key is _MERGE:
        parent.key = _NO_KEY
        # Go's parser merges where the key stands, so a merge overrides what came before it; the first of several wins.
        for source in reversed(value if isinstance(value, list) else [value]):
            if not isinstance(source, dict):
                raise ManifestError(file, line, "A merge key (<<) takes a mapping, or a list of mappings.")
            parent.value.update(source)
    else:
        parent.value[parent.key] = "<<" if value is _MERGE else value  # type: ignore[index]  # _key gave a string
        parent.key = _NO_KEY


def _key(file: str, line: int, value: object) -> str:
    """A mapping key as JSON has it: a string."""
    match value:
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case float():
            return f"{value:g}"
    raise ManifestError(file, line, "A key of a mapping must be a plain word, not null and not a collection.")


_BOOLEANS: Final = {
    spelling: truth
    for truth, words in ((True, ("y", "yes", "true", "on")), (False, ("n", "no", "false", "off")))
    for word in words
    for spelling in (word, word.capitalize(), word.upper())
}
_NULLS: Final = frozenset(("", "~", "null", "Null", "NULL"))
_INTEGER: Final = re.compile(r"([-+]?)(?:0[xX]_*([0-9a-fA-F]+)|0[oO]?_*([0-7]+)|0[bB]_*([01]+)|(0|[1-9][0-9]*))")
_FLOAT: Final = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_NOT_FINITE: Final = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_NUMBER_STARTS: Final = frozenset("+-.0123456789")
_TAGS: Final = "tag:yaml.org,2002:"


def _scalar(file: str, line: int, event: ScalarEvent) -> object:
    text: str = event.value
    tag: str | None = event.tag
    if tag is None or tag == "!":
        return _plain(file, line, text) if event.implicit[0] else text
    if not tag.startswith(_TAGS):
        return text  # a tag of somebody's own means nothing to Go's parser
    name = tag.removeprefix(_TAGS)
    if name in ("str", "timestamp"):
        return text
    if name == "binary":
        try:
            return base64.b64decode(text, validate=True).decode("utf-8", "replace")
        except binascii.Error:
            raise ManifestError(file, line, "A !!binary value is not base64.") from None
    value = _plain(file, line, text)
    wanted = _TAGGED.get(name)
    if wanted is not None and (not isinstance(value, wanted) or isinstance(value, bool) != (name == "bool")):
        raise ManifestError(file, line, f"A value tagged !!{name} cannot be read as one.")
    return value


_TAGGED: Final[Mapping[str, type | tuple[type, ...]]] = {
    "int": int,
    "float": (int, float),
    "bool": bool,
    "null": type(None),
}


def _plain(file: str, line: int, text: str) -> object:
    """A scalar without quotes, by the rules of go-yaml's resolve.go: YAML 1.1 save for sexagesimals and dates."""
    if text in _BOOLEANS:
        return _BOOLEANS[text]
    if text in _NULLS:
        return None
    if text[0] in _NUMBER_STARTS:
        digits = text.replace("_", "")
        if match := _INTEGER.fullmatch(digits):
            sign, *spellings = match.groups()
            base, number = next((base, n) for base, n in zip((16, 8, 2, 10), spellings, strict=True) if n is not None)
            return _integer(f"{int(number, base)}", sign)
        if _FLOAT.fullmatch(digits):
            value = float(digits)
            return text if value in (float("inf"), float("-inf")) else value
        if _NOT_FINITE.fullmatch(text):
            raise ManifestError(file, line, "Infinity and NaN have no place in a Kubernetes object.")
    return _MERGE if text == "<<" else text


def _integer(digits: str, sign: str = "") -> int | float:
    """An integer as JSON in Go holds it: what does not fit 64 bits becomes a float."""
    try:
        value = int(sign + digits)
    except ValueError:  # more digits than Python's own limit
        return float(sign + digits)
    return value if -(2**63) <= value < 2**63 else _float(value)


def _float(value: int) -> float:
    try:
        return float(value)
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")


__all__ = ["Manifest", "ManifestError", "read_manifests", "resolve"]

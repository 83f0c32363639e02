"""Makes a plain YAML or JSON file say what live says, and leaves its comments and layout as they are."""

import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from typing import Any, Final

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import YAMLError
from ruamel.yaml.scalarstring import DoubleQuotedScalarString, LiteralScalarString, ScalarString

from bot.core.drift.model import FieldDrift, ObjectDrift
from bot.core.objects.manifest import ManifestError, read_documents
from bot.core.objects.path import Item, Member, Segment, format_path, parse_path
from bot.i18n.catalogue import adopt as texts
from bot.i18n.language import LocalizedText

_BEYOND_ANY_LINE: Final = 2**20  # ruamel.yaml folds longer lines


class NotAdoptableError(ValueError):
    """A difference that cannot be written into git: one sentence that says why and what to do, and quotes no value."""


def adopt(file: str, content: bytes, drift: Sequence[ObjectDrift], *, namespace: str) -> bytes | None:
    """The file with each of the objects, which it declares, as the cluster has it; None when nothing is left in it.

    `namespace` is the application's, where objects live that name none. An object that is missing from the cluster is
    taken out. What comes out is read again and compared: NotAdoptableError when it would say anything else than what
    was meant (an anchor that other places share, a list item that cannot be told apart), and for Secrets.
    """
    for found in drift:
        if found.kind == "Secret":
            raise NotAdoptableError(LocalizedText(texts.SECRET, name=found.name))
    try:
        before = [json.loads(json.dumps(value)) for _, value in read_documents(file, content)]
    except ManifestError as error:
        raise NotAdoptableError(LocalizedText(texts.UNREADABLE, error=str(error))) from None
    wanted = _changed(before, drift, file, namespace)
    if not any(document is not None for document in wanted):
        return None
    text = content.decode("utf-8-sig")
    is_json = file.endswith(".json")
    candidates = _json_texts(text, wanted) if is_json else _yaml_texts(text, drift, file, namespace)
    for candidate in candidates:
        written = candidate.encode()
        if _reads_as(file, written, wanted):
            return b"\xef\xbb\xbf" + written if content.startswith(b"\xef\xbb\xbf") else written
    raise NotAdoptableError(LocalizedText(texts.SHARED_VALUE, file=file))


def _reads_as(file: str, content: bytes, wanted: list[Any]) -> bool:
    try:
        found = [value for _, value in read_documents(file, content)]
        return json.dumps([each for each in found if each is not None], sort_keys=True) == json.dumps(
            [each for each in wanted if each is not None], sort_keys=True
        )
    except (ManifestError, ValueError):
        return False


# ---------------------------------------------------------------- objects


def _changed(documents: list[Any], drift: Iterable[ObjectDrift], file: str, namespace: str) -> list[Any]:
    """The documents with every difference applied, in place; one that is taken out is None."""
    for found in drift:
        holder, key = _declaration(documents, found, file, namespace)
        if found.change == "missing":
            if holder is documents:
                holder[key] = None
            else:
                del holder[key]
            continue
        for field in found.fields:
            apply(holder[key], field)
    return documents


def _declaration(documents: list[Any], found: ObjectDrift, file: str, namespace: str) -> tuple[list[Any], int]:
    """Where the object is declared: a list and the index in it. The last declaration counts, as with kubectl."""
    places = [(holder, index) for holder, index in _objects(documents) if _is(holder[index], found, namespace)]
    if not places:
        raise NotAdoptableError(LocalizedText(texts.NOT_DECLARED, file=file, kind=found.kind, name=found.name))
    return places[-1]


def _objects(holder: list[Any]) -> Iterator[tuple[list[Any], int]]:
    for index, value in enumerate(holder):
        if not isinstance(value, Mapping):
            continue
        if str(value.get("kind", "")).endswith("List") and isinstance(value.get("items"), list):
            yield from _objects(value["items"])
        else:
            yield holder, index


def _is(declared: Mapping[str, Any], found: ObjectDrift, namespace: str) -> bool:
    metadata = declared.get("metadata")
    metadata = metadata if isinstance(metadata, Mapping) else {}
    return (
        declared.get("kind", found.kind) == found.kind
        and declared.get("apiVersion", found.api_version) == found.api_version
        and metadata.get("name") == found.name
        and (found.namespace is None or (metadata.get("namespace") or namespace) == found.namespace)
    )


def apply(declared: Any, field: FieldDrift) -> None:
    """Make one field of an object what live has, in place. NotAdoptableError when it is not there to be changed."""
    *parents, last = segments(field)
    holder = declared
    for position, part in enumerate(parents):
        below = find(holder, part)
        if below is None or holder[below] is None:
            if field.change != "added" or not isinstance(part, str) or not isinstance(holder, Mapping):
                raise NotAdoptableError(LocalizedText(texts.NOT_IN_GIT, path=field.path))
            _set(holder, part, [] if isinstance([*parents, last][position + 1], int | Item | Member) else {})
            below = part
        holder = holder[below]
    at = find(holder, last)
    if field.change == "removed":
        if at is None:
            raise NotAdoptableError(LocalizedText(texts.NOT_IN_GIT, path=field.path))
        del holder[at]
    elif at is not None:
        holder[at] = as_written(holder[at], field.live)
    elif isinstance(holder, list):
        holder.append(as_written(None, field.live) if isinstance(holder, CommentedSeq) else field.live)
    elif isinstance(last, str) and isinstance(holder, Mapping):
        _set(holder, last, field.live)
    else:
        raise NotAdoptableError(LocalizedText(texts.OTHER_SHAPE, path=field.path))


def segments(field: FieldDrift) -> list[Segment]:
    """The path of a field in parts."""
    return [part for part in parse_path(field.path) if isinstance(part, str | int | Item | Member)]


def find(holder: Any, part: Segment) -> Any:
    """The key or index of a segment; None where there is no such item. NotAdoptableError where there are several."""
    if isinstance(part, str):
        return part if isinstance(holder, Mapping) and part in holder else None
    if not isinstance(holder, list):
        return None
    if isinstance(part, int):
        return part if part < len(holder) else None
    if isinstance(part, Member):
        found = [index for index, value in enumerate(holder) if _written(value) == _written(part.value)]
    else:
        found = [index for index, value in enumerate(holder) if _has_keys(value, part)]
    if len(found) > 1:
        raise NotAdoptableError(LocalizedText(texts.IDENTICAL_ITEMS, path=format_path((part,))))
    return found[0] if found else None


def _has_keys(value: Any, item: Item) -> bool:
    """Whether this is the item: a key that git leaves to the server's default says nothing against it."""
    if not isinstance(value, Mapping):
        return False
    present = [(key, wanted) for key, wanted in item.keys if key in value]
    return bool(present) and all(_written(value[key]) == _written(wanted) for key, wanted in present)


def _written(value: object) -> str:
    return str(value) if isinstance(value, str) else json.dumps(value, default=str)


# ---------------------------------------------------------------- text


def _json_texts(text: str, wanted: list[Any]) -> Iterator[str]:
    indented = re.search(r"\n( +|\t)\S", text)
    indent = indented[1] if indented else None
    whole = [json.dumps(each, indent=indent, ensure_ascii=False) for each in wanted if each is not None]
    yield "\n".join(whole) + ("\n" if text.endswith("\n") else "")


def _yaml_texts(text: str, drift: Sequence[ObjectDrift], file: str, namespace: str) -> Iterator[str]:
    """The edited text, the one nearest to the original first."""
    line_end = "\r\n" if "\r\n" in text else "\n"
    text = text.replace("\r\n", "\n")
    yaml = round_trip(text)
    try:
        base = _dumped(yaml, list(yaml.load_all(text)))
        changed = _dumped(yaml, _changed(list(yaml.load_all(text)), drift, file, namespace))
    except YAMLError as error:
        raise NotAdoptableError(LocalizedText(texts.LAYOUT, file=file)) from error
    if base != text:
        moved = _transplanted(text.splitlines(keepends=True), base.splitlines(True), changed.splitlines(True))
        if moved is not None:
            yield "".join(moved).replace("\n", line_end)
    yield changed.replace("\n", line_end)


def round_trip(text: str) -> YAML:
    """Reads and writes YAML laid out as this text is."""
    yaml = YAML(typ="rt", pure=True)
    yaml.preserve_quotes = True
    yaml.width = _BEYOND_ANY_LINE
    mapping, offset = _indents(text)
    yaml.indent(mapping=mapping, sequence=offset + 2, offset=offset)
    yaml.explicit_start = bool(re.match(r"(?:\s*#[^\n]*\n|\s*\n)*---(\s|$)", text))
    return yaml


def _indents(text: str) -> tuple[int, int]:
    """By how much the file indents mappings and list items: (2, 0) as kubectl prints, unless it shows otherwise."""
    mapping, offset = 2, 0
    found = re.search(r"^( *)[^\s#-][^\n]*:[ ]*\n( +)[^\s#-]", text, re.MULTILINE)
    if found and len(found[2]) > len(found[1]):
        mapping = len(found[2]) - len(found[1])
    found = re.search(r"^( *)[^\s#-][^\n]*:[ ]*\n( *)- ", text, re.MULTILINE)
    if found and len(found[2]) >= len(found[1]):
        offset = len(found[2]) - len(found[1])
    return mapping, offset


def _dumped(yaml: YAML, documents: list[Any]) -> str:
    out = io.StringIO()
    yaml.dump_all([document for document in documents if document is not None], out)
    return out.getvalue()


def _transplanted(original: list[str], base: list[str], changed: list[str]) -> list[str] | None:
    """What turned `base` into `changed`, done to `original`, which is laid out otherwise; None where it cannot be."""
    place = {-1: -1, len(base): len(original)}
    for _, start, end, first, last in _steps([line.strip() for line in base], [line.strip() for line in original]):
        if end - start == last - first:  # lines of the same words, or as many of other words in their place
            place |= dict(zip(range(start, end), range(first, last), strict=True))
    result = list(original)
    for tag, start, end, new_start, new_end in reversed(_steps(base, changed)):
        if tag == "equal":
            continue
        replaced = start < end
        if not ({start, end - 1} if replaced else {start - 1}) <= place.keys():
            return None
        first = place[start] if replaced else place[start - 1] + 1
        last = place[end - 1] + 1 if replaced else first
        near = start if replaced else start - 1
        shift = _margin(original[place[near]]) - _margin(base[near]) if near >= 0 else 0
        result[first:last] = [_shifted(line, shift) for line in changed[new_start:new_end]]
    return result


def _steps(before: list[str], after: list[str]) -> Sequence[tuple[str, int, int, int, int]]:
    return SequenceMatcher(None, before, after, autojunk=False).get_opcodes()


def _margin(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _shifted(line: str, by: int) -> str:
    return " " * by + line if by >= 0 else line[min(-by, _margin(line)) :]


# ---------------------------------------------------------------- values


def _set(holder: Any, key: str, value: Any) -> None:
    if isinstance(holder, CommentedMap):
        holder[_quoted(key)] = as_written(None, value)
    else:
        holder[key] = value


def as_written(before: Any, value: Any) -> Any:
    """A value as a file would write it: quoted as the one before was, and so that Kubernetes reads what is meant."""
    if isinstance(value, str):
        if "\n" in value and not re.search(r"[ \t]\n|^\s|[\x00-\x08\x0b-\x1f]", value):
            return LiteralScalarString(value)
        if isinstance(before, ScalarString) and not isinstance(before, LiteralScalarString) and "\n" not in value:
            return type(before)(value)
        return _quoted(value)
    if isinstance(value, Mapping):
        return CommentedMap({_quoted(key): as_written(None, each) for key, each in value.items()})
    if isinstance(value, list):
        return CommentedSeq([as_written(None, each) for each in value])
    return value


def _quoted(value: str) -> str:
    """Quoted where a plain scalar would mean anything else to Kubernetes' YAML, as `yes`, `1e3` and `010` do."""
    try:
        plain = [found for _, found in read_documents("", f"a: {value}\n".encode())] == [{"a": value}]
    except (ManifestError, ValueError):
        plain = False
    return value if plain else DoubleQuotedScalarString(value)

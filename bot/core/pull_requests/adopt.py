"""Updates a plain YAML or JSON file to match the live objects, and keeps its comments and layout."""

import io
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from itertools import dropwhile, takewhile
from typing import Any, Final

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import YAMLError
from ruamel.yaml.scalarstring import DoubleQuotedScalarString, LiteralScalarString, ScalarString

from bot.core.drift.exclusions import DELETION_PATH
from bot.core.drift.item_order import is_order
from bot.core.drift.model import FieldDrift, ObjectDrift
from bot.core.objects.manifest import ManifestError, read_documents
from bot.core.objects.path import Item, Member, Segment, format_path, parse_path
from bot.core.objects.redaction import has_hidden
from bot.i18n.catalogue import adopt as texts
from bot.i18n.language import LocalizedError, LocalizedText

_MAX_PAIRS: Final = 1_000_000  # of equal lines, which difflib compares with each other
_NO_FOLDING: Final = 2**20  # ruamel.yaml folds longer lines


class NotAdoptableError(LocalizedError):
    """Drift cannot be adopted in git. The text says why and what to do, in one sentence without values."""


def adopt(file: str, content: bytes, drift: Sequence[ObjectDrift], *, namespace: str) -> bytes | None:
    """The file with its drifted objects as they are in the cluster; None if nothing is left in it.

    `namespace` is the application's, for objects without one. Objects missing from the cluster are removed. Raises
    NotAdoptableError for credentials, and if parsing the result does not give the intended objects (a shared anchor, a
    list item that cannot be identified).
    """
    for object_drift in drift:
        check_adoptable(object_drift)
    try:
        documents = [json.loads(json.dumps(value)) for _, value in read_documents(file, content)]
    except ManifestError as error:
        raise NotAdoptableError(LocalizedText(texts.UNREADABLE, error=error.text)) from None
    expected = _apply_drift(documents, drift, file, namespace)
    if not any(document is not None for document in expected):
        return None
    text = content.decode("utf-8-sig")
    is_json = file.endswith(".json")
    candidates = _json_texts(text, expected) if is_json else _yaml_texts(text, drift, file, namespace)
    for candidate in candidates:
        adopted = candidate.encode()
        if _parses_to(file, adopted, expected):
            return b"\xef\xbb\xbf" + adopted if content.startswith(b"\xef\xbb\xbf") else adopted
    raise NotAdoptableError(LocalizedText(texts.SHARED_VALUE, file=file))


def check_adoptable(object_drift: ObjectDrift) -> None:
    """NotAdoptableError for an object that is being deleted, a Secret, another order, or a hidden value."""
    if any(field.path == DELETION_PATH for field in object_drift.fields):
        raise NotAdoptableError(LocalizedText(texts.DELETING, object=f"{object_drift.kind} {object_drift.name}"))
    if object_drift.kind == "Secret":
        raise NotAdoptableError(LocalizedText(texts.SECRET, name=object_drift.name))
    for field in object_drift.fields:
        if is_order(field):
            raise NotAdoptableError(LocalizedText(texts.ORDER, path=field.path))
    hidden = next((field for field in object_drift.fields if has_hidden(field.live)), None)
    if hidden:
        name = f"{object_drift.kind} {object_drift.name}"
        raise NotAdoptableError(LocalizedText(texts.CREDENTIAL, object=name, path=hidden.path))


def _parses_to(file: str, content: bytes, expected: list[Any]) -> bool:
    try:
        return _comparable(value for _, value in read_documents(file, content)) == _comparable(expected)
    except (ManifestError, ValueError):
        return False


def is_equivalent(file: str, one: bytes | None, other: bytes | None) -> bool:
    """Whether two versions of a file declare the same; None is a removed file."""
    if one is None or other is None:
        return one is other
    try:
        return _parses_to(file, other, [value for _, value in read_documents(file, one)])
    except ManifestError:
        return False


def _comparable(documents: Iterable[Any]) -> str:
    return json.dumps([document for document in documents if document is not None], sort_keys=True)


# ---------------------------------------------------------------- objects


def _apply_drift(documents: list[Any], drift: Iterable[ObjectDrift], file: str, namespace: str) -> list[Any]:
    """The documents with all drift applied, in place; a removed document is None."""
    for object_drift in drift:
        items, index = _declaration(documents, object_drift, file, namespace)
        if object_drift.change == "missing":
            if items is documents:
                items[index] = None
            else:
                del items[index]
            continue
        for field in object_drift.fields:
            apply_field(items[index], field)
    return documents


def _declaration(documents: list[Any], object_drift: ObjectDrift, file: str, namespace: str) -> tuple[list[Any], int]:
    """The list that contains the object's declaration, and the index. As in kubectl, the last declaration wins."""
    declarations = [
        (items, index) for items, index in _objects(documents) if _declares(items[index], object_drift, namespace)
    ]
    if not declarations:
        raise NotAdoptableError(
            LocalizedText(texts.NOT_DECLARED, file=file, kind=object_drift.kind, name=object_drift.name)
        )
    return declarations[-1]


def _objects(items: list[Any]) -> Iterator[tuple[list[Any], int]]:
    for index, value in enumerate(items):
        if not isinstance(value, Mapping):
            continue
        if str(value.get("kind", "")).endswith("List") and isinstance(value.get("items"), list):
            yield from _objects(value["items"])
        else:
            yield items, index


def _declares(manifest: Mapping[str, Any], object_drift: ObjectDrift, namespace: str) -> bool:
    metadata = manifest.get("metadata")
    metadata = metadata if isinstance(metadata, Mapping) else {}
    return (
        manifest.get("kind", object_drift.kind) == object_drift.kind
        and manifest.get("apiVersion", object_drift.api_version) == object_drift.api_version
        and metadata.get("name") == object_drift.name
        and (object_drift.namespace is None or (metadata.get("namespace") or namespace) == object_drift.namespace)
    )


def apply_field(declared: Any, field: FieldDrift) -> None:
    """Set one field of an object to its live value, in place. Raises NotAdoptableError if git has no such field."""
    *parents, last = segments(field)
    node = declared
    for position, segment in enumerate(parents):
        key = find_key(node, segment)
        if key is None or node[key] is None:
            if field.change != "added" or not isinstance(segment, str) or not isinstance(node, Mapping):
                raise NotAdoptableError(LocalizedText(texts.NOT_IN_GIT, path=field.path))
            _set(node, segment, [] if isinstance([*parents, last][position + 1], int | Item | Member) else {})
            key = segment
        node = node[key]
    key = find_field(node, last, field)
    if field.change == "removed":
        if key is None:
            raise NotAdoptableError(LocalizedText(texts.NOT_IN_GIT, path=field.path))
        del node[key]
    elif key is not None:
        node[key] = to_yaml(node[key], field.live)
    elif isinstance(node, list):
        node.append(to_yaml(None, field.live) if isinstance(node, CommentedSeq) else field.live)
    elif isinstance(last, str) and isinstance(node, Mapping):
        _set(node, last, field.live)
    else:
        raise NotAdoptableError(LocalizedText(texts.OTHER_SHAPE, path=field.path))


def segments(field: FieldDrift) -> list[Segment]:
    """The segments of a field's path."""
    return [segment for segment in parse_path(field.path) if isinstance(segment, str | int | Item | Member)]


def find_field(node: Any, last: Segment, field: FieldDrift) -> Any:
    """The key of a field's last segment; None for an added list item, which git doesn't have."""
    return None if field.change == "added" and isinstance(last, Item) else find_key(node, last)


def find_key(node: Any, segment: Segment) -> Any:
    """The key or index of a segment in a mapping or list; None without one. Raises NotAdoptableError for several."""
    if isinstance(segment, str):
        return segment if isinstance(node, Mapping) and segment in node else None
    if not isinstance(node, list):
        return None
    if isinstance(segment, int):
        return segment if segment < len(node) else None
    if isinstance(segment, Member):
        indices = [index for index, value in enumerate(node) if _as_text(value) == _as_text(segment.value)]
    else:
        matches = {index: keys for index, value in enumerate(node) if (keys := _matching_keys(value, segment))}
        most = max(matches.values(), default=0)
        indices = [index for index, keys in matches.items() if keys == most]
    if len(indices) > 1:
        raise NotAdoptableError(LocalizedText(texts.IDENTICAL_ITEMS, path=format_path((segment,))))
    return indices[0] if indices else None


def _matching_keys(value: Any, item: Item) -> int:
    """How many keys a list item declares; 0 if one of them differs. Git may leave others to the server's default."""
    if not isinstance(value, Mapping):
        return 0
    present = [(key, expected) for key, expected in item.keys if value.get(key) not in (None, "")]
    return len(present) if all(_as_text(value[key]) == _as_text(expected) for key, expected in present) else 0


def _as_text(value: object) -> str:
    return str(value) if isinstance(value, str) else json.dumps(value, default=str)


# ---------------------------------------------------------------- text


def _json_texts(text: str, documents: list[Any]) -> Iterator[str]:
    indented = re.search(r"\n( +|\t)\S", text)
    indent = indented[1] if indented else None
    escaped = text.isascii() and "\\u" in text
    lines = [
        json.dumps(document, indent=indent, ensure_ascii=escaped) for document in documents if document is not None
    ]
    yield "\n".join(lines) + ("\n" if text.endswith("\n") else "")


def _yaml_texts(text: str, drift: Sequence[ObjectDrift], file: str, namespace: str) -> Iterator[str]:
    """Candidates for the edited text, closest to the original first."""
    line_end = "\r\n" if "\r\n" in text else "\n"
    text = text.replace("\r\n", "\n")
    yaml = round_trip(text)
    try:
        unchanged = _dump(yaml, list(yaml.load_all(text)))
        changed = _dump(yaml, _apply_drift(list(yaml.load_all(text)), drift, file, namespace))
    except YAMLError as error:
        raise NotAdoptableError(LocalizedText(texts.LAYOUT, file=file)) from error
    original, candidates = text.splitlines(keepends=True), [changed.splitlines(keepends=True)]
    if unchanged != text:
        lines = _transplant(original, unchanged.splitlines(keepends=True), candidates[0])
        candidates = [*([lines] if lines is not None else []), *candidates]
    for lines in candidates:
        kept = _keep_comments(original, lines)
        for edited in (_without_own_comments(original, kept), kept, lines):
            yield "".join(edited).replace("\n", line_end)


def round_trip(text: str) -> YAML:
    """A YAML parser and printer with the layout of this text."""
    yaml = YAML(typ="rt", pure=True)
    yaml.preserve_quotes = True
    yaml.width = _NO_FOLDING
    mapping, offset = _indents(text)
    yaml.indent(mapping=mapping, sequence=offset + 2, offset=offset)
    lines = (line for line in text.split("\n") if line.strip() and not line.lstrip().startswith("#"))
    yaml.explicit_start = bool(re.match(r"---(\s|$)", next(lines, "")))
    return yaml


def _indents(text: str) -> tuple[int, int]:
    """The indentation of mappings and list items in the file; (2, 0), as kubectl prints, if it has neither."""
    mapping, offset = 2, 0
    nested = re.search(r"^( *)[^\s#-][^\n]*:[ ]*\n( +)[^\s#-]", text, re.MULTILINE)
    if nested and len(nested[2]) > len(nested[1]):
        mapping = len(nested[2]) - len(nested[1])
    item = re.search(r"^( *)[^\s#-][^\n]*:[ ]*\n( *)- ", text, re.MULTILINE)
    if item and len(item[2]) >= len(item[1]):
        offset = len(item[2]) - len(item[1])
    return mapping, offset


def _dump(yaml: YAML, documents: list[Any]) -> str:
    out = io.StringIO()
    yaml.dump_all([document for document in documents if document is not None], out)
    return out.getvalue()


def _transplant(original: list[str], unchanged: list[str], changed: list[str]) -> list[str] | None:
    """Apply the edit from `unchanged` to `changed` to `original`, which has another layout; None if that fails."""
    stripped = [line.strip() for line in unchanged], [line.strip() for line in original]
    positions = {-1: -1, len(unchanged): len(original)}  # of a line of `unchanged` in `original`
    for _, start, end, first, last in _opcodes(*stripped):
        if end - start == last - first:  # the same lines, or as many different ones
            positions |= dict(zip(range(start, end), range(first, last), strict=True))
    result = list(original)
    for tag, start, end, new_start, new_end in reversed(_opcodes(unchanged, changed)):
        if tag == "equal":
            continue
        is_replacement = start < end
        if not ({start, end - 1} if is_replacement else {start - 1}) <= positions.keys():
            return None
        first = positions[start] if is_replacement else positions[start - 1] + 1
        last = positions[end - 1] + 1 if is_replacement else first
        anchor = start if is_replacement else start - 1
        shift = _indentation(original[positions[anchor]]) - _indentation(unchanged[anchor]) if anchor >= 0 else 0
        result[first:last] = [_indent(line, shift) for line in changed[new_start:new_end]]
    return result


def _keep_comments(original: list[str], changed: list[str]) -> list[str]:
    """`changed` with the comments of lines that follow removed ones: ruamel.yaml attaches them to the removed lines."""
    result = list(changed)
    for tag, start, end, first, last in reversed(_opcodes(original, changed)):
        if tag in ("delete", "replace"):
            indentation = _indentation(original[end]) if end < len(original) else 0
            comments = _trailing_comments(original[start:end], indentation)
            if not set(comments) <= set(changed[first:last]):
                result[last:last] = comments
    return result


def _without_own_comments(original: list[str], changed: list[str]) -> list[str]:
    """`changed` without the comments above removed lines, except at the top or if a sibling without any follows."""
    result = list(changed)
    deletions = [opcode for opcode in _opcodes(original, changed) if opcode[0] == "delete"]
    for _, start, end, first, _ in reversed(deletions):
        indentation = _indentation(original[start])
        following = next(iter(original[end:]), "")
        has_sibling = _indentation(following) == indentation and not _is_blank_or_comment(following, indentation)
        comments = _comments_above(original[:start], indentation)
        if len(comments) < start and not has_sibling and result[first - len(comments) : first] == comments:
            del result[first - len(comments) : first]
    return result


def _comments_above(lines: list[str], indentation: int) -> list[str]:
    """The comments with this indentation at the end, up to a blank line."""
    return [*takewhile(lambda line: line.strip() and _is_blank_or_comment(line, indentation), lines[::-1])][::-1]


def _trailing_comments(lines: list[str], indentation: int) -> list[str]:
    """The comments with this indentation at the end, with the blank lines after each."""
    trailing = list(takewhile(lambda line: _is_blank_or_comment(line, indentation), reversed(lines)))
    return list(dropwhile(lambda line: not line.strip(), reversed(trailing)))


def _is_blank_or_comment(line: str, indentation: int) -> bool:
    return not line.strip() or (line.lstrip(" ").startswith("#") and _indentation(line) == indentation)


def _opcodes(before: list[str], after: list[str]) -> list[tuple[str, int, int, int, int]]:
    """The difflib opcodes from `before` to `after`; one replacement if lines repeat too often."""
    first = _common(before, after)
    last = _common(before[first:][::-1], after[first:][::-1])
    end, new_end = len(before) - last, len(after) - last
    counts = Counter(after[first:new_end])
    if sum(counts[line] for line in before[first:end]) > _MAX_PAIRS:
        between = [("replace", first, end, first, new_end)]
    else:
        opcodes = SequenceMatcher(None, before[first:end], after[first:new_end], autojunk=False).get_opcodes()
        between = [(tag, first + a, first + b, first + c, first + d) for tag, a, b, c, d in opcodes]
    return [("equal", 0, first, 0, first), *between, ("equal", end, len(before), new_end, len(after))]


def _common(one: list[str], other: list[str]) -> int:
    """How many leading lines both have in common."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((index for index, (left, right) in pairs if left != right), min(len(one), len(other)))


def _indentation(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _indent(line: str, by: int) -> str:
    return " " * by + line if by >= 0 else line[min(-by, _indentation(line)) :]


# ---------------------------------------------------------------- values


def _set(mapping: Any, key: str, value: Any) -> None:
    if isinstance(mapping, CommentedMap):
        mapping[_quote_if_needed(key)] = to_yaml(None, value)
    else:
        mapping[key] = value


def to_yaml(before: Any, value: Any) -> Any:
    """A value for ruamel.yaml, quoted like the value `before` and so that Kubernetes parses it correctly."""
    if isinstance(value, str):
        if "\n" in value and not re.search(r"[ \t]\n|^\s|[\x00-\x08\x0b-\x1f]", value):
            return LiteralScalarString(value)
        if isinstance(before, ScalarString) and not isinstance(before, LiteralScalarString) and "\n" not in value:
            return type(before)(value)
        return _quote_if_needed(value)
    if isinstance(value, Mapping):
        return CommentedMap({_quote_if_needed(key): to_yaml(None, member) for key, member in value.items()})
    if isinstance(value, list):
        return CommentedSeq([to_yaml(None, item) for item in value])
    return value


def _quote_if_needed(value: str) -> str:
    """Quote a string that Kubernetes would parse as another value, such as `yes`, `1e3`, `010` and `[:0]`."""
    try:
        is_plain = [document for _, document in read_documents("", f"a: {value}\n".encode())] == [{"a": value}]
    except (ManifestError, ValueError):
        is_plain = False
    return value if is_plain and not value.startswith(":") else DoubleQuotedScalarString(value)

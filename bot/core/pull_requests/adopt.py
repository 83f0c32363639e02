"""Updates a plain YAML or JSON file to match the live objects, and keeps its comments and layout."""

import io
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import YAMLError
from ruamel.yaml.scalarstring import DoubleQuotedScalarString, LiteralScalarString, ScalarString

from bot.core.drift.exclusions import DELETION_PATH
from bot.core.drift.item_order import is_order
from bot.core.drift.model import FieldDrift, ObjectDrift
from bot.core.objects.credentials import HIDDEN, redact_text
from bot.core.objects.documents import ManifestError, read_documents
from bot.core.objects.path import Item, Member
from bot.core.objects.redaction import has_hidden
from bot.core.pull_requests.declarations import Declaration, Declarations, without_removed_items
from bot.core.pull_requests.edit_budget import EditBudget
from bot.core.pull_requests.field_finder import FieldFinder, segments
from bot.core.pull_requests.not_adoptable import NotAdoptableError
from bot.core.pull_requests.yaml_lines import (
    documents_by_part,
    keep_comments,
    outer_comments,
    split_documents,
    transplant,
    without_comments_of_removed_lines,
)
from bot.i18n.catalogue import adopt as texts
from bot.i18n.language import LocalizedText

# Characters that YAML doesn't allow, or that its versions disagree on as line breaks, unless they are escaped.
_ONLY_ESCAPED: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")
_FLOW_INDICATORS: Final = re.compile(r"^:|(?:^|:)\?")  # plain for ruamel.yaml, but not for Kubernetes, inside [] and {}
_NO_FOLDING: Final = 2**20  # ruamel.yaml folds longer lines


def adopt(
    file: str,
    content: bytes,
    drift: Sequence[ObjectDrift],
    *,
    namespace: str,
    budget: EditBudget | None = None,
) -> bytes | None:
    """The file with its drifted objects as they are in the cluster; None if nothing is left in it.

    `namespace` is the application's, for objects without one. Objects missing from the cluster are removed. Raises
    NotAdoptableError for credentials, if the file is too large to edit, and if parsing the result does not give the
    intended objects (a shared anchor, a list item that cannot be identified).
    """
    budget = budget or EditBudget()
    budget.take_values(file, drift)
    for object_drift in drift:
        check_adoptable(object_drift)
    documents = budget.read(file, content)
    text = content.decode("utf-8-sig")
    is_json = file.endswith(".json")
    parts = [text] if is_json else split_documents(text)
    # Only the parts of the text that declare the objects are edited.
    declared = documents_by_part(parts, documents)
    drift_of: dict[int, list[ObjectDrift]] = {}
    declarations = Declarations(declared, namespace)
    for object_drift in drift:
        if (declaration := declarations.last(object_drift)) is None:
            raise _not_declared(file, object_drift)
        drift_of.setdefault(declaration.part, []).append(object_drift)
    for part, drift_of_part in drift_of.items():
        budget.take(file, parts[part])
        copies = json.loads(json.dumps(declared[part]))  # without the values that aliases share
        declared[part] = _apply_drift(copies, drift_of_part, file, namespace)
        parts[part] = _edited(parts[part], declared[part], drift_of_part, file, namespace)
    expected = [document for values in declared.values() for document in values]
    if not any(document is not None for document in expected):
        return None
    adopted = "".join(parts).encode()
    if not _parses_to(file, adopted, expected):
        raise NotAdoptableError(LocalizedText(texts.SHARED_VALUE, file=file))
    return b"\xef\xbb\xbf" + adopted if content.startswith(b"\xef\xbb\xbf") else adopted


def _edited(text: str, documents: list[Any], drift: Sequence[ObjectDrift], file: str, namespace: str) -> str:
    """The text edited so that it declares these documents; a removed one is None."""
    candidates: Iterable[str]
    if file.endswith(".json"):
        candidates = _json_texts(text, documents)
    elif any(document is not None for document in documents):
        candidates = edited_texts(text, file, lambda values: _apply_drift(values, drift, file, namespace))
    else:
        candidates = ["".join(outer_comments(text.splitlines(keepends=True)))]
    for candidate in candidates:
        if _parses_to(file, candidate.encode(), documents):
            return candidate
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
    if hidden := next(filter(_has_credential, object_drift.fields), None):
        name = f"{object_drift.kind} {object_drift.name}"
        raise NotAdoptableError(LocalizedText(texts.CREDENTIAL, object=name, path=hidden.path))


def _has_credential(field: FieldDrift) -> bool:
    """Whether a live value or a key has a credential. Drift shows `HIDDEN` for each, except for keys in its values."""
    return HIDDEN in field.path or has_hidden(field.live) or _has_credential_as_key(field.live)


def _has_credential_as_key(value: Any) -> bool:
    if isinstance(value, Mapping):
        return any(redact_text(key) != key or _has_credential_as_key(below) for key, below in value.items())
    return isinstance(value, list) and any(map(_has_credential_as_key, value))


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
    declarations, finder = Declarations({0: documents}, namespace), FieldFinder()
    removed: list[Declaration] = []
    for object_drift in drift:
        if (declaration := declarations.last(object_drift)) is None:
            raise _not_declared(file, object_drift)
        items, index = declaration.items, declaration.position
        if object_drift.change == "missing":
            items[index] = None
            removed += [declaration] if items is not documents else []
            continue
        for field in object_drift.fields:
            apply_field(items[index], field, finder)
    without_removed_items(removed)
    return documents


def _not_declared(file: str, object_drift: ObjectDrift) -> NotAdoptableError:
    return NotAdoptableError(
        LocalizedText(texts.NOT_DECLARED, file=file, kind=object_drift.kind, name=object_drift.name)
    )


def apply_field(declared: Any, field: FieldDrift, finder: FieldFinder) -> None:
    """Set one field of an object to its live value, in place. Raises NotAdoptableError if git has no such field."""
    *parents, last = segments(field)
    node = declared
    for position, segment in enumerate(parents):
        key = finder.key(node, segment)
        if key is None or node[key] is None:
            if field.change != "added" or not isinstance(segment, str) or not isinstance(node, Mapping):
                raise NotAdoptableError(LocalizedText(texts.NOT_IN_GIT, path=field.path))
            _set(node, segment, [] if isinstance([*parents, last][position + 1], int | Item | Member) else {})
            key = segment
        node = node[key]
    key = finder.key_of_field(node, last, field)
    if field.change == "removed":
        if key is None:
            raise NotAdoptableError(LocalizedText(texts.NOT_IN_GIT, path=field.path))
        finder.removed(node, node[key])
        del node[key]
    elif key is not None:
        finder.removed(node, node[key])
        node[key] = to_yaml(node[key], field.live)
        finder.added(node, node[key])
    elif isinstance(node, list):
        node.append(to_yaml(None, field.live) if isinstance(node, CommentedSeq) else field.live)
        finder.added(node, node[-1])
    elif isinstance(last, str) and isinstance(node, Mapping):
        _set(node, last, field.live)
    else:
        raise NotAdoptableError(LocalizedText(texts.OTHER_SHAPE, path=field.path))


# ---------------------------------------------------------------- text


def _json_texts(text: str, documents: list[Any]) -> Iterator[str]:
    indented = re.search(r"\n( +|\t)\S", text)
    indent = indented[1] if indented else None
    escaped = text.isascii() and "\\u" in text
    lines = [
        json.dumps(document, indent=indent, ensure_ascii=escaped) for document in documents if document is not None
    ]
    yield "\n".join(lines) + ("\n" if text.endswith("\n") else "")


def edited_texts(text: str, file: str, edit: Callable[[list[Any]], list[Any]]) -> Iterator[str]:
    """Candidates for the text with its documents edited, closest to the original first. Raises NotAdoptableError."""
    line_end = "\r\n" if "\r\n" in text else "\n"
    text = text.replace("\r\n", "\n")
    end = "" if text.endswith("\n") else "\n"  # so that a line can follow the last one
    terminated = text + end
    if end and is_equivalent(file, text.encode(), terminated.encode()):  # else the end of a multiline string
        text = terminated
    yaml = round_trip(text)
    try:
        unchanged = _dump(yaml, list(yaml.load_all(text)))
        changed = _dump(yaml, edit(list(yaml.load_all(text))))
    except (YAMLError, RecursionError) as error:
        raise NotAdoptableError(LocalizedText(texts.LAYOUT, file=file)) from error
    original, candidates = terminated.splitlines(keepends=True), [changed.splitlines(keepends=True)]
    if unchanged != terminated:
        lines = transplant(original, unchanged.splitlines(keepends=True), candidates[0])
        candidates = [*([lines] if lines is not None else []), *candidates]
    for lines in candidates:
        kept = keep_comments(original, lines)
        for edited in (without_comments_of_removed_lines(original, kept), kept, lines):
            joined = "".join(edited)
            for candidate in (joined.removesuffix(end), joined) if end else (joined,):
                yield candidate.replace("\n", line_end)


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


# ---------------------------------------------------------------- values


def _set(mapping: Any, key: str, value: Any) -> None:
    if isinstance(mapping, CommentedMap):
        mapping[_quote_if_needed(key)] = to_yaml(None, value)
    else:
        mapping[key] = value


def to_yaml(before: Any, value: Any) -> Any:
    """A value for ruamel.yaml, quoted like the value `before` and so that Kubernetes parses it correctly."""
    if isinstance(value, str):
        if _ONLY_ESCAPED.search(value):
            return DoubleQuotedScalarString(value)
        if "\n" in value and not re.search(r"[ \t]\n|^\s", value):
            return LiteralScalarString(value)
        if isinstance(before, ScalarString) and not isinstance(before, LiteralScalarString) and value.isprintable():
            return type(before)(value)
        return _quote_if_needed(value)
    if isinstance(value, Mapping):
        return CommentedMap({_quote_if_needed(key): to_yaml(None, member) for key, member in value.items()})
    if isinstance(value, list):
        return CommentedSeq([to_yaml(None, item) for item in value])
    return value


def _quote_if_needed(value: str) -> str:
    """Quote a string that Kubernetes would parse as another value, such as `yes`, `1e3`, `010`, `[:0]` and `[?a]`."""
    try:
        is_plain = [document for _, document in read_documents("", f"a: {value}\n".encode())] == [{"a": value}]
    except (ManifestError, ValueError):
        is_plain = False
    return value if is_plain and not _FLOW_INDICATORS.search(value) else DoubleQuotedScalarString(value)

"""Updates a Kustomize overlay to match the live objects, through its `images` and `replicas`, or else with a patch.

Only Kustomize knows what an overlay renders to, so the caller renders and checks the result.
"""

import codecs
import copy
import io
import posixpath
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import YAMLError

from bot.core.drift.model import FieldDrift, ObjectDrift
from bot.core.objects.manifest import Manifest
from bot.core.objects.path import Item, Member, Segment
from bot.core.pull_requests.adopt import (
    apply_field,
    check_adoptable,
    edited_texts,
    is_equivalent,
    round_trip,
    to_yaml,
)
from bot.core.pull_requests.edit_budget import EditBudget
from bot.core.pull_requests.field_finder import FieldFinder, segments
from bot.core.pull_requests.not_adoptable import NotAdoptableError
from bot.core.pull_requests.yaml_lines import documents_by_part, split_documents
from bot.core.rendering.source import KUSTOMIZATION_FILES
from bot.i18n.catalogue import adopt as texts
from bot.i18n.language import LocalizedText

FOLDER: Final = "adopted"  # for the patches, next to the kustomization

Operation = dict[str, Any]


def adopt_overlay(
    path: str, files: Mapping[str, bytes], rendered: Sequence[Manifest], drift: Sequence[ObjectDrift]
) -> dict[str, bytes]:
    """The new content of files, by path from the root. `path` is the overlay's folder, and `files` are the files in it.

    `rendered` are the overlay's current manifests, each object in its namespace. A patch is a list of JSON Patch
    operations (RFC 6902); if it refers to list items by index, it first tests that they are the right ones, so that
    Kustomize fails instead of patching another item if the base changes later. Raises NotAdoptableError.
    """
    kustomization = next(
        (place for name in KUSTOMIZATION_FILES if (place := posixpath.join(path, name)) in files), None
    )
    if kustomization is None:
        raise NotAdoptableError(LocalizedText(texts.NO_KUSTOMIZATION, path=path))
    content, budget = files[kustomization], EditBudget()
    documents = budget.read(kustomization, content)
    budget.take_values(kustomization, drift)
    parts = split_documents(content.decode("utf-8-sig"))
    by_part = documents_by_part(parts, ((line, value) for line, value in documents if value is not None))
    own = next(iter(by_part), 0)
    budget.take(kustomization, parts[own])
    text = parts[own].replace("\r\n", "\n")
    try:
        overlay = round_trip(text).load(text)
    except (YAMLError, RecursionError) as error:
        raise NotAdoptableError(LocalizedText(texts.NO_YAML, file=kustomization)) from error
    if not isinstance(overlay, CommentedMap):
        raise NotAdoptableError(LocalizedText(texts.NO_KUSTOMIZATION, path=path))
    adopted: dict[str, bytes] = {}
    manifests = {manifest.key: manifest for manifest in rendered}
    patched = {name for entry in _entries(overlay, "patches") if isinstance(name := entry.get("path"), str)}
    for object_drift in drift:
        check_adoptable(object_drift)
        if (manifest := manifests.get(object_drift.key)) is None:
            raise _not_rendered(object_drift)
        fields = [field for field in object_drift.fields if not _set_in_overlay(overlay, object_drift, field)]
        if not fields and object_drift.change != "missing":
            continue
        name = f"{FOLDER}/{object_drift.kind.lower()}-{object_drift.name}.yaml"
        place = posixpath.join(path, name)
        if object_drift.change == "missing":
            adopted[place] = _deletion(object_drift, _name(overlay, object_drift))
        else:
            adopted[place] = _patch(files.get(place, b""), list(_operations(manifest.object, fields)), place, budget)
        if name not in patched:
            _add_patch(overlay, name, object_drift)
            patched.add(name)
    parts[own] = _edited(kustomization, parts[own], lambda _: [overlay])
    if (changed := "".join(parts).encode()) != content.removeprefix(codecs.BOM_UTF8):
        adopted[kustomization] = codecs.BOM_UTF8 + changed if content.startswith(codecs.BOM_UTF8) else changed
    return adopted


def _edited(file: str, text: str, edit: Callable[[list[Any]], list[Any]]) -> str:
    candidates = list(edited_texts(text, file, edit))
    last = candidates[-1].encode()
    edited = next((candidate for candidate in candidates if is_equivalent(file, candidate.encode(), last)), None)
    if edited is None:
        raise NotAdoptableError(LocalizedText(texts.LAYOUT, file=file))
    return edited


def expected(manifest: Manifest, object_drift: ObjectDrift) -> Any:
    """The object that the overlay must render to once the drift is adopted. Raises NotAdoptableError."""
    rendered, finder = copy.deepcopy(dict(manifest.object)), FieldFinder()
    for field in object_drift.fields:
        apply_field(rendered, field, finder)
    return rendered


def _not_rendered(object_drift: ObjectDrift) -> NotAdoptableError:
    return NotAdoptableError(LocalizedText(texts.NOT_RENDERED, kind=object_drift.kind, name=object_drift.name))


# ---------------------------------------------------------------- the overlay's own fields


def _set_in_overlay(overlay: Any, object_drift: ObjectDrift, field: FieldDrift) -> bool:
    """If the overlay itself sets this field, which happens after all patches, set the live value; whether it does."""
    if field.change != "changed":
        return False
    if field.path == "spec.replicas":
        for entry in _entries(overlay, "replicas"):
            if entry.get("name") in {object_drift.name, _name(overlay, object_drift)}:
                entry["count"] = field.live
                return True
    if field.path.endswith(".image") and isinstance(field.live, str) and isinstance(field.desired, str):
        for entry in _entries(overlay, "images"):
            if _set_image(entry, field.desired, field.live):
                return True
    return False


def _entries(overlay: Any, name: str) -> list[Any]:
    return [entry for entry in overlay.get(name) or () if isinstance(entry, Mapping)]


def _set_image(entry: Any, before: str, after: str) -> bool:
    """Set the live image in one entry of `images`; False if the entry is for another image."""
    name, _, _ = _image(before)
    if name != (entry.get("newName") or entry.get("name")):
        return False
    name, tag, digest = _image(after)
    if name != entry.get("name") or "newName" in entry:
        entry["newName"] = to_yaml(entry.get("newName"), name)
    for key, value in (("newTag", tag), ("digest", digest)):
        if value:
            entry[key] = to_yaml(entry.get(key), value)
        else:
            entry.pop(key, None)
    return True


def _image(reference: str) -> tuple[str, str, str]:
    """Name, tag and digest of an image; "" if it has none. A colon before the last slash belongs to a port."""
    rest, _, digest = reference.partition("@")
    head, slash, last = rest.rpartition("/")
    name, _, tag = last.partition(":")
    return head + slash + name, tag, digest


def _name(overlay: Any, object_drift: ObjectDrift) -> str:
    """The object's name without the prefix and suffix that the overlay adds, which happens after patches."""
    return object_drift.name.removeprefix(overlay.get("namePrefix") or "").removesuffix(overlay.get("nameSuffix") or "")


# ---------------------------------------------------------------- patches


def _add_patch(overlay: Any, name: str, object_drift: ObjectDrift) -> None:
    patches = overlay.get("patches")
    if patches is None:
        overlay["patches"] = patches = CommentedSeq()
    group, _, version = object_drift.api_version.rpartition("/")
    target = CommentedMap({"group": group} if group else {})
    target |= {"version": version, "kind": object_drift.kind, "name": _name(overlay, object_drift)}
    entry = CommentedMap({"path": name})
    if object_drift.change != "missing":  # a deletion identifies its object
        entry["target"] = target
    patches.append(entry)


def _deletion(object_drift: ObjectDrift, name: str) -> bytes:
    identity = {"apiVersion": object_drift.api_version, "kind": object_drift.kind, "metadata": {"name": name}}
    return _dump({"$patch": "delete", **identity})


def _patch(content: bytes, operations: Sequence[Operation], place: str, budget: EditBudget) -> bytes:
    """The patch file at `place` with these operations appended to its current `content`."""
    if not content:
        return _dump(list(operations))
    budget.read(place, content)
    text = content.decode("utf-8-sig")
    budget.take(place, text)

    def append(documents: list[Any]) -> list[Any]:
        if len(documents) != 1 or not isinstance(documents[0], list):
            raise NotAdoptableError(LocalizedText(texts.NO_PATCH, file=place))
        documents[0].extend(to_yaml(None, list(operations)))
        return documents

    return _edited(place, text, append).encode()


def _dump(value: object) -> bytes:
    yaml = YAML(typ="rt", pure=True)
    yaml.width = 2**20
    out = io.StringIO()
    yaml.dump(to_yaml(None, value), out)
    return out.getvalue().encode()


def _operations(declared: Mapping[str, Any], fields: Sequence[FieldDrift]) -> Iterator[Operation]:
    """The operations for each field, on the object with the earlier fields already changed."""
    state, finder = copy.deepcopy(dict(declared)), FieldFinder()
    for field in fields:
        pointer, node = "", state
        *parents, last = segments(field)
        tests: list[Operation] = []
        for position, segment in enumerate(parents):
            key = finder.key(node, segment)
            if key is None or node[key] is None:
                yield {
                    "op": "add",
                    "path": f"{pointer}/{_token(segment)}",
                    "value": _nested(parents[position + 1 :], last, field),
                }
                break
            tests += _tests(pointer, node, segment, key)
            pointer, node = f"{pointer}/{_token(key)}", node[key]
        else:
            key = finder.key_of_field(node, last, field)
            if key is not None:
                tests += _tests(pointer, node, last, key)
            yield from tests
            yield _operation(field, pointer, node, last, key)
        apply_field(state, field, finder)


def _operation(field: FieldDrift, pointer: str, node: Any, last: Segment, key: Any) -> Operation:
    if field.change == "removed":
        return {"op": "remove", "path": f"{pointer}/{_token(key)}"}
    if key is not None:
        return {"op": "replace", "path": f"{pointer}/{_token(key)}", "value": field.live}
    return {"op": "add", "path": f"{pointer}/{'-' if isinstance(node, list) else _token(last)}", "value": field.live}


def _tests(pointer: str, node: Any, segment: Segment, index: Any) -> list[Operation]:
    """Tests that the item at an index is the one that `segment` identifies."""
    if isinstance(segment, Item):
        keys = [key for key, _ in segment.keys if key in node[index]]
        return [{"op": "test", "path": f"{pointer}/{index}/{_token(key)}", "value": node[index][key]} for key in keys]
    if isinstance(segment, Member):
        return [{"op": "test", "path": f"{pointer}/{index}", "value": node[index]}]
    return []


def _nested(rest: Sequence[Segment], last: Segment, field: FieldDrift) -> Any:
    value = field.live
    for segment in reversed([*rest, last]):
        value = {segment: value} if isinstance(segment, str) else [value]
    return value


def _token(segment: object) -> str:
    """A reference token of a JSON Pointer (RFC 6901)."""
    return str(segment).replace("~", "~0").replace("/", "~1")

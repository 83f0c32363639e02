"""Makes a Kustomize overlay come to what live says: by the overlay's own `images` and `replicas`, else by a patch.

What an overlay comes to only Kustomize knows, so whoever uses this renders the result and compares.
"""

import copy
import io
import posixpath
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import YAMLError

from bot.core.drift.model import FieldDrift, ObjectDrift
from bot.core.objects.manifest import Manifest
from bot.core.objects.path import Item, Member, Segment
from bot.core.pull_requests.adopt import NotAdoptableError, apply, as_written, find, round_trip, segments
from bot.core.rendering.source import KUSTOMIZATION_FILES
from bot.i18n.catalogue import adopt as texts
from bot.i18n.language import LocalizedText

FOLDER: Final = "adopted"  # where the patches lie, beside the kustomization

Operation = dict[str, Any]


def adopt_overlay(
    path: str, files: Mapping[str, bytes], rendered: Sequence[Manifest], drift: Sequence[ObjectDrift]
) -> dict[str, bytes]:
    """The files to write anew, by path from the root; `path` is the overlay's folder and `files` what lies there.

    `rendered` is what the overlay comes to now, each object in its namespace. A patch is a list of JSON patch
    operations (RFC 6902); where it counts items of a list it first tests that they are the ones meant, so that a base
    that changes later makes Kustomize fail loudly and never patches another item. NotAdoptableError.
    """
    kustomization = next((name for each in KUSTOMIZATION_FILES if (name := posixpath.join(path, each)) in files), None)
    if kustomization is None:
        raise NotAdoptableError(LocalizedText(texts.NO_KUSTOMIZATION, path=path))
    text = files[kustomization].decode("utf-8-sig")
    yaml = round_trip(text)
    try:
        overlay = yaml.load(text)
    except YAMLError as error:
        raise NotAdoptableError(LocalizedText(texts.NO_YAML, file=kustomization)) from error
    written: dict[str, bytes] = {}
    for found in drift:
        if found.kind == "Secret":
            raise NotAdoptableError(LocalizedText(texts.SECRET, name=found.name))
        declared = _declared(rendered, found)
        fields = [field for field in found.fields if not _by_overlay(overlay, found, field)]
        if not fields and found.change != "missing":
            continue
        name = f"{FOLDER}/{found.kind.lower()}-{found.name}.yaml"
        place = posixpath.join(path, name)
        if found.change == "missing":
            written[place] = _deletion(found, _name(overlay, found))
        else:
            known = files.get(place, b"")
            written[place] = _patch(known, list(_operations(declared.object, fields)), place)
        _refer(overlay, name, found)
    out = io.StringIO()
    yaml.dump(overlay, out)
    if out.getvalue() != text:
        written[kustomization] = out.getvalue().encode()
    return written


def expected(declared: Manifest, found: ObjectDrift) -> Any:
    """What the object has to come to once the overlay is written. NotAdoptableError."""
    meant = copy.deepcopy(dict(declared.object))
    for field in found.fields:
        apply(meant, field)
    return meant


def _declared(rendered: Sequence[Manifest], found: ObjectDrift) -> Manifest:
    for manifest in reversed(rendered):
        if manifest.key == (found.api_version, found.kind, found.namespace, found.name):
            return manifest
    raise NotAdoptableError(LocalizedText(texts.NOT_RENDERED, kind=found.kind, name=found.name))


# ---------------------------------------------------------------- the overlay's own fields


def _by_overlay(overlay: Any, found: ObjectDrift, field: FieldDrift) -> bool:
    """Whether the overlay itself sets this, after all patches, and now sets what live has."""
    if field.change != "changed":
        return False
    if field.path == "spec.replicas":
        for entry in overlay.get("replicas") or ():
            if entry.get("name") in {found.name, _name(overlay, found)}:
                entry["count"] = field.live
                return True
    if field.path.endswith(".image") and isinstance(field.live, str) and isinstance(field.desired, str):
        for entry in overlay.get("images") or ():
            if _set_image(entry, field.desired, field.live):
                return True
    return False


def _set_image(entry: Any, before: str, after: str) -> bool:
    """Give one entry of `images` the live image; False when the entry is not about it."""
    name, _, _ = _image(before)
    if name != (entry.get("newName") or entry.get("name")):
        return False
    name, tag, digest = _image(after)
    if name != entry.get("name") or "newName" in entry:
        entry["newName"] = name
    for key, value in (("newTag", tag), ("digest", digest)):
        if value:
            entry[key] = value
        else:
            entry.pop(key, None)
    return True


def _image(reference: str) -> tuple[str, str, str]:
    """Name, tag and digest; the latter two "" where there is none. A colon before the last slash is a port's."""
    rest, _, digest = reference.partition("@")
    head, slash, last = rest.rpartition("/")
    name, _, tag = last.partition(":")
    return head + slash + name, tag, digest


def _name(overlay: Any, found: ObjectDrift) -> str:
    """The object's name before the overlay adds its own prefix and suffix, which is after patches."""
    return found.name.removeprefix(overlay.get("namePrefix") or "").removesuffix(overlay.get("nameSuffix") or "")


# ---------------------------------------------------------------- patches


def _refer(overlay: Any, name: str, found: ObjectDrift) -> None:
    patches = overlay.setdefault("patches", CommentedSeq())
    if any(entry.get("path") == name for entry in patches):
        return
    group, _, version = found.api_version.rpartition("/")
    target = CommentedMap({"group": group} if group else {})
    target |= {"version": version, "kind": found.kind, "name": _name(overlay, found)}
    entry = CommentedMap({"path": name})
    if found.change != "missing":  # a deletion names its object by itself
        entry["target"] = target
    patches.append(entry)


def _deletion(found: ObjectDrift, name: str) -> bytes:
    return _written(
        {"$patch": "delete", "apiVersion": found.api_version, "kind": found.kind, "metadata": {"name": name}}
    )


def _patch(known: bytes, operations: Sequence[Operation], place: str) -> bytes:
    """The patch with these operations after those it has."""
    if not known:
        return _written(list(operations))
    text = known.decode()
    yaml = round_trip(text)
    try:
        before = yaml.load(text)
    except YAMLError:
        before = None
    if not isinstance(before, list):
        raise NotAdoptableError(LocalizedText(texts.NO_PATCH, file=place))
    before.extend(as_written(None, list(operations)))
    out = io.StringIO()
    yaml.dump(before, out)
    return out.getvalue().encode()


def _written(value: object) -> bytes:
    yaml = YAML(typ="rt", pure=True)
    yaml.width = 2**20
    out = io.StringIO()
    yaml.dump(as_written(None, value), out)
    return out.getvalue().encode()


def _operations(declared: Mapping[str, Any], fields: Sequence[FieldDrift]) -> Iterator[Operation]:
    """One field after the other, each on what the ones before it have left."""
    state = copy.deepcopy(dict(declared))
    for field in fields:
        pointer, holder = "", state
        *parents, last = segments(field)
        tested: list[Operation] = []
        for position, part in enumerate(parents):
            below = find(holder, part)
            if below is None or holder[below] is None:
                yield {
                    "op": "add",
                    "path": f"{pointer}/{_token(part)}",
                    "value": _nested(parents[position + 1 :], last, field),
                }
                break
            tested += _guards(pointer, holder, part, below)
            pointer, holder = f"{pointer}/{_token(below)}", holder[below]
        else:
            at = find(holder, last)
            if at is not None:
                tested += _guards(pointer, holder, last, at)
            yield from tested
            yield _operation(field, pointer, holder, last, at)
        apply(state, field)


def _operation(field: FieldDrift, pointer: str, holder: Any, last: Segment, at: Any) -> Operation:
    if field.change == "removed":
        return {"op": "remove", "path": f"{pointer}/{_token(at)}"}
    if at is not None:
        return {"op": "replace", "path": f"{pointer}/{_token(at)}", "value": field.live}
    return {"op": "add", "path": f"{pointer}/{'-' if isinstance(holder, list) else _token(last)}", "value": field.live}


def _guards(pointer: str, holder: Any, part: Segment, at: Any) -> list[Operation]:
    """Tests that the item at an index is the one meant."""
    if isinstance(part, Item):
        keys = [key for key, _ in part.keys if key in holder[at]]
        return [{"op": "test", "path": f"{pointer}/{at}/{_token(key)}", "value": holder[at][key]} for key in keys]
    if isinstance(part, Member):
        return [{"op": "test", "path": f"{pointer}/{at}", "value": holder[at]}]
    return []


def _nested(rest: Sequence[Segment], last: Segment, field: FieldDrift) -> Any:
    value = field.live
    for part in reversed([*rest, last]):
        value = {part: value} if isinstance(part, str) else [value]
    return value


def _token(part: object) -> str:
    """One reference token of a JSON pointer, RFC 6901."""
    return str(part).replace("~", "~0").replace("/", "~1")

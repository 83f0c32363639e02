"""The four kinds of patches: JSON patch, merge patch, strategic merge patch and server-side apply."""

from copy import deepcopy
from typing import Any

import jsonpatch

from bot.sandbox.cluster.errors import ApiError, bad_request
from bot.sandbox.cluster.managed_fields import key_of
from bot.sandbox.cluster.schema import Schema

Object = dict[str, Any]


def json_patch(document: Object, operations: Any) -> Object:
    """RFC 6902. Raises ApiError 400 if it is not a patch, 422 if it cannot be applied to the document."""
    if not isinstance(operations, list):
        raise bad_request("a JSON patch must be a list of operations")
    try:
        result = jsonpatch.apply_patch(document, operations)
    except (jsonpatch.JsonPatchException, jsonpatch.JsonPointerException) as error:
        message = f"the server rejected our request due to an error in our request: {error}"
        raise ApiError(422, "Invalid", message) from error
    if not isinstance(result, dict):
        raise bad_request("the result of a JSON patch must be an object")
    return result


def merge_patch(document: Any, patch: Any) -> Any:
    """RFC 7386."""
    if not isinstance(patch, dict):
        return deepcopy(patch)
    result = dict(document) if isinstance(document, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merge_patch(result.get(key), value)
    return result


DELETE_FROM = "$deleteFromPrimitiveList/"
ORDER = "$setElementOrder/"


def strategic_merge_patch(schema: Schema, document: Any, patch: Any) -> Any:
    """Kubernetes' own patch: merges lists by their merge key, with directives such as `$patch` and `$retainKeys`.

    https://github.com/kubernetes/community/blob/master/contributors/devel/sig-api-machinery/strategic-merge-patch.md
    """
    if not isinstance(patch, dict):
        return deepcopy(patch)
    if patch.get("$patch") in ("replace", "delete"):
        return {} if patch["$patch"] == "delete" else {k: deepcopy(v) for k, v in patch.items() if k != "$patch"}
    result = dict(document) if isinstance(document, dict) else {}
    if "$retainKeys" in patch:
        result = {key: value for key, value in result.items() if key in patch["$retainKeys"]}
    for key, value in patch.items():
        if key.startswith(DELETE_FROM):
            name = key.removeprefix(DELETE_FROM)
            result[name] = [item for item in result.get(name, []) if item not in value]
        elif key.startswith(ORDER):
            name = key.removeprefix(ORDER)
            if name not in patch and isinstance(result.get(name), list):
                result[name] = _merge_list(schema.child(name), result[name], [], value)
        elif value is None:
            result.pop(key, None)
        elif key not in ("$patch", "$retainKeys"):
            result[key] = _merge_value(schema.child(key), result.get(key), value, patch.get(ORDER + key))
    return result


def _merge_value(schema: Schema, live: Any, patch: Any, order: list[Any] | None) -> Any:
    if isinstance(patch, list):
        return _merge_list(schema, live or [], patch, order)
    return strategic_merge_patch(schema, live, patch)


def _merge_list(schema: Schema, live: list[Any], patch: list[Any], order: list[Any] | None) -> list[Any]:
    if not schema.merges or any(isinstance(item, dict) and item.get("$patch") == "replace" for item in patch):
        return [deepcopy(item) for item in patch if not (isinstance(item, dict) and item.get("$patch") == "replace")]
    key = schema.merge_key
    if not key:
        result = live + [item for item in patch if item not in live]
        return _ordered(result, order, lambda item: item)
    result, added = list(live), []
    for item in patch:
        if key not in item:
            raise bad_request(f"map: {item!r} does not contain declared merge key: {key}")
        at = next((i for i, old in enumerate(result) if old.get(key) == item[key]), None)
        if item.get("$patch") == "delete":
            result = [old for old in result if old.get(key) != item[key]]
        elif at is None:
            added.append(strategic_merge_patch(schema.element, {}, item))
        else:
            result[at] = strategic_merge_patch(schema.element, result[at], item)
    # Without an explicit order, the server puts the patch's new items first.
    return _ordered(result + added if order else added + result, order, lambda item: item.get(key))


def _ordered(items: list[Any], order: list[Any] | None, name: Any) -> list[Any]:
    if not order:
        return items
    keys = [item if not isinstance(item, dict) else next(iter(item.values())) for item in order]
    position = {str(value): i for i, value in enumerate(keys)}
    return sorted(items, key=lambda item: position.get(str(name(item)), len(position)))


def merge_applied(schema: Schema, live: Any, applied: Any) -> Any:
    """Merge an applied configuration into the live object, lists and maps according to their types."""
    if schema.atomic or live is None:
        return deepcopy(applied)
    match applied, live:
        case dict(), dict():
            result = dict(live)
            for key, value in applied.items():
                result[key] = merge_applied(schema.child(key), live.get(key), value)
            return result
        case list(), list() if schema.keys:
            result_list, index = list(live), {key_of(schema, item): i for i, item in enumerate(live)}
            for item in applied:
                key = key_of(schema, item)
                if key in index:
                    result_list[index[key]] = merge_applied(schema.element, live[index[key]], item)
                else:
                    result_list.append(deepcopy(item))
            return _in_order_of(applied, result_list, schema)
        case list(), list() if schema.is_set:
            return live + [item for item in applied if item not in live]
        case _:
            return deepcopy(applied)


def _in_order_of(applied: list[Any], merged: list[Any], schema: Schema) -> list[Any]:
    """Put applied items in the applied order; the others stay after their predecessors."""
    position = {key_of(schema, item): float(i) for i, item in enumerate(applied)}
    last, ranked = -1.0, []
    for item in merged:
        last = position.get(key_of(schema, item), last + 1e-6)
        ranked.append((last, item))
    return [item for _, item in sorted(ranked, key=lambda pair: pair[0])]

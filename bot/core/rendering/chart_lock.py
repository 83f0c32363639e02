"""Verifies that a chart's lock file matches the dependencies that it declares, as `helm dependency build` does.

https://github.com/helm/helm/blob/main/internal/resolver/resolver.go (`HashReq`, and `HashV2Req` for locks by Helm 2)
"""

import json
from collections.abc import Sequence
from hashlib import sha256
from typing import Any, Final

from bot.core.objects.resource import Object

# The fields of a dependency in Helm's order, and whether Helm writes them if they are empty.
_FIELDS: Final = ("name", "version", "repository", "condition", "tags", "enabled", "import-values", "alias")
_ALWAYS: Final = ("name", "repository")
_TEXTS: Final = ("name", "version", "repository", "condition", "alias")
_ESCAPES: Final = {ord(character): f"\\u{ord(character):04x}" for character in "<>&\u2028\u2029"}  # encoding/json's


def is_out_of_sync(digest: str, declared: Sequence[Object], locked: Sequence[Object]) -> bool:
    """Whether a lock with this digest and these entries doesn't match the declared dependencies.

    False if unknown: for the alias of a repository, which each user of Helm defines, and for values that Go writes
    differently, such as a version without quotes.
    """
    if not digest or not all(_is_reproducible(dependency) for dependency in (*declared, *locked)):
        return False
    required, resolved = (f"[{','.join(map(_encoded, entries))}]" for entries in (declared, locked))
    expected = (f"[{required},{resolved}]", f'{{"dependencies":{required}}}')
    return digest not in {f"sha256:{sha256(text.encode()).hexdigest()}" for text in expected}


def _is_reproducible(dependency: Object) -> bool:
    has_texts = all(isinstance(dependency.get(field, ""), str) for field in _TEXTS)
    return has_texts and not str(dependency.get("repository", "")).startswith(("@", "alias:"))


def _encoded(dependency: Object) -> str:
    """A dependency as Go's encoding/json writes it."""
    fields: dict[str, Any] = {field: dependency.get(field) or "" for field in _FIELDS}
    written = {field: value for field, value in fields.items() if value or field in _ALWAYS}
    parts = (f"{json.dumps(field)}:{_json(value)}" for field, value in written.items())
    return f"{{{','.join(parts)}}}"


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True).translate(_ESCAPES)

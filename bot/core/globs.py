"""Patterns of paths as Argo CD reads them: `*` and `?` match a slash too, `{a,b}` is either."""

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from functools import lru_cache
from itertools import islice
from typing import Final

_BRACES: Final = re.compile(r"\{([^{}]*)\}")
_MOST: Final = 200  # alternatives that are looked at: {a,b}{a,b}… doubles with each


def matches(pattern: str, path: str) -> bool:
    """Whether the whole path is of the pattern."""
    return any(fnmatchcase(path, each) for each in _alternatives(pattern))


@lru_cache(maxsize=256)
def _alternatives(pattern: str) -> tuple[str, ...]:
    return tuple(islice(_expanded(pattern), _MOST))


def _expanded(pattern: str) -> Iterator[str]:
    """The pattern without braces; the innermost go first."""
    found = _BRACES.search(pattern)
    if found is None:
        yield pattern
        return
    for each in found[1].split(","):
        yield from _expanded(f"{pattern[: found.start()]}{each}{pattern[found.end() :]}")

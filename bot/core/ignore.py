"""Rules of the operator's own: differences that are known and wanted."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache

from bot.core.path import Pattern, Segment, matches, parse_path


@dataclass(frozen=True, slots=True)
class IgnoreRule:
    """Which objects (`kind`, `namespace`, `name`: exact, or `*` patterns as in a shell) and which paths in them.

    `paths` are written as drift paths; a path covers everything below it, and `[*]` stands for any list item.
    """

    paths: tuple[str, ...]
    kind: str = "*"
    namespace: str = "*"
    name: str = "*"

    def covers(self, kind: str, namespace: str | None, name: str) -> bool:
        """Whether the rule is about this object; a cluster-scoped one has the namespace ""."""
        return (
            fnmatchcase(kind, self.kind)
            and fnmatchcase(namespace or "", self.namespace)
            and fnmatchcase(name, self.name)
        )


class Ignored:
    """The rules that may still apply below some point of an object."""

    __slots__ = ("_patterns",)

    def __init__(self, patterns: Sequence[Pattern]) -> None:
        self._patterns = patterns

    def below(self, segment: Segment) -> "Ignored | None":
        """Those that apply below one segment more; None when there are none."""
        left = [pattern[1:] for pattern in self._patterns if pattern and matches(pattern[0], segment)]
        return Ignored(left) if left else None

    @property
    def whole(self) -> bool:
        """Whether everything from here on is ignored."""
        return any(not pattern for pattern in self._patterns)


def rules_for(
    rules: Iterable[IgnoreRule], kind: str, namespace: str | None, name: str, paths: Iterable[str] = ()
) -> Ignored | None:
    """The rules about one object, and paths of its own besides; None when there are none. PathError."""
    found = [path for rule in rules if rule.covers(kind, namespace, name) for path in rule.paths]
    patterns = [_parsed(path) for path in (*found, *paths)]
    return Ignored(patterns) if patterns else None


@lru_cache(maxsize=1024)
def _parsed(path: str) -> Pattern:
    return parse_path(path)

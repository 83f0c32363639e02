"""Rules of the operator's own: differences that are known and wanted."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class IgnoreRule:
    """Which objects (`kind`, `namespace`, `name`: exact, or `*` patterns as in a shell) and which paths in them.

    `paths` are written as drift paths; a path covers everything below it, and `[*]` stands for any list item.
    """

    paths: tuple[str, ...]
    kind: str = "*"
    namespace: str = "*"
    name: str = "*"

"""The repository that an application comes from, and the revision to track."""

from dataclasses import dataclass
from typing import Self

from bot.core.git.target_revision import TargetRevision


@dataclass(frozen=True, slots=True)
class RepositoryRef:
    """A repository by its `name` in the configuration; `target_revision` is None for its configured branch."""

    name: str
    target_revision: TargetRevision | None = None

    @property
    def key(self) -> str:
        """`platform`, or `platform@1.x`: how it is stored, and looked up in `Ports.repositories` and `Ports.forges`."""
        return f"{self.name}@{self.target_revision.key}" if self.target_revision else self.name

    @classmethod
    def parse(cls, key: str) -> Self:
        """The reference with this key. A repository's name contains no `@`."""
        name, _, revision = key.partition("@")
        return cls(name, TargetRevision.from_key(revision) if revision else None)

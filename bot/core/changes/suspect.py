"""Which commits explain what is wrong: for a person at 3 a.m., so nobody is named whom the evidence does not name."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from bot.core.changes.rendered_change import FieldChange, ObjectChange, RenderedChange
from bot.core.drift.model import FieldDrift, ObjectDrift
from bot.core.git.commit import Commit
from bot.core.globs import matches_glob

MOST_SUSPECTS: Final = 3
MOST_NAMED: Final = 3
# Without a rollout that says how far a commit came, only one this much older than the drift is brought up.
LATELY: Final = timedelta(days=1)


class Why(StrEnum):
    """What speaks against a commit.

    BEFORE: the cluster has what git said before it. NEVER: git added there what the cluster does not have. OBJECT: the
    last one in which what does not run changed, PATH: the last one that changed a file it may come from.
    """

    BEFORE = "before"
    NEVER = "never"
    OBJECT = "object"
    PATH = "path"


@dataclass(frozen=True, slots=True)
class Suspect:
    """One commit; `places` are what it touched of what is wrong (`Deployment web spec.replicas`), the first of them.

    `approved_by` are forge logins, None when the forge could not say.
    """

    sha: str
    subject: str
    author: str
    at: datetime
    why: Why
    places: tuple[str, ...]
    url: str | None = None
    pull_number: int | None = None
    pull_url: str | None = None
    approved_by: tuple[str, ...] | None = None

    @property
    def revision(self) -> str:
        """What a revert of it is asked for by."""
        return f"#{self.pull_number}" if self.pull_number else self.sha


@dataclass(frozen=True, slots=True)
class Explained:
    """One difference between git and the cluster that a change in git explains; `path` is "" for a missing object."""

    drift: ObjectDrift
    path: str
    why: Why

    @property
    def place(self) -> str:
        """As people read it."""
        return f"{self.drift.kind} {self.drift.name} {self.path}".strip()


def explained(
    drift: Iterable[ObjectDrift], since: RenderedChange, commit: Commit, *, namespace: str, by_hand: Sequence[str]
) -> list[Explained]:
    """The differences that are there because the cluster stands where git stood before `commit`.

    `since` is what git changed from before the commit until now, `by_hand` patterns of the field managers of people:
    what one of them wrote later than the commit is theirs. Of a Secret no value is known, so nothing is said.
    """
    changes = {_identity(each, namespace): each for each in since.objects}
    found = []
    for each in drift:
        change = changes.get(_identity(each, namespace))
        if change is None or each.kind == "Secret":
            continue
        if each.change == "missing":
            if change.change == "added":
                found.append(Explained(each, "", Why.NEVER))
            continue
        fields = {field.path: field for field in change.fields}
        found += [
            Explained(each, field.path, Why.BEFORE)
            for field in each.fields
            if field.path in fields and _stands_before(field, fields[field.path]) and not _later(field, commit, by_hand)
        ]
    return found


def unexplained(drift: Iterable[ObjectDrift], known: Iterable[Explained]) -> list[ObjectDrift]:
    """What of it none of the known explains."""
    settled = {(id(each.drift), each.path) for each in known}  # values in it may be lists
    left = []
    for each in drift:
        if each.change == "missing":
            left += [] if (id(each), "") in settled else [each]
        elif fields := tuple(field for field in each.fields if (id(each), field.path) not in settled):
            left.append(replace(each, fields=fields))
    return left


def _stands_before(field: FieldDrift, change: FieldChange) -> bool:
    """Whether what the cluster has at that path is what git said there."""
    match field.change:
        case "changed":
            return change.change == "changed" and bool(change.before == field.live)
        case "removed":
            return change.change == "added"
        case "added":
            return change.change == "removed" and bool(change.before == field.live)


def _later(field: FieldDrift, commit: Commit, by_hand: Sequence[str]) -> bool:
    manager = field.manager
    if manager is None or not any(matches_glob(pattern, manager) for pattern in by_hand):
        return False
    return field.time is None or field.time >= commit.committed_at


def _identity(found: ObjectDrift | ObjectChange, namespace: str) -> tuple[str, str, str, str]:
    group = found.api_version.rpartition("/")[0]
    return group, found.kind, found.namespace or namespace, found.name

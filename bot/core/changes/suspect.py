"""Which commits explain a problem. A commit is never named without evidence."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from bot.core.changes.rendered_change import FieldChange, ObjectChange, RenderedChange
from bot.core.drift.model import FieldDrift, ObjectDrift
from bot.core.drift.short_path import short_path
from bot.core.git.commit import Commit
from bot.core.globs import matches_glob
from bot.core.objects.redaction import has_hidden

MAX_SUSPECTS: Final = 3
MAX_PLACES: Final = 3
# How much older than the drift a suspected commit may be, if no rollout shows whether it was live.
RECENT: Final = timedelta(days=1)


class SuspectReason(StrEnum):
    """Why a commit is a suspect.

    BEFORE: the cluster has what git declared before the commit. NEVER: the commit added what the cluster lacks. OBJECT:
    it is the last one that changed the failing object. PATH: it is the last one that changed a file that the failing
    object may come from.
    """

    BEFORE = "before"
    NEVER = "never"
    OBJECT = "object"
    PATH = "path"


@dataclass(frozen=True, slots=True)
class Suspect:
    """One commit. `places` are the first of the objects and fields it explains (`Deployment web replicas`).

    `approved_by` are forge logins, None if the forge could not say.
    """

    sha: str
    subject: str
    author: str
    at: datetime
    why: SuspectReason
    places: tuple[str, ...]
    url: str | None = None
    pull_number: int | None = None
    pull_url: str | None = None
    approved_by: tuple[str, ...] | None = None

    @property
    def revision(self) -> str:
        """The argument for `/gitops revert`."""
        return f"#{self.pull_number}" if self.pull_number else self.sha


@dataclass(frozen=True, slots=True)
class ExplainedDrift:
    """One difference that a change in git explains. `path` is "" for a missing object."""

    drift: ObjectDrift
    path: str
    why: SuspectReason

    @property
    def place(self) -> str:
        """The object and the path, for people."""
        path = self.path and short_path(self.drift.kind, self.drift.name, self.path)
        return f"{self.drift.kind} {self.drift.name} {path}".strip()


def explained(
    drift: Iterable[ObjectDrift], since: RenderedChange, commit: Commit, *, namespace: str, interactive: Sequence[str]
) -> list[ExplainedDrift]:
    """The differences that exist because the cluster still has what git declared before `commit`.

    `since` is what changed in git since before the commit. `interactive` are patterns of field managers that people use
    by hand: the commit does not explain what one of them wrote later. Values of credentials are unknown, so a
    difference in one is never explained.
    """
    changes = {_identity(change, namespace): change for change in since.objects}
    explained_drift = []
    for object_drift in drift:
        change = changes.get(_identity(object_drift, namespace))
        if change is None:
            continue
        if object_drift.change == "missing":
            if change.change == "added":
                explained_drift.append(ExplainedDrift(object_drift, "", SuspectReason.NEVER))
            continue
        changed_fields = {field.path: field for field in change.fields}
        explained_drift += [
            ExplainedDrift(object_drift, field.path, SuspectReason.BEFORE)
            for field in object_drift.fields
            if field.path in changed_fields
            and not has_hidden(field.live)
            and _is_as_before(field, changed_fields[field.path])
            and not _is_later(field, commit, interactive)
        ]
    return explained_drift


def unexplained(drift: Iterable[ObjectDrift], explained_drift: Iterable[ExplainedDrift]) -> list[ObjectDrift]:
    """The differences that are not among the explained ones."""
    # By id, since a difference may hold lists, which aren't hashable.
    settled = {(id(difference.drift), difference.path) for difference in explained_drift}
    rest = []
    for object_drift in drift:
        if object_drift.change == "missing":
            rest += [] if (id(object_drift), "") in settled else [object_drift]
        elif fields := tuple(field for field in object_drift.fields if (id(object_drift), field.path) not in settled):
            rest.append(replace(object_drift, fields=fields))
    return rest


def _is_as_before(field: FieldDrift, change: FieldChange) -> bool:
    """Whether the cluster has what git declared before a change."""
    match field.change:
        case "changed":
            return change.change == "changed" and bool(change.before == field.live)
        case "removed":
            return change.change == "added"
        case "added":
            return change.change == "removed" and bool(change.before == field.live)


def _is_later(field: FieldDrift, commit: Commit, interactive: Sequence[str]) -> bool:
    """Whether a person may have written a field after a commit."""
    manager = field.manager
    if manager is None or not any(matches_glob(pattern, manager) for pattern in interactive):
        return False
    return field.time is None or field.time >= commit.committed_at


def _identity(change: ObjectDrift | ObjectChange, namespace: str) -> tuple[str, str, str, str]:
    group, kind, own_namespace, name = change.identity
    return group, kind, own_namespace or namespace, name

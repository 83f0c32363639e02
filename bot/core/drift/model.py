"""The result of a drift check: what differs, at which path, and which tool wrote it when at the latest."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal

from bot.core.health.unready import Unready
from bot.i18n.language import Text

Identity = tuple[str, str, str | None, str, str]  # API group, kind, namespace, name and path; "" for the whole object


class Status(StrEnum):
    """An application's status. One that could not be fully checked is UNKNOWN, never SYNCED."""

    SYNCED = "Synced"
    OUT_OF_SYNC = "OutOfSync"
    UNKNOWN = "Unknown"


class Confidence(StrEnum):
    """How certain it is who made a difference.

    CERTAIN: the request changed this field last. LIKELY: the audit log has no one else who may have. ONE_OF_SEVERAL: it
    was one of the people named.
    """

    CERTAIN = "certain"
    LIKELY = "likely"
    ONE_OF_SEVERAL = "one-of-several"


@dataclass(frozen=True, slots=True)
class ClusterUser:
    """A user or service account, as the API server names it, and the user that it impersonated, if any."""

    name: str
    impersonated: str = ""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who made a difference, from the cluster's audit log, or from a watch that saw the write.

    `users` is one user, or several if it was one of them; none if one isn't known, the configuration hides them, or
    only a watch saw the write. `tool` is a name such as `kubectl edit`, "" if several are possible or none is
    recorded. `time` is when the request was made, None if several are possible.
    """

    confidence: Confidence
    users: tuple[ClusterUser, ...]
    tool: str
    time: datetime | None


@dataclass(frozen=True, slots=True)
class FieldDrift:
    """One difference inside an object that is both in git and in the cluster.

    `path` is written as in docs/drift.md (`spec.template.spec.containers[name=web].image`). `desired` is None for
    `added`, and `live` for `removed`. Values of a Secret are replaced before this is built. `manager` is the field
    manager (a tool, not a person) and `time` is when it last wrote to the object, so it wrote this value no later; both
    are None if the API server recorded no manager. `reason` is the rule that decided, in a few words. `actor` is who
    made the difference, None if neither the audit log nor a watch shows it. `is_shortened` means that the bot replaced
    values that may be shown, since they exceed a limit: anyone can write a value that only looks hidden.
    """

    change: Literal["changed", "removed", "added"]
    path: str
    desired: Any = None
    live: Any = None
    manager: str | None = None
    time: datetime | None = None
    reason: Text = ""
    actor: Actor | None = None
    is_shortened: bool = False


@dataclass(frozen=True, slots=True)
class SourceLocation:
    """Where git declares an object: the file, from the repository's root, and the line where its document begins."""

    file: str
    line: int


@dataclass(frozen=True, slots=True)
class ObjectDrift:
    """One object that differs: `missing` from the cluster, or `modified` in some `fields`.

    For a missing object, `reason` is why it is drift or set aside, and `actor` who deleted it; each field of a modified
    one has its own. `location` is at the revision of the check; None if a renderer built the object from unknown files.
    """

    api_version: str
    kind: str
    namespace: str | None  # None: cluster-scoped
    name: str
    change: Literal["modified", "missing"]
    fields: tuple[FieldDrift, ...] = ()
    reason: Text = ""
    actor: Actor | None = None
    location: SourceLocation | None = None

    @property
    def key(self) -> tuple[str, str, str | None, str]:
        """What identifies the object in a cluster: the key of its manifest."""
        return self.api_version, self.kind, self.namespace, self.name

    @property
    def identity(self) -> tuple[str, str, str | None, str]:
        """What identifies the object across the versions of its API: group, kind, namespace and name."""
        return self.api_version.rpartition("/")[0], self.kind, self.namespace, self.name


@dataclass(frozen=True, slots=True)
class Check:
    """One drift check of one application at one time.

    `revision` is the full sha that was compared, None if git could not be read. `error` is set if the status is
    UNKNOWN: text for people that names what could not be checked and what to do; `drift` then has what could be
    checked, and `unchecked` the objects and fields that could not, None if these can be any. `set_aside` are the
    differences that are not drift, each with its reason (an ignore rule, a controller, and with `explain` the server's
    defaults). `notes` are sentences about git, such as an object that is declared twice. `chart` is set if the revision
    is a fetched chart's: its name and version, such as `podinfo 6.7.1`. `complete_at` is set if the status is UNKNOWN:
    when the application was last checked completely. `degraded` are the declared objects whose health is Degraded.
    `origin` is the key of the resource that declares the application, None if the configuration does. `omitted` is how
    many less severe differences were not stored. `repository` is the key of the repository and revision that the
    application tracked, and `namespace` its namespace; "" and None if an earlier version stored the check.
    """

    application: str
    cluster: str
    revision: str | None
    status: Status
    error: Text | None
    objects: int
    at: datetime
    drift: tuple[ObjectDrift, ...] = ()
    set_aside: tuple[ObjectDrift, ...] = field(default=(), compare=False)
    unchecked: frozenset[Identity] | None = field(default=None, compare=False)
    notes: tuple[Text, ...] = ()
    complete_at: datetime | None = None
    degraded: tuple[Unready, ...] = ()
    chart: str = ""
    origin: tuple[str, str, str, str] | None = None
    omitted: int = 0
    repository: str = ""
    namespace: str | None = None


@dataclass(frozen=True, slots=True)
class NotFollowed:
    """Resources of one kind that declare applications, which the bot cannot check for the same `reason`.

    `resources` are `CLUSTER/NAMESPACE/NAME`.
    """

    kind: str
    reason: Text
    resources: tuple[str, ...]

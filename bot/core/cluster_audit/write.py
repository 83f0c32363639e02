"""One request that changed an object of a cluster, as the bot stores it, without values."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from bot.core.drift.model import ClusterUser

EVERYTHING: Final = ""  # the path of a whole object

_LONGEST_REQUEST: Final = timedelta(minutes=1)  # the API server's default timeout
_TOOLS: Final = {"kubectl-client-side-apply": "kubectl apply"}


@dataclass(frozen=True, slots=True, order=True)
class ObjectKey:
    """An object of a cluster. `resource` is the plural (`deployments`); `namespace` is "" for a cluster-scoped one.

    `name` is "" if the request was for a whole collection.
    """

    group: str
    resource: str
    namespace: str
    name: str


UNREADABLE: Final = ObjectKey("", "", "", "")  # the key of requests in the log that the bot cannot read


@dataclass(frozen=True, slots=True)
class ClusterWrite:
    """One successful request that changed an object, or may have.

    - `user` made the request; None if the bot stores no names.
    - `manager` is the field manager, as in `metadata.managedFields`.
    - `time` is when the API server received the request, and `completed` when it had responded.
    - `version` is the object's resourceVersion afterward; None if the event doesn't have it.
    - `api_version` is that of `fields`; "" if the event has no object.
    - `fields` are the paths that the request changed, if `is_exact`; otherwise those that it named. None: any field.
      For the deletion of a collection, they are the names of the deleted objects. None: any object.
    - `removed` are those of `fields` that the object no longer had afterward; None if unknown.
    """

    id: str
    key: ObjectKey
    verb: str
    user: ClusterUser | None
    manager: str
    time: datetime
    completed: datetime
    subresource: str = ""
    is_apply: bool = False
    version: int | None = None
    api_version: str = ""
    fields: tuple[str, ...] | None = None
    removed: tuple[str, ...] | None = None
    is_exact: bool = False

    @property
    def is_unread(self) -> bool:
        """Whether this represents the requests for an object that `unread_writes` describes."""
        return not self.verb and self.key != UNREADABLE

    @property
    def is_creation(self) -> bool:
        """Whether the object did not exist before."""
        return self.verb == "create"

    @property
    def is_deletion(self) -> bool:
        """Whether the request deleted the object, or its collection."""
        return self.verb in ("delete", "deletecollection")

    @property
    def is_status_only(self) -> bool:
        """Whether the request changed nothing but the object's status."""
        return self.subresource == "status" and self.fields == ()

    @property
    def tool(self) -> str:
        """Such as `kubectl edit`; for a tool other than kubectl, the field manager."""
        if self.manager in _TOOLS:
            return _TOOLS[self.manager]
        if self.manager == "kubectl":
            command = "delete" if self.is_deletion else self.subresource or ("apply" if self.is_apply else "")
            return f"kubectl {command}".rstrip()
        return self.manager.replace("kubectl-", "kubectl ", 1) if self.manager.startswith("kubectl-") else self.manager


def unreadable_write(now: datetime, delay: timedelta) -> ClusterWrite:
    """Represents any requests by any user to any object in this minute, or up to `delay` before it."""
    minute = now.replace(second=0, microsecond=0)
    return ClusterWrite(
        id=f"unreadable/{minute.isoformat()}",
        key=UNREADABLE,
        verb="",
        user=None,
        manager="",
        time=minute - delay,
        completed=minute + timedelta(minutes=1),
    )


def unread_writes(key: ObjectKey, newest: datetime) -> ClusterWrite:
    """Represents any requests for an object by any user, of which the newest was received then."""
    return ClusterWrite(
        id=f"unread/{key}",
        key=key,
        verb="",
        user=None,
        manager="",
        time=datetime.min.replace(tzinfo=UTC),
        completed=newest + _LONGEST_REQUEST,
        version=0,
    )


def guess_resource(kind: str) -> str:
    """The plural of a kind, by the rule of Kubernetes' own tools; some custom resources have a different one.

    https://pkg.go.dev/k8s.io/apimachinery/pkg/api/meta#UnsafeGuessKindToResource
    """
    singular = kind.lower()
    if singular.endswith("endpoints"):
        return singular
    if singular.endswith("s"):
        return f"{singular}es"
    return f"{singular[:-1]}ies" if singular.endswith("y") else f"{singular}s"

"""A sample application, with a check, drift and an incident."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.core.applications.application import Application
from bot.core.approvals.approval import ApprovalRecord
from bot.core.drift.model import Check, FieldDrift, ObjectDrift, Status
from bot.core.git.repository_ref import RepositoryRef
from bot.core.incidents.incident import Incident, IncidentState
from tests.common.slack import ALERTS

T0 = datetime(2026, 3, 1, 2, 47, tzinfo=UTC)
REVISION = "a" * 40
SCALED = ObjectDrift(
    "apps/v1", "Deployment", "shop", "web", "modified", (FieldDrift("changed", "spec.replicas", 2, 7, "kubectl", T0),)
)


class RecordedParents(dict[str, str]):
    """What the bot recorded of a branch: what it had before each commit, by sha."""

    def of_commits(self, repository: str, shas: Sequence[str]) -> list[ApprovalRecord]:
        """As the store's."""
        return [
            ApprovalRecord(sha, repository, "main", sha, self[sha], "Subject", "Ana", T0, sha, 1, T0)
            for sha in shas
            if sha in self
        ]


def application(name: str = "shop", **settings: Any) -> Application:
    """An application at apps/NAME of the repository `platform`, on the cluster `prod`, in the namespace NAME."""
    repository = RepositoryRef(settings.pop("repository", "platform"))
    defaults = {"path": f"apps/{name}", "cluster": "prod", "namespace": name, "channel": ALERTS}
    return Application(name, repository, **{**defaults, **settings})


def check(application: str = "shop", **values: Any) -> Check:
    """A check four minutes after T0, which is in sync without drift."""
    status = Status.OUT_OF_SYNC if values.get("drift") else Status.SYNCED
    defaults = {"cluster": "prod", "revision": REVISION, "status": status, "error": None, "objects": 3}
    return Check(application, **{**defaults, "at": T0 + timedelta(minutes=4), **values})


def incident(application: str = "shop", **values: Any) -> Incident:
    """An open, announced incident with one scaled Deployment, since T0."""
    defaults: dict[str, Any] = {
        "id": f"{application}@1",
        "application": application,
        "cluster": "prod",
        "channel": ALERTS,
        "state": IncidentState.OPEN,
        "since": T0,
        "checked_at": T0,
        "revision": REVISION,
        "drift": (SCALED,),
        "worst": (SCALED,),
        "announced_at": T0,
    }
    return Incident(**{**defaults, **values})

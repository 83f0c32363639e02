"""What a merge is still waiting for in one application."""

from dataclasses import dataclass
from typing import Final

from bot.core.applications.deployer_status import DeployerFailure
from bot.core.health.cause import Cause, cause_of
from bot.core.health.status import HealthStatus
from bot.core.health.unready import Unready

MAX_LISTED: Final = 10  # pending objects, and unpinned images, per application


@dataclass(frozen=True, slots=True)
class PendingState:
    """What was pending when an application was observed: at most MAX_LISTED of each kind; `total` counts all.

    `missing` fields and objects are not applied yet (`Deployment web: replicas`); `remaining` ones were removed
    from git but are still in the cluster; `unready` objects were applied but are not healthy. `failure` is the error
    that the deployer reports.
    """

    missing: tuple[str, ...] = ()
    remaining: tuple[str, ...] = ()
    unready: tuple[Unready, ...] = ()
    failure: DeployerFailure | None = None
    total: int = 0

    @property
    def is_applied(self) -> bool:
        """Whether everything was applied, and all that was removed from git is gone."""
        return not (self.missing or self.remaining)

    @property
    def cause(self) -> Cause | None:
        """Why it is still pending, as reported by the objects, or else their deployer."""
        causes = {unready.cause for unready in self.unready if unready.cause is not None}
        if self.failure is not None and (reported := cause_of(self.failure.reason, self.failure.message)):
            causes.add(reported)
        return min(causes, key=list(Cause).index, default=None)

    @property
    def is_reported(self) -> bool:
        """Whether a problem is reported. A failing probe is not one: a slow start looks the same."""
        is_degraded = any(unready.health is HealthStatus.DEGRADED for unready in self.unready)
        return is_degraded or self.cause not in (None, Cause.PROBE)

    @property
    def has_failed(self) -> bool:
        """Whether an object has failed permanently: it won't become healthy unless someone intervenes."""
        return any(unready.failed for unready in self.unready)


NOTHING_PENDING: Final = PendingState()

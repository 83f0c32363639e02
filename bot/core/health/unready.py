"""An object that was applied but is not healthy, as messages describe it."""

from dataclasses import dataclass
from typing import Self

from bot.core.health.cause import Cause
from bot.core.health.status import Health, HealthStatus


@dataclass(frozen=True, slots=True)
class Unready:
    """An object that was applied but is not healthy; if it runs pods, `ready` of `wanted` are.

    `reason` is Kubernetes' own if it has one (`ImagePullBackOff`), and `cause` its meaning, if known. `failed` means
    that its controller has given up.
    """

    kind: str
    name: str
    ready: int = 0
    wanted: int = 0
    reason: str = ""
    failed: bool = False
    health: HealthStatus = HealthStatus.PROGRESSING
    cause: Cause | None = None

    @classmethod
    def of(cls, kind: str, name: str, health: Health) -> Self:
        """The object with this kind, name and health."""
        return cls(
            kind,
            name,
            health.ready,
            health.wanted,
            health.reason,
            failed=health.failed,
            health=health.status,
            cause=health.cause,
        )

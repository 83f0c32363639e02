"""The names that discovered applications hold: a resource that is created again gets its name back."""

from collections import defaultdict
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

from bot.core.applications.application import Application
from bot.core.applications.names import ResourceKey
from bot.core.drift.model import Check

HELD_FOR: Final = timedelta(days=7)
MAX_GONE: Final = 5_000  # names in a namespace


class HeldNames:
    """The name of each discovered application, and the resource that it belongs to. Not thread-safe.

    A name is held until its resource has been gone for a week, or MAX_GONE names that went later are held in its
    namespace. `latest_checks` returns the stored checks by application, from which names are read once, so that
    restarts and replicas don't change them.
    """

    def __init__(
        self,
        latest_checks: Callable[[], Mapping[str, Check]] = dict,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._latest_checks = latest_checks
        self._clock = clock
        self._holders: dict[str, tuple[ResourceKey, datetime]] | None = None  # with the time when it was last seen

    def holders(self) -> Mapping[str, ResourceKey]:
        """The resource that each name belongs to. Raises StoreError."""
        return {name: key for name, (key, _) in self._held().items()}

    def hold(self, applications: Mapping[str, Application]) -> None:
        """Hold the names of the discovered ones among these applications. Raises StoreError."""
        now = self._clock()
        names = {name: application.origin for name, application in applications.items()}
        held = self._held()
        held.update({name: (origin.key, now) for name, origin in names.items() if origin is not None})
        gone: defaultdict[tuple[str, str], list[str]] = defaultdict(list)  # by cluster and namespace
        for name, ((cluster, _, namespace, _), _) in held.items():
            if name not in applications:
                gone[cluster, namespace].append(name)
        for in_namespace in gone.values():
            in_namespace.sort(key=lambda name: held[name][1], reverse=True)
            for name in in_namespace[MAX_GONE:]:
                del held[name]

    def _held(self) -> dict[str, tuple[ResourceKey, datetime]]:
        """The holders, without those that are held no longer."""
        if self._holders is None:
            checks = self._latest_checks()
            self._holders = {name: (check.origin, check.at) for name, check in checks.items() if check.origin}
        now = self._clock()
        self._holders = {name: holder for name, holder in self._holders.items() if now - holder[1] < HELD_FOR}
        return self._holders

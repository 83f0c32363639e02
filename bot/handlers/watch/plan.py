"""What to watch on a cluster: the names of the objects that applications declare, and the autoscalers."""

from collections.abc import Container, Mapping
from dataclasses import dataclass
from typing import Final

from bot.core.drift.observed_write import ObservedWrite
from bot.handlers.drift.declared import DeclaredObjects, Name
from bot.ports.cluster import Cluster, Discovery, ForbiddenError, Kind

ObjectRef = tuple[Kind, Name]
Scope = tuple[Kind, str | None]  # a kind in one or all (None) namespaces

_NOTHING: Final[Mapping[Name, tuple[str, ...]]] = {}


@dataclass(frozen=True, slots=True)
class ObjectChange:
    """A change of an object: whether it has settled since, and the write that made it, if there was only one."""

    is_settled: bool
    write: ObservedWrite | None = None


@dataclass(frozen=True, slots=True)
class WatchPlan:
    """The `applications` that declare each object, by kind and name, and the namespaces that have objects of a kind.

    `scaled` are the objects that declare `spec.replicas`, by namespace: autoscalers there decide whether a difference
    is drift.
    """

    discovery: Discovery
    namespaces: Mapping[Kind, frozenset[str | None]]
    applications: Mapping[Kind, Mapping[Name, tuple[str, ...]]]
    autoscalers: frozenset[Kind]
    scaled: Mapping[str | None, tuple[ObjectRef, ...]]

    def scopes(self, refused: Container[Scope]) -> list[Scope]:
        """What to watch, in the same way that a check lists it: a kind in its only namespace, in all, or in each.

        Leaves out `refused` scopes.
        """
        scopes: list[Scope] = []
        for kind, namespaces in self.namespaces.items():
            everywhere = len(namespaces) > 1 and (kind, None) not in refused
            scopes += [(kind, None)] if everywhere else [(kind, namespace) for namespace in sorted(namespaces, key=str)]
        return [scope for scope in scopes if scope not in refused]

    def declared(self, kind: Kind) -> Mapping[Name, tuple[str, ...]]:
        """The declared objects of a kind, each with the names of its applications."""
        return self.applications.get(kind, _NOTHING)

    def follows(self, kind: Kind, name: Name) -> bool:
        """Whether a change to an object can change a result."""
        return name in self.declared(kind) or (kind in self.autoscalers and name[0] in self.scaled)

    def affected(self, kind: Kind, name: Name) -> list[ObjectRef]:
        """The declared objects whose results a change to an object can change."""
        refs = [(kind, name)] if name in self.declared(kind) else []
        return refs + list(self.scaled.get(name[0], ()) if kind in self.autoscalers else ())


def refused_watches(cluster: Cluster, plan: WatchPlan) -> dict[Scope, ForbiddenError]:
    """The scopes of the plan that the bot isn't allowed to watch. Raises ClusterError without an answer."""
    refused: dict[Scope, ForbiddenError] = {}
    allowed: set[Scope] = set()
    while untried := [scope for scope in plan.scopes(refused) if scope not in allowed]:
        for kind, namespace in untried:
            try:
                cluster.watch(kind, namespace, "0").close()
                allowed.add((kind, namespace))
            except ForbiddenError as error:
                refused[kind, namespace] = error
    # If every single namespace is allowed, it doesn't matter that watching all at once is not.
    return {scope: error for scope, error in refused.items() if scope[1] in plan.namespaces[scope[0]]}


def watch_plan(declared: DeclaredObjects, discovery: Discovery) -> WatchPlan:
    """The plan for these objects, without their manifests."""
    scaled: dict[str | None, list[ObjectRef]] = {}
    for kind, name in declared.scaled:
        scaled.setdefault(name[0], []).append((kind, name))
    return WatchPlan(
        discovery,
        {kind: frozenset(namespaces) for kind, namespaces in declared.namespaces.items()},
        {
            kind: {
                name: tuple(dict.fromkeys(application.name for _, application in declarations))
                for name, declarations in by_name.items()
            }
            for kind, by_name in declared.declarations.items()
        },
        frozenset(declared.autoscalers),
        {namespace: tuple(refs) for namespace, refs in scaled.items()},
    )

"""The objects of a cluster that manifests declare, and the namespaces to look for them in."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from bot.core.applications.application import Application
from bot.core.objects.manifest import Manifest
from bot.core.objects.resolve import resolve_one
from bot.handlers.drift.served_kinds import autoscaler_kinds, scope_of
from bot.ports.cluster import Discovery, Kind
from bot.ports.isolation import skip_unexpected

Name = tuple[str | None, str]  # namespace and name
Declaration = tuple[Manifest, Application]  # a manifest in its namespace, and its application


@dataclass(frozen=True, slots=True)
class DeclaredObjects:
    """The namespaces to look in by kind, and the declarations by kind and name.

    `autoscalers` are the served kinds of autoscalers. They are read in the namespaces of the objects that declare
    `spec.replicas`, which are `scaled`.
    """

    autoscalers: Sequence[Kind]
    namespaces: defaultdict[Kind, set[str | None]] = field(default_factory=lambda: defaultdict(set))
    declarations: defaultdict[Kind, defaultdict[Name, list[Declaration]]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(list))
    )
    scaled: list[tuple[Kind, Name]] = field(default_factory=list)


def declared_objects(declarations: Iterable[Declaration], discovery: Discovery) -> DeclaredObjects:
    """The objects that manifests declare, of the kinds that the cluster serves."""
    declared = DeclaredObjects(autoscaler_kinds(discovery))
    namespaced = scope_of(discovery)
    for written, application in declarations:
        with skip_unexpected(f"{written.file}:{written.line} of {application.name}"):  # also reported in the result
            manifest = resolve_one(written, namespace=application.namespace, namespaced=namespaced)
            if manifest is None:
                continue
            kind = discovery.kinds.get((manifest.api_version, manifest.kind))
            name = manifest.namespace, manifest.name
            if kind is not None:
                declared.namespaces[kind].add(manifest.namespace)
                declared.declarations[kind][name].append((manifest, application))
            if manifest.namespace is None or not _declares_replicas(manifest):
                continue
            if kind is not None:
                declared.scaled.append((kind, name))
            for autoscaler in declared.autoscalers:
                declared.namespaces[autoscaler].add(manifest.namespace)
    return declared


def _declares_replicas(manifest: Manifest) -> bool:
    spec = manifest.object.get("spec")
    return isinstance(spec, Mapping) and spec.get("replicas") is not None

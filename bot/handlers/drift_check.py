"""Drift checks: what git declares against what the cluster holds.

Each kind is listed once for all applications of a check. What cannot be looked at makes unknown only what needs it.
"""

import threading
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from bot.core.application import Application
from bot.core.compare import ScaleTargets, compare_object, scale_targets
from bot.core.drift import Check, ObjectDrift, Status
from bot.core.ignore import IgnoreRule
from bot.core.manifest import Manifest, ManifestError, resolve
from bot.core.render import render
from bot.core.schema import Schemas
from bot.ports import Cluster, ClusterError, Discovery, File, ForbiddenError, Kind, PortError, Repository

_PARALLEL_READS = 4
_REMEMBERED_TREES = 1024
_REPLICAS = "spec.replicas"
_NAMED = 3  # objects, or reasons, told before "and N more"

# Who may set spec.replicas beside git: of each, the first version that is served.
_AUTOSCALERS = (
    (("autoscaling/v2", "HorizontalPodAutoscaler"), ("autoscaling/v1", "HorizontalPodAutoscaler")),
    (("keda.sh/v1alpha1", "ScaledObject"),),
)

Object = Mapping[str, Any]


class Rendered:
    """Manifests by (repository, path, tree id): what did not change in git is not read again. Any thread may call."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._trees: OrderedDict[tuple[str, str, str | None], tuple[Manifest, ...]] = OrderedDict()

    def manifests(self, repository: Repository, revision: str, path: str) -> tuple[Manifest, ...]:
        """The manifests below a path at a full sha. RepositoryError, ManifestError."""
        key = (repository.name, path, repository.tree_id(revision, path))
        with self._lock:
            if key in self._trees:
                self._trees.move_to_end(key)
                return self._trees[key]
        manifests = _render(repository.files(revision, path), path)
        with self._lock:
            self._trees[key] = manifests
            if len(self._trees) > _REMEMBERED_TREES:
                self._trees.popitem(last=False)
        return manifests


_RENDERED = Rendered()


@dataclass(frozen=True, slots=True)
class Live:
    """What a cluster held of the kinds that some manifests needed, read at one time by `look`."""

    cluster: str
    discovery: Discovery
    schemas: Schemas
    unreadable: Mapping[str, ClusterError]  # by apiVersion: its schema could not be read
    autoscaled: ScaleTargets
    objects: Mapping[Kind, Mapping[tuple[str | None, str], Object]]
    failures: Mapping[tuple[Kind, str | None], ClusterError]  # a namespace of None: everywhere

    def find(self, manifest: Manifest) -> Object | None:
        """The live object of a resolved manifest that `look` was given, None when there is none.

        ClusterError when that cannot be known.
        """
        kind = _kind(self.cluster, self.discovery, manifest)
        failure = self._failure(kind, manifest.namespace)
        if failure is not None:
            raise failure
        return self.objects[kind].get((manifest.namespace, manifest.name))

    def autoscalers_unknown(self, namespace: str | None) -> ClusterError | None:
        """Why `autoscaled` may lack something of a namespace; None when it is complete."""
        failures = (self._failure(kind, namespace) for kind in _autoscalers(self.discovery))
        return next((failure for failure in failures if failure is not None), None)

    def _failure(self, kind: Kind, namespace: str | None) -> ClusterError | None:
        return self.failures.get((kind, namespace)) or self.failures.get((kind, None))


@dataclass(frozen=True, slots=True)
class Differences:
    """How manifests and a cluster differ. `unknown` is a sentence for each thing that could not be looked at."""

    objects: int = 0
    drift: tuple[ObjectDrift, ...] = ()
    set_aside: tuple[ObjectDrift, ...] = ()
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Declared:
    application: Application
    revision: str | None
    manifests: tuple[Manifest, ...] = ()
    error: str | None = None


def check(
    applications: Sequence[Application],
    *,
    repositories: Mapping[str, Repository],
    cluster: Cluster,
    ignore: Sequence[IgnoreRule],
    now: datetime,
    revision: str | None = None,
    rendered: Rendered = _RENDERED,
) -> list[Check]:
    """Check applications of one cluster, at their tracked heads as just fetched or at one full sha; a Check for each.

    Raises nothing of the outside: what fails makes the applications that need it UNKNOWN, with the reason.
    """

    def head(name: str) -> str | PortError:
        try:
            return revision or repositories[name].fetch()
        except PortError as error:
            return error

    names = sorted({application.repository for application in applications})
    with ThreadPoolExecutor(_PARALLEL_READS, "fetch") as pool:
        heads = dict(zip(names, pool.map(head, names), strict=True))
    declared = [
        _declare(application, heads[application.repository], repositories[application.repository], rendered)
        for application in applications
    ]
    return _judge(declared, cluster, ignore, now)


def check_files(
    application: Application, files: Iterable[File], *, cluster: Cluster, ignore: Sequence[IgnoreRule], now: datetime
) -> Check:
    """Check files that come from no commit, such as a directory's; their paths begin with the application's path."""
    try:
        declared = _Declared(application, None, _render(files, application.path))
    except ManifestError as error:
        declared = _Declared(application, None, error=str(error))
    return _judge([declared], cluster, ignore, now)[0]


def look(cluster: Cluster, targets: Iterable[tuple[Manifest, str]]) -> Live:
    """Read what comparing these manifests, each with its application's namespace, needs; each kind is asked once.

    A kind needed in one namespace is listed there, in more everywhere; where that is forbidden, in each by itself.
    ClusterError when the cluster does not answer at all.
    """
    discovery = cluster.discover()
    autoscalers = _autoscalers(discovery)
    needed: dict[Kind, set[str | None]] = {}
    for declared, namespace in targets:
        for manifest in _resolved([declared], namespace, discovery):
            kind = discovery.kinds.get((manifest.api_version, manifest.kind))
            kinds = [] if kind is None else [kind]
            if _declares_replicas(manifest):
                kinds += autoscalers
            for each in kinds:
                needed.setdefault(each, set()).add(manifest.namespace)

    failures: dict[tuple[Kind, str | None], ClusterError] = {}
    unreadable: dict[str, ClusterError] = {}

    def schema(api_version: str) -> Mapping[str, Any] | None:
        try:
            return cluster.schema(api_version)
        except ClusterError as error:
            unreadable[api_version] = error
            return None

    def objects(kind: Kind) -> Mapping[tuple[str | None, str], Object]:
        return _list(cluster, kind, needed[kind], failures)

    versions = sorted({kind.api_version for kind in needed})
    with ThreadPoolExecutor(_PARALLEL_READS, "look") as pool:
        documents = dict(zip(versions, pool.map(schema, versions), strict=True))
        lists = dict(zip(needed, pool.map(objects, needed), strict=True))
    return Live(
        cluster=cluster.name,
        discovery=discovery,
        schemas=Schemas({version: document for version, document in documents.items() if document is not None}),
        unreadable=unreadable,
        autoscaled=scale_targets(item for kind in autoscalers for item in lists.get(kind, {}).values()),
        objects=lists,
        failures=failures,
    )


def differences(
    manifests: Sequence[Manifest], *, namespace: str, live: Live, ignore: Sequence[IgnoreRule] = ()
) -> Differences:
    """How the manifests of one application, whose default namespace is given, differ from what `look` read for them."""
    resolved = _resolved(manifests, namespace, live.discovery)
    drift: list[ObjectDrift] = []
    set_aside: list[ObjectDrift] = []
    unknown: dict[str, list[str]] = {}
    for manifest in resolved:
        try:
            found = live.find(manifest)
            if manifest.api_version in live.unreadable:
                raise live.unreadable[manifest.api_version]
        except ClusterError as error:
            unknown.setdefault(str(error), []).append(_title(manifest))
            continue
        compared = compare_object(manifest, found, schema=live.schemas, context=live.autoscaled, ignore=ignore)
        differing = compared.drift
        if differing is not None and any(field.path == _REPLICAS for field in differing.fields):
            blind = live.autoscalers_unknown(manifest.namespace)
            if blind is not None:  # an autoscaler may have set them, and then they are no drift
                why = f"{_REPLICAS} differs, and whether an autoscaler set it is unknown: {blind}"
                unknown.setdefault(why, []).append(_title(manifest))
                fields = tuple(field for field in differing.fields if field.path != _REPLICAS)
                differing = replace(differing, fields=fields) if fields else None
        if differing is not None:
            drift.append(differing)
        if compared.set_aside is not None:
            set_aside.append(compared.set_aside)
    return Differences(len(resolved), tuple(drift), tuple(set_aside), _sentences(unknown))


def remaining(manifests: Sequence[Manifest], *, namespace: str, live: Live) -> tuple[list[Manifest], tuple[str, ...]]:
    """Which of these objects, such as those that a commit removed, are still there; and what could not be looked at."""
    present: list[Manifest] = []
    unknown: dict[str, list[str]] = {}
    for manifest in _resolved(manifests, namespace, live.discovery):
        try:
            if live.find(manifest) is not None:
                present.append(manifest)
        except ClusterError as error:
            unknown.setdefault(str(error), []).append(_title(manifest))
    return present, _sentences(unknown)


def _render(files: Iterable[File], path: str) -> tuple[Manifest, ...]:
    return tuple(render([(file.path, file.content) for file in files], path))


def _declare(application: Application, head: str | PortError, repository: Repository, rendered: Rendered) -> _Declared:
    if isinstance(head, PortError):
        return _Declared(application, None, error=str(head))
    try:
        return _Declared(application, head, rendered.manifests(repository, head, application.path))
    except ManifestError as error:
        return _Declared(application, head, error=str(error))
    except PortError as error:
        return _Declared(application, None, error=str(error))


def _judge(declared: Sequence[_Declared], cluster: Cluster, ignore: Sequence[IgnoreRule], now: datetime) -> list[Check]:
    """What cannot be read in git needs no look at the cluster."""
    targets = [(manifest, each.application.namespace) for each in declared for manifest in each.manifests]
    live: Live | ClusterError | None = None
    try:
        live = look(cluster, targets) if targets else None
    except ClusterError as error:
        live = error
    return [_verdict(each, live, ignore, now) for each in declared]


def _verdict(
    declared: _Declared, live: Live | ClusterError | None, ignore: Sequence[IgnoreRule], now: datetime
) -> Check:
    application = declared.application
    found = Differences(len(declared.manifests))
    error = declared.error
    if error is None and not declared.manifests:
        where = application.path or "its directory"
        error = f"Application {application.name} declares nothing: there is no .yaml, .yml or .json file in {where}."
    elif isinstance(live, ClusterError):
        error = error or str(live)
    elif live is not None:
        found = differences(declared.manifests, namespace=application.namespace, live=live, ignore=ignore)
        error = error or _summary(found.unknown)
    status = Status.UNKNOWN if error else Status.OUT_OF_SYNC if found.drift else Status.SYNCED
    return Check(
        application=application.name,
        cluster=application.cluster,
        revision=declared.revision,
        status=status,
        error=error,
        objects=found.objects,
        at=now,
        drift=found.drift,
        set_aside=found.set_aside,
    )


def _list(
    cluster: Cluster,
    kind: Kind,
    namespaces: set[str | None],
    failures: dict[tuple[Kind, str | None], ClusterError],
) -> Mapping[tuple[str | None, str], Object]:
    """The objects of a kind in these namespaces; what could not be read goes into `failures`."""
    if len(namespaces) > 1:
        try:
            return cluster.list(kind, None)
        except ForbiddenError:
            pass  # perhaps it may be read where it is needed
        except ClusterError as error:
            failures[kind, None] = error
            return {}
    objects: dict[tuple[str | None, str], Object] = {}
    for namespace in namespaces:
        try:
            objects.update(cluster.list(kind, namespace))
        except ClusterError as error:
            failures[kind, namespace] = error
    return objects


def _resolved(manifests: Sequence[Manifest], namespace: str, discovery: Discovery) -> list[Manifest]:
    def namespaced(api_version: str, kind: str) -> bool | None:
        served = discovery.kinds.get((api_version, kind))
        return None if served is None else served.namespaced

    return resolve(manifests, namespace=namespace, namespaced=namespaced)


def _kind(cluster: str, discovery: Discovery, manifest: Manifest) -> Kind:
    kind = discovery.kinds.get((manifest.api_version, manifest.kind))
    if kind is not None:
        return kind
    if manifest.api_version in discovery.broken:
        raise ClusterError(discovery.broken[manifest.api_version])
    group = manifest.api_version.rpartition("/")[0]
    served = sorted(
        version for version, name in discovery.kinds if name == manifest.kind and version.rpartition("/")[0] == group
    )
    remedy = f"write {' or '.join(served)} in git" if served else "install its CustomResourceDefinition or correct git"
    raise ClusterError(f"Cluster {cluster} does not serve {manifest.kind} of {manifest.api_version}: {remedy}.")


def _autoscalers(discovery: Discovery) -> list[Kind]:
    served = (next((discovery.kinds[key] for key in keys if key in discovery.kinds), None) for keys in _AUTOSCALERS)
    return [kind for kind in served if kind is not None]


def _declares_replicas(manifest: Manifest) -> bool:
    spec = manifest.object.get("spec")
    return isinstance(spec, Mapping) and spec.get("replicas") is not None


def _sentences(unknown: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    sentences = []
    for why, objects in unknown.items():
        more = f" and {len(objects) - _NAMED} more" if len(objects) > _NAMED else ""
        sentences.append(f"{', '.join(objects[:_NAMED])}{more} not checked: {why}")
    return tuple(sentences)


def _summary(unknown: Sequence[str]) -> str | None:
    more = len(unknown) - _NAMED
    told = [*unknown[:_NAMED], f"And {more} more could not be looked at."] if more > 0 else unknown
    return " ".join(told) or None


def _title(manifest: Manifest) -> str:
    return f"{manifest.kind} {manifest.name}"

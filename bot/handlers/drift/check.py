"""Drift checks: what git declares against what the cluster holds.

Each kind is listed once for all applications of a check. What cannot be looked at makes unknown only what needs it.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial, reduce
from typing import Any

from bot.core.applications.application import Application
from bot.core.drift.autoscaling import ScaleTargets, scale_targets
from bot.core.drift.compare import Comparison, compare_object
from bot.core.drift.ignore import IgnoreRule
from bot.core.drift.model import Check, ObjectDrift, Status
from bot.core.objects.manifest import Manifest, ManifestError, overruled, place, resolve
from bot.core.objects.ownership import INTERACTIVE
from bot.core.objects.schema import Schemas
from bot.handlers.drift.comparison_cache import CacheKey, Caches, ComparisonCache, Rules
from bot.handlers.rendering.manifest_cache import ManifestCache
from bot.handlers.rendering.render import Tree, gather, make
from bot.i18n.catalogue import check as texts
from bot.i18n.catalogue import cluster as cluster_texts
from bot.i18n.language import LocalizedText
from bot.ports.cluster import Cluster, ClusterError, Discovery, ForbiddenError, Kind, Read
from bot.ports.errors import PortError
from bot.ports.git import File, Repository
from bot.ports.rendering import Renderer, RenderError

_PARALLEL_READS = 4
_REPLICAS = "spec.replicas"
_NAMED = 3  # objects, or reasons, told before "and N more"

# Who may set spec.replicas beside git: of each, the first version that is served.
_AUTOSCALERS = (
    (("autoscaling/v2", "HorizontalPodAutoscaler"), ("autoscaling/v1", "HorizontalPodAutoscaler")),
    (("keda.sh/v1alpha1", "ScaledObject"),),
)

Object = Mapping[str, Any]
Name = tuple[str | None, str]  # namespace and name
# How one live object differs from each manifest that declares it; a manifest is known by its object.
Compared = Sequence[tuple[Object, Comparison]]
Declared = tuple[Manifest, tuple[IgnoreRule, ...]]  # with its application's own rules
Recall = Callable[[tuple[object, ...], CacheKey, Callable[[], Comparison]], Comparison]

_NO_RULES = Rules()
_NO_SCHEMAS = Schemas()  # enough to say that an object is missing


def _anew(_key: tuple[object, ...], _basis: CacheKey, compare: Callable[[], Comparison]) -> Comparison:
    return compare()


@dataclass(frozen=True, slots=True)
class Live:
    """How what a cluster held, read at one time by `look`, differed from the manifests it was given."""

    cluster: str
    discovery: Discovery
    unreadable: Mapping[str, ClusterError]  # by apiVersion: its schema could not be read
    compared: Mapping[Kind, Mapping[Name, Compared]]
    failures: Mapping[tuple[Kind, str | None], ClusterError]  # a namespace of None: everywhere

    def find(self, manifest: Manifest) -> Comparison | None:
        """How the object of a resolved manifest that `look` was given differs, None when there is none.

        ClusterError when that cannot be known.
        """
        kind = _kind(self.cluster, self.discovery, manifest)
        failure = self._failure(kind, manifest.namespace)
        if failure is not None:
            raise failure
        found = self.compared[kind].get((manifest.namespace, manifest.name), ())
        return next((comparison for declared, comparison in found if declared is manifest.object), None)

    def autoscalers_unknown(self, namespace: str | None) -> ClusterError | None:
        """Why not every autoscaler of a namespace may be known; None when all are."""
        failures = (self._failure(kind, namespace) for kind in _autoscalers(self.discovery))
        return next((failure for failure in failures if failure is not None), None)

    def _failure(self, kind: Kind, namespace: str | None) -> ClusterError | None:
        return self.failures.get((kind, namespace)) or self.failures.get((kind, None))


@dataclass(frozen=True, slots=True)
class Differences:
    """How manifests and a cluster differ. `unknown` is a sentence for each thing that could not be looked at, `notes`
    are what is odd about the manifests themselves.
    """

    objects: int = 0
    drift: tuple[ObjectDrift, ...] = ()
    set_aside: tuple[ObjectDrift, ...] = ()
    unknown: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


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
    interactive: Sequence[str] = INTERACTIVE,
    memory: Caches | None = None,
    explain: bool = False,
) -> list[Check]:
    """Check applications of one cluster, at their tracked heads as just fetched or at one full sha; a Check for each.

    `interactive` are patterns of field managers that people use by hand. With the `memory` of earlier checks, what has
    not moved since is not worked out again. With `explain` what was set aside holds the server's defaults too. Raises
    nothing of the outside: what fails makes the applications that need it UNKNOWN, with the reason.
    """
    memory = memory or Caches()

    def head(name: str) -> str | PortError:
        try:
            found = revision or repositories[name].fetch()
        except PortError as error:
            return error
        with suppress(PortError):  # which application's path it is shows when each is asked for
            sources = [application.source for application in applications if application.repository == name]
            memory.manifest_cache.prepare(repositories[name], found, sources)
        return found

    names = sorted({application.repository for application in applications})
    with ThreadPoolExecutor(_PARALLEL_READS, "fetch") as pool:
        heads = dict(zip(names, pool.map(head, names), strict=True))
    declared = [
        _declare(
            application, heads[application.repository], repositories[application.repository], memory.manifest_cache
        )
        for application in applications
    ]
    return _judge(declared, cluster, Rules(tuple(ignore), tuple(interactive), explain), now, memory.compared)


def check_files(
    application: Application,
    files: Iterable[File],
    tree: Tree,
    renderer: Renderer,
    *,
    cluster: Cluster,
    ignore: Sequence[IgnoreRule],
    now: datetime,
    interactive: Sequence[str] = INTERACTIVE,
    explain: bool = False,
) -> Check:
    """Check files that come from no commit, such as a directory's; their paths begin with the application's path.

    `tree` has what lies beside them.
    """
    try:
        source = application.source
        made = make(gather(tree, source, files), source, renderer)
        declared = _Declared(application, None, made.manifests, made.varying or None)
    except (ManifestError, PortError) as error:
        declared = _Declared(application, None, error=str(error))
    return _judge([declared], cluster, Rules(tuple(ignore), tuple(interactive), explain), now, ComparisonCache())[0]


def look(
    cluster: Cluster,
    targets: Iterable[tuple[Manifest, Application]],
    *,
    rules: Rules = _NO_RULES,
    recall: Recall = _anew,
) -> Live:
    """Compare manifests, each with its application, with what a cluster holds; each kind is listed once.

    An application's own ignore rules count beside `rules`.

    Live objects are compared as they are read and not kept. A kind needed in one namespace is listed there, in more
    everywhere; where that is forbidden, in each by itself. ClusterError when the cluster does not answer at all.
    """
    discovery = cluster.discover()
    needs = _needs(targets, discovery)
    failures: dict[tuple[Kind, str | None], ClusterError] = {}
    unreadable: dict[str, ClusterError] = {}

    def schema(api_version: str) -> Object | None:
        try:
            return cluster.schema(api_version)
        except ClusterError as error:
            unreadable[api_version] = error
            return None

    def whole(kind: Kind) -> Mapping[Name, Object]:
        return _list(cluster, kind, needs.namespaces[kind], failures, lambda live: live)

    def compared(kind: Kind) -> Mapping[Name, Compared]:
        return _list(cluster, kind, needs.namespaces[kind], failures, partial(engine.compare, needs.manifests[kind]))

    kinds = list(needs.namespaces)
    versions = sorted({kind.api_version for kind in kinds})
    # What is scaled, and what the schemas say, has to be known before anything is compared.
    scalers = [kind for kind in kinds if kind in needs.autoscalers]
    others = [kind for kind in kinds if kind not in needs.autoscalers]
    with ThreadPoolExecutor(_PARALLEL_READS, "look") as pool:
        read_documents, read_scalers = pool.map(schema, versions), pool.map(whole, scalers)
        documents = dict(zip(versions, read_documents, strict=True))
        held = dict(zip(scalers, read_scalers, strict=True))
        scaled = scale_targets(live for objects in held.values() for live in objects.values())
        engine = _Engine(cluster.name, documents, scaled, rules, recall)
        found = dict(zip(others, pool.map(compared, others), strict=True))
    for kind, objects in held.items():
        both = ((name, engine.compare(needs.manifests[kind], live)) for name, live in objects.items())
        found[kind] = {name: each for name, each in both if each is not None}
    return Live(cluster.name, discovery, unreadable, found, failures)


@dataclass(frozen=True, slots=True)
class _Needs:
    """What must be listed for some manifests: kinds with the namespaces, and the manifests by the object they mean."""

    autoscalers: Sequence[Kind]
    namespaces: defaultdict[Kind, set[str | None]] = field(default_factory=lambda: defaultdict(set))
    manifests: defaultdict[Kind, defaultdict[Name, list[Declared]]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(list))
    )


def _needs(targets: Iterable[tuple[Manifest, Application]], discovery: Discovery) -> _Needs:
    needs = _Needs(_autoscalers(discovery))
    namespaced = _namespaced(discovery)
    for target, application in targets:
        manifest = place(target, namespace=application.namespace, namespaced=namespaced)
        if manifest is None:
            continue
        kind = discovery.kinds.get((manifest.api_version, manifest.kind))
        if kind is not None:
            needs.namespaces[kind].add(manifest.namespace)
            needs.manifests[kind][manifest.namespace, manifest.name].append((manifest, application.ignore))
        for autoscaler in needs.autoscalers if _declares_replicas(manifest) else ():
            needs.namespaces[autoscaler].add(manifest.namespace)
    return needs


class _Engine:
    """Compares live objects of one cluster as they are read. `documents` are its OpenAPI documents by apiVersion."""

    def __init__(
        self,
        cluster: str,
        documents: Mapping[str, Object | None],
        scaled: ScaleTargets,
        rules: Rules,
        recall: Recall,
    ) -> None:
        self._cluster = cluster
        self._documents = documents
        self._schemas = Schemas({version: document for version, document in documents.items() if document is not None})
        self._scaled = scaled
        self._rules = rules
        self._recall = recall

    def compare(self, wanted: Mapping[Name, Sequence[Declared]], live: Object) -> Compared | None:
        """How a live object differs from each manifest that declares it; None when none does."""
        metadata = live["metadata"]
        declared = wanted.get((metadata.get("namespace"), metadata["name"]))
        if not declared:
            return None
        return [(manifest.object, self._compare(manifest, live, self._with(own))) for manifest, own in declared]

    def _with(self, own: tuple[IgnoreRule, ...]) -> Rules:
        """The rules, and those of one application."""
        return replace(self._rules, ignore=self._rules.ignore + own) if own else self._rules

    def _compare(self, manifest: Manifest, live: Object, rules: Rules) -> Comparison:
        version, document = live["metadata"].get("resourceVersion", ""), self._documents[manifest.api_version]
        basis = CacheKey(manifest.object, version, document, self._scaled.include(manifest), rules)

        def compare() -> Comparison:
            return compare_object(
                manifest,
                live,
                schema=self._schemas,
                scale_targets=self._scaled,
                ignore=rules.ignore,
                interactive=rules.interactive,
                explain=rules.explain,
            )

        return self._recall((self._cluster, manifest.key), basis, compare)


def differences(manifests: Sequence[Manifest], *, namespace: str, live: Live) -> Differences:
    """How the manifests of one application, whose default namespace is given, differ from what `look` read for them."""
    namespaced = _namespaced(live.discovery)
    resolved = resolve(manifests, namespace=namespace, namespaced=namespaced)
    drift: list[ObjectDrift] = []
    set_aside: list[ObjectDrift] = []
    unknown: dict[str, list[str]] = {}
    for manifest in resolved:
        try:
            compared = live.find(manifest)
            if manifest.api_version in live.unreadable:
                raise live.unreadable[manifest.api_version]
        except ClusterError as error:
            unknown.setdefault(str(error), []).append(_title(manifest))
            continue
        if compared is None:
            compared = compare_object(manifest, None, schema=_NO_SCHEMAS)
        differing = compared.drift
        if differing is not None and any(each.path == _REPLICAS for each in differing.fields):
            blind = live.autoscalers_unknown(manifest.namespace)
            if blind is not None:  # an autoscaler may have set them, and then they are no drift
                why = LocalizedText(texts.SCALED, path=_REPLICAS, why=str(blind))
                unknown.setdefault(why, []).append(_title(manifest))
                fields = tuple(each for each in differing.fields if each.path != _REPLICAS)
                differing = replace(differing, fields=fields) if fields else None
        if differing is not None:
            drift.append(differing)
        if compared.set_aside is not None:
            set_aside.append(compared.set_aside)
    twice = overruled(manifests, namespace=namespace, namespaced=namespaced)
    return Differences(len(resolved), tuple(drift), tuple(set_aside), _sentences(unknown), _declared_twice(twice))


def remaining(manifests: Sequence[Manifest], *, namespace: str, live: Live) -> tuple[list[Manifest], tuple[str, ...]]:
    """Which of these objects, such as those that a commit removed, are still there; and what could not be looked at."""
    present: list[Manifest] = []
    unknown: dict[str, list[str]] = {}
    for manifest in resolve(manifests, namespace=namespace, namespaced=_namespaced(live.discovery)):
        try:
            if live.find(manifest) is not None:
                present.append(manifest)
        except ClusterError as error:
            unknown.setdefault(str(error), []).append(_title(manifest))
    return present, _sentences(unknown)


def _declare(
    application: Application, head: str | PortError, repository: Repository, manifest_cache: ManifestCache
) -> _Declared:
    if isinstance(head, PortError):
        return _Declared(application, None, error=str(head))
    try:
        made = manifest_cache.rendering(repository, head, application.source)
        return _Declared(application, head, made.manifests, made.varying or None)
    except (ManifestError, RenderError) as error:
        return _Declared(application, head, error=str(error))
    except PortError as error:
        return _Declared(application, None, error=str(error))


def _judge(
    declared: Sequence[_Declared], cluster: Cluster, rules: Rules, now: datetime, compared: ComparisonCache
) -> list[Check]:
    """What cannot be read in git needs no look at the cluster."""
    targets = [(manifest, each.application) for each in declared for manifest in each.manifests]
    live: Live | ClusterError | None = None
    try:
        live = look(cluster, targets, rules=rules, recall=partial(compared.recall, now=now)) if targets else None
    except ClusterError as error:
        live = error
    compared.forget(now)
    return [_verdict(each, live, now) for each in declared]


def _verdict(declared: _Declared, live: Live | ClusterError | None, now: datetime) -> Check:
    application = declared.application
    found = Differences(len(declared.manifests))
    error = declared.error
    if error is None and not declared.manifests:
        where = application.path or LocalizedText(texts.ITS_DIRECTORY)
        error = LocalizedText(texts.DECLARES_NOTHING, application=application.name, where=where)
    elif isinstance(live, ClusterError):
        error = error or str(live)
    elif live is not None:
        found = differences(declared.manifests, namespace=application.namespace, live=live)
        error = one_after_another(filter(None, (error, _summary(found.unknown))))
        if error is None and not found.objects:
            error = LocalizedText(texts.NOTHING_TO_COMPARE, application=application.name)
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
        notes=found.notes,
    )


def _list(
    cluster: Cluster,
    kind: Kind,
    namespaces: set[str | None],
    failures: dict[tuple[Kind, str | None], ClusterError],
    read: Callable[[Object], Read | None],
) -> Mapping[Name, Read]:
    """What `read` makes of each object of a kind in these namespaces; what could not be read goes into `failures`."""
    if len(namespaces) > 1:
        try:
            return cluster.list(kind, None, read)
        except ForbiddenError:
            pass  # perhaps it may be read where it is needed
        except ClusterError as error:
            failures[kind, None] = error
            return {}
    objects: dict[Name, Read] = {}
    for namespace in namespaces:
        try:
            objects.update(cluster.list(kind, namespace, read))
        except ClusterError as error:
            failures[kind, namespace] = error
    return objects


def _namespaced(discovery: Discovery) -> Callable[[str, str], bool | None]:
    def namespaced(api_version: str, kind: str) -> bool | None:
        served = discovery.kinds.get((api_version, kind))
        return None if served is None else served.namespaced

    return namespaced


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
    told = {"cluster": cluster, "kind": manifest.kind, "version": manifest.api_version}
    if not served:
        raise ClusterError(LocalizedText(cluster_texts.NOT_SERVED, **told))
    known = reduce(lambda one, other: LocalizedText(cluster_texts.OR, one=one, other=other), served)
    raise ClusterError(LocalizedText(cluster_texts.OTHER_VERSION, **told, served=known))


def _autoscalers(discovery: Discovery) -> list[Kind]:
    served = (next((discovery.kinds[key] for key in keys if key in discovery.kinds), None) for keys in _AUTOSCALERS)
    return [kind for kind in served if kind is not None]


def _declares_replicas(manifest: Manifest) -> bool:
    spec = manifest.object.get("spec")
    return isinstance(spec, Mapping) and spec.get("replicas") is not None


def _sentences(unknown: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    sentences = []
    for why, objects in unknown.items():
        more = len(objects) - _NAMED
        phrase = texts.NOT_CHECKED_MORE if more > 0 else texts.NOT_CHECKED
        sentences.append(LocalizedText(phrase, objects=", ".join(objects[:_NAMED]), n=str(more), why=why))
    return tuple(sentences)


def _declared_twice(found: Sequence[tuple[Manifest, Manifest]]) -> tuple[str, ...]:
    notes = [
        LocalizedText(
            texts.DECLARED_TWICE,
            object=_title(later),
            earlier=f"{earlier.file}:{earlier.line}",
            later=f"{later.file}:{later.line}",
        )
        for earlier, later in found[:_NAMED]
    ]
    more = len(found) - _NAMED
    return (*notes, LocalizedText(texts.MORE_TWICE, n=str(more))) if more > 0 else tuple(notes)


def one_after_another(sentences: Iterable[str]) -> str | None:
    """Several sentences as one; None when there is none."""
    told = list(sentences)
    return reduce(lambda one, other: LocalizedText(texts.THEN, one=one, other=other), told) if told else None


def _summary(unknown: Sequence[str]) -> str | None:
    more = len(unknown) - _NAMED
    rest = [LocalizedText(texts.MORE_UNSEEN, n=str(more))] if more > 0 else []
    return one_after_another([*unknown[:_NAMED], *rest])


def _title(manifest: Manifest) -> str:
    return f"{manifest.kind} {manifest.name}"

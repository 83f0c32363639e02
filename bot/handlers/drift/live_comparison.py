"""Lists the kinds in manifests, and compares each live object as its page is read.

Live objects are not kept, so a check's memory does not grow with the cluster.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from bot.context_pool import ContextThreadPool
from bot.core.applications.application import Application
from bot.core.drift.autoscaling import ScaleTargets, scale_targets
from bot.core.drift.compare import Comparison, compare_object
from bot.core.drift.ignore_rules import IgnoreRule
from bot.core.health.assess import assess, may_be_unhealthy
from bot.core.health.status import HealthStatus
from bot.core.health.unready import Unready
from bot.core.objects.kept_size import kept_size
from bot.core.objects.manifest import Manifest
from bot.core.objects.resource import items, text
from bot.core.objects.schema import Schemas
from bot.core.objects.step_budget import SharedStepBudget, StepBudget, json_size
from bot.handlers.drift.comparison_cache import CacheKey, CompareOptions, ComparisonCache
from bot.handlers.drift.declared import Declaration, Name, declared_objects
from bot.handlers.drift.served_kinds import autoscaler_kinds, served_kind
from bot.i18n.catalogue import cluster as texts
from bot.i18n.language import LocalizedError, LocalizedText
from bot.ports.cluster import Cluster, Discovery, ForbiddenError, Kind, Read, TooLargeError
from bot.ports.errors import PortError
from bot.ports.isolation import UnexpectedError, unexpected_as_port_error, without_failing

_PARALLEL_READS = 4
MAX_KEPT = 64 * 2**20  # of the objects of a kind that are kept, if each namespace is listed by itself

Object = Mapping[str, Any]
Rules = tuple[IgnoreRule, ...]
# One live object compared with each manifest that declares it, or why it could not be. Applications with the same
# source share the manifest's object, so the key is the object and the application's rules.
Comparisons = Sequence[tuple[Object, Rules, Comparison | UnexpectedError]]
Failures = dict[tuple[Kind, str | None], PortError]  # by kind and namespace; None is all namespaces

_NO_OPTIONS = CompareOptions()


@dataclass(frozen=True, slots=True)
class LiveComparison:
    """How the objects of one cluster differ from the manifests given to `compare_live`, at one time.

    `schema_errors` is why a schema could not be read, by apiVersion; `failures` are the lists that could not be read.
    `versions` are the resourceVersions of the objects that were read one by one.
    """

    cluster: str
    discovery: Discovery
    schema_errors: Mapping[str, PortError]
    comparisons: Mapping[Kind, Mapping[Name, Comparisons]]
    failures: Mapping[tuple[Kind, str | None], PortError]
    versions: Mapping[tuple[Kind, Name], str]

    def comparison_of(self, manifest: Manifest, application: Application) -> Comparison | None:
        """How the object of one of the application's manifests differs; None if it doesn't exist.

        Raises LocalizedError if the object could not be read or compared.
        """
        kind = served_kind(manifest, self.discovery, self.cluster)
        failure = self._failure(kind, manifest.namespace)
        if failure is not None:
            raise failure
        comparisons = self.comparisons[kind].get((manifest.namespace, manifest.name), ())
        comparison = next(
            (
                comparison
                for desired, rules, comparison in comparisons
                if desired is manifest.object and rules == application.ignore
            ),
            None,
        )
        if isinstance(comparison, UnexpectedError):
            raise comparison
        return comparison

    def version_of(self, manifest: Manifest) -> str | None:
        """The resourceVersion of an object that was read one by one; None if it doesn't exist or could not be read."""
        kind = self.discovery.kinds.get((manifest.api_version, manifest.kind))
        return self.versions.get((kind, (manifest.namespace, manifest.name))) if kind else None

    def autoscaler_error(self, namespace: str | None) -> PortError | None:
        """Why the bot may not know every autoscaler in a namespace; None if it does."""
        failures = (self._failure(kind, namespace) for kind in autoscaler_kinds(self.discovery))
        return next((failure for failure in failures if failure is not None), None)

    def _failure(self, kind: Kind, namespace: str | None) -> PortError | None:
        return self.failures.get((kind, namespace)) or self.failures.get((kind, None))


def compare_live(
    cluster: Cluster,
    declarations: Iterable[Declaration],
    *,
    options: CompareOptions = _NO_OPTIONS,
    cache: ComparisonCache | None = None,
    discovery: Discovery | None = None,
    one_by_one: bool = False,
    by_namespace: bool = False,
) -> LiveComparison:
    """Compare manifests, each with its application, with the live objects of a cluster. Lists each kind once.

    An application's own ignore rules count in addition to those in the options. A kind that is needed in one namespace
    is listed there; one that is needed in several is listed in all namespaces or, if that is forbidden, too large, or
    turned off by `by_namespace`, in each. With `one_by_one`, only the declared objects are read, with a request for
    each. With the `discovery` of an earlier comparison, the kinds aren't discovered again. Raises ClusterError if the
    cluster does not answer at all.
    """
    discovery = discovery or cluster.discover()
    needed = declared_objects(declarations, discovery)
    failures: Failures = {}
    schema_errors: dict[str, PortError] = {}
    read_versions: dict[tuple[Kind, Name], str] = {}

    def read_schema(api_version: str) -> Object | None:
        try:
            with unexpected_as_port_error(f"schema of {api_version} on {cluster.name}"):
                return cluster.schema(api_version)
        except PortError as error:
            schema_errors[api_version] = error
            return None

    def read_objects(kind: Kind) -> Mapping[Name, Object]:
        return _list(cluster, kind, needed.namespaces[kind], failures, lambda live: live, everywhere=not by_namespace)

    def compare_objects(kind: Kind) -> Mapping[Name, Comparisons]:
        if one_by_one:
            return _read_one_by_one(cluster, kind, needed.declarations[kind], failures, read_versions, comparer)
        compare = partial(comparer.compare, needed.declarations[kind])
        return _list(cluster, kind, needed.namespaces[kind], failures, compare, everywhere=not by_namespace)

    versions = sorted({kind.api_version for kind in needed.namespaces})
    # Comparisons need the schemas and the targets of autoscalers, so those are read first.
    autoscalers = [kind for kind in needed.namespaces if kind in needed.autoscalers]
    others = [kind for kind in needed.namespaces if kind not in needed.autoscalers]
    with ContextThreadPool(_PARALLEL_READS, "compare-live") as pool:
        schemas, live_autoscalers = pool.map(read_schema, versions), pool.map(read_objects, autoscalers)
        documents = dict(zip(versions, schemas, strict=True))
        scalers = dict(zip(autoscalers, live_autoscalers, strict=True))
        every_scaler = [scaler for objects in scalers.values() for scaler in objects.values()]
        read_targets = partial(scale_targets, interactive=options.interactive)
        scaled = without_failing(every_scaler, read_targets, lambda _: f"an autoscaler on {cluster.name}")
        comparer = _Comparer(cluster.name, documents, scaled, options, ComparisonCache() if cache is None else cache)
        comparisons = dict(zip(others, pool.map(compare_objects, others), strict=True))
    for kind, objects in scalers.items():
        compared = ((name, comparer.compare(needed.declarations[kind], live)) for name, live in objects.items())
        comparisons[kind] = {name: several for name, several in compared if several is not None}
    return LiveComparison(cluster.name, discovery, schema_errors, comparisons, failures, read_versions)


def _list(
    cluster: Cluster,
    kind: Kind,
    namespaces: set[str | None],
    failures: Failures,
    read: Callable[[Object], Read | None],
    *,
    everywhere: bool,
) -> Mapping[Name, Read]:
    """The result of `read` for each object of a kind in these namespaces. Lists that fail are added to `failures`.

    With `everywhere`, several namespaces are read by one list of all. Of those that are read one by one and together
    keep too much, the largest fail.
    """
    if everywhere and len(namespaces) > 1:
        try:
            with unexpected_as_port_error(f"list of {kind.plural} on {cluster.name}"):
                return cluster.list(kind, None, read)
        except (ForbiddenError, TooLargeError):
            pass  # it may be allowed, or small enough, in each namespace
        except PortError as error:
            failures[kind, None] = error
            return {}
    lists: dict[str | None, Mapping[Name, Read]] = {}
    sizes: dict[str | None, int] = {}
    for namespace in namespaces:
        try:
            with unexpected_as_port_error(f"list of {kind.plural} in {namespace} on {cluster.name}"):
                lists[namespace] = cluster.list(kind, namespace, read)
        except PortError as error:
            failures[kind, namespace] = error
            continue
        sizes[namespace] = sum(kept_size(value) for value in lists[namespace].values() if isinstance(value, Mapping))
        while sum(sizes.values()) > MAX_KEPT:
            largest = max(sizes, key=lambda name: sizes[name])
            del lists[largest], sizes[largest]
            failures[kind, largest] = _too_large(cluster, kind, largest)
    return {name: value for objects in lists.values() for name, value in objects.items()}


def _too_large(cluster: Cluster, kind: Kind, namespace: str | None) -> TooLargeError:
    action = LocalizedText(texts.LIST_IN, resource=kind.plural, namespace=namespace or "")
    why = LocalizedText(texts.TOO_LARGE_TOGETHER, size=str(MAX_KEPT >> 20))
    return TooLargeError(LocalizedText(texts.COULD_NOT, cluster=cluster.name, what=action, why=why))


def _read_one_by_one(
    cluster: Cluster,
    kind: Kind,
    declarations: Mapping[Name, Sequence[Declaration]],
    failures: Failures,
    versions: dict[tuple[Kind, Name], str],
    comparer: "_Comparer",
) -> Mapping[Name, Comparisons]:
    """Compare only the declared objects. If one cannot be read, its whole namespace counts as unread."""
    compared: dict[Name, Comparisons] = {}
    for namespace, name in declarations:
        try:
            with unexpected_as_port_error(f"{kind.plural} {name} in {namespace} on {cluster.name}"):
                live = cluster.get(kind, namespace, name)
                comparisons = live and comparer.compare(declarations, live)
        except PortError as error:
            failures[kind, namespace] = error
            continue
        if live and comparisons:
            compared[namespace, name] = comparisons
            versions[kind, (namespace, name)] = str(live["metadata"].get("resourceVersion"))
    return compared


class _Comparer:
    """Compares live objects of one cluster. `documents` are its OpenAPI documents by apiVersion."""

    def __init__(
        self,
        cluster: str,
        documents: Mapping[str, Object | None],
        scaled: ScaleTargets,
        options: CompareOptions,
        cache: ComparisonCache,
    ) -> None:
        self._cluster = cluster
        self._documents = documents
        self._schemas = Schemas({version: document for version, document in documents.items() if document is not None})
        self._scaled = scaled
        self._options = options
        self._cache = cache
        self._shared = SharedStepBudget()
        self._shared_steps: dict[str, SharedStepBudget] = {}

    def compare(self, declarations: Mapping[Name, Sequence[Declaration]], live: Object) -> Comparisons | None:
        """Compare a live object with each manifest that declares it; None if none does."""
        metadata = live["metadata"]
        declaring = declarations.get((metadata.get("namespace"), metadata["name"]))
        if not declaring:
            return None
        return [
            (manifest.object, application.ignore, self._result(manifest, live, application))
            for manifest, application in declaring
        ]

    def _result(self, manifest: Manifest, live: Object, application: Application) -> Comparison | UnexpectedError:
        try:
            with unexpected_as_port_error(f"comparison of {manifest.key} on {self._cluster}"):
                return self._compare(manifest, live, self._with(application.ignore), self._steps_of(application))
        except LocalizedError as error:
            # A new error, since the traceback of this one would keep the live object in memory.
            return UnexpectedError(error.text)

    def _with(self, rules: Rules) -> CompareOptions:
        """The options with the ignore rules of one application added."""
        return replace(self._options, ignore=self._options.ignore + rules) if rules else self._options

    def _steps_of(self, application: Application) -> SharedStepBudget:
        """The steps that all applications of a tenant share. One in the configuration has its own."""
        return self._shared_steps.setdefault(application.tenant or application.name, SharedStepBudget())

    def _compare(
        self, manifest: Manifest, live: Object, options: CompareOptions, shared_steps: SharedStepBudget
    ) -> Comparison:
        document = self._documents[manifest.api_version]
        cache_key = CacheKey(manifest.object, _version(live), document, self._scaled.ranges_of(manifest), options)

        def compare() -> Comparison:
            comparison = compare_object(
                manifest,
                live,
                schema=self._schemas,
                scale_targets=self._scaled,
                ignore=options.ignore,
                interactive=options.interactive,
                explain=options.explain,
                steps=StepBudget(lambda: json_size(live), shared_steps, self._shared),
            )
            return replace(comparison, degraded=_degraded(manifest, live))

        return self._cache.get_or_compare((self._cluster, manifest.key), cache_key, compare)


def _version(live: Object) -> tuple[str, ...]:
    """What identifies a live object and its last write; () if unknown.

    After etcd is restored from a backup, a resourceVersion is used again, but not with the same managers and times.
    """
    metadata = live["metadata"]
    if not (version := metadata.get("resourceVersion")):
        return ()
    writes = (entry for entry in items(metadata, "managedFields") if isinstance(entry, Mapping))
    return version, text(metadata, "uid"), *(text(write, key) for write in writes for key in ("manager", "time"))


def _degraded(manifest: Manifest, live: Object) -> Unready | None:
    """The object if its health is Degraded. Progressing isn't kept, since it may end long before the next check."""
    if not may_be_unhealthy(manifest.api_version.rpartition("/")[0], manifest.kind):
        return None
    try:
        with unexpected_as_port_error(f"health of {manifest.key}"):
            # The items of a list may lack their apiVersion and kind.
            health = assess({**live, "apiVersion": manifest.api_version, "kind": manifest.kind})
    except UnexpectedError:
        return None
    return Unready.of(manifest.kind, manifest.name, health) if health.status is HealthStatus.DEGRADED else None

"""The result for one application: what differs, what is missing, and what could not be checked."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from bot.core.applications.application import Application
from bot.core.drift.compare import Comparison, compare_object
from bot.core.drift.model import Identity, ObjectDrift
from bot.core.health.unready import Unready
from bot.core.objects.manifest import Manifest
from bot.core.objects.resolve import overridden, resolve
from bot.core.objects.schema import Schemas
from bot.handlers.drift.live_comparison import LiveComparison
from bot.handlers.drift.served_kinds import scope_of
from bot.i18n.catalogue import check as texts
from bot.i18n.language import LocalizedText, Text, join_texts
from bot.ports.errors import PortError
from bot.ports.isolation import unexpected_as_port_error

_REPLICAS = "spec.replicas"
_MAX_UNCHECKED = 1_000  # stored with each check
_MAX_NAMED = 3  # objects, or reasons, before "and N more"
_NO_SCHEMAS = Schemas()  # enough to report a missing object


@dataclass(frozen=True, slots=True)
class ComparisonResult:
    """How the manifests of one application differ from its cluster.

    `objects` is how many objects git declares. `unknown` has a sentence for each reason why some could not be checked,
    and `unchecked` these objects and fields; None if there are many. `notes` has sentences about the manifests,
    such as an object that is declared twice. `degraded` are the objects whose health is Degraded.
    """

    objects: int = 0
    drift: tuple[ObjectDrift, ...] = ()
    set_aside: tuple[ObjectDrift, ...] = ()
    unknown: tuple[Text, ...] = ()
    notes: tuple[Text, ...] = ()
    degraded: tuple[Unready, ...] = ()
    unchecked: frozenset[Identity] | None = None


def comparison_result(
    manifests: Sequence[Manifest], application: Application, live: LiveComparison
) -> ComparisonResult:
    """The result for the manifests of one application, which were all compared in `live`."""
    namespace, namespaced = application.namespace, scope_of(live.discovery)
    resolved = resolve(manifests, namespace=namespace, namespaced=namespaced)
    drift: list[ObjectDrift] = []
    set_aside: list[ObjectDrift] = []
    degraded: list[Unready] = []
    titles: defaultdict[Text, list[str]] = defaultdict(list)  # of unchecked objects, by the reason
    unchecked: set[Identity] = set()

    def add_unchecked(manifest: Manifest, reason: Text, path: str = "") -> None:
        titles[reason].append(_title(manifest))
        unchecked.add((*manifest.identity, path))

    for manifest in resolved:
        try:
            with unexpected_as_port_error(f"result of {manifest.key}"):
                comparison = _comparison(manifest, application, live)
        except PortError as error:
            add_unchecked(manifest, error.text)
            continue
        if comparison.incomplete is not None:
            add_unchecked(manifest, comparison.incomplete)
        object_drift = comparison.drift
        if object_drift is not None and any(field.path == _REPLICAS for field in object_drift.fields):
            autoscaler_error = live.autoscaler_error(manifest.namespace)
            if autoscaler_error is not None:  # an autoscaler may have set the replicas, which isn't drift
                reason = LocalizedText(texts.SCALED, path=_REPLICAS, why=autoscaler_error.text)
                add_unchecked(manifest, reason, _REPLICAS)
                object_drift = _without_replicas(object_drift)
        if object_drift is not None:
            drift.append(object_drift)
        if comparison.set_aside is not None:
            set_aside.append(comparison.set_aside)
        if comparison.degraded is not None:
            degraded.append(comparison.degraded)
    duplicates = overridden(manifests, namespace=namespace, namespaced=namespaced)
    return ComparisonResult(
        len(resolved),
        tuple(drift),
        tuple(set_aside),
        _not_checked(titles),
        _declared_twice(duplicates),
        tuple(degraded),
        frozenset(unchecked) if len(unchecked) <= _MAX_UNCHECKED else None,
    )


def still_present(
    manifests: Sequence[Manifest], application: Application, live: LiveComparison
) -> tuple[list[Manifest], tuple[Text, ...]]:
    """Which of these objects, such as those that a commit removed, still exist, and why some weren't checked."""
    present: list[Manifest] = []
    unchecked: defaultdict[Text, list[str]] = defaultdict(list)
    for manifest in resolve(manifests, namespace=application.namespace, namespaced=scope_of(live.discovery)):
        try:
            with unexpected_as_port_error(f"result of {manifest.key}"):
                if live.comparison_of(manifest, application) is not None:
                    present.append(manifest)
        except PortError as error:
            unchecked[error.text].append(_title(manifest))
    return present, _not_checked(unchecked)


def join_sentences(sentences: Iterable[Text]) -> Text | None:
    """Several sentences as one text; None if there are none."""
    parts = list(sentences)
    return join_texts(texts.THEN, parts) if parts else None


def summarize(unknown: Sequence[Text]) -> Text | None:
    """The first few sentences and how many more there are; None if there are none."""
    more = len(unknown) - _MAX_NAMED
    rest = [LocalizedText(texts.MORE_NOT_CHECKED, n=str(more))] if more > 0 else []
    return join_sentences([*unknown[:_MAX_NAMED], *rest])


def _comparison(manifest: Manifest, application: Application, live: LiveComparison) -> Comparison:
    """How an object differs. Raises LocalizedError if it could not be read or compared."""
    comparison = live.comparison_of(manifest, application)
    if manifest.api_version in live.schema_errors:
        raise live.schema_errors[manifest.api_version]
    return comparison or compare_object(manifest, None, schema=_NO_SCHEMAS)


def _without_replicas(object_drift: ObjectDrift) -> ObjectDrift | None:
    fields = tuple(field for field in object_drift.fields if field.path != _REPLICAS)
    return replace(object_drift, fields=fields) if fields else None


def _not_checked(objects_by_reason: Mapping[Text, Sequence[str]]) -> tuple[Text, ...]:
    sentences = []
    for reason, objects in objects_by_reason.items():
        more = len(objects) - _MAX_NAMED
        phrase = texts.NOT_CHECKED_MORE if more > 0 else texts.NOT_CHECKED
        sentences.append(LocalizedText(phrase, objects=", ".join(objects[:_MAX_NAMED]), n=str(more), why=reason))
    return tuple(sentences)


def _declared_twice(duplicates: Sequence[tuple[Manifest, Manifest]]) -> tuple[Text, ...]:
    notes: list[Text] = [
        LocalizedText(
            texts.DECLARED_TWICE,
            object=_title(later),
            earlier=earlier.position,
            later=later.position,
        )
        for earlier, later in duplicates[:_MAX_NAMED]
    ]
    more = len(duplicates) - _MAX_NAMED
    if more > 0:
        notes.append(LocalizedText(texts.ONE_MORE_TWICE if more == 1 else texts.MORE_TWICE, n=str(more)))
    return tuple(notes)


def _title(manifest: Manifest) -> str:
    return f"{manifest.kind} {manifest.name}"

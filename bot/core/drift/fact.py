"""Differences in a few words, for titles and push notifications: `web image 4.7.2 → latest`."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from bot.core.drift.fact_values import clipped
from bot.core.drift.model import Actor, FieldDrift, ObjectDrift
from bot.core.drift.parts import AlignmentBudget, sub_drifts
from bot.core.drift.phrase_book import OTHER, RULES, Change, Rule
from bot.core.drift.severity import Rating, Severity, rate_field, rate_object
from bot.core.drift.short_path import WORKLOADS, container, names
from bot.core.text_cache import cache_texts
from bot.i18n.catalogue import fact as texts
from bot.i18n.language import LocalizedText, Text

_MAX_NAME: Final = 60
_MAX_MISSING: Final = 3  # missing objects of one kind that are named
_MAX_DEPTH: Final = 12  # levels inside a value to look up in the phrase book
_MAX_PATH: Final = 1_000  # characters: each value below a longer path would be looked up by all of it

# Workloads that are named without their kind.
_SERVICES: Final = WORKLOADS - {"CronJob", "Job"}

# kubectl's short names, as people write them.
_SHORT_KINDS: Final = {
    "CustomResourceDefinition": "CRD",
    "HorizontalPodAutoscaler": "HPA",
    "PersistentVolumeClaim": "PVC",
    "PodDisruptionBudget": "PDB",
}


@dataclass(frozen=True, slots=True)
class Fact:
    """One difference in a few words, on one line. `manager` wrote the live value, no later than `time`.

    `actor` is who made the difference, if known.
    """

    text: Text
    rating: Rating
    manager: str | None = None
    time: datetime | None = None
    actor: Actor | None = None


def facts(drift: Iterable[ObjectDrift]) -> tuple[Fact, ...]:
    """At least one fact for each difference: the most severe first, then the most familiar.

    Many missing objects of one kind become one fact for each actor.
    """
    objects, budget = list(drift), AlignmentBudget()
    names = _names(objects)
    missing: dict[tuple[str, Actor | None], list[ObjectDrift]] = {}
    for object_drift in filter(_is_missing, objects):
        missing.setdefault(_kind_and_actor(object_drift), []).append(object_drift)
    together = {cause: group for cause, group in missing.items() if len(group) > _MAX_MISSING}
    ranked = [
        item
        for object_drift in objects
        if not (_is_missing(object_drift) and _kind_and_actor(object_drift) in together)
        for item in _facts(object_drift, names[_key(object_drift)], budget)
    ]
    ranked += [_missing_together(group) for group in sorted(together.values(), key=lambda group: group[0].kind)]
    ranked.sort(key=lambda item: (-item[1].rating.severity, item[0]))
    return tuple(fact for _, fact in ranked)


def most_important_first(drift: Iterable[ObjectDrift]) -> tuple[ObjectDrift, ...]:
    """The same objects, and the fields of each, in the order of their facts."""
    ordered = []
    for object_drift in drift:
        fields = [(_order(object_drift, field), field) for field in object_drift.fields]
        fields.sort(key=lambda item: item[0])
        first = fields[0][0] if fields else (-rate_object(object_drift).severity, 0)
        ordered.append((first, replace(object_drift, fields=tuple(field for _, field in fields))))
    return tuple(object_drift for _, object_drift in sorted(ordered, key=lambda item: item[0]))


def _order(object_drift: ObjectDrift, field: FieldDrift) -> tuple[int, int]:
    return -rate_field(object_drift, field).severity, _rule(object_drift.kind, names(field.path))[0]


def _facts(object_drift: ObjectDrift, name: str, budget: AlignmentBudget) -> Iterator[tuple[int, Fact]]:
    """Each fact with its rank by how familiar it is; 0 is the most familiar."""
    if _is_missing(object_drift):
        kind_and_name = _with_kind(object_drift, name)
        yield (
            0,
            Fact(
                LocalizedText(texts.MISSING, object=kind_and_name), rate_object(object_drift), actor=object_drift.actor
            ),
        )
    for field in object_drift.fields:
        change = Change(_subject(object_drift, field, name), object_drift, field, budget)
        facts = list(_in_words(change, name, _MAX_DEPTH))
        yield from facts or [(len(RULES) + 1, _fact(OTHER(change), rate_field(object_drift, field), field))]


def _is_missing(object_drift: ObjectDrift) -> bool:
    return object_drift.change == "missing" or not object_drift.fields


def _kind_and_actor(object_drift: ObjectDrift) -> tuple[str, Actor | None]:
    return object_drift.kind, object_drift.actor and replace(object_drift.actor, time=None)


def _missing_together(missing: Sequence[ObjectDrift]) -> tuple[int, Fact]:
    kind, actor = _kind_and_actor(missing[0])
    rating = max((rate_object(object_drift) for object_drift in missing), key=lambda rating: rating.severity)
    text = LocalizedText(texts.MISSING_OBJECTS, count=str(len(missing)), kind=clipped(kind))
    return 0, Fact(text, rating, actor=actor)


def _in_words(change: Change, name: str, depth: int) -> Iterator[tuple[int, Fact]]:
    """The facts that the phrase book has words for, about a field or the values inside it."""
    object_drift, field = change.object_drift, change.field
    rank, rule = _rule(object_drift.kind, names(field.path))
    built = rule.build(change) if rule else ()
    if built:
        rating = rate_field(object_drift, field)
        yield from ((rank, _fact(text, rating, field)) for text in built)
    if depth and len(field.path) <= _MAX_PATH and (not built or (rule and rule.looks_inside)):
        for part in sub_drifts(field, change.budget):
            if part.path == field.path:
                continue
            if not built or rate_field(object_drift, part).severity is Severity.CRITICAL:
                inside = replace(change, subject=_subject(object_drift, part, name), field=part)
                yield from _in_words(inside, name, depth - 1)


def _fact(text: Text, rating: Rating, field: FieldDrift) -> Fact:
    return Fact(text, rating, field.manager, field.time, field.actor)


@cache_texts  # often the same fields differ in many objects
def _rule(kind: str, path_names: str) -> tuple[int, Rule | None]:
    """The matching rule of the phrase book, and its rank by how familiar it is."""
    ranks = ((rank, rule) for rank, rule in enumerate(RULES, 1) if rule.matches(kind, path_names))
    return next(ranks, (len(RULES) + 1, None))


def _subject(object_drift: ObjectDrift, field: FieldDrift, name: str) -> str:
    """A workload by its name, other objects with their kind; with the container if its name differs."""
    title = name if object_drift.kind in _SERVICES else _with_kind(object_drift, name)
    inside = container(field.path) if object_drift.kind in WORKLOADS else None
    return title if inside in (None, object_drift.name) else f"{title} ({_short(str(inside))})"


def _with_kind(object_drift: ObjectDrift, name: str) -> str:
    kind = clipped(_SHORT_KINDS.get(object_drift.kind, object_drift.kind))
    return name if name.startswith(f"{kind} ") else f"{kind} {name}"


def _names(objects: Iterable[ObjectDrift]) -> dict[tuple[str, str | None, str], str]:
    """What to call each object: its name, with its kind and then its namespace if that is not unique."""
    keys = list(dict.fromkeys(map(_key, objects)))
    plain = Counter(name for kind, _, name in keys if kind in _SERVICES)
    with_kind = Counter((kind, name) for kind, _, name in keys)
    names = {}
    for kind, namespace, name in keys:
        title = _short(name)
        if with_kind[kind, name] > 1 and namespace:
            title = f"{_short(namespace)}/{title}"
        names[kind, namespace, name] = f"{kind} {title}" if kind in _SERVICES and plain[name] > 1 else title
    return names


def _key(object_drift: ObjectDrift) -> tuple[str, str | None, str]:
    return object_drift.kind, object_drift.namespace, object_drift.name


def _short(name: str) -> str:
    return clipped(name, _MAX_NAME)

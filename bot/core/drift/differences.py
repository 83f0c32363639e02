"""Compares sets of differences: which are new, which have escalated, and the worst severity of each."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from typing import Any, Final

from bot.core.drift.bounded import MAX_WORST, is_without_values, may_be_same, most_severe
from bot.core.drift.model import Check, FieldDrift, Identity, ObjectDrift
from bot.core.drift.severity import Severity, rate_field, rate_object
from bot.core.objects.credential_search import CredentialSearch
from bot.core.objects.deep_equality import deep_equal
from bot.core.objects.managed_fields import DEPLOYERS
from bot.core.objects.redaction import Redaction, has_hidden, redact
from bot.core.objects.step_budget import StepBudget, TooManyStepsError
from bot.i18n.catalogue import reason as reasons
from bot.i18n.language import LocalizedText

# How often an incident reports one field. A script that keeps changing it must not reopen the incident each time.
MAX_REPORTS: Final = 3


def identities(drift: Iterable[ObjectDrift]) -> frozenset[Identity]:
    """The identity of each difference."""
    return frozenset(
        _identity(object_drift, path)
        for object_drift in drift
        for path in ([field.path for field in object_drift.fields] or [""])
    )


def persisting(
    before: Iterable[ObjectDrift], now: Iterable[ObjectDrift], *, as_stored: bool = False
) -> tuple[ObjectDrift, ...]:
    """The current differences that were there before, with the same values in git and in the cluster.

    With `as_stored`, also those whose values may be the same, since they were too large to be stored.
    """
    earlier = {_identity(object_drift, field.path): field for object_drift in before for field in object_drift.fields}

    def persists(other: FieldDrift | None, field: FieldDrift) -> bool:
        if other is None:
            return False
        is_same = deep_equal((other.desired, other.live), (field.desired, field.live))
        return is_same or (as_stored and may_be_same(other, field))

    missing = {_identity(object_drift) for object_drift in before if not object_drift.fields}
    lasting = []
    for object_drift in now:
        fields = tuple(
            field for field in object_drift.fields if persists(earlier.get(_identity(object_drift, field.path)), field)
        )
        if fields or (not object_drift.fields and _identity(object_drift) in missing):
            lasting.append(replace(object_drift, fields=fields))
    return tuple(lasting)


def severities(drift: Iterable[ObjectDrift]) -> dict[Identity, Severity]:
    """The severity of each difference."""
    by_identity: dict[Identity, Severity] = {}
    for object_drift in drift:
        if not object_drift.fields:
            by_identity[_identity(object_drift)] = rate_object(object_drift).severity
        for field in object_drift.fields:
            by_identity[_identity(object_drift, field.path)] = rate_field(object_drift, field).severity
    return by_identity


def new_or_escalated(
    before: Iterable[ObjectDrift],
    latest: Iterable[ObjectDrift],
    now: Iterable[ObjectDrift],
    reported: Iterable[ObjectDrift],
) -> tuple[ObjectDrift, ...]:
    """The current differences that are new, were less severe `before`, have another live value, or have returned.

    Another value counts if it is serious, no controller or deployer wrote it, it is not among those `reported` so far,
    and its field was reported less than MAX_REPORTS times. One that is not among the `latest` differences has returned;
    the same conditions apply, but the value does not matter.
    """
    before, latest, reported = tuple(before), tuple(latest), tuple(reported)
    present, before_by_identity = severities(latest), severities(before)
    for identity, severity in present.items():  # `before` may have lacked room for it
        before_by_identity[identity] = max(severity, before_by_identity.get(identity, severity))
    reports = Counter(identity for object_drift in reported for identity in identities([object_drift]))
    worst = {_identity(object_drift, field.path): field for object_drift in before for field in object_drift.fields}
    earlier: defaultdict[Identity, list[FieldDrift]] = defaultdict(list)
    for object_drift in (*before, *latest, *reported):
        for field in object_drift.fields:
            earlier[_identity(object_drift, field.path)].append(field)
    is_same = partial(_has_same_value, search=CredentialSearch(StepBudget()))

    def is_new(object_drift: ObjectDrift, field: FieldDrift) -> bool:
        identity, severity = _identity(object_drift, field.path), rate_field(object_drift, field).severity
        # Without its values, the parts of the earlier one weren't rated.
        is_rated = identity not in worst or not is_without_values(field, worst[identity])
        can_report = reports[identity] < MAX_REPORTS
        return ((is_rated or can_report) and severity > before_by_identity.get(identity, 0)) or (
            severity >= Severity.SERIOUS
            and can_report
            and not _is_automatic(field)
            and (identity not in present or not any(is_same(field, other) for other in earlier[identity]))
        )

    def is_new_object(object_drift: ObjectDrift) -> bool:
        identity = _identity(object_drift)
        returned = identity not in present and reports[identity] < MAX_REPORTS
        return not object_drift.fields and (identity not in before_by_identity or returned)

    new = []
    for object_drift in now:
        fields = tuple(field for field in object_drift.fields if is_new(object_drift, field))
        if fields or is_new_object(object_drift):
            new.append(replace(object_drift, fields=fields))
    return tuple(new)


def present_or_worse(new: Iterable[ObjectDrift], latest: Iterable[ObjectDrift]) -> tuple[ObjectDrift, ...]:
    """The `new` differences that are among the `latest` ones, or more severe than the least severe of these."""
    present = severities(latest)
    least = min(present.values(), default=0)
    kept = []
    for object_drift in new:
        by_identity = severities([object_drift])
        shown = {identity for identity, severity in by_identity.items() if identity in present or severity > least}
        fields = tuple(field for field in object_drift.fields if _identity(object_drift, field.path) in shown)
        if shown:
            kept.append(replace(object_drift, fields=fields))
    return tuple(kept)


def merge_worst(before: Iterable[ObjectDrift], now: Iterable[ObjectDrift]) -> tuple[ObjectDrift, ...]:
    """All differences of both, at most MAX_WORST, each at its worst; if equally severe, the later one.

    An object that was once missing and once modified is in the result twice.
    """
    merged = {(*_identity(object_drift), object_drift.change): object_drift for object_drift in before}
    for object_drift in now:
        key = (*_identity(object_drift), object_drift.change)
        fields = {field.path: field for field in (merged[key].fields if key in merged else ())}
        for field in object_drift.fields:
            earlier = fields.get(field.path)
            if (
                earlier is None
                or rate_field(object_drift, field).severity >= rate_field(object_drift, earlier).severity
            ):
                fields[field.path] = field
        merged[key] = replace(object_drift, fields=tuple(fields.values()))
    return most_severe(tuple(merged.values()), MAX_WORST)


def with_added(before: Iterable[ObjectDrift], added: Iterable[ObjectDrift]) -> tuple[ObjectDrift, ...]:
    """The differences of both; those `added` replace earlier ones in the same fields."""
    merged = {_identity(object_drift): object_drift for object_drift in before}
    for object_drift in added:
        identity, paths = _identity(object_drift), {field.path for field in object_drift.fields}
        earlier = merged[identity].fields if identity in merged and paths else ()
        kept = tuple(field for field in earlier if field.path not in paths)
        merged[identity] = replace(object_drift, fields=kept + object_drift.fields)
    return tuple(merged.values())


def unseen(before: Iterable[ObjectDrift], check: Check) -> tuple[ObjectDrift, ...]:
    """The earlier differences that may still exist although the check does not report them, since it is incomplete."""
    if check.error is None:
        return ()
    if check.unchecked is None:
        return tuple(before)
    result = []
    for object_drift in before:
        fields = tuple(field for field in object_drift.fields if _identity(object_drift, field.path) in check.unchecked)
        if _identity(object_drift) in check.unchecked:
            result.append(object_drift)
        elif fields:
            result.append(replace(object_drift, fields=fields))
    return tuple(result)


def still_live(before: Iterable[ObjectDrift], check: Check) -> bool | None:
    """Whether the cluster still has the live values of these differences; None if the check can't tell."""
    before = tuple(before)
    expected, live = _live_values(before), _live_values(check.drift)
    unknown = identities(before if check.omitted else unseen(before, check)) - live.keys()
    known = expected.keys() - unknown - {identity for identity, value in live.items() if has_hidden(value)}
    if any(identity not in live or not deep_equal(live[identity], expected[identity]) for identity in known):
        return False
    return True if len(known) == len(expected) else None


def _live_values(drift: Iterable[ObjectDrift]) -> dict[Identity, Any]:
    """The live value of each difference, None for a missing object."""
    values: dict[Identity, Any] = {}
    for object_drift in drift:
        values |= {_identity(object_drift, field.path): field.live for field in object_drift.fields}
        if not object_drift.fields:
            values[_identity(object_drift)] = None
    return values


def _has_same_value(field: FieldDrift, other: FieldDrift, search: CredentialSearch) -> bool:
    """Whether both have the same live value, as far as it is shown. An earlier version may have shown more."""
    if field.change != other.change:
        return False
    if deep_equal(field.live, other.live) or is_without_values(field, other):
        return True
    if not has_hidden(field.live):
        return False
    try:
        return deep_equal(field.live, redact(("",), other.live, Redaction(), search.redact_value))
    except TooManyStepsError:
        return False


def _is_automatic(field: FieldDrift) -> bool:
    """Whether a controller or a deployer wrote the live value."""
    is_written = isinstance(field.reason, LocalizedText) and field.reason.phrase == reasons.WRITTEN
    return is_written or field.manager in DEPLOYERS


def _identity(object_drift: ObjectDrift, path: str = "") -> Identity:
    return *object_drift.identity, path

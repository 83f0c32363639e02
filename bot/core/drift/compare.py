"""Drift of one object: what git declares against what the API server stores, without a dry run.

A declared value that differs is drift, except where a controller owns it. A value that git does not declare is drift
only if a person set it. docs/drift.md lists the rules in order; each difference carries its reason.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from itertools import compress
from typing import Any, Final

from bot.core.drift.attribution import RESTART, Attribution
from bot.core.drift.autoscaling import ScaleTargets, is_autoscaled
from bot.core.drift.findings import Findings, KeptValues
from bot.core.drift.ignore_rules import IgnoreRule, Selector, rules_for, without_places
from bot.core.drift.model import FieldDrift, ObjectDrift, SourceLocation
from bot.core.drift.opt_outs import ignored_paths, opt_outs
from bot.core.drift.stored_secret import is_secret, with_string_data
from bot.core.drift.walk import Walk
from bot.core.health.unready import Unready
from bot.core.objects.credential_search import CredentialSearch
from bot.core.objects.managed_fields import INTERACTIVE, LAST_APPLIED, Ownership
from bot.core.objects.manifest import Manifest
from bot.core.objects.path import Path
from bot.core.objects.redaction import Redaction, redact_scalars
from bot.core.objects.resource import items, mapping
from bot.core.objects.schema import Schemas
from bot.core.objects.step_budget import StepBudget, TooManyStepsError
from bot.core.objects.tree import Tree
from bot.i18n.catalogue import reason as reasons
from bot.i18n.catalogue import set_aside as texts
from bot.i18n.language import LocalizedText, Text

Object = Mapping[str, Any]

_AUTOSCALED: Final[Mapping[Path, Text]] = {("spec", "replicas"): LocalizedText(texts.AUTOSCALER)}
_AGGREGATED: Final[Mapping[Path, Text]] = {("rules",): LocalizedText(texts.AGGREGATED)}
_NOTHING: Final[Mapping[Path, Text]] = {}
_MAX_MANAGERS: Final = 100  # objects have a few; the API server limits only those that do not use server-side apply
_NO_SCALE_TARGETS: Final = ScaleTargets()


@dataclass(frozen=True, slots=True)
class Comparison:
    """The differences of one object that are `drift`, and those that are `set_aside`; None if there are none.

    `size` is their approximate length in characters. `incomplete` is why there may be more, None if there are not; the
    same comparison may have more steps later unless it `is_final`. A check sets `degraded` if the object's health is
    Degraded.
    """

    drift: ObjectDrift | None = None
    set_aside: ObjectDrift | None = None
    size: int = 0
    incomplete: Text | None = None
    is_final: bool = True
    degraded: Unready | None = None


def compare_object(
    manifest: Manifest,
    live: Object | None,
    *,
    schema: Schemas,
    scale_targets: ScaleTargets = _NO_SCALE_TARGETS,
    ignore: Sequence[IgnoreRule] = (),
    interactive: Sequence[str] = INTERACTIVE,
    explain: bool = True,
    steps: StepBudget | None = None,
) -> Comparison:
    """Compare a live object, None if it does not exist, with its manifest, to which `resolve` has added the namespace.

    `scale_targets` are those of the object's cluster. `interactive` are patterns of field managers that people use by
    hand. Without `explain`, `set_aside` has neither the defaults that the server filled in, often a dozen, nor the
    values of other differences. Credentials are replaced. If it takes more than `steps`, the result is incomplete:
    changed and removed values come first, and the selectors of rules that are left have no effect. Raises
    TooManyStepsError if reading the ignore rules takes more; PathError, PointerError or JqError for one that cannot be
    read. Raises nothing else, whatever the objects contain.
    """
    steps = steps or StepBudget()
    excused = opt_outs(manifest.object)
    if live is None:
        return _missing(manifest, excused.get("missing"))
    rules = rules_for(ignore, manifest, ignored_paths(manifest.object), steps)
    desired = with_string_data(manifest.object) if is_secret(manifest) else manifest.object
    ownership = Ownership(live, desired, interactive, steps)
    ranges = scale_targets.ranges_of(manifest)
    replicas = mapping(live, "spec").get("replicas")
    declared = mapping(desired, "spec").get("replicas")
    by_autoscaler = not ranges or declared is None or _is_scaled(ownership)
    is_scaled = is_autoscaled(replicas, ranges, declared=declared, by_autoscaler=by_autoscaler)
    attribution = Attribution(
        ownership,
        _AUTOSCALED if is_scaled else _controlled(manifest),
        rules.trusted_managers,
        has_autoscaler=bool(ranges),
    )
    node = schema.node(manifest.api_version, manifest.kind)
    redaction = cache(partial(Redaction.of, manifest.kind, manifest.object))  # most objects need none
    search = CredentialSearch(steps)
    objects = Tree(desired, steps), Tree(live, steps)
    incomplete: Text | None = None

    def new_walk(keep: KeptValues) -> Walk:
        findings = Findings(objects, attribution, redaction, search, steps, keep)
        return _walk(manifest, ownership, attribution, findings, steps, explain=explain)

    walk = new_walk(KeptValues.ALL if explain else KeptValues.DRIFT)
    findings = walk.findings
    try:
        walk.mappings(desired, live, node, rules.ignored)
        walk.undeclared()
    except TooManyStepsError as error:
        incomplete = error.text
    if rules.selectors:
        if incomplete is not None:
            steps.renew()
            findings.drift = [field for field in findings.drift if field.change != "added"]

        def drift_paths(desired: Object, live: Object) -> list[str]:
            walk = new_walk(KeptValues.NONE)
            walk.mappings(desired, live, node, rules.ignored)
            if incomplete is None:
                walk.undeclared()
            return [field.path for field in walk.findings.drift]

        redacted = partial(_redact_scalars, redaction, search, steps)
        too_long = _set_aside_selected(findings, rules.selectors, desired, live, redacted, drift_paths, steps)
        incomplete = too_long or incomplete
    drift = [field for field in findings.drift if field.change not in excused]
    for change, reason in excused.items():
        findings.set_aside_drift((field for field in findings.drift if field.change == change), reason)
    managers = items(mapping(live, "metadata"), "managedFields")
    if incomplete is not None and len(managers) > _MAX_MANAGERS:  # somebody may hide what they added
        reason = LocalizedText(reasons.TOO_MANY_MANAGERS)
        drift.append(FieldDrift("added", "metadata.managedFields", live=f"> {_MAX_MANAGERS}", reason=reason))
    is_final = incomplete is None or steps.is_alone
    return Comparison(
        _modified(manifest, drift), _modified(manifest, findings.set_aside), steps.kept, incomplete, is_final
    )


def compare_declarations(
    manifest: Manifest, other: Object, *, schema: Schemas, search: CredentialSearch
) -> list[FieldDrift]:
    """The differences between a manifest and another declaration of the same object, sorted by path.

    Only what the manifest declares is compared, so call it the other way round too, to find what only the other one
    declares. `desired` is the manifest's value and `live` the other's. Credentials are replaced. Unlike in a drift
    check, a restart stamp counts as a change. Raises TooManyStepsError.
    """
    steps = search.steps
    metadata = {key: value for key, value in mapping(other, "metadata").items() if key != "managedFields"}
    annotations = mapping(metadata, "annotations")
    if LAST_APPLIED in annotations:  # git has a dump of a live object, so it is out of date
        metadata["annotations"] = {key: value for key, value in annotations.items() if key != LAST_APPLIED}
    desired: Object = manifest.object
    live: Object = {**other, "metadata": metadata}
    if is_secret(manifest):
        desired, live = with_string_data(desired), with_string_data(live)
    ownership = Ownership(live, desired, (), steps)
    attribution = Attribution(ownership, _controlled(manifest), ())
    redaction = cache(partial(Redaction.of, manifest.kind, manifest.object))
    objects = Tree(desired, steps), Tree(live, steps)
    findings = Findings(objects, attribution, redaction, search, steps, KeptValues.ALL)
    walk = _walk(manifest, ownership, attribution, findings, steps, explain=False)
    walk.mappings(desired, live, schema.node(manifest.api_version, manifest.kind))
    restarts = [field for field in walk.findings.set_aside if field.reason == RESTART]
    fields = [field for field in walk.findings.drift + restarts if field.change != "added"]
    return sorted(fields, key=lambda field: field.path)


def _walk(
    manifest: Manifest,
    ownership: Ownership,
    attribution: Attribution,
    findings: Findings,
    steps: StepBudget,
    *,
    explain: bool,
) -> Walk:
    kind = manifest.api_version.rpartition("/")[0], manifest.kind
    return Walk(ownership, attribution, findings, steps, kind=kind, explain=explain)


def _is_scaled(ownership: Ownership) -> bool:
    """Whether an autoscaler can have set the number of replicas: autoscalers use the scale subresource."""
    owners = ownership.owners(("spec", "replicas"))
    return any(owner.subresource == "scale" for owner in owners) and not any(map(ownership.is_person, owners))


def _controlled(manifest: Manifest) -> Mapping[Path, Text]:
    """The paths at which a controller may hold another value than git declares, each with the reason."""
    if manifest.kind == "ClusterRole" and manifest.object.get("aggregationRule"):
        return _AGGREGATED
    return _NOTHING


def _set_aside_selected(
    findings: Findings,
    selectors: Sequence[Selector],
    desired: Object,
    live: Object,
    redacted: Callable[[Object], Object],
    drift_paths: Callable[[Object, Object], Iterable[str]],
    steps: StepBudget,
) -> Text | None:
    """Set aside what no longer differs once what a rule selects is removed from both sides, as in Argo CD.

    Unlike there, no selector sees a credential, so that whether there is drift depends on none. If the selectors take
    more than `steps`, the result is that reason, and those that are left have no effect.
    """
    seen = [desired, live]
    try:
        if findings.drift and any(selector.reads_values for selector in selectors):
            seen = [redacted(side) for side in seen]
        for selector in selectors:
            if not findings.drift:
                break
            places = [list(selector.places(side, steps)) for side in seen]
            if not any(places):
                continue
            desired, live = without_places(desired, places[0], steps), without_places(live, places[1], steps)
            seen = [without_places(side, selected, steps) for side, selected in zip(seen, places, strict=True)]
            is_related = _related_to(drift_paths(desired, live), steps)
            related = [is_related(field.path) for field in findings.drift]
            findings.set_aside_drift(
                (field for field, kept in zip(findings.drift, related, strict=True) if not kept), selector.reason
            )
            findings.drift = list(compress(findings.drift, related))
    except TooManyStepsError as error:
        return error.text
    return None


def _redact_scalars(
    redaction: Callable[[], Redaction], search: CredentialSearch, steps: StepBudget, side: Object
) -> Object:
    return redact_scalars(side, redaction(), steps, search)


def _related_to(paths: Iterable[str], steps: StepBudget) -> Callable[[str], bool]:
    """Whether a path is one of these, or above or below one: a difference may be reported at either."""
    all_paths = set(paths)
    above = {path for below in all_paths for path in _above(below, steps)}
    return lambda path: path in all_paths or path in above or not all_paths.isdisjoint(_above(path, steps))


def _above(path: str, steps: StepBudget) -> list[str]:
    """Every path above this one, and prefixes within its keys that look like one."""
    ends = [end for end, character in enumerate(path) if character in ".["]
    steps.take(1 + len(ends) * len(path) // 256)
    return [path[:end] for end in ends]


def _missing(manifest: Manifest, excuse: Text | None) -> Comparison:
    missing = ObjectDrift(
        manifest.api_version,
        manifest.kind,
        manifest.namespace,
        manifest.name,
        "missing",
        reason=excuse or LocalizedText(reasons.MISSING),
        location=_location(manifest),
    )
    return Comparison(set_aside=missing) if excuse else Comparison(drift=missing)


def _modified(manifest: Manifest, fields: list[FieldDrift]) -> ObjectDrift | None:
    if not fields:
        return None
    fields.sort(key=lambda field: field.path)
    return ObjectDrift(
        manifest.api_version,
        manifest.kind,
        manifest.namespace,
        manifest.name,
        "modified",
        tuple(fields),
        location=_location(manifest),
    )


def _location(manifest: Manifest) -> SourceLocation | None:
    return SourceLocation(manifest.file, manifest.line) if manifest.line else None

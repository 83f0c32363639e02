"""Drift of one object: what git declares against what the API server holds, without asking it for a dry run.

A declared value that differs is drift, save where the server owns it. A value that nobody declared is drift only if a
person put it there. docs/drift.md has the rules in order; every difference carries the one that decided it.
"""

import base64
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Any, Final, Literal

from bot.core.drift.ignore import Ignored, IgnoreRule, Rules, rules_for, without
from bot.core.drift.model import FieldDrift, ObjectDrift
from bot.core.objects.manifest import Manifest
from bot.core.objects.ownership import INTERACTIVE, LAST_APPLIED, Ownership, Writer
from bot.core.objects.path import Item, Member, Path, PathError, Segment, format_path
from bot.core.objects.scalar import same_scalar
from bot.core.objects.schema import MISSING, Node, Schemas
from bot.i18n.catalogue import aside as texts
from bot.i18n.language import LocalizedText

Change = Literal["changed", "removed", "added"]
Object = Mapping[str, Any]

# Beyond this depth, which no real object reaches, a value is compared as one.
_MAX_DEPTH: Final = 100
# Beyond this length, a list whose order means nothing is compared in order: each item may have to meet each other.
_MAX_SHUFFLED: Final = 1000
# Of JSON and YAML nothing else is made. To ask for an abstract Mapping instead takes five times as long.
_CONTAINERS: Final = (dict, list)
_LEAVES: Final = frozenset((str, int, bool))
_HIDDEN: Final = "(hidden)"

_ROOT: Final = frozenset(("apiVersion", "kind", "status"))
_META: Final = frozenset(
    (
        "creationTimestamp",
        "deletionGracePeriodSeconds",
        "deletionTimestamp",
        "generation",
        "managedFields",
        "resourceVersion",
        "selfLink",
        "uid",
    )
)
_OWN_META: Final = _META | {"name", "namespace", "generateName"}
_NOTHING: Final[frozenset[str]] = frozenset()

# What a deployer writes on everything it applies, to know it again.
_MARKS: Final = frozenset(
    (
        LAST_APPLIED,
        "argocd.argoproj.io/installation-id",
        "argocd.argoproj.io/instance",
        "argocd.argoproj.io/tracking-id",
        "applyset.kubernetes.io/part-of",
        "helm.toolkit.fluxcd.io/name",
        "helm.toolkit.fluxcd.io/namespace",
        "kustomize.toolkit.fluxcd.io/checksum",
        "kustomize.toolkit.fluxcd.io/name",
        "kustomize.toolkit.fluxcd.io/namespace",
        "meta.helm.sh/release-name",
        "meta.helm.sh/release-namespace",
    )
)
# These are anybody's labels too, so they are marks only while no person has touched them.
_SHARED_MARKS: Final = frozenset(("app.kubernetes.io/instance", "app.kubernetes.io/managed-by"))
# Labels and annotations that the server and its controllers keep for themselves. A DaemonSet's generation is written
# by the server in the name of whoever changed the template.
_SERVER_KEYS: Final = frozenset(
    (
        "batch.kubernetes.io/controller-uid",
        "batch.kubernetes.io/job-name",
        "controller-uid",
        "deployment.kubernetes.io/revision",
        "deprecated.daemonset.template.generation",
        "job-name",
        "kubernetes.io/metadata.name",
    )
)
_RESTARTED_AT: Final = "kubectl.kubernetes.io/restartedAt"
_RESTART: Final = LocalizedText(texts.RESTART)
_DEFAULT: Final = LocalizedText(texts.DEFAULT)
_FILLED_IN: Final = LocalizedText(texts.FILLED_IN)
_DEPLOYERS_MARK: Final = LocalizedText(texts.DEPLOYERS_MARK)
_NOBODYS: Final = LocalizedText(texts.NOBODYS)

# Labels and annotations in git with which people already say that an object may differ, and the differences they speak
# of; Flux reads both, in any case. IgnoreExtraneous of Argo CD's compare-options speaks of objects that git lacks, so
# here it excuses nothing.
# https://fluxcd.io/flux/components/kustomize/kustomizations/#controlling-the-apply-behavior-of-resources
_FIELDS: Final = frozenset(("changed", "removed", "added"))
_OWN_IGNORE: Final = "gitops-bot/ignore"  # `*`, or paths separated by spaces
_OPT_OUTS: Final[Mapping[tuple[str, str], frozenset[str]]] = {
    ("kustomize.toolkit.fluxcd.io/reconcile", "disabled"): _FIELDS | {"missing"},
    ("kustomize.toolkit.fluxcd.io/ssa", "ignore"): _FIELDS | {"missing"},
    ("kustomize.toolkit.fluxcd.io/ssa", "ifnotpresent"): _FIELDS,
    ("kustomize.toolkit.fluxcd.io/ssa", "merge"): frozenset(("added",)),
    (_OWN_IGNORE, "*"): _FIELDS | {"missing"},
}
_OPT_OUT_NAMES: Final = frozenset(name for name, _ in _OPT_OUTS)


@dataclass(frozen=True, slots=True)
class ScaleTargets:
    """What autoscalers scale: (API group, kind, namespace, name) of each."""

    targets: frozenset[tuple[str, str, str, str]] = frozenset()

    def scale(self, manifest: Manifest) -> bool:
        """Whether one of them scales the object of a resolved manifest."""
        return (_group(manifest.api_version), manifest.kind, manifest.namespace or "", manifest.name) in self.targets


_NOTHING_SCALED: Final = ScaleTargets()


@dataclass(frozen=True, slots=True)
class Comparison:
    """What differs in one object: `drift`, and what was `set_aside`, each difference with its reason. None: nothing."""

    drift: ObjectDrift | None = None
    set_aside: ObjectDrift | None = None


def scale_targets(objects: Iterable[Object]) -> ScaleTargets:
    """The targets of the HorizontalPodAutoscalers and KEDA ScaledObjects among live objects; the rest is ignored."""
    targets = set()
    for scaler in objects:
        keda = scaler.get("kind") == "ScaledObject"
        if not keda and scaler.get("kind") != "HorizontalPodAutoscaler":
            continue
        target = _mapping(_mapping(scaler.get("spec")).get("scaleTargetRef"))
        namespace = _mapping(scaler.get("metadata")).get("namespace")
        # https://keda.sh/docs/latest/reference/scaledobject-spec/#scaletargetref
        version = target.get("apiVersion", "apps/v1" if keda else "")
        kind, name = target.get("kind", "Deployment" if keda else None), target.get("name")
        if isinstance(kind, str) and isinstance(name, str):
            targets.add((_group(version), kind, namespace if isinstance(namespace, str) else "", name))
    return ScaleTargets(frozenset(targets))


def compare_object(
    manifest: Manifest,
    live: Object | None,
    *,
    schema: Schemas,
    context: ScaleTargets = _NOTHING_SCALED,
    ignore: Sequence[IgnoreRule] = (),
    interactive: Sequence[str] = INTERACTIVE,
    explain: bool = True,
) -> Comparison:
    """How a live object (None: there is none) differs from its manifest, which `resolve` gave its namespace.

    `context` is what autoscalers in that cluster scale. `interactive` are patterns of field managers that people use by
    hand. Without `explain` what the server filled in, often a dozen values, is left out of what was set aside.
    Values out of a Secret are replaced. Raises nothing, whatever the objects look like; PathError for an
    ignore rule that is no path.
    """
    metadata = _mapping(manifest.object.get("metadata"))
    annotations = _mapping(metadata.get("annotations"))
    excused = {
        change: LocalizedText(texts.GIT_SAYS, name=name, value=str(said[name]))
        for said in (_mapping(metadata.get("labels")), annotations)
        if not _OPT_OUT_NAMES.isdisjoint(said)
        for (name, value), changes in _OPT_OUTS.items()
        if str(said.get(name)).lower() == value
        for change in changes
    }
    if live is None:
        reason = excused.get("missing", "")
        missing = ObjectDrift(
            manifest.api_version,
            manifest.kind,
            manifest.namespace,
            manifest.name,
            "missing",
            reason=reason or "git declares it, and it is not in the cluster",
        )
        return Comparison(set_aside=missing) if reason else Comparison(drift=missing)
    rules = _rules(manifest, ignore, annotations.get(_OWN_IGNORE))
    declared = _with_string_data(manifest.object) if _is_secret(manifest) else manifest.object
    ownership = Ownership(live, declared, interactive)

    def walk(declared: Object, held: Object) -> _Walk:
        walked = _Walk(manifest, declared, held, ownership, schema, context, rules, explain=explain)
        walked.run(rules.ignored)
        return walked

    walked = walk(declared, live)
    aside = walked.aside
    drift: list[FieldDrift] = []
    for field in _unselected(walked, rules, declared, live, walk):
        if field.change in excused:
            aside.append(replace(field, reason=excused[field.change]))
        else:
            drift.append(field)
    return Comparison(_object_drift(manifest, drift), _object_drift(manifest, aside))


def unlike(manifest: Manifest, other: Object, *, schema: Schemas) -> list[FieldDrift]:
    """What a manifest declares and another declaration of the same object does not say, or says otherwise.

    `desired` is the manifest's value and `live` the other's. What only the other declares is not told: ask the other
    way round. Values out of a Secret are replaced. A restart stamp is a change here, as it is one in git.
    """
    metadata = {key: value for key, value in _mapping(other.get("metadata")).items() if key != "managedFields"}
    annotations = _mapping(metadata.get("annotations"))
    if LAST_APPLIED in annotations:  # of a dump that was committed: it tells nothing of who declared what
        metadata["annotations"] = {key: value for key, value in annotations.items() if key != LAST_APPLIED}
    declared: Object = manifest.object
    held: Object = {**other, "metadata": metadata}
    if _is_secret(manifest):
        declared, held = _with_string_data(declared), _with_string_data(held)
    nobody = Ownership(held, declared, ())
    walk = _Walk(manifest, declared, held, nobody, schema, _NOTHING_SCALED, Rules(), explain=False)
    walk.run(None)
    restarts = [field for field in walk.aside if field.reason == _RESTART and field.change != "added"]
    return sorted(walk.drift + restarts, key=lambda field: field.path)


def _unselected(
    walked: "_Walk", rules: Rules, declared: Object, live: Object, walk: Callable[[Object, Object], "_Walk"]
) -> list[FieldDrift]:
    """The drift that is left when what Argo CD's rules select is taken out of both sides; the rest is set aside."""
    drift = walked.drift
    for rule in rules.selectors if drift else ():
        places = [list(rule.places(side)) for side in (declared, live)]
        if not any(places):
            continue
        declared, live = without(declared, places[0]), without(live, places[1])
        still = [field.path for field in walk(declared, live).drift]
        left: list[FieldDrift] = []
        for field in drift:
            if any(_related(field.path, path) for path in still):
                left.append(field)
            else:
                walked.aside.append(replace(field, reason=rule.why))
        drift = left
    return drift


def _related(one: str, other: str) -> bool:
    """Whether a path is another, or lies above or below it: with less there, a difference may be told elsewhere."""
    longer, shorter = (one, other) if len(one) > len(other) else (other, one)
    return longer.startswith(shorter) and longer[len(shorter) : len(shorter) + 1] in ("", ".", "[")


def _object_drift(manifest: Manifest, fields: list[FieldDrift]) -> ObjectDrift | None:
    if not fields:
        return None
    fields.sort(key=lambda field: field.path)
    return ObjectDrift(
        manifest.api_version, manifest.kind, manifest.namespace, manifest.name, "modified", tuple(fields)
    )


def _rules(manifest: Manifest, rules: Sequence[IgnoreRule], own: object) -> Rules:
    paths = own.split() if isinstance(own, str) and own != "*" else ()
    about = manifest.api_version, manifest.kind, manifest.namespace, manifest.name
    try:
        return rules_for(rules, *about, paths)
    except PathError:
        if not paths:
            raise
        return rules_for(rules, *about)


@dataclass(slots=True)  # frozen, one would take three times as long to make
class _Finding:
    """One verdict about a value that nobody declared."""

    path: Path
    value: Any
    drift: bool
    reason: str
    writer: Writer | None = None
    default: bool = False


class _Walk:
    """One object's comparison. `path` is where it stands; what it finds goes to `drift` and `aside`."""

    def __init__(
        self,
        manifest: Manifest,
        declared: Object,
        live: Object,
        ownership: Ownership,
        schema: Schemas,
        context: ScaleTargets,
        rules: Rules,
        *,
        explain: bool,
    ) -> None:
        self.drift: list[FieldDrift] = []
        self.aside: list[FieldDrift] = []
        self._path: list[Segment] = []
        self._secret = _is_secret(manifest)
        self._declared = declared
        self._live = live
        self._node = schema.node(manifest.api_version, manifest.kind)
        self._ownership = ownership
        self._aggregated = manifest.kind == "ClusterRole" and bool(self._declared.get("aggregationRule"))
        self._scaled = context.scale(manifest)
        self._pod = manifest.api_version == "v1" and manifest.kind == "Pod"
        self._managers = rules.managers
        self._explain = explain

    def run(self, ignored: Ignored | None) -> None:
        """Walk the whole object."""
        self._compare_mappings(self._declared, self._live, self._node, ignored)

    # ------------------------------------------------------------ declared

    def _compare_mappings(self, want: Object, have: Object, node: Node, ignored: Ignored | None) -> None:
        path, skipped = self._path, self._skipped()
        if len(path) >= _MAX_DEPTH:
            if not identical(want, have):
                self._differs(want, have)
            return
        for key, value in want.items():
            if key in skipped:
                continue
            held = have.get(key, MISSING)
            kind = type(value)
            if kind in _LEAVES and type(held) is kind and held == value:
                continue  # as nearly all are
            path.append(key)
            if kind is dict and type(held) is dict and ignored is None:
                self._compare_mappings(value, held, node.field(key), None)
            else:
                below = ignored.below(key) if ignored else None
                self._compare(value, held, node.field(key), want, have, below)
            path.pop()
        for key, value in have.items():
            if key in want or key in skipped:
                continue
            field = node.field(key)
            if not self._explain and _is_default(value, field, want, have):
                continue  # as nearly all are
            path.append(key)
            below = ignored.below(key) if ignored else None
            self._undeclared(value, field, want, have, below)
            path.pop()

    def _compare(
        self, want: Any, have: Any, node: Node, beside_want: Object, beside_have: Object, ignored: Ignored | None
    ) -> None:
        if ignored is not None and ignored.whole:
            told = len(self.drift)
            self._compare(want, have, node, beside_want, beside_have, None)
            self.aside += (replace(field, reason=ignored.whole) for field in self.drift[told:])
            del self.drift[told:]
        elif want is None:
            if have is not MISSING:
                self._undeclared(have, node, beside_want, beside_have, ignored)
        elif have is MISSING or have is None:
            self._absent(want, node)
        elif isinstance(want, dict) and isinstance(have, dict):
            self._compare_mappings(want, have, node, ignored)
        elif isinstance(want, list) and isinstance(have, list):
            self._compare_lists(want, have, node, ignored)
        elif not self._means(want, have, node, (beside_want, beside_have)):
            self._differs(want, have)

    def _means(self, want: Any, have: Any, node: Node, beside: tuple[Object, Object]) -> bool:
        """Whether a scalar is what was declared, or what the server makes of it."""
        if isinstance(want, _CONTAINERS) or isinstance(have, _CONTAINERS):
            return False
        if same_scalar(want, have, node.scalar):
            return True
        unset = _is_unset(want, node) and _is_default(have, node, *beside)
        empty = _is_blank(want, node) or (node.filled and _is_unset(want, node))  # nodePort: 0 asks for any port
        return unset or ((node.filled or node.filled_if_empty) and empty)

    def _absent(self, want: Any, node: Node) -> None:
        """Something is declared where the server has nothing."""
        if isinstance(want, dict) and self._is_by_key():
            for key, value in want.items():
                if key not in _MARKS:
                    self._path.append(key)
                    self._absent(value, node.field(key))
                    self._path.pop()
        elif _is_droppable(want, node):
            if want not in (None, {}, []):
                self._set_aside("removed", want, None, LocalizedText(texts.DROPPED))
        elif self._path[-1] == _RESTARTED_AT:
            self._set_aside("removed", want, None, _RESTART)
        elif reason := self._server_owns():
            self._set_aside("removed", want, None, reason)
        else:
            self._report("removed", want, None, "declared, and gone; a deletion leaves no trace of who", None)

    def _differs(self, want: Any, have: Any) -> None:
        """A declared value is another one in the cluster."""
        writer = self._writer()
        manager = writer.manager if writer else ""
        if self._path[-1] == _RESTARTED_AT:
            self._set_aside("changed", want, have, _RESTART, writer)
        elif reason := self._server_owns():
            self._set_aside("changed", want, have, reason, writer)
        elif self._path[-1] in _SHARED_MARKS and manager.startswith("argocd"):
            self._set_aside("changed", want, have, _DEPLOYERS_MARK, writer)
        else:
            self._report("changed", want, have, self._why(writer), writer)

    def _why(self, writer: Writer | None) -> str:
        if writer is None:
            return "git says otherwise; nobody is recorded"
        if self._ownership.by_hand(writer):
            return f"changed by hand with {writer.manager}"
        if self._ownership.by_kubectl_apply(writer) or self._ownership.deploys(writer):
            return "applied so, and git says otherwise"
        return f"git says otherwise; written by {writer.manager}"

    # ------------------------------------------------------------ lists

    def _compare_lists(self, want: list[Any], have: list[Any], node: Node, ignored: Ignored | None) -> None:
        node = self._typed(node, want, have)
        if self._pod and self._path == ["spec", "tolerations"]:
            have = [each for each in have if each in want or not _is_admitted(each)]
        if node.list_type == "map" and self._compare_keyed(want, have, node, ignored):
            return
        if node.list_type == "set" and self._compare_sets(want, have, node, ignored):
            return
        extras: list[tuple[Path, Any]] = []
        if not self._alike_lists(want, have, node, ignored, extras):
            self._differs(want, have)
            return
        if ignored is not None and not self._alike_lists(want, have, node, None, []):
            self._set_aside("changed", want, have, ignored.why, self._writer())
        for path, value in extras:
            writer = self._writer()
            if self._put_by_somebody(path, writer, node):
                self._differs(want, have)
                return
            self._keep(_Finding(path, value, drift=False, reason=_bystander(writer), writer=writer))

    def _typed(self, node: Node, want: list[Any] | None, have: list[Any]) -> Node:
        """The node, or for a list that no schema describes, what the server's own records say of its keys."""
        if node.list_type or node.described or (want is not None and identical(want, have)):
            return node
        keys = self._ownership.list_keys(tuple(self._path))
        if keys is None:
            return node
        return replace(node, list_type="map" if keys else "set", keys=keys)

    def _put_by_somebody(self, path: Path, writer: Writer | None, node: Node) -> bool:
        """Whether a value inside a list that is owned whole was applied or set by hand, and not by a webhook."""
        if self._ownership.was_applied(path):
            return True
        if writer is None:
            return False
        return self._ownership.by_hand(writer) or (node.described and self._ownership.deploys(writer))

    def _compare_keyed(self, want: list[Any], have: list[Any], node: Node, ignored: Ignored | None) -> bool:
        """Compare item by item; False when the items do not have the keys that the schema says."""
        wanted, found = _by_key(want, node), _by_key(have, node)
        if wanted is None or found is None:
            return False
        each = node.item
        for keys, values in wanted.items():
            # Items of one key stand for each other in their order.
            others = found.get(keys, ())
            for index, value in enumerate(values):
                other = others[index] if index < len(others) else MISSING
                with_ignored = self._enter(Item(keys), ignored)
                self._compare(value, other, each, {}, {}, with_ignored)
                self._path.pop()
        for keys, values in found.items():
            for value in values[len(wanted.get(keys, ())) :]:
                with_ignored = self._enter(Item(keys), ignored)
                self._undeclared(value, _filled(node), {}, {}, with_ignored)
                self._path.pop()
        return True

    def _compare_sets(self, want: list[Any], have: list[Any], node: Node, ignored: Ignored | None) -> bool:
        """Compare member by member; False when the members are no scalars."""
        if any(isinstance(value, _CONTAINERS) for value in (*want, *have)):
            return False
        wanted, found = _members(want), _members(have)
        for member in wanted - found:
            with_ignored = self._enter(member, ignored)
            self._compare(member.value, MISSING, replace(node.item, keeps_zero=True), {}, {}, with_ignored)
            self._path.pop()
        for member in found - wanted:
            with_ignored = self._enter(member, ignored)
            self._undeclared(member.value, _filled(node), {}, {}, with_ignored)
            self._path.pop()
        return True

    def _enter(self, segment: Segment, ignored: Ignored | None) -> Ignored | None:
        self._path.append(segment)
        return ignored.below(segment) if ignored else None

    # ------------------------------------------------------------ compared whole

    def _alike(  # noqa: C901  the questions of _compare, for what is reported as one
        self,
        want: Any,
        have: Any,
        node: Node,
        beside: tuple[Object, Object],
        ignored: Ignored | None,
        extras: list[tuple[Path, Any]],
    ) -> bool:
        """Whether two values inside a list that is compared whole mean the same; `extras` are those nobody declared."""
        if ignored is not None and ignored.whole:
            return True
        if have is MISSING or have is None:
            return want is None or _is_droppable(want, node)
        if want is None:
            if not (_is_default(have, node, *beside) or node.filled):
                extras.append((tuple(self._path), have))
            return True
        if len(self._path) > _MAX_DEPTH:
            return identical(want, have)
        if isinstance(want, dict) and isinstance(have, dict):
            skipped = self._skipped()
            for key in {**want, **have}:
                if key in skipped:
                    continue
                below = self._enter(key, ignored)
                value, other = want.get(key), have.get(key, MISSING)
                alike = self._alike(value, other, node.field(key), (want, have), below, extras)
                self._path.pop()
                if not alike:
                    return False
            return True
        if isinstance(want, list) and isinstance(have, list):
            return self._alike_lists(want, have, node, ignored, extras)
        return self._means(want, have, node, beside)

    def _alike_lists(
        self, want: list[Any], have: list[Any], node: Node, ignored: Ignored | None, extras: list[tuple[Path, Any]]
    ) -> bool:
        if len(want) != len(have):
            return False
        left = list(range(len(have)))
        unordered = node.list_type not in ("", "atomic") and len(have) <= _MAX_SHUFFLED
        for index, value in enumerate(want):
            below = self._enter(index, ignored)
            best: tuple[int, list[tuple[Path, Any]]] | None = None
            for other in left if unordered else (index,):
                found: list[tuple[Path, Any]] = []
                if self._alike(value, have[other], node.item, ({}, {}), below, found):
                    if best is None or len(found) < len(best[1]):
                        best = other, found
                    if not found:
                        break
            self._path.pop()
            if best is None:
                return False
            if unordered:
                left.remove(best[0])
            extras += best[1]
        return True

    # ------------------------------------------------------------ not declared

    def _undeclared(
        self, have: Any, node: Node, beside_want: Object, beside_have: Object, ignored: Ignored | None
    ) -> None:
        for finding in self._judge(have, node, beside_want, beside_have, ignored, MISSING):
            if self._explain or not finding.default:
                self._keep(finding)

    def _keep(self, finding: _Finding) -> None:
        writer = finding.writer
        trusted = self._trusted(finding.path) if finding.drift else ""
        (self.drift if finding.drift and not trusted else self.aside).append(
            FieldDrift(
                "added",
                format_path(finding.path),
                None,
                _HIDDEN if self._hides(finding.path) else finding.value,
                writer.manager if writer else None,
                writer.time if writer else None,
                trusted or finding.reason,
            )
        )

    def _judge(
        self,
        have: Any,
        node: Node,
        beside_want: Object,
        beside_have: Object,
        ignored: Ignored | None,
        given: Any,
    ) -> list[_Finding]:
        """Who put this value there that nobody declared. `given` is what its parent's default holds here."""
        if have is None:
            return []
        if ignored is not None and ignored.whole:
            findings = self._judge(have, node, beside_want, beside_have, None, given)
            return [replace(each, drift=False, reason=ignored.whole) if each.drift else each for each in findings]
        if _is_default(have, node, beside_want, beside_have, given):
            return [self._finding(have, _DEFAULT, default=True)]
        filled = node.filled and not self._in_template()
        if filled or (self._path[-1] in _SERVER_KEYS and self._is_by_key(1)):
            return [self._finding(have, _FILLED_IN, default=True)]
        if len(self._path) >= _MAX_DEPTH:
            return [self._attribute(have)]
        if isinstance(have, dict):
            default = _default_mapping(node, beside_want, beside_have, given)
            apart = default is not None or self._path[-1] == "metadata" or self._is_by_key()
            return self._collapse(have, self._judge_mapping(have, node, ignored, default), apart=apart)
        if isinstance(have, list):
            return self._collapse(have, self._judge_list(have, node, ignored), apart=False)
        return [self._attribute(have)]

    def _judge_mapping(
        self, have: Object, node: Node, ignored: Ignored | None, default: Object | None
    ) -> list[_Finding]:
        findings: list[_Finding] = []
        skipped = self._skipped()
        for key, value in have.items():
            if key in skipped:
                continue
            below = self._enter(key, ignored)
            given = MISSING if default is None else default.get(key, MISSING)
            findings += self._judge(value, node.field(key), {}, have, below, given)
            self._path.pop()
        return findings

    def _judge_list(self, have: list[Any], node: Node, ignored: Ignored | None) -> list[_Finding]:
        node = self._typed(node, None, have)
        items: Iterator[tuple[Segment, Any]] = iter(())
        if node.list_type == "map":
            keyed = _by_key(have, node) or {}
            items = ((Item(keys), value) for keys, values in keyed.items() for value in values)
        elif node.list_type == "set" and not any(isinstance(value, _CONTAINERS) for value in have):
            items = ((member, member.value) for member in _members(have))
        findings: list[_Finding] = []
        for segment, value in items:
            below = self._enter(segment, ignored)
            findings += self._judge(value, replace(node.item, keeps_zero=True), {}, {}, below, MISSING)
            self._path.pop()
        return findings

    def _collapse(self, have: Any, findings: list[_Finding], *, apart: bool) -> list[_Finding]:
        """What is wholly one thing is told once, at the top. `apart`: the value itself was there before."""
        decided = [finding for finding in findings if not finding.default]
        if not decided and not apart:
            return [self._attribute(have)]
        if apart or len({finding.drift for finding in decided}) > 1:
            return findings
        latest = max(decided, key=lambda finding: _when(finding.writer))
        return [replace(latest, path=tuple(self._path), value=have)]

    def _attribute(self, have: Any) -> _Finding:
        """The verdict on a value that is neither declared nor a default: by who wrote it."""
        path, last = tuple(self._path), self._path[-1]
        owners = self._ownership.owners(path)
        hand = next((owner for owner in owners if self._ownership.by_hand(owner)), None)
        writer = hand or next(iter(owners), None)
        if last == _RESTARTED_AT:
            return self._finding(have, _RESTART, writer)
        if reason := self._server_owns():
            return self._finding(have, reason, writer)
        if path == ("spec", "replicas") and any(owner.subresource == "scale" for owner in owners):
            return self._finding(have, LocalizedText(texts.SCALED), writer)
        if last in _SHARED_MARKS and self._is_by_key(1) and hand is None:
            return self._finding(have, _DEPLOYERS_MARK, writer)
        if self._ownership.was_applied(path):
            return self._finding(have, "applied by hand, or removed from git and never pruned", writer, drift=True)
        if hand is not None:
            return self._finding(have, f"added by hand with {hand.manager}", hand, drift=True)
        deployer = next((owner for owner in owners if self._ownership.deploys(owner)), None)
        if deployer is not None:
            return self._finding(have, "applied earlier, and no longer in git", deployer, drift=True)
        return self._finding(have, _bystander(writer), writer)

    def _finding(
        self, have: Any, reason: str, writer: Writer | None = None, *, drift: bool = False, default: bool = False
    ) -> _Finding:
        return _Finding(tuple(self._path), have, drift, reason, writer, default)

    # ------------------------------------------------------------ where, who, and what is told

    def _skipped(self) -> frozenset[str]:
        """The keys of the mapping at the path that are never compared."""
        path = self._path
        if not path:
            return _ROOT
        last = path[-1]
        if last == "metadata":
            return _OWN_META if len(path) == 1 else _META
        return _MARKS if (last in ("annotations", "labels")) and self._is_by_key() else _NOTHING

    def _is_by_key(self, up: int = 0) -> bool:
        """Whether this (or, with 1, what holds it) is the labels or annotations of some metadata."""
        path = self._path
        where = len(path) - up
        return where > 1 and path[where - 1] in ("labels", "annotations") and path[where - 2] == "metadata"

    def _in_template(self) -> bool:
        """Whether this is inside the template of other objects, in which the server fills in nothing but defaults."""
        return "template" in self._path or "jobTemplate" in self._path

    def _server_owns(self) -> str:
        """Why a controller may hold another value here than git says; "" when none may."""
        if self._scaled and self._path == ["spec", "replicas"]:
            return LocalizedText(texts.AUTOSCALER)
        if self._aggregated and self._path == ["rules"]:
            return LocalizedText(texts.AGGREGATED)
        return ""

    def _writer(self) -> Writer | None:
        """Who most likely wrote the value at the path: a person, else whoever is not the deployer, else anybody."""
        owners = self._ownership.owners(tuple(self._path))
        return next(
            (owner for owner in owners if self._ownership.by_hand(owner)),
            next((owner for owner in owners if not self._ownership.deploys(owner)), owners[0] if owners else None),
        )

    def _trusted(self, path: Path) -> str:
        """The rule by which a field manager that owns the value may set it; "" when there is none."""
        if not self._managers:
            return ""
        owners = {owner.manager for owner in self._ownership.owners(path)}
        found = (why for pattern, why in self._managers if any(fnmatchcase(owner, pattern) for owner in owners))
        return next(found, "")

    def _hides(self, path: Sequence[Segment]) -> bool:
        """Whether values here stay hidden: of a Secret all but its type and labels. Deployers keep copies of it in
        annotations, and a mistyped key may hold what `data` should.
        """
        return self._secret and not (path[0] in ("type", "immutable") or tuple(path[:2]) == ("metadata", "labels"))

    def _field(self, change: Change, want: Any, have: Any, reason: str, writer: Writer | None) -> FieldDrift:
        if self._hides(self._path):
            want, have = (None if value is None else _HIDDEN for value in (want, have))
        manager, time = (writer.manager, writer.time) if writer else (None, None)
        return FieldDrift(change, format_path(self._path), want, have, manager, time, reason)

    def _report(self, change: Change, want: Any, have: Any, reason: str, writer: Writer | None) -> None:
        trusted = self._trusted(tuple(self._path))
        found = self._field(change, want, have, trusted or reason, writer)
        (self.aside if trusted else self.drift).append(found)

    def _set_aside(self, change: Change, want: Any, have: Any, reason: str, writer: Writer | None = None) -> None:
        self.aside.append(self._field(change, want, have, reason, writer))


# ---------------------------------------------------------------- values


def _is_secret(manifest: Manifest) -> bool:
    return manifest.api_version == "v1" and manifest.kind == "Secret"


def _is_unset(want: Any, node: Node) -> bool:
    """Whether to the server this is the same as not declaring it: the zero of a field that is no pointer."""
    return not node.keeps_zero and not isinstance(want, _CONTAINERS) and want in ("", 0)


def _is_blank(want: Any, node: Node) -> bool:
    return isinstance(want, str) and (not want.strip() or (node.scalar == "bytes" and want in _BLANK_BUNDLES))


_BLANK_BUNDLES: Final = ("Cg==", "IA==")  # a newline and a space: what generators write for "to be filled in"


def _is_droppable(want: Any, node: Node, depth: int = 0) -> bool:
    """Whether the server keeps nothing of this value: null, and in built-in kinds what is empty or a plain zero."""
    if want is None:
        return True
    if node.custom:
        return False
    if isinstance(want, dict):
        return depth < _MAX_DEPTH and all(
            _is_droppable(value, node.field(key), depth + 1) for key, value in want.items()
        )
    if isinstance(want, list):
        return not want
    return _is_unset(want, node)


def _is_default(have: Any, node: Node, want_beside: Object, have_beside: Object, given: Any = MISSING) -> bool:
    """Whether a value that nobody declared is what the server puts there."""
    if given is not MISSING and _is_like(have, given, node):
        return True
    # A loop, here and below: a generator for each question takes as long again.
    kind = type(have)
    for default in node.defaults_beside(want_beside, have_beside) if node.derive else node.defaults:
        if (kind in _LEAVES and kind is type(default) and have == default) or _is_like(have, default, node):
            return True
    return not (have or node.custom) and (isinstance(have, _CONTAINERS) or _is_unset(have, node))


def _is_like(have: Any, default: Any, node: Node) -> bool:
    """Whether a value is a default, as far as that says anything, and below it the defaults of its own fields."""
    if isinstance(have, dict) and isinstance(default, dict):
        for key, value in have.items():
            if not _is_default(value, node.field(key), {}, have, default.get(key, MISSING)):
                return False
        return True
    if isinstance(have, list) and isinstance(default, list):
        return len(have) == len(default) and all(
            _is_like(value, other, node.item) for value, other in zip(have, default, strict=True)
        )
    if isinstance(have, _CONTAINERS) or isinstance(default, _CONTAINERS):
        return False
    return same_scalar(have, default, node.scalar)


def _default_mapping(node: Node, want_beside: Object, have_beside: Object, given: Any) -> Object | None:
    """The mapping that is there by default, whatever else it holds by now."""
    defaults = (given, *node.defaults_beside(want_beside, have_beside))
    return next((default for default in defaults if isinstance(default, dict)), None)


def _is_admitted(toleration: Any) -> bool:
    """Whether this is one of the two tolerations that the server gives every Pod.

    https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/#taint-based-evictions
    """
    keys = ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable")
    return isinstance(toleration, Mapping) and toleration.get("key") in keys and toleration.get("effect") == "NoExecute"


def _filled(node: Node) -> Node:
    """The node of an item in a list that the server fills in too (finalizers, a service account's secrets)."""
    return replace(node.item, filled=node.filled, keeps_zero=True)


def _by_key(values: list[Any], node: Node) -> dict[tuple[tuple[str, Any], ...], list[Any]] | None:
    """The items of a keyed list by what their `Item` holds; None when some have no keys."""
    found: dict[tuple[tuple[str, Any], ...], list[Any]] = {}
    for value in values:
        if not isinstance(value, dict):
            return None
        keys = []
        for key in node.keys:
            part = value.get(key)
            if part is None or part == "":
                part = node.default_of(key)
            if part is MISSING or isinstance(part, _CONTAINERS):
                return None
            keys.append((key, part))
        found.setdefault(tuple(keys), []).append(value)
    return found if node.keys else None


def _members(values: list[Any]) -> set[Member]:
    return {Member(value) for value in values}


def identical(one: Any, other: Any) -> bool:
    """Whether two values are the same, however deep; in a loop, for any depth."""
    pairs = [(one, other)]
    while pairs:
        one, other = pairs.pop()
        if isinstance(one, dict) and isinstance(other, dict):
            if one.keys() != other.keys():
                return False
            pairs += ((value, other[key]) for key, value in one.items())
        elif isinstance(one, list) and isinstance(other, list):
            if len(one) != len(other):
                return False
            pairs += zip(one, other, strict=True)
        elif one is not other and (
            isinstance(one, _CONTAINERS) or isinstance(other, _CONTAINERS) or not same_scalar(one, other)
        ):
            return False
    return True


def _with_string_data(declared: Object) -> Object:
    """A Secret as the server keeps it: stringData, in base64, over data."""
    if "stringData" not in declared:
        return declared
    merged = {key: value for key, value in declared.items() if key != "stringData"}
    encoded = {
        key: base64.b64encode(value.encode("utf-8", "surrogatepass")).decode() if isinstance(value, str) else value
        for key, value in _mapping(declared["stringData"]).items()
    }
    if encoded:
        merged["data"] = {**_mapping(declared.get("data")), **encoded}
    return merged


def _bystander(writer: Writer | None) -> str:
    return _written_by(writer.manager) if writer else _NOBODYS


@lru_cache(maxsize=256)
def _written_by(manager: str) -> LocalizedText:
    return LocalizedText(texts.WRITTEN, manager=manager)


def _when(writer: Writer | None) -> float:
    return writer.time.timestamp() if writer and writer.time else 0.0


def _group(api_version: object) -> str:
    return api_version.rpartition("/")[0] if isinstance(api_version, str) else ""


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}

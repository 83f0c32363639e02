"""The words for well-known fields, as a table: the first rule that matches a difference describes it.

The most familiar differences come first. If a value that was added or removed as a whole has no rule of its own, the
values inside it are looked up.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from bot.core.drift.fact_values import clipped, contrasted, printable
from bot.core.drift.model import FieldDrift, ObjectDrift
from bot.core.drift.parts import AlignmentBudget, differences
from bot.core.drift.permissions import changed_permissions, subject_name
from bot.core.drift.short_path import CONTAINER_LISTS, WORKLOADS, item_name, segments, short_path, spelled
from bot.core.objects.credentials import HIDDEN
from bot.core.objects.deep_equality import lost_and_gained
from bot.core.objects.images import contrast, short_image
from bot.core.objects.path import Item, Member, format_path
from bot.i18n.catalogue import fact as texts
from bot.i18n.language import LocalizedText, Phrase, Text

_MAX_MEMBER: Final = 30
_MAX_MEMBERS: Final = 3
_MAX_ENTRY: Final = 60  # of a name, such as a label's
_UNSET: Final = LocalizedText(texts.UNSET)


@dataclass(frozen=True, slots=True)
class Change:
    """One difference of an object, and what to call the object."""

    subject: str
    object_drift: ObjectDrift
    field: FieldDrift
    budget: AlignmentBudget


Build = Callable[[Change], Sequence[Text]]  # empty if it has no words for this value


@dataclass(frozen=True, slots=True)
class Rule:
    """`path` is a regular expression for the `names` of a path. No kinds means every kind.

    With `looks_inside`, critical differences inside the value become facts too.
    """

    path: re.Pattern[str]
    build: Build
    kinds: frozenset[str] = field(default=frozenset())
    looks_inside: bool = False

    def matches(self, kind: str, names: str) -> bool:
        """Whether it covers a path with these names in objects of this kind."""
        return (not self.kinds or kind in self.kinds) and self.path.fullmatch(names) is not None


# ---------------------------------------------------------------- builders


def _value(what: Phrase, default: str | None = None) -> Build:
    """`web replicas 3 → 5`. `default` applies if git declares nothing."""

    def build(change: Change) -> Sequence[Text]:
        if change.field.desired is None and default is not None:
            change = replace(change, field=replace(change.field, change="changed", desired=default))
        return _changed(change, LocalizedText(what))

    return build


def _entry(what: Phrase) -> Build:
    """A named entry: `web env DEBUG=1 added`, `web env LOG_LEVEL info → debug`."""

    def build(change: Change) -> Sequence[Text]:
        name, rest = _entry_name(change)
        entry: Text = LocalizedText(what, name=clipped(name, _MAX_ENTRY))
        if rest:
            return _changed(change, LocalizedText(texts.PART_OF, what=entry, path=clipped(rest, _MAX_ENTRY)))
        return _added_or_removed(change, entry) or _changed(change, entry)

    return build


def _user_id(change: Change) -> Sequence[Text]:
    """Zero is root; without a declared user, the image decides."""
    live = change.field.live
    if live == 0 and live is not False:
        return (LocalizedText(texts.ROOT, subject=change.subject),)
    return _changed(change, LocalizedText(texts.USER_ID))


def _flag(on: Phrase, off: Phrase, is_on: Callable[[Any], bool] = lambda value: value is True) -> Build:
    """A boolean: `web is now privileged`."""

    def build(change: Change) -> Sequence[Text]:
        before, after = is_on(change.field.desired), is_on(change.field.live)
        return (LocalizedText(on if after else off, subject=change.subject),) if before != after else ()

    return build


def _members(gained: Phrase, lost: Phrase, name: Callable[[Any], str] = str) -> Build:
    """Items that a list gained and lost: `RoleBinding view now includes User eve`."""

    def build(change: Change) -> Sequence[Text]:
        lost_items, gained_items = lost_and_gained(change.field.desired, change.field.live)
        return tuple(
            LocalizedText(phrase, subject=change.subject, names=_listed(map(name, members)))
            for phrase, members in ((gained, gained_items), (lost, lost_items))
            if members
        )

    return build


def _image(change: Change) -> Sequence[Text]:
    desired, live = change.field.desired, change.field.live
    if isinstance(desired, str) and isinstance(live, str):
        desired, live = contrast(desired, live)
    return _arrow(change, LocalizedText(texts.IMAGE), desired, live)


def _container(change: Change) -> Sequence[Text]:
    name, _ = _entry_name(change)
    what: Text = LocalizedText(texts.CONTAINER, name=clipped(name, _MAX_ENTRY))
    content = change.field.live if change.field.change == "added" else change.field.desired
    if isinstance(content, dict) and isinstance(content.get("image"), str):
        what = LocalizedText(texts.WITH_IMAGE, what=what, image=clipped(short_image(content["image"])))
    workload = change.subject.removesuffix(f" ({name})")
    return _added_or_removed(replace(change, subject=workload), what)


def _init_containers(change: Change) -> Sequence[Text]:
    """Their order; or one that was added or removed."""
    desired, live = change.field.desired, change.field.live
    if change.field.change == "changed" and isinstance(desired, list) and isinstance(live, list):
        what = LocalizedText(texts.INIT_ORDER)
        return _arrow(change, what, ", ".join(map(str, desired)), ", ".join(map(str, live)))
    return _container(change)


def _resource(change: Change) -> Sequence[Text]:
    *_, kind, resource = (segment for segment in segments(change.field.path) if isinstance(segment, str))
    named = texts.RESOURCES.get(resource)
    phrase = texts.LIMIT if kind == "limits" else texts.REQUEST
    return _changed(change, LocalizedText(phrase, resource=LocalizedText(named) if named else printable(resource)))


def _probe(change: Change) -> Sequence[Text]:
    path = segments(change.field.path)
    at = next((index for index, segment in enumerate(path) if segment in texts.PROBES), None)
    if at is None:  # part of a key of a custom resource
        return ()
    what = LocalizedText(texts.PROBES[path[at]])
    rest = spelled(path[at:]).partition(".")[2]
    if rest:
        return _changed(change, LocalizedText(texts.PART_OF, what=what, path=clipped(rest, _MAX_ENTRY)))
    return _added_or_removed(change, what)


def _host_path(change: Change) -> Sequence[Text]:
    def mounted(volume: Any) -> str:
        inside = volume.get("hostPath", volume) if isinstance(volume, dict) else volume
        path = inside.get("path") if isinstance(inside, dict) else inside
        return clipped(path) if isinstance(path, str) else ""

    sides = (texts.NO_HOST_PATH, mounted(change.field.desired)), (texts.HOST_PATH, mounted(change.field.live))
    return tuple(LocalizedText(phrase, subject=change.subject, path=path) for phrase, path in sides if path)


def _deleting(change: Change) -> Sequence[Text]:
    return (LocalizedText(texts.DELETING, subject=change.subject),)


def _permissions(change: Change) -> Sequence[Text]:
    changed = changed_permissions(change.field.desired, change.field.live)
    if changed is None:
        return ()
    return tuple(
        LocalizedText(
            phrase,
            subject=change.subject,
            verbs=LocalizedText(texts.EVERY_VERB) if "*" in verbs else clipped(verbs, _MAX_ENTRY),
            resources=LocalizedText(texts.EVERY_RESOURCE) if resources == "*" else clipped(resources, _MAX_ENTRY),
        )
        for phrase, permissions in ((texts.ALLOWS, changed[0]), (texts.FORBIDS, changed[1]))
        for verbs, resources in permissions
    )


def _other(change: Change) -> Text:
    """Anything else, by its path: `web · strategy.type RollingUpdate → Recreate`."""
    field_drift, kind, name = change.field, change.object_drift.kind, change.object_drift.name
    values = {"subject": change.subject, "path": clipped(short_path(kind, name, field_drift.path), _MAX_ENTRY)}
    if HIDDEN in (field_drift.desired, field_drift.live) and field_drift.change == "changed":
        return LocalizedText(texts.PATH_DIFFERS, **values)
    *parent, last = segments(field_drift.path)
    if isinstance(last, Member):
        values["path"] = clipped(short_path(kind, name, format_path(parent)), _MAX_ENTRY)
        sides = ([], [last.value]) if field_drift.change == "added" else ([last.value], [])
        return LocalizedText(texts.PATH_MEMBERS, **values, members=_signed(*sides))
    inner = differences(field_drift, change.budget)
    if len(inner) > 1:
        return LocalizedText(texts.PATH_PLACES, **values, n=str(len(inner)))
    difference = inner[0]
    values["path"] = clipped(short_path(kind, name, difference.path), _MAX_ENTRY)
    if difference.is_member and any(isinstance(item, dict | list) for item in (*difference.removed, *difference.added)):
        return LocalizedText(texts.PATH_DIFFERS, **values)
    if difference.is_member:
        return LocalizedText(texts.PATH_MEMBERS, **values, members=_signed(difference.removed, difference.added))
    one, other = (side[0] if side else None for side in (difference.removed, difference.added))
    if field_drift.change != "changed" and any(
        isinstance(side, dict | list) or side == HIDDEN for side in (one, other)
    ):
        return LocalizedText(texts.PATH_ADDED if field_drift.change == "added" else texts.PATH_REMOVED, **values)
    desired, live = _sides(one, other)
    return LocalizedText(texts.PATH_CHANGED, **values, desired=desired, live=live)


# ---------------------------------------------------------------- helpers of the builders


def _changed(change: Change, what: Text) -> Sequence[Text]:
    """A changed value; nothing for a mapping or list that was added or removed, whose entries tell more."""
    desired, live = change.field.desired, change.field.live
    if HIDDEN in (desired, live):
        return (LocalizedText(texts.HIDDEN_CHANGED, subject=change.subject, what=what),)
    inner = differences(change.field, change.budget)
    lines = sum(max(len(difference.removed), len(difference.added)) for difference in inner)
    first = inner[0]
    if first.line is None and not isinstance(desired, dict | list) and not isinstance(live, dict | list):
        return _arrow(change, what, desired, live)
    if first.line is None and isinstance(desired, list) and isinstance(live, list) and not first.is_member:
        one, other = (" ".join(map(clipped, side[:_MAX_ENTRY])) for side in (desired, live))
        return _arrow(change, what, one, other)
    if first.line is None:
        is_list = len(inner) == 1 and first.is_member and first.path == change.field.path
        members = _signed(first.removed, first.added)
        return (
            (LocalizedText(texts.MEMBERS_CHANGED, subject=change.subject, what=what, members=members),)
            if is_list
            else ()
        )
    if lines > 1:
        return (LocalizedText(texts.LINES_CHANGED, subject=change.subject, what=what, n=str(lines)),)
    if first.removed and first.added:
        return _arrow(change, what, first.removed[0], first.added[0], texts.LINE_CHANGED)
    members = _signed(first.removed, first.added)
    return (LocalizedText(texts.MEMBERS_CHANGED, subject=change.subject, what=what, members=members),)


def _arrow(change: Change, what: Text, desired: Any, live: Any, phrase: Phrase = texts.CHANGED) -> Sequence[Text]:
    before, after = _sides(desired, live)
    return (LocalizedText(phrase, subject=change.subject, what=what, desired=before, live=after),)


def _sides(desired: Any, live: Any) -> tuple[Text, Text]:
    before, after = contrasted(desired, live)
    return _UNSET if desired is None else before, _UNSET if live is None else after


def _added_or_removed(change: Change, what: Text) -> Sequence[Text]:
    """Nothing for a changed value."""
    match change.field.change:
        case "removed":
            return (LocalizedText(texts.REMOVED, subject=change.subject, what=what),)
        case "added":
            live = change.field.live
            value = live.get("value") if isinstance(live, dict) else live
            if isinstance(value, str | int | float) and value != HIDDEN and "\n" not in str(value):
                what = LocalizedText(texts.WITH_VALUE, what=what, value=clipped(value))
            return (LocalizedText(texts.ADDED, subject=change.subject, what=what),)
    return ()


def _entry_name(change: Change) -> tuple[str, str]:
    """The name of the innermost item or key below the container, and the path inside it."""
    path = segments(change.field.path)
    start = next((i + 2 for i, segment in enumerate(path[:-2]) if segment in CONTAINER_LISTS), 0)
    for index in range(start, len(path)):
        if isinstance(path[index], Item):
            rest = spelled(path[index:]).partition("]")[2].removeprefix(".")
            if path[index + 1 :] == ("value",):
                rest = ""
            return item_name(path[index]), rest
    return item_name(path[-1]), ""


def _signed(removed: Sequence[Any], added: Sequence[Any]) -> str:
    """`+ delete, - get`."""
    signed = [f"+ {clipped(item, _MAX_MEMBER)}" for item in added]
    signed += [f"- {clipped(item, _MAX_MEMBER)}" for item in removed]
    return ", ".join([*signed[:_MAX_MEMBERS], *(["…"] if len(signed) > _MAX_MEMBERS else [])])


def _listed(names: Iterator[str]) -> str:
    several = [clipped(name, _MAX_ENTRY) for name in names]
    return ", ".join([*several[:_MAX_MEMBERS], *(["…"] if len(several) > _MAX_MEMBERS else [])])


# ---------------------------------------------------------------- the table


def _rule(path: str, build: Build, kinds: str = "", *, looks_inside: bool = False) -> Rule:
    return Rule(re.compile(path, re.DOTALL), build, frozenset(kinds.split()), looks_inside)


_WORKLOADS: Final = " ".join(sorted(WORKLOADS))
_CONTEXT: Final = r"(.*\.)?securityContext\."
_CONTAINERS: Final = r"(.*\.)?(c|initC|ephemeralC)ontainers"

RULES: Final = (
    _rule(r"metadata\.deletionTimestamp", _deleting),
    _rule(_CONTEXT + "privileged", _flag(texts.PRIVILEGED, texts.NOT_PRIVILEGED)),
    _rule(
        _CONTEXT + "allowPrivilegeEscalation",
        _flag(texts.ESCALATES, texts.NO_LONGER_ESCALATES, lambda value: value is not False),
    ),
    _rule(_CONTEXT + "runAsUser", _user_id),
    _rule(_CONTEXT + "runAsNonRoot", _flag(texts.MAY_RUN_AS_ROOT, texts.NEVER_ROOT, lambda value: value is not True)),
    _rule(_CONTEXT + "readOnlyRootFilesystem", _flag(texts.WRITABLE, texts.READ_ONLY, lambda value: value is not True)),
    _rule(_CONTEXT + r"capabilities\.add", _members(texts.CAPABILITY, texts.NO_CAPABILITY)),
    _rule(_CONTEXT + r"capabilities\.drop", _members(texts.DROPS, texts.NO_LONGER_DROPS)),
    _rule(r"(.*\.)?spec\.hostNetwork", _flag(texts.HOST_NETWORK, texts.NO_HOST_NETWORK)),
    _rule(r"(.*\.)?spec\.hostPID", _flag(texts.HOST_PROCESSES, texts.NO_HOST_PROCESSES)),
    _rule(r"(.*\.)?spec\.hostIPC", _flag(texts.HOST_IPC, texts.NO_HOST_IPC)),
    _rule(r"(.*\.)?volumes\.hostPath(\.path)?", _host_path, _WORKLOADS),
    _rule("rules", _permissions, "Role ClusterRole"),
    _rule("subjects", _members(texts.INCLUDES, texts.EXCLUDES, subject_name), "RoleBinding ClusterRoleBinding"),
    _rule(r"roleRef\.name", _value(texts.ROLE), "RoleBinding ClusterRoleBinding"),
    _rule(_CONTAINERS + r"\.image", _image),
    _rule(r"spec\.replicas", _value(texts.REPLICAS)),
    _rule(r"spec\.suspend", _flag(texts.SUSPENDED, texts.NOT_SUSPENDED), "CronJob Job"),
    _rule(r"spec\.paused", _flag(texts.PAUSED, texts.NOT_PAUSED), "Deployment"),
    _rule(r"(.*\.)?spec\.initContainers", _init_containers, looks_inside=True),
    _rule(_CONTAINERS, _container, looks_inside=True),
    _rule(_CONTAINERS + r"\.command", _value(texts.COMMAND)),
    _rule(_CONTAINERS + r"\.args", _value(texts.ARGUMENTS)),
    _rule(_CONTAINERS + r"\.env(\..+)?", _entry(texts.ENV)),
    _rule(_CONTAINERS + r"\.resources\.(limits|requests)\.[^.]+", _resource),
    _rule(r"spec\.schedule", _value(texts.SCHEDULE), "CronJob"),
    _rule(r"spec\.timeZone", _value(texts.TIME_ZONE), "CronJob"),
    _rule(r"spec\.type", _value(texts.TYPE, "ClusterIP"), "Service"),
    _rule(r"spec\.ports(\..+)?", _entry(texts.PORT), "Service"),
    _rule(r"spec\.selector\..+", _entry(texts.SELECTOR), "Service"),
    _rule(r"spec\.(rules|tls)\.hosts?", _value(texts.HOST), "Ingress"),
    _rule(r"spec\.minReplicas", _value(texts.MIN_REPLICAS), "HorizontalPodAutoscaler"),
    _rule(r"spec\.maxReplicas", _value(texts.MAX_REPLICAS), "HorizontalPodAutoscaler"),
    _rule(r"spec\.minAvailable", _value(texts.MIN_AVAILABLE), "PodDisruptionBudget"),
    _rule(r"spec\.maxUnavailable", _value(texts.MAX_UNAVAILABLE), "PodDisruptionBudget"),
    _rule(r"(data|stringData|binaryData)\..+", _entry(texts.KEY), "ConfigMap Secret"),
    _rule(r"(.*\.)?spec\.serviceAccountName", _value(texts.SERVICE_ACCOUNT), _WORKLOADS),
    _rule(_CONTAINERS + r"\.(liveness|readiness|startup)Probe(\..+)?", _probe),
    _rule(_CONTAINERS + r"\.ports(\..+)?", _entry(texts.CONTAINER_PORT)),
    _rule(_CONTAINERS + r"\.volumeMounts(\..+)?", _entry(texts.MOUNT)),
    _rule(r"(.*\.)?spec\.volumes", _entry(texts.VOLUME), _WORKLOADS, looks_inside=True),
    _rule(r"spec\.resources\.requests\.storage", _value(texts.STORAGE), "PersistentVolumeClaim"),
    _rule(r"metadata\.labels\..+", _entry(texts.LABEL)),
    _rule(r"metadata\.annotations\..+", _entry(texts.ANNOTATION)),
    _rule(r".*\.metadata\.labels\..+", _entry(texts.POD_LABEL), _WORKLOADS),
    _rule(r".*\.metadata\.annotations\..+", _entry(texts.POD_ANNOTATION), _WORKLOADS),
)

OTHER: Final = _other

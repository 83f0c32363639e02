"""What must hold of every comparison, whatever the objects look like."""

import copy
import math
import time
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.core.drift.autoscaling import scale_targets
from bot.core.drift.compare import Comparison, compare_object
from bot.core.drift.ignore_rules import IgnoreRule
from bot.core.objects.manifest import Manifest, read_manifests
from bot.core.objects.path import Item, Member, format_path
from bot.core.objects.schema import Schemas

DATA = Path(__file__).parents[2] / "data"
KINDS = (
    ("v1", "ConfigMap"),
    ("v1", "Secret"),
    ("v1", "Pod"),
    ("apps/v1", "Deployment"),
    ("apiextensions.k8s.io/v1", "CustomResourceDefinition"),
    ("rbac.authorization.k8s.io/v1", "ClusterRole"),
    ("example.com/v1", "Widget"),
    ("unheard.of/v1", "Thing"),
)
SCHEMAS = Schemas(
    {"example.com/v1": yaml.load((DATA / "openapi" / "example.com-v1.yaml").read_text(), yaml.CSafeLoader)}
)


def manifest(kind, value):
    api_version, name = kind
    declared = {"apiVersion": api_version, "kind": name, "metadata": {"name": "x"}, **value}
    return Manifest(api_version, name, "shop", "x", declared, "x.yaml", 1)


def told(comparison):
    return [(field.change, field.path) for field in comparison.drift.fields] if comparison.drift else []


# Words that mean something to the engine, so that random objects come near its rules.
WORDS = st.sampled_from(
    [
        "metadata",
        "spec",
        "data",
        "stringData",
        "labels",
        "annotations",
        "status",
        "containers",
        "name",
        "image",
        "env",
        "ports",
        "containerPort",
        "protocol",
        "replicas",
        "template",
        "strategy",
        "rules",
        "verbs",
        "finalizers",
        "managedFields",
        "resources",
        "limits",
        "cpu",
        "items",
        "members",
        "id",
        "tags",
        "extra",
        "kubectl.kubernetes.io/last-applied-configuration",
        "fieldsV1",
        "f:data",
        "f:spec",
        ".",
        "manager",
        "operation",
        "time",
        "kubectl-edit",
        "Apply",
        "aggregationRule",
        "securityContext",
        "runAsUser",
        "1Gi",
        "500m",
        "aGk=",
        "a",
        "b",
    ]
)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=6) | WORDS
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS | st.text(max_size=4), inner, max_size=5),
    max_leaves=25,
)
OBJECTS = st.dictionaries(WORDS, JSON, max_size=6)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.sampled_from(KINDS), OBJECTS, OBJECTS)
def test_no_shape_of_either_side_raises(kind, desired, live):
    rules = [
        IgnoreRule(
            paths=("spec.containers[*].image", "data", 'metadata.labels["a"]'),
            json_pointers=("/spec/replicas", "/spec/containers/0"),
            jq_path_expressions=('.spec[]? | select(.name == "a" or has("b"))[0]?', ".metadata.labels"),
            managed_fields_managers=("k*",),
        )
    ]
    found = compare_object(
        manifest(kind, desired), live, schema=SCHEMAS, ignore=rules, scale_targets=scale_targets([live, desired])
    )
    for drift in (found.drift, found.set_aside):
        assert drift is None or all(isinstance(field.path, str) and field.path for field in drift.fields)


@settings(deadline=None)
@given(st.sampled_from(KINDS), OBJECTS)
def test_an_object_agrees_with_itself(kind, value):
    one = manifest(kind, value)
    live = dict(one.object)
    if kind == ("v1", "Secret"):
        live.pop("stringData", None)  # the server never has it
        one = manifest(kind, {key: part for key, part in value.items() if key != "stringData"})
    assert told(compare_object(one, live, schema=SCHEMAS)) == []


def shuffled(value, random):
    if isinstance(value, dict):
        keys = list(value)
        random.shuffle(keys)
        return {key: shuffled(value[key], random) for key in keys}
    if isinstance(value, list):
        return [shuffled(item, random) for item in value]
    return value


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.sampled_from(KINDS), OBJECTS, OBJECTS, st.randoms(use_true_random=False))
def test_the_order_of_keys_changes_nothing(kind, desired, live, random):
    plain = compare_object(manifest(kind, desired), live, schema=SCHEMAS)
    mixed = compare_object(manifest(kind, shuffled(desired, random)), shuffled(live, random), schema=SCHEMAS)
    assert told(plain) == told(mixed)


def nested(value, way):
    for depth in range(5_000):
        value = {"a": value} if way == "maps" or depth % 2 else [value]
    return value


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("way", ["maps", "both"])
def test_nesting_beyond_all_measure_is_compared_and_told_once(kind, way):
    sides = [nested(leaf, way) for leaf in ("one", "other", 0, None)]
    for left in (*sides, None):
        for right in (*sides, None):
            one = manifest(kind, {} if left is None else {"spec": left})
            live = {"metadata": {"name": "x"}, **({} if right is None else {"spec": right})}
            changes = told(compare_object(one, live, schema=SCHEMAS))
            assert len(changes) <= 1
            assert changes or left is not sides[0] or right is sides[0]


def test_not_a_number_is_itself():
    value = {"spec": {"extra": {"x": math.nan, "list": [math.nan, float("nan")]}}}
    one = manifest(("example.com/v1", "Widget"), value)
    live = {"metadata": {}, "spec": {"extra": {"x": float("nan"), "list": [float("nan"), math.nan]}}}
    assert told(compare_object(one, live, schema=SCHEMAS)) == []
    live["spec"]["extra"]["x"] = 1.0
    assert told(compare_object(one, live, schema=SCHEMAS)) == [("changed", "spec.extra.x")]


def test_long_lists_take_no_longer_than_they_must():
    verbs = [f"verb-{number}" for number in range(1_000)]
    desired = {"rules": [{"verbs": verbs}], "metadata": {"name": "x", "finalizers": verbs * 20}}
    live = {"rules": [{"verbs": verbs[::-1]}], "metadata": {"name": "x", "finalizers": verbs}}
    started = time.process_time()
    assert told(compare_object(manifest(KINDS[5], desired), live, schema=SCHEMAS)) == []
    assert time.process_time() - started < 5


# ---------------------------------------------------------------- what was recorded, changed at random


def recorded():
    cases = [yaml.load(path.read_text(encoding="utf-8"), yaml.CSafeLoader) for path in (DATA / "drift").glob("*.yaml")]
    found = []
    for case in cases:
        if case["drift"] or case["live"] is None or case.get("context"):
            continue
        (one,) = read_manifests("x.yaml", case["desired"].encode())
        if not one.object.get("aggregationRule") and "stringData" not in one.object:
            found.append((one, case["live"]))
    return sorted(found, key=lambda pair: (pair[0].key[1], pair[0].name, len(str(pair[1]))))


RECORDED = recorded()
KEYS = {"containers": ("name",), "env": ("name",), "volumes": ("name",), "members": ("id",), "webhooks": ("name",)}
ATOMIC = {
    "args",
    "command",
    "rules",
    "subjects",
    "ingress",
    "metrics",
    "volumeClaimTemplates",
    "accessModes",
    "sources",
}


def leaves(value, path=(), told_at=None):
    """Every declared scalar: where it is, and the path at which a change of it is told."""
    if isinstance(value, dict):
        for key, below in value.items():
            if path == () and key in ("apiVersion", "kind", "status"):
                continue
            if path == ("metadata",) and key in ("name", "namespace", "creationTimestamp"):
                continue
            if key == "containerPort" or (
                path and isinstance(path[-1], int) and key in ("name", "id", "port", "protocol", "mountPath")
            ):
                continue  # a key of its list: another one is another item
            yield from leaves(below, (*path, key), None if told_at is None else told_at)
    elif isinstance(value, list) and path[-1] in ATOMIC and told_at is None:
        for index, below in enumerate(value):
            yield from leaves(below, (*path, index), path)
    elif isinstance(value, list):
        for index, below in enumerate(value):
            yield from leaves(below, (*path, index), told_at)
    elif value is not None:
        yield path, told_at


def read(root, path):
    for step in path:
        root = root[step]
    return root


def as_told(declared, path):
    """A path through list indexes, as the engine names it."""
    segments, value = [], declared
    for step in path:
        if isinstance(step, int):
            item = value[step]
            if not isinstance(item, dict):
                segments.append(Member(item))
            elif "containerPort" in item:
                keys = (("containerPort", item["containerPort"]), ("protocol", item.get("protocol", "TCP")))
                segments.append(Item(keys))
            elif "port" in item:
                segments.append(Item((("port", item["port"]), ("protocol", item.get("protocol", "TCP")))))
            else:
                key = next(key for key in ("mountPath", "name", "id") if key in item)
                segments.append(Item(((key, item[key]),)))
        else:
            segments.append(step)
        value = value[step]
    return format_path(segments)


def other(value):
    if isinstance(value, bool):
        return not value
    return value + 7 if isinstance(value, int | float) else f"{value}x"


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(RECORDED), st.data())
def test_a_changed_leaf_is_told_exactly_there(pair, data):
    one, live = pair
    found = [leaf for leaf in leaves(one.object) if leaf[0][-1] not in (0, 1, 2) or leaf[1]]
    if not found:
        return
    path, told_at = data.draw(st.sampled_from(found))
    declared = copy.deepcopy(one.object)
    before = read(declared, path)
    if before in ("", 0, False) and not isinstance(before, float):
        return  # the zero of an optional value: what becomes of it is told by tests of its own
    read(declared, path[:-1])[path[-1]] = other(before)
    changed = Manifest(one.api_version, one.kind, "shop", one.name, declared, "x.yaml", 1)
    comparison = compare_object(changed, live, schema=SCHEMAS)
    expected = as_told(declared, path if told_at is None else told_at)
    assert told(comparison) == [("changed", expected)]


@settings(deadline=None)
@given(st.sampled_from(RECORDED), st.randoms(use_true_random=False))
def test_reordered_keyed_lists_are_in_sync(pair, random):
    one, live = pair

    def reorder(value, name=""):
        if isinstance(value, dict):
            return {key: reorder(below, key) for key, below in value.items()}
        if isinstance(value, list):
            items = [reorder(item) for item in value]
            if name in KEYS or (name == "ports" and items):
                random.shuffle(items)
            return items
        return value

    assert told(compare_object(one, reorder(live), schema=SCHEMAS)) == []


@pytest.mark.parametrize("pair", RECORDED, ids=lambda pair: f"{pair[0].kind}-{pair[0].name}")
def test_an_object_agrees_with_its_defaulted_form_whoever_created_it(pair):
    """An Update writer owns the defaults of its write: no default may count as a person's."""
    one, live = pair
    live = copy.deepcopy(live)
    live["metadata"].get("annotations", {}).pop("kubectl.kubernetes.io/last-applied-configuration", None)
    for entry in live["metadata"].get("managedFields", ()):
        if entry["manager"] == "kubectl-client-side-apply":
            entry["manager"] = "kubectl-create"
    assert told(compare_object(one, live, schema=SCHEMAS)) in ([], [("added", "metadata.annotations.e")])


def test_a_thousand_objects_take_a_fraction_of_a_second():
    """A bound with room to spare on a busy machine; benchmarks measure, this only keeps the order of magnitude."""
    pairs = [pair for pair in RECORDED if pair[0].kind in ("Deployment", "Service", "ConfigMap")]
    for one, live in pairs:
        compare_object(one, live, schema=SCHEMAS)
    started = time.process_time()
    for number in range(1_000):
        one, live = pairs[number % len(pairs)]
        assert isinstance(compare_object(one, live, schema=SCHEMAS), Comparison)
    assert time.process_time() - started < 2

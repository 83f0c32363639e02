"""What a change in git means: tables, and what must hold of any two revisions."""

import copy
import json

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.core.changes.rendered_change import FieldChange, rendered_change
from bot.core.objects.manifest import Manifest, read_manifests
from bot.core.objects.path import Item, Member, parse_path

WEB = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {app: web}}
spec:
  replicas: 2
  template:
    metadata: {labels: {tier: front}}
    spec:
      containers:
      - {name: web, image: 'web:1', args: [a, b, c], ports: [{containerPort: 80}], env: [{name: LEVEL, value: info}]}
      - {name: side, image: 'side:1'}
"""


def read(*texts):
    return [manifest for text in texts for manifest in read_manifests("x.yaml", text.encode())]


def told(before, after, **more):
    found = rendered_change(read(before), read(after), namespace="shop", **more)
    return [(f.change, f.path, f.before, f.after) for object_ in found.objects for f in object_.fields]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("web:1", "web:2", [("changed", "spec.template.spec.containers[name=web].image", "web:1", "web:2")]),
        ("replicas: 2", "replicas: 0", [("changed", "spec.replicas", 2, 0)]),
        ("  replicas: 2\n", "", [("removed", "spec.replicas", 2, None)]),
        ("{app: web}", "{app: web, a/b: x}", [("added", 'metadata.labels["a/b"]', None, "x")]),
        ("{app: web}", "{}", [("removed", "metadata.labels.app", "web", None)]),
        (
            "[a, b, c]",
            "[a, c]",
            [("changed", "spec.template.spec.containers[name=web].args", ["a", "b", "c"], ["a", "c"])],
        ),
        (
            "value: info",
            "value: debug",
            [("changed", "spec.template.spec.containers[name=web].env[name=LEVEL].value", "info", "debug")],
        ),
        (
            ", env: [{name: LEVEL, value: info}]",
            "",
            [("removed", "spec.template.spec.containers[name=web].env", [{"name": "LEVEL", "value": "info"}], None)],
        ),
        (
            "      - {name: side, image: 'side:1'}\n",
            "",
            [
                (
                    "removed",
                    "spec.template.spec.containers[name=side]",
                    {"name": "side", "image": "side:1"},
                    None,
                )
            ],
        ),
        ("{containerPort: 80}", "{containerPort: 80, protocol: TCP}", None),
        ("metadata: {", "metadata: {annotations: {}, ", []),
        ("  replicas: 2\n", "  replicas: 2\n  paused: false\n", []),
        (
            "metadata: {labels: {tier",
            "metadata: {annotations: {kubectl.kubernetes.io/restartedAt: '1'}, labels: {tier",
            [("added", 'spec.template.metadata.annotations["kubectl.kubernetes.io/restartedAt"]', None, "1")],
        ),
        (
            "{name: web, labels",
            "{name: web, annotations: {gitops-bot/ignore: '*'}, labels",
            [("added", 'metadata.annotations["gitops-bot/ignore"]', None, "*")],
        ),
        ("apps/v1", "apps/v1beta2", [("changed", "apiVersion", "apps/v1", "apps/v1beta2")]),
    ],
)
def test_what_is_told_of_a_field(old, new, expected):
    assert old in WEB
    changed = told(WEB, WEB.replace(old, new, 1))
    if expected is None:  # a default that is spelled out: said in git, and the same port
        expected = [("added", "spec.template.spec.containers[name=web].ports[containerPort=80,protocol=TCP].protocol")]
        changed = [change[:2] for change in changed]
    assert changed == expected


def test_objects_come_and_go_and_what_goes_is_told_first():
    config = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: %s}\ndata: {a: '%s'}\n"
    before = read(config % ("gone", 1), config % ("kept", 1), config % ("moved", 1))
    after = read(config % ("new", 1), config % ("kept", 1), config % ("moved", 2))
    found = rendered_change(before, after, namespace="shop")
    assert (found.added, found.changed, found.removed, found.total) == (1, 1, 1, 3)
    assert [(object_.change, object_.name, object_.namespace) for object_ in found.objects] == [
        ("removed", "gone", None),
        ("changed", "moved", None),
        ("added", "new", None),
    ]


def test_a_namespace_is_told_where_it_is_not_the_applications():
    text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a%s}\n"
    named, other = text % ", namespace: shop", text % ", namespace: other"
    assert rendered_change(read(text % ""), read(named), namespace="shop").total == 0
    found = rendered_change(read(named), read(other), namespace="shop").objects
    assert [(each.change, each.namespace) for each in found] == [("removed", None), ("added", "other")]


def test_a_long_text_is_shown_from_where_it_differs():
    text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n  file: |\n%s"
    lines = [f"    line {number}\n" for number in range(100)]
    other = [*lines[:50], "    another\n", *lines[51:]]
    found = rendered_change(read(text % "".join(lines)), read(text % "".join(other)), namespace="shop")
    (field,) = found.bounded(1).objects[0].fields
    assert (field.path, field.before, field.after) == ("data.file", "line 50", "another")


SECRET = """\
apiVersion: v1
kind: Secret
metadata: {name: s, annotations: {copy: %(a)s}, labels: {shown: "%(label)s"}}
data: {one: %(b)s}
stringData: {two: %(c)s, %(d)s: x}
%(e)s: {f: g}
"""


@given(st.data())
def test_a_secret_never_shows_a_value(data):
    values = st.text("abcdefgh", min_size=8, max_size=8).map(lambda text: f"hush-{text}")
    sides = [
        {name: data.draw(values) for name in "abc"}
        | {"d": data.draw(st.sampled_from(["k1", "k2"])), "e": data.draw(st.sampled_from(["data2", "data3"]))}
        | {"label": data.draw(st.sampled_from("xy"))}
        for _ in range(2)
    ]
    drop = data.draw(st.sampled_from(["", "data", "stringData"]))
    texts = ["\n".join(line for line in (SECRET % side).splitlines()) for side in sides]
    texts[1] = "\n".join(line for line in texts[1].splitlines() if not drop or not line.startswith(f"{drop}:"))
    found = rendered_change(read(texts[0]), read(texts[1]), namespace="shop")
    for change in (found, found.bounded(5, 5, 500)):
        assert "hush-" not in repr(change)
    differ = {name for name in "abc" if sides[0][name] != sides[1][name]}
    assert not differ or found.changed == 1


# ---------------------------------------------------------------- any two revisions

NAMES = st.sampled_from(["a", "b", "c"])
VALUES = st.sampled_from(["x", "y", "z:1", "0", ""])
ENV = st.builds(lambda name, value: {"name": name, "value": value}, NAMES, VALUES)
PORTS = st.builds(
    lambda port, protocol: {"containerPort": port} | ({"protocol": protocol} if protocol else {}),
    st.integers(1, 3),
    st.sampled_from(["TCP", "UDP", None]),
)


def unique(items, key, most=3):
    return st.lists(items, max_size=most, unique_by=key)


def with_some(required, **optional):
    return st.fixed_dictionaries(required, optional=optional)


CONTAINERS = with_some(
    {"name": NAMES, "image": VALUES.filter(bool)},
    args=st.lists(VALUES, max_size=3),
    env=unique(ENV, lambda each: each["name"]),
    ports=unique(PORTS, lambda each: (each["containerPort"], each.get("protocol") or "TCP")),
    resources=st.fixed_dictionaries(
        {}, optional={"limits": st.dictionaries(st.sampled_from(["cpu", "memory"]), VALUES)}
    ),
)
DEPLOYMENTS = st.builds(
    lambda labels, spec, containers: {
        "metadata": {"name": "web", **({"labels": labels} if labels else {})},
        "spec": {**spec, "template": {"spec": {"containers": containers}}},
    },
    st.dictionaries(st.sampled_from(["app", "example.com/team"]), VALUES),
    with_some({}, replicas=st.integers(0, 3), paused=st.booleans(), strategy=st.just({"type": "Recreate"})),
    unique(CONTAINERS, lambda each: each["name"]),
)
CONFIGS = st.builds(
    lambda data, finalizers: {
        "metadata": {"name": "web", **({"finalizers": finalizers} if finalizers else {})},
        **data,
    },
    with_some({}, data=st.dictionaries(st.sampled_from(["one", "two.yaml"]), VALUES), immutable=st.booleans()),
    st.lists(st.sampled_from(["x/a", "x/b"]), unique=True),
)
WIDGETS = st.builds(
    lambda spec: {"metadata": {"name": "web"}, "spec": spec},
    st.recursive(
        VALUES | st.integers(0, 2) | st.booleans(),
        lambda below: st.lists(below, max_size=3) | st.dictionaries(NAMES, below, max_size=3),
        max_leaves=8,
    ),
)
KINDS = {
    ("apps/v1", "Deployment"): DEPLOYMENTS,
    ("v1", "ConfigMap"): CONFIGS,
    ("example.com/v1", "Widget"): WIDGETS,
}


@st.composite
def revisions(draw):
    (api_version, kind), objects = draw(st.sampled_from(sorted(KINDS.items(), key=lambda each: each[0])))
    return [made(api_version, kind, draw(objects)) for _ in range(2)]


def made(api_version, kind, value):
    declared = {"apiVersion": api_version, "kind": kind, **value}
    return Manifest(api_version, kind, None, "web", declared, "x.yaml", 1)


def changes(before, after):
    return rendered_change([before], [after], namespace="shop")


def keys_of(item, names):
    return tuple(str(item.get(name, "TCP" if name == "protocol" else None)) for name in names)


def apply(target, change):
    """Do to an object what a change says of one field."""
    *above, last = parse_path(change.path)
    for segment in above:
        target = step(target, segment)
    if isinstance(last, Item | Member):
        at = index(target, last)
        if change.change != "added":
            del target[at]
        if change.change != "removed":
            target.insert(len(target) if at is None else at, change.after)
    elif change.change == "removed":
        del target[last]
    else:
        target[last] = change.after


def step(target, segment):
    if isinstance(segment, Item | Member):
        return target[index(target, segment)]
    return target.setdefault(segment, {})  # labels are told by their keys, also the first ones


def index(items, segment):
    if isinstance(segment, Member):
        return next((at for at, item in enumerate(items) if item == segment.value), None)
    names, wanted = [key for key, _ in segment.keys], tuple(str(value) for _, value in segment.keys)
    return next((at for at, item in enumerate(items) if keys_of(item, names) == wanted), None)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(revisions())
def test_what_is_told_explains_the_whole_difference(pair):
    before, after = pair
    found = changes(before, after)
    mended = copy.deepcopy(before.object)
    for field in (field for object_ in found.objects for field in object_.fields):
        apply(mended, field)
    assert changes(made(before.api_version, before.kind, mended), after).total == 0


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(revisions())
def test_the_way_back_tells_the_same_the_other_way_round(pair):
    turned = {"added": "removed", "removed": "added", "changed": "changed"}
    there, back = changes(*pair), changes(*pair[::-1])
    forth = {(turned[f.change], f.path, json.dumps([f.after, f.before])) for o in there.objects for f in o.fields}
    assert forth == {(f.change, f.path, json.dumps([f.before, f.after])) for o in back.objects for f in o.fields}


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(revisions(), st.randoms(use_true_random=False))
def test_the_same_is_nothing_in_any_order_of_keys(pair, random):
    one = pair[0]

    def shuffled(value):
        if isinstance(value, dict):
            keys = random.sample(list(value), len(value))
            return {key: shuffled(value[key]) for key in keys}
        return [shuffled(item) for item in value] if isinstance(value, list) else value

    text = yaml.safe_dump(shuffled(copy.deepcopy(one.object)))
    assert changes(one, made(one.api_version, one.kind, yaml.safe_load(text))).total == 0


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(revisions(), st.integers(0, 3), st.integers(0, 3), st.integers(2, 9))
def test_a_bounded_one_is_bounded_and_counts_what_it_leaves_out(pair, objects, fields, characters):
    found = changes(*pair)
    cut = found.bounded(objects, fields, characters)
    assert cut.total == found.total
    assert len(cut.objects) == min(objects, len(found.objects))
    for whole, each in zip(found.objects, cut.objects, strict=False):
        assert each.total == whole.total == len(whole.fields)
        assert len(each.fields) == min(fields, whole.total)
        for field in each.fields:
            assert all(len(text) <= characters for text in (field.before, field.after) if isinstance(text, str))
            assert not any(isinstance(value, dict | list) for value in (field.before, field.after))


def test_nesting_beyond_all_measure_is_told_once():
    def nested(leaf):
        value = leaf
        for _ in range(5_000):
            value = [{"a": value}]
        return made("example.com/v1", "Widget", {"metadata": {"name": "web"}, "spec": value})

    assert changes(nested(1), nested(1)).total == 0
    (found,) = changes(nested(1), nested(2)).bounded(1).objects
    assert [type(field) for field in found.fields] == [FieldChange]

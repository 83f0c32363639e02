"""Adopting a difference makes git say what live says, and touches nothing else of the file."""

import difflib
import json
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.drift.autoscaling import scale_targets
from bot.core.drift.compare import compare_object
from bot.core.drift.model import FieldDrift, ObjectDrift
from bot.core.objects.documents import read_documents
from bot.core.objects.manifest import read_manifests
from bot.core.objects.path import format_path
from bot.core.objects.resolve import resolve
from bot.core.objects.schema import Schemas
from bot.core.pull_requests.adopt import adopt
from bot.core.pull_requests.not_adoptable import NotAdoptableError

DATA = Path(__file__).parents[2] / "data"
CASES = sorted((DATA / "drift").glob("*.yaml"))

WEB = """\
# The shop's front.
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web   # as the dashboards know it
  labels: {app: web,  tier: "front"}
spec:
  replicas: 2  # two are enough

  template:
    spec:
      containers:
        # the one that people see
        - name: web
          image: "shop/web:1.0"
          ports:
            - containerPort: 80
        - name: side
          image: side:1
---
# Settings, indented by somebody else.
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data:
    theme: "on"
    banner: |
      hello
      you
"""


def deployment(*fields):
    return ObjectDrift("apps/v1", "Deployment", "shop", "web", "modified", fields)


def edited(text, *drift):
    """The lines taken out and put in."""
    after = adopt("web.yaml", text.encode(), drift, namespace="shop")
    lines = list(difflib.unified_diff(text.splitlines(), after.decode().splitlines(), n=0, lineterm=""))
    return [line for line in lines if not line.startswith(("---", "+++", "@@"))]


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        (
            FieldDrift("changed", "spec.replicas", 2, 7),
            ["-  replicas: 2  # two are enough", "+  replicas: 7  # two are enough"],
        ),
        (
            FieldDrift("changed", "spec.template.spec.containers[name=web].image", "shop/web:1.0", "shop/web:1.1"),
            ['-          image: "shop/web:1.0"', '+          image: "shop/web:1.1"'],
        ),
        (
            FieldDrift("added", "spec.template.spec.containers[name=side].env", None, [{"name": "A", "value": "yes"}]),
            ["+          env:", "+            - name: A", '+              value: "yes"'],
        ),
        (
            FieldDrift("removed", "spec.template.spec.containers[name=side]", {"name": "side"}, None),
            ["-        - name: side", "-          image: side:1"],
        ),
        (
            FieldDrift("added", 'metadata.annotations["example.com/a"]', None, "1"),
            ["+  annotations:", '+    example.com/a: "1"'],
        ),
        (
            FieldDrift("removed", "metadata.labels.tier", "front", None),
            ['-  labels: {app: web,  tier: "front"}', "+  labels: {app: web}"],
        ),
        (
            FieldDrift("removed", "spec.template.spec.containers[name=web].ports[containerPort=80,protocol=TCP]", {}),
            ["-          ports:", "-            - containerPort: 80", "+          ports: []"],
        ),
        (
            FieldDrift(
                "added",
                "spec.template.spec.containers[name=web].ports[containerPort=80,protocol=UDP]",
                None,
                {"containerPort": 80, "protocol": "UDP"},
            ),
            ["+            - containerPort: 80", "+              protocol: UDP"],
        ),
    ],
)
def test_only_the_lines_that_differ_change(field, expected):
    assert edited(WEB, deployment(field)) == expected


MIXED = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
    replicas:   2
    tolerations:
    -   key: a
    template:
        spec:
            containers:
              - name: web
# to be removed
                image:    "shop/web:1.0"
                ports:
                - containerPort: 80
              - name: side
                command:
                    - sh
                    - |
                        - echo   x

                           y
# the end
"""


@pytest.mark.parametrize(
    "text",
    [MIXED, f"kind: Service\nports:\n  - port:  80\n---\n{MIXED}", MIXED.rstrip("\n")],
    ids=["one", "two", "no newline at the end"],
)
@pytest.mark.parametrize(
    ("path", "live", "expected"),
    [
        (
            "spec.template.spec.containers[name=web].resources",
            {"limits": {"cpu": 1}},
            ["+                resources:", "+                    limits:", "+                        cpu: 1"],
        ),
        (
            "spec.template.spec.containers[name=side].env",
            [{"name": "A", "value": "b\n c\n\nd\n"}],
            [
                "+                env:",
                "+                - name: A",
                "+                  value: |",
                "+                      b",
                "+                       c",
                "+",
                "+                      d",
            ],
        ),
        ("spec.template.spec.containers[name=job]", {"name": "job"}, ["+              - name: job"]),
        ("spec.template.spec.nodeSelector", {"a": "b"}, ["+            nodeSelector:", "+                a: b"]),
        ("spec.tolerations", [{"key": "a"}, {"key": "b"}], ["+    - key: b"]),
        ("metadata.labels", {"a": "b"}, ["-metadata: {name: web}", "+metadata: {name: web, labels: {a: b}}"]),
    ],
)
def test_a_document_of_mixed_styles_keeps_them(text, path, live, expected):
    assert edited(text, deployment(FieldDrift("added", path, None, live))) == expected


@pytest.mark.parametrize(
    ("last", "field", "before", "after"),
    [
        ("c:  d", FieldDrift("added", "metadata.labels", None, {"a": "e"}), "{name:   a}", "{name: a, labels: {a: e}}"),
        ("c: |\n      d", FieldDrift("changed", "data.b", "1", "x"), "b:   1", "b: x"),
        ("c:  d", FieldDrift("changed", "data.c", "d", "e\nf\n"), "c:  d", "c: |\n        e\n        f\n"),
    ],
    ids=["value", "multiline string", "to a multiline string"],
)
def test_an_end_without_a_newline_stays_if_the_value_allows_it(last, field, before, after):
    text = f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name:   a}}\ndata:\n    b:   1\n    {last}"
    drift = ObjectDrift("v1", "ConfigMap", "shop", "a", "modified", (field,))
    assert adopt("a.yaml", text.encode(), [drift], namespace="shop").decode() == text.replace(before, after)


COMMENTED = """\
apiVersion: example.com/v1
kind: Shop
metadata: {name: shop}
# who visits
guests:
  # the first
  - name: ana
    # she pays
    pays: yes

  # he never pays
  - name: bo
    motto: |
      # eat
# what they order
menu:
  soup: 1
  # only on Fridays
  fish: 2
  # starters
  salad: 3
  bread: 4
# the end
"""


@pytest.mark.parametrize(
    ("path", "removed"),
    [
        ("guests[name=ana]", ["-  # the first", "-  - name: ana", "-    # she pays", "-    pays: yes", "-"]),
        ("guests[name=bo]", ["-  # he never pays", "-  - name: bo", "-    motto: |", "-      # eat"]),
        ("guests[name=bo].motto", ["-    motto: |", "-      # eat"]),
        ("menu.soup", ["-  soup: 1"]),
        ("menu.salad", ["-  salad: 3"]),  # the comment may be about both
        ("menu.fish", ["-  # only on Fridays", "-  fish: 2"]),
        (
            "menu",
            [
                "-# what they order",
                "-menu:",
                "-  soup: 1",
                "-  # only on Fridays",
                "-  fish: 2",
                "-  # starters",
                "-  salad: 3",
                "-  bread: 4",
            ],
        ),
    ],
)
def test_only_its_own_comments_are_removed_with_a_line(path, removed):
    field = FieldDrift("removed", path, {}, None)
    assert edited(COMMENTED, ObjectDrift("example.com/v1", "Shop", "shop", "shop", "modified", (field,))) == removed


@pytest.mark.parametrize("rest", ["", "# end\n", "more: 1\n", "---\nkind: Other\n", "...\n---\nkind:  Other\n"])
def test_comments_below_the_last_key_stay(rest):
    tail = f"  # more later\n\n  # maybe\n{rest}"
    text = f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: a}}\ndata:\n  a: b\n  # about c\n  c:   d\n{tail}"
    drift = ObjectDrift("v1", "ConfigMap", "shop", "a", "modified", (FieldDrift("removed", "data.c", "d"),))
    assert edited(text, drift) == ["-  # about c", "-  c:   d"]


@pytest.mark.parametrize(
    ("protocol", "expected"),
    [("TCP", ["-- {port: 53}", "+- {port: 53, targetPort: 54}"]), ("UDP", ["+  targetPort: 54"])],
)
def test_an_item_without_a_key_has_its_default(protocol, expected):
    text = "apiVersion: v1\nkind: Service\nmetadata: {name: dns}\nports:\n- {port: 53}\n- port: 53\n  protocol: UDP\n"
    field = FieldDrift("added", f"ports[port=53,protocol={protocol}].targetPort", None, 54)
    assert edited(text, ObjectDrift("v1", "Service", "shop", "dns", "modified", (field,))) == expected


@pytest.mark.parametrize("live", [["A=1", "B=3"], ["A=1"]])
def test_a_list_of_texts_is_not_an_order(live):
    text = "apiVersion: example.com/v1\nkind: Shop\nmetadata: {name: shop}\nenv: [A=1, B=2]\n"
    drift = ObjectDrift(
        "example.com/v1", "Shop", "shop", "shop", "modified", (FieldDrift("changed", "env", ["A=1", "B=2"], live),)
    )
    assert yaml.safe_load(adopt("a.yaml", text.encode(), [drift], namespace="shop"))["env"] == live


@pytest.mark.parametrize(("key", "name"), [("9000", "9000"), ("on", "true"), ("1.50", "1.5")])
def test_a_key_that_is_not_a_string_is_found(key, name):
    text = f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: ports}}\ndata:\n  {key}: a\n"
    field = FieldDrift("changed", f'data["{name}"]', "a", "b")
    drift = ObjectDrift("v1", "ConfigMap", "shop", "ports", "modified", (field,))
    assert edited(text, drift) == [f"-  {key}: a", f"+  {key}: b"]


def test_another_document_keeps_a_layout_of_its_own():
    settings_drift = ObjectDrift(
        "v1",
        "ConfigMap",
        "shop",
        "settings",
        "modified",
        (
            FieldDrift("changed", "data.theme", "on", "off"),
            FieldDrift("changed", "data.banner", "hello\nyou\n", "bye\nyou\n"),
        ),
    )
    assert edited(WEB, settings_drift) == [
        '-    theme: "on"',
        '+    theme: "off"',
        "-      hello",
        "+      bye",
    ]


def test_an_object_that_is_gone_from_the_cluster_is_taken_out():
    gone = ObjectDrift("v1", "ConfigMap", "shop", "settings", "missing")
    after = adopt("web.yaml", WEB.encode(), [gone], namespace="shop")
    assert [manifest.name for manifest in read_manifests("web.yaml", after)] == ["web"]
    web = ObjectDrift("apps/v1", "Deployment", "shop", "web", "missing")
    assert adopt("web.yaml", WEB.encode(), [gone, web], namespace="shop") is None


def test_windows_line_ends_and_a_byte_order_mark_stay():
    content = b"\xef\xbb\xbf" + WEB.replace("\n", "\r\n").encode()
    after = adopt("web.yaml", content, [deployment(FieldDrift("changed", "spec.replicas", 2, 7))], namespace="shop")
    assert after == content.replace(b"replicas: 2", b"replicas: 7")


def test_a_shared_anchor_moves_to_the_next_place():
    """Only the place that differs changes its value; the line keeps its comment."""
    text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n  a: &x old # why\n  b: *x\n"
    drift = ObjectDrift("v1", "ConfigMap", "shop", "a", "modified", (FieldDrift("changed", "data.a", "old", "new"),))
    after = adopt("web.yaml", text.encode(), [drift], namespace="shop")
    assert yaml.safe_load(after)["data"] == {"a": "new", "b": "old"}
    assert b"# why" in after


@pytest.mark.parametrize("is_escaped", [False, True])
def test_json_keeps_its_indentation_and_escapes(is_escaped):
    declared = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"k": "é"}}
    text = json.dumps(declared, indent=4, ensure_ascii=is_escaped) + "\n"
    drift = ObjectDrift("v1", "ConfigMap", "shop", "a", "modified", (FieldDrift("changed", "data.k", "é", "ñ"),))
    after = adopt("a.json", text.encode(), [drift], namespace="shop")
    assert after.decode() == text.replace("é", "ñ").replace("\\u00e9", "\\u00f1")


@pytest.mark.parametrize("before", ["old", "'old'", '"old"', "|\n    old", ">-\n    old"])
def test_every_character_can_be_adopted(before):
    text = f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: a}}\ndata:\n  k: {before}\n  z: b\n"
    for character in "\0\t\n\v\f\r\x1b\x1c\x7f\x80\x85\xa0\u200b\u2028\u2029\ufeff\ufffe\U000e0041":
        for value in (character, f"a{character}b", f"a{character}\nb"):
            drift = ObjectDrift(
                "v1", "ConfigMap", "shop", "a", "modified", (FieldDrift("changed", "data.k", "", value),)
            )
            after = adopt("a.yaml", text.encode(), [drift], namespace="shop")
            assert [document["data"] for _, document in read_documents("a.yaml", after)] == [{"k": value, "z": "b"}]


def test_an_object_inside_a_list_is_found():
    item = "- apiVersion: v1\n  kind: ConfigMap\n  metadata:\n    name: a\n  data:\n    k: a\n"
    text = f"apiVersion: v1\nkind: List\nitems:\n{item}"
    drift = ObjectDrift("v1", "ConfigMap", "shop", "a", "modified", (FieldDrift("changed", "data.k", "a", "b"),))
    assert edited(text, drift) == ["-    k: a", "+    k: b"]


def test_the_last_declaration_of_an_object_is_adopted():
    """A kind may be that of the list, a namespace that of the application, and a key of any type."""
    items = [
        "{metadata: {name: a}}",
        "{metadata: {name: a, namespace: shop}, kind: ConfigMap}",
        "{metadata: {name: b}}",
    ]
    others = ["{metadata: {name: a}, kind: ''}", "{metadata: {name: a}, kind: [b]}", "{metadata: {name: 1}}"]
    others += ["{metadata: {name: a, namespace: else}}", "{metadata: {name: a}, apiVersion: null}"]
    text = "\n- ".join(["kind: ConfigMapList\nitems:", *items, *others, ""]).removesuffix("- ")
    gone = [ObjectDrift("v1", "ConfigMap", namespace, "a", "missing") for namespace in ("shop", None, "shop")]
    for count, removed in ((1, [items[1]]), (2, [items[1], others[3]]), (3, [items[0], items[1], others[3]])):
        assert edited(text, *gone[:count]) == [f"-- {item}" for item in removed]


@pytest.mark.parametrize(
    ("text", "drift", "says"),
    [
        (
            "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\ndata: {a: eA==}\n",
            ObjectDrift("v1", "Secret", "shop", "s", "modified", (FieldDrift("changed", "data.a", "…", "…"),)),
            "never writes secret values",
        ),
        *(
            (
                "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n",
                ObjectDrift("v1", "ConfigMap", "shop", "a", "modified", (field,)),
                "never writes credentials to git",
            )
            for field in (
                FieldDrift("changed", "data.a", "1", "(hidden)"),
                FieldDrift("added", 'data["(hidden)"]', None, "on"),
                FieldDrift("added", "data", None, {"ghp_16C7e42F292c6912E7710c838347Ae178B4a": "on"}),
                FieldDrift("added", "data", None, {"a": [{"ghp_16C7e42F292c6912E7710c838347Ae178B4a": "on"}]}),
            )
        ),
        (WEB, ObjectDrift("v1", "ConfigMap", "shop", "other", "missing"), "does not declare ConfigMap other"),
        (WEB, ObjectDrift("v1", "ConfigMap", "else", "settings", "missing"), "does not declare ConfigMap settings"),
        (WEB, deployment(FieldDrift("removed", "spec.paused", True)), "no longer in git"),
        (WEB, deployment(FieldDrift("changed", "containers[name=web].env", ["A", "B"], ["B", "A"])), "order"),
        (
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, labels: &l {x: y}, annotations: *l}\n",
            ObjectDrift(
                "v1", "ConfigMap", "shop", "a", "modified", (FieldDrift("changed", "metadata.labels.x", "y", "z"),)
            ),
            "anchor",
        ),
        (
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {a: b\n",
            ObjectDrift("v1", "ConfigMap", "shop", "a", "missing"),
            "Fix this, then adopt the drift again",
        ),
    ],
)
def test_what_cannot_be_adopted_says_why(text, drift, says):
    with pytest.raises(NotAdoptableError, match=says):
        adopt("web.yaml", text.encode(), [drift], namespace="shop")


@pytest.fixture(scope="module")
def schemas():
    document = yaml.load((DATA / "openapi" / "example.com-v1.yaml").read_text(), yaml.CSafeLoader)
    return Schemas({"example.com/v1": document})


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_a_recorded_drift_is_none_any_more_once_adopted(path, schemas):
    """Against what a real API server returned: git as it was adopted is in sync with live."""
    case = yaml.load(path.read_text(encoding="utf-8"), yaml.CSafeLoader)

    def compared(content):
        manifests = resolve(
            read_manifests("case.yaml", content),
            namespace=case["namespace"] or "default",
            namespaced=lambda _api_version, _kind: case["namespace"] is not None,
        )
        return [
            comparison.drift
            for manifest in manifests
            if (
                comparison := compare_object(
                    manifest, case["live"], schema=schemas, scale_targets=scale_targets(case.get("context") or ())
                )
            ).drift
        ]

    before = case["desired"].encode()
    drift = compared(before)
    if any(found.kind == "Secret" for found in drift):
        with pytest.raises(NotAdoptableError, match="never writes secret values"):
            adopt("case.yaml", before, drift, namespace=case["namespace"] or "default")
        return
    after = adopt("case.yaml", before, drift, namespace=case["namespace"] or "default")
    if any(found.change == "missing" for found in drift):
        assert after is None
    else:
        assert compared(after) == []
        if not drift:
            assert after == before


SCALARS = st.one_of(
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=12),
    st.sampled_from(
        ["yes", "on", "1e3", "010", "null", "~", "- a", "a: b", "# c", ":0", "?a", "a\nb\n", "a \nb", "\t", ""]
    ),
    st.integers(-(2**31), 2**31),
    st.booleans(),
)
TREES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3),
        st.dictionaries(st.text("abcxyz./-", min_size=1, max_size=6), inner, min_size=1, max_size=3),
    ),
    max_leaves=8,
)


@settings(deadline=None)
@given(
    data=st.dictionaries(st.text("abcxyz.-", min_size=1, max_size=6), TREES, min_size=1, max_size=4),
    value=TREES,
    style=st.sampled_from([None, False, True]),
    indent=st.integers(2, 4),
    choose=st.data(),
)
def test_whatever_is_adopted_is_read_back_as_meant(data, value, style, indent, choose):
    """Any value at any key of any layout: the file then declares just that, and nothing else has moved."""
    key = choose.draw(st.sampled_from([*data, "new"]).filter(lambda key: key != "y"))
    declared = {"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": "w"}, "spec": data}
    text = yaml.dump(declared, default_flow_style=style, indent=indent, allow_unicode=True)
    change = "changed" if key in data else "added"
    field = FieldDrift(change, format_path(("spec", key)), data.get(key), value)
    drift = ObjectDrift("example.com/v1", "Widget", "shop", "w", "modified", (field,))
    after = adopt("w.yaml", text.encode(), [drift], namespace="shop")
    ((_, found),) = read_documents("w.yaml", after)
    ((_, was),) = read_documents("w.yaml", text.encode())  # `y` as a key is true to Kubernetes
    assert found == {**was, "spec": {**was["spec"], key: value}}

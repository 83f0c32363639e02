"""Manifests as Kubernetes reads them: Go's YAML dialect, lists, hooks, namespaces, and every way to be no manifest."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.objects.documents import ManifestError
from bot.core.objects.manifest import read_manifests
from bot.core.objects.resolve import resolve

HEAD = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n"


def value_of(spelling):
    (manifest,) = read_manifests("x.yaml", f"{HEAD}value: {spelling}\n".encode())
    return manifest.object["value"]


# What kubectl makes of each spelling (kubectl annotate --local -o json).
SPELLINGS = [
    ("y", True),
    ("Yes", True),
    ("ON", True),
    ("n", False),
    ("off", False),
    ("yES", "yES"),
    ("~", None),
    ("NULL", None),
    ("nULL", "nULL"),
    ("", None),
    ("0777", 511),
    ("0o17", 15),
    ("0O17", 15),
    ("-0o17", -15),
    ("0x1F", 31),
    ("-0x10", -16),
    ("0b11", 3),
    ("0o8", "0o8"),
    ("0b2", "0b2"),
    ("08", 8),
    ("0x1p3", "0x1p3"),
    ("1_000", 1000),
    ("0x_1F", 31),
    ("_1", "_1"),
    ("+1", 1),
    ("+-1", "+-1"),
    ("1e3", 1000),
    ("1.e3", 1000),
    (".5", 0.5),
    ("-.5", -0.5),
    ("1.", 1),
    ("1e", "1e"),
    ("1e400", "1e400"),
    ("1.2.3", "1.2.3"),
    ("1:30", "1:30"),
    ("2026-11-20", "2026-11-20"),
    ("2026-11-20T20:00:00Z", "2026-11-20T20:00:00Z"),
    ("9223372036854775807", 2**63 - 1),
    ("18446744073709551616", 18446744073709552000.0),
    ("=", "="),
    ("<<", "<<"),
    ("[<<, =]", ["<<", "="]),
    ("'1'", "1"),
    ("! 5", "5"),
    ("!!str 12", "12"),
    ('!!int "3"', 3),
    ("!!float 3", 3),
    ("!!bool yes", True),
    ("!!binary aGk=", "hi"),
    ("!!timestamp 2026-01-01", "2026-01-01"),
    ("!mine bar", "bar"),
    (
        "{1: a, 1.5: b, true: c, off: d, 1e3: e, 0x10: f, =: g}",
        {"1": "a", "1.5": "b", "true": "c", "false": "d", "1000": "e", "16": "f", "=": "g"},
    ),
    ("{a: 1, a: 2}", {"a": 2}),
    ("{<<: {b: 1, c: 3}, b: 2}", {"b": 2, "c": 3}),
    ("{b: 2, <<: [{b: 1}, {c: 3, b: 9}]}", {"b": 1, "c": 3}),
    ('{"<<": {b: 1}}', {"<<": {"b": 1}}),
]


@pytest.mark.parametrize(("spelling", "meaning"), SPELLINGS, ids=[spelling for spelling, _ in SPELLINGS])
def test_scalars_are_read_as_go_reads_them(spelling, meaning):
    value = value_of(spelling)
    assert value == meaning
    assert isinstance(value, bool) == isinstance(meaning, bool)


@pytest.mark.parametrize(
    ("spelling", "problem"),
    [
        (".inf", "Infinity and NaN"),
        (".NaN", "Infinity and NaN"),
        ("{~: x}", "A mapping key cannot be null"),
        ("{[1]: x}", "A mapping key cannot be null"),
        ("{<<: 3}", "A merge key"),
        ("!!int abc", "tagged !!int"),
        ("!!binary aGk", "not valid base64"),
        ("&a [*a]", "alias does not refer to an earlier anchor"),
        ("*gone", "alias does not refer to an earlier anchor"),
    ],
)
def test_what_go_refuses_is_refused_with_its_line(spelling, problem):
    with pytest.raises(ManifestError) as caught:
        value_of(spelling)
    assert (caught.value.file, caught.value.line) == ("x.yaml", 4)
    assert problem in str(caught.value.problem)
    assert str(caught.value) == f"x.yaml:4: {caught.value.problem!s}"


def test_block_scalars_and_anchors_keep_what_they_say():
    text = (
        f"{HEAD}data:\n  keep: |+\n    x\n\n  fold: >-\n    a\n    b\n"
        '  crlf: "a\\r\\nb"\n  one: &one "1"\n  two: *one\n'
    )
    (manifest,) = read_manifests("x.yaml", text.encode())
    assert manifest.object["data"] == {"keep": "x\n\n", "fold": "a b", "crlf": "a\r\nb", "one": "1", "two": "1"}


def test_a_block_scalar_at_the_end_of_a_file_ends_with_a_line_break():
    (manifest,) = read_manifests("x.yaml", f"{HEAD}value: |\n  one\n  two".encode())
    assert manifest.object["value"] == "one\ntwo\n"


def test_each_document_has_its_place_in_the_file():
    text = f"# a comment\n---\n{HEAD}---\n---\n# nothing\n---\n\n{HEAD.replace('name: x', 'name: b')}"
    found = [(manifest.name, manifest.line) for manifest in read_manifests("a/b.yaml", text.encode())]
    assert found == [("x", 3), ("b", 11)]


def test_lists_are_flattened_however_deep():
    pod = '{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}}'
    inner = f'{{"apiVersion": "v1", "kind": "List", "items": [{pod}]}}'
    text = (
        f"apiVersion: v1\nkind: List\nitems: [{inner}, "
        "{apiVersion: rbac.authorization.k8s.io/v1, kind: RoleList, items: [{metadata: {name: r}}]}]\n"
    )
    keys = [manifest.key for manifest in read_manifests("x.yaml", text.encode())]
    assert keys == [("v1", "Pod", None, "p"), ("rbac.authorization.k8s.io/v1", "Role", None, "r")]
    assert read_manifests("x.yaml", b"{apiVersion: v1, kind: List, items: null}") == []


def test_a_custom_resource_may_be_named_a_list():
    (manifest,) = read_manifests("x.yaml", b"{apiVersion: e/v1, kind: AllowList, metadata: {name: a}, items: [1]}")
    assert manifest.kind == "AllowList"


def test_json_is_read_with_what_only_json_allows():
    one = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"k": "\U0001f680"}}
    text = "\n" + json.dumps(one).replace(": ", ":\t") + "\n" + json.dumps(one).replace('"k"', '"\\/"')
    first, second = read_manifests("x.json", text.encode())
    assert first.object == one
    assert first.line == 2
    assert (second.object["data"], second.line) == ({"/": "\U0001f680"}, 3)


def test_a_byte_order_mark_is_no_content():
    assert len(read_manifests("x.yaml", b"\xef\xbb\xbf" + HEAD.encode())) == 1


@pytest.mark.parametrize("content", [b"", b"---\n", b"# only words\n", b"---\n---\n", b"null\n"])
def test_empty_documents_are_no_objects(content):
    assert read_manifests("x.yaml", content) == []


@pytest.mark.parametrize(
    ("content", "where"),
    [
        (b"a: [", "x.yaml:2: This is not valid YAML: did not find expected node content."),
        (b"a: b\n  c: d", "x.yaml:2: This is not valid YAML: mapping values are not allowed in this context."),
        (b"a: 1\nb: \x07", "x.yaml:2: This is not valid YAML: control characters are not allowed."),
        (b"a: 1\n\nb: \xff", "x.yaml:3: The file is not UTF-8 text."),
        (b"just words", "x.yaml:1: This document is not a Kubernetes object: it must be a mapping."),
        (b"- 1", "x.yaml:1: This document is not a Kubernetes object: it must be a mapping."),
        (b"{kind: Pod}", "x.yaml:1: This document is not a Kubernetes object: it has no apiVersion."),
        (b"apiVersion: v1", "x.yaml:1: This document is not a Kubernetes object: it has no kind."),
        (b"{}", "x.yaml:1: This document is not a Kubernetes object: it has no apiVersion."),
        (b"{apiVersion: v1, kind: Pod}", "x.yaml:1: This Pod is not valid: it has no metadata.name."),
        *(
            (
                b"{apiVersion: v1, kind: Pod, metadata: {name: %s}}" % name,
                "x.yaml:1: This Pod is not valid: its metadata.name is not a string. Quote it.",
            )
            for name in (b"7", b"no", b"0")
        ),
        (
            b"{apiVersion: v1, kind: Pod, metadata: {name: a, namespace: on}}",
            "x.yaml:1: This Pod is not valid: its metadata.namespace is not a string. Quote it.",
        ),
        (
            b"{apiVersion: v1, kind: List, items: [1]}",
            "x.yaml:1: This document is not a Kubernetes object: it must be a mapping.",
        ),
    ],
)
def test_what_is_no_manifest_is_one_sentence(content, where):
    with pytest.raises(ManifestError) as caught:
        read_manifests("x.yaml", content)
    assert str(caught.value) == where


def test_no_error_quotes_a_value():
    secret = HEAD.replace("ConfigMap", "Secret") + 'stringData: {password: "sesame", other: !!int sesame}\n'
    with pytest.raises(ManifestError) as caught:
        read_manifests("x.yaml", secret.encode())
    assert "sesame" not in str(caught.value)


def test_aliases_that_stand_for_too_much_are_a_bomb():
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    with pytest.raises(ManifestError, match="YAML bomb"):
        read_manifests("x.yaml", (HEAD + "\n".join(lines)).encode())


@pytest.mark.parametrize("content", [b"[" * 100_000, b'{"a":' * 100_000, b"- " * 50_000, b"a: " + b"{b: " * 5_000])
def test_endless_nesting_is_refused_and_nothing_breaks(content):
    with pytest.raises(ManifestError):
        read_manifests("x.yaml", content)


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_manifests_or_a_manifest_error(content):
    try:
        found = read_manifests("x.yaml", content)
    except ManifestError as error:
        found = [error]
    assert all(each.line >= 1 for each in found)


@settings(deadline=None)
@given(st.text(max_size=60))
def test_any_text_as_a_value_is_read_or_refused(text):
    try:
        (manifest,) = read_manifests("x.yaml", f"{HEAD}value: {text}\n".encode())
    except (ManifestError, ValueError):
        return
    json.dumps(manifest.object, allow_nan=False)


JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)


@settings(deadline=None)
@given(JSON_VALUES)
def test_json_comes_back_as_it_was(value):
    document = {"apiVersion": "v1", "kind": "X", "metadata": {"name": "x"}, "value": value}
    (manifest,) = read_manifests("x.json", json.dumps(document).encode())
    assert manifest.object == document


# ---------------------------------------------------------------- resolve


def manifests(*documents):
    return read_manifests("x.yaml", "\n---\n".join(documents).encode())


def namespaced(_api_version, kind):
    return {"ClusterRole": False, "Mystery": None}.get(kind, True)


def test_objects_go_to_the_namespace_of_their_application_unless_they_name_one():
    read = manifests(
        HEAD,
        HEAD.replace("{name: x}", "{name: b, namespace: own}"),
        "{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: r, namespace: odd}}",
        "{apiVersion: a.b/v1, kind: Mystery, metadata: {name: m}}",
    )
    found = [(manifest.name, manifest.namespace) for manifest in resolve(read, namespace="shop", namespaced=namespaced)]
    assert found == [("x", "shop"), ("b", "own"), ("r", None), ("m", "shop")]


@pytest.mark.parametrize(
    "annotation",
    [
        '"helm.sh/hook": pre-install',
        '"helm.sh/hook": test',
        '"argocd.argoproj.io/hook": PreSync',
        '"argocd.argoproj.io/hook": Skip',
    ],
)
def test_hooks_are_no_part_of_the_desired_state(annotation):
    read = manifests(HEAD.replace("{name: x}", f"{{name: x, annotations: {{{annotation}}}}}"))
    assert resolve(read, namespace="shop", namespaced=namespaced) == []


def test_a_definition_that_helm_2_installed_first_stays():
    read = manifests(HEAD.replace("{name: x}", '{name: x, annotations: {"helm.sh/hook": crd-install}}'))
    assert len(resolve(read, namespace="shop", namespaced=namespaced)) == 1


def test_objects_with_a_generated_name_are_not_compared():
    read = manifests("{apiVersion: batch/v1, kind: Job, metadata: {generateName: migrate-}}")
    assert [manifest.name for manifest in read] == [""]
    assert resolve(read, namespace="shop", namespaced=namespaced) == []


def test_of_two_declarations_of_one_object_the_last_wins():
    read = manifests(HEAD + "data: {a: '1'}", HEAD.replace("name: x", "name: x, namespace: shop") + "data: {a: '2'}")
    (only,) = resolve(read, namespace="shop", namespaced=namespaced)
    assert only.object["data"] == {"a": "2"}


def test_what_does_not_fit_64_bits_is_a_float_as_in_go():
    assert value_of("123456789012345678901234567890") == pytest.approx(1.2345678901234568e29)
    for infinite in ("0x" + "f" * 400, "1" * 400, "1" * 5_000, "1e999"):
        assert value_of(infinite) == infinite

"""What is known of kinds: from OpenAPI, from our own table, from both, and from neither."""

from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.objects import builtin
from bot.core.objects.schema import MISSING, Schemas

DATA = Path(__file__).parents[2] / "data" / "openapi"
WIDGETS = yaml.load((DATA / "example.com-v1.yaml").read_text(), yaml.CSafeLoader)
ORDERS = yaml.load((DATA / "shop.example.org-v1.yaml").read_text(), yaml.CSafeLoader)


def below(node, *path):
    for name in path:
        node = node.item if name == "*" else node.field(name)
    return node


def test_a_definition_tells_lists_defaults_and_formats():
    spec = below(Schemas({"example.com/v1": WIDGETS}).node("example.com/v1", "Widget"), "spec")
    members = spec.field("members")
    assert (members.list_type, members.keys) == ("map", ("id",))
    assert members.default_of("weight") == 1
    assert members.default_of("id") is MISSING
    assert spec.field("tags").list_type == "set"
    assert spec.field("steps").list_type == "atomic"
    assert spec.field("timeout").scalar == "duration"
    assert spec.field("memory").scalar == "quantity"
    assert spec.field("mode").defaults == ("auto",)
    assert spec.field("extra").field("any").field("thing").keeps_zero
    assert spec.keeps_zero
    assert spec.described


def test_metadata_of_every_kind_is_what_our_table_says():
    for node in (
        Schemas().node("un.known/v1", "X"),
        Schemas({"example.com/v1": WIDGETS}).node("example.com/v1", "Widget"),
    ):
        assert below(node, "metadata", "finalizers").filled
        assert below(node, "metadata", "labels", "x").keeps_zero


def test_go_types_behind_an_aggregated_api_drop_zeros():
    spec = below(Schemas({"shop.example.org/v1": ORDERS}).node("shop.example.org/v1", "Order"), "spec")
    assert not spec.field("gift").keeps_zero
    assert spec.field("weight").scalar == "quantity"
    assert spec.field("lines").keys == ("item",)
    containers = below(spec, "template", "spec", "containers")
    assert containers.keys == ("name",)


def test_an_aggregated_api_of_kubernetes_has_its_own_types():
    version = {"group": "sample.k8s.io", "version": "v1", "kind": "Thing"}
    parts = {"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["key"]}
    schemas = {
        "io.k8s.sample.v1.Thing": {
            "x-kubernetes-group-version-kind": [version],
            "properties": {"spec": {"$ref": "#/components/schemas/io.k8s.sample.v1.ThingSpec"}},
        },
        "io.k8s.sample.v1.ThingSpec": {"properties": {"parts": parts}},
    }
    thing = Schemas({"sample.k8s.io/v1": {"components": {"schemas": schemas}}}).node("sample.k8s.io/v1", "Thing")
    assert below(thing, "spec", "parts").keys == ("key",)


def test_built_in_kinds_are_known_without_a_document():
    spec = below(Schemas().node("apps/v1", "Deployment"), "spec")
    assert spec.field("replicas").keeps_zero
    assert spec.field("replicas").defaults == (1,)
    assert not spec.field("minReadySeconds").keeps_zero
    ports = below(spec, "template", "spec", "containers", "*", "ports")
    assert ports.keys == ("containerPort", "protocol")
    assert ports.default_of("protocol") == "TCP"
    assert below(spec, "template", "spec", "containers", "*", "resources", "limits", "cpu").scalar == "quantity"


def test_a_field_that_the_table_lacks_comes_from_the_cluster():
    document = {
        "components": {
            "schemas": {
                "io.k8s.api.core.v1.ConfigMap": {
                    "x-kubernetes-group-version-kind": [{"group": "", "version": "v1", "kind": "ConfigMap"}],
                    "properties": {
                        "parts": {
                            "type": "array",
                            "x-kubernetes-list-type": "map",
                            "x-kubernetes-list-map-keys": ["key"],
                            "items": {"type": "object"},
                        }
                    },
                }
            }
        }
    }
    node = Schemas({"v1": document}).node("v1", "ConfigMap")
    assert node.field("parts").keys == ("key",)
    assert node.field("binaryData").field("x").scalar == "bytes"
    assert Schemas().node("v1", "ConfigMap").field("parts").list_type == ""


def test_another_document_of_a_version_takes_the_place_of_the_first():
    schemas = Schemas({"example.com/v1": WIDGETS})
    assert below(schemas.node("example.com/v1", "Widget"), "spec", "size").defaults == (3,)
    changed = yaml.safe_load(yaml.safe_dump(WIDGETS))
    changed["components"]["schemas"]["com.example.v1.Widget"]["properties"]["spec"]["properties"]["size"]["default"] = 4
    schemas.add("example.com/v1", changed)
    assert below(schemas.node("example.com/v1", "Widget"), "spec", "size").defaults == (4,)


@pytest.mark.parametrize("group", ["core.example.k8s.io", "core.api.k8s.io"])
def test_a_custom_resource_cannot_take_the_place_of_a_built_in_type(group):
    """The API server names its definition `io.k8s.example.core.v1.PodSpec`, or as the built-in one."""
    definition = ".".join([*reversed(group.split(".")), "v1", "PodSpec"])
    properties = {"hostPID": {"type": "boolean", "default": True}}
    custom = {"components": {"schemas": {definition: {"type": "object", "properties": properties}}}}
    builtin_pod = {"properties": {"hostPID": {"type": "boolean"}}}
    document = {"components": {"schemas": {"io.k8s.api.core.v1.PodSpec": builtin_pod}}}
    for documents in ({}, {"v1": document}):
        schemas = Schemas({**documents, f"{group}/v1": custom})
        pod = below(schemas.node("apps/v1", "Deployment"), "spec", "template", "spec")
        assert pod.field("hostPID").defaults == ()


@pytest.mark.parametrize(
    "api_version", ["policy.example.com/v1", "gateway.networking.k8s.io/v1", "apps.openshift.io/v1"]
)
def test_a_group_that_sounds_built_in_is_not(api_version):
    assert Schemas().node(api_version, "Deployment").custom


def test_every_line_of_the_table_can_be_read():
    for section, types in builtin._types().items():
        for name, text in types.items():
            fields = builtin.fields(section, name)
            assert len(fields) == len(text.split()), f"{section} {name}"
            for field in fields.values():
                named = field.items[:1].isupper()
                assert not named or builtin.find_type(section, field.items), f"{section} {name} {field.items}"


JSON = st.recursive(
    st.none() | st.booleans() | st.text(max_size=5) | st.sampled_from(["array", "object", "#/components/schemas/a"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "components",
                    "schemas",
                    "a",
                    "properties",
                    "type",
                    "items",
                    "$ref",
                    "allOf",
                    "default",
                    "additionalProperties",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=15,
)


@settings(deadline=None)
@given(JSON)
def test_any_document_is_taken_for_what_it_is_worth(value):
    schemas = Schemas()
    schemas.add("e/v1", {"components": {"schemas": {"a": value, "io.k8s.api.core.v1.Pod": value}}})
    schemas.add("e/v1", value if isinstance(value, dict) else {})
    for api_version in ("e/v1", "v1"):
        assert below(schemas.node(api_version, "Pod"), "spec", "a", "*", "b") is not None

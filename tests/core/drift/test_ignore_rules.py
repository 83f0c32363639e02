"""Ignore rules in every spelling: what is ignored is set aside, with the rule's name, and nothing else goes with it."""

import pytest

from bot.core.drift.compare import compare_object
from bot.core.drift.ignore_rules import IgnoreRule, PointerError, parse_pointer, without_places
from bot.core.objects.manifest import Manifest
from bot.core.objects.schema import Schemas
from bot.core.objects.step_budget import StepBudget
from tests.common.english import english

BY_HAND = "kubectl-edit"


def deployment(*containers, replicas=2, annotations=None, tolerations=None):
    spec = {"containers": [{"name": name, "image": image} for name, image in containers]}
    if tolerations is not None:
        spec["tolerations"] = [{"key": key, "operator": "Exists"} for key in tolerations]
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", **({"annotations": annotations} if annotations else {})},
        "spec": {"replicas": replicas, "template": {"spec": spec}},
    }


def compare(desired, live, *rules, owned=None, manager=BY_HAND, operation="Update"):
    manifest = Manifest(desired["apiVersion"], desired["kind"], "shop", desired["metadata"]["name"], desired, "x", 1)
    if owned:
        entry = {"manager": manager, "operation": operation, "time": "2026-03-01T10:00:00Z", "fieldsV1": owned}
        live = {**live, "metadata": {**live["metadata"], "managedFields": [entry]}}
    return english(compare_object(manifest, live, schema=Schemas(), ignore=rules))


def told(drift):
    return [f"{field.change} {field.path}" for field in drift.fields] if drift else []


def reasons(compared):
    return {field.path: field.reason for field in compared.set_aside.fields} if compared.set_aside else {}


IMAGE = "spec.template.spec.containers[name={}].image".format


def test_a_json_pointer_takes_one_field_out():
    rule = IgnoreRule(json_pointers=("/spec/replicas",), title="rule 1 in the configuration")
    found = compare(deployment(("web", "a:1")), deployment(("web", "a:2"), replicas=7), rule)
    assert told(found.drift) == [f"changed {IMAGE('web')}"]
    assert reasons(found) == {"spec.replicas": "ignored by rule 1 in the configuration: /spec/replicas"}


def test_what_is_ignored_keeps_its_values_and_its_writer():
    rule = IgnoreRule(json_pointers=("/spec/replicas",))
    found = compare(deployment(), deployment(replicas=7), rule, owned={"f:spec": {"f:replicas": {}}})
    (field,) = found.set_aside.fields
    assert (field.desired, field.live, field.manager) == (2, 7, BY_HAND)


def test_a_pointer_counts_items_on_each_side():
    rule = IgnoreRule(json_pointers=("/spec/template/spec/containers/1/image",))
    found = compare(deployment(("web", "a:1"), ("b", "b:1")), deployment(("web", "a:2"), ("b", "b:2")), rule)
    assert told(found.drift) == [f"changed {IMAGE('web')}"]


def test_jq_chooses_items_by_what_they_hold_wherever_they_stand():
    rule = IgnoreRule(jq_path_expressions=('.spec.template.spec.containers[] | select(.name == "proxy").image',))
    desired = deployment(("web", "a:1"), ("proxy", "p:1"))
    found = compare(desired, deployment(("proxy", "p:2"), ("web", "a:2")), rule)
    assert told(found.drift) == [f"changed {IMAGE('web')}"]
    assert list(reasons(found)) == [IMAGE("proxy")]


def test_jq_takes_a_whole_item_out_that_only_the_cluster_has():
    item = {".": {}, "f:name": {}, "f:image": {}}
    owned = {"f:spec": {"f:template": {"f:spec": {"f:containers": {'k:{"name":"debug"}': item}}}}}
    live = deployment(("web", "a:1"), ("debug", "busybox"))
    rule = IgnoreRule(jq_path_expressions=('.spec.template.spec.containers[] | select(.name == "debug")',))
    assert told(compare(deployment(("web", "a:1")), live, owned=owned).drift) == [
        "added spec.template.spec.containers[name=debug]"
    ]
    found = compare(deployment(("web", "a:1")), live, rule, owned=owned)
    assert found.drift is None
    assert reasons(found)["spec.template.spec.containers[name=debug]"].startswith("ignored by a rule: .spec.template")


@pytest.mark.parametrize(
    ("there", "left"), [(["a", "spot"], []), (["a", "spot", "b"], ["spec.template.spec.tolerations"])]
)
def test_jq_takes_an_item_out_of_a_list_that_is_compared_whole(there, left):
    rule = IgnoreRule(jq_path_expressions=('.spec.template.spec.tolerations[] | select(.key == "spot")',))
    found = compare(deployment(tolerations=["a"]), deployment(tolerations=there), rule)
    assert told(found.drift) == [f"changed {path}" for path in left]


def test_a_path_inside_a_list_that_is_compared_whole_is_set_aside_and_not_gone():
    rule = IgnoreRule(paths=("spec.template.spec.tolerations[*].operator",))
    live = deployment(tolerations=["a"])
    live["spec"]["template"]["spec"]["tolerations"][0]["operator"] = "Equal"
    found = compare(deployment(tolerations=["a"]), live, rule)
    assert found.drift is None
    assert reasons(found) == {
        "spec.template.spec.tolerations": "ignored by a rule: spec.template.spec.tolerations[*].operator"
    }


@pytest.mark.parametrize(
    ("managers", "left"),
    [
        (("tide-operator",), []),
        (("tide-*",), []),
        (("tide",), ["changed spec.replicas"]),
        ((BY_HAND,), ["changed spec.replicas"]),
    ],
)
def test_a_trusted_field_manager_may_change_what_it_owns(managers, left):
    rule = IgnoreRule(managed_fields_managers=managers)
    owned = {"f:spec": {"f:replicas": {}}}
    found = compare(deployment(), deployment(replicas=7), rule, owned=owned, manager="tide-operator")
    assert told(found.drift) == left
    if not left:
        assert reasons(found) == {"spec.replicas": f"ignored by a rule: field manager {managers[0]}"}


def test_a_trusted_field_manager_may_add_and_nothing_else_is_excused():
    rule = IgnoreRule(managed_fields_managers=(BY_HAND,))
    owned = {"f:metadata": {"f:annotations": {"f:note": {}}}}
    found = compare(deployment(), deployment(replicas=7, annotations={"note": "1"}), rule, owned=owned)
    assert told(found.drift) == ["changed spec.replicas"]
    assert reasons(found) == {"metadata.annotations.note": f"ignored by a rule: field manager {BY_HAND}"}


def test_a_rule_that_takes_the_annotations_out_does_not_hide_what_was_applied_elsewhere():
    applied = {"kubectl.kubernetes.io/last-applied-configuration": '{"spec":{"paused":true}}', "note": "1"}
    live = deployment(annotations=applied)
    live["spec"]["paused"] = True
    rule = IgnoreRule(json_pointers=("/metadata/annotations", "/metadata/managedFields"))
    assert told(compare(deployment(), live, rule).drift) == ["added spec.paused"]


@pytest.mark.parametrize("about", [{"group": "batch"}, {"group": ""}, {"kind": "StatefulSet"}, {"namespace": "other"}])
def test_rules_about_other_objects_do_nothing(about):
    rule = IgnoreRule(json_pointers=("/spec/replicas",), managed_fields_managers=("*",), paths=("spec",), **about)
    assert told(compare(deployment(), deployment(replicas=7), rule).drift) == ["changed spec.replicas"]


@pytest.mark.parametrize(
    "about", [{"group": "apps"}, {"group": "app*", "kind": "*"}, {"name": "w*", "namespace": "s*"}]
)
def test_rules_about_the_object_by_pattern(about):
    assert (
        compare(deployment(), deployment(replicas=7), IgnoreRule(json_pointers=("/spec/replicas",), **about)).drift
        is None
    )


POD = {"containers": [{"name": "web", "image": "a:1"}]}
HASH, WAIT = "example.org/hash", {"name": "wait", "image": "b:1"}


@pytest.mark.parametrize("rule", ["paths", "json_pointers", "jq_path_expressions", "in git"])
@pytest.mark.parametrize("parent", ["missing", "null", "empty", "another key"])
@pytest.mark.parametrize(
    ("at", "declared", "other", "path", "pointer", "jq"),
    [
        pytest.param(
            "metadata",
            {"annotations": {HASH: "abc"}},
            {"annotations": {"by": "hand"}},
            f'annotations["{HASH}"]',
            "annotations/example.org~1hash",
            f'annotations["{HASH}"]',
            id="annotations",
        ),
        pytest.param(
            "spec",
            {**POD, "initContainers": [WAIT]},
            {**POD, "initContainers": [{"name": "other", "image": "c:1"}]},
            "initContainers[name=wait]",
            "initContainers/0",
            'initContainers[] | select(.name == "wait")',
            id="items",
        ),
        pytest.param(
            "spec",
            {**POD, "nodeSelector": {"disk": "ssd", "zone": ""}, "hostAliases": []},
            {**POD, "nodeSelector": {"by": "hand", "zone": ""}},
            "nodeSelector[*]",
            "nodeSelector",
            "nodeSelector",
            id="every key",
        ),
    ],
)
def test_what_is_ignored_may_be_all_that_git_declares_in_its_parent(
    at, declared, other, path, pointer, jq, parent, rule
):
    name = next(key for key in declared if key != "containers")
    values = {"missing": {}, "null": {name: None}, "empty": {name: type(declared[name])()}, "another key": other}
    live = {key: value for key, value in declared.items() if key != name} | values[parent]
    where = f"spec.template.{at}"
    rules = {
        "paths": (f"{where}.{path}",),
        "json_pointers": (f"/spec/template/{at}/{pointer}",),
        "jq_path_expressions": (f".{where}.{jq}",),
    }
    is_own = rule == "in git"
    objects = [deployment(annotations={"gitops-bot/ignore": f"{where}.{path}"} if is_own else None) for _ in "12"]
    for object_, part in zip(objects, (declared, live), strict=True):
        object_["spec"]["template"] = {"spec": POD} | {at: part}
    found = compare(*objects, *([] if is_own else [IgnoreRule(**{rule: rules[rule]})]))
    differing = told(found.drift)
    assert differing == [line for line in differing if parent == "another key" and line.startswith("added")]


def test_a_removed_parent_is_drift_if_it_has_something_else():
    desired, live = (deployment(("web", "a:1")) for _ in "12")
    spec = desired["spec"]["template"]["spec"]
    spec["volumes"] = [{"name": "cache", "emptyDir": {"medium": "Memory"}}]
    spec["nodeSelector"] = {"disk": "ssd", "zone": "a"}
    live["spec"]["template"]["spec"]["volumes"] = [{"name": "cache"}]
    paths = "nodeSelector.disk", "volumes[name=cache].emptyDir.medium"
    found = compare(desired, live, IgnoreRule(paths=tuple(f"spec.template.spec.{path}" for path in paths)))
    assert sorted(told(found.drift)) == [
        "removed spec.template.spec.nodeSelector",
        "removed spec.template.spec.volumes[name=cache].emptyDir",
    ]


def test_each_difference_is_set_aside_by_the_rule_that_did_it():
    rules = [
        IgnoreRule(json_pointers=("/spec/replicas", "/spec/none"), title="rule 1"),
        IgnoreRule(jq_path_expressions=(".spec.template.spec.containers[].image",), title="rule 2"),
    ]
    found = compare(deployment(("web", "a:1")), deployment(("web", "a:2"), replicas=7), *rules)
    assert reasons(found) == {
        "spec.replicas": "ignored by rule 1: /spec/replicas",
        IMAGE("web"): "ignored by rule 2: .spec.template.spec.containers[].image",
    }


def test_a_secret_s_data_is_selected_where_git_writes_string_data():
    desired = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "db"},
        "stringData": {"a": "sesame", "b": "x"},
    }
    live = {"metadata": {"name": "db"}, "data": {"a": "b3RoZXI=", "b": "eQ=="}}
    found = compare(desired, live, IgnoreRule(json_pointers=("/data/a",)))
    assert told(found.drift) == ["changed data.b"]
    assert "b3RoZXI" not in repr(found)


# ---------------------------------------------------------------- annotations in git


@pytest.mark.parametrize("where", ["labels", "annotations"])
@pytest.mark.parametrize("word", ["Disabled", "disabled"])
def test_flux_reads_labels_too_and_in_any_case(where, word):
    desired = deployment()
    desired["metadata"][where] = {"kustomize.toolkit.fluxcd.io/reconcile": word}
    live = deployment(replicas=7)
    live["metadata"][where] = desired["metadata"][where]
    found = compare(desired, live)
    assert found.drift is None
    assert reasons(found) == {"spec.replicas": f"opted out in git (kustomize.toolkit.fluxcd.io/reconcile: {word})"}


@pytest.mark.parametrize(
    ("annotation", "value", "missing_is_drift"),
    [
        ("kustomize.toolkit.fluxcd.io/ssa", "IfNotPresent", True),
        ("kustomize.toolkit.fluxcd.io/ssa", "Merge", True),
        ("kustomize.toolkit.fluxcd.io/ssa", "Ignore", False),
        ("kustomize.toolkit.fluxcd.io/ssa", "Override", True),
        ("gitops-bot/ignore", "*", False),
    ],
)
def test_whether_an_object_may_be_missing(annotation, value, missing_is_drift):
    found = _missing(annotation, value)
    assert (found.drift is not None) == missing_is_drift
    if not missing_is_drift:
        assert str(found.set_aside.reason) == f"opted out in git ({annotation}: {value})"


def _missing(annotation, value):
    desired = deployment(annotations={annotation: value})
    return compare_object(Manifest("apps/v1", "Deployment", "shop", "web", desired, "x", 1), None, schema=Schemas())


@pytest.mark.parametrize(
    "annotations",
    [
        {"argocd.argoproj.io/compare-options": "IgnoreExtraneous"},
        {"argocd.argoproj.io/compare-options": "ServerSideDiff=true,IncludeMutationWebhook=true"},
        {"argocd.argoproj.io/sync-options": "Prune=false,Replace=true"},
    ],
)
def test_argo_cd_s_options_about_objects_that_git_lacks_excuse_no_field(annotations):
    found = compare(deployment(annotations=annotations), deployment(replicas=7, annotations=annotations))
    assert told(found.drift) == ["changed spec.replicas"]


# ---------------------------------------------------------------- pointers


@pytest.mark.parametrize(
    ("pointer", "places"),
    [
        ("/a/b~1c", [("a", "b/c")]),
        ("/a/~01", [("a", "~1")]),
        ("/list/1", [("list", 1)]),
        ("/list/01", []),
        ("/list/2", []),
        ("/list/-", []),
        (f"/list/{'9' * 5000}", []),
        ("/nothing", []),
        ("/", [("",)]),
    ],
)
def test_a_pointer_selects_what_is_there(pointer, places):
    value = {"a": {"b/c": 1, "~1": 2}, "list": ["x", "y"], "": 0}
    assert list(parse_pointer(pointer)(value, StepBudget())) == places


def test_a_pointer_begins_with_a_slash():
    with pytest.raises(PointerError, match="must start with a slash"):
        parse_pointer("spec/replicas")


def test_taking_out_touches_nothing_else():
    value = {"a": [{"b": 1, "c": 2}, 3, 4], "d": {"e": 5}}
    left = without_places(value, [("a", 0, "b"), ("a", 2), ("d", "nothing"), ("a", 9), ()], StepBudget())
    assert left == {"a": [{"c": 2}, 3], "d": {"e": 5}}
    assert value == {"a": [{"b": 1, "c": 2}, 3, 4], "d": {"e": 5}}

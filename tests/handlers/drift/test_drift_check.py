"""Drift checks end to end: real git, a real HTTP API server, and every way in which one of them can fail."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml

from bot.adapters.git.repository import GitRepository
from bot.adapters.kubernetes import bounds
from bot.adapters.rendering.directory import Directory
from bot.adapters.rendering.programs import ProgramRenderer
from bot.core.applications.application import Application
from bot.core.drift.ignore_rules import IgnoreRule
from bot.core.drift.model import Status
from bot.core.rendering.plain import render_plain
from bot.handlers.drift import live_comparison
from bot.handlers.drift.check import check, check_files, fetch_all
from bot.handlers.drift.comparison_cache import Caches
from bot.handlers.drift.live_comparison import compare_live
from bot.handlers.drift.result import comparison_result, still_present
from bot.handlers.rendering.manifest_cache import ManifestCache
from bot.ports.git import File
from tests.common.english import english
from tests.common.git import SourceRepository
from tests.common.kubernetes import FLUX, as_yaml, config_map, deployment, running_cluster, secret
from tests.common.samples import application

UNKNOWN = [
    pytest.param(case, id=case["name"])
    for case in yaml.load(
        (Path(__file__).parents[2] / "data" / "drift-unknown.yaml").read_text(encoding="utf-8"), yaml.CSafeLoader
    )
]
NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)

DEPLOYMENT = deployment()
CONFIG = config_map(level="info")
SECRET = secret(password="sesame")
AUTOSCALER = {
    "apiVersion": "autoscaling/v2",
    "kind": "HorizontalPodAutoscaler",
    "metadata": {"name": "web"},
    "spec": {
        "minReplicas": 2,
        "maxReplicas": 6,
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"},
    },
}
ROCKETS = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "rockets.example.org"},
    "spec": {
        "group": "example.org",
        "scope": "Namespaced",
        "names": {"kind": "Rocket", "plural": "rockets", "singular": "rocket", "listKind": "RocketList"},
        "versions": [
            {
                "name": "v1",
                "served": True,
                "storage": True,
                "schema": {
                    "openAPIV3Schema": {
                        "type": "object",
                        "properties": {"spec": {"type": "object", "properties": {"fuel": {"type": "integer"}}}},
                    }
                },
            }
        ],
    },
}

SHOP = application()


class Scenario:
    """Remote repositories, a cluster, and what deploys one to the other."""

    def __init__(self, tmp_path, cluster):
        self.tmp_path = tmp_path
        self.live = cluster
        self.client = cluster.client(tmp_path)
        self.applications: list[Application] = []
        self.sources: dict[str, SourceRepository] = {}
        self.repositories: dict[str, GitRepository] = {}

    def declare(self, name, *manifests, repository="platform"):
        """Commit an application's manifests, each in a file of its own; a manifest may be text too."""
        texts = [manifest if isinstance(manifest, str) else as_yaml(manifest) for manifest in manifests]
        self.commit({f"apps/{name}/{index}.yaml": text for index, text in enumerate(texts)}, repository)
        declared = application(name, repository=repository)
        self.applications = [application for application in self.applications if application.name != name] + [declared]
        return declared

    def commit(self, files, repository="platform"):
        if repository not in self.sources:
            source = self.sources[repository] = SourceRepository(self.tmp_path / "sources" / repository)
            mirrors = self.tmp_path / "mirrors"
            self.repositories[repository] = GitRepository(repository, source.url, "main", mirrors)
        return self.sources[repository].commit("change", files)

    def deploy(self, namespace, *manifests):
        self.live.apply(*manifests, namespace=namespace, manager=FLUX)

    def scale(self, replicas):
        """Set the Deployment's replicas, as an autoscaler does."""
        self.live.apply(deployment(replicas=replicas), namespace="shop", manager="vendor-scaler")

    def check(self, **options):
        """Check all applications; by name, with errors in English."""
        defaults = {"repositories": self.repositories, "cluster": self.client, "ignore": (), "now": NOW}
        options.setdefault("revisions", fetch_all(self.repositories))
        checks = check(self.applications, **{**defaults, **options})
        return {check.application: replace(check, error=english(check.error)) for check in checks}

    def requests(self, part):
        """The paths requested so far that contain `part`."""
        return [request.path for request in self.live.sandbox.requests if part in request.path]


@pytest.fixture
def scenario(tmp_path, cluster):
    return Scenario(tmp_path, cluster)


def paths(check):
    return [(drift.kind, drift.name, field.path) for drift in check.drift for field in drift.fields]


# ---------------------------------------------------------------- what is seen


def test_deployed_manifests_are_in_sync(scenario):
    scenario.declare("shop", DEPLOYMENT, CONFIG, SECRET)
    scenario.deploy("shop", DEPLOYMENT, CONFIG, SECRET)
    checked = scenario.check()["shop"]
    assert (checked.status, checked.error, checked.objects, checked.drift) == (Status.SYNCED, None, 3, ())
    assert checked.revision == scenario.sources["platform"].sha()
    assert checked.at == NOW


def test_a_hand_edit_is_drift_and_names_the_tool(scenario):
    scenario.declare("shop", DEPLOYMENT, CONFIG)
    scenario.deploy("shop", DEPLOYMENT, CONFIG)
    scenario.live.edit(CONFIG, "shop", {"data": {"level": "debug"}})
    checked = scenario.check()["shop"]
    assert checked.status is Status.OUT_OF_SYNC
    assert paths(checked) == [("ConfigMap", "settings", "data.level")]
    assert checked.drift[0].namespace == "shop"
    assert checked.drift[0].fields[0].manager.startswith("kubectl")


def test_an_object_that_was_never_deployed_is_missing(scenario):
    scenario.declare("shop", DEPLOYMENT, CONFIG)
    scenario.deploy("shop", CONFIG)
    checked = scenario.check()["shop"]
    assert checked.status is Status.OUT_OF_SYNC
    assert [(drift.kind, drift.change, drift.namespace) for drift in checked.drift] == [
        ("Deployment", "missing", "shop")
    ]


def test_a_check_fetches_unless_it_is_given_a_revision(scenario):
    scenario.declare("shop", CONFIG)
    scenario.deploy("shop", CONFIG)
    old = scenario.check()["shop"].revision
    scenario.declare("shop", config_map(level="warn"))
    assert scenario.check()["shop"].status is Status.OUT_OF_SYNC
    held = scenario.check(revisions={"platform": old})["shop"]
    assert (held.status, held.revision) == (Status.SYNCED, old)


# ---------------------------------------------------------------- how the cluster is asked


def test_each_kind_is_listed_once_for_all_applications(scenario):
    for name in ("shop", "site", "jobs"):
        scenario.declare(name, DEPLOYMENT, CONFIG, {**CONFIG, "metadata": {"name": "more"}})
        scenario.deploy(name, DEPLOYMENT, CONFIG, {**CONFIG, "metadata": {"name": "more"}})
    assert {check.status for check in scenario.check().values()} == {Status.SYNCED}
    assert scenario.requests("configmaps") == ["/api/v1/configmaps"]
    assert scenario.requests("deployments") == ["/apis/apps/v1/deployments"]
    assert len(scenario.requests("openapi/v3/apis/apps/v1")) == 1
    assert len([path for path in scenario.requests("openapi") if path == "/openapi/v3"]) == 1


def test_a_kind_of_one_namespace_is_listed_there(scenario):
    scenario.declare("shop", CONFIG)
    scenario.deploy("shop", CONFIG)
    assert scenario.check()["shop"].status is Status.SYNCED
    assert scenario.requests("configmaps") == ["/api/v1/namespaces/shop/configmaps"]


def test_a_shard_lists_only_its_namespaces(scenario):
    for name in ("shop", "site"):
        scenario.declare(name, CONFIG)
        scenario.deploy(name, CONFIG)
    checks = scenario.check(by_namespace=True)
    assert {check.status for check in checks.values()} == {Status.SYNCED}
    assert sorted(scenario.requests("configmaps")) == [
        "/api/v1/namespaces/shop/configmaps",
        "/api/v1/namespaces/site/configmaps",
    ]


def test_where_listing_all_namespaces_is_forbidden_each_one_is_listed(scenario):
    for name in ("shop", "site"):
        scenario.declare(name, CONFIG)
        scenario.deploy(name, CONFIG)
    scenario.live.fail("/api/v1/configmaps", 403)
    scenario.live.fail("/api/v1/namespaces/site/configmaps", 403)
    checks = scenario.check()
    assert checks["shop"].status is Status.SYNCED
    assert checks["site"].status is Status.UNKNOWN
    assert "list configmaps in namespace site (403). Grant" in checks["site"].error


def test_an_unchanged_tree_is_rendered_once(scenario):
    application = scenario.declare("shop", CONFIG)
    old = scenario.sources["platform"].sha()
    new = scenario.commit({"README.md": "hello"})
    repository = scenario.repositories["platform"]
    repository.fetch()
    rendered = ManifestCache()
    first = rendered.manifests(repository, old, application.source)
    assert rendered.manifests(repository, new, application.source) is first


def test_an_overlay_is_compared_as_rendered(scenario):
    base = {"base/settings.yaml": as_yaml(CONFIG), "base/kustomization.yaml": "resources: [settings.yaml]\n"}
    scenario.commit(base)
    scenario.declare("shop", "unread: []\n")
    scenario.commit({"apps/shop/kustomization.yaml": "resources: [../../base]\nnamePrefix: prod-\n"})
    caches = Caches(ManifestCache(ProgramRenderer.find()))
    scenario.deploy("shop", {**CONFIG, "metadata": {"name": "prod-settings"}})
    assert scenario.check(caches=caches)["shop"].status is Status.SYNCED
    scenario.commit({"base/settings.yaml": as_yaml(config_map(level="trace"))})
    checked = scenario.check(caches=caches)["shop"]
    assert [(drift.name, drift.fields[0].path) for drift in checked.drift] == [("prod-settings", "data.level")]
    scenario.commit({"base/kustomization.yaml": "resources: [gone.yaml]\n"})
    checked = scenario.check(caches=caches)["shop"]
    assert (checked.status, checked.revision) == (Status.UNKNOWN, scenario.repositories["platform"].head())
    assert checked.error.startswith("base/kustomization.yaml:1: base/gone.yaml is not in the repository")


def test_random_values_of_a_chart_are_unknown_and_the_rest_is_compared(scenario):
    varying = secret(password="{{ randAlphaNum 9 }}")
    scenario.commit(
        {
            "apps/shop/Chart.yaml": "{name: shop, version: 1.0.0}",
            "apps/shop/templates/settings.yaml": as_yaml(CONFIG),
            "apps/shop/templates/login.yaml": as_yaml(varying),
        }
    )
    scenario.applications.append(application())
    scenario.deploy("shop", config_map(level="trace"), SECRET)
    checked = scenario.check(caches=Caches(ManifestCache(ProgramRenderer.find())))["shop"]
    assert checked.status is Status.UNKNOWN
    assert checked.error.startswith("Secret login not checked: repeated rendering gave different results")
    assert [drift.name for drift in checked.drift] == ["settings"]


# ---------------------------------------------------------------- what cannot be looked at


@pytest.mark.parametrize("case", UNKNOWN)
def test_only_what_cannot_be_read_is_unknown(scenario, case):
    assert case["why"].endswith(".")
    declared = {"shop": [SECRET, CONFIG], "site": [CONFIG]} | {
        name: [text] for name, text in case.get("git", {}).items()
    }
    live = case.get("live", {})
    for name, documents in declared.items():
        scenario.declare(name, *documents)
        if name not in live or live[name]:
            scenario.deploy(
                name, *(yaml.safe_load(document) if isinstance(document, str) else document for document in documents)
            )
        if live.get(name):
            scenario.live.edit(CONFIG, name, live[name])
    for fault in case.get("faults", ()):
        scenario.live.fail(**fault)
    if "dead" in case:
        scenario.live.api.break_version(case["dead"])
    if "patience" in case:
        scenario.client = scenario.live.client(scenario.tmp_path, read_timeout=case["patience"])
    checks = scenario.check()
    for name, words in case["found"].items():
        if words == "Synced":
            assert (checks[name].status, checks[name].error) == (Status.SYNCED, None)
        else:
            assert checks[name].status is Status.UNKNOWN
            assert words in checks[name].error
    drift = {name: [" ".join(path) for path in paths(checked)] for name, checked in checks.items() if checked.drift}
    assert drift == case.get("drift", {})


def test_a_deleted_definition_makes_its_objects_unknown(scenario):
    scenario.live.apply(ROCKETS)
    rocket = {"apiVersion": "example.org/v1", "kind": "Rocket", "metadata": {"name": "one"}, "spec": {"fuel": 3}}
    scenario.declare("shop", rocket, CONFIG)
    scenario.declare("site", CONFIG)
    scenario.deploy("shop", rocket, CONFIG)
    scenario.deploy("site", CONFIG)
    caches = Caches()
    assert scenario.check(caches=caches)["shop"].status is Status.SYNCED
    scenario.live.delete(ROCKETS)
    checks = scenario.check(caches=caches)
    assert (checks["shop"].status, checks["shop"].drift) == (Status.UNKNOWN, ())
    assert "does not serve Rocket in example.org/v1" in checks["shop"].error
    assert checks["site"].status is Status.SYNCED


@pytest.mark.parametrize("fault", [{"status": 401}, {"status": 500}, {"cut": True}])
def test_an_unavailable_cluster_makes_everything_unknown(scenario, fault):
    scenario.declare("shop", CONFIG)
    scenario.declare("site", CONFIG)
    scenario.live.fail("/apis", **fault)
    checks = scenario.check()
    assert {checked.status for checked in checks.values()} == {Status.UNKNOWN}
    assert all("cluster prod" in checked.error.lower() for checked in checks.values())


def test_an_unavailable_repository_affects_only_its_applications(scenario):
    scenario.declare("shop", CONFIG)
    scenario.declare("site", CONFIG, repository="other")
    scenario.deploy("site", CONFIG)
    scenario.sources["platform"].path.rename(scenario.tmp_path / "elsewhere")
    checks = scenario.check()
    assert checks["site"].status is Status.SYNCED
    assert (checks["shop"].status, checks["shop"].revision) == (Status.UNKNOWN, None)
    assert "platform" in checks["shop"].error


def test_many_reasons_are_summarized(scenario):
    kinds = [{**CONFIG, "apiVersion": f"g{i}.example.org/v1", "kind": f"Kind{i}"} for i in range(9)]
    scenario.declare("shop", *kinds)
    error = scenario.check()["shop"].error
    assert error.count("not checked") == 3
    assert error.endswith("And 6 more could not be checked.")


# ---------------------------------------------------------------- autoscalers


def test_unreadable_autoscalers_matter_only_when_replicas_differ(scenario):
    scenario.declare("shop", DEPLOYMENT)
    scenario.deploy("shop", DEPLOYMENT)
    scenario.live.fail("*/horizontalpodautoscalers", 403)
    assert scenario.check()["shop"].status is Status.SYNCED
    scenario.scale(5)
    checked = scenario.check()["shop"]
    assert (checked.status, checked.drift) == (Status.UNKNOWN, ())
    assert checked.error.startswith(
        "Deployment web not checked: spec.replicas differs, but the bot cannot tell whether"
    )
    assert "horizontalpodautoscalers.autoscaling" in checked.error


def test_a_cluster_scoped_object_with_replicas_makes_no_autoscalers_unreadable(scenario):
    scenario.declare("shop", DEPLOYMENT)
    scenario.deploy("shop", DEPLOYMENT)
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "site"}, "spec": {"replicas": 1}}
    scenario.declare("site", namespace)
    scenario.live.fail("/apis/autoscaling/v2/horizontalpodautoscalers", 403)
    scenario.scale(5)
    assert paths(scenario.check()["shop"]) == [("Deployment", "web", "spec.replicas")]


def test_large_autoscalers_make_only_those_of_their_namespace_unreadable(scenario, monkeypatch):
    monkeypatch.setattr(bounds, "KEPT_BYTES", 20_000)
    for name in ("shop", "site"):
        scenario.declare(name, DEPLOYMENT)
        scenario.deploy(name, deployment(replicas=5))
    metadata = {"name": "web", "annotations": {"x": "x" * 20_000}}
    scenario.deploy("site", AUTOSCALER | {"metadata": metadata})
    checks = scenario.check()
    assert paths(checks["shop"]) == [("Deployment", "web", "spec.replicas")]
    assert "spec.replicas differs, but the bot cannot tell whether" in checks["site"].error


def test_autoscalers_that_are_too_large_together_leave_out_the_largest_namespace(scenario, monkeypatch):
    monkeypatch.setattr(bounds, "KEPT_BYTES", 23_000)
    monkeypatch.setattr(live_comparison, "MAX_KEPT", 20_000)
    for name, size in ("shop", 1_000), ("site", 15_000):
        scenario.declare(name, DEPLOYMENT)
        scenario.deploy(name, deployment(replicas=9))
        metadata = {"name": "other", "annotations": {"x": "x" * size, "y": "y" * 4_000}}
        scenario.deploy(name, AUTOSCALER | {"metadata": metadata})
    checks = scenario.check()
    assert paths(checks["shop"]) == [("Deployment", "web", "spec.replicas")]
    assert "the lists of all namespaces are larger than" in checks["site"].error


# ---------------------------------------------------------------- what other flows use


def test_manifests_are_compared_outside_a_check_and_removed_ones_found(scenario):
    scenario.deploy("shop", CONFIG)
    manifests = render_plain([("a.yaml", as_yaml(CONFIG, DEPLOYMENT).encode())])
    live = compare_live(scenario.client, [(manifest, SHOP) for manifest in manifests])
    assert [drift.kind for drift in comparison_result(manifests, SHOP, live).drift] == ["Deployment"]
    present, unknown = still_present(manifests, SHOP, live)
    assert ([manifest.kind for manifest in present], unknown) == (["ConfigMap"], ())


def test_whether_a_removed_object_remains_can_be_unknown(scenario):
    manifests = render_plain([("a.yaml", as_yaml(SECRET).encode())])
    scenario.live.fail("*/secrets", 403)
    live = compare_live(scenario.client, [(manifest, SHOP) for manifest in manifests])
    present, unknown = still_present(manifests, SHOP, live)
    assert present == []
    assert str(unknown[0]).startswith("Secret login not checked: ")


@pytest.mark.parametrize("more", [{}, {"kustomization.yaml": b"resources: [settings.yaml]\n"}])
def test_files_outside_git_are_checked_the_same_way(scenario, tmp_path, more):
    scenario.deploy("shop", CONFIG)
    here = application("here", repository="", path="", namespace="shop")
    (tmp_path / "here").mkdir()
    files = {"settings.yaml": as_yaml(CONFIG).encode(), **more}
    for name, content in files.items():
        (tmp_path / "here" / name).write_bytes(content)
    place = Directory(tmp_path / "here")
    options = {"cluster": scenario.client, "ignore": (), "now": NOW}
    checked = check_files(here, place.own_files(), place, ProgramRenderer.find(), **options)
    assert (checked.status, checked.revision, checked.objects) == (Status.SYNCED, None, 1)
    bad = check_files(here, [File("settings.yaml", b"{")], place, ProgramRenderer.find(), **options)
    assert bad.status is Status.UNKNOWN
    assert "settings.yaml" in str(bad.error)


# ---------------------------------------------------------------- what is remembered


@pytest.fixture
def caches():
    return Caches()


def test_unchanged_objects_are_not_compared_again(scenario, caches):
    scenario.declare("shop", DEPLOYMENT, CONFIG)
    scenario.deploy("shop", DEPLOYMENT, CONFIG)
    scenario.live.edit(CONFIG, "shop", {"data": {"level": "debug"}})
    scenario.live.edit(DEPLOYMENT, "shop", {"metadata": {"labels": {"by": "hand"}}})
    before = scenario.check(caches=caches)["shop"]
    scenario.live.edit(CONFIG, "shop", {"data": {"level": "trace"}})
    after = scenario.check(caches=caches)["shop"]
    same, other = ({drift.kind: drift for drift in side.drift} for side in (before, after))
    assert other["Deployment"] is same["Deployment"]
    assert other["ConfigMap"].fields[0].live == "trace"
    assert after.set_aside == before.set_aside


def test_the_cache_misses_no_edit(scenario, caches):
    scenario.declare("shop", CONFIG)
    scenario.deploy("shop", CONFIG)
    for level, drift in (("info", []), ("debug", ["data.level"]), ("info", [])):
        scenario.live.edit(CONFIG, "shop", {"data": {"level": level}})
        assert [path for _, _, path in paths(scenario.check(caches=caches)["shop"])] == drift


def test_a_recreated_object_is_compared_again(scenario, caches):
    scenario.declare("shop", CONFIG)
    scenario.deploy("shop", CONFIG)
    assert scenario.check(caches=caches)["shop"].status is Status.SYNCED
    scenario.live.delete(CONFIG, "shop")
    assert [drift.change for drift in scenario.check(caches=caches)["shop"].drift] == ["missing"]
    scenario.deploy("shop", config_map(level="debug"))
    assert [path for _, _, path in paths(scenario.check(caches=caches)["shop"])] == ["data.level"]


def test_a_commit_is_seen_without_any_change_in_the_cluster(scenario, caches):
    scenario.declare("shop", CONFIG, DEPLOYMENT)
    scenario.declare("site", CONFIG)
    for name in ("shop", "site"):
        scenario.deploy(name, CONFIG, DEPLOYMENT)
    assert {check.status for check in scenario.check(caches=caches).values()} == {Status.SYNCED}
    scenario.declare("shop", config_map(level="warn"), DEPLOYMENT)
    checks = scenario.check(caches=caches)
    assert paths(checks["shop"]) == [("ConfigMap", "settings", "data.level")]
    assert checks["site"].status is Status.SYNCED


def test_the_cache_tells_true_from_one(scenario, caches):
    one, true = (f"{as_yaml(DEPLOYMENT)}  minReadySeconds: {value}\n" for value in ("1", "true"))
    scenario.declare("shop", one)
    scenario.deploy("shop", yaml.safe_load(one))
    assert scenario.check(caches=caches)["shop"].status is Status.SYNCED
    scenario.declare("shop", true)
    assert [path for _, _, path in paths(scenario.check(caches=caches)["shop"])] == ["spec.minReadySeconds"]


def test_an_autoscaler_that_comes_and_goes_changes_what_replicas_mean(scenario, caches):
    scenario.declare("shop", DEPLOYMENT)
    scenario.deploy("shop", DEPLOYMENT)
    scenario.scale(5)
    assert paths(scenario.check(caches=caches)["shop"]) == [("Deployment", "web", "spec.replicas")]
    scenario.deploy("shop", AUTOSCALER)
    assert scenario.check(caches=caches)["shop"].status is Status.SYNCED
    scenario.live.delete(AUTOSCALER, "shop")
    assert scenario.check(caches=caches)["shop"].status is Status.OUT_OF_SYNC


def test_the_cache_depends_on_the_rules(scenario, caches):
    scenario.declare("shop", CONFIG)
    scenario.deploy("shop", CONFIG)
    scenario.live.edit(CONFIG, "shop", {"data": {"extra": "yes"}}, user_agent="lens/2026")
    rule = IgnoreRule(paths=("data.extra",), kind="ConfigMap")
    assert scenario.check(caches=caches)["shop"].status is Status.SYNCED
    assert scenario.check(caches=caches, interactive=["lens"])["shop"].status is Status.OUT_OF_SYNC
    assert scenario.check(caches=caches, interactive=["lens"], ignore=[rule])["shop"].status is Status.SYNCED
    assert scenario.check(caches=caches)["shop"].status is Status.SYNCED


def test_an_explanation_includes_defaults_whatever_is_cached(scenario, caches):
    scenario.declare("shop", DEPLOYMENT)
    scenario.deploy("shop", DEPLOYMENT)
    scenario.scale(5)
    rules = [IgnoreRule(paths=("spec.replicas",), kind="Deployment")]

    def aside(**how):
        checked = scenario.check(caches=caches, ignore=rules, **how)["shop"]
        assert checked.status is Status.SYNCED
        return {field.path: str(field.reason) for drift in checked.set_aside for field in drift.fields}

    ignored = {"spec.replicas": "ignored by a rule: spec.replicas"}
    assert aside() == ignored
    explained = aside(explain=True)
    assert ignored.items() <= explained.items()
    assert explained["spec.revisionHistoryLimit"] == "default value"
    assert aside(explain=True) == explained
    assert aside() == ignored


def test_the_cache_depends_on_the_schema(scenario, caches):
    def crd(**items):
        parts = {"type": "array", "items": {"type": "object", "properties": {"name": {"type": "string"}, **items}}}
        parts |= {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"]} if items else {}
        spec = {"type": "object", "properties": {"parts": parts}}
        schema = {"openAPIV3Schema": {"type": "object", "properties": {"spec": spec}}}
        return {
            "apiVersion": "apiextensions.k8s.io/v1",
            "kind": "CustomResourceDefinition",
            "metadata": {"name": "engines.example.org"},
            "spec": {
                "group": "example.org",
                "names": {"kind": "Engine", "plural": "engines", "singular": "engine", "listKind": "EngineList"},
                "scope": "Namespaced",
                "versions": [{"name": "v1", "served": True, "storage": True, "schema": schema}],
            },
        }

    engine = {"apiVersion": "example.org/v1", "kind": "Engine", "metadata": {"name": "v8"}}
    scenario.deploy("shop", crd(), {**engine, "spec": {"parts": [{"name": "fan", "size": 2}]}})
    scenario.declare("shop", {**engine, "spec": {"parts": [{"name": "fan", "size": 1}]}})
    assert [path for _, _, path in paths(scenario.check(caches=caches)["shop"])] == ["spec.parts"]
    scenario.deploy("shop", crd(size={"type": "integer"}))
    assert [path for _, _, path in paths(scenario.check(caches=caches)["shop"])] == ["spec.parts[name=fan].size"]


def test_the_cache_depends_on_the_application(scenario, caches):
    scenario.declare("shop", CONFIG)
    scenario.declare(
        "site", {**CONFIG, "metadata": {"name": "settings", "namespace": "shop"}, "data": {"level": "warn"}}
    )
    scenario.deploy("shop", CONFIG)
    for _ in range(2):
        checks = scenario.check(caches=caches)
        assert [checks[name].status for name in ("shop", "site")] == [Status.SYNCED, Status.OUT_OF_SYNC]


def test_applications_that_share_a_source_keep_their_own_ignore_rules(scenario, caches):
    rule = IgnoreRule(kind="ConfigMap", paths=("data.level",))
    shop = scenario.declare("shop", CONFIG)
    shop = replace(shop, rendered=shop.source)  # as discovered, without the application's name in it
    scenario.applications = [replace(shop, name="lenient", ignore=(rule,)), shop]
    scenario.deploy("shop", config_map(level="debug"))
    expected = {"lenient": Status.SYNCED, "shop": Status.OUT_OF_SYNC}
    for _ in range(2):
        assert {name: check.status for name, check in scenario.check(caches=caches).items()} == expected
        scenario.applications.reverse()


def test_the_cache_depends_on_the_cluster(scenario, caches, tmp_path):
    scenario.declare("shop", CONFIG)
    scenario.deploy("shop", CONFIG)
    with running_cluster() as other:
        other.apply(config_map(level="debug"), namespace="shop", manager=FLUX)
        staging = other.client(tmp_path, "staging")
        assert scenario.check(caches=caches)["shop"].status is Status.SYNCED
        assert scenario.check(caches=caches, cluster=staging)["shop"].status is Status.OUT_OF_SYNC
        assert scenario.check(caches=caches)["shop"].status is Status.SYNCED


def test_removed_applications_are_evicted_after_a_day(scenario, caches):
    for name in ("shop", "site"):
        scenario.declare(name, DEPLOYMENT, CONFIG)
        scenario.deploy(name, DEPLOYMENT, CONFIG)
    scenario.check(caches=caches)
    assert len(caches.comparison_cache) == 4
    scenario.applications = [application for application in scenario.applications if application.name == "shop"]
    scenario.check(caches=caches, now=NOW + timedelta(hours=1))
    assert len(caches.comparison_cache) == 4, "a check of some applications forgets nothing of the others"
    scenario.check(caches=caches, now=NOW + timedelta(hours=25))
    assert len(caches.comparison_cache) == 2


def test_undeclared_objects_are_not_cached(scenario, caches):
    scenario.declare("shop", CONFIG)
    scenario.deploy("shop", *({**CONFIG, "metadata": {"name": name}} for name in ("settings", "else", "more")))
    scenario.check(caches=caches)
    assert len(caches.comparison_cache) == 1


def test_only_the_latest_trees_of_a_path_are_cached(scenario, caches):
    for number in range(9):
        scenario.declare("shop", {**CONFIG, "data": {"level": str(number)}})
        scenario.check(caches=caches)
    assert len(caches.manifest_cache) == 4


def test_prepared_manifests_need_no_git_until_the_head_moves(scenario, caches):
    scenario.declare("shop", CONFIG)
    scenario.declare("site", CONFIG)
    repository = scenario.repositories["platform"]
    head = repository.fetch()
    sources = [application.source for application in scenario.applications]
    caches.manifest_cache.prepare(repository, head, sources)
    gone = GitRepository("platform", str(scenario.tmp_path / "nowhere"), "main", scenario.tmp_path / "empty")
    first = [caches.manifest_cache.manifests(gone, head, source) for source in sources]
    caches.manifest_cache.prepare(gone, head, sources)
    again = [caches.manifest_cache.manifests(gone, head, source) for source in sources]
    assert [[manifest.name for manifest in manifests] for manifests in first] == [["settings"], ["settings"]]
    assert all(one is other for one, other in zip(first, again, strict=True))


def test_an_unreadable_application_affects_no_other(scenario, caches):
    scenario.declare("shop", CONFIG)
    scenario.deploy("shop", CONFIG)
    scenario.declare("site", "apiVersion: v1\nkind: [\n")
    scenario.applications += [application("none"), application("odd", path="../elsewhere")]
    for _ in range(2):  # the mistake is remembered, and told as before
        checks = scenario.check(caches=caches)
        assert checks["shop"].status is Status.SYNCED
        assert checks["site"].error.startswith("apps/site/")
        assert "This is not valid YAML" in checks["site"].error
        assert checks["site"].revision == scenario.sources["platform"].sha()
        assert checks["none"].error.startswith("There is no path apps/none in platform at ")
        assert "is outside the repository" in checks["odd"].error

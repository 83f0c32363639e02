"""Drift checks end to end: real git, a real HTTP API server, and every way in which one of them can fail."""

import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
import pytest
import yaml

from bot.adapters.git.repository import GitRepository
from bot.adapters.kubernetes.cluster import KubernetesCluster
from bot.adapters.rendering.directory import Directory
from bot.adapters.rendering.programs import Programs
from bot.core.applications.application import Application
from bot.core.drift.ignore import IgnoreRule
from bot.core.drift.model import Status
from bot.core.git.repository_ref import RepositoryRef
from bot.core.rendering.plain import render_plain
from bot.handlers.drift.check import check, check_files, fetch_all
from bot.handlers.drift.comparison_cache import Caches
from bot.handlers.drift.live_comparison import compare_live
from bot.handlers.drift.result import comparison_result, still_present
from bot.handlers.rendering.manifest_cache import ManifestCache
from bot.ports.git import File
from bot.sandbox.cluster import SandboxCluster
from bot.sandbox.cluster.faults import Fault
from bot.sandbox.cluster.kubeconfig import write_kubeconfig
from bot.sandbox.server import Server

UNKNOWN = [
    pytest.param(case, id=case["name"])
    for case in yaml.load(
        (Path(__file__).parents[2] / "data" / "drift-unknown.yaml").read_text(encoding="utf-8"), yaml.CSafeLoader
    )
]
NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
MANAGER = "kustomize-controller"

DEPLOYMENT = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "web"},
    "spec": {
        "replicas": 2,
        "selector": {"matchLabels": {"app": "web"}},
        "template": {
            "metadata": {"labels": {"app": "web"}},
            "spec": {"containers": [{"name": "web", "image": "registry.example/web:1.4.2"}]},
        },
    },
}
CONFIG = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}, "data": {"level": "info"}}
SECRET = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "login"}, "stringData": {"password": "sesame"}}
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

SHOP = Application("shop", RepositoryRef("platform"), "apps/shop", "prod", "shop", "C1")


class World:
    """A remote repository, a cluster, and the deployer between them."""

    def __init__(self, tmp_path: Path, sandbox: SandboxCluster, url: str) -> None:
        self.tmp_path = tmp_path
        self.sandbox = sandbox
        self.applications: list[Application] = []
        self.remotes: dict[str, Path] = {}
        self.repositories: dict[str, GitRepository] = {}
        self.kubeconfig = write_kubeconfig(tmp_path / "kubeconfig", url, identity="bot")
        self.cluster = KubernetesCluster("prod", kubeconfig=self.kubeconfig)

    def declare(self, name, *documents, repository="platform"):
        """Commit the manifests of an application, each in a file of its own; documents may be raw text too."""
        texts = [each if isinstance(each, str) else yaml.safe_dump(each) for each in documents]
        self.commit({f"apps/{name}/{i}.yaml": text for i, text in enumerate(texts)}, repository)
        application = Application(name, RepositoryRef(repository), f"apps/{name}", "prod", name, "C1")
        self.applications = [each for each in self.applications if each.name != name] + [application]
        return application

    def commit(self, files, repository="platform"):
        remote = self.remotes.get(repository)
        if remote is None:
            remote = self.remotes[repository] = self.tmp_path / "remotes" / repository
            git("init", "-q", "-b", "main", str(remote), cwd=self.tmp_path)
            mirrors = self.tmp_path / "mirrors"
            self.repositories[repository] = GitRepository(repository, str(remote), "main", mirrors)
        for path, text in files.items():
            file = remote / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        git("add", "-A", cwd=remote)
        git("commit", "-q", "--allow-empty", "-m", "change", cwd=remote)
        return git("rev-parse", "HEAD", cwd=remote)

    def deploy(self, namespace, *documents):
        for document in documents:
            self.sandbox.api.apply(orjson.loads(orjson.dumps(document)), manager=MANAGER, namespace=namespace)
        self.sandbox.controllers.reconcile()  # now, and not while a test looks

    def edit(self, document, namespace, patch):
        """What `kubectl edit` sends."""
        path = self.sandbox.api.path_of(document, namespace)
        kind = "application/merge-patch+json"
        self.sandbox.api.call("PATCH", path, patch, content_type=kind, user_agent="kubectl/v1.36.0 (linux/amd64)")
        self.sandbox.controllers.reconcile()

    def fault(self, path, status=0, **how):
        self.sandbox.faults.add(Fault(path, status, **how))

    def check(self, **how):
        options = {"repositories": self.repositories, "cluster": self.cluster, "ignore": (), "now": NOW, **how}
        options["revisions"] = how.get("revisions") or fetch_all(self.repositories)
        return {each.application: each for each in check(self.applications, **options)}

    def asked(self, part):
        return [request.path for request in self.sandbox.requests if part in request.path]


def git(*argv, cwd):
    identity = ["-c", "user.name=Ana", "-c", "user.email=ana@example.org", "-c", "commit.gpgsign=false"]
    done = subprocess.run(["git", *identity, *argv], cwd=cwd, check=True, capture_output=True, text=True)
    return done.stdout.strip()


@pytest.fixture
def world(tmp_path):
    sandbox = SandboxCluster(rollout=0)
    with Server(sandbox.app) as server:
        yield World(tmp_path, sandbox, server.url)


def paths(checked):
    return [(drift.kind, drift.name, field.path) for drift in checked.drift for field in drift.fields]


# ---------------------------------------------------------------- what is seen


def test_what_was_deployed_is_in_sync(world):
    world.declare("shop", DEPLOYMENT, CONFIG, SECRET)
    world.deploy("shop", DEPLOYMENT, CONFIG, SECRET)
    found = world.check()["shop"]
    assert (found.status, found.error, found.objects, found.drift) == (Status.SYNCED, None, 3, ())
    assert found.revision == git("rev-parse", "HEAD", cwd=world.remotes["platform"])
    assert found.at == NOW


def test_an_edit_by_hand_is_drift_with_its_tool(world):
    world.declare("shop", DEPLOYMENT, CONFIG)
    world.deploy("shop", DEPLOYMENT, CONFIG)
    world.edit(CONFIG, "shop", {"data": {"level": "debug"}})
    found = world.check()["shop"]
    assert found.status is Status.OUT_OF_SYNC
    assert paths(found) == [("ConfigMap", "settings", "data.level")]
    assert found.drift[0].namespace == "shop"
    assert found.drift[0].fields[0].manager.startswith("kubectl")


def test_what_was_never_deployed_is_missing(world):
    world.declare("shop", DEPLOYMENT, CONFIG)
    world.deploy("shop", CONFIG)
    found = world.check()["shop"]
    assert found.status is Status.OUT_OF_SYNC
    assert [(drift.kind, drift.change, drift.namespace) for drift in found.drift] == [("Deployment", "missing", "shop")]


def test_a_check_fetches_and_can_be_held_to_a_revision(world):
    world.declare("shop", CONFIG)
    world.deploy("shop", CONFIG)
    old = world.check()["shop"].revision
    world.declare("shop", {**CONFIG, "data": {"level": "warn"}})
    assert world.check()["shop"].status is Status.OUT_OF_SYNC
    held = world.check(revisions={"platform": old})["shop"]
    assert (held.status, held.revision) == (Status.SYNCED, old)


def test_ignore_rules_hold(world):
    world.declare("shop", CONFIG)
    world.deploy("shop", CONFIG)
    world.edit(CONFIG, "shop", {"data": {"level": "debug"}})
    rule = IgnoreRule(paths=("data.level",), kind="ConfigMap")
    assert world.check(ignore=[rule])["shop"].status is Status.SYNCED


# ---------------------------------------------------------------- how the cluster is asked


def test_each_kind_is_listed_once_for_all_applications(world):
    for name in ("shop", "site", "jobs"):
        world.declare(name, DEPLOYMENT, CONFIG, {**CONFIG, "metadata": {"name": "more"}})
        world.deploy(name, DEPLOYMENT, CONFIG, {**CONFIG, "metadata": {"name": "more"}})
    assert {each.status for each in world.check().values()} == {Status.SYNCED}
    assert world.asked("configmaps") == ["/api/v1/configmaps"]
    assert world.asked("deployments") == ["/apis/apps/v1/deployments"]
    assert len(world.asked("openapi/v3/apis/apps/v1")) == 1
    assert len([path for path in world.asked("openapi") if path == "/openapi/v3"]) == 1


def test_a_kind_of_one_namespace_is_listed_there(world):
    world.declare("shop", CONFIG)
    world.deploy("shop", CONFIG)
    assert world.check()["shop"].status is Status.SYNCED
    assert world.asked("configmaps") == ["/api/v1/namespaces/shop/configmaps"]


def test_where_listing_everywhere_is_forbidden_the_namespaces_are_listed(world):
    for name in ("shop", "site"):
        world.declare(name, CONFIG)
        world.deploy(name, CONFIG)
    world.fault("/api/v1/configmaps", 403)
    world.fault("/api/v1/namespaces/site/configmaps", 403)
    found = world.check()
    assert found["shop"].status is Status.SYNCED
    assert found["site"].status is Status.UNKNOWN
    assert "list configmaps in namespace site (403). Grant" in found["site"].error


def test_the_cluster_gets_nothing_but_get(world):
    world.declare("shop", DEPLOYMENT, CONFIG, SECRET, AUTOSCALER)
    world.deploy("shop", DEPLOYMENT)
    world.check()
    assert {request.method for request in world.sandbox.requests} == {"GET"}


def test_an_unchanged_tree_is_rendered_once(world):
    application = world.declare("shop", CONFIG)
    old = git("rev-parse", "HEAD", cwd=world.remotes["platform"])
    new = world.commit({"README.md": "hello"})
    repository = world.repositories["platform"]
    repository.fetch()
    rendered = ManifestCache()
    first = rendered.manifests(repository, old, application.source)
    assert rendered.manifests(repository, new, application.source) is first


def test_drift_of_what_an_overlay_makes_of_a_base_beside_it(world):
    base = {"base/settings.yaml": yaml.safe_dump(CONFIG), "base/kustomization.yaml": "resources: [settings.yaml]\n"}
    world.commit(base)
    world.declare("shop", "unread: []\n")
    world.commit({"apps/shop/kustomization.yaml": "resources: [../../base]\nnamePrefix: prod-\n"})
    caches = Caches(ManifestCache(Programs.find()))
    world.deploy("shop", {**CONFIG, "metadata": {"name": "prod-settings"}})
    assert world.check(caches=caches)["shop"].status is Status.SYNCED
    world.commit({"base/settings.yaml": yaml.safe_dump({**CONFIG, "data": {"level": "trace"}})})
    found = world.check(caches=caches)["shop"]
    assert [(drift.name, drift.fields[0].path) for drift in found.drift] == [("prod-settings", "data.level")]
    world.commit({"base/kustomization.yaml": "resources: [gone.yaml]\n"})
    found = world.check(caches=caches)["shop"]
    assert (found.status, found.revision) == (Status.UNKNOWN, world.repositories["platform"].head())
    assert found.error.startswith("base/kustomization.yaml:1: base/gone.yaml is not in the repository")


def test_what_a_chart_makes_anew_each_time_is_unknown_and_the_rest_is_compared(world):
    secret = {**SECRET, "stringData": {"password": "{{ randAlphaNum 9 }}"}}
    world.commit(
        {
            "apps/shop/Chart.yaml": "{name: shop, version: 1.0.0}",
            "apps/shop/templates/settings.yaml": yaml.safe_dump(CONFIG),
            "apps/shop/templates/login.yaml": yaml.safe_dump(secret),
        }
    )
    world.applications.append(Application("shop", RepositoryRef("platform"), "apps/shop", "prod", "shop", "C1"))
    world.deploy("shop", {**CONFIG, "data": {"level": "trace"}}, SECRET)
    found = world.check(caches=Caches(ManifestCache(Programs.find())))["shop"]
    assert found.status is Status.UNKNOWN
    assert found.error.startswith("Secret login not checked: rendering twice gave different results")
    assert [drift.name for drift in found.drift] == ["settings"]


# ---------------------------------------------------------------- what cannot be looked at


@pytest.mark.parametrize("case", UNKNOWN)
def test_what_cannot_be_looked_at_is_unknown_and_nothing_else_is(world, case):
    assert case["why"].endswith(".")
    declared = {"shop": [SECRET, CONFIG], "site": [CONFIG]} | {
        name: [text] for name, text in case.get("git", {}).items()
    }
    live = case.get("live", {})
    for name, documents in declared.items():
        world.declare(name, *documents)
        if name not in live or live[name]:
            world.deploy(name, *(yaml.safe_load(each) if isinstance(each, str) else each for each in documents))
        if live.get(name):
            world.edit(CONFIG, name, live[name])
    for fault in case.get("faults", ()):
        world.fault(**fault)
    if "dead" in case:
        world.sandbox.api.break_version(case["dead"])
    if "patience" in case:
        world.cluster = KubernetesCluster("prod", kubeconfig=world.kubeconfig, read_timeout=case["patience"])
    found = world.check()
    for name, words in case["found"].items():
        if words == "Synced":
            assert (found[name].status, found[name].error) == (Status.SYNCED, None)
        else:
            assert found[name].status is Status.UNKNOWN
            assert words in found[name].error
    drift = {name: [" ".join(each) for each in paths(checked)] for name, checked in found.items() if checked.drift}
    assert drift == case.get("drift", {})


def test_a_definition_that_is_deleted_between_two_checks_makes_its_objects_unknown(world):
    world.sandbox.api.apply(orjson.loads(orjson.dumps(ROCKETS)), manager=MANAGER)
    rocket = {"apiVersion": "example.org/v1", "kind": "Rocket", "metadata": {"name": "one"}, "spec": {"fuel": 3}}
    world.declare("shop", rocket, CONFIG)
    world.declare("site", CONFIG)
    world.deploy("shop", rocket, CONFIG)
    world.deploy("site", CONFIG)
    caches = Caches()
    assert world.check(caches=caches)["shop"].status is Status.SYNCED
    path = world.sandbox.api.path_of(ROCKETS)
    world.sandbox.api.call("DELETE", path, user_agent="kubectl/v1.36.0 (linux/amd64)")
    found = world.check(caches=caches)
    assert (found["shop"].status, found["shop"].drift) == (Status.UNKNOWN, ())
    assert "does not serve Rocket in example.org/v1" in found["shop"].error
    assert found["site"].status is Status.SYNCED


@pytest.mark.parametrize("fault", [{"status": 401}, {"status": 500}, {"cut": True}])
def test_a_cluster_that_does_not_answer_makes_all_unknown(world, fault):
    world.declare("shop", CONFIG)
    world.declare("site", CONFIG)
    world.fault("/apis", **fault)
    found = world.check()
    assert {each.status for each in found.values()} == {Status.UNKNOWN}
    assert all("luster prod" in each.error for each in found.values())


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: [a\n", "apps/shop/0.yaml"),
        ("hello: world\n", "apps/shop/0.yaml"),
        ("just words\n", "apps/shop/0.yaml"),
    ],
)
def test_a_bad_manifest_names_its_file_and_hurts_no_other_application(world, text, words):
    world.declare("shop", text)
    world.declare("site", CONFIG)
    world.deploy("site", CONFIG)
    found = world.check()
    assert found["site"].status is Status.SYNCED
    assert found["shop"].status is Status.UNKNOWN
    assert words in found["shop"].error
    assert found["shop"].revision is not None


def test_a_repository_that_is_gone_hurts_no_other(world):
    world.declare("shop", CONFIG)
    world.declare("site", CONFIG, repository="other")
    world.deploy("site", CONFIG)
    world.remotes["platform"].rename(world.tmp_path / "elsewhere")
    found = world.check()
    assert found["site"].status is Status.SYNCED
    assert (found["shop"].status, found["shop"].revision) == (Status.UNKNOWN, None)
    assert "platform" in found["shop"].error


def test_a_path_that_is_not_there_is_unknown(world):
    world.declare("shop", CONFIG)
    world.applications.append(Application("typo", RepositoryRef("platform"), "apps/shpo", "prod", "shop", "C1"))
    found = world.check()["typo"]
    assert found.status is Status.UNKNOWN
    assert "apps/shpo" in found.error


def test_many_reasons_stay_readable(world):
    kinds = [{**CONFIG, "apiVersion": f"g{i}.example.org/v1", "kind": f"Kind{i}"} for i in range(9)]
    world.declare("shop", *kinds)
    error = world.check()["shop"].error
    assert error.count("not checked") == 3
    assert error.endswith("And 6 more could not be checked.")


# ---------------------------------------------------------------- autoscalers


def _scaled(world, replicas):
    scaled = {**DEPLOYMENT, "spec": {**DEPLOYMENT["spec"], "replicas": replicas}}
    world.sandbox.api.apply(scaled, manager="vendor-scaler", namespace="shop")
    world.sandbox.controllers.reconcile()


def test_replicas_that_an_autoscaler_sets_are_no_drift(world):
    world.declare("shop", DEPLOYMENT)
    world.deploy("shop", DEPLOYMENT, AUTOSCALER)
    _scaled(world, 5)
    assert world.check()["shop"].status is Status.SYNCED


def test_replicas_without_an_autoscaler_are_drift(world):
    world.declare("shop", DEPLOYMENT)
    world.deploy("shop", DEPLOYMENT)
    _scaled(world, 5)
    assert paths(world.check()["shop"]) == [("Deployment", "web", "spec.replicas")]


def test_unreadable_autoscalers_matter_only_when_replicas_differ(world):
    world.declare("shop", DEPLOYMENT)
    world.deploy("shop", DEPLOYMENT)
    world.fault("*/horizontalpodautoscalers", 403)
    assert world.check()["shop"].status is Status.SYNCED
    _scaled(world, 5)
    found = world.check()["shop"]
    assert (found.status, found.drift) == (Status.UNKNOWN, ())
    assert found.error.startswith("Deployment web not checked: spec.replicas differs, but the bot cannot tell whether")
    assert "horizontalpodautoscalers.autoscaling" in found.error


# ---------------------------------------------------------------- what other flows use


def test_manifests_are_compared_without_a_check_and_removed_ones_found(world):
    world.deploy("shop", CONFIG)
    manifests = render_plain([("a.yaml", yaml.safe_dump_all([CONFIG, DEPLOYMENT]).encode())])
    live = compare_live(world.cluster, [(manifest, SHOP) for manifest in manifests])
    assert [drift.kind for drift in comparison_result(manifests, namespace="shop", live=live).drift] == ["Deployment"]
    left, unknown = still_present(manifests, namespace="shop", live=live)
    assert ([manifest.kind for manifest in left], unknown) == (["ConfigMap"], ())


def test_whether_a_removed_object_is_left_can_be_unknown(world):
    manifests = render_plain([("a.yaml", yaml.safe_dump(SECRET).encode())])
    world.fault("*/secrets", 403)
    live = compare_live(world.cluster, [(manifest, SHOP) for manifest in manifests])
    left, unknown = still_present(manifests, namespace="shop", live=live)
    assert left == []
    assert unknown[0].startswith("Secret login not checked: ")


@pytest.mark.parametrize("more", [{}, {"kustomization.yaml": b"resources: [settings.yaml]\n"}])
def test_files_of_no_commit_are_checked_the_same_way(world, tmp_path, more):
    world.deploy("shop", CONFIG)
    application = Application("here", RepositoryRef(""), "", "prod", "shop", "")
    (tmp_path / "here").mkdir()
    files = {"settings.yaml": yaml.safe_dump(CONFIG).encode(), **more}
    for name, content in files.items():
        (tmp_path / "here" / name).write_bytes(content)
    place = Directory(tmp_path / "here")
    options = {"cluster": world.cluster, "ignore": (), "now": NOW}
    found = check_files(application, place.own_files(), place, Programs.find(), **options)
    assert (found.status, found.revision, found.objects) == (Status.SYNCED, None, 1)
    bad = check_files(application, [File("settings.yaml", b"{")], place, Programs.find(), **options)
    assert bad.status is Status.UNKNOWN
    assert "settings.yaml" in bad.error


# ---------------------------------------------------------------- what is remembered


@pytest.fixture
def caches():
    return Caches()


def test_what_did_not_move_is_not_compared_again(world, caches):
    world.declare("shop", DEPLOYMENT, CONFIG)
    world.deploy("shop", DEPLOYMENT, CONFIG)
    world.edit(CONFIG, "shop", {"data": {"level": "debug"}})
    world.edit(DEPLOYMENT, "shop", {"metadata": {"labels": {"by": "hand"}}})
    before = world.check(caches=caches)["shop"]
    world.edit(CONFIG, "shop", {"data": {"level": "trace"}})
    after = world.check(caches=caches)["shop"]
    same, other = ({drift.kind: drift for drift in found.drift} for found in (before, after))
    assert other["Deployment"] is same["Deployment"]
    assert other["ConfigMap"].fields[0].live == "trace"
    assert after.set_aside == before.set_aside


def test_every_edit_and_its_end_is_seen(world, caches):
    world.declare("shop", CONFIG)
    world.deploy("shop", CONFIG)
    for level, drift in (("info", []), ("debug", ["data.level"]), ("info", [])):
        world.edit(CONFIG, "shop", {"data": {"level": level}})
        assert [path for _, _, path in paths(world.check(caches=caches)["shop"])] == drift


def test_an_object_that_goes_and_comes_back_is_looked_at_anew(world, caches):
    world.declare("shop", CONFIG)
    world.deploy("shop", CONFIG)
    assert world.check(caches=caches)["shop"].status is Status.SYNCED
    world.sandbox.api.call("DELETE", world.sandbox.api.path_of(CONFIG, "shop"))
    assert [drift.change for drift in world.check(caches=caches)["shop"].drift] == ["missing"]
    world.deploy("shop", {**CONFIG, "data": {"level": "debug"}})
    assert [path for _, _, path in paths(world.check(caches=caches)["shop"])] == ["data.level"]


def test_a_commit_is_seen_although_nothing_moved_in_the_cluster(world, caches):
    world.declare("shop", CONFIG, DEPLOYMENT)
    world.declare("site", CONFIG)
    for name in ("shop", "site"):
        world.deploy(name, CONFIG, DEPLOYMENT)
    assert {each.status for each in world.check(caches=caches).values()} == {Status.SYNCED}
    world.declare("shop", {**CONFIG, "data": {"level": "warn"}}, DEPLOYMENT)
    found = world.check(caches=caches)
    assert paths(found["shop"]) == [("ConfigMap", "settings", "data.level")]
    assert found["site"].status is Status.SYNCED


def test_true_in_git_is_not_taken_for_the_one_that_was_there(world, caches):
    one, true = (f"{yaml.safe_dump(DEPLOYMENT)}  minReadySeconds: {value}\n" for value in ("1", "true"))
    world.declare("shop", one)
    world.deploy("shop", yaml.safe_load(one))
    assert world.check(caches=caches)["shop"].status is Status.SYNCED
    world.declare("shop", true)
    assert [path for _, _, path in paths(world.check(caches=caches)["shop"])] == ["spec.minReadySeconds"]


def test_an_autoscaler_that_comes_and_goes_changes_what_replicas_mean(world, caches):
    world.declare("shop", DEPLOYMENT)
    world.deploy("shop", DEPLOYMENT)
    _scaled(world, 5)
    assert world.check(caches=caches)["shop"].status is Status.OUT_OF_SYNC
    world.deploy("shop", AUTOSCALER)
    assert world.check(caches=caches)["shop"].status is Status.SYNCED
    world.sandbox.api.call("DELETE", world.sandbox.api.path_of(AUTOSCALER, "shop"))
    assert world.check(caches=caches)["shop"].status is Status.OUT_OF_SYNC


def test_other_rules_make_other_comparisons(world, caches):
    world.declare("shop", CONFIG)
    world.deploy("shop", CONFIG)
    world.sandbox.api.call(
        "PATCH",
        world.sandbox.api.path_of(CONFIG, "shop"),
        {"data": {"extra": "yes"}},
        content_type="application/merge-patch+json",
        user_agent="lens/2026",
    )
    rule = IgnoreRule(paths=("data.extra",), kind="ConfigMap")
    assert world.check(caches=caches)["shop"].status is Status.SYNCED
    assert world.check(caches=caches, interactive=["lens"])["shop"].status is Status.OUT_OF_SYNC
    assert world.check(caches=caches, interactive=["lens"], ignore=[rule])["shop"].status is Status.SYNCED
    assert world.check(caches=caches)["shop"].status is Status.SYNCED


def test_defaults_are_told_to_whoever_asks_for_an_explanation_whatever_is_remembered(world, caches):
    world.declare("shop", DEPLOYMENT)
    world.deploy("shop", DEPLOYMENT)
    _scaled(world, 5)
    rules = [IgnoreRule(paths=("spec.replicas",), kind="Deployment")]

    def aside(**how):
        found = world.check(caches=caches, ignore=rules, **how)["shop"]
        assert found.status is Status.SYNCED
        return {field.path: field.reason for drift in found.set_aside for field in drift.fields}

    ignored = {"spec.replicas": "ignored by a rule: spec.replicas"}
    assert aside() == ignored
    explained = aside(explain=True)
    assert ignored.items() <= explained.items()
    assert explained["spec.revisionHistoryLimit"] == "default value"
    assert aside(explain=True) == explained
    assert aside() == ignored


def test_another_schema_makes_other_comparisons(world, caches):
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
    world.deploy("shop", crd(), {**engine, "spec": {"parts": [{"name": "fan", "size": 2}]}})
    world.declare("shop", {**engine, "spec": {"parts": [{"name": "fan", "size": 1}]}})
    assert [path for _, _, path in paths(world.check(caches=caches)["shop"])] == ["spec.parts"]
    world.deploy("shop", crd(size={"type": "integer"}))
    assert [path for _, _, path in paths(world.check(caches=caches)["shop"])] == ["spec.parts[name=fan].size"]


def test_two_applications_that_declare_one_object_each_get_their_own_answer(world, caches):
    world.declare("shop", CONFIG)
    world.declare("site", {**CONFIG, "metadata": {"name": "settings", "namespace": "shop"}, "data": {"level": "warn"}})
    world.deploy("shop", CONFIG)
    for _ in range(2):
        found = world.check(caches=caches)
        assert [found[name].status for name in ("shop", "site")] == [Status.SYNCED, Status.OUT_OF_SYNC]


def test_one_memory_serves_clusters_that_hold_the_same_names(world, caches, tmp_path):
    world.declare("shop", CONFIG)
    world.deploy("shop", CONFIG)
    other = SandboxCluster()
    with Server(other.app) as server:
        other.api.apply({**CONFIG, "data": {"level": "debug"}}, manager=MANAGER, namespace="shop")
        kubeconfig = write_kubeconfig(tmp_path / "other", server.url, identity="bot")
        staging = KubernetesCluster("staging", kubeconfig=kubeconfig)
        assert world.check(caches=caches)["shop"].status is Status.SYNCED
        assert world.check(caches=caches, cluster=staging)["shop"].status is Status.OUT_OF_SYNC
        assert world.check(caches=caches)["shop"].status is Status.SYNCED


def test_an_application_that_went_away_is_forgotten_after_a_day(world, caches):
    for name in ("shop", "site"):
        world.declare(name, DEPLOYMENT, CONFIG)
        world.deploy(name, DEPLOYMENT, CONFIG)
    world.check(caches=caches)
    assert len(caches.comparison_cache) == 4
    world.applications = [each for each in world.applications if each.name == "shop"]
    world.check(caches=caches, now=NOW + timedelta(hours=1))
    assert len(caches.comparison_cache) == 4, "a check of some applications forgets nothing of the others"
    world.check(caches=caches, now=NOW + timedelta(hours=25))
    assert len(caches.comparison_cache) == 2


def test_objects_that_nobody_declares_are_not_remembered(world, caches):
    world.declare("shop", CONFIG)
    world.deploy("shop", *({**CONFIG, "metadata": {"name": name}} for name in ("settings", "else", "more")))
    world.check(caches=caches)
    assert len(caches.comparison_cache) == 1


def test_a_path_keeps_its_latest_trees_alone(world, caches):
    for number in range(9):
        world.declare("shop", {**CONFIG, "data": {"level": str(number)}})
        world.check(caches=caches)
    assert len(caches.manifest_cache) == 4


def test_what_was_prepared_needs_git_no_more_while_the_head_stands_still(world, caches):
    world.declare("shop", CONFIG)
    world.declare("site", CONFIG)
    repository = world.repositories["platform"]
    head = repository.fetch()
    sources = [each.source for each in world.applications]
    caches.manifest_cache.prepare(repository, head, sources)
    gone = GitRepository("platform", str(world.tmp_path / "nowhere"), "main", world.tmp_path / "empty")
    first = [caches.manifest_cache.manifests(gone, head, source) for source in sources]
    caches.manifest_cache.prepare(gone, head, sources)
    again = [caches.manifest_cache.manifests(gone, head, source) for source in sources]
    assert [[manifest.name for manifest in each] for each in first] == [["settings"], ["settings"]]
    assert all(one is other for one, other in zip(first, again, strict=True))


def test_an_application_that_cannot_be_read_hurts_none_that_is_read_with_it(world, caches):
    world.declare("shop", CONFIG)
    world.deploy("shop", CONFIG)
    world.declare("site", "apiVersion: v1\nkind: [\n")
    world.applications.append(Application("none", RepositoryRef("platform"), "apps/none", "prod", "none", "C1"))
    for _ in range(2):  # the mistake is remembered, and told as before
        found = world.check(caches=caches)
        assert found["shop"].status is Status.SYNCED
        assert found["site"].error.startswith("apps/site/")
        assert "This is not valid YAML" in found["site"].error
        assert found["none"].error.startswith("There is no apps/none in platform at ")


def test_one_impossible_path_hurts_no_other_application(world, caches):
    world.declare("shop", CONFIG)
    world.deploy("shop", CONFIG)
    world.applications.append(Application("odd", RepositoryRef("platform"), "../elsewhere", "prod", "odd", "C1"))
    found = world.check(caches=caches)
    assert found["shop"].status is Status.SYNCED
    assert "is outside the repository" in found["odd"].error

"""Applications of Argo CD, rendered as Argo CD renders them."""

import pytest

from bot.cli.check_configured import check_configured
from bot.core.drift.model import Status
from tests.common.deployers import apply_deployer, argo_application
from tests.common.kubernetes import as_yaml, config_map

KUSTOMIZATION = "resources: [web.yaml]\nimages: [{name: web, newName: mirror/web, newTag: '1.0'}]\n"
WEB = as_yaml(
    {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "web"},
        "spec": {"containers": [{"name": "web", "image": "web"}]},
    }
)
CHART = {
    "apps/shop/Chart.yaml": "apiVersion: v2\nname: shop\nversion: 1.0.0\n",
    "apps/shop/templates/one.yaml": (
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: one}\n"
        "data: {level: {{ .Values.level | quote }}, more: {{ .Values.more | quote }}}\n"
    ),
    "apps/shop/values.yaml": "level: low\nmore: none\n",
}


@pytest.fixture
def discovery(discovery):
    discovery.source.git("rm", "-rq", "apps")
    return discovery


def declared(discovery, name="shop"):
    """The objects of an application, by name, as Argo CD would apply them."""
    application = discovery.applications[name]
    repository = discovery.bot.ports.repositories[application.repository.key]
    cache = discovery.bot.monitor.manifest_cache
    manifests = cache.manifests(repository, repository.fetch(), application.source)
    return {manifest.name: manifest.object for manifest in manifests}


def application(discovery, name="shop", path="apps/shop", **source):
    return argo_application(name, discovery.url, source={"repoURL": discovery.url, "path": path, **source})


def test_kustomize_options_are_applied_as_kustomize_edit_does(discovery):
    discovery.source.commit("Overlay", {"apps/shop/kustomization.yaml": KUSTOMIZATION, "apps/shop/web.yaml": WEB})
    options = {
        "images": ["web=*:3.3"],
        "commonLabels": {"app": "$ARGOCD_APP_NAME-x"},
        "commonAnnotations": {"project": "${ARGOCD_APP_PROJECT_NAME}", "price": "$$5"},
        "commonAnnotationsEnvsubst": True,
        "components": ["../gone"],
        "ignoreMissingComponents": True,
    }
    discovery.argo(application(discovery, kustomize=options))
    discovery.start()
    web = declared(discovery)["web"]
    assert web["spec"]["containers"][0]["image"] == "mirror/web:3.3"
    assert web["metadata"]["labels"] == {"app": "shop-x"}
    assert web["metadata"]["annotations"] == {"project": "default", "price": "$5"}


def test_files_in_the_path_override_the_parameters_of_the_application(discovery):
    discovery.source.commit(
        "Overlay",
        {
            "apps/shop/kustomization.yaml": KUSTOMIZATION,
            "apps/shop/web.yaml": WEB,
            "apps/shop/.argocd-source.yaml": "kustomize: {images: ['web=*:4'], namePrefix: a-}\npath: elsewhere\n",
            "apps/shop/.argocd-source-shop.yaml": "kustomize: {namePrefix: b-}\n",
        },
    )
    discovery.argo(application(discovery), application(discovery, "other"))
    discovery.start()
    assert declared(discovery)["b-web"]["spec"]["containers"][0]["image"] == "mirror/web:4"
    assert set(declared(discovery, "other")) == {"a-web"}
    discovery.source.commit("Plugin", {"apps/shop/.argocd-source.yaml": "plugin: {name: x}\n"})
    error = str(discovery.bot.check()["shop"].error)
    assert error.startswith(
        "apps/shop/.argocd-source.yaml + apps/shop/.argocd-source-shop.yaml overrides the Application's settings:"
    )


@pytest.mark.parametrize("controller", ["argocd", "team-a"])
def test_an_application_in_any_namespace_has_the_name_that_argo_cd_gives_it(discovery, controller):
    """Outside Argo CD's own namespace, it begins with that of the Application, except for the release."""
    name = "shop" if controller == "team-a" else "team-a_shop"
    release = "{apiVersion: v1, kind: ConfigMap, metadata: {name: '{{ .Release.Name }}'}}\n"
    discovery.source.commit(
        "Both",
        {
            **CHART,
            "apps/shop/templates/release.yaml": release,
            f"apps/shop/.argocd-source-{name}.yaml": "helm: {parameters: [{name: level, value: overridden}]}\n",
        },
    )
    parameters = [{"name": "level", "value": "declared"}, {"name": "more", "value": "$ARGOCD_APP_NAME"}]
    shop = application(discovery, helm={"parameters": parameters})
    shop["status"] = {"controllerNamespace": controller}
    apply_deployer(discovery.cluster, shop, namespace="team-a")
    discovery.start()
    objects = declared(discovery)
    assert set(objects) == {"one", "shop"}
    assert objects["one"]["data"] == {"level": "overridden", "more": "none"}
    discovery.source.commit("Declared", {f"apps/shop/.argocd-source-{name}.yaml": None})
    assert declared(discovery)["one"]["data"] == {"level": "declared", "more": name}


def test_helm_takes_globs_file_parameters_and_variables(discovery):
    discovery.source.commit(
        "Chart",
        {
            **CHART,
            "apps/env/shop/b.yaml": "level: b\n",
            "apps/env/shop/c.yaml": "level: c\n",
            "apps/env/shop/deep/a.yaml": "level: deep\n",
            "apps/notes.txt": "a, b",
        },
    )
    files = {"fileParameters": [{"name": "more", "path": "../notes.txt"}]}
    for name, values in (
        ("glob", ["../env/$ARGOCD_APP_NAMESPACE/*.yaml"]),
        ("listed", ["../env/shop/c.yaml", "../env/shop/*.yaml"]),
        ("deep", ["../env/**/*.yaml"]),
        ("none", ["../env/none/*.yaml"]),
    ):
        discovery.argo(application(discovery, name, helm={"valueFiles": values, **files}))
    discovery.start()
    levels = {name: declared(discovery, name)["one"]["data"]["level"] for name in ("glob", "listed", "deep")}
    assert levels == {"glob": "c", "listed": "b", "deep": "deep"}
    assert declared(discovery, "glob")["one"]["data"]["more"] == "a, b"
    assert "No values file matches this pattern" in str(discovery.bot.check()["none"].error)


def test_files_are_read_and_skipped_as_in_argo_cd(discovery):
    shop, crds = discovery.source.path / "apps/shop", "crds/all.yaml"
    discovery.source.commit(
        "Files",
        {
            "apps/shop/settings.yaml": as_yaml(config_map("settings")),
            "apps/shop/.hidden.yaml": as_yaml(config_map("hidden")),
            "apps/shop/values.yaml": "replicas: 2\n",
            "apps/shop/skipped.yaml": "# +argocd:skip-file-rendering\n" + as_yaml(config_map("skipped")),
            crds: as_yaml(config_map("linked")),
        },
    )
    (shop / "link.yaml").symlink_to(f"../../{crds}")
    (shop / "folder").symlink_to("../../crds")
    discovery.source.commit("Links", {})
    discovery.argo(application(discovery), application(discovery, "deep", directory={"recurse": True}))
    discovery.start()
    assert set(declared(discovery)) == {"settings", "hidden", "linked"}
    assert set(declared(discovery, "deep")) == {"settings", "hidden", "linked"}
    discovery.source.commit("Target", {crds: as_yaml(config_map("changed"))})
    assert set(declared(discovery)) == {"settings", "hidden", "changed"}
    broken = as_yaml(config_map("x")).replace("data:", "data: [")
    discovery.source.commit("Broken", {"apps/shop/broken.yaml": broken})
    assert "apps/shop/broken.yaml" in str(discovery.bot.check()["shop"].error)
    (shop / "outside.yaml").symlink_to("/etc/hostname")
    discovery.source.commit("Out of bounds", {"apps/shop/broken.yaml": None})
    assert "apps/shop/outside.yaml:1: This symbolic link does not lead" in str(discovery.bot.check()["shop"].error)


def test_a_chart_has_what_is_behind_links_in_the_repository(discovery):
    discovery.source.commit("Chart", {**CHART, "shared/crds/more.yaml": as_yaml(config_map("more"))})
    (discovery.source.path / "apps/shop/crds").symlink_to("../../shared/crds")
    discovery.source.commit("Link", {})
    discovery.argo(application(discovery))
    discovery.start()
    assert set(declared(discovery)) == {"one", "more"}


def test_the_last_of_several_sources_that_declare_an_object_wins(discovery):
    for number in (1, 2):
        both = config_map("both", level=str(number))
        own = config_map(f"own-{number}", level="x")
        discovery.source.commit("Source", {f"apps/{number}/all.yaml": f"{as_yaml(both)}---\n{as_yaml(own)}"})
    sources = [{"repoURL": discovery.url, "path": f"apps/{number}"} for number in (1, 2)]
    discovery.argo(argo_application("shop", discovery.url, sources=sources, source=None))
    for live in (config_map("both", level="2"), config_map("own-1", level="x"), config_map("own-2", level="x")):
        discovery.cluster.apply(live, namespace="shop")
    discovery.start()
    results = discovery.bot.check()
    assert {name: (result.status, result.objects) for name, result in results.items()} == {
        "shop.1": (Status.SYNCED, 1),
        "shop.2": (Status.SYNCED, 2),
    }
    assert str(results["shop.1"].notes[0]).startswith("1 object is also declared by a later source")
    discovery.source.commit("Same", {"apps/1/all.yaml": as_yaml(config_map("both", level="1"))})
    result = discovery.bot.check()["shop.1"]
    assert (result.status, result.objects) == (Status.SYNCED, 0)
    discovery.source.commit("Broken", {"apps/2/kustomization.yaml": "resources: [gone.yaml]\n"})
    assert "A later source of the same Application" in str(discovery.bot.check()["shop.1"].error)


def test_a_check_of_one_source_fetches_the_later_ones_too(discovery):
    for number in (1, 2):
        discovery.source.commit("Source", {f"apps/{number}/all.yaml": as_yaml(config_map(f"own-{number}", level="x"))})
        discovery.cluster.apply(config_map(f"own-{number}", level="x"), namespace="shop")
    discovery.source.git("branch", "release")
    sources = [{"repoURL": discovery.url, "path": "apps/1"}]
    sources.append({"repoURL": discovery.url, "path": "apps/2", "targetRevision": "release"})
    discovery.argo(argo_application("shop", discovery.url, sources=sources, source=None))
    discovery.start()
    (result,) = discovery.bot.check("shop.1").values()
    (checked,), _ = check_configured(discovery.bot.config, ["shop.1"], explain=False)
    for check in (result, checked):
        assert (check.status, check.error) == (Status.SYNCED, None)


def test_an_ignore_rule_that_cannot_be_read_is_left_out_and_named(discovery):
    discovery.source.commit("Plain", {"apps/shop/settings.yaml": as_yaml(config_map(level="info"))})
    discovery.cluster.apply(config_map(level="debug"), namespace="shop", manager="helper")
    rule = {"kind": "ConfigMap", "jqPathExpressions": [".data | error(", ".data.level"]}
    discovery.argo(argo_application("shop", discovery.url, ignoreDifferences=[rule]))
    discovery.start()
    result = discovery.bot.check()["shop"]
    assert result.status is Status.SYNCED
    (note,) = result.notes
    assert "The bot skips .data | error( in the Application's ignoreDifferences" in str(note)


def test_hydrated_manifests_are_followed_on_their_branch(discovery):
    discovery.source.commit("Hydrated", {"hydrated/manifest.yaml": as_yaml(config_map("hydrated"))})
    discovery.source.git("branch", "environments/prod")
    hydrator = {
        "drySource": {"repoURL": discovery.url, "path": "dry", "targetRevision": "main"},
        "syncSource": {"targetBranch": "environments/prod", "path": "hydrated"},
    }
    discovery.argo(argo_application("shop", discovery.url, source=None, sourceHydrator=hydrator))
    discovery.start()
    assert set(declared(discovery)) == {"hydrated"}
    assert discovery.applications["shop"].repository.key == "platform@environments/prod"


def test_a_variable_that_changes_with_every_commit_is_not_followed(discovery):
    discovery.argo(
        application(discovery, helm={"parameters": [{"name": "a", "value": "${ARGOCD_APP_REVISION_SHORT}"}]})
    )
    discovery.start()
    assert "it uses the variable ARGOCD_APP_REVISION_SHORT" in discovery.status()

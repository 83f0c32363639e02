"""Applications discovered in Flux: followed, built as Flux builds them, and shown."""

import pytest

from bot.core.drift.model import Status
from bot.i18n.language import Language
from tests.common.deployers import SOURCE_REF, flux_resource, git_repository, kustomization
from tests.common.kubernetes import FLUX, as_yaml, config_map, deployment

CHART = {
    "charts/shop/Chart.yaml": "apiVersion: v2\nname: shop\nversion: 1.0.0\n",
    "charts/shop/values.yaml": "level: info\ncolour: red\n",
    "charts/shop/templates/one.yaml": (
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: {{ .Release.Name }}-one}\n"
        "data: {level: {{ .Values.level }}, colour: {{ .Values.colour }}}\n"
    ),
}


@pytest.fixture
def discovery(discovery):
    discovery.flux(git_repository(discovery.url))
    return discovery


def check(discovery):
    discovery.start(deployers=["flux"])
    return discovery.bot.check()


def declared(discovery, name):
    """The objects of an application, as Flux would apply them."""
    application = discovery.applications[name]
    repository = discovery.bot.ports.repositories[application.repository.key]
    cache = discovery.bot.monitor.manifest_cache
    return [manifest.object for manifest in cache.manifests(repository, repository.fetch(), application.source)]


def test_a_kustomization_is_followed_without_further_configuration(discovery):
    sha = discovery.source.sha()
    ready = [{"type": "Ready", "status": "True"}, {"type": "Healthy", "status": "True"}]
    discovery.flux(kustomization("shop", status={"conditions": ready, "lastAppliedRevision": f"main@sha1:{sha}"}))
    discovery.cluster.apply(config_map(level="info"), namespace="shop", manager=FLUX)
    assert check(discovery)["shop"].status is Status.SYNCED
    assert discovery.applications["shop"].repository.key == "platform"
    assert f"Flux: Ready at {sha[:8]} · Healthy" in discovery.status()


def test_a_kustomization_is_built_as_flux_builds_it(discovery):
    discovery.source.commit(
        "Overlay",
        {
            "apps/base/web.yaml": as_yaml(deployment()),
            "apps/shop/kustomization.yaml": "resources: [../base/web.yaml, settings.yaml]\n",
            "apps/base/kustomization.yaml": "resources: [web.yaml]\n",
        },
    )
    discovery.source.commit("By folder", {"apps/shop/kustomization.yaml": "resources: [../base, settings.yaml]\n"})
    patch = "- {op: replace, path: /spec/replicas, value: 4}"
    discovery.flux(
        kustomization(
            "shop",
            namePrefix="eu-",
            images=[{"name": "registry.example/web", "newTag": "2.1"}],
            patches=[{"patch": patch, "target": {"kind": "Deployment"}}],
        ),
    )
    check(discovery)
    objects = {each["kind"]: each for each in declared(discovery, "shop")}
    assert objects["ConfigMap"]["metadata"] == {"name": "eu-settings", "namespace": "shop"}
    assert objects["Deployment"]["spec"]["replicas"] == 4
    (container,) = objects["Deployment"]["spec"]["template"]["spec"]["containers"]
    assert container["image"] == "registry.example/web:2.1"


def test_post_build_variables_are_substituted(discovery):
    discovery.source.commit(
        "Variables",
        {
            "apps/shop/settings.yaml": as_yaml(config_map(level="${level}-${region:=none}-${more:-x}-$${kept}")),
            "apps/shop/raw.yaml": (
                "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: raw\n  annotations:\n"
                "    kustomize.toolkit.fluxcd.io/substitute: disabled\ndata: {level: '${level}'}\n"
            ),
        },
    )
    variables = config_map("vars", level="x", region="eu")
    discovery.cluster.apply(variables, namespace="flux-system", manager="kubectl")
    discovery.flux(
        kustomization(
            "shop",
            postBuild={
                "substitute": {"level": "debug"},
                "substituteFrom": [
                    {"kind": "ConfigMap", "name": "vars"},
                    {"kind": "ConfigMap", "name": "gone", "optional": True},
                ],
            },
        ),
        kustomization("secret", postBuild={"substituteFrom": [{"kind": "Secret", "name": "login"}]}),
        kustomization("missing", postBuild={"substituteFrom": [{"kind": "ConfigMap", "name": "gone"}]}),
    )
    check(discovery)
    data = {each["metadata"]["name"]: each["data"]["level"] for each in declared(discovery, "shop")}
    assert data == {"settings": "debug-eu-x-${kept}", "raw": "${level}"}
    assert "the manifests use values from the Secret login" in discovery.status()
    assert "the ConfigMap flux-system/gone does not exist" in discovery.status()


def test_a_helm_release_of_a_chart_in_git_is_rendered(discovery):
    discovery.source.commit("Chart", CHART)
    values = config_map("v", **{"values.yaml": "colour: blue\n"})
    discovery.cluster.apply(values, namespace="flux-system", manager="kubectl")
    chart = {"spec": {"chart": "./charts/shop", "sourceRef": SOURCE_REF}}
    discovery.flux(
        flux_resource(
            "HelmRelease",
            "shop",
            {
                "chart": chart,
                "targetNamespace": "shop",
                "valuesFrom": [{"kind": "ConfigMap", "name": "v"}],
                "values": {"level": "warn"},
            },
        ),
    )
    check(discovery)
    (one,) = declared(discovery, "shop")
    assert (one["metadata"]["name"], one["data"]) == ("shop-shop-one", {"level": "warn", "colour": "blue"})


def test_suspended_and_unsupported_resources_are_reported(discovery):
    chart = {"chart": "redis", "version": "1.x", "sourceRef": {"kind": "HelmRepository", "name": "charts"}}
    discovery.flux(
        kustomization("shop", suspend=True),
        kustomization("image", sourceRef={"kind": "OCIRepository", "name": "artifact"}),
        kustomization("sealed", decryption={"provider": "sops"}),
        kustomization("lost", sourceRef={"kind": "GitRepository", "name": "gone"}),
        flux_resource("HelmRelease", "redis", {"chart": {"spec": chart}}),
    )
    check(discovery)
    assert list(discovery.applications) == ["shop"]
    answer = discovery.status()
    assert "Flux: suspended" in answer
    for line in (
        "Kustomization prod/flux-system/image: the source is the OCIRepository artifact, but the bot",
        "Kustomization prod/flux-system/sealed: the bot does not support decryption",
        "Kustomization prod/flux-system/lost: the GitRepository flux-system/gone does not exist",
        "HelmRelease prod/flux-system/redis: the source is the HelmRepository charts, but the bot",
    ):
        assert line in answer
    assert "su origen es el HelmRepository charts, pero el bot solo lee de git" in discovery.status(Language.SPANISH)


def test_a_git_repository_may_follow_a_version_range(discovery):
    discovery.source.git("tag", "v1.2.0")
    discovery.source.commit("Two", {"apps/shop/two.yaml": as_yaml(config_map("two"))})
    discovery.source.git("tag", "-a", "-m", "x", "v1.10.0")
    discovery.source.commit("Three", {"apps/shop/three.yaml": as_yaml(config_map("three"))})
    discovery.flux(
        git_repository(discovery.url, semver=">=1.0 <2"),
        kustomization("shop"),
    )
    checked = check(discovery)["shop"]
    assert checked.revision == discovery.source.sha("v1.10.0^{commit}")
    assert [drift.name for drift in checked.drift] == ["settings", "two"]

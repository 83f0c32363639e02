"""What Flux has been told, found on a local cluster: followed, built as Flux builds it, and shown."""

import pytest
import yaml

from bot.core.drift.model import Status
from bot.i18n.language import Language
from bot.sandbox.cluster.kinds import Kind
from tests.handlers.discovery.test_discovery import CONFIG_MAP, world

__all__ = ["world"]

KINDS = {
    kind: Kind(f"{group}.toolkit.fluxcd.io", version, kind, plural, subresources=("status",))
    for kind, group, version, plural in (
        ("GitRepository", "source", "v1", "gitrepositories"),
        ("Kustomization", "kustomize", "v1", "kustomizations"),
        ("HelmRelease", "helm", "v2", "helmreleases"),
    )
}
CHART = {
    "charts/shop/Chart.yaml": "apiVersion: v2\nname: shop\nversion: 1.0.0\n",
    "charts/shop/values.yaml": "level: info\ncolour: red\n",
    "charts/shop/templates/one.yaml": (
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: {{ .Release.Name }}-one}\n"
        "data: {level: {{ .Values.level }}, colour: {{ .Values.colour }}}\n"
    ),
}
SOURCE_REF = {"kind": "GitRepository", "name": "platform"}


def resource(kind, name, spec, status=None):
    return {
        "apiVersion": KINDS[kind].api_version,
        "kind": kind,
        "metadata": {"name": name},
        "spec": {"interval": "10m", **spec},
        "status": status or {},
    }


@pytest.fixture
def flux(world):
    for kind in KINDS.values():
        world.cluster.api.serve(kind)
    tell(world, resource("GitRepository", "platform", {"url": world.url, "ref": {"branch": "main"}}))
    return world


def tell(world, *resources):
    world.argo(*resources, namespace="flux-system")


def kustomization(name, path="./apps/shop", status=None, **spec):
    given = {"path": path, "prune": True, "sourceRef": SOURCE_REF, "targetNamespace": "shop", **spec}
    return resource("Kustomization", name, given, status)


def start(world):
    world.start(discover="[flux]")
    return world.check()


def declared(world, name):
    """The objects that the application comes to, as Flux would apply them."""
    application = world.known[name]
    repository = world.ports.repositories[application.repository.key]
    rendered = world.watch.manifest_cache
    return [each.object for each in rendered.manifests(repository, repository.fetch(), application.source)]


def test_a_kustomization_is_followed_with_no_further_configuration(flux):
    sha = flux.source.sha()
    ready = [{"type": "Ready", "status": "True"}, {"type": "Healthy", "status": "True"}]
    tell(flux, kustomization("shop", status={"conditions": ready, "lastAppliedRevision": f"main@sha1:{sha}"}))
    settings = {**yaml.safe_load(CONFIG_MAP), "data": {"level": "info"}}
    flux.cluster.api.apply(settings, manager="kustomize-controller", namespace="shop")
    assert start(flux)["shop"].status is Status.SYNCED
    assert flux.known["shop"].repository.key == "platform"
    assert f"Flux: Ready at {sha[:8]} · Healthy" in flux.said()


def test_what_it_changes_is_built_as_flux_builds_it(flux):
    flux.source.commit(
        "Overlay",
        {
            "apps/base/web.yaml": (
                "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  replicas: 1\n"
                "  selector: {matchLabels: {app: web}}\n  template:\n    metadata: {labels: {app: web}}\n"
                "    spec: {containers: [{name: web, image: 'registry.example/web:1'}]}\n"
            ),
            "apps/shop/kustomization.yaml": "resources: [../base/web.yaml, settings.yaml]\n",
            "apps/base/kustomization.yaml": "resources: [web.yaml]\n",
        },
    )
    flux.source.commit("By folder", {"apps/shop/kustomization.yaml": "resources: [../base, settings.yaml]\n"})
    patch = "- {op: replace, path: /spec/replicas, value: 4}"
    tell(
        flux,
        kustomization(
            "shop",
            namePrefix="eu-",
            images=[{"name": "registry.example/web", "newTag": "2.1"}],
            patches=[{"patch": patch, "target": {"kind": "Deployment"}}],
        ),
    )
    start(flux)
    objects = {each["kind"]: each for each in declared(flux, "shop")}
    assert objects["ConfigMap"]["metadata"] == {"name": "eu-settings", "namespace": "shop"}
    assert objects["Deployment"]["spec"]["replicas"] == 4
    (container,) = objects["Deployment"]["spec"]["template"]["spec"]["containers"]
    assert container["image"] == "registry.example/web:2.1"


def test_variables_come_from_what_is_written_there_and_from_config_maps(flux):
    flux.source.commit(
        "Variables",
        {
            "apps/shop/settings.yaml": CONFIG_MAP.replace("info", "'${level}-${region:=none}-${more:-x}-$${kept}'"),
            "apps/shop/raw.yaml": (
                "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: raw\n  annotations:\n"
                "    kustomize.toolkit.fluxcd.io/substitute: disabled\ndata: {level: '${level}'}\n"
            ),
        },
    )
    vars_ = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "vars"},
        "data": {"level": "x", "region": "eu"},
    }
    flux.cluster.api.apply(vars_, manager="kubectl", namespace="flux-system")
    tell(
        flux,
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
    start(flux)
    data = {each["metadata"]["name"]: each["data"]["level"] for each in declared(flux, "shop")}
    assert data == {"settings": "debug-eu-x-${kept}", "raw": "${level}"}
    assert "its manifests use values from the Secret login" in flux.said()
    assert "its ConfigMap flux-system/gone does not exist" in flux.said()


def test_a_release_of_a_chart_in_git(flux):
    flux.source.commit("Chart", CHART)
    values = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "v"},
        "data": {"values.yaml": "colour: blue\n"},
    }
    flux.cluster.api.apply(values, manager="kubectl", namespace="flux-system")
    chart = {"spec": {"chart": "./charts/shop", "sourceRef": SOURCE_REF}}
    tell(
        flux,
        resource(
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
    start(flux)
    (one,) = declared(flux, "shop")
    assert (one["metadata"]["name"], one["data"]) == ("shop-shop-one", {"level": "warn", "colour": "blue"})


def test_what_cannot_be_followed_and_what_is_suspended_read_well(flux):
    chart = {"chart": "redis", "version": "1.x", "sourceRef": {"kind": "HelmRepository", "name": "charts"}}
    tell(
        flux,
        kustomization("shop", suspend=True),
        kustomization("image", sourceRef={"kind": "OCIRepository", "name": "artifact"}),
        kustomization("sealed", decryption={"provider": "sops"}),
        kustomization("lost", sourceRef={"kind": "GitRepository", "name": "gone"}),
        resource("HelmRelease", "redis", {"chart": {"spec": chart}}),
    )
    start(flux)
    assert list(flux.known) == ["shop"]
    said = flux.said()
    assert "Flux: suspended" in said
    assert "Kustomization flux-system/image on prod: its source is the OCIRepository artifact, but the bot" in said
    assert "Kustomization flux-system/sealed on prod: it uses decryption" in said
    assert "Kustomization flux-system/lost on prod: its GitRepository flux-system/gone does not exist" in said
    assert "HelmRelease flux-system/redis on prod: its source is the HelmRepository charts, but the bot" in said
    assert "su origen es el HelmRepository charts, pero el bot solo lee de git" in flux.said(Language.SPANISH)


def test_its_repository_may_follow_versions(flux):
    flux.source.git("tag", "v1.2.0")
    flux.source.commit("Two", {"apps/shop/two.yaml": CONFIG_MAP.replace("settings", "two")})
    flux.source.git("tag", "-a", "-m", "x", "v1.10.0")
    flux.source.commit("Three", {"apps/shop/three.yaml": CONFIG_MAP.replace("settings", "three")})
    tell(
        flux,
        resource("GitRepository", "platform", {"url": flux.url, "ref": {"semver": ">=1.0 <2"}}),
        kustomization("shop"),
    )
    check = start(flux)["shop"]
    assert check.revision == flux.source.sha("v1.10.0^{commit}")
    assert [each.name for each in check.drift] == ["settings", "two"]

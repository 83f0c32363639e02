"""Applications discovered in Flux: followed, built as Flux builds them, and shown."""

import base64

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
    objects = {manifest["kind"]: manifest for manifest in declared(discovery, "shop")}
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
        kustomization("missing", postBuild={"substituteFrom": [{"kind": "ConfigMap", "name": "gone"}]}),
    )
    check(discovery)
    data = {manifest["metadata"]["name"]: manifest["data"]["level"] for manifest in declared(discovery, "shop")}
    assert data == {"settings": "debug-eu-x-${kept}", "raw": "${level}"}
    assert "the ConfigMap flux-system/gone does not exist" in discovery.status()


def test_objects_that_only_flux_can_read_are_unknown_and_the_others_are_compared(discovery):
    sealed = {**config_map("sealed", token="ENC[x]"), "sops": {"mac": "ENC[y]"}}
    discovery.source.commit(
        "Secrets",
        {
            "apps/shop/settings.yaml": as_yaml(config_map(level="info")),
            "apps/shop/sealed.yaml": as_yaml(sealed),
            "apps/shop/url.yaml": as_yaml(config_map("url", url="${domain}")),
            "apps/shop/port.yaml": as_yaml(config_map("port", port="${port}")),
        },
    )
    for live in (config_map(level="debug"), config_map("port", port="http")):
        discovery.cluster.apply(live, namespace="shop", manager="kubectl")
    substitute = {"substituteFrom": [{"kind": "Secret", "name": "cluster"}], "substitute": {"port": "http"}}
    discovery.flux(kustomization("shop", decryption={"provider": "sops"}, postBuild=substitute))
    result = check(discovery)["shop"]
    assert result.status is Status.UNKNOWN
    assert [drift.name for drift in result.drift] == ["settings"]
    assert "ConfigMap url not checked: Flux fills in variables from a Secret" in str(result.error)
    assert "ConfigMap sealed not checked: encrypted with SOPS" in str(result.error)


def test_a_kustomization_is_generated_from_what_flux_does_not_leave_out(discovery):
    component = "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nnameSuffix: -x\n"
    discovery.source.commit(
        "Files",
        {
            "apps/shop/.hidden/a.yaml": as_yaml(config_map("hidden")),
            "apps/shop/.github/b.yaml": as_yaml(config_map("workflow")),
            "apps/shop/old/.sourceignore": "c.yaml\n",
            "apps/shop/old/c.yaml": as_yaml(config_map("old")),
            "apps/part/kustomization.yaml": component,
        },
    )
    metadata = {"labels": {"team": "web"}, "annotations": {"note": "a"}}
    parts = {"components": ["../part", "../gone"], "ignoreMissingComponents": True, "commonMetadata": metadata}
    discovery.flux(
        kustomization("shop", **parts),
        kustomization("all", ignore=[{"paths": ["/data"], "target": {"name": "set.*", "labelSelector": "a=b"}}]),
    )
    results = check(discovery)
    objects = {manifest["metadata"]["name"]: manifest["metadata"] for manifest in declared(discovery, "shop")}
    assert set(objects) == {"hidden-x", "workflow-x", "settings-x"}
    assert objects["settings-x"]["labels"] == {"team": "web"}
    assert objects["settings-x"]["annotations"] == {"note": "a"}
    (note,) = results["all"].notes
    assert "ignore rule of the Flux resource: the bot does not support this selector (labelSelector)" in str(note)


def test_a_kustomization_may_load_files_from_anywhere_in_the_repository(discovery):
    discovery.source.commit(
        "Shared",
        {
            "shared/patch.yaml": "- {op: replace, path: /data/level, value: warn}\n",
            "shared/app.conf": "debug = no\n",
            "shared/more.yaml": as_yaml(config_map("more")),
            "apps/shop/kustomization.yaml": (
                "resources: [settings.yaml, ../../shared/more.yaml]\n"
                "patches: [{path: ../../shared/patch.yaml, target: {name: settings}}]\n"
                "configMapGenerator: [{name: files, files: [../../shared/app.conf, b=../../shared/app.conf],"
                " options: {disableNameSuffixHash: true}}]\n"
            ),
        },
    )
    discovery.flux(kustomization("shop"))
    check(discovery)
    data = {manifest["metadata"]["name"]: manifest.get("data") for manifest in declared(discovery, "shop")}
    assert data["settings"] == {"level": "warn"}
    assert data["files"] == {"app.conf": "debug = no\n", "b": "debug = no\n"}
    assert "more" in data
    discovery.source.commit("Change", {"shared/app.conf": "debug = yes\n"})
    data = {manifest["metadata"]["name"]: manifest.get("data") for manifest in declared(discovery, "shop")}
    assert data["files"]["b"] == "debug = yes\n"


def test_an_external_artifact_that_is_a_part_of_a_git_repository_is_followed(discovery):
    discovery.source.commit("Base", {"apps/base/one.yaml": as_yaml(config_map("one"))})
    copies = {
        "apps": [
            {"from": "@repo/apps/shop/**", "to": "@artifact/shop/"},
            {"from": "@repo/apps/base/**", "to": "@artifact/base/"},
        ],
        "mixed": [{"from": "@repo/apps/shop/**", "to": "@artifact/elsewhere/"}],
    }
    generator = {
        "sources": [{"alias": "repo", **SOURCE_REF}],
        "artifacts": [{"name": name, "copy": copy} for name, copy in copies.items()],
    }
    discovery.flux(
        flux_resource("ArtifactGenerator", "platform", generator),
        kustomization("shop", "./shop", sourceRef={"kind": "ExternalArtifact", "name": "apps"}),
        kustomization("mixed", "./", sourceRef={"kind": "ExternalArtifact", "name": "mixed"}),
        kustomization("gone", "./", sourceRef={"kind": "ExternalArtifact", "name": "gone"}),
    )
    check(discovery)
    assert [manifest["metadata"]["name"] for manifest in declared(discovery, "shop")] == ["settings"]
    assert list(discovery.applications) == ["shop"]
    assert (
        "ExternalArtifact flux-system/mixed must copy exactly one directory from one git repository"
        in discovery.status()
    )
    assert (
        "the bot found no ArtifactGenerator that produces the ExternalArtifact flux-system/gone" in discovery.status()
    )


def test_ignore_rules_of_flux_apply(discovery):
    for namespace in ("shop", "search"):
        discovery.cluster.apply(config_map(level="debug"), namespace=namespace, manager=FLUX)
    rule = {"paths": ["/data/level"], "target": {"kind": "ConfigMap|Secret", "name": "set.+"}}
    discovery.flux(kustomization("shop", ignore=[rule]), kustomization("strict", targetNamespace="search"))
    results = check(discovery)
    assert {name: result.status for name, result in results.items()} == {
        "shop": Status.SYNCED,
        "strict": Status.OUT_OF_SYNC,
    }


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


@pytest.mark.parametrize("status", [403, 500])
@pytest.mark.parametrize(
    ("kind", "data"),
    [("ConfigMap", "colour: blue"), ("Secret", base64.b64encode(b"colour: blue").decode())],
)
def test_values_that_cannot_be_read_stop_only_their_release(discovery, kind, data, status):
    discovery.source.commit("Chart", {**CHART, "charts/shop/templates/two.yaml": as_yaml(config_map("two"))})
    values = {"apiVersion": "v1", "kind": kind, "metadata": {"name": "v"}, "data": {"values.yaml": data}}
    discovery.cluster.apply(values, namespace="flux-system", manager="kubectl")
    chart = {"spec": {"chart": "./charts/shop", "sourceRef": SOURCE_REF}}
    release = {"chart": chart, "targetNamespace": "shop", "valuesFrom": [{"kind": kind, "name": "v"}]}
    discovery.flux(kustomization("other"), flux_resource("HelmRelease", "web", release))
    path = f"/api/v1/namespaces/flux-system/{kind.lower()}s"
    discovery.cluster.fail(path, status)
    discovery.start(deployers=["flux"], alerts={"looks": 1})
    assert list(discovery.applications) == ["other"]
    assert "HelmRelease prod/flux-system/web: " in discovery.status()
    discovery.cluster.recover()
    bot = discovery.bot
    bot.discover()
    assert sorted(discovery.applications) == ["other", "web"]
    bot.check()
    assert bot.store.incidents.open_for("web")
    discovery.cluster.fail(path, status)
    bot.discover()
    is_kept = status == 500  # it may be served again soon
    assert sorted(discovery.applications) == ["other", *(["web"] if is_kept else [])]
    bot.restart()
    bot.clock.tick()
    bot.discover()
    bot.monitor.reconcile_cards()
    assert list(discovery.applications) == ["other"]
    assert bool(bot.store.incidents.open_for("web")) is is_kept
    assert bot.discoverer.is_complete() is not is_kept
    discovery.cluster.recover()
    bot.discover()
    assert (sorted(discovery.applications), bot.discoverer.is_complete()) == (["other", "web"], True)


def test_suspended_and_unsupported_resources_are_reported(discovery):
    chart = {"chart": "redis", "version": "1.x", "sourceRef": {"kind": "HelmRepository", "name": "charts"}}
    discovery.flux(
        kustomization("shop", suspend=True),
        kustomization("image", sourceRef={"kind": "OCIRepository", "name": "artifact"}),
        kustomization("remote", kubeConfig={"secretRef": {"name": "prod"}}),
        kustomization("lost", sourceRef={"kind": "GitRepository", "name": "gone"}),
        flux_resource("HelmRelease", "redis", {"chart": {"spec": chart}}),
    )
    check(discovery)
    assert list(discovery.applications) == ["shop"]
    answer = discovery.status()
    assert "Flux: suspended" in answer
    for line in (
        "Kustomization prod/flux-system/image: the source is the OCIRepository artifact, but the bot",
        "Kustomization prod/flux-system/remote: the bot does not support kubeConfig",
        "Kustomization prod/flux-system/lost: the GitRepository flux-system/gone does not exist",
        "HelmRelease prod/flux-system/redis: the HelmRepository flux-system/charts does not exist",
    ):
        assert line in answer
    spanish = discovery.status(Language.SPANISH)
    assert "su origen es el OCIRepository artifact, pero aquí el bot solo admite un GitRepository" in spanish


def test_a_resource_that_waits_for_others_names_those_that_are_not_ready(discovery):
    reasons = {"reason": "DependencyNotReady", "message": "dependency 'flux-system/dns' is not ready"}
    waiting = {"conditions": [{"type": "Ready", "status": "False", **reasons}]}
    ready = {"conditions": [{"type": "Ready", "status": "True"}], "observedGeneration": 1}
    shop = kustomization("shop", dependsOn=[{"name": "ready"}, {"name": "dns"}, {"name": "ca", "namespace": "pki"}])
    discovery.flux({**kustomization("ready"), "status": ready}, kustomization("dns"), {**shop, "status": waiting})
    check(discovery)
    assert "Flux: NotReady · waiting for flux-system/dns and pki/ca, which are not ready" in discovery.status()
    assert "espera a flux-system/dns y pki/ca, que no están listos" in discovery.status(Language.SPANISH)


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

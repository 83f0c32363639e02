"""Charts from Helm repositories and OCI registries: fetched, verified, rendered, and compared with the cluster."""

import base64
import json
from functools import partial

import pytest

from bot.adapters.kubernetes import bounds
from bot.cli.check_report import as_json, as_text
from bot.cli.doctor import probes as doctor_probes
from bot.core.drift.model import Status
from tests.common.charts import HelmRepository, package
from tests.common.deployers import FLUX_KINDS, argo_application, flux_resource, git_repository, serve_deployers
from tests.common.kubernetes import FLUX, as_yaml, config_map, running_cluster
from tests.common.registry import PASSWORD, USER, running_registry

DETECTED = {"kubernetes": "v1.36.2", "releases": "true"}
SOURCE_REF = {"kind": "HelmRepository", "name": "charts"}


@pytest.fixture
def charts(tmp_path):
    folder = tmp_path / "charts"
    folder.mkdir()
    with HelmRepository(folder).serve() as repository:
        yield repository


@pytest.fixture(scope="module")
def registry(tmp_path_factory):
    with running_registry(tmp_path_factory.mktemp("registry")) as registry:
        registry.digests = {version: registry.push("podinfo", version) for version in ("1.0.0", "1.2.0", "2.0.0")}
        yield registry


def release(name, chart_name="podinfo", version="", *, history=(), **spec):
    template = {"chart": {"spec": {"chart": chart_name, "version": version, "sourceRef": SOURCE_REF}}}
    return flux_resource("HelmRelease", name, {**template, **spec}, {"history": list(history)})


def helm_repository(url, **spec):
    return flux_resource("HelmRepository", "charts", {"url": url, **spec})


def referring(name, kind, source, **spec):
    return flux_resource("HelmRelease", name, {"chartRef": {"kind": kind, "name": source}, **spec})


def deployed(version, **fields):
    return {"status": "deployed", "chartName": "podinfo", "chartVersion": version, "version": 1, **fields}


def objects(discovery, name):
    """The objects of an application, as its deployer would apply them."""
    application = discovery.applications[name]
    repository = discovery.bot.ports.repositories[application.repository.key]
    cache = discovery.bot.monitor.manifest_cache
    return [manifest.object for manifest in cache.manifests(repository, repository.fetch(), application.source)]


def declared(discovery, name):
    """The only object of an application."""
    (declared_object,) = objects(discovery, name)
    return declared_object


def version(discovery, name):
    return declared(discovery, name)["metadata"]["labels"]["chart"]


def level(discovery, name):
    return declared(discovery, name)["data"]["level"]


def start(discovery, deployer="flux", **sections):
    discovery.start(deployers=[deployer], **sections)


def test_a_release_of_a_helm_repository_is_compared_with_the_chart_that_is_fetched(discovery, charts):
    charts.add("podinfo", "1.0.0")
    charts.add("podinfo", "2.0.0")
    discovery.flux(
        helm_repository(charts.url),
        release("same", version="1.0.0"),
        release("changed", version="1.0.0", values={"level": "debug"}),
        release("gone", "gone", "1.0.0"),
    )
    for name in ("same", "changed"):
        applied = config_map(f"{name}-podinfo", level="info", **DETECTED)
        applied["metadata"]["labels"] = {"chart": "podinfo-1.0.0"}
        discovery.cluster.apply(applied, namespace="flux-system", manager=FLUX)
    start(discovery)
    checks = discovery.bot.check()
    assert checks["same"].status is Status.SYNCED, checks["same"].error
    assert (len(checks["same"].revision), checks["same"].chart) == (40, "podinfo 1.0.0")
    assert "same on prod at podinfo 1.0.0: in sync, 1 object\n" in as_text(list(checks.values()))
    assert checks["same"].revision in as_json(list(checks.values())).decode()
    assert '"podinfo 1.0.0"' in discovery.status()
    (drift,) = checks["changed"].drift
    assert [(str(field.path), field.desired, field.live) for field in drift.fields] == [("data.level", "debug", "info")]
    assert f"the chart gone 1.0.0 from {charts.host}: it does not have this chart." in str(checks["gone"].error)
    requests = len(charts.requests)
    discovery.bot.restart()
    discovery.bot.discover()
    assert discovery.bot.check("same")["same"].status is Status.SYNCED
    assert len(charts.requests) == requests


def test_a_range_is_the_version_that_is_deployed_and_else_the_newest(discovery, charts, registry):
    for number in ("1.0.0", "1.2.0", "1.10.0", "2.0.0", "3.0.0-rc.1"):
        charts.add("podinfo", number)
    oci = flux_resource("HelmRepository", "oci", {"url": registry.url, "type": "oci"})
    in_registry = {"chart": "podinfo", "version": "1.x", "sourceRef": {"kind": "HelmRepository", "name": "oci"}}
    discovery.flux(
        helm_repository(charts.url),
        oci,
        release("newest", version="1.x"),
        release("any"),
        release("pinned", version="1.x", history=[deployed("1.2.0")]),
        release("failed", version="1.x", history=[deployed("1.0.0", status="failed"), deployed("1.2.0")]),
        release("moved", version="2.x", history=[deployed("1.2.0")]),
        release("registry", chart={"spec": in_registry}),
    )
    start(discovery)
    assert {name: version(discovery, name).removeprefix("podinfo-") for name in discovery.applications} == {
        "newest": "1.10.0",
        "any": "2.0.0",
        "pinned": "1.2.0",
        "failed": "1.2.0",
        "moved": "2.0.0",
        "registry": "1.2.0",
    }


def test_an_oci_repository_is_a_chart_at_the_digest_that_flux_has_fetched(discovery, charts, registry):
    charts.add("podinfo", "1.0.0")
    url, digests = f"{registry.url}/podinfo", registry.digests

    def oci(name, ref, revision=""):
        status = {"artifact": {"revision": revision}} if revision else {}
        return flux_resource("OCIRepository", name, {"url": url, "ref": ref}, status)

    discovery.flux(
        helm_repository(charts.url),
        flux_resource("HelmChart", "chart", {"chart": "podinfo", "version": "1.0.0", "sourceRef": SOURCE_REF}),
        oci("tag", {"tag": "1.0.0"}),
        oci("semver", {"semver": ">=1 <3"}),
        oci("fetched", {"semver": ">=1 <3"}, f"1.2.0@sha256:{digests['1.2.0']}"),
        oci("digest", {"digest": f"sha256:{digests['2.0.0']}"}),
        referring("release-tag", "OCIRepository", "tag"),
        referring("release-semver", "OCIRepository", "semver"),
        referring("release-fetched", "OCIRepository", "fetched"),
        referring("release-digest", "OCIRepository", "digest"),
        referring("release-chart", "HelmChart", "chart"),
        referring("release-gone", "OCIRepository", "gone"),
    )
    start(discovery)
    assert {name: version(discovery, name).removeprefix("podinfo-") for name in discovery.applications} == {
        "release-tag": f"1.0.0_{digests['1.0.0'][:12]}",
        "release-semver": f"2.0.0_{digests['2.0.0'][:12]}",
        "release-fetched": f"1.2.0_{digests['1.2.0'][:12]}",
        "release-digest": f"2.0.0_{digests['2.0.0'][:12]}",
        "release-chart": "1.0.0",
    }
    assert "the OCIRepository flux-system/gone does not exist" in discovery.status()


def test_values_and_post_renderers_are_those_of_flux(discovery, charts):
    charts.add("podinfo", content=package("podinfo", files={"prod.yaml": "level: prod\n"}))
    values = {"values.yaml": "level: from-config-map\n", "level": "'7'", "text": "a=b,c={d}"}
    discovery.cluster.apply(config_map("values", **values), namespace="flux-system", manager="kubectl")

    def from_config_map(key, **reference):
        return {"kind": "ConfigMap", "name": "values", "valuesKey": key, **reference}

    patch = '[{"op": "replace", "path": "/data/level", "value": "patched"}]'
    discovery.flux(
        helm_repository(charts.url),
        release("one", valuesFrom=[from_config_map("values.yaml")]),
        release("inline", valuesFrom=[from_config_map("values.yaml")], values={"level": "inline"}),
        release("target", valuesFrom=[from_config_map("level", targetPath="level")]),
        release("literal", valuesFrom=[from_config_map("text", targetPath="level", literal=True)]),
        release("optional", valuesFrom=[from_config_map("none", optional=True)]),
        release("bad", valuesFrom=[from_config_map("level", targetPath="a..b")]),
        release("secret", valuesFrom=[{"kind": "Secret", "name": "tokens"}]),
        release("file", chart={"spec": {"chart": "podinfo", "valuesFiles": ["prod.yaml"], "sourceRef": SOURCE_REF}}),
        release(
            "patched",
            postRenderers=[{"kustomize": {"patches": [{"patch": patch, "target": {"kind": "ConfigMap"}}]}}],
            commonMetadata={"labels": {"team": "web"}},
            releaseName="renamed",
            targetNamespace="web",
        ),
    )
    start(discovery)
    names = ("one", "inline", "target", "literal", "optional", "file", "patched")
    assert sorted(discovery.applications) == sorted(names)
    assert {name: level(discovery, name) for name in names} == {
        "one": "from-config-map",
        "inline": "inline",
        "target": "7",
        "literal": "a=b,c={d}",
        "optional": "info",
        "file": "prod",
        "patched": "patched",
    }
    metadata = declared(discovery, "patched")["metadata"]
    assert (metadata["name"], metadata["labels"]["team"]) == ("renamed-podinfo", "web")
    assert discovery.applications["patched"].namespace == "web"
    answer = discovery.status()
    assert "the targetPath a..b in valuesFrom is not a path that Helm accepts" in answer
    assert "the Secret flux-system/tokens does not exist" in answer


def test_flux_changes_no_object_in_crds(discovery, charts):
    crd = as_yaml({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {}})
    crds = "---\n".join(crd.replace("{}", f"{{name: {name}.example.com}}") for name in "ab")
    templates = {"templates/crds/c.yaml": as_yaml(config_map("in-template"))}
    charts.add("podinfo", content=package("podinfo", files={"crds/all.yaml": crds, **templates}))
    patch = '[{"op": "add", "path": "/metadata/annotations", "value": {"patched": "yes"}}]'
    renderers = [{"kustomize": {"patches": [{"patch": patch, "target": {"name": ".*"}}]}}]
    metadata = {"labels": {"team": "web"}}
    discovery.flux(
        helm_repository(charts.url),
        release("plain", commonMetadata=metadata),
        release("patched", commonMetadata=metadata, postRenderers=renderers),
    )
    start(discovery)
    for name, annotations in (("plain", None), ("patched", {"patched": "yes"})):
        changed = {each["metadata"]["name"]: each["metadata"] for each in objects(discovery, name)}
        assert [changed.pop(f"{crd}.example.com").keys() for crd in "ab"] == [{"name"}, {"name"}]
        assert sorted(changed) == ["in-template", f"{name}-podinfo"]
        for each in changed.values():
            assert (each["labels"]["team"], each.get("annotations")) == ("web", annotations)


def test_values_from_many_or_large_config_maps_are_refused(discovery, charts, monkeypatch):
    charts.add("podinfo", content=package("podinfo"))
    apply = partial(discovery.cluster.apply, namespace="flux-system", manager="kubectl")
    for name in ("small", "unused"):
        apply(config_map(name, **{"values.yaml": "level: small\n", "more": "x" * 100_000}))
    apply(config_map("nodes", **{"values.yaml": f"a: [{'1, ' * 200_000}]\n"}))
    invalid = {"list": "- a\n", "text": "just text", "number": "5", "second": "- a\n---\nlevel: small\n"}
    for name, text in invalid.items():
        apply(config_map(name, **{"values.yaml": text}))

    def values_from(*names):
        return [{"kind": "ConfigMap", "name": name} for name in names]

    index = {"kind": "ConfigMap", "name": "small", "targetPath": "a[65536]"}
    discovery.flux(
        helm_repository(charts.url),
        release("one", valuesFrom=values_from("small")),
        release("many", valuesFrom=values_from(*["small"] * 51)),
        release("deep", valuesFrom=[{**index, "targetPath": f"a{number}[65536]"} for number in range(50)]),
        release("nodes", valuesFrom=values_from("nodes", "nodes")),
        *(release(name, valuesFrom=values_from(name)) for name in invalid),
    )
    monkeypatch.setattr(bounds, "KEPT_BYTES", 1_000_000)
    start(discovery)
    assert list(discovery.applications) == ["one"]
    answer = discovery.status()
    assert "valuesFrom has more than 50 entries" in answer
    assert "the targetPath a15[65536] in valuesFrom is not a path that Helm accepts" in answer
    assert all(f"the values in {name} are not a valid YAML mapping" in answer for name in ("nodes", *invalid))
    monkeypatch.setattr(bounds, "KEPT_BYTES", 50_000)
    discovery.bot.discover()
    assert "larger than 0 MiB" in discovery.status()


def test_values_of_secrets_are_used_only_where_the_bot_may_read_them_and_shown_nowhere(discovery, charts):
    secret = "level: s3cret-value\nname: s3cret-name\n"
    files = {
        "templates/plain.yaml": as_yaml(config_map("plain")),
        "templates/named.yaml": "{apiVersion: v1, kind: ConfigMap, metadata: {name: '{{ .Values.name }}'}}\n",
    }
    charts.add("podinfo", content=package("podinfo", files=files))
    data = {"values.yaml": base64.b64encode(secret.encode()).decode()}
    tokens = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "tokens"}, "data": data}
    discovery.cluster.apply(tokens, namespace="flux-system", manager="kubectl")
    discovery.flux(helm_repository(charts.url), release("one", valuesFrom=[{"kind": "Secret", "name": "tokens"}]))
    start(discovery)
    result = discovery.bot.check()["one"]
    assert [drift.name for drift in result.drift] == ["plain"]
    assert result.status is Status.UNKNOWN
    assert "ConfigMap one-podinfo not checked: the content depends on values from a Secret" in str(result.error)
    assert "whether they exist depends on values from a Secret" in str(result.error)
    assert "s3cret" not in repr((result, discovery.applications["one"])) + discovery.status()
    discovery.cluster.fail("/api/v1/namespaces/*/secrets", 403)
    start(discovery)
    refused = "the Secret flux-system/tokens, which the bot is not allowed to read. Grant the bot “get” and “list”"
    assert refused in discovery.status()


def test_charts_come_only_from_allowed_hosts(discovery, charts):
    charts.add("podinfo")
    discovery.flux(helm_repository(charts.url), release("one"), release("two"))
    start(discovery, charts={"allow": ["*.example.com"]})
    assert list(discovery.applications) == []
    assert f"charts from {charts.host} are not allowed. Allow the host under charts.allow." in discovery.status()
    assert charts.requests == []
    start(discovery, charts={"allow": ["127.0.0.1"]})
    assert sorted(discovery.applications) == ["one", "two"]


def test_a_host_is_allowed_only_as_long_as_a_resource_names_it(discovery, charts):
    charts.add("podinfo")
    discovery.flux(helm_repository(charts.url), release("one"), release("two"))
    start(discovery)
    for name, is_allowed in (("one", True), ("two", False)):
        discovery.cluster.delete(release(name), "flux-system")
        discovery.bot.discover()
        assert discovery.bot.ports.charts.is_allowed(charts.host) is is_allowed


def test_argo_cd_renders_charts_with_values_files_in_git(discovery, charts, registry):
    charts.add("podinfo", "1.0.0")
    charts.add("podinfo", "1.1.0")
    discovery.source.commit("Values", {"prod/podinfo.yaml": "level: prod\n", "prod/more.yaml": "level: more\n"})
    chart = {"repoURL": charts.url, "chart": "podinfo", "targetRevision": "1.x"}
    files = {"valueFiles": ["$values/prod/podinfo.yaml", "$values/prod/more.yaml"]}
    values = {"repoURL": discovery.url, "targetRevision": "main", "ref": "values"}
    discovery.argo(
        argo_application("newest", "", source={**chart, "helm": {"valuesObject": {"level": "inline"}}}),
        argo_application("pinned", "", source=chart, status={"sync": {"status": "Synced", "revision": "1.0.0"}}),
        argo_application("git", "", source=None, sources=[{**chart, "helm": files}, values]),
        argo_application("oci", "", source={**chart, "repoURL": f"{registry.host}/charts"}),
        argo_application("native", "", source={"repoURL": f"{registry.url}/podinfo", "targetRevision": "2.0.0"}),
    )
    start(discovery, "argocd")
    assert {name: (version(discovery, name), level(discovery, name)) for name in discovery.applications} == {
        "newest": ("podinfo-1.1.0", "inline"),
        "pinned": ("podinfo-1.0.0", "info"),
        "git": ("podinfo-1.1.0", "more"),
        "oci": ("podinfo-1.2.0", "info"),
        "native": ("podinfo-2.0.0", "info"),
    }
    git = discovery.applications["git"]
    assert (git.repository.key, git.path) == ("platform", "prod/podinfo.yaml")
    discovery.source.commit("More", {"prod/more.yaml": "level: changed\n"})
    assert level(discovery, "git") == "changed"


def test_the_dependencies_of_a_chart_in_git_are_fetched_in_their_locked_versions(
    discovery, charts, registry, monkeypatch
):
    for number in ("1.0.0", "1.1.0"):
        charts.add("cache", number)
    dependencies = [
        {"name": "cache", "version": "1.x", "repository": charts.url},
        {"name": "podinfo", "version": "1.x", "repository": registry.url},
        {"name": "local", "version": "*", "repository": "file://../local"},
    ]
    locked = [{**dependency, "version": "1.0.0"} for dependency in dependencies]
    local = as_yaml({"apiVersion": "v2", "name": "local", "version": "1.0.0"})
    discovery.source.commit(
        "Umbrella",
        {
            "charts/web/Chart.yaml": as_yaml(
                {"apiVersion": "v2", "name": "web", "version": "1.0.0", "dependencies": dependencies}
            ),
            "charts/web/Chart.lock": as_yaml({"dependencies": locked}),
            "charts/local/Chart.yaml": local,
            "charts/local/templates/one.yaml": as_yaml(config_map("local")),
        },
    )
    chart = {"chart": "charts/web", "sourceRef": {"kind": "GitRepository", "name": "platform"}}
    discovery.flux(git_repository(discovery.url), flux_resource("HelmRelease", "web", {"chart": {"spec": chart}}))
    start(discovery, charts={"allow": [charts.host]})
    assert f"from {registry.host}: charts from this host are not allowed" in str(discovery.bot.check()["web"].error)
    start(discovery, charts={"allow": ["127.0.0.1"]})
    with monkeypatch.context() as bounded:
        bounded.setattr("bot.handlers.rendering.charts.MAX_DEPENDENCIES", 1)
        assert "charts/web/Chart.yaml:" in str(discovery.bot.check()["web"].error)
    start(discovery, charts={"allow": ["127.0.0.1"]})  # a failure is remembered
    versions = {each["metadata"]["name"]: each["metadata"].get("labels") for each in objects(discovery, "web")}
    assert versions == {"local": None, "web-cache": {"chart": "cache-1.0.0"}, "web-podinfo": {"chart": "podinfo-1.0.0"}}


def test_a_lock_file_that_is_out_of_sync_is_rejected_as_argo_cd_does_and_flux_does_not(discovery, charts):
    charts.add("cache")
    dependencies = [{"name": "cache", "version": "1.0.0", "repository": charts.url}]
    chart = {"apiVersion": "v2", "name": "web", "version": "1.0.0", "dependencies": dependencies}
    lock = as_yaml({"dependencies": dependencies, "digest": f"sha256:{'0' * 64}"})
    discovery.source.commit("Umbrella", {"charts/web/Chart.yaml": as_yaml(chart), "charts/web/Chart.lock": lock})
    discovery.argo(argo_application("argo", discovery.url, "charts/web"))
    source = {"chart": "charts/web", "sourceRef": {"kind": "GitRepository", "name": "platform"}}
    discovery.flux(git_repository(discovery.url), flux_resource("HelmRelease", "flux", {"chart": {"spec": source}}))
    discovery.start(deployers=["argocd", "flux"], charts={"allow": [charts.host]})
    checks = discovery.bot.check()
    assert str(checks["argo"].error).startswith("charts/web/Chart.lock:1: The lock file is out of sync")
    assert checks["flux"].error is None


def test_a_chart_in_a_kustomization_of_argo_cd_is_fetched_and_gets_the_versions_of_the_cluster(discovery, charts):
    charts.add("web")
    chart = {"name": "web", "repo": charts.url, "version": "1.0.0", "releaseName": "a"}
    discovery.source.commit("Kustomization", {"apps/web/kustomization.yaml": as_yaml({"helmCharts": [chart]})})
    discovery.argo(argo_application("web", discovery.url, "apps/web"))
    start(discovery, "argocd")
    assert "charts from this host are not allowed" in str(discovery.bot.check()["web"].error)
    start(discovery, "argocd", charts={"allow": [charts.host]})
    assert discovery.bot.check()["web"].error is None
    assert declared(discovery, "web")["data"] == {"level": "info", **DETECTED}


def test_a_chart_gets_the_versions_of_the_cluster_that_it_is_deployed_to(discovery, charts):
    """Also if only another cluster has Argo CD. What is unknown now is as it was; at first, so is the application."""
    charts.add("web")
    chart = {"repoURL": charts.url, "chart": "web", "targetRevision": "1.0.0"}
    far = {"name": "far", "namespace": "shop"}
    discovery.source.commit("Plain", {"apps/plain/settings.yaml": as_yaml(config_map())})
    discovery.argo(
        argo_application("web", "", source=chart, destination=far),
        argo_application("plain", discovery.url, "apps/plain", destination=far),
    )
    with running_cluster() as cluster:
        serve_deployers(cluster)
        cluster.fail("/version", 403)
        kubeconfig = cluster.kubeconfig(discovery.bot.folder / "far.kubeconfig")
        start(discovery, "argocd", clusters={"far": {"kubeconfig": str(kubeconfig)}, "prod": {"discover": ["argocd"]}})
        checks = discovery.bot.check()
        assert checks["plain"].error is None
        assert "Make sure that the bot can read /version and /apis there." in str(checks["web"].error)
        cluster.recover()
        discovery.bot.discover()
        assert declared(discovery, "web")["data"] == {"level": "info", **DETECTED}
        cluster.api.break_version(FLUX_KINDS["HelmRelease"].api_version)
        discovery.bot.discover()
        cluster.fail("/version", 503)
        discovery.bot.discover()
        assert declared(discovery, "web")["data"] == {"level": "info", **DETECTED}


def test_templates_see_an_upgrade_once_flux_has_upgraded_the_release(discovery, charts):
    template = "{{ .Release.IsUpgrade }} {{ .Release.IsInstall }}"
    config = {"templates/config.yaml": as_yaml(config_map("podinfo", released=template))}
    charts.add("podinfo", "1.0.0", package("podinfo", files=config))
    for revision, released in ((1, "false true"), (2, "true false")):
        release_ = release("web", version="1.0.0", history=[{**deployed("1.0.0"), "version": revision}])
        discovery.flux(helm_repository(charts.url), release_)
        start(discovery)
        assert declared(discovery, "web")["data"] == {"released": released}


def test_a_registry_gets_the_credential_of_its_own_host(discovery, tmp_path, tmp_path_factory, monkeypatch):
    with running_registry(tmp_path_factory.mktemp("private"), login=True) as registry:
        registry.push("podinfo")
        discovery.flux(helm_repository(registry.url, type="oci"), release("one", version="1.0.0"))
        start(discovery)
        assert f"requires a credential. Add one for {registry.host}" in str(discovery.bot.check()["one"].error)
        auth = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        (tmp_path / "config.json").write_text(json.dumps({"auths": {registry.host: {"auth": auth}}}))
        monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
        discovery.bot.restart()
        discovery.bot.discover()
        assert version(discovery, "one") == "podinfo-1.0.0"


def test_doctor_counts_the_charts_that_can_be_fetched_from_each_host(discovery, charts):
    charts.add("podinfo")
    discovery.flux(helm_repository(charts.url), release("one"), release("two", "gone"))
    start(discovery)
    probes = {probe.what: probe for probe in doctor_probes(discovery.bot.config)}
    probe = probes[f"charts from {charts.host}: 1 of 2 can be fetched"]
    assert not probe.ok
    assert "it does not have this chart" in str(probe.remedy)

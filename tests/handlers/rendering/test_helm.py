"""Helm charts at a commit, by whatever Helm there is: a helm on PATH, and the SDK."""

import io
import shutil
import tarfile

import pytest

from bot.adapters.rendering.programs import Programs, sdk_command
from bot.core.rendering.source import HelmParameters, Source, SourceType
from bot.handlers.rendering.manifest_cache import ManifestCache
from bot.ports.rendering import RenderError

HELMS = {
    name: command for name, command in (("sdk", sdk_command()), ("helm", (shutil.which("helm") or "",))) if any(command)
}

CHART = {
    "app/Chart.yaml": """\
apiVersion: v2
name: shop
version: 1.2.3
appVersion: "7.8.9"
dependencies:
  - {name: cache, version: 1.0.0, condition: cache.enabled}
  - {name: metrics, version: 1.0.0, tags: [observability]}
  - {name: cache, version: 1.0.0, alias: sessions}
""",
    "app/values.yaml": """\
replicas: 1
level: info
list: [a, b, c]
nested: {keep: true, drop: true}
extra: false
tags: {observability: false}
cache: {enabled: true, size: 1}
sessions: {size: 2}
""",
    "app/templates/_helpers.tpl": '{{ define "shop.name" }}{{ .Release.Name }}-{{ .Chart.Name }}{{ end }}',
    "app/templates/NOTES.txt": "Thank you for {{ .Release.Name }}",
    "app/templates/config.yaml": """\
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ include "shop.name" . }}
  namespace: {{ .Release.Namespace }}
data:
  values: {{ pick .Values "replicas" "level" "list" "nested" | toJson | quote }}
  kubernetes: {{ .Capabilities.KubeVersion.Version }}
  monitoring: {{ .Capabilities.APIVersions.Has "monitoring.coreos.com/v1" | quote }}
  release: "{{ .Release.Service }} {{ .Release.Revision }} {{ .Release.IsInstall }} {{ .Chart.AppVersion }}"
  file: {{ .Files.Get "files/motd.txt" | quote }}
  looked: {{ lookup "v1" "Secret" "default" "x" | toJson | quote }}
{{- if .Values.extra }}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: extra}
{{- end }}
""",
    "app/templates/hook.yaml": "apiVersion: batch/v1\nkind: Job\nmetadata: {name: migrate, annotations: "
    '{"helm.sh/hook": pre-install}}\n',
    "app/templates/empty.yaml": "{{ if false }}nothing{{ end }}",
    "app/files/motd.txt": "hello",
    "app/crds/rockets.yaml": "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\n"
    "metadata: {name: rockets.example.org}\n",
    **{
        f"app/charts/{name}/{file}": text
        for name in ("cache", "metrics")
        for file, text in {
            "Chart.yaml": f"apiVersion: v2\nname: {name}\nversion: 1.0.0\n",
            "templates/config.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: {{ .Chart.Name }}}\n"
            "data: {size: {{ .Values.size | quote }}}\n",
        }.items()
    },
}


@pytest.fixture(params=HELMS)
def desk(request, desk):
    programs = Programs(kustomize_command=desk.programs.kustomize_command, helm_command=HELMS[request.param])
    desk.programs, desk.rendered = programs, ManifestCache(programs)
    return desk


def chart(path="app", release="shop", namespace="shop", **parameters):
    return Source(path, SourceType.HELM, HelmParameters(release, namespace, **parameters))


def rendered(desk, source):
    return {(each.kind, each.name): each.object for each in desk.render(source)}


def test_a_chart_with_its_dependencies_hooks_and_definitions(desk):
    desk.commit(CHART)
    found = rendered(desk, chart())
    assert set(found) == {
        ("ConfigMap", "shop-shop"),
        ("ConfigMap", "cache"),
        ("ConfigMap", "sessions"),
        ("CustomResourceDefinition", "rockets.example.org"),
        ("Job", "migrate"),
    }
    data = found["ConfigMap", "shop-shop"]["data"]
    assert data.pop("kubernetes").startswith("v1.")
    assert data == {
        "values": '{"level":"info","list":["a","b","c"],"nested":{"drop":true,"keep":true},"replicas":1}',
        "monitoring": "false",
        "release": "Helm 1 true 7.8.9",
        "file": "hello",
        "looked": "{}",
    }
    assert [found["ConfigMap", name]["data"]["size"] for name in ("cache", "sessions")] == ["1", "2"]


def test_a_chart_is_known_by_its_file(desk):
    desk.commit(CHART)
    source = Source("app", helm=HelmParameters(release_name="shop"))
    assert ("ConfigMap", "shop-shop") in rendered(desk, source)


@pytest.mark.parametrize(
    ("parameters", "values"),
    [
        ({"values_files": ("values-prod.yaml",)}, '{"level":"warn","list":["z"],"nested":{"keep":true},"replicas":3}'),
        (
            {"values_files": ("values-prod.yaml", "../shared/values.yaml")},
            '{"level":"debug","list":["z"],"nested":{"keep":true},"replicas":3}',
        ),
        (
            {"values_files": ("/shared/values.yaml", "values-prod.yaml")},
            '{"level":"warn","list":["z"],"nested":{"keep":true},"replicas":3}',
        ),
        (
            {"values_files": ("values-prod.yaml",), "inline_values": "level: inline\n"},
            '{"level":"inline","list":["z"],"nested":{"keep":true},"replicas":3}',
        ),
        (
            {
                "values_files": ("values-prod.yaml",),
                "inline_values": "level: inline\n",
                "set": (("level", "a,b"), ("replicas", "5")),
            },
            '{"level":"a,b","list":["z"],"nested":{"keep":true},"replicas":5}',
        ),
        (
            {"set": (("replicas", "5"), ("level", "null")), "set_string": (("replicas", "7"),)},
            '{"list":["a","b","c"],"nested":{"drop":true,"keep":true},"replicas":"7"}',
        ),
        (
            {"inline_values": "list: [p, q]\n", "set": (("list[1]", "x"), ("nested.drop", "null"))},
            '{"level":"info","list":["p","x"],"nested":{"keep":true},"replicas":1}',
        ),
        (
            {"inline_values": "list: [p, q]\n", "set": (("list", "{x}"), ("level", "1e3"))},
            '{"level":"1e3","list":["x"],"nested":{"drop":true,"keep":true},"replicas":1}',
        ),
    ],
)
def test_values_go_over_each_other_as_with_helm(desk, parameters, values):
    prod = "level: warn\nreplicas: 3\nlist: [z]\nnested: {drop: null}\n"
    desk.commit({**CHART, "app/values-prod.yaml": prod, "shared/values.yaml": "level: debug\n"})
    assert rendered(desk, chart(**parameters))["ConfigMap", "shop-shop"]["data"]["values"] == values


def test_what_a_deployer_says_of_the_release_and_the_cluster(desk):
    desk.commit(CHART)
    source = chart(
        release="other",
        namespace="there",
        api_versions=("monitoring.coreos.com/v1",),
        kube_version="1.27.3",
        include_crds=False,
        set=(("cache.enabled", "false"), ("tags.observability", "true"), ("extra", "true")),
    )
    found = rendered(desk, source)
    names = {name for _, name in found}
    assert names == {"other-shop", "metrics", "sessions", "extra", "migrate"}
    made = found["ConfigMap", "other-shop"]
    assert made["metadata"]["namespace"] == "there"
    assert (made["data"]["kubernetes"], made["data"]["monitoring"]) == ("v1.27.3", "true")


def archive(name):
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        for file in ("Chart.yaml", "templates/config.yaml"):
            content = CHART[f"app/charts/cache/{file}"].encode()
            entry = tarfile.TarInfo(f"{name}/{file}")
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return packed.getvalue()


@pytest.mark.parametrize("where", ["archive", "folder", "repository"])
def test_a_dependency_that_is_in_git_is_used_however_it_lies_there(desk, where):
    dependency = "{name: cache, version: 1.0.0, repository: 'REPO'}"
    files = {"app/Chart.yaml": f"apiVersion: v2\nname: shop\nversion: 1.0.0\ndependencies: [{dependency}]\n"}
    charts = {file.removeprefix("app/charts/"): text for file, text in CHART.items() if "charts/cache" in file}
    if where == "archive":
        files["app/charts/cache-1.0.0.tgz"] = archive("cache")
    else:
        home = "app/charts" if where == "folder" else "library"
        files |= {f"{home}/{file}": text for file, text in charts.items()}
    repository = "file://../library/cache" if where == "repository" else "https://charts.example.org"
    files["app/Chart.yaml"] = files["app/Chart.yaml"].replace("REPO", repository)
    desk.commit(files)
    assert set(rendered(desk, chart())) == {("ConfigMap", "cache")}


def test_only_a_change_of_something_it_needs_is_rendered_again(desk):
    source = chart(values_files=("../shared/values.yaml",))
    first = desk.render(source, desk.commit({**CHART, "shared/values.yaml": "level: warn\n"}))
    assert desk.render(source, desk.commit({"shared/other.yaml": "level: x\n"})) is first
    assert desk.render(source, desk.commit({"shared/values.yaml": "level: debug\n"})) != first
    assert desk.render(chart(), desk.repository.head()) != first


def test_a_chart_inside_a_kustomization(desk):
    files = {file.replace("app/", "kustomized/charts/shop/", 1): text for file, text in CHART.items()}
    files["kustomized/kustomization.yaml"] = """\
namePrefix: prod-
helmCharts:
  - {name: shop, releaseName: shop, namespace: shop, includeCRDs: true, valuesInline: {level: inline}}
"""
    desk.commit(files)
    made = rendered(desk, Source("kustomized"))["ConfigMap", "prod-shop-shop"]
    assert '"level":"inline"' in made["data"]["values"]


# ---------------------------------------------------------------- what comes out differently each time


@pytest.mark.parametrize(
    "value", ["{{ randAlphaNum 20 }}", "{{ now | unixEpoch }}{{ uuidv4 }}", "{{ (genCA `a` 9).Cert | b64enc }}"]
)
def test_what_differs_each_time_is_found_and_said_and_the_rest_compared(desk, value):
    secret = f"apiVersion: v1\nkind: Secret\nmetadata: {{name: login}}\nstringData: {{password: '{value}'}}\n"
    hook = f"apiVersion: v1\nkind: Pod\nmetadata: {{name: t, annotations: {{'helm.sh/hook': test, a: '{value}'}}}}\n"
    desk.commit({**CHART, "app/templates/secret.yaml": secret, "app/templates/test.yaml": hook})
    made = desk.rendered.rendering(desk.repository, desk.repository.head(), chart())
    assert made.varying.startswith("Secret login not checked: rendering twice gave different results")
    assert {each.name for each in made.manifests} >= {"shop-shop", "t"}
    assert "login" not in {each.name for each in made.manifests}


@pytest.mark.parametrize("parameters", [{"set": (("a", "x{{ uuidv4 }}"),)}, {"inline_values": "a: '{{ uuidv4 }}'"}])
def test_a_template_in_a_value_can_differ_too(desk, parameters):
    text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {a: {{ tpl .Values.a . }}}\n"
    desk.commit({**CHART, "app/templates/told.yaml": text})
    made = desk.rendered.rendering(desk.repository, desk.repository.head(), chart(**parameters))
    assert made.varying.startswith("ConfigMap a not checked")


def test_what_could_differ_and_does_not_is_compared(desk):
    text = (
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {a: '{{ .Values.a | default (randAlpha 9) }}'}\n"
    )
    desk.commit({**CHART, "app/templates/random.yaml": text})
    made = desk.rendered.rendering(desk.repository, desk.repository.head(), chart(set=(("a", "fixed"),)))
    assert made.varying == ""
    assert {each.name for each in made.manifests} >= {"shop-shop", "a"}


# ---------------------------------------------------------------- hostile and broken charts


@pytest.mark.parametrize(
    "repository", ["https://user:hunter2@charts.example.org", "oci://charts.example.org/x", "@alias"]
)
def test_a_dependency_that_would_be_fetched_is_refused_before_anything_runs(desk, repository):
    text = f"name: shop\nversion: 1.0.0\ndependencies:\n  - {{name: redis, version: 1.x, repository: '{repository}'}}\n"
    desk.rendered = ManifestCache(None)
    for file in ("Chart.yaml", "requirements.yaml"):
        said = desk.refused({**CHART, "app/Chart.yaml": "name: shop\nversion: 1.0.0\n", f"app/{file}": text}, chart())
        assert said.startswith(f"app/{file}:4: The chart redis would have to be downloaded from ")
        assert "hunter2" not in said


@pytest.mark.parametrize(
    ("path", "word"),
    [
        ("../../../etc/passwd", "points outside the repository"),
        ("../gone.yaml", "gone.yaml is not in the repository"),
        ("gone.yaml", "app/gone.yaml is not in the repository"),
        ("/etc/passwd", "etc/passwd is not in the repository"),
        ("https://example.org/values.yaml", "app/https:/example.org/values.yaml is not in the repository"),
    ],
)
def test_a_values_file_that_is_not_in_the_repository_is_refused(desk, path, word):
    desk.rendered = ManifestCache(None)
    assert word in desk.refused(CHART, chart(values_files=(path,)))


def test_a_file_url_out_of_the_repository_is_refused(desk):
    text = "name: shop\nversion: 1.0.0\ndependencies: [{name: x, version: 1.x, repository: 'file://../../../etc'}]\n"
    assert "points outside the repository" in desk.refused({**CHART, "app/Chart.yaml": text}, chart())


def template(text):
    return {**CHART, "app/templates/config.yaml": text}


def test_files_out_of_the_chart_are_not_read(desk, tmp_path):
    (tmp_path / "secret").write_text("stolen")
    text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {a: '{{ .Files.Get `PATH` }}'}\n"
    for path in (str(tmp_path / "secret"), "../../../secret", "../other.txt"):
        desk.commit({**template(text.replace("PATH", path)), "other.txt": "stolen"})
        assert rendered(desk, chart())["ConfigMap", "a"]["data"] == {"a": ""}


def test_a_template_sees_nothing_of_our_environment(desk, monkeypatch):
    monkeypatch.setenv("GITHUB_TOKEN", "hunter2")
    said = desk.refused(template("a: {{ env `GITHUB_TOKEN` }}"), chart(), RenderError)
    assert "hunter2" not in said
    assert "env" in said


def test_a_link_in_a_chart_is_not_followed(desk, tmp_path):
    (tmp_path / "stolen.yaml").write_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: stolen}\n")
    (desk.source.path / "app" / "templates").mkdir(parents=True)
    (desk.source.path / "app" / "templates" / "link.yaml").symlink_to(tmp_path / "stolen.yaml")
    desk.commit(CHART)
    assert ("ConfigMap", "stolen") not in rendered(desk, chart())


@pytest.mark.parametrize(
    "text",
    [
        "{{ range $i, $_ := until 1000000 }}{{ range until 1000000 }}{{ end }}{{ end }}",
        "a: {{ repeat 1000000000 `x` }}",
        "{{ range until 1000000 }}a: {{ repeat 1000 `x` }}\n{{ end }}",
        '{{ define "x" }}{{ include "x" . }}{{ end }}{{ include "x" . }}',
    ],
)
def test_an_endless_template_is_stopped(desk, text):
    limits = type(desk.programs.limits)(seconds=4.0, cpu_seconds=4, memory_bytes=2**29, output_bytes=2**20)
    desk.rendered = ManifestCache(Programs(helm_command=desk.programs.helm_command, limits=limits))
    said = desk.refused(template(text), chart(), RenderError)
    assert said.startswith("helm template app ")


def test_an_archive_that_unpacks_to_too_much_is_stopped(desk):
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        entry = tarfile.TarInfo("bomb/templates/large.yaml")
        entry.size = 400 * 2**20
        tar.addfile(entry, io.BytesIO(bytes(entry.size)))
    said = desk.refused({**CHART, "app/charts/bomb-1.0.0.tgz": packed.getvalue()}, chart(), RenderError)
    assert said.startswith("helm template app ")


@pytest.mark.parametrize(
    "text",
    [
        "{{ fail (printf `bad %s` .Values.password) }}",
        "{{ .Values.password.deeper }}",
        "a: {{ .Values.password | int | required `x` }}{{ index .Values.password `y` }}",
        "a: [{{ .Values.password }}\n",
        "{{ .Values.password | fromYaml | toYaml }}",
    ],
)
def test_no_complaint_shows_a_value(desk, text):
    parameters = {"values_files": ("secret.yaml",), "set": (("token", "hunter3"),)}
    files = {**template(text), "app/secret.yaml": "password: hunter2\n"}
    said = desk.refused(
        {**files, "app/values.schema.json": '{"properties": {"token": {"const": 1}}}'}, chart(**parameters)
    )
    assert "hunter" not in said
    desk.commit({"app/values.schema.json": "{}"})
    try:
        desk.render(chart(**parameters))
    except (RenderError, ValueError) as error:
        assert "hunter" not in str(error)  # noqa: PT017  some of these are no mistake to Helm


def test_a_path_without_a_chart_is_said(desk):
    said = desk.refused({"app/README.md": "no chart"}, chart())
    assert said.startswith("app/Chart.yaml:1: The file does not exist")


def test_without_helm_it_says_what_to_install(desk):
    desk.rendered = ManifestCache(Programs())
    assert "pip install 'gitops-bot[helm]'" in desk.refused(CHART, chart())

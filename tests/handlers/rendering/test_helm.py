"""Helm charts at a commit, by whatever Helm there is: a helm on PATH, and the SDK."""

import io
import json
import re
import shutil
import tarfile

import pytest

from bot.adapters.rendering.disk_cache import CachedRenderer
from bot.adapters.rendering.programs import ProgramRenderer, sdk_command
from bot.core.objects.documents import ManifestError
from bot.core.rendering.chart import renderings_to_compare
from bot.core.rendering.source import HelmParameters, Source, SourceType
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
def rendering(request, rendering):
    kustomize = rendering.programs.kustomize_command
    rendering.use(ProgramRenderer(kustomize_command=kustomize, helm_command=HELMS[request.param]))
    return rendering


def chart(path="app", release="shop", namespace="shop", **parameters):
    return Source(path, SourceType.HELM, HelmParameters(release, namespace, **parameters))


def objects(rendering, source):
    """The rendered objects by kind and name."""
    return {(manifest.kind, manifest.name): manifest.object for manifest in rendering.render(source)}


def test_a_chart_with_its_dependencies_hooks_and_definitions(rendering):
    # Not `metrics`: Helm validates values without those of subcharts that are disabled or have an alias.
    allowed = ("replicas", "level", "list", "nested", "extra", "tags", "cache", "sessions")
    schema = json.dumps({"properties": dict.fromkeys(allowed, True), "additionalProperties": False})
    rendering.commit({**CHART, "app/values.schema.json": schema})
    rendered = objects(rendering, chart())
    assert set(rendered) == {
        ("ConfigMap", "shop-shop"),
        ("ConfigMap", "cache"),
        ("ConfigMap", "sessions"),
        ("CustomResourceDefinition", "rockets.example.org"),
        ("Job", "migrate"),
    }
    data = rendered["ConfigMap", "shop-shop"]["data"]
    assert data.pop("kubernetes").startswith("v1.")
    assert data == {
        "values": '{"level":"info","list":["a","b","c"],"nested":{"drop":true,"keep":true},"replicas":1}',
        "monitoring": "false",
        "release": "Helm 1 true 7.8.9",
        "file": "hello",
        "looked": "{}",
    }
    assert [rendered["ConfigMap", name]["data"]["size"] for name in ("cache", "sessions")] == ["1", "2"]


@pytest.mark.parametrize(
    ("reference", "is_skipped"),
    [
        ('"$ref": "https://schemas.example.org/types.json#/level"', True),
        ('"$ref": "HTTPS://schemas.example.org/"', True),
        ('"$ref": "file:///etc/hostname"', True),
        ('"$ref": "other.json"', True),
        (r'"\u0024ref": "file:///etc/hostname"', True),
        ('"$dynamicRef": "file:///etc/hostname"', True),
        ('"$schema": "file:///etc/hostname"', True),
        (f'"maximum": {"9" * 5_000}, "$ref": "file:///etc/hostname"', True),
        ('"$schema": "http://json-schema.org/draft-07/schema#"', False),
        ('"$ref": "#/definitions/level"', False),
    ],
)
def test_a_schema_that_refers_to_another_document_is_skipped(rendering, reference, is_skipped):
    schema = f'{{"definitions": {{"level": {{}}}}, "properties": {{"level": {{{reference}}}}}, "required": ["x"]}}'
    rendering.commit({**CHART, "app/values.schema.json": schema})
    if is_skipped:
        assert ("ConfigMap", "shop-shop") in objects(rendering, chart())
    else:
        with pytest.raises(RenderError, match="do not match"):
            rendering.render(chart())


def test_a_chart_is_recognized_by_its_file(rendering):
    rendering.commit(CHART)
    source = Source("app", helm=HelmParameters(release_name="shop"))
    assert ("ConfigMap", "shop-shop") in objects(rendering, source)


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
def test_values_override_each_other_as_in_helm(rendering, parameters, values):
    prod = "level: warn\nreplicas: 3\nlist: [z]\nnested: {drop: null}\n"
    rendering.commit({**CHART, "app/values-prod.yaml": prod, "shared/values.yaml": "level: debug\n"})
    assert objects(rendering, chart(**parameters))["ConfigMap", "shop-shop"]["data"]["values"] == values


def test_release_and_capabilities_come_from_the_parameters(rendering):
    rendering.commit(CHART)
    source = chart(
        release="other",
        namespace="there",
        api_versions=("monitoring.coreos.com/v1",),
        kube_version="1.27.3",
        include_crds=False,
        set=(("cache.enabled", "false"), ("tags.observability", "true"), ("extra", "true")),
    )
    rendered = objects(rendering, source)
    names = {name for _, name in rendered}
    assert names == {"other-shop", "metrics", "sessions", "extra", "migrate"}
    config = rendered["ConfigMap", "other-shop"]
    assert config["metadata"]["namespace"] == "there"
    assert (config["data"]["kubernetes"], config["data"]["monitoring"]) == ("v1.27.3", "true")


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
def test_a_dependency_in_git_is_found_in_every_form(rendering, where):
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
    rendering.commit(files)
    assert set(objects(rendering, chart())) == {("ConfigMap", "cache")}


def test_only_a_change_to_a_needed_file_renders_again(rendering):
    source = chart(values_files=("../shared/values.yaml",))
    first = rendering.render(source, rendering.commit({**CHART, "shared/values.yaml": "level: warn\n"}))
    assert rendering.render(source, rendering.commit({"shared/other.yaml": "level: x\n"})) is first
    assert rendering.render(source, rendering.commit({"shared/values.yaml": "level: debug\n"})) != first
    assert rendering.render(chart(), rendering.repository.head()) != first


def test_a_chart_inside_a_kustomization(rendering):
    files = {file.replace("app/", "kustomized/charts/shop/", 1): text for file, text in CHART.items()}
    files["kustomized/kustomization.yaml"] = """\
namePrefix: prod-
helmCharts:
  - {name: shop, releaseName: shop, namespace: shop, includeCRDs: true, valuesInline: {level: inline}}
"""
    rendering.commit(files)
    config = objects(rendering, Source("kustomized"))["ConfigMap", "prod-shop-shop"]
    assert '"level":"inline"' in config["data"]["values"]


# ---------------------------------------------------------------- what comes out differently each time


@pytest.mark.parametrize(
    "value", ["{{ randAlphaNum 20 }}", "{{ now | unixEpoch }}{{ uuidv4 }}", "{{ (genCA `a` 9).Cert | b64enc }}"]
)
def test_objects_that_differ_at_each_rendering_are_left_out_and_named(rendering, value):
    secret = f"apiVersion: v1\nkind: Secret\nmetadata: {{name: login}}\nstringData: {{password: '{value}'}}\n"
    hook = f"apiVersion: v1\nkind: Pod\nmetadata: {{name: t, annotations: {{'helm.sh/hook': test, a: '{value}'}}}}\n"
    rendering.commit({**CHART, "app/templates/secret.yaml": secret, "app/templates/test.yaml": hook})
    result = rendering.cache.rendering(rendering.repository, rendering.repository.head(), chart())
    assert str(*result.unknown).startswith("Secret login not checked: repeated rendering gave different results")
    assert {manifest.name for manifest in result.manifests} >= {"shop-shop", "t"}
    assert "login" not in {manifest.name for manifest in result.manifests}
    assert [(manifest.name, manifest.object) for manifest in result.unknown_objects] == [("login", {})]


@pytest.mark.parametrize("parameters", [{"set": (("a", "x{{ uuidv4 }}"),)}, {"inline_values": "a: '{{ uuidv4 }}'"}])
def test_a_template_in_a_value_can_differ_too(rendering, parameters):
    text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {a: {{ tpl .Values.a . }}}\n"
    rendering.commit({**CHART, "app/templates/told.yaml": text})
    result = rendering.cache.rendering(rendering.repository, rendering.repository.head(), chart(**parameters))
    assert str(*result.unknown).startswith("ConfigMap a not checked")


@pytest.mark.parametrize("has_secret", [False, True])
@pytest.mark.parametrize("function", ["keys", "values"])
def test_keys_in_random_order_differ_too(rendering, function, has_secret):
    text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {a: '{{ %s .Values.hosts | join `,` }}'}\n"
    rendering.commit({**CHART, "app/templates/hosts.yaml": text % function})
    hosts = json.dumps({"hosts": {letter: letter for letter in "abcdefghijklmnopqrstuvwxyz"}})
    source = chart(inline_values=hosts, masked_values=hosts if has_secret else "")
    result = rendering.cache.rendering(rendering.repository, rendering.repository.head(), source)
    assert str(*result.unknown).startswith("ConfigMap a not checked: repeated rendering")
    assert [(manifest.name, manifest.object) for manifest in result.unknown_objects] == [("a", {})]
    assert "shop-shop" in {manifest.name for manifest in result.manifests}


@pytest.mark.parametrize(
    ("template", "renderings"),
    [
        ("{{ range keys .Values.a }}", 4),
        ("{{- $all := keys (default dict .Values.a) | join `,` }}", 4),
        ("{{ first (values $a) }}", 4),
        ("{{ .Values.a | keys | first }}", 4),
        ("{{ .Values.a | keys }}{{ now }}", 4),
        ("{{ now }}", 2),
        ("{{ range keys .Values.a | sortAlpha }}", 1),
        ("{{ (keys (default dict .Values.a)) | sortAlpha }}", 1),
        ("{{ sortAlpha (keys .Values.a) }}", 1),
        ("{{ .Values.a | keys | sortAlpha }}", 1),
        ("{{ if gt (keys .Values.a | len) 1 }}", 1),
        ("{{/* Merges values (if any) with the keys of $a. */}}{{ .Values.keys }}", 1),
        ("first (keys .Values.a)", 1),
    ],
)
def test_how_often_a_chart_is_rendered(template, renderings):
    assert renderings_to_compare([("a.yaml", template.encode())]) == renderings


def test_a_random_function_that_is_not_used_does_no_harm(rendering):
    text = (
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {a: '{{ .Values.a | default (randAlpha 9) }}'}\n"
    )
    rendering.commit({**CHART, "app/templates/random.yaml": text})
    result = rendering.cache.rendering(rendering.repository, rendering.repository.head(), chart(set=(("a", "fixed"),)))
    assert result.unknown == ()
    assert {manifest.name for manifest in result.manifests} >= {"shop-shop", "a"}


def test_each_document_of_a_template_is_trimmed(rendering):
    document = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: %s}\ndata:\n  text: |+\n    a\n\n\n"
    template = f"---\n{document % 'first'}---\n{document % 'second'}\n--- \n"
    rendering.commit({**CHART, "app/templates/two.yaml": template})
    texts = {manifest.name: manifest.object.get("data", {}).get("text") for manifest in rendering.render(chart())}
    assert (texts["first"], texts["second"]) == ("a\n", "a\n")


# ---------------------------------------------------------------- hostile and broken charts


@pytest.mark.parametrize(
    "repository", ["https://user:hunter2@charts.example.org", "oci://charts.example.org/x", "@alias"]
)
def test_a_remote_dependency_is_refused(rendering, repository):
    text = f"name: shop\nversion: 1.0.0\ndependencies:\n  - {{name: redis, version: 1.x, repository: '{repository}'}}\n"
    others = {
        "charts/redis-crds/Chart.yaml": "name: redis-crds\nversion: 1.0.0\n",
        "charts/redis-ha-1.0.0.tgz": "",
    }
    rendering.use(None)
    for file in ("Chart.yaml", "requirements.yaml"):
        files = {"Chart.yaml": "name: shop\nversion: 1.0.0\n", **others, file: text}
        message = rendering.error(CHART | {f"app/{name}": content for name, content in files.items()}, chart())
        assert message.startswith(f"app/{file}:4: The chart redis would have to be downloaded from ")
        assert "hunter2" not in message


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
def test_a_values_file_that_is_not_in_the_repository_is_refused(rendering, path, word):
    rendering.use(None)
    assert word in rendering.error(CHART, chart(values_files=(path,)))


def test_a_file_url_out_of_the_repository_is_refused(rendering):
    text = "name: shop\nversion: 1.0.0\ndependencies: [{name: x, version: 1.x, repository: 'file://../../../etc'}]\n"
    assert "points outside the repository" in rendering.error({**CHART, "app/Chart.yaml": text}, chart())


def template(text):
    return {**CHART, "app/templates/config.yaml": text}


def test_files_outside_the_chart_are_not_read(rendering, tmp_path):
    (tmp_path / "secret").write_text("stolen")
    text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {a: '{{ .Files.Get `PATH` }}'}\n"
    for path in (str(tmp_path / "secret"), "../../../secret", "../other.txt"):
        rendering.commit({**template(text.replace("PATH", path)), "other.txt": "stolen"})
        assert objects(rendering, chart())["ConfigMap", "a"]["data"] == {"a": ""}


def test_a_template_cannot_read_the_environment(rendering, monkeypatch):
    monkeypatch.setenv("GITHUB_TOKEN", "hunter2")
    message = rendering.error(template("a: {{ env `GITHUB_TOKEN` }}"), chart(), RenderError)
    assert "app/templates/config.yaml:1: a template calls a function that does not exist" in message


@pytest.mark.parametrize(
    ("supported", "is_supported"),
    [(">=1.30", True), ("1.33.x || 1.35.x", True), (">=1.34", False), ("<1.33.0", False), ("any", False)],
)
def test_a_chart_for_other_kubernetes_versions_is_refused(rendering, supported, is_supported):
    files = {**CHART, "app/Chart.yaml": f"{CHART['app/Chart.yaml']}kubeVersion: '{supported}'\n"}
    if is_supported:
        rendering.commit(files)
        assert ("ConfigMap", "shop-shop") in objects(rendering, chart(kube_version="1.33.0"))
    else:
        message = rendering.error(files, chart(kube_version="1.33.0"), RenderError)
        assert "the chart does not support this Kubernetes version. Set kube_version." in message


def test_a_release_name_that_is_not_valid_says_what_is(rendering):
    message = rendering.error(CHART, chart(release="my_chart"), RenderError)
    assert "lowercase letters, digits, '-' and '.'. By default, it is the name of the application or" in message


def test_a_link_out_of_the_repository_is_refused(rendering, tmp_path):
    (tmp_path / "stolen.yaml").write_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: stolen}\n")
    (rendering.source.path / "app" / "templates").mkdir(parents=True)
    (rendering.source.path / "app" / "templates" / "link.yaml").symlink_to(tmp_path / "stolen.yaml")
    rendering.commit(CHART)
    with pytest.raises(ManifestError, match=r"^app/templates/link\.yaml:1: This symbolic link does not lead to a file"):
        objects(rendering, chart())


@pytest.mark.parametrize(
    "text",
    [
        "{{ range $i, $_ := until 1000000 }}{{ range until 1000000 }}{{ end }}{{ end }}",
        "a: {{ repeat 1000000000 `x` }}",
        "{{ range until 1000000 }}a: {{ repeat 1000 `x` }}\n{{ end }}",
        '{{ define "x" }}{{ include "x" . }}{{ end }}{{ include "x" . }}',
    ],
)
def test_an_endless_template_is_stopped(rendering, text):
    limits = type(rendering.programs.limits)(seconds=2.0, cpu_seconds=1, memory_bytes=2**29, output_bytes=2**20)
    rendering.use(ProgramRenderer(helm_command=rendering.programs.helm_command, limits=limits))
    message = rendering.error(template(text), chart(), RenderError)
    assert message.startswith("helm template app ")


def test_an_archive_that_unpacks_to_too_much_is_stopped(rendering):
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        entry = tarfile.TarInfo("bomb/templates/large.yaml")
        entry.size = 400 * 2**20
        tar.addfile(entry, io.BytesIO(bytes(entry.size)))
    message = rendering.error({**CHART, "app/charts/bomb-1.0.0.tgz": packed.getvalue()}, chart(), RenderError)
    assert message.startswith("helm template app ")


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
def test_no_error_shows_a_value(rendering, text):
    parameters = {"values_files": ("secret.yaml",), "set": (("token", "hunter3"),)}
    files = {**template(text), "app/secret.yaml": "password: hunter2\n"}
    message = rendering.error(
        {**files, "app/values.schema.json": '{"properties": {"token": {"const": 1}}}'}, chart(**parameters)
    )
    assert "hunter" not in message
    rendering.commit({"app/values.schema.json": "{}"})
    try:
        rendering.render(chart(**parameters))
    except (RenderError, ValueError) as error:
        assert "hunter" not in str(error)  # noqa: PT017  some of these are no mistake to Helm


@pytest.mark.parametrize("post_renderers", [(), ('{"namePrefix": "x-"}',)])
def test_output_that_is_not_valid_yaml_names_its_template(rendering, post_renderers):
    text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: {{ .Release.Name }}\n"
    source = chart(post_renderers=post_renderers)
    message = rendering.error({**CHART, "app/templates/broken.yaml": text}, source)
    assert re.search(r"\bapp/templates/broken\.yaml(:4)?: [Tt]h(is is not valid YAML|e YAML is not valid)", message)
    assert "Chart.yaml" not in message


def test_a_path_without_a_chart_says_so(rendering):
    message = rendering.error({"app/README.md": "no chart"}, chart())
    assert message.startswith("app/Chart.yaml:1: The file does not exist")


def test_without_helm_it_says_what_to_install(rendering):
    rendering.use(ProgramRenderer())
    assert "pip install 'gitops-bot[helm]'" in rendering.error(CHART, chart())


def test_output_with_values_from_secrets_is_not_kept_on_disk(rendering, tmp_path):
    level = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: one}\ndata: {level: {{ .Values.level }}}\n"
    rendering.commit(
        {"app/Chart.yaml": "{apiVersion: v2, name: shop, version: 1.0.0}\n", "app/templates/a.yaml": level}
    )
    post_renderers = ('{"patches": []}',)
    for masked, entries in (('{"level": "masked"}', 0), ("", 2)):
        rendering.use(CachedRenderer(rendering.cache._renderer, tmp_path / "rendered"))
        values = {"inline_values": '{"level": "hunter2"}', "masked_values": masked, "post_renderers": post_renderers}
        rendering.cache.rendering(rendering.repository, rendering.repository.head(), chart(**values))
        assert len(list(tmp_path.glob("rendered/*"))) == entries
        rendering.use(rendering.cache._renderer.programs)

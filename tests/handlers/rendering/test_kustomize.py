"""Kustomize at a commit, against what the official program prints of the same commit's work tree."""

import time

import pytest

from bot.adapters.rendering.confined import Limits
from bot.adapters.rendering.programs import Programs
from bot.core.objects.manifest import ManifestError
from bot.core.rendering.source import Source
from bot.handlers.rendering import manifest_cache as rendered
from bot.handlers.rendering.manifest_cache import ManifestCache
from bot.ports.errors import PortError
from bot.ports.rendering import RenderError, RenderStoppedError

BASE = {
    "base/kustomization.yaml": "resources: [web.yaml, settings.yaml]\n",
    "base/web.yaml": """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 1
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
        - name: web
          image: registry.example.org/web:1.0.0
          envFrom: [{configMapRef: {name: env}}]
""",
    "base/settings.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {level: info}\n",
}
OVERLAY = {
    "overlays/prod/kustomization.yaml": """\
resources: [../../base, extra.yaml]
components: [../../components/metrics]
namespace: shop
namePrefix: prod-
labels: [{pairs: {env: prod}}]
images: [{name: registry.example.org/web, newTag: 2.3.4}]
replicas: [{name: web, count: 3}]
configMapGenerator: [{name: env, literals: [LEVEL=warn], files: [app.ini=files/app.ini]}]
secretGenerator: [{name: login, literals: [password=hunter2]}]
patches:
  - path: patch.yaml
  - target: {kind: ConfigMap, name: settings}
    patch: |-
      - {op: replace, path: /data/level, value: debug}
""",
    "overlays/prod/extra.yaml": "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {ports: [{port: 80}]}\n",
    "overlays/prod/files/app.ini": "[app]\nname = shop\n",
    "overlays/prod/patch.yaml": """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec: {template: {spec: {containers: [{name: web, resources: {limits: {memory: 64Mi}}}]}}}
""",
    "components/metrics/kustomization.yaml": """\
apiVersion: kustomize.config.k8s.io/v1alpha1
kind: Component
resources: [monitor.yaml]
""",
    "components/metrics/monitor.yaml": "apiVersion: v1\nkind: Service\nmetadata: {name: metrics}\n"
    "spec: {ports: [{port: 9090}]}\n",
}
ONE = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: one}\n"


# ---------------------------------------------------------------- the same as the official program


@pytest.mark.parametrize("name", ["kustomization.yaml", "kustomization.yml", "Kustomization"])
def test_an_overlay_with_bases_beside_it_is_what_the_official_program_prints(desk, name):
    files = dict(OVERLAY)
    files[f"overlays/prod/{name}"] = files.pop("overlays/prod/kustomization.yaml")
    desk.commit({**BASE, **files, "unrelated/large.bin": b"x" * 6 * 2**20})
    found = desk.render("overlays/prod")
    assert desk.objects(found) == desk.objects(desk.official("overlays/prod"))
    assert {manifest.name for manifest in found} >= {"prod-web", "prod-settings", "prod-metrics"}
    assert {manifest.file for manifest in found} == {f"overlays/prod/{name}"}


def test_a_kustomization_at_the_root_and_one_below_it(desk):
    desk.commit(
        {
            "kustomization.yaml": "resources: [./deep/er/]\nnameSuffix: -x\n",
            "deep/er/kustomization.yaml": "resources: [one.yaml]\n",
            "deep/er/one.yaml": ONE,
        }
    )
    assert [manifest.name for manifest in desk.render("")] == ["one-x"]


def test_each_commit_is_rendered_as_it_is(desk):
    old = desk.commit({**BASE, **OVERLAY})
    new = desk.commit({"base/settings.yaml": BASE["base/settings.yaml"].replace("name: settings", "name: renamed")})
    names = [{manifest.name for manifest in desk.render("base", sha)} for sha in (old, new)]
    assert names == [{"web", "settings"}, {"web", "renamed"}]


# ---------------------------------------------------------------- what is remembered


def test_only_a_change_of_something_it_needs_is_rendered_again(desk):
    first = desk.render("overlays/prod", desk.commit({**BASE, **OVERLAY}))
    assert desk.render("overlays/prod", desk.commit({"README.md": "hello", "apps/x.yaml": ONE})) is first
    second = desk.render(
        "overlays/prod", desk.commit({"base/settings.yaml": BASE["base/settings.yaml"] + "  # more\n"})
    )
    assert second is not first
    assert desk.objects(second) == desk.objects(first)
    assert desk.render("overlays/prod", desk.commit({"base/settings.yaml": BASE["base/settings.yaml"]})) is first


def test_many_are_prepared_at_once_and_one_that_cannot_be_hurts_no_other(desk):
    apps = {f"apps/{n}/kustomization.yaml": f"resources: [../../base]\nnamePrefix: a{n}-\n" for n in range(5)}
    apps["apps/4/kustomization.yaml"] = "resources: [nothing.yaml]\n"
    broken = {f"broken/{n}/kustomization.yaml": "resources: [nothing.yaml]\n" for n in range(30)}
    head = desk.commit({**BASE, **apps, **broken, "plain/one.yaml": ONE})
    sources = [Source(f"apps/{n}") for n in range(5)] + [Source("plain"), Source("gone")]
    desk.rendered.prepare(desk.repository, head, [Source(f"broken/{n}") for n in range(30)])
    desk.rendered.prepare(desk.repository, head, sources)
    assert [len(desk.render(source.path)) for source in (*sources[:4], sources[5])] == [2, 2, 2, 2, 1]
    with pytest.raises(ManifestError, match=r"apps/4/nothing\.yaml is not in the repository"):
        desk.render("apps/4")
    with pytest.raises(PortError, match="There is no gone"):
        desk.render("gone")


def test_a_source_that_fails_is_not_tried_again_until_it_changes(desk):
    desk.commit(
        {"app/kustomization.yaml": "resources: [one.yaml]\npatches: [{path: gone.yaml}]\n", "app/one.yaml": ONE}
    )
    with pytest.raises(RenderError, match=r"kustomize build app failed: .*gone\.yaml"):
        desk.render("app")
    desk.rendered._renderer = None  # nothing is left to run
    with pytest.raises(RenderError, match=r"gone\.yaml"):
        desk.render("app")


def test_what_took_too_long_is_tried_again_later(desk, monkeypatch):
    limits = Limits(seconds=0.001)
    programs = Programs(kustomize_command=desk.programs.kustomize_command, limits=limits)
    desk.rendered = ManifestCache(programs)
    desk.commit(BASE)
    for _ in range(2):
        with pytest.raises(RenderStoppedError, match="kustomize build base took longer than 0 s and was stopped"):
            desk.render("base")
    desk.rendered._renderer = desk.programs
    with pytest.raises(RenderStoppedError):
        desk.render("base")
    monkeypatch.setattr(rendered, "_TRIED_AGAIN_AFTER", 0.0)
    assert len(desk.render("base")) == 2


# ---------------------------------------------------------------- hostile and broken repositories


@pytest.mark.parametrize("field", ["resources", "bases", "components", "Resources"])
@pytest.mark.parametrize(
    "url",
    [
        "https://git.example.org/acme/base?ref=v1",
        "https://user:hunter2@git.example.org/acme/base.git",
        "github.com/acme/base",
        "git@github.com:acme/base.git",
        "git::https://git.example.org/acme/base",
        "ssh://git.example.org/acme/base",
        "https://example.org/objects.yaml",
    ],
)
def test_a_remote_base_is_refused_before_anything_runs(desk, field, url):
    desk.rendered = ManifestCache(None)
    said = desk.refused({"app/kustomization.yaml": f"namePrefix: x-\n{field}: ['{url}']\n"})
    assert said.startswith("app/kustomization.yaml:2: ")
    assert "rendering never downloads files" in said
    assert "hunter2" not in said


@pytest.mark.parametrize(
    "text",
    [
        "resources: ['https://git.example.org/a']\nResources: [one.yaml]\n",
        "resources:\n  - |\n    https://git.example.org/a\n",
        "transformers:\n  - |\n    https://git.example.org/a\n",
        "resources: [' https://git.example.org/a']\n",
        "a: &a https://git.example.org/a\nresources: [*a]\n",
        "resources: [one.yaml]\n---\nresources: ['https://git.example.org/a']\n",
        'patches: [{path: "https://git.example.org/a\\n"}]\n',
        '{"resources": ["https://git.example.org/a"]}',
    ],
)
def test_a_remote_is_seen_however_it_is_written(desk, text):
    desk.rendered = ManifestCache(None)
    assert "https://git.example.org/a" in desk.refused({"app/kustomization.yaml": text})


def test_very_many_references_take_no_time(desk):
    entries = "".join(f"  - file-{number}.yaml\n" for number in range(100_000))
    desk.rendered = ManifestCache(None)
    files = {f"app/file-{number}.yaml": ONE for number in range(2_000)}
    began = time.monotonic()
    said = desk.refused({**files, "app/kustomization.yaml": f"{'#' * 2**20}\nresources:\n{entries}"})
    assert "app/file-2000.yaml is not in the repository" in said
    assert time.monotonic() - began < 20


def test_a_directory_named_like_a_remote_is_no_way_around(desk):
    files = {"github.com/acme/base/kustomization.yaml": "resources: []\n"}
    desk.rendered = ManifestCache(None)
    said = desk.refused({**files, "kustomization.yaml": "resources: [github.com/acme/base]\n"}, path="")
    assert "rendering never downloads files" in said


def test_a_remote_base_of_a_base_is_refused_too(desk):
    files = {"base/kustomization.yaml": "resources: ['https://git.example.org/a']\n"}
    assert desk.refused({**files, "app/kustomization.yaml": "resources: [../base]\n"}).startswith("base/kustomization")


@pytest.mark.parametrize(
    "field",
    [
        "patches: [{path: URL}]",
        "patchesStrategicMerge: [URL]",
        "configMapGenerator: [{name: a, files: ['x=URL']}]",
        "secretGenerator: [{name: a, envs: [URL]}]",
        "openapi: {path: URL}",
        "crds: [URL]",
        "replacements: [{path: URL}]",
    ],
)
def test_a_file_over_http_is_refused_before_anything_runs(desk, field):
    desk.rendered = ManifestCache(None)
    text = f"resources: [one.yaml]\n{field.replace('URL', 'https://example.org/x.yaml')}\n"
    refused = desk.refused({"app/kustomization.yaml": text})
    assert "https://example.org/x.yaml, but rendering never downloads files" in refused


@pytest.mark.parametrize(
    ("entry", "word"), [("../../../etc", "points outside"), ("/etc", "points outside"), ("../gone", "not in")]
)
def test_a_path_out_of_the_repository_is_refused(desk, entry, word):
    assert word in desk.refused({"app/kustomization.yaml": f"resources: ['{entry}']\n"})


def test_files_out_of_the_tree_are_not_read(desk, tmp_path):
    (tmp_path / "secret.yaml").write_text(ONE.replace("one", "stolen"))
    escapes = [str(tmp_path / "secret.yaml"), "../../../secret.yaml", "/etc/hostname"]
    for path in escapes:
        text = f"resources: [one.yaml]\nconfigMapGenerator: [{{name: a, files: ['x={path}']}}]\n"
        assert "kustomize build app failed" in desk.refused({"app/kustomization.yaml": text}, error=RenderError)


@pytest.mark.parametrize("where", ["folder", "file"])
def test_links_are_not_followed(desk, tmp_path, where):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "kustomization.yaml").write_text("resources: [stolen.yaml]\n")
    (outside / "stolen.yaml").write_text(ONE.replace("one", "stolen"))
    (desk.source.path / "app").mkdir()
    (desk.source.path / "app" / "link").symlink_to(outside if where == "folder" else outside / "stolen.yaml")
    said = desk.refused({"app/kustomization.yaml": "resources: [one.yaml, link]\n"})
    assert "app/link is not in the repository (links are not followed)" in said


def test_no_plugin_is_run(desk, tmp_path):
    proof = tmp_path / "ran"
    plugin = """\
apiVersion: example.org/v1
kind: Run
metadata:
  name: run
  annotations:
    config.kubernetes.io/function: |
      exec: {path: ./run.sh}
"""
    files = {"app/run.yaml": plugin, "app/run.sh": f"#!/bin/sh\ntouch {proof}\n"}
    desk.commit(files)
    (desk.source.path / "app/run.sh").chmod(0o755)
    said = desk.refused({"app/kustomization.yaml": "resources: [one.yaml]\ngenerators: [run.yaml]\n"})
    assert "kustomize build app failed" in said
    assert "plugin" in said
    assert not proof.exists()


def test_a_cycle_is_said(desk):
    files = {"app/kustomization.yaml": "resources: [../base]\n", "base/kustomization.yaml": "resources: [../app]\n"}
    assert "cycle" in desk.refused(files)


def bomb():
    lines = ["a: &a [x, x, x, x, x, x, x, x, x]"]
    lines += [f"{chr(98 + n)}: &{chr(98 + n)} [{', '.join([f'*{chr(97 + n)}'] * 9)}]" for n in range(9)]
    return "\n".join(lines)


def test_a_yaml_bomb_is_defused(desk):
    assert "bomb" in desk.refused({"app/kustomization.yaml": f"resources: [one.yaml]\n{bomb()}\n"})
    bombs = {"app/kustomization.yaml": "resources: [one.yaml, bomb.yaml]\n", "app/bomb.yaml": f"{ONE}{bomb()}\n"}
    assert desk.refused(bombs, error=RenderError) in {
        "kustomize build app used more than 512 MiB of memory and was stopped.",
        "kustomize build app took longer than 30 s and was stopped.",
    }


def test_a_very_large_file_is_refused_unread(desk):
    said = desk.refused({"app/kustomization.yaml": "resources: [one.yaml]\n", "app/large.yaml": b"#" * 100 * 2**20})
    assert "app/large.yaml" in said
    assert "100.0 MiB" in said


def test_broken_manifests_do_not_show_their_values(desk):
    secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\nstringData: {password: hunter2, x: 'hunter2\n"
    for name, text in {"bad.yaml": secret, "list.yaml": "[hunter2]\n", "odd.yaml": "hunter2: {a: hunter2}\n"}.items():
        said = desk.refused(
            {f"app/{name}": text, "app/kustomization.yaml": f"resources: [{name}]\n"}, error=RenderError
        )
        assert "hunter2" not in said
        assert name in said


@pytest.mark.parametrize("name", ["b.yaml", "kustomization.yaml"])
def test_a_complaint_that_quotes_anything_is_one_clean_line(desk, name):
    odd = '"\\e[31m\\a\\0\\u202e\\U0001F600 hun\\nter": 1\n'
    files = {"app/kustomization.yaml": "resources: [b.yaml]\n", "app/b.yaml": ONE, f"app/{name}": odd}
    assert desk.refused(files).isprintable()


@pytest.mark.parametrize(
    "text",
    [
        "secretGenerator: [{name: a, literals: [hunter2]}]",
        "secretGenerator: [{name: a, envs: [login.env]}]",
        "patches: [{patch: '{apiVersion: v1, kind: Secret, metadata: {name: a}, stringData: hunter2}'}]",
        "patches: [{target: {kind: Secret}, patch: '[{op: test, path: /stringData/password, value: hunter2x}]'}]",
        "replacements: [{source: {kind: Secret, name: a, fieldPath: stringData.password.hunter2}, targets: []}]",
    ],
)
def test_no_complaint_shows_a_secret(desk, text):
    secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\nstringData: {password: hunter2}\n"
    files = {"app/login.env": "hunter2 and more\n", "app/secret.yaml": secret}
    said = desk.refused({**files, "app/kustomization.yaml": f"resources: [secret.yaml]\n{text}\n"}, error=RenderError)
    assert said.startswith("kustomize build app failed: ")
    assert "hunter2" not in said


def test_without_a_program_it_says_what_to_install(desk):
    desk.rendered = ManifestCache(Programs())
    said = desk.refused({"app/kustomization.yaml": "resources: [one.yaml]\n"})
    assert said == "Rendering this requires Kustomize, but neither kustomize nor kubectl is on PATH."


def test_nothing_stays_behind(desk, tmp_path, monkeypatch):
    room = tmp_path / "room"
    room.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(room))
    desk.commit({**BASE, **OVERLAY})
    desk.render("overlays/prod")
    desk.refused({"app/kustomization.yaml": "resources: [one.yaml]\npatches: [{path: gone.yaml}]\n"})
    assert list(room.iterdir()) == []


@pytest.mark.parametrize(
    ("entry", "word"),
    [
        (
            "releaseName: a, repo: 'https://charts.example.org', version: 1.0.0",
            "downloaded from https://charts.example.org",
        ),
        ("releaseName: a", "commit it as app/charts/shop."),
        ("version: 1.0.0", "has no releaseName here, so its objects would get new names each time. Set releaseName."),
    ],
)
def test_a_chart_that_cannot_be_rendered_in_a_kustomization_says_why(desk, entry, word):
    desk.rendered = ManifestCache(None)
    assert word in desk.refused({"app/kustomization.yaml": f"helmCharts: [{{name: shop, {entry}}}]\n"})


def test_a_chart_in_a_kustomization_without_helm_says_what_to_install(desk):
    desk.rendered = ManifestCache(Programs(kustomize_command=desk.programs.kustomize_command))
    files = {"app/kustomization.yaml": "helmCharts: [{name: shop, releaseName: shop}]\n"}
    assert "Put helm on PATH" in desk.refused({**files, "app/charts/shop/Chart.yaml": "{name: shop, version: 1.0.0}"})

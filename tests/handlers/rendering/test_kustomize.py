"""Kustomize at a commit, against what the official program prints of the same commit's work tree."""

import json
import tracemalloc
from dataclasses import replace
from itertools import combinations, product
from types import SimpleNamespace

import pytest

from bot.adapters.rendering.disk_cache import CachedRenderer
from bot.adapters.rendering.programs import ProgramRenderer
from bot.adapters.rendering.slow_runs import SlowRuns
from bot.core.objects.documents import ManifestError
from bot.core.rendering.limits import Limits
from bot.core.rendering.source import FluxBuild, KustomizeParameters, Source
from bot.handlers.rendering import gather_failures, manifest_cache, outside_paths
from bot.ports.errors import PortError
from bot.ports.rendering import RenderError, RenderPostponedError, RenderStoppedError
from tests.common.rendering import HangingRenderer

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


def objects(manifests):
    return [manifest.object for manifest in manifests]


# ---------------------------------------------------------------- the same as the official program


@pytest.mark.parametrize("name", ["kustomization.yaml", "kustomization.yml", "Kustomization"])
def test_an_overlay_renders_as_with_the_official_program(rendering, name):
    files = dict(OVERLAY)
    files[f"overlays/prod/{name}"] = files.pop("overlays/prod/kustomization.yaml")
    rendering.commit({**BASE, **files, "unrelated/large.bin": b"x" * 6 * 2**20})
    manifests = rendering.render("overlays/prod")
    assert objects(manifests) == objects(rendering.official("overlays/prod"))
    assert {manifest.name for manifest in manifests} >= {"prod-web", "prod-settings", "prod-metrics"}
    generated = f"overlays/prod/{name}"
    declared = {"base/web.yaml", "base/settings.yaml", "overlays/prod/extra.yaml", "components/metrics/monitor.yaml"}
    assert {manifest.file for manifest in manifests} == {generated, *declared}


def test_a_kustomization_at_the_root_and_one_below_it(rendering):
    rendering.commit(
        {
            "kustomization.yaml": "resources: [./deep/er/]\nnameSuffix: -x\n",
            "deep/er/kustomization.yaml": "resources: [one.yaml]\n",
            "deep/er/one.yaml": ONE,
        }
    )
    assert [manifest.name for manifest in rendering.render("")] == ["one-x"]


def test_each_commit_is_rendered_as_it_is(rendering):
    old = rendering.commit({**BASE, **OVERLAY})
    new = rendering.commit(
        {"base/settings.yaml": BASE["base/settings.yaml"].replace("name: settings", "name: renamed")}
    )
    names = [{manifest.name for manifest in rendering.render("base", sha)} for sha in (old, new)]
    assert names == [{"web", "settings"}, {"web", "renamed"}]


# ---------------------------------------------------------------- what is remembered


def test_only_a_change_to_a_needed_file_renders_again(rendering):
    first = rendering.render("overlays/prod", rendering.commit({**BASE, **OVERLAY}))
    assert rendering.render("overlays/prod", rendering.commit({"README.md": "hello", "apps/x.yaml": ONE})) is first
    settings = BASE["base/settings.yaml"]
    second = rendering.render("overlays/prod", rendering.commit({"base/settings.yaml": f"{settings}  # more\n"}))
    assert second is not first
    assert objects(second) == objects(first)
    assert rendering.render("overlays/prod", rendering.commit({"base/settings.yaml": settings})) is first


def test_sources_are_prepared_together_and_fail_separately(rendering):
    apps = {f"apps/{n}/kustomization.yaml": f"resources: [../../base]\nnamePrefix: a{n}-\n" for n in range(5)}
    apps["apps/4/kustomization.yaml"] = "resources: [nothing.yaml]\n"
    broken = {f"broken/{n}/kustomization.yaml": "resources: [nothing.yaml]\n" for n in range(30)}
    head = rendering.commit({**BASE, **apps, **broken, "plain/one.yaml": ONE})
    sources = [Source(f"apps/{n}") for n in range(5)] + [Source("plain"), Source("gone")]
    rendering.cache.prepare(rendering.repository, head, [Source(f"broken/{n}") for n in range(30)])
    rendering.cache.prepare(rendering.repository, head, sources)
    assert [len(rendering.render(source.path)) for source in (*sources[:4], sources[5])] == [2, 2, 2, 2, 1]
    with pytest.raises(ManifestError, match=r"apps/4/nothing\.yaml is not in the repository"):
        rendering.render("apps/4")
    with pytest.raises(PortError, match="There is no path gone"):
        rendering.render("gone")


def test_overlays_that_clash_are_rendered_together_as_each_by_itself(rendering, tmp_path):
    """Every combination of changes to one base, beside an overlay that fails; after a restart from the disk."""
    changes = ("namePrefix: a-\n", "namespace: other\n", "configMapGenerator: [{name: env, literals: [a=b]}]\n")
    apps = {
        f"apps/{number}": "".join(("resources: [../../base]\n", *subset))
        for number, subset in enumerate(subset for size in range(4) for subset in combinations(changes, size))
    }
    bad = {"apps/bad": "resources: [../../base, ../0]\n"}
    head = rendering.commit({**BASE, **{f"{path}/kustomization.yaml": text for path, text in (apps | bad).items()}})
    official = {path: objects(rendering.official(path)) for path in apps}
    for _ in range(2):
        rendering.use(CachedRenderer(ProgramRenderer.find(), tmp_path / "rendered"))
        rendering.cache.prepare(rendering.repository, head, map(Source, apps | bad))
        assert {path: objects(rendering.render(path)) for path in apps} == official
        with pytest.raises(RenderError, match="an object is declared twice"):
            rendering.render("apps/bad")
    assert len(list((tmp_path / "rendered").iterdir())) == len(apps)


def test_the_results_of_sources_that_are_no_longer_used_are_forgotten(rendering, monkeypatch):
    """Each edit of a HelmRelease left its old values and manifests in memory."""
    clock = SimpleNamespace(now=0.0)
    monkeypatch.setattr(manifest_cache, "time", SimpleNamespace(monotonic=lambda: clock.now))
    monkeypatch.setattr(manifest_cache, "_MAX_SOURCES", 2)
    rendering.use(None)
    rendering.commit({f"{number}/settings.yaml": BASE["base/settings.yaml"] for number in range(4)})
    for number in range(4):
        first = rendering.render(str(number))
    assert len(rendering.cache) == 2
    for _ in range(3):
        clock.now += 3_000.0
        assert rendering.render("3") is first
    assert len(rendering.cache) == 1
    clock.now += 3_601.0
    assert len(rendering.cache) == 0


@pytest.mark.parametrize("is_readable", [True, False])
def test_values_of_sources_are_not_kept(rendering, is_readable):
    """A ConfigMap that changed each minute filled the memory within hours."""
    paths = {f"other/{'x' * 200}{number}.yaml": ONE for number in range(5)}
    resources = [f"../{path}" for path in paths] + ([] if is_readable else ["gone.yaml"])
    rendering.commit({**paths, "app/kustomization.yaml": f"resources: {json.dumps(resources)}\n"})
    rendering.use(HangingRenderer())
    rendering.programs.release()
    tracemalloc.start()
    try:
        for number in range(8):
            build = FluxBuild((("a", "x" * 1_000_000 + str(number)),))
            with pytest.raises((ManifestError, RenderError)):
                rendering.render(Source("app", kustomize=KustomizeParameters(flux=build)))
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert kept < 4_000_000


def test_the_paths_that_sources_depend_on_are_kept_within_a_bound(rendering, monkeypatch):
    monkeypatch.setattr(gather_failures, "MAX_BYTES", 100_000)
    monkeypatch.setattr(outside_paths, "MAX_BYTES", 100_000)
    rendering.use(HangingRenderer())
    rendering.programs.release()
    rendering.commit({**BASE, **OVERLAY, "app/kustomization.yaml": "resources: [gone.yaml]\n"})
    for path, number in product(("overlays/prod", "app"), range(50)):
        with pytest.raises((ManifestError, RenderError)):
            rendering.render(Source(path, kustomize=KustomizeParameters(name_prefix=f"a{number}-")))
    cache = rendering.cache
    assert 5 < len(cache._outside._by_source) < 40
    assert 5 < len(cache._gather_failures._failures) < 40


def test_a_failed_rendering_is_retried_later(rendering, monkeypatch):
    rendering.commit({"app/kustomization.yaml": "resources: [one.yaml, one.yaml]\n", "app/one.yaml": ONE})
    with pytest.raises(RenderError, match=r"kustomize build app failed: app/one\.yaml: an object is declared twice"):
        rendering.render("app")
    rendering.cache._renderer = None  # nothing is left to run
    with pytest.raises(RenderError, match="declared twice"):
        rendering.render("app")
    monkeypatch.setattr(manifest_cache, "_RETRY_AFTER", 0.0)
    with pytest.raises(PortError, match="No renderer"):
        rendering.render("app")


def test_a_rendering_that_took_too_long_is_retried_later(rendering, monkeypatch):
    limits = Limits(seconds=0.001)
    programs = ProgramRenderer(kustomize_command=rendering.programs.kustomize_command, limits=limits)
    rendering.use(programs)
    rendering.commit(BASE)
    for _ in range(2):
        with pytest.raises(RenderStoppedError, match="kustomize build base took longer than 0 s and was stopped"):
            rendering.render("base")
    rendering.cache._renderer = ProgramRenderer.find()
    with pytest.raises(RenderStoppedError):
        rendering.render("base")
    monkeypatch.setattr(manifest_cache, "_RETRY_AFTER", 0.0)
    assert len(rendering.render("base")) == 2


def test_a_postponed_rendering_is_retried_at_a_later_check(rendering, monkeypatch):
    """Each check ran it twice."""
    rendering.use(replace(rendering.programs, slow_runs=SlowRuns(0.0)))
    head = rendering.commit(BASE)
    rendering.cache.prepare(rendering.repository, head, [Source("base")])
    rendering.cache._renderer = ProgramRenderer.find()
    with pytest.raises(RenderPostponedError, match="kustomize build base is postponed"):
        rendering.render("base")
    monkeypatch.setattr(manifest_cache, "_POSTPONED_FOR", 0.0)
    assert len(rendering.render("base")) == 2


# ---------------------------------------------------------------- hostile and broken repositories


@pytest.mark.parametrize(
    ("field", "url"),
    [
        *((field, "https://git.example.org/acme/base?ref=v1") for field in ("bases", "components", "Resources")),
        ("resources", "https://git.example.org/acme/base?ref=v1"),
        ("resources", "https://user:hunter2@git.example.org/acme/base.git"),
        ("resources", "github.com/acme/base"),
        ("resources", "git@github.com:acme/base.git"),
        ("resources", "git::https://git.example.org/acme/base"),
        ("resources", "ssh://git.example.org/acme/base"),
        ("resources", "https://example.org/objects.yaml"),
    ],
)
def test_a_remote_base_is_refused(rendering, field, url):
    rendering.use(None)
    message = rendering.error({"app/kustomization.yaml": f"namePrefix: x-\n{field}: ['{url}']\n"})
    assert message.startswith("app/kustomization.yaml:2: ")
    assert "rendering never downloads files" in message
    assert "hunter2" not in message


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
def test_a_remote_is_recognized_in_every_notation(rendering, text):
    rendering.use(None)
    assert "https://git.example.org/a" in rendering.error({"app/kustomization.yaml": text})


def test_a_hundred_thousand_references_are_read(rendering):
    entries = "".join(f"  - file-{number}.yaml\n" for number in range(100_000))
    rendering.use(None)
    files = {f"app/file-{number}.yaml": ONE for number in range(200)}
    message = rendering.error({**files, "app/kustomization.yaml": f"{'#' * 2**20}\nresources:\n{entries}"})
    assert "app/file-200.yaml is not in the repository" in message


def test_a_directory_named_like_a_remote_is_refused_too(rendering):
    files = {"github.com/acme/base/kustomization.yaml": "resources: []\n"}
    rendering.use(None)
    message = rendering.error({**files, "kustomization.yaml": "resources: [github.com/acme/base]\n"}, path="")
    assert "rendering never downloads files" in message


def test_a_relative_path_with_a_colon_is_a_directory(rendering):
    base = {"system:admin/kustomization.yaml": "resources: [one.yaml]\n", "system:admin/one.yaml": ONE}
    rendering.commit({**base, "app/kustomization.yaml": "resources: ['../system:admin']\n"})
    assert [manifest.name for manifest in rendering.render("app")] == ["one"]


def test_a_remote_base_of_a_base_is_refused_too(rendering):
    files = {"base/kustomization.yaml": "resources: ['https://git.example.org/a']\n"}
    assert rendering.error({**files, "app/kustomization.yaml": "resources: [../base]\n"}).startswith(
        "base/kustomization"
    )


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
def test_a_file_over_http_is_refused(rendering, field):
    rendering.use(None)
    text = f"resources: [one.yaml]\n{field.replace('URL', 'https://example.org/x.yaml')}\n"
    assert "https://example.org/x.yaml, but rendering never downloads files" in rendering.error(
        {"app/kustomization.yaml": text}
    )


@pytest.mark.parametrize(
    ("entry", "word"), [("../../../etc", "points outside"), ("/etc", "points outside"), ("../gone", "not in")]
)
def test_a_path_out_of_the_repository_is_refused(rendering, entry, word):
    assert word in rendering.error({"app/kustomization.yaml": f"resources: ['{entry}']\n"})


def test_files_outside_the_tree_are_not_read(rendering, tmp_path):
    (tmp_path / "secret.yaml").write_text(ONE.replace("one", "stolen"))
    escapes = [str(tmp_path / "secret.yaml"), "../../../secret.yaml", "/etc/hostname"]
    for path in escapes:
        text = f"resources: [one.yaml]\nconfigMapGenerator: [{{name: a, files: ['x={path}']}}]\n"
        assert "kustomize build app failed" in rendering.error({"app/kustomization.yaml": text}, kind=RenderError)


@pytest.mark.parametrize("where", ["folder", "file"])
def test_links_are_not_followed(rendering, tmp_path, where):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "kustomization.yaml").write_text("resources: [stolen.yaml]\n")
    (outside / "stolen.yaml").write_text(ONE.replace("one", "stolen"))
    (rendering.source.path / "app").mkdir()
    (rendering.source.path / "app" / "link").symlink_to(outside if where == "folder" else outside / "stolen.yaml")
    message = rendering.error({"app/kustomization.yaml": "resources: [one.yaml, link]\n"})
    assert "app/link is not in the repository, or is behind a link that leads outside the repository" in message


def test_no_plugin_is_run(rendering, tmp_path):
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
    rendering.commit(files)
    (rendering.source.path / "app/run.sh").chmod(0o755)
    message = rendering.error({"app/kustomization.yaml": "resources: [one.yaml]\ngenerators: [run.yaml]\n"})
    assert "kustomize build app failed" in message
    assert "plugin" in message
    assert not proof.exists()


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        (
            {"app/kustomization.yaml": "resources: [../base]\n", "base/kustomization.yaml": "resources: [../app]\n"},
            "form a cycle",
        ),
        (
            {"app/kustomization.yaml": "resources: []\n", "app/kustomization.yml": "resources: []\n"},
            "more than one kustomization file",
        ),
    ],
)
def test_why_kustomize_failed_is_reported(files, reason, rendering):
    assert reason in rendering.error(files)


def bomb():
    lines = ["a: &a [x, x, x, x, x, x, x, x, x]"]
    lines += [f"{chr(98 + n)}: &{chr(98 + n)} [{', '.join([f'*{chr(97 + n)}'] * 9)}]" for n in range(9)]
    return "\n".join(lines)


def test_a_yaml_bomb_is_defused(rendering):
    assert "bomb" in rendering.error({"app/kustomization.yaml": f"resources: [one.yaml]\n{bomb()}\n"})
    bombs = {"app/kustomization.yaml": "resources: [one.yaml, bomb.yaml]\n", "app/bomb.yaml": f"{ONE}{bomb()}\n"}
    assert rendering.error(bombs, kind=RenderError) in {
        "kustomize build app used more than 512 MiB of memory and was stopped.",
        "kustomize build app took longer than 30 s and was stopped.",
    }


def test_a_very_large_file_is_refused_unread(rendering):
    message = rendering.error(
        {"app/kustomization.yaml": "resources: [one.yaml]\n", "app/large.yaml": b"#" * 100 * 2**20}
    )
    assert "app/large.yaml" in message
    assert "100.0 MiB" in message


def test_broken_manifests_do_not_show_their_values(rendering):
    secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\nstringData: {password: hunter2, x: 'hunter2\n"
    for name, text in {"bad.yaml": secret, "list.yaml": "[hunter2]\n", "odd.yaml": "hunter2: {a: hunter2}\n"}.items():
        message = rendering.error(
            {f"app/{name}": text, "app/kustomization.yaml": f"resources: [{name}]\n"}, kind=RenderError
        )
        assert "hunter2" not in message
        assert name in message


@pytest.mark.parametrize("name", ["b.yaml", "kustomization.yaml"])
def test_an_error_is_one_printable_line_whatever_it_quotes(rendering, name):
    odd = '"\\e[31m\\a\\0\\u202e\\U0001F600 hun\\nter": 1\n'
    files = {"app/kustomization.yaml": "resources: [b.yaml]\n", "app/b.yaml": ONE, f"app/{name}": odd}
    assert rendering.error(files).isprintable()


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
def test_no_error_shows_a_secret(rendering, text):
    secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\nstringData: {password: hunter2}\n"
    files = {"app/login.env": "hunter2 and more\n", "app/secret.yaml": secret}
    message = rendering.error(
        {**files, "app/kustomization.yaml": f"resources: [secret.yaml]\n{text}\n"}, kind=RenderError
    )
    assert message.startswith("kustomize build app failed: ")
    assert "hunter2" not in message


def test_without_a_program_it_says_what_to_install(rendering):
    rendering.use(ProgramRenderer())
    message = rendering.error({"app/kustomization.yaml": "resources: [one.yaml]\n"})
    assert message == "Rendering this requires Kustomize, but neither kustomize nor kubectl is on PATH."


def test_nothing_stays_behind(rendering, tmp_path, monkeypatch):
    room = tmp_path / "room"
    room.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(room))
    rendering.commit({**BASE, **OVERLAY})
    rendering.render("overlays/prod")
    rendering.error({"app/kustomization.yaml": "resources: [one.yaml]\npatches: [{path: gone.yaml}]\n"})
    assert list(room.iterdir()) == []


@pytest.mark.parametrize(
    ("entry", "word"),
    [
        (
            "releaseName: a, repo: 'https://charts.example.org', version: 1.0.0",
            "downloaded from https://charts.example.org",
        ),
        ("releaseName: a", "Commit it as app/charts/shop."),
        ("version: 1.0.0", "has no releaseName here, so the names of its objects would change with every rendering."),
    ],
)
def test_a_chart_that_cannot_be_rendered_in_a_kustomization_says_why(rendering, entry, word):
    rendering.use(None)
    assert word in rendering.error({"app/kustomization.yaml": f"helmCharts: [{{name: shop, {entry}}}]\n"})


def test_a_chart_in_a_kustomization_without_helm_says_what_to_install(rendering):
    rendering.use(ProgramRenderer(kustomize_command=rendering.programs.kustomize_command))
    files = {"app/kustomization.yaml": "helmCharts: [{name: shop, releaseName: shop}]\n"}
    assert "Put helm on PATH" in rendering.error(
        {**files, "app/charts/shop/Chart.yaml": "{name: shop, version: 1.0.0}"}
    )

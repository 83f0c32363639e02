"""Attacks through Kustomize, Helm and manifests: nothing runs, nothing outside the repository is read or shown.

Helm's command line is the stand-in of tests/common, wherever it matters what Helm is asked to do.
"""

import base64
import http.server
import itertools
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
import tracemalloc
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.adapters.rendering import confined, programs
from bot.adapters.rendering.private_copy import private_copy, remove_abandoned_copies
from bot.adapters.rendering.programs import ProgramRenderer
from bot.core.applications.flux_values import release_values
from bot.core.applications.resource_ref import ResourceRef
from bot.core.changes.irreversible import IrreversibleReason, irreversible
from bot.core.changes.rendered_change import NO_CHANGE, rendered_change
from bot.core.objects import go_number
from bot.core.objects.documents import ManifestError, NodeBudget, read_documents
from bot.core.objects.manifest import Manifest, read_manifests
from bot.core.rendering import kustomization, load_restrictions, resource_location
from bot.core.rendering.chart import find_dependencies
from bot.core.rendering.encrypted import split_encrypted
from bot.core.rendering.envsubst import SubstitutionError, substitute
from bot.core.rendering.helm_values import merge_values
from bot.core.rendering.secret_mask import mask_keys, mask_value
from bot.core.rendering.source import FluxBuild, HelmParameters, KustomizeParameters, Source, SourceType
from bot.core.sanitize import redact_url
from bot.core.text_cache import cache_texts
from bot.handlers.rendering import render, render_request
from bot.ports.errors import PortError
from bot.ports.git import File
from bot.ports.rendering import RenderError, RenderStoppedError
from tests.common import stand_in_helm
from tests.common.kubernetes import as_yaml, config_map
from tests.common.rendering import Rendering
from tests.common.wait import wait_for
from tests.hostile.test_patterns import cpu_limit

STOLEN = "stolen-value"
CHART = {
    "app/charts/shop/Chart.yaml": "{apiVersion: v2, name: shop, version: 1.0.0}\n",
    "app/charts/shop/values.yaml": "{}\n",
    "app/charts/shop/run.sh": "#!/bin/sh\n: > PROOF\n",
}
ONE = as_yaml(config_map("one"))
FLUX = KustomizeParameters(flux=FluxBuild())


@pytest.fixture
def rendering(source, tmp_path):
    """A repository rendered with the stand-in of Helm, beside files that are not for rendering."""
    rendering = Rendering(source, tmp_path)
    helm = tmp_path / "helm"
    helm.write_text(f"#!{os.path.realpath(sys.executable)}\n{Path(stand_in_helm.__file__).read_text()}")
    helm.chmod(0o755)
    rendering.use(ProgramRenderer(kustomize_command=rendering.programs.kustomize_command, helm_command=(str(helm),)))
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/secret.yaml").write_text(f"password: {STOLEN}\n")
    (tmp_path / "outside/Chart.yaml").write_text("{apiVersion: v2, name: outside, version: 1.0.0}\n")
    return rendering


def outcome(rendering, files, path="app"):
    """What rendering these files comes to: the manifests or the error, as text."""
    rendering.commit({"app/one.yaml": ONE, **files})
    try:
        return json.dumps([manifest.object for manifest in rendering.render(path)])
    except (ManifestError, PortError) as error:
        return str(error)


# ---------------------------------------------------------------- charts in kustomizations

GENERATOR = (
    "{apiVersion: builtin, kind: HelmChartInflationGenerator, metadata: {name: x}, name: gone, releaseName: x, "
    "repo: 'evil://x', configHome: CONFIG}"
)
OPTION = (
    "{apiVersion: builtin, kind: HelmChartInflationGenerator, metadata: {name: x}, name: shop, releaseName: RELEASE}"
)
SAFE = "helmCharts: [{name: shop, releaseName: shop}]\n"


@pytest.mark.parametrize(
    "kustomization",
    [
        "helmCharts: [{name: shop, releaseName: '--set-file=x=OUTSIDE/secret.yaml'}]",
        "helmCharts: [{name: shop, releaseName: '--values=OUTSIDE/secret.yaml'}]",
        "helmCharts: [{name: shop, releaseName: '--post-renderer=/bin/sh'}]",
        "helmCharts: [{name: shop, ReleaseName: '--set-file=x=OUTSIDE/secret.yaml'}]",
        "Helmcharts: [{name: shop, relea\u017feName: '--set-file=x=OUTSIDE/secret.yaml'}]",
        "helmCharts: [{name: shop, releaseName: x, namespace: '--post-renderer=/bin/sh'}]",
        "helmCharts: [{name: shop, releaseName: --namespace, namespace: '--post-renderer=/bin/sh'}]",
        "helmCharts: [{name: shop, releaseName: x, apiVersions: ['--post-renderer', /bin/sh]}]",
        "helmCharts: [{name: ../../../outside, releaseName: x, valuesFile: one.yaml}]",
        "helmCharts: [{name: shop, releaseName: x, additionalValuesFiles: ['a,OUTSIDE/secret.yaml']}]",
        "helmCharts: [{name: shop, releaseName: x, valuesFile: OUTSIDE/secret.yaml}]",
        "helmCharts: [{name: shop, releaseName: x, valuesFile: ../../../outside/secret.yaml}]",
        "{helmGlobals: {configHome: plugin}, helmCharts: [{name: shop, releaseName: shop}]}",
        "{helmGlobals: {ConfigHome: plugin}, helmCharts: [{name: shop, releaseName: shop}]}",
        "helmChartInflationGenerator: [{chartName: gone, releaseName: x, chartRepoUrl: 'evil://x', helmHome: CONFIG}]",
        f"{SAFE}generators: [generator.yaml]",
        f"{SAFE}generators: [option.yaml]",
        f"{SAFE}transformers: [generator.yaml]",
        f'{SAFE}generators: ["{GENERATOR}"]',
        f"{SAFE}generators:\n  - |\n    {GENERATOR}\n",
        f"{SAFE}generators:\n  - |\n    {OPTION}\n",
        f"{SAFE}generators: [folder]",
        f"{SAFE}generators: [patched]",
        f"{SAFE}generators: [patched-option]",
        f"{SAFE}resources: [../base]",
        f"{SAFE}components: [../component]",
    ],
)
def test_a_kustomization_makes_helm_run_and_read_nothing(rendering, tmp_path, kustomization):
    proof = tmp_path / "outside/ran"
    plugin = tmp_path / "outside/config/.data/plugins/evil/run"
    plugin.parent.mkdir(parents=True)
    plugin.write_text(f"#!/bin/sh\n: > {proof}\n")
    plugin.chmod(0o755)
    words = {
        "OUTSIDE": str(tmp_path / "outside"),
        "CONFIG": str(tmp_path / "outside/config"),
        "RELEASE": f"'--set-file=x={tmp_path}/outside/secret.yaml'",
        "PROOF": str(proof),
    }
    generators = "generators: [generator.yaml]\n"
    patch = "patches: [{target: {kind: ConfigMap}, patch: '[{op: replace, path: /kind, value: Helm%s}]'}]\n"
    patched = f"resources: [config.yaml]\n{patch % 'ChartInflationGenerator'}"
    files = {
        **CHART,
        "app/kustomization.yaml": kustomization,
        "app/generator.yaml": GENERATOR,
        "app/option.yaml": OPTION,
        "app/folder/kustomization.yaml": "resources: [generator.yaml]\n",
        "app/folder/generator.yaml": GENERATOR,
        "app/patched/kustomization.yaml": patched,
        "app/patched/config.yaml": GENERATOR.replace("HelmChartInflationGenerator", "ConfigMap"),
        "app/patched-option/kustomization.yaml": patched,
        "app/patched-option/config.yaml": OPTION.replace("HelmChartInflationGenerator", "ConfigMap"),
        "base/kustomization.yaml": generators,
        "base/generator.yaml": GENERATOR,
        "component/kustomization.yaml": f"kind: Component\napiVersion: kustomize.config.k8s.io/v1alpha1\n{generators}",
        "component/generator.yaml": GENERATOR,
        "app/a": "{}",
        f"app/a,{tmp_path}/outside/secret.yaml": "{}",
    }
    for old, new in words.items():
        files = {name: text.replace(old, new) for name, text in files.items()}
    result = outcome(rendering, files)
    assert STOLEN not in result
    assert not proof.exists()
    assert "failed" in result or result.startswith(("app/", "base/", "component/"))


def test_helm_gets_the_chart_after_the_options_and_empty_directories(rendering):
    entry = (
        "name: shop, releaseName: shop, namespace: there, includeCRDs: true, kubeVersion: 1.33.0, apiVersions: [a/v1]"
    )
    values = "valuesInline: {args: ['--verbose'], token: hunter2}"
    kustomization = f"helmCharts: [{{{entry}, {values}}}]\nnamespace: all\n"
    rendering.commit({**CHART, "app/kustomization.yaml": kustomization})
    data = rendering.render("app")[0].object["data"]
    argv, environment = json.loads(data["argv"]), json.loads(data["environment"])
    assert argv[-3:-1] == ["--", "shop"]
    assert argv[-1].endswith("/tree/app/charts/shop")
    assert {"--include-crds", "there", "1.33.0", "a/v1"} < set(argv)
    assert "--verbose" in data["read"]
    assert environment.pop("HELM_NO_PLUGINS") == "1"
    assert all("/home/helm/" in path and "gitops-bot-render-" in path for path in environment.values())


@pytest.mark.parametrize(
    "kustomization",
    [SAFE, "generators: [one.yaml]\n", "transformers: [one.yaml]\n", "validators: [one.yaml]\n"],
)
def test_what_needs_isolation_is_refused_without_it(rendering, monkeypatch, kustomization):
    monkeypatch.setattr(programs, "missing_isolation", lambda: "Landlock is off")
    message = rendering.error({**CHART, "app/kustomization.yaml": kustomization})
    assert message.startswith("Rendering this requires isolation, which this machine does not support: Landlock")


@pytest.mark.parametrize("isolated", [True, False])
def test_kustomize_sends_no_request(rendering, monkeypatch, isolated):
    """Go's HTTP client ignores proxies for 127.0.0.1, where the pod's other containers listen."""
    requests = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            requests.append(self.path)
            self.send_error(404)

    transformer = (
        "{apiVersion: builtin, kind: PatchTransformer, metadata: {name: x}, path: 'URL', target: {kind: ConfigMap}}"
    )
    bodies = [
        "patches: [{Path: 'URL'}]",
        "configMapGenerator: [{name: a, Files: ['x=URL']}]",
        "patche\u017f: [{path: 'URL'}]",
        "openapi: {Path: 'URL'}",
        f'transformers: ["{transformer}"]',
        f"transformers:\n  - |\n    {transformer}\n",
        "transformers: [transformer.yaml]",
    ]
    if not isolated:
        monkeypatch.setattr(programs, "missing_isolation", lambda: "no")
        monkeypatch.setattr(confined, "missing_isolation", lambda: "no")
        monkeypatch.setattr(confined, "_without_network", tuple, raising=False)
    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/x.yaml"
        for body in bodies:
            text = f"resources: [one.yaml]\n{body.replace('URL', url)}\n"
            files = {"app/kustomization.yaml": text, "app/transformer.yaml": transformer.replace("URL", url)}
            assert outcome(rendering, files)
        server.shutdown()
    assert requests == []


# ---------------------------------------------------------------- Helm


def test_a_values_file_with_a_comma_in_its_name_is_one_file(rendering, tmp_path):
    """Helm reads --values as a line of CSV."""
    name = f"a,{tmp_path}/outside/secret.yaml"
    chart = {path.removeprefix("app/charts/shop/"): text for path, text in CHART.items()}
    rendering.commit({**chart, "a": "{}", name: "{}"})
    source = Source("", SourceType.HELM, HelmParameters("shop", values_files=(name,)))
    assert STOLEN not in str([manifest.object for manifest in rendering.render(source)])


def test_no_value_is_an_argument_of_a_process(rendering):
    parameters = HelmParameters(
        "shop", set=(("a", "hunter2"),), set_string=(("b", "hunter3"),), inline_values="c: hunter4"
    )
    rendering.commit(CHART)
    (manifest,) = rendering.render(Source("app/charts/shop", SourceType.HELM, parameters))
    assert "hunter" not in manifest.object["data"]["argv"]
    assert all(f"hunter{go_number}" in manifest.object["data"]["read"] for go_number in (2, 3, 4))


# ---------------------------------------------------------------- secrets in errors

SECRET = "apiVersion: v1\nkind: Secret\nmetadata: {name: login}\n"


@pytest.mark.parametrize(
    "files",
    [
        {"app/secret.yaml": f"{SECRET}stringData: {{password: *hunter2}}\n"},
        {"app/secret.yaml": f"{SECRET}stringData:\n  password: *hunter2\n  x: !!int hunter2\n"},
        {"app/secret.yaml": f"{SECRET}stringData:\n  password: %hunter2\n"},
        {"app/secret.yaml": f"{SECRET}stringData:\n  password: !hunter2!x y\n"},
        *(
            {"app/kustomization.yaml": f"resources: [secret.yaml]\n{more}", "app/secret.yaml": secret, **others}
            for more, secret, others in (
                ("", f"{SECRET}stringData: {{password: *hunter2}}\n", {}),
                ("", f"{SECRET}stringData: {{password: !!int hunter2}}\n", {}),
                (
                    "secretGenerator: [{name: a, envs: [login.env]}]\n",
                    SECRET,
                    {"app/login.env": "p=hunter2\n\u00e9hunter2".encode("latin-1")},
                ),
                (
                    "secretGenerator: [{name: a, envs: [login.env]}]\n",
                    SECRET,
                    {"app/login.env": "a=b\n=hunter2 and more\n"},
                ),
                ("SecretGenerator: [{name: a, literals: [hunter2]}]\n", SECRET, {}),
                (
                    "secretgenerator: [{name: a, envs: [login.yaml]}]\n",
                    SECRET,
                    {"app/login.yaml": "hunter2\na=\xe9".encode("latin-1")},
                ),
                ("SECRETGENERATOR: [{name: a, literals: [hun,ter2]}]\n", SECRET, {}),
                ("secretGenerator: [{name: a, behavior: hunter2, literals: [a=b]}]\n", SECRET, {}),
                ("secretGenerator: [{name: a, type: [hunter2]}]\n", SECRET, {}),
                ("patches: [{path: patch.yaml}]\n", SECRET, {"app/patch.yaml": f"{SECRET}stringData: *hunter2\n"}),
                (
                    "patches: [{path: patch.yaml}]\n",
                    SECRET,
                    {"app/patch.yaml": "- {op: add, path: /hunter2/x, value: 1}"},
                ),
                ("hunter2: 1\n", SECRET, {}),
            )
        ),
    ],
)
def test_no_error_quotes_a_document(rendering, files):
    if "app/kustomization.yaml" not in files:
        rendering.use(None)
    assert "hunter2" not in outcome(rendering, files)


@given(st.text(st.sampled_from("ab:/@?#. ")), st.text(st.sampled_from("ab:/@?#. ")))
def test_a_url_is_shown_without_its_password(before, after):
    for url in (
        f"https://u:hunter2{before}@{after}",
        f"u:{before}hunter2@{after}",
        f"https://a/{before}?t={after}hunter2",
    ):
        assert "hunter2" not in redact_url(url)


TEMPLATE = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n"


@pytest.mark.parametrize(
    ("template", "more"),
    [
        ("  a: {{ .Files.Get `login.txt` }}\n", {"login.txt": "*hunter2\n"}),
        ("  a: {{ fail (.Files.Get `login.txt`) }}\n", {"login.txt": "the password is hunter2, ok?\n"}),
        (
            "  a: {{ .Files.Get `login.txt` | fromJson }}\n  b: [{{ .Files.Get `login.txt` }}\n",
            {"login.txt": "hunter2 "},
        ),
        (
            "  a: {{ .Files.Get `login.txt` | int | required `hunter2` }}{{ fail `hunter2` }}\n",
            {"login.txt": "hunter2"},
        ),
        ("  a: {{ .Files.Get `hunter2` | substr 5 1 }}\n", {}),
        ("  a: {{ hunter2 }}\n", {}),
        ("", {"values.yaml": "password: *hunter2\n"}),
        ("", {"values.yaml": "- hunter2\n"}),
        ("", {"values.yaml": "a: hunter2: b\n"}),
        ("", {"Chart.yaml": "{apiVersion: v2, name: shop, version: hunter2}\n"}),
        (
            "",
            {
                "values.schema.json": '{"properties": {"replicas": {"const": "hunter2"}}}',
                "values.yaml": "replicas: 1\n",
            },
        ),
    ],
)
def test_no_error_of_helm_quotes_a_document(rendering, template, more):
    rendering.use(ProgramRenderer.find())
    chart = {"Chart.yaml": CHART["app/charts/shop/Chart.yaml"], "templates/a.yaml": TEMPLATE + template, **more}
    source = Source("app", SourceType.HELM, HelmParameters("shop"))
    assert "hunter2" not in outcome(rendering, {f"app/{name}": text for name, text in chart.items()}, source)


@pytest.mark.parametrize(
    "parameters",
    [
        {"inline_values": "password: *hunter2"},
        {"inline_values": "password: [hunter2"},
        {"inline_values": "hunter2"},
        {"set": (("a", "{hunter2"),)},
        {"set": (("a", "1"), ("a.b", "hunter2"))},
        {"values_files": ("secret.yaml",)},
    ],
)
def test_no_error_quotes_the_values_of_a_deployer(rendering, parameters):
    rendering.commit({**CHART, "app/charts/shop/secret.yaml": "password: *hunter2\n"})
    with pytest.raises(ManifestError) as raised:
        rendering.render(Source("app/charts/shop", SourceType.HELM, HelmParameters("shop", **parameters)))
    assert "hunter2" not in str(raised.value)


# ---------------------------------------------------------------- bounds


def nested(depth):
    return '{"apiVersion": "v1", "kind": "A", "metadata": {"name": "a"}, "a": ' + "[" * depth + "]" * depth + "}"


@pytest.mark.parametrize("flow", [False, True])
def test_a_document_is_as_deep_as_allowed_and_no_deeper(flow):
    prefix = "# not JSON\n" if flow else ""
    assert len(read_manifests("a.json", (prefix + nested(499)).encode())) == 1
    with pytest.raises(ManifestError, match="nested more than 500 levels deep"):
        read_manifests("a.json", (prefix + nested(500)).encode())


MEASURED = """
import os, resource, sys
from bot.core.objects.documents import NodeBudget
from bot.core.rendering import plain
plain.NodeBudget = lambda: NodeBudget(100_000)

def render(part):
    used = next(int(line.split()[1]) << 10 for line in open("/proc/self/status") if line.startswith("VmData"))
    resource.setrlimit(resource.RLIMIT_DATA, (used + 20 * 2**20,) * 2)
    start = b'{"apiVersion": "v1", "kind": "A", "metadata": {"name": "a"}, "b": ['
    content = (b"" if b'"' in part else b"# YAML\\n") + start + part * (2**19 // len(part)) + b"0]}"
    try:
        plain.render_plain((f"{number}.yaml", content) for number in range(200))
    except ValueError as error:
        print(error, flush=True)

for part in sys.argv[1:]:
    process = os.fork()
    if not process:
        render(part.encode())
        os._exit(0)
    os.waitpid(process, 0)
"""
LONG = "x" * 60


def test_many_nodes_fit_in_the_memory_of_the_bot():
    """A thirtieth of the allowed nodes, since the files would take hundreds of MiB as Python objects."""
    parts = ["{},", "[[]],", "{a: b},", "ab,", "&a 1,", f"{LONG}\U0001f600,", f'"{LONG}\\U0001f600",', f"{LONG}: 1,"]
    parts += [f"{LONG * 1000}\U0001f600,", f'"{LONG}\\ud83d\\ude00",', f'{{"{LONG}\U0001f600": 1}},']
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    command = [sys.executable, "-c", MEASURED, *parts]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.count("the manifests are too large for the bot to read") == len(parts), done.stderr


def test_a_cache_keeps_no_long_number():
    numbers = "".join(f"- {n}{'1' * 1000}\n" for n in range(5000))
    before = go_number._cached.cache_info().currsize
    read_manifests("a.yaml", f"apiVersion: v1\nkind: A\nmetadata: {{name: a}}\nb:\n{numbers}".encode())
    assert go_number._cached.cache_info().currsize - before < 10


@pytest.mark.parametrize(
    ("length", "kept"), [(100, 500), (1_000, 500), (3_000, 128), (100_000, 4), (2**19 - 1, 1), (2**19, 0)]
)
def test_a_cache_keeps_few_long_texts(length, kept):
    calls = []
    cached = cache_texts(lambda text: calls.append(text) or text)
    texts = [f"{number}".ljust(length) for number in range(500 if length < 10_000 else 20)]
    for text in (*texts, *texts[::-1]):
        assert cached(text) == text
    assert 2 * len(texts) - len(calls) == kept


@pytest.mark.parametrize(("kustomize", "most"), [(KustomizeParameters(), 1), (FLUX, 3)], ids=["argocd", "flux"])
def test_a_kustomization_is_read_once_however_many_paths_it_is_below(rendering, monkeypatch, kustomize, most):
    """In a chain of parent directories, each read all below it again: for 5 MiB, several seconds each time."""
    read = Counter()

    def count(file, content, budget=None):
        read[file] += 1
        return read_documents(file, content, budget)

    for module in (kustomization, load_restrictions):
        monkeypatch.setattr(module, "read_documents", count)
    depth = 10
    folders = ["/".join("d" * number) for number in range(1, depth + 1)]
    files = {}
    for number, folder in enumerate(folders, 1):
        files[f"{folder}/kustomization.yaml"] = (
            f"resources: [{'../, ' if number > 1 else ''}{'d/' * (depth - number)}big]\ncrds: [../x.yaml]\n"
        )
    head = rendering.commit({**files, f"{folders[-1]}/big/kustomization.yaml": "namespace: x\n"})
    source = Source(folders[-1], kustomize=kustomize)
    assert rendering.cache.known_inputs(rendering.repository, head, [source])[source]
    assert len(read) == depth + 1
    assert max(read.values()) <= most


NODES = f"x: [{', '.join('0' * 60)}]\n"


@pytest.mark.parametrize(
    ("files", "application"),
    [
        ({"app/kustomization.yaml": "resources: [../a]\n" + NODES, "a/kustomization.yaml": NODES}, Source("app")),
        ({"app/kustomization.yaml": "resources: [a]\n" + NODES, "app/a/kustomization.yaml": NODES}, Source("app")),
        ({"app/kustomization.yaml": NODES}, Source("app", kustomize=FLUX)),
        (
            {"app/Chart.yaml": "{apiVersion: v2, name: a, version: 1.0.0}", "app/requirements.yaml": NODES}
            | {"app/charts/a/Chart.yaml": NODES},
            Source("app"),
        ),
    ],
    ids=["outside", "inside", "flux", "chart"],
)
def test_the_files_that_an_application_names_have_few_nodes_together(rendering, monkeypatch, files, application):
    """Each was allowed as many as an application, in as many files as it has."""
    monkeypatch.setattr(kustomization, "NodeBudget", lambda: NodeBudget(100))
    assert "too large for the bot to read" in rendering.error(files, application)


def test_without_nodes_for_the_places_of_objects_they_have_none(rendering, monkeypatch):
    rendering.commit({"app/kustomization.yaml": "resources: [a.yaml, b]\n", "app/a.yaml": ONE})
    rendering.commit({"app/b/kustomization.yaml": "namePrefix: b-\nresources: [b.yaml]\n", "app/b/b.yaml": ONE})
    assert [manifest.line for manifest in rendering.render("app")] == [1, 1]
    rendering.use(rendering.programs)
    monkeypatch.setattr(resource_location, "NodeBudget", lambda: NodeBudget(7))
    assert [manifest.line for manifest in rendering.render("app")] == [None, None]


@pytest.mark.parametrize("kind", ["yaml", "json"])
def test_files_have_as_many_nodes_as_allowed_together_and_no_more(kind):
    text = '{"apiVersion": "v1", "kind": "A", "metadata": {"name": "a"}, "b": [1, 2]}'
    content = text.encode() if kind == "json" else f"# YAML\n{text}".encode()
    budget = NodeBudget()
    read_manifests("a.json", content, budget)
    used = NodeBudget().left - budget.left
    budget.left = used
    assert len(read_manifests("a.json", content, budget)) == 1
    budget.left = used - 1
    with pytest.raises(ManifestError, match=r"a\.json:\d: From this line on, the manifests are too large"):
        read_manifests("a.json", content, budget)


@pytest.mark.parametrize(
    "anchored", ["&a " + "x" * 100_000, "&a [" + "x" * 100_000 + "]", "&a {b: &b " + "x" * 100_000 + ", c: *b}"]
)
def test_aliases_of_long_values_are_a_bomb_too(anchored):
    text = f"apiVersion: v1\nkind: A\nmetadata: {{name: a}}\na: {anchored}\nb: [{', '.join(['*a'] * 1000)}]\n"
    with pytest.raises(ManifestError, match="YAML bomb"):
        read_manifests("a.yaml", text.encode())


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"set": tuple((f"a{number}[65536]", "1") for number in range(16))}, "The Helm values are larger than 5 MiB"),
        ({"set": (("a" + "[65536]" * 20, "1"),)}, "The Helm values are larger than 5 MiB"),
        ({"set": (("a" + "[0]" * 5_000, "1"),)}, "Helm cannot set the parameter a"),
        ({"set": (("a" + "[0].b" * 5_000, "1"),)}, "Helm cannot set the parameter a"),
        ({"set_string": (("a", "x" * 6 * 2**20),)}, "The Helm values are larger than 5 MiB"),
    ],
    ids=["indexes", "nested indexes", "deep indexes", "deep names", "a text"],
)
def test_parameters_of_helm_allocate_no_more_than_values_may_have(parameters, words):
    tracemalloc.start()
    with pytest.raises(ManifestError, match=re.escape(words)):
        merge_values([], "Chart.yaml", HelmParameters("shop", **parameters))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 32 * 2**20


OVERLAY, BASE = "resources: [../a]\n", "configMapGenerator: [{name: x, literals: [a=b]}]\n"


@pytest.mark.parametrize(("bound", "most"), [("MAX_FILES", 4), ("MAX_BYTES", len(OVERLAY + BASE)), ("MAX_TREES", 2)])
def test_an_application_uses_as_many_files_as_allowed_and_no_more(rendering, monkeypatch, bound, most):
    monkeypatch.setattr(render_request, bound, most)
    rendering.commit({"app/kustomization.yaml": OVERLAY, "a/kustomization.yaml": BASE})
    assert len(rendering.render("app")) == 1
    rendering.commit({"app/kustomization.yaml": "resources: [../a, ../b]\n", "b/kustomization.yaml": BASE})
    with pytest.raises(PortError, match="The limits are"):
        rendering.render("app")


@pytest.mark.parametrize(
    ("bound", "most", "application", "reason"),
    [
        (
            "bot.core.rendering.post_build.MAX_SUBSTITUTED",
            64,
            Source("app", kustomize=KustomizeParameters(flux=FluxBuild((("region", "eu-west-1"),)))),
            "The variables in app expand to too much text",
        ),
        (
            "bot.handlers.rendering.tree.MAX_MATCHED",
            10_000,
            Source("app", ignore="/zz*\n" * 9),
            "too many patterns for so many files",
        ),
    ],
)
def test_variables_and_patterns_are_bounded(rendering, monkeypatch, bound, most, application, reason):
    nested = "${region//e/" * 5 + "x" + "}" * 5
    files = {"app/a.yaml": as_yaml({**config_map("a"), "data": {"a": nested}})}
    rendering.commit(files)
    assert rendering.render(application)
    monkeypatch.setattr(bound, most)
    rendering.use(rendering.programs)
    assert reason in rendering.error(files, application)


def test_directories_count_as_often_as_they_are_copied(rendering):
    """A commit of a few KB, whose trees were equal, led to 780,000 directories in /tmp."""
    git = rendering.source.git
    rendering.commit({"a/kustomization.yaml": "{}\n"})

    def tree(*entries):
        return git("mktree", stdin="".join(f"{entry}\n" for entry in entries)).strip()

    def blob(text):
        return f"100644 blob {git('hash-object', '-w', '--stdin', stdin=text).strip()}"

    deep = tree(f"{blob('x')}\tfile")
    for _ in range(379):
        deep = tree(f"040000 tree {deep}\td")
    wide = tree(f"{blob('{}')}\tkustomization.yaml", *(f"040000 tree {deep}\td{number}" for number in range(50)))
    app = tree(f"{blob('resources: [../d0, ../d1, ../d2]')}\tkustomization.yaml")
    root = tree(f"040000 tree {app}\tapp", *(f"040000 tree {wide}\td{number}" for number in range(3)))
    git("reset", "--soft", git("commit-tree", root, "-p", "HEAD", "-m", "deep").strip())
    rendering.repository.fetch()
    with pytest.raises(RenderError, match="20,000 files and directories"):
        rendering.render("app")


def test_charts_that_are_vendored_count_as_often_as_they_are(rendering, monkeypatch):
    dependencies = ", ".join(f"{{name: c{number}, version: 1.x, repository: 'file://../lib'}}" for number in range(9))
    chart = f"{{apiVersion: v2, name: shop, version: 1.0.0, dependencies: [{dependencies}]}}\n"
    rendering.commit({"app/Chart.yaml": chart, "lib/Chart.yaml": "{apiVersion: v2, name: lib, version: 1.0.0}\n"})
    source = Source("app", SourceType.HELM, HelmParameters("shop"))
    directories = 3 + 9  # app, app/charts, lib, and lib's copies
    monkeypatch.setattr(render_request, "MAX_FILES", 10 + directories)
    with pytest.raises(PortError, match="The limits are"):
        rendering.render(source)
    monkeypatch.setattr(render_request, "MAX_FILES", 11 + directories)
    rendering.use(rendering.programs)
    assert rendering.render(source)


def test_long_prefixes_in_nested_kustomizations_take_little_memory():
    """Each file kept the prefixes of all kustomizations above it: 3 MB took 512 MB."""
    files = {}
    for level in range(400):
        directory = "/".join("a" * (level + 1))
        content = {"namePrefix": "p" * 8_000, "nameSuffix": "s" * 8_000, "resources": ["n.yaml", "a"]}
        files[f"{directory}/kustomization.yaml"] = json.dumps(content).encode()
        files[f"{directory}/n.yaml"] = b"{}"
    files[f"{directory}/a/kustomization.yaml"] = b"{}"
    places = resource_location._resources(files, "a", NodeBudget())
    assert len(places) == 400
    assert sum(len(place.prefix) + len(place.suffix) for place in places) < 400 * 600


@pytest.mark.parametrize("kind", [SourceType.PLAIN, SourceType.KUSTOMIZE])
def test_an_application_has_as_many_objects_as_allowed_and_no_more(rendering, monkeypatch, kind):
    monkeypatch.setattr(render, "MAX_OBJECTS", 3)
    objects = {f"app/{go_number}.yaml": as_yaml(config_map(f"c{go_number}")) for go_number in range(3)}
    if kind is SourceType.KUSTOMIZE:
        objects["app/kustomization.yaml"] = "resources: [0.yaml, 1.yaml, 2.yaml]\n"
    rendering.commit(objects)
    assert len(rendering.render("app")) == 3
    assert "more than 3 objects" in rendering.error({"app/0.yaml": as_yaml(config_map("c0"), config_map("more"))})


# ---------------------------------------------------------------- a bot that is killed

KILLED = """
import sys
from pathlib import Path
from bot.adapters.rendering.confined import run
from bot.adapters.rendering.private_copy import private_copy
from bot.adapters.rendering.slow_runs import LimitedRun
from bot.core.rendering.limits import Limits
with private_copy([]) as folder:
    code = "import os, time; print(os.getpid(), file=open('../tmp/pid', 'w'), flush=True); time.sleep(600)"
    limits = Limits(seconds=600)
    run([sys.executable, "-I", "-S", "-c", code], folder=folder, what="It", limited=LimitedRun(limits))
"""


def is_running(pid):
    try:
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False


def test_a_killed_bot_leaves_no_renderer_and_no_folder(tmp_path, monkeypatch):
    room = tmp_path / "room"
    room.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(room))
    environment = {**os.environ, "TMPDIR": str(room), "PYTHONPATH": str(Path(__file__).parents[2])}
    with subprocess.Popen([sys.executable, "-c", KILLED], env=environment) as bot:
        pids = wait_for(lambda: [file for file in room.glob("*/tmp/pid") if file.read_text().strip()])
        renderer = int(pids[0].read_text())
        os.kill(bot.pid, signal.SIGKILL)
    wait_for(lambda: not is_running(renderer))
    with private_copy([]) as mine:
        remove_abandoned_copies()
        assert list(room.iterdir()) == [mine]


@pytest.mark.parametrize("line_break", ["\n", "\r", "\x85", "\u2028"])
def test_directives_are_bounded(line_break):
    """libyaml compares each %TAG with all before it, and nothing else runs meanwhile."""
    directives = line_break.join(f"%TAG !{go_number:x}! x" for go_number in range(20_000))
    with pytest.raises(ManifestError, match="more than 100 YAML directives"):
        read_documents("x.yaml", f"{directives}{line_break}---{line_break}a: 1\n".encode())


def directives(count):
    return read_documents(
        "x.yaml", "".join(f"%TAG !{number}! x\n" for number in range(count)).encode() + b"---\na: 1\n"
    )


def aliases(count):
    return read_documents("x.yaml", b"a: &a 1\nb: [" + b"*a," * count + b"]\n")


def aliases_of_a_long_text(count):
    return read_documents("x.yaml", b"a: &a " + b"x" * 9_900 + b"\nb: [" + b"*a," * count + b"]\n")


def dependencies(count):
    entries = b"".join(b"- {name: a%d}\n" % number for number in range(count))
    return find_dependencies(
        {"Chart.yaml": b"name: web\ndependencies:\n" + entries}, "", HelmParameters()
    ).remote_charts


def nested_variables(count):
    return substitute("${a:-" * count + "x" + "}" * count, lambda _: "")


@pytest.mark.parametrize(
    ("read", "most", "reason"),
    [
        (directives, 100, "more than 100 YAML directives"),
        (aliases, 100_000, "YAML bomb"),
        (aliases_of_a_long_text, 1_000, "YAML bomb"),
        (dependencies, 100, "more than 100 dependencies"),
        (nested_variables, 50, r"^\$\{a:-"),
    ],
)
def test_as_much_is_read_as_allowed_and_no_more(read, most, reason):
    assert read(most)
    with pytest.raises((ManifestError, SubstitutionError), match=reason):
        read(most + 1)


class FakeHelm:
    """Renders one ConfigMap from values, with numbers as float64 like Helm, and one without any."""

    def __init__(self, template):
        self.template = template

    def without_cache(self):
        return self

    def helm(self, _files, _path, parameters):
        values = json.loads(parameters.inline_values, parse_int=float)
        return f"{as_yaml(config_map('public'))}---\n{self.template(values)}".encode()


def render_with_secret(secret, template, **files):
    """What a chart comes to with a values file from a Secret; it mentions `password`, `db`, and `tokens`."""
    spec = {"values": {"db": {"host": "db.example"}}, "valuesFrom": [{"kind": "Secret", "name": "login"}]}
    origin = ResourceRef("Flux", "HelmRelease", "prod", "shop", "web")
    values = release_values(spec, origin, lambda *_: {"values.yaml": secret})
    helm = HelmParameters(inline_values=values.values, masked_values=values.masked, secret_keys=values.secret_keys)
    chart = {
        "web/Chart.yaml": "{apiVersion: v2, name: web, version: 1.0.0}\n",
        "web/templates/a.yaml": "{{ .Values.password }} {{ .Values.db.password }} {{ .Values.tokens }}\n",
        **{f"web/{name}": text for name, text in files.items()},
    }
    files = {name: File(name, text.encode()) for name, text in chart.items()}
    source = Source("web", SourceType.HELM, helm=helm)
    return render.render(render_request.RenderRequest(source, SourceType.HELM, "web", files), FakeHelm(template))


def with_all_values(values):
    return as_yaml({**config_map("login"), "data": {"config": json.dumps(values)}})


@pytest.mark.parametrize(
    "secret",
    [
        "password: hunter2",
        "password: masked",
        "password: 5432",
        "password: 7251e83",
        "password: 98437298473298.5e9",
        "password: 9007199254740993",
        "password: 12345678901234567",
        "password: '12345678901234567'",
        f"password: '{'9' * 5_000}'",
        "db: {password: hunter2}",
        "tokens: {hunter2: true}",
        "tokens: {name: {hunter2: null}}",
        "hunter2: false",
    ],
)
def test_an_object_with_a_value_or_a_key_from_a_secret_is_unknown(secret):
    result = render_with_secret(secret, with_all_values)
    assert [manifest.name for manifest in result.manifests] == ["public"]
    assert list(map(str, result.unknown)) == [
        "ConfigMap login not checked: the content depends on values from a Secret."
    ]
    (unknown,) = result.unknown_objects
    assert (unknown.name, "hunter2" in str(unknown)) == ("login", False)


@given(
    st.one_of(
        st.text("0123456789", min_size=1, max_size=20),
        st.integers(-(10**20), 10**20),
        st.floats(allow_nan=False, allow_infinity=False),
        st.text("abcdefghijklmnopqrstuvwxyzAZ09+/=", max_size=40),
    ).filter(lambda value: value not in ("true", "false", "null"))
)
@example("48291357")
@example(93571846)
@example("zq8mx2vkhunter")
@example("the quick brown fox jumps over the lazy dog")
def test_a_mask_has_no_part_of_the_value(value):
    """A chart may truncate a password, divide a number, or show how long a text is."""
    mask = mask_value(value)
    assert isinstance(mask, str) is isinstance(value, str)
    original, other = str(value).lstrip("-").lower(), str(mask)
    assert len(original) != len(other)
    assert all(a != b for a, b in zip(original, other, strict=False))
    assert all(a != b for a, b in zip(original[::-1], other[::-1], strict=False))


@pytest.mark.parametrize(
    "secret", ["password: '48291357'", "password: 48291357", "password: masked", "password: zebra"]
)
@pytest.mark.parametrize(
    "part", [lambda text: text[:1], lambda text: text[:3], lambda text: text[-1:], lambda text: str(len(text))]
)
def test_an_object_with_a_part_of_a_value_from_a_secret_is_unknown(secret, part):
    def template(values):
        password = values["password"]
        return as_yaml(
            {**config_map("part"), "data": {"a": part(password if isinstance(password, str) else f"{password:.0f}")}}
        )

    assert [manifest.name for manifest in render_with_secret(secret, template).manifests] == ["public"]


@pytest.mark.parametrize(("megabytes", "shown"), [(12, ["public", "login"]), (40, [])])
def test_the_objects_of_a_chart_that_is_too_large_to_search_are_unknown(megabytes, shown):
    """Each rendering searched the whole chart in the bot's process: 12 seconds for 40 MiB."""
    files = {f"file{number}": "a b " * 2**18 for number in range(megabytes)}
    with cpu_limit(4 if shown else 1):
        result = render_with_secret("password: hunter2", lambda _: as_yaml(config_map("login")), **files)
    assert [manifest.name for manifest in result.manifests] == shown
    assert [manifest.kind for manifest in result.unknown_objects] == ([] if shown else ["ConfigMap"] * 2)
    assert [str(reason).startswith("The chart gets values from a Secret") for reason in result.unknown] == (
        [] if shown else [True]
    )
    assert "hunter2" not in repr(result)


def test_an_object_with_only_public_keys_of_values_from_a_secret_is_shown():
    result = render_with_secret(
        "db: {password: hunter2}", lambda values: as_yaml(config_map("-".join(sorted([*values, *values["db"]]))))
    )
    assert [manifest.name for manifest in result.manifests] == ["public", "db-host-password"]
    assert result.unknown == ()


def test_the_words_of_a_chart_take_little_memory():
    """A chart of 256 MiB took 5 GiB."""
    words = " ".join(f"a{number:x}.b{number:x}" for number in range(400_000)).encode()
    values = '{"a1": "x", "a2.b2": "x", "zz": "x"}'
    assert len(words) > 5 * 2**20
    tracemalloc.start()
    masked = json.loads(mask_keys(values, ("a1", "a2.b2", "zz"), [words]))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert {"a1", "a2.b2"} < masked.keys()
    assert "zz" not in masked
    assert peak < 2**20


CLAIM = as_yaml({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "data"}, "spec": {}})


def only_for_the_secret(otherwise, declared=CLAIM):
    """A chart that declares a claim with the value of the Secret, and fails or declares something else without."""

    def template(values):
        if values["password"] == "hunter2":
            return declared
        if isinstance(otherwise, Exception):
            raise otherwise
        return otherwise

    return template


@pytest.mark.parametrize("is_reversed", [False, True])
@pytest.mark.parametrize("otherwise", [RenderError("atoi"), "", as_yaml({**config_map("x"), "sops": {"mac": "x"}})])
def test_an_object_that_a_secret_decides_about_is_neither_added_nor_removed(otherwise, is_reversed):
    results = [render_with_secret("password: hunter2", lambda _: CLAIM)]
    results.insert(0 if is_reversed else 1, render_with_secret("password: hunter2", only_for_the_secret(otherwise)))
    before, after = (result.manifests + result.unknown_objects for result in results)
    change = rendered_change(before, after, namespace="shop")
    assert ("unknown", "data") in {(change.change, change.name) for change in change.objects}
    assert {change.change for change in change.objects} == {"unknown"}
    assert irreversible(before, after, namespace="shop") == ()


@pytest.mark.parametrize("otherwise", [RenderError("atoi"), ""])
def test_a_change_of_what_only_a_secret_declares_is_counted_but_not_named(otherwise):
    claim = CLAIM.replace("name: data", "name: hunter2").replace("v1", "hunter2/v1")
    claims = [claim, claim.replace("spec: {}", "spec: {a: 1}"), ""]
    results = [
        render_with_secret("password: hunter2", only_for_the_secret(otherwise, declared=declared))
        for declared in claims
    ]
    before, after, neither = (result.manifests + result.unknown_objects for result in results)
    for pair in ((before, after), (before, neither), (neither, after)):
        change = rendered_change(*pair, namespace="shop")
        assert (change.total, change.unknown, change.unnamed, change.objects) == (1, 1, 1, ())
    assert rendered_change(before, before, namespace="shop") == NO_CHANGE
    assert "hunter2" not in str(results)


@pytest.mark.parametrize("is_reversed", [False, True])
def test_an_object_that_only_a_masked_value_declares_is_not_declared(is_reversed):
    results = [render_with_secret("password: hunter2", lambda _: CLAIM)]
    template = only_for_the_secret(CLAIM, declared="")
    results.insert(0 if is_reversed else 1, render_with_secret("password: hunter2", template))
    before, after = (result.manifests + result.unknown_objects for result in results)
    change = rendered_change(before, after, namespace="shop")
    assert [(change.change, change.name) for change in change.objects] == [
        ("added" if is_reversed else "removed", "data")
    ]
    reason = IrreversibleReason.RETURNING if is_reversed else IrreversibleReason.VOLUME
    assert [change.reason for change in irreversible(before, after, namespace="shop")] == [reason]


SORT = (
    "not checked: repeated rendering gave different results, probably because a template uses random values, the "
    "current time, or keys in random order. Set those values explicitly in git, and sort the keys."
)
DIFFERENT_OBJECTS = "Some objects are not checked: repeated rendering gave different objects."


@pytest.mark.parametrize(
    ("manifests", "reason"),
    [
        (
            lambda run, _: [{**config_map("web"), "data": {"keys": "b,a" if run == 3 else "a,b"}}],
            f"ConfigMap web {SORT}",
        ),
        (
            lambda run, password: [{**config_map("web"), "data": {"keys": "b" if run == 3 else "a", "a": password}}],
            f"ConfigMap web {SORT}",
        ),
        (
            lambda run, password: [{**config_map(f"web-{password}"), "data": {"keys": "b" if run == 3 else "a"}}],
            "Some objects are not checked: whether they exist depends on values from a Secret.",
        ),
        (lambda run, _: [config_map(f"web-{run}")], DIFFERENT_OBJECTS),
        (lambda run, password: [config_map(f"web-{password}-{run}")], DIFFERENT_OBJECTS),
        (lambda run, password: [config_map(f"web-{password}")] * (run == 2), DIFFERENT_OBJECTS),
        (
            lambda run, _: [config_map("web")] * (run == 1),
            "Some objects are not checked: whether they exist depends on",
        ),
        (lambda run, _: [config_map("web")] * (run in (0, 1)), f"ConfigMap web {SORT}"),
    ],
)
def test_what_varies_without_the_secret_is_not_said_to_depend_on_it(manifests, reason):
    """Only two renderings were compared, and the reason was always the Secret."""
    runs = itertools.count()

    def template(values):
        return "---\n".join(map(as_yaml, manifests(next(runs), values["password"])))

    result = render_with_secret("password: hunter2", template, **{"templates/b.yaml": "{{ keys .Values.db }}"})
    assert next(runs) == 5
    assert [manifest.name for manifest in result.manifests] == ["public"]
    (shown,) = map(str, result.unknown)
    assert shown.startswith(reason)
    assert "hunter2" not in f"{result} {shown}"


def test_the_error_of_a_later_rendering_with_a_secret_is_not_shown():
    runs = itertools.count(1)

    def template(values):
        if next(runs) > 2:
            raise RenderError(values["password"])
        return as_yaml(config_map("a"))

    with pytest.raises(RenderError, match="does not render with the values from its Secret"):
        render_with_secret("password: hunter2", template, **{"templates/b.yaml": "{{ keys .Values.db }}"})


def test_a_rendering_with_masked_values_that_is_stopped_is_tried_again():
    stopped = RenderStoppedError("helm template took longer than 20 s")
    with pytest.raises(RenderStoppedError):
        render_with_secret("password: hunter2", only_for_the_secret(stopped))


def many_generated(_values):
    manifest = as_yaml({**config_map("x"), "kind": "Secret", "data": {"a": base64.b64encode(b"mac: ENC[").decode()}})
    return "---\n".join(manifest.replace("name: x", f"name: s{n}-{n:010}") for n in range(1_000))


def many_random(values):
    return "---\n".join(as_yaml({**config_map(f"c{n}"), "data": {"a": values["password"]}}) for n in range(1_000))


def test_the_objects_of_two_renderings_are_compared_in_linear_time(monkeypatch):
    """50,000 objects with random content took 17 minutes."""
    compared = Counter()
    equal = Manifest.__eq__
    monkeypatch.setattr(Manifest, "__eq__", lambda one, other: compared.update(["eq"]) or equal(one, other))
    for template in (many_generated, many_random):
        render_with_secret("password: hunter2", template)
    passwords = itertools.cycle(["one", "two"])
    chart = {"web/Chart.yaml": CHART["app/charts/shop/Chart.yaml"], "web/templates/a.yaml": "{{ uuidv4 }}"}
    files = {name: File(name, text.encode()) for name, text in chart.items()}
    source = Source("web", SourceType.HELM)
    result = render.render(
        render_request.RenderRequest(source, SourceType.HELM, "web", files),
        FakeHelm(lambda _values: many_random({"password": next(passwords)})),
    )
    assert len(result.unknown_objects) == 1_000
    assert compared["eq"] < 10_000


@given(
    st.lists(st.sampled_from(["s", "-", "0123456789", "abcdefghij", "/", ".", "\n", "x", "é"]), max_size=12).map(
        "".join
    )
)
@example("https://s-abcdefghij.x")
@example("\ns-abcdefghij-abcdefghij")
def test_an_object_that_contains_the_name_of_a_generated_encrypted_secret_is_encrypted(text):
    names = ["s-abcdefghij", "s-0123456789", "x-s-abcdefghij", "s-abcdefghij-abcdefghij"]
    marker = base64.b64encode(b"mac: ENC[").decode()
    generated = [{"metadata": {"name": name}, "kind": "Secret", "data": {"a": marker}} for name in names]
    documents = [{**config_map("reader"), "data": {"a": text}}, *({"apiVersion": "v1", **one} for one in generated)]
    readable, _ = split_encrypted(read_manifests("a.yaml", "---\n".join(map(as_yaml, documents)).encode()))
    expected = [] if any(name in text for name in names) else ["reader"]
    assert [manifest.name for manifest in readable] == expected


def test_names_of_generated_secrets_are_found_in_linear_time():
    """239 names with one hash took a minute in 5 MB."""
    marker = base64.b64encode(b"mac: ENC[").decode()
    documents = [
        {**config_map(f"{'a' * length}-0000000000"), "kind": "Secret", "data": {"a": marker}}
        for length in range(1, 240)
    ]
    documents.append({**config_map("reader"), "data": {"a": "-0000000000" * 90_000}})
    manifests = read_manifests("a.yaml", "---\n".join(map(as_yaml, documents)).encode())
    start = time.thread_time()
    readable, _ = split_encrypted(manifests)
    assert time.thread_time() - start < 3
    assert [manifest.name for manifest in readable] == ["reader"]


def refuse(values):
    raise RenderError(f"bad value {values['password']}")


@pytest.mark.parametrize(
    "template",
    [
        refuse,
        lambda values: f"apiVersion: v1\nkind: {values['password']}\n",
        lambda values: f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: x, namespace: [{values['password']}]}}\n",
        lambda values: f"a: *{values['password']}\n",
        lambda values: as_yaml({**config_map(values["password"]), "sops": {"mac": "x"}}),
    ],
)
def test_no_message_about_a_chart_quotes_a_value_from_a_secret(template):
    try:
        text = str(render_with_secret("password: hunter2", template))
    except RenderError as error:
        text = str(error)
    assert "hunter2" not in text

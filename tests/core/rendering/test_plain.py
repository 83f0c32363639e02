"""Which files of an application are read, and which directories are refused."""

import pytest

from bot.core.objects.documents import ManifestError
from bot.core.rendering.plain import render_plain


def _config_map(name):
    return f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}}}\n".encode()


def test_yaml_and_json_files_below_the_path_are_read():
    files = [
        ("apps/shop/z.yml", _config_map("z")),
        ("apps/shop/deep/er/b.yaml", _config_map("b")),
        ("apps/shop/c.json", b'{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}}'),
        ("apps/shop/README.md", b"# Shop"),
        ("apps/shop/run.sh", b"exit 1"),
    ]
    assert [(manifest.name, manifest.file) for manifest in render_plain(files, "apps/shop")] == [
        ("c", "apps/shop/c.json"),
        ("b", "apps/shop/deep/er/b.yaml"),
        ("z", "apps/shop/z.yml"),
    ]


@pytest.mark.parametrize(("root", "names"), [("", ["a"]), (".", ["a"]), (".deploy/shop", ["a", "b"])])
def test_hidden_files_below_the_path_are_skipped(root, names):
    base = f"{root}/" if root not in ("", ".") else ""
    files = [(f"{base}a.yaml", _config_map("a")), (f"{base}.github/workflows/ci.yaml", b"on: push")]
    if root == ".deploy/shop":
        files.append((".deploy/shop/b.yaml", _config_map("b")))
    assert [manifest.name for manifest in render_plain(files, root)] == names


def test_a_hidden_file_is_read_if_it_is_the_path():
    assert [manifest.name for manifest in render_plain([("a/.b.yaml", _config_map("b"))], "./a/.b.yaml")] == ["b"]


@pytest.mark.parametrize(
    ("name", "tool"),
    [
        ("kustomization.yaml", "Kustomize"),
        ("kustomization.yml", "Kustomize"),
        ("Kustomization", "Kustomize"),
        ("Chart.yaml", "Helm"),
    ],
)
def test_the_input_of_a_generator_is_refused(name, tool):
    files = [("shop/a.yaml", _config_map("a")), (f"shop/base/{name}", b"resources: [a.yaml]")]
    with pytest.raises(ManifestError, match=tool) as error:
        render_plain(files, "shop")
    assert error.value.file == f"shop/base/{name}"


def test_jsonnet_is_refused():
    with pytest.raises(ManifestError, match="does not render Jsonnet") as error:
        render_plain(
            [("shop/a.yaml", _config_map("a")), ("shop/main.jsonnet", b"{}"), ("shop/x.libsonnet", b"{}")], "shop"
        )
    assert error.value.file == "shop/main.jsonnet"


def test_every_invalid_file_is_named_at_once():
    files = [("a.yaml", b"a:\n\tb: 1\n"), ("b.yaml", _config_map("b")), ("c.yaml", b"kind: [\n")]
    with pytest.raises(ManifestError) as error:
        render_plain(files)
    assert str(error.value) == (
        "a.yaml:2: This is not valid YAML: a tab is used for indentation. "
        "c.yaml:2: This is not valid YAML: did not find expected node content."
    )


def test_an_invalid_file_is_named_with_its_line():
    with pytest.raises(ManifestError) as error:
        render_plain([("shop/a.yaml", _config_map("a")), ("shop/b.yaml", b"apiVersion: v1\nkind: [\n")], "shop")
    assert (error.value.file, error.value.line) == ("shop/b.yaml", 3)


def test_yaml_files_that_are_no_objects_can_be_skipped():
    files = [
        ("shop/.hidden.yaml", _config_map("hidden")),
        ("shop/a.yaml", _config_map("a")),
        ("shop/values.yaml", b"replicas: 2\n"),
        ("shop/list.yaml", b"- a\n"),
        ("shop/template.yaml", b"{{ if .Values.x }}\nb: [\n"),
        ("shop/skipped.yaml", b"# +argocd:skip-file-rendering\n" + _config_map("skipped")),
    ]
    assert [manifest.name for manifest in render_plain(files, "shop", skip_other_yaml=True)] == ["a"]
    assert len(render_plain(files, "shop", skip_other_yaml=True, hidden=True)) == 2
    for name, content in (("b.yaml", _config_map("b") + b"data: ["), ("b.json", b'{"a": 1}')):
        with pytest.raises(ManifestError, match=f"shop/{name}"):
            render_plain([*files, (f"shop/{name}", content)], "shop", skip_other_yaml=True)

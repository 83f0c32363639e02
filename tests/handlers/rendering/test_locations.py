"""Where each object of an application is declared: a line that is certain, or none."""

import pytest

from tests.common.kubernetes import as_yaml, config_map

ONE = as_yaml(config_map("one", key="1"))
TWO = as_yaml(config_map("two", key="2"))
SECOND = 3 + ONE.count("\n")  # the line of the second document
BASE = {"base/kustomization.yaml": "resources: [all.yaml]\n", "base/all.yaml": f"# Settings\n{ONE}---\n{TWO}"}
PATCH = "patches: [{patch: '- {op: add, path: /data/key, value: x}', target: {kind: ConfigMap, name: one}}]\n"
RENAME = """\
apiVersion: builtin
kind: PrefixTransformer
metadata: {name: x}
prefix: t
fieldSpecs: [{path: metadata/name}]
"""


def locations(rendering, path="app"):
    return {manifest.name: manifest.position for manifest in rendering.render(path)}


def test_plain_manifests_are_where_their_document_begins(rendering):
    json = '\n{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "json"}}'
    rendering.commit({"app/all.yaml": BASE["base/all.yaml"], "app/x.json": json})
    assert locations(rendering) == {"one": "app/all.yaml:2", "two": f"app/all.yaml:{SECOND}", "json": "app/x.json:2"}


def test_what_an_overlay_patches_is_where_its_base_declares_it(rendering):
    rendering.commit({**BASE, "app/kustomization.yaml": f"resources: [../base]\nnamespace: shop\n{PATCH}"})
    assert locations(rendering) == {"one": "base/all.yaml:2", "two": f"base/all.yaml:{SECOND}"}


@pytest.mark.parametrize(
    "kustomization",
    [
        pytest.param("resources: [../base]\nnamePrefix: t\nnameSuffix: ''\n", id="another name"),
        pytest.param("resources: [../base]\ntransformers: [rename.yaml]\n", id="a plugin may rename"),
        pytest.param("configMapGenerator: [{name: one, literals: [a=b]}]\n", id="generated"),
    ],
)
def test_an_object_whose_resource_is_not_certain_has_no_line(rendering, kustomization):
    rendering.commit({**BASE, "app/kustomization.yaml": kustomization, "app/rename.yaml": RENAME})
    assert set(locations(rendering).values()) == {"app/kustomization.yaml"}


def test_a_linked_file_has_no_line(rendering):
    """The forge shows the link's own text, not what is behind it."""
    rendering.commit({"shared/one.yaml": ONE, "app/two.yaml": TWO})
    (rendering.source.path / "app" / "one.yaml").symlink_to("../shared/one.yaml")
    rendering.commit({})
    assert locations(rendering) == {"one": "app/one.yaml", "two": "app/two.yaml:1"}


def test_an_object_that_two_files_declare_under_one_name_has_no_line(rendering):
    """In two namespaces, which the overlay sets."""
    files = {f"{name}/{file}": text for name in "ab" for file, text in BASE.items()}
    for name in "ab":
        files[f"{name}/kustomization.yaml"] = f"resources: [base]\nnamespace: {name}\n"
    rendering.commit({**files, "app/kustomization.yaml": "resources: [../a, ../b]\n"})
    assert set(locations(rendering).values()) == {"app/kustomization.yaml"}

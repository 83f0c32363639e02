"""Where each object of an application is declared: a line that is certain, or none."""

import pytest

from bot.core.rendering.source import FluxBuild, KustomizeParameters, Source
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

RENAMING = "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nnamePrefix: t\n"


def locations(rendering, path="app"):
    return {manifest.name: manifest.position for manifest in rendering.render(path)}


def test_plain_manifests_are_where_their_document_begins(rendering):
    json = '\n{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "json"}}'
    rendering.commit({"app/all.yaml": BASE["base/all.yaml"], "app/x.json": json})
    assert locations(rendering) == {"one": "app/all.yaml:2", "two": f"app/all.yaml:{SECOND}", "json": "app/x.json:2"}


def test_what_an_overlay_patches_is_where_its_base_declares_it(rendering):
    rendering.commit({**BASE, "app/kustomization.yaml": f"resources: [../base]\nnamespace: shop\n{PATCH}"})
    assert locations(rendering) == {"one": "base/all.yaml:2", "two": f"base/all.yaml:{SECOND}"}


def test_names_with_prefixes_and_suffixes_lead_to_their_resources(rendering):
    """Of the overlay and of its base. A namespace keeps its name, and a name may look like another with a prefix."""
    extra = "".join(f"---\n{as_yaml(config_map(name))}" for name in ("p-one", "three"))
    files = {
        **BASE,
        "base/kustomization.yaml": "resources: [all.yaml]\nnamePrefix: b-\nnameSuffix: -b\n",
        "app/kustomization.yaml": "resources: [../base, own.yaml]\nnamePrefix: p-\nnameSuffix: -s\n",
        "app/own.yaml": f"apiVersion: v1\nkind: Namespace\nmetadata: {{name: shop}}\n{extra}",
    }
    rendering.commit(files)
    assert locations(rendering) == {
        "shop": "app/own.yaml:1",
        "p-p-one-s": "app/own.yaml:5",
        "p-three-s": f"app/own.yaml:{6 + as_yaml(config_map('p-one')).count(chr(10))}",
        "p-b-one-b-s": "base/all.yaml:2",
        "p-b-two-b-s": f"base/all.yaml:{SECOND}",
    }


@pytest.mark.parametrize(
    "kustomization",
    [
        pytest.param("resources: [../base]\ncomponents: [../renaming]\n", id="a component renames"),
        pytest.param("resources: [../base]\ntransformers: [rename.yaml]\n", id="a plugin may rename"),
        pytest.param("configMapGenerator: [{name: one, literals: [a=b]}]\n", id="generated"),
    ],
)
def test_an_object_whose_resource_is_not_certain_has_no_line(rendering, kustomization):
    files = {"app/rename.yaml": RENAME, "renaming/kustomization.yaml": RENAMING}
    rendering.commit({**BASE, **files, "app/kustomization.yaml": kustomization})
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


def test_files_that_flux_loads_from_elsewhere_and_by_itself_are_found(rendering):
    shared = {"shared/one.yaml": ONE, "app/kustomization.yaml": "resources: [../shared/one.yaml]\n"}
    rendering.commit({**shared, "generated/two.yaml": TWO})
    found = {}
    for path in ("app", "generated"):
        source = Source(path, kustomize=KustomizeParameters(flux=FluxBuild()))
        manifests = rendering.cache.manifests(rendering.repository, rendering.repository.head(), source)
        found |= {manifest.name: manifest.position for manifest in manifests}
    assert found == {"one": "shared/one.yaml:1", "two": "generated/two.yaml:1"}

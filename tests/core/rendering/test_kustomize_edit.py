"""A deployer's changes to a kustomization, and Flux's variables."""

import json

import pytest

from bot.core.objects.manifest import ManifestError
from bot.core.rendering.kustomize_edit import edit_kustomization, substitute_variables
from bot.core.rendering.source import KustomizeParameters

FILES = {
    "app/kustomization.yaml": b"resources: [one.yaml]\nnamePrefix: a-\nimages: [{name: web}, {name: db}]\n",
    "app/one.yaml": b"",
}


def edited(files=FILES, **parameters):
    return json.loads(edit_kustomization(files, "app", KustomizeParameters(**parameters)).content)


def test_parameters_override_entries_and_the_rest_stays():
    kustomization = edited(name_prefix="b-", images=('{"name": "web", "newTag": "2"}',), replicas=(("web", 0),))
    assert kustomization == {
        "resources": ["one.yaml"],
        "namePrefix": "b-",
        "images": [{"name": "db"}, {"name": "web", "newTag": "2"}],
        "replicas": [{"name": "web", "count": 0}],
    }


def test_a_missing_kustomization_is_generated():
    files = dict.fromkeys(
        ("app/a.yaml", "app/x/b.yml", "app/x/.c.yaml", "app/sub/kustomization.yaml", "app/sub/d.yaml"),
        b"",
    )
    assert edited(files, create_if_missing=True) == {"resources": ["a.yaml", "sub", "x/b.yml"]}
    assert edit_kustomization(files, "app", KustomizeParameters(namespace="shop")) is None


@pytest.mark.parametrize("content", [b"- a\n", b"a: 1\n---\nb: 2\n", b""])
def test_an_invalid_kustomization_is_refused(content):
    with pytest.raises(ManifestError, match=r"app/kustomization.yaml:1: The file must contain exactly one"):
        edited({"app/kustomization.yaml": content}, namespace="shop")


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("${a}", "one"),
        ("x${a}y${a}", "xoneyone"),
        ("${gone}", ""),
        ("${gone:=two}", "two"),
        ("${gone:-two}", "two"),
        ("${gone-two}", "two"),
        ("${empty}", ""),
        ("${empty:=two}", "two"),
        ("${empty=two}", ""),
        ("${a:=two}", "one"),
        ("$${a}", "${a}"),
        ("$a", "$a"),
        ("{{ a }}", "{{ a }}"),
    ],
)
def test_variables_are_substituted(written, expected):
    assert substitute_variables(f"k: {written}\n".encode(), {"a": "one", "empty": ""}) == f"k: {expected}\n".encode()


@pytest.mark.parametrize("written", ["${a^^}", "${a/x/y}", "${#a}", "${a b}", "${}"])
def test_other_string_functions_are_refused(written):
    with pytest.raises(ValueError, match="not supported"):
        substitute_variables(written.encode(), {"a": "one"})

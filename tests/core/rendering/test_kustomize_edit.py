"""What a deployer changes of a kustomization, and what Flux fills in afterwards."""

import json

import pytest

from bot.core.objects.manifest import ManifestError
from bot.core.rendering.kustomize_edit import edit_kustomization, substitute_variables
from bot.core.rendering.source import KustomizeParameters

FILES = {
    "app/kustomization.yaml": b"resources: [one.yaml]\nnamePrefix: a-\nimages: [{name: web}, {name: db}]\n",
    "app/one.yaml": b"",
}


def held(files=FILES, **parameters):
    return json.loads(edit_kustomization(files, "app", KustomizeParameters(**parameters)).content)


def test_what_is_told_replaces_what_is_there_and_the_rest_stays():
    changed = held(name_prefix="b-", images=('{"name": "web", "newTag": "2"}',), replicas=(("web", 0),))
    assert changed == {
        "resources": ["one.yaml"],
        "namePrefix": "b-",
        "images": [{"name": "db"}, {"name": "web", "newTag": "2"}],
        "replicas": [{"name": "web", "count": 0}],
    }


def test_one_is_made_of_everything_below_where_there_is_none():
    files = dict.fromkeys(
        ("app/a.yaml", "app/x/b.yml", "app/x/.c.yaml", "app/sub/kustomization.yaml", "app/sub/d.yaml"),
        b"",
    )
    assert held(files, create_if_missing=True) == {"resources": ["a.yaml", "sub", "x/b.yml"]}
    assert edit_kustomization(files, "app", KustomizeParameters(namespace="shop")) is None


@pytest.mark.parametrize("content", [b"- a\n", b"a: 1\n---\nb: 2\n", b""])
def test_what_is_no_kustomization_is_said(content):
    with pytest.raises(ManifestError, match=r"app/kustomization.yaml:1: The file must contain exactly one"):
        held({"app/kustomization.yaml": content}, namespace="shop")


@pytest.mark.parametrize(
    ("written", "filled"),
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
def test_a_variable_is_filled_in(written, filled):
    assert substitute_variables(f"k: {written}\n".encode(), {"a": "one", "empty": ""}) == f"k: {filled}\n".encode()


@pytest.mark.parametrize("written", ["${a^^}", "${a/x/y}", "${#a}", "${a b}", "${}"])
def test_what_is_no_plain_variable_is_said(written):
    with pytest.raises(ValueError, match=r"\$\{"):
        substitute_variables(written.encode(), {"a": "one"})

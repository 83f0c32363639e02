"""A deployer's changes to a kustomization."""

import json

import pytest

from bot.core.objects.documents import ManifestError
from bot.core.rendering.kustomize_edit import edit_kustomization
from bot.core.rendering.source import FluxBuild, KustomizeParameters

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
    assert edited(files, flux=FluxBuild()) == {"resources": ["a.yaml", "sub", "x/.c.yaml", "x/b.yml"]}
    assert edit_kustomization(files, "app", KustomizeParameters(namespace="shop")) is None


def test_empty_documents_at_the_end_are_not_kustomizations():
    files = {"app/kustomization.yaml": b"---\na: 1\n---\n# b\n---\n"}
    assert edited(files, namespace="x") == {"a": 1, "namespace": "x"}


@pytest.mark.parametrize("content", [b"- a\n", b"a: 1\n---\nb: 2\n", b"---\n# a\n---\nb: 2\n", b"---\n", b""])
def test_an_invalid_kustomization_is_refused(content):
    with pytest.raises(ManifestError, match=r"app/kustomization.yaml:1: The file must contain exactly one"):
        edited({"app/kustomization.yaml": content}, namespace="shop")


@pytest.mark.parametrize(
    ("images", "overrides", "expected"),
    [
        (
            [{"name": "a", "newTag": "1"}],
            [{"name": "a", "newName": "b"}],
            [{"name": "a", "newName": "b", "newTag": "1"}],
        ),
        ([{"name": "a", "newTag": "1"}], [{"name": "a", "digest": "sha256:0"}], [{"name": "a", "digest": "sha256:0"}]),
        ([{"name": "a", "digest": "x"}], [{"name": "a", "newTag": "2"}], [{"name": "a", "newTag": "2"}]),
        ([{"name": "b"}], [{"name": "a", "newTag": "2"}], [{"name": "b"}, {"name": "a", "newTag": "2"}]),
    ],
)
def test_flux_merges_images_field_by_field(images, overrides, expected):
    files = {"app/kustomization.yaml": json.dumps({"resources": ["a.yaml"], "images": images}).encode()}
    assert edited(files, images=tuple(map(json.dumps, overrides)), flux=FluxBuild())["images"] == expected


def test_flux_keeps_the_origin_of_objects_where_a_kustomization_has_no_resources():
    components = b"components: [../c]\n"
    assert edited({"app/kustomization.yaml": components}, flux=FluxBuild())["buildMetadata"] == ["originAnnotations"]
    assert edited(FILES, build_metadata=("transformerAnnotations",))["buildMetadata"] == ["transformerAnnotations"]
    assert edited({"app/notes.txt": b""}, flux=FluxBuild()) == {"namespace": "_placeholder"}


@pytest.mark.parametrize(
    ("override", "expected"),
    [
        ({"newName": "*", "newTag": "3.3"}, {"name": "web", "newName": "mirror/web", "newTag": "3.3"}),
        ({"newName": "other", "newTag": "*"}, {"name": "web", "newName": "other", "newTag": "1.0"}),
        ({"digest": "*"}, {"name": "web"}),
    ],
)
def test_an_asterisk_in_an_image_keeps_what_was_there(override, expected):
    files = {"app/kustomization.yaml": b"images: [{name: web, newName: mirror/web, newTag: '1.0'}]\n"}
    assert edited(files, images=(json.dumps({"name": "web", **override}),))["images"] == [expected]


def test_labels_and_annotations_are_added_as_kustomize_edit_does():
    files = {"app/kustomization.yaml": b"commonLabels: {a: '1'}\nlabels: [{pairs: {c: '1'}}]\n"}
    labels = {"common_labels": (("b", "2"),), "common_annotations": (("n", "x"),)}
    added = edited(files, **labels)
    assert (added["commonLabels"], added["commonAnnotations"]) == ({"a": "1", "b": "2"}, {"n": "x"})
    assert edited(files, **labels, label_without_selector=True)["labels"] == [{"pairs": {"c": "1", "b": "2"}}]
    including = edited(files, **labels, label_without_selector=True, label_include_templates=True)["labels"]
    assert including[1] == {"includeSelectors": False, "includeTemplates": True, "pairs": {"b": "2"}}
    with pytest.raises(ManifestError, match="already has the label or annotation a, so Argo CD cannot add it"):
        edited(files, common_labels=(("a", "2"),))
    assert edited(files, common_labels=(("a", "2"),), force_labels=True)["commonLabels"] == {"a": "2"}

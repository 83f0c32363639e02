"""Which images are not pinned, and of those which are news."""

import pytest

from bot.core.changes.rendered_change import paired
from bot.core.objects.images import Pin, images_of, newly_unpinned, pin_of
from bot.core.objects.manifest import read_manifests

DIGEST = "sha256:" + "0a" * 32


@pytest.mark.parametrize(
    ("image", "pin"),
    [
        ("nginx", Pin.FLOATING),
        ("nginx:latest", Pin.FLOATING),
        ("registry.example:5000/team/web", Pin.FLOATING),
        ("registry.example:5000/team/web:latest", Pin.FLOATING),
        ("nginx:1.27", Pin.TAG),
        ("registry.example:5000/team/web:1.2.3", Pin.TAG),
        ("nginx:latest-alpine", Pin.TAG),
        (f"nginx@{DIGEST}", Pin.DIGEST),
        (f"nginx:1.27@{DIGEST}", Pin.DIGEST),
        (f"nginx:latest@{DIGEST}", Pin.DIGEST),
        ("nginx@sha256:0a0a", Pin.FLOATING),
        ("nginx:1@sha256:0a0a", Pin.TAG),
    ],
)
def test_how_far_a_reference_names_one_image(image, pin):
    assert pin_of(image) is pin


@pytest.mark.parametrize(
    ("kind", "path"),
    [
        ("Pod", ("spec",)),
        ("PodTemplate", ("template", "spec")),
        ("Deployment", ("spec", "template", "spec")),
        ("CronJob", ("spec", "jobTemplate", "spec", "template", "spec")),
        ("Rollout", ("spec", "template", "spec")),
        ("FlinkDeployment", ("spec", "podTemplate", "spec")),
    ],
)
def test_images_stand_in_every_pod_spec(kind, path):
    value = {
        "containers": [{"name": "web", "image": "web:1"}, {"name": "side", "image": "side"}],
        "initContainers": [{"name": "first", "image": "first:1"}],
        "ephemeralContainers": [{"name": "debug", "image": "debug:1"}],
        "volumes": [{"name": "data", "image": {"reference": "data:1"}}, {"name": "tmp", "emptyDir": {}}],
    }
    for key in reversed(path):
        value = {key: value}
    assert images_of({"kind": kind, **value}) == ["web:1", "side", "first:1", "debug:1", "data:1"]


@pytest.mark.parametrize(
    "value",
    [
        {"containers": {"web": {"image": "web"}}},
        {"containers": ["web", None, {"image": 1}, {"image": ""}]},
        {"volumes": [{"image": "web"}]},
        {"image": "web"},
    ],
)
def test_what_only_looks_like_one_is_none(value):
    assert images_of({"spec": value}) == []


POD = """\
apiVersion: v1
kind: Pod
metadata: {{name: {name}}}
spec: {{containers: [{images}]}}
"""


def pod(name, *images):
    listed = ", ".join(f"{{name: c{number}, image: '{image}'}}" for number, image in enumerate(images))
    return read_manifests("x.yaml", POD.format(name=name, images=listed).encode())


def test_only_what_the_merge_brings_is_told_and_what_floats_first():
    before = pod("web", "old", "kept:1")
    after = [*pod("web", "kept:1", "old", "side:2", f"safe@{DIGEST}"), *pod("more", "kept:1", "new")]
    found = newly_unpinned(paired(before, after, "shop"))
    assert [(each.image, each.pin, each.used_by) for each in found] == [
        ("new", Pin.FLOATING, "Pod more"),
        ("kept:1", Pin.TAG, "Pod more"),
        ("side:2", Pin.TAG, "Pod web"),
    ]


def test_what_goes_is_no_news():
    assert newly_unpinned(paired(pod("web", "old"), [], "shop")) == []

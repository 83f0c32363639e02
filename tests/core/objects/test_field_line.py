"""The line of a field in the file that declares it, or of the object where the field isn't certain."""

import pytest

from bot.core.objects.documents import read_documents
from bot.core.objects.field_line import field_line

FILE = b"""\
# Two objects
kind: ConfigMap
---
kind: Deployment
metadata:
  labels: {app.kubernetes.io/name: web, tier: front}
spec:
  replicas: 5
  paused: true
  template:
    spec:
      containers:
        - name: web
          image: web:1
          args:
            - --verbose
          ports:
            - {containerPort: 80, name: http}
            - containerPort: 80
              protocol: UDP
        - name: proxy
          image: proxy:1
"""
CONTAINERS = "spec.template.spec.containers"
OBJECT = 4


@pytest.mark.parametrize(
    ("path", "desired", "line"),
    [
        ("spec.replicas", 5, 8),
        ("spec.replicas", "5", 8),
        ("spec.paused", True, 9),
        ('metadata.labels["app.kubernetes.io/name"]', "web", 6),
        (f"{CONTAINERS}[name=web].image", "web:1", 14),
        (f"{CONTAINERS}[name=proxy].image", "proxy:1", 22),
        (f"{CONTAINERS}[name=web].args", ["--verbose"], 15),
        (f"{CONTAINERS}[name=web].args[0]", "--verbose", 16),
        (f"{CONTAINERS}[name=web].args[=--verbose]", "--verbose", 16),
        (f"{CONTAINERS}[name=web].ports[containerPort=80,protocol=UDP].protocol", "UDP", 20),
        (f"{CONTAINERS}[name=proxy]", {"name": "proxy", "image": "proxy:1"}, 21),
        # Only the cluster has it: where it would be.
        (f"{CONTAINERS}[name=web].env[name=DEBUG]", None, 13),
        ("metadata.annotations.note", None, 5),
        # The file has another value, or not the field: a patch sets it.
        ("spec.replicas", 3, OBJECT),
        ("spec.strategy.type", "Recreate", OBJECT),
        (f"{CONTAINERS}[name=proxy]", {"name": "proxy", "image": "proxy:2"}, OBJECT),
        # Two items fit, and a path that cannot be read.
        (f"{CONTAINERS}[name=web].ports[containerPort=80].name", "http", OBJECT),
        ("spec..replicas", 5, OBJECT),
    ],
)
def test_the_line_is_certain_or_that_of_the_object(path, desired, line):
    assert field_line(FILE, OBJECT, path, desired) == line


def test_deep_values_and_aliases_are_read():
    """As deep as the reader of manifests takes them."""
    deep = "{a: " * 400 + "1" + "}" * 400
    content = f"base: &base {{x: 1}}\nkind: A\nspec:\n  <<: *base\n  own: *base\ndeep: {deep}\n".encode()
    assert read_documents("f", content)
    assert field_line(content, 1, "spec.own.x", 1) == 1
    assert field_line(content, 1, "spec.x", 1) == 1
    assert field_line(content, 1, "kind", "A") == 2
    assert field_line(b"x: 1\nx: 1\n", 1, "x", 1) == 2
    value = 1
    for _ in range(400):
        value = {"a": value}
    assert field_line(content, 1, "deep", value) == 1


@pytest.mark.parametrize("content", [b"a: [", b"\xff", b"", b"- 1\n"])
def test_what_cannot_be_read_is_the_line_of_the_object(content):
    assert field_line(content, 7, "spec.replicas", 5) == 7

"""What the cache of rendered output keeps on disk, and for how long."""

import os
import stat

import pytest

from bot.adapters.rendering.disk_cache import CachedRenderer, DiskCache
from bot.adapters.rendering.programs import ProgramRenderer
from bot.core.rendering.source import Capabilities, HelmParameters
from bot.ports.git import File

FILES = (File("app/kustomization.yaml", b"resources: [one.yaml]"), File("app/one.yaml", b"one"))
OUTPUT = b"kind: ConfigMap\nmetadata: {name: one}\n"


class CountingRenderer(ProgramRenderer):
    """Renders the same output every time, and counts how often."""

    def __init__(self, output=OUTPUT, version="1"):
        super().__init__()
        self.__dict__.update(output=output, release=version, runs=0)

    @property
    def version(self):
        return self.release

    def kustomize(self, files, path, *, helm, plugins):
        self.__dict__["runs"] += 1
        return self.output

    def helm(self, files, path, parameters):
        return self.kustomize(files, path, helm=None, plugins=False)


def runs(folder, *, again=FILES, path="app", output=OUTPUT, version="1", helm=None, plugins=False):
    """How often two bots, one started after the other, run a program to render FILES, and then these."""
    first, second = CountingRenderer(output), CountingRenderer(output, version)
    assert CachedRenderer(first, folder).kustomize(FILES, "app", helm=helm, plugins=False) == output
    assert CachedRenderer(second, folder).kustomize(again, path, helm=helm, plugins=plugins) == output
    return first.runs + second.runs


def test_unchanged_files_are_not_rendered_again_after_a_restart(tmp_path):
    assert runs(tmp_path / "rendered", again=tuple(reversed(FILES))) == 1
    assert stat.S_IMODE((tmp_path / "rendered").stat().st_mode) == 0o700
    (entry,) = (tmp_path / "rendered").iterdir()
    assert stat.S_IMODE(entry.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    "change",
    [
        {"again": (FILES[0], File("app/one.yaml", b"two"))},
        {"again": (FILES[0], File("app/two.yaml", b"one"))},
        {"again": (FILES[0],)},
        {"path": "other"},
        {"plugins": True},
        {"version": "2"},
    ],
)
def test_whatever_output_depends_on_renders_again(tmp_path, change):
    assert runs(tmp_path, **change) == 2


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [({}, 1), ({"kube_version": "1.36.0"}, 2), ({"inline_values": '{"a": 1}'}, 2), ({"release_name": "b"}, 2)],
)
def test_charts_depend_on_their_parameters(tmp_path, parameters, expected):
    renderer = CountingRenderer()
    for helm in (HelmParameters(), HelmParameters(**parameters)):
        CachedRenderer(renderer, tmp_path).helm(FILES, "app", helm)
    assert renderer.runs == expected


@pytest.mark.parametrize(
    ("output", "kept"),
    [
        (b"kind: Secret\ndata: {password: c2VzYW1l}\n", False),
        (b'{"kind": "Secret", "data": {"password": "c2VzYW1l"}}', False),
        (b"kind: SecretList\nitems: []\n", False),
        (b"a: &kind Secret\nkind: *kind\n", False),
        (b'apiVersion: v1\nkind: "\\x53ecret"\nmetadata: {name: a}\n', False),
        (b"apiVersion: v1\nkind: !!binary U2VjcmV0\nmetadata: {name: a}\n", False),
        (b"kind: !broken\n", False),
        (b'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {a: "\\x53"}\n', True),
        (b"kind: SealedSecret\n", True),
        (b"imagePullSecrets: [{name: one}]\n", True),
    ],
)
def test_output_with_a_secret_is_not_kept(tmp_path, output, kept):
    assert runs(tmp_path, output=output) == (1 if kept else 2)
    assert len(list(tmp_path.iterdir())) == kept


def test_output_that_may_vary_is_not_kept(tmp_path):
    template = File("app/charts/a/templates/a.yaml", b"a: {{ randAlphaNum 5 }}")
    assert runs(tmp_path, again=(*FILES, template), helm=Capabilities()) == 2
    renderer = CountingRenderer()
    for _ in range(2):
        CachedRenderer(renderer, tmp_path).helm([template], "app", HelmParameters())
    assert renderer.runs == 2


@pytest.mark.parametrize("content", [b"", b"x", None])
def test_a_damaged_entry_is_rendered_again(tmp_path, content):
    runs(tmp_path)
    (entry,) = tmp_path.iterdir()
    entry.write_bytes(entry.read_bytes()[:-5] if content is None else content)
    assert runs(tmp_path) == 1


def test_a_folder_that_cannot_be_used_does_no_harm(tmp_path):
    (tmp_path / "rendered").write_text("a file")
    assert runs(tmp_path / "rendered") == 2


def test_what_was_used_longest_ago_makes_room(tmp_path):
    cache = DiskCache(tmp_path, 8 * 4096)
    for number in range(8):
        cache.put(f"{number}", b"x")
        os.utime(tmp_path / f"{number}", (number, number))
    assert cache.get("0", 1) == b"x"
    cache.put("8", b"x")
    assert {file.name for file in tmp_path.iterdir()} == {"0", "4", "5", "6", "7", "8"}


def test_an_entry_is_read_up_to_its_bound(tmp_path):
    cache = DiskCache(tmp_path, 2**20)
    cache.put("bomb", b"x" * 10**6)
    assert cache.get("bomb", 10**6) is not None
    assert cache.get("bomb", 10**6 - 1) is None


def test_programs_are_identified_by_their_content(tmp_path):
    for name, content in (("a", "one"), ("b", "one"), ("c", "two")):
        (tmp_path / name).write_text(content)
    a, b, c = (ProgramRenderer((str(tmp_path / name), "build")).version for name in "abc")
    assert a == b != c

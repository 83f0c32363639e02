"""Many applications with many files: few of them are in memory or on disk at a time, whatever the renderer does."""

import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from bot import file_memory
from bot.adapters.charts.repository import ChartRepository
from bot.adapters.git import trees
from bot.adapters.rendering import confined
from bot.adapters.rendering.programs import ProgramRenderer
from bot.core.charts.reference import ChartRef
from bot.core.rendering.limits import MAX_BYTES
from bot.core.rendering.source import Source
from bot.file_memory import files_held, reserve
from bot.handlers.rendering import tree
from bot.handlers.rendering.charts import fetched_files
from bot.ports.charts import FetchedChart
from bot.ports.errors import PortError
from bot.ports.git import File
from tests.common.rendering import Rendering
from tests.common.wait import DEADLINE, wait_for

SMALL, SHARED = 1_000, 5_000
APPLICATIONS = 30


class BlockedRenderer:
    """Waits until it may go on, and remembers which applications it has begun with."""

    def __init__(self):
        self.may_go_on = threading.Event()
        self.begun = []

    def without_cache(self):
        return self

    def kustomize(self, files, path, *, helm, plugins):
        del files, helm, plugins
        self.begun.append(path)
        assert self.may_go_on.wait(DEADLINE)
        return b"{apiVersion: v1, kind: ConfigMap, metadata: {name: a}}"


@pytest.fixture
def rendering(source, tmp_path, monkeypatch):
    monkeypatch.setattr(file_memory, "MAX_SHARED_BYTES", SHARED)
    monkeypatch.setattr(file_memory, "SMALL_BYTES", SMALL)
    monkeypatch.setattr("bot.handlers.rendering.own_files.SMALL_BYTES", SMALL)
    monkeypatch.setattr("bot.handlers.rendering.manifest_cache._PARALLEL", 4)
    return Rendering(source, tmp_path)


@pytest.mark.parametrize("place", ["app", "base"], ids=["its own files", "files elsewhere"])
@pytest.mark.parametrize("size", [2_000, 10_000], ids=["share memory", "one at a time"])
def test_few_large_applications_are_in_memory_at_a_time(rendering, monkeypatch, place, size):
    """The files of 9 applications were read before the first was rendered: 2.3 GiB."""
    renderer = BlockedRenderer()
    rendering.use(renderer)
    files = {f"app{number}/kustomization.yaml": f"resources: [../base{number}]\n" for number in range(8)}
    files |= {f"base{number}/kustomization.yaml": "{}" for number in range(8)}
    files |= {f"{place}{number}/large": str(number) * size for number in range(8)}
    head = rendering.commit({**files, "small/kustomization.yaml": "{}"})
    large, peaks = {}, []
    read_blobs = trees.read_blobs

    def read(mirror, shas, **options):
        contents = read_blobs(mirror, shas, **options)
        large.update({sha: content for sha, content in contents.items() if len(content) >= size})
        return contents

    monkeypatch.setattr(trees, "read_blobs", read)
    sources = [Source(f"app{number}") for number in range(8)]
    with ThreadPoolExecutor(2) as pool:
        prepared = pool.submit(rendering.cache.prepare, rendering.repository, head, sources)
        expected = 1 + (SHARED // size)
        wait_for(lambda: len(renderer.begun) == min(expected, 4) and len(file_memory._held) >= 4)
        peaks.append(len(large))
        small = pool.submit(rendering.cache.prepare, rendering.repository, head, [Source("small")])
        wait_for(lambda: "small" in renderer.begun)  # at once
        renderer.may_go_on.set()
        for future in (prepared, small):
            future.result(DEADLINE)
    assert peaks == [min(expected, 4)]
    assert len(rendering.cache) == 9
    assert not file_memory._held


class FakeCharts:
    """Charts of some bytes, which count how often they are unpacked."""

    def __init__(self, size):
        self._size = size
        self.unpacked = 0

    def fetch(self, chart):
        return FetchedChart(chart.version, "0" * 64)

    def size(self, chart, revision):
        del chart, revision
        return self._size

    def files(self, chart, revision):
        del chart, revision
        self.unpacked += 1
        return {"Chart.yaml": b"x" * self._size}


@pytest.mark.parametrize("place", ["dependency", "repository"])
@pytest.mark.parametrize("size", [500, 2_000, 10_000])
def test_charts_are_unpacked_once_there_is_memory_for_them(monkeypatch, place, size):
    """Each of those that waited was in memory already: up to 100 MiB."""
    monkeypatch.setattr(file_memory, "MAX_SHARED_BYTES", SHARED)
    monkeypatch.setattr(file_memory, "SMALL_BYTES", SMALL)
    chart = ChartRef.parse("https://charts.example.org", "web", "1.0.0")
    charts, go_on, waiting = FakeCharts(size), threading.Event(), []
    repository = ChartRepository(chart, charts)

    def read():
        with files_held():
            waiting.append(1)
            _ = repository.files("0" * 40, "") if place == "repository" else fetched_files(chart, "x", charts)
            assert go_on.wait(DEADLINE)

    expected = 8 if size < SMALL else 1 + SHARED // size
    with ThreadPoolExecutor(8) as pool:
        readings = [pool.submit(read) for _ in range(8)]
        wait_for(lambda: len(waiting) == 8 and charts.unpacked >= expected)
        peak = charts.unpacked
        go_on.set()
        for reading in readings:
            reading.result(DEADLINE)
    assert (peak, charts.unpacked) == (expected, 8)


def test_a_commit_keeps_few_of_the_files_that_its_applications_refer_to(rendering, monkeypatch):
    """All files outside of applications stayed in memory until the last one was rendered."""
    monkeypatch.setattr(tree, "MAX_CACHED_BYTES", 10 * 2_000)
    head = rendering.commit({f"base{number}/large": "x" * 1_500 for number in range(APPLICATIONS)})
    commit = tree.Commit(rendering.repository, head)
    for number in range(APPLICATIONS):
        (file,) = commit.files(f"base{number}")
        assert commit.files(f"base{number}") == [file]
    kept = [file for files in commit._read.values() for file in files]
    assert 2 < sum(len(file.content) for file in kept) / 1_500 < 10
    monkeypatch.setattr(tree, "MAX_CACHED_BYTES", 1_000)
    assert len(tree.Commit(rendering.repository, head).files("base0")) == 1


def test_two_renderers_run_at_once_and_no_more_copies_are_on_disk(tmp_path, monkeypatch):
    """Each rendering that waited for its turn had a copy already."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    copies = []
    go_on = threading.Event()

    def run(*_, **__):
        copies.append(len(list(Path(tmp_path).glob("gitops-bot-render-*"))))
        assert go_on.wait(DEADLINE)
        raise PortError("done")

    monkeypatch.setattr("bot.adapters.rendering.programs.run", run)
    renderer = ProgramRenderer(kustomize_command=("/bin/true",))

    def render():
        with pytest.raises(PortError, match="done"):
            renderer.kustomize([File("app/kustomization.yaml", b"{}")], "app", helm=None, plugins=False)

    with ThreadPoolExecutor(12) as pool:
        renderings = [pool.submit(render) for _ in range(12)]
        wait_for(lambda: len(copies) == 2)
        go_on.set()
        for future in renderings:
            future.result(DEADLINE)
    assert len(copies) == 12
    assert max(copies) == 2
    assert confined.CONCURRENT_RUNS.acquire(blocking=False)
    confined.CONCURRENT_RUNS.release()


def test_the_source_that_began_first_gets_all_memory_that_it_needs(monkeypatch):
    """Otherwise, several that are half read would wait for each other."""
    monkeypatch.setattr(file_memory, "MAX_SHARED_BYTES", SHARED)
    monkeypatch.setattr(file_memory, "SMALL_BYTES", SMALL)
    ended, lock = [], threading.Lock()

    def read(number):
        with files_held():
            for _ in range(20):
                reserve(SHARED // 2)
            with lock:
                ended.append(number)

    with ThreadPoolExecutor(16) as pool:
        for future in [pool.submit(read, number) for number in range(64)]:
            future.result(DEADLINE)
    assert len(ended) == 64
    reserve(MAX_BYTES * 1_000)  # not for a source

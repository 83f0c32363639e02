"""A full disk, as /dev/full is: every error says what to do, nothing half-done stays, and reads go on."""

import os
import tempfile
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.adapters.database.store import SqlStore
from bot.adapters.downloads.cache import DownloadCache
from bot.adapters.downloads.http import DownloadError
from bot.adapters.git.errors import GitErrorMapper
from bot.adapters.git.repository import GitRepository
from bot.adapters.rendering.disk_cache import DiskCache
from bot.adapters.rendering.private_copy import private_copy
from bot.ports.errors import PortError
from bot.ports.git import File, RepositoryError
from bot.ports.store import StoreError
from tests.common.samples import check

REMEDY = r"disk.* is full\. Free up space or use a larger volume\."


@pytest.fixture
def full(monkeypatch):
    """Files that are created from now on take no content, until the context ends."""
    create, opened = tempfile.mkstemp, Path.open

    def mkstemp(*args, **options):
        descriptor, name = create(*args, **options)
        os.close(descriptor)
        return os.open("/dev/full", os.O_WRONLY), name

    def open_file(path, mode="r", *args, **options):
        return opened(
            Path("/dev/full") if "x" in mode or "w" in mode else path, mode.replace("x", "w"), *args, **options
        )

    monkeypatch.setattr(tempfile, "mkstemp", mkstemp)
    monkeypatch.setattr(Path, "open", open_file)
    return monkeypatch


def files(folder):
    return [path for path in folder.rglob("*") if path.is_file()]


def test_a_download_is_not_kept(full, tmp_path):
    cache = DownloadCache(tmp_path)
    for write in (lambda: cache.write(b"content"), lambda: cache.set_alias("name", "value")):
        with pytest.raises(DownloadError, match=REMEDY):
            write()
    assert not files(tmp_path)
    full.undo()
    assert cache.read(cache.write(b"content")) == b"content"


def test_rendered_output_is_not_kept(full, tmp_path):
    cache = DiskCache(tmp_path, 10_000)
    cache.put("key", b"content")
    assert not files(tmp_path)
    full.undo()
    cache.put("key", b"content")
    assert cache.get("key", 100) == b"content"


def test_rendering_fails_and_leaves_no_folder(full, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with pytest.raises(PortError, match=REMEDY), private_copy([File("apps/web.yaml", b"replicas: 1\n")]):
        pass
    assert not [*tmp_path.iterdir()]


def test_the_work_tree_of_a_revert_is_removed(source, tmp_path, monkeypatch):
    head = source.commit("First", {".gitattributes": "* text\n", "web.yaml": "replicas: 1\n"})
    changed = source.commit("Second", {"web.yaml": "replicas: 2\n"})
    repository = GitRepository("platform", source.url, "main", tmp_path / "mirrors")
    repository.fetch()
    write = Path.write_bytes
    monkeypatch.setattr(Path, "write_bytes", lambda _, content: write(Path("/dev/full"), content))
    with pytest.raises(RepositoryError, match=REMEDY):
        repository.merge_trees(changed, changed, head)
    assert not [*tmp_path.glob("mirrors/quarantine-*/tmp-*")]
    monkeypatch.undo()
    assert repository.merge_trees(changed, changed, head).tree == source.sha(f"{head}^{{tree}}")


@pytest.mark.parametrize(
    "stderr",
    [
        "error: unable to write symref for HEAD: No space left on device",
        "fatal: write error: No space left on device\nfatal: fetch-pack: invalid index-pack output",
        "fatal: unable to write loose object file: No space left on device",
        "fatal: sha1 file '<stdout>' write error. Out of diskspace",
        "error: unable to create temporary file: Disk quota exceeded",
    ],
)
def test_git_says_that_its_disk_is_full(stderr):
    errors = GitErrorMapper("platform", "https://git.example/p", "GITHUB_TOKEN")
    for error in (errors.fetch_failed(stderr), errors.failed("merge-tree", stderr)):
        assert type(error) is RepositoryError
        assert str(error) == (
            "The disk that holds the mirror of platform is full. Free up space or use a larger volume."
        )


@pytest.mark.parametrize("said_by", ["remote: fatal", "fatal: remote error", "error: remote unpack failed"])
def test_a_full_disk_of_the_remote_is_not_the_bots(said_by):
    errors = GitErrorMapper("platform", "https://git.example/p", "GITHUB_TOKEN")
    error = errors.fetch_failed(f"{said_by}: No space left on device")
    assert str(error).startswith("https://git.example/p could not be fetched: ")


def test_the_state_database_is_still_read(tmp_path):
    store = SqlStore(f"sqlite:///{tmp_path}/state.db")
    store.checks.save([check("shop")])
    with store.database.begin() as connection:
        pages = connection.execute(sa.text("PRAGMA page_count")).scalar()
        connection.execute(sa.text(f"PRAGMA max_page_count = {pages}"))
    many = [check(f"app-{number}") for number in range(500)]
    with pytest.raises(StoreError, match=REMEDY):
        store.checks.save(many)
    assert store.checks.latest() == {"shop": check("shop")}
    with store.database.begin() as connection:
        connection.execute(sa.text("PRAGMA max_page_count = 1000000"))
    store.checks.save(many)
    assert len(store.checks.latest()) == 501
    store.close()

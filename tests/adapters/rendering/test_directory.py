"""A directory as a source of manifests."""

import os
from contextlib import nullcontext
from pathlib import Path

import pytest

from bot.adapters.rendering.directory import Directory, read_directory
from bot.core.objects.documents import ManifestError
from bot.core.rendering.plain import render_plain
from bot.core.rendering.source import Source
from bot.handlers.rendering.gather import gather
from bot.ports.git import RepositoryError

_CONFIG_MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"


@pytest.fixture
def shop(tmp_path):
    folder = tmp_path / ".work" / "shop"
    for name in ("a.yaml", "deep/b.json", "c.yml", "notes.txt", ".git/config.yaml", "big.bin"):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(_CONFIG_MAP)
    return folder


def test_only_what_can_hold_manifests_is_read(shop):
    assert {file.path for file in read_directory(shop)} == {"a.yaml", "deep/b.json", "c.yml"}


@pytest.mark.parametrize(("typed", "count"), [("", 3), ("../shop/", 3), ("deep", 1), ("a.yaml", 1)])
def test_however_it_is_typed_the_same_manifests_are_found(shop, monkeypatch, typed, count):
    monkeypatch.chdir(shop)
    for root in (Path(typed), shop / typed):
        assert len(render_plain([(file.path, file.content) for file in read_directory(root)])) == count


def test_a_path_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises(RepositoryError, match="does not exist"):
        read_directory(tmp_path / "nowhere")


# ---------------------------------------------------------------- with what lies beside it


@pytest.fixture
def overlay(tmp_path):
    """A git work tree with an overlay on a base beside it, and a link out of it."""
    for name in (
        "repo/.git/config",
        "repo/base/a.yaml",
        "repo/overlay/files/b.txt",
        "repo/overlay/.hidden",
        "away/c.yaml",
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(_CONFIG_MAP)
    (tmp_path / "repo/overlay/kustomization.yaml").write_text("resources: [../base]\n")
    (tmp_path / "repo/overlay/link.yaml").symlink_to(tmp_path / "away/c.yaml")
    (tmp_path / "repo/away").symlink_to(tmp_path / "away")
    return tmp_path / "repo" / "overlay"


def test_a_kustomization_is_read_whole_and_from_the_work_tree_it_is_in(overlay):
    place = Directory(overlay)
    assert (place.top, place.path) == (overlay.parent, "overlay")
    files = ["overlay/.hidden", "overlay/files/b.txt", "overlay/kustomization.yaml"]
    assert sorted(file.path for file in place.own_files()) == files
    assert [file.path for file in place.files("base")] == ["base/a.yaml"]
    assert [file.path for file in place.files("base/a.yaml")] == ["base/a.yaml"]


@pytest.mark.parametrize("path", ["away", "away/c.yaml", "../away", "../away/c.yaml", "/etc", "gone"])
def test_what_is_not_in_the_work_tree_is_not_there(overlay, path):
    place = Directory(overlay)
    assert not place.has(path)
    with pytest.raises(RepositoryError, match="does not exist"):
        place.files(path)


def test_the_root_of_a_work_tree_and_a_directory_in_none(overlay, tmp_path):
    (overlay.parent / "kustomization.yaml").write_text("resources: [overlay]\n")
    assert Directory(overlay.parent).path == ""
    (overlay / ".deploy").mkdir()
    (overlay / ".deploy/kustomization.yaml").write_text("resources: []\n")
    assert Directory(overlay / ".deploy").path == "overlay/.deploy"
    assert [file.path for file in Directory(overlay / ".deploy").own_files()] == ["overlay/.deploy/kustomization.yaml"]
    (tmp_path / "away/Chart.yaml").write_text("name: shop\n")
    lone = Directory(tmp_path / "away")
    assert (lone.path, sorted(file.path for file in lone.own_files())) == ("", ["Chart.yaml", "c.yaml"])


def test_a_directory_is_as_large_as_allowed_and_no_larger(overlay, monkeypatch):
    large = overlay / "large.bin"
    large.touch()
    os.truncate(large, 5 * 2**20)
    read = Directory(overlay).own_files()
    monkeypatch.setattr("bot.adapters.rendering.directory.MAX_FILES", len(read))
    assert Directory(overlay).own_files() == read
    monkeypatch.setattr("bot.adapters.rendering.directory.MAX_FILES", len(read) - 1)
    with pytest.raises(RepositoryError, match=f"has more than {len(read) - 1} files"):
        Directory(overlay).own_files()
    monkeypatch.undo()
    os.truncate(large, 5 * 2**20 + 1)
    with pytest.raises(RepositoryError, match=r"large\.bin is larger than 5 MiB"):
        Directory(overlay).own_files()


def test_only_the_submodules_that_are_not_checked_out_are_listed(tmp_path):
    modules = "".join(
        f'[submodule "{path}"]\n\tpath = {path}\n' for path in ("apps/a", '"apps/b b"', "other", "../out")
    )
    for path in ("work/.git/config", "work/apps/a/.git", "work/.gitmodules"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(modules)
    (tmp_path / "work/apps/b b").mkdir()
    assert Directory(tmp_path / "work/apps").submodules("") == ["b b"]
    assert Directory(tmp_path / "work/apps/a").submodules("") == []


@pytest.mark.parametrize(
    ("make", "outcome"),
    [
        (os.mkfifo, []),
        (lambda path: path.symlink_to("/dev/zero"), []),
        (lambda path: path.write_text("path = a\0b\n"), []),
        (lambda path: path.write_bytes(b"#" * 6 * 2**20), RepositoryError),
    ],
)
def test_a_list_of_submodules_that_git_cannot_have_written_is_not_followed(tmp_path, make, outcome):
    (tmp_path / ".git").mkdir()
    make(tmp_path / ".gitmodules")
    directory = Directory(tmp_path)
    with pytest.raises(outcome, match="larger than 5 MiB") if outcome else nullcontext():
        assert directory.submodules("") == outcome


def test_a_plain_manifest_behind_a_link_out_of_the_work_tree_is_not_read(tmp_path):
    for path in ("away.yaml", "work/beside.yaml", "work/app/a.yaml", "work/.git/config"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(_CONFIG_MAP)
    (tmp_path / "work/app/b.yaml").symlink_to("../beside.yaml")
    directory = Directory(tmp_path / "work/app")
    assert set(gather(directory, Source(""), directory.own_files()).files) == {"a.yaml", "b.yaml"}
    (tmp_path / "work/app/c.yaml").symlink_to(tmp_path / "away.yaml")
    with pytest.raises(ManifestError, match=r"^c\.yaml:1: This symbolic link"):
        gather(directory, Source(""), directory.own_files())

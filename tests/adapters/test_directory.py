"""A directory as a source of manifests."""

from pathlib import Path

import pytest

from bot.adapters.directory import read_directory
from bot.core.render import render
from bot.ports import RepositoryError

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
        assert len(render([(file.path, file.content) for file in read_directory(root)])) == count


def test_a_path_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises(RepositoryError, match="There is no "):
        read_directory(tmp_path / "nowhere")

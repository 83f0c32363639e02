"""Links in a repository: followed inside it, and never without end."""

import pytest

from bot.handlers.rendering.tree import Commit
from bot.ports.errors import PortError


def test_links_that_multiply_are_bounded(rendering):
    """Each directory has ten links to the next, so the last file would be there 100,000 times."""
    root = rendering.source.path
    for level in range(6):
        (root / f"level-{level}").mkdir()
        for number in range(10 if level < 5 else 0):
            (root / f"level-{level}" / str(number)).symlink_to(f"../level-{level + 1}")
    sha = rendering.commit({"level-5/a.yaml": "a: 1"})
    with pytest.raises(PortError, match=r"^level-0 needs more than 1,000 symbolic links"):
        Commit(rendering.repository, sha).linked("level-0")
    assert len(Commit(rendering.repository, sha).linked("level-4").files) == 10


def test_links_in_a_circle_and_out_of_the_repository_are_ignored(rendering):
    root = rendering.source.path
    (root / "app").mkdir()
    for name, target in (("up", ".."), ("self", "."), ("out", "../../etc"), ("absolute", "/etc"), ("gone", "nowhere")):
        (root / "app" / name).symlink_to(target)
    sha = rendering.commit({"app/a.yaml": "a: 1"})
    assert not Commit(rendering.repository, sha).linked("app").files


def test_links_to_many_files_are_bounded(rendering):
    """Each link to a directory holds its files again, so they are counted while they multiply."""
    root = rendering.source.path
    (root / "app").mkdir()
    for number in range(80):
        (root / "app" / f"l{number}").symlink_to("../big")
    sha = rendering.commit({f"big/{number}.yaml": "" for number in range(300)})
    with pytest.raises(PortError, match="too many files"):
        Commit(rendering.repository, sha).linked("app")

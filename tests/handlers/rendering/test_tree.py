"""Links in a repository: followed inside it, and never without end."""

import pytest

from bot.core.rendering.source import HelmParameters, Source
from bot.handlers.rendering import tree
from bot.handlers.rendering.tree import Commit
from bot.ports.errors import PortError
from tests.common.kubernetes import as_yaml, config_map


def test_links_that_multiply_are_bounded(rendering):
    """Each directory has ten links to the next, so the last file would be there 100,000 times."""
    root = rendering.source.path
    for level in range(6):
        (root / f"level-{level}").mkdir()
        for number in range(10 if level < 5 else 0):
            (root / f"level-{level}" / str(number)).symlink_to(f"../level-{level + 1}")
    sha = rendering.commit({"level-5/a.yaml": "a: 1"})
    with pytest.raises(PortError, match=r"^level-0 uses more than 1,000 symbolic links"):
        Commit(rendering.repository, sha).linked("level-0")
    assert len(Commit(rendering.repository, sha).linked("level-4").files) == 10


def test_links_in_a_circle_and_out_of_the_repository_are_ignored(rendering):
    root = rendering.source.path
    (root / "app").mkdir()
    for name, target in (("up", ".."), ("self", "."), ("out", "../../etc"), ("absolute", "/etc"), ("gone", "nowhere")):
        (root / "app" / name).symlink_to(target)
    (root / "app/one").symlink_to("two")
    (root / "app/two").symlink_to("one")
    sha = rendering.commit({"app/a.yaml": "a: 1"})
    linked = Commit(rendering.repository, sha).linked("app")
    assert not linked.files
    assert sorted(linked.broken) == sorted(f"app/{name}" for name in ("out", "absolute", "gone", "one", "two"))


def test_links_to_many_files_are_bounded(rendering):
    """Each link to a directory holds its files again, so they are counted while they multiply."""
    root = rendering.source.path
    (root / "app").mkdir()
    for number in range(80):
        (root / "app" / f"l{number}").symlink_to("../big")
    sha = rendering.commit({f"big/{number}.yaml": "" for number in range(300)})
    with pytest.raises(PortError, match="too many files"):
        Commit(rendering.repository, sha).linked("app")


@pytest.mark.parametrize(("bound", "most"), [("_MAX_LINKS", 2), ("MAX_FILES", 4), ("MAX_BYTES", 12)])
def test_as_many_links_are_followed_as_allowed_and_no_more(rendering, monkeypatch, bound, most):
    root = rendering.source.path
    (root / "app").mkdir()
    for number in range(2):
        (root / "app" / f"l{number}").symlink_to("../big")
    sha = rendering.commit({f"big/{number}.yaml": "abc" for number in range(2)})
    monkeypatch.setattr(tree, bound, most)
    assert len(Commit(rendering.repository, sha).linked("app").files) == 4
    monkeypatch.setattr(tree, bound, most - 1)
    with pytest.raises(PortError, match=r"^app uses more than"):
        Commit(rendering.repository, sha).linked("app")


def test_links_that_lead_nowhere_are_bounded_too(rendering):
    root = rendering.source.path
    for folder, target in (("app", "../big"), ("big", "nowhere")):
        (root / folder).mkdir()
        for number in range(40):
            (root / folder / f"l{number}").symlink_to(target)
    sha = rendering.commit({"big/a.yaml": ""})
    with pytest.raises(PortError, match=r"^app uses more than 1,000 symbolic links"):
        Commit(rendering.repository, sha).linked("app")


@pytest.mark.parametrize(
    ("link", "between"),
    [("../via/one.yaml", "via"), ("../shared/../via/../sub/one.yaml", "via"), ("second.yaml", "app/second.yaml")],
)
def test_a_link_that_leads_through_another_is_followed(rendering, link, between):
    root = rendering.source.path
    (root / "app").mkdir()
    (root / "app/link.yaml").symlink_to(link)
    targets = ["shared/sub", "other/sub"] if between == "via" else ["../shared/sub/one.yaml", "../other/sub/one.yaml"]
    (root / between).symlink_to(targets[0])
    files = {f"{folder}/sub/one.yaml": as_yaml(config_map(folder)) for folder in ("shared", "other")}
    rendering.commit({**files, "app/own.yaml": as_yaml(config_map("own"))})
    assert {manifest.name for manifest in rendering.render("app")} == {"own", "shared"}
    (root / between).unlink()
    (root / between).symlink_to(targets[1])
    rendering.commit({"unrelated": ""})
    assert {manifest.name for manifest in rendering.render("app")} == {"own", "other"}


GLOB = HelmParameters("web", values_files=("/base/*.yaml",), ignore_missing_values_files=True)


@pytest.mark.parametrize("other", [Source("other"), Source("chart", helm=GLOB)], ids=["a link", "values files"])
def test_each_application_has_its_own_dependencies_of_a_path(rendering, other):
    """A path without dependencies to one application, such as the target of a link, has them as a base of another."""
    (rendering.source.path / "other").mkdir()
    (rendering.source.path / "other/base").symlink_to("../base")
    files = {
        f"{path}/kustomization.yaml": f"resources: [{base}]"
        for path, base in (("app", "../base"), ("base", "../common"))
    }
    files |= {"common/kustomization.yaml": "resources: [a.yaml]", "common/a.yaml": as_yaml(config_map())}
    files |= {
        "chart/Chart.yaml": "{apiVersion: v2, name: web, version: 1.0.0}",
        "other/own.yaml": as_yaml(config_map("own")),
    }
    sha = rendering.commit(files)
    rendering.render("app")
    before = rendering.cache.known_inputs(rendering.repository, sha, [Source("app")])
    rendering.render(other)
    assert rendering.cache.known_inputs(rendering.repository, sha, [Source("app")]) == before
    assert [path for path, _ in before[Source("app")]] == ["app", "base", "common"]


def test_an_object_behind_a_link_that_leads_nowhere_is_not_lost(rendering):
    (rendering.source.path / "app").mkdir()
    (rendering.source.path / "app/link.yaml").symlink_to("../later.yaml")
    error = "app/link.yaml:1: This symbolic link does not lead to a file in the repository. Fix or delete it."
    assert rendering.error({"app/own.yaml": as_yaml(config_map("own"))}) == error
    rendering.commit({"later.yaml": as_yaml(config_map("later"))})
    assert {manifest.name for manifest in rendering.render("app")} > {"own", "later"}

"""Reverts where an application follows another branch, a tag or a commit of a repository."""

import pytest

from bot.adapters.git.repository import GitRepository
from bot.core.git.target_revision import TargetRevision
from bot.core.pull_requests.revert import Opened, Refused
from tests.handlers.pull_requests.test_revert import WEB, desk

__all__ = ["desk"]


def line(desk, text):
    url, mirrors = str(desk.source.path), desk.mirrors / "one"
    return GitRepository(f"platform@{text}", url, TargetRevision(text), mirrors, mirror="platform")


@pytest.mark.parametrize("revision", ["release-*", "release-2", "refs/heads/release-2"])
def test_a_revert_goes_against_the_branch_that_is_followed(desk, revision):
    desk.source.git("branch", "release-1")
    desk.source.branch("release-2")
    bad = desk.source.commit("Scale web", {WEB: "replicas: 9\n"})
    opened = desk.ask(bad, line(desk, revision))
    assert isinstance(opened, Opened)
    assert opened.pull.base == "release-2"
    assert desk.source.show(opened.pull.head, WEB) == "replicas: 1"


@pytest.mark.parametrize("revision", ["v1.0.0", "1.x", "refs/tags/v1.0.0"])
def test_what_follows_a_tag_needs_a_branch(desk, revision):
    bad = desk.source.commit("Scale web", {WEB: "replicas: 9\n"})
    desk.source.git("tag", "v1.0.0")
    refused = desk.ask(bad, line(desk, revision))
    assert isinstance(refused, Refused)
    assert refused.reason.startswith("The application tracks v1.0.0, which is not a branch")
    assert desk.branches() == []


def test_one_mirror_serves_every_line(desk):
    desk.source.branch("next")
    sha = desk.source.commit("Next", {WEB: "replicas: 2\n"})
    assert desk.repository.fetch() == desk.source.sha("main")
    assert line(desk, "next").head() == sha
    assert line(desk, sha).fetch() == sha
    assert line(desk, sha[:9]).resolved_revision().kind == "commit"
    assert line(desk, "HEAD").fetch() == sha, "the default branch is the one that is checked out there"
    assert [each.name for each in (desk.mirrors / "one").glob("*.git")] == ["platform.git"]
    with pytest.raises(
        Exception, match=r"has no branch, tag or commit that matches gone\. Its branches are main, next"
    ):
        line(desk, "gone").fetch()

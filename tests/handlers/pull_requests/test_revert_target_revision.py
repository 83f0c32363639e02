"""Reverts where an application follows another branch, a tag or a commit of a repository."""

import pytest

from bot.adapters.git.repository import GitRepository
from bot.core.git.target_revision import TargetRevision
from bot.core.pull_requests.revert import AlreadyOpen, Opened, Refused
from bot.ports.git import RepositoryError

WEB = "apps/shop/web.yaml"


@pytest.fixture
def reverts(reverts):
    reverts.source.commit("First", {WEB: "replicas: 1\n"})
    return reverts


def tracking(reverts, text):
    """The repository with another target revision; it shares the mirror."""
    revision, mirrors = TargetRevision(text), reverts.mirrors / "one"
    return GitRepository(f"platform@{text}", reverts.source.url, revision, mirrors, mirror="platform")


@pytest.mark.parametrize("revision", ["release-*", "release-2", "refs/heads/release-2"])
def test_a_revert_targets_the_tracked_branch(reverts, revision):
    reverts.source.git("branch", "release-1")
    reverts.source.branch("release-2")
    bad = reverts.source.commit("Scale web", {WEB: "replicas: 9\n"})
    opened = reverts.request(bad, tracking(reverts, revision))
    assert isinstance(opened, Opened)
    assert opened.pull.base == "release-2"
    assert reverts.source.show(opened.pull.head, WEB) == "replicas: 1"


def test_each_tracked_branch_gets_its_own_pull_request(reverts):
    bad = reverts.source.commit("Scale web", {WEB: "replicas: 9\n"})
    reverts.source.git("branch", "prod")
    repositories = [reverts.repository, tracking(reverts, "prod")]
    opened = [reverts.request(bad, repository) for repository in repositories]
    assert [outcome.pull.base for outcome in opened] == ["main", "prod"]
    assert [reverts.request(bad, repository) for repository in repositories] == [
        AlreadyOpen(outcome.pull) for outcome in opened
    ]


@pytest.mark.parametrize("revision", ["v1.0.0", "1.x", "refs/tags/v1.0.0"])
def test_a_revert_for_a_tracked_tag_needs_a_branch(reverts, revision):
    bad = reverts.source.commit("Scale web", {WEB: "replicas: 9\n"})
    reverts.source.git("tag", "v1.0.0")
    refused = reverts.request(bad, tracking(reverts, revision))
    assert isinstance(refused, Refused)
    assert refused.reason.startswith("The application tracks v1.0.0, which is not a branch")
    assert reverts.branches == []


def test_the_default_branch_is_followed_by_name(reverts):
    """Not by the sha that was fetched with it, which may be that of another branch now."""
    default = tracking(reverts, "HEAD")
    default.fetch()
    reverts.source.git("branch", "a-copy")
    assert default.fetch() == reverts.source.sha("main")
    sha = reverts.source.commit("More", {WEB: "replicas: 3\n"})
    assert reverts.repository.fetch() == sha
    assert (default.branch, default.head()) == ("main", sha)
    reverts.source.branch("next")
    assert default.fetch() == sha
    assert default.branch == "main", "both are at that sha, and it was the default"
    reverts.source.git("branch", "-D", "main")
    assert default.fetch() == sha
    assert default.branch == "next"
    reverts.source.git("checkout", "-q", "--detach")
    reverts.source.commit("On no branch", {WEB: "replicas: 4\n"})
    with pytest.raises(RepositoryError, match="has no branch, tag or commit that matches HEAD"):
        default.fetch()


def test_one_mirror_serves_every_target_revision(reverts):
    reverts.source.branch("next")
    sha = reverts.source.commit("Next", {WEB: "replicas: 2\n"})
    assert reverts.repository.fetch() == reverts.source.sha("main")
    assert tracking(reverts, "next").head() == sha
    assert tracking(reverts, sha).fetch() == sha
    assert tracking(reverts, sha[:9]).resolved_revision().kind == "commit"
    assert tracking(reverts, "HEAD").fetch() == sha, "the default branch is the one that is checked out there"
    assert [folder.name for folder in (reverts.mirrors / "one").glob("*.git")] == ["platform.git"]
    with pytest.raises(
        Exception, match=r"has no branch, tag or commit that matches gone\. Existing branches: main, next"
    ):
        tracking(reverts, "gone").fetch()

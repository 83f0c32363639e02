"""The demo's seed repository is believable, and quick to make."""

from datetime import UTC, datetime, timedelta

import pytest
import yaml

from bot.sandbox.cluster.server import SandboxCluster
from bot.sandbox.forge import SandboxForge
from bot.sandbox.shop import seed
from bot.sandbox.slack import SandboxSlack
from bot.sandbox.slack.model import BOT_USER, Message
from bot.sandbox.tour import Tour
from tests.common.slack import ALERTS

NOW = datetime(2031, 3, 4, 9, 30, tzinfo=UTC)


@pytest.fixture(scope="module")
def forge(tmp_path_factory):
    return SandboxForge(tmp_path_factory.mktemp("forge"), clock=lambda: NOW)


@pytest.fixture(scope="module")
def shop(forge):
    return seed(forge, NOW)


@pytest.fixture(scope="module")
def repository(forge, shop):
    return forge.repositories[shop.repository]


def test_every_application_is_whole_yaml_in_its_own_namespace_with_pinned_images(shop, repository):
    for application in shop.applications:
        names = repository.git.run("ls-tree", "-r", "--name-only", shop.branch, f"{application.path}/").split()
        objects = [yaml.safe_load(repository.git.run("show", f"{shop.branch}:{name}")) for name in names]
        assert len(objects) >= 2
        assert {object_["metadata"]["namespace"] for object_ in objects} == {application.namespace}
        images = [
            container["image"]
            for object_ in objects
            if "template" in object_["spec" if "spec" in object_ else "metadata"]
            for container in object_["spec"]["template"]["spec"]["containers"]
        ]
        assert images
        assert all(image.rpartition(":")[2][0].isdigit() for image in images)


def test_the_history_spreads_over_two_weeks_and_over_people(shop, repository):
    commits = repository.git.log("--first-parent", shop.branch, "--")
    assert 15 <= len(commits) <= 20
    times = [commit.committed_at for commit in commits]
    assert times == sorted(times, reverse=True)
    assert timedelta(days=13) < times[0] - times[-1] < timedelta(days=14)
    assert times[0] < NOW
    assert len({commit.email for commit in commits}) >= 4


def test_every_commit_but_the_first_came_by_an_approved_pull_request(shop, repository):
    for commit in repository.git.log("--first-parent", shop.branch, "--")[:-1]:
        (pull,) = repository.pulls_of(commit.sha)
        assert pull.merged_at == commit.committed_at
        assert [review.sha for review in pull.verdicts.values() if review.by != pull.author] == [pull.head_sha]


def test_the_newest_commit_is_the_merge_to_be_reverted(shop, repository):
    newest = repository.git.commit(shop.bad_commit)
    assert repository.git.tip(shop.branch) == newest.sha
    assert len(newest.parents) == 2
    assert repository.pull(shop.bad_pull).merge_sha == newest.sha
    assert "+              memory: 64Mi" in repository.git.patch(newest.parents[0], newest.sha)


def test_one_pull_request_is_open_and_merges(shop, repository):
    assert [pull.number for pull in repository.listed() if pull.state == "open"] == [shop.open_pull]
    assert repository.mergeable(repository.pull(shop.open_pull))


def test_only_the_revert_of_the_bad_commit_is_what_the_tour_waits_for(tmp_path):
    forge = SandboxForge(tmp_path, clock=lambda: NOW)
    shop = seed(forge, NOW, story=True)
    repository = forge.repositories[shop.repository]
    slack = SandboxSlack()
    tour = Tour(slack, SandboxCluster(), repository, shop)
    bad = repository.merge(shop.bad_pull, "chen", at=NOW).merge_sha
    header = {"type": "header", "text": {"type": "plain_text", "text": "⚠️ Stuck: shop"}}
    slack.workspace.post(Message(ALERTS, slack.workspace.ts(), BOT_USER, "", [header, {"type": bad[:8]}]))

    def is_done_after_a_pull_from(head):
        repository.commit(head, {"notes.txt": head}, "A change\n", "bo", NOW)
        repository.open_pull(head=head, base=shop.branch, title="A change", body="", by="bo", at=NOW)
        return next(step["done"] for step in tour.seen()["steps"] if step["id"] == "revert")

    assert not is_done_after_a_pull_from("gitops-bot/adopt-shop-0123456789ab")
    of_another = "gitops-bot/revert-0123456789abcdef0123456789abcdef01234567"
    assert not is_done_after_a_pull_from(of_another)  # such as of that revert
    assert is_done_after_a_pull_from(f"gitops-bot/revert-{bad}")


def test_in_the_story_the_bad_pull_request_is_approved_and_open(tmp_path):
    forge = SandboxForge(tmp_path, clock=lambda: NOW)
    shop = seed(forge, NOW, story=True)
    bad = forge.repositories[shop.repository].pull(shop.bad_pull)
    assert (shop.bad_commit, bad.state, len(bad.verdicts)) == ("", "open", 1)

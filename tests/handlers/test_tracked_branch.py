"""A branch is the same however an application's revision names it: for permissions, approvals, and pull requests."""

from dataclasses import replace
from types import SimpleNamespace

import pytest

from bot.adapters.git.mirror import Mirror
from bot.core.access.audit import Origin
from bot.core.access.requester import Requester
from bot.core.commands.command import HistoryCommand
from bot.core.pull_requests.change_ref import parse_change_ref
from bot.core.pull_requests.revert import RevertRequest
from bot.core.pull_requests.tracked_pull_request import tracked_id
from bot.handlers.change_people import requester_of
from bot.handlers.command_service import CommandService
from bot.handlers.slack.people import People
from bot.i18n.language import ENGLISH
from bot.ports.git import RepositoryError
from tests.common.bot import application_settings
from tests.common.forge import InMemoryForge
from tests.common.kubernetes import as_yaml, config_map
from tests.common.slack import ALERTS, PRIYA, TOMAS
from tests.messages.samples import REVERT_PULL

FILE = "apps/shop/settings.yaml"
AS_TOMAS = Requester(TOMAS, "tomas", ALERTS, Origin.COMMAND, ENGLISH)


def service(bot):
    return CommandService(bot.config, bot.ports, bot.monitor, People(bot.ports.chat, {}, bot.clock))


@pytest.fixture
def start(bot, source):
    """Starts the bot with applications at these revisions, and fetches each of them."""
    source.commit("First", {FILE: as_yaml(config_map(level="info"))})
    source.git("branch", "release-1")

    def start(*revisions, poll=True):
        shop = {**application_settings("shop"), "revert_allowed": [PRIYA]}
        names = [f"shop{number or ''}" for number, _ in enumerate(revisions)]
        applications = {
            name: {**shop, "revision": revision} if revision else shop
            for name, revision in zip(names, revisions, strict=True)
        }
        bot.start(forges={"platform": InMemoryForge(source)}, applications=applications)
        if poll:
            start.poll()
        return bot

    def poll():
        for application in bot.config.applications.values():
            bot.monitor.poll_repository(application.repository.key)

    start.poll = poll
    return start


@pytest.mark.parametrize("revision", ["", "main", "refs/heads/main", "HEAD", "ma*"])
def test_a_revert_needs_permission_however_the_branch_is_written(start, source, revision):
    bot = start(revision)
    bad = source.commit("Second", {FILE: as_yaml(config_map(level="debug"))})
    answer = service(bot).revert(AS_TOMAS, RevertRequest("tomas", parse_change_ref(bad)))
    assert "applications.shop.revert_allowed allows only" in answer.text
    assert bot.ports.forges["platform"].pull_requests == {}


@pytest.mark.parametrize("ask", ["revert", "adopt"])
def test_a_repository_with_two_names_is_one_for_permissions(bot, source, cluster, ask):
    source.commit("First", {FILE: as_yaml(config_map(level="info"))})
    source.git("branch", "release-1")
    bad = source.commit("Second", {FILE: as_yaml(config_map(level="debug"))})
    cluster.apply(config_map(level="info"), namespace="shop")
    forge, shop = InMemoryForge(source), application_settings("shop")
    bot.start(
        forges={"releases@main": forge},
        repositories={"releases": {"url": f"file://{source.url}", "branch": "release-1"}},
        applications={
            "shop": {**shop, "revert_allowed": [PRIYA]},
            "mine": {**shop, "repository": "releases", "revision": "main", "revert_allowed": [TOMAS]},
        },
    )
    if ask == "revert":
        answer = service(bot).revert(AS_TOMAS, RevertRequest("tomas", parse_change_ref(bad), "mine"))
    else:
        answer = service(bot).adopt(AS_TOMAS, "mine")
    assert "applications.shop.revert_allowed allows only" in answer.text
    assert forge.pull_requests == {}


@pytest.mark.parametrize(("with_forge", "key"), [(["platform", "releases"], "platform"), (["releases"], "releases")])
@pytest.mark.parametrize("fetched_first", ["platform", "releases"])
def test_a_branch_with_two_names_is_reviewed_once(bot, source, with_forge, key, fetched_first):
    source.commit("First", {FILE: as_yaml(config_map(level="info"))})
    forge, shop = InMemoryForge(source), application_settings("shop")
    bot.start(
        forges=dict.fromkeys(with_forge, forge),
        repositories={"releases": {"url": f"file://{source.url}", "branch": "main"}},
        applications={"shop": shop, "shop2": {**shop, "repository": "releases", "revision": "HEAD"}},
    )

    def poll():
        for name in sorted(("platform", "releases"), key=lambda name: name != fetched_first):
            bot.monitor.poll_all_refs(name)

    poll()
    source.commit("Push", {FILE: as_yaml(config_map(level="debug"))})
    poll()
    (record,) = bot.store.approvals.unsettled()
    assert (record.repository, record.sha, record.applications) == (key, source.sha(), ("shop", "shop2"))
    history = service(bot).answer(HistoryCommand(None), AS_TOMAS)
    assert str(history.blocks).count("Push") == 1
    bot.store.pull_requests.save(replace(REVERT_PULL, id=tracked_id("releases@main", 7), requester="tomas"))
    pull = SimpleNamespace(number=7)
    assert [requester_of(bot.ports, name, pull) for name in ("platform", "releases")] == ["tomas"] * 2


BRANCHES = {
    "main": (["", "main", "refs/heads/main", "HEAD", "ma*"], "platform"),
    "release-1": (["release-1", "refs/heads/release-1", "release-*"], "platform@refs/heads/release-1"),
}


@pytest.mark.parametrize("branch", BRANCHES)
def test_each_commit_is_reviewed_once_for_all_applications_of_its_branch(start, source, branch):
    revisions, key = BRANCHES[branch]
    bot = start(*revisions)
    source.git("checkout", "-q", branch)
    sha = source.commit("Push", {FILE: as_yaml(config_map(level="debug"))})
    start.poll()
    (record,) = bot.store.approvals.unsettled()
    assert (record.repository, record.branch, record.sha) == (key, branch, sha)
    assert record.applications == tuple(bot.config.applications)
    history = service(bot).answer(HistoryCommand(None), AS_TOMAS)
    assert str(history.blocks).count("Push") == 1


def test_a_branch_that_does_not_exist_leaves_the_other_histories_readable(bot, source):
    source.commit("First", {FILE: as_yaml(config_map(level="info"))})
    shop = application_settings("shop")
    bot.start(forges={}, applications={"shop": shop, "gone": {**shop, "revision": "gone"}})
    answer = service(bot).answer(HistoryCommand(None), AS_TOMAS)
    assert "First" in str(answer.blocks)
    assert "gone" in answer.text


def test_revisions_that_do_not_exist_are_not_fetched_for_each_commit(start, source, monkeypatch):
    bot = start("", "release-1", "release-*")
    source.git("branch", "-D", "release-1")
    for key in ("platform@release-1", "platform@release-*"):
        with pytest.raises(RepositoryError):
            bot.monitor.poll_repository(key)
    for level in ("debug", "warn"):
        source.commit("Push", {FILE: as_yaml(config_map(level=level))})
    git, fetches = Mirror.network_git, []
    monkeypatch.setattr(Mirror, "network_git", lambda *args, **kw: fetches.append(args) or git(*args, **kw))
    bot.monitor.poll_repository("platform")
    # The branch main is not release-1, but a pattern may match any branch.
    assert [record.applications for record in bot.store.approvals.unsettled()] == [("shop", "shop2")] * 2
    assert len(fetches) == 1


def test_a_pattern_that_selects_another_branch_reviews_what_is_pushed_there_from_then_on(start, source):
    bot = start("release-*")
    source.branch("release-2")
    start.poll()
    source.commit("Push", {FILE: as_yaml(config_map(level="debug"))})
    start.poll()
    assert [(record.branch, record.subject) for record in bot.store.approvals.unsettled()] == [("release-2", "Push")]


def test_a_pull_request_is_the_same_at_every_revision():
    """Otherwise its requester could approve it unnoticed."""
    assert tracked_id("platform@HEAD", 7) == tracked_id("platform", 7) == "platform#7"


def test_all_revisions_of_a_repository_share_one_fetch_per_check_and_poll(start, source, monkeypatch):
    branches = ["release-1", "release-2", "release-3"]
    for branch in branches[1:]:
        source.git("branch", branch)
    bot = start("", *branches, "refs/heads/release-1", "gone", poll=False)
    git, fetches = Mirror.network_git, []
    monkeypatch.setattr(Mirror, "network_git", lambda *args, **kw: fetches.append(args) or git(*args, **kw))

    def fetch():
        fetches.clear()
        return bot.monitor.fetch(bot.config.applications.values()), len(fetches)

    fetch()  # finds out which branches there are
    for branch in branches:
        source.git("checkout", "-q", branch)
        source.commit("Push", {FILE: as_yaml(config_map(level=branch))})
    revisions, fetched = fetch()
    assert fetched == 1
    assert "no branch, tag or commit that matches gone" in str(revisions.pop("platform@gone"))
    heads = {"platform": "main", "platform@refs/heads/release-1": "release-1", **{f"platform@{b}": b for b in branches}}
    assert revisions == {key: source.sha(branch) for key, branch in heads.items()}
    assert {rollout.branch for rollout in bot.store.rollouts.unsettled()} == set(branches)
    assert sorted(record.branch for record in bot.store.approvals.unsettled()) == branches
    fetches.clear()
    with pytest.raises(RepositoryError, match="gone"):
        bot.monitor.poll_all_refs("platform")
    assert len(fetches) == 1

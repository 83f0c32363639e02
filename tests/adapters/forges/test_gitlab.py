"""What only GitLab has, by python-gitlab over HTTP; the rest is in test_forge_contract.py."""

import orjson
import pytest
from aiohttp import web

from bot.adapters.forges.gitlab import GitLabForge
from bot.core.git.commit import Account
from bot.handlers.contributions import read_contributions
from tests.common.forge import BOT_BRANCH, RunningForge, approvers


@pytest.fixture
def site(tmp_path):
    site = RunningForge("gitlab", tmp_path)
    site.commit_bot_branch()
    site.hosted.open_pull(head=BOT_BRANCH, base="main", title="Raise a", body="", by="mia")
    return site


@pytest.fixture
def hosted(site):
    return site.hosted


@pytest.fixture
def forge(site):
    with site.serve():
        yield site.adapter()


@pytest.fixture
def older(site):
    """The sandbox, turned into an older GitLab before it serves requests."""
    site.sandbox.app.middlewares.insert(0, before_18)


@web.middleware
async def before_18(request, handler):
    """GitLab told who approved, but not when."""
    answer = await handler(request)
    if request.path.endswith("/approvals"):
        approvals = orjson.loads(answer.body)
        approvals["approved_by"] = [{"user": entry["user"]} for entry in approvals["approved_by"]]
        answer.body = orjson.dumps(approvals)
    return answer


@web.middleware
async def with_deleted_account(request, handler):
    """The first approver's account was deleted."""
    answer = await handler(request)
    if request.path.endswith("/approvals"):
        approvals = orjson.loads(answer.body)
        approvals["approved_by"][0]["user"] = None
        answer.body = orjson.dumps(approvals)
    return answer


def test_a_deleted_account_hides_no_other_approval(site):
    site.sandbox.app.middlewares.insert(0, with_deleted_account)
    for approver in ("kit", "lou"):
        site.hosted.review(7, approver)
    with site.serve():
        forge = site.adapter()
        assert [approval.by for approval in forge.approvals(7)] == ["lou"]
        assert len(forge.commits(forge.get_pull_request(7))) == 1


def test_an_older_gitlab_s_approval_of_the_only_version_counts(older, forge, hosted):
    hosted.review(7, "kit")
    assert approvers(forge, 7) == ("kit",)


def test_an_older_gitlab_s_approval_of_one_of_several_versions_does_not(older, forge, hosted):
    hosted.commit(BOT_BRANCH, {"a.yaml": "a: 3\n"}, "Third\n", "mia")
    hosted.review(7, "kit")
    assert [approval.by for approval in forge.approvals(7)] == ["kit"]
    assert approvers(forge, 7) == ()


def test_an_approval_from_before_gitlab_rebased_the_branch_is_of_an_earlier_head(forge, hosted):
    hosted.review(7, "kit")
    hosted.commit("main", {"b.yaml": "b: 1\n"}, "Meanwhile\n", "mia")
    hosted.merge(7, "lou", "rebase")
    assert approvers(forge, 7) == ()


@web.middleware
async def without_branches(request, handler):
    """GitLab doesn't name the branches of a push to more than three."""
    answer = await handler(request)
    if request.path.endswith("/events"):
        events = orjson.loads(answer.body)
        for event in events:
            if event["author_username"] == "lou":
                event["push_data"] |= {"ref": None, "commit_from": None, "commit_to": None, "commit_title": None}
        answer.body = orjson.dumps(events)
    return answer


def test_a_push_to_many_branches_could_contain_what_no_other_push_does(site):
    site.sandbox.app.middlewares.insert(0, without_branches)
    hosted, mia = site.hosted, site.hosted.person("mia")
    opened = hosted.pull(7).head_sha
    forged = hosted.git.import_commit(BOT_BRANCH, opened, {"b.yaml": "b: 1\n"}, "b\n", author=mia, at=site.clock())
    hosted.pushed(BOT_BRANCH, opened, forged, "lou")
    with site.serve():
        repository, forge = site.repository(), site.adapter()
        repository.fetch()
        last, first = read_contributions(repository, forge, forge.get_pull_request(7))
    assert (last.sha, last.pushed_by, last.possible_pushers) == (forged, None, (Account("lou"),))
    assert (first.sha, first.pushed_by, first.possible_pushers) == (opened, Account("mia"), ())


@pytest.mark.parametrize("api_url", ["https://git.paper.example/lab/api/v4", "https://git.paper.example/lab/api/v4/"])
def test_the_web_address_follows_from_the_api_s(api_url):
    forge = GitLabForge("paper/mill/press", api_url, "t")
    assert forge.commit_url("abc") == "https://git.paper.example/lab/paper/mill/press/-/commit/abc"

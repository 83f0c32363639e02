"""What only GitLab has, by python-gitlab over HTTP; the rest is in test_forge_contract.py."""

from datetime import UTC, datetime, timedelta
from itertools import count

import orjson
import pytest
from aiohttp import web

from bot.adapters.forges.gitlab import GitLabForge
from bot.core.git.commit import approvers
from bot.sandbox.forge import SandboxForge
from bot.sandbox.forge.gitlab import GITLAB
from bot.sandbox.server import Server

START = datetime(2031, 3, 4, 9, 30, tzinfo=UTC)
BRANCH = "gitops-bot/revert-1a2b3c4d"


@pytest.fixture
def sandbox(tmp_path):
    ticks = count()
    sandbox = SandboxForge(tmp_path, lambda: START + timedelta(seconds=next(ticks)), GITLAB)
    repository = sandbox.create_repository("paper/mill/press", first_number=7)
    repository.commit("main", {"a.yaml": "a: 1\n"}, "First\n", "mia")
    repository.commit(BRANCH, {"a.yaml": "a: 2\n"}, "Second\n", "mia")
    repository.open_pull(head=BRANCH, base="main", title="Raise a", body="", by="mia")
    return sandbox


@pytest.fixture
def hosted(sandbox):
    return sandbox.repositories["paper/mill/press"]


@pytest.fixture
def forge(sandbox):
    with Server(sandbox.app) as server:
        yield GitLabForge("paper/mill/press", f"{server.url}/api/v4", sandbox.token)


@pytest.fixture
def older(sandbox):
    """The sandbox, turned into an older GitLab before it serves requests."""
    sandbox.app.middlewares.insert(0, before_18)


@web.middleware
async def before_18(request, handler):
    """GitLab told who approved, but not when."""
    answer = await handler(request)
    if request.path.endswith("/approvals"):
        approvals = orjson.loads(answer.body)
        approvals["approved_by"] = [{"user": entry["user"]} for entry in approvals["approved_by"]]
        answer.body = orjson.dumps(approvals)
    return answer


def test_an_older_gitlab_s_approval_of_the_only_version_counts(older, forge, hosted):
    hosted.review(7, "kit")
    assert approvers(forge.get_pull_request(7), forge.approvals(7)) == ("kit",)


def test_an_older_gitlab_s_approval_of_one_of_several_versions_does_not(older, forge, hosted):
    hosted.commit(BRANCH, {"a.yaml": "a: 3\n"}, "Third\n", "mia")
    hosted.review(7, "kit")
    assert [approval.by for approval in forge.approvals(7)] == ["kit"]
    assert approvers(forge.get_pull_request(7), forge.approvals(7)) == ()


def test_an_approval_from_before_gitlab_rebased_the_branch_is_of_an_earlier_head(forge, hosted):
    hosted.review(7, "kit")
    hosted.commit("main", {"b.yaml": "b: 1\n"}, "Meanwhile\n", "mia")
    hosted.merge(7, "lou", "rebase")
    assert approvers(forge.get_pull_request(7), forge.approvals(7)) == ()


@pytest.mark.parametrize("api_url", ["https://git.paper.example/lab/api/v4", "https://git.paper.example/lab/api/v4/"])
def test_the_web_address_follows_from_the_api_s(api_url):
    forge = GitLabForge("paper/mill/press", api_url, "t")
    assert forge.commit_url("abc") == "https://git.paper.example/lab/paper/mill/press/-/commit/abc"

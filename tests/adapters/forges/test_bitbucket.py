"""What only Bitbucket has, Cloud and Data Center; the rest is in test_forge_contract.py."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.adapters.forges.bitbucket import BitbucketForge
from bot.adapters.forges.bitbucket_server import BitbucketServerForge
from bot.config.credentials import Credentials
from bot.config.sections.forge import ForgeConfig
from bot.core.approvals.approval import AllowedAutomation
from bot.ports.forge import ForgeError
from bot.sandbox.forge import bitbucket
from tests.common.forge import RunningForge, create_pull_request


@pytest.fixture
def site(request, tmp_path):
    site = RunningForge(getattr(request, "param", "bitbucket"), tmp_path)
    site.commit_bot_branch()
    with site.serve():
        yield site


@pytest.fixture
def hosted(site):
    return site.hosted


@pytest.fixture
def forge(site):
    return site.adapter()


# ---------------------------------------------------------------- Cloud


def test_what_people_made_of_a_pull_request_s_text_stays(forge, hosted):
    """Asked for the same one twice, Bitbucket Cloud itself would write over it."""
    create_pull_request(forge)
    hosted.pulls[7].title = "Raise a, after lunch"
    assert create_pull_request(forge).title == "Raise a, after lunch"
    assert hosted.pulls[7].title == "Raise a, after lunch"


def test_a_repository_whose_index_is_not_begun_says_how_to_begin_it(forge, hosted):
    hosted.index = "none"
    with pytest.raises(ForgeError, match=r"has not indexed .* “Go to pull request”"):
        forge.pull_request_for(hosted.git.tip("main"))
    assert forge.pull_request_for("ab" * 20) is None


def test_an_index_that_is_being_made_is_worth_waiting_for(forge, hosted):
    hosted.index = "begun"
    with pytest.raises(ForgeError, match="still indexing") as error:
        forge.pull_request_for(hosted.git.tip("main"))
    assert timedelta(0) < error.value.retry_at - datetime.now(UTC) <= timedelta(minutes=1)


def test_a_person_s_api_token_comes_with_their_address(site):
    """https://support.atlassian.com/bitbucket-cloud/docs/using-api-tokens/"""
    forge = site.adapter(token=f"mia@paper.example:{site.sandbox.token}")
    assert create_pull_request(forge).number == 7
    assert (forge.git_credential().user, forge.git_credential().secret) == (
        "x-bitbucket-api-token-auth",
        site.sandbox.token,
    )


def test_a_branch_s_name_cannot_change_the_question(forge):
    create_pull_request(forge)
    assert forge.find_pull_request('x" OR state="OPEN') is None


def test_accounts_are_told_apart_by_their_ids(site, forge, hosted, monkeypatch):
    """Users choose their nicknames, which aren't unique. Administrators name access tokens."""
    user = bitbucket._user
    monkeypatch.setattr(bitbucket, "_user", lambda login, root: user(login, root) | {"nickname": "kit"})
    opened = create_pull_request(forge)
    hosted.review(7, "mia")
    (approval,), (commit,) = forge.approvals(7), forge.commits(opened)
    assert {opened.author, approval.by, commit.author.login} == {"kit"}
    assert approval.account.identifiers == commit.pushed_by.identifiers == {"{mia}", "557058:mia"}
    assert opened.opened_by.identifiers == {"{gitops-bot}", "557058:gitops-bot"}
    assert not AllowedAutomation("kit", ()).is_account(opened.opened_by)
    assert AllowedAutomation("{GitOps-Bot}", ()).is_account(opened.opened_by)
    hosted.review(7, "token[bot]")
    assert AllowedAutomation("kit", ()).is_account(forge.approvals(7)[0].account)


def test_a_merged_pull_request_is_read_once(site, forge, hosted):
    create_pull_request(forge)
    hosted.merge(7, "kit", "merge")
    for _ in range(60):  # more than a page
        hosted.comment(7, "mia", "Done.")
    first = forge.get_pull_request(7)
    hosted.pulls[7].title = "Raised a"
    before = len(site.sandbox.requests)
    assert first.merged_at == hosted.pulls[7].merged_at
    assert forge.get_pull_request(7) == replace(first, title="Raised a")
    assert [request.path.rpartition("/")[2] for request in site.sandbox.requests[before:]] == ["7"]


def test_the_web_address_follows_from_the_api_s():
    forge = BitbucketForge("paper/press", "https://api.bitbucket.org/2.0", "t")
    assert forge.commit_url("abc") == "https://bitbucket.org/paper/press/commits/abc"


# ---------------------------------------------------------------- Data Center


@pytest.mark.parametrize("version", ["latest", "1.0"])
def test_the_pages_of_data_center_follow_from_the_api_s_address(version):
    url = f"https://git.paper.example/bitbucket/rest/api/{version}"
    config = ForgeConfig(kind="bitbucket-server", repository="~mia/press", api_url=url)
    forge = BitbucketServerForge.from_config(config, Credentials(bitbucket_token="t"))
    assert forge.commit_url("abc") == "https://git.paper.example/bitbucket/projects/~mia/repos/press/commits/abc"
    assert forge.git_credential().header == "Bearer t"


@pytest.mark.parametrize("site", ["bitbucket-server"], indirect=True)
def test_a_number_in_a_message_counts_only_if_the_merge_has_it(forge, hosted):
    create_pull_request(forge)
    hosted.merge(7, "kit", "squash")
    squash = hosted.git.tip("main")
    pushed = hosted.commit("main", {"b.yaml": "b: 1\n"}, "Pushed past everybody (#7)\n", "mia")
    assert forge.pull_request_for(squash).number == 7
    assert forge.pull_request_for(pushed) is None

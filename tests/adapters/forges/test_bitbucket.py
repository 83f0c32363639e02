"""What only Bitbucket has, Cloud and Data Center; the rest is in test_forge_contract.py."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.adapters.forges.bitbucket import BitbucketForge
from bot.adapters.forges.bitbucket_server import BitbucketServerForge
from bot.config.credentials import Credentials
from bot.config.sections.forge import ForgeConfig
from bot.ports.forge import ForgeError
from bot.sandbox.forge import SandboxForge
from bot.sandbox.forge.bitbucket import BITBUCKET
from bot.sandbox.forge.bitbucket_server import BITBUCKET_SERVER
from bot.sandbox.server import Server

BRANCH = "gitops-bot/revert-1a2b3c4d"


def hosting(folder, dialect, name):
    sandbox = SandboxForge(folder, dialect=dialect)
    repository = sandbox.create_repository(name, first_number=7)
    repository.commit("main", {"a.yaml": "a: 1\n"}, "First\n", "mia")
    repository.commit(BRANCH, {"a.yaml": "a: 2\n"}, "Second\n", "mia")
    return sandbox


@pytest.fixture
def cloud(tmp_path):
    sandbox = hosting(tmp_path, BITBUCKET, "paper/press")
    with Server(sandbox.app) as server:
        yield sandbox, f"{server.url}/2.0"


@pytest.fixture
def hosted(cloud):
    return cloud[0].repositories["paper/press"]


@pytest.fixture
def forge(cloud):
    return BitbucketForge("paper/press", cloud[1], cloud[0].token)


def create(forge, title="Raise a"):
    return forge.create_pull_request(head=BRANCH, base="main", title=title, body="Because.")


# ---------------------------------------------------------------- Cloud


def test_what_people_made_of_a_pull_request_s_text_stays(forge, hosted):
    """Asked for the same one twice, Bitbucket Cloud itself would write over it."""
    create(forge)
    hosted.pulls[7].title = "Raise a, after lunch"
    assert create(forge).title == "Raise a, after lunch"
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


def test_a_person_s_api_token_comes_with_their_address(cloud):
    """https://support.atlassian.com/bitbucket-cloud/docs/using-api-tokens/"""
    sandbox, url = cloud
    forge = BitbucketForge("paper/press", url, f"mia@paper.example:{sandbox.token}")
    assert create(forge).number == 7
    assert (forge.git_credential().user, forge.git_credential().secret) == ("x-bitbucket-api-token-auth", sandbox.token)


def test_a_branch_s_name_cannot_change_the_question(forge):
    create(forge)
    assert forge.find_pull_request('x" OR state="OPEN') is None


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


def test_a_number_in_a_message_is_believed_only_where_the_merge_says_so(tmp_path):
    sandbox = hosting(tmp_path, BITBUCKET_SERVER, "PAPER/press")
    hosted = sandbox.repositories["PAPER/press"]
    with Server(sandbox.app) as server:
        forge = BitbucketServerForge("PAPER/press", f"{server.url}/rest/api/latest", sandbox.token)
        create(forge)
        hosted.merge(7, "kit", "squash")
        squash = hosted.git.tip("main")
        claims = hosted.commit("main", {"b.yaml": "b: 1\n"}, "Pushed past everybody (#7)\n", "mia")
        assert forge.pull_request_for(squash).number == 7
        assert forge.pull_request_for(claims) is None

"""PyGithub through the adapter, against the sandbox forge over real HTTP."""

import logging
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from github.Requester import HTTPRequestsConnectionClass

from bot.adapters.github import GitHubForge
from bot.config import Credentials, ForgeConfig
from bot.core.commit import Approval
from bot.ports import ForgeError
from bot.sandbox.forge import SandboxForge, Token
from bot.sandbox.server import Server

NOW = datetime(2031, 3, 4, 9, 30, tzinfo=UTC)
BRANCH = "gitops-bot/revert-1a2b3c4d"


@pytest.fixture
def sandbox(tmp_path):
    sandbox = SandboxForge(tmp_path, clock=lambda: NOW)
    for login in ("mia", "kit", "lou"):
        sandbox.add_person(login, login.title(), f"{login}@paper.example")
    repository = sandbox.create_repository("paper/press", first_number=7)
    repository.commit("main", {"a.yaml": "a: 1\n"}, "First\n", "mia")
    repository.commit(BRANCH, {"a.yaml": "a: 2\n"}, "Second\n", "mia")
    return sandbox


@pytest.fixture
def repository(sandbox):
    return sandbox.repositories["paper/press"]


@pytest.fixture
def url(sandbox):
    with Server(sandbox.app) as server:
        yield server.url


def adapter(url, token, repository="paper/press"):
    config = ForgeConfig(kind="github", repository=repository, api_url=f"{url}/api/v3")
    return GitHubForge.from_config(config, Credentials(github_token=token))


@pytest.fixture
def forge(sandbox, url):
    return adapter(url, sandbox.token)


@pytest.fixture
def pull(repository):
    return repository.open_pull(head=BRANCH, base="main", title="Raise a", body="", by="mia")


def create(forge, head=BRANCH):
    return forge.create_pull(head=head, base="main", title="Raise a", body="Because.")


# ---------------------------------------------------------------- what is asked


def test_a_pull_request_is_opened(forge, repository, url):
    made = create(forge)
    assert (made.number, made.title, made.author, made.state) == (7, "Raise a", "gitops-bot", "open")
    assert (made.base, made.head, made.head_sha) == ("main", BRANCH, repository.git.tip(BRANCH))
    assert made.url == f"{url}/paper/press/pull/7"
    assert (made.merge_sha, made.merged_at, made.merged_by) == (None, None, None)
    assert repository.pull(7).body == "Because."


@pytest.mark.parametrize("method", ["merge", "squash", "rebase"])
def test_a_merged_pull_request_tells_who_when_and_as_which_commit(forge, repository, pull, method):
    repository.merge(7, "kit", method)
    merged = forge.pull(7)
    assert (merged.state, merged.merged_by, merged.merged_at) == ("merged", "kit", NOW)
    assert merged.merge_sha == repository.git.tip("main")
    assert forge.pull_of(merged.merge_sha) == merged


def test_a_closed_pull_request_is_not_merged(forge, repository, pull):
    repository.close(7)
    closed = forge.pull(7)
    assert (closed.state, closed.merge_sha) == ("closed", None)


def test_no_pull_request_of_that_number(forge):
    assert forge.pull(99) is None


def test_a_commit_inside_a_merged_pull_request_belongs_to_it(forge, repository, pull):
    inside = pull.head_sha
    repository.merge(7, "kit", "merge")
    assert forge.pull_of(inside).number == 7


def test_a_commit_of_an_open_pull_request_belongs_to_it(forge, pull):
    assert forge.pull_of(pull.head_sha).state == "open"


def test_a_commit_pushed_past_every_pull_request_belongs_to_none(forge, repository):
    assert forge.pull_of(repository.git.tip("main")) is None


def test_a_commit_the_forge_does_not_know_belongs_to_none(forge):
    assert forge.pull_of("0123456789" * 4) is None


def test_the_latest_opinion_of_each_reviewer_counts(forge, repository, pull):
    repository.review(7, "kit", "APPROVED")
    repository.review(7, "kit", "COMMENTED", "Nice.")
    repository.review(7, "lou", "APPROVED")
    repository.review(7, "lou", "CHANGES_REQUESTED", "Wait.")
    assert forge.approvals(7) == [Approval(by="kit", sha=pull.head_sha, at=NOW)]


def test_an_approval_names_the_head_it_approved(forge, repository, pull):
    approved = pull.head_sha
    repository.review(7, "kit")
    repository.commit(BRANCH, {"a.yaml": "a: 9\n"}, "Sneak in\n", "mia")
    assert forge.pull(7).head_sha != approved
    assert forge.approvals(7)[0].sha == approved


def test_the_open_pull_request_of_a_branch_is_found_before_a_newer_closed_one(forge, repository, pull):
    repository.commit("release", {"r.yaml": "r: 1\n"}, "Release\n", "mia")
    repository.open_pull(head=BRANCH, base="release", title="Also there", body="", by="mia")
    repository.close(8)
    assert forge.find_pull(BRANCH).number == 7
    repository.close(7)
    assert forge.find_pull(BRANCH).number == 8
    assert forge.find_pull("gitops-bot/none") is None


def test_open_pull_requests_by_prefix_newest_first_over_several_pages(forge, repository, pull):
    tip = repository.git.tip(BRANCH)
    for number in range(120):
        name = f"gitops-bot/many-{number}" if number % 2 else f"feature-{number}"
        repository.git.move(name, tip, None)
        repository.open_pull(head=name, base="main", title=name, body="", by="mia")
    mine = forge.open_pulls("gitops-bot/")
    assert [each.title for each in mine] == [f"gitops-bot/many-{n}" for n in range(119, 0, -2)] + ["Raise a"]
    assert len(forge.open_pulls()) == 100


def test_commits_are_shown_on_the_forge_s_own_pages(forge, url):
    assert forge.commit_url("ab" * 20) == f"{url}/paper/press/commit/{'ab' * 20}"


@pytest.mark.parametrize(
    ("api_url", "page"),
    [
        ("https://api.github.com", "https://github.com/paper/press/commit/abc"),
        ("https://git.paper.example/api/v3/", "https://git.paper.example/paper/press/commit/abc"),
        ("https://api.paper.ghe.com", "https://paper.ghe.com/paper/press/commit/abc"),
    ],
)
def test_the_web_address_follows_from_the_api_s(api_url, page):
    assert GitHubForge("paper/press", api_url, lambda: "t").commit_url("abc") == page


# ---------------------------------------------------------------- twice, at once, and lost answers


def test_a_second_pull_request_for_a_branch_is_the_first(forge):
    assert create(forge) == create(forge)


def test_a_pull_request_made_by_a_request_answered_with_502_is_adopted(forge, sandbox, repository):
    sandbox.faults.lose_creations = 1
    assert create(forge).number == 7
    posts = [each.status for each in sandbox.requests if each.method == "POST"]
    assert posts == [502, 422]
    assert len(repository.pulls) == 1


def test_an_open_pull_request_into_another_base_is_not_mistaken_for_ours(forge, repository):
    repository.commit("release", {"r.yaml": "r: 1\n"}, "Release\n", "mia")
    repository.open_pull(head=BRANCH, base="release", title="Also there", body="", by="mia")
    assert create(forge).base == "main"


def test_threads_do_not_get_each_other_s_answers(forge, repository, monkeypatch):
    """PyGithub notes a request on the connection and sends it after: a pause in between makes sharing show."""
    note = HTTPRequestsConnectionClass.request

    def dawdling(*arguments, **named):
        note(*arguments, **named)
        threading.Event().wait(0.005)

    tip = repository.git.tip(BRANCH)
    for number in range(7, 15):
        repository.git.move(f"b{number}", tip, None)
        repository.open_pull(head=f"b{number}", base="main", title=f"Pull {number}", body="", by="mia")
    start = threading.Barrier(8)

    def read(number):
        start.wait()
        return [forge.pull(number).title for _ in range(5)]

    monkeypatch.setattr(HTTPRequestsConnectionClass, "request", dawdling)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(read, range(7, 15)))
    assert answers == [[f"Pull {number}"] * 5 for number in range(7, 15)]


# ---------------------------------------------------------------- what goes wrong


def test_a_wrong_token_is_named_by_its_variable_and_never_shown(url, caplog):
    caplog.set_level(logging.DEBUG)
    secret = "ghp_thisIsNotTheRightOne"
    with pytest.raises(ForgeError, match=r"wrong or has expired; set GITHUB_TOKEN") as error:
        adapter(url, secret).pull(7)
    assert secret not in f"{error.value!r} {error.value.__cause__!r} {caplog.text}"


def test_without_a_token_the_sentence_says_which_variable_to_set(url):
    forge = adapter(url, None)
    assert forge.git_token() is None
    with pytest.raises(ForgeError, match="GITHUB_TOKEN is not set"):
        forge.pull(7)


def test_a_missing_permission_is_named(url, sandbox):
    sandbox.tokens["reader"] = Token("gitops-bot", frozenset())
    with pytest.raises(ForgeError, match=r"not accessible by personal access token.*Pull requests: Read and write"):
        create(adapter(url, "reader"))


def test_a_repository_that_is_not_visible_is_not_mistaken_for_a_missing_pull_request(url, sandbox):
    forge = adapter(url, sandbox.token, "paper/scissors")
    for ask in (lambda: forge.pull(7), lambda: forge.approvals(7), lambda: forge.pull_of("ab" * 20), forge.open_pulls):
        with pytest.raises(ForgeError, match="no repository paper/scissors"):
            ask()


def test_a_used_up_rate_limit_says_until_when_and_does_not_wait(forge, sandbox):
    reset = datetime.now(UTC).replace(microsecond=0) + timedelta(minutes=47)
    sandbox.faults.rate_limited_until = reset
    with pytest.raises(ForgeError, match=f"until {reset:%H:%M} UTC") as error:
        forge.pull(7)
    assert error.value.retry_at == reset
    assert len(sandbox.requests) == 1


def test_a_secondary_rate_limit_says_when_to_come_back_and_is_not_hammered(forge, sandbox):
    sandbox.faults.secondary_limit = 90
    with pytest.raises(ForgeError, match="rate limit") as error:
        create(forge)
    assert timedelta(seconds=80) < error.value.retry_at - datetime.now(UTC) <= timedelta(seconds=90)
    assert len(sandbox.requests) == 1


def test_a_forge_that_is_down_is_asked_again_and_then_said_to_be(forge, sandbox):
    sandbox.faults.down = True
    with pytest.raises(ForgeError, match="answered 503"):
        forge.pull(7)
    assert len(sandbox.requests) == 4


def test_nobody_at_that_address():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"http://127.0.0.1:{taken.getsockname()[1]}"
    forge = adapter(address, "t")
    with pytest.raises(ForgeError, match=r"at 127\.0\.0\.1:\d+ does not answer"):
        forge.pull(7)


def test_an_address_that_is_not_the_api(url, sandbox):
    forge = GitHubForge("paper/press", url, lambda: sandbox.token)
    with pytest.raises(ForgeError, match="api_url"):
        forge.pull(7)


def test_a_pull_request_without_commits_is_refused_in_github_s_words(forge, repository):
    repository.git.move("gitops-bot/empty", repository.git.tip("main"), None)
    with pytest.raises(ForgeError, match="No commits between main and gitops-bot/empty"):
        create(forge, "gitops-bot/empty")


# ---------------------------------------------------------------- GitHub App


@pytest.fixture(scope="module")
def key():
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def pem(key):
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


def as_app(url, private_key):
    config = ForgeConfig(kind="github", repository="paper/press", api_url=f"{url}/api/v3")
    return GitHubForge.from_config(config, Credentials(github_app_id="4711", github_app_private_key=private_key))


def test_a_github_app_acts_by_one_installation_token_that_git_uses_too(url, sandbox, key):
    sandbox.apps["4711"] = (
        key.public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        .decode()
    )
    forge = as_app(url, pem(key))
    with ThreadPoolExecutor(4) as pool:
        tokens = set(pool.map(lambda _: forge.git_token(), range(8)))
    assert len(tokens) == 1
    assert tokens <= set(sandbox.tokens)
    assert create(forge).author == "app-4711[bot]"


def test_a_key_the_forge_does_not_know_is_said(url, key):
    with pytest.raises(ForgeError, match="GITHUB_APP_ID and GITHUB_APP_PRIVATE_KEY"):
        as_app(url, pem(key)).pull(7)


def test_a_private_key_that_is_none_is_said_and_not_shown(url):
    with pytest.raises(ForgeError, match="GITHUB_APP_PRIVATE_KEY is no RSA private key") as error:
        as_app(url, "-----BEGIN nonsense").git_token()
    assert "nonsense" not in str(error.value)
    assert error.value.__cause__ is None


# ---------------------------------------------------------------- doctor


def test_the_doctor_finds_all_well_and_changes_nothing(forge, repository):
    before = repository.git.branches()
    assert [(probe.ok, probe.remedy) for probe in forge.probes()] == [(True, "")] * 3
    assert repository.git.branches() == before
    assert not repository.pulls


def test_the_doctor_names_each_permission_that_is_missing(url, sandbox):
    sandbox.tokens["half"] = Token("gitops-bot", frozenset({"pull_requests"}))
    read, push, open_pull = adapter(url, "half").probes()
    assert (read.ok, push.ok, open_pull.ok) == (True, False, True)
    assert "Contents: Read and write" in push.remedy


def test_the_doctor_stops_at_a_repository_it_cannot_see(url):
    (probe,) = adapter(url, "wrong").probes()
    assert not probe.ok
    assert "GITHUB_TOKEN" in probe.remedy

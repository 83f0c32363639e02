"""What GitHub alone has, by PyGithub over HTTP; the rest is in test_forge_contract.py."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from github.Requester import HTTPRequestsConnectionClass

from bot.adapters.github import GitHubForge
from bot.config import Credentials, ForgeConfig
from bot.ports import ForgeError
from bot.sandbox.forge import SandboxForge
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


def test_a_secondary_rate_limit_says_when_to_come_back_and_is_not_hammered(forge, sandbox):
    sandbox.faults.secondary_limit = 90
    with pytest.raises(ForgeError, match="rate limit") as error:
        create(forge)
    assert timedelta(seconds=80) < error.value.retry_at - datetime.now(UTC) <= timedelta(seconds=90)
    assert len(sandbox.requests) == 1


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
        tokens = set(pool.map(lambda _: forge.git_login().secret, range(8)))
    assert len(tokens) == 1
    assert tokens <= set(sandbox.tokens)
    assert create(forge).author == "app-4711[bot]"


def test_a_key_the_forge_does_not_know_is_said(url, key):
    with pytest.raises(ForgeError, match="GITHUB_APP_ID and GITHUB_APP_PRIVATE_KEY"):
        as_app(url, pem(key)).pull(7)


def test_a_private_key_that_is_none_is_said_and_not_shown(url):
    with pytest.raises(ForgeError, match="GITHUB_APP_PRIVATE_KEY is no RSA private key") as error:
        as_app(url, "-----BEGIN nonsense").git_login()
    assert "nonsense" not in str(error.value)
    assert error.value.__cause__ is None

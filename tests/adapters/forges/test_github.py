"""What only GitHub has, by PyGithub over HTTP; the rest is in test_forge_contract.py."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from github.Requester import HTTPRequestsConnectionClass

from bot.adapters.forges.github import GitHubForge
from bot.adapters.forges.signed_repository import SignedRepository
from bot.config.credentials import Credentials
from bot.config.sections.forge import ForgeConfig
from bot.core.access.permission import Granted
from bot.core.pull_requests.change_ref import Sha
from bot.core.pull_requests.revert import AlreadyOpen, Opened, RevertRequest
from bot.handlers.mainline import Mainline
from bot.handlers.pull_requests.revert import revert
from bot.handlers.rendering.manifest_cache import ManifestCache
from bot.ports.forge import ForgeError
from bot.ports.git import PushRejectedError
from tests.common.forge import BOT_BRANCH, RunningForge, create_pull_request
from tests.common.samples import RecordedParents


@pytest.fixture
def site(tmp_path, as_github_describes):
    site = RunningForge("github", tmp_path)
    site.commit_bot_branch()
    as_github_describes(site.sandbox.app)
    with site.serve():
        yield site


@pytest.fixture
def sandbox(site):
    return site.sandbox


@pytest.fixture
def repository(site):
    return site.hosted


@pytest.fixture
def url(site):
    return site.url


@pytest.fixture
def forge(site):
    return site.adapter()


@pytest.fixture
def pull(repository):
    return repository.open_pull(head=BOT_BRANCH, base="main", title="Raise a", body="", by="mia")


# ---------------------------------------------------------------- what is asked


@pytest.mark.parametrize(("login", "can_write"), [("kit", True), ("stranger", False)])
def test_an_approval_says_whether_the_account_can_write(repository, forge, pull, login, can_write):
    repository.readers = {"stranger"}
    repository.review(7, login)
    assert [(approval.by, approval.can_write) for approval in forge.approvals(7)] == [(login, can_write)]


def test_an_approval_dismissed_after_the_merge_was_in_force(site, repository, forge, pull):
    review = repository.review(7, "kit")
    repository.merge(7, "lou", "squash")
    site.clock.advance(timedelta(minutes=1))
    pull.reviews[:] = [replace(review, state="DISMISSED", dismissed_at=site.clock())]
    assert [approval.by for approval in forge.approvals(7)] == ["kit"]


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

    tip = repository.git.tip(BOT_BRANCH)
    for number in range(7, 15):
        repository.git.move(f"b{number}", tip, None)
        repository.open_pull(head=f"b{number}", base="main", title=f"Pull {number}", body="", by="mia")
    start = threading.Barrier(8)

    def read(number):
        start.wait()
        return [forge.get_pull_request(number).title for _ in range(5)]

    monkeypatch.setattr(HTTPRequestsConnectionClass, "request", dawdling)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(read, range(7, 15)))
    assert answers == [[f"Pull {number}"] * 5 for number in range(7, 15)]


def test_the_access_of_an_approver_is_read_once_a_minute(forge, pull, repository, sandbox):
    for login in ("kit", "lou"):
        repository.review(7, login)
    for _ in range(3):
        assert {approval.by for approval in forge.approvals(7)} == {"kit", "lou"}
    assert len([request for request in sandbox.requests if request.path.endswith("/permission")]) == 2


# ---------------------------------------------------------------- what goes wrong


def test_a_secondary_rate_limit_says_when_to_come_back_and_is_not_hammered(forge, sandbox):
    sandbox.faults.secondary_limit = 90
    with pytest.raises(ForgeError, match="rate limit") as error:
        create_pull_request(forge)
    assert timedelta(seconds=80) < error.value.retry_at - datetime.now(UTC) <= timedelta(seconds=90)
    assert len(sandbox.requests) == 1


# ---------------------------------------------------------------- GitHub's own description


def test_a_call_and_an_answer_that_are_not_as_described_are_found(github_description):
    reference = {"ref": "refs/heads/a", "sha": "ab" * 20}
    for fields, mismatch in (
        (("GET", "/repos/a/b/pull/1", None, 200, {}), "GitHub has no operation GET /repos/a/b/pull/1"),
        (("GET", "/repos/a/b/pulls?stat=open", None, 200, []), "there is no parameter stat"),
        (("GET", "/repos/a/b/pulls?state=opened", None, 200, []), "the parameter state"),
        (("POST", "/repos/a/b/git/refs", None, 422, {}), "the body is missing"),
        (("POST", "/repos/a/b/git/refs", {"ref": "refs/heads/a"}, 422, {}), "'sha' is a required property"),
        (("POST", "/repos/a/b/git/refs", reference, 201, {"ref": 1}), "1 is not of type 'string'"),
        (("POST", "/repos/a/b/git/refs", reference, 418, {}), "GitHub never answers 418"),
    ):
        mismatches = github_description.mismatches(*fields)
        assert any(mismatch in text for text in mismatches), mismatches


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


@pytest.fixture
def app(url, sandbox, key):
    sandbox.apps["4711"] = (
        key.public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        .decode()
    )
    return as_app(url, pem(key))


def test_a_github_app_acts_by_one_installation_token_that_git_uses_too(app, sandbox):
    forge = app
    with ThreadPoolExecutor(4) as pool:
        tokens = set(pool.map(lambda _: forge.git_credential().secret, range(8)))
    assert len(tokens) == 1
    assert tokens <= set(sandbox.tokens)
    assert create_pull_request(forge).author == "app-4711[bot]"


def test_a_key_the_forge_does_not_know_is_said(url, key):
    with pytest.raises(ForgeError, match="GITHUB_APP_ID and GITHUB_APP_PRIVATE_KEY"):
        as_app(url, pem(key)).get_pull_request(7)


def test_a_private_key_that_is_none_is_said_and_not_shown(url):
    with pytest.raises(ForgeError, match="GITHUB_APP_PRIVATE_KEY is not an RSA private key") as error:
        as_app(url, "-----BEGIN nonsense").git_credential()
    assert "nonsense" not in str(error.value)
    assert error.value.__cause__ is None


# ---------------------------------------------------------------- signed commits


@pytest.fixture
def signed(repository):
    """A ruleset that accepts only signed commits."""
    repository.signatures_required = True
    repository.commit(
        "main", {"gone.yaml": "g: 1\n", "kept.yaml": "k: 1\n", "apps/b.yaml": "b: \N{SNOWMAN}\r\n"}, "More\n", "mia"
    )
    return repository


def mirror(forge, url, tmp_path, create_commit=None):
    where = ("press", f"{url}/paper/press.git", "main", tmp_path / "mirrors")
    return SignedRepository(*where, credential=forge.git_credential, create_commit=create_commit or forge.create_commit)


@pytest.fixture
def clone(make_source, signed, url):
    """A clone of main with files changed and removed, and a picture, a program and a link added."""
    clone = make_source("clone")
    clone.git("fetch", "-q", f"{url}/paper/press.git", "main")
    clone.git("reset", "-q", "--hard", "FETCH_HEAD")
    clone.commit(
        "Change", {"a.yaml": "a: 7\n", "gone.yaml": None, "apps/b.yaml": "b: 2\r\n", "logo.png": b"\x89PNG\xff"}
    )
    (clone.path / "run.sh").write_text("#!/bin/sh\n")
    (clone.path / "run.sh").chmod(0o755)
    (clone.path / "link.yaml").symlink_to("a.yaml")
    clone.commit("Programs", {})
    return clone


def test_where_signatures_are_a_rule_github_makes_the_commit_and_signs_it(app, signed, url, tmp_path, clone):
    repository = mirror(app, url, tmp_path)
    head = repository.fetch()
    clone.git("push", "-q", str(signed.path), "HEAD:refs/heads/feature")
    repository.fetch()
    tree = clone.git("rev-parse", "HEAD^{tree}")
    sha = repository.push_commit(branch="gitops-bot/x", tree=tree, parent=head, message='Revert "More"\n\nBecause.\n')
    assert signed.git.tip("gitops-bot/x") == sha
    commit = signed.git.commit(sha)
    assert (commit.tree, commit.parents) == (tree, (head,))
    assert commit.message.rstrip() == 'Revert "More"\n\nBecause.'
    assert signed.git.signature(sha).startswith("-----BEGIN PGP SIGNATURE-----")
    assert app.create_pull_request(head="gitops-bot/x", base="main", title="Revert", body="").head_sha == sha


def anybody(_):
    return Granted()


def test_a_revert_is_opened_where_signatures_are_a_rule(app, signed, url, tmp_path):
    bad = signed.git.tip("main")
    repository = mirror(app, url, tmp_path)
    arguments = {
        "repository": repository,
        "forge": app,
        "applications": [],
        "permit": anybody,
        "manifest_cache": ManifestCache(),
        "mainline": Mainline(repository, RecordedParents(), "press"),
    }
    outcome = revert(RevertRequest("Mia", Sha(bad[:10])), **arguments)
    assert isinstance(outcome, Opened)
    commit = signed.git.commit(outcome.pull.head_sha)
    assert commit.tree == signed.git.commit(signed.git.commit(bad).parents[0]).tree
    assert signed.git.signature(commit.sha)
    again = revert(RevertRequest("Kit", Sha(bad)), **arguments)
    assert (type(again), again.pull.number) == (AlreadyOpen, outcome.pull.number)


def test_without_such_a_rule_git_pushes_by_itself(app, repository, url, tmp_path, sandbox):
    mirrored = mirror(app, url, tmp_path)
    head = mirrored.fetch()
    mirrored.push_commit(branch="gitops-bot/x", tree=head, parent=head, message="x")
    assert not [request for request in sandbox.requests if "/git/" in request.path and "api" in request.path]


def test_a_commit_answered_with_502_is_made_once(app, signed, url, tmp_path, sandbox):
    repository = mirror(app, url, tmp_path)
    head = repository.fetch()
    tree = repository.tree_id(signed.git.tip(BOT_BRANCH), "")
    app.get_pull_request(1)  # the repository is known
    sandbox.faults.lose_creations = 1
    sha = repository.push_commit(branch="gitops-bot/x", tree=tree, parent=head, message="x")
    assert 502 in [request.status for request in sandbox.requests]
    assert signed.git.tip("gitops-bot/x") == sha


def test_a_branch_that_somebody_else_makes_meanwhile_stays_theirs(app, signed, url, tmp_path):
    head = signed.git.tip("main")

    def too_late(commit):
        signed.git.move(commit.branch, head, None)
        return app.create_commit(commit)

    repository = mirror(app, url, tmp_path, too_late)
    repository.fetch()
    tree = repository.tree_id(signed.git.tip(BOT_BRANCH), "")
    with pytest.raises(PushRejectedError, match="Reference already exists"):
        repository.push_commit(branch="gitops-bot/x", tree=tree, parent=head, message="x")
    assert signed.git.tip("gitops-bot/x") == head


def test_a_person_s_token_cannot_sign_and_is_told_what_can(forge, signed, url, tmp_path):
    repository = mirror(forge, url, tmp_path)
    head = repository.fetch()
    tree = repository.tree_id(signed.git.tip(BOT_BRANCH), "")
    with pytest.raises(
        PushRejectedError, match=r"GitHub signs only commits that a GitHub App creates\. Set GITHUB_APP_ID"
    ):
        repository.push_commit(branch="gitops-bot/x", tree=tree, parent=head, message="x")
    assert signed.git.tip("gitops-bot/x") is None

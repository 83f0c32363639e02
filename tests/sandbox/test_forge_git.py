"""The sandbox forge as git sees it: real clones and pushes over HTTP, and the three ways of merging."""

import os
import subprocess
from base64 import b64encode
from datetime import UTC, datetime

import pytest

from bot.sandbox.forge import Person, RefusedError, SandboxForge, Token
from bot.sandbox.server import Server

NOW = datetime(2031, 3, 4, 9, 30, tzinfo=UTC)
MANIFEST = "kind: ConfigMap\ndata:\n  colour: green\n  size: small\n  depth: low\n"


@pytest.fixture
def forge(tmp_path):
    forge = SandboxForge(tmp_path / "forge", clock=lambda: NOW)
    forge.people["mia"] = Person("mia", "Mia Sand", "mia@paper.example")
    repository = forge.create_repository("paper/press", first_number=7)
    repository.commit("main", {"a.yaml": MANIFEST, "old.yaml": "x: 1\n"}, "First\n", "mia")
    return forge


@pytest.fixture
def repository(forge):
    return forge.repositories["paper/press"]


@pytest.fixture
def remote(forge):
    with Server(forge.app) as server:
        yield f"{server.url}/paper/press.git"


def git(*arguments, token=None, cwd=None):
    """Run a git client that knows nothing but the token; what it did and said."""
    basic = b64encode(f"x-access-token:{token}".encode()).decode() if token else ""
    env = {
        "PATH": os.environ["PATH"],
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_TERMINAL_PROMPT": "0",
        **{f"GIT_{role}_{what}": value for role in ("AUTHOR", "COMMITTER")
           for what, value in (("NAME", "Kit"), ("EMAIL", "kit@paper.example"))},
    }  # fmt: skip
    if token:
        env |= {
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": "http.extraHeader",
            "GIT_CONFIG_VALUE_0": f"Authorization: Basic {basic}",
        }
    return subprocess.run(
        ["git", *arguments], cwd=cwd, env=env, capture_output=True, text=True, timeout=60, check=False
    )


@pytest.fixture
def clone(remote, tmp_path):
    where = tmp_path / "clone"
    assert git("clone", "--quiet", remote, str(where)).returncode == 0
    (where / "new.yaml").write_text("y: 2\n")
    git("add", "new.yaml", cwd=where)
    git("commit", "--quiet", "-m", "Add new", cwd=where)
    return where


def test_anybody_clones_and_fetches(clone, repository):
    repository.commit("main", {"later.yaml": "z: 3\n"}, "Later\n", "mia")
    assert git("fetch", "origin", cwd=clone).returncode == 0
    assert git("rev-parse", "origin/main", cwd=clone).stdout.strip() == repository.git.tip("main")


def test_a_token_pushes_a_branch(clone, forge, repository):
    pushed = git("push", "origin", "HEAD:refs/heads/topic", token=forge.token, cwd=clone)
    assert pushed.returncode == 0, pushed.stderr
    assert repository.git.tip("topic") == git("rev-parse", "HEAD", cwd=clone).stdout.strip()


def test_a_push_larger_than_one_chunk_arrives_whole(clone, forge, repository):
    (clone / "big.bin").write_bytes(os.urandom(3_000_000))
    git("add", "big.bin", cwd=clone)
    git("commit", "--quiet", "-m", "Big", cwd=clone)
    assert git("push", "origin", "HEAD:refs/heads/big", token=forge.token, cwd=clone).returncode == 0
    assert len(repository.git.run("ls-tree", "-r", "big").splitlines()) == 4


def test_the_protected_branch_refuses_a_direct_push_and_takes_another_branch(clone, forge, repository):
    before = repository.git.tip("main")
    refused = git("push", "origin", "HEAD:main", "HEAD:refs/heads/side", token=forge.token, cwd=clone)
    assert refused.returncode != 0
    assert "GH006: Protected branch update failed for refs/heads/main" in refused.stderr
    assert repository.git.tip("main") == before
    assert repository.git.tip("side") is not None


@pytest.mark.parametrize("token", [None, "nonsense"])
def test_a_push_without_a_good_token_is_refused(clone, repository, token):
    refused = git("push", "origin", "HEAD:refs/heads/topic", token=token, cwd=clone)
    assert refused.returncode != 0
    assert repository.git.tip("topic") is None


def test_a_token_that_may_only_read_clones_and_does_not_push(clone, forge, repository, remote, tmp_path):
    forge.tokens["reader"] = Token("kit", frozenset())
    assert git("clone", "--quiet", remote, str(tmp_path / "again"), token="reader").returncode == 0
    refused = git("push", "origin", "HEAD:refs/heads/topic", token="reader", cwd=clone)
    assert "403" in refused.stderr
    assert repository.git.tip("topic") is None


def test_faults_reach_git_clients(forge, remote, tmp_path):
    forge.faults.down = True
    assert "503" in git("ls-remote", remote).stderr
    forge.faults.down = False
    forge.faults.unauthorized = True
    refused = git("ls-remote", remote, token=forge.token)
    assert refused.returncode != 0
    assert forge.requests[-1].status == 401


def test_an_unknown_repository_is_not_found(remote):
    assert "not found" in git("ls-remote", remote.replace("press", "scissors")).stderr


# ---------------------------------------------------------------- merging


@pytest.fixture
def pull(repository):
    """Two commits on a branch, while main has moved on."""
    repository.commit("topic", {"a.yaml": MANIFEST.replace("green", "blue")}, "Blue\n", "mia")
    repository.commit("topic", {"old.yaml": None, "b.yaml": "b: 1\n"}, "Move\n", "mia")
    pull = repository.open_pull(head="topic", base="main", title="Blue it is", body="Because.", by="mia")
    repository.commit("main", {"a.yaml": MANIFEST.replace("low", "high")}, "High\n", "mia")
    return pull


def merged_files(repository):
    git_ = repository.git
    names = git_.run("ls-tree", "-r", "--name-only", "main").split()
    return {name: git_.run("show", f"main:{name}") for name in names}


@pytest.mark.parametrize(
    ("method", "subjects", "parents"),
    [
        ("merge", ["Merge pull request #7 from paper/topic", "High", "First"], 2),
        ("squash", ["Blue it is (#7)", "High", "First"], 1),
        ("rebase", ["Move", "Blue", "High", "First"], 1),
    ],
)
def test_each_way_of_merging_gives_the_same_files_and_its_own_history(repository, pull, method, subjects, parents):
    repository.merge(7, "kit", method)
    history = repository.git.log("--first-parent", "main", "--")
    assert [commit.subject for commit in history] == subjects
    assert len(history[0].parents) == parents
    assert pull.merge_sha == history[0].sha
    assert (pull.state, pull.merged_by, pull.merged_at) == ("closed", "kit", NOW)
    assert merged_files(repository) == {
        "a.yaml": MANIFEST.replace("green", "blue").replace("low", "high"),
        "b.yaml": "b: 1\n",
    }


def test_rebasing_keeps_who_wrote_each_commit(repository, pull):
    repository.merge(7, "kit", "rebase")
    newest = repository.git.log("-1", "main", "--")[0]
    assert (newest.email, newest.committer_email) == ("mia@paper.example", "kit@users.forge.example")


def test_the_proposed_commits_outlive_their_branch(repository, pull):
    head = pull.head_sha
    repository.merge(7, "kit", "squash", delete_branch=True)
    assert repository.git.tip("topic") is None
    repository.git.run("gc", "--quiet", "--prune=now")
    assert repository.git.object(head) == head


@pytest.mark.parametrize("method", ["merge", "squash", "rebase"])
def test_a_conflict_is_refused_and_leaves_the_base_alone(repository, pull, method):
    repository.commit("main", {"a.yaml": MANIFEST.replace("green", "red")}, "Red\n", "mia")
    before = repository.git.tip("main")
    with pytest.raises(RefusedError, match="not mergeable") as refused:
        repository.merge(7, "kit", method)
    assert refused.value.status == 405
    assert repository.git.tip("main") == before
    assert pull.state == "open"


@pytest.mark.parametrize(("arguments", "status"), [({"expected_head": "0" * 40}, 409), ({"method": "octopus"}, 422)])
def test_a_merge_that_was_not_meant_so_is_refused(repository, pull, arguments, status):
    with pytest.raises(RefusedError) as refused:
        repository.merge(7, "kit", **arguments)
    assert refused.value.status == status


def test_a_closed_pull_request_does_not_merge(repository, pull):
    repository.close(7)
    with pytest.raises(RefusedError):
        repository.merge(7, "kit")

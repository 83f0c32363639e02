"""What strangers write into a repository, a hostile git server, and a damaged mirror: nothing stops the bot."""

import contextlib
import hashlib
import json
import os
import resource
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import tracemalloc
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import Mock

import pytest
from aiohttp import web
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot import build
from bot.adapters.git import bounds, disk, process
from bot.adapters.git.credential import Credential
from bot.adapters.git.errors import GitErrorMapper
from bot.adapters.git.mirror import Mirror
from bot.adapters.git.repository import GitRepository
from bot.adapters.git.watchdog import Watchdog
from bot.core.approvals.approval import ApprovalStatus
from bot.core.drift.model import Status
from bot.core.git.target_revision import Newest, TargetRevision
from bot.handlers.approvals import diff
from bot.handlers.rollouts import merges
from bot.ports.git import RepositoryError, RevisionNotFoundError
from bot.ports.telemetry import GIT_FETCH, NoTelemetry, Operation
from bot.sandbox.server import Server
from tests.common.bot import application_settings
from tests.common.kubernetes import as_yaml, config_map
from tests.common.processes import command_lines
from tests.common.slack import cards, content
from tests.common.wait import wait_for

ROOT = Path(__file__).parents[2]
MIB = 2**20
IDENTITY = b"Eve <eve@example.com> 1700000000 +0000"


def store(source, kind, content):
    """Write an object that git itself would refuse to write; its sha."""
    argv = ["git", "hash-object", "-t", kind, "-w", "--stdin", "--literally"]
    return subprocess.run(argv, cwd=source.path, input=content, capture_output=True, check=True).stdout.decode().strip()


def commit(source, *, author=IDENTITY, committer=IDENTITY, headers=b"", message=b"Subject\n", tree="", branch="main"):
    """Put a commit of these raw bytes on a branch; its sha."""
    parent = source.git("rev-parse", "--verify", "-q", branch, check=False)
    lines = [f"tree {tree or source.sha('main^{tree}')}".encode(), *([f"parent {parent}".encode()] if parent else [])]
    content = b"\n".join([*lines, b"author " + author, b"committer " + committer]) + b"\n" + headers + b"\n" + message
    sha = store(source, "commit", content)
    source.git("update-ref", f"refs/heads/{branch}", sha)
    return sha


@pytest.fixture
def repository(source, tmp_path):
    source.commit("First", {"apps/shop/web.yaml": "replicas: 1\n"})
    return GitRepository("platform", source.url, "main", tmp_path / "mirrors")


# ------------------------------------------------------------ commits


def ident(date):
    return b"Eve <eve@example.com>" + (b" " + date if date is not None else b"")


@pytest.mark.parametrize(
    ("date", "year"),
    [
        (b"99999999999999 +0000", 2106),
        (b"9" * 5_000 + b" +0000", 2106),
        (b"253402300799 +1400", 2106),
        (b"4294967295 +0000", 2106),
        (b"18446744073709551616 +0000", 2106),
        (b"-5 +0000", 1970),
        (b"-99999999999999 +0000", 1970),
        (b"0 -9999", 1970),
        (b"", 1970),
        (None, 1970),
        (b"soon", 1970),
        (b"\xd9\xa1\xd9\xa2 +0000", 1970),
    ],
)
def test_a_commit_with_an_impossible_date_is_read(source, repository, tmp_path, date, year):
    sha = commit(source, author=ident(date), committer=ident(date))
    assert repository.fetch() == sha
    committed_at = repository.commit(sha).committed_at
    assert committed_at.year == year
    assert committed_at - timedelta(days=365) < committed_at < committed_at + timedelta(days=365)
    assert [item.sha for item in repository.first_parent(None, sha)] == [sha, source.sha("main^")]
    source.git("branch", "release-1", sha)
    newest = TargetRevision("release-*", Newest.DATE)
    assert GitRepository("newest", source.url, newest, tmp_path / "mirrors").fetch() == sha


def test_an_impossible_date_stops_neither_polls_nor_checks(fleet, source, slack):
    hostile = commit(source, author=ident(b"99999999999999 +0000"), committer=ident(b"99999999999999 +0000"))
    source.git("reset", "-q", "--hard", hostile)
    warning = as_yaml(config_map(level="warning"))
    sha = source.commit("Warn", {"apps/shop/settings.yaml": warning})
    fleet.monitor.poll_repository("platform")
    fleet.monitor.observe_rollouts()
    assert fleet.store.rollouts.head("platform") == sha
    checks = fleet.check()
    assert (checks["cart"].status, checks["shop"].status) == (Status.SYNCED, Status.OUT_OF_SYNC)
    assert any("Warn" in content(card) for card in cards(slack))


@pytest.mark.parametrize(
    "raw",
    [
        {"message": b"Subject\0hidden\nCo-authored-by: a <b@c>\n"},
        {"author": b"Eve\0Root <eve@example.com> 1 +0000"},
        {"author": b"<> 1 +0000", "committer": b"<> 1 +0000"},
        {"author": b"", "committer": b""},
        {"author": b">>><<< 1 +0000"},
        {"message": b""},
        {"message": b"\xff\xfe\xfd"},
        {"message": b"\n\n\n"},
        {"headers": b"encoding UTF-7\n", "message": b"a+AAA-b+AAo-c\n"},
        {"headers": b"encoding UTF-16\n"},
        {"headers": b"encoding " + b"x" * 5_000 + b"\n"},
        {"headers": b"encoding UTF-7\n", "author": b"+AAo-committer <a@b> 1 +0000"},
        {"headers": b"gpgsig " + b"x" * 100_000 + b"\n"},
    ],
    ids=lambda raw: " ".join(f"{key}={value[:24]!r}" for key, value in raw.items()),
)
def test_a_malformed_commit_spoils_no_other(source, repository, raw):
    before = source.sha()
    hostile = commit(source, **raw)
    after = commit(source, message="Später\n".encode())
    assert repository.fetch() == after
    commits = repository.commits(None, after)
    assert [(item.sha, item.parents) for item in commits] == [(after, (hostile,)), (hostile, (before,)), (before, ())]
    assert (commits[0].subject, commits[2].subject) == ("Später", "First")


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.lists(st.sampled_from([b"author ", b"committer ", b"encoding ", b"\n", b"\0", b"<", b"> ", b" "])
                        | st.binary(max_size=12) | st.integers(-(2**70), 2**70).map(lambda n: str(n).encode()),
                        max_size=16).map(b"".join))  # fmt: skip
def test_any_bytes_of_a_commit_are_read_as_that_commit(source, repository, content):
    base = source.sha("main")
    sha = store(source, "commit", f"tree {source.sha('main^{tree}')}\nparent {base}\n".encode() + content)
    source.git("update-ref", "refs/heads/hostile", sha, check=False)  # git itself takes not every one
    repository.fetch()
    with contextlib.suppress(RepositoryError):
        read = repository.commit(sha)
        assert read.sha == sha
        assert set(read.parents) <= {base}
        assert datetime(1970, 1, 1, tzinfo=UTC) <= read.committed_at < datetime(2107, 1, 1, tzinfo=UTC)
    assert repository.commit(base).subject == "First"


def test_long_texts_of_a_commit_are_cut(source, repository):
    longest = bounds.MESSAGE_BYTES
    at_bound = commit(source, message=b"x" * longest)
    above = commit(source, message="é".encode() * longest, author=b"E" * 5_000 + b" <" + b"e" * 5_000 + b"> 1 +0000")
    repository.fetch()
    assert repository.commit(at_bound).message == "x" * longest
    read = repository.commit(above)
    assert read.message == "é" * (longest // 2) + "…"
    assert read.author == "“" + "E" * bounds.NAME_BYTES + "…”"
    assert read.email == "e" * bounds.NAME_BYTES + "…"


def long_texts(source):
    """More text in the commits of a push than git may print."""
    for _ in range(30):
        author = b"E" * 5_000 + b" <" + b"e" * 5_000 + b"> 1700000000 +0000"
        commit(source, author=author, committer=author, message=b"x" * 5_000)


def unfolding(source, entry, mode, levels):
    """The id of a tree in which an entry is 10**levels times."""
    for _ in range(levels):
        tree = b"".join(mode + f" {number}\0".encode() + bytes.fromhex(entry) for number in range(10))
        entry, mode = store(source, "tree", tree), b"40000"
    return entry


def endless_tree(source):
    """More files below one application than git may list, and then none."""
    clean = source.sha("main^{tree}")
    entry = unfolding(source, source.sha("main:apps/shop/web.yaml"), b"100644", 4)
    apps = b"40000 eve\0" + bytes.fromhex(entry) + b"40000 shop\0" + bytes.fromhex(source.sha("main:apps/shop"))
    return clean, commit(
        source, tree=store(source, "tree", b"40000 apps\0" + bytes.fromhex(store(source, "tree", apps)))
    )


def endless_tree_for_a_while(source):
    clean, _ = endless_tree(source)
    commit(source, tree=clean)


def revert_of_an_endless_tree(source):
    """It was never on the branch, but a message names it."""
    before = source.sha("main")
    _, unreadable = endless_tree(source)
    source.git("branch", "unreadable")
    source.git("update-ref", "refs/heads/main", before)
    return f"This reverts commit {unreadable}."


@pytest.mark.parametrize("attack", [long_texts, endless_tree_for_a_while, revert_of_an_endless_tree])
def test_commits_that_are_hard_to_read_hide_no_others(bot, source, forge, monkeypatch, attack):
    source.commit(
        "First", {"apps/shop/web.yaml": as_yaml(config_map("a")), "apps/eve/a.yaml": as_yaml(config_map("b"))}
    )
    names = ("shop", "eve")
    bot.start(applications={name: application_settings(name) for name in names}, forges={"platform": forge})
    bot.monitor.poll_repository("platform")
    monkeypatch.setattr(bounds, "OUTPUT_BYTES", MIB // 8)
    message = attack(source) or "Push"
    source.git("reset", "-q", "--hard")
    pushed = source.commit(message, {"apps/shop/web.yaml": as_yaml(config_map("a", limit="9"))})
    bot.monitor.poll_repository("platform")
    bot.clock.advance(minutes=3)
    bot.monitor.review_approvals()
    verdicts = {record.sha: record.verdict for record in bot.store.approvals.since()}
    assert verdicts[pushed] is ApprovalStatus.DIRECT
    assert pushed in {rollout.revision for rollout in bot.store.rollouts.unsettled()}


@pytest.fixture
def with_base(bot, source, forge):
    """`shop` is built on `apps/base`, `eve` is another application, and git has no files of `gone`."""
    base = {"apps/base/kustomization.yaml": "resources: [a.yaml]\n", "apps/base/a.yaml": as_yaml(config_map("a"))}
    shop, eve = "resources: [../base, web.yaml]\n", as_yaml(config_map("b"))
    web = {"apps/shop/kustomization.yaml": shop, "apps/shop/web.yaml": as_yaml(config_map("web"))}
    source.commit("First", {**web, **base, "apps/eve/a.yaml": eve})
    names = ("shop", "eve", "gone")
    bot.start(applications={name: application_settings(name) for name in names}, forges={"platform": forge})
    bot.monitor.poll_repository("platform")
    return bot


def affected(bot):
    """The applications of each rollout, by its subject."""
    rollouts = bot.store.rollouts.unsettled()
    return {rollout.subject: {part.application for part in rollout.parts} for rollout in rollouts}


@pytest.mark.parametrize("method", ["files_of", "tree_ids", "links"])
def test_a_git_command_that_fails_once_starts_no_false_rollout_and_hides_none(with_base, source, monkeypatch, method):
    source.commit("Words", {"README.md": "x"})
    source.commit("Base", {"apps/base/a.yaml": as_yaml(config_map("a", limit="9"))})
    read, failures = getattr(GitRepository, method), []

    def fail_once(*args, **options):
        if failures:
            return read(*args, **options)
        failures.append(RepositoryError("git ls-tree did not complete in 60 s"))
        raise failures[0]

    monkeypatch.setattr(GitRepository, method, fail_once)
    for _ in range(2):
        with contextlib.suppress(RepositoryError):
            with_base.monitor.poll_repository("platform")
    assert failures
    assert affected(with_base) == {"Base": {"shop"}}


def test_an_application_whose_base_git_cannot_read_for_a_poll_counts_as_affected(with_base, source, monkeypatch):
    """Its inputs were those of its own path only, before and after the merge."""
    source.commit("Base", {"apps/base/a.yaml": as_yaml(config_map("a", limit="9"))})
    with monkeypatch.context() as failing:
        failing.setattr(GitRepository, "files", Mock(side_effect=RepositoryError("git did not complete in 60 s")))
        with_base.monitor.poll_repository("platform")
    assert affected(with_base) == {"Base": {"shop"}}
    assert [record.applications for record in with_base.store.approvals.since()] == [("shop",)]


def test_an_endless_tree_changes_only_the_application_that_contains_it(with_base, source, monkeypatch):
    monkeypatch.setattr(bounds, "OUTPUT_BYTES", MIB // 8)
    endless_tree(source)
    with_base.monitor.poll_repository("platform")
    endless = affected(with_base)
    tree = source.sha("main^{tree}")
    commit(source, tree=tree, message=b"Nothing")
    with_base.monitor.poll_repository("platform")
    assert affected(with_base) == endless
    assert all("eve" in applications for applications in endless.values())


UNREADABLE_TREES = {
    "a million files": lambda source, file: unfolding(source, file, b"100644", 6),
    "a million links": lambda source, file: unfolding(source, file, b"120000", 6),
    "a million submodules": lambda source, file: unfolding(source, file, b"160000", 6),
    "directories that git would list for hours": lambda source, _: unfolding(
        source, store(source, "tree", b""), b"40000", 12
    ),
    "a link with a name of 1 MiB": lambda source, file: unfolding(
        source, store(source, "tree", b"120000 %s\0" % (b"x" * MIB) + bytes.fromhex(file)), b"40000", 2
    ),
    "a directory of 5 MiB": lambda source, file: store(
        source, "tree", b"".join(b"100644 %06d\0" % number + bytes.fromhex(file) for number in range(150_000))
    ),
}


@pytest.mark.parametrize("unreadable", UNREADABLE_TREES.values(), ids=UNREADABLE_TREES)
def test_a_path_that_cannot_be_listed_hides_no_other(bot, source, monkeypatch, unreadable):
    """`shop` needs files behind links outside its path; `kit` follows a link into eve's tree."""
    names = ("eve", "kit", "shop")
    files = {f"apps/{name}/own.yaml": as_yaml(config_map(name)) for name in names}
    source.commit("First", {**files, "common/a.yaml": as_yaml(config_map("common"))})
    for link, target in (
        ("via", "common"),
        ("apps/shop/link.yaml", "../../via/a.yaml"),
        ("apps/kit/link.yaml", "../eve/big/1.yaml"),
    ):
        (source.path / link).symlink_to(target)
    source.git("add", "-A")
    source.git("commit", "-qm", "Link")
    tree = unreadable(source, source.sha("HEAD:apps/eve/own.yaml"))
    parts = {name: bytes.fromhex(source.sha(f"HEAD:apps/{name}")) for name in ("kit", "shop")}
    eve = b"100644 a.yaml\0" + bytes.fromhex(source.sha("HEAD:apps/eve/own.yaml"))
    eve = store(source, "tree", eve + b"40000 big\0" + bytes.fromhex(tree))
    apps = b"40000 eve\0" + bytes.fromhex(eve) + b"".join(f"40000 {n}\0".encode() + id_ for n, id_ in parts.items())
    common = bytes.fromhex(source.sha("HEAD:common"))
    via = bytes.fromhex(source.sha("HEAD:via"))
    apps = bytes.fromhex(store(source, "tree", apps))
    commit(
        source,
        tree=store(source, "tree", b"40000 apps\0" + apps + b"40000 common\0" + common + b"120000 via\0" + via),
    )
    bot.start(applications={name: application_settings(name) for name in names})
    checks = bot.check()
    assert {name: check.status is Status.UNKNOWN for name, check in checks.items()} == {
        "eve": True,
        "kit": True,
        "shop": False,
    }
    assert {item.name for item in checks["shop"].drift} == {"shop", "common"}


@pytest.mark.parametrize("broken", [RepositoryError("Broken."), ValueError("Broken.")])
def test_merges_that_cannot_be_read_hide_no_unapproved_commit(bot, source, forge, monkeypatch, broken):
    source.commit("First", {"apps/shop/web.yaml": as_yaml(config_map("a"))})
    bot.start(forges={"platform": forge})
    bot.monitor.poll_repository("platform")
    monkeypatch.setattr(merges, "affected_applications", Mock(side_effect=broken))
    source.commit("Push", {"apps/shop/web.yaml": as_yaml(config_map("a", limit="9"))})
    with contextlib.suppress(RepositoryError):
        bot.monitor.poll_repository("platform")
    bot.clock.advance(minutes=3)
    bot.monitor.review_approvals()
    assert [record.verdict for record in bot.store.approvals.since()] == [ApprovalStatus.DIRECT]


# ------------------------------------------------------------ sizes


def in_child(function, *argv, **bound_values):
    """What `function`(*argv) prints as JSON in a process of its own, and the peak RSS of it and of its children."""
    code = f"from {__name__} import *; vars(bounds).update({bound_values!r}); {function.__name__}(*{argv!r})"
    process = subprocess.run(
        [sys.executable, "-c", f"{code}; print_peaks()"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert process.returncode == 0, process.stderr
    answer, own, children = process.stdout.splitlines()
    return json.loads(answer), int(own), int(children)


def print_peaks():
    # The ru_maxrss of a process begins with that of its parent; VmHWM does not.
    (own,) = [line.split()[1] for line in Path("/proc/self/status").read_text().splitlines() if "VmHWM" in line]
    print(int(own) * 1024)
    print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024)


@pytest.mark.parametrize("names", [[""], [f"/{number}" for number in range(12)]], ids=["files", "directories"])
def test_the_diff_of_large_files_fills_no_memory(source, repository, names):
    """Both sides of 200 files of 5 MiB need as much as the bot has."""
    count, large = 24 // len(names), "#" * (5 * MIB)
    before = source.commit("Before", {f"{number}": large for number in range(count)})
    for number in range(count):
        (source.path / f"{number}").unlink()
    after = source.commit("After", {f"{n}{name}": large.replace("#", " ") for n in range(count) for name in names})
    repository.fetch()
    tracemalloc.start()
    try:
        lines = set(diff.changes(repository, before, after))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert lines == {f"~ {path}" for path in repository.changed_paths(before, after)}
    assert peak < 64 * MIB


def read_everything(url, mirrors):
    """Every read that a check, a report or a revert makes; the sentence of each error."""
    repository = GitRepository("platform", url, "main", Path(mirrors))
    head = repository.fetch()
    commits = repository.commits(None, head)
    first = commits[-1].sha
    reads = {
        "commits": lambda: repository.first_parent(first, head, path="apps"),
        "files": lambda: repository.files(head, "apps"),
        "many": lambda: list(repository.files_of(head, ["apps", "other"])),
        "paths": lambda: repository.changed_paths(first, head),
        "merge": lambda: repository.merge_trees(first, head, head),
        "edit": lambda: repository.edited_tree(head, {"a": b"b"}),
    }
    errors = {}
    for name, read in reads.items():
        try:
            read()
        except RepositoryError as error:
            errors[name] = str(error)
    print(json.dumps({"commits": len(commits), "errors": errors}))


def test_compressible_messages_fill_no_memory(source, tmp_path):
    source.commit("First", {"a": "1"})
    # The source is the server here, whose memory and time are not the bot's.
    for name, value in {"pack.window": "0", "core.compression": "1"}.items():
        source.git("config", name, value)
    for _ in range(8):
        commit(source, message=b"x" * (16 * MIB))
    answer, own, children = in_child(read_everything, source.url, str(tmp_path / "mirrors"))
    assert answer["commits"] == 9
    assert answer["errors"].keys() <= {"commits", "files"}  # there is no such path; and git holds all of these at once
    assert own < 160 * MIB
    assert children < 512 * MIB


def test_a_tree_that_unfolds_without_end_fills_no_memory(source, tmp_path):
    source.commit("First", {"a": "1"})
    entry = unfolding(source, source.sha("HEAD:a"), b"100644", 10)
    root = store(source, "tree", b"40000 apps\0" + bytes.fromhex(entry))
    commit(source, tree=root)
    small = {"OUTPUT_BYTES": 2 * MIB, "PROCESS_BYTES": 64 * MIB}
    answer, own, children = in_child(read_everything, source.url, str(tmp_path / "mirrors"), **small)
    assert answer["errors"].keys() >= {"files", "paths", "edit"}
    assert "contains more than 20,000 directories" in answer["errors"]["files"]
    assert own < 192 * MIB
    assert children < 128 * MIB


@pytest.mark.parametrize(
    ("bound", "value", "read"),
    [
        ("CHANGED_PATHS", 2, lambda repository, head: repository.changed_paths(None, head)),
        ("PATH_BYTES", len("apps/shop/web.yaml"), lambda repository, head: repository.files(head, "apps")),
        ("DIRECTORIES", 2, lambda repository, head: repository.files(head, "apps")),
        ("FILES", 2, lambda repository, head: repository.files(head, "apps")),
        ("FILE_BYTES", 12, lambda repository, head: repository.files(head, "apps")),
        ("TOTAL_BYTES", 24, lambda repository, head: repository.files(head, "apps")),
        ("OUTPUT_BYTES", 33, lambda repository, head: repository.changed_paths(None, head)),
    ],
)
def test_a_bound_is_reached_and_not_exceeded(source, tmp_path, monkeypatch, bound, value, read):
    source.commit("First", {"apps/api.yaml": "replicas: 1\n", "apps/shop/web.yaml": "replicas: 2\n"})
    repository = GitRepository("platform", source.url, "main", tmp_path / "mirrors")
    head = repository.fetch()
    monkeypatch.setattr(bounds, bound, value)
    assert read(repository, head)
    monkeypatch.setattr(bounds, bound, value - 1)
    with pytest.raises(RepositoryError):
        read(repository, head)


def test_a_local_command_is_given_up_after_its_time(source, repository, monkeypatch):
    head = repository.fetch()
    monkeypatch.setattr(bounds, "LOCAL_SECONDS", 0.0)
    with pytest.raises(RepositoryError, match="did not complete in 0 s"):
        repository.commit(head)


# ------------------------------------------------------------ refs


@pytest.mark.parametrize("name", ["a\u2028b", "a\x85b", "\u202eevil", "a\u200bb", "x" * 200, b"\xff\xfe"])
def test_a_hostile_name_of_a_branch_hides_no_other(source, repository, tmp_path, name):
    head = source.sha()
    ref = f"refs/heads/{name}".encode() if isinstance(name, str) else b"refs/heads/" + name
    (source.path / ".git/packed-refs").write_bytes(head.encode() + b" " + ref + b"\n")
    assert repository.fetch() == head
    pattern = GitRepository("any", source.url, TargetRevision("ma*"), tmp_path / "mirrors", mirror="platform")
    assert pattern.fetch() == head
    assert pattern.branch == "main"
    with pytest.raises(RepositoryError, match="has no branch"):
        GitRepository("none", source.url, "none", tmp_path / "mirrors").fetch()


@pytest.mark.parametrize("name", ["x-g{}", "v1.4.2-3-g{}~0", "x-g{}^{{tree}}"])
def test_a_path_that_git_could_read_as_a_commit_is_a_path(source, repository, name):
    """Git before 2.49 reads any text that ends like the output of `git describe` as that commit."""
    name = name.format(source.sha()[:7])
    files = [f"{name}/{name}/{name}", f"apps/{name}", f"{name}/a"]
    paths = ["apps", name, f"{name}/{name}", *files, "x" * 2**18 + name]
    revisions = [
        *(source.commit("Change", {"apps/a": text, **dict.fromkeys(files, text)}) for text in "12"),
        source.commit("Remove", dict.fromkeys(files)),
    ]
    repository.fetch()
    lines = [source.git("ls-tree", "-rtz", revision).split("\0")[:-1] for revision in revisions]
    expected = [{line.partition("\t")[2]: line[12:52] for line in listing} for listing in lines]
    assert [repository.tree_ids(revision, paths) for revision in revisions] == [
        [ids.get(path) for path in paths] for ids in expected
    ]
    assert {path: len({ids.get(path) for ids in expected}) for path in paths} == dict.fromkeys(paths, 3) | {
        paths[-1]: 1
    }


def test_a_branch_that_git_could_read_as_a_commit_is_a_branch(source, repository, tmp_path):
    """A hotfix branch that was deleted seemed to be at the commit in its name."""
    name = f"hotfix-g{source.sha()[:7]}"
    following = GitRepository("platform", source.url, name, tmp_path / "mirrors", mirror="platform")
    source.branch(name)
    tip = source.commit("Hotfix", {"a": "1"})
    source.switch()
    assert (following.fetch(), following.head(), following.has_branch(name)) == (tip, tip, True)
    source.git("branch", "-D", name)
    with pytest.raises(RepositoryError, match="has no branch"):
        following.fetch()
    assert (following.known_revision(), following.tip(name), following.has_branch(name)) == (None, None, False)


def test_commits_whose_shas_begin_alike_are_told_apart(source, repository):
    commits = {}
    tree, base = source.sha("main^{tree}"), source.sha()
    for number in range(200_000):  # git's object name: https://git-scm.com/book/en/v2/Git-Internals-Git-Objects
        body = f"tree {tree}\nparent {base}\nauthor {IDENTITY.decode()}\ncommitter {IDENTITY.decode()}\n\n{number}\n"
        sha = hashlib.sha1(f"commit {len(body)}\0{body}".encode(), usedforsecurity=False).hexdigest()
        if (other := commits.setdefault(sha[:7], body)) is not body:
            break
    shas = sorted(store(source, "commit", text.encode()) for text in (other, body))
    for sha in shas:
        source.git("update-ref", f"refs/heads/{sha}", sha)
    source.git("update-ref", f"refs/heads/{sha[:7]}", base)
    repository.fetch()
    with pytest.raises(RevisionNotFoundError) as raised:
        repository.resolve(sha[:7])
    assert sorted(commit.sha for commit in raised.value.candidates) == shas
    assert repository.resolve(sha).sha == sha


def huge_commit(source):
    return "heads/eve", commit(source, headers=b"gpgsig " + b"x" * 28 * MIB + b"\n", branch="eve")


def huge_tag(source):
    head = f"object {source.sha()}\ntype commit\ntag v9\ntagger ".encode() + IDENTITY
    return "tags/eve", store(source, "tag", head + b"\n\n" + b"x" * 28 * MIB)


def huge_tree(source):
    entry = bytes.fromhex(source.sha("main:apps"))
    tree = b"".join(b"40000 %06d" % number + b"x" * MIB + b"\0" + entry for number in range(28))
    return "heads/eve", commit(source, tree=store(source, "tree", tree), branch="eve")


def malformed_tree(source):
    return "heads/eve", commit(source, tree=store(source, "tree", b"40000 x\0short"), branch="eve")


def large_file(source):
    blob = store(source, "blob", os.urandom(8 * MIB))
    tree = store(source, "tree", b"100644 large\0" + bytes.fromhex(blob))
    return "heads/eve", commit(source, tree=tree, branch="eve")


class FailedOperations(NoTelemetry):
    def __init__(self):
        self.metrics = []

    @contextlib.contextmanager
    def measure(self, metric, **_):
        try:
            yield Operation()
        except RepositoryError:
            self.metrics.append(metric)
            raise


@pytest.mark.parametrize(
    ("attack", "limits", "reason"),
    [
        (huge_commit, {"PROCESS_BYTES": 24 * MIB}, "needs more memory than it may use"),
        (huge_tag, {"PROCESS_BYTES": 24 * MIB}, "needs more memory than it may use"),
        (huge_tree, {"PROCESS_BYTES": 24 * MIB}, "needs more memory than it may use"),
        (large_file, {"MIRROR_BYTES": MIB, "DISK_SECONDS": 0.0}, "exceeds 0 GiB"),
        (malformed_tree, {}, "could not be fetched"),
    ],
)
def test_a_branch_or_tag_that_no_application_follows_stops_no_fetch(
    bot, source, served, forge, monkeypatch, attack, limits, reason
):
    """Anyone who may push any branch could make all applications of the repository unknown."""
    url, requests = served
    source.commit("First", {"apps/shop/web.yaml": as_yaml(config_map("a"))})
    bot.start(repositories={"platform": {"url": url}}, forges={"platform": forge})
    bot.monitor.poll_repository("platform")
    ref, hostile = attack(source)
    source.git("update-ref", f"refs/{ref}", hostile)
    source.git("pack-refs", "--all")
    for name, value in limits.items():
        monkeypatch.setattr(bounds, name, value)
    merged = source.commit("Merge", {"apps/shop/web.yaml": as_yaml(config_map("a", limit="9"))})
    bot.monitor.poll_repository("platform")
    assert [rollout.revision for rollout in bot.store.rollouts.unsettled()] == [merged]

    revision, telemetry, counts = TargetRevision(f"refs/{ref}"), FailedOperations(), []
    mirrors = bot.folder / "mirrors"
    follower = GitRepository("platform", url, revision, mirrors, mirror="platform", telemetry=telemetry)
    for _ in range(2):
        before = len(requests)
        follower.update_mirror()
        with pytest.raises(RepositoryError, match=reason):
            follower.fetched_revision()
        counts.append(len(requests) - before)
    assert counts[1] < counts[0]  # neither what is too large nor a new mirror is fetched again and again
    assert telemetry.metrics == [GIT_FETCH] * 2
    assert [check.status for check in bot.check().values()] == [Status.OUT_OF_SYNC]
    source.git("update-ref", "-d", f"refs/{ref}")
    follower._mirror._backoff.next_fetch = 0.0
    bot.monitor.poll_repository("platform")
    assert not follower._mirror.is_incomplete


def test_every_form_of_a_revision_is_followed_while_another_branch_cannot_be_fetched(
    source, served, tmp_path, monkeypatch
):
    url, _ = served
    source.commit("First", {"a": "1"})
    source.git("branch", "gone")

    def following(revision):
        return GitRepository("platform", url, revision, tmp_path / "mirrors", mirror="platform")

    following("main").fetch()
    malformed_tree(source)
    source.git("branch", "-D", "gone")
    source.branch("gone/release-2")
    older = source.commit("Older", {"a": "2"})
    source.git("tag", "v1.2.0", "-m", "Version")
    source.switch()
    main = source.commit("Newer", {"a": "3"})
    source.git("tag", "v1.1.0")
    source.git("tag", described := f"v1.1.0-g{main[:7]}")
    expected = {
        **dict.fromkeys(("main", "HEAD", "refs/heads/main", "v1.1.0", described, main, main[:9]), main),
        **dict.fromkeys((older, "gone/release-2", "gone/*", "1.x", "refs/tags/v1.2.0"), older),
    }
    revisions = [*map(TargetRevision, expected), TargetRevision("gone/*", Newest.DATE)]
    assert {revision.text: following(revision).fetch() for revision in revisions} == expected
    with monkeypatch.context() as patch:  # what the mirror has isn't fetched again
        patch.setattr(Mirror, "fetch_part", None)
        assert {revision.text: following(revision).fetch() for revision in revisions} == expected
    assert following("main")._mirror.is_incomplete
    assert [following("main").tip(branch) for branch in ("gone/release-2", "gone", "-x")] == [older, None, None]
    assert [name for name in ("eve", "gone", "-x", "\0") if following("main").has_branch(name)] == ["eve"]
    source.git("update-ref", "refs/heads/gone/release-2", main)
    source.git("update-ref", "-d", "refs/tags/v1.2.0")
    assert [following(TargetRevision(text)).fetch() for text in ("gone/*", "1.x")] == [main, main]
    source.git("tag", "v1.9.0", "main:a")
    source.git("checkout", "-q", "--detach")
    for text in ("v1.2.0", "1.x", "HEAD"):  # none is a commit or branch now, and an older one would be wrong
        with pytest.raises(RepositoryError, match="no branch, tag or commit"):
            following(TargetRevision(text)).fetch()
    source.switch()
    fresh = GitRepository("fresh", url, TargetRevision("HEAD"), tmp_path / "mirrors")
    assert (fresh.resolved_revision().name, fresh.is_branch) == ("main", True)


# ------------------------------------------------------------ the server


def test_a_redirect_to_another_host_gets_neither_token_nor_request(tmp_path):
    requests = []

    async def record(request):
        requests.append(dict(request.headers))
        return web.Response(status=401)

    async def redirect(request):
        raise web.HTTPFound(f"{thief.url}{request.path_qs}")

    elsewhere, forge = web.Application(), web.Application()
    elsewhere.router.add_route("*", "/{path:.*}", record)
    forge.router.add_route("*", "/{path:.*}", redirect)
    credential = Credential("ghp_Zq7RtYw2secretsecret", "x-access-token")
    with Server(elsewhere) as thief, Server(forge) as server:
        url = f"{server.url}/acme/platform.git"
        repository = GitRepository("p", url, "main", tmp_path / "m", credential=lambda: credential)
        with pytest.raises(RepositoryError, match="redirects to another URL"):
            repository.fetch()
    assert not requests


def test_a_server_that_drips_is_given_up_with_its_processes(tmp_path, monkeypatch):
    monkeypatch.setattr(bounds, "NETWORK_SECONDS", 1.0)
    monkeypatch.setattr(bounds, "LIST_SECONDS", 0.5)
    stop = threading.Event()

    def drip(listener):
        connection, _ = listener.accept()
        with connection, contextlib.suppress(OSError):
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/x-git-upload-pack-advertisement\r\n\r\n")
            while not stop.wait(0.1):
                connection.sendall(b"0" * 400)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=drip, args=[listener])
        thread.start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/drip.git"
        with pytest.raises(RepositoryError, match="took too long"):
            GitRepository("slow", url, "main", tmp_path / "m").fetch()
        wait_for(lambda: not [line for line in command_lines() if url.encode() in line])
        stop.set()
        thread.join()


def test_children_get_nothing_of_the_environment_that_they_do_not_need(source, tmp_path, monkeypatch):
    environments = []
    start = subprocess.Popen.__init__

    def recorded(self, *args, env=None, **kwargs):
        environments.append(os.environ if env is None else env)
        start(self, *args, env=env, **kwargs)

    dump = tmp_path / "dump"
    ssh = tmp_path / "ssh"
    ssh.write_text(f"#!/bin/sh\nenv >{dump}\nexit 1\n")
    ssh.chmod(0o755)
    secrets = {"SLACK_BOT_TOKEN": "xoxb-1", "GITHUB_TOKEN": "ghp_1", "DATABASE_URL": "postgresql://u:p@h/d"}
    for name, value in {**secrets, "GIT_SSH_COMMAND": str(ssh), "https_proxy": "http://proxy:1"}.items():
        monkeypatch.setenv(name, value)
    source.commit("First", {"apps/web.yaml": "replicas: 1\n"})
    monkeypatch.setattr(subprocess.Popen, "__init__", recorded)
    monkeypatch.setattr(process, "_WATCHDOG", Watchdog())
    with pytest.raises(RepositoryError):
        GitRepository("p", "ssh://git@git.invalid/acme/p.git", "main", tmp_path / "m").fetch()
    repository = GitRepository("source", source.url, "main", tmp_path / "m")
    assert repository.tree_id(repository.fetch(), "apps")
    assert len(environments) > 3  # of the watchdog, too
    assert not any(secrets.keys() & environment.keys() for environment in environments)
    environment = dict(line.partition("=")[::2] for line in dump.read_text().splitlines())
    assert environment["https_proxy"] == "http://proxy:1"
    assert not secrets.keys() & environment.keys()
    assert {name for name in environment if not name.startswith("GIT_")} <= {
        *("PATH", "HOME", "USER", "LOGNAME", "TMPDIR", "TZ", "LANGUAGE", "LC_ALL", "SSH_ASKPASS", "https_proxy"),
        *("PWD", "OLDPWD", "SHLVL", "_", "LD_LIBRARY_PATH", "SSH_AUTH_SOCK", "no_proxy"),
        *("SSL_CERT_FILE", "SSL_CERT_DIR", "CURL_CA_BUNDLE"),
    }


@pytest.mark.parametrize(
    "url",
    [
        "https://u:p@s3cret@127.0.0.1:1/x.git",
        "https://u:a/s3cret@127.0.0.1:1/x.git",
        "https://u:1/s3cret@127.0.0.1:1/x.git",
        "https://s3cret@127.0.0.1:1/x.git",
        "https://u:s3cret@[::1/x.git",
        "https://127.0.0.1:1/x.git?private_token=s3cret",
        "https://127.0.0.1:1/x.git#s3cret",
        "https:///s3cret@127.0.0.1:1/x.git",
    ],
)
def test_no_form_of_a_url_shows_its_password(tmp_path, url):
    with pytest.raises(RepositoryError) as raised:
        GitRepository("p", url, "main", tmp_path).fetch()
    assert "s3cret" not in f"{raised.value!r} {raised.value}"


# ------------------------------------------------------------ disk

STALLING_SSH = """#!{python}
import os, subprocess, sys, time
server = subprocess.Popen(["sh", "-c", sys.argv[-1]], stdout=subprocess.PIPE)
sent = 0
while chunk := os.read(server.stdout.fileno(), 65536):
    if sent > {sent}:
        time.sleep(60)
    sent += os.write(1, chunk)
    if sent - len(chunk) < 65536 <= sent:
        print("pack", file=open({log!r}, "a"))
"""


@pytest.fixture
def endless(source, tmp_path, monkeypatch):
    """A repository whose server sends 2 MiB of a pack and never ends, and how many packs it has sent."""
    source.commit("Large", {"large": os.urandom(3 * MIB)})
    log, ssh = tmp_path / "packs", tmp_path / "ssh"
    ssh.write_text(STALLING_SSH.format(python=sys.executable, log=str(log), sent=2 * MIB))
    ssh.chmod(0o755)
    monkeypatch.setenv("GIT_SSH_COMMAND", str(ssh))
    monkeypatch.setattr(bounds, "DISK_SECONDS", 0.05)
    repository = GitRepository("endless", f"ssh://git@git.invalid{source.path}", "main", tmp_path / "mirrors")
    return repository, lambda: log.read_text().count("pack")


def unfinished(mirrors):
    return [file for file in mirrors.rglob("tmp_*") if file.is_file()]


def fetch(repository, _):
    return repository.fetch()


def fetch_commit(repository, source):
    return repository.fetch_commit(source.sha())


@pytest.mark.parametrize("run", [fetch, fetch_commit])
@pytest.mark.parametrize(("most", "free"), [(MIB, 10**12), (10**12, 2 * MIB)], ids=["bound", "disk"])
def test_an_endless_pack_is_stopped_and_leaves_nothing_on_disk(endless, source, tmp_path, monkeypatch, run, most, free):
    repository, packs = endless
    monkeypatch.setattr(bounds, "MIRROR_BYTES", most)
    monkeypatch.setattr(disk.shutil, "disk_usage", lambda _: SimpleNamespace(free=free))
    expected = "The repository endless exceeds" if most < free else "more than half of the free disk space"
    with pytest.raises(RepositoryError, match=expected):
        run(repository, source)
    assert not unfinished(tmp_path / "mirrors")
    assert packs() > 0


@pytest.mark.parametrize(
    ("bound", "value", "reason"),
    [("MIRROR_BYTES", MIB, "The repository endless exceeds"), ("NETWORK_SECONDS", 3.0, "took too long")],
)
def test_a_repository_that_takes_too_much_is_not_fetched_again_and_again(
    endless, source, tmp_path, monkeypatch, bound, value, reason
):
    """Not at another revision either, or by another object for the same mirror, as remote bases have."""
    repository, packs = endless
    monkeypatch.setattr(bounds, bound, value)
    source.git("branch", "other")
    other = GitRepository("endless", repository.url, "other", tmp_path / "mirrors")
    counts = []
    for fetched in (repository.fetch, repository.fetch, other.fetch, lambda: other.fetch_commit(source.sha())):
        with pytest.raises(RepositoryError, match=reason):
            fetched()
        counts.append(packs())
    assert counts == counts[:1] * 4
    assert repository._mirror._backoff.next_fetch - time.monotonic() == pytest.approx(600, abs=60)
    monkeypatch.setattr(repository._mirror._backoff, "next_fetch", 0.0)
    with pytest.raises(RepositoryError, match=reason):
        repository.fetch()
    assert packs() > counts[1]


def test_a_commit_that_is_too_large_is_not_fetched_again_and_keeps_no_other_fetch_waiting(endless, source, monkeypatch):
    """It may be a stranger's: the bot fetches the commits of pull requests."""
    repository, packs = endless
    monkeypatch.setattr(bounds, "MIRROR_BYTES", MIB)
    for _ in range(2):
        with pytest.raises(RepositoryError, match="The repository endless exceeds"):
            repository.fetch_commit(source.sha())
    assert packs() == 1
    with pytest.raises(RepositoryError, match="The repository endless exceeds"):
        repository.fetch()
    assert packs() > 1


@pytest.mark.parametrize("use", ["fetch_commit", "keep_commit"])
@pytest.mark.parametrize(
    "said", ["fatal: git fetch did not complete in 300 s", "fatal: git fetch exceeded 10 GiB", "error: out of memory"]
)
def test_no_use_of_a_commit_that_takes_too_much_fetches_it_again(repository, monkeypatch, use, said):
    repository.fetch()
    fetched = Mock(return_value=process.Output(-9, b"", said))
    monkeypatch.setattr(repository._mirror, "network_git", fetched)
    for _ in range(2):
        with pytest.raises(RepositoryError):
            getattr(repository, use)("a" * 40)
    assert fetched.call_count == 1


def test_fetches_that_run_at_the_same_time_share_half_of_the_free_disk(tmp_path, monkeypatch):
    """Three of them filled a disk on which each fitted."""
    monkeypatch.setattr(disk.shutil, "disk_usage", lambda _: SimpleNamespace(free=10 * MIB))
    monkeypatch.setattr(bounds, "DISK_SECONDS", 0.0)
    large, small = tmp_path / "large", tmp_path / "small"
    for folder in (large, small):
        folder.mkdir()
        (folder / "before").write_bytes(b"x" * 6 * MIB)
    with disk.DiskLimit(small) as of_small:
        with disk.DiskLimit(large) as of_large:
            for folder, size in ((large, 3), (small, 1)):
                (folder / "pack").write_bytes(b"x" * size * MIB)
            assert [of_large.problem(), of_small.problem()] == ["", ""]
            (small / "pack").write_bytes(b"x" * 2 * MIB + b"x" * (MIB // 2))
            assert [of_small.problem(), of_large.problem()] == ["", "exceeded half of the free disk space"]
        assert of_small.problem() == ""


def test_a_fetch_that_ends_leaves_half_of_the_space_that_is_free_now(tmp_path, monkeypatch):
    """One that had begun with another could go on until 6 of 100 GiB were free."""
    usage = SimpleNamespace(free=10 * MIB)
    monkeypatch.setattr(disk.shutil, "disk_usage", lambda _: usage)
    monkeypatch.setattr(bounds, "DISK_SECONDS", 0.0)
    first, second = tmp_path / "first", tmp_path / "second"
    for folder in (first, second):
        folder.mkdir()
    with disk.DiskLimit(second) as of_second:
        with disk.DiskLimit(first) as of_first:
            (first / "pack").write_bytes(b"x" * 4 * MIB)
            assert of_first.problem() == ""
            usage.free = 6 * MIB
        (second / "pack").write_bytes(b"x" * 4 * MIB)
        assert of_second.problem() == "exceeded half of the free disk space"


def test_a_mirror_full_of_what_no_branch_needs_is_fetched_anew(source, repository, tmp_path, monkeypatch):
    first = source.sha()
    source.commit("Large", {"large": os.urandom(MIB)})
    repository.fetch()
    source.git("reset", "-q", "--hard", first)
    monkeypatch.setattr(bounds, "MIRROR_BYTES", MIB)
    assert repository.fetch() == first
    assert disk.disk_usage(tmp_path / "mirrors/platform.git") < MIB


def test_a_mirror_that_is_too_large_is_replaced_by_what_is_followed(source, repository, monkeypatch):
    source.branch("eve")
    source.commit("Large", {"large": os.urandom(2 * MIB)})
    source.switch()
    repository.fetch()
    monkeypatch.setattr(bounds, "MIRROR_BYTES", MIB)
    monkeypatch.setattr(bounds, "DISK_SECONDS", 0.0)
    merged = source.commit("Merge", {"b": "2"})
    assert repository.fetch() == merged


def test_only_files_that_git_no_longer_writes_are_removed(source, repository, tmp_path):
    repository.fetch()
    mirror = tmp_path / "mirrors/platform.git"

    def left_by_a_killed_fetch(*names):
        files = [mirror / "objects" / name for name in names]
        for file in files:
            file.parent.mkdir(exist_ok=True)
            file.write_bytes(b"x")
        return files

    left_by_a_killed_fetch("pack/tmp_pack_a", "pack/tmp_idx_a", "pack/pack-a.keep", "00/tmp_obj_a")
    GitRepository("platform", source.url, "main", tmp_path / "mirrors").fetch()
    assert not [*unfinished(mirror), *mirror.rglob("*.keep")]

    (mirror / "gc.pid").touch()
    old, new = left_by_a_killed_fetch("pack/tmp_pack_old", "pack/tmp_pack_new")
    for file, minutes in ((old, 61), (new, 59)):
        os.utime(file, (time.time() - minutes * 60,) * 2)
    GitRepository("platform", source.url, "main", tmp_path / "mirrors").fetch()
    assert unfinished(mirror) == [new]


# ------------------------------------------------------------ DNS and TLS


@pytest.mark.parametrize("url", ["https://nowhere.invalid/acme/p.git", "ssh://git@nowhere.invalid/acme/p.git"])
def test_a_name_that_cannot_be_resolved_is_said(tmp_path, url):
    with pytest.raises(RepositoryError, match=r"nowhere\.invalid/acme/p\.git cannot be reached\. "):
        GitRepository("p", url, "main", tmp_path).fetch()


def test_an_untrusted_certificate_names_the_remedy_which_works(untrusted_server, tmp_path, monkeypatch):
    url, ca = untrusted_server
    repository = GitRepository("p", f"{url}/acme/p.git", "main", tmp_path)
    with pytest.raises(RepositoryError, match=r"certificate of https://.* is not trusted\. .* GIT_SSL_CAINFO") as error:
        repository.fetch()
    assert "\n" not in str(error.value)
    monkeypatch.setenv("GIT_SSL_CAINFO", ca)
    with pytest.raises(RepositoryError, match="There is no git repository at"):
        repository.fetch()


@pytest.mark.parametrize(
    "said",
    [
        "SSL certificate problem: unable to get local issuer certificate",
        "Problem with the SSL CA cert (path? access rights?)",
        "SSL: no alternative certificate subject name matches target host name 'git.example'",
        "server verification failed: certificate signer not trusted. (CAfile: /etc/ssl/ca.crt CRLfile: none)",
        "SSL: certificate subject name (a) does not match target host name 'git.example'",
    ],
)
def test_every_tls_library_of_git_is_understood(said):
    stderr = f"fatal: unable to access 'https://git.example/p/': {said}"
    error = GitErrorMapper("p", "https://git.example/p", "GITHUB_TOKEN").fetch_failed(stderr)
    assert "is not trusted" in str(error)


def test_a_commit_that_takes_more_memory_than_git_may_use_is_the_reason():
    stderr = "fatal: Out of memory, malloc failed (tried to allocate 734003407 bytes)\nfatal: index-pack failed"
    errors = GitErrorMapper("p", "https://git.example/p", "GITHUB_TOKEN")
    for error in (errors.fetch_failed(stderr), errors.push_failed("gitops-bot/x", "", stderr)):
        assert str(error).startswith("For https://git.example/p, git needs more memory than it may use.")


# ------------------------------------------------------------ the mirror


def damaged_files(folder):
    return sorted(file for file in folder.rglob("*") if file.is_file())


@pytest.mark.parametrize("packed", [False, True], ids=["loose", "packed"])
@pytest.mark.parametrize("damage", ["missing", "empty", "garbage", "cut"])
def test_a_mirror_heals_whichever_file_is_damaged(source, tmp_path, monkeypatch, caplog, damage, packed):
    monkeypatch.setattr(bounds, "REBUILD_SECONDS", 0.0)
    (source.path / "link").symlink_to("apps")
    source.commit("First", {"apps/shop/web.yaml": "replicas: 1\n" * 40, "apps/other.yaml": "a: 1\n"})
    head = source.commit("Second", {"apps/shop/web.yaml": "replicas: 2\n" * 40})
    mirrors = tmp_path / "mirrors"
    repository = GitRepository("platform", source.url, "main", mirrors)
    repository.fetch()
    paths = ["", "apps/shop", "link", "none"]

    def read():
        ids = repository.tree_ids(head, paths)  # first, since it's what decides whether anything else is read
        return ids, repository.files(head, "apps"), repository.commits(None, head)

    expected = read()
    mirror = mirrors / "platform.git"
    if not packed:
        for pack in (mirror / "objects/pack").glob("*.pack"):
            content = pack.read_bytes()
            for file in pack.parent.glob(f"{pack.stem}.*"):
                file.unlink()
            subprocess.run(["git", "unpack-objects", "-q"], cwd=mirror, input=content, check=True)
    pristine = tmp_path / "pristine"
    shutil.copytree(mirrors / "platform.git", pristine)
    for file in damaged_files(pristine):
        shutil.rmtree(mirrors)
        shutil.copytree(pristine, mirrors / "platform.git")
        target = mirrors / "platform.git" / file.relative_to(pristine)
        target.chmod(0o644)
        content = target.read_bytes()
        match damage:
            case "missing":
                target.unlink()
            case "empty":
                target.write_bytes(b"")
            case "garbage":
                target.write_bytes(b"\xfe garbage" * 3)
            case "cut":
                target.write_bytes(content[: len(content) // 2])
        caplog.clear()
        repository = GitRepository("platform", source.url, "main", mirrors)
        assert repository.fetch() == head, file
        assert read() == expected, file
        assert len([record for record in caplog.records if "damaged" in record.message]) <= 1, file


def test_a_mirror_is_not_fetched_again_and_again(source, repository, tmp_path, monkeypatch):
    head = repository.fetch()
    config = tmp_path / "mirrors/platform.git/config"

    def files_of_damaged_mirror():
        config.write_text("[")
        return repository.files(head, "apps")

    assert files_of_damaged_mirror()
    with pytest.raises(RepositoryError, match="bad config line"):
        files_of_damaged_mirror()
    assert repository._mirror._backoff.next_rebuild - time.monotonic() == pytest.approx(3_600, abs=60)
    monkeypatch.setattr(repository._mirror._backoff, "next_rebuild", 0.0)
    assert files_of_damaged_mirror()


def test_a_damaged_mirror_is_kept_while_the_remote_cannot_be_reached(source, repository, tmp_path):
    head = repository.fetch()
    config = tmp_path / "mirrors/platform.git/config"
    sound = config.read_text()
    config.write_text("[")
    source.path.rename(tmp_path / "elsewhere")
    with pytest.raises(RepositoryError, match="There is no git repository"):
        repository.files(head, "apps")
    config.write_text(sound)
    assert repository.files(head, "apps")


def test_a_folder_with_a_colon_holds_mirrors(source, tmp_path):
    head = source.commit("First", {"a": "1"})
    repository = GitRepository("platform", source.url, "main", tmp_path / 'mir:rors "quoted" \\ back')
    assert repository.fetch() == head
    assert repository.commit(head).subject == "First"


def hang(url, mirrors):
    """Fetch, and live on with the quarantine."""
    repository = GitRepository("platform", url, "main", Path(mirrors))
    repository.fetch()
    print("fetched", flush=True)
    signal.pause()


def quarantines(mirrors):
    return [path for path in mirrors.glob("quarantine-*") if path.is_dir()]  # beside each is its lock file


def test_what_a_killed_process_left_is_removed_and_nothing_else(source, repository, tmp_path):
    mirrors = tmp_path / "mirrors"
    repository.fetch()
    source.commit("First", {"a": "1"})
    code = f"from {__name__} import *; hang({source.url!r}, {str(mirrors)!r})"
    child = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE)
    with child:
        assert child.stdout.readline() == b"fetched\n"
        before = quarantines(mirrors)
        other = GitRepository("other", source.url, "main", mirrors)
        other.fetch()
        during = quarantines(mirrors)
        child.kill()
    assert (len(before), len(during)) == (2, 3)
    another = GitRepository("another", source.url, "main", mirrors)
    another.fetch()
    assert len(quarantines(mirrors)) == 3
    assert repository.commit(repository.fetch()).subject == "First"


def test_as_many_revisions_as_allowed_have_a_client(monkeypatch):
    """A client may have a git process. Those of configured repositories and of charts stay."""
    monkeypatch.setattr(build, "_MAX_REVISIONS", 2)
    clients = build._ByRepository({"platform": "platform"}, lambda key: [key])
    revisions = [clients[f"platform@b{number}"] for number in range(3)]
    charts = [clients[f"https://charts.example/{number}@1.0.0"] for number in range(3)]
    assert [clients[f"platform@b{number}"] is revisions[number] for number in (2, 1, 0)] == [True, True, False]
    assert [clients[f"https://charts.example/{number}@1.0.0"] for number in range(3)] == charts
    assert clients["platform"] == "platform"

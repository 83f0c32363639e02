import asyncio
import base64
import hashlib
import logging
import os
import shutil
import signal
import socket
import subprocess
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from unittest.mock import Mock

import pytest
from aiohttp import web

from bot.adapters.git import bounds, trees
from bot.adapters.git.credential import Credential
from bot.adapters.git.repository import GitRepository
from bot.ports.git import File, LimitExceededError, PushRejectedError, RepositoryError, RevisionNotFoundError
from bot.sandbox.server import Server
from tests.common.forge import RunningForge
from tests.common.processes import command_lines

TOKEN = "ghp_Zq7RtYw2secretsecret"


@pytest.fixture
def repository(source, tmp_path):
    source.commit("First", {"apps/shop/web.yaml": "replicas: 1\n"})
    return GitRepository("platform", source.url, "main", tmp_path / "mirrors")


# ------------------------------------------------------------ reading


def test_fetch_follows_the_tracked_branch_and_forgets_deleted_ones(source, repository):
    source.git("branch", "side")
    first = repository.fetch()
    assert repository.head() == first
    assert repository.tip("side") == first
    second = source.commit("Second", {"apps/shop/web.yaml": "replicas: 2\n"})
    source.git("branch", "-D", "side")
    assert repository.head() == first
    assert repository.fetch() == second
    assert repository.tip("side") is None


def test_a_branch_may_take_the_place_of_one_it_is_named_below(source, repository):
    source.git("branch", "topic")
    repository.fetch()
    source.git("branch", "-m", "topic", "topic/one")
    head = repository.fetch()
    assert (repository.tip("topic"), repository.tip("topic/one")) == (None, head)


def test_history_rewritten_on_the_remote_is_followed(source, repository):
    repository.fetch()
    source.git("commit", "-q", "--amend", "-m", "Rewritten")
    assert repository.commit(repository.fetch()).subject == "Rewritten"


def test_head_fetches_when_nothing_was_fetched_yet(source, repository):
    assert repository.head() == source.sha()


def test_commit_tells_who_wrote_what_when(source, repository):
    sha = source.commit("Scale web — für Ünal\n\nMore load.\n", {"apps/shop/web.yaml": "replicas: 3\n"})
    repository.fetch()
    commit = repository.commit(sha)
    assert (commit.sha, commit.subject) == (sha, "Scale web — für Ünal")
    assert commit.message == "Scale web — für Ünal\n\nMore load."
    assert (commit.author, commit.email) == ("Ana", "ana@example.com")
    assert commit.parents == (source.git("rev-parse", "HEAD^"),)
    assert commit.committed_at == datetime.fromtimestamp(int(source.git("log", "-1", "--format=%ct")), UTC)


def test_files_are_the_regular_ones_below_a_path(source, repository):
    script = source.path / "apps/shop/run me.sh"
    script.write_text("#!/bin/sh\n")
    script.chmod(0o755)
    (source.path / "apps/shop/link.yaml").symlink_to("/etc/passwd")
    source.git("update-index", "--add", "--cacheinfo", f"160000,{source.git('rev-parse', 'HEAD')},apps/shop/module")
    source.commit("More", {"apps/shop/deep/ü.yaml": b"\x00\xff", "apps/other.yaml": "no: 1\n", "apps/shop/e.yaml": ""})
    head = repository.fetch()
    files = [
        File("apps/shop/deep/ü.yaml", b"\x00\xff"),
        File("apps/shop/e.yaml", b""),
        File("apps/shop/run me.sh", b"#!/bin/sh\n"),
        File("apps/shop/web.yaml", b"replicas: 1\n"),
    ]
    assert sorted(repository.files(head, "apps/shop"), key=lambda file: file.path) == files
    assert repository.files(head, "./apps/shop/") == repository.files(head, "apps/shop")
    assert len(repository.files(head, ".")) == 5
    assert repository.files(head, "apps/shop/web.yaml") == [files[-1]]


@pytest.mark.parametrize(("listed", "read"), [(100, 2**24), (2, 1), (1, 8)])
def test_each_of_many_paths_is_read_as_it_is_by_itself(source, repository, monkeypatch, listed, read):
    monkeypatch.setattr(trees, "_PATHS_PER_LISTING", listed)
    monkeypatch.setattr(trees, "_BYTES_PER_READ", read)
    (source.path / "apps/shop/link.yaml").symlink_to("/etc/passwd")
    (source.path / "links").mkdir()
    (source.path / "links/link.yaml").symlink_to("/etc/passwd")
    large = {"large/ü.bin": b"x" * (5 * 2**20 + 1), "large/small/a.yaml": "a: 1\n"}
    source.commit("More", {"apps/shop/deep/ü.yaml": b"\x00\xff", "apps/shop2/e.yaml": "", **large})
    head = repository.fetch()
    paths = ["apps/shop", "apps", "none", "apps/shop/", "large", "large/small", "links", "apps/shop/web.yaml"]
    for whole in ([], [""]):  # all of them lie below the root

        def by_itself(path):
            try:
                return repository.files(head, path) or None
            except RepositoryError:
                return None

        selected = [*paths, *whole]
        assert list(repository.files_of(head, selected)) == [by_itself(path) for path in selected]
    assert list(repository.files_of(head, [])) == []


@pytest.mark.parametrize(
    "read",
    [
        lambda repository, sha: repository.tree_id(sha, "apps/none"),
        lambda repository, sha: repository.files(sha, "apps"),
        lambda repository, sha: next(repository.files_of(sha, ["apps"])),
        lambda repository, sha: repository.links(sha),
        lambda repository, sha: repository.changed_paths(repository.head(), sha),
        lambda repository, sha: repository.merge(repository.head(), sha),
        lambda repository, sha: repository.merge_trees(repository.head(), sha, sha),
        lambda repository, sha: repository.edited_tree(sha, {"a.yaml": b""}),
        lambda repository, sha: repository.commit(sha),
    ],
    ids=["tree_id", "files", "files_of", "links", "changed_paths", "merge", "merge_trees", "edited_tree", "commit"],
)
def test_no_mirror_is_repaired_for_what_is_not_a_commit(source, repository, read):
    repository.fetch()
    for sha in ("0" * 40, "1" * 40, source.git("rev-parse", "HEAD:apps/shop/web.yaml")):
        with pytest.raises(RevisionNotFoundError):
            read(repository, sha)
    assert repository._mirror._backoff.next_rebuild == 0.0


@pytest.mark.parametrize("path", ["apps/nothing", "apps/shop/web.yam", "apps/*"])
def test_files_below_a_path_that_does_not_exist_are_an_error(repository, path):
    with pytest.raises(RepositoryError, match="There is no path apps/"):
        repository.files(repository.fetch(), path)


@pytest.mark.parametrize("path", ["../etc", "apps/../../etc", "apps\0shop"])
def test_a_path_that_leads_out_of_the_repository_is_refused(repository, path):
    head = repository.fetch()
    with pytest.raises(RepositoryError, match="is outside the repository"):
        repository.files(head, path)


def test_a_file_too_large_to_be_a_manifest_is_named(source, repository):
    source.commit("Big", {"apps/shop/image.bin": b"x" * (5 * 2**20 + 1)})
    with pytest.raises(RepositoryError, match=r"apps/shop/image.bin in platform is 5.0 MiB"):
        repository.files(repository.fetch(), "apps/shop")


def test_too_many_files_below_a_path_are_an_error(source, repository):
    blob = source.git("hash-object", "-w", "--stdin", stdin="a: 1\n")
    lines = "".join(f"100644 {blob}\tmany/{number}.yaml\n" for number in range(20_001))
    source.git("update-index", "--add", "--index-info", stdin=lines)
    source.git("commit", "-q", "-m", "Many")
    with pytest.raises(RepositoryError, match="many in platform contains 20,001 files"):
        repository.files(repository.fetch(), "many")


def test_tree_id_is_that_of_the_directory_or_file(source, repository):
    head = repository.fetch()
    assert repository.tree_id(head, "") == repository.tree_id(head, ".") == source.git("rev-parse", "HEAD^{tree}")
    assert repository.tree_id(head, "apps/shop/") == source.git("rev-parse", "HEAD:apps/shop")
    assert repository.tree_id(head, "apps/shop/web.yaml") == source.git("rev-parse", "HEAD:apps/shop/web.yaml")
    assert repository.tree_id(head, "apps/none") is None
    with pytest.raises(RevisionNotFoundError):
        repository.tree_id("0" * 40, "apps")


def test_first_parent_leaves_out_what_came_by_a_merge(source, repository):
    root = source.sha()
    source.branch("topic")
    inner = source.commit("Inner", {"apps/shop/topic.yaml": "a: 1\n"})
    source.switch()
    other = source.commit("Other", {"docs/x.md": "x"})
    merge = source.merge("topic")
    repository.fetch()
    line = [commit.sha for commit in repository.first_parent(None, merge)]
    assert line == [merge, other, root]
    assert [commit.sha for commit in repository.first_parent(root, merge)] == [merge, other]
    assert [commit.sha for commit in repository.first_parent(root, merge, path="apps/shop")] == [merge]
    assert [commit.sha for commit in repository.first_parent(root, merge, path="docs/*")] == []
    assert [commit.sha for commit in repository.first_parent(None, merge, limit=1)] == [merge]
    assert repository.is_ancestor(inner, merge)
    assert not repository.is_ancestor(inner, other)


@pytest.mark.parametrize(
    ("history", "until", "expected"),
    [
        ("b:a c:b", "c", "a-b b-c"),
        ("x:a b:a,x y:x c:b,y", "c", "a-b b-c"),
        # The branch was merged into another one, and then set to the result, which was merged into the branch.
        ("b:r x:r m:x,a c:m", "c", "a-m m-c"),
        ("x:r b:a c:b m:x,c n:x,m d:n y:d o:d,y", "o", "a-b b-c c-m m-n n-d d-o"),
        ("x:r m:x,a y:r n:y,m z:n o:m,z", "o", "a-m m-o"),
        ("x:r y:r m:x,y,a c:m,x", "c", "a-m m-c"),
        ("b:a x:a m:b,x n:x,b o:n,m", "o", "a-x x-n n-o"),  # either parent may have been the branch's
        ("x:r b:x c:b", "c", "r-x x-b b-c"),  # the branch was rewritten
        ("m:s,r b:m", "b", "-s s-m m-b"),
        ("", "a", ""),
    ],
)
def test_the_mainline_leads_from_what_was_recorded(source, repository, history, until, expected):
    """COMMIT:PARENTS after a root, `r`, `a:r`, and another root, `s`: what the branch had before each, oldest first."""
    tree = source.sha("HEAD^{tree}")
    shas = {}
    for name, _, parents in (text.partition(":") for text in ["r:", "s:", "a:r", *history.split()]):
        options = [option for parent in filter(None, parents.split(",")) for option in ("-p", shas[parent])]
        shas[name] = source.git("commit-tree", tree, *options, "-m", name)
    for name in ("a", until):
        source.git("branch", "-f", f"at-{name}", shas[name])
    names = {sha: name for name, sha in shas.items()}
    repository.fetch()

    def mainline(limit):
        steps = repository.mainline(shas["a"], shas[until], limit=limit)[::-1]
        return [f"{names[before] if before else ''}-{commit.subject}" for before, commit in steps]

    assert mainline(100) == expected.split()
    assert [mainline(limit) for limit in (1, 2)] == [expected.split()[-limit:] for limit in (1, 2)]


def test_the_mainline_of_too_many_commits_follows_the_first_parents(source, repository, monkeypatch):
    since, tree = source.sha(), source.sha("main^{tree}")
    old = source.git("commit-tree", tree, "-m", "Old")
    merge = source.git("commit-tree", tree, "-p", old, "-p", since, "-m", "Merge")
    source.git("reset", "-q", "--hard", merge)
    head = repository.fetch()
    assert [before for before, _ in repository.mainline(since, head, limit=9)] == [since]
    monkeypatch.setattr("bot.adapters.git.repository.ancestry_path", Mock(side_effect=LimitExceededError("Too large.")))
    assert [before for before, _ in repository.mainline(since, head, limit=9)] == [old, None]


def test_changed_paths_between_two_commits_and_of_the_first(source, repository):
    root = source.sha()
    moved = source.commit("Move", {"apps/shop/web.yaml": None, "apps/shop/app ü.yaml": "replicas: 1\n"})
    repository.fetch()
    assert repository.changed_paths(root, moved) == ["apps/shop/app ü.yaml", "apps/shop/web.yaml"]
    assert repository.changed_paths(None, root) == ["apps/shop/web.yaml"]


# ------------------------------------------------------------ names


def test_an_abbreviated_sha_is_the_commit_even_when_a_branch_has_its_name(source, repository):
    first = source.sha()
    source.commit("Second", {"a": "2"})
    source.git("branch", first[:7])
    source.git("branch", "-f", first[:7], "main")
    repository.fetch()
    assert repository.resolve(first[:7]).sha == first
    assert repository.resolve(first).sha == first


def test_a_commit_pushed_since_the_last_fetch_is_found(source, repository):
    repository.fetch()
    new = source.commit("New", {"a": "1"})
    assert repository.resolve(new[:10]).sha == new


def test_a_name_nobody_knows_is_not_found(repository):
    with pytest.raises(RevisionNotFoundError, match="no commit 0123456789 in platform") as caught:
        repository.resolve("0123456789")
    assert caught.value.candidates == ()


def test_a_prefix_of_several_commits_lists_them(source, repository):
    one, two = _twins(source)
    source.git("branch", "one", one)
    source.git("branch", "two", two)
    repository.fetch()
    with pytest.raises(RevisionNotFoundError, match="matches 2 commits") as caught:
        repository.resolve(one[:7])
    assert {commit.sha for commit in caught.value.candidates} == {one, two}


def _twins(source) -> tuple[str, str]:
    """Two commits whose shas begin with the same seven digits."""
    tree = source.git("rev-parse", "HEAD^{tree}")
    by_prefix: dict[str, bytes] = {}
    for number in range(1_000_000):
        who = f"Ana <ana@example.com> {1_700_000_000 + number} +0000"
        content = f"tree {tree}\nauthor {who}\ncommitter {who}\n\nTwin\n".encode()
        short = hashlib.sha1(b"commit %d\0" % len(content) + content, usedforsecurity=False).hexdigest()[:7]
        if short in by_prefix:
            return tuple(
                source.git("hash-object", "-t", "commit", "-w", "--stdin", stdin=twin.decode())
                for twin in (by_prefix[short], content)
            )
        by_prefix[short] = content
    raise AssertionError("no two commits met")


def test_a_tag_a_tree_and_a_blob_are_no_commits(source, repository):
    source.git("tag", "-a", "v1", "-m", "Release")
    names = {"tag": "v1", "tree": "HEAD^{tree}", "blob": "HEAD:apps/shop/web.yaml"}
    repository.fetch()
    for kind, name in names.items():
        sha = source.git("rev-parse", name)
        with pytest.raises(RevisionNotFoundError, match=f"is a {kind} in platform, not a commit"):
            repository.resolve(sha)
        with pytest.raises(RevisionNotFoundError, match="not a commit"):
            repository.commit(sha)


@pytest.mark.parametrize("name", ["--output=x", "HEAD~1", "main", "abc", "1" * 65, "\u0663" * 7, "abcdef1\n--all", ""])
def test_whatever_is_no_sha_reaches_no_command_line(tmp_path, name):
    repository = GitRepository("platform", str(tmp_path / "none"), "main", tmp_path / "mirrors")
    with pytest.raises(RevisionNotFoundError):
        repository.resolve(name)
    asks = (
        repository.commit,
        lambda sha: repository.is_ancestor(sha, "0" * 40),
        lambda sha: repository.first_parent(None, sha),
        lambda sha: repository.files(sha, ""),
        lambda sha: repository.changed_paths(None, sha),
        lambda sha: repository.merge_trees(sha, sha, sha),
        lambda sha: repository.push_commit(branch="gitops-bot/x", tree=sha, parent=sha, message=""),
    )
    for ask in asks:
        with pytest.raises(RevisionNotFoundError):
            ask(name)
    assert not (tmp_path / "mirrors").exists(), "git was started"


# ------------------------------------------------------------ merging and pushing


def _objects(repository: GitRepository) -> set[Path]:
    return {path for path in repository._mirror.path.rglob("*") if path.is_file()}


def test_a_merge_gives_the_tree_and_leaves_the_mirror_untouched(source, repository):
    base = source.commit("Two", {"apps/shop/web.yaml": "replicas: 2\n"})
    ours = source.commit("Other", {"apps/shop/api.yaml": "replicas: 5\n"})
    repository.fetch()
    before = _objects(repository)
    merged = repository.merge_trees(base, ours, source.git("rev-parse", f"{base}^"))
    assert merged.conflicts == ()
    source.git("revert", "--no-edit", base)
    assert merged.tree == source.git("rev-parse", "HEAD^{tree}")
    assert repository.changed_paths(ours, merged.tree) == ["apps/shop/web.yaml"]
    assert repository.files(merged.tree, "apps/shop/web.yaml")[0].content == b"replicas: 1\n"
    assert _objects(repository) == before


def test_an_edited_tree_holds_what_was_written_and_all_else(source, repository):
    """As a commit made by hand would, modes and odd names included, and nothing is left in the mirror."""
    first = source.commit(
        "One", {"run.sh": "echo\n", "a b/ü.yaml": "a: 1\n", "gone.yaml": "a: 1\n", "kept.yaml": "k\n"}
    )
    source.git("update-index", "--chmod=+x", "run.sh")
    source.git("commit", "-q", "-m", "Mode")
    head = source.sha()
    repository.fetch()
    before = _objects(repository)
    tree = repository.edited_tree(
        head, {"run.sh": b"true\n", "a b/ü.yaml": b"a: 2\n", "gone.yaml": None, "new/file.yaml": b"n: 1\n"}
    )
    assert _objects(repository) == before
    assert sorted(repository.changed_paths(head, tree)) == ["a b/ü.yaml", "gone.yaml", "new/file.yaml", "run.sh"]
    sha = repository.push_commit(branch="gitops-bot/edit", tree=tree, parent=head, message="Edit")
    assert source.git("ls-tree", "-r", "--format=%(objectmode)", sha, "run.sh", "new/file.yaml").split() == [
        "100644",
        "100755",
    ]
    assert repository.edited_tree(first, {}) == repository.tree_id(first, "")
    with pytest.raises(RepositoryError, match="is outside the repository"):
        repository.edited_tree(head, {"../outside": b""})


def test_a_remembered_merge_does_not_keep_the_paths_of_its_conflicts(source, repository, monkeypatch):
    monkeypatch.setattr(bounds, "SLOW_MERGE_SECONDS", -1.0)
    name = "/".join(["d" * 200] * 10)
    base = source.commit("Base", {name: "1\n"})
    ours = source.commit("Ours", {name: "2\n"})
    source.git("checkout", "-q", "-b", "theirs", base)
    theirs = source.commit("Theirs", {name: "3\n"})
    repository.fetch()
    assert repository.fetch_commit(ours)
    merged = repository.merge(ours, theirs)
    assert merged.conflicts == (".",)
    assert repository.merge(ours, theirs) is merged


def test_conflicts_are_named_with_their_kind(source, repository):
    source.commit("Binary", {"logo.png": b"\x00one", "gone.yaml": "a: 1\n"})
    base = source.commit("Two", {"apps/shop/web.yaml": "replicas: 2\n", "logo.png": b"\x00two", "gone.yaml": "a: 2\n"})
    ours = source.commit("Three", {"apps/shop/web.yaml": "replicas: 3\n", "logo.png": b"\x00three", "gone.yaml": None})
    repository.fetch()
    merged = repository.merge_trees(base, ours, source.git("rev-parse", f"{base}^"))
    kinds = dict(zip(merged.conflicts, merged.kinds, strict=True))
    assert kinds.keys() == {"apps/shop/web.yaml", "logo.png", "gone.yaml"}
    assert kinds["apps/shop/web.yaml"] == "content"
    assert kinds["gone.yaml"] == "modify/delete"


def test_a_conflicted_tree_that_equals_ours_is_still_a_conflict(source, repository):
    """A binary file keeps our side on conflict, so the tree alone would read as "nothing to do"."""
    source.commit("Binary", {"logo.png": b"\x00one"})
    base = source.commit("Two", {"logo.png": b"\x00two"})
    ours = source.commit("Three", {"logo.png": b"\x00three"})
    repository.fetch()
    merged = repository.merge_trees(base, ours, source.git("rev-parse", f"{base}^"))
    assert merged.tree == repository.tree_id(ours, "")
    assert merged.conflicts == ("logo.png",)


@pytest.mark.parametrize(
    ("path", "content", "is_conflict"),
    [
        ("README.md", "", True),
        (".gitattributes", "*.log merge=union\n", False),
        ("apps/.gitattributes", "*.log merge=union\n", False),
        ("apps/deep/.gitattributes", "x.log merge=union\n", False),
        ("other/.gitattributes", "*.log merge=union\n", True),
        ("link", "*.log merge=union", True),  # git does not follow a symbolic link, nor read its text
    ],
)
def test_a_merge_follows_the_attributes_of_every_folder(source, repository, path, content, is_conflict):
    source.commit("Seed", {"apps/deep/x.log": "a\nz\n"})
    if path == "link":
        (source.path / ".gitattributes").symlink_to(content)
        source.commit("Link", {})
    else:
        source.commit("Rule", {path: content})
    base = source.commit("Two", {"apps/deep/x.log": "a\nb\nz\n"})
    ours = source.commit("Three", {"apps/deep/x.log": "a\nc\nz\n"})
    repository.fetch()
    merged = repository.merge_trees(base, ours, source.git("rev-parse", f"{base}^"))
    assert bool(merged.conflicts) == is_conflict


@pytest.mark.parametrize("rule", ["binary", "-merge", "merge=binary"])
def test_files_that_must_not_be_merged_line_by_line_are_conflicts(source, repository, rule):
    """Encrypted files, above all."""
    lines = "".join(f"{number}\n" for number in range(20))
    source.commit("Seed", {"apps/.gitattributes": f"*.enc {rule}\n", "apps/secret.enc": lines})
    base = source.commit("First line", {"apps/secret.enc": "x\n" + lines})
    ours = source.commit("Last line", {"apps/secret.enc": "x\n" + lines + "y\n"})
    repository.fetch()
    assert repository.merge_trees(base, ours, source.git("rev-parse", f"{base}^")).conflicts == ("apps/secret.enc",)


def test_paths_of_any_length_and_with_any_characters_are_looked_up(source, repository):
    """More of them than fit in a pipe, so that git and the bot must take turns."""
    source.commit("Odd", {"new\nline": "1", "x missing\n": "2"})
    head = repository.fetch()
    names = {
        "new\nline": "HEAD:new\nline",
        "x missing\n": "HEAD:x missing\n",
        "x": None,
        "a" * 70_000: None,
        "new": None,
    }
    shas = [source.sha(name) if name else None for name in names.values()]
    assert repository.tree_ids(head, list(names) * 20) == shas * 20


def test_a_reader_that_was_killed_is_replaced(source, repository):
    head = repository.fetch()
    for _ in range(2):
        os.kill(repository._mirror._reader._process.pid, signal.SIGKILL)
        assert repository.tree_id(head, "") == source.sha("HEAD^{tree}")
        assert repository.tip("main") == head
        assert repository.tip("main^") is None


def test_a_pushed_commit_is_the_bots_on_a_branch_of_its_own(source, repository):
    head = repository.fetch()
    tree = repository.tree_id(head, "")
    message = 'Revert "x"\n\n-m $(id) `id` "quoted"\n'
    sha = repository.push_commit(branch="gitops-bot/revert-1", tree=tree, parent=head, message=message)
    assert source.git("rev-parse", "gitops-bot/revert-1") == sha
    assert source.git("rev-parse", f"{sha}^", f"{sha}^{{tree}}").split() == [head, tree]
    assert source.git("log", "-1", "--format=%an %cn|%B", sha) == f"gitops-bot gitops-bot|{message}".strip()
    assert source.sha("main") == head
    assert repository.fetch() == head
    assert repository.tip("gitops-bot/revert-1") == sha
    assert repository.commit(sha).message == message.strip()


def test_a_branch_that_exists_there_is_not_overwritten(source, repository):
    head = repository.fetch()
    tree = repository.tree_id(head, "")
    source.git("branch", "gitops-bot/taken")
    with pytest.raises(PushRejectedError, match="The branch gitops-bot/taken already exists"):
        repository.push_commit(branch="gitops-bot/taken", tree=tree, parent=head, message="x")
    assert source.git("rev-parse", "gitops-bot/taken") == head


def test_nothing_is_pushed_once_the_tracked_branch_has_moved(source, repository):
    """Hooks of the remote, which protect its branches, never hear of the tracked branch."""
    head = repository.fetch()
    tree = repository.tree_id(head, "")
    source.add_hook("update", 'echo "$1" >> pushed\ntest "$1" != refs/heads/main')
    repository.push_commit(branch="gitops-bot/one", tree=tree, parent=head, message="x")
    moved = source.commit("Later", {"x.md": "x"})
    with pytest.raises(PushRejectedError):
        repository.push_commit(branch="gitops-bot/two", tree=tree, parent=head, message="x")
    assert repository.fetch_if_moved() == moved
    repository.push_commit(branch="gitops-bot/three", tree=tree, parent=head, message="x", head=moved)
    pushed = (source.path / ".git/pushed").read_text().split()
    assert pushed == ["refs/heads/gitops-bot/one", "refs/heads/gitops-bot/three"]
    assert source.sha("main") == moved == repository.fetch_if_moved()


@pytest.mark.parametrize(
    "branch",
    [
        "main",
        "refs/heads/main",
        "gitops-bot/",
        "gitops-bot/../main",
        "gitops-bot/a..b",
        "gitops-bot/x:main",
        "-x",
        "gitops-bot/x\n",
    ],
)
def test_no_other_branch_can_be_pushed(source, repository, branch):
    head = repository.fetch()
    with pytest.raises(ValueError, match="not one of the bot's branches"):
        repository.push_commit(branch=branch, tree=repository.tree_id(head, ""), parent=head, message="x")
    assert source.git("for-each-ref", "--format=%(refname)") == "refs/heads/main"


@pytest.mark.parametrize(
    ("output", "error"),
    [
        (
            "refusing to allow a GitHub App to create a workflow without `workflows` permission",
            "lacks the workflows permission",
        ),
        ("GH013: Repository rule violations found", "a rule protects its branches"),
        ("we are closed today", "we are closed today|hook declined"),
    ],
)
def test_a_push_that_the_remote_refuses_says_why(source, repository, output, error):
    source.add_hook("pre-receive", f"cat <<'END'\n{output}\nEND\nexit 1")
    head = repository.fetch()
    with pytest.raises(PushRejectedError, match=error):
        repository.push_commit(branch="gitops-bot/x", tree=repository.tree_id(head, ""), parent=head, message="x")


# ------------------------------------------------------------ trouble


def test_what_is_wrong_with_the_remote_is_said_in_one_sentence(tmp_path, source, repository):
    mirrors = tmp_path / "mirrors"
    repository.fetch()
    (tmp_path / "empty").mkdir()
    remotes = {
        str(tmp_path / "nowhere"): "There is no git repository at",
        str(tmp_path / "empty"): "There is no git repository at",
        "http://127.0.0.1:1/x.git": "cannot be reached",
    }
    for number, (url, answer) in enumerate(remotes.items()):
        with pytest.raises(RepositoryError, match=answer):
            GitRepository(f"r{number}", url, "main", mirrors).fetch()
    with pytest.raises(RepositoryError, match=r"has no branch trunk\. Existing branches: main"):
        GitRepository("other", source.url, "trunk", mirrors).fetch()


def test_a_shallow_remote_is_named_as_such(tmp_path, source, repository):
    source.commit("Second", {"a": "2"})
    shallow = tmp_path / "shallow"
    subprocess.run(["git", "clone", "-q", "--depth=1", source.path.as_uri(), shallow], check=True, capture_output=True)
    with pytest.raises(RepositoryError, match="is a shallow clone"):
        GitRepository("shallow", str(shallow), "main", tmp_path / "mirrors").fetch()


@pytest.mark.parametrize("url", ["", "-oProxyCommand=id", "ext::sh -c id", "ftp://host/x", "https://", "https://h/x\n"])
def test_a_url_that_git_may_not_be_given_is_refused(tmp_path, url):
    with pytest.raises(RepositoryError, match="A repository URL must be"):
        GitRepository("bad", url, "main", tmp_path)


def test_a_remote_that_never_answers_is_given_up(tmp_path, monkeypatch):
    monkeypatch.setattr(bounds, "NETWORK_SECONDS", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/x.git"
        with pytest.raises(RepositoryError, match="took too long to respond"):
            GitRepository("slow", url, "main", tmp_path).fetch()


@pytest.mark.parametrize("damage", ["emptied", "locked", "no config"])
def test_a_damaged_mirror_is_recreated(source, repository, damage):
    repository.fetch()
    mirror = repository._mirror.path
    match damage:
        case "emptied":
            shutil.rmtree(mirror)
            mirror.mkdir()
        case "locked":
            source.commit("Second", {"a": "2"})
            (mirror / "refs/heads").mkdir(exist_ok=True)
            (mirror / "refs/heads/main.lock").touch()
        case _:
            (mirror / "HEAD").unlink()
    assert repository.fetch() == source.sha("main")
    assert repository.files(repository.head(), "apps/shop")


def test_a_folder_that_cannot_be_written_is_named(tmp_path, source):
    (tmp_path / "file").touch()
    with pytest.raises(RepositoryError, match="cannot be written"):
        GitRepository("platform", source.url, "main", tmp_path / "file" / "mirrors").fetch()


def test_variables_of_a_surrounding_git_lead_nobody_astray(tmp_path, make_source, repository, monkeypatch):
    other = make_source("other")
    for name, value in (("GIT_DIR", other.path / ".git"), ("GIT_INDEX_FILE", "x"), ("GIT_OBJECT_DIRECTORY", tmp_path)):
        monkeypatch.setenv(name, str(value))
    monkeypatch.setenv("GIT_CONFIG_PARAMETERS", "no format git knows")
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "core.hooksPath")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", str(tmp_path))
    head = repository.fetch()
    assert [file.path for file in repository.files(head, "")] == ["apps/shop/web.yaml"]


def test_threads_get_their_own_answers(source, repository):
    shas = [source.commit(f"Commit {number}", {"n": str(number)}) for number in range(12)]
    repository.fetch()
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda sha: (repository.commit(sha).subject, repository.files(sha, "n")), shas * 3))
        heads = set(pool.map(lambda _: repository.fetch(), range(8)))
    assert answers == [(f"Commit {n % 12}", [File("n", str(n % 12).encode())]) for n in range(36)]
    assert heads == {shas[-1]}


# ------------------------------------------------------------ credentials


@pytest.fixture
def forge(tmp_path):
    """A forge whose git wants the token; it records what anybody sees of the machine's processes."""
    forge = RunningForge("github", tmp_path)
    forge.commit_bot_branch()
    forge.command_lines = []

    @web.middleware
    async def watch_processes(request, handler):
        forge.command_lines += await asyncio.to_thread(lambda: list(command_lines()))
        return await handler(request)

    forge.sandbox.app.middlewares.append(watch_processes)
    with forge.serve():
        yield forge


@pytest.mark.parametrize("given", ["variable", "url"])
def test_a_credential_is_sent_and_seen_nowhere_else(tmp_path, forge, given, caplog):
    caplog.set_level(logging.DEBUG)
    token, url = forge.sandbox.token, forge.settings()["url"]
    pair = f"x-access-token:{token}"
    encoded = base64.b64encode(pair.encode()).decode()
    if given == "variable":
        credential = Credential(token, "x-access-token")
        repository = GitRepository("p", url, "main", tmp_path / "m", credential=lambda: credential)
    else:
        repository = GitRepository("p", url.replace("://", f"://{pair}@"), "main", tmp_path / "m")
    head = repository.fetch()
    tree = repository.tree_id(head, "")
    sha = repository.push_commit(branch="gitops-bot/x", tree=tree, parent=head, message="x")
    with pytest.raises(PushRejectedError) as rejected:
        repository.push_commit(branch="gitops-bot/x", tree=tree, parent=head, message="y")
    assert forge.git.tip("gitops-bot/x") == sha
    assert any(b"remote-http" in line for line in forge.command_lines), "git was not caught running"
    texts = [
        b"\0".join(forge.command_lines).decode(errors="replace"),
        caplog.text,
        repr(rejected.value),
        repository.url,
    ]
    texts += [path.read_text(errors="replace") for path in repository._mirror.path.rglob("*") if path.is_file()]
    assert not [text for text in texts if token in text or encoded in text]


@pytest.mark.parametrize("credential", [Credential(TOKEN, "x-access-token"), None])
def test_a_refused_credential_names_its_variable_and_not_its_value(tmp_path, credential):
    async def unauthorized(_request):
        return web.Response(status=401, headers={"WWW-Authenticate": "Basic"})

    app = web.Application()
    app.router.add_get("/{path:.*}", unauthorized)
    options = {"credential": lambda: credential, "credential_variable": "GITLAB_TOKEN"}
    with Server(app) as server:
        repository = GitRepository("p", f"{server.url}/x.git", "main", tmp_path / "m", **options)
        with pytest.raises(RepositoryError, match=r"\(GITLAB_TOKEN\)") as raised:
            repository.fetch()
    assert TOKEN not in str(raised.value)


def test_a_password_in_a_url_is_never_repeated(tmp_path):
    repository = GitRepository("p", f"https://bot:{TOKEN}@127.0.0.1:1/x.git", "main", tmp_path)
    with pytest.raises(RepositoryError, match=r"https://127\.0\.0\.1:1/x\.git cannot be reached") as caught:
        repository.fetch()
    assert TOKEN not in str(caught.value)
    assert TOKEN not in repository.url
    with pytest.raises(RepositoryError) as refused:
        GitRepository("p", f"ssh://bot:{TOKEN}@host/x.git", "main", tmp_path)
    assert TOKEN not in str(refused.value)

"""Every row of what `/gitops revert` is asked and answers, on real repositories; the forge is one in memory."""

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bot import build
from bot.adapters.git import mirror
from bot.adapters.git.process import run_git
from bot.adapters.git.repository import GitRepository
from bot.core.access.audit import Origin
from bot.core.access.permission import Denied, Granted, Rule
from bot.core.access.requester import Requester
from bot.core.git.commit import PullRequest
from bot.core.git.repository_ref import RepositoryRef
from bot.core.git.target_revision import TargetRevision
from bot.core.pull_requests.change_ref import PullNumber, Sha
from bot.core.pull_requests.revert import (
    AcrossMerges,
    AlreadyOpen,
    AlreadyReverted,
    Ambiguous,
    Confirm,
    Conflict,
    EmptyCommit,
    InsidePull,
    NotFound,
    NothingToUndo,
    NotOnBranch,
    NotPermitted,
    Opened,
    PullNotMerged,
    Refused,
    RootCommit,
    Unfinished,
    reverted_in,
)
from bot.handlers.pull_requests.track import poll, track
from bot.handlers.rollouts.reverted import reverted
from bot.i18n.language import ENGLISH
from bot.ports import Ports
from bot.ports.forge import ForgeError
from tests.common.forge import FORGE_KINDS, WEB_URL, RunningForge
from tests.common.samples import application
from tests.common.slack import JONAS
from tests.common.wait import DEADLINE
from tests.comparison.history import NOT_UTF8, ODD_NAMES

WEB, API = "apps/shop/web.yaml", "apps/api/api.yaml"


@pytest.fixture
def reverts(reverts):
    reverts.source.commit("First", {WEB: "replicas: 1\n", API: "replicas: 1\n"})
    return reverts


# ------------------------------------------------------------ what is opened


def test_a_change_that_does_not_affect_the_named_application_is_refused(reverts):
    sha = reverts.source.commit("Raise it", {WEB: "replicas: 2\n"})
    refused = reverts.request(sha, application="api")
    assert isinstance(refused, Refused)
    assert "does not affect api; it affects shop" in refused.reason
    assert reverts.branches == []
    assert isinstance(reverts.request(sha, application="shop"), Opened)


def test_a_plain_commit(reverts):
    bad = reverts.source.commit("Scale \u202eweb\u200b", {WEB: "replicas: 9\n"})  # nothing invisible is passed on
    head = reverts.source.commit("Other", {API: "replicas: 2\n"})
    opened = reverts.request(bad[:8])
    assert isinstance(opened, Opened)
    assert (opened.files, opened.applications, opened.already_undone) == ((WEB,), ("shop",), ())
    assert opened.pull.title == 'Revert "Scale web"'
    assert (opened.pull.base, opened.pull.head) == ("main", f"gitops-bot/revert-{bad}")
    branch = opened.pull.head
    assert reverts.source.sha(f"{branch}^") == head == reverts.source.sha("main")
    assert reverts.source.show(branch, WEB) == "replicas: 1"
    assert reverts.source.show(branch, API) == "replicas: 2"
    message = reverts.source.git("log", "-1", "--format=%B", branch)
    assert message == f'Revert "Scale web"\n\nThis reverts commit {bad}.\n\nRequested in Slack by Ana.'
    assert "`shop` on `prod` (namespace `shop`)" in reverts.body(opened)


def test_a_reason_does_not_skip_ci(reverts):
    bad = reverts.source.commit("Scale web", {WEB: "replicas: 9\n"})
    opened = reverts.request(bad, why="Too many [skip ci]")
    for text in (reverts.source.git("log", "-1", "--format=%B", opened.pull.head), reverts.body(opened)):
        assert "Too many (skip ci)" in text


@pytest.mark.parametrize(
    ("base", "method"),
    [("main", "squash"), ("main", "merge"), ("main", "rebase"), ("staging", "squash"), ("staging", "rebase")],
)
@pytest.mark.parametrize("by", ["sha", "number", "url"])
def test_a_pull_request_is_reverted_however_it_was_merged_and_is_named(reverts, method, by, base):
    """Also into a branch that was promoted by fast-forward."""
    reverts.source.git("branch", "staging")
    reverts.source.branch("topic")
    reverts.source.commit("Scale web", {WEB: "replicas: 9\n"})
    reverts.source.switch(base)
    reverts.source.commit("Between", {"docs/x.md": "x"})
    pull = reverts.forge.merge("topic", title="Scale web a lot", method=method, base=base)
    reverts.source.switch()
    reverts.source.git("merge", "-q", "--ff-only", base)
    reverts.source.commit("Other", {API: "replicas: 2\n"})
    opened = reverts.request({"sha": pull.merge_sha, "number": f"#{pull.number}", "url": pull.url + "/files"}[by])
    assert isinstance(opened, Opened)
    assert opened.target.pull == pull
    assert opened.target.merge == (method == "merge")
    assert opened.pull.title == 'Revert "Scale web a lot"'
    assert opened.pull.head == f"gitops-bot/revert-{pull.merge_sha}"
    assert reverts.source.show(opened.pull.head, WEB) == "replicas: 1"
    message = reverts.source.git("log", "-1", "--format=%B", opened.pull.head)
    assert f"This reverts commit {pull.merge_sha}" in message
    assert f"Reverts acme/platform#{pull.number}" in message
    assert reverts.body(opened).startswith(f"Reverts acme/platform#{pull.number}\n")


@pytest.mark.parametrize(
    ("linked", "is_merge_known", "base"),
    [
        ("all", True, "main"),
        ("last", True, "main"),  # by Bitbucket Data Center
        ("last", False, "main"),  # by GitLab, for a fast-forward merge train
        ("all", True, "master"),  # the former name of the branch
    ],
)
def test_every_commit_of_a_rebased_pull_request_is_reverted(reverts, linked, is_merge_known, base):
    reverts.source.branch("topic")
    shas = [reverts.source.commit(f"Add {name}", {f"apps/shop/{name}.yaml": "x: 1\n"}) for name in "abc"]
    reverts.source.switch()
    earlier = reverts.source.commit("Other", {API: "replicas: 2\n"})
    pull = reverts.forge.merge("topic", title="Add them", method="rebase")
    if linked == "last":
        reverts.forge.numbers = {pull.merge_sha: pull.number}
    pull = replace(pull, base=base, merge_sha=pull.merge_sha if is_merge_known else shas[-1])
    reverts.forge.pull_requests[pull.number] = pull
    inside = reverts.request(reverts.source.sha())
    assert (type(inside), inside.whole) == (InsidePull, PullNumber(pull.number))
    opened = reverts.request(f"#{pull.number}")
    assert isinstance(opened, Opened)
    assert [commit.subject for commit in opened.target.commits] == ["Add c", "Add b", "Add a"]
    assert reverts.source.git("diff", "--stat", earlier, opened.pull.head) == ""


@pytest.mark.parametrize("method", ["rebase", "squash"])
@pytest.mark.parametrize("linked", ["all", "last"])
@pytest.mark.parametrize("base", ["main", "staging"])
def test_a_stacked_pull_request_is_reverted_without_the_one_before_it(reverts, method, linked, base):
    reverts.source.branch("one")
    for name in "ab":
        reverts.source.commit(f"Add {name}", {f"apps/shop/{name}.yaml": "x: 1\n"})
    reverts.source.git("switch", "-qc", "two")
    top = reverts.source.commit("Add c", {"apps/shop/c.yaml": "x: 1\n"})
    reverts.source.switch()
    reverts.source.commit("Other", {API: "replicas: 2\n"})
    reverts.source.git("branch", "staging")
    one = reverts.forge.merge("one", title="One", method="rebase", base=base)
    before = reverts.source.sha()
    if method == "rebase":  # the forge drops the commits that are already there
        reverts.source.git("switch", "-q", "-C", "two", base)
        reverts.source.git("cherry-pick", top)
    two = reverts.forge.merge("two", title="Two", method=method, base=base)
    reverts.source.switch()
    reverts.source.git("merge", "-q", "--ff-only", base)
    two = reverts.forge.pull_requests[two.number] = replace(two, head_sha=top)
    if linked == "last":  # by Bitbucket Data Center
        reverts.forge.numbers = {pull.merge_sha: pull.number for pull in (one, two)}
    for change in (f"#{two.number}", two.merge_sha):
        opened = reverts.request(change)
        assert isinstance(opened, Opened | AlreadyOpen)
        assert reverts.source.git("diff", "--stat", before, f"gitops-bot/revert-{two.merge_sha}") == ""


@pytest.mark.parametrize("head", ["main", "release"])
@pytest.mark.parametrize("method", ["fast-forward", "merge", "merge into a deleted branch"])
def test_a_promotion_is_not_reverted_on_a_branch_that_had_its_commits_before(reverts, head, method):
    before = reverts.source.sha()
    reverts.source.git("branch", "production")
    shas = [reverts.source.commit(f"Add {name}", {f"apps/shop/{name}.yaml": "x: 1\n"}) for name in "abc"]
    promotion = PullRequest(9, "Promote", f"{WEB_URL}/pull/9", "ana", "merged", "production", head, shas[-1])
    if method != "fast-forward":
        reverts.source.switch("production")
        reverts.source.git("merge", "-q", "--no-ff", "--no-edit", "main")
        reverts.source.switch()
        reverts.source.git("merge", "-q", "--ff-only", "production")
    else:
        reverts.source.git("branch", "-f", "production", "main")
    if method == "merge into a deleted branch":
        reverts.source.git("branch", "-D", "production")
    merge = reverts.source.sha()
    reverts.forge.pull_requests[9] = replace(promotion, merge_sha=merge)
    reverts.forge.numbers = dict.fromkeys([*shas, merge], 9)
    refused = reverts.request("#9", application="shop")
    assert isinstance(refused, Refused)
    if method != "fast-forward":
        assert refused.reason == (
            f"#9 was merged into production as {merge[:8]}, a merge commit that main contains. To revert everything "
            "that this merge brought to production, including any commits that main had before, run "
            f"/gitops revert {merge[:8]} shop."
        )
        whole = reverts.request(merge[:8], application="shop")
        assert (type(whole), whole.target.pull) == (Opened, None)
        assert reverts.source.git("diff", "--stat", before, whole.pull.head) == ""
        return
    assert refused.reason == (
        f"#9 was merged into production, but its commit {merge[:8]} is also on main. To revert commits on main, use a "
        f"SHA or a range, such as /gitops revert {merge[:8]} shop."
    )
    opened = reverts.request(shas[1])
    assert isinstance(opened, Opened)
    assert ([commit.sha for commit in opened.target.commits], opened.target.pull) == ([shas[1]], None)


def merge_main_into(reverts, branch):
    """Commit to a branch while main gets an approved pull request, and merge that, too; what main then had."""
    reverts.source.branch(branch)
    reverts.source.commit("Scale web", {WEB: "replicas: 9\n"})
    reverts.source.switch()
    reverts.source.branch("fix")
    reverts.source.commit("Fix api", {API: "replicas: 2\n"})
    reverts.forge.merge("fix", title="Fix api", method="squash")
    before = reverts.source.sha("main")
    reverts.source.switch(branch)
    reverts.source.git("merge", "-q", "--no-ff", "-m", "Merge branch 'main'", "main")
    return before


@pytest.mark.parametrize("kind", FORGE_KINDS)
@pytest.mark.parametrize("by", ["number", "sha", "last"])
@pytest.mark.parametrize("then", ["", "commit"])
def test_a_fast_forward_of_a_branch_that_merged_main_is_reverted_to_what_main_had(tmp_path, reverts, kind, by, then):
    forge = RunningForge(kind, tmp_path / "forge")
    hosted, git = forge.hosted, forge.git
    with forge.serve():
        first = hosted.commit("main", {WEB: "replicas: 1\n", API: "replicas: 1\n"}, "First\n", "mia")
        git.move("topic", first, None)
        mine = hosted.commit("topic", {WEB: "replicas: 9\n"}, "Scale web\n", "mia")
        number = hosted.open_pull(head="topic", base="main", title="Scale web", body="", by="mia").number
        fix = hosted.commit("main", {API: "replicas: 2\n"}, "Fix api\n", "kit")
        mia, at = hosted.person("mia"), forge.clock.tick()
        tip = git.commit_tree(git.merged_tree(mine, fix), [mine, fix], "Merge\n", author=mia, committer=mia, at=at)
        git.move("topic", tip, mine)
        hosted.pushed("topic", mine, tip, "mia")
        if then:
            tip = hosted.commit("topic", {WEB: "replicas: 10\n"}, "Scale web to 10\n", "mia")
        forge.fast_forward(number, "kit")
        reverts.forge = forge.adapter()
        repository = forge.repository()
        outcome = reverts.request({"number": f"#{number}", "sha": tip, "last": "last"}[by], repository)
        if then and by != "number":
            assert (type(outcome), outcome.whole, outcome.only_possible) == (InsidePull, PullNumber(number), True)
            return
        assert isinstance(outcome, Opened)
        assert (outcome.target.base, outcome.files) == (fix, (WEB,))
        assert outcome.pull.title == 'Revert "Scale web"'
        assert git.commit(git.tip(outcome.pull.head)).tree == git.commit(fix).tree
        repository.fetch()
        new = git.tip(outcome.pull.head)
        assert tip in reverted(repository, tip, new, reverted_in(git.commit(new).message))


@pytest.mark.parametrize("kind", FORGE_KINDS)
def test_a_promotion_by_fast_forward_is_reverted_as_a_whole(tmp_path, reverts, kind):
    forge = RunningForge(kind, tmp_path / "forge")
    hosted, git = forge.hosted, forge.git
    with forge.serve():
        first = hosted.commit("main", {WEB: "replicas: 1\n", API: "replicas: 1\n"}, "First\n", "mia")
        git.move("production", first, None)
        for name, path in (("a", WEB), ("b", API)):
            git.move(name, git.tip("main"), None)
            hosted.commit(name, {path: "replicas: 9\n"}, f"Scale {name}\n", "mia")
            hosted.merge(hosted.open_pull(head=name, base="main", title=name, body="", by="mia").number, "kit", "merge")
        number = hosted.open_pull(head="main", base="production", title="Promote", body="", by="mia").number
        tip = hosted.pull(number).head_sha
        forge.push_merge(number, tip, "kit", landed=git.shas(first, tip))
        reverts.forge = forge.adapter()
        production = build.repository(forge.config(branch="production"), "press")
        for text in (tip, "last"):
            assert reverts.request(text, production).whole == PullNumber(number)
        outcome = reverts.request(f"#{number}", production)
        assert (outcome.target.base, outcome.files) == (first, (API, WEB))


@pytest.mark.parametrize("then", ["", "commit"])
def test_a_pull_request_whose_commits_are_not_all_listed_is_not_reverted_in_part(reverts, monkeypatch, then):
    before = merge_main_into(reverts, "topic")
    head = reverts.source.commit("Scale web to 10", {WEB: "replicas: 10\n"}) if then else reverts.source.sha()
    reverts.source.switch()
    reverts.source.git("merge", "-q", "--ff-only", "topic")
    pull = PullRequest(9, "Scale", f"{WEB_URL}/pull/9", "ana", "merged", "main", "topic", head, merge_sha=head)
    reverts.forge.pull_requests[9] = pull
    reverts.forge.numbers |= dict.fromkeys(reverts.source.git("rev-list", f"{before}..{head}").split(), 9)
    monkeypatch.setattr(reverts.forge, "commits", lambda _pull: [])  # there are too many
    refused = reverts.request("#9")
    assert isinstance(refused, Refused)
    assert "The bot can't tell which commits #9 brought to main" in refused.reason


def test_a_push_that_was_removed_and_merged_later_is_part_of_its_pull_request(reverts):
    first = reverts.source.sha()
    reverts.source.branch("topic")
    pushed = reverts.source.commit("Scale web", {WEB: "replicas: 2\n"})
    reverts.source.commit("Scale api", {API: "replicas: 2\n"})
    reverts.source.switch()
    reverts.source.commit("Other", {"docs/x.md": "x"})
    reverts.forge.merge("topic", title="Both", method="merge")
    reverts.recorded_parents[pushed] = first  # when it was pushed
    assert isinstance(reverts.request(pushed), InsidePull)


def test_a_push_of_a_stale_clone_is_reverted_to_what_the_branch_had(reverts):
    """Someone commits, then pulls, which merges a colleague's approved work, and pushes."""
    first = reverts.source.sha()
    before = merge_main_into(reverts, "stale")
    reverts.source.switch()
    reverts.source.git("merge", "-q", "--ff-only", "stale")
    merge = reverts.source.sha()
    assert isinstance(reverts.request(f"{first}..{merge}"), AcrossMerges)
    assert "Start the range at a commit made directly on main" in reverts.request(f"{before}..{merge}").reason
    assert isinstance(reverts.request(before), InsidePull)
    reverts.recorded_parents |= {merge: before, before: first}
    assert reverts.request(before).files == (API,)
    for text in (merge, f"{before}..{merge}"):
        opened = reverts.request(text)
        assert isinstance(opened, Opened | AlreadyOpen)
        assert reverts.source.git("diff", "--stat", before, f"gitops-bot/revert-{merge}") == ""
    message = reverts.source.git("log", "-1", "--format=%B", f"gitops-bot/revert-{merge}")
    assert f"This reverts commit {merge}, reversing\nchanges made to {before}." in message
    assert f"reverted to `{before[:12]}`, which the branch had before" in reverts.forge.bodies[3]
    reverts.repository.fetch()
    tip = reverts.source.sha(f"gitops-bot/revert-{merge}")
    assert reverted(reverts.repository, merge, tip, [merge]) == (merge,)
    wrong = reverts.source.git("commit-tree", "-p", merge, "-m", "Wrong", f"{merge}^1^{{tree}}")
    reverts.source.git("branch", "wrong", wrong)
    reverts.repository.fetch()
    assert reverted(reverts.repository, merge, wrong, [merge], {merge: before}) == ()


def test_a_commit_that_only_looks_like_one_of_a_pull_request_is_not_reverted_with_it(reverts):
    reverts.source.branch("topic")
    shas = [reverts.source.commit(f"Add {name}", {f"apps/shop/{name}.yaml": "x: 1\n"}) for name in "ab"]
    reverts.source.switch()
    reverts.source.git("cherry-pick", "--no-commit", shas[0])
    (reverts.source.path / WEB).write_text("replicas: 9\n")
    reverts.source.git("commit", "-qa", "-C", shas[0])
    reverts.source.git("cherry-pick", shas[1])
    merged = PullRequest(7, "Add them", f"{WEB_URL}/pull/7", "ana", "merged", "main", "topic", shas[1])
    reverts.forge.pull_requests[7] = replace(merged, merge_sha=reverts.source.sha())
    reverts.forge.numbers = {reverts.source.sha(): 7}
    assert [commit.subject for commit in reverts.request("#7").target.commits] == ["Add b"]


def test_a_reverted_merge_says_how_to_reapply_it(reverts):
    reverts.source.branch("topic")
    reverts.source.commit("Scale web", {WEB: "replicas: 9\n"})
    reverts.source.switch()
    base = reverts.source.sha()
    merge = reverts.source.merge("topic")
    opened = reverts.request(merge)
    assert reverts.source.git("log", "-1", "--format=%B", opened.pull.head).startswith(
        f'Revert "Merge topic"\n\nThis reverts commit {merge}, reversing\nchanges made to {base}.'
    )
    assert "revert this revert" in reverts.body(opened)


def test_an_octopus_merge_is_reverted_to_its_first_parent(reverts):
    for name in ("a", "b"):
        reverts.source.branch(name)
        reverts.source.commit(f"Add {name}", {f"apps/shop/{name}.yaml": "x: 1\n"})
        reverts.source.switch()
    merge = reverts.source.merge("a", "b")
    opened = reverts.request(merge)
    assert opened.files == ("apps/shop/a.yaml", "apps/shop/b.yaml")
    body = reverts.body(opened)
    assert all(reverts.source.sha(name)[:12] in body for name in ("a", "b"))
    assert "2 branches" in body


def test_a_rebased_pull_request_is_reverted_by_one_commit(reverts):
    reverts.source.branch("topic")
    for number in (2, 3, 4):
        reverts.source.commit(f"Scale to {number}", {WEB: f"replicas: {number}\n"})
    reverts.source.switch()
    reverts.source.commit("Between", {"docs/x.md": "x"})
    pull = reverts.forge.merge("topic", title="Scale web", method="rebase")
    opened = reverts.request(f"#{pull.number}")
    assert [commit.subject for commit in opened.target.commits] == ["Scale to 4", "Scale to 3", "Scale to 2"]
    assert opened.pull.title == 'Revert "Scale web"'
    assert reverts.source.git("rev-list", "--count", f"main..{opened.pull.head}") == "1"
    assert reverts.source.show(opened.pull.head, WEB) == "replicas: 1"
    assert reverts.source.git("log", "-1", "--format=%B", opened.pull.head).count("This reverts commit") == 3


def test_a_promotion_is_reverted_as_a_whole(reverts, monkeypatch):
    """Its commits also belong to the pull request that brought them to the other branch."""
    reverts.source.branch("develop")
    for number in (2, 3):
        reverts.source.commit(f"Scale to {number}", {WEB: f"replicas: {number}\n"})
    promotion = reverts.forge.merge("develop", title="Promote", method="rebase")
    feature = replace(promotion, number=9, base="develop")
    monkeypatch.setattr(
        reverts.forge, "pull_request_for", lambda _, base=None, **_kw: promotion if base == "main" else feature
    )
    assert len(reverts.request(f"#{promotion.number}").target.commits) == 2


@pytest.mark.parametrize("method", ["merge", "rebase"])
def test_a_commit_of_a_larger_pull_request_asks_which_to_revert(reverts, method):
    reverts.source.branch("topic")
    reverts.source.commit("Scale web", {WEB: "replicas: 9\n"})
    reverts.source.commit("Scale api", {API: "replicas: 9\n"})
    pull = reverts.forge.merge("topic", title="Scale all", method=method)
    inner = reverts.source.sha("topic^" if method == "merge" else "main^")
    outcome = reverts.request(inner)
    assert isinstance(outcome, InsidePull)
    assert (outcome.commit.sha, outcome.whole, outcome.pull) == (inner, PullNumber(pull.number), pull)
    assert outcome.only_possible
    assert (outcome.merge.sha if outcome.merge else None) == (pull.merge_sha if method == "merge" else None)
    assert reverts.branches == []
    only = reverts.request(inner, only=True)
    assert only.files == (WEB,)
    whole = reverts.request(str(outcome.whole))
    assert whole.files == (API, WEB)


@pytest.mark.parametrize(
    ("method", "commits", "only_possible"),
    [("merge", 1, False), ("squash", 2, True), ("rebase", 1, True), ("rebase", 2, False)],
)
def test_a_pull_request_inside_a_promotion_asks_which_to_revert(reverts, method, commits, only_possible):
    reverts.source.git("branch", "staging")
    reverts.source.branch("topic")
    for number in range(5, 5 + commits):
        inner = reverts.source.commit(f"Scale web to {number}", {WEB: f"replicas: {number}\n"})
    reverts.source.switch("staging")
    reverts.source.commit("Between", {"docs/x.md": "x"})
    pull = reverts.forge.merge("topic", title="Scale web", method=method, base="staging")
    reverts.source.commit("Scale api", {API: "replicas: 9\n"})
    promotion = reverts.forge.merge("staging", title="Promote")
    reverts.forge.numbers[inner] = pull.number
    outcome = reverts.request(f"#{pull.number}")
    assert isinstance(outcome, InsidePull)
    assert (outcome.commit.sha, outcome.whole) == (pull.merge_sha, PullNumber(promotion.number))
    assert outcome.only_possible == only_possible
    only = reverts.request(f"#{pull.number}", only=True)
    if only_possible:
        assert only.files == (WEB,)
        assert reverts.request(inner).whole == PullNumber(pull.number)
    else:  # a button that an earlier version of the bot posted
        assert only == outcome


def test_a_commit_inside_a_merge_without_a_pull_request(reverts):
    reverts.source.branch("topic")
    inner = reverts.source.commit("Scale web", {WEB: "replicas: 9\n"})
    reverts.source.switch()
    reverts.source.commit("Between", {"docs/x.md": "x"})
    merge = reverts.source.merge("topic")
    reverts.source.commit("After", {"docs/y.md": "y"})
    reverts.source.branch("later")
    reverts.source.commit("Later", {"docs/z.md": "z"})
    reverts.source.switch()
    reverts.source.merge("later")
    outcome = reverts.request(inner)
    assert isinstance(outcome, InsidePull)
    assert (outcome.merge.sha, outcome.whole, outcome.pull) == (merge, Sha(merge), None)


def test_a_commit_of_an_unrelated_history_that_was_merged(reverts):
    reverts.source.git("switch", "-q", "--orphan", "import")
    reverts.source.commit("Import root", {"lib/a": "1"})
    inner = reverts.source.commit("Import", {"lib/a": "2"})
    reverts.source.switch()
    reverts.source.git("merge", "-q", "--allow-unrelated-histories", "-m", "Import", "import")
    outcome = reverts.request(inner)
    assert isinstance(outcome, InsidePull)
    assert outcome.merge.sha == reverts.source.sha()


def test_a_commit_of_a_squashed_pull_request_reverts_all_of_it(reverts):
    reverts.source.branch("topic")
    inner = reverts.source.commit("Scale web", {WEB: "replicas: 9\n"})
    pull = reverts.forge.merge("topic", title="Scale web", method="squash")
    outcome = reverts.request(inner)
    assert isinstance(outcome, InsidePull)
    assert (outcome.whole, outcome.only_possible) == (PullNumber(pull.number), False)


def test_a_merge_of_main_into_a_branch_is_not_reverted_alone(reverts):
    reverts.source.branch("topic")
    reverts.source.commit("Topic", {WEB: "replicas: 9\n"})
    reverts.source.switch()
    reverts.source.commit("Others' work", {"docs/x.md": "x"})
    reverts.source.git("switch", "-q", "topic")
    update = reverts.source.merge("main")
    reverts.source.switch()
    reverts.source.merge("topic")
    outcome = reverts.request(update, only=True)
    assert isinstance(outcome, InsidePull)
    assert not outcome.only_possible


def test_a_linear_range_is_one_pull_request(reverts):
    since = reverts.source.sha()
    shas = [reverts.source.commit(f"Scale to {n}", {WEB: f"replicas: {n}\n"}) for n in (2, 3, 4)]
    reverts.source.commit("Other", {"docs/x.md": "x"})
    opened = reverts.request(f"{since[:8]}..{shas[-1][:8]}")
    assert isinstance(opened, Opened)
    assert opened.pull.title == 'Revert 3 commits up to "Scale to 4"'
    assert reverts.source.show(opened.pull.head, WEB) == "replicas: 1"
    assert reverts.source.show(opened.pull.head, "docs/x.md") == "x"


def test_a_range_across_merges_asks_for_confirmation(reverts):
    since = reverts.source.sha()
    reverts.source.commit("Scale web", {WEB: "replicas: 2\n"})
    reverts.source.branch("topic")
    reverts.source.commit("Topic", {API: "replicas: 2\n"})
    reverts.source.switch()
    merge = reverts.source.merge("topic")
    until = reverts.source.commit("Scale web more", {WEB: "replicas: 3\n"})
    outcome = reverts.request(f"{since}..{until}")
    assert isinstance(outcome, AcrossMerges)
    assert (outcome.commits, [commit.sha for commit in outcome.merges]) == (3, [merge])
    opened = reverts.request(outcome.text, through_merges=True)
    assert reverts.source.sha(f"{opened.pull.head}^{{tree}}") == reverts.source.sha(f"{since}^{{tree}}")


def test_an_invalid_range_is_refused_with_the_reason(reverts):
    one = reverts.source.sha()
    two = reverts.source.commit("Two", {WEB: "replicas: 2\n"})
    assert "contains no commits" in reverts.request(f"{two}..{two}").reason
    assert f"Did you mean {one}..{two}?" in reverts.request(f"{two}..{one}").reason
    reverts.source.branch("topic")
    topic = reverts.source.commit("Topic", {"docs/x.md": "x"})
    assert isinstance(reverts.request(f"{one}..{topic}"), NotOnBranch)
    reverts.source.switch()
    three = reverts.source.commit("Three", {WEB: "replicas: 3\n"})
    reverts.source.merge("topic")
    assert "different branches" in reverts.request(f"{topic}..{three}").reason
    assert "is part of a merge" in reverts.request(f"{topic}..{reverts.source.sha()}").reason
    assert reverts.branches == []


def test_a_revert_of_a_revert_reapplies_the_change(reverts):
    bad = reverts.source.commit("Scale web", {WEB: "replicas: 9\n"})
    first = reverts.request(bad)
    pull = reverts.forge.merge(first.pull.head, title=first.pull.title, method="merge")
    again = reverts.request(f"#{pull.number}")
    assert isinstance(again, Opened)
    assert again.target.reapplies
    assert again.pull.title == 'Reapply "Scale web"'
    assert reverts.source.show(again.pull.head, WEB) == "replicas: 9"
    assert "the original change comes back" in reverts.body(again)
    plain = reverts.request(reverts.source.sha("main^2"), only=True)
    assert reverts.source.git("log", "-1", "--format=%s", plain.pull.head) == 'Reapply "Scale web"'


def test_a_partly_reverted_change_says_what_is_already_undone(reverts):
    bad = reverts.source.commit("Scale both", {WEB: "replicas: 9\n", API: "replicas: 9\n"})
    reverts.source.commit("Put web back", {WEB: "replicas: 1\n"})
    opened = reverts.request(bad)
    assert (opened.files, opened.already_undone) == ((API,), (WEB,))


def test_a_commit_by_an_image_updater_warns_that_it_may_come_back(reverts):
    who = "argocd-image-updater <noreply@argoproj.io>"
    bad = reverts.source.commit("Update image", {WEB: "image: web:2\n"}, author=who)
    opened = reverts.request(bad)
    assert opened.automation == "Argo CD Image Updater"
    assert "may make it again" in reverts.body(opened)


def test_line_endings_are_restored_byte_for_byte(reverts):
    bad = reverts.source.commit("CRLF", {WEB: b"replicas: 1\r\n"})
    opened = reverts.request(bad)
    assert reverts.source.git("diff", "--stat", f"{bad}^", opened.pull.head) == ""


def test_a_submodule_is_restored_without_fetching_it(reverts):
    source = reverts.source
    one, two = source.sha(), source.commit("Two", {"docs/x.md": "x"})
    source.git("update-index", "--add", "--cacheinfo", f"160000,{one},vendor")
    source.git("commit", "-q", "-m", "Add vendor")
    source.git("update-index", "--add", "--cacheinfo", f"160000,{two},vendor")
    source.git("commit", "-q", "-m", "Move vendor")
    opened = reverts.request(source.sha())
    assert opened.files == ("vendor",)
    assert one in source.git("ls-tree", opened.pull.head, "vendor")


# ------------------------------------------------------------ what is not


def test_without_a_forge_there_are_no_pull_requests(reverts):
    reverts.forge = None
    outcome = reverts.request("#1")
    assert isinstance(outcome, Refused)
    assert "no forge" in outcome.reason
    assert not reverts.mirrors.exists()


def test_a_url_of_another_repository_is_refused(reverts):
    outcome = reverts.request("https://github.com/evil/platform/pull/1")
    assert outcome == Refused(
        "That URL points to github.com/evil/platform, but platform is configured as github.com/acme/platform."
    )


def test_a_page_is_of_the_repository_if_the_forge_says_so(reverts, monkeypatch):
    """As after a renaming, or if pages have another address than the API."""
    reverts.source.branch("topic")
    reverts.source.commit("Scale web", {WEB: "replicas: 9\n"})
    merged = reverts.forge.merge("topic", title="Scale web", method="squash")
    pull = replace(merged, url=f"https://git.example/acme/renamed/pull/{merged.number}")
    monkeypatch.setattr(reverts.forge, "get_pull_request", lambda _number: pull)
    assert isinstance(reverts.request(pull.url), Opened)
    assert "That URL points to" in str(reverts.request(f"https://github.com/evil/platform/pull/{pull.number}"))


def test_answers_name_a_repository_as_the_configuration_does(reverts):
    key = RepositoryRef("platform", TargetRevision("main*")).key
    url, mirrors = reverts.source.url, reverts.mirrors
    repository = GitRepository(key, url, TargetRevision("main*"), mirrors, mirror="platform")
    for text in ("https://github.com/evil/platform/pull/1", "#99", "0123456789"):
        answer = str(reverts.request(text, repository))
        assert ("platform" in answer, "platform@" in answer) == (True, False)
    reverts.forge = None
    assert "platform@" not in str(reverts.request("#1", repository))


def test_an_unknown_sha_or_number_is_not_found(reverts):
    assert reverts.request("0123456789") == NotFound("There is no commit 0123456789 in platform.")
    assert reverts.request("#99") == NotFound("There is no pull request #99 in platform.")
    assert "is a tree" in reverts.request(reverts.source.sha("HEAD^{tree}")).reason


def test_an_ambiguous_prefix_lists_the_candidates(reverts):
    times = (824, 5997)  # of two empty commits whose shas start with the same 7 digits
    commits = "".join(f"commit refs/heads/at-{n}\ncommitter A <a@b> {n} +0000\ndata 0\n\n" for n in times)
    reverts.source.git("fast-import", "--quiet", stdin=commits)
    twins = set(reverts.source.git("rev-parse", *(f"at-{n}" for n in times)).split())
    (prefix,) = {sha[:7] for sha in twins}
    outcome = reverts.request(prefix)
    assert isinstance(outcome, Ambiguous)
    assert {commit.sha for commit in outcome.candidates} == twins
    for sha in twins:  # the other one could be of a stranger's pull request
        reverts.source.git("merge", "-q", "--allow-unrelated-histories", "-m", "Merge", sha)
        reverts.repository.fetch()
        assert reverts.repository.resolve(prefix).sha == sha
        reverts.source.git("reset", "-q", "--hard", "main^")


def test_a_branch_named_like_a_sha_does_not_win(reverts):
    bad = reverts.source.commit("Scale web", {WEB: "replicas: 9\n"})
    reverts.source.commit("Other", {"docs/x.md": "x"})
    reverts.source.git("branch", bad[:8])
    assert reverts.request(bad[:8]).target.last.sha == bad


def test_a_commit_that_is_not_on_the_tracked_branch(reverts):
    reverts.source.branch("topic")
    topic = reverts.source.commit("Topic", {WEB: "replicas: 9\n"})
    reverts.source.switch()
    outcome = reverts.request(topic)
    assert isinstance(outcome, NotOnBranch)
    assert (outcome.commit.sha, outcome.branch, outcome.pull) == (topic, "main", None)


def test_a_pull_request_that_is_not_on_the_tracked_branch(reverts):
    reverts.source.git("branch", "release")
    reverts.source.branch("topic")
    reverts.source.commit("Topic", {WEB: "replicas: 9\n"})
    pull = reverts.forge.merge("topic", title="Topic", method="merge", base="release")
    assert reverts.request(f"#{pull.number}") == NotOnBranch(None, pull, "main")
    reverts.forge.pull_requests[2] = still_open = replace(pull, number=2, state="open", merge_sha=None)
    assert reverts.request("#2") == PullNotMerged(still_open)


def test_the_first_commit_is_refused(reverts):
    assert reverts.request(reverts.source.sha()) == RootCommit(reverts.repository.commit(reverts.source.sha()))


def test_an_empty_commit_has_nothing_to_revert(reverts):
    empty = reverts.source.commit("Trigger the pipeline", {})
    outcome = reverts.request(empty)
    assert isinstance(outcome, EmptyCommit)
    assert outcome.target.last.sha == empty


@pytest.mark.parametrize("method", ["merge", "squash", "rebase"])
def test_an_already_reverted_change_names_the_commit_that_did_it(reverts, method):
    bad = reverts.source.commit("Scale web", {WEB: "replicas: 9\n"})
    first = reverts.request(bad)
    reverts.forge.merge(first.pull.head, title=first.pull.title, method=method)
    reverts.forge.close(first.pull.number)
    outcome = reverts.request(bad)
    assert isinstance(outcome, AlreadyReverted)
    assert f"This reverts commit {bad}." in outcome.by.message
    assert len(reverts.branches) == 1


def test_a_change_undone_by_hand_names_the_commit_that_did_it(reverts):
    bad = reverts.source.commit("Scale web", {WEB: "replicas: 9\n"})
    back = reverts.source.commit("Back to one", {WEB: "replicas: 1\n"})
    outcome = reverts.request(bad)
    assert isinstance(outcome, NothingToUndo)
    assert outcome.since.sha == back
    assert reverts.branches == []


def test_a_conflict_names_files_later_commits_and_commands(reverts):
    bad = reverts.source.commit("Scale web", {WEB: "replicas: 9\n"})
    later = reverts.source.commit("Scale web again", {WEB: "replicas: 12\n"})
    outcome = reverts.request(bad)
    assert isinstance(outcome, Conflict)
    assert [(file.path, file.kind, [c.sha for c in file.later]) for file in outcome.files] == [
        (WEB, "content", [later])
    ]
    assert f"git revert {bad}" in outcome.commands
    assert reverts.branches == []
    assert reverts.forge.pull_requests == {}


def test_files_with_odd_names_in_conflict_are_named_with_their_later_commits(reverts):
    names = [f"apps/shop/{name}" for name in ODD_NAMES]
    raw = os.fsdecode(NOT_UTF8)
    reverts.source.commit("Odd", dict.fromkeys([*names, raw], "1\n"))
    bad = reverts.source.commit("Bad", dict.fromkeys([*names, raw], "2\n"))
    later = reverts.source.commit("Later", dict.fromkeys([*names, raw], "3\n"))
    outcome = reverts.request(bad)
    assert isinstance(outcome, Conflict)
    assert {file.path for file in outcome.files} == {*names, "latin-\ufffd.txt"}
    assert {tuple(commit.sha for commit in file.later) for file in outcome.files} == {(later,)}
    back = reverts.source.commit("Back", dict.fromkeys([*names, raw], "1\n"))
    undone = reverts.request(bad)
    assert isinstance(undone, NothingToUndo)
    assert undone.since.sha == back


def test_a_file_in_the_way_of_a_directory_is_named_as_git_names_it(reverts):
    reverts.source.commit("File", {"conf": "a: 1\n"})
    bad = reverts.source.commit("Edit/it", {"conf": "a: 2\n"})
    reverts.source.commit("Directory", {"conf": None, "conf/inner.yaml": "b: 1\n"})
    outcome = reverts.request(bad)
    assert [(file.path, file.kind) for file in outcome.files] == [
        (f"conf~parent of {bad[:8]} (Edit_it)", "file/directory, modify/delete")
    ]


def test_a_submodule_that_moved_twice_is_a_conflict(reverts):
    """Git prints advice about submodules after its messages, and in another format."""
    source = reverts.source
    shas = [source.sha(), *(source.commit(f"Other {number}", {"docs/x.md": str(number)}) for number in range(3))]
    for sha in shas:
        source.git("update-index", "--add", "--cacheinfo", f"160000,{sha},vendor")
        source.git("commit", "-q", "-m", "Move vendor")
    outcome = reverts.request(source.sha("HEAD^"))
    assert isinstance(outcome, Conflict)
    assert [file.path for file in outcome.files] == ["vendor"]


def test_a_conflict_in_many_files_takes_no_more_git_processes_than_in_one(reverts, monkeypatch):
    counts = []
    for number in (1, 40):
        files = [f"apps/shop/{number}-{file}.yaml" for file in range(number)]
        for value in "123":
            sha = reverts.source.commit(f"To {value}", dict.fromkeys(files, f"a: {value}\n"))
        reverts.repository.fetch()
        commands = []

        def counted(argv, commands=commands, **keywords):
            commands.append(argv[0])
            return run_git(argv, **keywords)

        monkeypatch.setattr(mirror, "run_git", counted)
        outcome = reverts.request(reverts.source.sha("HEAD^"))
        assert [commit.sha for file in outcome.files for commit in file.later] == [sha] * number
        counts.append(sorted(commands))
    assert counts[0] == counts[1]


def test_a_revert_asks_the_remote_three_times(reverts, monkeypatch):
    bad = reverts.source.commit("Scale web", {WEB: "replicas: 9\n"})
    commands = []

    def recorded(argv, **keywords):
        commands.append(argv[0])
        return run_git(argv, **keywords)

    monkeypatch.setattr(mirror, "run_git", recorded)
    assert isinstance(reverts.request(bad), Opened)
    remote = [command for command in commands if command in {"fetch", "push", "ls-remote"}]
    assert remote == ["fetch", "push", "ls-remote"]


def test_modify_delete_and_binary_changes_are_conflicts(reverts):
    reverts.source.commit("Logo", {"logo.png": b"\0one", "old.yaml": "a: 1\n"})
    bad = reverts.source.commit("Bad", {"logo.png": b"\0two", "old.yaml": "a: 2\n"})
    reverts.source.commit("Later", {"logo.png": b"\0three", "old.yaml": None})
    outcome = reverts.request(bad)
    assert isinstance(outcome, Conflict)
    assert {file.path for file in outcome.files} == {"logo.png", "old.yaml"}
    assert {file.path: file.kind for file in outcome.files}["old.yaml"] == "modify/delete"


def test_a_large_revert_asks_for_confirmation(reverts):
    bad = reverts.source.commit("Many", {f"apps/shop/{n}.yaml": f"n: {n}\n" for n in range(501)})
    outcome = reverts.request(bad)
    assert isinstance(outcome, Confirm)
    assert (len(outcome.files), outcome.applications) == (501, ("shop",))
    assert reverts.branches == []
    assert isinstance(reverts.request(bad, large=True), Opened)


def test_a_revert_that_affects_many_applications_asks_for_confirmation(reverts):
    reverts.applications = [application(f"a{n}") for n in range(6)]
    bad = reverts.source.commit("All", {f"apps/a{n}/x.yaml": "x" for n in range(6)})
    outcome = reverts.request(bad)
    assert isinstance(outcome, Confirm)
    assert len(outcome.applications) == 6


def test_an_unavailable_remote_is_reported(reverts):
    reverts.source.path.rename(reverts.source.path.with_name("moved"))
    outcome = reverts.request("0123456789")
    assert isinstance(outcome, Refused)
    assert "There is no git repository" in outcome.reason


def test_a_push_rejected_by_a_rule_is_reported(reverts):
    reverts.source.add_hook("pre-receive", "echo 'GH013: Repository rule violations found'\nexit 1")
    outcome = reverts.request(reverts.source.commit("Scale web", {WEB: "replicas: 9\n"}))
    assert isinstance(outcome, Refused)
    assert "a rule protects its branches" in outcome.reason


# ------------------------------------------------------------ one pull request


def test_a_second_request_returns_the_open_pull_request(reverts):
    bad = reverts.source.commit("Scale web", {WEB: "replicas: 9\n"})
    first = reverts.request(bad)
    reverts.source.commit("Other", {"docs/x.md": "x"})
    assert reverts.request(bad[:10]) == AlreadyOpen(first.pull)
    assert reverts.request(bad, repository=reverts.replica("two")) == AlreadyOpen(first.pull)
    assert len(reverts.branches) == 1


def test_the_branch_of_a_closed_pull_request_is_not_reused(reverts):
    bad = reverts.source.commit("Scale web", {WEB: "replicas: 9\n"})
    first = reverts.request(bad)
    reverts.forge.close(first.pull.number)
    second = reverts.request(bad)
    assert second.pull.head == f"{first.pull.head}-2"
    assert reverts.request(bad) == AlreadyOpen(second.pull)
    reverts.forge.close(second.pull.number)
    assert reverts.request(bad).pull.head == f"{first.pull.head}-3"


def test_somebody_elses_branch_of_that_name_is_not_reused(reverts):
    bad = reverts.source.commit("Scale web", {WEB: "replicas: 9\n"})
    name = f"gitops-bot/revert-{bad}"
    reverts.source.branch(name)
    reverts.source.commit("Mine", {"docs/mine.md": "x"})
    reverts.source.switch()
    assert reverts.request(bad).pull.head == f"{name}-2"


def test_branches_in_the_way_are_avoided_or_named(reverts):
    bad = reverts.source.commit("Scale web", {WEB: "replicas: 9\n"})
    name = f"gitops-bot/revert-{bad}"
    reverts.source.git("branch", f"{name}/x")
    opened = reverts.request(bad)
    assert opened.pull.head == f"{name}-2"
    reverts.forge.close(opened.pull.number)
    for branch in (f"{name}/x", f"{name}-2"):
        reverts.source.git("branch", "-D", branch)
    reverts.source.git("branch", "gitops-bot")
    assert str(reverts.request(bad).reason) == (
        f"The branch gitops-bot prevents git from creating {name}. Rename or delete gitops-bot on the forge."
    )


def retarget(reverts, pull):
    reverts.source.git("branch", "develop")
    reverts.forge.pull_requests[pull.number] = replace(pull, base="develop")


def unrelated(reverts, pull):
    git = reverts.source.git
    git("branch", "-f", pull.head, git("commit-tree", "-m", 'Revert "Scale web"', f"{pull.head}^{{tree}}"))


def commit_to_branch(*commits):
    """What pushes the commits (title, files) to a pull request's branch."""

    def push(reverts, pull):
        reverts.source.switch(pull.head)
        for commit in commits:
            reverts.source.commit(*commit)
        reverts.source.switch()

    return push


def replace_branch(title, files):
    """What replaces a pull request's branch by one commit."""

    def push(reverts, pull):
        reverts.source.git("branch", "-f", pull.head, "main")
        commit_to_branch((title, files))(reverts, pull)

    return push


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(retarget, id="another base"),
        pytest.param(commit_to_branch(("Also", {"docs/also.md": "x"})), id="another file"),
        pytest.param(commit_to_branch(("Undo", {WEB: "replicas: 9\n"})), id="undone"),
        pytest.param(replace_branch('Revert "Scale web"', {WEB: "replicas: 0\n"}), id="other content"),
        pytest.param(replace_branch('Revert "Scale web"', {}), id="empty"),
        pytest.param(unrelated, id="another history"),
        pytest.param(lambda reverts, pull: reverts.source.git("branch", "-f", pull.head, f"{pull.head}~2"), id="older"),
    ],
)
def test_a_pull_request_with_another_base_or_content_is_not_returned(reverts, change):
    bad = reverts.source.commit("Scale web", {WEB: "replicas: 9\n"})
    first = reverts.request(bad)
    change(reverts, first.pull)
    second = reverts.request(bad)
    assert isinstance(second, Opened)
    assert (second.pull.head, second.pull.base) == (f"{first.pull.head}-2", "main")
    assert reverts.request(bad) == AlreadyOpen(second.pull)


def test_an_open_pull_request_is_returned_even_if_a_new_revert_would_conflict(reverts):
    bad = reverts.source.commit("Scale web", {WEB: "replicas: 9\n"})
    reverts.forge.close(reverts.request(bad).pull.number)
    second = reverts.request(bad)
    reverts.source.git("branch", "-D", second.pull.head.removesuffix("-2"))
    reverts.source.commit("Scale web again", {WEB: "replicas: 12\n"})
    assert reverts.request(bad) == AlreadyOpen(second.pull)


def test_concurrent_requests_on_several_replicas_open_one_pull_request(reverts):
    bad = reverts.source.commit("Scale web", {WEB: "replicas: 9\n"})
    together = threading.Barrier(4)

    class Racing(GitRepository):
        """Nobody pushes before everybody is about to."""

        def push_commit(self, **commit):
            together.wait(DEADLINE)
            return super().push_commit(**commit)

    def ask(name: str):
        racing = reverts.replica(name, Racing)
        return reverts.request(bad, repository=racing)

    with ThreadPoolExecutor(4) as pool:
        outcomes = list(pool.map(ask, ["one", "one", "two", "three"]))
    assert {type(outcome) for outcome in outcomes} <= {Opened, AlreadyOpen}
    assert {outcome.pull.number for outcome in outcomes} == {1}
    assert reverts.branches == [f"gitops-bot/revert-{bad}"]


def test_a_pull_request_that_could_not_be_opened_is_opened_by_the_next_request(reverts):
    bad = reverts.source.commit("Scale web", {WEB: "replicas: 9\n"})
    retry_at = datetime(2026, 11, 20, 21, 0, tzinfo=UTC)
    reverts.forge.creation_fault = ForgeError("The forge is rate limited.", retry_at)
    branch = f"gitops-bot/revert-{bad}"
    assert reverts.request(bad) == Unfinished(branch, "The forge is rate limited.", retry_at)
    reverts.forge.creation_fault = None
    pushed = reverts.source.sha(branch)
    reverts.source.commit("Meanwhile", {"docs/x.md": "x"})
    opened = reverts.request(bad, repository=reverts.replica("restarted"))
    assert isinstance(opened, Opened)
    assert reverts.branches == [branch]
    assert reverts.source.sha(branch) == pushed


def test_a_revert_follows_a_branch_that_moves_meanwhile(reverts):
    bad = reverts.source.commit("Scale web", {WEB: "replicas: 9\n"})

    class Busy(GitRepository):
        """Somebody merges whenever the revert is being made."""

        moves = 2

        def merge_trees(self, base, ours, theirs):
            merged = super().merge_trees(base, ours, theirs)
            if self.moves:
                self.moves -= 1
                reverts.source.commit(f"Meanwhile {self.moves}", {f"docs/{self.moves}.md": "x"})
            return merged

    busy = reverts.replica("busy", Busy)
    opened = reverts.request(bad, repository=busy)
    assert reverts.source.sha(f"{opened.pull.head}^") == reverts.source.sha("main")
    assert reverts.source.git("ls-tree", "--name-only", opened.pull.head, "docs/") == "docs/0.md\ndocs/1.md"
    busy.moves = 1_000
    restless = reverts.request(reverts.source.commit("Scale api", {API: "replicas: 9\n"}), repository=busy)
    assert isinstance(restless, Opened), "a branch that never rests is no reason to give up"


class Rewriting:
    """Before one call of a repository or forge, somebody removes the newest commit of main; everything is passed on."""

    def __init__(self, target, moment, source):
        self.target, self.moment, self.source = target, moment, source

    def __getattr__(self, name):
        if name == self.moment and self.source.sha("main") != self.source.sha("kept"):
            self.source.git("reset", "-q", "--hard", "kept")
        return getattr(self.target, name)


@pytest.mark.parametrize(
    "moment",
    [
        *("resolved_revision", "first_parent", "open_pull_requests", "merge_trees", "changed_paths"),
        *("tip", "push_commit", "fetch_if_moved"),
    ],
)
def test_a_branch_that_is_rewritten_meanwhile_gets_nothing_back_that_was_removed(reverts, moment):
    bad = reverts.source.commit("Scale web", {WEB: "replicas: 9\n"})
    reverts.source.git("branch", "kept")
    leaked = reverts.source.commit("Leak a token", {"docs/token.txt": "s3cret"})
    reverts.forge = Rewriting(reverts.forge, moment, reverts.source)
    outcome = reverts.request(bad, repository=Rewriting(reverts.repository, moment, reverts.source))
    assert reverts.source.sha("main") == bad, "it was rewritten"
    assert isinstance(outcome, Opened)
    assert leaked not in reverts.source.git("rev-list", outcome.pull.head).split()
    assert reverts.source.show(outcome.pull.head, WEB) == "replicas: 1"


def test_a_branch_that_was_pushed_before_the_tracked_one_was_rewritten_is_not_continued(reverts):
    bad = reverts.source.commit("Scale web", {WEB: "replicas: 9\n"})
    reverts.source.git("branch", "kept")
    reverts.source.commit("Leak a token", {"docs/token.txt": "s3cret"})
    reverts.forge.creation_fault = ForgeError("The forge is down.")
    pushed = reverts.request(bad)
    assert isinstance(pushed, Unfinished)
    reverts.forge.creation_fault = None
    reverts.source.git("reset", "-q", "--hard", "kept")
    outcome = reverts.request(bad)
    assert isinstance(outcome, Opened)
    assert outcome.pull.head == f"{pushed.branch}-2"
    assert reverts.source.sha(f"{outcome.pull.head}^") == bad


@pytest.mark.parametrize("is_own", [True, False], ids=["own commit", "commit that the mirror lacks"])
def test_an_open_pull_request_of_a_rewritten_branch_is_flagged_and_not_returned(reverts, store, clock, is_own):
    """Somebody rewrites main at the last moment, when nothing can be checked before it is open.

    A commit that the forge signs is as unknown to the bot's mirror as one of another replica.
    """
    bad = reverts.source.commit("Scale web", {WEB: "replicas: 9\n"})
    reverts.source.git("branch", "kept")
    reverts.source.commit("Leak a token", {"docs/token.txt": "s3cret"})
    forge = reverts.forge
    reverts.forge = Rewriting(forge, "create_pull_request", reverts.source)
    reverts.repository.fetch()
    dangerous = reverts.request(bad, reverts.repository if is_own else reverts.replica("two"))
    assert isinstance(dangerous, Opened)
    platform = {"repositories": {"platform": reverts.repository}, "forges": {"platform": forge}}
    nothing_else = {"clusters": {}, "charts": None, "renderer": None, "bases": None, "chat": None}
    ports = Ports(**platform, **nothing_else, store=store, clock=clock)
    requester = Requester(JONAS, "jonas", "C9", Origin.COMMAND, ENGLISH)
    details = {"requester": requester, "what": bad, "applications": (), "channel": "C0"}
    track(ports, dangerous.pull, "platform", **details)
    reverts.repository.fetch()
    poll(ports, {})
    assert [pull.rewritten for pull in store.pull_requests.unsettled()] == [True]
    outcome = reverts.request(bad)
    assert isinstance(outcome, Opened)
    assert outcome.pull.head == f"{dangerous.pull.head}-2"
    track(ports, outcome.pull, "platform", **details)
    reverts.source.commit("Later", {"docs/x.md": "x"})
    reverts.repository.fetch()
    poll(ports, {})
    flagged = {pull.number: pull.rewritten for pull in store.pull_requests.unsettled()}
    assert flagged == {dangerous.pull.number: True, outcome.pull.number: False}


def test_a_branch_that_somebody_updated_is_still_the_open_pull_request(reverts):
    bad = reverts.source.commit("Scale web", {WEB: "replicas: 9\n"})
    opened = reverts.request(bad)
    reverts.source.commit("Other", {"docs/x.md": "x"})
    reverts.source.switch(opened.pull.head)
    reverts.source.merge("main")
    reverts.source.switch()
    assert reverts.request(bad) == AlreadyOpen(opened.pull)


def test_a_conflict_names_the_open_pull_request_in_which_someone_resolved_it(reverts):
    bad = reverts.source.commit("Scale web", {WEB: "replicas: 9\n"})
    opened = reverts.request(bad)
    reverts.source.commit("Scale web again", {WEB: "replicas: 12\n"})
    reverts.source.switch(opened.pull.head)
    reverts.source.git("merge", "-q", "-X", "ours", "main")
    reverts.source.switch()
    outcome = reverts.request(bad)
    assert isinstance(outcome, Conflict)
    assert outcome.edited == opened.pull


def test_a_change_reverted_meanwhile_is_not_reverted_again(reverts):
    bad = reverts.source.commit("Scale web", {WEB: "replicas: 9\n"})

    class Raced(GitRepository):
        def merge_trees(self, base, ours, theirs):
            merged = super().merge_trees(base, ours, theirs)
            if ours == bad:
                reverts.source.git("revert", "--no-edit", bad)
            return merged

    raced = reverts.replica("raced", Raced)
    outcome = reverts.request(bad, repository=raced)
    assert isinstance(outcome, AlreadyReverted)
    assert outcome.by.sha == reverts.source.sha("main")


# ------------------------------------------------------------ permission


@pytest.mark.parametrize("text", ["{both}", "{first}..{both}"])
def test_nothing_is_pushed_without_permission_on_every_application(reverts, text):
    first = reverts.source.sha()
    both = reverts.source.commit("Both", {WEB: "replicas: 2\n", API: "replicas: 2\n"})
    checked = []
    rule = Rule("applications.api.revert_allowed", ())

    def permit(names):
        checked.append(tuple(names))
        return Denied(rule) if "api" in names else Granted()

    reverts.permit = permit
    assert reverts.request(text.format(first=first, both=both)) == NotPermitted(("shop", "api"), Denied(rule))
    assert checked == [("shop", "api")]
    assert reverts.branches == []
    assert reverts.forge.pull_requests == {}
    web = reverts.source.commit("Web", {WEB: "replicas: 3\n"})
    assert isinstance(reverts.request(web), Opened)


def test_a_change_to_no_application_needs_permission_too(reverts):
    readme = reverts.source.commit("Words", {"README.md": "Hello\n"})
    rule = Rule("slack.revert_allowed", ())
    reverts.permit = lambda names: Granted() if names else Denied(rule)
    assert reverts.request(readme) == NotPermitted((), Denied(rule))


def test_a_change_beside_an_application_needs_the_permission_of_the_workspace_too(reverts):
    both = reverts.source.commit("Both", {WEB: "replicas: 2\n", ".github/workflows/deploy.yaml": "on: push\n"})
    rule = Rule("slack.revert_allowed", ())
    reverts.permit = lambda names: Denied(rule) if None in names else Granted()
    assert reverts.request(both) == NotPermitted(("shop",), Denied(rule))
    assert reverts.branches == []
    reverts.permit = lambda names: Granted() if None in names else Denied(rule)
    assert isinstance(reverts.request(both), Opened)


def test_an_open_pull_request_is_returned_only_with_permission(reverts):
    bad = reverts.source.commit("Scale web", {WEB: "replicas: 9\n"})
    reverts.request(bad)
    rule = Rule("applications.shop.revert_allowed", ())
    reverts.permit = lambda names: Denied(rule) if "shop" in names else Granted()
    assert reverts.request(bad) == NotPermitted(("shop",), Denied(rule))

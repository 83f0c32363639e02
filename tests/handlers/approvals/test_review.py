"""Who approved what reached the tracked branch: real git, and every forge's own API over HTTP."""

import os
import shutil
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace
from unittest.mock import Mock

import pytest
from github import GithubException
from github.Repository import Repository
from slack_sdk import WebClient

from bot import build
from bot.adapters.git import bounds
from bot.adapters.git.repository import GitRepository
from bot.core.access.audit import Origin
from bot.core.access.requester import Requester
from bot.core.approvals.alert import collect_alerts
from bot.core.approvals.approval import ApprovalStatus
from bot.core.git.repository_ref import RepositoryRef
from bot.core.git.target_revision import TargetRevision
from bot.handlers.approvals import batch, review
from bot.handlers.approvals.review import ApprovalReviewer
from bot.handlers.change_people import read_people
from bot.handlers.pull_requests.track import poll, track
from bot.handlers.rendering.manifest_cache import ManifestCache
from bot.i18n.catalogue import approval as texts
from bot.i18n.language import Language, LocalizedText, Translator
from bot.messages.desired_cards import approval_key
from bot.ports.forge import ForgeError
from bot.ports.store import Posted
from bot.sandbox.forge.git import Person
from bot.sandbox.forge.merge import WEB, Method
from tests.common.database import create_database
from tests.common.forge import FORGE_KINDS, RunningForge
from tests.common.kubernetes import as_yaml, config_map
from tests.common.slack import ALERTS, DEPLOYS

FILE, OTHER = "apps/shop/a.yaml", "apps/shop/b.yaml"
GRACE = timedelta(minutes=2)


def config(limit):
    return as_yaml(config_map("a", limit=str(limit)))


class Team(RunningForge):
    """People who merge at a forge, and the reviewer of what they merge."""

    def __init__(self, kind, folder):
        super().__init__(kind, folder)
        self.hosted.commit("main", {FILE: config(1), OTHER: "x: 1\n"}, "First\n", "mia")
        self.ports = None

    def start(self, *, people=None, branch="main", **approvals):
        """Start a reviewer, as configured. The first one remembers where the branch is, and judges nothing."""
        config = self.config(approvals=approvals, branch=branch)
        del config.clusters["prod"]  # no cluster is needed
        self.stop()
        create_database(self.folder)
        self.ports = build.ports(config, WebClient(), self.clock)
        settings = {name: repository.approvals for name, repository in config.repositories.items()}
        self.reviewer = ApprovalReviewer(
            self.ports, settings, config.applications, ManifestCache(), ALERTS, people or {}
        )
        self.record_commits()
        return self

    def stop(self):
        if self.ports:
            self.ports.store.close()

    def record_commits(self):
        """Fetch, and note the new commits for review."""
        self.record_commits_of("press")

    def record_commits_of(self, key):
        recorded = self.ports.store.approvals.head(key)
        self.reviewer.record_commits(key, recorded, self.ports.repositories[key].fetch())

    def review(self, after=timedelta()):
        self.clock.advance(after)
        self.reviewer.review()

    @property
    def judgements(self):
        return list(self.ports.store.approvals.since())

    @property
    def verdicts(self):
        return [judgement.verdict for judgement in self.judgements]

    def final_verdicts(self):
        """The verdicts on everything, once the forge has had its grace period."""
        self.record_commits()
        self.review()
        self.review(GRACE + timedelta(seconds=1))
        return self.verdicts

    def alerts(self):
        return collect_alerts(self.ports.store.approvals.unsettled())

    # -------------------------------------------------------- what people do

    def propose(self, *contents, by="mia", path=FILE):
        """Open a pull request with a commit for each of these contents; its number."""
        self.git.move("topic", self.git.tip("main"), None)
        for content in contents or (config(2),):
            self.hosted.commit("topic", {path: content}, f"Change {path}\n", by)
        return self.hosted.open_pull(head="topic", base="main", title="Raise a", body="", by=by).number

    def merge_another(self):
        """Merge somebody else's approved pull request while ours is open."""
        self.git.move("other", self.git.tip("main"), None)
        self.hosted.commit("other", {OTHER: "x: 2\n"}, "Other\n", "lou")
        number = self.hosted.open_pull(head="other", base="main", title="Other", body="", by="lou").number
        self.hosted.review(number, "kit")
        self.hosted.merge(number, "kit", "merge")

    def merge(self, number, method="squash"):
        self.hosted.merge(number, "kit", method)

    def tamper(self, number):
        """Replace what the forge merged by a commit of the same parents and message, and other content."""
        pull, git = self.hosted.pull(number), self.git
        merged = git.commit(git.tip("main"))
        author = Person("", "x", "x@x")
        evil = git.import_commit("evil", merged.sha, {FILE: config("evil")}, "x", author=author, at=self.clock())
        tampered = git.commit_tree(
            git.commit(evil).tree, merged.parents, merged.message, author=WEB, committer=WEB, at=self.clock()
        )
        git.move("main", tampered, merged.sha)
        pull.merge_sha = tampered
        pull.landed = (pull.landed - {merged.sha}) | {tampered}
        git.run("update-ref", "-d", "refs/heads/evil")


@pytest.fixture
def team(request, tmp_path):
    """On GitHub, unless a test asks for others."""
    team = Team(getattr(request, "param", "github"), tmp_path)
    with team.serve():
        yield team
        team.stop()


every_forge = pytest.mark.parametrize("team", FORGE_KINDS, indirect=True)


# ---------------------------------------------------------------- every forge


@pytest.mark.parametrize("method", ["merge", "squash", "rebase"])
@every_forge
def test_an_approved_pull_request_is_approved_however_it_is_merged(team, method):
    number = team.start().propose(config(2), config(3))
    team.merge_another()
    team.hosted.review(number, "lou")
    team.merge(number, method)
    assert set(team.final_verdicts()) == {ApprovalStatus.APPROVED}
    last = team.judgements[-1]
    assert (last.approvers, last.verified, last.pull.number, last.applications) == (("lou",), True, number, ("shop",))
    assert team.ports.store.approvals.unsettled() == []


@pytest.mark.parametrize(
    ("team", "method", "expected"),
    [
        *(("github", method, ApprovalStatus.TAMPERED) for method in ("merge", "squash", "rebase")),
        # GitLab rebases the branch itself: what is merged is its head, which is not the one that was approved.
        ("gitlab", "rebase", ApprovalStatus.STALE),
    ],
    indirect=["team"],
)
def test_content_changed_by_the_merge_is_not_approved(team, method, expected):
    number = team.start().propose(config(2), config(3))
    team.hosted.review(number, "lou")
    team.merge(number, method)
    team.tamper(number)
    assert team.final_verdicts()[-1] is expected


@every_forge
def test_a_direct_push_is_not_approved(team):
    team.start()
    sha = team.hosted.commit("main", {FILE: config(9)}, "Raise a (#7)\n", "mia")
    assert team.final_verdicts() == [ApprovalStatus.DIRECT]
    (alert,) = team.alerts()
    assert (alert.newest.sha, alert.channels, alert.applications) == (sha, (ALERTS,), ("shop",))
    assert "+data: {limit: '9'}" in alert.newest.diff
    assert alert.newest.pushed_by == ("mia" if team.kind.kind in {"github", "gitlab"} else None)


@every_forge
def test_a_pull_request_merged_without_an_approval(team):
    team.merge(team.start().propose())
    assert team.final_verdicts() == [ApprovalStatus.BYPASSED]


@every_forge
def test_a_commit_pushed_after_the_approval_makes_it_stale(team):
    number = team.start().propose()
    team.hosted.review(number, "lou")
    team.hosted.commit("topic", {FILE: config("sneaked in")}, "Sneak in\n", "mia")
    assert team.hosted.pull(number)
    team.merge(number)
    assert team.final_verdicts() == [ApprovalStatus.STALE]


@pytest.mark.parametrize(
    ("is_approved_again", "expected"), [(False, ApprovalStatus.RETARGETED), (True, ApprovalStatus.APPROVED)]
)
@every_forge
def test_an_approval_for_another_target_branch_does_not_count(team, is_approved_again, expected):
    """What the reviewer saw is small, because the other branch already contains the rest."""
    team.start()
    team.hosted.commit("sandbox", {FILE: config("sneaked in")}, "Sneak in\n", "mia")
    team.git.move("topic", team.git.tip("sandbox"), None)
    team.hosted.commit("topic", {OTHER: "x: 2\n"}, "Harmless\n", "mia")
    number = team.hosted.open_pull(head="topic", base="sandbox", title="Harmless", body="", by="mia").number
    team.hosted.review(number, "lou")
    team.hosted.retarget(number, "main", "mia")
    if is_approved_again:
        team.hosted.review(number, "lou")
    team.merge(number)
    assert team.final_verdicts() == [expected]


@every_forge
def test_updating_the_branch_from_its_base_keeps_the_approval(team):
    """The forge's own button merges the base into it, which changes nothing of what was seen."""
    number = team.start().propose()
    team.hosted.review(number, "lou")
    team.merge_another()
    git = team.git
    base, head = git.tip("main"), git.tip("topic")
    tree = git.merged_tree(head, base)
    updated = git.commit_tree(tree, [head, base], "Update branch\n", author=WEB, committer=WEB, at=team.clock())
    git.move("topic", updated, head)
    assert team.hosted.pull(number).head_sha == updated
    team.merge(number)
    assert team.final_verdicts() == [ApprovalStatus.APPROVED, ApprovalStatus.APPROVED]


@every_forge
def test_a_push_is_not_hidden_by_a_pull_request_that_undoes_it(team):
    """Together, they have the content of the approved pull request."""
    number = team.start().propose()
    team.hosted.review(number, "lou")
    git, base, head = team.git, team.git.tip("main"), team.hosted.pull(number).head_sha
    pushed = team.hosted.commit("main", {OTHER: "x: evil\n"}, "Push\n", "mia")
    mia, at = team.hosted.person("mia"), team.clock.tick()
    tree = git.merged_tree(base, head)
    merge = git.commit_tree(tree, [pushed, head], "Merge\n", author=mia, committer=mia, at=at)
    team.push_merge(number, merge, "mia", landed=[merge])
    assert team.final_verdicts() == [ApprovalStatus.DIRECT, ApprovalStatus.TAMPERED]


@pytest.mark.parametrize("is_fast_forward", [True, False])
@every_forge
def test_a_push_is_not_hidden_by_a_pull_request_that_contains_it(team, is_fast_forward):
    """Pushed, and merged into the pull request, between two polls: neither the reviewer nor the bot saw it."""
    number = team.start().propose()
    git, hosted, first = team.git, team.hosted, team.git.tip("main")
    head = hosted.pull(number).head_sha
    team.merge_another()
    pushed = hosted.commit("main", {OTHER: "x: evil\n"}, "Push\n", "mia")
    mia, at = hosted.person("mia"), team.clock.tick()
    updated = git.commit_tree(
        git.merged_tree(head, pushed), [head, pushed], "Update\n", author=mia, committer=mia, at=at
    )
    git.move("topic", updated, head)
    hosted.pushed("topic", head, updated, "mia")
    assert hosted.pull(number).head_sha == updated
    hosted.review(number, "lou")
    if is_fast_forward:
        team.fast_forward(number, "kit")
    else:  # by someone who merged an old commit of the branch
        tree = git.commit(updated).tree
        merge = git.commit_tree(tree, [first, updated], "Merge\n", author=mia, committer=mia, at=at)
        team.push_merge(number, merge, "kit", landed=[head, updated, merge])
    team.record_commits()
    team.sandbox.faults.down = True
    team.review()
    assert set(team.verdicts) == {ApprovalStatus.UNKNOWN}
    team.sandbox.faults.down = False
    team.review(timedelta(minutes=5))
    team.review(timedelta(minutes=1))
    team.start()  # restarted
    team.review(GRACE + timedelta(seconds=1))
    verdicts = {record.sha: (record.verdict, record.verified) for record in team.judgements}
    assert verdicts.pop(pushed) == (ApprovalStatus.DIRECT, False)
    assert (len(verdicts), set(verdicts.values())) == (3 if is_fast_forward else 2, {(ApprovalStatus.APPROVED, True)})
    assert len(team.judgements) == len(verdicts) + 1
    (alert,) = team.alerts()
    assert (alert.newest.sha, alert.applications) == (pushed, ("shop",))


@pytest.mark.parametrize(
    ("into", "landed", "verdict", "applications"),
    [
        ("head", ["head", "merge"], ApprovalStatus.TAMPERED, ("shop",)),
        ("head", ["head"], ApprovalStatus.DIRECT, ("shop",)),
        ("first", [], ApprovalStatus.DIRECT, ("shop",)),
        ("own", [], ApprovalStatus.DIRECT, ("shop",)),
        ("git pull", [], ApprovalStatus.DIRECT, ()),
    ],
)
def test_a_push_of_another_branch_with_this_one_merged_is_what_it_changes_here(
    team, into, landed, verdict, applications
):
    """What was approved in the meantime is in the merge, which doesn't change it, or undoes it."""
    number = team.start().propose()
    team.hosted.review(number, "lou")
    git, hosted, mia, at = team.git, team.hosted, team.hosted.person("mia"), team.clock.tick()
    shas = {"first": git.tip("main"), "head": hosted.pull(number).head_sha}
    own = git.import_commit("own", shas["first"], {"apps/web/a.yaml": "x: 1\n"}, "Own\n", author=mia, at=at)
    shas |= {"own": own, "git pull": own}
    team.merge_another()
    assert team.final_verdicts() == [ApprovalStatus.APPROVED]
    before, parent = git.tip("main"), shas[into]
    tree = git.merged_tree(parent, before) if into == "git pull" else git.commit(parent).tree
    shas["merge"] = git.commit_tree(tree, [parent, before], "Merge main\n", author=mia, committer=mia, at=at)
    if landed:
        landed = [shas[name] for name in landed]
        team.push_merge(number, shas["merge"], "mia", landed=landed, sha=landed[-1])
    else:
        git.move("main", shas["merge"], before)
        hosted.pushed("main", before, shas["merge"], "mia")
    assert team.final_verdicts() == [ApprovalStatus.APPROVED, verdict]
    (alert,) = team.alerts()
    assert (alert.ranges, alert.applications) == (((before, shas["merge"]),), applications)
    assert {author.name for author in alert.newest.authors} == {"Mia"} - ({"Mia"} if into == "first" else set())


def test_a_merge_linked_to_a_pull_request_may_not_undo_what_the_bot_never_saw(team):
    number = team.start().propose()
    team.hosted.review(number, "lou")
    git, head = team.git, team.hosted.pull(number).head_sha
    team.merge_another()
    other, mia, at = git.tip("main"), team.hosted.person("mia"), team.clock.tick()
    merge = git.commit_tree(git.commit(head).tree, [head, other], "Merge main\n", author=mia, committer=mia, at=at)
    team.push_merge(number, merge, "mia", landed=[head, merge])
    team.final_verdicts()
    team.review()
    verdicts = {record.sha: record.verdict for record in team.judgements}
    expected = dict.fromkeys((head, merge), ApprovalStatus.TAMPERED) | {other: ApprovalStatus.APPROVED}
    assert verdicts == expected


def update(team, branch, other):
    """Merge a commit into a pull request's branch; the new head."""
    git, mia, head = team.git, team.hosted.person("mia"), team.git.tip(branch)
    updated = git.commit_tree(
        git.merged_tree(head, other), [head, other], "Update\n", author=mia, committer=mia, at=team.clock.tick()
    )
    git.move(branch, updated, head)
    team.hosted.pushed(branch, head, updated, "mia")
    return updated


def open_approved(team, branch, onto, path, by="mia"):
    team.git.move(branch, onto, None)
    head = team.hosted.commit(branch, {path: f"x: {branch}\n"}, f"{branch}\n", by)
    number = team.hosted.open_pull(head=branch, base="main", title=branch, body="", by=by).number
    team.hosted.review(number, "lou")
    return number, head


@pytest.mark.parametrize("is_own", [True, False])
@every_forge
def test_a_push_is_not_hidden_by_a_stack_that_contains_it(team, is_own):
    """The forge reports the lower pull request as merged by its own commit, or by the upper one's."""
    hosted, first = team.start().hosted, team.git.tip("main")
    lower, lower_head = open_approved(team, "lower", first, FILE)
    upper, _ = open_approved(team, "upper", lower_head, "apps/shop/c.yaml")
    pushed = hosted.commit("main", {OTHER: "x: evil\n"}, "Push\n", "mia")
    update(team, "upper", pushed)
    assert hosted.pull(upper)
    hosted.review(upper, "lou")
    team.fast_forward(upper, "kit")
    merged, pull = hosted.pull(upper), hosted.pull(lower)
    pull.landed = frozenset([lower_head])
    pull.commits = team.git.log("--topo-order", f"{first}..{pull.head_sha}", "--")
    for field in ("state", "closed_at", "merged_at", "updated_at", "merged_by", "merge_sha"):
        setattr(pull, field, getattr(merged, field))
    pull.method, pull.merge_sha = Method.MERGE, lower_head if is_own else merged.merge_sha
    team.final_verdicts()
    team.review(timedelta(minutes=6))
    verdicts = {record.sha: record.verdict for record in team.judgements}
    assert verdicts.pop(pushed) is ApprovalStatus.DIRECT
    assert set(verdicts.values()) == {ApprovalStatus.APPROVED}
    assert [alert.newest.sha for alert in team.alerts()] == [pushed]


@every_forge
def test_a_stack_updated_and_merged_between_two_polls_is_approved(team):
    hosted, git = team.start().hosted, team.git
    first = git.tip("main")
    lower, lower_head = open_approved(team, "lower", first, FILE)
    upper, _ = open_approved(team, "upper", lower_head, "apps/shop/c.yaml")
    other, _ = open_approved(team, "other", first, OTHER)
    hosted.merge(other, "kit", "squash")
    hosted.merge(lower, "kit", "merge")
    update(team, "upper", git.tip("main"))
    assert hosted.pull(upper)
    hosted.review(upper, "lou")
    team.fast_forward(upper, "kit")
    team.final_verdicts()
    team.review(timedelta(minutes=6))
    assert (set(team.verdicts), team.alerts()) == ({ApprovalStatus.APPROVED}, [])


@pytest.mark.parametrize("required", [1, 2])
def test_what_an_earlier_version_recorded_is_not_recorded_again(team, required, monkeypatch):
    number = team.start(required=required).propose()
    pushed = team.hosted.commit("main", {OTHER: "x: evil\n"}, "Push\n", "mia")
    assert team.final_verdicts() == [ApprovalStatus.DIRECT]
    update(team, "topic", pushed)
    assert team.hosted.pull(number)
    team.hosted.review(number, "lou")
    team.fast_forward(number, "kit")
    with monkeypatch.context() as patch:  # it took the first parents of what was fast-forwarded
        first_parents = lambda self, *args, limit: [(c.parents[0], c) for c in self.first_parent(*args, limit=limit)]  # noqa: E731
        patch.setattr(GitRepository, "mainline", first_parents)
        patch.setattr(batch, "unseen_tip", lambda *_: None)
        team.record_commits()
        if required == 2:
            team.review()
            team.review(GRACE + timedelta(seconds=1))
    team.start(required=required)
    for _ in range(3):
        team.review(timedelta(minutes=6))
    assert [record.sha for record in team.judgements].count(pushed) == 1
    assert [alert.newest.sha for alert in team.alerts()].count(pushed) == 1


@pytest.mark.parametrize(("is_fast_forward", "newest_first"), [(False, True), (True, False)])
@every_forge
def test_a_stack_merged_by_its_top_is_approved_there(team, is_fast_forward, newest_first):
    """The forge also marks those below as merged, by the same commit, and lists them in any order."""
    hosted, base = team.start().hosted, team.git.tip("main")
    numbers = []
    for name, below in zip(("bottom", "middle", "top"), ("main", "bottom", "middle"), strict=True):
        team.git.move(name, team.git.tip(below), None)
        hosted.commit(name, {FILE: config(name)}, f"Set {name}\n", "mia")
        numbers.append(hosted.open_pull(head=name, base="main", title=name, body="", by="mia").number)
    *lower, top = numbers
    hosted.review(top, "lou")
    team.fast_forward(top, "kit") if is_fast_forward else hosted.merge(top, "kit", "merge")
    merged, listed = hosted.pull(top), hosted.listed
    for pull in map(hosted.pull, lower):
        pull.landed = merged.landed & {merged.merge_sha, *team.git.shas(base, pull.head_sha)}
        pull.commits = team.git.log("--topo-order", f"{base}..{pull.head_sha}", "--")
        for field in ("state", "closed_at", "merged_at", "updated_at", "merged_by", "merge_sha"):
            setattr(pull, field, getattr(merged, field))
        pull.method = Method.MERGE  # their own branches are not rebased
    hosted.listed = lambda: sorted(listed(), key=lambda pull: pull.number, reverse=newest_first)
    assert set(team.final_verdicts()) == {ApprovalStatus.APPROVED}
    assert {record.pull.number for record in team.judgements} == {top}


@pytest.mark.parametrize("team", ["gitlab"], indirect=True)
def test_a_merge_train_is_approved(team):
    number = team.start().propose(config(2), config(3), config(4))
    team.hosted.review(number, "lou")
    team.merge_another()
    team.merge_by_train(number, "kit")
    assert team.final_verdicts() == [ApprovalStatus.APPROVED] * 4


def test_a_file_that_the_forge_adds_to_a_renamed_directory_is_what_was_approved(team):
    files = {f"apps/old/{name}.yaml": config(name) for name in "abcd"}
    team.hosted.commit("main", files, "Old\n", "mia")
    number = team.start().propose(path="apps/old/new.yaml")
    team.hosted.review(number, "lou")
    renamed = {path.replace("old", "shiny"): content for path, content in files.items()}
    base = team.hosted.commit("main", dict.fromkeys(files) | renamed, "Rename\n", "mia")
    git, mia, head = team.git, team.hosted.person("mia"), team.hosted.pull(number).head_sha
    tree = git.run("-c", "merge.directoryRenames=false", "merge-tree", "--write-tree", base, head).strip()
    squashed = git.commit_tree(tree, [base], "Squash\n", author=mia, committer=mia, at=team.clock.tick())
    team.push_merge(number, squashed, "kit", landed=[squashed])
    assert team.final_verdicts() == [ApprovalStatus.DIRECT, ApprovalStatus.APPROVED]


def test_a_rewritten_history_is_reported(team):
    number = team.start().propose()
    team.hosted.review(number, "lou")
    team.merge(number)
    assert team.final_verdicts() == [ApprovalStatus.APPROVED]
    git = team.git
    git.run("update-ref", "refs/heads/main", git.commit(git.tip("main")).parents[0])
    team.record_commits()
    assert [alert.newest.verdict for alert in team.alerts()] == [ApprovalStatus.REWRITTEN]  # before any review
    assert team.final_verdicts() == [ApprovalStatus.APPROVED, ApprovalStatus.REWRITTEN]
    team.hosted.commit("main", {FILE: config(4)}, "Else\n", "mia")
    team.final_verdicts()
    assert set(team.verdicts) == {
        ApprovalStatus.APPROVED,
        ApprovalStatus.REWRITTEN,
        ApprovalStatus.DIRECT,
    }


def test_without_a_forge_only_a_rewrite_is_reported_for_a_week(team):
    team.start()
    team.reviewer._ports = replace(team.ports, forges={})
    first = team.git.tip("main")
    team.hosted.commit("main", {FILE: config(9)}, "Push\n", "mia")
    team.final_verdicts()
    team.git.run("update-ref", "refs/heads/main", first)
    assert team.final_verdicts() == [ApprovalStatus.UNKNOWN, ApprovalStatus.REWRITTEN]
    pushed, rewrite = team.judgements
    assert (pushed.why, rewrite.why) == (LocalizedText(texts.NO_FORGE), None)
    assert [alert.reported for alert in team.alerts()] == [(rewrite,)] == [(*team.ports.store.approvals.unsettled(),)]
    team.review(timedelta(days=7))
    assert team.alerts() == []


@every_forge
def test_a_rewrite_reports_what_changed_between_the_heads_and_who_pushed_it(team):
    """Lou returns to a commit by mia that changed nothing, and so removes kit's change."""
    first = team.hosted.commit("main", {"README.md": "1"}, "Words\n", "mia")
    team.start()
    removed = team.hosted.commit("main", {FILE: config(2)}, "Raise a\n", "kit")
    team.final_verdicts()

    def move(old, new, by):
        team.git.move("main", new, old)
        team.hosted.pushed("main", old, new, by)
        team.final_verdicts()
        return [record for record in team.judgements if record.verdict is ApprovalStatus.REWRITTEN][-1]

    rewrite = move(removed, first, "lou")
    assert (rewrite.sha, rewrite.parent, rewrite.applications) == (first, removed, ("shop",))
    assert [(commit.sha, commit.author) for commit in rewrite.removed.commits] == [(removed, "Kit")]
    assert (rewrite.added.commits, rewrite.why) == ((), None)
    assert "limit" in rewrite.diff
    reports_pushes = team.kind.kind in ("github", "gitlab")
    assert rewrite.pushed_by == ("lou" if reports_pushes else None)
    move(first, removed, "kit")
    assert move(removed, first, "mia").pushed_by is None, "the forge could have reported only the first rewrite yet"


def test_a_rewrite_of_commits_that_are_gone_may_affect_every_application(team):
    team.start()
    gone, head = "0123456789" * 4, team.git.tip("main")
    assert team.ports.store.approvals.advance("press", head, gone, [])
    assert team.reviewer.record_commits("press", gone, head)
    (rewrite,) = team.judgements
    assert (rewrite.applications, rewrite.removed, rewrite.why.phrase) == (("shop",), None, texts.MOVED_UNKNOWN)


def test_a_commit_that_reaches_the_branch_again_keeps_its_earlier_verdict(team):
    """It is pushed directly, removed, merged by an approved pull request, removed again, and pushed again."""
    git, first = team.start().git, team.git.tip("main")
    sha = team.hosted.commit("main", {FILE: config(2)}, "Raise a\n", "mia")
    team.final_verdicts()
    git.run("update-ref", "refs/heads/main", first)
    team.final_verdicts()
    git.move("topic", sha, None)
    number = team.hosted.open_pull(head="topic", base="main", title="Raise a", body="", by="mia").number
    team.hosted.review(number, "lou")
    team.merge(number, "merge")
    merged = git.tip("main")
    for tip in (merged, first, sha):
        git.run("update-ref", "refs/heads/main", tip)
        team.final_verdicts()
    team.review(timedelta(hours=1))
    pushed, rewritten, approved = ApprovalStatus.DIRECT, ApprovalStatus.REWRITTEN, ApprovalStatus.APPROVED
    verdicts = [(judgement.sha, judgement.verdict) for judgement in team.judgements]
    assert verdicts == [(sha, pushed), (first, rewritten), (merged, approved), (first, rewritten), (sha, approved)]
    assert len(team.alerts()) == 3


def test_old_commits_are_not_judged_and_a_restart_judges_nothing_twice(team):
    team.start()
    assert team.final_verdicts() == []
    team.hosted.commit("main", {FILE: config(9)}, "Push\n", "mia")
    team.record_commits()
    team.start()
    assert team.final_verdicts() == [ApprovalStatus.DIRECT]
    before = team.judgements
    team.start()
    team.record_commits()
    team.review()
    assert team.judgements == before


def test_the_commits_of_a_branch_that_is_configured_later_are_not_judged(team):
    team.git.move("production", team.start().git.tip("main"), None)
    team.hosted.commit("main", {FILE: config(2)}, "Push\n", "mia")
    team.final_verdicts()
    team.hosted.commit("production", {FILE: config(3)}, "Old\n", "mia")
    assert team.start(branch="production").final_verdicts() == [ApprovalStatus.DIRECT]
    team.hosted.commit("production", {FILE: config(4)}, "New\n", "mia")
    team.final_verdicts()
    assert [(record.branch, record.subject) for record in team.judgements] == [("main", "Push"), ("production", "New")]
    assert team.start(branch="production").verdicts == [ApprovalStatus.DIRECT] * 2


def test_commits_fetched_under_another_name_of_the_repository_are_kept(team):
    """Everything was fetched into the quarantine, and again after a restart."""
    store = team.start().ports.store
    head = team.hosted.commit("main", {FILE: config(9)}, "Push\n", "mia")
    team.reviewer.record_commits("press", store.approvals.head("press"), head)
    assert team.repository().commit(head).sha == head


# ---------------------------------------------------------------- what takes time


def test_a_lagging_forge_is_given_time(team):
    number = team.start().propose()
    team.hosted.review(number, "lou")
    team.merge(number)
    team.hosted.lag = True
    team.record_commits()
    team.review()
    assert team.verdicts == [ApprovalStatus.UNKNOWN]
    team.hosted.lag = False
    team.review(timedelta(minutes=1))
    assert team.verdicts == [ApprovalStatus.APPROVED]


def test_a_merge_that_the_forge_reports_late_is_approved_even_if_a_direct_push_follows(team):
    number = team.start().propose()
    team.hosted.review(number, "lou")
    team.merge(number)
    pushed = team.hosted.commit("main", {OTHER: "x: 9\n"}, "Push\n", "mia")
    team.hosted.lag = True
    assert team.final_verdicts() == [ApprovalStatus.DIRECT] * 2
    team.hosted.lag = False
    team.review(timedelta(hours=1))
    assert team.verdicts == [ApprovalStatus.APPROVED, ApprovalStatus.DIRECT]
    (alert,) = team.alerts()
    assert [commit.sha for commit in alert.commits] == [pushed]


def test_an_unavailable_forge_makes_the_verdict_unknown(team):
    team.start()
    team.hosted.commit("main", {FILE: config(9)}, "Push\n", "mia")
    team.record_commits()
    team.sandbox.faults.down = True
    team.review()
    team.review(timedelta(hours=3))
    (unknown,) = team.judgements
    assert (unknown.verdict, collect_alerts([unknown])) == (ApprovalStatus.UNKNOWN, [])
    assert "503" in str(unknown.why)
    assert "GitHub devolvió 503" in Translator(Language.SPANISH).localize(unknown.why)
    team.sandbox.faults.down = False
    team.review(timedelta(hours=1))
    assert [(judgement.verdict, judgement.why) for judgement in team.judgements] == [(ApprovalStatus.DIRECT, None)]


@pytest.mark.parametrize("is_running", [True, False], ids=["the forge is down", "the bot is stopped"])
def test_a_commit_is_reviewed_however_late(team, is_running):
    team.start()
    team.hosted.commit("main", {FILE: config(9)}, "Push\n", "mia")
    team.record_commits()
    team.sandbox.faults.down = is_running
    team.review(timedelta(seconds=5))
    if is_running:
        team.review(timedelta(days=8))
        team.sandbox.faults.down = False
    team.clock.advance(timedelta(days=8))
    team.start()
    team.review()
    team.review(timedelta(hours=1))
    assert [[commit.verdict for commit in alert.commits] for alert in team.alerts()] == [[ApprovalStatus.DIRECT]]


# ---------------------------------------------------------------- floods and failures


@pytest.fixture
def asked(team, monkeypatch):
    """The subjects of the commits whose pull request the forge was asked for; it fails for those in `failing`."""
    asked = Asked()
    look_up = batch._pull_request

    def counted(forge, record, parents):
        asked.append(record.subject)
        if record.subject in asked.failing:
            raise ForgeError("It sent too much.")
        return look_up(forge, record, parents)

    monkeypatch.setattr(batch, "_pull_request", counted)
    return asked


class Asked(list):
    failing = ()


def test_a_flood_of_commits_is_judged_with_few_lookups(team, asked, monkeypatch):
    monkeypatch.setattr(review, "MAX_LOOKUPS", 9)
    monkeypatch.setattr(batch, "_MAX_REPEATED", 2)
    team.start()
    for number in range(8):
        team.hosted.commit("main", {FILE: config(number)}, f"{number}\n", "mia")
    assert team.final_verdicts() == [ApprovalStatus.UNKNOWN] * 8  # the limit of the hour is reached
    team.review(timedelta(hours=1))
    assert (team.verdicts, len(team.alerts())) == ([ApprovalStatus.DIRECT] * 8, 1)
    assert asked == [*"76543210", "6", "5", "7"]
    asked.clear()
    team.review(timedelta(hours=1))
    assert asked == ["7", "6"]


@pytest.mark.parametrize(("failing", "is_forced"), [((), False), (("0",), False), ((), True)])
def test_checks_of_old_commits_do_not_delay_a_new_one(team, asked, monkeypatch, failing, is_forced):
    """Even if it arrives when they have used up their half of the limit, and the review of one of them fails."""
    team.start()
    asked.failing = failing
    for number in range(6):
        team.hosted.commit("main", {FILE: config(number)}, f"{number}\n", "mia")
    team.final_verdicts()
    monkeypatch.setattr(review, "MAX_LOOKUPS", 20)
    team.start()
    asked.clear()
    for _ in range(20):
        team.review(timedelta(minutes=1))
    assert len(asked) in range(5, 11)
    if is_forced:
        team.git.run("update-ref", "refs/heads/main", team.git.commit(team.git.tip("main")).parents[0])
    team.hosted.commit("main", {FILE: config(9)}, "New\n", "mia")
    team.final_verdicts()
    verdicts = {
        record.subject: record.verdict for record in team.judgements if record.id != record.batch or not is_forced
    }
    assert verdicts["New"] is ApprovalStatus.DIRECT
    assert [alert.newest.subject for alert in team.alerts()][-1] == "New"


def test_slow_reviews_take_turns(team, asked, monkeypatch):
    """A pass that takes too long ends, and the next one starts with what has waited longest."""
    team.start()
    for subject in "abc":
        team.hosted.commit("main", {FILE: config(subject)}, f"{subject}\n", "mia")
        team.final_verdicts()
    asked.clear()
    # Each lookup takes longer than a pass may.
    monkeypatch.setattr(review, "time", SimpleNamespace(monotonic=lambda: len(asked) * (review.PASS_SECONDS + 1)))
    for _ in range(3):
        team.review(timedelta(hours=1))
    assert sorted(asked) == ["a", "b", "c"]


def test_other_branches_do_not_delay_the_configured_one(team, asked, monkeypatch):
    """Somebody else's application may track them."""
    monkeypatch.setattr(review, "MAX_LOOKUPS", 9)
    monkeypatch.setattr(review, "MAX_OTHER_LOOKUPS", 9)
    team.start()
    team.git.move("scratch", team.git.tip("main"), None)
    key = RepositoryRef("press", TargetRevision("scratch")).key
    team.record_commits_of(key)
    for number in range(9):
        team.hosted.commit("scratch", {FILE: config(number)}, f"{number}\n", "mia")
    team.record_commits_of(key)
    team.clock.advance(GRACE)
    team.hosted.commit("main", {FILE: config(9)}, "Main\n", "mia")
    team.final_verdicts()
    assert len(asked) == 11
    assert [alert.newest.subject for alert in team.alerts()] == ["Main"]


def test_commits_that_are_too_many_to_review_are_reported(team, monkeypatch):
    monkeypatch.setattr(review, "MAX_COMMITS", 2)
    team.start()
    first = team.git.tip("main")
    shas = [team.hosted.commit("main", {FILE: config(number)}, f"{number}\n", "mia") for number in range(5)]
    assert team.final_verdicts() == [ApprovalStatus.TOO_MANY, *[ApprovalStatus.DIRECT] * 2]
    unreviewed, pushed = team.alerts()
    assert (unreviewed.newest.parent, unreviewed.newest.sha, unreviewed.applications) == (first, shas[2], ("shop",))
    assert [commit.sha for commit in pushed.commits] == shas[3:]


@pytest.mark.parametrize("fault", ["down", "rate limit"])
def test_commits_that_cannot_be_reviewed_are_reported_and_hide_no_others(team, asked, fault):
    """The time when the forge answers no requests does not count."""
    faults = team.sandbox.faults
    asked.failing = {f"Heavy {number}" for number in range(5)}
    team.start()
    for subject in ("Direct", *sorted(asked.failing)):
        team.hosted.commit("main", {FILE: config(subject)}, f"{subject}\n", "mia")
    team.final_verdicts()
    for _ in range(3):
        team.review(timedelta(minutes=2))
    if fault == "down":
        faults.down = True
    else:
        faults.rate_limited_until = team.clock() + timedelta(minutes=50)
    team.review(timedelta(minutes=5))
    faults.down, faults.rate_limited_until = False, None
    team.review(timedelta(hours=1))
    assert team.verdicts == [ApprovalStatus.DIRECT, *[ApprovalStatus.UNKNOWN] * 5]
    for _ in range(4):
        team.review(timedelta(hours=1))
    assert team.verdicts == [ApprovalStatus.DIRECT, *[ApprovalStatus.FAILED] * 5]
    assert [alert.newest.why for alert in team.alerts()] == [
        None,
        *["It sent too much."] * 3,
    ]  # at most three fail in one review
    asked.failing = ()
    for _ in range(2):
        team.review(timedelta(hours=1))
    assert team.verdicts == [ApprovalStatus.DIRECT] * 6


def test_a_long_diff_leaves_out_commits_that_turned_out_to_be_approved(team, monkeypatch):
    team.start()
    for name in "abc":
        content = as_yaml(config_map(name, **{f"key-{number}": "value" for number in range(200)}))
        team.hosted.commit("main", {f"apps/shop/{name}.yaml": content}, f"Add {name}\n", "mia")
    team.final_verdicts()
    store = team.ports.store
    middle = store.approvals.unsettled()[1]
    store.approvals.save([replace(middle, verdict=ApprovalStatus.APPROVED)], settled=())
    (alert,) = team.alerts()
    store.cards.save(approval_key(alert, ALERTS), Posted(ALERTS, "1.2", "", team.clock()))
    upload = Mock()
    monkeypatch.setattr(team.ports.chat, "upload", upload)
    team.reviewer.share_diffs(lambda _: Translator(Language.ENGLISH))
    assert [name for name in "abc" if f"{name}.yaml" in upload.call_args.kwargs["content"]] == ["a", "c"]


def test_a_long_diff_is_shared_once_in_each_thread_of_an_alert(team, monkeypatch):
    """A thread can move to another channel."""
    team.start()
    content = as_yaml(config_map("a", **{f"key-{number}": "value" for number in range(200)}))
    team.hosted.commit("main", {FILE: content}, "Add a\n", "mia")
    team.final_verdicts()
    (alert,) = team.alerts()
    upload = Mock()
    monkeypatch.setattr(team.ports.chat, "upload", upload)
    for channel in (ALERTS, ALERTS, DEPLOYS, DEPLOYS):
        card = Posted(channel, f"1.{channel}", "", team.clock())
        team.ports.store.cards.save(approval_key(alert, ALERTS), card)
        team.reviewer.share_diffs(lambda _: Translator(Language.ENGLISH))
    shared = [(call.args[0], call.kwargs["thread"]) for call in upload.call_args_list]
    assert shared == [(channel, f"1.{channel}") for channel in (ALERTS, DEPLOYS)]


@pytest.mark.parametrize("request_", ["approvals", "commits"])
def test_pull_requests_that_cannot_be_reviewed_are_all_reported(team, monkeypatch, request_):
    """The forge sends too much, or not all commits."""
    team.start()
    for content in range(4):
        number = team.propose(config(content))
        team.hosted.review(number, "kit")
        team.merge(number)
        team.git.run("update-ref", "-d", "refs/heads/topic")

    def too_much(_):
        raise ForgeError("It sent too much.")

    answer = {"approvals": too_much, "commits": lambda _: ()}[request_]
    monkeypatch.setattr(team.ports.forges["press"], request_, answer)
    team.final_verdicts()
    for _ in range(3):
        team.review(timedelta(hours=1))
    assert team.verdicts == [ApprovalStatus.FAILED] * 4


@pytest.mark.parametrize("failing", ["First of three", "Second of three", "Last of three"])
def test_a_rebase_is_judged_as_a_whole(team, asked, failing):
    """While the lookup of one of its commits fails, the others only seem to differ from the pull request."""
    team.start().git.move("topic", team.git.tip("main"), None)
    for order in ("First", "Second", "Last"):
        team.hosted.commit("topic", {FILE: config(order)}, f"{order} of three\n", "mia")
    number = team.hosted.open_pull(head="topic", base="main", title="Raise a", body="", by="mia").number
    team.hosted.review(number, "lou")
    team.merge(number, "rebase")
    asked.failing = {failing}
    assert set(team.final_verdicts()) <= {ApprovalStatus.UNKNOWN, ApprovalStatus.APPROVED}
    asked.failing = ()
    team.review(timedelta(minutes=2))
    assert team.verdicts == [ApprovalStatus.APPROVED] * 3


def test_a_pull_request_beside_a_commit_whose_lookup_fails_is_reported(team, asked):
    asked.failing = {"Heavy"}
    team.start()
    team.hosted.commit("main", {OTHER: "x: 9\n"}, "Heavy\n", "mia")
    number = team.propose()
    team.hosted.review(number, "lou")
    team.merge(number)
    team.tamper(number)
    assert team.final_verdicts() == [ApprovalStatus.UNKNOWN] * 2
    for _ in range(2):
        team.review(timedelta(hours=1))
    assert team.verdicts == [ApprovalStatus.FAILED] * 2
    assert len(team.alerts()) == 2
    asked.failing = ()
    team.review(timedelta(hours=1))
    assert team.verdicts == [ApprovalStatus.DIRECT, ApprovalStatus.TAMPERED]


@pytest.mark.parametrize("verdict", [ApprovalStatus.BYPASSED, ApprovalStatus.STALE])
def test_a_later_approval_is_recorded(team, verdict):
    """That by a bot isn't."""
    number = team.start().propose()
    if verdict is ApprovalStatus.STALE:
        team.hosted.review(number, "lou")
        team.hosted.commit("topic", {FILE: config(3)}, "Raise more\n", "mia")
    team.merge(number)
    assert team.final_verdicts() == [verdict]
    pull = team.hosted.pulls[number]
    pull.state = "open"  # GitHub takes reviews of what is merged
    for approver, later in (("github-actions[bot]", ()), ("lou", ("lou",))):
        team.hosted.review(number, approver)
        team.review(timedelta(hours=1))
        (judgement,) = team.judgements
        assert (judgement.verdict, judgement.later) == (verdict, later)
    pull.state = "closed"
    (alert,) = team.alerts()
    assert alert.approved_later_by == ("lou",)
    team.ports.store.settle(alert)
    assert team.ports.store.approvals.unsettled() == []


# ---------------------------------------------------------------- what is asked for


@pytest.mark.parametrize("team", ["gitlab"], indirect=True)
def test_a_self_approval_does_not_count(team):
    """GitLab can be told to let authors approve; GitHub and Bitbucket never do."""
    number = team.start().propose()
    team.hosted.review(number, "kit")
    review = team.hosted.pulls[number].reviews.pop()
    team.hosted.pulls[number].reviews.append(replace(review, by="mia"))
    team.merge(number)
    assert team.final_verdicts() == [ApprovalStatus.SELF]


BOTS = {"gitlab": "project_7_bot_0123abcd"}


@every_forge
def test_an_approval_by_a_bot_does_not_count(team):
    number = team.start().propose()
    team.hosted.review(number, BOTS.get(team.kind.kind, "github-actions[bot]"))
    team.merge(number)
    assert team.final_verdicts() == [ApprovalStatus.INELIGIBLE]
    assert [str(judgement.approvers) for judgement in team.judgements] == ["()"]


def test_an_approval_by_an_account_without_write_access_does_not_count(team):
    """Everyone can review pull requests of a public repository."""
    team.hosted.readers = {"stranger"}
    number = team.start().propose()
    team.hosted.review(number, "stranger")
    team.merge(number)
    assert team.final_verdicts() == [ApprovalStatus.INELIGIBLE]


def test_an_approver_whose_access_cannot_be_read_makes_the_verdict_unknown(team, monkeypatch):
    number = team.start().propose()
    team.hosted.review(number, "lou")
    team.merge(number)

    def forbidden(*_):
        raise GithubException(403, {"message": "Must have push access to view collaborator permission."}, {})

    with monkeypatch.context() as patched:
        patched.setattr(Repository, "get_collaborator_permission", forbidden)
        assert team.final_verdicts() == [ApprovalStatus.UNKNOWN]
    assert "does not allow the bot to check whether lou can approve" in str(team.judgements[0].why)
    team.review(timedelta(hours=1))
    assert team.verdicts == [ApprovalStatus.APPROVED]


def test_an_approval_with_another_account_of_the_author_does_not_count(team):
    number = team.start(people={"Mia": "U0MIA00001", "mia-2": "U0MIA00001"}).propose()
    team.hosted.review(number, "mia-2")
    team.merge(number)
    assert team.final_verdicts() == [ApprovalStatus.SELF]


def test_two_accounts_of_one_person_are_one_approval(team):
    number = team.start(required=2, people={"lou": "U0LOU00001", "lou-2": "U0LOU00001"}).propose()
    for login in ("lou", "lou-2"):
        team.hosted.review(number, login)
    team.merge(number)
    assert team.final_verdicts() == [ApprovalStatus.TOO_FEW]


@pytest.mark.parametrize(
    ("when", "withdrawal", "verdict"),
    [
        ("before the merge", "DISMISSED", ApprovalStatus.BYPASSED),
        ("after the merge", "DISMISSED", ApprovalStatus.APPROVED),
        ("before the merge", "CHANGES_REQUESTED", ApprovalStatus.BYPASSED),
        ("after the merge", "CHANGES_REQUESTED", ApprovalStatus.APPROVED),
    ],
)
def test_an_approval_counts_if_it_was_in_force_at_the_merge(team, when, withdrawal, verdict):
    number = team.start().propose()
    review = team.hosted.review(number, "lou")
    reviews = team.hosted.pulls[number].reviews
    if when == "after the merge":
        team.clock.advance(timedelta(minutes=1))
        team.merge(number)
        team.clock.advance(timedelta(minutes=1))
    if withdrawal == "DISMISSED":
        reviews[:] = [replace(review, state=withdrawal, dismissed_at=team.clock())]
    else:
        reviews.append(replace(review, id=review.id + 1, state=withdrawal, at=team.clock()))
    if when == "before the merge":
        team.clock.advance(timedelta(minutes=1))
        team.merge(number)
    assert team.final_verdicts() == [verdict]


def test_two_can_be_required(team):
    number = team.start(required=2).propose()
    team.hosted.review(number, "lou")
    team.merge(number)
    assert team.final_verdicts() == [ApprovalStatus.TOO_FEW]


AUTOMATION = {"automation": [{"actor": "updater", "paths": ["apps/*/a.yaml"]}], "grace": "2m"}


@pytest.mark.parametrize("team", ["github", "gitlab"], indirect=True)
@pytest.mark.parametrize(
    ("by", "path", "verdict"),
    [
        ("updater", FILE, ApprovalStatus.AUTOMATION),
        ("updater", OTHER, ApprovalStatus.DIRECT),
        ("mia", FILE, ApprovalStatus.DIRECT),
    ],
)
def test_automation_is_recognized_by_account_and_path(team, by, path, verdict):
    team.sandbox.add_person("updater", "Updater", "mia@paper.example")
    team.start(**AUTOMATION)
    team.hosted.commit("main", {path: config(9)}, "Update images\n", by)
    assert team.final_verdicts() == [verdict]


def test_a_pull_request_that_automation_merges_needs_an_approval_even_if_the_forge_lags(team, monkeypatch):
    """Until the forge reports the pull request, the automation seems to have pushed the change."""
    monkeypatch.setattr(batch, "_MAX_REPEATED", 1)
    team.sandbox.add_person("updater", "Updater", "updater@paper.example")
    number, before = team.start(**AUTOMATION).propose(config("evil")), team.git.tip("main")
    team.hosted.merge(number, "updater", "squash")
    team.hosted.pushed("main", before, team.git.tip("main"), "updater")
    team.hosted.commit("main", {FILE: config(9)}, "Push\n", "mia")
    team.hosted.lag = True
    team.record_commits()
    team.review()
    team.hosted.lag = False
    team.review(GRACE)
    assert team.verdicts == [ApprovalStatus.UNKNOWN, ApprovalStatus.DIRECT]
    team.review(timedelta(minutes=1))
    assert team.verdicts == [ApprovalStatus.BYPASSED, ApprovalStatus.DIRECT]


def test_automation_needs_an_approval_to_merge_what_someone_pushed(team):
    """Pushed before the automation's `git pull`, and between two polls, so that no other commit is reviewed for it."""
    team.sandbox.add_person("updater", "Updater", "updater@paper.example")
    team.start(**AUTOMATION)
    git, base = team.git, team.git.tip("main")
    pushed = team.hosted.commit("main", {FILE: config("evil")}, "Raise a\n", "mia")
    updater, at = team.hosted.person("updater"), team.clock.tick()
    own = git.import_commit("own", base, {"apps/web/a.yaml": "x: 1\n"}, "Update\n", author=updater, at=at)
    parents = [own, pushed]
    merge = git.commit_tree(git.merged_tree(*parents), parents, "Merge\n", author=updater, committer=updater, at=at)
    git.move("main", merge, pushed)
    team.hosted.pushed("main", pushed, merge, "updater")
    assert team.final_verdicts() == [ApprovalStatus.AUTOMATION, ApprovalStatus.DIRECT]


@pytest.mark.parametrize("attack", [None, "commit", "merge"])
@every_forge
def test_automation_is_allowed_only_what_it_pushed_itself(team, attack):
    """Someone else's commit in its pull request needs an approval, even with the automation as the author."""
    team.sandbox.add_person("updater", "Updater", "updater@paper.example")
    is_cloud = team.kind.kind == "bitbucket"
    automation = {"actor": "557058:updater" if is_cloud else "updater", "paths": ["apps/shop/*"]}
    number = team.start(automation=[automation], grace="2m").propose(config(2), by="updater")
    if attack == "commit":  # the first parent of a fast-forward
        git, head, base = team.git, team.git.tip("topic"), team.git.tip("main")
        author = team.hosted.person("tom" if is_cloud else "updater")
        at = team.clock.tick()
        forged = git.import_commit("forged", base, {OTHER: "x: evil\n"}, "Update\n", author=author, at=at)
        tree = git.merged_tree(forged, head)
        merge = git.commit_tree(tree, [forged, head], "Merge\n", author=author, committer=author, at=at)
        git.move("topic", merge, head)
        team.hosted.pushed("topic", head, merge, "tom")
        assert team.hosted.pull(number)
    team.merge(number)
    if attack == "merge":
        team.tamper(number)
    expected = {"commit": ApprovalStatus.BYPASSED, "merge": ApprovalStatus.TAMPERED}
    assert team.final_verdicts() == [expected.get(attack, ApprovalStatus.AUTOMATION)]


@every_forge
def test_an_approval_by_someone_who_contributed_does_not_count(team):
    number = team.start().propose()
    team.hosted.commit("topic", {FILE: config("evil")}, "Sneak in\n", "lou")
    assert team.hosted.pull(number)
    team.hosted.review(number, "lou")
    team.merge(number)
    assert team.final_verdicts() == [ApprovalStatus.SELF]


@pytest.mark.parametrize("login", ["lou", "Lou"])
def test_an_approval_by_whoever_requested_the_pull_request_does_not_count(team, login):
    slack_users = {login: "U0LOU00001"}
    number = team.start(people=slack_users).propose(by="gitops-bot")
    pull = team.ports.forges["press"].get_pull_request(number)
    lou = Requester("U0LOU00001", "Lou", ALERTS, Origin.COMMAND, Translator(Language.ENGLISH))
    track(team.ports, pull, "press", requester=lou, what="", applications=(), channel=ALERTS)
    team.hosted.review(number, "lou")
    for users, approvers in (({}, ("lou",)), (slack_users, ())):
        poll(team.ports, users)
        assert [tracked.approved_by for tracked in team.ports.store.pull_requests.unsettled()] == [approvers]
    team.merge(number)
    repository, forge = team.ports.repositories["press"], team.ports.forges["press"]
    merged = repository.commit(repository.fetch())
    assert read_people(team.ports, repository, forge, merged, slack_users)[1].approvers == ()  # before the review
    assert team.final_verdicts() == [ApprovalStatus.SELF]


def test_an_authors_name_and_address_prove_nothing(team):
    team.sandbox.add_person("updater", "Updater", "updater@paper.example")
    team.start(**AUTOMATION)
    git = team.git
    forged = git.import_commit(
        "main",
        git.tip("main"),
        {FILE: config(9)},
        "Update images\n",
        author=Person("", "Updater", "updater@paper.example"),
        at=team.clock(),
    )
    team.hosted.pushed("main", "", forged, "mia")
    assert team.final_verdicts() == [ApprovalStatus.DIRECT]


def test_a_branch_that_only_an_application_tracks_is_reviewed_too(team):
    team.start()
    team.git.move("release", team.git.tip("main"), None)
    key = RepositoryRef("press", TargetRevision("release")).key
    team.record_commits_of(key)
    team.hosted.commit("release", {FILE: config(9)}, "Raise a\n", "mia")
    team.record_commits_of(key)
    team.review()
    team.review(GRACE + timedelta(seconds=1))
    (judgement,) = team.judgements
    assert (judgement.repository, judgement.verdict) == ("press@release", ApprovalStatus.DIRECT)


def test_alerts_can_be_turned_off(team):
    team.start(alert=False)
    first = team.git.tip("main")
    team.hosted.commit("main", {FILE: config(9)}, "Push\n", "mia")
    assert team.final_verdicts() == [ApprovalStatus.DIRECT]
    team.git.run("update-ref", "refs/heads/main", first)
    assert team.final_verdicts() == [ApprovalStatus.DIRECT, ApprovalStatus.REWRITTEN]
    assert team.alerts() == []


def test_an_approval_for_another_branch_does_not_count(team):
    """Its commits pushed here are a push, whoever approved them there."""
    team.start()
    team.hosted.commit("release", {OTHER: "x: 9\n"}, "Release\n", "lou")
    team.git.move("topic", team.git.tip("main"), None)
    sha = team.hosted.commit("topic", {FILE: config(2)}, "Raise a\n", "mia")
    number = team.hosted.open_pull(head="topic", base="release", title="There", body="", by="mia").number
    team.hosted.review(number, "kit")
    team.hosted.merge(number, "kit", "merge")
    team.git.run("update-ref", "refs/heads/main", sha)
    team.hosted.pushed("main", "", sha, "mia")
    assert team.final_verdicts() == [ApprovalStatus.DIRECT]


def test_a_head_that_cannot_be_fetched_leaves_the_content_unverified(team):
    number = team.start().propose()
    team.hosted.review(number, "lou")
    team.merge(number)
    git = team.git
    git.run("update-ref", "-d", "refs/heads/topic")
    git.run("update-ref", "-d", f"refs/pull/{number}/head")
    git.run("gc", "--quiet", "--prune=now")
    assert team.final_verdicts() == [ApprovalStatus.APPROVED]
    assert not team.judgements[0].verified


ENDLESS, KILLED = "while :; do :; done", "kill -9 $$"


@pytest.fixture
def merges(tmp_path, monkeypatch):
    """The merges that git was asked for. The shell commands replace those whose arguments match the pattern."""
    calls, shim = tmp_path / "merges", tmp_path / "shim/git"
    shim.parent.mkdir()
    calls.touch()
    git, path = shutil.which("git"), os.environ["PATH"]

    def start(instead=ENDLESS, pattern="*"):
        case = f'case "$*" in merge-tree{pattern}) echo "$@" >> {calls}; {instead};; esac'
        shim.write_text(f'#!/bin/sh\n{case}\nexec {git} "$@"\n', "utf-8")
        shim.chmod(0o755)
        monkeypatch.setenv("PATH", f"{shim.parent}:{path}")
        monkeypatch.setattr(bounds, "MERGE_SECONDS", 1)
        return lambda: len(calls.read_text("utf-8").splitlines())

    return start


@pytest.mark.parametrize("method", ["merge", "squash"])
@pytest.mark.parametrize(("approver", "verdict"), [(None, ApprovalStatus.BYPASSED), ("lou", ApprovalStatus.FAILED)])
def test_an_endless_merge_delays_no_verdict(team, merges, approver, verdict, method):
    """Only an approved pull request is merged, and only once: that it can't be verified is reported."""
    number = team.start().propose()
    if approver:
        team.hosted.review(number, approver)
    team.hosted.commit("main", {OTHER: "x: 9\n"}, "Push\n", "mia")
    team.merge(number, method)
    team.tamper(number)
    count = merges()
    assert team.final_verdicts() == [ApprovalStatus.DIRECT, verdict]
    needed = 0 if method == "merge" and not approver else 1
    assert (count(), [judgement.verified for judgement in team.judgements]) == (needed, [False, False])
    why = LocalizedText(texts.TOO_LARGE_TO_VERIFY) if approver else None
    assert [alert.newest.why for alert in team.alerts()] == [None, why]
    team.hosted.pulls[number].state = "open"  # GitHub takes reviews of what is merged
    team.hosted.review(number, "kit")
    team.hosted.pulls[number].state = "merged"
    for _ in range(3):
        team.review(timedelta(hours=1))
    assert team.verdicts == [ApprovalStatus.DIRECT, verdict]
    assert not any(alert.approved_later_by for alert in team.alerts())
    assert count() == 1


def test_a_merge_that_is_killed_is_tried_again(team, merges):
    """Somebody stopped it, or the kernel had no memory left: that says nothing about the pull request."""
    number = team.start().propose()
    team.hosted.review(number, "lou")
    team.merge(number, "merge")
    merges(KILLED)
    assert team.final_verdicts() == [ApprovalStatus.UNKNOWN]
    assert "killed by signal 9" in str(team.judgements[0].why)
    merges("", "-none")
    team.review(timedelta(minutes=2))
    assert [(record.verdict, record.verified) for record in team.judgements] == [(ApprovalStatus.APPROVED, True)]


def test_content_that_could_not_be_verified_is_not_approved_after_a_restart(team, merges):
    number = team.start().propose()
    team.hosted.review(number, "lou")
    team.merge(number, "squash")
    merges()
    assert team.final_verdicts() == [ApprovalStatus.FAILED]
    shutil.rmtree(team.folder / "mirrors", ignore_errors=True)
    for ref in ("heads/topic", f"pull/{number}/head"):
        team.git.run("update-ref", "-d", f"refs/{ref}")
    team.git.run("gc", "--quiet", "--prune=now")
    team.start()
    assert not team.ports.repositories["press"].fetch_commit(team.hosted.pulls[number].head_sha)
    team.review(timedelta(hours=1))
    team.sandbox.faults.down = True
    team.review(timedelta(hours=1))
    team.sandbox.faults.down = False
    team.review(timedelta(hours=1))
    reported = [(record.verdict, record.why) for record in team.judgements]
    assert reported == [(ApprovalStatus.FAILED, LocalizedText(texts.TOO_LARGE_TO_VERIFY))]
    assert not any(alert.approved_later_by for alert in team.alerts())


def test_a_rebase_that_is_too_large_to_verify_is_not_reported_as_different(team, merges):
    """Some forges link only its last commit to it."""
    base = team.start().git.tip("main")
    number = team.propose(config(2), config(3), config(4))
    team.hosted.review(number, "lou")
    team.merge(number, "rebase")
    pull = team.hosted.pulls[number]
    pull.landed = frozenset({pull.merge_sha})
    merges(pattern=f"*{base}?{pull.head_sha}")
    pushed = [ApprovalStatus.DIRECT] * 2
    assert team.final_verdicts() == [*pushed, ApprovalStatus.FAILED]
    merges("", "-none")
    team.start()  # forgets which merges are too large
    for _ in range(2):
        team.review(timedelta(hours=1))
    assert team.verdicts == [ApprovalStatus.APPROVED] * 3


def test_the_head_of_a_deleted_branch_is_fetched_by_its_ref(team):
    number = team.start().propose()
    team.hosted.review(number, "lou")
    team.merge(number)
    team.git.run("update-ref", "-d", "refs/heads/topic")
    assert team.final_verdicts() == [ApprovalStatus.APPROVED]
    assert team.judgements[0].verified

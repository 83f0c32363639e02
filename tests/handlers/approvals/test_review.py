"""Who approved what reached the tracked branch: real git, and every forge's own API over HTTP."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import yaml
from slack_sdk import WebClient

from bot import build
from bot.config.load import load
from bot.core.approvals.approval import ApprovalStatus, collect_alerts
from bot.core.git.repository_ref import RepositoryRef
from bot.core.git.target_revision import TargetRevision
from bot.handlers.approvals.review import ApprovalReviewer
from bot.handlers.rendering.manifest_cache import ManifestCache
from bot.sandbox.forge import GITHUB, SandboxForge
from bot.sandbox.forge.bitbucket import BITBUCKET
from bot.sandbox.forge.bitbucket_server import BITBUCKET_SERVER
from bot.sandbox.forge.git import Person
from bot.sandbox.forge.gitlab import GITLAB
from bot.sandbox.forge.merge import WEB
from bot.sandbox.server import Server

CONFIG = "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: a}}\ndata: {{limit: '{}'}}\n"
FILE, OTHER = "apps/shop/a.yaml", "apps/shop/b.yaml"
KINDS = {
    "github": (GITHUB, "paper/press", "GITHUB_TOKEN", "/api/v3"),
    "gitlab": (GITLAB, "paper/press", "GITLAB_TOKEN", "/api/v4"),
    "bitbucket": (BITBUCKET, "paper/press", "BITBUCKET_TOKEN", "/2.0"),
    "bitbucket-server": (BITBUCKET_SERVER, "PAPER/press", "BITBUCKET_TOKEN", "/rest/api/latest"),
}
GRACE = timedelta(minutes=2)


class Desk:
    """A forge with a repository, and the bot that judges it; time passes when a test says so."""

    def __init__(self, kind, folder):
        self.kind = kind
        self.folder = folder
        self.now = datetime.now(UTC).replace(microsecond=0)
        self.dialect, self.name, self.token, self.api = KINDS[kind]
        self.sandbox = SandboxForge(folder / "forge", self._tick, self.dialect)
        for login in ("mia", "kit", "lou"):
            self.sandbox.add_person(login, login.title(), f"{login}@paper.example")
        self.hosted = self.sandbox.create_repository(self.name, first_number=7)
        self.hosted.commit("main", {FILE: CONFIG.format(1), OTHER: "x: 1\n"}, "First\n", "mia")
        self.url = ""

    def _tick(self):
        self.now += timedelta(seconds=1)
        return self.now

    def start(self, **approvals):
        """The bot, as configured; the first look of one that is new judges nothing."""
        settings = {
            "slack": {"channel": "C0DEFAULT1"},
            "repositories": {
                "press": {
                    "url": f"{self.url}{self.dialect.git}/{self.name}.git",
                    "forge": {"kind": self.kind, "repository": self.name, "api_url": f"{self.url}{self.api}"},
                    "approvals": approvals,
                }
            },
            "clusters": {},
            "applications": {
                "shop": {"repository": "press", "path": "apps/shop", "cluster": "prod", "namespace": "shop"},
            },
            "mirrors": str(self.folder / "mirrors"),
            "store": f"sqlite:///{self.folder}/state.db",
        }
        settings["clusters"]["prod"] = {"kubeconfig": str(self.folder / "kubeconfig")}
        (self.folder / "kubeconfig").write_text("")
        path = self.folder / "config.yaml"
        path.write_text(yaml.safe_dump(settings))
        config = load(path, {self.token: self.sandbox.token})
        del config.clusters["prod"]  # nothing here looks at one
        self.ports = build.ports(config, WebClient(), lambda: self.now)
        self.judge = ApprovalReviewer(
            self.ports,
            {name: each.approvals for name, each in config.repositories.items()},
            config.applications,
            ManifestCache(),
            "C0DEFAULT1",
        )
        self.note()
        return self

    def note(self):
        self.judge.note("press", self.ports.repositories["press"].fetch())

    def look(self, after=timedelta()):
        self.now += after
        self.judge.look()

    def all(self):
        return list(self.ports.store.approvals.since())

    def judged(self):
        """The verdicts on all that is new, once the forge has had its time."""
        self.note()
        self.look()
        self.look(GRACE + timedelta(seconds=1))
        return [each.verdict for each in self.all()]

    # -------------------------------------------------------- what people do

    def propose(self, *contents, by="mia", path=FILE):
        """A pull request with a commit for each of these contents."""
        self.hosted.git.move("topic", self.hosted.git.tip("main"), None)
        for content in contents or (CONFIG.format(2),):
            self.hosted.commit("topic", {path: content}, f"Change {path}\n", by)
        return self.hosted.open_pull(head="topic", base="main", title="Raise a", body="", by=by).number

    def meanwhile(self):
        """Somebody else's pull request, approved and merged while ours is open."""
        self.hosted.git.move("other", self.hosted.git.tip("main"), None)
        self.hosted.commit("other", {OTHER: "x: 2\n"}, "Other\n", "lou")
        number = self.hosted.open_pull(head="other", base="main", title="Other", body="", by="lou").number
        self.hosted.review(number, "kit")
        self.hosted.merge(number, "kit", "merge")

    def merge(self, number, method="squash"):
        self.hosted.merge(number, "kit", method)

    def tamper(self, number, method):
        """What the forge itself merged is put in place of: the same parents and message, and another content."""
        pull = self.hosted.pull(number)
        git = self.hosted.git
        merged = git.commit(git.tip("main"))
        evil = git.import_commit(
            "evil", merged.sha, {FILE: CONFIG.format("evil")}, "x", author=Person("", "x", "x@x"), at=self.now
        )
        tampered = git.commit_tree(
            git.commit(evil).tree, merged.parents, merged.message, author=WEB, committer=WEB, at=self.now
        )
        git.move("main", tampered, merged.sha)
        pull.merge_sha = tampered
        pull.landed = (pull.landed - {merged.sha}) | {tampered}
        git.run("update-ref", "-d", "refs/heads/evil")


@pytest.fixture(params=KINDS)
def desk(request, tmp_path):
    made = Desk(request.param, tmp_path)
    with Server(made.sandbox.app) as server:
        made.url = server.url
        yield made
        made.ports.store.close()


@pytest.fixture
def github(tmp_path):
    made = Desk("github", tmp_path)
    with Server(made.sandbox.app) as server:
        made.url = server.url
        yield made
        made.ports.store.close()


@pytest.fixture
def gitlab(tmp_path):
    made = Desk("gitlab", tmp_path)
    with Server(made.sandbox.app) as server:
        made.url = server.url
        yield made
        made.ports.store.close()


# ---------------------------------------------------------------- every forge


@pytest.mark.parametrize("method", ["merge", "squash", "rebase"])
def test_what_the_forge_merged_of_an_approved_pull_request_is_approved(desk, method):
    number = desk.start().propose(CONFIG.format(2), CONFIG.format(3))
    desk.meanwhile()
    desk.hosted.review(number, "lou")
    desk.merge(number, method)
    assert set(desk.judged()) == {ApprovalStatus.APPROVED}
    newest = desk.all()[-1]
    assert (newest.approvers, newest.verified, newest.pull.number, newest.applications) == (
        ("lou",),
        True,
        number,
        ("shop",),
    )
    assert desk.ports.store.approvals.unsettled() == []


@pytest.mark.parametrize("method", ["merge", "squash", "rebase"])
def test_what_was_changed_on_the_way_is_not(desk, method):
    number = desk.start().propose(CONFIG.format(2), CONFIG.format(3))
    desk.hosted.review(number, "lou")
    desk.merge(number, method)
    desk.tamper(number, method)
    # GitLab rebases the branch itself: what landed is its head, and another one than was approved.
    told = ApprovalStatus.STALE if (desk.kind, method) == ("gitlab", "rebase") else ApprovalStatus.TAMPERED
    assert desk.judged()[-1] is told


def test_a_direct_push_is_none_and_is_told_once(desk):
    desk.start()
    sha = desk.hosted.commit("main", {FILE: CONFIG.format(9)}, "Raise a (#7)\n", "mia")
    assert desk.judged() == [ApprovalStatus.DIRECT]
    (alert,) = collect_alerts(desk.ports.store.approvals.unsettled())
    assert (alert.newest.sha, alert.channels, alert.applications) == (sha, ("C0DEFAULT1",), ("shop",))
    assert "+data: {limit: '9'}" in alert.newest.diff
    assert alert.newest.pushed_by == ("mia" if desk.kind in {"github", "gitlab"} else None)


def test_a_branch_that_only_an_application_tracks_is_reviewed_too(github):
    github.start()
    github.hosted.git.move("release", github.hosted.git.tip("main"), None)
    key = RepositoryRef("press", TargetRevision("release")).key
    repository = github.ports.repositories[key]
    github.judge.note(key, repository.fetch())
    github.hosted.commit("release", {FILE: CONFIG.format(9)}, "Raise a\n", "mia")
    github.judge.note(key, repository.fetch())
    github.look()
    github.look(GRACE + timedelta(seconds=1))
    (judgement,) = github.all()
    assert (judgement.repository, judgement.verdict) == ("press@release", ApprovalStatus.DIRECT)


def test_a_pull_request_merged_without_an_approval(desk):
    desk.merge(desk.start().propose())
    assert desk.judged() == [ApprovalStatus.BYPASSED]


def test_a_final_head_that_nobody_approved(desk):
    number = desk.start().propose()
    desk.hosted.review(number, "lou")
    desk.hosted.commit("topic", {FILE: CONFIG.format("sneaked in")}, "Sneak in\n", "mia")
    assert desk.hosted.pull(number)
    desk.merge(number)
    assert desk.judged() == [ApprovalStatus.STALE]


def test_a_branch_brought_up_to_date_after_its_approval_stays_approved(desk):
    """The forge's own button merges the base into it, which changes nothing of what was seen."""
    number = desk.start().propose()
    desk.hosted.review(number, "lou")
    desk.meanwhile()
    git = desk.hosted.git
    base, head = git.tip("main"), git.tip("topic")
    tree = git.merged_tree(head, base)
    updated = git.commit_tree(tree, [head, base], "Update branch\n", author=WEB, committer=WEB, at=desk.now)
    git.move("topic", updated, head)
    assert desk.hosted.pull(number).head_sha == updated
    desk.merge(number)
    assert desk.judged() == [ApprovalStatus.APPROVED, ApprovalStatus.APPROVED]


def test_a_history_that_was_rewritten_is_an_alarm_of_its_own(desk):
    number = desk.start().propose()
    desk.hosted.review(number, "lou")
    desk.merge(number)
    assert desk.judged() == [ApprovalStatus.APPROVED]
    git = desk.hosted.git
    git.run("update-ref", "refs/heads/main", git.commit(git.tip("main")).parents[0])
    assert desk.judged() == [ApprovalStatus.APPROVED, ApprovalStatus.REWRITTEN]
    desk.hosted.commit("main", {FILE: CONFIG.format(4)}, "Else\n", "mia")
    desk.judged()
    assert {each.verdict for each in desk.all()} == {
        ApprovalStatus.APPROVED,
        ApprovalStatus.REWRITTEN,
        ApprovalStatus.DIRECT,
    }


def test_the_first_look_judges_nothing_and_a_restart_nothing_twice(desk):
    desk.start()
    assert desk.judged() == []
    desk.hosted.commit("main", {FILE: CONFIG.format(9)}, "Push\n", "mia")
    desk.note()
    desk.ports.store.close()
    desk.start()
    assert desk.judged() == [ApprovalStatus.DIRECT]
    before = desk.all()
    desk.ports.store.close()
    desk.start()
    desk.note()
    desk.look()
    assert desk.all() == before


# ---------------------------------------------------------------- what takes time


def test_a_forge_whose_association_lags_is_waited_for(github):
    number = github.start().propose()
    github.hosted.review(number, "lou")
    github.merge(number)
    github.hosted.lag = True
    github.note()
    github.look()
    assert [each.verdict for each in github.all()] == [ApprovalStatus.UNKNOWN]
    github.hosted.lag = False
    github.look(timedelta(minutes=1))
    assert [each.verdict for each in github.all()] == [ApprovalStatus.APPROVED]


def test_a_forge_that_is_silent_makes_it_unknown_for_as_long_as_it_is(desk):
    desk.start()
    desk.hosted.commit("main", {FILE: CONFIG.format(9)}, "Push\n", "mia")
    desk.note()
    desk.sandbox.faults.down = True
    desk.look()
    desk.look(timedelta(hours=3))
    (unknown,) = desk.all()
    assert (unknown.verdict, collect_alerts([unknown])) == (ApprovalStatus.UNKNOWN, [])
    assert "503" in unknown.why
    desk.sandbox.faults.down = False
    desk.look(timedelta(hours=1))
    assert [(each.verdict, each.why) for each in desk.all()] == [(ApprovalStatus.DIRECT, None)]


def test_an_approval_that_comes_later_is_seen(github):
    number = github.start().propose()
    github.merge(number)
    assert github.judged() == [ApprovalStatus.BYPASSED]
    pull = github.hosted.pulls[number]
    pull.state = "open"  # GitHub takes reviews of what is merged
    github.hosted.review(number, "lou")
    pull.state = "closed"
    github.look(timedelta(hours=1))
    (told,) = github.all()
    assert (told.verdict, told.later) == (ApprovalStatus.BYPASSED, ("lou",))
    (alert,) = collect_alerts(github.ports.store.approvals.unsettled())
    assert alert.approved_later_by == ("lou",)
    github.ports.store.settle(alert.id)
    assert github.ports.store.approvals.unsettled() == []


# ---------------------------------------------------------------- what is asked for


def test_one_s_own_approval_counts_for_nothing(gitlab):
    """GitLab can be told to let authors approve; GitHub and Bitbucket never do."""
    number = gitlab.start().propose()
    gitlab.hosted.review(number, "kit")
    review = gitlab.hosted.pulls[number].reviews.pop()
    gitlab.hosted.pulls[number].reviews.append(replace(review, by="mia"))
    gitlab.merge(number)
    assert gitlab.judged() == [ApprovalStatus.SELF]


def test_two_can_be_required(desk):
    number = desk.start(required=2).propose()
    desk.hosted.review(number, "lou")
    desk.merge(number)
    assert desk.judged() == [ApprovalStatus.TOO_FEW]


AUTOMATION = {"automation": [{"actor": "updater", "paths": ["apps/*/a.yaml"]}], "grace": "2m"}


@pytest.mark.parametrize("kind", ["github", "gitlab"])
@pytest.mark.parametrize(
    ("by", "path", "verdict"),
    [
        ("updater", FILE, ApprovalStatus.AUTOMATION),
        ("updater", OTHER, ApprovalStatus.DIRECT),
        ("mia", FILE, ApprovalStatus.DIRECT),
    ],
)
def test_automation_is_known_by_its_account_and_its_paths(request, kind, by, path, verdict):
    desk = request.getfixturevalue(kind)
    desk.sandbox.add_person("updater", "Updater", "mia@paper.example")
    desk.start(**AUTOMATION)
    desk.hosted.commit("main", {path: CONFIG.format(9)}, "Update images\n", by)
    assert desk.judged() == [verdict]


def test_an_author_s_name_and_address_prove_nothing(github):
    github.sandbox.add_person("updater", "Updater", "updater@paper.example")
    github.start(**AUTOMATION)
    git = github.hosted.git
    forged = git.import_commit(
        "main",
        git.tip("main"),
        {FILE: CONFIG.format(9)},
        "Update images\n",
        author=Person("", "Updater", "updater@paper.example"),
        at=github.now,
    )
    github.hosted.pushed("main", "", forged, "mia")
    assert github.judged() == [ApprovalStatus.DIRECT]


def test_no_alert_where_none_is_wanted(github):
    github.start(alert=False)
    github.hosted.commit("main", {FILE: CONFIG.format(9)}, "Push\n", "mia")
    assert github.judged() == [ApprovalStatus.DIRECT]
    assert collect_alerts(github.ports.store.approvals.unsettled()) == []


def test_a_pull_request_into_another_branch_brings_nothing_to_this_one(github):
    """Its commits pushed here are a push, whoever approved them there."""
    github.start()
    github.hosted.commit("release", {OTHER: "x: 9\n"}, "Release\n", "lou")
    github.hosted.git.move("topic", github.hosted.git.tip("main"), None)
    sha = github.hosted.commit("topic", {FILE: CONFIG.format(2)}, "Raise a\n", "mia")
    number = github.hosted.open_pull(head="topic", base="release", title="There", body="", by="mia").number
    github.hosted.review(number, "kit")
    github.hosted.merge(number, "kit", "merge")
    github.hosted.git.run("update-ref", "refs/heads/main", sha)
    github.hosted.pushed("main", "", sha, "mia")
    assert github.judged() == [ApprovalStatus.DIRECT]


def test_a_head_that_is_not_to_be_had_leaves_the_content_unverified(github):
    number = github.start().propose()
    github.hosted.review(number, "lou")
    github.merge(number)
    git = github.hosted.git
    git.run("update-ref", "-d", "refs/heads/topic")
    git.run("update-ref", "-d", f"refs/pull/{number}/head")
    git.run("gc", "--quiet", "--prune=now")
    assert github.judged() == [ApprovalStatus.APPROVED]
    assert not github.all()[0].verified


def test_a_head_whose_branch_is_gone_is_fetched_by_its_name(github):
    number = github.start().propose()
    github.hosted.review(number, "lou")
    github.merge(number)
    github.hosted.git.run("update-ref", "-d", "refs/heads/topic")
    assert github.judged() == [ApprovalStatus.APPROVED]
    assert github.all()[0].verified

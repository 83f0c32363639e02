"""Every row of what `/gitops revert` is asked and answers, on real repositories; the forge is one in memory."""

import random
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.adapters.git.repository import GitRepository
from bot.core.access.permission import Denied, Granted, Rule
from bot.core.applications.application import Application
from bot.core.git.commit import PullRequest
from bot.core.git.repository_ref import RepositoryRef
from bot.core.pull_requests.change_ref import PullNumber, Sha, parse_change_ref
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
    RevertRequest,
    RootCommit,
    Unfinished,
)
from bot.handlers.pull_requests.revert import revert
from bot.handlers.rendering.manifest_cache import ManifestCache
from bot.ports.forge import ForgeError

WEB = "apps/shop/web.yaml"
HOME = "https://github.com/acme/platform"


class Pulls:
    """A forge in memory, `ports.Forge`: pull requests by number, and which commits each brought."""

    def __init__(self, source) -> None:
        self.source = source
        self.pulls: dict[int, PullRequest] = {}
        self.bodies: dict[int, str] = {}
        self.brought: dict[str, int] = {}
        self.fault: ForgeError | None = None
        self._lock = threading.Lock()

    def merged(self, *, how: str, branch: str, title: str, base: str = "main") -> PullRequest:
        """Merge a branch of the source as the forge would."""
        git = self.source.git
        tip = self.source.sha(branch)
        commits = git("rev-list", f"{base}..{branch}").split()
        git("switch", "-q", base)
        number = len(self.pulls) + 1
        before = self.source.sha()
        match how:
            case "merge":
                git(
                    "merge",
                    "-q",
                    "--no-ff",
                    "-m",
                    f"Merge pull request #{number} from acme/{branch}\n\n{title}",
                    branch,
                )
            case "squash":
                git("merge", "-q", "--squash", branch)
                git("commit", "-q", "-m", f"{title} (#{number})\n\n{git('log', '-1', '--format=%b', branch)}")
            case "rebase":
                git("cherry-pick", "--allow-empty", f"{base}..{branch}")
        landed = git("rev-list", "--first-parent", f"{before}..HEAD").split()
        pull = PullRequest(
            number, title, f"{HOME}/pull/{number}", "ana", "merged", base, branch, tip, merge_sha=self.source.sha()
        )
        self.pulls[number] = pull
        self.brought |= dict.fromkeys([*commits, *landed], number)
        return pull

    def close(self, number: int) -> None:
        self.pulls[number] = replace(self.pulls[number], state="closed")

    def get_pull_request(self, number):
        return self.pulls.get(number)

    def pull_request_for(self, sha):
        return self.pulls.get(self.brought.get(sha, 0))

    def approvals(self, number):
        return []

    def find_pull_request(self, head):
        found = [pull for pull in self.pulls.values() if pull.head == head]
        return max(found, key=lambda pull: (pull.state == "open", pull.number), default=None)

    def open_pull_requests(self, head_prefix=""):
        return [p for p in self.pulls.values() if p.state == "open" and p.head.startswith(head_prefix)]

    def create_pull_request(self, *, head, base, title, body):
        with self._lock:
            if self.fault:
                raise self.fault
            for pull in self.pulls.values():
                if pull.head == head and pull.state == "open":
                    return pull
            number = len(self.pulls) + 1
            sha = self.source.sha(f"refs/heads/{head}")
            self.pulls[number] = PullRequest(number, title, f"{HOME}/pull/{number}", "bot", "open", base, head, sha)
            self.bodies[number] = body
            return self.pulls[number]

    def commit_url(self, sha):
        return f"{HOME}/commit/{sha}"


class Desk:
    """One team's whole set-up, and the command."""

    def __init__(self, source, tmp_path: Path) -> None:
        self.source = source
        self.source.commit("First", {WEB: "replicas: 1\n", "apps/api/api.yaml": "replicas: 1\n"})
        self.forge = Pulls(self.source)
        self.mirrors = tmp_path / "mirrors"
        self.repository = self.replica("one")
        self.rendered = ManifestCache()
        self.permit = lambda _names: Granted()
        self.applications = [
            Application(name, RepositoryRef("platform"), f"apps/{name}", "prod", name, "C1") for name in ("shop", "api")
        ]

    def replica(self, name: str) -> GitRepository:
        return GitRepository("platform", str(self.source.path), "main", self.mirrors / name)

    def ask(self, text: str, repository: GitRepository | None = None, **answers: object):
        request = RevertRequest("Ana", parse_change_ref(text), **answers)
        chosen = repository or self.repository
        return revert(
            request,
            repository=chosen,
            forge=self.forge,
            applications=self.applications,
            permit=self.permit,
            manifest_cache=self.rendered,
        )

    def branches(self) -> list[str]:
        refs = self.source.git("for-each-ref", "--format=%(refname:lstrip=2)", "refs/heads/gitops-bot/")
        return refs.split()


@pytest.fixture
def desk(source, tmp_path):
    return Desk(source, tmp_path)


# ------------------------------------------------------------ what is opened


def test_an_application_that_the_change_does_not_touch_is_refused(desk):
    sha = desk.source.commit("Raise it", {WEB: "replicas: 2\n"})
    refused = desk.ask(sha, application="api")
    assert isinstance(refused, Refused)
    assert "does not affect api; it affects shop" in refused.reason
    assert desk.branches() == []
    assert isinstance(desk.ask(sha, application="shop"), Opened)


def test_a_plain_commit(desk):
    bad = desk.source.commit("Scale web", {WEB: "replicas: 9\n"})
    head = desk.source.commit("Other", {"apps/api/api.yaml": "replicas: 2\n"})
    opened = desk.ask(bad[:8])
    assert isinstance(opened, Opened)
    assert (opened.files, opened.applications, opened.already_undone) == ((WEB,), ("shop",), ())
    assert opened.pull.title == 'Revert "Scale web"'
    assert (opened.pull.base, opened.pull.head) == ("main", f"gitops-bot/revert-{bad[:12]}")
    branch = opened.pull.head
    assert desk.source.sha(f"{branch}^") == head == desk.source.sha("main")
    assert desk.source.show(branch, WEB) == "replicas: 1"
    assert desk.source.show(branch, "apps/api/api.yaml") == "replicas: 2"
    message = desk.source.git("log", "-1", "--format=%B", branch)
    assert message == f'Revert "Scale web"\n\nThis reverts commit {bad}.\n\nRequested in Slack by Ana.'
    assert "`shop` on `prod` (namespace `shop`)" in desk.forge.bodies[opened.pull.number]


def test_the_newest_commit(desk):
    bad = desk.source.commit("Scale web", {WEB: "replicas: 9\n"})
    opened = desk.ask(bad)
    assert desk.source.sha(f"{opened.pull.head}^{{tree}}") == desk.source.sha("main^^{tree}")


@pytest.mark.parametrize("how", ["squash", "merge", "rebase"])
@pytest.mark.parametrize("by", ["sha", "number", "url"])
def test_a_pull_request_of_one_commit_however_it_was_merged_and_is_named(desk, how, by):
    desk.source.branch("topic")
    desk.source.commit("Scale web", {WEB: "replicas: 9\n"})
    pull = desk.forge.merged(how=how, branch="topic", title="Scale web a lot")
    desk.source.commit("Other", {"apps/api/api.yaml": "replicas: 2\n"})
    opened = desk.ask({"sha": pull.merge_sha, "number": f"#{pull.number}", "url": pull.url + "/files"}[by])
    assert isinstance(opened, Opened)
    assert opened.target.pull == pull
    assert opened.target.merge == (how == "merge")
    assert opened.pull.title == 'Revert "Scale web a lot"'
    assert opened.pull.head == f"gitops-bot/revert-{pull.merge_sha[:12]}"
    assert desk.source.show(opened.pull.head, WEB) == "replicas: 1"
    message = desk.source.git("log", "-1", "--format=%B", opened.pull.head)
    assert f"This reverts commit {pull.merge_sha}" in message
    assert f"Reverts acme/platform#{pull.number}" in message
    assert desk.forge.bodies[opened.pull.number].startswith(f"Reverts acme/platform#{pull.number}\n")


def test_a_merge_says_how_to_land_it_again(desk):
    desk.source.branch("topic")
    desk.source.commit("Scale web", {WEB: "replicas: 9\n"})
    desk.source.main()
    base = desk.source.sha()
    merge = desk.source.merge("topic")
    opened = desk.ask(merge)
    assert desk.source.git("log", "-1", "--format=%B", opened.pull.head).startswith(
        f'Revert "Merge topic"\n\nThis reverts commit {merge}, reversing\nchanges made to {base}.'
    )
    assert "revert this revert" in desk.forge.bodies[opened.pull.number]


def test_an_octopus_merge_is_undone_against_its_first_parent(desk):
    for name in ("a", "b"):
        desk.source.branch(name)
        desk.source.commit(f"Add {name}", {f"apps/shop/{name}.yaml": "x: 1\n"})
        desk.source.main()
    merge = desk.source.merge("a", "b")
    opened = desk.ask(merge)
    assert opened.files == ("apps/shop/a.yaml", "apps/shop/b.yaml")
    body = desk.forge.bodies[opened.pull.number]
    assert all(desk.source.sha(name)[:12] in body for name in ("a", "b"))
    assert "2 branches" in body


def test_a_rebase_merged_pull_request_is_one_pull_request_of_one_commit(desk):
    desk.source.branch("topic")
    for number in (2, 3, 4):
        desk.source.commit(f"Scale to {number}", {WEB: f"replicas: {number}\n"})
    desk.source.main()
    desk.source.commit("Between", {"docs/x.md": "x"})
    pull = desk.forge.merged(how="rebase", branch="topic", title="Scale web")
    opened = desk.ask(f"#{pull.number}")
    assert [commit.subject for commit in opened.target.commits] == ["Scale to 4", "Scale to 3", "Scale to 2"]
    assert opened.pull.title == 'Revert "Scale web"'
    assert desk.source.git("rev-list", "--count", f"main..{opened.pull.head}") == "1"
    assert desk.source.show(opened.pull.head, WEB) == "replicas: 1"
    assert desk.source.git("log", "-1", "--format=%B", opened.pull.head).count("This reverts commit") == 3


@pytest.mark.parametrize("how", ["merge", "rebase"])
def test_a_commit_that_came_with_others_asks_whether_all_or_only_this(desk, how):
    desk.source.branch("topic")
    desk.source.commit("Scale web", {WEB: "replicas: 9\n"})
    desk.source.commit("Scale api", {"apps/api/api.yaml": "replicas: 9\n"})
    pull = desk.forge.merged(how=how, branch="topic", title="Scale all")
    inner = desk.source.sha("topic^" if how == "merge" else "main^")
    asked = desk.ask(inner)
    assert isinstance(asked, InsidePull)
    assert (asked.commit.sha, asked.whole, asked.pull) == (inner, PullNumber(pull.number), pull)
    assert asked.only_possible
    assert (asked.merge.sha if asked.merge else None) == (pull.merge_sha if how == "merge" else None)
    assert desk.branches() == []
    only = desk.ask(inner, only=True)
    assert only.files == (WEB,)
    whole = desk.ask(str(asked.whole))
    assert whole.files == ("apps/api/api.yaml", WEB)


def test_a_commit_inside_a_merge_without_a_pull_request(desk):
    desk.source.branch("topic")
    inner = desk.source.commit("Scale web", {WEB: "replicas: 9\n"})
    desk.source.main()
    desk.source.commit("Between", {"docs/x.md": "x"})
    merge = desk.source.merge("topic")
    desk.source.commit("After", {"docs/y.md": "y"})
    desk.source.branch("later")
    desk.source.commit("Later", {"docs/z.md": "z"})
    desk.source.main()
    desk.source.merge("later")
    asked = desk.ask(inner)
    assert isinstance(asked, InsidePull)
    assert (asked.merge.sha, asked.whole, asked.pull) == (merge, Sha(merge), None)


def test_a_commit_of_an_unrelated_history_that_was_merged(desk):
    desk.source.git("switch", "-q", "--orphan", "import")
    desk.source.commit("Import root", {"lib/a": "1"})
    inner = desk.source.commit("Import", {"lib/a": "2"})
    desk.source.main()
    desk.source.git("merge", "-q", "--allow-unrelated-histories", "-m", "Import", "import")
    asked = desk.ask(inner)
    assert isinstance(asked, InsidePull)
    assert asked.merge.sha == desk.source.sha()


def test_a_commit_of_a_squashed_pull_request_stands_for_it(desk):
    desk.source.branch("topic")
    inner = desk.source.commit("Scale web", {WEB: "replicas: 9\n"})
    pull = desk.forge.merged(how="squash", branch="topic", title="Scale web")
    asked = desk.ask(inner)
    assert isinstance(asked, InsidePull)
    assert (asked.whole, asked.only_possible) == (PullNumber(pull.number), False)


def test_a_merge_of_main_into_a_branch_is_not_undone_by_itself(desk):
    desk.source.branch("topic")
    desk.source.commit("Topic", {WEB: "replicas: 9\n"})
    desk.source.main()
    desk.source.commit("Others' work", {"docs/x.md": "x"})
    desk.source.git("switch", "-q", "topic")
    update = desk.source.merge("main")
    desk.source.main()
    desk.source.merge("topic")
    asked = desk.ask(update, only=True)
    assert isinstance(asked, InsidePull)
    assert not asked.only_possible


def test_a_linear_range_is_one_pull_request(desk):
    since = desk.source.sha()
    shas = [desk.source.commit(f"Scale to {n}", {WEB: f"replicas: {n}\n"}) for n in (2, 3, 4)]
    desk.source.commit("Other", {"docs/x.md": "x"})
    opened = desk.ask(f"{since[:8]}..{shas[-1][:8]}")
    assert isinstance(opened, Opened)
    assert opened.pull.title == 'Revert 3 commits up to "Scale to 4"'
    assert desk.source.show(opened.pull.head, WEB) == "replicas: 1"
    assert desk.source.show(opened.pull.head, "docs/x.md") == "x"


def test_a_range_across_merges_is_asked_about(desk):
    since = desk.source.sha()
    desk.source.commit("Scale web", {WEB: "replicas: 2\n"})
    desk.source.branch("topic")
    desk.source.commit("Topic", {"apps/api/api.yaml": "replicas: 2\n"})
    desk.source.main()
    merge = desk.source.merge("topic")
    until = desk.source.commit("Scale web more", {WEB: "replicas: 3\n"})
    asked = desk.ask(f"{since}..{until}")
    assert isinstance(asked, AcrossMerges)
    assert (asked.commits, [commit.sha for commit in asked.merges]) == (3, [merge])
    opened = desk.ask(asked.text, through_merges=True)
    assert desk.source.sha(f"{opened.pull.head}^{{tree}}") == desk.source.sha(f"{since}^{{tree}}")


def test_a_range_that_is_none_is_refused_in_words(desk):
    one = desk.source.sha()
    two = desk.source.commit("Two", {WEB: "replicas: 2\n"})
    assert "contains no commits" in desk.ask(f"{two}..{two}").reason
    assert f"Did you mean {one}..{two}?" in desk.ask(f"{two}..{one}").reason
    desk.source.branch("topic")
    topic = desk.source.commit("Topic", {"docs/x.md": "x"})
    assert isinstance(desk.ask(f"{one}..{topic}"), NotOnBranch)
    desk.source.main()
    three = desk.source.commit("Three", {WEB: "replicas: 3\n"})
    desk.source.merge("topic")
    assert "different branches" in desk.ask(f"{topic}..{three}").reason
    assert "came in through a merge" in desk.ask(f"{topic}..{desk.source.sha()}").reason
    assert desk.branches() == []


def test_a_revert_of_a_revert_lands_the_change_again(desk):
    bad = desk.source.commit("Scale web", {WEB: "replicas: 9\n"})
    first = desk.ask(bad)
    pull = desk.forge.merged(how="merge", branch=first.pull.head, title=first.pull.title)
    again = desk.ask(f"#{pull.number}")
    assert isinstance(again, Opened)
    assert again.target.reapplies
    assert again.pull.title == 'Reapply "Scale web"'
    assert desk.source.show(again.pull.head, WEB) == "replicas: 9"
    assert "the original change comes back" in desk.forge.bodies[again.pull.number]
    plain = desk.ask(desk.source.sha("main^2"), only=True)
    assert desk.source.git("log", "-1", "--format=%s", plain.pull.head) == 'Reapply "Scale web"'


def test_a_change_partly_undone_says_what_had_been(desk):
    bad = desk.source.commit("Scale both", {WEB: "replicas: 9\n", "apps/api/api.yaml": "replicas: 9\n"})
    desk.source.commit("Put web back", {WEB: "replicas: 1\n"})
    opened = desk.ask(bad)
    assert (opened.files, opened.already_undone) == (("apps/api/api.yaml",), (WEB,))


def test_a_commit_by_an_image_updater_warns_that_it_comes_back(desk):
    who = "argocd-image-updater <noreply@argoproj.io>"
    bad = desk.source.commit("Update image", {WEB: "image: web:2\n"}, author=who)
    opened = desk.ask(bad)
    assert opened.automation == "Argo CD Image Updater"
    assert "may make it again" in desk.forge.bodies[opened.pull.number]


def test_a_rename_is_undone_together_with_what_was_edited_since(desk):
    bad = desk.source.commit("Rename", {WEB: None, "apps/shop/app.yaml": "replicas: 1\n" + "a: 1\n" * 20})
    desk.source.git("reset", "-q", "--hard", "HEAD^")
    desk.source.commit("Long", {WEB: "replicas: 1\n" + "a: 1\n" * 20})
    desk.source.git("mv", WEB, "apps/shop/app.yaml")
    bad = desk.source.commit("Rename", {})
    desk.source.commit("Edit", {"apps/shop/app.yaml": "replicas: 2\n" + "a: 1\n" * 20})
    opened = desk.ask(bad)
    assert set(opened.files) == {WEB, "apps/shop/app.yaml"}
    assert desk.source.show(opened.pull.head, WEB).startswith("replicas: 2")


def test_a_changed_mode_is_put_back(desk):
    (desk.source.path / WEB).chmod(0o755)
    bad = desk.source.commit("Mode", {})
    opened = desk.ask(bad)
    assert desk.source.git("ls-tree", opened.pull.head, WEB).startswith("100644")


def test_line_ends_are_put_back_byte_for_byte(desk):
    bad = desk.source.commit("CRLF", {WEB: b"replicas: 1\r\n"})
    opened = desk.ask(bad)
    assert desk.source.git("diff", "--stat", f"{bad}^", opened.pull.head) == ""


def test_a_submodule_is_put_back_without_being_fetched(desk):
    source = desk.source
    one, two = source.sha(), source.commit("Two", {"docs/x.md": "x"})
    source.git("update-index", "--add", "--cacheinfo", f"160000,{one},vendor")
    source.git("commit", "-q", "-m", "Add vendor")
    source.git("update-index", "--add", "--cacheinfo", f"160000,{two},vendor")
    source.git("commit", "-q", "-m", "Move vendor")
    opened = desk.ask(source.sha())
    assert opened.files == ("vendor",)
    assert one in source.git("ls-tree", opened.pull.head, "vendor")


# ------------------------------------------------------------ what is not


def test_without_a_forge_there_are_no_pull_requests(desk):
    desk.forge = None
    answer = desk.ask("#1")
    assert isinstance(answer, Refused)
    assert "no forge" in answer.reason
    assert not desk.mirrors.exists()


def test_a_page_of_another_repository_is_refused(desk):
    answer = desk.ask("https://github.com/evil/platform/pull/1")
    assert answer == Refused(
        "That URL points to github.com/evil/platform, but platform is configured as github.com/acme/platform."
    )


def test_an_unknown_sha_or_number_is_not_found(desk):
    assert desk.ask("0123456789") == NotFound("There is no commit 0123456789 in platform.")
    assert desk.ask("#99") == NotFound("There is no pull request #99 in platform.")
    assert "is a tree" in desk.ask(desk.source.sha("HEAD^{tree}")).reason


def test_an_ambiguous_prefix_lists_the_candidates(desk):
    commits = "".join(f"commit refs/heads/many\ncommitter A <a@b> {n} +0000\ndata 0\n\n" for n in range(1, 30_000))
    desk.source.git("fast-import", "--quiet", stdin=commits)
    by_prefix: dict[str, set[str]] = {}
    for sha in desk.source.git("rev-list", "many").split():
        by_prefix.setdefault(sha[:7], set()).add(sha)
    prefix, twins = next((prefix, shas) for prefix, shas in by_prefix.items() if len(shas) > 1)
    answer = desk.ask(prefix)
    assert isinstance(answer, Ambiguous)
    assert {commit.sha for commit in answer.candidates} == twins


def test_a_branch_named_like_a_sha_does_not_win(desk):
    bad = desk.source.commit("Scale web", {WEB: "replicas: 9\n"})
    desk.source.commit("Other", {"docs/x.md": "x"})
    desk.source.git("branch", bad[:8])
    assert desk.ask(bad[:8]).target.last.sha == bad


def test_a_commit_that_is_not_on_the_tracked_branch(desk):
    desk.source.branch("topic")
    topic = desk.source.commit("Topic", {WEB: "replicas: 9\n"})
    desk.source.main()
    answer = desk.ask(topic)
    assert isinstance(answer, NotOnBranch)
    assert (answer.commit.sha, answer.branch, answer.pull) == (topic, "main", None)


def test_a_pull_request_that_did_not_reach_the_tracked_branch(desk):
    desk.source.git("branch", "release")
    desk.source.branch("topic")
    desk.source.commit("Topic", {WEB: "replicas: 9\n"})
    pull = desk.forge.merged(how="merge", branch="topic", title="Topic", base="release")
    assert desk.ask(f"#{pull.number}") == NotOnBranch(None, pull, "main")
    desk.forge.pulls[2] = still_open = replace(pull, number=2, state="open", merge_sha=None)
    assert desk.ask("#2") == PullNotMerged(still_open)


def test_the_first_commit_is_refused(desk):
    assert desk.ask(desk.source.sha()) == RootCommit(desk.repository.commit(desk.source.sha()))


def test_an_empty_commit_changes_no_files(desk):
    empty = desk.source.commit("Trigger the pipeline", {})
    answer = desk.ask(empty)
    assert isinstance(answer, EmptyCommit)
    assert answer.target.last.sha == empty


@pytest.mark.parametrize("how", ["merge", "squash", "rebase"])
def test_what_was_reverted_already_names_the_commit_that_did(desk, how):
    bad = desk.source.commit("Scale web", {WEB: "replicas: 9\n"})
    first = desk.ask(bad)
    desk.forge.merged(how=how, branch=first.pull.head, title=first.pull.title)
    desk.forge.close(first.pull.number)
    answer = desk.ask(bad)
    assert isinstance(answer, AlreadyReverted)
    assert f"This reverts commit {bad}." in answer.by.message
    assert len(desk.branches()) == 1


def test_nothing_left_to_undo_names_the_commit_that_put_it_back(desk):
    bad = desk.source.commit("Scale web", {WEB: "replicas: 9\n"})
    back = desk.source.commit("Back to one", {WEB: "replicas: 1\n"})
    answer = desk.ask(bad)
    assert isinstance(answer, NothingToUndo)
    assert answer.since.sha == back
    assert desk.branches() == []


def test_a_conflict_names_files_later_commits_and_the_commands(desk):
    bad = desk.source.commit("Scale web", {WEB: "replicas: 9\n"})
    later = desk.source.commit("Scale web again", {WEB: "replicas: 12\n"})
    answer = desk.ask(bad)
    assert isinstance(answer, Conflict)
    assert [(file.path, file.kind, [c.sha for c in file.later]) for file in answer.files] == [
        (WEB, "contents", [later])
    ]
    assert f"git revert {bad}" in answer.commands
    assert desk.branches() == []
    assert desk.forge.pulls == {}


def test_modify_delete_and_binary_are_conflicts_and_never_called_undone(desk):
    desk.source.commit("Logo", {"logo.png": b"\0one", "old.yaml": "a: 1\n"})
    bad = desk.source.commit("Bad", {"logo.png": b"\0two", "old.yaml": "a: 2\n"})
    desk.source.commit("Later", {"logo.png": b"\0three", "old.yaml": None})
    answer = desk.ask(bad)
    assert isinstance(answer, Conflict)
    assert {file.path for file in answer.files} == {"logo.png", "old.yaml"}
    assert {file.path: file.kind for file in answer.files}["old.yaml"] == "modify/delete"


def test_a_large_revert_asks_first(desk):
    bad = desk.source.commit("Many", {f"apps/shop/{n}.yaml": f"n: {n}\n" for n in range(501)})
    answer = desk.ask(bad)
    assert isinstance(answer, Confirm)
    assert (len(answer.files), answer.applications) == (501, ("shop",))
    assert desk.branches() == []
    assert isinstance(desk.ask(bad, large=True), Opened)


def test_a_revert_that_touches_many_applications_asks_first(desk):
    desk.applications = [
        Application(f"a{n}", RepositoryRef("platform"), f"apps/a{n}", "prod", "x", "C1") for n in range(6)
    ]
    bad = desk.source.commit("All", {f"apps/a{n}/x.yaml": "x" for n in range(6)})
    answer = desk.ask(bad)
    assert isinstance(answer, Confirm)
    assert len(answer.applications) == 6


def test_a_remote_that_is_gone_is_said(desk):
    desk.source.path.rename(desk.source.path.with_name("moved"))
    answer = desk.ask("0123456789")
    assert isinstance(answer, Refused)
    assert "There is no git repository" in answer.reason


def test_a_remote_that_refuses_the_branch_is_quoted(desk):
    hook = desk.source.path / ".git/hooks/pre-receive"
    hook.write_text("#!/bin/sh\necho 'GH013: Repository rule violations found'\nexit 1\n")
    hook.chmod(0o755)
    answer = desk.ask(desk.source.commit("Scale web", {WEB: "replicas: 9\n"}))
    assert isinstance(answer, Refused)
    assert "a rule protects its branches" in answer.reason


# ------------------------------------------------------------ one pull request


def test_asked_again_it_answers_with_the_open_pull_request(desk):
    bad = desk.source.commit("Scale web", {WEB: "replicas: 9\n"})
    first = desk.ask(bad)
    desk.source.commit("Other", {"docs/x.md": "x"})
    assert desk.ask(bad[:10]) == AlreadyOpen(first.pull)
    assert desk.ask(bad, repository=desk.replica("two")) == AlreadyOpen(first.pull)
    assert len(desk.branches()) == 1


def test_a_branch_of_a_closed_pull_request_is_left_alone(desk):
    bad = desk.source.commit("Scale web", {WEB: "replicas: 9\n"})
    first = desk.ask(bad)
    desk.forge.close(first.pull.number)
    second = desk.ask(bad)
    assert second.pull.head == f"{first.pull.head}-2"
    assert desk.ask(bad) == AlreadyOpen(second.pull)
    desk.forge.close(second.pull.number)
    assert desk.ask(bad).pull.head == f"{first.pull.head}-3"


def test_a_branch_somebody_else_made_under_that_name_is_left_alone(desk):
    bad = desk.source.commit("Scale web", {WEB: "replicas: 9\n"})
    name = f"gitops-bot/revert-{bad[:12]}"
    desk.source.branch(name)
    desk.source.commit("Mine", {"docs/mine.md": "x"})
    desk.source.main()
    assert desk.ask(bad).pull.head == f"{name}-2"


def test_an_open_pull_request_is_the_answer_even_where_a_new_revert_would_conflict(desk):
    bad = desk.source.commit("Scale web", {WEB: "replicas: 9\n"})
    desk.forge.close(desk.ask(bad).pull.number)
    second = desk.ask(bad)
    desk.source.git("branch", "-D", second.pull.head.removesuffix("-2"))
    desk.source.commit("Scale web again", {WEB: "replicas: 12\n"})
    assert desk.ask(bad) == AlreadyOpen(second.pull)


def test_people_on_several_replicas_at_the_same_instant_get_one_pull_request(desk):
    bad = desk.source.commit("Scale web", {WEB: "replicas: 9\n"})
    together = threading.Barrier(4)

    class Racing(GitRepository):
        """Nobody pushes before everybody is about to."""

        def push_commit(self, **commit):
            together.wait(20)
            return super().push_commit(**commit)

    def ask(name: str):
        racing = Racing("platform", str(desk.source.path), "main", desk.mirrors / name)
        return desk.ask(bad, repository=racing)

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(ask, ["one", "one", "two", "three"]))
    assert {type(answer) for answer in answers} <= {Opened, AlreadyOpen}
    assert {answer.pull.number for answer in answers} == {1}
    assert desk.branches() == [f"gitops-bot/revert-{bad[:12]}"]


def test_a_pull_request_the_forge_did_not_open_is_opened_when_asked_again(desk):
    bad = desk.source.commit("Scale web", {WEB: "replicas: 9\n"})
    retry_at = datetime(2026, 11, 20, 21, 0, tzinfo=UTC)
    desk.forge.fault = ForgeError("The forge is rate limited.", retry_at)
    branch = f"gitops-bot/revert-{bad[:12]}"
    assert desk.ask(bad) == Unfinished(branch, "The forge is rate limited.", retry_at)
    desk.forge.fault = None
    pushed = desk.source.sha(branch)
    desk.source.commit("Meanwhile", {"docs/x.md": "x"})
    opened = desk.ask(bad, repository=desk.replica("restarted"))
    assert isinstance(opened, Opened)
    assert desk.branches() == [branch]
    assert desk.source.sha(branch) == pushed


def test_a_branch_that_moves_meanwhile_is_followed(desk):
    bad = desk.source.commit("Scale web", {WEB: "replicas: 9\n"})

    class Busy(GitRepository):
        """Somebody merges whenever the revert is being made."""

        moves = 2

        def merge_trees(self, base, ours, theirs):
            merged = super().merge_trees(base, ours, theirs)
            if self.moves:
                self.moves -= 1
                desk.source.commit(f"Meanwhile {self.moves}", {f"docs/{self.moves}.md": "x"})
            return merged

    busy = Busy("platform", str(desk.source.path), "main", desk.mirrors / "busy")
    opened = desk.ask(bad, repository=busy)
    assert desk.source.sha(f"{opened.pull.head}^") == desk.source.sha("main")
    assert desk.source.git("ls-tree", "--name-only", opened.pull.head, "docs/") == "docs/0.md\ndocs/1.md"
    busy.moves = 1_000
    restless = desk.ask(desk.source.commit("Scale api", {"apps/api/api.yaml": "replicas: 9\n"}), repository=busy)
    assert isinstance(restless, Opened), "a branch that never rests is no reason to give up"


def test_a_change_reverted_meanwhile_is_not_reverted_again(desk):
    bad = desk.source.commit("Scale web", {WEB: "replicas: 9\n"})

    class Raced(GitRepository):
        def merge_trees(self, base, ours, theirs):
            merged = super().merge_trees(base, ours, theirs)
            if ours == bad:
                desk.source.git("revert", "--no-edit", bad)
            return merged

    raced = Raced("platform", str(desk.source.path), "main", desk.mirrors / "raced")
    answer = desk.ask(bad, repository=raced)
    assert isinstance(answer, AlreadyReverted)
    assert answer.by.sha == desk.source.sha("main")


# ------------------------------------------------------------ against git itself


def _history(source, dice: random.Random) -> None:
    """A small history of edits, moves, deletions, modes, binaries and merges."""
    names = [f"d{n % 2}/f{n}" for n in range(4)]
    source.commit("Seed", {name: "".join(f"{line}\n" for line in range(8)) for name in names})
    for step in range(dice.randint(4, 9)):
        merging = dice.random() < 0.25
        if merging:
            source.branch(f"side{step}")
            _edit(source, dice, f"{step}a")
            if dice.random() < 0.5:
                _edit(source, dice, f"{step}b")
            source.main()
            if dice.random() < 0.5:
                _edit(source, dice, f"{step}c")
            source.git("merge", "-q", "--no-ff", "-X", "ours", "-m", f"Merge {step}", f"side{step}", ok=False)
            if source.git("ls-files", "-u"):
                source.git("merge", "--abort")
        else:
            _edit(source, dice, str(step))


def _edit(source, dice: random.Random, label: str) -> None:
    files = source.git("ls-files").splitlines()
    name = dice.choice(files)
    file = source.path / name
    match dice.randint(0, 7):
        case 0 if len(files) > 2:
            source.git("rm", "-q", name)
        case 1:
            source.git("mv", name, f"d{dice.randint(0, 2)}-{label}")
        case 2:
            file.chmod(0o755 if not file.stat().st_mode & 0o100 else 0o644)
        case 3:
            file.write_bytes(bytes([0, dice.randint(0, 255)]))
        case 4:
            file.with_name(f"new{label}").write_text(f"{label}\n" * 3)
        case _:
            lines = file.read_bytes().split(b"\n")
            lines[dice.randrange(len(lines))] = label.encode()
            file.write_bytes(b"\n".join(lines))
    source.git("add", "-A")
    source.git("commit", "-q", "--allow-empty", "-m", f"Edit {label}")


@pytest.mark.parametrize("seed", range(40))
def test_result_and_conflict_agree_with_git_revert(source, tmp_path, seed):
    dice = random.Random(seed)  # noqa: S311  a history to repeat, not a secret
    _history(source, dice)
    repository = GitRepository("fuzz", str(source.path), "main", tmp_path / "mirrors")
    head = repository.fetch()
    candidates = [commit for commit in repository.first_parent(None, head) if commit.parents]
    for commit in dice.sample(candidates, min(3, len(candidates))):
        merged = repository.merge_trees(commit.sha, head, commit.parents[0])
        source.git("checkout", "-q", "--detach", head)
        mainline = ["-m", "1"] if len(commit.parents) > 1 else []
        source.git("revert", "--no-commit", *mainline, commit.sha, ok=False)
        unmerged = {line.partition("\t")[2] for line in source.git("ls-files", "-u").splitlines()}
        assert bool(merged.conflicts) == bool(unmerged), commit.subject
        if not unmerged:
            assert merged.tree == source.git("write-tree"), commit.subject
        else:
            assert unmerged <= set(merged.conflicts), commit.subject
        source.git("reset", "-q", "--hard")
        source.git("revert", "--quit")


@pytest.mark.parametrize("text", ["{both}", "{first}..{both}"])
def test_a_change_to_an_application_that_the_person_may_not_touch_is_not_pushed(desk, text):
    first = desk.source.sha()
    both = desk.source.commit("Both", {WEB: "replicas: 2\n", "apps/api/api.yaml": "replicas: 2\n"})
    asked = []
    rule = Rule("applications.api.revert_allowed", ())

    def permit(names):
        asked.append(tuple(names))
        return Denied(rule) if "api" in names else Granted()

    desk.permit = permit
    assert desk.ask(text.format(first=first, both=both)) == NotPermitted(("shop", "api"), Denied(rule))
    assert asked == [("shop", "api")]
    assert desk.branches() == []
    assert desk.forge.pulls == {}
    web = desk.source.commit("Web", {WEB: "replicas: 3\n"})
    assert isinstance(desk.ask(web), Opened)


def test_a_change_to_no_application_needs_the_right_too(desk):
    readme = desk.source.commit("Words", {"README.md": "Hello\n"})
    rule = Rule("slack.revert_allowed", ())
    desk.permit = lambda names: Granted() if names else Denied(rule)
    assert desk.ask(readme) == NotPermitted((), Denied(rule))

"""What every forge must do, by its real client library over HTTP, with real git behind: one suite for all of them.

What only one of them has is in a file of its own, such as test_github.py.
"""

import logging
import socket
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import orjson
import pytest
from aiohttp import web

from bot.adapters.forges import forge as shared
from bot.adapters.forges import transport
from bot.core.git.commit import Approval
from bot.core.git.commit_check import MAX_CHECKS, CommitChecks
from bot.core.pull_requests.change_ref import PullUrl, parse_change_ref, repository_url
from bot.handlers.contributions import read_approvers, read_contributions
from bot.ports.forge import ForgeError
from bot.ports.git import PushRejectedError, RepositoryError
from bot.sandbox.forge import RefusedError, Token
from bot.sandbox.forge.git import Person
from bot.sandbox.forge.merge import WEB
from bot.sandbox.server import Server
from tests.common.forge import BOT_BRANCH, FORGE_KINDS, RunningForge, approvers, create_pull_request, reads
from tests.common.processes import command_lines

SECRET = "thisIsNotTheRightOne"


class WatchedForge(RunningForge):
    """A forge with a branch of the bot's. It records the command lines that anybody sees while git talks to it."""

    def __init__(self, kind, folder):
        super().__init__(kind, folder)
        self.commit_bot_branch()
        self.command_lines: list[bytes] = []
        self.forks_deleted = False
        self.sandbox.app.middlewares.append(self._watch_processes)

    @web.middleware
    async def _watch_processes(self, request, handler):
        if ".git/" in request.path:
            self.command_lines += command_lines()
        return await handler(request)

    @web.middleware
    async def delete_forks(self, request, handler):
        """With `forks_deleted`, every pull request seems to come from one."""
        response = await handler(request)
        if self.forks_deleted and response.content_type == "application/json":
            answer = orjson.loads(response.body)
            for pull in answer.get("values", [answer]) if isinstance(answer, dict) else answer:
                delete_fork(pull)
            response.body = orjson.dumps(answer)
        return response


def delete_fork(pull):
    """Change a pull request in a response as if its fork no longer existed."""
    if "head" in pull:  # GitHub
        pull["head"]["repo"] = None
    if "source_project_id" in pull:  # GitLab
        pull["source_project_id"] = None
    if "source" in pull:  # https://github.com/jenkinsci/bitbucket-branch-source-plugin/pull/322
        pull["source"] |= {"repository": None, "commit": None}
    if "fromRef" in pull:  # Data Center
        pull["fromRef"]["repository"] = None


@pytest.fixture(params=FORGE_KINDS)
def site(request, tmp_path):
    site = WatchedForge(request.param, tmp_path)
    if request.param == "github":
        request.getfixturevalue("as_github_describes")(site.sandbox.app)
    site.sandbox.app.middlewares.insert(0, site.delete_forks)  # GitHub's description doesn't know of them
    with site.serve():
        yield site


@pytest.fixture
def sandbox(site):
    return site.sandbox


@pytest.fixture
def hosted(site):
    return site.hosted


@pytest.fixture
def forge(site):
    return site.adapter()


@pytest.fixture
def pull(hosted):
    return hosted.open_pull(head=BOT_BRANCH, base="main", title="Raise a", body="", by="mia")


# ---------------------------------------------------------------- reading and writing


def test_a_pull_request_is_opened(forge, hosted):
    pull = create_pull_request(forge)
    assert (pull.number, pull.title, pull.author, pull.state) == (7, "Raise a", "gitops-bot", "open")
    assert (pull.base, pull.head, pull.head_sha) == ("main", BOT_BRANCH, hosted.git.tip(BOT_BRANCH))
    assert (pull.merge_sha, pull.merged_at, pull.merged_by) == (None, None, None)
    assert hosted.pull(7).body == "Because."
    assert forge.get_pull_request(7) == pull


@pytest.mark.parametrize("method", ["merge", "squash", "rebase"])
def test_a_merged_pull_request_tells_who_when_and_as_which_commit(site, forge, hosted, pull, method):
    hosted.merge(7, "kit", method)
    merged, tip = forge.get_pull_request(7), hosted.git.tip("main")
    assert (merged.state, merged.merged_by) == ("merged", "kit")
    assert abs(merged.merged_at - pull.merged_at) < timedelta(seconds=2)
    rebased = method == "rebase" and site.kind.rebase_moves_head
    assert (merged.head_sha, merged.merge_sha) == (tip if rebased else pull.head_sha, tip)
    assert forge.pull_request_for(merged.merge_sha) == merged


def test_a_closed_pull_request_is_not_merged(forge, hosted, pull):
    hosted.close(7)
    closed = forge.get_pull_request(7)
    assert (closed.state, closed.merge_sha) == ("closed", None)


def test_no_pull_request_of_that_number(forge):
    assert forge.get_pull_request(99) is None


def test_a_commit_inside_a_merged_pull_request_belongs_to_it(forge, hosted, pull):
    inside = pull.head_sha
    hosted.merge(7, "kit", "merge")
    assert forge.pull_request_for(inside).number == 7


def test_a_commit_of_an_open_pull_request_belongs_to_it(forge, pull):
    assert forge.pull_request_for(pull.head_sha).state == "open"


def test_a_merged_pull_request_is_told_before_an_open_one_with_the_same_commit(forge, hosted, pull):
    hosted.git.move("again", pull.head_sha, None)
    hosted.commit("release", {"r.yaml": "r: 1\n"}, "Release\n", "mia")
    hosted.open_pull(head="again", base="release", title="Backport", body="", by="mia")
    assert forge.pull_request_for(pull.head_sha).state == "open"
    hosted.merge(7, "kit", "merge")
    assert forge.pull_request_for(pull.head_sha).number == 7


def test_a_commit_pushed_past_every_pull_request_belongs_to_none(forge, hosted):
    assert forge.pull_request_for(hosted.git.tip("main")) is None


def test_a_commit_the_forge_does_not_know_belongs_to_none(forge):
    assert forge.pull_request_for("0123456789" * 4) is None


def test_only_pull_requests_into_one_branch_can_be_asked_for(forge, hosted, pull):
    inside = pull.head_sha
    hosted.merge(7, "kit", "merge")
    assert forge.pull_request_for(inside, "main").number == 7
    assert forge.pull_request_for(inside, "release") is None


def test_who_pushed_is_told_where_the_forge_tells_it(site, forge, hosted):
    sha = hosted.commit("main", {"a.yaml": "a: 3\n"}, "Push\n", "lou")
    expected = [("lou", sha)] if site.kind.kind in {"github", "gitlab"} else []
    assert [(push.by, push.after) for push in forge.pushes("main")][:1] == expected
    assert forge.pushes("none") == []


def test_pushes_to_a_fork_are_not_confused_with_those_to_a_branch_of_the_same_name(site, forge, pull):
    """Whoever merged a pull request from a fork's main had pushed its commits to main, and was a contributor."""
    pushes = forge.pull_request_pushes(pull)
    is_by_name = site.kind.kind in {"github", "gitlab"}
    assert bool(pushes) == is_by_name
    site.forks_deleted = True
    assert forge.pull_request_pushes(pull) == []


def test_the_commits_of_a_pull_request_tell_who_is_behind_them(site, forge, hosted, pull):
    """Authors are found by email, GitLab's by name; the pusher is the account that pushed."""
    stranger = Person("", "Nobody", "nobody@else.example")
    first, at = pull.head_sha, site.clock()
    unknown = hosted.git.import_commit(BOT_BRANCH, first, {"b.yaml": "b: 1\n"}, "b\n", author=stranger, at=at)
    hosted.pushed(BOT_BRANCH, first, unknown, "lou")
    hosted.review(7, "kit")
    own = hosted.commit(BOT_BRANCH, {"b.yaml": "b: 2\n"}, "c\n", "kit")
    # A fast-forward whose first parent is lou's commit in mia's name, so that forges list it after hers.
    git, mia = hosted.git, hosted.person("mia")
    forged = git.import_commit("forged", git.tip("main"), {"c.yaml": "c: 1\n"}, "d\n", author=mia, at=at)
    parents = [forged, own]
    merge = git.commit_tree(git.merged_tree(*parents), parents, "Merge\n", author=mia, committer=mia, at=site.clock())
    git.move(BOT_BRANCH, merge, own)
    hosted.pushed(BOT_BRANCH, own, merge, "lou")
    hosted.merge(7, "kit", "squash", delete_branch=True)
    repository = site.repository()
    repository.fetch()
    commits = {commit.sha: commit for commit in read_contributions(repository, forge, forge.get_pull_request(7))}
    people = {"author": lambda commit: commit.author, "pusher": lambda commit: commit.pushed_by}
    authors, pushers = (
        {sha: person(commit) and person(commit).login for sha, commit in commits.items()} for person in people.values()
    )
    assert authors == {own: "kit", unknown: None, first: "mia", forged: "mia"}
    is_cloud = site.kind.kind == "bitbucket"
    assert pushers == (authors if is_cloud else {own: "kit", unknown: "lou", first: "mia", forged: "lou"})


def test_contributions_are_unknown_if_a_pull_request_has_too_many_commits(site, forge, hosted, pull, monkeypatch):
    monkeypatch.setattr(shared, "MAX_COMMITS", 2)
    repository = site.repository()
    for count, is_known in ((2, True), (3, False)):
        hosted.commit(BOT_BRANCH, {"b.yaml": f"b: {count}\n"}, "Push\n", "mia")
        repository.fetch()
        hosted.review(7, "kit")
        merged = forge.get_pull_request(7)
        assert (read_contributions(repository, forge, merged) is not None) == is_known
        assert (read_approvers(repository, forge, merged, None, {}) is not None) == is_known


def test_nothing_that_an_outsider_chooses_makes_a_pull_request_unreadable(site, forge, hosted, pull, monkeypatch):
    """The date of a commit, the length of any text, and whether the fork still exists."""
    monkeypatch.setattr(transport, "MAX_RESPONSE_BYTES", 2**20)
    long, at = '"\\\n\U0001f600' * 2**18, datetime(2300, 1, 1, tzinfo=UTC)
    head = hosted.git.import_commit(BOT_BRANCH, pull.head_sha, {"b.yaml": "b: 1\n"}, long, author=WEB, at=at)
    hosted.pushed(BOT_BRANCH, pull.head_sha, head, "mia")
    hosted.pulls[7].body = long
    hosted.comment(7, "mia", long)
    hosted.review(7, "mia", "COMMENTED", long)
    site.forks_deleted = True
    assert forge.open_pull_requests("gitops-bot/") == []  # a fork's branches have any name
    assert [(opened.number, opened.head_sha) for opened in forge.open_pull_requests()] == [(7, head)]
    hosted.review(7, "kit")
    site.fast_forward(7, "lou")
    merged = forge.pull_request_for(head, "main")
    assert (merged.merge_sha, merged.merged_by, merged.merged_at) == (head, "lou", hosted.pulls[7].merged_at)
    assert [(approval.by, approval.sha) for approval in forge.approvals(7)] == [("kit", head)]
    assert forge.commits(merged)[0].sha == head


def test_nobody_s_many_comments_hide_that_a_pull_request_was_merged(forge, hosted, pull, monkeypatch):
    """Bitbucket Data Center lists them with who merged it and when, which is then unknown."""
    monkeypatch.setattr(transport, "MAX_RESPONSE_BYTES", 2**20)
    hosted.merge(7, "lou", "merge")
    for _ in range(80):
        hosted.comment(7, "mia", "x" * 16_000)
    pulls = [forge.get_pull_request(7), forge.pull_request_for(hosted.git.tip("main"), "main")]
    assert [(pull.number, pull.state, pull.merge_sha) for pull in pulls] == [(7, "merged", hosted.git.tip("main"))] * 2


def test_the_latest_opinion_of_each_reviewer_counts(forge, hosted, pull):
    hosted.review(7, "kit", "APPROVED")
    hosted.review(7, "kit", "COMMENTED", "Nice.")
    hosted.review(7, "lou", "APPROVED")
    hosted.review(7, "lou", "CHANGES_REQUESTED", "Wait.")
    (approval,) = forge.approvals(7)
    assert approval == Approval(by="kit", sha=pull.head_sha, at=approval.at, by_ids=approval.by_ids)


def test_nobody_has_approved(forge, pull):
    assert forge.approvals(7) == []


def test_an_approval_names_the_head_it_approved(forge, hosted, pull):
    hosted.review(7, "kit")
    approved = pull.head_sha
    sneaked_in = hosted.commit(BOT_BRANCH, {"a.yaml": "a: 9\n"}, "Sneak in\n", "mia")
    current = forge.get_pull_request(7)
    assert current.head_sha == sneaked_in
    assert [approval.sha for approval in forge.approvals(7)] == [approved]
    assert approvers(forge, 7) == ()
    hosted.review(7, "lou")
    assert approvers(forge, 7) == ("lou",)


@pytest.mark.parametrize("automatic", [False, True])
def test_an_approval_is_for_the_target_branch_at_the_time(forge, hosted, automatic):
    base = hosted.git.tip("main")
    hosted.commit("sandbox", {"b.yaml": "b: 1\n"}, "Not reviewed\n", "mia")
    hosted.git.move("topic", hosted.git.tip("sandbox"), None)
    hosted.commit("topic", {"c.yaml": "c: 1\n"}, "Reviewed\n", "mia")
    hosted.open_pull(head="topic", base="sandbox", title="Add c", body="", by="mia")
    hosted.comment(7, "mia", "changed target branch from `a` to `b`")
    hosted.review(7, "kit")
    assert [approval.retargeted for approval in forge.approvals(7)] == [False]
    hosted.retarget(7, "main", "mia", automatic=automatic)
    hosted.comment(7, "mia", "Please review again.")
    assert forge.get_pull_request(7).base == "main"
    assert [(approval.by, approval.retargeted) for approval in forge.approvals(7)] == [("kit", True)]
    hosted.review(7, "lou")
    assert approvers(forge, 7) == ("lou",)
    hosted.review(7, "kit")
    hosted.merge(7, "lou", "merge")
    assert hosted.git.commit(hosted.git.tip("main")).parents[0] == base
    assert approvers(forge, 7) == ("kit", "lou")


def test_an_approval_outlives_the_merge(forge, hosted, pull):
    hosted.review(7, "kit")
    hosted.merge(7, "lou", "squash")
    assert approvers(forge, 7) == ("kit",)


def test_the_open_pull_request_of_a_branch_is_found_before_a_newer_closed_one(forge, hosted, pull):
    hosted.commit("release", {"r.yaml": "r: 1\n"}, "Release\n", "mia")
    hosted.open_pull(head=BOT_BRANCH, base="release", title="Also there", body="", by="mia")
    hosted.close(8)
    assert forge.find_pull_request(BOT_BRANCH).number == 7
    hosted.close(7)
    assert forge.find_pull_request(BOT_BRANCH).number == 8
    assert forge.find_pull_request("gitops-bot/none") is None


def test_open_pull_requests_by_prefix_newest_first_over_several_pages(forge, hosted, pull):
    tip = hosted.git.tip(BOT_BRANCH)
    names = [f"gitops-bot/many-{number}" if number % 2 else f"feature-{number}" for number in range(104)]
    hosted.git.run(
        "update-ref", "--stdin", stdin="".join(f"create refs/heads/{name} {tip}\n" for name in names).encode()
    )
    for name in names:
        hosted.open_pull(head=name, base="main", title=name, body="", by="mia")
    pulls = forge.open_pull_requests("gitops-bot/")
    assert [pull.title for pull in pulls] == [*reversed(names[1::2]), "Raise a"]
    assert len(forge.open_pull_requests()) == 100


def test_the_pages_of_commits_and_pull_requests_are_read_back(forge, hosted, site):
    """What people paste behind /gitops revert is a URL of theirs."""
    pull = create_pull_request(forge)
    repository = repository_url(forge.commit_url(hosted.git.tip("main")))
    assert repository
    assert repository.startswith(site.url.removeprefix("http://"))
    assert parse_change_ref(pull.url) == PullUrl(repository, pull.number, pull.url)


# ---------------------------------------------------------------- twice, at once, and lost answers


def test_a_second_pull_request_for_a_branch_is_the_first(forge, hosted):
    assert create_pull_request(forge) == create_pull_request(forge)
    assert len(hosted.pulls) == 1


def test_two_people_at_once_get_one_pull_request(site):
    forges = [site.adapter() for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        numbers = [pull.number for pull in pool.map(create_pull_request, forges)]
    assert numbers == [7] * 4
    assert len(site.hosted.pulls) == 1


def test_a_pull_request_made_by_a_request_answered_with_502_is_adopted(forge, sandbox, hosted):
    sandbox.faults.lose_creations = 1
    assert create_pull_request(forge).number == 7
    assert 502 in [request.status for request in sandbox.requests if request.method == "POST"]
    assert len(hosted.pulls) == 1


def test_an_open_pull_request_into_another_base_is_not_mistaken_for_ours(forge, hosted):
    hosted.commit("release", {"r.yaml": "r: 1\n"}, "Release\n", "mia")
    hosted.open_pull(head=BOT_BRANCH, base="release", title="Also there", body="", by="mia")
    assert create_pull_request(forge).base == "main"


# ---------------------------------------------------------------- what goes wrong


def everything(forge):
    """Every method that sends a request, with arguments."""
    return (*reads(forge), lambda: create_pull_request(forge))


def test_a_wrong_token_is_named_by_its_variable_and_never_shown(site, caplog):
    caplog.set_level(logging.DEBUG)
    for ask in everything(site.adapter(token=SECRET)):
        with pytest.raises(ForgeError, match=rf"wrong or has expired. Replace {site.kind.token_variable}") as error:
            ask()
        assert SECRET not in f"{error.value!r} {error.value.__cause__!r} {caplog.text}"


def test_a_missing_token_is_named(site):
    for ask in everything(site.adapter(token="")):
        with pytest.raises(ForgeError, match=f"{site.kind.token_variable} is not set"):
            ask()


def test_a_token_that_may_not_write_is_told_what_to_be_granted(site):
    site.sandbox.tokens["reader"] = Token("gitops-bot", frozenset())
    with pytest.raises(ForgeError, match=rf"does not allow the bot to open .* {site.kind.write_permission}"):
        create_pull_request(site.adapter(token="reader"))


def test_a_repository_that_is_not_visible_is_not_mistaken_for_a_missing_pull_request(site):
    other = site.kind.repository.replace("press", "scissors")
    for ask in everything(site.adapter(repository=other)):
        with pytest.raises(ForgeError, match=f"{other} is not visible to the bot"):
            ask()


def test_a_used_up_rate_limit_says_until_when_and_does_not_wait(site, forge, sandbox):
    until = datetime.now(UTC).replace(microsecond=0) + timedelta(minutes=47)
    sandbox.faults.rate_limited_until = until
    for number, ask in enumerate(everything(forge), 1):
        with pytest.raises(
            ForgeError, match=rf"The {site.kind.product} rate limit has been reached and resets at \d\d:\d\d UTC"
        ) as error:
            ask()
        assert abs(error.value.retry_at - until) < timedelta(minutes=2)
        assert len(sandbox.requests) == number


def test_a_forge_that_is_down_is_asked_again_and_then_said_to_be(forge, sandbox):
    sandbox.faults.down = True
    with pytest.raises(ForgeError, match="returned 503"):
        forge.get_pull_request(7)
    assert len(sandbox.requests) == 4


def test_nobody_at_that_address(site):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"http://127.0.0.1:{taken.getsockname()[1]}"
    with pytest.raises(ForgeError, match=rf"{site.kind.product} at 127\.0\.0\.1:\d+ is not responding"):
        site.adapter(url=address).get_pull_request(7)


def serving(answer):
    """An application that answers everything the same."""
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", answer)
    return app


def test_a_page_where_the_api_should_be(site):
    """A company's login page answers every request with 200 and HTML."""

    async def login(_):
        return web.Response(text="<html><form>Log in</form></html>", content_type="text/html")

    with Server(serving(login)) as server:
        for ask in everything(site.adapter(url=server.url)):
            with pytest.raises(ForgeError, match="api_url"):
                ask()


def test_a_redirect_to_another_server_is_not_followed(site):
    reached = []

    async def stranger(request):
        reached.append(request.headers)
        return web.json_response({})

    async def send_away(request):
        return web.Response(status=301, headers={"Location": f"{elsewhere.url}{request.rel_url}"})

    with Server(serving(stranger)) as elsewhere, Server(serving(send_away)) as server:
        for ask in everything(site.adapter(url=server.url)):
            with pytest.raises(ForgeError, match="api_url"):
                ask()
    assert reached == []


def test_a_pull_request_without_commits_is_refused_in_the_forge_s_own_words(forge, hosted):
    hosted.git.move("gitops-bot/empty", hosted.git.tip("main"), None)
    with pytest.raises(
        ForgeError,
        match=r"rejected the request to open a \w+ request from gitops-bot/empty .*[Nn]o commits|up-to-date|no changes",
    ):
        create_pull_request(forge, "gitops-bot/empty")


def test_an_archived_repository_is_read_and_says_why_it_is_not_written(site, forge, hosted, pull):
    hosted.archived = True
    assert forge.get_pull_request(7).number == 7
    with pytest.raises(ForgeError, match=r"is archived on .* Unarchive it first"):
        create_pull_request(forge, "gitops-bot/other")
    repository = site.repository()
    head = repository.fetch()
    with pytest.raises(PushRejectedError, match="archived"):
        repository.push_commit(branch="gitops-bot/x", tree=head, parent=head, message="x")


def test_a_renamed_repository_is_followed_by_the_api_and_git_names_the_remedy(site, sandbox):
    sandbox.moved[site.kind.former_repository] = site.kind.repository
    forge = site.adapter(repository=site.kind.former_repository)
    pull = create_pull_request(forge)
    assert (
        pull
        == create_pull_request(forge)
        == forge.get_pull_request(7)
        == forge.find_pull_request(BOT_BRANCH)
        == forge.pull_request_for(pull.head_sha)
    )
    assert forge.open_pull_requests("gitops-bot/") == [pull]
    assert forge.approvals(7) == []
    repository = site.repository(repository=site.kind.former_repository)
    # git would send the token to wherever the redirect leads.
    with pytest.raises(RepositoryError, match=r"redirects to another URL.*Configure the final URL"):
        repository.fetch()


# ---------------------------------------------------------------- git


def test_git_pushes_with_the_token_and_shows_it_to_nobody(site, hosted, caplog):
    caplog.set_level(logging.DEBUG)
    repository = site.repository()
    head = repository.fetch()
    pushed = repository.push_commit(branch="gitops-bot/x", tree=head, parent=head, message="x")
    assert hosted.git.tip("gitops-bot/x") == pushed
    create_pull_request(site.adapter())
    with pytest.raises(PushRejectedError) as rejected:
        repository.push_commit(branch="gitops-bot/x", tree=head, parent=head, message="y")
    assert any(b"remote-http" in line for line in site.command_lines), "git was not caught running"
    credential = site.adapter().git_credential()
    visible = [b"\0".join(site.command_lines).decode(errors="replace"), caplog.text]
    visible += [repr(rejected.value), repr(credential), repository.url]
    visible += [request.path for request in site.sandbox.requests]
    visible += [file.read_text(errors="replace") for file in (site.folder / "mirrors").rglob("*") if file.is_file()]
    assert credential.secrets
    assert not [text for text in visible for secret in credential.secrets if secret in text]


def test_a_token_that_git_may_not_use_is_named_by_its_variable(site, caplog):
    caplog.set_level(logging.DEBUG)
    site.sandbox.tokens["reader"] = Token("gitops-bot", frozenset({"pull_requests"}))
    repository = site.repository(token="reader")
    head = repository.fetch()
    with pytest.raises(PushRejectedError, match=f"{site.kind.token_variable} does not have write access"):
        repository.push_commit(branch="gitops-bot/x", tree=head, parent=head, message="x")
    with pytest.raises(RepositoryError, match=rf"\({site.kind.token_variable}\)") as error:
        site.repository(token=SECRET).fetch()
    assert SECRET not in f"{error.value!r} {caplog.text}"


def test_a_protected_branch_is_not_pushed_to(site, hosted):
    """The port accepts only the bot's own branches, and the forge has a rule as well."""
    repository = site.repository()
    head = repository.fetch()
    with pytest.raises(ValueError, match="gitops-bot/"):
        repository.push_commit(branch="main", tree=head, parent=head, message="x")
    hosted.protected.add("gitops-bot/x")
    with pytest.raises(PushRejectedError, match="a rule protects its branches"):
        repository.push_commit(branch="gitops-bot/x", tree=head, parent=head, message="x")


# ---------------------------------------------------------------- doctor


def test_the_doctor_finds_all_well_and_changes_nothing(forge, hosted):
    before = hosted.git.branches()
    assert {(probe.ok, probe.remedy) for probe in forge.probes()} == {(True, "")}
    assert hosted.git.branches() == before
    assert not hosted.pulls


@pytest.mark.parametrize(("granted", "ok"), [("pull_requests", (True, False, True)), ("contents", (True, True, False))])
def test_the_doctor_names_each_permission_that_is_missing(site, granted, ok):
    site.sandbox.tokens["half"] = Token("gitops-bot", frozenset({granted}))
    probes = site.adapter(token="half").probes()
    assert tuple(probe.ok for probe in probes[:3]) == ok
    assert [probe.remedy for probe in probes if not probe.ok and "Grant the token" in str(probe.remedy)]


def test_the_doctor_stops_at_a_repository_it_cannot_see(site):
    (probe,) = site.adapter(token="wrong").probes()
    assert not probe.ok
    assert site.kind.token_variable in str(probe.remedy)


def test_the_doctor_says_that_a_repository_is_archived(forge, hosted):
    hosted.archived = True
    probes = forge.probes()
    assert [probe.remedy for probe in probes if "archived" in str(probe.remedy)]


# ---------------------------------------------------------------- the sandbox itself


def test_two_open_pull_requests_for_one_branch_are_refused_by_the_forge(hosted, pull):
    with pytest.raises(RefusedError):
        hosted.open_pull(head=BOT_BRANCH, base="main", title="Again", body="", by="kit")


# ---------------------------------------------------------------- checks


def test_checks_are_read_by_name_with_their_latest_state_and_page(site, forge, hosted):
    sha = hosted.git.tip("main")
    assert forge.checks(sha) == []
    hosted.report(sha, "lint", "pending", app="GitHub Actions")
    hosted.report(sha, "lint", "success", app="GitHub Actions")
    hosted.report(sha, "Jenkins", "failure", url="https://jenkins.example/job/7")
    hosted.report(sha, "ci/circleci: build", "pending")
    hosted.report(sha, "SonarQube Code Analysis", "skipped", app="SonarQube")
    hosted.report(sha, "odd", "success", url="javascript:alert(1)")
    checks = {check.name: check for check in forge.checks(sha)}
    lint = "GitHub Actions: lint" if site.kind.kind == "github" else "lint"
    assert {name: check.state.value for name, check in checks.items()} == {
        lint: "success",
        "Jenkins": "failure",
        "ci/circleci: build": "pending",
        "SonarQube Code Analysis": "neutral",
        "odd": "success",
    }
    assert (checks["Jenkins"].url, checks["odd"].url) == ("https://jenkins.example/job/7", None)


@pytest.mark.parametrize("app", ["GitHub Actions", ""])
@pytest.mark.parametrize("count", [120, 310])
def test_a_failed_check_among_many_is_read_or_said_to_be_missing(forge, hosted, app, count):
    sha = hosted.git.tip("main")
    hosted.report(sha, "review", "success")
    for number in range(1, count):
        hosted.report(sha, f"job-{number}", "failure" if number == count - 1 else "success", app=app)
    checks = CommitChecks.of(forge.checks(sha))
    is_whole = count <= MAX_CHECKS
    assert (len(checks.failed), checks.total) == ((1, count) if is_whole else (0, MAX_CHECKS + 1))
    assert (checks.is_settled, checks.error is None) == (is_whole, is_whole)


def test_a_commit_that_the_forge_does_not_have_has_no_checks(forge):
    assert forge.checks("0123456789" * 4) == []

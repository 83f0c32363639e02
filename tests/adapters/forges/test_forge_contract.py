"""What every forge must do, by its real client library over HTTP, with real git behind: one suite for all of them.

What only one of them has is in a file of its own, such as test_github.py.
"""

import itertools
import logging
import socket
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml
from aiohttp import web

from bot import build
from bot.config.load import load
from bot.core.git.commit import Approval, approvers
from bot.core.pull_requests.change_ref import PullUrl, parse_change_ref, repository_url
from bot.ports.forge import ForgeError
from bot.ports.git import PushRejectedError, RepositoryError
from bot.sandbox.forge import GITHUB, Dialect, RefusedError, SandboxForge, Token
from bot.sandbox.forge.bitbucket import BITBUCKET
from bot.sandbox.forge.bitbucket_server import BITBUCKET_SERVER
from bot.sandbox.forge.gitlab import GITLAB
from bot.sandbox.server import Server

BRANCH = "gitops-bot/revert-1a2b3c4d"
SECRET = "thisIsNotTheRightOne"


@dataclass(frozen=True)
class Kind:
    """One forge: how it is configured, and what is its own in what people read."""

    dialect: Dialect
    kind: str
    name: str  # what people call it
    repository: str
    moved: str  # the repository's former name
    token_variable: str
    write: str  # what to grant so that pull requests can be opened
    api: str
    rebases_the_branch: bool = False

    @property
    def git(self) -> str:
        return self.dialect.git


KINDS = {
    "github": Kind(
        GITHUB,
        "github",
        "GitHub",
        "paper/press",
        "old/press",
        "GITHUB_TOKEN",
        write="Pull requests: Read and write",
        api="/api/v3",
    ),
    "gitlab": Kind(
        GITLAB,
        "gitlab",
        "GitLab",
        "paper/mill/press",
        "old/press",
        "GITLAB_TOKEN",
        write="the api scope",
        api="/api/v4",
        rebases_the_branch=True,
    ),
    "bitbucket": Kind(
        BITBUCKET,
        "bitbucket",
        "Bitbucket",
        "paper/press",
        "old/press",
        "BITBUCKET_TOKEN",
        write="the pullrequest:write scope",
        api="/2.0",
    ),
    "bitbucket-server": Kind(
        BITBUCKET_SERVER,
        "bitbucket-server",
        "Bitbucket",
        "PAPER/press",
        "OLD/press",
        "BITBUCKET_TOKEN",
        write="Repository write",
        api="/rest/api/latest",
    ),
}


def command_lines():
    """What every process of the machine was started with."""
    for line in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            yield line.read_bytes()
        except OSError:
            continue


class World:
    """A forge with a repository, and the bot configured for it."""

    def __init__(self, kind: Kind, folder: Path) -> None:
        start, ticks = datetime.now(UTC).replace(microsecond=0), itertools.count()
        self.kind = kind
        self.folder = folder
        # The clock advances a second each time it is read, so that before and after differ.
        self.sandbox = SandboxForge(folder / "forge", lambda: start + timedelta(seconds=next(ticks)), kind.dialect)
        for login in ("mia", "kit", "lou"):
            self.sandbox.add_person(login, login.title(), f"{login}@paper.example")
        self.hosted = self.sandbox.create_repository(kind.repository, first_number=7)
        self.hosted.commit("main", {"a.yaml": "a: 1\n"}, "First\n", "mia")
        self.hosted.commit(BRANCH, {"a.yaml": "a: 2\n"}, "Second\n", "mia")
        self.commandlines: list[bytes] = []
        self.sandbox.app.middlewares.append(self._look_at_processes)
        self.url = ""

    @web.middleware
    async def _look_at_processes(self, request, handler):
        if ".git/" in request.path:
            self.commandlines.extend(command_lines())
        return await handler(request)

    def config(self, token: str | None = None, repository: str = "", url: str = ""):
        name, root = repository or self.kind.repository, url or self.url
        path = self.folder / "config.yaml"
        path.write_text(
            yaml.safe_dump(
                {
                    "repositories": {
                        "press": {
                            "url": f"{root}{self.kind.git}/{name}.git",
                            "forge": {"kind": self.kind.kind, "repository": name, "api_url": f"{root}{self.kind.api}"},
                        }
                    },
                    "clusters": {"prod": {}},
                    "applications": {
                        "a": {"repository": "press", "path": ".", "cluster": "prod", "namespace": "a"},
                    },
                    "mirrors": str(self.folder / "mirrors"),
                }
            )
        )
        return load(path, {self.kind.token_variable: self.sandbox.token if token is None else token})

    def forge(self, token: str | None = None, repository: str = "", url: str = ""):
        """The forge as the bot makes it."""
        return build.forge(self.config(token, repository, url), "press")

    def repository(self, token: str | None = None, repository: str = ""):
        """The repository as the bot makes it."""
        return build.repository(self.config(token, repository), "press")


@pytest.fixture(params=KINDS)
def world(request, tmp_path):
    world = World(KINDS[request.param], tmp_path)
    if request.param == "github":
        request.getfixturevalue("as_github_describes")(world.sandbox.app)
    with Server(world.sandbox.app) as server:
        world.url = server.url
        yield world


@pytest.fixture
def sandbox(world):
    return world.sandbox


@pytest.fixture
def hosted(world):
    return world.hosted


@pytest.fixture
def forge(world):
    return world.forge()


@pytest.fixture
def pull(hosted):
    return hosted.open_pull(head=BRANCH, base="main", title="Raise a", body="", by="mia")


def create(forge, head=BRANCH):
    return forge.create_pull_request(head=head, base="main", title="Raise a", body="Because.")


# ---------------------------------------------------------------- reading and writing


def test_a_pull_request_is_opened(forge, hosted):
    pull = create(forge)
    assert (pull.number, pull.title, pull.author, pull.state) == (7, "Raise a", "gitops-bot", "open")
    assert (pull.base, pull.head, pull.head_sha) == ("main", BRANCH, hosted.git.tip(BRANCH))
    assert (pull.merge_sha, pull.merged_at, pull.merged_by) == (None, None, None)
    assert hosted.pull(7).body == "Because."
    assert forge.get_pull_request(7) == pull


@pytest.mark.parametrize("method", ["merge", "squash", "rebase"])
def test_a_merged_pull_request_tells_who_when_and_as_which_commit(world, forge, hosted, pull, method):
    hosted.merge(7, "kit", method)
    merged, tip = forge.get_pull_request(7), hosted.git.tip("main")
    assert (merged.state, merged.merged_by) == ("merged", "kit")
    assert abs(merged.merged_at - pull.merged_at) < timedelta(seconds=2)
    rebased = method == "rebase" and world.kind.rebases_the_branch
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


def test_who_pushed_is_told_where_the_forge_tells_it(world, forge, hosted):
    sha = hosted.commit("main", {"a.yaml": "a: 3\n"}, "Push\n", "lou")
    expected = {"github": "lou", "gitlab": "lou"}.get(world.kind.kind)
    assert forge.pushers("main").get(sha) == expected
    assert forge.pushers("none") == {}


def test_the_latest_opinion_of_each_reviewer_counts(forge, hosted, pull):
    hosted.review(7, "kit", "APPROVED")
    hosted.review(7, "kit", "COMMENTED", "Nice.")
    hosted.review(7, "lou", "APPROVED")
    hosted.review(7, "lou", "CHANGES_REQUESTED", "Wait.")
    (approval,) = forge.approvals(7)
    assert approval == Approval(by="kit", sha=pull.head_sha, at=approval.at)


def test_nobody_has_approved(forge, pull):
    assert forge.approvals(7) == []


def test_an_approval_names_the_head_it_approved(forge, hosted, pull):
    hosted.review(7, "kit")
    approved = pull.head_sha
    sneaked_in = hosted.commit(BRANCH, {"a.yaml": "a: 9\n"}, "Sneak in\n", "mia")
    current = forge.get_pull_request(7)
    assert current.head_sha == sneaked_in
    assert [approval.sha for approval in forge.approvals(7)] == [approved]
    assert approvers(current, forge.approvals(7)) == ()
    hosted.review(7, "lou")
    assert approvers(current, forge.approvals(7)) == ("lou",)


def test_an_approval_outlives_the_merge(forge, hosted, pull):
    hosted.review(7, "kit")
    hosted.merge(7, "lou", "squash")
    assert approvers(forge.get_pull_request(7), forge.approvals(7)) == ("kit",)


def test_the_open_pull_request_of_a_branch_is_found_before_a_newer_closed_one(forge, hosted, pull):
    hosted.commit("release", {"r.yaml": "r: 1\n"}, "Release\n", "mia")
    hosted.open_pull(head=BRANCH, base="release", title="Also there", body="", by="mia")
    hosted.close(8)
    assert forge.find_pull_request(BRANCH).number == 7
    hosted.close(7)
    assert forge.find_pull_request(BRANCH).number == 8
    assert forge.find_pull_request("gitops-bot/none") is None


def test_open_pull_requests_by_prefix_newest_first_over_several_pages(forge, hosted, pull):
    tip = hosted.git.tip(BRANCH)
    for number in range(120):
        name = f"gitops-bot/many-{number}" if number % 2 else f"feature-{number}"
        hosted.git.move(name, tip, None)
        hosted.open_pull(head=name, base="main", title=name, body="", by="mia")
    pulls = forge.open_pull_requests("gitops-bot/")
    assert [pull.title for pull in pulls] == [f"gitops-bot/many-{n}" for n in range(119, 0, -2)] + ["Raise a"]
    assert len(forge.open_pull_requests()) == 100


def test_the_pages_of_commits_and_pull_requests_are_read_back(forge, hosted, world):
    """What people paste behind /gitops revert is a URL of theirs."""
    pull = create(forge)
    repository = repository_url(forge.commit_url(hosted.git.tip("main")))
    assert repository
    assert repository.startswith(world.url.removeprefix("http://"))
    assert parse_change_ref(pull.url) == PullUrl(repository, pull.number, pull.url)


# ---------------------------------------------------------------- twice, at once, and lost answers


def test_a_second_pull_request_for_a_branch_is_the_first(forge, hosted):
    assert create(forge) == create(forge)
    assert len(hosted.pulls) == 1


def test_two_people_at_once_get_one_pull_request(world):
    forges = [world.forge() for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        numbers = [pull.number for pull in pool.map(create, forges)]
    assert numbers == [7] * 4
    assert len(world.hosted.pulls) == 1


def test_a_pull_request_made_by_a_request_answered_with_502_is_adopted(forge, sandbox, hosted):
    sandbox.faults.lose_creations = 1
    assert create(forge).number == 7
    assert 502 in [request.status for request in sandbox.requests if request.method == "POST"]
    assert len(hosted.pulls) == 1


def test_an_open_pull_request_into_another_base_is_not_mistaken_for_ours(forge, hosted):
    hosted.commit("release", {"r.yaml": "r: 1\n"}, "Release\n", "mia")
    hosted.open_pull(head=BRANCH, base="release", title="Also there", body="", by="mia")
    assert create(forge).base == "main"


# ---------------------------------------------------------------- what goes wrong


def everything(forge):
    """Every method that sends a request, with arguments."""
    return (
        lambda: forge.get_pull_request(7),
        lambda: forge.pull_request_for("ab" * 20),
        lambda: forge.approvals(7),
        lambda: forge.find_pull_request(BRANCH),
        forge.open_pull_requests,
        lambda: create(forge),
    )


def test_a_wrong_token_is_named_by_its_variable_and_never_shown(world, caplog):
    caplog.set_level(logging.DEBUG)
    for ask in everything(world.forge(SECRET)):
        with pytest.raises(ForgeError, match=rf"wrong or expired. Replace {world.kind.token_variable}") as error:
            ask()
        assert SECRET not in f"{error.value!r} {error.value.__cause__!r} {caplog.text}"


def test_a_missing_token_is_named(world):
    for ask in everything(world.forge("")):
        with pytest.raises(ForgeError, match=f"{world.kind.token_variable} is not set"):
            ask()


def test_a_token_that_may_not_write_is_told_what_to_be_granted(world):
    world.sandbox.tokens["reader"] = Token("gitops-bot", frozenset())
    with pytest.raises(ForgeError, match=rf"does not allow the bot to open .* {world.kind.write}"):
        create(world.forge("reader"))


def test_a_repository_that_is_not_visible_is_not_mistaken_for_a_missing_pull_request(world):
    other = world.kind.repository.replace("press", "scissors")
    for ask in everything(world.forge(repository=other)):
        with pytest.raises(ForgeError, match=f"{other} is not visible to the bot"):
            ask()


def test_a_used_up_rate_limit_says_until_when_and_does_not_wait(world, forge, sandbox):
    until = datetime.now(UTC).replace(microsecond=0) + timedelta(minutes=47)
    sandbox.faults.rate_limited_until = until
    for number, ask in enumerate(everything(forge), 1):
        with pytest.raises(
            ForgeError, match=rf"The {world.kind.name} rate limit is used up and resets at \d\d:\d\d UTC"
        ) as error:
            ask()
        assert abs(error.value.retry_at - until) < timedelta(minutes=2)
        assert len(sandbox.requests) == number


def test_a_forge_that_is_down_is_asked_again_and_then_said_to_be(forge, sandbox):
    sandbox.faults.down = True
    with pytest.raises(ForgeError, match="returned 503"):
        forge.get_pull_request(7)
    assert len(sandbox.requests) == 4


def test_nobody_at_that_address(world):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"http://127.0.0.1:{taken.getsockname()[1]}"
    with pytest.raises(ForgeError, match=rf"{world.kind.name} at 127\.0\.0\.1:\d+ is not responding"):
        world.forge(url=address).get_pull_request(7)


def serving(answer):
    """An application that answers everything the same."""
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", answer)
    return app


def test_a_page_where_the_api_should_be(world):
    """A company's login page answers every request with 200 and HTML."""

    async def login(_):
        return web.Response(text="<html><form>Log in</form></html>", content_type="text/html")

    with Server(serving(login)) as server:
        for ask in everything(world.forge(url=server.url)):
            with pytest.raises(ForgeError, match="api_url"):
                ask()


def test_a_redirect_to_another_server_does_not_take_the_token_along(world):
    reached = []

    async def stranger(request):
        reached.append(request.headers)
        return web.json_response({})

    async def send_away(request):
        return web.Response(status=301, headers={"Location": f"{elsewhere.url}{request.rel_url}"})

    with Server(serving(stranger)) as elsewhere, Server(serving(send_away)) as server:
        for ask in everything(world.forge(url=server.url)):
            with pytest.raises(ForgeError, match="api_url"):
                ask()
    assert reached or world.kind.kind == "github"  # PyGithub does not go to another server at all
    assert not [headers for headers in reached if world.sandbox.token in str(headers)]


def test_a_pull_request_without_commits_is_refused_in_the_forge_s_own_words(forge, hosted):
    hosted.git.move("gitops-bot/empty", hosted.git.tip("main"), None)
    with pytest.raises(
        ForgeError,
        match=r"rejected the request to open a \w+ request from gitops-bot/empty .*[Nn]o commits|up-to-date|no changes",
    ):
        create(forge, "gitops-bot/empty")


def test_an_archived_repository_is_read_and_says_why_it_is_not_written(world, forge, hosted, pull):
    hosted.archived = True
    assert forge.get_pull_request(7).number == 7
    with pytest.raises(ForgeError, match=r"is archived on .* Unarchive it first"):
        create(forge, "gitops-bot/other")
    repository = world.repository()
    head = repository.fetch()
    with pytest.raises(PushRejectedError, match="archived"):
        repository.push_commit(branch="gitops-bot/x", tree=head, parent=head, message="x")


def test_a_renamed_repository_is_followed(world, sandbox, hosted):
    sandbox.moved[world.kind.moved] = world.kind.repository
    forge = world.forge(repository=world.kind.moved)
    pull = create(forge)
    assert (
        pull
        == create(forge)
        == forge.get_pull_request(7)
        == forge.find_pull_request(BRANCH)
        == forge.pull_request_for(pull.head_sha)
    )
    assert forge.open_pull_requests("gitops-bot/") == [pull]
    assert forge.approvals(7) == []
    repository = world.repository(repository=world.kind.moved)
    head = repository.fetch()
    pushed = repository.push_commit(branch="gitops-bot/x", tree=head, parent=head, message="x")
    assert hosted.git.tip("gitops-bot/x") == pushed


# ---------------------------------------------------------------- git


def test_git_pushes_with_the_token_and_shows_it_to_nobody(world, hosted, caplog):
    caplog.set_level(logging.DEBUG)
    repository = world.repository()
    head = repository.fetch()
    pushed = repository.push_commit(branch="gitops-bot/x", tree=head, parent=head, message="x")
    assert hosted.git.tip("gitops-bot/x") == pushed
    create(world.forge())
    with pytest.raises(PushRejectedError) as rejected:
        repository.push_commit(branch="gitops-bot/x", tree=head, parent=head, message="y")
    assert any(b"remote-http" in line for line in world.commandlines), "git was not caught running"
    credential = world.forge().git_credential()
    visible = [b"\0".join(world.commandlines).decode(errors="replace"), caplog.text]
    visible += [repr(rejected.value), repr(credential), repository.url]
    visible += [request.path for request in world.sandbox.requests]
    visible += [file.read_text(errors="replace") for file in (world.folder / "mirrors").rglob("*") if file.is_file()]
    assert credential.secrets
    assert not [text for text in visible for secret in credential.secrets if secret in text]


def test_a_token_that_git_may_not_use_is_named_by_its_variable(world, caplog):
    caplog.set_level(logging.DEBUG)
    world.sandbox.tokens["reader"] = Token("gitops-bot", frozenset({"pull_requests"}))
    repository = world.repository("reader")
    head = repository.fetch()
    with pytest.raises(PushRejectedError, match=f"{world.kind.token_variable} does not have write access"):
        repository.push_commit(branch="gitops-bot/x", tree=head, parent=head, message="x")
    with pytest.raises(RepositoryError, match=rf"\({world.kind.token_variable}\)") as error:
        world.repository(SECRET).fetch()
    assert SECRET not in f"{error.value!r} {caplog.text}"


def test_a_protected_branch_is_not_pushed_to(world, hosted):
    """The port accepts only the bot's own branches, and the forge has a rule as well."""
    repository = world.repository()
    head = repository.fetch()
    with pytest.raises(ValueError, match="gitops-bot/"):
        repository.push_commit(branch="main", tree=head, parent=head, message="x")
    hosted.protected.add("gitops-bot/x")
    with pytest.raises(PushRejectedError, match="a rule protects its branches"):
        repository.push_commit(branch="gitops-bot/x", tree=head, parent=head, message="x")


# ---------------------------------------------------------------- doctor


def test_the_doctor_finds_all_well_and_changes_nothing(forge, hosted):
    before = hosted.git.branches()
    assert [(probe.ok, probe.remedy) for probe in forge.probes()] == [(True, "")] * 3
    assert hosted.git.branches() == before
    assert not hosted.pulls


@pytest.mark.parametrize(("granted", "ok"), [("pull_requests", (True, False, True)), ("contents", (True, True, False))])
def test_the_doctor_names_each_permission_that_is_missing(world, granted, ok):
    world.sandbox.tokens["half"] = Token("gitops-bot", frozenset({granted}))
    probes = world.forge("half").probes()
    assert tuple(probe.ok for probe in probes) == ok
    assert [probe.remedy for probe in probes if not probe.ok and "Grant its token" in probe.remedy]


def test_the_doctor_stops_at_a_repository_it_cannot_see(world):
    (probe,) = world.forge("wrong").probes()
    assert not probe.ok
    assert world.kind.token_variable in probe.remedy


def test_the_doctor_says_that_a_repository_is_archived(forge, hosted):
    hosted.archived = True
    probes = forge.probes()
    assert [probe.remedy for probe in probes if "archived" in probe.remedy]


# ---------------------------------------------------------------- the sandbox itself


def test_two_open_pull_requests_for_one_branch_are_refused_by_the_forge(hosted, pull):
    with pytest.raises(RefusedError):
        hosted.open_pull(head=BRANCH, base="main", title="Again", body="", by="kit")

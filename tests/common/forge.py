"""Forges: one in memory, for tests of pull requests, and the sandbox's in each dialect."""

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, Self

from bot import build
from bot.adapters.git.repository import GitRepository
from bot.config.load import load
from bot.config.model import Config
from bot.core.approvals.approval import ApprovalRules, Evidence, evaluate
from bot.core.git.commit import Approval, PullRequest, PullRequestCommit
from bot.core.git.commit_check import CommitCheck
from bot.core.git.push import Push
from bot.ports.forge import Forge, ForgeError
from bot.sandbox.forge import GITHUB, Dialect, SandboxForge
from bot.sandbox.forge.bitbucket import BITBUCKET
from bot.sandbox.forge.bitbucket_server import BITBUCKET_SERVER
from bot.sandbox.forge.gitlab import GITLAB
from bot.sandbox.forge.merge import Method, rebase
from bot.sandbox.server import Server
from tests.common.bot import application_settings, write_config
from tests.common.clock import Clock
from tests.common.git import SourceRepository
from tests.common.slack import ALERTS

WEB_URL = "https://github.com/acme/platform"
BOT_BRANCH = "gitops-bot/revert-1a2b3c4d"


class InMemoryForge(Forge):
    """Pull requests of a source repository, by number.

    If set, every call raises `fault`, those that open a pull request `creation_fault`, and those that read checks
    `checks_fault`.
    """

    def __init__(self, source: SourceRepository) -> None:
        self.source = source
        self.pull_requests: dict[int, PullRequest] = {}
        self.bodies: dict[int, str] = {}
        self.commit_checks: dict[str, list[CommitCheck]] = {}  # by sha
        self.fault: ForgeError | None = None
        self.checks_fault: ForgeError | None = None
        self.creation_fault: ForgeError | None = None
        self.numbers: dict[str, int] = {}  # by the sha of each merged commit
        self._lock = threading.Lock()

    # ---------------------------------------------------------------- people's actions

    def merge(
        self, branch: str, *, title: str, method: Literal["merge", "squash", "rebase"] = "merge", base: str = "main"
    ) -> PullRequest:
        """Merge a branch of the source as the forge's button would, and return the merged pull request."""
        git = self.source.git
        head_sha = self.source.sha(branch)
        commits = git("rev-list", f"{base}..{branch}").split()
        self.source.switch(base)
        number = len(self.pull_requests) + 1
        before = self.source.sha()
        match method:
            case "merge":
                self.source.merge(branch, message=f"Merge pull request #{number} from acme/{branch}\n\n{title}")
            case "squash":
                git("merge", "-q", "--squash", branch)
                git("commit", "-q", "-m", f"{title} (#{number})\n\n{git('log', '-1', '--format=%b', branch)}")
            case "rebase":
                git("cherry-pick", "--allow-empty", f"{base}..{branch}")
        merged = git("rev-list", "--first-parent", f"{before}..HEAD").split()
        pull_request = PullRequest(
            number,
            title,
            f"{WEB_URL}/pull/{number}",
            "ana",
            "merged",
            base,
            branch,
            head_sha,
            merge_sha=self.source.sha(),
        )
        self.pull_requests[number] = pull_request
        self.numbers |= dict.fromkeys([*commits, *merged], number)
        return pull_request

    def close(self, number: int) -> None:
        """Close a pull request without merging it."""
        self.pull_requests[number] = replace(self.pull_requests[number], state="closed")

    # ---------------------------------------------------------------- the bot's calls

    def get_pull_request(self, number: int) -> PullRequest | None:
        self._answer()
        return self.pull_requests.get(number)

    def pull_request_for(self, sha: str, base: str | None = None, *, parents: Sequence[str] = ()) -> PullRequest | None:
        self._answer()
        pull_request = self.pull_requests.get(self.numbers.get(sha, 0))
        return pull_request if pull_request and base in {None, pull_request.base} else None

    def checks(self, sha: str) -> list[CommitCheck]:
        self._answer()
        if self.checks_fault:
            raise self.checks_fault
        return self.commit_checks.get(sha, [])

    def commits(self, pull: PullRequest) -> list[PullRequestCommit]:
        self._answer()
        history = self.source.git("rev-list", pull.head_sha, check=False).split()  # the newest first
        own = [sha for sha in history[1:] if self.numbers.get(sha) == pull.number]
        return [PullRequestCommit(sha, pull.opened_by) for sha in (pull.head_sha, *own)]

    def pushes(self, branch: str) -> list[Push]:
        self._answer()
        return []

    def pull_request_pushes(self, pull: PullRequest) -> list[Push]:
        self._answer()
        return []

    def approvals(self, number: int) -> list[Approval]:
        self._answer()
        return []

    def find_pull_request(self, head: str) -> PullRequest | None:
        self._answer()
        matching = [pull_request for pull_request in self.pull_requests.values() if pull_request.head == head]
        return max(matching, key=lambda each: (each.state == "open", each.number), default=None)

    def open_pull_requests(self, head_prefix: str = "") -> list[PullRequest]:
        self._answer()
        newest_first = sorted(self.pull_requests.values(), key=lambda each: -each.number)
        return [
            pull_request
            for pull_request in newest_first
            if pull_request.state == "open" and pull_request.head.startswith(head_prefix)
        ]

    def create_pull_request(self, *, head: str, base: str, title: str, body: str) -> PullRequest:
        self._answer()
        if self.creation_fault:
            raise self.creation_fault
        with self._lock:
            for pull_request in self.pull_requests.values():
                if (pull_request.head, pull_request.base, pull_request.state) == (head, base, "open"):
                    return pull_request
            number = len(self.pull_requests) + 1
            head_sha = self.source.sha(f"refs/heads/{head}")
            url = f"{WEB_URL}/pull/{number}"
            self.pull_requests[number] = PullRequest(number, title, url, "bot", "open", base, head, head_sha)
            self.bodies[number] = body
            return self.pull_requests[number]

    def commit_url(self, sha: str) -> str:
        return f"{WEB_URL}/commit/{sha}"

    def source_url(self, sha: str, path: str, line: int | None = None) -> str:
        return f"{WEB_URL}/blob/{sha}/{path}#L{line}" if line else f"{WEB_URL}/tree/{sha}/{path}"

    def _answer(self) -> None:
        if self.fault:
            raise self.fault


@dataclass(frozen=True)
class ForgeKind:
    """One of the sandbox's forges, and its terms in messages and in the configuration."""

    kind: str
    dialect: Dialect
    product: str
    repository: str
    former_repository: str  # for the forge's redirect of a renamed repository
    token_variable: str
    write_permission: str  # what to grant so that pull requests can be opened
    api_path: str
    rebase_moves_head: bool = False  # "rebase and merge" rewrites the pull request's own branch


FORGE_KINDS = {
    forge.kind: forge
    for forge in (
        ForgeKind(
            "github",
            GITHUB,
            "GitHub",
            "paper/press",
            "old/press",
            "GITHUB_TOKEN",
            write_permission="Pull requests: Read and write",
            api_path="/api/v3",
        ),
        ForgeKind(
            "gitlab",
            GITLAB,
            "GitLab",
            "paper/mill/press",
            "old/press",
            "GITLAB_TOKEN",
            write_permission="the api scope",
            api_path="/api/v4",
            rebase_moves_head=True,
        ),
        ForgeKind(
            "bitbucket",
            BITBUCKET,
            "Bitbucket",
            "paper/press",
            "old/press",
            "BITBUCKET_TOKEN",
            write_permission="the pullrequest:write scope",
            api_path="/2.0",
        ),
        ForgeKind(
            "bitbucket-server",
            BITBUCKET_SERVER,
            "Bitbucket",
            "PAPER/press",
            "OLD/press",
            "BITBUCKET_TOKEN",
            write_permission="Repository write",
            api_path="/rest/api/latest",
        ),
    )
}


class RunningForge:
    """The sandbox's forge of one kind with one repository, where the bot is `press`.

    The people are mia, kit and lou. By the clock, events are a second apart.
    """

    def __init__(self, kind: str, folder: Path, clock: Clock | None = None) -> None:
        self.kind, self.folder = FORGE_KINDS[kind], folder
        self.clock = clock or Clock()
        self.sandbox = SandboxForge(folder / "forge", self.clock.tick, self.kind.dialect)
        for login in ("mia", "kit", "lou"):
            self.sandbox.add_person(login, login.title(), f"{login}@paper.example")
        self.hosted = self.sandbox.create_repository(self.kind.repository, first_number=7)
        self.git = self.hosted.git
        self.url = ""

    def commit_bot_branch(self) -> None:
        """Commit a file to main, and a change to it to BOT_BRANCH."""
        self.hosted.commit("main", {"a.yaml": "a: 1\n"}, "First\n", "mia")
        self.hosted.commit(BOT_BRANCH, {"a.yaml": "a: 2\n"}, "Second\n", "mia")

    def fast_forward(self, number: int, by: str) -> None:
        """Merge a pull request without a merge commit, as GitLab and Bitbucket can."""
        pull, base = self.hosted.pull(number), self.git.tip("main")
        assert base
        self.push_merge(number, pull.head_sha, by, landed=self.git.shas(base, pull.head_sha))

    def push_merge(self, number: int, tip: str, by: str, *, landed: Iterable[str], sha: str | None = None) -> None:
        """Move main to `tip`, which merges a pull request: the forge links it to the commits that `landed`.

        Its API names `sha` as the merge.
        """
        pull, git = self.hosted.pull(number), self.git
        before, now = git.tip(pull.base), self.clock.tick()
        assert before
        pull.landed, pull.commits = frozenset(landed), git.log("--topo-order", f"{before}..{pull.head_sha}", "--")
        git.move(pull.base, tip, before)
        pull.state, pull.closed_at, pull.merged_at, pull.updated_at = "closed", now, now, now
        pull.merged_by, pull.merge_sha = by, sha or tip
        pull.method = Method.REBASE if len(git.commit(tip).parents) == 1 else Method.MERGE
        self.hosted.pushed(pull.base, before, tip, by)

    def merge_by_train(self, number: int, by: str) -> str:
        """Merge a pull request by a fast-forward merge train of GitLab, and return the new tip.

        Its own branch isn't rebased, and only the last commit is linked to it, which the API doesn't name.
        """
        pull, base = self.hosted.pull(number), self.git.tip("main")
        assert base
        tip = rebase(self.git, base, pull.head_sha, by=self.hosted.person(by), at=self.clock.tick())
        self.push_merge(number, tip, by, landed=[tip], sha=pull.head_sha)
        return tip

    @contextmanager
    def serve(self) -> Iterator[Self]:
        """Serve its API, its pages and git over HTTP."""
        with Server(self.sandbox.app) as server:
            self.url = server.url
            yield self

    def settings(self, repository: str = "", url: str = "") -> dict[str, object]:
        """One entry of `repositories:`, by default for this repository."""
        name, root = repository or self.kind.repository, url or self.url
        forge = {"kind": self.kind.kind, "repository": name, "api_url": f"{root}{self.kind.api_path}"}
        return {"url": f"{root}{self.kind.dialect.git}/{name}.git", "forge": forge}

    def config(self, *, token: str | None = None, repository: str = "", url: str = "", **settings: object) -> Config:
        """The bot's configuration, by default with a token that has all permissions, and this forge's URL.

        `settings` are other settings of the repository. It has the application `shop`, without a real cluster.
        """
        file = write_config(
            self.folder / "config.yaml",
            slack={"channel": ALERTS},
            repositories={"press": {**self.settings(repository, url), **settings}},
            clusters={"prod": {}},
            applications={"shop": application_settings("shop", repository="press")},
        )
        return load(file, {self.kind.token_variable: self.sandbox.token if token is None else token})

    def adapter(self, **config: Any) -> build.ConfiguredForge:
        """The forge as built by the bot."""
        forge = build.forge(self.config(**config), "press")
        assert forge
        return forge

    def repository(self, **config: Any) -> GitRepository:
        """The repository as built by the bot."""
        return build.repository(self.config(**config), "press")


def create_pull_request(forge: Forge, head: str = BOT_BRANCH, title: str = "Raise a") -> PullRequest:
    """Open a pull request as the bot does."""
    return forge.create_pull_request(head=head, base="main", title=title, body="Because.")


def approvers(forge: Forge, number: int) -> tuple[str, ...]:
    """The logins whose approvals of a pull request count if nobody but its author contributed to it."""
    evidence = Evidence((), forge.get_pull_request(number), tuple(forge.approvals(number)))
    return evaluate(evidence, ApprovalRules()).approvers


def reads(forge: Forge) -> tuple[Callable[[], object], ...]:
    """Every method that only reads, with arguments."""
    return (
        lambda: forge.get_pull_request(7),
        lambda: forge.pull_request_for("ab" * 20),
        lambda: forge.approvals(7),
        lambda: forge.find_pull_request(BOT_BRANCH),
        forge.open_pull_requests,
    )

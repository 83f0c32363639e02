"""GitHub and GitHub Enterprise Server by PyGithub: the pull requests of one repository."""

import threading
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Any, Self
from urllib.parse import quote, urlsplit

from cachetools import TTLCache
from github import GithubException
from github.CheckRun import CheckRun
from github.Commit import Commit
from github.PullRequest import PullRequest as GitHubPullRequest
from github.PullRequestReview import PullRequestReview
from github.Repository import Repository

from bot.adapters.forges.errors import ForgeErrorMapper
from bot.adapters.forges.forge import (
    MAX_COMMITS,
    MAX_PULL_REQUESTS,
    NULL_SHA,
    PAGE_SIZE,
    Rank,
    all_commits,
    make_approval,
    make_check,
    make_commit,
    make_pull_request,
    make_push,
    rank,
)
from bot.adapters.forges.github_app import AppToken
from bot.adapters.forges.github_client import GitHubClient, first_items, none_on_status, read_pages
from bot.adapters.forges.github_commit import create_commit
from bot.adapters.forges.github_events import dismissed_approvals, last_retargeting
from bot.adapters.forges.new_commit import NewCommit
from bot.adapters.git.credential import Credential
from bot.config.credentials import Credentials
from bot.config.sections.forge import ForgeConfig
from bot.core.git.commit import Approval, PullRequest, PullRequestCommit
from bot.core.git.commit_check import MAX_CHECKS, CheckState, CommitCheck
from bot.core.git.push import Push
from bot.i18n.catalogue import forge as texts
from bot.i18n.language import LocalizedText, Text
from bot.ports.probe import Probe

_DECISIONS = frozenset({"APPROVED", "CHANGES_REQUESTED", "DISMISSED"})  # a later comment doesn't change them
# https://docs.github.com/en/rest/checks/runs#get-a-check-run
_CONCLUSIONS = {
    "success": CheckState.SUCCESS,
    "neutral": CheckState.NEUTRAL,
    "skipped": CheckState.NEUTRAL,
    "cancelled": CheckState.NEUTRAL,
    "stale": CheckState.NEUTRAL,
}
_STATUSES = {
    "success": CheckState.SUCCESS,
    "pending": CheckState.PENDING,
    "failure": CheckState.FAILURE,
    "error": CheckState.FAILURE,
}
_READ_CHECKS = "Checks: Read-only and Commit statuses: Read-only"
# "Must have push access to view collaborator permission" is GitHub's answer if the token's owner has only read access.
_READ_ACCESS = LocalizedText(texts.METADATA_AND_WRITE)
_DELETED_ACCOUNT = "ghost"  # as GitHub shows it
_WRITE_ACCESS = frozenset({"write", "admin"})  # "write" includes the role maintain
_MAX_ACCOUNTS = 1_000
_ACCESS_FRESH = 60.0  # seconds


class GitHubForge:
    """`ports.Forge` for one repository, `owner/name`, at `api_url` (https://api.github.com, or a server's …/api/v3).

    `token` returns the current token, or None; `token_variable` is its environment variable.
    """

    def __init__(
        self,
        repository: str,
        api_url: str,
        token: Callable[[], str | None],
        *,
        token_variable: str = "GITHUB_TOKEN",  # noqa: S107  a variable's name
    ) -> None:
        self.repository = repository
        self.api_url = api_url.rstrip("/")
        self.web_url = _web_url(self.api_url)
        self.token_variable = token_variable
        self._token = token
        api_url_format = "https://api.github.com, or https://HOST/api/v3 of a server"
        errors = ForgeErrorMapper("GitHub", repository, self.api_url, api_url_format, token_variable)
        self._client = GitHubClient(repository, self.api_url, token, errors)
        self._write_access: TTLCache[str, bool] = TTLCache(_MAX_ACCOUNTS, _ACCESS_FRESH)  # by login
        self._access_lock = threading.Lock()

    @classmethod
    def from_config(cls, forge: ForgeConfig, credentials: Credentials) -> Self:
        """The forge as configured: with GITHUB_TOKEN if it is set, else as a GitHub App. Nothing connects yet."""
        api_url = str(forge.api_url).rstrip("/")
        app_id, key = credentials.github_app_id, credentials.github_app_private_key
        if credentials.github_token or not (app_id and key):
            return cls(forge.repository, api_url, lambda: credentials.github_token)
        token = AppToken(app_id, key, forge.repository, api_url)
        return cls(forge.repository, api_url, token, token_variable="GITHUB_APP_ID and GITHUB_APP_PRIVATE_KEY")  # noqa: S106

    def git_credential(self) -> Credential | None:
        """The credential for git pushes; None if no token is set. Raises ForgeError if a GitHub App gets no token."""
        with self._client.mapped_errors(LocalizedText(texts.GIVE_TOKEN), "access to the repository"):
            token = self._token()
            return Credential(token, "x-access-token") if token else None

    # ------------------------------------------------------------ reading

    def get_pull_request(self, number: int) -> PullRequest | None:
        with self._client.repository(LocalizedText(texts.READ_PULLS)) as repository:
            pull = none_on_status(404, lambda: _pull_request(repository.get_pull(number)))
            if pull is None:
                repository.update()  # an error if the token can no longer see the repository
            return pull

    def pull_request_for(self, sha: str, base: str | None = None, *, parents: Sequence[str] = ()) -> PullRequest | None:
        with self._client.repository(LocalizedText(texts.READ_PULLS)) as repository:
            # Not `get_commit`, which requests the commit.
            commit = Commit(repository.requester, url=f"{repository.url}/commits/{sha}", completed=True)
            # 422 is GitHub's "No commit found for SHA": it isn't pushed, or not yet.
            pulls = none_on_status(422, lambda: first_items(commit.get_pulls(), PAGE_SIZE)) or []
            candidates = [
                pull for pull in pulls if base in (None, pull.base.ref) and (pull.merged_at or pull.state == "open")
            ]

            def pull_rank(pull: GitHubPullRequest) -> Rank:
                merged = pull.merged_at is not None
                return rank(sha, parents, merged=merged, head=pull.head.sha, merge=pull.merge_commit_sha)

            best = min(candidates, key=pull_rank, default=None)
            return _pull_request(best) if best else None

    def approvals(self, number: int) -> list[Approval]:
        with self._client.repository(LocalizedText(texts.READ_REVIEWS)) as repository:
            pull = repository.get_pull(number)
            decisions: dict[str, list[PullRequestReview]] = {}
            for review in first_items(pull.get_reviews()):  # oldest first
                if review.state in _DECISIONS:
                    decisions.setdefault(review.user.login if review.user else _DELETED_ACCOUNT, []).append(review)
            events = first_items(pull.get_issue_events()) if decisions else []  # without comments and pushes
            dismissed_later = dismissed_approvals(events, pull.merged_at)
            approving = [
                (login, review)
                for login, reviews in decisions.items()
                for review in _approvals_in_force(reviews, pull.merged_at, dismissed_later)
            ]
            retargeted_at = last_retargeting(events)
        return [self._approval(login, review, retargeted_at) for login, review in approving]

    def commits(self, pull: PullRequest) -> list[PullRequestCommit]:
        """GitHub lists 250 at most, oldest first. See ports.Forge.

        https://docs.github.com/en/rest/pulls/pulls#list-commits-on-a-pull-request
        """
        with self._client.repository(LocalizedText(texts.READ_PULLS)) as repository:
            url = f"{repository.url}/pulls/{pull.number}/commits"
            commits = [
                make_commit(sha=item["sha"], author=_login(item["author"]), committer=_login(item["committer"]))
                for item in read_pages(repository, url, MAX_COMMITS + 1)
            ]
        return all_commits(commits[::-1])

    def pushes(self, branch: str) -> list[Push]:
        """Empty for servers before 3.9. See ports.Forge.

        https://docs.github.com/en/rest/repos/repos#list-repository-activities
        """
        with self._client.repository(LocalizedText(texts.READ_PUSHES), "Contents: Read-only") as repository:
            parameters = {"ref": f"refs/heads/{branch}", "per_page": PAGE_SIZE}
            request = repository.requester.requestJsonAndCheck
            answer = none_on_status(404, lambda: request("GET", f"{repository.url}/activity", parameters=parameters))
            activities = answer[1] if answer else ()
            return [
                make_push(before=activity["before"], after=activity["after"], by=activity["actor"]["login"])
                for activity in activities
                if activity["actor"]
            ]

    def pull_request_pushes(self, pull: PullRequest) -> list[Push]:
        """Empty for a fork, whose branch can have the name of one in this repository. See ports.Forge."""
        with self._client.repository(LocalizedText(texts.READ_PULLS)) as repository:
            is_own = _is_own(repository.get_pull(pull.number), pull.head)
        return self.pushes(pull.head) if is_own else []

    def checks(self, sha: str) -> list[CommitCheck]:
        """Check runs of GitHub Actions and other apps, and commit statuses. See ports.Forge.

        https://docs.github.com/en/rest/checks/runs, https://docs.github.com/en/rest/commits/statuses
        """
        with self._client.repository(LocalizedText(texts.READ_CHECKS), _READ_CHECKS) as repository:
            commit = none_on_status(422, lambda: repository.get_commit(sha))
            if commit is None:
                return []
            runs = first_items(commit.get_check_runs(), MAX_CHECKS + 1)
            statuses = read_pages(repository, f"{commit.url}/status", MAX_CHECKS + 1 - len(runs), "statuses")
            return [
                *(make_check(_run_name(run), _run_state(run), run.html_url or run.details_url) for run in runs),
                *(make_check(item["context"], _STATUSES[item["state"]], item["target_url"]) for item in statuses),
            ]

    def find_pull_request(self, head: str) -> PullRequest | None:
        with self._client.repository(LocalizedText(texts.READ_PULLS)) as repository:
            return _find(repository, head)

    def open_pull_requests(self, head_prefix: str = "") -> list[PullRequest]:
        """With a prefix, pull requests from forks are left out: their branches can have any name. See ports.Forge."""
        with self._client.repository(LocalizedText(texts.READ_PULLS)) as repository:
            limit = MAX_PULL_REQUESTS if head_prefix else PAGE_SIZE
            newest = first_items(repository.get_pulls(state="open", sort="created", direction="desc"), limit)
            matching = (pull for pull in newest if not head_prefix or _is_own(pull, head_prefix))
            return [_pull_request(pull) for pull in islice(matching, PAGE_SIZE)]

    def commit_url(self, sha: str) -> str:
        return f"{self.web_url}/{self.repository}/commit/{sha}"

    def source_url(self, sha: str, path: str, line: int | None = None) -> str:
        view, anchor = ("blob", f"#L{line}") if line else ("tree", "")
        return f"{self.web_url}/{self.repository}/{view}/{sha}/{quote(path)}{anchor}"

    # ------------------------------------------------------------ writing

    def create_pull_request(self, *, head: str, base: str, title: str, body: str) -> PullRequest:
        action = LocalizedText(texts.OPEN_PULL, branch=head)
        with self._client.repository(action, "Pull requests: Read and write") as repository:
            try:
                return _pull_request(repository.create_pull(base=base, head=head, title=title, body=body))
            except GithubException as error:
                # A successful POST may be answered with a 502, and its retry with a 422: then use the existing one.
                if error.status != 422 and error.status < 500:
                    raise
                pull = _find(repository, head, state="open", base=base)
                if pull is None:
                    raise
                return pull

    def create_commit(self, commit: NewCommit) -> str:
        """Create a commit on a new branch, for rules that require signatures. Returns its sha.

        Raises ForgeError, and then no branch was created.
        """
        action = LocalizedText(texts.MAKE_COMMIT, branch=commit.branch)
        with self._client.repository(action, "Contents: Read and write") as repository:
            return create_commit(repository, commit)

    # ------------------------------------------------------------ inside

    def _approval(self, login: str, review: PullRequestReview, retargeted_at: datetime | None) -> Approval:
        """Of the accounts that can read a repository, GitHub counts only approvals by those that can write.

        https://docs.github.com/en/rest/collaborators/collaborators#get-repository-permissions-for-a-user
        """
        is_bot = bool(review.user and review.user.type == "Bot")
        can_write = bool(review.user) and not is_bot and self._can_write(login)
        return make_approval(
            by=login,
            sha=review.commit_id,
            at=review.submitted_at,
            is_bot=is_bot,
            can_write=can_write,
            retargeted=retargeted_at is not None and review.submitted_at <= retargeted_at,
        )

    def _can_write(self, login: str) -> bool:
        with self._access_lock:
            can_write = self._write_access.get(login)
        if can_write is None:
            action = LocalizedText(texts.READ_ACCESS, who=login)
            with self._client.repository(action, _READ_ACCESS) as repository:
                permission = none_on_status(404, lambda: repository.get_collaborator_permission(login))
            can_write = permission in _WRITE_ACCESS
            with self._access_lock:
                self._write_access[login] = can_write
        return can_write

    # ------------------------------------------------------------ doctor

    def probes(self) -> list[Probe]:
        """Try what the bot needs from GitHub. The writes are invalid, so nothing changes."""
        readable = self._probe("read the repository", "Metadata: Read-only", lambda repository: repository.update())
        if not readable.ok:
            return [readable]
        return [
            readable,
            self._probe(
                "push branches",
                "Contents: Read and write",
                lambda repository: repository.create_git_ref("refs/heads/gitops-bot/doctor", NULL_SHA),
            ),
            self._probe(
                "open pull requests",
                "Pull requests: Read and write",
                lambda repository: repository.create_pull(base=NULL_SHA, head=NULL_SHA, title="doctor", body=""),
            ),
            self._probe("read checks", _READ_CHECKS, _read_checks),
            self._probe("check who can approve", _READ_ACCESS, _read_access),
        ]

    def clone_urls(self) -> list[str]:
        """The URLs of the repository for git, over HTTPS and SSH. Raises ForgeError."""
        with self._client.repository("read the repository", "Metadata: Read-only") as repository:
            return [repository.clone_url, repository.ssh_url]

    def _probe(self, action: str, permission: Text, request: Callable[[Repository], object]) -> Probe:
        def attempt() -> None:
            with self._client.repository(action, permission) as repository:
                # 422: permitted, but not valid.
                none_on_status(422, lambda: request(repository))

        return Probe.attempt(f"GitHub {self.repository}: {action}", attempt)


def _approvals_in_force(
    reviews: Sequence[PullRequestReview], merged_at: datetime | None, dismissed_later: Collection[int]
) -> Iterable[PullRequestReview]:
    """One person's approvals (of their decisions, oldest first) that were in force at the merge, or are now."""
    at_merge = [review for review in reviews if merged_at and review.submitted_at <= merged_at][-1:]
    in_force = {review.id: review for review in at_merge if review.state == "APPROVED" or review.id in dismissed_later}
    return (in_force | {review.id: review for review in reviews[-1:] if review.state == "APPROVED"}).values()


def _read_checks(repository: Repository) -> None:
    commit = repository.get_commit(repository.default_branch)
    first_items(commit.get_check_runs(), 1)
    _ = commit.get_combined_status().state


def _read_access(repository: Repository) -> None:
    none_on_status(404, lambda: repository.get_collaborator_permission(_DELETED_ACCOUNT))


def _web_url(api_url: str) -> str:
    """The root of the web pages: github.com, a server, or a ghe.com tenant, whose API has its own host."""
    parts = urlsplit(api_url)
    return f"{parts.scheme}://{parts.netloc.removeprefix('api.')}{parts.path.removesuffix('/api/v3')}"


def _pull_request(pull: GitHubPullRequest) -> PullRequest:
    if not isinstance(pull.number, int):
        raise TypeError("the response is not a pull request")
    merged = pull.merged_at is not None
    return make_pull_request(
        number=pull.number,
        title=pull.title,
        url=pull.html_url,
        author=pull.user.login if pull.user else _DELETED_ACCOUNT,
        state="merged" if merged else pull.state,
        base=pull.base.ref,
        head=pull.head.ref,
        head_sha=pull.head.sha,
        # For an open pull request, this is GitHub's test merge, which isn't on a branch.
        merge_sha=pull.merge_commit_sha if merged else None,
        merged_at=pull.merged_at,
        # Lists leave it out, and PyGithub then sends another request, so read it only for merged ones.
        merged_by=pull.merged_by.login if merged and pull.merged_by else None,
    )


def _login(user: Mapping[str, Any] | None) -> str | None:
    """The login of an account; None for the null or empty object that GitHub gives for an email without one."""
    return user["login"] if user else None


def _run_name(run: CheckRun) -> str:
    """With the app that runs it (`GitHub Actions: build`), unless the name begins with it (`SonarQube Analysis`)."""
    app = run.app.name if run.app else ""
    return run.name if not app or run.name.startswith(app) else f"{app}: {run.name}"


def _run_state(run: CheckRun) -> CheckState:
    return _CONCLUSIONS.get(run.conclusion, CheckState.FAILURE) if run.status == "completed" else CheckState.PENDING


def _find(repository: Repository, head: str, **filters: str) -> PullRequest | None:
    """The newest pull request from a branch of this repository, open ones first; `filters` are GitHub's."""
    parameters = {"state": "all", "sort": "created", "direction": "desc", **filters}
    pulls = first_items(repository.get_pulls(head=f"{repository.owner.login}:{head}", **parameters), PAGE_SIZE)
    pull = next((pull for pull in pulls if pull.state == "open"), pulls[0] if pulls else None)
    return _pull_request(pull) if pull else None


def _is_own(pull: GitHubPullRequest, prefix: str) -> bool:
    """Whether its branch is in this repository and begins with `prefix`; `head.repo` is None for a deleted fork."""
    head = pull.head.repo
    return bool(pull.head.ref.startswith(prefix) and head and head.id == pull.base.repo.id)

"""GitHub and GitHub Enterprise Server by PyGithub: the pull requests of one repository."""

import base64
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import islice
from typing import Protocol, Self, TypeVar
from urllib.parse import urlsplit

import requests
from github import (
    BadAttributeException,
    Github,
    GithubException,
    InputGitTreeElement,
    RateLimitExceededException,
)
from github import PullRequest as GitHubPull
from github import Repository as GitHubRepository

from bot.adapters.forges.forge import (
    MOST_PULLS,
    NO_SHA,
    PAGE,
    RETRY,
    SECONDS,
    Change,
    ForgeErrorMapper,
    NewCommit,
    Probe,
    Refusal,
    retry_at,
)
from bot.adapters.forges.github_app import AppToken, CurrentToken
from bot.adapters.git.login import Login
from bot.config import Credentials, ForgeConfig
from bot.core.git.commit import Approval, PullRequest
from bot.i18n.catalogue import forge as texts
from bot.i18n.language import LocalizedText
from bot.ports.forge import ForgeError

_VERDICTS = frozenset({"APPROVED", "CHANGES_REQUESTED", "DISMISSED"})
_NOBODY = "ghost"  # GitHub's name for a deleted account
_Answer = TypeVar("_Answer")


class GitHubForge:
    """`ports.Forge` for one repository, `owner/name`, at `api_url` (https://api.github.com, or …/api/v3 of a server).

    `token` gives the token of now (None: there is none); `token_name` is what people set it by.
    """

    def __init__(
        self,
        repository: str,
        api_url: str,
        token: Callable[[], str | None],
        *,
        token_name: str = "GITHUB_TOKEN",  # noqa: S107  a variable's name
    ) -> None:
        self.repository = repository
        self.api_url = api_url.rstrip("/")
        self.web_url = _web_url(self.api_url)
        self.token_name = token_name
        self._token = token
        self._speaker = ForgeErrorMapper(
            "GitHub", repository, self.api_url, "https://api.github.com, or https://HOST/api/v3 of a server", token_name
        )
        self._local = threading.local()

    @classmethod
    def from_config(cls, forge: ForgeConfig, credentials: Credentials) -> Self:
        """The forge as configured: with GITHUB_TOKEN when it is set, else as a GitHub App. Nothing connects yet."""
        api_url = str(forge.api_url).rstrip("/")
        app_id, key = credentials.github_app_id, credentials.github_app_private_key
        if credentials.github_token or not (app_id and key):
            return cls(forge.repository, api_url, lambda: credentials.github_token)
        token = AppToken(app_id, key, forge.repository, api_url)
        return cls(forge.repository, api_url, token, token_name="GITHUB_APP_ID and GITHUB_APP_PRIVATE_KEY")  # noqa: S106

    def git_login(self) -> Login | None:
        """What git pushes with; None when no token is set. ForgeError when a GitHub App's cannot be had."""
        with self._explaining(LocalizedText(texts.GIVE_TOKEN), "access to the repository"):
            token = self._token()
            return Login(token, "x-access-token") if token else None

    # ------------------------------------------------------------ reading

    def get_pull_request(self, number: int) -> PullRequest | None:
        """See ports.Forge."""
        with self._asking(LocalizedText(texts.READ_PULLS)) as repository:
            found = _or_none(lambda: _pull_request(repository.get_pull(number)), 404)
            if found is None:
                repository.update()  # told apart from a repository that the token may not see any more
            return found

    def pull_request_for(self, sha: str, base: str | None = None) -> PullRequest | None:
        """See ports.Forge."""
        with self._asking(LocalizedText(texts.READ_PULLS)) as repository:
            # 422 is GitHub's "No commit found for SHA": not pushed there, or not yet.
            found = _or_none(lambda: _first(repository.get_commit(sha).get_pulls(), PAGE), 422) or []
            pulls = [pull for pull in found if base in (None, pull.base.ref)]
            brought = [pull for pull in pulls if pull.merged_at and pull.merge_commit_sha == sha]
            merged = [pull for pull in pulls if pull.merged_at]
            opened = [pull for pull in pulls if pull.state == "open"]
            best = next(iter(brought or merged or opened), None)
            return _pull_request(best) if best else None

    def approvals(self, number: int) -> list[Approval]:
        """See ports.Forge."""
        with self._asking(LocalizedText(texts.READ_REVIEWS)) as repository:
            verdicts = {}
            for review in _first(repository.get_pull(number).get_reviews()):  # oldest first
                if review.state in _VERDICTS:
                    verdicts[review.user.login if review.user else _NOBODY] = review
            return [
                Approval(by=login, sha=review.commit_id, at=review.submitted_at)
                for login, review in verdicts.items()
                if review.state == "APPROVED"
            ]

    def pushers(self, branch: str) -> Mapping[str, str]:
        """See ports.Forge. Servers before 3.9 do not tell.

        https://docs.github.com/en/rest/repos/repos#list-repository-activities
        """
        with self._asking(LocalizedText(texts.READ_PUSHES), "Contents: Read-only") as repository:
            asked = {"ref": f"refs/heads/{branch}", "per_page": PAGE}
            ask = repository.requester.requestJsonAndCheck
            answer = _or_none(lambda: ask("GET", f"{repository.url}/activity", parameters=asked), 404)
            return {each["after"]: each["actor"]["login"] for each in (answer[1] if answer else ()) if each["actor"]}

    def find_pull_request(self, head: str) -> PullRequest | None:
        """See ports.Forge."""
        with self._asking(LocalizedText(texts.READ_PULLS)) as repository:
            return _find(repository, head)

    def open_pull_requests(self, head_prefix: str = "") -> list[PullRequest]:
        """See ports.Forge. With a prefix only branches of the repository itself count: a fork may name its at will."""
        with self._asking(LocalizedText(texts.READ_PULLS)) as repository:
            most = MOST_PULLS if head_prefix else PAGE
            newest = _first(repository.get_pulls(state="open", sort="created", direction="desc"), most)
            mine = (pull for pull in newest if not head_prefix or _is_own(pull, head_prefix))
            return [_pull_request(pull) for pull in islice(mine, PAGE)]

    def commit_url(self, sha: str) -> str:
        """See ports.Forge."""
        return f"{self.web_url}/{self.repository}/commit/{sha}"

    # ------------------------------------------------------------ writing

    def create_pull_request(self, *, head: str, base: str, title: str, body: str) -> PullRequest:
        """See ports.Forge."""
        with self._asking(LocalizedText(texts.OPEN_PULL, branch=head), "Pull requests: Read and write") as repository:
            try:
                return _pull_request(repository.create_pull(base=base, head=head, title=title, body=body))
            except GithubException as error:
                # A POST that did its work may be answered with a 502; repeated, it is a 422. That one is adopted.
                if error.status != 422 and error.status < 500:
                    raise
                made = _find(repository, head, state="open", base=base)
                if made is None:
                    raise
                return made

    def make_commit(self, commit: NewCommit) -> str:
        """Make a commit through the Git Data API, which GitHub signs when a GitHub App asks for it; its sha.

        For branches whose rules want signatures and refuse a push. ForgeError, and then it made no branch.
        https://docs.github.com/en/rest/git
        """
        doing = LocalizedText(texts.MAKE_COMMIT, branch=commit.branch)
        with self._asking(doing, "Contents: Read and write") as repository:
            entries = [_entry(repository, change) for change in commit.changes]
            tree = repository.create_git_tree(entries, repository.get_git_tree(commit.base_tree))
            if tree.sha != commit.tree:
                raise ForgeError(LocalizedText(texts.OTHER_TREE, branch=commit.branch))
            parent = repository.get_git_commit(commit.parent)
            made = repository.create_git_commit(commit.message, tree, [parent])
            if not made.verification.verified:
                raise ForgeError(LocalizedText(texts.CANNOT_SIGN, repository=self.repository))
            try:
                repository.create_git_ref(f"refs/heads/{commit.branch}", made.sha)
            except GithubException as error:
                # Answered with a 502 and repeated, it is a 422: the branch is there, and ours.
                if error.status != 422 or _tip(repository, commit.branch) != made.sha:
                    raise
            return made.sha

    # ------------------------------------------------------------ doctor

    def probes(self) -> list[Probe]:
        """What the bot needs at GitHub, each tried. Nothing is changed: the writes name what cannot exist."""
        seen = self._probe("read the repository", "Metadata: Read-only", lambda repository: repository.update())
        if not seen.ok:
            return [seen]
        return [
            seen,
            self._probe(
                "push branches",
                "Contents: Read and write",
                lambda repository: repository.create_git_ref("refs/heads/gitops-bot/doctor", NO_SHA),
            ),
            self._probe(
                "open pull requests",
                "Pull requests: Read and write",
                lambda repository: repository.create_pull(base=NO_SHA, head=NO_SHA, title="doctor", body=""),
            ),
        ]

    def _probe(self, doing: str, permission: str, attempt: Callable[[GitHubRepository.Repository], object]) -> Probe:
        what = f"GitHub {self.repository}: {doing}"
        try:
            with self._asking(doing, permission) as repository:
                # 422: the token may, and what was asked for makes no sense.
                _or_none(lambda: attempt(repository), 422)
        except ForgeError as error:
            return Probe(what, ok=False, remedy=str(error))
        return Probe(what, ok=True)

    # ------------------------------------------------------------ inside

    def _present_token(self) -> str:
        token = self._token()
        if not token:
            raise self._speaker.no_token()
        return token

    @contextmanager
    def _asking(
        self, doing: str, permission: str = "Pull requests: Read-only"
    ) -> Iterator[GitHubRepository.Repository]:
        """The repository, this thread's own; what goes wrong inside becomes a ForgeError."""
        with self._explaining(doing, permission):
            # PyGithub keeps verb, URL and body on the connection: one shared by threads gives wrong answers.
            if not hasattr(self._local, "repository"):
                self._local.repository = self._look_up()
            yield self._local.repository

    def _look_up(self) -> GitHubRepository.Repository:
        """The repository by the name it has now: renamed, it is written under that alone."""
        client = Github(
            auth=CurrentToken(self._present_token),
            base_url=self.api_url,
            timeout=SECONDS,
            retry=RETRY,
            per_page=PAGE,
            seconds_between_requests=None,
        )
        repository = client.get_repo(self.repository)
        if not isinstance(repository.id, int):
            raise TypeError("the response is not a repository")
        return repository

    @contextmanager
    def _explaining(self, doing: str, permission: str) -> Iterator[None]:
        try:
            yield
        except GithubException as error:
            raise self._explained(error, doing, permission) from error
        except requests.RequestException as error:
            raise self._speaker.silent() from error
        except (BadAttributeException, AssertionError, AttributeError, RuntimeError, TypeError, ValueError) as error:
            # What PyGithub raises of itself for an answer that is not the API's: a login page, a redirect elsewhere.
            raise self._speaker.not_the_api() from error

    def _explained(self, error: GithubException, doing: str, permission: str) -> ForgeError:
        refusal = Refusal.of(error.status, error.headers, _said(error))
        if _rate_limited(error, refusal.headers):
            return self._speaker.limited(retry_at(refusal.headers, "x-ratelimit-reset", datetime.now(UTC)))
        if error.status == 403 and "x-github-sso" in refusal.headers:
            return ForgeError(LocalizedText(texts.SSO, repository=self.repository))
        return self._speaker.refused(refusal, doing, permission)


def _web_url(api_url: str) -> str:
    """Where people look: github.com, a server's root, or a tenant of ghe.com (whose API has a host of its own)."""
    parts = urlsplit(api_url)
    return f"{parts.scheme}://{parts.netloc.removeprefix('api.')}{parts.path.removesuffix('/api/v3')}"


def _pull_request(pull: GitHubPull.PullRequest) -> PullRequest:
    if not isinstance(pull.number, int):
        raise TypeError("the response is not a pull request")
    merged = pull.merged_at is not None
    return PullRequest(
        number=pull.number,
        title=pull.title,
        url=pull.html_url,
        author=pull.user.login if pull.user else _NOBODY,
        state="merged" if merged else pull.state,
        base=pull.base.ref,
        head=pull.head.ref,
        head_sha=pull.head.sha,
        # Of an open pull request this is GitHub's test merge, which is on no branch.
        merge_sha=pull.merge_commit_sha if merged else None,
        merged_at=pull.merged_at,
        # Lists leave it out, and PyGithub then asks once more: only for those that were merged.
        merged_by=pull.merged_by.login if merged and pull.merged_by else None,
    )


class _HasId(Protocol):
    @property
    def id(self) -> int: ...


_Item = TypeVar("_Item", bound=_HasId)


def _first(items: Iterable[_Item], most: int | None = None) -> list[_Item]:
    """The first of a list. TypeError where PyGithub made it of something else, such as a login page."""
    found = list(islice(items, most))
    if not all(isinstance(item.id, int) for item in found):
        raise TypeError("the response is not a list")
    return found


def _find(repository: GitHubRepository.Repository, head: str, **narrower: str) -> PullRequest | None:
    """The newest pull request of a branch of the repository's own, open ones first; `narrower` as GitHub has it."""
    asked = {"state": "all", "sort": "created", "direction": "desc", **narrower}
    pulls = _first(repository.get_pulls(head=f"{repository.owner.login}:{head}", **asked), PAGE)
    pull = next((pull for pull in pulls if pull.state == "open"), pulls[0] if pulls else None)
    return _pull_request(pull) if pull else None


def _or_none(ask: Callable[[], _Answer], status: int) -> _Answer | None:
    try:
        return ask()
    except GithubException as error:
        if error.status != status:
            raise
        return None


def _entry(repository: GitHubRepository.Repository, change: Change) -> InputGitTreeElement:
    if change.submodule:
        return InputGitTreeElement(change.path, change.mode, "commit", sha=change.submodule)
    if change.content is None:
        return InputGitTreeElement(change.path, change.mode, "blob", sha=None)
    try:
        return InputGitTreeElement(change.path, change.mode, "blob", content=change.content.decode())
    except UnicodeDecodeError:
        blob = repository.create_git_blob(base64.b64encode(change.content).decode(), "base64")
        return InputGitTreeElement(change.path, change.mode, "blob", sha=blob.sha)


def _tip(repository: GitHubRepository.Repository, branch: str) -> str | None:
    found = _or_none(lambda: repository.get_git_ref(f"heads/{branch}"), 404)
    return found.object.sha if found else None


def _is_own(pull: GitHubPull.PullRequest, prefix: str) -> bool:
    """Whether its branch is of the repository itself; a fork's repository is None once it is deleted."""
    home = pull.head.repo
    return bool(pull.head.ref.startswith(prefix) and home and home.id == pull.base.repo.id)


def _said(error: GithubException) -> str:
    """GitHub's own words, with the first detail of a validation error."""
    if not isinstance(error.data, dict):
        return ""
    details = [
        each["message"] for each in error.data.get("errors") or () if isinstance(each, dict) and "message" in each
    ]
    return str(details[0] if details else error.data.get("message") or "")


def _rate_limited(error: GithubException, headers: Mapping[str, str]) -> bool:
    """https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api"""
    used_up = headers.get("x-ratelimit-remaining") == "0" or "retry-after" in headers
    return error.status == 429 or (error.status == 403 and (used_up or isinstance(error, RateLimitExceededException)))

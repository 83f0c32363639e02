"""GitLab by python-gitlab: the merge requests of one project, called pull requests as elsewhere in the bot."""

import re
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import islice, takewhile
from typing import Any, Self, TypeVar
from urllib.parse import quote

import gitlab
import requests
from gitlab.v4.objects import Project, ProjectMergeRequest

from bot.adapters.forges.errors import NOT_THE_API, ErrorResponse, ForgeErrorMapper, retry_time
from bot.adapters.forges.forge import (
    MAX_PULL_REQUESTS,
    NULL_SHA,
    PAGE_SIZE,
    all_commits,
    best_match,
    make_approval,
    make_check,
    make_commit,
    make_pull_request,
    make_push,
    parse_time,
)
from bot.adapters.forges.transport import bounded_operation, http_session
from bot.adapters.git.credential import Credential
from bot.config.credentials import Credentials
from bot.config.sections.forge import ForgeConfig
from bot.core.git.commit import Approval, PullRequest, PullRequestCommit
from bot.core.git.commit_check import MAX_CHECKS, CheckState, CommitCheck
from bot.core.git.push import Push
from bot.i18n.catalogue import forge as texts
from bot.i18n.language import LocalizedText, Text
from bot.ports.forge import ForgeError
from bot.ports.probe import Probe

_API = "/api/v4"
_STATES = {"opened": "open", "locked": "open"}  # locked: it is being merged; "merged" and "closed" are the same
# https://docs.gitlab.com/api/jobs/#job-object; any other is pending
_JOB_STATES = {
    "success": CheckState.SUCCESS,
    "failed": CheckState.FAILURE,
    "canceled": CheckState.NEUTRAL,
    "skipped": CheckState.NEUTRAL,
    "manual": CheckState.NEUTRAL,
}
_NEWEST_FIRST: dict[str, Any] = {"order_by": "created_at", "sort": "desc", "per_page": PAGE_SIZE}
# Accounts of project and group access tokens, and service accounts with a generated name.
# https://docs.gitlab.com/user/project/settings/project_access_tokens/#bot-users-for-projects
_TOKEN_ACCOUNT = re.compile(r"(project|group)_[0-9]+_bot_?[0-9a-f]*|service_account_.+", re.ASCII)
_DELETED_ACCOUNT = "ghost"  # as GitLab shows it
# By a person, or because the branch was deleted.
# https://gitlab.com/gitlab-org/gitlab/-/blob/master/app/services/system_notes/merge_requests_service.rb (change_branch)
_RETARGETED = re.compile(r"changed target branch from |deleted the .+ branch\. This merge request now targets the ")
_ROLE = LocalizedText(texts.DEVELOPER)
_READ = LocalizedText(texts.SCOPE, scope="read_api")


class _Client(gitlab.Gitlab):
    """python-gitlab would sleep until a rate limit is over; here it is an error at once."""

    def http_request(self, verb: str, path: str, *arguments: Any, **keywords: Any) -> requests.Response:
        return super().http_request(verb, path, *arguments, **{"obey_rate_limit": False, **keywords})


class GitLabForge:
    """`ports.Forge` for one project, `group/sub/project`, at `api_url` (https://gitlab.com/api/v4).

    `token` is a personal, group or project access token with the scope api, or None.
    """

    token_variable = "GITLAB_TOKEN"  # noqa: S105  a variable's name

    def __init__(self, repository: str, api_url: str, token: str | None) -> None:
        self.repository = repository
        self.api_url = api_url.rstrip("/")
        self.web_url = self.api_url.removesuffix(_API)
        self._token = token
        self._errors = ForgeErrorMapper("GitLab", repository, self.api_url, f"https://HOST{_API}", self.token_variable)
        self._local = threading.local()

    @classmethod
    def from_config(cls, forge: ForgeConfig, credentials: Credentials) -> Self:
        """The forge as configured. Nothing connects yet."""
        return cls(forge.repository, forge.api_url, credentials.gitlab_token)

    def git_credential(self) -> Credential | None:
        """What git pushes with. https://docs.gitlab.com/user/profile/personal_access_tokens/#clone-repository-using-personal-access-token"""
        return Credential(self._token, "oauth2") if self._token else None

    # ------------------------------------------------------------ reading

    def get_pull_request(self, number: int) -> PullRequest | None:
        with self._project(LocalizedText(texts.READ_MERGE_REQUESTS)) as project:
            request = _none_on_status((404,), lambda: project.mergerequests.get(number))
            return _pull_request(request.attributes) if request else None

    def pull_request_for(self, sha: str, base: str | None = None, *, parents: Sequence[str] = ()) -> PullRequest | None:
        with self._project(LocalizedText(texts.READ_MERGE_REQUESTS)) as project:
            commit = project.commits.get(sha, lazy=True)
            # 404: the commit doesn't exist, or not yet.
            page = _none_on_status((404,), lambda: commit.merge_requests(per_page=PAGE_SIZE)) or ()
            pulls = [_pull_request(request) for request in page]
            return best_match((pull for pull in pulls if base in (None, pull.base)), sha, parents)

    def approvals(self, number: int) -> list[Approval]:
        """GitLab reports the time of an approval, but not the version, which was the newest at that time.

        If it doesn't report the time (before 18.0) and there are several versions, as after a change of the target
        branch, the sha is "". See ports.Forge.
        """
        with self._project(LocalizedText(texts.READ_APPROVALS)) as project:
            request = project.mergerequests.get(number, lazy=True)
            approved_by = _approved_by(request)
            if not approved_by:
                return []
            versions = sorted(
                (parse_time(version.created_at), str(version.head_commit_sha))
                for version in request.diffs.list(get_all=True)
            )
            only_sha = versions[0][1] if len(versions) == 1 else ""
            times = [parse_time(entry["approved_at"]) if entry.get("approved_at") else None for entry in approved_by]
            retargeted_at = _retargeted_at(request, min(filter(None, times), default=None))
            approvals = []
            for entry, at in zip(approved_by, times, strict=True):
                earlier = [sha for created_at, sha in versions if at and created_at < at]
                sha = earlier[-1] if earlier else only_sha
                login = entry["user"]["username"]
                is_bot = bool(_TOKEN_ACCOUNT.fullmatch(login))
                retargeted = bool(at and retargeted_at and at <= retargeted_at)
                approvals.append(make_approval(by=login, sha=sha, at=at, is_bot=is_bot, retargeted=retargeted))
            return approvals

    def commits(self, pull: PullRequest) -> list[PullRequestCommit]:
        """GitLab reports only names: those of the author and of the approvers are matched to their accounts.

        https://docs.gitlab.com/api/merge_requests/#retrieve-merge-request-commits. See ports.Forge.
        """
        with self._project(LocalizedText(texts.READ_MERGE_REQUESTS)) as project:
            request = project.mergerequests.get(pull.number)
            users = [request.attributes["author"], *(entry["user"] for entry in _approved_by(request))]
            logins = {user["name"]: user["username"] for user in users if user}
            return [
                make_commit(
                    sha=commit.attributes["id"],
                    author=logins.get(commit.attributes["author_name"]),
                    committer=logins.get(commit.attributes["committer_name"]),
                )
                for commit in all_commits(request.commits(per_page=PAGE_SIZE))
            ]

    def pushes(self, branch: str) -> list[Push]:
        """From the project's push events, which don't name the branches of a push to more than three. See ports.Forge.

        https://docs.gitlab.com/api/events/,
        https://docs.gitlab.com/administration/settings/push_event_activities_limit/
        """
        with self._project(LocalizedText(texts.READ_PUSHES)) as project:
            events = islice(project.events.list(iterator=True, action="pushed", per_page=PAGE_SIZE), PAGE_SIZE)
            pushes = [(event.attributes["push_data"], event.attributes["author_username"]) for event in events]
            return [
                make_push(before=push["commit_from"] or "", after=push["commit_to"] or "", by=user)
                for push, user in pushes
                if user and _could_move(push, branch)
            ]

    def pull_request_pushes(self, pull: PullRequest) -> list[Push]:
        """Empty for a fork, whose branch can have the name of one in this project. See ports.Forge."""
        with self._project(LocalizedText(texts.READ_MERGE_REQUESTS)) as project:
            is_own = _is_own(project, project.mergerequests.get(pull.number).attributes)
        return self.pushes(pull.head) if is_own else []

    def checks(self, sha: str) -> list[CommitCheck]:
        """The jobs of its pipelines, and statuses from external systems. See ports.Forge.

        https://docs.gitlab.com/api/commits/#list-commit-statuses
        """
        with self._project(LocalizedText(texts.READ_CHECKS)) as project:
            statuses = project.commits.get(sha, lazy=True).statuses
            listed = _none_on_status(
                (404,), lambda: list(islice(statuses.list(iterator=True, per_page=PAGE_SIZE), MAX_CHECKS + 1))
            )
            jobs = [status.attributes for status in listed or ()]
            return [make_check(job["name"], _job_state(job), job.get("target_url")) for job in jobs]

    def find_pull_request(self, head: str) -> PullRequest | None:
        with self._project(LocalizedText(texts.READ_MERGE_REQUESTS)) as project:
            return _find(project, head)

    def open_pull_requests(self, head_prefix: str = "") -> list[PullRequest]:
        """With a prefix, pull requests from forks are left out: their branches can have any name. See ports.Forge."""
        with self._project(LocalizedText(texts.READ_MERGE_REQUESTS)) as project:
            listed = project.mergerequests.list(iterator=True, state="opened", **_NEWEST_FIRST)
            newest = (request.attributes for request in islice(listed, MAX_PULL_REQUESTS))
            candidates = (request for request in newest if not head_prefix or _is_own(project, request))
            matching = (request for request in candidates if request["source_branch"].startswith(head_prefix))
            return [_pull_request(request) for request in islice(matching, PAGE_SIZE)]

    def commit_url(self, sha: str) -> str:
        return f"{self.web_url}/{self.repository}/-/commit/{sha}"

    def source_url(self, sha: str, path: str, line: int | None = None) -> str:
        view, anchor = ("blob", f"#L{line}") if line else ("tree", "")
        return f"{self.web_url}/{self.repository}/-/{view}/{sha}/{quote(path)}{anchor}"

    # ------------------------------------------------------------ writing

    def create_pull_request(self, *, head: str, base: str, title: str, body: str) -> PullRequest:
        fields = {"source_branch": head, "target_branch": base, "title": title, "description": body}
        with self._project(LocalizedText(texts.OPEN_MERGE_REQUEST, branch=head), _ROLE) as project:
            try:
                return _pull_request(project.mergerequests.create(fields).attributes)
            except gitlab.GitlabError as error:
                # 409: it already exists, perhaps from a POST that was answered with a 502.
                status = error.response_code or 0
                if status != 409 and status < 500:
                    raise
                pull = _find(project, head, target_branch=base, state="opened")
                if pull is None:
                    raise
                return pull

    # ------------------------------------------------------------ doctor

    def probes(self) -> list[Probe]:
        """Try what the bot needs from GitLab. The writes are invalid, so nothing changes."""
        readable = self._probe("read the project", LocalizedText(texts.SCOPE, scope="api"), self._require_not_archived)
        if not readable.ok:
            return [readable]
        branch = {"branch": "gitops-bot/doctor", "ref": NULL_SHA}
        request = {"source_branch": NULL_SHA, "target_branch": NULL_SHA, "title": "doctor"}
        return [
            readable,
            self._probe("push branches", _ROLE, lambda project: project.branches.create(branch)),
            self._probe("open merge requests", _ROLE, lambda project: project.mergerequests.create(request)),
        ]

    def clone_urls(self) -> list[str]:
        """The URLs of the repository for git, over HTTPS and SSH. Raises ForgeError."""
        with self._project("read the project") as project:
            return [str(project.attributes.get(f"{scheme}_url_to_repo") or "") for scheme in ("http", "ssh")]

    def _probe(self, action: str, permission: Text, request: Callable[[Project], object]) -> Probe:
        def attempt() -> None:
            with self._project(action, permission) as project:
                # Permitted, but not valid.
                _none_on_status((400, 409, 422), lambda: request(project))

        return Probe.attempt(f"GitLab {self.repository}: {action}", attempt)

    def _require_not_archived(self, project: Project) -> None:
        if project.attributes.get("archived"):
            raise self._errors.archived()

    # ------------------------------------------------------------ inside

    @contextmanager
    def _project(self, action: Text, permission: Text = _READ) -> Iterator[Project]:
        """The project for the calling thread; errors inside become a ForgeError.

        `action` completes "could not …", and `permission` is the one it needs.
        """
        if not self._token:
            raise self._errors.no_token()
        with bounded_operation(self.api_url):
            try:
                # First by its path, then by its id, since writing to a moved project requires its id.
                if not hasattr(self._local, "project"):
                    self._local.project = self._client().projects.get(self.repository)
                yield self._local.project
            except (gitlab.GitlabParsingError, gitlab.RedirectError) as error:
                raise self._errors.not_the_api() from error
            except gitlab.GitlabError as error:
                raise self._mapped(error, action, permission) from error
            except requests.RequestException as error:
                raise self._errors.failed(error) from error
            except NOT_THE_API as error:
                raise self._errors.not_the_api() from error

    def _client(self) -> gitlab.Gitlab:
        http = http_session()
        http.hooks["response"].append(self._keep_headers)
        return _Client(self.web_url, oauth_token=self._token, session=http, keep_base_url=True)

    def _keep_headers(self, response: requests.Response, **_: object) -> None:
        self._local.headers = response.headers  # python-gitlab's errors don't have them

    def _mapped(self, error: gitlab.GitlabError, action: Text, permission: Text) -> ForgeError:
        response = ErrorResponse.of(error.response_code, getattr(self._local, "headers", {}), error.error_message)
        if response.status == 429:
            return self._errors.rate_limited(retry_time(response.headers, "ratelimit-reset", datetime.now(UTC)))
        if response.status == 403 and self._is_archived():
            return self._errors.archived()
        return self._errors.rejected(response, action, permission)

    def _is_archived(self) -> bool:
        """Whether the project is archived, which GitLab reports only as "403 Forbidden"."""
        try:
            return bool(self._client().projects.get(self.repository).attributes.get("archived"))
        except (gitlab.GitlabError, requests.RequestException, *NOT_THE_API):
            return False


def _approved_by(request: ProjectMergeRequest) -> list[Mapping[str, Any]]:
    """The approvals of a merge request, except those of deleted accounts."""
    return [entry for entry in request.approvals.get().attributes["approved_by"] if entry["user"]]


def _retargeted_at(request: ProjectMergeRequest, since: datetime | None) -> datetime | None:
    """When the target branch was last changed, if that was after `since`, according to GitLab's own notes.

    https://docs.gitlab.com/api/notes/#list-all-merge-request-notes
    """
    if since is None:
        return None
    notes = request.notes.list(iterator=True, order_by="created_at", sort="desc", per_page=PAGE_SIZE)
    dated = ((parse_time(note.created_at), note) for note in notes)
    recent = takewhile(lambda item: item[0] >= since, dated)
    return next((at for at, note in recent if note.system and _RETARGETED.match(note.body)), None)


def _could_move(push: Mapping[str, Any], branch: str) -> bool:
    """Whether a push moved a branch to a commit, or could have because it doesn't name its branches."""
    if push["ref"] is None:
        return bool(push["ref_type"] == "branch" and push["action"] != "removed")
    return bool(push["ref"] == branch and push["commit_to"])


def _job_state(job: Mapping[str, Any]) -> CheckState:
    if job["status"] == "failed" and job.get("allow_failure"):
        return CheckState.NEUTRAL
    return _JOB_STATES.get(job["status"], CheckState.PENDING)


def _find(project: Project, head: str, **filters: str) -> PullRequest | None:
    """The newest merge request from a branch of this project, open ones first; `filters` are GitLab's."""
    parameters = {"source_branch": head, **_NEWEST_FIRST, **filters}
    newest = islice(project.mergerequests.list(iterator=True, **parameters), PAGE_SIZE)
    pulls = [_pull_request(request.attributes) for request in newest if _is_own(project, request.attributes)]
    return next((pull for pull in pulls if pull.state == "open"), pulls[0] if pulls else None)


def _is_own(project: Project, request: Mapping[str, Any]) -> bool:
    return bool(request["source_project_id"] == project.get_id())


def _pull_request(request: Mapping[str, Any]) -> PullRequest:
    merged = request["state"] == "merged"
    merged_by = request.get("merge_user") or request.get("merged_by")
    # A merge commit, else the squashed commit, else (for a fast-forward) the tip of the branch.
    merge_sha = request.get("merge_commit_sha") or request.get("squash_commit_sha") or request["sha"]
    return make_pull_request(
        number=request["iid"],
        title=request["title"],
        url=request["web_url"],
        author=request["author"]["username"] if request["author"] else _DELETED_ACCOUNT,
        state=_STATES.get(request["state"], request["state"]),
        base=request["target_branch"],
        head=request["source_branch"],
        head_sha=request["sha"],
        merge_sha=merge_sha if merged else None,
        merged_at=parse_time(request["merged_at"]) if merged and request.get("merged_at") else None,
        merged_by=merged_by["username"] if merged and merged_by else None,
    )


_Answer = TypeVar("_Answer")


def _none_on_status(statuses: tuple[int, ...], request: Callable[[], _Answer]) -> _Answer | None:
    """The answer to a request; None if it is an error with one of these statuses."""
    try:
        return request()
    except gitlab.GitlabError as error:
        if error.response_code not in statuses or "Project" in str(error.error_message):
            raise  # "404 Project Not Found": the token can no longer see it
        return None

"""GitLab by python-gitlab: the merge requests of one project, called pull requests as everywhere else in the bot."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import islice
from typing import Any, Self, TypeVar

import gitlab
import requests
from gitlab.v4.objects import Project

from bot.adapters.forges.forge import (
    MOST_PULLS,
    NO_SHA,
    PAGE,
    SECONDS,
    ForgeErrorMapper,
    Probe,
    Refusal,
    retry_at,
    session,
)
from bot.adapters.git.login import Login
from bot.config import Credentials, ForgeConfig
from bot.core.git.commit import Approval, PullRequest
from bot.i18n.catalogue import forge as texts
from bot.i18n.language import LocalizedText
from bot.ports.forge import ForgeError

_API = "/api/v4"
_STATES = {"opened": "open", "locked": "open"}  # locked: it is being merged; "merged" and "closed" are ours too
_NEWEST: dict[str, Any] = {"order_by": "created_at", "sort": "desc", "per_page": PAGE}
_ROLE = LocalizedText(texts.DEVELOPER)
_READ = LocalizedText(texts.SCOPE, scope="read_api")
_Answer = TypeVar("_Answer")


class _Client(gitlab.Gitlab):
    """python-gitlab would sleep in the thread until a rate limit is over; here that is an answer at once."""

    def http_request(self, verb: str, path: str, *arguments: Any, **named: Any) -> requests.Response:
        return super().http_request(verb, path, *arguments, **{"obey_rate_limit": False, **named})


class GitLabForge:
    """`ports.Forge` for one project, `group/sub/project`, at `api_url` (https://gitlab.com/api/v4).

    `token` is a personal, group or project access token with the scope api; None: there is none.
    """

    token_name = "GITLAB_TOKEN"  # noqa: S105  a variable's name

    def __init__(self, repository: str, api_url: str, token: str | None) -> None:
        self.repository = repository
        self.api_url = api_url.rstrip("/")
        self.web_url = self.api_url.removesuffix(_API)
        self._token = token
        self._speaker = ForgeErrorMapper("GitLab", repository, self.api_url, f"https://HOST{_API}", self.token_name)
        self._local = threading.local()

    @classmethod
    def from_config(cls, forge: ForgeConfig, credentials: Credentials) -> Self:
        """The forge as configured. Nothing connects yet."""
        return cls(forge.repository, forge.api_url, credentials.gitlab_token)

    def git_login(self) -> Login | None:
        """What git pushes with. https://docs.gitlab.com/user/profile/personal_access_tokens/#clone-repository-using-personal-access-token"""
        return Login(self._token, "oauth2") if self._token else None

    # ------------------------------------------------------------ reading

    def get_pull_request(self, number: int) -> PullRequest | None:
        """See ports.Forge."""
        with self._asking(LocalizedText(texts.READ_MERGE_REQUESTS)) as project:
            found = _or_none(lambda: project.mergerequests.get(number), 404)
            return _pull_request(found.attributes) if found else None

    def pull_request_for(self, sha: str, base: str | None = None) -> PullRequest | None:
        """See ports.Forge."""
        with self._asking(LocalizedText(texts.READ_MERGE_REQUESTS)) as project:
            # 404: the commit is not there, or not yet.
            pulls = _or_none(lambda: project.commits.get(sha, lazy=True).merge_requests(per_page=PAGE), 404)
            found = [_pull_request(pull) for pull in pulls or () if base in (None, pull["target_branch"])]
            brought = [pull for pull in found if pull.merge_sha == sha]
            merged = [pull for pull in found if pull.state == "merged"]
            opened = [pull for pull in found if pull.state == "open"]
            return next(iter(brought or merged or opened), None)

    def approvals(self, number: int) -> list[Approval]:
        """See ports.Forge.

        GitLab tells when somebody approved and not what: it was the version that was the newest then. Where it does not
        tell when (before 18.0) and there is more than one version, what was approved is "".
        """
        with self._asking(LocalizedText(texts.READ_APPROVALS)) as project:
            request = project.mergerequests.get(number, lazy=True)
            approved = request.approvals.get().attributes["approved_by"]
            if not approved:
                return []
            versions = [
                (_time(each.created_at), str(each.head_commit_sha)) for each in request.diffs.list(get_all=True)
            ]
            versions.sort()
            only = versions[0][1] if len(versions) == 1 else ""
            found = []
            for each in approved:
                at = _time(each["approved_at"]) if each.get("approved_at") else None
                seen = [sha for made, sha in versions if at and made <= at]
                found.append(Approval(by=each["user"]["username"], sha=seen[-1] if seen else only, at=at))
            return found

    def pushers(self, branch: str) -> Mapping[str, str]:
        """See ports.Forge. https://docs.gitlab.com/api/events/"""
        with self._asking(LocalizedText(texts.READ_PUSHES)) as project:
            events = islice(project.events.list(iterator=True, action="pushed", per_page=PAGE), PAGE)
            pushes = [(each.attributes["push_data"], each.attributes["author_username"]) for each in events]
            return {data["commit_to"]: who for data, who in pushes if data["ref"] == branch and data["commit_to"]}

    def find_pull_request(self, head: str) -> PullRequest | None:
        """See ports.Forge."""
        with self._asking(LocalizedText(texts.READ_MERGE_REQUESTS)) as project:
            return _find(project, head)

    def open_pull_requests(self, head_prefix: str = "") -> list[PullRequest]:
        """See ports.Forge. With a prefix only branches of the project itself count: a fork may name its at will."""
        with self._asking(LocalizedText(texts.READ_MERGE_REQUESTS)) as project:
            newest = islice(project.mergerequests.list(iterator=True, state="opened", **_NEWEST), MOST_PULLS)
            mine = (each.attributes for each in newest if not head_prefix or _is_own(project, each.attributes))
            pulls = (_pull_request(each) for each in mine if each["source_branch"].startswith(head_prefix))
            return list(islice(pulls, PAGE))

    def commit_url(self, sha: str) -> str:
        """See ports.Forge."""
        return f"{self.web_url}/{self.repository}/-/commit/{sha}"

    # ------------------------------------------------------------ writing

    def create_pull_request(self, *, head: str, base: str, title: str, body: str) -> PullRequest:
        """See ports.Forge."""
        asked = {"source_branch": head, "target_branch": base, "title": title, "description": body}
        with self._asking(LocalizedText(texts.OPEN_MERGE_REQUEST, branch=head), _ROLE) as project:
            try:
                return _pull_request(project.mergerequests.create(asked).attributes)
            except gitlab.GitlabError as error:
                # 409: there is one already, perhaps made by a POST that was answered with a 502.
                status = error.response_code or 0
                if status != 409 and status < 500:
                    raise
                made = _find(project, head, target_branch=base, state="opened")
                if made is None:
                    raise
                return made

    # ------------------------------------------------------------ doctor

    def probes(self) -> list[Probe]:
        """What the bot needs at GitLab, each tried. Nothing is changed: the writes name what cannot exist."""
        seen = self._probe("read the project", LocalizedText(texts.SCOPE, scope="api"), self._not_archived)
        if not seen.ok:
            return [seen]
        branch = {"branch": "gitops-bot/doctor", "ref": NO_SHA}
        request = {"source_branch": NO_SHA, "target_branch": NO_SHA, "title": "doctor"}
        return [
            seen,
            self._probe("push branches", _ROLE, lambda project: project.branches.create(branch)),
            self._probe("open merge requests", _ROLE, lambda project: project.mergerequests.create(request)),
        ]

    def _probe(self, doing: str, permission: str, attempt: Callable[[Project], object]) -> Probe:
        what = f"GitLab {self.repository}: {doing}"
        try:
            with self._asking(doing, permission) as project:
                # The token may, and what was asked for makes no sense.
                _or_none(lambda: attempt(project), 400, 409, 422)
        except ForgeError as error:
            return Probe(what, ok=False, remedy=str(error))
        return Probe(what, ok=True)

    def _not_archived(self, project: Project) -> None:
        if project.attributes.get("archived"):
            raise self._speaker.archived()

    # ------------------------------------------------------------ inside

    @contextmanager
    def _asking(self, doing: str, permission: str = _READ) -> Iterator[Project]:
        """The project, this thread's own; what goes wrong inside becomes a ForgeError."""
        if not self._token:
            raise self._speaker.no_token()
        try:
            # By its path once, then by its id: a project that was moved is written under its id alone.
            if not hasattr(self._local, "project"):
                self._local.project = self._client().projects.get(self.repository)
            yield self._local.project
        except (gitlab.GitlabParsingError, gitlab.RedirectError) as error:
            raise self._speaker.not_the_api() from error
        except gitlab.GitlabError as error:
            raise self._explained(error, doing, permission) from error
        except requests.RequestException as error:
            raise self._speaker.silent() from error
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            # What python-gitlab and the reading below raise for an answer that is not the API's.
            raise self._speaker.not_the_api() from error

    def _client(self) -> gitlab.Gitlab:
        http = session()
        http.hooks["response"].append(self._note)
        # As a bearer, which requests does not carry to another host when it is redirected there.
        return _Client(self.web_url, oauth_token=self._token, timeout=SECONDS, session=http, keep_base_url=True)

    def _note(self, response: requests.Response, **_: object) -> None:
        self._local.headers = response.headers  # python-gitlab's errors leave them out

    def _explained(self, error: gitlab.GitlabError, doing: str, permission: str) -> ForgeError:
        refusal = Refusal.of(error.response_code, getattr(self._local, "headers", {}), error.error_message)
        if refusal.status == 429:
            return self._speaker.limited(retry_at(refusal.headers, "ratelimit-reset", datetime.now(UTC)))
        if refusal.status == 403 and self._is_archived():
            return self._speaker.archived()
        return self._speaker.refused(refusal, doing, permission)

    def _is_archived(self) -> bool:
        """Whether that is why; GitLab itself only says "403 Forbidden"."""
        try:
            return bool(self._client().projects.get(self.repository).attributes.get("archived"))
        except (gitlab.GitlabError, requests.RequestException):
            return False


def _find(project: Project, head: str, **narrower: str) -> PullRequest | None:
    """The newest merge request of a branch of the project's own, open ones first; `narrower` as GitLab has it."""
    asked = {"source_branch": head, **_NEWEST, **narrower}
    newest = islice(project.mergerequests.list(iterator=True, **asked), PAGE)
    pulls = [_pull_request(each.attributes) for each in newest if _is_own(project, each.attributes)]
    return next((pull for pull in pulls if pull.state == "open"), pulls[0] if pulls else None)


def _is_own(project: Project, request: Mapping[str, Any]) -> bool:
    return bool(request["source_project_id"] == project.get_id())


def _pull_request(request: Mapping[str, Any]) -> PullRequest:
    merged = request["state"] == "merged"
    merger = request.get("merge_user") or request.get("merged_by")
    # A merge commit, else the squash, else (a fast-forward) the branch's own tip.
    landed = request.get("merge_commit_sha") or request.get("squash_commit_sha") or request["sha"]
    return PullRequest(
        number=request["iid"],
        title=request["title"],
        url=request["web_url"],
        author=request["author"]["username"],
        state=_STATES.get(request["state"], request["state"]),
        base=request["target_branch"],
        head=request["source_branch"],
        head_sha=request["sha"],
        merge_sha=landed if merged else None,
        merged_at=_time(request["merged_at"]) if merged and request.get("merged_at") else None,
        merged_by=merger["username"] if merged and merger else None,
    )


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _or_none(ask: Callable[[], _Answer], *statuses: int) -> _Answer | None:
    try:
        return ask()
    except gitlab.GitlabError as error:
        if error.response_code not in statuses or "Project" in str(error.error_message):
            raise  # "404 Project Not Found": the token may not see it any more
        return None

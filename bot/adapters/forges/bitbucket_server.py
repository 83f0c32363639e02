"""Bitbucket Data Center by atlassian-python-api: the pull requests of one repository."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from itertools import chain, islice
from typing import Any, Self
from urllib.parse import quote

from bot.adapters.forges.bitbucket_client import BUILD_STATES, Api, BitbucketClient, BitbucketError, Json
from bot.adapters.forges.errors import ForgeErrorMapper
from bot.adapters.forges.forge import (
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
from bot.adapters.forges.transport import TooLargeError
from bot.adapters.git.credential import Credential
from bot.config.credentials import Credentials
from bot.config.sections.forge import ForgeConfig
from bot.core.git.commit import Approval, PullRequest, PullRequestCommit
from bot.core.git.commit_check import MAX_CHECKS, CommitCheck
from bot.core.git.push import Push
from bot.i18n.catalogue import forge as texts
from bot.i18n.language import LocalizedText
from bot.ports.probe import Probe

_STATES = {"OPEN": "open", "MERGED": "merged", "DECLINED": "closed"}
_MAX_NUMBERED = 5  # pull request numbers in a commit's subject to try
_HEADS = "refs/heads/"
_READ, _WRITE = "Repository read", "Repository write"


class BitbucketServerForge:
    """`ports.Forge` for one repository, `PROJECT/repository`, at `api_url` (https://HOST/rest/api/latest).

    `token` is an HTTP access token of a project, a repository or a person, or None.
    """

    token_variable = "BITBUCKET_TOKEN"  # noqa: S105  a variable's name

    def __init__(self, repository: str, api_url: str, token: str | None) -> None:
        self.repository = repository
        self.api_url = api_url.rstrip("/")
        self.web_url = re.sub("/rest/api/[^/]+$", "", self.api_url)
        self._path = "projects/{}/repos/{}".format(*repository.split("/"))
        self._credential = Credential(token) if token else None
        errors = ForgeErrorMapper(
            "Bitbucket", repository, self.api_url, "https://HOST/rest/api/latest", self.token_variable
        )
        self._client = BitbucketClient(errors, self.api_url, self._credential, self._find_path)

    @classmethod
    def from_config(cls, forge: ForgeConfig, credentials: Credentials) -> Self:
        """The forge as configured. Nothing connects yet."""
        return cls(forge.repository, forge.api_url, credentials.bitbucket_token)

    def git_credential(self) -> Credential | None:
        """What git pushes with: the same bearer token.

        https://confluence.atlassian.com/bitbucketserver/http-access-tokens-939515499.html
        """
        return self._credential

    # ------------------------------------------------------------ reading

    def get_pull_request(self, number: int) -> PullRequest | None:
        with self._client.api(LocalizedText(texts.READ_PULLS), _READ) as api:
            pull = api.find(f"{api.path}/pull-requests/{number}")
            return _pull_request(api, pull) if pull else None

    def pull_request_for(self, sha: str, base: str | None = None, *, parents: Sequence[str] = ()) -> PullRequest | None:
        """Bitbucket finds pull requests by their commits; of the merged commits, only by the last. See ports.Forge."""
        with self._client.api(LocalizedText(texts.READ_PULLS), _READ) as api:
            if api.find(f"{api.path}/commits/{sha}") is None:
                return None
            pulls = api.paginate(f"{api.path}/commits/{sha}/pull-requests", {"limit": PAGE_SIZE})
            candidates = [pull for pull in pulls if base in (None, _branch(pull["toRef"]))]
            merged = [pull for pull in candidates if pull["state"] == "MERGED"]
            still_open = [pull for pull in candidates if pull["state"] == "OPEN"]
            best = min(merged, key=partial(_rank, sha, parents), default=None)
            best = best or self._merged_as(api, sha, base, parents) or next(iter(still_open), None)
            return _pull_request(api, best) if best else None

    def approvals(self, number: int) -> list[Approval]:
        with self._client.api(LocalizedText(texts.READ_APPROVALS), _READ) as api:
            reviewers = api.get(f"{api.path}/pull-requests/{number}")["reviewers"]
            approving = [reviewer for reviewer in reviewers if reviewer["status"] == "APPROVED"]
            approved_since = _approvers_since_retargeting(api, number) if approving else None
            return [
                make_approval(
                    by=reviewer["user"]["name"],
                    sha=reviewer.get("lastReviewedCommit", ""),
                    is_bot=reviewer["user"].get("type") == "SERVICE",
                    retargeted=approved_since is not None and reviewer["user"]["name"] not in approved_since,
                )
                for reviewer in approving
            ]

    def commits(self, pull: PullRequest) -> list[PullRequestCommit]:
        """The pusher is taken to be the author, whom Bitbucket finds by email, if that is also the committer.

        See ports.Forge.
        """
        with self._client.api(LocalizedText(texts.READ_PULLS), _READ) as api:
            listed = api.paginate(f"{api.path}/pull-requests/{pull.number}/commits", {"limit": PAGE_SIZE})
            commits = [
                (commit["id"], _login(commit["author"]), _login(commit["committer"])) for commit in all_commits(listed)
            ]
        return [
            make_commit(sha=sha, author=author, committer=committer, pushed_by=author if author == committer else None)
            for sha, author, committer in commits
        ]

    def pushes(self, branch: str) -> list[Push]:  # noqa: ARG002  the port's
        """Empty, since Bitbucket reports pushes only to administrators of the repository. See ports.Forge."""
        return []

    def pull_request_pushes(self, pull: PullRequest) -> list[Push]:
        """Those after it was opened. See ports.Forge."""
        with self._client.api(LocalizedText(texts.READ_PULLS), _READ) as api:
            return [
                make_push(before=event["previousFromHash"], after=event["fromHash"], by=event["user"]["name"])
                for event in _activities(api, pull.number)
                if event["action"] == "RESCOPED" and event["previousFromHash"] != event["fromHash"]
            ]

    def checks(self, sha: str) -> list[CommitCheck]:
        """Build statuses, which Bamboo, Jenkins and others report for a commit of any repository. See ports.Forge.

        https://developer.atlassian.com/server/bitbucket/rest/v1000/api-group-build-status/
        """
        url = f"{self.web_url}/rest/build-status/latest/commits/{sha}"
        with self._client.api(LocalizedText(texts.READ_CHECKS), _READ) as api:
            if api.find(f"{api.path}/commits/{sha}") is None:
                return []
            return [
                make_check(build.get("name") or build["key"], BUILD_STATES[build["state"]], build.get("url"))
                for build in islice(api.paginate(url, {"limit": PAGE_SIZE}), MAX_CHECKS + 1)
            ]

    def find_pull_request(self, head: str) -> PullRequest | None:
        with self._client.api(LocalizedText(texts.READ_PULLS), _READ) as api:
            return _find(api, head, state="ALL")

    def open_pull_requests(self, head_prefix: str = "") -> list[PullRequest]:
        """With a prefix, pull requests from forks are left out: their branches can have any name. See ports.Forge."""
        with self._client.api(LocalizedText(texts.READ_PULLS), _READ) as api:
            newest = islice(_newest_first(api, state="OPEN"), MAX_PULL_REQUESTS)
            candidates = (pull for pull in newest if not head_prefix or _is_own(pull))
            matching = (pull for pull in candidates if _branch(pull["fromRef"]).startswith(head_prefix))
            return [_pull_request(api, pull) for pull in islice(matching, PAGE_SIZE)]

    def commit_url(self, sha: str) -> str:
        return f"{self.web_url}/{self._path}/commits/{sha}"

    def source_url(self, sha: str, path: str, line: int | None = None) -> str:
        anchor = f"#{line}" if line else ""
        return f"{self.web_url}/{self._path}/browse/{quote(path)}?at={sha}{anchor}"

    # ------------------------------------------------------------ writing

    def create_pull_request(self, *, head: str, base: str, title: str, body: str) -> PullRequest:
        fields = {
            "title": title,
            "description": body,
            "fromRef": {"id": f"{_HEADS}{head}"},
            "toRef": {"id": f"{_HEADS}{base}"},
        }
        with self._client.api(LocalizedText(texts.OPEN_PULL, branch=head), _WRITE) as api:
            try:
                return _pull_request(api, api.post(f"{api.path}/pull-requests", fields))
            except BitbucketError as error:
                # 409: it already exists, perhaps from a POST that was answered with a 502.
                if error.response.status != 409 and error.response.status < 500:
                    raise
                pull = _find(api, head, state="OPEN", base=base)
                if pull is None:
                    raise
                return pull

    # ------------------------------------------------------------ doctor

    def probes(self) -> list[Probe]:
        """Try what the bot needs from Bitbucket. The writes are invalid, so nothing changes."""
        branch = {"name": "gitops-bot/doctor", "startPoint": NULL_SHA}
        nowhere = {"id": f"{_HEADS}{NULL_SHA}"}
        pull = {"title": "doctor", "fromRef": nowhere, "toRef": nowhere}
        return self._client.probes(
            {
                "read the repository": (_READ, lambda api: api.get(api.path)),
                "push branches": (_WRITE, lambda api: api.post(f"{api.path}/branches", branch)),
                "open pull requests": (_WRITE, lambda api: api.post(f"{api.path}/pull-requests", pull)),
            }
        )

    def clone_urls(self) -> list[str]:
        """The URLs of the repository for git, over HTTPS and SSH. Raises ForgeError."""
        return self._client.clone_urls(_READ)

    # ------------------------------------------------------------ inside

    def _find_path(self, api: Api) -> str:
        repository = api.get(self._path)
        return f"projects/{repository['project']['key']}/repos/{repository['slug']}"

    def _merged_as(self, api: Api, sha: str, base: str | None, parents: Sequence[str]) -> Json | None:
        """The pull request merged as this commit: tries those numbered in its subject, then the newest."""
        subject = api.get(f"{api.path}/commits/{sha}")["message"].partition("\n")[0]
        numbered = (
            api.find(f"{api.path}/pull-requests/{number}")
            for number in re.findall("#([0-9]{1,9})", subject)[:_MAX_NUMBERED]
        )
        pulls = chain(numbered, islice(_newest_first(api, state="MERGED"), MAX_PULL_REQUESTS))
        merged = (pull for pull in pulls if pull and pull["state"] == "MERGED" and _merge_sha(pull) == sha)
        found = (pull for pull in merged if base in (None, _branch(pull["toRef"])))
        first = next(found, None)
        if first is None or not parents[1:] or not any(_rank(sha, parents, first)):
            return first
        return next((pull for pull in found if not any(_rank(sha, parents, pull))), first)


def _newest_first(api: Api, **filters: str) -> Iterable[Json]:
    return api.paginate(f"{api.path}/pull-requests", {"order": "NEWEST", "limit": PAGE_SIZE, **filters})


def _find(api: Api, head: str, *, state: str, base: str = "") -> PullRequest | None:
    """The newest pull request from a branch of this repository, open ones first."""
    newest = islice(_newest_first(api, direction="OUTGOING", at=f"{_HEADS}{head}", state=state), PAGE_SIZE)
    pulls = [pull for pull in newest if _is_own(pull) and base in ("", _branch(pull["toRef"]))]
    pull = next((pull for pull in pulls if pull["state"] == "OPEN"), pulls[0] if pulls else None)
    return _pull_request(api, pull) if pull else None


def _is_own(pull: Json) -> bool:
    source = pull["fromRef"].get("repository")  # None for a deleted fork
    return bool(source and source["id"] == pull["toRef"]["repository"]["id"])


def _branch(ref: Mapping[str, Any]) -> str:
    return str(ref["id"]).removeprefix(_HEADS)


def _login(person: Mapping[str, Any]) -> str | None:
    """The account of a commit's author or committer; a person without one has only a name and an email."""
    return str(person["name"]) if "slug" in person else None


def _merge_sha(pull: Json) -> str | None:
    commit = pull.get("properties", {}).get("mergeCommit")
    return str(commit["id"]) if commit else None


def _rank(sha: str, parents: Sequence[str], pull: Json) -> Rank:
    merged = pull["state"] == "MERGED"
    return rank(sha, parents, merged=merged, head=pull["fromRef"]["latestCommit"], merge=_merge_sha(pull))


def _pull_request(api: Api, pull: Json) -> PullRequest:
    merge = _merge_activity(api, pull["id"]) if pull["state"] == "MERGED" else {}
    return make_pull_request(
        number=pull["id"],
        title=pull["title"],
        url=pull["links"]["self"][0]["href"],
        author=pull["author"]["user"]["name"],
        state=_STATES[pull["state"]],
        base=_branch(pull["toRef"]),
        head=_branch(pull["fromRef"]),
        head_sha=pull["fromRef"]["latestCommit"],
        merge_sha=_merge_sha(pull) or (merge["commit"]["id"] if merge.get("commit") else None),
        merged_at=datetime.fromtimestamp(merge["createdDate"] / 1000, UTC) if merge else None,
        merged_by=merge["user"]["name"] if merge else None,
    )


def _activities(api: Api, number: int) -> Iterable[Json]:
    """What happened to a pull request, newest first."""
    return api.paginate(f"{api.path}/pull-requests/{number}/activities", {"limit": PAGE_SIZE})


def _merge_activity(api: Api, number: int) -> Json:
    """The activity with who merged a pull request and when, which is only there; empty among too many long comments."""
    with suppress(TooLargeError):
        return next((activity for activity in _activities(api, number) if activity["action"] == "MERGED"), {})
    return {}


def _approvers_since_retargeting(api: Api, number: int) -> Collection[str] | None:
    """Who approved a pull request after its target branch was changed; None if it wasn't, as far as is known.

    Bitbucket doesn't report the change itself, but that it added commits, which an update of the target branch doesn't.
    https://docs.atlassian.com/bitbucket-server/javadoc/7.17.0/api/com/atlassian/bitbucket/pull/PullRequestRescopeActivity.html
    """
    names: set[str] = set()
    for activity in _activities(api, number):
        if activity["action"] == "APPROVED":
            names.add(activity["user"]["name"])
        is_push = activity.get("previousFromHash") != activity.get("fromHash")
        if activity["action"] == "RESCOPED" and not is_push and (activity.get("added") or {}).get("total"):
            return names
    return None

"""Bitbucket Data Center by atlassian-python-api: the pull requests of one repository."""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from itertools import islice
from typing import Any, Self

from bot.adapters.forges.bitbucket_api import Api, Connection, Json, RefusedError
from bot.adapters.forges.forge import MOST_PULLS, NO_SHA, PAGE, ForgeErrorMapper, Probe
from bot.adapters.git.login import Login
from bot.config import Credentials, ForgeConfig
from bot.core.git.commit import Approval, PullRequest
from bot.i18n.catalogue import forge as texts
from bot.i18n.language import LocalizedText

_STATES = {"OPEN": "open", "MERGED": "merged", "DECLINED": "closed"}
_HEADS = "refs/heads/"
_READ, _WRITE = "Repository read", "Repository write"


class BitbucketServerForge:
    """`ports.Forge` for one repository, `PROJECT/repository`, at `api_url` (https://HOST/rest/api/latest).

    `token` is an HTTP access token of a project, a repository or a person; None: there is none.
    """

    token_name = "BITBUCKET_TOKEN"  # noqa: S105  a variable's name

    def __init__(self, repository: str, api_url: str, token: str | None) -> None:
        self.repository = repository
        self.api_url = api_url.rstrip("/")
        self.web_url = re.sub("/rest/api/[^/]+$", "", self.api_url)
        self._path = "projects/{}/repos/{}".format(*repository.split("/"))
        self._login = Login(token) if token else None
        speaker = ForgeErrorMapper(
            "Bitbucket", repository, self.api_url, "https://HOST/rest/api/latest", self.token_name
        )
        self._connection = Connection(speaker, self.api_url, self._login, self._look_up)

    @classmethod
    def from_config(cls, forge: ForgeConfig, credentials: Credentials) -> Self:
        """The forge as configured. Nothing connects yet."""
        return cls(forge.repository, forge.api_url, credentials.bitbucket_token)

    def git_login(self) -> Login | None:
        """What git pushes with: the same bearer token.

        https://confluence.atlassian.com/bitbucketserver/http-access-tokens-939515499.html
        """
        return self._login

    # ------------------------------------------------------------ reading

    def get_pull_request(self, number: int) -> PullRequest | None:
        """See ports.Forge."""
        with self._connection.asking(LocalizedText(texts.READ_PULLS), _READ) as api:
            found = api.find(f"{api.path}/pull-requests/{number}")
            return _pull_request(api, found) if found else None

    def pull_request_for(self, sha: str, base: str | None = None) -> PullRequest | None:
        """See ports.Forge. Bitbucket knows what a pull request held, and of what it became the last commit alone."""
        with self._connection.asking(LocalizedText(texts.READ_PULLS), _READ) as api:
            if api.find(f"{api.path}/commits/{sha}") is None:
                return None
            listed = api.every(f"{api.path}/commits/{sha}/pull-requests", {"limit": PAGE})
            held = [each for each in listed if base in (None, _branch(each["toRef"]))]
            merged = [each for each in held if each["state"] == "MERGED"]
            best = next((each for each in merged if _landed(each) == sha), None) or next(iter(merged), None)
            best = (
                best or self._became(api, sha, base) or next((each for each in held if each["state"] == "OPEN"), None)
            )
            return _pull_request(api, best) if best else None

    def approvals(self, number: int) -> list[Approval]:
        """See ports.Forge."""
        with self._connection.asking(LocalizedText(texts.READ_APPROVALS), _READ) as api:
            reviewers = api.get(f"{api.path}/pull-requests/{number}")["reviewers"]
            return [
                Approval(by=each["user"]["name"], sha=each.get("lastReviewedCommit", ""))
                for each in reviewers
                if each["status"] == "APPROVED"
            ]

    def pushers(self, branch: str) -> Mapping[str, str]:  # noqa: ARG002  the port's
        """See ports.Forge: Bitbucket tells it to a repository's administrators alone, which the bot is not."""
        return {}

    def find_pull_request(self, head: str) -> PullRequest | None:
        """See ports.Forge."""
        with self._connection.asking(LocalizedText(texts.READ_PULLS), _READ) as api:
            return _find(api, head, state="ALL")

    def open_pull_requests(self, head_prefix: str = "") -> list[PullRequest]:
        """See ports.Forge. With a prefix only branches of the repository itself count: a fork may name its at will."""
        with self._connection.asking(LocalizedText(texts.READ_PULLS), _READ) as api:
            newest = islice(_listed(api, state="OPEN"), MOST_PULLS)
            mine = (each for each in newest if not head_prefix or _is_own(each))
            named = (each for each in mine if _branch(each["fromRef"]).startswith(head_prefix))
            return [_pull_request(api, each) for each in islice(named, PAGE)]

    def commit_url(self, sha: str) -> str:
        """See ports.Forge."""
        return f"{self.web_url}/{self._path}/commits/{sha}"

    # ------------------------------------------------------------ writing

    def create_pull_request(self, *, head: str, base: str, title: str, body: str) -> PullRequest:
        """See ports.Forge."""
        refs = {"fromRef": {"id": f"{_HEADS}{head}"}, "toRef": {"id": f"{_HEADS}{base}"}}
        with self._connection.asking(LocalizedText(texts.OPEN_PULL, branch=head), _WRITE) as api:
            try:
                made = api.post(f"{api.path}/pull-requests", {"title": title, "description": body, **refs})
            except RefusedError as error:
                # 409: there is one already, perhaps made by a POST that was answered with a 502.
                if error.refusal.status != 409 and error.refusal.status < 500:
                    raise
                found = _find(api, head, state="OPEN", base=base)
                if found is None:
                    raise
                return found
            return _pull_request(api, made)

    # ------------------------------------------------------------ doctor

    def probes(self) -> list[Probe]:
        """What the bot needs at Bitbucket, each tried. Nothing is changed: the writes name what cannot exist."""
        branch = {"name": "gitops-bot/doctor", "startPoint": NO_SHA}
        nowhere = {"id": f"{_HEADS}{NO_SHA}"}
        pull = {"title": "doctor", "fromRef": nowhere, "toRef": nowhere}
        return self._connection.probes(
            {
                "read the repository": (_READ, lambda api: api.get(api.path)),
                "push branches": (_WRITE, lambda api: api.post(f"{api.path}/branches", branch)),
                "open pull requests": (_WRITE, lambda api: api.post(f"{api.path}/pull-requests", pull)),
            }
        )

    # ------------------------------------------------------------ inside

    def _look_up(self, api: Api) -> str:
        found = api.get(self._path)
        return f"projects/{found['project']['key']}/repos/{found['slug']}"

    def _became(self, api: Api, sha: str, base: str | None) -> Json | None:
        """The pull request whose merge made this commit: of the number in its message if that is true, else any."""
        subject = api.get(f"{api.path}/commits/{sha}")["message"].partition("\n")[0]
        told = (api.find(f"{api.path}/pull-requests/{number}") for number in re.findall("#([0-9]{1,9})", subject))
        pulls: Iterable[Json | None] = (*told, *islice(_listed(api, state="MERGED"), MOST_PULLS))
        merged = (pull for pull in pulls if pull and pull["state"] == "MERGED" and _landed(pull) == sha)
        return next((pull for pull in merged if base in (None, _branch(pull["toRef"]))), None)


def _listed(api: Api, **asked: str) -> Iterable[Json]:
    return api.every(f"{api.path}/pull-requests", {"order": "NEWEST", "limit": PAGE, **asked})


def _find(api: Api, head: str, *, state: str, base: str = "") -> PullRequest | None:
    """The newest pull request of a branch of the repository's own, open ones first."""
    newest = islice(_listed(api, direction="OUTGOING", at=f"{_HEADS}{head}", state=state), PAGE)
    pulls = [each for each in newest if _is_own(each) and base in ("", _branch(each["toRef"]))]
    pull = next((pull for pull in pulls if pull["state"] == "OPEN"), pulls[0] if pulls else None)
    return _pull_request(api, pull) if pull else None


def _is_own(pull: Json) -> bool:
    return bool(pull["fromRef"]["repository"]["id"] == pull["toRef"]["repository"]["id"])


def _branch(ref: Mapping[str, Any]) -> str:
    return str(ref["id"]).removeprefix(_HEADS)


def _landed(pull: Json) -> str | None:
    commit = pull.get("properties", {}).get("mergeCommit")
    return str(commit["id"]) if commit else None


def _pull_request(api: Api, pull: Json) -> PullRequest:
    merged = _merge(api, pull["id"]) if pull["state"] == "MERGED" else {}
    return PullRequest(
        number=pull["id"],
        title=pull["title"],
        url=pull["links"]["self"][0]["href"],
        author=pull["author"]["user"]["name"],
        state=_STATES[pull["state"]],
        base=_branch(pull["toRef"]),
        head=_branch(pull["fromRef"]),
        head_sha=pull["fromRef"]["latestCommit"],
        merge_sha=_landed(pull) or (merged["commit"]["id"] if merged.get("commit") else None),
        merged_at=datetime.fromtimestamp(merged["createdDate"] / 1000, UTC) if merged else None,
        merged_by=merged["user"]["name"] if merged else None,
    )


def _merge(api: Api, number: int) -> Json:
    """Who merged it and when, which only its activities tell, newest first."""
    activities = api.every(f"{api.path}/pull-requests/{number}/activities", {"limit": PAGE})
    return next((each for each in activities if each["action"] == "MERGED"), {})

"""Bitbucket Cloud by atlassian-python-api: the pull requests of one repository."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any, Self
from urllib.parse import urlsplit

from bot.adapters.forges.bitbucket_api import Api, Connection, Json, RefusedError
from bot.adapters.forges.forge import MOST_PULLS, NO_SHA, PAGE, ForgeErrorMapper, Probe
from bot.adapters.git.login import Login
from bot.config import Credentials, ForgeConfig
from bot.core.git.commit import Approval, PullRequest
from bot.i18n.catalogue import forge as texts
from bot.i18n.language import LocalizedText
from bot.ports.forge import ForgeError

_PAGE = 50  # the most that Bitbucket puts on a page of pull requests
_OF_ONE_COMMIT = 10  # pull requests looked at
_STATES = {"OPEN": "open", "MERGED": "merged", "DECLINED": "closed", "SUPERSEDED": "closed"}
_ANY = " OR ".join(f'state="{state}"' for state in _STATES)
_NEWEST: dict[str, str | int] = {"sort": "-created_on", "pagelen": _PAGE}
_READ, _WRITE = (LocalizedText(texts.SCOPE, scope=scope) for scope in ("pullrequest", "pullrequest:write"))
_NOBODY = "Former user"  # as Bitbucket shows a deleted account


class BitbucketForge:
    """`ports.Forge` for one repository, `workspace/repository`, at `api_url` (https://api.bitbucket.org/2.0).

    `token` is an access token of the repository, project or workspace, or `you@example.com:TOKEN` with a person's API
    token; None: there is none.
    """

    token_name = "BITBUCKET_TOKEN"  # noqa: S105  a variable's name

    def __init__(self, repository: str, api_url: str, token: str | None) -> None:
        self.repository = repository
        self.api_url = api_url.rstrip("/")
        parts = urlsplit(self.api_url)
        self.web_url = f"{parts.scheme}://{parts.netloc.removeprefix('api.')}{parts.path.removesuffix('/2.0')}"
        speaker = ForgeErrorMapper(
            "Bitbucket", repository, self.api_url, "https://api.bitbucket.org/2.0", self.token_name
        )
        person, _, secret = (token or "").rpartition(":")
        self._secret, self._is_persons = secret, bool(person)
        self._connection = Connection(
            speaker, self.api_url, Login(secret, person or None) if secret else None, self._look_up
        )

    @classmethod
    def from_config(cls, forge: ForgeConfig, credentials: Credentials) -> Self:
        """The forge as configured. Nothing connects yet."""
        return cls(forge.repository, forge.api_url, credentials.bitbucket_token)

    def git_login(self) -> Login | None:
        """What git pushes with. https://support.atlassian.com/bitbucket-cloud/docs/using-access-tokens/"""
        if not self._secret:
            return None
        return Login(self._secret, "x-bitbucket-api-token-auth" if self._is_persons else "x-token-auth")

    # ------------------------------------------------------------ reading

    def get_pull_request(self, number: int) -> PullRequest | None:
        """See ports.Forge."""
        with self._connection.asking(LocalizedText(texts.READ_PULLS), _READ) as api:
            found = api.find(f"{api.path}/pullrequests/{number}")
            return _pull_request(api, found) if found else None

    def pull_request_for(self, sha: str, base: str | None = None) -> PullRequest | None:
        """See ports.Forge. ForgeError while Bitbucket has not indexed which pull requests brought which commits."""
        with self._connection.asking(LocalizedText(texts.READ_PULLS), _READ) as api:
            try:
                listed = api.find(f"{api.path}/commit/{sha}/pullrequests", {"pagelen": _PAGE})
            except RefusedError as error:
                if error.refusal.status != 202:
                    raise
                raise ForgeError(
                    LocalizedText(texts.INDEXING, repository=self.repository),
                    datetime.now(UTC) + timedelta(minutes=1),
                ) from error
            if listed is None and api.find(f"{api.path}/commit/{sha}"):
                raise ForgeError(LocalizedText(texts.NO_INDEX, repository=self.repository))
            numbers = [each["id"] for each in (listed or {"values": []})["values"]][:_OF_ONE_COMMIT]
            pulls = (_pull_request(api, api.get(f"{api.path}/pullrequests/{number}")) for number in numbers)
            found = [pull for pull in pulls if base in (None, pull.base)]
            brought = [pull for pull in found if pull.merge_sha == sha]
            merged = [pull for pull in found if pull.state == "merged"]
            opened = [pull for pull in found if pull.state == "open"]
            return next(iter(brought or merged or opened), None)

    def approvals(self, number: int) -> list[Approval]:
        """See ports.Forge. Bitbucket tells when somebody approved: it was the branch's tip of then that they saw."""
        with self._connection.asking(LocalizedText(texts.READ_APPROVALS), _READ) as api:
            path = f"{api.path}/pullrequests/{number}"
            stand = {_key(each["user"]): each["user"] for each in api.get(path)["participants"] if each["approved"]}
            if not stand:
                return []
            tips: list[tuple[datetime, str]] = []
            approved: dict[str, datetime] = {}
            for event in api.every(f"{path}/activity", {"pagelen": _PAGE}):  # newest first
                if update := event.get("update"):
                    tips.append((_time(update["date"]), update["source"]["commit"]["hash"]))
                elif approval := event.get("approval"):
                    approved.setdefault(_key(approval["user"]), _time(approval["date"]))
            found = []
            for key, at in approved.items():
                seen = max(((when, tip) for when, tip in tips if when <= at), default=None)
                if key in stand and seen:
                    found.append(Approval(by=_name(stand[key]), sha=_commit(api, seen[1])[0], at=at))
            return found

    def pushers(self, branch: str) -> Mapping[str, str]:  # noqa: ARG002  the port's
        """See ports.Forge: Bitbucket does not tell."""
        return {}

    def find_pull_request(self, head: str) -> PullRequest | None:
        """See ports.Forge."""
        with self._connection.asking(LocalizedText(texts.READ_PULLS), _READ) as api:
            return self._find(api, head, _ANY)

    def open_pull_requests(self, head_prefix: str = "") -> list[PullRequest]:
        """See ports.Forge. With a prefix only branches of the repository itself count: a fork may name its at will."""
        with self._connection.asking(LocalizedText(texts.READ_PULLS), _READ) as api:
            query = f'state="OPEN" AND source.branch.name ~ {_quoted(head_prefix)}' if head_prefix else 'state="OPEN"'
            newest = islice(api.every(f"{api.path}/pullrequests", {"q": query, **_NEWEST}), MOST_PULLS)
            mine = (each for each in newest if not head_prefix or _is_own(each))
            named = (each for each in mine if each["source"]["branch"]["name"].startswith(head_prefix))
            return [_pull_request(api, each) for each in islice(named, PAGE)]

    def commit_url(self, sha: str) -> str:
        """See ports.Forge."""
        return f"{self.web_url}/{self.repository}/commits/{sha}"

    # ------------------------------------------------------------ writing

    def create_pull_request(self, *, head: str, base: str, title: str, body: str) -> PullRequest:
        """See ports.Forge."""
        asked = {
            "title": title,
            "description": body,
            "source": {"branch": {"name": head}},
            "destination": {"branch": {"name": base}},
        }
        narrower = f'state="OPEN" AND destination.branch.name={_quoted(base)}'
        with self._connection.asking(LocalizedText(texts.OPEN_PULL, branch=head), _WRITE) as api:
            # Asked for a second one, Bitbucket writes this title and text over what people made of the first.
            if made := self._find(api, head, narrower):
                return made
            return _pull_request(api, api.post(f"{api.path}/pullrequests", asked))

    # ------------------------------------------------------------ doctor

    def probes(self) -> list[Probe]:
        """What the bot needs at Bitbucket, each tried. Nothing is changed: the writes name what cannot exist."""
        branch = {"name": "gitops-bot/doctor", "target": {"hash": NO_SHA}}
        pull = {"title": "doctor", "source": {"branch": {"name": NO_SHA}}, "destination": {"branch": {"name": NO_SHA}}}
        return self._connection.probes(
            {
                "read the repository": (LocalizedText(texts.SCOPE, scope="repository"), lambda api: api.get(api.path)),
                "push branches": (
                    LocalizedText(texts.SCOPE, scope="repository:write"),
                    lambda api: api.post(f"{api.path}/refs/branches", branch),
                ),
                "open pull requests": (_WRITE, lambda api: api.post(f"{api.path}/pullrequests", pull)),
            }
        )

    # ------------------------------------------------------------ inside

    def _look_up(self, api: Api) -> str:
        return f"repositories/{api.get(f'repositories/{self.repository}')['full_name']}"

    def _find(self, api: Api, head: str, narrower: str) -> PullRequest | None:
        """The newest pull request of a branch of the repository's own, open ones first."""
        query = f"source.branch.name={_quoted(head)} AND ({narrower})"
        newest = islice(api.every(f"{api.path}/pullrequests", {"q": query, **_NEWEST}), PAGE)
        pulls = [each for each in newest if _is_own(each)]
        pull = next((pull for pull in pulls if pull["state"] == "OPEN"), pulls[0] if pulls else None)
        return _pull_request(api, pull) if pull else None


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _is_own(pull: Json) -> bool:
    home = pull["source"].get("repository")  # None once a fork is deleted
    return bool(home) and home["full_name"] == pull["destination"]["repository"]["full_name"]


def _key(user: Mapping[str, Any]) -> str:
    return str(user.get("uuid") or user.get("account_id"))


def _name(user: Mapping[str, Any] | None) -> str:
    return str(user.get("nickname") or user.get("display_name")) if user else _NOBODY


def _commit(api: Api, name: str) -> tuple[str, datetime]:
    """A commit's full name and date: in pull requests Bitbucket shortens it to twelve digits."""
    commit = api.get(f"{api.path}/commit/{name}")
    return str(commit["hash"]), _time(commit["date"])


def _head(api: Api, name: str) -> str:
    try:
        return _commit(api, name)[0]
    except RefusedError as error:
        if error.refusal.status != 404:
            raise
        return name  # its branch is gone, and it with it


def _pull_request(api: Api, pull: Json) -> PullRequest:
    merge = pull.get("merge_commit") if pull["state"] == "MERGED" else None
    merge_sha, merged_at = _commit(api, merge["hash"]) if merge else (None, None)
    return PullRequest(
        number=pull["id"],
        title=pull["title"],
        url=pull["links"]["html"]["href"],
        author=_name(pull.get("author")),
        state=_STATES[pull["state"]],
        base=pull["destination"]["branch"]["name"],
        head=pull["source"]["branch"]["name"],
        head_sha=_head(api, pull["source"]["commit"]["hash"]),
        merge_sha=merge_sha,
        merged_at=merged_at,
        merged_by=_name(pull["closed_by"]) if merge and pull.get("closed_by") else None,
    )


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)

"""Bitbucket Cloud by atlassian-python-api: the pull requests of one repository."""

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice, takewhile
from typing import Self
from urllib.parse import quote, urlsplit

from cachetools import LRUCache

from bot.adapters.forges.bitbucket_client import BUILD_STATES, Api, BitbucketClient, BitbucketError, Json
from bot.adapters.forges.errors import ForgeErrorMapper
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
    parse_time,
)
from bot.adapters.git.credential import Credential
from bot.config.credentials import Credentials
from bot.config.sections.forge import ForgeConfig
from bot.core.git.commit import Account, Approval, PullRequest, PullRequestCommit
from bot.core.git.commit_check import MAX_CHECKS, CommitCheck
from bot.core.git.push import Push
from bot.i18n.catalogue import forge as texts
from bot.i18n.language import LocalizedText
from bot.ports.forge import ForgeError
from bot.ports.probe import Probe

_MAX_PAGE = 50  # Bitbucket's limit for pull requests
# https://developer.atlassian.com/cloud/bitbucket/rest/intro/#partial-response
_ACTIVITY_FIELDS = (
    "next,values.approval,values.update.date,values.update.state,values.update.source.commit,"
    "values.update.destination.branch"
)
_MAX_PER_COMMIT = 10  # pull requests read for one commit
_MAX_CACHED = 1000  # merged pull requests
_STATES = {"OPEN": "open", "MERGED": "merged", "DECLINED": "closed", "SUPERSEDED": "closed"}
_ANY_STATE = " OR ".join(f'state="{state}"' for state in _STATES)
_NEWEST_FIRST: dict[str, str | int] = {"sort": "-created_on", "pagelen": _MAX_PAGE}
_READ, _WRITE = (LocalizedText(texts.SCOPE, scope=scope) for scope in ("pullrequest", "pullrequest:write"))
_DELETED_ACCOUNT = Account("Former user")  # as Bitbucket shows it


@dataclass(frozen=True, slots=True)
class _HeadAndMerge:
    """The full SHAs of a pull request's head and merge, and when it was merged. The head is "" if it is unknown."""

    head: str
    merge: str | None = None
    merged_at: datetime | None = None


class BitbucketForge:
    """`ports.Forge` for one repository, `workspace/repository`, at `api_url` (https://api.bitbucket.org/2.0).

    `token` is an access token of the repository, project or workspace, or `you@example.com:TOKEN` with a personal API
    token, or None.
    """

    token_variable = "BITBUCKET_TOKEN"  # noqa: S105  a variable's name

    def __init__(self, repository: str, api_url: str, token: str | None) -> None:
        self.repository = repository
        self.api_url = api_url.rstrip("/")
        parts = urlsplit(self.api_url)
        self.web_url = f"{parts.scheme}://{parts.netloc.removeprefix('api.')}{parts.path.removesuffix('/2.0')}"
        errors = ForgeErrorMapper(
            "Bitbucket", repository, self.api_url, "https://api.bitbucket.org/2.0", self.token_variable
        )
        email, _, secret = (token or "").rpartition(":")
        self._secret, self._is_personal = secret, bool(email)
        credential = Credential(secret, email or None) if secret else None
        self._client = BitbucketClient(errors, self.api_url, credential, self._find_path)
        self._merged: LRUCache[int, _HeadAndMerge] = LRUCache(_MAX_CACHED)  # by number
        self._lock = threading.Lock()

    @classmethod
    def from_config(cls, forge: ForgeConfig, credentials: Credentials) -> Self:
        """The forge as configured. Nothing connects yet."""
        return cls(forge.repository, forge.api_url, credentials.bitbucket_token)

    def git_credential(self) -> Credential | None:
        """What git pushes with. https://support.atlassian.com/bitbucket-cloud/docs/using-access-tokens/"""
        if not self._secret:
            return None
        return Credential(self._secret, "x-bitbucket-api-token-auth" if self._is_personal else "x-token-auth")

    # ------------------------------------------------------------ reading

    def get_pull_request(self, number: int) -> PullRequest | None:
        with self._client.api(LocalizedText(texts.READ_PULLS), _READ) as api:
            pull = api.find(f"{api.path}/pullrequests/{number}")
            return self._pull_request(api, pull) if pull else None

    def pull_request_for(self, sha: str, base: str | None = None, *, parents: Sequence[str] = ()) -> PullRequest | None:
        """Raises ForgeError while Bitbucket is still indexing the pull requests of commits. See ports.Forge."""
        with self._client.api(LocalizedText(texts.READ_PULLS), _READ) as api:
            try:
                page = api.find(f"{api.path}/commit/{sha}/pullrequests", {"pagelen": _MAX_PAGE})
            except BitbucketError as error:
                if error.response.status != 202:
                    raise
                raise ForgeError(
                    LocalizedText(texts.INDEXING, repository=self.repository),
                    datetime.now(UTC) + timedelta(minutes=1),
                ) from error
            if page is None and api.find(f"{api.path}/commit/{sha}"):
                raise ForgeError(LocalizedText(texts.NO_INDEX, repository=self.repository))
            numbers = [item["id"] for item in (page["values"] if page else [])][:_MAX_PER_COMMIT]
            pulls = (api.get(f"{api.path}/pullrequests/{number}") for number in numbers)
            candidates = [pull for pull in pulls if base in (None, _base(pull))]
            return best_match([self._pull_request(api, pull) for pull in candidates], sha, parents)

    def approvals(self, number: int) -> list[Approval]:
        """Bitbucket reports when someone approved, but not the commit, which was the tip. See ports.Forge."""
        with self._client.api(LocalizedText(texts.READ_APPROVALS), _READ) as api:
            path = f"{api.path}/pullrequests/{number}"
            pull = api.get(path)
            users = [participant["user"] for participant in pull["participants"] if participant["approved"]]
            approvers = {_user_id(user): user for user in users if user}
            if not approvers:
                return []
            states: list[tuple[datetime, str, str]] = []  # with the tip and the target branch
            approved_at: dict[str, datetime] = {}
            for event in _activity(api, number):
                if update := event.get("update"):
                    states.append((parse_time(update["date"]), _short_head(update), _base(update)))
                elif (approval := event.get("approval")) and approval["user"]:
                    approved_at.setdefault(_user_id(approval["user"]), parse_time(approval["date"]))
            approvals = []
            for user_id, at in approved_at.items():
                latest = max((state for state in states if state[0] < at), default=min(states, default=None))
                if user_id in approvers and latest:
                    _, tip, base = latest
                    user = approvers[user_id]
                    account = _account(user)
                    approvals.append(
                        make_approval(
                            by=account.login,
                            by_ids=account.ids,
                            sha=_full_sha(api, tip),
                            at=at,
                            is_bot=_is_app(user),
                            retargeted=base != _base(pull),
                        )
                    )
            return approvals

    def commits(self, pull: PullRequest) -> list[PullRequestCommit]:
        """Empty if the commits are gone with their branch. See ports.Forge.

        Bitbucket doesn't report the pusher, which is taken to be the author; it finds the author's account by email.
        """
        with self._client.api(LocalizedText(texts.READ_PULLS), _READ) as api:
            listed = api.paginate_if_found(f"{api.path}/pullrequests/{pull.number}/commits", {"pagelen": _MAX_PAGE})
            commits = [(commit["hash"], commit["author"].get("user")) for commit in all_commits(listed)]
        authors = [(sha, _account(user) if user else None) for sha, user in commits]
        return [make_commit(sha=sha, author=author, pushed_by=author) for sha, author in authors]

    def pushes(self, branch: str) -> list[Push]:  # noqa: ARG002  the port's
        """Empty, since Bitbucket does not report pushes. See ports.Forge."""
        return []

    def pull_request_pushes(self, pull: PullRequest) -> list[Push]:  # noqa: ARG002  the port's
        """Empty. See `pushes`."""
        return []

    def checks(self, sha: str) -> list[CommitCheck]:
        """Build statuses, which Pipelines, Jenkins and others report. See ports.Forge.

        https://developer.atlassian.com/cloud/bitbucket/rest/api-group-commit-statuses/
        """
        with self._client.api(LocalizedText(texts.READ_CHECKS), LocalizedText(texts.SCOPE, scope="repository")) as api:
            if api.find(f"{api.path}/commit/{sha}") is None:
                return []
            statuses = api.paginate(f"{api.path}/commit/{sha}/statuses", {"pagelen": _MAX_PAGE})
            return [
                make_check(build.get("name") or build["key"], BUILD_STATES[build["state"]], build.get("url"))
                for build in islice(statuses, MAX_CHECKS + 1)
            ]

    def find_pull_request(self, head: str) -> PullRequest | None:
        with self._client.api(LocalizedText(texts.READ_PULLS), _READ) as api:
            return self._find(api, head, _ANY_STATE)

    def open_pull_requests(self, head_prefix: str = "") -> list[PullRequest]:
        """With a prefix, pull requests from forks are left out: their branches can have any name. See ports.Forge."""
        with self._client.api(LocalizedText(texts.READ_PULLS), _READ) as api:
            query = f'state="OPEN" AND source.branch.name ~ {_quoted(head_prefix)}' if head_prefix else 'state="OPEN"'
            newest = islice(api.paginate(f"{api.path}/pullrequests", {"q": query, **_NEWEST_FIRST}), MAX_PULL_REQUESTS)
            candidates = (pull for pull in newest if not head_prefix or _is_own(pull))
            matching = (pull for pull in candidates if pull["source"]["branch"]["name"].startswith(head_prefix))
            return [self._pull_request(api, pull) for pull in islice(matching, PAGE_SIZE)]

    def commit_url(self, sha: str) -> str:
        return f"{self.web_url}/{self.repository}/commits/{sha}"

    def source_url(self, sha: str, path: str, line: int | None = None) -> str:
        anchor = f"#lines-{line}" if line else ""
        return f"{self.web_url}/{self.repository}/src/{sha}/{quote(path)}{anchor}"

    # ------------------------------------------------------------ writing

    def create_pull_request(self, *, head: str, base: str, title: str, body: str) -> PullRequest:
        fields = {
            "title": title,
            "description": body,
            "source": {"branch": {"name": head}},
            "destination": {"branch": {"name": base}},
        }
        condition = f'state="OPEN" AND destination.branch.name={_quoted(base)}'
        with self._client.api(LocalizedText(texts.OPEN_PULL, branch=head), _WRITE) as api:
            # A second one would overwrite the title and text of the first, which people may have edited.
            if pull := self._find(api, head, condition):
                return pull
            return self._pull_request(api, api.post(f"{api.path}/pullrequests", fields))

    # ------------------------------------------------------------ doctor

    def probes(self) -> list[Probe]:
        """Try what the bot needs from Bitbucket. The writes are invalid, so nothing changes."""
        nowhere = {"branch": {"name": NULL_SHA}}
        branch = {"name": "gitops-bot/doctor", "target": {"hash": NULL_SHA}}
        pull = {"title": "doctor", "source": nowhere, "destination": nowhere}
        return self._client.probes(
            {
                "read the repository": (LocalizedText(texts.SCOPE, scope="repository"), lambda api: api.get(api.path)),
                "push branches": (
                    LocalizedText(texts.SCOPE, scope="repository:write"),
                    lambda api: api.post(f"{api.path}/refs/branches", branch),
                ),
                "open pull requests": (_WRITE, lambda api: api.post(f"{api.path}/pullrequests", pull)),
            }
        )

    def clone_urls(self) -> list[str]:
        """The URLs of the repository for git, over HTTPS and SSH. Raises ForgeError."""
        return self._client.clone_urls(LocalizedText(texts.SCOPE, scope="repository"))

    # ------------------------------------------------------------ inside

    def _find_path(self, api: Api) -> str:
        return f"repositories/{api.get(f'repositories/{self.repository}')['full_name']}"

    def _find(self, api: Api, head: str, condition: str) -> PullRequest | None:
        """The newest pull request from a branch of this repository, open ones first."""
        query = f"source.branch.name={_quoted(head)} AND ({condition})"
        newest = islice(api.paginate(f"{api.path}/pullrequests", {"q": query, **_NEWEST_FIRST}), PAGE_SIZE)
        pulls = [pull for pull in newest if _is_own(pull)]
        pull = next((pull for pull in pulls if pull["state"] == "OPEN"), pulls[0] if pulls else None)
        return self._pull_request(api, pull) if pull else None

    def _pull_request(self, api: Api, pull: Json) -> PullRequest:
        author, head_and_merge = _account(pull.get("author")), self._head_and_merge(api, pull)
        closed_by = pull.get("closed_by") if pull["state"] == "MERGED" else None
        return make_pull_request(
            number=pull["id"],
            title=pull["title"],
            url=pull["links"]["html"]["href"],
            author=author.login,
            author_ids=author.ids,
            state=_STATES[pull["state"]],
            base=_base(pull),
            head=pull["source"]["branch"]["name"],
            head_sha=head_and_merge.head,
            merge_sha=head_and_merge.merge,
            merged_at=head_and_merge.merged_at,
            merged_by=_account(closed_by).login if closed_by else None,
        )

    def _head_and_merge(self, api: Api, pull: Json) -> _HeadAndMerge:
        """What a pull request's JSON lacks. A merge never changes, so it is read once."""
        number = pull["id"]
        with self._lock:
            if number in self._merged:
                return self._merged[number]
        head = _short_head(pull) or next(filter(None, map(_short_head, _updates(api, number))), "")
        if pull["state"] != "MERGED":
            return _HeadAndMerge(_full_sha(api, head))
        merge = pull.get("merge_commit")
        # Never from a commit, whose author chooses its date, and which a fast-forward doesn't create.
        since_merge = list(takewhile(lambda update: update.get("state") == "MERGED", _updates(api, number)))
        merged_at = parse_time(since_merge[-1]["date"]) if since_merge else None
        result = _HeadAndMerge(_full_sha(api, head), _full_sha(api, merge["hash"]) if merge else None, merged_at)
        if result.merge and result.merged_at:
            with self._lock:
                self._merged[number] = result
        return result


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _is_own(pull: Json) -> bool:
    """Whether its branch is in this repository; the source repository is None for a deleted fork."""
    source = pull["source"].get("repository")
    return bool(source) and source["full_name"] == pull["destination"]["repository"]["full_name"]


def _user_id(user: Json) -> str:
    return str(user.get("uuid") or user.get("account_id"))


def _is_app(user: Json) -> bool:
    """Whether it is an app, or an access token."""
    return bool(user.get("type") == "app_user")


def _account(user: Json | None) -> Account:
    """The account of a user, shown by nickname. Users choose theirs; administrators name apps and access tokens.

    https://developer.atlassian.com/cloud/bitbucket/bitbucket-api-changes-gdpr/
    """
    if not user:
        return _DELETED_ACCOUNT
    name = str(user.get("nickname") or user.get("display_name"))
    ids = (user.get("uuid"), user.get("account_id"), name if _is_app(user) else None)
    return Account(name, tuple(str(id_) for id_ in ids if id_))


def _activity(api: Api, number: int) -> Iterator[Json]:
    """The updates and approvals of a pull request, newest first. Comments, which can be long, are empty objects."""
    path = f"{api.path}/pullrequests/{number}/activity"
    return api.paginate(path, {"pagelen": _MAX_PAGE, "fields": _ACTIVITY_FIELDS})


def _updates(api: Api, number: int) -> Iterator[Json]:
    """The states of a pull request, newest first."""
    return (event["update"] for event in _activity(api, number) if event.get("update"))


def _short_head(pull: Json) -> str:
    """The abbreviated SHA of the head of a pull request or update; "" if it has none, as for a deleted fork."""
    commit = pull["source"].get("commit")
    return str(commit["hash"]) if commit else ""


def _base(pull: Json) -> str:
    """The target branch of a pull request or update."""
    return str(pull["destination"]["branch"]["name"])


def _full_sha(api: Api, sha: str) -> str:
    """The full SHA, which Bitbucket shortens to twelve digits in pull requests; as it is if the commit was deleted."""
    try:
        return str(api.get(f"{api.path}/commit/{sha}")["hash"]) if sha else ""
    except BitbucketError as error:
        if error.response.status != 404:
            raise
        return sha  # with its branch

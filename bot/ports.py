"""Every effect of the bot, typed. Adapters fulfil these; handlers know nothing else of the outside.

All methods block and may be called from any thread. All raise only the errors named here; each error's text is one
clear sentence for people, safe to show in Slack (no secret, no credential, no stack).
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, TypeVar

from bot.core.access.audit import AuditEntry
from bot.core.approvals.approval import Judgement
from bot.core.drift.model import Check
from bot.core.git.commit import Approval, Commit, PullRequest
from bot.core.git.target_revision import Followed
from bot.core.incidents.incident import Incident
from bot.core.pull_requests.queued import QueuedRevert
from bot.core.pull_requests.revert_pull import RevertPullRequest
from bot.core.rendering.source import HelmParameters
from bot.core.rollouts.rollout import Rollout
from bot.messages.blocks import Message


class PortError(Exception):
    """The outside did not do what was asked: one sentence for people, saying what and what to do about it."""


# ---------------------------------------------------------------- git


class RepositoryError(PortError):
    """Git could not answer: unreachable, refused, not a repository, unknown branch."""


class RevisionNotFoundError(RepositoryError):
    """No such commit, or not one commit: `candidates` lists several that a prefix could mean."""

    def __init__(self, message: str, candidates: Sequence[Commit] = ()) -> None:
        super().__init__(message)
        self.candidates = tuple(candidates)


class PushRejectedError(RepositoryError):
    """The remote refused the push (branch exists, protected, no permission)."""


@dataclass(frozen=True, slots=True)
class File:
    """One blob of a tree: path from the repository's root, and its bytes."""

    path: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Merged:
    """A three-way merge of trees: `tree` is the result's id; with `conflicts` (paths) it must not be used.

    `kinds` stands beside `conflicts`: what kind each is in git's words ("contents", "modify/delete", "binary").
    """

    tree: str
    conflicts: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()


class Repository(Protocol):
    """One repository's bare mirror, read at exact commits. Revisions are full shas unless a method says otherwise."""

    name: str

    @property
    def branch(self) -> str:
        """The name of what is tracked: the branch, or what `followed` says. RepositoryError."""
        ...

    @property
    def is_branch(self) -> bool:
        """Whether one branch is tracked, by its name, and not a tag, a commit or the newest of several."""
        ...

    def fetch(self) -> str:
        """Bring the mirror up to date; the sha of what is tracked. RepositoryError when the remote is silent."""
        ...

    def head(self) -> str:
        """The sha of what is tracked as last fetched; fetches when nothing was fetched yet."""
        ...

    def followed(self) -> Followed:
        """The same with what the tracked revision meant: which branch, tag or commit. RepositoryError."""
        ...

    def tip(self, branch: str) -> str | None:
        """The sha of any branch as last fetched; None when there is none."""
        ...

    def resolve(self, text: str) -> Commit:
        """A full or abbreviated sha (7 to 64 hex digits) as one commit.

        By object name alone: a branch of that name does not win. Fetches once when it is unknown.
        RevisionNotFoundError when there is none, several, or no commit of that name.
        """
        ...

    def commit(self, sha: str) -> Commit:
        """The commit of a full sha. RevisionNotFoundError."""
        ...

    def is_ancestor(self, sha: str, of: str) -> bool:
        """Whether `sha` is reachable from `of`."""
        ...

    def first_parent(self, since: str | None, until: str, *, path: str | None = None, limit: int = 100) -> list[Commit]:
        """First-parent commits of since..until (newest first); with `path` only those that changed it."""
        ...

    def commits(self, since: str | None, until: str, *, limit: int = 100) -> list[Commit]:
        """All commits of since..until, not those on the first-parent line alone (newest first)."""
        ...

    def tree_id(self, revision: str, path: str) -> str | None:
        """The id of the tree or blob at `path` ("" or "." is the root); None when there is nothing at that path.

        `revision` may be a tree too, such as that of a merge.
        """
        ...

    def tree_ids(self, revision: str, paths: Sequence[str]) -> list[str | None]:
        """The same of many paths at once, in their order."""
        ...

    def files(self, revision: str, path: str) -> list[File]:
        """Every regular file below `path`, no symlinks or submodules. RepositoryError when there is no such path."""
        ...

    def files_of(self, revision: str, paths: Sequence[str]) -> Iterator[list[File] | None]:
        """The same of many paths, in their order and read as they are asked for, with few gits.

        None where there is none, or `files` says why it does not read them. RepositoryError when no path can be read.
        """
        ...

    def changed_paths(self, base: str | None, revision: str) -> list[str]:
        """Paths that differ between two commits or trees; with base None those of a root commit."""
        ...

    def merge_trees(self, base: str, ours: str, theirs: str) -> Merged:
        """A three-way merge of the trees of three commits, leaving the mirror untouched."""
        ...

    def fetch_commit(self, sha: str) -> bool:
        """Whether this commit is at hand, asking the remote for it by its name if need be: no branch may hold it.

        False when the remote has it no more, or does not give it.
        """
        ...

    def merge(self, ours: str, theirs: str) -> Merged:
        """What merging two commits at hand gives, as `git merge` has it; the mirror is left untouched."""
        ...

    def edited_tree(self, revision: str, files: Mapping[str, bytes | None]) -> str:
        """The id of a commit's tree with these files (paths from the root) written anew, or taken out where None.

        A file keeps its mode. The mirror is left untouched, as by `merge_trees`.
        """
        ...

    def push_commit(self, *, branch: str, tree: str, parent: str, message: str) -> str:
        """Create a commit of `tree` on `parent` and push it as a new branch `gitops-bot/…`; the commit's sha.

        PushRejectedError when the branch already exists there or the remote refuses it.
        """
        ...


# ---------------------------------------------------------------- rendering


class RenderError(PortError):
    """The source is at fault, or asks for too much: the same files fail the same way again."""


class RenderStoppedError(RenderError):
    """It took too long: on a machine that has less to do it may not."""


class Renderer(Protocol):
    """The official programs, run over files by themselves: no network, no other program, bounded time and memory."""

    def kustomize(self, files: Sequence[File], path: str, *, helm: bool) -> bytes:
        """What `kustomize build` prints of the kustomization at `path`; `helm` says that it has charts in it.

        RenderError; PortError when there is no such program, or no place to work in.
        """
        ...

    def helm(self, files: Sequence[File], path: str, parameters: HelmParameters) -> bytes:
        """What `helm template` prints of the chart at `path`, its dependencies and hooks included.

        The parameters' values files are paths from the repository's root. Errors as above.
        """
        ...


# ---------------------------------------------------------------- forge


class ForgeError(PortError):
    """The forge did not do it: unreachable, not permitted, rate limited. `retry_at` when it said when to come back."""

    def __init__(self, message: str, retry_at: datetime | None = None) -> None:
        super().__init__(message)
        self.retry_at = retry_at


class Forge(Protocol):
    """GitHub, GitLab or Bitbucket: pull requests of one repository. Git itself does the rest."""

    def get_pull_request(self, number: int) -> PullRequest | None:
        """The pull request of that number; None when there is none."""
        ...

    def pull_request_for(self, sha: str, base: str | None = None) -> PullRequest | None:
        """The merged pull request that brought this commit to its base, else an open one that holds it, else None.

        With `base` only those into that branch count.
        """
        ...

    def pushers(self, branch: str) -> Mapping[str, str]:
        """Who moved a branch to which commit (sha to account), of late; empty where the forge does not tell."""
        ...

    def approvals(self, number: int) -> list[Approval]:
        """The approving reviews that stand (a later "changes requested" by the same person withdraws theirs)."""
        ...

    def find_pull_request(self, head: str) -> PullRequest | None:
        """The newest pull request from that source branch, open ones first; None when there is none."""
        ...

    def open_pull_requests(self, head_prefix: str = "") -> list[PullRequest]:
        """Open pull requests whose source branch begins with `head_prefix`, newest first, 100 at most."""
        ...

    def create_pull_request(self, *, head: str, base: str, title: str, body: str) -> PullRequest:
        """Open a pull request; when one is already open for that head, that one (a retried POST may have made it)."""
        ...

    def commit_url(self, sha: str) -> str:
        """Where people look at that commit."""
        ...


# ---------------------------------------------------------------- cluster


class ClusterError(PortError):
    """The API server did not answer this question: unreachable, 403, 5xx, cut off. What it touches is unknown."""


class ForbiddenError(ClusterError):
    """403: the bot's account may not read this. Its text names the verb and the resource to grant."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind a cluster serves, from discovery."""

    group: str  # "" is the core group
    version: str
    kind: str
    plural: str
    namespaced: bool

    @property
    def api_version(self) -> str:
        """As a manifest writes it: `v1`, `apps/v1`."""
        return f"{self.group}/{self.version}" if self.group else self.version


@dataclass(frozen=True, slots=True)
class Discovery:
    """What a cluster serves: `kinds` by (apiVersion, kind); `broken` maps an apiVersion that did not answer to why."""

    kinds: Mapping[tuple[str, str], Kind]
    broken: Mapping[str, str]


Read = TypeVar("Read")


class Cluster(Protocol):
    """One cluster's API server, read only: nothing but GET is ever sent. `server` is its URL."""

    name: str
    server: str

    def discover(self) -> Discovery:
        """What the cluster serves, asked afresh. ClusterError when the API server does not answer at all."""
        ...

    def schema(self, api_version: str) -> Mapping[str, Any] | None:
        """The OpenAPI v3 document of one group version, cached by its hash; None when the server gives none."""
        ...

    def list(
        self, kind: Kind, namespace: str | None, read: Callable[[Mapping[str, Any]], Read | None]
    ) -> Mapping[tuple[str | None, str], Read]:
        """Every object of a kind by (namespace, name), in one namespace or (None) everywhere, complete or ClusterError.

        What `read` makes of each object is kept, and the object is not; None is left out. It may be given one twice.
        Paged; a 410 restarts the list; a cut connection, a timeout, a 403 or a 5xx is a ClusterError with the remedy.
        """
        ...


# ---------------------------------------------------------------- chat


class ChatError(PortError):
    """Slack did not take it. `code` is Slack's own error name; `retry_after` seconds when it said when to come back."""

    def __init__(self, message: str, *, code: str = "", retry_after: float | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True)
class User:
    """A person in Slack: the name others know them by, and the name of their time zone, such as Europe/Madrid."""

    name: str
    zone: str | None


class Chat(Protocol):
    """Slack's Web API, as far as the bot writes."""

    def post(
        self, channel: str, message: Message, *, key: str, thread: str | None = None, broadcast: bool = False
    ) -> str:
        """Post to a channel; the message's ts. `key` goes with it unseen, for `find`.

        With `broadcast` a reply in a thread is shown in the channel too.
        """
        ...

    def find(self, channel: str, key: str, *, since: datetime, thread: str | None = None) -> str | None:
        """The ts of the message posted with `key` since then; None when there is none, or the bot may not look.

        Looking needs channels:history, an optional scope.
        """
        ...

    def update(self, channel: str, ts: str, message: Message) -> None:
        """Make a message read anew."""
        ...

    def upload(self, channel: str, *, filename: str, title: str, content: str, thread: str | None = None) -> None:
        """Share a text file in a channel."""
        ...

    def post_ephemeral(self, channel: str, user: str, message: Message, *, thread: str | None = None) -> None:
        """Tell one person in a channel, or in a thread of it; nobody else sees it, and it does not last."""
        ...

    def group_members(self, group: str) -> frozenset[str]:
        """The user ids of a user group. ChatError when the bot may not ask (the scope usergroups:read)."""
        ...

    def user_by_email(self, email: str) -> str | None:
        """The user id of the person with that address; None when there is none who is active.

        ChatError, among others when the bot may not ask (the scopes users:read and users:read.email, both optional).
        """
        ...

    def is_member(self, user: str) -> bool:
        """Whether that user id is a person of the workspace who has not left. ChatError (the scope users:read)."""
        ...

    def user(self, user: str) -> User | None:
        """What Slack tells of a person; None when there is none, or one who has left or is an app.

        ChatError, among others when the bot may not ask (the scope users:read, which is optional).
        """
        ...

    def open_view(self, trigger_id: str, view: Mapping[str, Any]) -> str:
        """Open a modal; its view id. The trigger expires 3 s after the click."""
        ...

    def update_view(self, view_id: str, view: Mapping[str, Any]) -> None:
        """Replace what a modal shows."""
        ...

    def publish_home(self, user: str, view: Mapping[str, Any]) -> None:
        """Replace what somebody's Home shows. ChatError, `not_enabled` among others: the app has no Home tab."""
        ...


# ---------------------------------------------------------------- state


class StoreError(PortError):
    """The database did not answer or refused."""


@dataclass(frozen=True, slots=True)
class Posted:
    """What Slack was last given for a card: where, which message, and the digest of what it read.

    `ts` is "" from just before it is posted until Slack has answered: whether it was posted is not known then. `at` is
    when that began.
    """

    channel: str
    ts: str
    digest: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Home:
    """Somebody's Home: when they last looked at it, and the digest of what Slack was last given for it, from `at` on.

    `digest` is "" from just before it is published until Slack has answered: what it shows is not known then.
    """

    user: str
    seen: datetime
    digest: str
    at: datetime


class Store(Protocol):
    """What outlives a restart. Every write is whole or not at all. StoreError."""

    def head(self, repository: str) -> str | None:
        """The tracked branch's sha up to which rollouts were made; None before the first look."""
        ...

    def advance_head(self, repository: str, known: str | None, sha: str, rollouts: Sequence[Rollout]) -> bool:
        """Move that sha from `known` and keep the rollouts of the commits it passed, in one transaction.

        False, and nothing is kept, when another replica has moved it meanwhile.
        """
        ...

    def lead(self) -> bool:
        """Whether this replica is the one that runs the schedule and writes cards; always, with a database of its own.

        Of several replicas on one PostgreSQL just one leads, until it stops or its connection ends.
        """
        ...

    def save_checks(self, checks: Sequence[Check]) -> None:
        """Keep each application's latest check (what was set aside is not kept)."""
        ...

    def checks(self) -> dict[str, Check]:
        """The latest check of each application."""
        ...

    def incident(self, application: str) -> Incident | None:
        """The application's incident that is not resolved, if any."""
        ...

    def exchange_incident(self, before: Incident | None, after: Incident | None) -> bool:
        """Keep `after` in place of `before`, in one transaction; None is none: a new one, or a suspicion forgotten.

        False, and nothing is kept, when somebody else has changed it meanwhile: read it again and decide again. An
        application never has two that are not resolved.
        """
        ...

    def incidents(self) -> list[Incident]:
        """Incidents that still have something to tell: not resolved, or resolved and not settled."""
        ...

    def ended_incidents(self, since: datetime, most: int) -> list[Incident]:
        """Those resolved since then, settled ones too, the newest `most`, newest first.

        What was settled by a version that kept no time of it is not among them; the same holds of the next two.
        """
        ...

    def save_rollout(self, rollout: Rollout) -> None:
        """Keep a rollout, by id."""
        ...

    def rollouts(self) -> list[Rollout]:
        """Rollouts that still have something to tell, oldest first."""
        ...

    def ended_rollouts(self, since: datetime, most: int) -> list[Rollout]:
        """Those live or superseded since then, settled ones too, the newest `most`, newest first."""
        ...

    def rollouts_of(self, revisions: Sequence[str]) -> list[Rollout]:
        """Rollouts of those commits, settled ones too."""
        ...

    def save_pull_request(self, pull: RevertPullRequest) -> None:
        """Keep a revert pull request, by id."""
        ...

    def pull_requests(self) -> list[RevertPullRequest]:
        """Revert pull requests that still have something to tell."""
        ...

    def judged_head(self, repository: str) -> str | None:
        """The tracked branch's sha up to which commits were noted to be judged; None before the first look."""
        ...

    def advance_judged(self, repository: str, known: str | None, sha: str, judgements: Sequence[Judgement]) -> bool:
        """Move that sha from `known` and keep the judgements of the commits it passed, in one transaction.

        False, and nothing is kept, when another replica has moved it meanwhile.
        """
        ...

    def save_judgements(self, judgements: Sequence[Judgement], *, settled: Collection[str] = ()) -> None:
        """Keep judgements, by id; those named in `settled` need no more looks."""
        ...

    def judgements(self) -> list[Judgement]:
        """All of each batch of which something is still to be looked at or told."""
        ...

    def judgements_of(self, repository: str, shas: Sequence[str]) -> list[Judgement]:
        """Judgements of those commits, settled ones too."""
        ...

    def judgements_since(self, since: datetime | None = None) -> Iterator[Judgement]:
        """Every judgement, oldest first, of commits first seen from that second on; read in parts."""
        ...

    def save_queued(self, revert: QueuedRevert) -> None:
        """Keep a revert that waits for the forge, by id."""
        ...

    def queued(self) -> list[QueuedRevert]:
        """Queued reverts that still have something to do or to tell, oldest first."""
        ...

    def ended_pull_requests(self, since: datetime, most: int) -> list[RevertPullRequest]:
        """Those merged or closed since then, settled ones too, the newest `most`, newest first."""
        ...

    def settle(self, id_: str) -> None:
        """What has this id (an incident, a pull request …) has ended and Slack says so: it needs no more looks."""
        ...

    def card(self, key: str) -> Posted | None:
        """What Slack was last given for a card."""
        ...

    def save_card(self, key: str, posted: Posted) -> None:
        """Remember what Slack was given."""
        ...

    def drop_card(self, key: str) -> None:
        """The message is gone from Slack."""
        ...

    def home(self, user: str) -> Home | None:
        """What Slack was last given for somebody's Home; None when they never looked at it."""
        ...

    def homes(self, seen_since: datetime, most: int) -> list[Home]:
        """Of those who have looked at theirs since then, the latest `most`, latest first."""
        ...

    def save_home(self, home: Home) -> None:
        """Remember that somebody looked, or that theirs is about to be published."""
        ...

    def confirm_home(self, user: str, at: datetime, digest: str) -> bool:
        """Slack has taken what was about to be published at that instant. False when another was begun meanwhile."""
        ...

    def close(self) -> None:
        """Give every connection back, and the lead."""
        ...

    def audit(self, entry: AuditEntry) -> None:
        """Write down that somebody asked for something, and what came of it."""
        ...

    def audit_entries(self, since: datetime | None = None) -> Iterator[AuditEntry]:
        """What was written down, oldest first, from that second on; read in parts, so that it may be of any length."""
        ...

    def claim(self, key: str, at: datetime) -> bool:
        """Whether nobody, on any replica, has claimed this key before. Keys are forgotten after a day."""
        ...


@dataclass(frozen=True, slots=True)
class Ports:
    """The whole outside as one value, by the names in the configuration. `clock` tells the time, in UTC.

    A repository without an entry in `forges` has no pull requests.
    """

    repositories: Mapping[str, Repository]
    forges: Mapping[str, Forge]
    clusters: Mapping[str, Cluster]
    renderer: Renderer
    store: Store
    chat: Chat
    clock: Callable[[], datetime]

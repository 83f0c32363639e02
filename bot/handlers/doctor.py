"""Every credential, scope and permission, tried one by one. Nothing anyone sees is changed."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from http.client import HTTPException
from typing import Protocol, TypeVar

from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web import SlackResponse

from bot.config import Config
from bot.core.access.audit import AuditEntry, Origin
from bot.core.applications.application import Application, home
from bot.core.drift.model import Status
from bot.handlers.discovery.discover import Discoverer
from bot.handlers.drift.check import Revision, check, fetch_all
from bot.handlers.drift.comparison_cache import Caches
from bot.handlers.rendering.manifest_cache import ManifestCache
from bot.messages.blocks import Message
from bot.ports.chat import Chat, ChatError
from bot.ports.cluster import Cluster
from bot.ports.errors import PortError
from bot.ports.git import Repository
from bot.ports.rendering import Renderer
from bot.ports.store import Store

GIT_NEEDED = (2, 38)  # the first whose merge-tree can --write-tree
SCOPES = {
    "chat:write": "alerts and reports",
    "commands": "/gitops",
    "files:write": "long differences as a file",
}
# Missed by nobody who does not use what it is for.
OPTIONAL_SCOPES = {
    "app_mentions:read": "answering @gitops like the command",
    "users:read": "“until 09:00” by the clock of who asks, and no look whether somebody in slack.people has left",
    "users:read.email": "mentioning the authors of a merge by the e-mail of their commits",
    "channels:history": "looking whether a message was posted whose answer was lost, so it may come twice",
}
_GROUPS_SCOPE = {"usergroups:read": "the user groups in revert_allowed and silence_allowed"}
_TOKENS = {
    "SLACK_BOT_TOKEN": "api.slack.com/apps > OAuth & Permissions (it begins with xoxb-)",
    "SLACK_APP_TOKEN": "api.slack.com/apps > Basic Information > App-Level Tokens (it begins with xapp-)",
}


@dataclass(frozen=True, slots=True)
class Line:
    """One thing the bot must be able to do, whether it can, and if not, what to do about it."""

    what: str
    ok: bool
    remedy: str = ""


class Slack(Protocol):
    """What of slack_sdk's WebClient is needed, and the Chat port does not have."""

    def auth_test(self) -> SlackResponse:
        """Whose token it is; its scopes are in the header x-oauth-scopes."""
        ...

    def apps_connections_open(self, *, app_token: str) -> SlackResponse:
        """An address for Socket Mode, which nobody has to use."""
        ...


class Tried(Protocol):
    """What a forge says of one permission."""

    @property
    def what(self) -> str: ...  # noqa: D102
    @property
    def ok(self) -> bool: ...  # noqa: D102
    @property
    def remedy(self) -> str: ...  # noqa: D102


class Forge(Protocol):
    """A forge that can say what its token may do."""

    def probes(self) -> Iterable[Tried]:
        """Every permission, tried without a trace."""
        ...


@dataclass(frozen=True, slots=True)
class Outside:
    """What is looked at. Callables, since making a client can already fail; they may raise PortError."""

    slack: Slack
    chat: Chat
    repositories: Mapping[str, Callable[[], Repository]]
    line: Callable[[str], Repository]  # of a repository, by its name
    forges: Mapping[str, Forge]
    clusters: Mapping[str, Callable[[], Cluster]]
    renderer: Renderer
    programs: Mapping[str, str]  # what there is to render with, such as Kustomize, and how it is run; "" for nothing
    store: Callable[[], Store]
    git_version: Callable[[], tuple[int, ...]]
    clock: Callable[[], datetime]


def doctor(config: Config, outside: Outside) -> Iterator[Line]:
    """A line for each thing, as soon as it is known; no failure is ever raised."""
    missing = config.missing_for_run()
    yield from (Line("configuration", ok=False, remedy=sentence) for sentence in missing)
    if not missing:
        yield Line("configuration", ok=True)
    yield _git(outside.git_version())
    yield from (_program(name, command) for name, command in outside.programs.items())
    yield _attempt("state database: can be written", lambda: _write(outside.store(), outside.clock()))[0]
    yield from _slack(config, outside)

    repositories: dict[str, Repository] = {}
    revisions: dict[str, Revision] = {}
    for name, make_repository in outside.repositories.items():
        line, fetched = _attempt(f"repository {name}: git can fetch it", partial(_fetch, make_repository))
        yield line
        if fetched:
            repositories[name], revisions[name] = fetched
    for forge in outside.forges.values():
        yield from (Line(probe.what, probe.ok, probe.remedy) for probe in forge.probes())
    clusters: dict[str, Cluster] = {}
    for name, make_cluster in outside.clusters.items():
        line, cluster = _attempt(f"cluster {name}: answers", partial(_discover, make_cluster))
        yield line
        if cluster:
            clusters[name] = cluster
    discoverer = Discoverer(config, clusters, outside.line)
    yield from _deployers(discoverer)
    known = list(discoverer.applications.values())
    for each in dict.fromkeys(application.repository for application in known):
        if home(each)[0] in repositories and each not in repositories:
            repositories[each] = outside.line(each)
    revisions |= fetch_all({name: repositories[name] for name in repositories.keys() - revisions.keys()})
    caches = Caches(ManifestCache(outside.renderer))
    for name, cluster in clusters.items():
        theirs = [each for each in known if each.cluster == name and each.repository in repositories]
        yield from _applications(config, theirs, cluster, repositories, revisions, caches, outside.clock())


_Done = TypeVar("_Done")


def _attempt(what: str, action: Callable[[], _Done]) -> tuple[Line, _Done | None]:
    """What came of it, and its result where it went well."""
    try:
        return Line(what, ok=True), action()
    except PortError as error:
        return Line(what, ok=False, remedy=str(error)), None


def _git(version: tuple[int, ...]) -> Line:
    found, needed = (".".join(map(str, numbers)) for numbers in (version, GIT_NEEDED))
    if version >= GIT_NEEDED:
        return Line(f"git {found}", ok=True)
    return Line(f"git {found}" if version else "git", ok=False, remedy=f"install git {needed} or newer.")


def _program(name: str, command: str) -> Line:
    """Whoever needs one that is not there has a line of its own that says so: the application."""
    return Line(f"{name}: {command or 'not found, so nothing that needs it can be checked'}", ok=True)


def _write(store: Store, now: datetime) -> None:
    store.audit_log.append(AuditEntry(now, "doctor", "doctor", "the database can be written", Origin.CLI))


def _fetch(make: Callable[[], Repository]) -> tuple[Repository, str]:
    repository = make()
    return repository, repository.fetch()


def _discover(make: Callable[[], Cluster]) -> Cluster:
    cluster = make()
    cluster.discover()
    return cluster


def _deployers(discoverer: Discoverer) -> Iterator[Line]:
    """What each deployer that is to be discovered knows, and what of that cannot be followed."""
    for name in discoverer.wanted:
        before = set(discoverer.catalogue().notes)
        discoverer.look(name)
        new = [note for note in discoverer.catalogue().notes if note not in before]
        yield Line(f"cluster {name}: its deployers' applications can be read", not new, " ".join(new))
    for each in discoverer.catalogue().unreadable:
        yield Line(f"{each.origin.title}: is followed", ok=False, remedy=each.why)


def _applications(
    config: Config,
    theirs: Sequence[Application],
    cluster: Cluster,
    repositories: Mapping[str, Repository],
    revisions: Mapping[str, Revision],
    caches: Caches,
    now: datetime,
) -> Iterator[Line]:
    """A real check of each: it lists just the kinds that git declares, so no permission is guessed at."""
    checks = check(
        theirs,
        revisions=revisions,
        repositories=repositories,
        cluster=cluster,
        ignore=config.ignore,
        caches=caches,
        now=now,
    )
    for result in checks:
        known = result.status is not Status.UNKNOWN
        yield Line(f"application {result.application}: can be checked", known, "" if known else result.error or "")


def _slack(config: Config, outside: Outside) -> Iterator[Line]:
    if (app_token := config.credentials.slack_app_token) and config.slack.mode == "socket":
        yield _attempt(
            "Slack: SLACK_APP_TOKEN opens Socket Mode",
            lambda: _call(lambda: outside.slack.apps_connections_open(app_token=app_token), "SLACK_APP_TOKEN"),
        )[0]
    if not config.credentials.slack_bot_token:
        return
    line, answer = _attempt(
        "Slack: SLACK_BOT_TOKEN is accepted", lambda: _call(outside.slack.auth_test, "SLACK_BOT_TOKEN")
    )
    yield line
    if answer is None:
        return
    granted = {scope.strip() for scope in answer.headers.get("x-oauth-scopes", "").split(",")}
    for scope, reason in (SCOPES | (_GROUPS_SCOPE if config.roles.groups() else {})).items():
        remedy = (
            f"add the scope, needed for {reason}, at api.slack.com/apps > OAuth & Permissions, and reinstall the app."
        )
        yield Line(f"Slack: scope {scope}", scope in granted, "" if scope in granted else remedy)
    for scope, reason in OPTIONAL_SCOPES.items():
        state = "granted" if scope in granted else f"missing, so there is no {reason}"
        yield Line(f"Slack: optional scope {scope}: {state}", ok=True)
    # A whisper to itself passes every check that a post passes, and nobody sees it.
    post_ephemeral, own = Message("The doctor looks whether the bot can write here."), str(answer["user_id"])
    channels = {config.slack.channel, *(application.channel for application in config.applications.values())} - {""}
    for channel in sorted(channels):
        what = f"Slack: the bot can write in {channel}"
        yield _attempt(what, partial(outside.chat.post_ephemeral, channel, own, post_ephemeral))[0]


def _call(request: Callable[[], SlackResponse], variable: str) -> SlackResponse:
    try:
        return request()
    except SlackApiError as error:
        code = error.response.get("error") or "an error"
        raise ChatError(f"Slack answered {code}; look at {variable}, and at {_TOKENS[variable]}.") from error
    except (SlackClientError, HTTPException, OSError) as error:
        raise ChatError(
            f"Slack does not answer ({type(error).__name__}); look at slack.api_url, the network and its proxy."
        ) from error

"""Applications that a deployer's own resources declare, and which application of the bot's each of them is."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any, Final

from bot.core.applications.application import Application
from bot.core.applications.deployer_status import DeployerStatus
from bot.core.drift.ignore import IgnoreRule
from bot.core.git.git_url import normalize, without_credentials
from bot.core.git.repository_ref import RepositoryRef
from bot.core.git.target_revision import HEAD, TargetRevision
from bot.core.rendering.source import Source
from bot.i18n.catalogue import discovery as texts
from bot.i18n.language import LocalizedText

CHANNEL: Final = "gitops-bot/channel"  # the annotation
_IN_CLUSTER: Final = frozenset({"https://kubernetes.default.svc", "https://kubernetes.default"})
_A_CHANNEL: Final = re.compile(r"[CG][A-Z0-9]{2,}")

Object = Mapping[str, Any]


class UnreadableError(Exception):
    """A resource, or a part of it, says something that the bot cannot follow: its text is a sentence for people."""


@dataclass(frozen=True, slots=True)
class Origin:
    """The resource that declares an application: on which `cluster`, and which one."""

    deployer: str
    kind: str
    cluster: str
    namespace: str
    name: str

    @property
    def title(self) -> str:
        """`Application argocd/shop on prod`."""
        return LocalizedText(
            texts.ORIGIN, kind=self.kind, namespace=self.namespace, name=self.name, cluster=self.cluster
        )


@dataclass(frozen=True, slots=True)
class Destination:
    """Where it goes, as the resource says: an API server's URL or a cluster's name; neither is where it was found."""

    namespace: str
    server: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class Discovered:
    """One source of one resource. `part` tells those of one resource apart, "" where there is one."""

    origin: Origin
    view: DeployerStatus
    url: str
    revision: TargetRevision
    source: Source
    destination: Destination
    part: str = ""
    ignore: tuple[IgnoreRule, ...] = ()
    channel: str = ""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """One that the bot cannot follow, and why: a sentence for people."""

    origin: Origin
    view: DeployerStatus
    why: str
    part: str = ""

    @property
    def name(self) -> str:
        """As people know it."""
        return f"{self.origin.name}.{self.part}" if self.part else self.origin.name


Found = Discovered | Unreadable


@dataclass(frozen=True, slots=True)
class Known:
    """A cluster of the configuration: its name there, its API server's URL and the name of its context, if any.

    `channel` is where its applications are told.
    """

    name: str
    server: str
    context: str
    channel: str


@dataclass(frozen=True, slots=True)
class Remote:
    """A repository of the configuration: its name there, its URL and its tracked branch.

    `default` is the remote's own default branch, "" while that is not known.
    """

    name: str
    url: str
    branch: str
    default: str = ""

    def tracks(self, revision: TargetRevision) -> bool:
        """Whether a revision is its tracked branch."""
        named = self.default if revision.text == HEAD else revision.display_name
        return named == self.branch and not revision.is_pattern


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All applications by name, what their deployers say, and what could not be followed. `notes` are sentences."""

    applications: Mapping[str, Application]
    views: Mapping[str, DeployerStatus]
    unreadable: tuple[Unreadable, ...] = ()
    notes: tuple[str, ...] = ()


def channel_of(resource: Object) -> str:
    """The channel that its annotation names, "" for none. UnreadableError when that is no channel id."""
    metadata = resource.get("metadata")
    annotations = metadata.get("annotations") if isinstance(metadata, Mapping) else None
    channel = annotations.get(CHANNEL, "") if isinstance(annotations, Mapping) else ""
    if channel and (not isinstance(channel, str) or _A_CHANNEL.fullmatch(channel) is None):
        raise UnreadableError(LocalizedText(texts.NO_CHANNEL, annotation=CHANNEL))
    return channel


def catalogue(
    found: Iterable[Found],
    *,
    configured: Mapping[str, Application],
    repositories: Sequence[Remote],
    clusters: Sequence[Known],
) -> Catalogue:
    """The applications of the configuration and those discovered.

    A configured one of the same name, or of the same path of the same repository aimed at the same place, is that
    application: only its deployer's view is taken. Nothing is ever fetched from a repository that is not configured.
    """
    placed: list[tuple[Discovered, Application]] = []
    unreadable: list[Unreadable] = []
    for each in found:
        if isinstance(each, Unreadable):
            unreadable.append(each)
            continue
        try:
            placed.append((each, _placed(each, repositories, clusters)))
        except UnreadableError as error:
            unreadable.append(Unreadable(each.origin, each.view, str(error), each.part))
    names = _names([each for each, _ in placed])
    same = {_aim(application): name for name, application in configured.items()}
    applications, views = dict(configured), {}
    for each, application in placed:
        name = names[each.origin, each.part]
        name = name if name in configured else same.get(_aim(application), name)
        views[name] = each.view
        if name not in configured:
            applications[name] = replace(application, name=name)
    return Catalogue(applications, views, tuple(unreadable))


def _aim(application: Application) -> tuple[RepositoryRef, str, str, str]:
    return application.repository, application.source.path, application.cluster, application.namespace


def _placed(found: Discovered, repositories: Sequence[Remote], clusters: Sequence[Known]) -> Application:
    """The application, its name still to be told. UnreadableError."""
    cluster = _cluster(found, clusters)
    address = normalize(found.url)
    same = [each for each in repositories if normalize(each.url) == address]
    if not same:
        raise UnreadableError(LocalizedText(texts.NOT_CONFIGURED, url=without_credentials(found.url)))
    if found.revision.is_invalid():
        raise UnreadableError(LocalizedText(texts.NO_REVISION, revision=found.revision.display_name[:100]))
    exact = [each.name for each in same if each.tracks(found.revision)]
    return Application(
        name="",
        repository=RepositoryRef(exact[0]) if exact else RepositoryRef(same[0].name, found.revision),
        path=found.source.path,
        cluster=cluster.name,
        namespace=found.destination.namespace,
        channel=found.channel or cluster.channel,
        rendered=found.source,
        ignore=found.ignore,
    )


def _cluster(found: Discovered, clusters: Sequence[Known]) -> Known:
    """Which cluster of the configuration a resource means. UnreadableError."""
    server, name = found.destination.server.rstrip("/"), found.destination.name
    here = (not server and not name) or server in _IN_CLUSTER or name == "in-cluster"
    wanted: Callable[[Known], bool]
    if here:
        wanted = lambda each: each.name == found.origin.cluster  # noqa: E731  one of three, told apart above
    elif server:
        wanted = lambda each: each.server.rstrip("/").lower() == server.lower()  # noqa: E731
    else:
        wanted = lambda each: name in (each.name, each.context)  # noqa: E731
    there = next(filter(wanted, clusters), None)
    if there is None:
        raise UnreadableError(LocalizedText(texts.NO_CLUSTER, destination=without_credentials(server or name)))
    return there


# From the shortest: as much of where a resource is as tells all of one name apart.
_FORMS: Final[Sequence[Callable[[Discovered], str]]] = (
    lambda each: each.origin.name,
    lambda each: f"{each.origin.cluster}/{each.origin.name}",
    lambda each: f"{each.origin.namespace}/{each.origin.name}",
    lambda each: f"{each.origin.cluster}/{each.origin.namespace}/{each.origin.name}",
    lambda each: f"{each.origin.cluster}/{each.origin.namespace}/{each.origin.kind.lower()}/{each.origin.name}",
)


def _names(found: Sequence[Discovered]) -> dict[tuple[Origin, str], str]:
    """A name for each, the shortest by which those of one name differ."""
    names = {}
    by_name = sorted(found, key=lambda each: each.origin.name)
    for _, group in groupby(by_name, key=lambda each: each.origin.name):
        several = list(group)
        origins = {each.origin for each in several}
        form = next(form for form in _FORMS if len({form(each) for each in several}) == len(origins))
        for each in several:
            names[each.origin, each.part] = f"{form(each)}.{each.part}" if each.part else form(each)
    return names

"""`/gitops revert` from the asking to the answer: finds the repository, reverts, remembers the pull request."""

from collections.abc import Mapping, Sequence
from html import unescape

from bot.core.access.audit import AuditEntry
from bot.core.access.permission import Granted, Right, refusal
from bot.core.access.requester import Requester
from bot.core.applications.application import Application
from bot.core.git.commit import PullRequest
from bot.core.pull_requests.change_ref import CommitUrl, PullNumber, PullUrl, Range, Sha, home_of, parse_revision
from bot.core.pull_requests.queued import MOST_PATIENCE, QueuedRevert
from bot.core.pull_requests.revert import AlreadyOpen, NotPermitted, Opened, Outcome, RevertRequest
from bot.core.pull_requests.revert_pull import RevertPullRequest
from bot.handlers.access.authorizer import Authorizer
from bot.handlers.pull_requests.queue import Ended, Later, enqueue, waits
from bot.handlers.pull_requests.revert import revert
from bot.handlers.rendering.manifest_cache import ManifestCache
from bot.i18n.catalogue import queued as texts
from bot.i18n.language import LocalizedText
from bot.messages import control as control_message
from bot.messages import queued as queued_message
from bot.messages import revert as revert_message
from bot.messages.blocks import Message
from bot.ports import Ports
from bot.ports.errors import PortError
from bot.ports.git import RevisionNotFoundError


def revert_command(
    ports: Ports,
    request: RevertRequest,
    *,
    requester: Requester,
    authorizer: Authorizer,
    applications: Mapping[str, Application],
    channel: str,
    manifest_cache: ManifestCache,
) -> Message:
    """Do what one person asked for, if they may, and write down what came of it. RepositoryError, StoreError.

    What the forge has no room for now is queued. What touches no application is told in `channel`.
    """
    said = _asked(
        ports,
        request,
        requester=requester,
        authorizer=authorizer,
        applications=applications,
        channel=channel,
        manifest_cache=manifest_cache,
    )
    if isinstance(said, Message):
        return said
    later = waits(said)
    if later is None or later.due - ports.clock() > MOST_PATIENCE:
        return revert_message.answer(requester.translator, said, request)
    home = applications[request.application].channel if request.application else channel
    known = enqueue(ports, request, later, by=requester.user, asked_in=requester.channel, channel=home)
    return queued_message.answer(requester.translator, known)


def revert_queued(
    ports: Ports,
    known: QueuedRevert,
    *,
    requester: Requester,
    authorizer: Authorizer,
    applications: Mapping[str, Application],
    channel: str,
    manifest_cache: ManifestCache,
) -> Ended | Later:
    """Do what waited, as if the same person asked again now. RepositoryError, StoreError."""
    if known.request.application and known.request.application not in applications:
        return Ended(LocalizedText(texts.GONE))
    said = _asked(
        ports,
        known.request,
        requester=requester,
        authorizer=authorizer,
        applications=applications,
        channel=channel,
        manifest_cache=manifest_cache,
    )
    if isinstance(said, Message):
        return Ended(unescape(said.text))
    if later := waits(said):
        return later
    page = said.pull.url if isinstance(said, Opened | AlreadyOpen) else None
    return Ended(revert_message.sentence(requester.translator, said, known.request), page)


def _asked(
    ports: Ports,
    request: RevertRequest,
    *,
    requester: Requester,
    authorizer: Authorizer,
    applications: Mapping[str, Application],
    channel: str,
    manifest_cache: ManifestCache,
) -> Message | Outcome:
    """What came of it, or the words where nothing was begun."""
    translator = requester.translator

    def write_down(result: str, touched: Sequence[str] = ()) -> None:
        named = (request.application,) if request.application else ()
        ports.store.audit_log.append(
            AuditEntry(
                at=ports.clock(),
                who=requester.user,
                what=f"revert {request.text}",
                result=result,
                origin=requester.origin,
                channel=requester.channel,
                applications=tuple(touched) or named,
            )
        )

    # Before anything is looked up for somebody who may nothing at all.
    named = request.application
    first = authorizer.verdict(Right.REVERT, [named]) if named else authorizer.anywhere(Right.REVERT)
    if not isinstance(first, Granted):
        write_down(refusal(first))
        return control_message.denied(translator, Right.REVERT, first)
    try:
        names = _repositories(ports, request, applications)
        if len(names) != 1:
            return revert_message.which_repository(translator, request.text, names)
        known = [application for application in applications.values() if application.repository.key == names[0]]
        outcome = revert(
            request,
            repository=ports.repositories[names[0]],
            forge=ports.forges.get(names[0]),
            applications=known,
            permit=lambda touched: authorizer.verdict(Right.REVERT, touched),
            manifest_cache=manifest_cache,
        )
    except PortError as error:
        write_down(f"failed: {error}")
        raise
    if isinstance(outcome, NotPermitted):
        write_down(refusal(outcome.verdict), outcome.applications)
        return control_message.denied(translator, Right.REVERT, outcome.verdict)
    if isinstance(outcome, Opened | AlreadyOpen):
        touched = outcome.applications if isinstance(outcome, Opened) else ()
        _remember(
            ports, names[0], outcome.pull, request, by=requester.user, touched=touched, channel=channel, known=known
        )
        write_down(f"{type(outcome).__name__} {outcome.pull.url}", touched)
    else:
        write_down(type(outcome).__name__)
    return outcome


def _repositories(ports: Ports, request: RevertRequest, applications: Mapping[str, Application]) -> list[str]:
    """The repositories that may be meant: the application's, the only one, or those that have that commit."""
    if request.application:
        return [applications[request.application].repository.key]
    names = list(ports.repositories)
    if len(names) == 1:
        return [_line(ports, names[0], request, applications)]
    match parse_revision(request.text):
        case Sha(digits) | Range(_, digits):
            found = [name for name in names if _has(ports, name, digits)]
        case CommitUrl(page, _) | PullUrl(page, _):
            found = [name for name, forge in ports.forges.items() if home_of(forge.commit_url("0" * 40)) == page]
        case PullNumber():
            found = [name for name in names if name in ports.forges]
        case _:
            found = names[:1]  # any repository refuses it with the same sentence
    return [_line(ports, found[0], request, applications)] if len(found) == 1 else found or names


def _line(ports: Ports, name: str, request: RevertRequest, applications: Mapping[str, Application]) -> str:
    """The repository, or the other branch of it that applications follow and that has the commit in its place."""
    match parse_revision(request.text):
        case Sha(digits) | Range(_, digits) | CommitUrl(_, digits):
            pass
        case _:
            return name
    others = {each.repository.key for each in applications.values() if each.repository.name == name} - {name}
    try:
        sha = ports.repositories[name].resolve(digits).sha if others else ""
    except RevisionNotFoundError:
        return name
    for each in (name, *sorted(others)) if sha else ():
        repository = ports.repositories[each]
        if repository.is_ancestor(sha, repository.head()) and repository.followed().kind == "branch":
            return each
    return name


def _has(ports: Ports, name: str, digits: str) -> bool:
    try:
        ports.repositories[name].resolve(digits)
    except RevisionNotFoundError as error:
        return bool(error.candidates)
    return True


def _remember(
    ports: Ports,
    repository: str,
    pull: PullRequest,
    request: RevertRequest,
    *,
    by: str,
    touched: Sequence[str],
    channel: str,
    known: Sequence[Application],
) -> None:
    """Keep the pull request so that its card is posted and followed; one that is known already keeps its card."""
    channels = {application.channel for application in known if application.name in touched}
    made = RevertPullRequest(
        id=f"{repository}#{pull.number}",
        repository=repository,
        number=pull.number,
        url=pull.url,
        title=pull.title,
        by=by,
        what=request.text,
        channels=tuple(sorted(channels)) or (channel,),
        applications=tuple(touched),
        opened_at=ports.clock(),
    )
    if made.id not in {each.id for each in ports.store.pull_requests.unsettled()}:
        ports.store.pull_requests.save(made)

"""`/gitops revert` from the asking to the answer: finds the repository, reverts, remembers the pull request."""

from collections.abc import Mapping, Sequence

from bot.core.application import Application
from bot.core.commit import PullRequest
from bot.core.message import revert as revert_message
from bot.core.message.blocks import Message
from bot.core.revert import AlreadyOpen, Opened, RevertRequest
from bot.core.revert_pull import RevertPull
from bot.core.revision import CommitUrl, PullNumber, PullUrl, Range, Sha, home_of, parse_revision
from bot.handlers.revert import revert
from bot.ports import Ports, RevisionNotFoundError


def revert_command(
    ports: Ports, request: RevertRequest, *, user: str, applications: Mapping[str, Application], channel: str
) -> Message:
    """Do what one person, already permitted, asked for. RepositoryError, StoreError.

    `channel` is where the pull request is told when it touches no application.
    """
    names = _repositories(ports, request, applications)
    if len(names) != 1:
        return revert_message.which_repository(request.text, names)
    known = [application for application in applications.values() if application.repository == names[0]]
    outcome = revert(
        request, repository=ports.repositories[names[0]], forge=ports.forges.get(names[0]), applications=known
    )
    result = type(outcome).__name__
    if isinstance(outcome, Opened | AlreadyOpen):
        touched = outcome.applications if isinstance(outcome, Opened) else ()
        _remember(ports, names[0], outcome.pull, request, user=user, touched=touched, channel=channel, known=known)
        result = f"{result} {outcome.pull.url}"
    ports.store.audit(ports.clock(), user, f"revert {request.text}", result)
    return revert_message.answer(outcome, request)


def _repositories(ports: Ports, request: RevertRequest, applications: Mapping[str, Application]) -> list[str]:
    """The repositories that may be meant: the application's, the only one, or those that have that commit."""
    if request.application:
        return [applications[request.application].repository]
    names = list(ports.repositories)
    if len(names) == 1:
        return names
    match parse_revision(request.text):
        case Sha(digits) | Range(_, digits):
            found = [name for name in names if _has(ports, name, digits)]
        case CommitUrl(home, _) | PullUrl(home, _):
            found = [name for name, forge in ports.forges.items() if home_of(forge.commit_url("0" * 40)) == home]
        case PullNumber():
            found = [name for name in names if name in ports.forges]
        case _:
            found = names[:1]  # any repository refuses it with the same sentence
    return found or names


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
    user: str,
    touched: Sequence[str],
    channel: str,
    known: Sequence[Application],
) -> None:
    """Keep the pull request so that its card is posted and followed; one that is known already keeps its card."""
    channels = {application.channel for application in known if application.name in touched}
    made = RevertPull(
        id=f"{repository}#{pull.number}",
        repository=repository,
        number=pull.number,
        url=pull.url,
        title=pull.title,
        by=user,
        what=request.text,
        channels=tuple(sorted(channels)) or (channel,),
        applications=tuple(touched),
        opened_at=ports.clock(),
    )
    if made.id not in {each.id for each in ports.store.pulls()}:
        ports.store.save_pull(made)

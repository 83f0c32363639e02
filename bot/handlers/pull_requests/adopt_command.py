"""The Adopt button from the press to the answer: may they, what does live say now, one pull request, written down."""

from collections.abc import Callable, Sequence

from bot.core.access.audit import AuditEntry
from bot.core.access.permission import Granted, Right, refusal
from bot.core.access.requester import Requester
from bot.core.applications.application import Application
from bot.core.drift.model import Check
from bot.core.git.commit import PullRequest
from bot.core.pull_requests.revert import AlreadyOpen, Refused, Unfinished
from bot.core.pull_requests.revert_pull import RevertPullRequest
from bot.handlers.access.authorizer import Authorizer
from bot.handlers.pull_requests.adopt import Adopted, NothingDiffers, adopt_drift
from bot.handlers.rendering.manifest_cache import ManifestCache
from bot.messages import adopt as words
from bot.messages import control
from bot.messages.blocks import Message
from bot.ports import Ports


def adopt_command(
    ports: Ports,
    application: Application,
    *,
    check: Callable[[Sequence[str]], list[Check]],
    manifest_cache: ManifestCache,
    requester: Requester,
    authorizer: Authorizer,
) -> Message:
    """Adopt what differs now, if the requester may open pull requests for the application. StoreError.

    `check` runs a drift check of the applications named.
    """

    def write_down(result: str) -> None:
        ports.store.audit_log.append(
            AuditEntry(
                at=ports.clock(),
                who=requester.user,
                what=f"adopt {application.name}",
                result=result,
                origin=requester.origin,
                channel=requester.channel,
                applications=(application.name,),
            )
        )

    translator = requester.translator
    verdict = authorizer.verdict(Right.REVERT, [application.name])
    if not isinstance(verdict, Granted):
        write_down(refusal(verdict))
        return control.denied(translator, Right.REVERT, verdict)
    latest = check([application.name])[0]
    outcome = adopt_drift(
        application,
        latest,
        requester.name,
        repository=ports.repositories[application.repository.key],
        forge=ports.forges.get(application.repository.key),
        manifest_cache=manifest_cache,
    )
    match outcome:
        case Adopted(pull, files):
            _remember(ports, application, latest, pull, requester)
            write_down(f"Adopted {pull.url}")
            return words.opened(translator, pull, application.name, files, latest.drift)
        case AlreadyOpen(pull):
            _remember(ports, application, latest, pull, requester)
            write_down(f"AlreadyOpen {pull.url}")
            return words.already_open(translator, pull)
        case NothingDiffers():
            write_down("NothingDiffers")
            return words.nothing(translator, application.name)
        case Refused(reason):
            write_down(f"Refused: {reason}")
            return words.not_adopted(translator, reason)
        case Unfinished(branch, reason):
            write_down(f"Unfinished {branch}")
            return words.unfinished(translator, branch, reason)


def _remember(ports: Ports, application: Application, check: Check, pull: PullRequest, requester: Requester) -> None:
    """Keep the pull request so that its card is posted and followed; one that is known already keeps its card."""
    made = RevertPullRequest(
        id=f"{application.repository.key}#{pull.number}",
        repository=application.repository.key,
        number=pull.number,
        url=pull.url,
        title=pull.title,
        by=requester.user,
        what=check.application,
        channels=(application.channel,),
        applications=(application.name,),
        opened_at=ports.clock(),
        purpose="adopt",
    )
    if made.id not in {each.id for each in ports.store.pull_requests.unsettled()}:
        ports.store.pull_requests.save(made)

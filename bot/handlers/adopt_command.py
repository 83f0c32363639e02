"""The Adopt button from the press to the answer: may they, what does live say now, one pull request, written down."""

from bot.core.application import Application
from bot.core.asker import Asker
from bot.core.audit import AuditEntry
from bot.core.commit import PullRequest
from bot.core.drift import Check
from bot.core.message import adopt as words
from bot.core.message import control
from bot.core.message.blocks import Message
from bot.core.permission import Granted, Right, refusal
from bot.core.revert import AlreadyOpen, Refused, Unfinished
from bot.core.revert_pull import RevertPull
from bot.handlers.adopt import Adopted, NothingDiffers, adopt_drift
from bot.handlers.standing import Standing
from bot.handlers.watch import Watch
from bot.ports import Ports


def adopt_command(ports: Ports, watch: Watch, application: Application, *, asker: Asker, standing: Standing) -> Message:
    """Adopt what differs now, if the asker may have pull requests opened for the application. StoreError."""

    def write_down(result: str) -> None:
        ports.store.audit(
            AuditEntry(
                at=ports.clock(),
                who=asker.user,
                what=f"adopt {application.name}",
                result=result,
                origin=asker.origin,
                channel=asker.channel,
                applications=(application.name,),
            )
        )

    say = asker.say
    verdict = standing.verdict(Right.REVERT, [application.name])
    if not isinstance(verdict, Granted):
        write_down(refusal(verdict))
        return control.denied(say, Right.REVERT, verdict)
    check = watch.check([application.name])[0]
    outcome = adopt_drift(
        application,
        check,
        asker.name,
        repository=ports.repositories[application.repository],
        forge=ports.forges.get(application.repository),
        rendered=watch.rendered,
    )
    match outcome:
        case Adopted(pull, files):
            _remember(ports, application, check, pull, asker)
            write_down(f"Adopted {pull.url}")
            return words.opened(say, pull, application.name, files, check.drift)
        case AlreadyOpen(pull):
            _remember(ports, application, check, pull, asker)
            write_down(f"AlreadyOpen {pull.url}")
            return words.already_open(say, pull)
        case NothingDiffers():
            write_down("NothingDiffers")
            return words.nothing(say, application.name)
        case Refused(reason):
            write_down(f"Refused: {reason}")
            return words.not_adopted(say, reason)
        case Unfinished(branch, reason):
            write_down(f"Unfinished {branch}")
            return words.unfinished(say, branch, reason)


def _remember(ports: Ports, application: Application, check: Check, pull: PullRequest, asker: Asker) -> None:
    """Keep the pull request so that its card is posted and followed; one that is known already keeps its card."""
    made = RevertPull(
        id=f"{application.repository}#{pull.number}",
        repository=application.repository,
        number=pull.number,
        url=pull.url,
        title=pull.title,
        by=asker.user,
        what=check.application,
        channels=(application.channel,),
        applications=(application.name,),
        opened_at=ports.clock(),
        purpose="adopt",
    )
    if made.id not in {each.id for each in ports.store.pulls()}:
        ports.store.save_pull(made)

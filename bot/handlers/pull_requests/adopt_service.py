"""The Adopt button, from the click to the answer: permission, a fresh drift check, pull request, audit entry."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from bot.core.access.audit import outcome_name
from bot.core.access.permission import Decision, Granted, Right, denial
from bot.core.access.requester import Requester
from bot.core.applications.application import Application
from bot.core.drift.differences import persisting
from bot.core.drift.model import Check
from bot.core.incidents.incident import ACTIVE_STATES
from bot.core.pull_requests.intent import AdoptRequest
from bot.core.pull_requests.revert import AlreadyOpen, NotPermitted, Refused, Unfinished
from bot.core.pull_requests.tracked_pull_request import NOTHING_KNOWN, ProposedChange
from bot.core.rollouts.rollout import pending_applications
from bot.handlers.access.audited import AuditRecord, audited
from bot.handlers.access.authorizer import Authorizer
from bot.handlers.pull_requests.adopt import Adopted, NothingDiffers, adopt_drift
from bot.handlers.pull_requests.intents import Intents, PendingIntent
from bot.handlers.pull_requests.propose import Permit
from bot.handlers.pull_requests.track import track
from bot.handlers.rendering.manifest_cache import ManifestCache
from bot.handlers.tracked_branch import applications_on_branch
from bot.i18n.catalogue import adopt as texts
from bot.i18n.language import LocalizedText, Text
from bot.messages import adopt as adopt_message
from bot.messages import adopt_pull_request, common, errors, permission
from bot.messages.blocks import Message
from bot.ports import Ports
from bot.ports.errors import PortError


@dataclass(frozen=True, slots=True)
class AdoptService:
    """Adopts drift in git on request.

    `referenced_applications` returns the names of the applications that a button's value refers to; `check` runs a
    drift check of applications by name; `why_unknown` says why one, or any if None, may not be discovered yet.
    """

    ports: Ports
    applications: Mapping[str, Application]
    authorizer_for: Callable[[Requester], Authorizer]
    manifest_cache: ManifestCache
    referenced_applications: Callable[[str], Sequence[str]]
    check: Callable[[Sequence[str]], Sequence[Check]]
    intents: Intents
    why_unknown: Callable[[str | None], Text | None]

    def adopt(self, requester: Requester, reference: str) -> Message:
        """Adopt the drift of the only application of a button, if the requester is allowed to. Raises PortError."""
        with audited(self.ports, requester, "adopt") as audit:
            audit.applications = self.referenced_applications(reference)
            if why := self.why_unknown(next(iter(audit.applications), reference)):
                raise PortError(why)
            if len(audit.applications) != 1:
                audit.result = outcome_name("StaleButton")
                return errors.outdated_button(requester.translator)
            application = self.applications[audit.applications[0]]
            audit.what = f"adopt {application.name}"
            audit.pending = pending = self.intents.new(requester, AdoptRequest(application.name))
            pending.store()
            return self._if_permitted(requester, application, audit, pending)

    def finish(self, pending: PendingIntent, requester: Requester, request: AdoptRequest) -> Message:
        """Finish a request whose intent is recorded. Raises PortError."""
        with audited(self.ports, requester, f"adopt {request.application}", [request.application]) as audit:
            audit.pending = pending
            if (application := self.applications.get(request.application)) is None:
                audit.result = outcome_name("StaleButton")
                return errors.outdated_button(requester.translator)
            return self._if_permitted(requester, application, audit, pending)

    def _if_permitted(
        self, requester: Requester, application: Application, audit: AuditRecord, pending: PendingIntent
    ) -> Message:
        authorizer = self.authorizer_for(requester)
        decision = authorizer.decide(Right.REVERT, [application.name])
        if not isinstance(decision, Granted):
            audit.result = denial(decision)
            return permission.denied(requester.translator, Right.REVERT, decision)

        def permit(affected: Sequence[str | None]) -> Decision:
            audit.applications = [name for name in affected if name is not None]
            return authorizer.decide(Right.REVERT, affected)

        return common.in_answer_to(
            adopt_message.requested(requester.translator, application.name),
            self._adopt(requester, application, permit, audit, pending),
        )

    def _adopt(
        self,
        requester: Requester,
        application: Application,
        permit: Permit,
        audit: AuditRecord,
        pending: PendingIntent,
    ) -> Message:
        translator, key = requester.translator, application.repository.key
        check = self._check_for(pending, application.name)
        if isinstance(check, Refused):
            audit.result = f"Refused: {check.reason!s}"
            return adopt_message.not_adopted(translator, check.reason)
        outcome = adopt_drift(
            application,
            check,
            requester.name,
            repository=self.ports.repositories[key],
            forge=self.ports.forges.get(key),
            applications=applications_on_branch(self.ports, self.applications.values(), key),
            permit=permit,
            manifest_cache=self.manifest_cache,
        )
        audit.result = outcome_name(type(outcome).__name__)
        if isinstance(outcome, Adopted | AlreadyOpen):
            audit.result += f" {outcome.pull.url}"
            track(
                self.ports,
                outcome.pull,
                key,
                requester=requester,
                what=application.name,
                applications=[self.applications[name] for name in audit.applications if name in self.applications],
                channel=application.channel,
                purpose="adopt",
                change=(
                    ProposedChange(outcome.files, effects=outcome.effects, drift=check.drift)
                    if isinstance(outcome, Adopted)
                    else NOTHING_KNOWN
                ),
            )
        match outcome:
            case Adopted(pull):
                return adopt_message.opened(translator, pull)
            case AlreadyOpen(pull):
                return adopt_message.already_open(translator, pull)
            case NothingDiffers():
                return adopt_message.nothing_to_adopt(translator, application.name)
            case NotPermitted(applications, decision, unreadable):
                audit.result = denial(decision)
                return permission.denied(translator, Right.REVERT, decision, applications, unreadable)
            case Refused(reason):
                audit.result = f"Refused: {reason!s}"
                return adopt_message.not_adopted(translator, reason)
            case Unfinished(branch, reason):
                audit.result = f"Unfinished {branch}"
                return adopt_message.unfinished(translator, branch, reason)

    def _check_for(self, pending: PendingIntent, application: str) -> Check | Refused:
        """A new check with the drift to adopt. A resumed request only adopts the drift that it was made for."""
        check = self._check(application)
        if isinstance(check, Refused) or not check.drift:
            return check
        request = AdoptRequest(application, adopt_pull_request.drift_digest(check.drift))
        return check if pending.adopts(request) else Refused(LocalizedText(texts.CHANGED))

    def _check(self, application: str) -> Check | Refused:
        """A new check; until each merge is live, with only the drift that the alert shows: the rest is expected."""
        incident = self.ports.store.incidents.open_for(application)  # the check may add differences to it
        check = self.check([application])[0]
        if not check.drift or application not in pending_applications(self.ports.store.rollouts.unsettled()):
            return check
        alerted = incident.drift if incident and incident.state in ACTIVE_STATES else ()
        drift = persisting(alerted, check.drift)
        return (
            replace(check, drift=drift) if drift else Refused(LocalizedText(texts.ROLLING_OUT, application=application))
        )

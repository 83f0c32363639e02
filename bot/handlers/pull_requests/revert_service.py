"""`/gitops revert`, from the request to the answer: permission, repository, pull request, audit entry."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from bot.core.access.audit import Origin, outcome_name
from bot.core.access.permission import Decision, Granted, Right, denial
from bot.core.access.requester import Requester
from bot.core.applications.application import Application
from bot.core.pull_requests.change_ref import (
    ChangeRef,
    CommitUrl,
    Latest,
    PullNumber,
    PullUrl,
    Range,
    Sha,
    repository_url,
)
from bot.core.pull_requests.queued import MAX_WAIT, QueuedRevert, QueueState, enqueued, postponed, waiting_for_same
from bot.core.pull_requests.revert import (
    AlreadyOpen,
    AmbiguousRepository,
    NotOnBranch,
    NotPermitted,
    Opened,
    Outcome,
    Refused,
    RevertRequest,
    Unfinished,
)
from bot.core.pull_requests.tracked_pull_request import NOTHING_KNOWN
from bot.core.waiting import is_waiting
from bot.handlers.access.audited import audited
from bot.handlers.access.authorizer import Authorizer
from bot.handlers.mainline import mainline
from bot.handlers.pull_requests.intents import Intents, PendingIntent
from bot.handlers.pull_requests.revert import revert
from bot.handlers.pull_requests.track import track
from bot.handlers.rendering.manifest_cache import ManifestCache
from bot.handlers.tracked_branch import applications_on_branch, known_branch_key
from bot.i18n.catalogue import queued_revert as texts
from bot.i18n.language import LocalizedText, Text, Translator
from bot.messages import common
from bot.messages import queued_revert as queued_revert_message
from bot.messages import revert as revert_message
from bot.messages.blocks import Message
from bot.ports import Ports
from bot.ports.errors import PortError
from bot.ports.git import RepositoryError, RevisionNotFoundError
from bot.ports.isolation import unexpected_as_port_error
from bot.ports.telemetry import REVERTS_OPENED

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RevertService:
    """Reverts changes on request, now or once the forge accepts requests again.

    Pull requests that don't affect an application are announced in `channel`.
    """

    ports: Ports
    applications: Mapping[str, Application]
    authorizer_for: Callable[[Requester], Authorizer]
    translator_for: Callable[[str], Translator]  # by channel
    manifest_cache: ManifestCache
    channel: str
    intents: Intents

    def revert(self, requester: Requester, request: RevertRequest) -> Message:
        """Open a pull request if the requester is allowed to; queue it if the forge asks to wait. Raises PortError."""
        return self._respond(requester, request, self.intents.new(requester, request))

    def finish(self, pending: PendingIntent, requester: Requester, request: RevertRequest) -> Message:
        """Finish a request whose intent is recorded. Raises PortError."""
        return self._respond(requester, request, pending)

    def _respond(self, requester: Requester, request: RevertRequest, pending: PendingIntent) -> Message:
        request, outcome, queued = self._attempt(requester, request, pending)
        if queued:
            answer = queued_revert_message.answer(requester.translator, queued)
        else:
            answer = revert_message.answer(requester.translator, outcome, request)
        return common.in_answer_to(revert_message.requested(requester.translator, request, requester.origin), answer)

    def _attempt(
        self, requester: Requester, request: RevertRequest, pending: PendingIntent | None = None
    ) -> tuple[RevertRequest, Outcome, QueuedRevert | None]:
        """Revert, and append the audit entry. Without `pending`, it is queued and needs no intent. Raises PortError.

        Returns the request with the commit that HEAD was, too.
        """
        named = (request.application,) if request.application else ()
        with audited(self.ports, requester, f"revert {request.change}", named) as audit:
            audit.pending = pending
            authorizer = self.authorizer_for(requester)
            refused = self._refused(request, authorizer, named)
            if refused is None:
                request = self._pinned(request)
                audit.what = f"revert {request.change}"
            if pending:
                pending.intent = replace(pending.intent, request=request)
                pending.store()
            outcome = refused or self._revert(requester, request, authorizer, pending)
            audit.result = outcome_name(type(outcome).__name__)
            if isinstance(outcome, NotPermitted):
                audit.result = denial(outcome.decision)
            if isinstance(outcome, Opened | AlreadyOpen):
                audit.result += f" {outcome.pull.url}"
            if isinstance(outcome, Opened | NotPermitted):
                audit.applications = outcome.applications or named
            match outcome:
                case Refused(reason, datetime() as due) | Unfinished(_, reason, datetime() as due):
                    is_queued = pending is not None and self._is_soon(due)
                    return request, outcome, self._enqueue(requester, request, due, reason) if is_queued else None
                case _:
                    return request, outcome, None

    def _refused(self, request: RevertRequest, authorizer: Authorizer, named: Sequence[str]) -> Outcome | None:
        """Why nothing is looked up: the person doesn't have the right on anything, or the application is gone."""
        if request.application and request.application not in self.applications:
            return Refused(LocalizedText(texts.GONE))  # removed from the configuration while it was queued
        decision = authorizer.decide(Right.REVERT, named) if named else authorizer.decide_anywhere(Right.REVERT)
        return None if isinstance(decision, Granted) else NotPermitted((), decision)

    def _revert(
        self, requester: Requester, request: RevertRequest, authorizer: Authorizer, pending: PendingIntent | None
    ) -> Outcome:
        keys = self._repositories(request)
        if len(keys) != 1:
            return AmbiguousRepository(tuple(keys))
        try:
            hosted = applications_on_branch(self.ports, self.applications.values(), keys[0])
        except RepositoryError as error:
            return Refused(error.text)

        def permit(affected: Sequence[str | None]) -> Decision:
            decision = authorizer.decide(Right.REVERT, affected)
            if pending and isinstance(decision, Granted):
                pending.affects([name for name in affected if name is not None])
            return decision

        outcome = revert(
            request,
            repository=self.ports.repositories[keys[0]],
            forge=self.ports.forges.get(keys[0]),
            applications=hosted,
            permit=permit,
            manifest_cache=self.manifest_cache,
            mainline=mainline(self.ports, keys[0]),
        )
        if isinstance(outcome, NotOnBranch):
            return replace(outcome, removed=self._was_on_branch(keys[0], outcome))
        if isinstance(outcome, Opened):
            self.ports.telemetry.count(REVERTS_OPENED)
        if isinstance(outcome, Opened | AlreadyOpen):
            interrupted = pending.intent.applications if pending else ()
            affected = outcome.applications if isinstance(outcome, Opened) else interrupted
            track(
                self.ports,
                outcome.pull,
                keys[0],
                requester=requester,
                what=str(request.change),
                applications=[application for application in hosted if application.name in affected],
                channel=self.channel,
                change=revert_message.proposed_change(outcome) if isinstance(outcome, Opened) else NOTHING_KNOWN,
            )
        return outcome

    def _was_on_branch(self, key: str, outcome: NotOnBranch) -> bool:
        """Whether the bot once saw the change on the branch. Raises StoreError."""
        merged = (outcome.pull and outcome.pull.merge_sha) or ""
        shas, branch = [outcome.commit.sha if outcome.commit else merged], known_branch_key(self.ports, key) or key
        rollouts = self.ports.store.rollouts.of_revisions(shas)
        seen = [rollout.branch for rollout in rollouts if rollout.repository in (key, branch)]
        seen += [record.branch for record in self.ports.store.approvals.of_commits(branch, shas)]
        return outcome.branch in seen  # the key may have meant another branch then

    # ------------------------------------------------------------ the repository of a change

    def _pinned(self, request: RevertRequest) -> RevertRequest:
        """The request with the latest commit by SHA, so that a queued request doesn't revert a later one."""
        keys = self._repositories(request) if isinstance(request.change, Latest) else []
        return replace(request, change=Sha(self.ports.repositories[keys[0]].fetch())) if len(keys) == 1 else request

    def _repositories(self, request: RevertRequest) -> list[str]:
        """The keys of the possible repositories: the application's, the only one, or those with the change."""
        if request.application:
            return [self.applications[request.application].repository.key]
        names = list(self.ports.repositories)
        if len(names) > 1:
            names = self._with_change(request.change, names) or names
        return [self._tracking(request.change, names[0])] if len(names) == 1 else names

    def _with_change(self, change: ChangeRef, names: Sequence[str]) -> list[str]:
        match change:
            case Sha(digits) | Range(_, digits):
                return [name for name in names if self._has_commit(name, digits)]
            case CommitUrl(page) | PullUrl(page):
                forges = self.ports.forges.items()
                return [name for name, forge in forges if repository_url(forge.commit_url("0" * 40)) == page]
            case PullNumber() | Latest():
                return [name for name in names if name in self.ports.forges]

    def _has_commit(self, name: str, digits: str) -> bool:
        try:
            self.ports.repositories[name].resolve(digits)
        except RevisionNotFoundError as error:
            return bool(error.candidates)
        except RepositoryError as error:  # its server may be down, and the commit be elsewhere
            _log.warning("cannot look for commit %s in %s: %s", digits, name, error)
            return False
        return True

    def _tracking(self, change: ChangeRef, name: str) -> str:
        """The key of the repository at the branch with the commit: its own, or one that an application tracks."""
        if not isinstance(change, Sha | Range | CommitUrl):
            return name
        digits = change.until if isinstance(change, Range) else change.digits
        tracked = {application.repository for application in self.applications.values()}
        others = sorted({ref.key for ref in tracked if ref.name == name} - {name})
        if not others:
            return name
        try:
            sha = self.ports.repositories[name].resolve(digits).sha
        except RevisionNotFoundError:
            return name
        for key in (name, *others):
            repository = self.ports.repositories[key]
            try:
                if repository.is_ancestor(sha, repository.head()) and repository.resolved_revision().kind == "branch":
                    return key
            except RepositoryError as error:  # such as a revision that an application tracks and nobody has pushed
                _log.warning("cannot look for commit %s at the revision of %s: %s", digits, key, error)
        return name

    # ------------------------------------------------------------ the queue, while the forge is rate limited

    def _enqueue(self, requester: Requester, request: RevertRequest, due: datetime, reason: Text) -> QueuedRevert:
        """Queue the request, unless the same one is already waiting. Raises StoreError."""
        queued = enqueued(
            request,
            by=requester.user,
            asked_in=requester.channel,
            channel=self.applications[request.application].channel if request.application else self.channel,
            now=self.ports.clock(),
            due=due,
            reason=reason,
        )
        waiting = waiting_for_same(self.ports.store.queued_reverts.unsettled(), queued)
        if waiting is None:
            self.ports.store.queued_reverts.save(queued)
        return waiting or queued

    def _is_soon(self, due: datetime) -> bool:
        return due - self.ports.clock() <= MAX_WAIT

    def run_queued(self, why_unknown: Callable[[str | None], Text | None]) -> None:
        """Run the queued reverts that are due, each once. Raises StoreError.

        Until discovery has answered, all wait; then, those of an application that can't be discovered: `why_unknown`.
        Only the leading replica calls this. If it stops after it opened a pull request and before it stored the result,
        the next attempt finds the open pull request.
        """
        if why_unknown(None):
            return
        now = self.ports.clock()
        for queued in self.ports.store.queued_reverts.unsettled():
            if queued.state is QueueState.WAITING and not is_waiting(queued.due, now, MAX_WAIT):
                why = why_unknown(queued.request.application)
                after = postponed(queued, queued.due, why, now) if why else self._retry(queued)
                self.ports.store.queued_reverts.save(after)

    def _retry(self, queued: QueuedRevert) -> QueuedRevert:
        """Revert as if the same person asked again now. Returns the queued revert with its new state."""
        translator = self.translator_for(queued.channel)
        requester = Requester(queued.by, queued.request.who, queued.asked_in, Origin.QUEUE, translator)
        try:
            with unexpected_as_port_error(f"queued revert {queued.id}"):
                _, outcome, _ = self._attempt(requester, queued.request)
                result = revert_message.answer_text(translator, outcome, queued.request)
        except PortError as error:
            _log.warning("queued revert %s postponed: %s", queued.id, error)
            return postponed(queued, queued.due, error.text, self.ports.clock())
        match outcome:
            case Refused(reason, datetime() as due) | Unfinished(_, reason, datetime() as due):
                return postponed(queued, due, reason, self.ports.clock())
            case _:
                url = outcome.pull.url if isinstance(outcome, Opened | AlreadyOpen) else None
                return replace(queued, state=QueueState.DONE, result=result, url=url)

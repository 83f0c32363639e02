"""Reviews the commits that reached a branch together, with few lookups at the forge."""

import logging
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cached_property, partial
from itertools import takewhile
from typing import TypeVar

from bot.config.sections.approvals import ApprovalsConfig
from bot.core.approvals.apply_result import apply_result
from bot.core.approvals.approval import (
    NOT_REVIEWED,
    PENDING,
    UNAPPROVED,
    ApprovalRecord,
    ApprovalResult,
    ApprovalStatus,
    ContentMatch,
    Evidence,
    depends_on_content,
    evaluate,
    is_merge_of,
)
from bot.core.approvals.schedule import (
    MIN_RECHECK,
    failed_review,
    has_failed_for_long,
    is_due,
    is_reviewed,
    next_check_at,
)
from bot.core.git.commit import PullRequest
from bot.core.git.patch import truncate_lines
from bot.core.git.push import Push, find_moves
from bot.handlers.approvals.content import content_matches
from bot.handlers.approvals.diff import changes
from bot.handlers.approvals.limit import LookupLimit
from bot.handlers.approvals.pushers import find_pushers_of
from bot.handlers.approvals.rebased import (
    MAX_FAILURES,
    Delivered,
    group_by_pull_request,
    incomplete,
    is_not_looked_up,
    with_rebased_commits,
)
from bot.handlers.approvals.unseen import is_recorded, unseen_tip
from bot.handlers.change_people import requester_of, tracked_pull_request
from bot.handlers.contributions import read_commits
from bot.i18n.catalogue import approval as texts
from bot.i18n.language import LocalizedText
from bot.ports import Ports
from bot.ports.errors import PortError
from bot.ports.forge import Forge, ForgeError
from bot.ports.git import RepositoryError
from bot.ports.isolation import unexpected_as_port_error

_log = logging.getLogger(__name__)

_MAX_REPEATED = 20  # commits to look up again because the forge may lag behind git
_LONGEST_LAG = timedelta(hours=4)  # after which only the newest direct push of a series is looked up again
_NO_BRANCH = "gitops-bot/no-such-branch"
_MAX_CARD_DIFF = 2_000  # characters stored with the record

_Result = TypeVar("_Result")


class BatchReview:
    """One review of the commits that reached a branch together, oldest first.

    An error in one commit delays only that commit. After several errors, or if the forge says when to retry, the rest
    waits for the next review. `people` maps logins, in lower case, to Slack user IDs. `rewritten_at` is when the
    branch's history was next rewritten, if it was. `unseen` are, after the review, new records of commits that turned
    out to have reached the branch, too, as `record` returns them: those between two commits.
    """

    def __init__(
        self,
        ports: Ports,
        name: str,
        settings: ApprovalsConfig,
        people: Mapping[str, str],
        limit: LookupLimit,
        batch: Sequence[ApprovalRecord],
        rewritten_at: datetime | None,
        record: Callable[[str, str], Sequence[ApprovalRecord]],
    ) -> None:
        self.unseen: dict[str, ApprovalRecord] = {}
        self._record = record
        self._ports = ports
        self._repository = ports.repositories[name]
        self._forge = ports.forges[name]
        self._settings = settings
        self._people = people
        self._limit = limit
        self._rewritten_at = rewritten_at
        self._now = ports.clock()
        self._records = {record.id: record for record in batch}  # updated with each result
        self._is_repeat = any(is_reviewed(record) for record in batch if record.verdict not in NOT_REVIEWED)
        self._failures = 0
        self._retry_at: datetime | None = None

    def review(self) -> list[ApprovalRecord]:
        """Review the commits that are due, last those that failed before. Returns all records, in the same order."""
        failed = {record.id for record in self._records.values() if record.why is not None}
        for ids in filter(None, (self._records.keys() - failed, failed)):
            self._find_pull_requests(ids)
            try:
                with unexpected_as_port_error(f"approvals in {self._repository.name}"):
                    self._judge(ids)
            except PortError as error:
                self._retry([record for record in self._newest_first() if record.id in ids], error)
        self._describe_rewrites()
        return [self._postponed(record) if self._is_due(record) else record for record in self._records.values()]

    def _newest_first(self) -> list[ApprovalRecord]:
        return [record for record in reversed(self._records.values()) if record.verdict not in NOT_REVIEWED]

    def _is_due(self, record: ApprovalRecord) -> bool:
        return is_due(record, self._now)

    # ------------------------------------------------------------ lookups

    @property
    def _is_over(self) -> bool:
        return self._retry_at is not None or self._failures >= MAX_FAILURES

    def _look_up(self, what: str, lookup: Callable[[], _Result]) -> _Result:
        """The result of a lookup at the forge. Raises PortError."""
        try:
            with unexpected_as_port_error(what):
                self._limit.spend(self._now, is_repeat=self._is_repeat)
                result = lookup()
        except PortError as error:
            self._failures += 1
            self._retry_at = getattr(error, "retry_at", None)
            raise
        self._failures = 0
        return result

    def _find_pull_requests(self, ids: Collection[str]) -> None:
        """Look up the pull request of each commit once, and of a few again, since a forge lags behind git."""
        records = [record for record in self._newest_first() if record.id in ids]
        due = sorted(filter(self._is_due, records), key=lambda record: record.look_at)
        new = [record for record in due if is_not_looked_up(record)]
        again = sorted(filter(self._may_lag, due), key=_is_direct_push)[:_MAX_REPEATED]
        for record in (*new, *again):
            self._find_pull_request(record)
        newer: ApprovalRecord | None = None
        for record in records:
            # The forge may lag for longer than that: look up the newest commit again, and the others only if that one
            # turns out to be from a pull request.
            if _is_direct_push(record) and record not in again and not (newer and _is_direct_push(newer)):
                self._find_pull_request(record)
            newer = self._records[record.id]

    def _may_lag(self, record: ApprovalRecord) -> bool:
        """Whether a commit was found to have no pull request, but so early that the forge may have lagged."""
        if record.verdict not in PENDING | {ApprovalStatus.DIRECT} or record.pull or record.asked_at is None:
            return False
        longest_lag = self._settings.grace if record.verdict in PENDING else _LONGEST_LAG
        return record.asked_at < min(self._now, record.seen_at + longest_lag)

    def _find_pull_request(self, record: ApprovalRecord) -> None:
        if self._is_over or not self._is_due(record):
            return
        try:
            with unexpected_as_port_error(f"parents of {record.id}"):
                parents = self._repository.commit(record.sha).parents
            find = partial(_pull_request, self._forge, record, parents)
            pull = self._look_up(f"pull request of {record.id}", find)
        except PortError as error:
            self._retry([record], error)
        else:
            merged = pull if is_merge_of(pull, record, self._rewritten_at) else None
            self._records[record.id] = replace(record, pull=merged, asked_at=self._now)

    def _describe_rewrites(self) -> None:
        """Read the diff of a new history rewrite, and look up who pushed it: for a while, since the forge may lag."""
        rewrites = [record for record in self._records.values() if record.verdict is ApprovalStatus.REWRITTEN]
        for record in filter(self._is_due, rewrites):
            if record.asked_at is None:
                with suppress(PortError), unexpected_as_port_error(f"diff of {record.id}"):
                    self._records[record.id] = self._with_diff(record)
            if record.pushed_by or self._is_over or self._now >= record.seen_at + _LONGEST_LAG:
                continue
            with suppress(PortError):
                pushed_by = self._look_up(f"pushes of {record.id}", partial(self._rewriter, record))
                self._records[record.id] = replace(self._records[record.id], pushed_by=pushed_by, asked_at=self._now)

    def _rewriter(self, record: ApprovalRecord) -> str | None:
        """The login that made a history rewrite; None if that is ambiguous or the forge doesn't say. Raises PortError.

        Of several pushes between the heads, only those count that removed commits.
        """
        of_head = self._ports.store.approvals.of_commits(record.repository, [record.sha])
        before = {other.id for other in of_head if other.verdict is record.verdict and other.parent == record.parent}
        if before != {record.id}:
            return None  # the forge may have reported only the other ones yet
        moves = find_moves(self._forge.pushes(self._repository.branch), record.parent or "", record.sha)
        logins = {push.by for move in moves for push in move if self._may_rewrite(push)}
        return logins.pop() if len(logins) == 1 else None

    def _may_rewrite(self, push: Push) -> bool:
        """Whether a push removed commits, or may have: those of the old head may no longer be available."""
        try:
            return not self._repository.is_ancestor(push.before, push.after)
        except RepositoryError:
            return True

    # ------------------------------------------------------------ verdicts

    def _judge(self, ids: Collection[str]) -> None:
        delivered, errors, too_large = with_rebased_commits(self._repository, self._newest_first()[::-1])
        unclear = {**incomplete(self._repository, delivered), **errors}
        for record, _ in delivered:
            if record.id in unclear and record.id in ids:
                self._retry([record], unclear[record.id])
        groups = [members for members in group_by_pull_request(delivered) if members[0][0].id not in unclear]
        self._judge_pushed(delivered, [members[0][0] for members in groups if members[0][1] is None], ids)
        for members in sorted(groups, key=lambda members: members[0][0].look_at):
            pull = members[0][1]
            if pull and not self._is_over and any(self._needs_verdict(record, ids) for record, _ in members):
                self._judge_merged(pull, [record for record, _ in members], is_too_large=pull.number in too_large)

    def _needs_verdict(self, record: ApprovalRecord, ids: Collection[str]) -> bool:
        is_final = record.verdict in {ApprovalStatus.APPROVED, ApprovalStatus.AUTOMATION}
        return record.id in ids and self._is_due(record) and not is_final

    def _judge_pushed(
        self, delivered: Sequence[Delivered], pushed: Sequence[ApprovalRecord], ids: Collection[str]
    ) -> None:
        """Judge the commits without a pull request."""
        new = [
            record
            for record in pushed
            if self._needs_verdict(record, ids) and not is_not_looked_up(record) and not _is_direct_push(record)
        ]
        if not new or self._is_over:
            return
        try:
            logins = self._look_up("pushes", lambda: find_pushers_of(self._forge, self._repository, delivered))
        except PortError as error:
            self._retry(new, error)
            return
        for record in new:
            try:
                with unexpected_as_port_error(f"changes of {record.id}"):
                    evidence = self._with_paths(record, Evidence((), pushed_by=logins.get(record.sha)))
            except PortError as error:
                self._retry([record], error)
            else:
                self._apply(record, evidence)

    def _judge_merged(self, pull: PullRequest, records: Sequence[ApprovalRecord], *, is_too_large: bool) -> None:
        """Judge the commits that a pull request merged. Merges it only if the verdict depends on the content.

        If `is_too_large`, which commits are from the pull request can't be computed, so neither can their content.
        """
        judged = [
            record
            for record in records
            if is_not_looked_up(record) or self._needs_verdict(record, self._records.keys())
        ]
        content: Mapping[str, ContentMatch] = {pull.head_sha: ContentMatch.TOO_LARGE} if is_too_large else {}
        try:
            with unexpected_as_port_error(f"pull request that ends with {records[-1].id}"):
                common, listed = self._evidence(pull)
                parent = self._parent(pull, records, listed)
                evidences = [self._with_paths(record, common) for record in judged]
                if not any(depends_on_content(evidence, self._settings.rules) for evidence in evidences):
                    content = {}
                    with suppress(PortError):  # a later approval needs the content; the branch may be deleted by then
                        self._repository.fetch_commit(pull.head_sha)
                elif not is_too_large:
                    content = content_matches(self._repository, parent, records[-1].sha, common)
        except PortError as error:
            self._retry(records, error)
            return
        for record, evidence in zip(judged, evidences, strict=True):
            self._apply(record, replace(evidence, content=content))

    def _parent(self, pull: PullRequest, records: Sequence[ApprovalRecord], listed: Collection[str]) -> str | None:
        """What the branch had before these commits. If the bot didn't see that, others reached it, too: record those.

        A rewrite is reported with all that it changed.
        """
        parent = records[0].parent
        if not listed or any(record.verdict is ApprovalStatus.REWRITTEN for record in self._records.values()):
            return parent
        batch = list(self._records.values())
        before = batch[: next(index for index, record in enumerate(batch) if record.id == records[0].id)]
        below = list(takewhile(lambda record: record.sha in listed, reversed(before)))[::-1]  # of a stack
        tip = unseen_tip(self._repository, pull, [*below, *records], listed)
        base = batch[0].parent
        if base is None or tip is None:
            return parent
        if not is_recorded(self._ports.store.approvals, tip, records[0]):
            shas = {record.sha for record in batch}
            self.unseen |= {record.id: record for record in self._record(base, tip) if record.sha not in shas}
        return tip

    def _with_paths(self, record: ApprovalRecord, evidence: Evidence) -> Evidence:
        return replace(evidence, paths=tuple(self._repository.changed_paths(record.parent, record.sha)))

    def _evidence(self, pull: PullRequest) -> tuple[Evidence, set[str]]:
        """What the forge and the store know about a pull request, and the SHAs of its commits. Raises PortError.

        There are none if nobody's approval can count, or if the forge doesn't list all of them.
        """
        what = f"pull request #{pull.number} in {self._repository.name}"
        approvals = tuple(self._look_up(what, lambda: self._forge.approvals(pull.number)))
        is_automated = any(allowed.is_account(pull.opened_by) for allowed in self._settings.rules.automation)
        tracked = tracked_pull_request(self._ports, self._repository.name, pull)
        read = partial(read_commits, self._repository, self._forge, pull)
        listed, contributions = self._look_up(what, read) if approvals or is_automated else ([], ())
        requester = tracked.by if tracked else ""
        evidence = Evidence((), pull, approvals, commits=contributions, requester=requester, people=self._people)
        return evidence, {commit.sha for commit in listed} if contributions is not None else set()

    def _apply(self, record: ApprovalRecord, evidence: Evidence) -> None:
        try:
            with unexpected_as_port_error(f"approval of {record.id}"):
                result = evaluate(evidence, self._settings.rules)
                self._records[record.id] = self._with_result(record, result, evidence)
        except PortError as error:
            self._retry([record], error)

    def _with_result(self, record: ApprovalRecord, result: ApprovalResult, evidence: Evidence) -> ApprovalRecord:
        pull = evidence.pull
        requester = requester_of(self._ports, record.repository, pull) if pull else ""
        record = replace(record, pushed_by=evidence.pushed_by, requester=requester)
        if result.verdict is ApprovalStatus.UNKNOWN and evidence.commits is None:
            raise ForgeError(LocalizedText(texts.WHICH_COMMITS))
        after = apply_result(record, result, pull, self._now, grace=self._settings.grace)
        if after.verdict is result.verdict and after.verdict in PENDING:
            is_unknown = after.verdict is ApprovalStatus.UNKNOWN
            after = replace(after, why=LocalizedText(texts.WHICH_HEAD if is_unknown else texts.TOO_LARGE_TO_VERIFY))
        return self._with_diff(after) if after.verdict in UNAPPROVED and not record.flagged_at else after

    def _with_diff(self, record: ApprovalRecord) -> ApprovalRecord:
        """The record of an unapproved commit with the start of its diff. Raises RepositoryError."""
        _log.warning("unapproved commit %s in %s: %s", record.sha, record.repository, record.verdict.value)
        diff, more = truncate_lines(changes(self._repository, record.parent, record.sha), _MAX_CARD_DIFF)
        return replace(record, diff=diff, more=more)

    # ------------------------------------------------------------ later

    def _retry(self, records: Iterable[ApprovalRecord], error: PortError) -> None:
        """Review those that are due again at the forge's time, or else later. An earlier verdict stays."""
        for record in records:
            current = self._records[record.id]
            if not self._is_due(current):
                continue
            _log.warning("cannot check the approval of %s: %s", record.id, error)
            if current.verdict in PENDING and not current.is_too_large:
                current = replace(current, why=error.text)
            if current.verdict is ApprovalStatus.UNKNOWN:
                failing_since = (current.failing_since or self._now) if self._is_available else None
                current = replace(current, failing_since=failing_since)
            if has_failed_for_long(current, self._now):
                current = failed_review(current, self._now)
                with suppress(PortError), unexpected_as_port_error(f"diff of {record.id}"):
                    current = self._with_diff(current)
            self._records[record.id] = replace(current, look_at=self._retry_at or next_check_at(current, self._now))

    @property
    def _is_available(self) -> bool:
        """Whether the forge answers other requests, so that a failure is about the commit or its pull request."""
        return self._retry_at is None and self._forge_responds

    @cached_property
    def _forge_responds(self) -> bool:
        try:
            with unexpected_as_port_error("another request"):
                self._limit.spend(self._now, is_repeat=self._is_repeat)
                self._forge.find_pull_request(_NO_BRANCH)
        except PortError:
            return False
        return True

    def _postponed(self, record: ApprovalRecord) -> ApprovalRecord:
        """A record that this review did not get to. Time when the forge is unavailable does not count as failing."""
        look_at = self._retry_at or next_check_at(record, self._now)
        if record.verdict is not ApprovalStatus.UNKNOWN:
            return replace(record, look_at=look_at)
        if record.why and not self._is_available:
            return replace(record, look_at=look_at, failing_since=None)
        return replace(record, look_at=self._retry_at or self._now + MIN_RECHECK)


def _pull_request(forge: Forge, record: ApprovalRecord, parents: Sequence[str]) -> PullRequest | None:
    return forge.pull_request_for(record.sha, record.branch, parents=parents)


def _is_direct_push(record: ApprovalRecord) -> bool:
    return record.verdict is ApprovalStatus.DIRECT and record.pull is None

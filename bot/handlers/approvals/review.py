"""Reviews each commit on a tracked branch: whether it came from a pull request that someone else approved."""

import logging
import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from functools import partial
from itertools import chain

from bot.config.sections.approvals import ApprovalsConfig
from bot.core.applications.application import Application
from bot.core.approvals.alert import ApprovalAlert, assign_alerts, collect_alerts
from bot.core.approvals.approval import (
    MAX_COMMITS,
    ApprovalRecord,
    ApprovalStatus,
    arrival_id,
    history_rewrite,
    too_many_commits,
)
from bot.core.approvals.schedule import is_due, is_reviewed, is_settled, without_forge
from bot.core.git.commit import Commit
from bot.core.git.commit_list import CommitList
from bot.core.git.patch import truncate_lines
from bot.core.git.people import ChangePeople
from bot.core.git.repository_ref import RepositoryRef
from bot.handlers.approvals.batch import BatchReview
from bot.handlers.approvals.diff import changes
from bot.handlers.approvals.limit import MAX_LOOKUPS, MAX_OTHER_LOOKUPS, LookupLimit
from bot.handlers.change_people import git_people
from bot.handlers.rendering.affected import affected_applications
from bot.handlers.rendering.manifest_cache import ManifestCache
from bot.handlers.tracked_branch import applications_on_branch
from bot.i18n.catalogue import approval as texts
from bot.i18n.language import LocalizedText, Translator
from bot.messages import approval as message
from bot.messages.desired_cards import approval_key
from bot.ports import Ports
from bot.ports.chat import ChatError
from bot.ports.errors import PortError
from bot.ports.git import Repository, RepositoryError, RevisionNotFoundError
from bot.ports.isolation import UnexpectedError, skip_unexpected, unexpected_as_port_error
from bot.ports.store import Posted

_log = logging.getLogger(__name__)

PASS_SECONDS = 300.0  # after which a pass starts no other batch
_MAX_FILE_DIFF = 200_000  # characters of an uploaded diff
_MAX_MOVED = 1_000  # commits to count that a rewrite removed, and that it added


class ApprovalReviewer:
    """Records the commits of each tracked branch, and reviews them with the forge. Thread-safe.

    `settings` are by repository. Alerts about commits that don't affect an application go to `channel`. `people` maps
    forge logins to Slack user IDs.
    """

    def __init__(
        self,
        ports: Ports,
        settings: Mapping[str, ApprovalsConfig],
        applications: Mapping[str, Application],
        manifest_cache: ManifestCache,
        channel: str,
        people: Mapping[str, str],
    ) -> None:
        self._ports = ports
        self._settings = settings
        self._applications = applications
        self._rendered = manifest_cache
        self._channel = channel
        self._people = {login.lower(): user for login, user in people.items()}
        self._limits: dict[tuple[str, bool], LookupLimit] = {}  # by repository, and whether for its configured branch
        self._reviewing = threading.Lock()

    def record_commits(self, name: str, recorded: str | None, head: str) -> bool:
        """Record a tracked branch's new commits for review. The first call only stores the head. Raises PortError.

        `name` is a `branch_key`, so that each branch is recorded once; `recorded` and the result are as for
        `record_merges`.
        """
        if head in (recorded, self._ports.store.approvals.head(name)):
            return True
        records: list[ApprovalRecord] = []
        if recorded is not None:
            repository = self._ports.repositories[name]
            try:
                repository.commit(head)
            except RevisionNotFoundError:  # it was fetched under another name of the repository
                repository.update_mirror()
                repository.fetch_commit(head)  # it may no longer be in a branch
            records = self._new_records(repository, recorded, head)
            settings = self._settings_of(name)
            if settings and settings.alert:  # a rewrite needs no review, which may wait for a forge
                records = assign_alerts(records)
        return self._ports.store.approvals.advance(name, recorded, head, records)

    def review(self) -> None:
        """Review the records that are due, first new ones. Those that fail are reviewed again later, after new ones."""
        if not self._reviewing.acquire(blocking=False):  # another pass is running, and the next one is soon
            return
        now, began = self._ports.clock(), time.monotonic()
        try:
            batches: dict[tuple[str, str], list[ApprovalRecord]] = {}
            rewrites: dict[str, list[datetime]] = {}
            for record in self._ports.store.approvals.unsettled():
                batches.setdefault((record.repository, record.batch), []).append(record)
                if record.verdict is ApprovalStatus.REWRITTEN:
                    rewrites.setdefault(record.repository, []).append(record.seen_at)
            due = [batch for batch in batches.values() if any(is_due(record, now) for record in batch)]
            for batch in sorted(due, key=partial(_urgency, now=now)):
                if time.monotonic() - began > PASS_SECONDS:  # the next pass starts with what is new by then
                    break
                name, seen_at = batch[0].repository, batch[0].seen_at
                settings = self._settings_of(name)
                if settings:
                    rewritten_at = min((at for at in rewrites.get(name, ()) if at > seen_at), default=None)
                    self._review_batch(name, settings, batch, now, rewritten_at)
        finally:
            self._reviewing.release()

    def share_diffs(self, translator_for: Callable[[str], Translator]) -> None:
        """Upload diffs that are too long for their cards to the threads, each once. Failed uploads are retried.

        If a thread moves to another channel, its diff is uploaded again.
        """
        for alert in collect_alerts(self._ports.store.approvals.unsettled()):
            if not message.is_long(alert) or not self._settings_of(alert.newest.repository):
                continue
            for channel in alert.channels:
                try:
                    with unexpected_as_port_error(f"diff of {alert.id}"):
                        self._share(alert, approval_key(alert, channel), translator_for(channel))
                except (RepositoryError, UnexpectedError) as error:
                    _log.warning("cannot share the diff of %s: %s", alert.id, error)

    def _share(self, alert: ApprovalAlert, key: str, translator: Translator) -> None:
        store, last = self._ports.store, alert.newest
        card = store.cards.get(key)
        shared = store.cards.get(f"{key}/diff")
        if card is None or not card.ts or (shared and shared.is_in_thread_of(card)):
            return
        repository = self._ports.repositories[last.repository]
        lines = chain.from_iterable(changes(repository, parent, sha) for parent, sha in alert.ranges)
        content, _ = truncate_lines(lines, _MAX_FILE_DIFF)
        name, title = message.file_name(alert), message.file_title(translator, alert)
        try:
            self._ports.chat.upload(card.channel, filename=name, title=title, content=content, thread=card.ts)
        except ChatError as error:
            _log.warning("cannot upload the diff of %s: %s", last.sha, error)
            return
        store.cards.save(f"{key}/diff", Posted(card.channel, card.ts, "", self._ports.clock()))

    def _settings_of(self, key: str) -> ApprovalsConfig | None:
        """The settings of a repository by its key, at any revision; None if it is no longer configured."""
        return self._settings.get(RepositoryRef.parse(key).name)

    # ------------------------------------------------------------ recording

    def _new_records(self, repository: Repository, recorded: str, head: str) -> list[ApprovalRecord]:
        with suppress(RepositoryError):
            repository.fetch_commit(recorded)  # a rewrite may have removed it from all branches
        try:
            rewritten = not repository.is_ancestor(recorded, head)
            steps = repository.mainline(recorded, head, limit=MAX_COMMITS + 1)[::-1]
        except RevisionNotFoundError:  # the recorded head no longer exists
            rewritten, steps = True, []
        now = self._ports.clock()
        applications = applications_on_branch(self._ports, self._applications.values(), repository.name)
        shas = [*(commit.sha for _, commit in steps), head]
        stored = {record.id for record in self._ports.store.approvals.of_commits(repository.name, shas)}
        record = partial(self._record, repository, applications, stored, now=now)
        records: list[ApprovalRecord] = []
        if len(steps) > MAX_COMMITS:
            records.append(too_many_commits(record(steps.pop(0)[1], parent=recorded, order=0)))
        records += [record(commit, parent=parent, order=order) for order, (parent, commit) in enumerate(steps, 1)]
        if rewritten:
            moved = record(repository.commit(head), parent=recorded, order=len(steps) + 1)
            records.append(history_rewrite(self._with_moved_commits(repository, moved), stored))
        return [replace(record, batch=records[-1].id) for record in records]

    def _record(
        self,
        repository: Repository,
        applications: Sequence[Application],
        stored: Collection[str],
        commit: Commit,
        *,
        parent: str | None,
        order: int,
        now: datetime,
    ) -> ApprovalRecord:
        affected = self._affected(repository, applications, parent, commit.sha)
        forge = self._ports.forges.get(repository.name)
        people = ChangePeople()
        with suppress(RepositoryError), skip_unexpected(f"authors of {commit.sha}"):
            people = git_people(repository, commit, parent)
        return ApprovalRecord(
            id=arrival_id(f"{repository.name}@{commit.sha}", stored),
            repository=repository.name,
            branch=repository.branch,
            sha=commit.sha,
            parent=parent,
            subject=commit.subject,
            author=commit.author,
            authors=people.authors,
            more_authors=people.more_authors,
            seen_at=now,
            batch="",
            order=order,
            look_at=now,
            url=forge.commit_url(commit.sha) if forge else None,
            applications=tuple(application.name for application in affected),
            channels=tuple(sorted({application.channel for application in affected})) or (self._channel,),
        )

    @staticmethod
    def _with_moved_commits(repository: Repository, record: ApprovalRecord) -> ApprovalRecord:
        """The record of a rewrite with the commits that it removed and added, or why they are unknown."""
        old, new = record.parent or "", record.sha
        with suppress(PortError), unexpected_as_port_error(f"commits that the rewrite to {new} moved"):
            removed, added = (
                CommitList.of(repository.first_parent(since, until, limit=_MAX_MOVED))
                for since, until in ((new, old), (old, new))
            )
            return replace(record, removed=removed, added=added)
        return replace(record, why=LocalizedText(texts.MOVED_UNKNOWN))

    def _affected(
        self, repository: Repository, applications: Sequence[Application], parent: str | None, sha: str
    ) -> Sequence[Application]:
        """The applications that a change affects; all of them if that is unknown, since it may affect any."""
        try:
            with unexpected_as_port_error(f"applications that {sha} affects"):
                return affected_applications(repository, parent, sha, applications, self._rendered)
        except PortError as error:
            _log.warning("cannot tell which applications %s affects: %s", sha, error)
            return applications

    # ------------------------------------------------------------ reviewing

    def _review_batch(
        self,
        name: str,
        settings: ApprovalsConfig,
        batch: Sequence[ApprovalRecord],
        now: datetime,
        rewritten_at: datetime | None,
    ) -> None:
        unseen: list[ApprovalRecord] = []
        if name in self._ports.forges:
            ref = RepositoryRef.parse(name)
            is_configured = ref.target_revision is None
            maximum = MAX_LOOKUPS if is_configured else MAX_OTHER_LOOKUPS
            limit = self._limits.setdefault((ref.name, is_configured), LookupLimit(maximum))
            record = partial(self._new_records, self._ports.repositories[name])
            review = BatchReview(self._ports, name, settings, self._people, limit, batch, rewritten_at, record)
            records = review.review()
            unseen += review.unseen.values()
        else:
            records = [without_forge(record, now) for record in batch]
        if settings.alert:
            records = assign_alerts(records)
        settled = {record.id for record in records if is_settled(record, now)}
        self._ports.store.approvals.save([*records, *unseen], settled=settled)


def _urgency(batch: Sequence[ApprovalRecord], now: datetime) -> tuple[bool, bool, datetime]:
    """Sorts new commits first, then those whose review failed or had to wait, then those that are checked again.

    Of each, those that have waited longest come first, so that slow reviews at every pass delay no others for good.
    """
    is_known = all(is_reviewed(record) or record.why is not None for record in batch)
    waiting_since = min(record.look_at for record in batch if is_due(record, now))
    return all(map(is_reviewed, batch)), is_known, waiting_since

"""Reviews each commit on a tracked branch: whether it came from a pull request that someone else approved."""

import logging
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from itertools import groupby, takewhile

from bot.config.sections.approvals import ApprovalsConfig
from bot.core.applications.application import Application
from bot.core.approvals.approval import (
    UNAPPROVED,
    ApprovalAlert,
    ApprovalRecord,
    ApprovalResult,
    ApprovalStatus,
    ContentMatch,
    Evidence,
    apply_result,
    assign_alerts,
    collect_alerts,
    evaluate,
    history_rewrite,
    is_due,
    is_settled,
    next_check_at,
)
from bot.core.git.commit import Commit, PullRequest
from bot.core.git.patch import FileChange, redacted_patch, truncate_lines
from bot.core.git.people import ChangePeople
from bot.core.git.push import find_pushers, reach
from bot.core.git.repository_ref import RepositoryRef
from bot.handlers.change_people import git_people, requester_of, tracked_pull_request
from bot.handlers.contributions import read_contributions
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
from bot.ports.forge import Forge, ForgeError
from bot.ports.git import Repository, RepositoryError, RevisionNotFoundError
from bot.ports.isolation import UnexpectedError, skip_unexpected, unexpected_as_port_error
from bot.ports.store import Posted

_log = logging.getLogger(__name__)

_MAX_COMMITS = 10_000  # to record at once, such as after a long downtime
_MAX_FILES = 200  # with a diff; more are only listed
_MAX_CARD_DIFF = 2_000  # characters stored with the record
_MAX_FILE_DIFF = 200_000  # characters of an uploaded diff
_MAX_REBASED = 250  # commits of one pull request

_Delivered = tuple[ApprovalRecord, PullRequest | None]  # a commit, and the pull request that merged it, if any


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
            repository.fetch_commit(head)  # it may have been fetched under another name of the repository
            records = self._new_records(repository, recorded, head)
        return self._ports.store.approvals.advance(name, recorded, head, records)

    def review(self) -> None:
        """Review the records that are due. If the forge does not respond, they are reviewed again later."""
        now = self._ports.clock()
        with self._reviewing:
            unsettled = sorted(
                self._ports.store.approvals.unsettled(), key=lambda record: (record.repository, record.batch)
            )
            for (name, _), members in groupby(unsettled, key=lambda record: (record.repository, record.batch)):
                batch = list(members)
                settings = self._settings_of(name)
                if settings and any(is_due(record, now) for record in batch):
                    self._review_batch(name, settings, batch, now)

    def share_diffs(self, translator_for: Callable[[str], Translator]) -> None:
        """Upload diffs that are too long for their cards to the threads, each once. Failed uploads are retried."""
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
        store, first, last = self._ports.store, alert.commits[0], alert.newest
        card = store.cards.get(key)
        if card is None or not card.ts or store.cards.get(f"{key}/diff"):
            return
        lines = changes(self._ports.repositories[last.repository], first.parent, last.sha)
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
        try:
            rewritten = not repository.is_ancestor(recorded, head)
            commits = repository.first_parent(recorded, head, limit=_MAX_COMMITS)[::-1]
        except RevisionNotFoundError:  # the recorded head no longer exists
            rewritten, commits = True, []
        now = self._ports.clock()
        applications = applications_on_branch(self._ports, self._applications.values(), repository.name)
        record = partial(self._record, repository, applications, batch=head, now=now)
        records = [record(commit, order=order) for order, commit in enumerate(commits)]
        if rewritten:
            last = records[-1] if records else record(repository.commit(head), order=0)
            records.append(history_rewrite(recorded, replace(last, order=len(records))))
        return records

    def _record(
        self,
        repository: Repository,
        applications: Sequence[Application],
        commit: Commit,
        *,
        batch: str,
        order: int,
        now: datetime,
    ) -> ApprovalRecord:
        parent = commit.parents[0] if commit.parents else None
        affected = self._affected(repository, applications, parent, commit.sha)
        forge = self._ports.forges.get(repository.name)
        people = ChangePeople()
        with skip_unexpected(f"authors of {commit.sha}"):
            people = git_people(repository, commit)
        return ApprovalRecord(
            id=f"{repository.name}@{commit.sha}",
            repository=repository.name,
            branch=repository.branch,
            sha=commit.sha,
            parent=parent,
            subject=commit.subject,
            author=commit.author,
            authors=people.authors,
            more_authors=people.more_authors,
            seen_at=now,
            batch=batch,
            order=order,
            look_at=now,
            url=forge.commit_url(commit.sha) if forge else None,
            applications=tuple(application.name for application in affected),
            channels=tuple(sorted({application.channel for application in affected})) or (self._channel,),
        )

    def _affected(
        self, repository: Repository, applications: Sequence[Application], parent: str | None, sha: str
    ) -> list[Application]:
        try:
            with unexpected_as_port_error(f"applications that {sha} affects"):
                return affected_applications(repository, parent, sha, applications, self._rendered)
        except PortError as error:
            _log.warning("cannot tell which applications %s affects: %s", sha, error)
            return []

    # ------------------------------------------------------------ reviewing

    def _review_batch(
        self, name: str, settings: ApprovalsConfig, batch: Sequence[ApprovalRecord], now: datetime
    ) -> None:
        if name not in self._ports.forges:
            records = [replace(record, why=LocalizedText(texts.NO_FORGE)) for record in batch]
            self._ports.store.approvals.save(records, settled={record.id for record in records})
            return
        due = [record for record in batch if is_due(record, now)]
        try:
            unjudged = [record for record in batch if record.verdict is not ApprovalStatus.REWRITTEN]
            with unexpected_as_port_error(f"approvals in {name}"):
                reviewed = self._evaluate(name, settings, unjudged, now)
        except (ForgeError, RepositoryError, UnexpectedError) as error:
            _log.warning("cannot check approvals in %s: %s", name, error)
            reviewed = {record.id: _retry_later(record, error, now) for record in due}
        members = [reviewed.get(record.id, replace(record, look_at=next_check_at(record, now))) for record in batch]
        if settings.alert:
            members = assign_alerts(members)
        settled = {record.id for record in members if is_settled(record, now)}
        self._ports.store.approvals.save(members, settled=settled)

    def _evaluate(
        self, name: str, settings: ApprovalsConfig, batch: Sequence[ApprovalRecord], now: datetime
    ) -> dict[str, ApprovalRecord]:
        repository, forge = self._ports.repositories[name], self._ports.forges[name]
        found: list[_Delivered] = []
        failed: dict[str, ApprovalRecord] = {}
        for record in batch:
            pull = None  # also if it fails, to keep its place among the commits of a pull request
            try:
                with unexpected_as_port_error(f"pull request of {record.id}"):
                    pull = _delivering_pull_request(forge, record)
            except UnexpectedError as error:
                failed[record.id] = _retry_later(record, error, now)
            found.append((record, pull))
        delivered = _with_rebased_commits(repository, found)
        pushed = _pushers(forge, repository, delivered)
        evaluated: dict[str, ApprovalRecord] = {}
        for members in _group_by_pull_request(delivered):
            pull = members[0][1]
            first, last = members[0][0], members[-1][0]
            try:
                with unexpected_as_port_error(f"pull request that ends with {last.id}"):
                    of_pull = self._evidence(repository, forge, settings, pull) if pull else Evidence(())
                    content = _content_matches(repository, first.parent, last.sha, of_pull)
            except UnexpectedError as error:
                failed |= {record.id: _retry_later(record, error, now) for record, _ in members}
                continue
            for record, _ in members:
                pushed_by = pushed.get(record.sha)
                try:
                    with unexpected_as_port_error(f"approval of {record.id}"):
                        paths = tuple(repository.changed_paths(record.parent, record.sha))
                        evidence = replace(of_pull, paths=paths, content=content, pushed_by=pushed_by)
                        result = evaluate(evidence, settings.rules)
                        evaluated[record.id] = self._with_result(
                            repository, record, result, evidence, now, settings.grace
                        )
                except UnexpectedError as error:
                    failed[record.id] = _retry_later(record, error, now)
        return evaluated | failed

    def _evidence(self, repository: Repository, forge: Forge, settings: ApprovalsConfig, pull: PullRequest) -> Evidence:
        """What the forge and the store know about a pull request. Raises ForgeError, RepositoryError and StoreError."""
        approvals = tuple(forge.approvals(pull.number))
        is_automated = any(allowed.is_account(pull.opened_by) for allowed in settings.rules.automation)
        tracked = tracked_pull_request(self._ports, repository.name, pull)
        return Evidence(
            (),
            pull,
            approvals,
            commits=read_contributions(repository, forge, pull) if approvals or is_automated else (),
            requester=tracked.by if tracked else "",
            people=self._people,
        )

    def _with_result(
        self,
        repository: Repository,
        record: ApprovalRecord,
        result: ApprovalResult,
        evidence: Evidence,
        now: datetime,
        grace: timedelta,
    ) -> ApprovalRecord:
        pull = evidence.pull
        requester = requester_of(self._ports, record.repository, pull) if pull else ""
        record = replace(record, pushed_by=evidence.pushed_by, requester=requester)
        after = apply_result(record, result, pull, now, grace=grace)
        if after.verdict is ApprovalStatus.UNKNOWN and result.verdict is ApprovalStatus.UNKNOWN:
            after = replace(
                after, why=LocalizedText(texts.WHICH_COMMITS if evidence.commits is None else texts.WHICH_HEAD)
            )
        if after.verdict in UNAPPROVED and not record.flagged_at:
            _log.warning("unapproved commit %s in %s: %s", after.sha, after.repository, after.verdict.value)
            diff, more = truncate_lines(changes(repository, after.parent, after.sha), _MAX_CARD_DIFF)
            after = replace(after, diff=diff, more=more)
        return after


def changes(repository: Repository, parent: str | None, sha: str) -> Iterator[str]:
    """The diff between two commits as lines, with credentials redacted. Raises RepositoryError."""
    paths = repository.changed_paths(parent, sha)
    read = paths[:_MAX_FILES]
    sides = [_contents(repository, revision, read) if revision else {} for revision in (parent, sha)]
    return redacted_patch(
        FileChange(path, sides[0].get(path), sides[1].get(path)) if path in read else FileChange(path, None, None)
        for path in paths
    )


def _contents(repository: Repository, revision: str, paths: Sequence[str]) -> dict[str, bytes]:
    read = repository.files_of(revision, paths)
    return {file.path: file.content for files in read for file in files or ()}


def _retry_later(record: ApprovalRecord, error: PortError, now: datetime) -> ApprovalRecord:
    """The record with the next review at the forge's time or else later. An earlier verdict stays."""
    at = getattr(error, "retry_at", None) or next_check_at(record, now)
    why = error.text if record.verdict is ApprovalStatus.UNKNOWN else None
    return replace(record, why=why, look_at=at)


def _delivering_pull_request(forge: Forge, record: ApprovalRecord) -> PullRequest | None:
    """The pull request that merged the commit into its branch; not an open one with it. Raises ForgeError."""
    if record.verdict is ApprovalStatus.APPROVED:
        return record.pull
    pull = forge.pull_request_for(record.sha, record.branch)
    return pull if pull and pull.state == "merged" else None


def _group_by_pull_request(delivered: Sequence[_Delivered]) -> Iterator[list[_Delivered]]:
    """Groups of consecutive commits of the same pull request; a commit without one is its own group."""
    for _, run in groupby(delivered, lambda commit: commit[1].number if commit[1] else commit[0].sha):
        yield list(run)


def _with_rebased_commits(repository: Repository, delivered: Sequence[_Delivered]) -> list[_Delivered]:
    """The commits (oldest first), with the pull request of rebased ones, which some forges report only for the last.

    Earlier commits without a pull request belong to it if merging the pull request gives the same content.
    """
    completed = list(delivered)
    for index, (record, pull) in enumerate(delivered):
        if pull is None or index == 0 or delivered[index - 1][1] is not None:
            continue
        last = next(_group_by_pull_request(delivered[index:]))[-1][0]
        if _content_match(repository, record.parent, last.sha, pull.head_sha) is not ContentMatch.DIFFERS:
            continue
        earlier = list(takewhile(lambda before: delivered[before][1] is None, range(index - 1, -1, -1)))
        for first in earlier[:_MAX_REBASED]:
            if _content_match(repository, delivered[first][0].parent, last.sha, pull.head_sha) is ContentMatch.SAME:
                completed[first:index] = [(member, pull) for member, _ in delivered[first:index]]
                break
    return completed


def _pushers(forge: Forge, repository: Repository, delivered: Sequence[_Delivered]) -> dict[str, str]:
    """Who pushed each commit (oldest first) and all that it merged, by sha, if it was one account.

    Only if a commit has no pull request. Raises ForgeError and RepositoryError.
    """
    pushes = [] if all(pull for _, pull in delivered) else forge.pushes(repository.branch)
    if not pushes:
        return {}
    records = [record for record, _ in delivered]
    commits = repository.commits(records[0].parent, records[-1].sha, limit=_MAX_COMMITS)
    parents = {commit.sha: commit.parents for commit in commits}
    known = find_pushers(parents, pushes).known
    reached: set[str] = set()
    pushers = {record.sha: {known.get(sha, "") for sha in reach(record.sha, parents, reached)} for record in records}
    return {sha: next(iter(logins)) for sha, logins in pushers.items() if len(logins) == 1 and "" not in logins}


def _content_matches(
    repository: Repository, parent: str | None, sha: str, evidence: Evidence
) -> dict[str, ContentMatch]:
    """Whether `parent`..`sha` has the content of merging each head: the last one, and those that others approved."""
    if evidence.pull is None:
        return {}
    heads = {evidence.pull.head_sha, *(approval.sha for approval in evidence.independent_approvals if approval.sha)}
    return {head: _content_match(repository, parent, sha, head) for head in heads}


def _content_match(repository: Repository, parent: str | None, sha: str, head: str) -> ContentMatch:
    if parent is None or not repository.fetch_commit(head):
        return ContentMatch.UNKNOWN
    merged = repository.merge(parent, head)
    same = not merged.conflicts and merged.tree == repository.tree_id(sha, "")
    return ContentMatch.SAME if same else ContentMatch.DIFFERS

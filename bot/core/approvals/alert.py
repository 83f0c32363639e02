"""Groups unapproved commits into alerts: one for each push and each pull request."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from bot.core.approvals.approval import UNAPPROVED, ApprovalRecord, ApprovalStatus
from bot.i18n.language import LocalizedText, Phrase


@dataclass(frozen=True, slots=True)
class ApprovalAlert:
    """Commits of one push or one pull request that were `reported` together, oldest first."""

    id: str
    reported: tuple[ApprovalRecord, ...]

    @property
    def commits(self) -> tuple[ApprovalRecord, ...]:
        """The reported commits without those that turned out to be approved; all of them if none is left."""
        return tuple(record for record in self.reported if record.verdict in UNAPPROVED) or self.reported

    @property
    def newest(self) -> ApprovalRecord:
        """The newest commit."""
        return self.commits[-1]

    @property
    def ranges(self) -> tuple[tuple[str | None, str], ...]:
        """Ranges of exactly these commits, as the parent of the first and the last one, oldest first."""
        ranges: list[tuple[str | None, str]] = []
        for record in self.commits:
            parent, last = ranges[-1] if ranges else (None, None)
            if last == record.parent and last is not None:
                ranges[-1] = parent, record.sha
            else:
                ranges.append((record.parent, record.sha))
        return tuple(ranges)

    @property
    def channels(self) -> tuple[str, ...]:
        """The Slack channels to post it in."""
        return tuple(sorted({channel for record in self.reported for channel in record.channels}))

    @property
    def applications(self) -> tuple[str, ...]:
        """The names of the applications that the commits change."""
        return tuple(dict.fromkeys(name for record in self.commits for name in record.applications))

    @property
    def approved_later_by(self) -> tuple[str, ...]:
        """The logins that approved the commits afterwards; empty while any commit is still unapproved."""
        if not all(record.approved_later for record in self.commits):
            return ()
        return tuple(dict.fromkeys(login for record in self.commits for login in _approved_later_by(record)))


def _approved_later_by(record: ApprovalRecord) -> Sequence[str]:
    if record.verdict is ApprovalStatus.AUTOMATION:
        return [record.pull.author if record.pull else record.pushed_by or ""]
    return record.later or record.approvers


def assign_alerts(records: Sequence[ApprovalRecord]) -> list[ApprovalRecord]:
    """Assign an alert to each newly unapproved commit of a batch. Returns all records, oldest first.

    Consecutive commits with the same verdict and pull request share one. If they can't be reviewed and their pull
    request isn't known, they share one if the reason is the same. Nothing joins an earlier alert, since editing its
    card notifies no one. Commits leave theirs if their verdict differs from its newest commit's, which its card states.
    """
    newest = {alert.id: alert.newest for alert in collect_alerts(records)}
    records = [
        replace(record, alert=None) if record.alert and _differs(record, newest[record.alert]) else record
        for record in records
    ]
    assigned: list[ApprovalRecord] = []
    for _, group in groupby(sorted(records, key=lambda record: record.order), _alert_key):
        run = list(group)
        if _is_unreported(run[-1]):
            alert = _alert_id(run[-1])
            run = [replace(record, alert=alert) for record in run]
        assigned += run
    return assigned


def _differs(record: ApprovalRecord, newest: ApprovalRecord) -> bool:
    """Whether an unapproved commit can't share an alert with `newest`. While reviews fail, any pull request can."""
    number, other = (each.pull.number if each.pull else None for each in (record, newest))
    is_same = record.verdict is newest.verdict and (record.verdict is ApprovalStatus.FAILED or number == other)
    return record.verdict in UNAPPROVED and not is_same


def _alert_key(record: ApprovalRecord) -> tuple[bool, ApprovalStatus, int | Phrase | str | None]:
    reason = record.why.phrase if isinstance(record.why, LocalizedText) else record.why
    if record.verdict is not ApprovalStatus.FAILED:
        reason = None
    return _is_unreported(record), record.verdict, record.pull.number if record.pull else reason


def _is_unreported(record: ApprovalRecord) -> bool:
    return record.verdict in UNAPPROVED and record.alert is None and not record.approved_later


def _alert_id(newest: ApprovalRecord) -> str:
    """The ID of the newest commit's record as `platform?SHA`, with the number of the arrival, if any.

    That of a history rewrite stays `platform!SHA`.
    """
    return newest.id.replace(f"{newest.repository}@", f"{newest.repository}?", 1)


def collect_alerts(records: Sequence[ApprovalRecord]) -> list[ApprovalAlert]:
    """The alerts that these records belong to, oldest first."""
    alerts: dict[str, list[ApprovalRecord]] = {}
    for record in sorted(records, key=lambda record: (record.seen_at, record.order)):
        if record.alert:
            alerts.setdefault(record.alert, []).append(record)
    return [ApprovalAlert(id_, tuple(commits)) for id_, commits in alerts.items()]

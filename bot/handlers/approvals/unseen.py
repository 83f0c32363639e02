"""Finds what a branch had before a pull request, if the bot never saw the branch there."""

from collections.abc import Collection, Sequence

from bot.core.approvals.approval import ApprovalRecord, ApprovalStatus
from bot.core.git.commit import PullRequest
from bot.i18n.catalogue import approval as texts
from bot.i18n.language import LocalizedText
from bot.ports.forge import ForgeError
from bot.ports.git import Repository
from bot.ports.store import Approvals

_MAX_COMMITS = 10_000  # of one pull request, with those of its target branch
_MAX_TIPS = 10


def unseen_tip(
    repository: Repository, pull: PullRequest, records: Sequence[ApprovalRecord], own: Collection[str]
) -> str | None:
    """The tip of the branch before these commits of a pull request, oldest first, if it isn't the first one's parent.

    If the branch was merged into the pull request and then set to the result, git can't tell which of the merge's
    parents the branch had. The forge can: `own` are the SHAs of the commits that it lists for the pull request, without
    those that were on the branch. Raises ForgeError if that leaves several possible tips, RepositoryError.
    """
    parent, last = records[0].parent, records[-1].sha
    if parent is None:
        return None
    commits = {commit.sha: commit for commit in repository.commits(parent, last, limit=_MAX_COMMITS)}
    if pull.head_sha not in commits and len(commits) < _MAX_COMMITS:
        return None  # squashed or rebased by the forge, onto the tip
    unseen = commits.keys() - own - {record.sha for record in records}
    tips = unseen.difference(*(commits[sha].parents for sha in unseen))
    if len(tips) <= _MAX_TIPS:  # those that the branch can't have had came with a merge, whose content is verified
        tips = {tip for tip in tips if repository.is_ancestor(parent, tip)}
    if len(tips) > 1 or len(commits) == _MAX_COMMITS:
        raise ForgeError(LocalizedText(texts.WHICH_COMMITS))
    return next(iter(tips), None)


def is_recorded(approvals: Approvals, sha: str, before: ApprovalRecord) -> bool:
    """Whether the arrival of a commit before a record is known: a rewrite since then may have removed the commit."""
    arrivals = approvals.of_commits(before.repository, [sha])
    return bool(arrivals) and not any(
        record.repository == before.repository
        and record.verdict is ApprovalStatus.REWRITTEN
        and record.seen_at <= before.seen_at
        for record in approvals.since(arrivals[-1].seen_at)
    )

"""Finds all commits of a rebased pull request, of which some forges report only the last."""

from collections.abc import Collection, Iterator, Sequence
from itertools import groupby, takewhile

from bot.core.approvals.approval import PENDING, ApprovalRecord, ContentMatch
from bot.core.git.commit import PullRequest
from bot.ports.git import Repository

_MAX_REBASED = 250  # commits of one pull request

Delivered = tuple[ApprovalRecord, PullRequest | None]  # a commit, and the pull request that merged it, if any


def group_by_pull_request(delivered: Sequence[Delivered]) -> Iterator[list[Delivered]]:
    """Groups of consecutive commits of the same pull request; a commit without one is its own group."""
    for _, run in groupby(delivered, lambda commit: commit[1].number if commit[1] else commit[0].sha):
        yield list(run)


def with_rebased_commits(repository: Repository, records: Sequence[ApprovalRecord]) -> list[Delivered]:
    """The commits (oldest first) with their pull requests, also of rebased ones that the forge doesn't report.

    Earlier commits without a pull request belong to it if merging the pull request gives the same content. Raises
    RepositoryError.
    """
    delivered = [(record, record.pull) for record in records]
    completed = list(delivered)
    for index, (_, pull) in enumerate(delivered):
        if pull is None or index == 0 or delivered[index - 1][1] is not None:
            continue
        group = next(group_by_pull_request(delivered[index:]))
        last = group[-1][0]
        if not _is_partial(repository, group):
            continue
        earlier = list(takewhile(lambda before: delivered[before][1] is None, range(index - 1, -1, -1)))
        for first in earlier[:_MAX_REBASED]:
            if content_match(repository, delivered[first][0].parent, last.sha, pull.head_sha) is ContentMatch.SAME:
                if _are_of(repository, pull, [member for member, _ in delivered[first:index]]):
                    completed[first:index] = [(member, pull) for member, _ in delivered[first:index]]
                break
    return completed


def _are_of(repository: Repository, pull: PullRequest, records: Sequence[ApprovalRecord]) -> bool:
    """Whether each of these commits, oldest first, has the content of merging a later commit of the pull request.

    Otherwise, they could hide a change that a later one undoes. Raises RepositoryError.
    """
    parent = records[0].parent
    if parent is None:
        return False
    commits = iter(repository.commits(parent, pull.head_sha, limit=_MAX_REBASED)[::-1])
    return all(
        any(content_match(repository, parent, record.sha, commit.sha) is ContentMatch.SAME for commit in commits)
        for record in records
    )


def incomplete(repository: Repository, delivered: Sequence[Delivered]) -> Collection[str]:
    """The IDs of commits that may belong to a pull request together with others whose lookup is still missing.

    Their content would seem to differ from the pull request's. Raises RepositoryError.
    """
    ids: set[str] = set()
    groups = list(group_by_pull_request(delivered))
    since_missing: list[Delivered] | None = None  # the commits after the last missing one, up to a pull request
    for index, group in enumerate(groups):
        if group[0][1] is None:
            if _is_missing(group):
                since_missing = []
            elif since_missing is not None:
                since_missing += group
            continue
        is_followed = index + 1 < len(groups) and _is_missing(groups[index + 1])
        if (since_missing is not None or is_followed) and _is_partial(repository, group):
            ids |= {record.id for record, _ in (*(since_missing or ()), *group)}
        since_missing = None
    return ids


def is_not_looked_up(record: ApprovalRecord) -> bool:
    """Whether the forge has not yet said which pull request a commit is from."""
    return record.verdict in PENDING and record.pull is None and record.asked_at is None


def _is_missing(group: Sequence[Delivered]) -> bool:
    """Whether the forge may still say which pull request a commit is from."""
    record, pull = group[0]
    return pull is None and is_not_looked_up(record)


def _is_partial(repository: Repository, group: Sequence[Delivered]) -> bool:
    """Whether the commits of a pull request don't have its content, such as when some of them are missing."""
    (first, pull), (last, _) = group[0], group[-1]
    match = content_match(repository, first.parent, last.sha, pull.head_sha) if pull else None
    return match is ContentMatch.DIFFERS


def content_match(repository: Repository, parent: str | None, sha: str, head: str) -> ContentMatch:
    """Whether `parent`..`sha` has the content of merging `head`. Raises RepositoryError."""
    if parent is None or not repository.fetch_commit(head):
        return ContentMatch.UNKNOWN
    tree = repository.tree_id(sha, "")
    # Some forges leave new files in a directory that was renamed on the branch meanwhile.
    merges = (repository.merge(parent, head, follow_directories=follow) for follow in (True, False))
    is_same = any(not merged.conflicts and merged.tree == tree for merged in merges)
    return ContentMatch.SAME if is_same else ContentMatch.DIFFERS

"""Finds all commits of a rebased pull request, of which some forges report only the last."""

from collections.abc import Iterator, Sequence
from itertools import groupby, takewhile

from bot.core.approvals.approval import PENDING, ApprovalRecord, ContentMatch
from bot.core.git.commit import PullRequest
from bot.handlers.approvals.content import ContentVerifier
from bot.handlers.merge_time import MergeTimeExceededError
from bot.i18n.catalogue import approval as texts
from bot.i18n.language import LocalizedText
from bot.ports.errors import PortError
from bot.ports.forge import ForgeError
from bot.ports.git import LimitExceededError, Repository
from bot.ports.isolation import unexpected_as_port_error

MAX_FAILURES = 3  # then the forge is probably down
_MAX_REBASED = 250  # commits of one pull request

Delivered = tuple[ApprovalRecord, PullRequest | None]  # a commit, and the pull request that merged it, if any


def group_by_pull_request(delivered: Sequence[Delivered]) -> Iterator[list[Delivered]]:
    """Groups of consecutive commits of the same pull request; a commit without one is its own group."""
    for _, run in groupby(delivered, lambda commit: commit[1].number if commit[1] else commit[0].sha):
        yield list(run)


def with_rebased_commits(
    repository: Repository, records: Sequence[ApprovalRecord]
) -> tuple[list[Delivered], dict[str, PortError], set[int]]:
    """The commits (oldest first) with their pull requests, also of rebased ones that the forge doesn't report.

    Earlier commits without a pull request belong to it if merging the pull request gives the same content. The second
    result is why that is unknown, by the IDs of the commits, the third the numbers of the pull requests for which
    merges are too large to compute that. Raises PortError after several errors.
    """
    delivered = [(record, record.pull) for record in records]
    completed = list(delivered)
    errors: dict[str, PortError] = {}
    too_large: set[int] = set()
    for index, (_, pull) in enumerate(delivered):
        if pull is None or index == 0 or delivered[index - 1][1] is not None:
            continue
        group = next(group_by_pull_request(delivered[index:]))
        earlier = [record for record, _ in takewhile(lambda commit: commit[1] is None, delivered[index - 1 :: -1])]
        earlier = earlier[:_MAX_REBASED]
        try:
            with unexpected_as_port_error(f"commits of pull request #{pull.number}"):
                rebased = _rebased(repository, pull, group, earlier)
        except (LimitExceededError, MergeTimeExceededError):
            too_large.add(pull.number)
        except PortError as error:
            _add_error(errors, error, [*earlier, *(record for record, _ in group)])
        else:
            completed[index - len(rebased) : index] = [(record, pull) for record in rebased]
    return completed, errors, too_large


def _rebased(
    repository: Repository, pull: PullRequest, group: Sequence[Delivered], earlier: Sequence[ApprovalRecord]
) -> list[ApprovalRecord]:
    """Those of the commits before the group, newest first, that belong to its pull request; oldest first.

    Raises RepositoryError, and LimitExceededError if a merge is too large.
    """
    if not _is_partial(repository, group):
        return []
    content = ContentVerifier(repository)
    last = group[-1][0]
    for count, first in enumerate(earlier, 1):
        if content.compare(first.parent, last.sha, pull.head_sha) is ContentMatch.SAME:
            rebased = list(earlier[:count])[::-1]
            return rebased if _are_of(repository, content, pull, rebased) else []
    return []


def _are_of(
    repository: Repository, content: ContentVerifier, pull: PullRequest, records: Sequence[ApprovalRecord]
) -> bool:
    """Whether each of these commits, oldest first, has the content of merging a later commit of the pull request.

    Otherwise, they could hide a change that a later one undoes. Raises RepositoryError.
    """
    parent = records[0].parent
    if parent is None:
        return False
    commits = iter(repository.commits(parent, pull.head_sha, limit=_MAX_REBASED)[::-1])
    return all(
        any(content.compare(parent, record.sha, commit.sha) is ContentMatch.SAME for commit in commits)
        for record in records
    )


def incomplete(repository: Repository, delivered: Sequence[Delivered]) -> dict[str, PortError]:
    """The IDs of commits that may belong to a pull request together with others whose lookup is still missing.

    Their content would seem to differ from the pull request's. The values are the errors to report for them. Raises
    PortError after several other errors.
    """
    errors: dict[str, PortError] = {}
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
        if since_missing is not None or is_followed:
            members = [record for record, _ in (*(since_missing or ()), *group)]
            try:
                with unexpected_as_port_error(f"commits that end with {members[-1].id}"):
                    if _is_partial(repository, group):
                        error = ForgeError(LocalizedText(texts.INCOMPLETE))
                        errors |= dict.fromkeys((record.id for record in members), error)
            except PortError as error:
                _add_error(errors, error, members)
        since_missing = None
    return errors


def _add_error(errors: dict[str, PortError], error: PortError, records: Sequence[ApprovalRecord]) -> None:
    """Delay only these commits. Raises the error if it is one of several, which are probably not about the commits."""
    errors |= dict.fromkeys((record.id for record in records), error)
    others = {id(other) for other in errors.values() if not isinstance(other, ForgeError)}
    if len(others) >= MAX_FAILURES:
        raise error


def is_not_looked_up(record: ApprovalRecord) -> bool:
    """Whether the forge has not yet said which pull request a commit is from."""
    return record.verdict in PENDING and record.pull is None and record.asked_at is None


def _is_missing(group: Sequence[Delivered]) -> bool:
    """Whether the forge may still say which pull request a commit is from."""
    record, pull = group[0]
    return pull is None and is_not_looked_up(record)


def _is_partial(repository: Repository, group: Sequence[Delivered]) -> bool:
    """Whether the commits of a pull request don't have its content, such as when some of them are missing.

    None are missing if the last one is a merge of its head. If merging it takes too long, none seem to be missing, so
    that the pull request can't delay others.
    """
    (first, pull), (last, _) = group[0], group[-1]
    if pull is None or pull.head_sha in repository.commit(last.sha).parents[1:]:
        return False
    return ContentVerifier(repository).match(first.parent, last.sha, pull.head_sha) is ContentMatch.DIFFERS

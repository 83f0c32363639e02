"""Whether commits have exactly the content of the pull request that merged them."""

from functools import partial

from bot.core.approvals.approval import ContentMatch, Evidence
from bot.handlers.merge_time import MergeTime
from bot.ports.git import LimitExceededError, Repository


class ContentVerifier:
    """Compares commits with the result of merging one pull request, in bounded time."""

    def __init__(self, repository: Repository) -> None:
        self._repository = repository
        self._merge_time = MergeTime()

    def match(self, parent: str | None, sha: str, head: str) -> ContentMatch:
        """Whether `parent`..`sha` has the content of merging `head`. Raises RepositoryError."""
        try:
            return self.compare(parent, sha, head)
        except LimitExceededError:
            return ContentMatch.TOO_LARGE

    def compare(self, parent: str | None, sha: str, head: str) -> ContentMatch:
        """The same. Raises LimitExceededError if the merge is too large."""
        if parent is None or not self._repository.fetch_commit(head):
            return ContentMatch.UNKNOWN
        merge = partial(self._repository.merge, parent, head)
        # Some forges leave new files in a directory that was renamed on the branch meanwhile.
        merges = (partial(merge, follow_directories=follow) for follow in (True, False))
        is_same = any(self._merge_time.produces(self._repository, sha, merge) for merge in merges)
        return ContentMatch.SAME if is_same else ContentMatch.DIFFERS


def content_matches(
    repository: Repository, parent: str | None, sha: str, evidence: Evidence
) -> dict[str, ContentMatch]:
    """Whether `parent`..`sha` has the content of merging each head: the last one, and those that others approved."""
    if evidence.pull is None:
        return {}
    approved = (approval.sha for approval in evidence.independent_approvals if approval.sha)
    heads = dict.fromkeys((evidence.pull.head_sha, *approved))  # the most important one first, as the time is bounded
    content = ContentVerifier(repository)
    return {head: content.match(parent, sha, head) for head in heads}

"""Forges: GitHub, GitLab and Bitbucket."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from bot.core.git.commit import Approval, PullRequest, PullRequestCommit
from bot.core.git.commit_check import CommitCheck
from bot.core.git.push import Push
from bot.i18n.language import Text
from bot.ports.errors import PortError


class ForgeError(PortError):
    """The forge failed: unreachable, not permitted or rate limited. `retry_at` is set if it said when to retry."""

    def __init__(self, text: Text, retry_at: datetime | None = None) -> None:
        super().__init__(text)
        self.retry_at = retry_at


class Forge(Protocol):
    """GitHub, GitLab or Bitbucket: the pull requests of one repository. Git does the rest."""

    def get_pull_request(self, number: int) -> PullRequest | None:
        """The pull request with this number, if any."""
        ...

    def pull_request_for(self, sha: str, base: str | None = None, *, parents: Sequence[str] = ()) -> PullRequest | None:
        """The pull request that merged this commit into its base, or else an open one that contains it, or None.

        With `base`, only pull requests into that branch count. `parents` are the commit's, first parent first: merging
        the top of a stack also merges those below, so the forge may report the same merge for all of them.
        """
        ...

    def pushes(self, branch: str) -> list[Push]:
        """The recent pushes to a branch, newest first; empty if the forge does not report them.

        Includes those that the forge reports without their branches: see Push.
        """
        ...

    def pull_request_pushes(self, pull: PullRequest) -> list[Push]:
        """The recent pushes to the branch of a pull request. See `pushes`."""
        ...

    def approvals(self, number: int) -> list[Approval]:
        """The approving reviews that were in force at the merge, or that came later.

        A "changes requested" by the same person withdraws theirs. Only GitHub reports approvals that were withdrawn
        after the merge. Bitbucket Data Center reports a change of the target branch only if it added commits.
        """
        ...

    def commits(self, pull: PullRequest) -> list[PullRequestCommit]:
        """The commits of a pull request, newest first. Its head is missing if the forge doesn't list all of them.

        `pushed_by` is for commits that none of `pull_request_pushes` contains: on Bitbucket, it is the author, unless
        the committer differs; on other forges, it is None.
        """
        ...

    def checks(self, sha: str) -> list[CommitCheck]:
        """The latest checks and statuses of a commit; none for an unknown commit. Of more than MAX_CHECKS, some."""
        ...

    def find_pull_request(self, head: str) -> PullRequest | None:
        """The newest pull request from this source branch, open ones first, if any."""
        ...

    def open_pull_requests(self, head_prefix: str = "") -> list[PullRequest]:
        """Open pull requests whose source branch begins with `head_prefix`, newest first, at most 100."""
        ...

    def create_pull_request(self, *, head: str, base: str, title: str, body: str) -> PullRequest:
        """Open a pull request, or return the open one for this head (a retried POST may have opened it)."""
        ...

    def commit_url(self, sha: str) -> str:
        """The commit's web page."""
        ...

    def source_url(self, sha: str, path: str, line: int | None = None) -> str:
        """The web page of a file in a commit, at a line; without a line, of a directory. "" is the root."""
        ...

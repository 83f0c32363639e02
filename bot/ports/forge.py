"""Forges: GitHub, GitLab and Bitbucket."""

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

from bot.core.git.commit import Approval, PullRequest
from bot.ports.errors import PortError


class ForgeError(PortError):
    """The forge did not do it: unreachable, not permitted, rate limited. `retry_at` when it said when to come back."""

    def __init__(self, message: str, retry_at: datetime | None = None) -> None:
        super().__init__(message)
        self.retry_at = retry_at


class Forge(Protocol):
    """GitHub, GitLab or Bitbucket: pull requests of one repository. Git itself does the rest."""

    def get_pull_request(self, number: int) -> PullRequest | None:
        """The pull request of that number; None when there is none."""
        ...

    def pull_request_for(self, sha: str, base: str | None = None) -> PullRequest | None:
        """The merged pull request that brought this commit to its base, else an open one that holds it, else None.

        With `base` only those into that branch count.
        """
        ...

    def pushers(self, branch: str) -> Mapping[str, str]:
        """Who moved a branch to which commit (sha to account), of late; empty where the forge does not tell."""
        ...

    def approvals(self, number: int) -> list[Approval]:
        """The approving reviews that stand (a later "changes requested" by the same person withdraws theirs)."""
        ...

    def find_pull_request(self, head: str) -> PullRequest | None:
        """The newest pull request from that source branch, open ones first; None when there is none."""
        ...

    def open_pull_requests(self, head_prefix: str = "") -> list[PullRequest]:
        """Open pull requests whose source branch begins with `head_prefix`, newest first, 100 at most."""
        ...

    def create_pull_request(self, *, head: str, base: str, title: str, body: str) -> PullRequest:
        """Open a pull request; when one is already open for that head, that one (a retried POST may have made it)."""
        ...

    def commit_url(self, sha: str) -> str:
        """Where people look at that commit."""
        ...

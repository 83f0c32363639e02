"""A pull request with its reviews and comments, and the changes of its target branch."""

from dataclasses import dataclass, field
from datetime import datetime

from bot.sandbox.forge.git import CommitFacts
from bot.sandbox.forge.merge import Method


@dataclass(frozen=True, slots=True)
class Review:
    """One review of a pull request at one head. `state` is APPROVED, CHANGES_REQUESTED, COMMENTED or DISMISSED."""

    id: int
    by: str
    state: str
    sha: str
    body: str
    at: datetime
    dismissed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Comment:
    """One comment in a pull request's conversation."""

    id: int
    by: str
    body: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Retarget:
    """A change of a pull request's target branch from `before` to `after`, with their tips and its own at the time.

    It is `automatic` if it was made because `before` was merged and deleted.
    """

    at: datetime
    by: str
    before: str
    after: str
    before_sha: str
    after_sha: str
    head_sha: str
    automatic: bool


@dataclass(slots=True)
class Pull:
    """One pull request. `landed` holds the commits that its merge added to `base`; `base_sha` is the compared base.

    `heads` holds the tips of its branch with the times they were first seen, oldest first. `commits` are those of its
    branch when it was merged, newest first.
    """

    number: int
    title: str
    body: str
    author: str
    head: str
    base: str
    head_sha: str
    base_sha: str
    created_at: datetime
    updated_at: datetime
    state: str = "open"  # or "closed", merged or not, as on GitHub
    closed_at: datetime | None = None
    merged_at: datetime | None = None
    merged_by: str | None = None
    merge_sha: str | None = None
    method: Method | None = None
    landed: frozenset[str] = frozenset()
    commits: list[CommitFacts] = field(default_factory=list)
    heads: list[tuple[str, datetime]] = field(default_factory=list)
    reviews: list[Review] = field(default_factory=list)
    comments: list[Comment] = field(default_factory=list)
    retargets: list[Retarget] = field(default_factory=list)

    @property
    def verdicts(self) -> dict[str, Review]:
        """Each reviewer's latest verdict; comments do not change it."""
        return {review.by: review for review in self.reviews if review.state != "COMMENTED"}

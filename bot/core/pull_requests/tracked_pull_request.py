"""A pull request that the bot opened to revert or adopt, and tracks until it is merged or closed."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, Literal

from bot.core.access.audit import Origin
from bot.core.changes.effect import Effect
from bot.core.drift.model import ObjectDrift
from bot.core.git.commit import PullRequest
from bot.core.git.commit_check import CommitChecks
from bot.core.git.people import BOT, ChangePeople
from bot.core.git.repository_ref import RepositoryRef
from bot.i18n.language import Text


@dataclass(frozen=True, slots=True)
class ProposedChange:
    """What merging a pull request does, for its reviewers.

    A revert has the `effects` on each application, and `notes` on what to know before merging; an adoption has the
    `drift` to adopt, and the `effects` on other applications that use the files.
    """

    files: tuple[str, ...] = ()
    notes: tuple[Text, ...] = ()
    effects: tuple[Effect, ...] = ()
    drift: tuple[ObjectDrift, ...] = ()


NOTHING_KNOWN: Final = ProposedChange()


def tracked_id(repository: str, number: int) -> str:
    """The id of a pull request. `repository` is the key of a RepositoryRef, at any revision: forges ignore it."""
    return f"{RepositoryRef.parse(repository).name}#{number}"


@dataclass(frozen=True, slots=True)
class TrackedPullRequest:
    """One pull request; `number`, `url`, `title`, `author` and `state` are as in PullRequest.

    - `repository` is the key of a RepositoryRef.
    - `by` is the Slack user who requested it, `requester` their name, `origin` where from, and `what` the change or
      application. `owners` are the users and user groups that own the applications.
    - `approved_by` and `merged_by` are logins; `approved_by` is None if the forge could not say.
    - `base` is the branch that it was opened to change, "" if unknown, and `retargeted_to` another one that it targets
      since someone changed that on the forge.
    - `parent` is the sha where the branch started, "" if unknown. An open pull request is `rewritten` if the tracked
      branch no longer contains it, so that merging would bring removed commits back.
    - `checks` are those of its newest commit; None until they have been read.
    - `purpose` is to revert a change or to adopt live values; an open adoption is `moot` if the cluster
      no longer has these values.
    """

    id: str
    repository: str
    number: int
    url: str
    title: str
    by: str
    what: str
    channels: tuple[str, ...]
    applications: tuple[str, ...]
    opened_at: datetime
    state: str = "open"
    merged_by: str | None = None
    ended_at: datetime | None = None
    purpose: Literal["revert", "adopt"] = "revert"
    moot: bool = False
    requester: str = ""
    origin: Origin = Origin.UNKNOWN
    owners: tuple[str, ...] = ()
    change: ProposedChange = NOTHING_KNOWN
    author: str = ""
    approved_by: tuple[str, ...] | None = ()
    checks: CommitChecks | None = None
    parent: str = ""
    rewritten: bool = False
    base: str = ""
    retargeted_to: str = ""

    @property
    def people(self) -> ChangePeople:
        """Who requested, approved and merged it."""
        return ChangePeople(
            tool=BOT,
            requester=self.requester or self.by,
            pull_author=self.author,
            approvers=self.approved_by,
            merger=self.merged_by or "",
        )


def refreshed(
    tracked: TrackedPullRequest, pull: PullRequest, approved_by: tuple[str, ...] | None, now: datetime
) -> TrackedPullRequest:
    """The tracked pull request with its current state and approvers on the forge."""
    retargeted_to = pull.base if tracked.base and pull.base != tracked.base else ""
    tracked = replace(tracked, approved_by=approved_by, author=pull.author, retargeted_to=retargeted_to)
    if pull.state == tracked.state:
        return tracked
    ended_at = None if pull.state == "open" else pull.merged_at or now
    return replace(tracked, state=pull.state, merged_by=pull.merged_by, ended_at=ended_at, title=pull.title)

"""A revert: the request, the commits it targets, and every outcome."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from shlex import quote

from bot.core.access.permission import Denied, MembersUnknown
from bot.core.changes.effect import Effect
from bot.core.git.commit import Commit, PullRequest
from bot.core.pull_requests.change_ref import ChangeRef
from bot.i18n.language import Text

# A revert of more files or applications than this requires confirmation.
MAX_FILES = 500
MAX_APPLICATIONS = 5
MAX_COMMITS = 500


@dataclass(frozen=True, slots=True)
class RevertRequest:
    """The `change` to revert. `who` (a person's name), `why` and `link` (to the request) appear in the pull request.

    The flags confirm what the bot asked about: `only` this commit although it came with others, a range
    `through_merges` along first parents, and a `large` change.
    """

    who: str
    change: ChangeRef
    application: str | None = None
    why: str = ""
    link: str | None = None
    only: bool = False
    through_merges: bool = False
    large: bool = False


@dataclass(frozen=True, slots=True)
class Target:
    """The commits to revert, newest first, and `base`, the full sha of the commit before them.

    A merge is one commit whose base is usually its first parent. `pull` is the pull request that brought exactly these
    commits, and `brought_by` the sha of the merge that brought these commits and others.
    """

    commits: tuple[Commit, ...]
    base: str
    pull: PullRequest | None = None
    brought_by: str | None = None

    @property
    def last(self) -> Commit:
        """The newest commit."""
        return self.commits[0]

    @property
    def merge(self) -> bool:
        """Whether it is one merge commit, which is reverted to `base`."""
        return len(self.commits) == 1 and len(self.last.parents) > 1

    @property
    def reapplies(self) -> bool:
        """Whether the target is itself a revert, so that reverting it reapplies the original change."""
        return undo_of(subject(self)).startswith("Reapply ")


# ---------------------------------------------------------------- outcomes: the audit log stores their names


@dataclass(frozen=True, slots=True)
class Opened:
    """The pull request is open. It changes `files`, which affect `applications` (names).

    `already_undone` are files of the target that someone has already restored. `automation` is the tool that wrote the
    target and may write it again. `effects` are what merging changes in each application.
    """

    pull: PullRequest
    target: Target
    files: tuple[str, ...]
    applications: tuple[str, ...]
    already_undone: tuple[str, ...] = ()
    automation: str | None = None
    effects: tuple[Effect, ...] = ()


@dataclass(frozen=True, slots=True)
class AlreadyOpen:
    """A pull request that reverts the target is already open."""

    pull: PullRequest


@dataclass(frozen=True, slots=True)
class AlreadyReverted:
    """Nothing of the target is left: the message of the commit `by` says that it reverts the target."""

    target: Target
    by: Commit


@dataclass(frozen=True, slots=True)
class NothingToUndo:
    """Nothing of the target is left to revert; `since` is the newest later commit that changed its files, if any."""

    target: Target
    since: Commit | None


@dataclass(frozen=True, slots=True)
class ConflictedFile:
    """A file git could not merge: `kind` in git's words, and the `later` commits that changed it, newest first."""

    path: str
    kind: str
    later: tuple[Commit, ...]


@dataclass(frozen=True, slots=True)
class Conflict:
    """Later changes conflict, so no branch was created; `commands` revert by hand.

    `edited` is an open pull request for this revert that someone changed, perhaps to resolve these conflicts.
    """

    target: Target
    files: tuple[ConflictedFile, ...]
    commands: tuple[str, ...]
    edited: PullRequest | None = None


@dataclass(frozen=True, slots=True)
class InsidePull:
    """The commit came with others, in `pull` or the merge commit `merge`: revert the `whole` change, or only this one.

    `only_possible` is False if the commit is not on the tracked branch by itself.
    """

    commit: Commit
    whole: ChangeRef
    pull: PullRequest | None
    merge: Commit | None
    only_possible: bool


@dataclass(frozen=True, slots=True)
class AcrossMerges:
    """The range `text` contains `merges`; its `commits` first-parent commits can be reverted as one."""

    text: str
    commits: int
    merges: tuple[Commit, ...]


@dataclass(frozen=True, slots=True)
class Confirm:
    """A large revert, which the person has to confirm; nothing was done.

    `unreadable` are those `applications` that it only may affect, since their files can't be read.
    """

    target: Target
    files: tuple[str, ...]
    applications: tuple[str, ...]
    unreadable: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NotFound:
    """There is no such commit or pull request; `reason` is one sentence."""

    reason: Text


@dataclass(frozen=True, slots=True)
class Ambiguous:
    """Several commits match; `candidates` are some of them."""

    reason: Text
    candidates: tuple[Commit, ...]


@dataclass(frozen=True, slots=True)
class AmbiguousRepository:
    """The change may be in any of `repositories` (keys of RepositoryRef)."""

    repositories: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NotOnBranch:
    """The change is not on `branch`; `pull`, if known, contains it. A history rewrite may have `removed` it."""

    commit: Commit | None
    pull: PullRequest | None
    branch: str
    removed: bool = False


@dataclass(frozen=True, slots=True)
class PullNotMerged:
    """The pull request is open, or was closed without a merge."""

    pull: PullRequest


@dataclass(frozen=True, slots=True)
class RootCommit:
    """The repository's first commit, which has no parent to go back to."""

    commit: Commit


@dataclass(frozen=True, slots=True)
class EmptyCommit:
    """The target changes no files."""

    target: Target


@dataclass(frozen=True, slots=True)
class Refused:
    """Nothing was done; `reason` says why and what to do. `retry_at` is set if the forge said when to try again."""

    reason: Text
    retry_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Unfinished:
    """The branch is pushed, but its pull request is not open; the same request again continues from there."""

    branch: str
    reason: Text
    retry_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class NotPermitted:
    """The person isn't allowed to revert changes to `applications`; if empty, to anything.

    `unreadable` are those `applications` that the change only may affect, since their files can't be read.
    """

    applications: tuple[str, ...]
    decision: Denied | MembersUnknown
    unreadable: tuple[str, ...] = ()


Outcome = (
    Opened
    | AlreadyOpen
    | AlreadyReverted
    | NothingToUndo
    | Conflict
    | InsidePull
    | AcrossMerges
    | Confirm
    | NotFound
    | Ambiguous
    | AmbiguousRepository
    | NotOnBranch
    | PullNotMerged
    | RootCommit
    | EmptyCommit
    | Refused
    | Unfinished
    | NotPermitted
)


# ---------------------------------------------------------------- branch, message and commands

_REVERTED = re.compile(r"This reverts commit ([0-9a-f]{40,64})\b")
_SHA = re.compile(r"(?<=-)[0-9a-f]{40,64}(?=-|$)")
# Tools that write to the tracked branch: (part of the author's name or e-mail address, the tool's name).
_AUTOMATION = (
    ("argocd-image-updater", "Argo CD Image Updater"),
    ("fluxcdbot", "Flux image automation"),
    ("flux-image-automation", "Flux image automation"),
    ("renovate", "Renovate"),
    ("dependabot", "Dependabot"),
    ("keel", "Keel"),
)


def branch_name(target: Target, attempt: int = 1) -> str:
    """The branch of this revert, the same for everyone, so that two requests share one pull request.

    It contains full SHAs, since commits with the same short SHA are easy to make.
    """
    ends = dict.fromkeys((target.commits[-1].sha, target.last.sha))
    suffix = "" if attempt == 1 else f"-{attempt}"
    return f"gitops-bot/revert-{'-'.join(ends)}{suffix}"


def reverted_on(branch: str) -> tuple[str, ...]:
    """The first and the last commit that the bot reverts on this branch; empty if it isn't a revert's branch."""
    return tuple(_SHA.findall(branch)) if branch.startswith("gitops-bot/revert-") else ()


def reverted_in(message: str) -> tuple[str, ...]:
    """The commits that a commit message says it reverts, in git's and the bot's wording."""
    return tuple(_REVERTED.findall(message))


def is_attempt(branch: str, target: Target) -> bool:
    """Whether `branch_name` returns this branch for any attempt at this target."""
    return re.fullmatch(f"{branch_name(target)}(-[1-9][0-9]?)?", branch, re.ASCII) is not None


def subject(target: Target) -> str:
    """The title of the change: the pull request's, or the commit's first line."""
    return target.pull.title if target.pull else target.last.subject


def undo_of(title: str) -> str:
    """The title of the revert of a change with this title, as `git revert` writes it.

    The revert of `Revert "x"` is `Reapply "x"`: https://git-scm.com/docs/git-revert#_description
    """
    original = title.removeprefix('Revert "')
    if original != title and not original.startswith('Revert "'):
        return f'Reapply "{original}'
    return f'Revert "{title}"'


def commit_message(target: Target, request: RevertRequest, reverts: str | None) -> str:
    """The commit message, starting as in git; `reverts` is the forge's reference to the target (`acme/web#7`)."""
    if len(target.commits) == 1 or target.pull:
        title = undo_of(target.last.subject if len(target.commits) == 1 else subject(target))
    else:
        title = f'Revert {len(target.commits)} commits up to "{target.last.subject}"'
    paragraphs = ["\n".join(_reverts(target, commit) for commit in target.commits)]
    if reverts:
        paragraphs.append(f"Reverts {reverts}")
    why = f": {one_line(request.why)}" if request.why.strip() else "."
    paragraphs.append(f"Requested in Slack by {one_line(request.who)}{why}")
    if request.link:
        paragraphs.append(request.link)
    return "\n\n".join((title, *paragraphs)) + "\n"


def _reverts(target: Target, commit: Commit) -> str:
    """`git revert`'s sentence about a commit: https://git-scm.com/docs/git-revert."""
    if len(commit.parents) > 1:
        before = target.base if target.merge else commit.parents[0]
        return f"This reverts commit {commit.sha}, reversing\nchanges made to {before}."
    return f"This reverts commit {commit.sha}."


def one_line(text: str) -> str:
    """A person's text on one line, without @mentions that the forge would act on."""
    printable = "".join(
        character if character.isprintable() else " "  # git refuses NUL
        for character in text.replace("@", "")
    )
    return " ".join(printable.split())[:300]


def reverted_by(target: Target, later: Iterable[Commit]) -> Commit | None:
    """The first of the `later` commits whose message says that it reverts all commits of the target."""
    shas = {commit.sha for commit in target.commits}
    return next((commit for commit in later if shas <= set(reverted_in(commit.message))), None)


def automation(target: Target) -> str | None:
    """The tool that wrote the newest commit of the target and may write it again; None for a person's commit."""
    author = f"{target.last.author} {target.last.email}".lower()
    return next((name for part, name in _AUTOMATION if part in author), None)


def by_hand(target: Target, branch: str) -> tuple[str, ...]:
    """The commands to run in a clone of the repository to revert by hand."""
    local = branch_name(target).removeprefix("gitops-bot/")
    if len(target.commits) == 1 and target.base in target.last.parents:
        mainline = f"-m {target.last.parents.index(target.base) + 1} " if target.merge else ""
        undo = f"git revert {mainline}{target.last.sha}"
    else:  # one commit for all of them
        several = "" if len(target.commits) == 1 else f"{len(target.commits)} "
        title = f"{several}commits up to {target.last.short_sha}"
        undo = f'git revert $(git commit-tree -p {target.base} -m "{title}" "{target.last.sha}^{{tree}}")'
    return (
        "git fetch origin",
        f"git switch -c {local} {quote(f'origin/{branch}')}",
        undo,
        f"git push -u origin {local}",
    )

"""Undoing a change that reached the tracked branch: what was asked, what it means, and every way it can end."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from bot.core.access.permission import CouldNotAsk, Denied
from bot.core.changes.effect import Effect
from bot.core.git.commit import Commit, PullRequest

MAX_FILES = 500  # more than these are asked about first
MAX_APPLICATIONS = 5
MAX_COMMITS = 500


@dataclass(frozen=True, slots=True)
class RevertRequest:
    """`text` is the revision as typed; `who` a person's name, `link` where it was asked: both for the pull request.

    The rest is what people answer when asked back: `only` this commit though it came with others, `through_merges` of
    a range along the first parents, `large` as it is.
    """

    who: str
    text: str
    application: str | None = None
    why: str = ""
    link: str | None = None
    only: bool = False
    through_merges: bool = False
    large: bool = False


@dataclass(frozen=True, slots=True)
class Target:
    """What is to be undone: `commits` newest first, and `base`, the full sha of what stood before them.

    A merge is one commit whose base is its first parent. `pull` is the pull request that brought exactly these.
    """

    commits: tuple[Commit, ...]
    base: str
    pull: PullRequest | None = None

    @property
    def last(self) -> Commit:
        """The newest of the commits."""
        return self.commits[0]

    @property
    def merge(self) -> bool:
        """Whether it is one merge, undone against its first parent."""
        return len(self.commits) == 1 and len(self.last.parents) > 1

    @property
    def reapplies(self) -> bool:
        """Whether what is undone was itself a revert, so that the change before it comes back."""
        return undo_of(subject(self)).startswith("Reapply ")


# ---------------------------------------------------------------- how it can end


@dataclass(frozen=True, slots=True)
class Opened:
    """A pull request is open. `files` it changes and `applications` (names) that are made of some of them.

    `already_undone` are files of the target that somebody has put back before; `automation` is the tool that wrote the
    target and may write it again; `effects` is what merging it changes in each application.
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
    """There is an open pull request for it."""

    pull: PullRequest


@dataclass(frozen=True, slots=True)
class AlreadyReverted:
    """Nothing is left of it: `by` says in its message that it reverted it."""

    target: Target
    by: Commit


@dataclass(frozen=True, slots=True)
class NothingToUndo:
    """Nothing is left of it; `since` is the newest later commit that touched its files, if any did."""

    target: Target
    since: Commit | None


@dataclass(frozen=True, slots=True)
class ConflictedFile:
    """One file git could not merge: `kind` in git's words, `later` the commits that touched it since, newest first."""

    path: str
    kind: str
    later: tuple[Commit, ...]


@dataclass(frozen=True, slots=True)
class Conflict:
    """Later changes stand in the way and no branch was made; `commands` do it by hand."""

    target: Target
    files: tuple[ConflictedFile, ...]
    commands: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class InsidePull:
    """The commit came with others, in `pull` or the merge `merge`: undo the `whole` (a revision to type), or only it.

    `only_possible` is False when it is not by itself on the tracked branch.
    """

    commit: Commit
    whole: str
    pull: PullRequest | None
    merge: Commit | None
    only_possible: bool


@dataclass(frozen=True, slots=True)
class AcrossMerges:
    """A range that holds `merges`: `commits` of them along the first parents can be undone as one."""

    text: str
    commits: int
    merges: tuple[Commit, ...]


@dataclass(frozen=True, slots=True)
class Confirm:
    """A large revert, not begun: ask first."""

    target: Target
    files: tuple[str, ...]
    applications: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NotFound:
    """Nothing of that name; one sentence."""

    reason: str


@dataclass(frozen=True, slots=True)
class Ambiguous:
    """Several commits begin like that, some of them in `candidates`."""

    reason: str
    candidates: tuple[Commit, ...]


@dataclass(frozen=True, slots=True)
class NotOnBranch:
    """It never reached `branch`; `pull`, when known, is where it is."""

    commit: Commit | None
    pull: PullRequest | None
    branch: str


@dataclass(frozen=True, slots=True)
class PullNotMerged:
    """The pull request is open or was closed without a merge."""

    pull: PullRequest


@dataclass(frozen=True, slots=True)
class RootCommit:
    """The first commit of the repository: without it there would be nothing."""

    commit: Commit


@dataclass(frozen=True, slots=True)
class EmptyCommit:
    """It changes no files."""

    target: Target


@dataclass(frozen=True, slots=True)
class Refused:
    """Not done; one sentence says why and what to do. `retry_at` when the forge said when to come back."""

    reason: str
    retry_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Unfinished:
    """The branch is pushed, the pull request is not open; asking again goes on from there."""

    branch: str
    reason: str
    retry_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class NotPermitted:
    """Who asked may not have this change undone: it touches `applications`, and `verdict` says what is missing."""

    applications: tuple[str, ...]
    verdict: Denied | CouldNotAsk


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
    | NotOnBranch
    | PullNotMerged
    | RootCommit
    | EmptyCommit
    | Refused
    | Unfinished
)


# ---------------------------------------------------------------- what it means

_REVERTED = re.compile(r"This reverts commit ([0-9a-f]{40,64})\b")
# Tools that write to the tracked branch by themselves: (found in author or e-mail, what people call it).
_AUTOMATION = (
    ("argocd-image-updater", "Argo CD Image Updater"),
    ("fluxcdbot", "Flux image automation"),
    ("flux-image-automation", "Flux image automation"),
    ("renovate", "Renovate"),
    ("dependabot", "Dependabot"),
    ("keel", "Keel"),
)


def branch_name(target: Target, attempt: int = 1) -> str:
    """The branch that holds this revert: the same for everybody who asks, so that two who do meet on it."""
    ends = dict.fromkeys((target.commits[-1].sha[:12], target.last.sha[:12]))
    suffix = "" if attempt == 1 else f"-{attempt}"
    return f"gitops-bot/revert-{'-'.join(ends)}{suffix}"


def is_attempt(branch: str, target: Target) -> bool:
    """Whether a branch is one of those `branch_name` gives for this target."""
    return re.fullmatch(f"{branch_name(target)}(-[1-9][0-9]?)?", branch, re.ASCII) is not None


def subject(target: Target) -> str:
    """What the change was called: the pull request's title, or the commit's first line."""
    return target.pull.title if target.pull else target.last.subject


def undo_of(title: str) -> str:
    """The title of a change that undoes one of that title, as `git revert` forms it.

    The revert of `Revert "x"` is `Reapply "x"`: https://git-scm.com/docs/git-revert#_description
    """
    original = title.removeprefix('Revert "')
    if original != title and not original.startswith('Revert "'):
        return f'Reapply "{original}'
    return f'Revert "{title}"'


def commit_message(target: Target, request: RevertRequest, reverts: str | None) -> str:
    """The revert's message, git's own form first; `reverts` is how the forge names the pull request (`acme/web#7`)."""
    if len(target.commits) == 1 or target.pull:
        title = undo_of(target.last.subject if len(target.commits) == 1 else subject(target))
    else:
        title = f'Revert {len(target.commits)} commits up to "{target.last.subject}"'
    if target.merge:
        told = [f"This reverts commit {target.last.sha}, reversing\nchanges made to {target.base}."]
    else:
        told = ["\n".join(f"This reverts commit {commit.sha}." for commit in target.commits)]
    if reverts:
        told.append(f"Reverts {reverts}")
    why = f": {one_line(request.why)}" if request.why.strip() else "."
    told.append(f"Requested in Slack by {one_line(request.who)}{why}")
    if request.link:
        told.append(request.link)
    return "\n\n".join((title, *told)) + "\n"


def one_line(text: str) -> str:
    """Text that people gave, on one line, and mentioning nobody on the forge."""
    shown = "".join(each if each.isprintable() else " " for each in text.replace("@", ""))  # git takes no NUL
    return " ".join(shown.split())[:300]


def reverted_by(target: Target, later: Iterable[Commit]) -> Commit | None:
    """The first of `later` whose message says that it reverts every commit of the target."""
    shas = {commit.sha for commit in target.commits}
    return next((commit for commit in later if shas <= set(_REVERTED.findall(commit.message))), None)


def automation(target: Target) -> str | None:
    """The tool that wrote the newest commit of the target, when it is one that may write it again."""
    author = f"{target.last.author} {target.last.email}".lower()
    return next((name for sign, name in _AUTOMATION if sign in author), None)


def by_hand(target: Target, branch: str) -> tuple[str, ...]:
    """The commands by which a person makes this revert, in a clone of the repository."""
    own = branch_name(target).removeprefix("gitops-bot/")
    undo: tuple[str, ...]
    if target.merge:
        undo = (f"git revert -m 1 {target.last.sha}",)
    elif len(target.commits) == 1:
        undo = (f"git revert {target.last.sha}",)
    elif any(len(commit.parents) > 1 for commit in target.commits):
        undo = (f"git diff --binary {target.last.sha} {target.base} | git apply --3way", "git commit")
    else:
        undo = (f"git revert {target.base}..{target.last.sha}",)
    return ("git fetch origin", f"git switch -c {own} origin/{branch}", *undo, f"git push -u origin {own}")

"""Compares the bot's reverts with `git revert` in a fresh clone, on one generated history."""

import os
import random
import re
import shutil
import subprocess
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.adapters.git.repository import GitRepository
from bot.core.access.permission import Granted
from bot.core.git.commit import PullRequest
from bot.core.pull_requests.change_ref import ChangeRef, PullNumber, Range, Sha
from bot.core.pull_requests.revert import (
    AlreadyReverted,
    Conflict,
    EmptyCommit,
    InsidePull,
    NothingToUndo,
    Opened,
    Outcome,
    RevertRequest,
    RootCommit,
)
from bot.handlers.mainline import Mainline
from bot.handlers.pull_requests.revert import revert
from bot.handlers.rendering.manifest_cache import ManifestCache
from tests.common.forge import WEB_URL, InMemoryForge
from tests.common.git import SourceRepository
from tests.common.samples import RecordedParents
from tests.comparison.history import History, MadeCommit, generate

_REQUESTS = 8  # of each history
_PARENT_LABEL = re.compile(r"~parent of [0-9a-f]+ \(.*\)")  # the length of the sha differs from clone to clone
_NUMBER = re.compile(r"(~HEAD|~parent)_\d+$")  # which git adds if a file has that name already
# The only conflict of which git lists no unmerged path.
_SPLIT = re.compile(rb"^CONFLICT \(directory rename split\): Unclear where to rename (.+) to; it was", re.MULTILINE)
_REAPPLY = re.compile(r'Revert "Revert "(?!Revert ")(.*)"')  # before git 2.43


@dataclass(frozen=True)
class Case:
    """One request: the `change`, what it is to people, and the commits that it undoes, newest first."""

    change: ChangeRef
    kind: str
    commits: tuple[str, ...]
    base: str | None
    is_merge: bool


@dataclass(frozen=True)
class Answer:
    """What came of a revert: `result` is "reverted", "conflict", "nothing", or what was said."""

    result: str
    tree: str = ""
    message: str = ""
    paths: frozenset[str] = frozenset()  # in conflict
    kinds: frozenset[str] = frozenset()  # of conflicts
    later: frozenset[tuple[str, str]] = frozenset()  # paths in conflict with each commit that changed them later


@dataclass(frozen=True)
class Row:
    """One request of one history, and how the bot's answer and git's compare."""

    seed: int
    case: Case
    bot: Answer
    git: Answer
    one_by_one: Answer | None = None  # for several commits: git's answer when it reverts each of them

    @property
    def verdict(self) -> str:
        """How they compare, for the table."""
        bot, git = self.bot, self.git
        if bot.result != git.result:
            return f"bot: {bot.result}; git: {git.result}"
        if bot.result == "reverted" and bot.tree != git.tree:
            return "different trees"
        if bot.result == "reverted" and not bot.message.startswith(git.message):
            return "different messages"
        if bot.result == "conflict":
            if bot.paths != git.paths:
                return "conflict: different paths"
            if not bot.kinds <= git.kinds:  # git has more of them, which concern no file in conflict
                return "conflict: different kinds"
            if bot.later != git.later:
                return "conflict: different later commits"
        return f"agree: {bot.result}"

    @property
    def is_explained(self) -> bool:
        """Whether they agree, or differ as docs/reverts.md says."""
        return self.verdict.startswith("agree") or self.bot.result in _REFUSED or self.git.result == _DIRTY


# What the bot does not do, whatever git does; and what git does not do, whatever the bot does: see docs/reverts.md.
_REFUSED = ("refuses the first commit", "asks for the whole merge")
_NOTHING = (b"nothing to commit", b"nothing added", b"no changes added")
_DIRTY = "the clone is dirty"


def compare(seed: int, folder: Path) -> list[Row]:
    """The rows of the history of this seed. `folder` is removed afterwards."""
    history = generate(seed)
    try:
        comparison = _Comparison(history, folder)
        return [comparison.row(case) for case in comparison.cases()]
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class _Comparison:
    def __init__(self, history: History, folder: Path) -> None:
        self.history, self.folder = history, folder
        self.source = SourceRepository(folder / "source")
        history.import_into(self.source)
        self.head = history.sha(history.main[-1])
        self.forge = InMemoryForge(self.source)
        self.repository = GitRepository("platform", self.source.url, "main", folder / "mirrors")
        self.pulls = dict(enumerate(history.pulls, 1))
        self._forget()

    def cases(self) -> list[Case]:
        """A sample of what people can ask for in this history."""
        dice, cases = random.Random(self.history.seed), list(self._cases())  # noqa: S311  a sample to repeat
        several = [case for case in cases if len(case.commits) > 1]
        single = [case for case in cases if len(case.commits) == 1]
        some = dice.sample(several, min(2, len(several)))
        return some + dice.sample(single, min(_REQUESTS - len(some), len(single)))

    def row(self, case: Case) -> Row:
        one_by_one = self._git(case, one_by_one=True) if len(case.commits) > 1 else None
        return Row(self.history.seed, case, self._bot(case), self._git(case), one_by_one)

    def _cases(self) -> Iterator[Case]:
        history, main = self.history, self.history.main
        for index, commit in enumerate(main):
            base = history.sha(main[index - 1]) if index else None
            is_merge = len(commit.parents) > 1
            kind = "a merge" if is_merge else "a commit"
            yield Case(Sha(history.sha(commit)), kind, (history.sha(commit),), base, is_merge)
        for commit in history.inner:
            is_merge = len(commit.parents) > 1
            base = history.shas[commit.parents[0]]
            kind = "a merge inside a merge" if is_merge else "a commit inside a merge"
            yield Case(Sha(history.sha(commit)), kind, (history.sha(commit),), base, is_merge)
        for number, pull in self.pulls.items():
            merged = [history.sha(commit) for commit in reversed(pull.merged)]
            base = history.shas[pull.merged[0].parents[0]]
            kind = f"a pull request, by {pull.method}"
            yield Case(PullNumber(number), kind, tuple(merged), base, is_merge=pull.method == "merge")
        for first in range(len(main) - 2):
            for last in range(first + 2, min(first + 6, len(main))):
                yield self._range(main[first], main[first + 1 : last + 1])

    def _range(self, base: MadeCommit, commits: Sequence[MadeCommit]) -> Case:
        shas = [self.history.sha(commit) for commit in reversed(commits)]
        has_merge = any(len(commit.parents) > 1 for commit in commits)
        kind = "a range across merges" if has_merge else "a linear range"
        since = self.history.sha(base)
        return Case(Range(since, shas[0]), kind, tuple(shas), since, is_merge=False)

    # ------------------------------------------------------------ the bot

    def _forget(self) -> None:
        """Remove what the bot opened: the next request begins without it."""
        for pull in self.forge.pull_requests.values():
            if pull.state == "open":
                self.source.git("branch", "-q", "-D", pull.head)
        self.forge.pull_requests = {
            number: PullRequest(
                *(number, f"Pull {number}", f"{WEB_URL}/pull/{number}", "ana", "merged", "main", "side"),
                head_sha=self.history.sha(pull.commits[-1]),
                merge_sha=self.history.sha(pull.merged[-1]),
            )
            for number, pull in self.pulls.items()
        }
        self.forge.numbers = {
            self.history.sha(commit): number for number, pull in self.pulls.items() for commit in pull.merged
        }

    def _bot(self, case: Case) -> Answer:
        request = RevertRequest("Ana", case.change, only=True, through_merges=True, large=True)
        outcome = revert(
            request,
            repository=self.repository,
            forge=self.forge,
            applications=[],
            permit=lambda _: Granted(),
            mainline=Mainline(self.repository, RecordedParents(), "press"),
            manifest_cache=ManifestCache(),
        )
        answer = self._answer(outcome)
        self._forget()
        return answer

    def _answer(self, outcome: Outcome) -> Answer:
        match outcome:
            case Opened(pull):
                tree, parents, message = self._read(pull.head)
                return Answer("reverted" if parents == [self.head] else f"on {parents}", tree, message)
            case Conflict(_, files):
                later = {(_text(file.path), commit.sha) for file in files for commit in file.later}
                kinds = {kind for file in files for kind in file.kind.split(", ")}
                paths = frozenset(_text(file.path) for file in files)
                return Answer("conflict", "", "", paths, frozenset(kinds), frozenset(later))
            case AlreadyReverted() | NothingToUndo() | EmptyCommit():
                return Answer("nothing")
            case RootCommit():
                return Answer(_REFUSED[0])
            case InsidePull(only_possible=False):
                return Answer(_REFUSED[1])
            case _:
                return Answer(repr(outcome))

    def _read(self, revision: str) -> tuple[str, list[str], str]:
        tree, parents, message = self.source.git("log", "-1", "--format=%T%x00%P%x00%B", revision).split("\0")
        return tree, parents.split(), message

    # ------------------------------------------------------------ git

    def _git(self, case: Case, *, one_by_one: bool = False) -> Answer:
        """`git revert` in a fresh clone; of several commits, by default of one commit that makes all their changes."""
        clone = self.folder / "clone"
        _run(self.folder, "clone", "-q", "--shared", str(self.source.path), str(clone))
        try:
            newest, label = case.commits[0], case.commits[0]
            if len(case.commits) == 1:
                mainline = ["-m", "1"] if case.is_merge else []
                return self._reverted(clone, _run(clone, "revert", "--no-edit", *mainline, newest), label)
            if not one_by_one:
                made = _run(clone, "commit-tree", "-p", str(case.base), "-m", "range", f"{newest}^{{tree}}")
                label = made.stdout.decode().strip()
                return self._reverted(clone, _run(clone, "revert", "--no-edit", label), newest)
            for commit in case.commits:
                parents = _run(clone, "rev-list", "--parents", "-1", commit).stdout.split()
                mainline = ["-m", "1"] if len(parents) > 2 else []
                answer = self._reverted(clone, _run(clone, "revert", "--no-edit", *mainline, commit), newest)
                if answer.result not in {"reverted", "nothing"}:
                    return answer
                _run(clone, "reset", "-q", "--hard")
            return Answer("reverted", _run(clone, "rev-parse", "HEAD^{tree}").stdout.decode().strip())
        finally:
            shutil.rmtree(clone)

    def _reverted(self, clone: Path, process: "subprocess.CompletedProcess[bytes]", since: str) -> Answer:
        said = process.stdout + process.stderr
        unmerged = _run(clone, "ls-files", "-u", "-z").stdout.split(b"\0")[:-1]
        if process.returncode == 0:
            tree, message = _run(clone, "log", "-1", "--format=%T%x00%B").stdout.decode().split("\0")
            message = _REAPPLY.sub(r'Reapply "\1', message.strip(), count=1)
            return Answer("reverted", tree, message if self._is_single(message) else "")
        kinds = frozenset(re.findall(r"^CONFLICT \(([^)]+)\)", said.decode(errors="replace"), re.MULTILINE))
        if unmerged or b"could not revert" in said:
            raw_paths = {entry.partition(b"\t")[2] for entry in unmerged} or set(_SPLIT.findall(said))
            texts = {path: _text(path.decode(errors="replace")) for path in raw_paths}
            brought_by = self._brought_by(clone, since)
            later = {(text, sha) for path, text in texts.items() for sha in self._later(clone, since, brought_by, path)}
            return Answer("conflict", "", "", frozenset(texts.values()), kinds, frozenset(later))
        if any(words in said for words in _NOTHING):
            return Answer("nothing")
        if b"would be overwritten by" in said:
            return Answer(_DIRTY)
        return Answer(said.decode(errors="replace"))

    def _is_single(self, message: str) -> bool:
        return '"range"' not in message

    def _brought_by(self, clone: Path, sha: str) -> str:
        """The commit itself, or the merge that brought it to `main`."""
        line = _run(clone, "rev-list", "--first-parent", "--reverse", self.head).stdout.decode().split()
        return line[
            bisect_left(
                line, True, key=lambda other: not _run(clone, "merge-base", "--is-ancestor", sha, other).returncode
            )
        ]

    def _later(self, clone: Path, since: str, brought_by: str, path: bytes) -> list[str]:
        """The newest five commits since the target that changed this file, not those below a directory of its name."""
        options = ("-z", "--first-parent", "-m", "--full-history", "--no-renames", "--name-only", "--format=%x00%H")
        argv = ("--literal-pathspecs", "log", *options, f"{since}..{self.head}", "--", os.fsdecode(path))
        records = [record.removeprefix(b"\0").split(b"\0") for record in _run(clone, *argv).stdout.split(b"\0\0")]
        shas = [sha.decode() for sha, *names in records if path in [name.removeprefix(b"\n") for name in names]]
        return [sha for sha in shas if sha != brought_by][:5]


def _text(path: str) -> str:
    """A path without what differs from clone to clone."""
    return _NUMBER.sub(r"\1", _PARENT_LABEL.sub("~parent", path))


def _run(folder: Path, *argv: str) -> "subprocess.CompletedProcess[bytes]":
    argv = ("git", "-c", "user.name=Ana", "-c", "user.email=ana@example.com", "-c", "advice.mergeConflict=false", *argv)
    return subprocess.run(argv, cwd=folder, capture_output=True, check=False)

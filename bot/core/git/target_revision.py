"""Which commit an application follows: a branch, a tag, the newest of a range of versions or of a pattern, or a sha."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Literal, Self

from bot.core.git.semver import Version, VersionRange
from bot.core.globs import GlobError, matches_glob, parse_glob

HEAD: Final = "HEAD"  # the remote's own default branch
_BRANCH: Final = "refs/heads/"
_TAG: Final = "refs/tags/"
_SHA: Final = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_SHORT_SHA: Final = re.compile(r"[0-9a-f]{7,64}")
_UNORDERED: Final = re.compile(r"[\x00-\x1f\x7f~^:?\[\\]|\.\.|@\{")  # what no name or pattern of names holds


class Newest(StrEnum):
    """By what the newest of several branches is told."""

    VERSION = "version"  # of the numbers in their names
    DATE = "date"  # of their latest commits


@dataclass(frozen=True, slots=True)
class Ref:
    """A branch or tag by its short name, the commit that it stands for, and when that was made (a Unix time)."""

    name: str
    sha: str
    at: int


@dataclass(frozen=True, slots=True)
class Refs:
    """Everything that a name may mean in a repository; `head` is the sha of its default branch, where that is known."""

    branches: Sequence[Ref] = ()
    tags: Sequence[Ref] = ()
    head: str | None = None


@dataclass(frozen=True, slots=True)
class Followed:
    """What a revision means just now: a branch, tag or commit by its name, the newest of `among`."""

    kind: Literal["branch", "tag", "commit"]
    name: str
    sha: str
    among: int = 1


@dataclass(frozen=True, slots=True)
class TargetRevision:
    """What is to be followed, as the configuration, Argo CD and Flux write it.

    A full sha; a range of versions (`>=1.2 <2`, `1.x`), which is of tags; a pattern of branches (`release-*`), of which
    the `newest` counts; HEAD; `refs/heads/…` and `refs/tags/…`; else a branch, a tag or a short sha, in this order.
    """

    text: str
    newest: Newest = Newest.VERSION

    @classmethod
    def branch(cls, name: str) -> Self:
        """That branch and nothing else."""
        return cls(f"{_BRANCH}{name}")

    @classmethod
    def tag(cls, name: str) -> Self:
        """That tag and nothing else."""
        return cls(f"{_TAG}{name}")

    @property
    def shown(self) -> str:
        """As people write it."""
        return self.text.removeprefix(_BRANCH).removeprefix(_TAG)

    @property
    def exact_branch(self) -> str | None:
        """The one branch that it can mean; None when it may mean something else."""
        return self.text.removeprefix(_BRANCH) if self.text.startswith(_BRANCH) else None

    @property
    def is_pattern(self) -> bool:
        """Whether it stands for any of several branches."""
        return "*" in self.text and self.versions is None

    @property
    def versions(self) -> VersionRange | None:
        """The range of versions that it is, if it is one."""
        return VersionRange.parse(self.text)

    @property
    def key(self) -> str:
        """One text for both fields: no name of a branch or tag holds a colon."""
        return self.text if self.newest is Newest.VERSION else f"{self.text}:{self.newest}"

    @classmethod
    def from_key(cls, key: str) -> Self:
        """The other way."""
        text, _, newest = key.partition(":")
        return cls(text, Newest(newest or Newest.VERSION))

    def problem(self) -> bool:
        """Whether it can name nothing at all, whatever the repository holds."""
        if self.versions is not None:
            return False
        text = self.text
        if not text or text.startswith(("-", ".", "/")) or not text.isprintable() or _UNORDERED.search(text):
            return True
        try:
            parse_glob(text)
        except GlobError:
            return True
        return False


def follow(revision: TargetRevision, refs: Refs) -> Followed | None:
    """What a revision means; None when nothing of that name is there. A short sha is not looked for."""
    text = revision.text
    if _SHA.fullmatch(text):
        return Followed("commit", text[:8], text)
    if text == HEAD:
        return _default(refs)
    if text.startswith(_TAG):
        return _named("tag", revision.shown, refs.tags)
    if text.startswith(_BRANCH):
        return _named("branch", revision.shown, refs.branches)
    versions = revision.versions
    tagged = [(Version.parse(ref.name), ref) for ref in refs.tags] if versions else []
    inside = [
        (version, ref.name, ref) for version, ref in tagged if version and versions and versions.contains(version)
    ]
    if inside:
        newest = max(inside, key=lambda each: each[:2])[2]
        return Followed("tag", newest.name, newest.sha, len(inside))
    found = _named("branch", text, refs.branches) or _named("tag", text, refs.tags)
    return found or (_newest(revision, refs.branches) if revision.is_pattern else None)


def is_short_sha(text: str) -> bool:
    """Whether a name may be a commit's, abbreviated."""
    return _SHORT_SHA.fullmatch(text) is not None


def _named(kind: Literal["branch", "tag"], name: str, refs: Iterable[Ref]) -> Followed | None:
    return next((Followed(kind, ref.name, ref.sha) for ref in refs if ref.name == name), None)


def _default(refs: Refs) -> Followed | None:
    """The remote's default branch; git tells its sha, so of several branches there the usual names go first."""
    there = sorted(
        (ref.name for ref in refs.branches if ref.sha == refs.head), key=lambda name: (name not in _USUAL, name)
    )
    return Followed("branch", there[0], refs.head) if there and refs.head else None


_USUAL: Final = ("main", "master")


def _newest(revision: TargetRevision, branches: Iterable[Ref]) -> Followed | None:
    matching = [ref for ref in branches if matches_glob(revision.text, ref.name)]
    if not matching:
        return None
    newest = max(matching, key=lambda ref: (ref.at if revision.newest is Newest.DATE else 0, _ordered(ref.name)))
    return Followed("branch", newest.name, newest.sha, len(matching))


def _ordered(name: str) -> tuple[tuple[int, ...], bool, str]:
    """How names are ordered by version: release-1.10 after release-1.9, and release-2.0 after release-2.0-rc1."""
    version = re.search(r"\d+(?:\.\d+)*", name)
    if version is None:
        return (), False, name
    numbers = tuple(map(int, version[0].split(".")))
    rest = name[version.end() :]
    return numbers, not rest, "".join(f"{int(each):020}" if each.isdigit() else each for each in _tokens(rest))


def _tokens(text: str) -> list[str]:
    return re.findall(r"\d+|\D+", text)

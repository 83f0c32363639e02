"""The commit that an application tracks: a branch, a tag, the newest in a version range or of a pattern, or a sha."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Literal, Self

from bot.core.git.semver import Version, VersionRange
from bot.core.globs import GlobError, glob_size, matches_glob

HEAD: Final = "HEAD"  # the remote's default branch
_BRANCH: Final = "refs/heads/"
_TAG: Final = "refs/tags/"
_SHA: Final = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_SHORT_SHA: Final = re.compile(r"[0-9a-f]{7,64}")
MAX_REVISION_BYTES: Final = 255  # of a branch or tag, as on GitHub, which rejects longer ones; also of a range
_FORBIDDEN: Final = re.compile(r"[\x00-\x1f\x7f~^:?\[\\]|\.\.|@\{")  # in names and patterns: git-check-ref-format(1)


class Newest(StrEnum):
    """How the newest of several branches is chosen."""

    VERSION = "version"  # the numbers in their names
    DATE = "date"  # their latest commits


@dataclass(frozen=True, slots=True)
class Ref:
    """A branch or tag: its short name, its commit, and the time of that commit in Unix seconds."""

    name: str
    sha: str
    at: int


@dataclass(frozen=True, slots=True)
class Refs:
    """The branches and tags of a repository; `head` is the sha of its default branch, None if that is unknown."""

    branches: Sequence[Ref] = ()
    tags: Sequence[Ref] = ()
    head: str | None = None


@dataclass(frozen=True, slots=True)
class ResolvedRevision:
    """What a target revision currently resolves to: a branch, tag or commit by its name, the newest of `candidates`."""

    kind: Literal["branch", "tag", "commit"]
    name: str
    sha: str
    candidates: int = 1


@dataclass(frozen=True, slots=True)
class TargetRevision:
    """A revision to track, as the configuration, Argo CD and Flux write it.

    A full sha; a version range (`>=1.2 <2`, `1.x`) for tags; a pattern (`release-*`) for branches, where the `newest`
    counts; HEAD; `refs/heads/…` and `refs/tags/…`; or else a branch, a tag or a short sha, in this order.
    """

    text: str
    newest: Newest = Newest.VERSION

    @classmethod
    def branch(cls, name: str) -> Self:
        """A branch by its name, which is never taken for a tag or a sha."""
        return cls(f"{_BRANCH}{name}")

    @classmethod
    def tag(cls, name: str) -> Self:
        """A tag by its name, which is never taken for a branch or a sha."""
        return cls(f"{_TAG}{name}")

    @property
    def display_name(self) -> str:
        """The revision as people write it."""
        return self.text.removeprefix(_BRANCH).removeprefix(_TAG)

    @property
    def exact_branch(self) -> str | None:
        """The branch that it names; None if it may be anything else."""
        return self.text.removeprefix(_BRANCH) if self.text.startswith(_BRANCH) else None

    def is_branch(self, name: str) -> bool:
        """Whether it is the branch `name`, written as such or in full, if that branch exists."""
        return self.text in {name, f"{_BRANCH}{name}"}

    def may_be_branch(self, name: str) -> bool:
        """Whether it can resolve to the branch `name`, whatever refs the repository has."""
        return self.text == HEAD or self.is_pattern or self.is_branch(name)

    @property
    def is_pattern(self) -> bool:
        """Whether it is a pattern of branches."""
        return "*" in self.text and self.versions is None

    @property
    def versions(self) -> VersionRange | None:
        """The version range, if it is one."""
        return VersionRange.parse(self.text)

    @property
    def key(self) -> str:
        """Both fields as one text. No branch or tag name contains a colon."""
        return self.text if self.newest is Newest.VERSION else f"{self.text}:{self.newest}"

    @classmethod
    def from_key(cls, key: str) -> Self:
        """The target revision with this key."""
        text, _, newest = key.partition(":")
        return cls(text, Newest(newest or Newest.VERSION))

    @property
    def is_too_long(self) -> bool:
        """Whether it has more than MAX_REVISION_BYTES. It is part of keys in the database, whose length is limited."""
        return len(self.display_name.encode(errors="replace")) > MAX_REVISION_BYTES

    def is_invalid(self) -> bool:
        """Whether it cannot resolve, whatever the repository contains."""
        if self.is_too_long:
            return True
        if self.versions is not None:
            return False
        text = self.text
        if not text or text.startswith(("-", ".", "/")) or not text.isprintable() or _FORBIDDEN.search(text):
            return True
        try:
            glob_size(text)
        except GlobError:
            return True
        return False


def resolve_revision(revision: TargetRevision, refs: Refs) -> ResolvedRevision | None:
    """What a target revision resolves to; None if there is no such ref. Short shas are not looked up."""
    text = revision.text
    if _SHA.fullmatch(text):
        return ResolvedRevision("commit", text[:8], text)
    if text == HEAD:
        return _default(refs)
    if text.startswith(_TAG):
        return _named("tag", revision.display_name, refs.tags)
    if text.startswith(_BRANCH):
        return _named("branch", revision.display_name, refs.branches)
    versions = revision.versions
    tagged = [
        ref for ref in refs.tags if versions and (version := Version.parse(ref.name)) and versions.contains(version)
    ]
    if versions and tagged:
        name = versions.highest(ref.name for ref in tagged)
        newest = next(ref for ref in tagged if ref.name == name)
        return ResolvedRevision("tag", newest.name, newest.sha, len(tagged))
    named = _named("branch", text, refs.branches) or _named("tag", text, refs.tags)
    return named or (_newest(revision, refs.branches) if revision.is_pattern else None)


def is_short_sha(text: str) -> bool:
    """Whether a text may be an abbreviated sha."""
    return _SHORT_SHA.fullmatch(text) is not None


def _named(kind: Literal["branch", "tag"], name: str, refs: Iterable[Ref]) -> ResolvedRevision | None:
    return next((ResolvedRevision(kind, ref.name, ref.sha) for ref in refs if ref.name == name), None)


def _default(refs: Refs) -> ResolvedRevision | None:
    """The remote's default branch. Git reports only its sha; of several branches at that sha, a common name wins."""
    names = sorted(
        (ref.name for ref in refs.branches if ref.sha == refs.head),
        key=lambda name: (name not in _USUAL_DEFAULTS, name),
    )
    return ResolvedRevision("branch", names[0], refs.head) if names and refs.head else None


_USUAL_DEFAULTS: Final = ("main", "master")


def _newest(revision: TargetRevision, branches: Iterable[Ref]) -> ResolvedRevision | None:
    matching = [ref for ref in branches if matches_glob(revision.text, ref.name)]
    if not matching:
        return None
    newest = max(matching, key=lambda ref: (ref.at if revision.newest is Newest.DATE else 0, _version_key(ref.name)))
    return ResolvedRevision("branch", newest.name, newest.sha, len(matching))


def _version_key(name: str) -> tuple[tuple[tuple[int, str], ...], bool, str]:
    """The sort key of a name by version: release-1.10 after release-1.9, and release-2.0 after release-2.0-rc1."""
    version = re.search(r"\d+(?:\.\d+)*", name)
    if version is None:
        return (), False, name
    digits = (number.lstrip("0") for number in version[0].split("."))
    numbers = tuple((len(number), number) for number in digits)  # any length: `int` takes 4,300 digits
    rest = name[version.end() :]
    tokens = re.findall(r"\d+|\D+", rest)
    return numbers, not rest, "".join(token.lstrip("0").zfill(20) if token.isdecimal() else token for token in tokens)

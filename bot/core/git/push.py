"""Pushes to a branch, as the forge reports them, and who pushed which commit."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Push:
    """A push that moved a branch from `before` to `after`, full SHAs; `by` is a login.

    Both SHAs are "" for a push to several branches if the forge doesn't say to which ones.
    """

    before: str
    after: str
    by: str


@dataclass(frozen=True, slots=True)
class Pushers:
    """Who pushed commits to their branch, as logins by sha.

    `possible` are, for commits with an unknown pusher, those whose pushes to several branches could contain them.
    """

    known: Mapping[str, str]
    possible: Mapping[str, frozenset[str]]


def find_pushers(parents: Mapping[str, Sequence[str]], pushes: Sequence[Push]) -> Pushers:
    """Who pushed these commits, given with their parents; `pushes` are all to their branch, newest first.

    A push contains the commits that are reachable from `after`, but not from `before` or an earlier push.
    """
    known: dict[str, str] = {}
    possible: dict[str, frozenset[str]] = {}
    unnamed: frozenset[str] = frozenset()
    pushed: set[str] = set()
    for push in reversed(pushes):
        possible |= dict.fromkeys(reach(push.before, parents, pushed), unnamed)
        known |= dict.fromkeys(reach(push.after, parents, pushed), push.by)
        if not push.after:
            unnamed |= {push.by}
    return Pushers(known, possible | dict.fromkeys(parents.keys() - pushed, unnamed))


def reach(sha: str, parents: Mapping[str, Sequence[str]], reached: set[str]) -> list[str]:
    """The commits that are reachable from `sha`, except those in `reached`, to which they are added."""
    commits: list[str] = []
    waiting = [sha]
    while waiting:
        sha = waiting.pop()
        if sha in parents and sha not in reached:
            reached.add(sha)
            commits.append(sha)
            waiting += parents[sha]
    return commits

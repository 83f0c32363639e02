"""Pushes to a branch, as the forge reports them, and who pushed which commit."""

from collections.abc import Iterable, Mapping, Sequence
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
    oldest_first = pushes[::-1]
    reached = newly_reachable([sha for push in oldest_first for sha in (push.before, push.after)], parents)
    known: dict[str, str] = {}
    possible: dict[str, frozenset[str]] = {}
    without_branch: frozenset[str] = frozenset()  # who made pushes that don't name their branches
    for push, earlier, pushed in zip(oldest_first, reached[::2], reached[1::2], strict=True):
        possible |= dict.fromkeys(earlier, without_branch)
        known |= dict.fromkeys(pushed, push.by)
        if not push.after:
            without_branch |= {push.by}
    return Pushers(known, dict.fromkeys(parents.keys() - known.keys(), without_branch) | possible)


def find_moves(pushes: Sequence[Push], before: str, after: str) -> list[list[Push]]:
    """Every series of consecutive pushes that moved a branch from `before` to `after`; all are newest first."""
    moves: list[list[Push]] = []
    for index, last in enumerate(pushes):
        if last.after != after:
            continue
        move = [last]
        for push in pushes[index + 1 :]:
            if move[-1].before != before and push.after == move[-1].before:
                move.append(push)
        if move[-1].before == before:
            moves.append(move)
    return moves


def newly_reachable(shas: Iterable[str], parents: Mapping[str, Sequence[str]]) -> list[list[str]]:
    """For each of `shas`, in order: the commits of `parents` reachable from it, but not from an earlier one."""
    reached: set[str] = set()
    groups: list[list[str]] = []
    for head in shas:
        group: list[str] = []
        waiting = [head]
        while waiting:
            sha = waiting.pop()
            if sha in parents and sha not in reached:
                reached.add(sha)
                group.append(sha)
                waiting += parents[sha]
        groups.append(group)
    return groups

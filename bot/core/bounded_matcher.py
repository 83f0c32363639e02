"""Compares two sequences with difflib, which may take cubic time, and gives up after a number of steps."""

from collections.abc import Sequence
from difflib import Match, SequenceMatcher
from itertools import accumulate


class TooDifferentError(Exception):
    """The sequences take too long to compare."""


class BoundedMatcher(SequenceMatcher[str]):
    """A SequenceMatcher that takes at most `max_steps`, each about 0.1 microseconds; `steps` are those taken.

    Its methods raise TooDifferentError if that is not enough.
    """

    a: Sequence[str]
    b2j: dict[str, list[int]]

    def __init__(self, one: Sequence[str], other: Sequence[str], max_steps: int, *, autojunk: bool = False) -> None:
        super().__init__(None, one, other, autojunk)
        self.steps = 0
        self._max_steps = max_steps
        # To find a match, difflib visits each item of a range of `one` and all its positions in `other`.
        self._until = [0, *accumulate(1 + len(self.b2j.get(item, ())) for item in one)]

    def find_longest_match(self, alo: int = 0, ahi: int | None = None, blo: int = 0, bhi: int | None = None) -> Match:
        """The longest match in these ranges."""
        steps = self._until[len(self.a) if ahi is None else ahi] - self._until[alo]
        if self.steps + steps > self._max_steps:
            raise TooDifferentError
        self.steps += steps
        return super().find_longest_match(alo, ahi, blo, bhi)

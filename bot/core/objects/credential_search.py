"""Searches the texts of one comparison for credentials, each once, and counts the work as steps."""

from functools import lru_cache
from typing import Final

from bot.core.objects.credentials import HIDDEN, MAX_SCANNED, SHORTEST_TOKEN, redact_text
from bot.core.objects.step_budget import StepBudget

SHORT: Final = 100  # characters
_STEPS_PER_CHARACTER: Final = 3
_STEPS_PER_NAME: Final = 10  # what assigns a value makes what precedes it a name; each line is searched by itself
_STEPS_PER_UNICODE_NAME: Final = 40
FREE_STEPS: Final = 50_000  # for the short texts of a comparison, besides its other free steps
_NAME_ENDS: Final = ":=\n"

_redact_short: Final = lru_cache(maxsize=4096)(redact_text)  # most objects have the same paths


class CredentialSearch:
    """`redact_text` for the texts of one comparison. What repeats, such as keys, takes steps only the first time."""

    def __init__(self, steps: StepBudget) -> None:
        self.steps = steps
        self._free = FREE_STEPS
        self._redacted: dict[str, str] = {}
        self._left_out: set[str] = set()
        self.left_out = 0  # texts that are hidden since too few steps were left; each counts whenever it is

    def redact(self, text: str) -> str:
        """The text without credentials. Raises TooManyStepsError."""
        redacted = self._redacted.get(text)
        if redacted is None:
            self._free -= search_steps(text)
            if self._free < 0:
                self.steps.take(-self._free)
                self._free = 0
            redacted = self._search(text)
        return redacted

    def redact_value(self, text: str) -> str:
        """The same, but a long text is hidden as a whole if too few steps are left. Raises TooManyStepsError."""
        if len(text) <= SHORT or text in self._redacted:  # severities depend on short ones
            return self.redact(text)
        if text not in self._left_out and self.steps.may_take(search_steps(text)):
            return self._search(text)
        self._left_out.add(text)  # the other direction of a comparison hides it, too
        self.left_out += 1
        return HIDDEN

    def _search(self, text: str) -> str:
        redacted = self._redacted[text] = _redact_short(text) if len(text) <= SHORT else redact_text(text)
        return redacted


def search_steps(text: str) -> int:
    """The steps that `redact_text` takes at most."""
    if len(text) > MAX_SCANNED:
        return 1
    names = sum(map(text.count, _NAME_ENDS))
    per_name = _STEPS_PER_NAME if text.isascii() else _STEPS_PER_UNICODE_NAME
    return per_name * names + (_STEPS_PER_CHARACTER * len(text) if len(text) >= SHORTEST_TOKEN else 0)

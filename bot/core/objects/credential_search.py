"""Searches the texts of one comparison for credentials, each once, and counts the work as steps."""

from functools import lru_cache
from typing import Final

from bot.core.objects.credentials import HIDDEN, MAX_SCANNED, SHORTEST_TOKEN, redact_text
from bot.core.objects.step_budget import StepBudget

SHORT: Final = 100  # characters
_STEPS_PER_CHARACTER: Final = 3
_STEPS_PER_NAME: Final = 40  # what assigns a value makes what precedes it a name; each line is searched by itself
_NAME_ENDS: Final = ":=\n"

_redact_short: Final = lru_cache(maxsize=4096)(redact_text)  # most objects have the same paths


class CredentialSearch:
    """`redact_text` for the texts of one comparison. What repeats, such as keys, takes steps only the first time."""

    def __init__(self, steps: StepBudget) -> None:
        self._steps = steps
        self._redacted: dict[str, str] = {}
        self.left_out = 0  # texts that are hidden since too few steps were left

    def redact(self, text: str) -> str:
        """The text without credentials. Raises TooManyStepsError."""
        redacted = self._redacted.get(text)
        if redacted is None:
            self._steps.take(search_steps(text))
            redacted = self._search(text)
        return redacted

    def redact_value(self, text: str) -> str:
        """The same, but a long text is hidden as a whole if too few steps are left. Raises TooManyStepsError."""
        if len(text) <= SHORT or text in self._redacted:  # severities depend on short ones
            return self.redact(text)
        if self._steps.may_take(search_steps(text)):
            return self._search(text)
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
    return _STEPS_PER_NAME * names + (_STEPS_PER_CHARACTER * len(text) if len(text) >= SHORTEST_TOKEN else 0)

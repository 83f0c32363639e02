"""The checks of a commit, by name with a link, failed ones first."""

from collections.abc import Sequence

from bot.core.git.commit_check import CheckState, CommitCheck, CommitChecks
from bot.i18n.catalogue import commit_checks as texts
from bot.i18n.language import Translator
from bot.messages import common
from bot.messages.blocks import Element, clip, link, rich_line, words

_MAX_SHOWN = 6
_MAX_NAME = 60
_MAX_URL = 250  # a longer one would leave too little room on the card
_MARKS = {CheckState.FAILURE: "❌", CheckState.PENDING: "⏳", CheckState.SUCCESS: "✅", CheckState.NEUTRAL: "⏭️"}


def line(translator: Translator, checks: CommitChecks | None) -> list[Element]:
    """The checks on one line, and why they are not current, if so; empty if there are none."""
    if checks is None or not (checks.checks or checks.error):
        return []
    listed = _listed(translator, checks.checks, checks.total)
    if checks.error is None:
        return rich_line(translator, texts.CHECKS, checks=listed)
    reason = clip(translator.localize(checks.error), 300)
    return rich_line(translator, texts.OUTDATED if listed else texts.UNKNOWN, checks=listed, reason=reason)


def failed_checks_note(translator: Translator, failed: Sequence[CommitCheck]) -> list[Element]:
    """A note that these checks had failed when the pull request was merged; empty if there are none."""
    if not failed:
        return []
    return rich_line(translator, texts.MERGED_FAILING, checks=_listed(translator, failed, len(failed)))


def _listed(translator: Translator, checks: Sequence[CommitCheck], total: int) -> list[Element]:
    elements: list[Element] = []
    for check in checks[:_MAX_SHOWN]:
        name = clip(check.name, _MAX_NAME)
        elements.append(words(f"{' · ' if elements else ''}{_MARKS[check.state]} "))
        elements.append(link(check.url, name) if check.url and len(check.url) <= _MAX_URL else words(name))
    if omitted := total - len(checks[:_MAX_SHOWN]):
        elements += [words(" · "), common.and_more(translator, omitted)]
    return elements

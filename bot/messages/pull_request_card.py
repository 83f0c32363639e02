"""The card of a pull request that the bot opened, to revert a change or to adopt drift."""

from bot.core.access.audit import Origin
from bot.core.drift.fact import most_important_first
from bot.core.drift.parts import AlignmentBudget
from bot.core.pull_requests.tracked_pull_request import TrackedPullRequest
from bot.i18n.catalogue import adopt
from bot.i18n.catalogue import drift as drift_texts
from bot.i18n.catalogue import revert_pull_request as texts
from bot.i18n.language import Phrase, Translator
from bot.messages import commit_checks, common, effect, people
from bot.messages.blocks import (
    Block,
    Element,
    Message,
    actions,
    bullets,
    clip,
    code,
    fill,
    header,
    link,
    mention,
    message,
    paragraph,
    rich,
    rich_line,
    words,
)
from bot.messages.revert import revision_name

_MAX_OWNERS = 5
_MAX_FILES = 8
_MAX_CHANGES = 4_500  # characters of JSON

_TEXTS = {
    ("revert", "merged"): (texts.MERGED_HEADER, texts.MERGED),
    ("revert", "closed"): (texts.CLOSED_HEADER, texts.CLOSED),
    ("revert", "open"): (texts.OPEN_HEADER, texts.OPEN),
    ("adopt", "merged"): (adopt.MERGED_HEADER, adopt.MERGED),
    ("adopt", "closed"): (adopt.CLOSED_HEADER, adopt.CLOSED),
    ("adopt", "open"): (adopt.OPEN_HEADER, adopt.OPEN),
}
_BY_BUTTON = frozenset({Origin.BUTTON, Origin.MODAL, Origin.HOME})


def card(translator: Translator, pull: TrackedPullRequest) -> Message:
    """The pull request's current message in the channel. Posting it notifies the owners."""
    number, title = str(pull.number), clip(pull.title, 200)
    touched = (
        translator.text(texts.OF, applications=common.listed(translator, pull.applications, 5))
        if pull.applications
        else ""
    )
    headline, sentence = _TEXTS[pull.purpose, pull.state]
    ending = _ending(translator, pull)
    text = translator.text(sentence, number=number, touched=touched, title=title, ending=ending)
    command = code(f"/gitops revert {revision_name(pull.what)}")
    lead = [
        link(pull.url, f"#{number} {title}"),
        words("\n"),
        *people.line(translator, pull.people),
        *rich_line(translator, _requested(pull), command=command),
        words(f"\n{ending}"),
    ]
    checks = commit_checks.line(translator, pull.checks)
    body = [paragraph(*lead), *([paragraph(*checks)] if checks else [])]
    blocks = [header(translator.text(headline, number=number)), rich(*body)]
    if pull.state == "open":
        blocks += _review(translator, pull)
        blocks.append(actions(common.review_button(translator, pull.number, pull.url)))
    return message(text, *blocks)


def _requested(pull: TrackedPullRequest) -> Phrase:
    if pull.purpose == "adopt":
        return adopt.ASKED
    return texts.ASKED_BY_BUTTON if pull.origin in _BY_BUTTON else texts.ASKED


def _review(translator: Translator, pull: TrackedPullRequest) -> list[Block]:
    """For reviewers: who they are, what merging changes, and what to know before."""
    change = pull.change
    blocks: list[Block] = []
    if owners := [mention(owner) for owner in pull.owners if owner != pull.by]:
        who = common.listed_elements(translator, owners, _MAX_OWNERS)
        blocks.append(rich(paragraph(*rich_line(translator, texts.REVIEWERS, who=who))))
    if change.notes:
        blocks.append(rich(bullets([[words(translator.localize(note))] for note in change.notes])))
    blocks += effect.blocks(translator, change.effects)
    blocks += _drift(translator, pull)
    if change.files and not change.effects:
        files: list[list[Element]] = [[code(clip(path, common.MAX_PATH))] for path in change.files[:_MAX_FILES]]
        if omitted := len(change.files) - len(files):
            files.append([common.and_more(translator, omitted)])
        blocks.append(rich(bullets(files)))
    return blocks


def _drift(translator: Translator, pull: TrackedPullRequest) -> list[Block]:
    """What an adoption changes: first what it removes from git, then each difference."""
    drift = most_important_first(pull.change.drift)
    removed = [common.object_name(object_drift) for object_drift in drift if object_drift.change == "missing"]
    warning = translator.count(adopt.REMOVED_OBJECTS, len(removed), objects=common.listed(translator, removed, 4))
    alignment = AlignmentBudget()
    differences = fill(
        [
            common.object_lines(translator, object_drift, pull.opened_at, 6, 90, alignment=alignment)
            for object_drift in drift
            if object_drift.change != "missing"
        ],
        common.more(translator, drift_texts.MORE_OBJECTS),
        budget=_MAX_CHANGES,
    )
    return [*([rich(paragraph(words(warning, bold=True)))] if removed else []), *differences]


def _ending(translator: Translator, pull: TrackedPullRequest) -> str:
    if pull.retargeted_to and pull.state != "closed":
        ending = texts.RETARGETED_ENDING if pull.state == "open" else texts.MERGED_ELSEWHERE_ENDING
        base, target = (clip(branch, common.MAX_PATH) for branch in (pull.base, pull.retargeted_to))
        return translator.text(ending, base=base, target=target)
    if pull.state == "open" and pull.rewritten:
        return translator.text(texts.REWRITTEN_ENDING)
    if pull.state == "open" and pull.moot:
        return translator.text(adopt.MOOT_ENDING)
    merged = texts.MERGED_ENDING if pull.applications else texts.MERGED_UNKNOWN_ENDING
    endings = {"merged": merged, "closed": texts.CLOSED_ENDING, "open": texts.OPEN_ENDING}
    return translator.text(endings[pull.state])

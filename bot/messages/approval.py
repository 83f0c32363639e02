"""The card about commits that reached a tracked branch without approval, and the file with a long diff."""

from bot.core.approvals.approval import Alert, ApprovalStatus, Judgement
from bot.core.git.patch import WITHHELD
from bot.i18n.catalogue import approval as texts
from bot.i18n.language import Phrase, Translator
from bot.messages import common
from bot.messages.blocks import (
    Block,
    Element,
    Message,
    actions,
    bullets,
    clip,
    code,
    date,
    header,
    link,
    message,
    note,
    paragraph,
    preformatted,
    rich,
    rich_line,
    words,
)
from bot.messages.revert import revert_button

_MAX_COMMITS = 5
_MAX_DIFF = 2_500

_SENTENCES: dict[ApprovalStatus, Phrase] = {
    ApprovalStatus.SELF: texts.SELF_APPROVED,
    ApprovalStatus.BYPASSED: texts.NOT_APPROVED,
    ApprovalStatus.STALE: texts.APPROVED_EARLIER_COMMIT,
    ApprovalStatus.TOO_FEW: texts.TOO_FEW,
    ApprovalStatus.TAMPERED: texts.CONTENT_DIFFERS,
    ApprovalStatus.REWRITTEN: texts.HISTORY_REWRITTEN,
    ApprovalStatus.APPROVED: texts.AFTER_ALL,
}


def card(translator: Translator, alert: Alert) -> Message:
    """The alert's message in a channel, as it should read now."""
    last, seen = alert.last, alert.seen_by
    branch = clip(last.branch, 60)
    sentence = _sentence(translator, alert)
    names = common.listed(translator, alert.applications)
    viewers = common.listed(translator, seen, 5) if last.verdict is not ApprovalStatus.APPROVED else ""
    text = translator.text(
        texts.TEXT,
        sentence=sentence,
        subject=f"{last.sha[:8]} ({clip(last.subject, 120)})",
        author=clip(last.author, 60),
        branch=branch,
        touched=translator.text(texts.TOUCHING, applications=names) if names else "",
        seen=translator.text(texts.SEEN_BY, who=viewers) if viewers else "",
    )
    closed = texts.SEEN_HEADER if viewers else texts.AFTER_ALL_HEADER
    headline = translator.text(closed if seen else texts.HEADER, what=_change(translator, alert), branch=branch)
    applications = common.listed(translator, alert.applications, 5)
    touches = texts.TOUCHES if alert.applications else texts.TOUCHES_NONE
    blocks: list[Block] = [
        header(headline),
        rich(paragraph(words(sentence))),
        rich(
            bullets(_commits(translator, alert)), paragraph(words(translator.text(touches, applications=applications)))
        ),
    ]
    blocks += _diff(translator, alert)
    if viewers:
        blocks.append(note(translator.text(texts.SEEN, who=viewers)))
    if not seen and last.verdict is not ApprovalStatus.REWRITTEN:
        blocks.append(actions(_revert(translator, alert)))
    return message(text, *blocks)


def file_name(alert: Alert) -> str:
    """The name of the diff's file."""
    return f"{alert.last.repository}-{alert.last.sha[:8]}.diff"


def file_title(translator: Translator, alert: Alert) -> str:
    """What Slack shows above the file."""
    return translator.text(texts.FILE_TITLE, branch=clip(alert.last.branch, 60))


def _change(translator: Translator, alert: Alert) -> str:
    last = alert.last
    match last.verdict:
        case ApprovalStatus.REWRITTEN:
            return translator.text(texts.REWRITTEN)
        case ApprovalStatus.TAMPERED:
            return translator.text(texts.TAMPERED, number=_number(last))
    return (
        translator.text(texts.PULL, number=_number(last))
        if last.pull
        else translator.count(texts.DIRECT, len(alert.commits))
    )


def _sentence(translator: Translator, alert: Alert) -> str:
    last = alert.last
    phrase = _SENTENCES.get(last.verdict)
    if phrase is None:
        return translator.count(texts.PUSHED_DIRECTLY, len(alert.commits))
    who = common.listed(translator, last.approvers)
    return translator.text(phrase, number=_number(last), who=who, before=common.short_revision(translator, last.parent))


def _number(judgement: Judgement) -> str:
    return str(judgement.pull.number) if judgement.pull else ""


def _commits(translator: Translator, alert: Alert) -> list[list[Element]]:
    newest_first = alert.commits[::-1]
    lines = [_commit(translator, judgement) for judgement in newest_first[:_MAX_COMMITS]]
    omitted = len(newest_first) - _MAX_COMMITS
    return [*lines, [words(translator.count(texts.MORE_COMMITS, omitted), italic=True)]] if omitted > 0 else lines


def _commit(translator: Translator, judgement: Judgement) -> list[Element]:
    short = judgement.sha[:8]
    line = rich_line(
        translator,
        texts.COMMIT,
        sha=link(judgement.url, short) if judgement.url else code(short),
        subject=words(clip(judgement.subject, 150), bold=True),
        author=clip(judgement.author, 60),
    )
    if judgement.pushed_by:
        line += rich_line(translator, texts.PUSHED_BY, who=clip(judgement.pushed_by, 60))
    if judgement.pull:
        line += [words(" · "), link(judgement.pull.url, f"#{judgement.pull.number} {clip(judgement.pull.title, 80)}")]
        if judgement.pull.merged_by:
            line += rich_line(translator, texts.MERGED_BY, who=clip(judgement.pull.merged_by, 60))
    return line + rich_line(translator, texts.AT, branch=clip(judgement.branch, 60), time=date(judgement.reached_at))


def _diff(translator: Translator, alert: Alert) -> list[Block]:
    lines = [line for judgement in alert.commits for line in judgement.diff.splitlines()]
    withheld = [line.removeprefix(WITHHELD) for line in lines if line.startswith(WITHHELD)]
    shown = "\n".join(line for line in lines if not line.startswith(WITHHELD))
    blocks: list[Block] = []
    if shown:
        blocks.append(rich(preformatted(shown[:_MAX_DIFF])))
    notes = []
    if withheld:
        notes.append(translator.text(texts.NOT_SHOWN, files=common.listed(translator, withheld, 5)))
    if is_long(alert):
        notes.append(translator.text(texts.LONGER))
    return [*blocks, note(*notes)] if notes else blocks


def is_long(alert: Alert) -> bool:
    """Whether the diff is too long for the card."""
    return (
        any(judgement.more for judgement in alert.commits)
        or sum(len(judgement.diff) for judgement in alert.commits) > _MAX_DIFF
    )


def _revert(translator: Translator, alert: Alert) -> Element:
    first, last = alert.commits[0], alert.last
    if last.pull:
        revision = last.pull.url
    elif len(alert.commits) > 1:
        revision = f"{first.parent}..{last.sha}"
    else:
        revision = last.url or last.sha
    return revert_button(translator, revision, next(iter(alert.applications), None), last.subject, "danger")

"""What the bot says of commits that nobody approved: one card, kept current, and a file where the diff is long."""

from bot.core.approvals.approval import ApprovalAlert, ApprovalRecord, ApprovalStatus
from bot.core.git.patch import WITHHELD_PREFIX
from bot.i18n.catalogue import approval as texts
from bot.i18n.language import Phrase, Translator
from bot.messages import wording
from bot.messages.blocks import (
    Block,
    Element,
    Message,
    actions,
    bullets,
    clip,
    code,
    header,
    link,
    message,
    moment,
    note,
    paragraph,
    preformatted,
    rich,
    rich_line,
    words,
)
from bot.messages.revert import ask

_MOST_COMMITS = 5
_MOST_DIFF = 2_500

_HOW: dict[ApprovalStatus, Phrase] = {
    ApprovalStatus.SELF: texts.SELF_APPROVED,
    ApprovalStatus.BYPASSED: texts.NOT_APPROVED,
    ApprovalStatus.STALE: texts.APPROVED_EARLIER_COMMIT,
    ApprovalStatus.TOO_FEW: texts.TOO_FEW,
    ApprovalStatus.TAMPERED: texts.CONTENT_DIFFERS,
    ApprovalStatus.REWRITTEN: texts.HISTORY_REWRITTEN,
    ApprovalStatus.APPROVED: texts.AFTER_ALL,
}


def card(translator: Translator, alert: ApprovalAlert) -> Message:
    """The alert's one message in a channel, as it should read now."""
    last, seen = alert.newest, alert.approved_later_by
    branch = clip(last.branch, 60)
    sentence = _how(translator, alert)
    touched = wording.listed(translator, alert.applications)
    later = wording.listed(translator, seen, 5) if last.verdict is not ApprovalStatus.APPROVED else ""
    text = translator.text(
        texts.TEXT,
        sentence=sentence,
        subject=f"{last.sha[:8]} ({clip(last.subject, 120)})",
        author=clip(last.author, 60),
        branch=branch,
        touched=translator.text(texts.TOUCHING, applications=touched) if touched else "",
        seen=translator.text(texts.SEEN_BY, who=later) if later else "",
    )
    closed = texts.SEEN_HEADER if later else texts.AFTER_ALL_HEADER
    headline = translator.text(closed if seen else texts.HEADER, what=_what(translator, alert), branch=branch)
    applications = wording.listed(translator, alert.applications, 5)
    touches = texts.TOUCHES if alert.applications else texts.TOUCHES_NONE
    blocks: list[Block] = [
        header(headline),
        rich(paragraph(words(sentence))),
        rich(
            bullets(_commits(translator, alert)), paragraph(words(translator.text(touches, applications=applications)))
        ),
    ]
    blocks += _diff(translator, alert)
    if later:
        blocks.append(note(translator.text(texts.SEEN, who=later)))
    if not seen and last.verdict is not ApprovalStatus.REWRITTEN:
        blocks.append(actions(_revert(translator, alert)))
    return message(text, *blocks)


def file_name(alert: ApprovalAlert) -> str:
    """The file's name."""
    return f"{alert.newest.repository}-{alert.newest.sha[:8]}.diff"


def file_title(translator: Translator, alert: ApprovalAlert) -> str:
    """What Slack shows above the file."""
    return translator.text(texts.FILE_TITLE, branch=clip(alert.newest.branch, 60))


def _what(translator: Translator, alert: ApprovalAlert) -> str:
    last = alert.newest
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


def _how(translator: Translator, alert: ApprovalAlert) -> str:
    last = alert.newest
    how = _HOW.get(last.verdict)
    if how is None:
        return translator.count(texts.PUSHED_DIRECTLY, len(alert.commits))
    who = wording.listed(translator, last.approvers)
    return translator.text(how, number=_number(last), who=who, before=wording.short(translator, last.parent))


def _number(record: ApprovalRecord) -> str:
    return str(record.pull.number) if record.pull else ""


def _commits(translator: Translator, alert: ApprovalAlert) -> list[list[Element]]:
    newest_first = alert.commits[::-1]
    lines = [_commit(translator, each) for each in newest_first[:_MOST_COMMITS]]
    left = len(newest_first) - _MOST_COMMITS
    return [*lines, [words(translator.count(texts.MORE_COMMITS, left), italic=True)]] if left > 0 else lines


def _commit(translator: Translator, record: ApprovalRecord) -> list[Element]:
    short = record.sha[:8]
    told = rich_line(
        translator,
        texts.COMMIT,
        sha=link(record.url, short) if record.url else code(short),
        subject=words(clip(record.subject, 150), bold=True),
        author=clip(record.author, 60),
    )
    if record.pushed_by:
        told += rich_line(translator, texts.PUSHED_BY, who=clip(record.pushed_by, 60))
    if record.pull:
        told += [words(" · "), link(record.pull.url, f"#{record.pull.number} {clip(record.pull.title, 80)}")]
        if record.pull.merged_by:
            told += rich_line(translator, texts.MERGED_BY, who=clip(record.pull.merged_by, 60))
    return told + rich_line(translator, texts.AT, branch=clip(record.branch, 60), time=moment(record.reached_at))


def _diff(translator: Translator, alert: ApprovalAlert) -> list[Block]:
    lines = [line for each in alert.commits for line in each.diff.splitlines()]
    withheld = [line.removeprefix(WITHHELD_PREFIX) for line in lines if line.startswith(WITHHELD_PREFIX)]
    shown = "\n".join(line for line in lines if not line.startswith(WITHHELD_PREFIX))
    blocks: list[Block] = []
    if shown:
        blocks.append(rich(preformatted(shown[:_MOST_DIFF])))
    notes = []
    if withheld:
        notes.append(translator.text(texts.NOT_SHOWN, files=wording.listed(translator, withheld, 5)))
    if is_long(alert):
        notes.append(translator.text(texts.LONGER))
    return [*blocks, note(*notes)] if notes else blocks


def is_long(alert: ApprovalAlert) -> bool:
    """Whether the card cannot hold the whole diff."""
    return any(each.more for each in alert.commits) or sum(len(each.diff) for each in alert.commits) > _MOST_DIFF


def _revert(translator: Translator, alert: ApprovalAlert) -> Element:
    first, last = alert.commits[0], alert.newest
    if last.pull:
        revision = last.pull.url
    elif len(alert.commits) > 1:
        revision = f"{first.parent}..{last.sha}"
    else:
        revision = last.url or last.sha
    return ask(translator, revision, next(iter(alert.applications), None), last.subject, "danger")

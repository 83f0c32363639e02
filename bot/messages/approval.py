"""The card about commits that reached a tracked branch without approval, and the file with a long diff."""

from bot.core.approvals.alert import ApprovalAlert
from bot.core.approvals.approval import MAX_COMMITS, NOT_REVIEWED, UNAPPROVED, ApprovalRecord, ApprovalStatus
from bot.core.git.patch import WITHHELD_PREFIX
from bot.i18n.catalogue import approval as texts
from bot.i18n.language import Phrase, Translator
from bot.messages import common, people
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

_MAX_COMMITS = 4
_MAX_DIFF = 2_500

_SENTENCES: dict[ApprovalStatus, Phrase] = {
    ApprovalStatus.SELF: texts.SELF_APPROVED,
    ApprovalStatus.INELIGIBLE: texts.INELIGIBLE,
    ApprovalStatus.BYPASSED: texts.NOT_APPROVED,
    ApprovalStatus.STALE: texts.APPROVED_EARLIER_COMMIT,
    ApprovalStatus.RETARGETED: texts.RETARGETED,
    ApprovalStatus.TOO_FEW: texts.TOO_FEW,
    ApprovalStatus.TAMPERED: texts.CONTENT_DIFFERS,
    ApprovalStatus.TOO_MANY: texts.TOO_MANY,
    ApprovalStatus.FAILED: texts.FAILED,
    ApprovalStatus.AUTOMATION: texts.AFTER_AUTOMATION,
    ApprovalStatus.APPROVED: texts.AFTER_ALL,
}


def card(translator: Translator, alert: ApprovalAlert) -> Message:
    """The alert's current message in a channel."""
    newest, seen = alert.newest, alert.approved_later_by
    branch = clip(newest.branch, 60)
    sentence = _sentence(translator, alert)
    names = common.listed(translator, alert.applications)
    viewers = common.listed(translator, seen, 5) if newest.verdict in UNAPPROVED else ""
    is_rewrite = newest.verdict is ApprovalStatus.REWRITTEN
    text = translator.text(
        texts.TEXT_REWRITTEN if is_rewrite else texts.TEXT,
        sentence=sentence,
        subject=f"{newest.sha[:8]} ({clip(newest.subject, 120)})",
        people=people.text(translator, newest.people, has_pull=newest.pull is not None),
        branch=branch,
        touched=translator.text(texts.TOUCHING, applications=names) if names else "",
        seen=translator.text(texts.SEEN_BY, who=viewers) if viewers else "",
    )
    headline = translator.text(_header(alert), what=_change(translator, alert), branch=branch)
    applications = common.listed(translator, alert.applications, 5)
    touches = texts.TOUCHES if alert.applications else texts.TOUCHES_NONE
    items = _moved_commits(translator, newest) if is_rewrite else _commits(translator, alert)
    blocks: list[Block] = [
        header(headline),
        rich(paragraph(words(sentence))),
        rich(bullets(items), paragraph(words(translator.text(touches, applications=applications)))),
    ]
    blocks += _diff(translator, alert)
    if viewers:
        blocks.append(note(translator.text(texts.SEEN, who=viewers)))
    if not seen and newest.verdict not in NOT_REVIEWED:
        blocks.append(actions(_revert(translator, alert)))
    return message(text, *blocks)


def file_name(alert: ApprovalAlert) -> str:
    """The name of the diff's file."""
    return f"{alert.newest.repository}-{alert.newest.sha[:8]}.diff"


def file_title(translator: Translator, alert: ApprovalAlert) -> str:
    """What Slack shows above the file."""
    return translator.text(texts.FILE_TITLE, branch=clip(alert.newest.branch, 60))


def _header(alert: ApprovalAlert) -> Phrase:
    verdict = alert.newest.verdict
    if alert.approved_later_by:
        return texts.SEEN_HEADER if verdict in UNAPPROVED else texts.AFTER_ALL_HEADER
    not_reviewed = {ApprovalStatus.TOO_MANY, ApprovalStatus.FAILED}
    return texts.NOT_REVIEWED_HEADER if verdict in not_reviewed else texts.HEADER


def _change(translator: Translator, alert: ApprovalAlert) -> str:
    newest = alert.newest
    match newest.verdict:
        case ApprovalStatus.REWRITTEN:
            return translator.text(texts.REWRITTEN)
        case ApprovalStatus.TAMPERED:
            return translator.text(texts.TAMPERED, number=_number(newest))
    return (
        translator.text(texts.PULL, number=_number(newest))
        if newest.pull
        else translator.count(texts.DIRECT, len(alert.commits))
    )


def _sentence(translator: Translator, alert: ApprovalAlert) -> str:
    newest = alert.newest
    if newest.verdict is ApprovalStatus.REWRITTEN:
        return _rewrite_sentence(translator, newest)
    phrase = _SENTENCES.get(newest.verdict)
    if phrase is None:
        return translator.count(texts.PUSHED_DIRECTLY, len(alert.commits))
    who = common.listed(translator, alert.approved_later_by or newest.approvers)
    return translator.text(
        phrase,
        number=_number(newest),
        who=who,
        before=common.short_revision(translator, newest.parent),
        after=newest.sha[:8],
        limit=str(MAX_COMMITS),
        why=clip(translator.localize(newest.why), 400) if newest.why else "",
    )


def _rewrite_sentence(translator: Translator, record: ApprovalRecord) -> str:
    sentence = translator.text(
        texts.HISTORY_REWRITTEN_BY if record.pushed_by else texts.HISTORY_REWRITTEN,
        who=clip(record.pushed_by or "", 60),
        before=common.short_revision(translator, record.parent),
    )
    return f"{sentence} {clip(translator.localize(record.why), 400)}" if record.why else sentence


def _moved_commits(translator: Translator, record: ApprovalRecord) -> list[list[Element]]:
    """What a history rewrite removed and added, and the new head, which can be an old commit by anyone."""
    lines: list[list[Element]] = []
    for moved, phrase, more in (
        (record.removed, texts.REMOVED, texts.MORE_REMOVED),
        (record.added, texts.ADDED, texts.MORE_ADDED),
    ):
        for commit in moved.commits if moved else ():
            subject, author = words(clip(commit.subject, 150), bold=True), clip(commit.author, 60)
            lines.append(rich_line(translator, phrase, sha=code(commit.sha[:8]), subject=subject, author=author))
        if moved and moved.more:
            lines.append([words(translator.count(more, moved.more), italic=True)])
    short = record.sha[:8]
    head = rich_line(
        translator,
        texts.NOW_AT,
        sha=link(record.url, short) if record.url else code(short),
        subject=words(clip(record.subject, 150), bold=True),
    )
    return [*lines, head + _arrival(translator, record)]


def _number(record: ApprovalRecord) -> str:
    return str(record.pull.number) if record.pull else ""


def _commits(translator: Translator, alert: ApprovalAlert) -> list[list[Element]]:
    newest_first = alert.commits[::-1]
    lines = [_commit(translator, record) for record in newest_first[:_MAX_COMMITS]]
    omitted = len(newest_first) - _MAX_COMMITS
    return [*lines, [words(translator.count(texts.MORE_COMMITS, omitted), italic=True)]] if omitted > 0 else lines


def _commit(translator: Translator, record: ApprovalRecord) -> list[Element]:
    short = record.sha[:8]
    line = rich_line(
        translator,
        texts.COMMIT,
        sha=link(record.url, short) if record.url else code(short),
        subject=words(clip(record.subject, 150), bold=True),
        people=people.line(translator, record.people, has_pull=record.pull is not None),
    )
    if record.pushed_by:
        line += rich_line(translator, texts.PUSHED_BY, who=clip(record.pushed_by, 60))
    if record.pull:
        line += [words(" · "), link(record.pull.url, f"#{record.pull.number} {clip(record.pull.title, 80)}")]
    return line + _arrival(translator, record)


def _arrival(translator: Translator, record: ApprovalRecord) -> list[Element]:
    return rich_line(translator, texts.AT, branch=clip(record.branch, 60), time=date(record.reached_at))


def _diff(translator: Translator, alert: ApprovalAlert) -> list[Block]:
    lines = [line for record in alert.commits for line in record.diff.splitlines()]
    withheld = [line.removeprefix(WITHHELD_PREFIX) for line in lines if line.startswith(WITHHELD_PREFIX)]
    shown = "\n".join(line for line in lines if not line.startswith(WITHHELD_PREFIX))
    blocks: list[Block] = []
    if shown:
        blocks.append(rich(preformatted(shown[:_MAX_DIFF])))
    notes = []
    if withheld:
        notes.append(translator.text(texts.NOT_SHOWN, files=common.listed(translator, withheld, 5)))
    if is_long(alert):
        notes.append(translator.text(texts.LONGER))
    return [*blocks, note(*notes)] if notes else blocks


def is_long(alert: ApprovalAlert) -> bool:
    """Whether the diff is too long for the card."""
    return any(record.more for record in alert.commits) or sum(len(record.diff) for record in alert.commits) > _MAX_DIFF


def _revert(translator: Translator, alert: ApprovalAlert) -> Element:
    newest = alert.newest
    parent, _ = alert.ranges[-1]  # without others that turned out to be approved
    if newest.pull and all(record.pull and record.pull.number == newest.pull.number for record in alert.commits):
        revision = newest.pull.url
    elif parent != newest.parent:
        revision = f"{parent}..{newest.sha}"
    else:
        revision = newest.url or newest.sha
    return revert_button(translator, revision, next(iter(alert.applications), None), newest.subject, "danger")

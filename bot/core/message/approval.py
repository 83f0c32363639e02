"""What the bot says of commits that nobody approved: one card, kept current, and a file where the diff is long."""

from bot.core.approval import Alert, Judgement, Verdict
from bot.core.message import wording
from bot.core.message.blocks import (
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
    words,
)
from bot.core.message.catalogue import approval as texts
from bot.core.message.language import Phrase, Say
from bot.core.message.revert import ask
from bot.core.patch import WITHHELD

_MOST_COMMITS = 5
_MOST_DIFF = 2_500

_HOW: dict[Verdict, Phrase] = {
    Verdict.SELF: texts.BY_ITSELF,
    Verdict.BYPASSED: texts.BYPASSING,
    Verdict.STALE: texts.OLDER_HEAD,
    Verdict.TOO_FEW: texts.FEWER,
    Verdict.TAMPERED: texts.CHANGED,
    Verdict.REWRITTEN: texts.REWRITING,
    Verdict.APPROVED: texts.AFTER_ALL,
}


def card(say: Say, alert: Alert) -> Message:
    """The alert's one message in a channel, as it should read now."""
    last, seen = alert.last, alert.seen_by
    branch = clip(last.branch, 60)
    sentence = _how(say, alert)
    touched = wording.listed(say, alert.applications)
    later = wording.listed(say, seen, 5) if last.verdict is not Verdict.APPROVED else ""
    text = say.text(
        texts.TEXT,
        sentence=sentence,
        subject=f"{last.sha[:8]} ({clip(last.subject, 120)})",
        author=clip(last.author, 60),
        branch=branch,
        touched=say.text(texts.TOUCHING, applications=touched) if touched else "",
        seen=say.text(texts.SEEN_BY, who=later) if later else "",
    )
    closed = texts.SEEN_HEADER if later else texts.AFTER_ALL_HEADER
    headline = say.text(closed if seen else texts.HEADER, what=_what(say, alert), branch=branch)
    applications = wording.listed(say, alert.applications, 5)
    touches = texts.TOUCHES if alert.applications else texts.TOUCHES_NONE
    blocks: list[Block] = [
        header(headline),
        rich(paragraph(words(sentence))),
        rich(bullets(_commits(say, alert)), paragraph(words(say.text(touches, applications=applications)))),
    ]
    blocks += _diff(say, alert)
    if later:
        blocks.append(note(say.text(texts.SEEN, who=later)))
    if not seen and last.verdict is not Verdict.REWRITTEN:
        blocks.append(actions(_revert(say, alert)))
    return message(text, *blocks)


def file_name(alert: Alert) -> str:
    """The file's name."""
    return f"{alert.last.repository}-{alert.last.sha[:8]}.diff"


def file_title(say: Say, alert: Alert) -> str:
    """What Slack shows above the file."""
    return say.text(texts.FILE_TITLE, branch=clip(alert.last.branch, 60))


def _what(say: Say, alert: Alert) -> str:
    last = alert.last
    match last.verdict:
        case Verdict.REWRITTEN:
            return say.text(texts.REWRITTEN)
        case Verdict.TAMPERED:
            return say.text(texts.TAMPERED, number=_number(last))
    return say.text(texts.PULL, number=_number(last)) if last.pull else say.count(texts.DIRECT, len(alert.commits))


def _how(say: Say, alert: Alert) -> str:
    last = alert.last
    how = _HOW.get(last.verdict)
    if how is None:
        return say.count(texts.DIRECTLY, len(alert.commits))
    who = wording.listed(say, last.approvers)
    return say.text(how, number=_number(last), who=who, before=wording.short(say, last.parent))


def _number(judgement: Judgement) -> str:
    return str(judgement.pull.number) if judgement.pull else ""


def _commits(say: Say, alert: Alert) -> list[list[Element]]:
    newest_first = alert.commits[::-1]
    lines = [_commit(say, each) for each in newest_first[:_MOST_COMMITS]]
    left = len(newest_first) - _MOST_COMMITS
    return [*lines, [words(say.count(texts.MORE_COMMITS, left), italic=True)]] if left > 0 else lines


def _commit(say: Say, judgement: Judgement) -> list[Element]:
    short = judgement.sha[:8]
    told = say.line(
        texts.COMMIT,
        sha=link(judgement.url, short) if judgement.url else code(short),
        subject=words(clip(judgement.subject, 150), bold=True),
        author=clip(judgement.author, 60),
    )
    if judgement.pushed_by:
        told += say.line(texts.PUSHED_BY, who=clip(judgement.pushed_by, 60))
    if judgement.pull:
        told += [words(" · "), link(judgement.pull.url, f"#{judgement.pull.number} {clip(judgement.pull.title, 80)}")]
        if judgement.pull.merged_by:
            told += say.line(texts.MERGED_BY, who=clip(judgement.pull.merged_by, 60))
    return told + say.line(texts.AT, branch=clip(judgement.branch, 60), time=moment(judgement.reached_at))


def _diff(say: Say, alert: Alert) -> list[Block]:
    lines = [line for each in alert.commits for line in each.diff.splitlines()]
    withheld = [line.removeprefix(WITHHELD) for line in lines if line.startswith(WITHHELD)]
    shown = "\n".join(line for line in lines if not line.startswith(WITHHELD))
    blocks: list[Block] = []
    if shown:
        blocks.append(rich(preformatted(shown[:_MOST_DIFF])))
    notes = []
    if withheld:
        notes.append(say.text(texts.NOT_SHOWN, files=wording.listed(say, withheld, 5)))
    if is_long(alert):
        notes.append(say.text(texts.LONGER))
    return [*blocks, note(*notes)] if notes else blocks


def is_long(alert: Alert) -> bool:
    """Whether the card cannot hold the whole diff."""
    return any(each.more for each in alert.commits) or sum(len(each.diff) for each in alert.commits) > _MOST_DIFF


def _revert(say: Say, alert: Alert) -> Element:
    first, last = alert.commits[0], alert.last
    if last.pull:
        revision = last.pull.url
    elif len(alert.commits) > 1:
        revision = f"{first.parent}..{last.sha}"
    else:
        revision = last.url or last.sha
    return ask(say, revision, next(iter(alert.applications), None), last.subject, "danger")

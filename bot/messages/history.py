"""The answer to `/gitops history`."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.core.approvals.approval import ApprovalStatus, Judgement
from bot.core.git.commit import Commit, PullRequest, title
from bot.i18n.catalogue import history as texts
from bot.i18n.language import LocalizedText, Translator
from bot.messages import common
from bot.messages.blocks import (
    Block,
    Element,
    Message,
    bullets,
    clip,
    code,
    date,
    fill,
    link,
    message,
    paragraph,
    rich,
    rich_line,
    text_message,
    words,
)

# Characters of JSON.
_MAX_ALONE = 9_000
_MAX_BESIDE = 5_000


@dataclass(frozen=True, slots=True)
class Entry:
    """One first-parent commit. `approvers` None: the forge could not say; `live` pairs of application and instant.

    A `judgement` says more than `approvers`.
    """

    commit: Commit
    url: str | None
    pull: PullRequest | None
    approvers: tuple[str, ...] | None
    live: tuple[tuple[str, datetime], ...]
    merged_at: datetime
    judgement: Judgement | None = None


def no_forge() -> LocalizedText:
    """Why nobody can say who approved."""
    return LocalizedText(texts.NO_FORGE)


def answer(
    translator: Translator,
    entries: Sequence[Entry],
    branch: str,
    application: str | None,
    approvals_error: str | None,
    suspected: Sequence[Block] = (),
) -> Message:
    """Newest first, after what is `suspected`. `approvals_error` is why approvals are unknown, when they are."""
    values = {"branch": clip(branch, 60), "application": application or ""}
    if not entries:
        text = translator.text(texts.NONE_OF if application else texts.NONE, **values)
        return text_message(text)
    newest = entries[0]
    lead = translator.count(texts.LAST_OF if application else texts.LAST, len(entries), **values)
    subject = clip(title(newest.commit, newest.pull), 120)
    text = translator.count(texts.SENTENCE, len(entries), lead=lead, sha=newest.commit.short, subject=subject)
    blocks = [*suspected, rich(paragraph(words(lead, bold=True)))]
    blocks += fill(
        [[bullets([_line(translator, entry)])] for entry in entries],
        lambda left: paragraph(words(translator.count(texts.MORE_COMMITS, left))),
        budget=_MAX_BESIDE if suspected else _MAX_ALONE,
    )
    if approvals_error:
        unknown = translator.text(texts.APPROVALS_UNKNOWN, reason=clip(translator.told(approvals_error), 400))
        blocks.append(rich(paragraph(words(unknown))))
    return message(text, *blocks)


def _line(translator: Translator, entry: Entry) -> list[Element]:
    line = rich_line(
        translator,
        texts.ENTRY,
        sha=link(entry.url, entry.commit.short) if entry.url else code(entry.commit.short),
        time=date(entry.merged_at, "{date_short_pretty} {time}"),
        subject=words(clip(title(entry.commit, entry.pull), 150), bold=True),
        author=clip(entry.commit.author, 60),
    )
    if entry.pull:
        line += [words(" · "), link(entry.pull.url, f"#{entry.pull.number}")]
    line += _approved(translator, entry)
    for application, at in entry.live[:4]:
        line += rich_line(translator, texts.LIVE, application=application, took=common.duration(at - entry.merged_at))
    return line


_VERDICTS = {
    ApprovalStatus.SELF: texts.SELF_APPROVED,
    ApprovalStatus.BYPASSED: texts.APPROVED_BY_NOBODY,
    ApprovalStatus.STALE: texts.STALE,
    ApprovalStatus.TOO_FEW: texts.TOO_FEW,
    ApprovalStatus.DIRECT: texts.DIRECT,
    ApprovalStatus.TAMPERED: texts.DIFFERS,
    ApprovalStatus.AUTOMATION: texts.AUTOMATION,
    ApprovalStatus.APPROVED: texts.APPROVED_BY,
    ApprovalStatus.UNKNOWN: texts.APPROVER_UNKNOWN,
}


def _judged(translator: Translator, judgement: Judgement) -> list[Element]:
    line = rich_line(translator, _VERDICTS[judgement.verdict], who=common.listed(translator, judgement.approvers))
    if judgement.verdict is ApprovalStatus.APPROVED and not judgement.verified:
        line += rich_line(translator, texts.NOT_VERIFIED)
    if judgement.later:
        line += rich_line(translator, texts.LATER, who=common.listed(translator, judgement.later))
    return line


def _approved(translator: Translator, entry: Entry) -> list[Element]:
    if entry.judgement:
        return _judged(translator, entry.judgement)
    if entry.approvers is None:
        return rich_line(translator, texts.APPROVER_UNKNOWN)
    if entry.approvers:
        return rich_line(translator, texts.APPROVED_BY, who=common.listed(translator, entry.approvers))
    return rich_line(translator, texts.APPROVED_BY_NOBODY if entry.pull else texts.NO_PULL)

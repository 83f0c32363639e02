"""The answer to `/gitops history`."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.core.approval import Judgement, Verdict
from bot.core.commit import Commit, PullRequest, title
from bot.core.message import wording
from bot.core.message.blocks import (
    Block,
    Element,
    Message,
    bullets,
    clip,
    code,
    fill,
    link,
    message,
    moment,
    paragraph,
    rich,
    words,
)
from bot.core.message.catalogue import history as texts
from bot.core.message.language import Say, Told

# Characters of JSON.
_MOST_ALONE = 9_000
_MOST_BESIDE = 5_000


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


def no_forge() -> Told:
    """Why nobody can say who approved."""
    return Told(texts.NO_FORGE)


def listing(
    say: Say,
    entries: Sequence[Entry],
    branch: str,
    application: str | None,
    trouble: str | None,
    suspected: Sequence[Block] = (),
) -> Message:
    """Newest first, after what is `suspected`. `trouble` is why approvals are unknown, when they are."""
    of = {"branch": clip(branch, 60), "application": application or ""}
    if not entries:
        text = say.text(texts.NONE_OF if application else texts.NONE, **of)
        return message(text, rich(paragraph(words(text))))
    newest = entries[0]
    lead = say.count(texts.LAST_OF if application else texts.LAST, len(entries), **of)
    subject = clip(title(newest.commit, newest.pull), 120)
    text = say.count(texts.SENTENCE, len(entries), lead=lead, sha=newest.commit.short, subject=subject)
    blocks = [*suspected, rich(paragraph(words(lead, bold=True)))]
    blocks += fill(
        [[bullets([_line(say, entry)])] for entry in entries],
        lambda left: paragraph(words(say.count(texts.MORE_COMMITS, left))),
        budget=_MOST_BESIDE if suspected else _MOST_ALONE,
    )
    if trouble:
        unknown = say.text(texts.APPROVALS_UNKNOWN, reason=clip(say.told(trouble), 400))
        blocks.append(rich(paragraph(words(unknown))))
    return message(text, *blocks)


def _line(say: Say, entry: Entry) -> list[Element]:
    line = say.line(
        texts.ENTRY,
        sha=link(entry.url, entry.commit.short) if entry.url else code(entry.commit.short),
        time=moment(entry.merged_at, "{date_short_pretty} {time}"),
        subject=words(clip(title(entry.commit, entry.pull), 150), bold=True),
        author=clip(entry.commit.author, 60),
    )
    if entry.pull:
        line += [words(" · "), link(entry.pull.url, f"#{entry.pull.number}")]
    line += _approved(say, entry)
    for application, at in entry.live[:4]:
        line += say.line(texts.LIVE, application=application, took=wording.duration(at - entry.merged_at))
    return line


_VERDICTS = {
    Verdict.SELF: texts.SELF_APPROVED,
    Verdict.BYPASSED: texts.APPROVED_BY_NOBODY,
    Verdict.STALE: texts.STALE,
    Verdict.TOO_FEW: texts.TOO_FEW,
    Verdict.DIRECT: texts.DIRECT,
    Verdict.TAMPERED: texts.DIFFERS,
    Verdict.AUTOMATION: texts.AUTOMATION,
    Verdict.APPROVED: texts.APPROVED_BY,
    Verdict.UNKNOWN: texts.APPROVER_UNKNOWN,
}


def _judged(say: Say, judgement: Judgement) -> list[Element]:
    told = say.line(_VERDICTS[judgement.verdict], who=wording.listed(say, judgement.approvers))
    if judgement.verdict is Verdict.APPROVED and not judgement.verified:
        told += say.line(texts.NOT_VERIFIED)
    if judgement.later:
        told += say.line(texts.LATER, who=wording.listed(say, judgement.later))
    return told


def _approved(say: Say, entry: Entry) -> list[Element]:
    if entry.judgement:
        return _judged(say, entry.judgement)
    if entry.approvers is None:
        return say.line(texts.APPROVER_UNKNOWN)
    if entry.approvers:
        return say.line(texts.APPROVED_BY, who=wording.listed(say, entry.approvers))
    return say.line(texts.APPROVED_BY_NOBODY if entry.pull else texts.NO_PULL)

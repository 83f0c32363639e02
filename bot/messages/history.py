"""The answer to `/gitops history`."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.core.approvals.approval import ApprovalRecord, ApprovalStatus
from bot.core.git.commit import Commit, PullRequest, change_title
from bot.core.git.people import ChangePeople
from bot.i18n.catalogue import history as texts
from bot.i18n.language import LocalizedText, Text, Translator
from bot.messages import common, people
from bot.messages.blocks import (
    MAX_JSON,
    Block,
    Element,
    Message,
    bullets,
    clip,
    code,
    date,
    fill,
    join,
    link,
    message,
    paragraph,
    rich,
    rich_line,
    text_message,
    words,
)

# Characters of JSON for the commits.
_MAX_LIST = 9_000
_MAX_LIST_BELOW_SUSPECTS = 5_000
_MAX_REPOSITORIES = 8


@dataclass(frozen=True, slots=True)
class Entry:
    """One first-parent commit. `live` has how long it took to go live, by application.

    `record` is the verdict on its approval, if there is one.
    """

    commit: Commit
    url: str | None
    pull: PullRequest | None
    people: ChangePeople
    live: tuple[tuple[str, timedelta], ...]
    merged_at: datetime
    record: ApprovalRecord | None = None


def no_forge() -> LocalizedText:
    """Why approvals are unknown in a repository without a forge."""
    return LocalizedText(texts.NO_FORGE)


def answer(
    translator: Translator,
    entries: Sequence[Entry],
    branch: str,
    application: str | None,
    approvals_error: Text | None,
    suspected: Sequence[Block] = (),
    *,
    repositories: int = 1,
) -> Message:
    """The commits, newest first, below the `suspected` ones. `approvals_error` is why approvals are unknown, if so.

    With several `repositories`, it takes only its share of a message, but it always shows the newest commit.
    """
    values = {"branch": clip(branch, 60), "application": application or ""}
    if not entries:
        return text_message(translator.text(texts.NONE_OF if application else texts.NONE, **values))
    newest = entries[0]
    lead = translator.count(texts.LAST_OF if application else texts.LAST, len(entries), **values)
    subject = clip(change_title(newest.commit, newest.pull), 120)
    text = translator.count(texts.SENTENCE, len(entries), lead=lead, sha=newest.commit.short_sha, subject=subject)
    blocks = [*suspected, rich(paragraph(words(lead, bold=True)))]
    parts = [[bullets([_line(translator, entry)])] for entry in entries]
    share = (_MAX_LIST_BELOW_SUSPECTS if suspected else _MAX_LIST) // min(repositories, _MAX_REPOSITORIES)
    blocks += fill(parts, common.more(translator, texts.MORE_COMMITS, italic=False), budget=share)
    if approvals_error:
        unknown = translator.text(texts.APPROVALS_UNKNOWN, reason=clip(translator.localize(approvals_error), 400))
        blocks.append(rich(paragraph(words(unknown))))
    return message(text, *blocks)


def answer_of_all(translator: Translator, answers: Iterable[Message], total: int) -> Message:
    """The `total` repositories' answers as one message: as many as fit, and how many were left out."""
    shown: list[Message] = []
    room = MAX_JSON - 500
    for one in answers:
        room -= _size(one.blocks)
        if shown and (room < 0 or len(shown) == _MAX_REPOSITORIES):
            break
        shown.append(one)
    if left := total - len(shown):
        shown.append(text_message(translator.count(texts.MORE_REPOSITORIES, left)))
    return join(shown)


def _size(part: Sequence[Block]) -> int:
    return len(json.dumps(part, ensure_ascii=False))


def _line(translator: Translator, entry: Entry) -> list[Element]:
    line = rich_line(
        translator,
        texts.ENTRY,
        sha=link(entry.url, entry.commit.short_sha) if entry.url else code(entry.commit.short_sha),
        time=date(entry.merged_at, "{date_short_pretty} {time}"),
        subject=words(clip(change_title(entry.commit, entry.pull), 150), bold=True),
        people=people.line(translator, entry.people, has_pull=_has_approval(entry)),
    )
    if entry.pull:
        line += [words(" · "), link(entry.pull.url, f"#{entry.pull.number}")]
    line += _verdict(translator, entry)
    for application, took in entry.live[:4]:
        line += rich_line(translator, texts.LIVE, application=application, took=common.duration(took))
    return line


# What the line about people doesn't show.
_VERDICTS = {
    ApprovalStatus.SELF: texts.SELF_APPROVED,
    ApprovalStatus.INELIGIBLE: texts.INELIGIBLE,
    ApprovalStatus.STALE: texts.STALE,
    ApprovalStatus.RETARGETED: texts.RETARGETED,
    ApprovalStatus.TOO_FEW: texts.TOO_FEW,
    ApprovalStatus.TOO_MANY: texts.NOT_REVIEWED,
    ApprovalStatus.FAILED: texts.NOT_REVIEWED,
    ApprovalStatus.DIRECT: texts.DIRECT,
    ApprovalStatus.TAMPERED: texts.DIFFERS,
    ApprovalStatus.AUTOMATION: texts.AUTOMATION,
}


def _has_approval(entry: Entry) -> bool:
    """Whether the line shows approval: it has a pull request, or the forge could not report one."""
    return entry.pull is not None or entry.people.approvers is None


def _verdict(translator: Translator, entry: Entry) -> list[Element]:
    record = entry.record
    if record is None:
        return [] if _has_approval(entry) else rich_line(translator, texts.NO_PULL)
    line = rich_line(translator, _VERDICTS[record.verdict]) if record.verdict in _VERDICTS else []
    if record.verdict is ApprovalStatus.APPROVED and not record.verified:
        line += rich_line(translator, texts.NOT_VERIFIED)
    if record.later:
        line += rich_line(translator, texts.LATER, who=common.listed(translator, record.later))
    return line

"""The answer to `/gitops history`."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.core.commit import Commit, PullRequest
from bot.core.message import wording
from bot.core.message.blocks import Element, Message, clip, code, fill, link, message, moment, paragraph, rich, words
from bot.core.message.language import ENGLISH as EN


@dataclass(frozen=True, slots=True)
class Entry:
    """One first-parent commit. `approvers` None: the forge could not say; `live` pairs of application and instant."""

    commit: Commit
    url: str | None
    pull: PullRequest | None
    approvers: tuple[str, ...] | None
    live: tuple[tuple[str, datetime], ...]
    merged_at: datetime


def listing(entries: Sequence[Entry], branch: str, application: str | None, trouble: str | None) -> Message:
    """Newest first. `trouble` is why approvals are unknown, when they are."""
    of = f" that changed {application}" if application else ""
    if not entries:
        text = f"No commit{of} is on {clip(branch, 60)}."
        return message(text, rich(paragraph(words(text))))
    newest = entries[0]
    text = (
        f"The last {wording.count(len(entries), 'commit')}{of} on {clip(branch, 60)}; "
        f"newest {newest.commit.short}, {clip(newest.commit.subject, 120)}."
    )
    lead = f"The last {wording.count(len(entries), 'commit')}{of} on {clip(branch, 60)}"
    blocks = [rich(paragraph(words(lead, bold=True)))]
    blocks += fill(
        [[paragraph(*_line(entry))] for entry in entries],
        lambda left: paragraph(words(f"… and {wording.count(left, 'more commit')}.")),
    )
    if trouble:
        blocks.append(rich(paragraph(words(f"⚠️ Who approved is unknown: {clip(trouble, 400)}"))))
    return message(text, *blocks)


def _line(entry: Entry) -> list[Element]:
    sha = link(entry.url, entry.commit.short) if entry.url else code(entry.commit.short)
    line = [sha, words(" "), moment(entry.merged_at, "{date_short_pretty} {time}"), words(" ")]
    line.append(words(clip(entry.commit.subject, 150), bold=True))
    line.append(words(f"\n    by {clip(entry.commit.author, 60)}"))
    if entry.pull:
        line += [words(" · "), link(entry.pull.url, f"#{entry.pull.number}")]
    if entry.approvers is None:
        line.append(words(" · approver unknown"))
    elif entry.approvers:
        line.append(words(f" · approved by {wording.listed(EN, entry.approvers)}"))
    else:
        line.append(words(" · approved by nobody" if entry.pull else " · no pull request, so approved by nobody"))
    for application, at in entry.live[:4]:
        line.append(words(f" · live on {application} after {wording.duration(at - entry.merged_at)}"))
    return line

"""What the bot says of a merge on its way to the clusters: one card, kept current."""

from datetime import datetime

from bot.core.message import wording
from bot.core.message.blocks import (
    Block,
    Element,
    Message,
    bullets,
    clip,
    code,
    fill,
    header,
    link,
    message,
    moment,
    note,
    paragraph,
    rich,
    words,
)
from bot.core.message.catalogue import rollout as texts
from bot.core.message.language import Say, Value
from bot.core.rollout import Part, Rollout, RolloutState


def card(say: Say, rollout: Rollout) -> Message:
    """The rollout's one message in a channel, as it should read now."""
    headline, sentence = _headline(say, rollout)
    text = say.text(
        texts.TEXT,
        sentence=sentence,
        revision=wording.short(say, rollout.revision),
        title=clip(rollout.subject, 90),
    )
    blocks: list[Block] = [header(headline), rich(paragraph(*_merge(say, rollout)))]
    blocks += fill(
        [[bullets([_part(say, part, rollout.merged_at)])] for part in rollout.parts],
        lambda left: paragraph(words(say.count(texts.MORE_APPLICATIONS, left))),
    )
    if rollout.state is RolloutState.LATE:
        blocks.append(note(say.text(texts.LATE_NOTE)))
    return message(text, *blocks)


def ended_reply(say: Say, rollout: Rollout) -> Message:
    """Told once in the card's thread: the developer who merged is waiting for just this."""
    _, sentence = _headline(say, rollout)
    return message(sentence, rich(paragraph(words(sentence))))


def _headline(say: Say, rollout: Rollout) -> tuple[str, str]:
    names = wording.listed(say, (part.application for part in rollout.parts), 4)
    waiting = [part for part in rollout.parts if part.live_at is None]
    match rollout.state:
        case RolloutState.LIVE:
            took = wording.duration((rollout.ended_at or rollout.merged_at) - rollout.merged_at)
            told = {"names": names, "took": took}
            return say.text(texts.LIVE_HEADER, **told), say.text(texts.LIVE, **told)
        case RolloutState.SUPERSEDED:
            newer = wording.short(say, rollout.superseded_by)
            return say.text(texts.SUPERSEDED_HEADER, names=names), say.text(texts.SUPERSEDED, names=names, newer=newer)
        case RolloutState.LATE:
            late = wording.listed(say, (part.application for part in waiting), 4)
            return say.text(texts.LATE_HEADER, names=late), say.count(texts.LATE, len(waiting), names=late)
        case RolloutState.ROLLING:
            live, parts = len(rollout.parts) - len(waiting), len(rollout.parts)
            sentence = texts.ROLLING_PARTLY if live else texts.ROLLING
            done = say.text(sentence, names=names, live=say.number(live), all=say.number(parts))
            return say.text(texts.ROLLING_HEADER, names=names), done


def _merge(say: Say, rollout: Rollout) -> list[Element]:
    told = [words(clip(rollout.subject, 300), bold=True), words("\n")]
    sha = wording.short(say, rollout.revision)
    told.append(link(rollout.url, sha) if rollout.url else code(sha))
    if rollout.pull_number and rollout.pull_url:
        told += [words(" · "), link(rollout.pull_url, f"#{rollout.pull_number}")]
    told += say.line(texts.WRITTEN_BY, author=clip(rollout.author, 80))
    if rollout.merged_by:
        told += say.line(texts.MERGED_BY, who=clip(rollout.merged_by, 80))
    if rollout.approved_by:
        told += say.line(texts.APPROVED_BY, who=wording.listed(say, rollout.approved_by))
    elif rollout.pull_number:
        told += say.line(texts.APPROVED_BY_NOBODY)
    return told + say.line(texts.MERGED_AT, branch=clip(rollout.branch, 60), time=moment(rollout.merged_at))


def _part(say: Say, part: Part, merged_at: datetime) -> list[Element]:
    where: dict[str, Value] = {"application": words(part.application, bold=True), "cluster": part.cluster}
    if part.live_at:
        took = wording.duration(part.live_at - merged_at)
        return say.line(texts.PART_LIVE, **where, took=took, time=moment(part.live_at))
    if part.error:
        return say.line(texts.PART_UNKNOWN, **where, reason=clip(part.error, 300))
    if part.missing:
        missing = wording.listed(say, (clip(each, 160) for each in part.missing), 4)
        return say.line(texts.PART_MISSING, **where, missing=missing)
    return say.line(texts.PART_UNSEEN, **where)

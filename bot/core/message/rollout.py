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
from bot.core.rollout import Part, Rollout, RolloutState


def card(rollout: Rollout) -> Message:
    """The rollout's one message in a channel, as it should read now."""
    title = clip(rollout.subject, 90)
    headline, sentence = _headline(rollout)
    text = f"{sentence} Merge {wording.short(rollout.revision)}: {title}."
    blocks: list[Block] = [header(headline), rich(paragraph(*_merge(rollout)))]
    blocks += fill(
        [[bullets([_part(part, rollout.merged_at)])] for part in rollout.parts],
        lambda left: paragraph(words(f"… and {wording.count(left, 'more application')}.")),
    )
    if rollout.state is RolloutState.LATE:
        blocks.append(note("The deployer has not brought it there. Still watching: this card changes when it arrives."))
    return message(text, *blocks)


def ended_reply(rollout: Rollout) -> Message:
    """Told once in the card's thread: the developer who merged is waiting for just this."""
    _, sentence = _headline(rollout)
    return message(sentence, rich(paragraph(words(sentence))))


def _headline(rollout: Rollout) -> tuple[str, str]:
    names = wording.listed((part.application for part in rollout.parts), 4)
    waiting = [part for part in rollout.parts if part.live_at is None]
    match rollout.state:
        case RolloutState.LIVE:
            took = wording.duration((rollout.ended_at or rollout.merged_at) - rollout.merged_at)
            return f"✅ Live in {took}: {names}", f"{names} went live in {took} after the merge."
        case RolloutState.SUPERSEDED:
            newer = wording.short(rollout.superseded_by)
            return f"⏭️ Superseded: {names}", f"{names} went live with a newer merge, {newer}."
        case RolloutState.LATE:
            late = wording.listed((part.application for part in waiting), 4)
            return f"⚠️ Not live: {late}", f"{late} {'is' if len(waiting) == 1 else 'are'} still not live."
        case RolloutState.ROLLING:
            live = len(rollout.parts) - len(waiting)
            done = f" ({live} of {len(rollout.parts)} live)" if live else ""
            return f"🚚 Merged, on its way: {names}", f"{names}: merged, on its way to the cluster{done}."


def _merge(rollout: Rollout) -> list[Element]:
    told = [words(clip(rollout.subject, 300), bold=True), words("\n")]
    sha = wording.short(rollout.revision)
    told.append(link(rollout.url, sha) if rollout.url else code(sha))
    if rollout.pull_number and rollout.pull_url:
        told += [words(" · "), link(rollout.pull_url, f"#{rollout.pull_number}")]
    told.append(words(f" by {clip(rollout.author, 80)}"))
    if rollout.merged_by:
        told.append(words(f", merged by {clip(rollout.merged_by, 80)}"))
    if rollout.approved_by:
        told.append(words(f", approved by {wording.listed(rollout.approved_by)}"))
    elif rollout.pull_number:
        told.append(words(", approved by nobody"))
    return [*told, words(f" · {clip(rollout.branch, 60)} at "), moment(rollout.merged_at)]


def _part(part: Part, merged_at: datetime) -> list[Element]:
    line = [words(part.application, bold=True), words(f" on {part.cluster}: ")]
    if part.live_at:
        return [*line, words(f"live in {wording.duration(part.live_at - merged_at)}, at "), moment(part.live_at)]
    if part.error:
        return [*line, words(f"unknown: {clip(part.error, 300)}")]
    if part.missing:
        return [*line, words(f"not yet: {wording.listed((clip(each, 160) for each in part.missing), 4)}")]
    return [*line, words("waiting for the first look")]

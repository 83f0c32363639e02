"""The card of a rollout, one merge on its way to the clusters, and the replies in its thread."""

from collections.abc import Sequence

from bot.core.rollouts.rollout import ApplicationRollout, Rollout, RolloutState
from bot.i18n.catalogue import rollout as texts
from bot.i18n.language import Phrase, Translator
from bot.messages import common, people, suspect
from bot.messages.blocks import (
    Block,
    Element,
    Message,
    actions,
    clip,
    code,
    date,
    fill,
    header,
    link,
    message,
    note,
    paragraph,
    rich,
    rich_line,
    text_message,
    words,
)
from bot.messages.revert import revert_button
from bot.messages.rollout_change import changes, unpinned
from bot.messages.rollout_progress import progress

_MAX_CHANGES = 3_500  # characters of JSON: the progress below it has to fit too
_MAX_PROGRESS = 4_500


def card(translator: Translator, rollout: Rollout) -> Message:
    """The rollout's message in a channel, as it should read now. Posting it notifies the authors."""
    headline, sentence = _headline(translator, rollout)
    text = translator.text(
        texts.TEXT_REWRITTEN if rollout.rewritten else texts.TEXT_SEVERAL if rollout.merges > 1 else texts.TEXT,
        sentence=sentence,
        n=translator.number(rollout.merges),
        revision=common.short_revision(translator, rollout.revision),
        title=clip(rollout.subject, 90),
    )
    blocks: list[Block] = [header(headline), rich(paragraph(*_merge(translator, rollout)))]
    blocks += fill(
        changes(translator, rollout.parts),
        common.more(translator, texts.MORE_CHANGES),
        budget=_MAX_CHANGES,
    )
    if images := unpinned(translator, rollout.parts):
        blocks.append(rich(paragraph(*images)))
    blocks += fill(
        progress(translator, rollout),
        common.more(translator, texts.MORE_APPLICATIONS, italic=False),
        budget=_MAX_PROGRESS,
    )
    if rollout.state is RolloutState.LATE:
        own = (rollout.revision, f"#{rollout.pull_number}") if rollout.url and not rollout.rewritten else ()
        stuck = next((part.application for part in rollout.parts if part.live_at is None), "")
        blocks += suspect.rollout_suspects(translator, rollout.suspects, stuck, own)
        blocks.append(note(translator.text(_late_note(rollout))))
    if rollout.url and not rollout.rewritten:  # without a forge no pull request can be opened
        blocks.append(actions(_revert(translator, rollout)))
    return message(text, *blocks)


def ended_reply(translator: Translator, rollout: Rollout) -> Message:
    """The reply in the card's thread when the rollout has ended, which notifies the authors."""
    _, sentence = _headline(translator, rollout)
    if rollout.state is not RolloutState.LIVE:
        return text_message(sentence)
    return message(sentence, rich(paragraph(*_to_authors(translator, rollout, sentence))))


def late_reply(translator: Translator, rollout: Rollout) -> Message:
    """The reply in the card's thread when the rollout is late, since updating a card notifies nobody."""
    _, sentence = _headline(translator, rollout)
    waiting = fill(
        progress(translator, rollout, waiting=True),
        common.more(translator, texts.MORE_APPLICATIONS, italic=False),
        budget=_MAX_PROGRESS,
    )
    return message(sentence, rich(paragraph(*_to_authors(translator, rollout, sentence))), *waiting)


def _headline(translator: Translator, rollout: Rollout) -> tuple[str, str]:
    names = common.listed(translator, (part.application for part in rollout.parts), 4)
    waiting = [part for part in rollout.parts if part.live_at is None]
    match rollout.state:
        case RolloutState.LIVE:
            took = common.duration((rollout.ended_at or rollout.merged_at) - rollout.merged_at)
            values = {"names": names, "took": took}
            return translator.text(texts.LIVE_HEADER, **values), translator.text(texts.LIVE, **values)
        case RolloutState.SUPERSEDED:
            newer = common.short_revision(translator, rollout.superseded_by)
            return translator.text(texts.SUPERSEDED_HEADER, names=names), translator.text(
                texts.SUPERSEDED, names=names, newer=newer
            )
        case RolloutState.LATE:
            late = common.listed(translator, (part.application for part in waiting), 4)
            if all(part.error for part in waiting):
                return translator.text(texts.UNKNOWN_HEADER, names=late), translator.count(
                    texts.UNKNOWN, len(waiting), names=late
                )
            values = {"names": late, "because": _why_late(translator, waiting)}
            return translator.text(texts.LATE_HEADER, **values), translator.count(texts.LATE, len(waiting), **values)
        case RolloutState.ROLLING:
            live, parts = len(rollout.parts) - len(waiting), len(rollout.parts)
            phrase = texts.ROLLING_PARTLY if live else texts.ROLLING
            sentence = translator.text(phrase, names=names, live=translator.number(live), all=translator.number(parts))
            return translator.text(texts.ROLLING_HEADER, names=names), sentence


def _why_late(translator: Translator, waiting: Sequence[ApplicationRollout]) -> str:
    """The first workload that is not ready for a reason; "" if there is none."""
    unready = (workload for part in waiting for workload in part.pending.unready if workload.reason)
    workload = next(unready, None)
    if workload is None:
        return ""
    return translator.text(texts.BECAUSE, workload=clip(workload.name, 60), reason=clip(workload.reason, 100))


def _late_note(rollout: Rollout) -> Phrase:
    waiting = [part for part in rollout.parts if part.live_at is None]
    if all(part.error for part in waiting):
        return texts.UNKNOWN_NOTE
    return texts.NOT_READY_NOTE if all(part.pending.unready for part in waiting) else texts.LATE_NOTE


def _subject(translator: Translator, rollout: Rollout) -> str:
    if rollout.rewritten:
        return translator.text(texts.REWRITTEN, subject=rollout.subject)
    return (
        translator.count(texts.SEVERAL, rollout.merges, subject=rollout.subject)
        if rollout.merges > 1
        else rollout.subject
    )


def _merge(translator: Translator, rollout: Rollout) -> list[Element]:
    line = [words(clip(_subject(translator, rollout), 300), bold=True), words("\n")]
    sha = common.short_revision(translator, rollout.revision)
    line.append(link(rollout.url, sha) if rollout.url else code(sha))
    if rollout.pull_number and rollout.pull_url:
        line += [words(" · "), link(rollout.pull_url, f"#{rollout.pull_number}")]
    line += [words(" "), *people.line(translator, rollout.people, has_pull=rollout.pull_number is not None)]
    return line + rich_line(translator, texts.MERGED_AT, branch=clip(rollout.branch, 60), time=date(rollout.merged_at))


def _to_authors(translator: Translator, rollout: Rollout, sentence: str) -> list[Element]:
    """The sentence, after mentions of the authors if any of them has a Slack user."""
    if not any(author.user for author in rollout.authors[: people.MAX_AUTHORS]):
        return [words(sentence)]
    return rich_line(translator, texts.AUTHORS, authors=people.authors(translator, rollout.people), sentence=sentence)


def _revert(translator: Translator, rollout: Rollout) -> Element:
    """The button that reverts this rollout's merges."""
    if rollout.merges > 1:
        revision = f"{rollout.parent}..{rollout.revision}"
    else:
        revision = f"#{rollout.pull_number}" if rollout.pull_number else rollout.revision
    return revert_button(translator, revision, rollout.parts[0].application, _subject(translator, rollout))

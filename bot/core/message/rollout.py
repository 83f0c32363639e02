"""What the bot says of a merge on its way to the clusters: one card, kept current, and what is told in its thread."""

from bot.core.message import suspect, wording
from bot.core.message.blocks import (
    Block,
    Element,
    Message,
    actions,
    clip,
    code,
    fill,
    header,
    link,
    message,
    moment,
    note,
    paragraph,
    person,
    rich,
    words,
)
from bot.core.message.catalogue import rollout as texts
from bot.core.message.catalogue import wording as shared
from bot.core.message.language import Phrase, Say
from bot.core.message.revert import ask
from bot.core.message.rollout_change import changes, unpinned
from bot.core.message.rollout_part import progress
from bot.core.rollout import Rollout, RolloutState

_MOST_AUTHORS = 5
_MOST_CHANGES = 3_500  # characters of JSON: the progress below it has to fit too
_MOST_PROGRESS = 4_500


def card(say: Say, rollout: Rollout) -> Message:
    """The rollout's one message in a channel, as it should read now. Its authors are rung when it is posted."""
    headline, sentence = _headline(say, rollout)
    text = say.text(
        texts.TEXT,
        sentence=sentence,
        revision=wording.short(say, rollout.revision),
        title=clip(_subject(say, rollout), 90),
    )
    blocks: list[Block] = [header(headline), rich(paragraph(*_merge(say, rollout)))]
    blocks += fill(
        changes(say, rollout.parts),
        lambda left: paragraph(words(say.count(texts.MORE_CHANGES, left), italic=True)),
        budget=_MOST_CHANGES,
    )
    if images := unpinned(say, rollout.parts):
        blocks.append(rich(paragraph(*images)))
    blocks += fill(
        progress(say, rollout),
        lambda left: paragraph(words(say.count(texts.MORE_APPLICATIONS, left))),
        budget=_MOST_PROGRESS,
    )
    if rollout.state is RolloutState.LATE:
        own = (rollout.revision, f"#{rollout.pull_number}") if rollout.url and not rollout.rewritten else ()
        stuck = next((part.application for part in rollout.parts if part.live_at is None), "")
        blocks += suspect.of_rollout(say, rollout.suspects, stuck, own)
        blocks.append(note(say.text(_late_note(rollout))))
    if rollout.url and not rollout.rewritten:  # without a forge no pull request can be opened
        blocks.append(actions(_revert(say, rollout)))
    return message(text, *blocks)


def ended_reply(say: Say, rollout: Rollout) -> Message:
    """Told once in the card's thread: the developer who merged is waiting for just this."""
    _, sentence = _headline(say, rollout)
    if rollout.state is not RolloutState.LIVE:
        return message(sentence, rich(paragraph(words(sentence))))
    return message(sentence, rich(paragraph(*_to_authors(say, rollout, sentence))))


def late_reply(say: Say, rollout: Rollout) -> Message:
    """Told once in the card's thread when it is stuck, since an updated card rings nobody's phone."""
    _, sentence = _headline(say, rollout)
    waiting = fill(
        progress(say, rollout, waiting=True),
        lambda left: paragraph(words(say.count(texts.MORE_APPLICATIONS, left))),
        budget=_MOST_PROGRESS,
    )
    return message(sentence, rich(paragraph(*_to_authors(say, rollout, sentence))), *waiting)


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
            if all(part.error for part in waiting):
                return say.text(texts.UNKNOWN_HEADER, names=late), say.count(texts.UNKNOWN, len(waiting), names=late)
            return say.text(texts.LATE_HEADER, names=late), say.count(texts.LATE, len(waiting), names=late)
        case RolloutState.ROLLING:
            live, parts = len(rollout.parts) - len(waiting), len(rollout.parts)
            sentence = texts.ROLLING_PARTLY if live else texts.ROLLING
            done = say.text(sentence, names=names, live=say.number(live), all=say.number(parts))
            return say.text(texts.ROLLING_HEADER, names=names), done


def _late_note(rollout: Rollout) -> Phrase:
    waiting = [part for part in rollout.parts if part.live_at is None]
    if all(part.error for part in waiting):
        return texts.UNKNOWN_NOTE
    return texts.DEAD_NOTE if all(part.lacking.unready for part in waiting) else texts.LATE_NOTE


def _subject(say: Say, rollout: Rollout) -> str:
    if rollout.rewritten:
        return say.text(texts.REWRITTEN, subject=rollout.subject)
    return say.count(texts.SEVERAL, rollout.merges, subject=rollout.subject) if rollout.merges > 1 else rollout.subject


def _merge(say: Say, rollout: Rollout) -> list[Element]:
    told = [words(clip(_subject(say, rollout), 300), bold=True), words("\n")]
    sha = wording.short(say, rollout.revision)
    told.append(link(rollout.url, sha) if rollout.url else code(sha))
    if rollout.pull_number and rollout.pull_url:
        told += [words(" · "), link(rollout.pull_url, f"#{rollout.pull_number}")]
    told += say.line(texts.WRITTEN_BY, author=_authors(say, rollout))
    if rollout.merged_by:
        told += say.line(texts.MERGED_BY, who=clip(rollout.merged_by, 80))
    if rollout.approved_by:
        told += say.line(texts.APPROVED_BY, who=wording.listed(say, rollout.approved_by))
    elif rollout.pull_number:
        told += say.line(texts.APPROVED_BY_NOBODY)
    return told + say.line(texts.MERGED_AT, branch=clip(rollout.branch, 60), time=moment(rollout.merged_at))


def _authors(say: Say, rollout: Rollout) -> list[Element]:
    """Those who wrote it, mentioned where Slack knows them."""
    known = [person(each.user) if each.user else words(clip(each.name, 80)) for each in rollout.authors]
    if not known:
        return [words(clip(rollout.author, 80))]
    shown, left = known[:_MOST_AUTHORS], len(known[_MOST_AUTHORS:]) + rollout.more_authors
    if left:
        return say.line(shared.ROW_CUT, names=_row(shown), n=say.number(left))
    return say.line(shared.ROW, names=_row(shown[:-1]), last=shown[-1]) if len(shown) > 1 else shown


def _row(elements: list[Element]) -> list[Element]:
    return [each for element in elements for each in (words(", "), element)][1:]


def _to_authors(say: Say, rollout: Rollout, sentence: str) -> list[Element]:
    """A sentence that rings them; it names nobody whom it cannot ring."""
    if not any(author.user for author in rollout.authors[:_MOST_AUTHORS]):
        return [words(sentence)]
    return say.line(texts.AUTHORS, authors=_authors(say, rollout), sentence=sentence)


def _revert(say: Say, rollout: Rollout) -> Element:
    """Asks first; who clicks is authorised as with the command."""
    if rollout.merges > 1:
        revision = f"{rollout.parent}..{rollout.revision}"
    else:
        revision = f"#{rollout.pull_number}" if rollout.pull_number else rollout.revision
    return ask(say, revision, rollout.parts[0].application, _subject(say, rollout))

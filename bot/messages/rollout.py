"""The card of a rollout, one merge on its way to the clusters, and the replies in its thread."""

from bot.core.changes.suspect import Suspect
from bot.core.rollouts.rollout import Rollout, RolloutState
from bot.i18n.catalogue import rollout as texts
from bot.i18n.language import Phrase, Translator
from bot.messages import commit_checks, common, people, suspect
from bot.messages.blocks import (
    MAX_JSON,
    Block,
    Element,
    Message,
    actions,
    clip,
    code,
    date,
    fill,
    header,
    json_size,
    link,
    message,
    note,
    paragraph,
    rich,
    rich_line,
    text_message,
    words,
)
from bot.messages.revert import pull_revision, revert_button
from bot.messages.rollout_change import changes, running, unpinned
from bot.messages.rollout_outcome import headline, healthy_again, late_note, reverting_change
from bot.messages.rollout_progress import progress

# Characters of JSON, if the rest of the card leaves as much. The first change is always shown, at least in part.
_MAX_CHANGES, _MIN_CHANGES, _MAX_PROGRESS = 3_500, 1_000, 4_500


def card(translator: Translator, rollout: Rollout) -> Message:
    """The rollout's current message in a channel. Posting it notifies the authors."""
    title, sentence = headline(translator, rollout)
    text = translator.text(
        _text(rollout),
        sentence=sentence,
        branch=clip(rollout.branch, 60),
        n=translator.number(rollout.merges),
        revision=common.short_revision(translator, rollout.revision),
        title=clip(rollout.subject, 90),
    )
    lines = [
        _merge(translator, rollout),
        commit_checks.failed_checks_note(translator, rollout.failed_checks),
        commit_checks.line(translator, rollout.checks),
    ]
    blocks: list[Block] = [header(title), rich(*(paragraph(*line) for line in lines if line))]
    images = [unpinned(translator, rollout.parts), *running(translator, rollout.parts)]
    image_blocks = [rich(*(paragraph(*line) for line in images if line))] if any(images) else []
    end = _end(translator, rollout)
    room = MAX_JSON - json_size([*blocks, *image_blocks, *end])
    progress_blocks = fill(
        progress(translator, rollout),
        common.more(translator, texts.MORE_APPLICATIONS, italic=False),
        budget=min(_MAX_PROGRESS, room - _MIN_CHANGES),
    )
    blocks += fill(
        changes(translator, rollout.parts),
        common.more(translator, texts.MORE_CHANGES),
        budget=min(_MAX_CHANGES, room - json_size(progress_blocks)),
    )
    return message(text, *blocks, *image_blocks, *progress_blocks, *end)


def _end(translator: Translator, rollout: Rollout) -> list[Block]:
    """What may have caused a problem, what happens next, and the button that reverts the merge."""
    blocks: list[Block] = []
    if rollout.state is RolloutState.LATE:
        stuck = next((part.application for part in rollout.parts if part.is_pending), "")
        blocks += suspect.rollout_suspects(translator, _earlier_suspects(rollout), stuck)
    if rollout.state in (RolloutState.LATE, RolloutState.DEGRADED) and (phrase := late_note(rollout)):
        blocks.append(note(translator.text(phrase)))
    is_reverted = rollout.state is RolloutState.REVERTED
    is_merge = not rollout.rewritten and not rollout.retargeted
    if rollout.url and is_merge and not is_reverted:  # a pull request needs a forge
        blocks.append(actions(_revert(translator, rollout)))
    return blocks


def ended_reply(translator: Translator, rollout: Rollout) -> Message:
    """The reply in the card's thread when the rollout has ended or recovered, which notifies the authors."""
    _, sentence = headline(translator, rollout)
    if rollout.state is not RolloutState.REVERTED:
        sentence += healthy_again(translator, rollout)
    if rollout.state is RolloutState.SUPERSEDED:
        return text_message(sentence)
    return message(sentence, rich(paragraph(*_to_authors(translator, rollout, sentence))))


def problem_reply(translator: Translator, rollout: Rollout) -> Message:
    """The reply in the card's thread when the rollout is late or degraded, since updating a card notifies no one."""
    _, sentence = headline(translator, rollout)
    waiting = fill(
        progress(translator, rollout, waiting=True),
        common.more(translator, texts.MORE_APPLICATIONS, italic=False),
        budget=_MAX_PROGRESS,
    )
    return message(sentence, rich(paragraph(*_to_authors(translator, rollout, sentence))), *waiting)


def _earlier_suspects(rollout: Rollout) -> list[Suspect]:
    """The suspects without the merge itself, which the card can already revert."""
    if rollout.retargeted:
        return list(rollout.suspects or ())
    merged = {rollout.revision, f"#{rollout.pull_number}"}
    return [candidate for candidate in rollout.suspects or () if merged.isdisjoint((candidate.sha, candidate.revision))]


def _text(rollout: Rollout) -> Phrase:
    if rollout.rewritten:
        return texts.TEXT_REWRITTEN
    if rollout.retargeted:
        return texts.TEXT_RETARGETED
    return texts.TEXT_SEVERAL if rollout.merges > 1 else texts.TEXT


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
    if not rollout.rewritten:  # by whom is unknown: the authors of its commits may not have pushed them
        line += [
            words(" "),
            *people.line(translator, rollout.people, has_pull=rollout.pull_number is not None and rollout.merges == 1),
        ]
    line += rich_line(translator, texts.MERGED_AT, branch=clip(rollout.branch, 60), time=date(rollout.merged_at))
    if rollout.reverted_by:
        name = reverting_change(translator, rollout)
        revert = link(rollout.reverted_url, name) if rollout.reverted_url else code(name)
        line += rich_line(translator, texts.REVERTED_BY, change=revert)
    return line


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
        revision = pull_revision(rollout.pull_number, rollout.pull_url) or rollout.revision
    return revert_button(translator, revision, rollout.parts[0].application, _subject(translator, rollout))

"""The commits that explain what is wrong, each with a button that opens its revert."""

from collections.abc import Sequence

from bot.core.message import wording
from bot.core.message.blocks import (
    Block,
    Element,
    actions,
    bullets,
    clip,
    code,
    link,
    moment,
    paragraph,
    rich,
    words,
)
from bot.core.message.catalogue import suspect as texts
from bot.core.message.language import Phrase, Say
from bot.core.message.revert import REVERT_SUSPECTS, ask
from bot.core.suspect import Suspect, Why

_WHY = {Why.BEFORE: texts.BEFORE, Why.NEVER: texts.NEVER, Why.OBJECT: texts.OBJECT, Why.PATH: texts.PATH}


def of_drift(say: Say, suspects: Sequence[Suspect] | None, application: str) -> list[Block]:
    """For an alert's card; nothing where nobody is suspected. Without a forge there is nothing to press."""
    return _blocks(say, texts.EXPLAIN_DRIFT, suspects or (), application, ())


def of_rollout(say: Say, suspects: Sequence[Suspect] | None, application: str, own: Sequence[str]) -> list[Block]:
    """For a merge's card, which has a button for its `own` revisions already."""
    return _blocks(say, texts.EXPLAIN_ROLLOUT, suspects or (), application, own)


def _blocks(say: Say, title: Phrase, suspects: Sequence[Suspect], application: str, own: Sequence[str]) -> list[Block]:
    shown = suspects[: len(REVERT_SUSPECTS)]
    if not shown:
        return []
    heading = paragraph(words(say.text(title), bold=True))
    buttons = [
        _revert(say, each, application, action)
        for each, action in zip(shown, REVERT_SUSPECTS, strict=False)
        if each.url and not {each.sha, each.revision} & set(own)
    ]
    return [rich(heading, bullets([_line(say, each) for each in shown])), *([actions(*buttons)] if buttons else [])]


def _line(say: Say, suspect: Suspect) -> list[Element]:
    short = suspect.sha[:8]
    pull = suspect.pull_url and say.line(texts.PULL, link=link(suspect.pull_url, f"#{suspect.pull_number}"))
    return say.line(
        texts.LINE,
        sha=link(suspect.url, short) if suspect.url else code(short),
        subject=words(clip(suspect.subject, 120), bold=True),
        author=clip(suspect.author, 60),
        time=moment(suspect.at, "{date_short_pretty} {time}"),
        pull=pull or "",
        approved=_approved(say, suspect),
        why=say.text(_WHY[suspect.why], places=wording.listed(say, [clip(each, 120) for each in suspect.places], 3)),
    )


def _approved(say: Say, suspect: Suspect) -> str:
    if suspect.approved_by is None:
        return say.text(texts.APPROVER_UNKNOWN)
    if not suspect.approved_by:
        return say.text(texts.APPROVED_BY_NOBODY)
    return say.text(texts.APPROVED_BY, who=wording.listed(say, [clip(each, 60) for each in suspect.approved_by], 3))


def _revert(say: Say, suspect: Suspect, application: str, action: str) -> Element:
    return ask(say, suspect.revision, application, suspect.subject, action=action)

"""The commits that may have caused drift or a stuck rollout, each with a button that reverts it."""

from collections.abc import Sequence

from bot.core.changes.suspect import Suspect, SuspectReason
from bot.i18n.catalogue import suspect as texts
from bot.i18n.language import Phrase, Translator
from bot.messages import common
from bot.messages.blocks import (
    Block,
    Element,
    actions,
    bullets,
    clip,
    code,
    date,
    link,
    paragraph,
    rich,
    rich_line,
    words,
)
from bot.messages.revert import REVERT_SUSPECTS, pull_revision, revert_button

_WHY = {
    SuspectReason.BEFORE: texts.BEFORE,
    SuspectReason.NEVER: texts.NEVER,
    SuspectReason.OBJECT: texts.OBJECT,
    SuspectReason.PATH: texts.PATH,
}


def drift_suspects(translator: Translator, suspects: Sequence[Suspect] | None, application: str) -> list[Block]:
    """For an incident's card; empty without suspects. Commits without a forge have no button."""
    return _blocks(translator, texts.EXPLAIN_DRIFT, suspects or (), application)


def rollout_suspects(translator: Translator, suspects: Sequence[Suspect], application: str) -> list[Block]:
    """For a rollout that is not live; empty without suspects."""
    return _blocks(translator, texts.EXPLAIN_ROLLOUT, suspects, application)


def _blocks(translator: Translator, title: Phrase, suspects: Sequence[Suspect], application: str) -> list[Block]:
    shown = suspects[: len(REVERT_SUSPECTS)]
    if not shown:
        return []
    heading = paragraph(words(translator.text(title), bold=True))
    buttons = [
        _revert(translator, suspect, application, action)
        for suspect, action in zip(shown, REVERT_SUSPECTS, strict=False)
        if suspect.url
    ]
    return [
        rich(heading, bullets([_line(translator, suspect) for suspect in shown])),
        *([actions(*buttons)] if buttons else []),
    ]


def _line(translator: Translator, suspect: Suspect) -> list[Element]:
    short = suspect.sha[:8]
    pull = suspect.pull_url and rich_line(
        translator, texts.PULL, link=link(suspect.pull_url, f"#{suspect.pull_number}")
    )
    return rich_line(
        translator,
        texts.LINE,
        sha=link(suspect.url, short) if suspect.url else code(short),
        subject=words(clip(suspect.subject, 120), bold=True),
        author=clip(suspect.author, 60),
        time=date(suspect.at, "{date_short_pretty} {time}"),
        pull=pull or "",
        approved=_approved(translator, suspect),
        why=translator.text(
            _WHY[suspect.why], places=common.listed(translator, [clip(place, 120) for place in suspect.places], 3)
        ),
    )


def _approved(translator: Translator, suspect: Suspect) -> str:
    if suspect.approved_by is None:
        return translator.text(texts.APPROVER_UNKNOWN)
    if not suspect.approved_by:
        return translator.text(texts.APPROVED_BY_NOBODY)
    return translator.text(
        texts.APPROVED_BY, who=common.listed(translator, [clip(approver, 60) for approver in suspect.approved_by], 3)
    )


def _revert(translator: Translator, suspect: Suspect, application: str, action: str) -> Element:
    revision = pull_revision(suspect.pull_number, suspect.pull_url) or suspect.sha
    return revert_button(translator, revision, application, suspect.subject, action=action)

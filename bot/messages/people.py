"""The people behind a change, worded the same in every message."""

import re

from bot.core.git.people import BOT, ChangePeople
from bot.i18n.catalogue import people as texts
from bot.i18n.language import Translator
from bot.messages import common
from bot.messages.blocks import Element, clip, person, plain, rich_line, words

MAX_AUTHORS = 5
_MAX_NAME = 60
_USER = re.compile(r"[UW][A-Z0-9]{5,}")


def line(translator: Translator, people: ChangePeople, *, has_pull: bool = True) -> list[Element]:
    """`by Ana Silva, approved by bo, merged by carla`; without a pull request, only the author.

    An author whose Slack user is known is a mention.
    """
    elements = rich_line(translator, texts.BY, author=authors(translator, people))
    if not has_pull:
        return elements
    if people.approvers is None:
        elements += rich_line(translator, texts.APPROVER_UNKNOWN)
    elif people.approvers:
        elements += rich_line(
            translator, texts.APPROVED_BY, who=common.listed(translator, [clip(name, 40) for name in people.approvers])
        )
    else:
        elements += rich_line(translator, texts.NOT_APPROVED)
    return elements + (rich_line(translator, texts.MERGED_BY, who=clip(people.merger, 40)) if people.merger else [])


def text(translator: Translator, people: ChangePeople, *, has_pull: bool = True) -> str:
    """The same line as plain text."""
    return "".join(map(plain, line(translator, people, has_pull=has_pull)))


def authors(translator: Translator, people: ChangePeople) -> list[Element]:
    """The authors, as mentions where their Slack user is known; `gitops-bot, for dana` for a change of the bot."""
    if people.requester:
        who = people.requester
        known_by_id = _USER.fullmatch(who) is not None  # Slack did not give the name
        return rich_line(translator, texts.FOR, bot=BOT, who=person(who) if known_by_id else clip(who, _MAX_NAME))
    elements = [
        person(author.user) if author.user else words(clip(author.name, _MAX_NAME)) for author in people.authors
    ]
    if not elements:
        return [words(clip(people.tool, _MAX_NAME))]
    return common.listed_elements(translator, elements, MAX_AUTHORS, people.more_authors)

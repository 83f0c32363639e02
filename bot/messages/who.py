"""The answer to `/gitops who`: who to ask about an application."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from bot.core.git.commit import Commit, PullRequest, change_title
from bot.core.git.people import ChangePeople
from bot.core.incidents.incident import Incident
from bot.i18n.catalogue import who as texts
from bot.i18n.language import Text, Translator
from bot.messages import common, people
from bot.messages.blocks import (
    Element,
    Message,
    bullets,
    clip,
    code,
    link,
    mention,
    message,
    note,
    paragraph,
    person,
    plain,
    rich,
    rich_line,
    text_message,
    words,
)
from bot.messages.writer import MAX_TOOL, Writer, actor_line

_MAX_OWNERS = 8
_LONG_AGO = datetime.max.replace(tzinfo=UTC)  # so that every time is shown with its day


@dataclass(frozen=True, slots=True)
class Change:
    """A commit that changed the application, and its people. `pull` is None if there is none or it is unknown."""

    commit: Commit
    url: str | None
    pull: PullRequest | None
    people: ChangePeople


@dataclass(frozen=True, slots=True)
class Contacts:
    """The people of an application. `owners` are Slack ids; `writers` wrote its drift, each with its latest time;
    `approvals_error` is why mergers and approvers are unknown, if they are.
    """

    application: str
    owners: tuple[str, ...]
    incident: Incident | None
    writers: Sequence[Writer]
    changes: Sequence[Change]
    approvals_error: Text | None


def answer(translator: Translator, contacts: Contacts) -> Message:
    """The owners, who acknowledged or snoozed the incident, who wrote to the cluster, and recent authors."""
    lines = [*_of_incident(translator, contacts), *(_wrote(translator, writer) for writer in contacts.writers)]
    lines += [_changed(translator, change) for change in contacts.changes]
    if contacts.owners:
        lines.insert(
            0,
            rich_line(
                translator,
                texts.OWNERS if len(contacts.owners) > 1 else texts.OWNER,
                who=common.listed_elements(translator, [mention(owner) for owner in contacts.owners], _MAX_OWNERS),
            ),
        )
    if not lines:
        return text_message(translator.text(texts.NOBODY, application=contacts.application))
    lead = translator.text(texts.LEAD, application=contacts.application)
    first = "".join(map(plain, lines[0]))
    blocks = [rich(paragraph(words(lead, bold=True)), bullets(lines))]
    if contacts.approvals_error:
        blocks.append(
            note(translator.text(texts.UNKNOWN_APPROVERS, reason=translator.localize(contacts.approvals_error)))
        )
    return message(translator.text(texts.SENTENCE, application=contacts.application, first=clip(first, 500)), *blocks)


def _of_incident(translator: Translator, contacts: Contacts) -> list[list[Element]]:
    incident, lines = contacts.incident, []
    if incident and incident.acknowledged_by and incident.acknowledged_at:
        at = common.day_and_time(translator, incident.acknowledged_at)
        lines.append(rich_line(translator, texts.ACKNOWLEDGED, who=person(incident.acknowledged_by), at=at))
    if incident and incident.snoozed_by and incident.snoozed_until:
        at = common.day_and_time(translator, incident.snoozed_until)
        lines.append(rich_line(translator, texts.SNOOZED, who=person(incident.snoozed_by), at=at))
    return lines


def _wrote(translator: Translator, writer: Writer) -> list[Element]:
    if writer.actor:
        return rich_line(
            translator, texts.WROTE_BY, by=actor_line(translator, writer.actor, writer.time, seen=_LONG_AGO)
        )
    tool = code(clip(writer.manager or "", MAX_TOOL))
    if writer.time is None:
        return rich_line(translator, texts.WROTE_SOME_TIME, tool=tool)
    return rich_line(translator, texts.WROTE, tool=tool, at=common.day_and_time(translator, writer.time))


def _changed(translator: Translator, change: Change) -> list[Element]:
    sha = link(change.url, change.commit.short_sha) if change.url else code(change.commit.short_sha)
    return rich_line(
        translator,
        texts.CHANGED,
        commit=sha,
        subject=clip(change_title(change.commit, change.pull), 120),
        at=common.day_and_time(translator, change.commit.committed_at),
        people=people.line(translator, change.people, has_pull=change.pull is not None),
    )

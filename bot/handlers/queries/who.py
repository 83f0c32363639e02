"""`/gitops who`: who to ask about an application."""

from dataclasses import replace
from functools import partial

from bot.core.applications.application import Application
from bot.core.drift.model import Actor, ObjectDrift
from bot.core.incidents.incident import ACTIVE_STATES
from bot.handlers.change_people import read_people
from bot.handlers.mainline import mainline
from bot.handlers.slack.people import People
from bot.i18n.language import Translator
from bot.messages.blocks import Message
from bot.messages.who import Change, Contacts, answer
from bot.messages.writer import Writer
from bot.ports import Ports
from bot.ports.forge import ForgeError

MOST = 3


def who(translator: Translator, ports: Ports, slack_people: People, application: Application) -> Message:
    """The owners, who has acknowledged its incident, what wrote to the cluster, and who made the latest commits.

    If the forge does not answer, mergers and approvers are shown as unknown. Raises RepositoryError, StoreError.
    """
    key = application.repository.key
    repository, forge = ports.repositories[key], ports.forges.get(key)
    incident = ports.store.incidents.open_for(application.name)
    check = ports.store.checks.latest().get(application.name)
    changes, approvals_error = [], None
    for parent, commit in mainline(ports, key).newest(repository.fetch(), application.path, limit=MOST):
        read = partial(
            read_people, ports, repository, commit=commit, slack_users=slack_people.configured, parent=parent
        )
        try:
            pull, people = read(None if approvals_error else forge)
        except ForgeError as error:
            approvals_error = error.text
            pull, people = read(None)
        url = forge.commit_url(commit.sha) if forge else None
        changes.append(Change(commit, url, pull, replace(people, authors=slack_people.known(people.authors))))
    return answer(
        translator,
        Contacts(
            application=application.name,
            owners=application.owners,
            incident=incident if incident and incident.state in ACTIVE_STATES else None,
            writers=_writers(check.drift if check else ()),
            changes=changes,
            approvals_error=approvals_error,
        ),
    )


def _writers(drift: tuple[ObjectDrift, ...]) -> list[Writer]:
    """Who wrote the differences, latest first, each once with the newest time."""
    newest: dict[Actor | str, Writer] = {}
    writers = [Writer(None, None, object_drift.actor) for object_drift in drift]
    writers += [Writer(field.manager, field.time, field.actor) for item in drift for field in item.fields]
    for writer in writers:
        identity = replace(writer.actor, time=None) if writer.actor else writer.manager
        if writer.actor and not (writer.actor.users or writer.actor.tool):
            continue  # only the time is known
        if identity and (identity not in newest or _at(writer) > _at(newest[identity])):
            newest[identity] = writer
    return sorted(newest.values(), key=_at, reverse=True)[:MOST]


def _at(writer: Writer) -> float:
    time = (writer.actor.time if writer.actor else None) or writer.time
    return time.timestamp() if time else 0.0

"""`/gitops who`: whom to ask about an application."""

from datetime import datetime

from bot.core.applications.application import Application
from bot.core.drift.model import ObjectDrift
from bot.core.git.author import MAX_AUTHORS, authors_of
from bot.core.git.commit import Commit, PullRequest
from bot.core.incidents.incident import ACTIVE_STATES
from bot.handlers.queries.history import approved
from bot.handlers.slack.people import People
from bot.i18n.language import Translator
from bot.messages.blocks import Message
from bot.messages.who import Change, Contacts, answer
from bot.ports import Ports
from bot.ports.forge import ForgeError
from bot.ports.git import Repository

MOST = 3


def who(translator: Translator, ports: Ports, people: People, application: Application) -> Message:
    """Owners, who has its incident, what wrote to the cluster, and the people of its latest commits.

    RepositoryError, StoreError. A forge that does not answer leaves mergers and approvers unknown, and says so.
    """
    key = application.repository.key
    repository, forge = ports.repositories[key], ports.forges.get(key)
    incident = ports.store.incidents.open_for(application.name)
    check = ports.store.checks.latest().get(application.name)
    changes, approvals_error = [], None
    for commit in repository.first_parent(None, repository.fetch(), path=application.path, limit=MOST):
        pull: PullRequest | None = None
        approvers: tuple[str, ...] = ()
        if forge and approvals_error is None:
            try:
                pull, approvers = approved(forge, commit)
            except ForgeError as error:
                approvals_error = error.text
        url = forge.commit_url(commit.sha) if forge else None
        authors = people.known(authors_of(_brought(repository, commit)))
        changes.append(Change(commit, url, authors, pull, approvers))
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


def _brought(repository: Repository, commit: Commit) -> list[Commit]:
    """The commits of a merge's branch, or the commit itself."""
    if len(commit.parents) != 2:
        return [commit]
    return repository.first_parent(commit.parents[0], commit.parents[1], limit=MAX_AUTHORS) or [commit]


def _writers(drift: tuple[ObjectDrift, ...]) -> list[tuple[str, datetime | None]]:
    """The tools that wrote what differs, the latest first, each with its newest time."""
    newest: dict[str, datetime | None] = {}
    for field in (field for drifted in drift for field in drifted.fields if field.manager):
        previous = newest.get(str(field.manager))
        times = [time for time in (previous, field.time) if time]
        newest[str(field.manager)] = max(times) if times else None
    dated = sorted(newest.items(), key=lambda item: item[1].timestamp() if item[1] else 0.0, reverse=True)
    return dated[:MOST]

"""What a check means for its application's incident, kept so that nobody else's change of it is lost."""

from collections.abc import Container
from datetime import datetime

from bot.core.alerting import Policy, cards_of_new, pass_time
from bot.core.application import Application
from bot.core.drift import Check, Status
from bot.core.ending import how_ended
from bot.core.incident import STANDING, Ended, Incident, abandon, advance
from bot.core.manifest import ManifestError
from bot.handlers.incident_control import change
from bot.handlers.rendered import Rendered
from bot.ports import PortError, Ports, Store


def record(
    ports: Ports, application: Application, check: Check, *, rolling: bool, looks: int, rendered: Rendered
) -> None:
    """Move the incident on. StoreError."""
    while True:
        before = ports.store.incident(application.name)
        if before and before.checked_at > check.at:
            return  # a later look has already been recorded
        after = advance(
            before,
            check,
            channel=application.channel,
            repository=application.repository,
            rolling=rolling,
            looks=looks,
            moved=_moved(ports, application, before, check, rendered),
        )
        if after == before or ports.store.exchange_incident(before, after):
            return


def pass_time_of_all(store: Store, now: datetime, policy: Policy) -> None:
    """Move every incident on by what time alone does: what may be told, is said again, or has been snoozed enough.

    Derived from what is stored, so a restart neither repeats nor loses it. StoreError.
    """
    incidents = store.incidents()
    cards = cards_of_new(incidents, now, policy)
    for incident in incidents:
        if pass_time(incident, now, policy, cards) != incident:
            change(store, incident, lambda current: pass_time(current, now, policy, cards))


def end_unwatched(store: Store, watched: Container[str], now: datetime) -> None:
    """End the incidents of every application but these. What somebody changes meanwhile ends next time. StoreError."""
    for incident in store.incidents():
        after = incident if incident.application in watched else abandon(incident, now)
        if after != incident:
            store.exchange_incident(incident, after)


def _moved(
    ports: Ports, application: Application, incident: Incident | None, check: Check, rendered: Rendered
) -> Ended:
    """How the incident ended, if this check ends it and git has moved meanwhile."""
    if incident is None or incident.state not in STANDING or check.status is not Status.SYNCED:
        return "git"
    if check.revision is None or check.revision == incident.revision:
        return "git"
    repository = ports.repositories[application.repository]
    try:
        before, after = (
            rendered.manifests(repository, revision, application.source)
            for revision in (incident.revision, check.revision)
        )
    except (PortError, ManifestError):  # a history that was rewritten: all that is known is that it moved
        return "git"
    return how_ended(incident.drift, before, after, application.namespace)

"""`/gitops status`: the latest stored checks, without running new ones."""

from collections.abc import Sequence
from datetime import timedelta

from bot.core.applications.application import Application
from bot.core.applications.discovery import ApplicationInventory, group_unsupported
from bot.core.drift.freshness import current_checks
from bot.core.git.commit import PullRequest
from bot.core.incidents.incident import active_incidents
from bot.i18n.language import Text, Translator
from bot.messages.blocks import Message
from bot.messages.status import Overview, answer
from bot.ports import Ports
from bot.ports.forge import ForgeError
from bot.ports.isolation import UnexpectedError, unexpected_as_port_error


def status(
    translator: Translator,
    ports: Ports,
    applications: Sequence[Application],
    problems: Sequence[Text],
    inventory: ApplicationInventory,
    *,
    interval: timedelta,
    everything: bool,
) -> Message:
    """The latest checks and deployer statuses, rollouts in progress, open pull requests, and outages.

    Checks are scheduled once an `interval`. With `everything`, also what deployers declare and the bot cannot follow.
    """
    pulls: dict[str, Sequence[PullRequest]] = {}
    unknown: dict[str, Text] = {}
    for name in sorted({application.repository.name for application in applications} & set(ports.forges)):
        try:
            with unexpected_as_port_error(f"open pull requests of {name}"):
                pulls[name] = ports.forges[name].open_pull_requests()
        except (ForgeError, UnexpectedError) as error:
            unknown[name] = error.text
    incidents = active_incidents(ports.store.incidents.unsettled())
    return answer(
        translator,
        Overview(
            applications=applications,
            checks=current_checks(ports.store.checks.latest(), ports.clock(), interval),
            rollouts=ports.store.rollouts.unsettled(),
            pulls=pulls,
            pulls_unknown=unknown,
            outages=problems,
            incidents={incident.application: incident for incident in incidents},
            views=inventory.deployer_statuses,
            not_followed=group_unsupported(inventory.unsupported) if everything else (),
            is_discovering=everything and not inventory.is_complete,
        ),
    )

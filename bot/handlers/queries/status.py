"""`/gitops status`: the latest stored checks, without running new ones."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta

from bot.core.applications.application import Application
from bot.core.applications.discovery import ApplicationInventory, group_unsupported
from bot.core.drift.freshness import current_checks
from bot.core.drift.model import Check
from bot.core.git.commit import PullRequest
from bot.core.health.unready import Unready
from bot.core.incidents.selection import active_incidents
from bot.core.rollouts.rollout import Rollout
from bot.handlers.queries.open_pull_requests import changing
from bot.handlers.rendering.manifest_cache import ManifestCache
from bot.i18n.language import Text, Translator
from bot.messages.blocks import Message
from bot.messages.status import Overview, answer
from bot.ports import Ports
from bot.ports.errors import PortError
from bot.ports.isolation import unexpected_as_port_error


def status(
    translator: Translator,
    ports: Ports,
    manifest_cache: ManifestCache,
    applications: Sequence[Application],
    problems: Sequence[Text],
    inventory: ApplicationInventory,
    *,
    interval: timedelta,
    everything: bool,
) -> Message:
    """The latest checks and deployer statuses, rollouts in progress, open pull requests, and outages.

    Checks are scheduled every `interval`. With `everything`, it includes resources that the bot cannot follow; without
    it, there is only one application, with the pull requests that change it.
    """
    only = None if everything else applications[0]
    pulls: dict[str, Sequence[PullRequest]] = {}
    unknown: dict[str, Text] = {}
    for name in sorted({application.repository.name for application in applications} & set(ports.forges)):
        try:
            with unexpected_as_port_error(f"open pull requests of {name}"):
                opened = ports.forges[name].open_pull_requests()
                pulls[name] = changing(ports, manifest_cache, only, opened) if only else opened
        except PortError as error:
            unknown[name] = error.text
    incidents = active_incidents(ports.store.incidents.unsettled())
    checks = current_checks(ports.store.checks.latest(), ports.clock(), interval)
    rollouts = ports.store.rollouts.unsettled()
    return answer(
        translator,
        Overview(
            applications=applications,
            checks=checks,
            rollouts=rollouts,
            pulls=pulls,
            pulls_of=only.name if only else "",
            pulls_unknown=unknown,
            outages=problems,
            unready=_unready(checks, rollouts),
            incidents={incident.application: incident for incident in incidents},
            views=inventory.deployer_statuses,
            not_followed=group_unsupported(inventory.unsupported) if everything else (),
            is_discovering=everything and not inventory.is_complete,
        ),
    )


def _unready(checks: Mapping[str, Check], rollouts: Iterable[Rollout]) -> dict[str, Sequence[Unready]]:
    """The degraded objects from each application's check, and those its rollouts wait for, with the pods' reasons."""
    objects = {name: {(item.kind, item.name): item for item in check.degraded} for name, check in checks.items()}
    for rollout in rollouts:
        for part in rollout.parts:
            if part.is_observed:
                unready = {(item.kind, item.name): item for item in part.pending.unready}
                objects.setdefault(part.application, {}).update(unready)
    return {name: list(unready.values()) for name, unready in objects.items() if unready}

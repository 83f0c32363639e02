"""`/gitops status`: what is known, without looking anew."""

from collections.abc import Sequence

from bot.core.application import Application
from bot.core.commit import PullRequest
from bot.core.message.blocks import Message
from bot.core.message.status import Overview, overview
from bot.ports import ForgeError, Ports


def status(ports: Ports, applications: Sequence[Application], troubles: Sequence[str]) -> Message:
    """Each application's latest check, rollouts on their way, open pull requests, and what is down."""
    pulls: dict[str, Sequence[PullRequest]] = {}
    told = list(troubles)
    for name in sorted({application.repository for application in applications} & set(ports.forges)):
        try:
            pulls[name] = ports.forges[name].open_pulls()
        except ForgeError as error:
            told.append(f"{name}: open pull requests are unknown. {error}")
    return overview(
        Overview(
            applications=applications,
            checks=ports.store.checks(),
            rollouts=ports.store.rollouts(),
            pulls=pulls,
            troubles=told,
        )
    )

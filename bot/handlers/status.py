"""`/gitops status`: what is known, without looking anew."""

from collections.abc import Sequence

from bot.core.application import Application
from bot.core.commit import PullRequest
from bot.core.message.blocks import Message
from bot.core.message.language import Say
from bot.core.message.status import Overview, overview
from bot.ports import ForgeError, Ports


def status(say: Say, ports: Ports, applications: Sequence[Application], troubles: Sequence[str]) -> Message:
    """Each application's latest check, rollouts on their way, open pull requests, and what is down."""
    pulls: dict[str, Sequence[PullRequest]] = {}
    unknown: dict[str, str] = {}
    for name in sorted({application.repository for application in applications} & set(ports.forges)):
        try:
            pulls[name] = ports.forges[name].open_pulls()
        except ForgeError as error:
            unknown[name] = str(error)
    return overview(
        say,
        Overview(
            applications=applications,
            checks=ports.store.checks(),
            rollouts=ports.store.rollouts(),
            pulls=pulls,
            pulls_unknown=unknown,
            troubles=troubles,
        ),
    )

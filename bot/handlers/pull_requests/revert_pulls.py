"""Follows the pull requests that the bot opened until they are merged or closed."""

import logging
from dataclasses import replace

from bot.core.drift.model import Status
from bot.core.pull_requests.revert_pull import follow
from bot.ports import Ports
from bot.ports.forge import ForgeError

_log = logging.getLogger(__name__)


def look(ports: Ports) -> None:
    """Ask each forge about the pull requests still open; one that does not answer is asked next time."""
    checks = ports.store.checks.latest()
    for known in ports.store.pull_requests.unsettled():
        forge = ports.forges.get(known.repository)
        if forge is None or known.state != "open":
            continue
        try:
            pull = forge.get_pull_request(known.number)
        except ForgeError as error:
            _log.warning("cannot read pull request #%d of %s: %s", known.number, known.repository, error)
            continue
        now_known = follow(known, pull, ports.clock()) if pull else known
        if known.purpose == "adopt":
            latest = checks.get(known.what)
            moot = latest is not None and latest.at > known.opened_at and latest.status is Status.SYNCED
            now_known = replace(now_known, moot=moot and now_known.state == "open")
        if now_known != known:
            ports.store.pull_requests.save(now_known)

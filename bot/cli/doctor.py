"""`gitops-bot doctor`: builds every client as the bot does, and tests it."""

import os
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import NoReturn

import git

from bot import build
from bot.adapters.database.store import SqlStore
from bot.adapters.kubernetes.audit_log import AuditLogFile
from bot.adapters.rendering.confined import missing_isolation
from bot.adapters.rendering.programs import ProgramRenderer
from bot.adapters.slack.chat import SlackChat
from bot.cli.errors import COULD_NOT_TELL
from bot.cli.load_config import load_config
from bot.cli.output import echo
from bot.config.model import Config
from bot.core.sanitize import escaped
from bot.handlers.doctor import Clients, doctor
from bot.ports.errors import PortError
from bot.ports.probe import Probe


def run_doctor(config_path: Path) -> NoReturn:
    """Print each probe as soon as it is done, and exit with 2 if one fails, or else 0."""
    failed = False
    for probe in probes(load_config(config_path)):
        failed |= not probe.ok
        echo(escaped(f"{'ok     ' if probe.ok else 'not ok '} {probe.what}{'' if probe.ok else f': {probe.remedy!s}'}"))
    sys.exit(COULD_NOT_TELL if failed else 0)


def probes(config: Config) -> Iterator[Probe]:
    """Test everything that the bot must be able to do. A failure becomes a probe that is not ok."""
    client, programs, charts = build.slack_client(config), ProgramRenderer.find(), build.charts(config)
    return doctor(
        config,
        Clients(
            slack=client,
            chat=SlackChat(client),
            repositories={name: partial(build.repository, config, name) for name in config.repositories},
            repository=partial(build.source, config, fetcher=charts),
            forges={name: forge for name in config.repositories if (forge := build.forge(config, name))},
            clusters={name: partial(build.cluster, config, name) for name in config.clusters},
            charts=charts,
            renderer=programs,
            bases=build.bases(config),
            programs=programs.commands(),
            missing_isolation=_missing_isolation(),
            audit_logs=AuditLogFile,
            events=build.event_receiver(config),
            store=lambda: SqlStore(config.store, upgrade=False),
            git_version=_git_version,
            clock=lambda: datetime.now(tz=UTC),
        ),
    )


def _missing_isolation() -> str:
    try:
        return missing_isolation()
    except PortError as error:
        return str(error.text)


def _git_version() -> tuple[int, ...]:
    """The version of the installed git; () if git is not installed."""
    try:
        return tuple(git.Git(os.curdir).version_info)
    except git.GitCommandNotFound:
        return ()

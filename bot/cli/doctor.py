"""`gitops-bot doctor`: builds every client as the bot does and tests it."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial

import git

from bot import build
from bot.adapters.database.store import SqlStore
from bot.adapters.rendering.programs import Programs
from bot.adapters.slack.chat import SlackChat
from bot.config.model import Config
from bot.handlers.doctor import Line, Outside, doctor


def examine(config: Config) -> Iterator[Line]:
    """Yield a line for each thing the bot must be able to do, as soon as it is tested. Failures become lines."""
    client, programs = build.slack_client(config), Programs.find()
    return doctor(
        config,
        Outside(
            slack=client,
            chat=SlackChat(client),
            repositories={name: partial(build.repository, config, name) for name in config.repositories},
            forges={name: forge for name in config.repositories if (forge := build.forge(config, name))},
            repository=partial(build.repository, config),
            clusters={name: partial(build.cluster, config, name) for name in config.clusters},
            renderer=programs,
            programs=programs.commands(),
            store=lambda: SqlStore(config.store),
            git_version=_git_version,
            clock=lambda: datetime.now(tz=UTC),
        ),
    )


def _git_version() -> tuple[int, ...]:
    """The version of the installed git; () when git is not installed."""
    try:
        return tuple(git.Git(os.curdir).version_info)
    except git.GitCommandNotFound:
        return ()

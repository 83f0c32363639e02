"""Loads the configuration for a command."""

import os
from pathlib import Path

from bot.cli.errors import CommandError
from bot.config.errors import ConfigError
from bot.config.load import load
from bot.config.model import Config


def load_config(path: Path) -> Config:
    """Load the file, and the secrets from the environment. Raises CommandError with every mistake."""
    try:
        return load(path, os.environ)
    except ConfigError as error:
        raise CommandError(*error.lines) from None

"""`gitops-bot run`: runs the bot until it receives a signal."""

import logging
from pathlib import Path

from bot.app import Bot
from bot.cli.errors import CommandError
from bot.cli.load_config import load_config
from bot.cli.stop_signal import StopSignal
from bot.ports.errors import PortError
from bot.shutdown import exit_in_time

_log = logging.getLogger(__name__)


def run_bot(config_path: Path) -> None:
    """Run the bot until SIGTERM or Ctrl-C. Raises CommandError if a setting is missing or it cannot start."""
    config = load_config(config_path)
    missing = config.missing_for_run()
    if missing:
        raise CommandError(*missing)
    stop_signal = StopSignal()
    try:
        bot = Bot(config).start()
    except (PortError, OSError) as error:
        raise CommandError(str(error)) from error
    stop_signal.wait()
    _log.info("stopping: waiting for running work to finish")
    bot.stop()
    exit_in_time()

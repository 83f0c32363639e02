"""`gitops-bot`, and `python -m bot`. Ctrl-C while a command is still loading ends it without a traceback."""

import signal
import sys
from types import FrameType

INTERRUPTED = 128 + signal.SIGINT  # as in shells


def main() -> None:
    """Import the command line and run it."""
    signal.signal(signal.SIGINT, _exit)
    from bot.cli.main import main as run_command  # noqa: PLC0415  from here on, Ctrl-C is handled

    run_command()


def _exit(_number: int, _frame: FrameType | None) -> None:
    sys.exit(INTERRUPTED)


if __name__ == "__main__":
    main()

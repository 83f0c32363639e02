"""`gitops-bot`, and `python -m bot`. A Ctrl-C while the command is still being loaded ends it in silence."""

import signal
import sys
from types import FrameType

INTERRUPTED = 128 + signal.SIGINT  # as a shell says it


def main() -> None:
    """Load the command line, which takes a second, and run it."""
    signal.signal(signal.SIGINT, _end)
    from bot.cli.main import main as run  # noqa: PLC0415  a Ctrl-C meanwhile is already answered

    run()


def _end(_number: int, _frame: FrameType | None) -> None:
    sys.exit(INTERRUPTED)


if __name__ == "__main__":
    main()

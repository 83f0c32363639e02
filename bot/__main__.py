"""`gitops-bot`, and `python -m bot`. Ctrl-C while a command is still loading ends it without a traceback."""

import signal
import sys
import traceback
from types import FrameType

INTERRUPTED = 128 + signal.SIGINT  # as in shells
UNEXPECTED = 2  # as cli.errors.COULD_NOT_TELL, which can't be imported yet


def main() -> None:
    """Import the command line and run it. An unexpected error exits with 2, since 1 means drift."""
    signal.signal(signal.SIGINT, _exit)
    try:
        from bot.cli.main import main as run_command  # noqa: PLC0415  from here on, Ctrl-C is handled

        run_command()
    except Exception:  # noqa: BLE001  Python would exit with 1
        from bot.core.sanitize import printable  # noqa: PLC0415

        sys.stderr.write(printable(traceback.format_exc()))
        sys.exit(UNEXPECTED)


def _exit(_number: int, _frame: FrameType | None) -> None:
    sys.exit(INTERRUPTED)


if __name__ == "__main__":
    main()

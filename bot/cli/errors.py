"""How a command exits when it fails."""

from typing import IO, Any

import click

from bot.core.sanitize import escaped

COULD_NOT_TELL = 2  # as in diff: 0 same, 1 different, 2 trouble


class CommandError(click.ClickException):
    """Ends the command with exit code 2 and these lines, without a prefix, on stderr."""

    exit_code = COULD_NOT_TELL

    def __init__(self, *lines: str) -> None:
        super().__init__("\n".join(map(escaped, lines)))

    def show(self, file: IO[Any] | None = None) -> None:
        """Print the message."""
        click.echo(self.message, file=file, err=True)

"""Prints a command's output, and ends the command if nobody can read it."""

import os
import sys

import click

from bot.cli.errors import COULD_NOT_TELL, CommandError
from bot.core.sanitize import printable


def echo(text: str | bytes, *, newline: bool = True) -> None:
    """Print a text at once; on a terminal, without control characters.

    Raises CommandError if it can't be written; exits with 2 if the reader has gone.
    """
    if sys.stdout is None:  # the shell closed it with `>&-`
        return
    if isinstance(text, str) and sys.stdout.isatty():
        text = printable(text)
    try:
        click.echo(text, nl=newline)
        sys.stdout.flush()
    except OSError as error:
        # Otherwise, Python writes the rest again when it exits, and then exits with 120.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if isinstance(error, BrokenPipeError):
            sys.exit(COULD_NOT_TELL)
        raise CommandError(f"The output could not be written: {error.strerror}.") from error

"""Mistakes in the configuration."""

from typing import NamedTuple

Location = tuple[str | int, ...]  # keys and list indexes: ("applications", "shop", "path"), ("ignore", 0)


class ConfigError(Exception):
    """The configuration is invalid. One line per mistake, `FILE:LINE: KEY: what is wrong and what is expected`."""

    def __init__(self, *lines: str) -> None:
        super().__init__("\n".join(lines))
        self.lines = lines


class Mistake(NamedTuple):
    """One mistake in the file. `text` never contains the value, which may be a misplaced secret."""

    location: Location
    text: str

"""`charts`: where charts may be fetched from."""

from typing import Annotated, Final

from pydantic import Field

from bot.config.sections.section import Section
from bot.config.values import matching

_HOST: Final = r"([A-Za-z0-9*][A-Za-z0-9.*-]*|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?"


class ChartsConfig(Section):
    """The hosts that charts may be fetched from, with an optional port; `*` matches any characters.

    Without `allow`, the bot uses the hosts that Argo CD and Flux resources on the clusters name.
    """

    allow: tuple[Annotated[str, matching(_HOST)], ...] | None = Field(
        default=None, description="a list of hosts such as ghcr.io, charts.example.com:8443 or *.example.com"
    )

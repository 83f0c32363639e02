"""`bases`: where remote bases of kustomizations may be fetched from."""

from typing import Annotated, Final

from pydantic import Field

from bot.config.sections.section import Section
from bot.config.values import matching

_PATTERN: Final = r"[A-Za-z0-9*][A-Za-z0-9._~*:/-]*"


class BasesConfig(Section):
    """The hosts and repositories that remote bases may be fetched from; none by default."""

    allow: tuple[Annotated[str, matching(_PATTERN)], ...] = Field(
        default=(), description="a list of hosts and repositories such as git.example.com or github.com/acme/*"
    )

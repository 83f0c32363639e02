"""What merging a pull request would change in each application, rendered before the pull request is opened."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from bot.core.changes.irreversible import IrreversibleChange
from bot.core.changes.rendered_change import NO_CHANGE, RenderedChange
from bot.i18n.language import Text

_MAX_OBJECTS: Final = 30  # of all applications together
_MAX_IRREVERSIBLE: Final = 20  # of each


@dataclass(frozen=True, slots=True)
class Effect:
    """The effect on one application, in its cluster and namespace.

    `irreversible` lists what the `change` destroys or Kubernetes will refuse; `why` is set if both are unknown.
    """

    application: str
    cluster: str
    namespace: str
    change: RenderedChange = NO_CHANGE
    irreversible: tuple[IrreversibleChange, ...] = ()
    why: Text | None = None


def bounded(effects: Sequence[Effect]) -> tuple[Effect, ...]:
    """The effects, cut to the objects (in equal shares) and irreversible changes that fit in a message."""
    share = max(1, _MAX_OBJECTS // max(1, len(effects)))
    return tuple(
        replace(
            effect,
            change=effect.change.bounded(share, value=80),
            irreversible=effect.irreversible[:_MAX_IRREVERSIBLE],
        )
        for effect in effects
    )

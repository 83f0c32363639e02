"""What merging a pull request would do in each environment: rendered on both sides and compared before it is opened."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from bot.core.changes.irreversible import Warned
from bot.core.changes.rendered_change import NO_CHANGE, RenderedChange

MOST_OBJECTS: Final = 30  # of all environments together
MOST_WARNED: Final = 20


@dataclass(frozen=True, slots=True)
class Effect:
    """One application on its cluster and in its namespace.

    `change` is bounded and `warned` what of it is lost for good or will be refused; `why` says why neither is known.
    """

    application: str
    cluster: str
    namespace: str
    change: RenderedChange = NO_CHANGE
    warned: tuple[Warned, ...] = ()
    why: str | None = None


def bounded(effects: Sequence[Effect]) -> tuple[Effect, ...]:
    """The same with few enough objects and warnings to be told, shared fairly; the counts stay."""
    share = max(1, MOST_OBJECTS // max(1, len(effects)))
    return tuple(
        Effect(
            each.application,
            each.cluster,
            each.namespace,
            each.change.bounded(share, value=80),
            each.warned[:MOST_WARNED],
            each.why,
        )
        for each in effects
    )

"""Which incidents share a card: many that open at once have one cause, and one card says more than many."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta

from bot.core.incidents.incident import ACTIVE_STATES, Incident

# What is told within so long of each other is at once, and joins the card of those before it.
GROUPING_WINDOW = timedelta(minutes=2)

_Scope = Callable[[Incident], str]
# The first scope in which there are enough decides. Of a repository only one that is known is a scope.
_SCOPES: tuple[_Scope, ...] = (
    lambda incident: f"{incident.channel}/cluster/{incident.cluster}",
    lambda incident: f"{incident.channel}/repository/{incident.repository}" if incident.repository else "",
)


def assign_cards(
    new: Iterable[Incident], announced: Iterable[Incident], now: datetime, group_size: int
) -> dict[str, str | None]:
    """The card that each of the `fresh`, which are about to be told, shows on, by their ids: None for its own.

    `known` are those that were told before. One that has a card keeps it, and counts: the next of a storm that began
    with cards of their own shares one with those after it. So a storm makes a card in AT_ONCE, beside the first few.
    """
    recent = [
        each for each in announced if each.announced_at is not None and now - each.announced_at <= GROUPING_WINDOW
    ]
    left = list(new)
    cards: dict[str, str | None] = {}
    for scope in _SCOPES:
        for place in sorted({place for each in left if (place := scope(each))}):
            here = [each for each in left if scope(each) == place]
            told = [each for each in recent if scope(each) == place]
            card = _joinable_card(told, place, now)
            if card is None and len(here) + len(told) >= group_size:
                card = f"{place}@{now.isoformat()}"
            if card is not None:
                cards.update({each.id: card for each in here})
        left = [each for each in left if each.id not in cards]
    return cards | {each.id: None for each in left}


def _joinable_card(told: Sequence[Incident], place: str, now: datetime) -> str | None:
    """The card that was opened at that place so lately that others join it."""
    cards = {each.group for each in told if each.group and each.group.startswith(f"{place}@")}
    for card in sorted(cards, reverse=True):
        members = [each for each in told if each.group == card]
        began = datetime.fromisoformat(card.removeprefix(f"{place}@"))
        if now - began <= GROUPING_WINDOW and any(each.state in ACTIVE_STATES for each in members):
            return card
    return None


def group_by_card(incidents: Iterable[Incident]) -> dict[str, list[Incident]]:
    """The incidents of each card, by its subject, in their order."""
    found: dict[str, list[Incident]] = {}
    for incident in incidents:
        found.setdefault(incident.card_id, []).append(incident)
    return found
